"""What a scheduler is told."""

import pytest

from portlib.stewardship import one_quarter
from portlib.stewardship.governance import GovernanceError
from portlib.stewardship.one_quarter import quarter
from portlib.stewardship.settlement import deliver, deposit

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


def test_a_signature_is_told_from_a_week_before_its_end(house, after):
    """A view ends after thirty days: on the twenty-third it is not yet told, a second later it
    is."""
    week = house.now + 23 * 24 * HOUR
    second = HOUR / 3600
    for at, told in ((week, False), (week + second, True)):
        found = rules(one_quarter.review(after, "moderate", house.prices, at))
        assert (("renew", "view") in found) is told
    end = house.now + 30 * 24 * HOUR
    for at, told in ((end, True), (end + second, False)):
        found = rules(one_quarter.review(after, "moderate", house.prices, at))
        assert (("renew", "view") in found) is told
        assert (("remake", "views") in found) is not told


def test_the_newest_certificate_is_the_one_that_is_looked_at(house, after):
    """An older one that still names the model in use does not count beside a newer one that names
    another."""
    filed = after.log.events("models", "ModelCertified")[-1].body
    other = {**filed, "fields": {**filed["fields"], "model": "0" * 64}}
    at = house.now + 2 * HOUR
    assert ("renew", "certificate") not in rules(
        one_quarter.review(after, "moderate", house.prices, at)
    )
    after.log.append("models", "ModelCertified", at=at, actor="x", body=other)
    assert ("renew", "certificate") in rules(
        one_quarter.review(after, "moderate", house.prices, at)
    )


def test_risk_at_its_limit_is_within_it(house, after):
    from dataclasses import replace

    at = house.now + 2 * HOUR
    weights, _, _ = quarter.held(after.ledger, house.prices)
    told = quarter.assumptions_of(quarter.released(after.log))
    funds = quarter.plan_menu.menu_assumptions(after.seen, told)
    risk = funds.risk_of(weights.reindex(list(funds.labels), fill_value=0.0).to_numpy(float))
    breakers = house.plan.policy["circuit_breakers"]
    for limit, beyond in ((risk, False), (risk * (1 - 1e-9), True)):
        volatility = {**dict.fromkeys(breakers["volatility"], limit)}
        policy = house.plan.policy.replace(circuit_breakers={**breakers, "volatility": volatility})
        desk = replace(after, plan=replace(house.plan, policy=policy))
        found = rules(one_quarter.review(desk, "moderate", house.prices, at))
        assert (("remake", "risk budget") in found) is beyond


def test_open_alerts_but_those_of_note_and_orders_that_wait_are_told(house, after):
    at = house.now + 2 * HOUR
    before = one_quarter.review(after, "moderate", house.prices, at)
    for rule, severity in (("slippage", "act"), ("drift of names", "info"), ("old", "watch")):
        body = {"rule": rule, "severity": severity, "value": 2.0, "limit": 1.0}
        event = after.log.append("monitoring", "AlertRaised", at=at, actor="x", body=body)
    after.log.append("monitoring", "AlertClosed", at=at, actor="x", body={"of": event.number})
    found = one_quarter.review(after, "moderate", house.prices, at)
    assert [item.why for item in found if item not in before] == ["slippage: 2, limit 1"]
    assert not [item for item in found if item.rule == "settlement"]


def test_the_trigger_that_policy_names_is_the_one_that_is_asked(house, after):
    """`rebalance_trigger`: what falls due under one does not under another, by that one's words."""
    from dataclasses import replace

    prices = house.prices.copy()
    target = quarter.suite_of(quarter.released(after.log))["moderate"].weights
    prices[max(target, key=target.get)] = 25.0
    months = {"calendar": house.plan.policy["rebalance_calendar_months"] * 31 + 1, "drift": 1}

    def asked(name, days, prices, returns=None):
        policy = house.plan.policy.replace(rebalance_trigger=name)
        desk = replace(after, plan=replace(house.plan, policy=policy))
        at = house.now + days * 24 * HOUR
        found = one_quarter.review(desk, "moderate", prices, at, returns=returns)
        return [(item.rule, item.why) for item in found if item.action == "rebalance"]

    ((rule, why),) = asked("drift", months["drift"], prices)
    assert rule == "drift" and "off target" in why
    assert asked("calendar", months["drift"], prices) == []
    ((rule, why),) = asked("calendar", months["calendar"], prices)
    assert rule == "calendar" and "off target" not in why
    for name in ("risk_spike", "signal"):
        with pytest.raises(GovernanceError, match=name):
            asked(name, 1, prices)


def test_a_release_without_a_policy_is_refused_in_words(house, after):
    """A log that was put together by hand: portfolios were released, and nothing was adopted."""
    other = house.desk()
    release = quarter.released(after.log)
    other.log.append("optimisation", release.name, at=house.now, actor="x", body=dict(release.body))
    deliver(other.ledger, deposit("one", {house.prices.index[0]: 1_000_000}), house.now)
    with pytest.raises(quarter.NotAdopted, match="no policy was adopted in this log"):
        one_quarter.review(other, "moderate", house.prices, house.now)
