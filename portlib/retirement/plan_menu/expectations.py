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
from functools import lru_cache

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction.anchored import (
    Anchored,
    Bands,
    Reference,
    anchored,
    forecast_errors,
    tracking_error,
)
from portlib.construction.mandate import Limit
from portlib.construction.robustness import provider_errors
from portlib.estimation.capital_market_assumptions import provider_dispersion
from portlib.estimation.house_view import house_view
from portlib.estimation.providers import LISTED
from portlib.kept import Kept
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among, door
from portlib.records import Array, Assumptions
from portlib.retirement.plan_menu.options import each_vintage

#: The engine of the policy that starts from the reference portfolio.
ANCHORED = "BLACK_LITTERMAN"


#: What plans of one policy expect of the same classes.
_EXPECTED: Kept[Assumptions] = Kept(256)
#: The reference among what menus hold.
_AROUND: Kept[Reference | None] = Kept(1024)


@door()
def forecasts(plan: Plan, horizon_years: int | None = None) -> Assumptions:
    """What forecasters say of the policy's ``menu_classes`` and of whatever else the funds hold.

    Parameters
    ----------
    plan : Plan
        Its own assumptions are taken, where it brings them, else the survey's.
    horizon_years : int, optional
        Of the survey, 10 or 20; the policy's when not given.

    Returns
    -------
    Assumptions
        Nominal, arithmetic, annual decimals.

    Raises
    ------
    DataError
        For a class that nobody has a figure for.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> told = forecasts(ours)
    >>> set(ours.exposures.columns) | set(ours.policy["menu_classes"]) == set(told.labels)
    True
    >>> forecasts(ours, 10).source != forecasts(ours, 20).source
    True
    """
    names = dict.fromkeys([*plan.policy["menu_classes"], *plan.exposures.columns])
    if (own := plan.inputs.assumptions) is not None:
        known = [*own.record.labels, *plan.exposures.columns]
        names = dict.fromkeys(name for name in names if name in known)
    return house_view(
        plan, horizon_years=horizon_years or plan.policy["cma_horizon_years"], classes=list(names)
    )


def reference(plan: Plan, classes: Sequence[str] | None = None) -> Reference:
    """The policy's reference portfolio, at any equity share; of the named classes alone, if
    given.

    Examples
    --------
    Among fewer classes what is missing is spread over what is left, equity over equity: 45% in two
    classes of equity at two to one, and bonds:

    >>> from types import SimpleNamespace
    >>> held = {"large": 0.30, "abroad": 0.15, "small": 0.05, "bonds": 0.40, "tips": 0.10}
    >>> plan = SimpleNamespace(
    ...     policy={"reference_portfolio": held}, equity_classes=("large", "abroad", "small")
    ... )
    >>> round(reference(plan).equity_share, 9)
    0.5
    >>> some = reference(plan, ["bonds", "large", "abroad"])
    >>> {name: round(w, 9) for name, w in sorted(some.weights.items())}
    {'abroad': 0.166666667, 'bonds': 0.5, 'large': 0.333333333}
    """
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


@door()
def class_assumptions(
    plan: Plan, horizon_years: int | None = None, *, told: Assumptions | None = None
) -> Assumptions:
    """What the plan's method expects of its asset classes.

    Parameters
    ----------
    plan : Plan
    horizon_years : int, optional
        As in `forecasts`.
    told : Assumptions, optional
        Replaces the `forecasts`.

    Returns
    -------
    Assumptions
        Nominal, arithmetic, annual decimals.

    Examples
    --------
    The anchor moves the means, and leaves classes and risks as they were told; under another engine
    the forecasts stand as they are:

    >>> from dataclasses import replace
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> told, expected = forecasts(ours), class_assumptions(ours)
    >>> told.labels == expected.labels, bool(np.allclose(told.volatility, expected.volatility))
    (True, True)
    >>> bool(np.allclose(expected.mu, anchor(ours, told).assumptions.mu))
    True
    >>> bool(np.allclose(expected.mu, told.mu))
    False
    >>> plain = replace(ours, policy=ours.policy.replace(optimizer="MARKOWITZ"))
    >>> bool((class_assumptions(plain).mu == told.mu).all())
    True
    >>> class_assumptions(plain, told=expected) is expected
    True
    """
    if told is not None:
        return _expected(plan, told)
    decided = plan.policy.entries["reference_portfolio"]
    # the fingerprint of files does not know of assumptions that were brought without one
    brought: tuple[object, ...] = ()
    if (own := plan.inputs.assumptions) is not None:
        a = own.record
        brought = a.labels, a.mu.tobytes(), a.sigma.tobytes(), a.rf, a.source
    name = (
        *(data.ROOT, horizon_years or 0, plan.policy.fingerprint, plan.inputs.fingerprint),
        *(str(decided["approver"]), str(decided["date"]), plan.lineup.classes),
        brought,
    )
    return _EXPECTED.get(name, lambda: _expected(plan, forecasts(plan, horizon_years)))


def _expected(plan: Plan, told: Assumptions) -> Assumptions:
    return anchor(plan, told).assumptions if plan.policy["optimizer"] == ANCHORED else told


def mean_errors(plan: Plan, classes: Assumptions) -> Array:
    """How wrong may the means of `classes` be by how far providers disagree? A covariance (n, n).

    Of the plan's own `class_assumptions` it is ``J omega J'``, with omega of `provider_errors` and
    J how the expected means follow the forecasts: the anchor passes on a part. It is linear, so
    that one step a class gives J exactly. Of other assumptions it is omega.

    Examples
    --------
    Errors that the anchor passes on in part are smaller in total than those of the forecasts; of
    assumptions of other classes, and under another engine, they are the forecasts':

    >>> from dataclasses import replace
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes = class_assumptions(ours)
    >>> omega = provider_errors(classes)
    >>> found = mean_errors(ours, classes)
    >>> bool(np.allclose(found, found.T)), bool(np.trace(found) < np.trace(omega))
    (True, True)
    >>> plain = replace(ours, policy=ours.policy.replace(optimizer="MARKOWITZ"))
    >>> bool((mean_errors(plain, classes) == omega).all())
    True
    >>> some = classes.select(classes.labels[:3])
    >>> bool((mean_errors(ours, some) == provider_errors(some)).all())
    True

    One forecast that is a percent higher for one class moves each mean by the same column of J, so
    a walk along it is what it says:

    >>> told = forecasts(ours)
    >>> step = np.zeros(len(told))
    >>> step[0] = 0.02
    >>> moved = anchor(ours, told.replace(mu=told.mu + step, source="higher")).assumptions.mu
    >>> half = anchor(ours, told.replace(mu=told.mu + step / 2, source="higher")).assumptions.mu
    >>> bool(np.allclose(moved - classes.mu, 2 * (half - classes.mu)))
    True
    """
    said = forecasts(plan)
    omega = provider_errors(classes)
    if plan.policy["optimizer"] != ANCHORED or said.labels != classes.labels:
        return omega
    base = anchor(plan, said).assumptions.mu
    step = 0.01
    moved = [
        anchor(plan, said.replace(mu=said.mu + step * unit, source=said.source)).assumptions.mu
        for unit in np.eye(len(said))
    ]
    follow = (np.array(moved) - base).T / step
    return np.asarray(follow @ omega @ follow.T)


def bands(
    plan: Plan, things: Sequence[str], classes: Sequence[str], exposures: Array
) -> list[Limit]:
    """The policy's bands around the reference, for things with exposures (things, classes); none
    for a menu without equity, or with nothing else.

    Parameters
    ----------
    plan : Plan
    things, classes : sequence of str
        Rows and columns of `exposures`.
    exposures : array (things, classes)
    """
    around = _around(plan, classes, exposures)
    if around is None:
        return []
    return _allowed(plan.policy).limits_of(
        around, things, classes, exposures, "policy: reference_bands"
    )


@lru_cache(maxsize=16)
def _allowed(policy: Policy) -> Bands:
    decided = policy["reference_bands"]
    wider = {name: points for name, points in decided.items() if name not in ("share", "points")}
    return Bands(decided["share"], decided["points"], wider)


def departure(plan: Plan, weights: pd.Series, classes: Assumptions) -> float:
    """Tracking error of funds against the reference with the same equity share.

    Parameters
    ----------
    plan : Plan
    weights : Series by fund
        That sum to one.
    classes : Assumptions

    Returns
    -------
    float
        Annual decimal; zero for a menu without equity, or with nothing else, which has no reference
        to depart from.

    Examples
    --------
    Of the example's reference large companies, abroad and bonds are left at 30, 15 and 43; at 60%
    equity that is 40, 20 and 40. A portfolio of 60% large companies is 20% off each way:

    >>> from dataclasses import replace
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> menu = replace(ours, rules={**ours.rules, "default": None}).offering(
    ...     ["LCIDX", "BNDIDX", "INTIDX"]
    ... )
    >>> labels = ["us_core_bonds", "us_large_equity", "intl_dev_equity"]
    >>> sigma = np.array([[0.0025, 0.0, 0.0], [0.0, 0.02, 0.015], [0.0, 0.015, 0.03]])
    >>> classes = Assumptions(labels, [0.04, 0.06, 0.07], sigma)
    >>> weights = pd.Series({"BNDIDX": 0.4, "INTIDX": 0.0, "LCIDX": 0.6})
    >>> bool(np.isclose(departure(menu, weights, classes), 0.2 * (0.02 + 0.03 - 2 * 0.015) ** 0.5))
    True
    >>> same = pd.Series({"BNDIDX": 0.4, "INTIDX": 0.2, "LCIDX": 0.4})
    >>> bool(np.isclose(departure(menu, same, classes), 0.0))
    True

    Where there is no equity there is nothing to depart from, and no band:

    >>> safe = menu.offering(["BNDIDX"])
    >>> departure(safe, pd.Series({"BNDIDX": 1.0}), classes), offered(safe, safe.exposures)
    (0.0, None)
    >>> bands(safe, ["BNDIDX"], labels, np.array([[1.0, 0.0, 0.0]]))
    []
    >>> rules = bands(menu, ["LCIDX", "BNDIDX", "INTIDX"], labels, np.eye(3)[[1, 0, 2]])
    >>> {rule.clause for rule in rules}
    {'policy: reference_bands'}
    """
    exposures = each_vintage(plan).exposures
    around = offered(plan, exposures)
    if around is None:
        return 0.0
    among("fund", weights.index, exposures.index)
    return tracking_error(weights, exposures.loc[list(weights.index)], around, classes)


def offered(plan: Plan, exposures: pd.DataFrame) -> Reference | None:
    """The reference of what the menu offers: what nothing on it holds is taken out, and its share
    spread over what is left, equity over equity.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> some = ours.exposures[["us_large_equity", "us_core_bonds", "cash"]].loc[["LCIDX", "BNDIDX"]]
    >>> found = offered(ours, some).weights  # 54 of 100 are equity, and all of it large companies
    >>> {name: round(w, 9) for name, w in sorted(found.items())}
    {'us_core_bonds': 0.46, 'us_large_equity': 0.54}

    It goes on in ``expectations.md``.
    """
    return _around(plan, exposures.columns.tolist(), exposures.to_numpy(float))


def _around(plan: Plan, classes: Sequence[str], exposures: Array) -> Reference | None:
    some: list[bool] = np.asarray((exposures > 0).any(axis=0)).tolist()
    held = [str(name) for name, any_held in zip(classes, some, strict=True) if any_held]
    name = plan.policy.fingerprint, tuple(plan.equity_classes), tuple(held)
    return _AROUND.get(name, lambda: _offered(reference(plan), held))


def _offered(whole: Reference, held: Sequence[str]) -> Reference | None:
    equity = {name in whole.equity for name in held if name in whole.weights}
    return whole.among(held) if equity == {True, False} else None
