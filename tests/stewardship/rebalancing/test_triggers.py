"""Triggers, what follows from them in history, instructions and blackouts."""

import statistics
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import plan
from portlib.retirement.plan_menu.account_review import broken_rules
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
from portlib.stewardship.rebalancing.trade_lists import rounded
from portlib.stewardship.settlement import Leg

MONTHS = pd.date_range("2000-01-31", periods=120, freq="ME")

TARGET = pd.Series({"a": 0.6, "b": 0.4})


def market(seed=3, mean=(0.008, 0.003), spread=(0.05, 0.015)):
    drawn = np.random.default_rng(seed).normal(mean, spread, size=(120, 2))
    return pd.DataFrame(drawn, index=MONTHS, columns=["a", "b"])


def at(weights, returns=None, since=1, target=(0.6, 0.4)):
    history = np.zeros((1, 2)) if returns is None else np.asarray(returns)
    return Situation(np.array(weights), np.array(target), history, since)


THE_PLAN = plan.read()
FUNDS = [f for f in THE_PLAN.funds.index if f in THE_PLAN.exposures.index]
EQUAL = pd.Series(np.r_[np.zeros(5), np.ones(len(FUNDS) - 5)] / (len(FUNDS) - 5), index=FUNDS)


def listed_on(on, trades=(), target=EQUAL):
    account, made = trade_lists.best_list(
        THE_PLAN, HELD, 50_000.0, PRICES, target, list(trades), on, make=rounded
    )
    change = pd.Series(np.array(made.lots) * account.lot_values / account.total, index=FUNDS)
    return account, made, broken_rules(THE_PLAN, HELD, HELD + change, list(trades), on)


PRICES = pd.Series(np.linspace(12.34, 98.76, len(FUNDS)), index=FUNDS)

HELD = pd.Series(1 / len(FUNDS), index=FUNDS)

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


# ---- at the edges --------------------------------------------------------------------------------


def test_a_boundary_is_met_whatever_the_rounding():
    """55 against 50 and 35 against 30 are five off, as numbers are written: neither is beyond."""
    rule = drift(0.05, 0.25)
    for held, aim in ((0.55, 0.50), (0.35, 0.30), (0.45, 0.50), (0.65, 0.60)):
        assert rule(at((held, 1 - held), target=(aim, 1 - aim))) == ""
        further = held + np.sign(held - aim) * 1e-6
        assert rule(at((further, 1 - further), target=(aim, 1 - aim)))


def test_bands_in_percent_are_refused_with_the_decimal_to_write():
    with pytest.raises(ValueError, match=r"absolute is 5: .* in percent\? Write 0\.05"):
        drift(5, 25)


def test_a_month_missing_from_the_returns_is_refused_by_asset_and_month():
    r = market()
    r.iloc[13, 1] = np.nan
    with pytest.raises(ValueError, match="returns: column 'b', 2001-02: nan is no return"):
        backtest(r, TARGET, calendar(12))
    with pytest.raises(ValueError, match="no return for 2001-02"):
        backtest(market().drop(MONTHS[13]), TARGET, calendar(12))


def test_costs_in_percent_unknown_assets_and_withdrawals_are_refused():
    with pytest.raises(ValueError, match="cost is 5"):
        backtest(market(), TARGET, None, cost=5)
    with pytest.raises(ValueError, match="a target for c"):
        backtest(market(), {"a": 0.6, "b": 0.4, "c": 0.0}, None)
    with pytest.raises(ValueError, match="the amount is -1"):
        new_money([1.0, 1.0], [0.5, 0.5], -1.0)


def test_a_summary_needs_cash_of_every_month():
    r = market()
    made = backtest(r, TARGET, None)
    with pytest.raises(ValueError, match="cash lacks 2009-12"):
        made.summary(made.returns, pd.Series(0.0, MONTHS[:-1]))


def test_an_instruction_keeps_the_tolerance_it_was_made_with():
    other = replace(THE_PLAN, policy=THE_PLAN.policy.replace(settlement_price_tolerance=0.01))
    account, made, _ = listed_on(THE_PLAN.as_of)
    why = {"trigger": "drift", "reason": "b", "mandate": "m" * 64}
    told = instruct(other, "P1", account, made, EQUAL, **why, day=date(2026, 6, 30))
    assert told.order().tolerance == 0.01
    assert instruction().order().tolerance == THE_PLAN.policy["settlement_price_tolerance"]


# ---- by another route ----------------------------------------------------------------------------


def ledger_of_shares(r, target, when, *, cost, tax, contribution, first):
    """The same account in shares with an average cost a share, month by month: returns, traded,
    costs and taxes as parts of the wealth at the month's end."""
    price, average = np.ones(2), np.ones(2)
    shares, carried, rows = np.array(target), 0.0, []
    for month, now in enumerate(r):
        before = shares @ price
        price = price * (1 + now)
        traded = costs = paid = 0.0
        if when(month):
            wanted = np.array(target) * (shares @ price) / price
            sold, bought = np.maximum(shares - wanted, 0), np.maximum(wanted - shares, 0)
            gain = sold @ (price - average) - carried
            paid, carried = tax * max(gain, 0.0), max(-gain, 0.0)
            traded = (sold @ price + bought @ price) / 2
            costs = np.asarray(cost) @ ((sold + bought) * price)
            kept = shares - sold
            average = (kept * average + bought * price) / (kept + bought)
            shares = wanted * (1 - (costs + paid) / (wanted @ price))
        wealth = shares @ price
        rows.append((wealth / before - 1, traded / wealth, costs / wealth, paid / wealth))
        amount = contribution * wealth
        lacking = np.maximum(np.array(target) * (wealth + amount) - shares * price, 0)
        to = amount * (lacking / lacking.sum() if first and amount else np.array(target))
        average = (shares * average + to) / (shares + to / price)
        shares = shares + to / price
    return np.array(rows)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("first", [True, False])
def test_an_account_of_shares_at_average_cost_says_the_same(seed, first):
    """Costs by asset, taxes on gains alone and losses carried, new money: over four years."""
    r = market(seed, mean=(0.01, 0.0)).iloc[:48]
    how = {"cost": pd.Series({"b": 0.004, "a": 0.001}), "gains_tax": 0.25, "contribution": 0.01}
    got = backtest(r, TARGET, calendar(3), contributions_first=first, **how)
    expected = ledger_of_shares(
        r.to_numpy(),
        (0.6, 0.4),
        lambda month: (month + 1) % 3 == 0,
        cost=(0.001, 0.004),
        tax=0.25,
        contribution=0.01,
        first=first,
    )
    found = np.column_stack([got.returns, got.traded, got.costs, got.taxes])
    assert found == pytest.approx(expected, abs=1e-12)
    assert got.taxes.sum() > 0


def test_a_summary_by_hand():
    r = market().iloc[:36]
    made = backtest(r, TARGET, calendar(6), cost=0.002, gains_tax=0.2)
    rng = np.random.default_rng(1)
    ideal, cash = (pd.Series(rng.normal(0.004, 0.01, 36), r.index) for _ in range(2))
    told = made.summary(ideal, cash)
    over, off = made.returns - cash, made.returns - ideal
    assert told.to_dict() == pytest.approx(
        {
            "trades": 6 / 3,
            "turnover": made.traded.sum() / 3,
            "costs": made.costs.sum() / 3,
            "taxes": made.taxes.sum() / 3,
            "geometric return": (1 + made.returns).prod() ** (1 / 3) - 1,
            "volatility": made.returns.std(ddof=1) * 12**0.5,
            "tracking error": off.std(ddof=1) * 12**0.5,
            "Sharpe ratio": over.mean() / over.std(ddof=1) * 12**0.5,
        }
    )
    assert list(made.reasons) == list(r.index[5::6])


def test_each_trigger_of_the_policy_has_its_own_values():
    ours = THE_PLAN.policy
    months = ours["rebalance_calendar_months"]
    spoken = from_policy("calendar", policy=ours)
    assert [bool(spoken(at((0.6, 0.4), since=n))) for n in (months - 1, months)] == [False, True]
    rng, asked = np.random.default_rng(3), {"drift": 0, "risk_spike": 0, "signal": 0}
    plain = {
        "drift": drift(ours["rebalance_drift"]["absolute"], ours["rebalance_drift"]["relative"]),
        "risk_spike": risk_spike(
            ours["rebalance_risk_spike"]["window_months"], ours["rebalance_risk_spike"]["multiple"]
        ),
        "signal": signal(ours["rebalance_signal_months"]),
    }
    for _ in range(200):
        w = rng.uniform(0.5, 0.7)
        history = rng.normal(0, rng.choice([0.01, 0.04], (60, 1)), (60, 2))
        history[-24:] *= rng.choice([0.5, 3.0])
        now = at((w, 1 - w), history, since=99)
        for name, rule in plain.items():
            told = from_policy(name, policy=ours)(now)
            assert told == rule(now)
            asked[name] += bool(told)
    assert all(0 < count < 200 for count in asked.values())


def test_an_instruction_says_what_the_account_is_what_it_becomes_and_at_what_cost():
    account, made, _ = listed_on(THE_PLAN.as_of)
    one = instruction()
    assert one.before == pytest.approx(
        dict(zip(FUNDS, account.values / account.total, strict=True))
    )
    assert one.target == pytest.approx(EQUAL.to_dict())
    assert one.after == pytest.approx(made.after.to_dict())
    assert one.legs == made.legs and one.distance == made.distance
    moved = np.abs(np.array(made.lots) * account.lot_values)
    rounding = 0.01 * len(made.legs)
    assert one.expected_cost == pytest.approx(moved @ account.cost / 100, abs=rounding)
    assert one.deadline_hours == THE_PLAN.policy["settlement_deadline_hours"]
    assert one.order().hours == one.deadline_hours
    assert (one.account, one.day, one.mandate) == ("P1", "2026-06-30", "m" * 64)


@pytest.mark.parametrize("window", [3, 12])
def test_a_spike_is_the_last_window_against_all_months_before_it(window):
    """By the definition, at each multiple just below and just above the ratio of the two."""
    rng = np.random.default_rng(window)
    for _ in range(20):
        months = 0.03 * rng.standard_normal((2 * window + int(rng.integers(0, 40)), 2))
        months[-window:] *= rng.uniform(0.5, 3)
        w = np.array([0.3, 0.7])
        mine = [float(row @ w) for row in months]
        recent, before = statistics.stdev(mine[-window:]), statistics.stdev(mine[:-window])
        for multiple, speaks in ((recent / before * 0.999, True), (recent / before * 1.001, False)):
            said = risk_spike(window, multiple)(Situation(w, w, months, window))
            assert bool(said) == speaks
        if said := risk_spike(window, 1e-6)(Situation(w, w, months, window)):
            assert f"{recent * 12**0.5:.4f}" in said
            assert f"{before * 12**0.5:.4f}" in said
