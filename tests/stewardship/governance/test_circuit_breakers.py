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


def test_each_measure_is_held_against_its_own_limit_of_the_policy() -> None:
    limits, names = POLICY["circuit_breakers"], list(POLICY["circuit_breakers"]["volatility"])
    made = {name: {"weights": {"a": 1.0}, "mean": 0.05, "risk": 0.1} for name in names}
    expected = {f"{name} volatility": limits["volatility"][name] for name in names}
    expected |= {"Sharpe ratio": limits["sharpe"], "turnover": limits["turnover"]}
    assert governance.risk_limits(made, policy=POLICY) == expected
    values = {"circuit_breakers": limits}  # as a log holds them
    assert governance.risk_limits(made, policy=values) == expected


@pytest.mark.parametrize(
    ("value", "passes"),
    [(0.2, True), (0.2 - 1e-9, True), (0.2 + 1e-9, False), (-math.inf, False), (math.nan, False)],
)
def test_a_measure_passes_at_its_limit_and_not_beyond_it(value: float, *, passes: bool) -> None:
    assert (governance.breaches({"risk": value}, {"risk": 0.2}) == {}) is passes


def test_the_best_ratio_and_the_largest_turnover_count() -> None:
    calm = {"weights": {"a": 1.0}, "mean": 0.05, "risk": 0.04}
    wild = {"weights": {"a": 0.5, "b": 0.5}, "mean": 0.06, "risk": 0.2}
    held = {"calm": calm, "wild": {**wild, "weights": {"b": 1.0}}, "old": calm}
    found = governance.risk_measures({"calm": calm, "wild": wild}, 0.03, held)
    expected = {"calm volatility": 0.04, "wild volatility": 0.2}
    assert found == pytest.approx({**expected, "Sharpe ratio": 0.5, "turnover": 0.5})
    assert governance.risk_measures({"calm": calm}, 0.03)["turnover"] == 0.0
