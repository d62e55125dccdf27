"""Which numbers do the cells of a table write, by which conventions?

``1,234.5``, ``1.234,5``, ``(0.3)``, ``0.3-``, ``+1.2 %``, ``$10`` are numbers under one of two
conventions, decimal point or decimal comma; a table has one. Where both fit and differ, it is
refused. Left out: words for numbers, fractions, other scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.records import Array

#: How exports write that there is no value. Compared in lower case.
MISSING = frozenset(
    {"", "-", "--", "—", "–", ".", "..", "na", "n/a", "#n/a", "nan", "none", "null", "<na>", "nat"}
    | {"nd", "#value!", "#div/0!", "#ref!", "not available"}
)
#: Values by which publishers mark what is missing; no return can be one of them.
SENTINELS = (-99.99, -999.0, -999.99, -9999.0, -99999.0)
_POINT = re.compile(r"(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_COMMA = re.compile(r"(?:[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?|\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?")
_GROUPED = re.compile(r"\d{1,3}(?:[ '’\u2009\u202f]\d{3})+(?:[.,]\d*)?")


@dataclass(frozen=True, eq=False)
class Numbers:
    """Cells as numbers (nan where missing), which carried a percent sign, and what was understood.

    ``wrong`` lists the cells that are no number: (row, column, text).
    """

    values: Array
    percent: np.ndarray
    wrong: tuple[tuple[int, int, str], ...]
    notes: tuple[str, ...]


def numbers(
    cells: pd.DataFrame,
    name: str,
    *,
    separator: str,
    decimal: str | None = None,
    dollars: bool = False,
) -> Numbers:
    """The numbers of a table of text, by one convention for all its cells.

    Parameters
    ----------
    cells : text, (rows, columns).
    name : the file, for messages.
    separator : what separated the cells; between commas a decimal comma has to be quoted.
    decimal : ``"point"`` or ``"comma"``, where both fit.
    dollars : amounts in US dollars, whose commas part thousands where both fit.

    Raises
    ------
    DataError
        Where both conventions fit and differ, with both readings.

    Returns
    -------
    Numbers

    Examples
    --------
    >>> def read(*texts, separator=";", **more):
    ...     cells = pd.DataFrame([[text] for text in texts], dtype=object)
    ...     return numbers(cells, "mine.csv", separator=separator, **more)
    >>> read("1.234,5", "(0,3)", "0,2-", "+1,2 %", "€ 10", "1.234.567,0").values.ravel().tolist()
    [1234.5, -0.3, -0.2, 1.2, 10.0, 1234567.0]
    >>> texts = ["1,234.5", "($0.3)", "-$2", "−0.1", "1e-3", "n/a", "1'234.5", "0.5%", "3 apples"]
    >>> found = read(*texts)
    >>> found.values.ravel().tolist()
    [1234.5, -0.3, -2.0, -0.1, 0.001, nan, 1234.5, 0.5, nan]
    >>> found.percent.ravel().tolist().index(True), found.wrong, found.notes
    (7, ((8, 0, '3 apples'),), ('parentheses as negative',))
    >>> read("1.234,5", "0,3").notes
    ('decimal commas',)

    It goes on in ``numbers.md``.
    """
    if decimal not in (None, "point", "comma"):
        raise DataError(f"{name}: decimal is 'point' or 'comma', not {decimal!r}")
    flat = cells.to_numpy(dtype=object).ravel()
    codes, unique = pd.factorize(flat, use_na_sentinel=False)
    texts = ["" if text is None or text != text else str(text) for text in unique]
    missing = np.array([text.strip().lower() in MISSING for text in texts], bool)
    point, comma = _both_readings(texts)
    percent = np.array(["%" in text for text in texts])
    dollars = dollars or any("$" in text for text in texts)
    used = _convention(texts, point, comma, missing, name, separator, decimal, dollars)
    value = comma if used == "comma" else point
    bad = ~missing & ~np.isfinite(value)
    value = np.where(missing, np.nan, value)
    shape = cells.shape
    at = np.flatnonzero(bad[codes])
    wrong = tuple((int(i) // shape[1], int(i) % shape[1], texts[codes[i]]) for i in at)
    notes = ["decimal commas"] if used == "comma" else []
    if any(text.startswith("(") for text in texts):
        notes.append("parentheses as negative")
    return Numbers(
        value[codes].reshape(shape),
        (percent & ~missing)[codes].reshape(shape),
        wrong,
        tuple(notes),
    )


def decided(cells: pd.DataFrame) -> str | None:
    """``point`` or ``comma``, where some cell has one reading and none contradicts it; else None.

    Examples
    --------
    >>> def of(*texts):
    ...     return decided(pd.DataFrame([list(texts)], dtype=object))
    >>> of("1.500", "31,20"), of("1,500", "31.20"), of("1.500", "2,500"), of("12", "x")
    ('comma', 'point', None, None)
    >>> of("1.5", "2,5") is None  # each contradicts the other
    True
    """
    texts = [str(text) for text in pd.unique(cells.to_numpy(dtype=object).ravel())]
    point, comma = (np.isfinite(values) for values in _both_readings(texts))
    only = {"point": bool((point & ~comma).any()), "comma": bool((comma & ~point).any())}
    named = [name for name, there in only.items() if there]
    return named[0] if len(named) == 1 else None


def number(text: str) -> float:
    """One number with a decimal point, percent signs taken into account; nan where it is none.

    Examples
    --------
    >>> number("2.5%"), number("(1,234.5)"), number("apples")
    (0.025, -1234.5, nan)
    """
    value = _readings(text)[0]
    return value / 100 if "%" in text else value


def _both_readings(texts: list[str]) -> tuple[Array, Array]:
    """All texts as numbers with a decimal point and with a decimal comma; nan where none."""
    column = pd.Series(texts, dtype=object)
    point = pd.to_numeric(column, errors="coerce").to_numpy(float, copy=True)
    plain = np.isfinite(point) & column.str.fullmatch(r"[-+0-9.eE]+").to_numpy(bool)
    comma = np.where(column.str.contains(".", regex=False), np.nan, point)
    both = plain & column.str.fullmatch(rf"[-+]?(?:{_COMMA.pattern})").to_numpy(bool)
    for at in np.flatnonzero(~plain | both):
        point[at], comma[at] = _readings(texts[int(at)])
    return point, comma


def _convention(
    texts: list[str],
    point: Array,
    comma: Array,
    missing: np.ndarray,
    name: str,
    separator: str,
    decimal: str | None,
    dollars: bool,
) -> str:
    """``point`` or ``comma``, whichever reads more of the cells."""
    if decimal is not None:
        return decimal
    as_point = np.isfinite(point) & ~missing
    as_comma = np.isfinite(comma) & ~missing
    if as_point.sum() != as_comma.sum():
        return "point" if as_point.sum() > as_comma.sum() else "comma"
    differ = as_point & as_comma & (point != comma)
    if not differ.any():
        return "point"
    example = texts[int(np.flatnonzero(differ)[0])]
    grouped = all("," in texts[int(at)] for at in np.flatnonzero(differ))
    if (dollars and grouped) or (separator == "," and not any("," in text for text in texts)):
        return "point"
    first, second = (f"{values[int(np.flatnonzero(differ)[0])]:g}" for values in (point, comma))
    raise DataError(
        f"{name}: {example!r} may be {first} (decimal point) or {second} (decimal comma), and no "
        "cell of the file decides; say decimal: point or decimal: comma"
    )


def _readings(text: str) -> tuple[float, float]:
    """A text as a number with a decimal point and with a decimal comma; nan where it is none.

    What is negative twice may mean either sign, and is none.
    """
    body = text.strip().replace("−", "-").replace("–", "-").replace("\xa0", " ")
    body = body.replace("%", "", 1).strip()
    marks = 0
    if body.startswith("(") and body.endswith(")"):
        marks += 1
        body = body[1:-1].strip()
    if body.endswith("-") and len(body) > 1:
        marks += 1
        body = body[:-1].strip()
    if body[:1] in "+-" and body:
        marks += body[0] == "-"
        body = body[1:].strip()
    if body[:1] in ("$", "€", "£"):
        body = body[1:].strip()
        if body.startswith("-"):
            marks += 1
            body = body[1:]
    if marks > 1:
        return np.nan, np.nan
    if _GROUPED.fullmatch(body):
        body = re.sub(r"[ '’\u2009\u202f]", "", body)
    sign = -1.0 if marks else 1.0
    first = float(body.replace(",", "")) if _POINT.fullmatch(body) else np.nan
    second = np.nan
    if _COMMA.fullmatch(body):
        second = float(body.replace(".", "").replace(",", "."))
    return sign * first, sign * second


def by_word(text: str, words: Mapping[str, object]) -> str | None:
    """The allowed word that a text spells in another case or with blanks for underscores.

    Examples
    --------
    >>> by_word("Target Date", {"target_date": 1}), by_word("target-date ", {"target_date": 1})
    ('target_date', 'target_date')
    >>> by_word("dated", {"target_date": 1}) is None
    True
    """
    spelt = text.strip().lower().replace(" ", "_").replace("-", "_")
    return spelt if spelt in words else None
