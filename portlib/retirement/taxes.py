"""What does the law take, what does it let in, and what must come out?

US federal income tax, contribution limits and required minimum distributions, as functions of the
tables in ``data/``; dollars in, dollars out, arrays welcome. Ordinary income fills the brackets
from below; gains and qualified dividends are stacked on top of it and meet brackets of their own;
the standard deduction is used up by ordinary income first. In dollars of the table's year, later
years may be computed with that year's tables, because brackets and limits are indexed;
`price_level` shrinks the thresholds that are not (net investment income, Social Security benefits).

From age 65 the standard deduction is larger (IRC 63(f)), and from 2025 to 2028 a further deduction
is given and phased out with income (IRC 151(d)(5)(C)). `medicare_premiums` are a cost of income two
years before, `early_withdrawal_tax` one of age.

Left out: itemised deductions, credits, the alternative minimum tax, blindness, inherited accounts,
after-tax contributions that a pension gives back (the simplified method, IRC 72(d)), benefits paid
for earlier years, qualified charitable distributions (refused by name where they could be asked
for), state rules other than one flat rate on federal taxable income without benefits and without
its deduction from federal income.
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
from portlib.ranges import NOT_NEGATIVE, door, number, numbers
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
    gross_income: Array

    @property
    def total(self) -> Array:
        """All parts together."""
        return self.ordinary + self.gains + self.investment + self.state


@door()
def standard_deduction(year: int, status: str, *, over_65: int = 0) -> float:
    """The standard deduction, with the additions for age (IRC 63(c), (f); Rev. Proc. of the year).

    Parameters
    ----------
    year : int
        A year of the tables.
    status : str
        One of `STATUSES`.
    over_65 : int
        How many people of the return reach 65 in the year.

    Returns
    -------
    float
        US dollars.

    Raises
    ------
    ValueError
        For a year or status without a deduction.
    """
    law = _law(data.ROOT)
    basic = _of_year(law["standard_deduction"], year, "standard_deduction")[_known(status)]
    if not _heads(status, over_65):
        return float(basic)
    more = _of_year(law["additional_standard_deduction"], year, "additional_standard_deduction")
    return float(basic) + over_65 * float(more["married" if "married" in status else "unmarried"])


@door()
def senior_deduction(
    adjusted_gross_income: ArrayLike, *, year: int, status: str, over_65: int
) -> Array:
    """The deduction of 2025 to 2028 for people who have reached 65 (IRC 151(d)(5)(C)).

    6,000 dollars each, less 6% of income above the threshold for each; none for the married who
    file separately.

    Parameters
    ----------
    adjusted_gross_income : array, any shape
        US dollars; modified adjusted gross income is taken to be the same.
    year : int
        In years in which the deduction is not given it is zero.
    status : str
        One of `STATUSES`.
    over_65 : int
        How many people of the return have reached 65.

    Returns
    -------
    array
        US dollars, of the shape of the incomes.
    """
    income = np.asarray(adjusted_gross_income, dtype=float)
    rule = _law(data.ROOT)["senior_deduction"]
    people = _heads(status, over_65)
    if not people or year not in rule["years"] or status == "married_separate":
        return np.zeros_like(income)
    threshold = rule["threshold"]["joint" if status == "married_joint" else "other"]
    faded = rule["phase_out_rate"] * np.maximum(income - threshold, 0.0)
    return np.asarray(people * np.maximum(rule["amount"] - faded, 0.0))


def _heads(status: str, over_65: int) -> int:
    """How many people of a return have reached 65; ValueError for more than file it."""
    most = 2 if status.startswith("married") else 1
    if isinstance(over_65, bool) or over_65 != int(over_65) or not 0 <= over_65 <= most:
        raise ValueError(f"over_65 is {over_65!r}; a return as {status} has 0 to {most} people")
    return int(over_65)


@door()
def ordinary_tax(taxable: ArrayLike, *, year: int, status: str) -> Array:
    """Tax on taxable ordinary income: each slice of it at its bracket's rate (IRC 1).

    Parameters
    ----------
    taxable : array, any shape
        US dollars after deductions, zero or more.
    year, status : int, str
        A year of ``income_tax_brackets`` and one of `STATUSES`.

    Returns
    -------
    array
        US dollars, of the shape of `taxable`.

    Raises
    ------
    ValueError
        For a year or status without brackets.
    """
    return _over_brackets("income_tax_brackets", taxable, year, status)


@door()
def gains_tax(gains: ArrayLike, below: ArrayLike, *, year: int, status: str) -> Array:
    """Tax on long-term gains and qualified dividends that lie on top of taxable ordinary income
    (IRC 1(h)).

    The rate depends on where the gain ends up, not on its size alone, and the tax is never more
    than the same dollars would bear as ordinary income (1(h)(1)): the 0% of gains ends below the
    12% of ordinary income, and between the two 12% is the lower.

    Parameters
    ----------
    gains : array, any shape
        US dollars, zero or more.
    below : array
        Taxable ordinary income below them, US dollars, zero or more.
    year, status : int, str
        As in `ordinary_tax`.

    Returns
    -------
    array
        US dollars, of the common shape.
    """
    low = np.asarray(below, dtype=float)
    top = low + np.asarray(gains, dtype=float)
    name = "capital_gains_brackets"
    own = _over_brackets(name, top, year, status) - _over_brackets(name, low, year, status)
    plain = ordinary_tax(top, year=year, status=status)
    return np.minimum(own, plain - ordinary_tax(low, year=year, status=status))


@door()
def net_investment_income_tax(
    investment_income: ArrayLike,
    adjusted_gross_income: ArrayLike,
    *,
    status: str,
    price_level: float = 1.0,
) -> Array:
    """3.8% of the lesser of investment income and of the income above the threshold (IRC 1411).

    Distributions from retirement plans are not investment income, but they count in adjusted gross
    income. The thresholds are not indexed.

    Parameters
    ----------
    investment_income, adjusted_gross_income : array, any shape
        US dollars.
    status : str
        One of `STATUSES`.
    price_level : float
        In dollars of a year when prices are so many times today's, thresholds shrink by it.

    Returns
    -------
    array
        US dollars, of the common shape.
    """
    rule = _law(data.ROOT)["net_investment_income_tax"]
    threshold = rule["income_threshold"][_known(status)] / _level(price_level)
    above = np.maximum(np.asarray(adjusted_gross_income, dtype=float) - threshold, 0.0)
    invested = np.maximum(np.asarray(investment_income, dtype=float), 0.0)
    return float(rule["rate"]) * np.minimum(invested, above)


@door()
def taxable_benefits(
    benefits: ArrayLike, other_income: ArrayLike, *, status: str, price_level: float = 1.0
) -> Array:
    """How much of Social Security benefits is taxable (IRC 86; Publication 915, worksheet 1).

    Provisional income is other income and half the benefits. Half of what it exceeds the first
    threshold by is taxable, up to half the benefits; then 85% of what it exceeds the second one by,
    up to 85% of the benefits. The thresholds are not indexed; married filing separately is taken to
    have lived together, with thresholds of zero.

    Parameters
    ----------
    benefits : array, any shape
        A year's, US dollars.
    other_income : array
        US dollars; gains, dividends and tax-exempt interest included.
    status : str
        One of `STATUSES`.
    price_level : float
        As in `net_investment_income_tax`.

    Returns
    -------
    array
        US dollars, of the common shape.
    """
    table = _law(data.ROOT)["social_security_taxation"]["provisional_income"]
    which = {"married_joint": "joint", "married_separate": None}.get(_known(status), "single")
    first, second = (
        limit / _level(price_level) for limit in (table[which] if which else (0.0, 0.0))
    )
    b = numbers("benefits", benefits, least=0)
    provisional = numbers("other income", other_income, least=0) + b / 2
    half = np.minimum(np.clip(provisional - first, 0.0, second - first) / 2, b / 2)
    return np.minimum(half + 0.85 * np.maximum(provisional - second, 0.0), 0.85 * b)


@door()
def income_tax(
    *,
    year: int,
    status: str,
    ordinary: ArrayLike = 0.0,
    interest: ArrayLike = 0.0,
    qualified: ArrayLike = 0.0,
    benefits: ArrayLike = 0.0,
    exempt_interest: ArrayLike = 0.0,
    over_65: int = 0,
    in_force: int | None = None,
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
    exempt_interest : interest that is not taxed itself, but makes benefits taxable (IRC 86(b)(2)).
    over_65 : how many people of the return have reached 65 by the year's end.
    in_force : the calendar year whose temporary rules hold, where the tables of `year` stand for a
        later one: the senior deduction ends with 2028.
    state_rate : a flat rate on federal taxable income less the benefits in it.
    price_level : for thresholds that are not indexed, see the module.

    Returns
    -------
    Tax
        Arrays of the incomes' common shape.

    Raises
    ------
    ValueError
        For negative income, an unknown year or status.

    Examples
    --------
    The standard deduction is not taxed, and the first dollars above it are at 10%:

    >>> free = standard_deduction(2026, "single")
    >>> [
    ...     float(income_tax(year=2026, status="single", ordinary=free + more).total)
    ...     for more in (0, 10_000)
    ... ]
    [0.0, 1000.0]
    """
    if not (np.isfinite(state_rate) and 0 <= state_rate < 0.5):
        raise ValueError(f"state_rate {state_rate} is a decimal from 0 to below 0.5; in percent?")
    given = (ordinary, interest, qualified, benefits, exempt_interest)
    names = ("ordinary", "interest", "qualified", "benefits", "exempt_interest")
    figures = [numbers(f"{name} income", x) for name, x in zip(names, given, strict=True)]
    arrays = np.broadcast_arrays(*figures)
    for name, x in zip(names, arrays, strict=True):
        if not np.all(x >= 0):
            raise ValueError(
                f"{name} income must be zero or more: a loss is not an income, net it first"
            )
    pay, coupons, gains, social, exempt = arrays
    other = pay + coupons + gains + exempt
    taxed = taxable_benefits(social, other, status=status, price_level=price_level)
    gross = pay + coupons + taxed + gains
    standard = standard_deduction(year, status, over_65=over_65)
    deduction = standard + senior_deduction(
        gross, year=in_force or year, status=status, over_65=over_65
    )
    taxable = np.maximum(gross - deduction, 0.0)
    on_top = np.minimum(gains, taxable)
    below = taxable - on_top
    return Tax(
        ordinary_tax(below, year=year, status=status),
        gains_tax(on_top, below, year=year, status=status),
        net_investment_income_tax(coupons + gains, gross, status=status, price_level=price_level),
        state_rate * np.maximum(taxable - taxed, 0.0),
        taxable,
        gross,
    )


@door()
def marginal_rate(kind: Kind, *, step: float = 100.0, **household: Any) -> Array:
    """What share of the next `step` dollars of one `kind` of income is taxed away; the rest as in
    `income_tax`.

    Interactions count: a dollar of interest may push gains into a higher bracket and make benefits
    taxable.

    Parameters
    ----------
    kind : str
        An income of `income_tax`, such as ``ordinary``.
    step : float
        US dollars.
    household
        What `income_tax` asks for.

    Returns
    -------
    array
        Decimal.
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


@door()
def limits(year: int, age: int) -> Limits:
    """The contribution limits for a participant who reaches `age` in `year`.

    Sections 402(g), 414(v) (larger from 60 to 63), 415(c), 401(a)(17) and 219 of the Internal
    Revenue Code. Who earned more than ``roth_catch_up_wages`` from the employer in the year before
    catches up to Roth only (nan: not in force).

    Parameters
    ----------
    year : int
        A year of the tables.
    age : int
        Whole years, reached in the calendar year.

    Returns
    -------
    Limits
        US dollars.

    Raises
    ------
    ValueError
        For a year that is not in the tables, and an age that is not whole.
    """
    if isinstance(age, bool) or age != int(age) or not 0 <= age <= 125:
        raise ValueError(f"age {age!r} is in whole years, those reached in the calendar year")
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
    roth_only: float = 0.0

    @property
    def total(self) -> float:
        """Both together."""
        return self.employee + self.employer

    def before_tax(self, roth_share: float) -> float:
        """What of the employee's part may be made before tax where a share of it is meant for Roth.

        `roth_only`, the catch-up of who earned much the year before, may not (IRC 414(v)(7)).
        """
        return min(self.employee * (1 - roth_share), self.employee - self.roth_only)


@door()
def contribution(
    pay: float,
    deferral_rate: float,
    match: Sequence[Mapping[str, float]],
    *,
    year: int,
    age: int,
    wages_before: float | None = None,
    roth_offered: bool = True,
) -> Contribution:
    """What a participant may put in, and what the employer adds.

    Pay counts up to 401(a)(17) for the match; the deferral stops at 402(g) and catch-up, and both
    together, less catch-up, at 415(c) or pay: the employer's part gives way.

    Parameters
    ----------
    pay : float
        A year, US dollars.
    deferral_rate : float
        Share of pay, from 0 to 1.
    match : sequence of mappings
        Tiers: ``rate`` of the part of the deferral from the tier before up to ``up_to`` of pay.
    year, age : int
        The age is that reached in the year.
    wages_before : float, optional
        Of the year before, pay if not given: above the threshold of 414(v)(7) the catch-up is Roth
        only.
    roth_offered : bool
        Without Roth in the plan, they do not catch up at all.

    Returns
    -------
    Contribution
        US dollars.

    Raises
    ------
    ValueError
        For a negative pay, a rate outside 0 to 1, or a tier that cannot be meant.
    """
    if not (0 <= pay < np.inf and 0 <= deferral_rate <= 1):
        raise ValueError(
            f"pay must be zero or more and the deferral rate between 0 and 1, got {pay}, "
            f"{deferral_rate}"
        )
    for tier in tiers(match):
        if not (0 <= tier["rate"] <= 5 and 0 <= tier["up_to"] <= 1):
            raise ValueError(
                f"a match of {tier['rate']} up to {tier['up_to']} of pay cannot be meant: both are "
                "decimals, 0.5 up to 0.06 for half of the first 6%; in percent?"
            )
    law = limits(year, age)
    high = (pay if wages_before is None else wages_before) > law.roth_catch_up_wages
    most = law.employee if roth_offered or not high else law.elective_deferral
    employee = min(deferral_rate * pay, most)
    caught_up = max(employee - law.elective_deferral, 0.0)
    counted = min(pay, law.compensation)
    rate = employee / counted if counted else 0.0
    employer, floor = 0.0, 0.0
    for tier in sorted(match, key=lambda tier: tier["up_to"]):
        employer += tier["rate"] * max(min(rate, tier["up_to"]) - floor, 0.0) * counted
        floor = max(floor, tier["up_to"])
    room = min(law.annual_additions, pay) - min(employee, law.elective_deferral)
    put_in = min(employer, max(room, 0.0))
    return Contribution(employee, put_in, caught_up if high else 0.0)


# ---- what income and age cost besides ------------------------------------------------------------


@door()
def medicare_premiums(income: ArrayLike, *, year: int, status: str, people: int = 1) -> Array:
    """What Medicare adds to its premiums for Parts B and D because of income (42 USC 1395r(i),
    1395w-113(a)(7)).

    It rises in steps, so that a dollar may cost a thousand. The married who file separately are
    taken to have lived together.

    Parameters
    ----------
    income : array, any shape
        Modified adjusted gross income of two years before, US dollars: adjusted gross income and
        tax-exempt interest.
    year, status : int, str
        A year of ``medicare_adjustment`` and one of `STATUSES`.
    people : int
        How many are enrolled, 0 to 2.

    Returns
    -------
    array
        US dollars a year for all of them, of the shape of `income`.

    Raises
    ------
    ValueError
        For a year without a table, an income that is none, and more than two people.
    """
    earned = np.asarray(income, dtype=float)
    if not np.all(np.isfinite(earned)) or people not in (0, 1, 2):
        raise ValueError(f"income must be dollars, and {people!r} people are enrolled: 0, 1 or 2")
    known = _of_year(_law(data.ROOT)["medicare_adjustment"], year, "medicare_adjustment")
    which = {"married_joint": "joint", "married_separate": "separate"}.get(_known(status), "single")
    above = np.array([row["above"] for row in known[which]], dtype=float)
    monthly = np.array([0.0, *(row["part_b"] + row["part_d"] for row in known[which])])
    return np.asarray(12 * people * monthly[np.searchsorted(above, earned, side="left")])


@door()
def early_withdrawal_tax(
    amount: ArrayLike, age: float, *, left_employer_at: float | None = None
) -> Array:
    """The tenth that is added to the tax on what leaves a plan before 59 1/2 (IRC 72(t)).

    From a plan, none is due after leaving the employer in or after the year of reaching 55
    (72(t)(2)(A)(v)). The other exceptions are left out.

    Parameters
    ----------
    amount : array, any shape
        US dollars, zero or more.
    age : float
        Years and parts of years.
    left_employer_at : float, optional
        Age on leaving the employer of the plan.

    Returns
    -------
    array
        US dollars, of the shape of `amount`.

    Raises
    ------
    ValueError
        For a negative amount or an age that is none.
    """
    taken = np.asarray(amount, dtype=float)
    if not (np.all(taken >= 0) and 0 <= age <= 125):
        raise ValueError(
            f"an amount from zero up and an age in years, not {taken.min():,.2f} at {age}"
        )
    separated = left_employer_at is not None and age >= left_employer_at >= 55
    return np.zeros_like(taken) if age >= 59.5 or separated else 0.1 * taken


@door()
def conversion_cost(
    amount: float, *, premiums: Mapping[str, Any] | None = None, **household: Any
) -> float:
    """What converting a part of a traditional account to Roth costs, a share of it.

    Tax now on top of the household's other incomes, and what Medicare adds. Converting pays where
    the rate on later withdrawals is higher, and the tax is paid from a taxable account.

    Parameters
    ----------
    amount : float
        Converted, US dollars above zero.
    premiums : mapping, optional
        ``year`` and ``people`` enrolled two years on; without it Medicare is left out.
    household : keywords
        As in `income_tax`.

    Returns
    -------
    float
        Decimal of `amount`.

    Raises
    ------
    ValueError
        Unless `amount` is above zero, and as `income_tax` does.
    """
    if not amount > 0:
        raise ValueError(f"a conversion is of more than zero dollars, not {amount}")
    more = {**household, "ordinary": household.get("ordinary", 0.0) + amount}
    before = income_tax(**household)
    after = income_tax(**more)
    cost = float(after.total - before.total)
    if premiums is not None:
        exempt = household.get("exempt_interest", 0.0)
        owed = [
            medicare_premiums(tax.gross_income + exempt, status=household["status"], **premiums)
            for tax in (before, after)
        ]
        cost += float(owed[1] - owed[0])
    return cost / amount


# ---- what must come out --------------------------------------------------------------------------


def tiers(match: Sequence[Mapping[str, float]]) -> Sequence[Mapping[str, float]]:
    """The tiers of a match: each has a rate, and how far it goes.

    Raises
    ------
    ValueError
        For what is none.
    """
    if isinstance(match, (str, Mapping)) or not isinstance(match, Sequence):
        raise ValueError(f"match is {match!r:.60}: give a list of tiers, rate and up_to each")
    for tier in match:
        if not isinstance(tier, Mapping) or set(tier) != {"rate", "up_to"}:
            raise ValueError(f"match: a tier is {tier!r:.60}; it needs rate and up_to, no more")
        for name, value in tier.items():
            number(f"match: {name}", value)
    return match


def _day(born: int | datetime.date) -> datetime.date:
    """A day of birth; a bare year stands for July 1 of it."""
    if isinstance(born, datetime.datetime):  # a pandas Timestamp too
        return born.date()
    if isinstance(born, datetime.date):
        return born
    year = number("the year of birth", born)
    if year != round(year) or not 1850 <= year <= 2200:
        raise ValueError(f"the year of birth is {born!r}: give four digits, as 1960, or a date")
    return datetime.date(int(year), 7, 1)


def rmd_start_age(born: int | datetime.date) -> float:
    """The age from which traditional accounts must be drawn down (SECURE 2.0, section 107; IRC
    401(a)(9)).

    A bare year stands for July 1 of it, which matters for 1949 alone.
    """
    day = _day(born)
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
            f"the Uniform Lifetime Table begins at age {first}; there is no period for "
            f"{whole.min()}"
        )
    return np.asarray(periods[np.minimum(whole - first, len(periods) - 1)])


@door(balance=NOT_NEGATIVE)
def required_minimum_distribution(
    balance: ArrayLike, age: int, birth_year: int | datetime.date
) -> Array:
    """The least that must leave traditional accounts in the year in which the owner reaches `age`.

    Roth accounts in plans have none in the owner's life (from 2024, SECURE 2.0, section 325). For
    an owner whose spouse is not sole beneficiary and more than ten years younger; who works on past
    the start age may often defer the plan's distributions, which is left out.

    Parameters
    ----------
    balance : array, any shape
        At the end of the year before, US dollars.
    age : int
        Reached in the year.
    birth_year : int or date
        As in `rmd_start_age`.

    Returns
    -------
    array
        US dollars, of the shape of `balance`; zero before the start age.
    """
    held = np.asarray(balance, dtype=float)
    if age < rmd_start_age(birth_year):
        return np.zeros_like(held)
    return np.asarray(held / distribution_period(age))


# ---- tables --------------------------------------------------------------------------------------


def _level(price_level: float) -> float:
    if not 0 < price_level < np.inf:
        raise ValueError(f"price_level {price_level} is a ratio above zero, 1.28 for 28% dearer")
    return price_level


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
            f"{what}: no table for {year}, only {min(known)} to {max(known)}; compute later "
            f"years in the "
            f"dollars of {max(known)}"
        )
    return entry[year]


@cache
def _law(root: Path) -> Mapping[str, Any]:
    """The limits and thresholds, read once; `root` is in the key because tests read other
    folders."""
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
