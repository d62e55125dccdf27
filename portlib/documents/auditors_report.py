"""What would the independent auditor of a 408(g) arrangement find, paragraph by paragraph?

Each requirement of 29 CFR 2550.408g-1 with what it asks, what in this run answers it, what the
checks cannot show, and a place for the auditor's finding; then the report as (b)(6) asks for it, as
a specimen that is filled in and marked as one on every page it fills.

Left out: the audit. No code engages an auditor, samples advice or signs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portlib.documents import forms
from portlib.documents.document import (
    Block,
    Break,
    Document,
    Finding,
    Form,
    Heading,
    Signatures,
    Table,
    Text,
    said,
)
from portlib.documents.run import Run
from portlib.documents.words import facts, governed_by
from portlib.plan import Plan

#: Requirements of the matrix that are about the arrangement begin so.
ARRANGEMENT = "CM-"
#: Checks that are named beside a requirement; the matrix lists them all.
SHOWN = 6
SPECIMEN = "SPECIMEN, filled in to show the form; nobody audited anything and nobody signed"


def report(plan: Plan, run: Run, *, made: date) -> Document:
    """The auditor's report on a computer model arrangement, mapped and as a specimen.

    Parameters
    ----------
    plan : Plan
    run : Run
        Of the plan's book: its requirements and the checks that answer them.
    made : date
        The day for which it is made.

    Returns
    -------
    Document

    Examples
    --------
    What people must do, no check answers; what is not about the arrangement is not in it.

    >>> from portlib import plan as plans
    >>> known = {"requirement": "One   is asked.", "status": "in force", "confidence": "read"}
    >>> def asked(kind, citation, **more):
    ...     return {**known, "kind": kind, "citation": citation, **more}
    >>> missing = {"form": "forms/audit", "note": "a  contract is missing"}
    >>> audit = asked("organisational", "(b)(6)", **missing)
    >>> required = {"ER-1": asked("executed", "(a)"), "CM-1": audit}
    >>> run = Run({"commit": "abc", "policy": "d*f"}, {}, date(2026, 11, 29), {}, required, {})
    >>> ours = plans.read()
    >>> report(ours, run, made=run.executed).facts[:3]
    (('Paragraphs', '1'), ('Answered by checks', '0, 0 in part'), ('By people', '1'))

    It goes on in ``auditors_report.md``.
    """
    asked = {id: e for id, e in run.requirements.items() if id.startswith(ARRANGEMENT)}
    kinds = [entry["kind"] for entry in asked.values()]
    body: list[Block] = [
        *_purpose(plan),
        *_summary(run, asked),
        Heading("Paragraph by paragraph"),
        *(block for id, entry in asked.items() for block in _paragraph(plan, run, id, entry)),
        *_specimen(plan, run, asked, made),
    ]
    return Document(
        "auditors_report_408g",
        "Auditor's report, ERISA 408(g)",
        "Arrangement and advice, by paragraph",
        plan.name,
        plan.origin,
        made,
        run.made_from,
        (
            ("Paragraphs", f"{len(asked)}"),
            ("Answered by checks", f"{kinds.count('executed')}, {kinds.count('in part')} in part"),
            ("By people", f"{kinds.count('organisational')}"),
            facts(plan)[3],
        ),
        body,
    )


def _purpose(plan: Plan) -> list[Block]:
    outside = (
        []
        if plan.legal_regime == "ERISA"
        else [
            Finding(
                "Does not bind this plan",
                f"Its law is another: {said(governed_by(plan))}. The paragraphs are shown as good "
                "practice, and no exemption is sought.",
                "warning",
            )
        ]
    )
    return [
        Heading("What this is"),
        Text(
            "29 CFR 2550.408g-1(b)(6) has an independent auditor report, at least once a year, "
            "within 60 days of completing the audit, whether the arrangement and its advice were "
            "in compliance. This document gives an auditor the paragraphs in order, what the run "
            "shows for each, and what it cannot show. Code answers no paragraph that asks for a "
            "person."
        ),
        *outside,
    ]


def _summary(run: Run, asked: Mapping[str, Mapping[str, Any]]) -> list[Block]:
    rows = [
        [id, str(entry["citation"]), str(entry["kind"]), str(len(run.answering(id)) or "")]
        for id, entry in asked.items()
    ]
    return [
        Heading("The paragraphs at a glance"),
        Table(
            ["No.", "Citation", "How it is answered", "Checks"],
            rows,
            align=["left", "left", "left", "right"],
            widths=[0, 3, 1.2, 0.5],
            small=True,
        ),
    ]


def _paragraph(plan: Plan, run: Run, id: str, entry: Mapping[str, Any]) -> list[Block]:
    found = run.answering(id)
    status = _line(entry["status"])
    status = status[:1].upper() + status[1:]
    if plan.legal_regime in entry.get("not_for", ()):
        status += ", not on this plan"
    made: list[Block] = [
        Heading(f"{id}: {entry['citation']}", 2),
        Text(
            f"{said(_line(entry['requirement']))} *{said(status)}; "
            f"{said(_line(entry['confidence']))}.*"
        ),
    ]
    if found:
        rows = [
            [claim.id, claim.statement, claim.verdict, claim.cannot_show]
            for _, claim in found[:SHOWN]
        ]
        more = (
            f" {SHOWN} of {len(found)} are shown; the matrix lists all."
            if len(found) > SHOWN
            else ""
        )
        made.append(
            Table(
                ["Claim", "Check", "Measured", "Cannot show"],
                rows,
                caption=f"Checks of this run that answer it, in part or wholly.{more}",
                align=["left"] * 4,
                widths=[0, 2, 1.2, 1.4],
                small=True,
            )
        )
    if entry.get("note"):
        note = _line(entry["note"])
        made.append(Finding("What is missing", said(note[:1].upper() + note[1:]), "warning"))
    if entry["kind"] == "organisational":
        named = forms.title(run.forms.get(str(entry.get("form", "")).rsplit("/", 1)[-1], ""))
        which = f"the form *{named}*" if named else "a form"
        made.append(Text(f"People answer this, on {which}; no check does.", small=True))
    return made


def _specimen(
    plan: Plan, run: Run, asked: Mapping[str, Mapping[str, Any]], made: date
) -> list[Block]:
    kinds: dict[str, list[str]] = {}
    for id, entry in asked.items():
        kinds.setdefault(str(entry["kind"]), []).append(id)
    executed = ", ".join(kinds.get("executed", ())) or "none"
    people = ", ".join(kinds.get("organisational", ())) or "none"
    rest = [id for kind in ("in part", "documented", "open") for id in kinds.get(kind, ())]
    binds = plan.legal_regime == "ERISA"
    whose = f"{said(plan.name)}, its committee" if binds else "The committee of an invented plan"
    mark = "**SPECIMEN.** "
    return [
        Break(),
        Heading("The report, as a specimen"),
        Finding(SPECIMEN, "Names, dates of engagement and findings below are invented.", "warning"),
        Form(
            [
                (
                    "To: the authorising fiduciary, and the fiduciary adviser",
                    f"{mark}{whose}; Adviser of the Specimen, Inc.",
                ),
                (
                    "Type of arrangement: computer model, fee levelling, or both",
                    f"{mark}Computer model",
                ),
                (
                    "Auditor; training, experience and proficiency, represented in writing",
                    f"{mark}A. Specimen, CPA; many audits of benefit plans",
                ),
                (
                    "No material affiliation or contract with the offeror or any option; no part "
                    "in developing or certifying",
                    f"{mark}So represented on the day of engagement",
                ),
                (
                    "Period audited; date completed; date due, 60 days later",
                    f"{mark}The year to {plan.as_of}; completed {made}; due within 60 days",
                ),
                (
                    "What was reviewed and sampled",
                    f"{mark}The run of commit {said(run.made_from['commit'])} under policy "
                    f"{said(run.made_from['policy'])}; "
                    "statements of advice, drawn at random",
                ),
                (
                    "The latest certificate of the computer model: its date, and who gave it",
                    f"{mark}None: no eligible investment expert has certified this model",
                ),
                ("Conditions met, on the evidence of the run and the sample", f"{mark}{executed}"),
                (
                    "Conditions met only in part, described alone, or not answered",
                    f"{mark}{', '.join(rest) or 'none'}; see what is missing above",
                ),
                (
                    "Conditions that only records of people can show",
                    f"{mark}{people}: no records were presented",
                ),
                (
                    "Opinion",
                    f"{mark}The arrangement was not in compliance: advice was given before a "
                    "certificate, (b)(4)(ii)",
                ),
                (
                    "Transactions concerned; a pattern or practice or not",
                    f"{mark}All of the sample; a pattern, (e)",
                ),
            ]
        ),
        Signatures(["Auditor", "Authorising fiduciary, on receipt"], "**SPECIMEN. Not signed.**"),
    ]


def _line(text: Any) -> str:
    return " ".join(str(text).split())
