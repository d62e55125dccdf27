"""Stress testing: what portfolios lose in crises of record and in shocks."""

from portlib.stewardship.stress_testing.stress import (
    HELD,
    equity_that_passes,
    judged,
    losses_by_age,
    mended,
    mixes,
    of_funds,
    path_limit,
    people,
    portfolios,
    proxies,
    real,
    reversed_loss,
    through_shocks,
    through_windows,
    window_returns,
)

__all__ = [
    "HELD",
    "equity_that_passes",
    "judged",
    "losses_by_age",
    "mended",
    "mixes",
    "of_funds",
    "path_limit",
    "people",
    "portfolios",
    "proxies",
    "real",
    "reversed_loss",
    "through_shocks",
    "through_windows",
    "window_returns",
]
