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
    >>> market = market_portfolio()
    >>> bool(abs(market.weights.sum() - 1) < 1e-12)
    True
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
