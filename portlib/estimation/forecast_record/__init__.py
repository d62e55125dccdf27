"""What were published forecasts worth, scored on what came and on nothing known later?"""

from portlib.estimation.forecast_record.backtest import Replay, compare, replay
from portlib.estimation.forecast_record.editions import Edition, horizon_editions, sample_editions
from portlib.estimation.forecast_record.outcomes import forecast_errors, scored, summary
from portlib.estimation.forecast_record.published import (
    ForecastError,
    Forecasts,
    LookAhead,
    horizon_survey,
    professional_forecasters,
)

__all__ = [
    "Edition",
    "ForecastError",
    "Forecasts",
    "LookAhead",
    "Replay",
    "compare",
    "forecast_errors",
    "horizon_editions",
    "horizon_survey",
    "professional_forecasters",
    "replay",
    "sample_editions",
    "scored",
    "summary",
]
