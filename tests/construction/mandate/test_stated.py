"""Limits of a plan's documents as rules: every kind binds, looks through funds, or is refused."""

import numpy as np
import pandas as pd
import pytest

from portlib.construction.mandate import Mandate, MandateError, fully_invested, long_only
from portlib.construction.mandate.stated import Menu, stated_rules
from portlib.construction.mean_variance import maximum_utility
from portlib.inputs import Stated
from portlib.inputs.mandate import KINDS
from portlib.records import Assumptions

LABELS = ("STOCK", "MIXED", "BOND")
MENU = Menu(
    LABELS,
    pd.DataFrame(
        {"us_large_equity": [1, 0.5, 0], "us_core_bonds": [0, 0.5, 1]}, index=list(LABELS)
    ),
    {"us_large_equity": "equity", "us_core_bonds": "fixed_income"},
    {"STOCK": 0.004, "MIXED": 0.006, "BOND": 0.001},
    {"STOCK": 0.2, "MIXED": 0.3, "BOND": 0.5},
)
ASSETS = Assumptions(
    LABELS, [0.08, 0.05, 0.03], np.diag([0.0256, 0.01, 0.0036]), 0.02, "made for the test"
)
#: By kind: arguments, and the excess of all in STOCK over the limit, by hand.
CASES = {
    "position_limit": ({"upper": 0.4}, 0.6),
    "position_floor": ({"funds": ["BOND"], "lower": 0.1}, 0.1),
    "exclusion": ({"funds": ["STOCK", "NOT_HERE"]}, 1.0),
    "group_limit": ({"funds": ["STOCK", "MIXED"], "upper": 0.5}, 0.5),
    "class_limit": ({"classes": ["us_core_bonds"], "lower": 0.3}, 0.3),
    "role_limit": ({"role": "equity", "upper": 0.7}, 0.3),
    "score_floor": ({"scores": {"STOCK": 40, "MIXED": 50, "BOND": 60}, "floor": 55}, 15),
    "expense_limit": ({"upper": 0.003}, 0.001),
    "volatility_limit": ({"limit": 0.1}, 0.06),
    "tracking_error": ({"benchmark": {"BOND": 1.0}, "limit": 0.05}, 0.0292**0.5 - 0.05),
    "turnover": ({"limit": 0.2}, 0.6),
    "liquidity_limit": (
        {"daily_volume": {"STOCK": 1e6}, "portfolio_value": 1e7, "share": 5},
        0.5,
    ),
}


def rule(kind, arguments, penalty=None, menu=MENU):
    stated = Stated(f"my {kind}", kind, "section 4", arguments, penalty)
    return stated_rules([stated], menu)[0]


def test_every_kind_of_the_format_has_its_rule():
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_the_excess_is_what_it_is_by_hand(kind):
    arguments, excess = CASES[kind]
    made = rule(kind, arguments)
    assert made.excess({"STOCK": 1.0, "MIXED": 0.0, "BOND": 0.0}, ASSETS) == pytest.approx(excess)
    assert made.clause == "section 4" and made.name == f"my {kind}"


@pytest.mark.parametrize("kind", CASES)
def test_the_best_portfolio_obeys_it(kind):
    made = rule(kind, CASES[kind][0])
    mandate = Mandate(LABELS, [fully_invested(), long_only(), made])
    best = maximum_utility(ASSETS, mandate, risk_aversion=2)
    assert made.excess(dict(zip(LABELS, best.w, strict=True)), ASSETS) <= 1e-6


def test_a_penalty_makes_it_soft():
    assert rule("role_limit", CASES["role_limit"][0], penalty=0.01).penalty == 0.01


@pytest.mark.parametrize(
    ("kind", "arguments", "menu", "message"),
    [
        ("exclusion", {"funds": ["X"]}, MENU, "names X, none of which is optimised over"),
        ("position_floor", {"funds": ["X"], "lower": 0.1}, MENU, "asks for X, not among"),
        ("score_floor", {"scores": {"STOCK": 1}, "floor": 1}, MENU, "the score of MIXED, BOND"),
        ("turnover", {"limit": 0.2}, Menu(*list(vars(MENU).values())[:4]), "nothing is held now"),
        ("tracking_error", {"benchmark": {"X": 1.0}, "limit": 0.1}, MENU, "benchmark holds X"),
        ("haircut", {}, MENU, "no rule is made of 'haircut'"),
    ],
)
def test_what_cannot_be_a_rule_of_these_assets_is_refused(kind, arguments, menu, message):
    with pytest.raises(MandateError, match=message):
        rule(kind, arguments, menu=menu)


def test_limits_on_some_funds_and_on_both_sides_are_those_stated():
    """Every number of a clause at its own fund, side and unit, read back from the rule."""
    some = rule("position_limit", {"funds": ["MIXED"], "upper": 0.4})
    assert some.upper == {"MIXED": 0.4}
    floor = rule("position_floor", {"funds": ["BOND", "MIXED"], "lower": 0.1})
    assert floor.lower == {"BOND": 0.1, "MIXED": 0.1}
    for kind, who in (
        ("group_limit", {"funds": ["STOCK", "MIXED"]}),
        ("class_limit", {"classes": ["us_large_equity"]}),
        ("role_limit", {"role": "equity"}),
    ):
        made = rule(kind, {**who, "lower": 0.2, "upper": 0.6})
        assert (made.lower, made.upper) == (0.2, 0.6)
        half = 1.0 if kind == "group_limit" else 0.5
        held = {k: v for k, v in made.coefficients.items() if v}
        assert held == {"STOCK": 1.0, "MIXED": half}
        low = made.excess({"STOCK": 0.0, "MIXED": 0.0, "BOND": 1.0}, ASSETS)
        assert low == pytest.approx(0.2)
    cheap = rule("expense_limit", {"upper": 0.003})
    assert dict(cheap.coefficients) == MENU.expenses and cheap.upper == 0.003
    turned = rule("turnover", {"limit": 0.2})
    assert turned.excess(MENU.current, ASSETS) <= 0
