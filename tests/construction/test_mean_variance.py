"""Mean-variance portfolios against closed forms, brute force, other solvers and finite differences."""

import subprocess
import sys
from itertools import pairwise, product

import cvxcla
import cvxpy as cp
import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, nnls

from portlib.construction import engines
from portlib.construction import mean_variance as mv
from portlib.construction.critical_line import cvxcla_line
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    TrackingError,
    Turnover,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
    volatility_limit,
)
from portlib.records import Allocation, Assumptions, AssumptionsError
from tests.markets import SEEDS, market, ruled

few = settings(max_examples=40, deadline=None)


def utility(a: Assumptions, w: np.ndarray, aversion: float) -> float:
    return a.mean_of(w) - aversion / 2 * a.risk_of(w) ** 2


def kkt_residual(a: Assumptions, mandate: Mandate, w: np.ndarray, trade_off: float) -> float:
    """Distance of the gradient from the cone of the active rules' normals, relative to its size: zero at an optimum."""
    p, near = mandate.program, 1e-9
    gradient = -a.mu if trade_off == np.inf else a.sigma @ w - trade_off * a.mu
    normals = [
        sign * np.eye(len(a))[i]
        for i in range(len(a))
        for sign, at in ((1, w[i] <= p.lower[i] + near), (-1, w[i] >= p.upper[i] - near))
        if at
    ]
    for row, low, high in zip(p.rows, p.rows_lower, p.rows_upper, strict=True):
        normals += [row] if row @ w <= low + near else []
        normals += [-row] if row @ w >= high - near else []
    scale = np.abs(gradient).max()
    return float(nnls(np.array(normals).T, gradient / scale)[1])


# ---- optimality ---------------------------------------------------------------------------------------------------


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


@settings(max_examples=15, deadline=None)
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
    """Four assets, 81 guesses of which are at the floor, free or at the cap; the best feasible one is the optimum."""
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


# ---- closed forms -------------------------------------------------------------------------------------------------


@few
@given(seed=SEEDS, aversion=st.floats(0.5, 50))
def test_without_bounds_the_solvers_meet_the_closed_forms(seed: int, aversion: float) -> None:
    a = market(seed, 4)
    free = Mandate(a.labels, [fully_invested()])
    assert mv.minimum_risk(a, free).w == pytest.approx(
        mv.closed_form_minimum_variance(a.sigma), rel=1e-7, abs=1e-9
    )
    exact = mv.closed_form_utility(a.mu, a.sigma, aversion)
    assert mv.maximum_utility(a, free, risk_aversion=aversion).w == pytest.approx(
        exact, rel=1e-6, abs=1e-7
    )
    # Two funds: any utility portfolio is the least risky one and a fixed multiple of one spread, in proportion 1/A.
    least, one = (
        mv.closed_form_minimum_variance(a.sigma),
        mv.closed_form_utility(a.mu, a.sigma, 1.0),
    )
    assert exact == pytest.approx(least + (one - least) / aversion, rel=1e-8, abs=1e-9)


def test_tangency_is_where_the_bounded_frontier_finds_it() -> None:
    mu, sigma = np.array([0.05, 0.07, 0.09]), np.diag([0.01, 0.02, 0.04])
    exact = mv.closed_form_tangency(mu, sigma, 0.02)
    assert exact == pytest.approx(np.array([3, 2.5, 1.75]) / 7.25)
    assert mv.maximum_sharpe(Assumptions(list("abc"), mu, sigma, 0.02)).w == pytest.approx(
        exact, abs=1e-12
    )
    shares = mv.closed_form_risky_shares(mu, sigma, 0.02, 5.0)
    assert shares / shares.sum() == pytest.approx(exact)
    assert shares == pytest.approx((mu - 0.02) / np.diag(sigma) / 5)


def test_closed_forms_refuse_what_has_no_answer() -> None:
    with pytest.raises(AssumptionsError, match="smallest eigenvalue"):
        mv.closed_form_minimum_variance(np.ones((2, 2)))
    with pytest.raises(AssumptionsError, match="no tangency"):
        mv.closed_form_tangency(np.array([0.02, 0.01]), np.eye(2), 0.05)


# ---- shadow prices ------------------------------------------------------------------------------------------------

SHIFTED = {
    "budget": lambda h: [Limit("rule", None, 1 - h, 1 - h), long_only(), position_limit(0.45)],
    "cap": lambda h: [fully_invested(), long_only(), position_limit(0.45 + h, name="rule")],
    "floor": lambda h: [fully_invested(), position_limit(0.45), Bounds("rule", lower=0.02 - h)],
    "group": lambda h: [
        fully_invested(),
        long_only(),
        group_limit("rule", ["asset 0", "asset 1"], lower=0.6 - h),
    ],
}


@pytest.mark.parametrize("rule", SHIFTED)
@pytest.mark.parametrize(
    "posture", ["risk", "utility", "return", "sharpe", "target return", "target risk"]
)
@pytest.mark.parametrize("seed", [3, 11])
def test_shadow_prices_are_what_relaxing_the_rule_gains(rule: str, posture: str, seed: int) -> None:
    a = market(seed, 6)

    def solve(h: float) -> tuple[Allocation, float]:
        traced = mv.frontier(a, Mandate(a.labels, SHIFTED[rule](h)))
        if posture == "risk":
            return (x := traced.minimum_risk()), -x.risk
        if posture == "utility":
            return (x := traced.maximum_utility(3.0)), utility(a, x.w, 3.0)
        if posture == "return":
            return (x := traced.maximum_return()), x.mean
        if posture == "sharpe":
            return (x := traced.maximum_sharpe()), x.sharpe
        if posture == "target return":
            return (x := traced.target_return(middle.mean)), -x.risk
        return (x := traced.target_risk(middle.risk)), x.mean

    middle = mv.frontier(a, Mandate(a.labels, SHIFTED[rule](0.0))).maximum_utility(3.0)
    h = 1e-6
    gained, lost = solve(h)[1] - solve(0.0)[1], solve(0.0)[1] - solve(-h)[1]
    if (
        rule == "budget"
    ):  # an equality can be relaxed either way: its price is that of the useful direction
        gained, lost = abs(gained), abs(lost)
    price = solve(0.0)[0].shadow_prices["rule"]
    assert price == pytest.approx((gained + lost) / (2 * h), rel=1e-3, abs=1e-5)


def test_a_single_solve_has_the_same_prices_as_the_frontier() -> None:
    a = market(5)
    mandate = ruled(a)
    read, solved = mv.frontier(a, mandate), {}
    for aversion in (0.5, 2.0, 8.0):
        solved = mv.maximum_utility(a, mandate, risk_aversion=aversion).shadow_prices
        assert read.maximum_utility(aversion).shadow_prices == pytest.approx(solved, abs=1e-9)
    assert set(solved) == {c.name for c in mandate.constraints}
    assert read.minimum_risk().shadow_prices == pytest.approx(
        mv.minimum_risk(a, mandate).shadow_prices, abs=1e-9
    )


# ---- distances and soft rules -------------------------------------------------------------------------------------


def test_tracking_error_meets_its_closed_form() -> None:
    """Budget and tracking error alone: the answer lies on the line from the benchmark to the least risk."""
    a = market(2, 5)
    b = np.full(5, 0.2)
    least = mv.closed_form_minimum_variance(a.sigma)
    limit = 0.4 * a.risk_of(least - b)
    near = TrackingError("near", dict(zip(a.labels, b, strict=True)), limit)
    found = mv.minimum_risk(a, Mandate(a.labels, [fully_invested(), near]))
    assert found.w == pytest.approx(b + 0.4 * (least - b), abs=1e-5)
    assert found.risk == pytest.approx(a.risk_of(b + 0.4 * (least - b)), abs=1e-8)
    wider = TrackingError("near", near.benchmark, limit + 1e-5)
    gain = found.risk - mv.minimum_risk(a, Mandate(a.labels, [fully_invested(), wider])).risk
    assert found.shadow_prices["near"] == pytest.approx(gain / 1e-5, rel=1e-2)


@pytest.mark.parametrize("limit", [0.0, 0.1, 0.3])
def test_turnover_meets_another_solver(limit: float) -> None:
    a = market(4, 4)
    held = np.array([0.4, 0.3, 0.2, 0.1])
    rules = [
        fully_invested(),
        long_only(),
        Turnover("trade", dict(zip(a.labels, held, strict=True)), limit),
    ]
    found = mv.maximum_utility(a, Mandate(a.labels, rules), risk_aversion=4.0)
    split = minimize(  # buys and sells as separate variables
        lambda x: -1e2 * utility(a, held + x[:4] - x[4:], 4.0),
        np.zeros(8),
        method="SLSQP",
        bounds=[(0, 1)] * 8,
        constraints=[
            {"type": "eq", "fun": lambda x: (x[:4] - x[4:]).sum()},
            {"type": "ineq", "fun": lambda x: limit - x.sum() / 2},
            {"type": "ineq", "fun": lambda x: held + x[:4] - x[4:]},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert utility(a, found.w, 4.0) == pytest.approx(-split.fun / 1e2, abs=2e-8)
    assert np.abs(found.w - held).sum() / 2 <= limit + 1e-7


def test_a_soft_rule_costs_at_most_its_penalty() -> None:
    a = market(7)
    base = Mandate(a.labels, [fully_invested(), long_only()])

    def capped(penalty: float | None) -> Allocation:
        soft = Bounds("cap", upper=0.3, penalty=penalty)
        return mv.maximum_utility(a, base.also(soft), risk_aversion=3.0)

    free, hard = mv.maximum_utility(a, base, risk_aversion=3.0), capped(None)
    assert capped(1e-6).w == pytest.approx(free.w, abs=1e-3)
    assert capped(10.0).w == pytest.approx(hard.w, abs=1e-5)
    some = capped(hard.shadow_prices["cap"] / 3)
    assert some.shadow_prices["cap"] <= hard.shadow_prices["cap"] / 3 + 1e-6
    assert 0 < some.residuals["cap"] < free.w.max() - 0.3
    net = utility(a, some.w, 3.0) - hard.shadow_prices["cap"] / 3 * some.residuals["cap"]
    for other in (free, hard):
        excess = max(other.w.max() - 0.3, 0.0)
        assert net >= utility(a, other.w, 3.0) - hard.shadow_prices["cap"] / 3 * excess - 1e-9


def test_a_slack_distance_changes_nothing() -> None:
    a = market(9)
    mandate = ruled(a)
    loose = mandate.also(TrackingError("loose", dict.fromkeys(a.labels, 1 / 6), 1.0))
    for aversion in (0.0, 1.0, 10.0):
        linear, conic = (mv.maximum_utility(a, m, risk_aversion=aversion) for m in (mandate, loose))
        assert conic.w == pytest.approx(linear.w, abs=2e-5)
        assert conic.shadow_prices["loose"] < 1e-6
    assert mv.target_return(a, loose, r=0.05).risk == pytest.approx(
        mv.target_return(a, mandate, r=0.05).risk, abs=1e-8
    )


def test_distances_and_soft_rules_are_refused_where_they_have_no_meaning() -> None:
    a = market(1)
    near = Mandate(
        a.labels, [fully_invested(), TrackingError("near", dict.fromkeys(a.labels, 1 / 6), 0.02)]
    )
    with pytest.raises(NotSolved, match=r"near.*minimum_risk"):
        mv.frontier(a, near)
    soft = Mandate(
        a.labels, [fully_invested(), long_only(), Bounds("cap", upper=0.3, penalty=0.01)]
    )
    with pytest.raises(NotSolved, match="'cap' is soft"):
        mv.minimum_risk(a, soft)


# ---- maximum Sharpe ratio and the frontier under distances -----------------------------------------------------------


def distances(a: Assumptions) -> dict[str, Mandate]:
    equal = dict.fromkeys(a.labels, 1 / len(a))
    free = mv.frontier(a, ruled(a)).maximum_sharpe()
    te = float(a.risk_of(free.w - 1 / len(a)))
    moved = float(np.abs(free.w - 1 / len(a)).sum()) / 2
    return {
        "tracking error": ruled(a).also(TrackingError("te", equal, 0.5 * te)),
        "turnover": ruled(a).also(Turnover("moved", equal, 0.5 * moved)),
        "volatility": ruled(a).also(
            volatility_limit(a.labels, (free.risk + mv.minimum_risk(a, ruled(a)).risk) / 2)
        ),
        "all": ruled(a).also(
            TrackingError("te", equal, 0.7 * te), Turnover("moved", equal, 0.7 * moved)
        ),
    }


@pytest.mark.parametrize("kind", ["tracking error", "turnover", "volatility", "all"])
@pytest.mark.parametrize("seed", [1, 4, 9])
def test_the_greatest_sharpe_ratio_under_distances_is_dinkelbachs(seed: int, kind: str) -> None:
    """The cone programme against the zero of another function: best at its own variance over excess return."""
    a = market(seed)
    mandate = distances(a)[kind]
    found = mv.maximum_sharpe(a, mandate)
    assert max(found.residuals.values()) <= 1e-7
    own = found.risk**2 / (found.mean - a.rf)
    again = mv.maximum_utility(a, mandate, risk_aversion=1 / own)
    assert again.w == pytest.approx(found.w, abs=2e-5)
    assert (
        found.sharpe >= max(x.sharpe for x in mv.efficient_portfolios(a, mandate, points=12)) - 1e-7
    )
    assert found.sharpe <= mv.maximum_sharpe(a, ruled(a)).sharpe + 1e-9


def test_prices_of_a_greatest_sharpe_ratio_predict() -> None:
    a = market(4)
    for mandate in distances(a).values():
        found = mv.maximum_sharpe(a, mandate)
        for name, price in found.shadow_prices.items():
            if price > 1e-3 and not mandate[name].LINEAR:
                step = 1e-5
                gained = mv.maximum_sharpe(a, mandate.relaxed({name: step})).sharpe - found.sharpe
                assert gained / step == pytest.approx(price, rel=0.02)


@pytest.mark.parametrize("seed", [1, 4, 9, 16])
def test_a_frontier_under_a_volatility_limit_ends_there(seed: int) -> None:
    a = market(seed)
    mandate = distances(a)["volatility"]
    limit = mandate["volatility limit"].limit
    traced = mv.frontier(a, mandate)
    assert traced.risks[0] == pytest.approx(limit, abs=1e-9) and traced.cap == "volatility limit"
    assert (np.diff(traced.risks) <= 1e-9).all()
    free = mv.frontier(a, ruled(a))
    for aversion in (0.5, 2.0, 8.0, 40.0):
        one, unbound = traced.maximum_utility(aversion), free.maximum_utility(aversion)
        right = unbound if unbound.risk <= limit else free.target_risk(limit)
        assert one.w == pytest.approx(right.w, abs=1e-9)
        up = mv.frontier(a, mandate.relaxed({"volatility limit": 1e-9})).maximum_utility(aversion)
        gained = a.utility_of(up.w, aversion) - a.utility_of(one.w, aversion)
        assert one.shadow_prices["volatility limit"] == pytest.approx(
            gained / 1e-9, rel=0.02, abs=1e-6
        )
    assert traced.maximum_sharpe().sharpe == pytest.approx(
        mv.maximum_sharpe(a, ruled(a)).sharpe, rel=0.2
    )
    conic = mv.maximum_sharpe(
        a, mandate.also(Turnover("loose", dict.fromkeys(a.labels, 1 / 6), 1.0))
    )
    assert traced.maximum_sharpe().sharpe == pytest.approx(conic.sharpe, rel=1e-6)
    assert traced.maximum_return().mean == pytest.approx(
        mv.frontier(a, ruled(a)).target_risk(limit).mean, abs=1e-9
    )
    loose = mv.frontier(a, ruled(a).also(volatility_limit(a.labels, 1.0)))
    assert loose.cap == "" and loose.maximum_return().shadow_prices["volatility limit"] == 0
    with pytest.raises(Infeasible, match="volatility limit"):
        mv.frontier(a, ruled(a).also(volatility_limit(a.labels, 0.5 * traced.risks[-1])))


def test_other_distances_have_points_of_their_frontier() -> None:
    a = market(4)
    mandate = distances(a)["all"]
    with pytest.raises(NotSolved, match="efficient_portfolios gives points"):
        mv.frontier(a, mandate)
    points = mv.efficient_portfolios(a, mandate, points=8)
    risks, means = (np.array([getattr(x, what) for x in points]) for what in ("risk", "mean"))
    assert (np.diff(means) > 0).all() and (np.diff(risks) > -1e-9).all()
    assert (np.diff(np.diff(means) / np.diff(risks)) < 1e-3).all()  # concave
    with pytest.raises(ValueError, match="two points"):
        mv.efficient_portfolios(a, mandate, points=1)
    soft = ruled(a).also(Turnover("moved", dict.fromkeys(a.labels, 1 / 6), 0.1).soft(0.1))
    with pytest.raises(NotSolved, match="'moved' is soft"):
        mv.maximum_sharpe(a, soft)
    poor = a.replace(mu=a.mu - 0.5, source="nothing earns more than cash")
    with pytest.raises(
        AssumptionsError, match="no portfolio of this mandate is expected to earn more"
    ):
        mv.maximum_sharpe(poor, mandate)


# ---- what must not change the answer ------------------------------------------------------------------------------


@few
@given(seed=SEEDS)
def test_order_scale_and_level_do_not_matter(seed: int) -> None:
    a = market(seed)
    order = np.random.default_rng(seed).permutation(6)
    base = mv.frontier(a)
    turned = mv.frontier(a.select([a.labels[i] for i in order]))
    assert turned.maximum_utility(4.0).w == pytest.approx(
        base.maximum_utility(4.0).w[order], abs=1e-9
    )
    small = mv.frontier(
        Assumptions(a.labels, a.mu / 100, a.sigma / 1e4, a.rf / 100, "a hundredth of each")
    )
    assert small.maximum_utility(400.0).w == pytest.approx(base.maximum_utility(4.0).w, abs=1e-9)
    assert small.maximum_sharpe().w == pytest.approx(base.maximum_sharpe().w, abs=1e-9)
    lifted = mv.frontier(a.replace(mu=a.mu + 0.03, source="three percent more for all"))
    assert lifted.maximum_utility(4.0).w == pytest.approx(base.maximum_utility(4.0).w, abs=1e-9)


@few
@given(seed=SEEDS)
def test_more_aversion_is_less_risk_and_less_return(seed: int) -> None:
    traced = mv.frontier(market(seed))
    postures = [traced.maximum_utility(x) for x in (0.0, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0)]
    for bold, timid in pairwise(postures):
        assert timid.risk <= bold.risk + 1e-12
        assert timid.mean <= bold.mean + 1e-12
    least = traced.minimum_risk()
    assert least.risk <= postures[-1].risk
    assert postures[0].w == pytest.approx(traced.maximum_return().w)
    assert (np.diff(traced.trade_offs) <= 0).all()
    assert traced.trade_offs[-1] == 0
    curve = traced.curve(50)
    assert (np.diff(curve["mean"]) <= 1e-12).all()
    assert len(curve) == 50


def test_an_extra_asset_never_hurts() -> None:
    a = market(12, 7)
    fewer = mv.frontier(a.select(a.labels[:6]))
    more = mv.frontier(a)
    for aversion in (1.0, 4.0, 30.0):
        assert utility(a, more.maximum_utility(aversion).w, aversion) >= (
            utility(fewer.assumptions, fewer.maximum_utility(aversion).w, aversion) - 1e-12
        )


# ---- awkward universes --------------------------------------------------------------------------------------------


def test_one_asset() -> None:
    a = Assumptions(["only"], [0.05], [[0.04]], 0.01)
    traced = mv.frontier(a)
    for x in (
        traced.minimum_risk(),
        traced.maximum_return(),
        traced.maximum_sharpe(),
        traced.maximum_utility(3.0),
        traced.target_return(0.05),
        traced.target_risk(0.2),
        mv.minimum_risk(a),
    ):
        assert x.w == pytest.approx([1.0])
        assert x.risk == pytest.approx(0.2)


def test_duplicated_assets_share_one_answer() -> None:
    single = market(3, 4)
    twice = [0, 1, 2, 3, 3]
    double = Assumptions(
        ["a", "b", "c", "d", "d again"], single.mu[twice], single.sigma[np.ix_(twice, twice)], 0.01
    )
    for aversion in (1.0, 6.0, 40.0):
        exact = mv.maximum_utility(single, risk_aversion=aversion)
        for x in (
            mv.frontier(double).maximum_utility(aversion),
            mv.maximum_utility(double, risk_aversion=aversion),
        ):
            merged = np.append(x.w[:3], x.w[3] + x.w[4])
            assert merged == pytest.approx(exact.w, abs=1e-7)
            assert x.risk == pytest.approx(exact.risk, abs=1e-9)


def test_riskless_cash() -> None:
    sigma = np.diag([0.0, 0.01, 0.04])
    a = Assumptions(["cash", "bonds", "shares"], [0.02, 0.04, 0.08], sigma, 0.02)
    traced = mv.frontier(a)
    assert traced.minimum_risk().w == pytest.approx([1, 0, 0], abs=1e-12)
    assert traced.minimum_risk().risk == 0
    assert mv.minimum_risk(a).w == pytest.approx([1, 0, 0], abs=1e-12)
    tangency = mv.closed_form_tangency(a.mu[1:], sigma[1:, 1:], 0.02)
    assert traced.maximum_sharpe().w == pytest.approx(np.append(0, tangency), abs=1e-9)
    halfway = traced.target_return(0.02 + (tangency @ a.mu[1:] - 0.02) / 2)
    assert halfway.w == pytest.approx(np.append(0.5, tangency / 2), abs=1e-9)
    with pytest.raises(AssumptionsError, match="riskless portfolio earns"):
        mv.maximum_sharpe(a.replace(rf=0.01, source="below cash"))


def test_equal_means_leave_only_the_least_risk() -> None:
    a = market(8).replace(mu=np.full(6, 0.05), source="ties")
    least = mv.minimum_risk(a)
    traced = mv.frontier(a)
    for x in (
        traced.minimum_risk(),
        traced.maximum_return(),
        traced.maximum_sharpe(),
        traced.maximum_utility(2.0),
        mv.maximum_utility(a, risk_aversion=0.0),
    ):
        assert x.w == pytest.approx(least.w, abs=1e-9)


def test_tied_highest_returns_take_the_less_risky() -> None:
    a = Assumptions(list("abc"), [0.07, 0.07, 0.03], np.diag([0.04, 0.01, 0.02]), 0.0)
    for x in (mv.frontier(a).maximum_return(), mv.maximum_utility(a, risk_aversion=0)):
        assert x.w == pytest.approx([0.2, 0.8, 0.0], abs=1e-9)


def test_ties_under_a_group_limit_are_right_where_a_library_is_not() -> None:
    """Found by random search: with tied means and an inactive-looking row, cvxcla 2.7.1 starts at a wrong corner."""
    a = Assumptions(list("abc"), [0.07, 0.06, 0.07], np.diag([0.012, 0.004, 0.003]), 0.0)
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            Bounds("floor", {"a": 0.05}),
            group_limit("g", "ab", lower=0.1, upper=0.8),
        ],
    )
    traced = mv.frontier(a, mandate)
    for w, trade_off in zip(traced.corners, traced.trade_offs, strict=True):
        assert kkt_residual(a, mandate, w, trade_off) < 1e-9
    assert traced.maximum_return().w == pytest.approx([0.2, 0.0, 0.8], abs=1e-9)


def test_bounds_that_fix_every_weight() -> None:
    a = market(6, 3)
    fixed = dict(zip(a.labels, (0.2, 0.3, 0.5), strict=True))
    mandate = Mandate(a.labels, [fully_invested(), Bounds("fixed", fixed, fixed)])
    traced = mv.frontier(a, mandate)
    for x in (
        traced.minimum_risk(),
        traced.maximum_return(),
        traced.maximum_utility(3.0),
        mv.minimum_risk(a, mandate),
    ):
        assert x.w == pytest.approx([0.2, 0.3, 0.5], abs=1e-12)
        assert all(np.isfinite(price) for price in x.shadow_prices.values())


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, n=st.integers(4, 9))
def test_fewer_months_than_assets(seed: int, n: int) -> None:
    """Portfolios without any risk in the sample: the frontier starts with a jump from one of them to another."""
    rng = np.random.default_rng(seed)
    months = rng.normal(size=(n // 2, n)) @ rng.normal(size=(n, n)) * 0.05
    a = Assumptions([str(i) for i in range(n)], rng.normal(0.06, 0.02, n), np.cov(months.T))
    try:
        traced = mv.frontier(a)
    except NotSolved:  # no certificate, no frontier: rare, see below
        event("refused")
        return
    for aversion in (1.0, 10.0, 1e4):
        read, single = (
            x.w
            for x in (
                traced.maximum_utility(aversion),
                mv.maximum_utility(a, risk_aversion=aversion),
            )
        )
        assert utility(a, read, aversion) == pytest.approx(utility(a, single, aversion), abs=1e-8)
    halfway = float(traced.means[[0, -1]].mean())
    assert traced.target_return(halfway).risk == pytest.approx(
        mv.target_return(a, r=halfway).risk, abs=1e-6
    )


def test_a_frontier_without_certificate_is_refused_while_single_portfolios_are_found() -> None:
    """Three months for seven assets: whole stretches without risk, on which neither critical line is sure of itself."""
    rng = np.random.default_rng(27296838)
    months = rng.normal(size=(3, 7)) @ rng.normal(size=(7, 7)) * 0.05
    a = Assumptions([str(i) for i in range(7)], rng.normal(0.06, 0.02, 7), np.cov(months.T))
    with pytest.raises(NotSolved, match="numerically singular"):
        mv.frontier(a)
    single = mv.maximum_utility(a, risk_aversion=4.0)
    other = mv.maximum_utility(
        a.replace(sigma=a.sigma + 1e-10 * np.eye(7), source="lifted"), risk_aversion=4.0
    )
    assert utility(a, single.w, 4.0) == pytest.approx(utility(a, other.w, 4.0), abs=1e-8)


# ---- refusals -----------------------------------------------------------------------------------------------------


def test_an_infeasible_mandate_names_its_conflict() -> None:
    a = market(0, 4)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.2)])
    for attempt in (
        lambda: mv.frontier(a, mandate),
        lambda: mv.minimum_risk(a, mandate),
        lambda: mv.maximum_utility(a, mandate, risk_aversion=2.0),
    ):
        with pytest.raises(Infeasible, match="position limit"):
            attempt()


def test_targets_out_of_reach() -> None:
    a = market(0, 4)
    traced = mv.frontier(a)
    for attempt in (lambda: traced.target_return(0.5), lambda: mv.target_return(a, r=0.5)):
        with pytest.raises(Infeasible, match="target return"):
            attempt()
    with pytest.raises(Infeasible, match="target risk"):
        traced.target_risk(traced.risks[-1] / 2)
    assert traced.target_return(-1.0).w == pytest.approx(traced.minimum_risk().w)
    assert traced.target_risk(9.0).w == pytest.approx(traced.maximum_return().w)


def test_positions_without_limit() -> None:
    a = market(0, 4)
    with pytest.raises(NotSolved, match="check that bounds"):
        mv.frontier(a, Mandate(a.labels, [fully_invested()]))


def test_arguments_out_of_range() -> None:
    a = market(0, 4)
    for aversion in (-1.0, np.inf, np.nan):
        for attempt in (
            lambda x: mv.maximum_utility(a, risk_aversion=x),
            mv.frontier(a).maximum_utility,
        ):
            with pytest.raises(ValueError, match="risk aversion"):
                attempt(aversion)
    with pytest.raises(AssumptionsError, match="same labels"):
        mv.minimum_risk(a, Mandate(["x", "y"], [fully_invested()]))
    with pytest.raises(AssumptionsError, match="more than rf"):
        mv.maximum_sharpe(a.replace(rf=0.9, source="a high rate"))


def test_a_planted_solver_error_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    a = market(0, 4)
    honest = engines._linear

    def off(*given: object) -> object:
        found, engine = honest(*given)
        return found._replace(w=found.w + np.array([1e-5, 0, 0, 0])), engine

    monkeypatch.setattr(engines, "_linear", off)
    with pytest.raises(NotSolved, match="broke 'fully invested' by 1e-05"):
        mv.minimum_risk(a)


# ---- rules and the swarm ------------------------------------------------------------------------------------------


def test_naive_rules() -> None:
    a = market(0, 4)
    assert mv.equal_weights(a).w.tolist() == [0.25] * 4
    aged = mv.age_in_bonds(a, 40, bonds=["asset 0"], stocks=["asset 1", "asset 2"])
    assert aged.w == pytest.approx([0.4, 0.3, 0.3, 0.0])
    assert aged.status == "rule"
    for age, bonds in ((101, ["asset 0"]), (40, ["unknown"]), (40, []), (40, ["asset 1"])):
        with pytest.raises(ValueError, match=r"age must|disjoint"):
            mv.age_in_bonds(a, age, bonds=bonds, stocks=["asset 1"])


def test_the_swarm_comes_close_never_above_and_differs_by_run() -> None:
    a = market(5)
    for aversion, exact in (
        (None, mv.maximum_sharpe(a)),
        (4.0, mv.maximum_utility(a, risk_aversion=4.0)),
    ):
        score = a.sharpe_of if aversion is None else (lambda w: utility(a, w, 4.0))
        *runs, again = (
            mv.particle_swarm(
                a, rng=np.random.default_rng(seed), risk_aversion=aversion, iterations=60
            )
            for seed in (1, 2, 1)
        )
        assert runs[0].w.tolist() == again.w.tolist()
        assert runs[0].w.tolist() != runs[1].w.tolist()
        for run in runs:
            assert run.w.sum() == pytest.approx(1)
            assert run.w.min() >= 0
            assert 0.9 * score(exact.w) < score(run.w) <= score(exact.w) + 1e-12


def test_import_leaves_the_engines_alone() -> None:
    code = (
        "import sys, portlib.construction.mean_variance; "
        "print(sorted({'cvxpy', 'cvxcla', 'piqp', 'highspy', 'scipy.optimize', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
