"""Monitoring: what is measured each month, and when somebody must look."""

from portlib.stewardship.monitoring.alarms import (
    INFERRED,
    SEVERITIES,
    alarm_rates,
    alerts,
    dashboard,
    limits,
    quieted,
    simulated,
)
from portlib.stewardship.monitoring.measures import (
    Watched,
    class_history,
    followed,
    options,
    same_equity,
    with_own,
)
from portlib.stewardship.monitoring.trades import made_up_trades, trade_quality

__all__ = [
    "INFERRED",
    "SEVERITIES",
    "Watched",
    "alarm_rates",
    "alerts",
    "class_history",
    "dashboard",
    "followed",
    "limits",
    "made_up_trades",
    "options",
    "quieted",
    "same_equity",
    "simulated",
    "trade_quality",
    "with_own",
]
