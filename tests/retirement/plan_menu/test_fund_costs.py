"""Who is paid what, what restricts an option, how costs compare, what they take from a career."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from portlib import data
from portlib.retirement.plan_menu import fund_costs
from tests.retirement.plan_menu.cases import AWKWARD, BOTH, EXAMPLE, with_rules


@pytest.mark.parametrize("plan", BOTH)
def test_the_ledger_reconciles_person_by_person(plan):
    table = fund_costs.ledger(plan)
    paid = sum(
        plan.participants["balance"].iloc[i]
        * (plan.holdings.iloc[i] * plan.funds["expense_ratio"]).sum()
        for i in range(len(plan.participants))
    )
    assert table["paid"].sum() == pytest.approx(paid)
    assert table["held"].sum() == pytest.approx(plan.assets)
    assert np.allclose(table["passed_on"] + table["kept"], table["paid"])
    assert (table["of_it_12b1"] <= table["passed_on"] + 1e-9).all()


def test_the_chart_shows_every_restriction():
    chart = fund_costs.comparative_chart(EXAMPLE)
    assert (chart["per_1000"] == 1000 * chart["expense_ratio"]).all()
    said = chart["restrictions"]
    assert "frozen" in said["COSTK"]
    assert str(EXAMPLE.rules["stable_value"]["equity_wash_days"]) in said["STABLE"]
    assert "STABLE" in said["GOVMM"]
    for fund, days in EXAMPLE.rules["trading"]["round_trip_days"].items():
        assert f"{days} days of a sale" in said[fund]
    assert "30 days of a purchase" in said["HYACT"]
    assert said["LCIDX"] == ""


def test_funds_are_compared_with_the_latest_average_of_their_kind():
    table, fees = fund_costs.compared(EXAMPLE), data.table("fund_fees")
    equity = fees[(fees["group"] == "plan_equity_funds") & (fees["year"] == 2024)][
        "expense_ratio"
    ].iloc[0]
    assert table.loc["LGACT", "average"] == equity
    assert table.loc["LGACT", "premium"] == pytest.approx(
        EXAMPLE.funds.loc["LGACT", "expense_ratio"] - equity
    )
    assert list(table.loc[["BNDIDX", "TDIDX"], "group"]) == ["bond", "hybrid"]
    assert table.loc[["STABLE", "COSTK", "GOVMM"], "average"].isna().all()
    assert fund_costs.compared(AWKWARD).loc["BALANC", "group"] == "hybrid"
    assert table["premium"].dropna().is_monotonic_decreasing


def test_findings_about_the_default():
    assert fund_costs.default_findings(EXAMPLE) == []
    fund = EXAMPLE.rules["default"]
    trading = {**EXAMPLE.rules["trading"], "transfers_per_quarter": 0}
    assert len(fund_costs.default_findings(with_rules(EXAMPLE, trading=trading))) == 1
    trading = {**EXAMPLE.rules["trading"], "minimum_holding_days": {fund: 5}}
    assert len(fund_costs.default_findings(with_rules(EXAMPLE, trading=trading))) == 1
    assert fund_costs.default_findings(with_rules(EXAMPLE, default="COSTK")) == [
        "the default is employer stock"
    ]
    assert fund_costs.default_findings(with_rules(EXAMPLE, default=None)) == [
        "the plan names no default"
    ]


@settings(max_examples=30)
@given(
    st.floats(0, 0.02),
    st.floats(-0.01, 0.06),
    st.integers(5, 45),
    st.integers(5, 35),
    st.floats(0, 200),
)
def test_fee_drag_against_an_account_kept_year_by_year(fee, growth, years, retired, recordkeeping):
    row = fund_costs.fee_drag(
        {"it": fee},
        contribution=5000,
        growth=growth,
        years=years,
        retired=retired,
        recordkeeping=recordkeeping,
    )
    free = balance = 0.0
    for _ in range(years):
        free = free * (1 + growth) + 5000
        balance = balance * (1 + growth) * (1 - fee) + 5000 - recordkeeping
    assert row.loc["it", "balance"] == pytest.approx(balance)
    assert row.loc["no cost", "lasts"] == pytest.approx(retired)
    spending = optimize.brentq(
        lambda s: (
            free * (1 + growth) ** retired - s * sum((1 + growth) ** t for t in range(retired))
        ),
        0,
        free * 2,
    )
    lasted = 0
    while balance >= spending / ((1 + growth) * (1 - fee)) - 1e-9 and lasted < retired + 1:
        balance, lasted = balance * (1 + growth) * (1 - fee) - spending, lasted + 1
    assert (
        row.loc["it", "lasts"] - 1 - 1e-6 <= lasted <= row.loc["it", "lasts"] + 1e-6
        or lasted > retired
    )


@pytest.mark.parametrize(
    "wrong", [{"contribution": 10.0, "recordkeeping": 20.0}, {"years": 0}, {"growth": -1.0}]
)
def test_fee_drag_refuses_careers_that_are_none(wrong):
    with pytest.raises(ValueError, match="give a growth"):
        fund_costs.fee_drag(
            {}, **({"contribution": 1000.0, "growth": 0.03, "years": 30, "retired": 20} | wrong)
        )


def test_fee_drag_refuses_percentages():
    with pytest.raises(ValueError, match=r"fee of dear is 1.5: .* in percent"):
        fund_costs.fee_drag({"dear": 1.5}, contribution=1000.0, growth=0.03, years=30, retired=20)


def test_what_is_passed_on_is_the_larger_of_two_that_may_be_one():
    """A revenue share may be paid out of the 12b-1 fee: adding them would count dollars twice."""
    fund = EXAMPLE.funds["expense_ratio"].idxmax()
    for fees in ((0.0025, 0.001), (0.001, 0.0025), (0.0, 0.0)):
        funds = EXAMPLE.funds.copy()
        funds.loc[fund, ["fee_12b1", "revenue_share"]] = fees
        row = fund_costs.ledger(replace(EXAMPLE, funds=funds)).loc[fund]
        assert row["passed_on"] == pytest.approx(max(fees) * row["held"])
        assert row["of_it_12b1"] == pytest.approx(fees[0] * row["held"])
        assert row["kept"] == pytest.approx(row["paid"] - row["passed_on"])
