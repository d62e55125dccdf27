"""One quarter: from a signed view to settled holdings, every control in the path, in one log."""

from portlib.stewardship.one_quarter.calendar import NOTICE, Due, review
from portlib.stewardship.one_quarter.inbox import Letter
from portlib.stewardship.one_quarter.quarter import (
    BROKEN,
    HALTED,
    NOTHING_DUE,
    REFUSED,
    REVIEW_DUE,
    Desk,
    adopt,
    fills_from_json,
    register,
    run,
    seal,
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
    "TrailBroken",
    "adopt",
    "fills_from_json",
    "register",
    "reperform",
    "reperform_all",
    "review",
    "run",
    "seal",
    "walk",
]
