"""The same questions, put to each library the way its documentation puts them.

Every function starts from arrays that are already in memory and ends with weights, as portlib's own
functions do: the time of building the library's objects counts, the time of estimating moments does
not. skfolio estimates moments inside `fit`; `Given` hands it ours, so that answers can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import fortitudo.tech as ft
import numpy as np
import pandas as pd
import piqp
import riskfolio
from pypfopt import EfficientFrontier
from pypfopt.exceptions import OptimizationError
from skfolio import RiskMeasure
from skfolio.optimization import MeanRisk, ObjectiveFunction
from skfolio.prior import BasePrior, ReturnDistribution

from portlib.records import Array, Assumptions

#: What a library may raise when it cannot solve a problem; anything else is a fault of the
#: benchmark and stops it.
REFUSALS = (ValueError, ArithmeticError, np.linalg.LinAlgError, cp.SolverError, OptimizationError)


@dataclass(frozen=True, eq=False)
class Work:
    """Assumptions, monthly returns, a cap on every weight, and further rules
    ``rows @ w <= limits``."""

    assumptions: Assumptions
    returns: pd.DataFrame
    cap: float
    rows: Array
    limits: Array


class Given(BasePrior):
    """skfolio's prior, given instead of estimated."""

    def __init__(self, mu: Array, covariance: Array) -> None:
        self.mu, self.covariance = mu, covariance

    def fit(self, X: pd.DataFrame, y: None = None, **fit_params: object) -> Given:
        self.return_distribution_ = ReturnDistribution(
            mu=self.mu, covariance=self.covariance, returns=np.asarray(X)
        )
        return self


# ---- PyPortfolioOpt ------------------------------------------------------------------------------


def _pypfopt(work: Work, engine: str | None = None) -> EfficientFrontier:
    a = work.assumptions
    solver = EfficientFrontier(a.mu, a.sigma, weight_bounds=(0, work.cap), solver=engine)
    for row, limit in zip(work.rows, work.limits, strict=True):
        solver.add_constraint(lambda w, row=row, limit=limit: row @ w <= limit)
    return solver


def pypfopt_minimum(work: Work) -> Array:
    return np.array(list(_pypfopt(work).min_volatility().values()))


def pypfopt_sharpe(work: Work) -> Array:
    return np.array(list(_pypfopt(work).max_sharpe(risk_free_rate=work.assumptions.rf).values()))


def pypfopt_frontier(work: Work, targets: Array, engine: str | None = None) -> Array:
    """It has no frontier method: `efficient_return` for each target, on one instance, as its
    plotting module does.

    Targets that it refuses are left out. Its default engine is cvxpy's choice for a quadratic
    programme, OSQP.
    """
    solver, found = _pypfopt(work, engine), []
    for r in targets:
        try:
            found.append(list(solver.efficient_return(float(r)).values()))
        except OptimizationError:
            continue
    return np.array(found)


# ---- skfolio -------------------------------------------------------------------------------------


def _skfolio(
    work: Work, objective: ObjectiveFunction, points: int | None = None, risk_aversion: float = 1.0
) -> Array:
    a = work.assumptions
    rules = (
        {"left_inequality": work.rows, "right_inequality": work.limits} if len(work.rows) else {}
    )
    model = MeanRisk(
        objective_function=objective,
        risk_measure=RiskMeasure.VARIANCE,
        risk_aversion=risk_aversion,
        efficient_frontier_size=points,
        max_weights=work.cap,
        risk_free_rate=a.rf,
        prior_estimator=Given(a.mu, a.sigma),
        **rules,
    )
    return np.asarray(model.fit(work.returns).weights_)


def skfolio_minimum(work: Work) -> Array:
    return _skfolio(work, ObjectiveFunction.MINIMIZE_RISK)


def skfolio_sharpe(work: Work) -> Array:
    return _skfolio(work, ObjectiveFunction.MAXIMIZE_RATIO)


def skfolio_utility(work: Work, risk_aversion: float) -> Array:
    return _skfolio(work, ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=risk_aversion)


def skfolio_frontier(work: Work, points: int) -> Array:
    return _skfolio(work, ObjectiveFunction.MINIMIZE_RISK, points)


# ---- Riskfolio-Lib -------------------------------------------------------------------------------


def _riskfolio(work: Work) -> riskfolio.Portfolio:
    a = work.assumptions
    portfolio = riskfolio.Portfolio(returns=work.returns, upperlng=work.cap)
    portfolio.mu = pd.DataFrame(a.mu[None, :], columns=list(a.labels))
    portfolio.cov = pd.DataFrame(a.sigma, index=list(a.labels), columns=list(a.labels))
    if len(work.rows):
        portfolio.ainequality, portfolio.binequality = work.rows, work.limits[:, None]
    return portfolio


def riskfolio_minimum(work: Work) -> Array:
    return _riskfolio(work).optimization(rm="MV", obj="MinRisk").to_numpy()[:, 0]


def riskfolio_sharpe(work: Work) -> Array:
    return (
        _riskfolio(work)
        .optimization(rm="MV", obj="Sharpe", rf=work.assumptions.rf)
        .to_numpy()[:, 0]
    )


def riskfolio_utility(work: Work, risk_aversion: float) -> Array:
    return _riskfolio(work).optimization(rm="MV", obj="Utility", l=risk_aversion).to_numpy()[:, 0]


def riskfolio_frontier(work: Work, points: int) -> Array:
    return _riskfolio(work).efficient_frontier(rm="MV", points=points).to_numpy().T


# ---- fortitudo.tech ------------------------------------------------------------------------------


def _fortitudo(work: Work) -> ft.MeanVariance:
    a, n = work.assumptions, len(work.assumptions)
    capped = [np.eye(n)] if work.cap < 1 else []
    G = np.vstack([-np.eye(n), *capped, work.rows])
    h = np.concatenate([np.zeros(n), np.full(n * len(capped), work.cap), work.limits])
    return ft.MeanVariance(a.mu, a.sigma, G, h)


def fortitudo_minimum(work: Work) -> Array:
    return _fortitudo(work).efficient_portfolio()[:, 0]


def fortitudo_frontier(work: Work, points: int) -> Array:
    return _fortitudo(work).efficient_frontier(points).T


# ---- solvers, called directly --------------------------------------------------------------------


def piqp_minimum(work: Work, eps: float = 1e-11) -> Array:
    """min w'sigma w / 2, weights sum to one, 0 <= w <= cap, rows @ w <= limits; scaled to a largest
    entry of one."""
    sigma, n, m = work.assumptions.sigma, len(work.assumptions), len(work.rows)
    solver = piqp.DenseSolver()
    solver.settings.eps_abs, solver.settings.eps_rel = eps, eps
    solver.settings.eps_duality_gap_abs, solver.settings.eps_duality_gap_rel = eps, eps
    solver.setup(
        np.asfortranarray(sigma / np.abs(sigma).max()),
        np.zeros(n),
        np.ones((1, n), order="F"),
        np.ones(1),
        np.asfortranarray(work.rows),
        np.full(m, -np.inf),
        work.limits,
        np.zeros(n),
        np.full(n, work.cap),
    )
    status = solver.solve()
    if status != piqp.PIQP_SOLVED:
        raise ValueError(f"piqp: {status.name}")
    return np.array(solver.result.x)


def piqp_sharpe(work: Work, eps: float = 1e-11) -> Array:
    """Greatest Sharpe ratio as one quadratic programme in ``y = k w`` (Cornuejols and Tutuncu
    2006)."""
    a, n, m = work.assumptions, len(work.assumptions), len(work.rows)
    P = np.zeros((n + 1, n + 1), order="F")
    P[:n, :n] = a.sigma / np.abs(a.sigma).max()
    A = np.zeros((2, n + 1), order="F")
    A[0, :n], A[1, :n], A[1, n] = a.mu - a.rf, 1, -1
    G = np.zeros((n + m, n + 1), order="F")
    G[:n, :n], G[:n, n], G[n:, :n], G[n:, n] = np.eye(n), -work.cap, work.rows, -work.limits
    solver = piqp.DenseSolver()
    solver.settings.eps_abs, solver.settings.eps_rel = eps, eps
    solver.settings.eps_duality_gap_abs, solver.settings.eps_duality_gap_rel = eps, eps
    solver.setup(
        P,
        np.zeros(n + 1),
        A,
        np.array([1.0, 0.0]),
        G,
        np.full(n + m, -np.inf),
        np.zeros(n + m),
        np.zeros(n + 1),
        np.full(n + 1, np.inf),
    )
    status = solver.solve()
    if status != piqp.PIQP_SOLVED:
        raise ValueError(f"piqp: {status.name}")
    return np.array(solver.result.x[:n] / solver.result.x[n])


def cvxpy_minimum(work: Work) -> Array:
    w = cp.Variable(len(work.assumptions), nonneg=True)
    rules = [cp.sum(w) == 1]
    if work.cap < 1:
        rules.append(w <= work.cap)
    if len(work.rows):
        rules.append(work.rows @ w <= work.limits)
    problem = cp.Problem(cp.Minimize(cp.quad_form(w, cp.psd_wrap(work.assumptions.sigma))), rules)
    problem.solve(solver=cp.CLARABEL)
    return np.asarray(w.value)
