"""The published schemas are good schemas, and every document and answer of this package fits its
own."""

import json
import math
from copy import deepcopy
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from portlib import plan, schemas, service
from portlib.data import DataError
from portlib.stewardship.audit_log import AuditLog
from portlib.stewardship.one_quarter.quarter import lines

ROOT = Path(__file__).parents[1]


def faults(name, document):
    strict = json.loads(json.dumps(document, allow_nan=False))
    return [error.message for error in Draft202012Validator(schemas.of(name)).iter_errors(strict)]


@pytest.fixture(scope="module")
def sent():
    return json.loads(json.dumps(plan.read().to_json()))


@pytest.mark.parametrize("name", schemas.names())
def test_each_is_a_schema_and_strict_json(name):
    made = schemas.of(name)
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == schemas.DIALECT
    assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_a_kind_that_is_none_is_told_those_that_are():
    with pytest.raises(ValueError, match="portfolio"):
        schemas.of("portfolios")


@pytest.mark.parametrize("folder", ["tests/plans/awkward", "plans/tsp"])
def test_plans_fit(sent, folder):
    other = plan.read(ROOT / folder)
    assert faults("plan", sent) == []
    assert faults("plan", other.to_json()) == []
    assert faults("policy", other.policy.to_json()) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: p.update(schema="plan/1"),
        lambda p: p["rules"].pop("as_of"),
        lambda p: p["rules"].update(recordkeeping_fee="58"),
        lambda p: p["lineup"][0].update(kind="passive"),
        lambda p: p["lineup"][0].update(expense_ratio=0.5),
        lambda p: p["participants"][0].update(deferral_rate=6),
        lambda p: p["participants"][0].update(holdings="LCIDX 100"),
        lambda p: p.update(extra=1),
        lambda p: p.update(policy={"max_single_fund": {"value": 40}}),
    ],
)
def test_what_the_schema_refuses_the_door_refuses(sent, spoil):
    wrong = deepcopy(sent)
    wrong["participants"] = wrong["participants"][:2]
    spoil(wrong)
    assert faults("plan", wrong)
    with pytest.raises(DataError):
        plan.from_json(wrong)


def test_answers_fit(sent):
    who = sent["participants"][0]["participant"]
    asked = {"posture": "growth", "most_funds": 0, "whole_percent": False}
    assert faults("mandate", asked) == []
    assert faults("portfolio", service.optimize(sent, None, asked)) == []
    assert faults("outlook", service.outlook(sent, who, lives=100)) == []
    solved = service.solve_for(sent, who, "deferral_rate", 0.8, lives=100)
    assert faults("solution", solved) == []


def test_a_refusal_fits(sent):
    (refused,) = service.optimize_many([{"schema": "none"}], workers=1)
    assert "error" in refused
    assert faults("portfolio", refused) == []


def test_an_answer_with_a_number_that_is_none_does_not_fit(sent):
    answer = service.optimize({**sent, "participants": []}, None, {"most_funds": 0})
    assert faults("portfolio", {**answer, "mean": "0.05"})
    assert faults("portfolio", {k: v for k, v in answer.items() if k != "policy"})
    with pytest.raises(ValueError, match="JSON"):
        faults("portfolio", {**answer, "mean": math.nan})


def test_events_that_go_out_fit():
    from datetime import UTC, datetime

    log = AuditLog()
    log.append("risk", "Halted", at=datetime(2026, 1, 1, tzinfo=UTC), actor="x", body={"why": "y"})
    (line,) = lines(log)
    assert faults("event", json.loads(line)) == []
    assert faults("event", {**json.loads(line), "event": "NeverHappened"})


def test_a_folder_of_them(tmp_path):
    files = schemas.write(tmp_path / "schemas")
    assert len(files) == len(schemas.names())
    for file in files:
        Draft202012Validator.check_schema(json.loads((tmp_path / "schemas" / file).read_text()))


def test_the_shell_prints_them(tmp_path, capsys):
    from portlib.__main__ import main

    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == list(schemas.names())
    assert main(["schema", "portfolio"]) == 0
    assert json.loads(capsys.readouterr().out) == schemas.of("portfolio")
    assert main(["schema", "--out", str(tmp_path)]) == 0
    assert len(list(tmp_path.glob("*.schema.json"))) == len(schemas.names())
    assert main(["schema", "nothing"]) == 1
