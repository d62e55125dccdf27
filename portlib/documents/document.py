"""What is a document, before it is laid out?

A `Document` is a title, what it was made from, and blocks in order. Text in blocks may bear
Markdown's emphasis, strong emphasis and code; `said` takes all three out of what comes from a plan,
so that a fund's name cannot format a page. Cells of tables are plain.

Left out: how it looks (``template.typ``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

Json = dict[str, Any]
Align = Literal["left", "right", "center"]


@dataclass(frozen=True)
class Heading:
    """A section's name; ``level`` 1 or 2."""

    text: str
    level: int = 1

    def to_json(self) -> Json:
        return {"is": "heading", "level": self.level, "text": self.text}


@dataclass(frozen=True)
class Text:
    """A paragraph, with the identifiers of the claims that it rests on."""

    text: str
    claims: tuple[str, ...] = ()
    small: bool = False

    def to_json(self) -> Json:
        return {
            "is": "text",
            "runs": runs(self.text),
            "claims": list(self.claims),
            "small": self.small,
        }


@dataclass(frozen=True)
class Items:
    """A list, numbered or not."""

    items: Sequence[str]
    numbered: bool = False

    def to_json(self) -> Json:
        return {
            "is": "items",
            "numbered": self.numbered,
            "items": [runs(item) for item in self.items],
        }


@dataclass(frozen=True)
class Finding:
    """What must not be overlooked: a label, a paragraph, and the claims it rests on.

    ``kind`` is ``decision``, ``warning`` or ``note``.
    """

    label: str
    text: str
    kind: Literal["decision", "warning", "note"] = "note"
    claims: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "is": "finding",
            "label": self.label,
            "kind": self.kind,
            "runs": runs(self.text),
            "claims": list(self.claims),
        }


@dataclass(frozen=True)
class Table:
    """Rows of plain cells under a head.

    ``align`` is one word a column, ``widths`` shares of the line (0: as wide as its cells),
    ``strong`` the rows that are set apart, counted from 0.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    align: Sequence[Align] = ()
    widths: Sequence[float] = ()
    strong: Sequence[int] = ()
    small: bool = False

    def __post_init__(self) -> None:
        if uneven := [row for row in self.rows if len(row) != len(self.head)]:
            raise ValueError(f"a row of {len(self.head)} columns is {uneven[0]}")

    def to_json(self) -> Json:
        numeric = ["left", *["right"] * (len(self.head) - 1)]
        return {
            "is": "table",
            "head": list(self.head),
            "rows": [list(row) for row in self.rows],
            "caption": runs(self.caption),
            "align": list(self.align) or numeric,
            "widths": list(self.widths) or [0] * len(self.head),
            "strong": list(self.strong),
            "small": self.small,
        }


@dataclass(frozen=True)
class Figure:
    """A vector, the point that it makes, and the same for who cannot see it.

    ``name`` is that of its file, without ending; ``width`` its share of the line.

    Examples
    --------
    Drawn 400 points wide and 200 high, on a line of 6.3 inches, of 72 points each: as wide as the
    drawing at most, and no wider than its height allows.

    >>> def drawn(width):
    ...     return Figure("square", '<svg viewBox="0 0 400 200"/>', "A *square*", "Blue", width)
    >>> drawn(0.95).no_higher(1.5).width == 1.5 * 400 / 200 / 6.3  # 3 inches of the line
    True
    >>> drawn(0.95).no_higher(9).width == 400 / 72 / 6.3  # not larger than it was drawn
    True
    >>> drawn(0.4).no_higher(1.5).width, drawn(0.95).no_higher(1.5, line=3).width
    (0.4, 0.95)
    >>> Figure("plain", "<svg/>", "", "").no_higher(0.1).width  # of no known height
    0.86
    """

    name: str
    svg: str = field(repr=False)
    caption: str
    alt: str
    width: float = 0.86

    def no_higher(self, inches: float, *, line: float = 6.3) -> Figure:
        """The same figure, made narrower where it would be higher, or larger than it was drawn;
        ``line`` is the line's width, and a vector's unit a point."""
        found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', self.svg)
        if not found:
            return self
        wide, high = (float(x) for x in found.groups())
        return replace(self, width=min(self.width, inches * wide / high / line, wide / 72 / line))

    def to_json(self) -> Json:
        return {
            "is": "figure",
            "file": f"{self.name}.svg",
            "caption": runs(self.caption),
            "alt": self.alt,
            "width": self.width,
        }


@dataclass(frozen=True)
class Form:
    """Fields to be filled in: what is asked, and what the plan's data already say."""

    fields: Sequence[tuple[str, str]]

    def to_json(self) -> Json:
        return {
            "is": "form",
            "fields": [[runs(asked), runs(known)] for asked, known in self.fields],
        }


@dataclass(frozen=True)
class Signatures:
    """Lines to sign on, one a role."""

    roles: Sequence[str]
    statement: str = ""

    def to_json(self) -> Json:
        return {"is": "signatures", "roles": list(self.roles), "runs": runs(self.statement)}


@dataclass(frozen=True)
class Break:
    """The next block begins a page."""

    def to_json(self) -> Json:
        return {"is": "page"}


Block = Heading | Text | Items | Finding | Table | Figure | Form | Signatures | Break


@dataclass(frozen=True)
class Document:
    """A document before it is laid out.

    Attributes
    ----------
    name : of its file, without ending
    kind, title : ``Committee brief``, and what it is about
    plan, origin : name of the plan, and where its figures come from (SYNTHETIC for an invented one)
    made : the day for which it was made
    made_from : what it was made from, by name: commit, lock, data, policy
    facts : label and value, at its head
    body : blocks, in order
    numbered : whether its sections bear numbers

    Examples
    --------
    >>> note = Document(
    ...     name="note",
    ...     kind="Note",
    ...     title="A *note*",
    ...     plan="A plan",
    ...     origin="synthetic, in part",
    ...     made=date(2026, 11, 29),
    ...     made_from={"data": "0a", "policy": "0b"},
    ...     facts=(("Assets", "$58"), ("Options", "19")),
    ...     body=(
    ...         Text("One.", ("MV-02", "MV-01")),
    ...         Figure("square", "<svg/>", "A *square*", "Blue", 0.5),
    ...         Finding("Least", "Two.", "warning", ("MV-01", "CO-07")),
    ...         Text("Three.", small=True),
    ...     ),
    ...     numbered=True,
    ... )
    >>> note.claims, [figure.name for figure in note.figures]
    (['MV-02', 'MV-01', 'CO-07'], ['square'])
    """

    name: str
    kind: str
    title: str
    plan: str
    origin: str
    made: date
    made_from: Mapping[str, str]
    facts: Sequence[tuple[str, str]]
    body: Sequence[Block]
    numbered: bool = False

    @property
    def figures(self) -> list[Figure]:
        return [block for block in self.body if isinstance(block, Figure)]

    @property
    def claims(self) -> list[str]:
        """Identifiers of the claims that it rests on, each once, in order."""
        told = (block.claims for block in self.body if isinstance(block, Text | Finding))
        return list(dict.fromkeys(claim for claims in told for claim in claims))

    def to_json(self) -> Json:
        return {
            "kind": self.kind,
            "title": self.title,
            "plan": self.plan,
            "origin": self.origin,
            "synthetic": "SYNTHETIC" in self.origin.upper(),
            "made": self.made.isoformat(),
            "made_from": [[name, value] for name, value in self.made_from.items()],
            "facts": [list(fact) for fact in self.facts],
            "body": [block.to_json() for block in self.body],
            "numbered": self.numbered,
        }


# ---- inline text ---------------------------------------------------------------------------------


def said(text: object) -> str:
    r"""Words of a plan as they stand: nothing in them is markup.

    Examples
    --------
    >>> name = r"A*B_C`<D>[E]&!\*"
    >>> print(said(name))
    A\*B\_C\`\<D\>\[E\]\&\!\\\*
    >>> runs(said(name)) == [["plain", name]]
    True
    >>> said(58.5)
    '58.5'
    """
    return re.sub(r"([\\*_`<>\[\]&!])", r"\\\1", str(text))


def runs(text: str) -> list[list[str]]:
    """The text as runs of one style each: ``plain``, ``em``, ``strong`` or ``code``, and the words.

    Examples
    --------
    >>> runs("**Two** of *five* funds")
    [['strong', 'Two'], ['plain', ' of '], ['em', 'five'], ['plain', ' funds']]

    The innermost style counts, code has none within it, and what follows has its own again:

    >>> runs("*em **both** em* and `a*b*`")
    [['em', 'em '], ['strong', 'both'], ['em', ' em'], ['plain', ' and '], ['code', 'a*b*']]

    A line's end is a space, whether or not spaces stand before it; what is alike is one run; of
    nothing there is none:

    >>> runs("*One*, and\\ntwo  \\nthree \\\\*four\\\\*"), runs("")
    ([['em', 'One'], ['plain', ', and two three *four*']], [])
    """
    made: list[list[str]] = []
    style = ["plain"]
    for token in _inline().parseInline(text)[0].children or []:
        if token.type.endswith("_open"):
            style.append(token.type.removesuffix("_open"))
        elif token.type.endswith("_close"):
            style.pop()
        else:
            kind = "code" if token.type == "code_inline" else style[-1]
            words = " " if token.type in ("softbreak", "hardbreak") else token.content
            if made and made[-1][0] == kind:
                made[-1][1] += words
            elif words:
                made.append([kind, words])
    return made


@cache
def _inline() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("zero").enable(["emphasis", "backticks", "escape", "newline"])
