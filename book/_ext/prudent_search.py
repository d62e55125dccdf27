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
from lxml import html
from lxml.html import HtmlElement

#: What a reader does not search for: code, evidence's own rows, formulas, what every page repeats.
TAGS = frozenset({"pre", "script", "style", "svg", "math"})
CLASSES = frozenset(
    {"headerlink", "provenance", "chapter-links", "moved", "claim", "toctree-wrapper"}
    | {"sig", "sig-paren", "viewcode-link"}
)


def left_out(node: HtmlElement) -> bool:
    """Whether an element is not searched, with all that is in it."""
    classes, parent = set(node.classes), node.getparent()
    return (
        node.tag in TAGS
        or bool(classes & CLASSES)
        or (node.tag == "details" and "code" in classes)
        or (node.tag == "table" and "evidence" in classes)
        # what libxml2 makes of a signature of many lines
        or (node.tag == "dl" and parent.tag == "dl")
        or ("marks" in classes and "stretch-foot" in parent.classes)
    )


def text_of(node: HtmlElement) -> str:
    parts = (re.sub(r"\s+", " ", text).strip() for text in node.xpath(".//text()"))
    return " ".join(part for part in parts if part)


def sections(article: HtmlElement) -> Iterator[tuple[str, str, str]]:
    """Anchor, heading and text of each section, without the sections inside it."""
    texts = []
    for section in reversed(article.xpath(".//section")):  # innermost first: each takes its own
        heading = next((node for node in section if re.fullmatch("h[1-6]", str(node.tag))), None)
        title = text_of(heading) if heading is not None else ""
        if heading is not None:
            heading.drop_tree()
        texts.append((section.get("id", ""), title, text_of(section)))
        section.drop_tree()
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
        article = html.fromstring(file.read_text(encoding="utf-8")).find(".//article")
        if article is None:
            continue
        for node in [node for node in article.iterdescendants("*") if left_out(node)]:
            node.drop_tree()
        found = list(sections(article))
        if not found:
            continue
        place, title = len(listed), found[0][1]
        kind = name.split("/")[0] + ("/forms" if "/forms/" in name else "")
        kind = "api" if name.startswith("book/api") else kind
        kind = "requirement" if name.startswith("book/requirements/") else kind
        listed.append([name, title, kind, about.get(name, [])])
        texts += [[place, anchor, heading, text] for anchor, heading, text in found if text]
    data = json.dumps(
        {"pages": listed, "sections": texts}, ensure_ascii=False, separators=(",", ":")
    )
    (site / "search-data.js").write_text(f"window.BOOK = {data};\n", encoding="utf-8")
