"""How good was a forecast that says how sure it is?

    log score   = log f(x),               f normal with mean m and standard deviation s
    CRPS        = s (z (2 F(z) - 1) + 2 f(z) - 1/sqrt(pi)),   z = (x - m)/s

The log score rewards having called likely what came; the continuous ranked probability score is
the absolute error of a forecast that is a whole distribution, in the unit of the outcome (Gneiting
and others 2005). Both are proper: nobody gains by saying other than they believe (Gneiting and
Raftery 2007). Coverage counts how often an interval held what came.

Left out: distributions other than the normal; the surveys give a middle and two quartiles.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.records import Array


def log_score(outcome: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Array:
    """Log density of what came under the normal forecast; higher is better.

    Parameters
    ----------
    outcome, mean, sd : array
        What came, and the forecast; in one unit, of any shapes that match.

    Examples
    --------
    The logarithm of the normal density, which the standard library knows too:

    >>> from statistics import NormalDist
    >>> bool(np.isclose(log_score(0.12, 0.07, 0.04), np.log(NormalDist(0.07, 0.04).pdf(0.12))))
    True
    >>> # one standard deviation away costs half a unit, two cost two
    >>> round(float(log_score(0.07, 0.07, 0.04) - log_score(0.15, 0.07, 0.04)), 9)
    2.0
    """
    x, m, s = (np.asarray(a, float) for a in (outcome, mean, sd))
    z = (x - m) / s
    return np.asarray(-0.5 * z**2 - np.log(s) - 0.5 * np.log(2 * np.pi))


def crps(outcome: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Array:
    """Continuous ranked probability score of a normal forecast; lower is better.

    In the unit of the outcome. Source: Gneiting, Raftery, Westveld and Goldman (2005).

    Parameters
    ----------
    outcome : array
        What came.
    mean, sd : array
        The forecast's mean and standard deviation, in the same unit.

    Returns
    -------
    array
        Of the common shape.

    Examples
    --------
    The area between the forecast's distribution, squared, and what came, a step from 0 to 1:

    >>> from statistics import NormalDist
    >>> told = NormalDist(0.07, 0.04)
    >>> step = 1e-4
    >>> grid = np.arange(-0.2, 0.4, step) + step / 2
    >>> area = sum((told.cdf(x) - (x > 0.12)) ** 2 for x in grid) * step
    >>> round(float(crps(0.12, 0.07, 0.04)), 5), round(float(area), 5)
    (0.03148, 0.03148)

    A forecast without doubt is scored by its absolute error:

    >>> [round(float(x), 6) for x in crps([0.09, 0.03], 0.07, 1e-9)]
    [0.02, 0.04]
    """
    from scipy.special import ndtr

    x, m, s = (np.asarray(a, float) for a in (outcome, mean, sd))
    z = (x - m) / s
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    return np.asarray(s * (z * (2 * ndtr(z) - 1) + 2 * density - 1 / np.sqrt(np.pi)))


def coverage(outcome: pd.Series, low: pd.Series, high: pd.Series) -> pd.Series:
    """How many outcomes fell below, inside and above an interval?

    Parameters
    ----------
    outcome, low, high : Series
        By the same rows; those without an interval or an outcome are left out.

    Returns
    -------
    Series
        ``below``, ``inside`` and ``above``: counts.

    Examples
    --------
    An outcome at an end is inside; what has no interval, or no outcome, is not counted:

    >>> low = pd.Series([0.01, 0.01, 0.01, 0.01, None, 0.01, 0.01, 0.01])
    >>> high = pd.Series([0.05, 0.05, 0.05, 0.05, 0.05, None, 0.05, 0.05])
    >>> came = pd.Series([0.01, 0.05, 0.03, 0.06, 0.09, 0.09, None, 0.0])
    >>> coverage(came, low, high).to_dict()
    {'below': 1, 'inside': 3, 'above': 1}
    """
    known = low.notna() & high.notna() & outcome.notna()
    x = outcome[known]
    below = low[known]
    above = high[known]
    return pd.Series(
        {
            "below": int((x < below).sum()),
            "inside": int(((x >= below) & (x <= above)).sum()),
            "above": int((x > above).sum()),
        }
    )
