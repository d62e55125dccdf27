"""Which documents are there, what does each need, and how do they come into a folder?

`KINDS` names them; `make` makes those that are asked for, of one plan; `write` lays them out as PDF
and puts the figures that they show beside them, as vectors under their own names. Documents that
quote the run need the plan's book; the others are made from the plan alone.

Left out: who reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from portlib import data, history
from portlib.data import DataError
from portlib.documents import typesetting
from portlib.documents.document import Document
from portlib.documents.run import Run
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among

#: By kind: what it is, and whether it quotes the run of the plan's book.
KINDS: dict[str, tuple[str, bool]] = {
    "brief": ("the committee's brief", True),
    "policy": ("the investment policy statement", False),
    "allocation": ("an allocation report a model", False),
    "review": ("the quarterly review", False),
    "validation": ("the validation report", True),
    "audit": ("the auditor's report on a 408(g) arrangement, mapped", True),
    "forms": ("the forms that people sign", True),
}


def make(
    kinds: Sequence[str],
    plan: Plan,
    run: Run | None,
    *,
    made: date,
    made_from: Mapping[str, str],
) -> Iterator[Document]:
    """The documents of some kinds, of one plan.

    Parameters
    ----------
    kinds : sequence of str
        Keys of `KINDS`.
    plan : Plan
        As its folder states it; documents see its funds by the best evidence that it brings
        (`plan_menu.by_evidence`), as chapters do.
    run : Run or None
        Of the plan's book; None where there is none.
    made : date
        The day for which they are made.
    made_from : mapping
        What they are made from, by name, as from `made_from`.

    Yields
    ------
    Document

    Raises
    ------
    DataError
        For an unknown kind, and for one that quotes a run where there is none.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def refused(*kinds):
    ...     try:
    ...         return list(make(kinds, None, None, made=date(2027, 3, 4), made_from={}))
    ...     except DataError as error:
    ...         return str(error)
    >>> refused("review", "memo")  # doctest: +ELLIPSIS
    "no document 'memo'; there are brief, policy, allocation, review, validation, audit, forms"
    >>> refused("review", "forms")
    "the forms that people sign quotes the plan's book: make book first, then --book"
    """
    from portlib.documents import (
        allocation_report,
        auditors_report,
        committee_brief,
        forms,
        investment_policy,
        quarterly_review,
        universe,
        validation_report,
    )
    from portlib.retirement import model_portfolios, plan_menu

    among("document", kinds, KINDS, error=DataError)
    for kind in kinds:
        if KINDS[kind][1] and run is None:
            raise DataError(
                f"{KINDS[kind][0]} quotes the plan's book: make book first, then --book"
            )
    # funds as chapters see them; forms name the plan as it was handed in
    seen = plan_menu.by_evidence(plan, history.read("open"))
    for kind in kinds:
        if kind == "policy":
            yield investment_policy.statement(seen, made=made, made_from=made_from)
        elif kind == "review":
            yield quarterly_review.review(seen, made=made, made_from=made_from)
        elif kind == "allocation":
            for model in model_portfolios.suite(seen).models:
                yield allocation_report.report(
                    universe.of_plan(seen, model.posture),
                    title=f"The {model.posture} model",
                    name=f"allocation_{model.posture}",
                    made=made,
                    made_from=made_from,
                )
        elif run is not None:
            quoting = {
                "brief": committee_brief.brief,
                "validation": validation_report.report,
                "audit": auditors_report.report,
            }
            if kind == "forms":
                yield from forms.forms(plan, run, made=made)
            else:
                yield quoting[kind](seen, run, made=made)


def possible(run: Run | None) -> list[str]:
    """The kinds that can be made: all with a run, else those that quote none.

    Examples
    --------
    Without a run, only what quotes none.

    >>> possible(None)
    ['policy', 'allocation', 'review']
    >>> possible(Run({}, {}, date(2026, 11, 29), {}, {}, {})) == list(KINDS)
    True
    """
    return [kind for kind, (_, quotes) in KINDS.items() if run is not None or not quotes]


def made_from(plan: Plan, folder: Path) -> dict[str, str]:
    """What documents of a plan alone are made from: the package, the data and the policy.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> with TemporaryDirectory() as place:
    ...     _ = Path(place, "rules.yml").write_text("name: another", encoding="utf-8")
    ...     told, there = made_from(ours, Path(place)), data.fingerprint(Path(place))
    >>> told["portlib"] == version("portlib"), list(told)
    (True, ['portlib', 'data', 'policy'])
    >>> told["data"] == there[:10] != data.fingerprint()[:10]
    True
    >>> told["policy"] == ours.policy.fingerprint[:10]
    True
    """
    return {
        "portlib": version("portlib"),
        "data": data.fingerprint(folder)[:10],
        "policy": plan.policy.fingerprint[:10],
    }


def of_universe(
    folder: Path, decided: Policy, *, made: date, risk_aversion: float | None = None
) -> Document:
    """The allocation report on a folder of anybody's own, under a policy decided elsewhere.

    Parameters
    ----------
    folder : Path
        As `universe.of_folder` reads it.
    decided : Policy
    made : date
        The day for which it is made.
    risk_aversion : float, optional
        A; that of the policy's default posture where not given.

    Returns
    -------
    Document

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from unittest.mock import patch
    >>> from portlib.documents import allocation_report, universe
    >>> decided = SimpleNamespace(fingerprint="0123456789abcdef")
    >>> found = SimpleNamespace(weights=[0.5, 0.3, 0.2], name="houses")
    >>> with (
    ...     patch.object(universe, "of_folder", return_value=found) as read,
    ...     patch.object(allocation_report, "report", side_effect=lambda *one, **told: (one, told)),
    ... ):
    ...     one, told = of_universe(Path("x"), decided, made=date(2027, 3, 4), risk_aversion=5.5)
    >>> read.call_args.args == (Path("x"), decided), read.call_args.kwargs, one == (found,)
    (True, {'risk_aversion': 5.5}, True)
    >>> told.pop("made_from") == {"portlib": version("portlib"), "policy": "0123456789"}
    True
    >>> told["title"], told["name"], told["made"]
    ('Allocation among 3 approved', 'allocation_houses', datetime.date(2027, 3, 4))
    """
    from portlib.documents import allocation_report, universe

    found = universe.of_folder(folder, decided, risk_aversion=risk_aversion)
    told = {"portlib": version("portlib"), "policy": decided.fingerprint[:10]}
    title = f"Allocation among {len(found.weights)} approved"
    return allocation_report.report(
        found, title=title, name=f"allocation_{found.name}", made=made, made_from=told
    )


def write(documents: Iterable[Document], folder: Path) -> Iterator[Path]:
    """Each document as PDF in the folder, its figures under ``figures`` in a folder of its name;
    yields the files as they are written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from portlib.documents.document import Figure, Text
    >>> svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    >>> drawn = Figure("line", svg, "", "a line")
    >>> def of(name, kind, *body):
    ...     told = ("A title", "A plan", "ours", date(2027, 3, 4), {}, ())
    ...     return Document(name, kind, *told, body)
    >>> both = of("forms/one", "Form", Text("One.")), of("forms/two", "Note", drawn)
    >>> with TemporaryDirectory() as place:
    ...     files = [
    ...         (file.relative_to(place).as_posix(), file.read_bytes()[:4])
    ...         for file in write(both, Path(place, "new", "out"))
    ...     ]
    ...     beside = sorted(p.relative_to(place).as_posix() for p in Path(place).rglob("*.*"))
    ...     kept = Path(place, beside[0]).read_text("utf-8")
    ...     again = [file.name for file in write(both[1:], Path(place, "new", "out"))]
    >>> for file in files:
    ...     print(*file)
    new/out/forms/one.pdf b'%PDF'
    new/out/forms/one.docx b'PK\\x03\\x04'
    new/out/forms/two.pdf b'%PDF'
    >>> beside[0], len(beside), kept == drawn.svg, again
    ('new/out/figures/forms/two/line.svg', 4, True, ['two.pdf'])
    """
    from portlib.documents import forms

    folder.mkdir(parents=True, exist_ok=True)
    for document in documents:
        file = folder / f"{document.name}.pdf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(typesetting.pdf(document))
        yield file
        if document.kind == forms.KIND:
            forms.docx(document, file.with_suffix(".docx"))
            yield file.with_suffix(".docx")
        for figure in document.figures:
            place = folder / "figures" / document.name
            place.mkdir(parents=True, exist_ok=True)
            drawn = place / f"{figure.name}.svg"
            drawn.write_text(figure.svg, encoding="utf-8")
