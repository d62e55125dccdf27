"""Were the forecasts of a tail right: broken as often as they say, not in a row, and not by more?

Every test asks how likely a record as bad is where forecasts are right: the number of breaches
(Kupiec), one after the other (Christoffersen), their size (Acerbi and Szekely). Forecasts are made
on past months alone (`walk_forward`).

Left out: power, which the chapter measures.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from portlib.construction.engines import TIE
from portlib.construction.tail_risk.measures import Values, normal_quantile, tail_mass
from portlib.estimation.months import monthly, same
from portlib.ranges import COUNT, door, number, numbers
from portlib.records import Array


class Verdict(NamedTuple):
    """A likelihood ratio, and the chance of one as large where forecasts are right (chi-squared,
    one degree)."""

    statistic: float
    p_value: float


@door(months=COUNT, ahead=COUNT)
def walk_forward(returns: ArrayLike, months: int, ahead: int = 12) -> tuple[Array, Array]:
    """Past windows, and what came after each.

    Parameters
    ----------
    returns : array (T, ...)
        Monthly; a Series or DataFrame is checked for missing and misdated months.
    months : int
        Length of a window.
    ahead : int
        Months after each window, and from one window to the next.

    Returns
    -------
    past : array (k, months, ...)
    after : array (k, ahead, ...)

    Raises
    ------
    ValueError
        Where there is no window with its months after it.

    Examples
    --------
    Eight months, windows of three, each with the two after it; the eighth month has none beside it.

    >>> past, after = walk_forward(range(8), 3, 2)
    >>> past.tolist(), after.tolist()
    ([[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]], [[3.0, 4.0], [5.0, 6.0]])
    >>> walk_forward(range(5), 3, 2)[1].tolist()
    [[3.0, 4.0]]
    >>> walk_forward(range(4), 3, 2)
    Traceback (most recent call last):
    ...
    ValueError: 4 months do not hold a window of 3 and 2 after it
    >>> len(walk_forward(range(36), 12)[0])  # a year ahead, unless said
    2

    >>> for months, ahead in ((0, 2), (3, 0)):
    ...     try:
    ...         walk_forward(range(8), months, ahead)
    ...     except ValueError as said:
    ...         print(str(said).partition(":")[0])
    months is 0
    ahead is 0
    >>> days = pd.to_datetime(["2026-01-31", "2026-02-28", "2026-04-30"])
    >>> walk_forward(pd.Series([0.01, 0.02, 0.03], days), 1, 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: returns: no return for 2026-03; ...

    It goes on in ``backtests.md``.
    """
    if isinstance(returns, (pd.Series, pd.DataFrame)):
        monthly(returns, "returns")
    number("months", months, least=1)
    number("ahead", ahead, least=1)
    x = np.asarray(returns, float)
    starts = range(months, len(x) - ahead + 1, ahead)
    if not starts:
        raise ValueError(f"{len(x)} months do not hold a window of {months} and {ahead} after it")
    return np.stack([x[t - months : t] for t in starts]), np.stack(
        [x[t : t + ahead] for t in starts]
    )


@door()
def kupiec(breaches: ArrayLike, level: float) -> Verdict:
    """Do losses exceed the VaR as often as the level says? The proportion of failures (Kupiec
    1995).

    Parameters
    ----------
    breaches : array (T,)
        Per forecast: broken (1) or kept (0).
    level : float
        Of the VaR, between 0 and 1: 0.95 expects a twentieth to be broken.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        For no forecast, entries other than 0 and 1, or a level outside 0 to 1.

    Examples
    --------
    A level of 95% broken 5 times in 100 says nothing against it; 12 times does.

    >>> kupiec([1] * 5 + [0] * 95, 0.95)
    Verdict(statistic=0.0, p_value=1.0)
    >>> round(kupiec([1] * 12 + [0] * 88, 0.95).p_value, 3)
    0.006

    The ratio is ``2 ln`` of how much likelier the record is at its own rate; a square of a normal
    variable has the chance of either side.

    >>> found = kupiec([1] * 12 + [0] * 88, 0.95)
    >>> by_hand = 2 * (12 * math.log(0.12 / 0.05) + 88 * math.log(0.88 / 0.95))
    >>> abs(found.statistic - by_hand) < 1e-9
    True
    >>> from statistics import NormalDist
    >>> abs(found.p_value - 2 * NormalDist().cdf(-math.sqrt(by_hand))) < 1e-9
    True
    >>> abs(kupiec([0] * 100, 0.95).statistic - 200 * math.log(1 / 0.95)) < 1e-9  # never broken
    True
    >>> kupiec([1, 0.5, 0], 0.95)
    Traceback (most recent call last):
    ...
    ValueError: a backtest needs 1 forecasts or more, each kept (0) or broken (1)

    It goes on in ``backtests.md``.
    """
    hits = _breaches(breaches, 1)
    normal_quantile(level)
    n = len(hits)
    k = int(hits.sum())
    return _ratio([(n, k, k / n)], (n, k, 1 - level))


def christoffersen(breaches: ArrayLike) -> Verdict:
    """Does one breach make another more likely next time? The test of independence (Christoffersen
    1998).

    Parameters
    ----------
    breaches : array (T,)
        Per forecast, in order of time: broken (1) or kept (0); at least two.

    Returns
    -------
    Verdict

    Raises
    ------
    ValueError
        For fewer than two forecasts, or entries other than 0 and 1.

    Examples
    --------
    After six quiet months two breaches came, after three breaches two more; together four in nine.

    >>> found = christoffersen([0, 0, 1, 1, 1, 0, 0, 0, 0, 1])
    >>> apart = 2 * math.log(2 / 6) + 4 * math.log(4 / 6) + 2 * math.log(2 / 3) + math.log(1 / 3)
    >>> abs(found.statistic - 2 * (apart - 4 * math.log(4 / 9) - 5 * math.log(5 / 9))) < 1e-9
    True
    >>> christoffersen([0, 0]).p_value
    1.0
    >>> christoffersen([1])
    Traceback (most recent call last):
    ...
    ValueError: a backtest needs 2 forecasts or more, each kept (0) or broken (1)

    It goes on in ``backtests.md``.
    """
    hits = _breaches(breaches, 2)
    after = [x for x in (hits[1:][~hits[:-1]], hits[1:][hits[:-1]], hits[1:]) if len(x)]
    *apart, together = [(len(x), int(x.sum()), float(x.mean())) for x in after]
    return _ratio(apart, together)


def _breaches(breaches: ArrayLike, least: int) -> NDArray[np.bool_]:
    if isinstance(breaches, pd.Series):
        monthly(breaches.astype(float), "breaches")
    hits = numbers("a breach, 0 or 1,", np.asarray(breaches, float), least=0, most=1).ravel()
    if len(hits) < least or not np.isin(hits, (0.0, 1.0)).all():
        raise ValueError(f"a backtest needs {least} forecasts or more, each kept (0) or broken (1)")
    return hits.astype(bool)


@door()
def acerbi_szekely(
    returns: ArrayLike, var: ArrayLike, cvar: ArrayLike, level: float
) -> tuple[Values, Values]:
    """Are losses beyond the forecast VaR as large as the forecast CVaR, over the last axis of (...,
    T)?

    Parameters
    ----------
    returns : array (..., T)
        What came, decimals of one period.
    var, cvar : arrays that broadcast to (..., T)
        What was forecast for it: losses, positive, decimals.
    level : float
        Of both, between 0 and 1.

    Returns
    -------
    z1, z2 : arrays (...)
        Z1 judges the size of breaches (nan without one), Z2 their number too: zero is expected,
        less is worse, and draws from the forecasts say what is unusual.

    Raises
    ------
    ValueError
        Unless every CVaR is positive and there is one forecast a return.

    References
    ----------
    Acerbi and Szekely (2014).

    Examples
    --------
    Losses of 9% and 5% break a VaR of 4%; one of exactly 4% does not. Their shares of the forecast
    CVaR of 6% sum to 14/6: over the two breaches, and over the 1.5 that a level of 75% expects.

    >>> z1, z2 = acerbi_szekely([-0.09, 0.02, -0.05, 0.01, -0.04, 0.03], 0.04, 0.06, 0.75)
    >>> np.allclose([z1, z2], [1 - 14 / 6 / 2, 1 - 14 / 6 / 1.5])
    True

    One forecast a month; nothing broken has no size, and is better than expected.

    >>> quiet = acerbi_szekely([-0.03, 0.02], [0.04, 0.02], [0.05, 0.03], 0.75)
    >>> [float(z) for z in quiet]
    [nan, 1.0]
    >>> acerbi_szekely([-0.03, 0.02], 0.04, [0.05, -0.01], 0.75)
    Traceback (most recent call last):
    ...
    ValueError: every forecast CVaR must be positive, as losses are; the least is -0.01
    >>> acerbi_szekely([-0.03, 0.02], 0.04, 0.0, 0.75)
    Traceback (most recent call last):
    ...
    ValueError: every forecast CVaR must be positive, as losses are; the least is 0

    >>> acerbi_szekely([-0.03, 0.02], [0.04, 0.02, 0.03], 0.05, 0.75)
    Traceback (most recent call last):
    ...
    ValueError: (2,) returns, (3,) VaR and () CVaR: give one a month

    Rows are records: the second, in half the losses, broke its VaR once in two months.

    >>> both = np.array([[-0.09, 0.02], [-0.045, 0.01]])
    >>> [z.round(9).tolist() for z in acerbi_szekely(both, 0.04, 0.06, 0.75)]
    [[-0.5, 0.25], [-2.0, -0.5]]

    It goes on in ``backtests.md``.
    """
    same(returns, var, "returns and VaR")
    same(returns, cvar, "returns and CVaR")
    x = numbers("a return", returns)
    v = numbers("a VaR", var)
    c = numbers("a CVaR", cvar)
    try:
        together: tuple[int, ...] | None = np.broadcast_shapes(x.shape, v.shape, c.shape)
    except ValueError:
        together = None
    if not x.size or not c.size or together != x.shape:
        raise ValueError(f"{x.shape} returns, {v.shape} VaR and {c.shape} CVaR: give one a month")
    least = np.min(c)
    if not least > 0:
        raise ValueError(
            f"every forecast CVaR must be positive, as losses are; the least is {least:.4g}"
        )
    breach = x < -np.asarray(var, float)
    total = np.where(breach, x / np.asarray(cvar, float), 0.0).sum(axis=-1)
    count = breach.sum(axis=-1)
    return total / np.where(count > 0, count, np.nan) + 1, total / tail_mass(level, x.shape[-1]) + 1


@door()
def simulated_p_value(observed: float, simulated: Array) -> float:
    """How often is a statistic drawn under the forecasts as low as the one observed, which counts
    as one draw?

    Parameters
    ----------
    observed : float
    simulated : array (k,)
        One a draw; a draw that has no value (nan) counts nothing.

    Returns
    -------
    float
        Above 0, at most 1.

    Raises
    ------
    ValueError
        For no draw, or none that has a value.

    Examples
    --------
    Of three draws that have a value two are as low; with the record itself three in four.

    >>> simulated_p_value(-1.0, np.array([-2.0, 0.5, -1.0, np.nan]))
    0.75
    >>> simulated_p_value(-1.0, np.array([]))
    Traceback (most recent call last):
    ...
    ValueError: a p-value needs statistics drawn under the forecasts, one a draw

    It goes on in ``backtests.md``.
    """
    if np.ndim(simulated) != 1 or np.isnan(simulated).all():
        raise ValueError("a p-value needs statistics drawn under the forecasts, one a draw")
    return (1 + int(np.sum(simulated <= observed))) / (1 + int(np.sum(~np.isnan(simulated))))


def _ratio(fitted: list[tuple[int, int, float]], claimed: tuple[int, int, float]) -> Verdict:
    """From trials, breaches and the chance of one; what cannot happen and did not counts
    nothing."""
    n, k, chance = np.array([*fitted, claimed]).T
    log = k * np.log(np.maximum(chance, TIE)) + (n - k) * np.log(np.maximum(1 - chance, TIE))
    gain = max(0.0, float(log[:-1].sum() - log[-1]))
    return Verdict(2 * gain, math.erfc(math.sqrt(gain)))
