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
    Asked as of May, it does not know June:

    >>> known = {"class": "us_core_bonds", "measure": "yield_to_maturity", "source": "SYNTHETIC"}
    >>> days = pd.to_datetime(["2026-03-31", "2026-06-30"])
    >>> valuations = Valuations(pd.DataFrame({**known, "date": days, "value": [0.045, 0.047]}))
    >>> valuations.latest("us_core_bonds", "yield_to_maturity", date(2026, 5, 31)).value
    0.045
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
