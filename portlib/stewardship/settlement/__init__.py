"""Settlement: from an instruction to final holdings, over a double-entry ledger."""

from portlib.stewardship.settlement.controller import (
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
)

__all__ = [
    "Leg",
    "Message",
    "Order",
    "PastDeadline",
    "SettlementRefused",
    "UnknownInstruction",
    "WrongState",
    "confirm",
    "deliver",
    "deposit",
    "expire",
    "fail",
    "finalise",
    "lock",
]
