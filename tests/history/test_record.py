"""A history gives what it is asked for, or refuses by name."""

import numpy as np
import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history import (
    History,
    MonthlySeries,
    Provenance,
)

MADE_UP = Provenance("test", "test", "public domain", "high", "2026")


def a_series(name="stocks", start="2020-01", values=(0.01, 0.02, 0.03), quantity="return"):
    months = pd.date_range(start, periods=len(values), freq="ME")
    return MonthlySeries(
        name, name, pd.Series(list(values), index=months), quantity, "made up", MADE_UP
    )


def test_a_history_gives_the_months_that_all_have_and_says_the_span():
    history = History([a_series(), a_series("bonds", "2020-02", (0.0, np.nan, 0.01, 0.02))])
    assert list(history.months("stocks").index) == list(
        pd.date_range("2020-01-31", periods=3, freq="ME")
    )
    assert history.months("bonds", "stocks", last="2020-02").to_numpy().tolist() == [[0.0, 0.02]]
    assert list(history.months(gaps="drop").columns) == ["stocks", "bonds"]
    assert history.span("stocks") == "2020-01 to 2020-03, 3 months"
    assert history.span("bonds") == "2020-02 to 2020-05, 4 months, 1 of them missing"
    assert history.about().loc["bonds", "missing"] == "2020-03"


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        ({"names": ["stokcs"]}, r"no series 'stokcs'; did you mean stocks"),
        ({"names": ["bonds"]}, r"bonds is missing in 2020-03; end before it, start after it"),
        ({"names": ["stocks"], "first": "2019-12"}, r"stocks starts in 2020-01, after 2019-12"),
        (
            {"names": ["stocks", "bonds"], "last": "2020-05"},
            r"stocks ends in 2020-03, before 2020-05",
        ),
        (
            {"names": ["stocks", "late"]},
            r"no month in common: late starts in 2021-01, stocks ends in 2020-03",
        ),
    ],
)
def test_what_a_history_cannot_give_is_refused_by_name(ask, message):
    late = a_series("late", "2021-01")
    history = History([a_series(), a_series("bonds", "2020-02", (0.0, np.nan, 0.01, 0.02)), late])
    with pytest.raises(DataError, match=message):
        history.months(*ask.pop("names"), **ask)


@pytest.mark.parametrize(
    ("values", "quantity", "message"),
    [
        ((1.0, 2.0, 3.0), "return", "stocks: the middle return is 2.00; percent"),
        ((4.1, 4.2, 4.3), "yield", "stocks: the middle yield is 4.20; percent"),
        ((0.01, -1.5, 0.02), "return", "stocks: 2020-02: -1.5 loses more than all"),
        ((0.01, np.inf, 0.02), "return", "stocks: 2020-02: not a number"),
        ((np.nan, np.nan), "level", "stocks: no month has a value"),
    ],
)
def test_a_series_that_cannot_be_true_is_refused(values, quantity, message):
    with pytest.raises(DataError, match=message):
        a_series(values=values, quantity=quantity)


def test_months_out_of_sequence_are_refused():
    months = pd.DatetimeIndex(["2020-01-31", "2020-03-31"])
    with pytest.raises(DataError, match="x: 2020-03-31: months are not month ends in sequence"):
        MonthlySeries("x", "x", pd.Series([0.1, 0.1], index=months), "return", "made up", MADE_UP)


def test_a_new_vintage_replaces_a_series_whole():
    history = History([a_series(), a_series("bonds")])
    newer = history.replaced_by([a_series(start="2021-01")])
    assert (
        newer.names == ("stocks", "bonds")
        and newer.span("stocks") == "2021-01 to 2021-03, 3 months"
    )
    assert history["stocks"].first == pd.Timestamp("2020-01-31")
    with pytest.raises(DataError, match="two series are called 'stocks'"):
        History([a_series(), a_series()])


@pytest.mark.parametrize(("quantity", "limit"), [("return", 0.2), ("change", 0.2), ("yield", 0.25)])
def test_a_middle_at_the_limit_is_read_and_one_beyond_is_taken_for_percent(quantity, limit):
    assert a_series(values=[limit] * 3, quantity=quantity).last == pd.Timestamp("2020-03-31")
    with pytest.raises(DataError, match="Divide by 100"):
        a_series(values=[limit + 1e-9] * 3, quantity=quantity)
    assert len(a_series(values=[2000.0] * 3, quantity="level").values) == 3


def test_all_may_be_lost_in_a_month_and_no_more():
    assert a_series(values=(0.01, -1.0, 0.0)).values.min() == -1.0
    with pytest.raises(DataError, match=r"2020-02: -1\.0001 loses more than all"):
        a_series(values=(0.01, -1.0001, 0.0))


def test_bounds_that_are_the_first_and_the_last_month_are_met():
    history = History([a_series(), a_series("bonds", "2020-02", (0.0, 0.01, 0.02))])
    whole = history.months("stocks", "bonds", first="2020-02", last="2020-03")
    assert list(whole.index) == list(pd.date_range("2020-02-29", periods=2, freq="ME"))
    assert whole.equals(history.months("stocks", "bonds"))
    for bounds in ({"first": "2020-01"}, {"last": "2020-04"}):
        with pytest.raises(DataError, match=r"starts in|ends in"):
            history.months("stocks", "bonds", **bounds)


def test_months_that_nobody_published_at_either_end_are_no_part_of_a_series():
    one = a_series(values=(np.nan, 0.01, np.nan, 0.02, np.nan))
    assert (one.first, one.last) == (pd.Timestamp("2020-02-29"), pd.Timestamp("2020-04-30"))
    assert list(one.missing) == [pd.Timestamp("2020-03-31")]
