"""Defaults and matches: the law's words, costs by hand, and designs in order."""

import numpy as np
import pytest

from portlib import plan
from portlib.retirement import glidepaths as gp
from portlib.retirement import outlook as ol
from portlib.retirement.contributions import plan_design as design
from portlib.retirement.contributions.plan_design import Design

THE_PLAN = plan.read()
MATCH = THE_PLAN.rules["contributions"]["match"]


def test_section_414a_is_read_to_its_corners() -> None:
    assert design.automatic_faults(0.03, 0.01, 0.10) == []
    assert design.automatic_faults(0.10, 0.01, 0.15) == []
    assert len(design.automatic_faults(0.02, 0.02, 0.16)) == 3
    assert design.automatic_faults(0.11, 0.01, 0.12)[0].startswith("the first rate")
    assert design.automatic_faults(0.06, 0.01, 0.09)[0].startswith("the ceiling")


def test_a_match_costs_what_tiers_say_by_hand() -> None:
    people = THE_PLAN.participants
    rate = people["deferral_rate"].to_numpy(float)
    pay = np.minimum(people["pay"].to_numpy(float), 360_000)
    deferred = np.minimum(rate * people["pay"], 24_500) / pay
    by_hand = (np.minimum(deferred, 0.03) + 0.5 * np.clip(deferred - 0.03, 0, 0.02)) @ pay
    assert design.cost(THE_PLAN, Design(MATCH)) == pytest.approx(
        by_hand / people["pay"].sum(), rel=0.003
    )
    assert design.cost(THE_PLAN, Design()) == 0
    assert design.cost(THE_PLAN, Design(nonelective=0.03)) == pytest.approx(0.03)


def test_more_in_means_more_out_for_everybody() -> None:
    classes = ol.classes(THE_PLAN)
    returns = ol.returns_of(THE_PLAN, classes, 0.024, 60, 105, 3)
    mix = gp.adopted(THE_PLAN)
    designs = {
        "none": Design(),
        "today": Design(MATCH),
        "rising": Design(MATCH, automatic=0.06, escalation=0.01, ceiling=0.15),
    }
    tables = {
        name: design.outcomes(THE_PLAN, d, mix, returns, np.random.default_rng(1))
        for name, d in designs.items()
    }
    assert (tables["today"]["balance"] >= tables["none"]["balance"] - 1e-6).all()
    assert (tables["rising"]["balance"] >= tables["today"]["balance"] - 1e-6).all()
    table = design.compare(THE_PLAN, designs, mix, returns, seed=1)
    assert table["chance"].is_monotonic_increasing
    assert table.loc["today", "chance"] == pytest.approx(tables["today"]["chance"].mean())
    pay = THE_PLAN.participants["pay"]
    lower = tables["today"].loc[[str(who) for who in pay.index[pay <= pay.median()]]]
    assert len(lower) < 0.51 * len(pay)
    assert table.loc["today", "half"] == pytest.approx(lower["chance"].mean())
    assert table.loc["today", "income"] == pytest.approx(tables["today"]["income"].median())
    assert table.loc["today", "shortfall"] == pytest.approx(tables["today"]["shortfall"].mean())


def test_rising_deferrals_are_those_of_a_household_one_at_a_time() -> None:
    from portlib.retirement import cases as rows
    from portlib.retirement.simulation import simulate

    returns = ol.returns_of(THE_PLAN, ol.classes(THE_PLAN), 0.024, 50, 105, 3)
    mix = gp.adopted(THE_PLAN)
    d = Design(MATCH, automatic=0.03, escalation=0.01, ceiling=0.10, nonelective=0.02)
    table = design.outcomes(THE_PLAN, d, mix, returns, np.random.default_rng(1))
    for who in ("P0001", "P0003", "P0040"):
        one = ol.household(THE_PLAN, who)
        one = ol.household(
            THE_PLAN,
            who,
            deferral_rate=max(one.deferral_rate, 0.03),
            escalation=0.01,
            highest_deferral=0.10,
            nonelective=0.02,
        )
        lives = rows.draw(one, returns, np.random.default_rng(0))
        chance = np.random.default_rng(1).random(50)
        last = rows.Mortality().last_years(one.age, "both", chance)[None]
        from dataclasses import replace

        out = simulate(rows.of_households([one], mix, lives), replace(lives, last=last))
        held = out.balance[0][out.reached[0]]  # of those who live to retire
        assert table.loc[who, "balance"] == pytest.approx(np.quantile(held, 0.5))
