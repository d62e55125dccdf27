"""A claim that a cell makes is on the page: it ends its cell, or is handed to `display`."""

import ast
from pathlib import Path

import jupytext
import pytest

CHAPTERS = sorted((Path(__file__).parents[1] / "notebooks").glob("*/*.md"))
HEAD = CHAPTERS[0].read_text(encoding="utf-8").split("---\n\n")[0] + "---\n\n"


def unshown(text: str) -> list[str]:
    """What a chapter's cells claim in the middle of a cell without showing it."""
    found = []
    for cell in jupytext.reads(text, fmt="md:myst").cells:
        if cell.cell_type == "code":
            for statement in ast.parse(cell.source).body[:-1]:
                said = ast.unparse(statement)
                if isinstance(statement, ast.Expr) and said.startswith("evidence.claim("):
                    found.append(said[:60])
    return found


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_no_claim_is_made_in_the_middle_of_a_cell(chapter: Path) -> None:
    assert not unshown(chapter.read_text(encoding="utf-8"))


def test_one_that_is_hidden_is_found() -> None:
    cell = '```{code-cell} ipython3\n:tags: [hide-input]\n\nevidence.claim("A")\nx = 1\n```\n'
    assert unshown(HEAD + cell) == ["evidence.claim('A')"]
