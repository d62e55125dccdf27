"""All optional files of a plan's folder together: read, carried in JSON, narrowed, and refused."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib.data import DataError
from portlib.inputs import record
from portlib.tables import Findings

MONTHS = pd.date_range("2021-10-31", periods=60, freq="ME", name="month")


def returns(names, seed=1):
    draws = np.random.default_rng(seed).normal(0.005, 0.03, (60, len(names))).round(5)
    return pd.DataFrame(draws, MONTHS, list(names))


CLASSES = ["cash", "us_core_bonds", "us_long_bonds", "us_high_yield", "us_tips", "us_large_equity"]
CLASSES += ["us_small_equity", "intl_dev_equity", "em_equity", "us_reits", "farmland"]
FILES = {
    "classes.yml": "farmland: {label: Farmland, role: real, survey: real_estate, history: null}\n",
    "assumptions.csv": "class,expected_return,return_kind,horizon_years,volatility,source,date\n"
    + "".join(
        f"{name},{4 + i / 2}%,arithmetic,10,{4 + i}%,House,2026-06-30\n"
        for i, name in enumerate(CLASSES)
    ),
    "history.csv": returns(["Farmland", "us_large_equity"]).to_csv(),
    "fund_returns.csv": returns(["LCIDX", "Total US Stock Index", "LGACT"])
    .assign(LGACT=lambda x: x["LGACT"].where(x.index > MONTHS[23]))
    .mul(100)
    .map("{:.3f}%".format)
    .replace("nan%", "")
    .to_csv(sep=";")
    .replace(".", ","),
    "valuations.csv": "class,measure,date,value,source\nus_large_equity,dividend_yield,2026-06-30,"
    "1.3%,index\n",
    "fund_holdings.csv": "fund,date,id_kind,id,weight\nLCIDX,2026-05-31,ticker,AAA,0.9\n"
    "LGACT,2026-05-31,ticker,BBB,1.0\n",
    "securities.csv": "id_kind,id,class\nticker,AAA,us_large_equity\n",
    "account_holdings.csv": "date,fund,balance\n2026-05-31,LCIDX,600\n2026-05-31,LGACT,400\n",
    "trades.csv": "trade,fund,side,shares,decided,ordered,settled,decision_price,price\n"
    "T1,LCIDX,buy,10,2026-05-01,2026-05-01,2026-05-04,10,10.01\n",
    "mandate.yml": """constraints:
- {name: stocks, kind: role_limit, role: equity, upper: 0.8, clause: section 4}
- {name: large, kind: group_limit, funds: [LCIDX, LGACT], upper: 0.5, clause: section 5}
""",
}
FILES["correlations.csv"] = (
    pd.DataFrame(0.2 + 0.8 * np.eye(11), CLASSES, CLASSES).rename_axis("class").to_csv()
)


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(data.ROOT / "plan", tmp_path / "plan")
    for name, text in FILES.items():
        (tmp_path / "plan" / name).write_text(text, encoding="utf-8")
    return tmp_path / "plan"


def test_every_file_is_read_and_says_how(folder):
    ours = plan.read(folder)
    own = ours.inputs
    assert own.assumptions.record.rf == pytest.approx(0.04)
    assert own.classes.own == ("farmland",)
    assert list(own.history.values) == ["farmland", "us_large_equity"]
    assert list(own.funds.values) == ["LCIDX", "TSMIDX", "LGACT"]
    assert own.funds.spans.loc["LGACT", "periods"] == 36
    assert own.funds.spans.loc["LCIDX", "periods"] == 60
    assert "percent with a sign" in own.as_read["fund_returns.csv"]
    assert own.holdings.exposures(ours.as_of).unmapped["LGACT"] == 1.0
    assert own.accounts.weights.loc["2026-05-31", "LCIDX"] == 0.6
    assert [limit.kind for limit in own.mandate] == ["role_limit", "group_limit"]
    assert set(own.as_read) == set(FILES) - {"securities.csv"}


def test_json_carries_them_there_and_back(folder):
    ours = plan.read(folder)
    again = plan.from_json(json.loads(json.dumps(ours.to_json(), allow_nan=False)))
    assert again.fingerprint == ours.fingerprint
    assert again.inputs.fingerprint == ours.inputs.fingerprint
    pd.testing.assert_frame_equal(again.inputs.funds.values, ours.inputs.funds.values)
    assert np.array_equal(
        again.inputs.assumptions.record.sigma, ours.inputs.assumptions.record.sigma
    )
    (folder / "valuations.csv").write_text(FILES["valuations.csv"].replace("1.3%", "1.4%"))
    assert plan.read(folder).fingerprint != ours.fingerprint


@pytest.mark.parametrize("gone", sorted(FILES))
def test_a_file_that_is_not_there_leaves_the_others(folder, gone):
    (folder / gone).unlink()
    needs = {
        "classes.yml": "class 'farmland' is not known",
    }
    if gone in needs:
        with pytest.raises(DataError, match=needs[gone]):
            plan.read(folder)
    else:
        plan.read(folder)


def test_a_smaller_menu_keeps_what_is_of_it(folder):
    ours = plan.read(folder)
    kept = [fund for fund in ours.funds.index if fund not in ("LGACT", "COSTK", "STABLE")]
    smaller = ours.offering(kept)
    assert list(smaller.inputs.funds.values) == ["LCIDX", "TSMIDX"]
    assert smaller.inputs.holdings.funds == ("LCIDX",)
    assert [limit.name for limit in smaller.inputs.mandate] == ["stocks"]
    again = plan.from_json(json.loads(json.dumps(smaller.to_json())))
    assert again.fingerprint == smaller.fingerprint
    pd.testing.assert_frame_equal(
        again.inputs.funds.values, smaller.inputs.funds.values, check_names=False, check_freq=False
    )


def test_prices_and_distributions_stand_in_for_returns(folder):
    (folder / "fund_returns.csv").unlink()
    level = 10 * (1 + returns(["LCIDX", "LGACT"])).cumprod()
    level.to_csv(folder / "fund_prices.csv")
    (folder / "distributions.csv").write_text("fund,date,amount\nLCIDX,2022-06-15,0.10\n")
    own = plan.read(folder).inputs.funds
    plain = returns(["LCIDX", "LGACT"])["LCIDX"]
    assert own.values["LCIDX"]["2022-05-31"] == pytest.approx(plain["2022-05-31"])
    extra = 0.10 / level["LCIDX"]["2022-05-31"]
    assert own.values["LCIDX"]["2022-06-30"] == pytest.approx(plain["2022-06-30"] + extra)
    assert "1 distributions reinvested" in own.as_read
    (folder / "fund_returns.csv").write_text(FILES["fund_returns.csv"])
    with pytest.raises(DataError, match=r"fund_prices.csv: stands beside fund_returns.csv"):
        plan.read(folder)


def test_parquet_may_stand_for_a_table_of_months(folder):
    (folder / "history.csv").unlink()
    returns(["us_large_equity"]).to_parquet(folder / "history.parquet")
    assert list(plan.read(folder).inputs.history.values) == ["us_large_equity"]
    (folder / "history.csv").write_text(FILES["history.csv"])
    with pytest.raises(DataError, match=r"history.csv: stands beside history.parquet"):
        plan.read(folder)


def test_how_a_file_is_read_may_be_said(folder):
    percent = (100 * returns(["LCIDX", "LGACT"])).to_csv()
    (folder / "fund_returns.csv").write_text(percent)
    with pytest.raises(DataError, match=r"fund_returns.csv: line 2: .* say unit: percent"):
        plan.read(folder)
    (folder / "reading.yml").write_text("fund_returns.csv: {unit: percent}\n")
    read = plan.read(folder).inputs.funds
    assert read.values.to_numpy() == pytest.approx(returns(["LCIDX", "LGACT"]).to_numpy())
    for text, message in (
        ("fund_return.csv: {unit: percent}", "did you mean 'fund_returns.csv'"),
        ("fund_returns.csv: {units: percent}", "'units' is no option .* mean 'unit'"),
        ("fund_returns.csv: {unit: bp}", "unit: 'bp' is none of decimal, percent"),
        ("fund_returns.csv: percent", "write unit, dates or decimal under it"),
    ):
        (folder / "reading.yml").write_text(text)
        with pytest.raises(DataError, match=message):
            plan.read(folder)


def test_everything_wrong_is_said_in_one_go(folder):
    text = (folder / "lineup.csv").read_text()
    (folder / "lineup.csv").write_text(
        text.replace("core,Large Growth,active", "core,Large Growth,passive")
    )
    (folder / "assumptions.csv").write_text(FILES["assumptions.csv"].replace("4.5%", "4.5"))
    (folder / "valuations.csv").write_text(FILES["valuations.csv"].replace("1.3%", "1.3"))
    (folder / "trades.csv").write_text(FILES["trades.csv"].replace("2026-05-04", "2026-04-04"))
    (folder / "mandate.yml").write_text(FILES["mandate.yml"].replace("0.8", "80"))
    (folder / "history.csv").write_text(FILES["history.csv"].replace("2022-01-31", "2022-01-30"))
    found = Findings()
    assert plan.examine(folder, found) is None
    said = "\n".join(map(str, found.refused))
    for message in (
        r"lineup.csv: line 4: management 'passive' is none of .*did you mean 'index'",
        r"assumptions.csv: line 3: expected_return '4.5' is not .*in percent",
        r"valuations.csv: line 2: dividend_yield 1.3 is not",
        r"trades.csv: line 2: trade 'T1' was settled before it was ordered",
        r"mandate.yml: stocks: upper 80 is not a number .*Write 0.8",
        r"history.csv: line 5: 2022-01-30 is not the last day",
    ):
        assert re.search(message, said), f"{message}\nnot in\n{said}"


def test_assumptions_must_cover_what_the_funds_hold(folder):
    fewer = [line for line in FILES["assumptions.csv"].splitlines() if "us_reits" not in line]
    (folder / "assumptions.csv").write_text("\n".join(fewer))
    rho = pd.DataFrame(0.2 + 0.8 * np.eye(11), CLASSES, CLASSES)
    rho.drop(index="us_reits", columns="us_reits").to_csv(folder / "correlations.csv")
    with pytest.raises(DataError, match=r"assumptions.csv: lacks us_reits, which the plan's funds"):
        plan.read(folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "inputs: list is no mapping"),
        ({"secrets.csv": ""}, "'secrets.csv' is no file of the format"),
        ({"history.csv": 5}, "history.csv: should be the file's text"),
        ({"mandate.yml": "x"}, "mandate.yml: should be a mapping"),
        ({"history.csv": "date,a\n2020-01-31,5\n"}, "history.csv: line 2: .* in percent"),
    ],
)
def test_inputs_of_a_plan_in_json_are_checked_too(given, message):
    content = {**plan.read().to_json(), "participants": [], "inputs": given or [1]}
    with pytest.raises(DataError, match=message):
        plan.from_json(content)


def test_own_classes_of_the_role_equity_count_wherever_policy_limits_equity(folder):
    before = plan.read(folder).policy
    own = "farmland: {label: Farmland, role: real, survey: real_estate, history: null}\n"
    (folder / "classes.yml").write_text(own + "world: {label: World shares, role: equity}\n")
    ours = plan.read(folder)
    assert ours.policy["equity_classes"] == [*before["equity_classes"], "world"]
    assert ours.policy.fingerprint != before.fingerprint and not ours.policy.own
    again = plan.from_json(json.loads(json.dumps(ours.to_json())))
    assert again.policy == ours.policy


def test_own_assumptions_need_the_yardstick_of_equity(folder):
    lines = [x for x in FILES["assumptions.csv"].splitlines() if "us_large_equity" not in x]
    (folder / "assumptions.csv").write_text("\n".join(lines))
    rho = pd.DataFrame(0.2 + 0.8 * np.eye(11), CLASSES, CLASSES)
    gone = rho.drop(index="us_large_equity", columns="us_large_equity")
    gone.to_csv(folder / "correlations.csv")
    with pytest.raises(DataError, match="lacks us_large_equity, by which the limit on equity beta"):
        plan.read(folder)


@pytest.mark.parametrize("name", sorted(record.FILES))
def test_each_file_alone_changes_what_the_inputs_are_called_by(name):
    """One character of one file, and the file gone: neither leaves the fingerprint as it was."""

    def called(content):
        return record.Inputs(sources=record.from_json(content)).fingerprint

    whole = {f: {"a": 1} if f.endswith(".yml") else "a,b\n1,2\n" for f in record.FILES}
    changed = {"a": 2} if name.endswith(".yml") else "a,b\n1,3\n"
    gone = {f: held for f, held in whole.items() if f != name}
    assert len({called(whole), called({**whole, name: changed}), called(gone)}) == 3
    assert record.from_json(whole).to_json() == whole
