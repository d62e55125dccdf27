"""Which numbers does the clock decide? They differ from run to run, and say nothing about the
method."""

from __future__ import annotations

import re

#: Names that chapters give to durations and to ratios of durations.
NAMES = r"\w*(?:seconds|_ms|swarm_ratio)"
UNITS = frozenset({"seconds", "milliseconds"})


def decides(name: str, unit: str = "") -> bool:
    """Whether a number of this name or unit is a duration, or made of durations."""
    return unit in UNITS or re.fullmatch(NAMES, name) is not None
