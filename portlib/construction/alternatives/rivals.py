"""What would the same risk have earned in listed funds?

The twin of an asset is the long-only mix of listed classes (with cash, no borrowing) that follows
it most closely:

    minimise  w' S w - 2 s'w,   sum w = 1,  w >= 0

with ``S`` the listed covariance and ``s`` the covariances with the asset. What the asset is
expected to earn beyond its twin is what its illiquidity, its manager and its optimism together are
said to be worth.

`break_even` turns that round: by how much every alternative's mean may fall before adding them
saves no risk at the same expected return.

Source: Sharpe (1992) for twins by least tracking error; the rest is ours. Left out: leverage, which
listed funds of a plan do not offer; that the true twin changes over time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction.alternatives.smoothing import Smoothing
from portlib.construction.mean_variance import frontier, minimum_risk, target_return
from portlib.ranges import RETURN, door
from portlib.records import Array, Assumptions


@dataclass(frozen=True, eq=False)
class Twin:
    """The listed mix that follows an asset; annual decimals.

    Attributes
    ----------
    weights : by listed class, summing to one
    tracking_error : of the asset against it
    lead : the asset's expected return less the twin's
    correlation : of the two
    """

    weights: pd.Series
    tracking_error: float
    lead: float
    correlation: float


def twin(assumptions: Assumptions, asset: str, listed: Sequence[str]) -> Twin:
    """The closest listed mix to ``asset``.

    Parameters
    ----------
    assumptions : Assumptions
        Over the asset and the listed classes, annual decimals.
    asset : str
        Whose twin is sought.
    listed : sequence of str
        Classes that the mix may hold, cash among them where it may.

    Returns
    -------
    Twin

    Raises
    ------
    AssumptionsError
        For an unknown class.
    ValueError
        For an asset that is among the listed.

    Examples
    --------
    An asset that is a listed class and 10% of risk of its own: the twin is the class, what it
    misses is the asset's own risk, and the asset leads by what it is expected to earn more.

    >>> sigma = [[0.01, 0.0, 0.0], [0.0, 0.04, 0.04], [0.0, 0.04, 0.05]]
    >>> a = Assumptions(("bonds", "stocks", "private"), [0.03, 0.07, 0.08], sigma)
    >>> found = twin(a, "private", ["bonds", "stocks"])
    >>> found.weights.round(6).tolist(), round(found.tracking_error, 6), round(found.lead, 6)
    ([0.0, 1.0], 0.1, 0.01)
    """
    if asset in listed:
        raise ValueError(f"{asset} cannot be its own twin")
    part = assumptions.select([*listed, asset])
    n = len(listed)
    away = np.eye(n, n + 1) - np.eye(n + 1)[n]
    sigma = away @ part.sigma @ away.T
    apart = Assumptions(listed, part.mu[:n] - part.mu[n], (sigma + sigma.T) / 2, 0.0, "apart")
    w = minimum_risk(apart).w
    error = apart.risk_of(w)
    held = np.append(w, 0.0)
    risk = part.risk_of(held)
    own = float(part.volatility[n])
    return Twin(
        pd.Series(w, index=list(listed), name=asset),
        error,
        float(part.mu[n] - part.mu[:n] @ w),
        float(held @ part.sigma[:, n] / (risk * own)),
    )


def as_reported(assumptions: Assumptions, smoothed: Mapping[str, Smoothing]) -> Assumptions:
    """What appraisals would show of these (true) assumptions: lower volatilities and correlations.

    Two assets that are smoothed share ``sum_j theta_j theta'_j`` of their covariance.

    Parameters
    ----------
    assumptions : Assumptions
        True ones, annual decimals.
    smoothed : mapping
        Smoothing by asset; an asset that is not named is reported as it is.

    Returns
    -------
    Assumptions
    """
    n = len(assumptions)
    lags = max(len(s.theta) for s in smoothed.values()) if smoothed else 1
    theta = np.zeros((n, lags))
    theta[:, 0] = 1.0
    for name, smoothing in smoothed.items():
        row = assumptions.labels.index(name)
        theta[row] = 0.0
        theta[row, : len(smoothing.theta)] = smoothing.theta
    sigma = assumptions.sigma * (theta @ theta.T)
    return assumptions.replace(
        sigma=(sigma + sigma.T) / 2, source=f"{assumptions.source}; as appraisals would report"
    )


@door(over_cash=RETURN)
def least_risk(assumptions: Assumptions, over_cash: float) -> pd.Series:
    """Weights of the least risky mix that is expected to earn cash plus ``over_cash``."""
    found = target_return(assumptions, r=assumptions.rf + over_cash)
    return pd.Series(found.w, index=list(assumptions.labels))


@door(haircut={"above": -1.0, "below": 1.0})
def with_haircut(assumptions: Assumptions, names: Sequence[str], haircut: float) -> Assumptions:
    """The same with these classes' means lower by ``haircut``, annual decimal.

    Parameters
    ----------
    assumptions : Assumptions
    names : sequence of str
        The classes.
    haircut : float
        Annual decimal.

    Returns
    -------
    Assumptions
    """
    down = np.array([haircut if name in names else 0.0 for name in assumptions.labels])
    return assumptions.replace(
        mu=assumptions.mu - down, source=f"{assumptions.source}; alternatives less {haircut:.2%}"
    )


@door(over_cash=RETURN)
def saving(assumptions: Assumptions, names: Sequence[str], over_cash: float) -> float:
    """Volatility saved at cash plus ``over_cash`` by having these classes beside the others.

    Parameters
    ----------
    assumptions : Assumptions
        Annual decimals.
    names : sequence of str
        The classes that are had or not.
    over_cash : float
        Expected return over the riskless rate, annual decimal.

    Returns
    -------
    float
        Annual decimal.
    """
    others = assumptions.select([name for name in assumptions.labels if name not in names])
    without = others.risk_of(least_risk(others, over_cash).to_numpy())
    return without - assumptions.risk_of(least_risk(assumptions, over_cash).to_numpy())


@door(over_cash=RETURN)
def break_even(
    assumptions: Assumptions, names: Sequence[str], over_cash: float, *, keep: float = 0.0
) -> float:
    """How much lower these classes' means may be until the saving is ``keep`` of what it was.

    Parameters
    ----------
    assumptions, names, over_cash
        As for `saving`.
    keep : float
        Share of the saving that is left, decimal.

    Returns
    -------
    float
        Annual decimal.

    Raises
    ------
    ValueError
        Where they save nothing to begin with.
    """
    from scipy.optimize import brentq

    first = saving(assumptions, names, over_cash)
    if not first > 1e-9:
        raise ValueError("these classes save no risk at this return: there is nothing to lose")

    def left(haircut: float) -> float:
        return saving(with_haircut(assumptions, names, haircut), names, over_cash) - level

    level = max(keep * first, 1e-7)
    return float(brentq(left, 0.0, float(assumptions.mu.max()), xtol=1e-6))


@dataclass(frozen=True, eq=False)
class EqualRisk:
    """The best mix with alternatives beside the listed mix of the same volatility.

    Attributes
    ----------
    mixed, listed : weights by class, over all classes
    gain : expected return of the first less that of the second, annual decimal
    correlation : of the classes' returns
    """

    mixed: pd.Series
    listed: pd.Series
    gain: float
    correlation: Array

    def error(self, errors: pd.Series, shared: float) -> float:
        """Standard deviation of the gain when each class's mean errs by ``errors``; two errors
        correlate ``shared`` times as their returns do.
        """
        if not 0 <= shared <= 1:
            raise ValueError(f"errors are shared by a part between 0 and 1, not {shared}")
        d = (self.mixed - self.listed).to_numpy() * errors.reindex(self.mixed.index).to_numpy(float)
        together = shared * self.correlation + (1 - shared) * np.eye(len(d))
        return float(np.sqrt(d @ together @ d))


@door(over_cash=RETURN)
def at_equal_risk(assumptions: Assumptions, names: Sequence[str], over_cash: float) -> EqualRisk:
    """What these classes add at the risk of the least risky listed mix of cash plus ``over_cash``.

    Parameters
    ----------
    assumptions, names, over_cash
        As for `saving`.

    Returns
    -------
    EqualRisk
    """
    others = [name for name in assumptions.labels if name not in names]
    plain = least_risk(assumptions.select(others), over_cash)
    listed = plain.reindex(list(assumptions.labels)).fillna(0.0)
    risk = assumptions.risk_of(listed.to_numpy())
    best = frontier(assumptions).target_risk(risk).w
    mixed = pd.Series(best, index=list(assumptions.labels))
    sd = assumptions.volatility
    gain = float(assumptions.mu @ (mixed - listed).to_numpy())
    return EqualRisk(mixed, listed, gain, assumptions.sigma / np.outer(sd, sd))
