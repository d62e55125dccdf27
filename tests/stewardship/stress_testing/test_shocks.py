"""Shocks: regressions, crises and the least unlikely loss, each by a second method."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from portlib import policy as decisions
from portlib.estimation.shrinkage import CovarianceError, correlation
from portlib.history import GROUPS, long_record
from portlib.records import Assumptions
from portlib.retirement import plan_menu
from portlib.stewardship import stress_testing as sx
from portlib.stewardship.stress_testing import shocks
from portlib.stewardship.stress_testing.stress import reoptimised

few = settings(max_examples=12)

POLICY = decisions.read()

DOF = POLICY["fat_tail_degrees_of_freedom"]

SEEDS = st.integers(0, 2**32 - 1)


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
        classes, {"volatility": {"other": 2.0, "listed real estate": 1.5}}, policy=POLICY
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
    table = reoptimised(the_plan, made, classes)
    assert len(table) == len(made.models) * (1 + len(POLICY["stress_assumptions"]))
    assert (table.loc[table["allowed"], "lost"] > -1e-9).all()
    assert table["turnover"].between(0, 1).all()


@pytest.mark.parametrize("blend", [0.0, POLICY["crisis_correlation_blend"], 1.0])
@pytest.mark.parametrize("shock", [{"us_large_equity": -0.40}, {"yields": 0.02}])
def test_a_shock_in_a_crisis_is_a_regression_under_the_crisis_correlations(classes, blend, shock):
    """By hand, from correlations blended here: those of a calm would pass every other check."""
    names = list(classes.labels)
    block = shocks.crisis_block(POLICY).index
    crisis = shocks.history_of(names, policy=POLICY).loc[block].corr().to_numpy()
    calm = classes.sigma / np.outer(classes.volatility, classes.volatility)
    rho = (1 - blend) * calm + blend * crisis
    sigma = rho * np.outer(classes.volatility, classes.volatility)
    ((name, size),) = shock.items()
    if name == "yields":
        line = shocks.macro_factors(POLICY).loc["yields"]
        b = np.array([line.get(c, 0.0) if c in shocks.SEEN else 0.0 for c in names], float)
        with_it, variance, surprise = sigma @ b, b @ sigma @ b + line["residual"] ** 2, size
    else:
        k = names.index(name)
        with_it, variance, surprise = sigma[:, k], sigma[k, k], size - classes.mu[k]
    expected = classes.mu + with_it / variance * surprise
    found = shocks.propagate(classes, shock, blend, policy=POLICY)
    # the repair of a blended matrix moves a correlation by less than a hundredth
    tight = 1e-9 if blend == 0 else 0.01 * 2 * classes.volatility.max()
    assert found.to_numpy() == pytest.approx(expected, abs=tight)
    if blend:
        quiet = shocks.propagate(classes, shock, policy=POLICY)
        assert np.abs(found - quiet).max() > 3 * np.abs(found.to_numpy() - expected).max()


def test_a_change_of_volatilities_keeps_the_crisis_it_comes_with(classes):
    both = shocks.changed(classes, {"crisis": 0.5, "volatility": {"equity": 1.25}}, policy=POLICY)
    tied = shocks.under_crisis(classes, 0.5, policy=POLICY)
    assert correlation(both.sigma) == pytest.approx(correlation(tied.sigma))
    assert np.abs(correlation(both.sigma) - correlation(classes.sigma)).max() > 0.05
    equity = [c in POLICY["equity_classes"] for c in classes.labels]
    assert both.volatility == pytest.approx(classes.volatility * np.where(equity, 1.25, 1.0))
    assert both.mu.tolist() == classes.mu.tolist()


def test_what_is_bought_rises_and_what_is_lost_is_the_olds_shortfall(the_plan, made, classes):
    """The engine is told to answer with one fund alone: all else follows by hand."""
    funds = plan_menu.menu_assumptions(the_plan, classes)
    only = np.eye(len(funds))[0]
    answer = SimpleNamespace(allocation=SimpleNamespace(w=only))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sx.stress.engine, "best", lambda *_, **__: answer)
        table = reoptimised(the_plan, made, classes).set_index(["change", "posture"])
    for model in made.models:
        row = table.loc[("as assumed", model.posture)]
        old = np.array([model.weights.get(fund, 0.0) for fund in funds.labels])
        assert row["turnover"] == pytest.approx(np.abs(only - old).sum() / 2)
        assert row["bought"] == funds.labels[0]
        assert row["sold"] == funds.labels[int(np.argmin(only - old))]
        worth = [
            w @ funds.mu - model.risk_aversion / 2 * (w @ funds.sigma @ w) for w in (only, old)
        ]
        assert row["lost"] == pytest.approx(worth[0] - worth[1])
        assert row["allowed"]
