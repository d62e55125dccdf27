"""What moved between two versions: every measured value and told number, old, new, and what may have moved it.

    python -m tools.diff BASE            BASE is a tag or commit; the other side is this checkout, as it is

Both sides are executed from their own sources in this environment (the base in a worktree under `.run`). For each
chapter in which something moved, the files that changed and on which it stands are listed: its own text, the modules
that it imports, and the data. Nothing in the checkout changes. Text goes to standard output, the rows to
`_build/diff.csv`.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from portlib import evidence
from tools import build, depends

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ("chapter", "what", "old", "new", "change")
#: Relative change below which a number has not moved: other machines and library versions round differently.
STILL = 1e-9
Numbers = dict[tuple[str, str], float | int | str]


def git(*arguments: str, cwd: Path = ROOT) -> str:
    """What git says; the run stops with git's own words where it fails."""
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def executed(root: Path) -> Numbers:
    """Execute a checkout's chapters with its own build, and read what they measured and told."""
    paths = [str(root), str(root / "book")]
    surroundings = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    own = ["-m", "tools.build"] if (root / "tools" / "build.py").is_file() else ["book/build.py"]
    done = subprocess.run([sys.executable, *own, "test"], cwd=root, env=surroundings, text=True,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{root.name}: its chapters do not execute:\n{done.stderr[-2000:]}")
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    names = [name for name in build.documents(toc) if name.startswith("notebooks/")]
    register = evidence.collect(root / ".run" / "book" / f"{name}.ipynb" for name in names)
    numbers: Numbers = {}
    for chapter, claims in register.claims.items():
        numbers |= {(chapter, claim.id): claim.measured for claim in claims}
        numbers |= {(chapter, name): value for name, value in register.numbers[chapter].items()}
    return numbers


def moved(old: Numbers, new: Numbers) -> list[dict[str, Any]]:
    """One row a number that is not what it was; timings, which never are, are named ``..._seconds`` and left out."""
    rows = []
    for chapter, what in sorted({*old, *new}):
        a, b = old.get((chapter, what)), new.get((chapter, what))
        if what.endswith("seconds") or a == b:
            continue
        change: float | str = "new" if a is None else "gone" if b is None else ""
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            if abs(a - b) <= STILL * max(abs(a), abs(b)):
                continue
            change = b - a
        rows.append({"chapter": chapter, "what": what, "old": a, "new": b, "change": change})
    return rows


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


def main() -> int:
    """Execute both sides, compare, report."""
    parser = argparse.ArgumentParser(
        description="List every number that moved between two versions."
    )
    parser.add_argument("base", help="a tag or commit")
    base = parser.parse_args().base
    commit = git("rev-parse", "--verify", f"{base}^{{commit}}")
    worktree = ROOT / ".run" / "diff" / commit[:10]
    git("worktree", "prune")
    if not worktree.is_dir():
        git("worktree", "add", "--detach", "--force", str(worktree), commit)
    try:
        print(f"== executing {base} ({commit[:10]})", flush=True)
        old = executed(worktree)
        print("== executing this checkout", flush=True)
        new = executed(ROOT)
        rows = moved(old, new)
        # this side includes what is not committed yet
        files = [*git("diff", "--name-only", commit).splitlines(),
                 *git("ls-files", "--others", "--exclude-standard").splitlines()]  # fmt: skip
        why = reasons(files, depends.dependents(ROOT))
    finally:
        git("worktree", "remove", "--force", str(worktree))
    target = ROOT / "_build" / "diff.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for chapter in dict.fromkeys(row["chapter"] for row in rows):
        own = [row for row in rows if row["chapter"] == chapter]
        print(
            f"\n{chapter}: {len(own)} moved; it stands on {', '.join(why.get(chapter, ['nothing that changed']))}"
        )
        for row in own:
            print(
                f"  {row['what']:<28} {_short(row['old']):>14} -> {_short(row['new']):<14} {_short(row['change'])}"
            )
    print(
        f"\n== {len(rows)} of {len({*old, *new})} numbers moved since {base}; all of them are in {target}"
    )
    return 0


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else str(value)[:40]


if __name__ == "__main__":
    sys.exit(main())
