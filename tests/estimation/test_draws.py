"""Block bootstrap and Student t years: moments, dependence and bad input."""

import numpy as np
import pandas as pd
import pytest
from arch.bootstrap import StationaryBootstrap
from scipy import stats

from portlib import data
from portlib.construction import resampling
from portlib.construction.intervals import redrawn
from portlib.estimation import capital_market_assumptions as cma
from portlib.estimation.draws import block_bootstrap, moments_test, student_t_scenarios
from portlib.records import Assumptions
from portlib.retirement.scenarios import lognormal


@pytest.fixture(scope="module")
def survey():
    return cma.survey_assumptions(10)


@pytest.fixture(scope="module")
def history():
    return data.history()


# ---- scenarios


def test_every_bootstrapped_month_is_a_month_of_history():
    r = pd.DataFrame({"a": np.arange(50.0) / 500, "b": np.arange(50.0) / 500 + 0.125})
    paths = block_bootstrap(r, 6, 200, 30, np.random.default_rng(0))
    assert paths.shape == (200, 30, 2)
    np.testing.assert_array_equal(paths[..., 1], paths[..., 0] + 0.125)
    months = np.rint(paths[..., 0] * 500).astype(int)
    steps = np.diff(months, axis=1)
    continued = np.isin(steps, [1, -49]).mean()
    assert continued == pytest.approx(1 - (1 / 6) * (1 - 1 / 50), abs=0.015)
    assert np.bincount(months.ravel(), minlength=50).min() > 60  # about 120 each


def test_block_bootstrap_against_another_library(history):
    """Spread of five-year mean returns of the autocorrelated bonds: ours and arch's agree, single
    months differ."""
    r = history[["baa_corporate"]].iloc[:60]
    other = StationaryBootstrap(12, r["baa_corporate"].to_numpy(), seed=np.random.default_rng(8))
    theirs = other.apply(np.mean, 3000).std()
    ours = block_bootstrap(r, 12, 3000, 60, np.random.default_rng(9)).mean(axis=1).std()
    single = block_bootstrap(r, 1, 3000, 60, np.random.default_rng(9)).mean(axis=1).std()
    assert ours == pytest.approx(theirs, rel=0.05)
    assert single == pytest.approx(r.std(ddof=0).iloc[0] / np.sqrt(60), rel=0.05)


def test_one_block_as_long_as_history_and_the_same_seed_repeat(history):
    r = history[["us_market"]].iloc[:100]
    first, again = (block_bootstrap(r, 100, 5, 40, np.random.default_rng(2)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("block", [0, 0.5, 101, np.nan])
def test_block_bootstrap_refuses_impossible_blocks(history, block):
    with pytest.raises(ValueError, match=r"between 1 and the 100 months|block months is nan"):
        block_bootstrap(history[["us_market"]].iloc[:100], block, 1, 12, np.random.default_rng(0))


def test_student_t_scenarios_have_the_law_they_claim(survey):
    """The scaled squared distance of a multivariate t is F distributed: its whole law, not only two
    moments."""
    draws = student_t_scenarios(survey, 5, 20_000, np.random.default_rng(11)) - survey.mu
    squared = (
        np.einsum("ni,ij,nj->n", draws, np.linalg.inv(survey.sigma), draws) / len(survey) * 5 / 3
    )
    assert stats.kstest(squared, stats.f(len(survey), 5).cdf).pvalue > 0.01


def test_student_t_scenarios_with_riskless_cash():
    safe = Assumptions(["a", "cash"], [0.07, 0.03], np.diag([0.04, 0.0]))
    draws = student_t_scenarios(safe, 5, 50, np.random.default_rng(0))
    np.testing.assert_array_equal(draws[:, 1], 0.03)
    assert np.isfinite(moments_test(draws, safe.mu, safe.sigma).to_numpy(float)).all()


@pytest.mark.parametrize("dof", [2, 1, -3, np.nan])
def test_student_t_refuses_a_law_without_covariance(survey, dof):
    with pytest.raises(ValueError, match=r"only above 2 degrees|dof is nan"):
        student_t_scenarios(survey, dof, 10, np.random.default_rng(0))


def test_moments_test_rejects_true_scenarios_rarely_and_wrong_ones_nearly_always(survey):
    rng = np.random.default_rng(12)
    true, scaled, shifted = [], [], []
    for _ in range(100):
        draws = student_t_scenarios(survey, 5, 2000, rng)
        p = [
            moments_test(x, survey.mu, survey.sigma)["p-value"]
            for x in (
                draws,
                survey.mu + (draws - survey.mu) * np.sqrt(5 / 3),
                draws + 0.25 * survey.volatility,
            )
        ]
        true.append(p[0].min() < 0.01)
        scaled.append(p[1]["covariances"] < 0.01)
        shifted.append(p[2]["means"] < 0.01)
    assert np.mean(true) <= 0.08
    assert np.mean(scaled) >= 0.9
    assert np.mean(shifted) >= 0.95


def test_moments_test_allows_for_dependence_within_a_path(history):
    r = history[["us_market", "baa_corporate"]]
    paths = block_bootstrap(r, 12, 2000, 120, np.random.default_rng(13))
    population = r.mean(), r.cov(ddof=0)
    assert moments_test(paths, *population)["p-value"].min() > 0.01
    assert moments_test(paths, r.mean() + 0.002, population[1])["p-value"]["means"] < 1e-6


def test_moments_test_does_not_pass_missing_values(survey):
    draws = student_t_scenarios(survey, 5, 100, np.random.default_rng(0))
    draws[3, 2] = np.nan
    with pytest.raises(ValueError, match="a scenario is nan"):
        moments_test(draws, survey.mu, survey.sigma)


def test_draws_do_not_depend_on_which_eigenvectors_a_processor_finds(monkeypatch):
    """Signs, and directions of equal eigenvalues, are the library's choice."""
    a = Assumptions(("a", "b", "c"), [0.05, 0.06, 0.02], np.diag([0.04, 0.04, 0.01]), 0.0, "three")
    eigh = np.linalg.eigh

    def other(matrix):
        values, vectors = eigh(matrix)
        turned = vectors * [-1, 1, -1]
        if values[1] == values[2]:
            turned[:, 1:] = turned[:, 1:] @ [[0.6, -0.8], [0.8, 0.6]]
        return values, turned

    def drawn():
        rng = np.random.default_rng(3)
        years = student_t_scenarios(a, 5.0, 4, rng)
        means, sigmas = resampling.draws(a, 2.5, 3, rng)
        paths = lognormal(a, 0.02, 2, 3, rng=rng).values
        cloud = redrawn(lambda b: pd.Series(b.mu), a, a.sigma / 9, draws=3, rng=rng)
        return [x for one in (years, means, sigmas, paths, cloud) for x in np.ravel(one)]

    before = drawn()
    monkeypatch.setattr(np.linalg, "eigh", other)
    assert drawn() == pytest.approx(before, abs=1e-12)
