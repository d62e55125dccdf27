"""The one run: execute the chapters, check their claims, render what was executed, publish it.

    python -m tools.build book            everything; the site is in _build/html
    python -m tools.build test            execute and check, without rendering
    python -m tools.build chapter NAME    one chapter; its page is in _build/chapter/NAME
    python -m tools.build draft           for authors: the last run's outputs under today's pages,
                                          executing what changed; in _build/draft

``--plan FOLDER`` makes the book of another plan, under the same checks; its site is in a folder of
its own, named `_build/plan-FOLDER-` and a few letters of a hash of where the plan's folder is, so
that two of one name stay apart.

The execution that tests the chapters is the one that is published. Whatever fails, the site that is
already in `_build/html` stays as it was, and the exit status is not zero.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jupytext
import yaml
from myst_nb.core.read import is_myst_markdown_notebook

from portlib import evidence, plan, schemas
from portlib.data import DataError
from tools import check_site, depends, executions, kernels, provenance
from tools.processes import Busy, alone, child, stoppable
from tools.publish import publish, recover

#: Bytes of output that one cell may leave on a page: more than any figure or table needs, and a
#: phone still loads it.
MOST_OUTPUT = 2_000_000
#: Kernels draw each figure as pixels for the page and as a vector for the documents, whose
#: identifiers do not change from run to run.
KERNEL = """c = get_config()
c.InlineBackend.figure_formats = {"png", "svg"}
c.InlineBackend.rc = {"svg.hashsalt": "prudent"}
"""
#: Seconds since 1970 that a figure's file says it was made at: 1980, the archive's own date.
DRAWN_AT = "315532800"
#: Lines that are shown of what a cell says when it fails.
MOST_LINES = 60


class BuildError(Exception):
    """The run stops here, and nothing is published."""


def say(message: str) -> None:
    print(f"== {message}", flush=True)


# --------------------------------------------------------------------------------------------------
# staging


def documents(toc: dict[str, Any]) -> list[str]:
    """The pages that a table of contents names, in its order."""

    def walk(node: Any) -> Iterator[str]:
        for key, value in node.items():
            if key in ("root", "file"):
                yield value
            elif isinstance(value, list):
                for child in value:
                    yield from walk(child)

    return list(walk(toc))


def settings(path: Path) -> dict[str, Any]:
    """A YAML file of the book's, which must be a mapping; raises `BuildError`, naming file and
    line."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BuildError(f"{path}: cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise BuildError(f"{path}: is not a mapping of names to values")
    return content


def contents(root: Path) -> dict[str, Any]:
    """The table of contents; raises `BuildError` where it is none."""
    path = root / "_toc.yml"
    toc = settings(path)
    try:
        names = documents(toc)
    except AttributeError:
        raise BuildError(
            f"{path}: every entry of a list must be a mapping such as `- file: book/reader`"
        ) from None
    if not isinstance(toc.get("root"), str) or not all(isinstance(name, str) for name in names):
        raise BuildError(
            f"{path}: needs a root, and every file must be the name of a page without its ending"
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BuildError(f"{path}: names {', '.join(twice)} twice")
    return toc


def stage(
    root: Path, staging: Path, toc: dict[str, Any], *, whole: bool, sources: bool = True
) -> list[Path]:
    """Lay the book out in an empty folder, every computing page as a notebook without outputs;
    return those."""
    missing = [name for name in documents(toc) if not (root / f"{name}.md").is_file()]
    if missing:
        raise BuildError(
            f"_toc.yml names pages that do not exist: {', '.join(f'{name}.md' for name in missing)}"
        )
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(
        root / "book", staging / "book", ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    config = settings(root / "_config.yml")
    try:
        config["execute"]["execute_notebooks"] = "off"
        config["sphinx"]["config"] |= {"prudent_gate": whole, "prudent_sources": sources}
    except (KeyError, TypeError):
        raise BuildError(
            f"{root / '_config.yml'}: needs the mappings execute and sphinx: config"
        ) from None
    (staging / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (staging / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")
    # keeps the checkout's pytest options out
    (staging / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    notebooks = []
    for name in documents(toc):
        source, target = root / f"{name}.md", staging / f"{name}.md"
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_myst_markdown_notebook(source.read_text(encoding="utf-8")):
            target.unlink(missing_ok=True)
            target = target.with_suffix(".ipynb")
            jupytext.write(jupytext.read(source, fmt="md:myst"), target)
            notebooks.append(target)
        elif name.startswith("notebooks/"):
            raise BuildError(
                f"{name}.md is no notebook: begin it as the other chapters do (jupytext, "
                f"kernelspec)"
            )
        elif not target.exists():
            shutil.copy2(source, target)
    return notebooks


# --------------------------------------------------------------------------------------------------
# execution


def environment(root: Path, staging: Path, plan_folder: Path | None) -> dict[str, str]:
    """What the kernels see: this checkout's portlib and the plan, one thread each, none of the
    user's own settings."""
    own = staging.parent / "settings"
    profile = own / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL, encoding="utf-8")
    paths = [str(root)] if (root / "portlib").is_dir() else []
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH", "")])]),
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "",  # thirty kernels need not compile the same modules
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # figures are shown in the page
        **({"PRUDENT_PLAN": str(plan_folder.resolve())} if plan_folder else {}),
    }


def execute(
    root: Path,
    staging: Path,
    notebooks: Sequence[Path],
    plan_folder: Path | None,
    *,
    patience: int = 600,
) -> None:
    """Run every notebook in its own kernel, several at a time, and keep the outputs."""
    if not notebooks:
        return
    workers = min(os.cpu_count() or 1, len(notebooks))
    say(f"executing {len(notebooks)} notebooks, {workers} at a time")
    command = [sys.executable, "-m", "pytest", "-v", "--no-header", "--no-summary"]
    command += ["-p", "no:cacheprovider", "--nbmake", "--overwrite", f"--nbmake-timeout={patience}"]
    command += ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else []
    given = {**environment(root, staging, plan_folder), "SOURCE_DATE_EPOCH": DRAWN_AT}
    with kernels.ready(given) as surroundings:
        status, failed = run(command, staging, notebooks, surroundings)
        idle = [path for path in notebooks if not begun(path)] if failed else []
        if idle and set(failed) == {path.name for path in idle}:
            # of kernels that start in the same moment two may be given one port; one never answers
            say(f"no kernel began {', '.join(path.stem for path in idle)}: once more")
            status, failed = run(command, staging, idle, surroundings)
    faults = []
    for path in notebooks:
        found = list(cell_faults(root, staging, path))
        if path.name in failed and not found:  # stopped from outside: no cell says why
            source = (root / path.relative_to(staging)).with_suffix(".md")
            found = [f"{source.relative_to(root)}:\n{indent(failed[path.name])}"]
        faults += found
    if status != 0 or faults:
        said = f"pytest ended with status {status}; its output is above"
        raise BuildError("\n".join(faults) or said)


def run(
    command: Sequence[str],
    staging: Path,
    notebooks: Sequence[Path],
    surroundings: Mapping[str, str],
) -> tuple[int, dict[str, str]]:
    """Execute notebooks by pytest; its status, and of each that did not pass what it says of it."""
    told = staging / "executed.xml"
    told.unlink(missing_ok=True)
    asked = [f"--junitxml={told}", *(str(path.relative_to(staging)) for path in notebooks)]
    with child([*command, *asked], cwd=staging, env=surroundings) as process:
        pass
    if not told.is_file():
        return process.returncode, {}
    failed = {}
    for case in ElementTree.parse(told).getroot().iter("testcase"):
        for said in [*case.iter("failure"), *case.iter("error")]:
            failed[case.get("name", "")] = said.text or said.get("message") or ""
    return process.returncode, failed


def begun(notebook: Path) -> bool:
    """Whether a cell of it was executed, or it has none."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    counts = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    return not counts or any(count is not None for count in counts)


def cell_faults(root: Path, staging: Path, notebook: Path) -> Iterator[str]:
    """What went wrong in an executed notebook, as chapter, line of its source, cell and message."""
    source = (root / notebook.relative_to(staging)).with_suffix(".md")
    text = source.read_text(encoding="utf-8")
    cells = [
        c
        for c in json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        if c["cell_type"] == "code"
    ]
    for number, cell in enumerate(cells, start=1):
        code = "".join(cell["source"])
        line = text[: max(text.find(code), 0)].count("\n") + 1
        where = f"{source.relative_to(root)}:{line}: cell {number}"
        written = json.dumps(cell["outputs"], ensure_ascii=False)
        left = len(written)
        for name, value in secrets():
            if json.dumps(value, ensure_ascii=False)[1:-1] in written:
                yield f"{where} prints the value of {name}, which would be published"
        if left > MOST_OUTPUT:
            yield (
                f"{where} leaves {left / 1e6:.0f} MB on the page; at most "
                f"{MOST_OUTPUT / 1e6:.0f} MB"
            )
        figures = [
            one for one in cell["outputs"] if any("image/" in k for k in one.get("data", ()))
        ]
        described = cell.get("metadata", {}).get("mystnb", {}).get("image", {}).get("alt")
        if len(figures) > (1 if described else 0):
            yield (
                f"{where} shows figures ({len(figures)}) that no text describes: one a cell, with "
                f"image: alt: in its head"
            )
        for output in cell["outputs"]:
            if found := acts(output):
                what = ", ".join(dict.fromkeys(found))
                yield (
                    f"{where} leaves {what} on the page: escape what comes from files (html.escape)"
                )
            if output["output_type"] == "error":
                trace = plain("\n".join(output["traceback"]))
                yield f"{where}: {output['ename']}: {short(output['evalue'])}\n{indent(trace)}"
            elif output.get("name") == "stderr":
                said = plain("".join(output["text"]))
                yield (
                    f"{where} writes to stderr; mend the cause, nothing is "
                    f"filtered:\n{indent(said)}"
                )


def secrets() -> list[tuple[str, str]]:
    """Names and values of this process's variables that are secrets by their name."""
    named = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|PRIVATE|API_?KEY", re.IGNORECASE)
    return [
        (name, value)
        for name, value in os.environ.items()
        if named.search(name) and len(value) >= 8
    ]


class Active(HTMLParser):
    """What in the HTML that a cell leaves would act by itself in a reader's browser, or load
    something."""

    ELEMENTS = frozenset({"script", "iframe", "object", "embed", "form", "meta", "link", "base"})

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.ELEMENTS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or "javascript:" in (value or "").lower().replace("\t", ""):
                self.found.append(f"<{tag} {name}=...>")


def acts(output: Mapping[str, Any]) -> list[str]:
    """What in an output acts by itself; a chapter's tables and figures are still."""
    data = output.get("data", {})
    shown = (
        "".join(data.get(kind, "")) for kind in ("text/html", "image/svg+xml", "text/markdown")
    )
    found = [thing for text in shown for thing in Active(text).found]
    return found + [kind for kind in ("application/javascript",) if kind in data]


def plain(text: str) -> str:
    """A terminal's text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def short(text: str) -> str:
    """A message that may be long, in a length that can be read."""
    return text if len(text) <= 2000 else f"{text[:2000]} ... ({len(text)} characters)"


def indent(text: str) -> str:
    """A text's last lines, each set in and none too long."""
    lines = text.strip().splitlines()
    kept = [f"    {short(line)}" for line in lines[-MOST_LINES:]]
    return "\n".join(
        [f"    ... ({len(lines) - MOST_LINES} lines before)"] * (len(lines) > MOST_LINES) + kept
    )


# --------------------------------------------------------------------------------------------------
# evidence


def check_evidence(
    chapters: Sequence[Path], required: Mapping[str, Mapping[str, Any]], pages: Sequence[str]
) -> evidence.Register:
    """Read the register from executed chapters, in their order; refuse one that would mislead a
    reviewer."""
    register = evidence.collect(chapters).ordered(path.stem for path in chapters)
    evidence.gate(register, required, pages)
    hidden = []
    for path in chapters:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        page = "".join(
            t
            for c in cells
            for o in c.get("outputs", ())
            for t in o.get("data", {}).get("text/html", ())
        )
        ids = (claim.id for claim in register.claims[path.stem])
        hidden += [
            f"claim {id} of {path.stem}" for id in ids if not re.search(f"id=['\"]{id}['\"]", page)
        ]
    if hidden:
        what = ", ".join(hidden)
        raise BuildError(
            f"stated but not shown: {what}; let each end its cell, or hand it to display()"
        )
    return register


def count(register: evidence.Register) -> int:
    return sum(map(len, register.claims.values()))


# --------------------------------------------------------------------------------------------------
# documents and rendering


@contextmanager
def documents_meanwhile(root: Path, staging: Path, plan_folder: Path | None) -> Iterator[Path]:
    """Make the documents of a staged book in a process of their own while a block renders its
    pages; the folder that they are in when the block has ended."""
    target = staging / "documents"
    command = [sys.executable, "-m", "tools.documents"]
    command += ["--staged", str(staging), "--into", str(target)]
    command += ["--plan", str(plan_folder)] if plan_folder else []
    with child(command, cwd=root, env=environment(root, staging, None)) as process:
        yield target
    if process.returncode != 0:
        raise BuildError("the documents could not be made; what stopped them is above")


def render(staging: Path, root: Path, plan_folder: Path | None, *, strict: bool) -> Path:
    """Render the executed notebooks, without executing them again; return the folder of the
    site."""
    say("rendering")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "."]
    command += ["-W", "-n", "--keep-going"] if strict else []
    surroundings = environment(root, staging, plan_folder)
    with (staging / "warnings.txt").open("w+", encoding="utf-8") as warnings:
        streams = {"stdout": subprocess.PIPE, "stderr": warnings}
        with child(command, cwd=staging, env=surroundings, **streams) as process:
            for line in process.stdout or ():
                if step := re.match(r"(reading sources|writing output)\.\.\. (\[.*)", plain(line)):
                    print(f"   {step[1]} {step[2]}", flush=True)
        warnings.seek(0)
        said = in_sources(plain(warnings.read()).strip(), staging, root)
    site = staging / "_build" / "html"
    if process.returncode != 0 or not (site / "index.html").is_file():
        raise BuildError(
            f"Jupyter Book could not render the book without a warning:\n{indent(said)}"
        )
    if said:
        print(said, file=sys.stderr, flush=True)
    return site


def in_sources(text: str, staging: Path, root: Path) -> str:
    """A warning about a staged page as one about its source: Sphinx counts 10000 lines to a
    notebook's block."""

    def place(match: re.Match[str]) -> str:
        return f"{match[1]}.md: block {int(match[2]) // 10000}, line {int(match[2]) % 10000}"

    return re.sub(r"(\S+)\.ipynb:(\d+)", place, text.replace(str(staging), str(root)))


# --------------------------------------------------------------------------------------------------
# runs


def place_of(folder: Path) -> str:
    """The name under `_build` of another plan's book; two folders of one name have two."""
    where = folder.resolve()
    name = re.sub(r"[^\w.-]+", "-", where.name).strip(".-") or "plan"
    return f"plan-{name}-{hashlib.sha256(os.fsencode(where)).hexdigest()[:6]}"


def choose_plan(folder: Path) -> str:
    """Check another plan's folder; return the name of its place under `_build`."""
    found = plan.read(folder)
    offered, people = len(found.funds), len(found.participants)
    say(
        f"plan: {found.name} ({found.origin}, {found.as_of}): {offered} funds, {people} "
        f"participants"
    )
    return place_of(folder)


def build_book(
    root: Path, *, site_wanted: bool, plan_folder: Path | None = None, changed_alone: bool = False
) -> str:
    """Execute and check the whole book; render and publish it where a site is wanted.

    With `changed_alone` a chapter is executed only if anything that could move it has changed since
    it was executed last, with every claim holding (`executions`).
    """
    place = choose_plan(plan_folder) if plan_folder else ""
    staging, target = root / ".run" / (place or "book"), root / "_build" / place / "html"
    with alone(staging):
        recover(target)
        toc = contents(root)
        required = evidence.requirements(root / "book" / "requirements.yml")
        notebooks = stage(root, staging, toc, whole=True)
        sources = {
            path.relative_to(root).with_suffix("").as_posix() for path in depends.chapters(root)
        }
        if stray := sources - set(documents(toc)):
            raise BuildError(f"chapters that _toc.yml does not name: {', '.join(sorted(stray))}")
        around = executions.surroundings(root, plan_folder)
        kept = root / ".run" / "executed" / (place or "book")
        left = [
            path
            for path in notebooks
            if not changed_alone or not executions.restore(root, kept, staging, path, around)
        ]
        if len(left) < len(notebooks):
            say(f"{len(notebooks) - len(left)} notebooks are as they were executed last")
        known = depends.modules(root)  # the longest first: none is left to run alone at the end
        left.sort(key=lambda path: depends.weight(path, known), reverse=True)
        execute(root, staging, left, plan_folder)
        chapters = [path for path in notebooks if path.relative_to(staging).parts[0] == "notebooks"]
        register = check_evidence(chapters, required, documents(toc))
        say(f"evidence: {count(register)} claims in {len(chapters)} chapters hold")
        if executions.surroundings(root, plan_folder) == around:  # nothing was edited meanwhile
            executions.keep(root, kept, staging, notebooks, around)
        if not site_wanted:
            return f"{len(chapters)} chapters executed, every claim holds"
        if not (root / "portlib").is_dir():
            site = render(staging, root, plan_folder, strict=True)
        else:
            folder = plan_folder or root / "data" / "plan"
            made_from = provenance.of(root, plan.read(folder), folder)
            provenance.write(staging / "evidence.json", register, required, made_from)
            with documents_meanwhile(root, staging, plan_folder) as made:
                site = render(staging, root, plan_folder, strict=True)
            shutil.move(made, site / "documents")
            schemas.write(site / "schemas")
        if faults := check_site.faults(site):
            raise BuildError("the site is not fit to publish:\n- " + "\n- ".join(faults))
        publish(site, target)
        name_editions(root / "_build")
    return f"the book is in {target / 'index.html'}"


def name_editions(built: Path) -> None:
    """Tell every book that lies beside others, of another plan or version, how to reach them:
    books of one version have the same pages."""
    made = {}
    for page in sorted({built / "html", *built.glob("*/html")} - {built / "draft" / "html"}):
        if (register := page / "evidence.json").is_file():
            made[page] = json.loads(register.read_text(encoding="utf-8"))["made_from"]

    def named(other: Mapping[str, str], own: Mapping[str, str]) -> str:
        version = other.get("version", "")
        return other["plan"] + (f", version {version}" if version != own.get("version", "") else "")

    for page, own in made.items():
        others = [
            {
                "name": named(other, own),
                "href": Path(os.path.relpath(folder, page)).as_posix(),
                "same": other.get("version", "") == own.get("version", ""),
            }
            for folder, other in made.items()
            if folder != page
        ]
        text = f"window.EDITIONS = {json.dumps(others, ensure_ascii=False)};\n"
        (page / "_static" / "editions.js").write_text(text, encoding="utf-8")


def build_chapter(root: Path, name: str, *, plan_folder: Path | None = None) -> str:
    """Execute and render one chapter alone; links to other pages lead nowhere here."""
    found = [path for path in depends.chapters(root) if path.stem == name]
    if len(found) != 1:
        known = sorted(path.stem for path in depends.chapters(root))
        raise BuildError(
            f"there is no chapter {name!r}; there is: {', '.join(known) or 'none yet'}"
        )
    page = found[0].relative_to(root).with_suffix("").as_posix()
    place = choose_plan(plan_folder) if plan_folder else ""
    staging = root / ".run" / "-".join(filter(None, (place, "chapter", name)))
    target = root / "_build" / place / "chapter" / name
    beside = ("book/notation", "book/glossary", "book/bibliography")
    files = [{"file": name} for name in beside if (root / f"{name}.md").is_file()]
    toc = {"format": "jb-book", "root": page, "chapters": files}
    with alone(staging):
        required = evidence.requirements(root / "book" / "requirements.yml")
        notebooks = stage(root, staging, toc, whole=False)
        execute(root, staging, notebooks, plan_folder)
        site = render(staging, root, plan_folder, strict=False)
        publish(site, target)
        say(f"the chapter is in {target / page}.html")
        register = check_evidence(
            notebooks, {id: {"kind": "documented"} for id in required}, [page]
        )
    return f"{count(register)} claims hold"


def outputs_kept(notebook: Path, before: Sequence[Mapping[str, Any]]) -> bool:
    """Give a staged notebook the outputs of its last execution, where its code is still the
    same."""
    fresh = json.loads(notebook.read_text(encoding="utf-8"))
    cells = [cell for cell in fresh["cells"] if cell["cell_type"] == "code"]
    if ["".join(cell["source"]) for cell in cells] != ["".join(c["source"]) for c in before]:
        return False
    if not all(cell["execution_count"] for cell in before):  # it was stopped on the way
        return False
    for cell, old in zip(cells, before, strict=True):
        cell["outputs"], cell["execution_count"] = old["outputs"], old["execution_count"]
        if ran := old["metadata"].get("execution"):
            cell["metadata"]["execution"] = ran
    notebook.write_text(json.dumps(fresh), encoding="utf-8")
    return True


def build_draft(root: Path, *, plan_folder: Path | None = None) -> str:
    """Render today's pages with the outputs of the last run; never published in its place."""
    place = choose_plan(plan_folder) if plan_folder else ""
    staging, target = root / ".run" / (place or "book"), root / "_build" / "draft" / place / "html"
    with alone(staging):
        before = {
            path.relative_to(staging): [
                cell
                for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
                if cell["cell_type"] == "code"
            ]
            for path in staging.glob("notebooks/*/*.ipynb")
        }
        notebooks = stage(root, staging, contents(root), whole=True, sources=False)
        changed = [
            path
            for path in notebooks
            if not outputs_kept(path, before.get(path.relative_to(staging), ()))
        ]
        if changed:
            execute(root, staging, changed, plan_folder, patience=600)
        publish(render(staging, root, plan_folder, strict=False), target)
    return f"a draft is in {target / 'index.html'}; {len(changed)} chapters were executed"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute, check and publish the book.")
    parser.add_argument("run", choices=("book", "test", "chapter", "draft"))
    parser.add_argument("name", nargs="?", help="the chapter's name, for the run `chapter`")
    parser.add_argument("--plan", type=Path, help="the folder of a plan; default: data/plan")
    parser.add_argument(
        "--changed-alone",
        action="store_true",
        help="keep the outputs of chapters that nothing has changed since their last execution",
    )
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).parents[1], help="default: this checkout"
    )
    given = parser.parse_args(arguments)
    if (given.run == "chapter") != bool(given.name):
        parser.error("give a name with `chapter`, and only there")
    started, root = time.monotonic(), given.root.resolve()
    kept = "; nothing was published" if given.run == "book" else ""
    try:
        with stoppable():
            if given.run == "chapter":
                result = build_chapter(root, given.name, plan_folder=given.plan)
            elif given.run == "draft":
                result = build_draft(root, plan_folder=given.plan)
            else:
                wanted = given.run == "book"
                result = build_book(
                    root,
                    site_wanted=wanted,
                    plan_folder=given.plan,
                    changed_alone=given.changed_alone,
                )
    except KeyboardInterrupt:
        print(f"\n== stopped after {time.monotonic() - started:.0f} s{kept}", file=sys.stderr)
        return 130
    except (BuildError, Busy, evidence.EvidenceError, DataError, OSError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        print(f"== FAILED after {time.monotonic() - started:.0f} s{kept}", file=sys.stderr)
        return 1
    say(f"done in {time.monotonic() - started:.0f} s: {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
