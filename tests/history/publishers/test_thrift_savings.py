"""The Plan's share prices: newest first or last, with or without L funds, never with a hole."""

import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history.publishers import read

HEADER = "Date,L Income,L 2030,G Fund,F Fund,C Fund,S Fund,I Fund"
NEWEST_FIRST = (
    "2026-10-07,26.1234,,18.4521,19.0102,98.7654,85.4321,45.6789",
    "2026-10-06,26.1000,,18.4500,19.0000,98.0000,85.0000,45.0000",
)


def save(folder, *lines):
    path = folder / "fund-price-history.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_newest_day_may_come_first(tmp_path):
    file = read(save(tmp_path, HEADER, *NEWEST_FIRST))
    table = file.tables[0]
    assert (file.kind, file.vintage, table.unit) == ("fund-price-history", "2026-10-07", "dollars")
    assert list(table.values.columns) == ["L_Income", "L_2030", "G", "F", "C", "S", "I"]
    assert table.values.index[0] == pd.Timestamp("2026-10-06")
    assert table.values["C"].tolist() == [98.0, 98.7654]


def test_dates_in_words_and_blanks_after_commas_are_read(tmp_path):
    old = [
        line.replace("2026-10-07", "Jul 2. 2020").replace("2026-10-06", "Jul 1. 2020")
        for line in NEWEST_FIRST
    ]
    file = read(save(tmp_path, HEADER, *[line.replace(",", ", ") for line in old]))
    assert file.vintage == "2020-07-02"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no day stands under the header"),
        ((NEWEST_FIRST[0], NEWEST_FIRST[0]), "2026-10-07 comes after a later date"),
        ((NEWEST_FIRST[0].replace("98.7654", ""),), "the price of C is missing"),
        ((NEWEST_FIRST[0].replace("98.7654", "0"),), "is missing or not positive"),
        ((NEWEST_FIRST[0][:30],), "row 2026-10-07 has 5 fields, not 8"),
        ((NEWEST_FIRST[0].replace("2026-10-07", "10/07/26"),), "'10/07/26' is no date"),
    ],
)
def test_a_hole_in_the_prices_is_refused(tmp_path, lines, message):
    with pytest.raises(DataError, match=f"fund-price-history.csv: .*{message}"):
        read(save(tmp_path, HEADER, *lines))


def test_five_funds_alone_are_enough_and_a_life_cycle_fund_may_lack_a_price(tmp_path):
    file = read(save(tmp_path, "date,C Fund,I Fund,G Fund,S Fund,F Fund", "2026-10-06,3,5,1,4,2"))
    assert file.tables[0].values.iloc[0].to_dict() == {"C": 3, "I": 5, "G": 1, "S": 4, "F": 2}
    assert file.publisher == "Federal Retirement Thrift Investment Board"
    assert file.licence.startswith("public domain")
    assert (file.tables[0].title, file.tables[0].frequency) == ("share prices", "day")
    blank = read(save(tmp_path, HEADER, *NEWEST_FIRST)).tables[0].values
    assert blank["L_2030"].isna().all() and blank["L_Income"].tolist() == [26.1, 26.1234]


@pytest.mark.parametrize("column", range(3, 8))
@pytest.mark.parametrize("price", ["", "0", "-1.5"])
def test_no_fund_of_the_five_may_lack_a_price_on_any_day(tmp_path, column, price):
    cells = NEWEST_FIRST[1].split(",")
    cells[column] = price
    with pytest.raises(DataError, match="is missing or not positive"):
        read(save(tmp_path, HEADER, NEWEST_FIRST[0], ",".join(cells)))


def test_one_date_that_is_none_is_refused_among_good_ones(tmp_path):
    bad = NEWEST_FIRST[1].replace("2026-10-06", "2026-10-36")
    with pytest.raises(DataError, match="'2026-10-36' is no date"):
        read(save(tmp_path, HEADER, NEWEST_FIRST[0], bad))
