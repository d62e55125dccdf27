"""Does portlib give the lives, annuities, benefits, taxes and withdrawal rates that others printed?

Whole tables of actuaries, of the Social Security Administration and of studies of withdrawals,
worksheets of the Internal Revenue Service, each recomputed through the public functions of the
package. A Makeham law gives its own survivors::

    l(x) = l(x0) exp(-a (x - x0) - b (c^x - c^x0) / ln c)

and everything else follows from `annuities.price`. Left out: tables whose inputs nobody may hand
on, such as bond returns of a vendor (tests/replications runs them where somebody has the returns),
and worksheets of what is not in the method: the simplified method for what a pension gives back of
after-tax contributions (Publication 575, worksheet A; no household states such a cost, so all of a
pension is taxed, which overstates the tax of who has one), the deduction of contributions to a
traditional IRA, benefits paid for earlier years.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.history.treasuries import bond_returns
from portlib.records import Array
from portlib.retirement import household as hh
from portlib.retirement import taxes
from portlib.retirement.lifetimes import Mortality, Sex
from portlib.retirement.retirement_income import annuities, distributions, ruin
from portlib.retirement.retirement_income.withdrawal_rates import sustainable_rates
from portlib.stewardship.model_validation.portfolio_replications import Case, Compared, compared


def expectations(case: Case) -> list[Compared]:
    """Life expectancy by age and sex; a table without an end, where ours ends at 120.

    Examples
    --------
    Social Security, life table: each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in expectations(read("ssa_period_life_table_2023")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    life expectancy, 236 to 0.01: to the digit
    life expectancy at the last ages, 4 to 0.01: within its notes

    Men's and women's are both there; at the last ages they are nearly one:

    >>> men, women = expectations(read("ssa_period_life_table_2023"))[0].printed
    >>> bool((men < women)[:100].all())
    True
    """
    table = data.table(case["table"])
    old = table.index.isin(case["last_ages"])
    sexes: tuple[Sex, ...] = ("male", "female")
    lives = Mortality()
    found = np.array([[lives.expectation(int(age), sex) for age in table.index] for sex in sexes])
    printed = table[[f"{sex}_life_expectancy" for sex in sexes]].to_numpy(float).T
    return [
        compared("life expectancy", found[:, ~old], printed[:, ~old], 0.01),
        compared(
            "life expectancy at the last ages",
            found[:, old],
            printed[:, old],
            0.01,
            case["last_ages_tolerance"],
        ),
    ]


def survivors(case: Case) -> Array:
    """Of those alive at the table's first age, how many live at each age of the table?

    Examples
    --------
    Nobody dies under a force of mortality of zero:

    >>> law = {"first_age": 20, "last_age": 22, "a": 0.0, "b": 0.0, "c": 1.1}
    >>> survivors({**law, "survivors": [1000.0]}).tolist()
    [1000.0, 1000.0, 1000.0]

    Of Makeham's law with a force of ``a + b c**age``, added up in a thousand small steps a year:

    >>> law = {
    ...     "first_age": 60,
    ...     "last_age": 62,
    ...     "a": 0.001,
    ...     "b": 0.0001,
    ...     "c": 1.1,
    ...     "survivors": [900.0],
    ... }
    >>> middle = 60 + (np.arange(2000) + 0.5) / 1000
    >>> force = np.cumsum(0.001 + 0.0001 * 1.1**middle) / 1000
    >>> expected = 900 * np.exp([0.0, -force[999], -force[1999]])
    >>> bool(np.allclose(survivors(law), expected, rtol=1e-9))
    True
    """
    age = np.arange(case["first_age"], case["last_age"] + 1)
    a, b, c = (case[name] for name in "abc")
    years = age - case["first_age"]
    born = float(case["survivors"][0])
    return np.asarray(
        born * np.exp(-a * years - b / math.log(c) * (c**age - c ** case["first_age"]))
    )


def life_table(case: Case) -> list[Compared]:
    """Survivors, chances of dying, annuities, insurances and endowments of a Makeham law.

    Examples
    --------
    Society of Actuaries (2018): each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in life_table(read("soa_standard_ultimate_life_table")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    survivors, 9 to 0.1: to the digit
    dies, 9 to 1e-06: to the digit
    annuity, 9 to 0.0001: to the digit
    insurance, 9 to 1e-05: to the digit
    insurance doubled force, 9 to 1e-05: to the digit
    annuity 10, 9 to 0.0001: to the digit
    annuity 20, 9 to 0.0001: to the digit
    insurance 10, 9 to 1e-05: to the digit
    insurance 20, 9 to 1e-05: to the digit
    endowment 5, 9 to 1e-05: to the digit
    endowment 10, 9 to 1e-05: to the digit
    endowment 20, 9 to 1e-05: to the digit
    """
    living = survivors(case)
    at = np.array(case["age"]) - case["first_age"]
    rate = case["interest"]
    discount = rate / (1 + rate)
    curves = [living[i:] / living[i] for i in at]

    def due(rate: float, years: int = 0) -> Array:
        """Annuities due: for life, or what begins after some years."""
        return np.array([annuities.price(x, rate, delay=years, monthly=False) for x in curves])

    whole = due(rate)
    twice = (1 + rate) ** 2 - 1
    ours = {
        "survivors": living[at],
        "dies": np.array([1 - x[1] for x in curves]),
        "annuity": whole,
        "insurance": 1 - discount * whole,
        "insurance_doubled_force": 1 - twice / (1 + twice) * due(twice),
        **{f"annuity_{n}": whole - due(rate, n) for n in (10, 20)},
        **{f"insurance_{n}": 1 - discount * (whole - due(rate, n)) for n in (10, 20)},
        **{f"endowment_{n}": due(rate, n) - due(rate, n + 1) for n in (5, 10, 20)},
    }
    rows = []
    for name, found in ours.items():
        if name not in case:
            continue
        kind = name.split("_")[0]
        unit = 1000.0 if kind in case.get("thousandfold", ()) else 1.0
        rows.append(
            compared(name.replace("_", " "), unit * found, case[name], case["digits"][kind])
        )
    return rows


def withdrawals(case: Case) -> list[Compared]:
    """In what percent of past periods did a portfolio of shares last, for each rate and length?

    Withdrawals at the end of each year: with those at its start, or monthly, most rows miss.

    Examples
    --------
    Cooley, Hubbard and Walz (1998): each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in withdrawals(read("cooley_hubbard_walz_1998")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    periods of each length, 4 to 1: to the digit
    percent of periods that lasted, 40 to 1: within its notes
    """
    growth = 1 + np.array(case["percent"]) / 100
    counts, shares = [], []
    for years in map(int, case["periods"]):
        runs = np.lib.stride_tricks.sliding_window_view(growth, years)
        lasting = sustainable_rates(runs, at_end=True)
        counts.append(len(runs))
        shares.append([100 * np.mean(lasting >= rate / 100) for rate in case["rates_percent"]])
    return [
        compared("periods of each length", counts, list(case["periods"].values()), 1.0),
        compared(
            "percent of periods that lasted",
            shares,
            list(case["success_percent"].values()),
            1.0,
            case["tolerance"],
        ),
    ]


def maximum_earnings(case: Case) -> list[Compared]:
    """Averages and benefits of those who always earned the most that is taxed.

    Examples
    --------
    Social Security, most earnings: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in maximum_earnings(read("ssa_maximum_earnings")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    average indexed earnings, retired at 62, 12 to 1: to the digit
    average indexed earnings, retired at 65, 9 to 1: to the digit
    average indexed earnings, retired at 66, 8 to 1: to the digit
    average indexed earnings, retired at 67, 7 to 1: to the digit
    average indexed earnings, retired at 70, 4 to 1: to the digit
    benefit, initial, at 62, 9 to 1: to the digit
    benefit, initial, at 65, 9 to 1: to the digit
    benefit, in 2024, at 62, 9 to 1: to the digit
    benefit, in 2024, at 65, 9 to 1: to the digit
    """
    taxable = {case["first_year"] + i: x for i, x in enumerate(case["taxable"])}
    averages: dict[tuple[int, int], int] = {}
    for age, rows in case["average"].items():
        for retired in map(int, rows):
            born = retired - int(age)
            career = {
                year: x
                for year, x in taxable.items()
                if born + case["born_age_first"] <= year < retired
            }
            averages[int(age), retired] = hh.average_indexed_earnings(career, born)
    found = [
        compared(
            f"average indexed earnings, retired at {age}",
            [averages[int(age), int(retired)] for retired in rows],
            list(rows.values()),
            1.0,
        )
        for age, rows in case["average"].items()
    ]
    factors = {"62": 1 - case["months_early_at_62"] * hh.EARLY, "65": 1.0}
    for column, until in (("initial", None), ("in_2024", 2024)):
        for age, rows in case[column].items():
            paid = []
            for retired in map(int, rows):
                turned_62 = retired - int(age) + 62
                average = averages[int(age), retired]
                primary = hh.primary_insurance_amount(average, turned_62)
                primary = hh.increased(primary, turned_62, until or retired)
                paid.append(hh.paid_monthly(primary, factors[age]))
            said = column.replace("_", " ")
            found.append(compared(f"benefit, {said}, at {age}", paid, list(rows.values()), 1.0))
    return found


def claiming_ages(case: Case) -> list[Compared]:
    """The share of the full benefit by year of birth and age, and full retirement ages.

    Examples
    --------
    Social Security, age of claiming: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in claiming_ages(read("ssa_claiming_ages")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    full retirement age, months, 9 to 1: to the digit
    share of the full benefit, 81 to 1e-09: to the digit
    """
    ages = case["age"]
    full = case["full_retirement_months"]
    return [
        compared(
            "full retirement age, months",
            [hh.full_retirement_months(int(born)) for born in full],
            list(full.values()),
            1.0,
        ),
        compared(
            "share of the full benefit",
            [[hh.claiming_factor(int(born), 12 * age) for age in ages] for born in case["share"]],
            list(case["share"].values()),
            1e-9,
        ),
    ]


def bend_points(case: Case) -> list[Compared]:
    """The bend points of every year, and some of the family maximum, from average wages.

    Examples
    --------
    Social Security, bend points: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in bend_points(read("ssa_bend_points")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    first bend point, 48 to 1: to the digit
    second bend point, 48 to 1: to the digit
    family maximum, 6 to 1: to the digit
    """
    wages = data.document("retirement_limits")["social_security"]["average_wage_index"]

    def points(base: list[int], year: int) -> list[int]:
        growth = wages[year - case["lag"]] / case["base_wage"]
        return [math.floor(x * growth + 0.5) for x in base]

    years = range(case["first_year"], case["first_year"] + len(case["first"]))
    ours = np.array([points(case["base"], year) for year in years])
    family = case["family"]
    return [
        compared("first bend point", ours[:, 0], case["first"], 1.0),
        compared("second bend point", ours[:, 1], case["second"], 1.0),
        compared(
            "family maximum",
            [points(case["family_base"], int(year)) for year in family],
            list(family.values()),
            1.0,
        ),
    ]


def ruin_package(case: Case) -> list[Compared]:
    """Chances of ruin by the reciprocal gamma law, as another package has them.

    Examples
    --------
    p0bservations, its examples: each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in ruin_package(read("probability_of_ruin_package")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    chance of ruin, 1 to 1e-06: to the digit
    spending for one in ten, 1 to 1e-08: within its notes
    """
    hazard = math.log(2) / case["median_remaining_life"]

    def chance(spending: float) -> float:
        return ruin.constant_hazard_by_moments(case["mean_real"], case["sd"], hazard, 1 / spending)

    low, high = 0.001, 0.2
    for _ in range(60):  # halving: the chance rises with spending
        middle = (low + high) / 2
        low, high = (middle, high) if chance(middle) < 0.1 else (low, middle)
    return [
        compared("chance of ruin", chance(case["spending"]), case["ruin_probability"], 1e-6),
        compared(
            "spending for one in ten",
            middle,
            case["spending_for_one_in_ten"],
            1e-8,
            case["spending_tolerance"],
        ),
    ]


def benefits_worksheet(case: Case) -> list[Compared]:
    """The taxable part of Social Security benefits.

    Examples
    --------
    IRS Direct File, its tests: each quantity, how many values of it were printed, and whether they
    are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in benefits_worksheet(read("direct_file_taxable_benefits")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    taxable benefits, 10 to 0.01: to the digit
    """
    rows = case["taxable_benefits"]
    found = [
        float(taxes.taxable_benefits(x["benefits"], x["other_income"], status=x["status"]))
        for x in rows
    ]
    return [compared("taxable benefits", found, [x["taxable"] for x in rows], 0.01)]


def tax_worksheets(case: Case) -> list[Compared]:
    """Tax on gains and qualified dividends, on investment income, and the deduction for seniors.

    Examples
    --------
    PolicyEngine, its tests: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in tax_worksheets(read("policyengine_us_worksheets")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    tax on gains, 4 to 0.01: to the digit
    tax on investment, 12 to 1: to the digit
    deduction for seniors, 3 to 1: to the digit
    deduction for two seniors, 1 to 1: within its notes
    """
    year = case["gains_year"]
    gains = [
        float(taxes.gains_tax(x["gains"], x["line_1"] - x["gains"], year=year, status="single"))
        for x in case["gains"]
    ]
    invested = [
        float(taxes.net_investment_income_tax(x["income"], x["agi"], status=x["status"]))
        for x in case["investment"]
    ]

    def deducted(rows: list[dict[str, Any]]) -> list[float]:
        year = case["seniors_year"]
        return [
            float(
                taxes.senior_deduction(x["agi"], year=year, status=x["status"], over_65=x["people"])
            )
            for x in rows
        ]

    return [
        compared("tax on gains", gains, [x["tax"] for x in case["gains"]], 0.01),
        compared("tax on investment", invested, [x["tax"] for x in case["investment"]], 1.0),
        compared(
            "deduction for seniors",
            deducted(case["seniors"]),
            [x["deduction"] for x in case["seniors"]],
            1.0,
        ),
        compared(
            "deduction for two seniors",
            deducted(case["seniors_joint"]),
            [x["deduction"] for x in case["seniors_joint"]],
            1.0,
            case["seniors_joint_tolerance"],
        ),
    ]


def joint_periods(case: Case) -> list[Compared]:
    """Distribution periods with a much younger spouse, and two worked distributions.

    Examples
    --------
    IRS joint life table, reprints: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in joint_periods(read("irs_joint_periods_reprinted")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    joint periods, 92 to 0.1: to the digit
    worked distribution, 1 to 0.01: to the digit
    uniform period of a calculator, 1 to 0.1: to the digit
    joint period of a calculator, 1 to 0.1: within its notes
    """
    pairs = [
        (owner, int(spouse), printed)
        for spouse, row in case["period"].items()
        for owner, printed in zip(case["owner"], row, strict=True)
        if owner >= 73 and owner - int(spouse) > 10
    ]
    ours = [distributions.period(owner, spouse) for owner, spouse, _ in pairs]
    told, other = case["example"], case["by_calculator"]
    taken = distributions.required(told["balance"], told["age"], 1950, told["spouse"])
    uniform = distributions.period(other["age"])
    return [
        compared("joint periods", ours, [printed for *_, printed in pairs], 0.1),
        compared("worked distribution", taken, told["distribution"], 0.01),
        compared("uniform period of a calculator", uniform, other["uniform"], 0.1),
        compared(
            "joint period of a calculator",
            distributions.period(other["age"], other["spouse"]),
            other["period"],
            0.1,
            case["by_calculator_tolerance"],
        ),
    ]


def safest_rate(case: Case) -> list[Compared]:
    """Which retirement year had the lowest rate that lasted, and what was it?

    Bonds are rebuilt from yields, and withdrawals come at the end of each year.

    Examples
    --------
    Bengen (1994): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in safest_rate(read("bengen_1994_safemax")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    year of the lowest rate, 1 to 1: to the digit
    lowest rate, 1 to 0.01: within its notes
    """
    yields = data.table("treasury_yields")[f"average_{case['maturity_years']}y"].dropna()
    monthly = bond_returns(yields, case["maturity_years"])
    bonds = (1 + monthly).groupby(pd.DatetimeIndex(monthly.index).year).prod()
    prices = data.table("consumer_prices")["cpi_u"]
    ends = prices.groupby(pd.DatetimeIndex(prices.index).year).last()
    stocks = pd.Series(1 + np.array(case["percent"]) / 100).rename(lambda i: case["first_year"] + i)
    share = case["stocks"]
    growth = ((share * stocks + (1 - share) * bonds) / (ends / ends.shift())).loc[stocks.index]
    runs = np.lib.stride_tricks.sliding_window_view(growth.to_numpy(), case["years"])
    rates = sustainable_rates(runs, at_end=True)
    return [
        compared(
            "year of the lowest rate",
            case["first_year"] + int(np.argmin(rates)),
            case["worst_year"],
            1.0,
        ),
        compared("lowest rate", 100 * rates.min(), case["rate_percent"], 0.01, case["tolerance"]),
    ]
