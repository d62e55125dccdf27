"""Which series do we hold, over which months, from whom, and may they be passed on?

A history is a set of monthly series. Each knows its first and last month, what it measures and how
it was made, who publishes it under which licence, and how sure we are. A chapter asks a history for
the series its question needs and is given the months in which all of them are known, and the words
for that span. A month that is missing stays missing: a table across it is refused by name.

Left out: daily data; the choice which series stands for an asset class (the chapter's, or the
plan's); whether a publisher's figure is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from portlib.data import DataError, near

Quantity = Literal["return", "yield", "change", "level"]
#: The largest plausible median of each quantity: percentages taken for decimals fall outside.
_MEDIAN: dict[str, float] = {"return": 0.2, "yield": 0.25, "change": 0.2, "level": np.inf}


@dataclass(frozen=True)
class Provenance:
    """Where a series comes from, on which terms, and how sure we are.

    ``source`` is an entry of ``sources.yml`` or a publisher's file with its hash; ``vintage`` the
    date of the publication or of the latest figure.
    """

    source: str
    publisher: str
    licence: str
    confidence: str
    vintage: str


@dataclass(frozen=True, eq=False)
class MonthlySeries:
    """One series by month, with everything a page has to say about it.

    Parameters
    ----------
    name : str
        What code calls it; ``label`` is what a reader is told.
    values : pandas.Series
        Decimals (levels as published), indexed by month end, every month from the first to the last
        known one; a month in between that nobody published is nan.
    quantity : {'return', 'yield', 'change', 'level'}
        A month's total return; an annual yield; a month's relative change; an index or a price.
    basis : str
        How the figures came about: month-end or averaged, net of which costs, repriced from what.
    provenance : Provenance

    Raises
    ------
    DataError
        Naming the series and the month.

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> def made(values, quantity="return", index=ends):
    ...     values = pd.Series(values, index[: len(values)])
    ...     try:
    ...         return MonthlySeries("a", "A", values, quantity, "made up", origin)
    ...     except DataError as error:
    ...         print(error)
    >>> series = made([None, 0.01, None, -1.0, 0.02, None])  # what is not known at an end is cut
    >>> f"{series.first:%Y-%m}", f"{series.last:%Y-%m}", [f"{m:%Y-%m}" for m in series.missing]
    ('2026-02', '2026-05', ['2026-03'])
    >>> made([None, None])
    a: no month has a value
    >>> made([0.01, 0.02, 0.03], index=pd.to_datetime(["2026-01-31", "2026-03-31", "2026-04-30"]))
    a: 2026-03-31: months are not month ends in sequence
    >>> made([0.01, np.inf, 0.02, np.inf])
    a: 2026-02: not a number
    >>> made([0.01, -1.01, 0.02, 0.01, -1.5])
    a: 2026-02: -1.01 loses more than all
    >>> made([0.01, -1.01, 0.02], "change")
    a: 2026-02: -1.01 loses more than all
    >>> made([0.01, -1.01, 0.02], "yield").quantity, made([320.0, 324.0], "level").quantity
    ('yield', 'level')

    The middle month tells percent from decimals; the limit of a fifth itself may be:

    >>> made([0.3, -0.21, 0.1])
    a: the middle return is 0.21; percent? Divide by 100
    >>> made([0.3, -0.2, 0.1]).quantity, made([0.3, -0.25, 0.1], "yield").quantity
    ('return', 'yield')
    >>> made([4.1, 4.2, 4.3], "yield")
    a: the middle yield is 4.20; percent? Divide by 100

    It goes on in ``record.md``.
    """

    name: str
    label: str
    values: pd.Series
    quantity: Quantity
    basis: str
    provenance: Provenance

    def __post_init__(self) -> None:
        values = self.values.astype(float).rename(self.name).copy()
        known = np.flatnonzero(values.notna())
        if not len(known):
            raise DataError(f"{self.name}: no month has a value")
        values = values.iloc[known[0] : known[-1] + 1]
        months = pd.DatetimeIndex(values.index, name="month")
        expected = _month_ends(pd.period_range(months[0], periods=len(months), freq="M"))
        if (months != expected).any():
            odd = months[months != expected][0]
            raise DataError(f"{self.name}: {odd:%Y-%m-%d}: months are not month ends in sequence")
        if np.isinf(values).any():
            raise DataError(f"{self.name}: {values.index[np.isinf(values)][0]:%Y-%m}: not a number")
        if values.abs().median() > _MEDIAN[self.quantity]:
            raise DataError(
                f"{self.name}: the middle {self.quantity} is {values.abs().median():.2f}; "
                "percent? Divide by 100"
            )
        if self.quantity in ("return", "change") and (values < -1).any():
            month = values.index[values < -1][0]
            raise DataError(f"{self.name}: {month:%Y-%m}: {values[month]} loses more than all")
        object.__setattr__(self, "values", values.set_axis(months))

    @property
    def first(self) -> pd.Timestamp:
        """The first month, by its end."""
        return pd.Timestamp(self.values.index[0])

    @property
    def last(self) -> pd.Timestamp:
        """The last month, by its end."""
        return pd.Timestamp(self.values.index[-1])

    @property
    def missing(self) -> pd.DatetimeIndex:
        """Months between the first and the last that have no value."""
        return pd.DatetimeIndex(self.values.index[self.values.isna()])


class History:
    """Named monthly series: ask for what a question needs, and be told the span it covers.

    Parameters
    ----------
    series : iterable of MonthlySeries
        Names are unique.

    Raises
    ------
    DataError
        For a name that is given twice.

    Examples
    --------
    A question is answered over the months in which everything that it needs is known:

    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> long = pd.Series([0.01, -0.02, None, 0.04, 0.05, -0.03], ends)
    >>> a = MonthlySeries("a", "A", long, "return", "made up", origin)
    >>> b = MonthlySeries("b", "B", pd.Series(0.02, ends[1:5]), "return", "made up", origin)
    >>> prices = MonthlySeries("prices", "P", pd.Series(320.0, ends), "level", "made up", origin)
    >>> record = History([a, b, prices])
    >>> record.names, [one.name for one in record], "b" in record, "c" in record
    (('a', 'b', 'prices'), ['a', 'b', 'prices'], True, False)
    >>> record.span("a", "b")
    '2026-02 to 2026-05, 4 months, 1 of them missing'
    >>> record.span("b", last="2026-03"), record.span("a", first="2026-04")
    ('2026-02 to 2026-03, 2 months', '2026-04 to 2026-06, 3 months')

    It goes on in ``record.md``.
    """

    def __init__(self, series: Iterable[MonthlySeries]) -> None:
        held: dict[str, MonthlySeries] = {}
        for one in series:
            if one.name in held:
                raise DataError(f"history: two series are called {one.name!r}")
            held[one.name] = one
        self._series = held

    def __iter__(self) -> Iterator[MonthlySeries]:
        return iter(self._series.values())

    def __contains__(self, name: object) -> bool:
        return name in self._series

    def __getitem__(self, name: str) -> MonthlySeries:
        if name not in self._series:
            raise DataError(
                f"history: no series {name!r}; did you mean {near(name, list(self._series))}?"
            )
        return self._series[name]

    def _returns(self) -> list[str]:
        return [one.name for one in self if one.quantity == "return"]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all series."""
        return tuple(self._series)

    def replaced_by(self, series: Iterable[MonthlySeries]) -> History:
        """This history with ``series`` added, each in place of one of its name, whole.

        Two vintages are never spliced: publishers restate the past, so that a new tail on an old
        beginning is neither.
        """
        return History({**self._series, **{one.name: one for one in series}}.values())

    def months(
        self,
        *names: str,
        first: str | None = None,
        last: str | None = None,
        gaps: Literal["refuse", "drop"] = "refuse",
    ) -> pd.DataFrame:
        """The series asked for, over the months in which all of them are known.

        Parameters
        ----------
        *names : str
            By default every series of returns.
        first, last : str, optional
            Bounds such as ``'1988-01'``; by default as far as the shortest series reaches.
        gaps : {'refuse', 'drop'}
            What to do with a month inside the span that a series lacks.

        Returns
        -------
        DataFrame (months, names)

        Raises
        ------
        DataError
            Naming the series and the month: unknown, no month in common, outside what is held, or
            missing inside the span.
        """
        held = [self[name] for name in names or self._returns()]
        latest = max(held, key=lambda one: one.first)
        earliest = min(held, key=lambda one: one.last)
        start = pd.Timestamp(first) + pd.offsets.MonthEnd(0) if first else latest.first
        end = pd.Timestamp(last) + pd.offsets.MonthEnd(0) if last else earliest.last
        if start < latest.first:
            raise DataError(f"history: {latest.name} starts in {latest.first:%Y-%m}, after {first}")
        if end > earliest.last:
            raise DataError(
                f"history: {earliest.name} ends in {earliest.last:%Y-%m}, before {last}"
            )
        if start > end and first and last:
            raise DataError(
                f"history: from {first} to {last} there is no month; give the earlier first"
            )
        if start > end and first:
            raise DataError(
                f"history: {earliest.name} ends in {earliest.last:%Y-%m}, before {first}"
            )
        if start > end and last:
            raise DataError(f"history: {latest.name} starts in {latest.first:%Y-%m}, after {last}")
        if start > end:
            raise DataError(
                f"history: no month in common: {latest.name} starts in {start:%Y-%m}, "
                f"{earliest.name} ends in {end:%Y-%m}"
            )
        index = _month_ends(pd.period_range(start, end, freq="M"))
        frame = pd.DataFrame({one.name: one.values.reindex(index) for one in held}, index=index)
        holes = frame.isna()
        if gaps == "refuse" and holes.any(axis=None):
            column = holes.columns[holes.any()][0]
            raise DataError(
                f"history: {column} is missing in {_runs(index[holes[column]])}; "
                "end before it, start after it, or say gaps='drop'"
            )
        return frame.dropna()

    def span(self, *names: str, first: str | None = None, last: str | None = None) -> str:
        """The words for a table's or a figure's span: ``'1988-01 to 2026-09, 465 months'``."""
        index = self.months(*names, first=first, last=last, gaps="drop").index
        if not len(index):
            raise DataError(f"history: no month in which all of {', '.join(names)} are known")
        between = len(pd.period_range(index[0], index[-1], freq="M")) - len(index)
        without = f", {between} of them missing" if between else ""
        return f"{index[0]:%Y-%m} to {index[-1]:%Y-%m}, {len(index) + between} months{without}"

    def about(self) -> pd.DataFrame:
        """One row a series: everything it says of itself, and its first and last month."""
        rows = {
            one.name: {
                "label": one.label,
                "quantity": one.quantity,
                "first": f"{one.first:%Y-%m}",
                "last": f"{one.last:%Y-%m}",
                "missing": _runs(one.missing),
                "basis": one.basis,
                **asdict(one.provenance),
            }
            for one in self
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("series")


def _month_ends(months: pd.PeriodIndex) -> pd.DatetimeIndex:
    """The last days of months: counted, where a date range adds one to the other, which is slow."""
    return months.to_timestamp(how="end").normalize().rename("month")


def _runs(months: pd.DatetimeIndex) -> str:
    """Months in words: single ones, and runs as 'first to last'."""
    ordinal = months.year * 12 + months.month
    new_run = np.diff(ordinal, prepend=-1) != 1
    words = []
    for run in np.split(np.asarray(months), np.flatnonzero(new_run)[1:]):
        ends = (
            dict.fromkeys(f"{pd.Timestamp(month):%Y-%m}" for month in run[[0, -1]])
            if len(run)
            else ()
        )
        words.append(" to ".join(ends))
    return ", ".join(words)
