"""What do all investors together hold, of the classes that a plan of ordinary funds can offer?

The world market portfolio is the one portfolio that everybody could hold at once. Its weights are
published values: the investable market by asset class, world equity by region and by size. With
``E`` the equity share of the classes offered, ``e`` the split of equity and ``b`` that of bonds,
each summing to one,

    w(s) = s e + (1 - s) b

is the market portfolio with equity share ``s``; at ``s = E`` it is the market portfolio itself.
Source: State Street Investment Management (2025), Figure 1; dates and confidence in
``data/sources.yml``.

Left out: what plans of ordinary funds do not offer (private markets, gold, emerging-market debt,
convertibles), currency hedging, and listed real estate as a class of its own: it is inside equity.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from portlib import data


@dataclass(frozen=True, eq=False)
class MarketPortfolio:
    """The market portfolio over a plan's classes.

    Attributes
    ----------
    equity_share : what part of the offered classes' value is equity
    equity, bonds : Series by class, each summing to one
    offered : what part of the whole investable market the offered classes are
    as_of : the oldest and the newest date of the figures
    """

    equity_share: float
    equity: pd.Series
    bonds: pd.Series
    offered: float
    as_of: tuple[str, str]

    def at(self, equity_share: float) -> pd.Series:
        """The market portfolio with this equity share, 0 to 1: weights by class, summing to one."""
        if not 0 <= equity_share <= 1:
            raise ValueError(f"an equity share lies between 0 and 1, not {equity_share}")
        held = pd.concat([equity_share * self.equity, (1 - equity_share) * self.bonds])
        return held.rename("weight")

    @property
    def weights(self) -> pd.Series:
        """The market portfolio itself."""
        return self.at(self.equity_share)


def market_portfolio() -> MarketPortfolio:
    """The world market portfolio over the classes offered, from ``data/market_portfolio.csv``.

    Examples
    --------
    State Street's figure has 43.599% equity, 21.082%, 9.135% and 5.001% core bonds, 1.503%
    inflation-protected and 0.928% high-yield bonds of 100.001%. Of world equity 58.6% is in the
    United States, 26.6% in other developed and 10.8% in emerging markets; of companies 86.3% large.

    >>> market = market_portfolio()
    >>> core = 21.082 + 9.135 + 5.001
    >>> offered = 43.599 + core + 1.503 + 0.928
    >>> round(market.equity_share * offered, 6), round(market.offered * 100.001, 6)
    (43.599, 81.248)
    >>> (market.bonds * (core + 1.503 + 0.928)).round(6).to_dict()
    {'us_core_bonds': 35.218, 'us_tips': 1.503, 'us_high_yield': 0.928}
    >>> market.equity.round(6).to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'us_large_equity': 0.550459, 'intl_dev_equity': 0.277083, 'em_equity': 0.1125,
     'us_small_equity': 0.059957}
    >>> us, small = 58.6 / (58.6 + 26.6 + 10.8), (8.0 + 1.4) / (86.3 + 8.0 + 1.4)
    >>> round(us * (1 - small), 6), round(us * small, 6), round(26.6 / 96, 6), 10.8 / 96
    (0.550459, 0.059957, 0.277083, 0.1125)
    >>> market.as_of
    ('2025-03-31', '2026-01-31')

    It goes on in ``market_portfolio.md``.
    """
    table = data.table("market_portfolio")
    scopes = {
        scope: rows.groupby("asset_class")["weight"].sum() for scope, rows in table.groupby("scope")
    }
    market, region, size = (
        scopes[scope]
        for scope in ("investable market", "world equity by region", "world equity by size")
    )
    region = region / region.sum()
    size = size / size.sum()
    equity = pd.concat([size * region["us_equity"], region.drop("us_equity")])
    bonds = market.drop("equity")
    return MarketPortfolio(
        equity_share=float(market["equity"] / market.sum()),
        equity=equity.sort_values(ascending=False),
        bonds=(bonds / bonds.sum()).sort_values(ascending=False),
        offered=float(
            market.sum() / table.loc[table["scope"] == "investable market", "weight"].sum()
        ),
        as_of=(str(table["as_of"].min()), str(table["as_of"].max())),
    )
