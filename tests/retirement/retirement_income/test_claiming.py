"""Claiming by the month: against brute force, the law's corners and known break-evens."""

import numpy as np
import pytest

from portlib.retirement.lifetimes import Mortality
from portlib.retirement.retirement_income import claiming

ALIVE = Mortality().survival(62, "female")


def test_every_month_from_62_to_70_stands_once_and_rises() -> None:
    table = claiming.by_month(1_857.30, 1964)
    assert len(table) == 97
    assert (table["dollars a month"].diff().dropna() > 0).all()
    assert table["dollars a month"].loc[67 * 12] == 1_857
    assert table["dollars a month"].loc[62 * 12] == int(1_857.30 * 0.7)
    assert table["share"].loc[66 * 12 + 11] == pytest.approx(1 - 5 / 900)


def test_worth_is_a_sum_over_months_by_hand() -> None:
    found = claiming.worth(2_000, 1964, ALIVE, 0.02)
    for claim in (744, 804, 840):
        amount = claiming.by_month(2_000, 1964).loc[claim, "dollars a month"]
        total = 0.0
        for t in range(12 * (len(ALIVE) - 1)):
            if 744 + t >= claim:
                year, part = divmod(t, 12)
                living = ALIVE[year] + (ALIVE[year + 1] - ALIVE[year]) * part / 12
                total += amount * living * 1.02 ** (-t / 12)
        assert found[claim] == pytest.approx(total, rel=1e-9)


def test_a_certain_life_of_eighty_breaks_even_where_the_formula_says() -> None:
    age = claiming.break_even(62 * 12, 67 * 12, 2_000, 1964)
    assert age == pytest.approx(67 + 5 * 0.7 / 0.3, abs=0.01)
    with pytest.raises(ValueError, match="earlier month first"):
        claiming.break_even(67 * 12, 62 * 12, 2_000, 1964)


def test_a_high_rate_claims_early_and_a_long_life_late() -> None:
    assert claiming.worth(2_000, 1964, ALIVE, 0.10).idxmax() == 744
    certain = np.append(np.ones(45), 0.0)
    assert claiming.worth(2_000, 1964, certain, 0.0).idxmax() == 840


def test_a_couple_is_worth_its_parts_and_the_larger_benefit_to_the_survivor() -> None:
    male = Mortality().survival(62, "male")
    two = claiming.couple_worth([2_400, 0.0], [1964, 1964], [840, 744], [male, ALIVE], 0.02)
    t = np.arange(12 * (len(male) - 1))
    p, q = (np.interp(t / 12, np.arange(len(s)), s) for s in (male, ALIVE))
    amount = np.where(t >= 96, int(2_400 * 1.24), 0)
    by_hand = ((p + q - p * q) * amount * 1.02 ** (-t / 12)).sum()
    assert two == pytest.approx(by_hand)
    alone = claiming.worth(2_400, 1964, male, 0.02)[840]
    assert two > 1.2 * alone


def test_worth_at_another_age_is_of_the_months_from_then_on() -> None:
    """At 65 nothing before is paid, and what was discounted from 62 is not."""
    alive = Mortality().survival(65, "female")
    rate, claim = 0.03, 68 * 12
    amount = claiming.by_month(1_000, 1964).loc[claim, "dollars a month"]
    t = np.arange(12 * (len(alive) - 1))
    living = np.interp(t / 12, np.arange(len(alive)), alive)
    paid = np.where(65 * 12 + t >= claim, amount, 0.0)
    expected = (paid * living * (1 + rate) ** (-t / 12)).sum()
    found = claiming.worth(1_000, 1964, alive, rate, start=65)
    assert found[claim] == pytest.approx(expected)


def test_a_couple_that_lives_for_certain_is_paid_month_by_month() -> None:
    """The shorter of two lives' tables ends the count, at its last whole year."""
    certain, longer = np.ones(31), np.ones(41)
    claims = [64 * 12, 70 * 12]
    found = claiming.couple_worth([1_000, 2_000], [1964, 1964], claims, [certain, longer], 0.0)
    dollars = [
        claiming.by_month(primary, 1964).loc[claim, "dollars a month"]
        for primary, claim in zip((1_000, 2_000), claims, strict=True)
    ]
    assert found == pytest.approx(dollars[0] * (360 - 24) + dollars[1] * (360 - 96))
    for sex in ("female", "male"):
        assert claiming.survivals(Mortality(), sex) == pytest.approx(Mortality().survival(62, sex))


def test_nobody_claims_at_a_month_that_is_past():
    """Valued at 66, months from 62 to 65 are gone; the others are as those of 62 that are left."""
    found = claiming.worth(2_000, 1964, np.ones(10), 0.0, start=66)
    assert list(found.index) == list(range(66 * 12, 70 * 12 + 1))
    monthly = claiming.by_month(2_000, 1964)["dollars a month"]
    for month in (66 * 12, 67 * 12 + 5, 70 * 12):
        assert found[month] == monthly[month] * (75 * 12 - month)
