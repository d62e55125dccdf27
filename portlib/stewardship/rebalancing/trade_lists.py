"""Which whole lots bring an account as close to its target as money, rules and lots allow?

With prices ``p`` (cents a share), lots of ``l`` shares, holdings worth ``v``, a target worth ``t``
(all in cents), whole lots bought ``B`` and sold ``S``, and cash ``m`` with target ``t_0``::

    minimise  sum_i |v_i + p_i l (B_i - S_i) - t_i| + |m' - t_0|
    m' = m + sum_i p_i l ((1 - c_i) S_i - (1 + c_i) B_i) >= a cent for every trade

Every trade is rounded to cents against the account. A fund is bought or sold, not both, for at
least the smallest trade or not at all, and within what the day's rules let. An integer programme,
solved by HiGHS until no list can be a dollar closer. What it returns is checked again in whole
cents, without the solver.

Left out: taxes, prices that move before execution (settlement has a tolerance), and any order of
preference among lists that are equally close.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.plan import Plan
from portlib.ranges import door
from portlib.records import Array
from portlib.retirement.plan_menu.account_review import Trade, review_mandates
from portlib.stewardship.settlement import Leg
from portlib.stewardship.settlement.ledger import MICRO

#: US dollars within which a list is proven the closest.
PROVEN = 1.0


class TradeError(ValueError):
    """A trade list that cannot be made or must not be used; names the fund and the reason."""


@dataclass(frozen=True, eq=False)
class Account:
    """What is held, at which prices, and what may be traded on the day.

    Parameters
    ----------
    funds : sequence of str
    micro_shares : ints by fund, zero or more
    prices : cents by fund and share, above zero (need not be whole)
    cash : int, cents, zero or more
    lots : micro-shares by fund that a trade is a multiple of
    cost : decimals by fund, of the dollars traded, each way
    smallest : int, cents: no trade is worth less
    buyable, sellable : cents by fund that may be traded at most; 0 forbids

    Raises
    ------
    TradeError
        Naming the fund whose entry is out of range.
    """

    funds: tuple[str, ...]
    micro_shares: tuple[int, ...]
    prices: Array
    cash: int
    lots: tuple[int, ...]
    cost: Array
    smallest: int
    buyable: Array
    sellable: Array

    def __post_init__(self) -> None:
        """Refuse what no account can hold."""
        for i, fund in enumerate(self.funds):
            if (
                self.micro_shares[i] < 0
                or not 0 < self.prices[i] < np.inf
                or not 0 <= self.cost[i] < 1
                or self.lots[i] < 1
            ):
                raise TradeError(
                    f"{fund}: {self.micro_shares[i]} micro-shares at {self.prices[i]} cents, cost "
                    f"{self.cost[i]}, lot {self.lots[i]}: holdings from 0, price above 0, cost "
                    f"below 1"
                )
            if not (self.buyable[i] >= 0 and self.sellable[i] >= 0):
                raise TradeError(f"{fund}: what may be bought or sold must be zero or more cents")
        if self.cash < 0:
            raise TradeError(f"cash is {self.cash} cents: settle the debt before trading")

    @cached_property
    def values(self) -> Array:
        """What each fund's holding is worth, cents."""
        return self.prices * np.array(self.micro_shares, dtype=float) / MICRO

    @cached_property
    def total(self) -> float:
        """Holdings and cash, cents."""
        return float(self.values.sum()) + self.cash

    @cached_property
    def lot_values(self) -> Array:
        """What a lot of each fund costs, cents."""
        return self.prices * np.array(self.lots, dtype=float) / MICRO

    def leg(self, i: int, lots: int) -> Leg:
        """A trade of so many lots (sold below zero) as a leg: whole cents, costs rounded against
        the account."""
        worth = float(self.lot_values[i]) * abs(lots)
        with_cost = worth * (1 + self.cost[i]) if lots > 0 else worth * (1 - self.cost[i])
        cents = int(np.ceil(with_cost - 1e-6)) if lots > 0 else int(np.floor(with_cost + 1e-6))
        return Leg(self.funds[i], int(lots) * self.lots[i], cents)


@dataclass(frozen=True, eq=False)
class TradeList:
    """Lots by fund (sold below zero), the legs they make, and how far from the target they leave
    the account.

    ``values_after`` and ``cash_after`` in cents; ``distance`` is the sum of absolute dollars off
    target, with cash; ``cost`` in US dollars; ``status`` how the list is known: a solver's proof,
    or a rule.
    """

    lots: tuple[int, ...]
    legs: tuple[Leg, ...]
    funds: tuple[str, ...]
    values_after: Array
    cash_after: int
    distance: float
    cost: float
    status: str

    @property
    def after(self) -> pd.Series:
        """Weights by fund afterwards; what they lack of one is cash."""
        return pd.Series(
            self.values_after / (self.values_after.sum() + self.cash_after), index=list(self.funds)
        )


def listed(
    account: Account, target: Mapping[str, float] | pd.Series, lots: Sequence[int]
) -> TradeList:
    """What a list of lots would do, whether or not it obeys the rules.

    Parameters
    ----------
    account : Account
        What is held.
    target : mapping or Series
        Weights of the total by fund, the rest being cash.
    lots : sequence of int
        By fund; sold below zero.

    Returns
    -------
    TradeList

    Examples
    --------
    Of 100 dollars, a fund at 30 dollars a share is to be half: two whole shares leave 10 dollars
    too many in the fund and 10 too few in cash.

    >>> account = Account(
    ...     funds=["F"],
    ...     micro_shares=[0],
    ...     prices=[3000],
    ...     cash=10_000,
    ...     lots=[1_000_000],
    ...     cost=[0.0],
    ...     smallest=0,
    ...     buyable=[1e9],
    ...     sellable=[1e9],
    ... )
    >>> made = listed(account, {"F": 0.5}, [2])
    >>> made.distance, made.cash_after, faults(account, made)
    (20.0, 4000, [])
    """
    return _listed(account, _targets(account, target), lots, "rule")


def _listed(account: Account, targets: Array, lots: Sequence[int], status: str) -> TradeList:
    legs = tuple(account.leg(i, n) for i, n in enumerate(lots) if n)
    cash = account.cash - sum(leg.cents if leg.micro_shares > 0 else -leg.cents for leg in legs)
    values = account.values + account.lot_values * np.array(lots)
    cost = account.total - float(values.sum()) - cash
    spare = account.total - float(targets.sum())
    distance = float(np.abs(values - targets).sum()) + abs(cash - spare)
    return TradeList(
        tuple(int(n) for n in lots),
        legs,
        account.funds,
        values,
        cash,
        distance / 100,
        cost / 100,
        status,
    )


def _targets(account: Account, target: Mapping[str, float] | pd.Series) -> Array:
    given = dict(target.items())
    if unknown := [str(fund) for fund in given if fund not in account.funds]:
        raise TradeError(
            f"a target for {', '.join(unknown)}, which the account does not know; it has "
            f"{', '.join(account.funds)}"
        )
    w = np.array([float(given.get(fund, 0.0)) for fund in account.funds])
    for fund, weight in zip(account.funds, w, strict=True):
        if not 0 <= weight <= 1 + 1e-9:
            raise TradeError(f"{fund}: target weights must be decimals from 0 to 1, not {weight}")
    if w.sum() > 1 + 1e-9:
        raise TradeError(f"target weights must sum to one at most, not {w.sum():.6g}")
    return w * account.total


def faults(account: Account, made: TradeList) -> list[str]:
    """What is wrong with a trade list, read off its legs in whole cents and micro-shares; empty if
    nothing."""
    found = []
    cash = account.cash
    for leg in made.legs:
        i = account.funds.index(leg.fund)
        worth = account.prices[i] * abs(leg.micro_shares) / MICRO
        cash += leg.cents if leg.micro_shares < 0 else -leg.cents
        most = account.buyable[i] if leg.micro_shares > 0 else account.sellable[i]
        if leg.micro_shares % account.lots[i]:
            found.append(f"{leg.fund}: not whole lots")
        if worth < account.smallest - 1e-6:
            found.append(f"{leg.fund}: below the smallest trade")
        if worth > most + 1e-6:
            found.append(f"{leg.fund}: more than the day's rules let")
        if account.micro_shares[i] + leg.micro_shares < 0:
            found.append(f"{leg.fund}: more sold than held")
    return [*found, "cash below zero"] if cash < 0 else found


def exact(account: Account, target: Mapping[str, float] | pd.Series) -> TradeList:
    """The closest list of whole lots, proven to a dollar.

    No list is closer whose distance in any one fund is more than that of `rounded` in all together,
    so only the few lots within it are searched: what makes the proof quick, and leaves nothing out.

    Parameters
    ----------
    account : Account
        What is held, and what may be traded.
    target : mapping or Series
        Weights of the total by fund, the rest being cash.

    Returns
    -------
    TradeList

    Raises
    ------
    TradeError
        For weights out of range, when the solver proves nothing, and when its list fails `faults`.
    """
    from scipy.optimize import Bounds as Box
    from scipy.optimize import LinearConstraint, milp

    targets = _targets(account, target)
    n = len(account.funds)
    known = rounded(account, target)
    if known.distance < PROVEN or not account.lots:
        return known
    # dollars, so that tolerances mean something
    lot = account.lot_values / 100
    v = account.values / 100
    off = v - targets / 100
    cash = account.cash / 100
    spare = (account.total - targets.sum()) / 100
    held = np.array(account.micro_shares) // np.array(account.lots)
    least = np.maximum(
        np.ceil((-off - known.distance) / lot - 1e-9),
        -np.minimum(held, np.floor(account.sellable / 100 / lot + 1e-9)),
    )
    most = np.minimum(
        np.floor((-off + known.distance) / lot + 1e-9), np.floor(account.buyable / 100 / lot + 1e-9)
    )
    bought = (np.maximum(least, 0), np.maximum(most, 0))
    sold = (np.maximum(-most, 0), np.maximum(-least, 0))
    low = np.concatenate([bought[0], sold[0], bought[0] > 0, sold[0] > 0, np.zeros(n + 1)])
    high = np.concatenate(
        [bought[1], sold[1], bought[1] > 0, sold[1] > 0, np.full(n + 1, known.distance)]
    )
    one = np.eye(n)
    zero = np.zeros((n, n))
    none = np.zeros((n, 1))
    small = account.smallest / 100
    # variables: B, S (lots), z, y (bought or sold at all), d (dollars off target), d_0 (of cash)
    money = np.concatenate([-lot * (1 + account.cost), lot * (1 - account.cost), np.zeros(3 * n)])
    by = np.diag(lot)
    cents = np.concatenate([money[: 2 * n], np.full(2 * n, -0.01), np.zeros(n + 1)])
    rows: list[tuple[Any, Any, Any]] = [
        (np.hstack([by, -by, zero, zero, -one, none]), -np.inf, -off),
        (np.hstack([by, -by, zero, zero, one, none]), -off, np.inf),
        (np.append(money, -1.0)[None, :], -np.inf, spare - cash),
        (np.append(money, 1.0)[None, :], spare - cash, np.inf),
        (cents[None, :], -cash, np.inf),
        (np.hstack([one, zero, -np.diag(bought[1]), zero, zero, none]), -np.inf, 0.0),
        (np.hstack([zero, one, zero, -np.diag(sold[1]), zero, none]), -np.inf, 0.0),
        (np.hstack([zero, zero, one, one, zero, none]), -np.inf, 1.0),
        (np.hstack([by, zero, -small * one, zero, zero, none]), 0.0, np.inf),
        (np.hstack([zero, by, zero, -small * one, zero, none]), 0.0, np.inf),
    ]
    kind = np.concatenate([np.ones(4 * n), np.zeros(n + 1)])
    goal = 1 - kind
    limits = [LinearConstraint(a, lo - a @ low, hi - a @ low) for a, lo, hi in rows]
    bound = milp(goal, bounds=Box(0.0, high - low), constraints=limits)  # as if lots could be split
    if bound.status == 0 and known.distance - bound.fun <= PROVEN:
        return replace(known, status="optimal")
    found = milp(
        goal,
        bounds=Box(0.0, high - low),
        integrality=kind,
        constraints=limits,
        options={"mip_rel_gap": PROVEN / known.distance, "time_limit": 60.0},
    )
    if found.status == 2:  # only the rounded list itself is within its own distance
        return known
    if found.status != 0:
        raise TradeError(f"no proof of the closest list: {found.message}")
    x = found.x + low
    made = _listed(account, targets, np.rint(x[:n] - x[n : 2 * n]).astype(int).tolist(), "optimal")
    if wrong := faults(account, made):
        raise TradeError(f"the solver's list is withheld: {'; '.join(wrong)}")
    return min(known, made, key=lambda x: x.distance)


def rounded(account: Account, target: Mapping[str, float] | pd.Series) -> TradeList:
    """The usual way: every trade to the nearest lot, small ones dropped, then purchases cut until
    the cash suffices."""
    targets = _targets(account, target)
    lot = account.lot_values
    wanted = np.clip(targets - account.values, -account.sellable, account.buyable)
    held = np.array(account.micro_shares) // np.array(account.lots)
    lots = np.maximum(np.rint(wanted / lot), -held).astype(int)
    lots = np.where(
        np.abs(lots) * lot > np.where(lots > 0, account.buyable, account.sellable) + 1e-6,
        lots - np.sign(lots),
        lots,
    )
    lots[np.abs(lots) * lot < account.smallest] = 0
    while (made := _listed(account, targets, lots.tolist(), "rule")).cash_after < 0:
        i = int(np.argmax(np.where(lots > 0, lots * lot, -1.0)))
        lots[i] -= min(lots[i], max(1, int(-made.cash_after / (lot[i] * (1 + account.cost[i])))))
        if lots[i] * lot[i] < account.smallest:
            lots[i] = 0
    return made


# ---- what a trade moves --------------------------------------------------------------------------


@door(error=TradeError)
def slippage(
    dollars: float, half_spread: float, daily_volatility: float, daily_volume: float | None
) -> float:
    """What a trade is expected to cost beyond the quoted price.

    Half the spread, and where a daily volume is known, the daily volatility times the square root
    of the part of it that is traded: the usual rule of thumb (Almgren, Thum, Hauptmann and Li 2005
    estimate a power of 0.6).

    Parameters
    ----------
    dollars : float
        Traded, US dollars.
    half_spread, daily_volatility : float
        Decimals.
    daily_volume : float or None
        US dollars; None for a fund that deals at net asset value.

    Returns
    -------
    float
        Decimal of the dollars traded.

    Raises
    ------
    ValueError
        For negative figures, or no volume.
    """
    if min(dollars, half_spread, daily_volatility) < 0 or (
        daily_volume is not None and not daily_volume > 0
    ):
        raise ValueError(
            f"{dollars} dollars, spread {half_spread}, volatility {daily_volatility}: zero or "
            f"more; "
            f"volume {daily_volume}: above zero, or None"
        )
    impact = 0.0 if daily_volume is None else daily_volatility * (dollars / daily_volume) ** 0.5
    return half_spread + impact


@door(error=TradeError)
def days_to_sell(dollars: float, daily_volume: float, share: float) -> int:
    """Trading days that a sale takes at a share of the average daily volume.

    Parameters
    ----------
    dollars : float
        Sold, US dollars.
    daily_volume : float
        US dollars a day.
    share : float
        Of the volume, decimal.

    Returns
    -------
    int
        Whole days.

    Raises
    ------
    ValueError
        For a sale below zero, no volume, or a share outside 0 to 1.
    """
    if dollars < 0 or not daily_volume > 0 or not 0 < share <= 1:
        raise ValueError(
            f"{dollars} dollars, volume {daily_volume}, share {share}: give a sale, a volume "
            f"and a share"
        )
    return int(np.ceil(dollars / (daily_volume * share)))


# ---- accounts of the plan ------------------------------------------------------------------------


@door(error=TradeError)
def account_of(
    plan: Plan,
    held: pd.Series,
    balance: float,
    prices: pd.Series,
    mandate: Mandate,
    *,
    new_money: float = 0.0,
    part_of_plan: float = 1.0,
) -> Account:
    """An account in the weights held; the policy's lots and costs.

    What may be bought and sold follows from the bounds of `mandate`; employer stock is sold besides
    within the policy's share of its daily volume, of which this account has `part_of_plan`. Shares
    are held in thousandths; what does not fill one is cash.

    Parameters
    ----------
    plan : Plan
        Its funds and policy.
    held : Series
        Weights by fund.
    balance : float
        US dollars.
    prices : Series
        US dollars a share by fund.
    mandate : Mandate
        One of `review_mandates`.
    new_money : float
        Besides, US dollars.
    part_of_plan : float
        Decimal share of the plan that this account is.

    Returns
    -------
    Account
    """
    funds = list(mandate.labels)
    if unknown := [str(fund) for fund in held.index if fund not in funds]:
        raise TradeError(f"{', '.join(unknown)} is held, and the mandate does not know it")
    for what, given in (("holding", held), ("price", prices)):
        for fund in funds:
            figure = float(given.get(fund, 0.0 if what == "holding" else np.nan))
            if not 0 <= figure < np.inf or (what == "price" and figure == 0):
                raise TradeError(f"{fund}: its {what} is {figure}; give a number above zero")
    if not 0 <= balance < np.inf or not 0 <= new_money < np.inf or not 0 <= part_of_plan <= 1:
        raise TradeError(
            f"balance {balance}, new money {new_money} (zero or more), part of plan {part_of_plan} "
            "(0 to 1)"
        )
    if held.sum() > 1 + 1e-6:
        raise TradeError(f"the holdings sum to {held.sum():.6g}; give decimals that sum to one")
    held = held.reindex(funds, fill_value=0.0)
    w = held.to_numpy(float)
    p = prices.reindex(held.index).to_numpy(float) * 100
    shares = tuple(int(x) * (MICRO // 1000) for x in np.floor(w * balance * 100 / p * 1000 + 1e-6))
    cash = max(int((balance + new_money) * 100 - float(p @ np.array(shares)) / MICRO), 0)
    buyable, sellable = (
        np.where(room > 1e-9, room, 0.0) * (balance + new_money) * 100
        for room in (mandate.program.upper - w, w - np.maximum(mandate.program.lower, 0.0))
    )
    stock = plan.rules["employer_stock"]
    half = plan.policy["trading_half_spread"]
    cost = np.zeros(len(w))
    for i, fund in enumerate(held.index):
        cost[i] = half["fund"]
        if stock is not None and stock["fund"] == fund:
            saleable = (
                stock["daily_volume"]
                * plan.policy["liquidity_share_of_adv"]
                * plan.policy["liquidity_days"]
            )
            sellable[i] = min(sellable[i], saleable * 100 * part_of_plan)
            cost[i] = slippage(
                sellable[i] / 100,
                half["company"],
                stock["own_volatility"] / 252**0.5,
                stock["daily_volume"],
            )
    lot = round(plan.policy["trade_lot_shares"] * MICRO)
    return Account(
        tuple(held.index),
        shares,
        p,
        cash,
        (lot,) * len(w),
        cost,
        round(plan.policy["trade_minimum_dollars"] * 100),
        buyable,
        sellable,
    )


@door(error=TradeError)
def best_list(
    plan: Plan,
    held: pd.Series,
    balance: float,
    prices: pd.Series,
    target: pd.Series,
    trades: Sequence[Trade],
    on: date,
    *,
    make: Callable[[Account, pd.Series], TradeList] = exact,
    **account: float,
) -> tuple[Account, TradeList]:
    """The closest trade list that the plan's rules of the day allow, and the account that it is
    for.

    Where the rules offer a choice (the equity wash) every choice is solved and the closest list is
    taken.

    Parameters
    ----------
    plan, held, balance, prices
        As for `account_of`; so are `account`'s.
    target : Series
        Weights of the total by fund, the rest being cash.
    trades : sequence of Trade
        What this account traded before.
    on : date
        The day.
    make : callable
        Makes a list; `exact` or `rounded`.

    Returns
    -------
    account : Account
    made : TradeList

    Raises
    ------
    TradeError
        As `exact`.
    """
    base = Mandate(list(held.index), [fully_invested(), long_only()])
    options = [
        account_of(plan, held, balance, prices, m, **account)
        for m in review_mandates(plan, base, held, trades, on)
    ]
    if not options:
        raise TradeError("the plan's rules of the day allow no mandate at all")
    made = [(option, make(option, target)) for option in options]
    return min(made, key=lambda pair: pair[1].distance)
