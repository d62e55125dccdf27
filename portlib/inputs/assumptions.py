"""What does this house expect of each asset class, since when, and do its figures fit together?

``assumptions.csv`` holds a mean (arithmetic, or geometric over a horizon, which is converted), a
volatility, a source and a date for each class; ``correlations.csv`` the correlations, aligned by
their labels. With both they stand before the survey, which becomes the second opinion. Left out:
how sure the house is of its means (the policy's prior says that).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from portlib.compounding import arithmetic_to_geometric, geometric_to_arithmetic
from portlib.data import DataError
from portlib.inputs.classes import Classes
from portlib.records import Array, Assumptions
from portlib.tables import Column, Findings, Text, rows
from portlib.tables import text as texts
from portlib.tables.columns import Options, near_word
from portlib.tables.numbers import MISSING, numbers

FILE, CORRELATIONS = "assumptions.csv", "correlations.csv"
KINDS = {
    "arithmetic": "the mean of single years",
    "geometric": "what compounds over the horizon",
}
COLUMNS = {
    "class": Column("the class, by its name in `classes.yml` or the survey"),
    "expected_return": Column(
        "expected return a year", "number", low=-0.5, high=0.5, unit="decimal a year, or with %"
    ),
    "return_kind": Column("what kind of mean it is", "word", KINDS),
    "horizon_years": Column(
        "years that it is for; a geometric mean is converted over them", "number", low=1, high=100
    ),
    "volatility": Column(
        "standard deviation of a year's return", "number", low=0, high=1, unit="decimal a year"
    ),
    "source": Column("who says so, in words that a reviewer can follow"),
    "date": Column("the day that it is of", "date"),
}
#: Correlations below this eigenvalue cannot belong to any set of returns.
LEAST_EIGENVALUE = -1e-8


@dataclass(frozen=True, eq=False)
class OwnAssumptions:
    """A house's own assumptions, as filed.

    Attributes
    ----------
    table : DataFrame by class
        expected_return as filed, return_kind, horizon_years, volatility, source, date; and the two
        means that follow, ``arithmetic`` and ``geometric`` (over the horizon), annual decimals.
    correlations : DataFrame, classes x classes
    cash : str
        The class whose arithmetic mean is the risk-free rate.
    """

    table: pd.DataFrame
    correlations: pd.DataFrame
    cash: str

    @cached_property
    def record(self) -> Assumptions:
        """What an optimiser is told: arithmetic means and covariance of all classes filed."""
        volatility = self.table["volatility"].to_numpy(float)
        sigma = self.correlations.to_numpy(float) * np.outer(volatility, volatility)
        labels = [str(name) for name in self.table.index]
        means = self.table["arithmetic"]
        return Assumptions(
            labels, means.to_numpy(float), sigma, float(means[self.cash]), self.source
        )

    @property
    def source(self) -> str:
        """Who filed them and as of when, in a sentence's part."""
        who = ", ".join(dict.fromkeys(map(str, self.table["source"])))
        days = pd.DatetimeIndex(self.table["date"])
        first = days.min()
        last = days.max()
        when = f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        return f"the plan's own assumptions ({who}; {when})"


def make(
    means: Text | None,
    correlations: Text | None,
    classes: Classes,
    found: Findings,
    options: Options,
) -> OwnAssumptions | None:
    """The record of the two files; None where not both are given, or where something is wrong.

    Parameters
    ----------
    means : ``assumptions.csv``.
    correlations : ``correlations.csv``: whole or one triangle, of the same classes.
    classes : those that they may name.
    found : takes everything that is wrong.
    options : how files are to be read, by file.

    Examples
    --------
    A geometric mean becomes the arithmetic one that compounds to it over its horizon, and the other
    way round; correlations may be one triangle, in another order:

    >>> from portlib.inputs.classes import survey_classes
    >>> head = ",".join(COLUMNS)
    >>> lines = [
    ...     "us_large_equity,6%,geometric,10,16%,SYNTHETIC A,2026-06-30",
    ...     "us_core_bonds,4%,arithmetic,10,6%,SYNTHETIC B,2026-03-31",
    ...     "cash,3%,arithmetic,10,1%,SYNTHETIC A,2026-06-30",
    ... ]
    >>> triangle = ["class,cash,us_core_bonds,us_large_equity", "cash,1,,", "us_core_bonds,0.1,1,"]
    >>> triangle += ["us_large_equity,0,0.3,1"]
    >>> def read(lines=lines, triangle=triangle):
    ...     found = Findings()
    ...     means = Text(FILE, "\\n".join([head, *lines]))
    ...     rho = Text(CORRELATIONS, "\\n".join(triangle))
    ...     made = make(means, rho, survey_classes(), found, {})
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return made
    >>> own = read()
    >>> told = own.record

    It goes on in ``assumptions.md``.
    """
    if means is None and correlations is None:
        return None
    if means is None or correlations is None:
        lost, there = (FILE, CORRELATIONS) if means is None else (CORRELATIONS, FILE)
        found.note(there, f"is not used: it needs {lost} beside it; the survey stands in")
        return None
    before = len(found.refused)
    table = rows(means, COLUMNS, found, options=options.get(FILE))
    matrix = _matrix(correlations, found, options.get(CORRELATIONS))
    if table is None:
        return None
    names = table["class"]
    found.refuse_rows(FILE, names, names.duplicated(), "is given twice")
    for line, name in zip(table.index, names, strict=True):
        if name is not None and name not in classes:
            hint = near_word(str(name), list(classes.names)) or "; name it in classes.yml"
            found.refuse(FILE, f"class {name!r} is not known{hint}", int(line))
    if matrix is not None:
        missing = [name for name in names if name not in matrix.index]
        extra = [name for name in matrix.index if name not in set(names)]
        if missing:
            found.refuse(CORRELATIONS, f"lacks {', '.join(map(str, missing))}, which {FILE} has")
        if extra:
            found.refuse(FILE, f"lacks {', '.join(extra)}, which {CORRELATIONS} has")
    cash = [str(name) for name in names if name in classes and classes.role(str(name)) == "cash"]
    if not cash:
        found.refuse(FILE, "needs a class of the role cash: its mean is the risk-free rate")
    if matrix is None or len(found.refused) > before:
        return None
    table = table.set_index("class")
    _with_means(table)
    _plausible(table, found)
    if len(found.refused) > before:
        return None
    least = str(table.loc[cash, "volatility"].astype(float).idxmin())
    order = list(table.index)
    return OwnAssumptions(table, matrix.loc[order, order], least)


def _with_means(table: pd.DataFrame) -> None:
    filed, risk, years = (
        table[column].to_numpy(float)
        for column in ("expected_return", "volatility", "horizon_years")
    )
    plain = (table["return_kind"] == "arithmetic").to_numpy()
    table["arithmetic"] = np.where(plain, filed, geometric_to_arithmetic(filed, risk, years))
    table["geometric"] = np.where(plain, arithmetic_to_geometric(filed, risk, years), filed)


def _plausible(table: pd.DataFrame, found: Findings) -> None:
    """Refuse figures that are decimals called percent."""
    risk = table["volatility"].astype(float)
    if len(table) > 2 and risk.max() < 0.02:
        name = str(risk.idxmax())
        found.refuse(
            FILE,
            f"the largest volatility is {risk.max():.2%} ({name}); divided by 100 twice?",
        )


def _matrix(text: Text, found: Findings, options: Mapping[str, Any] | None) -> pd.DataFrame | None:
    """Correlations by label: whole or one triangle, ones on the diagonal, positive semidefinite."""
    try:
        lines = texts.split(text)
    except DataError as error:
        found.take(error, text.name)
        return None
    head = list(lines.cells[0])[1:]
    while head and not head[-1]:
        head.pop()
    labels = [row[0] for row in lines.cells[1:]]
    if sorted(labels) != sorted(head) or len(set(head)) < len(head):
        odd = sorted(set(labels) ^ set(head)) or [x for x in head if head.count(x) > 1]
        found.refuse(
            text.name,
            f"its rows and its columns do not name the same classes once each: {', '.join(odd)}",
        )
        return None
    width = len(head) + 1
    body = [(list(row) + [""] * width)[1:width] for row in lines.cells[1:]]
    try:
        read = numbers(
            pd.DataFrame(body, dtype=object),
            text.name,
            separator=lines.separator,
            decimal=(options or {}).get("decimal"),
        )
    except DataError as error:  # what may be read in two ways
        found.take(error, text.name)
        return None
    for row, column, cell in read.wrong:
        where = f"{labels[row]}, {head[column]}: {cell!r} is not a number"
        found.refuse(text.name, where, lines.numbers[row + 1])
    if read.wrong:
        return None
    values = np.where(read.percent, read.values / 100, read.values)
    matrix = pd.DataFrame(values, labels, head).loc[head, head]
    empty = [cell.strip().lower() in MISSING for row in body for cell in row]
    if any(empty):
        matrix = matrix.fillna(matrix.T)
    return matrix if _valid(matrix, text.name, found) else None


def _valid(matrix: pd.DataFrame, name: str, found: Findings) -> bool:
    rho = matrix.to_numpy(float)
    labels = list(matrix.index)
    before = len(found.refused)
    for i, j in np.argwhere(~(np.abs(rho) <= 1)):
        if i <= j:
            problem = f"{labels[i]}, {labels[j]}: {rho[i, j]:g} is not between -1 and 1"
            found.refuse(name, problem + ("; in percent?" if abs(rho[i, j]) > 1 else ": missing"))
    for i in np.flatnonzero(np.abs(np.diag(rho) - 1) > 1e-9):
        found.refuse(name, f"{labels[i]} with itself is {rho[i, i]:g}, not 1")
    for i, j in np.argwhere(np.abs(rho - rho.T) > 1e-9):
        if i < j:
            found.refuse(
                name,
                f"{labels[i]}, {labels[j]} is {rho[i, j]:g} above the diagonal and {rho[j, i]:g} "
                "below",
            )
    if len(found.refused) > before:
        return False
    values, vectors = np.linalg.eigh(rho)
    if values[0] < LEAST_EIGENVALUE:
        heavy = labels[int(np.abs(vectors[:, 0]).argmax())]
        cured = _near(rho)
        changed = np.triu(np.abs(cured - rho))
        i, j = np.unravel_index(changed.argmax(), rho.shape)
        found.refuse(
            name,
            f"no returns have these correlations: smallest eigenvalue {values[0]:.3f}, weighing "
            f"most on {heavy}; a set near them that some have changes none by more than "
            f"{changed.max():.3f} ({labels[i]}, {labels[j]}: {cured[i, j]:.3f})",
        )
    return len(found.refused) == before


def _near(rho: Array) -> Array:
    """Correlations near these that some returns have: negative eigenvalues are cut off."""
    from statsmodels.stats.correlation_tools import corr_clipped  # heavy, and rarely needed

    return np.asarray(corr_clipped(rho, threshold=1e-8), float)
