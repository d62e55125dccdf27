"""What the book cites: each key has an entry, each entry is cited and says whether it was looked
up."""

import re
import sys
from datetime import date
from itertools import chain
from pathlib import Path

import pytest
from pybtex.database import BibliographyData, parse_file, parse_string

sys.path.insert(0, str(Path(__file__).parents[1] / "book" / "_ext"))

import prudent_works

ROOT = Path(__file__).parents[1]

CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")


@pytest.fixture(scope="module")
def works() -> BibliographyData:
    return parse_file(ROOT / "book" / "references.bib", "bibtex")


def test_every_key_cited_has_an_entry_and_every_entry_is_cited(works: BibliographyData) -> None:
    pages = chain((ROOT / "notebooks").rglob("*.md"), (ROOT / "book").glob("*.md"))
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    cited = {key.strip() for found in CITED.findall(text) for key in found.split(",")}
    assert cited == set(works.entries)


def test_every_entry_says_when_it_was_looked_up_or_that_it_was_not(works: BibliographyData) -> None:
    for entry in works.entries.values():
        day = entry.fields["lookedup"]
        assert day == prudent_works.MEMORY or date.fromisoformat(day).year >= 2026
        assert {"title", "year"} <= set(entry.fields)
        assert entry.persons["author"]


def test_no_work_is_entered_twice(works: BibliographyData) -> None:
    titles = [re.sub(r"\W", "", entry.fields["title"]).lower() for entry in works.entries.values()]
    assert len(set(titles)) == len(titles)


def test_the_page_counts_and_names_what_was_not_looked_up() -> None:
    works = parse_string(
        "@book{A, author={Ada Long and Bo Short}, title={T}, year={1990}, lookedup={2026-11-29}}\n"
        "@book{B, author={Cy de Vries and Di Fox}, title={U}, year={1991}, lookedup={no}}",
        "bibtex",
    )
    assert prudent_works.said(works) == (
        "Of 2 works, 1 looked up (1 on 2026-11-29); 1 from memory: de Vries and others (1991)."
    )
