"""The open record: published years, the long record where both are, spans, licences, gaps."""

import pandas as pd
import pytest

from portlib.history import (
    constant_maturity_returns,
    long_record,
    open_record,
)


def test_every_open_series_says_span_licence_and_how_sure():
    about = open_record().about()
    assert about.licence.str.startswith(("public domain", "CC BY 4.0")).all()
    assert about[["label", "basis", "publisher", "confidence", "vintage"]].ne("").all(axis=None)
    assert about.loc[
        ["tsp_g", "tsp_c", "tsp_s", "treasury_10y", "treasury_30y", "inflation"], "first"
    ].tolist() == ["1987-04", "1988-01", "2001-05", "1962-02", "1977-03", "1913-02"]
    assert (about.drop(["gold", "gold_price"])["last"] >= "2026-05").all()
    assert about.missing[about.missing != ""].to_dict() == {
        "yield_20y": "1987-01 to 1993-09",
        "treasury_20y": "1987-01 to 1993-10",
        "cpi_u": "2025-10",
        "inflation": "2025-10 to 2025-11",
    }


# TSP.gov, annual returns, percent
@pytest.mark.parametrize(
    ("fund", "year", "percent"),
    [
        ("tsp_c", 2008, -36.99),
        ("tsp_c", 2022, -18.13),
        ("tsp_c", 2023, 26.25),
        ("tsp_g", 2022, 2.98),
        ("tsp_g", 2023, 4.22),
        ("tsp_f", 2022, -12.83),
        ("tsp_i", 2022, -13.94),
        ("tsp_s", 2022, -26.26),
    ],
)
def test_months_of_the_funds_compound_to_the_years_that_the_plan_publishes(fund, year, percent):
    months = open_record()[fund].values.loc[str(year)]
    assert len(months) == 12
    assert 100 * ((1 + months).prod() - 1) == pytest.approx(percent, abs=0.006)


# BLS, CPI-U, all items, December to December, percent
@pytest.mark.parametrize(
    ("year", "percent"), [(1979, 13.3), (2008, 0.1), (2021, 7.0), (2022, 6.5), (2024, 2.9)]
)
def test_months_of_inflation_compound_to_the_published_years(year, percent):
    months = open_record()["inflation"].values.loc[str(year)]
    assert 100 * ((1 + months).prod() - 1) == pytest.approx(percent, abs=0.051)


def test_the_open_record_agrees_with_the_long_one_where_they_overlap():
    both = long_record().months().join(open_record().months("tsp_c"), how="inner")
    assert len(both) == 351 and both.us_market.corr(both.tsp_c) > 0.98
    cash = pd.DataFrame(
        {"bills": long_record()["bills"].values, "open": open_record()["bills"].values}
    ).dropna()
    assert cash.bills.corr(cash.open) > 0.98
    # three-month bills pay more than one-month bills: half a point a year at most
    assert 0 < 12 * (cash.open - cash.bills).mean() < 0.005


def test_month_end_and_average_yields_are_of_the_same_bond():
    record = open_record()
    yields = record.months("yield_10y", "yield_10y_average")
    # an average lies between neighbouring month ends more often than not, and never far from them
    assert (yields.yield_10y - yields.yield_10y_average).abs().max() < 0.015
    # Damodaran's year-end repricing, percent: 20.10 in 2008, -17.83 in 2022
    for year, percent in ((2008, 20.10), (2022, -17.83)):
        repriced = 100 * ((1 + record["treasury_10y"].values.loc[str(year)]).prod() - 1)
        assert repriced == pytest.approx(percent, abs=1.6)


def test_averaged_yields_hide_the_turn_of_the_stock_bond_correlation():
    """From averages the correlation of 2021-24 reads +0.44 instead of +0.62."""
    record = open_record()
    bonds = record.months("tsp_c", "treasury_10y")
    averaged = constant_maturity_returns(record.months("yield_10y_average"), 10)[
        "yield_10y_average"
    ]
    ends, means = (
        {
            span: bonds.tsp_c.loc[span[0] : span[1]].corr(series)
            for span in (("2000", "2019"), ("2021", "2024"))
        }
        for series in (bonds.treasury_10y, averaged)
    )
    assert ends[("2000", "2019")] < -0.3 and ends[("2021", "2024")] > 0.58
    for span, correlation in ends.items():
        assert abs(means[span]) < abs(correlation) - 0.1
    # traded funds turned as well
    funds = record.months("tsp_c", "tsp_f", first="2021-01", last="2024-12")
    assert funds.corr().iloc[0, 1] > 0.58


def test_gold_falls_and_rises_as_the_world_remembers():
    """Averages of the years in the London market, US dollars: 614.75 in 1980, 2,386 in 2024."""
    price = open_record()["gold_price"].values
    assert price.loc["1980"].mean() == pytest.approx(614.75, rel=0.02)
    assert price.loc["2024"].mean() == pytest.approx(2386, rel=0.005)
    assert price.loc[:"1967"].between(34.9, 35.6).all()
