"""How well was traded: fills, slippage and delays by fund, on made-up trades (SYNTHETIC).

Left out: the market's impact of the plan's own orders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib.ranges import among, numbers


def made_up_trades(
    funds: Sequence[str], months: pd.DatetimeIndex, rng: np.random.Generator
) -> pd.DataFrame:
    """SYNTHETIC trade records, three a month: the form that a ledger's events are put in, one row
    an instruction.

    ``side`` is 1 for a purchase, -1 for a sale; prices in US dollars; ``locked``, ``pending`` and
    ``final`` are the days of EscrowLocked, PendingFinality, SettlementFinalized. Prices move by
    about ten basis points while one waits.

    Parameters
    ----------
    funds : sequence of str
    months : DatetimeIndex
    rng : Generator

    Returns
    -------
    DataFrame

    Examples
    --------
    Three a month and fund drawn; no event before the one that it follows, slippage of ten basis
    points to either side.

    >>> months = pd.date_range("2001-01-31", periods=240, freq="ME")
    >>> made = made_up_trades(["A", "B"], months, np.random.default_rng(1))
    >>> len(made), sorted(set(made["fund"])), sorted(set(made["side"]))
    (720, ['A', 'B'], [-1, 1])
    >>> said = made["instructed"].to_numpy("datetime64[M]")
    >>> drawn = np.repeat(months.to_numpy("datetime64[M]"), 3)
    >>> bool((said == drawn).mean() > 0.85), bool((said < drawn).any())  # or just after
    (True, False)
    >>> order = ["instructed", "locked", "pending", "final"]
    >>> days = made[order].to_numpy("datetime64[D]").T
    >>> [sorted({*np.busday_count(a, b).tolist()}) for a, b in zip(days[:-1], days[1:])]
    [[0], [0, 1, 2], [0, 1, 2]]
    >>> slipped = made["executed_price"] / made["decided_price"] - 1
    >>> bool(abs(slipped.std() / 0.001 - 1) < 0.1), bool(abs(slipped.mean()) < 0.0002)
    (True, True)
    >>> logs = np.log(made["decided_price"] / 20)
    >>> bool(abs(logs.mean()) < 0.05), bool(abs(logs.std() / 0.3 - 1) < 0.1)
    (True, True)
    >>> bool(made["units"].between(100, 4999).all())
    True
    """
    n = 3 * len(months)
    days = np.repeat(months.to_numpy().astype("datetime64[M]"), 3).astype("datetime64[D]")
    first = np.busday_offset(days, rng.integers(0, 20, n), roll="forward")
    waits = rng.choice([0, 1, 1, 1, 2], (3, n)) * np.array([[0], [1], [1]])
    locked, pending, final = (np.busday_offset(first, w) for w in np.cumsum(waits, axis=0))
    price = 20 * np.exp(rng.normal(0, 0.3, n))
    return pd.DataFrame(
        {
            "instructed": first,
            "fund": rng.choice(list(funds), n),
            "side": rng.choice([-1, 1], n),
            "units": rng.integers(100, 5000, n).astype(float),
            "decided_price": price,
            "executed_price": price * (1 + rng.normal(0, 0.001, n)),
            "locked": locked,
            "pending": pending,
            "final": final,
        }
    )


def trade_quality(trades: pd.DataFrame) -> pd.DataFrame:
    """How long until trades were final, and what was paid above the prices decided on?

    Parameters
    ----------
    trades : DataFrame
        A row an instruction, in the form of `made_up_trades`.

    Returns
    -------
    DataFrame
        By month of instruction: ``settlement days``, business days until final (95th percentile,
        the higher), and ``slippage``, a share of the value traded, decimal.

    Raises
    ------
    ValueError
        For a trade whose events are out of order, whose side is neither 1 nor -1, and for units or
        prices that are missing or not above zero.

    Examples
    --------
    Bought at 10.01 what was decided on at 10.00, and final three business days later.

    >>> days = pd.to_datetime(["2026-11-02", "2026-11-02", "2026-11-03", "2026-11-05"])
    >>> trade = dict(zip(("instructed", "locked", "pending", "final"), days, strict=True))
    >>> trade |= {"fund": "F", "side": 1, "units": 5.0}
    >>> trade |= {"decided_price": 10.0, "executed_price": 10.01}
    >>> found = trade_quality(pd.DataFrame([trade]))
    >>> found.round(6).iloc[0].to_dict()
    {'settlement days': 3.0, 'slippage': 0.001}

    It goes on in ``trades.md``.
    """
    events = ["instructed", "locked", "pending", "final"]
    figures = ["side", "units", "decided_price", "executed_price"]
    among("column", [*events, *figures], trades.columns)
    order = trades[events].to_numpy("datetime64[D]")
    if (wrong := (order[:, 1:] < order[:, :-1]).any(axis=1) | np.isnat(order).any(axis=1)).any():
        row = trades.iloc[int(wrong.argmax())]
        fund = row.get("fund", "a fund")
        raise ValueError(
            f"the trade of {fund} instructed {row['instructed']:%Y-%m-%d} has events out of order "
            "or missing: settle the record before it is measured"
        )
    for name in figures[1:]:
        numbers(name, trades[name], above=0.0)
    among("side", trades["side"], (-1, 1))
    value = trades["units"] * trades["decided_price"]
    paid = trades["side"] * trades["units"] * (trades["executed_price"] - trades["decided_price"])
    month = pd.DatetimeIndex(trades["instructed"]).normalize() + pd.offsets.MonthEnd(0)
    waited = pd.Series(np.busday_count(order[:, 0], order[:, 3]), month)
    sums = (
        pd.DataFrame({"paid": paid.to_numpy(), "value": value.to_numpy()}, index=month)
        .groupby(level=0)
        .sum()
    )
    days = waited.groupby(level=0).quantile(0.95, interpolation="higher")
    return pd.DataFrame(
        {"settlement days": days.astype(float), "slippage": sums["paid"] / sums["value"]}
    )
