"""Which numbers of a register are not what they were, and what were those of the last version?

    python -m tools.moved        keep the last book's numbers as its version's, for later pages

A version's numbers are what its chapters measured and told, for the example plan. They are kept in
`book/last_version.json` when the version is made, and from then on each chapter's page says which
of its numbers have moved since (`book/_ext/prudent_moved.py`); `make diff` compares any two.

Left out: numbers that the clock decides (`tools.clock`).
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools import clock

ROOT = Path(__file__).resolve().parents[1]
#: Relative change below which a number has not moved: other machines and library versions round
#: differently.
STILL = 1e-9
#: By chapter and the name of a claim or a told number.
Numbers = dict[tuple[str, str], float | int | str]


def numbers(register: Mapping[str, Mapping[str, Any]]) -> Numbers:
    """All that chapters measured and told, but for what the clock decides.

    Parameters
    ----------
    register : mapping
        Claims and numbers by chapter, as `portlib.evidence.Register.as_dict` gives them.
    """
    found: dict[tuple[str, str], Any] = {}
    for chapter, said in register.items():
        for claim in said["claims"]:
            if not clock.decides(claim["id"], claim["unit"]):
                found[chapter, claim["id"]] = claim["measured"]
        for name, value in said["numbers"].items():
            if not clock.decides(name):
                found[chapter, name] = value
    return {key: _comparable(value) for key, value in found.items()}


def _comparable(value: Any) -> float | int | str:
    """A number that equals itself, also where it is none."""
    comparable: float | int | str = value
    return str(value) if isinstance(value, float) and not math.isfinite(value) else comparable


def moved(old: Numbers, new: Numbers) -> list[dict[str, Any]]:
    """One row a number that is not what it was."""
    rows = []
    for chapter, what in sorted({*old, *new}):
        a, b = old.get((chapter, what)), new.get((chapter, what))
        if a == b:
            continue
        change: float | str = "new" if a is None else "gone" if b is None else ""
        if isinstance(a, int | float) and isinstance(b, int | float):
            if abs(a - b) <= STILL * max(abs(a), abs(b)):
                continue
            change = b - a
        rows.append({"chapter": chapter, "what": what, "old": a, "new": b, "change": change})
    return rows


def keep(register: Path, target: Path) -> int:
    """Keep a register's numbers as those of its version; return how many."""
    document = json.loads(register.read_text(encoding="utf-8"))
    kept: dict[str, dict[str, float | int | str]] = {}
    for (chapter, what), value in numbers(document["chapters"]).items():
        kept.setdefault(chapter, {})[what] = value
    made = document["made_from"]
    content = {name: made[name] for name in ("version", "commit", "plan")} | {"numbers": kept}
    written = json.dumps(content, indent=0, ensure_ascii=False, allow_nan=False)
    target.write_text(f"{written}\n", encoding="utf-8")
    return sum(map(len, kept.values()))


def main() -> int:
    """Keep the numbers of the book in `_build/html` as those of its version."""
    register = ROOT / "_build" / "html" / "evidence.json"
    if not register.is_file():
        print(f"there is no book in {register.parent}: make book", file=sys.stderr)
        return 1
    target = ROOT / "book" / "last_version.json"
    count = keep(register, target)
    print(f"== {count} numbers of {register} are in {target.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
