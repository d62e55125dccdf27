"""Formulas as MathML, which a browser sets itself: without scripts, without another host."""

from __future__ import annotations

import re

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator


def mathml(tex: str, *, block: bool) -> str:
    """TeX as MathML; several lines without an environment are aligned, as MathJax had it."""
    tex = re.sub(r"(begin|end)\{aligned\}", r"\1{split}", tex)
    tex = re.sub(r"(begin|end)\{gathered\}", r"\1{matrix}", tex)
    if block and "\\\\" in tex and "\\begin" not in tex:
        tex = f"\\begin{{split}}{tex}\\end{{split}}"
    return convert(tex, display="block" if block else "inline")


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(f"<span class='math'>{mathml(node.astext(), block=False)}</span>")
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    number = f"<span class='eqno'>({node['number']})</span>" if node.get("number") else ""
    ids = "".join(f"<span id='{id}'></span>" for id in node.get("ids", ()))
    for part in re.split(r"\n\s*\n", node.astext().strip()):
        self.body.append(f"<div class='math'>{ids}{number}{mathml(part, block=True)}</div>")
        ids = number = ""
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
