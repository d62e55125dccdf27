"""What moved between two versions: beyond rounding, and nothing that the clock decides."""

import json
from pathlib import Path

import pytest

from tools import diff, moved


@pytest.mark.parametrize(("part", "rows"), [(0.5e-9, 0), (2e-9, 1), (-2e-9, 1)])
def test_a_number_has_moved_beyond_rounding_and_not_within_it(part: float, rows: int) -> None:
    key = ("a", "A-1")
    found = moved.moved({key: 1000.0}, {key: 1000.0 * (1 + part)})
    assert len(found) == rows
    if rows:
        assert found[0] == {
            "chapter": "a",
            "what": "A-1",
            "old": 1000.0,
            "new": 1000.0 * (1 + part),
            "change": pytest.approx(1000.0 * part, rel=1e-6),
        }


def test_what_is_no_number_is_compared_by_what_it_says() -> None:
    told = {"a": {"claims": [], "numbers": {"none": float("nan"), "word": "x", "most": 3}}}
    same = json.loads(json.dumps(told))
    assert moved.moved(moved.numbers(told), moved.numbers(same)) == []
    for name, value in (("none", 0.0), ("word", "y"), ("most", 4)):
        other = {"a": {"claims": [], "numbers": {**told["a"]["numbers"], name: value}}}
        assert [row["what"] for row in moved.moved(moved.numbers(told), moved.numbers(other))] == [
            name
        ]


def test_a_register_is_kept_with_its_version_and_every_number(tmp_path: Path) -> None:
    claim = {"id": "A-1", "unit": "", "measured": 0.5}
    quick = {"id": "A-2", "unit": "seconds", "measured": 0.5}
    chapters = {
        "a": {"claims": [claim, quick], "numbers": {"share": 0.25, "run_seconds": 3.0}},
        "b": {"claims": [], "numbers": {"word": "x"}},
    }
    made = {"version": "1", "commit": "c", "plan": "p", "other": "o"}
    (tmp_path / "register.json").write_text(json.dumps({"made_from": made, "chapters": chapters}))
    count = moved.keep(tmp_path / "register.json", tmp_path / "kept.json")
    kept = json.loads((tmp_path / "kept.json").read_text())
    numbers = {"a": {"A-1": 0.5, "share": 0.25}, "b": {"word": "x"}}
    assert kept == {"version": "1", "commit": "c", "plan": "p", "numbers": numbers}
    assert count == 3


def test_a_side_whose_chapters_do_not_execute_is_no_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import contextmanager
    from types import SimpleNamespace

    @contextmanager
    def child(*_: object, **__: object):
        yield SimpleNamespace(returncode=1, stdout=["one.md: cell 3 failed\n"])

    monkeypatch.setattr(diff, "child", child)
    with pytest.raises(diff.DiffError, match="cell 3 failed"):
        diff.executed(tmp_path, None)


def test_the_base_is_taken_away_again_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(diff, "commit_of", lambda base: "0" * 40)
    monkeypatch.setattr(diff, "git", lambda *words: asked.append(words) or "")

    def fails(root: Path, chapter: str | None) -> moved.Numbers:
        raise diff.DiffError("stopped")

    monkeypatch.setattr(diff, "executed", fails)
    with pytest.raises(diff.DiffError, match="stopped"):
        diff.compare("base", None)
    assert asked[1][:2] == ("worktree", "add") and asked[-1][:2] == ("worktree", "remove")


def test_both_sides_are_compared_and_the_old_is_the_base(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diff, "commit_of", lambda base: "0" * 40)
    monkeypatch.setattr(diff, "git", lambda *words: "")
    sides = iter([{("a", "x"): 1.0}, {("a", "x"): 2.0, ("a", "y"): 1.0}])
    roots: list[Path] = []

    def executed(root: Path, chapter: str | None) -> moved.Numbers:
        roots.append(root)
        return next(sides)

    monkeypatch.setattr(diff, "executed", executed)
    monkeypatch.setattr(diff.depends, "dependents", lambda root: {})
    rows, count, _ = diff.compare("base", None)
    assert count == 2 and roots[1] == diff.ROOT != roots[0]
    assert [(row["what"], row["old"], row["new"]) for row in rows] == [
        ("x", 1.0, 2.0),
        ("y", None, 1.0),
    ]
