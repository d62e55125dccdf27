"""The path, and each control that can stop it."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from portlib.stewardship import one_quarter
from portlib.stewardship.governance import model_registry, signatures
from portlib.stewardship.governance.approvals import GovernanceError
from portlib.stewardship.one_quarter import quarter
from portlib.stewardship.settlement.ledger import CASH, MICRO

from .conftest import HOUR


def test_a_quarter_ends_in_holdings_that_are_the_released_ones_as_far_as_the_rules_let(
    house, after
):
    model = quarter.suite_of(quarter.released(after.log))["moderate"]
    weights, worth, cash = quarter.held(after.ledger, house.prices)
    (told,) = quarter.instructions(after)
    for fund, weight in told.after.items():
        assert weights.get(fund, 0.0) == pytest.approx(weight, abs=1e-4)
    assert told.target == pytest.approx({f: model.weights.get(f, 0.0) for f in told.target})
    before = sum(10.0 * shares for shares in house.opening().values())
    assert worth + cash == pytest.approx(before - told.expected_cost, abs=1.0)


def test_what_the_custodian_advanced_is_not_invested(house, after):
    advanced = quarter._advanced(after.ledger)
    owned = after.ledger.holdings()
    _, _, cash = quarter.held(after.ledger, house.prices)
    assert advanced > 0
    assert cash == pytest.approx((owned[CASH] - advanced) / 100)
    assert cash < 1_000


def test_nothing_is_made_before_anything_was_adopted(house):
    stopped = one_quarter.run(house.desk(), [], house.prices, house.now)
    assert stopped.code == one_quarter.REFUSED
    assert "NotAdopted" in stopped.stopped_by


def test_nothing_is_made_without_a_certificate(house):
    desk = house.desk()
    one_quarter.adopt(desk, house.now)
    quarter.deposit_opening(desk, house.opening(), house.now)
    stopped = one_quarter.run(desk, [house.letter(house.view())], house.prices, house.now)
    assert stopped.code == one_quarter.REFUSED
    assert stopped.stopped_by.startswith("NotCertified")
    assert stopped.letters == {"small over large 1.json": "accepted"}
    assert quarter.released(desk.log) is None
    assert desk.ledger.states() == {}


def test_another_policy_than_the_logs_stops(house, after):
    policy = house.plan.policy.replace(turnover_limit=house.plan.policy["turnover_limit"] * 0.9)
    other = replace(after, plan=replace(house.plan, policy=policy))
    stopped = one_quarter.run(other, [], house.prices, house.now + 2 * HOUR)
    assert stopped.code == one_quarter.REFUSED
    assert "turnover_limit" in stopped.stopped_by


def test_other_code_stops(house, after, monkeypatch):
    pins = replace(model_registry.pins(house.plan), code="0" * 64)
    monkeypatch.setattr(model_registry, "pins", lambda plan: pins)
    stopped = one_quarter.run(after, [], house.prices, house.now + 2 * HOUR)
    assert stopped.stopped_by.startswith("PinMismatch")
    assert "code" in stopped.stopped_by


def test_a_halt_stops_making_and_trading(house, after):
    office = after.office
    with pytest.raises(one_quarter.quarter.OptimizationHalted):
        office.optimize(
            lambda: model_registry.result("x", {}, after.pins, 9),
            lambda _: {"x": 2.0},
            {"x": 1.0},
            house.now + 2 * HOUR,
        )
    stopped = one_quarter.run(after, [], house.prices, house.now + 2 * HOUR)
    assert stopped.code == one_quarter.HALTED
    with pytest.raises(one_quarter.quarter.OptimizationHalted):
        quarter.trade(after, "moderate", house.prices, house.now + 3 * HOUR, reason="x")


def test_a_holding_without_a_price_is_named(house, after):
    with pytest.raises(GovernanceError, match="BNDIDX"):
        quarter.held(after.ledger, house.prices.drop("BNDIDX"))


def test_a_key_that_is_not_the_roles_is_refused(house):
    with pytest.raises(signatures.WrongKey, match="operations"):
        replace(house.desk(), key=house.keys[house.researcher])


def test_a_leg_that_fails_leaves_every_holding_as_it_was(house, after):
    before = after.ledger.holdings()
    prices = house.prices.copy()
    prices[next(iter(before))] = 20.0
    made = quarter.trade(after, "moderate", prices, house.now + 2 * HOUR, reason="drift")
    assert made is not None
    last = quarter.settle(after, made.order(), {0: "no counterparty"}, house.now + 2 * HOUR)
    owned = after.ledger.holdings()
    assert last == "SettlementRolledBack"
    assert {f: n for f, n in owned.items() if f != CASH} == {
        f: n for f, n in before.items() if f != CASH
    }
    assert quarter.waiting(after) is None
    assert all(micro % (MICRO // 1000) == 0 for f, micro in owned.items() if f != CASH)


def test_an_order_of_which_nobody_speaks_ends_with_its_deadline(house, after):
    before = after.ledger.holdings()
    prices = house.prices.copy()
    prices[next(iter(before))] = 20.0
    locked = house.now + 2 * HOUR
    made = quarter.trade(after, "moderate", prices, locked, reason="drift")
    assert quarter.settle(after, made.order(), {}, locked) == "EscrowLocked"
    end = locked + house.plan.policy["settlement_deadline_hours"] * HOUR
    early = one_quarter.run(after, [], prices, end - timedelta(seconds=1))
    assert early.settlement == "EscrowLocked"
    assert one_quarter.run(after, [], prices, end).settlement == "SettlementRolledBack"
    assert quarter.waiting(after) is None
    owned = after.ledger.holdings()
    assert {f: n for f, n in owned.items() if f != CASH} == {
        f: n for f, n in before.items() if f != CASH
    }


def test_an_alert_is_opened_once_and_closed_once(house, after):
    target = quarter.suite_of(quarter.released(after.log))["moderate"].weights
    ringing = {"volatility": pd.Series([2.0], index=[pd.Timestamp("2026-06-30")])}
    quiet = {"volatility": pd.Series([1.0], index=[pd.Timestamp("2026-07-31")])}
    assert sum(target.values()) == pytest.approx(1)
    for hours, measured in ((2, ringing), (3, ringing), (4, quiet), (5, quiet)):
        at = house.now + hours * HOUR
        quarter.watch(after, "moderate", house.prices, at, measured=measured)
    names = [
        event.name for event in after.log.events("monitoring") if event.body["rule"] == "volatility"
    ]
    assert names == ["AlertRaised", "AlertClosed"]
    assert "volatility" not in quarter.open_alerts(after.log)


def test_events_go_out_as_lines_that_say_what_they_are(after):
    import json

    out = [json.loads(line) for line in quarter.lines(after.log, after=3)]
    assert [line["number"] for line in out] == list(range(4, len(after.log.links) + 1))
    assert {line["schema"] for line in out} == {quarter.EVENT}


@pytest.mark.parametrize("content", [{"0": 1.5}, {"a": 3}, {"0": 0}, {"0": True}, [1]])
def test_fills_that_say_neither_cents_nor_why_are_refused(content):
    with pytest.raises(GovernanceError, match="fills"):
        one_quarter.fills_from_json(content)
