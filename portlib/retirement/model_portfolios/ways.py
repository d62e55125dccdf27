"""In which ways could the plan invest one person's money, and how much equity does a posture mean?

The plan's default is a path: equity by years to retirement. A posture tilts it and replaces
nothing::

    equity(years, posture) = equity of the default(years) + tilt(posture) - tilt(default posture)

so that a bold person of sixty holds less than a bold person of thirty, and the default posture is
the default. That equity can be had in two ways from what the plan offers: another date of its
series, alone, or its model portfolios in a mix. The naive rule is equal shares of the menu.

Left out: funds outside the plan; every way that the plan does not offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from portlib.ranges import door
from portlib.records import Array
from portlib.retirement import plan_menu
from portlib.retirement.glidepaths import Glidepath
from portlib.retirement.model_portfolios.capacity import Adviser

#: The way that all others are measured against, and the naive rule.
DEFAULT, NAIVE = "the default", "equal shares of the menu"
SERIES, MODELS, HELD = "the series, another date", "the models", "what is held"
#: Equity shares this near to each other are the same.
SAME = 1e-9


@door()
def mixture(desk: Adviser, weights: Mapping[str, float], years: float) -> Array:
    """What funds hold by class.

    Parameters
    ----------
    desk : Adviser
    weights : mapping
        By fund; of the series itself, the date nearest to `years` is meant.
    years : float
        To retirement.

    Returns
    -------
    array (n,)
        Weights of the desk's classes.
    """
    total = np.zeros(len(desk.classes))
    for fund, w in weights.items():
        named = fund if fund in desk.held else plan_menu.date_for(desk.plan, years)
        total += w * desk.held[named]
    return total


def cost_of(desk: Adviser, weights: Mapping[str, float]) -> float:
    """The weighted expense ratio of funds, annual decimal."""
    return float(sum(w * desk.expense[fund] for fund, w in weights.items()))


@door()
def default_weights(desk: Adviser, years: float) -> dict[str, float]:
    """What the plan's default is for somebody so many years from retirement: the date of its
    series, or its default fund; where the plan names none, the model of the default posture.
    """
    named = desk.plan.rules["default"]
    if named is not None and named == plan_menu.series_of(desk.plan):
        return {plan_menu.date_for(desk.plan, years): 1.0}
    if named is not None:
        return {str(named): 1.0}
    wanted = desk.order.index(desk.decided["default_posture"])
    near = min(desk.suite.postures, key=lambda name: abs(desk.order.index(name) - wanted))
    return {fund: w for fund, w in desk.suite[near].weights.items() if w > 0}


@door()
def target_equity(desk: Adviser, years: float, posture: str, cap: float) -> float:
    """The equity share for a posture: that of the default, tilted by the policy's ``posture_tilt``.

    Parameters
    ----------
    desk : Adviser
    years : float
        To retirement.
    posture : str
    cap : float
        The most that the person accepts.

    Returns
    -------
    float
        Within 0 and 1.
    """
    usual = float(mixture(desk, default_weights(desk, years), years) @ desk.is_equity)
    tilt = desk.decided["posture_tilt"]
    more = tilt[posture] - tilt[desk.decided["default_posture"]]
    return float(np.clip(usual + more, 0.0, min(cap, 1.0)))


@door()
def series_weights(desk: Adviser, years: float, equity: float) -> dict[str, float]:
    """The date of the series nearest to an equity share; of equals the one nearest in time.

    Parameters
    ----------
    desk : Adviser
        Of a plan with a series.
    years : float
        To retirement.
    equity : float
        Share.

    Returns
    -------
    dict
        The date's name, and 1.
    """
    options = plan_menu.dates(desk.plan)
    at = options.index.to_numpy(float)
    shares = np.array([float(desk.held[str(option)] @ desk.is_equity) for option in options])
    apart = np.round(np.abs(shares - equity), 9)
    best = min(range(len(at)), key=lambda i: (apart[i], abs(at[i] - years)))
    return {str(options.iloc[best]): 1.0}


@door()
def model_weights(desk: Adviser, equity: float) -> dict[str, float]:
    """The plan's models mixed to an equity share, as near as they reach; two neighbours at most."""
    made = sorted(desk.suite.models, key=lambda model: model.equity)
    shares = [model.equity for model in made]
    k = int(np.clip(np.searchsorted(shares, equity), 1, max(len(made) - 1, 1)))
    low = made[k - 1]
    high = made[min(k, len(made) - 1)]
    span = high.equity - low.equity
    part = float(np.clip((equity - low.equity) / span, 0.0, 1.0)) if span > SAME else 0.0
    funds = dict.fromkeys([*low.weights, *high.weights])
    mixed = {
        f: (1 - part) * low.weights.get(f, 0.0) + part * high.weights.get(f, 0.0) for f in funds
    }
    return {fund: w for fund, w in mixed.items() if w > SAME}


def naive_weights(desk: Adviser) -> dict[str, float]:
    """Equal shares of the lineup's funds, save its series and employer stock."""
    kinds = desk.plan.funds["kind"]
    chosen = [
        str(f) for f, k in kinds.items() if k not in ("target_date", "employer_stock", "annuity")
    ]
    return {fund: 1 / len(chosen) for fund in chosen}


@door()
def path_of(
    desk: Adviser, name: str, weights_at: Mapping[float, Mapping[str, float]], fee: float = 0.0
) -> Glidepath:
    """A glidepath over classes from weights of funds.

    Parameters
    ----------
    desk : Adviser
    name : str
    weights_at : mapping
        Weights by fund, by years to retirement.
    fee : float
        What is charged besides the mean of the funds' expenses, annual decimal.

    Returns
    -------
    Glidepath
    """
    years = sorted(weights_at, reverse=True)
    mixes = np.array([mixture(desk, weights_at[y], y) for y in years])
    cost = float(np.mean([cost_of(desk, weights_at[y]) for y in years]))
    labels = desk.classes.labels
    equity = [label for label, counts in zip(labels, desk.is_equity, strict=True) if counts]
    whole = mixes / mixes.sum(axis=1, keepdims=True)
    return Glidepath(name, years, whole, labels, equity, fee=cost + fee, source=desk.plan.name)


def _grid(desk: Adviser) -> list[float]:
    """Years to retirement at which paths are given: those of the series, or every five."""
    named = plan_menu.dates(desk.plan)
    return list(named.index) if len(named) else [float(y) for y in range(45, -31, -5)]


@lru_cache(maxsize=64)
@door()
def ways(desk: Adviser, posture: str, cap: float = 1.0) -> Mapping[str, Glidepath]:
    """The default, what a posture could be advised instead, and the naive rule, each for life.

    Parameters
    ----------
    desk : Adviser
    posture : str
    cap : float
        The most equity that the person accepts.

    Returns
    -------
    mapping of Glidepath
        By way.

    Examples
    --------
    The default posture is the default:

    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.model_portfolios.capacity import adviser
    >>> from portlib.retirement.model_portfolios.models import Suite
    >>> ours = plans.read(data.ROOT / "plan")
    >>> desk = adviser(ours, Suite((), {}, {}, "2026-01-01"), np.random.default_rng(1))
    >>> usual = desk.decided["default_posture"]
    >>> path = ways(desk, usual)[DEFAULT]
    >>> float(path.equity_at(20.0)) == target_equity(desk, 20.0, usual, cap=1.0)
    True
    """
    years = _grid(desk)
    found = {DEFAULT: path_of(desk, DEFAULT, {y: default_weights(desk, y) for y in years})}
    wanted = {y: target_equity(desk, y, posture, cap) for y in years}
    if plan_menu.series_of(desk.plan) is not None:
        other = {y: series_weights(desk, y, wanted[y]) for y in years}
        if any(other[y] != default_weights(desk, y) for y in years):
            found[SERIES] = path_of(desk, SERIES, other)
    if desk.suite.models:
        found[MODELS] = path_of(desk, MODELS, {y: model_weights(desk, wanted[y]) for y in years})
    found[NAIVE] = path_of(desk, NAIVE, {0.0: naive_weights(desk)})
    return found
