"""What funds hold by returns, by holdings, by both, or as stated: planted mixes are found again."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib.class_returns import class_returns
from portlib.history import open_record
from portlib.retirement.plan_menu import exposures as seen

CLASSES = ["us_large_equity", "us_small_equity", "intl_dev_equity", "us_core_bonds", "cash"]


@pytest.fixture(scope="module")
def record():
    return open_record()


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(data.ROOT / "plan", tmp_path / "plan")
    return tmp_path / "plan"


@pytest.fixture
def months(record):
    return class_returns(plan.read(), record).common(CLASSES).tail(120)


def bring_returns(folder, months, **mixes):
    rng = np.random.default_rng(5)
    made = {
        fund: months[list(mix)] @ pd.Series(mix) + rng.normal(0, 0.002, len(months))
        for fund, mix in mixes.items()
    }
    pd.DataFrame(made).round(6).to_csv(folder / "fund_returns.csv")


def look(folder, record):
    ours = plan.read(folder)
    return ours, seen.exposures(ours, class_returns(ours, record))


def test_without_evidence_the_statement_stands(record):
    ours = plan.read()
    found = seen.exposures(ours, class_returns(ours, record))
    pd.testing.assert_frame_equal(found.weights, ours.exposures.astype(float))
    assert set(found.about["evidence"]) == {"stated"} and found.errors.isna().all(axis=None)
    assert seen.seen_through(ours, class_returns(ours, record)).fingerprint == ours.fingerprint


def test_a_planted_mix_is_found_from_returns_with_its_error(folder, record, months):
    true = {"us_large_equity": 0.7, "us_small_equity": 0.2, "cash": 0.1}
    bring_returns(folder, months, LGACT=true, TIPSIX={"us_core_bonds": 1.0})
    _, found = look(folder, record)
    got, error = found.weights.loc["LGACT"], found.errors.loc["LGACT"]
    for name, weight in true.items():
        assert abs(got[name] - weight) < 4 * error[name] + 1e-9
    assert got.sum() == pytest.approx(1) and 0 < error["us_large_equity"] < 0.05
    assert found.about.loc["LGACT", "evidence"] == "returns"
    assert found.about.loc["LGACT", "months"] == 120
    assert found.about.loc["LGACT", "specific_risk"] == pytest.approx(0.002 * 12**0.5, rel=0.25)
    assert found.about.loc["LGACT", "apart"] == pytest.approx(0.27, abs=0.05)


def test_a_class_that_returns_cannot_see_leaves_the_statement(folder, record, months):
    ours = plan.read()
    tips = ours.exposures.index[ours.exposures["us_tips"] > 0.5][0]
    bring_returns(folder, months, **{tips: {"us_core_bonds": 1.0}})
    _, found = look(folder, record)
    assert found.about.loc[tips, "evidence"] == "stated"
    assert "us_tips, of which no months are known" in found.left[tips]


def test_holdings_speak_with_their_bounds_and_blend_with_returns(folder, record, months):
    (folder / "fund_holdings.csv").write_text(
        "fund,date,id_kind,id,weight\n"
        "LGACT,2026-05-31,ticker,A,0.6\nLGACT,2026-05-31,ticker,B,0.2\n"
        "LVACT,2026-05-31,ticker,A,0.9\nLVACT,2026-05-31,ticker,C,0.1\n"
        "EMACT,2026-05-31,ticker,A,0.4\n"
        "EMACT,2026-05-31,ticker,C,0.6\n"
    )
    (folder / "securities.csv").write_text(
        "id_kind,id,class\nticker,A,us_large_equity\nticker,B,us_small_equity\n"
    )
    _, found = look(folder, record)
    got = found.weights.loc["LGACT"]
    assert got["us_large_equity"] == pytest.approx(0.75) and got["us_small_equity"] == 0.25
    assert found.errors.loc["LGACT", "us_large_equity"] == pytest.approx(0.2 / 12**0.5)
    assert found.about.loc["LVACT", "unmapped"] == pytest.approx(0.1)
    assert found.about.loc["EMACT", "evidence"] == "stated"
    assert found.left["EMACT"] == "its holdings are mapped to 40% only"
    bring_returns(folder, months, LGACT={"us_large_equity": 1.0})
    ours, both = look(folder, record)
    assert both.about.loc["LGACT", "evidence"] == "returns and holdings"
    h = ours.policy["style_holdings_weight"]
    expected = h * 0.75 + (1 - h) * 1.0
    assert both.weights.loc["LGACT", "us_large_equity"] == pytest.approx(expected, abs=0.03)
    through = seen.seen_through(ours, class_returns(ours, record))
    assert through.exposures.sum(axis=1).to_numpy() == pytest.approx(1)
    assert through.exposures.loc["LGACT"].equals(both.weights.loc["LGACT"])


def test_too_few_months_are_said(folder, record, months):
    bring_returns(folder, months.tail(30), LGACT={"us_large_equity": 1.0})
    _, found = look(folder, record)
    assert found.about.loc["LGACT", "evidence"] == "stated"
    assert "30 months" in found.left["LGACT"]


def test_the_policy_decides_how_many_months_and_how_good_a_style_speak(folder, record, months):
    bring_returns(folder, months, LGACT={"us_large_equity": 0.5, "us_core_bonds": 0.5})
    ours = plan.read(folder)
    known = class_returns(ours, record)
    fit = seen.exposures(ours, known).about.loc["LGACT"]
    assert fit["evidence"] == "returns"
    for entry, enough, short, why in (
        ("minimum_history_months", 120, 121, "120 months in common with the classes, not 121"),
        ("style_r_squared_floor", 0.9, 0.999999, "below the policy's 100%"),
    ):
        for value, evidence in ((enough, "returns"), (short, "stated")):
            asked = replace(ours, policy=ours.policy.replace(**{entry: value}))
            found = seen.exposures(asked, known)
            assert found.about.loc["LGACT", "evidence"] == evidence
            assert (why in found.left.get("LGACT", "")) == (evidence == "stated")


def test_a_young_fund_shortens_nobody_elses_record(folder, record, months):
    """Months that one fund lacks are months of the others: a span is a fund's own."""
    bring_returns(
        folder,
        months,
        LGACT={"us_large_equity": 1.0},
        LVACT={"us_large_equity": 0.6, "us_core_bonds": 0.4},
    )
    path = folder / "fund_returns.csv"
    table = pd.read_csv(path, index_col=0)
    table.loc[table.index[:40], "LVACT"] = np.nan
    table.to_csv(path)
    _, found = look(folder, record)
    assert found.about.loc["LGACT", "months"] == 120
    assert found.about.loc["LVACT", "months"] == 80
