"""What deferral, retirement age or spending reaches a chance of success?

The inverse of an outlook. On one set of lives the chance that spending is met for life is monotone
in each of the three, up to the steps of single lives, so that the answer is found by halving a
bracket, many levels at a time. Spending needs no search: its answer is a quantile of what each life
could have borne (`outlook.lasting`). An interval says where the answer would lie on other lives:

    chance(value) = success -/+ 1.96 sqrt(success (1 - success) / lives)

Left out: taxes, answers that combine several levers (`decisions` compares them), and what a person
can bear to defer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from portlib.plan import Plan
from portlib.ranges import among, door
from portlib.records import Array
from portlib.retirement import cases as rows
from portlib.retirement import glidepaths, taxes
from portlib.retirement import outlook as ol
from portlib.retirement.cases import Lives, Mix
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.simulation import simulate

Lever = Literal["deferral_rate", "retirement_age", "spending"]
LEVERS = ("deferral_rate", "retirement_age", "spending")
#: Nobody is asked to work longer than this.
LATEST_RETIREMENT = 75


@dataclass(frozen=True)
class Solution:
    """An answer: the value of a lever, and how sure.

    Attributes
    ----------
    lever : str
    value : float
        Where the lever alone does not get there, its end.
    low, high : float
        Bracket the value on other lives, at 95%.
    chance : float
        What the value gives.
    success : float
        What was asked for.
    reached : bool
    note : str
        The unit, or which end it is.
    """

    lever: str
    value: float
    low: float
    high: float
    chance: float
    success: float
    reached: bool
    note: str


@door()
def solve(
    lever: Lever,
    one: Household,
    mix: Mix,
    lives: Lives,
    success: float,
    *,
    mortality: Mortality | None = None,
) -> Solution:
    """The value of a lever at which the household's spending is met with a stated chance.

    Parameters
    ----------
    lever : str
        ``deferral_rate`` (up to the limit of the law at today's age and pay), ``retirement_age``
        (up to `LATEST_RETIREMENT`, and a year before the last) or ``spending``.
    one : Household
    mix : Mix
    lives : Lives
        Drawn for the household; the same for every value tried.
    success : float
        The chance, between 0 and 1.
    mortality : Mortality, optional
        The population's when not given.

    Returns
    -------
    Solution
        Decimals of pay, years of age, or real US dollars a year.

    Raises
    ------
    ValueError
        For an unknown lever, a chance outside 0 to 1, and for a household that states no spending
        (unless spending is the lever).

    Examples
    --------
    Where nothing is earned, ten certain years of a tenth of the savings:

    >>> from portlib.retirement.cases import balanced, draw
    >>> from portlib.retirement.scenarios import Scenarios
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> one = Household(age=65, retirement_age=65, balance=100_000, sex=None, last_age=75)
    >>> solve("spending", one, balanced(0.6), draw(one, flat), 0.9).value
    10000.0

    It goes on in ``solving.md``.
    """
    among("lever", [lever], LEVERS)
    if not 0 < success < 1:
        raise ValueError(f"success {success} is a chance between 0 and 1; in percent?")
    half = 1.96 * float(np.sqrt(success * (1 - success) / lives.count))
    if lever == "spending":
        return _spending(one, mix, lives, success, half, mortality)
    if one.target is None:
        raise ValueError("the household states no spending: give spending or replacement_rate")

    def chances(values: Array) -> Array:
        ways = [_with(one, lever, value) for value in values]
        names = [str(value) for value in values]
        case = rows.of_households(ways, mix, lives, names=names, mortality=mortality)
        return simulate(case, lives, risk_aversion=None).chance()["mid"].to_numpy()

    if lever == "retirement_age":
        return _age(one, chances, success, half)
    return _deferral(one, chances, success, half)


def _with(one: Household, lever: str, value: float) -> Household:
    changes: dict[str, Any] = {lever: int(value) if lever == "retirement_age" else float(value)}
    return replace(one, **changes)


def _spending(
    one: Household,
    mix: Mix,
    lives: Lives,
    success: float,
    half: float,
    mortality: Mortality | None,
) -> Solution:
    free = replace(one, spending=None, replacement_rate=None)
    case = rows.of_households([free], mix, lives, mortality=mortality)
    worth = ol.lasting(case, lives)[0]
    worth = worth[np.isfinite(worth)]
    ends = np.clip([success + half, success - half], 1e-6, 1 - 1e-6)
    value = float(np.quantile(worth, 1 - success))
    low, high = (float(np.quantile(worth, 1 - end)) for end in ends)
    return Solution("spending", value, low, high, success, success, True, "dollars a year, real")


def _age(
    one: Household, chances: Callable[[Array], Array], success: float, half: float
) -> Solution:
    latest = min(LATEST_RETIREMENT, one.last_age - 1)
    ages = np.arange(one.age + 1.0, max(latest, one.age + 1) + 1)
    found = chances(ages)

    def first(level: float) -> tuple[int, bool]:
        ok = np.flatnonzero(found >= level)
        return (int(ok[0]), True) if len(ok) else (len(ages) - 1, False)

    at, reached = first(success)
    low = first(success - half)[0]
    high = first(success + half)[0]
    note = "whole years of age" if reached else f"not reached by {ages[-1]:.0f}"
    return Solution(
        "retirement_age",
        float(ages[at]),
        float(ages[low]),
        float(ages[high]),
        float(found[at]),
        success,
        reached,
        note,
    )


def _deferral(
    one: Household, chances: Callable[[Array], Array], success: float, half: float
) -> Solution:
    limit = taxes.limits(one.year, one.age).employee
    top = min(limit / one.pay, 1.0) if one.pay > 0 else 0.0
    grid = np.linspace(0.0, top, 13)
    known = dict(zip(grid.tolist(), chances(grid).tolist(), strict=True))
    best = known[grid[-1]]

    def crossing(level: float) -> float:
        low = grid[0]
        high = grid[-1]
        for _ in range(3):
            inner = np.linspace(low, high, 13)
            fresh = [v for v in inner.tolist() if v not in known]
            if fresh:
                known.update(zip(fresh, chances(np.array(fresh)).tolist(), strict=True))
            above = [k for k, v in enumerate(inner.tolist()) if known[v] >= level]
            if not above:
                return float(high)
            k = above[0]
            if k == 0:
                return float(low)
            low = inner[k - 1]
            high = inner[k]
        return float(high)

    reached = best >= success
    value = crossing(success)
    chance = known[value] if reached else best
    note = "share of pay" if reached else f"not reached at the law's limit, {limit:,.0f} dollars"
    low = crossing(success - half)
    high = crossing(success + half)
    return Solution("deferral_rate", value, low, high, chance, success, reached, note)


@door()
def solve_for(
    lever: Lever,
    plan: Plan,
    participant: str,
    *,
    success: float | Sequence[float] | None = None,
    lives: int = 4_000,
    seed: int = 2026,
    mix: Mix | None = None,
    pay: ol.Pay = "planned",
    **changes: Any,
) -> dict[float, Solution]:
    """What a participant would have to defer, work or spend, by chance of success.

    Parameters
    ----------
    lever : ``deferral_rate``, ``retirement_age`` or ``spending``.
    success : chances; the policy's ``success_levels`` when not given.
    lives, seed, mix, pay, changes : as in `portlib.retirement.outlook.outlook`.

    Returns
    -------
    dict
        A `Solution` by chance.

    Raises
    ------
    ValueError
        As `solve` and `outlook` do.

    Examples
    --------
    What lasts with a chance is what `outlook` says of the same lives:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> found = solve_for("spending", ours, "P0002", lives=40)
    >>> lasts = ol.outlook(ours, "P0002", lives=40).lasting
    >>> list(found) == list(ours.policy["success_levels"])
    True
    >>> all(abs(found[p].value - lasts[p]) < 1e-6 for p in lasts)
    True
    >>> other = replace(ours, policy=ours.policy.replace(success_levels=[0.6, 0.7]))
    >>> list(solve_for("spending", other, "P0002", lives=4))
    [0.6, 0.7]
    >>> found = solve_for("spending", ours, "P0002", success=0.6, lives=40, seed=7, pay="risky")
    >>> plain = solve_for("spending", ours, "P0002", success=0.6, lives=40, seed=7)
    >>> list(found), found[0.6].value == plain[0.6].value
    ([0.6], False)

    Another mix, other luck and other facts are handed on to both; what is found for another lever
    gives the chance that it says:

    >>> fund = replace(ours, rules={**ours.rules, "default": "TSMIDX"})
    >>> at = {"lives": 40, "seed": 7, "mix": glidepaths.adopted(fund), "pay": "risky"}
    >>> lasts = ol.outlook(ours, "P0002", balance=5e5, **at).lasting
    >>> found = solve_for("spending", ours, "P0002", success=list(lasts)[:2], balance=5e5, **at)
    >>> [abs(found[p].value - lasts[p]) < 1e-6 for p in found]
    [True, True]
    >>> found = solve_for("deferral_rate", ours, "P0002", success=0.5, spending=45_000, **at)[0.5]
    >>> asked = {"spending": 45_000, "deferral_rate": found.value}
    >>> abs(ol.outlook(ours, "P0002", **asked, **at).chance - found.chance) < 1e-12
    True
    """
    one = ol.household(plan, participant, **changes)
    levels = plan.policy["success_levels"] if success is None else success
    chosen = mix or glidepaths.adopted(plan)
    level = ol.expected_inflation(plan)
    returns = ol.returns_of(plan, ol.classes(plan), level, lives, one.horizon, seed)
    table = ol.mortality(plan)
    rng = np.random.default_rng(seed + 1)
    strays = ol.straying(plan, pay)
    drawn = rows.draw(one, returns, rng, mortality=table, pay_risk=strays)
    asked = [levels] if isinstance(levels, float) else list(levels)
    return {p: solve(lever, one, chosen, drawn, p, mortality=table) for p in asked}
