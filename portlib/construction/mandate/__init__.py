"""Which portfolios are allowed, by named rules, and which rules cannot hold together."""

from portlib.construction.mandate.infeasibility import Infeasible
from portlib.construction.mandate.mandate import Mandate, of_policy
from portlib.construction.mandate.rules import (
    Bounds,
    Limit,
    MandateError,
    TrackingError,
    Turnover,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    group_limit,
    liquidity_limit,
    long_only,
    position_limit,
    score_floor,
    volatility_limit,
)

__all__ = [
    "Bounds",
    "Infeasible",
    "Limit",
    "Mandate",
    "MandateError",
    "TrackingError",
    "Turnover",
    "employer_stock_cap",
    "factor_limit",
    "fully_invested",
    "group_limit",
    "liquidity_limit",
    "long_only",
    "of_policy",
    "position_limit",
    "score_floor",
    "volatility_limit",
]
