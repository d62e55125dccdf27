"""Lengths of life against the table's own columns and the Gompertz law."""

import numpy as np
import pytest

from portlib import data
from portlib.retirement.lifetimes import Mortality, gompertz, last_year


@pytest.mark.parametrize("sex", ["male", "female"])
def test_expectations_are_the_tables_to_its_last_digit(sex) -> None:
    printed = data.table("life_table_2023")[f"{sex}_life_expectancy"]
    for age in (20, 45, 65, 85, 100):
        assert Mortality().expectation(age, sex) == pytest.approx(printed[age], abs=0.006)


def test_drawn_lives_have_the_survival_they_were_drawn_from() -> None:
    alive = Mortality().survival(65, "both")
    drawn = last_year(alive, np.random.default_rng(1).random(200_000))
    for year in (1, 10, 25, 40):
        assert (drawn >= year).mean() == pytest.approx(alive[year], abs=0.004)
    assert drawn.min() >= 0


def test_improvement_and_lower_mortality_lengthen_lives() -> None:
    plain = Mortality().expectation(65)
    assert plain < Mortality(improvement=0.0075).expectation(65) < plain + 1.5
    assert Mortality(relative=0.85).expectation(65) > plain + 0.9
    # halving every chance of dying is, under Gompertz, being b ln 2 years younger
    half = Mortality(relative=0.5).expectation(65, "female")
    assert 3 < half - Mortality().expectation(65, "female") < 10 * np.log(2)


def test_gompertz_fits_the_tables_old_age() -> None:
    alive = Mortality().survival(65, "female")[:31]
    law = gompertz(np.arange(31), 65, 88.5, 9.5)
    assert np.abs(alive - law).max() < 0.03
    assert gompertz(np.zeros(1), 65, 88, 10)[0] == 1.0


def test_ages_off_the_table_are_refused() -> None:
    with pytest.raises(ValueError, match="life table"):
        Mortality().survival(120)
    with pytest.raises(ValueError, match="out of range"):
        Mortality(improvement=0.75)


def test_every_chance_of_dying_falls_by_the_year_and_the_first_is_the_tables() -> None:
    """One factor (1 - g) a year ahead, none in the first; both sexes are their mean."""
    table = data.table("life_table_2023")
    printed = table["male_death_probability"].loc[65:74].to_numpy(float)
    alive = Mortality(improvement=0.01, relative=0.9).survival(65, "male")
    died = 1 - alive[1:11] / alive[:10]
    assert died == pytest.approx(0.9 * printed * 0.99 ** np.arange(10.0), rel=1e-9)
    apart = [Mortality().survival(65, sex) for sex in ("male", "female")]
    assert Mortality().survival(65, "both") == pytest.approx(np.mean(apart, axis=0), rel=1e-12)
