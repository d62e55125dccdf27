"""A published worked example of geometric and arithmetic portfolio returns over thirty years."""

import json

import numpy as np
import pytest

from portlib.compounding import arithmetic_to_geometric, geometric_to_arithmetic
from portlib.estimation.capital_market_assumptions import portfolio_geometric
from portlib.records import Assumptions
from portlib.stewardship.model_validation.replications import CASES

CASE = json.loads((CASES / "geometric_arithmetic_portfolio_return_30y.json").read_text())
INPUT, OUTPUT = CASE["inputs"], CASE["outputs"]
N = INPUT["horizon"]
GEOMETRIC, VOLATILITY, W = (np.array(INPUT[name]) for name in ("geom", "vol", "weights"))
SIGMA = np.array(INPUT["corr"]) * np.outer(VOLATILITY, VOLATILITY)


def published_arithmetic(geometric, volatility, n):
    """The formula as published: the variance is related to the geometric mean."""
    return (1 + geometric) / (1 + volatility**2 / (1 + geometric) ** 2) ** ((1 - n) / (2 * n)) - 1


def published_portfolio():
    mean = published_arithmetic(GEOMETRIC, VOLATILITY, N)
    return Assumptions([f"asset {i}" for i in range(8)], mean, SIGMA, source=CASE["citation"])


def test_the_published_arithmetic_means_follow_from_the_published_formula():
    np.testing.assert_allclose(
        published_arithmetic(GEOMETRIC, VOLATILITY, N),
        OUTPUT["arith"],
        atol=CASE["tolerance"]["rounded"],
    )


def test_the_published_portfolio_is_reproduced():
    portfolio = published_portfolio()
    assert portfolio.mean_of(W) == pytest.approx(
        OUTPUT["port_arith"], abs=CASE["tolerance"]["port"]
    )
    assert portfolio.risk_of(W) == pytest.approx(
        OUTPUT["port_vol"], abs=CASE["tolerance"]["rounded"]
    )
    assert float(W @ VOLATILITY) == pytest.approx(
        OUTPUT["avg_vol"], abs=CASE["tolerance"]["rounded"]
    )
    assert portfolio_geometric(portfolio, W, N) == pytest.approx(
        OUTPUT["port_geom"], abs=CASE["tolerance"]["port"]
    )
    assert float(W @ GEOMETRIC) == pytest.approx(
        OUTPUT["wavg_geom"], abs=CASE["tolerance"]["rounded"]
    )


def test_the_published_pair_does_not_invert_and_ours_does():
    theirs = arithmetic_to_geometric(published_arithmetic(GEOMETRIC, VOLATILITY, N), VOLATILITY, N)
    ours = arithmetic_to_geometric(geometric_to_arithmetic(GEOMETRIC, VOLATILITY, N), VOLATILITY, N)
    assert np.abs(theirs - GEOMETRIC).max() == pytest.approx(0.00193, abs=5e-6)
    np.testing.assert_allclose(ours, GEOMETRIC, atol=1e-14)


def test_simulation_says_which_of_the_two_is_right():
    """Emerging equity: lognormal years with the mean we find compound to the published geometric
    return."""
    g, s = GEOMETRIC[4], VOLATILITY[4]
    rng = np.random.default_rng(20031)
    found = {}
    for name, m in {
        "published": published_arithmetic(g, s, N),
        "exact": geometric_to_arithmetic(g, s, N),
    }.items():
        log_variance = np.log1p(s**2 / (1 + m) ** 2)
        growth = rng.normal(np.log1p(m) - log_variance / 2, np.sqrt(log_variance), size=(40_000, N))
        annual = np.exp(growth.mean(axis=1)) - 1
        found[name] = (annual.mean() - g) / (annual.std(ddof=1) / np.sqrt(len(annual)))
    assert abs(found["exact"]) < 3
    assert abs(found["published"]) > 5
