"""Outages: real kills, and each kind of loss is recognised."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

from portlib.stewardship.settlement import (
    deliver,
    outages,
)
from portlib.stewardship.settlement.ledger import (
    Ledger,
)
from tests.orders import OPENING, ORDER, T

STORY = outages.story([ORDER], [OPENING], Random(5))


def test_the_story_knows_every_outcome_and_every_event():
    with (
        tempfile.TemporaryDirectory(dir=outages.scratch()) as folder,
        Ledger(Path(folder) / "l") as one,
    ):
        receipts = [deliver(one, m, at) for m, at in zip(STORY, outages.clock(STORY), strict=True)]
        assert {e.name for e in one.log.events()} == {
            "Deposited",
            "EscrowLocked",
            "LegConfirmed",
            "PendingFinality",
            "SettlementFinalized",
            "SettlementRolledBack",
        }
        assert sorted(one.states().values()) == [
            "SettlementFinalized",
            *["SettlementRolledBack"] * 3,
        ]
        assert not any(r.repeated for r in receipts)


def test_hundreds_of_kills_lose_nothing():
    """Forked in a process of its own, as the book does it: the test's own process may have
    threads."""
    asked = {"messages": STORY, "seed": 1, "moments": 60, "every": 1}
    run = subprocess.run(
        [sys.executable, "-m", "portlib.stewardship.settlement.outages"],
        input=json.dumps(asked),
        text=True,
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    results = json.loads(run.stdout)
    assert set(results) == {
        "killed between two statements",
        "killed at a random moment",
        "killed in a write",
        "disk full",
        "clock moved back",
        "messages repeated",
    }
    for name, row in results.items():
        assert [row[loss] for loss in outages.LOSSES] == [0, 0, 0, 0], name
    statements = results["killed between two statements"]
    assert statements["runs"] == statements["struck"] > 100
    assert (
        results["killed at a random moment"]["struck"] > 10
        and results["killed in a write"]["struck"] > 30
    )
    assert results["disk full"]["runs"] >= 3


def test_a_process_that_waits_is_struck_at_its_moment():
    module = "portlib.stewardship.settlement.outages"
    code = f"import time; from {module} import at_a_moment; at_a_moment(0.05)(None); time.sleep(3)"
    run = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    assert run.returncode == -signal.SIGALRM


def test_each_kind_of_loss_is_recognised():
    """A ledger is spoiled by hand in the way that each word means; the judge must say that word."""

    def after(spoil, acknowledged):
        with tempfile.TemporaryDirectory(dir=outages.scratch()) as folder:
            told = outages.tell(Path(folder) / "a", STORY)
            with Ledger(Path(folder) / "b") as one:
                for message, at in list(zip(STORY, outages.clock(STORY), strict=True))[:3]:
                    deliver(one, message, at)
                spoil(one)
            return outages.aftermath(Path(folder) / "b", STORY, told, acknowledged)

    assert after(lambda one: None, 3) == after(lambda one: None, 2) == ""
    assert after(lambda one: None, 4) == after(lambda one: None, 1) == "acknowledged but lost"
    assert (
        after(lambda one: one.connection.execute("UPDATE balances SET quantity = 0"), 3)
        == "check failed"
    )

    def half(one):
        with one.transaction():
            one.record("Deposited", at=T + timedelta(days=1), actor="x")

    assert after(half, 3) == "half done"

    def otherwise(one):  # an event of the same number at another time
        one.connection.execute("DROP TRIGGER messages_no_delete")
        one.connection.execute("DELETE FROM messages WHERE id = ?", (STORY[2].id,))

    assert after(otherwise, 2) == "check failed"


def test_repetition_and_clock_are_judged_in_this_process_too():
    with tempfile.TemporaryDirectory(dir=outages.scratch()) as folder:
        told = outages.tell(Path(folder) / "a", STORY)
        assert outages.repeated(Path(folder) / "b", STORY, told, Random(3)) == ""
        assert outages.clock_back(Path(folder) / "c", STORY, told, 4) == ""
        assert os.path.getsize(Path(folder) / "a") > 0
        assert replace(told, seconds=0).statements > 100


def test_a_story_that_no_fault_struck_is_not_counted_as_struck():
    """In a process of its own: with no fault, with one after the last statement, and with one."""
    code = (
        "import tempfile\n"
        "from pathlib import Path\n"
        "from tests.stewardship.settlement.test_outages import STORY, outages\n"
        "with tempfile.TemporaryDirectory(dir=outages.scratch()) as folder:\n"
        "    for k, arm in enumerate((lambda _: None, outages.between_statements(10**6),\n"
        "                             outages.between_statements(40))):\n"
        "        done, struck = outages.struck(Path(folder) / str(k), STORY, arm)\n"
        "        print(done, struck)\n"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run(
        [sys.executable, "-c", code], text=True, capture_output=True, check=True, cwd=root
    )
    told = [line.split() for line in run.stdout.splitlines()]
    assert told[0] == told[1] == [str(len(STORY)), "False"]
    assert int(told[2][0]) < len(STORY)
    assert told[2][1] == "True"
