"""Tail risk: what is lost when it goes badly, which portfolio loses least, were forecasts right."""

from portlib.construction.tail_risk.backtests import (
    acerbi_szekely,
    christoffersen,
    kupiec,
    simulated_p_value,
    walk_forward,
)
from portlib.construction.tail_risk.least_cvar import cvar_frontier, minimum_cvar
from portlib.construction.tail_risk.measures import (
    at_horizon,
    conditional_drawdown,
    cornish_fisher,
    drawdowns,
    historical,
    normal,
    standard_error,
)

__all__ = [
    "acerbi_szekely",
    "at_horizon",
    "christoffersen",
    "conditional_drawdown",
    "cornish_fisher",
    "cvar_frontier",
    "drawdowns",
    "historical",
    "kupiec",
    "minimum_cvar",
    "normal",
    "simulated_p_value",
    "standard_error",
    "walk_forward",
]
