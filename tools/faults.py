"""Plant one fault at a time in a copy of portlib or data, and see who notices: ``make faults``.

For each entry of `catalogue.yml` the checkout is copied, the fault applied, and the chapters that
depend on the file are executed, the nearest first, until one stops. Only if none does, the tests
run. A fault that nobody notices is a survivor: it needs a better check. ``--only PATTERN`` plants
the faults in whose id or file the pattern is found.

First all of them run without a fault: what fails then would be said to notice everything.

Writes `tests/faults/results.csv`, which the validation chapter shows; with ``--only``, the rows of
those faults in it.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
import yaml

from tools import depends

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "faults"
#: What a copy of the checkout does without.
LEFT = shutil.ignore_patterns(
    "__pycache__",
    ".git",
    ".venv*",
    ".run",
    "_build",
    ".*_cache",
    ".hypothesis",
    ".ipynb_checkpoints",
    "faults",
)
#: Tests that say nothing about the methodology: how the checkout is made and packed, and whether
#: the catalogue fits the code, which no copy does once a fault is planted in it.
NOT_ASKED = (
    "architecture",
    "archive",
    "book",
    "diff",
    "environment",
    "faults",
    "package",
    "readme",
    "site",
)
COLUMNS = ("id", "kind", "file", "what", "caught_by", "where", "how")
#: Seconds that a chapter or the tests may take with a fault planted; longer counts as noticed, for
#: nobody waits.
PATIENCE = 300


@dataclass(frozen=True)
class Fault:
    """A replacement of one text, which must occur exactly once, by another."""

    id: str
    kind: str
    file: str
    what: str
    old: str
    new: str


def catalogue() -> list[Fault]:
    """The faults, every id once."""
    faults = [
        Fault(**entry)
        for entry in yaml.safe_load((HERE / "catalogue.yml").read_text(encoding="utf-8"))
    ]
    ids = [fault.id for fault in faults]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise SystemExit(f"catalogue.yml: ids given twice: {', '.join(twice)}")
    return faults


def check(faults: list[Fault]) -> None:
    """Stop where the text of a fault is not found exactly once in its file."""
    for fault in faults:
        count = (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old)
        if count != 1 or fault.old == fault.new:
            what = f"its text occurs {count} times in {fault.file}; it must once"
            raise SystemExit(f"catalogue.yml: {fault.id}: {what}")


def surroundings(copy: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def run_chapter(copy: Path, chapter: str) -> str:
    """Execute a chapter of the copy; what stopped it, or nothing."""
    book = jupytext.read(copy / chapter, fmt="md:myst")
    target = copy / (Path(chapter).stem + ".ipynb")
    nbformat.write(book, target)
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "nbconvert",
        "--to",
        "notebook",
        "--execute",
        "--inplace",
        str(target),
        "--ExecutePreprocessor.timeout=120",
    ]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=surroundings(copy),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "no answer in time"
    if done.returncode == 0:
        cells = nbformat.read(target, as_version=4).cells
        noise = [o.text for c in cells for o in c.get("outputs", ()) if o.get("name") == "stderr"]
        return f"writes to stderr: {_last(noise[0])}" if noise else ""
    return _last(re.sub(r"\x1b\[[0-9;]*m", "", done.stderr))


def run_tests(copy: Path, stem: str = "") -> str:
    """Run the tests of the copy, those of the module named first; what failed, or nothing."""
    first = (
        [str(p.relative_to(copy)) for p in (copy / "tests").rglob(f"test_{stem}.py")]
        if stem
        else []
    )
    for files in ([first] if first else []) + [["tests"]]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *files,
        ]
        command += [f"--ignore=tests/test_{name}.py" for name in NOT_ASKED]
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                env=surroundings(copy),
                capture_output=True,
                text=True,
                timeout=3 * PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return "no answer in time"
        if found := re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.M):
            return found[1]
        if done.returncode:
            return (
                f"pytest ended with status {done.returncode}: {_last(done.stderr or done.stdout)}"
            )
    return ""


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return (lines[-1] if lines else "stopped without a word")[:160]


@contextmanager
def copied(name: str) -> Iterator[Path]:
    """A copy of the checkout under `.run/faults`, which goes afterwards."""
    copy = ROOT / ".run" / "faults" / name
    shutil.rmtree(copy, ignore_errors=True)
    try:
        shutil.copytree(ROOT, copy, ignore=LEFT)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def concerned(fault: Fault, chapters: dict[str, list[str]]) -> list[str]:
    """The chapters that stand on a fault's file, the nearest first."""
    everyone = [path.relative_to(ROOT).as_posix() for path in depends.chapters(ROOT)]
    return chapters.get(depends.module_of(Path(fault.file)), everyone)


def plant(fault: Fault, chapters: dict[str, list[str]]) -> dict[str, str]:
    """One fault: who notices it."""
    row = {"id": fault.id, "kind": fault.kind, "file": fault.file, "what": fault.what}
    with copied(fault.id) as copy:
        path = copy / fault.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        for chapter in concerned(fault, chapters):
            if how := run_chapter(copy, chapter):
                return {**row, "caught_by": "chapter", "where": Path(chapter).stem, "how": how}
        if where := run_tests(copy, Path(fault.file).stem):
            return {**row, "caught_by": "tests", "where": where, "how": ""}
        return {**row, "caught_by": "nobody", "where": "", "how": ""}


def hold(chapters: set[str], pool: ThreadPoolExecutor) -> None:
    """Stop where a chapter or test fails with no fault planted: it would be said to notice every
    one."""
    with copied("none") as copy:
        tests = pool.submit(run_tests, copy)
        ran = pool.map(lambda chapter: (chapter, run_chapter(copy, chapter)), sorted(chapters))
        wrong = [f"{chapter}: {how}" for chapter, how in [*ran, ("tests", tests.result())] if how]
    if wrong:
        listed = "\n- ".join(wrong)
        raise SystemExit(f"without any fault, these fail:\n- {listed}")


def write(rows: list[dict[str, str]], *, whole: bool) -> None:
    """The rows, in the catalogue's order; of a run that was not whole, in the place of those that
    were there."""
    path, known = HERE / "results.csv", {}
    if not whole and path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            known = {row["id"]: row for row in csv.DictReader(file)}
    known |= {row["id"]: row for row in rows}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(known[fault.id] for fault in catalogue() if fault.id in known)


def main() -> int:
    """Plant all faults, two at a time on two cores; fail while one survives."""
    parser = argparse.ArgumentParser(description="Plant faults and see who notices.")
    parser.add_argument(
        "--only", default="", help="faults in whose id or file this regular expression is found"
    )
    only = parser.parse_args().only
    faults = [
        fault for fault in catalogue() if re.search(only, fault.id) or re.search(only, fault.file)
    ]
    check(faults)
    started, chapters, rows = time.monotonic(), depends.dependents(ROOT), []
    print(f"== {len(faults)} faults", flush=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        print("   first without any", flush=True)
        hold({chapter for fault in faults for chapter in concerned(fault, chapters)[:3]}, pool)
        for row in pool.map(lambda fault: plant(fault, chapters), faults):
            rows.append(row)
            who = f"{row['caught_by']:<8} {row['where']:<34}"
            print(
                f"   {len(rows):3d}/{len(faults)} {row['id']:<10} {who} {row['what']}", flush=True
            )
    counts = {
        who: sum(row["caught_by"] == who for row in rows) for who in ("chapter", "tests", "nobody")
    }
    print(
        f"== {time.monotonic() - started:.0f} s: chapters caught {counts['chapter']}, tests "
        f"{counts['tests']}, "
        f"nobody {counts['nobody']}",
        flush=True,
    )
    write(rows, whole=not only)
    print("tests/faults/results.csv has the list")
    return int(counts["nobody"] > 0)


if __name__ == "__main__":
    sys.exit(main())
