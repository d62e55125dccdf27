"""The portfolio of least CVaR against the whole programme, other solvers and its own prices."""

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from portlib.construction import tail_risk as tr
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    TrackingError,
    Turnover,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import maximum_utility, minimum_risk
from portlib.construction.tail_risk import least_cvar
from portlib.construction.tail_risk.measures import Tail
from portlib.records import Assumptions
from tests.markets import SEEDS

LEVELS = st.sampled_from([0.0, 0.123, 0.5, 0.9, 0.95, 0.99])
few = settings(max_examples=40)


def market(seed: int, n: int = 6, months: int = 111) -> tuple[Assumptions, np.ndarray]:
    """Assumptions whose covariance is not that of the scenarios, so that no answer rests on where
    the search starts."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(4, (months, n)) @ rng.normal(size=(n, n)) * 0.02 + 0.005
    other = rng.normal(size=(3 * n + 5, n)) * 0.1
    sigma = np.atleast_2d(np.cov(other.T))
    return Assumptions(
        [f"asset {i}" for i in range(n)],
        np.clip(12 * x.mean(axis=0), -0.9, 0.9),
        sigma,
        0.01,
        "a test",
    ), x


def mandates(a: Assumptions, rng: np.random.Generator) -> list[Mandate]:
    """Long only; bounds on both sides with a group; caps with a factor; a borrower with a range of
    investment."""
    n, half = len(a), a.labels[: max(1, len(a) // 2)]
    exposures = dict(zip(a.labels, rng.normal(size=n), strict=True))
    return [
        Mandate(a.labels, rules)
        for rules in (
            [fully_invested(), long_only()],
            [
                fully_invested(),
                Bounds("box", -0.3, max(0.7, 1.5 / n)),
                group_limit("group", half, lower=-0.5, upper=2),
            ],
            [
                fully_invested(),
                long_only(),
                position_limit(max(0.4, 1.2 / n)),
                factor_limit("f", exposures, upper=1.5),
            ],
            [Bounds("box", -1, 1), Limit("invested", None, 0.2, 1.5)],
        )
    ]


def whole_programme(
    x: np.ndarray, level: float, mandate: Mandate, mu: np.ndarray | None = None, r: float = 0.0
) -> float:
    """The least CVaR by the programme as published, every scenario a row: w, the VaR, and the
    excess of each loss."""
    count, n = x.shape
    p, zeros = mandate.program, np.zeros((len(mandate.program.rows), count + 1))
    rows = np.hstack([p.rows, zeros])
    keep = np.isfinite(p.rows_upper), np.isfinite(p.rows_lower)
    matrix = [np.hstack([-x, -np.ones((count, 1)), -np.eye(count)]), rows[keep[0]], -rows[keep[1]]]
    limits = [np.zeros(count), p.rows_upper[keep[0]], -p.rows_lower[keep[1]]]
    if mu is not None:
        matrix, limits = (
            [*matrix, -np.append(mu, np.zeros(count + 1))[None]],
            [*limits, np.array([-r])],
        )
    cost = np.concatenate([np.zeros(n), [1.0], np.full(count, 1 / ((1 - level) * count))])
    bounds = [*zip(p.lower, p.upper, strict=True), (None, None), *[(0, None)] * count]
    found = linprog(cost, np.vstack(matrix), np.concatenate(limits), bounds=bounds, method="highs")
    assert found.status == 0
    return float(found.fun)


def cvar(x: np.ndarray, w: np.ndarray, level: float) -> float:
    return float(tr.historical(x @ w, level).cvar)


@few
@given(
    seed=SEEDS,
    n=st.integers(2, 10),
    months=st.integers(2, 250),
    ties=st.booleans(),
    level=LEVELS,
    goal=st.sampled_from([None, 0.3, 1.0]),
)
def test_least_cvar_is_that_of_the_whole_programme(
    seed: int, n: int, months: int, ties: bool, level: float, goal: float | None
) -> None:
    a, x = market(seed, n, months)
    x = x.round(2) if ties else x
    rng = np.random.default_rng(seed)
    mandate = mandates(a, rng)[int(rng.integers(4))]
    r = None
    if goal is not None:
        low, high = (
            minimum_risk(a, mandate).mean,
            maximum_utility(a, mandate, risk_aversion=0.0).mean,
        )
        r = low + goal * (high - low) - 1e-12
    ours = tr.minimum_cvar(a, mandate, x, level=level, r=r)
    least = whole_programme(x, level, mandate, None if r is None else a.mu, r or 0.0)
    assert cvar(x, ours.w, level) == pytest.approx(least, abs=1e-9)
    assert max(mandate.violations(ours.w, a).values()) <= 1e-9
    assert r is None or ours.mean >= r - 1e-9


def test_least_cvar_where_scenarios_are_many() -> None:
    a, x = market(11, 30, 2500)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.1)])
    ours = tr.minimum_cvar(a, mandate, x, level=0.95)
    assert cvar(x, ours.w, 0.95) == pytest.approx(whole_programme(x, 0.95, mandate), abs=1e-10)
    assert cvar(x, ours.w, 0.95) < cvar(x, minimum_risk(a, mandate).w, 0.95)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rules", [("far",), ("trade",), ("far", "trade")])
def test_distances_by_another_solver(rules: tuple[str, ...], seed: int) -> None:
    a, x = market(seed, 7, 150)
    equal = dict.fromkeys(a.labels, 1 / 7)
    known = {"far": TrackingError("far", equal, 0.02), "trade": Turnover("trade", equal, 0.15)}
    mandate = Mandate(a.labels, [fully_invested(), long_only(), *(known[name] for name in rules)])
    ours = tr.minimum_cvar(a, mandate, x, level=0.9)
    w, var = cp.Variable(7), cp.Variable()
    root = np.linalg.cholesky(a.sigma).T
    away = {"far": cp.norm(root @ (w - 1 / 7)) <= 0.02, "trade": cp.norm1(w - 1 / 7) / 2 <= 0.15}
    problem = cp.Problem(
        cp.Minimize(var + cp.sum(cp.pos(-x @ w - var)) / 15),
        [cp.sum(w) == 1, w >= 0, *(away[name] for name in rules)],
    )
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    assert cvar(x, ours.w, 0.9) == pytest.approx(problem.value, abs=2e-8)
    assert max(ours.residuals.values()) <= 1e-8
    for name in rules:
        assert ours.shadow_prices[name] == pytest.approx(float(away[name].dual_value), abs=1e-5)


def test_shadow_prices_predict_what_relaxing_a_limit_saves() -> None:
    a, x = market(4, 8, 400)
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            Bounds("floor", lower=0.03),
            position_limit(0.3),
            group_limit("group", a.labels[:3], lower=0.25, upper=0.3),
            Turnover("trade", dict.fromkeys(a.labels, 1 / 8), 0.3),
        ],
    )
    at = tr.minimum_cvar(a, mandate, x, level=0.9)
    assert sum(price > 1e-6 for price in at.shadow_prices.values()) >= 4
    for name in ("floor", "position limit", "group", "trade"):
        saved = [
            cvar(x, at.w, 0.9)
            - cvar(x, tr.minimum_cvar(a, mandate.relaxed({name: by}), x, level=0.9).w, 0.9)
            for by in (1e-5, -1e-5)
        ]
        assert saved[0] / 1e-5 - 1e-6 <= at.shadow_prices[name] <= -saved[1] / 1e-5 + 1e-6


@few
@given(seed=SEEDS, scale=st.floats(0.01, 100))
def test_order_and_scale_do_not_matter(seed: int, scale: float) -> None:
    a, x = market(seed, 5, 60)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(60), rng.permutation(5)
    first = cvar(x, tr.minimum_cvar(a, None, x, level=0.9).w, 0.9)
    other = x[rows][:, columns] * scale
    moved = tr.minimum_cvar(a.select([a.labels[i] for i in columns]), None, other, level=0.9)
    assert cvar(other, moved.w, 0.9) == pytest.approx(scale * first, rel=1e-8, abs=1e-10)


def test_normal_scenarios_lead_to_the_least_variance() -> None:
    """All reasonable measures agree on a normal law (Rockafellar and Uryasev 2000): here made exact
    by whitening."""
    rng, a = np.random.default_rng(6), market(6, 4)[0]
    z = rng.normal(size=(20_000, 4))
    z = np.vstack([z, -z])
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    x = z @ np.linalg.cholesky(a.sigma).T
    assert np.abs(tr.minimum_cvar(a, None, x, level=0.9).w - minimum_risk(a).w).max() < 0.02


def test_the_frontier_is_convex_and_its_prices_are_its_slopes() -> None:
    a, x = market(8, 9, 300)
    line = tr.cvar_frontier(a, None, x, level=0.95, points=15)
    means = np.array([p.mean for p in line])
    worst = np.array([cvar(x, p.w, 0.95) for p in line])
    slopes = np.diff(worst) / np.diff(means)
    prices = np.array([p.shadow_prices["target return"] for p in line[1:]])
    assert len(line) == 15 and line[0].objective == "least CVaR at 0.95"
    assert means[-1] == pytest.approx(a.mu.max())
    assert (np.diff(slopes) >= -1e-9).all()
    assert (prices >= slopes - 1e-8).all() and (prices[:-1] <= slopes[1:] + 1e-8).all()


def test_small_and_odd_universes() -> None:
    one, x = market(1, 1)
    assert tr.minimum_cvar(one, None, x, level=0.95).w == pytest.approx([1.0])
    a, x = market(2, 6, 3)  # fewer scenarios than assets
    assert cvar(x, tr.minimum_cvar(a, None, x, level=0.5).w, 0.5) == pytest.approx(
        whole_programme(x, 0.5, Mandate(a.labels, [fully_invested(), long_only()])), abs=1e-10
    )
    twice = Assumptions(
        ["a", "b", "cash"],
        [0.05, 0.05, 0.01],
        np.diag([0.04, 0.04, 0.0]) + np.pad(np.array([[0, 0.04], [0.04, 0]]), (0, 1)),
        0.01,
        "two alike and one without risk",
    )
    y = np.random.default_rng(0).normal(0.004, 0.05, (80, 1)) * [1, 1, 0] + [0, 0, 0.001]
    found = tr.minimum_cvar(twice, None, y, level=0.95, r=0.03)
    assert found["a"] + found["b"] == pytest.approx(0.5)


def test_scenarios_must_fit() -> None:
    a, x = market(3, 3, 20)
    for wrong in (x[:, :2], x[0], np.where(x == x[4, 1], np.nan, x)):
        with pytest.raises(ValueError, match=r"scenarios must be of shape \(T, 3\) and finite"):
            tr.minimum_cvar(a, None, wrong, level=0.95)
    with pytest.raises(ValueError, match="these columns, in this order: asset 0, asset 1, asset 2"):
        tr.minimum_cvar(a, None, pd.DataFrame(x, columns=[*a.labels[1:], a.labels[0]]), level=0.95)
    with pytest.raises(ValueError, match="level from 0 to below 1"):
        tr.minimum_cvar(a, None, x, level=1.0)
    with pytest.raises(ValueError, match="needs scenarios"):
        tr.minimum_cvar(a, None, x[:0], level=0.9)


def test_refusals_name_the_rule() -> None:
    a, x = market(3, 4, 50)
    with pytest.raises(Infeasible, match="target return"):
        tr.minimum_cvar(a, None, x, level=0.95, r=9.0)
    soft = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.3).soft(0.01)])
    with pytest.raises(NotSolved, match="'position limit' is soft"):
        tr.minimum_cvar(a, soft, x, level=0.95)
    with pytest.raises(
        NotSolved, match="positions finite"
    ):  # three scenarios, free short sales: money for nothing
        tr.minimum_cvar(a, Mandate(a.labels, [fully_invested()]), x[:3], level=0.95)


def test_an_answer_that_is_not_proven_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    a, x = market(3, 4, 50)
    least = tr.historical
    monkeypatch.setattr(
        least_cvar,
        "historical",
        lambda returns, level: Tail(0.0, least(returns, level).cvar + 1e-6),
    )
    with pytest.raises(NotSolved, match="above its proven bound"):
        tr.minimum_cvar(a, None, x, level=0.95)
