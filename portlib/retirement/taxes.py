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
from portlib.ranges import NOT_NEGATIVE, among, door, number, numbers
from portlib.records import Array

STATUSES = ("single", "married_joint", "married_separate", "head_of_household")
#: The kinds of income that `income_tax` takes.
INCOMES = ("ordinary", "interest", "qualified", "benefits", "exempt_interest")
Kind = Literal["ordinary", "interest", "qualified", "benefits"]

# ---- income tax ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tax:
    """A year's tax, US dollars, by part; arrays of the shape of the incomes.

    Examples
    --------
    >>> parts = Tax(9_298.0, 1_200.0, 76.0, 2_695.0, taxable_income=74_300.0, gross_income=90_400.0)
    >>> parts.total  # 9,298 + 1,200 + 76 + 2,695: the two incomes are no tax
    13269.0
    """

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

    Examples
    --------
    >>> standard_deduction(2026, "single"), standard_deduction(2026, "single", over_65=1)
    (16100.0, 18150.0)
    >>> standard_deduction(2026, "married_joint", over_65=2)  # 32,200 + 2 * 1,650
    35500.0
    >>> standard_deduction(2026, "single", over_65=2)
    Traceback (most recent call last):
    ...
    ValueError: over_65 is 2; a return as single has 0 to 1 people
    >>> standard_deduction(2026, "married_joint", over_65=3)
    Traceback (most recent call last):
    ...
    ValueError: over_65 is 3; a return as married_joint has 0 to 2 people
    >>> standard_deduction(2026, "widow")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no filing status 'widow'; use one of single, married_joint, ...
    >>> standard_deduction(2027, "single")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: standard_deduction of 2027: announced in ... when this was checked, ...
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

    Examples
    --------
    Of one person, 6% of what lies above 75,000 is lost, and all of it at 175,000; of two who file
    jointly each loses 6% of what lies above 150,000:

    >>> incomes = [75_000, 95_000, 175_000, 190_000]
    >>> senior_deduction(incomes, year=2028, status="single", over_65=1).tolist()
    [6000.0, 4800.0, 0.0, 0.0]
    >>> float(senior_deduction(95_000, year=2026, status="head_of_household", over_65=1))
    4800.0
    >>> float(senior_deduction(170_000, year=2025, status="married_joint", over_65=2))  # 2 * 4,800
    9600.0
    >>> [
    ...     float(senior_deduction(60_000, year=year, status=status, over_65=people))
    ...     for year, status, people in (
    ...         (2029, "single", 1),
    ...         (2026, "single", 0),
    ...         (2026, "married_separate", 1),
    ...     )
    ... ]
    [0.0, 0.0, 0.0]
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
    most = 2 if _known(status).startswith("married") else 1
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

    Examples
    --------
    The slices of 2026 of a single person: 10% to 12,400, 12% to 50,400, then 22%. Above 640,600 the
    revenue procedure prints 192,979.25 and 37% of the rest:

    >>> ordinary_tax([12_400, 50_400, 60_000], year=2026, status="single").round(2).tolist()
    [1240.0, 5800.0, 7912.0]
    >>> float(ordinary_tax(640_600 + 1_000, year=2026, status="single").round(2))
    193349.25
    >>> ordinary_tax([5_000, -1], year=2026, status="single")
    Traceback (most recent call last):
    ...
    ValueError: taxable income must be zero or more
    >>> ordinary_tax(5_000, year=2031, status="single")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: income_tax_brackets: no table for 2031, only ...
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

    Examples
    --------
    Above 49,450 of taxable income a single person's gains bear 15% in 2026: of 10,000 on top of
    45,000 that are 5,550. Between 48,450 and 50,400 ordinary income bears 12%, which is the lower
    rate:

    >>> gains_tax([10_000, 4_000], 45_000, year=2026, status="single").round(2).tolist()
    [832.5, 0.0]
    >>> float(gains_tax(900, 49_450, year=2026, status="single").round(2))  # 0.12 * 900, not 0.15
    108.0
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

    Examples
    --------
    The threshold of a single person is 200,000. Of 50,000 invested only the 20,000 above it count,
    of 5,000 all; a loss is no negative tax:

    >>> invested, gross = [50_000, 5_000, 50_000, -5_000], [220_000, 220_000, 190_000, 220_000]
    >>> net_investment_income_tax(invested, gross, status="single").round(2).tolist()
    [760.0, 190.0, 0.0, 0.0]

    When prices are a quarter higher, the same threshold is worth 160,000 of today's dollars:

    >>> tax = net_investment_income_tax(50_000, 170_000, status="single", price_level=1.25)
    >>> float(tax.round(2))  # 3.8% of 10,000
    380.0
    >>> net_investment_income_tax(1.0, 2.0, status="single", price_level=0.0)
    Traceback (most recent call last):
    ...
    ValueError: price_level 0.0 is a ratio above zero, 1.28 for 28% dearer
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

    Examples
    --------
    Joe and Betty Johnson of Publication 915 (example 3): benefits of 10,000, other income of
    40,500, and 6,275 of the benefits are taxable:

    >>> float(taxable_benefits(10_000, 40_500, status="married_joint"))
    6275.0

    A single person's thresholds are 25,000 and 34,000. With benefits of 20,000 provisional income
    here is at the first, 5,000 above it, 2,000 above the second and far above:

    >>> taxable_benefits(20_000, [15_000, 20_000, 26_000, 60_000], status="single").tolist()
    [0.0, 2500.0, 6200.0, 17000.0]
    >>> float(taxable_benefits(4_000, 30_000, status="single"))  # 3,500, but half of them at most
    2000.0
    >>> float(taxable_benefits(20_000, 2_000, status="married_separate"))  # 0.85 * 12,000
    10200.0

    When prices are a quarter higher, 25,000 are 20,000 of today's dollars:

    >>> float(taxable_benefits(20_000, 14_000, status="single", price_level=1.25))
    2000.0
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

    It goes on in ``taxes.md``.
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

    Examples
    --------
    Pay of 70,000 is in the bracket of 22%. Where benefits of 24,000 stand beside a pension of
    30,000, a dollar more also makes 85 cents of benefits taxable, in the bracket of 12%:

    >>> round(float(marginal_rate("ordinary", year=2026, status="single", ordinary=70_000)), 6)
    0.22
    >>> torpedo = {"year": 2026, "status": "single", "ordinary": 30_000, "benefits": 24_000}
    >>> round(float(marginal_rate("ordinary", **torpedo)), 6)  # 1.85 * 0.12
    0.222

    The first 100 dollars of interest above the deduction cost 10%, of which a step of 400 is a
    quarter:

    >>> at = {"year": 2026, "status": "single", "ordinary": 15_800}
    >>> round(float(marginal_rate("interest", step=400, **at)), 6)
    0.025

    Gains on top of pay of 70,000 bear 15%, and 5% of the state:

    >>> at = {"year": 2026, "status": "single", "ordinary": [70_000, 16_100], "state_rate": 0.05}
    >>> marginal_rate("qualified", **at).round(6).tolist()
    [0.2, 0.05]
    """
    among("kind of income", [kind], INCOMES)
    more = {**household, kind: np.asarray(household.get(kind, 0.0), dtype=float) + step}
    return np.asarray((income_tax(**more).total - income_tax(**household).total) / step)


# ---- what the law lets in ------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """Contribution limits of a year and age, US dollars: who may put in how much.

    Examples
    --------
    >>> limits(2026, 61).employee  # 24,500 + 11,250
    35750.0
    """

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

    Examples
    --------
    The catch-up begins with the year in which 50 is reached, and is larger from 60 to 63 (not yet
    in force in 2024); an IRA has one of its own:

    >>> [limits(2026, age).catch_up for age in (49, 50, 59, 60, 63, 64)]
    [0.0, 8000.0, 8000.0, 11250.0, 11250.0, 8000.0]
    >>> limits(2024, 61).catch_up, limits(2026, 49).ira, limits(2026, 50).ira
    (7500.0, 7500.0, 8600.0)
    >>> law = limits(2026, 40)  # Notice 2025-67
    >>> law.elective_deferral, law.annual_additions, law.compensation, law.roth_catch_up_wages
    (24500.0, 72000.0, 360000.0, 150000.0)
    >>> limits(2025, 55).roth_catch_up_wages
    nan
    >>> limits(2026, 126)
    Traceback (most recent call last):
    ...
    ValueError: age 126 is in whole years, those reached in the calendar year
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
    """What goes into an account in a year after every limit, US dollars.

    Examples
    --------
    >>> put_in = Contribution(employee=32_500.0, employer=10_000.0, roth_only=8_000.0)
    >>> put_in.total
    42500.0
    >>> put_in.before_tax(0.1), put_in.before_tax(0.5)  # at most 24,500; half of 32,500
    (24500.0, 16250.0)
    """

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
    nonelective: float = 0.0,
    wages_before: float | None = None,
    roth_offered: bool = True,
) -> Contribution:
    """What a participant may put in, and what the employer adds.

    Pay counts up to 401(a)(17) for what the employer adds; the deferral stops at 402(g) and
    catch-up, and both together, less catch-up, at 415(c) or pay: the employer's part gives way.

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
    nonelective : float
        The employer's share of pay whether or not somebody defers.
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

    Examples
    --------
    All of the first 3% and half of the next 2%. Of 80,000, a deferral of 4% brings 2,400 and 400:

    >>> match = [{"rate": 0.5, "up_to": 0.05}, {"rate": 1.0, "up_to": 0.03}]
    >>> put_in = contribution(80_000, 0.04, match, year=2026, age=40)
    >>> round(put_in.employee, 2), round(put_in.employer, 2)
    (3200.0, 2800.0)

    The match counts 360,000 of a pay of 500,000, and the deferral ends at 24,500:

    >>> put_in = contribution(500_000, 0.10, match, year=2026, age=40)
    >>> put_in.employee, round(put_in.employer, 2)  # 10,800 + 3,600
    (24500.0, 14400.0)

    It goes on in ``taxes.md``.
    """
    if not (0 <= pay < np.inf and 0 <= deferral_rate <= 1):
        raise ValueError(
            f"pay must be zero or more and the deferral rate between 0 and 1, got {pay}, "
            f"{deferral_rate}"
        )
    if not 0 <= nonelective <= 1:
        raise ValueError(f"nonelective {nonelective} is a share of pay from 0 to 1; in percent?")
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
    employer, floor = nonelective * counted, 0.0
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

    Examples
    --------
    The first step of a single person in 2026 is at 109,000: 81.20 and 14.50 a month above it,
    nothing at it. Two with 300,000 pay the second step of couples each:

    >>> medicare_premiums([109_000, 109_001], year=2026, status="single").round(2).tolist()
    [0.0, 1148.4]
    >>> pair = medicare_premiums(300_000, year=2026, status="married_joint", people=2)
    >>> float(pair.round(2))  # 12 * 2 * (202.90 + 37.50)
    5769.6
    >>> float(medicare_premiums(120_000, year=2026, status="married_separate").round(2))
    6355.2
    >>> head = {"year": 2026, "status": "head_of_household"}
    >>> [float(medicare_premiums(110_000, people=n, **head).round(2)) for n in (0, 2)]
    [0.0, 2296.8]
    >>> medicare_premiums(120_000, year=2026, status="single", people=3)
    Traceback (most recent call last):
    ...
    ValueError: income must be dollars, and 3 people are enrolled: 0, 1 or 2
    >>> medicare_premiums([120_000, float("nan")], year=2026, status="single")
    Traceback (most recent call last):
    ...
    ValueError: income must be dollars, and 1 people are enrolled: 0, 1 or 2
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

    Examples
    --------
    >>> [float(early_withdrawal_tax(10_000, age)) for age in (59.4, 59.5)]
    [1000.0, 0.0]
    >>> [float(early_withdrawal_tax(10_000, 56, left_employer_at=left)) for left in (54.9, 55, 57)]
    [1000.0, 0.0, 1000.0]
    >>> early_withdrawal_tax([0, 10_000], 55, left_employer_at=55).tolist()
    [0.0, 0.0]
    >>> early_withdrawal_tax([2_500, -10], 50)
    Traceback (most recent call last):
    ...
    ValueError: an amount from zero up and an age in years, not -10.00 at 50
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

    Examples
    --------
    Pay of 60,000 leaves 43,900 taxable. 30,000 converted fill the bracket of 12% with 6,500; the
    other 23,500 bear 22%:

    >>> cost = conversion_cost(30_000, year=2026, status="single", ordinary=60_000)
    >>> round(cost, 6)  # (780 + 5,170) / 30,000
    0.198333

    A small conversion that lifts income over Medicare's step of 109,000 costs 1,148.40 besides;
    exempt interest counts there:

    >>> at = {"year": 2026, "status": "single", "ordinary": 98_000, "exempt_interest": 9_500}
    >>> two_years_on = {"year": 2026, "people": 1}
    >>> round(conversion_cost(2_000, **at), 6)
    0.22
    >>> round(conversion_cost(2_000, premiums=two_years_on, **at), 6)  # (440 + 1,148.40) / 2,000
    0.7942
    >>> from_step_to_step = {"year": 2026, "status": "single", "ordinary": 130_000}
    >>> cost = conversion_cost(10_000, premiums=two_years_on, **from_step_to_step)
    >>> round(cost, 6)  # 24%, and 12 * (240.40 - 95.70) of 10,000
    0.41364
    >>> couple = {"year": 2026, "status": "married_joint", "interest": 210_000}
    >>> cost = conversion_cost(10_000, premiums={"year": 2026, "people": 2}, **couple)
    >>> round(cost, 6)  # 22%, and 2 * 1,148.40
    0.44968
    >>> couple = {"year": 2026, "status": "married_joint", "interest": 208_000}
    >>> cost = conversion_cost(10_000, premiums={"year": 2026, "people": 2}, **couple)
    >>> round(cost, 6)  # to the step of 218,000, and not above it
    0.22
    >>> conversion_cost(0.0, **at)
    Traceback (most recent call last):
    ...
    ValueError: a conversion is of more than zero dollars, not 0.0
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

    Examples
    --------
    >>> tiers([{"rate": 0.5, "up_to": 0.06}])
    [{'rate': 0.5, 'up_to': 0.06}]
    >>> tiers({"rate": 0.5, "up_to": 0.06})
    Traceback (most recent call last):
    ...
    ValueError: match is {'rate': 0.5, 'up_to': 0.06}: give a list of tiers, rate and up_to each
    >>> tiers([{"rate": 0.5}])
    Traceback (most recent call last):
    ...
    ValueError: match: a tier is {'rate': 0.5}; it needs rate and up_to, no more
    >>> tiers([{"rate": 0.5, "up_to": "6%"}])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: match: up_to is '6%'...
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

    Examples
    --------
    The last day of one rule and the first day of the next:

    >>> day = datetime.date
    >>> births = day(1949, 6, 30), 1949, day(1950, 12, 31), day(1951, 1, 1), day(1959, 12, 31), 1960
    >>> [rmd_start_age(born) for born in births]
    [70.5, 72.0, 72.0, 73.0, 73.0, 75.0]
    >>> rmd_start_age(datetime.datetime(1949, 6, 30, 12))
    70.5
    >>> rmd_start_age(60)
    Traceback (most recent call last):
    ...
    ValueError: the year of birth is 60: give four digits, as 1960, or a date
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

    Examples
    --------
    >>> distribution_period([72, 75, 90, 130]).tolist()  # as printed; from 120 on 2.0
    [27.4, 24.6, 12.2, 2.0]
    >>> distribution_period([80, 71])
    Traceback (most recent call last):
    ...
    ValueError: the Uniform Lifetime Table begins at age 72; there is no period for 71
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

    Examples
    --------
    At 73 the period is 26.5 years. Born in 1955, that is the first year; born in 1960, 75 is, with
    24.6:

    >>> required_minimum_distribution([265_000, 53_000], 73, 1955).round(2).tolist()
    [10000.0, 2000.0]
    >>> [float(required_minimum_distribution(246_000, age, 1960)) for age in (74, 75)]
    [0.0, 10000.0]
    >>> born = datetime.date(1949, 6, 30), datetime.date(1951, 1, 1)
    >>> [float(required_minimum_distribution(274_000, 72, day)) for day in born]  # from 70.5, 73
    [10000.0, 0.0]
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
