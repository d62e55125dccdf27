"""What does a chapter say, in words that stand alone on paper?

`resolved` turns a chapter's source into plain Markdown: numbers are put in from the register,
references become the names of what they lead to, formulas become characters. `blocks` makes
paragraphs and lists of a section.

Left out: code, its outputs, and admonitions; a document takes tables from the plan.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from portlib.data import DataError
from portlib.documents.document import Block, Items, Text, said
from portlib.ranges import among

#: Commands of formulas that chapters use in sentences, as characters.
SYMBOLS = {
    "tau": "τ",
    "kappa": "κ",
    "Omega": "Ω",
    "Sigma": "Σ",
    "sigma": "σ",
    "mu": "μ",
    "lambda": "λ",
    "delta": "δ",
    "top": "′",
    "le": "≤",
    "ge": "≥",
    "times": "×",
    "sqrt": "√",
    "quad": " ",
}
_FENCE = re.compile(r"^(`{3,}|:{3,}).*?^\1\s*$", re.MULTILINE | re.DOTALL)
#: A formula within a line; a price in dollars is none.
_FORMULA = re.compile(r"(?<![\\\w$])\$(?=\S)([^$\n]{1,90}?)(?<=\S)\$(?![\w$])")
_ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")


def resolved(
    source: str, numbers: Mapping[str, float | int | str], titles: Mapping[str, str]
) -> str:
    """A chapter's text with its numbers, references and formulas in words.

    Parameters
    ----------
    source : str
        The chapter's own Markdown.
    numbers : mapping
        What the chapter told, by name.
    titles : mapping
        Title of each page, by the last part of its path.

    Returns
    -------
    str
        Plain Markdown.

    Raises
    ------
    DataError
        For a number that the chapter did not tell.

    Examples
    --------
    >>> source = "Moves {glue:text}`share:.0%` of it, as {doc}`../construction/views` says."
    >>> resolved(source, {"share": 0.25}, {"views": "Views and signals"})
    'Moves 25% of it, as *Views and signals* says.'
    >>> resolved("{glue:text}`share:.0%`", {"shares": 0.25}, {})
    Traceback (most recent call last):
    ...
    portlib.data.DataError: no number of the chapter 'share'; there are shares
    """

    def role(match: re.Match[str]) -> str:
        kind, words = match[1], match[2]
        if kind.startswith(("glue", "told")):
            name, _, form = words.partition(":")
            among("number of the chapter", [name], numbers, error=DataError)
            return said(unsigned(format(numbers[name], form)))
        shown, _, target = words.partition(" <")
        if kind == "doc" and not target:
            name = words.rsplit("/", 1)[-1]
            return f"*{titles.get(name, name.replace('_', ' '))}*"
        if kind == "numref":
            return "in its chapter"
        return shown

    text = re.sub(r"\$\$.*?\$\$", "", _FENCE.sub("", source), flags=re.DOTALL)
    text = _FORMULA.sub(lambda match: _characters(match[1]), text)
    text = _ROLE.sub(role, text)
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)
    return re.sub(r"^\([\w-]+\)=\s*$", "", text, flags=re.MULTILINE).strip()


def unsigned(number: str) -> str:
    """A number as it is written, without the sign of what rounds to nothing.

    Examples
    --------
    >>> [unsigned(x) for x in ("-0.00%", "+0", "-0.0", "-0.01%", "+3", "-", "-00")]
    ['0.00%', '0', '0.0', '-0.01%', '+3', '-', '-00']
    """
    return number.lstrip("+-") if re.fullmatch(r"[-+]0(\.0*)?%?", number) else number


def _characters(formula: str) -> str:
    """A short formula as characters, in italics where it is a symbol alone."""
    text = re.sub(r"\\tfrac\s*(\w)\s*(\w)", r"\1⁄\2", formula)
    text = re.sub(r"\\(\w+)\s*", lambda match: SYMBOLS.get(match[1], match[1]), text)
    return said(re.sub(r"[{}^]", "", text))


def blocks(markdown: str, *, edit: Callable[[str], str] = lambda text: text) -> list[Block]:
    """The paragraphs and lists of a section, in order.

    Parameters
    ----------
    markdown : str
    edit : function, optional
        What is done with the words of each.

    Returns
    -------
    list of Block

    Examples
    --------
    A line that ends with a comma led to a formula, and ends there:

    >>> for block in blocks("One\\ntwo,\\n\\n1. a\\n2. b,\\n\\nThree."):
    ...     print(block)
    Text(text='One two.', claims=(), small=False)
    Items(items=('a', 'b.'), numbered=True)
    Text(text='Three.', claims=(), small=False)
    """
    from markdown_it import MarkdownIt

    made: list[Block] = []
    items: list[str] = []
    depth, numbered = 0, False
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type in ("bullet_list_open", "ordered_list_open"):
            depth += 1
            numbered = numbered or (depth == 1 and token.type.startswith("ordered"))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            depth -= 1
            if depth == 0:
                made.append(Items(tuple(items), numbered=numbered))
                items, numbered = [], False
        elif token.type == "inline":
            words = edit(" ".join(token.content.split()))
            words = f"{words[:-1]}." if words.endswith(",") else words  # a formula followed
            if depth:
                items.append(words)
            elif words:
                made.append(Text(words))
    return made
