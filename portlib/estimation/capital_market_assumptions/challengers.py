"""What else might be expected: what the market's weights imply, and what a history says once it is
drawn together?

In equilibrium ``pi = rf + A sigma w``. Bayes and Stein draw the means of a sample towards that of
its least-variance portfolio, the further the less the sample can say.

Left out: forecasts from prices or yields. Neither decides; both are shown beside the survey.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.estimation.months import monthly
from portlib.ranges import NOT_NEGATIVE, RETURN, door, number, numbers
from portlib.records import Array


@door(risk_aversion=NOT_NEGATIVE, rf=RETURN)
def equilibrium_returns(
    sigma: ArrayLike, w_market: ArrayLike, risk_aversion: float, rf: float = 0.0
) -> Array:
    """Which expected returns would make ``w_market`` the best portfolio: ``pi = rf + A sigma w``?

    Source: Sharpe (1974); Black and Litterman (1992).

    Parameters
    ----------
    sigma : array (n, n) or DataFrame
        Annual covariance, decimals squared.
    w_market : array (n,) or Series
        Weights that sum to one; a Series is taken by its labels beside a DataFrame.
    risk_aversion : float
        ``A`` in ``mu'w - A/2 w'sigma w``.
    rf : float
        Risk-free rate, annual decimal.

    Returns
    -------
    array (n,)
        Annual decimals.

    Raises
    ------
    ValueError
        Unless the weights sum to one and are of the covariance's assets.

    Examples
    --------
    Three times the covariance of each with the market, over 2%. An optimiser of the same risk
    aversion that is told the premiums holds the market:

    >>> sigma = np.array([[0.04, 0.01], [0.01, 0.02]])
    >>> pi = equilibrium_returns(sigma, [0.7, 0.3], risk_aversion=3, rf=0.02)
    >>> # 0.02 + 3 (0.7 * 0.04 + 0.3 * 0.01) and 0.02 + 3 (0.7 * 0.01 + 0.3 * 0.02)
    >>> pi.round(12).tolist()
    [0.113, 0.059]
    >>> np.linalg.solve(3 * sigma, pi - 0.02).round(12).tolist()
    [0.7, 0.3]
    >>> equilibrium_returns(sigma, [0.7, 0.3], risk_aversion=3).round(12).tolist()
    [0.093, 0.039]

    It goes on in ``challengers.md``.
    """
    if isinstance(sigma, pd.DataFrame) and isinstance(w_market, pd.Series):
        names = list(sigma.index)
        if list(sigma.columns) != names or set(w_market.index) != set(names):
            strange = sorted(map(str, set(w_market.index) ^ set(names)))
            raise ValueError(
                f"sigma and the weights must name the same assets; see {', '.join(strange)}"
            )
        w_market = w_market.loc[names]
    w = numbers("a market weight", w_market)
    covariance = numbers("sigma", sigma)
    if w.ndim != 1 or covariance.shape != (len(w), len(w)):
        raise ValueError(
            f"sigma of shape {covariance.shape} is not of the assets of {w.shape} weights"
        )
    numbers("a variance", np.diag(covariance), least=0, most=9)
    number("risk aversion", risk_aversion)
    number("rf", rf, above=-1, below=1)
    if not abs(w.sum() - 1) <= 1e-6:
        raise ValueError(f"market weights must sum to one, not {w.sum():.6g}")
    return np.asarray(rf + risk_aversion * covariance @ w, float)


@dataclass(frozen=True, eq=False)
class ShrunkMeans:
    """Means drawn towards one value: ``mu`` (n,), the ``intensity`` (0 none, 1 all the way) and the
    ``target``."""

    mu: Array
    intensity: float
    target: float


def bayes_stein_means(returns: pd.DataFrame) -> ShrunkMeans:
    """How far should sample means be drawn together, given how little a sample says about them?

    Target: the sample mean of the least-variance portfolio. Intensity
    ``(N+2) / (N+2 + T d' sigma^-1 d)`` with ``d`` the distance of the means from the target and
    ``sigma = S (T-1)/(T-N-2)``, ``S`` with ddof 1. Source: Jorion (1986), equations 14 and 17.

    Parameters
    ----------
    returns : DataFrame (T, N)
        Per-period decimals, consecutive.

    Returns
    -------
    ShrunkMeans
        Per-period decimals, as the returns are.

    Raises
    ------
    ValueError
        Unless T > N + 2.

    Examples
    --------
    Three assets that move apart from each other, by 1, 2 and 2 points: the least-variance portfolio
    holds them as 4 to 1 to 1, whose mean of 0.6%, 1.2% and 2.4% is 1%. With ``sigma`` of ``8/3``
    the squares, ``8 d' sigma^-1 d = 3 (0.4^2 + 0.1^2 + 0.7^2) = 1.98``.

    >>> sign = np.array([-1, 1])
    >>> apart = np.array([np.repeat(sign, 4), np.tile(np.repeat(sign, 2), 2), np.tile(sign, 4)]).T
    >>> months = pd.period_range("2020-01", periods=8, freq="M")
    >>> returns = pd.DataFrame([0.006, 0.012, 0.024] + apart * [0.01, 0.02, 0.02], months)
    >>> told = bayes_stein_means(returns)
    >>> round(told.target, 9), round(told.intensity, 9), round(5 / (5 + 1.98), 9)
    (0.01, 0.716332378, 0.716332378)
    >>> expected = [0.01 + 1.98 / 6.98 * away for away in (-0.004, 0.002, 0.014)]
    >>> np.allclose(told.mu, expected, rtol=0, atol=1e-12)
    True
    >>> bayes_stein_means(returns.head(6)).mu.shape
    (3,)
    >>> bayes_stein_means(returns.head(5))
    Traceback (most recent call last):
    ...
    ValueError: Bayes-Stein needs more than 5 periods for 3 assets, got 5
    >>> bayes_stein_means(returns.iloc[[*range(6), 7]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: returns: no return for 2020-07; a month that is missing is not a month without ...
    """
    monthly(returns, "returns")
    periods, n = returns.shape
    if periods <= n + 2:
        raise ValueError(
            f"Bayes-Stein needs more than {n + 2} periods for {n} assets, got {periods}"
        )
    mean = returns.mean().to_numpy(float)
    sigma = (
        np.atleast_2d(np.cov(returns.to_numpy(float), rowvar=False))
        * (periods - 1)
        / (periods - n - 2)
    )
    towards = np.linalg.solve(sigma, np.ones(n))
    target = float(towards @ mean / towards.sum())
    distance = mean - target
    intensity = (n + 2) / (n + 2 + periods * float(distance @ np.linalg.solve(sigma, distance)))
    return ShrunkMeans(mean - intensity * distance, float(intensity), target)
