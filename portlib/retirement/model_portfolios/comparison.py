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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from portlib.ranges import among, door
from portlib.records import Array
from portlib.retirement import cases, outlook, taxes
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
    goal_by_life, shortfall_by_life : the same, (ways, lives that reach retirement); nan where it
        was not asked.
    k : how many standard deviations a difference must exceed.
    block : of each of those lives, its block, from 0.

    Examples
    --------
    A way is worth a tenth more than the default; in three blocks it gains 3% more, 1% less and 1%
    more than it does on the whole:

    >>> found = Judged(
    ...     (DEFAULT, "tilt"), np.array([100.0, 110.0]),
    ...     np.array([[0.01, 0.0, -0.01], [0.04, -0.01, 0.0]]),
    ...     goal_by_life=np.array([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0]]),
    ...     shortfall_by_life=np.array([[0.2, 0.1, 0.2, 0.4], [0.0, 0.1, 0.3, 0.0]]),
    ...     k=4.5, block=np.array([0, 0, 1, 2]),
    ... )
    >>> # ln 1.1; the squares of 2%, -2% and 0 over two
    >>> [round(x, 6) for x in (*found.gain("tilt"), *found.gain(DEFAULT, "tilt"))]
    [0.09531, 0.02, -0.09531, 0.02]
    >>> found.verdict("tilt"), found.verdict(DEFAULT, "tilt"), found.verdict("tilt", "tilt")
    ('better', 'worse', 'equal')
    >>> replace(found, k=4.77).verdict("tilt")  # 4.77 * 0.02 = 0.0954
    'equal'
    >>> found.goal.tolist(), found.shortfall.round(6).tolist()
    ([0.5, 0.75], [0.225, 0.1])

    Other blocks would have said otherwise. The first, twice, and the second move the gain by 5/3% -
    1% and its doubt to 2.31%; the last and twice the second by -1/3% - 1%, to 1.15%. Two lives of
    the first block, of whom one more meets the goal, count twice among five:

    >>> told = found.redrawn(np.array([[0, 0, 1], [2, 1, 1]]), "tilt")
    >>> told["gain"].round(6).tolist(), told["verdict"].tolist()
    ([0.101977, 0.081977], [0.0, 1.0])
    >>> told["goal"].tolist(), told["shortfall"].round(6).tolist()
    ([0.4, 0.0], [-0.06, -0.066667])
    >>> found.redrawn(np.array([[2, 1, 1]]), DEFAULT, "tilt")["verdict"].tolist()
    [-1.0]
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

    def _rows(self, *ways: str) -> list[int]:
        among("way", ways, self.names)
        return [self.names.index(way) for way in ways]

    def gain(self, one: str, other: str = DEFAULT) -> tuple[float, float]:
        """By how much one way is worth more than another, relative, and how far that is in doubt
        (one standard deviation over the blocks).
        """
        i, j = self._rows(one, other)
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
        i, j = self._rows(one, other)
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
    Of five blocks the first two are drawn again with their opposites, three places on:

    >>> drawn = redraws(5, 40, np.random.default_rng(1))
    >>> drawn.shape, np.unique(drawn[:, :2]).tolist()
    ((40, 4), [0, 1])
    >>> bool((drawn[:, 2:] == drawn[:, :2] + 3).all()), bool((drawn[:, 0] == drawn[:, 1]).any())
    (True, True)
    >>> np.unique(redraws(4, 40, np.random.default_rng(1))).tolist()
    [0, 1, 2, 3]
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

    >>> lucky, other, poor = (
    ...     Judged((DEFAULT, "tilt"), np.array([100.0, worth]), np.zeros((2, 2)),
    ...            goal_by_life=np.zeros((2, 1)), shortfall_by_life=np.zeros((2, 1)), k=2.0)
    ...     for worth in (110.0, 100.0, 95.0)
    ... )
    >>> def said(first, again):
    ...     asked = Asked({"proposing": first, "confirming": again, "judging": poor}.get)
    ...     return asked.verdict("tilt"), asked.ever_worse("tilt")
    >>> said(lucky, lucky), said(lucky, other), said(other, lucky)
    (('better', False), ('equal', False), ('equal', False))
    >>> said(poor, poor), said(poor, other), said(other, poor), said(lucky, poor)
    (('worse', True), ('equal', True), ('equal', True), ('equal', True))
    >>> asked = Asked({"proposing": lucky, "confirming": lucky, "judging": poor}.get)
    >>> asked.verdict(DEFAULT, "tilt"), asked.ever_worse(DEFAULT, "tilt"), asked.after is poor
    ('worse', True, True)
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

    Examples
    --------
    Twenty blocks are ten pairs, eighty are forty; at three standard errors ``1 / (1 + 9 * 10)``
    times ``1 / (1 + 9 * 40)``, and three times that for three ways:

    >>> from types import SimpleNamespace
    >>> lives = {"blocks": 20, "again": 80, "each": 7}
    >>> desk = SimpleNamespace(decided={"no_trade_standard_errors": 3.0, "advice_lives": lives})
    >>> round(1 / chance_of_nothing(desk), 6), round(3 / chance_of_nothing(desk, 3), 6)
    (32851.0, 32851.0)
    >>> round(1 / chance_of_nothing(desk, 92), 6)  # the first asking proves nothing
    361.0
    """
    k = float(desk.decided["no_trade_standard_errors"])
    chosen = desk.decided["advice_lives"]
    once, again = (1 / (1 + k**2 * (chosen[name] // 2)) for name in ("blocks", "again"))
    return min(ways * once, 1.0) * again


def household_of(who: Person, desk: Adviser) -> Household:
    """A person without gaps as a household whose goal is the spending stated.

    What is saved beyond the law's limit on deferrals is taken to be the employer's part.

    Examples
    --------
    All that is owned lies in one account, and ages are whole years:

    >>> from datetime import date
    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(
    ...     as_of=date(2026, 6, 30), policy={"lifecycle_annuity_rate": 0.015},
    ...     rules={"recordkeeping_fee": 58.0},
    ... )
    >>> desk = SimpleNamespace(plan=plan)
    >>> who = Person(
    ...     age=39.6, retirement_age=66.4, pay=50_000.0, saving=0.09, balance=20_000.0,
    ...     outside_assets=3_000.0, other_income=700.0, spending=31_000.0,
    ... )
    >>> home = household_of(who, desk)
    >>> home.age, home.retirement_age, home.pay, home.deferral_rate, home.balance, home.other_income
    (40, 66, 50000.0, 0.09, 23000.0, 700.0)
    >>> home.spending, home.year, home.annuity_rate, home.fee_dollars
    (31000.0, 2026, 0.015, 58.0)
    >>> bare = household_of(Person(age=40.0, retirement_age=65.0), desk)
    >>> bare.pay, bare.deferral_rate, bare.balance, bare.other_income, bare.spending
    (0.0, 0.0, 0.0, 0.0, None)
    >>> plan = SimpleNamespace(
    ...     as_of=date(2025, 3, 31), policy={"lifecycle_annuity_rate": 0.021},
    ...     rules={"recordkeeping_fee": 91.0},
    ... )
    >>> home = household_of(who, SimpleNamespace(plan=plan))
    >>> home.year, home.annuity_rate, home.fee_dollars
    (2025, 0.021, 91.0)

    It goes on in ``comparison.md``.
    """
    age, retire = (round(float(x or 0)) for x in (who.age, who.retirement_age))
    pay, saved = who.pay or 0.0, who.saving or 0.0
    deferred, given = saved, 0.0
    if pay:
        law = taxes.limits(desk.plan.as_of.year, age)
        deferred = min(saved, law.employee / pay)
        given = min((saved - deferred) * pay / min(pay, law.compensation), 1.0)
    return Household(
        age=age,
        retirement_age=retire,
        pay=pay,
        deferral_rate=deferred,
        nonelective=given,
        balance=(who.balance or 0.0) + (who.outside_assets or 0.0),
        other_income=who.other_income or 0.0,
        year=desk.plan.as_of.year,
        spending=who.spending,
        annuity_rate=desk.plan.policy["lifecycle_annuity_rate"],
        fee_dollars=desk.plan.rules["recordkeeping_fee"],
    )


def aversion_of(desk: Adviser, posture: str) -> float:
    """The risk aversion of spending that goes with a posture, see the module.

    Examples
    --------
    Who is bold in a portfolio is bold in spending, in proportion:

    >>> from types import SimpleNamespace
    >>> policy = {
    ...     "lifecycle_risk_aversion": 4.0,
    ...     "model_risk_aversion": {"moderate": 6.0, "growth": 3.0, "aggressive": 1.5},
    ... }
    >>> plan = SimpleNamespace(policy=policy)
    >>> desk = SimpleNamespace(plan=plan, decided={"default_posture": "moderate"})
    >>> [aversion_of(desk, posture) for posture in ("moderate", "growth", "aggressive")]
    [4.0, 2.0, 1.0]
    >>> desk.decided["default_posture"] = "growth"
    >>> [aversion_of(desk, posture) for posture in ("moderate", "growth", "aggressive")]
    [8.0, 4.0, 2.0]
    """
    models = desk.plan.policy["model_risk_aversion"]
    usual = desk.plan.policy["lifecycle_risk_aversion"]
    among("posture", [posture], models)
    return float(usual * models[posture] / models[desk.decided["default_posture"]])


@dataclass(frozen=True, eq=False)
class Choice:
    """Somebody, and the ways between which they choose.

    Attributes
    ----------
    who : without gaps (`settled`).
    paths : by name; the first is not special, but should be `DEFAULT`.
    reviews : of the paths, by name, that somebody looks at again every year (`managed_account`).
    """

    who: Person
    paths: Mapping[str, Glidepath]
    reviews: Mapping[str, Review] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Facing:
    """The choices of people of one age, a row a way, and the lives that all of them meet.

    Lifetimes are drawn for the goal and weighed for the worth.

    Attributes
    ----------
    rows, lives : what is simulated.
    reviews : one a row, or None.
    risk_aversion, floor : of spending.
    """

    rows: cases.Cases
    lives: cases.Lives
    reviews: tuple[Review | None, ...]
    risk_aversion: float
    floor: float

    def worth(self) -> Outcomes:
        """What each row gives whoever spends a part of the balance that lasts for life."""
        return simulate(
            replace(self.rows, target=np.full(self.rows.target.shape, np.nan)),
            self.lives,
            AnnuityFactor(),
            reviews=self.reviews,
            risk_aversion=self.risk_aversion,
            floor=self.floor,
        )

    def goal(self) -> Outcomes:
        """What each row gives whoever spends what they want; not asked what that is worth."""
        return simulate(
            self.rows,
            replace(self.lives, alive=None),
            Target(),
            reviews=self.reviews,
            risk_aversion=None,
            floor=self.floor,
        )


@door()
def facing(
    choices: Sequence[Choice], desk: Adviser, returns: Scenarios, risk_aversion: float, seed: int
) -> Facing:
    """People of one age and the same lives.

    Parameters
    ----------
    choices : sequence of Choice
        Each person's spending is their goal.
    desk : Adviser
    returns : Scenarios
        Over the desk's classes.
    risk_aversion : float
        Of spending.
    seed : int
        Of the lifetimes.

    Returns
    -------
    Facing

    Raises
    ------
    ValueError
        For people of different ages.
    """
    homes = [household_of(one.who, desk) for one in choices]
    if len(ages := {home.age for home in homes}) > 1:
        raise ValueError(f"people aged {min(ages)} and {max(ages)} do not meet the same lives")
    table = outlook.mortality(desk.plan)
    lives = cases.draw(
        homes[0], returns, np.random.default_rng(seed), mortality=table, lifetimes="weighed"
    )
    rows = cases.of_households(
        [home for home, one in zip(homes, choices, strict=True) for _ in one.paths],
        [path for one in choices for path in one.paths.values()],
        lives,
        names=[name for one in choices for name in one.paths],
        mortality=table,
        risk_aversion=risk_aversion,
    )
    reviews = tuple(one.reviews.get(name) for one in choices for name in one.paths)
    return Facing(rows, lives, reviews, risk_aversion, desk.plan.policy["spending_floor"])


def judge_together(
    choices: Sequence[Choice], desk: Adviser, posture: str, lives: Lives, *, goals: bool = True
) -> list[Judged]:
    """What each path is worth to each of several people of one age.

    Everybody is judged as if alone (to the rounding of sums); together it takes a third of the
    time.

    Parameters
    ----------
    choices : sequence of Choice
    desk : Adviser
    posture : str
        Whose risk aversion counts (`aversion_of`).
    lives : Lives
    goals : bool
        Whether it is asked too how often the goal is met; its chances are nan otherwise.

    Returns
    -------
    list of Judged

    Raises
    ------
    ValueError
        As `facing` and `simulation.simulate` do.
    """
    met = facing(choices, desk, lives.returns, aversion_of(desk, posture), lives.seed)
    free = met.worth()
    worth = free.certainty_equivalent()
    moved = (free.influence() / worth[:, None]).reshape(len(worth), lives.blocks, -1).mean(axis=2)
    aimed = met.goal() if goals else None
    k = float(desk.decided["no_trade_standard_errors"])
    found = []
    end = 0
    for one in choices:
        at = slice(end, end := end + len(one.paths))
        judged = Judged(
            tuple(one.paths),
            worth[at],
            moved[at],
            goal_by_life=np.full((len(one.paths), 1), np.nan),
            shortfall_by_life=np.full((len(one.paths), 1), np.nan),
            k=k,
        )
        if aimed is not None:
            judged = replace(judged, **_goal_by_life(aimed, at, lives, one.who))
        found.append(judged)
    return found


def _goal_by_life(aimed: Outcomes, at: slice, lives: Lives, who: Person) -> dict[str, Any]:
    """Whether a person's goal is met and what is missing, (ways, lives that reach retirement), and
    the block of each life; the goal is met where none was stated."""
    reached = aimed.reached[at.start]
    wanted = np.maximum(aimed.wanted[at, reached], 1e-9)
    stated = who.spending is not None
    return {
        "goal_by_life": aimed.success[at, reached].astype(float)
        if stated
        else np.ones_like(wanted),
        "shortfall_by_life": aimed.unmet[at, reached] / wanted,
        "block": np.repeat(np.arange(lives.blocks), len(reached) // lives.blocks)[reached],
    }


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
        As in `Choice`.
    lives : Lives, optional
        The desk's that propose, when not given.

    Returns
    -------
    Judged

    Raises
    ------
    ValueError
        As `simulation.simulate` does.

    Examples
    --------
    Markets that anybody can follow: four lives in two blocks, in which shares earn 3% and then lose
    1% after prices every year, and nothing else earns anything. Who retires today and holds shares
    spends what the other spends and what they earn:

    >>> from portlib import data, plan as plans
    >>> from portlib.records import Assumptions
    >>> from portlib.retirement.model_portfolios.models import Suite
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels = ("cash", "us_large_equity")
    >>> risks = np.diag([0.0001, 0.0256])
    >>> classes = Assumptions(labels, [0.03, 0.06], risks, rf=0.03, source="typed")
    >>> desk = Adviser(ours, Suite((), {}, {}, "2026-01-01"), classes, instrument=None)
    >>> years = np.zeros((4, 106, 2))
    >>> years[:2, :, 1], years[2:, :, 1] = 0.03, -0.01
    >>> lives = Lives(Scenarios(years, labels, "typed"), blocks=2, seed=3)
    >>> paths = {
    ...     DEFAULT: Glidepath("cash", [0.0], [[1.0, 0.0]], labels, labels[1:]),
    ...     "shares": Glidepath("shares", [0.0], [[0.0, 1.0]], labels, labels[1:]),
    ... }
    >>> who = Person(
    ...     age=65.0, retirement_age=65.0, balance=1e6, outside_assets=2e5, spending=20_000.0
    ... )
    >>> found = judge(who, desk, paths, "moderate", lives=lives)
    >>> found.names, found.k, found.block.tolist(), found.verdict("shares")
    (('the default', 'shares'), 2.0, [0, 0, 1, 1], 'equal')
    >>> # cash is worth the same in both blocks; shares more where they earn more, in all nothing
    >>> found.gains[0].round(9).tolist(), bool(found.gains[1, 0] > 0)
    ([0.0, 0.0], True)
    >>> round(float(found.gains[1].sum()), 9)
    0.0

    It goes on in ``comparison.md``.
    """
    met = desk.lives("proposing") if lives is None else lives
    return judge_together([Choice(who, paths, reviews or {})], desk, posture, met)[0]


def tally(verdicts: pd.Series) -> pd.Series:
    """How many are better, equal and worse off.

    Examples
    --------
    >>> tally(pd.Series(["equal", "worse", "equal"])).to_dict()
    {'better': 0, 'equal': 2, 'worse': 1}
    """
    return verdicts.value_counts().reindex(["better", "equal", "worse"], fill_value=0)
