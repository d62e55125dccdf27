"""Rebalancing: when to trade, how wide a band, which lots, and what an instruction says."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import plan
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.retirement.plan_menu.account_review import Trade, broken_rules
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.rebalancing import (
    TRIGGERS,
    RebalanceInstruction,
    Situation,
    backtest,
    blackout_notices,
    calendar,
    days_ahead,
    drift,
    from_policy,
    instruct,
    issue,
    new_money,
    risk_spike,
    signal,
    trade_lists,
)
from portlib.stewardship.rebalancing import no_trade_bands as bands
from portlib.stewardship.rebalancing.trade_lists import Account, TradeError, exact, faults, rounded
from portlib.stewardship.settlement import Leg

MICRO = 10**6
MONTHS = pd.date_range("2000-01-31", periods=120, freq="ME")
TARGET = pd.Series({"a": 0.6, "b": 0.4})


def market(seed=3, mean=(0.008, 0.003), spread=(0.05, 0.015)):
    drawn = np.random.default_rng(seed).normal(mean, spread, size=(120, 2))
    return pd.DataFrame(drawn, index=MONTHS, columns=["a", "b"])


def at(weights, returns=None, since=1, target=(0.6, 0.4)):
    history = np.zeros((1, 2)) if returns is None else np.asarray(returns)
    return Situation(np.array(weights), np.array(target), history, since)


# ---- triggers ------------------------------------------------------------------------------------


def test_the_calendar_counts_months():
    assert [bool(calendar(3)(at((0.6, 0.4), since=n))) for n in range(1, 5)] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("weights", "target", "speaks"),
    [
        ((0.649, 0.351), (0.6, 0.4), False),
        ((0.651, 0.349), (0.6, 0.4), True),
        ((0.549, 0.451), (0.6, 0.4), True),
        ((0.88, 0.12), (0.9, 0.1), False),
        ((0.87, 0.13), (0.9, 0.1), True),  # a quarter of the smaller target
        ((1.0, 0.0), (1.0, 0.0), False),
    ],
)
def test_drift_counts_the_lesser_of_two_bands(weights, target, speaks):
    assert bool(drift(0.05, 0.25)(at(weights, target=target))) is speaks


def test_a_risk_spike_is_answered_once_and_needs_history():
    calm, wild = [[0.01, 0.0], [-0.01, 0.0]] * 12, [[0.05, 0.0], [-0.05, 0.0]] * 3
    speak = risk_spike(6, 1.5)
    assert speak(at((1, 0), calm + wild, since=30)) and not speak(at((1, 0), calm, since=30))
    assert not speak(at((1, 0), calm + wild, since=5)) and not speak(at((1, 0), wild, since=30))
    assert not risk_spike(6, 6.0)(at((1, 0), calm + wild, since=30))


def test_a_signal_speaks_when_the_trend_turns_and_only_then():
    up, down = [[0.02, 0.0]] * 6, [[-0.05, 0.0]] * 3
    told = [bool(signal(3)(at((1, 0), (up + down)[: n + 1]))) for n in range(9)]
    assert told == [False] * 6 + [True, False, False]  # 1.02 * 1.02 * 0.95 is already below one


@pytest.mark.parametrize(
    "make",
    [
        lambda: calendar(0),
        lambda: drift(0, 0.2),
        lambda: drift(0.05, -1),
        lambda: risk_spike(12, 0),
        lambda: signal(0),
        lambda: from_policy("mood", policy=THE_PLAN.policy),
    ],
)
def test_a_trigger_that_means_nothing_is_refused(make):
    with pytest.raises(ValueError, match=r"needs more than zero|no trigger"):
        make()


def test_every_trigger_of_the_policy_can_be_made():
    assert all(callable(from_policy(name, policy=THE_PLAN.policy)) for name in TRIGGERS)


# ---- history -------------------------------------------------------------------------------------


def test_without_costs_monthly_rebalancing_is_the_fixed_mix():
    r = market()
    np.testing.assert_allclose(backtest(r, TARGET, calendar(1)).returns, r @ TARGET, atol=1e-14)


def test_a_trigger_sees_drifted_weights_and_no_month_to_come():
    returns, seen = pd.DataFrame({"a": [0.5, -0.2, 0.1], "b": [0.0, 0.1, 0.3]}), []

    def look(now):
        seen.append(now)
        return ""

    backtest(returns, {"a": 0.5, "b": 0.5}, look)
    worth = 0.5 * (1 + returns).cumprod().to_numpy()
    for month, now in enumerate(seen):
        assert now.weights == pytest.approx(worth[month] / worth[month].sum())
        assert now.returns.tolist() == returns.to_numpy()[: month + 1].tolist()


def test_left_alone_it_is_two_accounts_side_by_side():
    r = market()
    wealth = ((1 + r).cumprod() * TARGET).sum(axis=1)
    np.testing.assert_allclose(
        (1 + backtest(r, TARGET, None).returns).cumprod(), wealth, rtol=1e-12
    )


def test_costs_and_taxes_by_hand():
    """One month up by 50% in a, then to the target: 0.9 and 0.4 become 0.78 and 0.52 of 1.3."""
    r = pd.DataFrame({"a": [0.5], "b": [0.0]}, index=MONTHS[:1])
    got = backtest(r, TARGET, calendar(1), cost=0.01, gains_tax=0.2)
    sold, gain = 0.12, 0.12 * (1 - 0.6 / 0.9)
    assert got.traded.iloc[0] * 1.3 * (1 + got.returns.iloc[0]) / 1.3 == pytest.approx(sold)
    assert 1 + got.returns.iloc[0] == pytest.approx(1.3 - 2 * sold * 0.01 - 0.2 * gain)
    assert got.weights.iloc[0].tolist() == pytest.approx([0.6, 0.4])


def test_losses_are_carried_forward():
    r = pd.DataFrame({"a": [-0.5, 1.0], "b": [0.0, 1.0]}, index=MONTHS[:2])
    got = backtest(r, pd.Series({"a": 0.5, "b": 0.5}), calendar(1), gains_tax=0.3)
    assert got.taxes.sum() == 0  # b sold at cost, then nothing off target
    r = pd.DataFrame({"a": [0.0, -0.5, 0.0], "b": [0.0, 0.0, 0.2]}, index=MONTHS[:3])
    first = backtest(r, pd.Series({"a": 0.5, "b": 0.5}), calendar(1), gains_tax=0.3)
    assert (
        first.taxes.iloc[1] == 0 and first.taxes.iloc[2] > 0
    )  # buying a realised no loss to carry


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=5), st.floats(0.001, 2), st.integers(0, 99)
)
@settings(max_examples=60)
def test_new_money_goes_only_where_the_account_lacks(values, amount, seed):
    v = np.array(values)
    t = np.random.default_rng(seed).dirichlet(np.ones(len(v)))
    bought = new_money(v, t, amount)
    assert bought.min() >= 0 and bought.sum() == pytest.approx(amount)
    assert (bought[v > t * (v.sum() + amount)] == 0).all()
    before, after = (
        np.abs(v / v.sum() - t).sum(),
        np.abs((v + bought) / (v.sum() + amount) - t).sum(),
    )
    assert after <= before + 1e-9


def test_new_money_is_no_return_and_trades_less():
    r = market()
    spread, first = (
        backtest(r, TARGET, drift(0.03, 0.25), contribution=0.01, contributions_first=x)
        for x in (False, True)
    )
    assert first.traded.sum() < spread.traded.sum()
    plain = backtest(r, TARGET, calendar(1), contribution=0.01)
    np.testing.assert_allclose(plain.returns, r @ TARGET, atol=1e-14)


@pytest.mark.parametrize("target", [{"a": 0.6}, {"a": 0.6, "b": 0.5}, {"a": 1.2, "b": -0.2}])
def test_targets_that_are_none_are_refused(target):
    with pytest.raises(ValueError, match="sum"):
        backtest(market(), target, None)


# ---- bands ---------------------------------------------------------------------------------------

CASE = {"weight": 0.6, "cost": 0.002, "risk_aversion": 4.0}


def test_the_formula_is_where_its_cost_is_least():
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda b: bands.band_cost(b, **CASE, variance=0.03), bounds=(1e-3, 0.2), method="bounded"
    )
    assert bands.cube_root_band(**CASE) == pytest.approx(found.x, rel=1e-3)


def test_eight_times_the_cost_is_twice_the_band_and_variance_drops_out():
    assert bands.cube_root_band(0.6, 0.016, 4.0) == pytest.approx(2 * bands.cube_root_band(**CASE))


@pytest.mark.parametrize("weight", [0.3, 0.6])
def test_the_programme_closes_in_on_the_formula_from_below(weight):
    case = {**CASE, "weight": weight}
    monthly, weekly, daily = (
        bands.optimal_band(**case, variance=0.03, reviews=n).width for n in (12, 52, 252)
    )
    formula = bands.cube_root_band(**case)
    assert monthly < weekly < daily < 1.02 * formula and daily > 0.9 * formula


def test_the_programme_costs_what_simulation_costs_and_neighbours_cost_more():
    best = bands.optimal_band(**CASE, variance=0.0225, reviews=12)

    def cost(stretch, **more):
        return bands.simulate(
            best.width * stretch,
            **CASE,
            variance=0.0225,
            reviews=12,
            years=40,
            rng=np.random.default_rng(1),
            **more,
        )

    assert cost(1.0) == pytest.approx(best.cost, rel=0.02)
    assert cost(1.0) < min(cost(0.7), cost(1.4)) and cost(1.0) < min(
        cost(k, back_to=0.0) for k in (1, 1.5, 2)
    )


@pytest.mark.parametrize(
    "bad", [{"weight": 0}, {"weight": 1}, {"cost": 0}, {"risk_aversion": 0}, {"variance": 0}]
)
def test_no_band_from_nonsense(bad):
    with pytest.raises(ValueError, match="no band"):
        bands.optimal_band(**{**CASE, "variance": 0.03, **bad}, reviews=12)


def test_a_grid_too_coarse_is_refused():
    with pytest.raises(ValueError, match="too coarse"):
        bands.optimal_band(**CASE, variance=0.0225, reviews=2000)


# ---- trade lists ---------------------------------------------------------------------------------


def small(seed):
    rng = np.random.default_rng(seed)
    free = rng.uniform(size=(2, 3)) > 0.2
    account = Account(
        ("A", "B", "C"),
        tuple(int(n) * MICRO for n in rng.integers(0, 4, 3)),
        np.round(rng.uniform(4000, 9000, 3)),
        int(rng.integers(0, 15_000)),
        (MICRO,) * 3,
        rng.uniform(0, 0.01, 3),
        int(rng.choice([0, 5000, 9000])),
        free[0] * 24_000.0,
        free[1] * 24_000.0,
    )
    return account, pd.Series(rng.dirichlet(np.ones(4))[:3], index=["A", "B", "C"])


@pytest.mark.parametrize("seed", range(12))
def test_no_list_of_all_is_a_dollar_closer(seed):
    account, target = small(seed)
    every = (trade_lists.listed(account, target, lots) for lots in product(range(-3, 7), repeat=3))
    best = min(made.distance for made in every if not faults(account, made))
    found = exact(account, target)
    assert not faults(account, found)
    assert best - 1e-9 <= found.distance <= best + trade_lists.PROVEN + 1e-9
    assert rounded(account, target).distance >= best - 1e-9 and not faults(
        account, rounded(account, target)
    )


def test_rounding_can_be_far_from_the_closest():
    """A list that sells what is below target, because the lots fit: no rounding finds it."""
    account = Account(
        ("A", "B"),
        (MICRO, 0),
        np.array([10_000.0, 19_000.0]),
        9_500,
        (MICRO,) * 2,
        np.zeros(2),
        0,
        np.full(2, 1e9),
        np.full(2, 1e9),
    )
    target = pd.Series({"A": 0.55, "B": 0.45})
    made = exact(account, target)
    assert made.distance <= rounded(account, target).distance


def test_the_books_of_a_list_balance_to_the_cent():
    for seed in range(20):
        account, target = small(seed)
        made = exact(account, target)
        after = account.values.sum() + account.lot_values @ np.array(made.lots) + made.cash_after
        assert account.total - after == pytest.approx(100 * made.cost, abs=1e-6)
        assert made.cash_after >= 0 and made.cost >= -1e-9
        assert made.after.sum() + made.cash_after / after == pytest.approx(1)


def test_thousandths_of_a_share_leave_cents():
    account, target = small(2)
    free = np.full(3, 1e9)
    fine = replace(
        account, lots=(1000,) * 3, buyable=free, sellable=free, smallest=0, cost=np.zeros(3)
    )
    assert exact(fine, target).distance < 1.0


def test_each_fault_of_a_list_is_named():
    account, target = small(1)
    room = np.full(3, 24_000.0)
    account = replace(
        account, micro_shares=(2 * MICRO,) * 3, buyable=room, sellable=room, smallest=5000, cash=0
    )
    none = trade_lists.listed(account, target, [0, 0, 0])

    def said(*legs):
        return faults(account, replace(none, legs=legs))

    assert said(Leg("A", -MICRO // 2, 3000)) == ["A: not whole lots", "A: below the smallest trade"]
    assert said(Leg("A", 9 * MICRO, 1)) == ["A: more than the day's rules let", "cash below zero"]
    assert "A: more sold than held" in said(Leg("A", -3 * MICRO, 1)) and said(
        Leg("A", MICRO, 1)
    ) == ["cash below zero"]


@pytest.mark.parametrize(
    "bad",
    [
        {"micro_shares": (-1, 0, 0)},
        {"prices": np.array([0.0, 1, 1])},
        {"cost": np.array([1.0, 0, 0])},
        {"cash": -1},
        {"lots": (0, 1, 1)},
        {"buyable": np.array([-1.0, 0, 0])},
        {"sellable": np.array([0, np.nan, 0])},
    ],
)
def test_accounts_that_cannot_be_are_refused(bad):
    with pytest.raises(TradeError):
        replace(small(0)[0], **bad)


@pytest.mark.parametrize("target", [{"A": -0.1}, {"A": 0.7, "B": 0.7}])
def test_targets_of_no_portfolio_are_refused(target):
    with pytest.raises(TradeError, match="target weights"):
        exact(small(0)[0], target)


def test_slippage_grows_with_the_root_and_funds_have_none():
    assert trade_lists.slippage(1e6, 0.001, 0.02, None) == 0.001
    one, four = (trade_lists.slippage(x, 0.0, 0.02, 1e6) for x in (1e5, 4e5))
    assert four == pytest.approx(2 * one) and one == pytest.approx(0.02 * 0.1**0.5)
    assert (
        trade_lists.days_to_sell(1e6, 1e6, 0.1) == 10 and trade_lists.days_to_sell(0, 1e6, 0.1) == 0
    )
    for bad in (
        lambda: trade_lists.slippage(-1, 0, 0, None),
        lambda: trade_lists.slippage(1, 0, 0, 0),
        lambda: trade_lists.days_to_sell(1, 0, 0.1),
        lambda: trade_lists.days_to_sell(1, 1, 0),
    ):
        with pytest.raises(ValueError, match="volume"):
            bad()


# ---- the plan's accounts -------------------------------------------------------------------------

THE_PLAN = plan.read()
FUNDS = [f for f in THE_PLAN.funds.index if f in THE_PLAN.exposures.index]
PRICES = pd.Series(np.linspace(12.34, 98.76, len(FUNDS)), index=FUNDS)
HELD = pd.Series(1 / len(FUNDS), index=FUNDS)
EQUAL = pd.Series(np.r_[np.zeros(5), np.ones(len(FUNDS) - 5)] / (len(FUNDS) - 5), index=FUNDS)


def listed_on(on, trades=(), target=EQUAL):
    account, made = trade_lists.best_list(
        THE_PLAN, HELD, 50_000.0, PRICES, target, list(trades), on, make=rounded
    )
    change = pd.Series(np.array(made.lots) * account.lot_values / account.total, index=FUNDS)
    return account, made, broken_rules(THE_PLAN, HELD, HELD + change, list(trades), on)


def test_a_blackout_trades_nothing():
    for span in THE_PLAN.rules["blackouts"]:
        assert not listed_on(span["first"])[1].legs and not listed_on(span["last"])[1].legs
        assert listed_on(span["last"] + timedelta(days=1))[1].legs


def test_round_trips_minimum_holdings_and_the_wash_are_kept():
    on, trading, wash = THE_PLAN.as_of, THE_PLAN.rules["trading"], THE_PLAN.rules["stable_value"]
    cases = [[Trade(on - timedelta(days=3), f, -0.02)] for f in trading["round_trip_days"]]
    cases += [[Trade(on - timedelta(days=3), f, 0.02)] for f in trading["minimum_holding_days"]]
    cases += [[Trade(on - timedelta(days=3), wash["fund"], -0.02)], []]
    for trades in cases:
        for target in (EQUAL, EQUAL[::-1].set_axis(FUNDS)):
            _, made, broken = listed_on(on, trades, target)
            assert made.legs and not broken


def test_frozen_stock_is_not_bought_and_sold_within_its_volume():
    stock = THE_PLAN.rules["employer_stock"]["fund"]
    account = listed_on(THE_PLAN.as_of)[0]
    i = account.funds.index(stock)
    assert account.buyable[i] == 0 and 0 < account.sellable[i] <= account.values[i] + 100
    base = Mandate(FUNDS, [fully_invested(), long_only()])
    slight = trade_lists.account_of(THE_PLAN, HELD, 50_000.0, PRICES, base, part_of_plan=1e-4)
    assert slight.sellable[i] == pytest.approx(100 * 1_580_000 * 0.1 * 5 * 1e-4)


def test_an_account_is_worth_its_balance():
    account = listed_on(THE_PLAN.as_of)[0]
    assert account.total == pytest.approx(5_000_000, abs=1.0) and account.cash >= 0


# ---- the instruction -----------------------------------------------------------------------------


def instruction():
    account, made, _ = listed_on(THE_PLAN.as_of)
    why = {"trigger": "drift", "reason": "b", "mandate": "m" * 64}
    return instruct(THE_PLAN, "P1", account, made, EQUAL, **why, day=date(2026, 6, 30))


def test_every_field_is_in_the_fingerprint():
    one = instruction()
    other = {
        "legs": (),
        "before": {},
        "target": {},
        "after": {},
        "expected_cost": 1.0,
        "distance": 1.0,
        "price_tolerance": 0.5,
        "deadline_hours": 1.0,
        "trigger": "signal",
    }
    found = {replace(one, **{f.name: other.get(f.name, "x")}).fingerprint for f in fields(one)} | {
        one.fingerprint
    }
    assert len(found) == len(fields(one)) + 1
    assert instruction().fingerprint == one.fingerprint
    assert one.plan == THE_PLAN.fingerprint and one.policy == THE_PLAN.policy.fingerprint


@pytest.mark.parametrize(
    "bad",
    [
        {"trigger": "mood"},
        {"reason": ""},
        {"plan": ""},
        {"policy": ""},
        {"mandate": ""},
        {"account": ""},
    ],
)
def test_an_instruction_says_why_and_under_what(bad):
    with pytest.raises(ValueError, match=r"trigger|does not say"):
        replace(instruction(), **bad)


def test_it_is_issued_once_and_becomes_the_order_of_its_legs():
    log, one = AuditLog(), instruction()
    when = datetime(2026, 6, 30, 21, tzinfo=UTC)
    assert {issue(log, one, when).number for _ in range(3)} == {1}
    body = dict(log.events()[0].body)
    legs = tuple(Leg(**leg) for leg in body.pop("legs"))
    assert RebalanceInstruction(**body, legs=legs).fingerprint == one.fingerprint == one.order().id
    assert one.order().legs == one.legs


# ---- blackouts -----------------------------------------------------------------------------------


def with_blackout(first, last, notice):
    span = {"first": first, "last": last, "notice": notice, "reason": "x"}
    return blackout_notices(replace(THE_PLAN, rules={**THE_PLAN.rules, "blackouts": [span]})).iloc[
        0
    ]


def test_thirty_to_sixty_days_before_the_last_chance():
    first = date(2027, 1, 4)
    timely = [
        n
        for n in range(100)
        if with_blackout(first, date(2027, 1, 15), first - timedelta(days=n))["timely"]
    ]
    assert timely == list(range(31, 62))  # the last chance is the day before the first
    assert days_ahead(date(2026, 12, 4), first) == 30


def test_three_business_days_need_no_notice_and_four_do():
    friday = date(2026, 9, 4)
    assert with_blackout(friday, date(2026, 9, 8), friday)["timely"]  # Friday, Monday, Tuesday
    four = with_blackout(friday, date(2026, 9, 9), friday)
    assert four["business_days"] == 4 and four["required"] and not four["timely"]


def test_a_plan_without_blackouts_has_an_empty_table():
    assert blackout_notices(replace(THE_PLAN, rules={**THE_PLAN.rules, "blackouts": []})).empty
