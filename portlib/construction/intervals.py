"""Where would a weight lie, had other forecasters been asked?

A published weight is a point in a cloud: redraw the expected returns within their errors, make the
portfolio again in the same way, and read off quantiles of each weight. ``w_j = f(mu + e_j)``,
``e_j ~ N(0, errors)``; the interval is the middle ``level`` of the ``w_j``, which need not be
centred on ``w`` and may end at a limit.

Left out: errors of the covariance, and of the way of making portfolios.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from portlib.ranges import COUNT, LEVEL, door, numbers
from portlib.records import Array, Assumptions, symmetric_root

#: Of a percent: what a solver leaves of a weight that is a whole one.
ROUNDED = 1e-3


@door(draws=COUNT)
def redrawn(
    make: Callable[[Assumptions], pd.Series],
    assumptions: Assumptions,
    errors: Array,
    *,
    draws: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Weights under redrawn means.

    Parameters
    ----------
    make : callable
        Makes the portfolio again: from Assumptions to weights by name.
    assumptions : Assumptions
        Of n assets, annual decimals.
    errors : array (n, n)
        Covariance of the errors of the means, annual decimals squared.
    draws : int
        At least 2.
    rng : numpy.random.Generator
        Where the errors come from.

    Returns
    -------
    DataFrame (draws, names)
        A row a draw, a column what `make` returns by name.

    Raises
    ------
    ValueError
        For errors of another shape, or fewer than 2 draws. What `make` raises for a draw is raised:
        a portfolio that only sometimes exists has no interval.

    Examples
    --------
    Errors of 2 and 1 points that always come together move the first mean twice as far as the
    second; here the "portfolio" is the means themselves.

    >>> a = Assumptions(("a", "b"), [0.05, 0.03], np.diag([0.04, 0.01]))
    >>> errors = np.array([[0.0004, 0.0002], [0.0002, 0.0001]])
    >>> rng = np.random.default_rng(1)
    >>> cloud = redrawn(lambda x: pd.Series(x.mu, x.labels), a, errors, draws=400, rng=rng)
    >>> cloud.shape, np.allclose(cloud["a"] - 0.05, 2 * (cloud["b"] - 0.03))
    ((400, 2), True)
    >>> bool(abs(cloud["a"].std(ddof=1) - 0.02) < 0.0014)  # twice its own standard error
    True
    >>> redrawn(lambda x: pd.Series(x.mu, x.labels), a, errors, draws=1, rng=rng)
    Traceback (most recent call last):
    ...
    ValueError: an interval needs at least 2 draws, not 1
    >>> redrawn(lambda x: pd.Series(x.mu, x.labels), a, errors[:1, :1], draws=2, rng=rng)
    Traceback (most recent call last):
    ...
    ValueError: errors are (1, 1), the assumptions have 2 assets

    It goes on in ``intervals.md``.
    """
    errors = numbers("the errors of the means", errors)
    if errors.shape != (len(assumptions), len(assumptions)):
        raise ValueError(
            f"errors are {errors.shape}, the assumptions have {len(assumptions)} assets"
        )
    if draws < 2:
        raise ValueError(f"an interval needs at least 2 draws, not {draws}")
    noise = rng.standard_normal((draws, len(assumptions))) @ symmetric_root(errors)
    source = f"{assumptions.source}; means redrawn within their errors"
    rows = [make(assumptions.replace(mu=assumptions.mu + e, source=source)) for e in noise]
    return pd.DataFrame(rows).reset_index(drop=True)


@door(level=LEVEL)
def intervals(weights: pd.Series, cloud: pd.DataFrame, *, level: float) -> pd.DataFrame:
    """The middle `level` of a cloud of weights.

    Parameters
    ----------
    weights : Series
        As published, by name.
    cloud : DataFrame (draws, names)
        As from `redrawn`.
    level : float
        Share of the draws inside, between 0 and 1.

    Returns
    -------
    DataFrame
        By name: ``low``, ``weight``, ``high``.

    Raises
    ------
    ValueError
        Where weights and cloud are of different things.

    Examples
    --------
    The middle half of five draws leaves one out on either side; the weight need not lie in the
    middle.

    >>> cloud = pd.DataFrame({"a": [0.1, 0.2, 0.3, 0.4, 0.5]})
    >>> intervals(pd.Series({"a": 0.35}), cloud, level=0.5)
       low  weight  high
    a  0.2    0.35   0.4

    Weights keep their order and must be of what was redrawn.

    >>> both = cloud.assign(b=1 - cloud["a"])
    >>> intervals(pd.Series({"b": 0.65, "a": 0.35}), both, level=0.5)["high"].round(9).to_dict()
    {'b': 0.8, 'a': 0.4}
    >>> intervals(pd.Series({"c": 0.35}), cloud, level=0.5)
    Traceback (most recent call last):
    ...
    ValueError: weights and redrawn weights are of different things: a, c

    >>> intervals(pd.Series({"a": 35}), cloud, level=0.5)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a weight is 35: ...

    It goes on in ``intervals.md``.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level lies between 0 and 1 (0.80 for 80%), not {level}")
    if not isinstance(weights, pd.Series):
        raise ValueError(f"weights are {weights!r:.60}; give them by name, as a Series")
    numbers("a weight", weights, least=-1.5, most=1.5)
    if apart := sorted(set(weights.index) ^ set(cloud.columns)):
        raise ValueError(f"weights and redrawn weights are of different things: {', '.join(apart)}")
    tail = (1 - level) / 2
    ordered = cloud[list(weights.index)]
    numbers("a redrawn weight", ordered.to_numpy(float))
    return pd.DataFrame(
        {"low": ordered.quantile(tail), "weight": weights, "high": ordered.quantile(1 - tail)}
    )


@door()
def outwards(low: float, high: float) -> tuple[int, int]:
    """The ends of an interval in whole percents, so that it holds no less than it did.

    Parameters
    ----------
    low, high : float
        Shares of the portfolio, decimals.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> outwards(0.2149, 0.3301)
    (21, 34)

    Less than a thousandth of a percent is what a solver left.

    >>> outwards(0.2099995, 0.3300005), outwards(0.209987, 0.330013)
    ((21, 33), (20, 34))
    >>> outwards(0.995, 1.0)
    (99, 100)
    """
    return math.floor(100 * low + ROUNDED), math.ceil(100 * high - ROUNDED)


@door()
def in_words(low: float, weight: float, high: float) -> str:
    """A weight with its interval, whose ends are rounded outwards to whole percents.

    Parameters
    ----------
    low, weight, high : float
        Shares of the portfolio, decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> in_words(0.2149, 0.27, 0.3301), in_words(0.0, 0.0, 0.0)
    ('27% (21 to 34%)', '0%')

    >>> in_words(1.0, 1.0, 1.0)
    '100%'

    It goes on in ``intervals.md``.
    """
    least, most = outwards(low, high)
    told = f"{weight:.0%}"
    return told if least == most == round(100 * weight) else f"{told} ({least} to {most}%)"
