"""Backtests against the laws that they assume."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from portlib.construction import tail_risk as tr
from tests.markets import SEEDS

few = settings(max_examples=40)


def cvar(x: np.ndarray, w: np.ndarray, level: float) -> float:
    return float(tr.historical(x @ w, level).cvar)


@few
@given(n=st.integers(2, 300), share=st.floats(0, 1), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_kupiec_by_the_binomial_law(n: int, share: float, level: float) -> None:
    k = round(share * n)
    hits = np.arange(n) < k
    expected = 2 * (stats.binom.logpmf(k, n, k / n) - stats.binom.logpmf(k, n, 1 - level))
    found = tr.kupiec(hits, level)
    assert found.statistic == pytest.approx(expected, abs=1e-7)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 1), abs=1e-7)


def test_kupiec_rejects_one_correct_forecast_in_twenty() -> None:
    n = 696
    chances = stats.binom.pmf(np.arange(n + 1), n, 0.05)
    rejected = [tr.kupiec(np.arange(n) < k, 0.95).p_value <= 0.05 for k in range(n + 1)]
    assert 0.03 < chances[rejected].sum() < 0.07


@few
@given(seed=SEEDS, again=st.floats(0.05, 0.9))
def test_christoffersen_is_the_g_test_of_the_table_of_transitions(seed: int, again: float) -> None:
    rng, hits = np.random.default_rng(seed), [False]
    for _ in range(200):
        hits.append(bool(rng.random() < (again if hits[-1] else 0.1)))
    x = np.array(hits)
    table = [[np.sum((x[:-1] == i) & (x[1:] == j)) for j in (False, True)] for i in (False, True)]
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert tr.christoffersen(x) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


def test_breaches_that_never_or_always_come() -> None:
    assert tr.kupiec(np.zeros(100, bool), 0.95).statistic == pytest.approx(-200 * math.log(0.95))
    assert tr.kupiec(np.ones(10, bool), 0.95).statistic == pytest.approx(-20 * math.log(0.05))
    assert tr.christoffersen(np.zeros(100, bool)) == (0.0, 1.0)
    assert tr.christoffersen(np.arange(100) < 10).p_value < 1e-6


def test_acerbi_szekely_by_hand() -> None:
    returns, var, worst = (
        [-0.02, -0.12, 0.05, -0.08],
        [0.05, 0.05, 0.05, 0.06],
        [0.08, 0.10, 0.08, 0.08],
    )
    size, overall = tr.acerbi_szekely(returns, var, worst, 0.75)
    assert size == pytest.approx(1 - (1.2 + 1.0) / 2)
    assert overall == pytest.approx(1 - (1.2 + 1.0) / (4 * 0.25))
    assert np.isnan(tr.acerbi_szekely([0.1, 0.2], 0.05, 0.08, 0.95)[0])
    with pytest.raises(ValueError, match=r"must be positive, as losses are; the least is -0\.01"):
        tr.acerbi_szekely(returns, var, [0.1, 0.1, -0.01, 0.1], 0.95)


@pytest.mark.parametrize(("scale", "low", "high"), [(1.0, 0.01, 0.10), (1.3, 0.6, 1.0)])
def test_acerbi_szekely_rejects_what_is_wrong_and_little_else(
    scale: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(9)
    var, worst = tr.normal(0.0, 1.0, 0.95)
    null = tr.acerbi_szekely(rng.normal(size=(2000, 250)), var, worst, 0.95)
    seen = tr.acerbi_szekely(scale * rng.normal(size=(300, 250)), var, worst, 0.95)
    for statistic, under in zip(seen, null, strict=True):
        p = np.array([tr.simulated_p_value(z, under) for z in statistic])
        if statistic is seen[1] or scale == 1.0:
            assert low <= np.mean(p <= 0.05) <= high


def test_p_values_count_the_observation_and_skip_what_has_no_value() -> None:
    assert tr.simulated_p_value(0.0, np.array([-1.0, 0.0, 1.0, np.nan])) == 3 / 4
    assert tr.simulated_p_value(-9.0, np.array([-1.0, 0.0, 1.0])) == 1 / 4


def test_walking_forward_never_looks_ahead() -> None:
    x = np.arange(100.0)[:, None] * [1.0, 10.0]
    past, came = tr.walk_forward(x, 36)
    assert past.shape == (5, 36, 2) and came.shape == (5, 12, 2)
    assert (past[:, -1] < came[:, 0]).all()
    assert came[:, :, 0].ravel().tolist() == list(range(36, 96))
    changed = x.copy()
    changed[60:] = -1
    assert np.array_equal(tr.walk_forward(changed, 36)[0][:3], past[:3])
    with pytest.raises(ValueError, match="20 months do not hold a window of 12 and 12 after it"):
        tr.walk_forward(x[:20], 12)
