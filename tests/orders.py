"""One order of three legs and how it is settled: shared by the tests of settlement."""

from portlib.stewardship.settlement import (
    Leg,
    Order,
    confirm,
    deliver,
    deposit,
    finalise,
    lock,
    outages,
)
from portlib.stewardship.settlement.ledger import CASH, MICRO

T = outages.START

ORDER = Order(
    "swap",
    [Leg("X", -5 * MICRO, 50_000), Leg("Y", 3 * MICRO, 29_000), Leg("Z", 2 * MICRO, 21_500)],
    0.02,
    72,
)

OPENING = deposit("opening", {CASH: 10_000, "X": 40 * MICRO})


def settle(ledger, order=ORDER, cents=None, at=T):
    deliver(ledger, lock(f"{order.id} lock", order), at)
    for i, leg in enumerate(order.legs):
        deliver(
            ledger, confirm(f"{order.id} {i}", order.id, i, cents[i] if cents else leg.cents), at
        )
    return deliver(ledger, finalise(f"{order.id} final", order.id), at)
