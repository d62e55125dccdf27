"""The search of this book: its own index, made from the finished pages, read from a script.

It works from a file (no page is fetched while one searches), shows the sentence where the words
stand, leaves code out, and ranks a page that is about the thing before one that mentions it. What a
page is about, where its own words do not say it, stands in ``book/search_terms.yml``, as the index
at the end of a printed book would say it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag

#: What a reader does not search for: code, evidence's own rows, formulas, what every page repeats.
LEFT_OUT = (
    "details.code, pre, script, style, svg, math, .headerlink, .provenance, .chapter-links, "
    ".moved, .claim, table.evidence, .stretch-foot > .marks, .toctree-wrapper, dl.py > dt"
)


def text_of(node: Tag) -> str:
    return re.sub(r"\s+", " ", node.get_text(" ", strip=True)).strip()


def sections(article: Tag) -> Iterator[tuple[str, str, str]]:
    """Anchor, heading and text of each section, without the sections inside it."""
    found = article.find_all("section")
    texts = []
    for section in reversed(found):  # innermost first: each takes its own text along
        heading = section.find(re.compile("^h[1-6]$"), recursive=False)
        title = text_of(heading) if heading else ""
        if heading:
            heading.extract()
        texts.append((str(section.get("id", "")), title, text_of(section)))
        section.extract()
    yield from reversed(texts)


def write(site: Path, pages: list[str], terms: Path) -> None:
    """Write ``search-data.js`` for the pages named, in their order."""
    about: dict[str, list[str]] = {}
    if terms.is_file():
        for page, words in yaml.safe_load(terms.read_text(encoding="utf-8")).items():
            about[page] = words
    listed: list[list[Any]] = []
    texts: list[list[Any]] = []
    for name in pages:
        file = site / f"{name}.html"
        if not file.is_file():
            continue
        soup = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        article = soup.find("article")
        if not isinstance(article, Tag):
            continue
        for node in article.select(LEFT_OUT):
            node.extract()
        found = list(sections(article))
        if not found:
            continue
        place, title = len(listed), found[0][1]
        kind = name.split("/")[0] + ("/forms" if "/forms/" in name else "")
        kind = "api" if name == "book/api" else kind
        kind = "requirement" if name.startswith("book/requirements/") else kind
        listed.append([name, title, kind, about.get(name, [])])
        texts += [[place, anchor, heading, text] for anchor, heading, text in found if text]
    data = json.dumps(
        {"pages": listed, "sections": texts}, ensure_ascii=False, separators=(",", ":")
    )
    (site / "search-data.js").write_text(f"window.BOOK = {data};\n", encoding="utf-8")
