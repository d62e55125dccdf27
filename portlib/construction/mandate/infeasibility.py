"""Which rules cannot hold together, and how little must give way?

    minimise  sum_c t_c / scale_c   subject to   rule c with its limits moved outward by t_c >= 0

The same programme with some of the t_c held at zero says which rules conflict: of those named,
any smaller part can hold.
Left out: whether a rule is wise; the least change is a distance, not advice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from portlib.construction.mandate.mandate import SLIGHT, Mandate
from portlib.construction.mandate.rules import Risk, Rule
from portlib.records import Array, Assumptions


class Infeasible(ValueError):
    """No portfolio obeys the mandate.

    Attributes
    ----------
    conflict : tuple of str
        Names of constraints that cannot hold together, and of which any smaller part can.
    relaxation : mapping
        By constraint name, the least change of limits that would let a portfolio exist, in the
        constraint's unit.
    """

    def __init__(
        self,
        conflict: Sequence[str],
        relaxation: Mapping[str, float],
        units: Mapping[str, str] | None = None,
    ) -> None:
        self.conflict, self.relaxation, units = tuple(conflict), dict(relaxation), units or {}
        cure = "; ".join(
            f"relax {k!r} by {v:.4g} {units.get(k, '')}".rstrip() for k, v in relaxation.items()
        )
        super().__init__(
            f"no portfolio obeys {', '.join(map(repr, self.conflict))} together. Least cure: "
            f"{cure}."
        )


def diagnose(
    mandate: Mandate,
    assumptions: Assumptions,
    *,
    fixed: Collection[str] = ("fully invested", "long only"),
) -> Infeasible | None:
    """Which hard rules conflict, and what would cure it; ``None`` when some portfolio obeys them
    all.

    The conflict is a smallest one. Every cure moves some rule of every conflict, so a smallest set
    of rules that touches all cures found so far either conflicts or, held fast, reveals another
    cure (Ignatiev, Previti, Liffiton and Marques-Silva, 2015). The relaxation has the least sum of
    changes: one change for all limits of a rule, divided by the rule's largest coefficient
    (tracking error: by the largest volatility) so that weights, scores and volatilities count
    alike. Where several tie, one is given, whatever the order of rules and assets.

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
    Two assets of at most 40% each cannot make a whole.

    >>> from portlib.construction.mandate.rules import fully_invested, position_limit
    >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.0], [0.0, 0.04]])
    >>> found = diagnose(Mandate(a.labels, [fully_invested(), position_limit(0.4)]), a)
    >>> found.conflict, {name: round(by, 9) for name, by in found.relaxation.items()}
    (('fully invested', 'position limit'), {'position limit': 0.1})
    """
    from scipy import optimize

    order = [c.name for c in mandate.constraints]
    mandate = Mandate(sorted(mandate.labels), sorted(mandate.constraints, key=lambda c: c.name))
    assumptions = assumptions.select(mandate.labels)
    cure = _least_change(mandate, assumptions, fixed) or _least_change(mandate, assumptions, ())
    if not cure:
        return None
    hard = [c.name for c in mandate.constraints if c.penalty is None]
    conflict = hard
    cures = []
    another: dict[str, float] | None = cure
    while another:
        cures.append([float(name in another) for name in hard])
        touch = optimize.LinearConstraint(np.array(cures), lb=1)
        each = np.ones(len(hard))
        whole = np.ones(len(hard), dtype=np.int64)
        chosen = optimize.milp(
            each, integrality=whole, bounds=optimize.Bounds(0, 1), constraints=touch
        )
        conflict = [name for name, x in zip(hard, np.asarray(chosen.x), strict=True) if x > 0.5]
        another = _least_change(mandate, assumptions, conflict)
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
    """
    hard = [c.name for c in mandate.constraints if c.penalty is None]
    alone = {
        name: _least_change(mandate, assumptions, [other for other in hard if other != name])
        for name in hard
    }
    return {name: change[name] for name, change in alone.items() if change}


def _least_change(
    mandate: Mandate, assumptions: Assumptions, held: Collection[str]
) -> dict[str, float] | None:
    """By name, the changes of least sum that admit a portfolio; ``None`` if the rules `held` fast
    admit none."""
    rules = [c for c in mandate.constraints if c.penalty is None]
    scale = np.array([c.scale(assumptions) for c in rules])
    fast = [j for j, c in enumerate(rules) if c.name in held]
    if all(c.LINEAR for c in rules):
        change = _least_linear(rules, mandate.labels, scale, fast)
    else:
        change = _least_conic(rules, mandate.labels, assumptions, scale, fast)
    if change is None:
        return None
    return {
        c.name: float(t) for c, t, s in zip(rules, change, scale, strict=True) if t > SLIGHT * s
    }


def _least_linear(
    rules: Sequence[Rule], labels: Sequence[str], scale: Array, fast: Sequence[int]
) -> Array | None:
    """The changes (rules,) as a linear programme of changes and weights, by HiGHS; None where
    nothing is feasible while the rules at `fast` stay."""
    import highspy
    from scipy import sparse

    m, n = len(rules), len(labels)
    still = np.zeros((len(fast), m + n))
    still[np.arange(len(fast)), fast] = 1.0
    blocks = [still]
    tops = [np.zeros(len(fast))]
    for j, rule in enumerate(rules):
        rows = rule.rows(labels)
        sides = [(np.array([r.coefficients]), np.array(r[1:2]), np.array(r[2:])) for r in rows]
        if (bounds := rule.bounds(labels)) is not None:
            sides.append((np.eye(n), *bounds))
        for held, low, high in sides:
            for sign, limit in ((-1.0, low), (1.0, high)):
                there = np.isfinite(limit)
                moved = np.zeros((there.sum(), m))
                moved[:, j] = -1.0
                blocks.append(np.hstack([moved, sign * held[there]]))
                tops.append(sign * limit[there])
    matrix = sparse.csc_array(np.vstack(blocks))
    top = np.concatenate(tops)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = m + n, len(top)
    lp.col_cost_ = np.concatenate([1 / scale, np.zeros(n)])
    lp.col_lower_ = np.concatenate([np.zeros(m), np.full(n, -np.inf)])
    lp.col_upper_ = np.full(m + n, np.inf)
    lp.row_lower_ = np.where(np.arange(len(top)) < len(fast), top, -np.inf)
    lp.row_upper_ = top
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = matrix.indptr
    lp.a_matrix_.index_ = matrix.indices
    lp.a_matrix_.value_ = matrix.data
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(lp)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS could not tell whether the mandate admits a portfolio: {status}")
    return np.array(solver.getSolution().col_value[:m])


def _least_conic(
    rules: Sequence[Rule],
    labels: Sequence[str],
    assumptions: Assumptions,
    scale: Array,
    fast: Sequence[int],
) -> Array | None:
    """The same in cvxpy, where distances are among the rules."""
    import cvxpy as cp

    w = cp.Variable(len(labels))
    change = cp.Variable(len(rules), nonneg=True)
    risk = Risk.of(assumptions)
    obeyed = [change[j] == 0 for j in fast]
    for j, c in enumerate(rules):
        obeyed += c.stated(w, 1.0, change[j], risk, labels)
    solver = cp.CLARABEL if any(c.USES_RISK for c in rules) else cp.HIGHS
    problem = cp.Problem(cp.Minimize(change @ (1 / scale)), obeyed)
    problem.solve(solver=solver)
    if problem.status in (cp.INFEASIBLE, cp.INFEASIBLE_INACCURATE):
        return None
    if change.value is None:
        raise RuntimeError(
            f"{solver} could not tell whether the mandate admits a portfolio: {problem.status}"
        )
    return np.asarray(change.value)
