"""Models and their remaking: second methods, properties, bad inputs one by one."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import policy
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.construction.mean_variance import maximum_utility
from portlib.data import DataError
from portlib.retirement import model_portfolios as mp
from portlib.retirement import plan_menu
from portlib.retirement.model_portfolios import models

OURS = policy.read()
few = settings(max_examples=20)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def freely(fine):
    """The suite of any number of funds in weights of any size."""
    return mp.suite(fine)


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
        assert not (own and own["frozen"]) or model.weights.get(own["fund"], 0.0) == 0.0
        assert model.mean == pytest.approx(funds.mu @ w)
        opened = plan_menu.each_vintage(the_plan).funds
        expenses = [opened.at[f, "expense_ratio"] * x for f, x in model.weights.items()]
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
    with pytest.raises(ValueError, match="no model 'reckless'"):
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


def test_a_small_change_moves_nobody_and_following_it_would(fine, freely):
    old, classes = freely, plan_menu.class_assumptions(fine)
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
    held = (
        plan_menu.each_vintage(the_plan)
        .exposures.loc[weights.idxmax()]
        .reindex(list(classes.labels), fill_value=0.0)
    )
    worse = classes.replace(mu=classes.mu - 0.05 * (held.to_numpy() > 0.3), source="worse")
    new = mp.remake(made, the_plan, worse, no_trade=0.0)
    moved = mp.turnover(made, new)
    assert moved.max() <= OURS["turnover_limit"] + 1e-9
    assert moved.max() > 0
    for model in new.models:
        assert sum(w > 0 for w in model.weights.values()) <= the_plan.rules["models"]["most_funds"]


@few
@given(seed=SEEDS)
def test_the_no_trade_rule_is_what_it_says(seed, fine, freely):
    """A second computation of gain and doubt, from the funds themselves, agrees with what was
    done."""
    old, classes, rng = (
        freely,
        plan_menu.class_assumptions(fine),
        np.random.default_rng(seed),
    )
    errors = plan_menu.mean_errors(fine, classes)
    other = classes.replace(
        mu=rng.multivariate_normal(classes.mu, 4 * errors, method="eigh"), source="drawn"
    )
    funds, new, follow = (
        plan_menu.menu_assumptions(fine, other),
        mp.remake(old, fine, other),
        mp.remake(old, fine, other, no_trade=0.0),
    )
    b = (
        plan_menu.each_vintage(fine)
        .exposures.loc[list(funds.labels), :]
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
        follows = gain > doubt + mp.models.SLIGHT
        assert kept == pytest.approx(w1 if follows else w0, abs=1e-9)


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


def test_churn_draws_what_the_providers_disagree_on(fine, freely):
    old, classes = freely, plan_menu.class_assumptions(fine)
    followed = mp.churn(old, fine, classes, 4, np.random.default_rng(1), no_trade=0.0)
    ruled = mp.churn(old, fine, classes, 4, np.random.default_rng(1))
    assert list(followed.columns) == list(old.postures)
    assert (ruled <= followed + 1e-9).all().all()
    assert followed.to_numpy().max() <= OURS["turnover_limit"] + 1e-9


def test_the_turnover_limit_binds_as_soon_as_it_is_passed(fine, freely):
    """Whatever the whole way is, a limit of two thirds of it is all that is gone."""
    old = freely
    classes = plan_menu.class_assumptions(fine)
    tilted = classes.replace(mu=classes.mu + np.linspace(0.01, -0.01, len(classes)), source="tilt")
    free = replace(fine, policy=fine.policy.replace(turnover_limit=1.0))
    whole = mp.turnover(old, mp.remake(old, free, tilted, no_trade=0.0)).max()
    assert whole > 0.03
    held = replace(fine, policy=fine.policy.replace(turnover_limit=float(whole) * 2 / 3))
    part = mp.turnover(old, mp.remake(old, held, tilted, no_trade=0.0)).max()
    assert part == pytest.approx(whole * 2 / 3, abs=1e-6)


def test_what_is_proved_to_the_worth_says_nothing():
    assert models._short_of(models.WORTH) == ""
    assert models._short_of(2e-4) == ", to 2.00 bp a year"


def moved(fine, w0, best, *, k=0.0, gone=None, limit=None, mandate=None):
    """One model's way from weights to weights, by name; SYNTHETIC doubt of one for every fund."""
    policy_of = fine.policy if limit is None else fine.policy.replace(turnover_limit=limit)
    plan_of = replace(fine, policy=policy_of)
    classes = plan_menu.class_assumptions(plan_of)
    funds = plan_menu.menu_assumptions(plan_of, classes)
    n = len(funds)
    old = mp.suite(fine).models[-1]
    before, after = np.zeros(n), np.zeros(n)
    for into, told in ((before, w0), (after, best)):
        for at, w in told.items():
            into[at] = w
    weights = {**dict(zip(funds.labels, before.tolist(), strict=True)), **(gone or {})}
    free = Mandate(funds.labels, [fully_invested(), long_only()])
    old = replace(old, weights=weights)
    w, why = models._moved(
        old, after, classes, funds, mandate or free, np.eye(n) * 1e-4, k, plan_of
    )
    return before, after, w, why, funds, old


def test_a_fund_that_was_held_at_nothing_may_leave_the_menu(fine):
    """Only what was held forces a change."""
    for weight, forced in ((0.0, False), (1e-3, True)):
        *_, why, _, _ = moved(fine, {0: 1.0}, {0: 1.0}, gone={"a fund of old": weight})
        assert ("left the menu" in why) is forced


def test_whole_holdings_are_kept_where_the_whole_way_is_too_far(fine):
    """From all in one to all in another: half of a date of the series is none. Two halves go part
    of the way, and what is within the limit goes whole."""
    before, _, w, why, *_ = moved(fine, {0: 1.0}, {1: 1.0}, limit=0.5)
    assert w.tolist() == before.tolist() and "held whole" in why
    *_, why, _, _ = moved(fine, {0: 0.5, 1: 0.5}, {0: 0.45, 1: 0.55}, limit=0.2)
    assert "held whole" not in why


def test_gain_and_doubt_are_those_of_the_way_gone(fine):
    """By hand: what is gained in expected return and lost in risk, and the error of that."""
    before, after, w, why, funds, old = moved(
        fine, {0: 0.5, 1: 0.5}, {0: 0.45, 1: 0.55}, k=2.0, limit=0.2
    )
    d = after - before
    risk = after @ funds.sigma @ after - before @ funds.sigma @ before
    gain = float(funds.mu @ d) - old.risk_aversion / 2 * float(risk)
    doubt = 2.0 * math.sqrt(1e-4 * float(d @ d))
    assert f"{1e4 * gain:.1f} bp a year, {1e4 * doubt:.1f} of which" in why
    assert w.tolist() == (after if gain > doubt else before).tolist()


def test_the_origin_of_a_suite_sees_every_assumption(fine):
    """Each of them by itself, and the riskless rate too; the same assumptions are the same."""
    classes = plan_menu.class_assumptions(fine)
    more = np.full(len(classes), 1e-6)
    others = [
        classes,
        classes.replace(rf=classes.rf + 1e-6, source=classes.source),
        classes.replace(mu=classes.mu + more, source=classes.source),
        classes.replace(sigma=classes.sigma + np.diag(more), source=classes.source),
    ]
    seen = [models._suite(fine, one, [], {}).origins["assumptions"] for one in [*others, classes]]
    assert len(set(seen)) == 4 and seen[0] == seen[-1]
