"""What this book adds to Sphinx: the reviewers' matrix, where each page comes from, and the sources
it rests on.

Everything shown is read from the executed notebooks that myst-nb leaves beside the site, once all
pages are read, so it is the same whether `make book` executed them or `jupyter-book build .` did:

- ``{requirements-matrix}`` shows each requirement, its kind, and the checks that answer it;
- ``{evidence-register}`` lists every claim of every chapter;
- ``{told}`mean_variance.corners:d` `` shows a number that a chapter told, on any page;
- a link to a source page, ``[text](page.md)``, holds whether that page was staged as text or as a
  notebook;
- each chapter links its executed notebook, all its modules and all their tests, whose sources are
  pages of the site;
- the requirements that a chapter names first link into the matrix;
- each page ends with the commit, the lock and the data that it was made from.
"""

from __future__ import annotations

import csv
import hashlib
import html
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from portlib import data, evidence, plan
from portlib.plan_format import LEGAL_REGIMES

logger = logging.getLogger(__name__)
MEANING = {
    "executed": "a check in this book, run with it",
    "in part": "checks in this book answer a part; the row says what is missing",
    "documented": "a named section of this book",
    "organisational": "people must do it; the book supplies the form",
    "open": "not yet answered by this edition",
}


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
    )
    in_order = [name for name in (Path(name).name for name in names) if name in register.claims]
    register = evidence.Register(
        {name: register.claims[name] for name in in_order}, register.numbers
    )
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
def provenance(root: Path) -> dict[str, str]:
    """Commit, lock and data of a checkout, in short."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short=10", "HEAD") or "none"
    return {
        "commit": f"{commit} with changes" if git("status", "--porcelain") else commit,
        "lock": hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()[:10],
        "data": data.fingerprint(plan.folder())[:10],
        "plan": plan.read().name,
        "policy": plan.read().policy.fingerprint[:10],
    }


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
    """Under a chapter's title, its notebook, module and tests; at the end of each page, what it was
    made from."""
    root, made, title = checkout(app), [], doctree.next_node(nodes.title)
    if docname in chapters(app.env):
        name = docname.split("/")[-1]
        if title is not None:
            title.parent.insert(title.parent.index(title) + 1, raw(chapter_links(root, docname)))
        passed = [claim.holds for claim in shown(app)[0].claims[name]]
        made = [
            f"executed {when(executed(app, docname))}",
            f"checks passed {sum(passed)}/{len(passed)}",
        ]
    from_what = [
        f"{key} <code>{html.escape(value)}</code>" for key, value in provenance(root).items()
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
    """Under a chapter's title: its executed notebook, its modules and their tests."""
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
    line = claim_line(app, docname, name, marked[0])
    line["classes"] = ["worst-claim"]
    line.insert(0, nodes.strong("", "What limits this most: "))
    line += nodes.inline("", f" It cannot show {marked[0].cannot_show.rstrip('.')}.")
    box.parent.insert(box.parent.index(box), line)


def link_requirements(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """The requirements that a chapter names before it begins, each a link into the matrix."""
    if docname not in chapters(app.env) or "book/matrix" not in app.env.found_docs:
        return
    known = evidence.requirements(Path(app.srcdir) / "book" / "requirements.yml")
    for head in doctree.findall(nodes.strong):
        if head.astext() != "Requirements":
            continue
        for text in [node for node in head.parent.children if isinstance(node, nodes.Text)]:
            parts = re.split(r"\b([A-Z]{2}-\d\d)\b", text.astext())
            text.parent.replace(
                text,
                [
                    link(app, docname, "book/matrix", part.lower(), part)
                    if part in known
                    else nodes.Text(part)
                    for part in parts
                ],
            )


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
        place.replace_self(matrix(app, docname))
    for place in list(doctree.findall(Register)):
        place.replace_self(register_table(app, docname))
    for place in list(doctree.findall(Told)):
        where, _, form = place["asked"].partition(":")
        chapter, _, name = where.partition(".")
        number = shown(app)[0].numbers.get(chapter, {}).get(name)
        if number is None:
            logger.warning(
                f"no chapter tells {where!r}", location=docname, type="prudent", subtype="told"
            )
        place.replace_self(nodes.Text("" if number is None else format(number, form)))


def matrix(app: Sphinx, docname: str) -> list[nodes.Node]:
    """Counts by kind that filter, then one row a requirement: what it asks, its kind, what answers
    it."""
    register, required = shown(app)
    regime = plan.read().legal_regime
    loose = dict.fromkeys(evidence.good_practice(required, regime), LEGAL_REGIMES[regime])
    counts = Counter(entry["kind"] for entry in required.values())
    choices = [
        ("all", len(required), "every requirement"),
        *((k, counts[k], MEANING[k]) for k in evidence.KINDS),
    ]
    labels = "".join(
        f"<label title='{why}'><input type='radio' name='kind' "
        f"value='{kind}'{' checked' if kind == 'all' else ''}>"
        f"<span><b>{count}</b> {kind}</span></label>"
        for kind, count, why in choices
    )
    rows = []
    for id, entry in required.items():
        what = [
            paragraph(entry["requirement"]),
            paragraph(f"{entry['citation']} · {entry['applies_to']}", "fine"),
        ]
        what += [
            paragraph(
                f"{entry['status']} · {entry['confidence']} (checked {entry['checked']})", "fine"
            )
        ]
        if not entry["status"].startswith(("binding", "statute")):
            what[2]["classes"].append("not-binding")
        if id in loose:
            what.append(paragraph(f"Good practice here: it does not bind {loose[id]}.", "fine"))
            what[-1]["classes"].append("not-binding")
            if instead := entry.get(regime.lower()):
                what.append(paragraph(f"Instead: {instead}.", "fine"))
        if entry.get("paragraph"):
            words = paragraph(f"{entry['paragraph']} ", "fine")
            if entry.get("url"):
                words += nodes.reference("", "the text", refuri=entry["url"])
            fold = "<details class='fine'><summary>in its words</summary>"
            what += [raw(fold), words, raw("</details>")]
        if entry.get("inference"):
            what.append(paragraph(f"this book infers: {entry['inference']}", "fine"))
        if entry.get("note"):
            what.append(paragraph(f"missing: {entry['note']}", "fine"))
        answers = folded(
            [claim_line(app, docname, chapter, c) for chapter, c in register.answering(id)]
        )
        for field, label in (("section", "documented in "), ("form", "form: ")):
            if target := entry.get(field):
                page, _, anchor = target.partition("#")
                answers.append(paragraph(label))
                answers[-1] += link(app, docname, page, anchor, app.env.titles[page].astext())
        kind = paragraph(entry["kind"], "kind")
        rows.append(
            (
                [id.lower(), f"kind-{entry['kind'].replace(' ', '-')}"],
                [[paragraph(id, "requirement-id"), kind], what, answers],
            )
        )
    table = html_table(["requirement", "what it asks", "what answers it"], rows, "matrix")
    said = []
    if loose:
        clause = plan.read().rules["clauses"].get("legal_regime")
        said = [
            paragraph(
                f"{plan.read().name} is {LEGAL_REGIMES[regime]}. {len(loose)} of the "
                f"{len(required)} requirements do not bind it and are shown as good practice; each "
                "row says so." + (f" What binds it instead: {clause}." if clause else "")
            )
        ]
    return [
        *said,
        raw(f"<fieldset class='matrix-filter'><legend>Show</legend>{labels}</fieldset>"),
        table,
    ]


def folded(lines: list[nodes.paragraph]) -> list[nodes.Node]:
    """A long list of checks behind its count; every check in it held, or there would be no page."""
    if len(lines) <= 3:
        return list(lines)
    return [raw(f"<details><summary>{len(lines)} checks hold</summary>"), *lines, raw("</details>")]


def register_table(app: Sphinx, docname: str) -> nodes.table:
    """One row a claim, across the book."""
    rows = []
    for chapter, claims in shown(app)[0].claims.items():
        for c in claims:
            rest = [[paragraph(text)] for text in (c.by, c.cannot_show, " ".join(c.answers))]
            rows.append((["", ""], [[claim_line(app, docname, chapter, c)], *rest]))
    return html_table(["claim", "verified by", "cannot show", "answers"], rows, "register")


def claim_line(app: Sphinx, docname: str, chapter: str, claim: evidence.Claim) -> nodes.paragraph:
    page = next(name for name in chapters(app.env) if name.endswith(f"/{chapter}"))
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


def source_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """portlib and its tests as pages of the site, so that a reviewer needs nothing else."""
    formatter = HtmlFormatter(linenos="inline", anchorlinenos=True, lineanchors="L", wrapcode=True)
    root = checkout(app)
    if app.config.prudent_gate:
        files = [*python_files(root / "portlib"), *python_files(root / "tests")]
    else:  # a chapter alone: its own
        files = [
            path
            for name in chapters(app.env)
            for kind in own_sources(root, name).values()
            for path in kind
        ]
    for path in files:
        name = path.relative_to(root).as_posix()
        code = highlight(path.read_text(encoding="utf-8"), PythonLexer(), formatter)
        body = f"<h1><code>{name}</code></h1>\n<div class='source'>{code}</div>"
        yield f"source/{name.removesuffix('.py')}", {"title": name, "body": body}, "page.html"


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
        r"\[([^][]+)\]\(((?:\.\./)+evidence\.(?:json|csv))\)", r"<a href='\2'>\1</a>", text
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
    return f"{page}#L-{inspect.getsourcelines(thing)[1]}"


def write_files(app: Sphinx, exception: Exception | None) -> None:
    """Beside the pages: the executed notebooks, and the register as JSON and CSV."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for name in chapters(app.env):
        shutil.copyfile(executed(app, name), site / f"{name}.ipynb")
    register, required = shown(app)
    document = {
        "made_from": provenance(checkout(app)),
        "chapters": register.as_dict(),
        "requirements": required,
    }
    (site / "evidence.json").write_text(
        json.dumps(document, indent=1, ensure_ascii=False, default=str), encoding="utf-8"
    )
    rows = register.rows()
    with (site / "evidence.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["chapter"])
        writer.writeheader()
        writer.writerows(rows)


def setup(app: Sphinx) -> dict[str, Any]:
    app.setup_extension("sphinx.ext.linkcode")
    app.add_config_value("prudent_gate", True, "env")
    app.connect("config-inited", lambda _, config: setattr(config, "linkcode_resolve", source_link))
    app.add_directive("requirements-matrix", RequirementsMatrix)
    app.add_directive("evidence-register", EvidenceRegister)
    app.add_role("told", ToldRole())
    app.connect("env-get-outdated", execute_again)
    app.connect("source-read", follow_links)
    app.connect("env-updated", check_evidence)
    app.connect("doctree-resolved", show_evidence)
    app.connect("doctree-resolved", add_worst)
    app.connect("doctree-resolved", link_requirements)
    app.connect("doctree-resolved", add_provenance)
    app.connect("html-collect-pages", source_pages)
    app.connect("build-finished", write_files)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
