"""What one run of the book found, read from what it published."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from portlib.data import DataError
from portlib.documents import run
from tests.documents.unrun import PLANS, numbers


def test_every_chapter_has_its_question_answer_and_what_is_uncomfortable(book: run.Run) -> None:
    for chapter in book.chapters.values():
        assert chapter.question.endswith("?"), chapter.name
        assert len(chapter.answer) > 100, chapter.name
        assert not re.match(r"\*\*(The committee asks|The answer|[^*]+\?\*\*)", chapter.answer)
        assert chapter.answer.count("**") % 2 == 0, f"{chapter.name}: words in bold cut in two"
        assert chapter.question.strip("* ") not in chapter.answer, chapter.name
        assert "least comfortable finding" not in chapter.answer.lower(), chapter.name
        assert chapter.uncomfortable, chapter.name
        assert "{" not in chapter.question + chapter.answer + chapter.uncomfortable
        for name in ("Decision", "What would change our mind"):
            assert chapter.section(name), f"{chapter.name}: {name}"
            assert "glue" not in chapter.section(name), chapter.name


def test_numbers_come_from_the_register(book: run.Run) -> None:
    share = float(book.chapters["glidepaths"].numbers["fee_cost"])
    assert book.number("glidepaths.fee_cost", ".1%") == f"{share:.1%}"
    assert book.filled("It is {glidepaths.fee_cost:.1%}.") == f"It is {share:.1%}."
    assert f"{share:.1%}" in numbers(book.chapters["glidepaths"].answer)
    with pytest.raises(DataError, match="no chapter told glidepaths"):
        book.number("glidepaths.nothing")


def test_figures_bear_names_that_a_person_would_choose(book: run.Run) -> None:
    figure = book.chapters["mean_variance"].figures["frontier"]
    assert figure.name == "mean_variance_frontier"
    assert figure.caption
    assert figure.alt


def test_the_book_of_another_plan_is_refused(site: Path, whose: str) -> None:
    other = next(folder for name, folder in PLANS.items() if name != whose)
    with pytest.raises(DataError, match="made from other data"):
        run.read(site, other)


def test_where_there_is_no_book_it_is_said_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="make book first"):
        run.read(tmp_path)


def test_what_is_about_to_be_published_is_read_as_what_was(
    site: Path, whose: str, book: run.Run, tmp_path: Path
) -> None:
    """Pages are staged beside the notebooks."""
    staged = tmp_path / "staged"
    shutil.copytree(site / "notebooks", staged / "notebooks")
    shutil.copytree(site / "_sources" / "book", staged / "book")
    shutil.copy(site / "evidence.json", staged)
    found = run.read(staged, PLANS[whose])
    assert found.forms == book.forms and found.forms
    assert found.proposals == book.proposals
    assert dict(found.chapters) == dict(book.chapters)
