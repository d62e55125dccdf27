"""How much work one machine does: thousands of plans, and lives simulated. Wall-clock time, on all
cores where said.

The plans are SYNTHETIC: random menus and rules drawn from the example plan's funds, nobody in them.
The household is the policy's kind of median saver of the example plan; its returns are drawn from
real history. The people of the large plan are SYNTHETIC too: each with an age, a pay, a balance and
a deferral of their own.
"""

from __future__ import annotations

import os
import resource
import time
from typing import Any

import numpy as np
from synthetic import SEED

from portlib import plan, service
from portlib.retirement import cases, glidepaths, outlook, scenarios, simulation

PLANS, PLANS_EXACT, PATHS, PATHS_OF_LIFE, YEARS = 10_000, 2_000, 12, 10_000, 75
PEOPLE, PATHS_OF_PEOPLE = 100_000, 500


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
    rows.append(lives_simulated())
    rows.append(people_simulated())
    return rows


def lives_simulated() -> dict[str, Any]:
    """One household, twelve glidepaths, on common lives; draws and all, one core."""
    ours = plan.read()
    who = glidepaths.sample(ours, 1)[0]
    person = outlook.household(ours, who, age=25, last_age=25 + YEARS)
    many = [
        glidepaths.Glidepath(f"{k}", [40, 0], [0.9 - 0.02 * k, 0.5 - 0.02 * k])
        for k in range(PATHS)
    ]
    months = scenarios.joint_history()[["equity", "bonds", "inflation"]]
    yearly = scenarios.annual(months)
    start, used = time.perf_counter(), time.process_time()
    rng = np.random.default_rng(SEED)
    picks = rng.integers(0, len(yearly), (PATHS_OF_LIFE, YEARS))
    values = yearly.to_numpy()[picks]
    change = values[..., 2]
    real = (1 + values[..., :2]) / (1 + change[..., None]) - 1
    returns = scenarios.Scenarios(real, ("equity", "bonds"), "years of history", (), change)
    lives = cases.draw(person, returns, rng)
    simulation.simulate(cases.of_households([person] * PATHS, many, lives), lives)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    return _row(
        "one household, lives drawn and simulated",
        f"{PATHS_OF_LIFE} lives x {YEARS} years x {PATHS} glidepaths",
        seconds,
        f"one core, draws and all; processor time {processor:.2f} s; peak memory {_peak():.0f} MB",
    )


def people_simulated(count: int = PEOPLE) -> dict[str, Any]:
    """The outlook of a large plan's people in one call, each with facts of their own."""
    ours = plan.read()
    rng = np.random.default_rng(SEED)
    age = rng.integers(20, 70, count).astype(float)
    people = outlook.People(
        names=[f"Q{k}" for k in range(count)],
        age=age,
        retirement_age=np.maximum(rng.integers(60, 71, count), age + 1).astype(float),
        pay=rng.lognormal(11.0, 0.5, count),
        balance=rng.lognormal(10.0, 1.5, count),
        deferral_rate=rng.uniform(0, 0.15, count),
        other_income=np.zeros(count),
    )
    start, used = time.perf_counter(), time.process_time()
    level = outlook.expected_inflation(ours)
    returns = outlook.returns_of(ours, outlook.classes(ours), level, PATHS_OF_PEOPLE, 101, SEED)
    mix = glidepaths.adopted(ours)
    outlook.outlooks(people, ours, mix, returns, rng, mortality=outlook.mortality(ours))
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    return _row(
        "a plan's people",
        f"{count} people x {PATHS_OF_PEOPLE} paths, to the end of life",
        seconds,
        f"two threads; processor time {processor:.1f} s; peak memory {_peak():.0f} MB",
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


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
