"""Mean-variance portfolios against closed forms, brute force, other solvers and finite
differences."""

import subprocess
import sys
from contextlib import suppress
from functools import partial
from itertools import pairwise

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from portlib.construction import engines
from portlib.construction import mean_variance as mv
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

few = settings(max_examples=40)


def utility(a: Assumptions, w: np.ndarray, aversion: float) -> float:
    return a.mean_of(w) - aversion / 2 * a.risk_of(w) ** 2


def kkt_residual(a: Assumptions, mandate: Mandate, w: np.ndarray, trade_off: float) -> float:
    """Distance of the gradient from the cone of the active rules' normals, relative to its size:
    zero at an optimum."""
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


# ---- closed forms --------------------------------------------------------------------------------


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
    # Two funds: any utility portfolio is the least risky one and a fixed multiple of one spread, in
    # proportion 1/A.
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


# ---- shadow prices -------------------------------------------------------------------------------

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


# ---- maximum Sharpe ratio and the frontier under distances ---------------------------------------


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
    """The cone programme against the zero of another function: best at its own variance over excess
    return."""
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


class Rival:
    """The best of ``g'w - |R w|`` over what is allowed, in one statement of cvxpy that shares
    no line with the package: none may be better than the answer that is tested."""

    def __init__(self, n: int) -> None:
        self.w = w = cp.Variable(n)
        self.gain, self.start = cp.Parameter(n), cp.Parameter(n)
        self.loss, self.root = cp.Parameter((n, n)), cp.Parameter((n, n))
        self.aim = cp.Parameter(n)
        self.limits = {name: cp.Parameter(nonneg=True) for name in ("most", "cap", "te", "moved")}
        rules = [
            cp.sum(w) == 1,
            w >= 0,
            w <= self.limits["most"],
            cp.norm(self.root @ w) <= self.limits["cap"],
            cp.norm(self.root @ w - self.aim) <= self.limits["te"],
            cp.norm1(w - self.start) <= self.limits["moved"],
        ]
        self.problem = cp.Problem(cp.Maximize(self.gain @ w - cp.norm(self.loss @ w)), rules)

    def best(self, a: Assumptions, gain: np.ndarray, loss: float, given: dict) -> float:
        root = np.linalg.cholesky(a.sigma).T
        self.root.value, self.loss.value, self.gain.value = root, loss * root, gain
        self.start.value, self.aim.value = given["start"], root @ given["start"]
        for name, parameter in self.limits.items():
            parameter.value = given["limits"][name]
        return float(self.problem.solve(solver=cp.CLARABEL))


RIVAL = Rival(6)
KINDS = ("cap", "te", "moved", "cap te", "cap moved", "te moved", "cap te moved")


def drawn(seed: int) -> tuple[Assumptions, Mandate, dict]:
    """A random problem: a market, a portfolio to stay near, and limits from tight to slack."""
    rng, a = np.random.default_rng(seed), market(seed)
    a = a.replace(rf=float(a.mu.min()) - 0.01, source="a market in which everything beats cash")
    start = rng.dirichlet(np.ones(6))
    limits = {"most": max(0.4, float(start.max())), "cap": 9.0, "te": 9.0, "moved": 9.0}
    base = Mandate(a.labels, [fully_invested(), long_only(), position_limit(limits["most"])])
    free, named = mv.maximum_sharpe(a, base), dict(zip(a.labels, start.tolist(), strict=True))
    kind, rules, tight = KINDS[seed % len(KINDS)], [], rng.uniform(0.05, 1.1, 2)
    if "te" in kind:
        limits["te"] = tight[0] * a.risk_of(free.w - start)
        rules.append(TrackingError("te", named, limits["te"]))
    if "moved" in kind:
        limits["moved"] = tight[1] * float(np.abs(free.w - start).sum())
        rules.append(Turnover("moved", named, limits["moved"] / 2))
    if "cap" in kind:
        lowest = a.risk_of(start) if " " in kind else mv.minimum_risk(a, base).risk
        limits["cap"] = lowest + tight[0] * abs(free.risk - lowest)
        rules.append(volatility_limit(a.labels, limits["cap"]))
    return a, base.also(*rules), {"start": start, "limits": limits}


@pytest.mark.parametrize("seed", range(0, 200, 9))
def test_nothing_allowed_beats_the_greatest_sharpe_ratio_or_the_frontiers_ends(seed: int) -> None:
    """Ratio S is greatest where no allowed portfolio has excess return above S times its risk;
    least risk and highest return are so by their gradients. All 200 seeds are tried now and then.
    """
    a, mandate, given = drawn(seed)
    best = mv.maximum_sharpe(a, mandate)
    beyond = RIVAL.best(a, a.mu - a.rf, best.sharpe, given) / best.risk
    assert beyond / best.sharpe == pytest.approx(0, abs=1e-6)
    least, *_, highest = mv.efficient_portfolios(a, mandate, points=2)
    steepest = RIVAL.best(a, -a.sigma @ least.w, 0.0, given) + least.risk**2
    assert steepest / least.risk == pytest.approx(0, abs=1e-6)
    assert RIVAL.best(a, a.mu, 0.0, given) == pytest.approx(highest.mean, abs=1e-7)


# ---- what must not change the answer -------------------------------------------------------------


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


# ---- awkward universes ---------------------------------------------------------------------------


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
    """Found by random search: with tied means and an inactive-looking row, cvxcla 2.7.1 starts at a
    wrong corner."""
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


@settings(max_examples=60)
@given(seed=SEEDS, n=st.integers(4, 9))
def test_fewer_months_than_assets(seed: int, n: int) -> None:
    """Portfolios without any risk in the sample: the frontier starts with a jump from one of them
    to another."""
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


def few_months(seed: int, months: int, n: int) -> Assumptions:
    """Fewer months than assets: whole stretches without risk."""
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(months, n)) @ rng.normal(size=(n, n)) * 0.05
    return Assumptions([str(i) for i in range(n)], rng.normal(0.06, 0.02, n), np.cov(seen.T))


@pytest.mark.parametrize("aversion", [0.5, 4.0, 50.0, 3000.0])
def test_a_frontier_of_three_months_is_as_good_as_single_portfolios(aversion: float) -> None:
    a = few_months(27296838, 3, 7)
    traced = mv.frontier(a).maximum_utility(aversion)
    single = mv.maximum_utility(a, risk_aversion=aversion)
    assert utility(a, traced.w, aversion) == pytest.approx(
        utility(a, single.w, aversion), abs=1e-9 * aversion
    )


@pytest.mark.parametrize("seed", [35, 234, 800, 1187])
def test_a_frontier_without_certificate_is_refused_while_single_portfolios_are_found(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of these has one depends on how a machine rounds; without allowance none has."""
    a = few_months(seed, 3, 7)
    single = mv.maximum_utility(a, risk_aversion=4.0)
    lifted = a.replace(sigma=a.sigma + 1e-10 * np.eye(7), source="lifted")
    found = [mv.maximum_utility(lifted, risk_aversion=4.0)]
    with suppress(NotSolved):
        found.append(mv.frontier(a).maximum_utility(4.0))
    for other in found:
        assert utility(a, single.w, 4.0) == pytest.approx(utility(a, other.w, 4.0), abs=1e-8)
    monkeypatch.setattr("portlib.construction.critical_line.SURE", -1.0)
    with pytest.raises(NotSolved, match="cannot be certified"):
        mv.frontier(a)


# ---- refusals ------------------------------------------------------------------------------------


def test_an_infeasible_mandate_names_its_conflict() -> None:
    a = market(0, 4)
    crossed = Bounds("position limit", upper={a.labels[1]: -0.1})  # below what long only allows
    for rule in (position_limit(0.2), crossed):
        mandate = Mandate(a.labels, [fully_invested(), long_only(), rule])
        for attempt in (mv.frontier, mv.minimum_risk, partial(mv.maximum_utility, risk_aversion=2)):
            with pytest.raises(Infeasible, match="position limit"):
                attempt(a, mandate)


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


# ---- rules and the swarm -------------------------------------------------------------------------


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
        "print(sorted({'cvxpy', 'cvxcla', 'piqp', 'highspy', 'scipy.optimize', 'matplotlib'} & "
        "set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
