"""What do a plan's defaults and its match cost, and what do people have from them?

A plan established after 29 December 2022 must enrol automatically: from 3 to 10 percent of pay in
the first year, a point more each year, to at least 10 and at most 15 (IRC 414A(b)(3)). A match is a
list of tiers; what it costs is the employer's money, what it gives depends on what people defer.

Left out: how people answer. Everybody is taken to defer as they do today, or as the default says;
a match that stretches further may raise deferrals, and a default may be opted out of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from portlib.plan import Plan
from portlib.ranges import door
from portlib.retirement import outlook as ol
from portlib.retirement import taxes
from portlib.retirement.cases import Mix
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.outlook import People
from portlib.retirement.scenarios import Scenarios

#: IRC 414A(b)(3)(A): first-year rate from and to, the yearly step, the ceiling from and to.
FIRST = (0.03, 0.10)
STEP = 0.01
CEILING = (0.10, 0.15)

Tiers = Sequence[Mapping[str, float]]


@dataclass(frozen=True)
class Design:
    """A plan's contributions: match tiers, an employer's share for all, and the default's path.

    Attributes
    ----------
    match : tiers, ``rate`` and ``up_to`` each.
    nonelective : the employer's share of pay whether or not somebody defers.
    automatic : share of pay that is deferred by default, None without a default.
    escalation : points by which it rises each year.
    ceiling : at which it ends.
    """

    match: Tiers = ()
    nonelective: float = 0.0
    automatic: float | None = None
    escalation: float = 0.0
    ceiling: float = 0.10


@door()
def automatic_faults(first: float, step: float, ceiling: float) -> list[str]:
    """What keeps a default from meeting section 414A(b)(3); empty where nothing does.

    Parameters
    ----------
    first, step, ceiling : float
        Deferral of the first year, its yearly rise and its end, decimals of pay.

    Returns
    -------
    list of str

    Examples
    --------
    >>> automatic_faults(0.03, 0.01, 0.10)
    []
    >>> for fault in automatic_faults(0.06, 0.0, 0.06):
    ...     print(fault)
    the rate must rise by 1% each year, not by 0%
    the ceiling must lie from 10% to 15%, not at 6%

    >>> automatic_faults(0.10, 0.01, 0.15), automatic_faults(0.03, 0.01, 0.15)
    ([], [])
    >>> for fault in automatic_faults(0.02, 0.02, 0.16) + automatic_faults(0.11, 0.01, 0.15):
    ...     print(fault)
    the first rate must lie from 3% to 10%, not at 2%
    the rate must rise by 1% each year, not by 2%
    the ceiling must lie from 10% to 15%, not at 16%
    the first rate must lie from 3% to 10%, not at 11%
    """
    faults = []
    if not FIRST[0] - 1e-9 <= first <= FIRST[1] + 1e-9:
        faults.append(f"the first rate must lie from 3% to 10%, not at {first:.0%}")
    if abs(step - STEP) > 1e-9:
        faults.append(f"the rate must rise by 1% each year, not by {step:.0%}")
    if not CEILING[0] - 1e-9 <= ceiling <= CEILING[1] + 1e-9:
        faults.append(f"the ceiling must lie from 10% to 15%, not at {ceiling:.0%}")
    return faults


def cost(plan: Plan, design: Design) -> float:
    """The employer's contributions of the first year as a share of all pay, at today's deferrals.

    With an automatic rate, those who defer less are taken to defer it.

    Examples
    --------
    Three people defer 5%, 7% and 14% of 56,600, 78,600 and 39,400. Half of the first 10% are 2.5%,
    3.5% and 5% of pay; a default of 6% lifts the first to 3%:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> three = replace(ours, participants=ours.participants.iloc[:3])
    >>> half = [{"rate": 0.5, "up_to": 0.10}]
    >>> by_hand = (0.025 * 56_600 + 0.035 * 78_600 + 0.05 * 39_400) / (56_600 + 78_600 + 39_400)
    >>> abs(cost(three, Design(half)) - by_hand) < 1e-12
    True
    >>> more = cost(three, Design(half, nonelective=0.02, automatic=0.06)) - by_hand
    >>> abs(more - 0.02 - 0.005 * 56_600 / 174_600) < 1e-12
    True

    What is given to all counts 360,000 of pay; of 500,000, 39,400 and 100,000 a tenth are 49,940:

    >>> paid = three.participants.assign(pay=[500_000.0, 39_400.0, 100_000.0])
    >>> share = cost(replace(three, participants=paid), Design(nonelective=0.1))
    >>> abs(639_400 * share - 49_940) < 1e-6
    True
    >>> from datetime import date
    >>> before = {**three.rules, "as_of": date(2025, 6, 30)}  # of 350,000, 48,940
    >>> share = cost(replace(three, participants=paid, rules=before), Design(nonelective=0.1))
    >>> abs(639_400 * share - 48_940) < 1e-6
    True
    """
    paid = 0.0
    people = plan.participants
    year = plan.as_of.year
    rates = _rates(people["deferral_rate"].to_numpy(float), design)
    for pay, rate, age in zip(people["pay"], rates, plan.age, strict=True):
        one = taxes.contribution(
            float(pay),
            float(rate),
            design.match,
            year=year,
            age=int(age),
            nonelective=design.nonelective,
            roth_offered=plan.rules["contributions"]["roth"],
        )
        paid += one.employer
    return paid / float(people["pay"].sum())


def outcomes(
    plan: Plan,
    design: Design,
    mix: Mix,
    returns: Scenarios,
    rng: np.random.Generator,
    *,
    mortality: Mortality | None = None,
) -> pd.DataFrame:
    """Everybody's outlook under a design, as `outlook.outlooks` gives it.

    Parameters
    ----------
    plan : Plan
    design : Design
        Replaces the plan's match and default.
    mix : Mix
    returns : Scenarios
    rng : Generator
    mortality : Mortality, optional

    Returns
    -------
    DataFrame by person

    Examples
    --------
    A design is the plan's own, with another match and default; what people have is what `outlook`
    says of them:

    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.cases import balanced
    >>> ours = plans.read(data.ROOT / "plan")
    >>> three = replace(ours, participants=ours.participants.iloc[:3])
    >>> years = np.random.default_rng(3).normal(0.04, 0.1, (30, 110, 2))
    >>> world = balanced(0.6), Scenarios(years, ("equity", "bonds"), "SYNTHETIC")
    >>> same = Design(three.rules["contributions"]["match"])
    >>> table = outcomes(three, same, *world, np.random.default_rng(1))
    >>> table.equals(ol.outlooks(ol.people(three), three, *world, np.random.default_rng(1)))
    True
    >>> lifted = ol.people(three)
    >>> lifted = replace(lifted, deferral_rate=np.array([0.08, 0.08, 0.14]))
    >>> table = outcomes(three, replace(same, automatic=0.08), *world, np.random.default_rng(1))
    >>> asked = ol.outlooks(lifted, three, *world, np.random.default_rng(1), ceiling=0.1)
    >>> table.equals(asked)
    True
    >>> rising = Design((), 0.03, 0.06, 0.02, 0.12)
    >>> none = {**three.rules, "contributions": {**three.rules["contributions"], "match": []}}
    >>> lifted = replace(lifted, deferral_rate=np.array([0.06, 0.07, 0.14]))
    >>> at = {"escalation": 0.02, "ceiling": 0.12, "nonelective": 0.03}
    >>> asked = ol.outlooks(
    ...     lifted, replace(three, rules=none), *world, np.random.default_rng(1), **at
    ... )
    >>> outcomes(three, rising, *world, np.random.default_rng(1)).equals(asked)
    True
    >>> frail = {"mortality": Mortality(0.0, 3.0)}
    >>> shorter = outcomes(three, same, *world, np.random.default_rng(1), **frail)
    >>> rng = np.random.default_rng(1)
    >>> shorter.equals(ol.outlooks(ol.people(three), three, *world, rng, **frail))
    True

    It goes on in ``plan_design.md``.
    """
    who = ol.people(plan)
    who = People(
        who.names,
        who.age,
        who.retirement_age,
        who.pay,
        who.balance,
        _rates(np.asarray(who.deferral_rate), design),
        who.other_income,
    )
    contributions = {**plan.rules["contributions"], "match": list(design.match)}
    changed = replace(plan, rules={**plan.rules, "contributions": contributions})
    return ol.outlooks(
        who,
        changed,
        mix,
        returns,
        rng,
        mortality=mortality,
        escalation=design.escalation,
        ceiling=design.ceiling,
        nonelective=design.nonelective,
    )


@door()
def compare(
    plan: Plan,
    designs: Mapping[str, Design],
    mix: Mix,
    returns: Scenarios,
    *,
    seed: int,
    mortality: Mortality | None = None,
) -> pd.DataFrame:
    """What do designs cost, and what do people have from them?

    Parameters
    ----------
    plan : Plan
    designs : mapping of Design
        By name.
    mix : Mix
    returns : Scenarios
        The same for all designs.
    seed : int
        The same for all designs.
    mortality : Mortality, optional

    Returns
    -------
    DataFrame, a row a design
        ``cost``, share of pay; ``chance``, mean over people that spending wanted is met; ``half``,
        the same mean among those who earn the median or less; ``income``, the median over people of
        median income, dollars a year; ``shortfall``, mean share of the spending wanted not met.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.cases import balanced
    >>> ours = plans.read(data.ROOT / "plan")
    >>> three = replace(ours, participants=ours.participants.iloc[:3])
    >>> years = np.random.default_rng(3).normal(0.04, 0.1, (30, 110, 2))
    >>> world = balanced(0.6), Scenarios(years, ("equity", "bonds"), "SYNTHETIC")
    >>> designs = {"none": Design(), "for all": Design(nonelective=0.05)}
    >>> table = compare(three, designs, *world, seed=1)
    >>> table["cost"].round(9).tolist()
    [0.0, 0.05]
    >>> each = outcomes(three, designs["for all"], *world, np.random.default_rng(1))
    >>> found = table.loc["for all"]
    >>> a, b, c = each["chance"]
    >>> bool(abs(found["chance"] - (a + b + c) / 3) + abs(found["half"] - (a + c) / 2) < 1e-12)
    True
    >>> bool(found["income"] == sorted(each["income"])[1])
    True
    >>> bool(abs(found["shortfall"] - sum(each["shortfall"]) / 3) < 1e-12)
    True
    >>> low = replace(three, participants=three.participants.assign(pay=[78e3, 8e4, 1e4]))
    >>> each = outcomes(low, designs["none"], *world, np.random.default_rng(1))["chance"]
    >>> half = compare(low, designs, *world, seed=1).loc["none", "half"]  # of 78,000 and 10,000
    >>> bool(abs(half - (each.iloc[0] + each.iloc[2]) / 2) < 1e-12), len(set(each)) > 1
    (True, True)
    >>> frail = {"mortality": Mortality(0.0, 3.0)}
    >>> shorter = outcomes(three, designs["for all"], *world, np.random.default_rng(4), **frail)
    >>> incomes = compare(three, designs, *world, seed=4, **frail)["income"]
    >>> bool(incomes["for all"] == sorted(shorter["income"])[1] != found["income"])
    True
    """
    found = {}
    low = plan.participants["pay"].to_numpy(float) <= plan.participants["pay"].median()
    for name, design in designs.items():
        rng = np.random.default_rng(seed)
        table = outcomes(plan, design, mix, returns, rng, mortality=mortality)
        found[name] = {
            "cost": cost(plan, design),
            "chance": float(table["chance"].mean()),
            "half": float(table["chance"][low].mean()),
            "income": float(table["income"].median()),
            "shortfall": float(table["shortfall"].mean()),
        }
    return pd.DataFrame(found).T


def _rates(rates: np.ndarray, design: Design) -> np.ndarray:
    return rates if design.automatic is None else np.maximum(rates, design.automatic)
