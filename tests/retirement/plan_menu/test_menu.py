"""The menu, its rules, its costs and its conflicts against brute force, closed forms and planted
faults.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from portlib import data
from portlib.construction.mandate import (
    Infeasible,
    Mandate,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
)
from portlib.construction.mean_variance import (
    closed_form_minimum_variance,
    frontier,
    maximum_utility,
)
from portlib.records import Assumptions
from portlib.retirement import plan_menu as menu
from portlib.retirement.plan_menu import engine, expectations, few_funds
from portlib.retirement.plan_menu.menu import FROZEN, PAYMENTS, approximate, spanning
from tests.retirement.plan_menu.cases import (
    AWKWARD,
    BOTH,
    EXAMPLE,
    OURS,
    random_assumptions,
    with_rules,
)

# ---- the menu in assumptions ---------------------------------------------------------------------


@pytest.mark.parametrize("plan", BOTH)
def test_fund_figures_by_hand(plan):
    plan = menu.each_vintage(plan)
    classes, found = menu.class_assumptions(plan), menu.menu_assumptions(plan)
    mean = dict(zip(classes.labels, classes.mu, strict=True))
    for i, fund in enumerate(found.labels):
        held = plan.exposures.loc[fund]
        own = plan.funds.loc[fund, "specific_risk"]
        if plan.rules["employer_stock"] and fund == plan.rules["employer_stock"]["fund"]:
            own = plan.rules["employer_stock"]["own_volatility"]
        variance = own**2 + sum(
            held[a] * held[b] * classes.sigma[classes.labels.index(a), classes.labels.index(b)]
            for a in held.index
            for b in held.index
        )
        assert found.mu[i] == pytest.approx(
            sum(held[c] * mean[c] for c in held.index) - plan.funds.loc[fund, "expense_ratio"]
        )
        assert found.sigma[i, i] == pytest.approx(variance)


def test_listed_real_estate_has_listed_risks_and_no_forecast():
    """Its volatility is that of listed trusts, and whatever is said of its mean is not looked
    at."""
    classes, survey = expectations.class_assumptions(EXAMPLE), data.table("horizon_2025_assets")
    i = classes.labels.index("us_reits")
    assert classes.volatility[i] > survey.loc["real_estate", "volatility"] + 0.005
    told = expectations.forecasts(EXAMPLE)
    mu = told.mu.copy()
    mu[i] += 0.10
    other = expectations.class_assumptions(EXAMPLE, told=told.replace(mu=mu, source="x"))
    assert other.mu == pytest.approx(classes.mu, abs=1e-12)


# ---- the menu's rules ----------------------------------------------------------------------------


def test_a_menu_of_a_series_alone_has_rules_and_is_answered_with_a_date():
    """No limit on single funds, of which there are none; of the dates that each rule allows, that
    which is worth most."""
    alone, aversion = EXAMPLE.offering([EXAMPLE.rules["default"]]), 3.0
    assert set(alone.funds["kind"]) == {"target_date"}
    a, mandate = menu.menu_assumptions(alone), menu.menu_mandate(alone, "growth")
    whole = menu.menu_mandate(EXAMPLE, "growth")
    assert {c.name for c in whole.constraints} - {c.name for c in mandate.constraints} >= {
        "single fund"
    }
    classes = menu.class_assumptions(alone)
    found, gap = engine.best(alone, a, mandate, risk_aversion=aversion, classes=classes)
    allowed = [i for i, one in enumerate(np.eye(len(a))) if mandate.allows(one, a)]
    worth = a.mu - aversion / 2 * np.diag(a.sigma)
    assert 1 < len(allowed) < len(a)
    assert found.w.tolist() == np.eye(len(a))[max(allowed, key=worth.__getitem__)].tolist()
    assert gap == 0


@pytest.mark.parametrize("plan", BOTH)
@pytest.mark.parametrize("posture", ["conservative", "moderate", "growth", "aggressive"])
def test_the_mandate_says_what_the_policy_says_about_what_is_held(plan, posture):
    """Random portfolios, judged by their class mix alone."""
    classes, mandate = menu.class_assumptions(plan), menu.menu_mandate(plan, posture)
    rng, a = np.random.default_rng(1), menu.menu_assumptions(plan)
    stock = plan.rules["employer_stock"]
    large = classes.labels.index("us_large_equity")
    try:
        centre = maximum_utility(a, mandate, risk_aversion=OURS["model_risk_aversion"][posture]).w
    except Infeasible:  # this menu has nothing for the posture: then no portfolio may be allowed
        centre = np.full(len(a), 1 / len(a))
    kinds = menu.each_vintage(plan).funds["kind"]
    single = [i for i, fund in enumerate(a.labels) if kinds[fund] != "target_date"]
    reached = [name for name in plan.exposures.columns if (plan.exposures[name] > 0).any()]
    around, band = expectations.reference(plan, reached), plan.policy["reference_bands"]
    random = rng.dirichlet(np.full(len(a), 0.4), 60)
    for w in [*random, *(0.98 * centre + 0.02 * random)]:
        weights = pd.Series(w, list(a.labels))
        mix = menu.class_mix(plan, weights)
        equity = mix[[c for c in mix.index if c in OURS["equity_classes"]]].sum()
        beta = sum(
            mix[c] * classes.sigma[classes.labels.index(c), large] / classes.sigma[large, large]
            for c in mix.index
        )
        allowed = (
            OURS["equity_floor"][posture] <= equity <= OURS["equity_ceiling"][posture]
            and beta <= OURS["equity_ceiling"][posture]
            and mix.get("us_small_equity", 0) <= OURS["small_equity_cap"]
            and mix.get("us_high_yield", 0) <= OURS["high_yield_cap"]
            and all(
                (1 - band["share"]) * middle - room <= mix[c] <= (1 + band["share"]) * middle + room
                for c in mix.index
                for middle in (around.at(min(max(equity, 0.0), 1.0)).get(c, 0.0),)
                for room in (band.get(c, band["points"]),)
            )
            and w[single].max() <= plan.policy["max_single_fund"]
            and weights[stock["fund"]] <= 0
        )
        assert (max(mandate.violations(w, a).values()) <= 1e-12) == allowed
    best = frontier(
        a,
        mandate.without(
            *[c.name for c in mandate.constraints if c.name not in ("fully invested", "long only")]
        ),
    )
    assert best.minimum_risk().w.sum() == pytest.approx(1)


def test_each_rule_has_a_clause_and_the_plan_gives_its_own():
    table = menu.menu_mandate(EXAMPLE, "growth").table()
    assert (table["clause"] != "").all()
    frozen = table.loc[table["rule"] == FROZEN, "clause"]
    assert list(frozen) == [EXAMPLE.rules["clauses"]["employer_stock"]]
    silent = menu.menu_mandate(with_rules(AWKWARD, clauses={}), "growth").table()
    assert list(silent.loc[silent["rule"] == FROZEN, "clause"]) == ["rules.yml: employer_stock"]


def test_unfrozen_stock_may_be_held_up_to_the_cap():
    stock = {
        **EXAMPLE.rules["employer_stock"],
        "frozen": False,
        "own_volatility": 0.01,
        "daily_volume": 1e12,
    }
    plan = with_rules(EXAMPLE, employer_stock=stock)
    plan = replace(
        plan,
        funds=plan.funds.assign(
            expense_ratio=plan.funds["expense_ratio"].where(plan.funds.index == stock["fund"], 0.02)
        ),
    )
    best = maximum_utility(
        menu.menu_assumptions(plan), menu.menu_mandate(plan, "aggressive"), risk_aversion=1
    )
    assert best[stock["fund"]] == pytest.approx(OURS["employer_stock_cap"], abs=1e-9)


def test_bad_requests_are_refused_by_name():
    with pytest.raises(ValueError, match="'bold'"):
        menu.menu_mandate(EXAMPLE, "bold")
    classes = menu.class_assumptions(EXAMPLE)
    few = classes.select([c for c in classes.labels if c != "us_large_equity"])
    with pytest.raises(ValueError, match="us_large_equity"):
        menu.menu_mandate(EXAMPLE, "growth", few)
    with pytest.raises(ValueError, match="us_high_yield"):
        menu.menu_mandate(
            AWKWARD, "growth", classes.select([c for c in classes.labels if c != "us_high_yield"])
        )


# ---- approximation, spanning, the cost of a menu -------------------------------------------------


def test_the_nearest_portfolio_against_another_solver():
    target = {"us_large_equity": 0.5, "us_small_equity": 0.1, "us_core_bonds": 0.4}
    for plan in (EXAMPLE, AWKWARD):
        found, classes, a = (
            approximate(plan, target),
            menu.class_assumptions(plan),
            menu.menu_assumptions(plan),
        )
        t = np.array([target.get(c, 0.0) for c in classes.labels])
        b = (
            menu.each_vintage(plan)
            .exposures.loc[list(a.labels)]
            .reindex(columns=list(classes.labels), fill_value=0.0)
            .to_numpy()
        )
        own = np.diag(a.sigma - b @ classes.sigma @ b.T)

        def square(w, b=b, t=t, own=own, classes=classes):
            return 1e4 * ((b.T @ w - t) @ classes.sigma @ (b.T @ w - t) + own @ w**2)

        start = np.full(len(a), 1 / len(a))
        other = optimize.minimize(
            square,
            start,
            bounds=[(0, 1)] * len(a),
            constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert found.tracking_error == pytest.approx(np.sqrt(other.fun / 1e4), abs=2e-6)
        assert found.tracking_error <= np.sqrt(other.fun / 1e4) + 1e-9
        assert found.classes.sum() == pytest.approx(1)
        assert found.allocation.mean == pytest.approx(a.mu @ found.allocation.w)


def test_a_target_that_a_fund_is_costs_only_its_own_risk():
    found = approximate(EXAMPLE, EXAMPLE.exposures.loc["GOVMM"].to_dict())
    assert found.tracking_error == pytest.approx(0.0, abs=1e-6)
    assert found.allocation["GOVMM"] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("target", [{"us_large_equity": 0.5}, {"gold": 1.0}])
def test_a_target_that_is_none_is_refused(target):
    with pytest.raises(ValueError, match="sum to one over known classes"):
        approximate(EXAMPLE, target)


@pytest.mark.parametrize("plan", BOTH)
def test_the_cost_of_the_menu_adds_up_and_no_part_is_negative(plan):
    a, mandate = menu.menu_assumptions(plan), menu.menu_mandate(plan, "growth")
    chosen = few_funds.best_few(
        a, mandate, risk_aversion=3, most_funds=3, whole_percent=True
    ).allocation
    cost = menu.cost_of_menu(plan, "growth", chosen)
    assert (cost >= -1e-9).all()
    classes = menu.class_assumptions(plan)
    ideal = Mandate(
        classes.labels,
        [
            fully_invested(),
            long_only(),
            group_limit(
                "e",
                [c for c in classes.labels if c in OURS["equity_classes"]],
                lower=0.6,
                upper=0.85,
            ),
            factor_limit(
                "b",
                dict(zip(classes.labels, classes.sigma[0] / classes.sigma[0, 0], strict=True)),
                upper=0.85,
            ),
            group_limit("s", ["us_small_equity"], upper=0.15),
            group_limit("h", ["us_high_yield"], upper=0.10),
        ],
    )
    assert classes.labels[0] == "us_large_equity"
    at_risk = optimize.brentq(
        lambda aversion: maximum_utility(classes, ideal, risk_aversion=aversion).risk - chosen.risk,
        0.05,
        90,
    )
    assert cost.sum() == pytest.approx(
        maximum_utility(classes, ideal, risk_aversion=at_risk).mean - chosen.mean, abs=1e-7
    )


def test_a_menu_without_own_risks_has_a_cost_too():
    """Then more funds than classes make a singular covariance, on which the critical line may
    fail."""
    stock = {**EXAMPLE.rules["employer_stock"], "own_volatility": 0.0}
    plan = with_rules(
        replace(EXAMPLE, funds=EXAMPLE.funds.assign(specific_risk=0.0)), employer_stock=stock
    )
    a = menu.menu_assumptions(plan)
    for posture, aversion in OURS["model_risk_aversion"].items():
        chosen = maximum_utility(a, menu.menu_mandate(plan, posture), risk_aversion=aversion)
        cost = menu.cost_of_menu(plan, posture, chosen)
        assert cost.min() >= -1e-8
        assert cost.iloc[-1] == pytest.approx(0, abs=1e-7)


def test_expenses_are_the_cost_of_a_menu_of_pure_index_funds():
    """One index fund a class at one price, no own risk: the only cost is that price."""
    classes = OURS["menu_classes"]
    plan = replace(
        AWKWARD,
        exposures=pd.DataFrame(np.eye(len(classes)), classes, classes),
        rules={**AWKWARD.rules, "employer_stock": None},
        funds=pd.DataFrame({"kind": "core", "expense_ratio": 0.004, "specific_risk": 0.0}, classes),
    )
    a, mandate = (
        menu.menu_assumptions(plan),
        menu.menu_mandate(plan, "growth").without("single fund"),
    )
    cost = menu.cost_of_menu(plan, "growth", maximum_utility(a, mandate, risk_aversion=3))
    assert cost["expenses"] == pytest.approx(0.004, abs=1e-9)
    assert (
        cost["classes that the menu lacks"]
        == cost["bundles, and funds' own risks"]
        == pytest.approx(0.0, abs=1e-9)
    )


def test_spanning_against_the_frontiers_with_and_without():
    """What a fund adds to the squared Sharpe ratio is alpha^2 / residual variance, alpha of excess
    returns.
    """
    rng = np.random.default_rng(3)
    for _ in range(5):
        a = random_assumptions(rng, 6)
        table = spanning(a)
        for i, fund in enumerate(a.labels):
            rest = a.select([x for x in a.labels if x != fund])
            excess, of_rest = a.mu - a.rf, rest.mu - a.rf
            gain = excess @ np.linalg.solve(a.sigma, excess) - of_rest @ np.linalg.solve(
                rest.sigma, of_rest
            )
            alpha = table["alpha"].iloc[i] - a.rf * (1 - table["beta_sum"].iloc[i])
            assert gain == pytest.approx(alpha**2 / table["unexplained"].iloc[i] ** 2)
            least, less = (x.risk_of(closed_form_minimum_variance(x.sigma)) for x in (a, rest))
            step = (1 - table["beta_sum"].iloc[i]) ** 2 / table["unexplained"].iloc[i] ** 2
            assert 1 / least**2 - 1 / less**2 == pytest.approx(step)


def test_a_fund_made_of_others_is_spanned_and_stops_being_so_when_it_costs():
    rng = np.random.default_rng(4)
    a, mix = random_assumptions(rng, 4), np.array([0.5, 0.2, 0.2, 0.1])
    b = np.vstack([np.eye(4), mix])

    def menu_with(fee):
        own = np.diag([0, 0, 0, 0, 0.03**2])
        return Assumptions(
            [*a.labels, "mix"], b @ a.mu - np.array([0, 0, 0, 0, fee]), b @ a.sigma @ b.T + own
        )

    row = spanning(menu_with(0.0)).loc["mix"]
    assert row["alpha"] == pytest.approx(0, abs=1e-12)
    assert row["beta_sum"] == pytest.approx(1)
    assert row["unexplained"] == pytest.approx(0.03)
    assert spanning(menu_with(0.01)).loc["mix", "alpha"] == pytest.approx(-0.01)


def test_worth_of_a_fund_is_what_the_best_portfolio_loses_without_it():
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "moderate")
    worth = menu.worth_of_funds(a, mandate, risk_aversion=5)
    best = maximum_utility(a, mandate, risk_aversion=5)
    for fund in [f for f in a.labels if f in EXAMPLE.exposures.index and f != "COSTK"][::3]:
        rest = EXAMPLE.offering([x for x in EXAMPLE.funds.index if x != fund])
        less = maximum_utility(
            menu.menu_assumptions(rest),
            menu.menu_mandate(replace(rest, participants=EXAMPLE.participants), "moderate"),
            risk_aversion=5,
        )
        assert worth[fund] == pytest.approx(
            menu.utility(best, 5) - menu.utility(less, 5), abs=1e-10
        )
    assert (
        menu.worth_of_funds(
            menu.menu_assumptions(AWKWARD), menu.menu_mandate(AWKWARD, "growth"), risk_aversion=3
        )
        .isna()
        .any()
    )


def test_a_missing_class_is_added_at_index_cost():
    plan = menu.with_index_fund(AWKWARD, "intl_dev_equity")
    a = menu.menu_assumptions(plan)
    classes = menu.class_assumptions(plan)
    expected = classes.mu[classes.labels.index("intl_dev_equity")]
    assert a.mu[-1] == pytest.approx(expected - OURS["index_fund_cost"])
    best, before = (
        maximum_utility(menu.menu_assumptions(x), menu.menu_mandate(x, "growth"), risk_aversion=3)
        for x in (plan, AWKWARD)
    )
    assert menu.utility(best, 3) > menu.utility(before, 3)


# ---- conflicts of interest -----------------------------------------------------------------------


def choose(plan, bonus=0.0, liking=0.0):
    a = menu.menu_assumptions(plan)
    fund = menu.each_vintage(plan).funds.loc[list(a.labels)]
    told = a.replace(
        mu=a.mu + bonus * fund["revenue_share"].to_numpy() + liking * fund["affiliated"].to_numpy(),
        source="swayed",
    )
    return maximum_utility(told, menu.menu_mandate(plan, "growth"), risk_aversion=3).weights


@pytest.mark.parametrize("plan", BOTH)
def test_weights_ignore_who_is_paid_and_planted_preferences_are_caught(plan):
    rng = np.random.default_rng(5)
    honest = menu.conflicts(plan, choose, rng)
    assert honest["affiliation"] == honest[PAYMENTS] == 0
    assert honest["order of the lineup"] < 1e-9
    assert menu.conflicts(plan, lambda p: choose(p, bonus=1.0), rng)[PAYMENTS] > 1e-3
    assert menu.conflicts(plan, lambda p: choose(p, liking=0.002), rng)["affiliation"] > 1e-3

    def first(p):
        return pd.Series(np.arange(len(p.funds)) == 0, p.funds.index, dtype=float)

    assert menu.conflicts(plan, first, rng)["order of the lineup"] == 1


@pytest.mark.parametrize("plan", BOTH)
def test_few_funds_ignore_who_is_paid_and_the_order_to_the_last_bit(plan):
    def chosen(p):
        found = few_funds.best_few(
            menu.menu_assumptions(p),
            menu.menu_mandate(p, "growth"),
            risk_aversion=3,
            most_funds=4,
            whole_percent=True,
        )
        return found.allocation.weights

    assert menu.conflicts(plan, chosen, np.random.default_rng(6), draws=3).max() == 0


def test_a_dearer_twin_is_never_preferred_and_a_fee_never_raises_a_weight():
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "moderate")
    base = maximum_utility(a, mandate, risk_aversion=5)
    for i, fund in enumerate(a.labels):
        dearer = a.replace(mu=a.mu - 0.005 * np.eye(len(a))[i], source="one fee raised")
        assert maximum_utility(dearer, mandate, risk_aversion=5)[fund] <= base[fund] + 1e-9


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        ("small company cap", "small_equity_cap"),
        ("high yield cap", "high_yield_cap"),
        ("single fund", "max_single_fund"),
        ("employer stock cap", "employer_stock_cap"),
    ],
)
def test_each_cap_is_the_policys_entry_of_its_name(rule, entry):
    """An entry that is changed moves its own rule to it, and no other rule."""

    def uppers(policy):
        mandate = menu.menu_mandate(replace(EXAMPLE, policy=policy), "growth")
        return {c.name: c.upper for c in mandate.constraints}

    before, after = uppers(OURS), uppers(OURS.replace(**{entry: 0.0917}))
    assert {name for name in before if before[name] != after[name]} == {rule}
    told = after[rule]
    assert set(told.values() if isinstance(told, dict) else [told]) == {0.0917}
