"""Required distributions: the tables, their identity at ten years, and an account that empties."""

import numpy as np
import pytest

from portlib import data
from portlib.retirement import taxes
from portlib.retirement.retirement_income import distributions as rmd


def test_ten_years_younger_is_the_uniform_table() -> None:
    """26 CFR 1.401(a)(9)-9: the uniform table is the joint one of a beneficiary ten years
    younger."""
    table = data.table("joint_life_table")
    at_ten = table[table["owner_age"] - table["spouse_age"] == 10]
    assert len(at_ten) == 18
    uniform = taxes.distribution_period(at_ten["owner_age"].to_numpy())
    assert at_ten["distribution_period"].to_numpy() == pytest.approx(uniform)


def test_periods_fall_with_both_ages_and_exceed_each_life_alone() -> None:
    wide = data.table("joint_life_table").pivot(
        index="owner_age", columns="spouse_age", values="distribution_period"
    )
    assert wide.diff().max().max() <= 1e-9
    assert wide.diff(axis=1).max().max() < 0


def test_a_spouse_more_than_ten_years_younger_lowers_what_must_leave() -> None:
    assert rmd.required(100_000, 75, 1951, 64) == pytest.approx(100_000 / 25.3)
    assert rmd.required(100_000, 75, 1951, 65) == pytest.approx(100_000 / 24.6)
    assert rmd.period(75, 40, sole_beneficiary=False) == 24.6
    assert rmd.required(100_000, 72, 1954) == 0


def test_an_account_from_which_nothing_else_is_taken() -> None:
    taken = rmd.path(1e6, 73, 1953, 1.0, 18)
    periods = taxes.distribution_period(np.arange(73, 91))
    left = np.cumprod(1 - 1 / periods)
    assert taken.sum() == pytest.approx(1e6 * (1 - left[-1]))


def test_ages_beyond_the_table_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="73 to 90 and spouses from 40"):
        rmd.period(75, 35)


def test_an_account_grows_between_what_leaves_it_and_gaps_of_ages_are_counted_exactly() -> None:
    """Balances year by year in a loop; ten years younger is not more than ten."""
    balance, expected = 1e6, []
    for age in range(71, 91):
        out = balance / float(taxes.distribution_period(age)) if age >= 73 else 0.0
        expected.append(out)
        balance = (balance - out) * 1.05
    assert rmd.path(1e6, 71, 1953, 1.05, 20) == pytest.approx(expected)
    for gap in (0, 9, 10, 11, 20):
        joint = rmd.period(80, 80 - gap)
        assert (joint > float(taxes.distribution_period(80))) == (gap > 10)
    assert rmd.period(80, 85) == float(taxes.distribution_period(80))


def test_exactly_ten_years_younger_is_not_more_than_ten_at_any_age() -> None:
    """26 CFR 1.401(a)(9)-5(c): the joint table is for a spouse more than ten years younger."""
    for age in range(73, 121):
        alone = rmd.period(age)
        assert rmd.period(age, age - 10) == rmd.period(age, age) == alone
    joint = data.table("joint_life_table")
    for row in joint[joint["owner_age"] - joint["spouse_age"] > 10].itertuples():
        longer = rmd.period(row.owner_age, row.spouse_age)
        assert longer == row.distribution_period >= rmd.period(row.owner_age)
