"""Sustainable rates: by simulation, and against the studies that made them known."""

import numpy as np
import pandas as pd
import pytest

from portlib.history import long_record, open_record
from portlib.retirement import cases as rows
from portlib.retirement.cases import balanced
from portlib.retirement.household import Household
from portlib.retirement.retirement_income import withdrawal_rates as wr
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate
from portlib.retirement.spending_rules import FixedReal

PRICES = np.exp(np.log(open_record()["cpi_u"].values).interpolate()).pct_change()
EQUITY = long_record()["us_market"].values
CORPORATE = pd.DataFrame(
    {"equity": EQUITY, "bonds": long_record()["aaa_corporate"].values, "inflation": PRICES}
).dropna()
TREASURY = pd.DataFrame(
    {"equity": EQUITY, "bonds": open_record()["treasury_5y"].values, "inflation": PRICES}
).dropna()
#: Cooley, Hubbard and Walz (1998), table 1: success in percent of 41 starts, 1926 to 1966, thirty
#: years, fixed dollars, rates of 3 to 12%.
TRINITY = {
    1.00: [100, 98, 95, 90, 85, 78, 68, 54, 49, 34],
    0.75: [100, 100, 98, 95, 88, 73, 54, 46, 37, 24],
    0.50: [100, 100, 100, 98, 90, 51, 37, 15, 0, 0],
    0.25: [100, 100, 100, 100, 32, 5, 0, 0, 0, 0],
    0.00: [100, 100, 51, 27, 0, 0, 0, 0, 0, 0],
}


def test_the_worst_start_is_the_one_that_accounts_of_bengen_give() -> None:
    """Bengen's SAFEMAX as accounts of his work give it: 4.15% for 1966, half equity, half
    intermediate government bonds."""
    growth = wr.yearly(wr.runs(TREASURY, 0.5, 30))
    best = pd.Series(wr.sustainable_rates(growth.to_numpy(), at_end=True), index=growth.index)
    assert best.idxmin() == 1966
    assert best.min() == pytest.approx(0.0415, abs=0.0005)


def test_failures_are_among_those_the_trinity_study_counts() -> None:
    """Fixed dollars; our starts are 1949 to 1966, 18 of its 41, so that its count bounds ours.

    Percents are whole (a fifth of a start), and our corporate bonds are repriced from averages of
    yields, not Ibbotson's index: two starts of one cell may differ, and no more.
    """
    nominal = CORPORATE.assign(inflation=0.0)
    rates = [k / 100 for k in range(3, 13)]
    ours = wr.failures(nominal, rates, list(TRINITY), 30, last_start=1966)
    for mix, row in TRINITY.items():
        for k, percent in enumerate(row):
            printed = 41 * (1 - percent / 100)
            mine = ours.loc[mix, rates[k]]
            assert printed - 23 - 2.25 <= mine <= printed + 2.25


def test_a_sustainable_rate_is_what_the_simulator_can_just_pay() -> None:
    rng = np.random.default_rng(1)
    values = np.expm1(rng.normal(0.03, 0.12, (200, 30, 2)))
    returns = Scenarios(values, ("equity", "bonds"), "made up")
    person = Household(
        age=65,
        retirement_age=65,
        balance=1e6,
        sex=None,
        last_age=95,
        social_security=False,
        spending=1.0,
    )
    lives = rows.draw(person, returns)
    mixed = 1 + values @ np.array([0.6, 0.4])
    best = wr.sustainable_rates(mixed)
    case = rows.of_households([person] * 2, balanced(0.6), names=["below", "above"])
    for k in range(5):
        rules = [FixedReal(best[k] * 0.9999), FixedReal(best[k] * 1.0001)]
        out = simulate(case, lives.part(slice(k, k + 1)), rules)
        assert out.depleted[:, 0].tolist() == [-1.0, 29.0]


def test_the_heat_map_falls_with_the_rate_and_with_age() -> None:
    rng = np.random.default_rng(2)
    lives = rows.Lives(
        returns=np.expm1(rng.normal(0.03, 0.12, (55, 2, 4_000))),
        last=rng.integers(10, 50, (1, 4_000)),
    )
    map_ = wr.chances(lives, [85, 95, 105], [0.03, 0.04, 0.05], [0.2, 0.6], 65)
    for table in map_.values():
        assert (table.diff().dropna() <= 0).all(axis=None)
        assert (table.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    whole = wr.lifetime_chances(lives, [0.03, 0.05], [0.6])
    fixed = rows.Lives(returns=lives.returns, last=np.full((1, 4_000), 29))
    assert wr.lifetime_chances(fixed, [0.03, 0.05], [0.6])[0.6].to_numpy() == pytest.approx(
        map_[0.6].loc[[0.03, 0.05], 95].to_numpy()
    )
    assert (whole[0.6].diff().dropna() <= 0).all()


def test_early_years_explain_more_than_later_ones_of_twice_the_number() -> None:
    rng = np.random.default_rng(3)
    lives = rows.Lives(
        returns=np.expm1(rng.normal(0.04, 0.12, (30, 2, 20_000))), last=np.zeros((1, 20_000), int)
    )
    split = wr.sequence_split(lives, 0.6, 30)
    assert split["first"] > 1.5 * split["rest"]


def test_too_little_history_is_refused() -> None:
    with pytest.raises(ValueError, match="no 70 years"):
        wr.runs(CORPORATE, 0.5, 70)


def test_runs_are_real_growth_of_the_mix_month_by_month() -> None:
    months = pd.date_range("2000-01-31", periods=24, freq="ME")
    table = pd.DataFrame({"equity": 0.10, "bonds": -0.04, "inflation": 0.05}, index=months)
    growth = wr.runs(table, 0.25, 1)
    assert list(growth.index) == [2000, 2001]
    assert growth.to_numpy() == pytest.approx((1 + 0.25 * 0.10 - 0.75 * 0.04) / 1.05)
    assert wr.yearly(growth).to_numpy() == pytest.approx((0.995 / 1.05) ** 12)


def test_failures_are_counted_start_by_start_to_the_last_that_counts() -> None:
    """A second way: each start's account, month by month, at the rate itself and a little more."""
    months = pd.date_range("1950-01-31", periods=12 * 8, freq="ME")
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {"equity": rng.normal(0.005, 0.04, 96), "bonds": 0.002, "inflation": 0.001}, index=months
    )
    starts = wr.runs(table, 0.5, 3)
    rates = [0.30, 0.34, 0.38]
    for last in (None, 1952):
        kept = starts if last is None else starts[starts.index <= last]
        expected = []
        for rate in rates:
            failed = 0
            for growth in kept.to_numpy():
                w = 1.0
                for g in growth:
                    w = (w - rate / 12) * g if w >= rate / 12 else -1.0
                failed += w < 0
            expected.append(failed)
        found = wr.failures(table, rates, [0.5], 3, last_start=last)
        assert found.loc[0.5].tolist() == expected
    best = float(wr.sustainable_rates(starts.to_numpy(), 12).min())
    assert wr.failures(table, [best], [0.5], 3).loc[0.5].tolist() == [0]


def test_what_early_years_explain_is_the_squared_correlation_of_two_draws() -> None:
    rng = np.random.default_rng(8)
    returns = np.expm1(rng.normal(0.03, 0.12, (12, 2, 500)))
    lives = rows.Lives(returns=returns, last=np.zeros((1, 500), int))
    split = wr.sequence_split(lives, 0.25, 12, first=4)
    growth = 1 + 0.25 * returns[:, 0] + 0.75 * returns[:, 1]
    level = np.vstack([np.ones(500), np.cumprod(growth, axis=0)[:-1]])
    rate = -np.log((1 / level).sum(axis=0))
    for name, part in (("first", growth[:4]), ("rest", growth[4:])):
        x = np.log(part).mean(axis=0)
        slope, level_ = np.polyfit(x, rate, 1)
        left = rate - slope * x - level_
        assert split[name] == pytest.approx(1 - left.var() / rate.var())
