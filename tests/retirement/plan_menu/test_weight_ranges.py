"""Intervals of a plan's weights: the portfolios behind them, by another route."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib.construction.robustness import provider_errors
from portlib.plan import Plan
from portlib.retirement import model_portfolios, plan_menu
from portlib.retirement.plan_menu import expectations, weight_ranges
from tests.retirement.plan_menu.cases import EXAMPLE


def under(draws: int, **decided: object) -> Plan:
    asked = {**EXAMPLE.policy["weight_interval"], "draws": draws}
    return replace(EXAMPLE, policy=EXAMPLE.policy.replace(weight_interval=asked, **decided))


def test_redrawn_models_are_those_of_redrawn_surveys() -> None:
    """The survey itself is redrawn, as far apart as providers are, and a model made of each one,
    anchor and all: class by class it spreads as the redrawn portfolios do."""
    posture, ours = "growth", under(30)
    classes = plan_menu.class_assumptions(ours)
    cloud = weight_ranges.clouds(ours, [posture], classes)[posture]
    assert cloud.sum(axis=1).to_numpy() == pytest.approx(1.0)
    told = expectations.forecasts(ours)
    noise = np.random.default_rng(7).multivariate_normal(
        np.zeros(len(told)), provider_errors(told), size=30, method="eigh"
    )
    fractions = replace(
        ours, rules={**ours.rules, "models": {**ours.rules["models"], "whole_percent": False}}
    )
    surveys = []
    for e in noise:
        other = told.replace(mu=told.mu + e, source="another survey")
        expected = plan_menu.class_assumptions(ours, told=other)
        found = model_portfolios.model(fractions, posture, expected)
        surveys.append(plan_menu.class_mix(ours, pd.Series(found.weights)))
    mixes = cloud @ plan_menu.each_vintage(ours).exposures.loc[list(cloud.columns)]
    for name in ("us_large_equity", "us_core_bonds", "intl_dev_equity"):
        again = np.array([mix[name] for mix in surveys])
        error = again.std(ddof=1) / np.sqrt(30) + 0.002
        assert abs(mixes[name].mean() - again.mean()) < 4 * error
        assert mixes[name].std() == pytest.approx(again.std(ddof=1), rel=0.8, abs=0.003)


def test_parts_move_with_the_funds_that_hold_them() -> None:
    weights = pd.DataFrame({"moderate": {"a": 0.6, "b": 0.4}})
    drawn = {"moderate": pd.DataFrame({"a": [0.5, 0.6, 0.7], "b": [0.5, 0.4, 0.3]})}
    parts = pd.DataFrame({"shares": [1.0, 0.5]}, index=["a", "b"])
    found = weight_ranges.ranges(weights, drawn, level=0.5, parts=parts)["moderate"]
    assert found.loc["shares"].to_dict() == pytest.approx(
        {"low": 0.775, "weight": 0.8, "high": 0.825}
    )
    with pytest.raises(ValueError, match="different funds"):
        weight_ranges.ranges(weights.loc[["a"]], drawn, level=0.5)


def test_an_engine_without_means_has_no_width() -> None:
    ours = under(50, optimizer="ERC", tracking_error_limit=0.2)
    cloud = weight_ranges.clouds(ours, ["moderate"], plan_menu.class_assumptions(ours))["moderate"]
    assert len(cloud) == 2 and float(np.ptp(cloud, axis=0).max()) < 1e-9
