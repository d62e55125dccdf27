"""Which portfolios are efficient under linear rules, for every trade-off at once?

Under limits and bounds the best weights are piecewise linear in the trade-off lambda. From the
largest lambda down, the line goes from corner to corner; at each, an active set is exchanged and
certified (the Karush-Kuhn-Tucker conditions hold on both sides of the corner, and the two segments
meet)::

    [ sigma  A' ] [ w ]   [ lambda mu ]
    [   A    0  ] [ y ] = [     b     ]        on the free weights, A the rules that bind

Where no active set certifies itself, `cvxcla` traces the line instead. Source: Markowitz (1956),
Bailey and Lopez de Prado (2013). Left out: distances, soft rules, positions without limit.
"""

from __future__ import annotations

import numpy as np

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
    n = len(a)
    m = len(mandate.program.rows)
    scale = float(np.abs(a.sigma).max()) or 1.0
    spread = float(np.ptp(a.mu)) or 1.0
    sigma = a.sigma / scale
    mu = a.mu / spread
    loose = p.lower < p.upper
    free_row = p.rows_lower < p.rows_upper
    now, found = 0.0, None
    corners: list[Array] = []
    trade_offs: list[float] = []
    multipliers: list[Array] = []
    while len(corners) < 100 * (n + m):
        if found is None:  # the first, or a corner where more than one weight or rule changes
            start = _linear(a, mandate, now * scale / spread)[0]
            found = exchange(sigma, now * mu, p, (start.at, start.on)) if start.at.size else None
        if found is None:
            return None
        w, y, z, at, on = found
        free = (at == 0).nonzero()[0]
        held = on.nonzero()[0]
        k = len(free)
        dw = np.zeros(n)
        dy = np.zeros(m)
        x = _kkt(sigma[free], p.rows[held], free, np.concatenate([mu[free], np.zeros(len(held))]))
        dw[free], dy[held] = x[:k], x[k:]
        dz = x[:k] @ sigma[free] - mu - dy @ p.rows
        if not corners:
            corners = [w]
            trade_offs = [0.0]
            multipliers = [y]
        elif np.abs(w - corners[-1]).max() > SURE:  # a jump: sigma is singular there
            return None
        # Room below, then room above: of weights and rows to their limits, of the multipliers of
        # held ones to zero.
        value = p.rows @ w
        slope = np.concatenate([np.where(at == 0, dw, dz), np.where(on == 0, p.rows @ dw, dy)])
        below = np.where(at == 0, w - p.lower, np.where((at < 0) & loose, z, np.inf))
        above = np.where(at == 0, p.upper - w, np.where((at > 0) & loose, -z, np.inf))
        row_below = np.where(
            on == 0, value - p.rows_lower, np.where((on < 0) & free_row, y, np.inf)
        )
        row_above = np.where(
            on == 0, p.rows_upper - value, np.where((on > 0) & free_row, -y, np.inf)
        )
        room = np.concatenate([below, row_below, above, row_above])
        pace = np.concatenate([-slope, slope])
        steps = np.maximum(room, 0.0) / np.where(pace > ROUNDING, pace, np.nan)
        if not np.isfinite(steps).any():
            if np.abs(dw).max() > ROUNDING:  # positions without limit
                return None
            rows = np.vstack([np.array(multipliers[::-1]) * scale, dy * spread])
            return np.array(corners[::-1]), np.array(trade_offs[::-1]) * scale / spread, rows
        event = int(np.nanargmin(steps))
        now = now + steps[event]
        step = steps[event]
        corners = [*corners, w + step * dw]
        trade_offs = [*trade_offs, now]
        multipliers = [*multipliers, y + step * dy]
        state = np.concatenate([at, on])
        side = -1 if event < n + m else 1
        state[event % (n + m)] = side if state[event % (n + m)] == 0 else 0
        now += STEP * (1 + now)
        found = exchange(sigma, now * mu, p, (state[:n], state[n:]))
    return None


def cvxcla_line(
    assumptions: Assumptions, mandate: Mandate
) -> tuple[tuple[Array, Array, Array], str]:
    """As `critical_line`, by cvxcla: for a singular sigma, and as a second method. Its corners are
    checked for ties."""
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
