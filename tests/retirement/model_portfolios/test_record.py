"""The record of the adopted method: what is known on a day, what a rule costs, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib.construction.anchored import Reference
from portlib.estimation.forecast_record import Edition
from portlib.records import Assumptions
from portlib.retirement.model_portfolios.record import (
    ADOPTED,
    LARGE,
    REFERENCE,
    _market,
    _rivals,
    default_equity,
    past_editions,
    record,
)
from portlib.retirement.plan_menu import date_for, equity_share

POLICY = plan.read().policy
EQUITY = ("us_large_equity", "us_small_equity")
AROUND = Reference({"us_core_bonds": 0.45, "us_large_equity": 0.5, "us_small_equity": 0.05}, EQUITY)


def months(seed=1, n=300):
    """Invented returns of four classes, by month."""
    rng = np.random.default_rng(seed)
    sd = np.array([0.001, 0.012, 0.043, 0.055])
    mean = np.array([0.002, 0.004, 0.010, 0.011])
    drawn = mean + sd * rng.standard_normal((n, 4))
    drawn[:120] += mean - drawn[:120].mean(axis=0)  # or no price of risk would fit the averages
    names = ["cash", "us_core_bonds", "us_large_equity", "us_small_equity"]
    return pd.DataFrame(drawn, pd.period_range("1990-01", periods=n, freq="M"), names)


def made(returns, policy=POLICY, posture="moderate"):
    return record(
        past_editions(returns, first="2000-01", years=10),
        returns,
        policy,
        posture,
        reference=lambda _: AROUND,
        rivals={"60/40": lambda _: 0.6},
    )


def test_worth_is_mean_less_half_the_aversion_times_variance():
    found = made(months())
    run = found.replays[ADOPTED]
    by_hand = 12 * (run.returns.mean() - found.risk_aversion / 2 * run.returns.var(ddof=0))
    assert found.table().loc[ADOPTED, "worth"] == pytest.approx(by_hand, abs=1e-14)
    rows = found.differences()
    worth = found.table()["worth"]
    assert rows["difference"].to_dict() == pytest.approx(
        {name: worth[ADOPTED] - worth[name] for name in rows.index}, abs=1e-13
    )


def test_nothing_after_an_edition_is_known_to_it():
    returns = months()
    other = returns.copy()
    other.loc["2010-01":] = months(seed=2, n=len(other)).loc["2010-01":].to_numpy()
    before, after = (made(r).replays[ADOPTED].weights for r in (returns, other))
    known = before.index <= pd.Period("2010-01", "M")
    assert known.sum() == 11
    assert np.array_equal(before[known], after[known])
    assert not np.allclose(before[~known], after[~known])


def test_bands_and_limits_hold_and_rivals_hold_the_same_equity():
    found = made(months())
    held = found.replays[ADOPTED].weights
    equity = held[list(EQUITY)].sum(axis=1)
    assert equity.between(POLICY["equity_floor"]["moderate"] - 1e-7, 0.65 + 1e-7).all()
    theirs = found.replays[REFERENCE].weights
    assert np.allclose(theirs[list(EQUITY)].sum(axis=1), equity, atol=1e-12)
    share, points = (POLICY["reference_bands"][name] for name in ("share", "points"))
    for name in ("us_core_bonds", *EQUITY):
        apart = (held[name] - theirs[name]).abs()
        assert (apart <= share * theirs[name] + points + 1e-7).all()
    assert (held["cash"] <= POLICY["reference_bands"]["cash"] + 1e-7).all()


def test_what_breaks_the_limit_is_refused_and_the_reference_held():
    found = made(months(), POLICY.replace(tracking_error_limit=1e-9))
    held, theirs = (found.replays[name].weights for name in (ADOPTED, REFERENCE))
    assert found.refused == len(held)
    assert np.allclose(held, theirs, atol=1e-12)
    assert REFERENCE not in found.differences().index  # the same every month: nothing to test


def test_a_change_costs_what_is_sold_and_what_is_bought():
    returns = months()
    dear, free = (
        made(returns, POLICY.replace(backtest_trading_cost=c)).replays["60/40"]
        for c in (0.01, 1e-12)
    )
    month = dear.turnover.index[3]
    lost = 1 - (1 + dear.returns[month]) / (1 + free.returns[month])
    assert lost == pytest.approx(0.02 * dear.turnover[month], abs=1e-9)


@pytest.mark.parametrize("optimizer", ["MARKOWITZ", "ERC", "ROBUST"])
def test_every_engine_has_a_record(optimizer):
    found = made(months(n=160), POLICY.replace(optimizer=optimizer))
    assert np.allclose(found.replays[ADOPTED].weights.sum(axis=1), 1.0, atol=1e-6)


def test_averages_of_the_past_are_those_of_the_months_before():
    returns = months()
    first = past_editions(returns, first="2000-01", years=10)[0]
    past = returns.loc[:"1999-12"]
    assert first.in_force == pd.Period("2000-01", "M")
    assert np.allclose(first.assumptions.mu, 12 * past.mean(), atol=1e-15)
    assert np.allclose(first.errors, np.sqrt(12) * past.std(ddof=1) / np.sqrt(10), atol=1e-12)
    with pytest.raises(ValueError, match=r"2000-01: 120 months before it, fewer than 240"):
        past_editions(returns, first="2000-01", years=20)


def test_the_table_counts_years_of_trades_and_not_the_first_purchase():
    found = made(months(), POLICY)
    for name, row in found.table().iterrows():
        run = found.replays[name]
        years = len(run.returns) / 12
        assert row["turnover"] == pytest.approx(sum(run.turnover[1:]) / years)
        away = run.returns - run.returns.mean()
        worth = run.returns.mean() - found.risk_aversion / 2 * (away**2).mean()
        assert row["worth"] == pytest.approx(12 * worth)


def test_the_table_is_what_each_rule_held_and_earned():
    found = made(months())
    for name, row in found.table().iterrows():
        run = found.replays[name]
        share = np.mean([sum(w[label] for label in EQUITY) for _, w in run.weights.iterrows()])
        assert row["equity"] == pytest.approx(share)
        years = len(run.returns) / 12
        assert row["earned"] == pytest.approx((1 + run.returns).prod() ** (1 / years) - 1)
        assert row["volatility"] == pytest.approx(12**0.5 * run.returns.std(ddof=1))
    assert found.table().loc["60/40", "equity"] == pytest.approx(0.6)
    assert found.table().loc["equal weights", "equity"] == pytest.approx(0.5)


def edition_of(day, labels):
    """An edition of no more than its day and its classes."""
    n = len(labels)
    told = Assumptions(labels, np.full(n, 0.04), 0.01 * np.eye(n))
    nothing = pd.DataFrame(columns=list(labels), index=pd.PeriodIndex([], freq="M"))
    return Edition(str(day), pd.Timestamp(day), told, nothing, pd.Series(dtype=float))


FIVE = ("cash", "us_core_bonds", "us_large_equity", "us_small_equity", "intl_dev_equity")


def test_the_market_of_a_day_is_the_last_that_was_known_on_it():
    """On the day of each figure, the day before the next, and for no figure to come."""
    ours = plan.read()
    whole = Reference(POLICY["reference_portfolio"], ours.equity_classes)
    shares = data.table("world_equity_us_share")["us_share"]
    days = list(pd.to_datetime(shares.index))
    assert len(set(shares)) == len(shares) > 2
    for k, share in enumerate(shares):
        until = days[k + 1] - pd.Timedelta(days=1) if k + 1 < len(days) else days[k]
        for day in (days[k], until):
            found = _market(whole, edition_of(day, FIVE))
            held = found.weights
            assert sum(held.values()) == pytest.approx(1)
            equity = sum(held[name] for name in FIVE[2:])
            assert equity == pytest.approx(whole.equity_share)
            home = held["us_large_equity"] + held["us_small_equity"]
            assert home / equity == pytest.approx(share)
            assert held["us_large_equity"] / home == pytest.approx(LARGE)
    few = _market(whole, edition_of(days[0], FIVE[:4]))
    assert "intl_dev_equity" not in few.weights
    assert few.equity_share == pytest.approx(whole.equity_share)


def test_a_past_default_is_that_of_somebody_who_retires_when_the_record_ends():
    ours = plan.read()
    whole = Reference(POLICY["reference_portfolio"], ours.equity_classes)
    end = pd.Period("2025-12", "M")
    returns = pd.DataFrame(index=pd.period_range("1990-01", end, freq="M"))
    rule = _rivals(ours, whole, returns)["the plan's default"]
    for before in (0, 6, 17, 30):
        first = (end - 12 * before).to_timestamp(how="start")
        edition = edition_of(first - pd.Timedelta(days=1), FIVE)
        assert edition.in_force == end - 12 * before
        assert rule(edition) == equity_share(ours)[date_for(ours, before)]
    assert len({default_equity(ours, float(y)) for y in (0, 6, 17, 30)}) > 2
