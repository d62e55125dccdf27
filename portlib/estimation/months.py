"""Is a history what a statistic of months takes it for: each month once, in order, none missing?

A mean times twelve, a run of bad months, a month and the next: all of them assume that one row is
one month and the next row the next month. A weekly table, a hole, newest first or a month given
twice would be used all the same, under the name of another span. What carries dates is held to
them; arrays, and tables without dates, are taken as they come.

Left out: whether the returns are right, and days within a month.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.ranges import numbers
from portlib.records import Array

#: No class has months that typically move by more; a table of percentages has.
TYPICAL = 0.5
TYPICAL_DAY = 0.15

Dated = TypeVar("Dated", bound="pd.Series | pd.DataFrame")


def monthly(
    table: Dated,
    what: str,
    *,
    least: float = -math.inf,
    month_ends: bool = False,
    error: type[ValueError] = ValueError,
) -> Dated:
    """The same table, if its dates are consecutive months and its values finite numbers.

    Parameters
    ----------
    table : Series or DataFrame
        Returns by month. An index of dates, of periods, or of dates written out (``2026-11``,
        202611) is judged; any other is not.
    what : str
        What it is, for the refusal.
    least : float
        The least value that can be: -1 for returns, which cannot lose more than all. Where it is
        given, a year or more whose typical month moves by more than half is taken for
        percentages.
    month_ends : bool
        Whether each month must be given by the date of its last day.
    error : type
        The error raised.

    Raises
    ------
    ValueError
        Naming the column and month that is missing, given twice, out of order, not a number or
        below `least`; and for no month at all.

    Examples
    --------
    What carries dates is held to them, and given back as it came:

    >>> months = pd.date_range("2020-01-31", periods=3, freq="ME")
    >>> fund = pd.Series([0.01, -0.02, 0.03], months)
    >>> monthly(fund, "fund", least=-1.0, month_ends=True) is fund
    True
    >>> for index in (months.to_period("M"), ["2020-01", "2020-02", "2020-03"], list("abc")):
    ...     assert monthly(pd.Series([0.01, -0.02, 0.03], index), "fund").sum() > 0
    >>> monthly(fund.iloc[[0, 2]], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: no return for 2020-02; a month that is missing is not a month without return
    >>> monthly(pd.Series([0.01, 0.02], ["201912", "202002"]), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: no return for 2020-01; a month that is missing is not a month without return
    >>> monthly([0.01, 0.02], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: [0.01, 0.02] is no table of months
    >>> monthly(fund.head(0), "fund", error=KeyError)
    Traceback (most recent call last):
    ...
    KeyError: 'fund: no months'

    It goes on in ``months.md``.
    """
    if not isinstance(table, (pd.Series, pd.DataFrame)):
        raise error(f"{what}: {table!r:.60} is no table of months")
    if not table.size:
        raise error(f"{what}: no months")
    consecutive(table.index, what, error=error)
    if month_ends:
        _last_days(table.index, what, error)
    finite(table, what, least=least, error=error)
    return table


def _last_days(index: pd.Index, what: str, error: type[ValueError]) -> None:
    if not isinstance(index, pd.DatetimeIndex):
        raise error(f"{what}: give each month by the date of its last day, not {index}")
    other = index[~index.is_month_end | (index != index.normalize())]
    if len(other):
        raise error(
            f"{what}: {other[0]:%Y-%m-%d} is not the last day of its month; give each month by "
            f"that date"
        )


def array(
    returns: ArrayLike,
    what: str,
    *,
    least: float = -math.inf,
    error: type[ValueError] = ValueError,
) -> Array:
    """Returns as an array with its months on the last axis: a table's months are its rows.

    What carries dates is held to them, as by `monthly`; other values must be finite numbers.

    Parameters
    ----------
    returns : array, Series or DataFrame
    what : str
        What it is, for the refusal.
    least : float
        The least value that can be, as in `monthly`.
    error : type
        The error raised.

    Returns
    -------
    array (..., months)

    Examples
    --------
    A table's months are its rows, and the last axis of what is given back; an array has them there
    already:

    >>> months = pd.date_range("2020-01-31", periods=3, freq="ME")
    >>> array(pd.DataFrame({"a": [0.1, 0.2, 0.0], "b": 0.05}, months), "funds").tolist()
    [[0.1, 0.2, 0.0], [0.05, 0.05, 0.05]]
    >>> array(pd.DataFrame({"a": [0.1, 0.2, 0.0], "b": 0.05}, ["p", "q", "r"]), "funds").shape
    (3, 2)
    >>> array(pd.Series([0.1, 0.2], months[:2]), "fund", least=-1.0).tolist()
    [0.1, 0.2]
    >>> array([[0.1, -1.0, 0.0], [0.05, 0.0, 0.1]], "paths", least=-1.0).shape
    (2, 3)
    >>> array([[0.1, -1.5]], "paths", least=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: paths: -1.5 is no return: more is lost than all; in percent?
    >>> array([], "paths")
    Traceback (most recent call last):
    ...
    ValueError: paths: no months
    >>> array(0.05, "paths")
    Traceback (most recent call last):
    ...
    ValueError: paths: no months
    >>> array(pd.Series([0.1, 0.2], months[[0, 2]]), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: no return for 2020-02; a month that is missing is not a month without return

    It goes on in ``months.md``.
    """
    if isinstance(returns, (pd.Series, pd.DataFrame)):
        x = monthly(returns, what, least=least, error=error).to_numpy(dtype=float)
        return x.T if x.ndim == 2 and _periods(returns.index) is not None else x
    x = numbers(what, returns, error=error)
    if not x.size or not x.ndim:
        raise error(f"{what}: no months")
    if (x < least).any():
        raise error(f"{what}: {x.min():g} is no return: more is lost than all; in percent?")
    return x


def daily(table: Dated, what: str, *, error: type[ValueError] = ValueError) -> Dated:
    """The same table, if its days are dates in order, each once, and its values daily returns.

    Parameters
    ----------
    table : Series or DataFrame
        Returns by day, decimals.
    what : str
        What it is, for the refusal.
    error : type
        The error raised.

    Raises
    ------
    ValueError
        For no day, days out of order or given twice, returns that are missing, below -1 or in
        percent.

    Examples
    --------
    >>> days = pd.to_datetime(["2020-01-02", "2020-01-03", "2020-01-07"])
    >>> fund = pd.Series([0.01, -1.0, 0.03], days)
    >>> daily(fund, "fund") is fund
    True
    >>> daily(fund.iloc[::-1], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: put its days in order, the oldest first, each once
    >>> daily(fund.iloc[[0, 0, 1]], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: put its days in order, the oldest first, each once
    >>> daily(fund.reset_index(drop=True), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: give returns by day, with dates
    >>> daily(fund.head(0), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: give returns by day, with dates
    >>> daily(fund.replace(-1.0, np.nan), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: a return is missing on 2020-01-03, or is none
    >>> daily(fund.replace(-1.0, -1.2), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: a return is missing on 2020-01-03, or is none; in percent?

    It goes on in ``months.md``.
    """
    if not table.size or not isinstance(table.index, pd.DatetimeIndex):
        raise error(f"{what}: give returns by day, with dates")
    if not table.index.is_monotonic_increasing or not table.index.is_unique:
        raise error(f"{what}: put its days in order, the oldest first, each once")
    x = _plain(table, what, error)
    bad = np.argwhere(~(np.isfinite(x) & (x >= -1)))
    if bad.size:
        day = table.index[bad[0][0]]
        hint = "; in percent?" if np.nanmin(x) < -1 else ""
        raise error(f"{what}: a return is missing on {day:%Y-%m-%d}, or is none{hint}")
    if len(x) >= 12:
        name, typical = _wildest(table, x)
        if typical > TYPICAL_DAY:
            raise error(f"{what}:{name} the typical day moves by {typical:.0%}; in percent?")
    return table


def is_monthly(index: pd.Index) -> bool:
    """Whether an index is of consecutive months; one without dates is taken for that.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=4, freq="M")
    >>> is_monthly(months), is_monthly(months[[0, 1, 3]]), is_monthly(pd.Index(["a", "b", "c"]))
    (True, False, True)
    >>> is_monthly(months[::-1]), is_monthly(pd.date_range("2020-01-01", periods=9, freq="W"))
    (False, False)
    """
    when = _periods(index)
    return when is None or bool((np.diff(when.asi8) == 1).all())


def consecutive(index: pd.Index, what: str, *, error: type[ValueError] = ValueError) -> None:
    """Raise `error` unless dates are consecutive months, in order.

    Parameters
    ----------
    index : of returns; one without dates is let through.
    what : what a message calls them.
    error : what is raised, naming the month and what may have happened to it.

    Examples
    --------
    >>> months = pd.period_range("2019-11", periods=4, freq="M")
    >>> consecutive(months, "fund")
    >>> consecutive(months[[0, 1, 3]], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: no return for 2020-01; a month that is missing is not a month without return
    >>> consecutive(months[[0, 2, 1]], "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: no return for 2019-12; a month that is missing is not a month without return
    >>> consecutive(months[::-1], "fund", error=KeyError)
    Traceback (most recent call last):
    ...
    KeyError: 'fund: 2020-01 comes after 2020-02; put the oldest month first'
    >>> consecutive(pd.to_datetime(["2019-12-06", "2019-12-13"]), "fund")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: fund: 2019-12 is given twice; is the table weekly or daily? Compound it to ...
    >>> consecutive(pd.to_datetime(["2019-12-01", "2019-12-31"]), "fund")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: fund: 2019-12 is given by its first day and by another; were series joined that ...
    >>> consecutive(months[[0, 0]], "fund")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: fund: 2019-11 is given twice; is the table weekly or daily? Compound it to ...
    >>> consecutive(pd.Index(["c", "a", "a"]), "fund")  # without dates
    """
    when = _periods(index)
    if when is None:
        return
    step = np.diff(when.asi8)
    if not (wrong := np.flatnonzero(step != 1)).size:
        return
    at = int(wrong[0])
    here = when[at]
    after = when[at + 1]
    if step[at] == 0 and isinstance(index, pd.DatetimeIndex) and index[at].day == 1:
        raise error(
            f"{what}: {here} is given by its first day and by another; were series joined that "
            f"date their months differently? Join them by month"
        )
    if step[at] == 0:
        raise error(
            f"{what}: {here} is given twice; is the table weekly or daily? Compound it to "
            f"months first"
        )
    if step[at] < 0:
        raise error(f"{what}: {after} comes after {here}; put the oldest month first")
    raise error(
        f"{what}: no return for {here + 1}; a month that is missing is not a month without return"
    )


def holes(index: pd.Index) -> str:
    """The first month that a monthly index skips; empty for none, and for what is not monthly.

    Examples
    --------
    >>> months = pd.period_range("2019-11", periods=6, freq="M")
    >>> holes(months), holes(months[[0, 1, 2, 4, 5]]), holes(months[[0, 1, 5]][:2])
    ('', '2020-02', '')

    What is yearly, weekly, in another order or without dates skips nothing that it should have:

    >>> holes(pd.period_range("2019-01", periods=4, freq="Y")), holes(months[[0, 1, 2, 1, 3]])
    ('', '')
    >>> holes(pd.date_range("2020-01-01", periods=30, freq="W")), holes(pd.Index(["a", "b", "c"]))
    ('', '')
    >>> holes(months[[0, 1, 2, 3, 5]])
    '2020-03'

    It goes on in ``months.md``.
    """
    when = _periods(index)
    if when is None or len(when) < 3:
        return ""
    step = np.diff(when.asi8)
    if int(np.median(step)) != 1 or (step < 1).any() or (step == 1).all():
        return ""
    return str(when[int((step > 1).argmax())] + 1)


def finite(
    table: pd.Series | pd.DataFrame,
    what: str,
    *,
    least: float = -math.inf,
    error: type[ValueError] = ValueError,
) -> None:
    """Raise `error` for a value that is no finite number.

    Parameters
    ----------
    table : of returns.
    what : what a message calls them.
    least : the least return allowed: ``-1.0`` where no more than all can be lost.
    error : what is raised, naming column and month.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=3, freq="M")
    >>> funds = pd.DataFrame({"a": [0.1, 0.2, -1.0], "b": [0.0, -1.5, 0.1]}, months)
    >>> finite(funds, "funds")
    >>> finite(funds, "funds", least=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: funds: column 'b', 2020-02: -1.5 is no return; in percent? Write 0.012 for 1.2%
    >>> finite(funds["a"], "fund", least=-1.0)
    >>> finite(funds["a"].replace(0.2, np.inf), "fund", error=KeyError)
    Traceback (most recent call last):
    ...
    KeyError: 'fund: 2020-02: inf is no return'
    >>> finite(funds["a"].astype(str), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: some returns are text; give decimal numbers, 0.012 for 1.2%
    >>> finite(pd.Series([0.1, [0.2]], dtype=object), "fund")
    Traceback (most recent call last):
    ...
    ValueError: fund: some returns are text; give decimal numbers, 0.012 for 1.2%

    Returns of a year and more are judged by their typical month, which no class has above 50%:

    >>> wild = pd.Series([0.52, -0.52, 9.0] * 4, pd.period_range("2020-01", periods=12, freq="M"))
    >>> finite(wild.head(11), "fund", least=-1.0)
    >>> finite(wild, "fund")
    >>> finite(wild.replace(0.52, 0.5), "fund", least=-1.0)
    Traceback (most recent call last):
    ...
    ValueError: fund: the typical month moves by 52%; in percent? Write 0.012 for 1.2%
    >>> finite(wild.replace([0.52, -0.52], 0.5), "fund", least=-1.0)

    It goes on in ``months.md``.
    """
    x = _plain(table, what, error)
    bad = np.argwhere(~(np.isfinite(x) & (x >= least)))
    if bad.size:
        row, *column = bad[0].tolist()
        name = f" column {table.columns[column[0]]!r}," if column else ""
        value = x[tuple(bad[0])]
        hint = "; in percent? Write 0.012 for 1.2%" if value < least else ""
        raise error(f"{what}:{name} {named(table.index[row])}: {value} is no return{hint}")
    if least > -math.inf and len(x) >= 12:
        name, typical = _wildest(table, x)
        if typical > TYPICAL:
            raise error(
                f"{what}:{name} the typical month moves by {typical:.0%}; in percent? "
                f"Write 0.012 for 1.2%"
            )


def _plain(table: pd.Series | pd.DataFrame, what: str, error: type[ValueError]) -> Array:
    """The values as floats; text is refused, also where it could be read as a number."""
    given = np.asarray(table)
    try:
        if given.dtype == object and any(isinstance(value, str) for value in given.ravel()):
            raise TypeError
        return given.astype(float)
    except (TypeError, ValueError):
        raise error(
            f"{what}: some returns are text; give decimal numbers, 0.012 for 1.2%"
        ) from None


def _wildest(table: pd.Series | pd.DataFrame, x: Array) -> tuple[str, float]:
    """The typical move of the column that moves most, and the words that name it in a table: one
    fund in percent hides among many that are not."""
    if not x.size:
        return "", 0.0
    typical = np.median(np.abs(x), axis=0)
    if x.ndim == 1:
        return "", float(typical)
    most = int(np.argmax(typical))
    return f" column {table.columns[most]!r},", float(typical[most])


def same(a: object, b: object, what: str, *, error: type[ValueError] = ValueError) -> None:
    """Raise `error` where two series are not of the same months, row by row.

    Parameters
    ----------
    a, b : the two; what carries no labels is let through.
    what : what a message calls them.
    error : what is raised, naming the first month that only one of them has.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=4, freq="M")
    >>> fund = pd.Series([0.01, 0.02, 0.03], months[:3])
    >>> same(fund, pd.Series([0.0, 0.1, 0.2], months[:3].to_timestamp(how="end")), "the two")
    >>> same(fund, [0.01, 0.02], "the two")  # no labels
    >>> same(fund, pd.Series([0.01, 0.02, 0.03], months[1:]), "the two")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the two are not of the same months: 2020-01 is in one of them only; join them by ...
    >>> same(fund, fund.head(2), "the two")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the two are not of the same months: 2020-03 is in one of them only; join them by ...
    >>> same(fund, fund.iloc[[0, 2, 1]], "the two", error=KeyError)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    KeyError: 'the two are not of the same months: they are in different orders; join them by ...
    >>> same(pd.Series([1.0, 2.0], ["a", "b"]), pd.Series([3.0, 4.0], ["a", "b"]), "the two")
    >>> same(pd.Series([1.0, 2.0], ["a", "b"]), pd.Series([3.0, 4.0], ["a", "c"]), "the two")
    Traceback (most recent call last):
    ...
    ValueError: the two do not have the same rows; join them by their labels first
    >>> for labels in (["a", "b", "c"], ["b", "a"], ["a"]):  # without months; in another order
    ...     try:
    ...         other = fund if len(labels) == 3 else pd.Series([1.0, 2.0], ["a", "b"])
    ...         same(other, pd.Series(1.0, labels), "the two")
    ...     except ValueError as refused:
    ...         print(refused)
    the two do not have the same rows; join them by their labels first
    the two do not have the same rows; join them by their labels first
    the two do not have the same rows; join them by their labels first

    It goes on in ``months.md``.
    """
    if not isinstance(a, (pd.Series, pd.DataFrame)) or not isinstance(b, (pd.Series, pd.DataFrame)):
        return
    one = _periods(a.index)
    other = _periods(b.index)
    if one is None or other is None:
        if len(a) != len(b) or not a.index.equals(b.index):
            raise error(f"{what} do not have the same rows; join them by their labels first")
        return
    if len(one) == len(other) and (one == other).all():
        return
    alone = one.symmetric_difference(other)
    named = f"{alone[0]} is in one of them only" if len(alone) else "they are in different orders"
    raise error(f"{what} are not of the same months: {named}; join them by month first")


#: A month or a day as it stands in files: 2026-11, 2026-11-30, 202611.
_WRITTEN = re.compile(r"(\d{4})-?(0[1-9]|1[0-2])(-\d{2}.*)?")


def _periods(index: pd.Index) -> pd.PeriodIndex | None:
    """The months of an index, None for one without dates."""
    if isinstance(index, pd.PeriodIndex):
        return index.asfreq("M")
    if isinstance(index, pd.DatetimeIndex):
        return index.to_period("M")
    if isinstance(index, pd.MultiIndex) or not len(index):
        return None
    written = []
    for label in index:
        found = _WRITTEN.fullmatch(str(label))
        if found is None:  # the first says it of an index that only counts
            return None
        written.append(f"{found[1]}-{found[2]}")
    return pd.PeriodIndex(written, freq="M")


def named(label: object) -> str:
    """A month as 2026-11, whatever kind of date labels it.

    Examples
    --------
    >>> named(pd.Timestamp("2026-11-30")), named(pd.Period("2026-11", "M")), named("November")
    ('2026-11', '2026-11', 'November')

    It goes on in ``months.md``.
    """
    return f"{label:%Y-%m}" if isinstance(label, (date, pd.Period)) else str(label)
