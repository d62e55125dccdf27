"""What moved since the last version, at the end of each chapter.

The numbers of the last version are the committed `book/last_version.json` (`tools/moved.py` says
how they come there). They are the example plan's: the pages of another plan say nothing here, and
its reader has `make diff`. A number counts as moved where its first four digits did; what is nearer
to nothing than a billionth is nothing.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from tools import moved

#: A measured error of rounding; which one it is says nothing.
NOTHING = 1e-9


@lru_cache(maxsize=2)
def last_version(root: Path) -> dict[str, Any]:
    """The kept numbers of the last version; empty where none are kept."""
    path = root / "book" / "last_version.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def short(value: Any) -> str:
    """A value as a page shows it."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value if len(value) <= 60 else f"{value[:57]}..."
    if isinstance(value, float) and abs(value) < NOTHING:
        return "0"
    return f"{value:,d}" if isinstance(value, int) else f"{value:.4g}"


def rows(
    chapter: str, register: Mapping[str, Mapping[str, Any]], last: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """The chapter's numbers that a page shows otherwise than the last version's did, and how many
    numbers there are."""
    old = {(chapter, what): value for what, value in last["numbers"].get(chapter, {}).items()}
    new = moved.numbers({chapter: register[chapter]})
    found = [row for row in moved.moved(old, new) if short(row["old"]) != short(row["new"])]
    return found, len({*old, *new})


def note(chapter: str, register: Mapping[str, Mapping[str, Any]], root: Path, plan: str) -> str:
    """What the chapter's page says, as HTML; empty where there is nothing to compare with."""
    last = last_version(root)
    if not last or last["plan"] != plan:
        return ""
    since = f"version {html.escape(last['version'])}"
    if chapter not in last["numbers"]:
        return f"<p class='moved'>This chapter is new since {since}.</p>"
    found, count = rows(chapter, register, last)
    from_commit = f"(commit <code>{html.escape(last['commit'][:10])}</code>)"
    if not found:
        return f"<p class='moved'>None of {count} numbers moved since {since} {from_commit}.</p>"
    claims = {claim["id"]: claim["statement"] for claim in register[chapter]["claims"]}

    def named(what: str) -> str:
        if what in claims:
            return f"<a href='#{what}'>{what}</a> {html.escape(claims[what])}"
        return html.escape(what.replace("_", " "))

    lines = "".join(
        f"<tr><td>{named(row['what'])}</td><td>{html.escape(short(row['old']))}</td>"
        f"<td>{html.escape(short(row['new']))}</td></tr>"
        for row in found
    )
    return (
        f"<details class='moved'><summary>What moved since {since}: {len(found)} of {count} "
        f"numbers</summary><p>By name, as the chapter's cells told them; {since} was executed from "
        f"{from_commit[1:-1]}.</p><table class='dataframe'><thead><tr><th>number</th>"
        f"<th>{html.escape(last['version'])}</th><th>now</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></details>"
    )
