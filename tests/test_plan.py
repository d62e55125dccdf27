"""A plan's folder: what the format promises, and one refusal for each promise."""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan, plan_format
from portlib.data import DataError
from portlib.plan_format import QUESTIONS, Vintages
from portlib.retirement.plan_menu.options import considered

sys.path.insert(0, str(Path(__file__).parent / "plans"))
import make

FOLDERS = list(make.FOLDERS)


@pytest.fixture
def folder(tmp_path):
    """A copy of the example plan that a test may damage."""
    shutil.copytree(data.ROOT / "plan", tmp_path / "plan")
    return tmp_path / "plan"


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("where", FOLDERS, ids=lambda path: path.name)
def test_plans_are_read_whole(where):
    ours = plan.read(where)
    assert ours.origin == "SYNTHETIC" and isinstance(ours.as_of, date)
    assert ours.exposures.sum(axis=1).to_numpy() == pytest.approx(1)
    assert set(ours.funds.index) - set(ours.exposures.index) == set(
        ours.funds.index[ours.funds.kind == "target_date"]
    )
    assert ours.holdings.sum(axis=1).to_numpy() == pytest.approx(1)
    assert list(ours.holdings.index) == list(ours.participants.index)
    assert ours.shares.sum() == pytest.approx(1)
    by_hand = (
        sum(ours.participants.balance[p] * ours.holdings.loc[p] for p in ours.participants.index)
        / ours.assets
    )
    assert ours.shares.to_numpy() == pytest.approx(by_hand.to_numpy())
    assert ours.class_shares.sum() == pytest.approx(ours.shares[ours.exposures.index].sum())
    assert ours.age.between(18, 80).all()
    assert {len(a) for a in ours.participants.answers.dropna()} == {QUESTIONS}


@pytest.mark.parametrize("where", FOLDERS, ids=lambda path: path.name)
def test_invented_participants_are_those_that_the_seed_makes(where):
    assert (where / "participants.csv").read_text(encoding="utf-8") == make.text(where)


@pytest.mark.parametrize("where", FOLDERS, ids=lambda path: path.name)
def test_json_carries_the_whole_plan_there_and_back(where):
    ours = plan.read(where)
    again = plan.from_json(json.loads(json.dumps(ours.to_json(), allow_nan=False)))
    assert again.fingerprint == ours.fingerprint and again.rules == ours.rules
    for table in ("funds", "exposures", "holdings", "participants"):
        pd.testing.assert_frame_equal(
            getattr(again, table), getattr(ours, table), check_dtype=False
        )
    assert (again.vintages is None) == (ours.vintages is None)


@pytest.mark.parametrize("where", FOLDERS, ids=lambda path: path.name)
def test_the_fingerprint_is_that_of_the_plan_as_json(where):
    ours = plan.read(where)
    for one in (ours, ours.offering(list(ours.funds.index))):
        written = json.dumps(one.to_json(), sort_keys=True, allow_nan=False)
        assert one.fingerprint == hashlib.sha256(written.encode()).hexdigest()


def test_frames_are_made_once_they_are_asked_for():
    content = plan.read(data.ROOT / "plan").to_json()
    ours = plan.from_json({**content, "participants": []})
    assert ours.fingerprint
    assert not {"funds", "exposures", "vintages", "holdings"} & vars(ours).keys()
    assert list(ours.holdings) == list(ours.funds.index)
    again = Vintages.of(ours.vintages)
    assert (again.years, again.classes) == (ours.dates.years, ours.dates.classes)
    assert np.array_equal(again.weights, ours.dates.weights)
    assert np.array_equal(again.equity, ours.dates.equity)
    with pytest.raises(AttributeError, match="no 'fund'"):
        _ = ours.fund


def forgotten():
    """Nothing that was read before is known."""
    for kept in (plan_format._COLUMNS, plan_format._MADE, plan_format._FUNDS, plan_format._WRITTEN):
        kept.clear()


def read_from(content):
    """What reading a plan's JSON gives: the plan's text and classes, or what is refused."""
    try:
        made = plan.from_json(content)
    except DataError as refused:
        return str(refused)
    return made.fingerprint, made.lineup.classes, json.dumps(made.to_json())


def test_a_menu_of_rows_that_were_read_before_is_what_it_is_read_anew():
    content = {**plan.read(data.ROOT / "plan").to_json(), "participants": []}
    rows = [{**row, "plan_share": None} for row in content["lineup"]]
    rules = {**content["rules"], "default": None, "employer_stock": None, "stable_value": None}
    rules["trading"] = {**rules["trading"], "round_trip_days": {}, "minimum_holding_days": {}}
    plain = [row for row in rows if row["kind"] not in ("employer_stock", "stable_value")]
    bare = {k: v for k, v in plain[0].items() if k in plan_format.LINEUP or v}
    whole = {**plain[1], "expense_ratio": 0}
    menus = [
        plain,
        plain[::-1],
        plain[3:],
        [*plain[1:], bare],  # known now beside rows with more entries
        [bare, plain[-1]],
        [bare, {**bare, "fund": "OTHER"}],  # and beside none
        [whole, *plain[2:]],
        [plain[1], plain[1], *plain[2:]],
        [{**plain[1], "affiliated": 1}, *plain[2:]],
        [{**plain[1], "expense_ratio": True}, *plain[2:]],
        [{**plain[1], "expense_ratio": float("nan")}, *plain[2:]],
        [plain[1], 3, *plain[2:]],
        [],
    ]
    sent = [{**content, "rules": rules, "lineup": menu} for menu in menus]
    forgotten()
    plan.from_json(sent[0])
    together = [read_from(one) for one in sent]
    assert together[0] != together[1]
    for one, told in zip(sent, together, strict=True):
        forgotten()
        assert read_from(one) == told


def test_what_is_done_to_one_plans_people_is_not_done_to_anothers():
    content = plan.read(data.ROOT / "plan").to_json()
    first, second = plan.from_json(content), plan.from_json(content)
    first.participants["balance"] = 0.0
    assert second.assets > 0
    assert plan.from_json(content).assets == second.assets


def test_the_fingerprint_is_of_the_content_and_not_of_its_layout(folder):
    before = plan.read(folder).fingerprint
    name, origin = "name: Example 401(k) plan\n", "origin: SYNTHETIC\n"
    edit(
        folder / "rules.yml",
        name + origin,
        origin + name.replace("Example", "'Example").replace("plan\n", "plan'\n"),
    )
    lines = (folder / "lineup.csv").read_text(encoding="utf-8")
    (folder / "lineup.csv").write_text(lines.replace("0.0055", "0.00550"), encoding="utf-8")
    assert plan.read(folder).fingerprint == before
    edit(folder / "lineup.csv", "0.00550", "0.0054")
    assert plan.read(folder).fingerprint != before


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "rules.yml",
            "normal_retirement_age: 65",
            "retirement_age: 65",
            "'retirement_age': no such entry.*normal_ret",
        ),
        (
            "rules.yml",
            "normal_retirement_age: 65\n",
            "",
            "'normal_retirement_age' is missing; write null",
        ),
        (
            "rules.yml",
            "normal_retirement_age: 65",
            "normal_retirement_age: sixty",
            "'sixty' is not a whole number at least 50 and at most 80",
        ),
        (
            "rules.yml",
            "normal_retirement_age: 65",
            "normal_retirement_age: 95",
            "95 is not a whole number at least 50 and at most 80",
        ),
        ("rules.yml", "roth: true", "roth: 1", "contributions.roth: 1 is not true or false"),
        (
            "rules.yml",
            "automatic: 0.06",
            "automatic: -0.06",
            "contributions.automatic: -0.06 is not a number at least 0",
        ),
        (
            "rules.yml",
            "as_of: 2026-06-30",
            "as_of: June",
            "as_of: 'June' is not a date like 2026-06-30",
        ),
        (
            "rules.yml",
            "default: TDIDX",
            "default: TDIDY",
            "rules.yml: default: 'TDIDY' is no fund of the lineup",
        ),
        ("rules.yml", "competing: [GOVMM]", "competing: [CASHX]", "competing: 'CASHX' is no fund"),
        (
            "rules.yml",
            "competing: [GOVMM]",
            "competing: GOVMM",
            "stable_value.competing: 'GOVMM' is not a list",
        ),
        ("rules.yml", "INTIDX: 30", "INTIDY: 30", "round_trip_days: 'INTIDY' is no fund"),
        (
            "rules.yml",
            "HYACT: 30",
            "HYACT: soon",
            "minimum_holding_days.HYACT: 'soon' is not a whole number",
        ),
        (
            "rules.yml",
            "fund: COSTK",
            "fund: LCIDX",
            "employer_stock must name the lineup's fund of that kind: COSTK",
        ),
        ("rules.yml", "notice: 2026-11-20", "notice: 2027-11-20", "blackouts: .* out of order"),
        (
            "rules.yml",
            "most_funds: 8",
            "most_funds: 0",
            "models.most_funds: 0 is not a whole number at least 1",
        ),
        ("rules.yml", "name: Example", "name: [Example", "rules.yml: is not YAML"),
        (
            "lineup.csv",
            "0.0055",
            "0.55",
            "lineup.csv: line 4: expense_ratio '0.55' is not between 0 and 0.02",
        ),
        ("lineup.csv", "LVACT,", "LGACT,", "lineup.csv: line 5: fund 'LGACT' is given twice"),
        (
            "lineup.csv",
            "Growth Active,core",
            "Growth Active,cor",
            "line 4: kind 'cor' is none of core",
        ),
        (
            "lineup.csv",
            "active,mutual_fund,yes",
            "active,mutual_fund,perhaps",
            "affiliated 'perhaps' is none of yes, no",
        ),
        (
            "lineup.csv",
            "0.0055,0.0,0.0015",
            "0.0015,0.0,0.0055",
            "expense_ratio 0.0015 is less than what the fund p",
        ),
        (
            "lineup.csv",
            "0.86,0.14",
            "0.86,0.15",
            "line 3: fund 'TSMIDX' holds classes that do not sum to one",
        ),
        ("lineup.csv", "us_reits", "us_houses", "column 'us_houses' is none of the format"),
        ("lineup.csv", "specific_risk", "own_risk", "lacks the column 'specific_risk'"),
        (
            "lineup.csv",
            "SYNTHETIC,LGACT",
            "ledger,LGACT",
            "line 4: origin 'ledger' differs from 'SYNTHETIC'",
        ),
        (
            "lineup.csv",
            "core,Large Growth",
            "employer_stock,Large Growth",
            "kind 'employer_stock' is given twice",
        ),
        ("lineup.csv", ",0.16,0.002", ",0.26,0.002", "column 'plan_share' sums to 1.1"),
        (
            "lineup.csv",
            "LCIDX,Large",
            "NEWNAM,Large",
            "participants.csv: line 2: holdings .* holds LCIDX, no fund",
        ),
        (
            "target_date_vintages.csv",
            "0.459",
            "0.559",
            "line 2: years_to_retirement 40 has weights that do not",
        ),
        (
            "target_date_vintages.csv",
            ",35,",
            ",40,",
            "line 3: years_to_retirement 40 is given twice",
        ),
        (
            "participants.csv",
            "P0002,1980",
            "P0001,1980",
            "line 3: participant 'P0001' is given twice",
        ),
        (
            "participants.csv",
            "P0002,1980",
            "P0002,2020",
            "line 3: birth_year 2020 makes nobody's age in 2026",
        ),
        (
            "participants.csv",
            "P0002,1980,2015",
            "P0002,1980,1990",
            "line 3: hire_year 1990 is before the age of 14",
        ),
        (
            "participants.csv",
            "married_joint",
            "married",
            "line 2: filing_status 'married' is none of single",
        ),
        (
            "participants.csv",
            "4 5 4 3 4 2 3",
            "4 5 4 3 4 2",
            "line 2: answers .* is not 7 numbers from 1 to 5",
        ),
        (
            "participants.csv",
            "4 5 4 3 4 2 3",
            "4 5 4 3 4 2 x",
            "line 2: answers '4 5 4 3 4 2 x' is not 7 numbers",
        ),
        ("participants.csv", "; TSMIDX ", "; TSMIDX 1", "line 2: holdings .* does not sum to 100"),
        ("participants.csv", ",138541,", ",,", "participants.csv: line 2: balance is empty"),
        (
            "participants.csv",
            ",0.07,",
            ",7,",
            "line 3: deferral_rate '7' is not between 0 and 1; in percent",
        ),
    ],
)
def test_each_broken_rule_of_the_format_is_refused_by_name(folder, file, old, new, message):
    edit(folder / file, old, new)
    with pytest.raises(DataError, match=message):
        plan.read(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "rules.yml",
            "roth: true",
            "roth: true\n  roth: false",
            "rules.yml: line 12: 'roth' is given twice",
        ),
        (
            "rules.yml",
            "as_of: 2026-06-30",
            "as_of: 2026-02-30",
            "rules.yml: is not YAML: day is out of",
        ),
        (
            "rules.yml",
            "as_of: 2026-06-30",
            "as_of: '2026-02-30'",
            "as_of: '2026-02-30' is no day of",
        ),
        (
            "rules.yml",
            "automatic: 0.06",
            "automatic: 6",
            r"automatic: 6 is .* in percent\? Write 0.06",
        ),
        (
            "rules.yml",
            "rate: 1.0, up_to: 0.03",
            "rate: 100, up_to: 3",
            r"match\[0\].rate: 100 is not",
        ),
        (
            "rules.yml",
            "up_to: 0.05",
            "up_to: 0.02",
            r"match\[1\].up_to: must rise from step to step",
        ),
        (
            "rules.yml",
            "own_volatility: 0.30",
            "own_volatility: 30",
            "own_volatility: 30 is not a number",
        ),
        ("rules.yml", "roth: true", "roth: 1", "contributions.roth: 1 is not true or false"),
        (
            "rules.yml",
            "most_funds: 8",
            "most_funds: true",
            "models.most_funds: True is not a whole",
        ),
        (
            "rules.yml",
            "recordkeeping_fee: 58.0",
            "recordkeeping_fee: .nan",
            "recordkeeping_fee: nan is",
        ),
        ("rules.yml", "default: TDIDX", "default: COSTK", "employer stock cannot be the default"),
        (
            "lineup.csv",
            ",0.16,0.002,1,",
            ",0.16,-0.5,1,",
            "line 2: specific_risk '-0.5' is not between",
        ),
        (
            "lineup.csv",
            ",0.16,0.002,1,",
            ",0.16,0.002,nan,",
            "line 2: fund 'LCIDX' holds classes that do",
        ),
        ("lineup.csv", "us_reits,cash", "cash,cash", "lineup.csv: .*column 'cash' is given twice"),
        (
            "lineup.csv",
            "active,mutual_fund,yes",
            "passive,mutual_fund,yes",
            "'passive' is none of index",
        ),
        (
            "lineup.csv",
            "Large Cap Index",
            "<script>",
            "label .* has < or >, which pages read as marks",
        ),
        (
            "lineup.csv",
            "LCIDX,Large Cap Index (S&P 500 type)",
            "LCIDX,...",
            "label '...' says nothing",
        ),
        ("lineup.csv", "SYNTHETIC,LCIDX,", "SYNTHETIC,LC IDX,", "fund 'LC IDX' is no code"),
        (
            "participants.csv",
            "P0001,1992",
            "P0001,1992.7",
            "line 2: birth_year 1992.7 is no whole year",
        ),
        (
            "participants.csv",
            "P0001,1992,2013",
            "P0001,1992,2013.9",
            "hire_year 2013.9 is no whole year",
        ),
        (
            "participants.csv",
            "married_joint,,16000",
            "married_joint,6,16000",
            "retirement_age '6' is not",
        ),
        ("participants.csv", ",138541,", ",-138541,", "line 2: balance '-138541' is not between 0"),
        (
            "participants.csv",
            ",138541,",
            ",5%,",
            "line 2: balance '5%' is a percentage; give US dollars",
        ),
        ("participants.csv", ",138541,", ",1e400,", "line 2: balance .*1e400"),
        (
            "participants.csv",
            "LCIDX 34; TSMIDX 55",
            "LCIDX 34; LCIDX 55",
            "holdings .* names LCIDX twice",
        ),
        ("participants.csv", "LCIDX 34;", "LCIDX nan;", "holdings .* holds no share of LCIDX"),
        ("participants.csv", "LCIDX 34;", "LCIDX 134;", "holdings .* does not sum to 100"),
        ("participants.csv", "LCIDX 34;", "LCIDX;", "holdings .* is not written like 'FUND 60;"),
        ("participants.csv", ",answers,", ",answer,", "participants.csv: .*'answers?'"),
        (
            "target_date_vintages.csv",
            "SYNTHETIC,40,0.9,",
            "SYNTHETIC,40,0.1,",
            "line 2: equity 0.1 is not",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_file_and_line(folder, file, old, new, message):
    edit(folder / file, old, new)
    with pytest.raises(DataError, match=message):
        plan.read(folder)


def test_everything_that_is_wrong_is_said_at_once(folder):
    edit(folder / "rules.yml", "automatic: 0.06", "automatic: 6")
    edit(folder / "lineup.csv", "core,Large Growth", "cor,Large Growth")
    edit(folder / "participants.csv", "married_joint", "married")
    (folder / "policy.yml").write_text("max_single_fund: 40\n", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        plan.read(folder)
    said = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in said] == [
        "rules.yml",
        f"{folder.name}/policy.yml",
        "lineup.csv",
        "participants.csv",
    ]


@pytest.mark.parametrize("name", ["rules.yml", "policy.yml", "lineup.csv", "participants.csv"])
def test_a_pipe_is_no_file_and_nobody_waits_for_it(folder, name):
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    with pytest.raises(DataError, match=f"{name}: .*regular file"):
        plan.read(folder)


def test_a_bomb_of_aliases_and_a_megabyte_of_name_are_refused(folder):
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (folder / "policy.yml").write_text(bomb, encoding="utf-8")
    with pytest.raises(DataError, match="line 2: write the value out; aliases"):
        plan.read(folder)
    (folder / "policy.yml").unlink()
    edit(folder / "rules.yml", "name: Example", "name: " + "x" * 1_000_000)
    with pytest.raises(
        DataError, match=r"rules.yml: name: 'x+\.\.\. is not text with letters, at most 200"
    ):
        plan.read(folder)
    edit(folder / "rules.yml", "name: x", "name: " + "x" * 1_000_000)
    with pytest.raises(DataError, match=r"rules.yml: is longer than 2,000,000 bytes"):
        plan.read(folder)


def test_many_people_go_there_and_back():
    ours = plan.read()
    content = ours.to_json()
    people = [
        {**row, "participant": f"{row['participant']}-{i}"}
        for i in range(10)
        for row in content["participants"]
    ]
    many = plan.from_json({**content, "participants": people})
    assert len(many.participants) == 10 * len(ours.participants)
    assert many.shares.to_numpy() == pytest.approx(ours.shares.to_numpy())
    assert plan.from_json(many.to_json()).fingerprint == many.fingerprint


def test_a_series_needs_its_vintages_and_nothing_else_does(folder):
    (folder / "target_date_vintages.csv").unlink()
    with pytest.raises(DataError, match=r"target_date_vintages.csv: is needed when, and only when"):
        plan.read(folder)


def test_lineup_and_participants_must_tell_the_same_story(folder):
    edit(folder / "lineup.csv", ",0.16,0.002", ",0.06,0.002")
    edit(folder / "lineup.csv", ",0.05,0.002", ",0.15,0.002")
    with pytest.raises(DataError, match=r"plan_share of \w+ is 0.*but participants hold"):
        plan.read(folder)


def test_missing_folders_files_and_schemas_are_named(folder, tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        plan.read(tmp_path / "nowhere")
    (folder / "participants.csv").unlink()
    with pytest.raises(DataError, match=r"participants.csv: cannot be read"):
        plan.read(folder)
    content = plan.read().to_json()
    with pytest.raises(DataError, match="schema: 'other' is unknown"):
        plan.from_json({**content, "schema": "other"})
    with pytest.raises(DataError, match="plan: lineup missing"):
        plan.from_json({key: value for key, value in content.items() if key != "lineup"})
    with pytest.raises(DataError, match=r"^rules: as_of: 'June' is not a date like 2026-06-30$"):
        plan.from_json({**content, "rules": {**content["rules"], "as_of": "June"}})
    worse = [{**row, "expense_ratio": 2.0} for row in content["lineup"]]
    with pytest.raises(DataError, match=r"lineup\[0\].expense_ratio: 2 is not between 0 and 0.02"):
        plan.from_json({**content, "lineup": worse})


def test_a_smaller_menu_is_a_plan_too():
    ours = plan.read()
    kept = [fund for fund in ours.funds.index if fund not in ("COSTK", "STABLE", "INTACT")]
    smaller = ours.offering(kept)
    assert list(smaller.funds.index) == kept and smaller.rules["employer_stock"] is None
    assert (
        smaller.rules["stable_value"] is None
        and "INTACT" not in smaller.rules["trading"]["round_trip_days"]
    )
    assert smaller.holdings.sum(axis=1).to_numpy() == pytest.approx(1)
    assert plan.from_json(smaller.to_json()).fingerprint == smaller.fingerprint
    with pytest.raises(DataError, match="not on the menu: NOFND"):
        ours.offering(["NOFND"])
    with pytest.raises(DataError, match="the default TDIDX must stay"):
        ours.offering(["LCIDX"])


def test_ages_count_years_to_the_day_of_the_plan():
    ours = plan.read()
    first = ours.participants.index[0]
    assert ours.age[first] == ours.as_of.year - ours.participants.birth_year[first]
    assert np.isfinite(ours.assets) and ours.assets > 0


@pytest.mark.parametrize("table", ["funds", "participants", "vintages"])
def test_no_figure_of_a_plans_tables_can_be_another_under_the_same_fingerprint(table):
    """Every column of a table, its last row: what a plan is called by covers all of it."""
    ours = plan.read(data.ROOT / "plan")
    before, held = ours.fingerprint, getattr(ours, table)
    for column in held.columns:
        kept = held[column].dropna()
        if not len(kept):
            continue
        old, other = kept.astype(object).iloc[-1], held.copy()
        old = old.item() if isinstance(old, np.generic) else old
        if isinstance(old, str):
            new = f"{old}?"
        elif isinstance(old, bool):
            new = not old
        elif isinstance(old, (date, pd.Timestamp)):
            new = old + timedelta(days=1)
        elif isinstance(old, tuple):
            new = (*old, "more")
        else:
            new = old + 1
        values = [one.item() if isinstance(one, np.generic) else one for one in held[column]]
        values[held.index.get_loc(kept.index[-1])] = new
        other[column] = pd.Series(values, held.index, dtype=object)
        assert replace(ours, **{table: other}).fingerprint != before, column
    if table != "participants":  # whose holdings would be of nobody
        assert replace(ours, **{table: held.iloc[:-1]}).fingerprint != before


def test_no_rule_of_a_plan_can_be_another_under_the_same_fingerprint():
    ours = plan.read(data.ROOT / "plan")
    assert replace(ours, rules={**ours.rules, "name": "another"}).fingerprint != ours.fingerprint
    for name, rule in ours.rules.items():
        if name in ("schema", "version"):
            continue
        other = {**ours.rules, name: None if rule is not None else "x"}
        assert replace(ours, rules=other).fingerprint != ours.fingerprint, name


def test_holdings_of_one_person_and_the_policy_are_in_the_fingerprint():
    ours = plan.read(data.ROOT / "plan")
    held = ours.holdings.copy()
    who = held.index[-1]
    held.loc[who] = held.loc[who].to_numpy()[::-1].copy()
    assert replace(ours, holdings=held).fingerprint != ours.fingerprint
    stricter = ours.policy.replace(max_single_fund=0.3)
    assert replace(ours, policy=stricter).fingerprint != ours.fingerprint
    mix = ours.exposures.copy()
    mix.iloc[-1] = mix.iloc[-1].to_numpy()[::-1].copy()
    assert replace(ours, exposures=mix).fingerprint != ours.fingerprint


@pytest.mark.parametrize("where", FOLDERS, ids=lambda path: path.name)
def test_a_plan_says_the_same_with_and_without_its_frames(where):
    told = plan.from_json(plan.read(where).to_json())
    assert not {"funds", "exposures"} & vars(told).keys(), "frames were made before anybody asked"
    said = told.to_json(), told.fingerprint, considered(told)
    framed = replace(told, funds=told.funds.copy(), exposures=told.exposures.copy())
    assert (framed.to_json(), framed.fingerprint) == said[:2]
    again = considered(framed)
    assert (again.labels, again.kinds, again.classes) == (
        said[2].labels,
        said[2].kinds,
        said[2].classes,
    )
    assert np.array_equal(again.exposures, said[2].exposures)
    assert np.array_equal(again.own_risk, said[2].own_risk)
    assert np.array_equal(again.costs, said[2].costs)


def leaves(content, *path):
    """Every entry of nested mappings and lists that is neither, by its path."""
    if isinstance(content, dict) and content:
        return [leaf for key, value in content.items() for leaf in leaves(value, *path, key)]
    if isinstance(content, list) and content:
        return [leaf for at, value in enumerate(content) for leaf in leaves(value, *path, at)]
    return [(path, content)]


def test_each_entry_within_a_rule_is_in_the_fingerprint():
    ours = plan.from_json({**plan.read(data.ROOT / "plan").to_json(), "participants": []})
    rules = json.loads(json.dumps(ours.to_json()["rules"]))
    seen = {ours.fingerprint}
    for (*path, last), _ in leaves(rules):
        other = json.loads(json.dumps(rules))
        place = other
        for step in path:
            place = place[step]
        place[last] = "another"
        seen.add(replace(ours, rules=other).fingerprint)
    assert len(seen) == 1 + len(leaves(rules))


@pytest.mark.parametrize("at", [0, 2, -1])
def test_a_row_that_differs_in_one_cell_from_one_read_before_is_not_taken_for_it(at):
    content = {**plan.read(data.ROOT / "plan").to_json(), "participants": []}
    before = plan.from_json(content).fingerprint
    row = content["lineup"][at]
    changes = {name: value * 0.999 for name, value in row.items() if type(value) is float and value}
    changes |= {"label": "Another", "category": "another", "affiliated": not row["affiliated"]}
    changes.pop("plan_share", None)
    assert len(changes) >= 5
    for name, value in changes.items():
        if name not in plan_format.LINEUP:  # a class: its row would not sum to one
            continue
        other = list(content["lineup"])
        other[at] = {**row, name: value}
        made = plan.from_json({**content, "lineup": other})
        assert made.fingerprint != before, name
        told = made.to_json()["lineup"][at][name]
        assert told == (pytest.approx(value) if type(value) is float else value), name
    assert plan.from_json(content).fingerprint == before


def test_a_smaller_menu_takes_with_it_what_was_promised_of_the_rest():
    ours = plan.read(data.ROOT / "plan")
    gone = {"TSMIDX", *ours.rules["stable_value"]["competing"]}
    kept = [fund for fund in ours.funds.index[::-1] if fund not in gone]  # in another order
    some = ours.offering(kept)
    assert list(some.funds.index) == kept == list(some.holdings)
    assert some.funds["plan_share"].isna().all()
    assert some.rules["stable_value"]["competing"] == []
    assert ours.rules["stable_value"]["competing"], "the plan itself is as it was"
    assert list(some.exposures.index) == [fund for fund in kept if fund in ours.exposures.index]
    assert some.vintages is ours.vintages
    for who in ours.holdings.index:
        left = {fund: ours.holdings.loc[who, fund] for fund in kept}
        if sum(left.values()) == 0:
            assert who not in some.participants.index
            continue
        scaled = [share / sum(left.values()) for share in left.values()]
        assert some.holdings.loc[who].tolist() == pytest.approx(scaled)
    free = replace(ours, rules={**ours.rules, "default": None})
    for which in ("round_trip_days", "minimum_holding_days"):
        named = dict(ours.rules["trading"][which])
        assert named, which
        first = next(iter(named))
        some = free.offering([fund for fund in ours.funds.index if fund != first])
        assert dict(some.rules["trading"][which]) == {f: d for f, d in named.items() if f != first}
    series = ours.funds.index[ours.funds["kind"] == "target_date"]
    assert free.offering([f for f in ours.funds.index if f not in series]).vintages is None
    alone = free.offering([series[0]])
    holders = int((ours.holdings[series[0]] > 0).sum())
    assert len(alone.participants) == holders < len(ours.participants)
    assert (alone.holdings[series[0]] == 1).all()


def test_what_is_held_by_class_leaves_the_series_out_and_counts_dollars():
    ours = plan.read(data.ROOT / "plan")
    balances = ours.participants["balance"].tolist()
    in_class = dict.fromkeys(ours.exposures, 0.0)
    for fund, mix in ours.exposures.to_dict("index").items():
        held = sum(b * x for b, x in zip(balances, ours.holdings[fund].tolist(), strict=True))
        for name, part in mix.items():
            in_class[name] += part * held / sum(balances)
    assert ours.class_shares.to_dict() == pytest.approx(in_class)
    assert ours.assets == pytest.approx(sum(ours.participants["balance"]))
    assert (ours.as_of.year - ours.age == ours.participants["birth_year"]).all()
    assert list(ours.equity_classes) == list(ours.policy["equity_classes"])


def test_what_a_person_did_not_say_is_neither_zero_nor_told():
    content = plan.read(data.ROOT / "plan").to_json()
    content["lineup"] = [{**row, "plan_share": None} for row in content["lineup"]]
    first, second = content["participants"][:2]
    silent = {"retirement_age", "outside_assets", "other_income", "answers"}
    said = {"retirement_age": 66.0, "outside_assets": 5.0, "other_income": 7.0}
    said |= {"answers": [1, 2, 3, 4, 5, 4, 3]}

    def made(**entries):
        people = [{**first, **said, **entries}, {**second, **said}]
        return plan.from_json({**content, "participants": people})

    whole = made()
    for name in silent:
        without = made(**{name: None})
        assert without.fingerprint != whole.fingerprint, name
        told = without.to_json()["participants"]
        assert told[0][name] is None and told[1][name] == said[name], name
        assert pd.isna(without.participants[name].iloc[0])
        others = silent - {name}
        assert all(told[0][other] == said[other] for other in others)
    for name in ("outside_assets", "other_income"):
        assert made(**{name: 0.0}).fingerprint != made(**{name: None}).fingerprint
        assert made(**{name: 0.0}).participants[name].iloc[0] == 0.0


@pytest.mark.parametrize("name", ["lineup", "target_date_vintages"])
def test_a_list_without_a_row_is_refused_as_its_file_is(folder, name):
    """A series without dates, or a menu without funds, is no plan however it is handed in."""
    content = plan.read(folder).to_json()
    with pytest.raises(DataError, match=rf"^{name}: has no rows"):
        plan.from_json({**content, name: []})
    head = (folder / f"{name}.csv").read_text(encoding="utf-8").split("\n")[0]
    (folder / f"{name}.csv").write_text(head + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=rf"{name}\.csv: has no rows"):
        plan.read(folder)


def test_a_plan_is_the_same_after_one_of_the_same_people_was_refused():
    """Tables that were read before are kept: what was refused beside them is no part of them."""
    content = plan.read().to_json()
    people = [{**row, "balance": row["balance"] + 1} for row in content["participants"]]
    bad = {**content["rules"], "default": "NONE"}
    shares = [{**row, "plan_share": None} for row in content["lineup"]]
    good = {**content, "lineup": shares, "participants": people}
    with pytest.raises(DataError, match="default: 'NONE' is no fund of the lineup"):
        plan.from_json({**good, "rules": bad})
    after = plan.from_json(good)
    for kept in (plan_format._COLUMNS, plan_format._MADE):
        kept.clear()
    anew = plan.from_json(good)
    assert after.fingerprint == anew.fingerprint
    assert json.dumps(after.to_json()) == json.dumps(anew.to_json())
    pd.testing.assert_frame_equal(after.participants, anew.participants)
