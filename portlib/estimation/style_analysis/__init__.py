"""Style analysis: which mix of indices moves as a fund does, which factors moved it, how surely."""

from portlib.estimation.style_analysis.styles import (
    Style,
    blend,
    block_bootstrap_errors,
    category_check,
    collinearity,
    drift,
    fund_assumptions,
    holdings_exposures,
    rolling,
    selection_returns,
    shrunk_alpha,
    simplex_least_squares,
    style,
    style_distance,
)

__all__ = [
    "Style",
    "blend",
    "block_bootstrap_errors",
    "category_check",
    "collinearity",
    "drift",
    "fund_assumptions",
    "holdings_exposures",
    "rolling",
    "selection_returns",
    "shrunk_alpha",
    "simplex_least_squares",
    "style",
    "style_distance",
]
