"""Which decision is worth how much?

Each decision is a change to one household, simulated on the lives of the base case, so that luck is
common and differences are far less noisy than levels. Two measures, each with an interval:

    chance    that the spending wanted is met for life, by paired differences
    dollars   a year that last with a stated chance (a quantile over lives), by a paired bootstrap

Left out: what a decision costs today (a point of deferral is a point of pay not spent; a year of
work is a year), which stands beside the table and not in it, and decisions taken together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.ranges import door
from portlib.records import Array
from portlib.retirement import cases as rows
from portlib.retirement import outlook as ol
from portlib.retirement.cases import Lives, Mix
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.simulation import simulate


@dataclass(frozen=True)
class Decision:
    """A household as it would be, and the mix that it would hold."""

    household: Household
    mix: Mix


@door()
def rank(
    base: Decision,
    decisions: Mapping[str, Decision],
    lives: Lives,
    rng: np.random.Generator,
    *,
    success: float = 0.85,
    draws: int = 400,
    mortality: Mortality | None = None,
) -> pd.DataFrame:
    """What each decision adds to the base: rows sorted by dollars, the largest first.

    The goal is that of the base, in dollars, for all: who works longer or earns more is not asked
    to want more.

    Parameters
    ----------
    base : Decision
    decisions : mapping of Decision
        By name.
    lives : Lives
        Drawn for the base; all meet them.
    rng : Generator
        Of the bootstrap.
    success : float
        Chance with which spending is to last.
    draws : int
        Of the bootstrap.
    mortality : Mortality, optional
        The population's when not given.

    Returns
    -------
    DataFrame by decision
        ``dollars`` (change of the spending that lasts with chance `success`, real, a year) with
        ``dollars low`` and ``dollars high``; ``chance`` (change of the chance that the base's goal
        is met) with ``chance low`` and ``chance high``; intervals at 95%.

    Raises
    ------
    ValueError
        For a base that states no spending.

    Examples
    --------
    Where nothing is earned, 20,000 dollars more are 2,000 a year for ten certain years:

    >>> from portlib.retirement.cases import balanced, draw
    >>> from portlib.retirement.scenarios import Scenarios
    >>> facts = {"age": 65, "retirement_age": 65, "spending": 10_000, "sex": None, "last_age": 75}
    >>> now, more = (
    ...     Decision(Household(**facts, balance=held), balanced(0.6)) for held in (100_000, 120_000)
    ... )
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> lives = draw(now.household, flat)
    >>> rank(now, {"more": more}, lives, np.random.default_rng(1)).loc["more", "dollars"].round(6)
    np.float64(2000.0)

    Less is 2,000 less, and then the 10,000 that the base wants are not met; rows come by dollars,
    and where nothing is left to luck an interval is a point:

    >>> less = Decision(Household(**{**facts, "spending": 500}, balance=80_000), balanced(0.6))
    >>> table = rank(now, {"less": less, "more": more}, lives, np.random.default_rng(1))
    >>> table.round(6).loc["less"].tolist(), table.index.tolist()
    ([-2000.0, -2000.0, -2000.0, -1.0, -1.0, -1.0], ['more', 'less'])

    It goes on in ``decisions.md``.
    """
    goal = base.household.target
    if goal is None:
        raise ValueError("the base states no spending: give spending or replacement_rate")
    if not decisions:
        raise ValueError("there are no decisions to rank: give one")
    names = ["base", *decisions]
    ways = [base, *decisions.values()]
    met = []
    worth = []
    for way in ways:
        person = _aiming(way.household, goal)
        case = rows.of_households([person], way.mix, lives, mortality=mortality)
        out = simulate(case, lives, risk_aversion=None)
        reached = out.reached[0]
        met.append(np.where(reached, out.success[0], np.nan))
        worth.append(np.where(reached, ol.lasting(case, lives)[0], np.nan))
    chance = np.array(met)
    lasts = np.array(worth)
    picks = rng.integers(lives.count, size=(draws, lives.count))
    found = {}
    mean = np.nanmean(chance, axis=1)
    level = np.nanquantile(lasts, 1 - success, axis=1)
    moved = np.array([_moved(chance[:, pick], lasts[:, pick], 1 - success) for pick in picks])
    for k, name in enumerate(names[1:], start=1):
        dollars, odds = np.quantile(moved[:, :, k], [0.025, 0.975], axis=0).T
        found[name] = {
            "dollars": level[k] - level[0],
            "dollars low": dollars[0],
            "dollars high": dollars[1],
            "chance": mean[k] - mean[0],
            "chance low": odds[0],
            "chance high": odds[1],
        }
    table = pd.DataFrame(found).T
    return table.sort_values("dollars", ascending=False)


def _aiming(one: Household, goal: float) -> Household:
    from dataclasses import replace

    return replace(one, replacement_rate=None, spending=goal)


def _moved(chance: Array, lasts: Array, share: float) -> Array:
    """Differences from the first row: (dollars, chances), of one resample."""
    level = np.nanquantile(lasts, share, axis=1)
    mean = np.nanmean(chance, axis=1)
    return np.array([level - level[0], mean - mean[0]])
