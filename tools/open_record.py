"""Where do the committed tables of monthly history come from? From publishers' files, by this.

``python -m tools.open_record FOLDER`` reads what ``prudent import`` or ``make refresh`` kept there
(FRED's GS1 to GS20, DGS10, DGS30, TB3MS and CPIAUCNS, the TSP's share prices, the World Bank's
workbook), writes the tables into ``data/`` and prints each one's SHA-256 for ``sources.yml``, where
whoever commits them records it with dates and what changed. A table whose files are not all there
is left as it is.

Left out: the TSP's returns before its share prices, June 2003; they are in the committed table and
are kept.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.history.committed import by_month
from portlib.history.publishers import PublishedFile
from portlib.history.series import FUNDS, month_ends, price_returns
from portlib.history.vintages import kept, open_kept

_AVERAGES = (1, 2, 3, 5, 7, 10, 20)
_ENDS = (10, 30)
_GOLD = "Gold, $/troy oz"


def yields(files: Mapping[str, PublishedFile]) -> pd.DataFrame:
    """Treasury yields in annual decimals; the month that some series have not reached is left
    out."""
    columns = {"bill_3m": _monthly(files["TB3MS"])}
    columns |= {f"average_{years}y": _monthly(files[f"GS{years}"]) for years in _AVERAGES}
    daily = {years: files[f"DGS{years}"].tables[0].values.iloc[:, 0] for years in _ENDS}
    # no monthly series of 30 years is whole; the mean of the daily one is the same to rounding
    known = daily[30].dropna()
    columns["average_30y"] = (
        known.groupby(pd.DatetimeIndex(known.index) + pd.offsets.MonthEnd(0)).mean().round(2)
    )
    columns |= {f"end_{years}y": month_ends(daily[years]) for years in _ENDS}
    last = min(series.index[-1] for series in columns.values())
    index = pd.date_range(columns["bill_3m"].index[0], last, freq="ME", name="month")
    return pd.DataFrame({name: series.reindex(index) / 100 for name, series in columns.items()})


def prices(files: Mapping[str, PublishedFile]) -> pd.DataFrame:
    """Consumer prices; a month that was not collected is an empty row."""
    return _monthly(files["CPIAUCNS"]).to_frame("cpi_u")


def funds(files: Mapping[str, PublishedFile]) -> pd.DataFrame:
    """The TSP's returns: published ones before the share prices, from prices after."""
    daily = files["fund-price-history"].tables[0].values
    ours = {name[-1].upper(): name for name in FUNDS}
    returns = price_returns(daily.rename(columns=ours)[list(FUNDS)]).assign(basis="prices")
    before = by_month("tsp_returns").loc[: returns.index[0]].iloc[:-1]
    return pd.concat([before, returns])


def gold(files: Mapping[str, PublishedFile]) -> pd.DataFrame:
    """The price of gold, US dollars a troy ounce."""
    return files["CMO-Historical-Data-Monthly"].tables[0].values[[_GOLD]].set_axis(["gold"], axis=1)


#: The tables of ``data/``: what makes them, and with how many decimals.
TABLES = {
    "treasury_yields": (yields, 4),
    "consumer_prices": (prices, 3),
    "tsp_returns": (funds, 8),
    "gold_price": (gold, 2),
}


def _monthly(file: PublishedFile) -> pd.Series:
    values = file.tables[0].values.iloc[:, 0]
    return values.reindex(pd.date_range(values.index[0], values.index[-1], freq="ME", name="month"))


def main() -> None:
    """Write the tables whose files are there."""
    parser = argparse.ArgumentParser(prog="python -m tools.open_record")
    parser.add_argument("folder", type=Path, help="where the publishers' files are kept")
    folder = parser.parse_args().folder
    files = {kind: open_kept(folder, kind) for kind in kept(folder)}
    for name, (make, decimals) in TABLES.items():
        try:
            table = make(files)
        except KeyError as lacking:
            print(f"{name}: left as it is, no {lacking.args[0]} in {folder}")
            continue
        text = table.to_csv(
            float_format=f"%.{decimals}f", date_format="%Y-%m-%d", lineterminator="\n"
        )
        (data.ROOT / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
        print(f"{name}: {hashlib.sha256(text.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
