"""Whose expectations count: the plan's own, else the survey's, and how far they are apart."""

import shutil

import numpy as np
import pytest

from portlib import plan, plan_template
from portlib.compounding import arithmetic_to_geometric
from portlib.data import DataError
from portlib.estimation.capital_market_assumptions import PLAN_CLASSES, survey_assumptions
from portlib.estimation.house_view import house_view, second_opinion
from portlib.estimation.providers import with_listed_real_estate


@pytest.fixture
def folder(tmp_path):
    plan_template.write(tmp_path / "mine")
    return tmp_path / "mine"


def bring(folder, *names):
    for name in names:
        shutil.copy(folder / plan_template.EXAMPLES / name, folder)


def test_without_own_assumptions_the_survey_speaks():
    ours, survey = plan.read(), survey_assumptions(10)
    told = house_view(ours, horizon_years=10)
    assert told.labels == PLAN_CLASSES and np.array_equal(told.mu, survey.mu)
    names = ["us_reits", *PLAN_CLASSES]
    listed = house_view(ours, horizon_years=10, classes=names)
    expected = with_listed_real_estate(survey).select(names)
    assert np.array_equal(listed.sigma, expected.sigma)
    with pytest.raises(DataError, match="brings no assumptions of its own"):
        second_opinion(ours, horizon_years=10)


def test_own_assumptions_decide_and_the_survey_is_the_second_opinion(folder):
    bring(folder, "classes.yml", "assumptions.csv", "correlations.csv")
    ours = plan.read(folder)
    told = house_view(ours, horizon_years=10)
    assert told.labels == ours.inputs.assumptions.record.labels
    assert told.rf == pytest.approx(0.034)
    picked = house_view(ours, horizon_years=10, classes=["farmland", "cash"])
    assert picked.labels == ("farmland", "cash") and picked.mu[1] == pytest.approx(0.034)
    with pytest.raises(DataError, match=r"assumptions.csv lacks em_equity"):
        house_view(ours, horizon_years=10, classes=["em_equity"])
    table = second_opinion(ours, horizon_years=10)
    assert table.loc["us_large_equity", "own geometric"] == pytest.approx(0.064)
    survey = survey_assumptions(10, ["real_estate"])
    by_hand = float(arithmetic_to_geometric(survey.mu[0], survey.volatility[0], 10))
    assert table.loc["farmland", "difference"] == pytest.approx(0.06 - by_hand)


def test_the_survey_stands_in_for_a_class_by_the_name_it_has_there(folder):
    (folder / "classes.yml").write_text(
        "world: {label: World, role: equity, survey: us_large_equity}\n"
        "odd: {label: Odd, role: real}\n"
    )
    ours = plan.read(folder)
    told = house_view(ours, horizon_years=10, classes=["us_large_equity", "world", "cash"])
    survey = survey_assumptions(10, ["us_large_equity", "cash"])
    assert told.mu[0] == told.mu[1] == survey.mu[0]
    assert told.sigma[0, 1] == pytest.approx(told.sigma[0, 0])
    assert told.source.endswith("standing in: us_large_equity for world")
    with pytest.raises(DataError, match="no figures of odd: bring"):
        house_view(ours, horizon_years=10, classes=["odd", "cash"])


def test_renamed_assumptions_are_read_whatever_their_order(folder):
    bring(folder, "classes.yml", "assumptions.csv", "correlations.csv")
    before = house_view(plan.read(folder), horizon_years=10)
    lines = (folder / "assumptions.csv").read_text().splitlines()
    (folder / "assumptions.csv").write_text("\n".join([lines[0], *lines[:0:-1]]))
    after = house_view(plan.read(folder), horizon_years=10).select(before.labels)
    assert np.array_equal(before.sigma, after.sigma) and np.array_equal(before.mu, after.mu)
