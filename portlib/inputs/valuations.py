"""What are classes priced at, as of when, and who says so?

``valuations.csv`` holds dated measures by class, of which the building blocks of expected returns
are made. A question is asked as of a day, and answered by the latest row before it: nothing that
was not known can be used. Left out: forecasts of the measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.inputs.classes import Classes
from portlib.tables import Column, Findings, Text, rows
from portlib.tables.columns import Options, near_word

FILE = "valuations.csv"
#: What a measure means, and its range.
MEASURES: dict[str, tuple[str, float, float]] = {
    "dividend_yield": ("dividends of the next year over price", 0.0, 0.2),
    "real_growth": ("real growth a year of dividends a share", -0.1, 0.15),
    "inflation": ("expected inflation a year", -0.05, 0.2),
    "valuation_change": ("change a year of what a dollar of dividends costs", -0.2, 0.2),
    "yield_to_maturity": ("yield of the bonds held", -0.02, 0.4),
    "default_rate": ("share of the bonds that defaults a year", 0.0, 0.3),
    "recovery": ("share of their value that is recovered", 0.0, 1.0),
    "premium": ("expected return over cash", -0.1, 0.3),
    "duration": ("years by which a point of yield moves the price", 0.0, 40.0),
    "price_earnings": ("price over earnings (state which in source)", 1.0, 200.0),
}
COLUMNS = {
    "class": Column("the class, by name; `all` for a measure of the economy, such as inflation"),
    "measure": Column("what is measured", "word", {k: v[0] for k, v in MEASURES.items()}),
    "date": Column("the day it was known", "date"),
    "value": Column("the figure", "number", unit="decimal (0.032, or 3.2%); years; a ratio"),
    "source": Column("who published it"),
}


@dataclass(frozen=True)
class Valuation:
    """One dated figure."""

    value: float
    date: date
    source: str


@dataclass(frozen=True, eq=False)
class Valuations:
    """All figures: columns class, measure, date, value, source.

    Examples
    --------
    Asked as of May, it does not know June; what a class has not is asked of all:

    >>> bonds, quoted = "us_core_bonds", "yield_to_maturity"
    >>> known = ["06-30", "03-31", "04-30", "04-30", "05-31"]
    >>> table = pd.DataFrame(
    ...     {
    ...         "class": [bonds, bonds, bonds, "all", "us_tips"],
    ...         "measure": [quoted, quoted, "recovery", "inflation", quoted],
    ...         "date": pd.to_datetime([f"2026-{day}" for day in known]),
    ...         "value": [0.047, 0.045, 0.4, 0.025, 0.02],
    ...         "source": "SYNTHETIC",
    ...     }
    ... )
    >>> valuations = Valuations(table)
    >>> [valuations.latest(bonds, quoted, date(2026, month, 30)).value for month in (5, 6)]
    [0.045, 0.047]
    >>> valuations.latest(bonds, "inflation", date(2026, 5, 31))
    Valuation(value=0.025, date=datetime.date(2026, 4, 30), source='SYNTHETIC')
    >>> valuations.latest("us_tips", quoted, date(2026, 5, 30))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: valuations.csv: no yield_to_maturity of us_tips on or before 2026-05-30
    >>> valuations.classes_with(quoted, "inflation"), valuations.classes_with(quoted, "recovery")
    (('us_core_bonds', 'us_tips'), ('us_core_bonds',))

    It goes on in ``valuations.md``.
    """

    table: pd.DataFrame

    def latest(self, name: str, measure: str, as_of: date) -> Valuation:
        """The last figure known on a day, of the class or else of ``all``, else DataError."""
        of = self.table[self.table["measure"] == measure]
        known = of[of["date"] <= pd.Timestamp(as_of)]
        for which in (name, "all"):
            own = known[known["class"] == which].sort_values("date")
            if len(own):
                row = own.iloc[-1]
                day = pd.Timestamp(row["date"]).date()
                return Valuation(float(row["value"]), day, str(row["source"]))
        raise DataError(f"{FILE}: no {measure} of {name} on or before {as_of}")

    def classes_with(self, *measures: str) -> tuple[str, ...]:
        """The classes for which all measures are given, by themselves or for all."""
        has = {name: set(part["measure"]) for name, part in self.table.groupby("class", sort=False)}
        common = has.pop("all", set())
        return tuple(str(name) for name, own in has.items() if set(measures) <= own | common)


def make(
    text: Text | None, classes: Classes, found: Findings, options: Options
) -> Valuations | None:
    """The record of the file; None without it, or where something is wrong.

    Parameters
    ----------
    text : the file.
    classes : those that it may name, beside ``all``.
    found : takes everything that is wrong.
    options : how files are to be read, by file.

    Examples
    --------
    >>> from portlib.inputs.classes import survey_classes
    >>> def read(*lines):
    ...     found = Findings()
    ...     text = Text(FILE, "\\n".join(["class,measure,date,value,source", *lines]))
    ...     made = make(text, survey_classes(), found, {})
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return None if made is None else made.table["value"].tolist()
    >>> read("us_tips,duration,2026-03-31,6.5,A", "all,inflation,2026-03-31,2.5%,A")
    [6.5, 0.025]
    >>> # the ends of what may be
    >>> read("us_tips,dividend_yield,2026-03-31,0.2,A", "cash,premium,2026-03-31,-0.1,A")
    [0.2, -0.1]
    >>> bad = "us_tips,dividend_yield,2026-03-31,3.2,A", "gold,duration,2026-03-31,41,A"
    >>> read(*bad)  # doctest: +ELLIPSIS
    valuations.csv: line 3: class 'gold' is not known; name it in classes.yml
    valuations.csv: line 2: dividend_yield 3.2 is not between 0 and 0.2; in percent? Write ...
    valuations.csv: line 3: duration 41 is not between 0 and 40
    >>> read("all,inflation,2026-03-31,2.5%,A", "all,inflation,2026-03-31,2.6%,A")
    valuations.csv: line 3: measure 'inflation' is given twice for its class and day
    >>> make(None, survey_classes(), Findings(), {}) is None
    True

    It goes on in ``valuations.md``.
    """
    if text is None:
        return None
    before = len(found.refused)
    table = rows(text, COLUMNS, found, options=options.get(FILE))
    if table is None:
        return None
    for line, name in zip(table.index, table["class"], strict=True):
        if name is not None and name != "all" and name not in classes:
            hint = near_word(str(name), list(classes.names)) or "; name it in classes.yml"
            found.refuse(FILE, f"class {name!r} is not known{hint}", int(line))
    for line, measure, value in zip(table.index, table["measure"], table["value"], strict=True):
        _, low, high = MEASURES.get(measure, ("", -np.inf, np.inf))
        if value < low or value > high:
            percent = low <= value / 100 <= high <= 1
            hint = f"; in percent? Write {value / 100:g} or {value:g}%" if percent else ""
            found.refuse(
                FILE, f"{measure} {value:g} is not between {low:g} and {high:g}{hint}", int(line)
            )
    twice = table.duplicated(["class", "measure", "date"])
    found.refuse_rows(FILE, table["measure"], twice, "is given twice for its class and day")
    return Valuations(table) if len(found.refused) == before else None
