"""The committed tables are what the tool writes from publishers' files. Figures are invented."""

import numpy as np
import pandas as pd
import pytest

from portlib.history.publishers import PublishedFile, PublishedTable
from tools import open_record


def file(name, values, frequency="month", unit="percent"):
    frame = values.to_frame(name) if isinstance(values, pd.Series) else values
    table = PublishedTable(name, frequency, frame, unit)
    return PublishedFile("test", "test", name, "2026", (table,))


@pytest.fixture
def files():
    months = pd.date_range("2025-11-30", "2026-03-31", freq="ME")
    days = pd.date_range("2025-11-03", "2026-03-20", freq="B")
    monthly = {f"GS{y}": pd.Series(4.0, index=months) for y in (1, 2, 3, 5, 7, 10, 20)}
    monthly["TB3MS"] = pd.Series(3.6, index=months)
    daily = pd.Series(4.0 + days.month.to_numpy() / 100 + days.day.to_numpy() / 10_000, index=days)
    prices = monthly["TB3MS"].iloc[[0, 1, 3]] + 320
    return {
        **{name: file(name, values) for name, values in monthly.items()},
        **{name: file(name, daily, "day") for name in ("DGS10", "DGS30")},
        "CPIAUCNS": file("CPIAUCNS", prices, unit="index"),
    }


def test_yields_end_with_the_last_whole_month_in_decimals(files):
    table = open_record.yields(files)
    assert [f"{month:%Y-%m}" for month in table.index] == [
        "2025-11",
        "2025-12",
        "2026-01",
        "2026-02",
    ]
    assert table["bill_3m"].iloc[0] == pytest.approx(0.036)
    # the last trading day of February 2026 is the 27th, of November 2025 the 28th
    assert table["end_10y"].iloc[[0, -1]].tolist() == pytest.approx([0.041128, 0.040227])
    assert table["average_30y"].iloc[-1] == pytest.approx(0.0402, abs=1e-4)


def test_a_month_of_prices_that_was_not_collected_is_an_empty_row(files):
    table = open_record.prices(files)
    assert np.flatnonzero(table.cpi_u.isna()).tolist() == [2]


def test_a_table_without_its_files_names_the_one_that_is_not_there(files):
    with pytest.raises(KeyError, match="fund-price-history"):
        open_record.funds(files)
