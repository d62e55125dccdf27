"""Ruin under Gompertz mortality: the published numbers, a programme and a simulation."""

import numpy as np
import pytest

from portlib.estimation.inference import wilson
from portlib.retirement.retirement_income import ruin


@pytest.mark.parametrize(
    ("rate", "sigma", "printed"), [(0.05, 0.20, 0.3362243), (0.04, 0.20, 0.2216641)]
)
def test_the_published_formula_gives_the_published_numbers(rate, sigma, printed) -> None:
    """Milevsky (2020), VARPHI.MM, as tested by R4GoodPersonalFinances."""
    assert ruin.ruin_by_moments(rate, 0.02, sigma, 65, 88, 10) == pytest.approx(printed, abs=1e-6)


def test_annuity_values_are_the_books() -> None:
    assert ruin.annuity_value(0.01, 65, 88, 10) == pytest.approx(17.88846, abs=1e-4)
    assert ruin.annuity_value(0.03, 65, 88, 10) == pytest.approx(14.408, abs=1e-3)


def test_the_formula_understates_ruin_as_a_simulation_says() -> None:
    exact = ruin.ruin_by_programme(0.05, 0.02, 0.20, 65, 88, 10)
    rng, n, h = np.random.default_rng(1), 40_000, 1 / 26
    hazard = np.exp((65 - 88) / 10)
    death = 10 * np.log1p(rng.exponential(size=n) / hazard)
    level, value, last = np.ones(n), np.zeros(n), np.ones(n)
    for k in range(int(60 / h)):
        part = np.clip(death - k * h, 0, h)
        step = np.exp(-(0.02 * h + 0.2 * np.sqrt(h) * rng.standard_normal(n)))
        last, level = level, level * step
        value += part * (last + level) / 2
    low, high = wilson((value > 20).sum(), n, 0.999)
    assert low < exact < high
    assert exact - ruin.ruin_by_moments(0.05, 0.02, 0.20, 65, 88, 10) > 0.015


def test_without_risk_ruin_is_outliving_the_money() -> None:
    from portlib.retirement.lifetimes import gompertz

    lasts = 20.0  # no growth: 20 years of spending last 20 years
    alive = float(gompertz(np.array(lasts), 65, 88, 10))
    found = ruin.ruin_by_programme(0.05, 0.0, 1e-4, 65, 88, 10, steps_a_year=24)
    assert found == pytest.approx(alive, abs=0.01)
