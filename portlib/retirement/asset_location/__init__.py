"""Asset location: which fund in which account, after tax."""

from portlib.retirement.asset_location.location import (
    BUCKETS,
    Rates,
    after_tax_values,
    best_order,
    deferred_growth,
    equivalents,
    fill,
    locate,
    pair_label,
    pair_mandate,
    pairs,
    roth_break_even,
    tax_character,
    taxable_growth,
)

__all__ = [
    "BUCKETS",
    "Rates",
    "after_tax_values",
    "best_order",
    "deferred_growth",
    "equivalents",
    "fill",
    "locate",
    "pair_label",
    "pair_mandate",
    "pairs",
    "roth_break_even",
    "tax_character",
    "taxable_growth",
]
