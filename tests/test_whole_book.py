"""The whole book as one PDF: in the order of its contents, whole, linked within itself."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import IndirectObject

from tools import whole_book

CONTENTS = {
    "root": "book/index",
    "parts": [
        {"caption": "First part", "chapters": [{"file": "a"}, {"file": "b"}]},
        {"caption": "Second part", "chapters": [{"file": "c", "sections": [{"file": "book/d"}]}]},
    ],
}
PAGES = [
    ("", "book/index"),
    ("First part", "a"),
    ("First part", "b"),
    ("Second part", "c"),
    ("Second part", "book/d"),
]
#: What a page may hold: folds, code, a claim's mark and its row, links within and without.
BODY = """<p>See <a href="{up}a.html#X-01">a claim</a>, <a href="#inside">inside</a>,
<a href="{up}source/gone.html">a source</a>, <a href="https://example.org/">elsewhere</a>.</p>
<h2 id="inside">A section</h2><p>words</p>
<details class="solution"><summary>Show the solution</summary><p>folded answer</p></details>
<div class="stretch-foot"><span class="claim" id="X-01">mark</span>
<details class="code"><summary>Show the code</summary><pre>code = 1</pre></details></div>
<table class="evidence"><tr><th>claim</th></tr><tr><td id="X-01-evidence">row</td></tr></table>
<figure><svg role="img" aria-label="a bar" viewBox="0 0 9 9" width="90"><rect width="9" height="9"/>
</svg><figcaption>One <strong>bar</strong>.</figcaption></figure>
<script>document.write("acted")</script>"""
#: Rules that Chromium does not keep: no claim is made, and how it tags lists, tables and lines.
THE_PRINTERS = {
    "CONTENT-TAGGING-001",
    "ID-PART-001",
    "ID-SCHEMA-001",
    "LI-KIDS-001",
    "TABLE-COLUMN-ROWSPAN-001",
    "TABLE-ROW-COLUMNSPAN-001",
}
browser = pytest.mark.skipif(
    not any(map(shutil.which, whole_book.BROWSERS)), reason="no Chromium here to print with"
)


def site(folder: Path) -> Path:
    for _, name in PAGES:
        page = folder / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        title = f"Page {name.rsplit('/', 1)[-1]}"
        body = BODY.format(up="../" * name.count("/"))
        page.write_text(
            f"<!DOCTYPE html><html lang='en'><title>{title} — Book</title><nav>aside</nav>"
            f"<article class='bd-article'><h1>{title}</h1>{body}</article></html>",
            encoding="utf-8",
        )
    return folder


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    folder = tmp_path_factory.mktemp("book")
    target = folder / "book.pdf"
    assert whole_book.write(site(folder / "site"), CONTENTS, target) == len(PAGES) + 1
    assert not list(folder.glob("*.unfinished"))
    return pypdf.PdfReader(target)


def test_pages_come_in_the_order_of_the_contents_under_their_part() -> None:
    assert list(whole_book.pages(CONTENTS)) == PAGES


def test_a_page_goes_on_paper_opened_without_code_and_with_links_to_what_is_there(
    tmp_path: Path,
) -> None:
    known = {name for _, name in PAGES}
    laid = whole_book.laid(site(tmp_path), "Second part", "book/d", known)
    assert laid.title == "Page d"
    assert 'href="#a/X-01"' in laid.text
    assert 'href="#book/d/inside"' in laid.text
    assert 'id="book/d/X-01"' in laid.text.split("<table")[1]
    assert "a source" in laid.text
    assert not re.search(r"gone|<script|code = 1|aside|Show the", laid.text)
    assert '<details class="solution" open="">' in laid.text
    assert 'aria-level="2"' in laid.text


@browser
def test_every_page_is_printed_numbered_and_in_the_outline(book: pypdf.PdfReader) -> None:
    said = [page.extract_text() for page in book.pages]
    assert all(isinstance(p.raw_get("/Contents"), IndirectObject) for p in book.pages)
    titles = [
        re.findall(r"Page (?:index|\w)\b", text)[0] for text in said if "Contents" not in text
    ]
    assert titles == ["Page index", "Page a", "Page b", "Page c", "Page d"]
    assert [text.split()[0] for text in said] == [f"{n}" for n in range(1, len(said) + 1)]
    listed = re.findall(r"Page (\w)\s*(\d)", said[1])
    assert listed == [("a", "3"), ("b", "4"), ("c", "5"), ("d", "6")]
    flat = [each for each in book.outline if not isinstance(each, list)]
    assert [each["/Title"] for each in flat] == [
        "Page index",
        "Contents",
        "First part",
        "Second part",
    ]
    under = book.outline[book.outline.index(flat[2]) + 1]
    assert [each["/Title"] for each in under if not isinstance(each, list)] == ["Page a", "Page b"]
    assert [each["/Title"] for each in under[1]] == ["A section"]


@browser
def test_what_is_folded_is_opened_and_nothing_leads_to_the_maker_s_own_disk(
    book: pypdf.PdfReader,
) -> None:
    for number, page in enumerate(book.pages):
        if number != 1:
            assert "folded answer" in page.extract_text()
        links = [each.get_object() for each in page.get("/Annots", [])]
        outside = {str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})}
        assert outside <= {"https://example.org/"}
        assert len(links) >= 3
    known = book.named_destinations
    assert book.get_destination_page_number(known["/a/X-01"]) == 2
    assert book.get_destination_page_number(known["/book/d"]) == 5


@browser
def test_it_is_tagged_says_its_language_and_words_stand_behind_figures(
    book: pypdf.PdfReader,
) -> None:
    root = book.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value
    assert str(root["/Lang"]).startswith("en")
    assert book.metadata is not None
    assert book.metadata.title == "Page index"
    told = []

    def walk(node: object) -> None:
        node = node.get_object() if hasattr(node, "get_object") else node
        for each in node if isinstance(node, list) else ():
            walk(each)
        if isinstance(node, dict):
            if node.get("/S") == "/Figure":
                told.append(node.get("/Alt"))
            walk(node.get("/K", []))

    walk(root["/StructTreeRoot"]["/K"])
    assert told == ["a bar"] * len(PAGES)
    assert b'<rdf:li xml:lang="x-default">Page index</rdf:li>' in root["/Metadata"].get_data()
    assert root["/StructTreeRoot"]["/RoleMap"]["/Strong"] == "/Span"
    links = [each.get_object() for page in book.pages for each in page.get("/Annots", [])]
    assert all(str(link["/Contents"]).strip() for link in links)


@browser
def test_what_it_does_not_promise_is_said_in_it_and_is_no_more_than_that(
    book: pypdf.PdfReader,
) -> None:
    """By rules that are not ours: the printer's are left, and the book claims no standard."""
    import page as validator

    said = " ".join(book.pages[1].extract_text().split())
    assert "makes no claim of PDF/UA-1" in said
    content = io.BytesIO()
    pypdf.PdfWriter(clone_from=book).write(content)
    assert b"pdfuaid" not in content.getvalue()
    found = validator.validate_pdf_bytes(content.getvalue(), profile="ua1")
    assert {one.rule_id.removeprefix("PDFUA1-") for one in found.failures} <= THE_PRINTERS


@browser
def test_a_page_that_is_not_there_stops_it_and_leaves_nothing(tmp_path: Path) -> None:
    folder = site(tmp_path / "site")
    (folder / "c.html").unlink()
    with pytest.raises(whole_book.NotPrinted, match=r"c\.html: is not there"):
        whole_book.write(folder, CONTENTS, tmp_path / "book.pdf")
    assert not (tmp_path / "book.pdf").exists()


def test_without_a_browser_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(whole_book.NotPrinted, match="needs one of chromium"):
        whole_book.write(tmp_path, CONTENTS, tmp_path / "book.pdf")
