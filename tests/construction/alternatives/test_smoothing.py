"""Reported and true returns: closed forms against long draws, and the way back."""

import numpy as np
import pytest

from portlib.construction.alternatives import smoothing
from portlib.construction.alternatives.smoothing import Smoothing, desmoothed, fitted, geltner


@pytest.fixture(scope="module")
def true():
    """SYNTHETIC: correlated normal returns without memory, (time, two)."""
    rng = np.random.default_rng(7)
    return rng.multivariate_normal([0.02, 0.02], [[0.01, 0.006], [0.006, 0.01]], 200_000)


@pytest.mark.parametrize("how", [geltner(0.78), Smoothing((0.6, 0.3, 0.1))], ids=["ar", "ma"])
def test_closed_forms_agree_with_a_long_draw(true, how):
    seen = how.report(true[:, 0])[300:]
    before, market = true[300:, 0], true[300:, 1]
    assert seen.std() / before.std() == pytest.approx(how.volatility_ratio, rel=0.02)
    ratio = np.corrcoef(seen, market)[0, 1] / np.corrcoef(before, market)[0, 1]
    assert ratio == pytest.approx(how.correlation_ratio, rel=0.02)
    assert smoothing.inertia(seen)[0] == pytest.approx(how.autocorrelation(1), abs=0.01)
    year, truly = (x[: len(x) // 4 * 4].reshape(-1, 4).sum(axis=1) for x in (seen, before))
    assert year.std() / truly.std() == pytest.approx(how.volatility_ratio_over(4), rel=0.02)


def test_geltner_s_ratios_have_their_closed_form():
    for phi in (0.0, 0.3, 0.78):
        how = geltner(phi)
        assert how.volatility_ratio == pytest.approx(np.sqrt((1 - phi) / (1 + phi)), rel=1e-9)
        assert how.correlation_ratio == pytest.approx(np.sqrt(1 - phi**2), rel=1e-9)


def test_desmoothing_returns_the_truth_exactly(true):
    r = true[:400, 0]
    seen = geltner(0.6).report(r)
    np.testing.assert_allclose(desmoothed(seen, 0.6), r[1:], atol=1e-10)


def test_smoothing_keeps_the_mean_and_what_is_added_up(true):
    r = np.r_[true[:100, 0], np.zeros(100)]
    assert geltner(0.5).report(r).sum() == pytest.approx(r.sum())


def test_the_fit_finds_the_weights_within_their_error(true):
    found = fitted(Smoothing((0.6, 0.3, 0.1)).report(true[:4000, 0]))
    np.testing.assert_allclose(found.theta, (0.6, 0.3, 0.1), atol=0.03)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Smoothing((0.5, 0.4)), "sum to one"),
        (lambda: Smoothing((-0.5, 1.5)), "newest"),
        (lambda: geltner(1.0), "between 0 and 1"),
        (lambda: desmoothed([0.1, 0.2], -0.1), "between 0 and 1"),
        (lambda: smoothing.inertia([0.1] * 5), "20"),
        (lambda: fitted(np.zeros(10)), "too few"),
        (lambda: geltner(0.1).autocorrelation(-1), "not negative"),
    ],
)
def test_what_makes_no_sense_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_memory_ends_where_the_weights_do_and_its_error_is_bartletts():
    how = Smoothing((0.5, 0.3, 0.2))
    power = 0.25 + 0.09 + 0.04
    expected = [1.0, (0.5 * 0.3 + 0.3 * 0.2) / power, 0.5 * 0.2 / power, 0.0, 0.0]
    assert [how.autocorrelation(lag) for lag in range(5)] == pytest.approx(expected)
    with pytest.raises(ValueError, match="not negative"):
        how.autocorrelation(-1)
    rng = np.random.default_rng(4)
    draws = [smoothing.inertia(geltner(0.6).report(rng.normal(size=500))[100:]) for _ in range(300)]
    found, said = np.array(draws).T
    assert said.mean() == pytest.approx(found.std(ddof=1), rel=0.12)


def test_how_many_returns_the_fit_needs_grows_with_its_lags(true):
    seen = Smoothing((0.7, 0.3)).report(true[:60, 0])
    assert len(fitted(seen, lags=2).theta) == 3
    with pytest.raises(ValueError, match="59 returns are too few for 2 lags: 60 needed"):
        fitted(seen[:-1], lags=2)
