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
from portlib.ranges import door
from portlib.records import Array


@dataclass(frozen=True)
class Smoothing:
    """Weights of true returns in a reported one, newest first, summing to one.

    Raises ValueError for weights that do not sum to one, or of which the newest is not positive.
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
def geltner(phi: float, *, lags: int = 200) -> Smoothing:
    """The appraiser who moves ``1 - phi`` of the way each period.

    Raises ValueError unless ``0 <= phi < 1``; what is left after ``lags`` joins the oldest weight.

    Examples
    --------
    >>> bool(abs(geltner(0.6).autocorrelation(1) - 0.6) < 1e-12)
    True
    """
    if not 0 <= phi < 1:
        raise ValueError(f"the appraiser's inertia lies between 0 and 1, not {phi}")
    theta = (1 - phi) * phi ** np.arange(lags)
    theta[-1] += 1 - theta.sum()
    return Smoothing(tuple(theta.tolist()))


def inertia(reported: ArrayLike) -> tuple[float, float]:
    """The first autocorrelation of reported returns and its standard error,
    ``sqrt((1 - phi^2) / n)``.

    Raises ValueError for fewer than 20 returns.
    """
    r = array(reported, "reported returns")
    if len(r) < 20:
        raise ValueError(f"{len(r)} returns: 20 and more are needed")
    d = r - r.mean()
    phi = float(d[1:] @ d[:-1] / (d @ d))
    return phi, float(np.sqrt((1 - phi**2) / len(r)))


@door()
def desmoothed(reported: ArrayLike, phi: float) -> Array:
    """True returns under Geltner's appraiser: one fewer than were reported (Geltner 1993)."""
    if not 0 <= phi < 1:
        raise ValueError(f"the appraiser's inertia lies between 0 and 1, not {phi}")
    r = array(reported, "reported returns")
    return (r[1:] - phi * r[:-1]) / (1 - phi)


@door()
def fitted(reported: ArrayLike, lags: int = 2) -> Smoothing:
    """Weights by maximum likelihood: a moving average of ``lags`` terms, scaled to sum to one
    (Getmansky, Lo and Makarov 2004, section 4).
    """
    from statsmodels.tsa.arima.model import ARIMA

    r = array(reported, "reported returns")
    if len(r) < 20 * (lags + 1):
        raise ValueError(f"{len(r)} returns are too few for {lags} lags: {20 * (lags + 1)} needed")
    model = ARIMA((r - r.mean()) / r.std(ddof=1), order=(0, 0, lags), trend="n")
    raw = np.r_[1.0, model.fit().maparams]
    return Smoothing(tuple((raw / raw.sum()).tolist()))
