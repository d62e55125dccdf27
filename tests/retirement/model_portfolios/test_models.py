"""Models, their remaking, the questionnaire, capacity, advice: second methods, properties, bad
inputs one by one.
"""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import plan, policy
from portlib.construction.mean_variance import maximum_utility
from portlib.construction.robustness import provider_errors
from portlib.data import DataError
from portlib.retirement import model_portfolios as mp
from portlib.retirement import plan_menu
from portlib.retirement.model_portfolios import advice, capacity
from portlib.retirement.model_portfolios import questionnaire as qu
from portlib.retirement.model_portfolios.capacity import Person

OURS = policy.read()
few = settings(max_examples=20, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)
ANSWERS = st.tuples(*[st.integers(1, 5)] * 7)


@pytest.fixture(scope="module")
def the_plan():
    return plan.read()


@pytest.fixture(scope="module")
def made(the_plan):
    return mp.suite(the_plan)


@pytest.fixture(scope="module")
def desk(the_plan, made):
    return capacity.adviser(the_plan, made, np.random.default_rng(7))


@pytest.fixture(scope="module")
def fine(the_plan):
    """The plan without counting funds or whole percents, whose models one solver call makes."""
    return replace(
        the_plan, rules={**the_plan.rules, "models": {"most_funds": 99, "whole_percent": False}}
    )


# ---- the suite -----------------------------------------------------------------------------------


def test_every_posture_has_a_model_or_a_reason(made, the_plan):
    assert {*made.postures, *made.missing} == set(mp.postures(OURS))
    for model in made.models:
        assert sum(model.weights.values()) == pytest.approx(1)
        asked = the_plan.rules["models"]
        assert sum(w > 0 for w in model.weights.values()) <= asked["most_funds"]
        if asked["whole_percent"]:
            assert all(abs(100 * w - round(100 * w)) < 1e-6 for w in model.weights.values())
    assert mp.faults(made) == []


def test_models_obey_their_mandate_and_hold_no_employer_stock(made, the_plan):
    funds, own = plan_menu.menu_assumptions(the_plan), the_plan.rules["employer_stock"]
    for model in made.models:
        w = np.array([model.weights[label] for label in funds.labels])
        assert (
            max(plan_menu.menu_mandate(the_plan, model.posture).violations(w, funds).values())
            < 1e-7
        )
        assert not own or model.weights.get(own["fund"], 0.0) == 0.0
        assert model.mean == pytest.approx(funds.mu @ w)
        expenses = [the_plan.funds.at[f, "expense_ratio"] * x for f, x in model.weights.items()]
        assert model.cost == pytest.approx(sum(expenses))


def test_whole_percents_cost_little_and_never_gain(made, fine, the_plan):
    funds = plan_menu.menu_assumptions(the_plan)
    for model in made.models:
        rules = mp.models._mandate(fine, model.posture, plan_menu.class_assumptions(fine))
        free = maximum_utility(funds, rules, risk_aversion=model.risk_aversion)
        lost = free.mean - model.risk_aversion / 2 * free.risk**2 - model.utility
        assert -1e-9 <= lost < 0.002


def test_a_suite_goes_to_json_and_back_and_its_fingerprint_sees_a_changed_weight(made):
    again = mp.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
    assert again == made
    assert again.fingerprint == made.fingerprint
    first = made.models[0]
    fund = max(first.weights, key=first.weights.__getitem__)
    other = replace(
        made, models=(replace(first, weights={**first.weights, fund: 0.0}), *made.models[1:])
    )
    assert other.fingerprint != made.fingerprint
    with pytest.raises(mp.SuiteError, match="sum to"):
        mp.from_json(other.to_json())
    with pytest.raises(mp.SuiteError, match="schema"):
        mp.from_json({**made.to_json(), "schema": "of tomorrow"})
    with pytest.raises(KeyError, match="no model 'reckless'"):
        made["reckless"]


def test_the_ladder_check_sees_a_model_out_of_place(made):
    worse = replace(made.models[-1], mean=made.models[0].mean - 0.01)
    assert mp.faults(replace(made, models=(*made.models[:-1], worse)))
    assert mp.faults(replace(made, models=made.models[::-1]))


def test_a_risk_aversion_outside_its_band_is_no_policy():
    with pytest.raises(DataError, match="within its band"):
        OURS.replace(model_risk_aversion={**OURS["model_risk_aversion"], "conservative": 2.0})


# ---- remaking ------------------------------------------------------------------------------------


def test_the_same_assumptions_change_nothing(made, the_plan):
    again = mp.remake(made, the_plan)
    assert mp.turnover(made, again).max() == 0
    assert all("kept" in model.made for model in again.models)


def test_a_small_change_moves_nobody_and_following_it_would(fine):
    old, classes = mp.suite(fine), plan_menu.class_assumptions(fine)
    small = classes.replace(
        mu=classes.mu + 0.0005 * np.resize([1.0, -1.0], len(classes)), source="five basis points"
    )
    assert mp.turnover(old, mp.remake(old, fine, small)).max() == 0
    assert mp.turnover(old, mp.remake(old, fine, small, no_trade=0.0)).max() > 0


def test_a_large_change_is_followed_up_to_the_limit(the_plan, made):
    """The fund held most loses five points a year of expected return: nobody would keep it at any
    doubt.
    """
    posture = made.postures[-1]
    weights = pd.Series(made[posture].weights)
    classes = plan_menu.class_assumptions(the_plan)
    held = the_plan.exposures.loc[weights.idxmax()].reindex(list(classes.labels), fill_value=0.0)
    worse = classes.replace(mu=classes.mu - 0.05 * (held.to_numpy() > 0.3), source="worse")
    new = mp.remake(made, the_plan, worse, no_trade=0.0)
    moved = mp.turnover(made, new)
    assert moved.max() <= OURS["turnover_limit"] + 1e-9
    assert moved.max() > 0
    for model in new.models:
        assert sum(w > 0 for w in model.weights.values()) <= the_plan.rules["models"]["most_funds"]


@few
@given(seed=SEEDS)
def test_the_no_trade_rule_is_what_it_says(seed, fine):
    """A second computation of gain and doubt, from the funds themselves, agrees with what was done."""
    old, classes, rng = (
        mp.suite(fine),
        plan_menu.class_assumptions(fine),
        np.random.default_rng(seed),
    )
    errors = provider_errors(classes)
    other = classes.replace(
        mu=rng.multivariate_normal(classes.mu, 4 * errors, method="eigh"), source="drawn"
    )
    funds, new, follow = (
        plan_menu.menu_assumptions(fine, other),
        mp.remake(old, fine, other),
        mp.remake(old, fine, other, no_trade=0.0),
    )
    b = (
        fine.exposures.loc[list(funds.labels), :]
        .reindex(columns=list(classes.labels), fill_value=0.0)
        .to_numpy()
    )
    for posture in old.postures:
        w0, w1, kept = (
            np.array([s[posture].weights[f] for f in funds.labels]) for s in (old, follow, new)
        )
        a = old[posture].risk_aversion
        gain = (
            funds.mean_of(w1)
            - funds.mean_of(w0)
            - a / 2 * (funds.risk_of(w1) ** 2 - funds.risk_of(w0) ** 2)
        )
        doubt = OURS["no_trade_standard_errors"] * math.sqrt(
            (w1 - w0) @ b @ errors @ b.T @ (w1 - w0)
        )
        assert kept == pytest.approx(w1 if gain > doubt else w0, abs=1e-9)


def test_a_fund_that_left_the_menu_is_replaced_and_said_so(made, the_plan):
    model = made.models[-1]
    gone = max(
        (f for f, w in model.weights.items() if w > 0 and f != the_plan.rules["default"]),
        key=model.weights.__getitem__,
    )
    less = the_plan.offering([f for f in the_plan.funds.index if f != gone])
    new = mp.remake(made, less)
    for posture in new.postures:
        assert gone not in new[posture].weights
        assert ("left the menu" in new[posture].made) == (made[posture].weights[gone] > 0)


def test_churn_draws_what_the_providers_disagree_on(fine):
    old, classes = mp.suite(fine), plan_menu.class_assumptions(fine)
    followed = mp.churn(old, fine, classes, 4, np.random.default_rng(1), no_trade=0.0)
    ruled = mp.churn(old, fine, classes, 4, np.random.default_rng(1))
    assert list(followed.columns) == list(old.postures)
    assert (ruled <= followed + 1e-9).all().all()
    assert followed.to_numpy().max() <= OURS["turnover_limit"] + 1e-9


# ---- the questionnaire ---------------------------------------------------------------------------


def people(seed, n=200, spread=0.8, error=0.8):
    rng = np.random.default_rng(seed)
    felt = rng.normal(3, spread, (n, 1)) + error * rng.standard_normal((n, 7))
    said = np.clip(np.rint(felt), 1, 5).astype(int)
    return np.where(qu.orientations(OURS) > 0, said, 6 - said)


@few
@given(seed=SEEDS)
def test_alpha_by_covariances_and_by_analysis_of_variance(seed):
    x = qu.oriented(people(seed, 60), qu.orientations(OURS))
    n, k = x.shape
    c = np.cov(x.T)
    by_covariance = k / (k - 1) * (c.sum() - np.trace(c)) / c.sum()
    persons, items = x.mean(axis=1) - x.mean(), x.mean(axis=0) - x.mean()
    rest = ((x - x.mean() - persons[:, None] - items) ** 2).sum() / ((n - 1) * (k - 1))
    by_anova = 1 - rest / (k * (persons**2).sum() / (n - 1))  # Hoyt (1941)
    assert qu.cronbach_alpha(x) == pytest.approx(by_covariance) == pytest.approx(by_anova)


def test_alpha_of_hoyts_table_from_a_regression_package():
    """The residual and between-person mean squares of statsmodels' two-way table give the same
    alpha.
    """
    x = qu.oriented(people(3, 12), qu.orientations(OURS))
    n, k = x.shape
    frame = pd.DataFrame(
        {"x": x.ravel(), "p": np.repeat(np.arange(n), k), "i": np.tile(np.arange(k), n)}
    )
    table = sm.stats.anova_lm(sm.OLS.from_formula("x ~ C(p) + C(i)", frame).fit())
    assert qu.cronbach_alpha(x) == pytest.approx(
        1 - table.loc["Residual", "mean_sq"] / table.loc["C(p)", "mean_sq"]
    )


def test_feldts_interval_covers_as_often_as_it_says():
    level, rng, true, inside = 0.8, np.random.default_rng(5), 7 * 0.64 / (7 * 0.64 + 0.64), 0
    for _ in range(400):
        x = rng.normal(0, 0.8, (50, 1)) + 0.8 * rng.standard_normal((50, 7))
        low, high = qu.feldt_interval(qu.cronbach_alpha(x), 50, 7, level)
        inside += low <= true <= high
    assert abs(inside / 400 - level) < 3 * math.sqrt(level * (1 - level) / 400)


def test_the_instrument_finds_the_error_it_was_given():
    """Rounding adds a twelfth to the variance of an answer's error; few of these answers touch an
    end of the scale.
    """
    said = [tuple(row) for row in people(11, 4000, 0.4, 0.6)]
    found = qu.calibrate(said, np.random.default_rng(0), policy=OURS)
    assert found.error == pytest.approx(math.sqrt(0.36 + 1 / 12), rel=0.04)
    assert found.standard_error == pytest.approx(found.error / math.sqrt(7))
    assert found.spread == pytest.approx(0.4, rel=0.05)


def test_an_interval_covers_the_true_score_as_often_as_it_says():
    found = qu.calibrate(
        [tuple(row) for row in people(11, 4000, 0.4, 0.6)], np.random.default_rng(0), policy=OURS
    )
    said, true = qu.simulate_careful(found, 3000, np.random.default_rng(1))
    scores = [qu.score(a, found) for a in said]
    inside = np.mean([s.low <= t <= s.high for s, t in zip(scores, true, strict=True)])
    assert inside == pytest.approx(found.level, abs=0.03)


@few
@given(answers=ANSWERS)
def test_turning_every_statement_round_mirrors_the_score(answers, desk):
    even = replace(desk.instrument, items=np.zeros(7))
    turned = qu.score([6 - a for a in answers], even)
    assert qu.score(answers, even).value == pytest.approx(6 - turned.value)


@few
@given(answers=ANSWERS, item=st.integers(0, 6))
def test_a_bolder_answer_never_makes_a_more_cautious_posture(answers, item, desk):
    o = desk.instrument.orientation
    bolder = list(answers)
    bolder[item] = int(np.clip(bolder[item] + o[item], 1, 5))
    order = list(desk.instrument.floors)
    before, after = (qu.score(a, desk.instrument).posture for a in (answers, bolder))
    assert order.index(after) >= order.index(before)


def test_a_posture_is_read_at_the_lower_end(desk):
    floors = desk.instrument.floors
    for answers in ([3] * 7, [5, 5, 1, 5, 5, 1, 5], [1, 1, 5, 1, 1, 5, 1], [4, 4, 2, 4, 4, 2, 4]):
        s = qu.score(answers, desk.instrument)
        assert (
            s.posture
            == [name for name, low in floors.items() if low <= s.low or name == next(iter(floors))][
                -1
            ]
        )
        assert list(s.bands) == list(floors)[list(floors).index(s.posture) :][: len(s.bands)]


def test_too_few_answers_use_the_norm():
    found = qu.calibrate(
        [None] * 50 + [(3, 3, 3, 3, 3, 3, 3)], np.random.default_rng(0), policy=OURS
    )
    norm = OURS["questionnaire_norm"]
    assert (found.people, found.mean, found.spread, found.error) == (
        0,
        norm["mean"],
        norm["spread"],
        norm["error"],
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([1, 2, 3], "7 statements; 3 answers"),
        ([1, 2, 3, 4, 5, 6, 1], "answer 6 of person 1 is 6"),
        ([1, 2, 3, 4, 5, 2.5, 1], "2.5"),
        ([1, 2, 3, 4, math.nan, 2, 1], "answer 5"),
    ],
)
def test_answers_that_are_none_are_refused(answers, words):
    with pytest.raises(ValueError, match=words):
        qu.oriented(answers, qu.orientations(OURS))


def test_reliability_needs_variation():
    with pytest.raises(ValueError, match="vary"):
        qu.cronbach_alpha(np.full((5, 7), 3.0))


# ---- capacity and advice -------------------------------------------------------------------------


WHO = Person(
    age=50,
    retirement_age=65,
    life_expectancy=88,
    answers=(4, 4, 2, 4, 4, 2, 4),
    pay=80_000,
    saving=0.1,
    balance=300_000,
    outside_assets=0,
    other_income=0,
    spending=40_000,
)


def test_resources_are_sums_of_discounted_years(desk):
    r, means = desk.decided["capacity_real_rate"], capacity.resources(WHO, desk)
    assert means["savings"] == pytest.approx(sum(8_000 / (1 + r) ** t for t in range(1, 16)))
    assert means["need"] == pytest.approx(sum(40_000 / (1 + r) ** t for t in range(16, 39)))
    more = capacity.resources(replace(WHO, other_income=10_000), desk)
    assert more["income"] - means["income"] == pytest.approx(
        sum(10_000 / (1 + r) ** t for t in range(16, 39))
    )


@few
@given(wealth=st.floats(0, 5e6), more=st.floats(0, 2e6), spending=st.floats(1e4, 2e5))
def test_more_other_income_never_lowers_the_ceiling_of_loss(wealth, more, spending, desk):
    poor = replace(WHO, balance=wealth, spending=spending)
    rich = replace(poor, other_income=more / 20)
    ranks = [desk.order.index(capacity.ceilings(p, desk, None)["loss"]) for p in (poor, rich)]
    assert ranks[0] <= ranks[1]


def test_the_horizon_lowers_the_ceiling_as_it_shortens(desk):
    ranks = [
        desk.order.index(
            capacity.ceilings(replace(WHO, age=a, retirement_age=max(a, 65)), desk, None)["horizon"]
        )
        for a in range(20, 88)
    ]
    assert all(a >= b for a, b in pairwise(ranks)) and ranks[0] > ranks[-1]


@few
@given(
    answers=st.one_of(st.none(), ANSWERS),
    age=st.integers(20, 80),
    balance=st.floats(0, 3e6),
    cap=st.one_of(st.none(), st.floats(0, 1)),
)
def test_advice_is_the_lowest_ceiling_that_has_a_model(answers, age, balance, cap, desk):
    who = replace(
        WHO,
        answers=answers,
        age=age,
        retirement_age=max(age, 65),
        life_expectancy=95,
        balance=balance,
        equity_cap=cap,
    )
    told = advice.advise(who, desk, explain=False)
    lowest = min(desk.order.index(p) for p in told.ceilings.values())
    fits = [p for p in desk.suite.postures if desk.order.index(p) <= lowest]
    assert told.posture == (fits[-1] if fits else None)
    assert told.weights is None or sum(told.weights.values()) == pytest.approx(1)
    assert told == advice.advise(who, desk, explain=False)
    json.dumps(told.to_json(), allow_nan=False)


def test_nothing_supplied_is_said_field_by_field(desk):
    told = advice.advise(Person(), desk)
    assert set(told.not_supplied) == {name for names in capacity.INPUTS.values() for name in names}
    assert told.supplied == ()


def test_what_would_change_the_answer_does(desk):
    told = advice.advise(WHO, desk)
    for words in told.changes:
        assert words.split(": ")[1].rstrip(".") in (*desk.order, "no model")
        if words.startswith("Retiring"):
            years = int(words.split()[1]) * (1 if "later" in words else -1)
            other = advice.advise(
                replace(WHO, retirement_age=WHO.retirement_age + years), desk, explain=False
            )
            assert other.posture == words.split(": ")[1].rstrip(".") != told.posture


def test_contradictory_answers_are_no_answers(desk):
    said = (5, 5, 5, 5, 5, 5, 5)
    told, silent = (
        advice.advise(replace(WHO, answers=said), desk),
        advice.advise(replace(WHO, answers=None), desk),
    )
    assert told.inconsistencies and told.posture == silent.posture


def test_who_holds_the_model_keeps_it_and_an_unwanted_fund_is_left_out(desk):
    base = advice.advise(replace(WHO, answers=None), desk)
    held = {f: w for f, w in base.weights.items() if w > 0}
    same = advice.advise(replace(WHO, answers=None, holdings=held), desk)
    assert same.keep and same.trades == {}
    unwanted = max(held, key=held.__getitem__)
    other = advice.advise(replace(WHO, answers=None, excluded=(unwanted,)), desk)
    assert other.weights.get(unwanted, 0) == 0 or any(
        unwanted in words for words in other.inconsistencies
    )


def test_employer_stock_beyond_the_cap_is_sold(desk, the_plan):
    own = the_plan.rules["employer_stock"]
    told = advice.advise(replace(WHO, answers=None, holdings={own["fund"]: 1.0}), desk)
    assert not told.keep and told.trades[own["fund"]] == -1.0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"age": 7}, "age is 7"),
        ({"pay": -1}, "pay is -1"),
        ({"saving": 10}, "saving is 10"),
        ({"equity_cap": 60}, "equity_cap"),
        ({"balance": math.inf}, "balance"),
        ({"age": 60, "life_expectancy": 50}, "not after age"),
        ({"holdings": {"X": 0.5}}, "sum to one"),
    ],
)
def test_impossible_people_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Person(**wrong)


def test_funds_that_the_menu_lacks_are_refused(desk):
    with pytest.raises(ValueError, match="not on the menu: MARS"):
        advice.advise(Person(excluded=("MARS",)), desk)


def test_everyone_in_any_order_has_the_same_advice(desk):
    small = replace(
        desk.plan,
        participants=desk.plan.participants.iloc[:25],
        holdings=desk.plan.holdings.iloc[:25],
    )
    turned = replace(small, participants=small.participants[::-1], holdings=small.holdings[::-1])
    one, two = (
        advice.everyone(replace(desk, plan=small)),
        advice.everyone(replace(desk, plan=turned)),
    )
    pd.testing.assert_frame_equal(one, two.loc[one.index])


def test_routes_are_mixes_and_the_model_is_flat(desk):
    paths = advice.routes(replace(WHO, answers=None), desk)
    assert np.ptp(paths["model portfolio"].equity_at(np.arange(-20, 30))) == 0
    assert ("target-date series" in paths) == (desk.plan.vintages is not None)
    assert paths["managed account"].fee > paths["model portfolio"].fee
    out = advice.outlook(
        replace(WHO, answers=None), desk, paths, 200, np.random.default_rng(1), spending=1.0
    )
    assert (out.table()["success"] == 1).all()
    out = advice.outlook(
        replace(WHO, answers=None), desk, paths, 200, np.random.default_rng(1), spending=9e6
    )
    assert (out.table()["success"] == 0).all()
