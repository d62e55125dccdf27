"""Model validation: published cases recomputed, and models compared with what they claim."""

from portlib.stewardship.model_validation.validation import (
    HOUSEHOLDS,
    Replay,
    against_peers,
    beaten,
    benchmark,
    comparisons,
    glidepath_sensitivity,
    noticed,
    other_inputs,
    planted,
    reach,
    replayed,
    ruined,
    sensitivity,
    verified_by,
    waiting,
)

__all__ = [
    "HOUSEHOLDS",
    "Replay",
    "against_peers",
    "beaten",
    "benchmark",
    "comparisons",
    "glidepath_sensitivity",
    "noticed",
    "other_inputs",
    "planted",
    "reach",
    "replayed",
    "ruined",
    "sensitivity",
    "verified_by",
    "waiting",
]
