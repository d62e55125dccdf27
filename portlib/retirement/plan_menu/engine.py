"""Which engine makes this plan's portfolios, told what it needs?

Every engine of `portlib.construction.ENGINES` works on the plan's funds. The anchor of
BLACK_LITTERMAN is laid where forecasts are made, on classes (`expectations`): on funds, whose means
are already anchored, it is the maximum of utility. ROBUST takes the errors of the classes' means
through the funds; RESAMPLED draws as many years as the anchor is worth, from the policy's seed; ERC
spreads the risk over what may be held, and looks at neither means nor risk aversion.

Left out: whole percents and few funds (`few_funds`), which only maximum utility has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from portlib.construction import optimize
from portlib.construction.mandate import Mandate
from portlib.plan import Plan
from portlib.records import Allocation, Assumptions
from portlib.retirement.plan_menu.expectations import ANCHORED, mean_errors

#: Engines that maximise utility under means as they stand, and so can do so in whole percents.
MAXIMISES = ("MARKOWITZ", ANCHORED)


def best(
    plan: Plan,
    funds: Assumptions,
    mandate: Mandate,
    exposures: pd.DataFrame,
    *,
    risk_aversion: float,
) -> Allocation:
    """The portfolio of funds that the policy's engine makes under a mandate.

    `exposures` (funds, classes) are those behind `funds`. Raises as the engine does.
    """
    name, decided = plan.policy["optimizer"], plan.policy
    if name == "ERC":
        return _over_what_may_be_held(funds, mandate, risk_aversion)
    settings: dict[str, Any] = {}
    if name == "RESAMPLED":
        settings = {
            "years": 1 / decided["black_litterman_tau"],
            "resamples": decided["weight_draws"],
            "seed": decided["scenario_seed"],
        }
    if name == "ROBUST":
        through = exposures.loc[list(funds.labels)].to_numpy(float)
        settings = {
            "errors": through @ mean_errors(plan) @ through.T,
            "kappa": decided["robust_standard_errors"],
        }
    solver = "MARKOWITZ" if name == ANCHORED else name
    return optimize(funds, mandate, optimizer=solver, risk_aversion=risk_aversion, **settings)


def _over_what_may_be_held(
    funds: Assumptions, mandate: Mandate, risk_aversion: float
) -> Allocation:
    """Equal contributions of the funds that rules let anybody hold and that have a risk to spread."""
    room = mandate.program.upper
    kept = [
        name
        for name, most, sd in zip(funds.labels, room, funds.volatility, strict=True)
        if most > 0 and sd > 0
    ]
    found = optimize(
        funds.select(kept), mandate.among(kept), optimizer="ERC", risk_aversion=risk_aversion
    )
    w = found.weights.reindex(list(funds.labels), fill_value=0.0).to_numpy(float)
    w.setflags(write=False)
    return replace(found, labels=funds.labels, w=w, mandate=mandate.fingerprint)
