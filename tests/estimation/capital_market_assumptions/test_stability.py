"""Crises and windows: no news where nothing changed, news where something did."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from portlib.estimation import capital_market_assumptions as cma


def test_selecting_bad_months_of_normal_returns_is_no_news_though_the_correlation_falls():
    rng = np.random.default_rng(6)
    r = pd.DataFrame(
        rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=200_000), columns=["x", "y"]
    )
    row = cma.crisis_correlations(r, "x").loc["y"]
    a = stats.norm.ppf(0.1)
    hazard = stats.norm.pdf(a) / 0.1
    variance = 1 - a * hazard - hazard**2  # of a standard normal below its tenth percentile
    assert row["expected"] == pytest.approx(0.6 / np.sqrt(0.36 + 0.64 / variance), abs=0.005)
    assert row["worst months"] < 0.4
    assert abs(row["excess"]) < 0.02


def test_joint_crashes_are_news():
    rng = np.random.default_rng(7)
    r = rng.multivariate_normal([0, 0], [[1, 0.1], [0.1, 1]], size=50_000)
    crash = rng.random(50_000) < 0.05
    r[crash] -= np.abs(rng.standard_normal((crash.sum(), 1))) * 4
    assert (
        cma.crisis_correlations(pd.DataFrame(r, columns=["x", "y"]), "x").loc["y", "excess"] > 0.1
    )


def test_crises_refuse_too_few_months(history):
    with pytest.raises(ValueError, match="are 10: a correlation needs at least 20"):
        cma.crisis_correlations(history[["us_market", "bills"]], "us_market", worst=0.01)


def test_windows_of_an_unchanging_law_are_noise_and_of_a_changing_one_are_not():
    rng = np.random.default_rng(12)
    at = pd.date_range("1900-01-31", periods=6000, freq="ME")
    steady = pd.DataFrame(
        rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 6000) * 0.04, at, list("ab")
    )
    found = cma.window_spread(steady, 60)
    assert found["excess"].to_numpy() == pytest.approx(np.ones(3), abs=0.35)
    assert list(found["kind"]) == ["volatility", "volatility", "correlation"]
    turning = steady.copy()
    turning["b"] = np.where(np.arange(6000) // 60 % 2, turning["b"], 2 * turning["b"])
    moved = cma.window_spread(turning, 60)
    assert moved.loc["b", "excess"] > 5 > 2 > moved.loc["a", "excess"]
    assert moved.loc["a with b", "excess"] == pytest.approx(found.loc["a with b", "excess"])
    by_hand = np.sqrt(12) * steady["a"].to_numpy().reshape(-1, 60).std(axis=1, ddof=1)
    assert found.loc["a", ["lowest", "highest"]].tolist() == pytest.approx(
        [by_hand.min(), by_hand.max()]
    )
    with pytest.raises(ValueError, match="not three windows"):
        cma.window_spread(steady.head(100), 60)


def test_windows_end_with_the_last_month_and_the_oldest_that_fill_none_are_left_out():
    rng = np.random.default_rng(8)
    months = pd.period_range("1990-01", periods=12 * 7 + 5, freq="M")
    table = pd.DataFrame(0.04 * rng.standard_normal((len(months), 2)), months, list("ab"))
    wild = table.copy()
    wild.iloc[:5] *= 6.0  # before the first whole window
    late = table.copy()
    late.iloc[-5:] *= 6.0
    columns = ["lowest", "highest"]
    same = cma.window_spread(table, 12)[columns]
    assert cma.window_spread(wild, 12)[columns].equals(same)
    parts = [table.iloc[len(table) - 12 * k : len(table) - 12 * (k - 1)] for k in range(1, 8)]
    for name in "ab":
        by_hand = [12**0.5 * part[name].std() for part in parts]
        assert same.loc[name].tolist() == pytest.approx([min(by_hand), max(by_hand)])
    rho = [part["a"].corr(part["b"]) for part in parts]
    assert same.loc["a with b"].tolist() == pytest.approx([min(rho), max(rho)])
    assert (cma.window_spread(late, 12)["highest"] > same["highest"]).loc[list("ab")].all()
