"""The menu, its rules, its costs and its conflicts against brute force, closed forms and planted
faults.
"""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from portlib import data, policy
from portlib import plan as plans
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Infeasible,
    Mandate,
    Turnover,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import (
    closed_form_minimum_variance,
    frontier,
    maximum_utility,
)
from portlib.records import Assumptions
from portlib.retirement import plan_menu as menu
from portlib.retirement.plan_menu import account_review as review
from portlib.retirement.plan_menu import few_funds, fund_costs
from portlib.retirement.plan_menu.account_review import Trade

OURS = policy.read()
AWKWARD = plans.read(data.ROOT.parent / "tests" / "plans" / "awkward")
EXAMPLE = plans.read(data.ROOT / "plan")
BOTH = [pytest.param(EXAMPLE, id="example"), pytest.param(AWKWARD, id="awkward")]


def with_rules(plan, **rules):
    return replace(plan, rules={**plan.rules, **rules})


# ---- the menu in assumptions ---------------------------------------------------------------------


@pytest.mark.parametrize("plan", BOTH)
def test_fund_figures_by_hand(plan):
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


def test_listed_real_estate_has_the_private_figures():
    classes, survey = menu.class_assumptions(EXAMPLE), data.table("horizon_2025_assets")
    assert (
        classes.mu[classes.labels.index("us_reits")] == survey.loc["real_estate", "arithmetic_10y"]
    )
    assert "us_reits" in classes.source


@pytest.mark.parametrize("plan", BOTH)
def test_every_option_is_considered_or_left_out_for_a_permitted_reason(plan):
    table = menu.coverage(plan)
    assert list(table.index) == list(plan.funds.index)
    assert set(table.index[table["considered"]]) == set(menu.menu_assumptions(plan).labels)
    left = table[~table["considered"]]
    assert set(left["kind"]) <= {"target_date", "annuity"}
    assert (left["description"].str.len() > 50).all()


def test_an_annuity_is_left_out_and_a_menu_of_nothing_else_is_refused():
    funds = AWKWARD.funds.copy()
    funds.loc["HIYLD", "kind"] = "annuity"
    assert "HIYLD" not in menu.menu_assumptions(replace(AWKWARD, funds=funds)).labels
    with pytest.raises(ValueError, match="no menu"):
        menu.menu_assumptions(replace(AWKWARD, funds=funds.assign(kind="annuity")))


# ---- the menu's rules ----------------------------------------------------------------------------


@pytest.mark.parametrize("plan", BOTH)
@pytest.mark.parametrize("posture", ["conservative", "moderate", "growth", "aggressive"])
def test_the_mandate_says_what_the_policy_says_about_what_is_held(plan, posture):
    """Random portfolios, judged by their class mix alone."""
    classes, mandate = menu.class_assumptions(plan), menu.menu_mandate(plan, posture)
    rng, a = np.random.default_rng(1), menu.menu_assumptions(plan)
    stock = plan.rules["employer_stock"]
    large = classes.labels.index("us_large_equity")
    for w in rng.dirichlet(np.full(len(a), 0.4), 60):
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
            and mix.get("us_reits", 0) <= OURS["stand_in_cap"]
            and w.max() <= OURS["max_single_fund"]
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
    frozen = table.loc[table["rule"] == menu.FROZEN, "clause"]
    assert list(frozen) == [EXAMPLE.rules["clauses"]["employer_stock"]]
    silent = menu.menu_mandate(with_rules(AWKWARD, clauses={}), "growth").table()
    assert list(silent.loc[silent["rule"] == menu.FROZEN, "clause"]) == [
        "rules.yml: employer_stock"
    ]


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
            menu.approximate(plan, target),
            menu.class_assumptions(plan),
            menu.menu_assumptions(plan),
        )
        t = np.array([target.get(c, 0.0) for c in classes.labels])
        b = (
            plan.exposures.loc[list(a.labels)]
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
    found = menu.approximate(EXAMPLE, EXAMPLE.exposures.loc["GOVMM"].to_dict())
    assert found.tracking_error == pytest.approx(0.0, abs=1e-6)
    assert found.allocation["GOVMM"] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("target", [{"us_large_equity": 0.5}, {"gold": 1.0}])
def test_a_target_that_is_none_is_refused(target):
    with pytest.raises(ValueError, match="sum to one over known classes"):
        menu.approximate(EXAMPLE, target)


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
            group_limit("r", ["us_reits"], upper=0.10),
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
    """Then more funds than classes make a singular covariance, on which the critical line may fail."""
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


def random_assumptions(rng, n):
    loads = rng.normal(size=(n, 4)) * 0.08
    return Assumptions(
        [f"f{i}" for i in range(n)],
        rng.uniform(0.02, 0.10, n),
        loads @ loads.T + np.diag(rng.uniform(0.02, 0.1, n) ** 2),
        0.02,
        "drawn",
    )


def test_spanning_against_the_frontiers_with_and_without():
    """What a fund adds to the squared Sharpe ratio is alpha^2 / residual variance, alpha of excess
    returns.
    """
    rng = np.random.default_rng(3)
    for _ in range(5):
        a = random_assumptions(rng, 6)
        table = menu.spanning(a)
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

    row = menu.spanning(menu_with(0.0)).loc["mix"]
    assert row["alpha"] == pytest.approx(0, abs=1e-12)
    assert row["beta_sum"] == pytest.approx(1)
    assert row["unexplained"] == pytest.approx(0.03)
    assert menu.spanning(menu_with(0.01)).loc["mix", "alpha"] == pytest.approx(-0.01)


def test_worth_of_a_fund_is_what_the_best_portfolio_loses_without_it():
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "moderate")
    worth = menu.worth_of_funds(a, mandate, risk_aversion=5)
    best = maximum_utility(a, mandate, risk_aversion=5)
    for fund in a.labels[::3]:
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
    survey = data.table("horizon_2025_assets")
    assert a.mu[-1] == pytest.approx(
        survey.loc["intl_dev_equity", "arithmetic_10y"] - OURS["index_fund_cost"]
    )
    best, before = (
        maximum_utility(menu.menu_assumptions(x), menu.menu_mandate(x, "growth"), risk_aversion=3)
        for x in (plan, AWKWARD)
    )
    assert menu.utility(best, 3) > menu.utility(before, 3)


# ---- conflicts of interest -----------------------------------------------------------------------


def choose(plan, bonus=0.0, liking=0.0):
    a = menu.menu_assumptions(plan)
    fund = plan.funds.loc[list(a.labels)]
    told = a.replace(
        mu=a.mu + bonus * fund["revenue_share"].to_numpy() + liking * fund["affiliated"].to_numpy(),
        source="swayed",
    )
    return maximum_utility(told, menu.menu_mandate(plan, "growth"), risk_aversion=3).weights


@pytest.mark.parametrize("plan", BOTH)
def test_weights_ignore_who_is_paid_and_planted_preferences_are_caught(plan):
    rng = np.random.default_rng(5)
    honest = menu.conflicts(plan, choose, rng)
    assert honest["affiliation"] == honest[menu.PAYMENTS] == 0
    assert honest["order of the lineup"] < 1e-9
    assert menu.conflicts(plan, lambda p: choose(p, bonus=1.0), rng)[menu.PAYMENTS] > 1e-3
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


# ---- few funds, whole percents -------------------------------------------------------------------


def brute(a, mandate, aversion, k):
    best = -np.inf
    for funds in combinations(a.labels, k):
        sub = mandate.also(
            group_limit("others", [f for f in a.labels if f not in funds], upper=0.0)
        )
        try:
            best = max(
                best, menu.utility(maximum_utility(a, sub, risk_aversion=aversion), aversion)
            )
        except Infeasible:
            continue
    return best


@pytest.mark.parametrize("seed", range(3))
def test_at_most_k_funds_against_every_subset(seed):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 7)
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(0.5),
            group_limit("g", a.labels[:3], upper=0.6),
        ],
    )
    for k in (2, 3, 4):
        found = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k)
        assert found.utility == pytest.approx(brute(a, mandate, 4, k), abs=2e-9)
        assert (found.allocation.w > 1e-9).sum() <= k
        assert found.gap <= few_funds.WORTH


@pytest.mark.parametrize("seed", range(4))
def test_whole_percents_against_every_portfolio_of_whole_percents(seed):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 4)
    floor = 0.237
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(0.553),
            group_limit("g", a.labels[:2], lower=floor),
        ],
    )
    threes = np.array(list(product(range(56), repeat=3)))
    grid = np.column_stack([threes, 100 - threes.sum(axis=1)])
    grid = grid[(grid[:, 3] >= 0) & (grid[:, 3] <= 55)] / 100
    grid = grid[grid[:, :2].sum(axis=1) >= floor - 1e-12]
    for k, aversion in ((4, 3.0), (3, 8.0), (2, 3.0)):
        some = grid[(grid > 0).sum(axis=1) <= k]
        value = some @ a.mu - aversion / 2 * np.einsum("pi,ij,pj->p", some, a.sigma, some)
        found = few_funds.best_few(
            a, mandate, risk_aversion=aversion, most_funds=k, whole_percent=True
        )
        assert found.utility == pytest.approx(value.max(), abs=2e-9)
        assert np.allclose(100 * found.allocation.w, np.round(100 * found.allocation.w), atol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_fewer_funds_and_whole_percents_never_gain(seed, k):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 10)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6)])
    free = menu.utility(maximum_utility(a, mandate, risk_aversion=4), 4)
    few = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k)
    whole = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k, whole_percent=True)
    assert free + 1e-9 >= few.utility >= whole.utility - 1e-9
    order = rng.permutation(10)
    shuffled = a.select([a.labels[i] for i in order])
    again = few_funds.best_few(
        shuffled,
        Mandate(shuffled.labels, mandate.constraints),
        risk_aversion=4,
        most_funds=k,
        whole_percent=True,
    )
    assert again.allocation.weights[list(a.labels)].equals(
        whole.allocation.weights.rename(again.allocation.objective)
    )


def test_twins_are_interchangeable():
    a = Assumptions(["x", "y", "z"], [0.06, 0.06, 0.03], np.diag([0.04, 0.04, 0.001]))
    found = few_funds.best_few(
        a, Mandate(a.labels, [fully_invested(), long_only()]), risk_aversion=3, most_funds=2
    )
    assert found.allocation["z"] > 0
    assert min(found.allocation["x"], found.allocation["y"]) == 0


def test_few_funds_refuse_what_they_cannot_answer():
    a = random_assumptions(np.random.default_rng(0), 5)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.4)])
    with pytest.raises(NotSolved, match="no portfolio of at most 2 funds"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=2)
    with pytest.raises(NotSolved, match="raise most_solved"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=3, most_solved=0)
    with pytest.raises(ValueError, match="risk aversion"):
        few_funds.best_few(a, mandate, risk_aversion=0, most_funds=3)
    with pytest.raises(ValueError, match="one fund or more"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=0)
    with pytest.raises(ValueError, match="drop distances"):
        few_funds.best_few(
            a, mandate.also(Turnover("t", {"f0": 1.0}, 1.0)), risk_aversion=3, most_funds=3
        )
    with pytest.raises(ValueError, match="add long_only"):
        few_funds.best_few(
            a,
            mandate.without("long only").also(group_limit("x", ["f0"], lower=-1)),
            risk_aversion=3,
        )
    with pytest.raises(Infeasible, match="position limit"):
        few_funds.best_few(
            a, mandate.relaxed({"position limit": -0.3}), risk_aversion=3, most_funds=3
        )


def test_a_search_that_is_cut_short_says_what_is_not_proved():
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "aggressive")
    whole = few_funds.best_few(a, mandate, risk_aversion=1.5, most_funds=5, whole_percent=True)
    short = few_funds.best_few(
        a, mandate, risk_aversion=1.5, most_funds=5, whole_percent=True, most_solved=40
    )
    assert whole.gap <= few_funds.WORTH
    assert short.utility <= whole.utility <= short.bound


# ---- one participant's review --------------------------------------------------------------------

TODAY = date(2026, 11, 16)
EVEN = {"LCIDX": 0.4, "BNDIDX": 0.3, "STABLE": 0.3}


def mandates(holdings, trades=(), on=TODAY, plan=EXAMPLE, posture="moderate"):
    return review.review_mandates(plan, menu.menu_mandate(plan, posture), holdings, trades, on)


def names(found):
    return [{c.name for c in m.constraints} for m in found]


def test_a_blackout_and_a_used_up_quarter_allow_nothing():
    a = menu.menu_assumptions(EXAMPLE)
    span = EXAMPLE.rules["blackouts"][0]
    for on in (span["first"], span["last"]):
        (only,) = mandates(EVEN, on=on)
        found = review.best_of(a, [only], risk_aversion=5)
        assert found.weights[list(EVEN)].to_dict() == pytest.approx(EVEN)
    assert len(mandates(EVEN, on=span["first"] - timedelta(1))) == 2
    allowed = EXAMPLE.rules["trading"]["transfers_per_quarter"]
    past = [Trade(date(2026, 10, 1 + i), "LCIDX", 0.01) for i in range(allowed)]
    assert names(mandates(EVEN, past)) == [{"transfers per quarter"}]
    assert len(mandates(EVEN, past[1:])) == 2
    assert len(mandates(EVEN, past, on=date(2027, 1, 20))) == 2
    assert (
        len(mandates(EVEN, [*past[1:], Trade(past[1].on, "EMACT", 0.1)])) == 2
    )  # two trades, one day


def test_frozen_stock_is_kept_or_sold_but_never_bought():
    held = {"COSTK": 0.015, "BNDIDX": 0.985}
    for one in mandates(held):
        assert one[menu.FROZEN].upper == {"COSTK": 0.015}
    generous = menu.menu_assumptions(EXAMPLE)
    generous = generous.replace(
        mu=generous.mu + 0.3 * np.array([f == "COSTK" for f in generous.labels]),
        source="a stock to wish for",
    )
    assert review.best_of(generous, mandates(held), risk_aversion=5)["COSTK"] == pytest.approx(
        0.015
    )


def test_round_trips_and_minimum_holdings_end_on_their_day():
    days = EXAMPLE.rules["trading"]["round_trip_days"]["EMACT"]
    sold = [Trade(TODAY - timedelta(days - 1), "EMACT", -0.1)]
    assert "round trip" in names(mandates(EVEN, sold))[0]
    assert "round trip" not in names(mandates(EVEN, sold, on=TODAY + timedelta(1)))[0]
    assert "round trip" not in names(mandates(EVEN, [Trade(TODAY, "EMACT", 0.1)]))[0]
    days = EXAMPLE.rules["trading"]["minimum_holding_days"]["HYACT"]
    bought, held = (
        [Trade(TODAY - timedelta(days - 1), "HYACT", 0.05)],
        {"HYACT": 0.05, "BNDIDX": 0.95},
    )
    (first, *_) = mandates(held, bought)
    assert first["minimum holding"].lower == {"HYACT": 0.05}
    assert "minimum holding" not in names(mandates(held, bought, on=TODAY + timedelta(1)))[0]


def test_the_wash_is_a_choice_of_two_and_after_a_sale_of_one():
    both = names(mandates(EVEN))
    assert ["equity wash: stable value not sold" in x for x in both] == [True, False]
    assert ["equity wash: no competing fund bought" in x for x in both] == [False, True]
    days = EXAMPLE.rules["stable_value"]["equity_wash_days"]
    sold = [Trade(TODAY - timedelta(days - 1), "STABLE", -0.1)]
    assert [
        {"equity wash: no competing fund bought"} <= x for x in names(mandates(EVEN, sold))
    ] == [True]
    assert len(mandates(EVEN, sold, on=TODAY + timedelta(1))) == 2


def test_the_better_branch_is_the_best_of_all_that_obey():
    """Against random portfolios that obey the wash, on a menu of three."""
    plan = EXAMPLE.offering(["TDIDX", "BNDIDX", "STABLE", "GOVMM"])
    a, rng = menu.menu_assumptions(plan), np.random.default_rng(8)
    loose = Mandate(a.labels, [fully_invested(), long_only()])
    for _ in range(6):
        held = pd.Series(rng.dirichlet([1, 1, 1]), list(a.labels))
        best = review.best_of(
            a, review.review_mandates(plan, loose, held, [], TODAY), risk_aversion=6
        )
        tried = rng.dirichlet([0.7, 0.7, 0.7], 4000)
        obeys = ~((tried[:, 1] < held["STABLE"]) & (tried[:, 2] > held["GOVMM"]))
        value = tried @ a.mu - 3 * np.einsum("pi,ij,pj->p", tried, a.sigma, tried)
        assert menu.utility(best, 6) >= value[obeys].max() - 1e-9


@pytest.mark.parametrize("plan", BOTH)
def test_no_review_breaks_a_rule_as_read_a_second_time(plan):
    rng, posture = np.random.default_rng(9), "moderate"
    a, mandate = menu.menu_assumptions(plan), menu.menu_mandate(plan, posture)
    start, seen = plan.as_of, 0
    for _ in range(30):
        held = pd.Series(rng.dirichlet(np.full(len(a), 0.5)), list(a.labels))
        on = start + timedelta(int(rng.integers(0, 250)))
        trades = [
            Trade(
                on - timedelta(int(rng.integers(1, 120))),
                str(rng.choice(a.labels)),
                float(rng.choice([-0.1, 0.1])),
            )
            for _ in range(4)
        ]
        try:
            after = review.best_of(
                a, review.review_mandates(plan, mandate, held, trades, on), risk_aversion=5
            ).weights
        except Infeasible:
            continue
        seen += 1
        assert review.broken_rules(plan, held, after, trades, on) == []
    assert seen > 10


def test_the_second_reading_sees_each_rule_broken():
    on, shift = TODAY, {"LCIDX": 0.4, "BNDIDX": 0.3, "STABLE": 0.2, "GOVMM": 0.1}

    def seen(after, trades=(), on=on, before=None):
        both = (
            pd.Series(x).reindex(EXAMPLE.funds.index, fill_value=0.0)
            for x in (before or EVEN, after)
        )
        return review.broken_rules(EXAMPLE, *both, trades, on)

    assert seen(EVEN) == []
    assert seen(shift) == ["equity wash"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "GOVMM": 0.1}, [Trade(on - timedelta(5), "STABLE", -0.1)]
    ) == ["equity wash"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "BNDIDX": 0.4}, on=EXAMPLE.rules["blackouts"][0]["first"]
    ) == ["blackout"]
    assert seen({**EVEN, "LCIDX": 0.3, "COSTK": 0.1}) == ["frozen employer stock"]
    assert seen(
        {**EVEN, "LCIDX": 0.3, "EMACT": 0.1}, [Trade(on - timedelta(5), "EMACT", -0.1)]
    ) == ["round trip"]
    assert seen(
        EVEN, [Trade(on - timedelta(5), "HYACT", 0.1)], before={**EVEN, "LCIDX": 0.3, "HYACT": 0.1}
    ) == ["minimum holding"]
    many = [Trade(date(2026, 10, d), "LCIDX", 0.01) for d in (1, 2, 3, 4)]
    assert seen({**EVEN, "LCIDX": 0.3, "BNDIDX": 0.4}, many) == ["transfers per quarter"]


def test_holdings_elsewhere_are_left_there():
    mandate = menu.menu_mandate(EXAMPLE, "growth")
    someone = EXAMPLE.holdings.index[
        (EXAMPLE.holdings["TDIDX"] > 0) & (EXAMPLE.holdings["TDIDX"] < 1)
    ][0]
    assert review.holdings_considered(EXAMPLE, mandate, someone).sum() == pytest.approx(1)
    all_in = EXAMPLE.holdings.index[EXAMPLE.holdings["TDIDX"] == 1][0]
    with pytest.raises(ValueError, match=all_in):
        review.holdings_considered(EXAMPLE, mandate, all_in)
    with pytest.raises(ValueError, match="not to one"):
        mandates({"LCIDX": 0.5})


def test_locks_that_contradict_the_mandate_are_named():
    held = {"HYACT": 0.5, "BNDIDX": 0.5}
    with pytest.raises(Infeasible, match="minimum holding"):
        review.best_of(
            menu.menu_assumptions(EXAMPLE),
            mandates(held, [Trade(TODAY, "HYACT", 0.5)]),
            risk_aversion=5,
        )


# ---- what funds cost -----------------------------------------------------------------------------


@pytest.mark.parametrize("plan", BOTH)
def test_the_ledger_reconciles_person_by_person(plan):
    table = fund_costs.ledger(plan)
    paid = sum(
        plan.participants["balance"].iloc[i]
        * (plan.holdings.iloc[i] * plan.funds["expense_ratio"]).sum()
        for i in range(len(plan.participants))
    )
    assert table["paid"].sum() == pytest.approx(paid)
    assert table["held"].sum() == pytest.approx(plan.assets)
    assert np.allclose(table["passed_on"] + table["kept"], table["paid"])
    assert (table["of_it_12b1"] <= table["passed_on"] + 1e-9).all()


def test_the_chart_shows_every_restriction():
    chart = fund_costs.comparative_chart(EXAMPLE)
    assert (chart["per_1000"] == 1000 * chart["expense_ratio"]).all()
    said = chart["restrictions"]
    assert "frozen" in said["COSTK"]
    assert str(EXAMPLE.rules["stable_value"]["equity_wash_days"]) in said["STABLE"]
    assert "STABLE" in said["GOVMM"]
    for fund, days in EXAMPLE.rules["trading"]["round_trip_days"].items():
        assert f"{days} days of a sale" in said[fund]
    assert "30 days of a purchase" in said["HYACT"]
    assert said["LCIDX"] == ""


def test_funds_are_compared_with_the_latest_average_of_their_kind():
    table, fees = fund_costs.compared(EXAMPLE), data.table("fund_fees")
    equity = fees[(fees["group"] == "plan_equity_funds") & (fees["year"] == 2024)][
        "expense_ratio"
    ].iloc[0]
    assert table.loc["LGACT", "average"] == equity
    assert table.loc["LGACT", "premium"] == pytest.approx(
        EXAMPLE.funds.loc["LGACT", "expense_ratio"] - equity
    )
    assert list(table.loc[["BNDIDX", "TDIDX"], "group"]) == ["bond", "hybrid"]
    assert table.loc[["STABLE", "COSTK", "GOVMM"], "average"].isna().all()
    assert fund_costs.compared(AWKWARD).loc["BALANC", "group"] == "hybrid"
    assert table["premium"].dropna().is_monotonic_decreasing


def test_findings_about_the_default():
    assert fund_costs.default_findings(EXAMPLE) == []
    fund = EXAMPLE.rules["default"]
    trading = {**EXAMPLE.rules["trading"], "transfers_per_quarter": 0}
    assert len(fund_costs.default_findings(with_rules(EXAMPLE, trading=trading))) == 1
    trading = {**EXAMPLE.rules["trading"], "minimum_holding_days": {fund: 5}}
    assert len(fund_costs.default_findings(with_rules(EXAMPLE, trading=trading))) == 1
    assert fund_costs.default_findings(with_rules(EXAMPLE, default="COSTK")) == [
        "the default is employer stock"
    ]
    assert fund_costs.default_findings(with_rules(EXAMPLE, default=None)) == [
        "the plan names no default"
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.floats(0, 0.02),
    st.floats(-0.01, 0.06),
    st.integers(5, 45),
    st.integers(5, 35),
    st.floats(0, 200),
)
def test_fee_drag_against_an_account_kept_year_by_year(fee, growth, years, retired, recordkeeping):
    row = fund_costs.fee_drag(
        {"it": fee},
        contribution=5000,
        growth=growth,
        years=years,
        retired=retired,
        recordkeeping=recordkeeping,
    )
    free = balance = 0.0
    for _ in range(years):
        free = free * (1 + growth) + 5000
        balance = balance * (1 + growth) * (1 - fee) + 5000 - recordkeeping
    assert row.loc["it", "balance"] == pytest.approx(balance)
    assert row.loc["no cost", "lasts"] == pytest.approx(retired)
    spending = optimize.brentq(
        lambda s: (
            free * (1 + growth) ** retired - s * sum((1 + growth) ** t for t in range(retired))
        ),
        0,
        free * 2,
    )
    lasted = 0
    while balance >= spending / ((1 + growth) * (1 - fee)) - 1e-9 and lasted < retired + 1:
        balance, lasted = balance * (1 + growth) * (1 - fee) - spending, lasted + 1
    assert (
        row.loc["it", "lasts"] - 1 - 1e-6 <= lasted <= row.loc["it", "lasts"] + 1e-6
        or lasted > retired
    )


@pytest.mark.parametrize(
    "wrong", [{"contribution": 10.0, "recordkeeping": 20.0}, {"years": 0}, {"growth": -1.0}]
)
def test_fee_drag_refuses_careers_that_are_none(wrong):
    with pytest.raises(ValueError, match="give a growth"):
        fund_costs.fee_drag(
            {}, **({"contribution": 1000.0, "growth": 0.03, "years": 30, "retired": 20} | wrong)
        )


def test_fee_drag_refuses_percentages():
    with pytest.raises(ValueError, match="a fee is a decimal"):
        fund_costs.fee_drag({"dear": 1.5}, contribution=1000.0, growth=0.03, years=30, retired=20)
