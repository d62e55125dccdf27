"""Which chapters need not be executed again, because nothing that made their outputs has changed?

A finished execution, every claim of which held, is kept under one SHA-256 of all that could have
moved it: the chapter's source, every file of the checkout that a chapter may read (`READ`), the
plan's folder, imported history, the lock, Python and machine. A chapter whose hash is the same gets
those outputs; all others are executed. All of these files count for every chapter: what a chapter
imports can be read off, what it reaches by other ways cannot.

Left out: the clock, and hardware that computes otherwise under the same name.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from tools import depends

#: Under this name an executed notebook says which hash it was made under.
NAME = "made_under"
#: Folders of the checkout that chapters stand on or read; of the book, what is no page.
READ = ("portlib", "data", "plans", "tests", "benchmarks", "tools")
NO_PAGE = (".yml", ".csv", ".bib")


def surroundings(root: Path, plan_folder: Path | None) -> str:
    """One hash of everything but the chapter itself."""
    named = os.environ.get("PRUDENT_HISTORY", "")
    folders = [*(root / name for name in READ), *filter(None, [plan_folder])]
    folders += [Path(named)] if named else []
    files = [path for folder in folders for path in depends.files(folder, "*") if _counts(path)]
    files += [path for path in depends.files(root / "book", "*") if path.suffix in NO_PAGE]
    files.append(root / "requirements.lock")
    told = [
        sys.version,
        platform.platform(),
        platform.machine(),
        f"plan: {plan_folder is not None}",
    ]
    hashed = hashlib.sha256()
    for line in told:
        hashed.update(f"{line}\n".encode())
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "absent"
        hashed.update(f"{_named(path, root)} {content}\n".encode())
    return hashed.hexdigest()


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts


def _named(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def key(root: Path, page: str, around: str) -> str:
    """The hash of a chapter by the name of its page, among the rest."""
    source = (root / f"{page}.md").read_bytes()
    return hashlib.sha256(f"{page} {around} ".encode() + source).hexdigest()


def restore(root: Path, kept: Path, staging: Path, notebook: Path, around: str) -> bool:
    """Put a kept execution in a staged notebook's place; False where none was made under the same
    hash."""
    page = notebook.relative_to(staging).with_suffix("").as_posix()
    before = kept / f"{page}.ipynb"
    try:
        content = json.loads(before.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if content["metadata"].get(NAME) != key(root, page, around):
        return False
    notebook.write_text(json.dumps(content), encoding="utf-8")
    return True


def keep(root: Path, kept: Path, staging: Path, notebooks: Iterable[Path], around: str) -> None:
    """Keep what was executed, in the place of what was kept before."""
    beside = kept.with_name(f".{kept.name}-new")
    shutil.rmtree(beside, ignore_errors=True)
    for notebook in notebooks:
        page = notebook.relative_to(staging).with_suffix("").as_posix()
        content = json.loads(notebook.read_text(encoding="utf-8"))
        content["metadata"][NAME] = key(root, page, around)
        (beside / page).parent.mkdir(parents=True, exist_ok=True)
        (beside / f"{page}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    beside.rename(kept)
