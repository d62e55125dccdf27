"""The house plan, read off the sources: who may import whom, what a folder is, where a module's
tests stand."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from portlib import data, policy
from tools import depends
from tools.architecture import LAYERS, TOP

ROOT = Path(__file__).resolve().parent.parent
GROUND = (
    "records",
    "kept",
    "ranges",
    "data",
    "compounding",
    "tables",
    "schema",
    "surroundings",
    "inputs",
    "policy",
    "history",
    "plan",
    "plan_format",
    "evidence",
    "figures",
    "standing",
    "class_returns",
    "plan_template",
    "plan_check",
    "worked_examples",
)
HEAVY = (
    "scipy",
    "cvxpy",
    "cvxcla",
    "highspy",
    "piqp",
    "statsmodels",
    "arch",
    "linearmodels",
    "matplotlib",
    "IPython",
)
NAMES = depends.modules(ROOT)
FACES = {
    name: path for name, path in NAMES.items() if path.stem == "__init__" and name.count(".") >= 1
}
FOLDERS = [name for name in FACES if name.split(".")[-1] not in LAYERS]
CHAPTERS = {(path.parent.name, path.stem): path for path in depends.chapters(ROOT)}
MODULES = {name: path for name, path in NAMES.items() if path.stem != "__init__"}


def place(name: str) -> str:
    """The layer of a module, or ``ground`` or ``top``."""
    first = name.split(".")[1] if "." in name else ""
    return first if first in LAYERS else "top" if first in TOP else "ground"


def test_every_module_has_its_floor():
    firsts = {name.split(".")[1] for name in NAMES if "." in name}
    assert firsts == {*GROUND, *LAYERS, *TOP}


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_imports_only_from_those_before_it(name):
    order = ("ground", *LAYERS, "top")
    allowed = order[: order.index(place(name)) + 1]
    for other in depends.imported(NAMES[name], NAMES):
        assert place(other) in allowed, f"{name} ({place(name)}) imports {other}"


def test_no_module_is_imported_by_what_it_imports():
    graph = {}
    for name, path in NAMES.items():
        graph[name] = depends.imported(path, NAMES, when_run=True) - {name}
    TopologicalSorter(graph).prepare()  # raises CycleError, naming the circle


@pytest.mark.parametrize(("part", "chapter"), CHAPTERS)
def test_chapter_module_and_tests_bear_one_name(part, chapter):
    one, several = f"portlib.{part}.{chapter}" in MODULES, f"portlib.{part}.{chapter}" in FACES
    assert one != several, "a chapter is a file or a folder of its name"
    assert f'Chapter("{chapter}"' in CHAPTERS[part, chapter].read_text(encoding="utf-8")


def test_a_folder_in_a_part_is_a_chapter():
    folders = {
        tuple(name.split(".")[1:])
        for name in FACES
        if name.count(".") == 2 and name.split(".")[1] in LAYERS
    }
    assert folders <= set(CHAPTERS)


def test_what_stands_at_the_root_of_a_part_serves_several():
    """Several chapters, or a chapter and a door, such as the documents."""
    chapters = depends.dependents(ROOT)
    doors = {name: depends.imported(NAMES[name], NAMES) for name in NAMES if place(name) == "top"}
    roots = {name for name in MODULES if place(name) in LAYERS and name.count(".") == 2}
    shared = {name for name in roots if tuple(name.split(".")[1:]) not in CHAPTERS}
    users = {
        name: len(chapters[name]) + any(name in imported for imported in doors.values())
        for name in shared
    }
    assert not {name: count for name, count in users.items() if count < 2}


def in_a_folder(name: str) -> bool:
    """Whether a module stands in a chapter's folder, or in one of the ground floor's."""
    return name.rpartition(".")[0] in FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_face_is_thin_and_names_what_it_shows(name):
    """At most 40 lines, a name a line: imports from its own modules and ``__all__``; no name of a
    module."""
    text = FACES[name].read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    documentation, *statements, listing = ast.parse(text).body
    assert isinstance(documentation, ast.Expr)
    assert isinstance(listing, ast.Assign)
    assert ast.unparse(listing.targets[0]) == "__all__"
    shown = set(ast.literal_eval(listing.value))
    imported = [node for node in statements if isinstance(node, ast.ImportFrom)]
    assert imported == [
        node for node in statements if ast.unparse(node) != "from __future__ import annotations"
    ]
    assert all(str(node.module).startswith(f"{name}.") for node in imported)
    assert shown == {alias.asname or alias.name for node in imported for alias in node.names}
    own = {other.rsplit(".", 1)[-1] for other in NAMES if other.startswith(f"{name}.")}
    assert not shown & own


@pytest.mark.parametrize("name", [name for name in MODULES if in_a_folder(name)])
def test_inside_a_folder_siblings_are_imported_and_not_the_face(name):
    assert name.rpartition(".")[0] not in depends.imported(MODULES[name], NAMES)


def home_of_tests(name: str) -> Path:
    """Where the tests of a module stand."""
    *folders, module = name.split(".")[1:]
    return ROOT.joinpath("tests", *folders, f"test_{module}.py")


def test_every_module_has_tests_of_its_name():
    layered = {name for name in MODULES if place(name) in LAYERS}
    lacking = {name for name in layered if not home_of_tests(name).is_file()}
    assert not sorted(lacking)


def words_of_paths(tree: ast.Module) -> set[object]:
    """Constants that a path may be made of: operands of ``/``, and arguments of calls."""
    parts: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts += [node.left, node.right]
        elif isinstance(node, ast.Call):
            parts += node.args
    return {
        word
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        for word in part.value.split("/")
    }


def test_the_library_reads_no_folder_of_tests_notebooks_or_benchmarks():
    found = {
        name
        for name, path in NAMES.items()
        if {"tests", "notebooks", "benchmarks"}
        & words_of_paths(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found
    assert words_of_paths(ast.parse('ROOT / "tests" / "faults"')) == {"tests", "faults"}
    assert words_of_paths(ast.parse('checkout("benchmarks/a.json")')) == {"benchmarks", "a.json"}


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=lambda p: p.stem)
def test_chapters_neither_silence_warnings_nor_allow_errors(path):
    text = path.read_text(encoding="utf-8")
    for silencer in (
        "filterwarnings",
        "simplefilter",
        "raises-exception",
        "allow_errors",
        "remove-stderr",
    ):
        assert silencer not in text


def test_importing_every_module_loads_no_heavy_engine():
    wanted = ", ".join(
        name for name in NAMES if name not in ("portlib.figures", "portlib.__main__")
    )
    code = f"import sys, {wanted}; print([m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert run.stdout.strip() == "[]"


def test_every_policy_value_is_read_somewhere():
    """An entry that nothing reads would mislead the committee that decides it."""
    sources = [path for path in [*NAMES.values(), *CHAPTERS.values()] if path.name != "policy.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    # the mandate chapter reads f"equity_{side}" and lets rules name the entries of their clause
    spoken = text.replace('f"equity_{side}"', '"equity_floor" "equity_ceiling"')
    assert not [name for name in policy.read().entries if f'"{name}"' not in spoken]


def test_the_environment_is_read_in_one_place():
    readers = {
        name
        for name, path in NAMES.items()
        if {"environ", "getenv"} & set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    }
    assert readers == {"portlib.surroundings"}


#: In a line of code, not of an example in a docstring.
READS_POLICY = r"^(?!\s*(>>>|\.\.\.)).*\b(policy|decisions)\.read\("


def test_no_function_looks_a_policy_up():
    """`policy.read` is for plans, which hold it, and for the office, which checks a change of
    it."""
    readers = {
        name
        for name, path in NAMES.items()
        if re.search(READS_POLICY, path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert readers <= {"portlib.plan", "portlib.stewardship.governance.policy_changes"}
    assert not hasattr(data, "policy") and not hasattr(data, "policy_table")
