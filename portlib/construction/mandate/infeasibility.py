"""Which rules cannot hold together, and how little must give way?

    minimise  sum_c t_c / scale_c   subject to   rule c with its limits moved outward by t_c >= 0

The same programme with some of the t_c held at zero says which rules conflict: of those named,
any smaller part can hold.
Left out: whether a rule is wise; the least change is a distance, not advice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from portlib.construction.mandate.mandate import SLIGHT, Mandate, Program
from portlib.construction.mandate.rules import Risk, Rule
from portlib.records import Array, Assumptions

if TYPE_CHECKING:
    import highspy

#: Cures, and sets of names that could touch them, up to which a smallest conflict is looked for; a
#: plan's mandate takes some 7 to 16 cures.
CURES, LISTED = 40, 40_000


class _Found(NamedTuple):
    """What `Infeasible` says."""

    conflict: tuple[str, ...]
    relaxation: dict[str, float]
    units: dict[str, str]


class Infeasible(ValueError):
    """No portfolio obeys the mandate.

    Examples
    --------
    Of a mandate that is known to allow nothing, both are looked for once they are read:

    >>> from portlib.construction.mandate.rules import fully_invested, position_limit
    >>> a = Assumptions(("a", "b"), [0.05, 0.05], np.diag([0.04, 0.01]))
    >>> found = Infeasible.of(Mandate(a.labels, [fully_invested(), position_limit(0.4)]), a)
    >>> found.conflict, {name: round(by, 6) for name, by in found.relaxation.items()}
    (('fully invested', 'position limit'), {'position limit': 0.1})

    It goes on in ``infeasibility.md``.
    """

    _asked: tuple[Mandate, Assumptions]

    def __init__(
        self,
        conflict: Sequence[str],
        relaxation: Mapping[str, float],
        units: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self._found = _Found(tuple(conflict), dict(relaxation), dict(units or {}))

    @classmethod
    def of(cls, mandate: Mandate, assumptions: Assumptions) -> Infeasible:
        """Of a mandate that is known to allow nothing (`refuted`); `diagnose` is asked why once
        somebody reads it, since who goes on to something else need not wait."""
        made = cls.__new__(cls)
        made._asked = mandate, assumptions
        return made

    @cached_property
    def _found(self) -> _Found:
        told = diagnose(*self._asked)
        if told is not None:
            return told._found
        # Refused by less than what `diagnose` takes for nothing: all rules, and no cure.
        hard = [rule.name for rule in self._asked[0].constraints if rule.penalty is None]
        return _Found(tuple(hard), {}, {})

    @property
    def conflict(self) -> tuple[str, ...]:
        """Names of constraints that cannot hold together, and of which any smaller part can."""
        return self._found.conflict

    @property
    def relaxation(self) -> dict[str, float]:
        """By constraint name, the least change of limits that would let a portfolio exist, in the
        constraint's unit."""
        return self._found.relaxation

    def __str__(self) -> str:
        units = self._found.units
        cure = "; ".join(
            f"relax {k!r} by {v:.4g} {units.get(k, '')}".rstrip()
            for k, v in self.relaxation.items()
        )
        return (
            f"no portfolio obeys {', '.join(map(repr, self.conflict))} together. Least cure: "
            f"{cure or 'a change too small to be named'}."
        )

    def __reduce__(self) -> tuple[type[Infeasible], _Found]:
        return Infeasible, self._found


def diagnose(
    mandate: Mandate,
    assumptions: Assumptions,
    *,
    fixed: Collection[str] = ("fully invested", "long only"),
) -> Infeasible | None:
    """Which hard rules conflict, and what would cure it; ``None`` when some portfolio obeys them
    all.

    The conflict is a smallest one; of several, the first by name. Where too many cures would have
    to be found for that, it is one of which any smaller part can hold. Every cure moves some rule
    of every conflict, so a smallest set of rules that touches all cures found so far either
    conflicts or, held fast, reveals another cure (Ignatiev, Previti, Liffiton and Marques-Silva,
    2015). The relaxation has the least sum of changes: one change for all limits of a rule, divided
    by the rule's largest coefficient (tracking error: by the largest volatility) so that weights,
    scores and volatilities count alike; where several tie, one is given, whatever the order of
    rules and assets.

    Parameters
    ----------
    mandate : Mandate
        Soft rules never conflict.
    assumptions : Assumptions
        Over the mandate's labels; the covariance measures tracking errors.
    fixed : collection of str
        Rules that the relaxation spares if it can.

    Returns
    -------
    Infeasible or None
        To be raised or read.

    Examples
    --------
    No more than 40% of each of three, and a score of 5.5: 0.4 of 7, 4 and 1 are 4.8, and of a
    whole 4.6.
    Limits of 0.5 would do (0.5 of 7 and of 4), a smaller change than 0.9 of a score that goes to 7.

    >>> from portlib.construction.mandate.rules import (
    ...     Limit, Turnover, fully_invested, group_limit, long_only, position_limit, score_floor,
    ...     volatility_limit,
    ... )
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.04, 0.01, 0.09]))
    >>> score = score_floor("score", {"c": 1.0, "a": 7.0, "b": 4.0}, 5.5)
    >>> rules = [score, long_only(), fully_invested(), position_limit(0.4)]
    >>> found = diagnose(Mandate(a.labels, rules), a)
    >>> found.conflict, {name: round(by, 6) for name, by in found.relaxation.items()}
    (('score', 'position limit'), {'position limit': 0.1})
    >>> print(str(found).replace("together. ", "together.\\n"))
    no portfolio obeys 'score', 'position limit' together.
    Least cure: relax 'position limit' by 0.1 weight.
    >>> held = diagnose(Mandate(a.labels, rules), a, fixed=["position limit"])
    >>> {name: round(by, 6) for name, by in held.relaxation.items()}
    {'score': 0.9}
    >>> diagnose(Mandate(a.labels, [*rules[1:], score.relaxed(0.9)]), a) is None
    True
    >>> diagnose(Mandate(a.labels, [*rules[1:], score.soft(0.01)]), a) is None
    True

    It goes on in ``infeasibility.md``.
    """
    order = [c.name for c in mandate.constraints]
    changes = _Changes(mandate, assumptions)
    cure = changes.least(fixed) or changes.least(())
    if not cure:
        return None
    conflict = _smallest(changes, cure) or _irreducible(changes)
    units = {name: mandate[name].unit for name in cure}
    return Infeasible(
        sorted(conflict, key=order.index), {k: cure[k] for k in order if k in cure}, units
    )


def lone_cures(mandate: Mandate, assumptions: Assumptions) -> dict[str, float]:
    """By name, how far a hard rule must give way if it alone may; a rule that cannot cure the
    mandate is left out.

    Parameters
    ----------
    mandate : Mandate
        That no portfolio obeys.
    assumptions : Assumptions
        Over the mandate's labels.

    Returns
    -------
    dict
        Amounts in each rule's own unit.

    Examples
    --------
    Of three rules that conflict the budget cannot cure alone: more than a whole would still not
    reach a score of 5.5 with 40% of each.

    >>> from portlib.construction.mandate.rules import (
    ...     fully_invested, long_only, position_limit, score_floor,
    ... )
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.04, 0.01, 0.09]))
    >>> score = score_floor("score", {"c": 1.0, "a": 7.0, "b": 4.0}, 5.5)
    >>> rules = [score, long_only(), fully_invested(), position_limit(0.4)]
    >>> alone = lone_cures(Mandate(a.labels, rules), a)
    >>> {name: round(by, 6) for name, by in alone.items()}
    {'score': 0.9, 'position limit': 0.1}
    """
    changes = _Changes(mandate, assumptions)
    hard = [c.name for c in mandate.constraints if c.penalty is None]
    alone = {name: changes.least([other for other in hard if other != name]) for name in hard}
    return {name: change[name] for name, change in alone.items() if change}


class _Changes:
    """The least changes of a mandate's hard rules that admit a portfolio; in the order of names,
    so that an answer does not depend on the order of rules and assets."""

    def __init__(self, mandate: Mandate, assumptions: Assumptions) -> None:
        labels = sorted(mandate.labels)
        hard = [c for c in mandate.constraints if c.penalty is None]
        rules = sorted(hard, key=lambda c: c.name)
        self.names = [c.name for c in rules]
        self._scale = np.array([c.scale(assumptions) for c in rules])
        if all(c.LINEAR for c in rules):
            self._asked: _Linear | _Conic = _Linear(rules, mandate.labels, self._scale)
        else:
            self._asked = _Conic(rules, labels, assumptions.select(labels), self._scale)

    def least(self, held: Collection[str]) -> dict[str, float] | None:
        """By name, those of least sum; ``None`` if the rules `held` fast admit no portfolio."""
        fast = np.array([name in held for name in self.names], dtype=bool)
        change = self._asked.least(fast)
        if change is None:
            return None
        return {
            name: float(t)
            for name, t, s in zip(self.names, change, self._scale, strict=True)
            if t > SLIGHT * s
        }


def possible(p: Program) -> bool:
    """Whether any weights obey these limits and bounds; ValueError where no solver can tell.

    Examples
    --------
    >>> from portlib.construction.mandate.rules import fully_invested, position_limit
    >>> two = Mandate(["a", "b"], [fully_invested(), position_limit(0.4)])
    >>> possible(two.program), possible(two.without("position limit").program)
    (False, True)
    >>> from portlib.construction.mandate.rules import group_limit, long_only
    >>> floors = [group_limit("a", ["a"], lower=0.6), group_limit("b", ["b"], lower=0.5)]
    >>> rules = [fully_invested(), long_only(), *floors]
    >>> [possible(Mandate("ab", given).program) for given in (rules, rules[:3], rules[1:])]
    [False, True, True]
    >>> most = group_limit("both", ["a", "b"], upper=1.05)
    >>> [possible(Mandate("ab", [*rules[1:], one]).program) for one in (most, most.relaxed(0.1))]
    [False, True]

    It goes on in ``infeasibility.md``.
    """
    import highspy

    nothing = np.zeros(len(p.lower))
    limits = p.rows_lower, p.rows_upper
    solver = _programme(nothing, (p.lower, p.upper), p.rows, limits)
    solver.run()
    status = solver.getModelStatus()
    if status not in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kOptimal):
        raise _undecided(status)
    return bool(status == highspy.HighsModelStatus.kOptimal)


def refuted(p: Program, y: Array) -> bool:
    """Whether multipliers of the rows prove that no weights obey a program, by more than what
    `diagnose` takes for nothing: together the rows ask for more than weights between the bounds can
    give (Farkas 1902).

    Parameters
    ----------
    p : Program
        Of m rows.
    y : array (m,)
        Above zero where a row asks for more, below where for less.

    Returns
    -------
    bool

    Examples
    --------
    Two that may be 0.4 each are 0.8, not a whole; two of 0.5 are, and what is missing at
    0.4999995 is too little to say so. Without limits on weights, a row proves nothing.

    >>> from portlib.construction.mandate.rules import fully_invested, long_only, position_limit
    >>> def programme(most):
    ...     return Mandate("ab", [fully_invested(), long_only(), position_limit(most)]).program
    >>> [refuted(programme(most), np.array([1.0])) for most in (0.4, 0.5 - 5e-7, 0.5)]
    [True, False, False]
    >>> refuted(programme(0.4), np.array([-1.0])), refuted(programme(0.4), np.array([0.0]))
    (False, False)
    >>> unbounded = Mandate("ab", [fully_invested()]).program
    >>> refuted(unbounded, np.array([1.0]))
    False

    A floor asks for more, a cap for less; on its other side a row has no limit, and is not heard.

    >>> from portlib.construction.mandate.rules import Bounds, group_limit
    >>> floor, cap = group_limit("floor", "a", lower=0.5), group_limit("cap", "b", upper=0.2)
    >>> p = Mandate("ab", [floor, cap, Bounds("held", 0.3, 0.4)]).program
    >>> [refuted(p, np.array(y)) for y in ([1.0, 0.0], [0.0, -1.0], [-1.0, 0.0], [0.0, 1.0])]
    [True, True, False, False]
    >>> refuted(p, np.array([1.0, 1.0])), refuted(p, np.array([-1.0, -1.0]))
    (True, True)

    It goes on in ``infeasibility.md``.
    """
    limit = np.where(y > 0, p.rows_lower, p.rows_upper)
    heard = np.isfinite(limit) & (y != 0)
    y, limit, rows = y[heard], limit[heard], p.rows[heard]
    together = y @ rows
    counts = together != 0
    most = np.where(together > 0, p.upper, p.lower)
    given = together[counts] @ most[counts]
    slight = SLIGHT * (np.abs(y) @ np.abs(rows).max(axis=1, initial=1.0) + np.abs(together).sum())
    return bool(y @ limit - given > slight)


def _programme(
    cost: Array, bounds: tuple[Array, Array], rows: Array, limits: tuple[Array, Array]
) -> highspy.Highs:
    """A linear programme, to be solved by HiGHS: columns between bounds, rows between limits."""
    import highspy

    many, n = rows.shape
    row, column = rows.nonzero()
    starts = np.searchsorted(row, np.arange(many))
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.addVars(n, *bounds)
    solver.changeColsCost(n, np.arange(n, dtype=np.int32), cost)
    solver.addRows(many, *limits, len(row), starts, column, rows[row, column])
    return solver


class _Linear:
    """A linear programme of the changes (rules,) and the weights, by HiGHS, which goes on from its
    last answer when other rules are held."""

    def __init__(self, rules: Sequence[Rule], labels: Sequence[str], scale: Array) -> None:
        m, n = len(rules), len(labels)
        owners: list[int] = []
        held: list[Array] = []
        sides: list[tuple[float, float]] = []
        order = sorted(range(n), key=labels.__getitem__)
        each = np.eye(n)[order]
        for j, rule in enumerate(rules):
            for row in rule.rows(labels):
                owners.append(j)
                held.append(row.coefficients[None])
                sides.append((-row.lower, row.upper))
            if (bounds := rule.bounds(labels)) is not None:
                owners += [j] * n
                held.append(each)
                sides += np.column_stack([-bounds[0], bounds[1]])[order].tolist()
        # of every side two rows, -a'w <= -lower and a'w <= upper, as far as there is a limit
        limits = np.array(sides).ravel()
        kept = limits < np.inf
        rows = np.zeros((len(limits), m + n))
        rows[::2, m:] = -np.concatenate(held)[:, order]
        rows[1::2, m:] = -rows[::2, m:]
        rows[np.arange(len(limits)), np.repeat(owners, 2)] = -1.0
        top = limits[kept]
        self._rules = np.arange(m, dtype=np.int32)
        self._solver = _programme(
            np.concatenate([1 / scale, np.zeros(n)]),
            (np.concatenate([np.zeros(m), np.full(n, -np.inf)]), np.full(m + n, np.inf)),
            rows[kept],
            (np.full(len(top), -np.inf), top),
        )

    def least(self, fast: NDArray[np.bool_]) -> Array | None:
        """The changes; None where nothing is feasible while the rules at `fast` stay."""
        import highspy

        m = len(fast)
        top = np.where(fast, 0.0, np.inf)
        self._solver.changeColsBounds(m, self._rules, np.zeros(m), top)
        self._solver.run()
        status = self._solver.getModelStatus()
        if status not in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kOptimal):
            # on from its last answer it may lose its way: once more, from none
            self._solver.clearSolver()
            self._solver.run()
            status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise _undecided(status)
        return np.array(self._solver.getSolution().col_value[:m])


class _Conic:
    """The same in cvxpy, where distances are among the rules."""

    def __init__(
        self,
        rules: Sequence[Rule],
        labels: Sequence[str],
        assumptions: Assumptions,
        scale: Array,
    ) -> None:
        import cvxpy as cp

        w = cp.Variable(len(labels))
        risk = Risk.of(assumptions)
        self._change = cp.Variable(len(rules), nonneg=True)
        self._fast = cp.Parameter(len(rules), nonneg=True)
        obeyed = [cp.multiply(self._fast, self._change) == 0]
        for j, c in enumerate(rules):
            obeyed += c.stated(w, 1.0, self._change[j], risk, labels)
        self._problem = cp.Problem(cp.Minimize(self._change @ (1 / scale)), obeyed)
        self._solver = cp.CLARABEL if any(c.USES_RISK for c in rules) else cp.HIGHS

    def least(self, fast: NDArray[np.bool_]) -> Array | None:
        """As in `_Linear`."""
        import cvxpy as cp

        self._fast.value = fast.astype(float)
        unscaled = {"solver": cp.CLARABEL, "equilibrate_enable": False}
        for how in ({"solver": self._solver}, unscaled):  # it may lose its way: once more, unscaled
            try:
                self._problem.solve(**how)
            except cp.SolverError as stopped:  # what the problem says then is of the time before
                told = str(stopped)
                continue
            told = self._problem.status
            if told == cp.INFEASIBLE:
                return None
            if told == cp.OPTIMAL:
                return np.asarray(self._change.value)
        raise _undecided(told)


def _undecided(told: object) -> ValueError:
    return ValueError(
        f"no solver could tell whether any portfolio obeys the mandate ({told}); look for limits "
        "whose numbers are far larger or smaller than the others'"
    )


def _smallest(changes: _Changes, cure: Collection[str]) -> Sequence[str] | None:
    """A smallest conflict, of several the first by name; None where it would take too long."""
    cures: list[Collection[str]] = []
    another: Collection[str] | None = cure
    touching: Sequence[str] | None = ()
    while another:
        cures.append(list(another))
        touching = _touching(cures, len(touching or ())) if len(cures) <= CURES else None
        another = None if touching is None else changes.least(touching)
    return touching


def _irreducible(changes: _Changes) -> list[str]:
    """A conflict of which any smaller part can hold: rules leave, the last by name first, as long
    as the others conflict (a deletion filter)."""
    kept = list(changes.names)
    for name in reversed(changes.names):
        others = [other for other in kept if other != name]
        if changes.least(others) is None:
            kept = others
    return kept


def _touching(cures: Sequence[Collection[str]], least: int) -> Sequence[str] | None:
    """The first by name of the smallest sets that touch every cure, of which none has fewer names
    than `least`; None where too many would be to list."""
    most = max(map(len, cures))
    size = max(least, 1)
    while most**size <= LISTED:
        if found := _within(cures, size):
            return min(found)
        size += 1
    return None


def _within(cures: Sequence[Collection[str]], size: int) -> set[tuple[str, ...]]:
    """All sets of at most `size` names that touch every cure and of which no name is idle."""
    if not cures:
        return {()}
    if size == 0:
        return set()
    found = set()
    for name in min(cures, key=len):
        rest = _within([cure for cure in cures if name not in cure], size - 1)
        found |= {tuple(sorted((name, *others))) for others in rest}
    return found
