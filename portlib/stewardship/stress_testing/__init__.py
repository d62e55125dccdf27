"""Stress testing: what portfolios lose in crises of record and in shocks."""

from portlib.stewardship.stress_testing.stress import (
    HELD,
    as_held,
    equity_that_passes,
    judged,
    losses_by_age,
    mended,
    menu_rules,
    mixes,
    of_funds,
    path_limit,
    people,
    portfolios,
    proxies,
    real,
    reoptimised,
    reversed_loss,
    stress_rules,
    through_shocks,
    through_windows,
    window_returns,
)

__all__ = [
    "HELD", "as_held", "equity_that_passes", "judged", "losses_by_age", "mended", "menu_rules",
    "mixes", "of_funds", "path_limit", "people", "portfolios", "proxies", "real", "reoptimised",
    "reversed_loss", "stress_rules", "through_shocks", "through_windows", "window_returns",
]
