"""The plan's menu: what its funds can build, what they cost, and what an account may hold."""

from portlib.retirement.plan_menu.expectations import (
    ANCHORED,
    anchor,
    class_assumptions,
    departure,
    forecasts,
    mean_errors,
    offered,
    reference,
)
from portlib.retirement.plan_menu.exposures import by_evidence, read_plan
from portlib.retirement.plan_menu.menu import (
    approximate,
    class_mandate,
    class_mix,
    conflicts,
    cost_of_menu,
    equity_share,
    menu_assumptions,
    menu_mandate,
    spanning,
    utility,
    with_index_fund,
    worth_of_funds,
)
from portlib.retirement.plan_menu.options import coverage, date_for, dates, each_vintage, series_of

__all__ = [
    "ANCHORED",
    "anchor",
    "approximate",
    "by_evidence",
    "class_assumptions",
    "class_mandate",
    "class_mix",
    "conflicts",
    "cost_of_menu",
    "coverage",
    "date_for",
    "dates",
    "departure",
    "each_vintage",
    "equity_share",
    "forecasts",
    "mean_errors",
    "menu_assumptions",
    "menu_mandate",
    "offered",
    "read_plan",
    "reference",
    "series_of",
    "spanning",
    "utility",
    "with_index_fund",
    "worth_of_funds",
]
