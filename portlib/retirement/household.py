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

    Examples
    --------
    >>> Spouse(64, claiming_age=71)
    Traceback (most recent call last):
    ...
    ValueError: Social Security is claimed from 62 to 70, not at 71
    >>> Spouse(120)
    Traceback (most recent call last):
    ...
    ValueError: a spouse's age 120 or pay 0.0 is out of range
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

    Examples
    --------
    Three years of work at pay that rises by a tenth twice. Half of final pay is wanted, of both:

    >>> one = Household(60, 63, pay=100_000, pay_growth=0.10, replacement_rate=0.5, last_age=90)
    >>> one.working, one.horizon, round(one.final_pay), round(one.target)
    (3, 30, 121000, 60500)
    >>> two = Household(
    ...     60, 63, pay=100_000, pay_growth=0.10, replacement_rate=0.5, spouse=Spouse(58, 50_000)
    ... )
    >>> round(two.target)  # 0.5 * 150,000 * 1.21
    90750
    >>> retired = Household(70, 65, pay=100_000, pay_growth=0.10, spending=40_000)
    >>> retired.working, retired.final_pay, retired.target
    (0, 100000.0, 40000)
    >>> Household(60, 65, spending=40_000, replacement_rate=0.7)
    Traceback (most recent call last):
    ...
    ValueError: give spending in dollars or a replacement rate, not both
    >>> Household(60, 65, replacement_rate=70)
    Traceback (most recent call last):
    ...
    ValueError: replacement rate 70 is a share of final pay; in percent?

    It goes on in ``household.md``.
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
    """Share of pay that is deferred, by year of work, with escalation.

    Examples
    --------
    >>> at = {"age": 60, "retirement_age": 64, "escalation": 0.01, "highest_deferral": 0.08}
    >>> [deferral_rates(Household(deferral_rate=d, **at)).round(4).tolist() for d in (0.06, 0.09)]
    [[0.06, 0.07, 0.08, 0.08], [0.09, 0.09, 0.09, 0.09]]
    """
    h = household
    risen = h.deferral_rate + h.escalation * np.arange(h.working)
    return np.minimum(risen, max(h.highest_deferral, h.deferral_rate))


def contributions(household: Household) -> Array:
    """Employee's and employer's contributions together, by year of the horizon, after every limit
    (`taxes`).

    Examples
    --------
    5% of pay, half as much again and 2% of pay are 9.5% of pay, which rises by a tenth a year:

    >>> one = Household(
    ...     age=40,
    ...     retirement_age=43,
    ...     pay=100_000,
    ...     pay_growth=0.1,
    ...     deferral_rate=0.05,
    ...     match=[{"rate": 0.5, "up_to": 0.06}],
    ...     nonelective=0.02,
    ...     last_age=45,
    ... )
    >>> contributions(one).round(2).tolist()
    [9500.0, 10450.0, 11495.0, 0.0, 0.0]

    What the employer adds counts 360,000 of pay, and all together end at 72,000 of 2026; who
    reaches 50 catches up beside it, with 8,000, at 60 with 11,250:

    >>> rich = {"pay": 400_000, "deferral_rate": 0.5, "last_age": 90}
    >>> contributions(Household(48, 50, nonelective=0.02, **rich)).tolist()[:3]  # 24,500 + 7,200
    [31700.0, 31700.0, 0.0]
    >>> contributions(Household(49, 51, nonelective=0.2, **rich)).tolist()[:2]
    [72000.0, 80000.0]
    >>> contributions(Household(59, 61, **rich)).tolist()[:2]
    [32500.0, 35750.0]
    >>> contributions(Household(49, 50, year=2024, **rich)).tolist()[:2]  # 402(g) of that year
    [23000.0, 0.0]
    """
    h = household
    paid = np.zeros(household.horizon)
    for t, rate in enumerate(deferral_rates(h)):
        pay = h.pay * (1 + h.pay_growth) ** t
        paid[t] = taxes.contribution(
            pay,
            float(rate),
            h.match,
            year=h.year,
            age=h.age + t,
            nonelective=h.nonelective,
        ).total
    return paid


@door()
def full_retirement_months(birth_year: int) -> int:
    """Age in months from which Social Security is paid in full (42 USC 416(l)).

    Examples
    --------
    >>> [full_retirement_months(born) for born in (1937, 1954, 1955, 1959, 1960, 1990)]
    [792, 792, 794, 802, 804, 804]
    >>> [full_retirement_months(born) for born in (1956, 1957, 1958)]  # two months more each
    [796, 798, 800]
    """
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

    Examples
    --------
    With bends at 1,286 and 7,749 dollars 90% of the first part, 32% of the second and 15% of the
    third:

    >>> [primary_insurance_amount(x, 2026) for x in (1_000, 5_000, 9_000)]
    [900.0, 2345.8, 3413.2]

    2,345.88 and 3,413.21 are cut to the dime.

    >>> primary_insurance_amount(5_000, 2050)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no bend points for 2050; known: 1979, 1980, ...
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

    Four months early cost 4 * 5/9 of a percent, 36 a fifth, and the 37th 5/12 of a percent; a year
    late earns 8%:

    >>> [round(claiming_factor(1960, m), 6) for m in (800, 768, 767, 804, 816)]
    [0.977778, 0.8, 0.795833, 1.0, 1.08]
    """
    late = claimed - full_retirement_months(birth_year)
    early = max(-late, 0)
    return 1 + max(late, 0) * LATE - min(early, 36) * EARLY - max(early - 36, 0) * EARLIER


@door()
def spouse_factor(birth_year: int, claimed: int) -> float:
    """Share of half the worker's full benefit that a spouse's becomes; waiting adds nothing.

    Examples
    --------
    At 62 three years cost a quarter, and two more a tenth:

    >>> [round(spouse_factor(1960, months), 6) for months in (744, 768, 804, 840)]
    [0.65, 0.75, 1.0, 1.0]
    """
    early = max(full_retirement_months(birth_year) - claimed, 0)
    return 1 - min(early, 36) * SPOUSE_EARLY - max(early - 36, 0) * EARLIER


@door()
def paid_monthly(primary: float, factor: float) -> int:
    """The benefit a month as it is paid: rounded down to the dollar (42 USC 415(g)).

    Examples
    --------
    >>> paid_monthly(1_000.0, claiming_factor(1960, 62 * 12))
    700

    >>> paid_monthly(1_000.9, 1.0), paid_monthly(1_500.0, 1.08)
    (1000, 1620)
    """
    return math.floor(round(primary * factor, 6))


@door()
def claiming_months(claiming_age: float | None, retirement_age: int) -> int:
    """Age in months at which benefits are claimed: as asked, else at retirement, from 62 to 70.

    Examples
    --------
    >>> claiming_months(None, 61), claiming_months(None, 67), claiming_months(None, 72)
    (744, 804, 840)
    >>> claiming_months(66.5, 61)
    798
    """
    asked = retirement_age if claiming_age is None else claiming_age
    return round(12 * min(max(asked, 62), 70))


@door()
def average_earnings(pay: Array, wage_base: float) -> Array:
    """Average indexed monthly earnings of careers `pay` (..., years): the best 35, up to the base.

    National wages are taken to keep pace with prices only, so that real earnings stand for indexed
    ones. Rounded down to the dollar (42 USC 415(b)).

    Examples
    --------
    35 years at 84,000 beside five at 10,000: the five do not count, and 35 * 84,000 / 420 are
    7,000; with a base of 60,000 they are 5,000. Of a career of 30 years five are empty:

    >>> career = np.array([84_000.0] * 20 + [10_000.0] * 5 + [84_000.0] * 15)
    >>> float(average_earnings(career, 184_500)), float(average_earnings(career, 60_000))
    (7000.0, 5000.0)
    >>> average_earnings(np.full((2, 30), [[84_000.0], [50_009.0]]), 184_500).tolist()  # 3,572.07
    [6000.0, 3572.0]
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

    Examples
    --------
    Born in 1960, indexed to the average wage of 2020, 55,628.60. Who earned that of 2019,
    54,099.99, is credited with as much; later years count as they are:

    >>> average_indexed_earnings({2019: 54_099.99, 2021: 42_000.0}, 1960)  # 97,628.60 / 420
    232
    >>> long = {2020 + k: 42_000.0 for k in range(35)} | {2055: 1_000.0}
    >>> average_indexed_earnings(long, 1960)  # the best 35 years
    3500
    >>> average_indexed_earnings({2019: -1.0}, 1960)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: earnings ...
    >>> average_indexed_earnings({}, 1960)
    Traceback (most recent call last):
    ...
    ValueError: no year has earnings; give those of a career by calendar year
    >>> average_indexed_earnings({1949: 3_000.0}, 1960)
    Traceback (most recent call last):
    ...
    ValueError: no average wage of 1949
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

    Examples
    --------
    8.7% of 2023 and 3.2% of 2024, each cut to the dime: 1,087.0 and 1,121.784:

    >>> [increased(1_000.0, 2022, year) for year in (2022, 2023, 2024)]
    [1000.0, 1087.0, 1121.7]
    >>> increased(1_000.0, 2022, 2050)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no increase of benefits for 20...
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

    Examples
    --------
    84,000 a year from 22 to 67 are 7,000 a month, and by the bends of 2026 1,157.40 and 32% of
    5,714: 2,985.80, paid as 2,985. At 62 seven tenths are left, 2,090:

    >>> from dataclasses import replace
    >>> one = Household(40, 67, pay=84_000)
    >>> (own, starts), (early, sooner) = benefits(one), benefits(Household(40, 62, pay=84_000))
    >>> own.tolist(), starts  # 12 * 2,985, after 27 years
    ([35820.0], 27)
    >>> early.tolist(), sooner  # 12 * 2,090, after 22
    ([25080.0], 22)

    With half the pay from now on the best 35 years are 18 at 84,000 and 17 at 42,000, 5,300 a
    month:

    >>> benefits(one, np.full((1, 27), 0.5))[0].tolist()  # 12 * 2,441 of 2,441.88
    [29292.0]
    >>> [benefits(replace(one, social_security=s))[0].item() for s in (False, 9_000.0, 9_000)]
    [0.0, 9000.0, 9000]
    >>> benefits(Household(64, 65, social_security=9_000.0, claiming_age=66.5))[1]  # at 67
    3

    Pay that rises by 5% a year was lower before: 35 years to 64 are 200 * 17.193 = 3,438 a month,
    the benefit 1,846.00, and two years early 24 * 5/9 of a percent are lost:

    >>> benefits(Household(64, 65, pay=84_000, pay_growth=0.05))[0].tolist()  # 12 * 1,599
    [19188.0]
    >>> benefits(Household(65, 65, pay=84_000, pay_growth=0.05))[0].tolist()  # it ended at 64
    [19188.0]

    Who retires at 50 works 28 of the 35 years that count, also if that was long ago: 5,600 a month
    are 1,157.40 and 32% of 4,314, 2,537.80, paid as 2,537 from 67 on:

    >>> given = {"pay": 84_000, "claiming_age": 67}
    >>> [benefits(Household(age, 50, **given))[0].item() for age in (49, 50, 66)]  # 12 * 2,537
    [30444.0, 30444.0, 30444.0]

    It goes on in ``household.md``.
    """
    h = household
    claimed = claiming_months(h.claiming_age, h.retirement_age)
    starts = max(math.ceil(claimed / 12) - h.age, 0)
    if not isinstance(h.social_security, bool):
        return np.array([h.social_security]), starts
    if not h.social_security:
        return np.zeros(1), starts
    rule = data.document("retirement_limits")["social_security"]
    career = np.arange(min(h.career_start, h.age), h.retirement_age)
    paid = min(h.age, h.retirement_age - 1)  # the age at which `pay` is: for the retired, the last
    planned = h.pay * (1 + h.pay_growth) ** (career - paid).astype(float)
    earned = np.broadcast_to(planned, (1 if pay is None else len(pay), len(career))).copy()
    if pay is not None and h.working:
        earned[:, career >= h.age] *= pay[:, : h.working]
    average = average_earnings(earned, rule["wage_base"][h.year])
    factor = claiming_factor(h.year - h.age, claimed)
    return 12.0 * np.floor(np.round(primary_insurance(average, h.year) * factor, 6)), starts


@door()
def primary_insurance(monthly_earnings: Array, year: int) -> Array:
    """`primary_insurance_amount` for many averages at once.

    Examples
    --------
    >>> primary_insurance(np.array([1_000.0, 5_000.0, 9_000.0]), 2026).tolist()
    [900.0, 2345.8, 3413.2]
    """
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

    Examples
    --------
    The first has 2,985 a month at 67 (`benefits`). A spouse without a career has half of it, 1,492;
    at 62 65% of the half, 970:

    >>> one = Household(40, 67, pay=84_000, spouse=Spouse(40, claiming_age=67))
    >>> mine, theirs, starts = couple_benefits(one, benefits(one)[0])
    >>> mine.tolist(), theirs.tolist(), starts  # 12 * 1,492
    ([35820.0], [17904.0], 27)
    >>> early = Household(40, 67, pay=84_000, spouse=Spouse(40, claiming_age=62))
    >>> couple_benefits(early, benefits(early)[0])[1].tolist()  # 12 * 970
    [11640.0]

    Who claims at 62 is paid less, but a spouse at 67 has half of the full benefit, 1,492 all the
    same. The first has the same right, where the career was the other's:

    >>> sooner = Household(40, 62, pay=84_000, spouse=Spouse(40, claiming_age=67))
    >>> couple_benefits(sooner, benefits(sooner)[0])[1].tolist()
    [17904.0]
    >>> turned = Household(40, 67, spouse=Spouse(40, 84_000, claiming_age=67))
    >>> mine, theirs, _ = couple_benefits(turned, benefits(turned)[0])
    >>> mine.tolist(), theirs.tolist()
    ([17904.0], [35820.0])
    >>> couple_benefits(Household(40, 67), np.zeros(1))
    Traceback (most recent call last):
    ...
    ValueError: this household has no spouse

    It goes on in ``household.md``.
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
    """Benefits by year of the horizon: zero before the claiming age (`benefits`).

    Examples
    --------
    >>> one = Household(64, 65, social_security=9_000.0, claiming_age=66.5, last_age=69)
    >>> social_security(one).tolist()
    [0.0, 0.0, 0.0, 9000.0, 9000.0]
    """
    amount, starts = benefits(household)
    return np.where(np.arange(household.horizon) >= starts, float(amount[0]), 0.0)


def survival(household: Household) -> Array:
    """Chance of being alive at the start of each year of the horizon, given alive at retirement (or
    today, if later).

    Length horizon + 1, ones until retirement. Of the Social Security period table, without further
    improvement; "both" mixes men and women, equally many today. Everybody has died by `last_age`,
    unless `sex` is None.

    Examples
    --------
    Of those alive at retirement, in a year, four fifths begin the next; the last year ends for all:

    >>> survival(Household(60, 61, last_age=63, mortality=[0.1, 0.2, 0.5])).round(9).tolist()
    [1.0, 1.0, 0.8, 0.0]
    >>> survival(Household(60, 61, last_age=63, sex=None)).tolist()
    [1.0, 1.0, 1.0, 1.0]

    The table gives the chance of dying at 90 to men and women; half of either are alive today:

    >>> dies = data.table("life_table_2023").loc[90]
    >>> found = survival(Household(90, 65))[1]
    >>> sexes = "male_death_probability", "female_death_probability"
    >>> bool(abs(found - (1 - sum(dies[sex] for sex in sexes) / 2)) < 1e-12)
    True
    >>> bool(abs(survival(Household(90, 65, sex="female"))[1] - (1 - dies[sexes[1]])) < 1e-12)
    True

    Later fewer of them are men: the mean of two products, and none is left after the last year:

    >>> lives = 1 - data.table("life_table_2023").loc[90:91, list(sexes)].to_numpy()
    >>> men, women = lives[0] * lives[1]
    >>> short = survival(Household(90, 65, last_age=93))
    >>> bool(abs(short[2] - (men + women) / 2) < 1e-12), float(short[3])
    (True, 0.0)
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
