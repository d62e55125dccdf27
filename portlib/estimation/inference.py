"""How sure is a mean, a difference of variances, a difference of Sharpe ratios, where months depend
on each other?

The long-run variance of a series u with autocovariances gamma (divisor T), by Newey and West
(1987)::

    gamma_0 + 2 sum_k (1 - k / (K + 1)) gamma_k,    k = 1 ... K

A statistic that is smooth in moments has the error of the mean of its influence on each month (the
delta method). Where too few months, or regimes, make its normal law doubtful, a series may be
turned against another by a random number of months, which keeps what each does by itself and breaks
what they do together (`circular_shifts`).

Left out: corrections for many tests at once, and prewhitening.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.estimation import months
from portlib.ranges import LEVEL, door, number, numbers
from portlib.records import Array


class Estimate(NamedTuple):
    """A number and how unsure it is."""

    value: float
    standard_error: float


class Comparison(NamedTuple):
    """A difference, its standard error, and how often chance alone makes one as large
    (two-sided)."""

    difference: float
    standard_error: float
    p_value: float


def long_run_variance(u: Array, lags: int) -> float:
    """The variance of a mean of T months, times T.

    Parameters
    ----------
    u : array (T,)
        Its mean is subtracted.
    lags : int
        Months over which it may be related; Bartlett weights.
    """
    d = u - u.mean()
    total = d @ d + 2 * sum(
        (1 - k / (lags + 1)) * float(d[k:] @ d[:-k]) for k in range(1, lags + 1)
    )
    return max(float(total), 0.0) / len(d)


@door()
def hac_mean(x: ArrayLike, lags: int | None = None) -> Estimate:
    """A mean, with the standard error of Newey and West (1987).

    Parameters
    ----------
    x : array (T,) or Series
        What carries dates must be consecutive months.
    lags : int, optional
        ``floor(4 (T/100)^(2/9))`` unless given.

    Raises
    ------
    ValueError
        For a value that is not finite (named by its month), fewer than two months, or too many
        lags.

    Examples
    --------
    Without lags it is the standard deviation (ddof 0) over the root of T:

    >>> x = np.array([0.01, 0.03, -0.02, 0.02])
    >>> bool(np.isclose(hac_mean(x, lags=0).standard_error, x.std() / 2))
    True
    """
    (y,) = _series([x], "the mean of a series")
    reach = int(4 * (len(y) / 100) ** (2 / 9)) if lags is None else lags
    _enough(len(y), reach)
    return Estimate(float(y.mean()), math.sqrt(long_run_variance(y, reach) / len(y)))


@door()
def variance_test(a: ArrayLike, b: ArrayLike, lags: int = 12) -> Comparison:
    """Do two series of the same months differ in variance by more than noise? The difference is
    ``log var a / var b``.

    Delta method with the long-run variance. Fat tails and dependence are allowed for. Source:
    Ledoit and Wolf (2011), with another kernel.

    Parameters
    ----------
    a, b : array (T,) or Series
        Returns; what carries dates must be of the same consecutive months.
    lags : int
        Periods over which they may be related.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        For series of other months, too few, or without variance.
    """
    x, y = _pair(a, b, lags)
    da = x - x.mean()
    db = y - y.mean()
    psi = len(x) * (da**2 / (da @ da) - db**2 / (db @ db))
    return _test(float(np.log((da @ da) / (db @ db))), psi, lags)


@door()
def sharpe_test(a: ArrayLike, b: ArrayLike, lags: int = 12) -> Comparison:
    """Do two series of excess returns differ in Sharpe ratio by more than noise? Per period, ddof
    0.

    Delta method with the long-run variance. Source: Ledoit and Wolf (2008), section 3.1, with
    another kernel.

    Parameters
    ----------
    a, b, lags : as in `variance_test`, whose errors it raises.

    Returns
    -------
    Comparison
    """
    x = np.array(_pair(a, b, lags))
    ratio = x.mean(axis=1) / x.std(axis=1)
    d = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    psi = np.array([1.0, -1.0]) @ (d - ratio[:, None] / 2 * (d * d - 1))
    return _test(float(ratio[0] - ratio[1]), psi, lags)


def circular_shifts(
    statistic: Callable[[Array, Array], float], a: ArrayLike, b: ArrayLike
) -> tuple[float, float]:
    """How unusual is a statistic of two series among those of one turned against the other?

    All T turns of b, the one that is as observed among them. Each series keeps its own dependence
    over time, which a shuffle would destroy. What b does in an era meets another era of a.

    Parameters
    ----------
    statistic : function of two arrays (T,)
        Larger is more unusual.
    a, b : array (T,) or Series
        Of the same months.

    Returns
    -------
    float, float
        Its value, and the p-value.
    """
    x, y = _series([a, b], "the two series")
    months.same(a, b, "the two series")
    drawn = np.array([statistic(x, np.roll(y, k)) for k in range(len(x))])
    return float(drawn[0]), float((drawn >= drawn[0] - 1e-12).mean())


@door()
def swap_test(
    a: ArrayLike, b: ArrayLike, *, block: int, draws: int, rng: np.random.Generator
) -> float:
    """How often would series whose names are swapped at random, a block at a time, differ so in
    variance?

    If the two are alike, swapping them changes nothing; blocks keep what neighbouring months share.

    Parameters
    ----------
    a, b : array (T,) or Series
        As in `variance_test`, whose errors it raises.
    block : int
        Months swapped together.
    draws : int
    rng : Generator
        The source of all randomness.

    Returns
    -------
    float
        The p-value of ``|log var a / var b|``, the observed one among the draws, so that it is
        never zero.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(size=120)
    >>> swap_test(x, x, block=12, draws=99, rng=np.random.default_rng(2))
    1.0
    """
    x, y = _pair(a, b, 1)
    starts = np.arange(0, len(x), int(number("block", block, least=1, most=len(x))))
    first, second = (np.add.reduceat((z - z.mean()) ** 2, starts) for z in (x, y))
    swap = rng.random((int(number("draws", draws, least=1)), len(starts))) < 0.5
    gap = swap @ (second - first)
    drawn = np.abs(np.log((first.sum() + gap) / (second.sum() - gap)))
    observed = abs(float(np.log(first.sum() / second.sum())))
    return float((1 + (drawn >= observed - 1e-12).sum()) / (1 + len(drawn)))


@door(level=LEVEL)
def wilson(hits: ArrayLike, trials: ArrayLike, level: float = 0.95) -> tuple[Any, Any]:
    """Between which shares does the true one lie, after `hits` in `trials`?

    The score interval, elementwise: never outside 0 to 1, and good near both ends.

    Parameters
    ----------
    hits, trials : counts, from none to all; from one up.
    level : confidence, a decimal.

    Raises
    ------
    ValueError
        For hits that are not among the trials, no trials, and a level outside 0 to 1.

    Source: Wilson (1927).

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson(35, 500)]
    [0.0508, 0.0958]
    """
    n = numbers("trials", trials, least=1)
    z = NormalDist().inv_cdf((1 + number("level", level, above=0, below=1)) / 2)
    p = numbers("the share of hits", numbers("hits", hits) / n, least=0, most=1)
    middle = p + z**2 / (2 * n)
    wide = z * np.sqrt(p * (1 - p) / n + (z / (2 * n)) ** 2)
    scale = 1 + z**2 / n
    low = np.maximum((middle - wide) / scale, 0.0)
    high = np.minimum((middle + wide) / scale, 1.0)
    return (low, high) if low.shape else (float(low), float(high))


def _test(difference: float, psi: Array, lags: int) -> Comparison:
    error = math.sqrt(long_run_variance(psi, lags) / len(psi))
    p = math.erfc(abs(difference) / error / math.sqrt(2)) if error > 0 else 1.0
    return Comparison(difference, error, p)


def _pair(a: ArrayLike, b: ArrayLike, lags: int) -> tuple[Array, Array]:
    x, y = _series([a, b], "a test of two series")
    months.same(a, b, "the two series")
    if len(x) != len(y) or len(x) <= lags + 1:
        raise ValueError(
            f"a test over {lags} lags needs the same months twice, over {lags + 1}: {len(x)}, "
            f"{len(y)}"
        )
    _enough(len(x), lags)
    for which, z in (("first", x), ("second", y)):
        if not z.std() > 1e-12 * max(float(np.abs(z).max()), 1e-300):
            raise ValueError(f"the {which} series is constant: it has no variance to compare")
    return x, y


def _series(given: list[ArrayLike], what: str) -> list[Array]:
    found = []
    for x in given:
        table = x if isinstance(x, pd.Series) else pd.Series(np.asarray(x, dtype=float).ravel())
        found.append(months.monthly(table, what).to_numpy(dtype=float))
    return found


def _enough(count: int, lags: int) -> None:
    if count < 2 or not 0 <= lags < count:
        raise ValueError(f"{count} months do not hold a test over {lags} lags")
