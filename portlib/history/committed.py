"""The open record: openly licensed monthly history that is in ``data/`` and needs no network.

Treasury yields and bills (Board of Governors, H.15), consumer prices (Bureau of Labor Statistics),
the price of gold (World Bank, CC BY 4.0) and the funds of the Thrift Savings Plan, whose returns
are works of the US government and the one open record of investable equity and bond classes. Bonds
are repriced from yields at stated maturities: of month ends where daily yields are at hand (10 and
30 years), of averages elsewhere.

Left out: equity before 1988, outside the developed markets, or by size and style: the packages'
long record to 2017, and French's library when somebody imports it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.history.record import History, Provenance
from portlib.history.series import (
    averaged_yield,
    bill_series,
    fund_series,
    gold_series,
    price_series,
    treasury_series,
)

_AVERAGED = (1, 2, 3, 5, 7, 20)
_MONTH_END = (10, 30)


def open_record() -> History:
    """Everything open that is committed, each series to its last month.

    Returns
    -------
    History
        ``tsp_g``, ``tsp_f``, ``tsp_c``, ``tsp_s``, ``tsp_i``: returns of the TSP's funds.
        ``bills``, ``treasury_1y`` to ``treasury_30y``: returns repriced from yields; of 10 and 30
        years from month ends, of the others from averages over the month.
        ``yield_1y`` to ``yield_30y`` and ``yield_10y_average``: annual yields behind them.
        ``inflation``: monthly change of ``cpi_u``, not seasonally adjusted. Consumer prices of
        October 2025 were never collected, so that the changes of October and November 2025 are
        missing.
        ``gold``: change of ``gold_price``, which is an average over the month.

    Raises
    ------
    DataError
        When a file is not what ``sources.yml`` says.

    Examples
    --------
    >>> record = open_record()
    >>> record.span("tsp_c", "tsp_f")
    '1988-01 to 2026-09, 465 months'
    >>> [f"{month:%Y-%m}" for month in record["cpi_u"].missing]
    ['2025-10']

    Each series is a column of its own file, and says so:

    >>> columns = {f"yield_{years}y": f"average_{years}y" for years in (1, 2, 3, 5, 7, 20)}
    >>> columns |= {"yield_10y": "end_10y", "yield_30y": "end_30y"}
    >>> columns |= {"yield_10y_average": "average_10y"}
    >>> columns = {name: ("treasury_yields", column) for name, column in columns.items()}
    >>> columns |= {name: ("tsp_returns", name) for name in record.names if name[:3] == "tsp"}
    >>> columns |= {"cpi_u": ("consumer_prices", "cpi_u"), "gold_price": ("gold_price", "gold")}
    >>> for name, (file, column) in columns.items():
    ...     one, filed = record[name], data.table(file)[column].dropna()
    ...     assert one.values.dropna().tolist() == filed.tolist(), name
    ...     days = one.values.dropna().index.strftime("%Y-%m-%d")
    ...     assert list(days) == list(filed.index), name
    ...     said = data.source(file)
    ...     told = [one.provenance.source, one.provenance.publisher, one.provenance.licence]
    ...     assert told == [file, said["publisher"], said["licence"]], name
    ...     assert one.provenance.confidence == said["confidence"], name
    ...     assert one.provenance.vintage == str(said["date"]), name
    >>> sorted(set(record.names) - set(columns))[:2], len(record.names), len(columns)
    (['bills', 'gold'], 27, 16)
    >>> for name in ("treasury_7y", "treasury_30y", "bills"):
    ...     print(record[name].basis, "|", record[name].provenance.source)
    repriced at constant maturity from yields of averages over the month | treasury_yields
    repriced at constant maturity from yields of month ends | treasury_yields
    bought at last month's average rate of discount, accrued | treasury_yields
    """
    return _open_record(data.ROOT)


@cache
def _open_record(root: Path) -> History:
    yields = by_month("treasury_yields")
    board = origin_of("treasury_yields")
    held = [
        *fund_series(by_month("tsp_returns"), origin_of("tsp_returns")),
        bill_series(yields["bill_3m"], board),
    ]
    for years in _AVERAGED:
        column = yields[f"average_{years}y"]
        held += treasury_series(column, years, at="averages over the month", origin=board)
    for years in _MONTH_END:
        held += treasury_series(yields[f"end_{years}y"], years, at="month ends", origin=board)
    held.append(averaged_yield(yields["average_10y"], 10, board))
    held += price_series(by_month("consumer_prices")["cpi_u"], origin_of("consumer_prices"))
    held += gold_series(by_month("gold_price")["gold"], origin_of("gold_price"))
    return History(held)


def by_month(name: str) -> pd.DataFrame:
    """A table of ``data/`` whose key is the month's end."""
    table = data.table(name)
    return table.set_axis(pd.DatetimeIndex(pd.to_datetime(table.index), name="month"))


def origin_of(source: str) -> Provenance:
    """What ``sources.yml`` says of a source."""
    entry = data.source(source)
    return Provenance(
        source, entry["publisher"], entry["licence"], entry["confidence"], str(entry["date"])
    )
