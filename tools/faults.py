"""Plant one fault at a time in a copy of the checkout, and see who notices: ``make faults``.

Of each entry of `catalogue.yml` the chapter nearest to its file is asked, then two others, then all
that stand on it, and only if none of them stops, the tests near the file. A fault that nobody
notices is a survivor: it needs a better check, or a reason why it changes nothing that is promised
(``equivalent``).

A chapter runs once for all faults: before the first cell that runs a fault's lines, a fork goes
another way with the fault planted. That is as good as from the start, for no line of it had run.
What fails with no fault planted would be said to notice everything, and stops the run.

``--only PATTERN`` plants the faults in whose id or file the pattern is found; ``--independent``
those of `independent.yml`, written by people who had seen no test and no chapter.

Writes `results.csv`, or `independent_results.csv`, which the validation chapter shows. Of the
independent faults the first answer stays: what is mended afterwards was seen. ``--independent
--again`` plants those once more that nobody noticed, and writes `independent_again.csv`.

Left out: tests further away (`ENOUGH`), what chapters and tests run in processes of their own, and
how a page looks. The counts are of those who were asked.
"""

from __future__ import annotations

import argparse
import ast
import compileall
import csv
import datetime
import difflib
import gc
import importlib
import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from code import InteractiveInterpreter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from py_compile import PycInvalidationMode
from types import CodeType, FunctionType
from typing import Any

import jupytext
import pytest
import yaml
from matplotlib import pyplot

from tools import depends
from tools.mutants import codes, forked, place, tests_of

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "faults"
#: What a copy of the checkout does without.
LEFT = shutil.ignore_patterns(
    *("__pycache__", ".git", ".venv*", ".run", "_build", ".*_cache", ".hypothesis"),
    ".ipynb_checkpoints",
)
#: Tests that say nothing about the methodology: how the checkout is made and packed, and whether
#: the catalogue fits the code, which no copy does once a fault is planted in it.
NOT_ASKED = (
    *("architecture", "archive", "book", "diff", "environment", "faults", "mutants", "package"),
    *("readme", "site"),
)
COLUMNS = ("id", "kind", "file", "what", "caught_by", "where", "how", "commit", "date")
#: Heavy libraries, imported once, before any fork.
HEAVY = ("cvxpy", "hypothesis", "myst_nb", "pandas", "pyarrow", "scipy.optimize", "scipy.stats")
#: Which chapters are asked together, of those that stand on a file, from the nearest.
WAVES = (slice(0, 1), slice(1, 3), slice(3, None))
#: After how many seconds of the processor no other test is asked.
ENOUGH = 180.0
#: Seconds that anybody may take with a fault planted; longer counts as noticed, for nobody waits.
PATIENCE = 600
#: Lines that code runs before all of it counts as run.
MUCH = 2000


@dataclass(frozen=True)
class Fault:
    """A replacement of one text, which must occur exactly once, by another; `version` is that of
    the code for which an independent fault was written, `like` an earlier fault on its lines."""

    id: str
    kind: str
    file: str
    what: str
    old: str
    new: str
    equivalent: str = ""
    version: str = ""
    like: str = ""


def catalogue(path: Path) -> list[Fault]:
    """The faults, every id once."""
    faults = [Fault(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]
    ids = [fault.id for fault in faults]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise SystemExit(f"{path.name}: ids given twice: {', '.join(twice)}")
    return faults


def check(faults: Sequence[Fault]) -> None:
    """Stop where the text of a fault is not found exactly once in its file."""
    for fault in faults:
        count = (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old)
        if count != 1 or fault.old == fault.new:
            what = f"its text occurs {count} times in {fault.file}; it must once"
            raise SystemExit(f"{fault.id}: {what}")


def changed(fault: Fault, text: str) -> set[int]:
    """The lines that a fault changes, and all lines of the statements that they belong to."""
    turns = difflib.SequenceMatcher(None, fault.old, fault.new, autojunk=False).get_opcodes()
    others = [turn[1:3] for turn in turns if turn[0] != "equal"]
    start = text.index(fault.old)
    first = text.count("\n", 0, start + others[0][0]) + 1
    last = text.count("\n", 0, start + max(others[0][0], others[-1][1] - 1)) + 1
    lines = set(range(first, last + 1))
    for node in ast.walk(ast.parse(text)) if fault.file.endswith(".py") else ():
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            head = range(node.lineno, max(end, node.lineno) + 1)
            lines |= set(head) if not lines.isdisjoint(head) else set()
    return lines


def enter(copy: Path) -> None:
    """Make this process, a fork, one of the copy's."""
    os.chdir(copy)
    here = [path for path in sys.path if Path(path or ".").resolve() not in (ROOT, copy)]
    sys.path[:] = [str(copy), *here]
    os.environ["PYTHONPATH"] = str(copy)
    for name in [name for name in sys.modules if name.split(".")[0] in ("portlib", "tools")]:
        del sys.modules[name]


# ---- what chapters say ---------------------------------------------------------------------------


class Tracer:
    """The lines of a folder's Python that are run within it; of code that runs much, all lines, so
    that no loop is slow for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.left: dict[int, int] = {}
        self.codes: list[CodeType] = []
        self.lines: dict[str, set[int]] = {}

    def __enter__(self) -> None:
        threading.settrace(self.call)
        sys.settrace(self.call)

    def __exit__(self, *error: object) -> None:
        sys.settrace(None)

    def call(self, frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.startswith(self.folder):
            return None
        if id(code) not in self.left:
            self.left[id(code)] = MUCH
            self.codes.append(code)  # so that no other code is given its id
            self.lines.setdefault(code.co_filename, set())
        return self.line if self.left[id(code)] else None

    def line(self, frame: Any, event: str, argument: Any) -> Any:
        code = frame.f_code
        self.lines[code.co_filename].add(frame.f_lineno)
        self.left[id(code)] -= self.left[id(code)] > 0
        if self.left[id(code)]:
            return self.line
        self.lines[code.co_filename] |= _lines(code)
        return None


def _lines(code: CodeType) -> set[int]:
    return {line for *_, line in code.co_lines() if line is not None}


def cells(path: Path) -> list[CodeType]:
    """A chapter's code, cell by cell; the one that performs the worked examples is moved behind the
    first, which makes what it needs, for it notices most and takes least."""
    book = jupytext.read(path, fmt="md:myst").cells
    code = [cell.source for cell in book if cell.cell_type == "code"]
    code[1:] = sorted(code[1:], key=lambda source: "= perform(" not in source)
    return [compile(one, f"{path.name} cell {n}", "exec") for n, one in enumerate(code, start=1)]


class Shell(InteractiveInterpreter):
    """Runs cells, and keeps what stopped one."""

    failed = ""

    def showtraceback(self) -> None:
        kind, error, _ = sys.exc_info()
        self.failed = f"{kind.__name__ if kind else ''}: {error}".partition("\n")[0][:160]


def execute(cells: Sequence[CodeType], names: dict[str, Any]) -> str:
    """Run cells; what stopped them, or nothing."""
    shell = Shell(names)
    with tempfile.TemporaryFile("w+") as noise, redirect_stderr(noise):
        os.dup2(noise.fileno(), 2)
        for cell in cells:
            shell.runcode(cell)
            if shell.failed:
                return shell.failed
            pyplot.close("all")
        noise.seek(0)
        said = noise.read().strip()
    return f"writes to stderr: {said.splitlines()[-1]}"[:160] if said else ""


@contextmanager
def written(path: Path, fault: Fault) -> Iterator[str]:
    """A file with a fault in it, for a while."""
    was = path.read_bytes()
    text = was.decode().replace(fault.old, fault.new)
    path.write_text(text, encoding="utf-8")
    try:
        yield text
    finally:
        path.write_bytes(was)


def put(path: Path, text: str) -> None:
    """Give the functions of a module that are in this process already the code of a text; raises
    `ValueError` where one cannot take it."""
    new = codes(compile(text, str(path), "exec")) if path.suffix == ".py" else {}
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename == str(path):
            one.__code__ = new.get(place(one.__code__), one.__code__)


@contextmanager
def waiting(work: Callable[[Any], Any]) -> Iterator[Callable[[Any], Any]]:
    """A fork that stays as this process is now, until it is told something and answers."""
    ours, theirs = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(ours[1])
            with open(ours[0], encoding="utf-8") as told, open(theirs[1], "w") as said:
                json.dump(work(json.load(told)), said)
        finally:
            os._exit(0)
    os.close(ours[0])
    os.close(theirs[1])

    def tell(what: Any) -> Any:
        with open(ours[1], "w", encoding="utf-8") as told:
            json.dump(what, told)
        with open(theirs[0], encoding="utf-8") as said:
            return json.load(said)

    yield tell
    os.waitpid(child, 0)


def chapter(copy: Path, name: str, faults: Sequence[Fault]) -> dict[str, Any]:
    """Execute a chapter of the copy; what stops it, and what stops it with each of the faults whose
    lines it runs."""
    enter(copy)
    lines = {one.id: changed(one, (copy / one.file).read_text(encoding="utf-8")) for one in faults}
    code, tracer = cells(copy / name), Tracer(copy)
    found: dict[str, str] = {}
    names: dict[str, Any] = {"__name__": "__main__"}

    def planted(fault: Fault, at: int) -> dict[str, Any]:
        try:
            put(copy / fault.file, (copy / fault.file).read_text(encoding="utf-8"))
        except ValueError:  # from the start, then
            enter(copy)
            return {"failed": execute(code, {"__name__": "__main__"})}
        return {"failed": execute(code[at:], names)}

    def ask(at: int, touched: list[str]) -> dict[str, str]:
        said = {}
        for fault in [one for one in faults if one.id in touched]:
            with written(copy / fault.file, fault):
                said[fault.id] = str(forked(partial(planted, fault, at), PATIENCE)["failed"])
        return said

    for at, cell in enumerate(code):
        with waiting(partial(ask, at)) as tell:
            with tracer:
                failed = execute([cell], names)
            touched = [
                one.id
                for one in faults
                if one.id not in found
                and (
                    not one.file.endswith(".py")
                    or lines[one.id] & tracer.lines.get(str(copy / one.file), set())
                )
            ]
            found |= tell([] if failed else touched)
        if failed:
            return {"failed": failed}
    return {"failed": "", "found": found}


# ---- what tests say ------------------------------------------------------------------------------


class Noticed:
    """A pytest plugin that keeps the first test that failed, and stops when `ENOUGH` is spent."""

    who = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.who = self.who or (report.nodeid if report.failed else "")

    pytest_collectreport = pytest_runtest_logreport

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        item.session.shouldstop = time.process_time() > ENOUGH


def tests(copy: Path, paths: Sequence[str]) -> dict[str, Any]:
    """Run test files of the copy in their order; which test failed, or nothing."""
    enter(copy)
    gc.freeze()  # pytest collects garbage at its end, and need not look through all that was there
    noticed = Noticed()
    options = ["-x", "-q", "-p", "no:cacheprovider", "--disable-plugin-autoload", "--tb=no"]
    status = pytest.main([*options, f"--rootdir={copy}", *paths], plugins=[noticed])
    stopped = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.INTERRUPTED)
    wrong = "" if status in stopped else f"pytest ended with status {int(status)}"
    return {"failed": noticed.who or wrong}


def near_tests(file: str) -> tuple[list[str], list[str]]:
    """A file's own tests and doctests, and the other test files near it, the nearest first."""
    path = ROOT / file
    python = file.startswith("portlib/") and path.suffix == ".py"
    every = [str(one) for one in depends.files(ROOT / "tests", "test_*.py")]
    own = [one for one in every if Path(one).stem == f"test_{path.stem}"]
    near = tests_of(path) if python else every
    left = [ROOT / "tests" / f"test_{name}.py" for name in NOT_ASKED]
    mine = [Path(one).relative_to(ROOT).as_posix() for one in own]
    others = [Path(one).relative_to(ROOT).as_posix() for one in near if Path(one) not in left]
    return mine + [file] * python, [name for name in others if name not in mine]


def tested(copy: Path, fault: Fault) -> str:
    """The test that notices a fault; raises `RuntimeError` where it fails without it."""
    for files in near_tests(fault.file):
        with written(copy / fault.file, fault):
            where = str(forked(partial(tests, copy, files), PATIENCE)["failed"])
        if where:
            again = [where] if "::" in where else files
            if forked(partial(tests, copy, again), PATIENCE)["failed"]:
                raise RuntimeError(f"{where} fails without any fault")
            return where
    return ""


# ---- who notices ---------------------------------------------------------------------------------

_COPY: list[Path] = []


def _begin(copies: Path, independent: Sequence[str]) -> None:
    """Make this worker's copy; its compiled files are used only where the source is what it was.

    Of each independent fault the copy says that it was noticed when it was planted again: the
    chapter that claims so is asked about the fault, not about what is still to be mended.
    """
    _COPY[:] = [copies / str(os.getpid())]
    shutil.copytree(ROOT, _COPY[0], ignore=LEFT)
    lines = ["id,caught_by", *(f"{id},chapter" for id in independent)]
    (_COPY[0] / "tests" / "faults" / "independent_again.csv").write_text("\n".join(lines))
    for folder in ("portlib", "tools"):
        way = PycInvalidationMode.CHECKED_HASH
        compileall.compile_dir(_COPY[0] / folder, quiet=2, invalidation_mode=way)


def _chapter(job: tuple[str, list[Fault]]) -> dict[str, Any]:
    return forked(partial(chapter, _COPY[0], *job), 20 * PATIENCE)


def _tests(fault: Fault) -> str:
    return tested(_COPY[0], fault)


def plant(faults: Sequence[Fault], pool: Executor) -> Iterator[dict[str, str]]:
    """The faults' rows, in the order in which they are found."""
    dependents, left = depends.dependents(ROOT), {fault.id: fault for fault in faults}
    everyone = [path.relative_to(ROOT).as_posix() for path in depends.chapters(ROOT)]
    for wave in WAVES:
        jobs: dict[str, list[Fault]] = {}
        for fault in left.values():
            near = dependents.get(depends.module_of(Path(fault.file)), everyone)[wave]
            for name in near if not fault.file.startswith("tools/") else ():
                jobs.setdefault(name, []).append(fault)
        asked = {pool.submit(_chapter, job): job[0] for job in jobs.items()}
        for done in as_completed(asked):
            name, said = asked[done], done.result()
            if said["failed"]:
                raise SystemExit(f"without any fault, {name} fails: {said['failed']}")
            print(
                f"   {name} was asked about {len(said['found'])} of {len(jobs[name])}", flush=True
            )
            for id, how in said["found"].items():
                if how and id in left:
                    yield row(left.pop(id), "chapter", Path(name).stem, how)
    rest = {pool.submit(_tests, fault): fault for fault in left.values()}
    for over in as_completed(rest):
        where = over.result()
        yield row(rest[over], "tests" if where else "nobody", where)


def row(fault: Fault, caught_by: str, where: str = "", how: str = "") -> dict[str, str]:
    """A line of the results."""
    values = (fault.id, fault.kind, fault.file, fault.what, caught_by, where, how)
    return dict(zip(COLUMNS, values, strict=False))


def write(rows: Sequence[dict[str, str]], faults: Sequence[Fault], path: Path) -> None:
    """The rows, in the catalogue's order, in the place of those that were there."""
    known = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            known = {row["id"]: row for row in csv.DictReader(file)}
    new = {row["id"]: row for row in rows}
    known = new | known if path.stem == "independent_results" else known | new
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(known[fault.id] for fault in faults if fault.id in known)


def main() -> int:
    """Plant faults; fail while one survives without a reason."""
    parser = argparse.ArgumentParser(description="Plant faults and see who notices.")
    parser.add_argument("--only", default="", help="a pattern of ids or files")
    parser.add_argument("--independent", action="store_true", help="those of independent.yml")
    parser.add_argument(
        "--again", action="store_true", help="of the independent ones, what nobody noticed at first"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    given = parser.parse_args()
    every = catalogue(HERE / f"{'independent' if given.independent else 'catalogue'}.yml")
    path = HERE / ("independent_results.csv" if given.independent else "results.csv")
    if given.again:
        with path.open(newline="", encoding="utf-8") as file:
            missed = {row["id"] for row in csv.DictReader(file) if row["caught_by"] == "nobody"}
        every = [fault for fault in every if fault.id in missed]
        path = HERE / "independent_again.csv"
    faults = [one for one in every if re.search(given.only, f"{one.id}\n{one.file}", re.M)]
    check(faults)
    started, rows = time.monotonic(), []
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    when = {"commit": commit.strip(), "date": f"{datetime.date.today()}"}
    os.environ |= {"PYTHONHASHSEED": "0", "MPLBACKEND": "agg"}
    for library in HEAVY:
        importlib.import_module(library)
    print(f"== {len(faults)} faults", flush=True)
    (ROOT / ".run").mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".run", prefix="faults-") as copies,
        ProcessPoolExecutor(
            given.jobs,
            multiprocessing.get_context("fork"),
            _begin,
            (Path(copies), [fault.id for fault in catalogue(HERE / "independent.yml")]),
        ) as pool,
    ):
        for found in plant(faults, pool):
            rows.append(found | when)
            write(rows, every, path)
            who = f"{len(rows):3d}/{len(faults)} {found['id']:<10} {found['caught_by']:<8}"
            print(f"   {who} {found['where']:<34} {found['what']}", flush=True)
    reasons = {fault.id for fault in faults if fault.equivalent}
    counts = {who: sum(r["caught_by"] == who for r in rows) for who in ("chapter", "tests")}
    left = [row for row in rows if row["caught_by"] == "nobody" and row["id"] not in reasons]
    print(f"== {time.monotonic() - started:.0f} s: chapters caught {counts['chapter']}, tests")
    print(f"   {counts['tests']}, nobody {len(left)}, but for {len(reasons)} that change nothing")
    print(f"{path.relative_to(ROOT)} has the list")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
