"""Daily accounts: identities, the limit of two transfers, and the monthly backtest."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship import real_plan as rp
from portlib.stewardship.real_plan import rebalanced
from portlib.stewardship.rebalancing import backtest, calendar

TARGET = pd.Series({"a": 0.6, "b": 0.4})


@pytest.fixture
def days():
    rng = np.random.default_rng(4)
    index = pd.bdate_range("2019-01-01", "2020-12-31")
    return pd.DataFrame(rng.normal(0.0003, [0.012, 0.003], (len(index), 2)), index, ["a", "b"])


def test_every_day_earns_the_weighted_return_and_never_that_of_what_was_bought(days):
    on = rp.follow(days, TARGET, rebalanced.daily(), most=None)
    assert on.returns.to_numpy() == pytest.approx((days @ TARGET).to_numpy())
    never = rp.follow(days, TARGET, rebalanced.never())
    assert (1 + never.returns).prod() == pytest.approx(float((1 + days).prod() @ TARGET))
    assert not len(never.transfers)


def test_the_monthly_account_is_that_of_the_monthly_backtest(days):
    ours = rp.follow(days, TARGET, rebalanced.calendar("month")).returns
    months = (1 + days).groupby(days.index + pd.offsets.MonthEnd(0)).prod() - 1
    theirs = backtest(months, TARGET, calendar(1)).returns
    by_month = (1 + ours).groupby(ours.index + pd.offsets.MonthEnd(0)).prod() - 1
    assert by_month.to_numpy() == pytest.approx(theirs.to_numpy())


def test_after_two_transfers_a_month_the_third_is_refused(days):
    held = rp.follow(days, TARGET, rebalanced.daily(), most=2)
    by_month = held.transfers.to_series().groupby(held.transfers.to_period("M")).size()
    assert by_month.max() == 2 and len(by_month) == 24
    assert len(held.transfers) + len(held.refused) == len(days)


def test_quarters_and_years_end_where_the_calendar_says(days):
    quarters = rp.follow(days, TARGET, rebalanced.calendar("quarter")).transfers
    assert list(quarters.month) == [3, 6, 9, 12] * 2
    assert len(rp.follow(days, TARGET, rebalanced.calendar("year")).transfers) == 2
    with pytest.raises(ValueError, match="no period 'week'"):
        rebalanced.calendar("week")


def test_drift_speaks_beyond_its_band_only(days):
    wide = rp.follow(days, TARGET, rebalanced.drift(0.05, 0.25))
    before = wide.weights.shift(1).fillna(TARGET)
    assert ((wide.weights - TARGET).abs().max(axis=1)[wide.transfers] > 0.05).all()
    assert len(before) == len(days)


def test_new_money_brings_the_account_nearer_and_is_no_return(days):
    without = rp.follow(days, TARGET, rebalanced.never())
    with_money = rp.follow(days, TARGET, rebalanced.never(), contribution=0.02)
    off = [(f.weights.iloc[-1] - TARGET).abs().max() for f in (with_money, without)]
    assert off[0] < off[1]
    assert with_money.returns.iloc[0] == without.returns.iloc[0]


def test_a_missing_day_and_a_target_that_is_not_whole_are_named(days):
    gap = days.copy()
    gap.iloc[5, 0] = np.nan
    with pytest.raises(ValueError, match="a return is missing on 2019-01-08"):
        rp.follow(gap, TARGET, rebalanced.never())
    with pytest.raises(ValueError, match=r"sums to 0\.5"):
        rp.follow(days, TARGET / 2, rebalanced.never())


def test_growth_and_fall_by_hand():
    index = pd.DatetimeIndex(["2019-01-01", "2019-07-01", "2020-01-01"])
    returns = pd.Series([0.0, -0.5, 1.2], index)
    assert rp.growth(returns) == pytest.approx(1.1 ** (365.25 / 366) - 1)
    assert rp.fall(returns) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("weights", "aim", "speaks"),
    [
        ((0.65, 0.35), (0.6, 0.4), False),
        ((0.6501, 0.3499), (0.6, 0.4), True),
        ((0.87, 0.13), (0.9, 0.1), True),  # a quarter of the smaller target, less than five points
        ((0.88, 0.12), (0.9, 0.1), False),
    ],
)
def test_drift_counts_the_lesser_of_two_bands(weights, aim, speaks):
    rule = rebalanced.drift(0.05 + 1e-12, 0.25)
    assert rule(np.array(weights), np.array(aim), "") is speaks


def test_a_longer_period_ends_the_shorter_ones_too():
    one = np.array([1.0])
    spoken = {
        period: [rebalanced.calendar(period)(one, one, ends) for ends in ("", "month", "quarter")]
        + [rebalanced.calendar(period)(one, one, "year")]
        for period in ("month", "quarter", "year")
    }
    assert spoken == {
        "month": [False, True, True, True],
        "quarter": [False, False, True, True],
        "year": [False, False, False, True],
    }


def test_an_account_with_new_money_by_hand(days):
    """Dollars by fund, followed day by day; money comes on each month's last day."""
    days, part = days.iloc[:70], 0.02
    got = rp.follow(days, TARGET, rebalanced.never(), contribution=part)
    money, ends = TARGET.to_numpy().copy(), days.index.to_series().groupby(days.index.month).max()
    for day, r in days.iterrows():
        before = money.sum()
        money = money * (1 + r.to_numpy())
        assert got.returns[day] == pytest.approx(money.sum() / before - 1)
        assert got.weights.loc[day].to_numpy() == pytest.approx(money / money.sum())
        if day in set(ends[:-1]):
            amount = part * money.sum()
            lacking = np.maximum(TARGET.to_numpy() * (money.sum() + amount) - money, 0)
            money = money + lacking * amount / lacking.sum()


def test_what_was_refused_is_named_by_its_day(days):
    held = rp.follow(days, TARGET, rebalanced.daily(), most=1)
    assert held.transfers.append(held.refused).sort_values().equals(days.index)
    first = days.index.to_series().groupby(days.index.to_period("M")).min()
    assert list(held.transfers) == list(first)


def test_a_fall_counts_from_the_start_of_the_first_day():
    index = pd.bdate_range("2019-01-01", periods=2)
    assert rp.fall(pd.Series([-0.5, 0.2], index)) == pytest.approx(0.5)
