"""Retirement income: how much can be spent, by which rule, and what buys certainty."""

from portlib.retirement.retirement_income.annuities import Quote, joint, ladder, payout, price
from portlib.retirement.retirement_income.claiming import break_even, by_month, couple_worth, worth
from portlib.retirement.retirement_income.comparison import (
    by_rule,
    on_history,
    ways,
    with_annuity,
)
from portlib.retirement.retirement_income.distributions import period, required
from portlib.retirement.retirement_income.illustration import Illustration, illustrate
from portlib.retirement.retirement_income.ruin import ruin_by_moments, ruin_by_programme
from portlib.retirement.retirement_income.withdrawal_rates import (
    chances,
    failures,
    lifetime_chances,
    runs,
    sequence_split,
    sustainable_rates,
    yearly,
)

__all__ = [
    "Illustration", "Quote", "break_even", "by_month", "by_rule", "chances", "couple_worth",
    "failures", "illustrate", "joint", "ladder", "lifetime_chances", "on_history", "payout",
    "period", "price", "required", "ruin_by_moments", "ruin_by_programme", "runs",
    "sequence_split", "sustainable_rates", "ways", "with_annuity", "worth", "yearly",
]
