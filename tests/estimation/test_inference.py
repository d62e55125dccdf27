"""Tests of means, variances and Sharpe ratios against statsmodels, the bootstrap and their own
stated size."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.estimation.inference import (
    circular_shifts,
    hac_mean,
    sharpe_test,
    swap_test,
    variance_test,
    wilson,
)
from tests.markets import SEEDS

few = settings(max_examples=25)


@few
@given(seed=SEEDS, months=st.integers(30, 400), lags=st.none() | st.integers(0, 12))
def test_newey_west_is_statsmodels(seed: int, months: int, lags: int | None) -> None:
    x = np.random.default_rng(seed).normal(size=months).cumsum() * 0.1
    reach = int(4 * (months / 100) ** (2 / 9)) if lags is None else lags
    fit = sm.OLS(x, np.ones(months)).fit(cov_type="HAC", cov_kwds={"maxlags": reach})
    found = hac_mean(x, lags)
    assert found.value == pytest.approx(fit.params[0], abs=1e-12)
    assert found.standard_error == pytest.approx(fit.bse[0], rel=1e-9)


def test_variance_test_against_statsmodels_and_the_bootstrap():
    rng = np.random.default_rng(21)
    common, own = rng.standard_normal((600, 1)), rng.standard_t(4, (600, 2))
    x = 0.01 + 0.03 * common + own * [0.03, 0.05]
    ratio, error, p_value = variance_test(x[:, 0], x[:, 1], lags=8)
    psi = sum(
        sign * (x[:, i] - x[:, i].mean()) ** 2 / x[:, i].var() for i, sign in ((0, 1), (1, -1))
    )
    fit = sm.OLS(psi, np.ones(600)).fit(cov_type="HAC", cov_kwds={"maxlags": 8})
    assert ratio == pytest.approx(np.log(x[:, 0].var() / x[:, 1].var()))
    assert error == pytest.approx(fit.bse[0])
    drawn = StationaryBootstrap(8, x, seed=1).apply(
        lambda z: np.log(z[:, 0].var() / z[:, 1].var()), 800
    )
    assert error == pytest.approx(drawn.std(), rel=0.15)
    assert variance_test(x[:, 1], x[:, 0], lags=8) == pytest.approx((-ratio, error, p_value))
    assert variance_test(x[:, 0], x[:, 0]) == (0, 0, 1)


def test_variance_test_rejects_a_true_hypothesis_about_as_often_as_it_says():
    rng, rejected = np.random.default_rng(5), 0
    for _ in range(400):
        common = rng.standard_t(5, (600, 1))
        a, b = (common + 0.5 * rng.standard_t(5, (600, 2))).T
        rejected += variance_test(a, b)[2] < 0.05
    assert 0.03 < rejected / 400 < 0.10


def test_sharpe_test_is_the_regression_of_its_influence_on_a_constant() -> None:
    """statsmodels' long-run variance (Newey-West) of the same influence functions, by another route
    to each of them."""
    rng = np.random.default_rng(2)
    a, b = rng.standard_t(5, (2, 400)) * 0.04 + 0.006
    gap, error, p = sharpe_test(a, b, lags=6)
    ratio = [x.mean() / x.std() for x in (a, b)]
    moments = np.column_stack(
        [a - a.mean(), b - b.mean(), a**2 - (a**2).mean(), b**2 - (b**2).mean()]
    )
    m, g = [x.mean() for x in (a, b)], [(x**2).mean() for x in (a, b)]
    slope = np.array(
        [
            g[0] / (g[0] - m[0] ** 2) ** 1.5,
            -g[1] / (g[1] - m[1] ** 2) ** 1.5,
            -m[0] / (2 * (g[0] - m[0] ** 2) ** 1.5),
            m[1] / (2 * (g[1] - m[1] ** 2) ** 1.5),
        ]
    )
    fit = sm.OLS(moments @ slope, np.ones(400)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": False}
    )
    assert gap == pytest.approx(ratio[0] - ratio[1])
    assert error == pytest.approx(float(fit.bse[0]), rel=1e-9)
    assert p == pytest.approx(math.erfc(abs(gap / error) / math.sqrt(2)))


def test_sharpe_test_has_memmels_error_for_normal_months_and_its_size() -> None:
    rng, rejected, errors = np.random.default_rng(3), 0, []
    for _ in range(400):
        x = rng.multivariate_normal([0.006, 0.006], 0.0016 * np.array([[1, 0.8], [0.8, 1]]), 600)
        _, error, p = sharpe_test(x[:, 0], x[:, 1], lags=3)
        errors.append(error)
        rejected += p < 0.05
    s = 0.006 / 0.04
    memmel = math.sqrt((2 - 2 * 0.8 + 0.5 * (s**2 + s**2 - 2 * s**2 * 0.8**2)) / 600)
    assert np.mean(errors) == pytest.approx(memmel, rel=0.02)
    assert 0.03 < rejected / 400 < 0.085


def test_sharpe_test_of_twins_and_of_mismatched_series() -> None:
    x = np.random.default_rng(4).normal(0.01, 0.04, 60)
    assert sharpe_test(x, x) == (0.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="same months twice"):
        sharpe_test(x, x[1:])
    with pytest.raises(ValueError, match="same months twice"):
        sharpe_test(x[:10], x[:10])


def test_swapping_is_every_relabelling_where_they_can_be_counted() -> None:
    """Six blocks have 64 relabellings: the p-value of many draws is the share of those as
    extreme."""
    rng = np.random.default_rng(8)
    a, b = rng.normal(size=24), 1.5 * rng.normal(size=24)
    first, second = (((x - x.mean()) ** 2).reshape(6, 4).sum(axis=1) for x in (a, b))
    each = np.array([[k >> i & 1 for i in range(6)] for k in range(64)])
    whole = np.where(each, second, first).sum(axis=1), np.where(each, first, second).sum(axis=1)
    stat = np.abs(np.log(whole[0] / whole[1]))
    right = (stat >= abs(np.log(first.sum() / second.sum())) - 1e-12).mean()
    found = swap_test(a, b, block=4, draws=40_000, rng=np.random.default_rng(9))
    assert found == pytest.approx(right, abs=0.01)


def test_swapping_rejects_a_true_equality_as_often_as_it_says() -> None:
    rng, rejected = np.random.default_rng(10), 0
    for _ in range(400):
        calm = np.repeat(
            rng.choice([0.02, 0.06], 20), 12
        )  # risk that comes in years, to both alike
        a, b = rng.normal(size=(2, 240)) * calm
        rejected += swap_test(a, b, block=12, draws=199, rng=rng) <= 0.05
    low, high = wilson(rejected, 400)
    assert low <= 0.05 <= high


def test_turning_keeps_each_series_and_finds_what_they_share() -> None:
    rng = np.random.default_rng(11)
    slow = np.convolve(rng.normal(size=260), np.ones(20), "valid")[:240]
    apart = np.convolve(rng.normal(size=260), np.ones(20), "valid")[:240]

    def together(x, y):
        return abs(float(np.corrcoef(x, y)[0, 1]))

    assert circular_shifts(together, slow, slow)[1] == pytest.approx(1 / 240)
    value, p = circular_shifts(together, slow, apart)
    assert value == pytest.approx(together(slow, apart)) and p > 0.02
    at = pd.date_range("2000-01-31", periods=241, freq="ME")
    one, later = pd.Series(slow, at[:-1]), pd.Series(apart, at[1:])
    with pytest.raises(ValueError, match="only"):
        circular_shifts(together, one, later)


def test_wilsons_limits() -> None:
    assert wilson(35, 500) == pytest.approx((0.0508, 0.0958), abs=5e-5)
    assert wilson(0, 10)[0] == pytest.approx(0, abs=1e-12)
