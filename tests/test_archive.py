"""The reviewer's file: complete, checked against its manifest, the same twice."""

import json
import zipfile
from pathlib import Path

import pytest

from portlib import reperform
from tools import archive


@pytest.fixture
def root(tmp_path):
    """A checkout with a small book in it."""
    for name, text in {
        "_build/html/index.html": "<p>executed 2026-11-21 10:00 UTC</p>",
        "_build/html/evidence.json": '{"a": 1}',
        ".run/book/notebooks/x/one.ipynb": '{"iopub.status.idle": "2026-11-21T10:00:00"}',
        "requirements.lock": "numpy==0.0.1",
        "pyproject.toml": '[project]\nversion = "1"',
        "README.md": "",
        "CHANGELOG.md": "",
        "book/requirements.yml": "[]",
        "data/policy.yml": "a: 1",
        "data/plan/rules.yml": "b: 2",
        "data/fetched/lock.yml": "c: 3",
        "data/fetched/F-F_Research_Data_Factors.csv": "copyright",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def manifest(path: Path) -> dict:
    with zipfile.ZipFile(path) as opened:
        return json.loads(opened.read("MANIFEST.json"))


def test_the_archive_is_complete_and_the_same_twice(root):
    target = root / "_build" / "file.zip"
    assert archive.write(root, target) == 13 and reperform.altered(target) == []
    first = target.read_bytes()
    archive.write(root, target)
    assert target.read_bytes() == first
    held = {"site/index.html", "notebooks/x/one.ipynb", "data/plan/rules.yml", "requirements.lock"}
    assert held <= set(manifest(target))
    # of imported files only the lock: others hold the rights in the figures
    assert [name for name in manifest(target) if "fetched" in name] == ["data/fetched/lock.yml"]


def test_another_time_of_execution_changes_the_hash_and_not_the_steady_one(root):
    target = root / "_build" / "file.zip"
    archive.write(root, target)
    before = manifest(target)
    (root / "_build" / "html" / "index.html").write_text(
        "<p>executed 2027-01-01 00:00 UTC</p>", encoding="utf-8"
    )
    archive.write(root, target)
    after = manifest(target)
    assert before["site/index.html"]["sha256"] != after["site/index.html"]["sha256"]
    assert before["site/index.html"]["steady"] == after["site/index.html"]["steady"]
    (root / "_build" / "html" / "index.html").write_text(
        "<p>executed 2027-01-01 00:00 UTC!</p>", encoding="utf-8"
    )
    archive.write(root, target)
    assert manifest(target)["site/index.html"]["steady"] != before["site/index.html"]["steady"]
    assert "steady" not in before["data/policy.yml"]


def test_a_file_that_was_changed_added_or_lost_is_named(root):
    target, spoiled = root / "_build" / "file.zip", root / "spoiled.zip"
    archive.write(root, target)
    with zipfile.ZipFile(target) as whole, zipfile.ZipFile(spoiled, "w") as copy:
        for name in whole.namelist():
            if name != "README.md":
                copy.writestr(name, b"changed" if name == "data/policy.yml" else whole.read(name))
        copy.writestr("more.txt", b"")
    assert reperform.altered(spoiled) == [
        "more.txt is not in the manifest",
        "README.md is missing",
        "data/policy.yml is not what the manifest says",
    ]


def test_without_a_book_there_is_no_file(tmp_path):
    with pytest.raises(SystemExit, match="make book first"):
        archive.write(tmp_path, tmp_path / "file.zip")
    assert not list(tmp_path.glob("file*"))


def test_ids_times_and_addresses_move_and_numbers_do_not():
    page = '"id": "{0:08x}", "x_seconds": {0}.5, "<Styler at 0x{0:x}>", T_{0:05x}_row, '
    page += "{0}.1 (at most 2) seconds"
    page += ', "share": {1}'
    one, two, other = (
        page.format(*values).encode() for values in ((10, 0.25), (11, 0.25), (10, 0.26))
    )
    assert archive.steady("page.html", one) == archive.steady("page.html", two)
    assert archive.steady("page.html", one) != archive.steady("page.html", other)


def test_what_is_no_archive_and_a_name_that_is_there_twice_are_said(root):
    target, spoiled = root / "_build" / "file.zip", root / "spoiled.zip"
    assert "cannot be read" in reperform.altered(spoiled)[0]
    for content in (b"[]", b"{", b'{"a": 1}'):
        with zipfile.ZipFile(spoiled, "w") as opened:
            opened.writestr("MANIFEST.json", content)
        assert reperform.altered(spoiled) == [
            "MANIFEST.json is missing, or no manifest of this archive"
        ]
    archive.write(root, target)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(target, "a") as opened:
        opened.writestr("README.md", b"")
    assert reperform.altered(target) == ["README.md is there twice"]


def test_a_full_disk_leaves_the_file_that_was_there(root, monkeypatch):
    target = root / "_build" / "file.zip"
    archive.write(root, target)
    before = target.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="No space left"):
        archive.write(root, target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.glob("file*")] == ["file.zip"]
