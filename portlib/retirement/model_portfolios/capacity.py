"""How much risk can this person bear, whatever they say they want?

Resources are what somebody will live on, in real dollars of today: balance, other assets, and the
present values of savings to come, of other income and of Social Security; the need is the present
value of essential spending::

    loss    in a bad market resources still cover the need, or lose at most a given share of
            themselves

That is a ceiling on the posture, beside the tolerance that answers show (`questionnaire`). Age is
none: the plan's path falls with it already. Whatever is not supplied takes a stated default and is
said to. Left out: debts, health, housing, taxes, a partner's affairs, and that outside assets may
be invested otherwise than the balance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.plan import Plan
from portlib.ranges import among, door, number
from portlib.records import Array, Assumptions, symmetric_root
from portlib.retirement import outlook, plan_menu, taxes
from portlib.retirement.household import Household, social_security
from portlib.retirement.model_portfolios.models import Suite, postures
from portlib.retirement.model_portfolios.questionnaire import Instrument, calibrate
from portlib.retirement.scenarios import Scenarios

#: The inputs that 29 CFR 2550.408g-1(b)(4)(i)(D) names, and the fields that carry them.
INPUTS = {
    "age": ("age",),
    "time horizon": ("retirement_age", "life_expectancy"),
    "risk tolerance": ("answers",),
    "current investments": ("holdings", "balance"),
    "other assets and income": ("outside_assets", "other_income", "pay", "saving", "spending"),
    "preferences": ("excluded", "equity_cap"),
}
#: Years from the youngest age that a person may have to the last of the life table.
YOUNGEST_HORIZON = 120 - 14


@dataclass(frozen=True, kw_only=True)
class Person:
    """What somebody has told us; None is *not supplied*. Real dollars, years, decimals.

    Parameters
    ----------
    age, retirement_age : float
    life_expectancy : float
        The age until which money must last.
    answers : tuple of int
        To the questionnaire.
    pay : float
        A year.
    saving : float
        Share of pay saved a year, the employer's part included.
    balance : float
        In the plan.
    holdings : mapping
        Weights by option.
    outside_assets : float
    other_income : float
        A year, from retirement on, without Social Security.
    spending : float
        What must be spent a year in retirement.
    excluded : tuple of str
        Funds that are not wanted.
    equity_cap : float
        The largest equity share accepted.

    Raises
    ------
    ValueError
        For values that cannot be.

    Examples
    --------
    Whoever gives a percentage for a decimal is told; what is not known stays unknown:

    >>> Person(age=40.0, saving=0.10).retirement_age is None
    True
    >>> Person(age=40.0, saving=10.0)
    Traceback (most recent call last):
    ...
    ValueError: saving is 10.0; give a number from 0 to 1, or None if not known

    The ends of each range are allowed, and nothing beyond them:

    >>> def refused(**said):
    ...     try:
    ...         return bool(Person(**said)) and False
    ...     except ValueError:
    ...         return True
    >>> ends = {"age": (14, 119), "retirement_age": (40, 119), "life_expectancy": (15, 120)}
    >>> ends |= {"saving": (0, 1), "equity_cap": (0, 1)}
    >>> [refused(**{name: end}) for name, both in ends.items() for end in both]
    [False, False, False, False, False, False, False, False, False, False]
    >>> [refused(**{name: low - 0.1}) and refused(**{name: high + 0.1})
    ...  for name, (low, high) in ends.items()]
    [True, True, True, True, True]
    >>> [refused(**{name: -1.0}) and refused(**{name: math.inf}) and not refused(**{name: 0.0})
    ...  for name in ("pay", "balance", "outside_assets", "other_income", "spending")]
    [True, True, True, True, True]

    Money must last beyond today, and shares of the balance sum to one with none below zero:

    >>> refused(age=70, life_expectancy=70), refused(age=70, life_expectancy=70.5)
    (True, False)
    >>> refused(holdings={"a": 0.7, "b": 0.3000005}), refused(holdings={"a": 0.7, "b": 0.30001})
    (False, True)
    >>> refused(holdings={"a": 1.25, "b": -0.25}), refused(holdings={})
    (True, True)
    >>> [refused(holdings=held) for held in ({"a": 1.0, "b": math.nan}, {"b": math.nan, "a": 1.0})]
    [True, True]
    """

    age: float | None = None
    retirement_age: float | None = None
    life_expectancy: float | None = None
    answers: tuple[int, ...] | None = None
    pay: float | None = None
    saving: float | None = None
    balance: float | None = None
    holdings: Mapping[str, float] | None = None
    outside_assets: float | None = None
    other_income: float | None = None
    spending: float | None = None
    excluded: tuple[str, ...] | None = None
    equity_cap: float | None = None

    def __post_init__(self) -> None:
        ranges = {
            "age": (14, 119),
            "retirement_age": (40, 119),  # who is older than any plan retires today
            "life_expectancy": (15, 120),
            "saving": (0, 1),
            "equity_cap": (0, 1),
        }
        for name in (
            "age",
            "retirement_age",
            "life_expectancy",
            "pay",
            "saving",
            "balance",
            "outside_assets",
            "other_income",
            "spending",
            "equity_cap",
        ):
            value, (low, high) = getattr(self, name), ranges.get(name, (0, math.inf))
            if value is not None and not (low <= value <= high and math.isfinite(value)):
                raise ValueError(
                    f"{name} is {value}; give a number from {low:g} to {high:g}, or None if not "
                    f"known"
                )
        if (
            self.life_expectancy is not None
            and self.age is not None
            and self.life_expectancy <= self.age
        ):
            raise ValueError(
                f"life_expectancy {self.life_expectancy:g} is not after age {self.age:g}; it is "
                f"the age "
                "until which the money must last"
            )
        for option, share in (self.holdings or {}).items():
            number(f"holdings are shares that sum to one: that of {option}", share, least=0)
        held = [1.0] if self.holdings is None else list(self.holdings.values())
        if abs(sum(held) - 1) > 1e-6:
            raise ValueError(
                f"holdings must be shares of the balance that sum to one; they sum to {sum(held):g}"
            )


@dataclass(frozen=True, eq=False)
class Lives:
    """Markets that everybody meets, in blocks of lives that share what is expected.

    Attributes
    ----------
    returns : real returns by class; blocks follow one another.
    blocks : how many.
    seed : of these markets, and of the lifetimes spent in them.
    """

    returns: Scenarios
    blocks: int
    seed: int


@dataclass(frozen=True, eq=False)
class Adviser:
    """What the same answer to the same person needs: plan, suite, assumptions of classes, the
    questionnaire, and the seed of the simulated lives (policy ``scenario_seed`` where not given).

    Examples
    --------
    Lives come in blocks that share an error of what is expected, as often too high as too low.
    Without the doubt the same seed draws the same markets, so the difference is the errors alone:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> few = ours.policy.replace(advice_lives={"blocks": 8, "each": 2, "again": 10})
    >>> labels = ["us_core_bonds", "us_large_equity", "cash"]
    >>> risks = np.diag([0.0025, 0.0256, 0.0001])
    >>> classes = Assumptions(labels, [0.04, 0.06, 0.03], risks, rf=0.03, source="typed")
    >>> none = Suite((), {}, {}, "2026-01-01")
    >>> desk = Adviser(replace(ours, policy=few), none, classes, instrument=None, seed=5)
    >>> sure = replace(desk)
    >>> vars(sure)["doubt"] = 0 * desk.doubt
    >>> lives, without = desk.lives("proposing"), sure.lives("proposing")
    >>> lives.returns.values.shape, lives.blocks, lives.seed
    ((16, 106, 3), 8, 5)
    >>> errors = (lives.returns.values - without.returns.values)[:, 0]
    >>> bool(np.allclose(errors[::2], errors[1::2])), bool(np.allclose(errors[:8], -errors[8:]))
    (True, True)
    >>> # their second moments are how far providers disagree, exactly
    >>> bool(np.allclose(errors.T @ errors / 16, desk.doubt)), bool((np.diag(desk.doubt) > 0).all())
    (True, True)

    It goes on in ``capacity.md``.
    """

    plan: Plan
    suite: Suite
    classes: Assumptions
    instrument: Instrument
    seed: int | None = None

    @property
    def lives_seed(self) -> int:
        """What the lives are drawn with."""
        return int(self.plan.policy["scenario_seed"] if self.seed is None else self.seed)

    @cached_property
    def decided(self) -> dict[str, Any]:
        """The policy entries that advice rests on, read once."""
        names = (
            "default_posture",
            "capacity_fall",
            "capacity_loss_limit",
            "capacity_real_rate",
            "essential_spending",
            "advice_gain_floor",
            "posture_tilt",
            "advice_lives",
            "keeping_loss_limit",
            "employer_stock_cap",
            "no_trade_standard_errors",
        )
        return {name: self.plan.policy[name] for name in names}

    @cached_property
    def life(self) -> pd.Series:
        """Expected age at death by age, men's and women's averaged (Social Security period
        table)."""
        table = data.table("life_table_2023")
        return table.index + (table["male_life_expectancy"] + table["female_life_expectancy"]) / 2

    @cached_property
    def held(self) -> dict[str, Array]:
        """Class weights (n,) of each option; of a series, of each date."""
        table = self.opened.exposures.reindex(columns=list(self.classes.labels), fill_value=0.0)
        return dict(zip(table.index, table.to_numpy(float), strict=True))

    @cached_property
    def opened(self) -> Plan:
        """The plan with each date of its series as a fund of its own."""
        return plan_menu.each_vintage(self.plan)

    def lives(self, which: str) -> Lives:
        """The lives that are ``proposing`` something else than the default (few), ``confirming`` it
        before it is advised (more), or ``judging`` afterwards what was advised; drawn apart.
        """
        among("lives", [which], self._sets)
        return self._sets[which]

    @cached_property
    def _sets(self) -> Mapping[str, Lives]:
        few, more = (self.decided["advice_lives"][name] for name in ("blocks", "again"))
        made = {"proposing": few, "confirming": more, "judging": more}
        return {
            name: self._drawn(self.lives_seed + i, blocks)
            for i, (name, blocks) in enumerate(made.items())
        }

    def _drawn(self, seed: int, blocks: int) -> Lives:
        """Real returns by class, in blocks of lives whose means are redrawn within providers'
        errors, as often too high as too low (policy ``advice_lives``)."""
        each = self.decided["advice_lives"]["each"]
        rng = np.random.default_rng(seed)
        level = outlook.expected_inflation(self.plan)
        drawn = outlook.returns_of(
            self.plan, self.classes, level, blocks * each, YOUNGEST_HORIZON, rng
        )
        shift = _errors(self.doubt, (blocks + 1) // 2, rng)
        moved = np.repeat(np.concatenate([shift, -shift])[:blocks], each, axis=0)
        values = np.maximum(drawn.values + moved[:, None, :], -1.0)
        # in memory as simulations read them: year by year, the lives of one class side by side
        values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, 2)), 2, 0)
        source = f"{drawn.source}; means redrawn in {blocks} blocks"
        return Lives(replace(drawn, values=values, source=source), blocks, seed)

    @cached_property
    def doubt(self) -> Array:
        """Covariance of the errors of the classes' expected returns, by how far providers
        disagree."""
        return plan_menu.mean_errors(self.plan, self.classes)

    @cached_property
    def is_equity(self) -> Array:
        """1 for classes that count as equity, else 0, (n,)."""
        return np.isin(self.classes.labels, self.plan.policy["equity_classes"]).astype(float)

    @cached_property
    def expense(self) -> dict[str, float]:
        """Expense ratio by fund, annual decimals; of a series also under its own name."""
        by_date = self.opened.funds["expense_ratio"]
        return {**self.plan.funds["expense_ratio"].astype(float), **by_date.astype(float)}

    @cached_property
    def specific(self) -> dict[str, float]:
        """Annual volatility beyond the classes, by fund."""
        return dict(self.opened.funds["specific_risk"].astype(float))

    @cached_property
    def suite_fingerprint(self) -> str:
        """The suite's, computed once."""
        return self.suite.fingerprint

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The policy's postures, most cautious first."""
        return postures(self.plan.policy)


def _errors(covariance: Array, count: int, rng: np.random.Generator) -> Array:
    """Draws (count, n) whose second moments about zero are the covariance itself and not a sample
    of it, so that the doubt of everybody's gain is no matter of luck; exact where there are as many
    draws as classes, in expectation else (quadratic resampling: Barraquand, 1995).
    """
    left, _, right = np.linalg.svd(
        rng.standard_normal((count, len(covariance))), full_matrices=False
    )
    return np.asarray(
        np.sqrt(max(count, len(covariance))) * left @ right @ symmetric_root(covariance)
    )


def adviser(
    plan: Plan, suite: Suite, rng: np.random.Generator, assumptions: Assumptions | None = None
) -> Adviser:
    """Everything that advice needs, the questionnaire calibrated on the plan's own answers.

    Parameters
    ----------
    plan : Plan
    suite : Suite
        Of the plan's models; without models the default and the series are advised alone.
    rng : Generator
        Of the questionnaire's limits.
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Adviser

    Examples
    --------
    The questionnaire is measured on the plan's own answers, where they are enough; what is assumed
    of classes may be given:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes = Assumptions(["us_large_equity"], [0.06], [[0.0256]], rf=0.03, source="typed")
    >>> none = Suite((), {}, {}, "2026-01-01")
    >>> few = replace(ours, participants=ours.participants.head(40))
    >>> desk = adviser(few, none, np.random.default_rng(1), classes)
    >>> desk.classes is classes, desk.suite is none, desk.seed is None
    (True, True, True)
    >>> desk.instrument.people  # of forty some answered: too few to measure anything on
    0
    """
    classes = plan_menu.class_assumptions(plan) if assumptions is None else assumptions
    return Adviser(
        plan, suite, classes, calibrate(plan.participants["answers"], rng, policy=plan.policy)
    )


def person(plan: Plan, participant: str) -> Person:
    """A participant of the plan as a person; what their row does not supply stays not supplied.

    Examples
    --------
    This participant of the example plan was born in 1992, and defers 5% of $56,600; the plan adds
    all of the first 3% and half of the next 2%:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> who = person(ours, "P0001")
    >>> who.age, who.pay, round(who.saving, 9)  # 2026 - 1992; 0.05 + 0.03 + 0.5 * 0.02
    (34.0, 56600.0, 0.09)
    >>> who.balance, who.outside_assets, who.retirement_age, who.other_income, who.answers
    (138541.0, 16000.0, None, None, (4, 5, 4, 3, 4, 2, 3))
    >>> who.holdings
    {'LCIDX': 0.34, 'TSMIDX': 0.55, 'LGACT': 0.05, 'LNGBND': 0.02, 'TDIDX': 0.04}
    >>> other = person(ours, "P0009")
    >>> other.retirement_age, other.other_income, other.outside_assets, other.answers
    (65.0, 17300.0, None, None)

    Without pay nothing is saved:

    >>> paid = ours.participants.assign(pay=math.nan)
    >>> person(replace(ours, participants=paid), "P0001").saving
    0.0
    """
    among("participant", [participant], plan.participants.index)
    row: Any = plan.participants.loc[participant]
    known: dict[str, Any] = {
        name: None if pd.isna(row[name]) else float(row[name])
        for name in ("pay", "balance", "retirement_age", "outside_assets", "other_income")
    }
    held = {
        fund: w
        for fund, w in zip(
            plan.funds.index, plan.holdings.loc[participant].to_numpy(float).tolist(), strict=True
        )
        if w > 0
    }
    pay = known["pay"] or 0.0
    age = plan.as_of.year - int(row["birth_year"])
    saved = taxes.contribution(
        pay,
        float(row["deferral_rate"]),
        plan.rules["contributions"]["match"],
        year=plan.as_of.year,
        age=age,
        roth_offered=plan.rules["contributions"]["roth"],
    ).total
    return Person(
        age=float(age),
        answers=row["answers"],
        holdings=held,
        saving=saved / pay if pay else 0.0,
        **known,
    )


def settled(who: Person, desk: Adviser) -> tuple[Person, dict[str, str]]:
    """The person with a default for whatever was not supplied, and each default in words by
    field.

    Examples
    --------
    Who told nothing is taken to retire today, at the plan's normal age, and has no spending to
    cover:

    >>> from types import SimpleNamespace
    >>> life = pd.Series([80 + age / 8 for age in range(120)])
    >>> decided = {"essential_spending": 0.6, "default_posture": "moderate"}
    >>> rules = {"normal_retirement_age": 65}
    >>> desk = SimpleNamespace(life=life, decided=decided, plan=SimpleNamespace(rules=rules))
    >>> who, said = settled(Person(), desk)
    >>> who.age, who.retirement_age, who.pay, who.saving, who.spending, who.balance
    (65.0, 65.0, 0.0, 0.0, None, None)
    >>> who.outside_assets, who.other_income, who.excluded, who.equity_cap, len(said)
    (0.0, 0.0, (), 1.0, 13)
    >>> who.life_expectancy, said["life_expectancy"]  # 80 + 65 / 8
    (88.125, '88, expected on reaching retirement')

    Whoever works past the normal age retires today, somebody's own date counts before the plan's,
    and six tenths of pay are essential:

    >>> late, _ = settled(Person(age=71.0, pay=50_000.0), desk)
    >>> late.retirement_age, late.spending, late.life_expectancy  # 80 + 71 / 8
    (71.0, 30000.0, 88.875)
    >>> early, said = settled(Person(age=30.0, retirement_age=58.0, balance=1_000.0), desk)
    >>> early.retirement_age, early.life_expectancy, "age" in said
    (58.0, 87.25, False)
    >>> settled(Person(retirement_age=58.0), desk)[0].age
    58.0
    >>> "balance" in said, "answers" in said, "holdings" in said
    (False, True, True)

    The money of the oldest must last a year more at least:

    >>> settled(Person(age=119.0, retirement_age=119.0), desk)[0].life_expectancy
    120.0
    """
    said: dict[str, str] = {}

    def default(name: str, value: Any, words: str) -> Any:
        if getattr(who, name) is not None:
            return getattr(who, name)
        said[name] = words
        return value

    normal = float(desk.plan.rules["normal_retirement_age"])
    first = who.retirement_age if who.retirement_age is not None else normal
    age = default(
        "age",
        first,
        f"{first:g}, the age of retirement: no time left to recover is the cautious assumption",
    )
    ahead = max(normal, age)
    retirement = default(
        "retirement_age", ahead, f"{ahead:g}, the plan's normal retirement age, or today if later"
    )
    expected = float(desk.life.iloc[int(min(max(age, retirement), 119))])
    last = default(
        "life_expectancy",
        max(expected, age + 1),
        f"{expected:.0f}, expected on reaching retirement",
    )
    pay = default("pay", 0.0, "nothing: no savings to come and no Social Security are counted")
    share = desk.decided["essential_spending"]
    complete = replace(
        who,
        age=age,
        retirement_age=retirement,
        life_expectancy=last,
        pay=pay,
        saving=default("saving", 0.0, "nothing is saved from now on"),
        outside_assets=default("outside_assets", 0.0, "none"),
        other_income=default("other_income", 0.0, "none"),
        spending=default(
            "spending", share * pay if pay else None, f"{share:.0%} of pay, where pay is known"
        ),
        excluded=default("excluded", (), "no fund is unwanted"),
        equity_cap=default("equity_cap", 1.0, "no limit on equity"),
    )
    for name, words in (
        ("answers", f"the policy's default posture, {desk.decided['default_posture']}"),
        ("balance", "the test of a loss is left out"),
        ("holdings", "no trades are named"),
    ):
        default(name, None, words)
    return complete, said


def resources(who: Person, desk: Adviser) -> dict[str, float]:
    """What a person will live on, and what they need.

    Yearly amounts are paid at the end of each year and discounted at the policy's real rate.

    Parameters
    ----------
    who : Person
        Without gaps (`settled`).
    desk : Adviser

    Returns
    -------
    dict
        ``wealth``, ``savings`` to come, ``income`` and the ``need``: present values, real dollars
        of today.

    Examples
    --------
    At 1% real (policy ``capacity_real_rate``), five years to work and 25 to be retired:

    >>> from datetime import date
    >>> from types import SimpleNamespace
    >>> desk = SimpleNamespace(
    ...     decided={"capacity_real_rate": 0.01}, plan=SimpleNamespace(as_of=date(2026, 6, 30))
    ... )
    >>> who = Person(
    ...     age=60.0, retirement_age=65.0, life_expectancy=90.0, pay=50_000.0, saving=0.1,
    ...     balance=200_000.0, outside_assets=40_000.0, other_income=10_000.0, spending=30_000.0,
    ... )
    >>> found = resources(who, desk)
    >>> def worth(dollars, first, last):
    ...     return sum(dollars / 1.01**year for year in range(first, last + 1))
    >>> found["wealth"], round(found["savings"] - worth(5_000, 1, 5), 6)
    (240000.0, 0.0)
    >>> round(found["need"] - worth(30_000, 6, 30), 6)
    0.0

    It goes on in ``capacity.md``.
    """
    r = desk.decided["capacity_real_rate"]
    age, retire, last = (float(x or 0) for x in (who.age, who.retirement_age, who.life_expectancy))
    working = max(retire - age, 0.0)
    spent = _annuity(r, max(last - max(retire, age), 1.0)) * (1 + r) ** -working
    claimed = _benefits(round(age), round(retire), who.pay or 0.0, desk.plan.as_of.year)
    benefits = sum(b * (1 + r) ** -(t + 1) for t, b in enumerate(claimed[: round(last - age)]))
    return {
        "wealth": (who.balance or 0.0) + (who.outside_assets or 0.0),
        "savings": (who.pay or 0.0) * (who.saving or 0.0) * _annuity(r, working),
        "income": (who.other_income or 0.0) * spent + benefits,
        "need": (who.spending or 0.0) * spent,
    }


def _annuity(r: float, years: float) -> float:
    return years if r == 0 else (1 - (1 + r) ** -years) / r


@lru_cache(maxsize=4096)
def _benefits(age: int, retire: int, pay: float, year: int) -> tuple[float, ...]:
    return tuple(
        social_security(Household(age=age, retirement_age=retire, pay=pay, year=year)).tolist()
    )


@door()
def loss_share(
    who: Person, equity: float, desk: Adviser, means: Mapping[str, float] | None = None
) -> tuple[float, bool]:
    """What the policy's bad market takes from a person at an equity share.

    Parameters
    ----------
    who : Person
        Without gaps (`settled`).
    equity : float
        Share of wealth, decimal.
    desk : Adviser
    means : mapping, optional
        The person's `resources`, where they are known already.

    Returns
    -------
    float
        Share of all resources lost.
    bool
        Whether essential spending stays covered.

    Examples
    --------
    The policy's bad market takes half of the equity and a twentieth of the rest:

    >>> from datetime import date
    >>> from types import SimpleNamespace
    >>> fall = {"equity": 0.5, "other": 0.05}
    >>> desk = SimpleNamespace(
    ...     decided={"capacity_fall": fall, "capacity_real_rate": 0.01},
    ...     plan=SimpleNamespace(as_of=date(2026, 6, 30)),
    ... )
    >>> who = Person(spending=1.0)
    >>> means = {"wealth": 100_000.0, "savings": 20_000.0, "income": 80_000.0, "need": 168_000.0}
    >>> # 100,000 * (0.6 * 0.5 + 0.4 * 0.05) = 32,000 of 200,000; 168,000 are left
    >>> loss_share(who, 0.6, desk, means)
    (0.16, True)
    >>> loss_share(who, 0.6, desk, means | {"need": 168_001.0})
    (0.16, False)

    Where the need is not known nothing covers it; who has nothing loses nothing:

    >>> loss_share(Person(), 0.6, desk, means)
    (0.16, False)
    >>> loss_share(who, 0.6, desk, dict.fromkeys(means, 0.0))
    (0.0, True)
    >>> rich = Person(
    ...     age=80.0, retirement_age=65.0, life_expectancy=91.0, balance=5e6, spending=40_000.0
    ... )
    >>> loss_share(rich, 1.0, desk) == loss_share(rich, 1.0, desk, resources(rich, desk))
    True
    """
    means = resources(who, desk) if means is None else means
    fall = desk.decided["capacity_fall"]
    lost = means["wealth"] * (equity * fall["equity"] + (1 - equity) * fall["other"])
    whole = means["wealth"] + means["savings"] + means["income"]
    covered = who.spending is not None and whole - lost >= means["need"]
    return (lost / whole if whole > 0 else 0.0), covered
