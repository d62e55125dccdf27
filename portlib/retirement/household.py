"""Who saves and spends: pay, contributions, Social Security and the length of a life, year by year?

Real dollars of the household's first year throughout. Law enters through `taxes` (limits of contributions) and the
tables of ``data/`` (benefit formula, mortality). Left out: pay that jumps or stops, loans, early cash-outs, couples,
spouses' benefits, the earnings test, mortality that improves or depends on income.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from portlib import data
from portlib.records import Array
from portlib.retirement import taxes

#: Full retirement age in months for those born from the year given on (42 USC 416(l)); earlier births have claimed.
FULL_RETIREMENT = {1943: 792, 1955: 794, 1956: 796, 1957: 798, 1958: 800, 1959: 802, 1960: 804}


@dataclass(frozen=True)
class Household:
    """One person's working and retired life; real US dollars and real rates, annual decimals.

    Parameters
    ----------
    age, retirement_age : whole years; `age` is reached in the calendar year `year`.
    pay, balance : today's.
    deferral_rate : share of pay that is deferred; `match` are the plan's tiers, ``{rate, up_to}``. Limits of the law
        apply at each age, those of `year`, held constant in real terms.
    pay_growth : real growth of pay; it is also used backwards, to the career's start, for Social Security.
    other_income : a year, from retirement on, beside Social Security.
    social_security : True (the formula), False, or the amount a year from the claiming age on.
    claiming_age : 62 to 70; the retirement age as far as possible when not given.
    spending : wanted a year in retirement from all sources: dollars, or with `replacement_rate` a share of final pay.
        With neither, a part of the balance is spent each year that lasts for life (`payout_factors`).
    fee_dollars : record keeping, a year. tax_rate : flat, on whatever leaves the plan.
    sex : "both" (half and half today), "female", "male", or None: lives to `last_age` for certain.
    mortality : chances of dying in each year from `age` on, instead of the table. With it, or without `sex`, ages may
        count steps of any length, all rates and amounts being those of a step.
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
    claiming_age: int | None = None
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

    def __post_init__(self) -> None:
        for name in ("pay", "balance", "other_income", "fee_dollars", "spending", "replacement_rate"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be zero or more, not {value}")
        if not (0 <= self.deferral_rate <= 1 and 0 <= self.tax_rate < 1):
            raise ValueError(f"deferral rate {self.deferral_rate} and tax rate {self.tax_rate}: decimals from 0 to 1")
        if not (abs(self.pay_growth) <= 0.2 and -0.5 < self.annuity_rate <= 0.2):
            raise ValueError(f"pay growth {self.pay_growth} and annuity rate {self.annuity_rate}: real annual decimals")
        oldest = 120 if self.sex is not None and self.mortality is None else np.inf
        if not (0 <= self.age < self.last_age <= oldest and self.retirement_age < self.last_age):
            raise ValueError(f"age {self.age} and retirement age {self.retirement_age} must be below the last age, "
                             f"{self.last_age}, which is at most 120 for the life table")
        if self.mortality is not None and len(self.mortality) != self.horizon:
            raise ValueError(f"mortality needs {self.horizon} chances, for ages {self.age} to {self.last_age - 1}")
        if self.claiming_age is not None and not 62 <= self.claiming_age <= 70:
            raise ValueError(f"Social Security is claimed from 62 to 70, not at {self.claiming_age}")
        if self.spending is not None and self.replacement_rate is not None:
            raise ValueError("give spending in dollars or a replacement rate, not both")
        if self.replacement_rate is not None and self.replacement_rate > 2:
            raise ValueError(f"replacement rate {self.replacement_rate} is a share of final pay; in percent?")

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
        return self.spending if self.replacement_rate is None else self.replacement_rate * self.final_pay


def contributions(household: Household) -> Array:
    """Employee's and employer's contributions together, by year of the horizon, after every limit (`taxes`)."""
    h, paid = household, np.zeros(household.horizon)
    for t in range(h.working):
        pay = h.pay * (1 + h.pay_growth) ** t
        paid[t] = taxes.contribution(pay, h.deferral_rate, h.match, year=h.year, age=h.age + t).total
    return paid


def full_retirement_months(birth_year: int) -> int:
    """Age in months from which Social Security is paid in full (42 USC 416(l))."""
    return FULL_RETIREMENT[max((y for y in FULL_RETIREMENT if y <= birth_year), default=1943)]


def primary_insurance_amount(monthly_earnings: float, year: int) -> float:
    """The benefit a month at full retirement age for average indexed monthly earnings, by the bend points of `year`.

    Rounded down to a dime (42 USC 415(a)). Raises ValueError for a year without bend points.
    """
    rule = data.document("retirement_limits")["social_security"]
    if year not in rule["bend_points_monthly"]:
        raise ValueError(f"no bend points for {year}; known: {', '.join(map(str, rule['bend_points_monthly']))}")
    first, second = rule["bend_points_monthly"][year]
    slices = np.diff(np.clip(monthly_earnings, 0, [0, first, second, np.inf]))
    return math.floor(10 * round(float(slices @ rule["benefit_factors"]), 6)) / 10


def social_security(household: Household) -> Array:
    """Benefits by year of the horizon: zero before the claiming age.

    Average earnings are those of the best 35 years, capped at the wage base, nothing before the career's start.
    National wages are taken to keep pace with prices only, so that real earnings stand for indexed ones; a benefit
    claimed before or after full retirement age is reduced or increased by the month (42 USC 402(q), 402(w)).
    """
    h = household
    claim = min(max(h.claiming_age or h.retirement_age, 62), 70)
    ages = np.arange(h.age, h.last_age)
    if isinstance(h.social_security, bool):
        if not h.social_security:
            return np.zeros(h.horizon)
        document = data.document("retirement_limits")
        career = np.arange(min(h.career_start, h.age), max(h.retirement_age, h.age))
        pay = h.pay * (1 + h.pay_growth) ** (career - h.age).astype(float)
        best = np.sort(np.minimum(pay, document["social_security"]["wage_base"][h.year]))[::-1][:35]
        rule = document["social_security_claiming_age"]
        late = 12 * claim - full_retirement_months(h.year - h.age)
        early = max(-late, 0)
        factor = 1 + max(late, 0) / 12 * rule["delayed_credit_per_year_born_1943_on"]
        factor -= min(early, 36) * rule["reduction_per_month_first_36"]
        factor -= max(early - 36, 0) * rule["reduction_per_month_beyond_36"]
        amount = 12 * factor * primary_insurance_amount(float(best.sum()) / 420, h.year)
    else:
        amount = h.social_security
    return np.where(ages >= claim, amount, 0.0)


def survival(household: Household) -> Array:
    """Chance of being alive at the start of each year of the horizon, given alive at retirement (or today, if later).

    Length horizon + 1, ones until retirement. Of the Social Security period table, without further improvement;
    "both" mixes men and women, equally many today. Everybody has died by `last_age`, unless `sex` is None.
    """
    h, alive = household, np.ones(household.horizon + 1)
    if h.sex is None:
        return alive
    if h.mortality is not None:
        dies = np.asarray(h.mortality, float)[:, None]
    else:
        sexes = ("male", "female") if h.sex == "both" else (h.sex,)
        table = data.table("life_table_2023")[[f"{sex}_death_probability" for sex in sexes]]
        dies = table.loc[h.age: h.last_age - 1].to_numpy(float)
    alive[1:] = np.cumprod(1 - dies, axis=0).mean(axis=1)
    alive = np.minimum(alive / alive[h.working], 1.0)
    alive[-1] = 0.0
    return alive


def payout_factors(household: Household, alive: Array, risk_aversion: float) -> Array:
    """What to set aside at the start of each year for a dollar a year for life, at the household's annuity rate.

    Nobody pools the risk of a long life here, so each chance of being alive counts with the power ``1/risk_aversion``:
    the best plan of someone who saves for old age alone (Yaari 1965). At 1 it is the cost of a life annuity.
    """
    discount, cost = 1 / (1 + household.annuity_rate), np.ones(len(alive) - 1)
    for t in range(len(cost) - 2, -1, -1):
        lives = (alive[t + 1] / max(alive[t], 1e-300)) ** (1 / risk_aversion)
        cost[t] = 1 + discount * lives * cost[t + 1]
    return cost
