"""How much is lost when it goes badly?

A loss is minus a return: losses and all that is measured from them are positive when money is lost.
At level b (0.95: the worst twentieth), of T equally likely scenarios m = (1 - b) T are in the tail,
and::

    VaR   is the smallest loss that at least a share b of the scenarios does not exceed,
    CVaR  the mean of the m largest losses, the last of them counted in part where m is no whole
          number,
          = min over a of  a + sum max(loss_t - a, 0) / m

(Rockafellar and Uryasev 2000, 2002). Expected shortfall is CVaR. Left out: what is in no scenario.
Decimals of one period, of any length.
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from portlib.construction.engines import TIE
from portlib.estimation.months import array
from portlib.ranges import POSITIVE, VOLATILITY, door, number, numbers
from portlib.records import Array

#: How far a distance may exceed its limit and, per unit of the worst loss, a CVaR its proven bound.
SURE = 1e-9

#: A cubic may turn where luck is rarer than one part in so many of the tail.
RARE = 100

Values = float | Array


class Tail(NamedTuple):
    """Value at risk and conditional value at risk: losses, positive, decimals."""

    var: Values
    cvar: Values


@door()
def historical(returns: ArrayLike, level: float) -> Tail:
    """VaR and CVaR of equally likely returns, exact for any T and level.

    Parameters
    ----------
    returns : array (..., T)
        Decimals of one period; the last axis are scenarios.
    level : float
        Between 0 and 1: 0.95 is the worst twentieth. At level 0 CVaR is the mean loss, near 1 the
        worst.

    Returns
    -------
    Tail
        Of shape (...).

    Raises
    ------
    ValueError
        For a level outside 0 to 1, and for returns that are none or not finite.

    References
    ----------
    Rockafellar and Uryasev (2002), proposition 8.
    """
    losses = -np.atleast_1d(array(returns, "returns"))
    mass = tail_mass(level, losses.shape[-1])
    count = losses.shape[-1]
    whole = min(int(mass + SURE), count - 1)
    worst = np.partition(losses, count - 1 - whole, axis=-1)[..., count - 1 - whole :]
    var = worst[..., 0][()]
    return Tail(var, (worst[..., 1:].sum(axis=-1) + (mass - whole) * var) / mass)


@door()
def normal(mean: Values, volatility: Values, level: float) -> Tail:
    """VaR ``z s - m`` and CVaR ``phi(z) / (1 - b) s - m`` of a normal law (Rockafellar and Uryasev
    2000).

    Parameters
    ----------
    mean, volatility : float or array
        Of one period, decimals.
    level : float
        b, between 0 and 1.

    Returns
    -------
    Tail

    Raises
    ------
    ValueError
        For a level outside 0 to 1, or a volatility below zero.

    Examples
    --------
    >>> float(normal(0.005, 0.04, 0.95).var.round(4))
    0.0608
    """
    z = normal_quantile(level)
    m = numbers("mean", mean, above=-1, below=1)
    sd = numbers("volatility", volatility, least=0)
    tail = NormalDist().pdf(z) / (1 - level)
    return Tail((z * sd - m)[()], (tail * sd - m)[()])


@door(volatility=VOLATILITY)
def cornish_fisher(
    mean: float, volatility: float, skewness: float, excess_kurtosis: float, level: float
) -> Tail:
    """VaR and CVaR of a normal variable bent by a cubic with the parameters skewness S and excess
    kurtosis K.

    The skewness and kurtosis that result are near S and K only where both are small. With K below
    zero, as in six of ten samples of normal months, the cubic turns somewhere: that does no harm
    where luck so bad is one in a hundred of the tail, or rarer.

    Parameters
    ----------
    mean, volatility : float
        Of one period, decimals.
    skewness, excess_kurtosis : float
        S and K; both are 0 for a normal law.
    level : float
        Between 0 and 1.

    Returns
    -------
    Tail

    Raises
    ------
    ValueError
        Where the cubic turns within the tail that is used, so that worse luck would mean a better
        return, or where luck above the VaR would lose more than the VaR.

    References
    ----------
    Maillard (2012), who asks that the cubic rise everywhere.
    """
    upper = normal_quantile(level)
    number("volatility", volatility, least=0)
    s = number("skewness", skewness)
    k = number("excess_kurtosis", excess_kurtosis, least=-2)
    z = -upper
    bend = np.array([k / 24 - s * s / 18, s / 6, 1 - k / 8 + 5 * s * s / 36, -s / 6])
    slope = np.polyder(bend)
    last = NormalDist().inv_cdf((1 - level) / RARE)
    quantile = float(np.polyval(bend, z))
    turns = _real_roots(slope)
    if (
        np.polyval(slope, z) <= 0
        or any(last < turn < z for turn in turns)
        or _beyond(bend, quantile, z) > (1 - level) / RARE
    ):
        raise ValueError(
            f"Cornish-Fisher is not valid for skewness {s:.3g} with excess kurtosis {k:.3g}: its "
            "quantiles would not be in order in the tail; use historical returns or scenarios"
        )
    beyond = 1 + z * s / 6 + (z * z - 1) * k / 24 - (2 * z * z - 1) * s * s / 36
    return Tail(
        -mean - volatility * quantile,
        -mean + volatility * NormalDist().pdf(z) / (1 - level) * beyond,
    )


@door(periods=POSITIVE)
def at_horizon(loss: Values, mean: Values, periods: float) -> Values:
    """A VaR or CVaR over several periods: ``sqrt(h) (loss + mean) - h mean``.

    Distances from the mean grow with the square root of time. Exact for sums of independent normal
    returns.

    Parameters
    ----------
    loss, mean : float or array
        The VaR or CVaR of one period, positive when money is lost, and its mean return; decimals.
    periods : float
        h, above zero.

    Returns
    -------
    float or array
        Decimal of h periods.

    Raises
    ------
    ValueError
        For periods that are not above zero.
    """
    number("periods", periods, above=0)
    lost = numbers("loss", loss, least=-1, most=1)
    earned = numbers("mean", mean, above=-1, below=1)
    scaled: Values = (math.sqrt(periods) * (lost + earned) - periods * earned)[()]
    return scaled


@door()
def standard_error(returns: ArrayLike, level: float) -> float:
    """How unsure is a CVaR of independent returns: ``sqrt((v + b (CVaR - VaR)^2) / m)``, v the
    variance (ddof 1) beyond VaR?

    Parameters
    ----------
    returns : array (T,)
        Decimals of one period.
    level : float
        b, between 0 and 1.

    Returns
    -------
    float
        Decimal of one period.

    Raises
    ------
    ValueError
        Where fewer than two losses reach the VaR.

    References
    ----------
    Manistre and Hancock (2005).
    """
    losses, (var, cvar) = -array(returns, "returns"), historical(returns, level)
    beyond = losses[losses >= var]
    if len(beyond) < 2:
        raise ValueError(
            f"{len(beyond)} loss reaches the VaR: a standard error needs two; take more or a "
            f"lower level"
        )
    return math.sqrt(
        (beyond.var(ddof=1) + level * float(cvar - var) ** 2) / tail_mass(level, len(losses))
    )


def drawdowns(returns: ArrayLike, *, compounded: bool = True) -> Array:
    """How far is an account below its highest point so far, after each return?

    Parameters
    ----------
    returns : array (..., T)
        Decimals, oldest first.
    compounded : bool
        Whether returns compound; else they add up.

    Returns
    -------
    array (..., T)
        A share of the highest point; or, not compounded, in units of the start.
    """
    r = array(returns, "returns", least=-1)
    value = np.cumprod(1 + r, axis=-1) if compounded else 1 + np.cumsum(r, axis=-1)
    peak = np.maximum(np.maximum.accumulate(value, axis=-1), 1.0)
    return np.asarray(1 - value / peak if compounded else peak - value)


@door()
def conditional_drawdown(returns: ArrayLike, level: float, *, compounded: bool = True) -> Values:
    """CDaR, the mean of the worst ``1 - level`` of a path's drawdowns (Chekhlov, Uryasev and
    Zabarankin 2005).

    Parameters
    ----------
    returns : array (..., T)
        Decimals, oldest first.
    level : float
        Between 0 and 1.
    compounded : bool
        As for `drawdowns`.

    Returns
    -------
    float or array (...)
    """
    return historical(-drawdowns(returns, compounded=compounded), level).cvar


@door()
def tail_mass(level: float, count: int) -> float:
    """How many of `count` scenarios are in the tail at a level: ``(1 - level) count``."""
    if not (0 <= level < 1 and count > 0):
        raise ValueError(
            f"a tail needs scenarios and a level from 0 to below 1 (0.95 for the worst "
            f"twentieth), not "
            f"{count} and {level}"
        )
    return (1 - level) * count


@door()
def normal_quantile(level: float) -> float:
    """The quantile of the normal law at a level above 0 and below 1."""
    if not 0 < level < 1:
        raise ValueError(
            f"a tail needs a level above 0 and below 1 (0.95 for the worst twentieth), not {level}"
        )
    return NormalDist().inv_cdf(level)


def _real_roots(polynomial: Array) -> list[float]:
    leading = np.trim_zeros(np.where(np.abs(polynomial) < TIE, 0.0, polynomial), "f")
    return sorted(float(x.real) for x in np.roots(leading) if abs(x.imag) < 1e-9)


def _beyond(bend: Array, quantile: float, z: float) -> float:
    """The chance of luck better than z that loses more than luck z."""
    normal_law = NormalDist()
    chance = 0.0
    ends = [z, *(x for x in _real_roots(bend - [0, 0, 0, quantile]) if x > z + 1e-6), np.inf]
    for low, high in pairwise(ends):
        middle = low + 1 if high == np.inf else (low + high) / 2
        if np.polyval(bend, middle) < quantile:
            chance += (1.0 if high == np.inf else normal_law.cdf(high)) - normal_law.cdf(low)
    return chance
