"""A kept execution is used again exactly where nothing that could have moved it has changed."""

import json
from pathlib import Path

import pytest

from tools import executions


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "portlib/a.py": "x = 1",
        "data/policy.yml": "a: 1",
        "requirements.lock": "numpy==2",
        "tools/build.py": "",
        "notebooks/part/one.md": "one",
        "notebooks/part/two.md": "two",
        "plan/rules.yml": "name: x",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def staged(root: Path) -> list[Path]:
    made = []
    for name in ("one", "two"):
        path = root / "staging/notebooks/part" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"metadata": {}, "cells": [{"outputs": []}]}))
        made.append(path)
    return made


def kept_outputs(root: Path, plan: Path | None = None) -> list[bool]:
    around = executions.surroundings(root, plan)
    return [
        executions.restore(root, root / "kept", root / "staging", notebook, around)
        for notebook in staged(root)
    ]


@pytest.fixture
def executed(root: Path) -> Path:
    notebooks = staged(root)
    for notebook in notebooks:
        notebook.write_text(json.dumps({"metadata": {}, "cells": [{"outputs": ["done"]}]}))
    around = executions.surroundings(root, None)
    executions.keep(root, root / "kept", root / "staging", notebooks, around)
    return root


def test_where_nothing_changed_the_outputs_are_those_of_the_last_execution(executed):
    assert kept_outputs(executed) == [True, True]
    content = json.loads((executed / "staging/notebooks/part/one.ipynb").read_text())
    assert content["cells"] == [{"outputs": ["done"]}]


def test_nothing_is_kept_before_the_first(root):
    assert kept_outputs(root) == [False, False]


@pytest.mark.parametrize(
    "name",
    ["portlib/a.py", "portlib/new.py", "data/policy.yml", "requirements.lock", "tools/build.py"],
)
def test_what_any_chapter_may_stand_on_executes_all_again(executed, name):
    (executed / name).parent.mkdir(parents=True, exist_ok=True)
    (executed / name).write_text("changed")
    assert kept_outputs(executed) == [False, False]


def test_a_page_that_does_not_compute_executes_none(executed):
    (executed / "book").mkdir()
    (executed / "book/index.md").write_text("another word")
    assert kept_outputs(executed) == [True, True]


def test_a_chapter_of_other_words_is_executed_and_its_neighbour_is_not(executed):
    (executed / "notebooks/part/one.md").write_text("one, changed")
    assert kept_outputs(executed) == [False, True]


def test_another_plan_or_history_has_executions_of_its_own(executed, monkeypatch):
    assert kept_outputs(executed, executed / "plan") == [False, False]
    (executed / "imported").mkdir()
    monkeypatch.setenv("PRUDENT_HISTORY", str(executed / "imported"))
    assert kept_outputs(executed) == [True, True]
    (executed / "imported/us.csv").write_text("1")
    assert kept_outputs(executed) == [False, False]


def test_a_garbled_one_is_executed(executed):
    (executed / "kept/notebooks/part/one.ipynb").write_text("{")
    assert kept_outputs(executed) == [False, True]
