"""Rebalancing: when to trade, towards what, and by which list of trades."""

from portlib.stewardship.rebalancing.triggers import (
    NOTICE_DAYS,
    TRIGGERS,
    RebalanceInstruction,
    Situation,
    backtest,
    blackout_notices,
    calendar,
    days_ahead,
    drift,
    from_policy,
    instruct,
    issue,
    new_money,
    risk_spike,
    signal,
)

__all__ = [
    "NOTICE_DAYS",
    "TRIGGERS",
    "RebalanceInstruction",
    "Situation",
    "backtest",
    "blackout_notices",
    "calendar",
    "days_ahead",
    "drift",
    "from_policy",
    "instruct",
    "issue",
    "new_money",
    "risk_spike",
    "signal",
]
