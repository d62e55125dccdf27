"""What did one run of the book find, for which plan, and from what was it made?

A `Run` is read from the site that the run published, or from the folder that it is about to publish
from: its register (``evidence.json``) and its executed notebooks. Documents take sentences, numbers
and figures from it by name, so that what is filed is what was published.

Left out: the site's pages; nothing here makes or judges a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from portlib import data
from portlib.data import DataError
from portlib.documents import prose
from portlib.documents.document import Figure
from portlib.evidence import Claim

#: How chapters open: the committee's question, and what is least comfortable.
ASKS = r"\*\*The committee asks:\*\*"
ANSWERS = r"\*\*The answer[:,]\*\*"
LEAST = r"\*\*The least comfortable finding:?\*\*:?"


@dataclass(frozen=True)
class Chapter:
    """One chapter as it was executed.

    ``text`` is its source with the numbers in it, ``opening`` what stands under its title before
    any code, ``figures`` are by their label without the chapter's letters (``frontier`` for
    ``fig-mv-frontier``).

    Examples
    --------
    >>> def opens(text, *, claims=()):
    ...     return Chapter("views", "construction", "views and more", text, "", claims, {}, {})
    >>> one = opens(
    ...     "**May a view\\n  move it?** only if **one**\\nsigns.\\n\\nMore of it.\\n\\n"
    ...     "**The least comfortable finding:** none\\ndid. \\n \\nAfter."
    ... )
    >>> one.question, one.answer, one.uncomfortable
    ('May a view move it?', 'Only if **one** signs. More of it.', 'None did.')
    >>> two = opens(
    ...     "**The committee asks:** what\\ndoes it cost? \\n\\n**The answer:** little.\\n\\n"
    ...     "**The least comfortable finding**: it is not known."
    ... )
    >>> two.question, two.answer, two.uncomfortable
    ('What does it cost?', 'Little.', 'It is not known.')
    """

    name: str
    part: str
    title: str
    opening: str
    text: str
    claims: tuple[Claim, ...]
    numbers: Mapping[str, float | int | str]
    figures: Mapping[str, Figure]

    @property
    def question(self) -> str:
        """The committee's question, with which the chapter begins."""
        asked = rf"{ASKS}(.+?)\n\s*\n|\*\*([^*]+\?)\*\*"
        found = re.search(asked, f"{self.opening}\n\n", re.DOTALL)
        return _sentence((found[1] or found[2]) if found else self.title)

    @property
    def answer(self) -> str:
        """What the chapter answers, without its question and its least comfortable finding."""
        text = re.sub(rf"{ASKS}.+?\n\s*\n", "", self.opening, flags=re.DOTALL)
        text = re.sub(r"^\s*\*\*[^*]+\?\*\*", "", text)
        return _sentence(re.sub(ANSWERS, "", re.split(LEAST, text)[0]))

    @property
    def uncomfortable(self) -> str:
        """The finding that it calls the least comfortable; else the worst claim, in its words."""
        found = re.split(LEAST, self.opening)
        if len(found) > 1:
            return _sentence(re.split(r"\n\s*\n", found[1])[0])
        worst = self.worst
        return f"{worst.statement} It cannot show {worst.cannot_show.rstrip('.')}."

    @property
    def worst(self) -> Claim:
        return next(claim for claim in self.claims if claim.worst)

    def section(self, name: str) -> str:
        """The text under a heading; empty where there is none of the name."""
        pattern = rf"^## {re.escape(name)}\s*$(.*?)(?=^## |\Z)"
        found = re.search(pattern, self.text, re.MULTILINE | re.DOTALL)
        return found[1].strip() if found else ""


@dataclass(frozen=True)
class Run:
    """The book of one plan, as published.

    ``made_from`` names commit, lock, data, policy and plan, in short; ``proposals`` gives, by
    chapter, what it decides in the words of the committee's page; ``requirements`` are those of the
    reviewers' matrix by identifier, ``forms`` the texts of the forms by name.
    """

    made_from: Mapping[str, str]
    chapters: Mapping[str, Chapter]
    executed: date
    proposals: Mapping[str, str]
    requirements: Mapping[str, Mapping[str, Any]]
    forms: Mapping[str, str]

    def number(self, name: str, form: str = "") -> str:
        """A number that a chapter told: ``run.number("plan_menu.total_bp", ".1f")``.

        Parameters
        ----------
        name : str
            Chapter and number, with a dot between.
        form : str
            As `format` takes it.

        Returns
        -------
        str

        Raises
        ------
        DataError
            For one that no chapter told.
        """
        chapter, _, number = name.partition(".")
        try:
            return prose.unsigned(format(self.chapters[chapter].numbers[number], form))
        except KeyError:
            raise DataError(f"no chapter told {name}") from None

    def chapter(self, name: str) -> Chapter:
        """A chapter; DataError, where the book lacks it."""
        if name not in self.chapters:
            raise DataError(f"the book lacks the chapter {name}; make the whole book first")
        return self.chapters[name]

    def filled(self, text: str) -> str:
        """A text with ``{chapter.number:form}`` in it, filled in.

        Examples
        --------
        >>> from datetime import date
        >>> told = Chapter("plan_menu", "retirement", "", "", "", (), {"total_bp": 7.25}, {})
        >>> run = Run({}, {"plan_menu": told}, date(2026, 11, 29), {}, {}, {})
        >>> run.filled("The menu costs {plan_menu.total_bp:.1f} basis points.")
        'The menu costs 7.2 basis points.'
        >>> run.filled("{plan_menu.total_bp}, {menu}, {a.b and {plan_menu.total_bp:.2f}")
        '7.25, {menu}, {a.b and 7.25'
        >>> run.filled("{plan_menu.total}")
        Traceback (most recent call last):
        ...
        portlib.data.DataError: no chapter told plan_menu.total
        """

        def told(match: re.Match[str]) -> str:
            return self.number(match[1], match[2] or "")

        return re.sub(r"\{(\w+\.\w+)(?::([^}]*))?\}", told, text)

    def answering(self, requirement: str) -> list[tuple[Chapter, Claim]]:
        """The checks that answer a requirement, with their chapters."""
        return [
            (chapter, claim)
            for chapter in self.chapters.values()
            for claim in chapter.claims
            if requirement in claim.answers
        ]

    @cached_property
    def claims(self) -> Mapping[str, Claim]:
        """Every claim by its identifier."""
        return {claim.id: claim for one in self.chapters.values() for claim in one.claims}


def read(site: Path, plan_folder: Path | None = None) -> Run:
    """The run that published a site, or is about to.

    Parameters
    ----------
    site : Path
        Of the published book, or the folder of its staged pages and executed notebooks.
    plan_folder : Path, optional
        Of the plan that the book must be of.

    Returns
    -------
    Run

    Raises
    ------
    DataError
        Where there is no such book, or it is of another plan or of other data.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> site = TemporaryDirectory()
    >>> read(Path(site.name, "none"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: ...none: there is no book there; make book first, with PLAN=its folder
    >>> def lay(at, content):
    ...     path = Path(site.name, at)
    ...     path.parent.mkdir(parents=True, exist_ok=True)
    ...     _ = path.write_text(
    ...         content if isinstance(content, str) else json.dumps(content), encoding="utf-8"
    ...     )
    >>> def code(metadata, *drawn):
    ...     kinds = ["image/svg+xml" if svg else "text/plain" for svg in drawn]
    ...     shown = [{"data": {kind: svg}} for kind, svg in zip(kinds, drawn)]
    ...     return {"cell_type": "code", "source": ["x"], "metadata": metadata, "outputs": shown}
    >>> def words(*source, at="2026-11-28T23:59:59Z"):
    ...     metadata = {"execution": {"iopub.status.idle": at}} if at else {}
    ...     return {"cell_type": "markdown", "source": list(source), "metadata": metadata}
    """
    register = site / "evidence.json"
    if not register.is_file():
        raise DataError(f"{site}: there is no book there; make book first, with PLAN=its folder")
    content = json.loads(register.read_text(encoding="utf-8"))
    made_from = content["made_from"]
    if plan_folder is not None and data.fingerprint(plan_folder)[:10] != made_from["data"]:
        raise DataError(
            f"{site}: was made from other data (of {made_from['plan']}) than {plan_folder} holds; "
            "make its book first, with PLAN=its folder"
        )
    notebooks = {path.stem: path for path in sorted(site.glob("*/*/*.ipynb"))}
    cells = {name: _cells(notebooks[name]) for name in content["chapters"]}
    titles = {name: _title(found) for name, found in cells.items()}
    chapters = {
        name: _chapter(name, notebooks[name].parent.name, cells[name], told, titles)
        for name, told in content["chapters"].items()
    }
    stamps = [_when(found) for found in cells.values()]
    executed = date.fromisoformat(max(stamps)[:10])
    pages = site / "_sources" if (site / "_sources").is_dir() else site
    written = sorted((pages / "book" / "forms").glob("*.md"))
    forms = {path.stem: path.read_text(encoding="utf-8") for path in written}
    required = content.get("requirements", {})
    told = {name: chapter.numbers for name, chapter in chapters.items()}
    return Run(made_from, chapters, executed, _proposals(pages, told), required, forms)


#: A decision on the committee's page: a heading, the figure that shows it, what is proposed, what
#: is least comfortable, and the chapter that it comes from first.
DECISION = re.compile(
    r"^### [^\n]+\n(?P<proposed>(?:(?!^#).)+?)\n\s*\n\*Least comfortable:\*"
    r".+?\{doc\}`[^`]*/(?P<chapter>\w+)>`",
    re.MULTILINE | re.DOTALL,
)


def _proposals(pages: Path, told: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """From the decisions on the committee's page: chapter, and what is proposed, with numbers."""
    page = pages / "book" / "reader.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    numbers = {f"{name}.{n}": x for name, each in told.items() for n, x in each.items()}
    return {
        found["chapter"]: " ".join(prose.resolved(found["proposed"], numbers, {}).split())
        for found in DECISION.finditer(text)
    }


def _cells(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return found


def _title(cells: list[dict[str, Any]]) -> str:
    text = "".join(cells[0]["source"])
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _when(cells: list[dict[str, Any]]) -> str:
    return max(
        cell["metadata"].get("execution", {}).get("iopub.status.idle", "0001-01-01")
        for cell in cells
    )


def _chapter(
    name: str,
    part: str,
    cells: list[dict[str, Any]],
    told: Mapping[str, Any],
    titles: Mapping[str, str],
) -> Chapter:
    claims = tuple(_claim(claim) for claim in told["claims"])
    numbers = told["numbers"]
    written = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    resolved = [prose.resolved(source, numbers, titles) for source in written]
    opening = resolved[0].split("\n", 1)[-1].strip()
    figures = {}
    for cell in cells:
        if drawn := _figure(name, cell, numbers, titles):
            label, figure = drawn
            figures[label] = figure
    text = "\n\n".join(resolved)
    return Chapter(name, part, titles[name], opening, text, claims, numbers, figures)


def _sentence(text: str) -> str:
    """A paragraph in one line, beginning with a capital."""
    words = " ".join(text.split())
    return words[:1].upper() + words[1:]


def _claim(told: Mapping[str, Any]) -> Claim:
    fields = {name: value for name, value in told.items() if name != "holds"}
    bound = fields["bound"]
    fields["answers"] = tuple(fields["answers"])
    fields["bound"] = tuple(bound) if isinstance(bound, list) else bound
    return Claim(**fields)


def _figure(
    chapter: str,
    cell: Mapping[str, Any],
    numbers: Mapping[str, float | int | str],
    titles: Mapping[str, str],
) -> tuple[str, Figure] | None:
    """A figure that a cell drew as a vector, with its label."""
    shown = cell["metadata"].get("mystnb", {})
    name = shown.get("figure", {}).get("name", "")
    vectors = [
        "".join(output["data"]["image/svg+xml"])
        for output in cell.get("outputs", ())
        if "image/svg+xml" in output.get("data", {})
    ]
    if not name or not vectors:
        return None
    label = name.split("-", 2)[-1]
    caption = " ".join(prose.resolved(shown["figure"]["caption"], numbers, titles).split())
    alt = prose.resolved(shown.get("image", {}).get("alt", caption), numbers, titles)
    file = f"{chapter}_{label.replace('-', '_')}"
    return label, Figure(file, vectors[0], caption, alt)
