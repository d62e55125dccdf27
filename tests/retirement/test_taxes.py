"""The law as functions: second methods, identities that copying errors would break, and bad
inputs."""

import datetime
import hashlib
import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
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
@settings(max_examples=60)
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
@settings(max_examples=80)
def test_stacked_gains_are_taxed_as_the_worksheet_does(x, share, year, status):
    gain = share * x
    found = taxes.ordinary_tax(x - gain, year=year, status=status)
    found = found + taxes.gains_tax(gain, x - gain, year=year, status=status)
    assert float(found) == pytest.approx(worksheet(x, gain, year, status), abs=1e-5)


@given(pay=incomes, gain=incomes, year=years, status=statuses)
@settings(max_examples=60)
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
@settings(max_examples=80)
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
@settings(max_examples=60)
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
@settings(max_examples=60)
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


# ---- from age 65 ---------------------------------------------------------------------------------


def test_a_couple_past_65_pays_what_the_law_asks():
    """40,000 of withdrawals and 35,200 of benefits: 2,547 without the deductions, 1,006 with
    them."""
    incomes = dict(year=2026, status="married_joint", ordinary=40_000, benefits=35_200)
    assert float(taxes.income_tax(**incomes).total) == pytest.approx(2_547.2)
    assert float(taxes.income_tax(**incomes, over_65=2).total) == pytest.approx(1_006.0)
    ended = taxes.income_tax(**incomes, over_65=2, in_force=2029)
    assert (
        float(ended.taxable_income - taxes.income_tax(**incomes, over_65=2).taxable_income)
        == 12_000
    )


def test_deductions_from_65_by_status_and_phase_out():
    assert taxes.standard_deduction(2026, "single", over_65=1) == 16_100 + 2_050
    assert taxes.standard_deduction(2026, "married_joint", over_65=2) == 32_200 + 3_300
    rule = dict(year=2026, over_65=1)
    faded = taxes.senior_deduction([75_000, 100_000, 175_000, 1e6], status="single", **rule)
    assert faded == pytest.approx([6_000, 4_500, 0, 0])
    joint = taxes.senior_deduction([160_000.0], year=2026, status="married_joint", over_65=2)
    assert joint == pytest.approx([2 * (6_000 - 600)])
    assert taxes.senior_deduction(0.0, status="married_separate", **rule) == 0
    assert taxes.senior_deduction(0.0, year=2024, status="single", over_65=1) == 0


def test_exempt_interest_is_not_taxed_and_makes_benefits_taxable():
    quiet = dict(year=2026, status="single", ordinary=20_000, benefits=20_000)
    more = taxes.income_tax(**quiet, exempt_interest=10_000)
    assert float(more.gross_income - taxes.income_tax(**quiet).gross_income) == pytest.approx(
        float(
            taxes.taxable_benefits(20_000, 30_000, status="single")
            - taxes.taxable_benefits(20_000, 20_000, status="single")
        )
    )


def test_a_net_loss_owes_no_investment_tax():
    assert float(taxes.net_investment_income_tax(-50_000, 400_000, status="single")) == 0


def test_medicare_adds_in_steps():
    few = dict(year=2026, status="single")
    owed = taxes.medicare_premiums([0, 109_000, 109_001, 205_001, 500_000, 2e6], **few)
    assert owed == pytest.approx(12 * np.array([0, 0, 95.7, 529.6, 578.0, 578.0]))
    joint = taxes.medicare_premiums(218_001, year=2026, status="married_joint", people=2)
    assert float(joint) == pytest.approx(2 * 12 * 95.7)
    with pytest.raises(ValueError, match="medicare_adjustment: no table for 2025"):
        taxes.medicare_premiums(1e5, year=2025, status="single")


def test_early_withdrawals_cost_a_tenth():
    assert float(taxes.early_withdrawal_tax(10_000, 59.4)) == 1_000
    assert float(taxes.early_withdrawal_tax(10_000, 59.5)) == 0
    assert float(taxes.early_withdrawal_tax(10_000, 56, left_employer_at=55)) == 0
    assert float(taxes.early_withdrawal_tax(10_000, 56, left_employer_at=54)) == 1_000


def test_a_conversion_costs_its_tax_and_what_medicare_adds():
    house = dict(year=2026, status="married_joint", ordinary=200_000, over_65=2)
    plain = taxes.conversion_cost(50_000, **house)
    assert plain == pytest.approx(
        float(
            taxes.income_tax(**{**house, "ordinary": 250_000}).total
            - taxes.income_tax(**house).total
        )
        / 50_000
    )
    dear = taxes.conversion_cost(50_000, premiums={"year": 2026, "people": 2}, **house)
    assert dear == pytest.approx(plain + 2 * 12 * 95.7 / 50_000)


def test_exempt_interest_counts_in_what_a_conversion_costs_at_medicare():
    """Modified income is adjusted gross income and exempt interest (42 USC 1395r(i)(4))."""
    house = dict(year=2026, status="single", ordinary=60_000, over_65=1)
    premiums = {"year": 2026, "people": 1}
    plain = taxes.conversion_cost(40_000, premiums=premiums, **house)
    more = taxes.conversion_cost(40_000, premiums=premiums, exempt_interest=20_000, **house)
    assert more == pytest.approx(plain + 12 * 95.7 / 40_000)


def test_high_wages_of_the_year_before_catch_up_to_roth_only():
    found = taxes.contribution(450_000, 0.5, [], year=2026, age=55)
    assert (found.employee, found.roth_only) == (32_500, 8_000)
    assert found.before_tax(0.0) == 24_500 and found.before_tax(0.5) == 16_250
    none = taxes.contribution(450_000, 0.5, [], year=2026, age=55, roth_offered=False)
    assert none.employee == 24_500
    newly = taxes.contribution(450_000, 0.5, [], year=2026, age=55, wages_before=100_000)
    assert newly.before_tax(0.0) == 32_500


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: taxes.income_tax(year=2026, status="single", state_rate=5), "in percent"),
        (lambda: taxes.income_tax(year=2026, status="single", benefits=-1), "benefits income"),
        (lambda: taxes.income_tax(year=2026, status="single", ordinary=np.nan), "ordinary income"),
        (lambda: taxes.income_tax(year=2026, status="single", over_65=2), "0 to 1 people"),
        (lambda: taxes.income_tax(year=2026, status="single", price_level=0), "price_level"),
        (lambda: taxes.limits(2026, 63.5), "whole"),
        (
            lambda: taxes.contribution(5e4, 0.1, [{"rate": 50, "up_to": 6}], year=2026, age=40),
            "percent",
        ),
        (lambda: taxes.contribution(np.inf, 0.1, [], year=2026, age=40), "pay"),
        (lambda: taxes.early_withdrawal_tax(-1, 50), "zero up"),
        (lambda: taxes.conversion_cost(0.0, year=2026, status="single"), "more than zero"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_240_households_against_tax_calculator():
    """A second method to the cent: Tax-Calculator (Open Source Policy Center), an optional
    extra."""
    tc = pytest.importorskip("taxcalc")
    rng, n = np.random.default_rng(5), 240
    names = {1: "single", 2: "married_joint", 4: "head_of_household"}
    marital = rng.choice(list(names), n)
    age = rng.integers(55, 85, n)
    spouse = np.where(marital == 2, rng.integers(55, 85, n), 0)

    def dollars(*levels):
        return np.round(rng.choice(levels, n) * rng.uniform(0.5, 1.5, n))

    pension, interest = dollars(0, 20e3, 60e3, 150e3, 400e3), dollars(0, 2e3, 30e3)
    exempt, dividends = dollars(0, 0, 10e3), dollars(0, 5e3, 80e3)
    benefits = np.where(age >= 62, dollars(0, 20e3, 45e3), 0.0)
    frame = pd.DataFrame(
        {
            "RECID": np.arange(1, n + 1),
            "MARS": marital,
            "XTOT": np.where(marital == 2, 2, 1),
            "age_head": age,
            "age_spouse": spouse,
            "e01500": pension,
            "e01700": pension,
            "e00300": interest,
            "e00400": exempt,
            "e00600": dividends,
            "e00650": dividends,
            "e02400": benefits,
        }
    )
    records = tc.Records(
        data=frame, start_year=2026, gfactors=None, weights=None, adjust_ratios=None
    )
    policy = tc.Policy()
    policy.set_year(2026)
    theirs = tc.Calculator(policy=policy, records=records, verbose=False)
    theirs.calc_all()
    for i in range(n):
        ours = taxes.income_tax(
            year=2026,
            status=names[int(marital[i])],
            ordinary=pension[i],
            interest=interest[i],
            qualified=dividends[i],
            benefits=benefits[i],
            exempt_interest=exempt[i],
            over_65=int(age[i] >= 65) + int(marital[i] == 2 and spouse[i] >= 65),
        )
        assert float(ours.gross_income) == pytest.approx(theirs.array("c00100")[i], abs=0.01)
        assert float(ours.ordinary + ours.gains) == pytest.approx(
            theirs.array("taxbc")[i], abs=0.01
        )
        assert float(ours.investment) == pytest.approx(theirs.array("niit")[i], abs=0.01)


def test_gains_never_bear_more_than_ordinary_income_would() -> None:
    """IRC 1(h)(1), line 25 of the form's worksheet: between the end of 0% and that of 12% it is
    12%. A couple of 2026 with 131,743 of pay and 215 of dividends, as Tax-Calculator has it."""
    found = taxes.income_tax(year=2026, status="married_joint", ordinary=131_743, qualified=215)
    assert float(found.gains) == pytest.approx(0.12 * 215)
    taxable = 131_743 + 215 - taxes.standard_deduction(2026, "married_joint")
    whole = float(taxes.ordinary_tax(taxable, year=2026, status="married_joint"))
    assert float(found.ordinary + found.gains) == pytest.approx(whole)


def test_one_wrong_among_many_is_refused_wherever_many_are_taken() -> None:
    """A check of the first, or of any, would let the one through."""
    good, bad = [1_000.0, 2_000.0], [1_000.0, -2_000.0]
    single = {"year": 2026, "status": "single"}
    for call in (
        lambda x: taxes.ordinary_tax(x, **single),
        lambda x: taxes.gains_tax(x, 0.0, **single),
        lambda x: taxes.income_tax(ordinary=x, **single),
        lambda x: taxes.income_tax(qualified=x, ordinary=[5.0, 6.0], **single),
        lambda x: taxes.taxable_benefits(x, 0.0, status="single"),
        lambda x: taxes.taxable_benefits(10.0, x, status="single"),
        lambda x: taxes.early_withdrawal_tax(x, age=50),
    ):
        call(good)
        for wrong in (bad, bad[::-1], [np.nan, 1.0]):
            with pytest.raises(ValueError, match=r"zero or more|from zero|finite|number|0"):
                call(wrong)


@pytest.mark.parametrize("tier", [{"rate": 1.0}, {"rate": 1.0, "up_to": 0.03, "more": 1}, "ab", 3])
def test_a_tier_is_a_rate_and_how_far_it_goes(tier) -> None:
    with pytest.raises(ValueError, match="needs rate and up_to, no more"):
        taxes.tiers([{"rate": 1.0, "up_to": 0.03}, tier])


def test_other_tables_of_law_are_read_anew(tmp_path, monkeypatch) -> None:
    """What was read once is kept by the folder that it was read from."""

    def told() -> list[float]:
        return [
            taxes.standard_deduction(2026, "single"),
            float(taxes.ordinary_tax(10_000, year=2026, status="single")),
            float(taxes.gains_tax(10_000, 600_000, year=2026, status="single")),
            float(taxes.distribution_period(72)),
        ]

    before = told()
    assert before == pytest.approx([16_100, 1_000, 2_000, 27.4])
    copy = tmp_path / "data"
    shutil.copytree(data.ROOT, copy)
    for name, old, new in (
        ("retirement_limits.yml", "2026: {single: 16100,", "2026: {single: 16200,"),
        ("income_tax_brackets.csv", "2026,single,0.1,", "2026,single,0.11,"),
        ("capital_gains_brackets.csv", "2026,single,0.2,", "2026,single,0.21,"),
        ("uniform_lifetime_table.csv", "72,27.4", "72,27.5"),
    ):
        text, sources = (copy / name).read_text(), (copy / "sources.yml").read_text()
        assert text.count(old) == 1
        digest = hashlib.sha256(text.encode()).hexdigest()
        (copy / name).write_text(text.replace(old, new), newline="\n")
        fresh = hashlib.sha256((copy / name).read_bytes()).hexdigest()
        (copy / "sources.yml").write_text(sources.replace(digest, fresh), newline="\n")
    monkeypatch.setattr(data, "ROOT", copy)
    assert told() == pytest.approx([16_200, 1_100, 2_100, 27.5])
    monkeypatch.undo()
    assert told() == before
