"""The record is read whole, and what is not known is said by name."""

from dataclasses import replace

import pandas as pd
import pytest

from portlib.data import DataError
from portlib.stewardship import real_plan as rp


@pytest.fixture(scope="module")
def told():
    return rp.read()


def test_every_day_of_a_fund_has_the_target_of_its_quarter(told):
    fund, days, target = told.followed("l_2040")
    assert fund.index.equals(days.index) and days.index.equals(target.index)
    assert target.loc["2026-09-30"].to_list() == told.target("l_2040").loc["2026-07-01"].to_list()
    assert target.loc["2026-06-30"].to_list() == told.target("l_2040").loc["2026-04-01"].to_list()
    assert list(days) == list(rp.FUNDS)


def test_returns_of_days_compound_to_those_of_months(told):
    month = told.days.loc["2022-09", "c"]
    assert (1 + month).prod() - 1 == pytest.approx(told.months.loc["2022-09-30", "c"], abs=1e-8)


def test_known_years(told):
    years = (1 + told.months["c"]).groupby(told.months.index.year).prod() - 1
    assert years[2008] == pytest.approx(-0.3699, abs=5e-5)
    assert years[2022] == pytest.approx(-0.1813, abs=5e-5)
    assert years[2023] == pytest.approx(0.2625, abs=5e-5)


def test_a_fund_without_published_weights_is_named(told):
    with pytest.raises(DataError, match="no target weights of 'l_2075'; they are known of l_2010"):
        told.target("l_2075")


def test_a_gap_in_prices_makes_no_return(told):
    assert pd.isna(told.days.loc["2024-01-02", "l_2025"])


def test_a_fund_is_followed_from_its_first_known_target_only(told):
    since = pd.Timestamp("2015-01-01")
    late = told.targets[told.targets.index.get_level_values("effective") >= since]
    fund, _, target = replace(told, targets=late).followed("l_2040")
    first = late.loc["l_2040"].index[0]
    assert fund.index[0] >= first > told.followed("l_2040")[0].index[0]
    assert target.notna().all(axis=None)
