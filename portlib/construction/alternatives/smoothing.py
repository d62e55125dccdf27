"""How risky is an asset whose prices are appraisals, and what did the appraising hide?

A reported return is an average of true ones, now and before (Getmansky, Lo and Makarov 2004):

    r*(t) = theta_0 r(t) + theta_1 r(t-1) + ...,   sum of theta = 1

With true returns that do not follow one another, reporting keeps the mean and scales

    volatility                     by  sqrt(sum theta_j^2)
    beta to a priced index         by  theta_0
    correlation with it            by  theta_0 / sqrt(sum theta_j^2)

Geltner's appraiser moves a share ``1 - phi`` of the way each time: ``theta_j = (1 - phi) phi^j``,
the reported series has autocorrelation ``phi``, and is undone by
``r(t) = (r*(t) - phi r*(t-1)) / (1 - phi)``.

Left out: true momentum, which no reported series can tell from smoothing; appraisers who move
further after large changes; seasons of appraisal; several funds that share one lag (Couts,
Goncalves and Rossi 2024 find that what is left still understates beta).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from portlib.estimation.months import array
from portlib.ranges import COUNT, door
from portlib.records import Array


@dataclass(frozen=True)
class Smoothing:
    """Weights of true returns in a reported one, newest first, summing to one.

    Raises ValueError for weights that do not sum to one, or of which the newest is not positive.

    Examples
    --------
    Half of the newest quarter, 30% of the one before, 20% of the one before that.

    >>> slow = Smoothing((0.5, 0.3, 0.2))
    >>> [slow.report([0.10, -0.20, 0.40][:n]).round(6).tolist() for n in (2, 3)]
    [[0.05, -0.07], [0.05, -0.07, 0.16]]
    >>> # 0.5 * -0.2 + 0.3 * 0.1; 0.5 * 0.4 + 0.3 * -0.2 + 0.2 * 0.1
    >>> round(slow.volatility_ratio**2, 9), slow.beta_ratio  # 0.25 + 0.09 + 0.04
    (0.38, 0.5)
    >>> round(slow.correlation_ratio * slow.volatility_ratio, 9)  # the beta again
    0.5
    >>> [round(0.38 * slow.autocorrelation(lag), 9) for lag in (0, 1, 2, 3)]
    [0.38, 0.21, 0.1, 0.0]
    >>> # 0.5 * 0.3 + 0.3 * 0.2; 0.5 * 0.2

    Over two quarters the weights are 0.5, 0.8, 0.5 and 0.2, of a variance twice as large.

    >>> round(slow.volatility_ratio_over(2) ** 2, 9)  # (0.25 + 0.64 + 0.25 + 0.04) / 2
    0.59
    >>> slow.volatility_ratio_over(1) == slow.volatility_ratio
    True
    >>> Smoothing((0.5, 0.3))
    Traceback (most recent call last):
    ...
    ValueError: weights of smoothing must sum to one, not 0.800000
    >>> Smoothing((0.0, 1.0))
    Traceback (most recent call last):
    ...
    ValueError: the newest return must count, not by 0.0

    It goes on in ``smoothing.md``.
    """

    theta: tuple[float, ...]

    def __post_init__(self) -> None:
        values = np.asarray(self.theta, float)
        if values.ndim != 1 or not np.isfinite(values).all() or abs(values.sum() - 1) > 1e-8:
            raise ValueError(f"weights of smoothing must sum to one, not {values.sum():.6f}")
        if not values[0] > 0:
            raise ValueError(f"the newest return must count, not by {values[0]}")

    @property
    def volatility_ratio(self) -> float:
        """Reported volatility over true volatility, of one period's returns."""
        return float(np.sqrt(np.square(self.theta).sum()))

    def volatility_ratio_over(self, periods: int) -> float:
        """The same of returns added up over several periods, such as four quarters."""
        if periods < 1:
            raise ValueError(f"returns are added over one period or more, not {periods}")
        summed = np.convolve(self.theta, np.ones(periods))
        return float(np.sqrt(np.square(summed).sum() / periods))

    @property
    def beta_ratio(self) -> float:
        """Reported beta to a priced index over the true one, same period's returns."""
        return float(self.theta[0])

    @property
    def correlation_ratio(self) -> float:
        """Reported correlation with a priced index over the true one."""
        return self.beta_ratio / self.volatility_ratio

    def autocorrelation(self, lag: int) -> float:
        """Correlation of reported returns ``lag`` periods apart."""
        if lag < 0:
            raise ValueError(f"a lag is not negative: {lag}")
        theta = np.asarray(self.theta, float)
        if lag >= len(theta):
            return 0.0
        return float(theta[: len(theta) - lag] @ theta[lag:] / (theta @ theta))

    def report(self, true: ArrayLike) -> Array:
        """What would be reported of these true returns, oldest first (time, ...); before the first
        of them nothing had happened.
        """
        r = np.asarray(true, float)
        out = np.zeros_like(r)
        for j, weight in enumerate(self.theta[: len(r)]):
            out[j:] += weight * r[: len(r) - j]
        return out


@door()
def possible_inertia(phi: float) -> None:
    """Refuse what no appraiser's inertia can be.

    Examples
    --------
    >>> possible_inertia(0.0)
    >>> possible_inertia(1.0)
    Traceback (most recent call last):
    ...
    ValueError: the appraiser's inertia lies between 0 and 1, not 1.0
    """
    if not 0 <= phi < 1:
        raise ValueError(f"the appraiser's inertia lies between 0 and 1, not {phi}")


@door(lags=COUNT)
def geltner(phi: float, *, lags: int = 200) -> Smoothing:
    """The appraiser who moves ``1 - phi`` of the way each period.

    Raises ValueError unless ``0 <= phi < 1``; what is left after ``lags`` joins the oldest weight.

    Examples
    --------
    >>> geltner(0.6, lags=3).theta  # 0.4, 0.4 * 0.6, and the rest
    (0.4, 0.24, 0.36)
    >>> len(geltner(0.6).theta), round(geltner(0.6).autocorrelation(2), 12)  # 0.6**2
    (200, 0.36)
    >>> geltner(0.0, lags=2).theta
    (1.0, 0.0)
    >>> geltner(1.0)
    Traceback (most recent call last):
    ...
    ValueError: the appraiser's inertia lies between 0 and 1, not 1.0
    >>> geltner(0.6, lags=0)
    Traceback (most recent call last):
    ...
    ValueError: lags is 0: give a number of at least 1

    It goes on in ``smoothing.md``.
    """
    possible_inertia(phi)
    theta = (1 - phi) * phi ** np.arange(lags)
    theta[-1] += 1 - theta.sum()
    return Smoothing(tuple(theta.tolist()))


def inertia(reported: ArrayLike) -> tuple[float, float]:
    """The first autocorrelation of reported returns and its standard error,
    ``sqrt((1 - phi^2) / n)``.

    Raises ValueError for fewer than 20 returns.

    Examples
    --------
    Twenty returns that go up and down by 1% about a mean of 2%: 19 products of neighbours, each of
    -0.0001, over 20 squares.

    >>> phi, error = inertia([0.03, 0.01] * 10)
    >>> round(phi, 9), round(20 * error**2, 9)  # 1 - 0.95**2
    (-0.95, 0.0975)
    >>> inertia([0.03, 0.01] * 9 + [0.03])
    Traceback (most recent call last):
    ...
    ValueError: 19 returns: 20 and more are needed
    >>> inertia(np.full(20, 0.01))
    Traceback (most recent call last):
    ...
    ValueError: reported returns are the same in all periods: was a price ever observed?

    It goes on in ``smoothing.md``.
    """
    r = array(reported, "reported returns")
    if len(r) < 20:
        raise ValueError(f"{len(r)} returns: 20 and more are needed")
    _moving(r)
    d = r - r.mean()
    phi = float(d[1:] @ d[:-1] / (d @ d))
    return phi, float(np.sqrt((1 - phi**2) / len(r)))


@door()
def desmoothed(reported: ArrayLike, phi: float) -> Array:
    """True returns under Geltner's appraiser: one fewer than were reported (Geltner 1993).

    Examples
    --------
    >>> desmoothed([0.02, 0.05, -0.01], 0.75).round(9).tolist()  # (0.05 - 0.015) / 0.25
    [0.14, -0.19]

    What Geltner's appraiser reported is undone, but for the first.

    >>> desmoothed(geltner(0.6).report([0.10, -0.20, 0.40]), 0.6).round(9).tolist()
    [-0.2, 0.4]
    >>> for inert in (1.0, -0.1):
    ...     try:
    ...         desmoothed([0.02, 0.05], inert)
    ...     except ValueError as said:
    ...         print(said)
    the appraiser's inertia lies between 0 and 1, not 1.0
    the appraiser's inertia lies between 0 and 1, not -0.1
    >>> desmoothed([0.02, 0.05], 0.0).tolist()
    [0.05]
    """
    possible_inertia(phi)
    r = array(reported, "reported returns")
    return (r[1:] - phi * r[:-1]) / (1 - phi)


@door(lags=COUNT)
def fitted(reported: ArrayLike, lags: int = 2) -> Smoothing:
    """Weights by maximum likelihood: a moving average of ``lags`` terms, scaled to sum to one
    (Getmansky, Lo and Makarov 2004, section 4).

    Examples
    --------
    What a known smoothing made of 400 SYNTHETIC returns is found again, within two of its standard
    errors of a twentieth.

    >>> true = np.random.default_rng(2).normal(0.02, 0.05, 400)
    >>> known = Smoothing((0.6, 0.3, 0.1))
    >>> [round(weight, 1) for weight in fitted(known.report(true)).theta]
    [0.6, 0.3, 0.1]
    >>> fitted(true[:59])
    Traceback (most recent call last):
    ...
    ValueError: 59 returns are too few for 2 lags: 60 needed
    >>> len(fitted(true[:60]).theta), len(fitted(true[:60], lags=1).theta)
    (3, 2)
    >>> fitted(true[:60], lags=0)
    Traceback (most recent call last):
    ...
    ValueError: lags is 0: give a number of at least 1
    >>> fitted(np.full(60, 0.01))
    Traceback (most recent call last):
    ...
    ValueError: reported returns are the same in all periods: was a price ever observed?

    It goes on in ``smoothing.md``.
    """
    from statsmodels.tsa.arima.model import ARIMA

    r = array(reported, "reported returns")
    if len(r) < 20 * (lags + 1):
        raise ValueError(f"{len(r)} returns are too few for {lags} lags: {20 * (lags + 1)} needed")
    _moving(r)
    model = ARIMA((r - r.mean()) / r.std(ddof=1), order=(0, 0, lags), trend="n")
    found = model.fit()
    if not found.mle_retvals["converged"]:
        raise ValueError(f"the likelihood of {lags} lags has no maximum that could be found")
    raw = np.r_[1.0, found.maparams]
    return Smoothing(tuple((raw / raw.sum()).tolist()))


def _moving(r: Array) -> None:
    if not np.ptp(r) > 0:
        raise ValueError("reported returns are the same in all periods: was a price ever observed?")
