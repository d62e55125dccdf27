"""Which chapters stand on which module? Read off the imports; `make faults` and `make diff` ask.

Importing ``portlib.a.b`` runs ``portlib`` and ``portlib.a`` as well, and whatever these import: a
chapter that takes one module of a folder stands on the folder's face and on all that it gathers.

Left out: what is imported by a name made while running, and what the compiled libraries do.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Container, Mapping
from functools import cache
from pathlib import Path

import jupytext


def files(folder: Path, pattern: str) -> list[Path]:
    """A folder's files in order, without those that an editor keeps in hidden folders
    (``.ipynb_checkpoints``)."""
    found = (path for path in folder.rglob(pattern) if path.is_file())
    return sorted(
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def chapters(root: Path) -> list[Path]:
    """The chapters' sources in a checkout."""
    return files(root / "notebooks", "*.md")


def code_of(path: Path) -> str:
    """The Python of a module, or of a chapter's cells, as its source or as a staged notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return _cells(text) if path.suffix == ".md" else text


@cache
def _cells(text: str) -> str:
    cells = jupytext.reads(text, fmt="md:myst").cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def names(path: Path, *, when_run: bool = False) -> set[str]:
    """The dotted names that a module or chapter imports; ``when_run``: without those that wait in
    its functions."""
    return set(_named(code_of(path), when_run))


@cache
def _named(code: str, when_run: bool) -> frozenset[str]:
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(code)]
    while waiting:
        node = waiting.pop()
        if when_run and (_is_function(node) or _is_for_types(node)):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def performed(path: Path) -> list[str]:
    """The dotted names whose worked examples a chapter performs."""
    return [
        ast.literal_eval(one)
        for node in ast.walk(ast.parse(code_of(path)))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "perform"
        for one in node.args
    ]


def weight(path: Path, known: Mapping[str, Path]) -> int:
    """The bytes of the modules, of those known, and of the texts beside them, whose examples a
    chapter performs: the more, the longer it takes. None where its cells are no Python, which its
    execution will say."""
    try:
        named = tuple(f"{name}." for name in performed(path))
    except (SyntaxError, ValueError):
        return 0
    return sum(
        one.with_suffix(kind).stat().st_size
        for module, one in known.items()
        if f"{module}.".startswith(named)
        for kind in (".py", ".md")
        if one.with_suffix(kind).is_file()
    )


def imported(path: Path, known: Container[str], *, when_run: bool = False) -> set[str]:
    """The modules, of those known, that a module or chapter imports, or from which it takes a
    name."""
    found = set()
    for name in names(path, when_run=when_run):
        module = name if name in known else name.rpartition(".")[0]
        if module in known:
            found.add(module)
    return found


def _is_function(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def parents(name: str) -> set[str]:
    """The packages that importing a module runs first."""
    parts = name.split(".")
    return {".".join(parts[:n]) for n in range(1, len(parts))}


def module_of(path: Path) -> str:
    """The dotted name of a module of portlib, from its path in the checkout."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def modules(root: Path) -> dict[str, Path]:
    """Every module of portlib, by dotted name."""
    return {module_of(path.relative_to(root)): path for path in files(root / "portlib", "*.py")}


def reached(
    start: set[str], used: Mapping[str, set[str]], run: Mapping[str, set[str]]
) -> dict[str, int]:
    """How many imports away each module is; one that is imported may be used, a package on the way
    is only run."""
    found: dict[str, int] = {}
    seen: set[tuple[str, bool]] = set()
    wave, depth = {(name, True) for name in start}, 1
    while wave:
        following: set[tuple[str, bool]] = set()
        for name, whole in wave:
            found.setdefault(name, depth)
            following |= {(other, True) for other in (used if whole else run)[name]}
            following |= {(package, False) for package in parents(name)}
        seen |= wave
        wave, depth = following - seen, depth + 1
    return found


def dependents(root: Path) -> dict[str, list[str]]:
    """By module of portlib, the chapters (paths in the checkout) that stand on it, the nearest
    first."""
    known = modules(root)
    used = {name: imported(path, known) for name, path in known.items()}
    run = {name: imported(path, known, when_run=True) for name, path in known.items()}
    near: dict[str, dict[str, int]] = {name: {} for name in known}
    for chapter in chapters(root):
        said = performed(chapter)
        mine = {one for one in known if any(f"{one}.".startswith(f"{name}.") for name in said)}
        mine |= {name.rpartition(".")[0] for name in set(said) - set(known)}
        for name, depth in reached(imported(chapter, known) | mine, used, run).items():
            near[name][chapter.relative_to(root).as_posix()] = 0 if name in mine else depth

    def nearest_first(found: dict[str, int]) -> list[str]:
        return sorted(found, key=lambda chapter: (found[chapter], chapter))

    return {name: nearest_first(found) for name, found in near.items()}
