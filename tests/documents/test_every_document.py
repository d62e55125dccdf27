"""Every document of a plan, read back: tagged for who cannot see it, in words, of one plan alone.

The tags are looked at as ISO 14289-1 (PDF/UA-1) asks for them, one clause a check. Left out: what
no program can judge, such as whether an alternative text says what a figure shows.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pypdf
import pypdfium2
import pytest
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

from portlib import plan
from portlib.documents import dossier, forms, quarterly_review, run, shelf, universe
from portlib.documents.document import Document, Heading, Signatures, Table
from portlib.documents.typesetting import pdf
from portlib.retirement import model_portfolios
from portlib.stewardship.governance import model_registry
from tests import accepted
from tests.documents import material
from tests.documents.unrun import DAY, MADE_FROM, PLANS, ROOT, as_shown, numbers

Of = set[str] | frozenset[str]


@dataclass(frozen=True, eq=False)
class Paper:
    """A document, its file read once, and what it was handed to print."""

    made: Document
    content: bytes
    read: pypdf.PdfReader
    pages: list[str]
    lines: list[dict[int, str]]
    text: str
    material: Of = frozenset()


Papers = Mapping[str, Paper]
#: Paragraphs of the law and of its forms that templates of a plan alone name.
PARAGRAPHS = frozenset({"29", "2550", "404", "1", "2", "12"})


@pytest.fixture(scope="module")
def papers(ours: plan.Plan, book: run.Run, reworded: Callable[[str], str]) -> Papers:
    """One of each kind, and the forms; of the models' reports the first alone, for time's sake."""
    made: dict[str, tuple[Document, Of]] = {}
    with pytest.MonkeyPatch.context() as once:
        watched, portfolio = Kept(quarterly_review.quarter), Kept(universe.of_plan)
        once.setattr(quarterly_review, "quarter", watched)
        once.setattr(universe, "of_plan", portfolio)
        once.setattr(model_portfolios, "suite", Kept(model_portfolios.suite))
        for module, name in ((dossier, "_menu"), (dossier, "_worth")):
            once.setattr(module, name, Kept(getattr(module, name)))
        kinds = [kind for kind in shelf.KINDS if kind != "allocation"] + ["allocation"]
        for one in shelf.make(kinds, ours, book, made=DAY, made_from=MADE_FROM):
            made[one.name] = one, frozenset()
            if one.name.startswith("allocation"):
                break
        review = made["quarterly_review"][0]
        made["quarterly_review"] = review, material.of_review(watched.answers[0])
        made[one.name] = one, material.of_allocation(portfolio.answers[0])
        for fund in of_each_kind(ours):
            one = dossier.dossier(ours, fund, made=DAY, made_from=MADE_FROM)
            made[one.name] = one, material.of_dossier(ours, fund)
        for name, (one, _) in made.items():
            if one.kind == forms.KIND:
                form = name.removeprefix("forms/")
                made[name] = one, material.of_form(ours, form, book.forms[form])
    return {name: opened(*each, reworded) for name, each in made.items()}


def of_each_kind(ours: plan.Plan) -> list[str]:
    """The first option of each kind, and of ordinary ones the dearest and one held by most."""
    funds = ours.funds
    ordinary = funds[~funds["kind"].isin(["employer_stock", "target_date"])]
    first = [str(rows.index[0]) for _, rows in funds.groupby("kind")]
    dearest = str(ordinary["expense_ratio"].idxmax())
    most = str(ours.shares.reindex(ordinary.index).idxmax())
    return list(dict.fromkeys([*first, dearest, most]))


class Kept:
    """A function that computes each answer once; the answers are kept in order."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.asked: list[tuple[object, ...]] = []
        self.answers: list[Any] = []

    def __call__(self, *given: object) -> Any:
        for asked, answer in zip(self.asked, self.answers, strict=True):
            if all(
                a is b or (isinstance(a, str) and a == b) for a, b in zip(asked, given, strict=True)
            ):
                return answer
        self.asked.append(given)
        self.answers.append(self.function(*given))
        return self.answers[-1]


def opened(made: Document, of: Of, reworded: Callable[[str], str]) -> Paper:
    """A document set, read and its words taken out, each once."""
    content = pdf(made)
    pages, lines = [], []
    with pypdfium2.PdfDocument(content) as file:
        for page in file:
            said = page.get_textpage()
            found: dict[int, str] = {}
            for each in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT], textpage=said):
                height, text = round(each.get_matrix().f), each.extract().strip()
                if text and 72 <= height <= 720:
                    found[height] = f"{found.get(height, '')} {text}".strip()
            pages.append(said.get_text_range())
            lines.append(found)
    read = pypdf.PdfReader(io.BytesIO(content))
    return Paper(made, content, read, pages, lines, reworded("\n".join(pages)), of)


def test_a_document_says_what_it_said_when_it_was_accepted(papers: Papers, whose: str) -> None:
    """What moves in a document is seen by whoever changes something, and by whoever reviews it."""
    now = "".join(accepted.text(name, paper.made.to_json()) for name, paper in papers.items())
    moved = accepted.moved(f"documents_of_the_{whose}_plan", now)
    assert not moved, moved


@pytest.fixture(scope="module")
def texts(papers: Papers) -> dict[str, str]:
    """What each says."""
    return {name: paper.text for name, paper in papers.items()}


def tags(read: pypdf.PdfReader) -> Iterator[tuple[str, Any, Any]]:
    """Kind, element and parent of every element of a file's structure, in its order."""

    def walk(node: Any, parent: Any) -> Iterator[tuple[str, Any, Any]]:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                yield from walk(each, parent)
        elif isinstance(node, dict):
            if "/S" in node:
                yield str(node["/S"]).lstrip("/"), node, parent
            yield from walk(node.get("/K", []), node if "/S" in node else parent)

    yield from walk(read.trailer["/Root"]["/StructTreeRoot"]["/K"], None)


def test_each_is_tagged_says_its_language_and_shows_its_title(papers: Papers) -> None:
    for name, paper in papers.items():
        made, read = paper.made, paper.read
        root = read.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"].value, (name, "6.2")
        assert str(root["/MarkInfo"].get("/Suspects", False)) == "False", (name, "7.1")
        assert str(root["/Lang"]) == "en-US", (name, "7.2")
        assert root["/ViewerPreferences"]["/DisplayDocTitle"].value, (name, "7.1")
        meta = root["/Metadata"].get_object().get_data().decode()
        assert "<pdfuaid:part>1</pdfuaid:part>" in meta, (name, "5")
        assert "<dc:title>" in meta, (name, "7.1")
        assert read.metadata is not None and read.metadata.title == f"{made.kind}: {made.title}"
        assert not read.is_encrypted, (name, "7.16")


def test_figures_bear_words_tables_heads_and_headings_leave_no_level_out(papers: Papers) -> None:
    for name, paper in papers.items():
        made, found = paper.made, list(tags(paper.read))
        figures = [node for kind, node, _ in found if kind == "Figure"]
        assert len(figures) == len(made.figures), (name, "7.3")
        assert all(str(node["/Alt"]).strip() for node in figures), (name, "7.3")
        assert all("/A" in node for node in figures), (name, "7.3: a box")
        rows = [node for kind, node, _ in found if kind == "TR"]
        heads = [parent for kind, _, parent in found if kind == "TH"]
        tables = [node for kind, node, _ in found if kind == "Table"]
        assert len(heads) >= len(tables), (name, "7.5")
        scopes = [scope(node) for kind, node, _ in found if kind == "TH"]
        assert set(scopes) <= {"/Column", "/Row", "/Both"}, (
            name,
            "7.5: of what a cell is the head",
        )
        assert not tables or rows, (name, "7.5")
        levels = [int(kind[1:]) for kind, _, _ in found if re.fullmatch(r"H[1-6]", kind)]
        last = 0
        for level in levels:
            assert level <= last + 1, (name, "7.4.2", levels)
            last = level


def test_every_column_has_a_head_in_words(papers: Papers) -> None:
    for name, paper in papers.items():
        for table in (block for block in paper.made.body if isinstance(block, Table)):
            assert all(head.strip() for head in table.head), (name, table.head)


def scope(head: Any) -> str | None:
    """Of what a table's cell is the head, as its attributes say it."""
    given = head.get("/A", [])
    each = given if isinstance(given, list) else [given]
    return next((str(one["/Scope"]) for one in each if "/Scope" in one), None)


def test_tabs_follow_the_structure_and_links_say_where_they_lead(papers: Papers) -> None:
    for name, paper in papers.items():
        for page in paper.read.pages:
            links = [each.get_object() for each in page.get("/Annots", [])]
            assert not links or page["/Tabs"] == "/S", (name, "7.18.3")
            assert all(str(link.get("/Contents", "")).strip() for link in links), (name, "7.18.5")


def test_a_validator_finds_nothing(papers: Papers) -> None:
    """All that a machine can check of PDF/UA-1, by rules that are not ours."""
    import page as validator

    for name, paper in papers.items():
        found = validator.validate_pdf_bytes(paper.content, profile="ua1")
        assert found.rules.total > 100
        assert found.is_compliant, (name, [(one.rule_id, one.message) for one in found.failures])


def test_every_font_is_in_the_file(papers: Papers) -> None:
    for name, paper in papers.items():
        for page in paper.read.pages:
            for font in page["/Resources"].get("/Font", {}).values():
                inner = font.get_object()
                inner = (
                    inner["/DescendantFonts"][0].get_object()
                    if "/DescendantFonts" in inner
                    else inner
                )
                within = inner["/FontDescriptor"].get_object()
                assert {"/FontFile", "/FontFile2", "/FontFile3"} & within.keys(), (name, "7.21.4")


def test_words_are_words(texts: dict[str, str], ours: plan.Plan) -> None:
    codes = {code for code in ours.inputs.classes.by_name if "_" in code}
    for name, text in texts.items():
        left = re.findall(r"\bNone\b(?! of)|\bnan\b|\binf\b|\{glue|\{doc|\{term|\\_|\$\\", text)
        allowed = text.count("SPECIMEN. None: no") + text.count("None.")
        assert len(left) <= allowed, (name, left)
        said = set(re.findall(r"\b\w+\b", text))
        assert not codes & said, (name, codes & said)
        assert not re.findall(r"(?<![\w.])-0(?:\.0+)?%", text), name
        assert "this chapter" not in text, name


def test_nothing_of_another_plan_is_in_any(texts: dict[str, str], whose: str) -> None:
    other = plan.read(next(folder for name, folder in PLANS.items() if name != whose))
    mine = " ".join(plan.read(PLANS[whose]).funds["label"])
    foreign = [label for label in other.funds["label"] if len(label) > 12 and label not in mine]
    for name, text in texts.items():
        assert other.name not in text, name
        assert not [label for label in foreign if label in text], name


def test_what_quotes_the_run_has_its_numbers_alone(
    papers: Papers, texts: dict[str, str], ours: plan.Plan, book: run.Run
) -> None:
    """Validation and audit: numbers of the register, the requirements, forms and plan."""
    quoting = ("validation_report", "auditors_report_408g")
    quoted = " ".join(chapter.text for chapter in book.chapters.values())
    claims = " ".join(
        f"{c.id} {c.statement} {c.against} {c.cannot_show}" for c in book.claims.values()
    )
    asked = " ".join(f"{id} {entry}" for id, entry in book.requirements.items())
    written = " ".join(book.forms.values())
    status = (ROOT / "data" / "regulatory_status.yml").read_text(encoding="utf-8")
    entries = {name: dict(entry) for name, entry in ours.policy.entries.items()}
    told = [ours.to_json(), entries, ours.as_of.isoformat(), MADE_FROM]
    kinds = [[e["kind"] for e in book.requirements.values()]]
    kinds += [[e["kind"] for id, e in book.requirements.items() if id.startswith("CM-")]]
    worsts = sum(claim.worst for claim in book.claims.values())
    stated = [len(book.requirements), len(book.claims), len(book.chapters), worsts]
    stated += [len(each) for each in kinds] + [each.count(kind) for each in kinds for kind in each]
    stated += [len(book.answering(id)) for id in book.requirements]
    stated += [len(papers[name].pages) for name in quoting]
    inventory = model_registry.inventory(
        model_registry.graded(), ours.policy["model_owners"], ours.policy["model_tiers"]
    )
    stated += [len(inventory), *inventory["tier"].value_counts()]
    stated += [int((inventory["tier"] != model_registry.NO_TIER).sum())]
    stated += list(inventory["owner"].value_counts())
    stated += list(inventory.groupby(["exposure", "use"]).size())
    stated += list(Counter(claim.by for claim in book.claims.values()).values())
    counts = material.counts(*stated, *range(1, max(len(papers[n].pages) for n in quoting) + 1))
    tables = [b for name in quoting for b in papers[name].made.body if isinstance(b, Table)]
    counts |= material.counts(*(len(table.rows) for table in tables))
    findings = [row[2] for b in tables if "Severity" in b.head for row in b.rows]
    counts |= material.counts(*(findings.count(severity) for severity in set(findings)))
    head = numbers(f"{DAY:%B %d, %Y} {DAY} {ours.as_of:%B} {ours.as_of.day} {ours.as_of.year}")
    terms = numbers(
        " ".join(
            f"{DAY.year + years}-{DAY.month - months:02d}-{DAY.day}"
            for years in range(3)
            for months in (0, 6)
        )
    )
    known = numbers(f"{quoted} {claims} {asked} {written} {status} {book.made_from}")
    counts |= {f"{section}.{part}" for section in range(1, 9) for part in range(1, 6)}
    known |= as_shown(told) | counts | head | terms | {f"{ours.assets / 1e6:,.1f}"}
    for name in quoting:
        left = numbers(texts[name]) - known
        about = [
            texts[name][m.start() - 30 : m.end() + 30]
            for n in left
            for m in re.finditer(rf"\b{re.escape(n)}\b", texts[name])
        ]
        assert not left, (name, about)


def test_documents_of_a_plan_alone_print_what_they_were_handed_and_no_other_number(
    papers: Papers, ours: plan.Plan
) -> None:
    """Review, allocation report, dossiers: rules, funds, months and the law's paragraphs."""
    handed = {name: paper for name, paper in papers.items() if paper.material}
    assert len(handed) >= 3
    for name, paper in handed.items():
        known = paper.material | material.head(ours, paper.made, len(paper.pages))
        ticks = numbers(
            " ".join(re.findall(r">([^<>]+)</", " ".join(f.svg for f in paper.made.figures)))
        )
        left = numbers(paper.text) - known - ticks - PARAGRAPHS
        assert not left, (name, sorted(left))


def test_no_heading_is_the_last_thing_on_a_page(papers: Papers) -> None:
    for name, paper in papers.items():
        headings = {block.text for block in paper.made.body if isinstance(block, Heading)}
        for page in paper.pages:
            lines = [line.strip() for line in page.splitlines() if line.strip()]
            body = [line for line in lines if not re.match(r"November 29, 2026|\d+ of \d+$", line)]
            last = re.sub(r"^\d+(\.\d+)? ", "", body[-1]) if body else ""
            assert last not in headings, (name, last)


#: Lines of text, signatures not counted, that every page has at least: a heading and a paragraph of
#: four lines, or the head of a table and a few rows. Less looks like an oversight, and is lost as a
#: blank sheet by whoever scans it.
FEWEST = 5


def test_no_page_is_nearly_empty_and_no_signature_stands_alone(papers: Papers) -> None:
    for name, paper in papers.items():
        roles = [r for b in paper.made.body if isinstance(b, Signatures) for r in b.roles]
        signs = " ".join(f"{role}: name Signature Date" for role in roles)
        for number, lines in enumerate(paper.lines, start=1):
            body = [text for text in lines.values() if text not in signs]
            assert len(body) >= FEWEST, (name, number, body)


def test_signatures_stand_below_what_is_signed(papers: Papers) -> None:
    """Or a page with a signature could be put under anything."""
    for name, paper in papers.items():
        for number, lines in enumerate(paper.lines, start=1):
            signed = [height for height, text in lines.items() if "Signature Date" in text]
            above = [height for height in lines if signed and height > max(signed)]
            assert not signed or len(above) >= 2, (name, number, lines)


def test_options_are_lines_of_the_lineup_and_funds_count_each_date(
    papers: Papers, ours: plan.Plan
) -> None:
    """One count for each word, in every document that says how many there are."""
    options = len(ours.funds)
    funds = options if ours.vintages is None else options - 1 + len(ours.vintages)
    for name, paper in papers.items():
        told = re.findall(r"(?:\bof|[Tt]he|its) (\d+) options\b", paper.text)
        if name in ("quarterly_review", "investment_policy_statement", "committee_brief"):
            assert dict(paper.made.facts)["Options"].startswith(f"{options},")
        if name == "quarterly_review" or name.startswith("allocation"):
            assert set(told) <= {str(options)}, (name, told)
            line = f"The {options} options of the lineup are {funds} funds"
            assert (line in paper.text) == (ours.vintages is not None), name
