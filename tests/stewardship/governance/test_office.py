"""The log, the signatures, the registry, the certificates and the office that keeps them."""

import json
import math
import sqlite3
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import plan, policy
from portlib.construction.mandate import Infeasible
from portlib.construction.views import View
from portlib.stewardship import audit_log, governance
from portlib.stewardship.audit_log import (
    GENESIS,
    START,
    AuditError,
    AuditLog,
    ChainBroken,
    ClockMovedBack,
    Head,
    KeyReused,
    Link,
)
from portlib.stewardship.governance import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    Office,
    OptimizationHalted,
    OwnProposal,
    Timelocked,
    UnapprovedPolicy,
    certificates,
    model_registry,
    signatures,
)
from portlib.stewardship.governance.signatures import (
    Altered,
    Expired,
    NotYetValid,
    OutOfOrder,
    Replayed,
    SignatureError,
    Signed,
    WrongKey,
)

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLAN = "ab" * 32
POLICY = policy.read()
ROLES = ("chair", "administrator", "compliance", "research", "expert", "developer")
KEYS = signatures.demonstration_keys(ROLES, np.random.default_rng(6))
ROSTER = {role: signatures.address(key) for role, key in KEYS.items()}
VIEW = View(
    "small over large",
    {"small": 1.0, "large": -1.0},
    0.01,
    "research",
    "2026-11-20",
    "value",
    confidence=0.5,
)
PINS = model_registry.Pins("c" * 64, "d" * 64, "e" * 64, PLAN)


def office(log: AuditLog | None = None, **changes: object) -> Office:
    settings_ = {
        "signers": ROLES[:3],
        "needed": 2,
        "timelock": 48 * HOUR,
        "view_authors": ("research",),
        **changes,
    }
    return Office(AuditLog() if log is None else log, PLAN, ROSTER, **settings_)


def filled(n: int = 6) -> AuditLog:
    log = AuditLog()
    for i in range(n):
        log.append(
            "monitoring", "AlertRaised", at=NOON + i * HOUR, actor="portlib", body={"number": i}
        )
    return log


def signed_view(
    view: View = VIEW, *, role: str = "research", key: str = "", nonce: int = 1, at: datetime = NOON
) -> Signed:
    return signatures.sign(
        "InvestorView",
        signatures.view_content(view),
        KEYS[key or role],
        role=role,
        nonce=nonce,
        plan=PLAN,
        at=at,
        days=30,
    )


def approval(digest: str, role: str, *, nonce: int = 1, at: datetime = NOON) -> Signed:
    content = {"subject": "a change", "content": bytes.fromhex(digest), "reason": "read and agreed"}
    return signatures.sign(
        "Approval", content, KEYS[role], role=role, nonce=nonce, plan=PLAN, at=at, days=30
    )


# ---- the chain and the log -----------------------------------------------------------------------


def test_a_digest_is_the_hash_that_the_docstring_says() -> None:
    from hashlib import sha256

    link = audit_log.chain(START, {"b": 1, "a": "é"})
    assert link.content == '{"a":"é","b":1}'
    assert link.digest == sha256(b"1\n" + b"0" * 64 + b"\n" + link.content.encode()).hexdigest()
    assert link.previous == GENESIS and audit_log.verify([link]) == Head(1, link.digest)


@given(
    st.lists(
        st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=3),
        min_size=3,
        max_size=7,
    ),
    st.data(),
)
@settings(max_examples=25, deadline=None)
def test_whatever_is_done_to_one_link_is_named(contents: list, drawn: st.DataObject) -> None:
    links: list[Link] = []
    for content in contents:
        links.append(audit_log.chain(links[-1] if links else START, content))
    assert audit_log.verify(links).number == len(links)
    k = drawn.draw(st.integers(0, len(links) - 2))
    forged = audit_log.chain(links[k - 1] if k else START, {"forged": True})
    faults = {
        "altered": [*links[:k], links[k]._replace(content=forged.content), *links[k + 1 :]],
        "does not follow": [*links[:k], forged, *links[k + 1 :]],
        "altered: its content": [
            *links[:k],
            forged,
            links[k + 1]._replace(previous=forged.digest),
            *links[k + 2 :],
        ],
        "is missing": [*links[:k], *links[k + 1 :]],
        "stands in its place": [*links[:k], links[k + 1], links[k], *links[k + 2 :]],
    }
    for word, chain in faults.items():
        first = k + 2 if word in ("does not follow", "altered: its content") else k + 1
        with pytest.raises(ChainBroken, match=f"link {first} .*{word}"):
            audit_log.verify(chain)


def test_a_cut_or_a_new_log_shows_only_against_a_kept_head() -> None:
    log = filled()
    kept = log.verify()
    assert audit_log.verify(log.links[:4]).number == 4  # a chain says nothing about its own end
    with pytest.raises(ChainBroken, match=r"link 5 is missing: the log ends before link 6"):
        audit_log.verify(log.links[:4], kept)
    other = AuditLog()
    for i in range(8):
        other.append("monitoring", "AlertRaised", at=NOON, actor="forger", body={"number": i})
    assert other.verify().number == 8
    with pytest.raises(ChainBroken, match=r"link 6 .*written anew"):
        other.verify(kept)
    log.append("monitoring", "AlertClosed", at=NOON + DAY, actor="portlib", body={})
    assert log.verify(kept).number == 7 and log.verify(START).number == 7


def test_the_log_refuses_updates_and_deletions() -> None:
    log = filled()
    for sql in ("UPDATE audit_log SET content = ''", "DELETE FROM audit_log WHERE number = 6"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            log.connection.execute(sql)
    assert log.verify().number == 6


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"topic": "gossip"}, "no topic 'gossip'"),
        ({"name": "Resumed"}, "no event 'Resumed' on topic 'policy'"),
        ({"at": datetime(2026, 11, 21)}, "zone"),
        ({"actor": ""}, "role"),
        ({"body": {"x": math.nan}}, "strict JSON"),
        ({"body": {"x": date(2026, 1, 1)}}, "strict JSON"),
    ],
)
def test_an_event_that_cannot_be_written_is_refused_by_name(changes: dict, says: str) -> None:
    event = {
        "topic": "policy",
        "name": "Approved",
        "at": NOON,
        "actor": "chair",
        "body": {},
        **changes,
    }
    log = AuditLog()
    with pytest.raises(AuditError, match=says):
        log.append(event.pop("topic"), event.pop("name"), **event)
    assert log.events() == ()


def test_a_clock_that_moved_back_and_a_reused_key_are_refused() -> None:
    log = filled()
    with pytest.raises(ClockMovedBack, match="before event 6"):
        log.append("monitoring", "AlertRaised", at=NOON, actor="portlib", body={})
    once = dict(at=NOON + DAY, actor="portlib", body={"x": 1}, key="k")
    first = log.append("monitoring", "AlertRaised", **once)
    assert log.append("monitoring", "AlertRaised", **{**once, "at": NOON + 2 * DAY}) == first
    with pytest.raises(KeyReused, match="event 7"):
        log.append("monitoring", "AlertRaised", **{**once, "body": {"x": 2}})
    assert log.verify().number == 7


def test_an_event_is_written_with_its_owners_transaction_or_not_at_all() -> None:
    connection = sqlite3.connect(":memory:")
    log = AuditLog(connection)
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (1)")
    log.append("monitoring", "AlertRaised", at=NOON, actor="portlib", body={})
    connection.rollback()
    assert log.events() == () and connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    AuditLog(path)
    code = (
        "import sys; from datetime import *; from portlib.stewardship.audit_log import AuditLog\n"
        "log = AuditLog(sys.argv[1]); log.connection.execute('PRAGMA synchronous = OFF')\n"
        "for i in range(100):\n    log.append('monitoring', 'AlertRaised', at=datetime(2026, "
        "11, 21, tzinfo=UTC),"
        " actor=sys.argv[2], body={'number': i})"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(path), who], cwd=ROOT)
        for who in ("a", "b", "c")
    ]
    assert [run.wait() for run in runs] == [0, 0, 0]
    log = AuditLog(path)
    assert log.verify().number == 300
    for who in ("a", "b", "c"):
        assert [e.body["number"] for e in log.events() if e.actor == who] == list(range(100))


def test_an_export_verifies_from_its_folder_alone_and_any_flipped_byte_shows(
    tmp_path: Path,
) -> None:
    log, folder = filled(3), tmp_path / "kept"
    made = audit_log.export(log, folder, 6, {"minutes.txt": b"agreed\xe2\x80\xa8by all"})
    assert audit_log.check_export(folder, log.verify()) == made
    assert made["retain_until"] == "2032-11-21"
    for name in ("events.jsonl", "minutes.txt"):
        content = (folder / name).read_bytes()
        for i in range(0, len(content), 7):
            (folder / name).write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
            with pytest.raises(AuditError, match=name):
                audit_log.check_export(folder)
        (folder / name).write_bytes(content)
    (folder / "minutes.txt").unlink()
    with pytest.raises(AuditError, match="missing"):
        audit_log.check_export(folder)
    with pytest.raises(AuditError, match="empty"):
        audit_log.export(AuditLog(), folder, 6)


def test_an_export_whose_manifest_was_made_to_fit_shows_against_the_head(tmp_path: Path) -> None:
    log, folder = filled(4), tmp_path / "kept"
    head = log.verify()
    audit_log.export(filled(3), folder, 6)
    assert audit_log.check_export(folder)["head"]["number"] == 3
    with pytest.raises(ChainBroken, match="link 4"):
        audit_log.check_export(folder, head)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "head": head._asdict()}))
    with pytest.raises(AuditError, match="ends at link 3"):
        audit_log.check_export(folder)
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema": "other/1"}))
    with pytest.raises(AuditError, match="schema"):
        audit_log.check_export(folder)


def test_texts_with_line_separators_survive_an_export(tmp_path: Path) -> None:
    log = AuditLog()
    log.append(
        "decisions", "DecisionRecorded", at=NOON, actor="chair", body={"why": "a\u2028b\u0085c\nd"}
    )
    audit_log.export(log, tmp_path, 6)
    assert audit_log.check_export(tmp_path)["head"]["number"] == 1


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_retention_by_counting_days(day: date, years: int) -> None:
    until = audit_log.retain_until(day, years)
    leap = day.month == 2 and day.day == 29 and until.month == 3
    counted = day
    while (counted.year, counted.month, counted.day) != (until.year, until.month, until.day):
        counted += DAY
    assert counted.year == day.year + years
    assert (counted.month, counted.day) == ((3, 1) if leap else (day.month, day.day))


# ---- signatures ----------------------------------------------------------------------------------


@given(st.text(max_size=9), st.floats(-1, 1), st.integers(1, 99), st.integers(0, 2**64))
@settings(max_examples=25, deadline=None)
def test_two_ways_to_the_digest(reason: str, q: float, version: int, nonce: int) -> None:
    view = replace(VIEW, reason=reason, q=q, version=version)
    signed = signed_view(view, nonce=nonce)
    full = signatures.typed_data(signed.kind, signed.message, PLAN)
    message = encode_typed_data(full_message=full)
    assert signatures.digest(full) == keccak(
        b"\x19" + message.version + message.header + message.body
    )
    assert signatures.view_of(signed) == view
    again = signatures.from_json(json.loads(json.dumps(signed.to_json())))
    signatures.verify(again, ROSTER, plan=PLAN, at=NOON)


def test_a_changed_field_is_altered_whichever_it_is() -> None:
    signed = signed_view()
    for name, value in signed.message.items():
        other = (
            value + 1
            if isinstance(value, int)
            else [*value, value[0]]
            if isinstance(value, list)
            else value + " "
        )
        with pytest.raises(Altered):
            signatures.verify(signed.altered(**{name: other}), ROSTER, plan=PLAN, at=NOON)


@pytest.mark.parametrize(
    ("error", "make", "changes"),
    [
        (WrongKey, lambda: signed_view(key="chair"), {}),
        (WrongKey, lambda: signed_view(), {"roster": {"chair": ROSTER["chair"]}}),
        (Altered, lambda: replace(signed_view(), signer=ROSTER["chair"]), {}),
        (Altered, lambda: signed_view(), {"plan": "cd" * 32}),
        (Altered, lambda: replace(signed_view(), signature="0x" + "00" * 64 + "1b"), {}),
        (Altered, lambda: replace(signed_view(), signature="0x" + "ff" * 65), {}),
        (Altered, lambda: replace(signed_view(), signature="0x12"), {}),
        (Expired, lambda: signed_view(), {"at": NOON + 30 * DAY + HOUR}),
        (NotYetValid, lambda: signed_view(), {"at": NOON - HOUR}),
    ],
)
def test_each_refusal_has_its_name(error: type, make, changes: dict) -> None:
    signatures.verify(signed_view(), ROSTER, plan=PLAN, at=NOON + 30 * DAY)
    with pytest.raises(error):
        signatures.verify(make(), **{"roster": ROSTER, "plan": PLAN, "at": NOON, **changes})


def test_a_replay_a_twin_and_an_old_number_are_refused_once_accepted() -> None:
    keeper, signed = office(), signed_view(nonce=5)
    assert keeper.accept_view(signed, NOON) == VIEW
    twin = signatures.twin(signed)
    assert twin.signature != signed.signature
    signatures.verify(twin, ROSTER, plan=PLAN, at=NOON)  # valid, and made without the key
    for again in (signed, twin):
        with pytest.raises(Replayed):
            keeper.accept_view(again, NOON + HOUR)
    with pytest.raises(OutOfOrder, match="after number 5"):
        keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=4), NOON + HOUR)
    with pytest.raises(OutOfOrder, match="version 1 after 1"):
        keeper.accept_view(signed_view(nonce=6), NOON + HOUR)
    keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=6), NOON + HOUR)
    assert [e.name for e in keeper.log.events("views")] == [
        "ViewAccepted",
        *["ViewRefused"] * 4,
        "ViewAccepted",
    ]
    assert [e.body["why"] for e in keeper.log.events("views", "ViewRefused")] == [
        "Replayed",
        "Replayed",
        "OutOfOrder",
        "OutOfOrder",
    ]


def test_a_view_by_another_author_or_in_other_words_is_refused() -> None:
    with pytest.raises(WrongKey, match="is by research"):
        office(view_authors=("research", "chair")).accept_view(signed_view(role="chair"), NOON)
    content = {**signatures.view_content(VIEW), "q": "0.010"}
    signed = signatures.sign(
        "InvestorView",
        content,
        KEYS["research"],
        role="research",
        nonce=1,
        plan=PLAN,
        at=NOON,
        days=1,
    )
    with pytest.raises(SignatureError, match="canonical form: q"):
        office().accept_view(signed, NOON)


def test_a_clock_that_moved_back_accepts_nothing_and_writes_nothing() -> None:
    keeper = office()
    keeper.accept_view(signed_view(nonce=1), NOON + DAY)
    before = keeper.log.links
    with pytest.raises(ClockMovedBack):
        keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=2), NOON)
    with pytest.raises(ClockMovedBack):
        keeper.accept_view(signed_view(nonce=1), NOON)
    assert keeper.log.links == before


def test_unknown_kinds_and_fields_are_refused() -> None:
    with pytest.raises(SignatureError, match="no statement of kind"):
        signatures.typed_data("Order", {}, PLAN)
    with pytest.raises(SignatureError, match="number"):
        signatures.typed_data("LogHead", {"digest": b""}, PLAN)
    with pytest.raises(SignatureError, match="zone"):
        signed_view(at=datetime(2026, 1, 1))
    head = filled().verify()
    sealed = signatures.sign(
        "LogHead",
        signatures.head_content(head),
        KEYS["compliance"],
        role="compliance",
        nonce=1,
        plan=PLAN,
        at=NOON,
        days=9,
    )
    assert signatures.head_of(signatures.from_json(sealed.to_json())) == head
    with pytest.raises(SignatureError, match="no view"):
        signatures.view_of(sealed)
    content = sealed.to_json()
    with pytest.raises(SignatureError, match="hex"):
        signatures.from_json({**content, "message": {**content["message"], "digest": "zz"}})


# ---- the office ----------------------------------------------------------------------------------


def changed(
    keeper: Office, *, proposer: str = "developer", at: datetime = NOON, value: float = 2.0
) -> int:
    if not keeper.log.events("policy", "PolicyAdopted"):
        keeper.adopt({"cap": 1.0, "floor": 0.0}, at, "chair")
    return keeper.propose("cap", value, "because", at, proposer).number


def digest_of(keeper: Office, number: int) -> str:
    return keeper.log.links[number - 1].digest


def test_a_change_is_enacted_exactly_when_enough_roles_approved_and_the_time_is_over() -> None:
    for order, needed in product(list(permutations(ROLES[:3]))[::4], (1, 2, 3)):
        for given_, wait in product(
            range(4), (timedelta(0), 48 * HOUR - timedelta(seconds=1), 48 * HOUR)
        ):
            keeper = office(needed=needed)
            number, at = changed(keeper), NOON
            for role in order[:given_]:
                at += HOUR
                keeper.approve(approval(digest_of(keeper, number), role, at=at), at)
            quorum = NOON + needed * HOUR
            now = max(at, quorum + wait)
            may = given_ >= needed and now >= quorum + 48 * HOUR
            if may:
                keeper.enact(number, now)
            else:
                with pytest.raises(NotApproved if given_ < needed else Timelocked):
                    keeper.enact(number, now)
            assert keeper.policy_in_force()["cap"] == (2.0 if may else 1.0)


def test_one_role_counts_once_and_not_for_its_own_proposal() -> None:
    keeper = office()
    number = changed(keeper, proposer="chair")
    named = digest_of(keeper, number)
    with pytest.raises(OwnProposal):
        keeper.approve(approval(named, "chair"), NOON)
    keeper.approve(approval(named, "administrator"), NOON)
    with pytest.raises(AlreadyDone, match="counts once"):
        keeper.approve(approval(named, "administrator", nonce=2), NOON)
    with pytest.raises(WrongKey):
        keeper.approve(approval(named, "research"), NOON)
    with pytest.raises(GovernanceError, match="no proposal"):
        keeper.approve(approval("00" * 32, "compliance"), NOON)
    with pytest.raises(SignatureError, match="approves nothing"):
        keeper.approve(signed_view(), NOON)
    with pytest.raises(NotApproved, match="administrator; 2 of 3"):
        keeper.enact(number, NOON + 9 * DAY)


def test_a_change_overtaken_by_another_is_refused_and_none_counts_twice() -> None:
    keeper = office(needed=1)
    first, second = changed(keeper), changed(keeper, value=3.0)
    for nonce, number in enumerate((first, second), start=1):
        keeper.approve(approval(digest_of(keeper, number), "chair", nonce=nonce), NOON)
    keeper.enact(second, NOON + 3 * DAY)
    with pytest.raises(OutOfOrder, match="changed after"):
        keeper.enact(first, NOON + 3 * DAY)
    with pytest.raises(AlreadyDone):
        keeper.enact(second, NOON + 3 * DAY)
    assert keeper.policy_in_force() == {"cap": 3.0, "floor": 0.0}
    with pytest.raises(ClockMovedBack):
        keeper.enact(first, NOON)


@pytest.mark.parametrize(
    ("entry", "value", "reason", "says"),
    [
        ("ceiling", 1.0, "x", "no such entry"),
        ("cap", 1.0, "x", "has that value"),
        ("cap", 2.0, " ", "no reason"),
    ],
)
def test_a_proposal_must_change_something_and_say_why(
    entry: str, value: float, reason: str, says: str
) -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="no policy was adopted"):
        keeper.propose(entry, value, reason, NOON, "chair")
    keeper.adopt({"cap": 1.0}, NOON, "chair")
    with pytest.raises(GovernanceError, match=says):
        keeper.propose(entry, value, reason, NOON, "chair")
    with pytest.raises(AlreadyDone):
        keeper.adopt({}, NOON, "chair")
    with pytest.raises(GovernanceError, match="proposes no change"):
        keeper.enact(1, NOON)


def test_policy_that_no_event_changed_is_named() -> None:
    keeper, values = office(), model_registry.policy_values(POLICY)
    keeper.adopt(values, NOON, "chair")
    keeper.check_policy(model_registry.policy_values(POLICY))
    name = sorted(values)[3]
    for wrong in (
        {**values, name: "other"},
        {k: v for k, v in values.items() if k != name},
        {**values, "new": 1},
    ):
        with pytest.raises(UnapprovedPolicy, match=f": {name};|: new;"):
            keeper.check_policy(wrong)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"needed": 4}, "4 approvals of 3"),
        ({"needed": 0}, "0 approvals"),
        ({"timelock": -HOUR}, "past"),
        ({"signers": ("chair", "nobody")}, "no address for nobody"),
        ({"signers": ("chair", "chair"), "needed": 2}, "2 approvals of 1"),
    ],
)
def test_an_office_that_could_not_work_is_refused(changes: dict, says: str) -> None:
    with pytest.raises(GovernanceError, match=says):
        office(**changes)
    with pytest.raises(GovernanceError, match="share a key"):
        Office(AuditLog(), PLAN, {**ROSTER, "chair": ROSTER["compliance"]}, ROLES[:3], 2, HOUR, ())


def made(risk: float) -> model_registry.Result:
    return model_registry.result("menu", {"risk": risk}, PINS, 9)


def attempt(keeper: Office, risk: float, at: datetime = NOON) -> model_registry.Result:
    return keeper.optimize(
        lambda: made(risk) if math.isfinite(risk) else replace(made(0.0), values={"risk": risk}),
        lambda values: values,
        {"risk": 0.1},
        at,
    )


@given(st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=60, deadline=None)
def test_an_optimisation_halts_exactly_when_its_risk_is_not_within_the_limit(risk: float) -> None:
    keeper = office()
    if risk <= 0.1 and math.isfinite(risk):
        assert attempt(keeper, risk).values["risk"] == risk
        assert [e.name for e in keeper.log.events()] == [
            "PortfolioOptimized"
        ] and keeper.halt is None
        return
    with pytest.raises(OptimizationHalted, match=r"limit 0\.1"):
        attempt(keeper, risk)
    names = [e.name for e in keeper.log.events()]
    assert (
        names == ["ConstraintBreached", "Halted", "OptimisationRefused"] and keeper.halt is not None
    )


def test_a_halt_stays_until_that_halt_is_approved() -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="nothing is halted"):
        keeper.resume(NOON, "chair")
    for turn in (1, 2):
        with pytest.raises(OptimizationHalted):
            attempt(keeper, 0.2)
        with pytest.raises(OptimizationHalted, match="halted since"):
            attempt(keeper, 0.05)
        assert keeper.halt
        named = keeper.halt.link.digest
        for role in ROLES[:2]:
            with pytest.raises(NotApproved):
                keeper.resume(NOON, "chair")
            keeper.approve(approval(named, role, nonce=turn), NOON)
        keeper.resume(NOON, "chair")
        attempt(keeper, 0.05)
    assert len(keeper.log.events("risk", "Resumed")) == 2


def test_a_new_process_with_the_log_alone_knows_the_same(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    keeper = office(AuditLog(path))
    number = changed(keeper)
    keeper.approve(approval(digest_of(keeper, number), "chair"), NOON)
    with pytest.raises(OptimizationHalted):
        attempt(keeper, 0.2)
    again = office(AuditLog(path))
    assert again.halt == keeper.halt and again.approvals(number) == keeper.approvals(number)
    assert again.used("chair") == [1] and again.policy_in_force() == keeper.policy_in_force()
    kept = signatures.from_json(again.approvals(number)[0].body["signed"])
    signatures.verify(kept, ROSTER, plan=PLAN, at=again.approvals(number)[0].at)


def test_a_fault_of_the_program_leaves_no_event_and_a_mandate_without_portfolio_leaves_one() -> (
    None
):
    def broken() -> model_registry.Result:
        raise ZeroDivisionError

    def impossible() -> model_registry.Result:
        raise Infeasible(["cap", "floor"], {})

    keeper = office()
    with pytest.raises(ZeroDivisionError):
        keeper.optimize(broken, dict, {}, NOON)
    assert keeper.log.events() == ()
    with pytest.raises(Infeasible):
        keeper.optimize(impossible, dict, {}, NOON)
    assert [e.name for e in keeper.log.events()] == ["OptimisationRefused"]
    with pytest.raises(GovernanceError, match="not measured, though limited: risk"):
        keeper.optimize(lambda: made(0.0), lambda _: {}, {"risk": 0.1}, NOON)


def test_measures_and_limits_by_hand() -> None:
    portfolios = {"growth": {"weights": {"a": 0.6, "b": 0.4}, "mean": 0.07, "risk": 0.1}}
    held = {"growth": {"weights": {"a": 0.5, "c": 0.5}, "mean": 0.05, "risk": 0.1}}
    measured = governance.risk_measures(portfolios, 0.03, held)
    assert measured == pytest.approx(
        {"growth volatility": 0.1, "Sharpe ratio": 0.4, "turnover": 0.5}
    )
    assert math.isnan(governance.risk_measures({}, 0.03)["Sharpe ratio"])
    limits = governance.risk_limits(portfolios, policy=POLICY)
    assert set(limits) == set(measured)
    assert set(governance.breaches(measured, {"turnover": 0.49, "Sharpe ratio": 0.41})) == {
        "turnover"
    }


# ---- registry and certificates -------------------------------------------------------------------


def test_each_pin_is_named_when_it_differs_and_only_then() -> None:
    log = AuditLog()
    with pytest.raises(model_registry.RegistryError, match="no model 'menu'"):
        model_registry.accept(log, made(0.1), at=NOON, actor="portlib")
    model_registry.register(log, "menu", PINS, digits=9, at=NOON, actor="chair")
    model_registry.accept(log, made(0.1), at=NOON, actor="portlib")
    for name in asdict(PINS):
        other = replace(made(0.1), pins=replace(PINS, **{name: "f" * 64}))
        with pytest.raises(model_registry.PinMismatch, match=f"other {name} than"):
            model_registry.accept(log, other, at=NOON, actor="portlib")
    with pytest.raises(model_registry.ResultMismatch):
        model_registry.accept(
            log, replace(made(0.1), values={"risk": 0.11}), at=NOON, actor="portlib"
        )
    names = [e.name for e in log.events("models")]
    assert names == ["ModelRegistered", "ResultAccepted", *["ResultRefused"] * 5]


def test_pins_follow_the_sources_the_policy_and_the_plan(tmp_path: Path) -> None:
    ours = model_registry.pins(plan.read())
    assert ours == model_registry.pins(plan.read())
    for file in ("a.py", "sub/b.py"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"x = 1\n")
    first = model_registry.code_fingerprint(tmp_path)
    (tmp_path / "a.py").write_bytes(b"x = 1\r\n")
    assert model_registry.code_fingerprint(tmp_path) == first
    (tmp_path / "a.py").write_bytes(b"x = 2\n")
    assert model_registry.code_fingerprint(tmp_path) != first
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert len({first, model_registry.code_fingerprint(tmp_path), ours.code}) == 3
    assert ours.policy == plan.read().policy.fingerprint
    stricter = replace(plan.read(), policy=POLICY.replace(max_single_fund=0.3))
    assert "policy" in ours.differing(model_registry.pins(stricter))
    smaller = plan.read().offering(
        [f for f in plan.read().funds.index if f != plan.read().funds.index[-1]]
    )
    assert ours.differing(model_registry.pins(smaller)) == ("plan",)
    assert ours.model == model_registry.pins(smaller).model
    with pytest.raises(model_registry.RegistryError, match="no sources"):
        model_registry.code_fingerprint(tmp_path / "sub" / "none")


def test_rounding_hides_the_last_bits_but_not_a_change_and_fails_at_a_boundary() -> None:
    assert model_registry.result_digest({"w": [0.1 + 0.2]}, 9) == model_registry.result_digest(
        {"w": [0.3]}, 9
    )
    assert model_registry.result_digest({"w": -1e-12}, 9) == model_registry.result_digest(
        {"w": 0.0}, 9
    )
    assert model_registry.result_digest({"w": 0.3}, 9) != model_registry.result_digest(
        {"w": 0.300000002}, 9
    )
    below, above = 0.5e-3 * (1 - 1e-13), 0.5e-3 * (1 + 1e-13)
    assert model_registry.result_digest(below, 3) != model_registry.result_digest(above, 3)
    assert model_registry.disagreements({"w": [below]}, {"w": [above]}, 1e-12) == []


def test_disagreements_name_the_place() -> None:
    ours = {"a": {"w": [0.1, 0.2], "name": "x"}, "b": 1, "c": True}
    assert model_registry.disagreements(ours, json.loads(json.dumps(ours)), 0.0) == []
    theirs = {"a": {"w": [0.1, 0.3], "name": "y"}, "b": 1 + 1e-9, "c": False}
    found = model_registry.disagreements(ours, theirs, 1e-6)
    assert [text.split(":")[0] for text in found] == ["/a/w/1", "/a/name", "/c"]
    assert model_registry.disagreements(ours, {"a": ours["a"], "b": 1}, 1e-6) == [
        "/c is only in one"
    ]
    assert model_registry.disagreements(1.0, math.nan, 1e-6)


def test_the_inventory_is_of_every_model_and_refuses_gaps() -> None:
    graded = model_registry.graded()
    owners, tiers = (POLICY[name] for name in ("model_owners", "model_tiers"))
    table = model_registry.inventory(graded, owners, tiers)
    layers = [
        p for layer in model_registry.LAYERS for p in (ROOT / "portlib" / layer).rglob("*.py")
    ]
    on_disk = sorted(
        ".".join(p.relative_to(ROOT / "portlib").with_suffix("").parts)
        for p in layers
        if p.stem != "__init__"
    )
    assert sorted(table.index) == on_disk
    assert table[["purpose", "owner", "tier"]].ne("").all(axis=None)
    name = "stewardship.governance.office"
    first = {"names": (name,), "graded": {name: graded[name]}, "owners": owners, "tiers": tiers}
    assert model_registry.inventory(**first).loc[name, "tier"] == "high"
    for changes, says in (
        ({"graded": {}}, f"not in the inventory: {name}"),
        ({"names": ()}, "no model of portlib"),
        ({"graded": {name: {"exposure": "huge", "use": "decides"}}}, "exposure 'huge'"),
        ({"owners": {}}, "no owner"),
        ({"tiers": {**tiers, "tier": {"high": 99}}}, "no tier"),
    ):
        with pytest.raises(model_registry.InventoryError, match=says):
            model_registry.inventory(**{**first, **changes})


FIELDS = {name: f"said about {name}" for name in certificates.FIELDS}


def filed(
    keeper: Office,
    fields: dict,
    *,
    role: str = "expert",
    nonce: int = 1,
    kind: str = "Certificate",
    signed_fields: dict | None = None,
    made_by: model_registry.Pins = PINS,
) -> None:
    content = certificates.certificate_content(fields if signed_fields is None else signed_fields)
    signed = signatures.sign(
        kind, content, KEYS[role], role=role, nonce=nonce, plan=PLAN, at=NOON, days=30
    )
    certificates.certify(
        keeper,
        fields,
        signed,
        made_by,
        NOON,
        certifiers=("expert", "developer"),
        developers=("developer",),
    )


def test_a_certificate_is_refused_unless_all_five_fields_say_something() -> None:
    empty = certificates.draft(PINS)
    assert certificates.missing(empty, certificates.FIELDS) == list(certificates.FIELDS)
    for present in product((True, False), repeat=5):
        fields = {
            **empty,
            **{n: t for (n, t), there in zip(FIELDS.items(), present, strict=True) if there},
        }
        keeper = office()
        if all(present):
            filed(keeper, fields)
            assert certificates.in_force(keeper, PINS, NOON).body["fields"]["model"] == PINS.model
        else:
            absent = [n for n, there in zip(FIELDS, present, strict=True) if not there]
            with pytest.raises(certificates.IncompleteRecord, match=", ".join(absent)):
                filed(keeper, fields)
            assert [e.name for e in keeper.log.events()] == ["CertificateRefused"]
    for blank in (None, "  ", "TBD", "[To be completed]", "___", [], [""]):
        assert certificates.missing({"conclusion": blank}, ["conclusion"]) == ["conclusion"]


def test_a_certificate_by_a_developer_or_over_other_words_is_refused() -> None:
    keeper, fields = office(), {**certificates.draft(PINS), **FIELDS}
    with pytest.raises(WrongKey, match="independent"):
        filed(keeper, fields, role="developer")
    with pytest.raises(WrongKey, match="may not sign"):
        filed(keeper, fields, role="chair")
    with pytest.raises(Altered, match="not say what was signed"):
        filed(keeper, {**fields, "conclusion": "another"}, signed_fields=fields)
    with pytest.raises(certificates.NotCertified, match="another model"):
        filed(keeper, fields, made_by=replace(PINS, code="f" * 64))
    filed(keeper, fields)


def test_a_changed_model_voids_its_certificate_and_a_changed_plan_does_not() -> None:
    keeper = office()
    with pytest.raises(certificates.NotCertified, match="no certificate"):
        certificates.in_force(keeper, PINS, NOON)
    filed(keeper, {**certificates.draft(PINS), **FIELDS})
    certificates.in_force(keeper, replace(PINS, plan="f" * 64), NOON)
    for name in ("code", "data", "policy"):
        with pytest.raises(certificates.NotCertified, match=f"void: {name} changed"):
            certificates.in_force(keeper, replace(PINS, **{name: "f" * 64}), NOON)


def test_a_decision_says_everything_and_rests_on_events_before_it() -> None:
    keeper, fields = office(), {n: f"said about {n}" for n in certificates.DECISION}
    with pytest.raises(GovernanceError, match="names no event"):
        certificates.decide(keeper, fields, NOON, "chair", rests_on=[])
    with pytest.raises(GovernanceError, match="no event 1"):
        certificates.decide(keeper, fields, NOON, "chair", rests_on=[1])
    keeper.adopt({"cap": 1}, NOON, "chair")
    for name in certificates.DECISION:
        with pytest.raises(certificates.IncompleteRecord, match=f"decision: {name}:"):
            certificates.decide(keeper, {**fields, name: ""}, NOON, "chair", rests_on=[1])
    assert certificates.decide(keeper, fields, NOON, "chair", rests_on=[1]).body["rests on"] == [1]


def test_the_office_of_the_policy_can_be_set_up() -> None:
    roles = [*POLICY["approval_roles"], *POLICY["view_authors"]]
    keys = signatures.demonstration_keys(roles, np.random.default_rng(1))
    keeper = Office.of_policy(
        AuditLog(),
        PLAN,
        {role: signatures.address(key) for role, key in keys.items()},
        policy=POLICY,
    )
    assert keeper.needed <= len(keeper.signers) and keeper.timelock >= timedelta(0)
    owners, certifiers = (
        set(POLICY["model_owners"].values()),
        set(POLICY["certifier_roles"]),
    )
    assert not owners & certifiers and not owners & set(keeper.signers)


def test_two_runs_give_one_digest_and_measures_of_the_plan_are_within_reason() -> None:
    ours = plan.read()
    first, second = (governance.menu_portfolios(ours) for _ in range(2))
    assert model_registry.result_digest(first, 9) == model_registry.result_digest(second, 9)
    for posture, portfolio in first.items():
        assert sum(portfolio["weights"].values()) == pytest.approx(1, abs=1e-9), posture
