"""French's files in their true forms, and every trap seen in them. Figures are invented."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history.publishers import read

OLD = "This file was created by CMPT_ME_BEME_RETS using the 202412 CRSP database.\r\n"
NEW = "This file was created using the 202602 CRSP database.\r\n"
BILLS = "The 1-month TBill rate data until 202405 are from Ibbotson Associates.\r\n"
FOOT = "\r\nCopyright 2026 Eugene F. Fama and Kenneth R. French\r\n"


def rows(columns: int, first: str = "202501", months: int = 14, width: int = 8) -> str:
    keys = pd.period_range(f"{first[:4]}-{first[4:]}", periods=months, freq="M")
    cells = [[(i + 1) + (j + 1) / 100 for j in range(columns)] for i in range(months)]
    return "".join(
        f"{key:%Y%m}," + ",".join(f"{cell:{width}.2f}" for cell in row) + "\r\n"
        for key, row in zip(keys, cells, strict=True)
    )


def years(columns: int, key: str = "  {}") -> str:
    cells = ",".join(["   5.00"] * columns)
    return "".join(f"{key.format(year)},{cells}\r\n" for year in (2024, 2025))


def factors(preamble: str = NEW + BILLS, width: int = 7, annual: str = "  {}") -> str:
    header = ",Mkt-RF,SMB,HML,RF\r\n"
    title = "\r\n Annual Factors: January-December \r\n"
    return (
        preamble
        + "\r\n"
        + header
        + rows(4, "202311" if "202412" in preamble else "202501", width=width)
        + title
        + header
        + years(4, annual)
        + FOOT
    )


def save(folder: Path, text: str, name: str = "F-F_Research_Data_Factors.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    ("preamble", "width", "annual", "vintage"),
    [
        (OLD, 8, "  {}", "202412"),
        (NEW + BILLS, 7, "  {}", "202602"),
        (NEW + BILLS + "The annual TBill return is compounded.\r\n", 0, "{} ", "202602"),
    ],
)
def test_both_generations_all_widths_and_growing_preambles(
    tmp_path, preamble, width, annual, vintage
):
    file = read(save(tmp_path, factors(preamble, width, annual)))
    assert (file.kind, file.vintage) == ("F-F_Research_Data_Factors", vintage)
    monthly, annual_table = file.tables
    assert (monthly.frequency, monthly.unit, monthly.values.shape) == ("month", "percent", (14, 4))
    assert list(monthly.values.columns) == ["Mkt-RF", "SMB", "HML", "RF"]
    assert monthly.values.iloc[0].tolist() == [1.01, 1.02, 1.03, 1.04]
    assert f"{monthly.values.index[-1]:%Y%m}" == vintage
    assert list(annual_table.values.index) == [2024, 2025] and annual_table.frequency == "year"


def test_a_zip_holds_the_same_file_and_a_renamed_one_is_told_by_its_columns(tmp_path):
    with zipfile.ZipFile(tmp_path / "fama_french.zip", "w") as archive:
        archive.writestr("F-F_Research_Data_Factors.CSV", factors())
    file = read(tmp_path / "fama_french.zip")
    assert file.kind == "F-F_Research_Data_Factors"
    plain = read(save(tmp_path, factors()))
    pd.testing.assert_frame_equal(file.tables[0].values, plain.tables[0].values)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", factors())
        archive.writestr("b.csv", factors())
    with pytest.raises(DataError, match=r"two.zip: a publisher's zip holds one file, not 2"):
        read(tmp_path / "two.zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "fama_french.zip").read_bytes()[:-40])
    with pytest.raises(DataError, match=r"cut.zip: a damaged zip"):
        read(tmp_path / "cut.zip")


def test_international_files_put_the_blanks_before_the_comma_and_have_no_footer(tmp_path):
    text = (
        "This file was created using the 202602 Bloomberg database.\r\n\r\n"
        "Missing data are indicated by -99.99.\r\n\r\n\r\n\r\n,Mkt-RF,SMB,HML,RF\r\n"
        "202601    ,1.99    ,2.63    ,0.38    ,0.68\r\n"
        "202602  ,-11.15   ,-0.62    ,0.27    ,0.66\r\n"
        "\r\n Annual Factors: January-December\r\n,Mkt-RF,SMB,HML,RF\r\n"
        "1990   ,11.11   ,-8.92  ,-99.99   ,4.95\r\n"
    )
    file = read(save(tmp_path, text, "Developed_ex_US_3_Factors (1).csv"))
    assert file.kind == "Developed_ex_US_3_Factors"
    assert file.tables[0].values.iloc[1].tolist() == [-11.15, -0.62, 0.27, 0.66]
    assert np.isnan(file.tables[1].values.loc[1990, "HML"])


def test_sections_of_portfolios_are_told_apart_by_their_titles(tmp_path):
    header = ",SMALL LoBM,ME1 BM2 ,BIG HiBM\r\n"
    text = (
        NEW
        + "It contains value- and equal-weighted returns.\r\n\r\n\r\n"
        + "".join(
            f"  {title}\r\n{header}{body}\r\n\r\n"
            for title, body in (
                ("Average Value Weighted Returns -- Monthly", rows(3)),
                ("Average Equal Weighted Returns -- Monthly", rows(3, "202412")),
                ("Average Value Weighted Returns -- Annual", years(3)),
                ("Number of Firms in Portfolios", rows(3)),
                ("Average Market Cap", rows(3).replace("    1.01", "  -99.99")),
                (
                    "For portfolios formed in June of year t\r\n   Value Weight Average of BE",
                    years(3),
                ),
            )
        )
    )
    file = read(save(tmp_path, text, "25_Portfolios_5x5_CSV.csv"))
    assert file.kind == "25_Portfolios_5x5" and len(file.tables) == 6
    assert [one.unit for one in file.tables] == ["percent"] * 3 + ["as published"] * 3
    assert file.table("value weighted", "month").values.index[0] == pd.Timestamp("2025-01-31")
    assert file.table("equal weighted", "month").values.index[0] == pd.Timestamp("2024-12-31")
    assert list(file.tables[0].values.columns) == ["SMALL LoBM", "ME1 BM2", "BIG HiBM"]
    assert np.isnan(file.table("average market cap", "month").values.iloc[0, 0])
    assert file.tables[5].title.endswith("Value Weight Average of BE")
    with pytest.raises(DataError, match="no table 'value weighted' by day; it has 'Average Value"):
        file.table("value weighted", "day")


def test_momentum_titles_its_years_in_two_lines(tmp_path):
    text = (
        NEW
        + "contains a momentum factor\r\n\r\n,Mom   \r\n"
        + rows(1)
        + "\r\nAnnual Factors:\r\nJanuary-December \r\n,Mom\r\n"
        + years(1)
        + FOOT
    )
    file = read(save(tmp_path, text, "mom.csv"))
    assert file.kind == "F-F_Momentum_Factor"
    assert file.tables[1].title == "Annual Factors: January-December"


def test_a_file_resaved_by_a_spreadsheet_is_the_same_file(tmp_path):
    lines = [line.rstrip() for line in factors().splitlines()]
    padded = "\n".join(",".join([f.strip() for f in line.split(",")] + [""] * 3) for line in lines)
    file = read(save(tmp_path, padded))
    original = read(save(tmp_path, factors(), "original.csv"))
    for one, other in zip(file.tables, original.tables, strict=True):
        pd.testing.assert_frame_equal(one.values, other.values)
    assert file.vintage == original.vintage


def test_a_header_called_date_and_a_missing_preamble_are_read_and_said(tmp_path):
    text = "Date ,Mkt-RF,SMB,HML,RF\n" + rows(4).replace("\r", "")
    file = read(save(tmp_path, text))
    assert file.vintage == "202602"
    assert file.notes == ("names no database; its last month stands for the vintage",)


def test_a_second_table_pasted_beside_the_first_is_left_out_and_said(tmp_path):
    beside = [f",{key},{value}" for key, value in (("192701", "0.57"), ("192702", "-1.5"))]
    lines = factors(NEW).replace("\r", "").split("\n")
    annual = next(i for i, line in enumerate(lines) if "Annual" in line)
    # the pasted column is longer than the first section and runs on beside the second
    lines[annual - 1] = ",,,," + beside[0]
    lines[annual] += ",,,," + beside[0]
    lines[annual + 1] += beside[1]
    lines[annual + 2] += beside[1]
    file = read(save(tmp_path, "\n".join(lines)))
    assert list(file.tables[1].values.columns) == ["Mkt-RF", "SMB", "HML", "RF"]
    assert len(file.tables[0].values) == 14 and list(file.tables[1].values.index) == [2024, 2025]
    assert file.notes == ("a second table pasted beside the first was left out",)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.replace("202503,", "2025O3,"), "row 202504 stands under no header"),
        (lambda t: t.replace("202503,", "202502,"), "2025-02-28 comes after a later date"),
        (lambda t: t.replace("202503,", "202303,"), "2023-03-31 comes after a later date"),
        (
            lambda t: "".join(x for x in t.splitlines(True) if "202503" not in x),
            "202504 follows a gap",
        ),
        (lambda t: t.replace("   3.01", "   3.x1"), r"column 'Mkt-RF': '3.x1' is no number"),
        (lambda t: t[: t.index("   3.04")], r"column 'RF': '' is no number"),
        (lambda t: t.replace("202503,", "20250301,"), "row 202503.* has 4 values|stands under no"),
        (lambda t: t[: t.index("202512")], "the database of 202602, but ends in 202511; cut off"),
        (lambda t: t.replace("   3.02", "       "), "column 'SMB': '' is no number"),
        (lambda t: "", "is empty"),
        (lambda t: "<!DOCTYPE html><html>404</html>", "is a web page, not data"),
        (lambda t: t[: t.index(",Mkt-RF")], "no table by month"),
    ],
)
def test_a_damaged_file_is_refused_by_row(tmp_path, damage, message):
    with pytest.raises(DataError, match=f"Factors.csv.*({message})"):
        read(save(tmp_path, damage(factors())))


def test_daily_files_are_refused_as_such(tmp_path):
    text = (
        NEW + "\r\n,Mkt-RF,SMB,HML,RF\r\n19260701,0.1,0.2,0.3,0.01\r\n19260702,0.1,0.2,0.3,0.01\r\n"
    )
    with pytest.raises(DataError, match="daily data; import the monthly file of the same name"):
        read(save(tmp_path, text))


def test_a_year_left_out_is_a_gap(tmp_path):
    with pytest.raises(DataError, match=r"Annual Factors.*: 2026 follows a gap"):
        read(save(tmp_path, factors().replace("  2025", "  2026")))


def test_every_mark_for_missing_is_missing_and_a_number_like_it_is_not(tmp_path):
    marks = ("-99.99", "-999", "-999.00", "-99.990", "-999.0", "-99.98", "99.99", "0.00")
    head = "," + ",".join(f"P{n}" for n in range(len(marks)))
    title = "Average Value Weighted Returns"
    text = f"{NEW}\r\n{title}\r\n{head}\r\n202601,{','.join(marks)}\r\n202602{',1.00' * 8}\r\n"
    values = read(save(tmp_path, text, "8_Portfolios.csv")).tables[0].values
    assert values.iloc[0].isna().tolist() == [True] * 5 + [False] * 3
    assert values.iloc[0, 5:].tolist() == [-99.98, 99.99, 0.0]


def test_a_file_that_names_no_database_is_of_the_us_where_it_begins_as_those_do(tmp_path):
    header = ",Mkt-RF,SMB,HML,RF\r\n"
    american = read(save(tmp_path, header + rows(4, "192607"), "renamed.csv"))
    assert american.kind == "F-F_Research_Data_Factors"
    abroad = read(save(tmp_path, header + rows(4, "199007"), "Europe_3_Factors_CSV (1).csv"))
    assert abroad.kind == "Europe_3_Factors"
    bloomberg = NEW.replace("CRSP", "Bloomberg") + "\r\n"
    named = read(save(tmp_path, bloomberg + header + rows(4), "Japan_3_Factors.csv"))
    assert named.kind == "Japan_3_Factors"
    other = read(save(tmp_path, bloomberg + header + rows(4), "mine_csv.csv"))
    assert other.kind == "mine"
    for file in (american, abroad, named, other):
        assert file.publisher == "Kenneth R. French Data Library"
        assert "not to be passed on" in file.licence


def test_a_section_without_a_title_does_not_take_that_of_the_one_before(tmp_path):
    header = ",Lo 10,Hi 10\r\n"
    titled = "\r\nAverage Value Weighted Returns\r\n"
    text = NEW + titled + header + rows(2) + "\r\n" + header + rows(2)
    tables = read(save(tmp_path, text, "2_Portfolios_X.csv")).tables
    assert [one.unit for one in tables] == ["percent", "as published"]
    assert tables[0].title == "Average Value Weighted Returns" != tables[1].title


def test_the_latest_of_all_monthly_tables_is_held_against_the_database(tmp_path):
    header, title = ",Lo 10,Hi 10\r\n", "\r\nAverage {} Weighted Returns\r\n"
    short = title.format("Value") + header + rows(2, "202501", 10)
    whole = title.format("Equal") + header + rows(2)
    for order in (short + whole, whole + short):
        assert read(save(tmp_path, NEW + order, "2_Portfolios_X.csv")).vintage == "202602"
