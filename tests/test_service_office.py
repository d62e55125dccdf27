"""What is due and what documents say, as JSON: the same as the shell, and refused by path."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from jsonschema import Draft202012Validator

from portlib import plan, schemas, service_office
from portlib.__main__ import main
from portlib.data import DataError
from portlib.documents import document, shelf
from portlib.stewardship.governance import signatures
from portlib.stewardship.settlement.ledger import Ledger

ROOT = Path(__file__).parents[1]
KEY = bytes([1]) * 32


@pytest.fixture(scope="module", params=["data/plan", "plans/tsp"])
def ours(request):
    return plan.read(ROOT / request.param)


def faults(name, document):
    strict = json.loads(json.dumps(document, allow_nan=False))
    return [error.message for error in Draft202012Validator(schemas.of(name)).iter_errors(strict)]


def test_a_document_says_what_its_pdf_shows(ours):
    told = service_office.report(ours.to_json(), ["policy"], on="2026-11-29")
    assert faults("documents", told) == []
    assert (told["plan"], told["policy"]) == (ours.fingerprint, ours.policy.fingerprint)
    day = datetime(2026, 11, 29).date()
    laid_out = list(shelf.make(["policy"], ours, None, made=day, made_from={}))
    for said, shown in zip(told["documents"], laid_out, strict=True):
        expected = json.loads(json.dumps(shown.to_json()))
        assert {**said, "made_from": []} == {
            **expected,
            "made_from": [],
            "name": shown.name,
            "claims": shown.claims,
            "figures": {f"{one.name}.svg": one.svg for one in shown.figures},
        }
        pictures = [block["file"] for block in said["body"] if block["is"] == "figure"]
        assert sorted(pictures) == sorted(said["figures"])


def test_every_kind_of_block_fits_and_a_figure_brings_its_vector(ours):
    body = [
        document.Heading("Why", 2),
        document.Text("**Two** of *five*", ("MV-1",), small=True),
        document.Items(["`a`", "b"], numbered=True),
        document.Finding("Least comfortable", "it failed", "warning", ("MV-2",)),
        document.Table(["", "A"], [["x", "1"]], caption="of x", strong=(0,)),
        document.Figure("line", "<svg/>", "It *rises*", "a line that rises"),
        document.Form([("who", "")]),
        document.Signatures(["Chair"], "I have read it"),
        document.Break(),
    ]
    assert {type(block) for block in body} == set(get_args(document.Block))
    facts, day = [("Held", "$1")], datetime(2026, 1, 1).date()
    one = document.Document("x", "Brief", "Of x", "p", "SYNTHETIC", day, {"a": "b"}, facts, body)
    told = service_office._filed(ours, [one])
    assert faults("documents", told) == []
    (said,) = told["documents"]
    assert said["figures"] == {"line.svg": "<svg/>"} and said["claims"] == ["MV-1", "MV-2"]
    said["body"][0]["is"] = "poem"
    assert faults("documents", told)


def test_every_option_has_its_dossier(ours):
    sent = ours.to_json()
    for fund in list(ours.funds.index)[:2]:
        told = service_office.dossier(sent, str(fund))
        assert faults("documents", told) == []
        (said,) = told["documents"]
        assert said["title"] == ours.funds.loc[fund, "label"]
        assert said["made"] == ours.as_of.isoformat()


@pytest.mark.parametrize(
    ("ask", "where"),
    [
        (lambda p: service_office.report(p, ["brief"]), r"kinds\[0\]: 'brief'"),
        (lambda p: service_office.report(p, "review"), "kinds: 'review'"),
        (lambda p: service_office.report(p, ["policy", "policy"]), "kinds: .* one twice"),
        (lambda p: service_office.report(p, [{"a": 1}]), r"kinds\[0\]"),
        (lambda p: service_office.report(p, ["policy"], on="2026-02-30"), "on: "),
        (lambda p: service_office.report({**p, "schema": "plan/1"}, ["policy"]), "schema: "),
        (lambda p: service_office.dossier(p, "no such fund"), "fund: 'no such fund'"),
        (lambda p: service_office.dossier(p, ["a"]), "fund: "),
        (lambda p: service_office.dossier(p, float("nan")), "fund: "),
    ],
)
def test_what_cannot_be_made_is_refused_by_path(ask, where):
    with pytest.raises(DataError, match=where):
        ask(plan.read().to_json())


@pytest.fixture(scope="module")
def desk(tmp_path_factory, ours):
    folder = tmp_path_factory.mktemp("desk")
    others = ("investment research", "eligible investment expert", *ours.policy["approval_roles"])
    keys = {"operations": KEY, **{role: bytes([2 + k]) * 32 for k, role in enumerate(others)}}
    roster = {role: signatures.address(key) for role, key in keys.items()}
    prices = dict.fromkeys(map(str, ours.exposures.index), 10.0)
    (folder / "plan.json").write_text(json.dumps(ours.to_json()))
    (folder / "roster.json").write_text(json.dumps(roster))
    (folder / "key").write_text(KEY.hex())
    rows = "".join(f"{fund},{price}\n" for fund, price in prices.items())
    (folder / "prices.csv").write_text("fund,price\n" + rows)
    (folder / "holdings.csv").write_text(f"fund,shares\n{next(iter(prices))},100\nUSD,5\n")
    return folder, roster, prices


def shell(command, desk, *more):
    folder, _, _ = desk
    given = ["--plan", f"{folder}/plan.json", "--log", f"{folder}/log.db"]
    given += ["--roster", f"{folder}/roster.json", "--role", "operations"]
    given += ["--key", f"{folder}/key", "--at", "2026-06-30T09:00+00:00"]
    return main([command, *given, *more])


def test_what_is_due_is_what_the_shell_says(desk, ours, capsys):
    folder, roster, prices = desk
    assert shell("adopt", desk, "--holdings", f"{folder}/holdings.csv") == 0
    capsys.readouterr()
    status = shell("review", desk, "--prices", f"{folder}/prices.csv")
    printed = json.loads(capsys.readouterr().out)
    log = Ledger(folder / "log.db")
    at = datetime(2026, 6, 30, 9, tzinfo=UTC)
    asked = {"role": "operations", "key": KEY, "at": at}
    told = service_office.review(ours.to_json(), log, roster, prices, **asked)
    assert faults("review", told) == []
    assert told["due"] == printed and printed
    assert told["status"] == status
    for wrong, where in (
        ({**prices, next(iter(prices)): float("nan")}, "prices"),
        ({**prices, next(iter(prices)): -1.0}, "prices"),
        ({}, "prices"),
        ([], "prices"),
    ):
        with pytest.raises(DataError, match=where):
            service_office.review(ours.to_json(), log, roster, wrong, **asked)
    with pytest.raises(DataError, match="posture"):
        service_office.review(ours.to_json(), log, roster, prices, **asked, posture="bold")
    naive = {**asked, "at": at.replace(tzinfo=None)}
    with pytest.raises(DataError, match="zone"):
        service_office.review(ours.to_json(), log, roster, prices, **naive)
