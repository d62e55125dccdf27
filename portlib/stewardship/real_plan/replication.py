"""Do the L Funds hold what is published, and how are they rebalanced? Asked of their daily returns.

A fund that goes back to target weights ``w`` every day earns ``w.r``. One that goes back a day late
starts the day with the weights that yesterday left::

    on the day    w_t . r_t
    a day late    w~_t . r_t,    w~_t = w_t (1 + r_{t-1}) / (1 + w_t . r_{t-1})

Over an ordinary month the two are the same to a hundredth of a percent; in a market that turns
every day they are not. `switched` dates the day on which one account of a fund gives way to another
by least squares: ``min over d of  sum_{t<d} a_t^2 + sum_{t>=d} b_t^2``. Sources of the method:
Quandt (1958) for the switch; the rest is arithmetic.

Left out: cash flows into the fund, fees (both are inside the five funds' prices), rounding of
prices to two decimals before July 2008.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


def on_the_day(days: pd.DataFrame, targets: pd.DataFrame) -> pd.Series:
    """Returns of a fund that starts every day at its target weights (days, funds).

    Examples
    --------
    >>> dates = pd.bdate_range("2026-01-05", periods=3)
    >>> days = pd.DataFrame({"c": [0.02, -0.05, 0.01], "g": [0.001, 0.0, 0.002]}, dates)
    >>> targets = pd.DataFrame({"g": [0.4, 0.4, 0.3], "c": [0.6, 0.6, 0.7]}, dates)
    >>> on_the_day(days, targets).round(6).tolist()  # 0.0004 + 0.012, -0.03, 0.0006 + 0.007
    [0.0124, -0.03, 0.0076]

    What is missing is not nothing: not a day, a fund or a return.

    >>> later = targets.set_axis(dates + pd.Timedelta(days=7))
    >>> for wrong in (later, targets[["g"]], targets.assign(c=[0.6, 0.6, None])):
    ...     try:
    ...         on_the_day(days, wrong)
    ...     except ValueError as error:
    ...         print(error)
    returns and targets are not of the same days; join them by day first
    returns and targets are not of the same funds: c
    targets: 2026-01-07 is missing; leave the day out of all
    >>> on_the_day(days.where(days != -0.05), targets)
    Traceback (most recent call last):
    ...
    ValueError: returns: 2026-01-06 is missing; leave the day out of all
    """
    _known(returns=days, targets=targets)
    return (targets * days).sum(axis=1)


def a_day_late(days: pd.DataFrame, targets: pd.DataFrame) -> pd.Series:
    """Returns of a fund that starts every day at the weights to which yesterday took its target.

    The first day, of which no yesterday is given, starts at its target.

    Examples
    --------
    The second day starts at the first day's end, 0.4 * 1.001 of 1.0124 in G; the third at its own
    target, taken to where the second day's returns would have led.

    >>> dates = pd.bdate_range("2026-01-05", periods=3)
    >>> days = pd.DataFrame({"c": [0.02, -0.05, 0.01], "g": [0.001, 0.0, 0.002]}, dates)
    >>> targets = pd.DataFrame({"g": [0.4, 0.4, 0.3], "c": [0.6, 0.6, 0.7]}, dates)
    >>> expected = [0.0124, -0.05 * 0.612 / 1.0124, (0.002 * 0.3 + 0.01 * 0.665) / 0.965]
    >>> bool(np.allclose(a_day_late(days, targets), expected, atol=1e-15))
    True
    >>> a_day_late(days.where(days != 0.02), targets)
    Traceback (most recent call last):
    ...
    ValueError: returns: 2026-01-05 is missing; leave the day out of all

    Of several the first day is named, and a fund that either alone has; targets are asked as well:

    >>> cut = targets.iloc[:1].reindex(dates)
    >>> for told, aims in ((days, cut), (days.assign(f=0.0), targets), (days, targets.assign(s=0))):
    ...     try:
    ...         a_day_late(told, aims)
    ...     except ValueError as refusal:
    ...         print(refusal)
    targets: 2026-01-06 is missing; leave the day out of all
    returns and targets are not of the same funds: f
    returns and targets are not of the same funds: s
    """
    _known(returns=days, targets=targets)
    before = days.shift(1).fillna(0.0)
    drifted = targets * (1 + before)
    return (drifted.div(drifted.sum(axis=1), axis=0) * days).sum(axis=1)


def _known(**tables: pd.Series | pd.DataFrame) -> None:
    """Refuse tables of other days or funds, and missing figures, which a sum takes for nothing."""
    (first, table), *rest = tables.items()
    for name, other in rest:
        if not other.index.equals(table.index):
            raise ValueError(f"{first} and {name} are not of the same days; join them by day first")
        both = isinstance(table, pd.DataFrame) and isinstance(other, pd.DataFrame)
        apart = sorted(set(map(str, table)) ^ set(map(str, other))) if both else []
        if apart:
            raise ValueError(f"{first} and {name} are not of the same funds: {', '.join(apart)}")
    for name, one in tables.items():
        lost = one.index[pd.DataFrame(one).isna().any(axis=1)]
        if len(lost):
            raise ValueError(f"{name}: {lost[0]:%Y-%m-%d} is missing; leave the day out of all")


class Slope(NamedTuple):
    """How much of a day's lateness a fund's returns show: 0 on the day, 1 a day late."""

    value: float
    error: float
    correlation: float


def lateness(fund: pd.Series, days: pd.DataFrame, targets: pd.DataFrame) -> Slope:
    """Slope of what a fund earned beyond its targets on what a day's lateness would have added.

    Through the origin, error from squared residuals (White 1980).

    Parameters
    ----------
    fund : Series
        Daily returns, decimals.
    days, targets : DataFrame (days, funds)
        Daily returns of what it holds, and its target weights, by the same days.

    Returns
    -------
    Slope

    Raises
    ------
    ValueError
        Where the market never moved.

    Examples
    --------
    A fund that is a quarter of the way late, but for noise; the error is White's, term by term.

    >>> dates = pd.bdate_range("2026-01-05", periods=200)
    >>> rng = np.random.default_rng(1)
    >>> days = pd.DataFrame(rng.normal(0, [0.01, 0.03], (200, 2)), dates, ["f", "c"])
    >>> targets = pd.DataFrame({"c": 0.6, "f": 0.4}, dates)
    >>> base, late = on_the_day(days, targets), a_day_late(days, targets)
    >>> noise = pd.Series(1e-5 * rng.standard_normal(200), dates)
    >>> found = lateness(base + 0.25 * (late - base) + noise, days, targets)
    >>> x, y = late - base, 0.25 * (late - base) + noise
    >>> slope = (x * y).sum() / (x * x).sum()
    >>> bool(np.isclose(found.value, slope)), round(found.value, 2)
    (True, 0.25)
    >>> error = sum((x * (y - slope * x)) ** 2) ** 0.5 / sum(x * x)
    >>> bool(np.isclose(found.error, error)), bool(np.isclose(found.correlation, x.corr(y)))
    (True, True)
    >>> lateness(base, 0 * days, targets)
    Traceback (most recent call last):
    ...
    ValueError: the market never moved: on the day and a day late are the same
    >>> lateness(base.iloc[1:], days, targets)
    Traceback (most recent call last):
    ...
    ValueError: the fund and returns are not of the same days; join them by day first
    """
    told: dict[str, pd.Series | pd.DataFrame] = {"the fund": fund, "returns": days}
    _known(**told)
    base = on_the_day(days, targets)
    beyond = (fund - base).to_numpy(float)
    late = (a_day_late(days, targets) - base).to_numpy(float)
    square = float(late @ late)
    if not square > 0:
        raise ValueError("the market never moved: on the day and a day late are the same")
    slope = float(late @ beyond) / square
    rest = beyond - slope * late
    error = float(np.sqrt((late**2) @ (rest**2))) / square
    return Slope(slope, error, float(np.corrcoef(late, beyond)[0, 1]))


class Switch(NamedTuple):
    """The first day of the second account, and how many times smaller its squared error is from
    there on (`after`) and was larger until then (`before`)."""

    day: pd.Timestamp
    before: float
    after: float


def switched(fund: pd.Series, first: pd.Series, second: pd.Series) -> Switch:
    """The day on which a fund's returns begin to follow `second` instead of `first`, by least
    squares over all days.

    Parameters
    ----------
    fund, first, second : Series
        Daily returns on the same days, decimals.

    Returns
    -------
    Switch

    Raises
    ------
    ValueError
        Where the returns follow one of them throughout.

    Examples
    --------
    >>> days = pd.date_range("2026-01-05", periods=4)
    >>> first, second = (pd.Series(one, days) for one in ([0.01] * 4, [0.02] * 4))
    >>> switched(pd.Series([0.01, 0.01, 0.02, 0.02], days), first, second)[0]
    Timestamp('2026-01-07 00:00:00')

    In squares of 0.1%: until the switch the second account misses 100 and 81 and the first 1 and 0;
    from there on the first misses 64, 100 and the second 4, 1.

    >>> seen = pd.Series([0.011, 0.010, 0.018, 0.019], days) + [0.0, 0.001, 0.0, 0.002]
    >>> found = switched(pd.Series([0.011, 0.010, 0.018, 0.019], days), first, second)
    >>> f"{found.day:%d}", round(found.before, 6), round(found.after, 6)  # 181 / 1, 145 / 5
    ('07', 181.0, 29.0)
    >>> switched(first, first, second)
    Traceback (most recent call last):
    ...
    ValueError: the returns follow one account throughout, from 2026-01
    >>> switched(second, first, second)
    Traceback (most recent call last):
    ...
    ValueError: the returns follow one account throughout, from 2026-01
    >>> switched(seen, first, second.shift(1))
    Traceback (most recent call last):
    ...
    ValueError: the second account: 2026-01-05 is missing; leave the day out of all
    >>> switched(seen.iloc[:3], first, second)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the fund and the first account are not of the same days; ...
    """
    _known(**{"the fund": fund, "the first account": first, "the second account": second})
    a = ((fund - first) ** 2).to_numpy(float)
    b = ((fund - second) ** 2).to_numpy(float)
    whole = np.concatenate([[0.0], np.cumsum(a)]) + b.sum() - np.concatenate([[0.0], np.cumsum(b)])
    at = int(np.argmin(whole))
    if at in (0, len(fund)):
        raise ValueError(f"the returns follow one account throughout, from {fund.index[0]:%Y-%m}")
    tiny = np.finfo(float).tiny
    return Switch(
        pd.Timestamp(fund.index[at]),
        float(b[:at].sum() / max(a[:at].sum(), tiny)),
        float(a[at:].sum() / max(b[at:].sum(), tiny)),
    )
