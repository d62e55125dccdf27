"""How unsure is a mean, and how long would one have to wait to know it?

A mean over ``T`` years has the standard error ``volatility / sqrt(T)``, however often returns are
sampled; a volatility becomes surer with every month.

Left out: that the years to come may be drawn from another urn.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from portlib.ranges import LEVEL, VOLATILITY, door, number, numbers
from portlib.records import Array


def mean_standard_error(volatility: ArrayLike, years: ArrayLike) -> Array:
    """How unsure is a mean over ``years`` of independent returns: ``volatility / sqrt(years)``,
    annual decimals."""
    span = numbers("years", years, above=0)
    return np.asarray(numbers("volatility", volatility, least=0) / np.sqrt(span), float)


@door(precision={"above": 0.0, "below": 1.0}, volatility=VOLATILITY, level=LEVEL)
def years_needed(volatility: float, precision: float, level: float = 0.95) -> float:
    """How many years place a mean within ``precision`` either side, at confidence ``level``:
    ``(z s/precision)^2``?

    Parameters
    ----------
    volatility, precision : float
        Annual decimals.
    level : float
        Two-sided confidence.

    Returns
    -------
    float
        Years.

    Examples
    --------
    To know an equity premium to two points takes longer than there are records:

    >>> round(years_needed(volatility=0.16, precision=0.02))
    246
    >>> float(mean_standard_error(0.16, 64))
    0.02
    """
    number("volatility", volatility, least=0)
    number("precision", precision, above=0)
    return float((_two_sided(level) * volatility / precision) ** 2)


@door(level=LEVEL)
def months_needed(relative_precision: float, kurtosis: float = 3.0, level: float = 0.95) -> float:
    """How many independent months place a *volatility* within a share of itself:
    ``(kurtosis - 1)/4 (z/share)^2``?

    Parameters
    ----------
    relative_precision : float
        The share, either side.
    kurtosis : float
        Of the months' returns; 3 is normal.
    level : float
        Two-sided confidence.

    Returns
    -------
    float
        Months.
    """
    number("relative precision", relative_precision, above=0)
    number("kurtosis", kurtosis, least=1)
    return float((kurtosis - 1) / 4 * (_two_sided(level) / relative_precision) ** 2)


def _two_sided(level: float) -> float:
    return NormalDist().inv_cdf((1 + number("level", level, above=0, below=1)) / 2)
