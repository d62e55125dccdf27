"""How far may a weight drift before trading it back is worth the cost?

A weight ``w`` that is ``x`` off target costs ``(A/2) v x^2`` a year, ``v`` the variance of the
asset over the rest; it wanders with variance ``s^2 = w^2 (1-w)^2 v`` a year; moving it costs ``c``
per unit traded. Held within ``+-b``, pushed back to the edge only, x is spread evenly over the
band, and the cost a year is

    g(b) = A v b^2 / 6 + c s^2 / (2 b),      least at   b = (3 c w^2 (1-w)^2 / (2 A))^(1/3).

That a band is best: Davis and Norman (1990). The cube root is that of the theory of small costs
(Janecek and Shreve 2004); note that v drops out. `optimal_band` finds the edges without any of
this, by dynamic programming for a review every so often.

Left out: drift of the weight, more than one asset against the rest, fixed costs per trade, tax.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from portlib.ranges import door
from portlib.records import Array


class Band(NamedTuple):
    """Half-width of the band around the target (a weight) and what it costs a year (decimal),
    penalty and trades."""

    width: float
    cost: float


def _checked(weight: float, cost: float, risk_aversion: float, variance: float = 1.0) -> None:
    if not 0 < weight < 1 or not cost > 0 or not risk_aversion > 0 or not variance > 0:
        raise ValueError(
            f"weight {weight} (between 0 and 1), cost {cost}, risk aversion {risk_aversion}, "
            f"variance "
            f"{variance} (above 0): no band without them"
        )


@door()
def cube_root_band(weight: float, cost: float, risk_aversion: float) -> float:
    """The half-width of the small-cost theory (Janecek and Shreve 2004, leading term; formula
    above).

    Parameters
    ----------
    weight : float
        Target, between 0 and 1.
    cost : float
        Decimal cost of a dollar traded, one way, for both sides of the exchange together.
    risk_aversion : float
        A, above 0.

    Returns
    -------
    float
        A weight.

    Raises
    ------
    ValueError
        For a weight not between 0 and 1, or a cost or risk aversion not above zero.

    Examples
    --------
    Eight times the cost doubles the band. For half of the money, a cost of 1% and an aversion of 3
    it is the cube root of 1.5 * 0.01 / 16 / 3, or 0.0003125:

    >>> round(cube_root_band(0.6, 0.008, 4.0) / cube_root_band(0.6, 0.001, 4.0), 9)
    2.0
    >>> round(cube_root_band(0.5, 0.01, 3.0) ** 3, 12)
    0.0003125
    >>> cube_root_band(1.0, 0.01, 3.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: weight 1.0 (between 0 and 1), cost 0.01, ...
    >>> cube_root_band(0.5, 0.0, 3.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: weight 0.5 (between 0 and 1), cost 0.0, ...
    """
    _checked(weight, cost, risk_aversion)
    return float((1.5 * cost * (weight * (1 - weight)) ** 2 / risk_aversion) ** (1 / 3))


@door()
def band_cost(
    width: float, weight: float, cost: float, risk_aversion: float, variance: float
) -> float:
    """What a band costs a year, ``g(b)`` above: continuous watch.

    Parameters
    ----------
    width : float
        Half-width of the band, a weight.
    weight, cost, risk_aversion
        As for `cube_root_band`.
    variance : float
        Of the asset over the rest, annual decimal squared.

    Returns
    -------
    float
        Decimal per year.

    Examples
    --------
    At a tenth either way: 3 * 0.04 * 0.01 / 6 for being off, and, wandering with a variance of
    0.0025 a year, 0.01 * 0.0025 / 0.2 for trades. No band nearby costs less than the cube root's:

    >>> round(band_cost(0.1, 0.5, 0.01, 3.0, 0.04), 12)  # 0.0002 + 0.000125
    0.000325
    >>> best = cube_root_band(0.3, 0.004, 5.0)
    >>> costs = [band_cost(best * part, 0.3, 0.004, 5.0, 0.03) for part in (0.97, 1.0, 1.03)]
    >>> costs[1] < costs[0], costs[1] < costs[2]
    (True, True)
    >>> def refused(weight=0.5, cost=0.01, risk_aversion=3.0, variance=0.04):
    ...     try:
    ...         return band_cost(0.1, weight, cost, risk_aversion, variance) < 0
    ...     except ValueError as error:
    ...         return "no band without them" in str(error)
    >>> refused(), refused(weight=0.0), refused(weight=1.0)
    (False, True, True)
    >>> refused(cost=0.0), refused(risk_aversion=0.0), refused(variance=0.0)
    (True, True, True)
    """
    _checked(weight, cost, risk_aversion, variance)
    s2 = (weight * (1 - weight)) ** 2 * variance
    return risk_aversion * variance * width**2 / 6 + cost * s2 / (2 * width)


@door()
def optimal_band(
    weight: float,
    cost: float,
    risk_aversion: float,
    variance: float,
    *,
    reviews: int,
    points: int = 301,
    reach: float = 3.0,
) -> Band:
    """The best band for evenly spaced reviews, by relative value iteration.

    On a grid of `points` deviations within `reach` cube-root widths and two standard deviations
    between reviews, ``V(x) + g = min over y of c |y - x| + q y^2 + E V(y + e)`` with ``e`` normal;
    the minimising y leaves a band alone and moves everything else to its edges. Precise to about a
    step of the grid.

    Parameters
    ----------
    weight, cost, risk_aversion, variance
        As for `band_cost`.
    reviews : int
        A year.
    points : int
        Of the grid.
    reach : float
        Its half-width, see above.

    Returns
    -------
    Band

    Raises
    ------
    ValueError
        As `cube_root_band`, for a grid too coarse to see one review's wandering, and when the
        iteration does not settle.

    Examples
    --------
    Watched every trading day a band is nearly as wide and as dear as the cube root says; reviewed
    once a year it is narrower, since nobody can act in between:

    >>> cube = cube_root_band(0.6, 0.002, 4.0)
    >>> often = optimal_band(0.6, 0.002, 4.0, 0.03, reviews=250, points=401)
    >>> abs(often.width / cube - 1) < 0.08
    True
    >>> abs(often.cost / band_cost(cube, 0.6, 0.002, 4.0, 0.03) - 1) < 0.02
    True
    >>> rarely = optimal_band(0.6, 0.002, 4.0, 0.03, reviews=1, points=151)
    >>> rarely.width < often.width
    True
    >>> optimal_band(0.6, 0.002, 4.0, 0.03, reviews=1000, points=21)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a grid of 21 points is too coarse for 1000 reviews a year; use more points

    Where trades cost next to nothing all of each review's wandering is undone, and a year costs
    what these trades do. The grid then reaches five standard deviations to either side, and may
    have steps of a third of one:

    >>> s = 0.24 * (0.03 / 4) ** 0.5
    >>> free = optimal_band(0.6, 1e-7, 4.0, 0.03, reviews=4, points=151)
    >>> abs(free.cost / (4 * 1e-7 * s * (2 / np.pi) ** 0.5) - 1) < 0.005
    True
    >>> bool(optimal_band(0.6, 1e-7, 4.0, 0.03, reviews=4, points=33).cost > 0)  # 10 s / 32
    True
    >>> optimal_band(0.6, 1e-7, 4.0, 0.03, reviews=4, points=29)  # 10 s / 28
    Traceback (most recent call last):
    ...
    ValueError: a grid of 29 points is too coarse for 4 reviews a year; use more points
    """
    _checked(weight, cost, risk_aversion, variance)
    s = weight * (1 - weight) * np.sqrt(variance / reviews)
    half = reach * max(cube_root_band(weight, cost, risk_aversion), s) + 2 * s
    x = np.linspace(-half, half, points)
    if x[1] - x[0] > s / 3:
        raise ValueError(
            f"a grid of {points} points is too coarse for {reviews} reviews a year; use more points"
        )
    step = _transition(x, s)
    penalty = risk_aversion / 2 * variance / reviews * x**2
    value = np.zeros(points)
    gain = 0.0
    for _ in range(200_000):
        after = penalty + step @ value
        new = _cheapest(after, cost, x)
        change = new - value
        gain = float((change.max() + change.min()) / 2)
        value = new - new[points // 2]
        if change.max() - change.min() < 1e-6 * max(abs(gain), 1e-300):
            break
    else:
        raise ValueError(
            f"the programme did not settle with {points} points; use more, or fewer reviews a year"
        )
    after = penalty + step @ value
    kept = np.flatnonzero(after <= _cheapest(after, cost, x) + 1e-12 * cost)
    return Band(float(x[kept].max() - x[kept].min()) / 2, gain * reviews)


def _transition(x: Array, s: float) -> Array:
    """Probabilities of going from each point to each other, normal steps, what falls off the grid
    put on its ends."""
    from scipy.special import ndtr

    edges = np.concatenate([[-np.inf], (x[1:] + x[:-1]) / 2, [np.inf]])
    return np.diff(ndtr((edges[None, :] - x[:, None]) / s), axis=1)


def _cheapest(after: Array, cost: float, x: Array) -> Array:
    """``min over y of after(y) + cost |y - x|`` at every grid point, in two sweeps."""
    up = np.minimum.accumulate(after - cost * x) + cost * x  # to some y <= x
    down = np.minimum.accumulate((after + cost * x)[::-1])[::-1] - cost * x
    return np.minimum(up, down)


@door()
def simulate(
    width: float,
    weight: float,
    cost: float,
    risk_aversion: float,
    variance: float,
    *,
    reviews: int,
    years: int,
    rng: np.random.Generator,
    back_to: float = 1.0,
) -> float:
    """What a band costs a year in simulation: weights wander, and beyond the band go back.

    Parameters
    ----------
    width, weight, cost, risk_aversion, variance
        As for `band_cost`.
    reviews, years : int
        Reviews a year, and for how long; 1000 paths.
    rng : numpy.random.Generator
        Where the wandering comes from.
    back_to : float
        Where trades go: 1 to the edge, 0 to the target.

    Returns
    -------
    float
        Decimal per year.

    Examples
    --------
    A band that is never left costs its penalty alone: a walk whose square grows by s^2 = (0.24)^2 *
    0.03 a year is off by 1.5 s^2 on average over two years. Brought back to the target every year
    it is off by nothing, and trades the mean of an absolute normal step, s times the root of 2/pi:

    >>> s = 0.24 * 0.03**0.5
    >>> def found(width, **how):
    ...     rng = np.random.default_rng(1)
    ...     return simulate(width, 0.6, 0.002, 4.0, 0.03, reviews=1, years=2, rng=rng, **how)
    >>> bool(abs(found(10.0) / (2.0 * 0.03 * 1.5 * s**2) - 1) < 0.1)
    True
    >>> bool(abs(found(0.0, back_to=0.0) / (0.002 * s * (2 / np.pi) ** 0.5) - 1) < 0.05)
    True

    Watched often it costs what the theory of continuous watch says, and going back to the target
    instead of the edge costs more:

    >>> often = {"reviews": 250, "years": 8}
    >>> args = (0.02, 0.6, 0.002, 4.0, 0.03)
    >>> cost = simulate(*args, **often, rng=np.random.default_rng(2))
    >>> abs(cost / band_cost(*args) - 1) < 0.15
    True
    >>> bool(simulate(*args, **often, rng=np.random.default_rng(2), back_to=0.0) > cost)
    True
    """
    _checked(weight, cost, risk_aversion, variance)
    s = weight * (1 - weight) * np.sqrt(variance / reviews)
    x = np.zeros(1000)
    total = 0.0
    for _ in range(years * reviews):
        x = x + s * rng.standard_normal(1000)
        y = np.where(np.abs(x) > width, np.sign(x) * width * back_to, x)
        total += float(
            (cost * np.abs(y - x) + risk_aversion / 2 * variance / reviews * y**2).mean()
        )
        x = y
    return total / years
