"""The audit log: whatever is done to the chain is named, and an export stands by itself."""

import hashlib
import json
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.stewardship import audit_log
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
from tests.offices import DAY, NOON, filled

ROOT = Path(__file__).resolve().parents[2]


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
@settings(max_examples=25)
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
    connection = sqlite3.connect(":memory:", factory=audit_log.Connection)
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
@settings(max_examples=60)
def test_retention_by_counting_days(day: date, years: int) -> None:
    until = audit_log.retain_until(day, years)
    leap = day.month == 2 and day.day == 29 and until.month == 3
    counted = day
    while (counted.year, counted.month, counted.day) != (until.year, until.month, until.day):
        counted += DAY
    assert counted.year == day.year + years
    assert (counted.month, counted.day) == ((3, 1) if leap else (day.month, day.day))


# ---- at the edges --------------------------------------------------------------------------------


def test_a_row_in_the_place_of_another_and_a_changed_key_are_found(tmp_path: Path) -> None:
    log = AuditLog(tmp_path / "log")
    log.append(
        "monitoring", "AlertRaised", at=NOON, actor="portlib", body={"number": 1}, key="once"
    )
    other = sqlite3.connect(  # whoever opens the file
        tmp_path / "log", isolation_level=None, factory=audit_log.Connection
    )
    row = other.execute("SELECT * FROM audit_log").fetchone()
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        other.execute("INSERT OR REPLACE INTO audit_log VALUES (?, ?, ?, ?, ?)", (*row[:4], "x"))
    other.execute("DROP TRIGGER audit_log_no_update")
    other.execute("UPDATE audit_log SET key = 'another'")
    with pytest.raises(ChainBroken, match="its key is not the one"):
        log.verify()


def test_content_nested_without_end_is_refused() -> None:
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(AuditError, match="nested"):
        audit_log.canonical(deep)


@pytest.mark.parametrize("name", ["../evil.txt", "a/b", "", "..", "events.jsonl", "Manifest.JSON"])
def test_an_attachment_is_a_plain_file_of_its_own(name: str, tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="plain file name"):
        audit_log.export(filled(), tmp_path / "x", 6, {name: b"x"})
    assert not list(tmp_path.iterdir())


def test_an_interrupted_export_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "x"
    audit_log.export(filled(), folder, 6)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audit_log.os, "fsync", full)
    with pytest.raises(AuditError, match=r"nothing was exported: .*No space"):
        audit_log.export(filled(9), folder, 6)
    assert audit_log.check_export(folder)["head"]["number"] == 6
    assert list(tmp_path.iterdir()) == [folder]
    monkeypatch.undo()
    assert audit_log.export(filled(9), folder, 6) == audit_log.check_export(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"retain_until": "2027-01-01"}, "retain_until"),
        ({"first": "2020-01-01T00:00:00+00:00"}, "first"),
        ({"last": "2020-01-01T00:00:00+00:00"}, "last"),
        ({"years": 1}, "retain_until"),
        ({"files": {}}, "events.jsonl"),
        ({"files": None}, "files"),
        ({"head": 3}, "head"),
    ],
)
def test_a_changed_manifest_is_noticed(change: dict, says: str, tmp_path: Path) -> None:
    audit_log.export(filled(), tmp_path / "x", 6)
    file = tmp_path / "x" / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(AuditError, match=says):
        audit_log.check_export(tmp_path / "x")


def test_a_manifest_that_is_none_and_a_file_that_nobody_named_are_refused(tmp_path: Path) -> None:
    audit_log.export(filled(), tmp_path / "x", 6)
    (tmp_path / "x" / "more.txt").write_text("x")
    with pytest.raises(AuditError, match=r"more\.txt: an extra file"):
        audit_log.check_export(tmp_path / "x")
    for text in (None, "[", "[]"):
        if text is None:
            (tmp_path / "x" / "manifest.json").unlink()
        else:
            (tmp_path / "x" / "manifest.json").write_text(text)
        with pytest.raises(AuditError, match=r"manifest\.json"):
            audit_log.check_export(tmp_path / "x")


def test_records_are_kept_as_long_as_the_policy_says(tmp_path: Path) -> None:
    audit_log.export(filled(), tmp_path / "x", 6)
    audit_log.check_export(tmp_path / "x", years=6)
    with pytest.raises(AuditError, match="kept for 6 years, not 7"):
        audit_log.check_export(tmp_path / "x", years=7)


# ---- what is covered -----------------------------------------------------------------------------


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The way to every single figure and text in plain data."""
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from leaves(value[key], (*path, key))
    else:
        yield path


def other(value: Any) -> Any:
    """Something else of the same kind: another hash for a hash, another number for a number."""
    if isinstance(value, str):
        last = value[-1:]
        return value[:-1] + ("0" if last != "0" else "1")
    return value + 1


def with_other(content: Any, path: tuple) -> Any:
    """A copy in which the one place is another."""
    copy = json.loads(json.dumps(content))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other(at[path[-1]])
    return copy


def test_no_field_of_a_manifest_can_be_changed_unseen(tmp_path: Path) -> None:
    audit_log.export(filled(3), tmp_path / "x", 6, {"minutes.txt": b"agreed"})
    file = tmp_path / "x" / "manifest.json"
    honest = json.loads(file.read_text())
    every = list(leaves(honest))
    assert {path[0] for path in every} == set(honest)
    for path in every:
        file.write_text(json.dumps(with_other(honest, path)))
        with pytest.raises(AuditError):
            audit_log.check_export(tmp_path / "x")
    for name in honest:
        file.write_text(json.dumps({k: v for k, v in honest.items() if k != name}))
        with pytest.raises(AuditError):
            audit_log.check_export(tmp_path / "x")
    file.write_text(json.dumps(honest))
    assert audit_log.check_export(tmp_path / "x") == honest


def test_no_field_of_an_event_can_be_changed_though_its_hash_is_made_to_fit(tmp_path: Path) -> None:
    """Whoever can write the folder can write the manifest's hashes too: the chain must hold."""
    log = filled(3)
    audit_log.export(log, tmp_path / "x", 6)
    file, told = tmp_path / "x" / "events.jsonl", tmp_path / "x" / "manifest.json"
    lines, manifest = file.read_text().splitlines(), json.loads(told.read_text())
    for at, line in enumerate(lines):
        link = json.loads(line)
        inside = [
            with_other(json.loads(link["content"]), p) for p in leaves(json.loads(link["content"]))
        ]
        changed = [with_other(link, (name,)) for name in link]
        changed += [{**link, "content": audit_log.canonical(content)} for content in inside]
        for one in changed:
            text = "\n".join([*lines[:at], json.dumps(one), *lines[at + 1 :], ""])
            file.write_text(text)
            fits = hashlib.sha256(text.encode()).hexdigest()
            told.write_text(json.dumps({**manifest, "files": {"events.jsonl": fits}}))
            with pytest.raises(AuditError):
                audit_log.check_export(tmp_path / "x")


def test_every_earlier_head_is_passed_through_and_no_other(tmp_path: Path) -> None:
    log = filled(4)
    for link in log.links:
        assert audit_log.verify(log.links, Head(link.number, link.digest)) == log.verify()
        with pytest.raises(ChainBroken, match=f"link {link.number} is not the one"):
            audit_log.verify(log.links, Head(link.number, other(link.digest)))
    with pytest.raises(ChainBroken, match="before link 5"):
        audit_log.verify(log.links, Head(5, "0" * 64))
    with pytest.raises(ChainBroken, match="link 1 is missing"):
        audit_log.verify([], Head(1, "0" * 64))


# ---- on the disk ---------------------------------------------------------------------------------


def test_a_commit_waits_for_the_disk(tmp_path: Path) -> None:
    """No test can pull the plug: so the setting itself. Below FULL (2) SQLite lets a commit return
    before the disk has it; a journal that is off or in memory cannot undo half a commit."""
    log = AuditLog(tmp_path / "log")
    (synchronous,) = log.connection.execute("PRAGMA synchronous").fetchone()
    (journal,) = log.connection.execute("PRAGMA journal_mode").fetchone()
    assert synchronous >= 2 and journal not in ("off", "memory")


def test_every_file_of_an_export_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def synced(number: int) -> None:
        whole = os.fstat(number)
        done.append(f"{whole.st_ino} {whole.st_size}")

    rename = Path.rename

    def moved(self: Path, target: Path) -> Path:
        files = {f"{p.stat().st_ino} {p.stat().st_size}" for p in self.iterdir()}
        assert target != tmp_path / "x" or files == set(done)  # whole, with nothing in a buffer
        done.append("moved")
        return rename(self, target)

    monkeypatch.setattr(audit_log.os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", moved)
    audit_log.export(filled(), tmp_path / "x", 6, {"minutes.txt": b"agreed"})
    assert done[-1] == "moved" and len(done) == 4


@pytest.mark.parametrize("earlier", [True, False])
def test_an_export_that_cannot_take_its_place_is_named_and_what_stood_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> None:
    folder, rename = tmp_path / "x", Path.rename
    if earlier:
        audit_log.export(filled(3), folder, 6)

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(AuditError, match=r"nothing was exported: .*denied"):
        audit_log.export(filled(9), folder, 6)
    assert sorted(tmp_path.iterdir()) == ([folder] if earlier else [])
    if earlier:
        assert audit_log.check_export(folder)["head"]["number"] == 3


@pytest.mark.parametrize("years", [0, -1, 6.0, True, "6", None])
def test_a_record_is_kept_for_whole_years(tmp_path: Path, years: Any) -> None:
    with pytest.raises(AuditError, match="whole years above zero"):
        audit_log.export(filled(), tmp_path / "x", years)
    assert audit_log.export(filled(), tmp_path / "x", 1)["years"] == 1


def test_a_time_without_zone_and_an_actor_who_is_nobody_are_refused() -> None:
    log = AuditLog()
    for at, actor in ((NOON.replace(tzinfo=None), "chair"), (NOON, " "), (NOON, ""), (NOON, None)):
        with pytest.raises(AuditError, match="the role that acted"):
            log.append("monitoring", "AlertRaised", at=at, actor=actor, body={})
    assert not log.links


def test_an_event_of_the_same_moment_follows_and_one_before_it_does_not() -> None:
    log = filled(1)
    last = log.events()[-1].at
    log.append("monitoring", "AlertClosed", at=last, actor="portlib", body={})
    moment = last - timedelta(microseconds=1)
    with pytest.raises(ClockMovedBack):
        log.append("monitoring", "AlertClosed", at=moment, actor="portlib", body={})
    assert len(log.links) == 2


@pytest.mark.parametrize("topic", list(audit_log.TOPICS))
def test_every_event_of_every_topic_can_be_written_and_no_other(topic: str) -> None:
    """The names are those that the chapters and documents look for."""
    log = AuditLog()
    for name in audit_log.TOPICS[topic]:
        assert log.append(topic, name, at=NOON, actor="chair", body={}).name == name
    with pytest.raises(AuditError, match="no event 'Forgotten'"):
        log.append(topic, "Forgotten", at=NOON, actor="chair", body={})
