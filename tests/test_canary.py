"""The canary: what differs between two sites is said, page by page, and nothing else."""

import json
from pathlib import Path

import pytest

from tools import canary
from tools.build import BuildError


@pytest.fixture
def sites(tmp_path: Path) -> tuple[Path, Path]:
    pages = {
        "index.html": "<article><h1>Book</h1><p>Of 3 claims 2 hold</p></article>",
        "deep/page.html": "<nav>menu</nav><article><table></table>words</article>",
    }
    for site in ("old", "new"):
        for name, text in pages.items():
            path = tmp_path / site / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return tmp_path / "old", tmp_path / "new"


def test_like_sites_do_not_differ_whatever_stands_around_the_article(
    sites: tuple[Path, Path],
) -> None:
    old, new = sites
    text = (new / "deep" / "page.html").read_text(encoding="utf-8")
    (new / "deep" / "page.html").write_text(text.replace("menu", "other"), encoding="utf-8")
    assert canary.differences(old, new) == {}


def test_lost_elements_words_and_pages_are_named(sites: tuple[Path, Path]) -> None:
    old, new = sites
    (new / "deep" / "page.html").unlink()
    (new / "more.html").write_text("<article></article>", encoding="utf-8")
    (new / "index.html").write_text(
        "<article><h1>Book</h1>Of 3 claims 1 hold<script>claims</script></article>",
        encoding="utf-8",
    )
    assert canary.differences(old, new) == {
        "deep/page.html": ["is absent"],
        "more.html": ["is new"],
        "index.html": ["p: 1, now 0", "words gone: 2", "words new: 1"],
    }


def test_without_an_executed_book_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="run make book first"):
        canary.stage(tmp_path)
    assert canary.main(["--root", str(tmp_path)]) == 1


def test_a_draft_or_a_test_since_the_last_book_is_seen(tmp_path: Path) -> None:
    """A draft had left its own settings behind, without the pages of sources: 480 were absent."""
    executed, site = tmp_path / ".run" / "book", tmp_path / "_build" / "html"
    for name in ("part/kept", "part/again", "part/gone"):
        cell = {"cell_type": "code", "source": ["1\n"], "metadata": {"execution": {"at": "9:00"}}}
        for folder in (executed, site):
            notebook = folder / "notebooks" / f"{name}.ipynb"
            notebook.parent.mkdir(parents=True, exist_ok=True)
            if folder == executed and name.endswith("again"):
                cell["metadata"]["execution"]["at"] = "10:00"
            notebook.write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
            cell["metadata"]["execution"]["at"] = "9:00"
    (executed / "notebooks" / "part" / "gone.ipynb").unlink()
    assert canary.executed_since(executed, site) == [
        "notebooks/part/again",
        "notebooks/part/gone",
    ]
    (executed / "_config.yml").touch()
    with pytest.raises(BuildError, match="2 chapters were executed again since"):
        canary.stage(tmp_path)


def test_what_no_renderer_makes_does_not_differ(sites: tuple[Path, Path]) -> None:
    """Documents are made after the pages, and the stamp of a page names the commit of its day."""
    old, new = sites
    (old / "documents").mkdir()
    (old / "documents" / "index.html").write_text("<article>briefs</article>", encoding="utf-8")
    for site, commit in ((old, "a1"), (new, "b2 with changes")):
        (site / "page.html").write_text(
            f"<article><p>one</p><p class='provenance'>made from {commit}</p>two</article>",
            encoding="utf-8",
        )
    assert canary.differences(old, new) == {}
    (new / "page.html").write_text(
        "<article><p>one</p><p class='provenance'>x</p>three</article>", encoding="utf-8"
    )
    assert canary.differences(old, new) == {"page.html": ["words gone: two", "words new: three"]}
