"""A claim that a cell makes is on the page: it ends its cell, or is handed to `display`."""

import ast
import re
from pathlib import Path

import pytest

CHAPTERS = sorted((Path(__file__).parents[1] / "notebooks").glob("*/*.md"))
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def unshown(text: str) -> list[str]:
    """What a chapter's cells claim in the middle of a cell without showing it."""
    found = []
    for cell in CELL.findall(text):
        code = "\n".join(line for line in cell.splitlines() if not line.startswith(":"))
        for statement in ast.parse(code).body[:-1]:
            said = ast.unparse(statement)
            if isinstance(statement, ast.Expr) and said.startswith("evidence.claim("):
                found.append(said[:60])
    return found


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_no_claim_is_made_in_the_middle_of_a_cell(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    assert len(re.findall(r"^```\{code-cell\}", text, re.MULTILINE)) == len(CELL.findall(text))
    assert not unshown(text)


def test_one_that_is_hidden_is_found() -> None:
    cell = '```{code-cell} ipython3\n:tags: [hide-input]\n\nevidence.claim("A")\nx = 1\n```\n'
    assert unshown(cell) == ["evidence.claim('A')"]
