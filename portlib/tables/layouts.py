"""Where in a table do series, dates and values stand?

A table of series may stand upright (a row a month), lie on its side (months across), be a list
(date, name, value) or a calendar (year by month); title lines may stand above, footnotes below.
Left out: several tables in one file, two lines of column names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.tables import dates as calendar_dates
from portlib.tables import text as texts
from portlib.tables.dates import Dates
from portlib.tables.numbers import MISSING, number
from portlib.tables.text import Lines, Text

_SUMMARY = re.compile(
    r"average|mean|median|total|std\.? ?dev\.?|standard deviation|st\.? ?dev\.?|min(imum)?|"
    r"max(imum)?|annuali[sz]ed.*|cumulative.*|ytd|volatility|count",
    re.IGNORECASE,
)
_DATE_HEADS = ("date", "month", "period", "observation_date", "time", "day", "year", "as of", "")


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells of series by date, as text, before any number is read; ``titles`` stood above."""

    name: str
    cells: pd.DataFrame  # (rows, series)
    lines: np.ndarray
    dates: Dates
    separator: str
    titles: tuple[str, ...]
    notes: tuple[str, ...]


def grid(source: str | Path | Text, order: str | None = None) -> Grid:
    """The series of a file as text, with their dates.

    Parameters
    ----------
    source : a file, or its text.
    order : of day, month and year, where the file does not decide (`dates.ORDERS`).

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        Where there are no series, no dates or no names, naming the line.

    Examples
    --------
    A table may lie on its side, be a list, or a calendar; titles stand above, summaries and
    footnotes below. All say what the upright one says:

    >>> def read(*lines):
    ...     return grid(Text("mine.csv", "\\n".join(lines)))
    >>> upright = read("month,A,B", "2015-01,0.01,0.03", "2015-02,0.02,0.04")
    >>> upright.cells.to_dict("list"), upright.lines.tolist(), upright.dates.period
    ({'A': ['0.01', '0.02'], 'B': ['0.03', '0.04']}, [2, 3], 'month')
    >>> lying = read("fund,2015-01,2015-02", "A,0.01,0.02", "B,0.03,0.04")
    >>> rows = ["2015-01,A,0.01", "2015-01,B,0.03", "2015-02,B,0.04", "2015-02,A,0.02"]
    >>> listed = read("date,fund,return", *rows)
    >>> rows = ["2015-01,0.01,0.03", "2015-02,0.02,0.04", "Average,1,2"]
    >>> titled = read("Our funds", "month,A,B", *rows)
    >>> for other in (lying, listed, titled):
    ...     assert other.cells.to_dict("list") == upright.cells.to_dict("list")
    ...     assert (other.dates.values == upright.dates.values).all()
    ...     print(*other.notes, sep="; ")
    dates across, turned upright
    a list of dates, names and values
    1 title line passed over; 1 line below the table passed over
    >>> titled.titles, titled.lines.tolist(), listed.lines.tolist()
    (('Our funds',), [3, 4], [2, 4])
    >>> joined = read("Year,Month,A", "2015,1,0.01", "2015,2,0.02")
    >>> joined.notes, [f"{month:%Y-%m}" for month in joined.dates.values]
    (('years and months joined',), ['2015-01', '2015-02'])
    >>> head = "Year,Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec,YTD"
    >>> one = read("A fund", head, "2015,,,,,,,,,,0.1,0.2,0.3,0.7", "2016,0.4,-,0.5,,,,,,,,,,1")
    >>> one.cells["A fund"].tolist(), f"{one.dates.values[0]:%Y-%m}", one.notes[-1]
    (['0.1', '0.2', '0.3', '0.4', '-', '0.5'], '2015-10', 'a calendar of years by months')
    >>> counted = read(",month,A", "0,2015-01,0.01", "1,2015-02,0.02")
    >>> counted.notes, counted.cells["A"].tolist()
    (('a counter of rows passed over',), ['0.01', '0.02'])

    It goes on in ``layouts.md``.
    """
    text = source if isinstance(source, Text) else texts.open_text(source)
    lines = texts.split(text)
    notes = list(lines.notes)
    cells = list(lines.cells)
    numbered = list(lines.numbers)
    start = _first_row(cells)
    if start == 0:
        raise DataError(
            f"{lines.name}: line {numbered[0]}: begins with figures; the first line must name the "
            "columns"
        )
    if start is None:
        return _lying(lines, notes, order)
    head = cells[start - 1]
    titles = tuple(" ".join(filter(None, row)) for row in cells[: start - 1])
    above = cells[: start - 1]
    if (named_above := _one_field(head, above)) is not None:
        notes.append(f"{head[1]} in every column, named by the line above")
        head, above = named_above, []
    elif _lacks_first(head, cells[start:]):
        notes.append("the dates' column has no name")
        head = ("", *head)
    for row, line in zip(above, numbered, strict=False):
        named = sum(map(bool, row))
        if named > 1 and (not row[0] or named >= sum(map(bool, head))):
            raise DataError(
                f"{lines.name}: line {line}: a second line of names above the columns; leave one"
            )
    if titles:
        notes.append(f"{len(titles)} title line{'s' * (len(titles) > 1)} passed over")
    body, at, note = _body(lines.name, cells[start:], numbered[start:], len(head))
    notes += note
    frame = pd.DataFrame(body, dtype=object)
    frame, names = _named(lines.name, frame, list(head), notes)
    frame = _joined(frame, names, notes)
    if _is_calendar(names):
        return _calendar(lines, frame, names, at, titles, notes)
    dated = _date_column(lines.name, frame, names)
    labels = frame[dated].tolist()
    parsed = calendar_dates.parse(labels, lines.name, at, order)
    rest = [column for column in _positions(frame) if column != dated]
    if not rest:
        raise DataError(f"{lines.name}: no rows, or no column of returns beside the dates")
    values = frame[rest].set_axis([names[c] for c in rest], axis=1)
    table = Grid(lines.name, values, np.array(at), parsed, lines.separator, titles, tuple(notes))
    return _wide(table) if len(rest) == 2 else table


def _first_row(cells: list[tuple[str, ...]]) -> int | None:
    """The first row that holds a date and a figure; None if no row does."""
    for i, row in enumerate(cells):
        filled = [cell for cell in row if cell]
        dated = [c for c in filled[:3] if calendar_dates.looks_dated([c])]
        figures = [c for c in filled if np.isfinite(_any_number(c))]
        if len(filled) > 1 and dated and (len(figures) > 1 or set(figures) - set(dated)):
            # A header of years (or of months) has dates only: the table lies on its side.
            others = [c for c in filled[1:] if c.lower() not in MISSING]
            if len(others) > 1 and all(calendar_dates.looks_dated([c]) for c in others):
                continue
            return i
    short = [i for i, row in enumerate(cells[1:], 1) if calendar_dates.looks_dated([row[0]])]
    across = [sum(calendar_dates.looks_dated([c]) for c in row if c) for row in cells[:10]]
    return short[0] if short and max(across) < 3 else None


def _one_field(head: tuple[str, ...], above: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The names of columns that all hold one field (Bloomberg's TOT_RETURN), from the one line
    above that tells them apart; None where they have names of their own, or no such line."""
    if len(head) < 3 or len(set(head[1:])) > 1:
        return None
    telling = [
        row for row in above if len(row) == len(head) and len({*row[1:]} - {""}) == len(head) - 1
    ]
    return (head[0], *telling[0][1:]) if len(telling) == 1 else None


def _lacks_first(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> bool:
    """Does every dated row have one cell more than there are names, the date (R's write.table)?"""
    dated = [row for row in rows if calendar_dates.looks_dated([row[0]])]
    named = not calendar_dates.looks_dated(list(head)) and head[0].lower() not in _DATE_HEADS
    return named and bool(dated) and all(len(r) == len(head) + 1 and r[-1] for r in dated)


def _any_number(cell: str) -> float:
    value = number(cell)
    return value if np.isfinite(value) else number(cell.replace(".", "").replace(",", "."))


def _body(
    name: str, cells: list[tuple[str, ...]], numbered: list[int], width: int
) -> tuple[list[list[str]], list[int], list[str]]:
    """Rows of the table's width, without footnotes and summaries at the end."""
    rows = [list(row) for row in cells]
    at = list(numbered)
    notes = []
    dropped = 0
    while rows and not calendar_dates.looks_dated([next(filter(None, rows[-1]))]):
        first = next(filter(None, rows[-1]))
        lone = sum(map(bool, rows[-1])) == 1
        counted = len(rows[-1]) > 1 and calendar_dates.looks_dated([rows[-1][1]])
        if counted or not (lone or _SUMMARY.fullmatch(first)):
            break
        rows.pop()
        at.pop()
        dropped += 1
    if dropped:
        notes.append(f"{dropped} line{'s' * (dropped > 1)} below the table passed over")
    for row, line in zip(rows, at, strict=True):
        while len(row) > width and not row[-1]:
            row.pop()
        if len(row) > width:
            raise DataError(
                f"{name}: cannot be read: line {line} has {len(row)} cells, the columns are {width}"
            )
        row += [""] * (width - len(row))
    return rows, at, notes


def _named(
    name: str, frame: pd.DataFrame, head: list[str], notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Columns by position with their names; empty columns and a counter of rows are dropped."""
    empty = [c for c in _positions(frame) if not head[c] and (frame[c] == "").all()]
    counts = [[str(i + start) for i in range(len(frame))] for start in (0, 1)]
    counter = [c for c in _positions(frame)[:1] if not head[c] and frame[c].tolist() in counts]
    if counter:
        notes.append("a counter of rows passed over")
    frame = frame.drop(columns=[*empty, *counter])
    spelt: dict[str, str] = {}
    for column in _positions(frame):
        plain = " ".join(head[column].split()).lower()
        if plain in spelt:
            raise DataError(
                f"{name}: column {head[column]!r} bears the name of column {spelt[plain]!r}: every "
                "column needs its own name"
            )
        spelt[plain] = head[column]
    return frame, head


def _joined(frame: pd.DataFrame, names: list[str], notes: list[str]) -> pd.DataFrame:
    """A column of years and one of months as one column of dates."""
    at = {names[c].lower(): c for c in _positions(frame)}
    if "year" not in at or "month" not in at:
        return frame
    year = at["year"]
    month = at["month"]
    labels = [
        f"{y}-{m.zfill(2)}" if m.isdigit() else f"{m} {y}"
        for y, m in zip(frame[year], frame[month], strict=True)
    ]
    notes.append("years and months joined")
    joined = frame.drop(columns=month)
    joined[year] = labels
    return joined


def _date_column(name: str, frame: pd.DataFrame, names: list[str]) -> int:
    """The position of the first column whose cells are dates, by preference one so named."""
    order = sorted(_positions(frame), key=lambda c: names[c].lower() not in _DATE_HEADS)
    for column in order:
        if calendar_dates.looks_dated([cell for cell in frame[column] if cell][:200] or ["none"]):
            nameless = [c for c in _positions(frame) if c != column and not names[c]]
            if nameless:
                raise DataError(f"{name}: column '': every column needs its own name")
            return column
    first = _positions(frame)[0]
    shown = frame[first].iloc[0] if len(frame) else ""
    raise DataError(f"{name}: no column of dates: {names[first]!r} begins with {shown!r}")


def _positions(frame: pd.DataFrame) -> list[int]:
    return [int(str(column)) for column in frame]


def _wide(grid: Grid) -> Grid:
    """A list of (date, name, value) as a table of series; a table of two series as it is."""
    texty = [
        column
        for column in grid.cells
        if not any(np.isfinite(_any_number(cell)) for cell in grid.cells[column].unique())
        and (grid.cells[column] != "").all()
        and set(grid.cells[column].str.lower()) - MISSING  # a series without a value has no names
    ]
    if len(texty) != 1:
        return grid
    names = grid.cells[texty[0]]
    spelt: dict[str, str] = {}
    for name, line in zip(names, grid.lines, strict=True):
        first = spelt.setdefault(" ".join(name.split()).lower(), name)
        if name != first:
            raise DataError(
                f"{grid.name}: line {line}: {name!r} was {first!r} before; spell each name one way"
            )
    value = next(column for column in grid.cells if column != texty[0])
    listed = pd.DataFrame({"date": grid.dates.values, "name": names, "value": grid.cells[value]})
    if (twice := listed.duplicated(["date", "name"])).any():
        row = int(np.flatnonzero(twice)[0])
        raise DataError(
            f"{grid.name}: line {grid.lines[row]}: {names.iloc[row]!r} already has a value for "
            f"{grid.dates.values[row]:%Y-%m-%d}"
        )
    listed["line"] = grid.lines
    table = listed.pivot(index="date", columns="name", values="value")
    table = table[list(dict.fromkeys(names))].fillna("")
    lines = listed.groupby("date")["line"].first().to_numpy()
    dates = replace(grid.dates, values=pd.DatetimeIndex(table.index))
    notes = (*grid.notes, "a list of dates, names and values")
    cells = table.reset_index(drop=True).set_axis([str(name) for name in table], axis=1)
    return replace(grid, cells=cells, lines=lines, dates=dates, notes=notes)


def _lying(lines: Lines, notes: list[str], order: str | None) -> Grid:
    """A table whose dates are the names of its columns, turned upright."""
    found = (
        at
        for at, row in enumerate(lines.cells[:10])
        if sum(_dated(row)) > 1 and sum(_dated(row)) >= 0.8 * (sum(map(bool, row)) - 2)
    )
    if (at := next(found, None)) is None:
        raise DataError(f"{lines.name}: no rows, or no column of returns beside the dates")
    row = lines.cells[at]
    dated = _dated(lines.cells[at])
    body = lines.cells[at + 1 :]
    if not body:
        raise DataError(f"{lines.name}: no rows, or no column of returns beside the dates")
    first = dated.index(True)
    if first == 0 or first > 2:
        raise DataError(f"{lines.name}: line {lines.numbers[at]}: no column names the series")
    labels = [cell for cell, is_date in zip(row, dated, strict=True) if is_date]
    across = [i for i, is_date in enumerate(dated) if is_date]
    names = [cells[0] for cells in body]
    spelt = [" ".join(name.split()).lower() for name in names]
    for k, name in enumerate(names):
        if not name or spelt.index(spelt[k]) < k:
            line = lines.numbers[at + 1 + k]
            raise DataError(f"{lines.name}: line {line}: {name!r}: every series needs its own name")
    cells = pd.DataFrame(
        {
            name: [row[i] if i < len(row) else "" for i in across]
            for name, row in zip(names, body, strict=True)
        },
        dtype=object,
    )
    numbered = np.full(len(labels), lines.numbers[at])
    parsed = calendar_dates.parse(labels, lines.name, numbered.tolist(), order)
    titles = tuple(" ".join(filter(None, row)) for row in lines.cells[:at])
    notes = [*notes, "dates across, turned upright"]
    return Grid(lines.name, cells, numbered, parsed, lines.separator, titles, tuple(notes))


def _dated(row: tuple[str, ...]) -> list[bool]:
    return [bool(cell) and calendar_dates.looks_dated([cell]) for cell in row]


def _is_calendar(names: list[str]) -> bool:
    words = [calendar_dates.MONTHS.get(name.lower()) for name in names[1:13]]
    return words == list(range(1, 13)) or names[1:13] == [str(i) for i in range(1, 13)]


def _calendar(
    lines: Lines,
    frame: pd.DataFrame,
    names: list[str],
    at: list[int],
    titles: tuple[str, ...],
    notes: list[str],
) -> Grid:
    """One series written year by month, as a column of months; what follows December is left."""
    columns = list(frame)
    year = calendar_dates.parse(frame[columns[0]].tolist(), lines.name, at)
    if year.period != "year":
        raise DataError(f"{lines.name}: line {at[0]}: {frame.iloc[0, 0]!r} is no year")
    cells = []
    days = []
    line = []
    for row, start, number_of in zip(frame.to_numpy(), year.values, at, strict=True):
        for month, cell in enumerate(row[1:13], 1):
            cells.append(cell)
            days.append(pd.Timestamp(start.year, month, 1))
            line.append(number_of)
    # Months before the first and after the last value are no months of the series.
    known = [i for i, cell in enumerate(cells) if cell.strip().lower() not in MISSING]
    if not known:
        raise DataError(f"{lines.name}: no value at all")
    keep = slice(known[0], known[-1] + 1)
    called = titles[0] if titles else Path(lines.name).stem
    return Grid(
        lines.name,
        pd.DataFrame({called: cells[keep]}, dtype=object),
        np.array(line[keep]),
        Dates(pd.DatetimeIndex(days[keep]), "month", "years by months"),
        lines.separator,
        titles,
        (*notes, "a calendar of years by months"),
    )
