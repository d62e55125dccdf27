"""Capital market assumptions: what others expect, and how far it holds together and holds still.

What a class pays for is in `building_blocks`, how sure a mean is in `precision`.
"""

from portlib.estimation.capital_market_assumptions.annual import annualised, portfolio_geometric
from portlib.estimation.capital_market_assumptions.challengers import (
    bayes_stein_means,
    equilibrium_returns,
)
from portlib.estimation.capital_market_assumptions.coherence import consistency, dominated
from portlib.estimation.capital_market_assumptions.stability import (
    crisis_correlations,
    window_spread,
)
from portlib.estimation.capital_market_assumptions.survey import (
    PLAN_CLASSES,
    provider_dispersion,
    provider_views,
    survey_assumptions,
)

__all__ = [
    "PLAN_CLASSES",
    "annualised",
    "bayes_stein_means",
    "consistency",
    "crisis_correlations",
    "dominated",
    "equilibrium_returns",
    "portfolio_geometric",
    "provider_dispersion",
    "provider_views",
    "survey_assumptions",
    "window_spread",
]
