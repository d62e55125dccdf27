"""The brief: at most twelve pages, every number from the run or the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from portlib import plan, standing
from portlib.documents import committee_brief, run
from portlib.documents.document import Figure
from portlib.documents.typesetting import pdf
from tests.documents.unrun import DAY, PLANS, as_shown, numbers, publish


@pytest.fixture(scope="module")
def made(ours: plan.Plan, book: run.Run) -> bytes:
    return pdf(committee_brief.brief(ours, book, made=DAY))


@pytest.fixture(scope="module")
def text(made: bytes, words: Callable[[bytes], str]) -> str:
    return words(made)


def test_it_has_no_more_pages_than_a_committee_reads(
    made: bytes, opened: Callable[[bytes], pypdf.PdfReader]
) -> None:
    assert len(opened(made).pages) <= committee_brief.PAGES


def test_every_number_is_the_runs_or_the_plans(text: str, ours: plan.Plan, book: run.Run) -> None:
    quoted = " ".join(
        chapter.text + " " + " ".join(f.caption for f in chapter.figures.values())
        for chapter in book.chapters.values()
    )
    told = " ".join(book.filled(number) for _, number in committee_brief.COSTS)
    stands = " ".join(row.what for row in standing.of(ours))
    proposed = " ".join(book.proposals.values())
    held = ours.holdings.mul(ours.participants["balance"], axis=0).sum()
    paid = float((held * ours.funds["expense_ratio"]).sum())
    kept = ours.rules["recordkeeping_fee"] * len(ours.participants)
    counted = [paid, kept, len(ours.participants), len(ours.funds)]
    known = (
        numbers(f"{quoted} {told} {stands} {proposed} {book.made_from}")
        | as_shown([counted, ours.policy["approvals_needed"], ours.policy["policy_timelock_hours"]])
        | {f"{ours.assets / 1e6:,.1f}", *map(str, range(1, 13))}  # pages and decisions
        | numbers(f"{DAY:%B %d, %Y} {ours.as_of} {ours.as_of:%B} {ours.as_of.day} {ours.name}")
        | numbers(" ".join(ours.funds["label"]))
        | {f"{ours.as_of.year}", "401"}
    )
    assert numbers(text) - known == set()


def test_it_follows_the_run(
    ours: plan.Plan, whose: str, tmp_path: Path, words: Callable[[bytes], str]
) -> None:
    publish(tmp_path, PLANS[whose], seed=99)
    other = run.read(tmp_path, PLANS[whose])
    said = words(pdf(committee_brief.brief(ours, other, made=DAY)))
    for name, form in (("model_portfolios.managed_loss", ".1%"), ("plan_menu.total_bp", ".1f")):
        assert other.number(name, form) in said


def test_nothing_of_another_plan_is_in_it(text: str, whose: str) -> None:
    other = plan.read(next(folder for name, folder in PLANS.items() if name != whose))
    assert other.name not in text
    assert not [label for label in other.funds["label"] if len(label) > 16 and label in text]


def test_each_decision_says_what_is_uncomfortable_and_what_would_change_our_mind(
    text: str,
) -> None:
    for heading in ("PROPOSED", "LEAST COMFORTABLE", "WHAT WOULD CHANGE OUR MIND"):
        assert text.upper().count(heading) >= len(committee_brief.DECISIONS)


def test_a_figure_of_another_plan_s_figures_says_so(ours: plan.Plan, book: run.Run) -> None:
    shown = book.chapters["black_litterman"]
    elsewhere = replace(shown, numbers={**shown.numbers, "shown_on": "Another plan"})
    changed = replace(book, chapters={**book.chapters, "black_litterman": elsewhere})
    captions = [
        str(block.caption)
        for block in committee_brief.brief(ours, changed, made=DAY).body
        if isinstance(block, Figure)
    ]
    said = ["Shown on Another plan, not on this plan." in caption for caption in captions]
    assert sum(said) == 1 < len(said)
