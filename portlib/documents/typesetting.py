"""How does a document become a page?

`pdf` hands a `Document` to Typst as data, never as markup, with ``template.typ``, which lays out
every one of them: tagged PDF (PDF/UA-1), fonts that Typst brings along, no network. The same
document gives the same bytes.

No page is left with a line or two, and no signature stands on a page without what is signed: a
document that comes out so is set a little tighter, then a little looser (`SETTINGS`).

Left out: words and numbers, which the document's own module chose.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from portlib.documents.document import Document, Form

#: Points from the paper's upper edge to the text, as in the template.
TOP = 75.6
#: Points of text that a last page has at least, and that stand above signatures on their page: some
#: eight lines of ten, and two rows of a form.
LEAST, LEAST_SIGNED = 110.0, 40.0
#: How tightly, and with how much room for an entry (em), a document is set, in order of preference.
SETTINGS = ((0, 1.6), (1, 1.2), (3, 1.0), (-1, 2.6))
#: Room for an entry that is tried, most first, where it takes no further page.
ROOMS = (4.0, 2.6, 2.1)


class NotSet(ValueError):
    """A document cannot be laid out; the message says what is in the way."""


def pdf(document: Document) -> bytes:
    """The document as PDF/UA-1.

    Parameters
    ----------
    document : Document
        With its figures.

    Returns
    -------
    bytes
        The same for the same document.

    Raises
    ------
    NotSet
        Where Typst refuses it, with what it says; without Typst, how to get it.

    Examples
    --------
    >>> from datetime import date
    >>> from portlib.documents.document import Text
    >>> note = Document(
    ...     name="note",
    ...     kind="Note",
    ...     title="A note",
    ...     plan="a plan",
    ...     origin="SYNTHETIC",
    ...     made=date(2026, 11, 29),
    ...     made_from={},
    ...     facts=(),
    ...     body=(Text("Words."),),
    ... )
    >>> pdf(note)[:5], pdf(note) == pdf(note)
    (b'%PDF-', True)

    Entries have room to write in, as far as no page is added for it: twenty fit on one, as they do
    where they are known.

    >>> from dataclasses import replace
    >>> def pages(entries, known):
    ...     form = Form([(f"Entry {n}", known) for n in range(entries)])
    ...     return int(re.findall(rb"/Count ([0-9]+)", pdf(replace(note, body=(form,))))[0])
    >>> pages(20, known=""), pages(20, known="said"), pages(80, known="said") > 1
    (1, 1, True)
    """
    try:
        import typst
    except ImportError:
        raise NotSet("documents need Typst: pip install 'portlib[documents]'") from None
    template = files("portlib.documents").joinpath("template.typ").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "main.typ").write_text(template, encoding="utf-8")
        content = json.dumps(document.to_json(), ensure_ascii=False)
        (place / "document.json").write_text(content, encoding="utf-8")
        for figure in document.figures:
            (place / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        day = datetime(document.made.year, document.made.month, document.made.day, tzinfo=UTC)
        try:
            made = _fitted(place, document).typst.compile(
                format="pdf", pdf_standards="ua-1", timestamp=int(day.timestamp())
            )
        except typst.TypstError as error:
            raise NotSet(f"{document.name}: Typst refuses it: {_short(error.diagnostic)}") from None
    assert isinstance(made, bytes)  # one file was asked for
    return made


@dataclass(frozen=True)
class _Setting:
    """A document as set in one way: ``ends`` gives what each block is, and page and height (points
    from the paper's upper edge) where it ends."""

    typst: Any
    ends: Sequence[tuple[str, int, float]]

    @property
    def pages(self) -> int:
        return self.ends[-1][1] if self.ends else 1

    @property
    def short(self) -> bool:
        """Whether a page that nothing follows, or signatures with what is above them on theirs,
        would stand nearly alone."""
        last = len(self.ends) - 1
        for n, (kind, page, height) in enumerate(self.ends):
            follows = self.ends[n + 1][0] if n < last else "page"
            if follows not in ("page", "signatures") or kind == "page":
                continue
            signed = follows == "signatures"
            on = self.ends[n + 1][1] if signed else page
            alone = on > page or height < TOP + (LEAST_SIGNED if signed else LEAST)
            if alone and on > 1 and (not signed or self._ends_with(n + 1)):
                return True
        return False

    def _ends_with(self, n: int) -> bool:
        """Whether no section begins on the page of block n after it."""
        after = self.ends[n + 1 :]
        return not any(kind == "heading" and at == self.ends[n][1] for kind, at, _ in after)


def _fitted(place: Path, document: Document) -> _Setting:
    """The document in the first setting that leaves no page nearly empty, as `SETTINGS` are tried;
    with as much room for entries as takes no further page."""
    import typst

    def as_set(tight: float, room: float) -> _Setting:
        given = {"tight": f"{tight:g}", "room": f"{room:g}"}
        compiler = typst.Compiler(
            str(place / "main.typ"), root=str(place), ignore_system_fonts=True, sys_inputs=given
        )
        told = json.loads(compiler.query("<end>", field="value"))
        return _Setting(compiler, [(kind, page, height) for kind, page, height in told])

    usual = as_set(*SETTINGS[0])
    found, tight = usual, SETTINGS[0][0]
    for setting in SETTINGS[1:]:
        if not found.short:
            break
        found, tight = as_set(*setting), setting[0]
    if found.short:  # no setting helps
        found, tight = usual, SETTINGS[0][0]
    if any(
        not known for block in document.body if isinstance(block, Form) for _, known in block.fields
    ):
        for room in ROOMS:
            wider = as_set(tight, room)
            if wider.pages == found.pages and not wider.short:
                return wider
    return found


def _short(message: str) -> str:
    return re.sub(r"\s+", " ", message)[:600]
