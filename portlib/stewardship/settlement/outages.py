"""What is left of a settlement when the machine fails in the middle of it?

A story is a list of messages. It is told once without disturbance, and the balances and the number
of events after every message are kept. Then it is told again and again, each time to a new ledger
in a process of its own that is struck by a fault; whoever comes after opens the file, compares, and
tells the whole story once more. With ``d`` messages found in the ledger and ``a`` acknowledged to
the sender before the fault, a run is good when

    a <= d <= a + 1,     events = events_d,     balances = balances_d,     Ledger.check() passes,

and when after the second telling the chain ends in the very digest of the undisturbed one. `python
-m` this module runs a campaign from JSON on its input: processes are forked from here, never from
whoever asks.

Left out: loss of power. A killed process leaves what it wrote to the operating system; a computer
without power may not, and there the ledger relies on SQLite's rollback journal with
``synchronous = FULL``, which is not tested here.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from portlib.stewardship.audit_log import AuditError, ClockMovedBack, Head
from portlib.stewardship.settlement.controller import (
    Message,
    Order,
    WrongState,
    confirm,
    deliver,
    expire,
    fail,
    finalise,
    lock,
)
from portlib.stewardship.settlement.ledger import Ledger, LedgerError, LedgerUnavailable

START = datetime(2026, 6, 30, 20, tzinfo=UTC)
OUTCOMES = ("leg fails", "price moves", "expires", "finalised")
#: Why a run was bad, in the order in which it is looked at.
LOSSES = ("acknowledged but lost", "half done", "check failed", "told again, ends otherwise")


@dataclass(frozen=True)
class Told:
    """An undisturbed telling: events and balances after every message (the first entry before any),
    and the head."""

    events: tuple[int, ...]
    balances: tuple[dict[tuple[str, str], int], ...]
    head: Head
    statements: int
    seconds: float
    pages: int


def story(orders: Sequence[Order], opening: Sequence[Message], rng: Random) -> list[Message]:
    """Messages that carry orders to all four `OUTCOMES` in turn, with prices drawn within half the
    tolerance.

    Parameters
    ----------
    orders : sequence of Order
        Each comes as often as there are outcomes, under an id of its own.
    opening : sequence of Message
        What comes before them.
    rng : random.Random
        Which legs come first, and at which prices.

    Returns
    -------
    list of Message

    Examples
    --------
    >>> from portlib.stewardship.settlement.controller import Leg
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> [message.kind for message in story([order], [], Random(1))]
    ['lock', 'fail', 'lock', 'confirm', 'lock', 'expire', 'lock', 'confirm', 'finalise']

    Prices are within half of the tolerance of what is expected; a price that moves is far beyond
    it.

    >>> many = [Leg(name, 1_000_000, 1_000) for name in "ABCDE"]
    >>> told = story(
    ...     [Order("one", many, tolerance=0.1, hours=24)] * 9, told_before := [], Random(2)
    ... )
    >>> kinds = [message.kind for message in told]
    >>> {kind: kinds.count(kind) / 9 for kind in ("lock", "confirm", "fail", "expire", "finalise")}
    {'lock': 4.0, 'confirm': 12.0, 'fail': 1.0, 'expire': 1.0, 'finalise': 1.0}
    >>> paid = [m.body["cents"] for m in told if m.kind == "confirm" and "far" not in m.id]
    >>> 950 <= min(paid) < 970, 1_030 < max(paid) <= 1_050, len(paid)  # 2 + 2 + 2 + 5, nine times
    (True, True, 99)
    >>> {m.body["cents"] for m in told if m.id.endswith("far")}
    {3000}
    >>> len({m.id for m in told}) == len(told), told[0].body["id"], told[0].id
    (True, 'one-leg-fails', '0-one-leg-fails-lock')
    >>> about = [(m.id.split("-", 1)[1], m.body.get("order", m.body.get("id"))) for m in told]
    >>> all(name.startswith(f"{order}-") for name, order in about)
    True
    >>> story([], told[:2], Random(2)) == told[:2]
    True
    """
    told = list(opening)
    for n, order in enumerate(orders):
        for outcome in OUTCOMES:
            this = Order(
                f"{order.id}-{outcome.replace(' ', '-')}", order.legs, order.tolerance, order.hours
            )
            name = f"{n}-{this.id}"
            legs = list(range(len(this.legs)))
            rng.shuffle(legs)
            told.append(lock(f"{name}-lock", this))
            confirmed = legs if outcome == "finalised" else legs[: len(legs) // 2]
            for i in confirmed:
                cents = this.legs[i].cents
                slip = int(cents * this.tolerance / 2)
                told.append(confirm(f"{name}-{i}", this.id, i, cents + rng.randint(-slip, slip)))
            last = {
                "finalised": finalise(f"{name}-final", this.id),
                "leg fails": fail(f"{name}-fail", this.id, legs[-1], "not executed"),
                "price moves": confirm(
                    f"{name}-far", this.id, legs[-1], 3 * this.legs[legs[-1]].cents
                ),
                "expires": expire(f"{name}-expire", this.id),
            }
            told.append(last[outcome])
    return told


def clock(messages: Sequence[Message]) -> list[datetime]:
    """When each message comes: a minute apart, and as late as it takes before one that expires an
    order.

    Examples
    --------
    >>> told = [expire("b", "one"), fail("a", "one", 0, "so"), expire("c", "one")]
    >>> [str(at - START) for at in clock(told)]
    ['30 days, 0:00:00', '30 days, 0:01:00', '60 days, 0:01:00']
    """
    times = []
    now = START
    for message in messages:
        now += timedelta(days=30) if message.kind == "expire" else timedelta(minutes=1)
        times.append(now)
    return times


def tell(path: Path, messages: Sequence[Message], kind: type[Ledger] = Ledger) -> Told:
    """Tell a story to a new ledger without disturbance.

    Parameters
    ----------
    path : Path
        Of the ledger's file.
    messages : sequence of Message
    kind : type
        Of ledger.

    Returns
    -------
    Told

    Examples
    --------
    >>> from portlib.stewardship.settlement.controller import Leg, deposit
    >>> opening = [deposit("d", {"USD": 5_000})]
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> messages = [*opening, lock("l", order), confirm("c", "one", 0, 990), finalise("f", "one")]
    >>> with tempfile.TemporaryDirectory(dir=scratch()) as folder:
    ...     told = tell(Path(folder, "ledger"), messages)
    >>> told.events, told.head.number  # a confirmation of the only leg is two events
    ((0, 1, 2, 4, 5), 5)
    >>> told.balances[0], told.balances[2]["escrow:one", "USD"], told.balances[4]
    ... # doctest: +NORMALIZE_WHITESPACE
    ({}, 1100, {('outside', 'F'): -1000000, ('outside', 'USD'): -4010, ('plan', 'F'): 1000000,
     ('plan', 'USD'): 4010})
    >>> told.statements > 4 * 2, told.pages > 1, told.seconds > 0
    (True, True, True)
    """
    events = [0]
    statements = 0
    balances: list[dict[tuple[str, str], int]] = [{}]

    def count(statement: str) -> None:
        nonlocal statements
        statements += 1

    began = time.perf_counter()
    with kind(path) as ledger:
        ledger.connection.set_trace_callback(count)
        for message, at in zip(messages, clock(messages), strict=True):
            events.append(deliver(ledger, message, at).number)
            balances.append(_untraced(ledger, count))
        ledger.connection.set_trace_callback(None)
        head = ledger.check()
        pages = ledger.connection.execute("PRAGMA page_count").fetchone()[0]
    return Told(
        tuple(events), tuple(balances), head, statements, time.perf_counter() - began, pages
    )


def _untraced(ledger: Ledger, count: Callable[[str], None]) -> dict[tuple[str, str], int]:
    ledger.connection.set_trace_callback(None)
    found = ledger.balances()
    ledger.connection.set_trace_callback(count)
    return found


# ---- faults --------------------------------------------------------------------------------------


def between_statements(k: int) -> Callable[[sqlite3.Connection], None]:
    """Killed when the `k`-th statement is about to begin, so between any two writes, before a
    commit and after it."""

    def arm(connection: sqlite3.Connection) -> None:
        left = k

        def strike(statement: str) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        connection.set_trace_callback(strike)

    return arm


def at_a_moment(seconds: float) -> Callable[[sqlite3.Connection], None]:
    """Killed by a timer, wherever the process is by then."""

    def arm(connection: sqlite3.Connection) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    return arm


def in_a_write(size: int) -> Callable[[sqlite3.Connection], None]:
    """Killed by the operating system in the call that would write a file beyond `size` bytes."""

    def arm(connection: sqlite3.Connection) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(
            resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
        )

    return arm


class Careless(Ledger):
    """The same ledger without transactions, every statement for itself: what the faults do to a
    naive one.

    Examples
    --------
    >>> Careless(":memory:").connection.in_transaction
    False
    >>> with Careless(":memory:") as careless, careless.transaction():
    ...     careless.connection.in_transaction
    False
    """

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing holds the statements together."""
        yield


def struck(
    path: Path,
    messages: Sequence[Message],
    arm: Callable[[sqlite3.Connection], None],
    kind: type[Ledger] = Ledger,
) -> tuple[int, bool]:
    """Tell a story in a forked process that meets a fault.

    Parameters
    ----------
    path : Path
        Of the ledger's file.
    messages : sequence of Message
        The story.
    arm : callable
        Prepares the fault: from the ledger's connection, as `between_statements` and the like make
        it.
    kind : type of Ledger
        `Careless` for one without transactions.

    Returns
    -------
    acknowledged : int
        How many messages were answered.
    hit : bool
        Whether the fault struck.

    Examples
    --------
    Killed before the first statement, after the last, and in between; what was acknowledged is in
    the file, with at most one message more, and told again the story ends as undisturbed.

    >>> from portlib.stewardship.settlement.controller import Leg, deposit
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> messages = [deposit("d", {"USD": 5_000}), lock("l", order), confirm("c", "one", 0, 990)]
    >>> folder = tempfile.TemporaryDirectory(dir=scratch())
    >>> told = tell(Path(folder.name, "told"), messages)
    >>> path = Path(folder.name, "ledger")
    >>> for k in (1, told.statements // 2, told.statements, told.statements + 1):
    ...     acknowledged, hit = struck(path, messages, between_statements(k))
    ...     print(acknowledged, hit, repr(aftermath(path, messages, told, acknowledged)))
    ...     path.unlink()
    0 True ''
    1 True ''
    2 True ''
    3 False ''
    >>> folder.cleanup()

    It goes on in ``outages.md``.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ledger = kind(path)
            arm(ledger.connection)
            for message, at in zip(messages, clock(messages), strict=True):
                deliver(ledger, message, at)
                os.write(writing, b".")
            status = 0
        except LedgerUnavailable:
            status = 3
        finally:
            os._exit(status)
    os.close(writing)
    acknowledged = 0
    while found := os.read(reading, 4096):
        acknowledged += len(found)
    os.close(reading)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:
        raise LedgerError(
            "the forked process failed by itself, not by the fault; tell the story undisturbed "
            "first"
        )
    return acknowledged, not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0)


def aftermath(path: Path, messages: Sequence[Message], told: Told, acknowledged: int) -> str:
    """What was lost, one of `LOSSES`, or ``""``: what the file says, and again after telling the
    whole story to it.

    Parameters
    ----------
    path : Path
        Of the ledger's file.
    messages : sequence of Message
    told : Told
        The story without disturbance.
    acknowledged : int
        How many messages had been answered.

    Returns
    -------
    str

    Examples
    --------
    What was found is compared with what the undisturbed telling kept:

    >>> from dataclasses import replace
    >>> from portlib.stewardship.settlement.controller import Leg, deposit
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> messages = [deposit("d", {"USD": 5_000}), lock("l", order), confirm("c", "one", 0, 990)]
    >>> folder = tempfile.TemporaryDirectory(dir=scratch())
    >>> path = Path(folder.name, "ledger")
    >>> told = tell(path, messages)
    >>> [aftermath(path, messages, told, acknowledged) for acknowledged in (1, 2, 3, 4)]
    ['acknowledged but lost', '', '', 'acknowledged but lost']
    >>> aftermath(path, messages, replace(told, events=(0, 1, 2, 3)), 3)
    'half done'
    >>> aftermath(path, messages, replace(told, balances=(*told.balances[:3], {})), 3)
    'half done'
    >>> aftermath(path, messages, replace(told, head=Head(4, "0" * 64)), 3)
    'told again, ends otherwise'
    >>> _ = path.write_bytes(b"no ledger" * 100)
    >>> aftermath(path, messages, told, 3)
    'check failed'
    >>> folder.cleanup()
    """
    try:
        with Ledger(path) as ledger:
            head = ledger.check()
            done = ledger.connection.execute("SELECT COUNT(*) FROM messages").fetchone()[0]
            if not acknowledged <= done <= acknowledged + 1:
                return LOSSES[0]
            if head.number != told.events[done] or ledger.balances() != told.balances[done]:
                return LOSSES[1]
            for message, at in zip(messages, clock(messages), strict=True):
                deliver(ledger, message, at)
            return (
                ""
                if ledger.check() == told.head and ledger.balances() == told.balances[-1]
                else LOSSES[3]
            )
    except (AuditError, LedgerError, sqlite3.DatabaseError):
        return LOSSES[2]


def repeated(path: Path, messages: Sequence[Message], told: Told, rng: Random) -> str:
    """Every message comes twice or more: again at once, and at random later; returns as
    `aftermath`.

    Parameters
    ----------
    path, messages, told
        As in `aftermath`.
    rng : random.Random

    Returns
    -------
    str

    Examples
    --------
    >>> from dataclasses import replace
    >>> from portlib.stewardship.settlement.controller import Leg, deposit
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> messages = [deposit("d", {"USD": 5_000}), lock("l", order), expire("x", "one")]
    >>> folder = tempfile.TemporaryDirectory(dir=scratch())
    >>> path = Path(folder.name, "ledger")
    >>> told = tell(path, messages)
    >>> path.unlink()
    >>> repeated(path, messages, told, Random(1)), path.unlink()
    ('', None)
    >>> [(clock_back(path, messages, told, k), path.unlink())[0] for k in (1, 2)]
    ['', '']

    The first message has nothing before it, so that no clock can be behind: told so, the ledger is
    found half done.

    >>> clock_back(path, messages, told, 0), path.unlink()
    ('half done', None)

    A disk that is full for a while changes nothing; one that never fills is no test, and is told
    so.

    >>> with Ledger(path) as empty:
    ...     least = empty.connection.execute("PRAGMA page_count").fetchone()[0]
    >>> path.unlink()
    >>> many = [*messages, *(deposit(f"more {i}", {f"fund {i}": 5}) for i in range(40))]
    >>> full = tell(path, many)
    >>> path.unlink()
    >>> full.pages > least, disk_full(path, many, full, least), path.unlink()
    (True, '', None)
    >>> other = replace(full, balances=tuple({} for _ in full.balances))  # not what was told
    >>> disk_full(path, many, other, least) == LOSSES[1], path.unlink()
    (True, None)
    >>> disk_full(path, many, full, 2 * full.pages)
    'acknowledged but lost'
    >>> folder.cleanup()
    """
    with Ledger(path) as ledger:
        for i, (message, at) in enumerate(zip(messages, clock(messages), strict=True)):
            deliver(ledger, message, at)
            for again in (message, messages[rng.randint(0, i)]):
                if not deliver(ledger, again, at).repeated:
                    return LOSSES[1]
    return aftermath(path, messages, told, len(messages))


def clock_back(path: Path, messages: Sequence[Message], told: Told, k: int) -> str:
    """Message `k` first comes under a clock moved back: it must be refused and leave no trace; as
    `aftermath`.

    Parameters
    ----------
    path, messages, told
        As in `aftermath`.
    k : int
        From 0.

    Returns
    -------
    str
    """
    with Ledger(path) as ledger:
        for i, (message, at) in enumerate(zip(messages, clock(messages), strict=True)):
            if i == k:
                try:
                    deliver(ledger, message, START - timedelta(days=1))
                    return LOSSES[1]
                except (ClockMovedBack, WrongState):  # too early to expire is as good a reason
                    break
            deliver(ledger, message, at)
    return aftermath(path, messages, told, k)


def disk_full(path: Path, messages: Sequence[Message], told: Told, pages: int) -> str:
    """The file may not grow beyond so many pages until the sender is told, who then goes on;
    returns as `aftermath`.

    Parameters
    ----------
    path, messages, told
        As in `aftermath`.
    pages : int

    Returns
    -------
    str
    """
    refused = False
    with Ledger(path) as ledger:
        ledger.connection.execute(f"PRAGMA max_page_count = {pages}")
        for i, (message, at) in enumerate(zip(messages, clock(messages), strict=True)):
            try:
                deliver(ledger, message, at)
            except LedgerUnavailable:
                if refused or ledger.connection.in_transaction:
                    return LOSSES[2]
                if ledger.check().number != told.events[i] or ledger.balances() != told.balances[i]:
                    return LOSSES[1]
                refused = True
                ledger.connection.execute(f"PRAGMA max_page_count = {2 * told.pages}")
                deliver(ledger, message, at)
    return aftermath(path, messages, told, len(messages)) if refused else LOSSES[0]


# ---- a campaign ----------------------------------------------------------------------------------


def scratch() -> str | None:
    """A folder in memory where there is one: a kill is as sudden there, and thousands of runs wait
    for no disk."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def campaign(
    messages: Sequence[Message], *, seed: int, moments: int, every: int = 1, careless: bool = False
) -> dict[str, dict[str, Any]]:
    """Meet every kind of fault.

    Parameters
    ----------
    messages : sequence of Message
        The story, as from `story`.
    seed : int
        Of the times at which faults strike.
    moments : int
        Kills at random times, and in writes.
    every : int
        Kills between statements come at every so many-th one.
    careless : bool
        Whether the ledger has no transactions; it then meets the kills between statements only.

    Returns
    -------
    dict
        By fault: runs, how many were struck, losses by kind, seconds.

    Examples
    --------
    Nothing is lost of a story of three messages by any fault; without transactions something is.

    >>> from portlib.stewardship.settlement.controller import Leg, deposit
    >>> order = Order("one", [Leg("F", 1_000_000, 1_000)], tolerance=0.1, hours=24)
    >>> messages = [deposit("d", {"USD": 5_000}), lock("l", order), confirm("c", "one", 0, 990)]
    >>> found = campaign(messages, seed=1, moments=2, every=9)
    >>> [(name, sum(told[loss] for loss in LOSSES)) for name, told in found.items()]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('killed between two statements', 0), ('killed at a random moment', 0),
     ('killed in a write', 0), ('disk full', 0), ('clock moved back', 0), ('messages repeated', 0)]
    >>> between = found["killed between two statements"]
    >>> between["struck"] == between["runs"] > 3, found["killed in a write"]["runs"]
    (True, 2)
    >>> all(0 < told["seconds"] < 3600 for told in found.values())
    True
    >>> found["clock moved back"]["runs"], found["messages repeated"]["struck"]
    (2, 20)
    >>> naive = campaign(messages, seed=1, moments=2, every=4, careless=True)
    >>> list(naive), sum(naive["killed between two statements"][loss] for loss in LOSSES) > 0
    (['killed between two statements'], True)

    It goes on in ``outages.md``.
    """
    rng = Random(seed)
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        root = Path(folder)
        kind = Careless if careless else Ledger
        told = tell(root / "undisturbed", messages, kind)
        whole = told.seconds
        size = os.path.getsize(root / "undisturbed")
        n = len(messages)
        results = {}
        faults: dict[str, list[Callable[[sqlite3.Connection], None]]] = {
            "killed between two statements": [
                between_statements(k) for k in range(1, told.statements + 1, every)
            ],
            "killed at a random moment": [
                at_a_moment(rng.uniform(1e-5, whole)) for _ in range(moments)
            ],
            "killed in a write": [in_a_write(rng.randint(1024, size)) for _ in range(moments)],
        }
        for name, arms in list(faults.items())[: 1 if careless else None]:
            results[name] = _tally(root, len(arms), partial(_after, messages, told, arms, kind))
        if careless:
            return results
        with Ledger(root / "empty") as empty:
            least = empty.connection.execute("PRAGMA page_count").fetchone()[0]
        results["disk full"] = _tally(
            root,
            told.pages - least,
            lambda path, i: (True, disk_full(path, messages, told, least + i)),
        )
        results["clock moved back"] = _tally(
            root, n - 1, lambda path, i: (True, clock_back(path, messages, told, i + 1))
        )
        results["messages repeated"] = _tally(
            root, 20, lambda path, i: (True, repeated(path, messages, told, rng))
        )
    return results


def _after(
    messages: Sequence[Message],
    told: Told,
    arms: Sequence[Callable[[sqlite3.Connection], None]],
    kind: type[Ledger],
    path: Path,
    i: int,
) -> tuple[bool, str]:
    acknowledged, hit = struck(path, messages, arms[i], kind)
    return hit, aftermath(path, messages, told, acknowledged)


def _tally(root: Path, runs: int, run: Callable[[Path, int], tuple[bool, str]]) -> dict[str, Any]:
    began = time.perf_counter()
    hits = 0
    losses = dict.fromkeys(LOSSES, 0)
    path = root / "ledger"
    for i in range(runs):
        hit, loss = run(path, i)
        hits += hit
        if loss:
            losses[loss] += 1
        for leftover in (path, root / "ledger-journal"):
            leftover.unlink(missing_ok=True)
    return {"runs": runs, "struck": hits, **losses, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    asked["messages"] = [Message(*message) for message in asked["messages"]]
    json.dump(campaign(**asked), sys.stdout)
