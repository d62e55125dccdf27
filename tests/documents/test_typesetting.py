"""Any document laid out: tagged, in a language, with contents where it is long, within its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pypdf
import pypdfium2
import pytest
import typst
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT

from portlib.documents.document import (
    Block,
    Document,
    Figure,
    Finding,
    Form,
    Heading,
    Items,
    Signatures,
    Table,
    Text,
)
from portlib.documents.typesetting import NotSet, pdf
from tests.documents.unrun import DAY, MADE_FROM, SQUARE

LONG = "Word " * 300
BODY: list[Block] = [
    Heading("First"),
    Text(LONG, ("MV-01",)),
    Items(["one", "**two**"], numbered=True),
    Finding("Least comfortable", "It is not.", "warning", ("MV-02",)),
    Table(["Fund", "Weight"], [["A", "40.0%"], ["B", "60.0%"]], caption="What is held"),
    Figure("square", SQUARE, "A square.", "A blue square"),
    Form([("1. Date", ""), ("2. Name", "known")]),
    Signatures(["Chair"]),
]


def made(body: list[Block], **other: object) -> Document:
    whole = Document("one", "Report", "About one", "A plan", "real", DAY, MADE_FROM, (), body)
    return replace(whole, **other)


def test_it_is_tagged_has_a_language_a_title_and_what_it_was_made_from(
    opened: Callable[[bytes], pypdf.PdfReader], words: Callable[[bytes], str]
) -> None:
    content = pdf(made(BODY))
    read = opened(content)
    root = read.trailer["/Root"]
    assert root["/Lang"] == "en-US"
    assert root["/MarkInfo"]["/Marked"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert read.metadata is not None
    assert read.metadata.title == "Report: About one"
    text = words(content)
    for value in (*MADE_FROM.values(), "November 29, 2026", "1 of 2", "MV-01", "MV-02"):
        assert value in text
    assert read.pages[0].mediabox[2:] == [612, 792], "US Letter"


def test_a_figure_says_what_it_shows_to_who_cannot_see_it(
    opened: Callable[[bytes], pypdf.PdfReader],
) -> None:
    read = opened(pdf(made(BODY)))
    found: list[str] = []

    def walk(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if "/Alt" in node:
                found.append(str(node["/Alt"]))
            walk(node.get("/K", []))

    walk(read.trailer["/Root"]["/StructTreeRoot"]["/K"])
    assert "A blue square" in found


def test_contents_where_it_is_longer_than_four_pages(words: Callable[[bytes], str]) -> None:
    assert "Contents" not in words(pdf(made(BODY)))
    chapters: list[Block] = [Heading("Far"), Text(LONG), Text(LONG), Text(LONG)]
    text = words(pdf(made(chapters * 4)))
    assert "Contents Far . . ." in text.replace(" .", " .") or "Contents Far" in text


def test_the_same_document_gives_the_same_bytes() -> None:
    assert pdf(made(BODY)) == pdf(made(BODY))


def test_an_invented_plan_says_so_on_every_page(words: Callable[[bytes], str]) -> None:
    text = words(pdf(made([*BODY, *BODY], origin="SYNTHETIC")))
    assert text.count("SYNTHETIC") >= 2


def test_a_character_that_no_font_has_is_refused_and_not_left_out() -> None:
    with pytest.raises(NotSet, match="one: Typst refuses it"):
        pdf(made([Text("\N{EGYPTIAN HIEROGLYPH A001}")]))


def test_words_too_long_for_a_cell_stay_on_the_page() -> None:
    row = ["Unbreakable" * 6, "12.3%", "x" * 60]
    assert within(pdf(made([Table(["Fund", "Weight", "Note"], [row] * 3, widths=[2, 1, 1])])))
    beyond = b"#set page(width: 3cm)\n#set text(hyphenate: false)\n" + b"Unbreakable" * 6
    assert not within(typst.compile(beyond))


def within(content: bytes) -> bool:
    """Whether all text begins and ends between the edges of its page."""
    with pypdfium2.PdfDocument(content) as read:
        for page in read:
            wide, high = page.get_size()
            for each in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT]):
                left, bottom, right, top = each.get_bounds()
                if not (0 <= left <= right <= wide and 0 <= bottom <= top <= high):
                    return False
        return True
