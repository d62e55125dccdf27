"""Second methods, properties and bad inputs of the capital market assumptions."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from portlib import data
from portlib.estimation import capital_market_assumptions as cma
from portlib.records import Assumptions, AssumptionsError

few = settings(max_examples=40, deadline=None)
means = st.floats(-0.02, 0.15)
volatilities = st.floats(0.0, 0.4)


@pytest.fixture(scope="module")
def survey():
    return cma.survey_assumptions(10)


@pytest.fixture(scope="module")
def history():
    return data.history()


def geometric_of(assumptions):
    return (
        data.table("horizon_2025_assets").loc[list(assumptions.labels), "geometric_10y"].to_numpy()
    )


# ---- survey and providers


def test_survey_means_risks_and_correlations_are_those_printed(survey):
    printed = data.table("horizon_2025_assets").loc[list(cma.PLAN_CLASSES)]
    correlations = data.table("horizon_2025_correlations").loc[
        list(cma.PLAN_CLASSES), list(cma.PLAN_CLASSES)
    ]
    np.testing.assert_array_equal(survey.mu, printed["arithmetic_10y"])
    np.testing.assert_allclose(survey.volatility, printed["volatility"], rtol=1e-14)
    np.testing.assert_allclose(
        survey.sigma / np.outer(survey.volatility, survey.volatility), correlations, atol=1e-14
    )
    assert survey.rf == printed.loc["cash", "arithmetic_10y"]


def test_survey_horizon_is_the_policy_and_can_be_changed(survey):
    assert "10-year" in survey.source
    twenty = cma.survey_assumptions(20)
    assert (
        twenty.mu[0] == data.table("horizon_2025_assets").loc["us_large_equity", "arithmetic_20y"]
    )
    assert (twenty.sigma == survey.sigma).all()


def test_survey_order_is_that_of_the_classes_asked_for():
    pair = cma.survey_assumptions(10, classes=["cash", "em_equity"])
    whole = cma.survey_assumptions(10)
    assert pair.labels == ("cash", "em_equity")
    assert pair.sigma[0, 1] == pytest.approx(whole.sigma[3, 8])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"horizon_years": 7}, "10 and 20 years, not 7"),
        ({"classes": ["gold"]}, "no class gold"),
        ({"classes": ["inflation"]}, "no class inflation"),
        ({"classes": []}, "universe is empty"),
    ],
)
def test_survey_refuses_what_it_does_not_publish(arguments, says):
    with pytest.raises(ValueError, match=says):
        cma.survey_assumptions(**{"horizon_years": 10, **arguments})


def test_provider_views_are_comparable_and_counted_once():
    views = cma.provider_views(["us_large_equity"]).set_index("provider")["geometric"]
    assert views.index.is_unique
    assert views["Horizon survey"] == 0.0639  # exhibit 17
    assert views["Vanguard"] == pytest.approx((0.041 + 0.061) / 2)
    assert not {"GMO", "BNY", "Horizon Actuarial"} & set(
        views.index
    )  # real; another universe; a later edition


def test_provider_dispersion_against_numpy_and_a_published_one():
    views = cma.provider_views(["us_large_equity"]).query("provider != 'Trimmed mean of 12 firms'")[
        "geometric"
    ]
    spread = cma.provider_dispersion()
    assert spread.loc["us_large_equity", "sd"] == pytest.approx(
        np.std(cma.provider_views(["us_large_equity"])["geometric"], ddof=1)
    )
    trimmed = np.sort(views)[1:-1].std(
        ddof=1
    )  # published after trimming: 1.14 points over twelve firms
    assert trimmed < 0.0114 < views.std(ddof=1)
    assert spread.loc["us_long_bonds", "providers"] == 1
    assert np.isnan(spread.loc["us_long_bonds", "sd"])


# ---- building blocks


@given(
    st.floats(0, 0.06),
    st.floats(-0.02, 0.05),
    st.floats(-0.01, 0.08),
    st.floats(-0.05, 0.05),
    st.sampled_from([1, 10]),
)
@few
def test_equity_blocks_are_what_an_owner_of_the_cash_flows_earns(
    dividend_yield, growth, inflation, change, years
):
    change = change if years == 1 else 0.0
    blocks = cma.equity_building_blocks(dividend_yield, growth, inflation, change)
    dividend, multiple, wealth = (
        4.0 * dividend_yield,
        1.0 / 0.04,
        1.0,
    )  # price = multiple x a base of 4
    base = 4.0 * 0.04
    for _ in range(years):
        now, base = multiple * base, base * (1 + growth) * (1 + inflation)
        multiple *= 1 + change
        wealth *= (multiple * base + dividend) / now
        dividend *= (1 + growth) * (1 + inflation)
    assert wealth ** (1 / years) - 1 == pytest.approx(blocks["total"], abs=1e-12)
    assert blocks.drop("total").sum() == pytest.approx(blocks["total"], abs=1e-15)


def test_bond_blocks_are_what_a_pool_of_defaulting_bonds_earns():
    rng = np.random.default_rng(5)
    defaults = rng.random(400_000) < 0.04
    earned = 0.07 - defaults * (1 - 0.4)
    block = cma.bond_building_blocks(0.07, default_rate=0.04, recovery=0.4)
    assert block["total"] == pytest.approx(0.046, abs=1e-15)
    assert abs(earned.mean() - block["total"]) < 4 * earned.std() / np.sqrt(len(earned))


@pytest.mark.parametrize(
    "rates", [{"default_rate": -0.01}, {"default_rate": 3.0}, {"recovery": 40.0}]
)
def test_bond_blocks_refuse_percentages(rates):
    with pytest.raises(ValueError, match="between 0 and 1"):
        cma.bond_building_blocks(0.07, **rates)


def test_cash_plus_premium_adds():
    assert cma.cash_plus_premium(0.036, 0.03)["total"] == pytest.approx(0.066)


# ---- equilibrium and shrinkage


def test_equilibrium_returns_make_the_market_the_best_portfolio(survey):
    w = np.linspace(1, 2, len(survey))
    w /= w.sum()
    pi = cma.equilibrium_returns(survey.sigma, w, 2.5, rf=survey.rf)
    np.testing.assert_allclose(np.linalg.solve(2.5 * survey.sigma, pi - survey.rf), w, atol=1e-12)
    variance = w @ survey.sigma @ w
    assert w @ pi - survey.rf == pytest.approx(2.5 * variance)


def test_equilibrium_refuses_weights_that_do_not_sum_to_one(survey):
    with pytest.raises(ValueError, match="sum to one, not 9"):
        cma.equilibrium_returns(survey.sigma, np.ones(len(survey)), 2.5)


def sample(n, periods, seed):
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((n, n)) / np.sqrt(n)
    return pd.DataFrame(
        0.005 + 0.01 * rng.standard_normal(n) + 0.04 * rng.standard_normal((periods, n)) @ factor
    )


def test_bayes_stein_against_its_equations_written_differently():
    r = sample(4, 60, 1)
    y, s, t, n, one = r.mean().to_numpy(), r.cov().to_numpy(), 60, 4, np.ones(4)
    inverse = np.linalg.inv(s * (t - 1) / (t - n - 2))
    y0 = (one @ inverse @ y) / (one @ inverse @ one)
    prior_precision = (n + 2) / (
        (y - y0) @ inverse @ (y - y0)
    )  # Jorion's lambda; intensity lambda / (T + lambda)
    shrunk = cma.bayes_stein_means(r)
    assert shrunk.intensity == pytest.approx(prior_precision / (t + prior_precision), rel=1e-12)
    np.testing.assert_allclose(shrunk.mu, y + shrunk.intensity * (y0 - y), atol=1e-15)
    assert shrunk.target == pytest.approx(y0)


def test_bayes_stein_with_one_variance_shrinks_to_the_grand_mean():
    """Orthogonal columns of equal variance: the least-variance portfolio is equal weights."""
    signs = np.array(list(product([1.0, -1.0], repeat=4)))
    r = pd.DataFrame(0.03 * signs + np.array([0.0, 0.01, 0.02, 0.05]))
    shrunk = cma.bayes_stein_means(r)
    assert shrunk.target == pytest.approx(0.02)
    variance = 0.03**2 * 16 / 15 * 15 / 10
    distance = np.square([0.02, 0.01, 0.0, 0.03]).sum() / variance
    assert shrunk.intensity == pytest.approx(6 / (6 + 16 * distance))


@given(st.integers(2, 5), st.integers(0, 10_000), st.floats(0.1, 10), st.floats(-0.05, 0.05))
@few
def test_bayes_stein_follows_units_shifts_and_order(n, seed, scale, shift):
    r = sample(n, 40, seed)
    base = cma.bayes_stein_means(r)
    moved = cma.bayes_stein_means((scale * r + shift).iloc[:, ::-1])
    assert 0 <= base.intensity <= 1
    assert moved.intensity == pytest.approx(base.intensity, rel=1e-6)
    np.testing.assert_allclose(moved.mu[::-1], scale * base.mu + shift, atol=1e-9)


def test_bayes_stein_comes_closer_to_the_truth_than_sample_means(survey):
    plan = survey.select(survey.labels[:8])
    rng = np.random.default_rng(1986)
    inverse = np.linalg.inv(plan.sigma)
    gain = []
    for _ in range(200):
        r = pd.DataFrame(rng.multivariate_normal(plan.mu, plan.sigma, size=40))
        errors = r.mean().to_numpy() - plan.mu, cma.bayes_stein_means(r).mu - plan.mu
        gain.append(np.subtract(*(e @ inverse @ e for e in errors)))
    assert np.mean(gain) > 5 * np.std(gain) / np.sqrt(len(gain))


def test_bayes_stein_refuses_a_sample_shorter_than_its_assets():
    with pytest.raises(ValueError, match="more than 7 periods for 5 assets, got 7"):
        cma.bayes_stein_means(sample(5, 7, 0))


# ---- arithmetic and geometric


@given(means, volatilities, st.sampled_from([1, 2, 10, 30, np.inf]))
@few
def test_arithmetic_and_geometric_invert_each_other(m, s, n):
    g = cma.arithmetic_to_geometric(m, s, n)
    assert g <= m + 1e-15
    assert cma.geometric_to_arithmetic(g, s, n) == pytest.approx(m, abs=1e-13)


@given(means, st.floats(0.0, 0.2))
@few
def test_half_the_variance_is_a_good_approximation_up_to_moderate_risk(m, s):
    assert abs(cma.arithmetic_to_geometric(m, s) - (m - s**2 / 2)) <= s**2 * (abs(m) + s**2) + 1e-15


def test_one_year_needs_no_conversion_and_more_years_approach_the_median():
    by_horizon = [float(cma.arithmetic_to_geometric(0.08, 0.2, n)) for n in (1, 5, 20, 100, np.inf)]
    assert by_horizon[0] == pytest.approx(0.08)
    assert by_horizon == sorted(by_horizon, reverse=True)


def test_geometric_of_lognormal_years_by_simulation():
    rng = np.random.default_rng(10)
    log_variance = np.log1p(0.2**2 / 1.08**2)
    years = np.exp(
        rng.normal(np.log(1.08) - log_variance / 2, np.sqrt(log_variance), size=(50_000, 10))
    )
    assert years.mean() - 1 == pytest.approx(0.08, abs=0.001)
    annual = years.prod(axis=1) ** 0.1 - 1
    error = annual.std() / np.sqrt(len(annual))
    assert abs(annual.mean() - cma.arithmetic_to_geometric(0.08, 0.2, 10)) < 3 * error
    assert abs(np.median(annual) - cma.arithmetic_to_geometric(0.08, 0.2)) < 4 * error


@given(st.lists(st.floats(0.0, 1.0), min_size=9, max_size=9).filter(lambda w: sum(w) > 0.1))
@few
def test_a_long_only_portfolio_compounds_at_no_less_than_its_parts(raw):
    survey = cma.survey_assumptions(10)
    w = np.array(raw) / sum(raw)
    parts = cma.arithmetic_to_geometric(survey.mu, survey.volatility)
    assert cma.portfolio_geometric(survey, w) >= w @ parts - 1e-12


def test_portfolio_geometric_is_what_real_history_compounded_to(history):
    """Sixty-eight years of a monthly rebalanced mix: the formula from its moments against its
    actual growth."""
    pair = history[["us_market", "aaa_corporate"]]
    w = np.array([0.6, 0.4])
    earned = float(np.exp(12 * np.log1p(pair @ w).mean()) - 1)
    compounded = cma.annualised(pair, convention="compounded")
    assert cma.portfolio_geometric(compounded, w) == pytest.approx(earned, abs=0.001)


# ---- history


def test_compounded_moments_against_every_outcome_of_twelve_months():
    """Two states a month with the sample's mean and (ddof 1) covariance: all 4096 years
    enumerated."""
    step = np.array([[0.03, -0.01], [-0.02, 0.02]])
    r = pd.DataFrame(
        np.tile(step, (12, 1)),
        columns=["a", "b"],
        index=pd.period_range("2000-01", periods=24, freq="M"),
    )
    m, half = r.mean().to_numpy(), (step[0] - step[1]) / 2 * np.sqrt(24 / 23)
    ups = np.array(list(product([1.0, -1.0], repeat=12)))
    years = np.prod(1 + m + ups[:, :, None] * half, axis=1) - 1
    found = cma.annualised(r, convention="compounded")
    np.testing.assert_allclose(found.mu, years.mean(axis=0), atol=1e-14)
    np.testing.assert_allclose(found.sigma, np.cov(years, rowvar=False, ddof=0), atol=1e-14)


def test_times_twelve_is_pandas_times_twelve(history):
    pair = history[["us_market", "baa_corporate"]]
    found = cma.annualised(pair, history["bills"])
    np.testing.assert_allclose(found.mu, 12 * pair.mean(), rtol=1e-13)
    np.testing.assert_allclose(found.sigma, 12 * pair.cov(), rtol=1e-12)
    assert found.rf == pytest.approx(12 * history["bills"].mean())
    assert "1949-01 to 2017-03, times 12" in found.source


def test_annualising_refuses_gaps_and_short_histories(history):
    holed = history[["us_market"]].copy()
    holed.iloc[5] = np.nan
    with pytest.raises(ValueError, match="column 'us_market', 1949-06: nan is no return"):
        cma.annualised(holed)
    with pytest.raises(ValueError, match="24 months without gaps: 23"):
        cma.annualised(history[["us_market"]].iloc[:23])


def test_mean_standard_error_by_simulation_and_its_years():
    rng = np.random.default_rng(3)
    found = rng.normal(0.07, 0.16, size=(20_000, 25)).mean(axis=1).std()
    assert cma.mean_standard_error(0.16, 25) == pytest.approx(found, rel=0.02)
    years = cma.years_needed(0.16, 0.01)
    assert stats.norm.ppf(0.975) * cma.mean_standard_error(0.16, years) == pytest.approx(0.01)


@pytest.mark.parametrize("dof", [np.inf, 9])
def test_months_needed_place_a_volatility_by_simulation(dof):
    kurtosis = 3.0 if np.isinf(dof) else 3 + 6 / (dof - 4)
    months = round(cma.months_needed(0.1, kurtosis))
    rng = np.random.default_rng(4)
    draws = (
        rng.standard_normal((4000, months))
        if np.isinf(dof)
        else rng.standard_t(dof, (4000, months)) / np.sqrt(dof / (dof - 2))
    )
    assert np.mean(np.abs(draws.std(axis=1, ddof=1) - 1) <= 0.1) == pytest.approx(0.95, abs=0.02)


# ---- crises


def test_selecting_bad_months_of_normal_returns_is_no_news_though_the_correlation_falls():
    rng = np.random.default_rng(6)
    r = pd.DataFrame(
        rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=200_000), columns=["x", "y"]
    )
    row = cma.crisis_correlations(r, "x").loc["y"]
    a = stats.norm.ppf(0.1)
    hazard = stats.norm.pdf(a) / 0.1
    variance = 1 - a * hazard - hazard**2  # of a standard normal below its tenth percentile
    assert row["expected"] == pytest.approx(0.6 / np.sqrt(0.36 + 0.64 / variance), abs=0.005)
    assert row["worst months"] < 0.4
    assert abs(row["excess"]) < 0.02


def test_joint_crashes_are_news():
    rng = np.random.default_rng(7)
    r = rng.multivariate_normal([0, 0], [[1, 0.1], [0.1, 1]], size=50_000)
    crash = rng.random(50_000) < 0.05
    r[crash] -= np.abs(rng.standard_normal((crash.sum(), 1))) * 4
    assert (
        cma.crisis_correlations(pd.DataFrame(r, columns=["x", "y"]), "x").loc["y", "excess"] > 0.1
    )


def test_crises_refuse_too_few_months(history):
    with pytest.raises(ValueError, match="are 10: a correlation needs at least 20"):
        cma.crisis_correlations(history[["us_market", "bills"]], "us_market", worst=0.01)


def test_windows_of_an_unchanging_law_are_noise_and_of_a_changing_one_are_not():
    rng = np.random.default_rng(12)
    at = pd.date_range("1900-01-31", periods=6000, freq="ME")
    steady = pd.DataFrame(
        rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 6000) * 0.04, at, list("ab")
    )
    found = cma.window_spread(steady, 60)
    assert found["excess"].to_numpy() == pytest.approx(np.ones(3), abs=0.35)
    assert list(found["kind"]) == ["volatility", "volatility", "correlation"]
    turning = steady.copy()
    turning["b"] = np.where(np.arange(6000) // 60 % 2, turning["b"], 2 * turning["b"])
    moved = cma.window_spread(turning, 60)
    assert moved.loc["b", "excess"] > 5 > 2 > moved.loc["a", "excess"]
    assert moved.loc["a with b", "excess"] == pytest.approx(found.loc["a with b", "excess"])
    by_hand = np.sqrt(12) * steady["a"].to_numpy().reshape(-1, 60).std(axis=1, ddof=1)
    assert found.loc["a", ["lowest", "highest"]].tolist() == pytest.approx(
        [by_hand.min(), by_hand.max()]
    )
    with pytest.raises(ValueError, match="not three windows"):
        cma.window_spread(steady.head(100), 60)


# ---- consistency


def test_the_survey_of_the_plan_classes_passes_every_check(survey):
    assert cma.consistency(survey, geometric_of(survey))["holds"].all()


def broken(survey, **change):
    mu, sigma, g = survey.mu.copy(), survey.sigma.copy(), geometric_of(survey).copy()
    if "mean" in change:
        mu[4] = change["mean"]
        g[4] = cma.arithmetic_to_geometric(mu[4], survey.volatility[4])
    if "geometric" in change:
        g[4] = change["geometric"]
    if "copy" in change:  # us_small_equity becomes us_large_equity twice
        sigma[1], sigma[:, 1] = sigma[0], sigma[:, 0]
        sigma[1, 1] = sigma[0, 0]
    return cma.consistency(survey.replace(mu=mu, sigma=sigma, source="broken"), g)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"copy": True}, "correlations: smallest eigenvalue"),
        ({"mean": 0.03}, "lowest Sharpe ratio"),
        ({"geometric": 0.053}, "largest geometric less arithmetic"),
        ({"geometric": 0.0475}, "largest gap to exact conversion"),
    ],
)
def test_each_fault_breaks_its_check(survey, change, check):
    table = broken(survey, **change)
    assert not table.loc[check, "holds"]


def three(mu, risk, correlation):
    correlation = np.array(correlation, float)
    return Assumptions(["a", "b", "c"], mu, correlation * np.outer(risk, risk), rf=0.03)


def checked(assumptions):
    return cma.consistency(
        assumptions, cma.arithmetic_to_geometric(assumptions.mu, assumptions.volatility)
    )["holds"]


def test_too_good_a_hedge_is_found():
    nearly_twins = three(
        [0.08, 0.06, 0.05], [0.16, 0.15, 0.08], [[1, 0.99, 0.2], [0.99, 1, 0.2], [0.2, 0.2, 1]]
    )
    assert not checked(nearly_twins)["attainable over best single Sharpe ratio"]


def test_return_without_regard_to_risk_is_found():
    upside_down = three([0.05, 0.06, 0.08], [0.2, 0.1, 0.08], np.eye(3))
    assert not checked(upside_down)["rank correlation of return and risk"]


def test_a_dominated_class_is_excused_only_when_it_diversifies():
    excused = three(
        [0.05, 0.06, 0.08], [0.1, 0.09, 0.2], [[1, 0, -0.2], [0, 1, 0.7], [-0.2, 0.7, 1]]
    )
    nonsense = three(
        [0.05, 0.06, 0.08], [0.1, 0.09, 0.2], [[1, 0, 0.7], [0, 1, -0.2], [0.7, -0.2, 1]]
    )
    assert cma.dominated(excused).to_numpy().tolist() == [["a", "b", True]]
    assert checked(excused)["dominated without excuse"]
    assert not checked(nonsense)["dominated without excuse"]


def test_twins_do_not_dominate_each_other():
    assert cma.dominated(three([0.05, 0.05, 0.08], [0.1, 0.1, 0.2], np.eye(3))).empty


def test_indefinite_correlations_are_refused_by_name(survey):
    correlation = survey.sigma / np.outer(survey.volatility, survey.volatility)
    correlation[:4, 4] = correlation[4, :4] = -0.9
    with pytest.raises(
        AssumptionsError, match=r"smallest eigenvalue .* weighing most on us_core_bonds"
    ):
        survey.replace(
            sigma=correlation * np.outer(survey.volatility, survey.volatility), source="by hand"
        )
