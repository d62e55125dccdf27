"""The simulator of lives beside a plain NumPy loop over years, a way at a time, and one over lives.

All meet the same returns, deaths and contributions, and are asked for the balance at retirement and
the chance that spending lasts; portlib counts ten figures more. The household is the example plan's
first saver; its returns are years drawn from real history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from measure import OURS, Case
from synthetic import SEED

from portlib import plan
from portlib.records import Array
from portlib.retirement import cases, glidepaths, household, outlook, scenarios, simulation
from portlib.retirement.cases import Lives, Mix
from portlib.retirement.household import Household

WAYS, YEARS = 12, 75
#: Lives, and whether a loop in Python is asked too.
SIZES = ((200, True), (10_000, False))
OWL = (
    "plans one household by a linear programme that knows its whole future, which is another "
    "question; household_taxes.py compares its taxes and distributions"
)


def simulator(sizes: Sequence[tuple[int, bool]] = SIZES) -> Iterator[Case]:
    """Chances and balances of twelve glidepaths."""
    ours = plan.read()
    one = outlook.household(ours, str(glidepaths.sample(ours, 1)[0]), age=25, last_age=25 + YEARS)
    one = replace(one, spending=0.7 * one.final_pay, replacement_rate=None)
    paths = [
        glidepaths.Glidepath(f"{k}", [40, 0], [0.9 - 0.02 * k, 0.5 - 0.02 * k]) for k in range(WAYS)
    ]
    yearly = scenarios.annual(scenarios.joint_history()[["equity", "bonds", "inflation"]])
    for count, python in sizes:
        rng = np.random.default_rng(SEED)
        drawn = yearly.to_numpy()[rng.integers(0, len(yearly), (count, YEARS))]
        real = (1 + drawn[..., :2]) / (1 + drawn[..., 2:]) - 1
        years = scenarios.Scenarios(real, ("equity", "bonds"), "years of history")
        lives = cases.draw(one, years, rng)
        contestants = {
            OURS: lambda lives=lives: by_portlib(one, paths, lives),
            "NumPy, a loop over years": lambda lives=lives: by_years(one, paths, lives),
        }
        absent = {"owlplanner": OWL}
        if python:
            contestants["Python, a loop over lives"] = lambda lives=lives: by_lives(
                one, paths, lives
            )
        else:
            absent["Python, a loop over lives"] = "not asked beyond 200 lives"
        size = f"{count} lives x {YEARS} years x {WAYS} glidepaths"
        yield Case("lives simulated", size, contestants, _gap, absent)


def by_portlib(one: Household, paths: Sequence[Mix], lives: Lives) -> Array:
    """Chance and mean balance by way, (2, ways)."""
    rows = cases.of_households([one] * len(paths), paths, lives)
    out = simulation.simulate(rows, lives, risk_aversion=None)
    met = (out.success & out.reached).sum(axis=1) / out.reached.sum(axis=1)
    return np.stack([met, out.balance.sum(axis=1) / out.reached.sum(axis=1)])


def by_years(one: Household, paths: Sequence[Mix], lives: Lives) -> Array:
    """The same: vectors over lives, and loops over years and ways."""
    paid = household.contributions(one)
    benefit = household.social_security(one)
    alive = lives.last[0] >= one.working
    found = []
    for path in paths:
        wealth = np.full(lives.count, one.balance)
        balance = wealth
        met = np.ones(lives.count, bool)
        for t in range(one.horizon):
            weights = path.at(one.working - t)
            growth = (1 - path.fee) * (1 + weights @ lives.returns[t])
            wealth = np.maximum(wealth - one.fee_dollars, 0.0)
            if t < one.working:
                wealth = wealth * growth + paid[t] * np.sqrt(growth)
                continue
            balance = wealth if t == one.working else balance
            need = max(one.spending - benefit[t] - one.other_income, 0.0)
            drawn = np.minimum(wealth, need)
            met &= (drawn >= need - 1e-7) | (lives.last[0] < t)
            wealth = (wealth - drawn) * growth
        found.append((met[alive].mean(), balance[alive].mean()))
    return np.array(found).T


def by_lives(one: Household, paths: Sequence[Mix], lives: Lives) -> Array:
    """The same, one life after the other."""
    paid = household.contributions(one).tolist()
    benefit = household.social_security(one).tolist()
    returns = lives.returns.transpose(2, 0, 1).tolist()
    ends = lives.last[0].tolist()
    found = []
    for path in paths:
        weights = path.at(one.working - np.arange(one.horizon)).tolist()
        met, total, reached = 0, 0.0, 0
        for years, last in zip(returns, ends, strict=True):
            if last < one.working:
                continue
            wealth, well = one.balance, True
            for t in range(last + 1):
                earned = sum(w * r for w, r in zip(weights[t], years[t], strict=True))
                growth = (1 - path.fee) * (1 + earned)
                wealth = max(wealth - one.fee_dollars, 0.0)
                if t < one.working:
                    wealth = wealth * growth + paid[t] * growth**0.5
                    continue
                if t == one.working:
                    total += wealth
                    reached += 1
                need = max(one.spending - benefit[t] - one.other_income, 0.0)
                drawn = min(wealth, need)
                well = well and drawn >= need - 1e-7
                wealth = (wealth - drawn) * growth
            met += well
        found.append((met / reached, total / reached))
    return np.array(found).T


def _gap(answer: Array, ours: Array) -> dict[str, float]:
    return {"objective_gap": float(np.abs(answer / ours - 1).max())}


CASES = (simulator,)
