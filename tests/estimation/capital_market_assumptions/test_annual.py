"""From months to years and from arithmetic to compound means, against outcomes."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.compounding import arithmetic_to_geometric, geometric_to_arithmetic
from portlib.estimation import capital_market_assumptions as cma

few = settings(max_examples=40)
means = st.floats(-0.02, 0.15)
volatilities = st.floats(0.0, 0.4)


@given(means, volatilities, st.sampled_from([1, 2, 10, 30, np.inf]))
@few
def test_arithmetic_and_geometric_invert_each_other(m, s, n):
    g = arithmetic_to_geometric(m, s, n)
    assert g <= m + 1e-15
    assert geometric_to_arithmetic(g, s, n) == pytest.approx(m, abs=1e-13)


@given(means, st.floats(0.0, 0.2))
@few
def test_half_the_variance_is_a_good_approximation_up_to_moderate_risk(m, s):
    assert abs(arithmetic_to_geometric(m, s) - (m - s**2 / 2)) <= s**2 * (abs(m) + s**2) + 1e-15


def test_one_year_needs_no_conversion_and_more_years_approach_the_median():
    by_horizon = [float(arithmetic_to_geometric(0.08, 0.2, n)) for n in (1, 5, 20, 100, np.inf)]
    assert by_horizon[0] == pytest.approx(0.08)
    assert by_horizon == sorted(by_horizon, reverse=True)


def test_geometric_of_lognormal_years_by_simulation():
    rng = np.random.default_rng(10)
    log_variance = np.log1p(0.2**2 / 1.08**2)
    years = np.exp(
        rng.normal(np.log(1.08) - log_variance / 2, np.sqrt(log_variance), size=(50_000, 10))
    )
    assert years.mean() - 1 == pytest.approx(0.08, abs=0.001)
    annual = years.prod(axis=1) ** 0.1 - 1
    error = annual.std() / np.sqrt(len(annual))
    assert abs(annual.mean() - arithmetic_to_geometric(0.08, 0.2, 10)) < 3 * error
    assert abs(np.median(annual) - arithmetic_to_geometric(0.08, 0.2)) < 4 * error


@given(st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9).filter(lambda w: sum(w) > 0.1))
@few
def test_a_long_only_portfolio_compounds_at_no_less_than_its_parts(raw):
    survey = cma.survey_assumptions(10)
    w = np.array(raw) / sum(raw)
    parts = arithmetic_to_geometric(survey.mu, survey.volatility)
    assert cma.portfolio_geometric(survey, w) >= w @ parts - 1e-12


def test_portfolio_geometric_is_what_real_history_compounded_to(history):
    """Sixty-eight years of a monthly rebalanced mix: the formula from its moments against its
    actual growth."""
    pair = history[["us_market", "aaa_corporate"]]
    w = np.array([0.6, 0.4])
    earned = float(np.exp(12 * np.log1p(pair @ w).mean()) - 1)
    compounded = cma.annualised(pair, convention="compounded")
    assert cma.portfolio_geometric(compounded, w) == pytest.approx(earned, abs=0.001)


def test_compounded_moments_against_every_outcome_of_twelve_months():
    """Two states a month with the sample's mean and (ddof 1) covariance: all 4096 years
    enumerated."""
    step = np.array([[0.03, -0.01], [-0.02, 0.02]])
    r = pd.DataFrame(
        np.tile(step, (12, 1)),
        columns=["a", "b"],
        index=pd.period_range("2000-01", periods=24, freq="M"),
    )
    m, half = r.mean().to_numpy(), (step[0] - step[1]) / 2 * np.sqrt(24 / 23)
    ups = np.array(list(product([1.0, -1.0], repeat=12)))
    years = np.prod(1 + m + ups[:, :, None] * half, axis=1) - 1
    found = cma.annualised(r, convention="compounded")
    np.testing.assert_allclose(found.mu, years.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(found.sigma, np.cov(years, rowvar=False, ddof=0), atol=1e-14)


def test_times_twelve_is_pandas_times_twelve(history):
    pair = history[["us_market", "baa_corporate"]]
    found = cma.annualised(pair, history["bills"])
    np.testing.assert_allclose(found.mu, 12 * pair.mean(), rtol=1e-13)
    np.testing.assert_allclose(found.sigma, 12 * pair.cov(), rtol=1e-12)
    assert found.rf == pytest.approx(12 * history["bills"].mean())
    assert "1949-01 to 2017-03, times 12" in found.source


def test_annualising_refuses_gaps_and_short_histories(history):
    holed = history[["us_market"]].copy()
    holed.iloc[5] = np.nan
    with pytest.raises(ValueError, match="column 'us_market', 1949-06: nan is no return"):
        cma.annualised(holed)
    with pytest.raises(ValueError, match="24 months without gaps: 23"):
        cma.annualised(history[["us_market"]].iloc[:23])


@pytest.mark.parametrize("convention", ["times 12", "compounded"])
def test_cash_is_annualised_as_the_same_months_are_beside_it(convention):
    """The riskless rate against its own series among the returns, and a year by its months."""
    rng = np.random.default_rng(4)
    months = pd.period_range("2000-01", periods=60, freq="M")
    table = pd.DataFrame(
        {"stocks": 0.008 + 0.04 * rng.standard_normal(60), "cash": 0.004 + 0.001 * rng.random(60)},
        months,
    )
    found = cma.annualised(table, table["cash"], convention)
    assert found.rf == pytest.approx(found.mu[1], abs=1e-15)
    year = 1.0
    for _ in range(12):
        year = year * (1 + table["cash"].mean()) if convention == "compounded" else year
    whole = year - 1 if convention == "compounded" else sum([table["cash"].mean()] * 12)
    assert found.rf == pytest.approx(whole, abs=1e-15)
    assert found.sharpe_of(np.array([0.0, 1.0])) == pytest.approx(0.0, abs=1e-9)
    assert cma.annualised(table, None, convention).rf == 0.0
