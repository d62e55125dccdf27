"""The records hold what they say: identities, second sources, the classic errors of a history, and every refusal."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.optimize import nnls

from portlib import data
from portlib.data import DataError
from portlib.history import (
    GROUPS,
    History,
    MonthlySeries,
    Provenance,
    bill_returns,
    bond_returns,
    constant_maturity_returns,
    long_record,
    open_record,
    packaged,
)

# ---- the long record -------------------------------------------------------------------------------------------

def test_history_is_complete_monthly_and_in_decimals():
    history = long_record().months()
    assert history.shape == (819, 37) and history.index.name == "month"
    assert list(history.index) == list(pd.date_range("1949-01-31", "2017-03-31", freq="ME"))
    assert list(history.columns) == [column for group in GROUPS.values() for column in group]
    assert {group: len(columns) for group, columns in GROUPS.items()} == {
        "market": 1, "cash": 1, "size_value": 9, "industries": 12, "size_momentum": 9, "bonds": 2, "factors": 3}
    assert history.notna().all(axis=None)
    assert history.abs().max(axis=None) < 0.5 and history.drop(columns="bills").abs().median().min() > 0.005


def test_history_agrees_with_the_other_package_where_they_overlap():
    from arch.data import frenchdata

    other = frenchdata.load()
    stamps = other.index.astype("datetime64[ns]").asi8
    # The documented trap: yyyymm read as nanoseconds. When arch or pandas mend it, this test still holds.
    months = pd.to_datetime(stamps.astype(str), format="%Y%m") if other.index[0].year == 1970 else other.index
    other = (other / 100).set_axis(months + pd.offsets.MonthEnd(0))
    history = long_record().months()
    other = other.loc[history.index]
    assert len(other) == len(history)
    assert (history.bills - other["RF"]).abs().max() < 1e-12
    difference = (history.us_market - other["Mkt-RF"] - other["RF"]).abs()
    assert difference.max() < 3.5e-4 and (difference > 5e-5).sum() <= 19  # revisions between two vintages
    for ours, theirs in (("smb", "SMB"), ("hml", "HML")):
        assert history[ours].corr(other[theirs]) > 0.998


def test_market_is_a_total_return_and_industries_are_not_in_excess_of_bills():
    history = long_record().months()
    industries = history[list(GROUPS["industries"])].to_numpy()
    # The market is a mixture of its industries. Fitted to the total return, what is left over is the diversification
    # return of a mixture with constant weights, half the gap between average variance and variance of the mixture;
    # a market without its bills, or industries in excess of bills, would leave the mean bill rate.
    weights, _ = nnls(np.vstack([industries, 1e3 * np.ones(12)]), np.r_[history.us_market, 1e3])
    left = (history.us_market - industries @ weights).mean()
    diversification = (weights @ industries.var(axis=0) - (industries @ weights).var()) / 2
    assert left == pytest.approx(-diversification, abs=4e-4) and history.bills.mean() > 30e-4


def test_columns_carry_the_names_of_what_they_hold():
    history = long_record().months()
    size = history.small_value + history.small_growth - history.large_value - history.large_growth
    value = history.small_value + history.large_value - history.small_growth - history.large_growth
    past = history.small_winners + history.large_winners - history.small_losers - history.large_losers
    own = pd.DataFrame({"smb": size, "hml": value, "momentum": past})
    correlation = pd.concat([own, history[list(GROUPS["factors"])]], axis=1).corr().iloc[:3, 3:]
    assert (np.diag(correlation) > 0.85).all()
    assert (correlation.to_numpy().argmax(axis=1) == [0, 1, 2]).all()


def test_names_agree_with_the_packages_own_descriptions():
    from linearmodels.datasets import french

    described = dict(line.split(None, 1) for line in french.DESCR.splitlines() if line[:1].isupper() and "  " in line)
    words = {"small": "Small|Size 1", "mid": "Size 3", "large": "Large",
             "growth": "[Ll]ow value|value 1", "value": "[Hh]igh value|value 5",
             "blend": "medium value|value 3", "losers": "losers|momentum 1", "mid_momentum": "neutral|momentum 3",
             "winners": "winners|momentum 5", "shops": "Retail", "money": "Finance"}
    series = yaml.safe_load((data.ROOT / "sources.yml").read_text())["linearmodels_french"]["series"]
    assert len(set(series.values())) == len(series) == 35
    for theirs, ours in series.items():
        size, _, style = ours.partition("_")
        if size in ("small", "mid", "large"):
            assert re.search(words[size], described[theirs]) and re.search(words[style], described[theirs])
        elif ours in GROUPS["industries"]:
            name = words.get(ours, ours).replace("_", ".").lower()
            assert re.search(f"industry: {name}", described[theirs].lower())


def test_corporate_yields_are_decimals_and_baa_pays_more():
    yields = long_record().months("aaa_yield", "baa_yield")
    assert (yields.baa_yield > yields.aaa_yield).all() and yields.max(axis=None) < 0.2
    # FRED, AAA and BAA, December 2018, percent.
    assert yields.loc["2018-12-31"].tolist() == pytest.approx([0.0402, 0.0513], abs=1e-12)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of data/ that a test may damage."""
    copy = tmp_path / "data"
    shutil.copytree(data.ROOT, copy)
    monkeypatch.setattr(data, "ROOT", copy)
    return copy


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def test_a_package_with_other_data_is_refused(folder):
    edit(folder / "sources.yml", "first: 1957-01", "first: 1957-02")
    with pytest.raises(DataError, match=r"arch.data.core_cpi: months are not all from 1957-02"):
        long_record()
    data._sources.cache_clear()
    packaged._long_record.cache_clear()
    edit(folder / "sources.yml", "first: 1957-02", "first: 1957-01")
    edit(folder / "sources.yml", "CPILFESL: core_cpi", "CPIAUCSL: core_cpi")
    with pytest.raises(DataError, match=r"arch.data.core_cpi: columns \['CPILFESL'\] are not those"):
        long_record()
    data._sources.cache_clear()
    packaged._long_record.cache_clear()
    entry = yaml.safe_load((folder / "sources.yml").read_text())["arch_core_cpi"]
    edit(folder / "sources.yml", entry["sha256"], "0" * 64)
    with pytest.raises(DataError, match=r"core-cpi.csv.gz: SHA-256"):
        long_record()


def test_inflation_is_core_monthly_and_in_decimals():
    inflation = long_record()["core_inflation"].values
    assert inflation.index[0] == pd.Timestamp("1957-02-28") and inflation.index[-1] == pd.Timestamp("2018-11-30")
    index = packaged._package(data.ROOT, "arch_core_cpi")["core_cpi"]
    assert (1 + inflation).prod() == pytest.approx(index.iloc[-1] / index.iloc[0], rel=1e-12)
    assert (1 + inflation.loc["1980"]).prod() - 1 == pytest.approx(0.122, abs=5e-4)  # BLS: core CPI, December 1980


# ---- constant-maturity repricing -------------------------------------------------------------------------------

def yields_frame(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"bond": values}, index=pd.date_range("2000-01-31", periods=len(values), freq="ME"))


@pytest.mark.parametrize("level", [0.0, 0.01, 0.06, 0.15])
def test_an_unchanged_yield_earns_exactly_a_twelfth_of_it(level):
    assert (constant_maturity_returns(yields_frame([level] * 5), 20) == level / 12).all(axis=None)


@pytest.mark.parametrize(("start", "end"), [(0.05, 0.06), (0.10, 0.08), (0.03, 0.0), (0.04, 0.0401)])
def test_repricing_equals_discounting_every_coupon(start, end):
    # A maturity of 20 years and a month leaves exactly 40 half-years after a month.
    times = np.arange(1, 41)
    flows = np.where(times == 40, 1 + start / 2, start / 2)
    price = (flows / (1 + end / 2) ** times).sum()
    result = constant_maturity_returns(yields_frame([start, end]), 20 + 1 / 12).iloc[0, 0]
    assert result == pytest.approx(start / 12 + price - 1, abs=1e-13)


def test_repricing_agrees_with_duration_and_convexity_on_the_real_yields():
    yields = long_record().months("aaa_yield", "baa_yield", first="1948-12", last="2017-03")
    exact = constant_maturity_returns(yields, 20)
    times = (np.arange(40, 0, -1) * 0.5)[:, None, None]
    c = yields.to_numpy()[:-1]
    move = yields.diff().to_numpy()[1:]
    present = np.where(times == 20, 1 + c / 2, c / 2) / (1 + c / 2) ** (2 * times)  # of a par bond: sums to one
    duration = (times * present).sum(axis=0) / (1 + c / 2)
    convexity = (times * (times + 0.5) * present).sum(axis=0) / (1 + c / 2) ** 2
    approximate = c / 12 - duration * move + convexity * move**2 / 2
    gap = np.abs(exact.to_numpy() - approximate)
    # What is left is the month by which the bond ages, in the duration, and the third order.
    assert (gap <= 0.003 * np.abs(duration * move) + 0.6 * 1000 * np.abs(move) ** 3 + 1e-5).all()
    assert np.median(gap) < 2e-5 < exact.abs().median().min() / 100


def test_bonds_rise_in_the_month_in_which_their_own_yield_falls():
    bonds = list(GROUPS["bonds"])
    moves = long_record().months("aaa_yield", "baa_yield").set_axis(bonds, axis=1).diff()
    history = long_record().months()[bonds]
    for bond in bonds:
        other = next(name for name in bonds if name != bond)
        assert history[bond].corr(moves[bond]) < -0.85
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[other]) - 0.02
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[bond].shift(-1)) - 0.3
        assert history[bond].corr(moves[bond]) < history[bond].corr(moves[bond].shift(1)) - 0.3


def test_bond_returns_are_smoothed_by_month_average_yields():
    # Working (1960): first differences of averages of a random walk have autocorrelation near 1/4, variance near 2/3.
    steps = np.random.default_rng(1).standard_normal((3000, 21)).cumsum().reshape(3000, 21)
    averaged, last = np.diff(steps.mean(axis=1)), np.diff(steps[:, -1])
    assert np.corrcoef(averaged[1:], averaged[:-1])[0, 1] == pytest.approx(0.25, abs=0.06)
    assert averaged.var() / last.var() == pytest.approx(2 / 3, abs=0.06)
    history = long_record().months()
    assert all(history[bond].autocorr(1) > 0.25 for bond in GROUPS["bonds"])
    assert abs(history.us_market.autocorr(1)) < 0.1


@pytest.mark.parametrize("values", [[5.0, 5.1], [0.05, float("nan")], [0.05, -1.5]])
def test_yields_that_are_no_annual_decimals_are_refused(values):
    with pytest.raises(DataError, match=r"yields: column 'bond', 2000-0"):
        constant_maturity_returns(yields_frame(values), 20)


def test_a_maturity_of_a_month_is_refused():
    with pytest.raises(DataError, match=r"maturity_years"):
        constant_maturity_returns(yields_frame([0.05, 0.05]), 1 / 12)


def test_a_gap_in_the_yields_stays_a_gap():
    yields = yields_frame([0.05, 0.05, np.nan, 0.06, 0.06])["bond"]
    assert bond_returns(yields, 10).isna().tolist() == [False, True, True, False]


def test_a_bill_held_to_maturity_earns_its_discount():
    discount = yields_frame([0.04, 0.04])["bond"]
    earned = bill_returns(discount).iloc[0]
    # ninety-one days at this rate bring a price of 1 - 0.04 * 91 / 360 to one
    assert (1 + earned) ** (12 * 91 / 365) * (1 - 0.04 * 91 / 360) == pytest.approx(1, abs=1e-12)


# ---- the open record -------------------------------------------------------------------------------------------

def test_every_open_series_says_span_licence_and_how_sure():
    about = open_record().about()
    assert about.licence.str.startswith("public domain").all()
    assert about[["label", "basis", "publisher", "confidence", "vintage"]].ne("").all(axis=None)
    assert about.loc[["tsp_g", "tsp_c", "tsp_s", "treasury_10y", "treasury_30y", "inflation"], "first"].tolist() == [
        "1987-04", "1988-01", "2001-05", "1962-02", "1977-03", "1913-02"]
    assert (about["last"] >= "2026-05").all()
    assert about.missing[about.missing != ""].to_dict() == {
        "yield_20y": "1987-01 to 1993-09", "treasury_20y": "1987-01 to 1993-10",
        "cpi_u": "2025-10", "inflation": "2025-10 to 2025-11"}


# TSP.gov, annual returns, percent
@pytest.mark.parametrize(("fund", "year", "percent"), [
    ("tsp_c", 2008, -36.99), ("tsp_c", 2022, -18.13), ("tsp_c", 2023, 26.25), ("tsp_g", 2022, 2.98),
    ("tsp_g", 2023, 4.22), ("tsp_f", 2022, -12.83), ("tsp_i", 2022, -13.94), ("tsp_s", 2022, -26.26)])
def test_months_of_the_funds_compound_to_the_years_that_the_plan_publishes(fund, year, percent):
    months = open_record()[fund].values.loc[str(year)]
    assert len(months) == 12
    assert 100 * ((1 + months).prod() - 1) == pytest.approx(percent, abs=0.006)


# BLS, CPI-U, all items, December to December, percent
@pytest.mark.parametrize(("year", "percent"), [(1979, 13.3), (2008, 0.1), (2021, 7.0), (2022, 6.5), (2024, 2.9)])
def test_months_of_inflation_compound_to_the_published_years(year, percent):
    months = open_record()["inflation"].values.loc[str(year)]
    assert 100 * ((1 + months).prod() - 1) == pytest.approx(percent, abs=0.051)


def test_the_open_record_agrees_with_the_long_one_where_they_overlap():
    both = long_record().months().join(open_record().months("tsp_c"), how="inner")
    assert len(both) == 351 and both.us_market.corr(both.tsp_c) > 0.98
    cash = pd.DataFrame({"bills": long_record()["bills"].values, "open": open_record()["bills"].values}).dropna()
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
    averaged = constant_maturity_returns(record.months("yield_10y_average"), 10)["yield_10y_average"]
    ends, means = (
        {span: bonds.tsp_c.loc[span[0]:span[1]].corr(series) for span in (("2000", "2019"), ("2021", "2024"))}
        for series in (bonds.treasury_10y, averaged))
    assert ends[("2000", "2019")] < -0.3 and ends[("2021", "2024")] > 0.58
    for span, correlation in ends.items():
        assert abs(means[span]) < abs(correlation) - 0.1
    # traded funds turned as well
    funds = record.months("tsp_c", "tsp_f", first="2021-01", last="2024-12")
    assert funds.corr().iloc[0, 1] > 0.58


# ---- asking a history ------------------------------------------------------------------------------------------

MADE_UP = Provenance("test", "test", "public domain", "high", "2026")


def a_series(name="stocks", start="2020-01", values=(0.01, 0.02, 0.03), quantity="return"):
    months = pd.date_range(start, periods=len(values), freq="ME")
    return MonthlySeries(name, name, pd.Series(list(values), index=months), quantity, "made up", MADE_UP)


def test_a_history_gives_the_months_that_all_have_and_says_the_span():
    history = History([a_series(), a_series("bonds", "2020-02", (0.0, np.nan, 0.01, 0.02))])
    assert list(history.months("stocks").index) == list(pd.date_range("2020-01-31", periods=3, freq="ME"))
    assert history.months("bonds", "stocks", last="2020-02").to_numpy().tolist() == [[0.0, 0.02]]
    assert list(history.months(gaps="drop").columns) == ["stocks", "bonds"]
    assert history.span("stocks") == "2020-01 to 2020-03, 3 months"
    assert history.span("bonds") == "2020-02 to 2020-05, 4 months, 1 of them missing"
    assert history.about().loc["bonds", "missing"] == "2020-03"


@pytest.mark.parametrize(("ask", "message"), [
    ({"names": ["stokcs"]}, r"no series 'stokcs'; did you mean stocks"),
    ({"names": ["bonds"]}, r"bonds is missing in 2020-03; end before it, start after it"),
    ({"names": ["stocks"], "first": "2019-12"}, r"stocks starts in 2020-01, after 2019-12"),
    ({"names": ["stocks", "bonds"], "last": "2020-05"}, r"stocks ends in 2020-03, before 2020-05"),
    ({"names": ["stocks", "late"]}, r"no month in common: late starts in 2021-01, stocks ends in 2020-03"),
])
def test_what_a_history_cannot_give_is_refused_by_name(ask, message):
    late = a_series("late", "2021-01")
    history = History([a_series(), a_series("bonds", "2020-02", (0.0, np.nan, 0.01, 0.02)), late])
    with pytest.raises(DataError, match=message):
        history.months(*ask.pop("names"), **ask)


@pytest.mark.parametrize(("values", "quantity", "message"), [
    ((1.0, 2.0, 3.0), "return", "stocks: the middle return is 2.00; percent"),
    ((4.1, 4.2, 4.3), "yield", "stocks: the middle yield is 4.20; percent"),
    ((0.01, -1.5, 0.02), "return", "stocks: 2020-02: -1.5 loses more than all"),
    ((0.01, np.inf, 0.02), "return", "stocks: 2020-02: not a number"),
    ((np.nan, np.nan), "level", "stocks: no month has a value"),
])
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
    assert newer.names == ("stocks", "bonds") and newer.span("stocks") == "2021-01 to 2021-03, 3 months"
    assert history["stocks"].first == pd.Timestamp("2020-01-31")
    with pytest.raises(DataError, match="two series are called 'stocks'"):
        History([a_series(), a_series()])
