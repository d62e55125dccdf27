"""The mandate: which portfolios are allowed, in the committee's words and in the solver's.

A mandate is a list of named rules (`portlib.construction.mandate.rules`) over named assets.
Everything about it that a number depends on is in its canonical form, and so in its fingerprint.
Where no portfolio obeys every hard rule,

    minimise  sum_c t_c / scale_c   subject to   rule c with its limits moved outward by t_c >= 0

says how little must give way, and the same programme with some of the t_c held at zero says which
rules conflict. Weights are judged by the rules' own definitions, independently of any solver.

What it leaves out: whether a rule is wise. `mean_variance` reports what each rule costs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from portlib.construction.mandate.rules import (
    Bounds,
    MandateError,
    Row,
    Rule,
    Values,
    check,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
    stated_in,
)
from portlib.policy import Policy
from portlib.ranges import among
from portlib.records import Array, Assumptions

#: Change of a limit, in weight terms, that solvers (which miss by 1e-7 to 1e-8) cannot tell from
#: none.
SLIGHT = 1e-6
#: A ten-millionth of a portfolio: a cent in 100,000 dollars.
TOLERANCE = 1e-7
#: Caps of the policy on single classes: the rule's name, the class, the entry.
CAPS = (
    ("small company cap", "us_small_equity", "small_equity_cap"),
    ("high yield cap", "us_high_yield", "high_yield_cap"),
)

#: How texts and numbers are written in the canonical form. Finding the digits of a number takes
#: longest, and rules of like menus say the same ones, and the same words.
_digits = lru_cache(maxsize=16_384)(float.__repr__)
_word = lru_cache(maxsize=4_096, typed=True)(json.JSONEncoder(allow_nan=False).encode)


@dataclass(frozen=True, eq=False)
class Program:
    """A mandate in the solver's words, for the hard limits and bounds alone.

    ``lower <= w <= upper`` elementwise, ``rows_lower <= rows @ w <= rows_upper``; `row_names`,
    `lower_names` and `upper_names` say whose rule each is (the tightest, where several bind the
    same weight).

    Examples
    --------
    The tightest limit on a weight holds, whoever's it is; soft rules and distances are not there.

    >>> from portlib.construction.mandate.rules import Limit, Turnover
    >>> rules = [
    ...     fully_invested(),
    ...     long_only(),
    ...     Bounds("some", {"c": 0.1}, {"a": 0.5, "b": 0.2}),
    ...     position_limit(0.4),
    ...     Limit("core", {"c": 1.0, "b": 0.5}, 0.2, 0.6),
    ...     Limit("wish", {"a": 1.0}, lower=0.9).soft(0.01),
    ...     Turnover("slow", {"a": 0.5, "b": 0.5}, 0.1),
    ... ]
    >>> p = Mandate(("a", "b", "c"), rules).program
    >>> p.lower.tolist(), p.upper.tolist()
    ([0.0, 0.0, 0.1], [0.4, 0.2, 0.4])
    >>> p.lower_names, p.upper_names
    (('long only', 'long only', 'some'), ('position limit', 'some', 'position limit'))
    >>> p.rows.tolist(), p.rows_lower.tolist(), p.rows_upper.tolist(), p.row_names
    ([[1.0, 1.0, 1.0], [0.0, 0.5, 1.0]], [1.0, 0.2], [1.0, 0.6], ('fully invested', 'core'))
    >>> turned = p.ordered([2, 0, 1])
    >>> turned.lower.tolist(), turned.upper.tolist(), turned.rows[1].tolist()
    ([0.1, 0.0, 0.0], [0.4, 0.4, 0.2], [1.0, 0.0, 0.5])
    >>> turned.lower_names, turned.upper_names[2]
    (('some', 'long only', 'long only'), 'some')
    """

    lower: Array
    upper: Array
    rows: Array
    rows_lower: Array
    rows_upper: Array
    row_names: tuple[str, ...]
    lower_names: tuple[str, ...]
    upper_names: tuple[str, ...]

    def ordered(self, order: Sequence[int]) -> Program:
        """The same limits with the assets in another order."""
        at = list(order)
        return replace(
            self,
            lower=self.lower[at],
            upper=self.upper[at],
            rows=self.rows[:, at],
            lower_names=tuple(self.lower_names[k] for k in at),
            upper_names=tuple(self.upper_names[k] for k in at),
        )


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
        By how much weights may miss a hard rule before they are withheld, in the rule's unit. It
        judges solvers, not portfolios, and stays outside the canonical form.

    Raises
    ------
    MandateError
        Naming the constraint whose name is used twice, that names no or an unknown asset, whose
        limits cross, are absent or are not numbers, or whose penalty is not positive.

    Examples
    --------
    Weights that exceed a rule by no more than the tolerance obey it; others do not, not even a soft
    one.

    >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.0], [0.0, 0.01]])
    >>> ours = Mandate(a.labels, [fully_invested(), position_limit(0.6)])
    >>> {k: round(v, 9) for k, v in ours.violations(np.array([0.7, 0.2]), a).items()}
    {'fully invested': 0.1, 'position limit': 0.1}
    >>> [ours.allows(np.array([0.6 + x, 0.4 - x]), a) for x in (-0.1, 0.9e-7, 1.1e-7)]
    [True, True, False]
    >>> strict = Mandate(a.labels, ours.constraints, tolerance=0.0)
    >>> strict.allows(np.array([0.6000001, 0.3999999]), a)
    False
    >>> ours.violations(np.array([0.7, np.nan]), a)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: the weight of 'b' is nan: the solver's answer is no portfolio
    >>> ours.violations(np.array([0.7, 0.3]), a.select(["b", "a"]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: weights, assumptions and mandate must be over the same assets ...

    It goes on in ``mandate.md``.
    """

    labels: tuple[str, ...]
    constraints: tuple[Rule, ...]
    tolerance: float
    program: Program = field(repr=False)
    _written: dict[str, tuple[Rule, str]] = field(repr=False)

    def __init__(
        self, labels: Sequence[str], constraints: Sequence[Rule], *, tolerance: float = TOLERANCE
    ) -> None:
        self._make(labels, constraints, tolerance, None)

    def _make(
        self,
        labels: Sequence[str],
        constraints: Sequence[Rule],
        tolerance: float,
        known: Mandate | None,
    ) -> None:
        """Checks and compiles; rules of a known mandate over these labels were checked before."""
        object.__setattr__(self, "_written", {} if known is None else known._written)
        object.__setattr__(self, "labels", tuple(labels))
        object.__setattr__(self, "constraints", tuple(constraints))
        object.__setattr__(self, "tolerance", float(tolerance))
        if not 0 <= self.tolerance <= SLIGHT:
            raise MandateError(f"tolerance is {tolerance}: give a number from 0 to {SLIGHT:g}")
        if not self.labels or len(set(self.labels)) < len(self.labels):
            twice = sorted({a for a in self.labels if self.labels.count(a) > 1})
            raise MandateError(
                f"a mandate needs assets, each named once; given twice: "
                f"{', '.join(twice) or 'none'}"
            )
        names: set[str] = set()
        sound = set() if known is None else set(map(id, known.constraints))
        assets = set(self.labels)
        for c in self.constraints:
            if c.name in names:
                raise MandateError(f"two constraints are named {c.name!r}; give each its own name")
            names.add(c.name)
            if id(c) not in sound:
                check(c, assets)
        object.__setattr__(self, "program", self._compile(known))

    def _compile(self, known: Mandate | None) -> Program:
        """The program, gone on with from that of a known mandate whose rules come first here."""
        n = len(self.labels)
        before = () if known is None else known.constraints
        first = self.constraints[: len(before)]
        if known is None or list(map(id, first)) != list(map(id, before)):
            before, done = (), _nothing(n)
        else:
            done = known.program
        lower, upper = done.lower.copy(), done.upper.copy()
        lower_names, upper_names = list(done.lower_names), list(done.upper_names)
        rows: list[tuple[str, Row]] = []
        for c in self.constraints[len(before) :]:
            if c.penalty is not None:
                continue
            rows += [(c.name, row) for row in c.rows(self.labels)]
            sides = c.bounds(self.labels)
            if sides is None:
                continue
            for i in np.flatnonzero(sides[0] > lower):
                lower[i], lower_names[i] = sides[0][i], c.name
            for i in np.flatnonzero(sides[1] < upper):
                upper[i], upper_names[i] = sides[1][i], c.name
        return Program(
            lower,
            upper,
            np.concatenate([done.rows, np.reshape([row.coefficients for _, row in rows], (-1, n))]),
            np.concatenate([done.rows_lower, [row.lower for _, row in rows]]),
            np.concatenate([done.rows_upper, [row.upper for _, row in rows]]),
            (*done.row_names, *(name for name, _ in rows)),
            tuple(lower_names),
            tuple(upper_names),
        )

    @property
    def is_linear(self) -> bool:
        """Whether the program alone is the whole mandate: no distance and no soft constraint."""
        return all(c.LINEAR and c.penalty is None for c in self.constraints)

    def __getitem__(self, name: str) -> Rule:
        for c in self.constraints:
            if c.name == name:
                return c
        raise MandateError(
            f"no constraint {name!r}; there are {', '.join(repr(c.name) for c in self.constraints)}"
        )

    def without(self, *names: str) -> Mandate:
        """The mandate less the named constraints."""
        dropped = {self[name].name for name in names}
        return self._with([c for c in self.constraints if c.name not in dropped])

    def among(self, labels: Sequence[str]) -> Mandate:
        """The same rules over fewer assets, those left out held at zero.

        Raises MandateError for a floor towards which nothing is left to count.
        """
        fewer = [c.among(labels) for c in self.constraints]
        rules = [c for c in fewer if c is not None]
        return Mandate(labels, rules, tolerance=self.tolerance)

    def also(self, *constraints: Rule) -> Mandate:
        """The mandate and further constraints."""
        return self._with([*self.constraints, *constraints])

    def relaxed(self, amounts: Mapping[str, float]) -> Mandate:
        """The mandate with every limit of the named rules moved outward by an amount (inward if
        negative)."""
        moved = {name: self[name].relaxed(by) for name, by in amounts.items()}
        return self._with([moved.get(c.name, c) for c in self.constraints])

    def _with(self, constraints: Sequence[Rule]) -> Mandate:
        made = object.__new__(Mandate)
        made._make(self.labels, constraints, self.tolerance, self)
        return made

    @cached_property
    def canonical(self) -> str:
        """The mandate as strict JSON that reads the same for any two mandates that set the same
        rules.

        Assets and rules are sorted by name, a number meant for every asset is written out, and what
        says nothing (an infinite limit, a coefficient of zero) is left out. A clause is
        documentation and stays outside.
        """
        said = [self._said(c) for c in sorted(self.constraints, key=lambda c: c.name)]
        assets = json.dumps(sorted(self.labels))
        return f'{{"assets": {assets}, "rules": [{", ".join(said)}]}}'

    def _said(self, c: Rule) -> str:
        """A rule of the canonical form; mandates over the same labels share it."""
        if c.name not in self._written or self._written[c.name][0] is not c:
            told = {"kind": _word(type(c).__name__)}
            for key, value in vars(c).items():
                if key in c.PER_ASSET:
                    told[key] = self._by_asset(value, c.SILENT)
                elif key != "clause" and value not in (None, math.inf, -math.inf):
                    told[key] = _digits(value) if type(value) is float else _word(value)
            parts = ", ".join([f'"{key}": {told[key]}' for key in sorted(told)])
            self._written[c.name] = c, f"{{{parts}}}"
        return self._written[c.name][1]

    def _by_asset(self, values: Values | None, silent: Sequence[float]) -> str:
        """Numbers by asset, sorted by asset, without those that say nothing."""
        if values is None or isinstance(values, float):
            values = dict.fromkeys(self.labels, 1.0 if values is None else values)
        parts = [
            key + _digits(x)
            for asset, key in self._keys
            if (x := values.get(asset)) is not None and x not in silent
        ]
        return f"{{{', '.join(parts)}}}"

    @cached_property
    def _keys(self) -> list[tuple[str, str]]:
        """The assets, sorted, and how JSON writes each as a key."""
        return [(asset, f"{_word(asset)}: ") for asset in sorted(self.labels)]

    def to_json(self) -> dict[str, Any]:
        """The labels and the rules, each by kind, as strict JSON can hold them (schema ``rules``);
        `from_json` takes them back. What is not limited is left out."""
        rules = [{"kind": type(c).__name__} | _limited(vars(c)) for c in self.constraints]
        return {"labels": list(self.labels), "tolerance": self.tolerance, "rules": rules}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Mandate:
        """The mandate that `to_json` wrote, or that somebody sends; MandateError by rule.

        Examples
        --------
        >>> from portlib.construction.mandate.rules import fully_invested, position_limit
        >>> ours = Mandate(["a", "b"], [fully_invested(), position_limit(0.6)])
        >>> Mandate.from_json(ours.to_json()).fingerprint == ours.fingerprint
        True

        >>> sent = ours.to_json()
        >>> sent["rules"][1]
        {'kind': 'Bounds', 'name': 'position limit', 'unit': 'weight', 'clause': '', 'upper': 0.6}
        >>> sent["labels"], sent["tolerance"]
        (['a', 'b'], 1e-07)
        >>> Mandate.from_json(sent | {"tolerance": 0.0}).tolerance
        0.0
        """
        among("part of a mandate", ("labels", "rules"), content, error=MandateError)
        rules = [stated_in(rule) for rule in content["rules"]]
        return cls(content["labels"], rules, tolerance=content.get("tolerance", TOLERANCE))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def table(self) -> pd.DataFrame:
        """One row a limit: the rule, what it limits, lower, upper, unit, hard or soft, and the
        clause it comes from."""
        lines: list[tuple[object, ...]] = []
        for c in self.constraints:
            force = "hard" if c.penalty is None else f"soft, {c.penalty:g} per unit"
            limits = c.lines(self.labels)
            lines += [
                (c.name, what, *limit, c.unit, force, c.clause) for what, limit in limits.items()
            ]
        return pd.DataFrame(
            lines, columns=["rule", "limits", "lower", "upper", "unit", "force", "clause"]
        )

    def violations(self, w: Array, assumptions: Assumptions) -> dict[str, float]:
        """How far weights exceed each constraint; zero where it is obeyed.

        Written from the definitions, not from `program`, so that it checks the solver's arrays too;
        soft rules are measured like hard ones.

        Parameters
        ----------
        w : array (n,)
            Weights, in the order of the labels.
        assumptions : Assumptions
            Over the same labels; the covariance measures tracking errors.

        Returns
        -------
        dict
            By constraint name, in the constraint's unit.

        Raises
        ------
        MandateError
            For weights that are not numbers, which obey nothing, and for other assets.
        """
        weight = self._weight(w, assumptions)
        return {c.name: max(0.0, c.excess(weight, assumptions)) for c in self.constraints}

    def allows(self, w: Array, assumptions: Assumptions) -> bool:
        """Whether weights exceed no constraint, soft ones as little as hard ones, by more than the
        tolerance: `violations`, as far as the first that says no."""
        weight = self._weight(w, assumptions)
        return all(c.excess(weight, assumptions) <= self.tolerance for c in self.constraints)

    def _weight(self, w: Array, assumptions: Assumptions) -> dict[str, float]:
        if assumptions.labels != self.labels or np.shape(w) != (len(self.labels),):
            raise MandateError(
                "weights, assumptions and mandate must be over the same assets in the same order"
            )
        weight = dict(zip(self.labels, np.asarray(w, float).tolist(), strict=True))
        for asset, held in weight.items():
            if not math.isfinite(held):
                raise MandateError(
                    f"the weight of {asset!r} is {held}: the solver's answer is no portfolio"
                )
        return weight


def _limited(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule says, without what is absent or has no end, also within a mapping."""
    told = {
        key: _limited(value) if isinstance(value, Mapping) else value
        for key, value in said.items()
        if value not in (None, math.inf, -math.inf)
    }
    return {key: value for key, value in told.items() if value != {}}


def _nothing(n: int) -> Program:
    """The program of no rule over n assets."""
    names = ("",) * n
    none = np.zeros(0)
    limits = np.full(n, -np.inf), np.full(n, np.inf)
    return Program(*limits, np.zeros((0, n)), none, none, (), names, names)


def of_policy(policy: Policy, labels: Sequence[str], *, posture: str | None = None) -> Mandate:
    """The committee's limits on a portfolio of asset classes: no short position, none above its
    cap.

    Parameters
    ----------
    policy : Policy
        ``max_single_fund``, ``small_equity_cap`` and ``high_yield_cap``; for a posture,
        ``equity_floor`` and ``equity_ceiling`` on ``equity_classes``; ``mandate_tolerance``.
    labels : sequence of str
        The classes, by the survey's names; a cap on a class that is not among them is left out.
    posture : str, optional
        Whose equity band holds.

    Raises
    ------
    MandateError
        For a posture that the policy does not have.

    Examples
    --------
    The rule of each entry, with the clause that it comes from; of a posture, its equity band.

    >>> from portlib.policy import read
    >>> ours = read().replace(max_single_fund=0.45, small_equity_cap=0.08, high_yield_cap=0.06)
    >>> labels = ["cash", "us_small_equity", "us_high_yield", "us_large_equity"]
    >>> found = of_policy(ours, labels, posture="moderate")
    >>> [(c.name, c.clause) for c in found.constraints][2:4]
    [('single fund', 'policy: max_single_fund'), ('small company cap', 'policy: small_equity_cap')]
    >>> found["single fund"].upper, found["small company cap"].upper, found["high yield cap"].upper
    (0.45, {'us_small_equity': 0.08}, {'us_high_yield': 0.06})
    >>> band = found["equity band"]
    >>> sorted(band.coefficients), band.lower == ours["equity_floor"]["moderate"]
    (['us_large_equity', 'us_small_equity'], True)
    >>> band.upper == ours["equity_ceiling"]["moderate"]
    True
    >>> found.tolerance == ours["mandate_tolerance"]
    True
    >>> [c.name for c in of_policy(ours, ["cash", "us_large_equity"]).constraints]
    ['fully invested', 'long only', 'single fund']
    >>> of_policy(ours, labels, posture="bold")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: no posture 'bold'; there are conservative, ...

    It goes on in ``mandate.md``.
    """
    rules: list[Rule] = [
        fully_invested().under("plan: accounts hold funds, paid in full"),
        long_only().under("plan: accounts cannot borrow or sell short"),
        position_limit(policy["max_single_fund"], name="single fund").under(
            "policy: max_single_fund"
        ),
    ]
    for name, asset, entry in CAPS:
        capped = [label for label in policy.called(asset) if label in labels]
        if capped:
            rule = group_limit(name, capped, upper=policy[entry])
            alone = Bounds(name, upper=dict.fromkeys(capped, policy[entry]))
            rules.append((alone if len(capped) == 1 else rule).under(f"policy: {entry}"))
    if posture is not None:
        floors = policy["equity_floor"]
        ceilings = policy["equity_ceiling"]
        among("posture", [posture], floors, error=MandateError)
        held = [label for label in labels if label in policy["equity_classes"]]
        band = group_limit("equity band", held, lower=floors[posture], upper=ceilings[posture])
        rules.append(band.under("policy: equity_floor, equity_ceiling"))
    return Mandate(labels, rules, tolerance=policy["mandate_tolerance"])
