"""What moved between two versions: every measured value and told number, old, new, and what may
have moved it.

    python -m tools.diff BASE [--chapter NAME]      BASE is a tag or commit; the other side is this
    checkout, as it is

Both sides are executed from their own sources in this environment (the base in a worktree under
`.run`). For each chapter in which something moved, the files that changed and on which it stands
are listed: its own text, the modules that it imports, and the data. Nothing in the checkout
changes. Text goes to standard output, the rows to `_build/diff.csv`.

Left out: numbers that the clock decides (`tools.clock`).
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from portlib import evidence
from tools import build, depends
from tools.moved import Numbers, moved, numbers
from tools.processes import Busy, alone, child, stoppable

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("chapter", "what", "old", "new", "change")


class DiffError(Exception):
    """The two versions cannot be compared; the message says why, and what to do."""


def git(*arguments: str) -> str:
    """What git says; raises `DiffError` with git's own words where it fails."""
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DiffError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def commit_of(base: str) -> str:
    """The commit that a tag, branch or commit names; raises `DiffError` with what may be named
    instead."""
    try:
        return git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}")
    except (DiffError, OSError):
        pass
    try:
        tags = git("tag", "--sort=-creatordate").split()
    except (DiffError, OSError):
        raise DiffError(
            f"{ROOT} is no clone of the repository: there is no other version to compare with"
        ) from None
    known = f"tags: {', '.join(tags[:8])}" if tags else "there are no tags yet"
    raise DiffError(
        f"there is no version {base!r} here ({known}); a commit does too: make diff BASE=main~1"
    )


def executed(root: Path, chapter: str | None) -> Numbers:
    """Execute a checkout's chapters with its own build, telling each, and read what they measured
    and told."""
    own = ["-m", "tools.build"] if (root / "tools" / "build.py").is_file() else ["book/build.py"]
    command = [sys.executable, *own, *(["chapter", chapter] if chapter else ["test"])]
    surroundings = {name: value for name, value in os.environ.items() if name != "PRUDENT_PLAN"}
    surroundings["PYTHONPATH"] = os.pathsep.join([str(root), str(root / "book")])
    last: deque[str] = deque(maxlen=40)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with child(command, cwd=root, env=surroundings, **streams) as process:
        for line in process.stdout or ():
            last.append(line)
            if any(word in line for word in ("PASSED", "FAILED", "== ")):
                print(f"   {line.strip()}", flush=True)
    if process.returncode:
        raise DiffError(f"{root}: its chapters do not execute:\n{''.join(last)}")
    if chapter:
        (notebook,) = (root / ".run" / f"chapter-{chapter}" / "notebooks").rglob(f"{chapter}.ipynb")
        return numbers(evidence.collect([notebook]).as_dict())
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [name for name in build.documents(toc) if name.startswith("notebooks/")]
    found = evidence.collect(root / ".run" / "book" / f"{name}.ipynb" for name in names)
    return numbers(found.as_dict())


def reasons(changed: list[str], chapters: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """By chapter's name, the changed files on which it stands."""
    by: dict[str, list[str]] = {}
    everyone = sorted({chapter for named in chapters.values() for chapter in named})
    for file in changed:
        if file.startswith("portlib/"):
            touched = chapters.get(depends.module_of(Path(file)), everyone)
        elif file.startswith("notebooks/"):
            touched = [file]
        elif file.startswith("data/") or file == "requirements.lock":
            touched = everyone
        else:
            continue
        for chapter in touched:
            by.setdefault(Path(chapter).stem, []).append(file)
    return by


def compare(
    base: str, chapter: str | None
) -> tuple[list[dict[str, Any]], int, dict[str, list[str]]]:
    """Execute both sides; return the rows that moved, how many numbers there are, and why by
    chapter."""
    commit = commit_of(base)
    known = sorted(path.stem for path in depends.chapters(ROOT))
    if chapter and chapter not in known:
        raise DiffError(f"there is no chapter {chapter!r}; there is: {', '.join(known)}")
    worktree = ROOT / ".run" / "diff" / commit[:10]
    with alone(worktree):
        git("worktree", "prune")
        if not worktree.is_dir():
            git("worktree", "add", "--detach", "--force", str(worktree), commit)
        try:
            print(f"== executing {base} ({commit[:10]})", flush=True)
            old = executed(worktree, chapter)
            print("== executing this checkout", flush=True)
            new = executed(ROOT, chapter)
        finally:
            git("worktree", "remove", "--force", str(worktree))
    # this side includes what is not committed yet
    files = git("diff", "--name-only", commit).splitlines()
    files += git("ls-files", "--others", "--exclude-standard").splitlines()
    return moved(old, new), len({*old, *new}), reasons(files, depends.dependents(ROOT))


def report(rows: list[dict[str, Any]], why: Mapping[str, list[str]]) -> None:
    """Print what moved by chapter, and write the rows to `_build/diff.csv`."""
    target = ROOT / "_build" / "diff.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for chapter in dict.fromkeys(row["chapter"] for row in rows):
        own = [row for row in rows if row["chapter"] == chapter]
        print(
            f"\n{chapter}: {len(own)} moved; it stands on "
            f"{', '.join(why.get(chapter, ['nothing that changed']))}"
        )
        for row in own:
            old, new, change = (_short(row[column]) for column in ("old", "new", "change"))
            print(f"  {row['what']:<28} {old:>14} -> {new:<14} {change}")


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)[:40]


def main(arguments: list[str] | None = None) -> int:
    """Execute both sides, compare, report."""
    parser = argparse.ArgumentParser(
        description="List every number that moved between two versions."
    )
    parser.add_argument("base", nargs="?", help="a tag or commit")
    parser.add_argument("--chapter", help="compare this chapter alone")
    given = parser.parse_args(arguments)
    try:
        if not given.base:
            raise DiffError("make diff needs a version: make diff BASE=main~1, or BASE=tag")
        with stoppable():
            rows, count, why = compare(given.base, given.chapter)
        report(rows, why)
    except KeyboardInterrupt:
        print("\n== stopped; nothing was compared", file=sys.stderr)
        return 130
    except (DiffError, Busy, evidence.EvidenceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"\n== {len(rows)} of {count} numbers moved since {given.base}; all of them are in "
        f"_build/diff.csv"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
