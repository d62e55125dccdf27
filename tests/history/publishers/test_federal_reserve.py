"""FRED's and H.15's files in their true forms, and the traps seen in them. Figures are invented."""

import numpy as np
import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history.publishers import read

MONTHS = ("2025-08-01,4.26", "2025-09-01,4.12", "2025-10-01,4.06", "2025-11-01,4.1000000000")


def save(folder, text, name="GS10.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("observation_date,GS10", "GS10.csv"),
        ("DATE,GS10", "fredgraph.csv"),
        ('"Date","GS10"', "GS10.csv"),
        ("date,value", "GS10_api_date_value.csv"),
        ("observation_date,gs10", "gs10 (2).csv"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_header_that_fred_and_its_scripts_have_written(tmp_path, header, name, end):
    file = read(save(tmp_path, end.join([header, *MONTHS]) + end, name))
    assert (file.kind, file.vintage, file.licence) == (
        "GS10",
        "2025-11-30",
        "public domain (US government work)",
    )
    table = file.tables[0]
    assert (table.frequency, table.unit) == ("month", "percent")
    assert table.values["GS10"].tolist() == [4.26, 4.12, 4.06, 4.1]
    assert table.values.index[0] == pd.Timestamp("2025-08-31")


def test_a_byte_order_mark_and_utf_16_are_read(tmp_path):
    text = "\n".join(["observation_date,GS10", *MONTHS])
    for encoding in ("utf-8-sig", "utf-16"):
        assert len(read(save(tmp_path, text.encode(encoding))).tables[0].values) == 4


def test_a_file_that_names_no_series_is_read_when_told(tmp_path):
    path = save(tmp_path, "Date,Rate\n" + "\n".join(MONTHS), "bond_yields_monthly.csv")
    # the form of a repackaged data set; only its owner knows what is in it
    with pytest.raises(DataError, match="names no series; say which, as in --series GS10"):
        read(path)
    assert read(path, series="GS10").kind == "GS10"


def test_what_is_missing_stays_missing(tmp_path):
    text = "observation_date,CPIAUCSL\n2025-09-01,324.8\n2025-10-01,\n2025-11-01,325.1\n"
    file = read(save(tmp_path, text, "CPIAUCSL.csv"))
    assert file.tables[0].values["CPIAUCSL"].isna().tolist() == [False, True, False]
    assert file.notes == ("blank, and kept missing: 1",) and file.tables[0].unit == "index"
    daily = "DATE,DGS10\n2025-01-01,.\n2025-01-02,4.5\n2025-01-03,\n2025-01-06,4.6\n"
    table = read(save(tmp_path, daily, "DGS10.csv")).tables[0]
    assert table.frequency == "day" and table.values["DGS10"].isna().tolist() == [
        True,
        False,
        True,
        False,
    ]


def test_a_month_left_out_is_not_filled_with_a_change_of_two_months(tmp_path):
    text = "Date,Index,Inflation\n2025-09-01,324.8,0.25\n2025-11-01,324.12,-0.21\n"
    file = read(save(tmp_path, text, "cpiai.csv"))
    assert file.kind == "CPIAUCNS" and list(file.tables[0].values.columns) == ["CPIAUCNS"]
    assert len(file.tables[0].values) == 2


def test_the_h15_download_has_six_header_rows(tmp_path):
    text = (
        '"Series Description","Market yield on U.S. Treasury securities at 10-year, quoted"\n'
        '"Unit:","Percent:_Per_Year"\n"Multiplier:","1"\n"Currency:","NA"\n'
        '"Unique Identifier: ","H15/H15/RIFLGFCY10_N.M"\n"Time Period","RIFLGFCY10_N.M"\n'
        "1953-04,2.83\n1953-05,ND\n1953-06,3.11\n"
    )
    file = read(save(tmp_path, text, "FRB_H15.csv"))
    assert file.kind == "GS10"
    assert np.isnan(file.tables[0].values.loc["1953-05-31", "GS10"])


def test_the_fitted_curve_has_a_preamble_and_marks_of_its_own(tmp_path):
    text = (
        '"Note: This is not an official Federal Reserve statistical release."\n\n'
        "Series,Compounding Convention,Mnemonic(s)\nPar yield,Coupon-Equivalent,SVENPYXX\n\n"
        "Date,BETA0,SVENPY01,SVENPY10,TAU2\n"
        "1961-06-14,3.9,2.98,NA,-999.99\n1961-07-04,NA,NA,NA,NA\n2026-08-21,0.003,4.1,4.5,12.1\n"
    )
    file = read(save(tmp_path, text, "feds200628.csv"))
    table = file.tables[0]
    assert (file.kind, table.frequency, list(table.values.columns)) == (
        "feds200628",
        "day",
        ["SVENPY01", "SVENPY10"],
    )
    assert table.values.isna().sum().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("observation_date,GS10\n2025-08-01,4.2x\n", r"column 'GS10': '4.2x' is no number"),
        ("observation_date,GS10\n2025-08-01\n", "row 2025-08-01 has 0 values for 1"),
        ("observation_date,GS10\n01.08.2025,4.2\n", "'01.08.2025' is no date like 2026-06-01"),
        ("observation_date,GS10\n2025-09-01,4\n2025-08-01,4\n", "2025-08-01 comes after a later"),
        ("observation_date,UNRATE\n2025-08-01,4.2\n", "UNRATE: not a series that the book uses"),
        (
            "observation_date,GS10\n" + "".join(f"{y}-01-01,4\n" for y in range(2010, 2020)),
            "quarterly or annual data",
        ),
        ("observation_date,GS10,CPIAUCNS\n2025-08-01,4,300\n", "one publisher and unit"),
        ("nothing,of,the,kind\n1,2,3,4\n", "a file of no publisher that the book reads"),
    ],
)
def test_what_cannot_be_right_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=f"GS10.csv: .*{message}"):
        read(save(tmp_path, text))


def test_bytes_that_are_no_text_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"GS10.csv: is not text"):
        read(save(tmp_path, b"observation_date,GS10\n\xff\xfa\n"))
    with pytest.raises(DataError, match=r"absent.csv: cannot be read"):
        read(tmp_path / "absent.csv")


YEARS = ("1", "2", "3", "5", "7", "10", "20", "30")


@pytest.mark.parametrize(
    ("names", "publisher", "open_", "unit"),
    [
        (
            [*(f"GS{n}" for n in YEARS), *(f"DGS{n}" for n in YEARS)],
            "Board of Governors of the Federal Reserve System",
            True,
            "percent",
        ),
        (
            ["TB3MS", "DTB3", "FII30", "FEDFUNDS"],
            "Board of Governors of the Federal Reserve System",
            True,
            "percent",
        ),
        (["AAA", "BAA"], "Moody's", False, "percent"),
        (["CPIAUCNS", "CPIAUCSL", "CPILFESL"], "Bureau of Labor Statistics", True, "index"),
    ],
)
def test_each_series_has_its_publisher_licence_and_unit(tmp_path, names, publisher, open_, unit):
    for name in names:
        file = read(save(tmp_path, f"observation_date,{name}\n2026-01-01,4.1\n2026-02-01,4.2\n"))
        assert (file.kind, file.publisher, file.tables[0].unit) == (name, publisher, unit)
        assert file.licence.startswith("public domain") == open_
        assert ("not to be passed on" in file.licence) != open_
        assert (file.tables[0].title, file.notes) == (name, ())


def test_each_maturity_of_h15_is_the_one_of_its_code(tmp_path):
    codes = [f"RIFLGFCY{int(n):02d}_N.M" for n in YEARS]
    figures = ",".join(str(int(n) / 10) for n in YEARS)
    head = f"Series Description{',x' * len(YEARS)}\nTime Period,{','.join(codes)}\n"
    file = read(save(tmp_path, f"{head}2026-01,{figures}\n2026-02,{figures}\n"))
    table = file.tables[0].values
    assert table.iloc[1].to_dict() == {f"GS{n}": int(n) / 10 for n in YEARS}
    assert file.kind == "+".join(f"GS{n}" for n in YEARS)


def test_of_several_series_a_month_that_one_lacks_is_known_and_one_that_all_lack_is_not(tmp_path):
    rows = ["2026-01-01,4.1,.", "2026-02-01,.,3.9", "2026-03-01,4.3,3.8", "2026-04-01,.,."]
    file = read(save(tmp_path, "\n".join(["observation_date,GS10,GS5", *rows])))
    assert file.notes == ("blank, and kept missing: 3",)  # months, not cells
    assert file.vintage == "2026-03-31"
    last = read(save(tmp_path, "\n".join(["observation_date,GS10,GS5", *rows[:2]])))
    assert last.vintage == "2026-02-28"
    values = file.tables[0].values
    assert values["GS5"].tolist()[1:3] == [3.9, 3.8] and values["GS10"].isna().sum() == 2


def test_days_of_which_the_first_begins_a_month_are_days(tmp_path):
    rows = "2026-05-01,4.1\n2026-05-04,4.2\n2026-06-01,4.3\n"
    table = read(save(tmp_path, "DATE,DGS10\n" + rows, "DGS10.csv")).tables[0]
    assert table.frequency == "day"
    assert table.values.index.strftime("%m-%d").tolist() == ["05-01", "05-04", "06-01"]


def test_two_licences_in_one_file_and_rows_of_another_width_are_refused(tmp_path):
    for header, message in (("DATE,AAA,GS10", "one publisher"), ("DATE,GS10", "has 2 values for")):
        with pytest.raises(DataError, match=message):
            read(save(tmp_path, f"{header}\n2026-01-01,4.1,4.2\n"))
    preamble = "Note: This is not an official Federal Reserve statistical release.\n"
    short = save(tmp_path, f"{preamble}Date,BETA0,SVENPY10\n2026-08-20,1\n")
    with pytest.raises(DataError, match="row 2026-08-20 is not as wide as the header"):
        read(short)
