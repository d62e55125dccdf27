"""How a computed page reads: results in the text, code folded under them, claims as marks.

The cells between two paragraphs are one stretch. Of a stretch the page shows what was computed,
then one line: the marks of the claims that were checked there, each leading to its row of the
evidence at the end, and the code of the whole stretch, folded. Code that shows nothing waits for
the next stretch of its section. A worked solution of an exercise is folded whole. Nothing here
needs a script.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from docutils import nodes
from prudent_pictures import inlined
from sphinx.transforms.post_transforms import SphinxPostTransform

#: A head of a table's column that says nothing, as pandas writes it.
EMPTY_HEAD = re.compile(r"<th[^>]*>(?:&nbsp;|\s)*</th>")
#: The languages of what a cell prints.
PRINTED = ("myst-ansi", "none")
SHOW_CODE, SHOW_SOLUTION = "Show the code", "Show the solution"


def name_funds(doctree: nodes.document, names: Mapping[str, str]) -> None:
    """Funds by name, wherever a page says a code in its text, tables and figures; code keeps it."""
    if not names:
        return
    code = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b(?![^<]*>)")
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.raw, nodes.literal, nodes.literal_block)):
            continue
        if (said := code.sub(lambda m: names[m[1]], text.astext())) != text.astext():
            text.parent.replace(text, nodes.Text(said))
    for output in list(doctree.findall(nodes.raw)):
        old = output.astext()
        if (said := code.sub(lambda m: html.escape(names[m[1]]), old)) != old:
            output.replace_self(raw(said))


def name_printed(doctree: nodes.document, names: Mapping[str, str]) -> None:
    """Funds and classes by name in what a cell prints, a refusal for instance; strings of JSON,
    which somebody may have signed, keep their codes."""
    code = re.compile(rf"(?<![\"\w])({'|'.join(map(re.escape, names))})(?![\"\w])")
    for printed in doctree.findall(nodes.literal_block):
        if printed.get("language") in PRINTED:
            printed.rawsource = code.sub(lambda m: names[m[1]], printed.astext())
            printed.children = [nodes.Text(printed.rawsource)]


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def stretches(parent: nodes.Element) -> Iterator[list[nodes.container]]:
    """Runs of cells with nothing between them."""
    run: list[nodes.container] = []
    for child in [*parent.children, None]:
        if child is not None and is_cell(child):
            run.append(child)
        elif run:
            yield run
            run = []


def parts(cell: nodes.container) -> tuple[list[nodes.Node], list[nodes.Node], list[nodes.Node]]:
    """A cell's code, its results, and the marks of its claims."""
    code: list[nodes.Node] = []
    results: list[nodes.Node] = []
    marks: list[nodes.Node] = []
    for part in cell.children:
        if part.get("nb_element") == "cell_code_source":
            code += part.children
            continue
        for output in list(part.children):
            claims = [
                node
                for node in output.findall(nodes.raw)
                if node.astext().startswith("<div class='claim'")
            ]
            if claims:
                marks += [raw(_inline(node.astext())) for node in claims]
            else:
                results.append(output)
    return code, results, marks


def _inline(mark: str) -> str:
    """A claim's mark with its tags made those of a line; its words stay."""
    return re.sub(r"(</?)div\b", r"\1span", mark)


def folded(code: list[nodes.Node], prompt: str, kind: str) -> list[nodes.Node]:
    return [raw(f"<details class='{kind}'><summary>{prompt}</summary>"), *code, raw("</details>")]


class FoldCells(SphinxPostTransform):
    """Before myst-nb folds cells one by one (priority 199), and after it chose what to show."""

    default_priority = 190
    formats = ("html",)

    def run(self, **_: object) -> None:
        for parent in {
            id(cell.parent): cell.parent for cell in self.document.findall(is_cell)
        }.values():
            waiting: list[nodes.Node] = []
            runs = list(stretches(parent))
            for number, run in enumerate(runs):
                made: list[nodes.Node] = []
                code = waiting
                marks: list[nodes.Node] = []
                for cell in run:
                    own_code, results, own_marks = parts(cell)
                    if cell.get("hide_mode") == "all":
                        if code and (made or marks):
                            made += self.foot(code, marks)
                            code, marks = [], []
                        solution = [*code, *own_code, *results, *own_marks]
                        code = []
                        made += folded(solution, SHOW_SOLUTION, "solution")
                        continue
                    code = [*code, *own_code]
                    made += results
                    marks += own_marks
                last = number == len(runs) - 1
                if made or marks or last:
                    made += self.foot(code, marks) if code or marks else []
                    waiting = []
                else:
                    waiting = code
                box = nodes.container("", *made, classes=["stretch"])
                at = parent.index(run[0])
                for cell in run:
                    parent.remove(cell)
                if made:
                    parent.insert(at, box)

    def foot(self, code: list[nodes.Node], marks: list[nodes.Node]) -> list[nodes.Node]:
        checks = [raw("<div class='marks'>"), *marks, raw("</div>")] if marks else []
        shown = folded(code, SHOW_CODE, "code") if code else []
        return [raw("<div class='stretch-foot'>"), *checks, *shown, raw("</div>")]


class InlineFigures(SphinxPostTransform):
    """A notebook's SVG as part of the page, and its tables without heads that say nothing."""

    default_priority = 195
    formats = ("html",)

    def run(self, **_: object) -> None:
        for output in list(self.document.findall(nodes.raw)):
            text = output.astext()
            if "<table" in text and (plain := EMPTY_HEAD.sub("<td></td>", text)) != text:
                output.replace_self(raw(plain))
        for number, image in enumerate(list(self.document.findall(nodes.image))):
            uri = image["uri"]
            if not uri.endswith(".svg") or "jupyter_execute" not in uri:
                continue
            file = Path(self.app.srcdir, uri)
            if not file.is_file():
                file = Path(self.app.outdir).parent / uri[uri.index("jupyter_execute") :]
            svg = file.read_text(encoding="utf-8")
            image.replace_self(raw(inlined(svg, image.get("alt", ""), f"f{number}")))
