"""Returns and inflation drawn together: moments, history kept whole, and correlations stated."""

import math
from types import SimpleNamespace

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


# ---- each number from its own series, and nothing dropped on the way -----------------------------


def made_history():
    """SYNTHETIC months of 2000 to 2002 in which every series is a number of its own, and in which
    one price was never collected."""
    months = pd.date_range("2000-01-31", periods=36, freq="ME")
    level = pd.Series(100 * 1.01 ** np.arange(36.0), months)
    level.iloc[20] = np.nan
    told = {"tsp_c": 0.02, "treasury_5y": 0.005, "treasury_10y": 0.010, "bills": 0.003}
    recent = {name: SimpleNamespace(values=pd.Series(x, months)) for name, x in told.items()}
    recent["cpi_u"] = SimpleNamespace(values=level)
    early = {"us_market": SimpleNamespace(values=pd.Series(0.04, months[:18]))}
    return recent, early, months


@pytest.mark.parametrize(("years", "bonds"), [(5, 0.005), (10, 0.010)])
def test_the_joint_history_joins_what_it_is_given_month_by_month(years, bonds) -> None:
    recent, early, months = made_history()
    table = sc.joint_history(years, recent=recent, early=early)
    assert list(table.index) == list(months[1:])
    assert table["equity"].to_numpy() == pytest.approx([0.04] * 17 + [0.02] * 18)
    assert table["bonds"].to_numpy() == pytest.approx(bonds)
    assert table["bills"].to_numpy() == pytest.approx(0.003)
    # the price that is missing: the change over two months is spread evenly, as growth
    assert table["inflation"].to_numpy() == pytest.approx(0.01, abs=1e-12)


def test_only_whole_years_are_years_and_cohorts_name_their_span() -> None:
    recent, early, _ = made_history()
    table = sc.joint_history(recent=recent, early=early)  # from February 2000
    years = sc.annual(table)
    assert list(years.index) == [2001, 2002]
    assert years.loc[2002, "bonds"] == pytest.approx(1.01**12 - 1)
    assert list(sc.annual(table.iloc[:-1]).index) == [2001]
    runs = sc.cohorts(1, table)
    assert runs.paths == ("2001", "2002") and "2001 to 2002" in runs.source
    assert sc.cohorts(2, table).source.endswith("2001 to 2002")
    assert runs.inflation[:, 0] == pytest.approx(1.01**12 - 1)
    with pytest.raises(ValueError, match="holds 2 whole"):
        sc.cohorts(3, table)


def test_sleeves_are_mixed_by_name_and_everything_else_is_kept() -> None:
    drawn = sc.bootstrapped(3, 4, np.random.default_rng(5), JOINT)
    mix = pd.DataFrame(
        {"bills": [0.1, 0.0], "bonds": [0.2, 1.0], "equity": [0.7, 0.0]}, index=["grow", "calm"]
    )
    of = sc.Scenarios(drawn.values, drawn.assets, "told", ("a", "b", "c"), drawn.inflation).of(mix)
    at = {name: drawn.values[..., i] for i, name in enumerate(drawn.assets)}
    by_hand = 0.1 * at["bills"] + 0.2 * at["bonds"] + 0.7 * at["equity"]
    assert of.values[..., 0] == pytest.approx(by_hand)
    assert of.values[..., 1] == pytest.approx(at["bonds"])
    assert (of.assets, of.source, of.paths) == (("grow", "calm"), "told", ("a", "b", "c"))
    assert of.inflation is drawn.inflation


def test_no_two_paths_are_alike_and_runs_are_as_long_as_asked(monkeypatch) -> None:
    asked = []

    def noted(months, block, paths, length, rng):
        asked.append((block, paths, length))
        return original(months, block, paths, length, rng)

    original = sc.block_bootstrap
    monkeypatch.setattr(sc, "CHUNK", 3)
    monkeypatch.setattr(sc, "block_bootstrap", noted)
    drawn = sc.bootstrapped(8, 2, np.random.default_rng(6), JOINT, block=30)
    assert asked == [(30, 3, 24), (30, 3, 24), (30, 2, 24)]
    assert len({tuple(path) for path in drawn.values[:, :, 0].tolist()}) == 8
    assert "mean block 30 months" in drawn.source
    assert f"{JOINT.index[0]:%Y-%m} to {JOINT.index[-1]:%Y-%m}" in drawn.source


def test_which_classes_are_indexed_is_the_caller_s_word() -> None:
    calm = Assumptions(["a", "b"], [0.04, 0.04], np.diag([1e-6, 1e-6]), 0.03, "calm")
    for indexed in (["a"], ["b"], ["a", "b"], ["not held"]):
        drawn = sc.lognormal(
            calm, PROCESS, 500, 10, np.random.default_rng(4), indexed=indexed
        ).values.std(axis=(0, 1))
        assert [spread < 0.002 for spread in drawn] == [name in indexed for name in "ab"]


def test_years_that_cannot_be_are_refused_with_their_name() -> None:
    values = np.full((2, 3, 1), 0.05)
    good = np.full((2, 3), 0.02)
    assert sc.Scenarios(values, ("x",), "made", (), good).inflation is good
    for wrong in (np.full((2, 4), 0.02), np.full((3, 3), 0.02), np.full(2, 0.02)):
        with pytest.raises(ValueError, match="inflation"):
            sc.Scenarios(values, ("x",), "made", (), wrong)
    for wrong in (np.full((2, 3), 2.5), np.full((2, 3), np.nan), np.full((2, 3), -1.5)):
        with pytest.raises(ValueError, match="inflation"):
            sc.Scenarios(values, ("x",), "made", (), wrong)
    one_lost = good.copy()
    one_lost[1, 2] = -1.0
    assert sc.Scenarios(values, ("x",), "made", (), one_lost).inflation is one_lost
    one_lost[1, 2] = -1.0 - 1e-9
    with pytest.raises(ValueError, match="inflation"):
        sc.Scenarios(values, ("x",), "made", (), one_lost)
    for wrong in (values * np.nan, values * 100, values - 1.2):
        with pytest.raises(ValueError, match="real returns"):
            sc.Scenarios(wrong, ("x",), "made")
    with pytest.raises(ValueError, match="2 assets"):
        sc.Scenarios(values, ("x", "y"), "made")


def test_classes_that_move_as_one_have_a_law_and_an_impossible_covariance_has_none() -> None:
    """A correlation of one is the edge, and belongs to what is possible."""
    alike = Assumptions(["a", "b"], [0.05, 0.05], np.full((2, 2), 0.02), 0.03, "as one")
    drawn = sc.lognormal(alike, 0.02, 50, 3, np.random.default_rng(1)).values
    assert drawn[..., 0] == pytest.approx(drawn[..., 1], abs=1e-9)
    assert drawn[..., 0].std() > 0.05
