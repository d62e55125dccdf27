"""Prices of income for life: identities, the textbook, and monthly payments by brute force."""

import numpy as np
import pytest

from portlib.retirement.cases import annuity_factors
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.retirement_income import annuities
from portlib.retirement.retirement_income.annuities import Quote

TABLE = Mortality()
ALIVE = TABLE.survival(65, "both")


def test_yearly_prices_are_the_annuity_factors_of_the_simulator() -> None:
    alive = TABLE.survival(65, "female")
    factor = annuity_factors(65, "female", 0.02, TABLE, 10)[0]
    assert annuities.price(alive, 0.02, monthly=False) == pytest.approx(factor)


def test_monthly_prices_are_near_monthly_sums() -> None:
    t = np.arange(12 * (len(ALIVE) - 1))
    living = np.interp(t / 12, np.arange(len(ALIVE)), ALIVE)
    by_month = float((living * 1.04 ** (-t / 12)).sum() / 12)
    assert annuities.price(ALIVE, 0.04) == pytest.approx(by_month, rel=0.002)


def test_certain_lives_are_annuities_certain() -> None:
    certain = np.append(np.ones(20), 0.0)
    assert annuities.price(certain, 0.03, monthly=False) == pytest.approx(
        (1 - 1.03**-20) / 0.03 * 1.03
    )
    assert annuities.ladder(20, 0.03) == pytest.approx(
        annuities.payout(certain, 0.03)
        * annuities.price(certain, 0.03)
        / annuities.price(certain, 0.03, monthly=False)
    )
    assert annuities.ladder(25, 0.0) == pytest.approx(0.04)


def test_a_quote_is_repriced_at_its_own_rate() -> None:
    quote = Quote(0.0767, 65, "both", TABLE)
    assert annuities.payout(ALIVE, quote.rate()) == pytest.approx(0.0767)
    assert quote.worth(quote.rate()) == pytest.approx(1.0)
    assert quote.worth(quote.rate() + 0.01) < 1
    assert quote.deferred(0) == pytest.approx(0.0767)
    assert quote.deferred(20) > 4 * 0.0767


def test_two_lives_cost_more_than_one_and_less_than_two() -> None:
    one = annuities.price(ALIVE, 0.04)
    both = annuities.price(annuities.joint(ALIVE, ALIVE), 0.04)
    half = annuities.price(annuities.joint(ALIVE, ALIVE, survivor=0.5), 0.04)
    assert one < both < 2 * one
    # half to the survivor: two half annuities, exactly
    assert half == pytest.approx(one)


def test_indexed_income_starts_lower_than_fixed() -> None:
    fixed = annuities.payout(ALIVE, 0.045)
    rising = annuities.payout(ALIVE, 0.045, growth=0.025)
    real = annuities.payout(ALIVE, 1.045 / 1.025 - 1)
    assert rising < fixed
    assert rising == pytest.approx(real, rel=1e-9)


def test_what_no_rate_explains_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Write 0\.0767"):
        annuities.implied_rate(7.67, ALIVE)
    with pytest.raises(ValueError, match="explains"):
        annuities.implied_rate(1e-6, ALIVE)
    with pytest.raises(ValueError, match="one rung"):
        annuities.ladder(0, 0.02)


@pytest.mark.parametrize("delay", [5, 20])
def test_deferred_prices_are_monthly_sums_from_the_first_payment_on(delay) -> None:
    t = np.arange(12 * delay, 12 * (len(ALIVE) - 1))
    living = np.interp(t / 12, np.arange(len(ALIVE)), ALIVE)
    by_month = float((living * 1.04 ** (-t / 12)).sum() / 12)
    assert annuities.price(ALIVE, 0.04, delay=delay) == pytest.approx(by_month, rel=0.005)
    assert annuities.implied_rate(1 / by_month, ALIVE, delay=delay) == pytest.approx(0.04, abs=3e-4)
