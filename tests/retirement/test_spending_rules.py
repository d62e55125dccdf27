"""Spending rules: by their definitions, by invariance, and at the points where they act."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portlib.retirement import spending_rules as rules
from portlib.retirement.spending_rules import Year


def year(wealth=800.0, previous=50.0, since=5.0, gain=0.05, inflation=0.03, **changes) -> Year:
    given_ = dict(
        since=since,
        age=70.0,
        wealth=wealth,
        initial=1_000.0,
        previous=previous,
        need=42.0,
        gain=gain,
        inflation=inflation,
        factor=16.0,
        period=29.4,
    )
    return Year(**{name: np.array([[value]]) for name, value in {**given_, **changes}.items()})


def asked(rule, **facts) -> float:
    return float(rule.withdrawal(year(**facts))[0, 0])


def test_each_rule_is_its_definition() -> None:
    assert asked(rules.Target()) == 42
    assert asked(rules.FixedReal(0.05)) == 50
    assert asked(rules.FixedPercentage(0.05)) == 40
    assert asked(rules.AnnuityFactor()) == 50
    assert asked(rules.Distribution()) == pytest.approx(800 / 29.4)


def test_guardrails_cut_raise_and_hold() -> None:
    rails = rules.Guardrails(0.05)
    assert asked(rails, since=0.0, previous=0.0) == 50
    assert asked(rails, wealth=1_000.0) == 50  # on its first share
    assert asked(rails, wealth=800.0) == pytest.approx(45)  # 6.25% is above 6%
    assert asked(rails, wealth=1_300.0) == pytest.approx(55)  # 3.85% is below 4%
    # a losing year above the first share: no raise, so the real amount falls by inflation
    assert asked(rails, wealth=900.0, gain=-0.1) == pytest.approx(50 / 1.03)
    assert asked(rails, wealth=1_100.0, gain=-0.1) == 50


def test_bounds_hold_in_both_directions() -> None:
    rule = rules.Bounded(0.05)
    assert asked(rule, since=0.0, wealth=1_000.0) == 50
    assert asked(rule, wealth=500.0) == pytest.approx(50 * 0.975)
    assert asked(rule, wealth=2_000.0) == pytest.approx(50 * 1.05)


@given(st.floats(0.1, 1_000))
def test_a_thousand_times_the_money_is_a_thousand_times_the_withdrawal(scale) -> None:
    for rule in (
        rules.FixedReal(0.04),
        rules.FixedPercentage(0.04),
        rules.Guardrails(0.04),
        rules.Bounded(0.04),
        rules.AnnuityFactor(),
        rules.Distribution(),
    ):
        bigger = asked(rule, wealth=800 * scale, previous=50 * scale, initial=1_000 * scale)
        assert bigger == pytest.approx(scale * asked(rule), rel=1e-9)


def test_bounds_hold_from_the_second_year_on() -> None:
    assert asked(rules.Bounded(0.05), since=1.0, wealth=500.0) == pytest.approx(50 * 0.975)
    assert asked(rules.Guardrails(0.05), since=1.0, wealth=800.0) == pytest.approx(45)
