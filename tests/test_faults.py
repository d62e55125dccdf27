"""`make faults`: what is planted, who is asked, and that nothing counts as noticed by what fails
anyway."""

import ast
import csv
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tools import faults

TEXT = """x = 1


def double(y):
    if (
        y > 1
    ):
        return 2 * y
    return 0


def made():
    k = 3

    def triple(y):
        return y + y + y

    return triple


triple = made()
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout: a module, two chapters of which one doubles, and a test."""
    start = "```{code-cell}\nfrom portlib import a\n```\n"
    for name, text in {
        "portlib/__init__.py": "",
        "portlib/a.py": TEXT,
        "notebooks/p/a.md": f"{start}```{{code-cell}}\nassert a.double(2) == 4\n```\n",
        "notebooks/p/c.md": f"{start}```{{code-cell}}\nassert a.triple(a.double(0)) == 0\n```\n",
        "tests/test_a.py": "from portlib import a\n\ndef test_x():\n    assert a.x == 1\n",
        "pyproject.toml": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(faults, "ROOT", tmp_path)
    monkeypatch.setattr(faults, "tests_of", lambda path: [])
    return tmp_path


def fault(**changes):
    return faults.Fault(
        **{
            "id": "A",
            "kind": "sign",
            "file": "portlib/a.py",
            "what": "w",
            "old": "2 * y",
            "new": "3 * y",
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("2 * y", "3 * y", {8}),
        ("y > 1\n", "y > 2\n", {5, 6, 7}),  # all of the condition that it belongs to
        ("double(y)", "double(y=0)", {4}),
        ("        return 2 * y\n    return 0", "        return 3 * y\n    return 1", {8, 9}),
    ],
)
def test_a_fault_changes_its_lines_and_their_statements(old, new, lines):
    assert faults.changed(fault(old=old, new=new), TEXT) == lines


def ask(checkout, chapter, *some):
    said = faults.forked(partial(faults.chapter, checkout, f"notebooks/p/{chapter}.md", some), 60)
    assert (checkout / "portlib" / "a.py").read_text(encoding="utf-8") == TEXT
    return said


def test_a_chapter_is_asked_about_the_faults_whose_lines_it_runs(checkout):
    planted = [
        fault(id="doubled"),
        fault(id="imported", old="x = 1", new="x = None"),
        fault(id="not put", old="y + y + y", new="k * y"),  # another closure than is there already
        fault(id="noticed", old="y + y + y", new="y + y + 1"),
    ]
    assert ask(checkout, "a", *planted) == {
        "failed": "",
        "found": {"imported": "", "doubled": "AssertionError: "},
    }
    assert ask(checkout, "c", *planted) == {
        "failed": "",
        "found": {"imported": "", "not put": "", "noticed": "AssertionError: "},
    }


def test_what_fails_or_warns_without_a_fault_is_said(checkout):
    book = checkout / "notebooks" / "p" / "a.md"
    for code, said in {
        "1 / 0": "ZeroDivisionError: division by zero",
        "import sys; print('!', file=sys.stderr)": "writes to stderr: !",
    }.items():
        book.write_text(f"```{{code-cell}}\n{code}\n```\n", encoding="utf-8")
        assert ask(checkout, "a", fault())["failed"] == said


def test_tests_are_asked_and_one_that_fails_anyway_stops_the_run(checkout):
    other = fault(old="x = 1", new="x = 2")
    assert faults.tested(checkout, other) == "tests/test_a.py::test_x"
    assert faults.tested(checkout, fault()) == ""
    test = checkout / "tests" / "test_a.py"
    test.write_text(test.read_text(encoding="utf-8").replace("== 1", "== 9"), encoding="utf-8")
    with pytest.raises(RuntimeError, match="test_x fails without any fault"):
        faults.tested(checkout, other)


def test_the_nearest_chapter_is_asked_then_the_others_then_tests(checkout, monkeypatch):
    seen = []

    def chapter(job):
        seen.append((job[0], *[one.id for one in job[1]]))
        return {
            "failed": "",
            "found": {one.id: one.id if one.id in job[0] else "" for one in job[1]},
        }

    near = {"portlib.a": ["p/A.md", "p/B.md", "p/c.md"]}
    monkeypatch.setattr(faults, "_chapter", chapter)
    monkeypatch.setattr(faults, "_tests", lambda fault: "t" if fault.id == "T" else "")
    monkeypatch.setattr(faults.depends, "dependents", lambda root: near)
    with ThreadPoolExecutor(1) as pool:
        found = list(faults.plant([fault(id=id) for id in "ABTN"], pool))
    assert {(row["id"], row["caught_by"], row["where"]) for row in found} == {
        ("A", "chapter", "A"),
        ("B", "chapter", "B"),
        ("T", "tests", "t"),
        ("N", "nobody", ""),
    }
    assert seen == [("p/A.md", *"ABTN"), ("p/B.md", *"BTN"), ("p/c.md", *"BTN")]
    monkeypatch.setattr(faults, "_chapter", lambda job: {"failed": "NameError"})
    failing = r"without any fault, p/A\.md fails: NameError"
    with ThreadPoolExecutor(1) as pool, pytest.raises(SystemExit, match=failing):
        list(faults.plant([fault()], pool))


def test_of_independent_faults_the_first_answer_stays(tmp_path):
    for name, stays in {"results": "tests", "independent_results": "nobody"}.items():
        path = tmp_path / f"{name}.csv"
        faults.write([faults.row(fault(), "nobody")], [fault()], path)
        faults.write([faults.row(fault(), "tests")], [fault()], path)
        with path.open(newline="", encoding="utf-8") as file:
            assert [row["caught_by"] for row in csv.DictReader(file)] == [stays]


def test_a_text_that_is_not_there_once_is_named(checkout):
    faults.check([fault()])
    for wrong in (fault(old="9"), fault(new="2 * y")):
        with pytest.raises(SystemExit, match="A: its text occurs"):
            faults.check([wrong])


@pytest.mark.parametrize("name", ["catalogue", "independent"])
def test_every_fault_can_be_planted(name):
    """Each text occurs once in its file, and what takes its place is still Python."""
    planted = faults.catalogue(faults.HERE / f"{name}.yml")
    faults.check(planted)
    for fault in planted:
        text = (faults.ROOT / fault.file).read_text(encoding="utf-8")
        if fault.file.endswith(".py"):
            ast.parse(text.replace(fault.old, fault.new), filename=f"{fault.id} in {fault.file}")


def test_tests_that_cannot_run_are_not_taken_for_tests_that_pass(checkout):
    (checkout / "tests" / "conftest.py").write_text(
        "raise RuntimeError('broken')\n", encoding="utf-8"
    )
    said = faults.forked(partial(faults.tests, checkout, ["tests"]), 60)
    assert "pytest ended with status 4" in said["failed"]
