"""Puts: textbook prices, parity, and a rolled hedge counted by hand."""

import numpy as np
import pandas as pd
import pytest

from portlib.construction.alternatives import tail_hedge as th


@pytest.fixture
def months():
    """SYNTHETIC months."""
    index = pd.date_range("2000-01-31", periods=60, freq="ME")
    rng = np.random.default_rng(1)
    equity = pd.Series(rng.normal(0.005, 0.05, 60), index)
    equity.iloc[40:44] = -0.12
    return equity, pd.Series(0.002, index)


def test_published_prices():
    """Hull: stock 42, strike 40, r = 10%, volatility 20%, six months: the put costs 0.81."""
    assert 42 * th.put_price(40 / 42, 0.5, 0.2, 0.10) == pytest.approx(0.81, abs=0.005)


def test_a_put_is_the_expected_payment_under_its_own_law():
    z = np.random.default_rng(2).standard_normal(400_000)
    end = np.exp((0.03 - 0.5 * 0.2**2) + 0.2 * z)
    drawn = np.exp(-0.03) * np.maximum(0.8 - end, 0)
    error = drawn.std() / np.sqrt(len(z))
    assert abs(drawn.mean() - th.put_price(0.8, 1.0, 0.2, 0.03)) < 4 * error


def test_a_period_counted_by_hand(months):
    equity, bills = months
    table = th.rolled(equity, bills, strike=0.9, markup=1.2)
    assert len(table) == 2
    row = table.iloc[0]
    volatility = 1.2 * equity.iloc[:36].std(ddof=1) * np.sqrt(12)
    premium = th.put_price(0.9, 1.0, volatility, np.log(1.002) * 12)
    grown = (1 + equity.iloc[36:48]).prod()
    assert row["premium"] == pytest.approx(premium)
    assert row["hedged"] == pytest.approx(max(grown, 0.9) / (1 + premium) - 1)
    assert row["paid"] == pytest.approx(0.9 - grown)


def test_nothing_after_the_purchase_moves_the_premium(months):
    equity, bills = months
    later = equity.copy()
    later.iloc[36:] = 0.01
    before, after = (th.rolled(e, bills, strike=0.8, markup=1.0) for e in (equity, later))
    assert before["premium"].iloc[0] == after["premium"].iloc[0]


def test_through_a_window_of_a_period_is_that_period(months):
    equity, bills = months
    first, last = equity.index[36], equity.index[47]
    whole = th.rolled(equity, bills, strike=0.8, markup=1.3).iloc[0]
    got = th.through(equity, bills, f"{first:%Y-%m}", f"{last:%Y-%m}", strike=0.8, markup=1.3)
    assert got[["equity", "hedged", "premium", "paid"]].tolist() == pytest.approx(
        whole[["equity", "hedged", "premium", "paid"]].tolist()
    )
    with pytest.raises(ValueError, match="must come before"):
        th.through(equity, bills, "2000-05", "2000-08", strike=0.8, markup=1.0)


@pytest.mark.parametrize("measure", [th.worst_period, th.worst_drawdown])
def test_less_equity_is_as_bad_at_its_worst_and_no_worse(months, measure):
    table = th.rolled(*months, strike=0.9, markup=1.1)
    share = th.less_equity_for(table, measure)
    mixed = share * table["equity"] + (1 - share) * table["bills"]
    assert 0 < share < 1
    assert measure(mixed) == pytest.approx(measure(table["hedged"]))
    dear = table.assign(hedged=-0.9)
    assert th.less_equity_for(dear, measure) == 1


def test_gaps_are_refused(months):
    equity, bills = months
    with pytest.raises(ValueError, match="same months"):
        th.rolled(equity.iloc[1:], bills, strike=0.8, markup=1.0)
    with pytest.raises(ValueError, match="volatility is 0: give a number above 0"):
        th.put_price(0.8, 1.0, 0.0, 0.02)


def test_bills_compound_and_puts_in_a_row_are_summed_and_grown(months):
    """A window of two puts: returns multiply, premiums and payments add up."""
    equity, bills = months
    table = th.rolled(equity, bills, strike=0.9, markup=1.2)
    assert table["bills"].tolist() == pytest.approx([1.002**12 - 1] * 2)
    assert table["equity"].iloc[0] == pytest.approx((1 + equity.iloc[36:48]).prod() - 1)
    first, last = f"{equity.index[36]:%Y-%m}", f"{equity.index[59]:%Y-%m}"
    got = th.through(equity, bills, first, last, strike=0.9, markup=1.2)
    assert got["premium"] == pytest.approx(table["premium"].sum())
    assert got["paid"] == pytest.approx(table["paid"].sum())
    for way in ("equity", "hedged"):
        assert got[way] == pytest.approx((1 + table[way]).prod() - 1)
