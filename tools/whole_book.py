"""The whole book as one PDF, with an outline, by a browser's print; where there is a browser.

    python -m tools.whole_book [--plan FOLDER]

Every page of the table of contents, in its order, is printed from the published site by headless
Chromium, and joined: `_build/book.pdf`, or beside that plan's site. Pages that stand under another
are under it in the outline. Left out: what a page folds away stays folded.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdf
import yaml

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 300


class NotPrinted(Exception):
    """There is no Chromium here, no such page, or nothing was printed."""


def pages(toc: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Part and page, in the order of the table of contents; pages before any part have none."""

    def walk(node: object, part: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, list):
            for each in node:
                yield from walk(each, part)
        elif isinstance(node, dict):
            inside = str(node.get("caption", part))
            for key, value in node.items():
                if key in ("root", "file"):
                    yield inside, str(value)
                elif isinstance(value, list):
                    yield from walk(value, inside)

    yield from walk(toc, "")


def printed(browser: str, page: Path, target: Path) -> None:
    """One page of the site as PDF; `NotPrinted` where there is none or nothing was printed."""
    if not page.is_file():
        raise NotPrinted(f"{page}: is not there; make book again")
    command = [browser, "--headless=new", "--disable-gpu", "--no-pdf-header-footer"]
    command += ["--generate-pdf-document-outline", "--virtual-time-budget=8000"]
    command += ["--no-sandbox"] if os.getuid() == 0 else []
    command += [f"--user-data-dir={target.parent / 'profile'}"]
    command += [f"--print-to-pdf={target}", page.resolve().as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    if not target.is_file():
        raise NotPrinted(f"{page.name}: nothing was printed: {done.stderr[-300:]}")


def write(site: Path, toc: dict[str, object], target: Path) -> int:
    """The book at `site` as one PDF; returns how many pages of paper it has.

    Raises `NotPrinted` where there is none.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise NotPrinted(f"needs one of {', '.join(BROWSERS)}")
    writer = pypdf.PdfWriter()
    parts: dict[str, pypdf.generic.IndirectObject] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (part, name) in enumerate(pages(toc)):
            paper = Path(folder) / f"{number}.pdf"
            printed(browser, site / f"{name}.html", paper)
            read = pypdf.PdfReader(paper)
            first = len(writer.pages)
            writer.append(read, import_outline=False)
            title = _title(read, name)
            if part and part not in parts:
                parts[part] = writer.add_outline_item(title=part, page_number=first)
            writer.add_outline_item(title=title, page_number=first, parent=parts.get(part))
            print(f"   {name}", flush=True)
    writer.add_metadata({"/Title": "Prudent by Construction"})
    writer.root_object[pypdf.generic.NameObject("/Lang")] = pypdf.generic.TextStringObject("en-US")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished")
    writer.write(unfinished)
    unfinished.replace(target)
    return len(writer.pages)


def _title(read: pypdf.PdfReader, name: str) -> str:
    """A printed page's title, as its first heading or its window says it."""
    told = read.metadata.title if read.metadata else None
    return (told or name).split(" — ")[0].split(" \N{EN DASH} ")[0].strip()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print a published book as one PDF.")
    parser.add_argument("--plan", type=Path, help="the folder of a plan; default: data/plan")
    given = parser.parse_args(arguments)
    from tools.build import place_of

    place = ROOT / "_build" / (place_of(given.plan) if given.plan else "")
    if not (place / "html" / "index.html").is_file():
        print(f"{place / 'html'}: there is no book yet; make book first", file=sys.stderr)
        return 1
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    try:
        count = write(place / "html", toc, place / "book.pdf")
    except (NotPrinted, subprocess.TimeoutExpired, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"== {place / 'book.pdf'}: {count} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
