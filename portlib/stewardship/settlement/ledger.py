"""Who holds what, to the cent and the millionth of a share, and which events made it so?

A balance changes by transfers only, and transfers stand in events of the audit log's hash chain.
For asset ``a`` and account ``k``, with transfers ``q`` from one account to another,

    balance(k, a) = sum of q into k  -  sum of q out of k,        sum over k of balance(k, a) = 0,

because ``outside`` (the market, the payroll) owes what the plan holds. The table of balances is a
convenience: it is written in the same transaction as the event, and `Ledger.check` computes it a
second time from the chain alone.

Quantities are integers: US cents and micro-shares. Left out: prices, accruals, who may write, and
the disk: a commit is as durable as SQLite and the operating system make it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from portlib.stewardship.audit_log import (
    TOPICS,
    AuditLog,
    Connection,
    Event,
    Head,
    KeyReused,
    append_only,
    canonical,
)

#: The asset that is money, in cents; every other asset is a fund, in micro-shares.
CASH = "USD"
#: The accounts that always exist; each open instruction has an escrow account of its own.
PLAN, OUTSIDE = "plan", "outside"
MICRO = 1_000_000
#: What the ledger adds to the topics of the audit log.
SETTLEMENT: Mapping[str, tuple[str, ...]] = {
    **TOPICS,
    "settlement": tuple(dict.fromkeys((*TOPICS["settlement"], "Deposited", "LegConfirmed"))),
}

_TABLES = (
    f"CREATE TABLE IF NOT EXISTS balances (account TEXT, asset TEXT, quantity INTEGER NOT NULL "
    f"CHECK (typeof(quantity) = 'integer' AND (quantity >= 0 OR account = '{OUTSIDE}')), "
    f"PRIMARY KEY (account, asset))",
    "CREATE TABLE IF NOT EXISTS instructions (id TEXT PRIMARY KEY, state TEXT NOT NULL, content "
    "TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS confirmed (instruction TEXT, leg INTEGER, cents INTEGER NOT NULL, "
    "PRIMARY KEY (instruction, leg))",
    "CREATE TABLE IF NOT EXISTS messages (id TEXT PRIMARY KEY, content TEXT NOT NULL, number "
    "INTEGER NOT NULL, "
    "event TEXT NOT NULL)",
    *append_only("messages", "id = NEW.id"),
    *append_only("confirmed", "instruction = NEW.instruction AND leg = NEW.leg"),
    "CREATE TRIGGER IF NOT EXISTS instructions_keep_content BEFORE UPDATE OF id, content "
    "ON instructions BEGIN SELECT RAISE(ABORT, 'an instruction is append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS instructions_no_delete BEFORE DELETE ON instructions "
    "BEGIN SELECT RAISE(ABORT, 'instructions are append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS instructions_no_replace BEFORE INSERT ON instructions "
    "WHEN EXISTS (SELECT 1 FROM instructions WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'instructions are append-only'); END",
)


class LedgerError(ValueError):
    """The ledger cannot do what was asked; says what and why."""


class NotEnough(LedgerError):
    """An account holds less than a transfer takes from it; nothing was written."""


class LedgerUnavailable(LedgerError):
    """The database could not write (disk full, locked); nothing was written, and the message may be
    sent again."""


class LedgerBroken(LedgerError):
    """What the ledger says disagrees with its chain; names the first difference."""


class Transfer(NamedTuple):
    """A quantity of an asset (cents of `CASH`, else micro-shares; above zero) from one account to
    another."""

    source: str
    target: str
    asset: str
    quantity: int


class Ledger:
    """Balances, instructions and messages in a SQLite file, with the audit log's chain in the same
    file.

    Parameters
    ----------
    path : path or ``":memory:"``
        The file; made when absent.
    pages : int, optional
        The most pages the file may have: a way to meet a full disk on purpose.

    Raises
    ------
    LedgerUnavailable
        When the file cannot be opened or written.

    Examples
    --------
    What the table holds is what the events alone give.

    >>> from datetime import UTC
    >>> ledger, at = Ledger(":memory:"), datetime(2026, 11, 29, tzinfo=UTC)
    >>> with ledger.transaction():
    ...     came = [Transfer("outside", "plan", "USD", 500)]
    ...     event = ledger.record("Deposited", at=at, actor="custodian", transfers=came)
    >>> ledger.balances() == replay(ledger.log.events())
    True
    >>> ledger.balances()
    {('outside', 'USD'): -500, ('plan', 'USD'): 500}

    It goes on in ``ledger.md``.
    """

    def __init__(self, path: str | Path, *, pages: int | None = None) -> None:
        try:
            self.connection = sqlite3.connect(
                path, isolation_level=None, timeout=10.0, factory=Connection
            )
            # a commit is on the disk, or it did not happen
            self.connection.execute("PRAGMA synchronous = FULL")
            if pages is not None:
                self.connection.execute(f"PRAGMA max_page_count = {int(pages)}")
            with self.transaction():
                self.log = AuditLog(self.connection, SETTLEMENT)
                for statement in _TABLES:
                    self.connection.execute(statement)
        except sqlite3.DatabaseError as error:
            raise LedgerUnavailable(f"{path}: cannot be opened as a ledger: {error}") from error

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # ---- writing ---------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: whatever raises inside leaves the file as it was."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield
            self.connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._undo()
            raise LedgerUnavailable(
                f"{error}: nothing was written; cure it and send the message again"
            ) from error
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self.connection.in_transaction:  # a full disk makes SQLite undo by itself
            self.connection.execute("ROLLBACK")

    def seen(self, message: str, content: Any) -> tuple[int, str] | None:
        """Number and name of the last event of a message that was carried out before, else None.

        Raises KeyReused when the same message id came with other content.
        """
        found = self.connection.execute(
            "SELECT content, number, event FROM messages WHERE id = ?", (message,)
        )
        row = found.fetchone()
        if row is None:
            return None
        if row[0] != canonical(content):
            raise KeyReused(
                f"message {message!r} was carried out before with other content: give a new id"
            )
        event = self.connection.execute(
            "SELECT content FROM audit_log WHERE number = ?", (row[1],)
        ).fetchone()
        told = json.loads(event[0])["body"] if event else {}
        if (told.get("message"), told.get("said")) != (message, _sha(row[0])):
            raise LedgerBroken(
                f"message {message!r} is noted as carried out, and event {row[1]} knows nothing "
                f"of it"
            )
        return row[1], row[2]

    def remember(self, message: str, content: Any, event: Event) -> None:
        """Note, inside the transaction, that a message was carried out and which event ended it.

        That event says by its body's ``message`` which it was, and by ``said`` what (`said`).
        """
        self.connection.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?)",
            (message, canonical(content), event.number, event.name),
        )

    def record(
        self,
        name: str,
        *,
        at: datetime,
        actor: str,
        instruction: str | None = None,
        state: str | None = None,
        content: Any = None,
        transfers: Sequence[Transfer] = (),
        body: Mapping[str, Any] | None = None,
    ) -> Event:
        """Write an event, carry out its transfers, and set its instruction's state; inside a
        transaction.

        Parameters
        ----------
        name : str
            Of the event, on the topic of settlement.
        at : datetime
            With its zone.
        actor : str
            Which role.
        instruction, state : str, optional
            Whose state becomes what.
        content : plain data, optional
            Of a new instruction.
        transfers : sequence of Transfer
            Cents and micro-shares.
        body : mapping, optional
            What else the event says.

        Returns
        -------
        Event

        Raises
        ------
        NotEnough
            When an account other than ``outside`` would fall below zero.
        LedgerError
            For a quantity that is no whole number above zero.
        ClockMovedBack
            When `at` is before the last event's time.
        """
        for transfer in transfers:
            self._move(transfer)
        if instruction is not None and content is not None:
            self.connection.execute(
                "INSERT INTO instructions VALUES (?, ?, ?)",
                (instruction, state, canonical(content)),
            )
        elif instruction is not None and state is not None:
            self.connection.execute(
                "UPDATE instructions SET state = ? WHERE id = ?", (state, instruction)
            )
        told = {
            "instruction": instruction,
            "state": state,
            "transfers": [list(t) for t in transfers],
            **(body or {}),
        }
        if content is not None:
            told["content"] = content
        return self.log.append("settlement", name, at=at, actor=actor, body=told)

    def confirm(self, instruction: str, leg: int, cents: int) -> None:
        """Note, inside the transaction that records it, that a leg was executed for so many
        cents."""
        self.connection.execute("INSERT INTO confirmed VALUES (?, ?, ?)", (instruction, leg, cents))

    def _move(self, transfer: Transfer) -> None:
        quantity = transfer.quantity
        if type(quantity) is not int or not 0 < quantity < 2**62:
            raise LedgerError(
                f"{transfer.asset}: a transfer of {quantity!r}; give whole cents or "
                f"micro-shares above 0"
            )
        for account, change in ((transfer.source, -quantity), (transfer.target, quantity)):
            held = self.balance(account, transfer.asset)
            if held + change < 0 and account != OUTSIDE:
                raise NotEnough(
                    f"{account} holds {held} of {transfer.asset}, and {quantity} should leave it"
                )
            self.connection.execute(
                "INSERT INTO balances VALUES (?, ?, ?) ON CONFLICT (account, asset) DO UPDATE "
                "SET quantity = ?",
                (account, transfer.asset, held + change, held + change),
            )

    # ---- reading ---------------------------------------------------------------------------------

    def balance(self, account: str, asset: str) -> int:
        """What an account holds of an asset, cents or micro-shares."""
        row = self.connection.execute(
            "SELECT quantity FROM balances WHERE account = ? AND asset = ?", (account, asset)
        ).fetchone()
        return 0 if row is None else int(row[0])

    def balances(self) -> dict[tuple[str, str], int]:
        """Every balance that is not zero, by account and asset, as the table has it."""
        return {
            (k, a): q
            for k, a, q in self.connection.execute("SELECT * FROM balances ORDER BY 1, 2")
            if q
        }

    def holdings(self) -> dict[str, int]:
        """What the plan owns by asset, escrow included: cents of `CASH`, micro-shares of funds."""
        owned: Counter[str] = Counter()
        for (account, asset), quantity in self.balances().items():
            if account != OUTSIDE:
                owned[asset] += quantity
        return dict(sorted(owned.items()))

    def states(self) -> dict[str, str]:
        """The state of every instruction, by id."""
        return dict(self.connection.execute("SELECT id, state FROM instructions ORDER BY id"))

    def instruction(self, id: str) -> tuple[str, Any] | None:
        """An instruction's state and content, or None."""
        row = self.connection.execute(
            "SELECT state, content FROM instructions WHERE id = ?", (id,)
        ).fetchone()
        return None if row is None else (row[0], json.loads(row[1]))

    def confirmed(self, instruction: str) -> dict[int, int]:
        """Cents by leg of what was executed so far."""
        found = self.connection.execute(
            "SELECT leg, cents FROM confirmed WHERE instruction = ?", (instruction,)
        )
        return dict(found.fetchall())

    def _contents(self) -> dict[str, str]:
        return dict(self.connection.execute("SELECT id, content FROM instructions"))

    def _messages(self) -> dict[str, tuple[str, int, str]]:
        rows = self.connection.execute("SELECT id, content, number, event FROM messages")
        return {id: (_sha(content), number, event) for id, content, number, event in rows}

    def check(self, head: Head | None = None) -> Head:
        """Verify the chain, compute balances and states again from it alone, and compare; returns
        the head.

        Raises
        ------
        ChainBroken
            Naming the first broken link.
        LedgerBroken
            Naming the first balance, instruction or message on which table and chain differ, an
            asset that was not conserved, and an escrow that its instruction's state does not
            explain.
        """
        found = self.log.verify(head)
        events = self.log.events("settlement")
        balances = replay(events)
        states = replay_states(events)
        _compare("balance of", _placed(balances), _placed(self.balances()), _UNITS)
        _compare("state of", states, self.states())
        _compare("content of instruction", _contents(events), self._contents())
        _compare("message", _messages(events), self._messages())
        legs = {
            (e.body["order"], e.body["leg"]): e.body["cents"]
            for e in events
            if e.name == "LegConfirmed"
        }
        _compare(
            "confirmation of",
            {f"leg {leg} of order {i}": cents for (i, leg), cents in legs.items()},
            {f"leg {n} of order {i}": c for i in states for n, c in self.confirmed(i).items()},
        )
        for asset in sorted({a for _, a in balances}):
            if total := sum(q for (_, a), q in balances.items() if a == asset):
                raise LedgerBroken(
                    f"{asset} was not conserved: all accounts together hold {total}, not 0"
                )
        for (account, asset), quantity in balances.items():
            if quantity < 0 and account != OUTSIDE:
                raise LedgerBroken(f"{account} holds {quantity} of {asset}")
            if (
                account not in (PLAN, OUTSIDE)
                and states.get(account.removeprefix("escrow:")) not in OPEN
            ):
                raise LedgerBroken(
                    f"{account} holds {quantity} of {asset}, but its instruction is not open"
                )
        return found


#: The states of an instruction that is under way.
OPEN = ("EscrowLocked", "PendingFinality")


def replay(events: Iterable[Event]) -> dict[tuple[str, str], int]:
    """Balances that are not zero, by account and asset, from the transfers of events alone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> moves = (
    ...     [["outside", "plan", "USD", 9], ["outside", "plan", "A", 4]],
    ...     [["plan", "escrow:one", "USD", 6]],
    ...     [["plan", "outside", "A", 4]],
    ... )
    >>> replay(SimpleNamespace(body={"transfers": one}) for one in moves)
    {('escrow:one', 'USD'): 6, ('outside', 'USD'): -9, ('plan', 'USD'): 3}
    """
    sums: Counter[tuple[str, str]] = Counter()
    for event in events:
        for source, target, asset, quantity in event.body["transfers"]:
            sums[source, asset] -= quantity
            sums[target, asset] += quantity
    return {key: quantity for key, quantity in sorted(sums.items()) if quantity}


def replay_states(events: Iterable[Event]) -> dict[str, str]:
    """The last state of every instruction, from events alone.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> told = [("one", "Locked"), ("two", "Locked"), ("one", "Done"), ("two", None), (None, "x")]
    >>> events = [SimpleNamespace(body={"instruction": i, "state": state}) for i, state in told]
    >>> replay_states(events)
    {'one': 'Done', 'two': 'Locked'}
    """
    return {
        e.body["instruction"]: e.body["state"]
        for e in events
        if e.body["instruction"] and e.body["state"]
    }


def said(kind: str, body: Mapping[str, Any]) -> str:
    """What a message said, as one hash, by which the chain knows it.

    Examples
    --------
    >>> said("expire", {"order": "a"}) == hashlib.sha256(b'["expire",{"order":"a"}]').hexdigest()
    True
    """
    return _sha(canonical([kind, dict(body)]))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _contents(events: Iterable[Event]) -> dict[str, str]:
    """The content of every instruction, as its first event has it."""
    return {
        e.body["instruction"]: canonical(e.body["content"]) for e in events if "content" in e.body
    }


def _messages(events: Iterable[Event]) -> dict[str, tuple[str, int, str]]:
    """What every message said, and number and name of the last event that it led to."""
    told = [e for e in events if "message" in e.body]
    return {e.body["message"]: (e.body["said"], e.number, e.name) for e in told}


#: What balances are counted in.
_UNITS = f" (cents of {CASH}, millionths of a share)"


def _placed(balances: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Balances by asset and account, in words."""
    return {f"{asset} at {account}": x for (account, asset), x in balances.items()}


def _compare(what: str, chain: Mapping[Any, Any], table: Mapping[Any, Any], unit: str = "") -> None:
    for key in sorted({*chain, *table}, key=str):
        if chain.get(key) != table.get(key):
            said, held = (one.get(key, "nothing") for one in (chain, table))
            raise LedgerBroken(f"{what} {key}: the chain says {said}, the table {held}{unit}")
