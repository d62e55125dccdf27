"""Workbooks: Shiller's long US record, Damodaran's annual returns, the World Bank's prices.

Each is read by its layout's own landmarks, never by counting: Shiller's dates are numbers in which
October is ``2025.1``, his prices are averages over the month, the newest row is one day's; below
the last month stand footnotes. Damodaran's rows are years, and below them summaries such as
``1928-2025``. The World Bank's keys are ``1960M01`` and its mark for missing is an ellipsis.

Left out: everything but the columns named here.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.history.publishers.published import (
    PublishedFile,
    PublishedTable,
    in_sequence,
    month_end,
)

_SHILLER = {
    "price": "P",
    "dividend": "D",
    "earnings": "E",
    "consumer_prices": "CPI",
    "yield_10y": "Rate GS10",
}
_DAMODARAN = {
    "us_large_equity": "S&P 500 (includes dividends)",
    "bills": "3-month T.Bill",
    "treasury_10y": "US T. Bond (10-year)",
    "baa_corporate": "Baa Corporate Bond",
    "real_estate": "Real Estate",
    "gold": "Gold*",
}


def read(raw: bytes, path: Path) -> PublishedFile:
    """The publisher's tables, told by the names of the sheets.

    Raises
    ------
    DataError
        For bytes that are no workbook, workbooks of others, and sheets without their landmarks or
        without rows under them.

    Examples
    --------
    >>> read(b"month,price", Path("prices.xlsx"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    portlib.data.DataError: prices.xlsx: cannot be read as a workbook: ...

    The World Bank writes an ellipsis where there is no price, and names and units in two rows:

    >>> rows = [["Updated on March 3", None, None], [None, "Oil, WTI", "Beef **"]]
    >>> rows += [[None, "($/bbl)", "($/kg)"], ["1960M01", "…", 0.7], ["1960M02", 1.63, "…"]]
    >>> file = _world_bank({"Monthly Prices": pd.DataFrame(rows)}, "prices.xlsx")
    >>> file.tables[0].values.to_dict("list"), file.vintage, file.notes
    ({'Oil, WTI, $/bbl': [nan, 1.63], 'Beef, $/kg': [0.7, nan]}, '1960-02', ('Updated on March 3',))

    It goes on in ``workbooks.md``.
    """
    from python_calamine import CalamineError

    try:
        sheets = pd.read_excel(io.BytesIO(raw), sheet_name=None, header=None, engine="calamine")
    except (CalamineError, ValueError, OSError) as error:
        raise DataError(f"{path.name}: cannot be read as a workbook: {error}") from error
    if "Monthly Prices" in sheets:
        return _world_bank(sheets, path.name)
    if "Returns by year" in sheets:
        return _damodaran(sheets["Returns by year"], path.name)
    if "Data" in sheets:
        return _shiller(sheets["Data"], path.name)
    raise DataError(f"{path.name}: a workbook of no publisher that the book reads")


def _shiller(sheet: pd.DataFrame, name: str) -> PublishedFile:
    at = _row(sheet, "Date", name)
    header = [str(cell).strip() for cell in sheet.iloc[at]]
    body = sheet.iloc[at + 1 :]
    dates = pd.to_numeric(body[0], errors="coerce")
    foot = [str(cell).strip() for cell in body[dates.isna()].to_numpy().ravel()]
    body = body[dates.notna()]
    if body.empty:
        raise DataError(f"{name}: no month stands under 'Date'")
    # 2025.1 is October: the hundredths are the month, and a number has lost its last zero
    keys = [f"{date:.2f}" for date in dates.dropna()]
    index = month_end(keys, "%Y.%m", name)
    in_sequence(index, name)
    # the first of the columns called P, D, E is the nominal one; real ones follow
    columns = {ours: header.index(theirs) for ours, theirs in _SHILLER.items() if theirs in header}
    if len(columns) < len(_SHILLER):
        raise DataError(f"{name}: a column is missing of {', '.join(_SHILLER.values())}")
    values = pd.DataFrame({ours: body[at].to_numpy() for ours, at in columns.items()}, index=index)
    values = values.apply(pd.to_numeric, errors="coerce").astype(float)
    notes = tuple(text for text in foot if text not in ("", "nan"))
    table = PublishedTable(
        "US stock market, averages over the month", "month", values, "as published"
    )
    return PublishedFile(
        "Robert J. Shiller",
        "free to use with credit, no licence stated; not to be passed on",
        "ie_data",
        f"{index[-1]:%Y-%m}",
        (table,),
        notes,
    )


def _damodaran(sheet: pd.DataFrame, name: str) -> PublishedFile:
    at = _row(sheet, "Year", name)
    header = [str(cell).strip() for cell in sheet.iloc[at]]
    if unknown := [theirs for theirs in _DAMODARAN.values() if theirs not in header]:
        raise DataError(f"{name}: no column {unknown[0]!r} beside 'Year'")
    years = sheet[0].iloc[at + 1 :].map(lambda cell: re.fullmatch(r"(\d{4})(\.0)?", str(cell)))
    # the table ends with the first row that is no year; summaries such as 1928-2025 follow
    length = next((n for n, year in enumerate(years) if year is None), len(years))
    body = sheet.iloc[at + 1 : at + 1 + length]
    index = pd.Index([int(year.group(1)) for year in years[:length]], name="year")
    if not len(index) or (np.diff(index) != 1).any():
        raise DataError(f"{name}: the years under 'Year' are not in sequence")
    values = pd.DataFrame(
        {ours: body[header.index(theirs)].to_numpy() for ours, theirs in _DAMODARAN.items()},
        index=index,
    )
    values = values.apply(pd.to_numeric, errors="coerce").astype(float)
    table = PublishedTable("annual returns", "year", values, "decimal")
    return PublishedFile(
        "Aswath Damodaran",
        "free to use with credit, no licence stated; not to be passed on",
        "histretSP",
        str(index[-1]),
        (table,),
        ("the last year's small companies and house prices may be estimates",),
    )


def _world_bank(sheets: dict[Any, pd.DataFrame], name: str) -> PublishedFile:
    sheet = sheets["Monthly Prices"]
    keys = sheet[0].astype(str)
    months = keys.str.fullmatch(r"\d{4}M\d{2}")
    if not months.any():
        raise DataError(f"{name}: no row such as 1960M01")
    first = int(np.argmax(months.to_numpy()))
    if first < 2:
        raise DataError(f"{name}: {keys[first]} stands under no rows of names and units")
    header = [str(cell).strip(" *") for cell in sheet.iloc[first - 2]]
    units = [str(cell).strip("() ") for cell in sheet.iloc[first - 1]]
    body = sheet[months]
    index = month_end([key.replace("M", "-") for key in keys[months]], "%Y-%m", name)
    in_sequence(index, name)
    wanted = [at for at, label in enumerate(header) if at and label and label != "nan"]
    values = body[wanted].replace("…", np.nan).apply(pd.to_numeric, errors="coerce").astype(float)
    values = values.set_axis([f"{header[at]}, {units[at]}" for at in wanted], axis=1).set_axis(
        index
    )
    table = PublishedTable("commodity prices, averages over the month", "month", values, "dollars")
    updated = next((str(c) for c in sheet[0][:first] if str(c).startswith("Updated on")), "")
    return PublishedFile(
        "World Bank, Commodity Price Data (The Pink Sheet)",
        "CC BY 4.0",
        "CMO-Historical-Data-Monthly",
        f"{index[-1]:%Y-%m}",
        (table,),
        (updated,) if updated else (),
    )


def _row(sheet: pd.DataFrame, key: str, name: str) -> int:
    """The row whose first cell is ``key``."""
    found = np.flatnonzero(sheet[0].astype(str).str.strip() == key)
    if not len(found):
        raise DataError(f"{name}: no row begins with {key!r}")
    return int(found[0])
