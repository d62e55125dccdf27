"""Which of the works cited were looked up, as the bibliography's page says it: counted and named
from the field `lookedup` of each entry of the `.bib`.

Left out: whether a work says what it is cited for. Only a reader of the work can tell.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from docutils import nodes
from pybtex.database import BibliographyData, Entry, parse_file
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

#: What an entry says that was never compared with a public record.
MEMORY = "no"


def called(entry: Entry) -> str:
    """The work as a reader knows it: the first author's name, how many others, and the year."""
    people = entry.persons["author"]
    name = " ".join([*people[0].prelast_names, *people[0].last_names])
    others = "" if len(people) == 1 else " and others"
    return f"{name}{others} ({entry.fields['year']})"


def said(works: BibliographyData) -> str:
    """How many works were looked up and when, and the names of those that were not."""
    days = {key: entry.fields["lookedup"] for key, entry in works.entries.items()}
    when = Counter(day for day in days.values() if day != MEMORY)
    seen = ", ".join(f"{many} on {day}" for day, many in sorted(when.items()))
    unseen = [called(works.entries[key]) for key, day in days.items() if day == MEMORY]
    rest = f"{len(unseen)} from memory: {', '.join(unseen)}" if unseen else "none is from memory"
    return f"Of {len(days)} works, {when.total()} looked up ({seen}); {rest}."


class LookedUp(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir) / "book" / "references.bib"
        self.env.note_dependency(str(path))
        return [nodes.paragraph("", said(parse_file(path, "bibtex")))]


def setup(app: Sphinx) -> dict[str, object]:
    app.add_directive("looked-up", LookedUp)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
