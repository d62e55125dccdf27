"""What will a participant be able to live on, and how sure is it?

`outlook` puts a person of a plan, with the plan's default mix and today's deferral, through the
simulator: the chance that the spending wanted is met for life, the spending that lasts with a
stated chance, and the range of incomes. `outlooks` does the same for a whole plan's people at once,
each with their own facts, on common markets.

Spending that lasts is found life by life: with savings ``W`` at retirement, benefits ``b_t`` and
growth ``G``, the constant real spending that uses everything up at death is

    x = (W + sum_t b_t / P_t) / sum_t 1 / P_t,        P_t: growth from retirement to year t

when savings never have to be borrowed on the way; where benefits start after retirement the
smaller of this and what savings bear until then is taken. Its quantiles are the spending that is
met with a stated chance. A couple spends ``x`` while both live and a share of it after the first
death, so that survivors' years count by that share below the line.

Left out: what spouses have beside a benefit, homes, debts, and taxes but a flat rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib import data
from portlib.estimation.inference import wilson
from portlib.history import open_record
from portlib.plan import Plan
from portlib.ranges import RETURN, door
from portlib.records import Array, Assumptions
from portlib.retirement import cases as rows
from portlib.retirement import household as hh
from portlib.retirement import inflation as prices
from portlib.retirement import scenarios as sc
from portlib.retirement import taxes
from portlib.retirement.cases import Cases, Lives, Mix, Saving
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality, Years
from portlib.retirement.pay_risk import PayRisk
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import household_year, simulate

#: Pay as planned, or straying by the policy's ``pay_risk``.
Pay = Literal["planned", "risky"]
#: Rows x paths that a thread works on at once, for many people.
CELLS = 80_000


def household(plan: Plan, participant: str, **changes: Any) -> Household:
    """A participant as a household: what was not supplied is the plan's rule, the policy, or
    nothing.

    Spending wanted is the policy's ``spending_replacement`` of final pay, of both for a couple,
    unless `changes` say otherwise; ``spouse=None`` leaves out the spouse that the plan knows. Who
    has reached the retirement age works one more year.

    Parameters
    ----------
    plan : Plan
    participant : str
        A row of ``plan.participants``.
    changes : keywords
        Fields of `Household`.

    Returns
    -------
    Household
        US dollars of the plan's year.

    Raises
    ------
    DataError
        For a participant that the plan does not have.

    Examples
    --------
    A participant of 1980 who means to stop at 60 is 46 in the plan's year; who says nothing stops
    at the plan's normal age, and who is past their age works one year more:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> one = household(ours, "P0002")
    >>> (one.age, one.retirement_age, one.pay, one.balance, one.deferral_rate, one.fee_dollars)
    (46, 60, 78600.0, 84226.0, 0.07, 58.0)
    >>> one.replacement_rate == ours.policy["spending_replacement"], one.other_income
    (True, 0.0)
    >>> [household(ours, who).retirement_age for who in ("P0001", "P0003")]
    [65, 65]
    >>> changed = household(ours, "P0002", spending=40_000, deferral_rate=0.1)
    >>> changed.target, changed.deferral_rate
    (40000, 0.1)
    >>> rules = {**ours.rules, "normal_retirement_age": 30}
    >>> household(replace(ours, rules=rules), "P0001").retirement_age  # born in 1992
    35

    A spouse is who was born some year, with a pay where one is known:

    >>> some = ours.participants.loc[["P0002", "P0003", "P0004"]]
    >>> some = some.assign(spouse_birth_year=[1975, 1986, np.nan], spouse_pay=[3e4, np.nan, 1e4])
    >>> pairs = replace(ours, participants=some)
    >>> [household(pairs, who).spouse for who in ("P0003", "P0004")] == [hh.Spouse(40), None]
    True
    >>> household(pairs, "P0002").spouse == hh.Spouse(51, 30_000.0)
    True
    >>> household(pairs, "P0002", spouse=None).spouse is None
    True
    >>> household(ours, "P0002x")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: no participant 'P0002x' in the plan; did you mean P0002...?
    """
    if participant not in plan.participants.index:
        known = data.near(participant, [str(name) for name in plan.participants.index])
        raise data.DataError(f"no participant {participant!r} in the plan; did you mean {known}?")
    row: Any = plan.participants.loc[participant]
    age = int(plan.as_of.year - row["birth_year"])
    wanted = float(row["retirement_age"])
    retires = wanted if wanted > 0 else float(plan.rules["normal_retirement_age"])
    income = float(row["other_income"])
    facts: dict[str, Any] = {
        "age": age,
        "retirement_age": max(int(retires), age + 1),
        "pay": float(row["pay"]),
        "balance": float(row["balance"]),
        "deferral_rate": float(row["deferral_rate"]),
        "match": plan.rules["contributions"]["match"],
        "pay_growth": plan.policy["lifecycle_pay_growth"],
        "annuity_rate": plan.policy["lifecycle_annuity_rate"],
        "survivor_spending": plan.policy["survivor_spending"],
        "other_income": income if income > 0 else 0.0,
        "fee_dollars": float(plan.rules["recordkeeping_fee"]),
        "year": plan.as_of.year,
    }
    born = row.get("spouse_birth_year")
    if born is not None and born > 0:
        earns = float(row.get("spouse_pay", 0.0))
        facts["spouse"] = hh.Spouse(plan.as_of.year - int(born), earns if earns > 0 else 0.0)
    if not {"spending", "replacement_rate"} & set(changes):
        facts["replacement_rate"] = plan.policy["spending_replacement"]
    return Household(**{**facts, **changes})


@door()
def price_process(plan: Plan, level: float) -> prices.Inflation:
    """Inflation as fitted to consumer prices from the policy's first year, around `level`.

    Examples
    --------
    The level is a rate a year, which the process holds as a logarithm and starts from:

    >>> from portlib import plan as plans
    >>> process = price_process(plans.read(data.ROOT / "plan"), 0.03)
    >>> round(math.exp(process.expected(7)) - 1, 9)
    0.03
    """
    index = np.exp(np.log(open_record()["cpi_u"].values).interpolate())
    fitted = prices.fit(index, int(plan.policy["inflation_first_year"]))
    return fitted.anchored(math.log1p(level), "the survey's")


@door()
def returns_of(
    plan: Plan,
    assumptions: Assumptions,
    level: float,
    paths: int,
    years: int,
    seed: int | np.random.Generator,
) -> Scenarios:
    """Real years of the plan's classes: lognormal on `assumptions`, with inflation as a process.

    Correlations with inflation surprises are the policy's ``inflation_correlations``; classes that
    the plan calls inflation-linked bear none.

    Parameters
    ----------
    plan : Plan
    assumptions : Assumptions
        Of the classes, nominal, arithmetic, annual decimals.
    level : float
        Long-run inflation, annual decimal.
    paths, years : int
    seed : int or Generator

    Returns
    -------
    Scenarios
        Real returns (paths, years, classes), with their inflation.

    Examples
    --------
    As `scenarios.lognormal` on the plan's process and correlations; what is linked to inflation
    bears no surprise, so that it is real before prices are known:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> known = classes(ours)
    >>> found = returns_of(ours, known, 0.03, 4, 3, seed=9)
    >>> found.values.shape == (4, 3, len(known.labels)), found.assets == known.labels
    (True, True)
    >>> labels = known.labels
    >>> stated = {n: c for n, c in ours.policy["inflation_correlations"].items() if n in labels}
    >>> again = sc.lognormal(
    ...     known,
    ...     price_process(ours, 0.03),
    ...     4,
    ...     3,
    ...     np.random.default_rng(9),
    ...     with_surprises=stated,
    ...     indexed=ours.inputs.classes.inflation_linked,
    ... )
    >>> bool((found.values == again.values).all() and (found.inflation == again.inflation).all())
    True
    """
    stated = plan.policy["inflation_correlations"]
    known = {name: value for name, value in stated.items() if name in assumptions.labels}
    process = price_process(plan, level)
    rng = np.random.default_rng(seed)
    linked = plan.inputs.classes.inflation_linked
    return sc.lognormal(
        assumptions, process, paths, years, rng, with_surprises=known, indexed=linked
    )


def mortality(plan: Plan) -> Mortality:
    """The life table with the policy's improvement and relative mortality.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> law = mortality(ours)
    >>> law.improvement == ours.policy["mortality_improvement"]
    True
    >>> law.relative == ours.policy["mortality_relative"]
    True
    """
    return Mortality(
        float(plan.policy["mortality_improvement"]), float(plan.policy["mortality_relative"])
    )


def pay_risk(plan: Plan) -> PayRisk:
    """The policy's variances of pay and chance of unemployment.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> vars(pay_risk(ours)) == dict(ours.policy["pay_risk"])
    True
    """
    return PayRisk(**plan.policy["pay_risk"])


def straying(plan: Plan, pay: Pay) -> PayRisk | None:
    """How pay strays where a word asks for it: `pay_risk`, or nothing for pay as planned.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> straying(ours, "planned") is None, straying(ours, "risky") == pay_risk(ours)
    (True, True)
    >>> straying(ours, "Risky")
    Traceback (most recent call last):
    ...
    ValueError: pay is 'Risky': give one of planned, risky
    """
    if pay not in get_args(Pay):
        raise ValueError(f"pay is {pay!r}: give one of {', '.join(get_args(Pay))}")
    return pay_risk(plan) if pay == "risky" else None


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a household can expect, real US dollars of today.

    Attributes
    ----------
    household : whose outlook it is.
    wanted : spending wanted a year.
    chance, low, high : that it is met for life, with interval.
    shortfall : share of the spending wanted over life that is not met.
    lasting : spending a year that lasts for life, by the chance with which it does.
    benefit : Social Security a year in the middle life, of a couple while both live.
    balance : at retirement, by quantile.
    income : by quantile of lives, benefits and an even share of savings for life.
    lives : how many were drawn.
    source : of the returns.
    """

    household: Household
    wanted: float
    chance: float
    low: float
    high: float
    shortfall: float
    lasting: dict[float, float]
    benefit: float
    balance: dict[float, float]
    income: dict[float, float]
    lives: int
    source: str

    def table(self) -> pd.DataFrame:
        """Spending that lasts, by chance: dollars a year and as a share of final pay, nan without
        pay."""
        dollars = pd.Series(self.lasting)
        pay = self.household.final_pay or math.nan
        return pd.DataFrame({"dollars a year": dollars, "share of final pay": dollars / pay})


def of_household(
    one: Household,
    mix: Mix,
    lives: Lives,
    *,
    levels: Sequence[float] = (0.75, 0.85, 0.90),
    mortality: Mortality | None = None,
) -> Outlook:
    """`outlook` of any household, on lives drawn for it.

    Parameters
    ----------
    one : Household
    mix : Mix
        Over the assets of `lives`.
    lives : Lives
        From `cases.draw` for this household.
    levels : sequence of float
        Chances with which spending is to last.
    mortality : Mortality, optional
        Of the price of income for life; the population's when not given.

    Returns
    -------
    Outlook
        Of the lives that reach retirement, real US dollars a year.

    Examples
    --------
    Where nothing is earned, what lasts ten certain years is a tenth of the savings:

    >>> from portlib.retirement.cases import balanced, draw
    >>> one = Household(
    ...     age=65, retirement_age=65, balance=100_000, spending=8_000, sex=None, last_age=75
    ... )
    >>> flat = Scenarios(np.zeros((1, 10, 2)), ("equity", "bonds"), "nothing is earned")
    >>> of_household(one, balanced(0.6), draw(one, flat), levels=[0.9]).lasting
    {0.9: 10000.0}

    It goes on in ``outlook.md``.
    """
    case = rows.of_households([one], mix, lives, mortality=mortality)
    out = simulate(case, lives)
    reached = out.reached[0]
    worth = lasting(case, lives)[0]
    chance = out.chance().iloc[0]
    benefit = np.broadcast_to(case.benefit[0], lives.count)[reached]
    balance = out.balance[0][reached]
    factor = case.factor[0, one.working]
    if case.couple is not None:
        benefit = benefit + np.broadcast_to(case.couple.benefit[0], lives.count)[reached]
    income = benefit + one.other_income + balance / factor
    quantiles = (0.1, 0.5, 0.9)
    target = np.broadcast_to(case.target[0], lives.count)[reached]
    return Outlook(
        household=one,
        wanted=float(np.median(target)),
        chance=float(chance["mid"]),
        low=float(chance["low"]),
        high=float(chance["high"]),
        shortfall=float(out.shortfall()[0]),
        lasting={p: float(np.quantile(worth[reached], 1 - p)) for p in levels},
        benefit=float(np.median(benefit)),
        balance={q: float(np.quantile(balance, q)) for q in quantiles},
        income={q: float(np.quantile(income, q)) for q in quantiles},
        lives=lives.count,
        source=lives.source,
    )


def lasting(case: Cases, lives: Lives) -> Array:
    """The constant real spending that each life could have borne, see the module.

    Parameters
    ----------
    case, lives
        Rows without an annuity and without taxes, and the lives that they meet.

    Returns
    -------
    array (rows, lives)
        Real US dollars a year; nan for lives that end before retirement.

    Raises
    ------
    ValueError
        For an annuity and for taxes.

    Examples
    --------
    30,000 and three years in which nothing is earned; 30,000 come in the third. Spent evenly that
    is 20,000 a year, but savings bear only 15,000 until then. Record keeping of 300 is paid each
    year, at retirement before the balance is noted:

    >>> from portlib.retirement.cases import balanced, draw
    >>> one = Household(
    ...     65, 65, balance=30_000, social_security=30_000.0, claiming_age=67, sex=None, last_age=68
    ... )
    >>> flat = Scenarios(np.zeros((2, 3, 2)), ("equity", "bonds"), "nothing is earned")
    >>> lives = draw(one, flat)
    >>> lasting(rows.of_households([one], balanced(0.6)), lives).tolist()
    [[15000.0, 15000.0]]
    >>> with_fee = replace(one, fee_dollars=300, claiming_age=66, social_security=3_000.0)
    >>> case = rows.of_households([with_fee], balanced(0.6))
    >>> lasting(case, lives).round(6).tolist()  # (30,000 + 6,000 - 900) / 3
    [[11700.0, 11700.0]]

    It goes on in ``outlook.md``.
    """
    if case.annuity is not None:
        raise ValueError("spending that lasts is found for savings without an annuity")
    wealth = simulate(case, lives, risk_aversion=None).balance
    worth = np.zeros(wealth.shape)
    discount = np.zeros(wealth.shape)
    growth = np.ones(wealth.shape)
    borne = np.full(wealth.shape, np.inf)
    for t in range(case.years):
        living, income, share = household_year(case, lives, t, slice(None))
        alive = living & (t >= case.retires)[:, None]
        if not alive.any():
            if t > case.retires.max():
                break
            continue
        # that of the first year has left the balance before it is noted
        fee = np.where(t > case.retires, case.fee_dollars, 0.0)[:, None]
        worth += np.where(alive, (income - fee) / growth, 0.0)
        discount += np.where(alive, share / growth, 0.0)
        even = (wealth + worth) / np.maximum(discount, 1e-12)
        np.minimum(borne, np.where(alive, even, np.inf), out=borne)
        step = (case.mix[:, t] @ (1 + lives.returns[t])) * (1 - case.fee)[:, None]
        growth = np.where(alive, growth * np.maximum(step, 1e-9), growth)
    net = 1 - case.tax_rate[:, None]
    if (net < 1).any():
        raise ValueError("spending that lasts is found before taxes: set tax_rate to zero")
    return np.where(np.isfinite(borne), borne, np.nan)


@door(inflation=RETURN)
def outlook(
    plan: Plan,
    participant: str,
    *,
    mix: Mix | None = None,
    assumptions: Assumptions | None = None,
    inflation: float | None = None,
    lives: int = 4_000,
    seed: int = 2026,
    pay: Pay = "planned",
    **changes: Any,
) -> Outlook:
    """What a participant can live on, as things stand or with `changes` to the household.

    Parameters
    ----------
    mix : what is held by years to retirement, over the plan's classes; that of the default
        (`glidepaths.adopted`) when not given.
    assumptions : of the plan's classes, nominal, arithmetic; the survey's when not given.
    inflation : long-run level, decimal a year; the survey's when not given.
    lives : how many. seed : of the draws, common to all calls with the same age.
    pay : as planned, or straying as the policy's ``pay_risk`` says: benefits, contributions and
        what is wanted then differ by life.
    changes : to fields of `Household`, such as ``deferral_rate=0.1`` or ``spouse=Spouse(60)``.

    Returns
    -------
    Outlook
        Real US dollars of today.

    Raises
    ------
    DataError
        For an unknown participant.

    Examples
    --------
    What lasts more surely is less:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> found = outlook(ours, ours.participants.index[0], lives=50)
    >>> list(found.lasting.values()) == sorted(found.lasting.values(), reverse=True)
    True

    What is not given is the plan's: its mix, its assumptions, its inflation and its table of
    mortality, on lives of the seed:

    >>> from portlib.retirement import glidepaths
    >>> one = household(ours, "P0002")
    >>> level = expected_inflation(ours)
    >>> returns = returns_of(ours, classes(ours), level, 50, one.horizon, 2026)
    >>> lives = rows.draw(one, returns, np.random.default_rng(2027), mortality=mortality(ours))
    >>> by_hand = of_household(one, glidepaths.adopted(ours), lives, mortality=mortality(ours))
    >>> found = outlook(ours, "P0002", lives=50)
    >>> found.income == by_hand.income, found.chance == by_hand.chance, found.lives
    (True, True, 50)
    >>> dearer = outlook(ours, "P0002", lives=50, inflation=0.06)
    >>> dearer.balance[0.5] < found.balance[0.5]
    True

    It goes on in ``outlook.md``.
    """
    from portlib.retirement import glidepaths

    one = household(plan, participant, **changes)
    chosen = mix or glidepaths.adopted(plan)
    known = classes(plan, assumptions)
    level = expected_inflation(plan) if inflation is None else inflation
    returns = returns_of(plan, known, level, lives, one.horizon, seed)
    rng = np.random.default_rng(seed + 1)
    table = mortality(plan)
    strays = straying(plan, pay)
    drawn = rows.draw(one, returns, rng, mortality=table, pay_risk=strays)
    levels = plan.policy["success_levels"]
    return of_household(one, chosen, drawn, levels=levels, mortality=table)


def classes(plan: Plan, assumptions: Assumptions | None = None) -> Assumptions:
    """Assumptions for the plan's classes, in their order.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> list(classes(ours).labels) == list(ours.exposures.columns)
    True
    """
    from portlib.retirement import plan_menu

    known = plan_menu.class_assumptions(plan) if assumptions is None else assumptions
    return known.select([str(name) for name in plan.exposures.columns])


def expected_inflation(plan: Plan) -> float:
    """The survey's inflation over the policy's horizon, arithmetic, decimal a year.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> years = ours.policy["cma_horizon_years"]
    >>> printed = data.table("horizon_2025_assets").loc["inflation", f"arithmetic_{years}y"]
    >>> bool(expected_inflation(ours) == printed)
    True
    """
    column = f"arithmetic_{plan.policy['cma_horizon_years']}y"
    return float(data.table("horizon_2025_assets")[column].loc["inflation"])


# ---- a whole plan at once ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class People:
    """Persons by column, arrays (people,), for `outlooks`; units as in `Household`.

    Examples
    --------
    >>> facts = {"retirement_age": [65, 66], "pay": [5e4, 6e4], "balance": [0, 1e5]}
    >>> rest = {"deferral_rate": [0.05, 0.06], "other_income": [0, 0]}
    >>> People(["a", "b"], [40, 13], **facts, **rest)
    Traceback (most recent call last):
    ...
    ValueError: ages must lie between 14 and 110
    >>> People(["a", "b"], [40, 41], **{**facts, "pay": [5e4, -1]}, **rest)
    Traceback (most recent call last):
    ...
    ValueError: pay of b: -1.0 is no number above zero
    """

    names: Sequence[str]
    age: Array
    retirement_age: Array
    pay: Array
    balance: Array
    deferral_rate: Array
    other_income: Array

    def __post_init__(self) -> None:
        for name in ("age", "retirement_age", "pay", "balance", "deferral_rate", "other_income"):
            values = np.asarray(getattr(self, name), float)
            if values.shape != (len(self.names),):
                raise ValueError(f"{name} is of {values.shape}, not of {len(self.names)} people")
            if not np.isfinite(values).all() or values.min() < 0:
                at = int(np.flatnonzero(~(np.isfinite(values) & (values >= 0)))[0])
                raise ValueError(
                    f"{name} of {self.names[at]}: {values[at]} is no number above zero"
                )
        if np.any((np.asarray(self.age) < 14) | (np.asarray(self.age) > 110)):
            raise ValueError("ages must lie between 14 and 110")


def people(plan: Plan) -> People:
    """All participants of a plan, as `household` reads them.

    Examples
    --------
    Each as `household` reads them:

    >>> from portlib import plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> who = people(ours)
    >>> names = "age", "retirement_age", "pay", "balance", "deferral_rate", "other_income"
    >>> singly = [household(ours, name) for name in who.names]
    >>> all(
    ...     [float(getattr(one, name)) for one in singly] == np.asarray(getattr(who, name)).tolist()
    ...     for name in names
    ... )
    True
    """
    row = plan.participants
    age = plan.as_of.year - row["birth_year"].to_numpy(float)
    wanted = row["retirement_age"].to_numpy(float)
    retires = np.where(wanted > 0, wanted, float(plan.rules["normal_retirement_age"]))
    income = row["other_income"].to_numpy(float)
    return People(
        names=[str(name) for name in row.index],
        age=age,
        retirement_age=np.maximum(retires, age + 1),
        pay=row["pay"].to_numpy(float),
        balance=row["balance"].to_numpy(float),
        deferral_rate=row["deferral_rate"].to_numpy(float),
        other_income=np.where(income > 0, income, 0.0),
    )


@door()
def outlooks(
    who: People,
    plan: Plan,
    mix: Mix,
    returns: Scenarios,
    rng: np.random.Generator,
    *,
    threads: int = 2,
    mortality: Mortality | None = None,
    escalation: float = 0.0,
    ceiling: float = 1.0,
    nonelective: float = 0.0,
) -> pd.DataFrame:
    """The outlook of many people at once, each with their own facts, all on the same markets.

    Everybody by themselves: spouses are left out (`outlook` has them), and pay is as planned.
    Deaths differ by person through their ages, on common draws. Memory: the returns, and ten arrays
    of `CELLS` numbers a thread. Time: 100,000 people on 500 paths took 31 s of processor time in
    two threads, 211 MB (``benchmarks/scale.py``).

    Parameters
    ----------
    who : People
    plan : Plan
        Taken are the match, the record-keeping fee, the year and, by policy, growth of pay,
        replacement and annuity rate.
    mix : Mix
        What everybody holds by years to retirement.
    returns : Scenarios
        The paths that everybody meets, over the mix's assets.
    rng : Generator
        Of the lifetimes.
    threads : int
    mortality : Mortality, optional
        The population's when not given.
    escalation, ceiling : float
        Points of pay by which deferrals rise each year, up to the ceiling, unless they are above
        it.
    nonelective : float
        An employer's share of pay.

    Returns
    -------
    DataFrame by person
        ``chance`` (spending wanted is met for life, of those who reach retirement) with ``low`` and
        ``high``, ``shortfall``, ``wanted``, ``benefit``, ``balance`` (median at retirement),
        ``income`` and ``low_income`` (median and tenth percentile of benefits and an even share of
        savings for life), dollars. All are of the lives that reach retirement, nan where none does.

    Raises
    ------
    ValueError
        For returns that are too short for the youngest.

    Examples
    --------
    A person among many has the outlook that they have by themselves, on the same markets and
    deaths; here of three, whose deferrals rise by two points a year to a tenth, in a plan of 2025
    that has decided otherwise:

    >>> from portlib import plan as plans
    >>> from portlib.retirement.cases import balanced
    >>> ours = plans.read(data.ROOT / "plan")
    >>> said = {"retirement_age": [66.0, 60.0, 69.0], "deferral_rate": [0.43, 0.07, 0.14]}
    >>> asked = ours.participants.iloc[:3].assign(**said)
    >>> own = {"lifecycle_pay_growth": -0.01, "lifecycle_annuity_rate": 0.01}
    >>> decided = ours.policy.replace(**own, spending_replacement=0.6)
    >>> rules = {**ours.rules, "recordkeeping_fee": 99.0, "as_of": ours.as_of.replace(2025)}
    >>> three = replace(ours, participants=asked, policy=decided, rules=rules)
    >>> years = np.random.default_rng(3).normal(0.04, 0.1, (40, 110, 2))
    >>> returns = Scenarios(years, ("equity", "bonds"), "SYNTHETIC")
    >>> rising = {"escalation": 0.02, "ceiling": 0.1, "nonelective": 0.01}
    >>> mix, law = balanced(0.6, fee=0.01), Mortality(relative=1.5)
    >>> table = outlooks(
    ...     people(three), three, mix, returns, np.random.default_rng(1), **rising, mortality=law
    ... )
    >>> rate = three.policy["lifecycle_annuity_rate"]

    It goes on in ``outlook.md``.
    """
    table = mortality or Mortality()
    horizon = int(table.last_age - np.min(who.age))
    if returns.values.shape[1] < horizon:
        raise ValueError(f"returns of {returns.values.shape[1]} years do not cover {horizon}")
    moved = np.moveaxis(returns.values[:, :horizon], 0, 2)
    chance = rng.random(len(returns.values))
    by_death = np.argsort(-chance)
    chance = chance[by_death]
    moved = moved[:, :, by_death]
    price = None if returns.inflation is None else rows.prices(returns.inflation[by_death])
    shared = Lives(moved, np.zeros((1, len(chance)), np.int64), price, source=returns.source)
    parts = _alike(who, max(CELLS // len(chance), 1))
    order = np.concatenate(parts)
    law = _law(plan.as_of.year)
    paid = _benefits_of(who, plan)
    ages = np.unique(np.asarray(who.age, int))
    last = {int(a): table.last_years(int(a), "both", chance) for a in ages}
    cost = {
        int(a): rows.annuity_factors(
            int(a), "both", plan.policy["lifecycle_annuity_rate"], table, table.last_age - int(a)
        )
        for a in ages
    }

    def one(which: Array) -> pd.DataFrame:
        rising = (escalation, ceiling, nonelective)
        return _outlooks(who, which, plan, mix, shared, last, cost, law, paid, rising)

    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(one, parts))
    found = pd.concat(done)
    return found.iloc[np.argsort(order, kind="stable")]


def _alike(who: People, size: int) -> list[NDArray[np.intp]]:
    """People in parts of at most `size`, those of one age and retirement age by themselves.

    They then share growth and deaths, which are worked out once. Small parts are joined.
    """
    facts = np.column_stack([who.age, who.retirement_age]).astype(int)
    order = np.lexsort((facts[:, 1], facts[:, 0]))
    turns = np.flatnonzero((np.diff(facts[order], axis=0) != 0).any(axis=1)) + 1
    parts: list[NDArray[np.intp]] = []
    for cohort in np.split(order, turns):
        for piece in np.array_split(cohort, -(-len(cohort) // size)):
            if parts and len(parts[-1]) + len(piece) <= size // 3:
                parts[-1] = np.concatenate([parts[-1], piece])
            else:
                parts.append(piece)
    return parts


def _outlooks(
    who: People,
    which: Array,
    plan: Plan,
    mix: Mix,
    shared: Lives,
    last: dict[int, Years],
    cost: dict[int, Array],
    law: dict[str, Any],
    paid: tuple[Array, Array],
    rising: tuple[float, float, float],
) -> pd.DataFrame:
    """A part of the people, near in age."""
    age = np.asarray(who.age, int)[which]
    to_go = np.asarray(who.retirement_age, int)[which] - age  # below zero once retired
    retires = np.maximum(to_go, 0)
    deaths = np.stack([last[int(a)] for a in (age[:1] if (age == age[0]).all() else age)])
    years = int(deaths.max()) + 1
    t = np.arange(years)
    growth = 1 + float(plan.policy["lifecycle_pay_growth"])
    working = t < retires[:, None]
    pay = np.asarray(who.pay)[which]
    planned = np.where(working, pay[:, None] * growth**t, 0.0)
    final = pay * growth ** np.maximum(retires - 1, 0)
    at_age = np.minimum(age[:, None] + t, len(law["employee"]) - 1)
    tiers = sorted(plan.rules["contributions"]["match"], key=lambda tier: tier["up_to"])
    ones = np.ones(len(which))
    saving = Saving(
        pay=planned,
        deferral=_rising(np.asarray(who.deferral_rate)[which], rising, t) * working,
        limit=law["employee"][at_age],
        elective=law["elective"][at_age],
        additions=law["additions"] * ones,
        compensation=law["compensation"] * ones,
        match_rate=np.outer(ones, [tier["rate"] for tier in tiers]),
        match_up_to=np.outer(ones, [tier["up_to"] for tier in tiers]),
        nonelective=rising[2] * ones,
    )
    benefit, claim = (values[which] for values in paid)
    factor = np.ones((len(which), years))
    for i, a in enumerate(age):
        known = cost[int(a)][:years]
        factor[i, : len(known)] = known
    away = np.arange(int(to_go.max()), int(to_go.min()) - years - 1, -1)
    held = mix.at(away)
    target = float(plan.policy["spending_replacement"]) * final
    case = Cases(
        names=tuple(who.names[int(k)] for k in which),
        age=age.astype(float),
        retires=retires,
        balance=np.asarray(who.balance)[which],
        saving=saving,
        mix=held[int(to_go.max()) - (to_go[:, None] - t)],
        fee=mix.fee * ones,
        fee_dollars=float(plan.rules["recordkeeping_fee"]) * ones,
        leakage=0.0 * ones,
        target=target[:, None],
        benefit=benefit[:, None],
        claim=claim,
        other=np.asarray(who.other_income)[which],
        pension=0.0 * ones,
        tax_rate=0.0 * ones,
        factor=factor,
        period=np.ones((len(which), years)),
    )
    out = simulate(case, replace(shared, last=deaths), risk_aversion=None)
    count = out.reached.sum(axis=1)
    met = (out.success & out.reached).sum(axis=1)
    low, high = wilson(met, np.maximum(count, 1))
    at_retirement = np.take_along_axis(factor, np.minimum(retires, years - 1)[:, None], axis=1)
    middle, lean = (_of_reached(out.balance, count, q) for q in (0.5, 0.1))
    secure = benefit + np.asarray(who.other_income)[which]
    columns = {
        "chance": met / np.maximum(count, 1),
        "low": low,
        "high": high,
        "shortfall": out.shortfall(),
        "wanted": target,
        "benefit": benefit,
        "balance": middle,
        "income": secure + middle / at_retirement[:, 0],
        "low_income": secure + lean / at_retirement[:, 0],
    }
    table = pd.DataFrame(columns, index=list(case.names))
    table.loc[count == 0, ["chance", "low", "high", "shortfall"]] = np.nan
    return table


def _of_reached(balance: Array, count: Array, q: float) -> Array:
    """The quantile `q` by row among the `count` lives that reach retirement; nan without any.

    The others' balance is zero, so that they come first when balances are sorted.
    """
    ordered = np.sort(balance, axis=1)
    last = balance.shape[1] - 1
    place = last - (count - 1) * (1 - q)
    below = np.clip(np.floor(place).astype(int), 0, last)
    low, high = (
        np.take_along_axis(ordered, np.minimum(at, last)[:, None], axis=1)[:, 0]
        for at in (below, below + 1)
    )
    return np.where(count > 0, low + (high - low) * (place - below), np.nan)


def _rising(rates: Array, rising: tuple[float, float, float], t: Any) -> Array:
    """Deferral rates by year, (people, years), as a default raises them."""
    step, ceiling, _ = rising
    return np.minimum(rates[:, None] + step * t, np.maximum(rates, ceiling)[:, None])


def _law(year: int) -> dict[str, Any]:
    """Limits by age, from 0 to 120, and those without one."""
    known = [taxes.limits(year, age) for age in range(121)]
    return {
        "employee": np.array([one.employee for one in known]),
        "elective": np.array([one.elective_deferral for one in known]),
        "additions": known[0].annual_additions,
        "compensation": known[0].compensation,
    }


def _benefits_of(who: People, plan: Plan, size: int = 5_000) -> tuple[Array, Array]:
    """Social Security a year and the year it starts of everybody, `size` people at a time."""
    age = np.asarray(who.age, int)
    retires = np.maximum(np.asarray(who.retirement_age, int), age)
    gone = np.maximum(age - np.asarray(who.retirement_age, int), 0)  # years since retirement
    pay = np.asarray(who.pay, float)
    growth = 1 + float(plan.policy["lifecycle_pay_growth"])
    parts = [
        _benefits(pay[at], age[at], (retires - gone)[at], plan.as_of.year, growth)
        for at in (slice(k, k + size) for k in range(0, len(age), size))
    ]
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _benefits(
    pay: Array, age: Array, retires: Array, year: int, growth: float, start: int = 22
) -> tuple[Array, Array]:
    """Social Security a year and the year it starts, for many careers of one growth of pay."""
    base = data.document("retirement_limits")["social_security"]["wage_base"][year]
    career = np.arange(min(start, int(age.min())), int(retires.max()) + 1)
    paid = np.minimum(age, retires - 1)[:, None]  # the age at which `pay` is, as in `benefits`
    earned = pay[:, None] * growth ** (career - paid).astype(float)
    worked = (career >= np.minimum(start, age)[:, None]) & (career < retires[:, None])
    average = hh.average_earnings(np.where(worked, earned, 0.0), base)
    claimed = np.clip(retires, 62, 70)
    known = {
        (int(b), int(c)): hh.claiming_factor(int(b), 12 * int(c))
        for b, c in set(zip((year - age).tolist(), claimed.tolist(), strict=True))
    }
    factor = np.array([known[int(b), int(c)] for b, c in zip(year - age, claimed, strict=True)])
    monthly = np.floor(np.round(hh.primary_insurance(average, year) * factor, 6))
    return 12.0 * monthly, np.maximum(claimed - age, 0)
