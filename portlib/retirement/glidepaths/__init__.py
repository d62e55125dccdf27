"""Glidepaths: which mix at each age, and what becomes of the people who hold it."""

from portlib.retirement.glidepaths.paths import (
    Glidepath,
    adopted,
    age_rule,
    constant,
    from_plan,
    published,
    shaped,
)
from portlib.retirement.glidepaths.search import (
    Taste,
    beside_adopted,
    compare,
    custom,
    sample,
    sleeves,
    spent_for_life,
    taste,
)

__all__ = [
    "Glidepath",
    "Taste",
    "adopted",
    "age_rule",
    "beside_adopted",
    "compare",
    "constant",
    "custom",
    "from_plan",
    "published",
    "sample",
    "shaped",
    "sleeves",
    "spent_for_life",
    "taste",
]
