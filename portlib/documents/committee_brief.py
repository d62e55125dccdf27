"""What is the committee asked to decide, on what evidence, and what speaks against it?

At most `PAGES` pages: the decisions in one table, what they cost, on what inputs they stand, and a
section a decision (answer with its range, what is proposed, what is uncomfortable, one figure, what
would change our mind), then lines to vote and sign on. Its sentences are the chapters' own, with
the numbers of the run; what it adds of the plan is counted from the plan.

Left out: how each number was found, which the chapters show.
"""

from __future__ import annotations

import re
from datetime import date

from portlib import standing
from portlib.documents import prose
from portlib.documents.document import (
    Block,
    Break,
    Document,
    Figure,
    Finding,
    Heading,
    Signatures,
    Table,
    Text,
    said,
)
from portlib.documents.run import Chapter, Run
from portlib.documents.words import dollars, facts, with_labels
from portlib.plan import Plan

PAGES = 12
#: Inches of a figure's height that leave its decision on one page.
HIGHEST = 2.9
#: The decisions in the order of what they move: chapter, name, the figure that shows it.
DECISIONS = (
    ("contributions", "How much is saved", "rank"),
    ("plan_menu", "What the menu costs", "cost"),
    ("glidepaths", "The default", "success"),
    ("model_portfolios", "Models and advice", "ladder"),
    ("black_litterman", "How far forecasts are followed", "weights"),
    ("retirement_income", "Spending in retirement", "people"),
    ("stress_testing", "Losses that are accepted", "path"),
    ("monitoring", "When somebody looks", "power"),
)
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
    """
    decided = [(run.chapters[name], title, label) for name, title, label in DECISIONS]
    body: list[Block] = [
        Heading("What is asked of the committee"),
        Text(
            "Each decision has a page: the question and what the run answers, what is proposed, "
            "what is least comfortable about it, and what would change our mind."
        ),
        Table(
            ["", "Decision", "What is proposed", "In the book"],
            [
                [str(n), title, _proposed(chapter, run), chapter.title]
                for n, (chapter, title, _) in enumerate(decided, start=1)
            ],
            align=["left"] * 4,
            widths=[0, 0.85, 2.6, 0.8],
        ),
        *_costs(plan, run),
        *_inputs(plan),
    ]
    for number, (chapter, title, label) in enumerate(decided, start=1):
        body += _decision(number, chapter, title, chapter.figures.get(label), plan)
    body += [
        Break(),
        Heading("Votes and signatures"),
        Table(
            ["", "Decision", "Adopted", "Amended", "Deferred", "Event of the log"],
            [[str(n), title, "☐", "☐", "☐", ""] for n, (_, title, _) in enumerate(decided, 1)],
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


def _proposed(chapter: Chapter, run: Run) -> str:
    """What is decided, in the words of the committee's page; else how the chapter's decision
    begins."""
    if chapter.name in run.proposals:
        return run.proposals[chapter.name]
    first = next(
        (b for b in prose.blocks(chapter.section("Decision")) if isinstance(b, Text)), None
    )
    text = first.text if first else chapter.answer
    return re.split(r"(?<=[.;:])\s", text.replace("*", ""))[0]


def _costs(plan: Plan, run: Run) -> list[Block]:
    expense = float((plan.shares * plan.funds["expense_ratio"]).sum())
    kept = plan.rules["recordkeeping_fee"]
    people = len(plan.participants)
    rows = [["Expenses of the funds that people hold", f"{dollars(expense * plan.assets)} a year"]]
    if kept:
        rows.append([f"Record keeping, {people:,} accounts", f"{dollars(kept * people)} a year"])
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


def _decision(
    number: int, chapter: Chapter, title: str, figure: Figure | None, plan: Plan
) -> list[Block]:
    made: list[Block] = [
        Break(),
        Heading(f"{number}. {title}"),
        Text(f"**{said(chapter.question)}** {with_labels(chapter.answer, plan)}"),
        Finding("Proposed", with_labels(_joined(chapter.section("Decision")), plan), "decision"),
        Finding("Least comfortable", chapter.uncomfortable, "warning", (chapter.worst.id,)),
    ]
    if figure is not None:
        made.append(figure.no_higher(HIGHEST))
    turns = _joined(chapter.section("What would change our mind"))
    return [*made, Finding("What would change our mind", turns)]


def _joined(markdown: str) -> str:
    """A section as one paragraph; items of a list follow each other."""
    parts = []
    for block in prose.blocks(markdown):
        parts += [block.text] if isinstance(block, Text) else list(getattr(block, "items", ()))
    return " ".join(parts)
