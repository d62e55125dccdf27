"""Cases of estimation: linear shrinkage of a covariance, and the style of many funds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import cvxpy as cp
import numpy as np
import pandas as pd
import piqp
from measure import OURS, Case
from pypfopt import EfficientFrontier
from pypfopt.objective_functions import ex_post_tracking_error
from pypfopt.risk_models import CovarianceShrinkage
from scipy import optimize
from skfolio import RiskMeasure, moments
from skfolio.optimization import BenchmarkTracker
from sklearn import covariance
from synthetic import mixes, universe

from portlib.estimation.shrinkage import CovarianceEstimate, ledoit_wolf, oas
from portlib.estimation.style_analysis import rolling, simplex_least_squares, style
from portlib.records import Array

#: Funds of a large run that cvxpy judges.
JUDGED = 20


# ---- linear shrinkage ----------------------------------------------------------------------------


def linear_shrinkage() -> Iterator[Case]:
    """From returns in memory to a covariance; scikit-learn is spared the inverse that its classes
    add by default.

    *Gap*: largest difference relative to the largest entry, as the answers come and after ours is
    restated in the library's convention.
    """
    for n, months in ((120, 111), (1000, 240)):
        returns = universe(n, months).returns
        x, size = np.ascontiguousarray(returns, dtype=float), f"{n} assets x {months} months"
        floor = {"floor: one matrix product, X'X": lambda x=x: _none(x.T @ x)}
        pypfopt = partial(CovarianceShrinkage, returns, returns_data=True, frequency=1)
        yield Case(
            "Ledoit-Wolf shrinkage to the identity",
            size,
            {
                OURS: lambda x=x: ledoit_wolf(x, "identity"),
                "portlib, to the diagonal": lambda x=x: _none(ledoit_wolf(x, "diagonal").sigma),
                "portlib, to constant correlation": lambda x=x: _none(
                    ledoit_wolf(x, "constant correlation").sigma
                ),
                "portlib, to a single index": lambda x=x: _none(
                    ledoit_wolf(x, "single index").sigma
                ),
                "scikit-learn": lambda x=x: (
                    covariance.LedoitWolf(store_precision=False).fit(x).covariance_
                ),
                "skfolio": lambda r=returns: moments.LedoitWolf().fit(r).covariance_,
                "PyPortfolioOpt": lambda p=pypfopt: p().ledoit_wolf("constant_variance").to_numpy(),
                **floor,
            },
            partial(_gaps, x, _by_months),
        )
        yield Case(
            "Ledoit-Wolf shrinkage to constant correlation",
            size,
            {
                OURS: lambda x=x: ledoit_wolf(x, "constant correlation"),
                "PyPortfolioOpt": lambda p=pypfopt: (
                    p().ledoit_wolf("constant_correlation").to_numpy()
                ),
                **floor,
            },
            partial(_gaps, x, _by_both),
        )
        yield Case(
            "Ledoit-Wolf shrinkage to a single index",
            size,
            {
                OURS: lambda x=x: ledoit_wolf(x, "single index"),
                "PyPortfolioOpt": lambda p=pypfopt: p().ledoit_wolf("single_factor").to_numpy(),
                **floor,
            },
            partial(_gaps, x, _by_months),
        )
        yield Case(
            "oracle-approximating shrinkage",
            size,
            {
                OURS: lambda x=x: oas(x),
                "scikit-learn": lambda x=x: (
                    covariance.OAS(store_precision=False).fit(x).covariance_
                ),
                "skfolio": lambda r=returns: moments.OAS().fit(r).covariance_,
                "PyPortfolioOpt": lambda p=pypfopt: p().oracle_approximating().to_numpy(),
                **floor,
            },
            partial(_gaps, x, _without_two_terms),
        )


def _none(_: Array) -> None:
    return None


def _gaps(
    x: Array,
    convention: Callable[[Array, CovarianceEstimate], Array],
    theirs: Array | CovarianceEstimate,
    ours: CovarianceEstimate,
) -> dict[str, float]:
    if isinstance(theirs, CovarianceEstimate):
        return {}
    restated = convention(x, ours)
    return {
        "gap_as_is": float(np.abs(theirs - ours.sigma).max() / np.abs(ours.sigma).max()),
        "gap": float(np.abs(theirs - restated).max() / np.abs(restated).max()),
    }


def _parts(x: Array, e: CovarianceEstimate) -> tuple[Array, Array, float]:
    """S with divisor T - 1, F - S, and ``b``: with the divisor m everywhere the intensity is
    ``a - b / m``.

    ``b = (<S, S> - <S, F>) / |F - S|^2``; the identity, whose rho is zero by definition, has no
    ``<S, F>``.
    """
    if not e.intensity or e.intensity == 1:
        raise ValueError(
            f"an intensity of {e.intensity} cannot be restated: choose data that are shrunk in part"
        )
    s = np.cov(x, rowvar=False)
    away = (e.sigma - s) / e.intensity
    shared = np.vdot(s, s + away) if e.target != "identity" else 0.0
    return s, away, float((np.vdot(s, s) - shared) / np.vdot(away, away))


def _by_months(x: Array, e: CovarianceEstimate) -> Array:
    """Divisor T where ours is T - 1, in the moments and in the intensity."""
    (s, away, b), t = _parts(x, e), len(x)
    return (s + (e.intensity + b / (t * (t - 1))) * away) * (t - 1) / t


def _by_both(x: Array, e: CovarianceEstimate) -> Array:
    """PyPortfolioOpt's constant correlation: S divided by T - 1, fourth moments and the intensity
    by T."""
    (s, away, b), t = _parts(x, e), len(x)
    return s + ((t - 1) ** 2 * e.intensity + b) / t**2 * away


def _without_two_terms(x: Array, e: CovarianceEstimate) -> Array:
    """OAS without the two terms in 2/p that scikit-learn leaves out."""
    s, (t, p) = np.cov(x, rowvar=False, ddof=0), x.shape
    trace, norm = np.trace(s), np.vdot(s, s)
    delta = min((norm + trace**2) / ((t + 1) * (norm - trace**2 / p)), 1.0)
    return (1 - delta) * s + delta * trace / p * np.eye(p)


# ---- style analysis ------------------------------------------------------------------------------


def _centred(funds: pd.DataFrame, indices: pd.DataFrame) -> tuple[Array, Array]:
    """Demeaned returns of indices, and of funds; each fund's problem is then scaled by its own sum
    of squares."""
    return (indices - indices.mean()).to_numpy(), (funds - funds.mean()).to_numpy()


def ours_direct(funds: pd.DataFrame, indices: pd.DataFrame) -> Array:
    x, y = _centred(funds, indices)
    return simplex_least_squares(x.T @ x, x.T @ y)[0]


def slsqp_loop(funds: pd.DataFrame, indices: pd.DataFrame, ftol: float) -> Array:
    """scipy's SLSQP on the Gram matrix, its gradient given, from equal weights."""
    (x, y), n = _centred(funds, indices), indices.shape[1]
    gram, budget = x.T @ x, {"type": "eq", "fun": lambda b: b.sum() - 1, "jac": np.ones_like}
    found = []
    for fund in y.T:
        scale, cross = fund @ fund, x.T @ fund
        found.append(
            optimize.minimize(
                lambda b, k=scale, c=cross: (b @ gram @ b - 2 * b @ c) / k,
                np.full(n, 1 / n),
                method="SLSQP",
                jac=lambda b, k=scale, c=cross: 2 * (gram @ b - c) / k,
                bounds=[(0, 1)] * n,
                constraints=[budget],
                options={"ftol": ftol},
            ).x
        )
    return np.array(found)


def nnls_loop(funds: pd.DataFrame, indices: pd.DataFrame) -> Array:
    """scipy's nnls, a dense active-set method, on ``|(F - r1')b|^2 + (1'b - 1)^2``: exact once b is
    rescaled."""
    x, y = _centred(funds, indices)
    right, found = np.append(np.zeros(len(x)), 1.0), []
    for fund in y.T:
        rows = np.vstack([(x - fund[:, None]) / np.linalg.norm(fund), np.ones(x.shape[1])])
        found.append(optimize.nnls(rows, right)[0])
    return np.array([b / b.sum() for b in found])


def piqp_loop(funds: pd.DataFrame, indices: pd.DataFrame, eps: float = 1e-12) -> Array:
    """One dense solver; from the second fund on only its linear term changes."""
    (x, y), n = _centred(funds, indices), indices.shape[1]
    gram, solver, found = x.T @ x, piqp.DenseSolver(), []
    scale = np.trace(gram) / n
    cross = -(y.T @ x) / scale
    solver.settings.eps_abs, solver.settings.eps_rel = eps, eps
    solver.settings.eps_duality_gap_abs, solver.settings.eps_duality_gap_rel = eps, eps
    solver.setup(
        np.asfortranarray(gram / scale),
        cross[0],
        np.ones((1, n), order="F"),
        np.ones(1),
        None,
        None,
        None,
        np.zeros(n),
        np.ones(n),
    )
    for c in cross:
        solver.update(c=c)
        if (status := solver.solve()) != piqp.PIQP_SOLVED:
            raise ValueError(f"piqp: {status.name}")
        found.append(np.array(solver.result.x))
    return np.array(found)


def cvxpy_loop(funds: pd.DataFrame, indices: pd.DataFrame) -> Array:
    """One problem, compiled once, the fund a parameter.

    A tenth of this tolerance, and Clarabel gives up on single funds with a warning; at its defaults
    it is 5e-5 off.
    """
    x, y = _centred(funds, indices)
    b, fund, rows = (
        cp.Variable(x.shape[1], nonneg=True),
        cp.Parameter(len(x)),
        cp.Parameter(x.shape),
    )
    problem = cp.Problem(cp.Minimize(cp.sum_squares(fund - rows @ b)), [cp.sum(b) == 1])
    found = []
    for r in y.T:
        fund.value, rows.value = r / np.linalg.norm(r), x / np.linalg.norm(r)
        problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
        found.append(b.value)
    return np.array(found)


def pypfopt_loop(funds: pd.DataFrame, indices: pd.DataFrame, engine: str | None = None) -> Array:
    found, sigma = [], indices.cov()
    for name in funds:
        solver = EfficientFrontier(None, sigma, solver=engine)
        solver.convex_objective(
            ex_post_tracking_error, historic_returns=indices, benchmark_returns=funds[name]
        )
        found.append(list(solver.weights))
    return np.array(found)


def skfolio_loop(funds: pd.DataFrame, indices: pd.DataFrame) -> Array:
    tracker = BenchmarkTracker(risk_measure=RiskMeasure.VARIANCE)
    return np.array([tracker.fit(indices, funds[name]).weights_ for name in funds])


def style_of_many() -> Iterator[Case]:
    """200 funds, every contestant; then what a screen of a universe asks, portlib alone, cvxpy
    judging a sample."""
    funds, indices = mixes(200, 120)
    (x, y), work = _centred(funds, indices), (funds, indices)

    def accuracy(b: Array, ours: Array) -> dict[str, float]:
        squares, least = (np.sum((y - x @ v.T) ** 2, axis=0) for v in (b, ours))
        return {
            "objective_gap": float((squares / least - 1).max()),
            "weight_gap": float(np.abs(b - ours).max()),
            "violation": float(max(np.abs(b.sum(axis=1) - 1).max(), -b.min(), 0.0)),
        }

    yield Case(
        "style analysis",
        "200 funds x 120 months x 9 indices",
        {
            OURS: lambda: style(*work, minimum_months=36).exposures.to_numpy(),
            "portlib, simplex_least_squares": partial(ours_direct, *work),
            "scipy nnls, called directly": partial(nnls_loop, *work),
            "piqp, called directly": partial(piqp_loop, *work),
            "scipy SLSQP": partial(slsqp_loop, *work, ftol=1e-6),
            "scipy SLSQP, ftol 1e-14": partial(slsqp_loop, *work, ftol=1e-14),
            "cvxpy, compiled once": partial(cvxpy_loop, *work),
            "PyPortfolioOpt": partial(pypfopt_loop, *work),
            "PyPortfolioOpt, Clarabel": partial(pypfopt_loop, *work, "CLARABEL"),
            "skfolio": partial(skfolio_loop, *work),
        },
        accuracy,
        {
            "Riskfolio-Lib": "bounds a tracking error, does not minimise one",
            "fortitudo.tech": "has no tracking of a benchmark",
        },
    )
    many, same = mixes(10_000, 120)
    some = np.linspace(0, many.shape[1] - 1, JUDGED).astype(int)
    yield Case(
        "style analysis, portlib alone",
        "10,000 funds x 120 months x 9 indices",
        {OURS: lambda: style(many, same, minimum_months=36).exposures.to_numpy()},
        lambda b, _: {
            "weight_gap": float(np.abs(b[some] - cvxpy_loop(many.iloc[:, some], same)).max())
        },
    )
    thousand = many.iloc[:, :1000]

    def judged(b: Array, _: Array) -> dict[str, float]:
        windows = b.reshape(-1, 1000, same.shape[1])
        gaps = [
            np.abs(
                windows[w, w % 1000]
                - cvxpy_loop(thousand.iloc[w : w + 36, [w % 1000]], same.iloc[w : w + 36])
            )
            for w in range(0, len(windows), 4)
        ]
        return {"weight_gap": float(np.max(gaps))}

    yield Case(
        "rolling style analysis, portlib alone",
        "1,000 funds, 85 windows of 36 months, 9 indices",
        {OURS: lambda: rolling(thousand, same, 36).to_numpy()},
        judged,
    )


CASES = (linear_shrinkage, style_of_many)
