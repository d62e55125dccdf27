"""Balances and trades as a record keeper files them: weights, drift, latency and slippage."""

import re

import pandas as pd
import pytest

from portlib.inputs import accounts
from portlib.stewardship.monitoring import trade_quality
from portlib.tables import Findings, Text

BALANCES = """date,participant,fund,balance
2026-06-30,P1,A,"1,000"
2026-06-30,P1,B,$500
2026-06-30,P2,A,500
2026-07-31,P1,A,900
2026-07-31,P1,B,600
"""
TRADES = """trade,fund,side,shares,decided,ordered,settled,decision_price,price
T1,A,buy,10,2026-07-01,2026-07-02,2026-07-06,10.00,10.05
T2,B,sell,5,2026-07-03,2026-07-03,2026-07-07,20.00,19.90
"""


def test_balances_become_weights_and_drift():
    found = Findings()
    own = accounts.make_holdings(Text("account_holdings.csv", BALANCES), ["A", "B"], found, {})
    assert not len(found)
    assert own.weights.loc["2026-06-30"].to_dict() == pytest.approx({"A": 0.75, "B": 0.25})
    assert own.of("P1").loc["2026-07-31"].to_dict() == pytest.approx({"A": 0.6, "B": 0.4})
    drift = own.drift(pd.Series({"A": 0.7, "C": 0.3})).loc["2026-06-30"]
    assert drift.to_dict() == pytest.approx({"A": 0.05, "B": 0.25, "C": -0.3})


def test_trades_are_measured():
    found = Findings()
    own = accounts.make_trades(Text("trades.csv", TRADES), ["A", "B"], found, {})
    assert not len(found)
    seen = own.measured
    assert seen.loc["T1", "slippage"] == pytest.approx(0.005)
    assert seen.loc["T2", "slippage"] == pytest.approx(0.005)  # had less than when decided
    assert seen.loc["T1", ["to_order", "to_settlement"]].to_list() == [1, 2]  # a weekend between
    assert seen.loc["T2", "dollars"] == pytest.approx(99.5)
    quality = trade_quality(own.events)
    paid = 10 * 0.05 + 5 * 0.10
    assert quality["slippage"].to_list() == pytest.approx([paid / 200])
    assert quality["settlement days"].to_list() == [3.0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P2,A,500", ",A,500", "2026-06-30: some rows name a participant, others none"),
        ("P1,B,$500", "P1,A,$500", "line 3: fund 'A' has two balances"),
        ("P1,B,$500", "P1,B,-500", "line 3: balance '-500' is not between 0"),
        ("P1,B,$500", "P1,X,$500", "line 3: fund 'X' is none of the lineup"),
    ],
)
def test_each_fault_of_balances_is_named(old, new, message):
    found, text = Findings(), BALANCES.replace(old, new)
    assert text != BALANCES
    made = accounts.make_holdings(Text("account_holdings.csv", text), ["A", "B"], found, {})
    assert made is None
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("T2,B", "T1,B", "line 3: trade 'T1' is given twice"),
        ("2026-07-02", "2026-06-30", "line 2: trade 'T1' was ordered before it was decided"),
        ("2026-07-06", "2026-07-01", "line 2: trade 'T1' was settled before it was ordered"),
        ("19.90", "1.99", "line 3: trade 'T2' has a price more than half away"),
        ("sell", "sold", "side 'sold' is none of buy, sell; did you mean 'sell'"),
    ],
)
def test_each_fault_of_trades_is_named(old, new, message):
    found, text = Findings(), TRADES.replace(old, new)
    assert text != TRADES
    assert accounts.make_trades(Text("trades.csv", text), ["A", "B"], found, {}) is None
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]


def test_another_column_decides_how_numbers_and_dates_are_read():
    head = "trade;fund;side;shares;decided;ordered;settled;decision_price;price\n"
    row = "T1;A;sell;1.500;10.06.2026;10.06.2026;15.06.2026;31,20;31,15\n"
    found = Findings()
    trades = accounts.make_trades(Text(accounts.TRADES, head + row), ["A"], found, {})
    assert not found.refused
    assert trades is not None
    assert trades.table["shares"].tolist() == [1500.0]
    assert f"{trades.table['decided'].iloc[0]:%Y-%m-%d}" == "2026-06-10"


def test_points_that_could_part_thousands_of_dollars_are_refused():
    found = Findings()
    text = "date;fund;balance\n2026-05-31;A;520.000\n2026-05-31;B;310.000\n"
    assert accounts.make_holdings(Text(accounts.FILE, text), ["A", "B"], found, {}) is None
    assert "may be 520 (decimal point) or 520000 (decimal comma)" in str(found.refused[0])
    commas = {accounts.FILE: {"decimal": "comma"}}
    made = accounts.make_holdings(Text(accounts.FILE, text), ["A", "B"], Findings(), commas)
    assert made is not None
    assert made.balances.to_numpy().sum() == 830000
