"""What did each way of rebalancing earn on the plan's own daily prices, under its own rule?

An account starts at a target of the five funds and drifts with daily returns; when its rule speaks
at the end of a day it goes back to the target at the next day's start. Two transfers a calendar
month are free; after them money may only go to the G Fund (5 CFR 1601.32(b)), so a third return to
target is refused. Contributions are no transfer::

    w' = w (1 + r) / (1 + w.r);     new money goes to what is below target

Left out: costs (the plan charges none for a transfer), the noon rule, prices within the day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.estimation.months import daily as daily_returns
from portlib.ranges import SHARE, door, number
from portlib.records import Array
from portlib.stewardship.rebalancing import new_money
from portlib.stewardship.rebalancing.triggers import ROUNDING

#: A day's weights and target, and whether the day ends a month, a quarter or a year.
Rule = Callable[[Array, Array, str], bool]
_PERIODS = ("month", "quarter", "year")


def calendar(period: str) -> Rule:
    """Speaks on the last day of each ``month``, ``quarter`` or ``year``.

    Examples
    --------
    >>> ends = ("", "month", "quarter", "year")
    >>> w = t = np.array([0.6, 0.3, 0.1])
    >>> [[calendar(period)(w, t, end) for end in ends] for period in ends[1:]]
    [[False, True, True, True], [False, False, True, True], [False, False, False, True]]
    >>> calendar("week")
    Traceback (most recent call last):
    ...
    ValueError: no period 'week'; use one of month, quarter, year
    >>> daily()(w, t, ""), never()(w, t, "year")
    (True, False)
    """
    if period not in _PERIODS:
        raise ValueError(f"no period {period!r}; use one of {', '.join(_PERIODS)}")
    longer = _PERIODS[_PERIODS.index(period) :]
    return lambda w, t, ends: ends in longer


def daily() -> Rule:
    """Speaks every day."""
    return lambda w, t, ends: True


@door(absolute=SHARE, relative=SHARE)
def drift(absolute: float, relative: float) -> Rule:
    """Speaks when some weight is off target by more than the lesser of `absolute` and `relative`
    of the target. Of what has no target nothing may be held, since any part of nothing is nothing.

    Examples
    --------
    Five points, or a quarter of the target where that is less: of 10% it is 2.5 points.

    >>> speaks = drift(0.05, 0.25)
    >>> t = np.array([0.6, 0.3, 0.1])
    >>> [speaks(t + np.array(off), t, "") for off in ([-0.04, 0.016, 0.024], [-0.04, 0.014, 0.026])]
    [False, True]
    >>> [
    ...     speaks(t + np.array(off), t, "")
    ...     for off in ([-0.051, 0.04, 0.011], [-0.02, 0.047, -0.027])
    ... ]
    [True, True]
    >>> drift(0.25, 1.0)(
    ...     np.array([0.5, 0.5]), np.array([0.25, 0.75]), ""
    ... )  # at the limit, not beyond
    False
    >>> speaks(np.array([0.55, 0.45]), np.array([0.5, 0.5]), "")  # but for rounding
    False
    >>> all_in, crumb = np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.499, 0.001])
    >>> speaks(all_in, all_in, ""), speaks(crumb, all_in, "")
    (False, True)
    """

    def speak(w: Array, t: Array, ends: str) -> bool:
        return bool((np.abs(w - t) > np.minimum(absolute, relative * t) + ROUNDING).any())

    return speak


def never() -> Rule:
    """Never speaks."""
    return lambda w, t, ends: False


@dataclass(frozen=True, eq=False)
class Followed:
    """Daily returns, weights at each day's end, days of transfers, and days on which one was
    refused."""

    returns: pd.Series
    weights: pd.DataFrame
    transfers: pd.DatetimeIndex
    refused: pd.DatetimeIndex


def follow(
    days: pd.DataFrame,
    target: pd.Series,
    rule: Rule,
    *,
    most: int | None = 2,
    contribution: float = 0.0,
) -> Followed:
    """An account through daily returns.

    Parameters
    ----------
    days : returns (days, funds), none missing
    target : weights by fund, summing to one
    rule : when to go back
    most : transfers a calendar month that are carried out; None: all
    contribution : new money on each month's last day, as a share of the account; it goes to what is
        below target and is part of no return

    Raises
    ------
    ValueError
        Naming the day of a missing return; for days out of order or in percent, and for a target of
        other funds or that does not sum to one.

    Examples
    --------
    Three days of the end of January and two of February; the account goes back at each month's end,
    so that February starts at the target.

    >>> index = pd.to_datetime(["2026-01-29", "2026-01-30", "2026-02-02", "2026-02-03"])
    >>> days = pd.DataFrame({"g": [0.0, 0.001, 0.0, 0.0], "c": [0.05, -0.02, 0.03, -0.1]}, index)
    >>> days["s"] = [-0.04, 0.06, 0.01, 0.02]
    >>> target = pd.Series({"s": 0.2, "g": 0.5, "c": 0.3})
    >>> found = follow(days, target, calendar("month"))
    >>> first = [0.5, 0.3 * 1.05, 0.2 * 0.96]  # 1.007
    >>> second = [0.5 * 1.001, first[1] * 0.98, first[2] * 1.06]
    >>> expected = [0.007, sum(second) / 1.007 - 1, 0.3 * 0.03 + 0.2 * 0.01]
    >>> bool(np.allclose(found.returns.iloc[:3], expected, atol=1e-15))
    True
    >>> bool(np.allclose(found.weights.iloc[1], np.array(second) / sum(second)))
    True
    >>> (
    ...     [f"{day:%m-%d}" for day in found.transfers],
    ...     len(found.refused),
    ... )  # the record's last is no end
    (['01-30'], 0)

    It goes on in ``rebalanced.md``.
    """
    daily_returns(days, "days")
    if set(target.index) != set(days.columns) or not target.index.is_unique:
        raise ValueError(f"the target is of {', '.join(map(str, target.index))}, not of the funds")
    if most is not None and most < 0:
        raise ValueError(f"{most} transfers a month: give zero or more, or None for all")
    number("contribution", contribution, **SHARE)
    t = target.reindex(days.columns).to_numpy(float)
    if not abs(t.sum() - 1) < 1e-9:
        raise ValueError(f"the target sums to {t.sum():.6g}, not to one")
    calendar_days = pd.DatetimeIndex(days.index)
    ends = _ends(calendar_days)
    months = calendar_days.to_period("M")
    w = t.copy()
    used = 0
    earned = np.empty(len(days))
    kept = np.empty(days.shape)
    done, refused = [], []
    for at, r in enumerate(days.to_numpy(float)):
        if at and months[at] != months[at - 1]:
            used = 0
        grown = w * (1 + r)
        value = grown.sum()
        earned[at] = value - 1
        w = grown / value
        kept[at] = w
        if contribution and ends[at]:
            w = (w + new_money(w, t, contribution)) / (1 + contribution)
        if rule(w, t, ends[at]) and np.abs(w - t).max() > 1e-12:
            if most is not None and used >= most:
                refused.append(days.index[at])
            else:
                used += 1
                done.append(days.index[at])
                w = t.copy()
    return Followed(
        pd.Series(earned, days.index),
        pd.DataFrame(kept, days.index, days.columns),
        pd.DatetimeIndex(done),
        pd.DatetimeIndex(refused),
    )


def _ends(index: pd.DatetimeIndex) -> list[str]:
    """By day the longest period that it ends, or nothing."""
    found = []
    following = [*index[1:], index[-1] + pd.offsets.BDay(1)]
    for day, after in zip(index, following, strict=True):
        if day.year != after.year:
            found.append("year")
        elif day.quarter != after.quarter:
            found.append("quarter")
        else:
            found.append("month" if day.month != after.month else "")
    return found


def growth(returns: pd.Series) -> float:
    """Geometric return a year, of calendar time; the first return is of the first day.

    Examples
    --------
    Of calendar time: 401 days with the first and the last.

    >>> when = pd.to_datetime(["2026-01-05", "2026-09-01", "2027-02-09"])
    >>> earned = growth(pd.Series([0.02, -0.01, 0.05], when))
    >>> bool(np.isclose(earned, (1.02 * 0.99 * 1.05) ** (365.25 / 401) - 1, rtol=1e-12))
    True
    """
    daily_returns(returns, "returns")
    years = ((returns.index[-1] - returns.index[0]).days + 1) / 365.25
    return float(np.expm1(np.log1p(returns).sum() / years))


def fall(returns: pd.Series) -> float:
    """The deepest fall from a highest day's end, as a positive share.

    Examples
    --------
    >>> days = pd.date_range("2026-01-05", periods=3)
    >>> round(fall(pd.Series([0.10, -0.50, 0.20], days)), 9)
    0.5

    A fall from the start counts, and the deepest is not always the last: 1.0, 0.9, 1.08, 1.026.

    >>> (
    ...     round(fall(pd.Series([-0.10, 0.20, -0.05], days)), 9),
    ...     fall(pd.Series([0.1, 0.0, 0.2], days)),
    ... )
    (0.1, 0.0)
    >>> for measure in (growth, fall):
    ...     try:
    ...         measure(pd.Series([0.1, None, 0.2], days))
    ...     except ValueError as error:
    ...         print(str(error).split(":")[0])
    returns
    returns
    """
    daily_returns(returns, "returns")
    value = np.concatenate([[1.0], (1 + returns).cumprod()])
    return float((1 - value / np.maximum.accumulate(value)).max())
