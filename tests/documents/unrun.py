"""A book that was never run: the chapters as they are written, with numbers that nobody computed.

Each number that a chapter's text shows is drawn, so that a document that quotes the run must show
these, and a number that somebody typed cannot pass for one.
"""

from __future__ import annotations

import json
import random
import re
from copy import deepcopy
from dataclasses import asdict
from datetime import date
from functools import cache
from pathlib import Path

import jupytext
import nbformat

from portlib import data, evidence
from portlib.documents import committee_brief

ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 29)
MADE_FROM = {"commit": "0123456789", "lock": "abcdef0123", "data": "fedcba9876", "policy": "00ff00"}
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300" width="400" height="300">'
    '<rect width="400" height="300" fill="#0072B2"/></svg>'
)
PLANS = {"example": ROOT / "data" / "plan", "awkward": ROOT / "tests" / "plans" / "awkward"}


def drawn(form: str, rng: random.Random) -> float | int | str:
    """A value that a format can show, unlike any other."""
    if not form or form.endswith("s"):
        return f"said{rng.randrange(10**6)}"
    if form.endswith("d"):
        return rng.randrange(1_000, 9_000)
    if form.endswith("%"):
        return rng.uniform(0.05, 0.95)
    return rng.uniform(10, 99_000)


def asked(text: str) -> dict[str, str]:
    """Numbers that a chapter's text shows, with the format that asks most of them."""
    found: dict[str, str] = {}
    for name, form in re.findall(r"\{glue:text\}`(\w+):?([^`]*)`", text):
        found[name] = found.get(name) or form
    return found


@cache
def written(path: Path) -> nbformat.NotebookNode:
    """A chapter as it is written, read once for every plan and seed."""
    return jupytext.read(path, fmt="md:myst")


def chapter(path: Path, seed: int, forms: dict[str, str]) -> tuple[dict, dict]:
    """A chapter's notebook as if executed, and what it would have told; what is drawn for a name
    does not depend on what else the chapter shows."""
    notebook = deepcopy(written(path))
    for cell in notebook.cells:
        if "figure" in cell.metadata.get("mystnb", {}):
            vector = {"image/svg+xml": SQUARE, "text/plain": ""}
            cell["outputs"] = [nbformat.v4.new_output("display_data", vector)]
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    wanted = {**forms, **asked(text)}
    claim = evidence.Claim(
        f"{path.stem[:2].upper()}-01",
        f"What limits {path.stem} most.",
        0.5,
        "at most",
        1.0,
        "unit",
        "identity",
        ("ER-02", "CM-01"),
        "anything else",
        worst=True,
    )
    told = {
        "claims": [{**asdict(claim), "holds": True}],
        "numbers": {
            name: drawn(form, random.Random(f"{seed} {path.stem} {name}"))
            for name, form in wanted.items()
        },
    }
    return notebook, told


def publish(site: Path, folder: Path, seed: int) -> None:
    """Lay such a book out as a run would have published it."""
    page = ROOT / "book" / "reader.md"
    costs = re.findall(r"\{(\w+)\.(\w+):([^}]*)\}", " ".join(n for _, n in committee_brief.COSTS))
    costs += re.findall(r"\{told\}`(\w+)\.(\w+):?([^`]*)`", page.read_text(encoding="utf-8"))
    chapters = {}
    for path in sorted((ROOT / "notebooks").glob("*/*.md")):
        forms = {name: form for of, name, form in costs if of == path.stem}
        notebook, told = chapter(path, seed, forms)
        place = site / "notebooks" / path.parent.name / f"{path.stem}.ipynb"
        place.parent.mkdir(parents=True, exist_ok=True)
        jupytext.write(notebook, place)
        chapters[path.stem] = told
    required = evidence.requirements(ROOT / "book" / "requirements.yml")
    made_from = {**MADE_FROM, "plan": "whose", "data": data.fingerprint(folder)[:10]}
    content = {"made_from": made_from, "chapters": chapters, "requirements": required}
    (site / "evidence.json").write_text(json.dumps(content, default=str), encoding="utf-8")
    sources = site / "_sources" / "book" / "forms"
    sources.mkdir(parents=True)
    for form in (ROOT / "book" / "forms").glob("*.md"):
        (sources / form.name).write_text(form.read_text(encoding="utf-8"), encoding="utf-8")
    (sources.parent / "reader.md").write_text(page.read_text(encoding="utf-8"), encoding="utf-8")


NUMBER = re.compile(r"(?<![\w.])[-+]?\$?\d[\d,]*(?:\.\d+)?%?(?![\w])")


def numbers(text: str) -> set[str]:
    """Numbers as they are written, without signs, dollars and trailing commas."""
    return {token.lstrip("+-$").rstrip(",") for token in NUMBER.findall(text)}


def as_shown(content: object) -> set[str]:
    """Every way in which a document may write a number of a plan, wherever it stands in it."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                walk(key)
                walk(each)
        elif isinstance(value, list | tuple):
            for each in value:
                walk(each)
        elif isinstance(value, bool) or value is None:
            return
        elif isinstance(value, int | float):
            found.update(format(abs(value), form) for form in ("g", ",.0f", ".0f"))
            found.update(format(abs(value), f".{digits}%") for digits in range(3))
            found.update(format(abs(100 * value), form) for form in ("g", ".0f"))
        else:
            found.update(numbers(str(value)))

    walk(content)
    return found
