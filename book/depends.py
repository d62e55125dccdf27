"""Which chapters stand on which module? Read off the imports; `make faults` and `make diff` ask."""

from __future__ import annotations

import ast
from pathlib import Path

import jupytext


def imported(path: Path) -> set[str]:
    """The dotted names that a module, or the code of a chapter, imports."""
    chapter = path.suffix == ".md"
    cells = [c.source for c in jupytext.read(path, fmt="md:myst").cells if c.cell_type == "code"] if chapter else []
    names: set[str] = set()
    for node in ast.walk(ast.parse("\n".join(cells) if chapter else path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_of(path: Path) -> str:
    """The dotted name of a module of portlib, from its path in the checkout."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def dependents(root: Path) -> dict[str, list[str]]:
    """By module of portlib, the chapters (paths in the checkout) that stand on it, the nearest first."""
    modules = {module_of(path.relative_to(root)): path for path in (root / "portlib").rglob("*.py")}
    direct = {name: imported(path) & set(modules) for name, path in modules.items()}
    near: dict[str, dict[str, int]] = {name: {} for name in modules}
    for chapter in sorted((root / "notebooks").rglob("*.md")):
        frontier, depth = imported(chapter) & set(modules), 1
        seen: set[str] = set()
        own = f"portlib.{chapter.parent.name}.{chapter.stem}"
        while frontier:
            for module in frontier:
                near[module].setdefault(chapter.relative_to(root).as_posix(), 0 if module == own else depth)
            seen |= frontier
            frontier, depth = set().union(*(direct[module] for module in frontier)) - seen, depth + 1
    return {name: sorted(chapters, key=lambda c, of=chapters: (of[c], c)) for name, chapters in near.items()}
