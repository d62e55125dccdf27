"""Trade lists: against all lists of small accounts, and the plan's rules of the day."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import numpy as np
import pandas as pd
import pytest

from portlib import plan
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.retirement.plan_menu.account_review import Trade, broken_rules
from portlib.stewardship.rebalancing import (
    trade_lists,
)
from portlib.stewardship.rebalancing.trade_lists import Account, TradeError, exact, faults, rounded
from portlib.stewardship.settlement import Leg

MICRO = 10**6


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


def test_a_target_that_is_no_number_or_of_no_fund_is_refused_by_name():
    lots = (MICRO, MICRO)
    account = Account(
        ("A", "B"),
        (10 * MICRO, 0),
        np.array([5000.0, 2500.0]),
        50000,
        lots,
        np.zeros(2),
        0,
        np.full(2, 1e12),
        np.full(2, 1e12),
    )
    for make in (exact, rounded):
        with pytest.raises(TradeError, match=r"A: target weights .* nan"):
            make(account, {"A": float("nan"), "B": 0.5})
        with pytest.raises(TradeError, match="a target for AA"):
            make(account, {"AA": 0.5, "B": 0.5})


def test_a_price_that_is_no_number_is_refused_by_fund():
    prices = PRICES.copy()
    prices.iloc[0] = np.nan
    with pytest.raises(TradeError, match=f"{FUNDS[0]}: its price is nan"):
        trade_lists.best_list(THE_PLAN, HELD, 5e4, prices, EQUAL, [], THE_PLAN.as_of)


def test_an_account_costs_what_the_policy_says_each_way():
    """Funds deal at the policy's spread for funds; one company's shares at its own, and by how
    much of a day's volume is sold."""
    ours, stock = THE_PLAN.policy, THE_PLAN.rules["employer_stock"]
    base = Mandate(FUNDS, [fully_invested(), long_only()])
    account = trade_lists.account_of(THE_PLAN, HELD, 50_000.0, PRICES, base, part_of_plan=0.5)
    half, i = ours["trading_half_spread"], FUNDS.index(stock["fund"])
    sold = account.sellable[i] / 100
    most = stock["daily_volume"] * ours["liquidity_share_of_adv"] * ours["liquidity_days"] * 0.5
    assert sold == pytest.approx(min(most, HELD.iloc[i] * 50_000))
    day = stock["own_volatility"] / 252**0.5
    impact = day * (sold / stock["daily_volume"]) ** 0.5
    assert account.cost[i] == pytest.approx(half["company"] + impact)
    others = np.delete(account.cost, i)
    assert (others == half["fund"]).all() and half["fund"] != half["company"]
    assert account.smallest == round(100 * ours["trade_minimum_dollars"])
    assert set(account.lots) == {round(ours["trade_lot_shares"] * MICRO)}
    assert account.prices == pytest.approx(PRICES.to_numpy() * 100)


def test_new_money_is_cash_and_what_may_be_bought_grows_with_it():
    base = Mandate(FUNDS, [fully_invested(), long_only()])
    plain, more = (
        trade_lists.account_of(THE_PLAN, HELD, 50_000.0, PRICES, base, new_money=money)
        for money in (0.0, 1_000.0)
    )
    assert more.cash - plain.cash == pytest.approx(100_000, abs=1)
    assert more.micro_shares == plain.micro_shares
    assert more.buyable == pytest.approx(plain.buyable * 51_000 / 50_000)


@pytest.mark.parametrize(("lots", "cents"), [(3, 30_031), (-3, 29_970)])
def test_a_leg_is_rounded_against_the_account(lots, cents):
    """Three lots at 100.003 dollars, a tenth of a percent each way: up for what is paid, down for
    what is received."""
    account = Account(
        ("A",),
        (9 * MICRO,),
        np.array([10_000.3]),
        10**6,
        (MICRO,),
        np.array([0.001]),
        0,
        np.full(1, 1e9),
        np.full(1, 1e9),
    )
    exact_cents = 3 * 10_000.3 * (1.001 if lots > 0 else 0.999)
    rounded_cents = np.ceil(exact_cents) if lots > 0 else np.floor(exact_cents)
    assert account.leg(0, lots) == Leg("A", lots * MICRO, int(rounded_cents))
    assert rounded_cents == cents
    made = trade_lists.listed(account, {"A": 0.5}, [lots])
    assert made.cash_after == 10**6 - lots // abs(lots) * cents
    assert made.cost == pytest.approx(
        (account.total - made.values_after[0] - made.cash_after) / 100
    )


def test_the_smallest_trade_may_be_made_and_what_the_day_lets_may_be_used_up():
    account = Account(
        ("A",),
        (5 * MICRO,),
        np.array([1_000.0]),
        10_000,
        (MICRO,),
        np.zeros(1),
        2_000,
        np.full(1, 3_000.0),
        np.full(1, 4_000.0),
    )
    wrong = {n: faults(account, trade_lists.listed(account, {"A": 0.5}, [n])) for n in range(-6, 6)}
    assert [n for n, found in wrong.items() if not found] == [-4, -3, -2, 0, 2, 3]
    assert wrong[1] == ["A: below the smallest trade"] and "rules" in wrong[4][0]
