"""Measures and limits by hand, and of the plan."""

import math

import pytest

from portlib import plan, policy
from portlib.stewardship import governance
from portlib.stewardship.governance import (
    model_registry,
)

POLICY = policy.read()


def test_measures_and_limits_by_hand() -> None:
    portfolios = {"growth": {"weights": {"a": 0.6, "b": 0.4}, "mean": 0.07, "risk": 0.1}}
    held = {"growth": {"weights": {"a": 0.5, "c": 0.5}, "mean": 0.05, "risk": 0.1}}
    measured = governance.risk_measures(portfolios, 0.03, held)
    assert measured == pytest.approx(
        {"growth volatility": 0.1, "Sharpe ratio": 0.4, "turnover": 0.5}
    )
    assert math.isnan(governance.risk_measures({}, 0.03)["Sharpe ratio"])
    limits = governance.risk_limits(portfolios, policy=POLICY)
    assert set(limits) == set(measured)
    assert set(governance.breaches(measured, {"turnover": 0.49, "Sharpe ratio": 0.41})) == {
        "turnover"
    }


def test_two_runs_give_one_digest_and_measures_of_the_plan_are_within_reason() -> None:
    ours = plan.read()
    first, second = (governance.menu_portfolios(ours) for _ in range(2))
    assert model_registry.result_digest(first, 9) == model_registry.result_digest(second, 9)
    for posture, portfolio in first.items():
        assert sum(portfolio["weights"].values()) == pytest.approx(1, abs=1e-9), posture
