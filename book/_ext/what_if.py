"""The page `book/what_if`: its scripts, and the data that its notebook left for them.

The notebook's output of type `portlib.what_if.MIME` goes into the page as JSON that scripts read;
nothing is fetched, so that the page works from a file. Other pages carry none of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from portlib.what_if import MIME

PAGE = "book/what_if"
SCRIPTS = ("solver.js", "lives.js", "menu.js", "page.js")


def carried(notebook: Path) -> dict[str, Any] | None:
    """What an executed notebook left for the scripts; None where it left nothing."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", ()):
            found: dict[str, Any] | None = output.get("data", {}).get(MIME)
            if found is not None:
                return found
    return None


def add_data(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """At the page's end, the data as JSON that no parser of HTML can mistake for an end of it."""
    if docname != PAGE or app.builder.format != "html":
        return
    notebook = Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"
    found = carried(notebook) if notebook.is_file() else None
    if found is not None:
        text = json.dumps(found, separators=(",", ":"), ensure_ascii=True).replace("<", "\\u003c")
        script = f"<script type='application/json' id='what-if-data'>{text}</script>"
        doctree += nodes.raw("", script, format="html")


def add_scripts(app: Sphinx, pagename: str, *_: Any) -> None:
    """The scripts and their style, on this page alone."""
    if pagename == PAGE:
        for name in SCRIPTS:
            app.add_js_file(f"what_if/{name}", loading_method="defer")
        app.add_css_file("what_if/what_if.css")


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("doctree-resolved", add_data)
    app.connect("html-page-context", add_scripts)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
