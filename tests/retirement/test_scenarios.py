"""Returns and inflation drawn together: moments, history kept whole, and correlations stated."""

import math

import numpy as np
import pandas as pd
import pytest

from portlib.records import Assumptions
from portlib.retirement import scenarios as sc
from portlib.retirement.inflation import Inflation

JOINT = sc.joint_history()
TWO = Assumptions(
    ["equity", "bonds"], [0.07, 0.04], [[0.0289, 0.0012], [0.0012, 0.0036]], 0.03, "made up"
)
PROCESS = Inflation(0.024, 0.78, 0.0165)


def test_the_joint_history_spans_1962_to_now_and_knows_2022() -> None:
    years = sc.annual(JOINT)
    assert JOINT.index[0].year == 1962
    assert JOINT.index[-1].year >= 2026
    assert years.loc[2022, "equity"] == pytest.approx(-0.181, abs=0.005)  # S&P 500, published
    assert years.loc[2008, "bonds"] == pytest.approx(0.201, abs=0.01)  # Damodaran: 20.1%
    assert years.loc[2022, "inflation"] == pytest.approx(0.0645, abs=0.0005)  # BLS: 6.5%


def test_cohorts_are_history_and_their_real_returns_fisher_s() -> None:
    runs = sc.cohorts(30, JOINT)
    years = sc.annual(JOINT)
    first = int(runs.paths[0])
    expected = (1 + years.loc[first, "equity"]) / (1 + years.loc[first, "inflation"]) - 1
    assert runs.values[0, 0, runs.assets.index("equity")] == pytest.approx(expected)
    assert runs.inflation[0] == pytest.approx(years["inflation"].loc[first : first + 29])


def test_the_bootstrap_keeps_returns_and_inflation_together() -> None:
    drawn = sc.bootstrapped(2_000, 20, np.random.default_rng(1), JOINT, block=24)
    years = sc.annual(JOINT)
    real = (1 + years["bonds"]) / (1 + years["inflation"]) - 1
    expected = np.corrcoef(real, years["inflation"])[0, 1]
    bonds = drawn.values[..., drawn.assets.index("bonds")]
    found = np.corrcoef(bonds.ravel(), drawn.inflation.ravel())[0, 1]
    assert found == pytest.approx(expected, abs=0.15)
    assert found < -0.3


def test_lognormal_years_have_the_moments_and_correlations_stated() -> None:
    stated = {"equity": -0.2, "bonds": -0.4}
    rng = np.random.default_rng(2)
    drawn = sc.lognormal(TWO, PROCESS, 20_000, 10, rng, with_surprises=stated)
    logs = np.log1p(drawn.inflation)
    before = np.concatenate([np.full((len(logs), 1), PROCESS.mean), logs[:, :-1]], axis=1)
    surprise = logs - PROCESS.mean - PROCESS.persistence * (before - PROCESS.mean)
    nominal = (1 + drawn.values) * (1 + np.expm1(PROCESS.mean) + surprise[..., None])
    flat = np.log(nominal.reshape(-1, 2))
    assert nominal.reshape(-1, 2).mean(axis=0) - 1 == pytest.approx(TWO.mu, abs=0.0015)
    assert np.cov((nominal.reshape(-1, 2)).T) == pytest.approx(TWO.sigma, rel=0.04, abs=1e-4)
    for k, name in enumerate(TWO.labels):
        assert np.corrcoef(flat[:, k], surprise.ravel())[0, 1] == pytest.approx(
            stated[name], abs=0.01
        )


def test_without_surprises_the_process_is_the_number() -> None:
    calm = Inflation(np.log1p(0.024), 0.0, 0.0)
    by_process = sc.lognormal(TWO, calm, 50, 10, np.random.default_rng(3))
    by_number = sc.lognormal(TWO, 0.024, 50, 10, np.random.default_rng(3))
    assert by_process.values == pytest.approx(by_number.values)
    assert by_process.inflation == pytest.approx(by_number.inflation)


def test_what_is_indexed_bears_no_surprise() -> None:
    labels = ["us_core_bonds", "us_tips"]
    two = Assumptions(labels, [0.04, 0.04], np.diag([1e-6, 1e-6]), 0.03, "calm")
    drawn = sc.lognormal(two, PROCESS, 2_000, 10, np.random.default_rng(4))
    spread = drawn.values.std(axis=(0, 1))
    assert spread[0] == pytest.approx(PROCESS.shock, rel=0.05)
    assert spread[1] < 0.0011


def test_impossible_or_unknown_correlations_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown classes"):
        sc.lognormal(TWO, PROCESS, 2, 2, np.random.default_rng(1), with_surprises={"gold": 0.1})
    with pytest.raises(ValueError, match="no joint law"):
        sc.lognormal(
            TWO,
            PROCESS,
            2,
            2,
            np.random.default_rng(1),
            with_surprises={"equity": 0.9, "bonds": -0.9},
        )


def test_bootstrapped_years_keep_the_mean_and_compound_the_months() -> None:
    months = JOINT[["equity", "bonds"]]
    drawn = sc.bootstrapped(400, 40, np.random.default_rng(8), months)
    error = months.std().to_numpy() * math.sqrt(12) / math.sqrt(400 * 40)
    assert (
        np.abs(drawn.values.mean(axis=(0, 1)) - ((1 + months.mean()) ** 12 - 1)).max()
        <= 5 * error.max() + 0.002
    )
    one = pd.DataFrame({"equity": [0.01] * 24, "bonds": [0.0] * 24}, index=months.index[:24])
    assert np.allclose(
        sc.bootstrapped(3, 2, np.random.default_rng(1), one).values[..., 0], 1.01**12 - 1
    )
    same = sc.bootstrapped(3, 2, np.random.default_rng(1))
    assert same.assets == ("equity", "bonds", "bills") and same.inflation is not None


def test_cohorts_are_calendar_years_in_their_order_less_their_inflation() -> None:
    runs = sc.cohorts(30)
    grown = (1 + JOINT.loc["1973"]).prod()
    of_1973 = grown["equity"] / grown["inflation"] - 1
    assert runs.values[runs.paths.index("1973"), 0, 0] == pytest.approx(of_1973)
    assert runs.values[runs.paths.index("1970"), 3, 0] == pytest.approx(of_1973)
    with pytest.raises(ValueError, match="whole calendar years"):
        sc.cohorts(70)


def test_lognormal_years_have_the_moments_assumed_after_prices() -> None:
    view = Assumptions(
        ("equity", "bonds"), [0.08, 0.04], [[0.03, 0.002], [0.002, 0.004]], 0.03, "a test"
    )
    nominal = (
        1 + sc.lognormal(view, 0.025, 4000, 50, np.random.default_rng(2)).values.reshape(-1, 2)
    ) * 1.025 - 1
    assert np.abs(nominal.mean(axis=0) - view.mu).max() <= 4 * math.sqrt(0.03 / 200_000)
    assert np.abs(np.cov(nominal.T) - view.sigma).max() <= 0.0005
