"""The auditor's report: a check that does not hold is not shown as one that does."""

from __future__ import annotations

from dataclasses import replace

from portlib import plan
from portlib.documents import auditors_report, run
from portlib.documents.document import Table
from tests.documents.unrun import DAY


def test_a_check_that_fails_on_the_history_at_hand_is_said_to_fail(
    ours: plan.Plan, book: run.Run
) -> None:
    name, chapter = next(iter(book.chapters.items()))
    failed = replace(chapter.claims[0], measured=7.0, bound=1.0, answers=("CM-01",))
    kept = {n: replace(c, claims=()) for n, c in book.chapters.items()}
    other = replace(book, chapters={**kept, name: replace(chapter, claims=(failed,))})
    body = auditors_report.report(ours, other, made=DAY).body
    (checks,) = [b for b in body if isinstance(b, Table) and b.head[0] == "Claim"]
    (row,) = checks.rows
    assert row[0] == failed.id and row[2].startswith("DOES NOT HOLD on this history: 7")
