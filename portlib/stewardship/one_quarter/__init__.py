"""One quarter: from a signed view to settled holdings, every control in the path, in one log."""

from portlib.stewardship.one_quarter.calendar import NOTICE, Due, review
from portlib.stewardship.one_quarter.inbox import Letter, hear
from portlib.stewardship.one_quarter.quarter import (
    BROKEN,
    HALTED,
    NOTHING_DUE,
    REFUSED,
    REVIEW_DUE,
    Desk,
    NotAdopted,
    Outcome,
    adopt,
    fills_from_json,
    make,
    register,
    run,
    seal,
    settle,
    trade,
    watch,
)
from portlib.stewardship.one_quarter.trail import TrailBroken, reperform, reperform_all, walk

__all__ = [
    "BROKEN",
    "HALTED",
    "NOTHING_DUE",
    "NOTICE",
    "REFUSED",
    "REVIEW_DUE",
    "Desk",
    "Due",
    "Letter",
    "NotAdopted",
    "Outcome",
    "TrailBroken",
    "adopt",
    "fills_from_json",
    "hear",
    "make",
    "register",
    "reperform",
    "reperform_all",
    "review",
    "run",
    "seal",
    "settle",
    "trade",
    "walk",
    "watch",
]
