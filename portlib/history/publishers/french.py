"""Kenneth R. French's data library: factors and portfolios of US and foreign equity.

A file has a preamble of 0 to 14 lines, then sections parted by blank lines: a title or none, a
header row that starts with an empty field, rows keyed by month (``192607``) or year (``1926``), in
percent; -99.99 and -999 are missing. The database's month in the preamble is the vintage. Widths,
blanks and titles differ between files and years, so that rows are found by what they are, never
counted.

Left out: daily and weekly files (refused).
"""

from __future__ import annotations

import re
from itertools import takewhile
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
    stem,
)

PUBLISHER = "Kenneth R. French Data Library"
LICENCE = "copyright Eugene F. Fama and Kenneth R. French; not to be passed on"
_MISSING = ("-99.99", "-999", "-999.00", "-99.990", "-999.0")
_DATABASE = re.compile(r"using the (\d{6}) (CRSP|Bloomberg) database")
_NAMES = re.compile(
    r"\d+_Industry_Portfolios|\d+_Portfolios_\w+?(?=_CSV|\.)|Portfolios_Formed_on_\w+?(?=_CSV|\.)"
    r"|(Developed_ex_US|Developed|Europe|Japan|Asia_Pacific_ex_Japan|North_America|Emerging)"
    r"_(3_Factors|5_Factors|MOM_Factor)"
)
_AMERICAN = {
    ("Mkt-RF", "SMB", "HML", "RF"): "F-F_Research_Data_Factors",
    ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"): "F-F_Research_Data_5_Factors_2x3",
    ("Mom",): "F-F_Momentum_Factor",
}
_FACTORS = ("Mkt-RF", "SMB", "HML", "RF", "Mom", "WML")


def recognises(text: str) -> bool:
    """Whether the text is one of French's files, with or without its preamble.

    Examples
    --------
    A preamble that names the database is enough, and so is a first header of factors:

    >>> preamble = "This file was created using the 202602 {} database.\\n,Lo 10,Hi 10\\n"
    >>> [recognises(preamble.format(whose)) for whose in ("CRSP", "Bloomberg", "Compustat")]
    [True, True, False]
    >>> first = ("Mkt-RF", "SMB", "HML", "RF", "Mom", "WML", "Lo 10")
    >>> [recognises(f"Factors\\n\\n,{name},x\\n202601,1,2\\n") for name in first]
    [True, True, True, True, True, True, False]
    >>> [recognises(f"{key},Mom,Mkt-RF\\n") for key in ("Date", "", "Month", "Mom")]
    [True, True, False, False]
    >>> recognises("Mom\\n\\n"), recognises("a,b\\n,Mom\\n"), recognises(" " * 4000 + "\\n,Mom\\n")
    (False, False, False)
    """
    if _DATABASE.search(text[:4000]):
        return True
    header = next((row for row in rows_of(text[:4000]) if len(row) > 1), [])
    return bool(header) and header[0] in ("", "Date") and header[1] in _FACTORS


def read(text: str, path: Path) -> PublishedFile:
    """All sections of a file.

    Raises
    ------
    DataError
        Where no section is found, a row is not as wide as its header, a cell is no number, keys do
        not rise, or the data are daily.

    Examples
    --------
    >>> def told(*lines, name="factors.csv"):
    ...     try:
    ...         return read("\\n".join(lines), Path(name))
    ...     except DataError as error:
    ...         print(error)
    >>> head = ",Mkt-RF,SMB,HML,RF"
    >>> months = ["202601,1.00,0.50,-0.20,0.30", "202602,-0.50,-99.99,0.1,0.3"]
    >>> years = ["", "Annual Factors", head, "2024,10,1,2,4", "2025,12,1,-3,5"]
    >>> file = told("made using the 202602 CRSP database", "", head, *months, *years)
    >>> file.tables[0].values["SMB"].tolist(), file.vintage, file.notes, file.kind
    ([0.5, nan], '202602', (), 'F-F_Research_Data_Factors')
    >>> [(table.title, table.frequency, table.unit) for table in file.tables]
    [('Factors', 'month', 'percent'), ('Annual Factors', 'year', 'percent')]
    >>> file.tables[1].values["HML"].to_dict(), f"{file.tables[0].values.index[1]:%Y-%m-%d}"
    ({2024: 2.0, 2025: -3.0}, '2026-02-28')
    >>> told(head, *months).notes
    ('names no database; its last month stands for the vintage',)
    >>> lines = ["Average Value Weighted Returns", ",Lo 10,Hi 10", "202601,1,2"]
    >>> lines += ["", "Firms", ",Lo 10,Hi 10", "202601,100,200"]
    >>> sizes = told(*lines, name="10_Portfolios_ME (1).csv")
    >>> [(table.title, table.unit) for table in sizes.tables]
    [('Average Value Weighted Returns', 'percent'), ('Firms', 'as published')]

    It goes on in ``french.md``.
    """
    name = path.name
    rows = rows_of(text)
    tables: list[PublishedTable] = []
    title: list[str] = []
    at = 0
    while at < len(rows):
        row = rows[at]
        if _key(row) is not None:
            raise DataError(
                f"{name}: row {row[0]} stands under no header; is a row above it damaged?"
            )
        if not _is_header(row):
            title = [*title, row[0]] if _words(row) else title if _only_pasted(row) else []
            at += 1
            continue
        columns = _columns(row)
        block = list(takewhile(lambda one: _key(one) is not None, rows[at + 1 :]))
        at += 1 + len(block)
        if block:
            tables.append(_section(block, columns, " ".join(title), name, first=not tables))
        title = []
    monthly = [table for table in tables if table.frequency == "month"]
    if not monthly:
        raise DataError(
            f"{name}: no table by month; its header starts with an empty field or 'Date'"
        )
    database = _DATABASE.search(text[:4000])
    last = max(table.values.index[-1] for table in monthly)
    vintage = database.group(1) if database else f"{last:%Y%m}"
    if vintage != f"{last:%Y%m}":
        raise DataError(
            f"{name}: made of the database of {vintage}, but ends in {last:%Y%m}; cut off?"
        )
    notes = [] if database else ["names no database; its last month stands for the vintage"]
    if any(_only_pasted(row) for row in rows):
        notes.append("a second table pasted beside the first was left out")
    kind = _kind(tables, database.group(2) if database else None, path)
    return PublishedFile(PUBLISHER, LICENCE, kind, vintage, tuple(tables), tuple(notes))


def _is_header(row: list[str]) -> bool:
    return len(row) > 1 and row[0] in ("", "Date") and bool(row[1]) and not _number(row[1])


def _columns(row: list[str]) -> list[str]:
    """The header's names, to the first that is empty or a number (a table pasted beside it)."""
    return list(takewhile(lambda name: name and not _number(name), row[1:]))


def _key(row: list[str]) -> str | None:
    return row[0] if row and re.fullmatch(r"\d{4}|\d{6}|\d{8}", row[0]) else None


def _words(row: list[str]) -> bool:
    return bool(row) and bool(row[0]) and _key(row) is None


def _only_pasted(row: list[str]) -> bool:
    """No key of its own, but a month further right: what is left of a longer table beside it."""
    return len(row) > 2 and _key(row) is None and any(re.fullmatch(r"\d{6}", f) for f in row[2:])


def _number(field: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d*)?", field) is not None


def _section(
    block: list[list[str]], columns: list[str], title: str, name: str, *, first: bool
) -> PublishedTable:
    digits = len(block[0][0])
    where = f"{name}, {title or columns[0]}"
    if digits == 8:
        raise DataError(f"{name}: daily data; import the monthly file of the same name")
    for row in block:
        if len(row) < len(columns) + 1 or len(row[0]) != digits:
            raise DataError(
                f"{where}: row {row[0]} has {len(row) - 1} values for {len(columns)} columns"
            )
    values = numbers([row[1 : len(columns) + 1] for row in block], columns, _MISSING, where)
    keys = [row[0] for row in block]
    frequency: Frequency = "month" if digits == 6 else "year"
    index = month_end(keys, "%Y%m" if digits == 6 else "%Y", where)
    in_sequence(index, where)
    step = np.diff(index.year * 12 + index.month)
    if (step != (1 if digits == 6 else 12)).any():
        gap = int(np.argmax(step != (1 if digits == 6 else 12)))
        raise DataError(f"{where}: {keys[gap + 1]} follows a gap")
    values = values.set_axis(index if digits == 6 else pd.Index(map(int, keys), name="year"))
    factors = columns[0] in _FACTORS
    is_return = factors or "return" in title.lower()
    label = title if title and not (factors and first) else "Factors"
    return PublishedTable(label, frequency, values, "percent" if is_return else "as published")


def _kind(tables: list[PublishedTable], database: str | None, path: Path) -> str:
    """The publisher's name of the file: by its columns where it is of the US, else by its name."""
    values = tables[0].values
    american = database == "CRSP" or f"{values.index[0]:%Y%m}" in ("192607", "192701", "196307")
    if american and (kind := _AMERICAN.get(tuple(values.columns))):
        return kind
    known = _NAMES.search(path.name)
    return known.group(0) if known else re.sub(r"_CSV$", "", stem(path), flags=re.IGNORECASE)
