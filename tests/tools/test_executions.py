"""What is kept is kept under a hash of all that a chapter may read."""

from pathlib import Path

import pytest

from tools import executions


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in executions.READ:
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "file.txt").write_text("1")
    for name in ("book/requirements.yml", "book/names.csv", "book/references.bib", "book/page.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    (tmp_path / "requirements.lock").write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        *(f"{folder}/deep/file.txt" for folder in executions.READ),
        "book/requirements.yml",
        "book/names.csv",
        "book/references.bib",
        "requirements.lock",
    ],
)
def test_every_folder_that_a_chapter_may_read_counts(root: Path, name: str) -> None:
    """Changed, added, renamed or gone: nothing of it leaves the hash as it was."""
    before, file = executions.surroundings(root, None), root / name
    found = {before}
    file.write_text("2")
    found.add(executions.surroundings(root, None))
    file.unlink()
    found.add(executions.surroundings(root, None))
    if name != "requirements.lock":
        file.with_name(f"other{file.suffix}").write_text("1")
        found.add(executions.surroundings(root, None))
    assert len(found) == 3 + (name != "requirements.lock")


def test_a_page_of_words_and_what_python_leaves_behind_do_not_count(root: Path) -> None:
    before = executions.surroundings(root, None)
    (root / "book/page.md").write_text("2")
    (root / "portlib/__pycache__").mkdir()
    (root / "portlib/__pycache__/a.pyc").write_bytes(b"2")
    assert executions.surroundings(root, None) == before


def test_a_plan_and_a_history_elsewhere_count_by_their_content(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, history = (tmp_path_factory.mktemp(name) for name in ("plan", "history"))
    found = {executions.surroundings(root, None), executions.surroundings(root, plan)}
    (plan / "rules.yml").write_text("1")
    found.add(executions.surroundings(root, plan))
    monkeypatch.setenv("PRUDENT_HISTORY", str(history))
    (history / "a.csv").write_text("1")
    found.add(executions.surroundings(root, plan))
    (history / "a.csv").write_text("2")
    found.add(executions.surroundings(root, plan))
    assert len(found) == 5


@pytest.mark.parametrize("what", ["version", "platform", "machine"])
def test_another_python_or_machine_executes_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    before = executions.surroundings(root, None)
    if what == "version":
        monkeypatch.setattr(executions.sys, "version", "3.99")
    else:
        monkeypatch.setattr(executions.platform, what, lambda: "another")
    assert executions.surroundings(root, None) != before
