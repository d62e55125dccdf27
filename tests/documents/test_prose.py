"""A chapter's text in words that stand alone."""

from __future__ import annotations

import pytest

from portlib.data import DataError
from portlib.documents import prose
from portlib.documents.document import Items, Text

TITLES = {"plan_menu": "The plan menu"}


def test_numbers_references_and_formulas_become_words() -> None:
    source = (
        "Of {glue:text}`n:d` funds {glue:text}`share:.1%` ({doc}`../x/plan_menu`, "
        "{term}`basis points <Basis point>`, $\\tau$ = {glue:text}`tau:g`) cost $58 or $60."
    )
    numbers = {"n": 12, "share": 0.1234, "tau": 0.015}
    assert prose.resolved(source, numbers, TITLES) == (
        "Of 12 funds 12.3% (*The plan menu*, basis points, τ = 0.015) cost $58 or $60."
    )


def test_a_number_that_was_not_told_is_refused() -> None:
    with pytest.raises(DataError, match="lost"):
        prose.resolved("{glue:text}`lost:d`", {}, {})


def test_what_a_chapter_tells_is_no_markup() -> None:
    text = prose.resolved("{glue:text}`name`", {"name": "**A** *B*"}, {})
    (block,) = prose.blocks(text)
    assert isinstance(block, Text)
    assert "\\*\\*A" in block.text


def test_fences_and_displayed_formulas_are_left_out() -> None:
    source = "One.\n\n```{admonition} Box\nTwo.\n```\n\n$$U > 1$$\n\nThree."
    assert "".join(prose.resolved(source, {}, {}).split()) == "One.Three."


def test_paragraphs_and_lists_in_order() -> None:
    first, listed, last = prose.blocks("First\nline.\n\n1. one\n2. two\n   more\n\nLast.")
    assert first == Text("First line.")
    assert listed == Items(("one", "two more"), numbered=True)
    assert last == Text("Last.")
