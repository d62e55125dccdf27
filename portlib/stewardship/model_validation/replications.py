"""Does portlib give the numbers that others printed, case by case and none skipped?

Each published case is a file of facts, ``cases/<case>.json`` beside this module, and one runner
recomputes it: those of portfolios and estimates in `portfolio_replications`, whole tables of
retirement in `retirement_replications`, records and tests in `record_replications`, the rest here.
`missing` compares the files with the runners. A quantity that misses its last printed digit is
listed in `EXPLAINED` with the reason and who is right, or with the word that it is unknown. Left
out: published figures that no file holds; chapters check those.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from portlib import data
from portlib.kept import Kept, marked
from portlib.retirement import glidepaths, taxes
from portlib.retirement import household as hh
from portlib.retirement.asset_location import Rates, deferred_growth, taxable_growth
from portlib.retirement.glidepaths.human_capital import LifecycleModel, solve
from portlib.retirement.retirement_income import ruin
from portlib.stewardship.governance import signatures
from portlib.stewardship.model_validation import portfolio_replications as portfolios
from portlib.stewardship.model_validation import record_replications as records
from portlib.stewardship.model_validation import retirement_replications as retirement
from portlib.stewardship.model_validation.portfolio_replications import Case, Compared, compared
from portlib.stewardship.monitoring import attribution, performance


class Unfiled(ValueError):
    """A file of the checkout that the validation reads is not there, or is none of those that it
    knows."""


#: The folder of published cases, one file of facts each.
#:
#: :meta hide-value:
CASES = Path(__file__).parent / "cases"
#: What a lifecycle case came to, which takes a dynamic programme.
_POINTS: Kept[pd.DataFrame] = Kept(8)


class Miss(NamedTuple):
    """Why a quantity misses its last printed digit, and whose number is right: ``ours``,
    ``theirs``, ``neither`` exactly, or ``unknown``."""

    reason: str
    right: str


INTERPOLATED = Miss("interpolated between portfolios, by an unknown rule", "ours")
SPLINES = Miss("their program searches a grid and interpolates by splines", "neither")
SHORT = Miss("inputs printed to fewer digits than the result needs", "theirs")
CUT = Miss("a digit cut off, not rounded", "ours")
FOUR = Miss("share prices are printed to four decimals", "theirs")
HIGHER = Miss(
    "their returns are rounded too, and their variances the higher ones: a solver's tolerance",
    "ours",
)
FLAT = Miss(
    "their solver stopped where the variance is flat; ours meets the conditions of optimality",
    "ours",
)
HUNDREDTH = Miss("decimals taken for percents: returns are added up, not compounded", "ours")
UNEVEN = Miss("one part of the risk divides by the months, the other by one less", "ours")
FITTED = Miss("fitted to returns: weights drift within the day, prices are rounded", "theirs")
#: Why a quantity misses its last printed digit and who is right, by case and quantity.
EXPLAINED = {
    ("bodie_kane_marcus_two_risky_assets", "risky share"): Miss(
        "computed from a volatility already rounded", "ours"
    ),
    ("cocco_gomes_maenhout_2005", "equity share"): SPLINES,
    ("cocco_gomes_maenhout_2005", "consumption"): SPLINES,
    ("idzorek_2004_table6", "implied returns, percent"): SHORT,
    ("idzorek_2004_table6", "variance of views, percent"): SHORT,
    ("idzorek_2004_table6", "weights"): SHORT,
    ("maillard_roncalli_teiletche_2010_erc", "shares of risk, equal weights"): CUT,
    ("mathworks_frontcon_portalloc", "weights of the allocation"): INTERPOLATED,
    ("mathworks_frontcon_portalloc", "risks and returns of the allocation"): INTERPOLATED,
    ("rockafellar_uryasev_2000_cvar", "weights"): Miss(
        "not the optimum; their solver seems to have stopped early", "ours"
    ),
    ("rockafellar_uryasev_2000_cvar", "value at risk"): Miss(
        "unknown: one of six printed tail figures misses by one unit", "unknown"
    ),
    ("bacon_multi_period_attribution", "allocation, carino"): Miss(
        "two totals are not the sums of their own printed quarters, which are ours", "ours"
    ),
    ("ssa_period_life_table_2023", "life expectancy at the last ages"): Miss(
        "the agency's lives go on beyond 120, ours end there", "theirs"
    ),
    ("cooley_hubbard_walz_1998", "percent of periods that lasted"): Miss(
        "unknown: 3 of 40 by one period of 56; returns with more digits would do it", "unknown"
    ),
    ("probability_of_ruin_package", "spending for one in ten"): Miss(
        "their root is found to a tolerance; at it the chance is not one in ten", "ours"
    ),
    ("minneapolis_fed_prices", "average of the year"): Miss(
        "the bureau averaged an index of another base, with other digits", "theirs"
    ),
    ("bacon_2008_monthly_returns", "systematic risk"): Miss(
        "the point is one place too far left; their own Treynor ratio needs ours", "ours"
    ),
    ("orlib_port1", "variance at each return"): HIGHER,
    ("orlib_port1", "return of the least risk"): FLAT,
    ("orlib_port2", "variance at each return"): Miss("their returns are rounded too", "theirs"),
    ("orlib_port2", "return of the least risk"): FLAT,
    ("orlib_port3", "variance at each return"): HIGHER,
    ("orlib_port3", "return of the least risk"): FLAT,
    ("orlib_port4", "variance at each return"): HIGHER,
    ("orlib_port4", "return of the least risk"): FLAT,
    ("performance_analytics_bacon_months", "systematic risk"): UNEVEN,
    ("performance_analytics_bacon_months", "total risk"): UNEVEN,
    ("performance_analytics_bacon_months", "modified Treynor ratio"): UNEVEN,
    ("performance_analytics_bacon_months", "appraisal ratio over systematic risk"): UNEVEN,
    ("performance_analytics_bacon_months", "pain index"): HUNDREDTH,
    ("performance_analytics_bacon_months", "pain ratio"): HUNDREDTH,
    ("policyengine_us_worksheets", "deduction for two seniors"): Miss(
        "6% taken from both amounts together; Schedule 1-A takes it from each", "ours"
    ),
    ("irs_joint_periods_reprinted", "joint period of a calculator"): Miss(
        "not the regulation's table; the other reprint has ours", "ours"
    ),
    ("bengen_1994_safemax", "lowest rate"): Miss(
        "bonds rebuilt from average yields; the study had a vendor's returns", "theirs"
    ),
    ("tsp_monthly_returns", "returns of l_2040"): FOUR,
    ("tsp_monthly_returns", "returns of l_2050"): FOUR,
    ("tsp_lifecycle_weights", "weights, quarter from 2009-01-01"): FITTED,
    ("tsp_lifecycle_weights", "weights, quarter from 2021-04-01"): FITTED,
    ("tsp_lifecycle_weights", "weights, quarter from 2024-01-01"): FITTED,
}


# ---- retirement ----------------------------------------------------------------------------------


def _accumulation(case: Case) -> list[Compared]:
    late = case["deferred_gain"]
    sheltered = case["tax_deferred"]
    again = case["deferred_gain_second"]
    kept = taxable_growth(late["return"], late["years"], _flat(late["gains_rate"]))
    whole = deferred_growth(sheltered["return"], sheltered["years"], _flat(sheltered["rate"]))
    grown = again["before_tax"] / again["value"] - 1
    return [
        compared("deferred gain", late["value"] * kept, late["after_tax"], 1.0),
        compared(
            "tax-deferred account", sheltered["value"] * whole, sheltered["after_tax"], 1000.0
        ),
        compared(
            "second deferred gain",
            again["value"] * taxable_growth(grown, 1, _flat(again["gains_rate"])),
            again["after_tax"],
            1e-4,
        ),
    ]


def _flat(rate: float) -> Rates:
    return Rates(rate, rate, rate, rate)


def _taxes(case: Case) -> list[Compared]:
    schedules = [
        (float(taxes.ordinary_tax(foot, year=case["year"], status=status)), printed)
        for status, rows in case["tax_at_foot_of_bracket"].items()
        for foot, printed in rows
    ]
    ours, printed = np.array(schedules).T
    found = [
        float(taxes.taxable_benefits(x["benefits"], x["other_income"], status=x["status"]))
        for x in case["taxable_benefits"]
    ]
    return [
        compared("tax at the foot of each bracket", ours, printed, 0.01),
        compared("taxable benefits", found, [x["taxable"] for x in case["taxable_benefits"]], 1.0),
    ]


def _social_security(case: Case) -> list[Compared]:
    """Averages, full benefits and payments of the agency's own careers."""
    careers = case["careers"]
    averages = [
        hh.average_indexed_earnings({int(y): x for y, x in one["earnings"].items()}, one["born"])
        for one in careers
    ]
    known = [*careers, *case["from_average"]]
    primary = [
        hh.increased(
            hh.primary_insurance_amount(one["average"], one["born"] + 62),
            one["born"] + 62,
            one["retires"],
        )
        for one in known
    ]
    drawn = [one for one in known if "paid" in one]
    paid = [
        hh.paid_monthly(
            one["primary"],
            hh.claiming_factor(
                one["born"], hh.full_retirement_months(one["born"]) - one["months_early"]
            ),
        )
        for one in drawn
    ]
    factors = {"worker": hh.claiming_factor, "spouse": hh.spouse_factor}
    reduced = [
        math.floor(round(10 * one["of"] * factors[one["kind"]](1960, 804 - one["months_early"]), 6))
        / 10
        for one in case["reductions"]
    ]
    return [
        compared("average indexed earnings", averages, [x["average"] for x in careers], 1.0),
        compared("full benefit a month", primary, [x["primary"] for x in known], 0.1),
        compared("paid a month", paid, [x["paid"] for x in drawn], 1.0),
        compared("reduced benefits", reduced, [x["reduced"] for x in case["reductions"]], 0.1),
    ]


def _lifetimes(case: Case) -> list[Compared]:
    period = taxes.distribution_period(case["ages"])
    told = case["example"]
    due = taxes.required_minimum_distribution(told["balance"], told["age"], 2026 - told["age"])
    return [
        compared("periods", period, case["distribution_period"], 0.1),
        compared("percent of the balance", 100 / period, case["percent_of_balance"], 0.01),
        compared("worked distribution", float(due), told["rmd"], 1.0),
    ]


def lifecycle_model(case: Case, *, permanent: bool) -> LifecycleModel:
    """Cocco, Gomes and Maenhout's model with the case's inputs, for an income shock that stays or
    not.

    Examples
    --------
    >>> case = read("cocco_gomes_maenhout_2005")
    >>> model = lifecycle_model(case, permanent=True)
    >>> given = case["inputs"]
    >>> model.permanent, round(1 + model.rf - given["rf_gross"], 12), len(model.log_income)
    (True, 0.0, 46)
    >>> first = sum(
    ...     c * 20**k for k, c in enumerate(given["income_poly"])
    ... )  # the polynomial at age 20
    >>> given["age_first"], bool(np.isclose(model.log_income[0], first))
    (20, True)
    """
    given = case["inputs"]
    ages = np.arange(given["age_first"], given["age_last_income"] + 1)
    return LifecycleModel(
        first_age=given["age_first"],
        last_working_age=given["age_last_income"],
        last_age=given["age_last_decision"],
        survival=np.array(given["survival"]),
        log_income=np.polynomial.polynomial.polyval(ages, given["income_poly"]),
        replacement=given["replacement"],
        var_transitory=given["var_transitory"],
        var_permanent=given["var_permanent"],
        permanent=permanent,
        discount=given["delta"],
        risk_aversion=given["gamma"],
        rf=given["rf_gross"] - 1,
        premium=given["equity_premium"],
        volatility=given["sigma_r"],
    )


def lifecycle_points(case: Case, *, permanent: bool) -> pd.DataFrame:
    """Cocco, Gomes and Maenhout's policy at the filed points, beside the one for an income shock
    that stays or not.

    Columns: age, cash, and ``share``, ``consumption`` with ``printed_share``,
    ``printed_consumption``.

    Examples
    --------
    Where the shock is drawn afresh each year, as the authors' program has it, the printed figures
    come out; where it lasts, as their article says, they do not.

    >>> case = read("cocco_gomes_maenhout_2005")
    >>> programmed, written = (lifecycle_points(case, permanent=stays) for stays in (False, True))
    >>> off = [(x["share"] - x["printed_share"]).abs().max() for x in (programmed, written)]
    >>> bool(off[0] <= case["tolerance"]["share"]), bool(off[1] > 0.1)
    (True, True)
    >>> printed = [x for told in case["policy"].values() for x in told["consumption"]]
    >>> programmed["printed_consumption"].tolist() == printed
    True
    >>> bool((programmed["consumption"] <= programmed["cash"] + 1e-9).all())
    True

    It goes on in ``replications.md``.
    """
    mark = marked(case)
    name = None if mark is None else (mark, permanent)
    return _POINTS.get(name, lambda: _lifecycle_points(case, permanent=permanent)).copy()


def _lifecycle_points(case: Case, *, permanent: bool) -> pd.DataFrame:
    given = case["inputs"]
    model = lifecycle_model(case, permanent=permanent)
    policy = solve(model)
    cash = np.array(given["cash_on_hand"], float)
    parts = []
    for name, printed in case["policy"].items():
        age = int(name)
        unit = (
            np.exp(model.log_income[min(age, given["age_last_income"]) - given["age_first"]])
            if permanent
            else 1.0
        )
        parts.append(
            pd.DataFrame(
                {
                    "age": age,
                    "cash": cash,
                    "share": policy.share(age, cash / unit),
                    "printed_share": np.array(printed["share"], float),
                    "consumption": unit * policy.consumption(age, cash / unit),
                    "printed_consumption": printed["consumption"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _lifecycle(case: Case) -> list[Compared]:
    points = lifecycle_points(case, permanent=False)
    allowed = case["tolerance"]
    # where nothing is saved no share is printed; where one is, ours must be a number
    held = points[points["printed_share"].notna()]
    return [
        compared("equity share", held["share"], held["printed_share"], 0.01, allowed["share"]),
        compared(
            "consumption",
            points["consumption"],
            points["printed_consumption"],
            0.25,
            allowed["consumption"],
        ),
    ]


def _ruin(case: Case) -> list[Compared]:
    hazard = math.log(2) / case["median_remaining_life"]
    ours = [
        ruin.constant_hazard_by_moments(case["mean_real"], case["sd"], hazard, wealth)
        for wealth in (case["wealth_over_spending"], 1 / case["spending_rate_for_10pct_ruin"])
    ]
    return [
        compared("implied mortality", hazard, case["implied_mortality"], 1e-4),
        compared("chance of ruin, by their formula", ours[0], case["ruin_probability"], 1e-3),
        compared("chance at the rate for one in ten", ours[1], 0.1, 1e-3),
    ]


def _target_dates(case: Case) -> list[Compared]:
    points = (
        data.table("published_glidepaths")
        .set_index(["provider", "years_to_retirement"])["equity"]
        .sort_index()
    )
    path = next(
        p
        for name, p in glidepaths.published().items()
        if name.startswith("Vanguard") and "unverified" in name
    )
    landing = case["landing_2017"]
    after = [landing[name]["years_after"] for name in ("vanguard", "fidelity")]
    return [
        compared(
            "equity near the target date",
            points["Vanguard Target Retirement", 1],
            case["vanguard_2025_fund_equity_2024_09"],
            1e-4,
        ),
        compared(
            "equity at the target date",
            float(path.equity_at(0)),
            case["equity_at_target_2017"]["vanguard"],
            0.01,
        ),
        compared(
            "landing points",
            [float(path.equity_at(-after[0])), points["Fidelity Freedom", -after[1]]],
            [landing["vanguard"]["equity"], landing["fidelity"]["equity"]],
            0.01,
        ),
    ]


# ---- stewardship ---------------------------------------------------------------------------------


def _attribution(case: Case) -> list[Compared]:
    wp = np.array(case["portfolio_weights"])
    wb = np.array(case["benchmark_weights"])
    rp = np.array(case["portfolio_returns"])
    rb = np.array(case["benchmark_returns"])
    effects = attribution.brinson_fachler(wp, wb, rp, rb)._asdict()
    names = ("allocation", "selection", "interaction")
    totals = case["totals"]
    return [
        compared("returns", [wp @ rp, wb @ rb], [case["portfolio"], case["benchmark"]], 1e-3),
        compared("effects", [effects[n] for n in names], [case[n] for n in names], 1e-4),
        compared(
            "totals",
            [*(effects[n].sum() for n in names), sum(effects[n].sum() for n in names)],
            [*(totals[n] for n in names), totals["active"]],
            1e-3,
        ),
    ]


def _linked(case: Case) -> list[Compared]:
    """Effects of quarters, and made to add up to the year's by two methods; sums last."""
    wp, wb, rp, rb = (
        np.array(case[f"{whose}_{what}"], float)
        for what in ("weights", "returns")
        for whose in ("portfolio", "benchmark")
    )
    effects = attribution.brinson_fachler(wp, wb, rp, rb)
    parts = {
        "allocation": effects.allocation,
        "selection": effects.selection + effects.interaction,
    }
    active = (wp * rp).sum(axis=1), (wb * rb).sum(axis=1)
    coefficients = {
        "each_quarter": np.ones(len(rp)),
        "carino": attribution.carino(*active),
        "menchero": attribution.menchero(*active),
    }
    rows = []
    for method, by in coefficients.items():
        for name, part in parts.items():
            ours = by[:, None] * part
            if method != "each_quarter":
                ours = np.vstack([ours, ours.sum(axis=0)])
            ours = np.column_stack([ours, ours.sum(axis=1)])
            said = method.replace("_", " ")
            rows.append(
                compared(f"{name}, {said}", ours, case[method][name], 1e-4, case["tolerance"])
            )
    return rows


def _sharpe_errors(case: Case) -> list[Compared]:
    found = []
    for ratio in case["standard_errors"]:
        shapes = [np.linspace(-1, 1, count) for count in case["observations"]]
        found.append(
            [performance.sharpe(x / x.std(ddof=1) + float(ratio)).error_if_normal for x in shapes]
        )
    factors = [performance.eta(12, rho ** np.arange(1, 12)) for rho in case["rho"]]
    return [
        compared("standard errors", found, list(case["standard_errors"].values()), 1e-3),
        compared("factors to a year", factors, case["eta_12"], 1e-2),
    ]


def _typed_data(case: Case) -> list[Compared]:
    rows = []
    for name in ("one", "lists"):
        ours = signatures.digest(case[name]["full"])
        printed = bytes.fromhex(case[name]["digest"])
        rows.append(compared(f"digest, {name}, byte by byte", list(ours), list(printed), 1.0))
        same = (
            signatures.encode_type("Mail", case[name]["full"]["types"])
            == case[name]["encoded_type"]
        )
        rows.append(compared(f"encoded type, {name}", float(same), 1.0, 1.0))
    return rows


# ---- the cases -----------------------------------------------------------------------------------

#: The source in short, the chapter that stands on it, and what recomputes it.
RUNNERS: dict[str, tuple[str, str, Callable[[Case], list[Compared]]]] = {
    "geometric_arithmetic_portfolio_return_30y": (
        "note on multi-period returns",
        "capital_market_assumptions",
        portfolios.geometric,
    ),
    "ledoit_wolf_reference_data_A": (
        "Ledoit and Wolf's code, four papers",
        "shrinkage",
        portfolios.shrunk,
    ),
    "higham_2002_3x3": ("Higham (2002)", "shrinkage", portfolios.higham),
    "bailey_lopezdeprado_2013_cla": (
        "Bailey and López de Prado (2013)",
        "mean_variance",
        portfolios.turning_points,
    ),
    "bodie_kane_marcus_two_risky_assets": (
        "Bodie, Kane and Marcus",
        "mean_variance",
        portfolios.two_assets,
    ),
    "mathworks_frontcon_portalloc": (
        "MathWorks, allocation of capital",
        "mean_variance",
        portfolios.frontcon,
    ),
    "mathworks_group_constrained_frontier": (
        "MathWorks, group limits",
        "mean_variance",
        portfolios.groups,
    ),
    "he_litterman_1999_tables_2_to_5": (
        "He and Litterman (1999)",
        "black_litterman",
        portfolios.he_litterman,
    ),
    "idzorek_2004_table6": ("Idzorek (2004)", "black_litterman", portfolios.idzorek),
    "maillard_roncalli_teiletche_2010_erc": (
        "Maillard and others (2010)",
        "risk_parity",
        portfolios.equal_risk,
    ),
    "roncalli_2013_three_asset_budgeting": ("Roncalli (2013)", "risk_parity", portfolios.budgets),
    "lopezdeprado_2016_hrp": ("López de Prado (2016)", "risk_parity", portfolios.hierarchical),
    "rockafellar_uryasev_2000_cvar": (
        "Rockafellar and Uryasev (2000)",
        "tail_risk",
        portfolios.cvar,
    ),
    "cocco_gomes_maenhout_2005": ("Cocco and others (2005)", "glidepaths", _lifecycle),
    "milevsky_robinson_2005_ruin": ("Milevsky and Robinson (2005)", "glidepaths", _ruin),
    "irs_uniform_lifetime_table_2022": ("26 CFR 1.401(a)(9)-9(c)", "glidepaths", _lifetimes),
    "target_date_glidepath_facts": ("target-date funds, secondary", "glidepaths", _target_dates),
    "cfa_after_tax_accumulation": ("CFA curriculum, quoted", "asset_location", _accumulation),
    "ssa_benefit_examples": ("Social Security, examples", "retirement_income", _social_security),
    "irs_worked_taxes": ("IRS schedules and examples", "asset_location", _taxes),
    "bacon_brinson_fachler": ("Bacon (2008)", "monitoring", _attribution),
    "bacon_multi_period_attribution": ("Bacon (2008), quarters", "monitoring", _linked),
    "lo_2002_sharpe_standard_errors": ("Lo (2002)", "monitoring", _sharpe_errors),
    "eip712_typed_data": ("EIP-712, its own example", "audit_log", _typed_data),
    "nag_nearest_correlation": ("NAG, G02AA", "shrinkage", portfolios.nearest_by_newton),
    "riskparity_vanilla_design": (
        "riskparity.py, its test",
        "risk_parity",
        portfolios.tricky_budgets,
    ),
    "component_value_at_risk": (
        "Bionic Turtle, after Jorion",
        "risk_parity",
        portfolios.component_risk,
    ),
    "ssa_period_life_table_2023": (
        "Social Security, life table",
        "retirement_income",
        retirement.expectations,
    ),
    "soa_standard_ultimate_life_table": (
        "Society of Actuaries (2018)",
        "retirement_income",
        retirement.life_table,
    ),
    "bowers_illustrative_life_table": (
        "Bowers and others (1997)",
        "retirement_income",
        retirement.life_table,
    ),
    "cooley_hubbard_walz_1998": (
        "Cooley, Hubbard and Walz (1998)",
        "retirement_income",
        retirement.withdrawals,
    ),
    "ssa_maximum_earnings": (
        "Social Security, most earnings",
        "retirement_income",
        retirement.maximum_earnings,
    ),
    "ssa_claiming_ages": (
        "Social Security, age of claiming",
        "retirement_income",
        retirement.claiming_ages,
    ),
    "ssa_bend_points": (
        "Social Security, bend points",
        "retirement_income",
        retirement.bend_points,
    ),
    "probability_of_ruin_package": (
        "p0bservations, its examples",
        "glidepaths",
        retirement.ruin_package,
    ),
    "minneapolis_fed_prices": (
        "Minneapolis Fed, prices",
        "capital_market_assumptions",
        records.yearly_prices,
    ),
    "us_inflation_calculator": (
        "US Inflation Calculator",
        "capital_market_assumptions",
        records.twelve_months,
    ),
    "tsp_monthly_returns": ("Thrift Board, returns", "real_plan", records.share_prices),
    "tsp_lifecycle_weights": ("Thrift Board, weights", "style_analysis", records.known_weights),
    "bacon_2008_monthly_returns": ("Bacon (2008), 24 months", "monitoring", records.two_years),
    "nist_norris": ("NIST, Norris", "monitoring", records.certified_line),
    "newcombe_1998_score_intervals": (
        "Newcombe (1998)",
        "forecast_record",
        records.score_intervals,
    ),
    "kupiec_1995_regions": ("Kupiec (1995)", "tail_risk", records.acceptance_regions),
    "mathworks_varbacktest": (
        "MathWorks, varbacktest",
        "tail_risk",
        records.proportion_of_failures,
    ),
    "orlib_port1": ("OR-Library, port1", "mean_variance", portfolios.library_frontier),
    "orlib_port2": ("OR-Library, port2", "mean_variance", portfolios.library_frontier),
    "orlib_port3": ("OR-Library, port3", "mean_variance", portfolios.library_frontier),
    "orlib_port4": ("OR-Library, port4", "mean_variance", portfolios.library_frontier),
    "performance_analytics_bacon_months": (
        "PerformanceAnalytics, examples",
        "monitoring",
        records.two_years_by_package,
    ),
    "direct_file_taxable_benefits": (
        "IRS Direct File, its tests",
        "asset_location",
        retirement.benefits_worksheet,
    ),
    "policyengine_us_worksheets": (
        "PolicyEngine, its tests",
        "asset_location",
        retirement.tax_worksheets,
    ),
    "irs_joint_periods_reprinted": (
        "IRS joint life table, reprints",
        "retirement_income",
        retirement.joint_periods,
    ),
    "bengen_1994_safemax": ("Bengen (1994)", "retirement_income", retirement.safest_rate),
}


def checkout(*parts: str) -> Path:
    """A file or folder of the checkout outside ``data/``: the one place that knows where they are.

    Raises `Unfiled` when it is not there.

    Examples
    --------
    >>> checkout("data", "policy.yml").name
    'policy.yml'
    >>> checkout("data", "nothing.yml")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.model_validation.replications.Unfiled: data/nothing.yml is not in ...

    It goes on in ``replications.md``.
    """
    path = data.ROOT.parent.joinpath(*parts)
    if not path.exists():
        raise Unfiled(
            f"{'/'.join(parts)} is not in this checkout; the validation reads the whole repository"
        )
    return path


def _case(case: str) -> Path:
    path = CASES / f"{case}.json"
    if not path.exists():
        raise Unfiled(f"cases/{case}.json is not there; {', '.join(sorted(RUNNERS))} have a runner")
    return path


def read(case: str) -> dict[str, Any]:
    """The facts of a case; `Unfiled` when there is no such file.

    Examples
    --------
    >>> read("bodie_kane_marcus_two_risky_assets")["rf"]
    0.05
    >>> read("nothing")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.model_validation.replications.Unfiled: cases/nothing.json is not there; ...

    It goes on in ``replications.md``.
    """
    content: dict[str, Any] = json.loads(_case(case).read_text(encoding="utf-8"))
    return content


def missing() -> list[str]:
    """Cases that have a file and no runner, or a runner and no file.

    Examples
    --------
    >>> missing()
    []

    Where one is missing, nothing is run:

    >>> from unittest.mock import patch
    >>> fewer = {name: told for name, told in RUNNERS.items() if not name.startswith("orlib_port")}
    >>> with patch(f"{__name__}.RUNNERS", {**fewer, "a_new_one": None}):
    ...     missing()
    ...     try:
    ...         run()
    ...     except Unfiled as error:
    ...         print(str(error).partition(": ")[2])
    ['a_new_one', 'orlib_port1', 'orlib_port2', 'orlib_port3', 'orlib_port4']
    a_new_one, orlib_port1, orlib_port2, orlib_port3, orlib_port4
    """
    filed = {path.stem for path in CASES.glob("[!.]*.json")}
    return sorted(filed ^ set(RUNNERS))


def run() -> dict[str, list[Compared]]:
    """Recompute every case; `Unfiled` names cases that cannot be, rather than skip them.

    Examples
    --------
    Every case is met to the last digit that its source printed but for those that `EXPLAINED`
    explains, and none of these beyond what is explained.

    >>> found = run()
    >>> list(found) == list(RUNNERS)
    True
    >>> rows = [(case, row) for case, told in found.items() for row in told]
    >>> {(case, row.quantity) for case, row in rows if row.verdict != "to the digit"} == set(
    ...     EXPLAINED
    ... )
    True
    >>> {row.verdict for case, row in rows if (case, row.quantity) in EXPLAINED}
    {'within its notes'}

    It goes on in ``replications.md``.
    """
    if odd := missing():
        raise Unfiled(
            f"a published case needs a file and a runner, and these lack one: {', '.join(odd)}"
        )
    return {case: runner(read(case)) for case, (_, _, runner) in RUNNERS.items()}
