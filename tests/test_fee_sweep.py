"""Whatever charges more leaves less: each cost of a plan, raised, wherever it counts.

One fund's expense ratio is raised by ten basis points, and record keeping by ten dollars. Who holds
the fund pays for it by the share held, in every number that is net of costs and in no other; nobody
else pays, and what is not about money (risk, exposures, mandates) stays.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import data
from portlib import plan as plans
from portlib.plan import Plan
from portlib.retirement import cases, glidepaths, outlook, plan_menu
from portlib.retirement import model_portfolios as mp
from portlib.retirement.cases import balanced
from portlib.retirement.glidepaths import search
from portlib.retirement.model_portfolios import capacity, questionnaire, ways
from portlib.retirement.plan_menu import fund_costs
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate
from portlib.stewardship import monitoring, stress_testing

MORE = 0.001
PLAN = plans.read(data.ROOT / "plan")
CLASSES = plan_menu.class_assumptions(PLAN)
SERIES = str(plan_menu.series_of(PLAN))
FUNDS = [str(fund) for fund in PLAN.funds.index]
DATES = list(map(str, plan_menu.dates(PLAN)))
SINGLE = [fund for fund in FUNDS if fund != SERIES]


def dearer(fund: str, more: float = MORE) -> Plan:
    """The plan with one fund at a higher expense ratio."""
    funds = PLAN.funds.copy()
    funds.loc[fund, "expense_ratio"] += more
    return replace(PLAN, funds=funds)


def desk(plan: Plan) -> capacity.Adviser:
    answers = PLAN.participants["answers"]
    asked = questionnaire.calibrate(answers, np.random.default_rng(1), policy=plan.policy)
    return capacity.Adviser(plan, mp.Suite((), {}, {}, "2026-01-01"), CLASSES, asked)


@pytest.mark.parametrize("fund", FUNDS)
def test_a_dearer_fund_is_expected_to_return_less_and_nothing_else_moves(fund):
    before, after = (plan_menu.menu_assumptions(p, CLASSES) for p in (PLAN, dearer(fund)))
    of_it = [name for name in before.labels if name == fund or (fund == SERIES and name in DATES)]
    fell = pd.Series(before.mu - after.mu, before.labels)
    assert fell[of_it].to_numpy() == pytest.approx(MORE)
    assert (fell.drop(of_it) == 0).all()
    assert (before.sigma == after.sigma).all()


@pytest.mark.parametrize("fund", FUNDS)
def test_who_holds_it_pays_for_it_by_the_share_held(fund):
    plan = dearer(fund)
    held = PLAN.holdings[fund].mul(PLAN.participants["balance"], axis=0).sum()
    paid = (fund_costs.ledger(plan) - fund_costs.ledger(PLAN))[["paid", "kept", "passed_on"]]
    assert paid.loc[fund].to_numpy() == pytest.approx([MORE * held, MORE * held, 0.0])
    assert (paid.drop(fund) == 0).all(axis=None)
    chart = fund_costs.comparative_chart(plan)["per_1000"]
    assert chart[fund] == pytest.approx(fund_costs.comparative_chart(PLAN)["per_1000"][fund] + 1)
    premium = fund_costs.compared(plan)["premium"] - fund_costs.compared(PLAN)["premium"]
    if not np.isnan(premium[fund]):
        assert premium[fund] == pytest.approx(MORE)
    tested, cheaper = stress_testing.people(plan), stress_testing.people(PLAN)
    more = PLAN.holdings[fund] * MORE
    assert (tested.cost - cheaper.cost).to_numpy() == pytest.approx(more[tested.cost.index])
    assert (tested.own == cheaper.own).all()
    offered, known = (monitoring.options(p, CLASSES)["expense_ratio"] for p in (plan, PLAN))
    dated = DATES if fund == SERIES else [fund]
    rose = (offered - known)[[name for name in dated if name in known.index]]
    assert rose.to_numpy() == pytest.approx(MORE)
    assert (offered - known).sum() == pytest.approx(MORE * len(rose))


@pytest.mark.parametrize("fund", [SERIES, SINGLE[0], SINGLE[7]])
def test_a_dearer_fund_costs_its_share_of_every_way(fund):
    cheap, dear = desk(PLAN), desk(dearer(fund))
    own = DATES[0] if fund == SERIES else fund
    other = next(name for name in SINGLE if name != fund)
    mix = {own: 0.3, other: 0.7}
    assert ways.cost_of(dear, mix) == pytest.approx(ways.cost_of(cheap, mix) + 0.3 * MORE)
    path = [ways.path_of(at, "x", {10.0: mix, 0.0: {other: 1.0}}).fee for at in (cheap, dear)]
    assert path[1] == pytest.approx(path[0] + 0.3 * MORE / 2)
    charged = ways.path_of(dear, "x", {0.0: {other: 1.0}}, fee=0.004).fee
    assert charged == pytest.approx(ways.cost_of(dear, {other: 1.0}) + 0.004)
    in_menu = [name for name, p in ways.ways(dear, "growth").items() if name == ways.NAIVE]
    share = 0.0 if fund == SERIES else 1 / len(ways.naive_weights(dear))
    for name in in_menu:
        rise = ways.ways(dear, "growth")[name].fee - ways.ways(cheap, "growth")[name].fee
        assert rise == pytest.approx(share * MORE)
    adopted = glidepaths.adopted(dearer(fund)).fee - glidepaths.adopted(PLAN).fee
    assert adopted == pytest.approx(MORE if fund == SERIES else 0.0)


def test_the_parts_of_a_path_cost_what_the_cheapest_funds_of_them_do():
    """A dearer fund moves the cost of a part by no more, and only upward."""
    _, before = search.sleeves(PLAN)
    moved = {fund: search.sleeves(dearer(fund))[1] - before for fund in SINGLE}
    rises = pd.DataFrame(moved)
    assert (rises >= -1e-12).all(axis=None) and (rises <= MORE + 1e-12).all(axis=None)
    assert (rises.sum(axis=1) > 0).all()


def test_dearer_plans_leave_less_to_live_on():
    """A fee of the mix, record keeping and leakage, each on constant growth in closed form."""
    person = outlook.household(PLAN, str(PLAN.participants.index[0]), spending=1.0)
    person = replace(person, sex=None, last_age=person.retirement_age + 1, match=(), fee_dollars=0)
    person = replace(person, pay=0.0, social_security=False, deferral_rate=0.0)
    years, w = person.working, person.balance
    flat = Scenarios(np.full((1, person.horizon, 2), 0.05), ("equity", "bonds"), "flat")

    def left(fee: float = 0.0, **changes: float) -> float:
        one = replace(person, **changes)
        lives = cases.draw(one, flat)
        out = simulate(cases.of_households([one], balanced(0.5, fee=fee), lives), lives)
        return float(out.balance[0, 0])

    assert left() == pytest.approx(w * 1.05**years)
    assert left(fee=MORE) == pytest.approx(w * (1.05 * (1 - MORE)) ** years)
    assert left(leakage=0.01) == pytest.approx(w * (1.05 * 0.99) ** years)
    # at the start of every year, that of retirement too, before the balance is noted
    owed = 10 * sum(1.05**k for k in range(years + 1))
    assert left(fee_dollars=10.0) == pytest.approx(w * 1.05**years - owed)
