"""Share prices of the Thrift Savings Plan's funds, by day.

``Date,L Income,L 2030,...,G Fund,F Fund,C Fund,S Fund,I Fund``, the newest day first, from June
2003; dates are ISO, once ``Jul 2. 2020``. Prices carry two decimals to June 2008, four since.

Left out: months before the prices (the open record has the published returns of those).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.history.publishers.federal_reserve import OPEN
from portlib.history.publishers.published import (
    PublishedFile,
    PublishedTable,
    in_sequence,
    numbers,
    rows_of,
)

PUBLISHER = "Federal Retirement Thrift Investment Board"
FUNDS = ("G", "F", "C", "S", "I")


def recognises(text: str) -> bool:
    """Whether the text is a table of the funds' share prices."""
    header = rows_of(text[:1000])[:1]
    return (
        bool(header)
        and header[0][:1] in (["Date"], ["date"])
        and set(FUNDS) <= set(_funds(header[0]))
    )


def read(text: str, path: Path) -> PublishedFile:
    """Prices of the five funds and whatever L funds there are, oldest day first.

    Raises
    ------
    DataError
        For no day at all, a row that is too short, a key that is no date, dates given twice, and a
        price that is not positive, or of the five missing.

    Examples
    --------
    >>> head = "Date,L Income,G Fund,F Fund,C Fund,S Fund,I Fund"
    >>> def told(*lines, head=head):
    ...     try:
    ...         return read("\\n".join([head, *lines]), Path("prices.csv"))
    ...     except DataError as error:
    ...         print(error)
    >>> days = ["2026-02-02,,19.2,20.4,110.5,100.2,50.3"]
    >>> days += ["2026-01-30,25.1,19.1,20.3,109.9,99.8,50.1"]
    >>> file = told(*days)
    >>> file.tables[0].values["C"].tolist(), file.vintage  # the oldest first
    ([109.9, 110.5], '2026-02-02')
    >>> told(*reversed(days)).vintage, told(*reversed(days)).tables[0].values["C"].tolist()
    ('2026-02-02', [109.9, 110.5])
    >>> file.tables[0].values["L_Income"].tolist(), file.tables[0].unit, file.tables[0].frequency
    ([25.1, nan], 'dollars', 'day')
    >>> file.kind, file.publisher, file.licence[:13]
    ('fund-price-history', 'Federal Retirement Thrift Investment Board', 'public domain')
    >>> f"{told('Jul 2. 2020,25.1,19.2,20.4,110.5,100.2,50.3').tables[0].values.index[0]:%Y-%m-%d}"
    '2020-07-02'
    >>> told()
    prices.csv: no day stands under the header
    >>> told(days[0], days[0])
    prices.csv: 2026-02-02 comes after a later date
    >>> told(days[0].replace("110.5", "0"), days[1])
    prices.csv: 2026-02-02: the price of C is missing or not positive
    >>> told(days[0].replace("100.2", ""), days[1])
    prices.csv: 2026-02-02: the price of S is missing or not positive
    >>> told(days[0], days[1].replace("25.1", "-25.1"))
    prices.csv: 2026-01-30: the price of L_Income is missing or not positive
    >>> told(days[0], days[1].replace("25.1", "0"))
    prices.csv: 2026-01-30: the price of L_Income is missing or not positive
    >>> told(days[0], days[1].replace("2026-01-30", "2026-01-32"))
    prices.csv: '2026-01-32' is no date
    >>> told(days[0] + ",1")
    prices.csv: row 2026-02-02 has 8 fields, not 7
    >>> told(days[0].replace("2026-02-02", "2026-02-30"))
    prices.csv: '2026-02-30' is no date
    >>> recognises(head), recognises(head.replace(",I Fund", ""))
    (True, False)
    """
    rows = [row for row in rows_of(text) if any(row)]
    names = _funds(rows[0])
    if not rows[1:]:
        raise DataError(f"{path.name}: no day stands under the header")
    short = next((row for row in rows[1:] if len(row) != len(rows[0])), None)
    if short is not None:
        raise DataError(f"{path.name}: row {short[0]} has {len(short)} fields, not {len(rows[0])}")
    keys = [re.sub(r"[.,]", "", row[0]) for row in rows[1:]]
    form = "%Y-%m-%d" if re.match(r"\d{4}-", keys[0]) else "%b %d %Y"
    dates = pd.to_datetime(pd.Series(keys, dtype=str), format=form, errors="coerce")
    if dates.isna().any():
        raise DataError(f"{path.name}: {keys[int(dates.isna().argmax())]!r} is no date")
    values = numbers([row[1:] for row in rows[1:]], names, ("",), path.name)
    values = values.set_axis(pd.DatetimeIndex(dates, name="day")).sort_index()
    in_sequence(pd.DatetimeIndex(values.index), path.name)
    if (values[list(FUNDS)] <= 0).any(axis=None) or values[list(FUNDS)].isna().any(axis=None):
        raise _no_price(values[list(FUNDS)], path)
    life_cycle = values.drop(columns=list(FUNDS))  # each begins on a day of its own
    if (life_cycle <= 0).any(axis=None):
        raise _no_price(life_cycle.fillna(1.0), path)
    table = PublishedTable("share prices", "day", values, "dollars")
    last = values.index[-1]
    return PublishedFile(PUBLISHER, OPEN, "fund-price-history", f"{last:%Y-%m-%d}", (table,))


def _no_price(prices: pd.DataFrame, path: Path) -> DataError:
    row, column = np.argwhere(~(prices > 0).to_numpy())[0]
    return DataError(
        f"{path.name}: {prices.index[row]:%Y-%m-%d}: the price of {prices.columns[column]} is "
        "missing or not positive"
    )


def _funds(header: list[str]) -> list[str]:
    return [re.sub(r"\s+Fund$", "", name).replace(" ", "_") for name in header[1:]]
