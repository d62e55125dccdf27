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


@pytest.mark.parametrize("share", [0.048, 0.032])
def test_a_guardrail_is_crossed_and_not_touched(share) -> None:
    """At the band itself nothing is steered; a thousandth beyond it is."""
    rails = rules.Guardrails(0.04)
    limit = 0.04 * (1 + rails.band) if share > 0.04 else 0.04 * (1 - rails.band)
    assert asked(rails, wealth=1.0, previous=limit) == limit
    beyond = limit * (1.001 if share > 0.04 else 0.999)
    turned = 1 - rails.step if share > 0.04 else 1 + rails.step
    assert asked(rails, wealth=1.0, previous=beyond) == pytest.approx(beyond * turned)


@pytest.mark.parametrize("rate", [0.03, 0.07])
def test_each_number_of_a_rule_acts_in_its_own_place(rate) -> None:
    """No two of them alike, so that one read for another shows: a first rate that is the most by
    which a year may rise had hidden that."""
    bounded = rules.Bounded(rate, fall=0.11, rise=0.13)
    assert asked(bounded, since=0.0, wealth=1_000.0) == pytest.approx(rate * 1_000)
    assert asked(bounded, wealth=1_000.0, previous=rate * 1_000) == pytest.approx(rate * 1_000)
    assert asked(bounded, wealth=1.0, previous=50.0) == pytest.approx(50 * 0.89)
    assert asked(bounded, wealth=1e6, previous=50.0) == pytest.approx(50 * 1.13)
    rails = rules.Guardrails(rate, band=0.3, step=0.17)
    assert asked(rails, wealth=100.0, previous=131 * rate) == pytest.approx(131 * rate * 0.83)
    assert asked(rails, wealth=100.0, previous=69 * rate) == pytest.approx(69 * rate * 1.17)
    assert asked(rails, wealth=100.0, previous=129 * rate) == pytest.approx(129 * rate)
    # falling prices are no loss of purchasing power: the amount stays in a losing year
    assert asked(rails, wealth=100.0, previous=110 * rate, gain=-0.1, inflation=-0.05) == (
        pytest.approx(110 * rate)
    )
    assert asked(rails, wealth=100.0, previous=110 * rate, gain=0.0) == pytest.approx(110 * rate)
