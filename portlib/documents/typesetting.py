"""How does a document become a page?

`pdf` hands a `Document` to Typst as data, never as markup, with ``template.typ``, which lays out
every one of them: tagged PDF (PDF/UA-1), fonts that Typst brings along, no network. The same
document gives the same bytes.

Left out: words and numbers, which the document's own module chose.
"""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from portlib.documents.document import Document


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
            made = typst.compile(
                str(place / "main.typ"),
                root=str(place),
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards="ua-1",
                timestamp=int(day.timestamp()),
            )
        except typst.TypstError as error:
            raise NotSet(f"{document.name}: Typst refuses it: {_short(error.diagnostic)}") from None
    assert isinstance(made, bytes)  # one file was asked for
    return made


def _short(message: str) -> str:
    return re.sub(r"\s+", " ", message)[:600]
