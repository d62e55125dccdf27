"""Sensitivities against finite differences, robust programmes against cones, batches against single
traces."""

import math
from itertools import product

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.construction import robustness as ro
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Infeasible,
    Mandate,
    TrackingError,
    Turnover,
    fully_invested,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import closed_form_utility, frontier, maximum_utility
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.estimation.shrinkage import backtest
from portlib.records import Array, Assumptions, AssumptionsError
from tests.markets import SEEDS, market, ruled

few = settings(max_examples=15)


def worst_utility(a: Assumptions, w: Array, errors: Array, kappa: float, aversion: float) -> float:
    return a.mean_of(w) - kappa * math.sqrt(w @ errors @ w) - aversion / 2 * a.risk_of(w) ** 2


# ---- sensitivities -------------------------------------------------------------------------------


@few
@given(seed=SEEDS, n=st.integers(3, 8))
def test_derivatives_are_those_of_finite_differences(seed: int, n: int) -> None:
    a, rng = market(seed, n), np.random.default_rng(seed)
    a = a.replace(sigma=a.sigma + 1e-3 * np.eye(n), source="no asset is nearly riskless")
    mandate = ruled(a, seed)
    s = ro.sensitivities(a, mandate, risk_aversion=5.0)
    b, compared = rng.normal(size=(n, n)) * 0.01, 0
    changes = [(np.eye(n)[i], 0 * b, s.means.iloc[:, i]) for i in range(n)]
    changes += [(0 * a.mu, b + b.T, s.covariance(b + b.T))]
    for dmu, dsigma, predicted in changes:
        h = 1e-5 if dmu.any() else 1e-4
        up, middle, down = (
            maximum_utility(
                Assumptions(a.labels, a.mu + t * dmu, a.sigma + t * dsigma),
                mandate,
                risk_aversion=5.0,
            ).w
            for t in (h, 0.0, -h)
        )
        one_sided, scale = ((up - middle) / h, (middle - down) / h), 1 + np.abs(predicted).max()
        if np.abs(one_sided[0] - one_sided[1]).max() < 1e-2 * scale:  # no kink between
            assert (up - down) / (2 * h) == pytest.approx(predicted.to_numpy(), abs=1e-3 * scale)
            compared += 1
    assert compared


def test_derivatives_obey_the_rules_and_are_symmetric() -> None:
    a = market(3)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6)])
    s = ro.sensitivities(a, mandate, risk_aversion=5.0)
    bound = (s.w < 1e-9) | (s.w > 0.6 - 1e-9)
    assert pytest.approx(s.H.T, abs=1e-9) == s.H
    assert pytest.approx(0.0, abs=1e-9) == s.H.sum(axis=0)
    assert not s.H[bound].any() and bound.any()
    assert np.linalg.eigvalsh(s.H)[0] > -1e-9


def test_one_correlation() -> None:
    a = market(5)
    s = ro.sensitivities(a, risk_aversion=5.0)
    moved = []
    for h in (1e-6, -1e-6):
        rho = a.sigma / np.outer(a.volatility, a.volatility)
        rho[1, 2] = rho[2, 1] = rho[1, 2] + h
        other = a.replace(sigma=rho * np.outer(a.volatility, a.volatility), source="moved")
        moved.append(maximum_utility(other, risk_aversion=5.0).w)
    assert (moved[0] - moved[1]) / 2e-6 == pytest.approx(
        s.correlation("asset 1", "asset 2").to_numpy(), abs=1e-5
    )


def test_without_rules_the_derivative_is_the_inverse_on_the_budget() -> None:
    a = market(7)
    s = ro.sensitivities(a, Mandate(a.labels, [fully_invested()]), risk_aversion=2.0)
    inverse = np.linalg.inv(a.sigma)
    total = inverse.sum(axis=0)
    assert pytest.approx(inverse - np.outer(total, total) / total.sum(), rel=1e-9) == s.H


def test_a_corner_has_no_derivative() -> None:
    a = market(11)
    traced = frontier(a)
    inner = [x for x in traced.trade_offs if x > 0][1]
    with pytest.raises(ValueError, match="kink there, and no derivative"):
        ro.sensitivities(a, risk_aversion=1 / float(inner))


@pytest.mark.parametrize("aversion", [0.0, -1.0, math.inf, math.nan])
def test_risk_aversion_must_be_positive(aversion: float) -> None:
    a = market(1)
    for call in (ro.sensitivities, ro.ellipsoidal):
        with pytest.raises(ValueError, match=r"risk aversion (must be positive|is (inf|nan))"):
            call(
                a,
                risk_aversion=aversion,
                **({} if call is ro.sensitivities else {"errors": a.sigma, "kappa": 1.0}),
            )


def test_sensitivities_refuse_distances_and_conflicts() -> None:
    a = market(1)
    bent = Mandate(
        a.labels, [fully_invested(), long_only(), Turnover("turnover", {a.labels[0]: 1.0}, 0.2)]
    )
    with pytest.raises(NotSolved, match="hard limits and bounds alone"):
        ro.sensitivities(a, bent, risk_aversion=4.0)
    with pytest.raises(Infeasible, match="fully invested"):
        ro.sensitivities(
            a, Mandate(a.labels, [fully_invested(), position_limit(0.1)]), risk_aversion=4.0
        )


# ---- ellipsoid -----------------------------------------------------------------------------------


@few
@given(seed=SEEDS, kappa=st.sampled_from([0.0, 0.3, 1.0, 3.0]), proportional=st.booleans())
def test_a_conic_solver_agrees(seed: int, kappa: float, proportional: bool) -> None:
    a, rng = market(seed), np.random.default_rng(seed)
    errors = a.sigma / 10 if proportional else np.diag(rng.uniform(0.001, 0.03, len(a)) ** 2)
    mandate = ruled(a, seed)
    p, ours = (
        mandate.program,
        ro.ellipsoidal(a, mandate, errors=errors, kappa=kappa, risk_aversion=4.0),
    )
    w, root, half = cp.Variable(len(a)), np.linalg.cholesky(errors), np.linalg.cholesky(a.sigma)
    value = a.mu @ w - kappa * cp.norm(root.T @ w) - 2.0 * cp.sum_squares(half.T @ w)
    rules = [
        w >= p.lower,
        w <= p.upper,
        cp.sum(w) == 1,
        p.rows[1] @ w >= 0.1,
        p.rows[1:] @ w <= p.rows_upper[1:],
    ]
    best = cp.Problem(cp.Maximize(value), rules).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11
    )
    assert worst_utility(a, ours.w, errors, kappa, 4.0) == pytest.approx(best, abs=1e-8)
    assert ours.w == pytest.approx(w.value, abs=2e-4)


@few
@given(seed=SEEDS, kappa=st.sampled_from([0.2, 1.0, 4.0]))
def test_errors_like_returns_only_raise_the_risk_aversion(seed: int, kappa: float) -> None:
    """With omega = sigma / T and the budget alone: Merton's formula at A + kappa / (sqrt(T)
    risk)."""
    a = market(seed)
    ours = ro.ellipsoidal(
        a,
        Mandate(a.labels, [fully_invested()]),
        errors=a.sigma / 10,
        kappa=kappa,
        risk_aversion=4.0,
    )
    aversion = 4.0 + kappa / (math.sqrt(10) * ours.risk)
    exact = closed_form_utility(a.mu, a.sigma, aversion)
    rounding = np.finfo(float).eps * np.linalg.cond(a.sigma) * abs(exact).max()
    assert ours.w == pytest.approx(exact, abs=max(1e-8, 10 * rounding))


def test_the_worst_means_are_in_the_ellipsoid_and_none_is_worse() -> None:
    a, rng = market(9), np.random.default_rng(9)
    errors = np.diag(rng.uniform(0.01, 0.03, len(a)) ** 2)
    w = ro.ellipsoidal(a, errors=errors, kappa=1.5, risk_aversion=4.0).w
    away = -1.5 / math.sqrt(w @ errors @ w) * (errors @ w)
    worst = a.mu + away
    assert worst @ w == pytest.approx(a.mean_of(w) - 1.5 * math.sqrt(w @ errors @ w))
    assert away @ np.linalg.solve(errors, away) == pytest.approx(1.5**2)
    others = rng.normal(size=(2000, len(a)))
    others *= 1.5 / np.linalg.norm(others, axis=1, keepdims=True)
    assert ((a.mu + others * np.sqrt(np.diag(errors))) @ w).min() >= worst @ w - 1e-12


def test_better_known_returns_get_more() -> None:
    a = Assumptions(["known", "vague"], [0.06, 0.06], np.diag([0.04, 0.04]))
    x = ro.ellipsoidal(a, errors=np.diag([0.01, 0.03]) ** 2, kappa=1.0, risk_aversion=2.0)
    assert x["known"] > 0.55
    certain = ro.ellipsoidal(a, errors=np.diag([0.0, 0.03]) ** 2, kappa=100.0, risk_aversion=2.0)
    assert certain["known"] == pytest.approx(1.0, abs=1e-4)


def test_no_doubt_is_no_change_and_shadow_prices_predict() -> None:
    a = market(2)
    mandate = ruled(a)
    plain, ours = (
        maximum_utility(a, mandate, risk_aversion=4.0),
        ro.ellipsoidal(a, mandate, errors=a.sigma / 10, kappa=0.0, risk_aversion=4.0),
    )
    assert ours.w == pytest.approx(plain.w, abs=1e-12)
    errors, values = a.sigma / 10, []
    robust = ro.ellipsoidal(a, mandate, errors=errors, kappa=1.0, risk_aversion=4.0)
    name = max(
        (k for k in robust.shadow_prices if k != "fully invested"),
        key=lambda k: robust.shadow_prices[k],
    )
    assert robust.shadow_prices[name] > 0
    for by in (1e-4, -1e-4):
        w = ro.ellipsoidal(
            a, mandate.relaxed({name: by}), errors=errors, kappa=1.0, risk_aversion=4.0
        ).w
        values.append(worst_utility(a, w, errors, 1.0, 4.0))
    assert robust.shadow_prices[name] == pytest.approx((values[0] - values[1]) / 2e-4, rel=1e-3)


def test_the_worst_corner_of_a_box_is_its_low_end() -> None:
    """Long only: the best against all corners is the best against the low one, which the chapter's
    box relies on."""
    a, delta = market(4, 4), np.array([0.01, 0.02, 0.0, 0.03])
    w = cp.Variable(4)
    corners = [(a.mu + np.array(s) * delta) @ w for s in product((-1, 1), repeat=4)]
    value = cp.minimum(*corners) - 2 * cp.sum_squares(np.linalg.cholesky(a.sigma).T @ w)
    best = cp.Problem(cp.Maximize(value), [cp.sum(w) == 1, w >= 0]).solve(solver=cp.CLARABEL)
    ours = maximum_utility(a.replace(mu=a.mu - delta, source="box"), risk_aversion=4.0)
    assert (a.mu - delta) @ ours.w - 2 * a.risk_of(ours.w) ** 2 == pytest.approx(best, abs=1e-7)


def test_ellipsoid_bad_inputs() -> None:
    a = market(1)
    with pytest.raises(AssumptionsError, match="not positive semidefinite"):
        ro.ellipsoidal(a, errors=a.sigma - np.eye(len(a)), kappa=1.0, risk_aversion=4.0)
    with pytest.raises(AssumptionsError, match="shape"):
        ro.ellipsoidal(a, errors=np.eye(2), kappa=1.0, risk_aversion=4.0)
    for kappa in (-1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match=r"kappa (must be finite|is (inf|nan))"):
            ro.ellipsoidal(a, errors=a.sigma, kappa=kappa, risk_aversion=4.0)
    cone = Mandate(a.labels, [fully_invested(), TrackingError("near", {a.labels[0]: 1.0}, 0.05)])
    with pytest.raises(NotSolved, match="'near' is a tracking error"):
        ro.ellipsoidal(a, cone, errors=a.sigma, kappa=1.0, risk_aversion=4.0)
    with pytest.raises(ValueError, match="no three providers publish on any of asset 0"):
        ro.provider_errors(a)


def test_provider_errors_on_the_plan() -> None:
    plan = survey_assumptions(10)
    sd = np.sqrt(np.diag(ro.provider_errors(plan)))
    assert sd[plan.labels.index("us_long_bonds")] == pytest.approx(sd.max())  # two alone: no spread
    assert sd.argmin() == plan.labels.index("cash")


# ---- regret --------------------------------------------------------------------------------------


def test_regret_takes_truths_in_any_order_of_their_assets() -> None:
    """A truth over the same assets in another order was once weighed with the weights of others."""
    a = Assumptions(("a", "b"), [0.04, 0.09], [[0.01, 0.002], [0.002, 0.04]])
    held = {"mix": pd.Series({"a": 0.6, "b": 0.4})}
    alike = ro.regret(held, {"first": a, "turned": a.select(["b", "a"])}, risk_aversion=4.0)
    assert alike.loc["mix", "turned"] == pytest.approx(alike.loc["mix", "first"], abs=1e-12)
    with pytest.raises(ValueError, match="'odd' is over other assets: see b"):
        ro.regret(held, {"first": a, "odd": a.select(["a"])}, risk_aversion=4.0)


def test_regret_is_zero_for_the_best_and_positive_for_others() -> None:
    truths = {"one": market(1), "two": market(2)}
    best = {k: maximum_utility(a, risk_aversion=4.0).w for k, a in truths.items()}
    table = ro.regret({**best, "equal": np.full(6, 1 / 6)}, truths, risk_aversion=4.0)
    assert table.loc["one", "one"] == pytest.approx(0, abs=1e-14)
    assert table.loc["two", "two"] == pytest.approx(0, abs=1e-14)
    assert (table.to_numpy() > -1e-14).all() and (table.loc["equal"] > 0).all()
    assert table["worst"].is_monotonic_increasing
    assert table["worst"].tolist() == table[["one", "two"]].max(axis=1).tolist()


# ---- out of sample -------------------------------------------------------------------------------


def test_costs_are_paid_in_the_month_after_a_decision() -> None:
    months = pd.date_range("2000-01-31", periods=9, freq="ME")
    returns = pd.DataFrame({"a": [0.0] * 9, "b": [0.0] * 9}, index=months)
    turn = iter([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    _, earned, traded = backtest(returns, lambda x: np.array(next(turn)), window=3, every=2)
    net = ro.net_of_costs(earned, traded, 0.01)
    assert traded.tolist() == [1.0, 0.5]
    assert net.tolist() == pytest.approx([0, 0, -0.02, 0, -0.01, 0])
