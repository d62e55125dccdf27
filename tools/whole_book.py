"""The whole book as one PDF, with an outline, by a browser's print; where there is a browser.

    python -m tools.whole_book [--plan FOLDER]

Every page of the table of contents, in its order, is laid into one page, which headless Chromium
prints once: so links between chapters stay within the file, words stand behind figures, and a list
of contents names sheets of paper. `_build/book.pdf`, or beside that plan's site. What a page folds
away is opened. Left out: code, and what needs a hand on a control (each control's figure stands).

It is tagged, in a language, with a title, an outline and words behind figures and links, and makes
no claim of PDF/UA: see `NOT_PROMISED`, which the book itself says.
"""

from __future__ import annotations

import argparse
import html
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pypdf
import yaml
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 900
#: Of a page of the site: what acts, what is a control, and code, which are not for paper.
NOT_ON_PAPER = (
    "script, template, details.code, .headerlink, .code-switch, .stretch-foot, .matrix-filter, "
    "button, input, select, .only-with-scripts"
)
#: What the printer does not do, by a validator's rules for PDF/UA-1 (2026-11-29, Chromium 156).
NOT_PROMISED = (
    "This print is tagged, with an outline, a title, a language, and words behind figures and "
    "links. It makes no claim of PDF/UA-1: the browser that prints it tags items of lists and "
    "cells of tables otherwise than the standard asks, and leaves lines and backgrounds untagged. "
    "The site's pages, and the documents that are filed, are what to read with a screen reader."
)
#: Structure that Chromium names as PDF 2.0 does, and what a reader of PDF 1 may take it for.
ROLES = {"/Em": "/Span", "/Strong": "/Span"}
#: Stands in the contents for a sheet that is not known yet: as wide as most numbers are.
UNKNOWN_SHEET = "000"
PAPER = """
@page { size: letter; margin: 18mm 18mm 20mm;
  @bottom-right { content: counter(page); font: 8pt sans-serif; color: #555; } }
html { color-scheme: light; }
body { overflow: visible !important; }
article.bd-article:not(:first-child) { break-before: page; max-width: none; padding: 0; }
.pst-scrollable-table-container, .cell_output, .output { overflow: visible !important; }
.bd-article :is(table.dataframe, table.evidence, table.ledger) { font-size: 8pt; max-width: 100%; }
.bd-article table.dataframe small { font-size: 0.85em; }
svg.figure { max-height: 17cm; }
.provenance { break-before: avoid; }
.bd-article table.dataframe :is(caption, th, td) { white-space: normal !important;
  min-width: 0 !important; padding: 2px 5px !important; font-size: inherit; }
details > summary { list-style: none; }
pre { white-space: pre-wrap !important; overflow: visible !important; font-size: 8pt; }
.part { font: 600 9pt var(--pst-font-family-heading); color: var(--prudent-fine); margin: 0; }
nav.contents { break-before: page; background: none; border: 0; padding: 0; }
.contents, .contents a { font: 9pt/1.45 var(--pst-font-family-heading); }
.contents h1 { font-size: 16pt; }
.contents div { columns: 2; column-gap: 2rem; }
.contents p.of-part { font-weight: 650; margin: 0.5rem 0 0; }
.contents .promise { font: 8pt/1.45 var(--pst-font-family-heading); margin: 1.5rem 0 0; }
.contents a { display: flex; gap: 1rem; justify-content: space-between; text-decoration: none;
  color: inherit; }
"""


class NotPrinted(Exception):
    """There is no Chromium here, no such page, or nothing was printed."""


@dataclass(frozen=True)
class Page:
    """A page of the site: its part, its name, its title and its text, as it goes on paper."""

    part: str
    name: str
    title: str
    text: str


def pages(toc: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Part and page, in the order of the table of contents; pages before any part have none."""

    def walk(node: object, part: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, list):
            for each in node:
                yield from walk(each, part)
        elif isinstance(node, dict):
            inside = str(node.get("caption", part))
            for key, value in node.items():
                if key in ("root", "file"):
                    yield inside, str(value)
                elif isinstance(value, list):
                    yield from walk(value, inside)

    yield from walk(toc, "")


def anchor(name: str, inside: str = "") -> str:
    """Where a page, or something on it, is in the one page of all."""
    return f"{name}/{inside}" if inside else name


def laid(site: Path, part: str, name: str, known: Collection[str]) -> Page:
    """A page of the site as it goes on paper, its links turned to what is on the same paper.

    A link to what is not on it, such as a function's source, is left as its words. Raises
    `NotPrinted` where the page is not there or has no text.
    """
    path = site / f"{name}.html"
    if not path.is_file():
        raise NotPrinted(f"{path}: is not there; make book again")
    article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
    if not isinstance(article, Tag):
        raise NotPrinted(f"{path}: has no article")
    for claim in article.select(".claim[id]"):  # its mark is not on paper, its row of evidence is
        if isinstance(row := article.find(id=f"{claim['id']}-evidence"), Tag):
            row.insert(0, Tag(name="span", attrs={"id": str(claim["id"])}))
    for node in article.select(NOT_ON_PAPER):
        node.decompose()
    for node in article.select("noscript"):
        node.unwrap()
    for node in article.select("details"):
        node["open"] = ""
    for node in article.select("details.solution > summary"):
        node.string = "Solution"
    for node in article.select("figure"):  # its image has the words, so it is none itself
        node["role"] = "group"
    for node in article.find_all(True):
        _placed(node, site, name, known)
    heading = article.find("h1")
    title = " ".join(heading.get_text().split()) if isinstance(heading, Tag) else name
    article["id"] = anchor(name)
    if part:
        for level in range(1, 6):
            for node in article.find_all(f"h{level}"):
                node["aria-level"] = str(level + 1)
    return Page(part, name, title, str(article))


def _placed(node: Tag, site: Path, name: str, known: Collection[str]) -> None:
    """Names and links of one element, as they are among those of all pages."""
    if "id" in node.attrs and not str(node["id"]).startswith("T_"):  # whose styles name it
        node["id"] = anchor(name, str(node["id"]))
    for key, value in list(node.attrs.items()):
        said = " ".join(value) if isinstance(value, list) else str(value)
        if "url(#" in said:
            node[key] = re.sub(r"url\(#([^)]+)\)", rf'url("#{anchor(name)}/\1")', said)
        elif key == "xlink:href" and said.startswith("#"):
            node[key] = f"#{anchor(name, said[1:])}"
        elif key in ("aria-labelledby", "aria-describedby", "for"):
            node[key] = " ".join(anchor(name, each) for each in said.split())
        elif key == "src" and not urlsplit(said).scheme:
            node[key] = (site / name).parent.joinpath(unquote(urlsplit(said).path)).as_uri()
    if node.name != "a" or "href" not in node.attrs:
        return
    to = urlsplit(str(node["href"]))
    if to.scheme:
        return
    page = posixpath.normpath(posixpath.join(posixpath.dirname(name), to.path)) if to.path else name
    page = page.removesuffix(".html")
    if page in known:
        node["href"] = f"#{anchor(page, unquote(to.fragment))}"
    else:
        del node["href"]


def contents(book: Sequence[Page], sheets: Mapping[str, int]) -> str:
    """The list of contents, with the sheet of paper on which each page begins where it is known."""
    rows, part = [], ""
    for page in book[1:]:
        if page.part != part:
            part = page.part
            rows.append(f'<p class="of-part">{html.escape(part)}</p>')
        sheet = sheets.get(page.name, UNKNOWN_SHEET)
        rows.append(
            f'<a href="#{page.name}"><span>{html.escape(page.title)}</span><span>{sheet}</span></a>'
        )
    promise = f'<p class="promise">{NOT_PROMISED}</p>'
    return f'<nav class="contents"><h1>Contents</h1><div>{"".join(rows)}</div>{promise}</nav>'


def whole(
    site: Path, book: Sequence[Page], sheets: Mapping[str, int], pages: int | None = None
) -> str:
    """All pages as one page of HTML, or the first of them, in the site's own style; the list of
    contents behind the first is always that of all."""
    first = BeautifulSoup(
        (site / f"{book[0].name}.html").read_text(encoding="utf-8"), "html.parser"
    )
    styles = []
    for link in first.select("link[rel~=stylesheet]"):
        where = (site / book[0].name).parent / urlsplit(str(link["href"])).path
        if where.is_file():
            styles.append(f'<link rel="stylesheet" href="{where.resolve().as_uri()}">')
    texts, part = [], ""
    for number, page in enumerate(book[:pages]):
        text = page.text
        if page.part != part:
            part = page.part
            head = f'<h1 class="part">{html.escape(part)}</h1>'
            text = text.replace(">", f">{head}", 1)
        texts.append(text)
        if number == 0:
            texts.append(contents(book, sheets))
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{html.escape(book[0].title)}</title>{"".join(styles)}'
        f"<style>{PAPER}</style></head><body><main>{''.join(texts)}</main></body></html>"
    )


def printed(browser: str, page: Path, target: Path) -> None:
    """A page of HTML as PDF, tagged and with an outline; `NotPrinted` where there is none."""
    command = [browser, "--headless=new", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--generate-pdf-document-outline", "--export-tagged-pdf"]
    command += ["--no-sandbox"] if os.getuid() == 0 else []
    command += [f"--user-data-dir={target.parent / 'profile'}"]
    command += [f"--print-to-pdf={target}", page.resolve().as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if not target.is_file():
        raise NotPrinted(f"{page.name}: nothing was printed: {done.stderr[-300:]}")


def write(site: Path, toc: dict[str, object], target: Path) -> int:
    """The book at `site` as one PDF; returns how many sheets of paper it has.

    It is printed once. Where each page begins is read from it, and the contents, printed again
    with these numbers, take the place of those without. Raises `NotPrinted` where there is no
    Chromium or no such page.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise NotPrinted(f"needs one of {', '.join(BROWSERS)}")
    names = list(pages(toc))
    known = frozenset(name for _, name in names)
    book = [laid(site, part, name, known) for part, name in names]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page, paper, first = (
            Path(folder) / name for name in ("book.html", "book.pdf", "first.pdf")
        )
        page.write_text(whole(site, book, {}), encoding="utf-8")
        printed(browser, page, paper)
        read = pypdf.PdfReader(paper)
        sheets = dict(_sheets(read, known))
        page.write_text(whole(site, book, sheets, 1), encoding="utf-8")
        printed(browser, page, first)
        front = pypdf.PdfReader(first)
        if [_marks(one) for one in front.pages] != [
            _marks(one) for one in read.pages[: len(front.pages)]
        ]:  # numbers turned lines, so that the contents are no longer the same
            page.write_text(whole(site, book, sheets), encoding="utf-8")
            printed(browser, page, paper)
            read = front = pypdf.PdfReader(paper)
        finished(read, front, book[0].title).write(unfinished := target.with_suffix(".unfinished"))
    unfinished.replace(target)
    return len(read.pages)


def _marks(page: pypdf.PageObject) -> list[bytes]:
    """The marks by which a page's words hang on the structure of the file."""
    content = page.get_contents()
    return re.findall(rb"/MCID \d+", content.get_data()) if content is not None else []


def finished(read: pypdf.PdfReader, front: pypdf.PdfReader, title: str) -> pypdf.PdfWriter:
    """The book with the first pages of another print, and with what the printer leaves out: a title
    in its metadata, what a link is for, and what its names of structure mean.
    """
    from pypdf.generic import DictionaryObject, NameObject, StreamObject, TextStringObject

    made = pypdf.PdfWriter(clone_from=read)
    if front is not read:
        for page, other in zip(made.pages, front.pages, strict=False):
            for part in ("/Contents", "/Resources"):
                page[NameObject(part)] = other.raw_get(part).clone(made)
    for page in made.pages:
        for each in page.get("/Annots", []):
            link = each.get_object()
            if link.get("/Subtype") == "/Link" and not link.get("/Contents"):
                said = str(link.get("/A", {}).get("/URI", "")) or "to another page of this book"
                link[NameObject("/Contents")] = TextStringObject(said)
    told = StreamObject()
    told.set_data(
        (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
            'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
            f'<rdf:li xml:lang="x-default">{html.escape(title)}</rdf:li></rdf:Alt></dc:title>'
            "<dc:language><rdf:Bag><rdf:li>en</rdf:li></rdf:Bag></dc:language></rdf:Description>"
            '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
        ).encode()
    )
    told[NameObject("/Type")], told[NameObject("/Subtype")] = map(NameObject, ("/Metadata", "/XML"))
    root = made.root_object
    root[NameObject("/Metadata")] = made._add_object(told)
    structure = root.get("/StructTreeRoot")
    if isinstance(structure := structure and structure.get_object(), DictionaryObject):
        meant = DictionaryObject({NameObject(a): NameObject(b) for a, b in ROLES.items()})
        structure[NameObject("/RoleMap")] = meant
    return made


def _sheets(read: pypdf.PdfReader, known: Collection[str]) -> Iterator[tuple[str, int]]:
    """Pages of the site and the sheets of paper on which they begin."""
    for name, where in read.named_destinations.items():
        number = read.get_destination_page_number(where)
        if (page := name.removeprefix("/")) in known and number is not None:
            yield page, number + 1


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print a published book as one PDF.")
    parser.add_argument("--plan", type=Path, help="the folder of a plan; default: data/plan")
    given = parser.parse_args(arguments)
    from tools.build import place_of

    place = ROOT / "_build" / (place_of(given.plan) if given.plan else "")
    if not (place / "html" / "index.html").is_file():
        print(f"{place / 'html'}: there is no book yet; make book first", file=sys.stderr)
        return 1
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    try:
        count = write(place / "html", toc, place / "book.pdf")
    except (NotPrinted, subprocess.TimeoutExpired, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"== {place / 'book.pdf'}: {count} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
