"""What does the law take, what does it let in, and what must come out?

US federal income tax, contribution limits and required minimum distributions, as functions of the
tables in ``data/``; dollars in, dollars out, arrays welcome. Ordinary income fills the brackets
from below; gains and qualified dividends are stacked on top of it and meet brackets of their own;
the standard deduction is used up by ordinary income first. In dollars of the table's year, later
years may be computed with that year's tables, because brackets and limits are indexed;
`price_level` shrinks the thresholds that are not (net investment income, Social Security benefits).

Left out: itemised deductions, the additional deductions from age 65, credits, the alternative
minimum tax, phase-outs, Medicare premiums that depend on income (IRMAA), the 10% tax on early
distributions, Roth conversions, state rules other than one flat rate on federal taxable income
without benefits and without its deduction from federal income.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from portlib import data
from portlib.records import Array

STATUSES = ("single", "married_joint", "married_separate", "head_of_household")
Kind = Literal["ordinary", "interest", "qualified", "benefits"]

# ---- income tax ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tax:
    """A year's tax, US dollars, by part; arrays of the shape of the incomes."""

    ordinary: Array
    gains: Array
    investment: Array
    state: Array
    taxable_income: Array

    @property
    def total(self) -> Array:
        """All parts together."""
        return self.ordinary + self.gains + self.investment + self.state


def standard_deduction(year: int, status: str) -> float:
    """The standard deduction, US dollars, without the additions from age 65 (Rev. Proc. of the
    year).
    """
    return float(
        _of_year(_law(data.ROOT)["standard_deduction"], year, "standard_deduction")[_known(status)]
    )


def ordinary_tax(taxable: ArrayLike, *, year: int, status: str) -> Array:
    """Tax on taxable ordinary income, US dollars: each slice of it at its bracket's rate (IRC 1).

    `taxable` is after deductions, zero or more, any shape. Raises ValueError for a year or status
    without brackets.
    """
    return _over_brackets("income_tax_brackets", taxable, year, status)


def gains_tax(gains: ArrayLike, below: ArrayLike, *, year: int, status: str) -> Array:
    """Tax on long-term gains and qualified dividends that lie on top of taxable ordinary income
    `below` (IRC 1(h)).

    Both in US dollars, zero or more. The rate depends on where the gain ends up, not on its size
    alone.
    """
    low = np.asarray(below, dtype=float)
    top = low + np.asarray(gains, dtype=float)
    name = "capital_gains_brackets"
    return _over_brackets(name, top, year, status) - _over_brackets(name, low, year, status)


def net_investment_income_tax(
    investment_income: ArrayLike,
    adjusted_gross_income: ArrayLike,
    *,
    status: str,
    price_level: float = 1.0,
) -> Array:
    """3.8% of the lesser of investment income and of the income above the threshold (IRC 1411), US
    dollars.

    Distributions from retirement plans are not investment income, but they count in adjusted gross
    income. The thresholds are not indexed: in dollars of a year when prices are `price_level` times
    today's they shrink by it.
    """
    rule = _law(data.ROOT)["net_investment_income_tax"]
    threshold = rule["income_threshold"][_known(status)] / price_level
    above = np.maximum(np.asarray(adjusted_gross_income, dtype=float) - threshold, 0.0)
    return float(rule["rate"]) * np.minimum(np.asarray(investment_income, dtype=float), above)


def taxable_benefits(
    benefits: ArrayLike, other_income: ArrayLike, *, status: str, price_level: float = 1.0
) -> Array:
    """How much of Social Security benefits is taxable, US dollars (IRC 86; Publication 915,
    worksheet 1).

    Provisional income is other income (gains and dividends included) and half the benefits. Half of
    what it exceeds the first threshold by is taxable, up to half the benefits; then 85% of what it
    exceeds the second one by, up to 85% of the benefits. The thresholds are not indexed
    (`price_level` as above); married filing separately is taken to have lived together, with
    thresholds of zero.
    """
    table = _law(data.ROOT)["social_security_taxation"]["provisional_income"]
    which = {"married_joint": "joint", "married_separate": None}.get(_known(status), "single")
    first, second = (limit / price_level for limit in (table[which] if which else (0.0, 0.0)))
    b = np.asarray(benefits, dtype=float)
    provisional = np.asarray(other_income, dtype=float) + b / 2
    half = np.minimum.reduce([np.clip(provisional - first, 0.0, second - first) / 2, b / 2])
    return np.minimum(half + 0.85 * np.maximum(provisional - second, 0.0), 0.85 * b)


def income_tax(
    *,
    year: int,
    status: str,
    ordinary: ArrayLike = 0.0,
    interest: ArrayLike = 0.0,
    qualified: ArrayLike = 0.0,
    benefits: ArrayLike = 0.0,
    state_rate: float = 0.0,
    price_level: float = 1.0,
) -> Tax:
    """A household's income tax for a year, US dollars.

    Parameters
    ----------
    year, status : a year of ``income_tax_brackets`` and one of `STATUSES`.
    ordinary : pay, pensions, distributions from traditional accounts; before the standard
        deduction.
    interest : interest, dividends that are not qualified, gains held a year or less: taxed as
        ordinary income.
    qualified : qualified dividends and gains held for more than a year.
    benefits : Social Security benefits, of which `taxable_benefits` says the taxable part.
    state_rate : a flat rate on federal taxable income less the benefits in it.
    price_level : for thresholds that are not indexed, see the module.

    Returns ------- Tax, arrays of the incomes' common shape. Raises ValueError for negative income,
    an unknown year or status.
    """
    pay, coupons, gains, social = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (ordinary, interest, qualified, benefits))
    )
    for name, x in (
        ("ordinary", pay),
        ("interest", coupons),
        ("qualified", gains),
        ("benefits", social),
    ):
        if not np.all(x >= 0):
            raise ValueError(
                f"{name} income must be zero or more: a loss is not an income, net it first"
            )
    taxed = taxable_benefits(social, pay + coupons + gains, status=status, price_level=price_level)
    gross = pay + coupons + taxed + gains
    taxable = np.maximum(gross - standard_deduction(year, status), 0.0)
    on_top = np.minimum(gains, taxable)
    below = taxable - on_top
    return Tax(
        ordinary_tax(below, year=year, status=status),
        gains_tax(on_top, below, year=year, status=status),
        net_investment_income_tax(coupons + gains, gross, status=status, price_level=price_level),
        state_rate * np.maximum(taxable - taxed, 0.0),
        taxable,
    )


def marginal_rate(kind: Kind, *, step: float = 100.0, **household: Any) -> Array:
    """What share of the next `step` dollars of one `kind` of income is taxed away; the rest as in
    `income_tax`.

    Interactions count: a dollar of interest may push gains into a higher bracket and make benefits
    taxable.
    """
    more = {**household, kind: np.asarray(household.get(kind, 0.0), dtype=float) + step}
    return np.asarray((income_tax(**more).total - income_tax(**household).total) / step)


# ---- what the law lets in ------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """Contribution limits of a year and age, US dollars: who may put in how much."""

    year: int
    age: int
    elective_deferral: float
    catch_up: float
    annual_additions: float
    compensation: float
    ira: float
    roth_catch_up_wages: float

    @property
    def employee(self) -> float:
        """Most that an employee may defer, catch-up included."""
        return self.elective_deferral + self.catch_up


def limits(year: int, age: int) -> Limits:
    """The limits for a participant who reaches `age` in `year`, US dollars.

    Sections 402(g), 414(v) (larger from 60 to 63), 415(c), 401(a)(17) and 219 of the Internal
    Revenue Code. Who earned more than ``roth_catch_up_wages`` from the employer in the year before
    catches up to Roth only (nan: not in force). Raises ValueError for a year that is not in the
    tables.
    """
    document = _law(data.ROOT)

    def of(name: str) -> float:
        value = _of_year(document["limits"][name], year, name)
        return float("nan") if value is None else float(value)

    larger = of("catch_up_ages_60_to_63")
    catch_up = (
        larger
        if 60 <= age <= 63 and np.isfinite(larger)
        else of("catch_up_age_50")
        if age >= 50
        else 0.0
    )
    ira = of("ira_contribution") + (of("ira_catch_up_age_50") if age >= 50 else 0.0)
    wages = _of_year(document["roth_catch_up_wage_threshold"], year, "roth_catch_up_wage_threshold")
    return Limits(
        year,
        age,
        of("elective_deferral"),
        catch_up,
        of("annual_additions"),
        of("compensation"),
        ira,
        float("nan") if wages is None else float(wages),
    )


@dataclass(frozen=True)
class Contribution:
    """What goes into an account in a year after every limit, US dollars."""

    employee: float
    employer: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.employee + self.employer


def contribution(
    pay: float, deferral_rate: float, match: Sequence[Mapping[str, float]], *, year: int, age: int
) -> Contribution:
    """What a participant who defers `deferral_rate` of `pay` may put in, and what the employer
    adds, US dollars.

    `match` is a list of tiers: ``rate`` of the part of the deferral from the tier before up to
    ``up_to`` of pay. Pay counts up to 401(a)(17) for the match; the deferral stops at 402(g) and
    catch-up, and both together, less catch-up, at 415(c) or pay: the employer's part gives way.
    Raises ValueError for a negative pay, or a rate outside 0 to 1.
    """
    if not (pay >= 0 and 0 <= deferral_rate <= 1):
        raise ValueError(
            f"pay must be zero or more and the deferral rate between 0 and 1, got {pay}, {deferral_rate}"
        )
    law = limits(year, age)
    employee = min(deferral_rate * pay, law.employee)
    counted = min(pay, law.compensation)
    rate = employee / counted if counted else 0.0
    employer, floor = 0.0, 0.0
    for tier in sorted(match, key=lambda tier: tier["up_to"]):
        employer += tier["rate"] * max(min(rate, tier["up_to"]) - floor, 0.0) * counted
        floor = max(floor, tier["up_to"])
    room = min(law.annual_additions, pay) - min(employee, law.elective_deferral)
    return Contribution(employee, min(employer, max(room, 0.0)))


# ---- what must come out --------------------------------------------------------------------------


def rmd_start_age(born: int | datetime.date) -> float:
    """The age from which traditional accounts must be drawn down (SECURE 2.0, section 107; IRC
    401(a)(9)).

    A bare year stands for July 1 of it, which matters for 1949 alone.
    """
    day = born if isinstance(born, datetime.date) else datetime.date(int(born), 7, 1)
    for row in _law(data.ROOT)["required_minimum_distributions"]["start_age"]:
        if (row["born_from"] is None or row["born_from"] <= day) and (
            row["born_to"] is None or day <= row["born_to"]
        ):
            return float(row["age"])
    raise ValueError(f"retirement_limits.yml has no start age for a birth on {day}")


def distribution_period(age: ArrayLike) -> Array:
    """The Uniform Lifetime Table's period in years at an age of 72 or more (26 CFR
    1.401(a)(9)-9(c), from 2022).
    """
    first, periods = _periods(data.ROOT)
    whole = np.asarray(age, dtype=int)
    if np.any(whole < first):
        raise ValueError(
            f"the Uniform Lifetime Table begins at age {first}; there is no period for {whole.min()}"
        )
    return np.asarray(periods[np.minimum(whole - first, len(periods) - 1)])


def required_minimum_distribution(
    balance: ArrayLike, age: int, birth_year: int | datetime.date
) -> Array:
    """The least that must leave traditional accounts in the year in which the owner reaches `age`,
    US dollars.

    `balance` is that of the end of the year before; zero before the start age. Roth accounts in
    plans have none in the owner's life (from 2024, SECURE 2.0, section 325). For an owner whose
    spouse is not sole beneficiary and more than ten years younger; who works on past the start age
    may often defer the plan's distributions, which is left out.
    """
    held = np.asarray(balance, dtype=float)
    if age < rmd_start_age(birth_year):
        return np.zeros_like(held)
    return np.asarray(held / distribution_period(age))


# ---- tables --------------------------------------------------------------------------------------


def _known(status: str) -> str:
    if status not in STATUSES:
        raise ValueError(f"no filing status {status!r}; use one of {', '.join(STATUSES)}")
    return status


def _of_year(entry: Mapping[Any, Any], year: int, what: str) -> Any:
    if year not in entry:
        unknown = _law(data.ROOT)["unknown"]
        if why := unknown.get(year, {}).get(what):
            raise ValueError(f"{what} of {year}: {why} when this was checked, {unknown['checked']}")
        known = [y for y in entry if isinstance(y, int)]
        raise ValueError(
            f"{what}: no table for {year}, only {min(known)} to {max(known)}; compute later years in the "
            f"dollars of {max(known)}"
        )
    return entry[year]


@cache
def _law(root: Path) -> dict[str, Any]:
    """The limits and thresholds, read once; `root` is in the key because tests read other folders."""
    return data.document("retirement_limits")


@cache
def _periods(root: Path) -> tuple[int, Array]:
    table = data.table("uniform_lifetime_table")["distribution_period"]
    return int(table.index[0]), table.to_numpy(float)


@cache
def _brackets(root: Path, name: str, year: int, status: str) -> tuple[Array, ...]:
    """Rates, lower and upper bounds of the brackets."""
    table = data.table(name)
    _of_year(dict.fromkeys(table["year"].tolist()), year, name)
    rows = table[(table["year"] == year) & (table["filing_status"] == _known(status))]
    return tuple(
        rows[c].fillna(np.inf).to_numpy(float) for c in ("rate", "income_from", "income_to")
    )


def _over_brackets(name: str, income: ArrayLike, year: int, status: str) -> Array:
    x = np.asarray(income, dtype=float)
    if not np.all(x >= 0):
        raise ValueError("taxable income must be zero or more")
    rates, low, high = _brackets(data.ROOT, name, year, status)
    return np.asarray((np.clip(x[..., None], low, high) - low) @ rates)
