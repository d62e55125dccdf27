"""Which weights are best under a mandate, who says so, and what does each rule cost?

    minimise   w'sigma w / 2 - lambda mu'w     over the w that the mandate allows          (lambda =
    trade-off = 1/A)

Limits and bounds go to an exchange of active sets, which ends with a certificate (the
Karush-Kuhn-Tucker conditions) or gives way to piqp's interior point, which begins where limits are
many; the critical line repeats it
from corner to corner for all lambda, or gives way to cvxcla. Distances and soft rules go to cvxpy.
Whoever solved it, weights are compared with the mandate's own definitions before an `Allocation` is
made. The postures are in `mean_variance`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.construction.mandate.infeasibility import Infeasible, diagnose, refuted
from portlib.construction.mandate.mandate import Program
from portlib.construction.mandate.rules import Risk
from portlib.records import ROUNDING, Allocation, Array, Assumptions, AssumptionsError, Status

if TYPE_CHECKING:
    import cvxpy as cp

#: Relative size below which a multiplier or a slack is zero: a few thousand roundings of double
#: precision.
TIE = 1e-12
#: Exchanges settle in about ten rounds or cycle; after this many the interior point begins.
ROUNDS = 25
#: Limits beyond which the interior point begins: of 200 menus under some 20 limits, the exchange
#: settled for 11 from a cold start, and for nine in ten of the others from the interior point's
#: active set.
FEW_LIMITS = 6
#: Tolerances of the interior point, and rounds that each may take: ten to fifteen do, and where no
#: portfolio is allowed none are enough, so that the first are few. The last is for a singular
#: sigma, whose last digits do not settle.
INTERIOR = ((1e-11, 20), (1e-11, 50), (1e-9, 250))
#: How exactly Clarabel is asked, and whether it may scale: first for more than it asks of itself,
#: then for that, then unscaled, on which it may find its way. What is inaccurate still is refused.
CONIC = ((1e-10, True), (1e-9, True), (1e-8, True), (1e-8, False))
#: Step past a corner, relative to the natural unit of lambda, at which the next segment is
#: certified.
STEP = 1e-9
#: How far the two segments at a corner may lie apart in weights, and a corner miss an optimality
#: condition.
SURE = 1e-7
#: Assets held at the start of the exchange, and the fewest that may join in one round: small
#: systems solve fastest.
HELD = 30
#: Assets held from which on the conditions are solved by Cholesky, in half the work of an LU.
MANY = 64
#: Where more than this share of the assets not held want to be, all of them join at once.
MOST = 0.9


class Solution(NamedTuple):
    """Weights (n,), row multipliers (m,) and bound multipliers (n,): ``sigma w - c = rows'y + z``.

    `at` (n,) and `on` (m,) say where they stand: -1 at the lower limit, 0 between, 1 at the upper;
    empty if uncertain.
    """

    w: Array
    y: Array
    z: Array
    at: Array
    on: Array


class NotSolved(ValueError):
    """A solver gave no answer, or one that breaks the mandate; the message names the solver and the
    constraint."""


def default_mandate(assumptions: Assumptions, mandate: Mandate | None) -> Mandate:
    """The mandate, or fully invested and long only where there is none.

    Parameters
    ----------
    assumptions : Assumptions
        Whose labels the mandate must have, in the same order.
    mandate : Mandate or None

    Returns
    -------
    Mandate

    Raises
    ------
    AssumptionsError
        Where labels differ.

    Examples
    --------
    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> [rule.name for rule in default_mandate(a, None).constraints]
    ['fully invested', 'long only']
    >>> default_mandate(a, Mandate(("b", "a"), [fully_invested()]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...AssumptionsError: mandate and assumptions must have the same labels in the same ...

    It goes on in ``engines.md``.
    """
    if mandate is None:
        return _plain(assumptions.labels)
    if mandate.labels != assumptions.labels:
        raise AssumptionsError(
            "mandate and assumptions must have the same labels in the same order: "
            f"{', '.join(mandate.labels)} against {', '.join(assumptions.labels)}"
        )
    return mandate


@lru_cache(maxsize=8)
def _plain(labels: tuple[str, ...]) -> Mandate:
    return Mandate(labels, [fully_invested(), long_only()])


def solve(
    assumptions: Assumptions, mandate: Mandate, trade_off: float
) -> tuple[Array, dict[str, float], str]:
    """The best weights at one trade-off, by whichever engine fits the mandate.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    mandate : Mandate
        Over the same labels.
    trade_off : float
        Lambda, one over the risk aversion: 0 is least risk; infinite only under distances or soft
        rules.

    Returns
    -------
    w : array (n,)
        Weights.
    prices : dict
        Multipliers by constraint name, in the units of ``w'sigma w / 2``.
    engine : str
        Who solved it.

    Raises
    ------
    Infeasible
        No portfolio obeys the mandate; names the conflict.
    NotSolved
        A solver gave no answer; names the solver.
    AssumptionsError
        The mandate is over other labels, or in another order.

    Examples
    --------
    Least risk among uncorrelated assets: weights are inverse to variances.

    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> solve(a, default_mandate(a, None), 0.0)[0].round(9).tolist()
    [0.8, 0.2]

    It goes on in ``engines.md``.
    """
    mandate = default_mandate(assumptions, mandate)
    if not mandate.is_linear:
        return _conic(assumptions, mandate, trade_off)
    found, engine = _linear(assumptions, mandate, trade_off)
    return found.w, by_name(mandate.program, found.y, found.z), engine


def allocation(
    assumptions: Assumptions,
    mandate: Mandate | None,
    w: Array,
    objective: str,
    status: Status,
    engine: str,
    start: float,
    prices: Mapping[str, float],
) -> Allocation:
    """The record, after `w` was checked against the mandate's definitions.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets: mean, risk and Sharpe ratio are theirs.
    mandate : Mandate or None
        What `w` must obey; None checks nothing.
    w : array (n,)
        Weights; made read-only.
    objective, status, engine : str
        What was asked for, how the answer is known, and who gave it.
    start : float
        ``time.perf_counter()`` when the work began, seconds.
    prices : mapping
        Shadow prices by constraint name.

    Returns
    -------
    Allocation

    Raises
    ------
    NotSolved
        Naming a hard rule that `w` breaks by more than the mandate's tolerance.

    Examples
    --------
    What breaks a rule by more than the mandate's tolerance is withheld.

    >>> from portlib.construction.mandate import position_limit
    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]], rf=0.02)
    >>> rules = Mandate(a.labels, [fully_invested(), position_limit(0.6)])
    >>> told = ("by hand", "rule", "a pencil", time.perf_counter(), {"position limit": 0.1})
    >>> made = allocation(a, rules, np.array([0.4, 0.6]), *told)
    >>> round(made.mean, 9), round(made.risk**2, 9), round(made.sharpe * made.risk, 9)
    (0.064, 0.016, 0.044)
    >>> made.objective, made.status, made.engine, made.shadow_prices["position limit"]
    ('by hand', 'rule', 'a pencil', 0.1)
    >>> 0 <= made.seconds < 60, made.residuals["fully invested"]
    (True, 0.0)
    >>> allocation(a, rules, np.array([0.39, 0.61]), *told)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...NotSolved: a pencil broke 'position limit' by 0.01; its weights are withheld
    >>> allocation(a, None, np.array([0.39, 0.61]), *told).risk > 0
    True

    It goes on in ``engines.md``.
    """
    residuals = (
        {}
        if mandate is None
        else {k: float(v) for k, v in mandate.violations(w, assumptions).items()}
    )
    if mandate is not None:
        for c in mandate.constraints:
            excess = residuals[c.name]
            if c.penalty is not None or excess == 0:
                continue
            size = 1.0 if c.USES_RISK else c.scale(assumptions)
            if not excess <= mandate.tolerance * size:
                raise NotSolved(
                    f"{engine} broke {c.name!r} by {excess:.3g}; its weights are withheld"
                )
    w.setflags(write=False)
    mean = assumptions.mean_of(w)
    risk = assumptions.risk_of(w)
    sharpe = (mean - assumptions.rf) / risk if risk > 0 else float("nan")
    fingerprint = "" if mandate is None else mandate.fingerprint
    return Allocation(
        assumptions.labels,
        w,
        objective,
        mean,
        risk,
        sharpe,
        status,
        engine,
        time.perf_counter() - start,
        residuals,
        prices,
        fingerprint,
    )


def by_name(p: Program, y: Array, z: Array) -> dict[str, float]:
    """Row and bound multipliers as amounts by constraint name.

    Parameters
    ----------
    p : Program
        Of m rows and n assets.
    y, z : array (m,) and (n,)
        Multipliers of rows and of bounds, as in `Solution`.

    Returns
    -------
    dict
        Amounts, zero or more; a bound's is the sum over the assets it binds.

    Examples
    --------
    A row's multiplier counts by its size; a bound's by which side it pulls to, over all assets that
    it binds.

    >>> from portlib.construction.mandate import position_limit
    >>> p = Mandate(("a", "b", "c"), [fully_invested(), long_only(), position_limit(0.4)]).program
    >>> told = by_name(p, np.array([-0.3]), np.array([-0.2, 0.5, -0.1]))
    >>> {name: round(price, 9) for name, price in told.items()}
    {'fully invested': 0.3, 'long only': 0.5, 'position limit': 0.3}

    It goes on in ``engines.md``.
    """
    names = (*p.row_names, *p.lower_names, *p.upper_names)
    prices = dict.fromkeys(filter(None, names), 0.0)
    for name, value in zip(p.row_names, y, strict=True):
        prices[name] += abs(float(value))
    for i in np.flatnonzero(z):
        name = p.lower_names[i] if z[i] > 0 else p.upper_names[i]
        if name:  # without one, z is rounding on a side that has no limit
            prices[name] += abs(float(z[i]))
    return prices


def refusal(assumptions: Assumptions, mandate: Mandate, engine: str) -> ValueError:
    """Why there is no answer: the conflict in the mandate, or what the engine said.

    Parameters
    ----------
    assumptions : Assumptions
    mandate : Mandate
    engine : str
        Its name.

    Returns
    -------
    ValueError
        To be raised.

    Examples
    --------
    >>> from portlib.construction.mandate import position_limit
    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.01, 0.0], [0.0, 0.04]])
    >>> for cap in (0.4, 0.6):
    ...     said = refusal(a, Mandate(a.labels, [fully_invested(), position_limit(cap)]), "HiGHS")
    ...     print(type(said).__name__, str(said)[:36])
    Infeasible no portfolio obeys 'fully invested',
    NotSolved HiGHS: no answer, although the manda
    """
    return diagnose(mandate, assumptions) or _unanswered(engine)


def _unanswered(engine: str) -> NotSolved:
    return NotSolved(
        f"{engine}: no answer, although the mandate can be obeyed; check that bounds on the "
        "weights keep return and short positions finite"
    )


def exchange(
    sigma: Array,
    c: Array,
    p: Program,
    state: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> Solution | None:
    """Minimise ``w'sigma w / 2 - c'w`` by exchanging active sets until the conditions hold.

    Parameters
    ----------
    sigma : array (n, n)
        Covariance.
    c : array (n,)
        What a unit of each weight is worth: lambda times the means.
    p : Program
        Limits and bounds.
    state : pair of arrays, optional
        Where weights and rows start, ``at`` and ``on`` as in `Solution`.

    Returns
    -------
    Solution or None
        None where no certificate was reached.

    References
    ----------
    Judice and Pires (1994), block principal pivoting.

    Examples
    --------
    The conditions, by their definition: ``sigma w - c`` is what rows and bounds make of it, a lower
    bound pushing up and an upper one down.

    >>> from portlib.construction.mandate import Bounds, group_limit
    >>> sigma = np.array([[0.0025, 0.001, 0.0], [0.001, 0.04, 0.002], [0.0, 0.002, 0.0225]])
    >>> floor = group_limit("floor", "bc", lower=0.6)
    >>> rules = [fully_invested(), long_only(), Bounds("cap", upper={"b": 0.5}), floor]
    >>> p = Mandate("abc", rules).program
    >>> for c in ([0.0, 0.0, 0.0], [0.0045, 0.012, 0.0075], [0.0, 0.03, 0.0]):
    ...     found = exchange(sigma, np.array(c), p)
    ...     assert np.allclose(sigma @ found.w - c, p.rows.T @ found.y + found.z)
    ...     assert (found.z * found.at <= 0).all() and (found.z[found.at == 0] == 0).all()
    ...     assert np.isclose(found.w.sum(), 1) and p.lower.min() <= found.w.min()
    ...     print(found.at.tolist(), found.on.tolist())
    [0, 0, 0] [1, -1]
    [0, 0, 0] [1, -1]
    [0, 1, 0] [1, -1]

    It goes on in ``engines.md``.
    """
    if (p.lower > p.upper + TIE).any() or (p.rows_lower > p.rows_upper + TIE).any():
        return None
    n = len(c)
    fixed = p.lower == p.upper
    equal = p.rows_lower == p.rows_upper
    # nothing in a covariance is larger than its largest variance
    scale = max(float(np.diagonal(sigma).max()), float(np.abs(c).max())) or 1.0
    if state is None:
        at = np.where(np.isfinite(p.lower), -1, np.where(np.isfinite(p.upper), 1, 0))
        least = np.argpartition(sigma.mean(axis=0) - c, HELD)[:HELD] if n > HELD else np.arange(n)
        at[least] = np.where(fixed[least], -1, 0)
        on = equal.astype(int)
    else:
        at, on = state
    above, below = p.upper + TIE, p.lower - TIE
    over, under = p.rows_upper + TIE, p.rows_lower - TIE
    seen: set[bytes] = set()
    for _ in range(ROUNDS):
        now = at.tobytes() + on.tobytes()
        if now in seen:  # what comes next came before: it would go round for ever
            return None
        seen.add(now)
        w = np.where(at < 0, p.lower, np.where(at > 0, p.upper, 0.0))
        is_free = at == 0
        is_off = on == 0
        free = is_free.nonzero()[0]
        held = on.nonzero()[0]
        moved = w.nonzero()[0]
        k = len(free)
        rows = p.rows[held]
        block = sigma if k == n else sigma[free]
        goal = np.where(on > 0, p.rows_upper, p.rows_lower)[held]
        x = _kkt(block, rows, free, np.concatenate([c[free] - block @ w, goal - rows @ w]))
        z = x[:k] @ block + w[moved] @ sigma[moved] - c - x[k:] @ rows
        w[free], y = x[:k], np.zeros(len(on))
        y[held], value = x[k:], p.rows @ w
        out = is_free * ((w > above) * 1 - (w < below))
        across = is_off * ((value > over) * 1 - (value < under))
        drop = ~equal & (y * on > TIE * scale)
        gain = np.where(fixed, 0.0, z * at)
        join = (gain > TIE * scale).nonzero()[0]
        if not (join.size or out.any() or across.any() or drop.any()):
            wrong = max(
                np.abs(z[free]).max(initial=0.0) / scale,
                np.abs(value[held] - goal).max(initial=0.0),
            )
            z[free] = 0.0
            w = np.minimum(np.maximum(w, p.lower), p.upper)
            return Solution(w, y, z, at, on) if wrong <= ROUNDING and np.isfinite(x).all() else None
        if len(join) > MOST * (n - k) and not out.any():  # one step, not many doublings
            join = ((at != 0) & ~fixed).nonzero()[0]
        elif len(join) > max(k, HELD):
            join = join[np.argpartition(-gain[join], max(k, HELD))[: max(k, HELD)]]
        at = at + out
        on = np.where(drop, 0, on + across)
        at[join] = 0
    return None


def _linear(assumptions: Assumptions, mandate: Mandate, trade_off: float) -> tuple[Solution, str]:
    if len(mandate.program.rows) <= FEW_LIMITS:
        found = exchange(assumptions.sigma, trade_off * assumptions.mu, mandate.program)
        if found:
            return found, "block principal pivoting"
    return _interior(assumptions, mandate, trade_off)


def _interior(assumptions: Assumptions, mandate: Mandate, trade_off: float) -> tuple[Solution, str]:
    """piqp's interior point, then an exchange from its active set, which makes the answer exact
    where it can."""
    import piqp

    p = mandate.program
    sigma = assumptions.sigma
    c = trade_off * assumptions.mu
    scale = float(np.abs(sigma).max()) or 1.0
    engine = f"piqp {piqp.__version__}"
    matrix = np.asfortranarray(sigma / scale)
    rows = np.asfortranarray(p.rows)
    for tolerance, rounds in INTERIOR:
        solver = piqp.DenseSolver()
        solver.settings.max_iter = rounds
        for setting in ("eps_abs", "eps_rel", "eps_duality_gap_abs", "eps_duality_gap_rel"):
            setattr(solver.settings, setting, tolerance)
        solver.setup(
            matrix, -c / scale, None, None, rows, p.rows_lower, p.rows_upper, p.lower, p.upper
        )
        status = solver.solve()
        r = solver.result
        if status == piqp.PIQP_SOLVED:
            break
        if refuted(p, r.z_l - r.z_u):
            raise Infeasible.of(mandate, assumptions)
        if conflict := diagnose(mandate, assumptions):
            raise conflict
    else:
        raise _unanswered(f"{engine} ({status.name})")
    at = np.where(r.z_bl > r.s_bl, -1, np.where(r.z_bu > r.s_bu, 1, 0))
    on = np.where(
        p.rows_lower == p.rows_upper, 1, np.where(r.z_l > r.s_l, -1, np.where(r.z_u > r.s_u, 1, 0))
    )
    unsure = np.zeros(0)
    w = np.clip(r.x, p.lower, p.upper)
    approximate = Solution(w, scale * (r.z_l - r.z_u), scale * (r.z_bl - r.z_bu), unsure, unsure)
    return exchange(sigma, c, p, (at, on)) or approximate, engine


def _conic(
    assumptions: Assumptions, mandate: Mandate, trade_off: float
) -> tuple[Array, dict[str, float], str]:
    """Distances and soft rules, stated in cvxpy."""
    import cvxpy as cp

    risk = Risk.of(assumptions)
    w = cp.Variable(len(assumptions))
    penalties = []
    named = []
    for c in mandate.constraints:
        slack = None
        if c.penalty is not None:
            slack = cp.Variable(nonneg=True)
            penalties.append(c.penalty * slack)
            if trade_off == 0:
                raise NotSolved(
                    f"{c.name!r} is soft: its penalty is in return, which least risk does not "
                    f"weigh; "
                    "use maximum_utility, or make it hard"
                )
        named += [(c.name, part) for part in c.stated(w, 1.0, slack, risk, mandate.labels)]
    unit = float(np.abs(assumptions.sigma).max()) if np.isfinite(trade_off) else 1.0
    loss = sum(penalties) - assumptions.mu @ w
    if np.isfinite(trade_off):
        loss = cp.sum_squares(risk.root @ w) / (2 * unit) + (trade_off / unit) * loss
    problem = cp.Problem(cp.Minimize(loss), [part for _, part in named])
    engine = _by_clarabel(problem)
    if problem.status != cp.OPTIMAL:
        raise refusal(assumptions, mandate, f"{engine} ({problem.status})")
    prices = dict.fromkeys((c.name for c in mandate.constraints), 0.0)
    for name, part in named:
        prices[name] += unit * float(np.sum(np.abs(part.dual_value)))
    weights = np.clip(np.asarray(w.value), mandate.program.lower, mandate.program.upper)
    return weights, prices, engine


def _by_clarabel(problem: cp.Problem, begin: int = 0) -> str:
    """Solve, and who did; whether it is solved is the problem's `status`, which is to be asked.
    Homogeneous problems `begin` at the second of `CONIC`: their last digits do not settle."""
    import cvxpy as cp

    for tolerance, scaled in CONIC[begin:]:
        with suppress(cp.SolverError):
            problem.solve(
                solver=cp.CLARABEL,
                tol_gap_abs=tolerance,
                tol_gap_rel=tolerance,
                tol_feas=tolerance,
                equilibrate_enable=scaled,
            )
        if problem.status in (cp.OPTIMAL, cp.INFEASIBLE):
            break
    return f"cvxpy {cp.__version__} with Clarabel"


def _kkt(block: Array, rows: Array, free: NDArray[np.intp], right: Array) -> Array:
    """Solve the conditions on the free weights and the held rows, by the shortest solution where
    there are several."""
    k = len(free)
    held = rows[:, free]
    square = block if block.shape == (k, k) else block[:, free]
    if k >= MANY and (found := _by_cholesky(square, held, right)) is not None:
        return found
    size = k + len(rows)
    kkt = np.zeros((size, size))
    kkt[:k, :k], kkt[:k, k:], kkt[k:, :k] = square, -held.T, held
    try:
        return np.asarray(np.linalg.solve(kkt, right))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(kkt, right, rcond=ROUNDING)[0])


def _by_cholesky(square: Array, held: Array, right: Array) -> Array | None:
    """`_kkt` by one Cholesky factorisation; None where the matrix is not safely positive
    definite.

    Examples
    --------
    Variances of 1 and 4, weights that sum to 5, and one price of money: ``a = y``, ``4 b = y``.

    >>> held = np.ones((1, 2))
    >>> _by_cholesky(np.diag([1.0, 4.0]), held, np.array([0.0, 0.0, 5.0])).tolist()
    [4.0, 1.0, 4.0]
    >>> worth = np.array([3.0, 2.0, 5.0])  # a = 3 + y, 4 b = 2 + y
    >>> _by_cholesky(np.diag([1.0, 4.0]), held, worth).round(9).tolist()
    [4.2, 0.8, 1.2]

    Two assets that are nearly one are left to the shortest solution, as is what is no covariance:

    >>> for shared in (1 - 1e-15, 2.0):
    ...     print(_by_cholesky(np.array([[1.0, shared], [shared, 1.0]]), held, np.zeros(3)))
    None
    None
    """
    from scipy.linalg import lapack

    k = len(square)
    factor, failed = lapack.dpotrf(square.T, lower=1, clean=0)
    diagonal = np.diagonal(factor)
    if failed or diagonal.min() < SURE * diagonal.max():
        return None
    both, _ = lapack.dpotrs(factor, np.column_stack([right[:k], held.T]), lower=1)
    free, carried = np.split(both, [both.shape[1] - len(held)], axis=1)
    free = free.reshape(right[:k].shape)
    try:
        y = np.linalg.solve(held @ carried, right[k:] - held @ free)
    except np.linalg.LinAlgError:
        return None
    return np.concatenate([free + carried @ y, y])
