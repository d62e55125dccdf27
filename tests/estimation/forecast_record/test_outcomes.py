"""Outcomes and errors, computed a second time from the files with plain loops."""

import csv
import math

import numpy as np
import pandas as pd
import pytest

from portlib import data, history
from portlib.estimation import forecast_record as record
from portlib.estimation.forecast_record.outcomes import monthly, realised


def read(name):
    with (data.ROOT / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def by_month(name, column):
    return {row["month"][:7]: float(row[column]) for row in read(name) if row[column]}


def months_from(year, month, count):
    return [f"{year + (month + k - 1) // 12}-{(month + k - 1) % 12 + 1:02d}" for k in range(count)]


def compound(returns, year, month, years=10):
    wealth = 1.0
    for label in months_from(year, month, 12 * years):
        wealth *= 1 + returns[label]
    return wealth ** (1 / years) - 1


def asked(asset_class):
    return {
        int(row["edition"][:4]): float(row["median"])
        for row in read("spf_ten_year")
        if row["asset_class"] == asset_class and int(row["edition"][:4]) <= 2016
    }


def correlation(x, y):
    mx, my = sum(x) / len(x), sum(y) / len(y)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return sxy / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


@pytest.fixture(scope="module")
def came():
    held = history.open_record()
    series = {"us_large_equity": "tsp_c", "us_treasury_10y": "tsp_f", "cash": "bills"}
    return pd.DataFrame({c: held[name].values for c, name in series.items()}).sort_index()


@pytest.fixture(scope="module")
def table(came):
    return record.summary(record.scored(record.professional_forecasters(), came))


@pytest.mark.parametrize(
    ("asset_class", "column", "first", "related"),
    [
        # as first computed, by another route, in points: 5.5 and 1.0 for the spread of errors,
        # which are 5.45 and 0.97; with the bias the root mean squares are 5.53 and 1.07
        ("us_large_equity", "tsp_c", 0.0545, -0.33),
        ("us_treasury_10y", "tsp_f", 0.0097, 0.94),
    ],
)
def test_errors_are_those_of_plain_loops_over_the_files(table, asset_class, column, first, related):
    returns, forecasts = by_month("tsp_returns", column), asked(asset_class)
    assert len(forecasts) == 25
    outcomes = {year: compound(returns, year, 3) for year in forecasts}
    misses = [outcomes[year] - forecasts[year] for year in forecasts]
    row = table.loc[asset_class]
    assert row["forecasts"] == 25
    assert row["error"] == pytest.approx(math.sqrt(sum(m * m for m in misses) / 25), abs=1e-12)
    assert row["bias"] == pytest.approx(sum(misses) / 25, abs=1e-12)
    mean = sum(misses) / 25
    spread = math.sqrt(sum((m - mean) ** 2 for m in misses) / 24)
    assert row["spread of errors"] == pytest.approx(spread, abs=1e-12)
    found = correlation(list(forecasts.values()), list(outcomes.values()))
    assert row["correlation"] == pytest.approx(found, abs=1e-10)
    assert spread == pytest.approx(first, abs=0.00005)
    assert found == pytest.approx(related, abs=0.005)


def test_the_starting_yield_beats_the_bond_forecast_by_plain_loops():
    returns, yields = by_month("tsp_returns", "tsp_f"), by_month("treasury_yields", "end_10y")
    forecasts = asked("us_treasury_10y")
    off = {"forecast": 0.0, "yield": 0.0}
    for year, forecast in forecasts.items():
        outcome = compound(returns, year, 3)
        off["forecast"] += (outcome - forecast) ** 2 / 25
        off["yield"] += (outcome - yields[f"{year}-02"]) ** 2 / 25
    assert math.sqrt(off["yield"]) == pytest.approx(0.0066, abs=0.00005)
    assert math.sqrt(off["forecast"]) == pytest.approx(0.0107, abs=0.00005)


def test_bills_are_scored_against_bills_and_not_against_a_fund_of_bonds(table, came):
    # forecasters asked about bills expected a rise that did not come; the G fund, which pays the
    # average yield of longer bonds, would have hidden it
    fund = history.open_record()["tsp_g"].values
    hidden = record.summary(
        record.scored(record.professional_forecasters().of("cash"), came.assign(cash=fund))
    )
    assert table.loc["cash", "error"] > 2 * hidden.loc["cash", "error"]


def test_arithmetic_and_geometric_outcomes_differ_by_half_the_variance_of_years():
    months = pd.period_range("2000-01", periods=240, freq="M")
    draws = np.random.default_rng(2).normal(0.006, 0.04, 240)
    returns = pd.Series(draws, index=months, name="x")
    geometric = realised(returns, months[0], 20)
    arithmetic = realised(returns, months[0], 20, "arithmetic")
    years = (1 + draws).reshape(20, 12).prod(axis=1) - 1
    assert arithmetic == pytest.approx(years.mean())
    assert geometric == pytest.approx((1 + years).prod() ** (1 / 20) - 1)
    assert arithmetic - geometric == pytest.approx(years.var(ddof=0) / 2, rel=0.1)


def test_a_window_that_is_not_over_has_no_outcome_and_a_gap_is_refused():
    months = pd.period_range("2000-01", periods=120, freq="M")
    returns = pd.Series(0.01, index=months, name="x")
    assert realised(returns, months[0], 10) == pytest.approx(1.01**12 - 1)
    assert realised(returns, months[1], 10) is None
    assert realised(returns, months[0] - 1, 10) is None
    returns.iloc[5] = np.nan
    with pytest.raises(record.ForecastError, match="x: no return for 2000-06"):
        realised(returns, months[0], 10)
    with pytest.raises(record.ForecastError, match="not in sequence"):
        monthly(returns.to_frame().iloc[[0, 2]])


def test_real_forecasts_are_not_scored_on_nominal_returns(came):
    real = record.professional_forecasters().table.assign(basis="real")
    with pytest.raises(record.ForecastError, match="deflate"):
        record.scored(record.Forecasts(real), came)


def test_errors_known_by_a_day_are_those_of_windows_over_by_then(came):
    tried = record.scored(record.professional_forecasters().of("us_large_equity"), came)
    assert record.forecast_errors(tried, known_by="2002-02-28")["us_large_equity"] == pytest.approx(
        abs(tried["error"].iloc[0])
    )
    with pytest.raises(record.ForecastError, match="there is no record yet"):
        record.forecast_errors(tried, known_by="2002-02-27")
    later = came.copy()
    later.loc["2012-03":] = -0.05  # whatever comes after changes nothing that was known before
    again = record.scored(record.professional_forecasters().of("us_large_equity"), later)
    for day in ("2005-06-30", "2012-02-29"):
        assert record.forecast_errors(tried, known_by=day).equals(
            record.forecast_errors(again, known_by=day)
        )
