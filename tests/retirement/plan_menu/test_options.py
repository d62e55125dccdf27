"""Every designated option is in the calculation: 29 CFR 2550.408g-1(b)(4)(i)(G), held to its
text."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib.construction.mean_variance import maximum_utility
from portlib.retirement import plan_menu as menu
from portlib.retirement.plan_menu import options
from tests.retirement.plan_menu.cases import AWKWARD, BOTH, EXAMPLE, with_rules

SERIES = "TDIDX"


@pytest.mark.parametrize("plan", BOTH)
def test_nothing_but_annuities_is_left_out(plan):
    table, labels = menu.coverage(plan), set(menu.menu_assumptions(plan).labels)
    assert list(table.index) == list(plan.funds.index)
    assert table["considered"].all()
    for fund, kind in plan.funds["kind"].items():
        options = set(menu.dates(plan)) if kind == "target_date" else {fund}
        assert options and options <= labels


def test_an_annuity_is_described_instead_and_a_menu_of_nothing_else_is_refused():
    funds = AWKWARD.funds.copy()
    funds.loc["HIYLD", "kind"] = "annuity"
    changed = replace(AWKWARD, funds=funds)
    assert "HIYLD" not in menu.menu_assumptions(changed).labels
    left = menu.coverage(changed).query("not considered")
    assert list(left.index) == ["HIYLD"] and left["description"].str.len().min() > 50
    with pytest.raises(ValueError, match="no menu"):
        menu.menu_assumptions(replace(AWKWARD, funds=funds.assign(kind="annuity")))


def test_each_date_of_the_series_is_what_it_holds_on_the_day():
    classes, found = menu.class_assumptions(EXAMPLE), menu.menu_assumptions(EXAMPLE)
    fee, own = EXAMPLE.funds.loc[SERIES, ["expense_ratio", "specific_risk"]].astype(float)
    for years, option in menu.dates(EXAMPLE).items():
        mix = EXAMPLE.vintages.drop(columns="equity").loc[years]
        w = mix.reindex(list(classes.labels)).fillna(0.0).to_numpy(float)
        i = found.labels.index(option)
        assert found.mu[i] == pytest.approx(classes.mean_of(w) - fee)
        assert found.sigma[i, i] == pytest.approx(classes.risk_of(w) ** 2 + own**2)
        assert menu.equity_share(EXAMPLE)[option] == pytest.approx(
            EXAMPLE.vintages["equity"][years]
        )


def test_money_in_the_series_lies_in_the_date_of_ones_own_retirement():
    opened = menu.each_vintage(EXAMPLE)
    assert opened.holdings.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(opened.holdings)))
    retires = EXAMPLE.participants["retirement_age"].fillna(EXAMPLE.rules["normal_retirement_age"])
    for who in EXAMPLE.participants.index[::25]:
        held = opened.holdings.loc[who, list(dict.fromkeys(menu.dates(EXAMPLE)))]
        assert held.sum() == pytest.approx(EXAMPLE.holdings.loc[who, SERIES])
        own = menu.date_for(EXAMPLE, float(retires[who] - EXAMPLE.age[who]))
        assert held.drop(own).sum() == 0
    assert menu.each_vintage(opened) is opened
    with pytest.raises(ValueError, match="no target-date series"):
        menu.date_for(AWKWARD, 20)


def test_rules_of_the_series_hold_for_each_of_its_dates():
    trading = {**EXAMPLE.rules["trading"], "round_trip_days": {SERIES: 30, "INTIDX": 30}}
    wash = {**EXAMPLE.rules["stable_value"], "competing": [SERIES, "GOVMM"]}
    rules = menu.each_vintage(with_rules(EXAMPLE, trading=trading, stable_value=wash)).rules
    options = list(dict.fromkeys(menu.dates(EXAMPLE)))
    assert rules["trading"]["round_trip_days"] == {**dict.fromkeys(options, 30), "INTIDX": 30}
    assert rules["stable_value"]["competing"] == [*options, "GOVMM"]


def test_a_date_of_the_series_may_be_the_whole_portfolio():
    """The limit on single funds spares what is a whole portfolio by itself, so that advice may be
    the series, alone.
    """
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "growth")
    date = menu.date_for(EXAMPLE, 10.0)
    wished = pd.Series(a.mu, list(a.labels))
    wished[date] += 0.5
    told = a.replace(mu=wished.to_numpy(), source="a date to wish for")
    assert maximum_utility(told, mandate, risk_aversion=3)[date] == pytest.approx(1.0)


def test_employer_stock_that_may_be_bought_is_an_option_up_to_its_cap():
    stock = {**EXAMPLE.rules["employer_stock"], "frozen": False}
    plan = with_rules(EXAMPLE, employer_stock=stock)
    a, mandate = menu.menu_assumptions(plan), menu.menu_mandate(plan, "growth")
    wished = a.mu + 0.5 * np.isin(a.labels, stock["fund"])
    told = a.replace(mu=wished, source="hope")
    held = maximum_utility(told, mandate, risk_aversion=3)[stock["fund"]]
    assert 0 < held <= plan.policy["employer_stock_cap"] + 1e-9


def test_employer_stock_has_the_risk_that_the_plans_rules_give_it():
    stock = EXAMPLE.rules["employer_stock"]
    classes = menu.class_assumptions(EXAMPLE)
    rules = {**EXAMPLE.rules, "employer_stock": {**stock, "own_volatility": 0.5}}
    found, wilder = (
        menu.menu_assumptions(p, classes) for p in (EXAMPLE, replace(EXAMPLE, rules=rules))
    )
    i = found.labels.index(stock["fund"])
    more = np.zeros_like(found.sigma)
    more[i, i] = 0.5**2 - stock["own_volatility"] ** 2
    assert wilder.sigma - found.sigma == pytest.approx(more)
    assert (wilder.mu == found.mu).all()


def test_a_plan_without_a_series_is_opened_as_it_is():
    funds = [f for f in EXAMPLE.funds.index if f != SERIES]
    free = replace(EXAMPLE, rules={**EXAMPLE.rules, "default": None}).offering(funds)
    assert menu.each_vintage(free) is free
    opened = menu.each_vintage(EXAMPLE)
    assert menu.each_vintage(opened) is opened
    kinds = {name: cells.dtype for name, cells in EXAMPLE.funds.items()}
    assert {name: cells.dtype for name, cells in opened.funds.items()} == kinds


def test_a_path_without_its_series_in_the_lineup_opens_nothing():
    funds = [f for f in EXAMPLE.funds.index if f != SERIES]
    free = replace(EXAMPLE, rules={**EXAMPLE.rules, "default": None}).offering(funds)
    left = replace(free, vintages=EXAMPLE.vintages)
    assert menu.each_vintage(left) is left and menu.dates(left).empty
    assert options.considered(left).dates == ()
    with pytest.raises(ValueError, match="no target-date series"):
        menu.date_for(left, 20)
