"""Equilibrium and shrunk means against their equations, and against the truth."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.estimation import capital_market_assumptions as cma

few = settings(max_examples=40)


def test_equilibrium_returns_make_the_market_the_best_portfolio(survey):
    w = np.linspace(1, 2, len(survey))
    w /= w.sum()
    pi = cma.equilibrium_returns(survey.sigma, w, 2.5, rf=survey.rf)
    np.testing.assert_allclose(np.linalg.solve(2.5 * survey.sigma, pi - survey.rf), w, atol=1e-12)
    variance = w @ survey.sigma @ w
    assert w @ pi - survey.rf == pytest.approx(2.5 * variance)


def test_equilibrium_refuses_weights_that_do_not_sum_to_one(survey):
    with pytest.raises(ValueError, match="sum to one, not 9"):
        cma.equilibrium_returns(survey.sigma, np.ones(len(survey)), 2.5)


def sample(n, periods, seed):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n, n)) / np.sqrt(n)
    return pd.DataFrame(
        0.005 + 0.01 * rng.standard_normal(n) + 0.04 * rng.standard_normal((periods, n)) @ factor
    )


def test_bayes_stein_against_its_equations_written_differently():
    r = sample(4, 60, 1)
    y, s, t, n, one = r.mean().to_numpy(), r.cov().to_numpy(), 60, 4, np.ones(4)
    inverse = np.linalg.inv(s * (t - 1) / (t - n - 2))
    y0 = (one @ inverse @ y) / (one @ inverse @ one)
    prior_precision = (n + 2) / (
        (y - y0) @ inverse @ (y - y0)
    )  # Jorion's lambda; intensity lambda / (T + lambda)
    shrunk = cma.bayes_stein_means(r)
    assert shrunk.intensity == pytest.approx(prior_precision / (t + prior_precision), rel=1e-12)
    np.testing.assert_allclose(shrunk.mu, y + shrunk.intensity * (y0 - y), atol=1e-15)
    assert shrunk.target == pytest.approx(y0)


def test_bayes_stein_with_one_variance_shrinks_to_the_grand_mean():
    """Orthogonal columns of equal variance: the least-variance portfolio is equal weights."""
    signs = np.array(list(product([1.0, -1.0], repeat=4)))
    r = pd.DataFrame(0.03 * signs + np.array([0.0, 0.01, 0.02, 0.05]))
    shrunk = cma.bayes_stein_means(r)
    assert shrunk.target == pytest.approx(0.02)
    variance = 0.03**2 * 16 / 15 * 15 / 10
    distance = np.square([0.02, 0.01, 0.0, 0.03]).sum() / variance
    assert shrunk.intensity == pytest.approx(6 / (6 + 16 * distance))


@given(st.integers(2, 5), st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-0.05, 0.05))
@few
def test_bayes_stein_follows_units_shifts_and_order(n, seed, scale, shift):
    r = sample(n, 40, seed)
    base = cma.bayes_stein_means(r)
    moved = cma.bayes_stein_means((scale * r + shift).iloc[:, ::-1])
    assert 0 <= base.intensity <= 1
    assert moved.intensity == pytest.approx(base.intensity, rel=1e-6)
    np.testing.assert_allclose(moved.mu[::-1], scale * base.mu + shift, atol=1e-9)


def test_bayes_stein_comes_closer_to_the_truth_than_sample_means(survey):
    plan = survey.select(survey.labels[:8])
    rng = np.random.default_rng(1986)
    inverse = np.linalg.inv(plan.sigma)
    gain = []
    for _ in range(200):
        r = pd.DataFrame(rng.multivariate_normal(plan.mu, plan.sigma, size=40))
        errors = r.mean().to_numpy() - plan.mu, cma.bayes_stein_means(r).mu - plan.mu
        gain.append(np.subtract(*(e @ inverse @ e for e in errors)))
    assert np.mean(gain) > 5 * np.std(gain) / np.sqrt(len(gain))


def test_bayes_stein_refuses_a_sample_shorter_than_its_assets():
    with pytest.raises(ValueError, match="more than 7 periods for 5 assets, got 7"):
        cma.bayes_stein_means(sample(5, 7, 0))
