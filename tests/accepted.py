"""What documents and answers said when somebody last accepted it: change control, no verification.

The texts stand in `accepted_texts/`; what documents quote there of a run is drawn, not computed.
That they are right is for the other tests; here only what *moves* is told, whatever moved it.
Digests may change, and a number by one unit of its last digit, for another processor rounds
otherwise.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIGEST = re.compile(r"\b(?=\w*\d)(?=\w*[a-f])[0-9a-f]{8,}\b")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def text(name: str, said: object) -> str:
    """All that a JSON value says: a number, a row of a table or a run of words a line."""
    return DIGEST.sub("digest", "\n".join([f"== {name}", *lines("", said)])) + "\n"


def lines(name: str, value: object) -> Iterator[str]:
    """The lines of a part, each under its name."""
    if isinstance(value, dict):
        for each, of_it in value.items():
            yield from lines(f"{name}.{each}".lstrip("."), of_it)
    elif isinstance(value, list) and any(isinstance(one, list | dict) for one in value):
        for one in value:
            yield from lines(name, one)
    else:
        row = value if isinstance(value, list) else [value]
        words = [shown(one) if isinstance(one, float) else str(one) for one in row]
        yield f"{name}: {' | '.join(' '.join(each.split()) for each in words)}".rstrip()


def shown(value: float) -> str:
    """A number to as many decimals as stand on another processor too."""
    return f"{value:,.{4 if abs(value) < 10 else 1 if abs(value) < 10_000 else 0}f}"


def moved(name: str, now: str) -> str:
    """What is said otherwise than when it was accepted, as a diff; nothing where nothing moved."""
    place = Path("tests", "accepted_texts", f"{name}.txt")
    kept = (ROOT / place).read_text(encoding="utf-8").splitlines()
    said = now.splitlines()
    if len(said) == len(kept) and all(map(alike, kept, said)):
        return ""
    fresh = ROOT / ".run" / "accepted" / place.name
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_text(now, encoding="utf-8")
    same = dict(zip(said, kept, strict=False))
    shown = [same[one] if one in same and alike(same[one], one) else one for one in said]
    differences = list(difflib.unified_diff(kept, shown, "accepted", "now", lineterm="", n=1))
    how = f"if all this is meant: cp {fresh.relative_to(ROOT)} {place}, and tell the changelog"
    return "\n".join([*differences[:40], how])


def alike(was: str, now: str) -> bool:
    """Whether two lines have the same words, and numbers that differ by rounding alone."""
    if NUMBER.sub("#", was) != NUMBER.sub("#", now):
        return False
    pairs = zip(NUMBER.findall(was), NUMBER.findall(now), strict=True)
    return all(near(*pair) for pair in pairs)


def near(was: str, now: str) -> bool:
    """Whether two numbers are shown to the same digits and differ by one of the last at most."""
    a, b = (Decimal(each.replace(",", "")) for each in (was, now))
    unit = a.as_tuple().exponent
    return unit == b.as_tuple().exponent and abs(a - b) <= Decimal(1).scaleb(int(unit))
