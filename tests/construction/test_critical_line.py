"""The critical line: optimality conditions, two other libraries, brute force over active sets."""

from itertools import product

import cvxcla
import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portlib.construction import mean_variance as mv
from portlib.construction.critical_line import cvxcla_line
from portlib.construction.mandate import (
    Bounds,
    Mandate,
    fully_invested,
    long_only,
    position_limit,
)
from portlib.records import Assumptions
from tests.construction.test_mean_variance import few, kkt_residual, utility
from tests.markets import SEEDS, market, ruled

# ---- optimality ----------------------------------------------------------------------------------


@few
@given(
    seed=SEEDS,
    n=st.integers(3, 9),
    ties=st.booleans(),
    aversion=st.sampled_from([0.0, 0.3, 1.0, 4.0, 20.0, 1e3]),
)
def test_kkt_conditions_hold_everywhere_on_the_frontier(
    seed: int, n: int, ties: bool, aversion: float
) -> None:
    a = market(seed, n, ties=ties)
    mandate = ruled(a, seed)
    traced = mv.frontier(a, mandate)
    trade_off = 1 / aversion if aversion else np.inf
    for w in (
        traced.maximum_utility(aversion).w,
        mv.maximum_utility(a, mandate, risk_aversion=aversion).w,
    ):
        assert kkt_residual(a, mandate, w, trade_off) < 1e-8
    for w, corner in zip(traced.corners, traced.trade_offs, strict=True):
        assert kkt_residual(a, mandate, w, corner) < 1e-8
    assert kkt_residual(a, mandate, traced.maximum_return().w, np.inf) < 1e-8


@few
@given(seed=SEEDS, n=st.integers(3, 9))
def test_the_frontier_and_a_single_solve_agree(seed: int, n: int) -> None:
    a = market(seed, n)
    mandate = ruled(a, seed)
    traced = mv.frontier(a, mandate)
    assert traced.minimum_risk().w == pytest.approx(mv.minimum_risk(a, mandate).w, abs=1e-9)
    assume(np.ptp(traced.means) > 1e-4)
    for r in np.linspace(traced.means[-1], traced.means[0], 6)[
        1:-1
    ]:  # at the ends a price may be any of a range
        read, solved = traced.target_return(float(r)), mv.target_return(a, mandate, r=float(r))
        assert read.w == pytest.approx(solved.w, abs=1e-6)
        assert read.risk == pytest.approx(solved.risk, abs=1e-9)
        prices = [x.shadow_prices["target return"] for x in (read, solved)]
        assert prices[0] == pytest.approx(prices[1], rel=1e-4, abs=1e-6)
        assert traced.target_risk(read.risk).mean == pytest.approx(
            max(r, traced.means[-1]), abs=1e-8
        )


@settings(max_examples=15)
@given(seed=SEEDS)
def test_two_other_libraries_agree(seed: int) -> None:
    a = market(seed, 7)
    mandate = ruled(a, seed)
    traced, p = mv.frontier(a, mandate), mandate.program
    (corners, trade_offs, _), engine = cvxcla_line(a, mandate)
    assert engine == f"cvxcla {cvxcla.__version__}"
    for trade_off, w in zip(trade_offs, corners, strict=True):
        if trade_off > 0:
            assert traced.maximum_utility(1 / trade_off).w == pytest.approx(w, abs=1e-8)
    for aversion in (1.0, 5.0, 25.0):
        w = cp.Variable(7)
        gain = a.mu @ w - aversion / 2 * cp.quad_form(w, cp.psd_wrap(a.sigma))
        rules = [
            w >= p.lower,
            w <= p.upper,
            cp.sum(w) == 1,
            p.rows[1] @ w >= 0.1,
            p.rows[1:] @ w <= p.rows_upper[1:],
        ]
        problem = cp.Problem(cp.Maximize(100 * gain), rules)
        best = problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10) / 100
        ours = traced.maximum_utility(aversion)
        assert utility(a, ours.w, aversion) == pytest.approx(best, abs=1e-8)
        assert ours.w == pytest.approx(w.value, abs=5e-5)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("aversion", [1.0, 6.0, 1e6])
def test_brute_force_over_all_active_sets(seed: int, aversion: float) -> None:
    """Four assets, 81 guesses of which are at the floor, free or at the cap; the best feasible one
    is the optimum."""
    a, low, high = market(seed, 4), 0.05, 0.5
    best, best_w = -np.inf, np.zeros(4)
    for state in product((-1, 0, 1), repeat=4):
        at = np.array(state)
        w, free = np.where(at < 0, low, high), np.flatnonzero(at == 0)
        held = np.flatnonzero(at)
        if free.size:
            k = free.size
            block, ones = aversion * a.sigma[np.ix_(free, free)], np.ones((k, 1))
            system = np.block([[block, ones], [ones.T, np.zeros((1, 1))]])
            right = np.append(
                a.mu[free] - aversion * a.sigma[np.ix_(free, held)] @ w[held], 1 - w[held].sum()
            )
            w[free] = np.linalg.solve(system, right)[:k]
        feasible = abs(w.sum() - 1) < 1e-9 and (w > low - 1e-9).all() and (w < high + 1e-9).all()
        if feasible and utility(a, w, aversion) > best:
            best, best_w = utility(a, w, aversion), w
    mandate = Mandate(a.labels, [fully_invested(), Bounds("box", low, high)])
    assert mv.frontier(a, mandate).maximum_utility(aversion).w == pytest.approx(best_w, abs=1e-9)
    assert mv.maximum_utility(a, mandate, risk_aversion=aversion).w == pytest.approx(
        best_w, abs=1e-9
    )


@few
@given(seed=SEEDS)
def test_no_portfolio_found_at_random_is_better(seed: int) -> None:
    a = market(seed, 5)
    best, rng = mv.maximum_sharpe(a), np.random.default_rng(seed)
    traced, w = mv.frontier(a), rng.dirichlet(np.ones(5), 2000)
    risks = np.sqrt(np.einsum("pi,ij,pj->p", w, a.sigma, w))
    assert ((w @ a.mu - a.rf) / risks).max() <= best.sharpe + 1e-12
    assert risks.min() >= traced.minimum_risk().risk - 1e-12
    curve = traced.curve(301)
    assert ((curve["mean"] - a.rf) / curve["risk"]).max() <= best.sharpe + 1e-12


@few
@given(seed=SEEDS, capped=st.booleans())
def test_the_greatest_sharpe_ratio_alone_is_the_frontiers(seed: int, capped: bool) -> None:
    a = market(seed, 6)
    rules = [fully_invested(), long_only(), *([position_limit(0.3)] if capped else [])]
    mandate = Mandate(a.labels, rules)
    if mv.frontier(a, mandate).means[0] <= a.rf:
        return
    alone, read = mv.maximum_sharpe(a, mandate), mv.frontier(a, mandate).maximum_sharpe()
    assert alone.w == pytest.approx(read.w, abs=1e-9)
    assert alone.sharpe == pytest.approx(read.sharpe, rel=1e-12)
    assert alone.shadow_prices == pytest.approx(read.shadow_prices, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("capped", [False, True])
def test_two_hundred_assets_meet_the_conditions(capped: bool) -> None:
    rng = np.random.default_rng(200)
    loadings, own = rng.normal(1, 0.4, (200, 3)) * 0.1, rng.uniform(0.1, 0.3, 200) ** 2
    a = Assumptions(
        [str(i) for i in range(200)],
        rng.normal(0.06, 0.02, 200),
        loadings @ loadings.T + np.diag(own),
    )
    rules = [fully_invested(), long_only(), *([position_limit(0.04)] if capped else [])]
    mandate = Mandate(a.labels, rules)
    assert kkt_residual(a, mandate, mv.minimum_risk(a, mandate).w, 0.0) < 1e-8
    assert kkt_residual(a, mandate, mv.maximum_utility(a, mandate, risk_aversion=5.0).w, 0.2) < 1e-8
