"""The long record holds what it says: identities, a second package, a history's classic errors."""

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
    long_record,
    packaged,
)


def test_history_is_complete_monthly_and_in_decimals():
    history = long_record().months()
    assert history.shape == (819, 37) and history.index.name == "month"
    assert list(history.index) == list(pd.date_range("1949-01-31", "2017-03-31", freq="ME"))
    assert list(history.columns) == [column for group in GROUPS.values() for column in group]
    assert {group: len(columns) for group, columns in GROUPS.items()} == {
        "market": 1,
        "cash": 1,
        "size_value": 9,
        "industries": 12,
        "size_momentum": 9,
        "bonds": 2,
        "factors": 3,
    }
    assert history.notna().all(axis=None)
    assert (
        history.abs().max(axis=None) < 0.5
        and history.drop(columns="bills").abs().median().min() > 0.005
    )


def test_history_agrees_with_the_other_package_where_they_overlap():
    from arch.data import frenchdata

    other = frenchdata.load()
    stamps = other.index.astype("datetime64[ns]").asi8
    # The documented trap: yyyymm read as nanoseconds. If it is mended, this test still holds.
    months = (
        pd.to_datetime(stamps.astype(str), format="%Y%m")
        if other.index[0].year == 1970
        else other.index
    )
    other = (other / 100).set_axis(months + pd.offsets.MonthEnd(0))
    history = long_record().months()
    other = other.loc[history.index]
    assert len(other) == len(history)
    assert (history.bills - other["RF"]).abs().max() < 1e-12
    difference = (history.us_market - other["Mkt-RF"] - other["RF"]).abs()
    assert (
        difference.max() < 3.5e-4 and (difference > 5e-5).sum() <= 19
    )  # revisions between two vintages
    for ours, theirs in (("smb", "SMB"), ("hml", "HML")):
        assert history[ours].corr(other[theirs]) > 0.998


def test_market_is_a_total_return_and_industries_are_not_in_excess_of_bills():
    history = long_record().months()
    industries = history[list(GROUPS["industries"])].to_numpy()
    # The market is a mixture of its industries. Fitted to the total return, what is left over is
    # the diversification return of a mixture with constant weights, half the gap between average
    # variance and variance of the mixture; a market without its bills, or industries in excess of
    # bills, would leave the mean bill rate.
    weights, _ = nnls(np.vstack([industries, 1e3 * np.ones(12)]), np.r_[history.us_market, 1e3])
    left = (history.us_market - industries @ weights).mean()
    diversification = (weights @ industries.var(axis=0) - (industries @ weights).var()) / 2
    assert left == pytest.approx(-diversification, abs=4e-4) and history.bills.mean() > 30e-4


def test_columns_carry_the_names_of_what_they_hold():
    history = long_record().months()
    size = history.small_value + history.small_growth - history.large_value - history.large_growth
    value = history.small_value + history.large_value - history.small_growth - history.large_growth
    past = (
        history.small_winners + history.large_winners - history.small_losers - history.large_losers
    )
    own = pd.DataFrame({"smb": size, "hml": value, "momentum": past})
    correlation = pd.concat([own, history[list(GROUPS["factors"])]], axis=1).corr().iloc[:3, 3:]
    assert (np.diag(correlation) > 0.85).all()
    assert (correlation.to_numpy().argmax(axis=1) == [0, 1, 2]).all()


def test_names_agree_with_the_packages_own_descriptions():
    from linearmodels.datasets import french

    described = dict(
        line.split(None, 1)
        for line in french.DESCR.splitlines()
        if line[:1].isupper() and "  " in line
    )
    words = {
        "small": "Small|Size 1",
        "mid": "Size 3",
        "large": "Large",
        "growth": "[Ll]ow value|value 1",
        "value": "[Hh]igh value|value 5",
        "blend": "medium value|value 3",
        "losers": "losers|momentum 1",
        "mid_momentum": "neutral|momentum 3",
        "winners": "winners|momentum 5",
        "shops": "Retail",
        "money": "Finance",
    }
    series = yaml.safe_load((data.ROOT / "sources.yml").read_text())["linearmodels_french"][
        "series"
    ]
    assert len(set(series.values())) == len(series) == 35
    for theirs, ours in series.items():
        size, _, style = ours.partition("_")
        if size in ("small", "mid", "large"):
            assert re.search(words[size], described[theirs]) and re.search(
                words[style], described[theirs]
            )
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
    with pytest.raises(
        DataError, match=r"arch.data.core_cpi: columns \['CPILFESL'\] are not those"
    ):
        long_record()
    data._sources.cache_clear()
    packaged._long_record.cache_clear()
    entry = yaml.safe_load((folder / "sources.yml").read_text())["arch_core_cpi"]
    edit(folder / "sources.yml", entry["sha256"], "0" * 64)
    with pytest.raises(DataError, match=r"core-cpi.csv.gz: SHA-256"):
        long_record()


def test_inflation_is_core_monthly_and_in_decimals():
    inflation = long_record()["core_inflation"].values
    assert inflation.index[0] == pd.Timestamp("1957-02-28") and inflation.index[-1] == pd.Timestamp(
        "2018-11-30"
    )
    index = packaged._package(data.ROOT, "arch_core_cpi")["core_cpi"]
    assert (1 + inflation).prod() == pytest.approx(index.iloc[-1] / index.iloc[0], rel=1e-12)
    assert (1 + inflation.loc["1980"]).prod() - 1 == pytest.approx(
        0.122, abs=5e-4
    )  # BLS: core CPI, December 1980
