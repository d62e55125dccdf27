"""Means of single years and what they compound to: closed forms, inverses, and a simulation."""

import numpy as np
import pytest

from portlib.compounding import arithmetic_to_geometric, geometric_to_arithmetic


@pytest.mark.parametrize("years", [1, 2, 10, 30, np.inf])
def test_each_undoes_the_other(years):
    g = np.array([-0.02, 0.0, 0.03, 0.07])
    risk = np.array([0.0, 0.05, 0.16, 0.3])
    there = geometric_to_arithmetic(g, risk, years)
    assert arithmetic_to_geometric(there, risk, years) == pytest.approx(g, abs=1e-12)


def test_horizons_may_differ_by_asset():
    mixed = geometric_to_arithmetic([0.05, 0.05], [0.16, 0.16], [1, np.inf])
    assert mixed[0] == pytest.approx(0.05)  # a year compounds to itself
    assert mixed[1] == geometric_to_arithmetic(0.05, 0.16)


def test_the_expected_annualised_return_of_lognormal_years():
    m, risk, years = 0.07, 0.18, 10
    log_variance = np.log1p(risk**2 / (1 + m) ** 2)
    rng = np.random.default_rng(5)
    logs = rng.normal(np.log1p(m) - log_variance / 2, np.sqrt(log_variance), (200_000, years))
    drawn = np.exp(logs.mean(axis=1)) - 1
    error = drawn.std(ddof=1) / np.sqrt(len(drawn))
    assert abs(drawn.mean() - arithmetic_to_geometric(m, risk, years)) < 4 * error


@pytest.mark.parametrize(
    ("mean", "risk", "years", "message"),
    [
        (-1.0, 0.1, 10, "mean is -1|geometric is -1"),
        (0.05, -0.1, 10, "volatility is -0.1"),
        (0.05, float("nan"), 10, "volatility is nan"),
        (0.05, 0.1, 0.5, "a horizon in years of 0.5"),
    ],
)
def test_what_cannot_be_meant_is_refused(mean, risk, years, message):
    for convert in (arithmetic_to_geometric, geometric_to_arithmetic):
        with pytest.raises(ValueError, match=message):
            convert(mean, risk, years)
