"""The plan's menu: what its funds can build, what they cost, and what an account may hold."""

from portlib.retirement.plan_menu.menu import (
    FROZEN,
    PAYMENTS,
    approximate,
    class_assumptions,
    class_mandate,
    class_mix,
    conflicts,
    cost_of_menu,
    coverage,
    equity_share,
    menu_assumptions,
    menu_mandate,
    spanning,
    utility,
    with_index_fund,
    worth_of_funds,
)

__all__ = [
    "FROZEN",
    "PAYMENTS",
    "approximate",
    "class_assumptions",
    "class_mandate",
    "class_mix",
    "conflicts",
    "cost_of_menu",
    "coverage",
    "equity_share",
    "menu_assumptions",
    "menu_mandate",
    "spanning",
    "utility",
    "with_index_fund",
    "worth_of_funds",
]
