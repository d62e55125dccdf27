"""Which portfolios are efficient under linear rules, for every trade-off at once?

Under limits and bounds the best weights are piecewise linear in the trade-off lambda. From the
largest lambda down, the line goes from corner to corner; at each, the active set that one change
makes is certified, or else exchanged until it is (the Karush-Kuhn-Tucker conditions hold on both
sides of the corner, and the two segments meet)::

    [ sigma  A' ] [ w ]   [ lambda mu ]
    [   A    0  ] [ y ] = [     b     ]        on the free weights, A the rules that bind

Where no active set certifies itself, `cvxcla` traces the line instead. Source: Markowitz (1956),
Bailey and Lopez de Prado (2013). Left out: distances, soft rules, positions without limit.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from portlib.construction.engines import (
    STEP,
    SURE,
    TIE,
    NotSolved,
    _kkt,
    _linear,
    exchange,
)
from portlib.construction.mandate import Mandate
from portlib.construction.mandate.infeasibility import diagnose
from portlib.construction.mandate.mandate import Program
from portlib.records import ROUNDING, Array, Assumptions


def critical_line(assumptions: Assumptions, mandate: Mandate) -> tuple[Array, Array, Array, str]:
    """All solutions under limits and bounds, from the highest trade-off lambda to zero.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    mandate : Mandate
        Hard limits and bounds over the same labels; its program has m rows.

    Returns
    -------
    corners : array (k, n)
        Weights, from the highest return to the least risk.
    trade_offs : array (k,)
        Lambda, one over the risk aversion, at each corner; zero at the last.
    multipliers : array (k + 1, m)
        Of the rows; the last are their slope in lambda above the first corner.
    engine : str
        Who traced it.

    Raises
    ------
    Infeasible
        Where no portfolio obeys the mandate.
    NotSolved
        For distances, soft rules and positions without limit.

    Examples
    --------
    Two assets alike in risk, one expected to earn more: from all of it to half of each.

    >>> from portlib.construction.mandate import fully_invested, long_only
    >>> a = Assumptions(("a", "b"), [0.04, 0.08], [[0.04, 0.0], [0.0, 0.04]])
    >>> w, trade_offs, _, _ = critical_line(a, Mandate(a.labels, [fully_invested(), long_only()]))
    >>> w.round(6).tolist(), trade_offs.round(6).tolist()
    ([[0.0, 1.0], [0.5, 0.5]], [1.0, 0.0])

    It goes on in ``critical_line.md``.
    """
    bent = [c.name for c in mandate.constraints if c.penalty is not None or not c.LINEAR]
    if bent:
        raise NotSolved(
            f"the frontier is straight lines only under hard limits and bounds, unlike "
            f"{', '.join(bent)}: "
            "efficient_portfolios gives points of it, and maximum_sharpe, minimum_risk, "
            "target_return "
            "and maximum_utility single portfolios"
        )
    traced = _segments(assumptions, mandate)
    engine = "critical line"
    if traced is None:
        traced, engine = cvxcla_line(assumptions, mandate)
    return *traced, engine


def _segments(a: Assumptions, mandate: Mandate) -> tuple[Array, Array, Array] | None:
    """The critical line from lambda = 0 up, a certified active set for each segment; None where
    there is none."""
    p = mandate.program
    n, m = len(a), len(p.rows)
    scale = float(np.diagonal(a.sigma).max()) or 1.0
    spread = float(np.ptp(a.mu)) or 1.0
    sigma = a.sigma / scale
    mu = a.mu / spread
    # Weights and rows lie between these; the multipliers of held ones do not change sign.
    lower = np.concatenate([p.lower, p.rows_lower])
    upper = np.concatenate([p.upper, p.rows_upper])
    moves = lower < upper
    now = 0.0
    line = None
    state = _certified(a, mandate, sigma, mu, now, (scale / spread, None))
    low = high = np.zeros(0)
    corners: list[Array] = []
    trade_offs: list[float] = []
    multipliers: list[Array] = []
    while len(corners) < 100 * (n + m):
        if state is None:
            return None
        line = _line(sigma, mu, p, state)
        if not corners or line is None or not _holds(line, low, high, now):
            if corners:  # the set with one change is not the one that holds from here on
                state = _certified(a, mandate, sigma, mu, now, (scale / spread, state))
                line = None if state is None else _line(sigma, mu, p, state)
            if state is None or line is None:
                return None
            low, high = _limits(state, lower, upper, moves)
        if not corners:
            corners = [line.w[0]]
            trade_offs = [0.0]
            multipliers = [np.where(state[n:] == 0, 0.0, line.place[0, n:])]
        elif np.abs(line.w[0] + trade_offs[-1] * line.w[1] - corners[-1]).max() > SURE:
            return None  # a jump: sigma is singular there
        slope = line.place[1]
        gap = np.where(slope > 0, high, low) - (line.place[0] + now * slope)
        still = np.abs(slope) <= ROUNDING
        steps = np.where(still, np.inf, np.maximum(gap / np.where(still, 1.0, slope), 0.0))
        event = int(steps.argmin())
        if not np.isfinite(steps[event]):
            if np.abs(line.w[1]).max() > ROUNDING:  # positions without limit
                return None
            rising = np.where(state[n:] == 0, 0.0, slope[n:])
            rows = np.vstack([np.array(multipliers[::-1]) * scale, rising * spread])
            return np.array(corners[::-1]), np.array(trade_offs[::-1]) * scale / spread, rows
        now += float(steps[event])
        corners.append(line.w[0] + now * line.w[1])
        trade_offs.append(now)
        multipliers.append(np.where(state[n:] == 0, 0.0, line.place[0, n:] + now * slope[n:]))
        state = state.copy()
        side = 1 if slope[event] > 0 else -1
        state[event] = side if state[event] == 0 else 0
        one = slice(event, event + 1)
        low[one], high[one] = _limits(state[one], lower[one], upper[one], moves[one])
        now += STEP * (1 + now)
    return None


def _certified(
    a: Assumptions,
    mandate: Mandate,
    sigma: Array,
    mu: Array,
    now: float,
    start: tuple[float, NDArray[np.int64] | None],
) -> NDArray[np.int64] | None:
    """The active set at lambda by exchange from the likely one, else from nothing; None where
    neither is certified. `start` holds the unit of lambda and the likely set."""
    unit, state = start
    n = len(a)
    found = None
    if state is not None:
        found = exchange(sigma, now * mu, mandate.program, (state[:n], state[n:]))
    if found is None:  # the first, or a corner where more than one weight or rule changes
        first = _linear(a, mandate, now * unit)[0]
        if first.at.size:
            found = exchange(sigma, now * mu, mandate.program, (first.at, first.on))
    return None if found is None else np.concatenate([found.at, found.on]).astype(np.int64)


def _limits(
    state: NDArray[np.int64], lower: Array, upper: Array, moves: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """Between what `Line.place` must lie: limits of weights and rows, zero for a multiplier that
    may not change sign."""
    free = state == 0
    low = np.where(free, lower, np.where((state < 0) & moves, 0.0, -np.inf))
    high = np.where(free, upper, np.where((state > 0) & moves, 0.0, np.inf))
    return low, high


class Line(NamedTuple):
    """What an active set implies for every lambda: two rows each, at zero and the slope in lambda.

    `w` weights; `place` (n + m) what may not leave its limits: the weights and rows that are free,
    the multipliers of those that are held.
    """

    w: Array
    place: Array


def _line(sigma: Array, mu: Array, p: Program, state: NDArray[np.int64]) -> Line | None:
    """The solution of the conditions under an active set, linear in lambda; None where there is
    none."""
    n = len(mu)
    at = state[:n]
    on = state[n:]
    free = (at == 0).nonzero()[0]
    held = on.nonzero()[0]
    moved = at.nonzero()[0]
    k = len(free)
    w = np.zeros((2, n))
    w[0, moved] = np.where(at[moved] < 0, p.lower[moved], p.upper[moved])
    pulling = w[0].nonzero()[0]
    some = 4 * len(pulling) < n  # then their rows are quicker than the whole
    pull = w[0, pulling] @ sigma[pulling] if some else w[0] @ sigma
    rows = p.rows[held]
    goal = np.where(on[held] > 0, p.rows_upper[held], p.rows_lower[held])
    block = sigma if k == n else sigma[free]
    right = np.zeros((k + len(held), 2))
    right[:k, 0] = -pull[free]
    right[:k, 1] = mu[free]
    right[k:, 0] = goal - rows @ w[0]
    x = _kkt(block, rows, free, right).T
    w[:, free] = x[:, :k]
    place = np.empty((2, n + len(on)))
    z = place[:, :n]
    np.subtract(x[:, :k] @ block, x[:, k:] @ rows, out=z)
    z[0] += pull
    z[1] -= mu
    wrong = max(np.abs(z[:, free]).max(initial=0.0), np.abs(rows @ w[0] - goal).max(initial=0.0))
    if not wrong <= ROUNDING:
        return None
    z[:, free] = x[:, :k]
    place[:, n:] = w @ p.rows.T
    place[:, n + held] = x[:, k:]
    return Line(w, place)


def _holds(line: Line, low: Array, high: Array, now: float) -> bool:
    """Whether nothing lies beyond its limits at lambda."""
    place = line.place[0] + now * line.place[1]
    return bool(np.maximum(low - place, place - high).max() <= TIE * max(1.0, now))


def cvxcla_line(
    assumptions: Assumptions, mandate: Mandate
) -> tuple[tuple[Array, Array, Array], str]:
    """As `critical_line`, by cvxcla: for a singular sigma, and as a second method. Its corners are
    checked for ties.

    Examples
    --------
    The same line as `critical_line`, with the same multipliers.

    >>> from portlib.construction.mandate import fully_invested, group_limit, long_only
    >>> from portlib.construction.mandate import position_limit
    >>> sigma = np.array([[0.0025, 0.001, 0.0], [0.001, 0.04, 0.002], [0.0, 0.002, 0.0225]])
    >>> a = Assumptions(("bonds", "stocks", "gold"), [0.03, 0.08, 0.05], sigma)
    >>> risky = group_limit("risky", ["gold", "stocks"], lower=0.45, upper=0.75)
    >>> rules = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6), risky])
    >>> one, other = critical_line(a, rules)[:3], cvxcla_line(a, rules)[0]
    >>> all(np.allclose(x, y, atol=1e-9) for x, y in zip(one, other))
    True
    """
    import cvxcla

    p = mandate.program
    mu = assumptions.mu
    sigma = assumptions.sigma
    engine = f"cvxcla {cvxcla.__version__}"
    equal = p.rows_lower == p.rows_upper
    high = ~equal & np.isfinite(p.rows_upper)
    low = ~equal & np.isfinite(p.rows_lower)
    g = np.vstack([p.rows[high], -p.rows[low]])
    h = np.concatenate([p.rows_upper[high], -p.rows_lower[low]])
    try:
        points = cvxcla.CLA(
            mean=mu,
            covariance=sigma,
            lower_bounds=p.lower,
            upper_bounds=p.upper,
            a=p.rows[equal],
            b=p.rows_lower[equal],
            g=g,
            h=h,
        ).turning_points
    except cvxcla.CLAError as stopped:
        raise _uncertified(assumptions, mandate, f"{engine}: {stopped}") from stopped
    multipliers = np.zeros((len(points), len(p.rows)))
    above = int(high.sum())
    for row, point in zip(multipliers, points, strict=True):
        row[equal] -= point.nu
        row[high] -= point.eta[:above]
        row[low] += point.eta[above:]
    finite = np.isfinite([point.lamb for point in points])
    w = np.array([x.weights for x in points])
    trade_offs = np.array([x.lamb for x in points])
    y = multipliers
    gradient = np.vstack([-mu, w[finite] @ sigma - np.outer(trade_offs[finite], mu)])
    w = np.vstack([w[finite][0], w[finite]])
    z = gradient - y @ p.rows
    value = w @ p.rows.T
    wrong = np.where(w > p.lower + TIE, np.maximum(z, 0), 0) - np.where(
        w < p.upper - TIE, np.minimum(z, 0), 0
    )
    wrong_y = np.where(value > p.rows_lower + TIE, np.maximum(y, 0), 0)
    wrong_y -= np.where(value < p.rows_upper - TIE, np.minimum(y, 0), 0)
    scale = (
        np.append(0.0, np.abs(sigma).max() + trade_offs[finite] * np.abs(mu).max())
        + np.abs(mu).max()
    )
    if np.any(wrong.max(axis=1) > SURE * scale) or np.any(
        wrong_y.max(axis=1, initial=0.0) > SURE * scale
    ):
        raise _uncertified(assumptions, mandate, f"{engine}: a corner is not optimal")
    return (w[1:], trade_offs[finite], np.vstack([y[1:], y[:1]])), engine


def _uncertified(assumptions: Assumptions, mandate: Mandate, said: str) -> ValueError:
    """Why there is no line: the rules in conflict, or that no active set can be certified, and what
    to ask for instead."""
    return diagnose(mandate, assumptions) or NotSolved(
        "the exact frontier cannot be certified here: a singular sigma, assets that tie, or "
        "positions without limit (check that bounds keep them finite); efficient_portfolios gives "
        f"points of it, and maximum_sharpe, minimum_risk and the like single portfolios ({said})"
    )
