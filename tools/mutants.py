"""Which small faults of a module does no test notice? ``make faults MODULE=portlib/part/x.py``.

Beside the catalogue, whose faults were thought of, stand those that nobody thought of: every
operator, comparison, constant, index, limit, argument, condition, list of words and statement of a
module's functions is changed or left out, one at a time, and the tests that run the function are
asked. What survives is listed: each needs a better test, or the reader's word that it changes
nothing.

The tests that import the module, or something that imports it (`FAR` steps), are collected once.
Each test file then runs in a fork, which tells the functions of the module that it calls. For every
mutant another fork puts the mutated function's code in the place of the old and runs the files that
call it, the quickest tests first, until one fails or `PATIENCE` is spent. Nothing is written.

mutmut 3 changes no function with a decorator, and every public function here has one; cosmic-ray
runs all tests for each mutant, and drops no statement and swaps no arguments.

Left out: what is computed while the module is imported, but for numbers with a name; defaults of
arguments and fields; messages; chapters (the catalogue asks them); systems that cannot fork.
"""

from __future__ import annotations

import argparse
import ast
import functools
import gc
import importlib
import itertools
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tools import depends

ROOT = Path(__file__).resolve().parents[1]
#: How many imports away from the module a test may be.
FAR = 3
#: Seconds of the processor for a mutant's tests, as they took without it; and how many times as
#: long they may take, on a machine that has other work.
PATIENCE, SLOWER = 20.0, 10
OPERATORS: dict[type, Callable[[], Any]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARISONS: dict[type, tuple[Callable[[], Any], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_PAIRS = (
    "min max|minimum maximum|any all|argmin argmax|ceil floor|cumsum cumprod|sum prod|mean median|"
    "refuse note"
)
TWINS = {a: b for pair in _PAIRS.split("|") for a, b in itertools.permutations(pair.split())}
#: Calls that keep a value above or below another.
LIMITS = ("min", "max", "minimum", "maximum")
#: Calls whose first two arguments may change places, or never may.
EITHER_WAY = (*LIMITS, "isinstance", "getattr", "get")
#: Keywords whose value decides nothing that is promised.
IDLE = ("strict", "dtype", "copy", "stacklevel", "encoding")


@dataclass(frozen=True)
class Mutant:
    """One change: the line, the function around it, and the module's text with it."""

    line: int
    function: str
    kind: str
    change: str
    text: str


# ---- what can go wrong ---------------------------------------------------------------------------


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree, lines = ast.parse(source), source.encode().splitlines(keepends=True)
    starts = [0, *itertools.accumulate(map(len, lines))]
    raw, found = source.encode(), []
    for name, node in _functions(tree):
        for kind, old, new in _changes(node):
            first = starts[old.lineno - 1] + old.col_offset
            last = starts[(old.end_lineno or 0) - 1] + (old.end_col_offset or 0)
            was = raw[first:last].decode()
            put = new + "\n" * (was.count("\n") - new.count("\n"))  # later lines keep their number
            put = put if isinstance(old, ast.stmt) else f"({put})"
            text = (raw[:first] + put.encode() + raw[last:]).decode()
            change = f"{' '.join(was.split())[:60]}  ->  {' '.join(new.split())[:60]}"
            found.append(Mutant(old.lineno, name, kind, change, text))
    return sorted(found, key=lambda mutant: mutant.line)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions and methods by their dotted name, and module-level numbers by theirs."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            inner = (one for one in node.body if isinstance(one, ast.FunctionDef))
            yield from ((f"{node.name}.{one.name}", one) for one in inner)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if all(isinstance(target, ast.Name) for target in targets):
                yield f"={ast.unparse(targets[0])}", node.value


def _asked(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that may be changed: without messages, annotations, defaults and decorators."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.arguments):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "format_spec"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg in IDLE:
                continue
            if isinstance(child, ast.AST):
                yield from _asked(child)


def _changes(function: ast.AST) -> Iterator[tuple[str, Any, str]]:
    """Kind, the node to change, and what takes its place."""
    nodes = list(_asked(function))
    read = _read_of(nodes)
    known = {one.arg for one in ast.walk(function) if isinstance(one, ast.arg)}
    for node in nodes:
        yield from _expression(node, read)
        if isinstance(node, ast.stmt) and node is not function:
            yield from _statement(node, known)


def _expression(node: Any, read: dict[str, list[str]]) -> Iterator[tuple[str, Any, str]]:
    match node:
        case ast.BinOp(left, op, right) if type(op) in OPERATORS:
            other = OPERATORS[type(op)]()
            yield "operator", node, ast.unparse(ast.BinOp(left, other, right))
        case ast.BoolOp(op, values):
            yield "operator", node, ast.unparse(ast.BoolOp(OPERATORS[type(op)](), values))
            for i in range(len(values)):
                others = [*values[:i], *values[i + 1 :]]
                yield "left out", node, ast.unparse(ast.BoolOp(op, others))
        case ast.List(values, ast.Load()) | ast.Tuple(values, ast.Load()) if _words(values):
            for i in range(len(values) - 1):
                exchanged = [*values[:i], values[i + 1], values[i], *values[i + 2 :]]
                yield "exchanged", node, ast.unparse(type(node)(exchanged, ast.Load()))
            yield "left out", node, ast.unparse(type(node)(values[:-1], ast.Load()))
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield "sign", node, ast.unparse(operand)
        case ast.Compare(left, [op], right) if type(op) in COMPARISONS:
            for turned in COMPARISONS[type(op)]:
                yield "comparison", node, ast.unparse(ast.Compare(left, [turned()], right))
        case ast.Constant(bool() as value):
            yield "constant", node, str(not value)
        case ast.Constant(int() as value):
            yield "constant", node, str(value + 1)
        case ast.Constant(float() as value) if value == 0 or abs(value) > 1e-5:
            yield "constant", node, str(value * 1.5 or 1.0)
        case ast.IfExp(test, body, orelse):
            yield "branch", node, ast.unparse(ast.IfExp(test, orelse, body))
        case ast.Subscript(value, ast.UnaryOp(ast.USub(), ast.Constant(1)), _):
            yield "first for last", node, f"{ast.unparse(value)}[0]"
        case ast.Subscript(value, ast.Constant(0), ast.Load()):
            yield "last for first", node, f"{ast.unparse(value)}[-1]"
        case ast.Subscript(value, ast.Constant(str() as key), ast.Load()):
            for name in _another(read[ast.unparse(value)], key):
                yield "another's name", node, f"{ast.unparse(value)}[{name!r}]"
        case ast.Attribute(ast.Name(base), key, ast.Load()):
            for name in _another(read[base], f".{key}"):
                yield "another's name", node, f"{base}{name}"
    if isinstance(node, ast.Call):
        called = node.func
        name = getattr(called, "attr", getattr(called, "id", ""))
        if name in TWINS:
            of = called.value if isinstance(called, ast.Attribute) else None
            twin = ast.Attribute(of, TWINS[name]) if of else ast.Name(TWINS[name])
            yield "twin", called, ast.unparse(twin)
        for given in [one for one in node.keywords if one.arg and one.arg not in IDLE]:
            kept = [one for one in node.keywords if one is not given]
            yield "not given", node, ast.unparse(ast.Call(called, node.args, kept))
        plain = not any(isinstance(one, ast.Starred) for one in node.args)
        if len(node.args) == 2 and plain and name in LIMITS:
            for one in node.args:
                yield "limit", node, ast.unparse(one)
        if len(node.args) > 1 and plain and name not in EITHER_WAY:
            first, second, *rest = node.args
            swapped = ast.Call(called, [second, first, *rest], node.keywords)
            yield "swapped", node, ast.unparse(swapped)


def _words(values: Sequence[ast.expr]) -> bool:
    """Whether these are several words, such as the heads of a table or the fields of a digest."""
    return len(values) > 1 and all(
        isinstance(one, ast.Constant) and isinstance(one.value, str) for one in values
    )


def _statement(node: Any, known: set[str]) -> Iterator[tuple[str, Any, str]]:
    match node:
        case ast.AugAssign() | ast.Expr(ast.Call()):
            yield "dropped", node, "pass"
        case ast.Assign([ast.Subscript() | ast.Attribute()]):
            yield "dropped", node, "pass"
        case ast.Assign([ast.Name(name)]):
            if name in known:
                yield "dropped", node, "pass"
            known.add(name)
        case ast.If(test, [*_, ast.Raise() | ast.Return() | ast.Continue() | ast.Break()], []):
            yield "dropped check", test, "False"
        case ast.If(test) | ast.While(test):
            yield "branch", test, f"not ({ast.unparse(test)})"


def _read_of(nodes: Sequence[ast.AST]) -> dict[str, list[str]]:
    """By what they are read of, the names that a function reads: keys, and attributes with their
    dot."""
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    read: dict[str, list[str]] = {}
    for node in nodes:
        match node:
            case ast.Subscript(value, ast.Constant(str() as key), ast.Load()):
                read.setdefault(ast.unparse(value), []).append(key)
            case ast.Attribute(ast.Name(base), key, ast.Load()):
                own = read.setdefault(base, [])
                own += [f".{key}"] if id(node) not in called else []
    return read


def _another(names: Sequence[str], name: str) -> list[str]:
    """The name after this one among those of its kind, if there is another."""
    alike = sorted({one for one in names if one.startswith(".") == name.startswith(".")})
    if name not in alike or len(alike) < 2:
        return []
    return [alike[(alike.index(name) + 1) % len(alike)]]


# ---- who notices ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loaded:
    """A module as it is in this process: its functions, wherever they are held, and what was kept
    of answers."""

    file: Path
    functions: Sequence[FunctionType]
    kept: Sequence[Any]


def loaded(file: Path) -> Loaded:
    """Import a module and find its functions, behind decorators too."""
    importlib.import_module(depends.module_of(file.relative_to(ROOT)))
    everything = gc.get_objects()
    functions = [one for one in everything if type(one) is FunctionType]
    return Loaded(
        file,
        [one for one in functions if one.__code__.co_filename == str(file)],
        [one for one in everything if type(one) is functools._lru_cache_wrapper],
    )


def plant(mutant: Mutant, module: Loaded) -> None:
    """Put a mutant's code in the place of the module's, in this process."""
    code = compile(mutant.text, str(module.file), "exec")
    if mutant.function.startswith("="):
        _renumber(mutant.function[1:], code, module.file)
    new = codes(code)
    for function in module.functions:
        function.__code__ = new.get(place(function.__code__), function.__code__)
    for cached in module.kept:
        cached.cache_clear()


def _renumber(name: str, code: CodeType, file: Path) -> None:
    """Give a module-level number its other value, wherever it was imported to."""
    own = sys.modules[depends.module_of(file.relative_to(ROOT))]
    old, namespace = getattr(own, name), dict(vars(own))
    exec(code, namespace)  # its functions and classes are thrown away
    for module in list(sys.modules.values()):
        if getattr(module, name, None) is old:
            setattr(module, name, namespace[name])


def codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """All code in a module's, by name and line."""
    found: dict[tuple[str, int], CodeType] = {}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found |= {place(inner): inner, **codes(inner)}
    return found


def place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


class Planter:
    """A pytest plugin that runs, in the place of the tests, all mutants against them."""

    def __init__(self, file: Path, sample: Sequence[Mutant]) -> None:
        self.file, self.sample, self.failed = file, sample, ""
        self.survivors: list[Mutant] = []
        self.started = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        module = loaded(self.file)
        files: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            files.setdefault(str(item.path), []).append(item)
        calls: dict[str, list[str]] = {}
        seconds: dict[str, float] = {}
        for name, items in files.items():
            seen = forked(functools.partial(self.traced, items), 600)
            if seen["failed"]:
                raise pytest.UsageError(f"fails without any fault: {seen['failed']}")
            seconds |= seen["seconds"]
            for function in seen["called"]:
                calls.setdefault(function, []).append(name)
        for number, mutant in enumerate(self.sample, start=1):
            near = files if mutant.function.startswith("=") else calls.get(mutant.function, ())
            items = sorted(
                (item for name in near for item in files[name]), key=lambda i: seconds[i.nodeid]
            )
            every = len(items)
            spent = itertools.accumulate(seconds[item.nodeid] for item in items)
            items = [item for item, so_far in zip(items, spent, strict=True) if so_far < PATIENCE]
            limit = 10 + int(SLOWER * sum(seconds[item.nodeid] for item in items))
            who = forked(functools.partial(self.asked, mutant, module, items), limit)["failed"]
            if not who:
                self.survivors.append(mutant)
            slow = f" ({every - len(items)} too slow to be asked)" if every > len(items) else ""
            said = who or (f"NOBODY of {len(items)} tests{slow}")
            where = f"{mutant.line:4d} {mutant.function}: {mutant.kind}: {mutant.change}"
            print(f"{number:4d}/{len(self.sample)} {where}\n          {said}", flush=True)
        return True

    def run(self, items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
        """Run tests in their order, and give back each, until one fails."""
        for item, following in itertools.zip_longest(items, items[1:]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            yield item
            if self.failed:
                return

    def traced(self, items: Sequence[pytest.Item]) -> dict[str, Any]:
        """Run tests; the functions of the module that they call, and the seconds of each test."""
        called, seconds, wanted = set(), {}, str(self.file)

        def note(frame: Any, event: str, argument: Any) -> None:
            if frame.f_code.co_filename == wanted:
                called.add(frame.f_code.co_qualname.split(".<locals>")[0])

        sys.settrace(note)
        threading.settrace(note)
        before = time.process_time()
        for item in self.run(items):
            seconds[item.nodeid] = time.process_time() - before
            before = time.process_time()
        return {"failed": self.failed, "called": sorted(called), "seconds": seconds}

    def asked(self, mutant: Mutant, module: Loaded, items: Sequence[pytest.Item]) -> dict[str, Any]:
        """Run tests with a mutant planted; which one failed."""
        plant(mutant, module)
        list(self.run(items))
        return {"failed": self.failed}


def forked(work: Callable[[], dict[str, Any]], limit: int) -> dict[str, Any]:
    """What a piece of work gives back when it is done in a fork; one that dies has failed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.alarm(limit)  # the fork ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            with open(writing, "w", encoding="utf-8") as pipe:
                json.dump(work(), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else {"failed": "no answer in time, or an end of the process"}


def tests_of(file: Path) -> list[str]:
    """The test files that stand near a module, the nearest first."""
    known = depends.modules(ROOT)
    used = {name: depends.imported(path, known) for name, path in known.items()}
    run = {name: depends.imported(path, known, when_run=True) for name, path in known.items()}
    wanted, near = depends.module_of(file.relative_to(ROOT)), {}
    for path in depends.files(ROOT / "tests", "test_*.py"):
        steps = depends.reached(depends.imported(path, known), used, run).get(wanted, FAR + 1)
        if path.parent == ROOT / "tests":
            steps += 1  # the tools' and whole-house tests come after a part's own
        if steps <= FAR:
            near[str(path)] = steps
    return sorted(near, key=lambda path: near[path])


def main() -> int:
    """Plant a sample of a module's mutants; fail while one survives."""
    parser = argparse.ArgumentParser(description="Plant small faults in a module.")
    parser.add_argument("module", type=Path, help="such as portlib/retirement/taxes.py")
    parser.add_argument("--sample", type=int, default=40, help="how many; 0 for all")
    parser.add_argument("--only", default="", help="functions in whose name this text is found")
    parser.add_argument("--tests", nargs="*", help="test files; those near the module otherwise")
    given = parser.parse_args()
    file = (ROOT / given.module).resolve()
    every = [m for m in mutants(file.read_text(encoding="utf-8")) if given.only in m.function]
    sample = every
    if 0 < given.sample < len(every):
        sample = random.Random(0).sample(every, given.sample)
        sample.sort(key=lambda mutant: mutant.line)
    planter = Planter(file, sample)
    tests = given.tests or tests_of(file)
    print(
        f"== {len(sample)} of {len(every)} mutants of {given.module}, {len(tests)} test files",
        flush=True,
    )
    quiet = [
        "-q",
        "-p",
        "no:cacheprovider",
        "--capture=no",
        "--no-summary",
        "--disable-plugin-autoload",
    ]
    if code := pytest.main([*quiet, *tests], plugins=[planter]):
        raise SystemExit(f"pytest ended with status {int(code)}")
    spent = time.monotonic() - planter.started
    print(f"== {spent:.0f} s: {len(planter.survivors)} of {len(sample)} survived")
    for mutant in planter.survivors:
        where = f"{given.module}:{mutant.line}: {mutant.function}: {mutant.kind}"
        print(f"{where}: {mutant.change}")
    return int(bool(planter.survivors))


if __name__ == "__main__":
    sys.exit(main())
