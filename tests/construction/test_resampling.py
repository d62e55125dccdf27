"""Resampled frontiers and utilities against single solutions, closed moments and bad input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.construction import resampling
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Mandate,
    Turnover,
    fully_invested,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import frontier, maximum_utility
from portlib.records import Assumptions
from tests.markets import SEEDS, market, ruled

few = settings(max_examples=15)

# ---- resampling ----------------------------------------------------------------------------------


def test_draws_have_the_moments_of_samples() -> None:
    a, years = market(6, 4), 10
    mu, sigma = resampling.draws(a, years, 40_000, np.random.default_rng(1))
    assert mu.mean(axis=0) == pytest.approx(
        a.mu, abs=5 * a.volatility.max() / math.sqrt(years * 40_000)
    )
    assert np.cov(mu.T) == pytest.approx(
        a.sigma / years, rel=0.05, abs=0.03 * a.sigma.max() / years
    )
    assert sigma.mean(axis=0) == pytest.approx(a.sigma, rel=0.02, abs=0.005 * a.sigma.max())
    v = np.diag(a.sigma)
    spread = (a.sigma**2 + np.outer(v, v)) / (12 * years - 1)  # of a Wishart
    assert sigma.var(axis=0) == pytest.approx(spread, rel=0.06)


@few
@given(seed=SEEDS, n=st.integers(3, 8), rules=st.booleans())
def test_the_batch_is_the_critical_line_of_each_resample(seed: int, n: int, rules: bool) -> None:
    a = market(seed, n)
    mandate = ruled(a, seed) if rules else Mandate(a.labels, [fully_invested(), long_only()])
    batch = resampling.resampled_frontier(
        a, mandate, years=8, resamples=8, points=7, rng=np.random.default_rng(seed)
    )
    mu, sigma = resampling.draws(a, 8, 8, np.random.default_rng(seed))
    for k in range(8):
        traced = frontier(a.replace(mu=mu[k], sigma=sigma[k], source="one"), mandate)
        for r, w in zip(
            np.linspace(traced.means[-1], traced.means[0], 7), batch.paths[k], strict=True
        ):
            assert traced.target_return(min(r, traced.means[0])).w == pytest.approx(w, abs=1e-7)
    assert batch.w == pytest.approx(batch.paths.mean(axis=0))
    for w in batch.w:
        assert max(mandate.violations(w, a).values()) < 1e-9


@few
@given(seed=SEEDS, aversion=st.sampled_from([0.5, 4.0, 50.0]))
def test_resampled_utility_is_the_average_of_single_solutions(seed: int, aversion: float) -> None:
    a = market(seed)
    mandate = ruled(a, seed)
    rng = np.random.default_rng(seed)
    ours = resampling.resampled_utility(
        a, mandate, risk_aversion=aversion, years=8, resamples=8, rng=rng
    )
    mu, sigma = resampling.draws(a, 8, 8, np.random.default_rng(seed))
    single = [
        maximum_utility(a.replace(mu=m, sigma=s, source="one"), mandate, risk_aversion=aversion).w
        for m, s in zip(mu, sigma, strict=True)
    ]
    assert ours.w == pytest.approx(np.mean(single, axis=0), abs=1e-8)
    assert not ours.shadow_prices and ours.status == "rule"


def test_resampling_under_a_cone_goes_one_by_one() -> None:
    a = market(8, 3)
    near = Mandate(
        a.labels,
        [fully_invested(), long_only(), Turnover("near", dict.fromkeys(a.labels, 1 / 3), 0.1)],
    )
    w = resampling.resampled_utility(
        a, near, risk_aversion=4.0, years=8, resamples=3, rng=np.random.default_rng(1)
    ).w
    assert np.abs(w - 1 / 3).sum() / 2 <= 0.1 + 1e-7
    with pytest.raises(NotSolved, match="straight lines"):
        resampling.resampled_frontier(a, near, years=8, resamples=3, rng=np.random.default_rng(1))


def test_ties_and_a_riskless_asset_are_traced() -> None:
    tied = Assumptions(["a", "b", "c"], [0.05, 0.05, 0.02], np.diag([0.04, 0.04, 0.0]))
    x = resampling.resampled_frontier(
        tied, years=5, resamples=10, points=5, rng=np.random.default_rng(3)
    )
    assert x.w.sum(axis=1) == pytest.approx(1.0)
    assert x.w[0] == pytest.approx([0, 0, 1], abs=1e-6)
    third = dict.fromkeys("abc", 1 / 3)
    fixed = Mandate(tied.labels, [fully_invested(), Bounds("all", third, third)])
    one = resampling.resampled_frontier(
        tied, fixed, years=5, resamples=3, points=4, rng=np.random.default_rng(3)
    )
    assert one.w == pytest.approx(1 / 3)


def test_resampling_refuses_conflicts_and_too_little() -> None:
    a, rng = market(1), np.random.default_rng(1)
    with pytest.raises(Infeasible, match="fully invested"):
        resampling.resampled_frontier(
            a, Mandate(a.labels, [fully_invested(), position_limit(0.1)]), years=5, rng=rng
        )
    with pytest.raises(ValueError, match="needs 7 months"):
        resampling.draws(a, 0.5, 10, rng)
    with pytest.raises(ValueError, match="a resample"):
        resampling.draws(a, 5, 0, rng)
