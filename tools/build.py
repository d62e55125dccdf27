"""The one run: execute the chapters, check their claims, render what was executed, publish it.

    python -m tools.build book            everything; the site is in _build/html
    python -m tools.build test            execute and check, without rendering
    python -m tools.build chapter NAME    one chapter; its page is in _build/chapter/NAME

``--plan FOLDER`` makes the book of another plan, under the same checks; its site is in `_build/plan-FOLDER/html`.

The execution that tests the chapters is the one that is published. Whatever fails, the site that is already in
`_build/html` stays as it was, and the exit status is not zero.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jupytext
import yaml
from myst_nb.core.read import is_myst_markdown_notebook

from portlib import evidence, plan
from portlib.data import DataError
from tools import check_site


class BuildError(Exception):
    """The run stops here, and nothing is published."""


def say(message: str) -> None:
    print(f"== {message}", flush=True)


# ------------------------------------------------------------------------------------------------------- staging


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


def stage(root: Path, staging: Path, toc: dict[str, Any], *, whole: bool) -> list[Path]:
    """Lay the book out in an empty folder, every computing page as a notebook without outputs; return those."""
    missing = [name for name in documents(toc) if not (root / f"{name}.md").is_file()]
    if missing:
        raise BuildError(
            f"_toc.yml names pages that do not exist: {', '.join(f'{name}.md' for name in missing)}"
        )
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(root / "book", staging / "book", ignore=shutil.ignore_patterns("__pycache__"))
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    config["execute"]["execute_notebooks"] = "off"
    config["sphinx"]["config"]["prudent_gate"] = whole
    (staging / "_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (staging / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")
    (staging / "pytest.ini").write_text(
        "[pytest]\n", encoding="utf-8"
    )  # keeps the checkout's pytest options out
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
                f"{name}.md is no notebook: begin it as the other chapters do (jupytext, kernelspec)"
            )
        elif not target.exists():
            shutil.copy2(source, target)
    return notebooks


# ----------------------------------------------------------------------------------------------------- execution


def environment(root: Path, staging: Path) -> dict[str, str]:
    """What the kernels see: this checkout's portlib and the plan, one thread each, none of the user's own settings."""
    own = staging.parent / "settings"
    own.mkdir(parents=True, exist_ok=True)
    paths = [str(root)] if (root / "portlib").is_dir() else []
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "PYTHONPATH": os.pathsep.join([*paths, *filter(None, [os.environ.get("PYTHONPATH", "")])]),
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_CONFIG_DIR": str(own / "jupyter"),
        "JUPYTER_DATA_DIR": str(own / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def execute(root: Path, staging: Path, notebooks: Sequence[Path]) -> None:
    """Run every notebook in its own kernel, several at a time, and keep the outputs."""
    workers = min(os.cpu_count() or 1, len(notebooks))
    say(f"executing {len(notebooks)} notebooks, {workers} at a time")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbmake",
        "--overwrite",
        "--nbmake-timeout=120",
        "-v",
        "--no-header",
    ]
    command += ["--no-summary", "-p", "no:cacheprovider", "-n", str(workers), "--dist", "worksteal"]
    command += [str(path.relative_to(staging)) for path in notebooks]
    status = subprocess.run(
        command, cwd=staging, env=environment(root, staging), check=False
    ).returncode
    faults = [fault for path in notebooks for fault in cell_faults(root, staging, path)]
    if status != 0 or faults:
        raise BuildError(
            "\n".join(faults) or f"pytest ended with status {status}; its output is above"
        )


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
        for output in cell["outputs"]:
            if output["output_type"] == "error":
                trace = plain("\n".join(output["traceback"]))
                yield f"{where}: {output['ename']}: {output['evalue']}\n{indent(trace)}"
            elif output.get("name") == "stderr":
                text = plain("".join(output["text"]))
                yield f"{where} writes to stderr; mend the cause, nothing is filtered:\n{indent(text)}"


def plain(text: str) -> str:
    """A terminal's text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines())


# ------------------------------------------------------------------------------------------------------ evidence


def check_evidence(
    chapters: Sequence[Path], required: Mapping[str, Mapping[str, Any]], pages: Sequence[str]
) -> int:
    """Read the register from executed chapters, refuse one that would mislead a reviewer; return how many claims."""
    register = evidence.collect(chapters)
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
    return sum(map(len, register.claims.values()))


# ----------------------------------------------------------------------------------------------------- rendering


def render(staging: Path, root: Path, *, strict: bool) -> Path:
    """Render the executed notebooks, without executing them again; return the folder of the site."""
    say("rendering")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "."]
    command += ["-W", "-n", "--keep-going"] if strict else []
    with (staging / "warnings.txt").open("w+", encoding="utf-8") as warnings:
        surroundings = environment(root, staging)
        with subprocess.Popen(
            command,
            cwd=staging,
            env=surroundings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=warnings,
        ) as process:
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
    """A warning about a staged page as one about its source: Sphinx counts 10000 lines to a notebook's block."""

    def place(match: re.Match[str]) -> str:
        return f"{match[1]}.md: block {int(match[2]) // 10000}, line {int(match[2]) % 10000}"

    return re.sub(r"(\S+)\.ipynb:(\d+)", place, text.replace(str(staging), str(root)))


def publish(site: Path, target: Path) -> None:
    """Put a finished site in its place; the one before it goes only when the new one is there."""
    before = target.with_name(f".{target.name}-before")
    shutil.rmtree(before, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.rename(before)
    site.rename(target)
    shutil.rmtree(before, ignore_errors=True)


# ---------------------------------------------------------------------------------------------------------- runs


def choose_plan(folder: Path) -> str:
    """Check another plan's folder, and let the kernels read it; return the name of its place under `_build`."""
    found = plan.read(folder)
    os.environ["PRUDENT_PLAN"] = str(folder.resolve())
    offered, people = len(found.funds), len(found.participants)
    say(
        f"plan: {found.name} ({found.origin}, {found.as_of}): {offered} funds, {people} participants"
    )
    return f"plan-{folder.resolve().name}"


def build_book(root: Path, *, site_wanted: bool, place: str = "") -> str:
    """Execute and check the whole book; render and publish it where a site is wanted."""
    staging = root / ".run" / (place or "book")
    toc = yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))
    notebooks = stage(root, staging, toc, whole=True)
    stray = {
        path.relative_to(root).with_suffix("").as_posix()
        for path in (root / "notebooks").rglob("*.md")
    }
    if stray := stray - set(documents(toc)):
        raise BuildError(f"chapters that _toc.yml does not name: {', '.join(sorted(stray))}")
    execute(root, staging, notebooks)
    chapters = [path for path in notebooks if path.relative_to(staging).parts[0] == "notebooks"]
    required = evidence.requirements(root / "book" / "requirements.yml")
    claims = check_evidence(chapters, required, documents(toc))
    say(f"evidence: {claims} claims in {len(chapters)} chapters hold")
    if not site_wanted:
        return f"{len(chapters)} chapters executed, every claim holds"
    site = render(staging, root, strict=True)
    if faults := check_site.faults(site):
        raise BuildError("the site is not fit to publish:\n- " + "\n- ".join(faults))
    target = root / "_build" / place / "html"
    publish(site, target)
    return f"the book is in {target / 'index.html'}"


def build_chapter(root: Path, name: str) -> str:
    """Execute and render one chapter alone; links to other pages lead nowhere here."""
    found = sorted((root / "notebooks").rglob(f"{name}.md"))
    if len(found) != 1:
        known = sorted(path.stem for path in (root / "notebooks").rglob("*.md"))
        raise BuildError(
            f"there is no chapter {name!r}; there is: {', '.join(known) or 'none yet'}"
        )
    page = found[0].relative_to(root).with_suffix("").as_posix()
    staging = root / ".run" / f"chapter-{name}"
    beside = ("book/notation", "book/glossary", "book/bibliography")
    files = [{"file": name} for name in beside if (root / f"{name}.md").is_file()]
    toc = {"format": "jb-book", "root": page, "chapters": files}
    notebooks = stage(root, staging, toc, whole=False)
    execute(root, staging, notebooks)
    site = render(staging, root, strict=False)
    target = root / "_build" / "chapter" / name
    publish(site, target)
    say(f"the chapter is in {target / page}.html")
    required = evidence.requirements(root / "book" / "requirements.yml")
    claims = check_evidence(notebooks, {id: {"kind": "documented"} for id in required}, [page])
    return f"{claims} claims hold"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Execute, check and publish the book.")
    parser.add_argument("run", choices=("book", "test", "chapter"))
    parser.add_argument("name", nargs="?", help="the chapter's name, for the run `chapter`")
    parser.add_argument("--plan", type=Path, help="the folder of a plan; default: data/plan")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).parents[1], help="default: this checkout"
    )
    given = parser.parse_args(arguments)
    if (given.run == "chapter") != bool(given.name):
        parser.error("give a name with `chapter`, and only there")
    started, root = time.monotonic(), given.root.resolve()
    try:
        place = choose_plan(given.plan) if given.plan else ""
        if given.run == "chapter":
            result = build_chapter(root, given.name)
        else:
            result = build_book(root, place=place, site_wanted=given.run == "book")
    except (BuildError, evidence.EvidenceError, DataError) as error:
        print(f"\n{error}\n", file=sys.stderr)
        kept = "; nothing was published" if given.run == "book" else ""
        print(f"== FAILED after {time.monotonic() - started:.0f} s{kept}", file=sys.stderr)
        return 1
    say(f"done in {time.monotonic() - started:.0f} s: {result}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
