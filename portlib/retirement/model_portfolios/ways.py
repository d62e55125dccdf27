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

from portlib.ranges import among, door
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

    Examples
    --------
    Three tenths of a fund that is half stocks, seven tenths of one that holds none:

    >>> from types import SimpleNamespace
    >>> held = {"mixed": np.array([0.5, 0.4, 0.1]), "bonds": np.array([0.0, 0.9, 0.1])}
    >>> desk = SimpleNamespace(classes=("stocks", "bonds", "cash"), held=held)
    >>> # 0.3 * 0.5 = 0.15, 0.3 * 0.4 + 0.7 * 0.9 = 0.75, and a tenth of everything
    >>> mixture(desk, {"bonds": 0.7, "mixed": 0.3}, years=20.0).round(9).tolist()
    [0.15, 0.75, 0.1]
    >>> mixture(desk, {"bonds": 0.625, "mixed": 0.375}, years=20.0).round(9).tolist()  # eighths
    [0.1875, 0.7125, 0.1]

    Of the series itself its date is held, also by who is past it:

    >>> from unittest.mock import patch
    >>> desk.plan, dates = "ours", {20.0: "mixed", -7.0: "bonds"}
    >>> told = {"date_for": lambda plan, years: dates[years], "series_of": lambda plan: "SERIES"}
    >>> with patch.multiple(plan_menu, **told):
    ...     [mixture(desk, {"SERIES": 1.0}, years).tolist() for years in dates]
    [[0.5, 0.4, 0.1], [0.0, 0.9, 0.1]]
    """
    strange = [fund for fund, _ in weights.items() if fund not in desk.held]
    among("option", [f for f in strange if f != plan_menu.series_of(desk.plan)], desk.held)
    total = np.zeros(len(desk.classes))
    for fund, w in weights.items():
        named = fund if fund in desk.held else plan_menu.date_for(desk.plan, years)
        total += w * desk.held[named]
    return total


def cost_of(desk: Adviser, weights: Mapping[str, float]) -> float:
    """The weighted expense ratio of funds, annual decimal.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> desk = SimpleNamespace(expense={"cheap": 0.002, "dear": 0.010, "unused": 0.5})
    >>> # 0.75 * 0.002 + 0.25 * 0.010
    >>> round(cost_of(desk, {"dear": 0.25, "cheap": 0.75}), 9)
    0.004
    """
    among("option", weights.keys(), desk.expense)
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
    among("posture", [posture], tilt)
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
    """The plan's models mixed to an equity share, as near as they reach; two neighbours at most.

    Examples
    --------
    Half way between two models lies half of each; beyond the boldest there is only the boldest:

    >>> from types import SimpleNamespace
    >>> made = [
    ...     SimpleNamespace(equity=0.9, weights={"stocks": 0.9, "bonds": 0.1}),
    ...     SimpleNamespace(equity=0.3, weights={"bonds": 0.6, "cash": 0.1, "stocks": 0.3}),
    ...     SimpleNamespace(equity=0.6, weights={"stocks": 0.6, "bonds": 0.4, "gone": 0.0}),
    ... ]
    >>> desk = SimpleNamespace(suite=SimpleNamespace(models=made))
    >>> def shown(equity):
    ...     return {fund: round(w, 9) for fund, w in model_weights(desk, equity).items()}
    >>> # 0.4 is a third of the way from 0.3 to 0.6: bonds 2/3 * 0.6 + 1/3 * 0.4, cash 2/3 * 0.1
    >>> shown(0.4)
    {'bonds': 0.533333333, 'cash': 0.066666667, 'stocks': 0.4}
    >>> shown(0.6), shown(0.75)
    ({'bonds': 0.4, 'stocks': 0.6}, {'stocks': 0.75, 'bonds': 0.25})
    >>> shown(1.0), shown(0.0)
    ({'stocks': 0.9, 'bonds': 0.1}, {'bonds': 0.6, 'cash': 0.1, 'stocks': 0.3})

    One model alone is what there is:

    >>> alone = SimpleNamespace(suite=SimpleNamespace(models=made[:1]))
    >>> model_weights(alone, 0.5)
    {'stocks': 0.9, 'bonds': 0.1}

    It goes on in ``ways.md``.
    """
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
    """Equal shares of the lineup's funds, save its series and employer stock.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kinds = {"a": "core", "b": "core", "TD": "target_date", "own": "employer_stock"}
    >>> kinds |= {"c": "stable_value", "promise": "annuity", "d": "core"}
    >>> desk = SimpleNamespace(plan=SimpleNamespace(funds={"kind": kinds}))
    >>> naive_weights(desk)
    {'a': 0.25, 'b': 0.25, 'c': 0.25, 'd': 0.25}
    """
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

    Examples
    --------
    The years fall, whatever order they are given in; a mix that lacks something of one is made
    whole; the fee comes on top of the mean of what the funds cost:

    >>> from types import SimpleNamespace
    >>> from portlib.records import Assumptions
    >>> risks = np.diag([0.04, 0.01])
    >>> classes = Assumptions(["stocks", "bonds"], [0.06, 0.03], risks, rf=0.01, source="typed")
    >>> held = {"shares": np.array([0.96, 0.0]), "lender": np.array([0.0, 1.0])}
    >>> desk = SimpleNamespace(
    ...     classes=classes, held=held, is_equity=np.array([1.0, 0.0]),
    ...     expense={"shares": 0.001, "lender": 0.005}, plan=SimpleNamespace(name="Theirs"),
    ... )
    >>> weights = {0.0: {"lender": 0.75, "shares": 0.25}, 30.0: {"shares": 1.0}}
    >>> path = path_of(desk, "two steps", weights, fee=0.002)
    >>> path.name, path.years.tolist(), path.assets, path.equity, path.source
    ('two steps', [30.0, 0.0], ('stocks', 'bonds'), ('stocks',), 'Theirs')
    >>> # at retirement 0.25 * 0.96 = 0.24 of 0.99; the mean of 0.001 and of 0.004, and 0.002
    >>> path.weights.round(6).tolist(), round(path.fee, 9)
    ([[1.0, 0.0], [0.242424, 0.757576]], 0.0045)
    >>> path_of(desk, "no other fee", weights).fee
    0.0025
    >>> three = path_of(desk, "three", {10.0: {"lender": 1.0}, **weights})  # and 0.005
    >>> three.years.tolist(), round(three.fee, 9)
    ([30.0, 10.0, 0.0], 0.003333333)
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
    The example plan's series holds these shares of equity, by years to retirement; the growth
    posture adds a tenth to the default's (policy ``posture_tilt``), and the nearest date is taken:

    >>> from portlib import data, plan as plans
    >>> from portlib.records import Assumptions
    >>> from portlib.retirement.model_portfolios.models import Model, Suite
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels = list(ours.exposures)
    >>> n = len(labels)
    >>> classes = Assumptions(labels, np.full(n, 0.05), 0.04 * np.eye(n), rf=0.01, source="typed")
    >>> none = Suite((), {}, {}, "2026-01-01")
    >>> desk = Adviser(ours, none, classes, instrument=None)
    >>> ages = [40.0, 20.0, 15.0, 10.0, 0.0, -5.0]
    >>> default = ways(desk, "moderate")[DEFAULT]
    >>> default.equity_at(ages).round(9).tolist()
    [0.9, 0.83, 0.76, 0.69, 0.5, 0.38]
    >>> [round(target_equity(desk, years, "growth", cap=1.0), 9) for years in ages]
    [1.0, 0.93, 0.86, 0.79, 0.6, 0.48]
    >>> found = ways(desk, "growth")
    >>> list(found)
    ['the default', 'the series, another date', 'equal shares of the menu']
    >>> # 0.79 is nearest to 0.76, 0.48 to 0.5; 0.86 is as near to 0.89, which is further in time
    >>> found[SERIES].equity_at(ages).round(9).tolist()
    [0.9, 0.9, 0.83, 0.76, 0.6, 0.5]
    >>> series_weights(desk, 15.0, 0.86), default_weights(desk, 15.0)
    ({'TDIDX, 20 years to go': 1.0}, {'TDIDX, 15 years to go': 1.0})

    It goes on in ``ways.md``.
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
