"""How must money be spread so that each asset carries the share of the risk that it was given?

The contribution of asset i to the volatility R(w) is ``w_i (sigma w)_i / R(w)``, and they add up to
R(w). With budgets b > 0 that sum to one, the weights whose contributions are ``b_i R`` are those of
the one x > 0 that minimises

    F(x) = x'sigma x / 2 - sum_i b_i log x_i,      w = x / sum(x)                     (Spinu 2013;
    equal b: ERC)

F is strictly convex. It has its minimum unless some long-only portfolio has no risk at all; then
none is given. With short sales there would be one solution for every choice of who is short, so
they are left out. Under a mandate, F is minimised over the x whose w obey it, which is the least
``log R(w) - sum_i b_i log w_i``: it depends on the portfolios allowed and not on how the rules are
written, but the contributions no longer meet the budgets.

What it leaves out: expected returns, and whether volatility is the risk that matters.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from portlib.construction.engines import (
    TIE,
    NotSolved,
    _by_clarabel,
    allocation,
    by_name,
    default_mandate,
    exchange,
)
from portlib.construction.mandate import Bounds, Mandate, fully_invested
from portlib.construction.mandate.infeasibility import diagnose
from portlib.construction.mandate.mandate import Program
from portlib.construction.mandate.rules import Risk
from portlib.construction.mean_variance import minimum_risk
from portlib.ranges import RETURN, among, door, number
from portlib.records import ROUNDING, Allocation, Array, Assumptions, AssumptionsError

#: Contributions are exact when the worst of them misses its budget by less than this share of the
#: budget.
EXACT = 1e-10
#: A full step is known to lower F while no x changes by more than this share of itself; beyond,
#: steps are damped.
SAFE = 0.5

Method = Literal["newton", "cyclical", "gradient"]
Distance = Literal["columns", "correlation"]
Linkage = Literal["single", "complete", "average", "ward"]
Times = Callable[[Array], Array]
Ahead = tuple[Array, Array, int]  # the next v and C v, and how often sigma was read


class Path(NamedTuple):
    """Weights (n,) that sum to one, and how a method came to them: after reading all of sigma
    `passes` times (n^2 multiplications each), the worst contribution missed its budget by `gaps`,
    as a share of the budget."""

    w: Array
    passes: list[int]
    gaps: list[float]


def contributions(sigma: Array, w: Array) -> Array:
    """Shares (n,) of the volatility that the assets contribute, ``w_i (sigma w)_i / w'sigma w``;
    they sum to one.

    Parameters
    ----------
    sigma : array (n, n)
        Covariance.
    w : array (n,)
        Weights.

    Returns
    -------
    array (n,)

    Raises
    ------
    ValueError
        For a portfolio without risk, or shapes that do not fit.

    References
    ----------
    Maillard, Roncalli and Teiletche (2010).

    Examples
    --------
    Half of each: ``0.5 (0.5 * 0.04 + 0.5 * 0.01) = 0.0125`` and ``0.5 (0.5 * 0.01 + 0.5 * 0.09)``,
    twice as much.

    >>> sigma = np.array([[0.04, 0.01], [0.01, 0.09]])
    >>> (3 * contributions(sigma, np.array([0.5, 0.5]))).round(9).tolist()
    [1.0, 2.0]
    >>> contributions(sigma, np.zeros(2))
    Traceback (most recent call last):
    ...
    ValueError: a portfolio without risk has no contributions to it
    >>> contributions(sigma, np.ones(3))
    Traceback (most recent call last):
    ...
    ValueError: a covariance of shape (2, 2) does not fit 3 weights
    """
    if np.shape(sigma) != (len(w), len(w)):
        raise ValueError(f"a covariance of shape {np.shape(sigma)} does not fit {len(w)} weights")
    part = np.asarray(w) * (np.asarray(sigma) @ np.asarray(w))
    if not part.sum() > 0:
        raise ValueError("a portfolio without risk has no contributions to it")
    return np.asarray(part / part.sum())


@door()
def descend(sigma: Array, b: Array, method: Method = "newton", most: int = 60) -> Path:
    """Minimise F until the contributions are exact, or for `most` steps.

    In ``v = x * volatility`` the matrix is C, the correlations. ``newton`` solves
    ``(C + diag(b/v^2)) d = C v - b/v`` by conjugate gradients, as exactly as its distance from the
    end deserves: C is only multiplied by vectors, and ``C d`` falls out of the solution. The damped
    step ``d / (1 + max|d/v|)`` always lowers F (Spinu 2013). ``cyclical`` moves one asset at a
    time, exactly: the positive root of ``v^2 + c v - b = 0``, c from all the others
    (Griveau-Billion, Richard and Roncalli 2013). ``gradient`` goes downhill as far as F is known to
    fall.

    Parameters
    ----------
    sigma : array (n, n)
        Covariance of assets that all have risk.
    b : array (n,)
        Budgets, positive, summing to one.
    method : {"newton", "cyclical", "gradient"}
    most : int
        Steps.

    Returns
    -------
    Path
        Its last gap says whether the contributions are exact.

    Raises
    ------
    ValueError
        For an unknown method, an asset without risk, or a budget that is not positive.

    Examples
    --------
    Whichever the method, the contributions by their definition are the budgets.

    >>> sigma = np.array([[0.01, 0.01, -0.004], [0.01, 0.04, 0.006], [-0.004, 0.006, 0.09]])
    >>> b = np.array([0.5, 0.2, 0.3])
    >>> for method in ("newton", "cyclical", "gradient"):
    ...     path = descend(sigma, b, method, 400)
    ...     marginal = sigma @ path.w
    ...     assert np.allclose(path.w * marginal, b * (path.w @ marginal))
    ...     assert path.gaps[-1] <= EXACT < path.gaps[-2] and np.isclose(path.w.sum(), 1)
    ...     assert len(path.gaps) == len(path.passes)
    >>> start = descend(sigma, b, "gradient", 0)
    >>> share = start.w * (sigma @ start.w) / (start.w @ sigma @ start.w)
    >>> bool(np.isclose(start.gaps[0], abs(share / b - 1).max(), atol=0.02)), start.passes
    (True, [2])
    >>> apart, uneven = np.diag([0.01, 0.04, 0.09]), np.array([0.97, 0.02, 0.01])
    >>> for steps in range(1, 12):  # no step says that it is nearer than its weights can be
    ...     path = descend(apart, uneven, most=steps)
    ...     y = path.w**2 * np.diag(apart) / uneven
    ...     assert path.gaps[-1] >= (y.max() - y.min()) / (y.max() + y.min()) - 1e-12
    >>> at = np.sqrt(uneven / np.diag(apart))
    >>> np.allclose(path.w, at / at.sum())
    True
    >>> descend(sigma, b, "cyclical", 3).passes  # each asset's row once a sweep
    [2, 3, 4, 5]
    >>> descend(sigma, np.array([0.5, 0.5, 0.0]))
    Traceback (most recent call last):
    ...
    ValueError: every asset needs risk, and a budget above zero
    >>> descend(sigma, b, "magic")
    Traceback (most recent call last):
    ...
    ValueError: no method 'magic'; there are newton, cyclical, gradient

    It goes on in ``risk_parity.md``.
    """
    steps = {"newton": _newton, "cyclical": _cyclical, "gradient": _gradient}
    among("method", [method], steps)
    step = steps[method]
    sd = np.sqrt(np.diag(sigma))
    if not (sd > 0).all() or not (b > 0).all():
        raise ValueError("every asset needs risk, and a budget above zero")
    times = _correlations(sigma, sd)
    v = b / np.maximum(
        times(np.ones(len(b))), 1.0
    )  # budgets over average correlations, to v'Cv = 1
    q = times(v)
    unit = 1 / np.sqrt(max(float(v @ q), ROUNDING * float(v @ v)))
    passes = [2]
    v = unit * v
    q = unit * q
    gaps = [float(np.abs(v * q / b - 1).max())]
    while gaps[-1] > EXACT and len(gaps) <= most:
        v, q, read = step(times, sigma, sd, b, v, q, gaps[-1])
        gap = float(np.abs(v * q / b - 1).max())
        if gap <= EXACT:  # once more from the start: q was only carried along
            q = times(v)
            read = read + 1
            gap = float(np.abs(v * q / b - 1).max())
        passes.append(passes[-1] + read)
        gaps.append(gap)
    return Path(_weights(v, sd), passes, gaps)


def _correlations(sigma: Array, sd: Array) -> Times:
    """The product ``C v``; one triangle of sigma is read, which halves the traffic and so the time
    of large ones."""
    from scipy.linalg.blas import dsymv

    inverse = 1 / sd
    turned = np.asarray(sigma).T
    return lambda v: np.asarray(inverse * dsymv(1.0, turned, inverse * v))


def _weights(v: Array, sd: Array) -> Array:
    return np.asarray(v / sd / (v / sd).sum())


def _newton(
    times: Times, sigma: Array, sd: Array, b: Array, v: Array, q: Array, gap: float
) -> Ahead:
    h = b / (v * v)
    r = q - b / v
    d = np.zeros(1)
    cd = np.zeros(1)
    read = 0
    m = 1 / (1 + h)
    p = z = m * r
    size = float(r @ z)
    goal = size * max(min(0.5, gap**0.7), 0.5 * EXACT / gap) ** 2
    while size > goal and read < len(v):
        cp = times(p)
        read += 1
        hp = cp + h * p
        a = size / float(p @ hp)
        d = d + a * p
        cd = cd + a * cp
        r = r - a * hp
        z = m * r
        before, size = size, float(r @ z)
        p = z + (size / before) * p
    reach = float(np.abs(d / v).max())
    t = 1 / (1 + reach * (reach > SAFE))
    return v - t * d, q - t * cd, read


def _gradient(
    times: Times, sigma: Array, sd: Array, b: Array, v: Array, q: Array, gap: float
) -> Ahead:
    g = q - b / v
    cg = times(g)
    slope = float(g @ g)
    t = slope / (float(g @ cg + g @ (b / (v * v) * g)) + float(np.abs(g / v).max()) * slope)
    return v - t * g, q - t * cg, 1


def _cyclical(
    times: Times, sigma: Array, sd: Array, b: Array, v: Array, q: Array, gap: float
) -> Ahead:
    v = v.copy()
    q = q.copy()
    for i in range(len(v)):
        c = q[i] - v[i]
        new = (np.sqrt(c * c + 4 * b[i]) - c) / 2
        q += (new - v[i]) / sd[i] * sigma[i] / sd
        v[i] = new
    return v, q, 1


@door()
def slsqp(sigma: Array, b: Array, *, tolerance: float = 1e-6) -> Path:
    """Least squares of contributions less budgets, by scipy's sequential quadratic programming,
    slopes by differences.

    Not convex. 1e-6 is scipy's own `tolerance`. Slopes take an evaluation an asset, each reading
    sigma; the quadratic programmes, about n^3 each, are not counted. Source: Maillard, Roncalli and
    Teiletche (2010).

    Parameters
    ----------
    sigma : array (n, n)
        Annual decimals squared.
    b : array (n,)
        Budgets, summing to one.
    tolerance : float

    Returns
    -------
    Path

    Raises
    ------
    NotSolved
        Where scipy says that it did not end; not where it ends beside the answer.

    Examples
    --------
    It starts from equal weights, whose last contributes 0.1 of 0.18, where 0.3 is asked: 0.85 of
    that too much.

    >>> sigma = np.array([[0.01, 0.01, 0.004], [0.01, 0.04, 0.006], [0.004, 0.006, 0.09]])
    >>> b = np.array([0.5, 0.2, 0.3])
    >>> path = slsqp(sigma, b, tolerance=1e-12)
    >>> np.allclose(path.w, descend(sigma, b).w, atol=1e-5), path.passes[:2]
    (True, [1, 2])
    >>> bool(np.isclose(path.gaps[0], 0.1 / 0.18 / 0.3 - 1)), path.gaps[-1] < 1e-5
    (True, True)

    Against an asset that hedges it may stop where that is not held and contributes nothing.

    >>> sigma[0, 2] = sigma[2, 0] = -0.004
    >>> [path.w[2].round(2).item() for path in (slsqp(sigma, b), descend(sigma, b))]
    [0.0, 0.19]

    It goes on in ``risk_parity.md``.
    """
    from scipy.optimize import LinearConstraint, minimize

    passes = [0]
    gaps = [np.inf]
    n = len(b)

    def miss(w: Array) -> float:
        r = contributions(sigma, w) - b
        passes.append(passes[-1] + 1)
        gaps.append(float(np.abs(r / b).max()))
        return float(r @ r)

    found = minimize(
        miss,
        np.full(n, 1 / n),
        method="SLSQP",
        bounds=[(0, 1)] * n,
        tol=tolerance,
        constraints=LinearConstraint(np.ones((1, n)), 1, 1),
        options={"maxiter": 1000},
    )
    if not found.success:
        raise NotSolved(
            f"SLSQP found no answer ({found.message}); ask it less exactly, or use descend"
        )
    return Path(np.asarray(found.x / found.x.sum()), passes[1:], gaps[1:])


# ---- one portfolio, under a mandate --------------------------------------------------------------


def risk_budgets(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    budgets: Mapping[str, float] | None = None,
) -> Allocation:
    """The long-only portfolio whose assets contribute their budgets to its volatility; equal
    budgets where not given.

    Of the assumptions only the covariance decides. Where no rule of the mandate binds,
    contributions are exact and prices zero. Where one does, the least allowed ``log R(w) - sum_i
    b_i log w_i``, with shadow prices in its unit: 0.01 is one percent of the volatility.

    Richard and Roncalli (2019) solve another problem under rules: they keep the contributions of
    the assets that no rule touches equal to each other, so the weights of their tables (9, for
    instance) do not come out of this one, whose answer depends on the portfolios allowed and not on
    how the rules are written.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, each with risk.
    mandate : Mandate, optional
        Hard rules; none where not given.
    budgets : mapping, optional
        Shares of the volatility, one for each asset: positive, summing to one.

    Returns
    -------
    Allocation

    Raises
    ------
    AssumptionsError
        For an asset, or several together, without risk, and for wrong budgets.
    Infeasible
        Where no portfolio that holds something of every asset obeys the rules.
    NotSolved
        For a soft rule, whose price is in return.

    References
    ----------
    Spinu (2013).

    Examples
    --------
    Equal budgets of two assets: weights are inverse to volatilities, here 10% and 20%, whatever
    their correlation. Budgets of 80% and 20% without one: ``w / sd`` as the roots, two to one.

    >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.01, 0.012], [0.012, 0.04]])
    >>> risk_budgets(a).w.round(9).tolist() == [round(2 / 3, 9), round(1 / 3, 9)]
    True
    >>> apart = Assumptions(("a", "b"), [0.05, 0.05], [[0.01, 0.0], [0.0, 0.04]])
    >>> risk_budgets(apart, budgets={"b": 0.2, "a": 0.8}).w.round(9).tolist()  # 2/0.1 to 1/0.2
    [0.8, 0.2]

    A cap of 60% binds: ``log R - sum b log w`` would fall by ``0.01 / R**2 + 0.5 / 0.6 - 0.5 /
    0.4`` per unit of it, with ``R**2 = 0.01``.

    >>> from portlib.construction.mandate import Turnover, group_limit, long_only, position_limit
    >>> capped = risk_budgets(apart, Mandate("ab", [fully_invested(), position_limit(0.6)]))
    >>> capped.w.round(6).tolist(), round(capped.shadow_prices["position limit"], 6)
    ([0.6, 0.4], 0.583333)

    It goes on in ``risk_parity.md``.
    """
    start = time.perf_counter()
    b = _checked(assumptions, budgets)
    what = "equal risk contributions" if budgets is None else "risk budgets"
    path = descend(assumptions.sigma, b)
    engine = "Newton, conjugate gradients"
    prices = dict[str, float]()
    if path.gaps[-1] > EXACT:
        least = minimum_risk(assumptions)
        held = ", ".join(
            label for label, x in zip(assumptions.labels, least.w, strict=True) if x > TIE
        )
        if least.risk <= np.sqrt(ROUNDING) * float(assumptions.volatility.max()):
            raise AssumptionsError(
                f"{held}: together they can have no risk, so not all can contribute; leave one out"
            )
        raise NotSolved(
            f"Newton still missed a budget by {path.gaps[-1]:.1e} of it; is sigma all but singular?"
        )
    w = path.w
    if mandate is not None:
        prices = dict.fromkeys(
            (c.name for c in default_mandate(assumptions, mandate).constraints), 0.0
        )
        if max(mandate.violations(w, assumptions).values(), default=0.0) > TIE:
            w, binding, engine = _constrained(assumptions, mandate, b)
            prices |= binding
    return allocation(assumptions, mandate, w, what, "optimal", engine, start, prices)


def equal_risk_contributions(
    assumptions: Assumptions, mandate: Mandate | None = None
) -> Allocation:
    """`risk_budgets` with equal budgets: the engine that policy calls ERC (Maillard, Roncalli and
    Teiletche 2010).

    Examples
    --------
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.01, 0.04, 0.16]))
    >>> (7 * equal_risk_contributions(a).w).round(6).tolist()  # 1/0.1 to 1/0.2 to 1/0.4
    [4.0, 2.0, 1.0]
    """
    return risk_budgets(assumptions, mandate)


def _checked(a: Assumptions, budgets: Mapping[str, float] | None) -> Array:
    for label, sd in zip(a.labels, a.volatility, strict=True):
        if not sd > 0:
            raise AssumptionsError(
                f"{label!r} has no risk and can contribute none: leave it out, and use `levered`"
            )
    if budgets is None:
        return np.full(len(a), 1 / len(a))
    if strange := sorted(set(budgets) ^ set(a.labels)):
        raise AssumptionsError(
            f"every asset needs a budget, and nothing else: see {', '.join(map(repr, strange))}"
        )
    b = np.array([budgets[label] for label in a.labels], dtype=float)
    if not b.min() > 0:
        least = a.labels[int(b.argmin())]
        raise AssumptionsError(
            f"{least!r} has a budget of {b.min()}: give it a positive one, or leave the asset out"
        )
    if abs(b.sum() - 1) > ROUNDING:
        raise AssumptionsError(
            f"budgets must sum to one, not {b.sum():.6g}: divide them by their sum"
        )
    return b


def _constrained(a: Assumptions, mandate: Mandate, b: Array) -> tuple[Array, dict[str, float], str]:
    """Newton steps over the cone of the x whose weights obey the mandate, each an exchange of
    active sets."""
    soft = [c.name for c in mandate.constraints if c.penalty is not None]
    if soft:
        raise NotSolved(
            f"{soft[0]!r} is soft: its penalty is in return, which risk budgets do not weigh; "
            f"make it hard"
        )
    sd = a.volatility
    cone = _cone(mandate.program, a.volatility)
    v = sd / a.risk_of(np.ones(len(b)))  # equal money, which is near what most mandates allow
    correlations = a.sigma / np.outer(sd, sd)
    state = (np.zeros(len(b)), np.zeros(len(cone.rows)))
    for _ in range(60 if mandate.is_linear else 0):
        found = exchange(correlations + np.diag(b / (v * v)), 2 * b / v, cone, state)
        if found is None:
            break
        reach = float(np.abs(found.w / v - 1).max())
        v = v + (found.w - v) / (1 + reach * (reach > SAFE))
        state = (found.at, found.on)
        if reach <= EXACT:
            prices = by_name(cone, found.y * float((v / sd).sum()), np.zeros(len(b)))
            return _weights(v, sd), prices, "Newton, exchange of active sets"
    names = {c.name for c in mandate.constraints}
    held = Bounds("something of every asset", lower=1e-5)
    if conflict := diagnose(
        mandate.without(*names & {"fully invested"}).also(fully_invested(), held), a
    ):
        raise conflict
    return _conic(a, mandate, b, cone)


def _cone(p: Program, sd: Array) -> Program:
    """Limits on w as rows ``(a - limit)'x >= 0``, in ``v = x sd``, but those that all positive
    weights obey."""
    n = len(sd)
    unit = np.eye(len(sd))
    rows: list[tuple[str, Array, float]] = []
    for name, row, low, high in zip(p.row_names, p.rows, p.rows_lower, p.rows_upper, strict=True):
        rows += [(name, row - low, 0.0 if low == high else np.inf)] if np.isfinite(low) else []
        rows += [(name, high - row, np.inf)] if np.isfinite(high) and low < high else []
    rows += [(p.lower_names[i], unit[i] - p.lower[i], np.inf) for i in np.flatnonzero(p.lower > 0)]
    rows += [(p.upper_names[i], p.upper[i] - unit[i], np.inf) for i in np.flatnonzero(p.upper < 1)]
    rows = [row for row in rows if row[1].any()]
    names = tuple(x[0] for x in rows)
    top = np.array([x[2] for x in rows])
    free = np.full(n, np.inf)
    matrix = np.array([x[1] / sd for x in rows]).reshape(-1, n)
    return Program(-free, free, matrix, np.zeros(len(rows)), top, names, ("",) * n, ("",) * n)


def _conic(
    a: Assumptions, mandate: Mandate, b: Array, cone: Program
) -> tuple[Array, dict[str, float], str]:
    """The same programme with distances from other portfolios, stated in cvxpy."""
    import cvxpy as cp

    sd = a.volatility
    v = cp.Variable(len(b))
    values, vectors = np.linalg.eigh(a.sigma / np.outer(sd, sd))
    money = cp.sum(v / sd)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    rules = [
        (name, row @ v == 0 if top == 0 else row @ v >= 0)
        for name, row, top in zip(cone.row_names, cone.rows, cone.rows_upper, strict=True)
    ]
    for c in mandate.constraints:
        if not c.LINEAR:
            parts = c.stated(cp.multiply(1 / sd, v), money, None, Risk(root * sd), mandate.labels)
            rules += [(c.name, part) for part in parts]
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(root @ v) / 2 - b @ cp.log(v)), [rule for _, rule in rules]
    )
    engine = _by_clarabel(problem, begin=1)
    if problem.status != cp.OPTIMAL:
        raise NotSolved(
            f"Clarabel found no answer ({problem.status}), although the mandate can be obeyed"
        )
    prices = dict.fromkeys((name for name, _ in rules), 0.0)
    for name, rule in rules:
        prices[name] += float(money.value) * float(np.abs(rule.dual_value).sum())
    return _weights(np.asarray(v.value), sd), prices, engine


# ---- leverage, a naive rule, a hierarchy ---------------------------------------------------------


class Levered(NamedTuple):
    """`times` a portfolio and ``1 - times`` in cash (borrowed, if negative), and what to expect;
    annual decimals."""

    times: float
    mean: float
    risk: float
    sharpe: float


@door(rf=RETURN, spread=RETURN)
def levered(portfolio: Allocation, *, risk: float, rf: float, spread: float = 0.0) -> Levered:
    """How much of a portfolio has a volatility of `risk`, the rest lent or borrowed?

    Parameters
    ----------
    portfolio : Allocation
        Of wealth one.
    risk : float
        Volatility wanted, annual decimal, above 0.
    rf : float
        At which is lent, annual decimal.
    spread : float
        Above it, at which is borrowed.

    Returns
    -------
    Levered

    Raises
    ------
    ValueError
        Where `risk` is not positive or the portfolio has none.

    Examples
    --------
    A portfolio of 10% volatility that earns 5%: half as much again on money borrowed at 3%, or half
    of it and half lent at 2%.

    >>> fund = inverse_volatility(Assumptions(("fund",), [0.05], [[0.01]], rf=0.01))
    >>> more = levered(fund, risk=0.15, rf=0.02, spread=0.01)
    >>> [round(x, 9) for x in more[:3]], round(more.sharpe, 9) == round(0.04 / 0.15, 9)
    ([1.5, 0.06, 0.15], True)
    >>> [round(x, 9) for x in levered(fund, risk=0.05, rf=0.02, spread=0.01)]
    [0.5, 0.035, 0.05, 0.3]
    >>> levered(fund, risk=0.0, rf=0.02)
    Traceback (most recent call last):
    ...
    ValueError: cannot bring a portfolio of volatility 0.1 to 0
    """
    if not (0 < risk < np.inf and portfolio.risk > 0):
        raise ValueError(f"cannot bring a portfolio of volatility {portfolio.risk:g} to {risk:g}")
    number("risk", risk, above=0, below=2)
    number("rf", rf, above=-1, below=1)
    number("spread", spread, above=-1, below=1)
    times = risk / portfolio.risk
    mean = times * portfolio.mean + (1 - times) * (rf + spread * (times > 1))
    return Levered(times, mean, risk, (mean - rf) / risk)


@door()
def inverse_volatility(assumptions: Assumptions, *, power: float = 1.0) -> Allocation:
    """Weights proportional to ``volatility^-power``, a rule blind to correlations; 2 is inverse
    variance.

    Examples
    --------
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.01, 0.04, 0.16]))
    >>> (7 * inverse_volatility(a).w).round(9).tolist()
    [4.0, 2.0, 1.0]
    >>> (21 * inverse_volatility(a, power=2).w).round(9).tolist()
    [16.0, 4.0, 1.0]
    """
    start = time.perf_counter()
    number("power", power, least=0, most=10)
    w = _checked(assumptions, None) * assumptions.volatility**-power
    return allocation(
        assumptions, None, w / w.sum(), "inverse volatility", "rule", f"power {power:g}", start, {}
    )


def hierarchy(sigma: Array, *, distance: Distance = "columns", method: Linkage = "single") -> Array:
    """Which assets are alike? scipy's linkage of the distances ``sqrt((1 - rho) / 2)``.

    Parameters
    ----------
    sigma : array (n, n)
        Covariance.
    distance : {"columns", "correlation"}
        ``correlation`` takes them as they are; ``columns``, as the paper does, takes the Euclidean
        distance between their columns, so that assets are alike which are equally far from all
        others.
    method : {"single", "complete", "average", "ward"}
        Of the linkage.

    Returns
    -------
    array (n - 1, 4)

    References
    ----------
    Lopez de Prado (2016), stage 1.

    Examples
    --------
    Correlations of 0.5, -0.28 and 0.28 are distances of 0.5, 0.8 and 0.6: the first two pair, and
    the third joins at the nearer of its two, at the farther, or at their mean.

    >>> rho = np.array([[1.0, 0.5, -0.28], [0.5, 1.0, 0.28], [-0.28, 0.28, 1.0]])
    >>> sigma = rho * np.outer([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    >>> for method in ("single", "complete", "average"):
    ...     print(hierarchy(sigma, distance="correlation", method=method)[:, 2].round(9).tolist())
    [0.5, 0.6]
    [0.5, 0.8]
    [0.5, 0.7]

    Columns of distances are ``sqrt(0.5**2 + 0.5**2 + 0.2**2)`` and so on apart.

    >>> (hierarchy(sigma)[:, 2] ** 2).round(9).tolist()  # 0.54; 0.3**2 + 0.6**2 + 0.6**2
    [0.54, 0.81]
    >>> hierarchy(sigma[:2, :2], distance="correlation").round(9).tolist()  # two are enough
    [[0.0, 1.0, 0.5, 2.0]]
    >>> hierarchy(sigma, method="median")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no distance 'columns' or linkage 'median'; there are columns, correlation, ...
    >>> hierarchy(sigma[:1, :1])
    Traceback (most recent call last):
    ...
    portlib.records.AssumptionsError: a hierarchy needs two assets
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import pdist, squareform

    if distance not in get_args(Distance) or method not in get_args(Linkage):
        known = ", ".join((*get_args(Distance), *get_args(Linkage)))
        raise ValueError(f"no distance {distance!r} or linkage {method!r}; there are {known}")
    if len(sigma) < 2:
        raise AssumptionsError("a hierarchy needs two assets")
    sd = np.sqrt(np.diag(sigma))
    far = np.sqrt(np.maximum((1 - sigma / np.outer(sd, sd)) / 2, 0.0))
    np.fill_diagonal(far, 0.0)
    return np.asarray(
        linkage(pdist(far) if distance == "columns" else squareform(far, checks=False), method)
    )


def bisected(sigma: Array, order: Sequence[int]) -> Array:
    """Weights (n,): the order is halved again and again, and money split by the inverse variance of
    the halves.

    A half's variance is that of its inverse-variance portfolio. Source: Lopez de Prado (2016),
    stage 3.

    Examples
    --------
    The third alone against the first two, whose inverse-variance portfolio is 1/5 and 4/5 with a
    variance of ``0.04 * 0.04 + 2 * 0.16 * 0.01 + 0.64 * 0.01 = 0.0112``.

    >>> sigma = np.array([[0.04, 0.01, 0.02], [0.01, 0.01, 0.0], [0.02, 0.0, 0.09]])
    >>> w = bisected(sigma, [2, 0, 1])
    >>> np.allclose(w, [0.2 * 0.09 / 0.1012, 0.8 * 0.09 / 0.1012, 0.0112 / 0.1012])
    True
    """
    w = np.ones(len(sigma))
    parts = [np.array(order)]
    while parts:
        part = parts.pop()
        if len(part) > 1:
            halves = np.split(part, [len(part) // 2])
            variances = []
            for half in halves:
                block = sigma[np.ix_(half, half)]
                x = 1 / np.diag(block)
                variances.append(float(x @ block @ x) / float(x.sum()) ** 2)
            w[halves[0]] *= variances[1] / sum(variances)
            w[halves[1]] *= variances[0] / sum(variances)
            parts += halves
    return w


def hierarchical(
    a: Assumptions, *, distance: Distance = "columns", method: Linkage = "single"
) -> Allocation:
    """Hierarchical risk parity: assets in the order of their `hierarchy`, then `bisected`; it obeys
    no mandate.

    A tree does not say which of two branches comes first, so the order of the labels matters. Lopez
    de Prado (2016).

    Parameters
    ----------
    a : Assumptions
    distance : callable
        From correlations to distances.
    method : callable
        Of linkage.

    Returns
    -------
    Allocation

    Examples
    --------
    The first two pair; the tree puts the third before them, and money is split as `bisected` does.

    >>> rho = np.array([[1.0, 0.5, -0.28], [0.5, 1.0, 0.28], [-0.28, 0.28, 1.0]])
    >>> sd = np.array([0.1, 0.2, 0.3])
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, rho * np.outer(sd, sd))
    >>> pair = 0.64 * 0.01 + 2 * 0.16 * 0.01 + 0.04 * 0.04  # of 4/5 and 1/5, covariance 0.01
    >>> w = np.array([0.8 * 0.09, 0.2 * 0.09, pair * 1.0]) / (0.09 + pair)
    >>> np.allclose(hierarchical(a).w, w)
    True
    >>> hierarchical(a, distance="correlation", method="ward").engine
    'ward linkage, distance by correlation'
    >>> hierarchical(a.select(["b"])).w.tolist()
    [1.0]
    """
    from scipy.cluster.hierarchy import leaves_list

    start = time.perf_counter()
    _ = _checked(a, None)
    if len(a) == 1:
        return allocation(
            a, None, np.ones(1), "hierarchical risk parity", "rule", "one asset", start, {}
        )
    order = leaves_list(hierarchy(a.sigma, distance=distance, method=method)).tolist()
    w = bisected(a.sigma, order)
    engine = f"{method} linkage, distance by {distance}"
    return allocation(a, None, w, "hierarchical risk parity", "rule", engine, start, {})
