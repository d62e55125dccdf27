"""Does the book still render with the Sphinx, myst-nb and book theme of today?

    python -m tools.canary                    (make canary)

Jupyter Book 1.x is frozen and holds Sphinx back. Here the notebooks that the last `make book`
executed are rendered once more without it: by the newest Sphinx, myst-nb and book theme, in
`.venv-canary`, where everything else is the book's own environment. What differs from the
published site is listed page by page in `_build/canary.md`: pages that are absent, elements that
are more or fewer, words. Warnings of the new renderer are listed there too.

Left out: what only an eye sees, such as distances and colours. The published book stays Jupyter
Book's; a difference is news, and the command fails only where there is no site at all, or where
something else than the published book was executed last.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from tools.build import BuildError, indent, plain, say

#: What renders; the newest of each. All else comes from the environment of the book.
RENDERERS = (
    "sphinx",
    "myst-nb",
    "sphinx-book-theme",
    "sphinx-external-toc",
    "sphinx-design",
    "sphinx-togglebutton",
    "sphinx-copybutton",
    "sphinxcontrib-bibtex",
    "sphinx-multitoc-numbering",
)
#: Extensions that go with Jupyter Book 1.x.
GONE = ("jupyter_book", "sphinx_comments", "sphinx_jupyterbook_latex")
#: Elements of a page that are counted.
COUNTED = ("h1", "h2", "h3", "p", "li", "table", "img", "svg", "math", "pre", "details", "a")
#: Folders of a site that no renderer makes, or that belong to the theme.
OTHERS = ("_static", "documents")
#: Differing words shown for a page.
SHOWN = 12


class Page(HTMLParser):
    """What stands in the article of a page: how many elements of each kind, and the words, without
    the line that says which commit rendered it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.words: Counter[str] = Counter()
        self._inside = 0
        self._silent = 0
        self._stamp = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "article":
            self._inside += 1
        if tag in ("script", "style"):
            self._silent += 1
        if tag == "p":
            self._stamp = ("class", "provenance") in attrs
        if self._inside and tag in COUNTED:
            self.elements[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "article":
            self._inside -= 1
        if tag in ("script", "style"):
            self._silent -= 1
        if tag == "p":
            self._stamp = False

    def handle_data(self, data: str) -> None:
        if self._inside and not self._silent and not self._stamp:
            self.words.update(re.findall(r"\w[\w.,%-]*", data))


def environment(root: Path) -> Path:
    """The environment of today's renderers, made once; the book's own stands behind it."""
    folder = root / ".venv-canary"
    python = folder / "bin" / "python"
    ready = folder / ".ready"
    if not ready.is_file():
        say(f"environment: {folder.name}, the newest {', '.join(RENDERERS[:3])} (once)")
        venv.create(folder, clear=True)
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        if subprocess.run([*pip, *RENDERERS], check=False).returncode:
            raise BuildError("the newest renderers could not be installed; is there a network?")
        own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
        (own / "book.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        ready.touch()
    return python


def ran(notebook: Path) -> list[tuple[str, object]]:
    """The code of a notebook's cells, and when each was executed."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        ("".join(cell["source"]), cell["metadata"].get("execution"))
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def executed_since(executed: Path, site: Path) -> list[str]:
    """Chapters of a site that are not as they were executed last: a test or a draft ran since."""
    found = {path: executed / path.relative_to(site) for path in site.glob("notebooks/*/*.ipynb")}
    return [
        published.relative_to(site).with_suffix("").as_posix()
        for published, last in sorted(found.items())
        if not last.is_file() or ran(last) != ran(published)
    ]


def today(settings: str) -> str:
    """A configuration without what goes with Jupyter Book 1.x, and with the pages of sources, which
    a draft leaves out.

    Examples
    --------
    >>> print(today("extensions = ['jupyter_book', 'myst_nb']; prudent_sources = False"))
    extensions = ['myst_nb']; prudent_sources = True
    """
    for name in GONE:
        settings = settings.replace(f"'{name}', ", "").replace(f", '{name}'", "")
    return settings.replace("prudent_sources = False", "prudent_sources = True")


def stage(root: Path) -> Path:
    """The executed notebooks of the last book, with Sphinx's own configuration."""
    executed, staging = root / ".run" / "book", root / ".run" / "canary"
    site = root / "_build" / "html"
    if not (executed / "_config.yml").is_file() or not site.is_dir():
        raise BuildError("the canary renders what the last book executed: run make book first")
    if apart := executed_since(executed, site):
        raise BuildError(
            f"{len(apart)} chapters were executed again since they were published "
            f"({apart[0]} is the first): run make book first"
        )
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(executed, staging, ignore=shutil.ignore_patterns("_build"))
    tool = Path(sys.executable).with_name("jupyter-book")
    written = subprocess.run(
        [str(tool), "config", "sphinx", "."], cwd=staging, capture_output=True, text=True
    )
    conf = staging / "conf.py"
    if written.returncode or not conf.is_file():
        raise BuildError(f"jupyter-book wrote no conf.py:\n{indent(plain(written.stderr))}")
    conf.write_text(today(conf.read_text(encoding="utf-8")), encoding="utf-8")
    return staging


def render(python: Path, staging: Path, root: Path) -> str:
    """Render with today's Sphinx; what it warned of."""
    say("rendering with today's Sphinx")
    paths = os.pathsep.join([str(root), str(staging / "book" / "_ext")])
    command = [str(python), "-m", "sphinx", "-b", "html", "-n", "--keep-going", "-q", ".", "html"]
    done = subprocess.run(
        command,
        cwd=staging,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    said = plain(done.stderr).replace(str(staging) + os.sep, "").strip()
    if not (staging / "html" / "index.html").is_file():
        raise BuildError(f"today's Sphinx makes no site of this book:\n{indent(said[-3000:])}")
    return said


def differences(ours: Path, theirs: Path) -> dict[str, list[str]]:
    """By page, in words, what differs between two sites; pages alike are left out.

    Examples
    --------
    >>> import tempfile
    >>> old, new = (Path(tempfile.mkdtemp()) for _ in range(2))
    >>> _ = (old / "a.html").write_text("<article><p>one two</p></article>")
    >>> _ = (new / "a.html").write_text("<article><p>one</p><p>2</p></article>")
    >>> differences(old, new)
    {'a.html': ['p: 1, now 2', 'words gone: two', 'words new: 2']}
    """
    sites = [{p.relative_to(x).as_posix(): p for p in x.rglob("*.html")} for x in (ours, theirs)]
    found: dict[str, list[str]] = {}
    for name in sorted({**sites[0], **sites[1]}):
        if name.split("/")[0] in OTHERS:
            continue
        if any(name not in site for site in sites):
            found[name] = ["is absent" if name not in sites[1] else "is new"]
            continue
        old, new = (Page(site[name].read_text(encoding="utf-8")) for site in sites)
        lines = [
            f"{kind}: {old.elements[kind]}, now {new.elements[kind]}"
            for kind in COUNTED
            if old.elements[kind] != new.elements[kind]
        ]
        for what, words in (("gone", old.words - new.words), ("new", new.words - old.words)):
            if words:
                few = ", ".join(list(words)[:SHOWN])
                rest = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
                lines.append(f"words {what}: {few}{rest}")
        if lines:
            found[name] = lines
    return found


def versions(python: Path) -> str:
    """Which renderers these are."""
    script = (
        "from importlib.metadata import version; import sys;"
        "print(', '.join(f'{x} {version(x)}' for x in sys.argv[1:]))"
    )
    done = subprocess.run(
        [str(python), "-c", script, *RENDERERS], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1])
    root = parser.parse_args(arguments).root.resolve()
    try:
        staging = stage(root)
        python = environment(root)
        said = render(python, staging, root)
    except BuildError as stopped:
        print(stopped, file=sys.stderr)
        return 1
    found = differences(root / "_build" / "html", staging / "html")
    warned = said.splitlines()
    report = root / "_build" / "canary.md"
    pages = "\n".join(f"- `{name}`: {'; '.join(lines)}" for name, lines in found.items())
    report.write_text(
        f"# The book by today's Sphinx\n\n{versions(python)}\n\n"
        f"{len(found)} pages differ, {len(warned)} lines of warnings.\n\n{pages or 'None.'}\n\n"
        "## Warnings\n\n" + "\n".join(f"    {line}" for line in warned) + "\n",
        encoding="utf-8",
    )
    absent = sum("is absent" in lines for lines in found.values())
    print(
        f"{len(found)} pages differ ({absent} absent), {len(warned)} lines of warnings: "
        f"{report.relative_to(root)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
