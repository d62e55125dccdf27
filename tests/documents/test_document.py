"""A document before it is laid out: what is markup in it and what is not."""

from __future__ import annotations

import pytest

from portlib.documents.document import Figure, Table, runs, said


def test_words_of_a_plan_are_never_markup() -> None:
    hostile = "**Bold** *fund* `code` #let x = 1 [link](http://a) & <b> _u_ \\ !"
    assert runs(said(hostile)) == [["plain", hostile]]


def test_styles_are_told_apart_and_neighbours_joined() -> None:
    assert runs("a **b c** d\ne *f*") == [
        ["plain", "a "],
        ["strong", "b c"],
        ["plain", " d e "],
        ["em", "f"],
    ]
    assert runs("") == []


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="2 columns"):
        Table(["a", "b"], [["1", "2"], ["1"]])


def test_a_figure_is_neither_higher_than_it_may_be_nor_larger_than_it_was_drawn() -> None:
    tall = Figure("tall", '<svg viewBox="0 0 400 800"></svg>', "", "")
    assert tall.no_higher(3, line=6).width == pytest.approx(0.25)
    assert tall.no_higher(30).width == tall.width
    small = Figure("small", '<svg viewBox="0 0 144 72"></svg>', "", "")
    assert small.no_higher(3, line=6).width == pytest.approx(2 / 6)
