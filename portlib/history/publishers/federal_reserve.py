"""Yields and prices from FRED, from the Board's H.15 download, and the Board's fitted yield curve.

FRED writes ``observation_date,GS10`` (``DATE,GS10`` until 2024); scripts that ask its interface
write ``date,value`` and leave the series to the file's name; H.15 has six header rows; the fitted
curve (feds200628) has a preamble and ``NA``. Keys are the first day of a month, or days. A blank,
``.``, ``ND`` or ``NA`` is missing, and stays missing.

Left out: quarterly and annual series; series that the book has no use for, which are refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.history.publishers.published import (
    Frequency,
    PublishedFile,
    PublishedTable,
    in_sequence,
    month_end,
    numbers,
    rows_of,
)

BOARD = "Board of Governors of the Federal Reserve System"
BUREAU = "Bureau of Labor Statistics"
OPEN = "public domain (US government work)"
MOODYS = "copyright Moody's, shown by FRED with permission; not to be passed on"
_MISSING = ("", ".", "ND", "NA", "NC")
#: What the book knows what to do with: publisher, licence, unit.
SERIES = {
    **{f"GS{years}": (BOARD, OPEN, "percent") for years in (1, 2, 3, 5, 7, 10, 20, 30)},
    **{f"DGS{years}": (BOARD, OPEN, "percent") for years in (1, 2, 3, 5, 7, 10, 20, 30)},
    **dict.fromkeys(("TB3MS", "DTB3", "FII30", "FEDFUNDS"), (BOARD, OPEN, "percent")),
    **dict.fromkeys(("AAA", "BAA"), ("Moody's", MOODYS, "percent")),
    **dict.fromkeys(("CPIAUCNS", "CPIAUCSL", "CPILFESL"), (BUREAU, OPEN, "index")),
}
_H15 = {f"RIFLGFCY{years:02d}_N.M": f"GS{years}" for years in (1, 2, 3, 5, 7, 10, 20, 30)}
_KEYS = ("observation_date", "date")


def recognises(text: str) -> bool:
    """Whether the text is a series of FRED's, an H.15 download or the fitted yield curve.

    Examples
    --------
    >>> texts = ["DATE,GS10", '"observation_date",GS10', "Note: This is not", "x,y"]
    >>> [recognises(text) for text in texts]
    [True, True, False, False]
    >>> recognises("Note: This is not an official Federal Reserve statistical release")
    True
    """
    start = text[:200].lstrip('"').lower()
    return start.startswith((*(f"{key}," for key in _KEYS), *(f'{key}",' for key in _KEYS))) or (
        start.startswith(("series description", "note: this is not an official federal reserve"))
    )


def read(text: str, path: Path, series: str | None = None) -> PublishedFile:
    """The series of a file; ``series`` names it where the file does not.

    Parameters
    ----------
    text : str
        What the file says.
    path : Path
        Its name, for messages.
    series : str, optional

    Returns
    -------
    PublishedFile

    Raises
    ------
    DataError
        For a series that is not named or not known, keys that are no dates or do not rise,
        quarters and years, a cell that is no number, and a file without any row or figure.

    Examples
    --------
    >>> def told(*lines, name="GS10.csv", series=None):
    ...     try:
    ...         return read("\\n".join(lines), Path(name), series)
    ...     except DataError as error:
    ...         print(error)
    >>> file = told("observation_date,GS10", "2026-01-01,4.1", "2026-02-01,.", "2026-03-01,4.3", "")
    >>> table = file.tables[0]
    >>> table.values["GS10"].tolist(), table.unit, table.frequency, file.kind
    ([4.1, nan, 4.3], 'percent', 'month', 'GS10')
    >>> table.values.index.strftime("%Y-%m-%d").tolist()
    ['2026-01-31', '2026-02-28', '2026-03-31']
    >>> file.vintage, file.notes, file.licence
    ('2026-03-31', ('blank, and kept missing: 1',), 'public domain (US government work)')
    >>> days = told("DATE,DGS10", "2026-01-29,4.1", "2026-01-30,4.2", "2026-02-02,ND")
    >>> days.tables[0].frequency, days.vintage
    ('day', '2026-01-30')
    >>> h15 = told("Series Description,x", "Time Period,RIFLGFCY10_N.M", "2026-01,4.1")
    >>> h15.kind, told("date,value", "2026-01-01,4.1").kind
    ('GS10', 'GS10')
    >>> told("date,rate", "2026-01-01,4.1", name="yields.csv", series="GS5").kind
    'GS5'

    It goes on in ``federal_reserve.md``.
    """
    rows = [row for row in rows_of(text) if any(row)]
    if rows[0][0].lower().startswith("note:"):
        return _fitted_curve(rows, path)
    if rows[0][0] == "Series Description":
        at = next((i for i, row in enumerate(rows) if row[0] == "Time Period"), None)
        if at is None:
            raise DataError(f"{path.name}: no row 'Time Period' as H.15 downloads have")
        names = [_H15.get(code, code) for code in rows[at][1:]]
        return _file(rows[at + 1 :], names, path, "%Y-%m")
    names = rows[0][1:]
    if [name.lower() for name in names] == ["index", "inflation"]:
        # the open data set datasets/cpi-us; its change of November 2025 is of two months
        names = ["CPIAUCNS"]
        rows = [row[:2] for row in rows]
    elif [name.lower() for name in names] in (["value"], ["rate"]):
        names = [series or _of_name(path)]
    return _file(rows[1:], [name.upper() for name in names], path, "%Y-%m-%d")


def _of_name(path: Path) -> str:
    """The series that a file's name begins with."""
    found = re.match(r"[A-Za-z]+\d*", path.name)
    if not found or found.group(0).upper() not in SERIES:
        raise DataError(f"{path.name}: the header names no series; say which, as in --series GS10")
    return found.group(0)


def _file(rows: list[list[str]], names: list[str], path: Path, pattern: str) -> PublishedFile:
    if not names:
        raise DataError(f"{path.name}: the header names no series")
    if unknown := [name for name in names if name not in SERIES]:
        raise DataError(
            f"{path.name}: {unknown[0]}: not a series that the book uses ({', '.join(SERIES)})"
        )
    if {SERIES[name] for name in names} != {SERIES[names[0]]}:
        raise DataError(f"{path.name}: one file, one publisher and unit; split {', '.join(names)}")
    if not rows:
        raise DataError(f"{path.name}: no row stands under the header")
    short = next((row for row in rows if len(row) != len(names) + 1), None)
    if short is not None:
        raise DataError(f"{path.name}: row {short[0]} has {len(short) - 1} values for {len(names)}")
    values = numbers([row[1:] for row in rows], names, _MISSING, path.name)
    keys = [row[0] for row in rows]
    frequency, index = _dates(keys, pattern, path.name)
    publisher, licence, unit = SERIES[names[0]]
    table = PublishedTable(", ".join(names), frequency, values.set_axis(index), unit)
    newest = _newest(table, path)
    blank = int(table.values.isna().any(axis=1).sum())
    notes = (f"blank, and kept missing: {blank}",) if blank else ()
    return PublishedFile(publisher, licence, "+".join(names), newest, (table,), notes)


def _newest(table: PublishedTable, path: Path) -> str:
    """The day of the last figure; `DataError`, naming the column, where one has none at all."""
    known = table.values.notna()
    if not known.any().all():
        column = known.columns[~known.any()][0]
        raise DataError(f"{path.name}: column {column!r}: no figure at all")
    return f"{known.index[known.any(axis=1)][-1]:%Y-%m-%d}"


def _dates(keys: Sequence[str], pattern: str, name: str) -> tuple[Frequency, pd.DatetimeIndex]:
    dates = pd.to_datetime(pd.Series(keys, dtype=str), format=pattern, errors="coerce")
    if dates.isna().any():
        raise DataError(f"{name}: {keys[int(dates.isna().argmax())]!r} is no date like 2026-06-01")
    index = pd.DatetimeIndex(dates, name="day")
    in_sequence(index, name)
    if not (index.day == 1).all():
        return "day", index
    months = month_end([f"{date:%Y-%m}" for date in index], "%Y-%m", name)
    steps = np.diff(months.year * 12 + months.month)
    if len(months) > 3 and np.median(steps) > 1:
        raise DataError(f"{name}: quarterly or annual data; import the monthly or daily series")
    return "month", months


def _fitted_curve(rows: list[list[str]], path: Path) -> PublishedFile:
    """Par yields of the fitted curve, coupon-equivalent, percent, by day."""
    at = next((i for i, row in enumerate(rows) if row[0] == "Date"), None)
    if at is None or "SVENPY10" not in rows[at]:
        raise DataError(f"{path.name}: no header 'Date,BETA0,...' with the par yields SVENPY")
    if not rows[at + 1 :]:
        raise DataError(f"{path.name}: no row stands under the header")
    wide = next((row for row in rows[at + 1 :] if len(row) != len(rows[at])), None)
    if wide is not None:
        raise DataError(f"{path.name}: row {wide[0]} is not as wide as the header")
    values = numbers(
        [row[1:] for row in rows[at + 1 :]], rows[at][1:], ("", "NA", "-999.99"), path.name
    )
    _, index = _dates([row[0] for row in rows[at + 1 :]], "%Y-%m-%d", path.name)
    par = values.set_axis(index).filter(like="SVENPY")
    table = PublishedTable("fitted par yields", "day", par, "percent")
    return PublishedFile(
        BOARD, f"{OPEN}; staff research", "feds200628", _newest(table, path), (table,)
    )
