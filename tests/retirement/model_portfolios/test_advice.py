"""Advice: silence stays, a tilt must earn its place, a wish is obeyed, everybody is told why."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib.retirement import plan_menu
from portlib.retirement.model_portfolios import advice, capacity, ways
from portlib.retirement.model_portfolios.capacity import Person
from tests.retirement.model_portfolios.cases import WHO

SILENT = replace(WHO, answers=None)


@pytest.mark.parametrize("seed", range(8))
def test_advice_obeys_the_wish_and_is_never_worse_than_the_default(seed, desk):
    rng = np.random.default_rng(seed)
    age = int(rng.integers(20, 80))
    cap = None if seed % 2 else float(rng.choice([0.0, 0.3, 0.5]))
    said = None if seed % 4 == 3 else tuple(int(x) for x in rng.integers(1, 6, 7))
    who = replace(
        WHO,
        answers=said,
        age=age,
        retirement_age=max(age, 65),
        life_expectancy=95,
        balance=float(rng.uniform(0, 3e6)),
        equity_cap=cap,
    )
    told = advice.advise(who, desk, explain=False)
    assert sum(told.weights.values()) == pytest.approx(1)
    if cap is None:
        assert not told.asked.ever_worse(told.way)
        assert told.way == ways.DEFAULT or told.asked.verdict(told.way) == "better"
    else:
        offered = [m.equity for m in desk.suite.models]
        offered += [
            float(desk.held[option] @ desk.is_equity) for option in plan_menu.dates(desk.plan)
        ]
        assert told.equity <= max(cap, min(offered)) + 0.1
    json.dumps(told.to_json(), allow_nan=False)


def test_silence_means_stay_in_the_default(desk, the_plan):
    for age in (25, 45, 64):
        own = plan_menu.date_for(the_plan, 65 - age)
        who = replace(SILENT, age=age, holdings={"TDIDX": 1.0})
        told = advice.advise(who, desk, explain=False)
        assert told.posture is None and told.weights == {own: 1.0}
        assert told.keep and told.trades == {}


def test_nobody_wholly_in_the_default_is_told_to_leave_it_for_nothing_better(desk, the_plan):
    inside = the_plan.holdings.index[the_plan.holdings["TDIDX"] == 1.0]
    for name in inside[::30]:
        told = advice.advise(capacity.person(the_plan, name), desk, explain=False)
        assert told.keep or told.asked.verdict(told.way) == "better"


def test_a_tilt_that_is_no_better_is_not_given_and_it_says_so(desk):
    bold = replace(WHO, answers=(5, 5, 1, 5, 5, 1, 5))
    surest = replace(desk)
    surest.__dict__["decided"] = {**desk.decided, "no_trade_standard_errors": 100.0}
    told = advice.advise(bold, surest, explain=False)
    assert told.way == ways.DEFAULT and told.verdict == "equal"
    assert any("stay in the default" in words for words in told.reasons)


def test_a_tilt_that_is_better_is_given(desk):
    """Where providers agree and nothing is in doubt, somebody bold is advised more equity."""
    bold = replace(WHO, answers=(5, 5, 1, 5, 5, 1, 5), balance=50_000.0)
    certain = replace(desk)
    certain.__dict__["doubt"] = np.zeros_like(desk.doubt)
    certain.__dict__["decided"] = {**desk.decided, "no_trade_standard_errors": 0.0}
    told = advice.advise(bold, certain, explain=False)
    if told.posture in ("growth", "aggressive"):
        assert told.verdict in ("better", "worse")
        assert (told.way != ways.DEFAULT) == (
            told.verdict == "better" and not told.asked.ever_worse(told.tilt, ways.NAIVE)
        )


def test_nothing_supplied_is_said_field_by_field(desk):
    told = advice.advise(Person(), desk)
    assert set(told.not_supplied) == {name for names in capacity.INPUTS.values() for name in names}
    assert told.supplied == () and told.way == ways.DEFAULT


def test_what_would_change_the_answer_does(desk):
    told = advice.advise(WHO, desk)
    for words in told.changes:
        if words.startswith("Retiring"):
            years = int(words.split()[1]) * (1 if "later" in words else -1)
            who = replace(WHO, retirement_age=WHO.retirement_age + years)
            assert advice.advise(who, desk, explain=False).weights != told.weights


def test_contradictory_answers_are_no_answers(desk):
    told = advice.advise(replace(WHO, answers=(5, 5, 5, 5, 5, 5, 5)), desk, explain=False)
    silent = advice.advise(SILENT, desk, explain=False)
    assert told.inconsistencies and told.posture is None and told.weights == silent.weights


def test_a_wish_is_obeyed_and_priced(desk):
    told = advice.advise(replace(SILENT, equity_cap=0.3), desk, explain=False)
    assert told.way != ways.DEFAULT and told.equity <= 0.39
    assert any("As you wish" in words and "%" in words for words in told.reasons)
    apart = advice.advise(replace(SILENT, excluded=("TDIDX",)), desk, explain=False)
    assert apart.way == ways.MODELS and not set(apart.weights) & set(plan_menu.dates(desk.plan))


def test_an_unwanted_fund_is_left_out(desk):
    without = advice.advise(replace(SILENT, excluded=("TDIDX", "INTIDX")), desk, explain=False)
    assert "INTIDX" not in without.weights or without.inconsistencies


def test_employer_stock_beyond_the_cap_is_sold(desk, the_plan):
    own = the_plan.rules["employer_stock"]
    told = advice.advise(replace(SILENT, holdings={own["fund"]: 1.0}), desk, explain=False)
    assert not told.keep and told.trades[own["fund"]] == -1.0


def test_funds_that_the_menu_lacks_are_refused(desk):
    with pytest.raises(ValueError, match="not on the menu: MARS"):
        advice.advise(Person(excluded=("MARS",)), desk)


def test_everyone_in_any_order_has_the_same_advice(desk):
    small = replace(
        desk.plan,
        participants=desk.plan.participants.iloc[:8],
        holdings=desk.plan.holdings.iloc[:8],
    )
    turned = replace(small, participants=small.participants[::-1], holdings=small.holdings[::-1])
    one, two = (advice.everyone(replace(desk, plan=p)) for p in (small, turned))
    pd.testing.assert_frame_equal(one, two.loc[one.index])


def test_people_asked_together_are_told_what_each_is_told_alone(desk, the_plan):
    people = {name: capacity.person(the_plan, name) for name in the_plan.participants.index[::75]}
    people |= {"bold": replace(WHO, answers=(5, 5, 1, 5, 5, 1, 5)), "silent": SILENT}
    people |= {"another": replace(SILENT, retirement_age=68.0, balance=90_000.0)}
    together = advice.advise_all(people, desk)
    assert list(together) == list(people)
    for name, who in people.items():
        alone = advice.advise(who, desk, explain=False)
        told = together[name]
        assert (told.way, told.weights, told.reasons) == (alone.way, alone.weights, alone.reasons)
        assert (told.gain, told.doubt) == pytest.approx((alone.gain, alone.doubt), abs=1e-12)
        one, other = told.asked.after, alone.asked.after
        assert one.names == other.names
        np.testing.assert_allclose(one.worth, other.worth, rtol=1e-12)
        np.testing.assert_allclose(one.gains, other.gains, atol=1e-12)
        np.testing.assert_array_equal(one.goal_by_life, other.goal_by_life)
        assert one.verdict(told.way) == other.verdict(told.way)


def test_the_lives_that_judge_have_no_part_in_the_advice(desk):
    few = desk.plan.participants.iloc[:4], desk.plan.holdings.iloc[:4]
    small = replace(desk, plan=replace(desk.plan, participants=few[0], holdings=few[1]))
    other = replace(small)
    sets = {which: small.lives(which) for which in ("proposing", "confirming")}
    other.__dict__["_sets"] = {**sets, "judging": replace(small.lives("judging"), seed=1)}
    one, two = advice.everyone(small), advice.everyone(other)
    told = ["posture", "way", "proposed", "verdict", "keep", "moved by", "equity advised"]
    pd.testing.assert_frame_equal(one[told], two[told])
    assert (one["goal, default"] != two["goal, default"]).any()


def test_a_tilt_that_only_the_first_lives_propose_is_not_given(desk):
    """Somebody whose tilt is better on both sets loses it where the second finds it worse."""
    easy = replace(desk)
    easy.__dict__["decided"] = {**desk.decided, "no_trade_standard_errors": 0.2}
    easy.__dict__["_sets"] = desk._sets
    bold = (replace(WHO, answers=(5, 5, 1, 5, 5, 1, 5), age=age, balance=5e4) for age in (25, 40))
    shy = (replace(WHO, answers=(1, 2, 4, 2, 1, 5, 2), age=age) for age in (55, 63))
    found = ((who, advice.advise(who, easy, explain=False)) for who in (*bold, *shy))
    who, gained = next((who, told) for who, told in found if told.tilt and told.way == told.tilt)
    assert gained.proposed == gained.verdict == "better"
    again = desk.lives("confirming")
    fall = -0.1 if gained.posture in ("growth", "aggressive") else 0.1
    moved = replace(again.returns, values=again.returns.values + fall * desk.is_equity)
    easy.__dict__["_sets"] = {**desk._sets, "confirming": replace(again, returns=moved)}
    told = advice.advise(who, easy, explain=False)
    assert (told.proposed, told.verdict) == ("better", "equal") and told.way != told.tilt
    assert any("not found so on a second" in words for words in told.reasons)


def test_what_either_set_of_lives_finds_worse_than_the_default_is_not_kept(desk, the_plan):
    kept = moved = 0
    for name in the_plan.participants.index[::10]:
        told = advice.advise(capacity.person(the_plan, name), desk, explain=False)
        if told.way == ways.HELD:
            kept += 1
            assert told.moved_by is None and told.keep
            assert not told.asked.ever_worse(ways.HELD)
            assert not told.asked.ever_worse(ways.HELD, ways.NAIVE)
            worth = min(of.gain(ways.HELD)[0] for of in (told.asked.first, told.asked.again))
            assert told.keeping == pytest.approx(1 - np.exp(worth))
            assert told.listed == (told.keeping > 0.02)
        else:
            assert told.keeping is None and not told.listed
        assert told.listed == any("Talk to somebody" in words for words in told.reasons)
        moved += told.moved_by == "worth"
    assert kept and moved


def test_who_keeps_what_costs_more_than_the_limit_is_asked_to_talk_and_not_moved(desk):
    """At a limit just above what keeping costs nobody asks; just below, somebody does."""
    held = replace(SILENT, age=21, balance=3_000.0, holdings={"LCIDX": 1.0})
    cost = advice.advise(held, desk, explain=False).keeping
    assert cost > 0
    told = []
    for limit in (0.99 * cost, 1.01 * cost):
        asked = replace(desk)
        asked.__dict__["decided"] = {**desk.decided, "keeping_loss_limit": limit}
        told.append(advice.advise(held, asked, explain=False))
    assert [one.listed for one in told] == [True, False]
    assert all(one.way == ways.HELD and one.trades == {} for one in told)
    assert any(f"may cost you {cost:.1%}" in words for words in told[0].reasons)
    assert told[0].to_json()["listed"] and told[0].to_json()["keeping"] == cost


def test_a_managed_account_is_the_tilt_for_a_fee(desk):
    paths = advice.routes(SILENT, desk)
    fee = desk.plan.policy["managed_account_fee"]
    tilt = paths[ways.MODELS]
    assert paths["managed account"].fee == pytest.approx(tilt.fee + fee)
    assert np.array_equal(paths["managed account"].weights, tilt.weights)
    assert paths["managed account"].name == "managed account"
    assert set(advice.reviews(SILENT, desk)) == {"managed account"}
    rng = np.random.default_rng(1)
    for goal, met in ((1.0, 1), (9e6, 0)):
        out = advice.outlook(SILENT, desk, paths, 200, rng, spending=goal)
        assert (out.table()["success"] == met).all()
