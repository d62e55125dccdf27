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
    class_assumptions,
    compare,
    custom,
    expected_inflation,
    household,
    over_sleeves,
    sample,
    sleeves,
)

__all__ = [
    "Glidepath",
    "adopted",
    "age_rule",
    "class_assumptions",
    "compare",
    "constant",
    "custom",
    "expected_inflation",
    "from_plan",
    "household",
    "over_sleeves",
    "published",
    "sample",
    "shaped",
    "sleeves",
]
