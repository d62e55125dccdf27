"""Cases: whole frontiers, minimum variance, maximum Sharpe ratio with group limits, and the
critical line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from measure import OURS, Case
from peers import (
    REFUSALS,
    Work,
    cvxpy_minimum,
    fortitudo_frontier,
    fortitudo_minimum,
    piqp_minimum,
    piqp_sharpe,
    pypfopt_frontier,
    pypfopt_minimum,
    pypfopt_sharpe,
    riskfolio_frontier,
    riskfolio_minimum,
    riskfolio_sharpe,
    skfolio_frontier,
    skfolio_minimum,
    skfolio_sharpe,
)
from pypfopt import CLA
from synthetic import SEED, Universe, universe

from portlib.construction import many
from portlib.construction.mandate import (
    Mandate,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import frontier, maximum_sharpe, minimum_risk
from portlib.records import Array, Assumptions

POINTS = 120
CAP = 0.04
#: How far a weight, or the sum of weights, may stray before a point counts as not allowed.
ALLOWED = 1e-6
#: How much relative excess variance over the exact frontier makes a point wrong.
WRONG = 1e-6


def _limited(u: Universe, *, ceiling: float | None) -> Work:
    """At least half in three of the ten industries and, where given, at most `ceiling` in three
    others."""
    labels = u.assumptions.labels
    floor = -np.isin(labels, u.members(0, 1, 2)).astype(float)
    if ceiling is None:
        return Work(u.assumptions, u.returns, CAP, floor[None, :], np.array([-0.5]))
    capped = np.isin(labels, u.members(3, 4, 5)).astype(float)
    return Work(
        u.assumptions, u.returns, CAP, np.vstack([floor, capped]), np.array([-0.5, ceiling])
    )


def _mandate(u: Universe, *, ceiling: float | None) -> Mandate:
    rules = [
        fully_invested(),
        long_only(),
        position_limit(CAP),
        group_limit("industries 0-2", u.members(0, 1, 2), lower=0.5),
    ]
    if ceiling is not None:
        rules.append(group_limit("industries 3-5", u.members(3, 4, 5), upper=ceiling))
    return Mandate(u.assumptions.labels, rules)


def _violation(work: Work, w: Array) -> float:
    """Largest breach of budget, bounds and rows, in weight."""
    rows = np.max(w @ work.rows.T - work.limits, initial=0.0)
    return float(max(np.abs(w.sum(axis=-1) - 1).max(), -w.min(), (w - work.cap).max(), rows, 0.0))


def _variance(work: Work, w: Array) -> Array:
    return np.asarray(np.einsum("...i,ij,...j", w, work.assumptions.sigma, w))


def frontiers() -> Iterator[Case]:
    """The exact frontier, and 120 points of it, against 120 separate problems."""
    u = universe(120, 111)
    work = _limited(u, ceiling=None)
    exact = frontier(u.assumptions, _mandate(u, ceiling=None))
    targets = np.linspace(exact.means[-1], exact.means[0], POINTS)
    # PyPortfolioOpt refuses a target at the very end, as its plotting module knows: that one steps
    # back.
    stepped = np.append(targets[:-1], targets[-1] - 1e-4 * (targets[-1] - targets[0]))

    def ours() -> Any:
        found = frontier(u.assumptions, _mandate(u, ceiling=None))
        found.curve(POINTS)
        return found.corners

    def accuracy(w: Array, corners: Array) -> dict[str, float]:
        if w is corners:  # ours: piqp is the judge
            some = corners[:: len(corners) // 10]
            gap = (
                _variance(work, some) / np.array([_judge(work, r) for r in some @ u.assumptions.mu])
                - 1
            )
            return {
                "points": len(w),
                "objective_gap": float(gap.max()),
                "violation": _violation(work, w),
            }
        least = np.array(
            [exact.target_return(min(r, exact.means[0])).risk ** 2 for r in w @ u.assumptions.mu]
        )
        gap = _variance(work, w) / least - 1
        return {
            "points": len(w),
            "objective_gap": float(gap.max()),
            "objective_gap_least": float(gap.min()),
            "violation": _violation(work, w),
        }

    yield Case(
        "frontier: 4% cap, at least half in a group",
        "120 assets x 111 months",
        {
            OURS: ours,
            "fortitudo.tech": partial(fortitudo_frontier, work, POINTS),
            "PyPortfolioOpt": partial(pypfopt_frontier, work, stepped),
            "PyPortfolioOpt, Clarabel": partial(pypfopt_frontier, work, stepped, "CLARABEL"),
            "skfolio": partial(skfolio_frontier, work, POINTS),
            "Riskfolio-Lib": partial(riskfolio_frontier, work, POINTS),
        },
        accuracy,
    )


def minimum_variance() -> Iterator[Case]:
    """One portfolio, long only, as the universe grows."""
    for n in (10, 120, 500, 1000):
        u = universe(n, 2 * n + 111)
        work = Work(u.assumptions, u.returns, 1.0, np.zeros((0, n)), np.zeros(0))
        contestants = {
            OURS: lambda u=u: minimum_risk(u.assumptions).w,
            "piqp, called directly": partial(piqp_minimum, work),
            "cvxpy, called directly": partial(cvxpy_minimum, work),
            "fortitudo.tech": partial(fortitudo_minimum, work),
            "PyPortfolioOpt": partial(pypfopt_minimum, work),
            "skfolio": partial(skfolio_minimum, work),
            "Riskfolio-Lib": partial(riskfolio_minimum, work),
            "floor: one Cholesky factorisation": lambda s=u.assumptions.sigma: _none(
                np.linalg.cholesky(s)
            ),
            "floor: one matrix product": lambda s=u.assumptions.sigma: _none(s @ s),
        }
        yield Case("minimum variance, long only", f"{n} assets", contestants, partial(_one, work))


def everything_held() -> Iterator[Case]:
    """Least risk where every asset is held: own risks, and five strong factors that can be hedged
    out. Few are held in the universes of `minimum_variance`; this is the other kind."""
    for n in (500, 1000):
        rng = np.random.default_rng([n, 7])
        loadings = rng.normal(0.0, 0.15, (n, 5))
        sigma = np.diag(rng.uniform(0.1, 0.3, n) ** 2) + loadings @ loadings.T
        labels = [f"A{i:04d}" for i in range(n)]
        a = Assumptions(labels, np.full(n, 0.05), sigma, 0.0, "SYNTHETIC, every asset held")
        dates = pd.date_range("2000-01-31", periods=2, freq="ME")
        returns = pd.DataFrame(np.zeros((2, n)), index=dates, columns=labels)  # only its labels
        work = Work(a, returns, 1.0, np.zeros((0, n)), np.zeros(0))
        contestants = {
            OURS: lambda a=a: minimum_risk(a).w,
            "piqp, called directly": partial(piqp_minimum, work),
            "fortitudo.tech": partial(fortitudo_minimum, work),
            "PyPortfolioOpt": partial(pypfopt_minimum, work),
            "floor: one Cholesky factorisation": lambda s=sigma: _none(np.linalg.cholesky(s)),
        }
        yield Case(
            "minimum variance, every asset held", f"{n} assets", contestants, partial(_one, work)
        )


def many_small() -> Iterator[Case]:
    """Least risk of 2,000 covariances of ten assets: in one call, and one by one."""
    k, n = 2000, 10
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((k, 60, n)) * rng.uniform(0.05, 0.3, (k, 1, n))
    x += rng.standard_normal((k, 60, 1)) * rng.uniform(0.02, 0.2, (k, 1, n))
    sigma = np.array([np.cov(one.T) for one in x])
    labels = [f"A{i:04d}" for i in range(n)]
    dates = pd.date_range("2000-01-31", periods=2, freq="ME")
    returns = pd.DataFrame(np.zeros((2, n)), index=dates, columns=labels)  # only its labels
    views = [Assumptions(labels, np.zeros(n), one, 0.0, "SYNTHETIC") for one in sigma]
    works = [Work(a, returns, 1.0, np.zeros((0, n)), np.zeros(0)) for a in views]

    def accuracy(w: Array, ours: Array) -> dict[str, float]:
        risks = [np.einsum("ki,kij,kj->k", u, sigma, u) for u in (w, ours)]
        return {
            "objective_gap": float((risks[0] / risks[1] - 1).max()),
            "weight_gap": float(np.abs(w - ours).max()),
            "violation": float(max(np.abs(w.sum(axis=1) - 1).max(), -w.min(), 0.0)),
        }

    yield Case(
        "minimum variance of many",
        f"{k:,d} problems of {n} assets",
        {
            OURS: lambda: many.minimum_risk(sigma),
            "portlib, one by one": lambda: np.array([minimum_risk(a).w for a in views]),
            "piqp, called directly": lambda: np.array([piqp_minimum(work) for work in works]),
        },
        accuracy,
    )


def _none(_: Array) -> None:
    return None


def _one(work: Work, w: Array, ours: Array) -> dict[str, float]:
    return {
        "objective_gap": float(_variance(work, w) / _variance(work, ours) - 1),
        "weight_gap": float(np.abs(w - ours).max()),
        "violation": _violation(work, w),
    }


def greatest_sharpe() -> Iterator[Case]:
    """Maximum Sharpe ratio: 4% cap, at least half in one group, at most a tenth in another."""
    u = universe(120, 351)
    work = _limited(u, ceiling=0.10)

    def accuracy(w: Array, ours: Array) -> dict[str, float]:
        sharpe = u.assumptions.sharpe_of
        return {
            "objective_gap": 1 - sharpe(w) / sharpe(ours),
            "weight_gap": float(np.abs(w - ours).max()),
            "violation": _violation(work, w),
        }

    yield Case(
        "maximum Sharpe ratio with group limits",
        "120 assets",
        {
            OURS: lambda: maximum_sharpe(u.assumptions, _mandate(u, ceiling=0.10)).w,
            "piqp, called directly": partial(piqp_sharpe, work),
            "PyPortfolioOpt": partial(pypfopt_sharpe, work),
            "skfolio": partial(skfolio_sharpe, work),
            "Riskfolio-Lib": partial(riskfolio_sharpe, work),
        },
        accuracy,
        {"fortitudo.tech": "has no maximum Sharpe ratio"},
    )


def critical_line_trials() -> list[dict[str, Any]]:
    """PyPortfolioOpt's critical-line class on 12 frontiers with bounds only, its points against the
    exact frontier.

    It traces corners and interpolates between them. `points` is what it returns when asked for 120;
    the points that are judged come from asking for 5000. A point is wrong when it breaks a rule, or
    when a portfolio of the same return has a variance lower by more than `WRONG`; piqp confirms the
    worst of them. Our frontier is held to the same test, with piqp as the judge.
    """
    rows = []
    for n, months in ((10, 111), (30, 111), (60, 181), (120, 351)):
        for trial in range(3):
            u, cap = universe(n, months, seed=trial), max(CAP, 2 / n)
            work = Work(u.assumptions, u.returns, cap, np.zeros((0, n)), np.zeros(0))
            labels = u.assumptions.labels
            exact = frontier(
                u.assumptions, Mandate(labels, [fully_invested(), long_only(), position_limit(cap)])
            )
            goals = np.linspace(exact.means[-1], exact.means[0], 12)[1:-1]
            row: dict[str, Any] = {
                "size": f"{n} assets x {months} months",
                "trial": trial,
                "cap": cap,
                "corners_ours": len(exact.corners),
                "our_gap": max(
                    abs(exact.target_return(r).risk ** 2 / _judge(work, r) - 1) for r in goals
                ),
            }
            try:
                solver = CLA(u.assumptions.mu, u.assumptions.sigma, weight_bounds=(0, cap))
                row["points"] = len(solver.efficient_frontier(points=POINTS)[2])
                w = np.array(solver.efficient_frontier(points=5000)[2])[..., 0]
            except (*REFUSALS, IndexError, TypeError) as refusal:
                rows.append(row | {"refused": f"{type(refusal).__name__}: {refusal}"[:120]})
                continue
            means = np.clip(w @ u.assumptions.mu, exact.means[-1], exact.means[0])
            gap = (
                _variance(work, w) / np.array([exact.target_return(r).risk ** 2 for r in means]) - 1
            )
            breach = np.maximum.reduce([np.abs(w.sum(1) - 1), -w.min(1), w.max(1) - cap])
            worst = int(gap.argmax())
            rows.append(
                row
                | {
                    "corners": len(solver.w),
                    "judged": len(w),
                    "wrong": int(((gap > WRONG) | (breach > ALLOWED)).sum()),
                    "worst_gap": float(gap[worst]),
                    "worst_breach": float(breach.max()),
                    "worst_gap_by_piqp": float(
                        _variance(work, w[worst]) / _judge(work, means[worst]) - 1
                    ),
                }
            )
    return rows


def _judge(work: Work, r: float) -> float:
    """The least variance at a return of `r` or more, by piqp."""
    rows = np.vstack([work.rows, -work.assumptions.mu])
    asked = Work(work.assumptions, work.returns, work.cap, rows, np.append(work.limits, -r))
    return float(_variance(work, piqp_minimum(asked)))


CASES = (frontiers, minimum_variance, everything_held, many_small, greatest_sharpe)
