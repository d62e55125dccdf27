"""Performance, attribution, alerts and trades against brute force, closed forms, simulation and
other formulas."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import history, plan, policy
from portlib.class_returns import class_returns
from portlib.estimation.draws import block_bootstrap
from portlib.records import Assumptions
from portlib.retirement import plan_menu
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import Watched, attribution, performance
from portlib.stewardship.monitoring.performance import Record

POLICY = policy.read()
COST = POLICY["index_fund_cost"]
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=30, deadline=None)


def watched(n: int = 4, *, own: float = 0.02) -> Watched:
    """Funds that are mixtures of three classes."""
    sigma = np.array([[0.03, 0.01, 0.001], [0.01, 0.02, 0.002], [0.001, 0.002, 0.004]])
    classes = Assumptions(["stocks", "small", "bonds"], [0.07, 0.08, 0.04], sigma, 0.03, "a test")
    rng = np.random.default_rng(7)
    return Watched.under(
        POLICY,
        target=rng.dirichlet(np.ones(n)),
        exposures=rng.dirichlet(np.ones(3), n),
        own_risk=np.full(n, own),
        expense=np.full(n, 0.004),
        benchmark=np.array([0.4, 0.1, 0.5]),
        classes=classes,
    )


def series(values: list[float] | np.ndarray, first: str = "2001-01") -> pd.Series:
    months = (
        pd.period_range(first, periods=len(values), freq="M").to_timestamp(how="end").normalize()
    )
    return pd.Series(values, months, dtype=float)


# ---- performance ---------------------------------------------------------------------------------


def test_sharpe_error_of_normal_months_is_what_simulation_gives() -> None:
    rng = np.random.default_rng(2002)
    x = rng.normal(0.3, 1.0, size=(4000, 60))
    spread = (x.mean(axis=1) / x.std(axis=1, ddof=1)).std(ddof=1)
    assert spread == pytest.approx(math.sqrt((1 + 0.3**2 / 2) / 60), rel=0.05)
    errors = [performance.sharpe(row).error for row in x[:400]]
    assert np.mean(errors) == pytest.approx(spread, rel=0.06)


def test_sharpe_error_of_skewed_months_is_mertens() -> None:
    rng = np.random.default_rng(5)
    x = 0.4 - rng.exponential(1.0, size=200_000) + 1.0
    z = (x - x.mean()) / x.std()
    ratio = performance.sharpe(x)
    sr, skew, kurtosis = ratio.month, (z**3).mean(), (z**4).mean()
    mertens = 1 + sr**2 / 2 - sr * skew + sr**2 * (kurtosis - 3) / 4
    assert ratio.error == pytest.approx(math.sqrt(mertens / len(x)), rel=1e-4)


def test_sharpe_of_autocorrelated_months() -> None:
    rng, rho = np.random.default_rng(8), 0.3
    e, paths = rng.normal(size=(3000, 240)), np.empty((3000, 240))
    paths[:, 0] = e[:, 0] / math.sqrt(1 - rho**2)
    for t in range(1, 240):
        paths[:, t] = rho * paths[:, t - 1] + e[:, t]
    paths = paths * math.sqrt(1 - rho**2) + 0.2
    spread = (paths.mean(axis=1) / paths.std(axis=1, ddof=1)).std(ddof=1)
    found = [performance.sharpe(row, lags=12) for row in paths[:300]]
    assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.12)
    assert np.mean([f.error_if_normal for f in found]) < 0.85 * spread
    years = paths.reshape(3000, 20, 12).sum(axis=2)
    assert 0.2 * performance.eta(12, rho ** np.arange(1, 12)) == pytest.approx(
        years.mean() / years.std(), rel=0.03
    )


def test_sharpe_error_on_the_real_market_is_the_bootstraps() -> None:
    months = history.long_record().months("us_market", "bills")
    excess = (months["us_market"] - months["bills"]).iloc[-360:]
    drawn = block_bootstrap(excess.to_frame(), 6, 3000, 360, np.random.default_rng(3))[:, :, 0]
    spread = (drawn.mean(axis=1) / drawn.std(axis=1, ddof=1)).std(ddof=1)
    assert performance.sharpe(excess, lags=6).error == pytest.approx(spread, rel=0.12)


def test_sharpe_refuses_what_has_no_ratio() -> None:
    with pytest.raises(ValueError, match="needs more than 7 months, not 7"):
        performance.sharpe(np.arange(7.0), lags=6)
    with pytest.raises(ValueError, match="never differ"):
        performance.sharpe(np.full(24, 0.01))
    with pytest.raises(ValueError, match="leave 12 periods a variance"):
        performance.eta(12, [-0.9])


def test_sortino_counts_all_months_and_refuses_none_below() -> None:
    x = np.array([0.02, -0.01, 0.03, -0.03])
    down = math.sqrt((0.01**2 + 0.03**2) / 4)
    assert performance.sortino(x) == pytest.approx(12 * x.mean() / (math.sqrt(12) * down))
    with pytest.raises(ValueError, match="no denominator"):
        performance.sortino([0.01, 0.0])


def test_beta_is_the_slope_of_least_squares() -> None:
    r, b = np.random.default_rng(1).normal(size=(2, 50)) / 20
    assert performance.beta(r, b) == pytest.approx(np.polyfit(b, r, 1)[0])


@few
@given(SEEDS)
def test_worst_fall_is_that_of_all_pairs_of_month_ends(seed: int) -> None:
    r = series(np.random.default_rng(seed).normal(0, 0.05, 30))
    wealth = np.concatenate([[1.0], np.cumprod(1 + r.to_numpy())])
    pairs = max(1 - wealth[j] / wealth[i] for i in range(31) for j in range(i, 31))
    fall = performance.worst_fall(r)
    assert fall.depth == pytest.approx(pairs, abs=1e-12)
    ends = pd.DatetimeIndex(r.index).insert(0, r.index[0] - pd.offsets.MonthEnd(1))
    peak, trough = ends.get_loc(fall.peak), ends.get_loc(fall.trough)
    assert 1 - wealth[trough] / wealth[peak] == pytest.approx(fall.depth, abs=1e-12)
    if fall.recovered is None:
        assert (wealth[trough:] < wealth[peak]).all()
    else:
        back = ends.get_loc(fall.recovered)
        assert wealth[back] >= wealth[peak] * (1 - 1e-12)
        assert (wealth[trough:back] < wealth[peak]).all()


def test_a_fall_may_begin_with_the_first_month() -> None:
    fall = performance.worst_fall(series([-0.1, 0.02]))
    assert fall.depth == pytest.approx(0.1)
    assert (f"{fall.peak:%Y-%m}", f"{fall.trough:%Y-%m}", fall.recovered) == (
        "2000-12",
        "2001-01",
        None,
    )


def test_a_record_keeps_like_with_like() -> None:
    gross = series([0.02, 0.01, -0.01])
    record = Record(gross, gross - 0.001, gross, "SYNTHETIC")
    later = series([0.01, 0.02], "2001-04")
    joined = record.joined(Record(later, later, later, "SYNTHETIC"))
    assert len(joined.net) == 5
    shown = joined.shown(3)
    assert shown.loc["net", "return a year"] == pytest.approx((0.989 * 1.01 * 1.02) ** 4 - 1)
    assert shown.loc["net", "volatility"] == pytest.approx(
        math.sqrt(12) * np.std([-0.011, 0.01, 0.02], ddof=1)
    )
    with pytest.raises(ValueError, match="actual months may not be joined to SYNTHETIC ones"):
        record.joined(Record(later, later, later, "actual"))
    with pytest.raises(ValueError, match="must begin the month after 2001-03"):
        record.joined(Record(later.iloc[1:], later.iloc[1:], later.iloc[1:], "SYNTHETIC"))
    with pytest.raises(ValueError, match="same months"):
        Record(gross, gross.iloc[1:], gross, "actual")
    with pytest.raises(ValueError, match="added instead of taken off"):
        Record(gross, gross + 0.001, gross, "actual")
    with pytest.raises(ValueError, match="3 months, not 36"):
        record.shown(36)


def chart_inputs(months: int = 130) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(11)
    index = series(np.zeros(months)).index
    net = pd.DataFrame(rng.normal(0.005, 0.03, (months, 2)), index, ["A", "B"])
    return net, net + 0.0001, pd.Series({"A": 0.001, "B": 0.0123})


def test_chart_ends_with_the_last_complete_calendar_year() -> None:
    net, bench, expense = chart_inputs()  # 130 months from January: ten years and ten months
    chart = performance.comparative_chart(net, bench, expense)
    year = net.loc["2010"]
    assert chart.loc["A", "1 y"] == pytest.approx(np.prod(1 + year["A"]) - 1)
    assert chart.loc["B", "10 y"] == pytest.approx(
        np.prod(1 + net.loc["2001":"2010", "B"]) ** 0.1 - 1
    )
    assert chart.loc["B", "a year per $1,000"] == pytest.approx(12.3)
    assert performance.chart_faults(chart, ["A", "B"]) == []


def test_a_young_option_shows_its_life_and_a_newborn_is_refused() -> None:
    net, bench, expense = chart_inputs(24)
    chart = performance.comparative_chart(net, bench, expense)
    assert chart["10 y"].to_numpy() == pytest.approx(np.prod(1 + net, axis=0) ** 0.5 - 1)
    with pytest.raises(ValueError, match="no calendar year is complete"):
        performance.comparative_chart(net.iloc[:11], bench.iloc[:11], expense)
    with pytest.raises(ValueError, match="needs a benchmark"):
        performance.comparative_chart(net, bench[["A"]], expense)


def test_chart_faults_are_named() -> None:
    chart = performance.comparative_chart(*chart_inputs())
    assert performance.chart_faults(chart, ["A", "B", "C"]) == ["option C is missing"]
    assert performance.chart_faults(chart.drop(columns="5 y"), ["A"]) == ["column '5 y' is missing"]
    chart.loc["B", "1 y benchmark"] = np.nan
    assert performance.chart_faults(chart, ["A"]) == ["B: no '1 y benchmark'"]
    chart = performance.comparative_chart(*chart_inputs())
    chart["a year per $1,000"] *= 10
    assert len(performance.chart_faults(chart, ["A"])) == 2


def test_reviews_ask_about_what_is_behind_or_idle() -> None:
    rng = np.random.default_rng(4)
    index = series(np.zeros(60)).index
    bench = pd.DataFrame(rng.normal(0.005, 0.03, (60, 3)), index, ["behind", "idle", "fine"])
    noise = rng.normal(0, 0.002, (60, 3))
    net = bench + (noise - noise.mean(axis=0)) + [-0.002, -0.00001, 0.001]
    expense = pd.Series({"behind": 0.0001, "idle": 0.01, "fine": 0.01})
    table = performance.reviews(net, bench, pd.Series(0.001, index), expense, index_fund_cost=COST)
    assert (table["months"] == 60).all()
    assert table["review"].tolist() == ["behind its benchmark", "premium without result", ""]
    assert table["ahead"].to_numpy() == pytest.approx([-0.024, -0.00012, 0.012])
    assert table.loc["fine", "Sharpe"] > table.loc["fine", "of benchmark"]


# ---- attribution ---------------------------------------------------------------------------------


@few
@given(SEEDS, st.integers(1, 40))
def test_linked_effects_add_up(seed: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    wp, wb = rng.dirichlet(np.ones(5), (2, periods))
    rp, rb = rng.normal(0.01, 0.08, (2, periods, 5))
    effects = np.stack(attribution.brinson_fachler(wp, wb, rp, rb))
    p, b = (wp * rp).sum(axis=1), (wb * rb).sum(axis=1)
    assert effects.sum(axis=(0, 2)) == pytest.approx(p - b, abs=1e-14)
    whole = np.prod(1 + p) - np.prod(1 + b)
    for link in (attribution.carino, attribution.menchero):
        assert float((link(p, b)[:, None] * effects).sum()) == pytest.approx(whole, abs=1e-11)


def test_one_period_needs_no_linking_and_equal_returns_are_no_trap() -> None:
    p, b = np.array([0.05]), np.array([0.02])
    for link in (attribution.carino, attribution.menchero):
        assert link(p, b) == pytest.approx([1.0])
    r = np.array([0.05, -0.02, 0.01])
    # an active return of next to nothing in one period is worth what all other periods make of it
    assert attribution.carino(r, r) == pytest.approx(np.prod(1 + r) / (1 + r), rel=1e-14)
    assert attribution.carino(r, r + 1e-7) == pytest.approx(np.prod(1 + r) / (1 + r), rel=1e-6)
    assert attribution.menchero(r, r) == pytest.approx(
        np.full(3, np.prod(1 + r) ** (2 / 3)), rel=1e-14
    )


def test_attribution_refuses_what_cannot_add_up() -> None:
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="weights of the benchmark miss one"):
        attribution.brinson_fachler(half, half * 1.1, half, half)
    with pytest.raises(ValueError, match="nothing to link"):
        attribution.carino(np.array([-1.0]), np.array([0.0]))


def test_looking_through_loses_no_return() -> None:
    rng = np.random.default_rng(3)
    w, b = rng.dirichlet(np.ones(4), 12), rng.dirichlet(np.ones(3), 4) * [1, 1, 0]
    b /= b.sum(axis=1, keepdims=True)
    classes, added = rng.normal(0, 0.03, (12, 3)), rng.normal(0, 0.01, (12, 4))
    held, returns = attribution.by_class(w, b, classes, added)
    funds = classes @ b.T + added
    assert (held * returns).sum(axis=1) == pytest.approx((w * funds).sum(axis=1), abs=1e-15)
    assert returns[:, 2] == pytest.approx(classes[:, 2])  # not held: its own return


# ---- monitoring ----------------------------------------------------------------------------------


def test_followed_is_an_account_of_shares() -> None:
    rng = np.random.default_rng(9)
    r, target = rng.normal(0.01, 0.05, (24, 3)), np.array([0.5, 0.3, 0.2])
    returns, starts, ends = monitoring.followed(r, target, 6)
    money, value = 100 * target, [100.0]
    for t in range(24):
        assert starts[t] == pytest.approx(money / money.sum())
        money = money * (1 + r[t])
        value.append(money.sum())
        assert ends[t] == pytest.approx(money / money.sum())
        if (t + 1) % 6 == 0:
            money = money.sum() * target
    assert np.prod(1 + returns) == pytest.approx(value[-1] / 100)
    paths = np.stack([r, r[::-1]])
    assert monitoring.followed(paths, target, 6)[0][0] == pytest.approx(returns)


def test_predicted_risk_is_that_of_simulated_months() -> None:
    w = watched()
    classes, funds = monitoring.simulated(w, 1, 200_000, np.random.default_rng(6))
    r = (funds @ w.target)[0]
    b = (classes @ w.benchmark)[0]
    assert performance.volatility(r) == pytest.approx(w.risk, rel=0.02)
    assert performance.tracking_error(r, b) == pytest.approx(w.tracking_error, rel=0.02)
    assert 12 * r.mean() == pytest.approx(w.mean, abs=0.003)
    assert 12 * (r - b).mean() + POLICY["index_fund_cost"] == pytest.approx(w.active, abs=0.002)


def test_measures_by_hand() -> None:
    w = watched()
    classes, funds = monitoring.simulated(w, 1, 40, np.random.default_rng(6))
    found = w.measures(classes[0], funds[0])
    months, every = (
        POLICY["monitoring_window_months"],
        POLICY["monitoring_rebalance_months"],
    )
    r = pd.Series(monitoring.followed(funds[0], w.target, every)[0])
    active = r - (classes[0] @ w.benchmark - POLICY["index_fund_cost"] / 12)
    assert np.isnan(found["volatility"][: months - 1]).all()
    assert found["volatility"] == pytest.approx(
        r.rolling(months).std() * math.sqrt(12) / w.risk, nan_ok=True
    )
    assert found["tracking error"] == pytest.approx(
        active.rolling(months).std() * math.sqrt(12) / w.tracking_error, nan_ok=True
    )
    short = (
        (w.active - 12 * active.rolling(months).mean()) / w.tracking_error * math.sqrt(months / 12)
    )
    assert found["shortfall"] == pytest.approx(short, nan_ok=True)
    level = -(w.mean / 12 - 1.6448536 * w.risk / math.sqrt(12))
    assert POLICY["tail_level"] == 0.95
    assert found["breaches"] == pytest.approx((-r > level).rolling(months).sum(), nan_ok=True)
    value = (1 + r).cumprod()
    assert found["drawdown"] == pytest.approx((1 - value / value.cummax().clip(lower=1)) / w.risk)


def test_shortfall_of_normal_months_rings_as_the_normal_law_says() -> None:
    w, rng = watched(), np.random.default_rng(12)
    classes, funds = monitoring.simulated(w, 4000, POLICY["monitoring_window_months"], rng)
    last = w.measures(classes, funds)["shortfall"][:, -1]
    assert last.mean() == pytest.approx(
        0, abs=0.06
    )  # fat tails and quarterly drift, so not exactly
    assert last.std() == pytest.approx(1, abs=0.05)


def test_alerts_say_rule_value_limit_and_since_when() -> None:
    bound = monitoring.limits("volatility", policy=POLICY)
    high, low = bound["act"] + 0.1, bound["info"] - 0.1
    spell = series([high, low, bound["watch"] + 0.01, high, high])
    (alert,) = monitoring.alerts({"volatility": spell}, policy=POLICY)
    assert (alert.severity, alert.rule, alert.limit) == ("act", "volatility", bound["act"])
    assert alert.value == pytest.approx(high)
    assert f"{alert.since:%Y-%m}" == "2001-04"
    assert str(alert) == (
        f"act: volatility is {high:.3g}, limit {bound['act']:g} (multiple of predicted), since "
        "2001-04"
    )
    (milder,) = monitoring.alerts({"volatility": spell.iloc[:3]}, policy=POLICY)
    assert (milder.severity, f"{milder.since:%Y-%m}") == ("watch", "2001-03")
    assert monitoring.alerts({"volatility": series([low])}, policy=POLICY) == []
    both = monitoring.alerts(
        {"drawdown": series([1.5]), "volatility": series([9.0])}, policy=POLICY
    )
    assert [alert.severity for alert in both] == ["act", "info"]
    with pytest.raises(ValueError, match="silence is not safety"):
        monitoring.alerts({"volatility": series([high, np.nan])}, policy=POLICY)
    with pytest.raises(ValueError, match="has no rule 'mood'"):
        monitoring.alerts({"mood": series([1.0])}, policy=POLICY)


@few
@given(SEEDS)
def test_since_is_the_first_month_of_the_spell(seed: int) -> None:
    x = series(np.random.default_rng(seed).uniform(0.9, 1.9, 20))
    for alert in monitoring.alerts({"volatility": x}, policy=POLICY):
        t = len(x) - 1
        while t > 0 and x.iloc[t - 1] > alert.limit:
            t -= 1
        assert alert.since == x.index[t]


def test_limits_must_rise() -> None:
    rules = POLICY["alert_limits"]
    rules["volatility"] = {"info": 1.2, "watch": 1.2, "act": 1.6, "unit": "multiple"}
    with pytest.raises(ValueError, match="limits of 'volatility' must rise"):
        monitoring.limits("volatility", policy=POLICY.replace(alert_limits=rules))


def test_alarms_ring_more_when_something_is_wrong() -> None:
    w = watched()

    def rates(**wrong: float) -> pd.DataFrame:
        drawn = monitoring.simulated(w, 150, 60, np.random.default_rng(1), **wrong)
        return monitoring.alarm_rates(w, *drawn, policy=POLICY)

    sound = rates()
    assert (sound["info"] >= sound["watch"]).all() and (sound["watch"] >= sound["act"]).all()
    assert (sound.loc["any rule"] >= sound.drop("any rule").max()).all()
    assert sound.loc["any rule", "act"] <= POLICY["alert_false_alarms"]["act"]
    assert rates(wilder=1.5).loc["volatility", "watch"] > 0.4 > 4 * sound.loc["volatility", "watch"]
    assert rates(lost=0.03).loc["shortfall", "watch"] > 3 * sound.loc["shortfall", "watch"]
    assert rates(own=4.0).loc["tracking error", "watch"] > 2 * sound.loc["tracking error", "watch"]


def test_class_history_is_real_where_it_can_be_and_like_the_assumptions_elsewhere() -> None:
    the_plan = plan.read()
    classes = plan_menu.class_assumptions(the_plan)
    found = class_returns(the_plan, history.open_record(), list(classes.labels))
    known = found.common()
    made = monitoring.class_history(classes, known, np.random.default_rng(2))
    assert made.real == tuple(label for label in classes.labels if label in known)
    for label in made.real:
        assert made.returns[label].equals(known[label])
    assert made.returns.index.equals(known.index)
    drawn = [label for label in classes.labels if label not in made.real]
    sigma = pd.DataFrame(classes.sigma, classes.labels, classes.labels)
    for label in drawn:
        at = classes.labels.index(label)
        months = made.returns[label]
        assert 12 * months.mean() == pytest.approx(
            classes.mu[at], abs=3 * classes.volatility[at] / math.sqrt(len(known) / 12)
        )
    # among drawn classes volatility is that assumed, as far as the real ones' correlations allow
    for a in drawn:
        assert math.sqrt(12) * made.returns[a].std() == pytest.approx(
            math.sqrt(sigma.loc[a, a]), rel=0.25
        )
    again = monitoring.class_history(classes, known, np.random.default_rng(2))
    assert again.returns.equals(made.returns)
    with pytest.raises(ValueError, match="no class has a real series"):
        monitoring.class_history(classes.select(drawn[:1]), known, np.random.default_rng(2))
    hole = known.drop(pd.Timestamp("2020-05-31"))
    with pytest.raises(ValueError, match="classes: 2020-06-30 stands where 2020-05-31"):
        monitoring.class_history(classes, hole, np.random.default_rng(2))


@pytest.mark.parametrize("folder", [None, "tests/plans/awkward"])
def test_options_of_a_plan(folder: str | None) -> None:
    the_plan = plan.read(folder and Path(__file__).parents[3] / folder)
    classes = plan_menu.class_assumptions(the_plan)
    table = monitoring.options(the_plan, classes)
    assert table[list(classes.labels)].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(table["fund"]) == set(the_plan.funds.index)
    assert table.index.is_unique
    assert not table.isna().any(axis=None)


def test_same_equity_keeps_equity_and_proportions() -> None:
    labels = ["us_large_equity", "us_small_equity", "us_core_bonds", "cash"]
    found = monitoring.same_equity(pd.Series([0.1, 0.2, 0.3, 0.4], labels), policy=POLICY)
    reference = POLICY["reference_portfolio"]
    assert found[labels[:2]].sum() == pytest.approx(0.3)
    assert found.sum() == pytest.approx(1.0)
    assert found["us_large_equity"] / found["us_small_equity"] == pytest.approx(
        reference["us_large_equity"] / reference["us_small_equity"]
    )
    with pytest.raises(ValueError, match="must hold equity and something else"):
        monitoring.same_equity(pd.Series([0.5, 0.5], labels[:2]), policy=POLICY)


def test_trade_quality_by_hand_and_refusals() -> None:
    days = ["2026-01-05", "2026-01-05", "2026-01-06", "2026-01-07"]
    row = dict(zip(["instructed", "locked", "pending", "final"], pd.to_datetime(days), strict=True))
    buy = {
        **row,
        "fund": "A",
        "side": 1,
        "units": 10.0,
        "decided_price": 20.0,
        "executed_price": 20.1,
    }
    sell = {
        **buy,
        "side": -1,
        "units": 30.0,
        "executed_price": 20.2,
        "final": pd.Timestamp("2026-01-12"),
    }
    found = monitoring.trade_quality(pd.DataFrame([buy, sell])).iloc[0]
    assert found["slippage"] == pytest.approx((10 * 0.1 - 30 * 0.2) / 800)
    assert found["settlement days"] == 5  # Monday to Monday
    for broken in ({**buy, "pending": pd.Timestamp("2026-01-01")}, {**buy, "final": pd.NaT}):
        with pytest.raises(
            ValueError, match="trade of A instructed 2026-01-05 has events out of order"
        ):
            monitoring.trade_quality(pd.DataFrame([sell, broken]))
    made = monitoring.made_up_trades(
        ["A", "B"], pd.DatetimeIndex(series([0.0] * 12).index), np.random.default_rng(1)
    )
    assert len(made) == 36
    assert monitoring.trade_quality(made).notna().all(axis=None)


def test_dashboard_has_a_panel_a_measure() -> None:
    figure = monitoring.dashboard(
        {
            "volatility": series([1.0, 2.0]),
            "slippage": series([0.0, 0.0001]),
            "drawdown": series([0.1, 0.2]),
        },
        policy=POLICY,
    )
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == [
        "volatility: 2 – act\nmultiple of predicted",
        "slippage: 0.0% – quiet\nshare of the value traded",
        "drawdown: 0.2 – quiet\npredicted annual volatilities",
    ]


def test_a_fund_of_bills_has_no_sharpe_ratio_rather_than_a_huge_one():
    bills = np.full(120, 0.003) + 1e-4 * np.sin(np.arange(120))
    with pytest.raises(ValueError, match="never differ"):
        performance.sharpe(bills * (1 + 1e-15) - bills)
    net = pd.DataFrame(
        {"money market": bills - 0.0018 / 12, "other": bills + np.linspace(-0.02, 0.03, 120)},
        series(bills).index,
    )
    fees = pd.Series(0.001, net.columns)
    found = performance.reviews(net, net, series(bills), fees, index_fund_cost=COST)
    assert np.isnan(found.loc["money market", "Sharpe"]) and np.isfinite(
        found.loc["other", "Sharpe"]
    )
