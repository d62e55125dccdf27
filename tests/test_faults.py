"""`make faults`: what is planted, and that nothing counts as noticed by what fails anyway."""

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from tools import faults


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout: a module, a chapter that stands on it, and things that no copy needs."""
    for name, text in {
        "portlib/a.py": "x = 1\n",
        "notebooks/p/c.md": "",
        ".git/config": "",
        "_build/html/i": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(faults, "ROOT", tmp_path)
    return tmp_path


def fault(**changes):
    return faults.Fault(
        **{
            "id": "A",
            "kind": "sign",
            "file": "portlib/a.py",
            "what": "w",
            "old": "1",
            "new": "2",
            **changes,
        }
    )


def test_a_fault_is_planted_in_a_copy_that_goes_afterwards(checkout, monkeypatch):
    seen = []
    monkeypatch.setattr(
        faults,
        "run_chapter",
        lambda copy, chapter: seen.append((copy / "portlib/a.py").read_text()) or "",
    )
    monkeypatch.setattr(
        faults,
        "run_tests",
        lambda copy, stem: f"test of {stem}" if not (copy / ".git").exists() else "",
    )
    row = faults.plant(fault(), {"portlib.a": ["notebooks/p/c.md"]})
    assert (row["caught_by"], row["where"], seen) == ("tests", "test of a", ["x = 2\n"])
    assert (checkout / "portlib" / "a.py").read_text(encoding="utf-8") == "x = 1\n"
    assert not list((checkout / ".run" / "faults").iterdir())


def test_what_fails_without_a_fault_stops_the_run(checkout, monkeypatch):
    monkeypatch.setattr(faults, "run_tests", lambda copy: "")
    monkeypatch.setattr(
        faults, "run_chapter", lambda copy, chapter: "NameError" if "c.md" in chapter else ""
    )
    with ThreadPoolExecutor(1) as pool:
        faults.hold({"notebooks/p/d.md"}, pool)
        with pytest.raises(
            SystemExit, match=r"without any fault, these fail:\n- notebooks/p/c.md: NameError"
        ):
            faults.hold({"notebooks/p/c.md"}, pool)


def test_a_text_that_is_not_there_once_is_named(checkout):
    faults.check([fault()])
    for wrong in (fault(old="9"), fault(new="1")):
        with pytest.raises(SystemExit, match="A: its text occurs"):
            faults.check([wrong])


def test_every_fault_of_the_catalogue_can_be_planted():
    """Each text occurs once in its file, and what takes its place is still Python."""
    planted = faults.catalogue()
    faults.check(planted)
    for fault in planted:
        text = (faults.ROOT / fault.file).read_text(encoding="utf-8")
        if fault.file.endswith(".py"):
            ast.parse(text.replace(fault.old, fault.new), filename=f"{fault.id} in {fault.file}")


def test_tests_that_cannot_run_are_not_taken_for_tests_that_pass(checkout):
    (checkout / "tests").mkdir()
    (checkout / "tests" / "conftest.py").write_text(
        "raise RuntimeError('broken')\n", encoding="utf-8"
    )
    assert "pytest ended with status 4" in faults.run_tests(checkout)
