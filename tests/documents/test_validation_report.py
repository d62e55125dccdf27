"""The validation report and the auditor's: findings, severities, days, and nothing signed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from portlib import plan
from portlib.documents import auditors_report, run, validation_report
from portlib.documents.document import Form, Table, Text
from portlib.documents.typesetting import pdf
from portlib.stewardship.governance import model_registry
from tests.documents.unrun import DAY, ROOT


@pytest.fixture(scope="module")
def findings(ours: plan.Plan, book: run.Run) -> Table:
    made = validation_report.report(ours, book, made=DAY)
    return next(b for b in made.body if isinstance(b, Table) and "Severity" in b.head)


def test_every_finding_has_a_severity_and_a_day_after_this_one(findings: Table) -> None:
    assert findings.rows
    for _, words, severity, day in findings.rows:
        assert words
        months = validation_report.TERMS[severity]
        assert pd.Timestamp(day) == pd.Timestamp(DAY) + pd.DateOffset(months=months)


def test_no_chapter_and_no_open_requirement_is_left_out(findings: Table, book: run.Run) -> None:
    listed = {row[0] for row in findings.rows}
    assert {chapter.worst.id for chapter in book.chapters.values()} <= listed
    left = {id for id, entry in book.requirements.items() if entry["kind"] in ("open", "in part")}
    assert left <= listed


def test_what_decides_for_the_plan_weighs_most(findings: Table) -> None:
    severity = {row[0]: row[2] for row in findings.rows}
    assert severity["MA-01"] == "high", "the mandate decides for the whole plan"
    assert severity["EF-01"] == "low", "effective challenge reports"


def test_the_grades_count_every_model_and_what_is_none_is_named(
    ours: plan.Plan, book: run.Run
) -> None:
    inventory = model_registry.inventory(
        model_registry.graded(), ours.policy["model_owners"], ours.policy["model_tiers"]
    )
    none = int((inventory["tier"] == model_registry.NO_TIER).sum())
    made = validation_report.report(ours, book, made=DAY)
    (grades,) = [b for b in made.body if isinstance(b, Table) and "exposure" in b.head[0]]
    counted = sum(int(cell) for row in grades.rows for cell in row[1:])
    assert dict(made.facts)["Models"] == f"{counted}"
    assert counted == len(inventory) - none
    (rest,) = [b for b in made.body if isinstance(b, Text) and "are no models" in b.text]
    assert sum(map(int, re.findall(r"\d+", rest.text))) == none


def test_it_follows_the_order_that_readers_of_the_guidance_know(
    ours: plan.Plan, book: run.Run, words: Callable[[bytes], str]
) -> None:
    text = words(pdf(validation_report.report(ours, book, made=DAY)))
    text = text[text.index("1 Purpose and scope", text.index("The validator's opinion")) :]
    at = [
        text.index(section)
        for section in (
            "Purpose and scope",
            "2 Findings",
            "3 Materiality and aggregate risk",
            "4 Development and use",
            "5 Validation and monitoring",
            "6 Governance and controls",
            "7 What comes from others",
        )
    ]
    assert at == sorted(at)
    assert "Nobody independent has" in text


def test_the_auditors_report_has_every_paragraph_and_a_specimen_that_says_so(
    ours: plan.Plan, book: run.Run, words: Callable[[bytes], str]
) -> None:
    made = auditors_report.report(ours, book, made=DAY)
    text = words(pdf(made))
    for id in (id for id in book.requirements if id.startswith("CM-")):
        assert f"{id}: " in text
    (specimen,) = [block for block in made.body if isinstance(block, Form)]
    assert all("SPECIMEN" in known for _, known in specimen.fields)
    assert "Not signed" in text
    judged = " ".join(known for asked, known in specimen.fields if asked.startswith("Conditions"))
    asked = [id for id in book.requirements if id.startswith("CM-")]
    assert sorted(re.findall(r"CM-\d+", judged)) == sorted(asked), "each condition once"


def test_no_invented_finding_names_a_plan_that_the_rule_does_not_bind(book: run.Run) -> None:
    federal = plan.read(ROOT / "plans" / "tsp")
    made = auditors_report.report(federal, book, made=DAY)
    (specimen,) = [block for block in made.body if isinstance(block, Form)]
    assert federal.name not in " ".join(known for _, known in specimen.fields)
    told = [b.text for b in made.body if isinstance(b, Text) and "inding regulation" in b.text]
    assert told
    assert all("Binding regulation, not on this plan" in text for text in told)


def test_claims_are_counted_by_chapter_and_method_and_all_together(
    ours: plan.Plan, book: run.Run
) -> None:
    body = validation_report._validation(ours, book)
    (table,) = [b for b in body if isinstance(b, Table)]
    assert len(table.rows) == len(book.chapters) + 1
    for row, chapter in zip(table.rows, book.chapters.values(), strict=False):
        by_hand = [sum(c.by == by for c in chapter.claims) for by in validation_report.METHODS]
        assert row == [chapter.title, *(str(n) if n else "" for n in by_hand)]
    for column in range(1, len(table.head)):
        total = sum(int(row[column] or 0) for row in table.rows[:-1])
        assert table.rows[-1][column] == str(total)
    counted = sum(int(cell) for cell in table.rows[-1][1:])
    assert counted == sum(len(chapter.claims) for chapter in book.chapters.values())


def test_a_requirement_that_does_not_bind_the_plan_is_no_finding_of_its_own(
    ours: plan.Plan, book: run.Run
) -> None:
    entry = {"kind": "open", "citation": "A law 1(a)", "note": "not  done\nyet"}
    bound = {"X-1": entry, "X-2": {**entry, "not_for": [ours.legal_regime]}}
    bound |= {"X-3": {**entry, "not_for": ["another law"]}, "X-4": {**entry, "kind": "in part"}}
    bound |= {"X-5": {**entry, "kind": "answered"}}
    inventory = model_registry.inventory(
        model_registry.graded(), ours.policy["model_owners"], ours.policy["model_tiers"]
    )
    body = validation_report._findings(ours, replace(book, requirements=bound), inventory, DAY)
    (table,) = [b for b in body if isinstance(b, Table)]
    rows = {row[0]: row for row in table.rows if row[0].startswith("X-")}
    assert list(rows) == ["X-1", "X-3", "X-4"]
    assert rows["X-1"][1] == "A law 1(a): open. Not done yet"
    assert rows["X-1"][2] == validation_report.OPEN["open"]
    assert rows["X-4"][2] == validation_report.OPEN["in part"]
    (told,) = [b.text for b in body if isinstance(b, Text)]
    assert told.startswith(f"{len(table.rows)} findings: ")
