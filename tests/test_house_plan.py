"""A house that brings everything of its own, as a newcomer would: that is what is used."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import history, plan, plan_check, standing
from portlib.class_returns import class_returns
from portlib.construction.mandate import of_policy
from portlib.estimation.house_view import house_view
from portlib.policy import HouseClass
from portlib.retirement import glidepaths, outlook, plan_menu
from portlib.retirement.plan_menu import expectations, exposures
from portlib.stewardship import stress_testing
from portlib.stewardship.stress_testing import shocks, stress

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("house", ROOT / "tests" / "plans" / "house.py")
house = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(house)
BROUGHT = {
    "assumptions of classes": ("assumptions.csv", "correlations.csv"),
    "monthly returns of classes": ("history.csv",),
    "monthly returns of funds": ("fund_returns.csv",),
    "what funds hold": ("fund_holdings.csv", "securities.csv"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return house.write(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def ours(folder):
    return plan.read(folder)


@pytest.fixture(scope="module")
def record():
    return history.open_record()


def test_it_is_accepted_and_said_how_it_was_read(folder):
    report = plan_check.check(folder)
    told = str(report)
    assert "accepted" in told.splitlines()[0]
    assert "8 series, separated by semicolons, decimal commas" in told
    assert "6 series, percent with a sign, dates month-day-year, PIPES from 2014-01" in told


def test_its_assumptions_history_and_funds_are_those_used(ours, record):
    told = house_view(ours, horizon_years=10)
    assert set(told.labels) == set(house.CLASSES)
    assert told.volatility[told.labels.index("international")] == pytest.approx(0.17)
    found = class_returns(ours, record)
    assert set(found.origin.values()) == {"own"} and not found.absent
    assert found.values.index[-1] == pd.Timestamp("2026-10-31")
    pd.testing.assert_frame_equal(
        found.common(list(house.CLASSES)), house.months(), check_names=False, rtol=0, atol=1e-6
    )


def test_what_its_funds_truly_held_is_found_within_its_errors(ours, record):
    found = exposures.exposures(ours, class_returns(ours, record))
    assert not found.left
    assert found.about["evidence"].to_dict() == {
        **dict.fromkeys(("BIG", "WORLD", "PIPES", "BONDS"), "returns"),
        **dict.fromkeys(("SMALL", "GLOBE"), "returns and holdings"),
        **dict.fromkeys(("REAL", "MONEY"), "stated"),
    }
    assert found.about.loc["PIPES", "months"] == found.about.loc["BIG", "months"] - 24
    for fund, truly in house.RETURNS.items():
        off = found.weights.loc[fund] - pd.Series(truly).reindex(found.weights.columns).fillna(0)
        assert (off.abs() < 4 * found.errors.loc[fund] + 0.03).all(), fund
    assert found.about.loc["PIPES", "apart"] == pytest.approx(0.3, abs=0.08)
    seen = plan_menu.by_evidence(ours, record)
    assert seen.exposures.loc["PIPES", "listed_infrastructure"] < 0.75
    classes = plan_menu.class_assumptions(seen)
    menu = plan_menu.menu_assumptions(seen, classes)
    at = [classes.labels.index(name) for name in seen.exposures]
    expected = seen.exposures.loc["PIPES"].to_numpy(float) @ classes.mu[at] - 0.0075
    assert menu.mu[menu.labels.index("PIPES")] == pytest.approx(expected, abs=1e-12)


def test_a_style_that_explains_little_does_not_speak(folder, record, tmp_path):
    """Without the house's history its invented months meet real ones, and the statement stands."""
    for path in folder.iterdir():
        if path.name != "history.csv":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    left = plan.read(tmp_path)
    found = exposures.exposures(left, class_returns(left, record))
    assert "below the policy's 70%" in found.left["BIG"]
    assert found.about.loc["BIG", "evidence"] == "stated"
    assert found.weights.loc["BIG", "us_large_equity"] == 1


def test_a_renamed_class_is_the_same_in_every_decision(ours):
    survey = plan.read().policy
    around = expectations.reference(ours).weights
    assert around["international"] == survey["reference_portfolio"]["intl_dev_equity"]
    assert "intl_dev_equity" not in around
    assert {"international", "listed_infrastructure"} <= set(ours.equity_classes)
    series = glidepaths.from_plan(ours)
    np.testing.assert_allclose(series.equity_at(20.0), 0.78)
    changed = ours.policy.replace(max_single_fund=0.3)
    assert changed["equity_classes"] == ours.policy["equity_classes"]
    assert changed["reference_portfolio"] == ours.policy["reference_portfolio"]
    small = of_policy(ours.policy, ["us_small_equity", "international", "us_core_bonds"])
    assert "small company cap" in {rule.name for rule in small.constraints}


def test_linkers_by_any_name_bear_no_surprise_of_prices(folder, ours, tmp_path):
    """What is called otherwise, or nothing in the survey, is simulated as TIPS are."""
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").replace("us_tips", "linkers")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "classes.yml").write_text(
        house.OWN_CLASSES
        + "linkers:\n  label: Linkers\n  role: fixed_income\n  inflation_linked: true\n"
    )
    theirs = plan.read(tmp_path)
    assert theirs.inputs.classes.inflation_linked == ("us_tips", "linkers")
    assert "linkers" not in theirs.policy["inflation_correlations"]
    nominal = theirs.inputs.classes["global_bonds"]
    assert not nominal.inflation_linked and nominal.name in theirs.policy["inflation_correlations"]
    drawn = {}
    for name, one in {"us_tips": ours, "linkers": theirs}.items():
        told = house_view(one, horizon_years=10)
        years = outlook.returns_of(one, told, 0.024, 50, 5, 3)
        drawn[name] = years.values[..., told.labels.index(name)]
    np.testing.assert_allclose(drawn["linkers"], drawn["us_tips"], rtol=0, atol=1e-12)


def test_bonds_by_another_name_carry_shocks_too(ours):
    policy = ours.policy.of_house(
        [HouseClass("domestic_bonds", "fixed_income", "us_core_bonds", replaces=True)]
    )
    names = ("us_large_equity", "domestic_bonds", "cash")
    assert shocks.seen(names, policy=policy) == ("us_large_equity", "domestic_bonds")
    with pytest.raises(ValueError, match="add the class"):
        shocks.seen(names, policy=plan.read().policy)


def test_a_stress_window_within_its_history_is_its_own(ours):
    months = stress.own_months(ours)
    names = list(house.CLASSES)
    own = stress_testing.window_returns(names, policy=ours.policy, months=months)
    words = stress_testing.proxies(names, policy=ours.policy, months=months)
    inside = house.months().round(6).loc["2022-01":"2022-09", "international"]
    assert own.loc["inflation_2022", "international"] == pytest.approx((1 + inside).prod() - 1)
    assert words.loc["inflation_2022", "international"] == ""
    early = stress_testing.window_returns(["intl_dev_equity"], policy=ours.policy)
    before = own["international"].drop(["inflation_2022", "covid"], errors="ignore")
    assert before.loc["financial_crisis"] == early.loc["financial_crisis", "intl_dev_equity"]
    assert shocks.seen(names, policy=ours.policy) == ("us_large_equity", "us_core_bonds")


def test_json_carries_all_of_it(ours):
    again = plan.from_json(json.loads(json.dumps(ours.to_json())))
    assert again.fingerprint == ours.fingerprint
    assert again.policy == ours.policy


@pytest.mark.parametrize(
    ("label", "file"), [(label, file) for label, files in BROUGHT.items() for file in files]
)
def test_without_any_one_file_what_stands_in_is_back_and_said(folder, tmp_path, label, file):
    for path in folder.iterdir():
        if path.name != file:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    left = plan.read(tmp_path)
    assert standing.table(left).loc[label, "status"] in ("stands in", "SYNTHETIC")
    others = [name for name in BROUGHT if name != label]
    assert set(standing.table(left).loc[others, "status"]) <= {"own", "own in part"}
    (key,) = (name for name, (said, _, _) in standing.INPUTS.items() if said == label)
    asking = [name for name, inputs in standing.CHAPTERS.items() if key in inputs]
    assert set(asking) & {"capital_market_assumptions", "style_analysis", "plan_menu"}
    for chapter in asking:
        page = standing.box(left, chapter)
        assert page.table.loc[label, "status"] in ("stands in", "SYNTHETIC"), chapter
        assert f"The plan's own: {label}" not in page.line and label in page.line
    house_view(left, horizon_years=10, classes=list(left.exposures.columns))
