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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction.alternatives.smoothing import Smoothing
from portlib.construction.mean_variance import frontier, minimum_risk, target_return
from portlib.ranges import RETURN, SHARE, door
from portlib.records import Array, Assumptions


@dataclass(frozen=True, eq=False)
class Twin:
    """The listed mix that follows an asset; annual decimals.

    Attributes
    ----------
    weights : by listed class, summing to one
    tracking_error : of the asset against it
    lead : the asset's expected return less the twin's
    correlation : of the two; NaN for a twin without risk
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
    An asset that is 30% bonds, 70% stocks and 15% of risk of its own: the twin is that mix, what it
    misses is the asset's own risk, and the asset leads by what it is expected to earn more.

    >>> sigma = [[0.01, 0.005, 0.0065], [0.005, 0.04, 0.0295], [0.0065, 0.0295, 0.0451]]
    >>> a = Assumptions(("bonds", "stocks", "private"), [0.03, 0.07, 0.08], sigma)
    >>> # 0.3 * 0.01 + 0.7 * 0.005; 0.3 * 0.005 + 0.7 * 0.04; 0.0226 of the mix + 0.15**2
    >>> found = twin(a, "private", ["stocks", "bonds"])
    >>> found.weights.round(6).to_dict(), round(found.tracking_error, 6)
    ({'stocks': 0.7, 'bonds': 0.3}, 0.15)
    >>> round(found.lead, 6)  # 0.08 - 0.3 * 0.03 - 0.7 * 0.07
    0.022
    >>> round(found.correlation**2, 6) == round(0.0226 / 0.0451, 6)
    True
    >>> cash = Assumptions(("bank", "bills"), [0.02, 0.03], np.diag([0.0, 0.0]))
    >>> still = twin(cash, "bank", ["bills"])
    >>> bool(np.isnan(still.correlation)), round(still.lead, 9)
    (True, -0.01)
    >>> twin(a, "private", ["bonds", "private"])
    Traceback (most recent call last):
    ...
    ValueError: private cannot be its own twin

    It goes on in ``rivals.md``.
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
    risks = part.risk_of(held) * float(part.volatility[n])
    return Twin(
        pd.Series(w, index=list(listed), name=asset),
        error,
        float(part.mu[n] - part.mu[:n] @ w),
        float(held @ part.sigma[:, n]) / risks if risks > 0 else float("nan"),
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

    Examples
    --------
    >>> sigma = [[0.04, 0.03, 0.01], [0.03, 0.09, 0.02], [0.01, 0.02, 0.05]]
    >>> a = Assumptions(("stocks", "private", "land"), [0.07, 0.09, 0.05], sigma)
    >>> slow = {"land": Smoothing((0.5, 0.3, 0.2)), "private": Smoothing((0.6, 0.4))}
    >>> as_reported(a, slow).sigma.round(9).tolist()
    [[0.04, 0.018, 0.005], [0.018, 0.0468, 0.0084], [0.005, 0.0084, 0.019]]
    >>> # 0.03 * 0.6; 0.09 * (0.36 + 0.16); 0.02 * (0.6 * 0.5 + 0.4 * 0.3); 0.05 * 0.38
    >>> as_reported(a, {}).sigma.tolist() == sigma
    True
    >>> late = {"private": Smoothing((0.6, 0.4)), "land": Smoothing((0.5, 0.3, 0.2))}
    >>> told = as_reported(a.replace(source="the survey"), late)
    >>> told.sigma.round(9).tolist() == as_reported(a, slow).sigma.round(9).tolist()
    True
    >>> told.source, told.mu.tolist()
    ('the survey; as appraisals would report', [0.07, 0.09, 0.05])
    >>> as_reported(a, slow | {"farms": slow["land"]})
    Traceback (most recent call last):
    ...
    ValueError: the assumptions do not cover farms; there are stocks, private, land

    It goes on in ``rivals.md``.
    """
    _covered(smoothed, assumptions)
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
    """Weights of the least risky mix that is expected to earn cash plus ``over_cash``.

    Examples
    --------
    With cash and two uncorrelated classes the risky weights stand as premium over variance,
    0.05/0.04 to 0.06/0.09, and together earn the 3%.

    >>> sigma = np.diag([0.0, 0.04, 0.09])
    >>> a = Assumptions(("cash", "stocks", "private"), [0.02, 0.07, 0.08], sigma, rf=0.02)
    >>> w = least_risk(a, 0.03)
    >>> bool(np.isclose(w["stocks"] / w["private"], (0.05 / 0.04) / (0.06 / 0.09)))
    True
    >>> f"{0.05 * w['stocks'] + 0.06 * w['private']:.6f}"
    '0.030000'

    It goes on in ``rivals.md``.
    """
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

    Examples
    --------
    >>> a = Assumptions(("stocks", "private"), [0.07, 0.08], np.diag([0.04, 0.09]))
    >>> with_haircut(a, ["private"], 0.015).mu.round(9).tolist()
    [0.07, 0.065]
    >>> with_haircut(a.replace(source="the survey"), ["stocks", "private"], 0.015).source
    'the survey; alternatives less 1.50%'
    >>> with_haircut(a, ["private", "privat", "land"], 0.015)
    Traceback (most recent call last):
    ...
    ValueError: the assumptions do not cover privat, land; there are stocks, private
    """
    _covered(names, assumptions)
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

    Examples
    --------
    Without correlation squared Sharpe ratios add up: 0.25 of stocks alone, the root of
    ``0.05**2/0.04 + 0.06**2/0.09 = 0.1025`` of both.

    >>> sigma = np.diag([0.0, 0.04, 0.09])
    >>> a = Assumptions(("cash", "stocks", "private"), [0.02, 0.07, 0.08], sigma, rf=0.02)
    >>> bool(np.isclose(saving(a, ["private"], 0.03), 0.03 / 0.25 - 0.03 / 0.1025**0.5))
    True
    """
    _covered(names, assumptions)
    others = assumptions.select([name for name in assumptions.labels if name not in names])
    without = others.risk_of(least_risk(others, over_cash).to_numpy())
    return without - assumptions.risk_of(least_risk(assumptions, over_cash).to_numpy())


@door(over_cash=RETURN, keep=SHARE)
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
        Where they save nothing to begin with, or no haircut undoes it; for an unknown class.

    Examples
    --------
    A class without correlation helps until it earns no more than cash; half of the saving is left
    at the premium ``p`` where ``0.03 / sqrt(0.0625 + p**2 / 0.09)`` is halfway.

    >>> sigma = np.diag([0.0, 0.04, 0.09])
    >>> a = Assumptions(("cash", "stocks", "private"), [0.02, 0.07, 0.08], sigma, rf=0.02)
    >>> round(break_even(a, ["private"], 0.03), 3)
    0.06
    >>> half = (0.03 / 0.25 + 0.03 / 0.1025**0.5) / 2
    >>> p = (0.09 * ((0.03 / half) ** 2 - 0.0625)) ** 0.5
    >>> abs(break_even(a, ["private"], 0.03, keep=0.5) - (0.06 - p)) < 1e-5
    True

    Of two such classes, both lose as much: the one that earns more over cash is the last to help.

    >>> two = Assumptions(
    ...     ("cash", "land", "stocks", "private"),
    ...     [0.02, 0.06, 0.07, 0.08],
    ...     np.diag([0.0, 0.01, 0.04, 0.09]),
    ...     rf=0.02,
    ... )
    >>> round(break_even(two, ["land", "private"], 0.03), 3)
    0.06
    >>> break_even(with_haircut(a, ["private"], 0.07), ["private"], 0.03)
    Traceback (most recent call last):
    ...
    ValueError: these classes save no risk at this return: there is nothing to lose

    It goes on in ``rivals.md``.
    """
    from scipy.optimize import brentq

    first = saving(assumptions, names, over_cash)
    if not first > 1e-9:
        raise ValueError("these classes save no risk at this return: there is nothing to lose")

    def left(haircut: float) -> float:
        return saving(with_haircut(assumptions, names, haircut), names, over_cash) - level

    level = max(keep * first, 1e-7)
    most = 0.99  # what goes against the others saves risk even where it earns less than nothing
    if left(most) > 0:
        raise ValueError("these classes save risk however little they earn: no haircut undoes that")
    return float(brentq(left, 0.0, most, xtol=1e-6))


@dataclass(frozen=True, eq=False)
class EqualRisk:
    """The best mix with alternatives beside the listed mix of the same volatility.

    Attributes
    ----------
    mixed, listed : weights by class, over all classes
    gain : expected return of the first less that of the second, annual decimal
    correlation : of the classes' returns; a riskless class has none with the others

    Examples
    --------
    The mixes differ by -0.2, -0.1 and 0.3; times the errors -0.004, -0.001 and 0.015.

    >>> names = ["stocks", "bonds", "private"]
    >>> correlation = np.array([[1.0, 0.2, 0.6], [0.2, 1.0, 0.4], [0.6, 0.4, 1.0]])
    >>> found = EqualRisk(
    ...     pd.Series([0.5, 0.2, 0.3], names), pd.Series([0.7, 0.3, 0.0], names), 0.01, correlation
    ... )
    >>> errors = pd.Series({"private": 0.05, "bonds": 0.01, "stocks": 0.02})
    >>> round(found.error(errors, 0.0) ** 2, 9)  # 16e-6 + 1e-6 + 225e-6
    0.000242
    >>> round(found.error(errors, 0.5) ** 2, 10)  # and 0.2 * 4e-6 - 0.6 * 60e-6 - 0.4 * 15e-6
    0.0002008
    >>> found.error(errors, 1.5)
    Traceback (most recent call last):
    ...
    ValueError: errors are shared by a part between 0 and 1, not 1.5

    It goes on in ``rivals.md``.
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

    Examples
    --------
    Stocks alone earn 3% over cash with a volatility of 0.03/0.25; both, at that risk, earn it times
    the Sharpe ratio of both, ``sqrt(0.1025)``.

    >>> sigma = np.diag([0.0, 0.04, 0.09])
    >>> a = Assumptions(("cash", "stocks", "private"), [0.02, 0.07, 0.08], sigma, rf=0.02)
    >>> found = at_equal_risk(a, ["private"], 0.03)
    >>> bool(np.isclose(found.gain, 0.12 * 0.1025**0.5 - 0.03))
    True
    >>> found.correlation.tolist() == np.eye(3).tolist()
    True
    >>> found.listed.round(6).to_dict()
    {'cash': 0.4, 'stocks': 0.6, 'private': 0.0}
    >>> related = sigma + 0.012 * np.eye(3)[[0, 2, 1]] * [0, 1, 1]  # 0.2 of 0.2 * 0.3
    >>> b = Assumptions(a.labels, a.mu, related, rf=0.02)
    >>> at_equal_risk(b, ["private"], 0.03).correlation.round(9).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.2], [0.0, 0.2, 1.0]]

    It goes on in ``rivals.md``.
    """
    _covered(names, assumptions)
    others = [name for name in assumptions.labels if name not in names]
    plain = least_risk(assumptions.select(others), over_cash)
    listed = plain.reindex(list(assumptions.labels)).fillna(0.0)
    risk = assumptions.risk_of(listed.to_numpy())
    best = frontier(assumptions).target_risk(risk).w
    mixed = pd.Series(best, index=list(assumptions.labels))
    sd = np.where(assumptions.volatility > 0, assumptions.volatility, np.inf)
    correlation = assumptions.sigma / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    gain = float(assumptions.mu @ (mixed - listed).to_numpy())
    return EqualRisk(mixed, listed, gain, correlation)


def _covered(names: Iterable[str], assumptions: Assumptions) -> None:
    if lost := [str(name) for name in names if name not in assumptions.labels]:
        raise ValueError(
            f"the assumptions do not cover {', '.join(lost)}; there are "
            f"{', '.join(assumptions.labels)}"
        )
