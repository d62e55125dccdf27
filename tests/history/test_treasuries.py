"""Repricing: discounting every coupon, duration and convexity, and what averages do to a return."""

import numpy as np
import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history import (
    GROUPS,
    bill_returns,
    bond_returns,
    constant_maturity_returns,
    long_record,
)


def yields_frame(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame(
        {"bond": values}, index=pd.date_range("2000-01-31", periods=len(values), freq="ME")
    )


@pytest.mark.parametrize("level", [0.0, 0.01, 0.06, 0.15])
def test_an_unchanged_yield_earns_exactly_a_twelfth_of_it(level):
    assert (constant_maturity_returns(yields_frame([level] * 5), 20) == level / 12).all(axis=None)


@pytest.mark.parametrize(
    ("start", "end"), [(0.05, 0.06), (0.10, 0.08), (0.03, 0.0), (0.04, 0.0401)]
)
def test_repricing_equals_discounting_every_coupon(start, end):
    # A maturity of 20 years and a month leaves exactly 40 half-years after a month.
    times = np.arange(1, 41)
    flows = np.where(times == 40, 1 + start / 2, start / 2)
    price = (flows / (1 + end / 2) ** times).sum()
    result = constant_maturity_returns(yields_frame([start, end]), 20 + 1 / 12).iloc[0, 0]
    assert result == pytest.approx(start / 12 + price - 1, abs=1e-13)


def test_repricing_agrees_with_duration_and_convexity_on_the_real_yields():
    yields = long_record().months("aaa_yield", "baa_yield", first="1948-12", last="2017-03")
    exact = constant_maturity_returns(yields, 20)
    times = (np.arange(40, 0, -1) * 0.5)[:, None, None]
    c = yields.to_numpy()[:-1]
    move = yields.diff().to_numpy()[1:]
    present = np.where(times == 20, 1 + c / 2, c / 2) / (1 + c / 2) ** (
        2 * times
    )  # of a par bond: sums to one
    duration = (times * present).sum(axis=0) / (1 + c / 2)
    convexity = (times * (times + 0.5) * present).sum(axis=0) / (1 + c / 2) ** 2
    approximate = c / 12 - duration * move + convexity * move**2 / 2
    gap = np.abs(exact.to_numpy() - approximate)
    # What is left is the month by which the bond ages, in the duration, and the third order.
    assert (gap <= 0.003 * np.abs(duration * move) + 0.6 * 1000 * np.abs(move) ** 3 + 1e-5).all()
    assert np.median(gap) < 2e-5 < exact.abs().median().min() / 100


def test_bonds_rise_in_the_month_in_which_their_own_yield_falls():
    bonds = list(GROUPS["bonds"])
    moves = long_record().months("aaa_yield", "baa_yield").set_axis(bonds, axis=1).diff()
    history = long_record().months()[bonds]
    for bond in bonds:
        other = next(name for name in bonds if name != bond)
        assert history[bond].corr(moves[bond]) < -0.85
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[other]) - 0.02
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[bond].shift(-1)) - 0.3
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[bond].shift(1)) - 0.3


def test_bond_returns_are_smoothed_by_month_average_yields():
    # Working (1960): differences of averages of a random walk: autocorrelation 1/4, variance 2/3.
    steps = np.random.default_rng(1).standard_normal((3000, 21)).cumsum().reshape(3000, 21)
    averaged, last = np.diff(steps.mean(axis=1)), np.diff(steps[:, -1])
    assert np.corrcoef(averaged[1:], averaged[:-1])[0, 1] == pytest.approx(0.25, abs=0.06)
    assert averaged.var() / last.var() == pytest.approx(2 / 3, abs=0.06)
    history = long_record().months()
    assert all(history[bond].autocorr(1) > 0.25 for bond in GROUPS["bonds"])
    assert abs(history.us_market.autocorr(1)) < 0.1


@pytest.mark.parametrize("values", [[5.0, 5.1], [0.05, float("nan")], [0.05, -1.5]])
def test_yields_that_are_no_annual_decimals_are_refused(values):
    with pytest.raises(DataError, match=r"yields: column 'bond', 2000-0"):
        constant_maturity_returns(yields_frame(values), 20)


def test_a_maturity_of_a_month_is_refused():
    with pytest.raises(DataError, match=r"maturity_years"):
        constant_maturity_returns(yields_frame([0.05, 0.05]), 1 / 12)


def test_a_gap_in_the_yields_stays_a_gap():
    yields = yields_frame([0.05, 0.05, np.nan, 0.06, 0.06])["bond"]
    assert bond_returns(yields, 10).isna().tolist() == [False, True, True, False]


def test_a_bill_held_to_maturity_earns_its_discount():
    discount = yields_frame([0.04, 0.08])["bond"]
    earned = bill_returns(discount).loc["2000-02-29"]  # at the rate that was known in January
    # ninety-one days at this rate bring a price of 1 - 0.04 * 91 / 360 to one
    assert (1 + earned) ** (12 * 91 / 365) * (1 - 0.04 * 91 / 360) == pytest.approx(1, abs=1e-12)
