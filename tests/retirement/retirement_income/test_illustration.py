"""The benefit statement's lifetime income, by the regulation's assumptions."""

import numpy as np
import pytest

from portlib.retirement import taxes
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.retirement_income.illustration import illustrate, insured, together


def test_payments_have_the_present_value_of_the_balance() -> None:
    """Month by month, over one life and over two of one age with all of it to the survivor."""
    found = illustrate(125_000, 40, 0.0183)
    alive = Mortality().survival(67, "both")
    t = np.arange(12 * (len(alive) - 1))
    living = np.interp(t / 12, np.arange(len(alive)), alive)
    discount = 1.0183 ** (-t / 12)
    assert (found.single * living * discount).sum() == pytest.approx(125_000, rel=0.003)
    either = 1 - (1 - living) ** 2
    assert (found.joint * either * discount).sum() == pytest.approx(125_000, rel=0.003)


def test_everybody_younger_is_67_and_the_older_are_themselves() -> None:
    assert illustrate(1e5, 25, 0.04) == illustrate(1e5, 67, 0.04)
    assert illustrate(1e5, 75, 0.04).single > illustrate(1e5, 67, 0.04).single
    assert illustrate(1e5, 25, 0.05).single > illustrate(1e5, 25, 0.04).single


def test_the_longer_lives_are_those_of_the_uniform_lifetime_table() -> None:
    """Its period at 72, 27.4 years, is met; the others to half a year."""
    lives = insured()
    assert together(72, lives) == pytest.approx(27.4, abs=1e-6)
    ages = range(72, 91)
    apart = [together(age, lives) - float(taxes.distribution_period(age)) for age in ages]
    assert np.abs(apart).max() < 0.5
    drawn = np.random.default_rng(1).random((2, 200_000))
    years = [lives.last_years(a, "both", u) for a, u in zip((72, 62), drawn, strict=True)]
    assert np.maximum(*years).mean() + 0.5 == pytest.approx(27.4, abs=0.1)
    assert illustrate(1e5, 67, 0.04, lives.survival(67)).single < illustrate(1e5, 67, 0.04).single


def test_the_mortality_used_is_told_and_percent_is_refused() -> None:
    assert not illustrate(1e5, 67, 0.04).statutory
    assert illustrate(1e5, 67, 0.04, Mortality(relative=0.8).survival(67)).statutory
    with pytest.raises(ValueError, match=r"Write 0\.04 for 4%"):
        illustrate(1e5, 67, 4.0)
