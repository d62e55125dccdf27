"""Make the documents of a book that was published, in its site's folder ``documents``.

    python -m tools.documents [--plan FOLDER] [--staged FOLDER --into FOLDER]

`make book` does the same while its pages are rendered, from the folder where they are staged. Each
document bears the day of the commit that it was made from, so that the same commit gives the same
bytes. ``documents/index.html`` lists them.
"""

from __future__ import annotations

import argparse
import html
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from portlib import plan
from portlib.data import DataError
from portlib.documents import run as runs
from portlib.documents import shelf
from portlib.documents.document import Document
from portlib.documents.forms import KIND
from portlib.documents.typesetting import NotSet
from tools.build import place_of

ROOT = Path(__file__).resolve().parents[1]


def make(root: Path, site: Path, target: Path, plan_folder: Path | None) -> list[Path]:
    """Every document of the book at `site`, of the plan in a folder; the example plan by default.

    Raises `DataError` where the site is of another plan, `NotSet` for one that cannot be laid out.
    """
    folder = plan_folder or root / "data" / "plan"
    book = runs.read(site, folder)
    shutil.rmtree(target, ignore_errors=True)
    told = {name: book.made_from[name] for name in ("commit", "lock", "data", "policy")}
    kinds = shelf.possible(book)
    ours = plan.read(folder)
    day = _day_of_commit(root) or book.executed
    made = list(shelf.make(kinds, ours, book, made=day, made_from=told))
    files = list(shelf.write(made, target))
    (target / "index.html").write_text(_index(ours.name, made), encoding="utf-8")
    return files


def _day_of_commit(root: Path) -> date | None:
    command = ["git", "-C", str(root), "show", "--no-patch", "--format=%cs", "HEAD"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return date.fromisoformat(said) if said else None


def _index(name: str, made: Sequence[Document]) -> str:
    """A page that lists the documents and their figures."""
    rows = []
    for document in made:
        kind, title = html.escape(document.kind), html.escape(document.title)
        word = f' · <a href="{document.name}.docx">to edit</a>' if document.kind == KIND else ""
        rows.append(f'<li>{kind}: <a href="{document.name}.pdf">{title}</a>{word}</li>')
    drawn = [
        f"<li>{html.escape(document.title)}: "
        f'<a href="figures/{document.name}/{figure.name}.svg">'
        f"{figure.name.replace('_', ' ')}</a></li>"
        for document in made
        for figure in document.figures
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Documents of {html.escape(name)}</title>"
        "<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;"
        "padding:0 1rem;color-scheme:light dark;overflow-wrap:anywhere}</style></head>\n"
        f"<body><main><h1>Documents of {html.escape(name)}</h1>\n"
        "<p>Made by the run that made this book; their numbers are its own. "
        '<a href="../index.html">To the book</a>.</p>\n'
        f"<ul>\n{chr(10).join(rows)}\n</ul>\n<h2>Figures, as vectors</h2>\n"
        f"<ul>\n{chr(10).join(drawn)}\n</ul></main></body></html>\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the documents of a published book.")
    parser.add_argument("--plan", type=Path, help="the folder of a plan; default: data/plan")
    parser.add_argument("--staged", type=Path, help="the folder of a book not yet published")
    parser.add_argument("--into", type=Path, help="where to; default: the site's documents")
    given = parser.parse_args(arguments)
    site = given.staged or ROOT / "_build" / (place_of(given.plan) if given.plan else "") / "html"
    target = given.into or site / "documents"
    try:
        files = make(ROOT, site, target, given.plan)
    except (DataError, NotSet, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"== {len(files)} files in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
