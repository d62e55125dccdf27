"""Model portfolios and advice: a model a posture, and who is shown which."""

from portlib.retirement.model_portfolios.models import (
    Suite,
    SuiteError,
    churn,
    faults,
    from_json,
    model,
    postures,
    remake,
    suite,
    turnover,
)

__all__ = [
    "Suite",
    "SuiteError",
    "churn",
    "faults",
    "from_json",
    "model",
    "postures",
    "remake",
    "suite",
    "turnover",
]
