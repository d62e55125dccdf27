"""Households against the life table, the benefit formula and the law's limits."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import data
from portlib.retirement import household as hh
from portlib.retirement.cases import balanced, of_households
from portlib.retirement.household import Household, Spouse

MATCH = [{"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05}]


def certain(**changes: object) -> Household:
    base = dict(
        age=30, retirement_age=65, pay=60_000.0, deferral_rate=0.1, social_security=False, sex=None
    )
    return Household(**{**base, "last_age": 95, **changes})


@pytest.mark.parametrize("sex", ["male", "female"])
def test_life_expectancy_is_the_tables(sex: str) -> None:
    """The expectation of a life from its chances, plus half a year, is what the table prints."""
    table = data.table("life_table_2023")
    for age in (30, 65, 85):
        person = Household(age=age, retirement_age=age, sex=sex)
        alive = hh.survival(person)
        assert alive[1:].sum() + 0.5 == pytest.approx(
            table.at[age, f"{sex}_life_expectancy"], abs=0.02
        )


def test_lifetimes_are_conditional_on_age_and_on_retiring() -> None:
    table = data.table("life_table_2023")
    alive = hh.survival(Household(age=30, retirement_age=65))
    assert (alive[:36] == 1).all() and alive[36] < 1 and alive[-1] == 0
    both = table[["male_survivors", "female_survivors"]]
    given30 = (both.loc[85] / both.loc[30]).mean() / (both.loc[65] / both.loc[30]).mean()
    assert alive[55] == pytest.approx(given30, abs=2e-4)
    born65 = hh.survival(Household(age=65, retirement_age=65))
    assert (
        0 < alive[55] - born65[20] < 0.01
    )  # half and half at 30 is more women than men at 65, and women live longer


def test_benefits_by_the_formula_and_by_the_month() -> None:
    """The three slices by hand; 70% of it at 62, 124% at 70 for those born from 1960 on (SSA)."""
    first, second = data.document("retirement_limits")["social_security"]["bend_points_monthly"][
        2026
    ]
    by_hand = 0.9 * first + 0.32 * (5000 - first)
    assert hh.primary_insurance_amount(5000.0, 2026) == pytest.approx(by_hand, abs=0.1)
    assert hh.primary_insurance_amount(second + 1000.0, 2026) == pytest.approx(
        0.9 * first + 0.32 * (second - first) + 150, abs=0.1
    )
    claimed = {
        age: hh.social_security(Household(age=62, retirement_age=62, pay=60_000, claiming_age=age))[
            -1
        ]
        for age in (62, 67, 70)
    }
    assert claimed[62] / claimed[67] == pytest.approx(0.70, abs=6e-4)
    assert claimed[70] / claimed[67] == pytest.approx(
        1.24, abs=6e-4
    )  # each month's pay loses its cents
    assert [hh.full_retirement_months(y) for y in (1950, 1957, 1960, 1999)] == [792, 798, 804, 804]


def test_benefits_of_a_short_career_count_zeros() -> None:
    early, whole = (
        hh.social_security(Household(age=40, retirement_age=age, pay=24_000, claiming_age=67))[-1]
        for age in (40, 57)
    )
    assert early == pytest.approx(12 * 0.9 * (24_000 * 18 // 420), abs=12)
    assert early > whole * 18 / 35  # the formula favours low pay
    assert (
        hh.social_security(Household(age=40, retirement_age=65, social_security=False)).sum() == 0
    )


def test_contributions_stop_at_the_laws_limits() -> None:
    law = data.document("retirement_limits")["limits"]
    rich = hh.contributions(
        Household(age=48, retirement_age=65, pay=400_000, deferral_rate=0.5, match=MATCH)
    )
    matched = 0.04 * law["compensation"][2026]
    expected = [
        law["elective_deferral"][2026] + extra + matched
        for extra in (0, law["catch_up_age_50"][2026], law["catch_up_ages_60_to_63"][2026])
    ]
    assert [rich[1], rich[2], rich[12]] == pytest.approx(expected)
    assert rich[16] == pytest.approx(expected[1]) and (rich[17:] == 0).all()
    given = {"age": 49, "retirement_age": 51, "pay": 400_000, "deferral_rate": 0.5}
    for share in (0.02, 0.2):  # what is given to all is under the same limits, as in `cases`
        one = Household(**given, match=MATCH, nonelective=share)
        saving = of_households([one], balanced(0.6)).saving
        paid = [float(sum(x[0, 0] for x in saving.paid(t, slice(None)))) for t in (0, 1)]
        assert hh.contributions(one)[:2] == pytest.approx(paid)
    assert paid == [72_000, 72_000 + law["catch_up_age_50"][2026]]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pay": -1.0}, "pay"),
        ({"deferral_rate": 10}, "decimals"),
        ({"pay_growth": 2}, "pay growth"),
        ({"age": 95}, "last age"),
        ({"claiming_age": 75}, "claimed"),
        ({"spending": 1.0, "replacement_rate": 0.5}, "not both"),
        ({"replacement_rate": 70.0}, "percent"),
        ({"mortality": [0.1]}, "mortality"),
        ({"balance": float("nan")}, "balance"),
    ],
)
def test_a_household_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        certain(**changes)


# ---- claiming by the month, couples --------------------------------------------------------------


def test_claiming_factors_are_those_the_agency_prints() -> None:
    """SSA, effect of early or delayed retirement: born 1960 on 70, 75, 80, 86 2/3, 93 1/3,
    108%..."""
    printed = {62: 70.0, 63: 75.0, 64: 80.0, 65: 86.67, 66: 93.33, 67: 100.0, 68: 108.0, 70: 124.0}
    for age, percent in printed.items():
        assert 100 * hh.claiming_factor(1960, 12 * age) == pytest.approx(percent, abs=0.005)
    born_1955 = {62: 74.17, 66: 98.89, 70: 130.67}  # full retirement age 66 and 2 months
    for age, percent in born_1955.items():
        assert 100 * hh.claiming_factor(1955, 12 * age) == pytest.approx(percent, abs=0.005)
    # of half the worker's benefit: 65% at 62, so 32.5% of the worker's
    assert hh.spouse_factor(1960, 12 * 62) / 2 == pytest.approx(0.325)
    assert hh.spouse_factor(1960, 12 * 70) == 1.0


def test_a_month_later_pays_more_until_seventy_and_cents_are_dropped() -> None:
    paid = [hh.paid_monthly(2_345.60, hh.claiming_factor(1962, m)) for m in range(744, 841)]
    assert (np.diff(paid) > 0).all()
    assert paid[0] == int(2_345.60 * 0.70) and isinstance(paid[0], int)


def test_vectors_of_averages_are_the_formula_one_at_a_time() -> None:
    averages = np.array([0.0, 800.0, 1286.0, 4321.0, 7749.0, 12_345.0])
    one_by_one = [hh.primary_insurance_amount(x, 2026) for x in averages]
    assert hh.primary_insurance(averages, 2026) == pytest.approx(one_by_one)


def test_the_best_thirty_five_years_count_and_none_above_the_base() -> None:
    career = np.concatenate([np.full(10, 5_000.0), np.full(35, 250_000.0)])
    assert hh.average_earnings(career, 184_500) == 35 * 184_500 // 420
    assert hh.average_earnings(career[:20], 184_500) == (10 * 5_000 + 10 * 184_500) // 420


def test_a_spouse_without_a_career_has_half_and_a_spouse_with_one_the_larger() -> None:
    worker = Household(
        age=66,
        retirement_age=67,
        pay=0.0,
        social_security=30_000.0,
        claiming_age=67,
        spouse=Spouse(66, claiming_age=67.0),
    )
    own, claim = hh.benefits(worker)
    first, second, start = hh.couple_benefits(worker, own)
    assert (first[0], second[0], claim, start) == (30_000, 15_000, 1, 1)
    early = Household(**{**vars(worker), "spouse": Spouse(62, claiming_age=62.0)})
    assert hh.couple_benefits(early, own)[1][0] == 12 * int(1_250 * 0.65)


def test_each_of_a_couple_is_reduced_by_their_own_full_retirement_age() -> None:
    """Born 1959 and 1964: 66 years and 10 months, and 67 years (42 USC 416(l))."""
    worker = Household(
        age=67,
        retirement_age=68,
        social_security=24_000.0,
        claiming_age=67,
        year=2026,
        spouse=Spouse(62, claiming_age=64.0),
    )
    own, _ = hh.benefits(worker)
    full = 2_000 / (1 + 2 * 2 / 300)
    first, second, start = hh.couple_benefits(worker, own)
    assert (first[0], start) == (24_000, 2)
    assert second[0] == 12 * int(full / 2 * (1 - 36 * 25 / 3600))
    # the other way round: the elder lives on half of the younger's, reduced by the elder's age
    spouse = Spouse(62, pay=60_000.0, claiming_age=67.0)
    elder = Household(
        age=67, retirement_age=68, social_security=0.0, claiming_age=64, year=2026, spouse=spouse
    )
    first, second, start = hh.couple_benefits(elder, hh.benefits(elder)[0])
    assert start == 5
    assert first[0] == 12 * int(second[0] / 12 / 2 * hh.spouse_factor(1959, 12 * 64))
    assert hh.spouse_factor(1959, 12 * 64) == pytest.approx(1 - 34 * 25 / 3600)


def test_a_claim_within_a_year_is_paid_from_the_next_and_couples_want_a_share_of_both_pays() -> (
    None
):
    person = Household(age=60, retirement_age=62, pay=50_000, claiming_age=66.5)
    assert hh.benefits(person)[1] == 7
    assert hh.benefits(replace(person, claiming_age=66.0))[1] == 6
    two = replace(person, replacement_rate=0.7, pay_growth=0.02, spouse=Spouse(58, pay=30_000))
    assert two.target == pytest.approx(0.7 * 80_000 * 1.02)


def test_deferrals_rise_by_the_year_up_to_their_ceiling() -> None:
    person = certain(deferral_rate=0.03, escalation=0.01, highest_deferral=0.10)
    assert hh.deferral_rates(person)[:9] == pytest.approx(
        [0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.10, 0.10]
    )
    kept = certain(deferral_rate=0.12, escalation=0.01, highest_deferral=0.10)
    assert (hh.deferral_rates(kept) == 0.12).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"leakage": 1.5}, "leakage"),
        ({"pension": -1.0}, "pension"),
        ({"escalation": 1.2}, "escalation"),
    ],
)
def test_new_facts_out_of_range_are_refused(changes, says) -> None:
    with pytest.raises(ValueError, match=says):
        certain(**changes)
    with pytest.raises(ValueError, match="spouse"):
        Spouse(0)


def test_bend_points_follow_from_average_wages_back_to_1979() -> None:
    """Each is that of 1979, times average wages of two years before over those of 1977."""
    law = data.document("retirement_limits")["social_security"]
    formula, wages = law["bend_point_formula"], law["average_wage_index"]
    printed = law["bend_points_monthly"]
    assert sorted(printed) == list(range(1979, 2027))
    for year, points in printed.items():
        ratio = wages[year - 2] / formula["base_wage_index"]
        assert [round(p * ratio) for p in formula["base_points"]] == list(points)


def test_contributions_follow_pay_the_match_and_what_the_employer_adds() -> None:
    """Year by year, far below every limit: deferral, match of what is deferred, and 2% for all."""
    h = certain(pay_growth=0.03, escalation=0.01, highest_deferral=0.12, match=MATCH)
    h = replace(h, deferral_rate=0.04, nonelective=0.02)
    expected = []
    for t in range(35):
        pay, rate = 60_000 * 1.03**t, min(0.04 + 0.01 * t, 0.12)
        match = min(rate, 0.03) + 0.5 * max(min(rate, 0.05) - 0.03, 0)
        expected.append(pay * (rate + match + 0.02))
    got = hh.contributions(h)
    assert got[:20] == pytest.approx(expected[:20])
    assert (got[35:] == 0).all() and len(got) == h.horizon


def test_increases_are_cut_to_the_dime_one_after_the_other() -> None:
    known = data.document("retirement_limits")["social_security"]["cost_of_living_adjustment"]
    dollars = 1000.0
    for year in (2022, 2023, 2024):
        dollars = np.floor(round(dollars * (1 + known[year]) * 10, 6)) / 10
        assert hh.increased(1000.0, 2021, year) == pytest.approx(dollars)
    assert hh.increased(1000.0, 2024, 2024) == 1000.0


def test_each_survivors_share_and_a_certain_or_stated_table_end_where_they_say() -> None:
    """A table of chances ends a life at its last, whatever the population's is."""
    dies = np.r_[np.full(20, 0.1), 1.0]
    short = certain(
        sex="female", age=65, retirement_age=65, last_age=85, mortality=tuple(dies[:20])
    )
    alive = hh.survival(short)
    assert alive[:20] == pytest.approx(0.9 ** np.arange(20)) and alive[-1] == 0
