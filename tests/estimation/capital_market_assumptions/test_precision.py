"""How long it takes to know a mean or a volatility, by simulation."""

import numpy as np
import pytest
from scipy import stats

from portlib.estimation.capital_market_assumptions import precision


def test_mean_standard_error_by_simulation_and_its_years():
    rng = np.random.default_rng(3)
    found = rng.normal(0.07, 0.16, size=(20_000, 25)).mean(axis=1).std()
    assert precision.mean_standard_error(0.16, 25) == pytest.approx(found, rel=0.02)
    years = precision.years_needed(0.16, 0.01)
    assert stats.norm.ppf(0.975) * precision.mean_standard_error(0.16, years) == pytest.approx(0.01)


@pytest.mark.parametrize("dof", [np.inf, 9])
def test_months_needed_place_a_volatility_by_simulation(dof):
    kurtosis = 3.0 if np.isinf(dof) else 3 + 6 / (dof - 4)
    months = round(precision.months_needed(0.1, kurtosis))
    rng = np.random.default_rng(4)
    draws = (
        rng.standard_normal((4000, months))
        if np.isinf(dof)
        else rng.standard_t(dof, (4000, months)) / np.sqrt(dof / (dof - 2))
    )
    assert np.mean(np.abs(draws.std(axis=1, ddof=1) - 1) <= 0.1) == pytest.approx(0.95, abs=0.02)
