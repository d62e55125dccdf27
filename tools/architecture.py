"""Who imports whom? The picture of `ARCHITECTURE.md`, drawn from the imports of portlib.

    python -m tools.architecture        writes `book/images/architecture.svg`

One band a floor, the upper ones importing from the lower; a line for each pair of floors between
which there are imports, as broad as their number's logarithm. Left out: which module of a floor
imports which (`tools.depends` knows).
"""

from __future__ import annotations

import math
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tools import depends

ROOT = Path(__file__).resolve().parents[1]
PICTURE = Path("book", "images", "architecture.svg")
LAYERS = ("estimation", "construction", "retirement", "stewardship")
TOP = (
    "schemas",
    "service",
    "service_many",
    "service_http",
    "service_office",
    "documents",
    "what_if",
    "reperform",
    "__main__",
)
#: From the doors down to what everything stands on.
FLOORS = ("doors", *reversed(LAYERS), "ground floor")
WIDTH, MARGIN, LINES_FROM, LEADING = 640, 14, 512, 19
STYLE = """
text { font: 15px system-ui, sans-serif; fill: #1c2733; } .floor { font-weight: 600; } \
.fine { fill: #55606b; }
rect { fill: #f4f6f8; stroke: #b9c2cb; } path { fill: none; stroke: #3b6ea5; } \
.head { fill: #3b6ea5; stroke: none; }
@media (prefers-color-scheme: dark) {
 text { fill: #e6eaee; } .fine { fill: #a9b4bf; } rect { fill: #1d242b; stroke: #4b5762; }
 path { stroke: #7fb2e5; } .head { fill: #7fb2e5; } }
""".strip()


@dataclass(frozen=True)
class Band:
    """A floor as it is drawn: its lines of text and where it stands."""

    name: str
    lines: list[str]
    top: float

    @property
    def height(self) -> float:
        return LEADING * (len(self.lines) + 1) + 2 * MARGIN - 6

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def floor_of(module: str) -> str:
    """The floor on which a module stands."""
    first = module.split(".")[1] if "." in module else ""
    return first if first in LAYERS else "doors" if first in TOP else "ground floor"


def rooms(modules: dict[str, Path]) -> dict[str, dict[str, list[str]]]:
    """By floor, its rooms (a chapter, a file at the root) and the modules of those that are
    folders."""
    found: dict[str, dict[str, list[str]]] = {floor: {} for floor in FLOORS}
    for name, path in sorted(modules.items()):
        inside = name.split(".")[2 if floor_of(name) in LAYERS else 1 :]
        if not inside:
            continue
        room = found[floor_of(name)].setdefault(inside[0], [])
        if len(inside) > 1 and path.stem != "__init__":
            room.append(".".join(inside[1:]))
    return found


def imports(modules: dict[str, Path]) -> Counter[tuple[str, str]]:
    """How many imports there are from one floor to another."""
    counted: Counter[tuple[str, str]] = Counter()
    for name, path in modules.items():
        others = depends.imported(path, modules) - {"portlib"}
        counted.update(
            (floor_of(name), floor_of(other))
            for other in others
            if floor_of(other) != floor_of(name)
        )
    return counted


def bands(modules: dict[str, Path]) -> list[Band]:
    """The floors, from the top of the picture down."""
    placed: list[Band] = []
    top = float(MARGIN)
    for floor, found in rooms(modules).items():
        single = [room for room, members in found.items() if not members]
        words = [f"{room}: {', '.join(members)}" for room, members in found.items() if members]
        words += [", ".join(single)] if single else []
        lines = [
            line for text in words for line in textwrap.wrap(text, 56, subsequent_indent="   ")
        ]
        placed.append(Band(floor, lines, top))
        top += placed[-1].height + MARGIN
    return placed


def drawing(root: Path) -> str:
    """The picture of a checkout, as SVG."""
    modules = depends.modules(root)
    floors, counted = bands(modules), imports(modules)
    place = {band.name: band for band in floors}
    parts = []
    broad = LINES_FROM - 2 * MARGIN
    for band in floors:
        box = f'y="{band.top:.0f}" width="{broad}" height="{band.height:.0f}"'
        parts.append(f'<rect x="{MARGIN}" {box} rx="4"/>')
        for number, line in enumerate([band.name, *band.lines]):
            style = "fine" if number else "floor"
            left = 2 * MARGIN + 12 * line.startswith(" ")
            down = band.top + MARGIN + 10 + LEADING * number
            text = escape(line.strip())
            parts.append(f'<text class="{style}" x="{left}" y="{down:.0f}">{text}</text>')
    pairs = [(a, b) for a in FLOORS for b in FLOORS if counted[a, b]]
    step = (WIDTH - LINES_FROM - MARGIN) / max(len(pairs), 1)
    for number, (a, b) in enumerate(pairs):
        x, edge = LINES_FROM + step * (number + 0.5), LINES_FROM - MARGIN
        start = place[a].top + (number % len(FLOORS) + 1) * place[a].height / (len(FLOORS) + 1)
        end = place[b].top + (number + 1) * place[b].height / (len(pairs) + 1)
        thick = 1 + math.log2(counted[a, b]) / 2
        parts.append(
            f"<g><title>{counted[a, b]} imports from {a} to {b}</title>"
            f'<path stroke-width="{thick:.1f}" '
            f'd="M{edge} {start:.0f} H{x:.0f} V{end:.0f} H{edge + 7}"/>'
            f'<path class="head" d="M{edge} {end:.0f} l8 -4 v8 z"/></g>'
        )
    height = floors[-1].top + floors[-1].height + MARGIN
    told = "; ".join(f"{a} imports {counted[a, b]} times from {b}" for a, b in pairs)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-labelledby="t d">\n<title id="t">The floors of portlib and their imports</title>\n'
        f'<desc id="d">{told}.</desc>\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def main() -> int:
    """Draw the picture."""
    (ROOT / PICTURE).write_text(drawing(ROOT), encoding="utf-8")
    print(f"== {PICTURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
