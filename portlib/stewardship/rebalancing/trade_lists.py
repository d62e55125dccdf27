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

    Examples
    --------
    Prices are cents a share, holdings micro-shares. Two and a half shares of $30 and ten of $1
    beside $4:

    >>> def account(**other):
    ...     given = {
    ...         "funds": ("F", "G"), "micro_shares": (2_500_000, 10_000_000),
    ...         "prices": np.array([3000.0, 100.0]), "cash": 400, "lots": (500_000, 1_000_000),
    ...         "cost": np.array([0.001, 0.0]), "smallest": 0,
    ...         "buyable": np.array([1e9, 1e9]), "sellable": np.array([1e9, 1e9]),
    ...     }
    ...     return Account(**(given | other))
    >>> mine = account()
    >>> mine.values.tolist(), mine.total, mine.lot_values.tolist()
    ([7500.0, 1000.0], 8900.0, [1500.0, 100.0])

    It goes on in ``trade_lists.md``.
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
        parts = (self.micro_shares, self.prices, self.lots, self.cost, self.buyable, self.sellable)
        if len(set(self.funds)) < len(self.funds) or {*map(len, parts)} - {len(self.funds)}:
            raise TradeError(
                f"the account is of {', '.join(map(str, self.funds)) or 'no fund'}: give each fund "
                f"once, and every figure for each of them"
            )
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
    >>> made.distance, made.cash_after, faults(account, made), made.after["F"].round(9).tolist()
    (20.0, 4000, [], 0.6)
    >>> dear = replace(account, cost=[0.02])
    >>> made = listed(dear, {"F": 0.5}, [2])  # 120 cents of cost are taken from cash
    >>> made.cost, made.distance, made.cash_after, made.lots, made.status
    (1.2, 21.2, 3880, (2,), 'rule')
    >>> listed(account, {"G": 0.5}, [2])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.rebalancing.trade_lists.TradeError: a target for G, which the account ...
    >>> listed(account, {"F": 50.0}, [2])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.rebalancing.trade_lists.TradeError: F: target weights must be decimals ...
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
    if len(given) < len(target):
        raise TradeError("the target names a fund twice: give each once")
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
    nothing.

    Examples
    --------
    Read off the legs, whoever made the list: at $30 a share, two and a half shares held and $100 of
    cash,

    >>> account = Account(
    ...     funds=("F",), micro_shares=(2_500_000,), prices=np.array([3000.0]), cash=10_000,
    ...     lots=(500_000,), cost=np.array([0.0]), smallest=3_000, buyable=np.array([9_000.0]),
    ...     sellable=np.array([6_000.0]),
    ... )
    >>> def wrong(count, **other):
    ...     return faults(replace(account, **other), listed(account, {"F": 0.5}, [count]))
    >>> wrong(2), wrong(6), wrong(-4), wrong(1), wrong(7)[:1]
    ([], [], [], ['F: below the smallest trade'], ["F: more than the day's rules let"])
    >>> wrong(-5)
    ["F: more than the day's rules let"]
    >>> wrong(-4, micro_shares=(1_999_999,))
    ['F: more sold than held']
    >>> wrong(3, lots=(1_000_000,)), wrong(4, cash=6_000), wrong(4, cash=5_999)
    (['F: not whole lots'], [], ['cash below zero'])

    Each fund is held to what is its own, in whatever order the legs stand:

    >>> two = Account(
    ...     funds=("F", "G"), micro_shares=(5_000_000, 1_000_000), prices=np.array([3000.0, 500.0]),
    ...     cash=0, lots=(500_000, 1_000_000), cost=np.array([0.0, 0.0]), smallest=600,
    ...     buyable=np.array([9_000.0, 400.0]), sellable=np.array([6_000.0, 9_000.0]),
    ... )
    >>> made = listed(two, {"F": 0.5}, [-2, 1])
    >>> turned = replace(made, legs=made.legs[::-1])
    >>> faults(two, made) == faults(two, turned)
    True
    >>> faults(two, made)
    ['G: below the smallest trade', "G: more than the day's rules let"]
    >>> faults(two, listed(two, {}, [2, -2]))
    ['G: more sold than held', 'cash below zero']
    """
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

    Examples
    --------
    Shares of $70, $45 and $31, of which one and four of the last two are held beside $200. Of every
    list of whole shares the closest is found, without a solver; to round each trade and cut what
    cannot be paid for leaves more than twice as many dollars off target:

    >>> import itertools
    >>> account = Account(
    ...     funds=("F", "G", "H"), micro_shares=(0, 1_000_000, 4_000_000),
    ...     prices=np.array([7000.0, 4500.0, 3100.0]), cash=20_000, lots=(1_000_000,) * 3,
    ...     cost=np.array([0.001, 0.0, 0.002]), smallest=0, buyable=np.full(3, 1e9),
    ...     sellable=np.full(3, 1e9),
    ... )
    >>> target = {"H": 0.06, "F": 0.6, "G": 0.33}
    >>> found = exact(account, target)
    >>> every = [listed(account, target, lots) for lots in itertools.product(*[range(-4, 6)] * 3)]
    >>> legal = [one for one in every if not faults(account, one)]
    >>> closest = min(one.distance for one in legal)
    >>> found.distance <= closest + PROVEN, found.distance >= closest, faults(account, found)
    (True, True, [])
    >>> rounded(account, target).distance > 2 * found.distance, found.lots
    (True, (3, 2, -4))

    The smallest trade and the rules of the day bind:

    >>> tight = replace(account, smallest=9_000, sellable=np.array([1e9, 1e9, 9_300.0]))
    >>> held = exact(tight, target)
    >>> legal = [one for one in every if not faults(tight, one)]
    >>> closest = min(one.distance for one in legal)
    >>> closest <= held.distance <= closest + PROVEN, held.lots[2] >= -3
    (True, True)
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
    the cash suffices.

    Examples
    --------
    $100 to be spent on shares of $30, for half and half of it: 1.67 shares each become two, and the
    last is cut, since four are not to be had:

    >>> account = Account(
    ...     funds=("F", "G"), micro_shares=(0, 0), prices=np.array([3000.0, 3000.0]), cash=10_000,
    ...     lots=(1_000_000,) * 2, cost=np.zeros(2), smallest=0, buyable=np.full(2, 1e9),
    ...     sellable=np.full(2, 1e9),
    ... )
    >>> rounded(account, {"F": 0.5, "G": 0.5}).lots
    (1, 2)
    >>> rounded(account, {"F": 0.44, "G": 0.46}).lots  # 1.47 and 1.53 shares
    (1, 2)
    >>> rounded(replace(account, smallest=4_000), {"F": 0.44, "G": 0.46}).lots
    (0, 2)
    >>> rounded(replace(account, buyable=np.array([1e9, 5_000.0])), {"F": 0.44, "G": 0.46}).lots
    (1, 1)
    >>> full = replace(account, micro_shares=(1_000_000, 2_000_000), cash=0)
    >>> rounded(full, {"F": 1.0}).lots
    (2, -2)
    >>> rounded(replace(full, sellable=np.array([0.0, 3_100.0])), {}).lots
    (0, -1)
    """
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

    Examples
    --------
    Half a spread, and a fortieth of the root of a sixteenth of the day's volume:

    >>> round(slippage(1_000.0, 0.001, 0.02, 16_000.0), 9), slippage(1_000.0, 0.001, 0.02, None)
    (0.006, 0.001)
    >>> slippage(1_000.0, 0.001, 0.02, 0.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: 1000.0 dollars, spread 0.001, ...
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

    Examples
    --------
    >>> days_to_sell(1_000.0, 2_000.0, 0.25), days_to_sell(1_000.01, 2_000.0, 0.25)
    (2, 3)
    >>> days_to_sell(0.0, 2_000.0, 1.0)
    0
    >>> days_to_sell(1.0, 2_000.0, 25.0)
    Traceback (most recent call last):
    ...
    ValueError: 1.0 dollars, volume 2000.0, share 25.0: give a sale, a volume and a share
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

    Examples
    --------
    $1,000 and $50 new, at $30 and $70 a share: 60% are 20 shares, 40% are 5.714, and what does not
    fill a thousandth is cash. The employer's stock is sold within the policy's share of its volume:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> rules = Mandate(["COSTK", "LCIDX"], [fully_invested(), long_only()])
    >>> held = pd.Series({"LCIDX": 0.6, "COSTK": 0.4})
    >>> prices = pd.Series({"LCIDX": 30.0, "COSTK": 70.0})
    >>> mine = account_of(ours, held, 1_000.0, prices, rules, new_money=50.0, part_of_plan=1e-6)
    >>> mine.funds, mine.micro_shares, mine.cash  # 1050 - 600 - 5.714 * 70
    (('COSTK', 'LCIDX'), (5714000, 20000000), 5002)
    >>> volume = ours.rules["employer_stock"]["daily_volume"]
    >>> days = ours.policy["liquidity_share_of_adv"] * ours.policy["liquidity_days"]
    >>> saleable = min(volume * days * 1e-6 * 100, 0.4 * 105_000)
    >>> mine.buyable.tolist()  # long only sets no upper bound
    [inf, inf]
    >>> account_of(ours, held, 0.0, prices, rules).buyable.tolist()  # a new hire's
    [0.0, 0.0]
    >>> bool(np.allclose(mine.sellable, [saleable, 0.6 * 105_000])), mine.prices.tolist()
    (True, [7000.0, 3000.0])
    >>> half = ours.policy["trading_half_spread"]
    >>> impact = 0.3 / 252**0.5 * (saleable / 100 / volume) ** 0.5
    >>> bool(np.allclose(mine.cost, [half["company"] + impact, half["fund"]]))
    True
    >>> account_of(ours, held, -1.0, prices, rules)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.rebalancing.trade_lists.TradeError: balance -1.0, ...

    It goes on in ``trade_lists.md``.
    """
    funds = list(mandate.labels)
    for what, series in (("holdings", held), ("prices", prices)):
        if not series.index.is_unique:
            twice = series.index[series.index.duplicated()][0]
            raise TradeError(f"the {what} name {twice} twice: give each fund once")
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
    left = (balance + new_money) * 100 - float(p @ np.array(shares)) / MICRO
    cash = max(int(left + 1e-6), 0)
    money = (balance + new_money) * 100
    buyable, sellable = (  # whoever has no money buys nothing, also where nothing bounds it
        np.where((room > 1e-9) & (money > 0), room, 0.0) * money
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

    Examples
    --------
    Who holds stable value and wants the money market may not go from the one to the other: it is
    bought from elsewhere, or nothing is:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> held = pd.Series({"STABLE": 0.5, "LCIDX": 0.3, "GOVMM": 0.2})
    >>> prices, today = pd.Series({"STABLE": 10.0, "LCIDX": 30.0, "GOVMM": 1.0}), date(2026, 6, 30)
    >>> def after(**target):
    ...     how = (ours, held, 10_000.0, prices, pd.Series(target), [])
    ...     return best_list(*how, today)[1].after.round(2).to_dict()
    >>> after(STABLE=0.4, LCIDX=0.0, GOVMM=0.6)  # stable value stays
    {'STABLE': 0.5, 'LCIDX': 0.0, 'GOVMM': 0.5}
    >>> after(STABLE=0.2, LCIDX=0.6, GOVMM=0.2)
    {'STABLE': 0.2, 'LCIDX': 0.6, 'GOVMM': 0.2}
    >>> first = (ours, held, 10_000.0, prices, pd.Series({"LCIDX": 1.0}), [])
    >>> account, made = best_list(*first, date(2027, 1, 4))  # a blackout
    >>> made.lots, float(account.sellable.max())
    ((0, 0, 0), 0.0)

    It goes on in ``trade_lists.md``.
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
