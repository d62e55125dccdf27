"""What is a year of it: how do months become a year, and years what compounding earns?

With arithmetic mean ``m``, variance ``v`` and lognormal growth, the return that compounding earns
(its median) is ``g = (1 + m) / sqrt(1 + v / (1 + m)^2) - 1``, about ``m - v/2``; it is concave in
the weights, so that of a portfolio is not the average of those of its parts.

Left out: dependence of months on each other, which no convention repairs.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from portlib.compounding import arithmetic_to_geometric
from portlib.estimation.months import monthly, named, same
from portlib.ranges import among, door
from portlib.records import Array, Assumptions

#: How the months of a history become a year.
Convention = Literal["times 12", "compounded"]


def annualised(
    returns: pd.DataFrame,
    cash: pd.Series | None = None,
    convention: Convention = "times 12",
) -> Assumptions:
    """Which annual assumptions does a monthly history imply, were its months independent?

    ``times 12``: means and covariances (ddof 1) times twelve. ``compounded``: the moments of the
    product of twelve independent months, ``prod(1 + m) - 1``; comparable with annual assumptions.
    Neither repairs autocorrelation (see the chapter).

    Parameters
    ----------
    returns : DataFrame (months, assets)
        Monthly decimals, consecutive.
    cash : Series (months,), optional
        Of the same months; its mean is ``rf``, which is zero without it.
    convention : str
        ``times 12`` or ``compounded``.

    Returns
    -------
    Assumptions
        Annual decimals.

    Raises
    ------
    ValueError
        Below two years, for months that are missing, given twice or out of order, for cash of other
        months, and for an unknown convention.

    Examples
    --------
    Two funds that earn 0.5% and 0.3% a month on average, beside cash of 0.2%:

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> fund = [0.02, -0.01] * 12
    >>> history = pd.DataFrame({"fund": fund, "bonds": [0.0, 0.003, 0.006] * 8}, months)
    >>> cash = pd.Series([0.001, 0.003] * 12, months)
    >>> told = annualised(history, cash)
    >>> # 12 times the months' means
    >>> told.mu.round(12).tolist(), round(told.rf, 12), annualised(history).rf
    ([0.06, 0.036], 0.024, 0.0)
    >>> variance = 24 * 0.015**2 / 23  # each month is 1.5 points from its mean
    >>> bool(np.isclose(told.sigma[0, 0], 12 * variance))
    True
    >>> told.source
    'monthly history 2020-01 to 2021-12, times 12'

    It goes on in ``annual.md``.
    """
    monthly(returns, "returns", least=-1.0)
    if len(returns) < 24:
        raise ValueError(f"annualising needs 24 months without gaps: {len(returns)} are given")
    if cash is not None:
        monthly(cash, "cash", least=-1.0)
        same(returns, cash, "returns and cash")
    among("convention", [convention], get_args(Convention))
    m = returns.mean().to_numpy(float)
    s = np.atleast_2d(np.cov(returns.to_numpy(float), rowvar=False))
    c = 0.0 if cash is None else float(cash.mean())
    if convention == "compounded":
        growth = np.outer(1 + m, 1 + m)
        mu = (1 + m) ** 12 - 1
        sigma = (growth + s) ** 12 - growth**12
        rf = (1 + c) ** 12 - 1
    else:
        mu = 12 * m
        sigma = 12 * s
        rf = 12 * c
    span = f"{named(returns.index[0])} to {named(returns.index[-1])}"
    return Assumptions(
        list(returns.columns), mu, sigma, rf, source=f"monthly history {span}, {convention}"
    )


@door()
def portfolio_geometric(assumptions: Assumptions, w: Array, horizon_years: float = np.inf) -> float:
    """What does a portfolio, rebalanced yearly to ``w``, compound to? From its own mean and
    volatility.

    Parameters
    ----------
    assumptions : Assumptions
        Annual arithmetic means and covariance of the assets.
    w : array (n,)
        Weights, in the order of the assets.
    horizon_years : float
        Over so many years; the median without end, by default.

    Returns
    -------
    float
        Annual decimal.

    Examples
    --------
    A quarter in shares: mean 4%, variance ``0.25^2 0.04 + 0.75^2 0.0025``. The median of a
    lognormal law is the exponential of the mean of its logarithm:

    >>> told = Assumptions(["shares", "bonds"], [0.07, 0.03], [[0.04, 0.0], [0.0, 0.0025]])
    >>> variance = 0.25**2 * 0.04 + 0.75**2 * 0.0025
    >>> median = np.exp(np.log(1.04) - np.log(1 + variance / 1.04**2) / 2) - 1
    >>> bool(np.isclose(portfolio_geometric(told, np.array([0.25, 0.75])), median))
    True
    >>> round(portfolio_geometric(told, np.array([0.25, 0.75]), horizon_years=1), 12)
    0.04
    """
    return float(
        arithmetic_to_geometric(assumptions.mean_of(w), assumptions.risk_of(w), horizon_years)
    )
