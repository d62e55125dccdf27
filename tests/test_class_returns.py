"""Which months stand for a plan's classes: its own, a named series, or none, said by name."""

import shutil

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib.class_returns import class_returns
from portlib.data import DataError
from portlib.history import open_record

MONTHS = pd.date_range("2020-01-31", periods=60, freq="ME", name="month")


@pytest.fixture(scope="module")
def record():
    return open_record()


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(data.ROOT / "plan", tmp_path / "plan")
    return tmp_path / "plan"


def own(*names):
    draws = np.random.default_rng(3).normal(0.005, 0.03, (60, len(names))).round(5)
    return pd.DataFrame(draws, MONTHS, list(names))


def test_the_policys_series_stand_in_to_last_month(record):
    seen = class_returns(plan.read(), record)
    assert seen.origin["us_large_equity"] == "tsp_c"
    assert set(seen.absent) == {"em_equity", "us_high_yield", "us_tips", "us_reits"}
    expected = record["tsp_c"].values
    assert seen.values["us_large_equity"].dropna().to_numpy() == pytest.approx(expected.to_numpy())
    assert seen.common(["us_large_equity", "intl_dev_equity"]).index[0] == pd.Timestamp(
        "2001-05-31"
    )
    assert seen.about.loc["us_core_bonds", "first"] == "1988-01"
    with pytest.raises(DataError, match="no monthly returns of us_tips"):
        seen.common(["us_tips"])


def test_own_months_replace_ours_whole_and_are_never_spliced(folder, record):
    mine = own("us_large_equity", "us_tips")
    mine.to_csv(folder / "history.csv")
    seen = class_returns(plan.read(folder), record)
    assert seen.origin["us_large_equity"] == "own" and "us_tips" not in seen.absent
    assert seen.values["us_large_equity"].notna().sum() == 60
    got = seen.values["us_large_equity"].dropna()
    assert got.to_numpy() == pytest.approx(mine["us_large_equity"].to_numpy())


def test_classes_name_the_series_that_stand_in(folder, record):
    own("factor").to_csv(folder / "history.csv")
    (folder / "classes.yml").write_text(
        "half: {label: Half, role: equity, history: {tsp_c: 0.5, bills: 0.5}}\n"
        "mine: {label: Mine, role: equity, history: factor}\n"
        "same: {label: Same, role: equity, survey: us_large_equity}\n"
        "none: {label: None, role: real}\n"
    )
    names = ["half", "mine", "same", "none"]
    seen = class_returns(plan.read(folder), record, names)
    assert seen.origin == {"half": "0.5 tsp_c + 0.5 bills", "mine": "factor", "same": "tsp_c"}
    assert seen.absent == ("none",)
    by_hand = 0.5 * record["tsp_c"].values + 0.5 * record["bills"].values
    assert seen.values["half"].dropna().to_numpy() == pytest.approx(by_hand.dropna().to_numpy())
    (folder / "classes.yml").write_text("x: {label: X, role: equity, history: tsp_x}\n")
    with pytest.raises(DataError, match="no series 'tsp_x'"):
        class_returns(plan.read(folder), record, ["x"])
    with pytest.raises(DataError, match=r"no monthly returns of us_tips: bring history.csv"):
        class_returns(plan.read(folder), record, ["us_tips"])


def test_of_classes_with_one_series_the_first_has_months_of_its_own(folder, record):
    (folder / "classes.yml").write_text(
        "same: {label: Same, role: equity, survey: us_large_equity}\n"
    )
    seen = class_returns(plan.read(folder), record, ["us_large_equity", "same", "cash"])
    assert list(seen.values) == ["us_large_equity", "same", "cash"]
    assert seen.distinct == ("us_large_equity", "cash")
