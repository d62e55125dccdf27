"""Which monthly returns does a user's file hold, since when for each series, and how was it read?

From prices ``r_t = (P_t + D_t) / P_(t-1) - 1``, distributions added where their
days are known. A series begins with its own first value; nobody else's span is shortened for it.
Of daily values a month counts for a series where its own days cover it, and is missing elsewhere.
Left out: currencies, fees not yet in the returns, and whether a figure is the right one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.ranges import among
from portlib.tables import dates as calendar_dates
from portlib.tables import layouts
from portlib.tables.findings import Finding, Findings, FindingsError
from portlib.tables.layouts import Grid
from portlib.tables.numbers import SENTINELS, numbers
from portlib.tables.text import Text

Unit = Literal["decimal", "percent"]

#: A month in which a class or fund more than doubles is a typing error far more often than a fact.
LARGEST = 1.0
#: A median month of this size, or a mean above the second, is no decimal return of any class.
MEDIAN_SIZE, MEAN_SIZE = 0.2, 0.03
#: A column that falls, and never by more than this in so many months, is decimals called percent.
LEAST_RANGE, LEAST_MONTHS = 0.002, 12
_PERCENT_HEAD = re.compile(
    r"\s*(?:\(\s*(?:%|pct|percent|in %|in percent)\s*\)|%|\bpct\b|\bpercent\b)\s*$", re.I
)
_PERCENT_TITLE = re.compile(r"\(\s*%\s*\)|\bin (?:percent|%|pct)|\bpercent\b", re.I)


@dataclass(frozen=True, eq=False)
class ReturnTable:
    """Returns by month (or year) and series, and how they were read.

    Parameters
    ----------
    values : DataFrame, (periods, series)
        Decimals by month end (by year for ``period="year"``); nan before a series' first and after
        its last value, and nowhere else unless gaps were asked to be kept.
    file : str
        Where they came from.
    period : "month" or "year"
    notes : tuple of str
        What was understood, a phrase each.

    Examples
    --------
    >>> ends = pd.date_range("2015-01-31", periods=4, freq="ME")
    >>> values = pd.DataFrame({"a": [0.01, 0.02, None, 0.03], "b": [None, 0.02, 0.01, None]}, ends)
    >>> read = ReturnTable(values, "mine.csv", "month", ("decimals",))
    >>> read.spans.astype(str).to_numpy().tolist()  # months with a value, and gaps between them
    [['2015-01-31', '2015-04-30', '3', '1'], ['2015-02-28', '2015-03-31', '2', '0']]
    >>> print(read.as_read)
    as read: 4 months, 2015-01 to 2015-04, 2 series, decimals, b from 2015-02, b to 2015-03
    """

    values: pd.DataFrame
    file: str
    period: str
    notes: tuple[str, ...]

    @property
    def spans(self) -> pd.DataFrame:
        """One row a series: first and last period, periods with a value, gaps between them."""
        rows = {}
        for name, column in self.values.items():
            known = column.dropna()
            inside = self.values.loc[known.index[0] : known.index[-1]]
            rows[name] = (known.index[0], known.index[-1], len(known), len(inside) - len(known))
        return pd.DataFrame.from_dict(
            rows, orient="index", columns=["first", "last", "periods", "gaps"]
        )

    @property
    def as_read(self) -> str:
        """What was understood, in one line."""
        days = pd.DatetimeIndex(self.values.index)
        spans = self.spans
        shown = {"month": "%Y-%m", "year": "%Y"}.get(self.period, "%Y-%m-%d")
        first, last = (pd.DatetimeIndex(spans[end]) for end in ("first", "last"))
        count = (
            f"{len(days)} {self.period}s, {days[0].strftime(shown)} to {days[-1].strftime(shown)}"
        )
        own = [
            f"{name} from {day.strftime(shown)}"
            for name, day in zip(spans.index, first, strict=True)
            if day > days[0]
        ]
        own += [
            f"{name} to {day.strftime(shown)}"
            for name, day in zip(spans.index, last, strict=True)
            if day < days[-1]
        ]
        return "as read: " + ", ".join([count, f"{self.values.shape[1]} series", *self.notes, *own])


def returns(
    source: str | Path | Text,
    *,
    unit: Unit | None = None,
    dates: str | None = None,
    decimal: str | None = None,
    compound: bool = False,
    keep_gaps: bool = False,
    minimum_months: int = 1,
) -> ReturnTable:
    """Monthly returns as a user's file holds them.

    Parameters
    ----------
    source : a file (CSV as any program writes it, or Parquet), or its text.
    unit, dates, decimal : what decides where a file could be read in two ways: ``"percent"`` or
        ``"decimal"``; ``"month-day-year"`` or another order; ``"point"`` or ``"comma"``.
    compound : compound daily or weekly returns to months, instead of refusing them.
    keep_gaps : leave months without a value between others as nan, instead of refusing them.
    minimum_months : the shortest history accepted.

    Raises
    ------
    DataError
        Naming file and line, column and month, and what to do.

    Examples
    --------
    >>> def read(*lines, **more):
    ...     return returns(Text("mine.csv", "\\n".join(lines)), **more)
    >>> table = read("Date;Stocks;Bonds", "31.01.2015;1,2%;(0,3%)", "28.02.2015;-0,5%;0,1%")
    >>> table.values["Bonds"].tolist()
    [-0.003, 0.001]
    >>> print(table.as_read)  # doctest: +NORMALIZE_WHITESPACE
    as read: 2 months, 2015-01 to 2015-02, 2 series, separated by semicolons, decimal commas,
    parentheses as negative, percent with a sign, dates day-month-year

    It goes on in ``series.md``.
    """
    grid = layouts.grid(source, dates)
    often = calendar_dates.frequency(grid.dates)
    try:
        values, notes = _decimals(grid, unit, decimal)
    except DataError as error:
        _with_months(grid, often, error, compound=compound)
        raise
    if often in ("day", "week"):
        if not compound:
            raise DataError(
                f"{grid.name}: has a row a {often}, not a month; give months, or say compound: true"
            )
        daily = values.set_axis(_index(grid)).sort_index()
        _unique(grid, daily.index)
        values = _compounded(daily)
        values = _complete_months(grid.name, values, pd.DatetimeIndex(daily.index), often)
        recorded = daily.ffill().notna() & daily.bfill().notna()
        values, partial = _covered_months(values, recorded)
        lacking = (recorded & daily.isna()).sum()
        partial += [
            f"{fund} without a return on {count} {often}{'s' * (count > 1)} between others, which "
            "count as no change"
            for fund, count in lacking[lacking > 0].items()
        ]
        notes = [*notes, f"compounded from {often}s", *partial]
        form = grid.dates.form
    else:
        values, form, more = _by_month(grid, values, often)
        notes = [*notes, *more]
    notes = [*grid.notes, *notes, f"dates {form}"]
    _sensible(grid.name, values)
    return _finished(grid.name, values, "month", notes, keep_gaps, minimum_months)


def prices(
    source: str | Path | Text, *, dates: str | None = None, decimal: str | None = None
) -> ReturnTable:
    """Prices or index levels as a user's file holds them, by their own days (``period`` "day").

    Parameters
    ----------
    source, dates, decimal : as in `returns`.

    Raises
    ------
    DataError
        As `returns` does, and for prices that are not positive.

    Examples
    --------
    >>> text = "date,A\\n2015-01-31,100\\n2015-02-28,102\\n2015-03-31,96.9\\n"
    >>> levels = prices(Text("fund_prices.csv", text))
    >>> levels.period, levels.values["A"].tolist()
    ('month', [100.0, 102.0, 96.9])
    >>> nothing = Text("fund_prices.csv", "date,A\\n2015-01-31,10\\n2015-02-28,0\\n")
    >>> prices(nothing)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: fund_prices.csv: line 3: column 'A', 2015-02-28: 0 is no price; are ...
    >>> prices(Text("fund_prices.csv", "date,A\\n2015-01-31,1%\\n2015-02-28,2%\\n"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: fund_prices.csv: has percent signs: these are returns, not prices
    >>> prices(Text("fund_prices.csv", "date,A\\n2015-01-02,10\\n2015-01-09,11\\n2015-01-16,12\\n"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: fund_prices.csv: has a row a week; give prices of days or of month ends


    It goes on in ``series.md``.
    """
    grid = layouts.grid(source, dates)
    values, percent, notes = _numbers(grid, decimal)
    if percent.any():
        raise DataError(f"{grid.name}: has percent signs: these are returns, not prices")
    if (bad := values <= 0).any(axis=None):
        column, row = _first(bad)
        shown = f"{values[column].iloc[row]:g}"
        raise DataError(f"{_cell(grid, row, column)}: {shown} is no price; are these returns?")
    often = calendar_dates.frequency(grid.dates)
    if often == "week":
        raise DataError(f"{grid.name}: has a row a week; give prices of days or of month ends")
    if often == "day":
        values = values.set_axis(_index(grid)).sort_index()
        _unique(grid, values.index)
        form = grid.dates.form
    else:
        values, form, more = _by_month(grid, values, often)
        notes = [*notes, *more]
    period = "day" if often == "day" else "month"
    return ReturnTable(values, grid.name, period, (*grid.notes, *notes, f"dates {form}"))


def total_returns(
    levels: ReturnTable, distributions: pd.DataFrame | None = None, *, minimum_months: int = 1
) -> ReturnTable:
    """Monthly total returns from `prices`, distributions reinvested.

    Parameters
    ----------
    levels : daily, weekly or monthly prices.
    distributions : columns fund, date, amount (per share); reinvested at the first price known on
        or after the date. None: the prices are taken as total-return levels.
    minimum_months : the shortest history accepted.

    Raises
    ------
    DataError
        For a distribution of an unknown fund, outside its prices, or as large as the price, and for
        returns that no fund makes.

    Examples
    --------
    From 100 to 102, and to 96.9 after three dollars a share were paid out in the month:

    >>> text = "date,A\\n2015-01-31,100\\n2015-02-28,102\\n2015-03-31,96.9\\n"
    >>> levels = prices(Text("fund_prices.csv", text))
    >>> total_returns(levels).values["A"].round(9).tolist()  # 102 / 100, 96.9 / 102
    [0.02, -0.05]
    >>> paid = pd.DataFrame(
    ...     {"fund": ["A"], "date": pd.to_datetime(["2015-03-10"]), "amount": [3.06]}, [2]
    ... )
    >>> total_returns(levels, paid).values["A"].round(9).tolist()  # (96.9 + 3.06) / 102
    [0.02, -0.02]
    >>> total_returns(levels, paid).notes[-1], total_returns(levels).notes[-1]
    ('1 distributions reinvested', 'price changes alone, taken as total returns')
    >>> def refused(**other):
    ...     try:
    ...         total_returns(levels, paid.assign(**other))
    ...     except DataError as error:
    ...         print(error)
    >>> refused(fund="B")
    distributions.csv: line 2: no prices of 'B'
    >>> refused(date=pd.Timestamp("2015-01-31"))
    distributions.csv: line 2: 2015-01-31 is outside the prices of A, 2015-01-31 to 2015-03-31
    >>> refused(date=pd.Timestamp("2015-04-01"))
    distributions.csv: line 2: 2015-04-01 is outside the prices of A, 2015-01-31 to 2015-03-31
    >>> refused(amount=96.9)
    distributions.csv: line 2: 96.9 a share of A, whose price is 96.9
    >>> total_returns(levels, pd.concat([paid, paid.set_axis([3])]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.tables.findings.FindingsError: distributions.csv: line 3: 3.06 of A on 2015-03-10 is ...

    It goes on in ``series.md``.
    """
    values = levels.values
    if distributions is not None:
        among("column", ["fund", "date", "amount"], distributions.columns, error=DataError)
        _check_distributions(values, distributions)
    if levels.period != "day":  # the step over a missing month would be a return of two
        _no_holes(levels.file, values)
    all_days = pd.DatetimeIndex(levels.values.index)
    paid = pd.DataFrame(0.0, values.index, values.columns)
    given = pd.DataFrame(columns=["fund", "date", "amount"])
    given = given if distributions is None else distributions
    for fund, day, amount in zip(
        given["fund"], pd.DatetimeIndex(given["date"]), given["amount"], strict=True
    ):
        days = pd.DatetimeIndex(values[fund].dropna().index)
        paid.loc[days[int(days.searchsorted(day))], fund] += float(amount)
    before = values.ffill().shift()
    stepped = ((values + paid) / before.where(values.notna()) - 1).iloc[1:]
    partial: list[str] = []
    if levels.period == "day":
        recorded = (before.notna() & values.bfill().notna()).iloc[1:]
        stepped = _complete_months(levels.file, _compounded(stepped), all_days, "day")
        stepped, partial = _covered_months(stepped, recorded)
    note = (
        "price changes alone, taken as total returns"
        if distributions is None
        else (f"{len(distributions)} distributions reinvested")
    )
    _sensible(levels.file, stepped)
    notes = [*levels.notes, note, *partial]
    return _finished(levels.file, stepped, "month", notes, False, minimum_months)


def _check_distributions(values: pd.DataFrame, given: pd.DataFrame) -> None:
    """Refuse every distribution that no price takes, and what is written twice."""
    file = "distributions.csv"
    found = Findings()
    days_paid = pd.DatetimeIndex(given["date"])
    for line, fund, day, amount, again in zip(
        given.index,
        given["fund"],
        days_paid,
        given["amount"],
        given.duplicated(["fund", "date", "amount"]),
        strict=True,
    ):
        if fund not in values:
            found.refuse(file, f"no prices of {fund!r}", int(line))
            continue
        known = values[fund].dropna()
        days = pd.DatetimeIndex(known.index)
        at = int(days.searchsorted(day))
        if at == len(days) or day <= days[0]:
            span = f"{days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}"
            found.refuse(file, f"{day:%Y-%m-%d} is outside the prices of {fund}, {span}", int(line))
        elif not 0 <= amount < known.iloc[at]:
            found.refuse(
                file, f"{amount:g} a share of {fund}, whose price is {known.iloc[at]:g}", int(line)
            )
        elif again:
            found.refuse(
                file,
                f"{amount:g} of {fund} on {day:%Y-%m-%d} is given twice; if both were paid, write "
                "their sum",
                int(line),
            )
    found.settle()


def years(
    source: str | Path | Text, *, unit: Unit | None = None, decimal: str | None = None
) -> ReturnTable:
    """Calendar-year returns: one row a year, or years across; decimals by year end.

    Parameters
    ----------
    source, unit, decimal : as in `returns`.

    Raises
    ------
    DataError
        As `returns` does, and for rows that are no years, given twice or missing between others.

    Examples
    --------
    >>> table = years(Text("annual_returns.csv", "year,A,B\\n2014,12%,\\n2015,-3%,5%\\n"))
    >>> table.values["A"].tolist(), table.period, str(table.values.index[0].date())
    ([0.12, -0.03], 'year', '2014-12-31')
    >>> years(Text("annual_returns.csv", "year,A\\n2013,0.1\\n2015,0.2\\n"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: annual_returns.csv: the year 2014 is missing
    >>> years(Text("annual_returns.csv", "year,A\\n2014,0.1\\n2014,0.2\\n"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: annual_returns.csv: 2014-12-31 has two rows
    >>> years(Text("annual_returns.csv", "month,A\\n2014-01,0.1\\n2014-02,0.2\\n"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: annual_returns.csv: has a row a month, not a year


    It goes on in ``series.md``.
    """
    grid = layouts.grid(source)
    values, notes = _decimals(grid, unit, decimal, largest=5.0)
    if (often := calendar_dates.frequency(grid.dates)) != "year":
        raise DataError(f"{grid.name}: has a row a {often}, not a year")
    index = pd.DatetimeIndex(grid.dates.values.to_period("Y").to_timestamp(how="end").normalize())
    values = values.set_axis(index.rename("year")).sort_index()
    _unique(grid, values.index)
    there = np.sort(index.year)
    if (step := np.diff(there)).size and step.max() > 1:
        raise DataError(f"{grid.name}: the year {there[int(step.argmax())] + 1} is missing")
    return _finished(grid.name, values, "year", [*grid.notes, *notes], False, 1)


def _with_months(grid: Grid, often: str, error: DataError, *, compound: bool) -> None:
    """Raise what is wrong with figures together with what is wrong with the months beside them."""
    if compound and often in ("day", "week"):
        return
    found = Findings()
    found.take(error, grid.name)
    known = len(found)
    try:
        _by_month(grid, pd.DataFrame(index=range(len(grid.cells))), often)
    except DataError as second:
        found.take(second, grid.name)
    if len(found) > known:
        raise FindingsError(found) from error


def _numbers(grid: Grid, decimal: str | None) -> tuple[pd.DataFrame, np.ndarray, list[str]]:
    read = numbers(grid.cells, grid.name, separator=grid.separator, decimal=decimal)
    if read.wrong:
        _not_numbers(grid, read.wrong)
    values = pd.DataFrame(read.values, columns=grid.cells.columns)
    if not len(values):
        raise DataError(f"{grid.name}: no rows, or no column of returns beside the dates")
    for mark in SENTINELS:
        if (marked := values == mark).any(axis=None):
            column, row = _first(marked)
            raise DataError(
                f"{_at(grid, row)}: column {column!r}: {mark:g} marks a missing value; leave the "
                "cell empty"
            )
    if (nothing := values.isna().all()).any():
        raise DataError(f"{grid.name}: column {values.columns[nothing][0]!r}: no value at all")
    return values, read.percent, list(read.notes)


def _not_numbers(grid: Grid, wrong: tuple[tuple[int, int, str], ...]) -> None:
    """Refuse every cell that is no number, and a column of text once."""
    found = Findings()
    texty: set[int] = set()
    for row, position, text in wrong:
        name = grid.cells.columns[position]
        if position in texty:
            continue
        if sum(at == position for _, at, _ in wrong) > 0.5 * len(grid.cells):
            texty.add(position)
            found.refuse(grid.name, f"column {name!r} holds text, like {text!r}; leave it out")
            continue
        cell = f"column {name!r}, {grid.dates.values[row]:%Y-%m-%d}: {text!r}"
        problem = f"{cell} is not a number; write 0.0123 for 1.23%"
        found.refuse(grid.name, problem, int(grid.lines[row]))
    found.settle()


def _decimals(
    grid: Grid, unit: str | None, decimal: str | None, largest: float = LARGEST
) -> tuple[pd.DataFrame, list[str]]:
    """The values as decimals, and how their unit is known."""
    if unit not in (None, "decimal", "percent"):
        raise DataError(f"{grid.name}: unit is 'decimal' or 'percent', not {unit!r}")
    values, percent, notes = _numbers(grid, decimal)
    named = [bool(_PERCENT_HEAD.search(str(column))) for column in values]
    titled = any(_PERCENT_TITLE.search(title) for title in grid.titles)
    plain = [_PERCENT_HEAD.sub("", str(column)) for column in values]
    if any(named) and len(set(plain)) == len(plain) and all(plain):
        values = values.set_axis(plain, axis=1)
    known = values.notna().to_numpy() & (values != 0).to_numpy()
    if unit == "decimal" and any(named):
        marked = grid.cells.columns[named.index(True)]
        raise DataError(
            f"{grid.name}: unit decimal was said, but column {marked!r} is marked as percent"
        )
    if percent.any():
        bare = known & ~percent
        if bare.any() and unit != "percent" and not all(named):
            row, column = (int(i) for i in np.argwhere(bare)[0])
            raise DataError(
                f"{_cell(grid, row, values.columns[column])}: {grid.cells.iat[row, column]!r} is "
                "not a number of the same unit: others have a percent sign"
            )
        if unit == "decimal":
            raise DataError(f"{grid.name}: unit decimal was said, but cells have percent signs")
        values = values / 100
        notes = [*notes, "percent with a sign"]
    elif unit == "percent":
        values = values / 100
        notes = [*notes, "percent as said"]
    elif all(named) or (titled and unit is None and not any(named)):
        where = "columns are" if all(named) else "title is"
        values = values / 100
        notes = [*notes, f"percent as the {where} marked"]
    elif any(named):
        bare_name = plain[named.index(False)]
        raise DataError(f"{grid.name}: column {bare_name!r} is not marked as percent, others are")
    else:
        _no_percent(grid, values, largest)
        notes = [*notes, "decimals"]
    _possible(grid, values, largest)
    if "decimals" not in notes:
        _no_decimals(grid, values)
    return values, notes


def _no_percent(grid: Grid, values: pd.DataFrame, largest: float) -> None:
    """Refuse what cannot be decimals but could be percent, or prices: both readings are named."""
    size = values.abs()
    months = len(values)
    yearly = calendar_dates.frequency(grid.dates) == "year"
    for column in values:
        own = values[column].dropna()
        large = float(size[column].median()) > (0.5 if yearly else MEDIAN_SIZE)
        large |= not yearly and months >= 24 and float(own[own <= largest].mean()) > MEAN_SIZE
        if not large and not (own > largest).any() and not (own < -1).any():
            continue
        row = int(np.flatnonzero(size[column] > min(MEDIAN_SIZE, float(size[column].max()) / 2))[0])
        shown = grid.cells.iloc[row, list(values).index(column)]
        where = f"{_cell(grid, row, column)}: {shown!r}"
        beyond = float(size[column].median()) / 100 > MEDIAN_SIZE
        if large and beyond:
            level = (own > 0).all()
            raise DataError(
                f"{where}: {'a level or a price' if level else 'in basis points'}? Even as percent "
                f"its usual size would be {float(size[column].median()) / 100:.0%} a period; "
                f"{'give prices as prices' if level else 'divide the column by 10,000'}"
            )
        if large and (own > 0).all():
            raise DataError(
                f"{where}: in percent? Or prices? As decimals it would gain "
                f"{float(own.median()):.0%} in a usual period; say unit: percent, or give prices "
                "as prices"
            )
        if large:
            raise DataError(
                f"{where}: in percent? Divide the column by 100, or say unit: percent; as decimals "
                f"its usual size would be {float(size[column].median()):.0%}"
            )


def _possible(grid: Grid, values: pd.DataFrame, largest: float) -> None:
    for bad, problem in (
        (values < -1, "loses more than everything; in percent? Divide the column by 100"),
        (values > largest, f"gains more than {largest:.0%}; in percent, or a slip of the point?"),
    ):
        if bad.any(axis=None):
            column, row = _first(bad)
            shown = grid.cells.iloc[row, list(values).index(column)]
            raise DataError(f"{_cell(grid, row, column)}: {shown!r} {problem}")


def _no_decimals(grid: Grid, values: pd.DataFrame) -> None:
    """Refuse what was called percent and must have been decimals."""
    for column in values:
        own = values[column].dropna()
        if len(own) >= LEAST_MONTHS and own.min() < 0 and own.abs().max() < LEAST_RANGE:
            raise DataError(
                f"{grid.name}: column {column!r}: called percent, but then no period moves by "
                f"more than {float(own.abs().max()):.3%}; decimals? Then say unit: decimal, and "
                "drop the marks"
            )


def _by_month(grid: Grid, values: pd.DataFrame, often: str) -> tuple[pd.DataFrame, str, list[str]]:
    """Values by month end, oldest first; refuses other frequencies, gaps, months given twice."""
    if often in ("quarter", "year"):
        hint = "; calendar years go into annual_returns.csv" if often == "year" else ""
        raise DataError(f"{grid.name}: has a row a {often}, not a month{hint}")
    months, form, unsure = calendar_dates.month_ends(grid.dates)
    if unsure.any() and len(values) > 1:
        row = int(np.flatnonzero(unsure)[0])
        which = "first" if "first" in form else "last"
        raise DataError(
            f"{_at(grid, row)}: {grid.dates.values[row]:%Y-%m-%d} is not the {which} day of a "
            "month, as the others are"
        )
    steps = np.diff(months.asi8)
    notes = []
    if len(steps) and (steps < 0).all():
        notes.append("newest first, turned round")
        values = values.iloc[::-1]
        months = months[::-1]
        lines = grid.lines[::-1]
    else:
        lines = grid.lines
    steps = np.diff(months.asi8, prepend=months.asi8[0] - 1)
    for bad, problem in (
        (months.duplicated(), "is a month that already has a row"),
        (steps < 1, "comes after a later month; sort the rows"),
        (steps > 1, "does not follow the month before it; there is a gap"),
    ):
        if bad.any():
            raise FindingsError(
                Finding(grid.name, int(lines[row]), f"{months[row]} {problem}")
                for row in map(int, np.flatnonzero(bad))
            )
    ends = pd.DatetimeIndex(months.to_timestamp(how="end").normalize(), name="month")
    return values.set_axis(ends), form, notes


def _compounded(frame: pd.DataFrame) -> pd.DataFrame:
    """Returns of days compounded by month end; a month without any value is nan."""
    by = pd.DatetimeIndex(frame.index).to_period("M")
    known = frame.notna().groupby(by).sum()
    grown = (1 + frame).groupby(by).prod() - 1
    grown = grown.where(known > 0)
    ends = pd.PeriodIndex(grown.index).to_timestamp(how="end").normalize()
    return grown.set_axis(pd.DatetimeIndex(ends, name="month"))


def _complete_months(
    name: str, values: pd.DataFrame, days: pd.DatetimeIndex, often: str
) -> pd.DataFrame:
    """Without a first or last month that the days cover in part only.

    A first price at the end of a month begins no return of that month: the next is whole.
    """
    first = days.min()
    last = days.max()
    slack = 1 if often == "day" else 5
    begins = pd.bdate_range(first.to_period("M").start_time, first)
    left = pd.bdate_range(last, last.to_period("M").end_time.normalize())
    keep = values
    if len(begins) - 1 > slack and keep.index[0] <= first + pd.offsets.MonthEnd(0):
        keep = keep.iloc[1:]
    if len(left) - 1 > slack:
        keep = keep.iloc[:-1]
    if keep.empty:
        raise DataError(f"{name}: no whole month among its days")
    return keep


def _covered_months(values: pd.DataFrame, recorded: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The months that each fund's own record covers, and which funds begin or end within one.

    ``recorded`` says of each day of the file and fund whether its return is within the fund's own
    record, from its first to its last value: a month counts where every one of its days is.
    """
    by_month = recorded.groupby(pd.DatetimeIndex(recorded.index).to_period("M")).all()
    covered = by_month.loc[pd.DatetimeIndex(values.index).to_period("M")].set_axis(values.index)
    partial = values.notna() & ~covered
    notes = []
    for fund in values:
        for month in values.index[partial[fund]]:
            end = "begins" if month == values[fund].first_valid_index() else "ends"
            notes.append(f"{fund} {end} in the middle of {month:%Y-%m}")
    return values.where(covered), notes


def _sensible(name: str, values: pd.DataFrame) -> None:
    """Refuse returns that are the same in every month, and those compounded beyond belief."""
    for column in values:
        own = values[column].dropna()
        if len(own) >= LEAST_MONTHS and own.nunique() == 1:
            raise DataError(
                f"{name}: column {column!r}, {own.index[0]:%Y-%m-%d}: {own.iloc[0]:g} in every "
                "month; was a price ever observed?"
            )
        if (wild := (own > LARGEST) | (own < -1)).any():
            month = own.index[int(np.flatnonzero(wild)[0])]
            raise DataError(
                f"{name}: column {column!r}, {month:%Y-%m}: {own[month]:.0%} in a month; a slip of "
                "the point, or a split of the shares?"
            )


def _finished(
    name: str,
    values: pd.DataFrame,
    period: str,
    notes: list[str],
    keep_gaps: bool,
    minimum: int,
) -> ReturnTable:
    if len(values) and (nothing := values.isna().all()).any():
        raise DataError(
            f"{name}: column {values.columns[nothing][0]!r}: no whole month; leave it out until it "
            "has one"
        )
    values = values.dropna(how="all") if not keep_gaps else values
    if not keep_gaps:
        _no_holes(name, values)
    if values.empty:
        raise DataError(f"{name}: has a row of one date alone; returns of prices need two")
    step = np.diff(pd.DatetimeIndex(values.index).to_period("M" if period == "month" else "Y").asi8)
    if len(step) and step.max() > 1:
        at = values.index[int(step.argmax())]
        raise DataError(f"{name}: no month follows {at:%Y-%m-%d}; there is a gap")
    if len(values) < minimum:
        raise DataError(
            f"{name}: each column has {len(values)} months, to {values.index[-1]:%Y-%m-%d}; "
            f"{minimum} needed"
        )
    return ReturnTable(values, name, period, tuple(notes))


def _no_holes(name: str, values: pd.DataFrame) -> None:
    """Refuse what is missing between two values of a series."""
    inside = values.isna() & values.ffill().notna() & values.bfill().notna()
    if inside.any(axis=None):
        raise FindingsError(
            Finding(
                name,
                None,
                f"column {column!r}, {day:%Y-%m-%d}: '' is missing; fill it from the source, or "
                "start the series later",
            )
            for column in inside
            for day in inside.index[inside[column]]
        )


def _index(grid: Grid) -> pd.DatetimeIndex:
    return grid.dates.values


def _unique(grid: Grid, index: pd.Index) -> None:
    if index.duplicated().any():
        day = index[index.duplicated()][0]
        raise DataError(f"{grid.name}: {day:%Y-%m-%d} has two rows")


def _first(bad: pd.DataFrame) -> tuple[str, int]:
    """The first column with a bad cell, and the first such row."""
    column = bad.columns[bad.any()][0]
    return column, int(np.flatnonzero(bad[column])[0])


def _at(grid: Grid, row: int) -> str:
    return f"{grid.name}: line {grid.lines[row]}"


def _cell(grid: Grid, row: int, column: object) -> str:
    return f"{_at(grid, row)}: column {column!r}, {grid.dates.values[row]:%Y-%m-%d}"
