"""Where would the weights of a plan's portfolios lie, had other forecasters been asked?

The means of the classes are redrawn within their errors (`mean_errors`: how far providers
disagree, and what the plan's engine passes on of it), and each posture's portfolio is made again
from the same funds, by the same engine and under the same rules::

    mu_funds + B e_j,     e_j ~ N(0, J omega J')      ->      w_j

The redrawn portfolios hold as few funds as the plan asks for, in any fraction: whole percents move
a weight by half a point, which `construction.intervals.in_words` covers by rounding outwards.

Left out: errors of risks, of exposures and of the method itself, and the luck of the years to come;
an engine that looks at no means (ERC) has no width here, which says nothing of how good it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib.construction.intervals import intervals, redrawn
from portlib.plan import Plan
from portlib.ranges import LEVEL, among, door
from portlib.records import Assumptions
from portlib.retirement.plan_menu import engine
from portlib.retirement.plan_menu.expectations import mean_errors
from portlib.retirement.plan_menu.menu import menu_assumptions, menu_mandate
from portlib.retirement.plan_menu.options import each_vintage

#: Redrawn portfolios as a part of the policy's number, for engines that take long over each:
#: RESAMPLED redraws within it, ROBUST solves a cone.
PART = {"RESAMPLED": 1 / 8, "ROBUST": 1 / 4}
#: The engine that looks at no means: two draws show that nothing moves.
BLIND = "ERC"


def clouds(plan: Plan, postures: Sequence[str], classes: Assumptions) -> dict[str, pd.DataFrame]:
    """Each posture's portfolio under redrawn means.

    Parameters
    ----------
    plan : Plan
        Its policy says how often (``weight_interval``) and from which seed.
    postures : sequence of str
        Those that have a portfolio.
    classes : Assumptions
        The plan's `class_assumptions`, annual decimals.

    Returns
    -------
    dict of DataFrame (draws, funds)
        By posture. The same draws for all of them.

    Raises
    ------
    Infeasible, NotSolved
        As `engine.best` does: a portfolio that only sometimes exists has no interval.

    Examples
    --------
    Each draw is a whole portfolio; a fund that takes a tenth of its value a year is in none.

    >>> from dataclasses import replace
    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.plan_menu import class_assumptions
    >>> ours = plans.read(data.ROOT / "plan")
    >>> few = {**ours.policy["weight_interval"], "draws": 20}
    >>> ours = replace(ours, policy=ours.policy.replace(weight_interval=few))
    >>> classes = class_assumptions(ours)
    >>> drawn = clouds(ours, ["moderate", "growth"], classes)
    >>> [np.allclose(cloud.sum(axis=1), 1.0) and len(cloud) == 20 for cloud in drawn.values()]
    [True, True]
    >>> bool(drawn["moderate"]["LCIDX"].mean() > 0.1)
    True
    >>> fees = ours.funds["expense_ratio"].mask(ours.funds.index == "LCIDX", 0.1)
    >>> dear = replace(ours, funds=ours.funds.assign(expense_ratio=fees))
    >>> bool(clouds(dear, ["moderate"], classes)["moderate"]["LCIDX"].max() < 1e-9)
    True

    The draws are the same for all postures, so the bolder one expects more in each of them.

    >>> expected = menu_assumptions(ours, classes).mu
    >>> bool((drawn["growth"] @ expected > drawn["moderate"] @ expected).all())
    True
    """
    decided = plan.policy
    funds = menu_assumptions(plan, classes)
    names = list(funds.labels)
    through = (
        each_vintage(plan)
        .exposures.reindex(index=names, columns=list(classes.labels), fill_value=0.0)
        .to_numpy(float)
    )
    rules = {posture: menu_mandate(plan, posture, classes) for posture in postures}
    aversion = decided["model_risk_aversion"]

    def make(told: Assumptions) -> pd.Series:
        moved = funds.replace(mu=funds.mu + through @ (told.mu - classes.mu), source=told.source)
        found = {
            posture: engine.best(
                plan,
                moved,
                rules[posture],
                risk_aversion=aversion[posture],
                classes=told,
                whole_percent=False,
            ).allocation.weights
            for posture in postures
        }
        return pd.concat(found)

    draws = decided["weight_interval"]["draws"]
    name = decided["optimizer"]
    count = 2 if name == BLIND else max(round(draws * PART.get(name, 1)), 2)
    rng = np.random.default_rng(decided["scenario_seed"])
    drawn = redrawn(make, classes, mean_errors(plan, classes), draws=count, rng=rng)
    return {posture: pd.DataFrame(drawn[posture]) for posture in postures}


@door(level=LEVEL)
def ranges(
    weights: pd.DataFrame,
    drawn: dict[str, pd.DataFrame],
    *,
    level: float,
    parts: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """The interval of each weight.

    Parameters
    ----------
    weights : DataFrame (funds, postures)
        As published.
    drawn : dict
        As from `clouds`.
    level : float
        Share of the redrawn portfolios inside, between 0 and 1.
    parts : DataFrame (funds, parts), optional
        What each fund holds of each part; then the intervals are of parts.

    Returns
    -------
    dict of DataFrame
        By posture: ``low``, ``weight`` and ``high`` by fund, or by part.

    Raises
    ------
    ValueError
        Where weights and redrawn weights are of different funds.

    Examples
    --------
    >>> own = pd.DataFrame({"growth": {"STOCKS": 0.6, "BONDS": 0.4}})
    >>> redrawn = pd.DataFrame({"STOCKS": [0.5, 0.6, 0.7], "BONDS": [0.5, 0.4, 0.3]})
    >>> found = ranges(own, {"growth": redrawn}, level=0.5)["growth"]
    >>> found.loc["STOCKS"].round(2).to_dict()
    {'low': 0.55, 'weight': 0.6, 'high': 0.65}

    Of parts: shares are nine tenths equity and bonds a tenth, 0.9 * 0.6 + 0.1 * 0.4, between 0.9 *
    0.55 + 0.1 * 0.45 and 0.9 * 0.65 + 0.1 * 0.35:

    >>> parts = pd.DataFrame({"equity": {"BONDS": 0.1, "STOCKS": 0.9}})
    >>> seen = ranges(own, {"growth": redrawn}, level=0.5, parts=parts)["growth"]
    >>> seen.loc["equity"].round(9).tolist()
    [0.54, 0.58, 0.62]
    >>> ranges(own, {"growth": redrawn[["STOCKS"]]}, level=0.5)
    Traceback (most recent call last):
    ...
    ValueError: growth: weights and redrawn weights are of different funds
    """
    among("posture", drawn, weights.columns)
    found = {}
    for posture, cloud in drawn.items():
        own = weights[posture].reindex(cloud.columns)
        if own.isna().any() or len(own) != len(weights):
            raise ValueError(f"{posture}: weights and redrawn weights are of different funds")
        if parts is not None:
            among("fund", cloud.columns, parts.index)
            held = parts.loc[list(cloud.columns)]
            own, cloud = own @ held, cloud @ held
        found[posture] = intervals(own, cloud, level=level)
    return found
