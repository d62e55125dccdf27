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

#: A difference of log variances or Sharpe ratios, or its error, up to which it is rounding.
NOTHING = 1e-12


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

    Examples
    --------
    Of 3, -1, 2 and -4 points the squares sum to 30, the products of neighbours to -13 and of those
    two months apart to 10, which count by a half, and by two thirds and a third:

    >>> u = np.array([0.05, 0.01, 0.04, -0.02])  # their mean is 2 points
    >>> [round(1e4 * long_run_variance(u, lags), 9) for lags in (0, 1, 2)]
    [7.5, 4.25, 4.833333333]
    >>> 30 / 4, (30 + 2 * (1 / 2) * -13) / 4, round((30 + 2 * (2 / 3 * -13 + 1 / 3 * 10)) / 4, 9)
    (7.5, 4.25, 4.833333333)
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
    Without lags the error is the standard deviation (ddof 0) over the root of T:

    >>> x = np.array([0.05, 0.01, 0.04, -0.02])
    >>> mean, error = hac_mean(x, lags=0)
    >>> round(mean, 9), round(error, 9), round((0.0030 / 4) ** 0.5 / 2, 9)
    (0.02, 0.013693064, 0.013693064)

    Four months are given one lag, ``4 (4/100)^(2/9) = 1.96``, and twelve are given two, 2.5:

    >>> hac_mean(x) == hac_mean(x, lags=1), hac_mean([*x, *x, *x]) == hac_mean([*x, *x, *x], lags=2)
    (True, True)
    >>> round(hac_mean(x).standard_error, 9), round((0.000425 / 4) ** 0.5, 9)  # `long_run_variance`
    (0.010307764, 0.010307764)
    >>> hac_mean(x, lags=4)
    Traceback (most recent call last):
    ...
    ValueError: 4 months do not hold a test over 4 lags
    >>> hac_mean([0.01])
    Traceback (most recent call last):
    ...
    ValueError: 1 months do not hold a test over 1 lags
    >>> hac_mean(pd.Series([0.01, np.nan], pd.period_range("2020-01", periods=2, freq="M")))
    Traceback (most recent call last):
    ...
    ValueError: the mean of a series: 2020-02: nan is no return

    It goes on in ``inference.md``.
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

    Examples
    --------
    Squares of 3, -1, 2 and -4 points sum to 30, those of 1, 2, -2 and -1 to 10. A month's influence
    is four times its share of the one sum less its share of the other:

    >>> a, b = [0.05, 0.01, 0.04, -0.02], [0.01, 0.02, -0.02, -0.01]
    >>> difference, error, p = variance_test(a, b, lags=0)
    >>> influence = [4 * (x / 30 - y / 10) for x, y in zip([9, 1, 4, 16], [1, 4, 4, 1])]
    >>> by_hand = (sum(one**2 for one in influence) / 4 / 4) ** 0.5
    >>> round(difference, 9), round(error, 9)
    (1.098612289, 0.658280589)
    >>> round(math.log(30 / 10), 9), round(by_hand, 9)
    (1.098612289, 0.658280589)
    >>> round(p, 9), round(2 * (1 - NormalDist().cdf(math.log(3) / by_hand)), 9)  # either side
    (0.095134847, 0.095134847)
    >>> variance_test(b, a, lags=0)[:2] == (-difference, error)
    True
    >>> variance_test(a, b, lags=2).difference == difference
    True
    >>> variance_test(a, b, lags=3)
    Traceback (most recent call last):
    ...
    ValueError: a test over 3 lags needs the same months twice, over 4: 4, 4

    It goes on in ``inference.md``.
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

    Examples
    --------
    The mean of 2 points over ``sqrt(30 / 4)``, and of 1 over ``sqrt(10 / 4)`` (ddof 0). A month's
    influence is what a little more weight on it does to the difference:

    >>> a = np.array([0.05, 0.01, 0.04, -0.02])
    >>> b = np.array([0.02, 0.03, -0.01, 0.0])
    >>> difference, error, p = sharpe_test(a, b, lags=0)
    >>> round(difference, 9), round(2 / (30 / 4) ** 0.5 - 1 / (10 / 4) ** 0.5, 9)
    (0.097841211, 0.097841211)
    >>> def ratios(weights):
    ...     means = [weights @ x for x in (a, b)]
    ...     squares = [weights @ (x - m) ** 2 for x, m in zip((a, b), means)]
    ...     return means[0] / squares[0] ** 0.5 - means[1] / squares[1] ** 0.5
    >>> plain, nudge = np.full(4, 0.25), 1e-6
    >>> more = [ratios((1 - nudge) * plain + nudge * month) for month in np.eye(4)]
    >>> influence = (np.array(more) - ratios(plain)) / nudge
    >>> bool(np.isclose(error, (influence @ influence) ** 0.5 / 4, rtol=1e-5))
    True
    >>> p == math.erfc(difference / error / 2**0.5)
    True
    >>> round(sharpe_test(b, a, lags=2).difference, 9)
    -0.097841211
    >>> sharpe_test(a, b)
    Traceback (most recent call last):
    ...
    ValueError: a test over 12 lags needs the same months twice, over 13: 4, 4

    It goes on in ``inference.md``.
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

    Examples
    --------
    Turned by none to four months, the second series gives 5, 2, 6, 5 and 0; three of the five are
    as large as the first:

    >>> circular_shifts(lambda x, y: float(x @ y), [1, 0, 2, 0, 0], [3, 0, 1, 0, 2])
    (5.0, 0.6)
    >>> circular_shifts(lambda x, y: float(x @ y), [1, 0, 2, 0, 0], [0, 3, 0, 1, 0])
    (0.0, 1.0)
    >>> months = pd.period_range("2020-01", periods=4, freq="M")
    >>> a, b = pd.Series([0.1, 0.2, 0.3], months[:3]), pd.Series([0.1, 0.2, 0.3], months[1:])
    >>> circular_shifts(lambda x, y: float(x @ y), a, b)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the two series are not of the same months: 2020-01 is in one of them only; join ...

    It goes on in ``inference.md``.
    """
    x, y = _series([a, b], "the two series")
    months.same(a, b, "the two series")
    if len(x) != len(y):
        raise ValueError(f"the two series are of {len(x)} and of {len(y)} months")
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
    Five months in blocks of two, the last of one month: eight ways to swap names, of which so many
    show variances as far apart.

    >>> from itertools import product
    >>> a, b = [0.03, -0.02, 0.06, 0.01, 0.02], [0.0, 0.04, -0.02, 0.01, 0.02]
    >>> # squared deviations from means of 2 and 1 points
    >>> x, y = np.array([1, 16, 16, 1, 0]), np.array([1, 9, 9, 0, 1])
    >>> gaps = []
    >>> for swap in product([False, True], repeat=3):
    ...     where = np.repeat(swap, 2)[:5]
    ...     gaps.append(abs(np.log(np.where(where, y, x).sum() / np.where(where, x, y).sum())))
    >>> expected = sum(gap >= gaps[0] - 1e-12 for gap in gaps) / 8
    >>> p = swap_test(a, b, block=2, draws=4000, rng=np.random.default_rng(1))
    >>> float(expected), bool(abs(p - expected) < 0.03)
    (0.5, True)
    >>> swap_test(a, b, block=1, draws=1, rng=np.random.default_rng(1)) in (0.5, 1.0)
    True
    >>> swap_test(a, a, block=2, draws=9, rng=np.random.default_rng(1))
    1.0

    It goes on in ``inference.md``.
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
    The limits are the shares from which what was seen is ``z`` standard errors away:

    >>> limits = wilson(35, 500)
    >>> [round(limit, 4) for limit in limits]
    [0.0508, 0.0958]
    >>> [round(abs(0.07 - p) / (p * (1 - p) / 500) ** 0.5, 4) for p in limits]
    [1.96, 1.96]
    >>> [round(abs(0.07 - p) / (p * (1 - p) / 500) ** 0.5, 4) for p in wilson(35, 500, level=0.9)]
    [1.6449, 1.6449]

    None of ten, and all of ten, leave ``z^2 / (10 + z^2)``; arrays are answered element by element:

    >>> low, high = wilson([0, 10], 10)
    >>> low.round(4).tolist(), high.round(4).tolist(), round(1.96**2 / (10 + 1.96**2), 4)
    ([0.0, 0.7225], [0.2775, 1.0], 0.2775)
    >>> [len(wilson(hits, 1)) for hits in (0, 1)]
    [2, 2]
    >>> wilson(3, 2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the share of hits is 1.5: ...
    >>> wilson(-1, 2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the share of hits is -0.5: ...
    >>> wilson(0, 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: trials is 0: ...
    >>> wilson(1, 2, level=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: level is 1: ...

    It goes on in ``inference.md``.
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
    if abs(difference) <= NOTHING:
        return Comparison(difference, error, 1.0)
    # of series that are multiples of each other the difference is known without error
    p = math.erfc(abs(difference) / error / math.sqrt(2)) if error > NOTHING else 0.0
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
