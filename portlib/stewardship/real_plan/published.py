"""What did the Thrift Savings Plan publish of its funds: prices, target weights, returns, costs?

One record, read from ``data/`` and handed to whatever asks; nothing is estimated here. Five funds
(``FUNDS``) are held by participants and by the L Funds, whose target weights change every quarter.

Left out: L 2010, and the retired L 2020 and L 2025 on days of which no price was found; L 2070 and
L 2075, whose weights were not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from portlib import data
from portlib.data import DataError

#: Government securities, US bonds, large US companies, other US companies, companies abroad.
FUNDS = ("g", "f", "c", "s", "i")
EQUITY = ("c", "s", "i")


@dataclass(frozen=True, eq=False)
class Published:
    """The plan's own record.

    Attributes
    ----------
    prices : DataFrame by day
        US dollars a share, funds in columns; missing before a fund began and after it ended.
    targets : DataFrame by (fund, day from which)
        Target weights of the L Funds in `FUNDS`, decimals.
    months : DataFrame by month end
        Returns of `FUNDS`, each from its first month.
    lifecycle_months : DataFrame by month end
        Returns of the L Funds as published, to a hundredth of a percent.
    path : DataFrame by years to target
        The long-run target weights in `FUNDS`.
    costs : DataFrame by (year, fund)
        ``total``, decimal a year, and ``confidence``.

    Examples
    --------
    Returns of a day on which a price, or the one before, is missing are not known; targets hold
    until the next.

    >>> days = pd.to_datetime(
    ...     ["2026-01-02", "2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    ... )
    >>> prices = pd.DataFrame({fund: [10.0, 11.0, 11.0, 12.1, 12.1] for fund in FUNDS}, days)
    >>> prices["l_2050"] = [20.0, 21.0, None, 22.0, 23.1]
    >>> prices["i"] = [5.0, 6.0, 6.0, 9.0, 9.0]
    >>> when = pd.to_datetime(["2026-01-05", "2026-01-07", "2026-01-01"])
    >>> targets = pd.DataFrame(
    ...     [[0.3, 0.1, 0.3, 0.1, 0.2], [0.25, 0.15, 0.3, 0.1, 0.2], [0.9, 0.1, 0.0, 0.0, 0.0]],
    ...     pd.MultiIndex.from_arrays(
    ...         [["l_2050", "l_2050", "l_income"], when], names=["fund", "day"]
    ...     ),
    ...     list(FUNDS),
    ... )
    >>> rest = dict.fromkeys(("months", "lifecycle_months", "path", "costs"))
    >>> told = Published(prices, targets, **rest)
    >>> told.days["l_2050"].round(6).tolist()
    [nan, 0.05, nan, nan, 0.05]
    >>> fund, five, target = told.followed("l_2050")
    >>> [f"{day:%d}" for day in fund.index], fund.round(6).tolist(), five["i"].round(6).tolist()
    (['05', '08'], [0.05, 0.05], [0.2, 0.0])
    >>> target["g"].tolist(), told.target("l_income").to_numpy().tolist()
    ([0.3, 0.25], [[0.9, 0.1, 0.0, 0.0, 0.0]])
    >>> gone = Published(prices.assign(g=[10.0, 11.0, 11.0, 12.1, None]), targets, **rest)
    >>> gone.followed("l_2050")[0].index.day.tolist()  # of the last day G's return is not known
    [5]
    >>> early = prices.set_axis(days - pd.Timedelta(days=4)).assign(l_2050=20.0)
    >>> Published(early, targets, **rest).followed("l_2050")[0].size  # no target before the 5th
    0
    >>> told.target("l_2030")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: no target weights of 'l_2030'; they are known of l_2050, l_income
    """

    prices: pd.DataFrame
    targets: pd.DataFrame
    months: pd.DataFrame
    lifecycle_months: pd.DataFrame
    path: pd.DataFrame
    costs: pd.DataFrame

    @cached_property
    def days(self) -> pd.DataFrame:
        """Returns of single days, decimals, missing where a price or the one before is."""
        return self.prices.pct_change(fill_method=None)

    def target(self, fund: str) -> pd.DataFrame:
        """One L Fund's target weights by the day from which they hold."""
        if fund not in self.targets.index.get_level_values("fund"):
            known = ", ".join(dict.fromkeys(self.targets.index.get_level_values("fund")))
            raise DataError(f"no target weights of {fund!r}; they are known of {known}")
        own = self.targets.index.get_level_values("fund") == fund
        return self.targets[own].droplevel("fund")

    def followed(self, fund: str) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame]:
        """An L Fund's daily returns, those of `FUNDS`, and the target weights of each day, over the
        days on which all are known."""
        target = self.target(fund)
        both = self.days[[fund, *FUNDS]].dropna()
        both = both[both.index >= target.index[0]]
        return both[fund], both[list(FUNDS)], target.reindex(both.index, method="ffill")


def read() -> Published:
    """The record of ``data/tsp_*``; `DataError` where a file is not what ``sources.yml`` says.

    >>> told = read()
    >>> bool((told.targets.sum(axis=1) - 1).abs().max() < 1e-3)
    True

    Examples
    --------
    The first long-run weights sum to one, months begin when a fund did, and a price is of dollars.

    >>> list(told.months) == list(FUNDS), told.path.sum(axis=1).round(3).unique().tolist()
    (True, [1.0])
    >>> list(FUNDS), EQUITY, float(told.path.index[-1]), list(told.costs.index.names)
    (['g', 'f', 'c', 's', 'i'], ('c', 's', 'i'), 0.0, ['year', 'fund'])
    >>> bool(told.lifecycle_months.abs().max().max() < 0.5), bool(told.prices.iloc[-1].isna().any())
    (True, True)
    >>> bool(told.months["c"].first_valid_index() < told.months["s"].first_valid_index())
    True
    """
    weights = data.table("tsp_lifecycle_weights")
    weights["effective"] = pd.to_datetime(weights["effective"])
    months = _dated("tsp_returns")[[f"tsp_{name}" for name in FUNDS]]
    return Published(
        _dated("tsp_share_prices"),
        weights.set_index(["fund", "effective"])[list(FUNDS)].astype(float),
        months.set_axis(list(FUNDS), axis=1),
        _dated("tsp_lifecycle_returns"),
        data.table("tsp_glidepath").astype(float),
        data.table("tsp_expense_ratios").set_index(["year", "fund"]),
    )


def _dated(name: str) -> pd.DataFrame:
    table = data.table(name)
    return table.set_axis(pd.DatetimeIndex(table.index), axis=0)
