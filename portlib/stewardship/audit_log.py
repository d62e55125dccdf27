"""What happened, in which order, and has anyone changed the record since?

Every link of the chain hashes its number, the digest of the link before it, and its content as
text:

    digest_k = SHA-256(k, digest_{k-1}, content_k),   digest_0 = 64 zeros.

To change, drop, insert or reorder one link is to change every digest after it, so `verify` names
the first that is wrong. `chain` and `verify` know nothing of events: a ledger may keep its own rows
in the same chain. `AuditLog` keeps events on named topics in SQLite: the order is the number's,
time is what the caller says it is, and never runs back.

Left out: who may write. And a chain says nothing about its own end: whoever holds the whole file
can cut its tail or write all of it anew. Both show only against a `Head` that somebody else kept;
the chapter has a head signed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

#: What stands before the first link.
GENESIS = "0" * 64
SCHEMA = "prudent-by-construction/audit-log/1"

#: The events that may be written, by topic.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "optimisation": ("PortfolioOptimized", "OptimisationRefused"),
    "risk": ("ConstraintBreached", "Halted", "ResumeRefused", "Resumed"),
    "views": ("ViewAccepted", "ViewRefused"),
    "policy": (
        "PolicyAdopted",
        "PolicyChangeProposed",
        "Approved",
        "ApprovalRefused",
        "PolicyChanged",
        "PolicyChangeRefused",
    ),
    "models": (
        "ModelRegistered",
        "ModelCertified",
        "CertificateRefused",
        "CertificateVoid",
        "ResultAccepted",
        "ResultRefused",
    ),
    "rebalancing": ("RebalanceSignal", "RebalanceInstructionIssued", "RebalanceInstructionRefused"),
    "settlement": (
        "EscrowLocked",
        "PendingFinality",
        "SettlementFinalized",
        "SettlementRolledBack",
    ),
    "monitoring": ("AlertRaised", "AlertClosed"),
    "decisions": ("DecisionRecorded", "LogSealed"),
    "forecasts": ("ForecastSealed",),
}


class AuditError(ValueError):
    """An event that cannot be written, or an export that is not what it says; names it and what to
    do."""


class ChainBroken(AuditError):
    """The record was changed: names the first link that is wrong, and what is wrong with it."""


class ClockMovedBack(AuditError):
    """An event dated before the one it would follow."""


class KeyReused(AuditError):
    """A key that already stands for other content."""


# ---- the chain -----------------------------------------------------------------------------------


class Link(NamedTuple):
    """One link: its number from 1, the digest before it, its content as canonical text, its own
    digest."""

    number: int
    previous: str
    content: str
    digest: str


class Head(NamedTuple):
    """The last link's number and digest: who keeps it can tell later whether the log was cut or
    rewritten."""

    number: int
    digest: str


#: The head of a chain without links.
START = Head(0, GENESIS)


def canonical(content: Any) -> str:
    """Plain data as the one text that stands for it: strict JSON, keys sorted, no spaces.

    Raises `AuditError` for what strict JSON cannot hold (NaN, infinity, dates, arrays).
    """
    try:
        return json.dumps(
            content, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise AuditError(
            f"content cannot be written as strict JSON: {error}; give plain numbers and text"
        ) from error


def digest(number: int, previous: str, content: str) -> str:
    """SHA-256, in hex, of a link's number, the digest before it and its content."""
    return hashlib.sha256(f"{number}\n{previous}\n{content}".encode()).hexdigest()


def chain(head: Link | Head, content: Any) -> Link:
    """The link that follows `head` (`START` before the first), with `content` in its canonical
    form."""
    text = canonical(content)
    return Link(head.number + 1, head.digest, text, digest(head.number + 1, head.digest, text))


def verify(links: Iterable[Link], head: Head | None = None) -> Head:
    """Check every link in order and return the head.

    Parameters
    ----------
    links : iterable of Link
        From the first on.
    head : Head, optional
        A head kept elsewhere, at any earlier time: the chain must pass through it.

    Raises
    ------
    ChainBroken
        Naming the first link that is wrong: out of place, not following, altered, or not what
        `head` recalls.
    """
    last = START
    kept = head is None or head == START
    for link in links:
        if link.number != last.number + 1:
            raise ChainBroken(
                f"link {last.number + 1} is missing: link {link.number} stands in its place"
            )
        if link.previous != last.digest:
            raise ChainBroken(
                f"link {link.number} does not follow link {last.number}: one was replaced or moved"
            )
        if link.digest != digest(link.number, link.previous, link.content):
            raise ChainBroken(
                f"link {link.number} was altered: its content does not give its digest"
            )
        last = Head(link.number, link.digest)
        if head is not None and link.number == head.number:
            if link.digest != head.digest:
                raise ChainBroken(
                    f"link {link.number} is not the one that was kept: the log was written anew"
                )
            kept = True
    if head is not None and not kept:
        raise ChainBroken(
            f"link {last.number + 1} is missing: the log ends before link {head.number}, which "
            f"was kept"
        )
    return last


# ---- the log -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """What happened: number in the log, topic, name, when (UTC), which role, what, and the link
    that holds it."""

    number: int
    topic: str
    name: str
    at: datetime
    actor: str
    body: Mapping[str, Any]
    link: Link


class AuditLog:
    """Events on named topics, in one chain, in a SQLite database that refuses updates and
    deletions.

    Parameters
    ----------
    database : path, ``":memory:"`` or sqlite3.Connection
        A connection is shared: inside its owner's transaction an event is written with it or not at
        all.
    topics : mapping of topic to event names
        What may be written; `TOPICS` unless given.
    """

    def __init__(
        self,
        database: str | Path | sqlite3.Connection = ":memory:",
        topics: Mapping[str, tuple[str, ...]] = TOPICS,
    ) -> None:
        self.connection = (
            database
            if isinstance(database, sqlite3.Connection)
            else sqlite3.connect(database, isolation_level=None)
        )
        self.topics = topics
        with self.transaction() as run:
            run(
                "CREATE TABLE IF NOT EXISTS audit_log (number INTEGER PRIMARY KEY, previous "
                "TEXT NOT NULL UNIQUE,"
                " content TEXT NOT NULL, digest TEXT NOT NULL, key TEXT UNIQUE)"
            )
            for change in ("UPDATE", "DELETE"):
                run(
                    f"CREATE TRIGGER IF NOT EXISTS audit_log_no_{change.lower()} BEFORE "
                    f"{change} ON audit_log "
                    f"BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
                )

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """The caller's transaction if there is one, else one of our own that takes the write lock
        at once.

        What is read and written inside is one step: no other process writes in between, and an
        error undoes all of it.
        """
        if self.connection.in_transaction:
            yield self.connection.execute
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection.execute
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def append(
        self,
        topic: str,
        name: str,
        *,
        at: datetime,
        actor: str,
        body: Mapping[str, Any],
        key: str | None = None,
    ) -> Event:
        """Write one event and return it.

        With a `key` it is written once: the same key and content again returns the event that
        stands.

        Raises
        ------
        AuditError
            For an unknown topic or event, a time without zone, no actor, or content that is no
            plain data.
        ClockMovedBack, KeyReused
            When `at` is before the last event's time; when `key` stands for other content.
        """
        if name not in self.topics.get(topic, ()):
            raise AuditError(
                f"no event {name!r} on topic {topic!r}; it knows "
                f"{', '.join(self.topics.get(topic, ()))}"
                if topic in self.topics
                else f"no topic {topic!r}; use one of {', '.join(self.topics)}"
            )
        if at.tzinfo is None or not actor:
            raise AuditError(f"{name}: give a time with its zone and the role that acted")
        content = {
            "topic": topic,
            "event": name,
            "at": at.astimezone(UTC).isoformat(),
            "actor": actor,
            "body": dict(body),
        }
        text = canonical(content)
        with self.transaction() as run:
            if key is not None and (row := run(f"{_SELECT} WHERE key = ?", (key,)).fetchone()):
                stands = _event(Link(*row))
                same = canonical(stands.body) == canonical(content["body"])
                if not same or (stands.topic, stands.name) != (topic, name):
                    raise KeyReused(
                        f"{name}: key {key!r} already stands for event {stands.number}, with "
                        f"other content"
                    )
                return stands
            row = run(f"{_SELECT} ORDER BY number DESC LIMIT 1").fetchone()
            last = Link(*row) if row else None
            if last and (then := _event(last).at) > at:
                raise ClockMovedBack(
                    f"{name} is dated {at.astimezone(UTC).isoformat()}, before event {last.number} "
                    f"at {then.isoformat()}: set the clock right; the log is ordered by number"
                )
            link = chain(last or START, content)
            run(
                "INSERT INTO audit_log VALUES (?, ?, ?, ?, ?)",
                (link.number, link.previous, text, link.digest, key),
            )
        return _event(link)

    @property
    def links(self) -> tuple[Link, ...]:
        """All links in order."""
        return tuple(Link(*row) for row in self.connection.execute(f"{_SELECT} ORDER BY number"))

    def events(self, topic: str | None = None, name: str | None = None) -> tuple[Event, ...]:
        """The events in order: all, or those of a topic or name."""
        return tuple(
            e
            for e in map(_event, self.links)
            if topic in (None, e.topic) and name in (None, e.name)
        )

    def verify(self, head: Head | None = None) -> Head:
        """Check the chain, through `head` if one was kept; raises `ChainBroken` naming the first
        broken link."""
        return verify(self.links, head)


_SELECT = "SELECT number, previous, content, digest FROM audit_log"


def _event(link: Link) -> Event:
    content = json.loads(link.content)
    at = datetime.fromisoformat(content["at"])
    return Event(
        link.number, content["topic"], content["event"], at, content["actor"], content["body"], link
    )


# ---- keeping it ----------------------------------------------------------------------------------


def retain_until(last: date, years: int) -> date:
    """The day until which a record of `last` is kept: the same day `years` later, 1 March for a 29
    February."""
    try:
        return last.replace(year=last.year + years)
    except ValueError:
        return date(last.year + years, 3, 1)


def export(
    log: AuditLog, folder: Path, years: int, attachments: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Write the log as JSON lines, attachments beside it, and a manifest of hashes; return the
    manifest.

    Retention runs from the last event's day. Raises `AuditError` for an empty log, `ChainBroken`
    for a broken one.
    """
    head = log.verify()
    events = log.events()
    if not events:
        raise AuditError("the log is empty: there is nothing to keep")
    lines = "".join(canonical(link._asdict()) + "\n" for link in log.links)
    files = {"events.jsonl": lines.encode(), **(attachments or {})}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    manifest = {
        "schema": SCHEMA,
        "head": head._asdict(),
        "first": events[0].at.isoformat(),
        "last": events[-1].at.isoformat(),
        "retain_until": retain_until(events[-1].at.date(), years).isoformat(),
        "files": {
            name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def check_export(folder: Path, head: Head | None = None) -> dict[str, Any]:
    """Check an export with nothing but its folder: every file's hash, the chain, and the head;
    return the manifest.

    Raises `AuditError` naming the file that is missing or changed, `ChainBroken` naming the first
    broken link.
    """
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("schema") != SCHEMA:
        raise AuditError(
            f"manifest.json: schema is {manifest.get('schema')!r}; this version reads {SCHEMA!r}"
        )
    for name, kept in manifest["files"].items():
        if not (folder / name).is_file():
            raise AuditError(f"{name}: named by the manifest but missing from {folder.name}")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != kept:
            raise AuditError(f"{name}: its content is not what the manifest recorded")
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    found = verify([Link(**json.loads(line)) for line in lines], head)
    if found != Head(**manifest["head"]):
        raise AuditError(
            f"events.jsonl ends at link {found.number}; the manifest says "
            f"{manifest['head']['number']}"
        )
    return dict(manifest)
