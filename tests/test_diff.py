"""`make diff`: what counts as moved, and which changed file may have moved it."""

import pytest

from portlib.data import ROOT
from portlib.evidence import Claim, Register
from tools import depends, diff, moved

HERE = ROOT.parent
FRONT = "---\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n\n"


def test_only_what_moved_is_listed():
    old = {("a", "A-1"): 1.0, ("a", "n"): 2, ("b", "text"): "x", ("b", "gone"): 3}
    new = {("a", "A-1"): 1.0 + 1e-12, ("a", "n"): 3, ("b", "text"): "y", ("b", "more"): 4}
    rows = {(row["chapter"], row["what"]): row["change"] for row in moved.moved(old, new)}
    assert rows == {("a", "n"): 1, ("b", "text"): "", ("b", "gone"): "gone", ("b", "more"): "new"}


def test_what_the_clock_decides_is_no_number_of_the_method():
    shared = {
        "statement": "s",
        "relation": "at most",
        "bound": 9.0,
        "by": "identity",
        "answers": (),
        "cannot_show": "",
    }
    claims = (
        Claim("A-1", measured=1.5, unit="seconds", **shared),
        Claim("A-2", measured=1.5, unit="one", **shared),
    )
    told = {"run_seconds": 2.0, "p95_ms": 3.0, "swarm_ratio": 40.0, "share": 0.5}
    assert moved.numbers(Register({"a": claims}, {"a": told}).as_dict()) == {
        ("a", "A-2"): 1.5,
        ("a", "share"): 0.5,
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "make diff needs a version"),
        (["nope"], "there is no version 'nope' here"),
        (["--", "--upload-pack=x"], "there is no version '--upload-pack=x' here"),
        (
            ["HEAD", "--chapter", "secnod"],
            "there is no chapter 'secnod'; there is: alternatives, asset_location",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_line(arguments, expected, capsys):
    assert diff.main(arguments) == 1
    said = capsys.readouterr().err
    assert expected in said
    assert "fatal" not in said


def test_outside_a_clone_there_is_no_other_version(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(diff, "ROOT", tmp_path)
    assert diff.main(["main"]) == 1
    assert "is no clone of the repository" in capsys.readouterr().err


def test_a_package_on_the_way_is_run_and_not_used(tmp_path):
    """What waits in a function of a package is no dependency of who only passes through it."""
    for name, text in {
        "portlib/__init__.py": "",
        "portlib/a/__init__.py": "from portlib.a import face\n"
        "def f():\n    from portlib.a import lazy\n",
        "portlib/a/face.py": "",
        "portlib/a/lazy.py": "",
        "portlib/a/used.py": "def f():\n    from portlib.a import deep\n",
        "portlib/a/deep.py": "",
        "portlib/.ipynb_checkpoints/x-checkpoint.py": "",
        "notebooks/p/c.md": f"{FRONT}```{{code-cell}}\nfrom portlib.a import used\n```\n",
        "notebooks/p/.ipynb_checkpoints/c-checkpoint.md": "import portlib.a.lazy",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = depends.dependents(tmp_path)
    assert {name for name, chapters in found.items() if chapters == ["notebooks/p/c.md"]} == set(
        found
    ) - {"portlib.a.lazy"}
    assert "portlib.a.lazy" in found


def test_a_change_is_laid_at_the_door_of_what_stands_on_it():
    chapters = depends.dependents(HERE)
    files = [
        "portlib/construction/risk_parity.py",
        "notebooks/estimation/style_analysis.md",
        "README.md",
    ]
    why = diff.reasons(files, chapters)
    assert "portlib/construction/risk_parity.py" in why["risk_parity"]
    assert why["style_analysis"] == ["notebooks/estimation/style_analysis.md"]
    assert "capital_market_assumptions" not in why
    moved = diff.reasons(["data/policy.yml"], chapters)
    assert set(moved) >= {"style_analysis", "mandate", "tail_risk"}


def test_a_chapters_own_module_comes_first_and_indirect_ones_are_found():
    chapters = depends.dependents(HERE)
    assert chapters["portlib.construction.tail_risk"][0] == "notebooks/construction/tail_risk.md"
    assert "notebooks/construction/mean_variance.md" in chapters["portlib.construction.engines"]
    engines = HERE / "portlib" / "construction" / "engines.py"
    assert "portlib.construction.mandate" in depends.imported(engines, depends.modules(HERE))


def test_a_version_that_does_not_execute_is_not_read_from_an_earlier_run(tmp_path):
    """What an earlier run left stands there, whole; the build then fails, and says why."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").touch()
    (tmp_path / "tools" / "build.py").write_text("raise SystemExit('no kernel began')\n")
    left = tmp_path / ".run" / "chapter-x" / "notebooks" / "part" / "x.ipynb"
    left.parent.mkdir(parents=True)
    left.write_text('{"cells": []}')
    with pytest.raises(diff.DiffError, match=r"(?s)do not execute:.*no kernel began"):
        diff.executed(tmp_path, "x")
