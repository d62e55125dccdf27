"""Imported files continue both records, whole series at a time. Figures are invented."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import data
from portlib.data import DataError
from portlib.history import (
    GROUPS,
    chosen,
    long_record,
    long_record_with,
    open_record,
    open_record_with,
    vintages,
)
from portlib.history.series import month_ends, price_returns

MONTHS = pd.period_range("2025-03", "2026-02", freq="M")
BOOK = ["LoBM", "BM2", "BM3", "BM4", "HiBM"]
PAST = ["LoPRIOR", "PRIOR2", "PRIOR3", "PRIOR4", "HiPRIOR"]


def grid(extremes):
    """Twenty-five names as French prints them: words in the corners, numbers elsewhere."""
    stem = "BM" if "LoBM" in extremes else "PRIOR"
    names = []
    for size in range(1, 6):
        for column in range(1, 6):
            corner = size in (1, 5) and column in (1, 5)
            word = {1: "SMALL", 5: "BIG"}.get(size, "")
            names.append(f"{word} {extremes[column - 1]}" if corner else f"ME{size} {stem}{column}")
    return names


def french(
    folder: Path, name: str, columns: list[str], title: str = "", database: str = "CRSP"
) -> Path:
    """A tenth of the column's number, and the month: 0.35 is the third column, sixth month."""
    rows = "".join(
        f"{month:%Y%m},"
        + ",".join(f"{(c + 1) / 10 + i / 100:.2f}" for c in range(len(columns)))
        + "\r\n"
        for i, month in enumerate(MONTHS)
    )
    header = f"This file was created using the {MONTHS[-1]:%Y%m} {database} database.\r\n\r\n"
    path = folder / f"{name}.csv"
    path.write_text(f"{header}{title}\r\n,{','.join(columns)}\r\n{rows}", newline="")
    return path


def fred(folder: Path, series: str, values, first: str, freq: str = "MS") -> Path:
    days = pd.date_range(first, periods=len(values), freq=freq)
    path = folder / f"{series}.csv"
    rows = "".join(f"{day:%Y-%m-%d},{value}\n" for day, value in zip(days, values, strict=True))
    path.write_text(f"observation_date,{series}\n{rows}")
    return path


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "fetched"
    title = "  Average Value Weighted Returns -- Monthly"
    industries = [
        "NoDur",
        "Durbl",
        "Manuf",
        "Enrgy",
        "Chems",
        "BusEq",
        "Telcm",
        "Utils",
        "Shops",
        "Hlth",
        "Money",
        "Other",
    ]
    prices = tmp_path / "fund-price-history.csv"
    days = pd.date_range("2003-05-30", "2003-08-15", freq="B")
    header = "Date,L Income,G Fund,F Fund,C Fund,S Fund,I Fund\n"
    prices.write_text(
        header + "".join(f"{day:%Y-%m-%d},10,10,10,{10 + i},10,10\n" for i, day in enumerate(days))
    )
    daily = pd.date_range("2026-01-01", "2026-03-20", freq="B")
    files = [
        french(tmp_path, "F-F_Research_Data_Factors", ["Mkt-RF", "SMB", "HML", "RF"]),
        french(tmp_path, "F-F_Momentum_Factor", ["Mom"]),
        french(tmp_path, "12_Industry_Portfolios", industries, title),
        french(tmp_path, "25_Portfolios_5x5", grid(BOOK), title),
        french(tmp_path, "25_Portfolios_ME_Prior_12_2", grid(PAST), title),
        french(
            tmp_path,
            "Emerging_5_Factors",
            ["Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"],
            database="Bloomberg",
        ),
        fred(tmp_path, "AAA", ["5.00"] * 14, "2025-01-01"),
        fred(tmp_path, "BAA", ["6.00"] * 14, "2025-01-01"),
        fred(tmp_path, "GS10", ["4.00"] * 3, "2026-01-01"),
        fred(
            tmp_path, "DGS10", [4 + (d.month - 1) + d.day / 100 for d in daily], "2026-01-01", "B"
        ),
        fred(tmp_path, "CPIAUCNS", ["324.0", "324.8", "", "324.1", "324.2"], "2025-08-01"),
        fred(tmp_path, "TB3MS", ["3.60"] * 3, "2026-01-01"),
        prices,
    ]
    for path in files:
        vintages.keep(path, folder, obtained="2026-11-28")
    return folder


def test_frenchs_columns_come_under_our_names_in_decimals(store):
    record = long_record_with(store)
    first = {name: record[name].values.iloc[0] for name in record.names}
    assert first["us_market"] == pytest.approx(0.005) and first["bills"] == pytest.approx(0.004)
    assert (first["smb"], first["hml"], first["momentum"]) == pytest.approx((0.002, 0.003, 0.001))
    assert [first[name] for name in GROUPS["industries"]] == pytest.approx(
        [i / 1000 for i in range(1, 13)]
    )
    # first, third and fifth row and column of five by five, counted by rows
    places = [1, 3, 5, 11, 13, 15, 21, 23, 25]
    for group in ("size_value", "size_momentum"):
        assert [first[name] for name in GROUPS[group]] == pytest.approx([p / 1000 for p in places])
    # five factors and a foreign market are further series
    assert first["emerging"] == pytest.approx(0.001 + 0.006)


def test_a_series_is_replaced_whole_and_never_spliced(store):
    record = long_record_with(store)
    assert record["us_market"].first == pd.Timestamp("2025-03-31")
    assert long_record()["us_market"].first == pd.Timestamp("1949-01-31")
    assert record["core_inflation"].last == long_record()["core_inflation"].last  # not imported
    months = record.months(*[name for names in GROUPS.values() for name in names])
    assert months.index[[0, -1]].tolist() == [
        pd.Timestamp("2025-03-31"),
        pd.Timestamp("2026-02-28"),
    ]
    # an unchanged yield earns a twelfth of it
    assert np.allclose(months.aaa_corporate, 0.05 / 12) and np.allclose(
        months.baa_corporate, 0.06 / 12
    )


def test_a_series_names_its_file_vintage_and_hash(store):
    origin = long_record_with(store)["us_market"].provenance
    kept = vintages.kept(store)["F-F_Research_Data_Factors"]
    assert origin.source == f"{kept.file}, SHA-256 {kept.sha256[:12]}"
    assert origin.vintage == "202602" and "not to be passed on" in origin.licence


def test_month_ends_decide_over_averages_and_an_unfinished_month_is_left_out(store):
    record = open_record_with(store)
    yields = record["yield_10y"]
    assert "month ends" in yields.basis
    assert yields.values.to_dict() == {
        pd.Timestamp("2026-01-31"): pytest.approx(0.0430),
        pd.Timestamp("2026-02-28"): pytest.approx(0.0527),
    }
    assert record["yield_10y_average"].last == pd.Timestamp("2026-03-31")
    assert [f"{m:%Y-%m}" for m in record["inflation"].missing] == ["2025-10", "2025-11"]
    assert [f"{m:%Y-%m}" for m in record["cpi_u"].missing] == ["2025-10"]


def test_share_prices_continue_the_published_returns_of_the_time_before_them(store):
    record = open_record_with(store)["tsp_c"]
    committed = open_record()["tsp_c"].values
    assert record.values.loc[:"2003-05"].equals(committed.loc[:"2003-05"])
    # 30 May is price 10; the last trading days of June and July are 21 and 44 days later
    assert record.values.loc["2003-06-30"] == pytest.approx(31 / 10 - 1)
    assert record.values.loc["2003-07-31"] == pytest.approx(54 / 31 - 1)
    assert record.last == pd.Timestamp("2003-07-31")


def test_a_file_that_lacks_what_its_kind_should_hold_is_refused(tmp_path):
    path = french(
        tmp_path,
        "25_Portfolios_5x5",
        ["SMALL LoBM", "BIG HiBM"],
        " Average Value Weighted Returns -- Monthly",
    )
    vintages.keep(path, tmp_path / "fetched", obtained="2026-11-28")
    with pytest.raises(DataError, match="25_Portfolios_5x5: no column 'ME1 BM3'"):
        long_record_with(tmp_path / "fetched")


def test_a_run_chooses_the_imported_history_and_the_fingerprint_says_so(store, monkeypatch):
    monkeypatch.delenv("PRUDENT_HISTORY", raising=False)
    before = data.fingerprint()
    assert chosen.folder() is None
    assert chosen.read("open")["tsp_c"].last == open_record()["tsp_c"].last
    assert len(data.history()) == 819
    monkeypatch.setenv("PRUDENT_HISTORY", str(store))
    assert chosen.read("open")["yield_10y"].last == pd.Timestamp("2026-02-28")
    assert data.history().index[-1] == pd.Timestamp("2026-02-28")
    assert data.fingerprint() != before
    monkeypatch.setenv("PRUDENT_HISTORY", "")
    assert data.fingerprint() == before
    monkeypatch.setenv("PRUDENT_HISTORY", str(store / "nothing"))
    with pytest.raises(DataError, match="nothing: no imported history there"):
        chosen.read("long")


def test_a_last_month_is_over_four_days_before_its_end_and_not_five():
    for day, over in (("2026-03-27", True), ("2026-03-26", False), ("2026-03-31", True)):
        days = pd.to_datetime(["2026-01-30", "2026-02-24", day])
        ends = month_ends(pd.Series([1.0, 2.0, 3.0], days))
        # a month that is followed by another is over whenever its last figure is
        assert ends.tolist() == ([1.0, 2.0, 3.0] if over else [1.0, 2.0])
    february = pd.to_datetime(["2026-01-30", "2026-02-24"])
    assert month_ends(pd.Series([1.0, 2.0], february)).tolist() == [1.0, 2.0]


def test_each_maturity_has_its_own_bond_and_ten_years_alone_an_average_beside_it(tmp_path):
    folder = tmp_path / "fetched"
    for years in (1, 2, 3, 5, 7, 10, 20, 30):
        path = fred(tmp_path, f"GS{years}", [f"{years / 10:.2f}"] * 3, "2026-01-01")
        vintages.keep(path, folder, obtained="2026-11-28")
    record = open_record_with(folder)
    for years in (1, 2, 3, 5, 7, 10, 20, 30):
        assert record[f"yield_{years}y"].values.tolist() == pytest.approx([years / 1000] * 3)
        # an unchanged yield earns a twelfth of it
        assert record[f"treasury_{years}y"].values.tolist() == pytest.approx([years / 12_000] * 2)
        assert "averages over the month" in record[f"yield_{years}y"].basis
    averages = [name for name in record.names if name.endswith("y_average")]
    assert averages == ["yield_10y_average"]


def test_a_month_without_a_price_of_its_own_earns_nothing_that_is_known():
    days = pd.to_datetime(["2026-01-30", "2026-03-31", "2026-04-30"])
    prices = pd.DataFrame({"a": [10.0, 11.0, 12.1], "b": [0.0, 1.0, 2.0]}, days)
    earned = price_returns(prices)
    assert earned["a"].isna().tolist() == [True, True, False]  # February, and March upon it
    assert earned["a"].iloc[-1] == pytest.approx(0.1) and earned["b"].iloc[-1] == pytest.approx(1.0)
