"""What a scheduler is told."""

import pytest

from portlib.stewardship import one_quarter
from portlib.stewardship.one_quarter import quarter

from .conftest import HOUR


def rules(found):
    return [(item.action, item.rule) for item in found]


def test_a_new_log_asks_for_a_release_and_a_certificate(house):
    desk = house.desk()
    one_quarter.adopt(desk, house.now)
    found = one_quarter.review(desk, "moderate", house.prices, house.now)
    assert rules(found) == [("renew", "certificate"), ("remake", "release")]


def test_it_writes_nothing(house, after):
    head = after.log.verify()
    one_quarter.review(after, "moderate", house.prices, house.now + 2 * HOUR)
    assert after.log.verify() == head


def test_a_view_that_ends_is_told_a_week_before_and_asks_for_a_remake_after(house, after):
    day = 24 * HOUR
    soon = one_quarter.review(after, "moderate", house.prices, house.now + 24 * day)
    assert ("renew", "view") in rules(soon)
    later = one_quarter.review(after, "moderate", house.prices, house.now + 31 * day)
    assert ("remake", "views") in rules(later)
    assert ("remake", "assumptions") in rules(later)


def test_drift_is_told_by_the_name_of_the_fund(house, after):
    prices = house.prices.copy()
    target = quarter.suite_of(quarter.released(after.log))["moderate"].weights
    largest = max(target, key=target.get)
    prices[largest] = 25.0
    found = one_quarter.review(after, "moderate", prices, house.now + 2 * HOUR)
    (drift,) = [item for item in found if item.action == "rebalance"]
    assert "off target" in drift.why
    assert any(fund in drift.why for fund in prices.index)


def test_a_halt_comes_first(house, after):
    after.log.append("risk", "Halted", at=house.now + HOUR, actor="x", body={"why": "planted"})
    found = one_quarter.review(after, "moderate", house.prices, house.now + 2 * HOUR)
    assert rules(found)[0] == ("look", "halt")
    assert "planted" in found[0].why


@pytest.mark.parametrize("limit", [0.0001])
def test_what_is_held_beyond_the_risk_budget_asks_for_a_remake(house, after, limit):
    from dataclasses import replace

    breakers = house.plan.policy["circuit_breakers"]
    tight = {**breakers, "volatility": dict.fromkeys(breakers["volatility"], limit)}
    policy = house.plan.policy.replace(circuit_breakers=tight)
    other = replace(after, plan=replace(house.plan, policy=policy))
    found = one_quarter.review(other, "moderate", house.prices, house.now + 2 * HOUR)
    assert ("remake", "risk budget") in rules(found)
    assert ("look", "policy") in rules(found)
