"""How far do the best weights move when the inputs are wrong, and what makes them move less?

On a fixed active set the conditions of optimality are linear, so weights have derivatives, dw = H (dmu / A - dsigma w),
with H the inverse of sigma on the free weights, projected on the rules held. What tames them, in rising order of cost:

    box          max  mu'w - delta'w - A/2 w'sigma w                  (each mean may be too high by its delta)
    ellipsoid    max  mu'w - kappa sqrt(w'omega w) - A/2 w'sigma w    (means may be wrong together; omega says how)
    resampling   the average of the best weights under many inputs that could as well have been measured

Of a long-only portfolio the box is `maximum_utility` with other means. All resamples go through the critical line
together: one batched linear solve moves each to its next corner. Left out: errors of sigma in the robust programmes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib import data
from portlib.construction import engines
from portlib.construction.engines import ROUNDS, SURE, TIE, NotSolved, Solution, allocation, default_mandate
from portlib.construction.mandate import Mandate, Program, TrackingError
from portlib.estimation.capital_market_assumptions import provider_dispersion
from portlib.records import ROUNDING, Allocation, Array, Assumptions

Side = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sensitivities:
    """Derivatives of the best weights ``w`` (n,) while no other rule binds; ``H`` (n, n) is zero at bound assets."""

    assumptions: Assumptions
    risk_aversion: float
    w: Array
    H: Array

    @property
    def means(self) -> pd.DataFrame:
        """Change of each weight (rows) per unit of each expected return (columns)."""
        names = list(self.assumptions.labels)
        return pd.DataFrame(self.H / self.risk_aversion, index=names, columns=names)

    def covariance(self, change: Array) -> pd.Series:
        """Change of the weights per unit of a symmetric `change` (n, n) of sigma."""
        return pd.Series(-self.H @ change @ self.w, index=list(self.assumptions.labels))

    def correlation(self, first: str, second: str) -> pd.Series:
        """Change of the weights per unit of one correlation, volatilities unchanged."""
        i, j = (self.assumptions.labels.index(a) for a in (first, second))
        change, sd = np.zeros_like(self.assumptions.sigma), self.assumptions.volatility
        change[i, j] = change[j, i] = sd[i] * sd[j]
        return self.covariance(change)


def sensitivities(assumptions: Assumptions, mandate: Mandate | None = None, *, risk_aversion: float) -> Sensitivities:
    """How do the maximum-utility weights move per unit of each input?

    From the Karush-Kuhn-Tucker conditions on the active set (Best and Grauer 1991). ValueError at a corner, where
    weights have no derivative; NotSolved for rules other than hard limits and bounds; Infeasible.
    """
    mandate, n = default_mandate(assumptions, mandate), len(assumptions)
    _positive(risk_aversion)
    if not mandate.is_linear:
        raise NotSolved("derivatives need hard limits and bounds alone: drop distances and soft rules")
    p, sigma = mandate.program, assumptions.sigma
    w = engines.solve(assumptions, mandate, 1 / risk_aversion)[0]
    start = _side(w, p.lower, p.upper), _side(p.rows @ w, p.rows_lower, p.rows_upper)
    found = engines.exchange(sigma, assumptions.mu / risk_aversion, p, start)
    if found is None:
        raise NotSolved("no active set could be certified: drop duplicated assets, and rules that say the same twice")
    w, _, z, at, on = *found[:3], *(side.astype(np.intp) for side in found[3:])
    scale = float(np.abs(sigma).max()) + float(np.abs(assumptions.mu).max()) / risk_aversion
    margin = np.where(at == 0, np.minimum(w - p.lower, p.upper - w), np.abs(z) / scale)
    for i in np.flatnonzero((margin < SURE) & (p.lower < p.upper)):
        raise ValueError(f"{assumptions.labels[i]!r} is about to reach or leave its limit at A = {risk_aversion:g}: "
                         "weights have a kink there, and no derivative; ask at a slightly different risk aversion")
    right = np.vstack([np.diag((at == 0) * 1.0), np.zeros((len(p.rows), n))])
    return Sensitivities(assumptions, risk_aversion, w, np.linalg.solve(_systems(sigma, p, at, on), right)[:n])


def _side(x: Array, low: Array, high: Array) -> Array:
    return np.where(low == high, 1, np.where(x <= low + SURE, -1, x >= high - SURE))


def _positive(risk_aversion: float) -> None:
    if not 0 < risk_aversion < np.inf:
        raise ValueError(f"the risk aversion must be positive and finite, got {risk_aversion}")


def provider_errors(assumptions: Assumptions) -> Array:
    """How wrong may the means be, by how far providers disagree? A covariance ``D rho D`` (n, n), annual decimals.

    D are the standard deviations (ddof 1) of the providers' views, the largest for an asset on which fewer than two
    publish; rho are the correlations of returns: errors share what returns share. ValueError where there is no D.
    """
    sd = provider_dispersion(assumptions.labels)["sd"]
    if sd.isna().all():
        raise ValueError(f"no two providers publish on any of {', '.join(assumptions.labels)}: give `errors` yourself")
    ratio = sd.fillna(sd.max()).to_numpy(float) / np.where(assumptions.volatility > 0, assumptions.volatility, np.inf)
    return np.asarray(assumptions.sigma * np.outer(ratio, ratio))


def ellipsoidal(
    assumptions: Assumptions, mandate: Mandate | None = None, *, errors: Array | None = None,
    kappa: float | None = None, risk_aversion: float | None = None,
) -> Allocation:
    """The best portfolio when its expected return is marked down by `kappa` standard errors.

    `errors` (n, n) is the covariance of the errors of the means; where not given, `provider_errors`. `kappa` and
    `risk_aversion`, where not given, are the policy's ``robust_standard_errors`` and ``equilibrium_risk_aversion``.
    As ``sqrt(x) = min over s of (x / s + s) / 2``, this is a quadratic programme with ``sigma + kappa omega / (A s)``
    at the one s that is the portfolio's own standard error. Shadow prices are per unit of worst-case utility.
    Raises as `maximum_utility`; NotSolved for tracking errors, AssumptionsError for errors that are no covariance.
    Source: Goldfarb and Iyengar (2003); Ceria and Stubbs (2006).
    """
    from scipy.optimize import brentq

    start, mandate = time.perf_counter(), default_mandate(assumptions, mandate)
    kappa = float(data.policy("robust_standard_errors")) if kappa is None else kappa
    aversion = float(data.policy("equilibrium_risk_aversion")) if risk_aversion is None else risk_aversion
    omega = provider_errors(assumptions) if errors is None else errors
    Assumptions(assumptions.labels, assumptions.mu, omega, source="errors of the means")  # is it a covariance?
    _positive(aversion)
    if not 0 <= kappa < np.inf:
        raise ValueError(f"kappa must be finite and zero or more, got {kappa}")
    cones = [c.name for c in mandate.constraints if isinstance(c, TrackingError)]
    if cones:
        raise NotSolved(f"{cones[0]!r} is a tracking error, which this programme would measure by the wrong sigma")

    def best(s: float) -> tuple[Array, dict[str, float], str]:
        sigma = assumptions.sigma + kappa / (aversion * s) * omega
        return engines.solve(assumptions.replace(sigma=sigma, source="robust"), mandate, 1 / aversion)

    def gap(log_s: float) -> float:
        w = best(math.exp(log_s))[0]
        return 0.5 * math.log(max(float(w @ omega @ w), 1e-300)) - log_s

    high = math.log(max(float(np.sqrt(np.diag(omega)).max()), 1e-12)) + 5
    low = high - 25  # a portfolio whose error is smaller is all but certain: the root is a kink, and s stays here
    certain = kappa == 0 or not omega.any() or gap(low) <= 0
    w, prices, engine = best(math.exp(low if certain else brentq(gap, low, high, xtol=1e-13, rtol=1e-14)))
    what = f"worst-case utility (A = {aversion:g}, kappa = {kappa:g})"
    return allocation(assumptions, mandate, w, what, "optimal", engine, start,
                      {name: aversion * price for name, price in prices.items()})


def regret(
    candidates: Mapping[str, Array], truths: Mapping[str, Assumptions], mandate: Mandate | None = None, *,
    risk_aversion: float,
) -> pd.DataFrame:
    """Utility that candidates (rows; weights) lose against the best portfolio of each truth (columns); and at worst."""
    held, loss = np.array(list(candidates.values())), pd.DataFrame(index=list(candidates))
    for name, truth in truths.items():
        w = np.vstack([held, engines.solve(truth, default_mandate(truth, mandate), 1 / risk_aversion)[0]])
        worth = w @ truth.mu - risk_aversion / 2 * np.einsum("ki,ki->k", w @ truth.sigma, w)
        loss[name] = worth[-1] - worth[:-1]
    return loss.assign(worst=loss.max(axis=1)).sort_values("worst")


def draws(assumptions: Assumptions, years: float, resamples: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Means (k, n) and covariances (k, n, n) that `years` of independent normal months could have shown instead.

    Annual decimals, ddof 1: means about ``sigma / years``, covariances Wishart by Bartlett's decomposition (1933).
    ValueError for too few months, or no resample.
    """
    n, months = len(assumptions), round(12 * years)
    if months < n + 1 or resamples < 1:
        raise ValueError(f"resampling {n} assets needs {n + 1} months and a resample, got {months} and {resamples}")
    values, vectors = np.linalg.eigh(assumptions.sigma)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    mu = assumptions.mu + rng.standard_normal((resamples, n)) @ root.T / math.sqrt(months / 12)
    triangle = np.tril(rng.standard_normal((resamples, n, n)), -1)
    triangle[:, np.arange(n), np.arange(n)] = np.sqrt(rng.chisquare(months - 1 - np.arange(n), (resamples, n)))
    factor = root @ triangle
    return mu, factor @ factor.transpose(0, 2, 1) / (months - 1)


class Resampled(NamedTuple):
    """Average portfolios ``w`` (points, n) by rank, of `paths` (k, points, n), of which `retraced` left the batch."""

    w: Array
    paths: Array
    retraced: int


def resampled_frontier(
    assumptions: Assumptions, mandate: Mandate | None = None, *, years: float, resamples: int = 500, points: int = 50,
    rng: np.random.Generator,
) -> Resampled:
    """The average of exact frontiers of redrawn inputs, each read at returns equally spaced between its own ends.

    Raises as `draws`; Infeasible; NotSolved for distances and soft rules. Source: Michaud (1998).
    """
    mandate = default_mandate(assumptions, mandate)
    engines.critical_line(assumptions, mandate)  # refuses, by name, what no resample could obey
    mu, sigma = draws(assumptions, years, resamples, rng)
    corners, _, sure = _march(mu, sigma, p := mandate.program, engines.exchange(assumptions.sigma, 0 * mu[0], p))
    paths = _points(corners, mu, points)
    for k in np.flatnonzero(~sure):
        one = assumptions.replace(mu=mu[k], sigma=sigma[k], source="a resample")
        paths[k] = _points(engines.critical_line(one, mandate)[0][None, ::-1], mu[k : k + 1], points)[0]
    return Resampled(paths.mean(axis=0), paths, int((~sure).sum()))


def resampled_utility(
    assumptions: Assumptions, mandate: Mandate | None = None, *, risk_aversion: float, years: float,
    resamples: int = 500, rng: np.random.Generator,
) -> Allocation:
    """The average of the maximum-utility portfolios of redrawn inputs; an average has no shadow prices."""
    start, mandate = time.perf_counter(), default_mandate(assumptions, mandate)
    _positive(risk_aversion)
    mu, sigma = draws(assumptions, years, resamples, rng)
    p, w, sure = mandate.program, np.zeros_like(mu), np.zeros(len(mu), dtype=bool)
    if mandate.is_linear:
        corners, trade_offs, sure = _march(mu, sigma, p, engines.exchange(assumptions.sigma, 0 * mu[0], p))
        w = _read(corners, trade_offs, np.full((len(mu), 1), 1 / risk_aversion))[:, 0]
    for k in np.flatnonzero(~sure):
        one = assumptions.replace(mu=mu[k], sigma=sigma[k], source="a resample")
        w[k] = engines.solve(one, mandate, 1 / risk_aversion)[0]
    what = f"resampled utility (A = {risk_aversion:g})"
    return allocation(assumptions, mandate, w.mean(axis=0), what, "rule", f"average of {resamples}", start, {})


def _systems(sigma: Array, p: Program, at: Side, on: Side) -> Array:
    """Conditions (..., n + m, n + m) on weights and row multipliers; what is at a limit, or off, has its own row."""
    n, m, free, held = sigma.shape[-1], len(p.rows), (at == 0)[..., None], (on != 0)[..., None]
    system = np.zeros((*at.shape[:-1], n + m, n + m))
    system[..., :n, :n], system[..., :n, n:], system[..., n:, :n] = sigma * free, -p.rows.T * free, p.rows * held
    system[..., range(n + m), range(n + m)] += ~np.concatenate([free, held], axis=-2)[..., 0]
    return system


def _line(sigma: Array, mu: Array, p: Program, at: Side, on: Side) -> tuple[Array, Array, Array]:
    """Weights and the distance of each condition from failing, low sides then high: at lambda = 0, and their slopes."""
    n, free = mu.shape[-1], at == 0
    right = np.zeros((len(mu), n + len(p.rows), 2))
    right[:, :n, 0] = np.where(at < 0, p.lower, np.where(at > 0, p.upper, 0.0))
    right[:, n:, 0] = np.where(on < 0, p.rows_lower, np.where(on > 0, p.rows_upper, 0.0))
    right[:, :n, 1] = mu * free
    systems = _systems(sigma, p, at, on)
    try:
        x = np.linalg.solve(systems, right)
    except np.linalg.LinAlgError:  # one is singular: nudge, refine, and drop what still does not fit
        nudged = systems + TIE * np.eye(systems.shape[-1])
        x = np.linalg.solve(nudged, right)
        x += np.linalg.solve(nudged, right - systems @ x)
        x[np.abs(systems @ x - right).max(axis=(1, 2)) > ROUNDING] = np.nan
    w, y = np.split(x.transpose(2, 0, 1), [n], axis=-1)
    z = (sigma @ w[..., None])[..., 0] - y @ p.rows - np.array([0.0, 1.0])[:, None, None] * mu
    here = np.concatenate([np.where(free, w, z), np.where(on == 0, w @ p.rows.T, y)], axis=-1)
    state, moves = np.concatenate([at, on], axis=1), np.append(p.lower < p.upper, p.rows_lower < p.rows_upper)
    low, high = np.append(p.lower, p.rows_lower), np.append(p.upper, p.rows_upper)
    sides = [(here[0] - low, high - here[0]), (here[0], -here[0])]
    room = [np.where(state == 0, sides[0][k], np.where((state == s) & moves, sides[1][k], np.inf))
            for k, s in enumerate((-1, 1))]
    return np.asarray(w), np.asarray(np.hstack(room)), np.asarray(np.hstack([here[1], -here[1]]))


def _flip(at: Side, on: Side, low: NDArray[np.bool_], high: NDArray[np.bool_]) -> tuple[Side, Side]:
    """What is between its limits goes to the side that failed; what is at a limit is let go."""
    state = np.concatenate([at, on], axis=1)
    state = np.where(low | high, np.where(state == 0, high * 1 - low, 0), state)
    return state[:, : at.shape[1]], state[:, at.shape[1] :]


def _settle(sigma: Array, mu: Array, p: Program, start: Solution | None) -> tuple[Array, Side, Side, NDArray[np.bool_]]:
    """Exchange of active sets for all resamples, as in `engines.exchange`: weights (k, n), sides, and who is sure."""
    (k, n), fixed, equal = mu.shape, p.lower == p.upper, p.rows_lower == p.rows_upper
    sides = (fixed * -1, equal * 1) if start is None else (start.at, start.on)
    at, on = (np.tile(side.astype(np.intp), (k, 1)) for side in sides)
    w, sure, todo = np.zeros((k, n)), np.zeros(k, dtype=bool), np.arange(k)
    for _ in range(ROUNDS):
        x, room, pace = _line(sigma[todo], mu[todo], p, at[todo], on[todo])
        fails = np.where(np.isfinite(room), room + pace, np.inf) < -TIE * 10
        solved, settled = np.isfinite(x).all(axis=(0, 2)), ~fails.any(axis=1)
        w[todo], sure[todo] = x[0] + x[1], solved & settled
        at[todo], on[todo] = _flip(at[todo], on[todo], *np.split(fails, 2, axis=1))
        todo = todo[solved & ~settled]
        if not todo.size:
            break
    return w, at, on, sure


def _march(mu: Array, sigma: Array, p: Program, start: Solution | None) -> tuple[Array, Array, NDArray[np.bool_]]:
    """All critical lines together, from least risk up: corners (k, steps, n), trade-offs (k, steps), who is sure."""
    unit, spread = float(np.abs(sigma).max()), float(np.ptp(mu)) or 1.0
    mu, sigma = mu / spread, sigma / unit
    w, at, on, sure = _settle(sigma, 0 * mu, p, start)
    corners, trade_offs, now, going = [w], [np.zeros(len(mu))], np.zeros(len(mu)), sure.copy()
    while going.any() and len(corners) < 20 * (mu.shape[1] + len(p.rows)):
        todo = np.flatnonzero(going)
        x, room, pace = _line(sigma[todo], mu[todo], p, at[todo], on[todo])
        sure[todo] &= np.where(np.isfinite(room), room + now[todo, None] * pace, 0.0).min(axis=1) > -SURE
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(pace < -ROUNDING, np.maximum(-room / pace, now[todo, None]), np.inf)
        event, last = steps.argmin(axis=1), np.isinf(steps.min(axis=1))
        now[todo] = np.where(last, now[todo], steps.min(axis=1))
        w = w.copy()
        w[todo] = x[0] + now[todo, None] * x[1]
        corners, trade_offs = [*corners, w], [*trade_offs, now.copy()]
        fails = (np.arange(room.shape[1]) == event[:, None]) & ~last[:, None]
        at[todo], on[todo] = _flip(at[todo], on[todo], *np.split(fails, 2, axis=1))
        going[todo] = ~last & sure[todo]
    w = np.nan_to_num(np.clip(np.array(corners).transpose(1, 0, 2), p.lower, p.upper))
    return w, np.nan_to_num(np.array(trade_offs).T) * unit / spread, sure & ~going


def _points(corners: Array, mu: Array, points: int) -> Array:
    means = np.einsum("ksn,kn->ks", corners, mu)
    return _read(corners, means, np.linspace(means[:, 0], means[:, -1], points, axis=1))


def _read(corners: Array, along: Array, goals: Array) -> Array:
    """Portfolios (k, points, n) on each line of corners (k, steps, n), where `along` (k, steps) meets the goals."""
    at = np.array([np.interp(g, x, np.arange(len(x))) for g, x in zip(goals, along, strict=True)])
    low, rows = at.astype(int), np.arange(len(corners))[:, None]
    t, high = (at - low)[..., None], np.minimum(low + 1, corners.shape[1] - 1)
    return np.asarray((1 - t) * corners[rows, low] + t * corners[rows, high])


def net_of_costs(earned: pd.Series, traded: pd.Series, cost: float) -> pd.Series:
    """Monthly returns after `cost` per unit bought and per unit sold; `earned` and `traded` as from `backtest`."""
    paid = pd.Series(0.0, earned.index)
    paid[earned.index[earned.index.searchsorted(traded.index, side="right")]] = 2 * cost * traded.to_numpy()
    return (1 + earned) * (1 - paid) - 1


def sharpe_test(a: Array, b: Array, lags: int = 12) -> tuple[float, float, float]:
    """Do two series of excess returns differ in Sharpe ratio by more than noise? Difference, standard error, p-value.

    Per period, ddof 0. Delta method with the Newey-West (Bartlett) long-run variance over `lags` periods; two-sided.
    ValueError for series that do not match. Source: Ledoit and Wolf (2008), section 3.1, with another kernel.
    """
    if len(a) != len(b) or len(a) <= lags + 1:
        raise ValueError(f"a test over {lags} lags needs the same months twice, over {lags + 1}: {len(a)}, {len(b)}")
    x, n = np.array([a, b]), len(a)
    d = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    ratio = x.mean(axis=1) / x.std(axis=1)
    psi = np.array([1.0, -1.0]) @ (d - ratio[:, None] / 2 * (d * d - 1))
    long_run = psi @ psi + sum(2 * (1 - k / (lags + 1)) * float(psi[k:] @ psi[:-k]) for k in range(1, lags + 1))
    gap, error = float(ratio[0] - ratio[1]), math.sqrt(max(float(long_run), 0.0)) / n
    return gap, error, math.erfc(abs(gap) / error / math.sqrt(2)) if error > 0 else 1.0
