"""Does a table of records have the columns, words, numbers and dates that its format asks for?

One `Column` says what a column means, in words for people and as a check; `rows` reads a table by
its columns and reports everything that is wrong with it. Left out: what rows owe each other.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.tables import dates as calendar_dates
from portlib.tables import numbers as conventions
from portlib.tables import text as texts
from portlib.tables.findings import Findings
from portlib.tables.numbers import MISSING, numbers
from portlib.tables.text import Text

#: By file, what decides where it could be read in two ways.
Options = Mapping[str, Mapping[str, Any]]
#: Words that people use for an allowed one.
SYNONYMS = {
    "passive": "index",
    "passively_managed": "index",
    "indexed": "index",
    "actively_managed": "active",
    "tdf": "target_date",
    "lifecycle": "target_date",
    "life_cycle": "target_date",
    "target_date_fund": "target_date",
    "target_retirement": "target_date",
    "cit": "collective_trust",
    "collective_investment_trust": "collective_trust",
    "stock": "employer_stock",
    "company_stock": "employer_stock",
    "gic": "stable_value",
    "balanced": "risk_based",
    "bond": "fixed_income",
    "bonds": "fixed_income",
    "stocks": "equity",
    "shares": "equity",
    "married": "married_joint",
    "mfj": "married_joint",
    "mfs": "married_separate",
    "hoh": "head_of_household",
    "true": "yes",
    "false": "no",
    "y": "yes",
    "n": "no",
}


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Parameters
    ----------
    meaning : in words, for the format's description.
    kind : ``text``, ``word``, ``number`` or ``date``.
    words : the words allowed, with their meanings; for ``word``.
    low, high : the range allowed; for ``number``.
    unit : of a number, in words.
    required : the column must be there; ``filled``: and have no empty cell.
    """

    meaning: str
    kind: str = "text"
    words: Mapping[str, str] | None = None
    low: float = -np.inf
    high: float = np.inf
    unit: str = ""
    required: bool = True
    filled: bool = True


def near_word(word: str, allowed: Mapping[str, object] | list[str]) -> str:
    """What an unknown word may have meant, as the end of a sentence; nothing where nobody knows.

    Examples
    --------
    >>> near_word("Passive", {"index": 1, "active": 2}), near_word("indx", ["index", "active"])
    ("; did you mean 'index'?", "; did you mean 'index'?")
    >>> near_word("US-TIPS", ["us_tips"]), near_word("zebra", ["index", "active"])
    ("; did you mean 'us_tips'?", '')
    >>> near_word("MFS", ["single", "married_joint", "married_separate"])
    "; did you mean 'married_separate'?"

    It goes on in ``columns.md``.
    """
    spelt = word.strip().lower().replace(" ", "_").replace("-", "_")
    spelt = SYNONYMS.get(spelt, spelt)
    known = [str(name) for name in allowed]
    lower = {name.lower(): name for name in known}
    if spelt in lower:
        return f"; did you mean {lower[spelt]!r}?"
    near = difflib.get_close_matches(spelt, list(lower), n=1, cutoff=0.5)
    return f"; did you mean {lower[near[0]]!r}?" if near else ""


def rows(
    text: Text,
    columns: Mapping[str, Column],
    found: Findings,
    *,
    others: bool = False,
    options: Mapping[str, Any] | None = None,
) -> pd.DataFrame | None:
    """A table by its format, typed, indexed by line; None where it could not be read at all.

    Parameters
    ----------
    text : the file.
    columns : the format, by name.
    found : takes everything that is wrong.
    others : columns beyond the format are kept, as text, instead of refused.
    options : ``decimal`` and ``dates``, as for `portlib.tables.returns`.

    Returns
    -------
    DataFrame or None
        Percentages as decimals, what is empty as None, nan or NaT.

    Examples
    --------
    >>> columns = {
    ...     "fund": Column("its code"),
    ...     "fee": Column("what it costs a year", "number", low=0, high=0.02, unit="decimal"),
    ...     "kind": Column("what it is", "word", {"index": "", "active": ""}),
    ...     "since": Column("from when", "date", required=False, filled=False),
    ... }
    >>> def read(*lines, columns=columns, **more):
    ...     found = Findings()
    ...     table = rows(Text("lineup.csv", "\\n".join(lines)), columns, found, **more)
    ...     print(*found.refused, sep="\\n", end="\\n" if len(found) else "")
    ...     return None if table is None else table.to_dict("list")
    >>> read("kind,fee,fund", "index,0.5%,A", "active,0.02,B")["fee"]
    [0.005, 0.02]
    >>> read("fund,fee,kind,since", "A,0,index,31/03/2015", "B,0.01,active,")["since"]
    [Timestamp('2015-03-31 00:00:00'), NaT]
    >>> shares = {**columns, "share": Column("its part", "number", filled=False)}
    >>> rows_of = ["A,low,index,", "N/A,0.01,active,x"]
    >>> told = read("Our funds", "fund,fee,kind,share", *rows_of, columns=shares)
    lineup.csv: line 4: fund is empty
    lineup.csv: line 3: fee 'low' is not a number
    lineup.csv: line 4: share 'x' is not a number
    >>> told["fund"], told["fee"]
    (['A', None], [nan, 0.01])
    >>> _ = read("fund,fee,kind", "A,0.01,index", columns=shares)  # none may be left out
    lineup.csv: line 1: lacks the column 'share': its part

    It goes on in ``columns.md``.
    """
    decimal, dates = ((options or {}).get(name) for name in ("decimal", "dates"))
    try:
        lines = texts.split(text)
    except DataError as error:
        found.take(error, text.name)
        return None
    start = _header(lines.cells, columns)
    if start is None:
        wanted = ", ".join(name for name, column in columns.items() if column.required)
        found.refuse(text.name, f"no line names the columns; it needs {wanted}", lines.numbers[0])
        return None
    head = list(lines.cells[start])
    at = lines.numbers[start]
    if not _check_head(text.name, head, columns, found, at, others):
        return None
    body = []
    for cells, line in zip(lines.cells[start + 1 :], lines.numbers[start + 1 :], strict=True):
        row = list(cells)
        while len(row) > len(head) and not row[-1]:
            row.pop()
        if len(row) > len(head):
            found.refuse(text.name, f"has {len(row)} cells, the columns are {len(head)}", line)
        body.append((line, (row + [""] * len(head))[: len(head)]))
    if not body:
        found.refuse(text.name, "has no rows")
        return None
    frame = pd.DataFrame(
        [row for _, row in body],
        pd.Index([line for line, _ in body], name="line"),
        head,
        dtype=object,
    )
    strange = [] if others else [name for name in frame if name not in columns]
    frame = frame.drop(columns=list(dict.fromkeys([*strange, *(c for c in frame if not c)])))
    if decimal is None and (kept := _of_kind("number", frame, columns)):
        decimal = conventions.decided(frame[kept])
    if dates is None and len(kept := _of_kind("date", frame, columns)) > 1:
        labels = [cell for name in kept for cell in frame[name] if cell.lower() not in MISSING]
        dates = calendar_dates.decided(list(dict.fromkeys(labels)))
    made = {
        name: _typed(
            frame[name], columns.get(name), found, text.name, lines.separator, decimal, dates
        )
        for name in map(str, frame)
    }
    for name, column in columns.items():
        if name not in made:
            kinds = {"number": "float64", "date": "datetime64[us]"}
            nothing = [None] * len(frame)
            made[name] = pd.Series(nothing, frame.index, dtype=kinds.get(column.kind, "object"))
    return pd.DataFrame(made)


def _of_kind(kind: str, frame: pd.DataFrame, columns: Mapping[str, Column]) -> list[str]:
    return [name for name in map(str, frame) if name in columns and columns[name].kind == kind]


def _header(cells: tuple[tuple[str, ...], ...], columns: Mapping[str, Column]) -> int | None:
    """The first line in which most required columns are named."""
    wanted = {name for name, column in columns.items() if column.required}
    best = max(range(min(len(cells), 10)), key=lambda i: len(wanted & set(cells[i])))
    return best if len(wanted & set(cells[best])) >= 0.5 * len(wanted) else None


def _check_head(
    name: str,
    head: list[str],
    columns: Mapping[str, Column],
    found: Findings,
    line: int,
    others: bool,
) -> bool:
    """Whether the rows can be read at all; everything wrong with the names is added."""
    for column in dict.fromkeys(head):
        if column and head.count(column) > 1:
            found.refuse(name, f"column {column!r} is given twice", line)
    for column, what in columns.items():
        if what.required and column not in head:
            extra = [given for given in head if given and given not in columns]
            near = difflib.get_close_matches(column, extra, n=1, cutoff=0.6)
            hint = f" (is {near[0]!r} meant for it?)" if near else ""
            found.refuse(name, f"lacks the column {column!r}{hint}: {what.meaning}", line)
    if not others:
        for column in head:
            if column and column not in columns:
                hint = near_word(column, dict(columns))
                found.refuse(name, f"column {column!r} is none of the format{hint}", line)
    return len(set(head)) == len(head) or all(head.count(c) == 1 for c in head if c)


def _typed(
    cells: pd.Series,
    column: Column | None,
    found: Findings,
    file: str,
    separator: str,
    decimal: str | None,
    dates: str | None,
) -> pd.Series:
    empty = np.array([cell.strip().lower() in MISSING for cell in cells])
    kind = "text" if column is None else column.kind
    if column is not None and column.required and column.filled:
        for line in cells.index[empty]:
            found.refuse(file, f"{cells.name} is empty", int(line))
    if kind == "number" and column is not None:
        return _numeric(cells, column, found, file, separator, decimal)
    if kind == "date":
        return _dated(cells, empty, found, file, dates)
    if kind == "word" and column is not None:
        words = column.words or {}
        for line, cell in zip(cells.index[~empty], cells[~empty], strict=True):
            if cell not in words:
                allowed = ", ".join(words)
                hint = near_word(cell, words)
                found.refuse(file, f"{cells.name} {cell!r} is none of {allowed}{hint}", int(line))
    return cells.where(~empty, None)


def _numeric(
    cells: pd.Series,
    column: Column,
    found: Findings,
    file: str,
    separator: str,
    decimal: str | None,
) -> pd.Series:
    try:
        dollars = column.unit == "US dollars"
        read = numbers(
            cells.to_frame(), file, separator=separator, decimal=decimal, dollars=dollars
        )
    except DataError as error:
        found.take(error, file)
        return pd.Series(np.nan, cells.index, name=cells.name)
    values = np.where(read.percent[:, 0], read.values[:, 0] / 100, read.values[:, 0])
    wrong = {row for row, _, _ in read.wrong}
    if column.unit in ("US dollars", "years", "calendar year"):
        for row in map(int, np.flatnonzero(read.percent[:, 0])):
            problem = f"{cells.name} {cells.iloc[row]!r} is a percentage; give {column.unit}"
            found.refuse(file, problem, int(cells.index[row]))
    for row, _, text in read.wrong:
        found.refuse(file, f"{cells.name} {text!r} is not a number", int(cells.index[row]))
    made = pd.Series(values, cells.index, name=cells.name)
    outside = ((made < column.low) | (made > column.high)).to_numpy()
    for row in map(int, np.flatnonzero(outside)):
        if row in wrong:
            continue
        value = float(made.iloc[row])
        share = column.high <= 1 or "decimal" in column.unit
        percent = share and column.low <= value / 100 <= column.high and not read.percent[row, 0]
        hint = f"; in percent? Write {value / 100:g} or {value:g}%" if percent else ""
        found.refuse(
            file,
            f"{cells.name} {cells.iloc[row]!r} is not between {column.low:g} and "
            f"{column.high:g}{hint}",
            int(cells.index[row]),
        )
    return made


def _dated(
    cells: pd.Series, empty: np.ndarray, found: Findings, file: str, order: str | None
) -> pd.Series:
    made = pd.Series(pd.NaT, cells.index, name=cells.name, dtype="datetime64[us]")
    given = cells[~empty]
    if len(given):
        try:
            read = calendar_dates.parse(given.tolist(), file, given.index.tolist(), order)
            made.loc[given.index] = read.values
        except DataError as error:
            found.take(error, file)
    return made
