"""Performance: ratios and their errors, falls, records, the chart and the reviews."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import history, policy
from portlib.estimation.draws import block_bootstrap
from portlib.stewardship.monitoring import performance
from portlib.stewardship.monitoring.performance import Record

POLICY = policy.read()

COST = POLICY["index_fund_cost"]

SEEDS = st.integers(0, 2**32 - 1)

few = settings(max_examples=30)


def series(values: list[float] | np.ndarray, first: str = "2001-01") -> pd.Series:
    months = (
        pd.period_range(first, periods=len(values), freq="M").to_timestamp(how="end").normalize()
    )
    return pd.Series(values, months, dtype=float)


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


# ---- at the edges --------------------------------------------------------------------------------


def options(n: int = 36) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Two options, of which B loses two points a month to its benchmark."""
    index = series(np.zeros(n)).index
    bench = pd.DataFrame(np.random.default_rng(1).normal(0.006, 0.03, (n, 2)), index, ["A", "B"])
    fees = pd.Series({"A": 0.0004, "B": 0.009})
    return bench.assign(B=bench["B"] - 0.02), bench, pd.Series(0.002, index), fees


def judged(net, bench, bills, fees) -> pd.DataFrame:
    return performance.reviews(net, bench, bills, fees, index_fund_cost=COST)


def test_a_month_that_is_missing_is_refused_by_option_and_month() -> None:
    net, *rest = options()
    net.iloc[7, 1] = np.nan
    with pytest.raises(ValueError, match=r"B: 2001-08: nan is no return"):
        judged(net, *rest)


def test_a_young_option_is_judged_on_its_own_months_and_says_so() -> None:
    net, *rest = options()
    net.iloc[:12, 1] = np.nan
    found = judged(net, *rest)
    assert found.loc["B", ["months", "review"]].tolist() == [24, "behind its benchmark"]
    net = rest[0].mask(net.isna()) + 0.001
    assert judged(net, *rest).loc["B", "review"] == "judged on its own 24 months"
    net.iloc[:30, 1] = np.nan
    assert judged(net, *rest).loc["B", "review"] == "cannot be judged: 6 months"


def test_an_option_whose_costs_are_not_known_does_not_pass() -> None:
    _, bench, bills, fees = options()
    found = judged(bench + 0.001, bench, bills, fees.drop("B"))
    assert found["review"].to_dict() == {"A": "", "B": "cannot be judged: no expense ratio"}


def test_benchmarks_are_matched_by_name() -> None:
    net, bench, bills, fees = options()
    expected = judged(net, bench, bills, fees)
    assert judged(net, bench[["B", "A"]], bills, fees).equals(expected)
    longer = pd.Series(0.002, series(np.zeros(40)).index)
    assert judged(net, bench, longer, fees).equals(expected)
    with pytest.raises(ValueError, match="bills lack 2003-12"):
        judged(net, bench, bills.iloc[:-1], fees)
    with pytest.raises(ValueError, match="C is in one table only"):
        judged(net, bench.rename(columns={"B": "C"}).assign(B=0.0), bills, fees)


def test_a_young_option_in_the_chart_shows_its_life() -> None:
    net, bench, fees = chart_inputs(132)
    net.iloc[:60, 1] = np.nan
    chart = performance.comparative_chart(net, bench, fees)
    life = net["B"].dropna()
    assert chart.loc["B", "10 y"] == pytest.approx(np.prod(1 + life) ** (12 / len(life)) - 1)
    same = bench.loc[life.index, "B"]
    expected = np.prod(1 + same) ** (12 / len(same)) - 1
    assert chart.loc["B", "10 y benchmark"] == pytest.approx(expected)


def test_series_of_other_months_are_not_compared_row_by_row() -> None:
    r = np.random.default_rng(0).normal(0.006, 0.03, 25)
    fund, later = series(r[:24]), series(r[1:], "2001-02")
    for measure in (performance.tracking_error, performance.beta):
        with pytest.raises(ValueError, match="2001-01 is in one of them only"):
            measure(fund, later)
        with pytest.raises(ValueError, match="different orders"):
            measure(fund, fund[::-1])


@pytest.mark.parametrize(
    "measure",
    [performance.sharpe, performance.sortino, performance.volatility, performance.annual_return],
)
def test_a_hole_is_named_by_its_month(measure) -> None:
    r = series(np.random.default_rng(0).normal(0.006, 0.03, 24))
    with pytest.raises(ValueError, match="2001-04: nan is no return"):
        measure(r.where(r.index != r.index[3]))
    with pytest.raises(ValueError, match=r"no return for 2001-04"):
        measure(r.drop(r.index[3]))
    with pytest.raises(ValueError, match="number 4 is nan"):
        measure(r.where(r.index != r.index[3]).to_numpy())


def test_more_than_all_cannot_be_lost() -> None:
    with pytest.raises(ValueError, match=r"number 1 is -1\.5"):
        performance.annual_return([-1.5, 0.1])


def test_the_worst_fall_needs_months_oldest_first() -> None:
    r = series([0.05, -0.20, -0.10, 0.30])
    assert performance.worst_fall(r).depth == pytest.approx(0.28)
    for wrong in (r[::-1], r.iloc[[0, 2, 3]], r.reset_index(drop=True), r.iloc[:0]):
        with pytest.raises(
            ValueError, match=r"oldest month first|no return for|month by the date|no months"
        ):
            performance.worst_fall(wrong)


def test_reviews_by_hand() -> None:
    """Each figure from its definition; bills that differ from month to month, fees that differ."""
    rng, index = np.random.default_rng(6), series(np.zeros(48)).index
    bench = pd.DataFrame(rng.normal(0.006, 0.03, (48, 2)), index, ["A", "B"])
    net = bench + rng.normal(0.001, 0.004, (48, 2))
    bills = pd.Series(np.linspace(0.0, 0.004, 48), index)
    found = judged(net, bench, bills, pd.Series({"A": 0.0004, "B": 0.009}))
    for name, fee in (("A", 0.0004), ("B", 0.009)):
        over = {"Sharpe": net[name] - bills, "of benchmark": bench[name] - bills}
        for column, excess in over.items():
            ratio = math.sqrt(12) * excess.mean() / excess.std(ddof=1)
            assert found.loc[name, column] == pytest.approx(ratio)
        active = net[name] - bench[name]
        assert found.loc[name, "ahead"] == pytest.approx(12 * active.mean())
        assert found.loc[name, "error"] == pytest.approx(
            math.sqrt(12) * active.std(ddof=1) / math.sqrt(4)
        )
        assert found.loc[name, "premium"] == pytest.approx(fee - COST)


@pytest.mark.parametrize(("errors", "says"), [(-2 - 1e-6, "behind its benchmark"), (-2 + 1e-6, "")])
def test_an_option_is_behind_by_two_errors_and_not_by_less(errors: float, says: str) -> None:
    index = series(np.zeros(36)).index
    swing = pd.Series(np.tile([1.0, -1.0], 18) * 0.002, index)
    error = math.sqrt(12) * swing.std(ddof=1) / math.sqrt(3)
    bench = pd.DataFrame({"A": np.random.default_rng(2).normal(0.005, 0.02, 36)}, index)
    net = bench.add(swing + errors * error / 12, axis=0)
    fees = pd.Series({"A": COST})  # no premium, so nothing else can ask
    assert judged(net, bench, pd.Series(0.002, index), fees).loc["A", "review"] == says


def test_an_option_that_is_its_benchmark_is_not_behind_it() -> None:
    index = series(np.zeros(36)).index
    bench = pd.DataFrame({"A": np.random.default_rng(2).normal(0.005, 0.02, 36)}, index)
    bills = pd.Series(0.002, index)
    assert judged(bench, bench, bills, pd.Series({"A": COST})).loc["A", "review"] == ""
    dearer = judged(bench, bench, bills, pd.Series({"A": COST + 0.001}))
    assert dearer.loc["A", "review"] == "premium without result"


def test_a_premium_asks_where_nothing_is_ahead_and_eleven_months_cannot_be_judged() -> None:
    index = series(np.zeros(12)).index
    bench = pd.DataFrame({"A": np.random.default_rng(2).normal(0.005, 0.02, 12)}, index)
    bills = pd.Series(0.002, index)
    for fee, off, says in (
        (COST + 1e-9, -1e-12, "premium without result"),
        (COST + 1e-9, 1e-6, ""),
        (COST, 0.0, ""),
    ):
        swing = np.tile([1e-3, -1e-3], 6) + off
        net = bench.add(swing, axis=0)
        assert judged(net, bench, bills, pd.Series({"A": fee})).loc["A", "review"] == says
    short = judged(net[1:], bench[1:], bills, pd.Series({"A": fee}))
    assert short.loc["A", "review"] == "cannot be judged: 11 months"


def test_each_period_of_the_chart_is_its_own_years_and_costs_are_the_options() -> None:
    net, bench, fees = chart_inputs()
    chart = performance.comparative_chart(net, bench, fees)
    for years in performance.PERIODS:
        span = slice(str(2011 - years), "2010")
        for column, table in ((f"{years} y", net), (f"{years} y benchmark", bench)):
            grown = np.prod(1 + table.loc[span], axis=0) ** (1 / years) - 1
            assert chart[column].to_dict() == pytest.approx(grown.to_dict())
    assert chart["expense ratio"].to_dict() == fees.to_dict()
    assert performance.PERIODS == (1, 5, 10)  # 29 CFR 2550.404a-5(d)(1)(ii)
