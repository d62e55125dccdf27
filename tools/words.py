"""How much has a reader to read of a chapter before its evidence?

    python -m tools.words             words of prose, by chapter, longest first
    python -m tools.words REVISION    the same, beside what it was at a revision of git

Counted as the site counts a chapter's minutes (`book/_ext/prudent.py`), but from the source, so
that nothing need be executed: a number that the run sets into a sentence is one word, and so is a
work cited.

Left out: code and what it puts on the page (figures with their captions, tables, claims,
solutions), and formulas.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles
from myst_parser.parsers.docutils_ import Parser

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "book" / "_ext"))

from prudent import prose

ROOT = Path(__file__).resolve().parents[1]
#: Roles that Sphinx brings, each of which sets one thing into a sentence.
ROLES = ("glue:text", "cite:p", "cite:t", "numref", "term", "doc")


class Nothing(Directive):
    """Stands in for a code cell, of which nothing is prose."""

    has_content = True
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        return []


def in_words(name: str, raw: str, text: str, *_: Any, **__: Any) -> tuple[list[nodes.Node], list]:
    """A term or page as it is called, a page without a name as its file; anything else one word."""
    said = text.split("<")[0] if name in ("term", "doc") else "one"
    return [nodes.Text(said.rsplit("/", 1)[-1].replace("_", " "))], []


def read(chapter: str) -> nodes.document:
    """A chapter's prose as a tree, of its source text."""
    for name in ROLES:
        roles.register_local_role(name, in_words)
    directives.register_directive("code-cell", Nothing)
    settings = {
        "myst_enable_extensions": ["dollarmath", "amsmath", "colon_fence", "attrs_inline"],
        "report_level": 2,
        "warning_stream": io.StringIO(),
    }
    tree = publish_doctree(chapter, parser=Parser(), settings_overrides=settings)
    for message in tree.findall(nodes.system_message):
        if "role_unknown" in message.astext() or "directive_unknown" in message.astext():
            raise ValueError(f"words cannot be counted: {message.astext()}")
    return tree


def count(chapter: str) -> dict[str, int]:
    """Words of a chapter's source, by where they stand.

    `before` is what leads to the evidence, limitations included; `appendix` what the chapter sets
    apart for specialists in sections named Appendix; `after` what comes with the evidence.
    """
    whole = next(part for part in read(chapter).children if isinstance(part, nodes.section))
    words, place = dict.fromkeys(("before", "appendix", "after"), 0), "before"
    for part in whole.children:
        title = part[0].astext() if isinstance(part, nodes.section) else ""
        if title == "Evidence":
            place = "after"
        words["appendix" if title.startswith("Appendix") else place] += prose(part)
    return words


def table(revision: str = "") -> pd.DataFrame:
    """The words of every chapter, as the files are or as they were at a revision of git."""
    return pd.DataFrame(
        {path.stem: count(text) for path, text in chapters(revision).items()}
    ).T.assign(whole=lambda counted: counted.sum(axis=1))


def chapters(revision: str = "") -> dict[Path, str]:
    """The source of every chapter, as the files are or as they were at a revision of git."""
    if not revision:
        found = sorted((ROOT / "notebooks").glob("*/*.md"))
        return {path: path.read_text(encoding="utf-8") for path in found}
    names = git("ls-tree", "-r", "--name-only", revision, "notebooks").split()
    return {Path(name): git("show", f"{revision}:{name}") for name in names if name[-3:] == ".md"}


def git(*arguments: str) -> str:
    said = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=True)
    return said.stdout.decode("utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    now = table()
    was = table(given[0]).add_suffix(f", {given[0]}") if given else None
    shown = pd.concat([now, was], axis=1).sort_values("before", ascending=False)
    shown.loc["all"] = shown.sum()
    print(shown.round().astype("Int64").to_string(na_rep=""))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
