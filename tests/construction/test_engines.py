"""Distances and soft rules against closed forms and other solvers."""

import numpy as np
import pytest
from scipy.optimize import minimize

from portlib.construction import engines
from portlib.construction import mean_variance as mv
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Mandate,
    TrackingError,
    Turnover,
    fully_invested,
    long_only,
)
from portlib.records import Allocation, Assumptions
from tests.construction.test_mean_variance import utility
from tests.markets import market, ruled

# ---- distances and soft rules --------------------------------------------------------------------


def test_tracking_error_meets_its_closed_form() -> None:
    """Budget and tracking error alone: the answer lies on the line from the benchmark to the least
    risk."""
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


# ---- many assets, all of them held ---------------------------------------------------------------


def everyone_held(n: int, factors: float) -> np.ndarray:
    """A covariance under which least risk holds every asset: own risks, and five factors that may
    be hedged out."""
    rng = np.random.default_rng([n, 5])
    loadings = rng.normal(0.0, factors, (n, 5))
    return np.diag(rng.uniform(0.1, 0.3, n) ** 2) + loadings @ loadings.T


@pytest.mark.parametrize("factors", [0.01, 0.15])
@pytest.mark.parametrize("n", [engines.MANY - 1, engines.MANY, 200])
def test_least_risk_where_every_asset_is_held_meets_its_closed_form(n: int, factors: float) -> None:
    sigma = everyone_held(n, factors)
    labels = [f"a{i}" for i in range(n)]
    a = Assumptions(labels, np.full(n, 0.05), sigma, 0.0, "every asset held")
    alone = mv.closed_form_minimum_variance(sigma)
    assert alone.min() > 0
    found = mv.minimum_risk(a)
    assert found.w == pytest.approx(alone, abs=1e-10)
    assert found.engine == "block principal pivoting"


def test_conditions_by_cholesky_are_those_by_elimination() -> None:
    rng = np.random.default_rng(64)
    n, m = engines.MANY + 10, 3
    x = rng.normal(size=(2 * n, n))
    sigma, rows = x.T @ x / n, rng.normal(size=(m, n))
    for right in (rng.normal(size=n + m), rng.normal(size=(n + m, 2))):
        whole = np.block([[sigma, -rows.T], [rows, np.zeros((m, m))]])
        found = engines._kkt(sigma, rows, np.arange(n), right)
        assert found == pytest.approx(np.linalg.solve(whole, right), abs=1e-9)


def test_a_singular_covariance_is_not_factorised() -> None:
    rng = np.random.default_rng(65)
    n = engines.MANY + 10
    x = rng.normal(size=(n // 2, n))
    rows = np.ones((1, n))
    right = np.append(np.zeros(n), 1.0)
    assert engines._by_cholesky(x.T @ x, rows, right) is None
    found = engines._kkt(x.T @ x, rows, np.arange(n), right)
    assert found[:n].sum() == pytest.approx(1.0)
