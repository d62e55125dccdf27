"""What a newcomer types: words, nothing, truth values, halves and percentages in every public
function that takes a plain number; months that are not months; labels in another order; names
that are none."""

import inspect
import pkgutil
import re
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

import portlib
from portlib import data, figures, plan, policy, standing
from portlib.construction import anchored, mean_variance, risk_parity, robustness, tail_risk
from portlib.construction.alternatives import smoothing, tail_hedge
from portlib.construction.mandate import (
    Bounds,
    Mandate,
    MandateError,
    TrackingError,
    factor_limit,
    fully_invested,
    group_limit,
    liquidity_limit,
    position_limit,
    score_floor,
)
from portlib.data import DataError
from portlib.documents import words
from portlib.estimation import capital_market_assumptions as cma
from portlib.estimation.draws import moments_test
from portlib.estimation.forecast_record import outcomes, overlap
from portlib.records import Allocation, Assumptions, AssumptionsError
from portlib.retirement import cases, glidepaths, plan_menu, scenarios, taxes
from portlib.retirement.asset_location import location, owners
from portlib.retirement.glidepaths import human_capital
from portlib.retirement.household import Household, average_indexed_earnings
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.model_portfolios import comparison, record
from portlib.retirement.model_portfolios import ways as advice_ways
from portlib.retirement.model_portfolios.capacity import Adviser, Person, person
from portlib.retirement.model_portfolios.managed_account import managed_account
from portlib.retirement.model_portfolios.models import Suite
from portlib.retirement.plan_menu import account_review, expectations, fund_costs, weight_ranges
from portlib.retirement.retirement_income import (
    annuities,
    claiming,
    illustration,
    withdrawal_rates,
)
from portlib.retirement.scenarios import Scenarios
from portlib.stewardship.governance import circuit_breakers
from portlib.stewardship.monitoring import alarms, attribution, performance, trades
from portlib.stewardship.real_plan import as_of, rebalanced, seen_weights, watch
from portlib.stewardship.rebalancing import triggers
from portlib.stewardship.stress_testing import shocks, stress

PLAIN = ("float", "int")
#: Where a number is taken as it comes, because it was checked before.
OWN = ("construction.engines", "construction.mandate", "estimation.months")
KERNELS = ("long_run_variance", "simplex_least_squares")
LAYERS = (
    "estimation",
    "construction",
    "retirement",
    "stewardship.monitoring",
    "stewardship.rebalancing",
    "stewardship.stress_testing",
)


def doors():
    """Every public function of the layers with a parameter that is one plain number."""
    for found in pkgutil.walk_packages(portlib.__path__, "portlib."):
        short = found.name.removeprefix("portlib.")
        if not short.startswith(LAYERS) or short.startswith(OWN):
            continue
        module = import_module(found.name)
        for name, function in vars(module).items():
            if name.startswith("_") or name in KERNELS or not inspect.isfunction(function):
                continue
            if function.__module__ != found.name:
                continue
            for parameter in inspect.signature(function).parameters.values():
                if str(parameter.annotation) in PLAIN:
                    yield pytest.param(function, parameter.name, id=f"{name}-{parameter.name}")


@pytest.mark.parametrize(("function", "name"), list(doors()))
@pytest.mark.parametrize("wrong", [None, "0.05", True, float("nan")], ids=str)
def test_what_is_no_number_is_refused_by_the_parameters_name(function, name, wrong):
    words = name.replace("_", " ").lower()
    with pytest.raises(ValueError, match=rf"(?i)\b{words}\b"):
        function(**{name: wrong})


A = Assumptions(
    ["a", "b", "c"],
    [0.07, 0.05, 0.03],
    [[0.04, 0.01, 0.001], [0.01, 0.02, 0.002], [0.001, 0.002, 0.003]],
    0.02,
    "a test",
)
AT = pd.date_range("2012-01-31", periods=96, freq="ME")
RETURNS = pd.Series(np.random.default_rng(0).normal(0.006, 0.03, 96), AT)


@pytest.mark.parametrize(
    "rule",
    [
        lambda: position_limit(None),
        lambda: position_limit("0.4"),
        lambda: position_limit(True),
        lambda: group_limit("g", ["a"], upper="0.6"),
        lambda: factor_limit("f", None, upper=0.5),
        lambda: score_floor("s", None, 0.5),
        lambda: score_floor("s", {"a": "1"}, 0.5),
        lambda: Bounds("b", 0.0, {"a": None}),
        lambda: TrackingError("t", None, 0.05),
        lambda: TrackingError("t", {"a": 1.0}, "0.05"),
        lambda: liquidity_limit(None, portfolio_value=1.0, share=0.1),
        lambda: liquidity_limit({"a": 1.0}, portfolio_value="1", share=0.1),
    ],
)
def test_rules_are_made_of_numbers(rule):
    with pytest.raises(MandateError, match=r"give|finite"):
        Mandate(A.labels, [fully_invested(), rule()])


@pytest.mark.parametrize(
    "statistic",
    [
        lambda x: tail_risk.historical(x, 0.95),
        lambda x: tail_risk.standard_error(x, 0.9),
        smoothing.inertia,
        lambda x: smoothing.desmoothed(x, 0.5),
        lambda x: smoothing.fitted(x, 1),
    ],
)
@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (RETURNS.drop(AT[40]), "no return for 2015-05"),
        (RETURNS[::-1], "oldest month first"),
        (RETURNS.where(RETURNS.index != AT[3]), "2012-04"),
        (RETURNS.set_axis(pd.date_range("2018-01-05", periods=96, freq="W-FRI")), "weekly"),
        (RETURNS.astype(object).replace(RETURNS.iloc[0], "1.2%"), "text"),
        (RETURNS.iloc[:0], "no months"),
        (None, "returns"),
    ],
    ids=["dropped", "reversed", "missing", "weekly", "text", "empty", "none"],
)
def test_a_holed_history_has_no_statistics(statistic, broken, said):
    with pytest.raises(ValueError, match=said):
        statistic(broken)


def test_a_table_in_percent_is_no_table_of_returns():
    table = pd.DataFrame({"a": RETURNS, "b": RETURNS / 2})
    with pytest.raises(ValueError, match="in percent"):
        cma.annualised(100 * table)
    with pytest.raises(ValueError, match="in percent"):
        cma.window_spread(100 * table, 24)
    with pytest.raises(ValueError, match="in percent"):
        tail_risk.drawdowns(100 * RETURNS)
    bills = pd.DataFrame({"bills": np.full(96, 0.4)}, AT)  # 0.4 percent a month, never a loss
    with pytest.raises(AssumptionsError, match="in percent"):
        cma.annualised(bills)
    with pytest.raises(ValueError, match="column 'bills', the typical month moves by 200%"):
        cma.annualised(5 * bills)


def test_a_table_of_funds_has_its_months_in_its_rows():
    table = pd.DataFrame({"a": RETURNS, "b": RETURNS / 2})
    each = tail_risk.historical(table, 0.9).cvar
    assert each.shape == (2,)
    assert each[0] == pytest.approx(float(tail_risk.historical(RETURNS, 0.9).cvar))
    assert tail_risk.drawdowns(table).shape == (2, 96)


def test_labelled_figures_are_taken_by_their_labels():
    compound = pd.Series({"a": 0.05, "b": 0.04, "c": 0.028})
    straight = cma.consistency(A, compound)
    assert cma.consistency(A, compound[::-1]).equals(straight)
    assert cma.consistency(A, compound.to_dict()).equals(straight)
    for wrong in (compound.iloc[1:], compound.rename({"a": "z"}), [0.05, 0.04]):
        with pytest.raises(AssumptionsError):
            cma.consistency(A, wrong)
    with pytest.raises(ValueError, match=r"in percent|geometric return is 5"):
        cma.consistency(A, 100 * compound)
    w = pd.Series({"c": 0.2, "a": 0.5, "b": 0.3})
    lost = robustness.regret({"x": w, "y": w.loc[["a", "b", "c"]]}, {"t": A}, risk_aversion=4.0)
    assert lost.loc["x"].equals(lost.loc["y"])
    with pytest.raises(AssumptionsError, match="weights"):
        robustness.regret({"x": w.iloc[:2]}, {"t": A}, risk_aversion=4.0)


def test_matrices_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="sigma is nan"):
        cma.equilibrium_returns(A.sigma * np.nan, [0.5, 0.3, 0.2], 2.5)
    with pytest.raises(ValueError, match="not of the assets"):
        cma.equilibrium_returns(A.sigma[:2], [0.5, 0.3, 0.2], 2.5)
    with pytest.raises(ValueError, match="a variance is"):
        cma.equilibrium_returns(A.sigma * 1e4, [0.5, 0.3, 0.2], 2.5)
    with pytest.raises(ValueError, match="same variables"):
        moments_test(np.zeros((50, 2)), [0.0], np.eye(2))


def test_one_asset_is_a_universe():
    one = Assumptions(["a"], [0.05], [[0.02]], 0.02, "a test")
    assert mean_variance.maximum_sharpe(one).w == pytest.approx([1.0])
    assert risk_parity.equal_risk_contributions(one).w == pytest.approx([1.0])


def test_a_search_needs_a_source_of_chance():
    with pytest.raises(ValueError, match="rng"):
        mean_variance.particle_swarm(A, rng=None)


# ---- a household's figures -----------------------------------------------------------------------


def test_benefits_and_incomes_below_zero_are_no_incomes():
    for benefits, other, said in (
        (-10_000, 50_000, "benefits is -10000"),
        (10_000, -50_000, "other income is -50000"),
    ):
        with pytest.raises(ValueError, match=said):
            taxes.taxable_benefits(benefits, other, status="single")


@pytest.mark.parametrize(
    "match", [None, "100%", {"rate": 1.0, "up_to": 0.03}, [{"up_to": 0.03}], [{"rate": "1"}], [5]]
)
def test_a_match_is_a_list_of_tiers(match):
    with pytest.raises(ValueError, match="match"):
        taxes.contribution(60_000, 0.06, match, year=2026, age=40)
    with pytest.raises(ValueError, match="match"):
        Household(age=40, retirement_age=65, match=match)


def test_a_day_of_birth_is_a_date_of_any_kind_and_a_year_has_four_digits():
    days = (date(1951, 3, 1), datetime(1951, 3, 1), pd.Timestamp("1951-03-01"), 1951)
    assert {taxes.rmd_start_age(day) for day in days} == {73.0}
    for wrong in ("1951-03-01", 60, 1951.5, None):
        with pytest.raises(ValueError, match="year of birth"):
            taxes.required_minimum_distribution(100_000, 73, wrong)


def test_people_are_of_the_tables_sexes_and_die_with_a_chance():
    for wrong in ("Female", "M", ""):
        with pytest.raises(ValueError, match="sex"):
            Household(age=40, retirement_age=65, sex=wrong)
        with pytest.raises(ValueError, match="sex"):
            Mortality().survival(40, wrong)
    for chance in (float("nan"), -0.1, 1.5, None):
        with pytest.raises(ValueError, match="chance of dying"):
            Household(age=40, retirement_age=65, mortality=[chance] * 80)
    with pytest.raises(ValueError, match="retirement age 6"):
        Household(age=40, retirement_age=6)
    for name in ("pay", "balance", "deferral_rate", "tax_rate", "age"):
        for wrong in ("5", None, True):
            with pytest.raises(ValueError, match=name.replace("_", " ")):
                Household(**{"age": 40, "retirement_age": 65, name: wrong})


def test_a_fund_of_a_class_that_nobody_knows_is_not_added():
    with pytest.raises(ValueError, match="no class 'gold'"):
        plan_menu.with_index_fund(plan.read(), "gold")


def test_performance_of_a_table_is_by_fund():
    table = pd.DataFrame({"a": RETURNS, "b": RETURNS / 2})
    assert performance.annual_return(table)[1] == performance.annual_return(RETURNS / 2)
    assert performance.volatility(table).shape == (2,)


def test_accounts_are_of_a_participant_and_in_dollars():
    the_plan = plan.read()
    one = owners.owner(the_plan, owners.candidates(the_plan)[0])
    with pytest.raises(ValueError, match="no participant 'P9999'"):
        owners.owner(the_plan, "P9999")
    with pytest.raises(ValueError, match="balances are dollars"):
        replace(one, balances={**one.balances, "roth": float("nan")})
    with pytest.raises(ValueError, match="pay is '5'"):
        replace(one, pay="5")
    nobody = replace(
        the_plan, participants=the_plan.participants.iloc[:0], holdings=the_plan.holdings.iloc[:0]
    )
    with pytest.raises(ValueError, match="no participants"):
        glidepaths.search.sample(nobody)


def test_a_policy_holds_what_its_schema_allows_and_names_the_entry():
    policy = plan.read().policy
    for name in policy.entries:
        for wrong in (None, True, float("nan"), float("inf"), "abc", {}, -1.1, 1e9):
            if wrong == policy[name] and type(wrong) is type(policy[name]):
                continue
            with pytest.raises(DataError, match=name):
                policy.replace(**{name: wrong})


def test_pictures_of_what_cannot_be_drawn_are_refused():
    with pytest.raises(ValueError, match="may not be negative"):
        figures.area(pd.DataFrame({"a": [-1.0, 2.0], "b": [1.0, 1.0]}))
    with pytest.raises(ValueError, match="needs numbers; see a"):
        figures.heatmap(pd.DataFrame({"a": ["x"]}))


# ---- percentages, months and labels where several functions meet them --------------------------


def history() -> pd.DataFrame:
    """Sixty years of made-up months of equity, bonds and inflation."""
    at = pd.date_range("1950-01-31", periods=720, freq="ME")
    drawn = np.random.default_rng(2).normal([0.006, 0.003], [0.04, 0.015], (720, 2))
    return pd.DataFrame(drawn, at, ["equity", "bonds"]).assign(inflation=0.002)


DAYS = pd.DataFrame(
    np.random.default_rng(3).normal(0.0003, 0.01, (300, 2)),
    pd.bdate_range("2020-01-01", periods=300),
    ["C", "F"],
)
HALVES = pd.Series({"C": 0.5, "F": 0.5})
ONE = [1.0] * 50
MIX = pd.DataFrame([[0.6, 0.4]], ["x"], ["us_large_equity", "us_core_bonds"])
FLAT = np.zeros((1, 10, 2))

PERCENT = {
    "scenarios": lambda: Scenarios(np.full((1, 10, 2), 5.0), ("e", "b"), "x"),
    "inflation of scenarios": lambda: Scenarios(
        FLAT, ("e", "b"), "x", inflation=np.full((1, 10), 3.0)
    ),
    "inflation": lambda: scenarios.lognormal(A, 2.0, 2, 5, np.random.default_rng(0)),
    "years of a history": lambda: scenarios.annual(100 * history()),
    "withdrawals": lambda: withdrawal_rates.failures(history(), [4], [0.6], 30),
    "mixes": lambda: withdrawal_rates.failures(history(), [0.04], [60], 30),
    "history": lambda: withdrawal_rates.failures(100 * history(), [0.04], [0.6], 30),
    "equity": lambda: cases.balanced(60),
    "fee": lambda: cases.balanced(0.6, fee=0.5),
    "fees": lambda: fund_costs.fee_drag(
        {"a": 0.5}, contribution=1e4, growth=0.04, years=40, retired=25
    ),
    "real rate": lambda: claiming.couple_worth([2e3, 1e3], [1960] * 2, [800] * 2, [ONE] * 2, 2),
    "rate": lambda: annuities.payout(np.ones(30), 4.5),
    "payout": lambda: annuities.implied_rate(6.5, np.ones(30)),
    "treasury yield": lambda: illustration.illustrate(1e5, 67, 4.0),
    "premium": lambda: human_capital.merton_share(5.0, 0.16, 4.0),
    "real return": lambda: owners.rates(None, real_return=3),
    "bands": lambda: anchored.Bands(25, 0.05, {}),
    "wider bands": lambda: anchored.Bands(0.25, 0.05, {"a": 20}),
    "shock": lambda: shocks.conditional(A, {"a": -30}),
    "crisis": lambda: shocks.under_crisis(A, 50, policy=None),
    "own risk": lambda: stress.mixes(MIX, own=30.0),
    "cost": lambda: stress.mixes(MIX, cost=0.5),
    "loss limit": lambda: stress.mixes(MIX, limit=25.0),
    "bands of days": lambda: rebalanced.drift(5, 25),
    "days": lambda: rebalanced.follow(100 * DAYS, HALVES, rebalanced.never()),
    "new money's target": lambda: triggers.new_money([50, 50], [60, 40], 10),
    "attribution": lambda: attribution.brinson_fachler([0.6, 0.4], [0.5, 0.5], [5.0, 2.0], [1, 2]),
    "fund's expenses": lambda: reviews(expense=pd.Series({"a": 0.5, "b": 0.4})),
    "index fund's cost": lambda: reviews(index_fund_cost=4),
    "bills": lambda: reviews(bills=pd.Series(0.2, AT)),
}


def reviews(**other):
    table = pd.DataFrame({"a": RETURNS, "b": RETURNS / 2})
    given = {
        "net": table - 0.0001,
        "benchmark": table,
        "bills": pd.Series(0.002, AT),
        "expense": pd.Series({"a": 0.004, "b": 0.004}),
        "index_fund_cost": 0.0005,
    }
    return performance.reviews(**{**given, **other})


@pytest.mark.parametrize("call", PERCENT.values(), ids=PERCENT)
def test_a_percentage_is_no_decimal(call):
    with pytest.raises(ValueError, match=r"give a number|in percent|sum to 100|decimal"):
        call()


MISSING = {
    "returns of scenarios": lambda: Scenarios(FLAT * np.nan, ("e", "b"), "x"),
    "shape of scenarios": lambda: Scenarios(FLAT, ("e",), "x"),
    "months of a history": lambda: scenarios.annual(history().drop(history().index[50])),
    "runs": lambda: withdrawal_rates.runs(history().drop(history().index[50]), 0.6, 30),
    "newest first": lambda: withdrawal_rates.runs(history()[::-1], 0.6, 30),
    "cohorts": lambda: scenarios.cohorts(10, history().drop(history().index[50])),
    "a column": lambda: withdrawal_rates.runs(history()[["equity"]], 0.6, 30),
    "years": lambda: withdrawal_rates.runs(history(), 0.6, 0),
    "a day": lambda: rebalanced.follow(DAYS.mask(DAYS > 0.02), HALVES, rebalanced.daily()),
    "days in order": lambda: rebalanced.fall(DAYS["C"][::-1]),
    "any day": lambda: rebalanced.growth(DAYS["C"][:0]),
    "earnings": lambda: average_indexed_earnings({}, 1960),
    "an alarm's measure": lambda: alarms.alerts({}, policy=None),
    "an alarm's months": lambda: alarms.alerts({"volatility": RETURNS[:0]}, policy=None),
    "an alarm's order": lambda: alarms.alerts({"volatility": RETURNS[::-1]}, policy=None),
    "a measured error": lambda: anchored.forecast_errors(A, {"equity": 0.02}, equity=["a"]),
    "a shock": lambda: shocks.conditional(A, {"a": float("nan")}),
    "a holding": lambda: triggers.new_money([50, float("nan")], [0.6, 0.4], 10),
    "a return by class": lambda: attribution.brinson_fachler(
        [0.6, 0.4], [0.5, 0.5], [float("nan"), 0.02], [0.01, 0.02]
    ),
    "numbers of a series": lambda: performance.volatility(RETURNS.astype(str)),
}


@pytest.mark.parametrize("call", MISSING.values(), ids=MISSING)
def test_what_is_missing_or_out_of_order_is_named(call):
    with pytest.raises(
        ValueError, match=r"no return|give|missing|order|lack|not \(|after|has no|no measured"
    ):
        call()


def test_figures_by_class_are_taken_by_their_labels():
    wp, wb = pd.Series({"a": 0.6, "b": 0.4}), pd.Series({"a": 0.5, "b": 0.5})
    rp, rb = pd.Series({"a": 0.01, "b": 0.02}), pd.Series({"a": 0.01, "b": 0.03})
    straight = attribution.brinson_fachler(wp, wb, rp, rb)
    turned = attribution.brinson_fachler(wp, wb[::-1], rp, rb[::-1])
    for one, other in zip(straight, turned, strict=True):
        assert one.tolist() == other.tolist()
    for wrong in (rb.rename({"a": "z"}), rb.to_numpy(), rb.iloc[:1]):
        with pytest.raises(ValueError, match="same classes"):
            attribution.brinson_fachler(wp, wb, rp, wrong)

    months = pd.DataFrame({"a": RETURNS, "b": RETURNS / 2})
    costs = pd.Series({"a": 0.01, "b": 0.0})
    traded = [
        triggers.backtest(months, {"a": 0.5, "b": 0.5}, triggers.calendar(1), cost=cost).costs.sum()
        for cost in (costs, costs[::-1])
    ]
    assert traded[0] == traded[1] > 0
    with pytest.raises(ValueError, match="name every asset"):
        triggers.backtest(months, {"a": 0.5, "b": 0.5}, None, cost=costs.rename({"a": "z"}))
    with pytest.raises(ValueError, match="not of the funds"):
        rebalanced.follow(DAYS, HALVES.rename({"F": "G"}), rebalanced.never())
    with pytest.raises(ValueError, match="do not cover"):
        anchored.implied_price_of_risk(A, {"a": 0.5, "z": 0.5})
    with pytest.raises(ValueError, match="is there twice"):
        reviews(net=pd.concat([months, months["a"]], axis=1))
    with pytest.raises(ValueError, match="not of the same days"):
        seen_weights.marked(DAYS["C"], DAYS.shift(1, freq="B"), DAYS, 60)


# ---- names that are none ------------------------------------------------------------------------

NOBODY = "no such thing"


@cache
def ours():
    return plan.read(data.ROOT / "plan")


@cache
def desk():
    """Advice on the example plan without models, its classes all alike."""
    labels = list(ours().exposures)
    classes = Assumptions(labels, [0.05] * len(labels), 0.04 * np.eye(len(labels)), 0.01, "typed")
    return Adviser(ours(), Suite((), {}, {}, "2026-01-01"), classes, instrument=None)


def ways():
    both = np.array([[0.0, 0.01], [0.01, 0.0]])
    return comparison.Judged(("x", "y"), np.ones(2), both, both, both, k=1.0)


def tilted():
    return pd.Series({NOBODY: 0.5, "BNDIDX": 0.5})


TESTED = stress.mixes(pd.DataFrame({"a": [1.0]}, ["one"]))
CHARACTER = pd.DataFrame(0.0, ["a", "b"], ["interest", "qualified", "realised"])
EARNED = pd.DataFrame(0.05, list("abc"), ["taxable", "sheltered", "risk_kept"])
RATES = location.Rates(0.3, 0.2, 0.1, 0.25)
OTHER = Assumptions([NOBODY, "b", "c"], A.mu, A.sigma, A.rf, "other")

UNKNOWN = {
    "posture of a stress test": lambda: stress.mended(ours(), NOBODY, A),
    "posture's equity": lambda: advice_ways.target_equity(desk(), 10.0, NOBODY, 1.0),
    "posture's aversion": lambda: comparison.aversion_of(desk(), NOBODY),
    "posture's rules": lambda: plan_menu.menu_mandate(ours(), NOBODY),
    "posture managed": lambda: managed_account(Person(age=50.0), desk(), NOBODY),
    "posture of a record": lambda: record.record(
        [], RETURNS.to_frame(), ours().policy, NOBODY, reference=None, rivals={}
    ),
    "model": lambda: desk().suite[NOBODY],
    "fund tested": lambda: stress.of_funds(ours(), tilted().to_frame("one").T),
    "fund mixed": lambda: plan_menu.class_mix(ours(), tilted()),
    "fund departing": lambda: expectations.departure(ours(), tilted(), desk().classes),
    "fund of advice": lambda: advice_ways.mixture(desk(), tilted(), 10.0),
    "fund's cost": lambda: advice_ways.cost_of(desk(), tilted()),
    "fund's category": lambda: words.of_category(ours(), NOBODY),
    "portfolio": lambda: stress.reversed_loss(TESTED, A, NOBODY, 0.2, policy=ours().policy),
    "group": lambda: TESTED.only(NOBODY),
    "stand-in": lambda: shocks.stand_ins(["cash"], NOBODY, policy=ours().policy),
    "participant advised": lambda: person(ours(), NOBODY),
    "participant located": lambda: owners.owner(ours(), NOBODY),
    "participant reviewed": lambda: account_review.holdings_considered(
        ours(), Mandate(["LCIDX"], []), NOBODY
    ),
    "lives": lambda: desk().lives(NOBODY),
    "way": lambda: ways().gain(NOBODY, "x"),
    "constraint": lambda: Mandate(["a"], [fully_invested()])[NOBODY],
    "entry of a policy": lambda: policy.allowed(NOBODY),
    "chapter": lambda: standing.months_of(NOBODY),
    "asset left out": lambda: anchored.anchored(
        A,
        reference={"a": 0.5, "b": 0.5},
        errors=pd.Series(0.01, list(A.labels)),
        tau=0.1,
        shared=0.5,
        author="x",
        as_of="2026-01-01",
        without=[NOBODY],
    ),
    "asset of scenarios": lambda: Scenarios(FLAT, (NOBODY, "b"), "x").of(MIX),
    "sleeve": lambda: glidepaths.Glidepath("p", [0.0], [0.5]).of_classes(
        pd.DataFrame(1.0, [NOBODY, "bonds"], ["x"])
    ),
    "account": lambda: location.pairs(A, EARNED, [NOBODY]),
    "class in an account": lambda: location.pairs(OTHER, EARNED, ["roth"]),
    "class taxed": lambda: location.equivalents(OTHER, CHARACTER, RATES, 10.0),
    "column of characters": lambda: location.equivalents(
        A.select(["a", "b"]), CHARACTER.rename(columns={"qualified": NOBODY}), RATES, 10.0
    ),
    "column of after-tax returns": lambda: location.best_order(EARNED),
    "filing status": lambda: taxes.senior_deduction(1e4, year=2026, status=NOBODY, over_65=1),
    "kind of income": lambda: taxes.marginal_rate(NOBODY, year=2026, status="single"),
    "column of trades": lambda: trades.trade_quality(pd.DataFrame({NOBODY: [1.0]})),
    "column of forecasts": lambda: outcomes.summary(pd.DataFrame({NOBODY: [1.0]})),
    "fund watched": lambda: watch.watched(tilted(), tilted(), A, policy=ours().policy),
    "breaker": lambda: circuit_breakers.risk_limits({NOBODY: {}}, policy=ours().policy),
    "part of assumptions": lambda: Assumptions.from_json({NOBODY: 1}),
    "part of an allocation": lambda: Allocation.from_json(
        {"schema": "prudent-by-construction/allocation/1"}
    ),
    "column of windows": lambda: overlap.decade_phases(pd.DataFrame({NOBODY: [1.0]})),
    "column of a hedge": lambda: tail_hedge.less_equity_for(pd.DataFrame({NOBODY: [1.0]}), np.std),
    "posture's range": lambda: weight_ranges.ranges(EARNED, {NOBODY: EARNED.T}, level=0.5),
    "fund of months": lambda: as_of.came(None, tilted(), MIX),
    "part of a mandate": lambda: Mandate.from_json({NOBODY: 1}),
}


@pytest.mark.parametrize("call", UNKNOWN.values(), ids=UNKNOWN)
def test_a_name_that_is_none_is_told_with_those_that_there_are(call):
    with pytest.raises(ValueError, match=r"no such thing|no column|no part|missing") as refused:
        call()
    assert re.search(
        r"; (there are|did you mean|use one of|an? \w+ has|assumptions have) ", str(refused.value)
    )


def test_the_series_costs_what_its_dates_do():
    fee = float(ours().funds["expense_ratio"]["TDIDX"])
    assert advice_ways.cost_of(desk(), {"TDIDX": 0.5, "BNDIDX": 0.5}) == pytest.approx(
        0.5 * fee + 0.5 * float(ours().funds["expense_ratio"]["BNDIDX"])
    )
    assert {fee} == {desk().expense[date] for date in plan_menu.dates(ours())}
