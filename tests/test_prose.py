"""How long a chapter is: about 2,000 words of prose before its evidence, as the site counts."""

import pytest

from tools import words

MOST = 2_100
CHAPTERS = {path.stem: text for path, text in words.chapters().items()}
HEAD = "---\nkernelspec: {name: python3}\n---\n\n# Title\n\n"


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_a_chapter_is_short_before_its_evidence(chapter: str) -> None:
    assert words.count(CHAPTERS[chapter])["before"] <= MOST


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_no_cell_has_lost_its_fence_and_stands_as_prose(chapter: str) -> None:
    assert ":tags:" not in words.read(CHAPTERS[chapter]).astext()


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Bonds lost\nmoney.", 3),
        ("Bonds lost {glue:text}`lost:.1%` {cite:p}`A,B`.", 4),
        ("See {doc}`../part/a_chapter` and {term}`Standard errors <Standard error>`.", 6),
        ("The sum $a + b$ is\n\n$$x = y$$\n\nthis.", 4),
        ("```{code-cell} ipython3\nno_word = 'of this'\n```", 0),
        ("- One\n- Two\n\n| three | four |\n|---|---|\n| five | six |", 6),
        ("```{admonition} Before\n:class: note\nyou read\n```", 3),
    ],
)
def test_words_are_those_of_prose(text: str, counted: int) -> None:
    found = words.count(HEAD + text + "\n\n## Appendix: more\n\nHere.\n\n## Evidence\n\nNone.\n")
    assert found == {"before": counted + 1, "appendix": 3, "after": 2}


def test_a_role_that_is_not_known_is_not_left_out_unseen() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        words.count(HEAD + "A {nonsense}`b` c.\n\n## Evidence\n")


def test_the_table_names_each_chapter_and_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(words.table().index) == set(CHAPTERS)
    assert words.main(["one", "two"]) == 2
    assert "words of prose" in capsys.readouterr().err
