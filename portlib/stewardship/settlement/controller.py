"""How does an instruction become holdings, wholly or not at all?

An order's legs are settled together, in steps that are each one transaction of the ledger:

    lock -> EscrowLocked -> confirm every leg -> PendingFinality -> finalise -> SettlementFinalized
    fail, or a price beyond the tolerance, or expire, at any step before finality ->
    SettlementRolledBack (all legs)

Shares to be sold wait in escrow, and the cash that purchases may need beyond the sales, were every
price to move against the plan by the tolerance: ``max(0, buys (1 + t) - sales (1 - t))``, in whole
cents upward. Finality exchanges shares for cash in one transaction (delivery versus payment). Every
message has an id and is carried out once, however often it comes.

Left out: what the counterparty does. A confirmed leg that is rolled back must be cancelled there by
people, and may cost something. The words come from on-chain settlement; no blockchain is used: one
file and one writer at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from portlib.stewardship.audit_log import Event
from portlib.stewardship.settlement.ledger import (
    CASH,
    OUTSIDE,
    PLAN,
    Ledger,
    LedgerError,
    Transfer,
    said,
)

ACTOR = "settlement controller"
#: A year: what waits longer than this is not settled.
MOST_HOURS = 8784
#: What the body of each kind of message says.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "deposit": ("amounts",),
    "lock": ("id", "legs", "tolerance", "hours"),
    "confirm": ("order", "leg", "cents"),
    "fail": ("order", "leg", "reason"),
    "finalise": ("order",),
    "expire": ("order",),
}


class SettlementRefused(LedgerError):
    """A message that cannot be carried out now; nothing was written. Subclasses say why."""


class UnknownInstruction(SettlementRefused):
    """No order of that id was locked."""


class WrongState(SettlementRefused):
    """The order is not in a state in which the message makes sense."""


class PastDeadline(SettlementRefused):
    """The order's deadline has passed: it can only expire."""


@dataclass(frozen=True)
class Leg:
    """One trade of an order: a fund, micro-shares (bought above zero, sold below), cents expected
    to change hands.

    Raises LedgerError for what is no such whole number, and for money as a fund.

    Examples
    --------
    >>> Leg("A", -30_000_000, 30_000).micro_shares
    -30000000
    >>> def refusal(*given):
    ...     try:
    ...         Leg(*given)
    ...     except LedgerError as error:
    ...         return str(error)
    >>> (
    ...     refusal("A", 0, 5),
    ...     refusal("A", 1.0, 5) == refusal("A", 1.0, 5.0),
    ...     refusal("A", 2**62, 5)[-16:],
    ... )
    ('A: 0 micro-shares; give a whole number other than 0', True, 'ber other than 0')
    >>> refusal("A", 1, 0), refusal("A", -1, -5)[:11], refusal("A", 1, 2**62) is None
    ("'A': 0 cents; a leg trades a fund for whole cents above 0", "'A': -5 cen", False)
    >>> refusal("USD", 1, 5)[:13], refusal(" ", 1, 5), refusal("A", 1, 1), refusal("A", 1, True)[:9]
    ("'USD': 5 cent", "a leg's fund is ' '; give its name", None, "'A': True")
    """

    fund: str
    micro_shares: int
    cents: int

    def __post_init__(self) -> None:
        """Refuse what no ledger could book."""
        if not _named(self.fund):
            raise LedgerError(f"a leg's fund is {self.fund!r}; give its name")
        if type(self.micro_shares) is not int or not 0 < abs(self.micro_shares) < 2**62:
            raise LedgerError(
                f"{self.fund}: {self.micro_shares!r} micro-shares; give a whole number other than 0"
            )
        if type(self.cents) is not int or not 0 < self.cents < 2**62 or self.fund in ("", CASH):
            raise LedgerError(
                f"{self.fund!r}: {self.cents!r} cents; a leg trades a fund for whole cents above 0"
            )


@dataclass(frozen=True)
class Order:
    """What settlement needs of an instruction: its id (the instruction's fingerprint), its legs,
    how long it may take.

    Parameters
    ----------
    id : str
    legs : sequence of Leg
        At least one, each fund once.
    tolerance : float
        How far a confirmed price may be worse or better than expected, decimal from 0 to below 1.
    hours : float
        From lock to deadline, above zero.

    Examples
    --------
    Sales may bring 2% less than 30,000 cents and purchases cost 2% more than 35,001: 35,701.02 -
    29,400, and a cent is not cut.

    >>> legs = [
    ...     Leg("B", 20_000_000, 25_001),
    ...     Leg("A", -30_000_000, 30_000),
    ...     Leg("C", 5_000_000, 10_000),
    ... ]
    >>> order = Order("one", legs, tolerance=0.02, hours=24)
    >>> order.cash_needed
    6302
    >>> Order("sale", legs[1:2], 0.02, 24).cash_needed, Order("even", legs[2:], 0.0, 24).cash_needed
    (0, 10000)

    It goes on in ``controller.md``.
    """

    id: str
    legs: tuple[Leg, ...]
    tolerance: float
    hours: float

    def __init__(self, id: str, legs: Sequence[Leg], tolerance: float, hours: float) -> None:
        for name, value in {
            "id": id,
            "legs": tuple(legs),
            "tolerance": tolerance,
            "hours": hours,
        }.items():
            object.__setattr__(self, name, value)
        funds = [leg.fund for leg in self.legs]
        for name, number in (("tolerance", tolerance), ("hours", hours)):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise LedgerError(f"order {id!r}: {name} is {number!r}; give a number")
        if not _named(id) or not funds or len(set(funds)) < len(funds):
            raise LedgerError(
                f"order {id!r} needs an id and legs, each fund once; it has "
                f"{', '.join(funds) or 'none'}"
            )
        if not 0 <= tolerance < 1 or not 0 < hours <= MOST_HOURS:
            raise LedgerError(
                f"order {id!r}: tolerance {tolerance} (0 to below 1), hours {hours} (above 0, "
                f"at most {MOST_HOURS})"
            )

    @property
    def cash_needed(self) -> int:
        """Cents to lock: what purchases may cost beyond what sales may bring, at the tolerance's
        worst prices."""
        t = Fraction(str(self.tolerance))
        worst = sum(
            leg.cents * (1 + t) if leg.micro_shares > 0 else -leg.cents * (1 - t)
            for leg in self.legs
        )
        return max(0, -int(-worst // 1))

    def within(self, leg: int, cents: int) -> bool:
        """Whether a confirmed amount is within the tolerance of what the leg expected."""
        expected = self.legs[leg].cents
        return abs(Fraction(cents) - expected) <= Fraction(str(self.tolerance)) * expected


class Message(NamedTuple):
    """What arrives at the controller: an id of its own, a kind, and plain data. The time is the
    receiver's."""

    id: str
    kind: str
    body: Mapping[str, Any]


class Receipt(NamedTuple):
    """What became of a message: the number and name of its last event, and whether it had come
    before."""

    number: int
    event: str
    repeated: bool


# ---- messages ------------------------------------------------------------------------------------


def deposit(id: str, amounts: Mapping[str, int]) -> Message:
    """Cents of `CASH` or micro-shares of funds arrive from outside."""
    return Message(id, "deposit", {"amounts": dict(amounts)})


def lock(id: str, order: Order) -> Message:
    """Put into escrow what an order sells and may pay.

    Examples
    --------
    >>> order = Order("one", [Leg("A", 5, 7)], 0.02, 24)
    >>> lock("m", order)
    ... # doctest: +NORMALIZE_WHITESPACE
    Message(id='m', kind='lock', body={'id': 'one', 'legs': ({'fund': 'A', 'micro_shares': 5,
     'cents': 7},), 'tolerance': 0.02, 'hours': 24})
    >>> confirm("m", "one", 2, 99), finalise("m", "one")
    ... # doctest: +NORMALIZE_WHITESPACE
    (Message(id='m', kind='confirm', body={'order': 'one', 'leg': 2, 'cents': 99}),
     Message(id='m', kind='finalise', body={'order': 'one'}))
    >>> fail("m", "one", 2, "late").body, expire("m", "one").kind, deposit("m", {"USD": 5}).body
    ({'order': 'one', 'leg': 2, 'reason': 'late'}, 'expire', {'amounts': {'USD': 5}})
    """
    return Message(id, "lock", asdict(order))


def confirm(id: str, order: str, leg: int, cents: int) -> Message:
    """A leg was executed for so many cents.

    Parameters
    ----------
    id, order : str
        Of the message, and of the order that it is about.
    leg : int
        Its place in the order, from 0.
    cents : int
        What was paid or received, above 0.
    """
    return Message(id, "confirm", {"order": order, "leg": leg, "cents": cents})


def fail(id: str, order: str, leg: int, reason: str) -> Message:
    """A leg was not executed.

    Parameters
    ----------
    id, order, leg
        As for `confirm`.
    reason : str
        Why, in words.
    """
    return Message(id, "fail", {"order": order, "leg": leg, "reason": reason})


def finalise(id: str, order: str) -> Message:
    """Every counterparty has declared its leg final."""
    return Message(id, "finalise", {"order": order})


def expire(id: str, order: str) -> Message:
    """The deadline has passed."""
    return Message(id, "expire", {"order": order})


# ---- the controller ------------------------------------------------------------------------------


def deliver(ledger: Ledger, message: Message, at: datetime) -> Receipt:
    """Carry out a message once, in one transaction, at a supplied time; a repeated one is answered
    from the record.

    Parameters
    ----------
    ledger : Ledger
        Holdings and log.
    message : Message
        As from `deposit`, `lock`, `confirm`, `fail`, `finalise` or `expire`.
    at : datetime
        When it is received, with its zone.

    Returns
    -------
    Receipt

    Raises
    ------
    SettlementRefused
        `UnknownInstruction`, `WrongState`, `PastDeadline`: nothing was written, and the message may
        come again.
    NotEnough
        When the plan does not hold what the order would lock.
    KeyReused, ClockMovedBack
        When the id stands for other content; when `at` is before the last event.
    LedgerUnavailable
        When the file cannot be written.

    Examples
    --------
    A message that comes twice is carried out once.

    >>> from datetime import UTC
    >>> ledger, at = Ledger(":memory:"), datetime(2026, 11, 29, tzinfo=UTC)
    >>> told = [deliver(ledger, deposit("one", {"USD": 500}), at) for _ in range(2)]
    >>> [receipt.repeated for receipt in told], ledger.holdings()
    ([False, True], {'USD': 500})

    It goes on in ``controller.md``.
    """
    _sound(message)
    if at.tzinfo is None:
        raise SettlementRefused(f"message {message.id!r}: its time of receipt needs a zone")
    content = [message.kind, dict(message.body)]
    with ledger.transaction():
        if before := ledger.seen(message.id, content):
            return Receipt(*before, repeated=True)
        event = _CARRY_OUT[message.kind](ledger, message, at)
        ledger.remember(message.id, content, event)
        return Receipt(event.number, event.name, repeated=False)


def _of(message: Message) -> dict[str, str]:
    """What an event keeps of the message that led to it: which it was, and what it said."""
    return {"message": message.id, "said": said(message.kind, message.body)}


def _sound(message: Message) -> None:
    """Refuse a message whose fields are not those of its kind, before anything is read from it."""
    if not _named(message.id):
        raise SettlementRefused(f"message {message.id!r}: its id must be a text")
    if message.kind not in _CARRY_OUT:
        raise SettlementRefused(
            f"message {message.id!r}: no kind {message.kind!r}; use one of {', '.join(_CARRY_OUT)}"
        )
    where = f"message {message.id!r} ({message.kind})"
    _fields(message.body, FIELDS[message.kind], where)
    if message.kind == "lock":
        legs = message.body["legs"]
        if not isinstance(legs, (list, tuple)):
            raise SettlementRefused(f"{where}: legs are a list, not {legs!r}")
        for i, leg in enumerate(legs):
            _fields(leg, ("fund", "micro_shares", "cents"), f"{where}: leg {i}")
    amounts = message.body.get("amounts", {})
    if not isinstance(amounts, Mapping) or not all(map(_named, amounts)):
        raise SettlementRefused(f"{where}: amounts are whole numbers by asset, not {amounts!r}")
    for name in ("order", "reason"):
        if name in message.body and not _named(message.body[name]):
            raise SettlementRefused(f"{where}: {name} is {message.body[name]!r}; give a text")


def _fields(body: Any, names: Sequence[str], where: str) -> None:
    if not isinstance(body, Mapping) or set(body) != set(names):
        found = ", ".join(map(str, body)) if isinstance(body, Mapping) else repr(body)
        raise SettlementRefused(f"{where}: its fields are {', '.join(names)}, not {found}")


def _named(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _escrow(order: Order) -> str:
    return f"escrow:{order.id}"


def _deposit(ledger: Ledger, message: Message, at: datetime) -> Event:
    moves = [
        Transfer(OUTSIDE, PLAN, asset, quantity)
        for asset, quantity in message.body["amounts"].items()
    ]
    return ledger.record(
        "Deposited", at=at, actor="record keeper", transfers=moves, body=_of(message)
    )


def _lock(ledger: Ledger, message: Message, at: datetime) -> Event:
    at = at.astimezone(UTC)  # in which an hour is an hour, whatever clocks do elsewhere
    order = _order(message.body)
    if ledger.instruction(order.id):
        raise WrongState(f"order {order.id!r} was locked before, by another message")
    moves = [
        Transfer(PLAN, _escrow(order), leg.fund, -leg.micro_shares)
        for leg in order.legs
        if leg.micro_shares < 0
    ]
    if order.cash_needed:
        moves.append(Transfer(PLAN, _escrow(order), CASH, order.cash_needed))
    content = {
        **message.body,
        "deadline": (at + timedelta(hours=order.hours)).isoformat(),
        "message": message.id,
    }
    return ledger.record(
        "EscrowLocked",
        at=at,
        actor=ACTOR,
        instruction=order.id,
        state="EscrowLocked",
        content=content,
        transfers=moves,
        body=_of(message),
    )


def _confirm(ledger: Ledger, message: Message, at: datetime) -> Event:
    order, confirmed = _open(ledger, message, at, ("EscrowLocked",))
    leg = _leg(order, message)
    cents = message.body["cents"]
    if leg in confirmed:
        raise WrongState(
            f"order {order.id!r}: leg {leg} ({order.legs[leg].fund}) was confirmed before"
        )
    if type(cents) is not int or cents <= 0:
        raise SettlementRefused(
            f"order {order.id!r}: leg {leg} confirmed for {cents!r}; give whole cents above 0"
        )
    if not order.within(leg, cents):
        expected = order.legs[leg].cents
        return _roll_back(
            ledger,
            order,
            message,
            at,
            f"leg {leg}: {cents} cents, beyond the tolerance of {expected}",
        )
    ledger.confirm(order.id, leg, cents)
    event = ledger.record(
        "LegConfirmed",
        at=at,
        actor=ACTOR,
        body={"order": order.id, "leg": leg, "cents": cents, **_of(message)},
    )
    if len(confirmed) + 1 < len(order.legs):
        return event
    return ledger.record(
        "PendingFinality",
        at=at,
        actor=ACTOR,
        instruction=order.id,
        state="PendingFinality",
        body=_of(message),
    )


def _fail(ledger: Ledger, message: Message, at: datetime) -> Event:
    order, _ = _open(ledger, message, at, ("EscrowLocked", "PendingFinality"))
    return _roll_back(
        ledger, order, message, at, f"leg {_leg(order, message)}: {message.body['reason']}"
    )


def _finalise(ledger: Ledger, message: Message, at: datetime) -> Event:
    order, confirmed = _open(ledger, message, at, ("PendingFinality",))
    escrow = _escrow(order)
    moves = []
    if order.cash_needed:
        moves.append(Transfer(escrow, PLAN, CASH, order.cash_needed))
    for sale in (True, False):  # sales first: their proceeds pay for purchases
        for i, leg in enumerate(order.legs):
            if (leg.micro_shares < 0) is sale and sale:
                moves += [
                    Transfer(escrow, OUTSIDE, leg.fund, -leg.micro_shares),
                    Transfer(OUTSIDE, PLAN, CASH, confirmed[i]),
                ]
            elif (leg.micro_shares < 0) is sale:
                moves += [
                    Transfer(PLAN, OUTSIDE, CASH, confirmed[i]),
                    Transfer(OUTSIDE, PLAN, leg.fund, leg.micro_shares),
                ]
    return ledger.record(
        "SettlementFinalized",
        at=at,
        actor=ACTOR,
        instruction=order.id,
        state="SettlementFinalized",
        transfers=moves,
        body=_of(message),
    )


def _expire(ledger: Ledger, message: Message, at: datetime) -> Event:
    order, _ = _open(ledger, message, at, ("EscrowLocked", "PendingFinality"), late=True)
    return _roll_back(ledger, order, message, at, "the deadline passed")


def _roll_back(ledger: Ledger, order: Order, message: Message, at: datetime, reason: str) -> Event:
    held = {
        asset: q for (account, asset), q in ledger.balances().items() if account == _escrow(order)
    }
    moves = [Transfer(_escrow(order), PLAN, asset, quantity) for asset, quantity in held.items()]
    return ledger.record(
        "SettlementRolledBack",
        at=at,
        actor=ACTOR,
        instruction=order.id,
        state="SettlementRolledBack",
        transfers=moves,
        body={"reason": reason, **_of(message)},
    )


def _order(content: Mapping[str, Any]) -> Order:
    return Order(
        content["id"],
        [Leg(**leg) for leg in content["legs"]],
        content["tolerance"],
        content["hours"],
    )


def _leg(order: Order, message: Message) -> int:
    leg = message.body["leg"]
    if type(leg) is not int or not 0 <= leg < len(order.legs):
        raise SettlementRefused(
            f"order {order.id!r} has legs 0 to {len(order.legs) - 1}, not {leg!r}"
        )
    return leg


def _open(
    ledger: Ledger, message: Message, at: datetime, states: Sequence[str], *, late: bool = False
) -> tuple[Order, dict[int, int]]:
    """The order that a message is about, and the cents confirmed by leg; refuses one in another
    state, or the hour."""
    id = message.body["order"]
    if not (found := ledger.instruction(id)):
        raise UnknownInstruction(
            f"message {message.id!r} is about order {id!r}, which was never locked"
        )
    state, content = found
    if state not in states:
        raise WrongState(f"order {id!r} is {state}: {message.kind} needs {' or '.join(states)}")
    deadline = datetime.fromisoformat(content["deadline"])
    if late and at < deadline:
        raise WrongState(f"order {id!r} cannot expire before {deadline.isoformat()}")
    if not late and at >= deadline:
        raise PastDeadline(f"order {id!r}: the deadline was {deadline.isoformat()}; let it expire")
    return _order(content), ledger.confirmed(id)


_CARRY_OUT: Mapping[str, Callable[[Ledger, Message, datetime], Event]] = {
    "deposit": _deposit,
    "lock": _lock,
    "confirm": _confirm,
    "fail": _fail,
    "finalise": _finalise,
    "expire": _expire,
}
