"""What a book was made from is said of the checkout that it was made in."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from portlib import data, plan
from portlib.evidence import Register
from tools import provenance

ROOT = Path(__file__).parents[2]


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_commit_changes_lock_and_version_are_the_checkouts_own(tmp_path: Path) -> None:
    folder = ROOT / "data" / "plan"
    ours = plan.read(folder)
    (tmp_path / "requirements.lock").write_text("numpy==2.0\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    made = provenance.of(tmp_path, ours, folder)
    assert made["commit"] == git(tmp_path, "rev-parse", "--short=10", "HEAD")
    assert made["version"] == "9.8.7"
    assert made["lock"] == hashlib.sha256(b"numpy==2.0\n").hexdigest()[:10]
    assert made["data"] == data.fingerprint(folder)[:10]
    assert (made["plan"], made["policy"]) == (ours.name, ours.policy.fingerprint[:10])
    (tmp_path / "requirements.lock").write_text("numpy==2.1\n")
    changed = provenance.of(tmp_path, ours, folder)
    assert changed["commit"] == f"{made['commit']} with changes"
    assert changed["lock"] != made["lock"]


@pytest.mark.parametrize("beside", [True, False])
def test_without_git_or_a_project_it_says_so_and_takes_the_installed_version(
    tmp_path: Path, *, beside: bool
) -> None:
    if beside:
        (tmp_path / "pyproject.toml").write_text('[project]\nversion = "9.8.7"\n')
    assert (provenance.version_of(tmp_path) == "9.8.7") is beside


def test_the_register_is_written_with_what_it_was_made_from(tmp_path: Path) -> None:
    file = tmp_path / "evidence.json"
    provenance.write(file, Register({"one": ()}, {"one": {"x": 1}}), {"SE-01": {}}, {"plan": "P"})
    read = json.loads(file.read_text(encoding="utf-8"))
    assert read["made_from"] == {"plan": "P"} and read["requirements"] == {"SE-01": {}}
    assert read["chapters"] == {"one": {"claims": [], "numbers": {"x": 1}}}
