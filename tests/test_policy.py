"""Policy as a value: read, checked, overridden, carried, and refused by file, entry, value and what
is allowed."""

from __future__ import annotations

import copy
import json
import math
import pickle
import shutil
from datetime import date
from functools import partial
from itertools import pairwise

import jsonschema
import pytest

from portlib import data, plan, policy
from portlib.data import DataError

ENTRY = {
    "unit": "weight",
    "reason": "Four funds.",
    "approver": "investment committee",
    "date": "2026-11-21",
}
OURS = policy.read()
SCHEMA = data.mapping(data.ROOT / "policy_schema.yml", aliases=True)["entries"]


def own(**values):
    return {name: {**ENTRY, "value": value} for name, value in values.items()}


def written(folder, text):
    (folder / "policy.yml").write_text(text, encoding="utf-8")
    return folder


# ---- ours ----------------------------------------------------------------------------------------


def test_the_loss_limits_come_from_the_equity_floors_and_not_from_the_models():
    """Shares at the posture's floor halved, and five points more, rounded up to five."""
    floors = OURS["equity_floor"]
    derived = {
        name: math.ceil(round(20 * (floor / 2 + 0.05), 9)) / 20 for name, floor in floors.items()
    }
    assert OURS["stress_loss_limit"] == pytest.approx(derived, abs=1e-12)


def test_our_entries_are_complete_and_approved_by_a_role():
    assert OURS.table.notna().all(axis=None) and OURS.own == ()
    assert set(OURS.table.approver) == {"investment committee"}
    assert list(OURS.table) == list(policy.FIELDS) and list(OURS.table.index) == list(SCHEMA)


@pytest.mark.parametrize("name", SCHEMA)
def test_the_schema_is_one_and_refuses_what_no_entry_can_be(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMA[name])
    for never in (
        None,
        True,
        float("nan"),
        float("-inf"),
        "",
        "abc",
        {},
        {"nonsense": 1},
        [],
        [[]],
        -1e9,
    ):
        with pytest.raises(DataError, match=rf"^policy: {name}\b"):
            OURS.replace(**{name: never})


def test_numbers_in_percent_are_refused_with_the_decimal_to_write():
    for name, value in (
        ("max_single_fund", 40),
        ("tracking_error_limit", 3),
        ("state_tax_rate", 5),
    ):
        with pytest.raises(
            DataError, match=rf"{name}: {value} is .*in percent\? Write 0.0?{str(value).strip('0')}"
        ):
            OURS.replace(**{name: value})
    tens = {"conservative": 10, "moderate": 13, "growth": 17, "aggressive": 22}
    with pytest.raises(DataError, match=r"circuit_breakers.volatility.\w+: \d\d is .*in percent"):
        OURS.replace(circuit_breakers={**OURS["circuit_breakers"], "volatility": tens})


def test_bands_cover_the_frontier_without_gap_and_floors_lie_below_ceilings():
    bands = sorted(OURS["risk_aversion_bands"].values())
    assert bands[0][0] == 0 and bands[-1][1] == 100
    assert all(low[1] == high[0] for low, high in pairwise(bands))
    floor, ceiling = OURS["equity_floor"], OURS["equity_ceiling"]
    assert list(floor) == list(ceiling) == list(policy.POSTURES)
    assert all(0 <= floor[band] < ceiling[band] <= 1 for band in floor)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("equity_floor", {"growth": 0.9}),
        ("equity_floor", {"growth": 0.1}),
        ("equity_ceiling", {"moderate": 0.3}),
        ("risk_aversion_bands", {"moderate": [8.0, 4.0]}),
        ("risk_aversion_bands", {"moderate": [5.0, 8.0]}),
        ("model_risk_aversion", {"moderate": 3.0}),
        ("posture_scores", {"growth": 2.0}),
        ("posture_tilt", {"growth": -0.1}),
        ("stress_loss_limit", {"growth": 0.2}),
        ("reference_portfolio", {"cash": 0.05}),
        ("glidepath_sleeves", {"bonds": {"us_core_bonds": 0.9}}),
        ("stress_proxies", {"cash": {"windows": [{"cash": 1.1}], "history": {"bills": 1.0}}}),
        ("stress_path_limit", {"soon": 0.2}),
        ("stress_path_limit", {-1: 0.2}),
        ("glidepath_equity_range", {"lowest": 0.95}),
        ("glidepath_equity_range", {"least_fall": 0.75}),
        ("fee_group_equity", {"bond": 0.8}),
        ("fee_illustration", {"last_age": 25}),
        ("alert_false_alarms", {"act": 0.3}),
    ],
)
def test_what_entries_owe_each_other_is_kept(name, change):
    with pytest.raises(DataError, match=rf"policy: {name}: it must be that .*, but .*{name} is"):
        OURS.replace(**{name: {**OURS[name], **change}})


@pytest.mark.parametrize("rule", OURS["alert_limits"])
@pytest.mark.parametrize(("severity", "like"), [("info", "watch"), ("act", "watch")])
@pytest.mark.parametrize("off", [0.0, 0.1])
def test_limits_of_an_alarm_that_do_not_rise_are_refused_by_the_alarm_s_name(
    rule, severity, like, off
):
    """Equal ones too: the lower severity would never be told."""
    limits = OURS["alert_limits"]
    step = off if severity == "info" else -off
    limits[rule][severity] = limits[rule][like] * (1 + step)
    with pytest.raises(DataError, match=rf"policy: alert_limits: .* under {rule}, info lies below"):
        OURS.replace(alert_limits=limits)


def test_every_alarm_that_the_schema_asks_for_is_held_to_rise():
    assert set(policy.ALERTS) == set(SCHEMA["alert_limits"]["required"])


def test_what_is_owed_between_entries_names_the_one_that_is_the_plans():
    with pytest.raises(
        DataError, match=r"policy: approvals_needed: it must be .*4; approval_roles is"
    ):
        OURS.replace(approvals_needed=4)
    with pytest.raises(
        DataError, match=r"policy: monitoring_window_months: .*no longer than the record"
    ):
        OURS.replace(monitoring_window_months=240)


def test_a_plans_own_classes_may_be_named_where_classes_are():
    proxies = {**OURS["stress_proxies"], "us_munis": OURS["stress_proxies"]["us_core_bonds"]}
    told = policy.from_json(
        own(menu_classes=["us_munis", "cash"], stress_proxies=proxies), classes=["us_munis"]
    )
    assert told["menu_classes"] == ["us_munis", "cash"]
    assert told.replace(menu_classes=["us_munis"])["menu_classes"] == ["us_munis"]
    for without in (policy.from_json, partial(policy.from_json, classes=["us_bonds"])):
        with pytest.raises(DataError, match=r"menu_classes\[0\]: 'us_munis' is not one of"):
            without(own(menu_classes=["us_munis", "cash"]))


def test_what_is_allowed_is_said_in_words():
    assert policy.allowed("max_single_fund") == "a number above 0 and at most 1"
    assert (
        policy.allowed("optimizer") == "one of MARKOWITZ, BLACK_LITTERMAN, ERC, RESAMPLED, ROBUST"
    )


# ---- a plan's own --------------------------------------------------------------------------------


def test_a_plan_may_override_entries_and_not_invent_them(tmp_path):
    entry = (
        "{value: 0.55, unit: weight, reason: Four funds., approver: investment committee, "
        "date: 2026-11-21}\n"
    )
    found = policy.read(written(tmp_path, f"max_single_fund: {entry}"))
    assert found["max_single_fund"] == 0.55 and found.own == ("max_single_fund",)
    assert found == policy.read(tmp_path / "policy.yml") != OURS
    assert found.table.loc["max_single_fund", "value"] == 0.55
    assert (
        policy.read(written(tmp_path, f"max_single_fund: {entry}".replace("0.55", "0.40"))) == OURS
    )
    where = rf"{tmp_path.name}/policy.yml"
    with pytest.raises(
        DataError,
        match=rf"{where}: 'max_single_fond': no such entry to override; .*max_single_fund",
    ):
        policy.read(written(tmp_path, f"max_single_fond: {entry}"))
    (tmp_path / "policy.yml").unlink()
    assert policy.read(tmp_path) is OURS
    with pytest.raises(DataError, match=r"policy.yml: cannot be read"):
        policy.read(tmp_path / "policy.yml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "0.55",
            "40",
            r"max_single_fund: 40 is not a number above 0 and at most 1; in percent\? "
            r"Write 0.4 for 40%",
        ),
        ("0.55", "'0.55'", r"max_single_fund: '0.55' is not a number .* without quotes"),
        ("0.55", "5e-1", r"max_single_fund: '5e-1' is not a number .* 1.0e-7 for 1e-7"),
        ("0.55", ".nan", r"max_single_fund: nan is not a number"),
        ("0.55", "true", r"max_single_fund: True is not a number"),
        ("0.55", "[0.55]", r"max_single_fund: \[0.55\] is not a number"),
        ("0.55", "", r"max_single_fund: None is not a number"),
        (
            "unit: weight",
            "unit: percent",
            r"max_single_fund: its unit is 'weight', not 'percent'; write 0.40 for 40%",
        ),
        ("investment committee", "' '", r"max_single_fund: approver is ' '; say in words"),
        ("investment committee", '"\\u200b"', r"max_single_fund: approver is .*; say in words"),
        ("investment committee", "'???'", r"max_single_fund: approver is '\?\?\?'; say in words"),
        ("Four funds.", "null", r"max_single_fund: reason is None; say in words"),
        (
            "2026-11-21",
            "soon",
            r"max_single_fund: date is 'soon'; write the day decided like 2026-06-30",
        ),
        ("2026-11-21", "2026-11-21 10:00:00", r"max_single_fund: date is datetime"),
        ("2026-11-21", "2026-13-45", r"policy.yml: is not YAML: month must be in"),
        (
            ", date: 2026-11-21",
            "",
            r"max_single_fund: an entry has value, unit, reason, approver, date, and only",
        ),
        (
            "{value: 0.55",
            "{value: 0.55, value: 0.45",
            r"policy.yml: line 1: 'value' is given twice",
        ),
        ("0.55", "&a 0.55, other: *a", r"policy.yml: line 1: write the value out; aliases"),
        ("0.55", "[" * 60 + "]" * 60, r"policy.yml: line 1: is nested deeper than"),
        ("max_single_fund: {", "max_single_fund: {" * 2, r"policy.yml: is not YAML"),
    ],
)
def test_each_wrong_entry_is_refused_by_file_and_what_is_allowed(tmp_path, old, new, message):
    entry = (
        "max_single_fund: {value: 0.55, unit: weight, reason: Four funds., approver: "
        "investment committee, "
    )
    with pytest.raises(DataError, match=rf"policy.yml: .*{message}|{message}"):
        policy.read(written(tmp_path, f"{entry}date: 2026-11-21}}\n".replace(old, new, 1)))


def test_a_name_given_twice_and_files_that_are_none_are_refused(tmp_path):
    entry = (
        "max_single_fund: {value: 0.55, unit: weight, reason: Four funds., approver: chair, "
        "date: 2026-11-21}\n"
    )
    with pytest.raises(DataError, match=r"policy.yml: line 2: 'max_single_fund' is given twice"):
        policy.read(written(tmp_path, entry * 2))
    (tmp_path / "policy.yml").unlink()
    (tmp_path / "policy.yml").mkdir()
    with pytest.raises(DataError, match=r"policy.yml: is no regular file"):
        policy.read(tmp_path)


def test_our_own_file_is_blamed_for_what_is_in_it(tmp_path, monkeypatch):
    for file in ("policy.yml", "policy_schema.yml"):
        shutil.copy(data.ROOT / file, tmp_path)
    monkeypatch.setattr(data, "ROOT", tmp_path)
    assert policy.read() == OURS
    mine = OURS.replace(approvals_needed=1).to_json()
    before = policy.from_json(mine)
    text = (tmp_path / "policy.yml").read_text(encoding="utf-8")
    for old, new, message in (
        ("  unit: years\n", "", r"^policy.yml: cma_horizon_years: an entry has value, unit"),
        ("value: 0.40\n", "value: 40\n", r"^policy.yml: max_single_fund: 40 is not"),
        (
            "approvals_needed:\n  value: 2\n",
            "approvals_needed:\n  value: 9\n",
            r"^policy.yml: approvals_needed: it must be that no more approvals are needed than",
        ),
        (
            "max_single_fund:",
            "max_fund:",
            r"^policy.yml: max_fund: is in one of policy.yml and policy_schema.yml",
        ),
    ):
        (tmp_path / "policy.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
        policy._ours.cache_clear()
        with pytest.raises(DataError, match=message):
            policy.read()
    policy._ours.cache_clear()
    (tmp_path / "again").mkdir()
    shutil.copy(data.ROOT / "policy_schema.yml", tmp_path / "again")
    (tmp_path / "again" / "policy.yml").write_text(
        text.replace("value: 0.40\n", "value: 0.41\n", 1)
    )
    monkeypatch.setattr(data, "ROOT", tmp_path / "again")
    assert before["max_single_fund"] == 0.40
    assert policy.from_json(mine)["max_single_fund"] == 0.41
    policy._ours.cache_clear()


# ---- a value -------------------------------------------------------------------------------------


def test_values_are_copies_and_a_policy_stays_what_it_was():
    OURS["risk_aversion_bands"].clear()
    assert OURS["risk_aversion_bands"]
    given = [0.5]
    changed = OURS.replace(
        equity_floor={**OURS["equity_floor"], "growth": 0.55}, max_single_fund=0.5
    )
    given.clear()
    assert OURS["max_single_fund"] == 0.4 and changed["max_single_fund"] == 0.5
    assert changed.replace(max_single_fund=0.4).own == ("equity_floor", "max_single_fund")
    assert changed.entries["max_single_fund"]["approver"] == "nobody"


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(
        DataError, match=r"no entry 'risk_aversion'; did you mean .*model_risk_aversion"
    ):
        OURS["risk_aversion"]


def test_the_fingerprint_is_of_values_alone():
    assert OURS.replace(liquidity_days=5.0) == OURS and hash(
        OURS.replace(liquidity_days=5.0)
    ) == hash(OURS)
    assert OURS.replace(liquidity_days=6).fingerprint != OURS.fingerprint
    backwards = policy.Policy(dict(reversed(OURS.entries.items())))
    assert backwards == OURS and OURS != "policy"
    prints = {
        OURS.fingerprint,
        OURS.replace(scenario_seed=1).fingerprint,
        OURS.replace(approvals_needed=1).fingerprint,
    }
    assert len(prints) == 3


def test_own_entries_travel_as_json_and_in_pickles():
    told = OURS.replace(max_single_fund=0.75, stress_path_limit={0: 0.3, 12.5: 0.4})
    sent = json.loads(json.dumps(told.to_json(), allow_nan=False))
    back = policy.from_json(sent)
    assert back == told == pickle.loads(pickle.dumps(told)) == copy.deepcopy(told)
    assert back["stress_path_limit"] == {0: 0.3, 12.5: 0.4} and back.to_json() == sent
    assert back.entries["max_single_fund"]["date"] == date(2026, 11, 21)
    assert OURS.to_json() == {} and policy.from_json({}) == OURS
    with pytest.raises(DataError, match=r"plan: \[\] should be a mapping"):
        policy.from_json([], source="plan")


def test_a_plan_holds_its_policy_and_carries_it():
    awkward = plan.read(data.ROOT.parent / "tests" / "plans" / "awkward")
    decided = ("max_single_fund", "optimizer")
    assert awkward.policy["max_single_fund"] == 0.75 and awkward.policy.own == decided
    assert plan.read().policy == OURS
    sent = json.loads(json.dumps(awkward.to_json()))
    assert list(sent["policy"]) == list(decided)
    assert plan.from_json(sent).policy == awkward.policy
    assert plan.from_json({**sent, "policy": {}}).policy == OURS
    assert plan.from_json({**sent, "policy": {}}).fingerprint != awkward.fingerprint
    with pytest.raises(DataError, match=r"policy: max_single_fund: 75 is .*in percent"):
        plan.from_json({**sent, "policy": own(max_single_fund=75)})


def test_a_house_class_shares_what_is_decided_of_the_class_that_it_is_called_or_of_its_role():
    pipes = policy.HouseClass("pipes", "equity", None, replaces=True)
    abroad = policy.HouseClass("abroad", "equity", "intl_dev_equity", replaces=True)
    near = policy.HouseClass("near", "equity", "intl_dev_equity", replaces=True)
    made = policy.read().of_house([pipes, abroad, near])
    proxies = made["stress_proxies"]
    assert proxies["pipes"] == proxies["us_large_equity"]
    assert proxies["abroad"] == proxies["intl_dev_equity"]
    before, after = policy.read()["reference_portfolio"], made["reference_portfolio"]
    assert after["abroad"] == after["near"] == before["intl_dev_equity"] / 2
    assert "pipes" not in after and sum(after.values()) == pytest.approx(1)
    assert made.called("intl_dev_equity") == ("intl_dev_equity", "abroad", "near")
    assert made.of_house(made.house) == made
    assert made.replace(max_single_fund=0.3)["reference_portfolio"] == after
    kept = policy.HouseClass("abroad", "equity", "intl_dev_equity")
    assert policy.read().of_house([kept])["reference_portfolio"] == before


def places(value, path=()):
    """The way to every single value inside an entry."""
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))
    else:
        yield path


@pytest.mark.parametrize("name", SCHEMA)
def test_no_value_of_an_entry_can_be_another_under_the_same_fingerprint(name):
    """Every leaf, name of a leaf and length of a list: past the schema, for the hash is last."""

    def with_value(value):
        entries = {**OURS.entries, name: {**OURS.entries[name], "value": value}}
        return policy.Policy(entries).fingerprint

    ours = OURS[name]
    found, count = {OURS.fingerprint}, 1
    for path in places(ours):
        changed = {"whole": copy.deepcopy(ours)}
        at, keys = changed, ("whole", *path)
        for key in keys[:-1]:
            at = at[key]
        old = at[keys[-1]]
        at[keys[-1]] = f"{old}?" if isinstance(old, str) else not old if old is True else old + 1
        found.add(with_value(changed["whole"]))
        count += 1
    if isinstance(ours, (dict, list)):
        some = dict(list(ours.items())[1:]) if isinstance(ours, dict) else ours[1:]
        found.add(with_value(some))
        count += 1
    assert len(found) == count
    assert policy.Policy({n: e for n, e in OURS.entries.items() if n != name}) != OURS
