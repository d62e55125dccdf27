"""Which forms do people sign, and what of them does the plan already know?

Each form is one page of the book; here it is a document to print and sign, and the same as
``.docx`` for who edits it. What the plan's data know is filled in (`KNOWN`), in another colour;
whatever asks for a person's judgement stays empty.

Left out: signatures, and every form that the plan's own counsel prefers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from portlib import standing
from portlib.documents import prose
from portlib.documents.document import (
    Block,
    Document,
    Form,
    Signatures,
    Text,
    runs,
    said,
)
from portlib.documents.run import Run
from portlib.documents.words import dollars, percent, transfers, value, with_labels, yearly_cost
from portlib.plan import Plan
from portlib.retirement import plan_menu
from portlib.retirement.plan_menu import fund_costs, options

KIND = "Form"
LINE = re.compile(r"_{6,}")


def forms(plan: Plan, run: Run, *, made: date) -> Iterator[Document]:
    r"""Every form of the book, filled in as far as the plan knows.

    Parameters
    ----------
    plan : Plan
    run : Run
        Whose ``forms`` are the texts, by name.
    made : date
        The day for which they are made.

    Yields
    ------
    Document

    Examples
    --------
    A form is the table of its page, and a line for who signs.

    >>> from portlib import plan as plans
    >>> head = "# Acceptance\n\n```{list-table}\n* - Field\n  - Entry\n"
    >>> text = head + "* - 1. Who accepts\n  - \n```\n\n**Signed by** the chair. Name, signature."
    >>> run = Run({}, {}, date(2026, 11, 29), {}, {}, {"acceptance": text})
    >>> [made] = forms(plans.read(), run, made=run.executed)
    >>> made.title, [made.body[0].fields, made.body[1].roles]
    ('Acceptance', [[('1. Who accepts', '')], ['Chair']])
    """
    titles = {name: title(text) for name, text in run.forms.items()}
    titles |= {name: chapter.title for name, chapter in run.chapters.items()}
    titles |= {"matrix": "matrix of requirements", "reader": "For the committee"}
    for name, text in run.forms.items():
        if "{list-table}" in text:
            yield _form(plan, run, name, text, titles, made)


def _form(
    plan: Plan, run: Run, name: str, text: str, titles: Mapping[str, str], made: date
) -> Document:
    fields = _fields(text, titles)
    known = KNOWN.get(name, {})
    filled = [(asked, known[n](plan) if n in known else "") for n, asked in fields]
    outside = prose.resolved(text, {}, titles).split("\n", 1)[-1]
    before: list[Block] = []
    after: list[Block] = []
    signed: list[str] = []
    for block in prose.blocks(outside):
        if not isinstance(block, Text):
            after.append(block)
        elif block.text.startswith("**Signed by**"):
            signed.append(_signer(block.text))
        elif block.text.startswith("**Kept until**"):
            after.append(
                Text(LINE.sub("", block.text).replace(" Enter the date: ", ""), small=True)
            )
        else:
            (after if signed else before).append(Text(block.text, small=True))
    if law := standing.law(plan):
        before.insert(0, Text(said(law), small=True))
    body: list[Block] = [*before, Form(filled), Signatures(signed), *after]
    return Document(
        f"forms/{name}",
        KIND,
        titles[name],
        plan.name,
        plan.origin,
        made,
        run.made_from,
        (),
        body,
    )


def title(text: str) -> str:
    """What a form's page calls it; nothing for a page without a title.

    Examples
    --------
    >>> title("(here)=\\n# Minutes of it\\n\\n# Else"), title("## A section\\n#None")
    ('Minutes of it', '')
    """
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _fields(text: str, titles: Mapping[str, str]) -> list[tuple[int, str]]:
    """Number and wording of each field of a form's table, without its head."""
    table = re.search(r"```\{list-table\}(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\* - (.*?)^  -", table[1] if table else "", re.MULTILINE | re.DOTALL)
    made = []
    for row in rows[1:]:
        words = prose.resolved(" ".join(row.split()), {}, titles)
        number = re.match(r"(\d+)\\?\.", words)
        made.append((int(number[1]) if number else 0, words))
    return made


def _signer(text: str) -> str:
    """Who signs, in the words of the form's line."""
    found = re.search(r"\*\*Signed by\*\* (.+?)\. Name, signature", text)
    words = found[1] if found else text
    words = words.removeprefix("the ").removeprefix("a ")
    return words[:1].upper() + words[1:]


# ---- what a plan knows ---------------------------------------------------------------------------


def _options(plan: Plan) -> str:
    return said("; ".join(plan.funds["label"].astype(str)))


def _fees(plan: Plan) -> str:
    rows = [
        f"{row['label']} {yearly_cost(row['expense_ratio'])}, "
        f"${1000 * row['expense_ratio']:.2f} per $1,000"
        for _, row in plan.funds.iterrows()
    ]
    return said("; ".join(rows))


def _automatic(plan: Plan) -> str:
    share = plan.rules["contributions"]["automatic"]
    if not share:
        return "No automatic contributions by the plan's rules."
    stated = value(share, "share")
    return f"{stated} of pay, automatically; the right to refuse or change it is stated."


def _default(plan: Plan) -> str:
    fund = plan.rules["default"]
    if not fund:
        return "The plan's rules name no default."
    cost = yearly_cost(plan.funds.loc[fund, "expense_ratio"])
    words = f"{plan.funds.loc[fund, 'label']}; expenses {cost} a year"
    if plan.vintages is not None and plan_menu.series_of(plan) == fund:
        path = plan.vintages["equity"]
        first = value(float(path.iloc[0]), "share")
        words += f"; equity {first} {path.index[0]:g} years before retirement"
        if 0 in path.index:
            words += f", {value(float(path.loc[0]), 'share')} at retirement"
    return said(words)


def _restrictions(plan: Plan) -> str:
    named = fund_costs.restrictions(plan)
    listed = [
        f"{label}: {with_labels(words, plan)}"
        for label, words in zip(plan.funds["label"], named[plan.funds.index], strict=True)
        if words
    ]
    quarter = plan.rules["trading"]["transfers_per_quarter"]
    if quarter is not None:
        listed.insert(0, f"{transfers(quarter)} a quarter{_by_clause(plan)}")
    return said("; ".join(listed) or "none by the plan's rules")


def _stock(plan: Plan) -> str:
    stock = plan.rules["employer_stock"]
    if not stock:
        return "The plan offers no employer stock."
    label = plan.funds.loc[stock["fund"], "label"]
    state = "closed to new money" if stock["frozen"] else "open to new money"
    return said(
        f"{label}, {state}; {percent(plan.shares[stock['fund']])} of assets; traded "
        f"{dollars(stock['daily_volume'])} a day"
    )


def _stock_in_default(plan: Plan) -> str:
    stock = plan.rules["employer_stock"]
    holds = bool(stock) and stock["fund"] == plan.rules["default"]
    if not stock:
        return "The plan offers no employer stock."
    return "It is employer stock." if holds else "The default is not the employer stock fund."


def _blackouts(plan: Plan) -> str:
    listed = [
        f"{stop['first']} to {stop['last']}: {stop['reason']}; notice {stop['notice']}"
        for stop in plan.rules["blackouts"]
    ]
    return said("; ".join(listed) or "none in the plan's rules")


def _people(plan: Plan) -> str:
    people = plan.participants
    if people.empty:
        return "The plan brought no participants."
    ages = plan.age.quantile([0.1, 0.5, 0.9])
    return (
        f"Ages {ages.iloc[0]:.0f} to {ages.iloc[2]:.0f} (eight in ten), the middle "
        f"{ages.iloc[1]:.0f}; middle pay {dollars(people['pay'].median())}, deferral "
        f"{value(float(people['deferral_rate'].median()), 'share')}, balance "
        f"{dollars(people['balance'].median())}; normal retirement age "
        f"{plan.rules['normal_retirement_age']}."
    )


def _policy_changes(plan: Plan) -> str:
    own = [name.replace("_", " ") for name in plan.policy.own]
    return said("The plan's own entries: " + ", ".join(own)) if own else "None of the plan's own."


def _clauses(plan: Plan) -> str:
    named = dict(plan.rules["clauses"])
    if standing.law(plan):  # every form begins with the law that binds the plan
        named.pop("legal_regime", None)
    return said("; ".join(str(clause) for clause in named.values()))


def _record_keeping(plan: Plan) -> str:
    fee = plan.rules["recordkeeping_fee"]
    return f"{dollars(fee)} an account a year." if fee else "No charge by the plan's rules."


def _affiliated(plan: Plan) -> str:
    named = plan.funds.loc[plan.funds["affiliated"], "label"].astype(str)
    return said("; ".join(named)) if len(named) else "No option is affiliated by the lineup."


def _series(plan: Plan) -> str:
    if plan.vintages is None:
        return "The plan offers no target-date series."
    path = plan.vintages["equity"]
    return "Equity: " + "; ".join(
        f"{options.from_now(years)}: {value(share, 'share')}"
        for years, share in zip(path.index.to_numpy(float), path, strict=True)
    )


def _series_cost(plan: Plan) -> str:
    fund = plan_menu.series_of(plan)
    if fund is None:
        return "The plan offers no target-date series."
    cost = float(plan.funds["expense_ratio"][fund])
    return f"{yearly_cost(cost)}; ${1000 * cost:.2f} a year on $1,000."


def _transfers(plan: Plan) -> str:
    quarter = plan.rules["trading"]["transfers_per_quarter"]
    often = (
        "no limit by the plan's rules"
        if quarter is None
        else f"{quarter} a quarter{_by_clause(plan)}"
    )
    return said(f"Transfers: {often}.")


def _by_clause(plan: Plan) -> str:
    """The plan's clause on trading, in brackets; empty where it names none."""
    clause = plan.rules["clauses"].get("trading")
    return f" ({clause})" if clause else ""


def _hash(plan: Plan) -> str:
    prints = f"Policy {plan.policy.fingerprint[:16]}, plan {plan.fingerprint[:16]}"
    return f"{prints}; code: the commit and lock below."


Knows = Callable[[Plan], str]
#: By form and number of the field, what the plan's data say.
KNOWN: Mapping[str, Mapping[int, Knows]] = {
    "annual_review": {1: _options, 3: _policy_changes},
    "certificate_408g": {1: _hash},
    "change_of_options": {6: _blackouts},
    "default_notice": {
        1: _automatic,
        3: _default,
        4: _restrictions,
        9: _stock_in_default,
    },
    "employee_explanation_tdf": {2: _series, 4: _series_cost},
    "minutes": {4: _clauses, 5: _people, 9: _policy_changes},
    "participant_disclosure": {1: _affiliated, 10: _options},
    "plan_information": {2: _record_keeping, 5: _fees},
    "provider_disclosure": {4: _record_keeping},
    "section_404c": {3: _options, 5: _transfers, 6: _stock},
}


# ---- the same, to edit ---------------------------------------------------------------------------


def docx(document: Document, file: Path) -> None:
    """A form as a file that people edit.

    Raises ModuleNotFoundError, saying what to install, without python-docx.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from docx import Document as opened
    >>> fields = [("1. *When*", ""), ("2. **Who** `x`", "the *chair*")]
    >>> form = Document(
    ...     "forms/note",
    ...     KIND,
    ...     "Note to file",
    ...     "Our plan",
    ...     "SYNTHETIC, in part",
    ...     date(2027, 3, 4),
    ...     {"commit": "0a", "plan": "ours", "policy": "0b"},
    ...     (),
    ...     [Text("*Before* it."), Form(fields), Signatures(["Chair", "Clerk"]), Text("After.")],
    ... )
    >>> with TemporaryDirectory() as place:
    ...     file = Path(place, "forms", "note.docx")
    ...     docx(form, file)
    ...     read, kept = opened(str(file)), zipfile.ZipFile(file).infolist()
    >>> [[cell.text for cell in row.cells] for row in read.tables[0].rows]
    [['What is asked', 'Entry'], ['1. When', ''], ['2. Who x', 'the chair']]
    """
    from docx import Document as Word
    from docx.shared import Inches, Pt

    word = Word()
    section = word.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    section.left_margin = section.right_margin = Inches(1)
    word.styles["Normal"].font.name = "Georgia"
    word.styles["Normal"].font.size = Pt(10)
    word.core_properties.title = document.title
    word.core_properties.language = "en-US"
    word.core_properties.author = document.plan
    word.core_properties.created = word.core_properties.modified = _moment(document.made)
    word.add_heading(document.title, level=1)
    told = [f"{name} {value}" for name, value in document.made_from.items() if name != "plan"]
    whose = [document.origin] if "SYNTHETIC" in document.origin.upper() else []
    word.add_paragraph(" · ".join([document.plan, *whose, f"{document.made}", *told]))
    for block in document.body:
        if isinstance(block, Text):
            _runs(word.add_paragraph(), block.text)
        elif isinstance(block, Form):
            table = word.add_table(rows=1, cols=2, style="Table Grid")
            _marked(table.rows[0], "tblHeader")
            for cell, head in zip(table.rows[0].cells, ("What is asked", "Entry"), strict=True):
                cell.paragraphs[0].add_run(head).bold = True
            for asked, known in block.fields:
                row = table.add_row()
                _marked(row, "cantSplit")
                for cell, words in zip(row.cells, (asked, known), strict=True):
                    _runs(cell.paragraphs[0], words)
        elif isinstance(block, Signatures):
            for role in block.roles:
                word.add_paragraph(f"\n{role}: name, signature, date\n{'_' * 66}")
    file.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    word.save(written)
    day = (*document.made.timetuple()[:3], 0, 0, 0)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(file, "w") as kept:
        for part in parts.namelist():  # each bears a time: of the day it is made for, not of now
            kept.writestr(zipfile.ZipInfo(part, day), parts.read(part), zipfile.ZIP_DEFLATED)


def _marked(row: Any, what: str) -> None:
    """Say of a table's row that it is a head, to repeat and to read out, or that it stays whole."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(f"w:{what}"))


def _runs(paragraph: Any, text: str) -> None:
    for style, words in runs(text):
        run = paragraph.add_run(words)
        run.bold, run.italic = style == "strong", style == "em"


def _moment(day: date) -> object:
    from datetime import UTC, datetime

    return datetime(day.year, day.month, day.day, tzinfo=UTC)
