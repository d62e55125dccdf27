"""From what was a book made, in short: version, commit, lock, data, plan and policy."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from portlib import data
from portlib.evidence import Register
from portlib.plan import Plan


def of(root: Path, ours: Plan, folder: Path) -> dict[str, str]:
    """What a checkout makes a plan's book from; the plan's folder counts among its data."""
    commit = _git(root, "rev-parse", "--short=10", "HEAD") or "none"
    return {
        "version": version_of(root),
        "commit": f"{commit} with changes" if _git(root, "status", "--porcelain") else commit,
        "lock": hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()[:10],
        "data": data.fingerprint(folder)[:10],
        "plan": ours.name,
        "policy": ours.policy.fingerprint[:10],
    }


def version_of(root: Path) -> str:
    """The version that a checkout says it is; of the installed package where it says nothing."""
    project = root / "pyproject.toml"
    if not project.is_file():
        return version("portlib")
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def write(
    target: Path,
    register: Register,
    required: Mapping[str, Mapping[str, Any]],
    made_from: Mapping[str, str],
) -> None:
    """A book's register, with the requirements and what it was made from, as ``evidence.json``."""
    document = {
        "made_from": made_from,
        "chapters": register.as_dict(),
        "requirements": required,
    }
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    target.write_text(text, encoding="utf-8")
