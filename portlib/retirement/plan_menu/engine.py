"""Which engine makes this plan's portfolios, told what it needs?

Every engine of `portlib.construction.ENGINES` works on the plan's funds. The anchor of
BLACK_LITTERMAN is laid where forecasts are made, on classes (`expectations`): on funds, whose means
are already anchored, it is the maximum of utility. ROBUST takes the errors of the classes' means
through the funds; RESAMPLED draws as many years as the anchor is worth, from the policy's seed; ERC
spreads the risk over what may be held, and looks at neither means nor risk aversion.

A date of a target-date series is a whole portfolio, which changes its mix by itself: it is held
alone or not at all. The best mix of the other options is compared with each date that obeys the
rules, and the greater utility taken. So every option is in the calculation, and no portfolio is
made of slices of portfolios. Engines that do not maximise utility have no measure for that
comparison; they mix the other options.

Left out: whole percents and few funds under engines that do not maximise utility; theirs are
weights as they come.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from portlib import standing
from portlib.construction import optimize
from portlib.construction.engines import allocation
from portlib.construction.mandate import Bounds, Infeasible, Mandate
from portlib.construction.mandate.mandate import SLIGHT
from portlib.plan import Plan
from portlib.ranges import door
from portlib.records import Allocation, Array, Assumptions
from portlib.retirement.plan_menu.expectations import ANCHORED, mean_errors
from portlib.retirement.plan_menu.few_funds import best_few
from portlib.retirement.plan_menu.options import considered, each_vintage

#: Engines that maximise utility under means as they stand, and so can do so in whole percents.
MAXIMISES = standing.MAXIMISES


class Found(NamedTuple):
    """A portfolio, and what any other could be worth beyond it at most (annual decimal)."""

    allocation: Allocation
    gap: float


@door()
def best(
    plan: Plan,
    funds: Assumptions,
    mandate: Mandate,
    *,
    risk_aversion: float,
    classes: Assumptions,
    most_funds: int | None = None,
    whole_percent: bool | None = None,
) -> Found:
    """The portfolio of funds that the policy's engine makes under a mandate.

    Parameters
    ----------
    funds, mandate : what is expected of the options considered, and what is allowed.
    classes : the assumptions behind `funds`.
    most_funds, whole_percent : the plan's ``models`` rules where not given; 0 funds for any number.

    Returns
    -------
    Found
        The allocation and the gap that is not proved away, annual decimal.

    Raises
    ------
    Infeasible
        With the rules in conflict, where neither a mix nor a date obeys them.
    NotSolved
        As the engine does.

    Examples
    --------
    Without a count of funds and whole percents one convex problem is solved, and no gap is left. Of
    a fund of shares that may be a tenth, one of bonds, and dates of a series, that date is held
    whole which is worth most of all:

    >>> from portlib import data, plan as plans
    >>> import pandas as pd
    >>> from portlib.construction.mandate import fully_invested, long_only
    >>> from portlib.retirement.plan_menu.menu import menu_assumptions
    >>> ours = plans.read(data.ROOT / "plan").offering(["LCIDX", "BNDIDX", "TDIDX"])
    >>> labels, n = list(ours.exposures), len(list(ours.exposures))
    >>> sigma = np.diag(np.linspace(0.04, 0.0025, n))
    >>> classes = Assumptions(labels, np.linspace(0.07, 0.03, n), sigma, rf=0.02, source="typed")
    >>> funds = menu_assumptions(ours, classes)
    >>> def found(most, **how):
    ...     cap = Bounds("most", upper={"LCIDX": most})
    ...     rules = Mandate(funds.labels, [fully_invested(), long_only(), cap])
    ...     return best(ours, funds, rules, risk_aversion=4.0, classes=classes, **how)
    >>> free = {"most_funds": 0, "whole_percent": False}
    >>> alone = found(0.1, **free)
    >>> worth = pd.Series(funds.mu - 2.0 * np.diag(funds.sigma), list(funds.labels))
    >>> dates = [name for name in funds.labels if name.startswith("TDIDX")]
    >>> alone.allocation[worth[dates].idxmax()], alone.gap
    (1.0, 0.0)

    It goes on in ``engine.md``.
    """
    series = considered(plan).dates
    mixed = of_mixes(plan, mandate)
    settings: dict[str, Any] = {
        "risk_aversion": risk_aversion,
        "classes": classes,
        "most_funds": most_funds,
        "whole_percent": whole_percent,
    }
    found, conflict = None, None
    try:
        found = mix(plan, funds, mixed, **settings)
    except Infeasible as error:  # no mix obeys the rules; a date by itself may
        conflict = error
    start = time.perf_counter()
    chosen = None if found is None else found.allocation.w
    most = -math.inf if chosen is None else _utility(funds, chosen, risk_aversion)
    for fund in series if plan.policy["optimizer"] in MAXIMISES else ():
        at = funds.labels.index(fund)
        value = float(funds.mu[at]) - risk_aversion / 2 * math.sqrt(funds.sigma[at, at]) ** 2
        if value <= most or _plainly_forbidden(mandate, at):
            continue
        whole = np.zeros(len(funds))
        whole[at] = 1.0
        if mandate.allows(whole, funds):
            chosen, most = whole, value
    if chosen is None:
        assert conflict is not None
        raise conflict
    if found is not None and chosen is found.allocation.w:
        return Found(replace(found.allocation, mandate=mandate.fingerprint), found.gap)
    what = f"maximum utility (A = {risk_aversion:g}), one date of the series"
    alone = allocation(funds, mandate, chosen, what, "optimal", "comparison", start, {})
    if found is None:
        return Found(alone, 0.0)
    ahead = most - _utility(funds, found.allocation.w, risk_aversion)
    return Found(alone, max(found.gap - ahead, 0.0))


def _plainly_forbidden(mandate: Mandate, at: int) -> bool:
    """Whether a whole of one fund breaks a row by more than any tolerance; in a doubt, no."""
    p = mandate.program
    held = p.rows[:, at]
    return bool(((held < p.rows_lower - SLIGHT) | (held > p.rows_upper + SLIGHT)).any())


@lru_cache(maxsize=16)
def of_mixes(plan: Plan, mandate: Mandate) -> Mandate:
    """The mandate for what may be mixed: no part of a date of the plan's series.

    Parameters
    ----------
    plan : Plan
    mandate : Mandate
        Over the options considered.

    Returns
    -------
    Mandate
        The same where the plan has no series.
    """
    series = considered(plan).dates
    if not series:
        return mandate
    rule = Bounds("dates of the series", upper=dict.fromkeys(series, 0.0))
    return mandate.also(rule.under("a date is a whole portfolio: alone or not at all"))


@door()
def mix(
    plan: Plan,
    funds: Assumptions,
    mandate: Mandate,
    *,
    risk_aversion: float,
    classes: Assumptions,
    most_funds: int | None = None,
    whole_percent: bool | None = None,
) -> Found:
    """The same without the comparison with dates: what may be mixed is what the mandate allows.

    Parameters
    ----------
    plan, funds, mandate, risk_aversion, classes, most_funds, whole_percent
        As in `best`.

    Returns
    -------
    Found

    Raises
    ------
    Infeasible, NotSolved
        As `best` does.
    """
    asked = plan.rules["models"]
    name = plan.policy["optimizer"]
    decided = plan.policy
    most = (asked["most_funds"] if most_funds is None else most_funds) or len(funds)
    percents = asked["whole_percent"] if whole_percent is None else whole_percent
    if name in MAXIMISES and (percents or most < len(funds)):
        few = best_few(
            funds, mandate, risk_aversion=risk_aversion, most_funds=most, whole_percent=percents
        )
        return Found(few.allocation, few.gap)
    if name == "ERC":
        return Found(_over_what_may_be_held(funds, mandate, risk_aversion), 0.0)
    told: dict[str, Any] = {}
    if name == "RESAMPLED":
        told = {
            "years": 1 / decided["black_litterman_tau"],
            "resamples": decided["weight_interval"]["draws"],
            "seed": decided["scenario_seed"],
        }
    if name == "ROBUST":
        through = (
            each_vintage(plan)
            .exposures.reindex(
                index=list(funds.labels), columns=list(classes.labels), fill_value=0.0
            )
            .to_numpy(float)
        )
        told = {
            "errors": through @ mean_errors(plan, classes) @ through.T,
            "kappa": decided["robust_standard_errors"],
        }
    if name == "RESAMPLED":  # draws go to funds by name, not by their place in the lineup
        return Found(_among(sorted(funds.labels), funds, mandate, name, risk_aversion, **told), 0.0)
    solver = "MARKOWITZ" if name == ANCHORED else name
    found = optimize(funds, mandate, optimizer=solver, risk_aversion=risk_aversion, **told)
    return Found(found, 0.0)


def _utility(funds: Assumptions, w: Array, risk_aversion: float) -> float:
    return funds.mean_of(w) - risk_aversion / 2 * funds.risk_of(w) ** 2


def _over_what_may_be_held(
    funds: Assumptions, mandate: Mandate, risk_aversion: float
) -> Allocation:
    """Equal contributions of the funds that rules let anybody hold and that have a risk to
    spread."""
    kept = [
        name
        for name, most, sd in zip(
            funds.labels, mandate.program.upper, funds.volatility, strict=True
        )
        if most > 0 and sd > 0
    ]
    return _among(kept, funds, mandate, "ERC", risk_aversion)


def _among(
    names: Sequence[str],
    funds: Assumptions,
    mandate: Mandate,
    engine: str,
    risk_aversion: float,
    **settings: Any,
) -> Allocation:
    """What an engine holds of some of the funds, in the order of `names`; nothing of the others."""
    found = optimize(
        funds.select(list(names)),
        mandate.among(list(names)),
        optimizer=engine,
        risk_aversion=risk_aversion,
        **settings,
    )
    w = found.weights.reindex(list(funds.labels), fill_value=0.0).to_numpy(float)
    w.setflags(write=False)
    return replace(found, labels=funds.labels, w=w, mandate=mandate.fingerprint)
