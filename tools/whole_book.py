"""The whole book as one PDF, with an outline, by a browser's print; where there is a browser.

    python -m tools.whole_book [--plan FOLDER]

Every page of the table of contents, in its order, is laid into one page, which headless Chromium
prints once: so links between chapters stay within the file, words stand behind figures, and a list
of contents names sheets of paper. `_build/book.pdf`, or beside that plan's site. What a page folds
away is opened. Left out: code, and what needs a hand on a control (each control's figure stands).
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
        sheet = sheets.get(page.name, "")
        rows.append(
            f'<a href="#{page.name}"><span>{html.escape(page.title)}</span><span>{sheet}</span></a>'
        )
    return f'<nav class="contents"><h1>Contents</h1><div>{"".join(rows)}</div></nav>'


def whole(site: Path, book: Sequence[Page], sheets: Mapping[str, int]) -> str:
    """All pages as one page of HTML, in the site's own style."""
    first = BeautifulSoup(
        (site / f"{book[0].name}.html").read_text(encoding="utf-8"), "html.parser"
    )
    styles = []
    for link in first.select("link[rel~=stylesheet]"):
        where = (site / book[0].name).parent / urlsplit(str(link["href"])).path
        if where.is_file():
            styles.append(f'<link rel="stylesheet" href="{where.resolve().as_uri()}">')
    texts, part = [], ""
    for number, page in enumerate(book):
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

    It is printed twice: the first time says on which sheet each page begins. Raises `NotPrinted`
    where there is no Chromium or no such page.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise NotPrinted(f"needs one of {', '.join(BROWSERS)}")
    names = list(pages(toc))
    known = frozenset(name for _, name in names)
    book = [laid(site, part, name, known) for part, name in names]
    target.parent.mkdir(parents=True, exist_ok=True)
    sheets: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        page, paper = Path(folder) / "book.html", Path(folder) / "book.pdf"
        for what in ("where each page begins", "the book"):
            print(f"   printing: {what}", flush=True)
            page.write_text(whole(site, book, sheets), encoding="utf-8")
            paper.unlink(missing_ok=True)
            printed(browser, page, paper)
            read = pypdf.PdfReader(paper)
            sheets = dict(_sheets(read, known))
        shutil.copy2(paper, unfinished := target.with_suffix(".unfinished"))
    unfinished.replace(target)
    return len(read.pages)


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
