"""Forecasts as records: what is refused at the door, and from which month one counts."""

import pandas as pd
import pytest

from portlib.estimation import forecast_record as record
from portlib.estimation.forecast_record.published import first_month


def rows(**changes):
    row = {
        "source": "a house",
        "edition": "2016",
        "known_on": "2016-07-31",
        "horizon_years": 10,
        "asset_class": "stocks",
        "expected": 0.06,
        "kind": "geometric",
        "basis": "nominal",
        "low": 0.05,
        "high": 0.07,
    }
    return pd.DataFrame([row | changes])


@pytest.mark.parametrize(
    ("known_on", "month"),
    [("1992-02-15", "1992-03"), ("2016-07-31", "2016-08"), ("2016-12-01", "2017-01")],
)
def test_a_forecast_counts_from_the_first_whole_month_after_its_day(known_on, month):
    assert first_month(known_on) == pd.Period(month, "M")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"known_on": None}, "day on which it was known"),
        ({"horizon_years": 0}, "horizon"),
        ({"expected": float("nan")}, "expected return is missing"),
        ({"expected": 6.0}, "annual decimal"),
        ({"low": 5.0, "high": 7.0}, "annual decimal"),
        ({"kind": "median"}, "kind"),
        ({"basis": "excess"}, "basis"),
        ({"low": 0.08}, "wrong way round"),
    ],
)
def test_a_forecast_that_cannot_be_is_refused_by_name(changes, said):
    with pytest.raises(record.ForecastError, match=f"a house, 2016, stocks: .*{said}"):
        record.Forecasts(rows(**changes))


def test_a_forecast_given_twice_and_a_missing_column_are_refused():
    with pytest.raises(record.ForecastError, match="given twice"):
        record.Forecasts(pd.concat([rows(), rows(expected=0.05)]))
    with pytest.raises(record.ForecastError, match="no column known_on"):
        record.Forecasts(rows().drop(columns="known_on"))


def test_what_was_known_by_a_day_is_what_was_out_by_then():
    both = record.Forecasts(pd.concat([rows(), rows(edition="2017", known_on="2017-08-22")]))
    assert len(both.known_by("2016-07-30")) == 0
    assert list(both.known_by("2016-07-31").table["edition"]) == ["2016"]
    assert len(both.known_by("2017-08-22")) == 2
    with pytest.raises(record.ForecastError, match="no forecast of bonds; there are stocks"):
        both.of("bonds")


def test_the_surveys_hold_what_their_sources_say():
    asked = record.professional_forecasters().table
    assert sorted(set(asked["asset_class"])) == [
        "cash",
        "inflation",
        "us_large_equity",
        "us_treasury_10y",
    ]
    assert (asked.groupby("asset_class").size() == 33).all()
    # the survey's first answers, as printed in its release of February 1992
    first = asked[asked["edition"] == "1992Q1"].set_index("asset_class")["expected"]
    assert first.to_dict() == {
        "cash": 0.05,
        "inflation": 0.037,
        "us_large_equity": 0.10,
        "us_treasury_10y": 0.075,
    }
    advisers = record.horizon_survey().table
    assert len(advisers) == 12 * 5
    assert (advisers["known_on"].dt.month >= 7).all(), "no edition is known in the January it names"


def test_the_latest_years_of_the_survey_agree_with_the_book_s_own_copy_of_its_table():
    from portlib import data

    printed = data.table("horizon_2025_assets")
    advisers = record.horizon_survey().table.query("edition == '2025'").set_index("asset_class")
    for name, row in advisers.iterrows():
        assert row["expected"] == pytest.approx(printed.loc[name, "geometric_10y"], abs=1e-12)
