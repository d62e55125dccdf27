"""What would a service call: a plan in, a portfolio or a glidepath out, as plain JSON?

`optimize` and `glidepath` take and return dicts that strict JSON can hold, under a versioned schema; they call what the
chapters call. `optimize_many` does thousands of plans on all cores. ``python -m portlib`` is the shell's door to the
same. A plan that cannot be served is refused by name; among many, its place holds the refusal.

Left out: transport, authentication, storage; who may call this, and what is told to participants.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import repeat
from typing import Any

import numpy as np
import pandas as pd

from portlib import construction, plan
from portlib.policy import POSTURES
from portlib.records import Assumptions
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement.plan_menu import few_funds
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.governance import sealed_forecasts

PORTFOLIO = "prudent-by-construction/portfolio/1"
GLIDEPATH = "prudent-by-construction/glidepath/1"
#: What a mandate may say; all is optional.
MANDATE = {
    "posture": "conservative, moderate, growth or aggressive (policy: default_posture)",
    "risk_aversion": "A in mean less A/2 variance (policy: model_risk_aversion of the posture)",
    "most_funds": "most funds to hold, 0 for no limit (the plan's rules: models)",
    "whole_percent": "true for weights in whole percents (the plan's rules: models)",
}
Json = dict[str, Any]


def optimize(plan_: Mapping[str, Any], assumptions: Mapping[str, Any] | None = None,
             mandate: Mapping[str, Any] | None = None) -> Json:
    """The best portfolio of a plan's funds.

    Parameters
    ----------
    plan_ : what `portlib.plan.Plan.to_json` writes; ``participants`` may be an empty list.
    assumptions : ``labels``, ``mu``, ``sigma``, ``rf``, ``source`` for asset classes, annual decimals, arithmetic; the
        survey's when not given.
    mandate : entries of `MANDATE`.

    Returns
    -------
    dict: ``schema``, ``plan`` and ``mandate`` (fingerprints), ``posture``, ``risk_aversion``, ``weights`` by fund
    (above zero), ``mean``, ``risk``, ``sharpe`` (annual decimals, net of expenses), ``expense_ratio``, ``gap`` (what
    any other portfolio under the mandate could gain at most, annual), ``status``, ``engine``, ``coverage`` (each option
    and, if it was left out, why) and ``source``. No clock and no randomness: the same input gives the same output.

    Raises DataError for a plan outside the format, ValueError for an unknown entry, posture or class, Infeasible (with
    the rules in conflict) where no portfolio obeys.
    """
    asked = dict(mandate or {})
    if unknown := sorted(set(asked) - set(MANDATE)):
        raise ValueError(f"mandate: no entry {', '.join(unknown)}; there are {', '.join(MANDATE)}")
    ours = plan.from_json(plan_)
    classes = _classes(ours, assumptions)
    posture = asked.get("posture", ours.policy["default_posture"])
    rules = plan_menu.menu_mandate(ours, posture, classes)
    aversion = float(asked.get("risk_aversion", ours.policy["model_risk_aversion"][posture]))
    funds = plan_menu.menu_assumptions(ours, classes)
    most = int(asked.get("most_funds", ours.rules["models"]["most_funds"])) or len(funds)
    whole = bool(asked.get("whole_percent", ours.rules["models"]["whole_percent"]))
    if whole or most < len(funds):
        found = few_funds.best_few(funds, rules, risk_aversion=aversion, most_funds=most, whole_percent=whole)
        best, gap = found.allocation, found.gap
    else:
        best, gap = construction.optimize(funds, rules, risk_aversion=aversion, optimizer="MARKOWITZ"), 0.0
    covered = plan_menu.coverage(ours)
    return {
        "schema": PORTFOLIO, "plan": ours.fingerprint, "mandate": best.mandate, "posture": posture,
        "risk_aversion": aversion,
        "weights": {fund: weight for fund, weight in zip(best.labels, best.w.tolist(), strict=True) if weight > 1e-9},
        "mean": best.mean, "risk": best.risk, "sharpe": best.sharpe if np.isfinite(best.sharpe) else None,
        "expense_ratio": float(best.w @ ours.funds.loc[list(best.labels), "expense_ratio"].to_numpy(float)),
        "gap": gap, "status": best.status, "engine": best.engine,
        "coverage": {str(fund): "considered" if row["considered"] else str(row["reason"])
                     for fund, row in covered.iterrows()},
        "source": funds.source,
    }  # fmt: skip


def glidepath(plan_: Mapping[str, Any], assumptions: Mapping[str, Any] | None = None, *, seed: int = 2026) -> Json:
    """The custom glidepath for a plan's people (`glidepaths.custom`), which the plan must therefore contain.

    Returns
    -------
    dict: ``schema``, ``plan`` (fingerprint), ``seed``, ``parameters`` of the path, ``years_to_retirement``, ``equity``
    and ``weights`` by class at those years, ``value`` (certainty equivalent of retirement spending, real dollars a
    year, geometric mean over the people sampled), ``participants`` sampled and ``source``.

    Raises as `optimize` does, and ValueError for a plan without participants.
    """
    ours = plan.from_json(plan_)
    if ours.participants.empty:
        raise ValueError("a glidepath is made for a plan's people: send its participants")
    found = glidepaths.custom(ours, None if assumptions is None else _assumptions(assumptions), seed=seed)
    table = found.table()
    return {
        "schema": GLIDEPATH, "plan": ours.fingerprint, "seed": seed,
        "parameters": {name: float(value) for name, value in found.parameters.items()},
        "years_to_retirement": [float(year) for year in table.index],
        "equity": table["equity"].tolist(),
        "weights": {str(name): table[name].tolist() for name in table.columns if name != "equity"},
        "value": float(found.value), "participants": list(found.participants), "source": found.source,
    }  # fmt: skip


def optimize_many(
    plans: Sequence[Mapping[str, Any]], assumptions: Mapping[str, Any] | None = None,
    mandate: Mapping[str, Any] | None = None, *, workers: int | None = None,
    progress: Callable[[int, int], object] = lambda done, plans: None,
) -> list[Json]:
    """`optimize` for many plans, on ``workers`` processes (by default one a core), in the order given.

    A plan that is refused does not stop the others: its place holds ``schema`` and ``error`` (``type``, ``message``).
    ``progress`` is called with plans done and plans in all. Raises ValueError for fewer than one worker.
    """
    count = workers or os.cpu_count() or 1
    if count < 1:
        raise ValueError(f"workers must be one or more, not {workers}")
    done: list[Json] = []
    if count == 1:
        for answer in map(_one, plans, repeat(assumptions), repeat(mandate)):
            done.append(answer)
            progress(len(done), len(plans))
        return done
    with ProcessPoolExecutor(count) as pool:
        chunk = max(1, min(50, len(plans) // (4 * count)))
        for answer in pool.map(_one, plans, repeat(assumptions), repeat(mandate), chunksize=chunk):
            done.append(answer)
            progress(len(done), len(plans))
    return done


def seal_forecast(
    plan_: Mapping[str, Any], log: AuditLog, key: bytes, *, role: str, at: datetime, assumptions: Json | None = None
) -> Json:
    """Seal what is expected of a plan's classes and portfolios (`portlib.stewardship.sealed_forecasts`).

    The portfolios are those that `optimize` gives for each posture, the rivals equal shares of all options that it
    considers and 60% US large companies with 40% core bonds. Returns ``event``, ``fingerprint`` and ``sealed`` (when).
    """
    ours = plan.from_json(plan_)
    classes = _classes(ours, assumptions)
    funds = plan_menu.menu_assumptions(ours, classes)
    models = {posture: optimize(plan_, assumptions, {"posture": posture}) for posture in POSTURES}
    rivals = {
        "equal shares": sealed_forecasts.expected(funds, dict.fromkeys(funds.labels, 1 / len(funds))),
        "60/40": sealed_forecasts.expected(classes, {"us_large_equity": 0.6, "us_core_bonds": 0.4}),
    }
    said = sealed_forecasts.statement(classes, models, rivals, ours.policy["cma_horizon_years"])
    event = sealed_forecasts.seal(log, said, key, role=role, plan=ours.fingerprint, at=at)
    body = event.body
    return {"event": event.number, "fingerprint": body["fingerprint"], "sealed": event.at.isoformat()}


def score_forecasts(
    plan_: Mapping[str, Any], log: AuditLog, roster: Mapping[str, str], returns: pd.DataFrame
) -> list[Json]:
    """What came of each figure that was sealed for a plan, beside its rivals; see `sealed_forecasts.score`.

    `returns` are monthly decimals by month end, a column for each class or fund to be scored. What has none, and what
    is not a month old, has no score: null.
    """
    ours = plan.from_json(plan_)
    table = sealed_forecasts.score(log, returns, roster, plan=ours.fingerprint)
    table = table.assign(sealed=[day.isoformat() for day in table["sealed"]])
    return [
        {str(name): None if isinstance(x, float) and np.isnan(x) else x for name, x in row.items()}
        for row in table.to_dict("records")
    ]


def _one(plan_: Mapping[str, Any], assumptions: Mapping[str, Any] | None, mandate: Mapping[str, Any] | None) -> Json:
    try:
        return optimize(plan_, assumptions, mandate)
    except ValueError as refused:  # DataError and Infeasible are ValueErrors too
        return {"schema": PORTFOLIO, "error": {"type": type(refused).__name__, "message": str(refused)}}


def _assumptions(given: Mapping[str, Any]) -> Assumptions:
    wanted = ("labels", "mu", "sigma", "rf", "source")
    if wrong := sorted(set(wanted) ^ set(given)):
        raise ValueError(f"assumptions: {', '.join(wrong)} missing or unknown; they have {', '.join(wanted)}")
    return Assumptions(*(given[name] for name in wanted))


def _classes(ours: plan.Plan, given: Mapping[str, Any] | None) -> Assumptions:
    return plan_menu.class_assumptions(ours) if given is None else _assumptions(given)
