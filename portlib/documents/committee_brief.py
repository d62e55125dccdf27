"""What is the committee asked to decide, on what evidence, and what speaks against it?

At most `PAGES` pages: the decisions in one table, what they cost, on what inputs they stand, and a
section a decision (answer with its range, what is proposed, what is uncomfortable, one figure, what
would change our mind), then lines to vote and sign on. Its sentences are the chapters' own, with
the numbers of the run; what it adds of the plan is counted from the plan.

Left out: how each number was found, which the chapters show.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from portlib import standing
from portlib.documents import prose
from portlib.documents.document import (
    Block,
    Break,
    Document,
    Finding,
    Heading,
    Signatures,
    Table,
    Text,
    runs,
    said,
)
from portlib.documents.run import Chapter, Run
from portlib.documents.words import alone, dollars, facts
from portlib.plan import Plan

PAGES = 12


class Asked(NamedTuple):
    """A decision: the chapter that it rests on, its name, the figure that shows it, and the chapter
    under which the committee's page proposes it."""

    chapter: str
    title: str
    figure: str
    proposed_in: str


#: The decisions in the order of what they move.
DECISIONS = (
    Asked("contributions", "How much is saved", "rank", "contributions"),
    Asked("plan_menu", "What the menu costs", "cost", "plan_menu"),
    Asked("glidepaths", "The default", "success", "glidepaths"),
    Asked("model_portfolios", "Models and advice", "ladder", "model_portfolios"),
    Asked("black_litterman", "How far forecasts are followed", "weights", "black_litterman"),
    Asked("retirement_income", "Spending in retirement", "people", "retirement_income"),
    Asked("stress_testing", "Losses that are accepted", "path", "mandate"),
    Asked("monitoring", "When somebody looks", "power", "rebalancing"),
)
#: Inches: a page's height within its margins, a line, what stands between blocks, and a figure's
#: caption; and letters of a line. Together they say how high a figure may be, if its decision is to
#: stay on one page.
PAGE, LINE, GAP, CAPTION = 9.0, 0.2, 0.21, 0.4
LETTERS = 102
#: What is paid or given up, by whom: words with numbers of the run.
COSTS = (
    (
        "The menu, against asset classes that cost nothing, at equal risk",
        "{plan_menu.total_bp:.1f} bp a year, {plan_menu.expenses_bp:.1f} of them expenses",
    ),
    (
        "Options that cost more than the published average of their kind",
        "{plan_menu.above:d} of {plan_menu.compared:d}, ${plan_menu.premium_dollars:,.0f} a year",
    ),
    (
        "The committee's rules, to the growth posture",
        "{mandate.growth_total:.1f} bp a year",
    ),
    (
        "Half a percent a year of extra cost in the default",
        "{glidepaths.fee_cost:.1%} of spending in retirement",
    ),
    (
        "A managed account made of the same models",
        "{model_portfolios.managed_loss:.1%} of spending in retirement more than it brings",
    ),
    (
        "Rebalancing by the policy's trigger",
        "{rebalancing.trigger_turnover:.1%} of an account traded a year",
    ),
)


def brief(plan: Plan, run: Run, *, made: date) -> Document:
    """The committee's brief on a plan, from the run of its book.

    Parameters
    ----------
    plan : Plan
    run : Run
        Of the plan's book.
    made : date
        The day for which it is made.

    Returns
    -------
    Document

    Raises
    ------
    DataError
        Where the book lacks a chapter that a decision rests on.

    Examples
    --------
    Nothing is proposed that no chapter of the run answers:

    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> empty = Run({}, {}, date(2026, 11, 29), {}, {}, {})
    >>> brief(ours, empty, made=date(2026, 11, 29))
    Traceback (most recent call last):
    portlib.data.DataError: the book lacks the chapter contributions; make the whole book first

    It goes on in ``committee_brief.md``.
    """
    decided = [(run.chapter(asked.chapter), asked) for asked in DECISIONS]
    body: list[Block] = [
        Heading("What is asked of the committee"),
        Text(
            "Each decision has a page: the question and what the run answers, what is proposed, "
            "what is least comfortable about it, and what would change our mind."
        ),
        Table(
            ["No.", "Decision", "What is proposed", "In the book"],
            [
                [str(n), asked.title, _proposed(chapter, asked, plan, run), chapter.title]
                for n, (chapter, asked) in enumerate(decided, start=1)
            ],
            align=["left"] * 4,
            widths=[0, 0.85, 2.6, 0.8],
        ),
        *_costs(plan, run),
        *_inputs(plan),
    ]
    for number, (chapter, asked) in enumerate(decided, start=1):
        body += _decision(number, chapter, asked, plan, run)
    body += [
        Break(),
        Heading("Votes and signatures"),
        Table(
            ["No.", "Decision", "Adopted", "Amended", "Deferred", "Event of the log"],
            [[str(n), asked.title, "☐", "☐", "☐", ""] for n, asked in enumerate(DECISIONS, 1)],
            align=["left", "left", "center", "center", "center", "left"],
            widths=[0, 2, 0.7, 0.7, 0.7, 1.2],
        ),
        Text(
            "Dissent, and its reasons, are recorded in the minutes. A decision takes effect when "
            f"{plan.policy['approvals_needed']} of the roles below have signed it and "
            f"{plan.policy['policy_timelock_hours']:g} hours have passed."
        ),
        Signatures([role[0].upper() + role[1:] for role in plan.policy["approval_roles"]]),
    ]
    return Document(
        "committee_brief",
        "Committee brief",
        "Decisions, and what speaks against them",
        plan.name,
        plan.origin,
        made,
        run.made_from,
        facts(plan),
        body,
    )


def _proposed(chapter: Chapter, asked: Asked, plan: Plan, run: Run) -> str:
    """What is proposed, in the first sentence of the committee's page; else in the first of the
    chapter's decision that stands by itself."""
    text = run.proposals.get(asked.proposed_in) or _decided(chapter, plan)
    words = "".join(word for _, word in runs(text))
    sentences = re.split(r"(?<=[.;])\s(?=[A-Z])", words)
    whole = [one for one in sentences if not re.search(r"\b[Tt]he chapter\b", one)]
    return (whole or sentences)[0]


def _decided(chapter: Chapter, plan: Plan) -> str:
    """A chapter's decision, in words that stand alone on paper."""
    text = re.sub(r"^Proposed for this plan:\s*", "", _joined(chapter.section("Decision")))
    text = re.sub(r"\s*\((?:both )?(?:in the )?appendix\)", "", text)
    text = alone(text, chapter.title, plan)
    return text[:1].upper() + text[1:]


def _costs(plan: Plan, run: Run) -> list[Block]:
    expense = float((plan.shares * plan.funds["expense_ratio"]).sum())
    kept = plan.rules["recordkeeping_fee"]
    people = len(plan.participants)
    rows = [["Expenses of the funds that people hold", f"{dollars(expense * plan.assets)} a year"]]
    if kept:
        accounts = "1 account" if people == 1 else f"{people:,} accounts"
        rows.append([f"Record keeping, {accounts}", f"{dollars(kept * people)} a year"])
    rows += [[what, run.filled(number)] for what, number in COSTS]
    return [
        Heading("What it costs", 2),
        Table(["What is paid or given up", "How much"], rows, widths=[1.15, 1], align=["left"] * 2),
    ]


def _inputs(plan: Plan) -> list[Block]:
    rows = [
        [row.name, row.status, row.what] for row in standing.of(plan) if row.status != standing.NONE
    ]
    return [
        Heading("What the numbers stand on", 2),
        Table(["Input", "Status", "What is used"], rows, align=["left"] * 3, widths=[1, 0.7, 3]),
    ]


def _decision(number: int, chapter: Chapter, asked: Asked, plan: Plan, run: Run) -> list[Block]:
    answer = f"**{said(chapter.question)}** {alone(chapter.answer, chapter.title, plan)}"
    doubt = alone(chapter.uncomfortable, chapter.title, plan)
    proposed = _decided(chapter, plan)
    # the first page proposes it in another chapter's words
    if asked.proposed_in != asked.chapter and run.proposals.get(asked.proposed_in):
        proposed = f"{_proposed(chapter, asked, plan, run)} {proposed}"
    turns = alone(_joined(chapter.section("What would change our mind")), chapter.title, plan)
    made: list[Block] = [
        Break(),
        Heading(f"{number}. {asked.title}"),
        Text(answer),
        Finding("Proposed", proposed, "decision"),
        Finding("Least comfortable", doubt, "warning", (chapter.worst.id,)),
    ]
    if drawn := chapter.figures.get(asked.figure):
        caption = alone(drawn.caption, chapter.title, plan)
        shown_on = str(chapter.numbers.get("shown_on", plan.name))
        if shown_on != plan.name:  # a chapter that shows its method on another plan's figures
            caption = f"{caption.rstrip('.')}. Shown on {shown_on}, not on this plan."
        figure = replace(drawn, caption=caption)
        made.append(figure.no_higher(_room(answer, proposed, doubt, turns)))
    return [*made, Finding("What would change our mind", turns)]


def _room(*texts: str) -> float:
    """Inches that a page leaves for a figure beside its heading and some texts."""
    plain = ["".join(word for _, word in runs(text)) for text in texts]
    lines = sum(math.ceil(len(text) / LETTERS) for text in plain)
    return PAGE - (1 + len(texts)) * GAP - CAPTION - lines * LINE


def _joined(markdown: str) -> str:
    """A section as one paragraph; items of a list follow each other."""
    parts = []
    for block in prose.blocks(markdown):
        parts += [block.text] if isinstance(block, Text) else list(getattr(block, "items", ()))
    return " ".join(parts)
