"""The published market portfolio: what its publisher prints, and what becomes of it."""

import pytest

from portlib import data
from portlib.estimation.market_portfolio import market_portfolio

#: The publisher's own weights in percent, Figure 1 of its page, to the digit printed.
PRINTED = {
    "equities": 43.6,
    "government bonds": 21.1,
    "investment-grade credit": 9.1,
    "inflation-linked bonds": 1.5,
    "high-yield bonds": 0.9,
    "emerging-market debt": 4.5,
    "securitised debt": 5.0,
    "convertibles": 0.2,
    "real estate": 3.5,
    "private equity": 5.0,
    "private debt": 1.0,
    "gold": 4.5,
}


def test_our_weights_are_the_publishers_to_the_digit_printed() -> None:
    rows = data.table("market_portfolio").query("scope == 'investable market'")
    ours = rows.set_index("component")["weight"]
    assert set(ours.index) == set(PRINTED)
    for component, percent in PRINTED.items():
        assert ours[component] * 100 == pytest.approx(percent, abs=0.05 + 1e-9), component


def test_it_is_a_portfolio_at_every_equity_share() -> None:
    market = market_portfolio()
    assert market.equity.sum() == pytest.approx(1)
    assert market.bonds.sum() == pytest.approx(1)
    for share in (0.0, 0.3, market.equity_share, 1.0):
        held = market.at(share)
        assert held.sum() == pytest.approx(1)
        assert held[market.equity.index].sum() == pytest.approx(share)
    with pytest.raises(ValueError, match="between 0 and 1, not 40"):
        market.at(40)


def test_the_split_by_hand() -> None:
    """Without the groupings of the module: region times size, read off the file line by line."""
    market = market_portfolio()
    regions, sizes = 0.586 + 0.266 + 0.108, 0.863 + 0.080 + 0.014
    assert market.equity["us_large_equity"] == pytest.approx(0.586 / regions * 0.863 / sizes)
    assert market.equity["us_small_equity"] == pytest.approx(0.586 / regions * 0.094 / sizes)
    assert market.equity["em_equity"] == pytest.approx(0.108 / regions)
    bonds = 40315 + 17468 + 9563 + 2874 + 1774
    assert market.bonds["us_tips"] == pytest.approx(2874 / bonds, abs=1e-4)
    assert market.equity_share == pytest.approx(83375 / (83375 + bonds), abs=1e-4)
    assert market.offered == pytest.approx((83375 + bonds) / 191231, abs=1e-4)
