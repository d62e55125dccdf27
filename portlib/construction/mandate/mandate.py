"""The mandate: which portfolios are allowed, in the committee's words and in the solver's.

A mandate is a list of named rules (`portlib.construction.mandate.rules`) over named assets. Everything about it that a
number depends on is in its canonical form, and so in its fingerprint. Where no portfolio obeys every hard rule,

    minimise  sum_c t_c / scale_c   subject to   rule c with its limits moved outward by t_c >= 0

says how little must give way, and the same programme with some of the t_c held at zero says which rules conflict.
Weights are judged by the rules' own definitions, independently of any solver.

What it leaves out: whether a rule is wise. `mean_variance` reports what each rule costs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from portlib.construction.mandate.rules import (
    Bounds,
    Constraint,
    Limit,
    MandateError,
    check,
)
from portlib.records import Array, Assumptions

#: Change of a limit, in weight terms, that solvers (which miss by 1e-7 to 1e-8) cannot tell from none.
SLIGHT = 1e-6
#: A ten-millionth of a portfolio: a cent in 100,000 dollars.
TOLERANCE = 1e-7


@dataclass(frozen=True, eq=False)
class Program:
    """A mandate in the solver's words, for the hard limits and bounds alone.

    ``lower <= w <= upper`` elementwise, ``rows_lower <= rows @ w <= rows_upper``; `row_names`, `lower_names` and
    `upper_names` say whose rule each is (the tightest, where several bind the same weight).
    """

    lower: Array
    upper: Array
    rows: Array
    rows_lower: Array
    rows_upper: Array
    row_names: tuple[str, ...]
    lower_names: tuple[str, ...]
    upper_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Mandate:
    """Named constraints over named assets.

    Parameters
    ----------
    labels : sequence of str
        The universe, unique.
    constraints : sequence
        `Limit`, `Bounds`, `TrackingError`, `Turnover`, with unique names.
    tolerance : float
        By how much weights may miss a hard rule before they are withheld, in the rule's unit. It judges solvers, not
        portfolios, and stays outside the canonical form.

    Raises
    ------
    MandateError
        Naming the constraint whose name is used twice, that names no or an unknown asset, whose limits cross, are
        absent or are not numbers, or whose penalty is not positive.
    """

    labels: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    tolerance: float
    program: Program = field(repr=False)

    def __init__(
        self, labels: Sequence[str], constraints: Sequence[Constraint], *, tolerance: float = TOLERANCE
    ) -> None:
        object.__setattr__(self, "labels", tuple(labels))
        object.__setattr__(self, "constraints", tuple(constraints))
        object.__setattr__(self, "tolerance", float(tolerance))
        if not 0 <= self.tolerance <= SLIGHT:
            raise MandateError(f"tolerance is {tolerance}: give a number from 0 to {SLIGHT:g}")
        if not self.labels or len(set(self.labels)) < len(self.labels):
            twice = sorted({a for a in self.labels if self.labels.count(a) > 1})
            raise MandateError(f"a mandate needs assets, each named once; given twice: {', '.join(twice) or 'none'}")
        names = [c.name for c in self.constraints]
        for c in self.constraints:
            if names.count(c.name) > 1:
                raise MandateError(f"two constraints are named {c.name!r}; give each its own name")
            check(c, self.labels)
        object.__setattr__(self, "program", self._compile())

    def vector(self, values: float | Mapping[str, float] | None, unnamed: float = np.nan) -> Array:
        """A number, a mapping or ``None`` (ones) as an array over the labels."""
        if isinstance(values, Mapping):
            return np.array([values.get(a, unnamed) for a in self.labels], dtype=float)
        return np.full(len(self.labels), 1.0 if values is None else float(values))

    def _compile(self) -> Program:
        n = len(self.labels)
        lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
        lower_names, upper_names = [""] * n, [""] * n
        hard = [c for c in self.constraints if c.penalty is None]
        limits = [c for c in hard if isinstance(c, Limit)]
        for c in hard:
            if isinstance(c, Bounds):
                low, high = self.vector(c.lower, -np.inf), self.vector(c.upper, np.inf)
                for i in np.flatnonzero(low > lower):
                    lower[i], lower_names[i] = low[i], c.name
                for i in np.flatnonzero(high < upper):
                    upper[i], upper_names[i] = high[i], c.name
        return Program(
            lower, upper, np.array([self.vector(c.coefficients, 0.0) for c in limits]).reshape(-1, n),
            np.array([c.lower for c in limits]), np.array([c.upper for c in limits]),
            tuple(c.name for c in limits), tuple(lower_names), tuple(upper_names),
        )  # fmt: skip

    @property
    def is_linear(self) -> bool:
        """Whether the program alone is the whole mandate: no distance and no soft constraint."""
        return all(isinstance(c, (Limit, Bounds)) and c.penalty is None for c in self.constraints)

    def __getitem__(self, name: str) -> Constraint:
        for c in self.constraints:
            if c.name == name:
                return c
        raise KeyError(f"no constraint {name!r}; there are {', '.join(repr(c.name) for c in self.constraints)}")

    def without(self, *names: str) -> Mandate:
        """The mandate less the named constraints."""
        dropped = {self[name].name for name in names}
        return self._with([c for c in self.constraints if c.name not in dropped])

    def also(self, *constraints: Constraint) -> Mandate:
        """The mandate and further constraints."""
        return self._with([*self.constraints, *constraints])

    def relaxed(self, amounts: Mapping[str, float]) -> Mandate:
        """The mandate with every limit of the named rules moved outward by an amount (inward if negative)."""
        moved = {name: self[name].relaxed(by) for name, by in amounts.items()}
        return self._with([moved.get(c.name, c) for c in self.constraints])

    def _with(self, constraints: Sequence[Constraint]) -> Mandate:
        return Mandate(self.labels, constraints, tolerance=self.tolerance)

    @cached_property
    def canonical(self) -> str:
        """The mandate as strict JSON that reads the same for any two mandates that set the same rules.

        Assets and rules are sorted by name, a number meant for every asset is written out, and what says nothing
        (an infinite limit, a coefficient of zero) is left out. A clause is documentation and stays outside.
        """
        rules = []
        for c in sorted(self.constraints, key=lambda c: c.name):
            rule = {"kind": type(c).__name__, **vars(c), "clause": None}
            silent = (np.inf, -np.inf) if isinstance(c, Bounds) else (0.0,)
            for key in c.PER_ASSET:
                named = zip(self.labels, self.vector(rule[key], silent[0]).tolist(), strict=True)
                rule[key] = {a: v for a, v in named if v not in silent}
            rules.append({k: v for k, v in rule.items() if v not in (None, np.inf, -np.inf)})
        return json.dumps({"assets": sorted(self.labels), "rules": rules}, sort_keys=True, allow_nan=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def table(self) -> pd.DataFrame:
        """One row a limit: the rule, what it limits, lower, upper, unit, hard or soft, and the clause it comes from."""
        lines: list[tuple[object, ...]] = []
        for c in self.constraints:
            force = "hard" if c.penalty is None else f"soft, {c.penalty:g} per unit"
            if isinstance(c, Limit):
                what = "all assets" if c.coefficients is None else ", ".join(c.coefficients)
                limits = {(what if c.unit == "weight" else f"{c.unit} of {what}"): (c.lower, c.upper)}
            elif isinstance(c, Bounds):
                sides = self.vector(c.lower, -np.inf).tolist(), self.vector(c.upper, np.inf).tolist()
                limits = {a: (x, y) for a, x, y in zip(self.labels, *sides, strict=True) if np.isfinite([x, y]).any()}
                if len(limits) == len(self.labels) > 1 == len(set(limits.values())):
                    limits = {"each asset": limits[self.labels[0]]}
            else:
                limits = {f"distance from the {c.PER_ASSET[0]}": (-np.inf, c.limit)}
            lines += [(c.name, what, *limit, c.unit, force, c.clause) for what, limit in limits.items()]
        return pd.DataFrame(lines, columns=["rule", "limits", "lower", "upper", "unit", "force", "clause"])

    def violations(self, w: Array, assumptions: Assumptions) -> dict[str, float]:
        """By constraint name, how far `w` (n,) exceeds it, in the constraint's unit; zero where it is obeyed.

        Written from the definitions, not from `program`, so that it checks the solver's arrays too; soft rules are
        measured like hard ones. Raises `MandateError` for weights that are not numbers: they obey nothing.
        """
        if assumptions.labels != self.labels or np.shape(w) != (len(self.labels),):
            raise MandateError("weights, assumptions and mandate must be over the same assets in the same order")
        weight = {a: float(held) for a, held in zip(self.labels, w, strict=True)}
        for asset, held in weight.items():
            if not np.isfinite(held):
                raise MandateError(f"the weight of {asset!r} is {held}: the solver's answer is no portfolio")
        return {c.name: max(0.0, c.excess(weight, assumptions)) for c in self.constraints}


