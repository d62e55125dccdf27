"""Windows, shocks, reverse tests, the committee's rule and what it changes: second methods,
properties, bad inputs."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from portlib import data, plan
from portlib import policy as decisions
from portlib.construction.mandate import Infeasible
from portlib.estimation.shrinkage import CovarianceError, correlation
from portlib.history import GROUPS, long_record
from portlib.records import Assumptions
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement import model_portfolios as mp
from portlib.stewardship import stress_testing as sx
from portlib.stewardship.stress_testing import shocks

few = settings(max_examples=12, deadline=None)
POLICY = decisions.read()
DOF = POLICY["fat_tail_degrees_of_freedom"]
SEEDS = st.integers(0, 2**32 - 1)
AWKWARD = data.ROOT.parent / "tests" / "plans" / "awkward"


@pytest.fixture(scope="module")
def the_plan():
    return plan.read()


@pytest.fixture(scope="module")
def classes(the_plan):
    return plan_menu.class_assumptions(the_plan)


@pytest.fixture(scope="module")
def made(the_plan):
    return mp.suite(the_plan)


@pytest.fixture(scope="module")
def custom(the_plan):
    mix, _ = glidepaths.sleeves(the_plan)
    path = glidepaths.shaped(0.9, 25.0, 0.4, 10.0, fee=0.001)
    return path, path.of_classes(mix)


@pytest.fixture(scope="module")
def tested(the_plan, made, custom):
    return sx.portfolios(the_plan, made, custom[1])


def random_assumptions(seed, n=4):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n, n))
    return Assumptions(
        list("ABCDEFGH"[:n]), rng.normal(0.05, 0.02, n), 0.02 * root @ root.T + 1e-4 * np.eye(n)
    ), rng


# ---- conditional expectation ---------------------------------------------------------------------


@few
@given(SEEDS)
def test_a_shock_is_reproduced_and_everything_else_is_a_regression(seed):
    a, _ = random_assumptions(seed)
    shock = {"B": -0.3, "D": 0.1}
    found = shocks.conditional(a, shock)
    assert found[["B", "D"]].to_numpy() == pytest.approx([-0.3, 0.1], abs=1e-9)
    # second method: the mode of the normal density with B and D held, by a general optimiser
    inverse, mean = np.linalg.inv(a.sigma), pd.Series(a.mu, list(a.labels))

    def distance(x):
        r = mean.copy()
        r["A"], r["C"], r["B"], r["D"] = x[0], x[1], -0.3, 0.1
        d = (r - mean).to_numpy()
        return d @ inverse @ d

    best = optimize.minimize(
        distance,
        [0.0, 0.0],
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000},
    )
    assert found[["A", "C"]].to_numpy() == pytest.approx(best.x, abs=1e-4)


def test_limit_cases_of_a_shock():
    sigma = [[0.04, 0.0, 0.03], [0.0, 0.01, 0.0], [0.03, 0.0, 0.0225]]
    a = Assumptions(["x", "apart", "same"], [0.06, 0.03, 0.05], sigma)
    found = shocks.conditional(a, {"x": -0.34})
    assert found["apart"] == pytest.approx(0.03)  # uncorrelated: as expected before
    assert found["same"] == pytest.approx(
        0.05 - 0.40 * 0.75
    )  # correlation one: its own volatility's share
    assert shocks.conditional(a, {"x": 0.06}).to_numpy() == pytest.approx(a.mu)  # no surprise
    assert shocks.conditional(a, {}).to_numpy() == pytest.approx(a.mu)


def test_shocks_that_cannot_be_are_refused_by_name():
    a = Assumptions(
        ["x", "twin", "cash"], [0.05, 0.05, 0.03], [[0.04, 0.04, 0], [0.04, 0.04, 0], [0, 0, 0]]
    )
    with pytest.raises(ValueError, match="gold, which is none of x, twin, cash"):
        shocks.conditional(a, {"gold": -0.1})
    with pytest.raises(ValueError, match="cash has no risk"):
        shocks.conditional(a, {"cash": -0.1})
    with pytest.raises(ValueError, match="decided by the others"):
        shocks.conditional(a, {"x": -0.1, "twin": 0.1})


@few
@given(SEEDS)
def test_a_factor_is_a_line_and_a_rest(seed):
    a, rng = random_assumptions(seed)
    loadings, rest = {"A": 0.3, "C": -0.2}, 0.01
    wider = shocks.with_factor(a, "prices", loadings, rest)
    assert np.linalg.eigvalsh(wider.sigma)[0] > -1e-12
    draws = rng.multivariate_normal(a.mu, a.sigma, 40_000, method="eigh")
    factor = (draws - a.mu) @ [0.3, 0, -0.2, 0] + rest * rng.standard_normal(40_000)
    scale = wider.volatility[:4] * wider.volatility[4]
    apart = np.cov(draws.T, factor)[4, :4] - wider.sigma[4, :4]
    assert (
        np.abs(apart / scale).max() < 0.03
    )  # five standard errors of a correlation from 40 000 draws
    assert factor.std() == pytest.approx(wider.volatility[4], rel=0.02)


def test_factors_that_cannot_be_are_refused():
    a = Assumptions(["x"], [0.05], [[0.04]])
    with pytest.raises(ValueError, match="x is already an asset"):
        shocks.with_factor(a, "x", {}, 0.1)
    with pytest.raises(ValueError, match="acts through y, which the assumptions lack"):
        shocks.with_factor(a, "prices", {"y": 1.0}, 0.1)
    with pytest.raises(ValueError, match="standard deviation, not -1"):
        shocks.with_factor(a, "prices", {"x": 1.0}, -1)


def test_macro_factors_agree_with_an_econometric_package():
    import statsmodels.api as sm

    table = shocks.macro_factors(POLICY)
    monthly = long_record().months()[["us_market", "aaa_corporate"]]
    yearly = (1 + monthly).resample("YE").prod() - 1
    yearly = yearly[monthly.resample("YE").size() == 12].set_axis(shocks.SEEN, axis=1)
    aaa = long_record()["aaa_yield"].values.resample("YE").last().diff().rename("yields")
    prices = long_record()["core_inflation"].values.loc["1958":"2017"]
    inflation = ((1 + prices).resample("YE").prod() - 1).diff().rename("inflation")
    for factor in (aaa, inflation):
        both = yearly.join(factor, how="inner").dropna()
        fit = sm.OLS(both[factor.name], sm.add_constant(both[list(shocks.SEEN)])).fit()
        row = table.loc[factor.name]
        assert row[list(shocks.SEEN)].to_numpy(float) == pytest.approx(
            fit.params[list(shocks.SEEN)].to_numpy()
        )
        assert row["residual"] == pytest.approx(np.sqrt(fit.mse_resid))
        assert row["r_squared"] == pytest.approx(fit.rsquared)
        assert (row["years"], row["first"], row["last"]) == (
            len(both),
            both.index[0].year,
            both.index[-1].year,
        )


def test_rising_yields_hurt_bonds_and_most_the_longest(classes):
    up, down = (
        shocks.propagate(classes, {"yields": 0.02}, policy=POLICY),
        shocks.propagate(classes, {"yields": -0.02}, policy=POLICY),
    )
    assert (
        up["us_long_bonds"]
        < up["us_core_bonds"]
        < classes.mu[classes.labels.index("us_core_bonds")]
    )
    assert (up + down).to_numpy() / 2 == pytest.approx(classes.mu)  # linear in the shock
    nothing = shocks.propagate(classes, {"inflation": 0.0, "yields": 0.0}, policy=POLICY)
    assert nothing.to_numpy() == pytest.approx(classes.mu)
    with pytest.raises(ValueError, match="shocks on unemployment"):
        shocks.propagate(classes, {"unemployment": 0.03}, policy=POLICY)


# ---- crises --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_crisis_correlations_can_be_had_and_leave_risk_alone(classes, share):
    blended = shocks.under_crisis(classes, share, policy=POLICY)
    assert blended.volatility == pytest.approx(classes.volatility)
    assert blended.mu == pytest.approx(classes.mu)
    rho = correlation(blended.sigma)
    floor = POLICY["correlation_eigenvalue_floor"]
    assert np.linalg.eigvalsh((rho + rho.T) / 2)[0] >= floor * (1 - 1e-6)
    calm = correlation(classes.sigma)
    block = (
        shocks.history_of(classes.labels, policy=POLICY)
        .loc[shocks.crisis_block(POLICY).index]
        .corr()
        .to_numpy()
    )
    assert (
        np.abs(rho - ((1 - share) * calm + share * block)).max() < 0.01
    )  # the repair moves little
    with pytest.raises(CovarianceError):
        shocks.under_crisis(classes, 1.5, policy=POLICY)


def test_the_crisis_block_is_the_fall_of_a_year_in_which_bonds_helped_least():
    block, months = shocks.crisis_block(POLICY), long_record().months()
    assert len(block) >= 12
    assert 1 - (1 + block["us_market"]).prod() >= POLICY["crisis_drawdown"]

    def helped(b):
        return np.mean([b["us_market"].corr(b[x]) for x in GROUPS["bonds"]])

    other = months.loc["1973-01":"1974-09"]
    assert len(other) == 21
    assert helped(block) >= helped(other)


def test_a_policy_without_a_year_long_fall_or_a_stand_in_is_refused():
    with pytest.raises(ValueError, match="lower the policy's depth"):
        shocks.crisis_block(POLICY.replace(crisis_drawdown=0.9))
    with pytest.raises(ValueError, match="no stand-in for gold"):
        sx.window_returns(["cash", "gold"], policy=POLICY)


def test_what_macro_factors_are_follows_the_policy_that_is_asked():
    mix = {"windows": [{"us_market": 1.0}], "history": {"small_value": 1.0}}
    other = POLICY.replace(
        stress_proxies={**POLICY["stress_proxies"], "us_large_equity": mix},
    )
    ours = shocks.macro_factors(POLICY)
    theirs = shocks.macro_factors(other)
    assert not ours.equals(theirs)
    assert shocks.macro_factors(POLICY).equals(ours)  # in any order


# ---- reverse -------------------------------------------------------------------------------------


@few
@given(SEEDS)
def test_the_least_unlikely_loss_is_found_by_a_general_optimiser(seed):
    a, rng = random_assumptions(seed)
    w, loss = rng.dirichlet(np.ones(4)), 0.25
    found = shocks.reverse(a, w, loss, degrees_of_freedom=DOF)
    assert w @ found.shock.to_numpy() == pytest.approx(-loss)
    root = np.linalg.cholesky(a.sigma)
    free = optimize.minimize(
        lambda z: z @ z,
        np.zeros(4),
        jac=lambda z: 2 * z,
        method="SLSQP",
        options={"ftol": 1e-14},
        constraints={
            "type": "eq",
            "fun": lambda z: w @ (a.mu + root @ z) + loss,
            "jac": lambda z: w @ root,
        },
    )
    assert np.sqrt(free.fun) == pytest.approx(found.distance, rel=1e-6)
    assert a.mu + root @ free.x == pytest.approx(found.shock.to_numpy(), abs=1e-5)
    # scaling the portfolio and the loss together changes nothing
    half = shocks.reverse(a, w / 2, loss / 2, degrees_of_freedom=DOF)
    assert half.shock.to_numpy() == pytest.approx(found.shock.to_numpy())


def test_probabilities_are_those_of_the_two_laws():
    a = Assumptions(["x"], [0.07], [[0.16**2]])
    found = shocks.reverse(a, np.ones(1), 0.25, degrees_of_freedom=DOF)
    assert found.normal == pytest.approx(stats.norm.cdf(-0.25, 0.07, 0.16))
    dof = POLICY["fat_tail_degrees_of_freedom"]
    scale = 0.16 * np.sqrt((dof - 2) / dof)
    assert found.student == pytest.approx(stats.t.cdf(-0.25, dof, 0.07, scale))
    assert found.years == pytest.approx((1 / found.normal, 1 / found.student))


def test_a_singular_covariance_needs_no_inverse():
    a = Assumptions(["x", "twin"], [0.05, 0.05], [[0.04, 0.04], [0.04, 0.04]])
    assert shocks.reverse(
        a, np.array([0.5, 0.5]), 0.15, degrees_of_freedom=DOF
    ).shock.to_numpy() == pytest.approx([-0.15, -0.15])


@pytest.mark.parametrize(
    ("mean", "w", "loss"), [(0.05, 1, 0.0), (0.05, 1, -0.1), (0.05, 0, 0.1), (-0.5, 1, 0.2)]
)
def test_losses_that_are_none_are_refused(mean, w, loss):
    with pytest.raises(ValueError, match="a loss must be positive"):
        shocks.reverse(
            Assumptions(["x"], [mean], [[0.04]]), np.array([w]), loss, degrees_of_freedom=DOF
        )


# ---- changed assumptions -------------------------------------------------------------------------


def test_assumptions_change_as_policy_says(classes):
    at = {name: i for i, name in enumerate(classes.labels)}
    lower = shocks.changed(classes, {"mean": {"equity": -0.02, "cash": 0.01}}, policy=POLICY)
    assert lower.mu[at["em_equity"]] == pytest.approx(classes.mu[at["em_equity"]] - 0.02)
    assert lower.mu[at["cash"]] == pytest.approx(classes.mu[at["cash"]] + 0.01)
    assert lower.sigma == pytest.approx(classes.sigma)
    riskier = shocks.changed(
        classes, {"volatility": {"other": 2.0, "stand-ins": 1.5}}, policy=POLICY
    )
    assert riskier.volatility[at["us_core_bonds"]] == pytest.approx(
        2 * classes.volatility[at["us_core_bonds"]]
    )
    assert riskier.volatility[at["us_reits"]] == pytest.approx(
        1.5 * classes.volatility[at["us_reits"]]
    )
    assert correlation(riskier.sigma) == pytest.approx(correlation(classes.sigma))
    assert shocks.changed(classes, {}, policy=POLICY).sigma == pytest.approx(classes.sigma)
    for wrong in ({"mean": {"gold": 0.1}}, {"skew": {}}):
        with pytest.raises(ValueError, match="stress_assumptions"):
            shocks.changed(classes, wrong, policy=POLICY)


def test_the_new_weights_are_worth_more_wherever_the_old_are_allowed(the_plan, made, classes):
    table = sx.reoptimised(the_plan, made, classes)
    assert len(table) == len(made.models) * (1 + len(POLICY["stress_assumptions"]))
    assert (table.loc[table["allowed"], "lost"] > -1e-9).all()
    assert table["turnover"].between(0, 1).all()


# ---- portfolios ----------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [data.ROOT / "plan", AWKWARD])
def test_the_plan_as_held_is_the_sum_of_its_people(folder):
    a_plan = plan.read(folder)
    each, whole = sx.people(a_plan), sx.as_held(a_plan)
    dollars = a_plan.participants["balance"]
    lost = (sx.through_windows(each, policy=POLICY).mul(dollars, axis=0)).sum() / a_plan.assets
    assert lost.to_numpy() == pytest.approx(
        sx.through_windows(whole, policy=POLICY).loc[sx.HELD].to_numpy()
    )
    assert each.mix.sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_fund_of_one_class_returns_what_its_class_does_less_expenses(the_plan):
    pure = the_plan.exposures.index[(the_plan.exposures.max(axis=1) == 1)]
    alone = sx.of_funds(the_plan, pd.DataFrame(np.eye(len(pure)), list(pure), list(pure)))
    windows = sx.window_returns(list(the_plan.exposures.columns), policy=POLICY)
    years = data.table("stress_windows")["months"] / 12
    for fund in pure:
        expected = (
            windows[the_plan.exposures.loc[fund].idxmax()]
            - the_plan.funds.loc[fund, "expense_ratio"] * years
        )
        assert sx.through_windows(alone, policy=POLICY).loc[fund].to_numpy() == pytest.approx(
            expected.to_numpy()
        )


def test_who_holds_only_the_series_holds_the_vintage_of_their_retirement(the_plan):
    series = the_plan.funds.index[the_plan.funds["kind"] == "target_date"][0]
    who = the_plan.participants.index[0]
    holdings = the_plan.holdings.copy()
    holdings.loc[who] = [float(fund == series) for fund in holdings]
    people = the_plan.participants.copy()
    years = int(the_plan.vintages.index[3])
    people.loc[who, "retirement_age"] = the_plan.age[who] + years
    held = sx.people(replace(the_plan, holdings=holdings, participants=people))
    expected = the_plan.vintages.loc[years].drop("equity")
    assert held.mix.loc[who, list(expected.index)].to_numpy() == pytest.approx(expected.to_numpy())
    assert held.cost[who] == pytest.approx(the_plan.funds.loc[series, "expense_ratio"])


def test_employer_stock_has_the_risk_of_its_company(the_plan):
    stock = the_plan.rules["employer_stock"]
    one = sx.of_funds(the_plan, pd.DataFrame([[0.4, 0.6]], ["x"], [stock["fund"], "GOVMM"]))
    assert one.own["x"] == pytest.approx(0.4 * stock["own_volatility"])


def test_weights_that_do_not_sum_to_one_are_refused():
    for bad in (0.9, np.nan):
        with pytest.raises(ValueError, match="class weights of x do not sum to one"):
            sx.mixes(pd.DataFrame([[0.2, bad]], ["x"], ["cash", "us_core_bonds"]))


# ---- windows -------------------------------------------------------------------------------------


def test_every_class_of_the_survey_has_a_return_in_every_window():
    every = [*data.table("horizon_2025_correlations").index, "us_reits"]
    table = sx.window_returns(every, policy=POLICY)
    assert table.shape == (16, len(every))
    assert table.notna().all(axis=None)
    assert (table > -1).all(axis=None)


def test_stand_ins_are_used_only_where_there_is_nothing_better():
    names, source = (
        ["intl_dev_equity", "us_small_equity", "us_core_bonds"],
        data.table("stress_windows"),
    )
    used, returns = sx.proxies(names, policy=POLICY), sx.window_returns(names, policy=POLICY)
    absent = source["intl_dev_equity"].isna()
    assert ((used["intl_dev_equity"] == "") == ~absent).all()
    assert returns["intl_dev_equity"][absent].to_numpy() == pytest.approx(
        source["us_market"][absent].to_numpy()
    )
    assert (used["us_small_equity"] == "").all()
    mix = POLICY["stress_proxies"]["us_core_bonds"]["windows"][0]
    grown = np.prod([(1 + source[column]) ** share for column, share in mix.items()], axis=0)
    assert returns["us_core_bonds"].to_numpy() == pytest.approx(grown - 1)


def test_a_class_without_figures_for_a_window_is_refused():
    proxies = POLICY["stress_proxies"]
    proxies["em_equity"]["windows"] = proxies["em_equity"]["windows"][:1]
    with pytest.raises(ValueError, match="no stand-in of em_equity has returns for oil_shock_bear"):
        sx.window_returns(["em_equity"], policy=POLICY.replace(stress_proxies=proxies))


def test_windows_of_us_shares_and_cash_are_those_of_the_monthly_history():
    history, table = long_record().months(), data.table("stress_windows")
    checked = 0
    for _, row in table.iterrows():
        months = history.loc[str(row["start"]) : str(row["end"])]
        if len(months) == row["months"]:
            checked += 1
            for ours, theirs, apart in (
                ("us_market", "us_market", 2e-3),
                ("bills", "cash", 2e-4),
            ):  # vintages
                assert (1 + months[ours]).prod() - 1 == pytest.approx(row[theirs], abs=apart)
    assert checked == 12


def test_real_returns_take_consumer_prices_off(tested):
    nominal = sx.through_windows(tested, policy=POLICY)
    prices = data.table("stress_windows")["consumer_prices"]
    back = (1 + sx.real(nominal)) * (1 + prices) - 1
    assert back.to_numpy() == pytest.approx(nominal.to_numpy())


# ---- the rule and what it changes ----------------------------------------------------------------


def test_judgement_agrees_with_each_test_made_by_itself(tested, classes):
    table = sx.judged(tested, classes, policy=POLICY)
    past, future = (
        sx.through_windows(tested, policy=POLICY),
        sx.through_shocks(tested, classes, policy=POLICY),
    )
    assert list(table.index) == [name for name in tested.mix.index if name != sx.HELD]
    for name, row in table.iterrows():
        assert row["window return"] == past.loc[name, row["window"]] == past.loc[name].min()
        assert row["shock return"] == future.loc[name].min()
        detail = sx.reversed_loss(tested, classes, name, row["limit"], policy=POLICY)
        assert (row["years, normal"], row["years"]) == pytest.approx(detail.years)
        expected = [
            k
            for k, bad in {
                "windows": past.loc[name].min() < -row["limit"],
                "shocks": future.loc[name].min() < -row["limit"],
                "reverse": row["years"] < POLICY["stress_return_period"],
            }.items()
            if bad
        ]
        assert row["failed"] == ", ".join(expected)


def test_shocks_of_a_portfolio_are_those_of_its_classes(tested, classes):
    table = sx.through_shocks(tested, classes, policy=POLICY)
    expected = shocks.propagate(classes, POLICY["stress_shocks"]["equity crash"], policy=POLICY)
    name = tested.mix.index[0]
    by_hand = sum(tested.mix.loc[name, c] * expected[c] for c in tested.mix) - tested.cost[name]
    assert table.loc[name, "equity crash"] == pytest.approx(by_hand)
    assert table.shape == (len(tested.mix), 2 * len(POLICY["stress_shocks"]))


def test_one_company_passes_windows_and_fails_the_reverse_test(classes):
    mix = pd.DataFrame([[0.4, 0.6]], ["x"], ["us_large_equity", "cash"])
    company = sx.judged(sx.mixes(mix, 0.4 * 0.4, 0.0, 0.20), classes, policy=POLICY)
    index = sx.judged(sx.mixes(mix, 0.0, 0.0, 0.20), classes, policy=POLICY)
    assert company.loc["x", "failed"] == "reverse"
    assert index.loc["x", "failed"] == ""


def limited(a_plan, posture, limit):
    """The plan under another limit for one posture; the milder ones move with it."""
    limits = POLICY["stress_loss_limit"]
    names = list(limits)
    below = {n: min(limits[n], limit) for n in names[: names.index(posture)]}
    above = {n: max(limits[n], limit) for n in names[names.index(posture) :]}
    changed = {**below, **above, posture: limit}
    return replace(a_plan, policy=a_plan.policy.replace(stress_loss_limit=changed))


def test_a_mended_model_passes_obeys_the_mandate_and_is_the_best_that_does(the_plan, made, classes):
    worst = (
        -sx.through_windows(sx.of_funds(the_plan, made.weights().T), policy=POLICY)
        .loc["growth"]
        .min()
    )
    strict = limited(the_plan, "growth", worst - 0.02)
    weights, how = sx.mended(strict, "growth", classes)
    assert weights is not None, how
    one = sx.of_funds(the_plan, weights.to_frame("growth").T, worst - 0.02)
    assert sx.judged(one, classes, policy=POLICY).loc["growth", "failed"] == ""
    funds = plan_menu.menu_assumptions(the_plan, classes)
    rules = sx.menu_rules(the_plan, "growth", classes)
    assert max(rules.violations(weights.to_numpy(), funds).values()) < 1e-7
    aversion = made["growth"].risk_aversion
    worth = (
        funds.mean_of(weights.to_numpy()) - aversion / 2 * funds.risk_of(weights.to_numpy()) ** 2
    )
    assert worth <= made["growth"].utility + 1e-9  # one more rule cannot help
    whole = rules.also(*sx.stress_rules(the_plan, funds.labels, worst - 0.02, classes))
    from portlib.construction import optimize

    ceiling = optimize(funds, whole, risk_aversion=aversion, optimizer="MARKOWITZ")
    assert worth <= ceiling.mean - aversion / 2 * ceiling.risk**2 + 1e-9


def test_a_menu_that_cannot_pass_says_which_rules_conflict(the_plan, classes):
    weights, why = sx.mended(limited(the_plan, "aggressive", 0.10), "aggressive", classes)
    assert weights is None
    assert "no portfolio obeys" in why
    assert "window" in why


def test_a_reverse_test_that_no_aversion_passes_is_said():
    small = plan.read(AWKWARD)
    small = replace(small, policy=small.policy.replace(stress_return_period=10_000))
    weights, why = sx.mended(small, "growth", plan_menu.class_assumptions(small))
    assert weights is None
    assert why == "no risk aversion makes a loss of the limit rare enough"


def test_the_equity_that_passes_is_the_largest_and_never_rises(the_plan, classes, custom):
    years = [30.0, 15.0, 5.0, 0.0, -5.0]
    table = sx.equity_that_passes(the_plan, years, custom[0], classes)
    assert (table["that passes"] <= table["equity"] + 1e-12).all()
    assert (np.diff(table["that passes"]) <= 1e-12).all()
    sleeves, _ = glidepaths.sleeves(the_plan)
    ceiling = 1.0
    for y in years:
        share = table.loc[y, "that passes"]
        both = [
            e * sleeves.loc["equity"] + (1 - e) * sleeves.loc["bonds"]
            for e in (share, share + 0.01)
        ]
        mix = pd.DataFrame(both).set_axis(["it", "more"])
        found = sx.judged(
            sx.mixes(mix, 0.0, custom[0].fee, sx.path_limit(y, policy=POLICY)),
            classes,
            policy=POLICY,
        )["failed"]
        assert found["it"] == ""
        if share < min(table.loc[y, "equity"], ceiling) - 1e-9:
            assert found["more"] != ""
        ceiling = share


def test_the_limit_of_a_path_lies_between_its_points():
    points = POLICY["stress_path_limit"]
    assert sx.path_limit(-20, policy=POLICY) == points[min(points)]
    assert sx.path_limit(60, policy=POLICY) == points[max(points)]
    assert (
        min(points.values())
        < sx.path_limit((min(points) + max(points)) / 2, policy=POLICY)
        < max(points.values())
    )


def test_losses_by_age_are_medians_of_people(the_plan):
    each = sx.people(the_plan)
    table = sx.losses_by_age(the_plan, each, {"all": (0, 130), "nobody": (131, 140)})
    assert list(table.index) == ["all"]
    worst = -sx.through_windows(each, policy=POLICY).min(axis=1)
    assert table.loc["all", "loss"] == pytest.approx(
        (worst * the_plan.participants["balance"]).median()
    )
    assert table.loc["all", "most"] == pytest.approx(worst.max())
    assert table.loc["all", "people"] == len(the_plan.participants)
    saved = the_plan.participants["pay"] * the_plan.participants["deferral_rate"]
    lost = worst * the_plan.participants["balance"]
    years = [x / y if y > 0 else np.inf for x, y in zip(lost, saved, strict=True)]
    assert table.loc["all", "years"] == pytest.approx(np.median(years))


def test_an_infeasible_mandate_is_told_not_raised(monkeypatch, the_plan, classes):
    def refuse(*_, **__):
        raise Infeasible(["a rule", "another"], {"a rule": 0.1})

    monkeypatch.setattr(sx.stress, "best_few", refuse)
    assert "a rule" in sx.mended(the_plan, "growth", classes)[1]
