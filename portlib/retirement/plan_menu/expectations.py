"""What does this plan's method expect of each asset class, from whom, and how sure?

The forecasts are the plan's own assumptions where it brings any, else the survey's consensus. What
is made of them depends on the engine that the policy names: BLACK_LITTERMAN starts from the
policy's reference portfolio and lets forecasts move its returns as far as their measured errors
allow (`portlib.construction.anchored`); every other engine takes the forecasts as they are. All
portfolios of the plan, its glidepath and its outlook stand on these same numbers.

Listed real estate has no figure in the survey: its risks are those of listed trusts, and under the
anchor it gets no forecast, so that it is expected to earn what its risk earns in the reference.

Left out: what funds add to their classes (`menu`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib.construction.anchored import Anchored, Bands, Reference, anchored, forecast_errors
from portlib.construction.mandate import Limit
from portlib.construction.robustness import provider_errors
from portlib.estimation.capital_market_assumptions import provider_dispersion
from portlib.estimation.house_view import house_view
from portlib.estimation.providers import LISTED
from portlib.plan import Plan
from portlib.records import Array, Assumptions

#: The engine of the policy that starts from the reference portfolio.
ANCHORED = "BLACK_LITTERMAN"


def forecasts(plan: Plan, horizon_years: int | None = None) -> Assumptions:
    """What forecasters say of the policy's ``menu_classes`` and of whatever else the funds hold.

    The plan's own assumptions, where it brings them, else the survey at `horizon_years` (10 or 20;
    the policy's where not given). Raises `DataError` for a class that the funds hold and nobody
    has a figure for.
    """
    names = list(dict.fromkeys([*plan.policy["menu_classes"], *plan.exposures.columns]))
    if (own := plan.inputs.assumptions) is not None:
        held = list(plan.exposures.columns[(plan.exposures > 0).any()])
        names = [name for name in names if name in held or name in own.record.labels]
    horizon = horizon_years or plan.policy["cma_horizon_years"]
    return house_view(plan, horizon_years=horizon, classes=names)


def reference(plan: Plan, classes: Sequence[str] | None = None) -> Reference:
    """The policy's reference portfolio, at any equity share; of the named classes alone, if given."""
    whole = Reference(plan.policy["reference_portfolio"], plan.equity_classes)
    return whole if classes is None else whole.among(classes)


def anchor(plan: Plan, told: Assumptions) -> Anchored:
    """The forecasts `told`, weighed against what the reference implies, as the policy decides."""
    decided = plan.policy
    entry = decided.entries["reference_portfolio"]
    own = plan.inputs.assumptions is not None
    errors = forecast_errors(
        told,
        decided["forecast_error"],
        equity=plan.equity_classes,
        spread=None if own else provider_dispersion(told.labels)["sd"],
    )
    return anchored(
        told,
        reference=reference(plan).among(told.labels).weights,
        errors=errors,
        tau=decided["black_litterman_tau"],
        shared=decided["shared_view_error"],
        author=str(entry["approver"]),
        as_of=str(entry["date"]),
        without=() if own or LISTED not in told.labels else (LISTED,),
    )


def class_assumptions(
    plan: Plan, horizon_years: int | None = None, *, told: Assumptions | None = None
) -> Assumptions:
    """What the plan's method expects of its asset classes; `told` replaces the `forecasts`."""
    said = forecasts(plan, horizon_years) if told is None else told
    return anchor(plan, said).assumptions if plan.policy["optimizer"] == ANCHORED else said


def mean_errors(plan: Plan, told: Assumptions | None = None) -> Array:
    """How wrong may `class_assumptions` be by how far providers disagree? A covariance (n, n).

    ``J omega J'`` with omega of `provider_errors` and J how the expected means follow the
    forecasts: the anchor passes on a part. It is linear, so that one step a class gives J exactly.
    """
    said = forecasts(plan) if told is None else told
    omega = provider_errors(said)
    if plan.policy["optimizer"] != ANCHORED:
        return omega
    base, step = anchor(plan, said).assumptions.mu, 0.01
    moved = [
        anchor(plan, said.replace(mu=said.mu + step * unit, source=said.source)).assumptions.mu
        for unit in np.eye(len(said))
    ]
    follow = (np.array(moved) - base).T / step
    return np.asarray(follow @ omega @ follow.T)


def bands(plan: Plan, exposures: pd.DataFrame) -> list[Limit]:
    """The policy's bands around the reference, for things with exposures (things, classes).

    What nothing on the menu holds is taken out of the reference, and its share spread over what is
    left, equity over equity: a menu is not asked for what it does not offer.
    """
    held = exposures.columns[(exposures > 0).any()]
    decided = plan.policy["reference_bands"]
    wider = {name: points for name, points in decided.items() if name not in ("share", "points")}
    around = Bands(decided["share"], decided["points"], wider)
    return around.limits(reference(plan, list(held)), exposures, "policy: reference_bands")
