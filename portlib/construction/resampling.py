"""What are the best weights on average, over inputs that could as well have been measured?

Means and covariance are drawn again as a history of so many years would have shown them; each draw
has its own frontier or portfolio, and the average is taken. All resamples go through the critical
line together: one batched linear solve moves each to its next corner. Source: Michaud (1998). Left
out: why an average of best portfolios should be good.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from portlib.construction import engines
from portlib.construction.critical_line import critical_line
from portlib.construction.engines import ROUNDS, SURE, TIE, Solution, allocation, default_mandate
from portlib.construction.mandate import Mandate
from portlib.construction.mandate.mandate import Program
from portlib.ranges import COUNT, door, number
from portlib.records import ROUNDING, Allocation, Array, Assumptions, symmetric_root

Side = NDArray[np.intp]


def _side(x: Array, low: Array, high: Array) -> Array:
    return np.where(low == high, 1, np.where(x <= low + SURE, -1, x >= high - SURE))


def _positive(risk_aversion: float) -> None:
    if not 0 < risk_aversion < np.inf:
        raise ValueError(f"the risk aversion must be positive and finite, got {risk_aversion}")


@door()
def draws(
    assumptions: Assumptions, years: float, resamples: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Means (k, n) and covariances (k, n, n) that `years` of independent normal months could have
    shown instead.

    Means are drawn about ``mu`` with covariance ``sigma / years``, covariances as Wishart matrices
    by Bartlett's decomposition (1933), ddof 1.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    years : float
        Length of the history, above 0.
    resamples : int
        How many draws, k.
    rng : numpy.random.Generator
        Where they come from.

    Returns
    -------
    mu : array (k, n)
        Annual decimals.
    sigma : array (k, n, n)
        Annual decimals squared.

    Raises
    ------
    ValueError
        For fewer than n + 1 months, or no resample.

    Examples
    --------
    What 30 months would have measured: means err by ``sigma / 2.5``, variances v by ``v sqrt(2 /
    29)``, and both are right on average. 4,000 draws hold within four standard errors.

    >>> sigma = np.array([[0.04, 0.01, -0.006], [0.01, 0.09, 0.0], [-0.006, 0.0, 0.0225]])
    >>> a = Assumptions(("a", "b", "c"), [0.05, 0.08, 0.03], sigma)
    >>> mu, made = draws(a, 2.5, 4000, np.random.default_rng(1))
    >>> error = np.sqrt(np.diag(sigma) / 2.5)
    >>> bool((abs(mu.mean(axis=0) - a.mu) < 4 * error / 4000**0.5).all())
    True
    >>> np.allclose(np.cov(mu.T), sigma / 2.5, atol=4 * 0.09 / 2.5 * (2 / 4000) ** 0.5)
    True
    >>> spread = np.diag(sigma) * (2 / 29) ** 0.5
    >>> own = np.diagonal(made, axis1=1, axis2=2)
    >>> bool((abs(own.mean(axis=0) - np.diag(sigma)) < 4 * spread / 4000**0.5).all())
    True
    >>> bool((abs(own.std(axis=0) / spread - 1) < 4 * (1.2 / 4000) ** 0.5).all())
    True
    >>> np.allclose(made.mean(axis=0), sigma, atol=4 * 0.09 * (2 / 29 / 4000) ** 0.5)
    True
    >>> draws(a, 0.285, 10, np.random.default_rng(1))
    Traceback (most recent call last):
    ...
    ValueError: resampling 3 assets needs 4 months and a resample, got 3 and 10
    >>> draws(a, 0.2, 0, np.random.default_rng(1))  # 2.4 months
    Traceback (most recent call last):
    ...
    ValueError: resampling 3 assets needs 4 months and a resample, got 2 and 0
    >>> draws(a, 0.3, 1, np.random.default_rng(1))[0].shape  # 3.6 months are four
    (1, 3)

    It goes on in ``resampling.md``.
    """
    number("years", years, above=0, below=1e5)
    n = len(assumptions)
    months = round(12 * years)
    if months < n + 1 or resamples < 1:
        raise ValueError(
            f"resampling {n} assets needs {n + 1} months and a resample, got {months} and "
            f"{resamples}"
        )
    root = symmetric_root(assumptions.sigma)
    mu = assumptions.mu + rng.standard_normal((resamples, n)) @ root / math.sqrt(months / 12)
    triangle = np.tril(rng.standard_normal((resamples, n, n)), -1)
    triangle[:, np.arange(n), np.arange(n)] = np.sqrt(
        rng.chisquare(months - 1 - np.arange(n), (resamples, n))
    )
    factor = root @ triangle
    return mu, factor @ factor.transpose(0, 2, 1) / (months - 1)


class Resampled(NamedTuple):
    """Average portfolios of redrawn inputs.

    Attributes
    ----------
    w : array (points, n)
        Weights, averaged by rank.
    paths : array (k, points, n)
        What they average.
    retraced : int
        How many of the k left the batch and were traced alone.
    """

    w: Array
    paths: Array
    retraced: int


@door(points=COUNT)
def resampled_frontier(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    years: float,
    resamples: int = 500,
    points: int = 50,
    rng: np.random.Generator,
) -> Resampled:
    """The average of exact frontiers of redrawn inputs, each read at returns equally spaced between
    its own ends.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    mandate : Mandate, optional
        Hard limits and bounds; fully invested and long only where not given.
    years, resamples, rng
        As for `draws`.
    points : int
        How many portfolios of each frontier, from the least risk to the highest return.

    Returns
    -------
    Resampled

    Raises
    ------
    ValueError
        As `draws`.
    Infeasible, NotSolved
        Where no portfolio obeys the mandate; for distances and soft rules.

    References
    ----------
    Michaud (1998).

    Examples
    --------
    The exact frontier ends with all in the asset that is expected to earn more; the resampled one
    never does, since in some histories the other would have been ahead.

    >>> a = Assumptions(("a", "b"), [0.04, 0.06], [[0.04, 0.0], [0.0, 0.04]])
    >>> rng = np.random.default_rng(1)
    >>> found = resampled_frontier(a, years=10, resamples=200, points=5, rng=rng)
    >>> bool(0 < found.w[-1, 0] < 0.5), found.w.sum(axis=1).round(9).tolist()
    (True, [1.0, 1.0, 1.0, 1.0, 1.0])

    It is the average of frontiers, each traced alone and read at returns equally far apart.

    >>> from portlib.construction.mandate import Mandate, fully_invested, long_only, position_limit
    >>> from portlib.construction.mean_variance import frontier
    >>> sigma = np.array([[0.04, 0.01, -0.006], [0.01, 0.09, 0.0], [-0.006, 0.0, 0.0225]])
    >>> a = Assumptions(("a", "b", "c"), [0.05, 0.08, 0.03], sigma)
    >>> rules = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6)])
    >>> ask = {"years": 5, "resamples": 25}
    >>> found = resampled_frontier(a, rules, points=4, rng=np.random.default_rng(7), **ask)
    >>> mu, made = draws(a, 5, 25, np.random.default_rng(7))
    >>> alone = []
    >>> for one, its in zip(mu, made):
    ...     whole = frontier(Assumptions(a.labels, one, its), rules)
    ...     returns = np.linspace(whole.means[-1], whole.means[0], 4)
    ...     alone.append([whole.target_return(r).w for r in returns[:-1]] + [whole.corners[0]])
    >>> np.allclose(found.paths, alone, atol=1e-7), found.retraced  # all in one batch
    (True, 0)
    >>> np.allclose(found.w, np.mean(alone, axis=0), atol=1e-7)
    True

    It goes on in ``resampling.md``.
    """
    mandate = default_mandate(assumptions, mandate)
    critical_line(assumptions, mandate)  # refuses, by name, what no resample could obey
    mu, sigma = draws(assumptions, years, resamples, rng)
    corners, _, sure = _march(
        mu, sigma, p := mandate.program, engines.exchange(assumptions.sigma, 0 * mu[0], p)
    )
    paths = _points(corners, mu, points)
    for k in np.flatnonzero(~sure):
        one = assumptions.replace(mu=mu[k], sigma=sigma[k], source="a resample")
        paths[k] = _points(critical_line(one, mandate)[0][None, ::-1], mu[k : k + 1], points)[0]
    return Resampled(paths.mean(axis=0), paths, int((~sure).sum()))


@door()
def resampled_utility(
    assumptions: Assumptions,
    mandate: Mandate | None = None,
    *,
    risk_aversion: float,
    years: float,
    resamples: int = 500,
    rng: np.random.Generator,
) -> Allocation:
    """The average of the maximum-utility portfolios of redrawn inputs; an average has no shadow
    prices.

    Parameters
    ----------
    assumptions : Assumptions
        Of n assets, annual decimals.
    mandate : Mandate, optional
        Fully invested and long only where not given.
    risk_aversion : float
        A of ``mu'w - A/2 w'sigma w``, positive and finite.
    years, resamples, rng
        As for `draws`.

    Returns
    -------
    Allocation

    Raises
    ------
    ValueError
        As `draws`, and for a risk aversion that is not positive and finite.
    Infeasible, NotSolved
        As `portlib.construction.engines.solve`.

    Examples
    --------
    It is the average of best portfolios, each found alone; so too under turnover, which the batch
    does not know.

    >>> from portlib.construction.mandate import Mandate, Turnover, fully_invested, long_only
    >>> sigma = np.array([[0.04, 0.01, -0.006], [0.01, 0.09, 0.0], [-0.006, 0.0, 0.0225]])
    >>> a = Assumptions(("a", "b", "c"), [0.05, 0.08, 0.03], sigma)
    >>> mu, made = draws(a, 5, 12, np.random.default_rng(7))
    >>> for rule in (long_only(), Turnover("slow", {"a": 0.5, "b": 0.5}, 0.3)):
    ...     rules = Mandate(a.labels, [fully_invested(), rule])
    ...     rng = np.random.default_rng(7)
    ...     found = resampled_utility(a, rules, risk_aversion=4.0, years=5, resamples=12, rng=rng)
    ...     each = [Assumptions(a.labels, one, its) for one, its in zip(mu, made)]
    ...     alone = [engines.solve(one, rules, 1 / 4.0)[0] for one in each]
    ...     assert np.allclose(found.w, np.mean(alone, axis=0), atol=1e-7)
    >>> resampled_utility(a, risk_aversion=0.0, years=5, rng=rng)
    Traceback (most recent call last):
    ...
    ValueError: the risk aversion must be positive and finite, got 0.0

    It goes on in ``resampling.md``.
    """
    start = time.perf_counter()
    mandate = default_mandate(assumptions, mandate)
    _positive(risk_aversion)
    mu, sigma = draws(assumptions, years, resamples, rng)
    p = mandate.program
    w = np.zeros_like(mu)
    sure = np.zeros(len(mu), dtype=bool)
    if mandate.is_linear and len(p.rows) <= engines.FEW_LIMITS:  # beyond, none stays in the batch
        corners, trade_offs, sure = _march(
            mu, sigma, p, engines.exchange(assumptions.sigma, 0 * mu[0], p)
        )
        w = _read(corners, trade_offs, np.full((len(mu), 1), 1 / risk_aversion))[:, 0]
    for k in np.flatnonzero(~sure):
        one = assumptions.replace(mu=mu[k], sigma=sigma[k], source="a resample")
        w[k] = engines.solve(one, mandate, 1 / risk_aversion)[0]
    what = f"resampled utility (A = {risk_aversion:g})"
    return allocation(
        assumptions, mandate, w.mean(axis=0), what, "rule", f"average of {resamples}", start, {}
    )


def _systems(sigma: Array, p: Program, at: Side, on: Side) -> Array:
    """Conditions (..., n + m, n + m) on weights and row multipliers; what is at a limit, or off,
    has its own row."""
    n = sigma.shape[-1]
    m = len(p.rows)
    free = (at == 0)[..., None]
    held = (on != 0)[..., None]
    system = np.zeros((*at.shape[:-1], n + m, n + m))
    system[..., :n, :n], system[..., :n, n:], system[..., n:, :n] = (
        sigma * free,
        -p.rows.T * free,
        p.rows * held,
    )
    system[..., range(n + m), range(n + m)] += ~np.concatenate([free, held], axis=-2)[..., 0]
    return system


def _line(sigma: Array, mu: Array, p: Program, at: Side, on: Side) -> tuple[Array, Array, Array]:
    """Weights and the distance of each condition from failing, low sides then high: at lambda = 0,
    and their slopes."""
    n = mu.shape[-1]
    free = at == 0
    right = np.zeros((len(mu), n + len(p.rows), 2))
    right[:, :n, 0] = np.where(at < 0, p.lower, np.where(at > 0, p.upper, 0.0))
    right[:, n:, 0] = np.where(on < 0, p.rows_lower, np.where(on > 0, p.rows_upper, 0.0))
    right[:, :n, 1] = mu * free
    systems = _systems(sigma, p, at, on)
    try:
        x = np.linalg.solve(systems, right)
    except (
        np.linalg.LinAlgError
    ):  # one is singular: nudge, refine, and drop what still does not fit
        nudged = systems + TIE * np.eye(systems.shape[-1])
        x = np.linalg.solve(nudged, right)
        x += np.linalg.solve(nudged, right - systems @ x)
        x[np.abs(systems @ x - right).max(axis=(1, 2)) > ROUNDING] = np.nan
    w, y = np.split(x.transpose(2, 0, 1), [n], axis=-1)
    z = (sigma @ w[..., None])[..., 0] - y @ p.rows - np.array([0.0, 1.0])[:, None, None] * mu
    here = np.concatenate([np.where(free, w, z), np.where(on == 0, w @ p.rows.T, y)], axis=-1)
    state = np.concatenate([at, on], axis=1)
    moves = np.append(p.lower < p.upper, p.rows_lower < p.rows_upper)
    low = np.append(p.lower, p.rows_lower)
    high = np.append(p.upper, p.rows_upper)
    sides = [(here[0] - low, high - here[0]), (here[0], -here[0])]
    room = [
        np.where(state == 0, sides[0][k], np.where((state == s) & moves, sides[1][k], np.inf))
        for k, s in enumerate((-1, 1))
    ]
    return np.asarray(w), np.asarray(np.hstack(room)), np.asarray(np.hstack([here[1], -here[1]]))


def _flip(at: Side, on: Side, low: NDArray[np.bool_], high: NDArray[np.bool_]) -> tuple[Side, Side]:
    """What is between its limits goes to the side that failed; what is at a limit is let go."""
    state = np.concatenate([at, on], axis=1)
    state = np.where(low | high, np.where(state == 0, high * 1 - low, 0), state)
    return state[:, : at.shape[1]], state[:, at.shape[1] :]


def _settle(
    sigma: Array, mu: Array, p: Program, start: Solution | None
) -> tuple[Array, Side, Side, NDArray[np.bool_]]:
    """Exchange of active sets for all resamples, as in `engines.exchange`: weights (k, n), sides,
    and who is sure."""
    (k, n), fixed, equal = mu.shape, p.lower == p.upper, p.rows_lower == p.rows_upper
    sides = (fixed * -1, equal * 1) if start is None else (start.at, start.on)
    at, on = (np.tile(side.astype(np.intp), (k, 1)) for side in sides)
    w = np.zeros((k, n))
    sure = np.zeros(k, dtype=bool)
    todo = np.arange(k)
    for _ in range(ROUNDS):
        x, room, pace = _line(sigma[todo], mu[todo], p, at[todo], on[todo])
        fails = np.where(np.isfinite(room), room + pace, np.inf) < -TIE * 10
        solved = np.isfinite(x).all(axis=(0, 2))
        settled = ~fails.any(axis=1)
        w[todo], sure[todo] = x[0] + x[1], solved & settled
        at[todo], on[todo] = _flip(at[todo], on[todo], *np.split(fails, 2, axis=1))
        todo = todo[solved & ~settled]
        if not todo.size:
            break
    return w, at, on, sure


def _march(
    mu: Array, sigma: Array, p: Program, start: Solution | None
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """All critical lines together, from least risk up: corners (k, steps, n), trade-offs (k,
    steps), who is sure."""
    unit = float(np.abs(sigma).max())
    spread = float(np.ptp(mu)) or 1.0
    mu = mu / spread
    sigma = sigma / unit
    w, at, on, sure = _settle(sigma, 0 * mu, p, start)
    corners = [w]
    trade_offs = [np.zeros(len(mu))]
    now = np.zeros(len(mu))
    going = sure.copy()
    while going.any() and len(corners) < 20 * (mu.shape[1] + len(p.rows)):
        todo = np.flatnonzero(going)
        x, room, pace = _line(sigma[todo], mu[todo], p, at[todo], on[todo])
        sure[todo] &= (
            np.where(np.isfinite(room), room + now[todo, None] * pace, 0.0).min(axis=1) > -SURE
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(pace < -ROUNDING, np.maximum(-room / pace, now[todo, None]), np.inf)
        event = steps.argmin(axis=1)
        last = np.isinf(steps.min(axis=1))
        now[todo] = np.where(last, now[todo], steps.min(axis=1))
        w = w.copy()
        w[todo] = x[0] + now[todo, None] * x[1]
        corners = [*corners, w]
        trade_offs = [*trade_offs, now.copy()]
        fails = (np.arange(room.shape[1]) == event[:, None]) & ~last[:, None]
        at[todo], on[todo] = _flip(at[todo], on[todo], *np.split(fails, 2, axis=1))
        going[todo] = ~last & sure[todo]
    w = np.nan_to_num(np.clip(np.array(corners).transpose(1, 0, 2), p.lower, p.upper))
    return w, np.nan_to_num(np.array(trade_offs).T) * unit / spread, sure & ~going


def _points(corners: Array, mu: Array, points: int) -> Array:
    means = np.einsum("ksn,kn->ks", corners, mu)
    return _read(corners, means, np.linspace(means[:, 0], means[:, -1], points, axis=1))


def _read(corners: Array, along: Array, goals: Array) -> Array:
    """Portfolios (k, points, n) on each line of corners (k, steps, n), where `along` (k, steps)
    meets the goals."""
    at = np.array([np.interp(g, x, np.arange(len(x))) for g, x in zip(goals, along, strict=True)])
    low = at.astype(int)
    rows = np.arange(len(corners))[:, None]
    t = (at - low)[..., None]
    high = np.minimum(low + 1, corners.shape[1] - 1)
    return np.asarray((1 - t) * corners[rows, low] + t * corners[rows, high])
