"""Is a reserve of cash worth its drag?

A retiree keeps some years of spending in bills, spends from them after a losing year of the rest,
and fills them up after a gaining one. The rival holds the same average mix and rebalances: both
have the same cash on average, so that what remains is the rule. A third holds no cash at all.

    after a loss:  withdraw from the reserve while it lasts
    after a gain:  withdraw from the rest, and refill the reserve to its size

Left out: taxes, costs of trading, and that a reserve may keep a person from selling everything,
which is a reason that no simulation of returns can weigh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from portlib.ranges import SHARE, door
from portlib.records import Array


@dataclass(frozen=True, eq=False)
class Reserve:
    """What came of a way of holding cash, by life: met for all years, what is left, mean cash
    share."""

    met: Array
    left: Array
    cash: float


@door()
def with_reserve(
    invested: Array, bills: Array, spending: float, years: float, ends: Array
) -> Reserve:
    """The reserve of some years of spending.

    Parameters
    ----------
    invested, bills : array (periods, lives)
        Real growth factors of the rest and of cash.
    spending : float
        A period, as a share of the savings at retirement.
    years : float
        How many periods' spending the reserve holds when it is full.
    ends : array (lives,)
        The last period that each life begins, from 0.

    Returns
    -------
    Reserve
        What is left is a share of the savings at retirement.

    Examples
    --------
    A tenth is spent, two years of it are kept in bills at 5%, and the rest loses a fifth and gains
    25% and 20%. At first the rest pays (0.8 to 0.7); after the loss the reserve does (0.21 to
    0.11); after the gain the rest pays and refills it (0.7 to 0.5155, 0.1155 to 0.2). A second life
    ends after a year:

    >>> invested = np.array([[0.8, 1.1], [1.25, 1.1], [1.2, 1.1]])
    >>> found = with_reserve(invested, np.full((3, 2), 1.05), 0.1, 2, np.array([2, 0]))
    >>> found.left.round(6).tolist()  # 0.2 * 1.05 + 0.5155 * 1.2, and 0.2 * 1.05 + 0.7 * 1.1
    [0.8286, 0.98]
    >>> whole = with_reserve(np.array([[1.3]]), np.array([[1.02]]), 0.1, 30, np.array([0]))
    >>> whole.left.round(6).tolist()  # thirty years' spending is more than there is: 0.9 * 1.02
    [0.918]
    >>> shares = 0.2 / 0.9, 0.2 / 0.9, 0.11 / 0.67, 0.2 / 0.7155  # after spending, of those alive
    >>> round(found.cash - sum(shares) / 4, 9), found.met.tolist()
    (0.0, [True, True])

    Where the rest halves every year, 0.4 a year can be spent twice: the rest and the reserve pay in
    turn, and 0.071 are left for a third year:

    >>> found = with_reserve(np.full((3, 2), 0.5), np.full((3, 2), 1.05), 0.4, 1, np.array([2, 1]))
    >>> found.met.tolist(), found.left.round(6).tolist()
    ([False, True], [0.0, 0.071])

    No more can be kept than there is: three years of 0.4 are all, and all pays them from cash:

    >>> found = with_reserve(np.full((2, 1), 0.5), np.ones((2, 1)), 0.4, 3, np.array([1]))
    >>> found.met.tolist(), found.left.round(6).tolist(), found.cash
    ([True], [0.2], 1.0)

    A year that neither gains nor loses counts as one that gains, and a reserve that has grown
    beyond its size is left alone: the rest pays twice (0.7, and 0.6 halves), 0.2 of cash grow twice
    by 5%. What is spent to the last is no share of cash:

    >>> found = with_reserve(np.array([[1.0], [0.5]]), np.full((2, 1), 1.05), 0.1, 2, np.array([1]))
    >>> found.left.round(6).tolist()  # 0.3 + 0.2205
    [0.5205]
    >>> found = with_reserve(np.ones((3, 2)), np.ones((3, 2)), 0.5, 1, np.array([1, 2]))
    >>> found.met.tolist(), found.cash
    ([True, False], 1.0)
    >>> cut = with_reserve(np.ones((3, 2)), np.ones((3, 2)), 0.5002, 1, np.array([1, 0]))
    >>> cut.met.tolist()  # 0.0004 are missing, in a life that others outlive
    [False, True]
    """
    size = min(years * spending, 1.0)
    cash = np.full(invested.shape[1], size)
    rest = 1 - cash
    gained = np.ones(invested.shape[1], bool)
    met = np.ones(invested.shape[1], bool)
    left = np.zeros(invested.shape[1])
    held, count = 0.0, 0.0
    for t in range(len(invested)):
        alive = ends >= t
        from_cash = np.where(gained, 0.0, np.minimum(cash, spending))
        from_rest = np.minimum(rest, spending - from_cash)
        more = np.minimum(cash - from_cash, spending - from_cash - from_rest)
        short = spending - from_cash - from_rest - more
        met &= ~(alive & (short > 1e-9))
        cash = cash - from_cash - more
        rest = rest - from_rest
        refill = np.where(gained, np.clip(size - cash, 0.0, rest), 0.0)
        cash = cash + refill
        rest = rest - refill
        total = np.maximum(cash + rest, 1e-12)
        held += float((cash / total)[alive & (total > 1e-9)].sum())
        count += float((alive & (total > 1e-9)).sum())
        cash = cash * bills[t]
        rest = rest * invested[t]
        gained = invested[t] >= 1
        left = np.where(ends == t, cash + rest, left)
    return Reserve(met, left, held / max(count, 1.0))


@door(share=SHARE)
def rebalanced(
    invested: Array, bills: Array, spending: float, share: float, ends: Array
) -> Reserve:
    """The rival: a constant share of cash, rebalanced every year.

    Parameters
    ----------
    invested, bills, spending, ends
        As in `with_reserve`.
    share : float
        Of cash.

    Returns
    -------
    Reserve

    Examples
    --------
    A quarter of cash at 4%, and a rest that loses and gains a fifth: 0.9 grows by 0.86, and what is
    left of 0.774 by 1.16:

    >>> invested, bills = np.array([[0.8, 0.8], [1.2, 1.2]]), np.full((2, 2), 1.04)
    >>> found = rebalanced(invested, bills, 0.1, 0.25, np.array([1, 0]))
    >>> found.left.round(6).tolist()
    [0.78184, 0.774]
    >>> rebalanced(invested, bills, 0.6, 0.25, np.array([1, 0])).met.tolist()  # 0.344 for 0.6
    [False, True]
    >>> longer = np.ones((3, 2))
    >>> rebalanced(longer, longer, 0.6, 0.4, np.array([1, 2])).met.tolist()  # one ends earlier
    [False, False]
    """
    wealth = np.ones(invested.shape[1])
    met = np.ones(invested.shape[1], bool)
    left = np.zeros(invested.shape[1])
    for t in range(len(invested)):
        alive = ends >= t
        drawn = np.minimum(wealth, spending)
        met &= ~(alive & (drawn < spending - 1e-9))
        wealth = (wealth - drawn) * (share * bills[t] + (1 - share) * invested[t])
        left = np.where(ends == t, wealth, left)
    return Reserve(met, left, share)


@door()
def compare(
    invested: Array, bills: Array, spending: float, years: float, ends: Array
) -> Mapping[str, Reserve]:
    """The reserve, its rival with the same cash on average, and none.

    Parameters
    ----------
    invested, bills, spending, years, ends
        As in `with_reserve`.

    Returns
    -------
    mapping
        A `Reserve` by name.

    Examples
    --------
    Where cash earns what the rest does, no way of holding it is worth anything:

    >>> alike = np.full((3, 1), 1.02)
    >>> found = compare(alike, alike, spending=0.1, years=2, ends=np.array([2]))
    >>> {float(one.left[0].round(6)) for one in found.values()}
    {0.749047}

    The rival has the reserve's cash on average, and the third way none:

    >>> invested = np.array([[0.8], [1.25], [1.2]])
    >>> found = compare(invested, np.full((3, 1), 1.05), 0.1, 2, np.array([2]))
    >>> [round(one.cash, 4) for one in found.values()]  # as in `with_reserve`, by hand
    [0.222, 0.222, 0.0]
    >>> float(found["no cash"].left[0].round(6))  # ((0.9 * 0.8 - 0.1) * 1.25 - 0.1) * 1.2
    0.81

    Two lives of other markets, spending and reserves, one of which ends after a year:

    >>> facts = np.array([[0.8, 1.1], [1.25, 0.9], [1.2, 1.0]]), np.full((3, 2), 1.03), 0.2
    >>> ends = np.array([2, 0])
    >>> found = compare(*facts, 1, ends)
    >>> kept = with_reserve(*facts, 1, ends)
    >>> alone = kept, rebalanced(*facts, kept.cash, ends), rebalanced(*facts, 0.0, ends)
    >>> [one.left.tolist() for one in found.values()] == [one.left.tolist() for one in alone]
    True
    """
    kept = with_reserve(invested, bills, spending, years, ends)
    return {
        "reserve": kept,
        "same cash, rebalanced": rebalanced(invested, bills, spending, kept.cash, ends),
        "no cash": rebalanced(invested, bills, spending, 0.0, ends),
    }
