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

    Examples
    --------
    Of eight months, the worst quarter are two: their losses average 7.5%, and six months lose no
    more than 2%. At 80% the tail holds 1.6 months, the second counted by 0.6.

    >>> months = [0.02, -0.05, 0.01, -0.10, 0.03, -0.02, 0.04, -0.01]
    >>> [float(x.round(9)) for x in historical(months, 0.75)]
    [0.02, 0.075]
    >>> [float(x.round(9)) for x in historical(months, 0.8)]  # (0.10 + 0.6 * 0.05) / 1.6
    [0.05, 0.08125]

    At level 0 all are in the tail: the mean loss; near 1 only the worst. Rows are histories.

    >>> [float(historical(months, level).cvar.round(9)) for level in (0, 0.99)]
    [0.01, 0.1]
    >>> historical([months, [x / 2 for x in months]], 0.75).cvar.round(9).tolist()
    [0.075, 0.0375]

    Every number above the VaR or below it makes ``a + sum max(loss - a, 0) / m`` larger.

    >>> by_bound = [a / 1000 + sum(max(-x - a / 1000, 0) for x in months) / 1.6 for a in range(100)]
    >>> round(min(by_bound), 9), by_bound.index(min(by_bound))
    (0.08125, 50)
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
    Of the standard normal law a twentieth lies beyond 1.644854, at 2.062713 on average.

    >>> tail = normal(0.005, 0.04, 0.95)
    >>> float(tail.var.round(6)), float(tail.cvar.round(6))
    (0.060794, 0.077509)
    >>> round(0.04 * 1.644854 - 0.005, 6), round(0.04 * 2.062713 - 0.005, 6)
    (0.060794, 0.077509)
    >>> deep = normal([-0.99, 0.99], 0.0, 0.95)
    >>> deep.var.tolist(), deep.cvar.tolist()  # without risk, the loss is known
    ([0.99, -0.99], [0.99, -0.99])
    >>> for mean, volatility in ((1.0, 0.04), (-1.0, 0.04), (0.0, -0.01)):
    ...     try:
    ...         normal(mean, volatility, 0.95)
    ...     except ValueError as said:
    ...         print(str(said).partition(":")[0])
    mean is 1
    mean is -1
    volatility is -0.01

    It goes on in ``measures.md``.
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

    Examples
    --------
    The cubic by hand, at the VaR and on average beyond it.

    >>> def bent(chance, s=0.5, k=1.5):
    ...     z = NormalDist().inv_cdf(chance)
    ...     even = (z**2 - 1) * s / 6 - (2 * z**3 - 5 * z) * s**2 / 36
    ...     return 0.01 + 0.04 * (z + even + (z**3 - 3 * z) * k / 24)
    >>> tail = cornish_fisher(0.01, 0.04, 0.5, 1.5, 0.95)
    >>> abs(tail.var + bent(0.05)) < 1e-12
    True
    >>> beyond = sum(bent(0.05 * (i + 0.5) / 5000) for i in range(5000)) / 5000
    >>> abs(tail.cvar + beyond) < 2e-5
    True

    With a kurtosis of -1 alone the cubic turns at three deviations, one chance in 741. That is rare
    in the worst fifth, and not in the worst twentieth.

    >>> z = NormalDist().inv_cdf(0.2)
    >>> abs(cornish_fisher(0.0, 1.0, 0.0, -1.0, 0.80).var + z - (z**3 - 3 * z) / 24) < 1e-12
    True
    >>> cornish_fisher(0.0, 1.0, 0.0, -1.0, 0.95)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: Cornish-Fisher is not valid for skewness 0 with excess kurtosis -1: ...

    With a kurtosis of 24 the cubic is ``z**3 - 2 z``, which falls to -1.089 again at 0.816: luck
    well above the middle that a VaR of 1.161 outdoes, and one of 0.649 does not.

    >>> z = NormalDist().inv_cdf(0.05)
    >>> abs(cornish_fisher(0.0, 1.0, 0.0, 24.0, 0.95).var + z**3 - 2 * z) < 1e-9
    True
    >>> cornish_fisher(0.0, 1.0, 0.0, 24.0, 0.94)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: Cornish-Fisher is not valid for skewness 0 with excess kurtosis 24: ...

    It goes on in ``measures.md``.
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

    Examples
    --------
    A VaR of 5% with a mean of 1% is 6% from the mean; over four months 12%, and the mean 4%.

    >>> f"{at_horizon(0.05, 0.01, 4):.6f}"
    '0.080000'
    >>> at_horizon([0.05, -0.02], [0.01, 0.03], 9).round(9).tolist()  # 0.18 - 0.09; 0.03 - 0.27
    [0.09, -0.24]
    >>> for terms in ((1.5, 0.01, 4), (-1.5, 0.01, 4), (0.05, 1.0, 4), (0.05, -1.0, 4)):
    ...     try:
    ...         at_horizon(*terms)
    ...     except ValueError as said:
    ...         print(str(said).partition(":")[0])
    loss is 1.5
    loss is -1.5
    mean is 1
    mean is -1
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

    Examples
    --------
    Ten months, two in the tail at 80%: VaR 3%, CVaR 8%. Three losses reach the VaR, of variance
    0.00123333: ``(0.00123333 + 0.8 * 0.05**2) / 2``.

    >>> months = [0.01, -0.06, 0.02, 0.0, -0.10, 0.04, -0.03, 0.03, -0.01, 0.05]
    >>> round(standard_error(months, 0.8) ** 2, 8)
    0.00161667
    >>> standard_error(months, 0.95)
    Traceback (most recent call last):
    ...
    ValueError: 1 loss reaches the VaR: a standard error needs two; take more or a lower level

    It goes on in ``measures.md``.
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

    Examples
    --------
    The account goes 1.1, 0.88, 0.792, 1.188; added up instead, 1.1, 0.9, 0.8, 1.3.

    >>> drawdowns([0.1, -0.2, -0.1, 0.5]).round(9).tolist()  # 1 - 0.88 / 1.1; 1 - 0.792 / 1.1
    [0.0, 0.2, 0.28, 0.0]
    >>> drawdowns([0.1, -0.2, -0.1, 0.5], compounded=False).round(9).tolist()
    [0.0, 0.2, 0.3, 0.0]
    >>> drawdowns([-0.1, 0.05]).round(9).tolist()  # the start was its highest point: 1 - 0.9 * 1.05
    [0.1, 0.055]
    >>> drawdowns([[0.1, -0.2], [-0.5, 1.5]]).round(9).tolist()  # each row is a path of its own
    [[0.0, 0.2], [0.5, 0.0]]
    >>> drawdowns([[0.1, -0.2], [-0.5, 0.2]], compounded=False).round(9).tolist()
    [[0.0, 0.2], [0.5, 0.3]]
    >>> drawdowns([0.1, -1.0]).tolist()
    [0.0, 1.0]
    >>> drawdowns([0.1, -1.01])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: returns: -1.01 ...
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

    Examples
    --------
    The worst half of four: (0.20 + 0.28) / 2, or added up (0.2 + 0.3) / 2.

    >>> path = [0.1, -0.2, -0.1, 0.5]
    >>> float(conditional_drawdown(path, 0.5).round(9))
    0.24
    >>> float(conditional_drawdown(path, 0.5, compounded=False).round(9))
    0.25
    """
    return historical(-drawdowns(returns, compounded=compounded), level).cvar


@door()
def tail_mass(level: float, count: int) -> float:
    """How many of `count` scenarios are in the tail at a level: ``(1 - level) count``.

    Examples
    --------
    >>> round(tail_mass(0.95, 240), 9), tail_mass(0, 240)
    (12.0, 240)
    >>> tail_mass(0.5, 1)
    0.5
    >>> for level, count in ((0.95, 0), (-0.1, 240)):
    ...     try:
    ...         tail_mass(level, count)
    ...     except ValueError as said:
    ...         print(str(said)[-14:])
    not 0 and 0.95
    t 240 and -0.1
    >>> tail_mass(1.0, 240)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a tail needs scenarios and a level from 0 to below 1 (0.95 for the worst ...
    """
    if not (0 <= level < 1 and count > 0):
        raise ValueError(
            f"a tail needs scenarios and a level from 0 to below 1 (0.95 for the worst "
            f"twentieth), not "
            f"{count} and {level}"
        )
    return (1 - level) * count


@door()
def normal_quantile(level: float) -> float:
    """The quantile of the normal law at a level above 0 and below 1.

    Examples
    --------
    >>> round(normal_quantile(0.975), 6)
    1.959964
    >>> normal_quantile(0.0)
    Traceback (most recent call last):
    ...
    ValueError: a tail needs a level above 0 and below 1 (0.95 for the worst twentieth), not 0.0

    It goes on in ``measures.md``.
    """
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
