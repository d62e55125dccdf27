"""What each chapter claims, what was measured, and which requirement it answers.

A chapter states a claim and checks it in one call. The call displays the claim as a row, and raises
when the claim does not hold, so a book with a false claim cannot be built. The last cell of a
chapter displays the table of its claims; the same output carries them as data, and `collect` reads
the register of the whole book from the executed notebooks. What the reader sees and what the
reviewer files are therefore one thing.

What it leaves out: whether a claim is worth making. A reviewer judges that.
"""

from __future__ import annotations

import html
import json
import math
import numbers
import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from portlib import data, history
from portlib.plan_format import LEGAL_REGIMES

#: The ways a claim can be verified.
METHODS = (
    "identity",
    "second solver",
    "published table",
    "simulation",
    "real data",
    "worked example",
)
#: What kind of thing satisfies a requirement; `open` only while chapters are missing.
KINDS = ("executed", "in part", "documented", "organisational", "open")
MIME = "application/vnd.portlib.evidence+json"

Method = Literal[
    "identity", "second solver", "published table", "simulation", "real data", "worked example"
]
Number = float | int
_HOLDS = {"at most": operator.le, "at least": operator.ge, "equals": operator.eq}


class ClaimFailed(AssertionError):
    """A claim of the book does not hold."""


class EvidenceError(ValueError):
    """The evidence is incomplete or names something that does not exist."""


@dataclass(frozen=True)
class Claim:
    """One claim: a statement, what was measured, and the bound it must meet."""

    id: str
    statement: str
    measured: Number
    relation: str
    bound: Number | tuple[Number, Number]
    unit: str
    by: str
    answers: tuple[str, ...]
    cannot_show: str
    worst: bool = False

    @property
    def holds(self) -> bool:
        """Whether the measured value meets the bound; never true of what is not a number."""
        if not math.isfinite(self.measured):
            return False
        if isinstance(self.bound, tuple):
            return self.bound[0] <= self.measured <= self.bound[1]
        return bool(_HOLDS[self.relation](self.measured, self.bound))

    @property
    def against(self) -> str:
        """Measured value and bound in words: ``3.1e-11 (at most 1e-08) weight``."""
        bound = (
            f"{self.bound[0]:.4g} and {self.bound[1]:.4g}"
            if isinstance(self.bound, tuple)
            else f"{self.bound:.4g}"
        )
        return f"{self.measured:.4g} ({self.relation} {bound}) {self.unit}".strip()

    @property
    def verdict(self) -> str:
        """`against`, and whether it holds where that is no matter of course (imported history)."""
        return self.against if self.holds else f"DOES NOT HOLD on this history: {self.against}"

    def _repr_html_(self) -> str:
        id = html.escape(self.id)
        return (
            f"<div class='claim' id='{id}'><a class='claim-id' href='#{id}-evidence'>{id}</a> "
            f"<span class='claim-said'>{html.escape(self.statement)} "
            f"<span class='claim-measured'>{html.escape(self.verdict)}</span>; "
            f"{html.escape(self.by)}</span></div>"
        )

    def __repr__(self) -> str:
        return (
            f"{self.id} {'holds' if self.holds else 'does not hold'}: {self.statement} "
            f"{self.against}; {self.by}"
        )


class Chapter:
    """The claims and numbers of one chapter.

    Parameters
    ----------
    name : str
        The chapter's name, which is also its module's: ``"mean_variance"``.
    prefix : str
        The two letters its claims begin with: ``"MV"``.

    Examples
    --------
    >>> chapter = Chapter("mean_variance", "MV")
    >>> chapter.claim(
    ...     "MV-01",
    ...     "Weights sum to one.",
    ...     measured=0.25 + 0.75,
    ...     between=(1 - 1e-12, 1 + 1e-12),
    ...     answers=["R-01"],
    ...     by="identity",
    ...     cannot_show="whether they are wise",
    ... )
    MV-01 holds: Weights sum to one. 1 (between 1 and 1); identity

    It goes on in ``evidence.md``.
    """

    def __init__(self, name: str, prefix: str) -> None:
        self.name, self.prefix = name, prefix
        self.claims: list[Claim] = []
        self.numbers: dict[str, Number | str] = {}
        self.tables: dict[str, dict[str, list[Any]]] = {}
        self._closed = False

    def claim(
        self,
        id: str,
        statement: str,
        *,
        measured: Number,
        answers: Sequence[str],
        by: Method,
        cannot_show: str,
        unit: str = "",
        at_most: Number | None = None,
        at_least: Number | None = None,
        equals: Number | None = None,
        between: tuple[Number, Number] | None = None,
        worst: bool = False,
    ) -> Claim:
        """State a claim and check it.

        Parameters
        ----------
        id : str
            The chapter's prefix and two digits: ``MV-01``.
        statement : str
            What is claimed, in words for a reader.
        measured : number
            What was found, in `unit`.
        answers : sequence of str
            Ids of ``book/requirements.yml``, at least one.
        by : str
            One of `METHODS`.
        cannot_show : str
            What the claim leaves open.
        at_most, at_least, equals, between : number, or two for `between`
            The bound, exactly one of them; `equals` is for counts.
        worst : bool
            Marks the one claim that most limits the chapter's conclusion.

        Returns
        -------
        Claim

        Raises
        ------
        ClaimFailed
            When the measured value does not meet the bound, or is not a finite number. On an
            imported history the chapter goes on and shows what does not hold there; the run then
            ends with the list of it.
        EvidenceError
            When the claim itself is ill formed: a wrong or used id, no requirement, no bound, an
            unknown method.
        """
        bounds = {"at most": at_most, "at least": at_least, "equals": equals, "between": between}
        given = {relation: bound for relation, bound in bounds.items() if bound is not None}
        if not isinstance(id, str) or not re.fullmatch(rf"{self.prefix}-\d\d", id):
            raise EvidenceError(
                f"claim id {id!r} must read {self.prefix}-01, {self.prefix}-02, ..."
            )
        if any(claim.id == id for claim in self.claims):
            raise EvidenceError(f"claim id {id} is used twice in {self.name}")
        if len(given) != 1:
            raise EvidenceError(
                f"claim {id} needs exactly one bound (at_most, at_least, equals or between)"
            )
        if isinstance(answers, str) or not all(isinstance(each, str) and each for each in answers):
            raise EvidenceError(f"claim {id} answers {answers!r}: give a list of requirement ids")
        if not answers:
            raise EvidenceError(
                f"claim {id} answers no requirement: name at least one id of book/requirements.yml"
            )
        if by not in METHODS:
            raise EvidenceError(
                f"claim {id}: {by!r} is not a method of verification; use one of "
                f"{', '.join(METHODS)}"
            )
        words = (statement, cannot_show)
        if not all(isinstance(text, str) and re.search(r"\w", text) for text in words):
            raise EvidenceError(f"claim {id} must state what it shows and what it cannot show")
        if worst and (other := [claim.id for claim in self.claims if claim.worst]):
            raise EvidenceError(
                f"claim {id} and {other[0]} are both marked worst; one claim limits a chapter most"
            )
        if self._closed:
            raise EvidenceError(
                f"claim {id} comes after the evidence table of {self.name}; put the table last"
            )
        relation, bound = next(iter(given.items()))
        ends = bound if isinstance(bound, tuple) else (bound,)
        if not all(isinstance(end, numbers.Real) and math.isfinite(end) for end in ends):
            raise EvidenceError(f"claim {id} has no bound that could fail: {bound!r}")
        if isinstance(bound, tuple) and (len(bound) != 2 or not bound[0] <= bound[1]):
            raise EvidenceError(
                f"claim {id} is to lie between {bound!r}: give a lower and an upper end"
            )
        claim = Claim(
            id,
            statement,
            _plain(measured),
            relation,
            (_plain(bound[0]), _plain(bound[1])) if isinstance(bound, tuple) else _plain(bound),
            unit,
            by,
            tuple(answers),
            cannot_show,
            worst,
        )
        if not claim.holds and history.folder() is None:
            raise ClaimFailed(f"{id} does not hold: {statement} Measured {claim.against}.")
        self.claims.append(claim)
        return claim

    def tell(self, **numbers: Any) -> None:
        """Hand numbers to the prose, which shows them by name with the role ``glue:text``, and to
        the register. A table (a frame of labelled rows and columns) goes to the register alone, for
        other pages to draw.
        """
        from myst_nb import glue

        for name, value in numbers.items():
            if name in self.numbers or name in self.tables:
                raise EvidenceError(f"number {name!r} is told twice in {self.name}")
            if hasattr(value, "columns"):
                self.tables[name] = _spread(value)
                continue
            self.numbers[name] = value if isinstance(value, str) else _plain(value)
            glue(name, self.numbers[name], display=False)

    def table(self) -> None:
        """Display the chapter's evidence; the same output carries it as data for the register."""
        from IPython.display import display

        if not self.claims:
            raise EvidenceError(
                f"{self.name} makes no claim: a chapter without checks is not published"
            )
        self._closed = True
        rows = "".join(
            f"<tr id='{c.id}-evidence'><td><a href='#{c.id}'>{c.id}</a></td>"
            f"<td>{html.escape(c.statement)}</td>"
            f"<td>{html.escape(c.verdict)}</td><td>{c.by}</td>"
            f"<td>{' '.join(map(_asked, c.answers))}</td>"
            f"<td>{html.escape(c.cannot_show)}</td></tr>"
            for c in self.claims
        )
        heads = ("claim", "statement", "measured (bound)", "verified by", "answers", "cannot show")
        head = "".join(f"<th>{name}</th>" for name in heads)
        payload = {
            "chapter": self.name,
            "claims": [asdict(c) for c in self.claims],
            "numbers": self.numbers,
            "tables": self.tables,
        }
        display(
            {
                MIME: payload,
                "text/html": f"<table class='evidence'><thead><tr>{head}</tr></thead>"
                f"<tbody>{rows}</tbody></table>",
                "text/plain": "\n".join(map(repr, self.claims)),
            },
            raw=True,
        )


def _asked(requirement: str) -> str:
    """A requirement's id as a link from a chapter's page to the requirement's own."""
    id = html.escape(requirement)
    return f"<a class='requirement' href='../../book/requirements/{id.lower()}.html'>{id}</a>"


def _spread(frame: Any) -> dict[str, list[Any]]:
    """A frame as plain lists: its columns, its index and its rows, nothing where nothing is."""
    rows = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return {"columns": [*map(str, frame.columns)], "index": [*map(str, frame.index)], "rows": rows}


def _plain(value: Any) -> Number:
    number = value.item() if hasattr(value, "item") else value
    return int(number) if isinstance(number, (bool, int)) else float(number)


@dataclass(frozen=True)
class Register:
    """The evidence of the whole book: claims, numbers and told tables by chapter."""

    claims: Mapping[str, tuple[Claim, ...]]
    numbers: Mapping[str, Mapping[str, Number | str]]
    tables: Mapping[str, Mapping[str, Mapping[str, list[Any]]]] = field(default_factory=dict)

    def answering(self, requirement: str) -> list[tuple[str, Claim]]:
        """The (chapter, claim) pairs that answer a requirement."""
        return [
            (name, c)
            for name, claims in self.claims.items()
            for c in claims
            if requirement in c.answers
        ]

    def ordered(self, names: Iterable[str]) -> Register:
        """The register with its chapters in an order, of those that are named."""
        claims = {name: self.claims[name] for name in names if name in self.claims}
        return replace(self, claims=claims)

    def as_dict(self) -> dict[str, Any]:
        """The register as plain data, for ``evidence.json``."""
        return {
            name: {
                "claims": [{**asdict(c), "holds": c.holds} for c in claims],
                "numbers": dict(self.numbers[name]),
            }
            for name, claims in self.claims.items()
        }


def collect(notebooks: Iterable[Path]) -> Register:
    """Read the register from executed notebooks.

    Parameters
    ----------
    notebooks : iterable of Path
        A notebook without an evidence table contributes an empty list of claims under its file
        name, so that the gate can refuse it by name.

    Returns
    -------
    Register

    Raises
    ------
    EvidenceError
        For a notebook with two evidence tables, or one of another chapter, and for two chapters of
        one name.

    Examples
    --------
    >>> collect([]).claims
    {}

    It goes on in ``evidence.md``.
    """
    claims: dict[str, tuple[Claim, ...]] = {}
    numbers: dict[str, Mapping[str, Number | str]] = {}
    tables: dict[str, Mapping[str, Mapping[str, list[Any]]]] = {}
    for path in sorted(notebooks, key=str):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        payloads = [
            o["data"][MIME]
            for cell in cells
            for o in cell.get("outputs", ())
            if MIME in o.get("data", {})
        ]
        name = path.stem
        if len(payloads) > 1 or any(payload["chapter"] != name for payload in payloads):
            raise EvidenceError(
                f"{path.name}: expected one evidence table, of the chapter {name!r}"
            )
        if name in claims:
            raise EvidenceError(f"two chapters bear the name {name!r}")
        claims[name] = tuple(_claim(c) for payload in payloads for c in payload["claims"])
        numbers[name] = payloads[0]["numbers"] if payloads else {}
        tables[name] = payloads[0].get("tables", {}) if payloads else {}
    return Register(claims, numbers, tables)


def _claim(told: Mapping[str, Any]) -> Claim:
    bound = told["bound"]
    fields = {
        **told,
        "answers": tuple(told["answers"]),
        "bound": tuple(bound) if isinstance(bound, list) else bound,
    }
    return Claim(**fields)


def requirements(path: Path) -> dict[str, dict[str, Any]]:
    """Read ``requirements.yml`` by id, in its order.

    Raises
    ------
    EvidenceError
        Naming a file that is no list of requirements, a requirement given twice, of unknown kind,
        or without the section, form or note its kind needs.

    Examples
    --------
    >>> requirements(Path("none.yml"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.evidence.EvidenceError: none.yml: cannot be read: none.yml: ...

    It goes on in ``evidence.md``.
    """
    try:
        listed = data.strict_yaml(path)
    except data.DataError as error:
        raise EvidenceError(f"{path}: cannot be read: {error}") from None
    if not isinstance(listed, list):
        raise EvidenceError(f"{path}: is not a list of requirements")
    entries: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(listed, start=1):
        if not isinstance(entry, dict) or not entry.get("id") or not entry.get("kind"):
            raise EvidenceError(f"{path}: entry {number} has no id or no kind")
        id = entry["id"]
        kind = entry["kind"]
        if id in entries:
            raise EvidenceError(f"{path.name}: requirement {id} is given twice")
        if kind not in KINDS:
            raise EvidenceError(
                f"{path.name}: requirement {id} has kind {kind!r}; use one of {', '.join(KINDS)}"
            )
        if strange := sorted(set(entry.get("not_for", [])) - set(LEGAL_REGIMES)):
            raise EvidenceError(
                f"{path.name}: requirement {id} is not_for {', '.join(strange)}; the legal regimes "
                f"are {', '.join(LEGAL_REGIMES)}"
            )
        for needs, part in (
            ("documented", "section"),
            ("organisational", "form"),
            ("in part", "note"),
        ):
            if kind == needs and not entry.get(part):
                raise EvidenceError(
                    f"{path.name}: requirement {id} is {kind} and must name its {part}"
                )
        entries[id] = entry
    return entries


def good_practice(required: Mapping[str, Mapping[str, Any]], regime: str) -> list[str]:
    """Ids of the requirements that do not bind a plan of that legal regime.

    Its edition shows them as good practice.

    Parameters
    ----------
    required : mapping
        The requirements by id, from `requirements`.
    regime : str
        `Plan.legal_regime`.

    Raises
    ------
    EvidenceError
        For a regime that is none.

    Examples
    --------
    >>> asked = {"D": {"not_for": ["GOVERNMENTAL"]}, "B": {}, "C": {"not_for": ["ERISA"]}}
    >>> asked["A"] = {"not_for": ["ERISA", "GOVERNMENTAL"]}
    >>> good_practice(asked, "GOVERNMENTAL"), good_practice(asked, "ERISA")  # as they are listed
    (['D', 'A'], ['C', 'A'])
    >>> good_practice(asked, "governmental")
    Traceback (most recent call last):
    portlib.evidence.EvidenceError: 'governmental' is no legal regime; use ERISA, GOVERNMENTAL
    """
    if regime not in LEGAL_REGIMES:
        raise EvidenceError(f"{regime!r} is no legal regime; use {', '.join(LEGAL_REGIMES)}")
    return [id for id, entry in required.items() if regime in entry.get("not_for", [])]


def gate(
    register: Register, required: Mapping[str, Mapping[str, Any]], documents: Iterable[str]
) -> None:
    """Refuse evidence that would mislead a reviewer.

    Parameters
    ----------
    register : Register
    required : mapping
        The requirements by id, from `requirements`.
    documents : iterable of str
        The pages of the book, as paths without ending (``book/reviewer``).

    Raises
    ------
    EvidenceError
        Naming every chapter without checks or without a worst claim, claim that answers an unknown
        requirement or does not hold, id used in two chapters, requirement executed or in part
        without a passing check, or led by one that does not answer it, and section or form that is
        no page.

    Examples
    --------
    >>> gate(Register({"views": ()}, {}), {}, [])
    Traceback (most recent call last):
    portlib.evidence.EvidenceError: the evidence does not hold together:
    - chapter views makes no claim

    It goes on in ``evidence.md``.
    """
    pages = set(documents)
    faults = []
    seen: dict[str, str] = {}
    for name, claims in register.claims.items():
        if not claims:
            faults.append(f"chapter {name} makes no claim")
        elif not any(c.worst for c in claims):
            faults.append(
                f"chapter {name} marks no claim as its worst: worst=True on the one that most "
                "limits its conclusion"
            )
        for c in claims:
            if c.id in seen:
                faults.append(f"claim {c.id} stands in {seen[c.id]} and in {name}")
            seen[c.id] = name
            faults += [
                f"claim {c.id} answers {r}, which is no requirement"
                for r in c.answers
                if r not in required
            ]
            if not c.answers:
                faults.append(f"claim {c.id} answers no requirement")
            if not c.holds:
                faults.append(f"claim {c.id} does not hold: measured {c.against}")
    for id, entry in required.items():
        kind = entry["kind"]
        checked = any(c.holds for _, c in register.answering(id))
        if kind in ("executed", "in part") and not checked:
            faults.append(f"requirement {id} is called {kind} but no passing check answers it")
        led = entry.get("lead")
        if led and all(c.id != led for _, c in register.answering(id)):
            faults.append(f"requirement {id} is led by {led}, which does not answer it")
        page = (entry.get("section") or entry.get("form") or "").split("#")[0]
        if page and page not in pages:
            faults.append(f"requirement {id} points to {page}, which is no page of the book")
    if faults:
        raise EvidenceError("the evidence does not hold together:\n- " + "\n- ".join(faults))
