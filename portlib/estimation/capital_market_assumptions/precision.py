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
    annual decimals.

    Examples
    --------
    Sixteen points a year, known from 64 years, and from 4:

    >>> mean_standard_error(0.16, [64, 4]).round(12).tolist()
    [0.02, 0.08]
    >>> mean_standard_error(0.16, 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: years is 0: ...
    >>> mean_standard_error(-0.16, 4)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: volatility is -0.16: ...
    """
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
    To know an equity premium to two points takes longer than there are records. Printed tables of
    the normal law have 1.96 for 95% and 1.645 for 90%:

    >>> round(years_needed(volatility=0.16, precision=0.02)), round((1.96 * 0.16 / 0.02) ** 2)
    (246, 246)
    >>> round(years_needed(0.2, 0.03, level=0.9)), round((1.645 * 0.2 / 0.03) ** 2)
    (120, 120)

    After so many years the standard error is ``precision / 1.96``:

    >>> round(1.96 * float(mean_standard_error(0.16, years_needed(0.16, 0.02))), 6)
    0.02
    >>> years_needed(0.16, 0.0)
    Traceback (most recent call last):
    ...
    ValueError: precision is 0: give a number above 0 and below 1
    >>> years_needed(0.16, 0.02, level=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: level is 1: ...
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

    Examples
    --------
    A volatility to a tenth of itself, either side; with tails as fat as a kurtosis of 6 it takes
    two and a half times as long:

    >>> round(months_needed(0.1)), round(2 / 4 * (1.96 / 0.1) ** 2)
    (192, 192)
    >>> round(months_needed(0.1, kurtosis=6) / months_needed(0.1), 9)
    2.5
    >>> round(months_needed(0.2, 6, level=0.9), 1), round(5 / 4 * (1.6449 / 0.2) ** 2, 1)
    (84.5, 84.6)
    >>> months_needed(0.1, kurtosis=1)
    0.0
    >>> months_needed(0.1, kurtosis=0.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: kurtosis is 0.5: ...
    >>> months_needed(0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: relative precision is 0: ...
    """
    number("relative precision", relative_precision, above=0)
    number("kurtosis", kurtosis, least=1)
    return float((kurtosis - 1) / 4 * (_two_sided(level) / relative_precision) ** 2)


def _two_sided(level: float) -> float:
    return NormalDist().inv_cdf((1 + number("level", level, above=0, below=1)) / 2)
