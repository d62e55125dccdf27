"""Editions hold what was known on their day; a planted later figure is refused or changes
nothing."""

import csv

import numpy as np
import pandas as pd
import pytest

from portlib import data, history
from portlib.estimation import forecast_record as record
from portlib.estimation.forecast_record.editions import CLASSES
from portlib.estimation.forecast_record.outcomes import monthly

FUNDS = ("tsp_g", "tsp_f", "tsp_c", "tsp_s", "tsp_i")


@pytest.fixture(scope="module")
def funds():
    held = history.open_record()
    frame = pd.concat([held[name].values for name in FUNDS], axis=1).set_axis(CLASSES, axis=1)
    return monthly(frame)


@pytest.fixture(scope="module")
def editions(funds):
    return record.horizon_editions(funds)


def test_an_edition_that_holds_a_month_of_its_future_is_refused(editions, funds):
    e = editions[0]
    with pytest.raises(
        record.LookAhead, match=r"edition 2016, known on 2016-07-31, holds .*2016-08"
    ):
        record.Edition(e.name, e.known_on, e.assumptions, funds.loc[:"2016-08"], e.errors)
    # the day matters, not the month: on the 30th July had not ended, and 1 August is no whole month
    assert record.Edition(e.name, e.known_on, e.assumptions, e.past, e.errors).in_force == (
        pd.Period("2016-08", "M")
    )
    with pytest.raises(record.ForecastError, match="give both in one order"):
        record.Edition(e.name, e.known_on, e.assumptions, e.past[list(CLASSES[::-1])], e.errors)


def test_no_edition_uses_a_volatility_or_correlation_of_a_later_one(editions):
    with (data.ROOT / "horizon_ten_year.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for e in editions:
        printed = [
            (row["edition"], float(row["volatility"]))
            for row in rows
            if row["asset_class"] == "us_large_equity"
            and row["volatility"]
            and row["edition"] <= e.name
        ]
        at = e.assumptions.labels.index("us_large_equity")
        assert e.assumptions.volatility[at] == pytest.approx(max(printed)[1])
        assert e.assumptions.source.rsplit(" ", 1)[1] <= e.name


def test_an_edition_says_what_its_rows_say(editions):
    e = editions[1]
    rows = record.horizon_survey().table.query("edition == '2017'").set_index("asset_class")
    back = record.editions.geometric_to_arithmetic(
        rows["expected"].reindex(list(CLASSES)), e.assumptions.volatility
    )
    assert e.assumptions.mu == pytest.approx(back)
    # the survey's own arithmetic mean of US large companies in 2017 was 7.76%
    assert e.assumptions.mu[2] == pytest.approx(0.0776, abs=0.001)
    correlation = e.assumptions.sigma[2, 4] / e.assumptions.volatility[[2, 4]].prod()
    assert correlation == pytest.approx(0.81)


def test_before_the_first_volatilities_there_is_no_edition(funds):
    with pytest.raises(record.ForecastError, match="edition 2015: no volatilities"):
        record.horizon_editions(funds, first="2015")
    with pytest.raises(record.ForecastError, match="no column cash"):
        record.horizon_editions(funds.drop(columns="cash"))


def test_sample_editions_know_the_months_before_them_alone(funds):
    pair = funds[["us_core_bonds", "us_large_equity"]].rename(
        columns={"us_core_bonds": "us_treasury_10y"}
    )
    whole = record.sample_editions(record.professional_forecasters(), pair.dropna())
    assert [e.name for e in whole] == [f"{year}Q1" for year in range(1992, 2025)]
    e = whole[10]
    before = pair.dropna().loc[:"2002-02"]
    assert e.assumptions.sigma == pytest.approx(12 * np.cov(before.to_numpy().T, ddof=1))
    noise = pair.dropna().copy()
    noise.loc["2002-03":] = 0.5
    again = record.sample_editions(record.professional_forecasters(), noise)[10]
    assert np.array_equal(again.assumptions.sigma, e.assumptions.sigma)
    with pytest.raises(record.ForecastError, match="edition 1992Q1: only 5 months"):
        record.sample_editions(record.professional_forecasters(), pair.loc["1991-10":])
