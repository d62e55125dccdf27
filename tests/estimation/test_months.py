"""A history of months is held to its dates by every statistic that counts in months."""

import numpy as np
import pandas as pd
import pytest

from portlib.construction import black_litterman, tail_risk, views
from portlib.estimation import capital_market_assumptions as cma
from portlib.estimation import draws, inference, months, shrinkage, style_analysis

AT = pd.date_range("2015-01-31", periods=60, freq="ME")
RETURNS = pd.DataFrame(
    np.random.default_rng(1).normal(0.006, 0.03, (60, 3)), AT, ["fund a", "fund b", "fund c"]
)
MISSING = RETURNS.copy()
MISSING.loc[AT[20]] = np.nan
BROKEN = {
    "a month dropped": (RETURNS.drop(AT[20]), "2016-09"),
    "a value missing": (MISSING, "2016-09"),
    "newest first": (RETURNS[::-1], "oldest month first"),
    "a month twice": (pd.concat([RETURNS.iloc[:5], RETURNS.iloc[4:]]), "2015-05 is given twice"),
    "weekly": (
        RETURNS.set_axis(pd.date_range("2018-01-05", periods=60, freq="W-FRI")),
        "given twice; is the table weekly",
    ),
}
STATISTICS = {
    "annualised": cma.annualised,
    "Bayes-Stein means": cma.bayes_stein_means,
    "block bootstrap": lambda x: draws.block_bootstrap(x, 6, 2, 12, np.random.default_rng(1)),
    "mean": lambda x: inference.hac_mean(x["fund a"]),
    "Sharpe test": lambda x: inference.sharpe_test(x["fund a"], x["fund b"]),
    "variance test": lambda x: inference.variance_test(x["fund a"], x["fund b"]),
    "momentum": views.momentum,
    "information coefficients": lambda x: views.information_coefficients(
        RETURNS.rolling(3).sum().dropna(), x
    ),
    "risk aversion": lambda x: black_litterman.implied_risk_aversion(x["fund a"]),
    "backtest": lambda x: shrinkage.backtest(x, lambda past: np.full(3, 1 / 3), window=12),
    "drawdown months": lambda x: shrinkage.drawdown_months(x["fund a"], 0.1),
    "drawdowns": lambda x: tail_risk.drawdowns(x["fund a"]),
    "conditional drawdown": lambda x: tail_risk.conditional_drawdown(x["fund a"], 0.9),
    "walk forward": lambda x: tail_risk.walk_forward(x, 12),
    "independence": lambda x: tail_risk.christoffersen(
        (x["fund a"] < 0).where(x["fund a"].notna())
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_no_statistic_uses_another_span_than_its_name_says(statistic, fault):
    broken, said = BROKEN[fault]
    with pytest.raises(ValueError, match=said):
        STATISTICS[statistic](broken)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_periods_and_first_days_are_months_too(statistic):
    STATISTICS[statistic](RETURNS)
    if statistic != "information coefficients":  # its scores carry the other dates
        STATISTICS[statistic](RETURNS.set_axis(AT.to_period("M")))
        STATISTICS[statistic](RETURNS.set_axis(AT.to_period("M").to_timestamp()))


def test_series_of_other_months_are_not_paired_by_position():
    a, b = RETURNS["fund a"], RETURNS["fund b"]
    with pytest.raises(ValueError, match="2015-01 is in one of them only"):
        inference.sharpe_test(a.iloc[:-1], b.iloc[1:])
    with pytest.raises(ValueError, match="returns and cash are not of the same months"):
        cma.annualised(RETURNS, a.iloc[:12])
    months.same(a, b.set_axis(AT.to_period("M")), "the two")


def test_a_covariance_of_weeks_is_not_called_a_year_of_twelve():
    weekly = BROKEN["weekly"][0]
    found = shrinkage.covariance(weekly, "sample")
    with pytest.raises(shrinkage.CovarianceError, match="52 for weeks"):
        found.annual()
    assert np.allclose(found.annual(52), 52 * weekly.cov())
    assert np.allclose(shrinkage.covariance(RETURNS, "sample").annual(), 12 * RETURNS.cov())
    for fault in ("a month dropped", "newest first", "a month twice", "a value missing"):
        with pytest.raises(shrinkage.CovarianceError, match=r"2016-09|oldest period first"):
            shrinkage.covariance(BROKEN[fault][0], "sample")


def test_text_is_no_return():
    text = pd.DataFrame({"A": ["1.2%", "0.4%", "0.3%"], "B": [0.01, 0.02, 0.0]})
    with pytest.raises(shrinkage.CovarianceError, match="'A' is text"):
        shrinkage.covariance(text, "sample")


def test_styles_need_consecutive_months():
    holed = RETURNS.drop(AT[20])
    with pytest.raises(ValueError, match="2016-09"):
        style_analysis.style(holed[["fund a"]], holed[["fund b", "fund c"]], minimum_months=36)


@pytest.mark.parametrize(
    "written",
    [
        lambda months: months.strftime("%Y-%m"),
        lambda months: months.strftime("%Y-%m-%d"),
        lambda months: months.year * 100 + months.month,
        lambda months: pd.Index(months.date),
    ],
)
def test_dates_that_are_written_out_are_months_too(written):
    named = RETURNS.set_axis(written(pd.DatetimeIndex(RETURNS.index)))
    months.monthly(named, "fund")
    with pytest.raises(ValueError, match=r"no return for 2015-0"):
        months.monthly(named.drop(named.index[4]), "fund")
    with pytest.raises(ValueError, match="oldest month first"):
        months.monthly(named[::-1], "fund")


def test_rows_that_are_only_counted_are_taken_as_they_come():
    months.monthly(RETURNS.reset_index(drop=True), "fund")


def test_no_months_other_days_and_losses_of_more_than_all_are_refused():
    with pytest.raises(ValueError, match="fund: no months"):
        months.monthly(RETURNS.iloc[:0], "fund")
    firsts = RETURNS.set_axis(pd.DatetimeIndex(RETURNS.index) - pd.offsets.MonthBegin(1))
    with pytest.raises(ValueError, match="2015-01-01 is not the last day of its month"):
        months.monthly(firsts, "fund", month_ends=True)
    with pytest.raises(ValueError, match="by the date of its last day"):
        months.monthly(RETURNS.reset_index(drop=True), "fund", month_ends=True)
    with pytest.raises(ValueError, match=r"column 'fund a', 2015-01: -1\.5 is no return"):
        months.monthly(RETURNS.assign(**{"fund a": -1.5}), "fund", least=-1.0)
