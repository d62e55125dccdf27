"""The controller: one order by hand, refusals, and any order of events against a model of a few
lines."""

import sqlite3
import tempfile
from contextlib import suppress
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from portlib.stewardship.audit_log import ClockMovedBack
from portlib.stewardship.settlement import (
    Leg,
    Message,
    Order,
    PastDeadline,
    SettlementRefused,
    UnknownInstruction,
    WrongState,
    confirm,
    deliver,
    deposit,
    expire,
    fail,
    finalise,
    lock,
    outages,
)
from portlib.stewardship.settlement.ledger import (
    CASH,
    MICRO,
    OUTSIDE,
    PLAN,
    Ledger,
    LedgerError,
    LedgerUnavailable,
    NotEnough,
)
from tests.orders import ORDER, T, settle

# ---- one order -----------------------------------------------------------------------------------


def test_a_settled_order_moves_exactly_its_legs(ledger):
    receipt = settle(ledger, cents=[50_100, 29_010, 21_400])
    assert receipt.event == "SettlementFinalized" and not receipt.repeated
    assert ledger.holdings() == {
        CASH: 10_000 + 50_100 - 29_010 - 21_400,
        "X": 35 * MICRO,
        "Y": 3 * MICRO,
        "Z": 2 * MICRO,
    }
    assert ledger.states() == {"swap": "SettlementFinalized"}
    names = [e.name for e in ledger.log.events("settlement")]
    assert names == [
        "Deposited",
        "EscrowLocked",
        *["LegConfirmed"] * 3,
        "PendingFinality",
        "SettlementFinalized",
    ]
    ledger.check()


def test_escrow_holds_what_is_sold_and_what_purchases_may_need(ledger):
    deliver(ledger, lock("l", ORDER), T)
    assert ledger.balance("escrow:swap", "X") == 5 * MICRO
    worst = Fraction(50_500) * Fraction("1.02") - Fraction(50_000) * Fraction("0.98")
    assert ledger.balance("escrow:swap", CASH) == ORDER.cash_needed == -(-worst // 1)
    assert ledger.holdings() == {CASH: 10_000, "X": 40 * MICRO}  # escrow is still the plan's
    ledger.check()


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 10**8)), min_size=1, max_size=6),
    st.integers(0, 99),
    st.integers(0, 2**30),
)
@settings(max_examples=60)
def test_escrow_suffices_at_any_prices_within_the_tolerance(legs, percent, seed):
    rng, t = Random(seed), percent / 100
    order = Order(
        "o",
        [Leg(f"F{i}", MICRO if buy else -MICRO, cents) for i, (buy, cents) in enumerate(legs)],
        t,
        1,
    )
    with Ledger(":memory:") as one:
        opening = {leg.fund: MICRO for leg in order.legs if leg.micro_shares < 0}
        if order.cash_needed:
            opening[CASH] = order.cash_needed
        if opening:
            deliver(one, deposit("opening", opening), T)
        exact = Fraction(percent, 100)
        far = [int(leg.cents * exact) for leg in order.legs]
        moved = [
            leg.cents + rng.choice((-1, 1, 1)) * d for leg, d in zip(order.legs, far, strict=True)
        ]
        settle(one, order, [max(1, cents) for cents in moved])
        assert min([0, *[q for (k, _), q in one.balances().items() if k != OUTSIDE]]) == 0
        one.check()


@pytest.mark.parametrize("how", ["fail first", "fail pending", "price", "expire"])
def test_a_failure_at_any_step_rolls_back_every_leg(ledger, how):
    before = ledger.holdings()
    deliver(ledger, lock("l", ORDER), T)
    if how == "fail pending":
        for i, leg in enumerate(ORDER.legs):
            deliver(ledger, confirm(f"c{i}", "swap", i, leg.cents), T)
    last = {
        "fail first": fail("f", "swap", 0, "no"),
        "fail pending": fail("f", "swap", 1, "no"),
        "price": confirm("f", "swap", 1, 29_000 + 581),
        "expire": expire("f", "swap"),
    }[how]
    assert (
        deliver(ledger, last, T + timedelta(hours=72 * (how == "expire"))).event
        == "SettlementRolledBack"
    )
    assert ledger.holdings() == before and ledger.balances() == {
        (PLAN, a): q for a, q in before.items()
    } | {(OUTSIDE, a): -q for a, q in before.items()}
    ledger.check()
    late = T + timedelta(hours=80)
    for message in (
        confirm("late", "swap", 2, 21_500),
        finalise("late f", "swap"),
        expire("late e", "swap"),
    ):
        with pytest.raises(WrongState):
            deliver(ledger, message, late)


def test_the_tolerance_is_met_to_the_cent():
    order = Order("o", [Leg("X", MICRO, 10_000)], 0.02, 1)
    assert order.within(0, 10_200) and order.within(0, 9_800)
    assert not order.within(0, 10_201) and not order.within(0, 9_799)
    assert (
        Order("o", [Leg("X", MICRO, 100)], 0.29, 1).cash_needed == 129
    )  # not 130: decimals are read as decimals


@pytest.mark.parametrize(("cents", "locked"), [(100, 101), (101, 103), (150, 152), (199, 201)])
def test_a_part_of_a_cent_is_locked_as_a_whole_one(cents, locked):
    """At one in a hundred: 101 cents may cost 102.01, of which 102 would not suffice."""
    order = Order("o", [Leg("X", MICRO, cents)], 0.01, 1)
    assert order.cash_needed == locked
    assert Order("o", [Leg("X", -MICRO, cents)], 0.01, 1).cash_needed == 0


@pytest.mark.parametrize("confirmed", range(4))
def test_an_order_expires_however_far_it_came_before_finality(ledger, confirmed):
    before = ledger.holdings()
    deliver(ledger, lock("l", ORDER), T)
    for i, leg in enumerate(ORDER.legs[:confirmed]):
        deliver(ledger, confirm(f"c{i}", "swap", i, leg.cents), T)
    late = T + timedelta(hours=ORDER.hours)
    with pytest.raises(WrongState, match="cannot expire before"):
        deliver(ledger, expire("early", "swap"), late - timedelta(seconds=1))
    assert deliver(ledger, expire("e", "swap"), late).event == "SettlementRolledBack"
    assert ledger.holdings() == before
    ledger.check()


# ---- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (confirm("m", "none", 0, 1), UnknownInstruction),
        (finalise("m", "swap"), WrongState),
        (expire("m", "swap"), WrongState),
        (confirm("m", "swap", 3, 1), SettlementRefused),
        (confirm("m", "swap", 0, 0), SettlementRefused),
        (confirm("m", "swap", 0, 1.5), SettlementRefused),
        (lock("m", ORDER), WrongState),
        (lock("m", Order("big", [Leg("X", -90 * MICRO, 5)], 0, 1)), NotEnough),
        (lock("m", Order("dear", [Leg("Y", MICRO, 10_001)], 0, 1)), NotEnough),
        (Message("m", "hurry", {}), SettlementRefused),
        (deposit("m", {CASH: -5}), LedgerError),
        (deposit("m", {CASH: 1.5}), LedgerError),
        (deposit("m", {CASH: True}), LedgerError),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_and_leaves_no_trace(ledger, message, error):
    deliver(ledger, lock("l", ORDER), T)
    before, head = ledger.balances(), ledger.check()
    with pytest.raises(error):
        deliver(ledger, message, T)
    assert ledger.balances() == before and ledger.check() == head
    assert ledger.connection.execute("SELECT COUNT(*) FROM messages WHERE id = 'm'").fetchone() == (
        0,
    )


def test_after_the_deadline_an_order_can_only_expire(ledger):
    deliver(ledger, lock("l", ORDER), T)
    with pytest.raises(PastDeadline):
        deliver(ledger, confirm("c", "swap", 0, 50_000), T + timedelta(hours=72))
    assert (
        deliver(ledger, expire("e", "swap"), T + timedelta(hours=72)).event
        == "SettlementRolledBack"
    )


def test_a_leg_is_confirmed_once(ledger):
    deliver(ledger, lock("l", ORDER), T)
    deliver(ledger, confirm("c", "swap", 0, 50_000), T)
    with pytest.raises(WrongState, match="confirmed before"):
        deliver(ledger, confirm("another", "swap", 0, 50_000), T)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Leg("X", 0, 5),
        lambda: Leg("X", 1.0, 5),
        lambda: Leg("X", 1, 0),
        lambda: Leg(CASH, 1, 5),
        lambda: Leg("", 1, 5),
        lambda: Order("", [Leg("X", 1, 1)], 0, 1),
        lambda: Order("o", [], 0, 1),
        lambda: Order("o", [Leg("X", 1, 1)] * 2, 0, 1),
        lambda: Order("o", [Leg("X", 1, 1)], 1.0, 1),
        lambda: Order("o", [Leg("X", 1, 1)], 0, 0),
    ],
)
def test_orders_that_no_ledger_could_book_are_refused(make):
    with pytest.raises(LedgerError):
        make()


# ---- any order of events, against a model of a few lines -----------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Deposits, orders and their fates in any order, with repetitions, crashes, full disks and
    clocks moved back."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=outages.scratch())
        self.path = Path(self.folder.name) / "ledger"
        self.ledger, self.now, self.count = Ledger(self.path), T, 0
        self.owned, self.orders, self.sent = {}, {}, []

    def teardown(self):
        self.ledger.close()
        self.folder.cleanup()

    def send(self, message):
        self.now += timedelta(minutes=1)
        receipt = deliver(self.ledger, message, self.now)
        self.sent.append((message, receipt))
        return receipt.event

    def fresh(self):
        self.count += 1
        return f"m{self.count}"

    def free(self, asset):
        locked = sum(o["locked"].get(asset, 0) for o in self.orders.values())
        return self.owned.get(asset, 0) - locked

    def open_orders(self, *states):
        return [
            id
            for id, o in self.orders.items()
            if o["state"] in (states or ("EscrowLocked", "PendingFinality"))
        ]

    @rule(asset=st.sampled_from([CASH, "X", "Y"]), quantity=st.integers(1, 10**6))
    def deposits(self, asset, quantity):
        assert self.send(deposit(self.fresh(), {asset: quantity})) == "Deposited"
        self.owned[asset] = self.owned.get(asset, 0) + quantity

    @rule(
        legs=st.dictionaries(
            st.sampled_from(["X", "Y", "Z"]),
            st.tuples(st.integers(-(10**5), 10**5).filter(bool), st.integers(1, 10**4)),
            min_size=1,
        ),
        t=st.sampled_from([0, 0.01, 0.1]),
    )
    def locks(self, legs, t):
        order = Order(self.fresh(), [Leg(f, q, c) for f, (q, c) in legs.items()], t, 10)
        needs = {leg.fund: -leg.micro_shares for leg in order.legs if leg.micro_shares < 0}
        needs |= {CASH: order.cash_needed} if order.cash_needed else {}
        if any(self.free(a) < q for a, q in needs.items()):
            with pytest.raises(NotEnough):
                self.send(lock(self.fresh(), order))
        else:
            assert self.send(lock(self.fresh(), order)) == "EscrowLocked"
            self.orders[order.id] = {
                "order": order,
                "state": "EscrowLocked",
                "locked": needs,
                "got": {},
                "until": self.now + timedelta(hours=10),
            }

    @precondition(lambda self: self.open_orders())
    @rule(pick=st.data(), off=st.sampled_from([0, 0, 0, 0.05, -0.05]))
    def confirms(self, pick, off):
        id = pick.draw(st.sampled_from(self.open_orders()))
        o = self.orders[id]
        i = pick.draw(st.integers(0, len(o["order"].legs) - 1))
        cents = max(1, round(o["order"].legs[i].cents * (1 + off)))
        if (
            o["state"] != "EscrowLocked"
            or i in o["got"]
            or self.now + timedelta(minutes=1) >= o["until"]
        ):
            with pytest.raises((WrongState, PastDeadline)):
                self.send(confirm(self.fresh(), id, i, cents))
            return
        event = self.send(confirm(self.fresh(), id, i, cents))
        if (
            abs(cents - o["order"].legs[i].cents)
            > o["order"].tolerance * o["order"].legs[i].cents + 1e-9
        ):
            assert event == "SettlementRolledBack"
            o.update(state=event, locked={})
        else:
            o["got"][i] = cents
            whole = len(o["got"]) == len(o["order"].legs)
            assert event == ("PendingFinality" if whole else "LegConfirmed")
            o["state"] = "PendingFinality" if whole else o["state"]

    @precondition(lambda self: self.open_orders())
    @rule(pick=st.data())
    def ends(self, pick):
        id = pick.draw(st.sampled_from(self.open_orders()))
        o = self.orders[id]
        if self.now + timedelta(minutes=1) >= o["until"]:
            assert self.send(expire(self.fresh(), id)) == "SettlementRolledBack"
            o.update(state="SettlementRolledBack", locked={})
        elif o["state"] == "PendingFinality":
            assert self.send(finalise(self.fresh(), id)) == "SettlementFinalized"
            o.update(state="SettlementFinalized", locked={})
            for i, leg in enumerate(o["order"].legs):
                self.owned[leg.fund] = self.owned.get(leg.fund, 0) + leg.micro_shares
                self.owned[CASH] = self.owned.get(CASH, 0) + (
                    o["got"][i] if leg.micro_shares < 0 else -o["got"][i]
                )
        else:
            assert self.send(fail(self.fresh(), id, 0, "no")) == "SettlementRolledBack"
            o.update(state="SettlementRolledBack", locked={})

    @rule(hours=st.integers(1, 20))
    def waits(self, hours):
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.sent)
    @rule(pick=st.data())
    def repeats(self, pick):
        message, receipt = pick.draw(st.sampled_from(self.sent))
        assert deliver(self.ledger, message, T) == receipt._replace(repeated=True)

    @precondition(lambda self: self.sent)
    @rule()
    def clock_goes_back(self):
        with pytest.raises(ClockMovedBack):
            deliver(self.ledger, deposit("early", {CASH: 1}), T - timedelta(days=1))

    @rule(statement=st.integers(1, 12))
    def crashes(self, statement):
        """The connection dies in the middle of a deposit; whoever opens the file next finds all of
        it or nothing."""
        left = [statement]

        def strike(_):
            left[0] -= 1
            if left[0] == 0:
                self.ledger.connection.interrupt()

        message = deposit(self.fresh(), {CASH: 7})
        self.ledger.connection.set_trace_callback(strike)
        self.ledger.connection.set_progress_handler(lambda: left[0] <= 0, 1)
        with suppress(LedgerUnavailable, sqlite3.OperationalError):
            self.send(message)
        self.ledger.close()
        self.ledger = Ledger(self.path)
        self.ledger.check()
        self.send(message)
        self.owned[CASH] = self.owned.get(CASH, 0) + 7

    @rule(room=st.integers(0, 1))
    def disk_fills(self, room):
        pages = self.ledger.connection.execute("PRAGMA page_count").fetchone()[0]
        self.ledger.connection.execute(f"PRAGMA max_page_count = {pages + room}")
        message = deposit(self.fresh(), {CASH: 3})
        try:
            self.send(message)
        except LedgerUnavailable:
            self.ledger.check()
        self.ledger.connection.execute("PRAGMA max_page_count = 1000000")
        self.send(message)
        self.owned[CASH] = self.owned.get(CASH, 0) + 3

    @invariant()
    def the_ledger_is_what_the_model_says(self):
        self.ledger.check()
        assert self.ledger.holdings() == {a: q for a, q in sorted(self.owned.items()) if q}
        assert self.ledger.states() == dict(
            sorted((id, o["state"]) for id, o in self.orders.items())
        )
        locked = {
            (f"escrow:{id}", a): q
            for id, o in self.orders.items()
            for a, q in o["locked"].items()
            if q
        }
        escrow = {k: q for k, q in self.ledger.balances().items() if k[0] not in (PLAN, OUTSIDE)}
        assert escrow == locked


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestAnyOrder = AnyOrder.TestCase


@pytest.mark.parametrize(
    ("tolerance", "hours", "sound"),
    [
        (0, 8784, True),  # a year of 366 days, and not an hour more
        (0, 8784.001, False),
        (0.999, 1e-6, True),
        (1, 1, False),
        (-1e-9, 1, False),
        (0, -1, False),
        (True, 1, False),
        (0, True, False),
        ("0.1", 1, False),
        (float("nan"), 1, False),
        (0, float("nan"), False),
    ],
)
def test_an_orders_room_and_time_at_their_ends(tolerance, hours, sound):
    legs = [Leg("X", 1, 1)]
    if sound:
        assert Order("o", legs, tolerance, hours).legs == tuple(legs)
    else:
        with pytest.raises(LedgerError):
            Order("o", legs, tolerance, hours)


@pytest.mark.parametrize("size", [2**62 - 1, 2**62])
def test_a_leg_holds_what_the_file_can(size):
    for micro_shares, cents in ((size, 1), (-size, 1), (1, size)):
        if size < 2**62:
            assert Leg("X", micro_shares, cents).fund == "X"
        else:
            with pytest.raises(LedgerError):
                Leg("X", micro_shares, cents)


def test_what_failed_and_why_it_was_rolled_back_stands_in_the_log(ledger):
    deliver(ledger, lock("l", ORDER), T)
    deliver(ledger, confirm("c", "swap", 2, 21_500), T)
    deliver(ledger, fail("f", "swap", 1, "no counterparty"), T)
    confirmed, rolled = ledger.log.events("settlement")[-2:]
    told = {name: confirmed.body[name] for name in ("order", "leg", "cents", "message")}
    assert told == {"order": "swap", "leg": 2, "cents": 21_500, "message": "c"}
    assert rolled.body["reason"] == "leg 1: no counterparty"
    assert (rolled.body["instruction"], rolled.body["message"]) == ("swap", "f")
    locked = ledger.instruction("swap")[1]
    assert locked["deadline"] == (T + timedelta(hours=72)).isoformat()
    assert [leg["fund"] for leg in locked["legs"]] == ["X", "Y", "Z"]
