"""How the reference of functions reads: what autodoc and Sphinx write, without what says nothing.

A named tuple's field that its class already explains is no entry of its own, a constant's value is
shown where it is short, and the arguments of a long signature are lines of it. Sphinx writes those
as a list without terms inside a term, which no screen reader can make sense of.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

#: What Python says of a named tuple's field by itself.
UNEXPLAINED = re.compile(r"Alias for field number \d+$")
#: Characters of a constant's value that a reader still takes in.
LONGEST_VALUE = 60
ARGUMENTS = re.compile(r"<dl>\s*((?:<dd><em class=\"sig-param\">.*?</dd>\s*)+)</dl>", re.DOTALL)

WORD = re.compile(r"<span class=\"pre\">([^<]*)</span>")


def skip(_app: Sphinx, _what: str, _name: str, thing: Any, *_: Any) -> bool | None:
    """Whether a member is left out: True, or None for autodoc's own judgement."""
    return True if UNEXPLAINED.match(getattr(thing, "__doc__", None) or "") else None


def shorten(_app: Sphinx, _domain: str, _kind: str, content: nodes.Element) -> None:
    """Take a long value from the line that names a constant, and from a type what it is short
    for."""
    for signature in content.parent.findall(addnodes.desc_signature):
        for part in list(signature.findall(addnodes.desc_annotation)):
            said = part.astext().strip()
            if said.startswith("=") and len(said) > LONGEST_VALUE:
                part.parent.remove(part)
    for line in list(content.findall(nodes.paragraph)):
        if line.astext().startswith("alias of ") and len(line.astext()) > LONGEST_VALUE:
            line.parent.remove(line)


def in_lines(page: str) -> str:
    """A page whose lists of arguments are lines of the signatures that they stand in, without
    elements that change nothing."""
    if 'class="sig sig-object' not in page:
        return page
    return ARGUMENTS.sub(_lines, WORD.sub(r"\1", page))


def _lines(written: re.Match[str]) -> str:
    return written[1].replace("<dd>", "<span class='sig-line'>").replace("</dd>", "</span>")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-skip-member", skip)
    app.connect("object-description-transform", shorten)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
