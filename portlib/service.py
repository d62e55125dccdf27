"""What would a service call: a plan in, a portfolio, a glidepath or an outlook out, as plain JSON?

`optimize`, `glidepath`, `outlook` and `solve_for` take and return dicts that strict JSON can hold,
under a versioned schema; they call what the chapters call, under the plan's own policy, whose
fingerprint every answer names. `optimize_many` does thousands of plans on all cores; whatever is
wrong with one plan is that plan's answer. ``prudent`` (``python -m portlib``) is the shell's door
to the same.

Left out: transport, authentication, storage; who may call this, and what is told to participants.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import date, datetime
from typing import Any, cast, get_args

import numpy as np
import pandas as pd

from portlib import history, plan, schema
from portlib.class_returns import class_returns
from portlib.construction import ENGINES
from portlib.construction.mandate import Bounds, Infeasible, Mandate, MandateError
from portlib.construction.mandate.rules import Rule, stated_in
from portlib.data import DataError
from portlib.kept import Kept, marked
from portlib.policy import POSTURES, Policy
from portlib.records import Assumptions, AssumptionsError
from portlib.retirement import contributions, glidepaths, plan_menu
from portlib.retirement import outlook as outlooks
from portlib.retirement.household import Spouse
from portlib.retirement.plan_menu import account_review, engine, options
from portlib.retirement.plan_menu.engine import MAXIMISES
from portlib.retirement.plan_menu.exposures import exposures as evidence_of
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance import sealed_forecasts
from portlib.tables.findings import FindingsError

PORTFOLIO = "prudent-by-construction/portfolio/2"
GLIDEPATH = "prudent-by-construction/glidepath/3"
OUTLOOK = "prudent-by-construction/outlook/2"
SOLUTION = "prudent-by-construction/solution/2"
#: What an outlook may change of a participant; all is optional.
CHANGES: dict[str, dict[str, Any]] = {
    "deferral_rate": {"type": "number", "minimum": 0, "maximum": 1},
    "retirement_age": {"type": "integer", "minimum": 30, "maximum": 90},
    "claiming_age": {"type": "number", "minimum": 62, "maximum": 70},
    "spending": {"type": "number", "minimum": 0, "maximum": 1e7},
    "other_income": {"type": "number", "minimum": 0, "maximum": 1e7},
    "pension": {"type": "number", "minimum": 0, "maximum": 1e7},
    # the second of a couple, instead of the plan's; null: alone
    "spouse": {
        "type": ["object", "null"],
        "properties": {
            "age": {"type": "integer", "minimum": 16, "maximum": 110},
            "pay": {"type": "number", "minimum": 0, "maximum": 1e9},
            "sex": {"enum": ["both", "female", "male"]},
            "claiming_age": {"type": "number", "minimum": 62, "maximum": 70},
        },
        "required": ["age"],
        "additionalProperties": False,
    },
    # of what both want, and of a pension: what a survivor wants and has
    "survivor_spending": {"type": "number", "minimum": 0, "maximum": 1},
    "survivor_pension": {"type": "number", "minimum": 0, "maximum": 1},
}
#: Pay as planned, or straying by the policy's ``pay_risk``.
PAY = get_args(outlooks.Pay)
_SEED = {"type": "integer", "minimum": 0, "maximum": 2**62}
_LIVES = {"type": "integer", "minimum": 100, "maximum": 200_000}
_BY_ASSET: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "number"}}
_SIDE = {
    "anyOf": [{"type": "number"}, _BY_ASSET],
    "description": "a number, or a number by asset",
}
#: A rule over named assets, as `Mandate.to_json` writes it.
RULE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["Limit", "Bounds", "TrackingError", "Turnover"]},
        "name": {"type": "string", "pattern": r"\w", "maxLength": 200},
        "unit": {"type": "string", "maxLength": 200},
        "clause": {"type": "string", "maxLength": 2000},
        "penalty": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "lower": _SIDE,
        "upper": _SIDE,
        "limit": {"type": "number", "minimum": 0},
        "coefficients": {**_BY_ASSET, "type": ["object", "null"]},
        "benchmark": _BY_ASSET,
        "current": _BY_ASSET,
    },
    "required": ["kind", "name"],
    "additionalProperties": False,
}
#: A change made in an account before.
TRADE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "on": {"type": "string", "maxLength": 10, "description": "a day like 2026-06-30"},
        "fund": {"type": "string", "maxLength": 200},
        "change": {"type": "number", "minimum": -1, "maximum": 1},
    },
    "required": ["on", "fund", "change"],
    "additionalProperties": False,
}
#: What a mandate may say; all is optional.
MANDATE: dict[str, dict[str, Any]] = {
    # by default the policy's default_posture, or the one in whose band the risk aversion lies
    "posture": {"enum": list(POSTURES)},
    # A in mean less A/2 variance; by default the policy's model_risk_aversion of the posture
    "risk_aversion": {"type": "number", "minimum": 0, "maximum": 1000},
    # most funds to hold, 0 for no limit; by default the plan's rules (models), as for the next
    "most_funds": {"type": "integer", "minimum": 0, "maximum": 1000},
    "whole_percent": {"type": "boolean"},
    # instead of the policy's, to see what would follow
    "optimizer": {"enum": list(ENGINES)},
    # beside the policy's and the plan's, as `Mandate.to_json` writes rules
    "rules": {"type": "array", "items": RULE},
    # funds held at a weight, whatever the engine thinks of them
    "pins": {
        "type": "object",
        "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
    },
}
#: What assumptions about asset classes say; annual decimals, arithmetic.
ASSUMPTIONS: dict[str, dict[str, Any]] = {
    "labels": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    "mu": {"type": "array", "items": {"type": "number", "minimum": -0.5, "maximum": 0.5}},
    "sigma": {
        "type": "array",
        "items": {
            "type": "array",
            "items": {
                "type": "number",
                "minimum": -2,
                "maximum": 2,
                "description": "a covariance of annual decimals: 0.04 for volatilities of 20%",
            },
        },
    },
    "rf": {"type": "number", "minimum": -0.05, "maximum": 0.3},
    "source": {"type": "string", "pattern": r"\w"},
}
EXPOSURES = "prudent-by-construction/exposures/1"
REBALANCE = "prudent-by-construction/rebalance/1"
CHECK = "prudent-by-construction/check/1"
Json = dict[str, Any]
#: Plans that were sent before: seen through, and as they were sent.
_READ: Kept[tuple[plan.Plan, plan.Plan]] = Kept(32)
#: What breaks the schema of a mandate that was sent before.
_ASKED: Kept[list[str]] = Kept(256)
#: What optimisers were told of them.
_SET_UP: Kept[tuple[Assumptions, Mandate, Assumptions]] = Kept(64)


def optimize(
    plan_: Mapping[str, Any],
    assumptions: Mapping[str, Any] | None = None,
    mandate: Mapping[str, Any] | None = None,
) -> Json:
    """The best portfolio of a plan's funds, under the plan's policy.

    Parameters
    ----------
    plan_ : what `portlib.plan.Plan.to_json` writes; ``participants`` may be an empty list.
    assumptions : `ASSUMPTIONS` about asset classes; the survey's when not given.
    mandate : entries of `MANDATE`.

    Returns
    -------
    dict
        ``schema``; ``plan``, ``policy`` and ``mandate`` (fingerprints); ``posture``,
        ``risk_aversion``, ``optimizer``; ``weights`` by fund (above zero); ``mean``, ``risk``,
        ``sharpe`` (annual decimals, net of expenses), ``expense_ratio``; ``gap`` (what any other
        portfolio under the mandate could gain at most, annual); ``status``, ``engine``;
        ``coverage`` (each option and, if it was left out, why); ``source``. No clock and no
        randomness: the same input gives the same output.

    Raises
    ------
    DataError
        For a plan outside the format, an entry of the mandate or the assumptions that cannot be
        meant; by its path.
    ValueError
        For a class that the assumptions lack; `Infeasible`, with the rules in conflict, where no
        portfolio obeys.

    Examples
    --------
    What is no plan of this version is refused by name:

    >>> optimize({"schema": "a plan of next year"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    portlib.data.DataError: schema: 'a plan of next year' is unknown; this version reads ...

    Assumptions that are sent count for funds and rules alike, here with less correlation than the
    plan's method expects, which lowers what shares add to equity beta:

    >>> from portlib import data
    >>> sent = {**plan.read(data.ROOT / "plan").to_json(), "participants": []}
    >>> ours = plan.from_json(sent)
    >>> usual = plan_menu.class_assumptions(ours)
    >>> sigma = 0.8 * usual.sigma + 0.2 * np.diag(np.diag(usual.sigma))
    >>> told = {name: list(getattr(usual, name)) for name in ("labels", "mu")}
    >>> told |= {"sigma": sigma.tolist(), "rf": usual.rf, "source": "less correlated"}
    >>> answer = optimize(sent, told, {"posture": "moderate"})
    >>> seen = Assumptions(**told)
    >>> funds = plan_menu.menu_assumptions(ours, seen)
    >>> rules = plan_menu.menu_mandate(ours, "moderate", seen)
    >>> w = np.array([answer["weights"].get(fund, 0.0) for fund in funds.labels])
    >>> bool(np.isclose(answer["mean"], funds.mu @ w)), answer["mandate"] == rules.fingerprint
    (True, True)
    >>> bool(np.isclose(answer["risk"] ** 2, w @ funds.sigma @ w)), round(float(w.sum()), 9)
    (True, 1.0)

    It goes on in ``service.md``.
    """
    asked = _checked("mandate", {} if mandate is None else mandate, MANDATE)
    mark = _mark(plan_)
    ours, given = _READ.get(mark, lambda: _read(plan_))
    if asked.get("optimizer", ours.policy["optimizer"]) != ours.policy["optimizer"]:
        ours = replace(ours, policy=ours.policy.replace(optimizer=asked["optimizer"]))
    posture, aversion = _posture(asked, ours.policy)
    told = b"" if assumptions is None else marked(assumptions)
    classes, rules, funds = _SET_UP.get(
        (mark, told, posture, ours.policy.fingerprint),
        lambda: _set_up(ours, assumptions, posture),
    )
    rules = _also(rules, asked)
    models = ours.rules["models"]
    optimizer = ours.policy["optimizer"]
    most = asked.get("most_funds", models["most_funds"]) or len(funds)
    whole = asked.get("whole_percent", models["whole_percent"])
    if optimizer not in MAXIMISES and (asked.get("most_funds") or asked.get("whole_percent")):
        raise DataError(
            f"mandate: weights of {optimizer} (policy: optimizer) are taken as they come; leave "
            "most_funds and whole_percent out"
        )
    if aversion == 0 and optimizer in MAXIMISES and (whole or most < len(funds)):
        raise DataError(
            "mandate.risk_aversion: 0 has no best portfolio of few funds or whole percents; ask "
            "for more, or for most_funds 0 and whole_percent false"
        )
    best, gap = engine.best(
        ours,
        funds,
        rules,
        risk_aversion=aversion,
        classes=classes,
        most_funds=most,
        whole_percent=whole,
    )
    told_of = ours.lineup.columns
    kinds = zip(map(str, told_of["fund"]), told_of["kind"], strict=True)
    return {
        "schema": PORTFOLIO,
        "plan": given.fingerprint,
        "policy": ours.policy.fingerprint,
        "mandate": best.mandate,
        "posture": posture,
        "risk_aversion": aversion,
        "optimizer": optimizer,
        "weights": {
            fund: weight
            for fund, weight in zip(best.labels, best.w.tolist(), strict=True)
            if weight > 1e-9
        },
        "mean": best.mean,
        "risk": best.risk,
        "sharpe": best.sharpe if np.isfinite(best.sharpe) else None,
        "expense_ratio": float(best.w @ options.considered(ours).costs),
        "gap": gap,
        "status": best.status,
        "engine": best.engine,
        "coverage": {
            fund: options.counted(kind) if kind in options.DESCRIBED else "considered"
            for fund, kind in kinds
        },
        "source": funds.source,
    }


def glidepath(
    plan_: Mapping[str, Any], assumptions: Mapping[str, Any] | None = None, *, seed: int = 2026
) -> Json:
    """The custom glidepath for a plan's people (`glidepaths.custom`), whom the plan must contain.

    Parameters
    ----------
    plan_, assumptions : as in `optimize`.
    seed : of what is drawn; the same input gives the same output.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy`` (fingerprints); ``seed``; ``parameters`` of the path;
        ``years_to_retirement``, ``equity`` and ``weights`` by class at those years; ``value``
        (certainty equivalent of retirement spending, real dollars a year, geometric mean over the
        people sampled); ``adopted``, the path of the plan's default, and ``over_adopted``: what
        this path and two rules that need no search are worth beside it on scenarios that the search
        has not seen (`glidepaths.beside_adopted`); ``participants`` sampled and ``source``.

    Raises
    ------
    DataError, ValueError
        As `optimize` does, and for a plan without participants.

    Examples
    --------
    >>> glidepath({}, seed=-1)
    Traceback (most recent call last):
    portlib.data.DataError: seed: -1 is not a whole number at least 0 and at most 9.22337e+18

    It goes on in ``service.md``.
    """
    if refused := schema.problem(seed, {"type": "integer", "minimum": 0, "maximum": 2**63}, "seed"):
        raise DataError(refused)
    given = None if assumptions is None else _assumptions(assumptions)
    ours, sent = read(plan_)
    if ours.participants.empty:
        raise ValueError("a glidepath is made for a plan's people: send its participants")
    try:
        found = glidepaths.custom(ours, given, seed=seed)
        over = glidepaths.beside_adopted(found, ours)
    except AssumptionsError as error:
        raise DataError(f"assumptions: {error}") from error
    table = found.table()
    return {
        "schema": GLIDEPATH,
        "plan": sent,
        "policy": ours.policy.fingerprint,
        "seed": seed,
        "parameters": {name: float(value) for name, value in found.parameters.items()},
        "years_to_retirement": [float(year) for year in table.index],
        "equity": table["equity"].tolist(),
        "weights": {str(name): table[name].tolist() for name in table.columns if name != "equity"},
        "value": float(found.value),
        "adopted": glidepaths.adopted(ours).name,
        "over_adopted": over.rename({found.path.name: "custom"}).to_dict("index"),
        "participants": list(found.participants),
        "source": found.source,
    }


def outlook(
    plan_: Mapping[str, Any],
    participant: str,
    changes: Mapping[str, Any] | None = None,
    *,
    pay: str = "planned",
    lives: int = 4_000,
    seed: int = 2026,
) -> Json:
    """What a participant can expect to live on (`portlib.retirement.outlook`), in today's dollars.

    Parameters
    ----------
    plan_ : as in `optimize`.
    participant : as the plan names them.
    changes : entries of `CHANGES`, to see what would follow.
    pay : ``planned``, or ``risky``: straying from its plan by the policy's ``pay_risk``.
    lives, seed : how many lives are drawn, and from where; the same input gives the same output.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy`` (fingerprints); ``participant``; ``couple`` (whether the
        outlook is of two) and ``pay``; ``wanted`` (dollars a year); ``chance`` that it is met for
        life with its 95% interval ``low`` and ``high``;
        ``shortfall``; ``lasting`` (dollars a year by chance); ``benefit`` (Social Security);
        ``balance`` at retirement and ``income`` by quantile; ``lives``, ``seed`` and ``source``.

    Raises
    ------
    DataError, ValueError
        As `optimize` does, and for an unknown participant.

    Examples
    --------
    >>> outlook({}, "P1", lives=99)
    Traceback (most recent call last):
    portlib.data.DataError: lives: 99 is not a whole number at least 100 and at most 200000

    It goes on in ``service.md``.
    """
    asked, ours, sent = _asked_of(plan_, changes, pay, lives, seed)
    _known(ours, participant)
    strays = cast(outlooks.Pay, pay)
    found = outlooks.outlook(ours, participant, lives=lives, seed=seed, pay=strays, **asked)
    return {
        "schema": OUTLOOK,
        "plan": sent,
        "policy": ours.policy.fingerprint,
        "participant": participant,
        "couple": found.household.spouse is not None,
        "pay": pay,
        "wanted": found.wanted,
        "chance": found.chance,
        "low": found.low,
        "high": found.high,
        "shortfall": found.shortfall,
        "lasting": {f"{chance:g}": dollars for chance, dollars in found.lasting.items()},
        "benefit": found.benefit,
        "balance": {f"{quantile:g}": dollars for quantile, dollars in found.balance.items()},
        "income": {f"{quantile:g}": dollars for quantile, dollars in found.income.items()},
        "lives": found.lives,
        "seed": seed,
        "source": found.source,
    }


def solve_for(
    plan_: Mapping[str, Any],
    participant: str,
    lever: str,
    success: float | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    pay: str = "planned",
    lives: int = 4_000,
    seed: int = 2026,
) -> Json:
    """What deferral, retirement age or spending reaches a chance (`contributions.solve_for`).

    Parameters
    ----------
    lever : ``deferral_rate``, ``retirement_age`` or ``spending``.
    success : a chance; the policy's ``success_levels`` when not given.
    plan_, participant, changes, pay, lives, seed : as in `outlook`.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy`` (fingerprints); ``participant``; ``lever``; ``answers``:
        ``success``, ``value``, ``low``, ``high`` (95%), ``chance``, ``reached`` and ``note``.

    Raises
    ------
    DataError, ValueError
        As `outlook` does, and for an unknown lever.

    Examples
    --------
    >>> solve_for({}, "P1", "age")
    Traceback (most recent call last):
    portlib.data.DataError: lever: 'age' is not one of deferral_rate, retirement_age, spending

    It goes on in ``service.md``.
    """
    chance = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    if success is not None and (refused := schema.problem(success, chance, "success")):
        raise DataError(refused)
    if refused := schema.problem(lever, {"enum": list(contributions.LEVERS)}, "lever"):
        raise DataError(refused)
    asked, ours, sent = _asked_of(plan_, changes, pay, lives, seed)
    _known(ours, participant)
    found = contributions.solve_for(
        cast(contributions.Lever, lever),
        ours,
        participant,
        success=success,
        lives=lives,
        seed=seed,
        pay=cast(outlooks.Pay, pay),
        **asked,
    )
    answers = [
        {
            "success": level,
            "value": one.value,
            "low": one.low,
            "high": one.high,
            "chance": one.chance,
            "reached": one.reached,
            "note": one.note,
        }
        for level, one in found.items()
    ]
    return {
        "schema": SOLUTION,
        "plan": sent,
        "policy": ours.policy.fingerprint,
        "participant": participant,
        "couple": outlooks.household(ours, participant, **asked).spouse is not None,
        "pay": pay,
        "lever": lever,
        "answers": answers,
        "lives": lives,
        "seed": seed,
    }


def _asked_of(
    plan_: Mapping[str, Any],
    changes: Mapping[str, Any] | None,
    pay: str,
    lives: int,
    seed: int,
) -> tuple[Json, plan.Plan, str]:
    """What is to change of a participant, checked, the plan and its fingerprint."""
    asked = (("lives", lives, _LIVES), ("seed", seed, _SEED), ("pay", pay, {"enum": list(PAY)}))
    for name, value, allowed in asked:
        if refused := schema.problem(value, allowed, name):
            raise DataError(refused)
    changed = _checked("changes", {} if changes is None else changes, CHANGES)
    if changed.get("spouse") is not None:
        changed["spouse"] = Spouse(**changed["spouse"])
    ours, given = _read(plan_)
    return changed, ours, given.fingerprint


def _known(ours: plan.Plan, participant: Any) -> None:
    """DataError for whom the plan does not name; without the names of others."""
    if not isinstance(participant, str) or participant not in ours.participants.index:
        raise DataError(f"participant: no participant {schema.short(participant)} in the plan")


def day(text: Any, at: str) -> date:
    """A day like 2026-06-30; DataError by path for anything else.

    Examples
    --------
    >>> day("2026-06-30", "on")
    datetime.date(2026, 6, 30)
    >>> for text in ("2026-02-30", "20260630", "2026-6-3", 20260630):
    ...     try:
    ...         day(text, "trades[1].on")
    ...     except DataError as error:
    ...         print(error)
    trades[1].on: '2026-02-30' is no day like 2026-06-30
    trades[1].on: '20260630' is no day like 2026-06-30
    trades[1].on: '2026-6-3' is no day like 2026-06-30
    trades[1].on: 20260630 is no day like 2026-06-30
    """
    try:
        if isinstance(text, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise DataError(f"{at}: {schema.short(text)} is no day like 2026-06-30")


def read(sent: Mapping[str, Any]) -> tuple[plan.Plan, str]:
    """A plan, its funds seen through by the evidence that it brings, and the fingerprint of what
    was sent. A plan that was sent before is not read again."""
    ours, given = _READ.get(_mark(sent), lambda: _read(sent))
    return ours, given.fingerprint


def _mark(sent: Any) -> bytes | None:
    return marked(sent) if isinstance(sent, dict) else None


def _also(rules: Mandate, asked: Mapping[str, Any]) -> Mandate:
    """The mandate with the rules and pins that were asked for."""
    if strange := [fund for fund in asked.get("pins", {}) if fund not in rules.labels]:
        raise DataError(
            f"mandate.pins: {strange[0]!r} is not considered; there are {', '.join(rules.labels)}"
        )
    more: list[Rule] = []
    for at, told in enumerate(asked.get("rules", ())):
        try:
            more.append(stated_in(told))
            rules.also(more[-1])
        except MandateError as error:
            raise DataError(f"mandate.rules[{at}]: {error}") from error
    if pins := asked.get("pins"):
        more.append(Bounds("pins", lower=pins, upper=pins).under("mandate: pins"))
    try:
        return rules.also(*more) if more else rules
    except MandateError as error:
        raise DataError(f"mandate.rules: {error}") from error


def _set_up(
    ours: plan.Plan, assumptions: Mapping[str, Any] | None, posture: str
) -> tuple[Assumptions, Mandate, Assumptions]:
    """What an optimiser is told: of classes, the mandate, and of funds."""
    classes = _classes(ours, assumptions)
    try:
        rules = plan_menu.menu_mandate(ours, posture, classes)
        return classes, rules, plan_menu.menu_assumptions(ours, classes)
    except (Infeasible, DataError):
        raise
    except ValueError as error:
        if assumptions is None:
            raise
        raise DataError(f"assumptions: {error}") from error


def _read(sent: Mapping[str, Any]) -> tuple[plan.Plan, plan.Plan]:
    """A plan, its funds seen through, and as it was sent."""
    given = plan.from_json(sent)
    if given.inputs.funds is None and given.inputs.holdings is None:
        return given, given  # it is seen through as it stands: no months need be read
    return plan_menu.by_evidence(given, history.open_record()), given


def exposures(plan_: Mapping[str, Any]) -> Json:
    """What each fund holds by class, by the best evidence that the plan brings.

    Parameters
    ----------
    plan_ : as in `optimize`.

    Returns
    -------
    dict
        ``schema``; ``plan``; by fund ``weights`` by class (above zero), ``evidence`` (stated,
        returns, holdings, or both), ``specific_risk`` and ``apart`` (from what the plan states).

    Examples
    --------
    >>> found = exposures(plan.read().to_json())["funds"]["LCIDX"]
    >>> found["weights"], found["evidence"]
    ({'us_large_equity': 1.0}, 'stated')

    It goes on in ``service.md``.
    """
    given = plan.from_json(plan_)
    known = class_returns(given, history.open_record())
    found = evidence_of(given, known)
    rows = zip(found.weights.index, found.weights.to_dict("records"), strict=True)
    return {
        "schema": EXPOSURES,
        "plan": given.fingerprint,
        "funds": {
            str(fund): {
                "weights": {str(name): float(x) for name, x in row.items() if x > 1e-9},
                "evidence": str(found.about.loc[fund, "evidence"]),
                "specific_risk": float(found.about.loc[fund, "specific_risk"]),
                "apart": float(found.about.loc[fund, "apart"]),
            }
            for fund, row in rows
        },
        "left": {str(name): str(why) for name, why in found.left.items()},
    }


def rebalance(
    plan_: Mapping[str, Any],
    participant: str,
    mandate: Mapping[str, Any] | None = None,
    trades: Sequence[Mapping[str, Any]] = (),
    on: str | None = None,
) -> Json:
    """The best change that the plan's rules allow in one account on a day (`account_review`).

    Parameters
    ----------
    plan_ : as in `optimize`.
    participant : as the plan names them.
    mandate : ``posture``, ``risk_aversion``, ``rules`` and ``pins`` of `MANDATE`.
    trades : changes made before: ``on`` (ISO day), ``fund``, ``change`` of weight.
    on : the day; the plan's ``as_of`` when not given, and not before it.

    Returns
    -------
    dict
        ``schema``; ``plan`` and ``policy``; ``participant``; ``on``; ``before`` and ``after`` by
        fund; ``orders`` (dollars, bought above zero); ``gain`` in certainty equivalent, annual.

    Raises
    ------
    DataError, ValueError
        As `optimize` does, and for an unknown participant or an account that holds nothing of
        what is considered.

    Examples
    --------
    >>> rebalance({}, "P1", {"posture": "bold"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: mandate.posture: 'bold' is not one of conservative, moderate, ...

    It goes on in ``service.md``.
    """
    known = {name: MANDATE[name] for name in ("posture", "risk_aversion", "rules", "pins")}
    asked = _checked("mandate", {} if mandate is None else mandate, known)
    before = list(trades) if isinstance(trades, tuple) else trades
    if refused := schema.problem(before, {"type": "array", "items": TRADE}, "trades"):
        raise DataError(refused)
    ours, sent = read(plan_)
    _known(ours, participant)
    today = ours.as_of if on is None else day(on, "on")
    if today < ours.as_of:
        said = f"on: {today} is before {ours.as_of}, the day of the accounts (rules: as_of)"
        raise DataError(said)
    made = []
    for at, one in enumerate(trades):
        if one["fund"] not in ours.funds.index:
            raise DataError(f"trades[{at}].fund: {schema.short(one['fund'])} is no fund")
        traded = day(one["on"], f"trades[{at}].on")
        if traded > today:
            raise DataError(f"trades[{at}].on: {traded} is after {today}, the day of the review")
        made.append(account_review.Trade(traded, one["fund"], float(one["change"])))
    posture, aversion = _posture(asked, ours.policy)
    _, rules, funds = _set_up(ours, None, posture)
    held = account_review.holdings_considered(ours, rules, participant)
    allowed = account_review.review_mandates(ours, _also(rules, asked), held, made, today)
    found = account_review.best_of(funds, allowed, risk_aversion=aversion)
    opened = plan_menu.each_vintage(ours).holdings.T[participant]
    considered = float(opened[list(rules.labels)].sum())
    balance = float(ours.participants["balance"][participant])
    change = (found.weights - held) * balance * considered
    return {
        "schema": REBALANCE,
        "plan": sent,
        "policy": ours.policy.fingerprint,
        "participant": participant,
        "on": today.isoformat(),
        "posture": posture,
        "before": {str(fund): float(x) for fund, x in held.items() if x > 0},
        "after": {str(fund): float(x) for fund, x in found.weights.items() if x > 1e-9},
        "orders": {str(fund): round(float(x), 2) for fund, x in change.items() if abs(x) >= 0.005},
        "gain": funds.utility_of(found.w, aversion) - funds.utility_of(held.to_numpy(), aversion),
    }


def check(plan_: Mapping[str, Any]) -> Json:
    """All that is to be mended in a plan, and what is to be known of it.

    Returns
    -------
    dict
        ``schema``; ``accepted``; ``findings``: ``where``, ``problem`` and ``refused`` (whether the
        plan cannot be used for it).

    Examples
    --------
    >>> check({"schema": "next"})["accepted"]
    False

    It goes on in ``service.md``.
    """
    try:
        plan.from_json(plan_)
    except FindingsError as error:
        told = [(*_placed(str(one)), one.refused) for one in error.findings]
    except DataError as error:
        told = [(*_placed(line), True) for line in str(error).split("\n")]
    else:
        told = []
    findings = [{"where": at, "problem": what, "refused": no} for at, what, no in told]
    return {"schema": CHECK, "accepted": not told, "findings": findings}


def optimize_many(
    plans: Sequence[Mapping[str, Any]],
    assumptions: Mapping[str, Any] | None = None,
    mandate: Mapping[str, Any] | None = None,
    *,
    workers: int | None = None,
    seconds: float = 15.0,
    megabytes: float | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], object] = lambda done, plans: None,
) -> list[Json]:
    """`optimize` for many plans, in processes of their own, in the order given.

    Whatever is wrong with one plan is that plan's answer, and stops no other: its place holds
    ``schema`` and ``error`` (``type``, ``message``), also where it takes longer than ``seconds``
    or its process dies.

    Parameters
    ----------
    workers : processes; by default, and at most, one a core, and no more than there are plans.
    seconds : most time for one plan.
    megabytes : most memory of a process beyond what it starts with; None for no limit.
    executor : takes the work instead of processes of ours: Dask's ``client.get_executor()``, or
        any other of `concurrent.futures`.
    progress : called with plans done and plans in all.

    Raises
    ------
    DataError
        For ``plans`` that are no list, fewer than one worker, or no time.
    Interrupted
        At Ctrl-C, with the answers that were ready (`portlib.service_many`).

    Examples
    --------
    >>> optimize_many([])
    []

    It goes on in ``service.md``.
    """
    from portlib import service_many

    if not isinstance(plans, (list, tuple)):
        raise DataError(f"plans: {schema.short(plans)} is no list of plans")
    cores = os.cpu_count() or 1
    wanted = cores if workers is None else workers
    asked = [("workers", wanted, "integer"), ("seconds", seconds, "number")]
    asked += [] if megabytes is None else [("megabytes", megabytes, "number")]
    for name, value, kind in asked:
        if refused := schema.problem(value, {"type": kind, "exclusiveMinimum": 0}, name):
            raise DataError(refused)
    done: list[Json] = []
    if not plans:
        return done
    part = min(service_many.PART, max(1, len(plans) // (4 * min(wanted, cores))))
    told = service_many.answers(
        plans,
        assumptions,
        mandate,
        workers=min(wanted, cores, len(plans)),
        seconds=seconds,
        megabytes=megabytes,
        executor=executor,
        part=part,
    )
    try:
        for answer in told:
            done.append(answer)
            progress(len(done), len(plans))
    except KeyboardInterrupt as interrupted:
        raise service_many.Interrupted(done) from interrupted
    return done


def refusal(refused: Exception) -> Json:
    """A refusal as data: ``type``, ``message``, ``where`` it is wrong, and of rules that cannot
    hold together ``conflict`` and ``relaxation`` by name; null where there is none.

    Examples
    --------
    >>> refusal(DataError("rules: as_of: '2026-02-30' is no day"))["error"]["where"]
    ['rules.as_of']

    It goes on in ``service.md``.
    """
    kind = "DataError" if isinstance(refused, DataError) else type(refused).__name__
    made = error(kind, str(refused))
    lines = str(refused).split("\n") if kind == "DataError" else []
    paths = [_placed(line)[0] for line in lines]
    made["error"]["where"] = list(dict.fromkeys(filter(None, paths))) or None
    if isinstance(refused, Infeasible):
        made["error"]["conflict"] = list(refused.conflict)
        made["error"]["relaxation"] = dict(refused.relaxation)
    return made


def _placed(line: str) -> tuple[str, str]:
    """Where a message says that something is wrong, and what."""
    parts = line.split(": ")
    path = _path(parts)
    return ".".join(path), ": ".join(parts[len(path) :])


def _path(parts: Sequence[str]) -> list[str]:
    """The path at the start of a message: ``participants[3].pay``, or ``rules`` and ``as_of``."""
    found: list[str] = []
    for part in parts[:-1]:
        if not re.fullmatch(r"[\w.\[\]-]+", part):
            break
        found.append(part)
    return found


def error(kind: str, message: str) -> Json:
    """An answer that says why there is none."""
    told = {"type": kind, "message": message[:5000]}
    return {
        "schema": PORTFOLIO,
        "error": {**told, "where": None, "conflict": None, "relaxation": None},
    }


# ---- forecasts -----------------------------------------------------------------------------------


def seal_forecast(
    plan_: Mapping[str, Any],
    log: AuditLog,
    key: bytes,
    *,
    role: str,
    at: datetime,
    assumptions: Json | None = None,
) -> Json:
    """Seal what is expected of a plan's classes and portfolios (`stewardship.sealed_forecasts`).

    The portfolios are those that `optimize` gives for each posture, the rivals equal shares of all
    options that it considers and 60% US large companies with 40% core bonds, under the plan's own
    names for them, of a plan that has assumptions for both.

    Parameters
    ----------
    plan_, assumptions : as in `optimize`.
    log : the audit log that takes the seal.
    role, key : who seals, and the role's own key, with which it signs.
    at : now, with its zone.

    Returns
    -------
    dict
        ``event``, ``fingerprint`` and ``sealed`` (when).

    Examples
    --------
    >>> at = datetime(2026, 6, 30)
    >>> seal_forecast({"schema": 1}, AuditLog(), b"", role="a", at=at)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: schema: 1 is unknown; this version reads ...

    It goes on in ``service.md``.
    """
    ours, sent = read(plan_)
    classes = _classes(ours, assumptions)
    funds = plan_menu.menu_assumptions(ours, classes)
    models = {posture: optimize(plan_, assumptions, {"posture": posture}) for posture in POSTURES}
    equal = dict.fromkeys(funds.labels, 1 / len(funds))
    rivals = {"equal shares": sealed_forecasts.expected(funds, equal)}
    naive = {
        held: weight
        for name, weight in (("us_large_equity", 0.6), ("us_core_bonds", 0.4))
        for held in [own for own in ours.policy.called(name) if own in classes.labels][:1]
    }
    if len(naive) == 2:
        rivals["60/40"] = sealed_forecasts.expected(classes, naive)
    horizon = ours.policy["cma_horizon_years"]
    said = sealed_forecasts.statement(classes, models, rivals, horizon)
    event = sealed_forecasts.seal(log, said, key, role=role, plan=sent, at=at)
    body = event.body
    return {
        "event": event.number,
        "fingerprint": body["fingerprint"],
        "sealed": event.at.isoformat(),
    }


def score_forecasts(
    plan_: Mapping[str, Any], log: AuditLog, roster: Mapping[str, str], returns: pd.DataFrame
) -> list[Json]:
    """What came of each figure that was sealed for a plan, beside its rivals.

    Parameters
    ----------
    plan_ : as in `optimize`.
    log : the audit log that holds the seals.
    roster : the roles and their keys by which each seal is checked.
    returns : DataFrame
        Monthly decimals by month end, a column for each class or fund to be scored.

    Returns
    -------
    list of dict
        What has no column, and what is not a month old, has no score: null.

    Examples
    --------
    >>> nobody = {**plan.read().to_json(), "participants": []}
    >>> score_forecasts(nobody, AuditLog(), {}, pd.DataFrame({"cash": [0.01]}, ["2026-01-31"]))
    []

    It goes on in ``service.md``.
    """
    ours = plan.from_json(plan_)
    table = sealed_forecasts.score(log, returns, roster, plan=ours.fingerprint)
    table = table.assign(sealed=[day.isoformat() for day in table["sealed"]])
    return [
        {str(name): None if isinstance(x, float) and np.isnan(x) else x for name, x in row.items()}
        for row in table.to_dict("records")
    ]


# ---- what comes in -------------------------------------------------------------------------------


def _checked(name: str, given: Any, known: Mapping[str, Any]) -> Json:
    """The mapping itself; raises `DataError` by path for what the entries known do not allow."""
    asked = {"type": "object", "properties": dict(known), "additionalProperties": False}
    mark = marked(given) if isinstance(given, dict) else None
    refused = _ASKED.get(
        None if mark is None else (mark, name, *known),
        lambda: schema.problems(given, asked, name),
    )
    if refused:
        raise DataError("\n".join([*refused[:3], *refused[-2:]] if len(refused) > 5 else refused))
    return dict(given)


def _assumptions(given: Any) -> Assumptions:
    try:
        _checked("assumptions", given, ASSUMPTIONS)
    except DataError as error:
        if all(f"assumptions.{name}[" in str(error) for name in ("mu", "sigma")):
            advice = "divide mu and rf by 100 and sigma by 10,000"
            raise DataError(f"assumptions: wholly in percent? Then {advice}\n{error}") from None
        raise
    if lost := [name for name in ASSUMPTIONS if name not in given]:
        raise DataError(
            f"assumptions: {', '.join(lost)} missing; they have {', '.join(ASSUMPTIONS)}"
        )
    n = len(given["labels"])
    tables = {"mu": given["mu"], "sigma": given["sigma"]}
    tables |= {f"sigma[{at}]": row for at, row in enumerate(given["sigma"])}
    for name, values in tables.items():
        if len(values) != n:
            raise DataError(f"assumptions.{name}: has {len(values)} values for {n} labels")
    try:
        return Assumptions(*(given[name] for name in ASSUMPTIONS))
    except AssumptionsError as error:
        raise DataError(f"assumptions: {error}") from error


def _classes(ours: plan.Plan, given: Mapping[str, Any] | None) -> Assumptions:
    return plan_menu.class_assumptions(ours) if given is None else _assumptions(given)


def _posture(asked: Mapping[str, Any], policy: Policy) -> tuple[str, float]:
    """Posture and risk aversion, which must lie in the posture's band of the policy."""
    bands = policy["risk_aversion_bands"]
    if "risk_aversion" not in asked:
        posture = asked.get("posture", policy["default_posture"])
        return posture, policy["model_risk_aversion"][posture]
    aversion = float(asked["risk_aversion"])
    fitting = [name for name, (low, high) in bands.items() if low <= aversion <= high]
    if "posture" not in asked and fitting:
        default = policy["default_posture"]
        return default if default in fitting else fitting[0], aversion
    posture = asked.get("posture", policy["default_posture"])
    if posture not in fitting:
        low, high = bands[posture]
        raise DataError(
            f"mandate.risk_aversion: {aversion:g} is outside {low:g} to {high:g}, the policy's "
            f"band of {posture} (risk_aversion_bands)"
        )
    return posture, aversion
