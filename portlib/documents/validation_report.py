"""What was validated, what was found, how bad is each finding, and until when may it stand?

In the order in which readers of SR 26-2 look: purpose and scope (II), findings, materiality and
aggregate risk (III), development and use (IV), validation and monitoring (V), governance (VI), what
comes from others (VII). SR 26-2 is addressed to banks and binds nobody here; its order is one that
validators know.

Findings are the run's own: what the chapter on validation says that nobody has checked, the claim
that limits each chapter most, and requirements that are not wholly answered. Their severity follows
from the tier of the models concerned, their expiry from `TERMS`. Left out: independence. A run that
reports on itself is evidence for a validator, and no validation.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pandas as pd

from portlib import data
from portlib.documents import prose
from portlib.documents.document import (
    Block,
    Document,
    Finding,
    Form,
    Heading,
    Items,
    Signatures,
    Table,
    Text,
    said,
)
from portlib.documents.run import Chapter, Run
from portlib.documents.words import alone, facts
from portlib.evidence import METHODS
from portlib.plan import Plan
from portlib.stewardship.governance import model_registry

#: Months that a finding may stand before it is closed or opened anew, by severity: half a year for
#: what a decision rests on, a review's cycle for the next, two for the rest. This report proposes
#: them; no rule sets a cycle.
TERMS = {"high": 6, "medium": 12, "low": 24}
#: Classes of requirement that are findings, and their severity.
OPEN = {"open": "medium", "in part": "low"}


def report(plan: Plan, run: Run, *, made: date) -> Document:
    """The validation report on the methodology as one run of one plan's book shows it.

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
        Where the book lacks a chapter that the report quotes.

    Examples
    --------
    A book of which nothing was run is not reported on as if nothing were wrong:

    >>> from unittest.mock import patch
    >>> from portlib import plan as plans
    >>> ours, day = plans.read(), date(2026, 8, 31)
    >>> of = dict.fromkeys(("commit", "lock", "data", "policy", "plan"), "none")
    >>> empty = Run(of, {}, day, {}, {}, {})
    >>> grades = {
    ...     "construction.views": ("some participants", "decides", "high", "research"),
    ...     "stewardship.monitoring.alarms": ("none", "reports", "low", "operations"),
    ...     "stewardship.monitoring_old": ("whole plan", "decides", "high", "plan design"),
    ...     "estimation.forecast_record.scores": ("whole plan", "informs", "medium", "research"),
    ...     "estimation.forecast_record.errors": ("none", "reports", "low", "research"),
    ...     "estimation.forecast_record.kept": ("", "keeps what happened", "no model", "research"),
    ...     "stewardship.audit_log": ("", "keeps what happened", "no model", "operations"),
    ...     "stewardship.limits": ("", "checks", "no model", "operations"),
    ... }
    >>> columns = ["exposure", "use", "tier", "owner"]
    >>> told = pd.DataFrame.from_dict(grades, orient="index", columns=columns)
    >>> with patch.object(model_registry, "inventory", return_value=told) as asked:
    ...     report(ours, empty, made=day)
    Traceback (most recent call last):
    portlib.data.DataError: the book lacks the chapter model_validation; make the whole book first
    >>> decided = ours.policy["model_owners"], ours.policy["model_tiers"]
    >>> asked.call_args.args == (model_registry.graded(), *decided)
    True
    """
    inventory = model_registry.inventory(
        model_registry.graded(), plan.policy["model_owners"], plan.policy["model_tiers"]
    )
    body: list[Block] = [
        *_scope(run, inventory),
        *_findings(plan, run, inventory, made),
        *_aggregate(run, inventory),
        *_development(run),
        *_validation(plan, run),
        *_governance(plan, inventory),
        *_others(run),
        *_opinion(plan),
    ]
    claims = sum(len(chapter.claims) for chapter in run.chapters.values())
    models = int((inventory["tier"] != model_registry.NO_TIER).sum())
    return Document(
        "validation_report",
        "Validation report",
        "Models of the methodology",
        plan.name,
        plan.origin,
        made,
        run.made_from,
        (
            ("Models", f"{models}"),
            ("Of the high tier", f"{int((inventory['tier'] == 'high').sum())}"),
            ("Claims checked", f"{claims}"),
            facts(plan)[3],
        ),
        body,
        numbered=True,
    )


def _scope(run: Run, inventory: pd.DataFrame) -> list[Block]:
    known = data.document("regulatory_status")["changes"]["model_risk_guidance"]
    models = int((inventory["tier"] != model_registry.NO_TIER).sum())
    return [
        Heading("Purpose and scope"),
        Text(
            f"The report covers the {models} models of the inventory and the "
            f"{len(inventory) - models} parts of it that keep, check or state and estimate "
            f"nothing, as executed in the run of commit {said(run.made_from['commit'])}. It does "
            "not cover models outside this book, the record keeper's systems, or what participants "
            "do."
        ),
        Finding(
            "Status of the guidance",
            f"{said(known['now'])} Read: {said(known['read'])}. Checked {known['checked']}.",
            "note",
        ),
        Finding(
            "Who validated",
            "Nobody independent has. Whoever files this report names below who reviewed it, and "
            "what ties that person has to those who built the models.",
            "warning",
        ),
    ]


# ---- findings ------------------------------------------------------------------------------------


def _due(made: date, severity: str) -> str:
    return f"{pd.Timestamp(made) + pd.DateOffset(months=TERMS[severity]):%Y-%m-%d}"


def _severity(chapter: Chapter, inventory: pd.DataFrame) -> str:
    """The tier of the highest model of a chapter: a finding weighs what its models weigh."""
    start = f"{chapter.part}.{chapter.name}"
    own = [n for n in inventory.index if n == start or str(n).startswith(f"{start}.")]
    tiers = set(inventory.loc[own, "tier"])
    return next((tier for tier in TERMS if tier in tiers), "low")


def _findings(plan: Plan, run: Run, inventory: pd.DataFrame, made: date) -> list[Block]:
    unchecked = prose.blocks(run.chapter("model_validation").section("What has not been validated"))
    listed = [text for block in unchecked for text in getattr(block, "items", ())]
    rows = [
        [f"N-{n:02d}", _plain(text), "high", _due(made, "high")]
        for n, text in enumerate(listed, start=1)
    ]
    limits = sorted(
        run.chapters.values(), key=lambda chapter: list(TERMS).index(_severity(chapter, inventory))
    )
    for chapter in limits:
        worst, severity = chapter.worst, _severity(chapter, inventory)
        words = f"{chapter.title}. {worst.statement} Measured {worst.against}."
        words += f" It cannot show {worst.cannot_show.rstrip('.')}."
        rows.append([worst.id, words, severity, _due(made, severity)])
    for id, entry in run.requirements.items():
        if entry["kind"] in OPEN and plan.legal_regime not in entry.get("not_for", ()):
            severity = OPEN[entry["kind"]]
            left = " ".join(str(entry.get("note", "")).split())
            words = f"{entry['citation']}: {entry['kind']}. {left[:1].upper()}{left[1:]}"
            rows.append([id, words.strip(), severity, _due(made, severity)])
    counts = Counter(row[2] for row in rows)
    said_counts = ", ".join(f"{counts[severity]} {severity}" for severity in TERMS)
    return [
        Heading("Findings"),
        Text(
            f"{len(rows)} findings: {said_counts}. N: what the chapter on validation says that "
            "nobody has checked. Two letters and a number of a chapter: the claim that limits its "
            "conclusion most. A requirement's identifier: what the book answers in part or not at "
            "all. A finding is closed, or opened anew with a reason, before the day in the last "
            "column; this report proposes the terms."
        ),
        Table(
            ["Id", "Finding", "Severity", "Expires"],
            rows,
            align=["left", "left", "left", "left"],
            widths=[0, 5, 0, 0],
            small=True,
        ),
    ]


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text.replace("*", ""))


# ---- the rest ------------------------------------------------------------------------------------


def _aggregate(run: Run, inventory: pd.DataFrame) -> list[Block]:
    models = inventory[inventory["tier"] != model_registry.NO_TIER]
    counted = pd.crosstab(models["exposure"], models["use"])
    uses = [use for use in ("decides", "informs", "reports") if use in counted]
    rows = [
        [str(exposure), *(str(counted.loc[exposure, use]) for use in uses)]
        for exposure in ("whole plan", "some participants", "none")
        if exposure in counted.index
    ]
    others = inventory.loc[inventory["tier"] == model_registry.NO_TIER, "use"]
    does = "; ".join(f"{what}, {n}" for what, n in others.value_counts().sort_index().items())
    moves = prose.blocks(run.chapter("model_validation").section("What moves the decisions"))
    made: list[Block] = [
        Heading("Materiality and aggregate risk"),
        Text(
            "Materiality is exposure times purpose. The models are not independent: one set of "
            "expected returns, one covariance and one policy feed all portfolios, so that an error "
            "in them is an error everywhere at once, in the same direction."
        ),
        Table(["Models by exposure", *uses], rows, widths=[2, *[1] * len(uses)]),
        Text(f"Parts of the inventory that estimate nothing, and so are no models: {does}."),
        *[block for block in moves if isinstance(block, Text)][:1],
    ]
    figure = run.chapter("model_validation").figures.get("sensitivity")
    return [*made, *([figure] if figure else [])]


def _development(run: Run) -> list[Block]:
    rows = [
        [chapter.title, chapter.question, f"{len(chapter.claims)}"]
        for chapter in run.chapters.values()
    ]
    return [
        Heading("Development and use"),
        Text(
            "Each chapter states the question that its models answer, the theory, what it leaves "
            "out, and the rule that would do without it."
        ),
        Table(
            ["Chapter", "What it is used for", "Claims"],
            rows,
            align=["left", "left", "right"],
            widths=[1.2, 3, 0.5],
            small=True,
        ),
    ]


def _validation(plan: Plan, run: Run) -> list[Block]:
    rows = []
    for chapter in run.chapters.values():
        counted = Counter(claim.by for claim in chapter.claims)
        rows.append([chapter.title, *(str(counted[by]) if counted[by] else "" for by in METHODS)])
    total = Counter(claim.by for chapter in run.chapters.values() for claim in chapter.claims)
    rows.append(["All", *(str(total[by]) for by in METHODS)])

    def answered(name: str) -> Text:
        chapter = run.chapter(name)
        words = f"*{chapter.question}* {chapter.answer}"
        return Text(alone(words, chapter.title, plan), (chapter.worst.id,))

    return [
        Heading("Validation and monitoring"),
        Heading("Conceptual soundness and verification", 2),
        answered("model_validation"),
        Table(
            ["Claims by chapter and method", *(by.capitalize() for by in METHODS)],
            rows,
            widths=[2, *[0.9] * len(METHODS)],
            strong=(len(rows) - 1,),
            small=True,
        ),
        Heading("Outcomes analysis", 2),
        answered("forecast_record"),
        Heading("Ongoing monitoring", 2),
        answered("monitoring"),
    ]


def _governance(plan: Plan, inventory: pd.DataFrame) -> list[Block]:
    policy = plan.policy
    roles = ", ".join(said(role) for role in policy["approval_roles"])
    owners = inventory.groupby("owner").size()
    rows = [[str(owner), str(count)] for owner, count in owners.items()]
    return [
        Heading("Governance and controls"),
        Text(
            f"A change of policy needs {policy['approvals_needed']} of "
            f"{len(policy['approval_roles'])} roles ({roles}) and "
            f"{policy['policy_timelock_hours']:g} hours. Records are kept for "
            f"{policy['record_retention_years']:g} years."
        ),
        Table(["Owner", "Models and other parts of the inventory"], rows),
    ]


def _others(run: Run) -> list[Block]:
    return [
        Heading("What comes from others"),
        Items(
            [
                "Libraries: pinned by hash in the lock "
                f"{said(run.made_from['lock'])}; every method met a second one that shares no code "
                "with it, where the chapters say so.",
                "Data: named with publisher, date and confidence in the book's page on data; "
                f"fingerprint {said(run.made_from['data'])}.",
                "The survey of expected returns: a vendor's product in the sense of section VII; "
                "its errors are measured in the chapter on forecasts, its inputs are not known.",
            ]
        ),
    ]


def _opinion(plan: Plan) -> list[Block]:
    return [
        Heading("The validator's opinion"),
        Form(
            [
                ("Validator, training and experience, and ties to those who built the models", ""),
                ("What was examined beyond this report, and what was sampled", ""),
                ("Findings that are closed, and on what evidence", ""),
                ("Fit for use, fit with conditions, or not fit; for which uses", ""),
                ("When it is due again, and which changes bring that day forward", ""),
            ]
        ),
        Signatures(["Validator", plan.policy["approval_roles"][0].capitalize()]),
    ]
