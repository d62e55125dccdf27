"""Does portlib give the prices, returns, tests and intervals that others printed?

What a record of returns is turned into: inflation from an index of prices, monthly returns from
share prices, weights from returns, measures of performance, tests of forecasts, intervals of a
share. Left out: published records that may not be handed on.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction import tail_risk
from portlib.estimation.inference import wilson
from portlib.records import Array
from portlib.stewardship.model_validation.portfolio_replications import Case, Compared, compared
from portlib.stewardship.monitoring import performance
from portlib.stewardship.real_plan.seen_weights import seen


def _dated(name: str) -> pd.DataFrame:
    table = data.table(name)
    return table.set_axis(pd.DatetimeIndex(table.index))


def yearly_prices(case: Case) -> list[Compared]:
    """Averages of an index of prices by year.

    Examples
    --------
    Minneapolis Fed, prices: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in yearly_prices(read("minneapolis_fed_prices")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    average of the year, 95 to 0.1: within its notes
    """
    prices = _dated("consumer_prices")["cpi_u"]
    last = case["first_year"] + len(case["average"]) - 1
    average = prices.groupby(pd.DatetimeIndex(prices.index).year).mean()
    ours = average.loc[case["first_year"] : last]
    return [compared("average of the year", ours, case["average"], 0.1, case["tolerance"])]


def twelve_months(case: Case) -> list[Compared]:
    """Change of an index of prices over twelve months, percent.

    Examples
    --------
    US Inflation Calculator: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in twelve_months(read("us_inflation_calculator")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    change over twelve months, 144 to 0.1: to the digit
    """
    prices = _dated("consumer_prices")["cpi_u"]
    change = 100 * prices.pct_change(12).dropna().to_numpy()
    printed = np.array(case["change_percent"])
    return [
        compared("change over twelve months", change[: printed.size], printed.ravel(), 0.1),
    ]


def share_prices(case: Case) -> list[Compared]:
    """Monthly returns of a plan's funds from their own share prices.

    Examples
    --------
    Thrift Board, returns: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in share_prices(read("tsp_monthly_returns")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    returns of l_income, 251 to 0.0001: to the digit
    returns of l_2020, 60 to 0.0001: to the digit
    returns of l_2025, 40 to 0.0001: to the digit
    returns of l_2030, 251 to 0.0001: to the digit
    returns of l_2035, 73 to 0.0001: to the digit
    returns of l_2040, 251 to 0.0001: within its notes
    returns of l_2045, 73 to 0.0001: to the digit
    returns of l_2050, 186 to 0.0001: within its notes
    returns of l_2055, 73 to 0.0001: to the digit
    returns of l_2060, 73 to 0.0001: to the digit
    returns of l_2065, 73 to 0.0001: to the digit
    returns of l_2070, 26 to 0.0001: to the digit
    returns of l_2075, 15 to 0.0001: to the digit
    """
    prices = _dated(case["prices"])
    printed = _dated(case["table"])
    ends = prices.resample("ME").last()
    ours = ends / ends.shift() - 1
    rows = []
    for fund in printed.columns.intersection(ours.columns):
        both = pd.DataFrame({"ours": ours[fund], "printed": printed[fund]}).dropna()
        kept = both[~pd.DatetimeIndex(both.index).strftime("%Y-%m").isin(case["left_out"])]
        rows.append(
            compared(f"returns of {fund}", kept["ours"], kept["printed"], 1e-4, case["tolerance"])
        )
    return rows


def known_weights(case: Case) -> list[Compared]:
    """Weights fitted to a quarter of daily returns, where the truth is published.

    Examples
    --------
    Thrift Board, weights: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in known_weights(read("tsp_lifecycle_weights")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    weights, quarter from 2009-01-01, 10 to 0.0001: within its notes
    weights, quarter from 2021-04-01, 50 to 0.0001: within its notes
    weights, quarter from 2024-01-01, 45 to 0.0001: within its notes
    """
    prices = _dated(case["prices"])
    funds = list("gfcsi")
    targets = data.table(case["table"]).reset_index()
    returns = prices / prices.shift() - 1
    rows = []
    for first, last in case["quarters"].items():
        days = returns.loc[first:last]
        of_day = targets[pd.DatetimeIndex(targets["effective"]) == pd.Timestamp(first)]
        truth = of_day.set_index("fund")[funds]
        truth = truth[[name in days and bool(days[name].notna().all()) for name in truth.index]]
        indices = days[funds].to_numpy()
        ours = np.array([seen(days[name].to_numpy(), indices) for name in truth.index])
        rows.append(
            compared(f"weights, quarter from {first}", ours, truth, 1e-4, case["tolerance"])
        )
    return rows


def two_years(case: Case) -> list[Compared]:
    """Measures of 24 months against a benchmark; deviations divide by the number of months.

    Examples
    --------
    Bacon (2008), 24 months: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in two_years(read("bacon_2008_monthly_returns")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    M squared, 1 to 1e-05: to the digit
    Fama's beta, 1 to 0.01: to the digit
    kappa of order two, 1 to 0.001: to the digit
    downside deviation, 1 to 0.0001: to the digit
    specific risk, 1 to 0.0001: to the digit
    modified Treynor ratio, 1 to 0.0001: to the digit
    systematic risk, 1 to 0.001: within its notes
    """
    r, b = np.array(case["portfolio"]) / 100, np.array(case["benchmark"]) / 100
    population = np.sqrt(1 - 1 / len(r))
    risk, other = performance.volatility(r), performance.volatility(b)
    earned = performance.annual_return(r)
    slope = performance.beta(r, b)
    over = r - case["target_percent"] / 100
    kappa = performance.sortino(over) / np.sqrt(12)
    systematic = slope * other * population
    return [
        compared("M squared", earned * other / risk, case["m_squared"], 1e-5),
        compared("Fama's beta", risk / other, case["fama_beta"], 1e-2),
        compared("kappa of order two", kappa, case["kappa_2"], 1e-3),
        compared("downside deviation", over.mean() / kappa, case["downside_deviation"], 1e-4),
        compared(
            "specific risk",
            population * performance.tracking_error(r, slope * b),
            case["specific_risk"],
            1e-4,
        ),
        compared("modified Treynor ratio", earned / systematic, case["modified_treynor"], 1e-4),
        compared(
            "systematic risk",
            systematic,
            case["systematic_risk"],
            1e-3,
            case["systematic_risk_tolerance"],
        ),
    ]


def two_years_by_package(case: Case) -> list[Compared]:
    """Measures of the same 24 months by a package: annual returns geometric, risks times the root
    of 12.

    Their specific risk divides by the number of months, their systematic risk by one less, so that
    the two do not add up to the variance of the portfolio. Their drawdowns take decimals for
    percents, so that returns are added up rather than compounded.

    Examples
    --------
    PerformanceAnalytics, examples: each quantity, how many values of it were printed, and whether
    they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in two_years_by_package(read("performance_analytics_bacon_months")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    M squared, 1 to 1e-07: to the digit
    M squared in excess, geometric and arithmetic, 2 to 1e-08: to the digit
    Fama's beta, 1 to 1e-06: to the digit
    kappa of order two, 1 to 1e-07: to the digit
    downside deviation, 1 to 1e-08: to the digit
    M squared by Sortino's ratio, 1 to 1e-07: to the digit
    Jensen's alpha, 1 to 1e-08: to the digit
    epsilon, 1 to 1e-08: to the digit
    appraisal ratio, over specific risk and over beta, 2 to 1e-07: to the digit
    net selectivity, 1 to 1e-07: to the digit
    specific risk, 1 to 1e-08: to the digit
    systematic risk, 1 to 1e-06: within its notes
    total risk, 1 to 1e-06: within its notes
    modified Treynor ratio, 1 to 1e-07: within its notes
    appraisal ratio over systematic risk, 1 to 1e-07: within its notes
    pain index, 1 to 1e-07: within its notes
    pain ratio, 1 to 1e-06: within its notes
    """
    r, b = np.array(case["portfolio"]) / 100, np.array(case["benchmark"]) / 100
    population = np.sqrt(1 - 1 / len(r))
    earned, other = float(performance.annual_return(r)), float(performance.annual_return(b))
    risks = float(performance.volatility(r)), float(performance.volatility(b))
    slope = performance.beta(r, b)
    specific = population * float(performance.tracking_error(r, slope * b))
    systematic = population * slope * risks[1]
    selected = earned - slope * other
    target = case["target_percent"] / 100
    ratios = [performance.sortino(x - target) for x in (r, b)]
    below = [12 * (x - target).mean() / ratio for x, ratio in zip((r, b), ratios, strict=True)]
    adjusted = earned * risks[1] / risks[0]
    below_peak = float(tail_risk.drawdowns(r).mean())
    allowed = case["tolerance"]
    return [
        compared("M squared", adjusted, case["m_squared"], 1e-7),
        compared(
            "M squared in excess, geometric and arithmetic",
            [(1 + adjusted) / (1 + other) - 1, adjusted - other],
            case["m_squared_excess"],
            1e-8,
        ),
        compared("Fama's beta", risks[0] / risks[1], case["fama_beta"], 1e-6),
        compared("kappa of order two", ratios[0] / np.sqrt(12), case["kappa_2"], 1e-7),
        compared("downside deviation", below[0] / np.sqrt(12), case["downside_deviation"], 1e-8),
        compared(
            "M squared by Sortino's ratio",
            earned + ratios[0] * (below[1] - below[0]) / np.sqrt(12),
            case["m_squared_sortino"],
            1e-7,
        ),
        compared("Jensen's alpha", selected, case["jensen_alpha"], 1e-8),
        compared("epsilon", selected - (r.mean() - slope * b.mean()), case["epsilon"], 1e-8),
        compared(
            "appraisal ratio, over specific risk and over beta",
            [selected / specific, selected / slope],
            case["appraisal"],
            1e-7,
        ),
        compared(
            "net selectivity",
            selected - (risks[0] / risks[1] - slope) * other,
            case["net_selectivity"],
            1e-7,
        ),
        compared("specific risk", specific, case["specific_risk"], 1e-8),
        compared("systematic risk", systematic, case["systematic_risk"], 1e-6, allowed["risk"]),
        compared(
            "total risk",
            float(np.hypot(specific, systematic)),
            case["total_risk"],
            1e-6,
            allowed["risk"],
        ),
        compared(
            "modified Treynor ratio",
            earned / systematic,
            case["modified_treynor"],
            1e-7,
            allowed["treynor"],
        ),
        compared(
            "appraisal ratio over systematic risk",
            selected / systematic,
            case["alternative_appraisal"],
            1e-7,
            allowed["appraisal"],
        ),
        compared("pain index", below_peak, case["pain_index"], 1e-7, allowed["pain_index"]),
        compared(
            "pain ratio", earned / below_peak, case["pain_ratio"], 1e-6, allowed["pain_ratio"]
        ),
    ]


def certified_line(case: Case) -> list[Compared]:
    """Slope, intercept and fit of a certified regression.

    Examples
    --------
    NIST, Norris: each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in certified_line(read("nist_norris")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    slope, 1 to 1e-11: to the digit
    intercept, 1 to 1e-11: to the digit
    share of variance, 1 to 1e-11: to the digit
    """
    y, x = np.array(case["y"]), np.array(case["x"])
    slope = performance.beta(y, x)
    left = y.mean() - slope * x.mean()
    fit = slope * performance.beta(x, y)
    return [
        compared("slope", slope, case["slope"], case["tolerance"]),
        compared("intercept", left, case["intercept"], case["tolerance"]),
        compared("share of variance", fit, case["r_squared"], case["tolerance"]),
    ]


def score_intervals(case: Case) -> list[Compared]:
    """Wilson's interval of a share.

    Examples
    --------
    >>> case = {"hits": [0], "trials": [20], "low": [0.0], "high": [0.1611]}
    >>> [row.verdict for row in score_intervals(case)]
    ['to the digit', 'to the digit']

    Newcombe (1998): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in score_intervals(read("newcombe_1998_score_intervals")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    lower limits, 5 to 0.0001: to the digit
    upper limits, 5 to 0.0001: to the digit
    """
    low, high = wilson(case["hits"], case["trials"])
    return [
        compared("lower limits", low, case["low"], 1e-4),
        compared("upper limits", high, case["high"], 1e-4),
    ]


def _breaches(count: int, days: int) -> Array:
    return np.asarray(np.arange(days) < count)


def acceptance_regions(case: Case) -> list[Compared]:
    """The fewest and the most breaches that are not rejected at 5%.

    Examples
    --------
    Kupiec (1995): each quantity, how many values of it were printed, to which digit, and
    whether they are met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in acceptance_regions(read("kupiec_1995_regions")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    fewest breaches, 5 to 1: to the digit
    most breaches, 5 to 1: to the digit
    """
    found = []
    for days, level in zip(case["days"], case["level"], strict=True):
        likely = range(int(3 * days * (1 - level)) + 5)
        kept = [k for k in likely if tail_risk.kupiec(_breaches(k, days), level).p_value > 0.05]
        found.append((kept[0], kept[-1]))
    fewest, most = zip(*found, strict=True)
    return [
        compared("fewest breaches", fewest, case["fewest"], 1.0),
        compared("most breaches", most, case["most"], 1.0),
    ]


def proportion_of_failures(case: Case) -> list[Compared]:
    """Likelihood ratios and p-values of one record of breaches: their share, their independence,
    and both.

    The record is made again from how often one kind of day followed the other, which is all that
    the tests see of it.

    Examples
    --------
    MathWorks, varbacktest: each quantity, how many values of it were printed, and whether they are
    met.

    >>> from portlib.stewardship.model_validation.replications import read
    >>> for row in proportion_of_failures(read("mathworks_varbacktest")):
    ...     print(f"{row.quantity}, {row.printed.size} to {row.digit:g}: {row.verdict}")
    likelihood ratio, 1 to 1e-05: to the digit
    p-value, 1 to 1e-05: to the digit
    likelihood ratio and p-value of independence, 2 to 1e-05: to the digit
    likelihood ratio and p-value of both, 2 to 1e-05: to the digit
    """
    found = tail_risk.kupiec(_breaches(case["failures"], case["observations"]), case["level"])
    apart = tail_risk.christoffersen(_followed(**case["followed"]))
    both = found.statistic + apart.statistic
    return [
        compared("likelihood ratio", found.statistic, case["likelihood_ratio"], 1e-5),
        compared("p-value", found.p_value, case["p_value"], 1e-5),
        compared(
            "likelihood ratio and p-value of independence",
            [apart.statistic, apart.p_value],
            case["independence"],
            1e-5,
        ),
        compared(
            "likelihood ratio and p-value of both",
            [both, math.exp(-both / 2)],  # chi-squared of two degrees of freedom
            case["both"],
            1e-5,
        ),
    ]


def _followed(*, kept_kept: int, kept_broken: int, broken_kept: int, broken_broken: int) -> Array:
    """A record that begins and ends with a day kept, in which days follow each other so often.

    Examples
    --------
    >>> often = {"kept_kept": 2, "kept_broken": 2, "broken_kept": 2, "broken_broken": 1}
    >>> _followed(**often).astype(int).tolist()
    [0, 0, 0, 1, 1, 0, 1, 0]
    >>> for wrong in ({"broken_kept": 1}, {"kept_broken": 0, "broken_kept": 0}):
    ...     try:
    ...         _followed(**often | wrong)
    ...     except ValueError as error:
    ...         print(str(error).partition(":")[0])
    2 runs of breaches begin and 1 end
    0 runs of breaches begin and 0 end
    """
    if kept_broken != broken_kept or kept_broken < 1:
        raise ValueError(
            f"{kept_broken} runs of breaches begin and {broken_kept} end: a record that ends kept "
            "has as many of both"
        )
    quiet = [False] * (kept_kept + 1)
    first = [True] * (broken_broken + 1)
    return np.array(quiet + first + [False, True] * (kept_broken - 1) + [False])
