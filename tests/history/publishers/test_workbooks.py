"""Shiller's, Damodaran's and the World Bank's workbooks by their landmarks. Invented figures."""

import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pytest

from portlib.data import DataError
from portlib.history.publishers import read

CONTENT = "http://schemas.openxmlformats.org/"


def workbook(path: Path, sheets: dict[str, list[list]]) -> Path:
    """The least that is a workbook: numbers and inline text."""
    mime = "application/vnd.openxmlformats-"
    sheet = f"{mime}officedocument.spreadsheetml.sheet.main+xml"
    kinds = f'<Types xmlns="{CONTENT}package/2006/content-types">'
    kinds += f'<Default Extension="rels" ContentType="{mime}package.relationships+xml"/>'
    kinds += f'<Default Extension="xml" ContentType="{sheet}"/></Types>'
    link = f'<Relationships xmlns="{CONTENT}package/2006/relationships">'
    office = f"{CONTENT}officeDocument/2006/relationships"
    top = f'{link}<Relationship Id="r0" Type="{office}/officeDocument" '
    top += 'Target="xl/workbook.xml"/></Relationships>'
    main = f"{CONTENT}spreadsheetml/2006/main"
    names = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}"/>'
        for i, name in enumerate(sheets, 1)
    )
    book = f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'
    rels = (
        link
        + "".join(
            f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/s{i}.xml"/>'
            for i in range(1, len(sheets) + 1)
        )
        + "</Relationships>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", kinds)
        archive.writestr("_rels/.rels", top)
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", rels)
        for i, rows in enumerate(sheets.values(), 1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            archive.writestr(
                f"xl/worksheets/s{i}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>',
            )
    return path


def cell(value) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value!r}</v></c>"


def shiller(folder: Path, dates) -> Path:
    header = ["Date", "P", "D", "E", "CPI", "Fraction", "Rate GS10", "Price", "D", "P", "E"]
    rows = [
        [date, 6000.0 + i, 80.0, 290.0, 320.0, 2025.7, 4.2, 1.0, 2.0, 3.0, 4.0]
        for i, date in enumerate(dates)
    ]
    foot = [None, "Nov price is Nov 3rd close", None, None, "Oct '25 CPI estimated"]
    sheet = [["Stock Market Data"], ["Robert J. Shiller"], [None, "S&P"], header, *rows, foot]
    return workbook(folder / "ie_data.xlsx", {"Disclaimer": [["x"]], "Data": sheet})


def test_shillers_october_is_a_number_that_lost_its_zero(tmp_path):
    file = read(shiller(tmp_path, [2025.08, 2025.09, 2025.1, 2025.11]))
    values = file.tables[0].values
    assert list(values.index) == list(pd.date_range("2025-08-31", periods=4, freq="ME"))
    # the first column of a name is the nominal one
    assert values["price"].tolist() == [6000, 6001, 6002, 6003] and values["dividend"].iloc[0] == 80
    assert file.notes == ("Nov price is Nov 3rd close", "Oct '25 CPI estimated")
    assert file.vintage == "2025-11" and "not to be passed on" in file.licence


def test_a_year_whose_october_reads_as_january_would_be_out_of_order(tmp_path):
    with pytest.raises(DataError, match=r"ie_data.xlsx: 2025-01-31 comes after a later date"):
        read(shiller(tmp_path, [2025.09, 2025.01, 2025.11]))


def test_damodarans_table_ends_before_its_summaries(tmp_path):
    header = [
        "Year",
        "S&P 500 (includes dividends)",
        "US Small cap (bottom decile)",
        "3-month T.Bill",
        "US T. Bond (10-year)",
        "Baa Corporate Bond",
        "Real Estate",
        "Gold*",
    ]
    rows = [[float(year), 0.1, 0.2, 0.03, 0.04, 0.05, 0.06, 0.07] for year in (2023, 2024, 2025)]
    sheet = [["Date updated: 2025-01-01"], [], header, *rows, [None], ["1928-2025", 0.5, 0.5, 0.5]]
    file = read(workbook(tmp_path / "histretSP.xlsx", {"Returns by year": sheet}))
    values = file.tables[0].values
    assert list(values.index) == [2023, 2024, 2025] and file.tables[0].frequency == "year"
    assert values.loc[2025].tolist() == [0.1, 0.03, 0.04, 0.05, 0.06, 0.07]
    # the sheet's own date is a year old: the last year is the vintage
    assert file.vintage == "2025"


def test_the_world_banks_mark_for_missing_is_an_ellipsis(tmp_path):
    sheet = [
        ["World Bank Commodity Price Data (The Pink Sheet)"],
        ["monthly prices in nominal US dollars"],
        ["(monthly series)"],
        ["Updated on March 03, 2026"],
        [None, "Crude oil, WTI", "Gold", "Beef **"],
        [None, "($/bbl)", "($/troy oz)", "($/kg)"],
        ["1960M01", "…", 35.27, 0.7],
        ["1960M02", 1.63, 35.27, "…"],
    ]
    file = read(workbook(tmp_path / "CMO.xlsx", {"AFOSHEET": [["x"]], "Monthly Prices": sheet}))
    values = file.tables[0].values
    assert list(values.columns) == ["Crude oil, WTI, $/bbl", "Gold, $/troy oz", "Beef, $/kg"]
    assert np.isnan(values.iloc[0, 0]) and np.isnan(values.iloc[1, 2])
    assert file.notes == ("Updated on March 03, 2026",) and file.licence == "CC BY 4.0"


def test_other_and_damaged_workbooks_are_refused(tmp_path):
    other = workbook(tmp_path / "other.xlsx", {"Sheet1": [["x"]]})
    with pytest.raises(DataError, match=r"other.xlsx: a workbook of no publisher"):
        read(other)
    (tmp_path / "cut.xlsx").write_bytes(other.read_bytes()[:200])
    with pytest.raises(DataError, match=r"cut.xlsx: cannot be read as a workbook"):
        read(tmp_path / "cut.xlsx")


def test_each_of_shillers_columns_is_its_own_and_none_may_lack(tmp_path):
    table = read(shiller(tmp_path, [2025.11, 2025.12, 2026.01])).tables[0]
    told = {"price": 6001, "dividend": 80, "earnings": 290, "consumer_prices": 320}
    assert table.values.iloc[1].to_dict() == {**told, "yield_10y": 4.2}
    assert (table.frequency, table.unit) == ("month", "as published")
    header = ["Date", "P", "D", "E", "CPI", "Fraction"]
    sheet = [header, [2025.11, 1.0, 2.0, 3.0, 4.0, 5.0]]
    with pytest.raises(DataError, match="a column is missing of P, D, E, CPI, Rate GS10"):
        read(workbook(tmp_path / "cut.xlsx", {"Data": sheet}))
    with pytest.raises(DataError, match=r"ie_data.xlsx: no month stands under 'Date'"):
        read(shiller(tmp_path, []))
    with pytest.raises(DataError, match="no row begins with 'Date'"):
        read(workbook(tmp_path / "bare.xlsx", {"Data": [["Day", 1.0]]}))


def test_damodarans_years_may_not_lack_one_nor_a_column(tmp_path):
    header = ["Year", "Real Estate", "Gold*", "S&P 500 (includes dividends)", "3-month T.Bill"]
    header += ["US T. Bond (10-year)", "Baa Corporate Bond"]
    rows = [[year, 0.06, 0.07, 0.1, 0.03, 0.04, 0.05] for year in (2023, 2024, 2025)]
    named = {"Returns by year": [header, *rows]}
    table = read(workbook(tmp_path / "h.xlsx", named)).tables[0]
    # whatever their order in the sheet
    assert table.values.loc[2024].tolist() == [0.1, 0.03, 0.04, 0.05, 0.06, 0.07]
    assert list(table.values) == [
        "us_large_equity",
        "bills",
        "treasury_10y",
        "baa_corporate",
        "real_estate",
        "gold",
    ]
    assert table.unit == "decimal"
    for broken, message in (
        ([header, rows[0], rows[2]], "are not in sequence"),
        ([header], "are not in sequence"),
        ([header[:-1], *rows], "no column 'Baa Corporate Bond' beside 'Year'"),
    ):
        with pytest.raises(DataError, match=message):
            read(workbook(tmp_path / "h.xlsx", {"Returns by year": broken}))


def test_a_price_list_without_its_day_and_one_without_months(tmp_path):
    rows = [[None, "Gold", None], [None, "($/toz)", None]]
    rows += [["1960M12", 35.3, 1.0], ["1961M01", 35.4, 2.0]]
    file = read(workbook(tmp_path / "p.xlsx", {"Monthly Prices": rows}))
    values = file.tables[0].values
    assert values.to_dict("list") == {"Gold, $/toz": [35.3, 35.4]}  # a column without a name: none
    assert values.index.strftime("%Y-%m-%d").tolist() == ["1960-12-31", "1961-01-31"]
    assert (file.notes, file.vintage, file.tables[0].unit) == ((), "1961-01", "dollars")
    with pytest.raises(DataError, match="no row such as 1960M01"):
        read(workbook(tmp_path / "p.xlsx", {"Monthly Prices": rows[:2]}))
