"""The law as functions: second methods, identities that copying errors would break, and bad inputs."""

import datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import data
from portlib.retirement import taxes

YEARS = (2024, 2025, 2026)
incomes = st.floats(0, 2e6)
statuses = st.sampled_from(taxes.STATUSES)
years = st.sampled_from(YEARS)


def rows(name: str, year: int, status: str):
    table = data.table(name)
    return table[(table["year"] == year) & (table["filing_status"] == status)]


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("status", taxes.STATUSES)
@pytest.mark.parametrize("name", ["income_tax_brackets", "capital_gains_brackets"])
def test_brackets_begin_at_zero_join_and_rise(name, year, status):
    table = rows(name, year, status)
    assert table["income_from"].iloc[0] == 0
    assert list(table["income_from"].iloc[1:]) == list(table["income_to"].iloc[:-1])
    assert np.isnan(table["income_to"].iloc[-1])
    assert table["rate"].is_monotonic_increasing


@given(x=incomes, year=years, status=statuses)
@settings(max_examples=60, deadline=None)
def test_ordinary_tax_is_the_integral_of_the_marginal_rate(x, year, status):
    table = rows("income_tax_brackets", year, status)
    kinks = [0.0, *[k for k in table["income_from"].iloc[1:] if k < x], x]
    whole = 0.0
    for low, high in pairwise(kinks):
        middle = (low + high) / 2
        whole += (high - low) * float(table["rate"][table["income_from"] <= middle].iloc[-1])
    assert float(taxes.ordinary_tax(x, year=year, status=status)) == pytest.approx(whole, abs=1e-6)


def worksheet(income: float, gain: float, year: int, status: str) -> float:
    """Form 1040's worksheet for qualified dividends and gains, line by line."""
    table = rows("capital_gains_brackets", year, status)
    zero_to, fifteen_to = (float(x) for x in table["income_to"].iloc[:2])
    line5 = income - gain
    line9 = min(income, zero_to) - min(line5, zero_to)
    line10 = gain
    line12 = line10 - line9
    line14 = min(income, fifteen_to)
    line17 = min(line12, max(line14 - (line5 + line9), 0.0))
    line20 = line10 - (line9 + line17)
    line23 = (
        0.15 * line17 + 0.20 * line20 + float(taxes.ordinary_tax(line5, year=year, status=status))
    )
    return min(line23, float(taxes.ordinary_tax(income, year=year, status=status)))


@given(x=incomes, share=st.floats(0, 1), year=years, status=statuses)
@settings(max_examples=80, deadline=None)
def test_stacked_gains_are_taxed_as_the_worksheet_does(x, share, year, status):
    gain = share * x
    found = taxes.ordinary_tax(x - gain, year=year, status=status)
    found = found + taxes.gains_tax(gain, x - gain, year=year, status=status)
    assert float(found) == pytest.approx(worksheet(x, gain, year, status), abs=1e-5)


@given(pay=incomes, gain=incomes, year=years, status=statuses)
@settings(max_examples=60, deadline=None)
def test_the_whole_return_by_hand(pay, gain, year, status):
    """Deduction from pay first, then from gains; the tax on investment income on top."""
    found = taxes.income_tax(
        year=year, status=status, ordinary=pay, qualified=gain, state_rate=0.04
    )
    deduction = taxes.standard_deduction(year, status)
    taxable = max(pay + gain - deduction, 0.0)
    on_top = min(gain, taxable)
    expected = worksheet(taxable, on_top, year, status)
    threshold = {
        "single": 200e3,
        "married_joint": 250e3,
        "married_separate": 125e3,
        "head_of_household": 200e3,
    }[status]
    expected += 0.038 * min(gain, max(pay + gain - threshold, 0.0)) + 0.04 * taxable
    assert float(found.total) == pytest.approx(expected, abs=1e-4)
    assert float(found.taxable_income) == pytest.approx(taxable)


@given(benefits=st.floats(0, 60_000), other=st.floats(0, 200_000), status=statuses)
@settings(max_examples=80, deadline=None)
def test_taxable_benefits_by_publication_915(benefits, other, status):
    line2 = benefits / 2
    first, width = {"married_joint": (32_000, 12_000), "married_separate": (0, 0)}.get(
        status, (25_000, 9_000)
    )
    line10 = max(line2 + other - first, 0.0)
    line12 = max(line10 - width, 0.0)
    line13 = min(line10, width)
    line15 = min(line2, line13 / 2)
    line18 = min(line15 + 0.85 * line12, 0.85 * benefits)
    assert float(taxes.taxable_benefits(benefits, other, status=status)) == pytest.approx(
        line18, abs=1e-6
    )


def test_no_income_no_tax_and_arrays_keep_their_shape():
    tax = taxes.income_tax(year=2026, status="single", ordinary=np.zeros((2, 3)), benefits=20_000)
    assert tax.total.shape == (2, 3)
    assert not tax.total.any()


@given(
    pay=st.floats(0, 5e5),
    kind=st.sampled_from(["ordinary", "interest", "qualified", "benefits"]),
    status=statuses,
)
@settings(max_examples=60, deadline=None)
def test_more_income_never_lowers_the_tax_and_never_costs_more_than_itself(pay, kind, status):
    rate = float(
        taxes.marginal_rate(
            kind, year=2026, status=status, ordinary=pay, qualified=20_000, benefits=30_000
        )
    )
    assert -1e-9 <= rate < 1


def test_benefits_make_a_dollar_of_income_cost_more_than_its_bracket():
    rate = taxes.marginal_rate(
        "ordinary", year=2026, status="single", ordinary=30_000, benefits=30_000
    )
    assert float(rate) == pytest.approx(0.12 * 1.85)


def test_thresholds_that_are_not_indexed_shrink_in_constant_dollars():
    income = {"status": "single", "other_income": 30_000.0}
    assert taxes.taxable_benefits(20_000, price_level=2, **income) > taxes.taxable_benefits(
        20_000, **income
    )
    doubled = taxes.taxable_benefits(40_000, 60_000, status="single")
    assert 2 * taxes.taxable_benefits(20_000, price_level=2, **income) == pytest.approx(doubled)
    tax = taxes.net_investment_income_tax(50_000, 150_000, status="single", price_level=2)
    assert float(tax) == pytest.approx(0.038 * 50_000)


def test_limits_by_age():
    law = {age: taxes.limits(2026, age) for age in (49, 50, 59, 60, 63, 64)}
    assert [law[a].catch_up for a in law] == [0, 8000, 8000, 11250, 11250, 8000]
    assert law[49].employee == 24_500
    assert law[60].employee == 35_750
    assert law[50].ira - law[49].ira == 1_100
    # IRC 414(v)(7): not in force before the contributions of 2026, which test the wages of 2025
    assert all(np.isnan(taxes.limits(year, 40).roth_catch_up_wages) for year in (2024, 2025))
    assert taxes.limits(2026, 40).roth_catch_up_wages == 150_000
    assert taxes.limits(2024, 61).catch_up == 7_500


@pytest.mark.parametrize(
    ("pay", "rate", "age", "employee", "employer"),
    [
        (100_000, 0.05, 40, 5_000, 4_000),  # 3% matched in full, 2% by half
        (100_000, 0.02, 40, 2_000, 2_000),
        (100_000, 0.00, 40, 0, 0),
        (400_000, 0.50, 40, 24_500, 14_400),  # pay counts to 360,000: 4% of it
        (400_000, 0.50, 61, 35_750, 14_400),
        (20_000, 1.00, 40, 20_000, 0),  # 415(c): no more than pay
        (0, 0.10, 40, 0, 0),
    ],
)
def test_contributions_by_hand(pay, rate, age, employee, employer):
    match = [{"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05}]
    found = taxes.contribution(pay, rate, match, year=2026, age=age)
    assert (found.employee, found.employer) == pytest.approx((employee, employer))


def test_annual_additions_bind_on_the_employer_and_spare_catch_up():
    match = [{"rate": 3.0, "up_to": 0.25}]
    assert taxes.contribution(450_000, 0.5, match, year=2026, age=40).total == 72_000
    assert taxes.contribution(450_000, 0.5, match, year=2026, age=62).total == 72_000 + 11_250


@given(pay=st.floats(0, 6e5), rate=st.floats(0, 1), age=st.integers(20, 75), year=years)
@settings(max_examples=60, deadline=None)
def test_no_contribution_exceeds_the_law(pay, rate, age, year):
    law = taxes.limits(year, age)
    found = taxes.contribution(pay, rate, [{"rate": 2.0, "up_to": 0.10}], year=year, age=age)
    assert 0 <= found.employee <= min(law.employee, pay) + 1e-9
    assert found.employer >= 0
    assert found.total <= max(min(law.annual_additions, pay), found.employee) + law.catch_up + 1e-6


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (1948, 70.5),
        (1950, 72),
        (1951, 73),
        (1959, 73),
        (1960, 75),
        (1999, 75),
        (datetime.date(1949, 6, 30), 70.5),
        (datetime.date(1949, 7, 1), 72),
    ],
)
def test_start_age_by_birth(born, age):
    assert taxes.rmd_start_age(born) == age


def test_required_minimum_distributions():
    assert float(taxes.required_minimum_distribution(500_000, 73, 1953)) == pytest.approx(
        18_868, abs=0.5
    )
    assert not taxes.required_minimum_distribution([1e6, 2e6], 74, 1960).any()
    assert float(taxes.required_minimum_distribution(100.0, 125, 1960)) == pytest.approx(50)
    assert (np.diff(taxes.distribution_period(np.arange(72, 121))) < 0).all()


def test_bad_inputs_are_refused_by_name():
    with pytest.raises(ValueError, match="no filing status 'widow'"):
        taxes.ordinary_tax(1, year=2026, status="widow")
    with pytest.raises(ValueError, match="no table for 2031, only 2024 to 2026"):
        taxes.income_tax(year=2031, status="single", ordinary=1)
    with pytest.raises(ValueError, match="no table for 2031"):
        taxes.limits(2031, 40)
    with pytest.raises(
        ValueError, match="of 2027: not announced when this was checked, 2026-11-28"
    ):
        taxes.limits(2027, 40)
    with pytest.raises(
        ValueError, match=r"standard_deduction of 2027: announced in Rev. Proc. 2026-35"
    ):
        taxes.income_tax(year=2027, status="single", ordinary=1)
    with pytest.raises(ValueError, match=r"income_tax_brackets of 2027: announced .* 2026-11-28"):
        taxes.ordinary_tax(1, year=2027, status="single")
    with pytest.raises(ValueError, match="interest income must be zero or more"):
        taxes.income_tax(year=2026, status="single", interest=-1)
    with pytest.raises(ValueError, match="taxable income must be zero or more"):
        taxes.ordinary_tax(np.nan, year=2026, status="single")
    with pytest.raises(ValueError, match="pay must be zero or more"):
        taxes.contribution(-1, 0.1, [], year=2026, age=30)
    with pytest.raises(ValueError, match="begins at age 72"):
        taxes.distribution_period(71)
