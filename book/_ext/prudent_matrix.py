"""The reviewers' matrix as an assurance case: requirement, claim in words, argument, evidence.

The matrix is an index, one line a requirement, by group. Each requirement has a page of its own:
what is asked, in whose words; what this book says to that; why a reader may believe it; the check
that leads, and the others; what is left, and who does it. The register is written beside the pages
for a spreadsheet, with what each column means.
"""

from __future__ import annotations

import csv
import html
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from portlib import evidence

MEANING = {
    "executed": "a check in this book, run with it",
    "in part": "checks in this book answer a part; the rest is named",
    "documented": "a named section of this book",
    "organisational": "people must do it; the book supplies the form",
    "open": "not answered by this edition",
}
GROUPS = {
    "CM": "Advice by a computer model (ERISA 408(g))",
    "ED": "Education that is not advice",
    "ER": "Prudence, loyalty, diversification (ERISA 404)",
    "CC": "Participants who direct their accounts (ERISA 404(c))",
    "QD": "Defaults (QDIA)",
    "AE": "Automatic enrolment",
    "TD": "Target-date funds",
    "DS": "Disclosure and notices",
    "LI": "Income for life",
    "RK": "Records",
    "PT": "Prohibited transactions: PTE 2020-02",
    "MR": "Model risk",
    "SE": "Investment advisers (SEC)",
    "FI": "Brokers (FINRA)",
    "GI": "Performance standards (GIPS)",
    "TX": "Tax",
    "CT": "Courts",
}
#: What this book says to a requirement, by the kind of answer.
SAYS = {
    "executed": "It is met by what is computed here, as far as a check can show it.",
    "in part": "A part of it is met by what is computed here.",
    "documented": "It is met by a section of this book.",
    "organisational": "No program can meet it. People do; this book supplies a form.",
    "open": "This edition does not answer it.",
}
ARGUMENT = {
    "identity": "a property that must hold exactly was computed and holds",
    "second solver": "a second, independent method gives the same answer",
    "published table": "figures that others printed are reproduced",
    "simulation": "it was tried on many drawn cases",
    "real data": "it was measured on real records",
    "worked example": "examples worked by another route come out",
}
Lead = tuple[str, evidence.Claim]


def lead(entry: Mapping[str, Any], answering: list[Lead]) -> Lead | None:
    """The check that says most about one requirement: the one it names, or the one that answers the
    fewest others, real data before drawn ones."""
    named = [pair for pair in answering if pair[1].id == entry.get("lead")]
    weight = {"real data": 0, "published table": 1, "second solver": 2, "simulation": 3}
    ranked = sorted(answering, key=lambda p: (len(p[1].answers), weight.get(p[1].by, 4)))
    return next(iter(named or ranked), None)


def badge(kind: str) -> str:
    return f"<span class='kind kind-{kind.replace(' ', '-')}'>{kind}</span>"


def index(
    register: evidence.Register,
    required: Mapping[str, Mapping[str, Any]],
    chapter: Callable[[str], str],
    loose: Mapping[str, str],
) -> str:
    """Counts by kind that filter, then a table a group: one line a requirement.

    `chapter` gives the page of a chapter, relative to the matrix; `loose` what is said of a
    requirement that does not bind the plan.
    """
    counts = Counter(entry["kind"] for entry in required.values())
    choices = [("all", len(required), "every requirement")]
    choices += [(kind, counts[kind], MEANING[kind]) for kind in evidence.KINDS]
    labels = "".join(
        f"<label title='{why}'><input type='radio' name='kind' value='{kind}'"
        f"{' checked' if kind == 'all' else ''}><span><b>{count}</b> {kind}</span></label>"
        for kind, count, why in choices
    )
    parts = [f"<fieldset class='matrix-filter'><legend>Show</legend>{labels}</fieldset>"]
    for group in dict.fromkeys(id.split("-")[0] for id in required):
        rows = []
        for id, entry in required.items():
            if id.split("-")[0] != group:
                continue
            answering = register.answering(id)
            first = lead(entry, answering)
            answer = ""
            if first is not None:
                name, claim = first
                more = f", and {len(answering) - 1} more" if len(answering) > 1 else ""
                answer = f"<a href='{chapter(name)}#{claim.id}'>{claim.id}</a>{more}"
            binding = entry["status"].startswith(("binding", "statute")) and id not in loose
            bound = "" if binding else " not-binding"
            here = (
                f"<div class='fine not-binding'>{html.escape(loose[id])}</div>"
                if id in loose
                else ""
            )
            kind = entry["kind"].replace(" ", "-")
            rows.append(
                f"<tr id='{id.lower()}' class='kind-{kind}'>"
                f"<td><a href='requirements/{id.lower()}.html'>{id}</a></td>"
                f"<td>{html.escape(entry['requirement'])}"
                f"<div class='fine'>{html.escape(entry['citation'])} · <span class='status{bound}'>"
                f"{html.escape(entry['status'])}</span></div>{here}</td>"
                f"<td>{badge(entry['kind'])}</td><td class='fine'>{answer}</td></tr>"
            )
        title = html.escape(GROUPS.get(group, group))
        parts.append(
            f"<section class='group' id='group-{group.lower()}'><h2>{title}</h2>"
            "<table class='ledger matrix'><thead><tr><th>id</th><th>what it asks</th>"
            f"<th>answer</th><th>checks</th></tr></thead><tbody>{''.join(rows)}</tbody></table></section>"
        )
    return "".join(parts)


def contents(required: Mapping[str, Any]) -> str:
    """The groups, as links."""
    groups = Counter(id.split("-")[0] for id in required)
    links = (
        f"<li><a href='#group-{group.lower()}'>{html.escape(GROUPS.get(group, group))}</a> "
        f"<span class='fine'>{count}</span></li>"
        for group, count in groups.items()
    )
    return f"<ul class='groups'>{''.join(links)}</ul>"


def pages(
    register: evidence.Register,
    required: Mapping[str, Mapping[str, Any]],
    chapter: Callable[[str], str],
    titles: Mapping[str, str],
    loose: Mapping[str, str],
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """One page a requirement; `chapter` gives a chapter's page from the site's root."""
    ids = list(required)
    for place, id in enumerate(ids):
        entry = required[id]
        body = requirement(id, entry, register.answering(id), chapter, titles, loose.get(id, ""))
        around = [
            f"<a href='{other.lower()}.html'>{word} {other}</a>"
            for word, at in (("←", place - 1), ("→", place + 1))
            if 0 <= at < len(ids)
            for other in [ids[at]]
        ]
        body += f"<p class='fine around'>{' · '.join([*around, up(id)])}</p>"
        yield (
            f"book/requirements/{id.lower()}",
            {"title": f"Requirement {id}", "body": body},
            "page.html",
        )


def up(id: str) -> str:
    return f"<a href='../matrix.html#{id.lower()}'>all requirements</a>"


def requirement(
    id: str,
    entry: Mapping[str, Any],
    answering: list[Lead],
    chapter: Callable[[str], str],
    titles: Mapping[str, str],
    loose: str,
) -> str:
    """The case for one requirement, in HTML."""
    first = lead(entry, answering)
    e = html.escape
    words = e(entry.get("paragraph", ""))
    text = f" <a href='{e(entry['url'])}'>the text</a>" if entry.get("url") else ""
    parts = [
        f"<section id='{id.lower()}'><h1>{id} {badge(entry['kind'])}</h1>",
        f"<p class='lead-in'>{e(entry['requirement'])}</p>",
        f"<p class='fine'>{e(entry['citation'])} · {e(entry['status'])} · "
        f"{e(entry['applies_to'])}</p>",
    ]
    if loose:
        parts.append(f"<p class='not-binding'>{e(loose)}</p>")
    if words:
        parts.append(f"<h2>In its words</h2><blockquote><p>{words}{text}</p></blockquote>")
    parts.append(f"<p class='fine'>{e(entry['confidence'])}; checked {entry['checked']}.</p>")
    if inferred := entry.get("inference", "").rstrip("."):
        parts.append(f"<p>This book infers, and the text does not say: {e(inferred)}.</p>")
    parts.append(f"<h2>What this book says</h2><p>{SAYS[entry['kind']]}</p>")
    if first is not None:
        name, claim = first
        link = f"<a href='../../{chapter(name)}#{claim.id}'>{claim.id}</a>"
        parts += [
            f"<p>What leads: <strong>{e(claim.statement)}</strong> ({link}, {e(titles[name])})</p>",
            "<h2>Why that may be believed</h2>",
            f"<p>{e(entry['argument'])}</p>" if entry.get("argument") else "",
            f"<p>{ARGUMENT[claim.by].capitalize()}: measured {e(claim.against)}. "
            f"It cannot show {e(claim.cannot_show.rstrip('.'))}.</p>",
        ]
    places = [
        (f, label)
        for f, label in (("section", "The section"), ("form", "The form"))
        if entry.get(f)
    ]
    for field, label in places:
        page, _, anchor = entry[field].partition("#")
        target = f"../../{page}.html" + (f"#{anchor}" if anchor else "")
        parts.append(f"<p>{label}: <a href='{target}'>{e(titles.get(page, page))}</a></p>")
    if entry.get("note"):
        parts.append(f"<h2>What is left</h2><p>Missing: {e(entry['note'])}</p>")
    others = [(name, c) for name, c in answering if first is None or c.id != first[1].id]
    if others:
        parts.append(f"<h2>The other checks ({len(others)})</h2>")
        for name in dict.fromkeys(name for name, _ in others):
            rows = "".join(
                f"<li><a href='../../{chapter(name)}#{c.id}'>{c.id}</a> {e(c.statement)} "
                f"<span class='claim-measured'>{e(c.against)}</span></li>"
                for where, c in others
                if where == name
            )
            parts.append(f"<h3>{e(titles[name])}</h3><ul class='checks'>{rows}</ul>")
    return "".join(parts) + "</section>"


# -------------------------------------------------------------------------------- for a spreadsheet

FIELDS = {
    "evidence": {
        "id": "the claim; unique in the book",
        "chapter": "the chapter that states and checks it",
        "page": "where it stands, from the folder of this file",
        "statement": "what is claimed, in words",
        "measured": "what was measured, a number in the unit named",
        "relation": "how it must stand to the bound",
        "low": "the smallest value that passes, where there is one",
        "high": "the largest value that passes, where there is one",
        "unit": "of measured, low and high; decimals are shares of one",
        "holds": "whether it passed",
        "by": "how it was verified",
        "cannot_show": "what a passing check leaves unshown",
        "answers": "the requirements it answers, divided by a semicolon",
        "citations": "where those requirements stand, in the same order",
        "worst": "whether it is the claim that most limits its chapter",
        "plan": "the plan that this edition was made for",
        "commit": "the version of the project that made it",
        "executed": "when its chapter was executed",
    },
    "matrix": {
        "id": "the requirement",
        "group": "what it belongs to",
        "requirement": "a paraphrase of what is asked",
        "citation": "where it stands",
        "status": "how far it binds",
        "applies_to": "whom",
        "kind": "executed, in part, documented, organisational, open",
        "lead": "the check that leads",
        "checks": "how many checks answer it",
        "left": "what is missing",
        "form": "the form for what people must do",
        "section": "the section that documents it",
        "text": "where its words are",
        "confidence": "what was read",
        "checked": "on which day",
        "page": "its page, from the folder of this file",
        "plan": "the plan that this edition was made for",
        "commit": "the version of the project that made it",
    },
}


def bounds(claim: evidence.Claim) -> tuple[Any, Any]:
    """The smallest and the largest value that pass; nothing where there is none."""
    if isinstance(claim.bound, tuple):
        return claim.bound
    low = claim.bound if claim.relation in ("at least", "equals") else ""
    high = claim.bound if claim.relation in ("at most", "equals") else ""
    return low, high


def tables(
    register: evidence.Register,
    required: Mapping[str, Mapping[str, Any]],
    chapter: Callable[[str], str],
    made: Mapping[str, str],
    executed: Mapping[str, str],
) -> dict[str, list[dict[str, Any]]]:
    """The register and the matrix, one flat row each."""
    origin = {"plan": made["plan"], "commit": made["commit"]}
    claims = []
    for name, stated in register.claims.items():
        for c in stated:
            low, high = bounds(c)
            row = {**asdict(c), "chapter": name, "page": f"{chapter(name)}#{c.id}"}
            row |= {"low": low, "high": high, "holds": c.holds, "answers": "; ".join(c.answers)}
            row["citations"] = " | ".join(
                required[r].get("citation", "") for r in c.answers if r in required
            )
            row |= {**origin, "executed": executed.get(name, "")}
            claims.append({field: row[field] for field in FIELDS["evidence"]})
    asked = []
    for id, entry in required.items():
        answering = register.answering(id)
        first = lead(entry, answering)
        row = {**entry, **origin, "checks": len(answering), "left": entry.get("note", "")}
        row |= {"lead": first[1].id if first else "", "text": entry.get("url", "")}
        row |= {
            "group": GROUPS.get(id.split("-")[0], ""),
            "page": f"book/requirements/{id.lower()}.html",
        }
        flat: dict[str, Any] = {field: str(row.get(field, "")) for field in FIELDS["matrix"]}
        asked.append({**flat, "checks": len(answering)})
    meaning = [
        {"table": table, "column": field, "meaning": words}
        for table, fields in FIELDS.items()
        for field, words in fields.items()
    ]
    return {"evidence": claims, "matrix": asked, "columns": meaning}


def write(site: Path, sheets: Mapping[str, list[dict[str, Any]]]) -> None:
    """``evidence.csv``, ``matrix.csv``, ``columns.csv``, and all three in ``evidence.xlsx``."""
    import xlsxwriter

    book = xlsxwriter.Workbook(
        site / "evidence.xlsx", {"strings_to_formulas": False, "in_memory": True}
    )
    bold = book.add_format({"bold": True, "bottom": 1})
    for name, rows in sheets.items():
        fields = list(rows[0]) if rows else ["id"]
        with (site / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=fields)
            writer.writeheader()
            writer.writerows(rows)
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, fields, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row.values()):
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    sheet.write_string(number, column, str(value))
                else:
                    sheet.write_number(number, column, value)
        sheet.freeze_panes(1, 1)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(fields) - 1)
    book.close()
