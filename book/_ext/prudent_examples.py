"""The worked examples beside a module, as a page of the site that the reference leads to.

A docstring whose examples would be longer than a screen says in which text beside its module they
go on; there each function has a heading.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonConsoleLexer
from sphinx.application import Sphinx

#: How a docstring says where they go on.
GOES_ON = re.compile(r"``(\w+\.md)``")
CONSOLE, PAGE = PythonConsoleLexer(), HtmlFormatter()


def body(text: str) -> str:
    """A text as HTML: each function's heading a place to link to, its examples coloured."""

    page = MarkdownIt("commonmark")
    page.add_render_rule("fence", _coloured)
    return re.sub(r"<h2>(<code>(.+?)</code>)</h2>", r"<h2 id='\2'>\1</h2>", str(page.render(text)))


def _coloured(_page: Any, tokens: Sequence[Token], n: int, *_: Any) -> str:
    lines = highlight(tokens[n].content, CONSOLE, PAGE)
    return f"<div class='highlight-pycon notranslate'>{lines}</div>\n"


def link(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """In the reference (a page in book/): from a docstring to where its examples go on."""
    if not hasattr(thing, "__qualname__"):  # a module, a property
        return
    thing = inspect.unwrap(thing)
    folder = thing.__module__.replace(".", "/").rpartition("/")[0]
    page = rf"`\1 <../source/{folder}/\1.html#{thing.__qualname__}>`__"
    lines[:] = [GOES_ON.sub(page, line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
