"""Who saves and spends: pay, contributions, Social Security and the length of a life, year by year?

Real dollars of the household's first year throughout. Law enters through `taxes` (limits of
contributions) and the tables of ``data/`` (benefit formula, mortality). What strays from these
facts (pay, lifetimes, prices) is drawn by `cases`. Left out: divorced and disabled benefits, family
maxima, the earnings test, careers with gaps before today.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from portlib import data
from portlib.ranges import NOT_NEGATIVE, door, number, numbers
from portlib.records import Array
from portlib.retirement import taxes

#: Full retirement age in months for those born from the year given on (42 USC 416(l)); earlier
#: births have claimed.
FULL_RETIREMENT = {1943: 792, 1955: 794, 1956: 796, 1957: 798, 1958: 800, 1959: 802, 1960: 804}
#: A month early costs 5/9 of 1% for the first 36, 5/12 of 1% beyond (42 USC 402(q)(1), (9)); for a
#: spouse's benefit 25/36 of 1% for the first 36; a month late earns 2/3 of 1% (402(w), born from
#: 1943).
EARLY = 5 / 900
EARLIER = 5 / 1200
LATE = 2 / 300
SPOUSE_EARLY = 25 / 3600


@dataclass(frozen=True)
class Spouse:
    """The second of a couple.

    Parameters
    ----------
    age : whole years, when the first is ``Household.age``.
    pay : a year, for the benefit of an own career; 0 for none.
    sex : for the life table.
    claiming_age : as of a household.
    """

    age: int
    pay: float = 0.0
    sex: Literal["both", "female", "male"] = "both"
    claiming_age: float | None = None

    def __post_init__(self) -> None:
        if not (0 < self.age < 120 and math.isfinite(self.pay) and self.pay >= 0):
            raise ValueError(f"a spouse's age {self.age} or pay {self.pay} is out of range")
        if self.claiming_age is not None and not 62 <= self.claiming_age <= 70:
            raise ValueError(
                f"Social Security is claimed from 62 to 70, not at {self.claiming_age}"
            )


@dataclass(frozen=True)
class Household:
    """One person's working and retired life; real US dollars and real rates, annual decimals.

    Parameters
    ----------
    age, retirement_age : whole years; `age` is reached in the calendar year `year`.
    pay, balance : today's.
    deferral_rate : share of pay that is deferred; `match` are the plan's tiers, ``{rate, up_to}``.
        Limits of the law apply at each age, those of `year`, held constant in real terms.
    pay_growth : real growth of pay; it is also used backwards, to the career's start, for Social
        Security.
    other_income : a year, from retirement on, beside Social Security.
    social_security : True (the formula), False, or the amount a year from the claiming age on.
    claiming_age : 62 to 70, years and months as a decimal (66.5: and six months); the retirement
        age as far as possible when not given.
    pension : fixed in today's dollars, a year from retirement on: prices eat it.
    spouse : with it spending is for both, and falls to `survivor_spending` of it after a death; the
        pension falls to `survivor_pension` of itself.
    escalation : points of pay by which the deferral rises each year, up to `highest_deferral`.
    nonelective : employer's contribution whether or not somebody defers, share of pay.
    leakage : share of the balance that loans not repaid and cash-outs take, a year of work.
    spending : wanted a year in retirement from all sources: dollars, or with `replacement_rate` a
        share of final pay, of both for a couple. With neither nothing is wanted, and a rule that
        looks at savings says what is spent (`spending_rules`).
    annuity_rate : real, at which savings are spread over life.
    fee_dollars : record keeping, a year.
    tax_rate : flat, on whatever leaves the plan.
    sex : "both" (half and half today), "female", "male", or None: lives to `last_age` for certain.
    mortality : chances of dying in each year from `age` on, instead of the table. With it, or
        without `sex`, ages may count steps of any length, all rates and amounts being those of a
        step.
    """

    age: int
    retirement_age: int
    pay: float = 0.0
    balance: float = 0.0
    deferral_rate: float = 0.0
    match: Sequence[Mapping[str, float]] = ()
    pay_growth: float = 0.0
    other_income: float = 0.0
    social_security: bool | float = True
    claiming_age: float | None = None
    spending: float | None = None
    replacement_rate: float | None = None
    annuity_rate: float = 0.02
    fee_dollars: float = 0.0
    tax_rate: float = 0.0
    year: int = 2026
    career_start: int = 22
    last_age: int = 120
    sex: Literal["both", "female", "male"] | None = "both"
    mortality: Sequence[float] | None = None
    pension: float = 0.0
    spouse: Spouse | None = None
    survivor_spending: float = 0.7
    survivor_pension: float = 0.5
    escalation: float = 0.0
    highest_deferral: float = 1.0
    nonelective: float = 0.0
    leakage: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            given = getattr(self, item.name)
            if item.type in ("float", "int") or (item.type == "float | None" and given is not None):
                number(item.name.replace("_", " "), given)
        taxes.tiers(self.match)
        if self.sex not in (None, "both", "female", "male"):
            raise ValueError(f"sex is {self.sex!r}: give both, female, male, or None for certain")
        if self.mortality is not None:
            numbers("a chance of dying", self.mortality, least=0, most=1)
        for name in (
            "pay",
            "balance",
            "other_income",
            "fee_dollars",
            "spending",
            "replacement_rate",
            "pension",
        ):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be zero or more, not {value}")
        if not (0 <= self.deferral_rate <= 1 and 0 <= self.tax_rate < 1):
            raise ValueError(
                f"deferral rate {self.deferral_rate} and tax rate {self.tax_rate}: decimals "
                f"from 0 to 1"
            )
        for name in (
            "survivor_spending",
            "survivor_pension",
            "escalation",
            "highest_deferral",
            "nonelective",
            "leakage",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)}: a decimal from 0 to 1")
        if not (abs(self.pay_growth) <= 0.2 and -0.5 < self.annuity_rate <= 0.2):
            raise ValueError(
                f"pay growth {self.pay_growth} and annuity rate {self.annuity_rate}: real "
                f"annual decimals"
            )
        oldest = 120 if self.sex is not None and self.mortality is None else np.inf
        if not (0 <= self.age < self.last_age <= oldest and self.retirement_age < self.last_age):
            raise ValueError(
                f"age {self.age} and retirement age {self.retirement_age} must be below the "
                f"last age, "
                f"{self.last_age}, which is at most 120 for the life table"
            )
        if self.retirement_age < 18 <= self.age:
            raise ValueError(f"retirement age {self.retirement_age}: give an age of at least 18")
        if self.mortality is not None and len(self.mortality) != self.horizon:
            raise ValueError(
                f"mortality needs {self.horizon} chances, for ages {self.age} to "
                f"{self.last_age - 1}"
            )
        if self.claiming_age is not None and not 62 <= self.claiming_age <= 70:
            raise ValueError(
                f"Social Security is claimed from 62 to 70, not at {self.claiming_age}"
            )
        if self.spending is not None and self.replacement_rate is not None:
            raise ValueError("give spending in dollars or a replacement rate, not both")
        if self.replacement_rate is not None and self.replacement_rate > 2:
            raise ValueError(
                f"replacement rate {self.replacement_rate} is a share of final pay; in percent?"
            )

    @property
    def horizon(self) -> int:
        """Years simulated: from `age` to the year before `last_age`."""
        return self.last_age - self.age

    @property
    def working(self) -> int:
        """Years until retirement, zero for the retired."""
        return max(self.retirement_age - self.age, 0)

    @property
    def final_pay(self) -> float:
        """Pay in the last year of work."""
        return self.pay * (1 + self.pay_growth) ** max(self.working - 1, 0)

    @property
    def target(self) -> float | None:
        """Spending wanted, dollars a year, or None."""
        if self.replacement_rate is None:
            return self.spending
        both = self.pay + (0.0 if self.spouse is None else self.spouse.pay)
        return self.replacement_rate * both * (1 + self.pay_growth) ** max(self.working - 1, 0)


def deferral_rates(household: Household) -> Array:
    """Share of pay that is deferred, by year of work, with escalation."""
    h = household
    risen = h.deferral_rate + h.escalation * np.arange(h.working)
    return np.minimum(risen, max(h.highest_deferral, h.deferral_rate))


def contributions(household: Household) -> Array:
    """Employee's and employer's contributions together, by year of the horizon, after every limit
    (`taxes`)."""
    h = household
    paid = np.zeros(household.horizon)
    for t, rate in enumerate(deferral_rates(h)):
        pay = h.pay * (1 + h.pay_growth) ** t
        put = taxes.contribution(pay, float(rate), h.match, year=h.year, age=h.age + t)
        paid[t] = put.total + h.nonelective * pay
    return paid


@door()
def full_retirement_months(birth_year: int) -> int:
    """Age in months from which Social Security is paid in full (42 USC 416(l))."""
    return FULL_RETIREMENT[max((y for y in FULL_RETIREMENT if y <= birth_year), default=1943)]


@door()
def primary_insurance_amount(monthly_earnings: float, year: int) -> float:
    """The benefit a month at full retirement age, by the bend points of a year.

    Rounded down to a dime (42 USC 415(a)).

    Parameters
    ----------
    monthly_earnings : float
        Average indexed, dollars.
    year : int
        Of the bend points: that in which the worker turns 62.

    Returns
    -------
    float
        Dollars a month.

    Raises
    ------
    ValueError
        For a year without bend points.
    """
    rule = data.document("retirement_limits")["social_security"]
    if year not in rule["bend_points_monthly"]:
        raise ValueError(
            f"no bend points for {year}; known: {', '.join(map(str, rule['bend_points_monthly']))}"
        )
    first, second = rule["bend_points_monthly"][year]
    slices = np.diff(np.clip(monthly_earnings, 0, [0, first, second, np.inf]))
    return math.floor(10 * round(float(slices @ rule["benefit_factors"]), 6)) / 10


@door()
def claiming_factor(birth_year: int, claimed: int) -> float:
    """Share of the full benefit that a worker's own becomes (42 USC 402(q), 402(w)).

    Parameters
    ----------
    birth_year : int
    claimed : int
        Age in months at which it is claimed.

    Returns
    -------
    float

    Examples
    --------
    >>> round(claiming_factor(1960, 62 * 12), 6), claiming_factor(1960, 70 * 12)
    (0.7, 1.24)
    """
    late = claimed - full_retirement_months(birth_year)
    early = max(-late, 0)
    return 1 + max(late, 0) * LATE - min(early, 36) * EARLY - max(early - 36, 0) * EARLIER


@door()
def spouse_factor(birth_year: int, claimed: int) -> float:
    """Share of half the worker's full benefit that a spouse's becomes; waiting adds nothing."""
    early = max(full_retirement_months(birth_year) - claimed, 0)
    return 1 - min(early, 36) * SPOUSE_EARLY - max(early - 36, 0) * EARLIER


@door()
def paid_monthly(primary: float, factor: float) -> int:
    """The benefit a month as it is paid: rounded down to the dollar (42 USC 415(g)).

    Examples
    --------
    >>> paid_monthly(1_000.0, claiming_factor(1960, 62 * 12))
    700
    """
    return math.floor(round(primary * factor, 6))


@door()
def claiming_months(claiming_age: float | None, retirement_age: int) -> int:
    """Age in months at which benefits are claimed: as asked, else at retirement, from 62 to 70."""
    asked = retirement_age if claiming_age is None else claiming_age
    return round(12 * min(max(asked, 62), 70))


@door()
def average_earnings(pay: Array, wage_base: float) -> Array:
    """Average indexed monthly earnings of careers `pay` (..., years): the best 35, up to the base.

    National wages are taken to keep pace with prices only, so that real earnings stand for indexed
    ones. Rounded down to the dollar (42 USC 415(b)).
    """
    counted = np.minimum(pay, wage_base)
    best = -np.sort(-counted, axis=-1)[..., :35]
    return np.floor(best.sum(axis=-1) / 420 + 1e-9)


@door()
def average_indexed_earnings(earnings: Mapping[int, float], birth_year: int) -> int:
    """Average indexed monthly earnings of a real career (42 USC 415(b)(3)).

    Each year's earnings times the average wage of the year in which the worker turns 60 over that
    year's; from 60 on as they are.

    Parameters
    ----------
    earnings : mapping
        Covered ones by calendar year, dollars, none above the year's wage base.
    birth_year : int

    Returns
    -------
    int
        Dollars a month.

    Raises
    ------
    ValueError
        For no earnings, earnings below zero, and a year without an average wage.
    """
    if not earnings:
        raise ValueError("no year has earnings; give those of a career by calendar year")
    numbers("earnings", list(earnings.values()), **NOT_NEGATIVE)
    wages = data.document("retirement_limits")["social_security"]["average_wage_index"]
    at = birth_year + 60
    needed = {at, *(year for year in earnings if year < at)}
    if unknown := sorted(needed - set(wages)):
        raise ValueError(f"no average wage of {', '.join(map(str, unknown))}")
    indexed = [
        round(earned * (wages[at] / wages[year] if year < at else 1.0), 2)
        for year, earned in earnings.items()
    ]
    return math.floor(sum(sorted(indexed)[-35:]) / 420 + 1e-9)


@door()
def increased(primary: float, since: int, year: int) -> float:
    """A full benefit after the increases for the cost of living.

    Each is cut to the dime (42 USC 415(i)(2)(A)(ii)).

    Parameters
    ----------
    primary : float
        Dollars a month, at 62.
    since : int
        The year in which the worker turned 62.
    year : int
        To January of it.

    Returns
    -------
    float
        Dollars a month.

    Raises
    ------
    ValueError
        For a year without an increase.
    """
    known = data.document("retirement_limits")["social_security"]["cost_of_living_adjustment"]
    for later in range(since + 1, year + 1):
        if later not in known:
            raise ValueError(f"no increase of benefits for {later}")
        primary = math.floor(round(10 * primary * (1 + known[later]), 6)) / 10
    return primary


def benefits(household: Household, pay: Array | None = None) -> tuple[Array, int]:
    """Own Social Security, and from when it is paid.

    A claim within a year counts from the year after it began.

    Parameters
    ----------
    household : Household
    pay : array (lives, years), optional
        Pay relative to its plan.

    Returns
    -------
    array (lives,) or (1,)
        Real dollars a year.
    int
        The year of the horizon from which it is paid.
    """
    h = household
    claimed = claiming_months(h.claiming_age, h.retirement_age)
    starts = max(math.ceil(claimed / 12) - h.age, 0)
    if not isinstance(h.social_security, bool):
        return np.array([h.social_security]), starts
    if not h.social_security:
        return np.zeros(1), starts
    rule = data.document("retirement_limits")["social_security"]
    career = np.arange(min(h.career_start, h.age), max(h.retirement_age, h.age))
    planned = h.pay * (1 + h.pay_growth) ** (career - h.age).astype(float)
    earned = np.broadcast_to(planned, (1 if pay is None else len(pay), len(career))).copy()
    if pay is not None and h.working:
        earned[:, career >= h.age] *= pay[:, : h.working]
    average = average_earnings(earned, rule["wage_base"][h.year])
    factor = claiming_factor(h.year - h.age, claimed)
    return 12.0 * np.floor(np.round(primary_insurance(average, h.year) * factor, 6)), starts


@door()
def primary_insurance(monthly_earnings: Array, year: int) -> Array:
    """`primary_insurance_amount` for many averages at once."""
    rule = data.document("retirement_limits")["social_security"]
    first, second = rule["bend_points_monthly"][year]
    x = np.asarray(monthly_earnings, float)[..., None]
    low = np.array([0.0, first, second])
    high = np.array([first, second, np.inf])
    slices = np.clip(x, low, high) - low
    return np.floor(10 * np.round(slices @ np.array(rule["benefit_factors"]), 6)) / 10


def couple_benefits(household: Household, own: Array) -> tuple[Array, Array, int]:
    """Benefits of the first and of the spouse while both live.

    Each receives the larger of their own and a spouse's benefit of up to half the other's full one.
    A survivor keeps the larger of the two, which `simulation` does.

    Parameters
    ----------
    household : Household
        With a spouse.
    own : array
        The first's own benefit, as `benefits` gives it.

    Returns
    -------
    two arrays
        Real dollars a year, of the first and of the spouse.
    int
        The year of the horizon from which the spouse's is paid.

    Raises
    ------
    ValueError
        For a household without a spouse.
    """
    h = household
    s = household.spouse
    if s is None:
        raise ValueError("this household has no spouse")
    second = Household(
        age=s.age,
        retirement_age=max(s.age + max(h.working, 0), s.age),
        pay=s.pay,
        social_security=True,
        claiming_age=s.claiming_age,
        year=h.year,
        sex=None,
        career_start=h.career_start,
        pay_growth=h.pay_growth,
    )
    theirs, starts = benefits(second)
    mine = claiming_months(h.claiming_age, h.retirement_age)
    their_claim = claiming_months(s.claiming_age, second.retirement_age)
    full = own / 12 / max(claiming_factor(h.year - h.age, mine), 1e-9)
    their_full = theirs / 12 / max(claiming_factor(h.year - s.age, their_claim), 1e-9)
    as_spouse = 12 * np.floor(full / 2 * spouse_factor(h.year - s.age, their_claim))
    for_first = 12 * np.floor(their_full / 2 * spouse_factor(h.year - h.age, mine))
    return np.maximum(own, for_first), np.maximum(theirs, as_spouse), starts


def social_security(household: Household) -> Array:
    """Benefits by year of the horizon: zero before the claiming age (`benefits`)."""
    amount, starts = benefits(household)
    return np.where(np.arange(household.horizon) >= starts, float(amount[0]), 0.0)


def survival(household: Household) -> Array:
    """Chance of being alive at the start of each year of the horizon, given alive at retirement (or
    today, if later).

    Length horizon + 1, ones until retirement. Of the Social Security period table, without further
    improvement; "both" mixes men and women, equally many today. Everybody has died by `last_age`,
    unless `sex` is None.
    """
    h = household
    alive = np.ones(household.horizon + 1)
    if h.sex is None:
        return alive
    if h.mortality is not None:
        dies = np.asarray(h.mortality, float)[:, None]
    else:
        sexes = ("male", "female") if h.sex == "both" else (h.sex,)
        table = data.table("life_table_2023")[[f"{sex}_death_probability" for sex in sexes]]
        dies = table.loc[h.age : h.last_age - 1].to_numpy(float)
    alive[1:] = np.cumprod(1 - dies, axis=0).mean(axis=1)
    alive = np.minimum(alive / alive[h.working], 1.0)
    alive[-1] = 0.0
    return alive
