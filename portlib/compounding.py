"""What does an arithmetic mean compound to, and which mean compounds to what is promised?

For independent lognormal years of arithmetic mean ``m`` and variance ``v`` the expected annualised
return over ``n`` years is ``(1 + m) x^(-(1 - 1/n)/2) - 1`` with ``x = 1 + v/(1 + m)^2``; over an
infinite horizon it is the median. Left out: autocorrelation, laws with fatter tails.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from portlib.ranges import RETURN, VOLATILITY, door
from portlib.records import Array


@door(mean=RETURN, volatility=VOLATILITY)
def arithmetic_to_geometric(
    mean: ArrayLike, volatility: ArrayLike, horizon_years: ArrayLike = np.inf
) -> Array:
    """What does an arithmetic mean compound to?

    Parameters
    ----------
    mean, volatility : array
        Annual decimals, of any shapes that match.
    horizon_years : array
        Over so many years; the median without end, by default.

    Returns
    -------
    array
        Annual decimals.

    Raises
    ------
    ValueError
        For a mean of -1 or less, a negative volatility, or less than a year.

    Examples
    --------
    >>> float(arithmetic_to_geometric(0.07, 0.16).round(4))
    0.0582
    >>> float(arithmetic_to_geometric(0.07, 0.16, horizon_years=1).round(12))
    0.07

    It goes on in ``compounding.md``.
    """
    _checked(mean, volatility, horizon_years)
    m = np.asarray(mean, float)
    v = np.square(np.asarray(volatility, float))
    share = 1 - 1 / np.asarray(horizon_years, float)
    return np.asarray((1 + m) * (1 + v / (1 + m) ** 2) ** (-share / 2) - 1, float)


@door(geometric=RETURN, volatility=VOLATILITY)
def geometric_to_arithmetic(
    geometric: ArrayLike, volatility: ArrayLike, horizon_years: ArrayLike = np.inf
) -> Array:
    """Which arithmetic mean compounds to ``geometric``? The inverse of `arithmetic_to_geometric`.

    Solves ``x^p (x - 1) = v/(1 + g)^2``, ``p = 1 - 1/n``, for the growth factor ``x``, of which
    ``1 + m = (1 + g) x^(p/2)`` (Newton from the closed form for an infinite horizon).

    Parameters
    ----------
    geometric, volatility, horizon_years : array
        As in `arithmetic_to_geometric`, whose errors it raises.

    Returns
    -------
    array
        Annual decimals.

    Examples
    --------
    >>> mean = geometric_to_arithmetic(0.06, 0.16, horizon_years=10)
    >>> float(arithmetic_to_geometric(mean, 0.16, horizon_years=10).round(12))
    0.06

    It goes on in ``compounding.md``.
    """
    _checked(geometric, volatility, horizon_years)
    g = np.asarray(geometric, float)
    v = np.square(np.asarray(volatility, float))
    p = 1 - 1 / np.asarray(horizon_years, float)
    u = v / (1 + g) ** 2
    x = (1 + np.sqrt(1 + 4 * u)) / 2
    for _ in range(0 if (p == 1).all() else 12):
        x = x - (x**p * (x - 1) - u) / (x**p + p * x ** (p - 1) * (x - 1))
    return np.asarray((1 + g) * x ** (p / 2) - 1, float)


def _checked(mean: ArrayLike, volatility: ArrayLike, horizon_years: ArrayLike) -> None:
    for what, values, least in (
        ("a mean return", mean, -1 + 1e-12),
        ("a volatility", volatility, 0.0),
        ("a horizon in years", horizon_years, 1.0),
    ):
        low = np.asarray(values, float)
        if not (low >= least).all():
            raise ValueError(f"{what} of {low.min():g}: give at least {least:g}")
