"""What does an account hold that an adviser looks at again every year?

At the start of every year, in every life, the adviser reads the savings of that day, the age, and
what is still to come, and asks what `capacity` asks of a new client: which posture does the boldest
tolerance allow that a bad market cannot hurt too much? With ``W`` what is held, ``S`` and ``B`` the
present values of savings and benefits to come, ``N`` that of essential spending, ``e_p`` the equity
share of posture ``p`` at that age and ``L`` the fall of the policy's bad market::

    p = boldest with  W + S + B - W L(e_p) >= N   or   W L(e_p) <= limit (W + S + B)

no bolder than the answers and the equity share that is accepted. So two lives of one person part:
who was lucky may bear more than who was not, and nobody sees returns that are still to come.

Left out: changes of pay, health, household or answers, and an adviser's views of markets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from portlib.records import Array
from portlib.retirement.model_portfolios.capacity import Adviser, Person, resources, settled
from portlib.retirement.model_portfolios.ways import (
    default_weights,
    mixture,
    model_weights,
    target_equity,
)

#: Equity beyond what somebody accepts that is rounding.
SAME = 1e-9


@dataclass(frozen=True, eq=False)
class ManagedAccount:
    """An account reviewed every year (a `simulation.Review`).

    Attributes
    ----------
    postures : most cautious first.
    mixes : (postures, years, classes).
    most : the boldest posture that answers and wishes allow, by year, (years,).
    losses : share of savings lost in the policy's bad market, (postures, years).
    coming : present value of savings and income to come, real dollars, (years,).
    need : present value of essential spending, infinite where none is known, (years,).
    limit : share of all resources that may be lost.

    Examples
    --------
    With 600 dollars needed and four tenths lost in a bad market, who holds 1,000 may be bold:

    >>> account = ManagedAccount(
    ...     postures=("cautious", "bold"), mixes=np.zeros((2, 1, 1)), most=np.array([1]),
    ...     losses=np.array([[0.1], [0.4]]), coming=np.array([0.0]), need=np.array([600.0]),
    ...     limit=0.05,
    ... )
    >>> account.choose(0, np.array([800.0, 1_100.0])).tolist()
    [0, 1]
    """

    postures: tuple[str, ...]
    mixes: Array
    most: NDArray[np.intp]
    losses: Array
    coming: Array
    need: Array
    limit: float

    def choose(self, t: int, wealth: Array) -> NDArray[np.intp]:
        """The posture that each life is given in year `t`, by its savings, (lives,)."""
        lost = self.losses[:, t, None] * wealth
        whole = wealth + self.coming[t]
        bearable = (whole - lost >= self.need[t]) | (lost <= self.limit * whole)
        order = np.arange(len(self.postures))[:, None]
        boldest = np.where(bearable, order, 0).max(axis=0)
        return np.minimum(boldest, self.most[t])


def managed_account(who: Person, desk: Adviser, tolerance: str) -> ManagedAccount:
    """The account of a person, at every age to the end of life.

    Parameters
    ----------
    who : Person
        Without a balance the test of a loss is left out, as in advice.
    desk : Adviser
    tolerance : str
        The boldest posture that the answers allow.

    Returns
    -------
    ManagedAccount
    """
    complete, _ = settled(who, desk)
    age = round(float(complete.age or 0))
    retire = float(complete.retirement_age or 0)
    cap = 1.0 if complete.equity_cap is None else float(complete.equity_cap)
    order = desk.order
    ages = np.arange(age, 120)
    fall = desk.decided["capacity_fall"]
    mixes = np.zeros((len(order), len(ages), len(desk.classes)))
    losses = np.zeros((len(order), len(ages)))
    most = np.zeros(len(ages), np.intp)
    coming = np.zeros(len(ages))
    need = np.full(len(ages), np.inf)
    for t, now in enumerate(ages):
        years = retire - now
        shares = [target_equity(desk, years, name, 1.0) for name in order]
        for p, name in enumerate(order):
            wanted = target_equity(desk, years, name, cap)
            weights = default_weights(desk, years)
            if desk.suite.models:
                weights = model_weights(desk, wanted)
            held = mixture(desk, weights, years)
            mixes[p, t] = held / held.sum()
            losses[p, t] = shares[p] * fall["equity"] + (1 - shares[p]) * fall["other"]
        accepted = [p for p, share in enumerate(shares) if share <= cap + SAME]
        most[t] = min(order.index(tolerance), accepted[-1] if accepted else 0)
        lasts = max(float(complete.life_expectancy or 0), float(now) + 1)
        then = replace(
            complete, age=float(now), life_expectancy=lasts, balance=0.0, outside_assets=0.0
        )
        means = resources(then, desk)
        coming[t] = means["savings"] + means["income"]
        if complete.spending is not None:
            need[t] = means["need"]
    limit = float(desk.decided["capacity_loss_limit"]) if who.balance is not None else np.inf
    return ManagedAccount(order, mixes, most, losses, coming, need, limit)
