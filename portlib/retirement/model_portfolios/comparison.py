"""Is what could be advised better than staying in the default, and than a naive rule?

Every way of investing a person's money is a path of mixes by years to retirement, net of its fee,
and all meet the same lives. The measure is the one that the plan has adopted for its glidepath: the
certainty equivalent of spending in retirement. Its risk aversion is the policy's for the default
posture, and for another posture moves as the models' does::

    A(posture) = lifecycle_risk_aversion
                 * model_risk_aversion[posture] / model_risk_aversion[default]

Expected returns are not known, so lives come in blocks, and in each block the means are redrawn
within the errors that providers' disagreement shows. With ``g_b`` the gain of one way over another
in block b, a way is better where ``mean(g) > k sd(g)``, worse where ``mean(g) < -k sd(g)``, and
otherwise nobody knows (policy ``no_trade_standard_errors``). The sd is not divided by the number of
blocks: more simulation makes the gain sharper, and the truth no better known.

What is best of many on some lives is in part lucky on them (the winner's curse). So everything but
the default is asked twice: it is proposed on one set of lives and must hold on a second, drawn
apart (`Asked`). Blocks come in pairs of opposite errors, and two of a pair may say the same. What
is worth nothing passes an asking of B pairs, where the mean gain would have to exceed ``k sqrt(B)``
standard errors, with a chance of at most ``1 / (1 + k^2 B)``, whatever the distribution (Cantelli's
inequality), and two independent askings with the product; by how much people resemble one another
the expected number of such cases does not change (`chance_of_nothing`).

Left out: funds' own risks beyond their classes; what people do when markets fall; taxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from portlib.ranges import door
from portlib.records import Array
from portlib.retirement import cases, outlook
from portlib.retirement.glidepaths import Glidepath
from portlib.retirement.household import Household
from portlib.retirement.model_portfolios.capacity import Adviser, Lives, Person
from portlib.retirement.model_portfolios.ways import DEFAULT
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import Outcomes, Review, simulate
from portlib.retirement.spending_rules import AnnuityFactor, Target

#: Differences of logarithms below this are none.
SAME = 1e-9

# ---- judged on the same lives --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Judged:
    """What each way came to for one person, on the same lives.

    Attributes
    ----------
    names : the ways, in order.
    worth : certainty equivalent of spending, real dollars a year, by way.
    gains : array (ways, blocks), logarithms of the worth in each block over that of all.
    goal, shortfall : chance that the goal is met for life, and the share of it not met, by way.
    goal_by_life, shortfall_by_life : the same, (ways, lives that reach retirement).
    k : how many standard deviations a difference must exceed.
    block : of each of those lives, its block, from 0.

    Examples
    --------
    Two ways are worth a tenth more than the default, and of one of them that is known:

    >>> found = Judged(
    ...     (DEFAULT, "sure", "doubtful"), np.array([100.0, 110.0, 110.0]),
    ...     np.array([[0.0, 0.0], [0.01, -0.01], [0.2, -0.2]]),
    ...     goal_by_life=np.zeros((3, 1)), shortfall_by_life=np.zeros((3, 1)), k=2.0,
    ... )
    >>> found.verdict("sure"), found.verdict("doubtful")
    ('better', 'equal')
    """

    names: tuple[str, ...]
    worth: Array
    gains: Array
    goal_by_life: Array
    shortfall_by_life: Array
    k: float
    block: Array = field(default_factory=lambda: np.zeros(1, int))

    @property
    def goal(self) -> Array:
        """Chance that the goal is met for life, by way."""
        return np.asarray(self.goal_by_life.mean(axis=1))

    @property
    def shortfall(self) -> Array:
        """Share of the spending wanted that is not met, by way."""
        return np.asarray(self.shortfall_by_life.mean(axis=1))

    def gain(self, one: str, other: str = DEFAULT) -> tuple[float, float]:
        """By how much one way is worth more than another, relative, and how far that is in doubt
        (one standard deviation over the blocks).
        """
        i = self.names.index(one)
        j = self.names.index(other)
        mid = float(np.log(self.worth[i] / self.worth[j]))
        return mid, float(np.std(self.gains[i] - self.gains[j], ddof=1))

    def verdict(self, one: str, other: str = DEFAULT) -> str:
        """``better``, ``worse``, or ``equal`` where the difference is within doubt."""
        mid, doubt = self.gain(one, other)
        if one == other or abs(mid) <= self.k * doubt + SAME:
            return "equal"
        return "better" if mid > 0 else "worse"

    def redrawn(self, blocks: Array, one: str, other: str = DEFAULT) -> pd.DataFrame:
        """What other blocks would have said of one way against another: luck, not doubt.

        Parameters
        ----------
        blocks : array (draws, blocks)
            As `redraws` gives them; the same for everybody who met the same lives.
        one, other : str

        Returns
        -------
        DataFrame by draw
            ``gain``, relative; ``verdict``, 1 for better, 0 for equal, -1 for worse; differences
            of ``goal`` and ``shortfall``.
        """
        i = self.names.index(one)
        j = self.names.index(other)
        apart = self.gains[i] - self.gains[j]
        drawn = apart[blocks]
        gain = self.gain(one, other)[0] + drawn.mean(axis=1) - apart.mean()
        doubt = drawn.std(axis=1, ddof=1)
        beyond = np.abs(gain) > self.k * doubt + SAME
        found = {"gain": gain, "verdict": np.where(beyond, np.sign(gain), 0.0)}
        lived = np.bincount(self.block, minlength=len(apart))[blocks].sum(axis=1)
        for name, values in (("goal", self.goal_by_life), ("shortfall", self.shortfall_by_life)):
            moved = np.bincount(self.block, values[i] - values[j], minlength=len(apart))
            found[name] = moved[blocks].sum(axis=1) / lived
        return pd.DataFrame(found)


@door()
def redraws(blocks: int, count: int, rng: np.random.Generator) -> Array:
    """Blocks drawn again, with replacement, in the pairs of opposite errors in which they were
    made.

    Parameters
    ----------
    blocks : int
        How many there are.
    count : int
        How often.
    rng : Generator

    Returns
    -------
    array of int (count, blocks)
        One less column where `blocks` is odd.

    Examples
    --------
    >>> redraws(4, 1, np.random.default_rng(1)).tolist()
    [[0, 1, 2, 3]]
    """
    picked = rng.integers(blocks // 2, size=(count, blocks // 2))
    return np.concatenate([picked, picked + (blocks + 1) // 2], axis=1)


@dataclass(frozen=True, eq=False)
class Asked:
    """The same ways on three sets of lives drawn apart, each asked only where it matters.

    Attributes
    ----------
    on : judges the ways on the lives that are ``proposing``, ``confirming`` or ``judging``.

    Examples
    --------
    What only one set of lives calls better is not better; what one calls worse is not safe:

    >>> lucky, other = (
    ...     Judged((DEFAULT, "tilt"), np.array([100.0, worth]), np.zeros((2, 2)),
    ...            goal_by_life=np.zeros((2, 1)), shortfall_by_life=np.zeros((2, 1)), k=2.0)
    ...     for worth in (110.0, 100.0)
    ... )
    >>> Asked({"proposing": lucky, "confirming": lucky}.get).verdict("tilt")
    'better'
    >>> found = Asked({"proposing": lucky, "confirming": other}.get)
    >>> found.verdict("tilt"), found.ever_worse(DEFAULT, "tilt")
    ('equal', True)
    """

    on: Callable[[str], Judged]

    @cached_property
    def first(self) -> Judged:
        """On the lives that propose."""
        return self.on("proposing")

    @cached_property
    def again(self) -> Judged:
        """On the lives that confirm."""
        return self.on("confirming")

    @cached_property
    def after(self) -> Judged:
        """On the lives that had no part in the advice, and judge it."""
        return self.on("judging")

    def verdict(self, one: str, other: str = DEFAULT) -> str:
        """``better`` or ``worse`` where both those that propose and confirm say so."""
        said = self.first.verdict(one, other)
        if said == "equal" or self.again.verdict(one, other) == said:
            return said
        return "equal"

    def ever_worse(self, one: str, other: str = DEFAULT) -> bool:
        """Whether either of them calls a way worse than another."""
        asked = self.first.verdict(one, other) == "worse"
        return asked or self.again.verdict(one, other) == "worse"


@door()
def chance_of_nothing(desk: Adviser, ways: int = 1) -> float:
    """The most chance that one of so many ways, worth no more than the default in truth, is called
    better by both askings; times the number of people, how many such cases are to be expected.

    Parameters
    ----------
    desk : Adviser
    ways : int
        How many the first asking chooses from; the second asks of one.

    Returns
    -------
    float

    Notes
    -----
    Cantelli's inequality, taking the scatter between blocks as known, and pairs of blocks as one
    each, since their errors are opposite and not drawn apart. It is about simulation alone:
    beyond it stands what nobody knows about expected returns, for which the k standard deviations
    are asked.
    """
    k = float(desk.decided["no_trade_standard_errors"])
    chosen = desk.decided["advice_lives"]
    once, again = (1 / (1 + k**2 * (chosen[name] // 2)) for name in ("blocks", "again"))
    return min(ways * once, 1.0) * again


def household_of(who: Person, desk: Adviser) -> Household:
    """A person without gaps as a household whose goal is the spending stated."""
    age, retire = (round(float(x or 0)) for x in (who.age, who.retirement_age))
    return Household(
        age=age,
        retirement_age=retire,
        pay=who.pay or 0.0,
        deferral_rate=who.saving or 0.0,
        balance=(who.balance or 0.0) + (who.outside_assets or 0.0),
        other_income=who.other_income or 0.0,
        year=desk.plan.as_of.year,
        spending=who.spending,
        annuity_rate=desk.plan.policy["lifecycle_annuity_rate"],
        fee_dollars=desk.plan.rules["recordkeeping_fee"],
    )


def aversion_of(desk: Adviser, posture: str) -> float:
    """The risk aversion of spending that goes with a posture, see the module."""
    models = desk.plan.policy["model_risk_aversion"]
    usual = desk.plan.policy["lifecycle_risk_aversion"]
    return float(usual * models[posture] / models[desk.decided["default_posture"]])


@door()
def lived(
    who: Household,
    desk: Adviser,
    paths: Mapping[str, Glidepath],
    returns: Scenarios,
    risk_aversion: float,
    reviews: Mapping[str, Review] | None = None,
    seed: int | None = None,
) -> tuple[Outcomes, Outcomes]:
    """What each path gives whoever spends a part of the balance that lasts for life, and whoever
    spends what they want, on the same lives.

    Lifetimes are drawn for the goal and weighed for the worth.

    Parameters
    ----------
    who : Household
        Its spending is the goal.
    desk : Adviser
    paths : mapping of Glidepath
        By name.
    returns : Scenarios
        Over the desk's classes.
    risk_aversion : float
        Of spending.
    reviews : mapping of Review, optional
        The paths, by name, that somebody looks at again every year (`managed_account`).
    seed : int, optional
        Of the lifetimes; the desk's when not given.

    Returns
    -------
    two Outcomes
        A row a path: of the worth, and of the goal, which is not asked what it is worth.
    """
    table = outlook.mortality(desk.plan)
    rng = np.random.default_rng(desk.lives_seed if seed is None else seed)
    lives = cases.draw(who, returns, rng, mortality=table, lifetimes="weighed")
    rows = cases.of_households(
        [who] * len(paths),
        list(paths.values()),
        lives,
        names=list(paths),
        mortality=table,
        risk_aversion=risk_aversion,
    )
    free = replace(rows, target=np.full(rows.target.shape, np.nan))
    asked = [(reviews or {}).get(path) for path in paths]
    floor = desk.plan.policy["spending_floor"]
    worth = simulate(
        free, lives, AnnuityFactor(), reviews=asked, risk_aversion=risk_aversion, floor=floor
    )
    deaths = replace(lives, alive=None)
    return worth, simulate(rows, deaths, Target(), reviews=asked, risk_aversion=None, floor=floor)


def judge(
    who: Person,
    desk: Adviser,
    paths: Mapping[str, Glidepath],
    posture: str,
    reviews: Mapping[str, Review] | None = None,
    lives: Lives | None = None,
) -> Judged:
    """What each path is worth to a person.

    Parameters
    ----------
    who : Person
        Without gaps (`settled`).
    desk : Adviser
    paths : mapping of Glidepath
        By name; the first is not special, but should be `DEFAULT`.
    posture : str
        Whose risk aversion counts (`aversion_of`).
    reviews : mapping of Review, optional
        As in `lived`.
    lives : Lives, optional
        The desk's that propose, when not given.

    Returns
    -------
    Judged

    Raises
    ------
    ValueError
        As `simulation.simulate` does.
    """
    home = household_of(who, desk)
    met = desk.lives("proposing") if lives is None else lives
    aversion = aversion_of(desk, posture)
    free, aimed = lived(home, desk, paths, met.returns, aversion, reviews, met.seed)
    worth = free.certainty_equivalent()
    moved = free.influence() / worth[:, None]
    reached = aimed.reached[0]
    wanted = np.maximum(aimed.wanted[:, reached], 1e-9)
    stated = home.target is not None
    return Judged(
        tuple(paths),
        worth,
        moved.reshape(len(paths), met.blocks, -1).mean(axis=2),
        aimed.success[:, reached].astype(float) if stated else np.ones_like(wanted),
        aimed.unmet[:, reached] / wanted,
        float(desk.decided["no_trade_standard_errors"]),
        np.repeat(np.arange(met.blocks), len(reached) // met.blocks)[reached],
    )


def tally(verdicts: pd.Series) -> pd.Series:
    """How many are better, equal and worse off."""
    return verdicts.value_counts().reindex(["better", "equal", "worse"], fill_value=0)
