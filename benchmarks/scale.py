"""How much work one machine does: thousands of plans, and lives simulated. Wall-clock time, on all
cores where said.

The plans are SYNTHETIC: random menus and rules drawn from the example plan's funds, nobody in them.
The household is the policy's kind of median saver of the example plan; its returns are drawn from
real history.
"""

from __future__ import annotations

import os
import resource
import time
from typing import Any

import numpy as np
from synthetic import SEED

from portlib import plan, service
from portlib.retirement import glidepaths, scenarios
from portlib.retirement.glidepaths import lifecycle

PLANS, PLANS_EXACT, PATHS, PATHS_OF_LIFE, YEARS = 10_000, 2_000, 12, 10_000, 75


def smaller_plans(count: int) -> list[dict[str, Any]]:
    """Plans as JSON: a third of the example's funds to all, three to eight in a model, half in
    whole percents."""
    ours, rng = plan.read(), np.random.default_rng(SEED)
    plain = [fund for fund, kind in ours.funds["kind"].items() if kind in ("core", "target_date")]
    base = ours.offering(plain).to_json()
    plans = []
    for _ in range(count):
        share = rng.uniform(0.35, 1.0)
        kept = {fund for fund in plain if fund == ours.rules["default"] or rng.random() < share}
        trading = {
            rule: {
                fund: days for fund, days in base["rules"]["trading"][rule].items() if fund in kept
            }
            for rule in ("round_trip_days", "minimum_holding_days")
        }
        models = {"most_funds": int(rng.integers(3, 9)), "whole_percent": bool(rng.random() < 0.5)}
        rules = {
            **base["rules"],
            "models": models,
            "trading": {**base["rules"]["trading"], **trading},
        }
        lineup = [row for row in base["lineup"] if row["fund"] in kept]
        plans.append({**base, "rules": rules, "lineup": lineup, "participants": []})
    return plans


def scale() -> list[dict[str, Any]]:
    """One row a job: wall-clock milliseconds, and what was done a second."""
    rows, cores = [], os.cpu_count() or 1
    loose: dict[str, Any] = {"most_funds": 0, "whole_percent": False}
    for what, mandate, count in (
        ("continuous weights", loose, PLANS),
        ("the plan's own rules", {}, PLANS_EXACT),
    ):
        plans = smaller_plans(count)
        start = time.perf_counter()
        answers = service.optimize_many(
            plans, None, {"posture": "growth", **mandate}, progress=_say
        )
        seconds = time.perf_counter() - start
        refused = sum("error" in answer for answer in answers)
        unproved = sum(answer.get("gap", 0.0) > 1e-8 for answer in answers)
        rows.append(
            _row(
                f"plans, {what}",
                f"{count} plans",
                seconds,
                f"{count / seconds:.0f} plans a second on {cores} cores; {refused} menus "
                f"without an allowed "
                f"portfolio, refused by name; {unproved} not proved best",
            )
        )
    ours = plan.read()
    person = glidepaths.household(ours, glidepaths.sample(ours, 1)[0], age=25, last_age=25 + YEARS)
    many = [
        lifecycle.Glidepath(f"{k}", [40, 0], [0.9 - 0.02 * k, 0.5 - 0.02 * k]) for k in range(PATHS)
    ]
    rng = np.random.default_rng(SEED)
    start = time.perf_counter()
    returns = scenarios.bootstrapped(PATHS_OF_LIFE, YEARS, rng)
    drawn = time.perf_counter() - start
    start = time.perf_counter()
    lifecycle.simulate(many, person, returns, rng=rng)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append(
        _row(
            "lives simulated",
            f"{PATHS_OF_LIFE} paths x {YEARS} years x {PATHS} glidepaths",
            seconds,
            f"one core; drawing the returns took {drawn:.1f} s more; peak memory {peak:.0f} MB",
        )
    )
    return rows


def _row(case: str, size: str, seconds: float, remark: str) -> dict[str, Any]:
    return {
        "case": case,
        "size": size,
        "contestant": "portlib",
        "median_ms": 1000 * seconds,
        "ratio": 1.0,
        "turns": 1,
        "remark": remark,
    }


def _say(done: int, plans: int) -> None:
    if done % 1000 == 0:
        print(f"   {done} of {plans} plans", flush=True)


if __name__ == "__main__":
    for row in scale():
        print(
            f"{row['case']:<36} {row['size']:<44} {row['median_ms'] / 1000:.1f} s; {row['remark']}"
        )
