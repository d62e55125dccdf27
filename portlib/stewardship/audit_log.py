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
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

#: What stands before the first link.
GENESIS = "0" * 64
SCHEMA = "prudent-by-construction/audit-log/2"

#: Deeper than this nobody nests what a person should read.
DEEPEST = 50
#: Files of an export that no attachment may be called.
OWN_FILES = ("events.jsonl", "manifest.json")
#: The events that may be written, by topic.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "optimisation": ("PortfolioOptimized", "OptimisationRefused"),
    "risk": ("ConstraintBreached", "Halted", "ResumeRefused", "Resumed"),
    "views": ("ViewAccepted", "ViewRefused"),
    "policy": (
        "PolicyAdopted",
        "MandateAdopted",
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

    Raises `AuditError` for what strict JSON cannot hold (NaN, infinity, dates, arrays), for text
    that UTF-8 cannot, and for content nested more than `DEEPEST` deep.

    Examples
    --------
    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'

    >>> canonical({"é": [1.50, "two", {"z": None, "y": -1}], "a": (False,)})
    '{"a":[false],"é":[1.5,"two",{"y":-1,"z":null}]}'
    >>> canonical({"x": float("nan")})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.audit_log.AuditError: content cannot be written as strict JSON: ...
    >>> canonical({"name": "\\ud800"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.audit_log.AuditError: content cannot be written as strict JSON: 'utf-8' ...
    >>> deep = 1  # the innermost value is a level too
    >>> for _ in range(49):
    ...     deep = [deep]
    >>> len(canonical(deep))
    99
    >>> canonical({"a": deep})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.audit_log.AuditError: content is nested more than 50 deep; strict ...
    """
    level = [content]
    for _ in range(DEEPEST):
        level = [item for part in level for item in _parts(part)]
    if level:
        raise AuditError(
            f"content is nested more than {DEEPEST} deep; strict JSON of it is no record"
        )
    try:
        text = json.dumps(
            content, sort_keys=True, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
        text.encode()  # half a sign, as "\ud800", is no text
        return text
    except (TypeError, ValueError) as error:
        raise AuditError(
            f"content cannot be written as strict JSON: {error}; give plain numbers and text"
        ) from error


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


def digest(number: int, previous: str, content: str) -> str:
    """SHA-256, in hex, of a link's number, the digest before it and its content.

    Parameters
    ----------
    number : int
        From 1.
    previous : str
        The digest before it, in hex.
    content : str
        Canonical JSON.

    Returns
    -------
    str

    Examples
    --------
    >>> text = '{"a":1}'
    >>> digest(3, "ab" * 32, text) == hashlib.sha256(
    ...     b"3\\n" + b"ab" * 32 + b'\\n{"a":1}'
    ... ).hexdigest()
    True
    """
    return hashlib.sha256(f"{number}\n{previous}\n{content}".encode()).hexdigest()


def chain(head: Link | Head, content: Any) -> Link:
    """The link that follows `head` (`START` before the first), with `content` in its canonical
    form.

    Examples
    --------
    >>> first = chain(START, {"b": 1})
    >>> first.number, first.previous == "0" * 64, first.content
    (1, True, '{"b":1}')
    >>> first.digest == digest(1, "0" * 64, '{"b":1}')
    True
    >>> second = chain(first, {"b": 2})
    >>> second.number, second.previous == first.digest
    (2, True)
    """
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

    Examples
    --------
    >>> links = [chain(START, "a")]
    >>> for content in ("b", "c", "d"):
    ...     links.append(chain(links[-1], content))
    >>> verify(links) == Head(4, links[3].digest), verify([]) == START
    (True, True)
    >>> verify(links, Head(2, links[1].digest)).number, verify(links, START).number
    (4, 4)
    >>> a, b, c, d = links
    >>> other = chain(a, "x")
    >>> def broken(links, head=None):
    ...     try:
    ...         verify(links, head)
    ...     except ChainBroken as error:
    ...         return str(error)
    >>> broken([a, c, d])
    'link 2 is missing: link 3 stands in its place'
    >>> broken([b, c, d])
    'link 1 is missing: link 2 stands in its place'
    >>> broken([a, a])
    'link 2 is missing: link 1 stands in its place'
    >>> broken([a, other, c, d])
    'link 3 does not follow link 2: one was replaced or moved'
    >>> broken([a, b._replace(content='"x"'), c, d])
    'link 2 was altered: its content does not give its digest'
    >>> broken([a, other], Head(2, b.digest))
    'link 2 is not the one that was kept: the log was written anew'
    >>> broken([a, b], Head(4, d.digest))
    'link 3 is missing: the log ends before link 4, which was kept'
    >>> broken([], Head(1, a.digest))
    'link 1 is missing: the log ends before link 1, which was kept'
    >>> broken(links, Head(2, b.digest[:-1] + chr(ord(b.digest[-1]) ^ 1)))  # one sign of 64
    'link 2 is not the one that was kept: the log was written anew'
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


class Connection(sqlite3.Connection):
    """To a database, closed when nobody holds it any more; from Python 3.13 on one that is left
    open warns.

    Examples
    --------
    >>> class Told(Connection):
    ...     def close(self):
    ...         print("closed")
    ...         super().close()
    >>> import gc
    >>> opened = sqlite3.connect(":memory:", factory=Told)
    >>> del opened
    >>> collected = gc.collect()
    closed

    What was begun and not committed is lost whole:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     opened = sqlite3.connect(f"{name}/begun", factory=Connection)
    ...     made = opened.execute("CREATE TABLE paid (dollars)").connection
    ...     _ = opened.execute("INSERT INTO paid VALUES (5)")
    ...     del opened, made, _
    ...     collected = gc.collect()
    ...     with sqlite3.connect(f"{name}/begun", factory=Connection) as again:
    ...         again.execute("SELECT * FROM paid").fetchall()
    []
    """

    def __del__(self) -> None:
        with suppress(sqlite3.Error):  # another thread's
            self.close()


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

    Examples
    --------
    >>> from datetime import timedelta, timezone
    >>> log, noon = AuditLog(), datetime(2026, 11, 29, 12, tzinfo=UTC)
    >>> def write(at=noon, topic="policy", name="Approved", actor="chair", key=None, **body):
    ...     return log.append(topic, name, at=at, actor=actor, body=body, key=key)
    >>> write(of=7).number, write(key="k", of=8).number
    (1, 2)
    >>> eastern = timezone(timedelta(hours=-5))
    >>> third = write(datetime(2026, 11, 29, 8, tzinfo=eastern), "views", "ViewAccepted", view="US")
    >>> third.number, third.topic, third.name, f"{third.at:%H:%M}", third.actor, third.body
    (3, 'views', 'ViewAccepted', '13:00', 'chair', {'view': 'US'})
    >>> (
    ...     [e.number for e in log.events("policy")],
    ...     [e.number for e in log.events(name="ViewAccepted")],
    ... )
    ([1, 2], [3])
    >>> [e.number for e in log.events("policy", "Approved")], len(log.events()), log.events("x")
    ([1, 2], 3, ())
    >>> log.verify() == Head(3, log.links[-1].digest), log.links[1].previous == log.links[0].digest
    (True, True)

    It goes on in ``audit_log.md``.
    """

    def __init__(
        self,
        database: str | Path | sqlite3.Connection = ":memory:",
        topics: Mapping[str, tuple[str, ...]] = TOPICS,
    ) -> None:
        try:
            self.connection = (
                database
                if isinstance(database, sqlite3.Connection)
                else sqlite3.connect(database, isolation_level=None, factory=Connection)
            )
            self.topics = topics
            with self.transaction() as run:
                run(
                    "CREATE TABLE IF NOT EXISTS audit_log (number INTEGER PRIMARY KEY, "
                    "previous TEXT NOT NULL UNIQUE, content TEXT NOT NULL, digest TEXT NOT NULL, "
                    "key TEXT UNIQUE)"
                )
                for statement in append_only(
                    "audit_log", "number = NEW.number OR previous = NEW.previous OR key = NEW.key"
                ):
                    run(statement)
        except sqlite3.DatabaseError as error:
            if isinstance(database, sqlite3.Connection):
                raise
            raise AuditError(f"{database}: cannot be opened as an audit log: {error}") from error

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
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk makes SQLite undo by itself
                self.connection.execute("ROLLBACK")
            raise

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

        Parameters
        ----------
        topic, name : str
            Among those that the log knows.
        at : datetime
            With its zone, not before the last event's.
        actor : str
            Which role.
        body : mapping
            What happened, as plain data.
        key : str, optional
            With it the event is written once: the same key and content again returns the event that
            stands.

        Returns
        -------
        Event

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
        if at.tzinfo is None or not isinstance(actor, str) or not actor.strip():
            raise AuditError(f"{name}: give a time with its zone and the role that acted")
        content = {
            "topic": topic,
            "event": name,
            "at": at.astimezone(UTC).isoformat(),
            "actor": actor,
            "body": dict(body),
        }
        if key is not None:
            content["key"] = key
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
        """Check the chain, through `head` if one was kept, and that each key is the one that its
        event was written under; raises `ChainBroken` naming the first broken link."""
        found = verify(self.links, head)
        for number, content, key in self.connection.execute(
            "SELECT number, content, key FROM audit_log ORDER BY number"
        ):
            if json.loads(content).get("key") != key:
                raise ChainBroken(f"link {number}: its key is not the one it was written under")
        return found


def append_only(table: str, same: str) -> tuple[str, ...]:
    """Triggers by which a table refuses updates, deletions, and rows put in the place of others.

    `same` is the condition under which a row would take another's place: ``INSERT OR REPLACE``
    deletes that other without any trigger for deletions.

    Examples
    --------
    >>> kept = sqlite3.connect(":memory:", isolation_level=None)
    >>> _ = kept.execute("CREATE TABLE notes (number INTEGER PRIMARY KEY, text TEXT)")
    >>> for statement in append_only("notes", "number = NEW.number"):
    ...     _ = kept.execute(statement)
    >>> _ = kept.execute("INSERT INTO notes VALUES (1, 'a'), (2, 'b')")
    >>> replaced = "REPLACE INTO notes VALUES (2, 'c')"
    >>> for change in ("UPDATE notes SET text = 'c'", "DELETE FROM notes", replaced):
    ...     try:
    ...         kept.execute(change)
    ...     except sqlite3.DatabaseError as error:
    ...         print(error)
    notes is append-only
    notes is append-only
    notes is append-only
    >>> kept.execute("SELECT text FROM notes").fetchall(), kept.close()
    ([('a',), ('b',)], None)
    """
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return (
        *(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{change.lower()} BEFORE {change} ON {table} "
            f"{refuse}"
            for change in ("UPDATE", "DELETE")
        ),
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {refuse}",
    )


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
    February.

    Examples
    --------
    >>> str(retain_until(date(2026, 11, 29), 6)), str(retain_until(date(2024, 2, 29), 6))
    ('2032-11-29', '2030-03-01')
    >>> str(retain_until(date(2024, 2, 29), 4))
    '2028-02-29'
    """
    try:
        return last.replace(year=last.year + years)
    except ValueError:
        return date(last.year + years, 3, 1)


def export(
    log: AuditLog, folder: Path, years: int, attachments: Mapping[str, bytes] | None = None
) -> dict[str, Any]:
    """Write the log as JSON lines, attachments beside it, and a manifest of hashes.

    All of it stands in `folder` or none: it is written beside, and put in the place of an earlier
    export when it is whole.

    Parameters
    ----------
    log : AuditLog
    folder : Path
        Where it is to stand.
    years : int
        For which it is kept, from the last event's day.
    attachments : mapping, optional
        Bytes by name of the file.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    AuditError
        For an empty log, years that are no whole number above zero, an attachment whose name is no
        plain file name, a folder that is no earlier export, and where the disk refuses.
    ChainBroken
        For a broken log.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> place, log = Path(folder.name, "kept", "log"), AuditLog()
    >>> def refusal(*given):
    ...     try:
    ...         export(log, *given)
    ...     except AuditError as error:
    ...         return str(error)
    >>> refusal(place, 6)
    'the log is empty: there is nothing to keep'
    >>> for month in (3, 11):
    ...     at = datetime(2026, month, 29, tzinfo=UTC)
    ...     event = log.append("policy", "Approved", at=at, actor="chair", body={"of": month})
    >>> told = export(log, place, 6, {"minutes.txt": b"what was said"})
    >>> told["first"][:10], told["last"][:10], told["retain_until"], told["years"]
    ('2026-03-29', '2026-11-29', '2032-11-29', 6)
    >>> told["head"] == {"number": 2, "digest": event.link.digest}, list(told["files"])
    (True, ['events.jsonl', 'minutes.txt'])
    >>> told["files"]["minutes.txt"] == hashlib.sha256(b"what was said").hexdigest()
    True
    >>> json.loads((place / "manifest.json").read_text()) == told
    True
    >>> lines = (place / "events.jsonl").read_text().splitlines()
    >>> folder.cleanup()

    It goes on in ``audit_log.md``.
    """
    head = log.verify()
    events = log.events()
    if not events:
        raise AuditError("the log is empty: there is nothing to keep")
    if type(years) is not int or years < 1:
        raise AuditError(f"a record is kept for whole years above zero, not {years!r}")
    for name in attachments or {}:
        _plain_name(name)
    lines = "".join(canonical(link._asdict()) + "\n" for link in log.links)
    files = {"events.jsonl": lines.encode(), **(attachments or {})}
    manifest = {
        "schema": SCHEMA,
        "head": head._asdict(),
        **_dates(events, years),
        "files": {
            name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())
        },
    }
    files["manifest.json"] = json.dumps(manifest, indent=1).encode()
    _replace(folder, files)
    return manifest


def _dates(events: Sequence[Event], years: int) -> dict[str, Any]:
    """First and last event, how long to keep them, and until when.

    Examples
    --------
    Of several events the last one counts:

    >>> from types import SimpleNamespace
    >>> days = [datetime(2026, month, 5, tzinfo=UTC) for month in (3, 4, 6, 11)]
    >>> told = _dates([SimpleNamespace(at=day) for day in days], 7)
    >>> told["first"][:10], told["last"][:10], told["retain_until"], told["years"]
    ('2026-03-05', '2026-11-05', '2033-11-05', 7)
    """
    return {
        "first": events[0].at.isoformat(),
        "last": events[-1].at.isoformat(),
        "years": years,
        "retain_until": retain_until(events[-1].at.date(), years).isoformat(),
    }


def _plain_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]*", name) or name.lower() in OWN_FILES:
        raise AuditError(
            f"attachment {name!r}: give a plain file name (letters, digits, '.', '-', '_'), and "
            f"none "
            f"of {', '.join(OWN_FILES)}"
        )


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files in a folder as one step: an earlier export stays whole until this one is."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise AuditError(f"{folder}: holds other files than an export; give a folder of its own")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        new = beside / "new"
        old = beside / "old"
        new.mkdir()
        for name, content in files.items():
            with open(new / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        if (beside / "old").exists() and not folder.exists():
            (beside / "old").rename(folder)
        raise AuditError(f"{folder}: nothing was exported: {error}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_export(
    folder: Path, head: Head | None = None, *, years: int | None = None
) -> dict[str, Any]:
    """Check an export with nothing but its folder: every file's hash, the chain, the head, and the
    dates; return the manifest.

    Parameters
    ----------
    folder : as `export` wrote it.
    head : one that was kept elsewhere, if any.
    years : how long the policy has records kept; a manifest that says less is refused.

    Raises
    ------
    AuditError
        Naming the file that is missing, added or changed, or the part of the manifest that is not
        what the events say.
    ChainBroken
        Naming the first broken link.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> place, log = Path(folder.name), AuditLog()
    >>> for month in (3, 11):
    ...     at = datetime(2026, month, 29, tzinfo=UTC)
    ...     event = log.append("policy", "Approved", at=at, actor="chair", body={"of": month})
    >>> told = export(log, place / "log", 6, {"minutes.txt": b"what was said"})
    >>> (
    ...     check_export(place / "log") == told,
    ...     check_export(place / "log", log.verify(), years=6) == told,
    ... )
    (True, True)
    >>> folder.cleanup()

    It goes on in ``audit_log.md``.
    """
    manifest = _manifest(folder)
    wanted = {*manifest["files"], "manifest.json"}
    if extra := sorted({path.name for path in folder.iterdir()} - wanted):
        raise AuditError(f"{extra[0]}: an extra file, which the manifest does not name")
    for name, kept in manifest["files"].items():
        if not (folder / name).is_file():
            raise AuditError(f"{name}: named by the manifest but missing from {folder.name}")
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != kept:
            raise AuditError(f"{name}: its content is not what the manifest recorded")
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    try:
        links = [Link(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as error:
        raise AuditError(f"events.jsonl: a line is no link of the chain: {error}") from error
    found = verify(links, head)
    if found._asdict() != manifest["head"]:
        raise AuditError(
            f"events.jsonl ends at link {found.number}; the manifest says {manifest['head']}"
        )
    for name, right in _dates([_event(link) for link in links], manifest["years"]).items():
        if manifest[name] != right:
            raise AuditError(f"manifest.json: {name} is {manifest[name]}; the events say {right}")
    if years is not None and manifest["years"] < years:
        raise AuditError(f"manifest.json: kept for {manifest['years']} years, not {years}")
    return manifest


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest, if it is one."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AuditError(f"manifest.json: cannot be read in {folder.name}: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        said = manifest.get("schema") if isinstance(manifest, dict) else type(manifest).__name__
        raise AuditError(f"manifest.json: schema is {said!r}; this version reads {SCHEMA!r}")
    forms = {"head": dict, "files": dict, "first": str, "last": str, "years": int}
    for name, form in {**forms, "retain_until": str}.items():
        if type(manifest.get(name)) is not form:
            raise AuditError(f"manifest.json: {name} is {manifest.get(name)!r}; it is garbled")
    if "events.jsonl" not in manifest["files"]:
        raise AuditError("manifest.json: files: it does not name the log, events.jsonl")
    for name in manifest["files"]:
        if name != "events.jsonl":
            _plain_name(name)
    return manifest
