"""What this book adds to Sphinx: the reviewers' matrix, where each page comes from, and the sources
it rests on.

Everything shown is read from the executed notebooks that myst-nb leaves beside the site, once all
pages are read, so it is the same whether `make book` executed them or `jupyter-book build .` did:

- ``{requirements-matrix}`` lists the requirements, each with its kind and the check that leads, and
  a page for each (`prudent_matrix`);
- ``{evidence-register}`` lists every claim of every chapter;
- ``{told}`mean_variance.corners:d` `` shows a number that a chapter told, on any page;
- ``{drawn} stacked model_portfolios.held`` draws a table that a chapter told, and ``{drawn} figure
  glidepaths.fig-gp-paths`` shows a chapter's figure again, with a link to where it stands;
- ``{standing}`` says which inputs are the plan's own;
- a link to a source page, ``[text](page.md)``, holds whether that page was staged as text or as a
  notebook;
- each chapter links its executed notebook, all its modules and all their tests, whose sources are
  pages of the site;
- the requirements that a chapter names first link into the matrix;
- each chapter says which of its numbers moved since the last version (`prudent_moved`);
- each page ends with the commit, the lock and the data that it was made from.
"""

from __future__ import annotations

import html
import inspect
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import prudent_cells
import prudent_examples
import prudent_matrix
import prudent_moved
import prudent_pictures as pictures
import prudent_reference
import prudent_search
from docutils import nodes
from docutils.parsers.rst import directives
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from portlib import evidence, plan, standing
from portlib.inputs.classes import NAMES
from portlib.plan_format import LEGAL_REGIMES
from tools import provenance

logger = logging.getLogger(__name__)
# ------------------------------------------------------------------------------- what was executed,
# and from what


def checkout(app: Sphinx) -> Path:
    """The folder of the lock: the source folder itself, or the one above the staging folder."""
    source = Path(app.srcdir).resolve()
    return next(
        (
            folder
            for folder in (source, *source.parents)
            if (folder / "requirements.lock").is_file()
        ),
        source,
    )


def chapters(env: BuildEnvironment) -> list[str]:
    """The chapters, in the order of reading once the table of contents is known."""
    found = sorted(name for name in env.found_docs if name.startswith("notebooks/"))
    order = (
        {name: place for place, name in enumerate(env.collect_relations())}
        if env.toctree_includes
        else {}
    )
    return sorted(found, key=lambda name: order.get(name, 0))


def executed(app: Sphinx, docname: str) -> Path:
    """The executed notebook of a page, as myst-nb leaves it."""
    return Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"


@lru_cache(maxsize=1)
def shown(app: Sphinx) -> tuple[evidence.Register, dict[str, dict[str, Any]]]:
    """The register and the requirements; asked for only when every page is read."""
    names = chapters(app.env)
    register = evidence.collect(
        executed(app, name) for name in names if executed(app, name).is_file()
    ).ordered(Path(name).name for name in names)
    return register, evidence.requirements(Path(app.srcdir) / "book" / "requirements.yml")


def check_evidence(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Warn of evidence that would mislead, and have the pages that show the register written
    again."""
    if app.config.prudent_gate:
        try:
            evidence.gate(*shown(app), env.found_docs)
        except evidence.EvidenceError as error:
            logger.warning(str(error), type="prudent", subtype="evidence")
    return [name for name in env.found_docs if "prudent" in env.metadata[name]]


def execute_again(app: Sphinx, env: BuildEnvironment, *_: Any) -> list[str]:
    """A page must not outlive the portlib that made it: where this build executes, it executes
    every chapter."""
    return chapters(env) if app.config.nb_execution_mode == "force" else []


@lru_cache
def the_plan() -> plan.Plan:
    """The plan whose book this is, read once."""
    return plan.read()


@lru_cache
def made_from(root: Path) -> dict[str, str]:
    """Version, commit, lock and data of a checkout, in short."""
    return provenance.of(root, the_plan(), plan.folder())


def when(notebook: Path) -> str:
    """When a notebook was executed, in UTC, by its kernel's own account, or else by its file's
    time."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    stamps = [cell["metadata"].get("execution", {}).get("iopub.status.idle", "") for cell in cells]
    if last := max(stamps, default=""):
        return f"{last[:16].replace('T', ' ')} UTC"
    return f"{datetime.fromtimestamp(notebook.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"


# ------------------------------------------------------------------------------------ on every
# page: where it is from


def add_provenance(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """At the end of each page, what it was made from, and of a chapter its notebook, modules and
    tests."""
    root, made = checkout(app), []
    if docname in chapters(app.env):
        name = docname.split("/")[-1]
        register = shown(app)[0]
        doctree += raw(prudent_moved.note(name, register.as_dict(), root, made_from(root)["plan"]))
        doctree += raw(chapter_links(root, docname))
        passed = [claim.holds for claim in register.claims[name]]
        made = [
            f"executed {when(executed(app, docname))}",
            f"checks passed {sum(passed)}/{len(passed)}",
        ]
    from_what = [
        f"{key} <code>{html.escape(value)}</code>" for key, value in made_from(root).items()
    ]
    doctree += raw(f"<p class='provenance'>{' · '.join([*made, *from_what])}</p>")


def own_sources(root: Path, docname: str) -> dict[str, list[Path]]:
    """The modules of a chapter and their tests: a file of its name, or all that is in the folder of
    its name."""
    part, name = docname.split("/")[1:]
    single = {"modules": f"portlib/{part}/{name}.py", "tests": f"tests/{part}/test_{name}.py"}
    folder = {"modules": f"portlib/{part}/{name}", "tests": f"tests/{part}/{name}"}
    return {
        kind: [
            path
            for path in (root / single[kind], *python_files(root / folder[kind]))
            if path.is_file()
        ]
        for kind in single
    }


def python_files(folder: Path) -> list[Path]:
    """The Python files that say something, without an editor's hidden copies, in order."""
    found = (
        path
        for path in sorted(folder.rglob("*.py"))
        if "/." not in path.relative_to(folder.parent).as_posix()
    )
    return [path for path in found if path.read_text(encoding="utf-8").strip()]


def chapter_links(root: Path, docname: str) -> str:
    """A chapter's executed notebook, its modules and their tests."""
    here = "../" * docname.count("/")
    parts = [f"<a href='{here}{docname}.ipynb'>executed notebook</a>"]
    for kind, files in own_sources(root, docname).items():
        names = (path.relative_to(root).with_suffix("").as_posix() for path in files)
        links = [
            f"<a href='{here}source/{name}.html'>{html.escape(name.rsplit('/', 1)[-1])}</a>"
            for name in names
        ]
        if links:
            parts.append(
                f"{kind} in <code>{files[0].parent.relative_to(root).as_posix()}</code>: "
                f"{', '.join(links)}"
            )
    return f"<p class='chapter-links'>{' · '.join(parts)}</p>"


def add_worst(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Between a chapter's answer and what it presumes: the claim that most limits the answer."""
    if docname not in chapters(app.env):
        return
    name = docname.split("/")[-1]
    marked = [claim for claim in shown(app)[0].claims.get(name, []) if claim.worst]
    box = next(
        (box for box in doctree.findall(nodes.admonition) if box[0].astext() == "Before you read"),
        None,
    )
    if not marked or box is None:
        return
    claim = marked[0]
    line = paragraph("", "worst-claim")
    line += nodes.strong("", "What limits this most: ")
    line += nodes.Text(f"{claim.statement} It cannot show {claim.cannot_show.rstrip('.')}. ")
    line += link(app, docname, docname, claim.id, claim.id)
    box.parent.insert(box.parent.index(box), line)


def add_law(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Under the title of forms and of the committee's page: what ERISA is to a plan outside it."""
    law = standing.law(the_plan())
    title = next(doctree.findall(nodes.title), None)
    if law and title and (docname == "book/reader" or docname.startswith("book/forms/")):
        title.parent.insert(title.parent.index(title) + 1, paragraph(law, "law"))


#: Words that a reader takes in a minute, of prose that reasons.
PACE = 200
#: What a committee reads of a chapter, beside its opening.
SHORT = ("Decision", "What would change our mind")


def prose(node: nodes.Node) -> int:
    """How many words of a page are prose: no code, no output, no evidence."""
    if isinstance(node, nodes.Text):
        return len(re.findall(r"\w+", node.astext()))
    if isinstance(node, (nodes.raw, nodes.literal_block, nodes.math, nodes.math_block)):
        return 0
    if isinstance(node, nodes.container) and node.get("nb_element"):
        return 0
    return sum(map(prose, node.children))


def add_reading_time(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """What a chapter takes to read, whole and in its committee's part, counted."""
    if docname not in chapters(app.env):
        return
    item = next(
        (
            item
            for item in doctree.findall(nodes.list_item)
            if re.match(r"About \d+ minutes", item.astext())
        ),
        None,
    )
    if item is None:
        return
    sections = list(doctree.findall(nodes.section))
    named = [s for s in sections if s[0].astext() in SHORT]
    opening = sum(prose(child) for child in sections[0].children[1:4])
    whole = max(1, round(prose(doctree) / PACE))
    short = max(1, round((opening + sum(map(prose, named))) / PACE))
    line = nodes.paragraph()
    line += [
        nodes.strong("", "About"),
        nodes.Text(f" {whole} minutes; the opening, {SHORT[0]} and {SHORT[1]}, {short}."),
    ]
    item.children = []
    item += line


def link_requirements(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """The requirements that a chapter names before it begins, each a link into the matrix."""
    if docname not in chapters(app.env) or "book/matrix" not in app.env.found_docs:
        return
    known = shown(app)[1]
    for head in doctree.findall(nodes.strong):
        if head.astext() != "Requirements":
            continue
        for text in [node for node in head.parent.children if isinstance(node, nodes.Text)]:
            parts = re.split(r"\b([A-Z]{2}-\d\d)\b", text.astext())
            text.parent.replace(
                text,
                [
                    to_requirement(docname, part) if part in known else nodes.Text(part)
                    for part in parts
                ],
            )


def to_requirement(docname: str, id: str) -> nodes.reference:
    uri = f"{'../' * docname.count('/')}book/requirements/{id.lower()}.html"
    return nodes.reference("", id, refuri=uri, internal=True)


def name_funds(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """In chapters and on the pages for readers a fund is called by its name."""
    if docname in chapters(app.env) or docname in ("book/index", "book/reader"):
        labels = the_plan().funds["label"]
        names = {
            str(code): str(label)
            for code, label in labels.items()
            if len(str(code)) > 3 and str(code).isupper() and str(label).strip()
        }
        prudent_cells.name_funds(doctree, names)
        classes = {code: name for code, name in NAMES.items() if "_" in code}
        prudent_cells.name_printed(doctree, {**classes, **names})


def raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


# ----------------------------------------------------------------------------------------- the
# matrix, the register


class Matrix(nodes.General, nodes.Element):
    """Where the reviewers' matrix goes once every chapter is read."""


class Register(nodes.General, nodes.Element):
    """Where the table of all claims goes."""


class Told(nodes.Inline, nodes.Element):
    """Where a number goes that a chapter told: ``{told}`mandate.rule_count:d` `` on any page."""


class Drawn(nodes.General, nodes.Element):
    """Where a picture goes that is drawn from what a chapter told, or taken from it."""


class Inputs(nodes.General, nodes.Element):
    """Where the table of the plan's inputs goes."""


class DrawnDirective(SphinxDirective):
    """``{drawn} kind chapter.name``: kind is stacked, shares, spans, path or figure."""

    required_arguments = 2
    option_spec = {  # noqa: RUF012
        "alt": directives.unchanged,
        "form": directives.unchanged,
        "mark": directives.unchanged,
        "marked": directives.unchanged,
        "ticks": directives.unchanged,
        "caption": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["prudent"] = "shows evidence"
        kind, asked = self.arguments
        return [Drawn(kind=kind, asked=asked, given=dict(self.options))]


class InputsDirective(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["prudent"] = "shows evidence"
        return [Inputs()]


class ToldRole(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        self.env.metadata[self.env.docname]["prudent"] = "shows evidence"
        return [Told(asked=self.text)], []


class RequirementsMatrix(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["prudent"] = "shows evidence"
        return [Matrix()]


class EvidenceRegister(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["prudent"] = "shows evidence"
        return [Register()]


def show_evidence(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    for place in list(doctree.findall(Matrix)):
        said, loose = good_practice(shown(app)[1])
        index = prudent_matrix.index(*shown(app), lambda name: from_page(app, docname, name), loose)
        place.replace_self(raw(said + prudent_matrix.contents(shown(app)[1]) + index))
    for place in list(doctree.findall(Register)):
        place.replace_self(register_table(app, docname))
    for place in list(doctree.findall(Inputs)):
        place.replace_self(raw(inputs_table()))
    for place in list(doctree.findall(Drawn)):
        place.replace_self(drawn(app, docname, place))
    for place in list(doctree.findall(Told)):
        where, _, form = place["asked"].partition(":")
        number = told(app, where, docname)
        place.replace_self(nodes.Text("" if number is None else format(number, form)))


def told(app: Sphinx, where: str, docname: str) -> Any:
    """A number that a chapter told; warns where none did."""
    chapter, _, name = where.partition(".")
    number = shown(app)[0].numbers.get(chapter, {}).get(name)
    if number is None:
        logger.warning(
            f"no chapter tells {where!r}", location=docname, type="prudent", subtype="told"
        )
    return number


def drawn(app: Sphinx, docname: str, place: Drawn) -> nodes.Node:
    """A picture of a told table, or a chapter's own figure; nothing, with a warning, where the
    chapter has none."""
    kind, asked, given = place["kind"], place["asked"], place["given"]
    chapter, _, name = asked.partition(".")
    page = next((page for page in chapters(app.env) if page.endswith(f"/{chapter}")), None)
    if kind == "figure" and page is not None:
        svg, alt, caption = pictures.figure_of(executed(app, page), name)
        if svg:
            alt = alt.strip()
            uri = app.builder.get_relative_uri(docname, page)
            said = html.escape(given.get("caption", "") or caption.strip())
            return raw(
                f"<figure class='taken'><a href='{uri}#{name}' aria-label='To this figure in its "
                f"chapter'>{pictures.inlined(svg, alt, name)}</a>"
                f"<figcaption>{said}</figcaption></figure>"
            )
    table = shown(app)[0].tables.get(chapter, {}).get(name)
    if table is None:
        what = "figure" if kind == "figure" else "table"
        logger.warning(
            f"no chapter has the {what} {asked!r}", location=docname, type="prudent", subtype="told"
        )
        return raw("")
    if kind == "stacked":
        return raw(pictures.stacked(table))
    if kind == "shares":
        return raw(pictures.shares(table))
    if kind == "spans":
        mark = told(app, given["mark"], docname) if "mark" in given else None
        form = given.get("form", ",.0f")
        return raw(pictures.ranges(table, form=form, mark=mark, marked=given.get("marked", "")))
    ticks = dict(tick.split("=", 1) for tick in given.get("ticks", "").split(";") if tick)
    at = {float(x): words.strip() for x, words in ticks.items()}
    return raw(pictures.path(table, alt=given.get("alt", ""), ticks=at))


def inputs_table() -> str:
    """What stands for each input of this edition's plan."""
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(one.name)}</th><td><span class='whose "
        f"{one.status.lower().replace(' ', '-')}'>{html.escape(one.status)}</span></td>"
        f"<td>{html.escape(one.what)}</td></tr>"
        for one in standing.of(the_plan())
    )
    return (
        "<table class='dataframe inputs'><thead><tr><th scope='col'>input</th><th scope='col'>whose"
        "</th><th scope='col'>what is used</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def register_table(app: Sphinx, docname: str) -> nodes.table:
    """One row a claim, across the book."""
    rows = []
    for chapter, claims in shown(app)[0].claims.items():
        for c in claims:
            rest = [[paragraph(text)] for text in (c.by, c.cannot_show, " ".join(c.answers))]
            rows.append((["", ""], [[claim_line(app, docname, chapter, c)], *rest]))
    return html_table(["claim", "verified by", "cannot show", "answers"], rows, "register")


def page_of(app: Sphinx, chapter: str) -> str:
    """The page of a chapter, by its name."""
    return next(name for name in chapters(app.env) if name.endswith(f"/{chapter}"))


def from_page(app: Sphinx, docname: str, chapter: str) -> str:
    return app.builder.get_relative_uri(docname, page_of(app, chapter))


def good_practice(required: Mapping[str, Mapping[str, Any]]) -> tuple[str, dict[str, str]]:
    """Under which law the plan is, and by requirement what is said where that law does not ask
    it."""
    ours = the_plan()
    regime = ours.legal_regime
    loose = evidence.good_practice(required, regime)
    if not loose:
        return "", {}
    words = LEGAL_REGIMES[regime]
    clause = ours.rules["clauses"].get("legal_regime")
    said = (
        f"{ours.name} is {words}. {len(loose)} of the {len(required)} requirements do not bind "
        "it and are shown as good practice; each says so."
    ) + (f" What binds it instead: {clause}." if clause else "")
    instead = {id: required[id].get(regime.lower()) for id in loose}
    return f"<p>{html.escape(said)}</p>", {
        id: f"Good practice here: it does not bind {words}."
        + (f" Instead: {instead[id]}." if instead[id] else "")
        for id in loose
    }


def requirement_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """One page a requirement, where the book has a matrix."""
    if "book/matrix" not in app.env.found_docs:
        return
    titles = {page: title.astext() for page, title in app.env.titles.items()}
    titles |= {page.rsplit("/", 1)[-1]: titles[page] for page in chapters(app.env)}
    loose = good_practice(shown(app)[1])[1]
    yield from prudent_matrix.pages(
        *shown(app), lambda name: f"{page_of(app, name)}.html", titles, loose
    )


def claim_line(app: Sphinx, docname: str, chapter: str, claim: evidence.Claim) -> nodes.paragraph:
    page = page_of(app, chapter)
    line = paragraph("", "answer")
    line += link(app, docname, page, claim.id, claim.id)
    line += nodes.Text(f" {claim.statement} ")
    line += nodes.inline("", claim.against, classes=["claim-measured"])
    return line


def link(app: Sphinx, docname: str, page: str, anchor: str, text: str) -> nodes.reference:
    uri = app.builder.get_relative_uri(docname, page) + (f"#{anchor}" if anchor else "")
    return nodes.reference("", text, refuri=uri, internal=True)


def paragraph(text: str, *classes: str) -> nodes.paragraph:
    return nodes.paragraph("", text, classes=list(classes))


def html_table(heads: list[str], rows: list[Any], name: str) -> nodes.table:
    """A docutils table; each row is ([anchor, class], [cell, ...]) and each cell a list of
    nodes."""
    group = nodes.tgroup(cols=len(heads))
    group += [nodes.colspec(colwidth=1) for _ in heads]
    head, body = nodes.thead(), nodes.tbody()
    head += nodes.row("", *(nodes.entry("", paragraph(text)) for text in heads))
    for (anchor, style), cells in rows:
        row = nodes.row("", *(nodes.entry("", *cell) for cell in cells))
        row["ids"], row["classes"] = [anchor] if anchor else [], [style] if style else []
        body += row
    group += [head, body]
    return nodes.table("", group, classes=[name, "ledger"])


# ------------------------------------------------------------------------------ sources, reference,
# files of evidence


def begin_sources(begun: dict[str, Any], app: Sphinx, env: BuildEnvironment, _: Any) -> None:
    """Begin to make the pages of portlib and its tests, which take longest, while Sphinx reads."""
    if not app.config.prudent_sources:
        return
    root = checkout(app)
    if app.config.prudent_gate:
        files = [*python_files(root / "portlib"), *python_files(root / "tests")]
    else:  # a chapter alone: its own
        files = [
            path
            for name in chapters(env)
            for kind in own_sources(root, name).values()
            for path in kind
        ]
    begun["others"] = Pool(1)
    begun["pages"] = begun["others"].imap(partial(pages_of, root), files, chunksize=4)


def source_pages(begun: dict[str, Any], _: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """portlib and its tests as pages of the site, so that a reviewer needs nothing else."""
    if not begun:
        return
    for pages in begun["pages"]:
        for name, title, body in pages:
            yield f"source/{name}", {"title": title, "body": body}, "page.html"
    begun["others"].terminate()


def pages_of(root: Path, path: Path) -> list[tuple[str, str, str]]:
    """Name, title and content of a file's page, and of the page of the examples beside it."""
    name = path.relative_to(root).as_posix()
    body = f"<h1><code>{name}</code></h1>\n<div class='source'>{coloured(path)}</div>"
    pages = [(name.removesuffix(".py"), name, body)]
    if (beside := path.with_suffix(".md")).is_file():
        body = prudent_examples.body(beside.read_text(encoding="utf-8"))
        pages.append((f"{name.removesuffix('.py')}.md", f"Worked examples, {beside.name}", body))
    return pages


def coloured(path: Path) -> str:
    """A file of Python as HTML, its lines numbered and each a place to link to."""
    formatter = HtmlFormatter(linenos="inline", anchorlinenos=True, lineanchors="L", wrapcode=True)
    return str(highlight(path.read_text(encoding="utf-8"), PythonLexer(), formatter))


def leave_out_search(app: Sphinx) -> None:
    """Without Sphinx's own search: this book's (`prudent_search`) does not read its index."""
    app.builder.search = False  # type: ignore[attr-defined]


def follow_links(app: Sphinx, docname: str, source: list[str]) -> None:
    """Links between sources: a ``.md`` that was staged as a notebook, and the register that the run
    writes."""
    folder = Path(app.srcdir, docname).parent

    def staged(match: re.Match[str]) -> str:
        written = (
            not (folder / f"{match[1]}.md").exists() and (folder / f"{match[1]}.ipynb").exists()
        )
        return f"]({match[1]}.ipynb" if written else match[0]

    text = re.sub(r"\]\(([^()\s:]+)\.md(?=[#)])", staged, source[0])
    source[0] = re.sub(
        r"\[([^][]+)\]\(((?:\.\./)+(?:evidence|matrix|columns)\.(?:json|csv|xlsx))\)",
        r"<a href='\2'>\1</a>",
        text,
    )


def source_link(domain: str, info: dict[str, str]) -> str | None:
    """From a function in the reference (a page in book/) to its line in its own module's source,
    whichever face shows it.
    """
    thing: Any = sys.modules.get(info["module"])
    for name in info["fullname"].split("."):
        thing = getattr(thing, name, None)
        thing = inspect.unwrap(thing) if callable(thing) else thing
    if domain != "py" or not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return None
    home = thing.__module__
    if not home.startswith("portlib"):
        return None
    path = home.replace(".", "/") + "/__init__" * hasattr(sys.modules[home], "__path__")
    page = f"../source/{path}.html"
    return f"{page}#L-{inspect.findsource(thing)[1] + 1}"


def share_contents(
    made: dict[Any, str], app: Sphinx, page: str, template: str, context: dict[str, Any], _: Any
) -> None:
    """For the book's template of the contents at the side: make them once, for a page or for the
    pages of a folder that they do not list (sources, requirements), on which they are the same;
    they take longer than the page, and the theme asks for each twice."""
    of = page if page in app.env.found_docs else page.rpartition("/")[0]

    def contents(make: Callable[..., Any], **asked: Any) -> str:
        key = (of, *sorted(asked.items()))
        if key not in made:
            made[key] = str(make(**asked))
        return made[key]

    context["shared_contents"] = contents


#: What the theme leaves without a name for who cannot see it.
_TOGGLE = '<span class="toctree-toggle"'
NAMELESS = {
    f"<summary>{_TOGGLE}": f"<summary aria-label='its pages'>{_TOGGLE}",
    ' role="doc-biblioentry"': ' role="listitem"',  # the list of works has items, by today's names
}
#: What is code, a drawing or a tag, in which a straight apostrophe is none.
NOT_PROSE = re.compile(r"<(pre|code|script|style|svg|math|textarea)\b.*?</\1>|<[^>]*>", re.DOTALL)
APOSTROPHE = re.compile(r"(?<=\w)(?:'|&#x27;|&#39;)")
APOSTROPHE_WITHIN = re.compile(APOSTROPHE.pattern + r"(?=[a-z])")
QUOTED = re.compile(r"(?<!\w)(?:'|&#x27;|&#39;)\w")
#: Scripts that the theme puts on every page and this book does without: another search, icons.
UNUSED = ("searchtools.js", "language_data.js", "searchindex.js", "fontawesome.js")
LOADED_UNUSED = re.compile(
    rf"[ \t]*<(?:script|link)\b[^>]*(?:{'|'.join(map(re.escape, UNUSED))})[^>]*>(?:</script>)?\n?"
)


def reading_order(app: Sphinx) -> list[str]:
    """Every page, in the order of the table of contents."""
    ordered = list(app.env.collect_relations())
    asked = [name for name, *_ in requirement_pages(app)]
    return [*ordered, *sorted(set(app.env.found_docs) - set(ordered)), *asked]


def apostrophes(page: str) -> str:
    """A page on which apostrophes of tables and told words look as Sphinx sets those of prose;
    beside words between single quotes only those within a word are touched."""
    made, at = [], 0
    for other in [*NOT_PROSE.finditer(page), None]:
        text = page[at : other.start() if other else len(page)]
        if "'" in text or "&#" in text:
            sign = APOSTROPHE_WITHIN if QUOTED.search(text) else APOSTROPHE
            text = sign.sub("’", text)
        made += [text, other[0]] if other else [text]
        at = other.end() if other else at
    return "".join(made)


def lighten(site: Path) -> None:
    """Take from every page the scripts that it does not use, and from the site their files."""
    with Pool() as others:
        others.map(lighter, site.rglob("*.html"), chunksize=8)
    for name in UNUSED:
        for file in [
            *site.rglob(name),
            *site.rglob(f"{name}.map"),
            *site.rglob(f"{name}.LICENSE.txt"),
        ]:
            file.unlink()


def lighter(page: Path) -> None:
    """A page without what it does not use, with names and apostrophes for its readers."""
    text = page.read_text(encoding="utf-8")
    light = LOADED_UNUSED.sub("", text)
    for shown, named in NAMELESS.items():
        light = light.replace(shown, named)
    light = apostrophes(prudent_reference.in_lines(light))
    if light != text:
        page.write_text(light, encoding="utf-8")


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Beside the pages: the executed notebooks, and the register as JSON and CSV."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for name in chapters(app.env):
        shutil.copyfile(executed(app, name), site / f"{name}.ipynb")
    register, required = shown(app)
    made = made_from(checkout(app))
    provenance.write(site / "evidence.json", register, required, made)
    prudent_search.write(site, reading_order(app), Path(app.srcdir) / "book" / "search_terms.yml")
    lighten(site)
    ran = {name: when(executed(app, page_of(app, name))) for name in register.claims}
    prudent_matrix.write(
        site,
        prudent_matrix.tables(*shown(app), lambda name: f"{page_of(app, name)}.html", made, ran),
    )


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinx.ext.linkcode")
    app.setup_extension("prudent_math")
    app.setup_extension("prudent_works")
    app.setup_extension("prudent_examples")
    app.setup_extension("prudent_reference")
    app.add_config_value("prudent_gate", True, "env")
    app.add_config_value("prudent_sources", True, "")
    app.connect("config-inited", lambda _, config: setattr(config, "linkcode_resolve", source_link))
    app.add_directive("requirements-matrix", RequirementsMatrix)
    app.add_directive("evidence-register", EvidenceRegister)
    app.add_directive("drawn", DrawnDirective)
    app.add_directive("standing", InputsDirective)
    app.add_post_transform(prudent_cells.FoldCells)
    app.add_post_transform(prudent_cells.InlineFigures)
    app.add_role("told", ToldRole())
    app.connect("env-get-outdated", execute_again)
    app.connect("source-read", follow_links)
    app.connect("env-updated", check_evidence)
    app.connect("doctree-resolved", show_evidence)
    app.connect("doctree-resolved", add_worst)
    app.connect("doctree-resolved", add_law)
    app.connect("doctree-resolved", name_funds)
    app.connect("doctree-resolved", link_requirements)
    app.connect("doctree-resolved", add_reading_time)
    app.connect("doctree-resolved", add_provenance)
    app.connect("html-page-context", partial(share_contents, {}), priority=400)  # before the theme
    begun: dict[str, Any] = {}
    app.connect("env-before-read-docs", partial(begin_sources, begun))
    app.connect("html-collect-pages", partial(source_pages, begun))
    app.connect("builder-inited", leave_out_search)
    app.connect("html-collect-pages", requirement_pages)
    app.connect("build-finished", write_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
