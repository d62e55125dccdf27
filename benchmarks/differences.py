"""Where our numbers differ from a library's: each row computes both, on SYNTHETIC data, with the
library's defaults.

Ours is what portlib returns; theirs is what the library returns for the same input and the nearest
question; `mended` is theirs again with the remedy that the row names. A row whose difference has
gone, or whose remedy does not mend, is an error: the page that shows the table must not claim what
is no longer so.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from peers import Work, fortitudo_frontier, riskfolio_utility, skfolio_utility
from pypfopt import EfficientFrontier, expected_returns, risk_models
from skfolio.optimization import EqualWeighted
from sklearn.covariance import empirical_covariance
from synthetic import universe

from portlib.construction.mean_variance import maximum_sharpe, maximum_utility, minimum_risk
from portlib.estimation.capital_market_assumptions import annualised

#: Relative difference below which two numbers count as the same.
SAME = 1e-9


@dataclass(frozen=True)
class Difference:
    """One number computed twice; `why` says what makes them differ, `remedy` when they would not.

    `mended` is theirs with the remedy, nan where there is none; it must come within `tolerance` of
    ours, which is rounding for a formula and the solver's accuracy for an optimum.
    """

    quantity: str
    library: str
    ours: float
    theirs: float
    unit: str
    why: str
    remedy: str = "none found"
    mended: float = math.nan
    tolerance: float = 1e-10


def _estimates() -> Iterator[Difference]:
    u = universe(10, 111)
    ours, first, months = annualised(u.returns), u.returns.columns[0], len(u.returns)

    def mean(**options: Any) -> float:
        return float(
            expected_returns.mean_historical_return(u.returns, returns_data=True, **options)[first]
        )

    def volatility(**options: Any) -> float:
        return float(
            np.sqrt(
                risk_models.sample_cov(u.returns, returns_data=True, **options).loc[first, first]
            )
        )

    yield Difference(
        "expected return of one asset from its monthly returns",
        "PyPortfolioOpt",
        100 * ours.mu[0],
        100 * mean(frequency=12),
        "% a year",
        "`mean_historical_return` compounds unless told (a geometric mean); an optimiser takes "
        "arithmetic means",
        "`compounding=False`",
        100 * mean(frequency=12, compounding=False),
    )
    yield Difference(
        "volatility of that asset",
        "PyPortfolioOpt",
        100 * ours.volatility[0],
        100 * volatility(),
        "% a year",
        "`sample_cov` takes 252 periods a year unless told, and the returns are monthly",
        "`frequency=12`",
        100 * volatility(frequency=12),
    )
    divided = 100 * np.sqrt(12 * empirical_covariance(u.returns.to_numpy())[0, 0])
    yield Difference(
        "volatility of that asset",
        "scikit-learn",
        100 * ours.volatility[0],
        divided,
        "% a year",
        f"`empirical_covariance` divides by T, here {months}; portlib by T - 1",
        "multiply variances by T / (T - 1)",
        divided * math.sqrt(months / (months - 1)),
    )
    equal = EqualWeighted().fit(u.returns).predict(u.returns)
    theirs = 100 * equal.annualized_standard_deviation
    equal.annualization_factor = 12
    yield Difference(
        "volatility of equal weights in ten assets",
        "skfolio",
        100 * ours.risk_of(np.full(10, 0.1)),
        theirs,
        "% a year",
        "a portfolio's `annualization_factor` is 252 unless told, and the returns are monthly",
        "`annualization_factor=12`",
        100 * equal.annualized_standard_deviation,
    )


def _choices() -> Iterator[Difference]:
    u = universe(10, 111)
    a, work = u.assumptions, Work(u.assumptions, u.returns, 1.0, np.zeros((0, 10)), np.zeros(0))
    ours = 100 * maximum_utility(a, risk_aversion=4.0).risk
    for library, option, solve in (
        ("skfolio", "`risk_aversion`", skfolio_utility),
        ("Riskfolio-Lib", "`l`", riskfolio_utility),
    ):
        yield Difference(
            "volatility of the best portfolio for a risk aversion of 4",
            library,
            ours,
            100 * a.risk_of(solve(work, 4.0)),
            "% a year",
            f"{option} multiplies the variance; in portlib A multiplies half of it",
            "half the number",
            100 * a.risk_of(solve(work, 2.0)),
            1e-4,
        )
    wide = universe(120, 351).assumptions
    solver = EfficientFrontier(wide.mu, wide.sigma)
    raw, least = np.array(list(solver.min_volatility().values())), minimum_risk(wide).w
    cleaned = np.array(list(solver.clean_weights().values()))
    moved = int(np.abs(cleaned - least).argmax())
    yield Difference(
        "one weight in the portfolio of least risk of 120 assets",
        "PyPortfolioOpt",
        100 * least[moved],
        100 * cleaned[moved],
        "%",
        "`clean_weights` drops what is below 0.0001 and rounds to five digits",
        "the raw weights",
        100 * raw[moved],
        1e-6,
    )
    best = maximum_sharpe(a).sharpe
    grid = {points: max(map(a.sharpe_of, fortitudo_frontier(work, points))) for points in (9, 120)}
    yield Difference(
        "greatest Sharpe ratio of ten assets",
        "fortitudo.tech",
        best,
        grid[9],
        "ratio",
        "no such objective: the best of its frontier's nine points; portlib reads between the "
        "corners, exactly "
        f"(of 120 points the best is still short by {best - grid[120]:.1g})",
    )


def _measured(
    rows: Sequence[dict[str, Any]], trials: Sequence[dict[str, Any]]
) -> Iterator[Difference]:
    """Differences that the timed cases show already."""
    found = {row["contestant"]: row for row in rows if row["case"].startswith("frontier")}
    work, missing = found["portlib"]["size"], 120 - found["PyPortfolioOpt"]["points"]
    yield Difference(
        f"largest breach of a rule along a frontier, {work}",
        "PyPortfolioOpt",
        found["portlib"]["violation"],
        found["PyPortfolioOpt"]["violation"],
        "weight",
        "its default engine, OSQP, is a first-order method that stops early on a singular "
        "covariance "
        f"(targets refused: {missing} of 120)",
        '`solver="CLARABEL"`',
        found["PyPortfolioOpt, Clarabel"]["violation"],
        1e-8,
    )
    yield Difference(
        f"largest excess of variance along a frontier, {work}",
        "fortitudo.tech",
        found["portlib"]["objective_gap"],
        found["fortitudo.tech"]["objective_gap"],
        "relative",
        "CVXOPT's interior point stops at its tolerance; portlib's segments are exact, and piqp "
        "judges them",
    )
    judged = [trial for trial in trials if "judged" in trial]
    wrong = sum(trial["wrong"] > 0 for trial in judged)
    yield Difference(
        f"largest excess of variance of critical-line points, {len(trials)} frontiers",
        "PyPortfolioOpt",
        max(trial["our_gap"] for trial in trials),
        max(trial["worst_gap_by_piqp"] for trial in judged),
        "relative",
        f"`CLA` loses corners, so points between them are wrong in {wrong} of {len(trials)} "
        f"trials; judged by piqp",
    )
    short = min(judged, key=lambda trial: trial["points"])
    yield Difference(
        f"points of a frontier with {short['corners']} corners, with 120 asked for",
        "PyPortfolioOpt",
        120,
        short["points"],
        "count",
        "`CLA.efficient_frontier` gives each corner a whole number of points, rounded down",
        "ask for thousands",
    )


def differences(
    rows: Sequence[dict[str, Any]], trials: Sequence[dict[str, Any]]
) -> list[Difference]:
    """Every difference; ValueError names one that is no more, or a remedy that does not mend it."""
    table = [*_estimates(), *_choices(), *_measured(rows, trials)]
    for d in table:
        if abs(d.theirs - d.ours) <= SAME * max(abs(d.theirs), abs(d.ours)):
            raise ValueError(
                f"{d.quantity} ({d.library}): no difference any more, {d.ours!r}; drop the row"
            )
        if abs(d.mended - d.ours) > d.tolerance:
            raise ValueError(
                f"{d.quantity} ({d.library}): {d.remedy} gives {d.mended!r}, not {d.ours!r}; "
                f"mend the row"
            )
    return table


def _digits(a: float, b: float) -> tuple[str, str]:
    """Two numbers with at least three significant digits, and two of their difference; tiny ones
    with one."""
    if max(abs(a), abs(b)) < 1e-3 or min(abs(a), abs(b)) < 1e-6:
        return f"{a:.0e}", f"{b:.0e}"
    places = max(3, 2 + math.ceil(-math.log10(abs(a - b) / max(abs(a), abs(b)))))
    return f"{a:.{places}g}", f"{b:.{places}g}"


def write(table: Sequence[Difference], path: Path, day: str) -> None:
    """The table as the page `known_differences` reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([f"Measured {day}", "Ours", "Theirs", "Why, and the remedy"])
        for d in table:
            what = f"{d.library} {version(d.library)}: {d.quantity}, {d.unit}"
            writer.writerow([what, *_digits(d.ours, d.theirs), f"{d.why}. Remedy: {d.remedy}."])
