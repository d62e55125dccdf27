"""Building blocks against the cash flows they stand for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.estimation.capital_market_assumptions import building_blocks

few = settings(max_examples=40)


@given(
    st.floats(0, 0.06),
    st.floats(-0.02, 0.05),
    st.floats(-0.01, 0.08),
    st.floats(-0.05, 0.05),
    st.sampled_from([1, 10]),
)
@few
def test_equity_blocks_are_what_an_owner_of_the_cash_flows_earns(
    dividend_yield, growth, inflation, change, years
):
    change = change if years == 1 else 0.0
    blocks = building_blocks.equity_building_blocks(dividend_yield, growth, inflation, change)
    dividend, multiple, wealth = (
        4.0 * dividend_yield,
        1.0 / 0.04,
        1.0,
    )  # price = multiple x a base of 4
    base = 4.0 * 0.04
    for _ in range(years):
        now, base = multiple * base, base * (1 + growth) * (1 + inflation)
        multiple *= 1 + change
        wealth *= (multiple * base + dividend) / now
        dividend *= (1 + growth) * (1 + inflation)
    assert wealth ** (1 / years) - 1 == pytest.approx(blocks["total"], abs=1e-12)
    assert blocks.drop("total").sum() == pytest.approx(blocks["total"], abs=1e-15)


def test_bond_blocks_are_what_a_pool_of_defaulting_bonds_earns():
    rng = np.random.default_rng(5)
    defaults = rng.random(400_000) < 0.04
    earned = 0.07 - defaults * (1 - 0.4)
    block = building_blocks.bond_building_blocks(0.07, default_rate=0.04, recovery=0.4)
    assert block["total"] == pytest.approx(0.046, abs=1e-15)
    assert abs(earned.mean() - block["total"]) < 4 * earned.std() / np.sqrt(len(earned))


@pytest.mark.parametrize(
    "rates", [{"default_rate": -0.01}, {"default_rate": 3.0}, {"recovery": 40.0}]
)
def test_bond_blocks_refuse_percentages(rates):
    with pytest.raises(ValueError, match="between 0 and 1"):
        building_blocks.bond_building_blocks(0.07, **rates)


def test_cash_plus_premium_adds():
    assert building_blocks.cash_plus_premium(0.036, 0.03)["total"] == pytest.approx(0.066)
