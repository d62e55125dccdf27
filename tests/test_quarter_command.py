"""One quarter from the shell: adopt, run, review, verify, and what each tells a scheduler."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from portlib import plan
from portlib.__main__ import main
from portlib.stewardship.governance import certificates, model_registry, signatures
from portlib.stewardship.settlement.ledger import Ledger

ROOT = Path(__file__).parents[1]
AT = "2026-06-30T09:00+00:00"


@pytest.fixture(scope="module", params=["data/plan", "plans/tsp"])
def ours(request):
    return plan.read(ROOT / request.param)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def shell(folder, ours):
    keys = {
        "operations": bytes([1]) * 32,
        "investment research": bytes([2]) * 32,
        "eligible investment expert": bytes([3]) * 32,
        **{role: bytes([4 + i]) * 32 for i, role in enumerate(ours.policy["approval_roles"])},
    }
    roster = {role: signatures.address(key) for role, key in keys.items()}
    (folder / "roster.json").write_text(json.dumps(roster))
    (folder / "operations.key").write_text(keys["operations"].hex())
    (folder / "plan.json").write_text(json.dumps(ours.to_json()))
    bonds, shares = ("BNDIDX", "LCIDX") if "LCIDX" in ours.funds.index else ("F", "C")
    held = f"fund,shares\n{bonds},1000\n{shares},3000\nUSD,12.50\n"
    (folder / "holdings.csv").write_text(held)
    prices = "".join(f"{fund},10\n" for fund in ours.exposures.index)
    (folder / "prices.csv").write_text("fund,price\n" + prices)
    inbox = folder / "inbox"
    inbox.mkdir()
    fields = {
        **certificates.draft(model_registry.pins(ours)),
        **{name: f"SPECIMEN {name}" for name in certificates.FIELDS},
    }
    role = "eligible investment expert"
    signed = signatures.sign(
        "Certificate",
        certificates.certificate_content(fields),
        keys[role],
        role=role,
        nonce=1,
        plan=ours.fingerprint,
        at=datetime.fromisoformat(AT),
        days=365,
    )
    letter = {"statement": signed.to_json(), "fields": fields}
    (inbox / "certificate.json").write_text(json.dumps(letter))
    (inbox / "broken.json").write_text("{")

    def call(command, *more, at=AT, log="log.db"):
        given = ["--plan", f"{folder}/plan.json", "--log", f"{folder}/{log}"]
        given += ["--roster", f"{folder}/roster.json"]
        if command != "verify":
            given += ["--role", "operations", "--key", f"{folder}/operations.key", "--at", at]
        if command in ("run", "review"):
            given += ["--prices", f"{folder}/prices.csv"]
        return main([command, *given, *map(str, more)])

    return call


def test_a_quarter_from_the_shell(shell, folder, capsys):
    assert shell("run") == 1
    assert "prudent adopt" in capsys.readouterr().err
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 0
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 1
    capsys.readouterr()
    assert shell("run") == 30
    assert "NotCertified" in json.loads(capsys.readouterr().out)["stopped_by"]
    events = folder / "events.jsonl"
    assert shell("run", "--inbox", folder / "inbox", "--events", events) == 10
    told = json.loads(capsys.readouterr().out)
    assert told["settlement"] == "EscrowLocked"
    assert told["letters"]["certificate.json"] == "accepted"
    assert told["letters"]["broken.json"].startswith("not read")
    out = [json.loads(line) for line in events.read_text().splitlines()]
    (instruction,) = [line for line in out if line["event"] == "RebalanceInstructionIssued"]
    fills = {str(i): leg["cents"] for i, leg in enumerate(instruction["body"]["legs"])}
    (folder / "fills.json").write_text(json.dumps(fills))
    later = "2026-07-01T09:00+00:00"
    shell("run", "--fills", folder / "fills.json", "--events", events, at=later)
    assert json.loads(capsys.readouterr().out)["settlement"] == "SettlementFinalized"
    both = [json.loads(line) for line in events.read_text().splitlines()]
    assert both[: len(out)] == out, "a later run's events come after those of the earlier"
    assert "SettlementFinalized" in [line["event"] for line in both[len(out) :]]
    shell("review", at="2027-06-29T09:00+00:00")
    due = json.loads(capsys.readouterr().out)
    assert ["renew", "certificate"] in [[item["action"], item["rule"]] for item in due]
    assert shell("verify", "--reperform") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["holds"]
    assert found["differing"].values()


def test_a_halt_in_force_is_told_to_the_scheduler(shell, folder, capsys):
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 0
    log = Ledger(folder / "log.db").log
    why = {"why": "volatility is 0.3, limit 0.2", "model": "menu"}
    log.append("risk", "Halted", at=datetime.fromisoformat(AT), actor="operations", body=why)
    capsys.readouterr()
    later = "2026-07-01T09:00+00:00"
    assert shell("review", at=later) == 20
    first = json.loads(capsys.readouterr().out)[0]
    assert (first["action"], first["rule"]) == ("look", "halt")
    assert why["why"] in first["why"]
    assert shell("run", "--inbox", folder / "inbox", at=later) == 20
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "halted"
    assert why["why"] in told["stopped_by"]
    assert not log.events("optimisation", "PortfolioOptimized")


def test_a_head_kept_elsewhere_that_is_not_in_the_log(shell, folder, capsys):
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 0
    capsys.readouterr()
    (folder / "head.json").write_text(json.dumps({"number": 3, "digest": "0" * 64}))
    assert shell("verify", "--head", folder / "head.json") == 40
    assert "written anew" in json.loads(capsys.readouterr().out)["why"]


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("fund,shares\nA,1\nA,2\n", "twice"),
        ("A,-1\n", "A,-1"),
        ("A,1,2\n", "no fund"),
        ("fund,shares\n", "no line"),
        ("A,nan\n", "no fund"),
    ],
)
def test_tables_that_are_none_are_refused_by_line(shell, folder, capsys, table, why):
    (folder / "bad.csv").write_text(table)
    assert shell("adopt", "--holdings", folder / "bad.csv", log="other.db") == 1
    assert why in capsys.readouterr().err
    assert not (folder / "other.db").exists()


def test_a_time_without_a_zone_and_a_key_that_is_none(shell, folder, capsys):
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 0
    capsys.readouterr()
    assert shell("review", at="2026-06-30T09:00") == 1
    assert "zone" in capsys.readouterr().err
    (folder / "operations.key").write_text("abc")
    assert shell("review") == 1
    assert "64 hex digits" in capsys.readouterr().err


def test_a_record_that_does_not_hold_is_told_in_words(shell, folder, ours, capsys):
    """What a person reads of a key that had ended, another policy, no log and no head."""
    assert shell("adopt", "--holdings", folder / "holdings.csv") == 0
    capsys.readouterr()
    assert shell("verify") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["end"] == "no head was given: a cut end would not show"
    kept = folder / "kept.json"
    kept.write_text(json.dumps(told["head"]))
    assert shell("verify", "--head", kept) == 0
    capsys.readouterr()

    def why(**said):
        for name, content in said.items():
            (folder / f"{name}.json").write_text(json.dumps(content))
        assert shell("verify") == 40
        return json.loads(capsys.readouterr().out)["why"]

    roster, sent = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("roster", "plan")
    )
    ended = [{"address": roster["operations"], "until": "2026-06-29"}]
    said = why(roster={**roster, "operations": ended})
    assert "signed as operations, of whose keys none counted on 2026-06-30 09:00" in said
    assert "from no day to 2026-06-29 00:00" in said
    nobody = {role: key for role, key in roster.items() if role != "operations"}
    assert "operations, whom the roster does not name" in why(roster=nobody)
    tried = ours.policy.replace(max_single_fund=0.6).to_json()["max_single_fund"]
    other = {**sent, "policy": {**sent["policy"], "max_single_fund": tried}}
    assert why(roster=roster, plan=other).endswith("its policy differs in max_single_fund")
    other = {**sent, "rules": {**sent["rules"], "recordkeeping_fee": 61}}
    assert "its policy is the log's" in why(plan=other)
    (folder / "log.db").write_bytes(b"")
    assert "the log has no line" in why(plan=sent)
    kept.write_text('{"number": 3}')
    assert shell("verify", "--head", kept) == 1
    assert "kept.json: 'digest' is missing" in capsys.readouterr().err
