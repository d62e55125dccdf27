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

from portlib.ranges import among
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
    With 600 dollars needed and four tenths lost in a bad market, who holds 1,000 may be bold; in
    the second year, when nothing is needed but a tenth may be lost of all, and 400 dollars are
    still to come, who holds 100 may lose 40 of 500, and who holds 200 not 80 of 600:

    >>> account = ManagedAccount(
    ...     postures=("cautious", "middling", "bold"), mixes=np.zeros((3, 2, 1)),
    ...     most=np.array([2, 1]), losses=np.array([[0.1, 0.1], [0.3, 0.25], [0.4, 0.4]]),
    ...     coming=np.array([0.0, 400.0]), need=np.array([600.0, np.inf]), limit=0.1,
    ... )
    >>> # 600 of 1,000 are left to the bold; 630 of 900 to the middling; 540 of 600 to nobody
    >>> account.choose(0, np.array([600.0, 900.0, 999.0, 1_000.0])).tolist()
    [0, 1, 1, 2]

    Where the need is not known only the limit counts. Of 400 to come and 300 held, 70 may be lost,
    and a quarter is 75; of 200 held it is 50 of 60. What is most allowed is the middling posture:

    >>> account.choose(1, np.array([300.0, 200.0, 20.0])).tolist()
    [0, 1, 1]

    Just what may be lost may be lost: of 600 to come and 400 held a tenth, which is a quarter of
    400.

    >>> replace(account, coming=np.array([0.0, 600.0])).choose(1, np.array([400.0, 401.0])).tolist()
    [1, 0]
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

    Examples
    --------
    The example plan's default holds 76% equity 15 years from retirement and half at retirement; the
    policy's bad market takes half of the equity and a twentieth of the rest. Postures add -20, 0,
    10 and 20 points:

    >>> from portlib import data, plan as plans
    >>> from portlib.records import Assumptions
    >>> from portlib.retirement.model_portfolios.models import Model, Suite
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels, n = tuple(ours.exposures), len(list(ours.exposures))
    >>> classes = Assumptions(labels, np.full(n, 0.05), 0.04 * np.eye(n), rf=0.01, source="typed")
    >>> desk = Adviser(ours, Suite((), {}, {}, "2026-01-01"), classes, instrument=None)
    >>> who = Person(
    ...     age=50.0, retirement_age=65.0, life_expectancy=90.0, pay=60_000.0, saving=0.1,
    ...     other_income=10_000.0, balance=1e5, outside_assets=5e4, spending=30_000.0,
    ... )
    >>> account = managed_account(who, desk, "growth")
    >>> account.postures, account.mixes.shape, account.most.tolist()[::23]
    (('conservative', 'moderate', 'growth', 'aggressive'), (4, 70, 10), [2, 2, 2, 2])
    >>> account.losses[:, 0].round(9).tolist()  # 0.05 + 0.45 * (0.56, 0.76, 0.86, 0.96)
    [0.302, 0.392, 0.437, 0.482]
    >>> account.losses[:, 15].round(9).tolist(), account.limit  # 0.05 + 0.45 * (0.3, 0.5, 0.6, 0.7)
    ([0.185, 0.275, 0.32, 0.365], 0.2)
    >>> bool(np.allclose(account.mixes.sum(axis=2), 1))
    True

    It goes on in ``managed_account.md``.
    """
    among("posture", [tolerance], desk.order)
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
