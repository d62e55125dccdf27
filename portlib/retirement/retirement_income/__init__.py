"""Retirement income: how much can be spent, by which rule, and what buys certainty."""

from portlib.retirement.retirement_income.annuities import Quote
from portlib.retirement.retirement_income.claiming import by_month
from portlib.retirement.retirement_income.comparison import by_rule, with_annuity
from portlib.retirement.retirement_income.distributions import period, required
from portlib.retirement.retirement_income.illustration import illustrate
from portlib.retirement.retirement_income.withdrawal_rates import sustainable_rates

__all__ = [
    "Quote",
    "by_month",
    "by_rule",
    "illustrate",
    "period",
    "required",
    "sustainable_rates",
    "with_annuity",
]
