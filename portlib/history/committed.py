"""The open record: public-domain monthly history that is in ``data/`` and needs no network.

Treasury yields and bills (Board of Governors, H.15), consumer prices (Bureau of Labor Statistics)
and the funds of the Thrift Savings Plan, whose returns are works of the US government and the one
open record of investable equity and bond classes. Bonds are repriced from yields at stated
maturities: of month ends where daily yields are at hand (10 and 30 years), of averages elsewhere.

Left out: equity before 1988, outside the developed markets, or by size and style: the packages'
long record to 2017, and French's library when somebody imports it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.history.record import History, MonthlySeries, Quantity
from portlib.history.treasuries import bill_returns, bond_returns

_FUNDS = {
    "tsp_g": "special-issue Treasury securities (TSP G fund)",
    "tsp_f": "US bonds (TSP F fund, aggregate index)",
    "tsp_c": "US large companies (TSP C fund, S&P 500)",
    "tsp_s": "US small and mid companies (TSP S fund, completion index)",
    "tsp_i": "developed markets (TSP I fund, international index)",
}
_FUND_BASIS = "net of the fund's costs; from rounded monthly returns to 2003-05, share prices after"
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
    """
    return _open_record(data.ROOT)


@cache
def _open_record(root: Path) -> History:
    held = []

    def hold(
        source: str, name: str, values: pd.Series, quantity: Quantity, label: str, basis: str
    ) -> None:
        entry = data.source(source)
        held.append(
            MonthlySeries(
                name=name,
                label=label,
                values=values,
                quantity=quantity,
                basis=basis,
                source=source,
                publisher=entry["publisher"],
                licence=entry["licence"],
                confidence=entry["confidence"],
                vintage=str(entry["date"]),
            )
        )

    funds = _by_month("tsp_returns")
    for name, label in _FUNDS.items():
        hold("tsp_returns", name, funds[name], "return", label, _FUND_BASIS)

    yields = _by_month("treasury_yields")
    hold(
        "treasury_yields",
        "bills",
        bill_returns(yields["bill_3m"].dropna()),
        "return",
        "three-month Treasury bills",
        "bought at last month's average rate of discount, accrued",
    )
    for years in (*_AVERAGED, *_MONTH_END):
        how, column = (
            ("month ends", f"end_{years}y")
            if years in _MONTH_END
            else ("averages over the month", f"average_{years}y")
        )
        known = yields[column].loc[yields[column].first_valid_index() :]
        hold(
            "treasury_yields",
            f"treasury_{years}y",
            bond_returns(known, years),
            "return",
            f"{years}-year Treasury bonds",
            f"repriced at constant maturity from yields of {how}",
        )
        hold(
            "treasury_yields",
            f"yield_{years}y",
            known,
            "yield",
            f"yield of {years}-year Treasury bonds",
            f"constant maturity, {how}",
        )
    hold(
        "treasury_yields",
        "yield_10y_average",
        yields["average_10y"],
        "yield",
        "yield of 10-year Treasury bonds",
        "constant maturity, averages over the month",
    )

    prices = _by_month("consumer_prices")["cpi_u"]
    hold(
        "consumer_prices",
        "cpi_u",
        prices,
        "level",
        "US consumer prices, all urban consumers, 1982-84 = 100",
        "not seasonally adjusted, never revised",
    )
    hold(
        "consumer_prices",
        "inflation",
        prices.pct_change(fill_method=None),
        "change",
        "US inflation, all urban consumers",
        "monthly change, not seasonally adjusted",
    )
    return History(held)


def _by_month(name: str) -> pd.DataFrame:
    table = data.table(name)
    return table.set_axis(pd.DatetimeIndex(pd.to_datetime(table.index), name="month"))
