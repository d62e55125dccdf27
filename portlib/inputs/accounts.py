"""What did participants hold on which day, and how did trades go, by the record keeper's files?

``account_holdings.csv`` holds dated balances by fund (by participant, or in sum), ``trades.csv``
each trade with the days on which it was decided, ordered and settled and its prices. From them
weights, drift, latency and slippage are measured. Left out: times within a day, commissions (they
are in the price or they are not known here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from portlib.tables import Column, Findings, Text, rows
from portlib.tables.columns import Options, near_word

FILE, TRADES = "account_holdings.csv", "trades.csv"
COLUMNS = {
    "date": Column("the day of the balances", "date"),
    "participant": Column(
        "whose; empty, or the column left out: all together", required=False, filled=False
    ),
    "fund": Column("the fund, by its code in `lineup.csv`"),
    "balance": Column("its value", "number", low=0, high=1e12, unit="US dollars"),
}
SIDES = {"buy": "money went in", "sell": "money came out"}
TRADE_COLUMNS = {
    "trade": Column("an identifier of its own"),
    "participant": Column("whose; may be empty", required=False, filled=False),
    "fund": Column("the fund, by its code in `lineup.csv`"),
    "side": Column("which way", "word", SIDES),
    "shares": Column("how many", "number", low=0, high=1e12),
    "decided": Column("the day of the decision", "date"),
    "ordered": Column("the day of the order", "date"),
    "settled": Column("the day of settlement", "date"),
    "decision_price": Column(
        "price of a share when it was decided", "number", low=1e-6, high=1e7, unit="US dollars"
    ),
    "price": Column(
        "price of a share paid or had", "number", low=1e-6, high=1e7, unit="US dollars"
    ),
}


@dataclass(frozen=True, eq=False)
class AccountHoldings:
    """Balances: columns date, participant (None: in sum), fund, balance.

    Examples
    --------
    Two people, who hold 100 and 300 dollars, and 600 and nothing, a month later:

    >>> june, july = pd.to_datetime(["2026-06-30", "2026-07-31"])
    >>> rows = [(june, "x", "A", 100.0), (june, "y", "B", 300.0), (july, "y", "B", 600.0)]
    >>> table = pd.DataFrame(rows, columns=["date", "participant", "fund", "balance"])
    >>> accounts = AccountHoldings(table)
    >>> accounts.balances.to_numpy().tolist(), accounts.weights.loc[june].to_dict()
    ([[100.0, 300.0], [0.0, 600.0]], {'A': 0.25, 'B': 0.75})
    >>> accounts.of("y").to_numpy().tolist(), list(accounts.of("x"))
    ([[1.0], [1.0]], ['A'])
    >>> accounts.drift(pd.Series({"B": 0.5, "C": 0.4})).loc[june].round(9).to_dict()
    {'A': 0.25, 'B': 0.25, 'C': -0.4}

    It goes on in ``accounts.md``.
    """

    table: pd.DataFrame

    @cached_property
    def balances(self) -> pd.DataFrame:
        """US dollars, days x funds, over all participants."""
        summed = self.table.pivot_table(
            index="date", columns="fund", values="balance", aggfunc="sum"
        )
        return summed.fillna(0.0)

    @property
    def weights(self) -> pd.DataFrame:
        """Shares of all balances, days x funds; rows sum to one."""
        return self.balances.div(self.balances.sum(axis=1), axis=0)

    def of(self, participant: str) -> pd.DataFrame:
        """Shares of one person's balance, days x funds."""
        own = self.table[self.table["participant"] == participant]
        held = _balances(own)
        return held.div(held.sum(axis=1), axis=0)

    def drift(self, targets: pd.Series) -> pd.DataFrame:
        """Realised less target weights, days x funds; a fund without a target has target zero."""
        funds = list(dict.fromkeys([*self.weights.columns, *targets.index]))
        held = self.weights.reindex(columns=funds, fill_value=0.0)
        return held - targets.reindex(funds, fill_value=0.0)


@dataclass(frozen=True, eq=False)
class Trades:
    """Trades by their identifier, as filed.

    Examples
    --------
    Bought for 10.20 what was decided at 10, and sold for 19.80 what was decided at 20: both cost.
    From Friday to Tuesday are two weekdays:

    >>> days = {"decided": "2026-06-05", "ordered": "2026-06-09", "settled": "2026-06-10"}
    >>> table = pd.DataFrame(
    ...     {
    ...         "fund": ["A", "B"],
    ...         "side": ["buy", "sell"],
    ...         "shares": [5.0, 3.0],
    ...         "decision_price": [10.0, 20.0],
    ...         "price": [10.2, 19.8],
    ...         **{name: pd.Timestamp(day) for name, day in days.items()},
    ...     }
    ... )
    >>> trades = Trades(table)
    >>> trades.measured.round(9).to_numpy().tolist()
    [['A', 2, 1, 0.02, 51.0], ['B', 2, 1, 0.01, 59.4]]
    >>> events = trades.events
    >>> events[["side", "units", "decided_price", "executed_price"]].to_numpy().tolist()
    [[1.0, 5.0, 10.0, 10.2], [-1.0, 3.0, 20.0, 19.8]]
    >>> [str(day.date()) for day in events[["instructed", "locked", "pending", "final"]].iloc[0]]
    ['2026-06-05', '2026-06-09', '2026-06-09', '2026-06-10']
    """

    table: pd.DataFrame

    @cached_property
    def measured(self) -> pd.DataFrame:
        """By trade: weekdays to order and settlement, slippage (a cost is positive), dollars.

        Slippage is ``+-(price / decision_price - 1)``: what was paid above, or had below, the price
        at which it was decided.
        """
        sign = np.where(self.table["side"] == "buy", 1.0, -1.0)
        moved = self.table["price"] / self.table["decision_price"] - 1
        days = {
            name: self.table[name].to_numpy("datetime64[D]")
            for name in ("decided", "ordered", "settled")
        }
        return pd.DataFrame(
            {
                "fund": self.table["fund"],
                "to_order": np.busday_count(days["decided"], days["ordered"]),
                "to_settlement": np.busday_count(days["ordered"], days["settled"]),
                "slippage": sign * moved,
                "dollars": self.table["shares"] * self.table["price"],
            }
        )

    @property
    def events(self) -> pd.DataFrame:
        """By trade, as a ledger has them: side (1 or -1), units, prices and the days of each
        step."""
        return pd.DataFrame(
            {
                "fund": self.table["fund"],
                "side": np.where(self.table["side"] == "buy", 1.0, -1.0),
                "units": self.table["shares"],
                "decided_price": self.table["decision_price"],
                "executed_price": self.table["price"],
                "instructed": self.table["decided"],
                "locked": self.table["ordered"],
                "pending": self.table["ordered"],
                "final": self.table["settled"],
            }
        )


def make_holdings(
    text: Text | None, funds: Sequence[str], found: Findings, options: Options
) -> AccountHoldings | None:
    """The record of ``account_holdings.csv``; None without it, or where something is wrong.

    Parameters
    ----------
    text : the file.
    funds : codes of the lineup; none where it could not be read.
    found : takes everything that is wrong.
    options : how files are to be read, by file.

    Examples
    --------
    >>> def read(*lines, funds=("A", "B")):
    ...     found = Findings()
    ...     text = Text(FILE, "\\n".join(["date,participant,fund,balance", *lines]))
    ...     made = make_holdings(text, funds, found, {})
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return None if made is None else made.weights.to_numpy().round(9).tolist()
    >>> read('2026-06-30,x,A,"1,000.50"', "2026-06-30,y,B,3001.5")
    [[0.25, 0.75]]
    >>> read("2026-06-30,,A,100", "2026-06-30,,B,0", "2026-07-31,x,A,50", "2026-07-31,y,A,50")
    [[1.0, 0.0], [1.0, 0.0]]
    >>> bad = ["2026-06-30,x,A,100", "2026-06-30,x,A,50", "2026-06-30,,B,0", "2026-07-31,x,C,0"]
    >>> read(*bad)  # doctest: +ELLIPSIS
    account_holdings.csv: line 5: fund 'C' is none of the lineup
    account_holdings.csv: line 3: fund 'A' has two balances of one account and day
    account_holdings.csv: 2026-06-30: some rows name a participant, others none; one would ...
    account_holdings.csv: 2026-07-31: all balances are zero
    >>> read("2026-06-30,x,C,100", funds=()), make_holdings(None, ["A"], Findings(), {}) is None
    ([[1.0]], True)

    It goes on in ``accounts.md``.
    """
    if text is None:
        return None
    before = len(found.refused)
    table = rows(text, COLUMNS, found, options=options.get(FILE))
    if table is None:
        return None
    unknown_funds(table, funds, FILE, found)
    twice = table.duplicated(["date", "participant", "fund"])
    found.refuse_rows(FILE, table["fund"], twice, "has two balances of one account and day")
    nobody = table["participant"].isna()
    for day in sorted(set(table["date"][nobody]) & set(table["date"][~nobody])):
        found.refuse(
            FILE,
            f"{day:%Y-%m-%d}: some rows name a participant, others none; one would count twice",
        )
    empty = table.groupby("date")["balance"].sum(min_count=1)
    for day in empty.index[empty <= 0]:
        found.refuse(FILE, f"{day:%Y-%m-%d}: all balances are zero")
    return AccountHoldings(table) if len(found.refused) == before else None


def make_trades(
    text: Text | None, funds: Sequence[str], found: Findings, options: Options
) -> Trades | None:
    """The record of ``trades.csv``; None without it, or where something is wrong.

    Parameters
    ----------
    text, funds, found, options : as in `make_holdings`.

    Examples
    --------
    >>> head = "trade,fund,side,shares,decided,ordered,settled,decision_price,price"
    >>> def read(*lines):
    ...     found = Findings()
    ...     made = make_trades(Text(TRADES, "\\n".join([head, *lines])), ["A"], found, {})
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return None if made is None else made.measured["slippage"].round(9).to_dict()
    >>> days = "2026-06-05,2026-06-05,2026-06-08"
    >>> read(f"t1,A,buy,5,{days},10,15", f"t2,A,sell,5,{days},10,5")
    {'t1': 0.5, 't2': 0.5}
    >>> late = "t1,A,buy,5,2026-06-08,2026-06-05,2026-06-04,10,10"
    >>> read(late, "t1,A,buy,5,2026-06-05,2026-06-08,2026-06-09,10,15.1")
    trades.csv: line 3: trade 't1' is given twice
    trades.csv: line 2: trade 't1' was ordered before it was decided
    trades.csv: line 2: trade 't1' was settled before it was ordered
    trades.csv: line 3: trade 't1' has a price more than half away from decided

    It goes on in ``accounts.md``.
    """
    if text is None:
        return None
    before = len(found.refused)
    table = rows(text, TRADE_COLUMNS, found, options=options.get(TRADES))
    if table is None:
        return None
    unknown_funds(table, funds, TRADES, found)
    found.refuse_rows(TRADES, table["trade"], table["trade"].duplicated(), "is given twice")
    for first, second in (("decided", "ordered"), ("ordered", "settled")):
        late = table[first] > table[second]
        found.refuse_rows(TRADES, table["trade"], late, f"was {second} before it was {first}")
    moved = (table["price"] / table["decision_price"] - 1).abs() > 0.5
    found.refuse_rows(TRADES, table["trade"], moved, "has a price more than half away from decided")
    return Trades(table.set_index("trade")) if len(found.refused) == before else None


def _balances(table: pd.DataFrame) -> pd.DataFrame:
    summed = table.pivot_table(index="date", columns="fund", values="balance", aggfunc="sum")
    return summed.fillna(0.0)


def unknown_funds(table: pd.DataFrame, funds: Sequence[str], file: str, found: Findings) -> None:
    """Refuse the rows of a fund that the lineup, where it could be read, does not have.

    Parameters
    ----------
    table : DataFrame
        With a column ``fund``.
    funds : sequence of str
        Of the lineup; empty where it could not be read.
    file : str
        Its name, for findings.
    found : Findings
        What is added to.
    """
    if not funds:
        return
    for line, fund in zip(table.index, table["fund"], strict=True):
        if fund is not None and fund not in funds:
            hint = near_word(str(fund), list(funds))
            found.refuse(file, f"fund {fund!r} is none of the lineup{hint}", int(line))
