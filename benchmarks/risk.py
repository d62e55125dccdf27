"""Cases of risk: equal risk contributions, least CVaR on many scenarios, resampled frontiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cvxcla
import fortitudo.tech as ft
import numpy as np
import pandas as pd
import riskfolio
from measure import OURS, Case
from peers import Given, Work, fortitudo_frontier
from pypfopt import EfficientCVaR
from skfolio import RiskMeasure
from skfolio.optimization import MeanRisk, RiskBudgeting
from synthetic import universe

from portlib.construction.resampling import draws, resampled_frontier
from portlib.construction.risk_parity import equal_risk_contributions
from portlib.construction.tail_risk import historical, minimum_cvar
from portlib.records import Array, Assumptions

#: Largest numbers of assets that a library is asked for: beyond them one call takes from seconds to
#: minutes.
SKFOLIO_MOST, RISKFOLIO_MOST = 500, 120
LEVEL, YEARS, RESAMPLES, POINTS = 0.95, 10.0, 100, 20


def equal_risk() -> Iterator[Case]:
    """ERC, long only, as the universe grows. *Gap*: the worst miss of an equal share of the risk,
    as a share of it."""
    for n in (10, 120, 500, 1000, 2000):
        u = universe(n, 2 * n + 111)
        a, labels = u.assumptions, list(u.assumptions.labels)

        def miss(w: Array, _: Array, sigma: Array = a.sigma, n: int = n) -> dict[str, float]:
            share = w * (sigma @ w) / (w @ sigma @ w)
            return {"objective_gap": float(np.abs(n * share - 1).max())}

        contestants: dict[str, Callable[[], Array | None]] = {
            OURS: lambda a=a: equal_risk_contributions(a).w,
            "floor: one Cholesky factorisation": lambda s=a.sigma: _none(np.linalg.cholesky(s)),
        }
        absent = {}
        if n <= SKFOLIO_MOST:
            contestants["skfolio"] = lambda u=u, a=a: np.asarray(
                RiskBudgeting(prior_estimator=Given(a.mu, a.sigma)).fit(u.returns).weights_
            )
        else:
            absent["skfolio"] = f"not asked beyond {SKFOLIO_MOST} assets: several seconds a call"
        if n <= RISKFOLIO_MOST:
            contestants["Riskfolio-Lib"] = lambda u=u, a=a, labels=labels: _riskfolio(
                u.returns, a, labels
            )
        else:
            absent["Riskfolio-Lib"] = (
                f"not asked beyond {RISKFOLIO_MOST} assets: about a second a call at 500"
            )
        yield Case("equal risk contributions", f"{n} assets", contestants, miss, absent)


def least_cvar() -> Iterator[Case]:
    """Least CVaR at 95%, long only, on 10,000 scenarios of 120 assets; zero means, so that
    conventions agree."""
    n, count = 120, 10_000
    u = universe(n, 2 * n + 111)
    a = Assumptions(u.assumptions.labels, np.zeros(n), u.assumptions.sigma / 12)
    rng = np.random.default_rng(20261121)
    x = rng.standard_t(5, (count, n)) * np.sqrt(3 / 5) @ np.linalg.cholesky(a.sigma).T
    x -= x.mean(axis=0)
    frame = u.returns.iloc[:0].reindex(np.arange(count)).astype(float)
    frame.loc[:, :] = x

    def gap(w: Array, ours: Array) -> dict[str, float]:
        mine, theirs = (float(historical(x @ v, LEVEL).cvar) for v in (ours, w))
        return {
            "objective_gap": theirs / mine - 1,
            "weight_gap": float(np.abs(w - ours).max()),
            "violation": float(max(abs(w.sum() - 1), -w.min(), 0.0)),
        }

    def by_pypfopt() -> Array:
        return np.array(list(EfficientCVaR(None, frame, beta=LEVEL).min_cvar().values()))

    def by_fortitudo() -> Array:
        return ft.MeanCVaR(x, -np.eye(n), np.zeros(n), alpha=LEVEL).efficient_portfolio()[:, 0]

    def by_skfolio() -> Array:
        given = MeanRisk(
            risk_measure=RiskMeasure.CVAR, cvar_beta=LEVEL, prior_estimator=Given(a.mu, a.sigma)
        )
        return np.asarray(given.fit(frame).weights_)

    yield Case(
        "least CVaR, 95%, long only",
        "10,000 scenarios x 120 assets",
        {
            OURS: lambda: minimum_cvar(a, None, x, level=LEVEL).w,
            "fortitudo.tech": by_fortitudo,
            "PyPortfolioOpt": by_pypfopt,
            "skfolio": by_skfolio,
        },
        gap,
        {"Riskfolio-Lib": "not asked: seconds a call, like the other two modelling-language forms"},
    )


def resampling() -> Iterator[Case]:
    """100 resampled frontiers of 20 assets, 20 points each, long only: the inputs are the same
    draws for everybody.

    *Gap*: largest difference of an averaged weight.
    """
    n = 20
    a = universe(n, 2 * n + 111).assumptions
    mu, sigma = draws(a, YEARS, RESAMPLES, np.random.default_rng(1998))
    returns = universe(n, 2 * n + 111).returns

    def by_cvxcla() -> Array:
        total = np.zeros((POINTS, n))
        for m, s in zip(mu, sigma, strict=True):
            line = cvxcla.CLA(
                mean=m,
                covariance=s,
                lower_bounds=np.zeros(n),
                upper_bounds=np.ones(n),
                a=np.ones((1, n)),
                b=np.ones(1),
            ).turning_points
            corners = np.array([point.weights for point in line])[::-1]
            means = corners @ m
            goals = np.linspace(means[0], means[-1], POINTS)
            total += np.column_stack([np.interp(goals, means, corners[:, j]) for j in range(n)])
        return total / RESAMPLES

    def by_fortitudo() -> Array:
        inputs = (Assumptions(a.labels, m, s, a.rf, "draw") for m, s in zip(mu, sigma, strict=True))
        each = [
            fortitudo_frontier(Work(one, returns, 1.0, np.zeros((0, n)), np.zeros(0)), POINTS)
            for one in inputs
        ]
        return np.mean(each, axis=0)

    yield Case(
        "resampled frontier, long only",
        f"{RESAMPLES} resamples x {POINTS} points x {n} assets",
        {
            OURS: lambda: (
                resampled_frontier(
                    a,
                    None,
                    years=YEARS,
                    resamples=RESAMPLES,
                    points=POINTS,
                    rng=np.random.default_rng(1998),
                ).w
            ),
            "cvxcla, in a loop": by_cvxcla,
            "fortitudo.tech, in a loop": by_fortitudo,
        },
        lambda w, ours: {"weight_gap": float(np.abs(w - ours).max())},
    )
    yield Case(
        "resampled frontier, long only",
        f"500 resamples x 50 points x {n} assets",
        {
            OURS: lambda: (
                resampled_frontier(
                    a, None, years=YEARS, resamples=500, points=50, rng=np.random.default_rng(1998)
                ).w
            ),
        },
        lambda w, ours: {},
    )


def _riskfolio(returns: pd.DataFrame, a: Assumptions, labels: list[str]) -> Array:
    portfolio = riskfolio.Portfolio(returns=returns)
    portfolio.mu = pd.DataFrame(a.mu[None, :], columns=labels)
    portfolio.cov = pd.DataFrame(a.sigma, columns=labels, index=labels)
    return portfolio.rp_optimization(model="Classic", rm="MV").to_numpy()[:, 0]


def _none(_: Array) -> None:
    return None


CASES = (equal_risk, least_cvar, resampling)
