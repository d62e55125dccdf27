"""The plan's menu: what its funds can build, what they cost, and what an account may hold."""

from portlib.retirement.plan_menu.expectations import class_assumptions, mean_errors
from portlib.retirement.plan_menu.exposures import by_evidence, read_plan
from portlib.retirement.plan_menu.menu import (
    class_mandate,
    class_mix,
    conflicts,
    cost_of_menu,
    equity_share,
    menu_assumptions,
    menu_mandate,
    utility,
    with_index_fund,
    worth_of_funds,
)
from portlib.retirement.plan_menu.options import coverage, date_for, dates, each_vintage, series_of

__all__ = [
    "by_evidence",
    "class_assumptions",
    "class_mandate",
    "class_mix",
    "conflicts",
    "cost_of_menu",
    "coverage",
    "date_for",
    "dates",
    "each_vintage",
    "equity_share",
    "mean_errors",
    "menu_assumptions",
    "menu_mandate",
    "read_plan",
    "series_of",
    "utility",
    "with_index_fund",
    "worth_of_funds",
]
