"""The ledger: once, in order, and whatever was altered is found."""

import json
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from portlib.stewardship.audit_log import ChainBroken, ClockMovedBack, KeyReused
from portlib.stewardship.settlement import (
    Leg,
    Message,
    Order,
    SettlementRefused,
    confirm,
    deliver,
    deposit,
    finalise,
    lock,
)
from portlib.stewardship.settlement.ledger import (
    CASH,
    MICRO,
    PLAN,
    Ledger,
    LedgerBroken,
    LedgerUnavailable,
    NotEnough,
    Transfer,
)
from tests.orders import OPENING, ORDER, T, settle


def test_a_repeated_message_changes_nothing_even_much_later(ledger):
    settle(ledger)
    head, before = ledger.check(), ledger.balances()
    for message in (
        OPENING,
        lock("swap lock", ORDER),
        confirm("swap 1", "swap", 1, 29_000),
        finalise("swap final", "swap"),
    ):
        for at in (T - timedelta(days=9), T, T + timedelta(days=900)):
            assert deliver(ledger, message, at).repeated
    assert ledger.check() == head and ledger.balances() == before


def test_an_id_with_other_content_is_refused(ledger):
    with pytest.raises(KeyReused):
        deliver(ledger, deposit("opening", {CASH: 10_001}), T)


def test_a_clock_moved_back_is_refused_without_trace(ledger):
    before = ledger.balances()
    with pytest.raises(ClockMovedBack):
        deliver(ledger, deposit("more", {CASH: 5}), T - timedelta(seconds=1))
    assert ledger.balances() == before


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE messages SET content = 'x'",
        "DELETE FROM messages",
        "UPDATE audit_log SET content = 'x'",
        "DELETE FROM audit_log",
        f"UPDATE balances SET quantity = -1 WHERE account = '{PLAN}'",
        "UPDATE balances SET quantity = 1.5",
    ],
)
def test_the_file_refuses_to_be_rewritten(ledger, sql):
    with pytest.raises(sqlite3.IntegrityError):
        ledger.connection.execute(sql)


def test_money_from_nowhere_is_found_though_the_chain_is_whole(ledger):
    sql = (
        f"UPDATE balances SET quantity = quantity + 1 WHERE (account, asset) = ('{PLAN}', '{CASH}')"
    )
    ledger.connection.execute(sql)
    with pytest.raises(LedgerBroken, match=r"balance of.*USD"):
        ledger.check()


def test_a_state_without_an_event_is_found(ledger):
    deliver(ledger, lock("l", ORDER), T)
    ledger.connection.execute("UPDATE instructions SET state = 'SettlementFinalized'")
    with pytest.raises(LedgerBroken, match="state of swap"):
        ledger.check()


def test_an_escrow_left_behind_is_found(ledger):
    with ledger.transaction():
        ledger.record(
            "EscrowLocked", at=T, actor="x", transfers=[Transfer(PLAN, "escrow:ghost", CASH, 5)]
        )
    with pytest.raises(LedgerBroken, match="not open"):
        ledger.check()


def test_an_altered_event_is_found(ledger):
    settle(ledger)
    ledger.connection.execute("DROP TRIGGER audit_log_no_update")
    ledger.connection.execute("UPDATE audit_log SET content = replace(content, '29000', '29001')")
    with pytest.raises(ChainBroken, match="altered"):
        ledger.check()


def test_a_full_disk_is_named_and_cured(tmp_path):
    with Ledger(tmp_path / "l") as one:
        deliver(one, OPENING, T)
        pages = one.connection.execute("PRAGMA page_count").fetchone()[0]
    n = 0
    with Ledger(tmp_path / "l", pages=pages) as one:
        while n < 999:
            try:
                deliver(one, deposit(f"d{n}", {CASH: 1}), T)
            except LedgerUnavailable as error:
                said = str(error)
                break
            n += 1
    assert n < 999 and "full" in said
    with Ledger(tmp_path / "l") as one:
        one.check()
        assert not deliver(one, deposit(f"d{n}", {CASH: 1}), T).repeated
        assert one.balance(PLAN, CASH) == 10_000 + n + 1


def test_two_processes_with_the_same_messages_carry_each_out_once(tmp_path):
    messages = [OPENING, *(deposit(f"d{n}", {CASH: 1}) for n in range(12))]
    code = (
        "import sys, json\nfrom portlib.stewardship import settlement\n"
        "from portlib.stewardship.settlement import outages\n"
        "from portlib.stewardship.settlement.ledger import Ledger\n"
        "with Ledger(sys.argv[1]) as one:\n"
        "    for m in json.loads(sys.argv[2]): settlement.deliver(one, settlement.Message(*m), "
        "outages.START)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "l"), json.dumps(messages)]
    both = [subprocess.Popen(argv, cwd=Path(__file__).parents[3]) for _ in range(2)]
    assert [p.wait(timeout=60) for p in both] == [0, 0]
    with Ledger(tmp_path / "l") as one:
        one.check()
        assert one.balance(PLAN, CASH) == 10_012 and len(one.log.events()) == len(messages)


# ---- tables outside the chain --------------------------------------------------------------------


def opened(ledger):
    """Whoever holds the file, and has taken its triggers away."""
    names = [
        row[0]
        for row in ledger.connection.execute("SELECT name FROM sqlite_master WHERE type='trigger'")
    ]
    for name in names:
        ledger.connection.execute(f"DROP TRIGGER {name}")
    return ledger.connection


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        (
            """UPDATE instructions SET content = replace(content, '"micro_shares":3000000',
            '"micro_shares":300000000')""",
            "content of instruction swap",
        ),
        (
            "UPDATE instructions SET content = replace(content, '\"hours\":72', '\"hours\":99')",
            "content of instruction swap",
        ),
        ("DELETE FROM messages WHERE id = 'f'", "message f"),
        ("UPDATE messages SET content = '[]' WHERE id = 'f'", "message f"),
        ("INSERT INTO messages VALUES ('x', '[]', 1, 'Deposited')", "message x"),
        ("UPDATE messages SET number = 1 WHERE id = 'f'", "message f"),
        ("UPDATE confirmed SET cents = cents + 1", "confirmation of"),
    ],
)
def test_what_is_changed_in_a_table_is_found_by_the_chain(ledger, sql, says):
    settle(ledger)
    ledger.connection.execute("UPDATE messages SET id = id WHERE 0")
    last = ledger.connection.execute("SELECT id FROM messages ORDER BY number DESC").fetchone()[0]
    held = opened(ledger)
    changed = held.execute(sql.replace("'f'", f"'{last}'")).rowcount
    assert changed
    with pytest.raises(LedgerBroken, match=says.replace("message f", f"message {last}")):
        ledger.check()


def test_a_message_that_was_never_carried_out_is_not_answered_from_the_table(ledger):
    content = json.dumps(["deposit", {"amounts": {"USD": 5}}], separators=(",", ":"))
    ledger.connection.execute("INSERT INTO messages VALUES ('x', ?, 1, 'Deposited')", (content,))
    with pytest.raises(LedgerBroken, match="knows nothing of it"):
        deliver(ledger, deposit("x", {"USD": 5}), T + timedelta(hours=1))


def test_a_message_in_the_place_of_another_is_refused(ledger):
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        ledger.connection.execute(
            "INSERT OR REPLACE INTO messages VALUES ('opening', '[]', 1, 'Deposited')"
        )


def test_what_is_no_ledger_is_named(tmp_path):
    with pytest.raises(LedgerUnavailable, match=str(tmp_path)):
        Ledger(tmp_path)
    (tmp_path / "text").write_text("no database" * 100)
    with pytest.raises(LedgerUnavailable, match="text"):
        Ledger(tmp_path / "text")


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (deposit(None, {"USD": 5}), "its id must be a text"),
        (deposit("d", {None: 5}), "whole numbers by asset"),
        (
            Message("m", "lock", {"id": "z", "tolerance": 0.1, "hours": 3}),
            "its fields are id, legs",
        ),
        (
            Message(
                "m",
                "lock",
                {
                    "id": "z",
                    "legs": [{"fund": "X", "micro_shares": -5, "cents": 5, "evil": 1}],
                    "tolerance": 0.1,
                    "hours": 3,
                },
            ),
            "leg 0: its fields are fund",
        ),
        (Message("m", "finalise", {"order": None}), "order is None"),
        (Message("m", "confirm", []), "its fields are order, leg, cents"),
    ],
)
def test_a_message_of_another_shape_is_refused_by_its_part(ledger, message, says):
    before = ledger.check()
    with pytest.raises(SettlementRefused, match=says):
        deliver(ledger, message, T + timedelta(hours=1))
    assert ledger.check() == before


# ---- what is covered -----------------------------------------------------------------------------


def test_no_entry_of_any_table_can_be_changed_or_taken_away_unseen(ledger):
    """Every column of every row, one at a time, by whoever holds the file and has taken away its
    triggers and checks."""
    settle(ledger)
    other = Order("open", [Leg("X", -MICRO, 10_000), Leg("Y", MICRO, 9_000)], 0.02, 72)
    deliver(ledger, lock("open lock", other), T)
    deliver(ledger, confirm("open 0", "open", 0, 10_000), T)
    held, head = opened(ledger), ledger.check()
    held.execute("PRAGMA ignore_check_constraints = ON")
    tables = [row[0] for row in held.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert len(tables) == 5
    tried = 0
    for table in tables:
        columns = [row[1] for row in held.execute(f"PRAGMA table_info({table})")]
        rows = held.execute(f"SELECT rowid, * FROM {table}").fetchall()
        assert rows
        for row, *values in rows:
            changes = [(f"DELETE FROM {table} WHERE rowid = ?", (row,))]
            for column, value in zip(columns, values, strict=True):
                new = value + 1_000 if isinstance(value, int) else f"{value} "
                changes.append((f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row)))
            for sql, given in changes:
                if table == "balances" and not values[2]:
                    continue  # a balance of zero says what no row says
                held.execute("BEGIN")
                held.execute(sql, given)
                with pytest.raises((LedgerBroken, ChainBroken)):
                    ledger.check(head)
                held.execute("ROLLBACK")
                tried += 1
    assert tried > 100 and ledger.check() == head


def test_a_commit_waits_for_the_disk(tmp_path):
    """No test can pull the plug: so the setting itself. Below FULL (2) SQLite lets a commit return
    before the disk has it; a journal that is off or in memory cannot undo half a commit."""
    with Ledger(tmp_path / "l") as one:
        assert one.connection.execute("PRAGMA synchronous").fetchone()[0] >= 2
        assert one.connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("off", "memory")


def test_an_account_may_be_emptied_and_not_by_a_cent_more(ledger):
    for quantity, fits in ((10_001, False), (10_000, True)):
        move = [Transfer(PLAN, "outside", CASH, quantity)]
        if fits:
            with ledger.transaction():
                ledger.record("Deposited", at=T, actor="x", transfers=move)
        else:
            with pytest.raises(NotEnough), ledger.transaction():
                ledger.record("Deposited", at=T, actor="x", transfers=move)
    assert ledger.balance(PLAN, CASH) == 0


def test_a_head_kept_elsewhere_shows_a_ledger_that_was_written_anew(ledger):
    settle(ledger)
    head = ledger.check()
    with Ledger(":memory:") as anew:
        deliver(anew, OPENING, T)
        with pytest.raises(ChainBroken, match="missing"):
            anew.check(head)
        settle(anew, cents=[50_001, 29_000, 21_500])
        with pytest.raises(ChainBroken, match="not the one that was kept"):
            anew.check(head)
