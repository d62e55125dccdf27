"""What the documentation shows is performed by the chapters, and by one each.

So `make test` runs every example once, where it is claimed; ``pytest portlib/compounding.py`` runs
those of one module.
"""

import ast
import doctest
import importlib
import os
import pkgutil
import sys
from collections import Counter
from pathlib import Path

import pytest

import portlib
from portlib.worked_examples import NoExamples, perform
from tools import depends

ROOT = Path(__file__).resolve().parents[1]


def test_every_example_is_performed_by_one_chapter():
    named = Counter(name for path in depends.chapters(ROOT) for name in depends.performed(path))
    finder, wrong = doctest.DocTestFinder(exclude_empty=True), []
    for found in pkgutil.walk_packages(portlib.__path__, "portlib."):
        for one in finder.find(importlib.import_module(found.name), found.name):
            parts = one.name.split(".")
            above = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
            if one.examples and sum(named[name] for name in above) != 1:
                wrong.append(one.name)
    assert not wrong


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Import a module that shows this in its documentation."""

    def write(text: str, beside: str = "") -> str:
        (tmp_path / "shown_here.py").write_text(text, encoding="utf-8")
        if beside:
            (tmp_path / "shown_here.md").write_text(beside, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "shown_here", raising=False)
        importlib.invalidate_caches()
        return "shown_here"

    yield write
    sys.modules.pop("shown_here", None)


def test_an_example_that_does_not_come_out_is_named_and_printed(shown, capsys):
    found = perform(shown('""">>> 1 + 1\n3\n>>> 2\n2\n"""'))
    assert (found.shown, found.lines, found.wrong) == (("shown_here",), 2, ("shown_here",))
    assert "Expected:\n    3\nGot:\n    2" in capsys.readouterr().out


def test_a_difference_of_nothing_has_either_sign_where_no_reader_sees_it(shown):
    assert not perform(shown('""">>> -0.0, [1.5, -0.0], 0.0\n(0.0, [1.5, 0.0], -0.0)\n"""')).wrong
    for said, other in (("f'{-0.0:.1%}'", "'0.0%'"), ("-0.01", "0.01"), ("-10.0", "10.0")):
        assert perform(shown(f'""">>> {said}\n{other}\n"""')).wrong


def test_a_module_without_an_example_passes_for_nothing(shown):
    with pytest.raises(NoExamples, match="shown_here shows no worked example"):
        perform(shown('"""No example."""'))


def test_an_example_goes_on_in_the_text_beside_the_module(shown):
    module = 'def f():\n    """F.\n\n    >>> x = 1\n    """\n'
    text = "# Title\n\n## `f`\n\nSix:\n\n```pycon\n>>> x + {}\n6\n```\n\nFive.\n"
    found = perform(shown(module, text.format(5)))
    assert (found.shown, found.lines, found.wrong) == (("shown_here.f",), 2, ())
    assert perform(shown(module, text.format(4))).wrong == ("shown_here.f",)
    with pytest.raises(NoExamples, match=r"shown_here\.g goes on, and shows no example to begin"):
        perform(shown(module, "## `g`\n\n>>> 1\n1\n"))
    for lost in ("# T\n\n>>> 1\n2\n", "## f\n\n>>> 1\n2\n", "## `f`\n\n>>> 1\n2\n\n## `f`\n"):
        with pytest.raises(
            NoExamples, match=r"shown_here\.md: under (no function|f) is what nobody"
        ):
            perform(shown(module, lost))


def test_what_goes_on_beside_a_module_is_performed_and_what_is_performed_is_claimed():
    """Naming a function alone would leave out what goes on in the text beside its module."""
    said = {path: depends.performed(path) for path in depends.chapters(ROOT)}
    whole = [f"{name}." for names in said.values() for name in names]
    for text in depends.files(ROOT / "portlib", "*.md"):
        module = depends.module_of(text.with_suffix(".py").relative_to(ROOT))
        assert sum(f"{module}.".startswith(name) for name in whole) == 1, module
    for path, names in said.items():
        claims = [node for node in ast.walk(ast.parse(depends.code_of(path))) if is_claim(node)]
        none = [ast.unparse(one) for one in claims if "len(examples.wrong)" in ast.unparse(one)]
        assert bool(names) == (len(none) == 1 and "at_most=0" in none[0]), path


def is_claim(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "claim"


def test_examples_are_of_the_example_plan_whatever_the_chapter_is_about(shown, monkeypatch):
    monkeypatch.setenv("PRUDENT_PLAN", "mine")
    monkeypatch.setenv("PRUDENT_HISTORY", "mine")
    asked = ">>> from portlib import surroundings\n"
    asked += ">>> surroundings.folder('plan'), surroundings.folder('history')\n(None, None)\n"
    assert not perform(shown(f'"""{asked}"""')).wrong
    assert os.environ["PRUDENT_PLAN"] == os.environ["PRUDENT_HISTORY"] == "mine"
