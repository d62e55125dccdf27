"""Does a published optimisation report hold, and what does its method do where the truth is known?

Two ways to challenge a model that one did not build. The **audit** takes what the report prints and
recomputes it: a figure agrees if rounding of the printed digits can explain the difference. Nothing
is judged that is not computed from its own tables. The **rebuild** runs the described method on a
SYNTHETIC universe of the same size::

    minimise w'(S + 1e-4 I)w  for a return of  r0 + 0.002 k,  k = 0 ... 119;
    keep the highest mean / risk

S and the means from 111 months; and the house's own method on the same months: shrunk covariance,
expected returns from a survey that is wrong by as much as providers disagree, a mandate that looks
through names, an exact frontier. Since the universe is made, what each portfolio truly earns is
known.

Left out: the report's own data, which are not public.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction.mandate import (
    Infeasible,
    Mandate,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import frontier
from portlib.construction.robustness import provider_errors
from portlib.construction.tail_risk import at_horizon
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.estimation.draws import student_t_scenarios
from portlib.estimation.shrinkage import covariance
from portlib.policy import Policy
from portlib.ranges import VOLATILITY, door
from portlib.records import Allocation, Array, Assumptions, symmetric_root

#: Half a unit of the last digit of the report's decimals: four digits of a percentage's decimal,
#: and so on.
HALF = {3: 5e-4, 4: 5e-5, 5: 5e-6, 6: 5e-7}


def holdings() -> pd.DataFrame:
    """The report's table of holdings, and what each instrument is; by ticker."""
    return data.table("published_report_holdings")


def figures() -> Mapping[str, Any]:
    """The report's printed metrics, rules and tables."""
    return data.document("published_report_figures")


# ---- audit ---------------------------------------------------------------------------------------


class Finding(NamedTuple):
    """A printed figure, the same recomputed, and the most by which rounding can make them
    differ.

    Examples
    --------
    >>> Finding("x", 0.1234, 0.12345, 5e-5).agrees, Finding("x", 0.1234, 0.12333, 5e-5).agrees
    (True, False)
    """

    item: str
    printed: float
    recomputed: float
    rounding: float

    @property
    def agrees(self) -> bool:
        """Whether rounding explains the difference."""
        return abs(self.printed - self.recomputed) <= self.rounding + 1e-12


def metrics(report: Mapping[str, Any]) -> list[Finding]:
    """Annual figures from the monthly ones, by the formula stated and by those that were used.

    Examples
    --------
    Each figure again in plain words; and what rounding can explain is the most that any corner of
    the printed digits moves it by.

    >>> from itertools import product
    >>> month = {
    ...     "return": 0.0061,
    ...     "volatility": 0.02,
    ...     "sharpe": 0.305,
    ...     "var": -0.025,
    ...     "cvar": -0.035,
    ... }
    >>> year = {
    ...     "return": 0.0757,
    ...     "volatility": 0.0693,
    ...     "sharpe": 1.092,
    ...     "var": -0.09,
    ...     "cvar": -0.12,
    ... }
    >>> rules = {"monthly_volatility_cap": 0.03, "annual_volatility_cap": 0.1}
    >>> found = {x.item: x for x in metrics({"monthly": month, "annual": year, "rules": rules})}
    >>> root, half, fine = 12**0.5, 5e-5, 5e-6  # of annual and of monthly figures

    It goes on in ``effective_challenge.md``.
    """
    month = report["monthly"]
    year = report["annual"]
    rules = report["rules"]
    root = math.sqrt(12)
    tail = {name: -at_horizon(-month[name], month["return"], 12) for name in ("var", "cvar")}
    return [
        Finding(
            "monthly volatility cap, from the annual one",
            rules["monthly_volatility_cap"],
            rules["annual_volatility_cap"] / root,
            HALF[5],
        ),
        Finding(
            "annual return, compounded",
            year["return"],
            (1 + month["return"]) ** 12 - 1,
            HALF[4] + 13 * HALF[5],
        ),
        Finding(
            "annual volatility, root 12",
            year["volatility"],
            root * month["volatility"],
            HALF[4] + root * HALF[5],
        ),
        Finding(
            "monthly Sharpe ratio, without a riskless rate",
            month["sharpe"],
            month["return"] / month["volatility"],
            HALF[3] + HALF[5] * (1 + month["sharpe"]) / month["volatility"],
        ),
        Finding(
            "annual Sharpe ratio, by the stated formula",
            year["sharpe"],
            year["return"] / year["volatility"],
            HALF[3] + HALF[4] * (1 + year["sharpe"]) / year["volatility"],
        ),
        Finding(
            "annual Sharpe ratio, monthly times root 12",
            year["sharpe"],
            root * month["sharpe"],
            (1 + root) * HALF[3],
        ),
        Finding(
            "annual VaR, monthly times root 12",
            year["var"],
            root * month["var"],
            HALF[4] + root * HALF[5],
        ),
        Finding(
            "annual VaR, mean and spread apart",
            year["var"],
            float(tail["var"]),
            HALF[4] + 12 * HALF[5],
        ),
        Finding(
            "annual CVaR, monthly times root 12",
            year["cvar"],
            root * month["cvar"],
            HALF[4] + root * HALF[5],
        ),
        Finding(
            "annual CVaR, mean and spread apart",
            year["cvar"],
            float(tail["cvar"]),
            HALF[4] + 12 * HALF[5],
        ),
    ]


def counts(report: Mapping[str, Any], held: pd.DataFrame) -> list[Finding]:
    """Weights and numbers of positions by printed type, rules and months, from the table of
    holdings.

    Examples
    --------
    >>> held = pd.DataFrame(
    ...     {
    ...         "weight": [0.4, 0.2, 0.2999995, 5e-7, 0.1],
    ...         "printed_type": ["Equity", "Bond", "Bond", "Equity", "Bond"],
    ...         "what_it_is": ["equity", "Treasury bills", "bonds", "loans", "Treasury bills"],
    ...     },
    ...     list("ABCDE"),
    ... )

    It goes on in ``effective_challenge.md``.
    """
    universe = report["universe"]
    by = held.groupby("printed_type")["weight"]
    sums = by.sum()
    numbers = by.size()
    assets = universe["etfs"] + universe["treasury_points"]
    months = pd.period_range(universe["first_month"], universe["last_month"], freq="M")
    found = [
        Finding(
            f"{kind}: weight",
            line["weight"],
            float(sums[kind]),
            HALF[3] + float(numbers[kind]) * HALF[6],
        )
        for kind, line in report["classes"].items()
    ]
    found += [
        Finding(f"{kind}: positions", line["positions"], int(numbers[kind]), 0.0)
        for kind, line in report["classes"].items()
    ]
    bills = held.loc[held["what_it_is"] == "Treasury bills", "weight"]
    listed = held.index.isin(report["bond_list"])
    return [
        *found,
        Finding(
            "positions behind the claim of diversification",
            report["positions"]["claimed"],
            len(held),
            0.0,
        ),
        Finding(
            "positions above a millionth",
            report["positions"]["meaningful"],
            int((held["weight"] > 1e-6).sum()),
            0.0,
        ),
        Finding("cash", report["cash_claimed"], float(bills.sum()), len(bills) * HALF[6]),
        Finding("months from the first to the last", universe["months"], len(months), 0.0),
        Finding(
            "inequalities: floors, caps, equity floor",
            report["rules"]["inequalities"],
            2 * assets + 1,
            0.0,
        ),
        Finding(
            "holdings typed other than by the printed list",
            0,
            int((listed != (held["printed_type"] == "Bond").to_numpy()).sum()),
            0.0,
        ),
        Finding(
            "top ten that are the first ten of the full table",
            len(report["top_ten"]),
            int(np.isin(held.index[:10], report["top_ten"]).sum()),
            0.0,
        ),
    ]


def lines(report: Mapping[str, Any], held: pd.DataFrame) -> pd.DataFrame:
    """Each line of the three printed tables of weights: table, line, weight and count printed and
    recomputed, agrees.

    Sizes are from above `low` to `high`. Lines of sectors that the holdings cannot be told apart by
    are taken together.

    Examples
    --------
    Sizes are from above the lower to the upper limit; two lines of sectors that cannot be told
    apart are one, and rounded twice.

    >>> held = pd.DataFrame(
    ...     {
    ...         "weight": [0.04, 0.03, 0.02, 0.01],
    ...         "table_sector": ["Banks", "Tech", "Oil or Gas", "Oil or Gas"],
    ...         "table_category": ["Shares", "Shares", "Shares", "Other"],
    ...     }
    ... )

    It goes on in ``effective_challenge.md``.
    """
    rows: list[tuple[str, str, float, int, float, int]] = []
    for line in report["sizes"]:
        inside = held.loc[
            (held["weight"] > line["low"]) & (held["weight"] <= line["high"] + 1e-12), "weight"
        ]
        name = f"{line['low']:.1%} to {line['high']:.1%}"
        rows.append(
            ("sizes", name, line["weight"], line["count"], float(inside.sum()), len(inside))
        )
    for table, column in (("sectors", "table_sector"), ("categories", "table_category")):
        for label, group in held.groupby(column, sort=False)["weight"]:
            parts = [report[table][part] for part in str(label).split(" or ")]
            rows.append(
                (
                    table,
                    str(label),
                    sum(p["weight"] for p in parts),
                    sum(p["count"] for p in parts),
                    float(group.sum()),
                    len(group),
                )
            )
    frame = pd.DataFrame(
        rows, columns=["table", "line", "printed", "count printed", "recomputed", "count"]
    )
    rounding = HALF[4] * (1 + frame["line"].str.contains(" or ")) + frame["count"] * HALF[6]
    frame["agrees"] = (frame["printed"] - frame["recomputed"]).abs() <= rounding + 1e-12
    return frame


def equity_shares(held: pd.DataFrame) -> pd.Series:
    """The share of equity as printed, without what is none, and with the equity that is called a
    bond.

    Examples
    --------
    >>> held = pd.DataFrame(
    ...     {
    ...         "weight": [0.4, 0.3, 0.2, 0.1],
    ...         "printed_type": ["Equity", "Equity", "Bond", "Bond"],
    ...         "what_it_is": ["equity", "Treasury bills", "equity with options sold", "bonds"],
    ...     }
    ... )
    >>> equity_shares(held).round(9).tolist()  # 0.4 + 0.3, 0.4, 0.4 + 0.2
    [0.7, 0.4, 0.6]
    """
    w = held["weight"]
    is_now = held["what_it_is"]
    return pd.Series(
        {
            "as printed": w[held["printed_type"] == "Equity"].sum(),
            "without bills and bank loans": w[is_now == "equity"].sum(),
            "and with equity that sells options": w[
                is_now.isin(["equity", "equity with options sold"])
            ].sum(),
        }
    )


class Reading(NamedTuple):
    """One way to read the printed frontier: monthly return of its first and last point, the
    optimum's place among the points (1 is the first), and how many points lie beyond it."""

    first: float
    last: float
    place: int
    beyond: int


def frontier_readings(report: Mapping[str, Any]) -> dict[str, Reading]:
    """The returns of equally spaced points, if the highest printed return is the last, or if the
    optimum is.

    ValueError where the optimum is not on the grid that the first reading implies.

    Examples
    --------
    Six points, 0.2% apart. If 1.3% is the last, the first is 0.3% and the optimum of 0.7% the
    third; if the optimum is the last, the first is -0.3%.

    >>> report = {"frontier": {"feasible_points": 6, "highest_return": 0.013}}
    >>> report |= {"rules": {"frontier_step": 0.002}, "monthly": {"return": 0.007}}
    >>> for reading in frontier_readings(report).values():
    ...     print([round(x, 9) for x in reading])
    [0.003, 0.013, 3, 3]
    [-0.003, 0.007, 6, 0]
    >>> next(iter(frontier_readings(report | {"monthly": {"return": 0.00701}}).values())).place
    3
    >>> frontier_readings(report | {"monthly": {"return": 0.00703}})
    Traceback (most recent call last):
    ...
    ValueError: the optimum lies 2.015 steps above the first point, between two points of the grid
    >>> frontier_readings(report | {"monthly": {"return": 0.00697}})
    Traceback (most recent call last):
    ...
    ValueError: the optimum lies 1.985 steps above the first point, between two points of the grid
    """
    points = report["frontier"]["feasible_points"]
    step = report["rules"]["frontier_step"]
    best = report["monthly"]["return"]
    found = {}
    for name, last in (
        ("the highest return printed is the last point", report["frontier"]["highest_return"]),
        ("the optimum, of the highest volatility printed, is the last point", best),
    ):
        first = last - (points - 1) * step
        at = (best - first) / step
        if abs(at - round(at)) > 2 * HALF[5] / step + 1e-9:
            raise ValueError(
                f"the optimum lies {at:.3f} steps above the first point, between two points of "
                f"the grid"
            )
        found[name] = Reading(first, last, round(at) + 1, points - 1 - round(at))
    return found


def months_since(first_day: str, last_month: str) -> int:
    """Whole months of returns from a first day of trading to the end of a month.

    Examples
    --------
    >>> months_since("2025-11-17", "2026-02"), months_since("2026-02-01", "2026-02")
    (3, 0)
    >>> months_since("2026-03-01", "2026-02")
    0
    """
    return max(0, (pd.Period(last_month, "M") - pd.Period(first_day, "M")).n)


@door(volatility=VOLATILITY)
def with_diagonal(volatility: float, diagonal: float) -> float:
    """An asset's annual volatility after `diagonal` was added to its *monthly* variance.

    Examples
    --------
    >>> round(with_diagonal(0.03, 0.0001), 9)  # sqrt(0.0009 + 0.0012)
    0.045825757
    """
    return math.sqrt(volatility**2 + 12 * diagonal)


def effective_positions(w: Array | pd.Series) -> float:
    """How many equal positions would be as concentrated: ``1 / sum w^2``.

    Examples
    --------
    >>> effective_positions(np.array([0.25, 0.25, 0.25, 0.25]))
    4.0

    >>> round(effective_positions(pd.Series([0.5, 0.3, 0.2])), 6)  # 1 / 0.38
    2.631579
    """
    x = np.asarray(w, float)
    return float(1 / (x @ x))


# ---- rebuild -------------------------------------------------------------------------------------


class Universe(NamedTuple):
    """A made-up market, SYNTHETIC: monthly returns (T, n), the truth behind them (annual), what a
    survey believes (annual), exposures to its classes (n, k), and which assets are called equity by
    their names."""

    returns: pd.DataFrame
    truth: Assumptions
    believed: Assumptions
    exposures: pd.DataFrame
    called_equity: tuple[str, ...]


def universe(rng: np.random.Generator, report: Mapping[str, Any], *, policy: Policy) -> Universe:
    """As many ETFs, Treasury points and months as the report has, drawn from the survey's classes.

    ETFs are mixtures of equity classes (own risk 3 to 12 percent a year) or of bond classes (0.2 to
    1 percent); three are called what they are not, as in the report. Treasury points are mixtures
    of cash, core and long bonds by duration. The classes' true means lie around the survey's by as
    much as providers disagree; months are Student t.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where all of it comes from.
    report : mapping
        As `figures` reads it.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Universe
        SYNTHETIC.

    Examples
    --------
    Nine ETFs and four Treasury points, over a thousand months: names and looked-through mixes are
    known, and the months have the truth's volatilities and correlations.

    >>> from portlib import policy
    >>> ours = policy.read()
    >>> report = {
    ...     "universe": {"etfs": 9, "treasury_points": 4, "months": 1000, "first_month": "2016-06"}
    ... }
    >>> made = universe(np.random.default_rng(1), report, policy=ours)
    >>> made.returns.shape, f"{made.returns.index[0]:%Y-%m-%d}", f"{made.returns.index[1]:%d %H}"
    ((1000, 13), '2016-06-30', '31 00')
    >>> list(made.returns)[5:10]
    ['equity ETF 6', 'bill ETF', 'loan ETF', 'option income ETF', 'Treasury point 1']
    >>> made.called_equity[
    ...     -3:
    ... ]  # six of nine less three are equity, by 0.69; two more are called so
    ('equity ETF 6', 'bill ETF', 'loan ETF')
    >>> survey, b = survey_assumptions(ours["cma_horizon_years"]), made.exposures.to_numpy()
    >>> bool(np.allclose(b.sum(axis=1), 1)), bool(np.allclose(made.believed.mu, b @ survey.mu))
    (True, True)

    It goes on in ``effective_challenge.md``.
    """
    survey = survey_assumptions(policy["cma_horizon_years"])
    size = report["universe"]
    k = len(survey)
    at = {label: i for i, label in enumerate(survey.labels)}
    equity, bonds = (
        [i for name, i in at.items() if ("equity" in name) == wanted] for wanted in (True, False)
    )
    shares = int(0.69 * size["etfs"])
    rows: dict[str, tuple[Array, float]] = {}
    for i in range(size["etfs"] - 3):
        among, low, high = (equity, 0.03, 0.12) if i < shares else (bonds, 0.002, 0.01)
        b = np.zeros(k)
        b[among] = rng.dirichlet(np.full(len(among), 0.5))
        rows[f"{'equity' if i < shares else 'bond'} ETF {i + 1}"] = b, rng.uniform(low, high)
    for name, mix, own in (
        ("bill ETF", {"cash": 1.0}, 0.0005),
        ("loan ETF", {"us_high_yield": 0.6, "cash": 0.4}, 0.01),
        ("option income ETF", {"us_large_equity": 0.6, "cash": 0.4}, 0.03),
    ):
        b = np.zeros(k)
        b[[at[label] for label in mix]] = list(mix.values())
        rows[name] = b, own
    for i, years in enumerate(np.geomspace(1 / 12, 30, size["treasury_points"])):
        b = np.zeros(k)
        duration = min(0.85 * float(years), 15.0)
        knots = [at["cash"], at["us_core_bonds"], at["us_long_bonds"]]
        b[knots] = [np.interp(duration, [0, 6, 15], unit) for unit in np.eye(3)]
        rows[f"Treasury point {i + 1}"] = b, 0.002
    labels = list(rows)
    b = np.array([row[0] for row in rows.values()])
    risks = np.array([row[1] for row in rows.values()])
    sigma = b @ survey.sigma @ b.T + np.diag(risks**2)
    mu = survey.mu + rng.standard_normal(k) @ symmetric_root(provider_errors(survey))
    truth = Assumptions(labels, b @ mu, sigma, survey.rf, "SYNTHETIC truth")
    month = truth.replace(mu=truth.mu / 12, sigma=sigma / 12, source="a month of it")
    drawn = student_t_scenarios(month, policy["fat_tail_degrees_of_freedom"], size["months"], rng)
    index = (
        pd.period_range(size["first_month"], periods=size["months"], freq="M")
        .to_timestamp(how="end")
        .normalize()
    )
    called = [name for name in labels if name.startswith("equity")] + ["bill ETF", "loan ETF"]
    return Universe(
        pd.DataFrame(drawn, index, labels),
        truth,
        Assumptions(labels, b @ survey.mu, sigma, survey.rf, survey.source),
        pd.DataFrame(b, labels, list(survey.labels)),
        tuple(called),
    )


class Grid(NamedTuple):
    """The report's method: the chosen weights, all points that could be reached (monthly mean,
    risk, ratio), what the best would be without a grid, and the assumptions (monthly) and mandate
    it worked with."""

    chosen: Allocation
    points: pd.DataFrame
    exact: Allocation
    assumptions: Assumptions
    mandate: Mandate


@door()
def printed_method(
    made: Universe, report: Mapping[str, Any], *, diagonal: float | None = None
) -> Grid:
    """Sample means, sample covariance plus a diagonal, equally spaced target returns, highest mean
    over risk.

    Ours traces the frontier exactly and reads the grid's points off it.

    Parameters
    ----------
    made : Universe
        Whose months are used.
    report : mapping
        As `figures` reads it: grid, diagonal and rules.
    diagonal : float, optional
        Added to each monthly variance, instead of the report's own.

    Returns
    -------
    Grid

    Raises
    ------
    ValueError
        Where every point is beyond the volatility cap.

    Examples
    --------
    On a made universe, step by step: the sample's covariance plus the diagonal, returns from the
    least risky on in equal steps, and of those within the cap the highest ratio.

    >>> from portlib import policy
    >>> size = {"etfs": 9, "treasury_points": 4, "months": 60, "first_month": "2016-06"}
    >>> rules = {
    ...     "diagonal": 0.0001,
    ...     "position_limit": 0.3,
    ...     "equity_floor": 0.5,
    ...     "frontier_steps": 9,
    ... }
    >>> rules |= {
    ...     "frontier_step": 0.0005,
    ...     "monthly_volatility_cap": 0.03,
    ...     "annual_volatility_cap": 0.1,
    ... }
    >>> report = {"universe": size, "rules": rules}
    >>> made = universe(np.random.default_rng(3), report, policy=policy.read())
    >>> grid = printed_method(made, report)
    >>> table = made.returns.to_numpy()
    >>> bool(np.allclose(grid.assumptions.mu, table.mean(axis=0)))
    True

    It goes on in ``effective_challenge.md``.
    """
    rules = report["rules"]
    labels = list(made.returns.columns)
    added = rules["diagonal"] if diagonal is None else diagonal
    sigma = np.cov(made.returns.to_numpy(), rowvar=False, ddof=1) + added * np.eye(len(labels))
    a = Assumptions(labels, made.returns.mean().to_numpy(), sigma, 0.0, "sample of months")
    mandate = Mandate(
        labels,
        [
            fully_invested(),
            long_only(),
            position_limit(rules["position_limit"]),
            group_limit("equity by name", made.called_equity, lower=rules["equity_floor"]),
        ],
    )
    traced = frontier(a, mandate)
    reached: list[Allocation] = []
    for k in range(rules["frontier_steps"]):
        try:
            reached.append(
                traced.target_return(traced.minimum_risk().mean + rules["frontier_step"] * k)
            )
        except Infeasible:
            break
    points = pd.DataFrame(
        [(x.mean, x.risk, x.sharpe) for x in reached], columns=["mean", "risk", "ratio"]
    )
    cap = rules["monthly_volatility_cap"]
    within = points[points["risk"] <= cap]
    if within.empty:
        least = points["risk"].min()
        raise ValueError(f"no point has a monthly volatility of at most {cap:g}: least {least:.4f}")
    best = within["ratio"].idxmax()
    return Grid(reached[int(best)], points, traced.maximum_sharpe(), a, mandate)


def equity_within(made: Universe) -> pd.Series:
    """What part of each asset is equity, looking through its name."""
    return made.exposures[[c for c in made.exposures.columns if "equity" in str(c)]].sum(axis=1)


class House(NamedTuple):
    """The house's portfolio, and the assumptions (annual) and mandate it was made with."""

    chosen: Allocation
    assumptions: Assumptions
    mandate: Mandate


def house_method(made: Universe, report: Mapping[str, Any], *, estimator: str) -> House:
    """The survey's expected returns, the house's shrunk covariance, equity looked through, and the
    exact frontier.

    The same limits: no position above the cap, as much equity, no more volatility.

    Parameters
    ----------
    made : Universe
        Whose months the covariance is of.
    report : mapping
        As `figures` reads it: its rules.
    estimator : str
        Of the covariance, by the name that `covariance` knows.

    Returns
    -------
    House
        Annual.
    """
    rules = report["rules"]
    labels = list(made.returns.columns)
    sigma = covariance(made.returns, estimator).annual().to_numpy()
    a = Assumptions(labels, made.believed.mu, sigma, made.believed.rf, "survey; shrunk covariance")
    through = dict(zip(labels, equity_within(made).tolist(), strict=True))
    mandate = Mandate(
        labels,
        [
            fully_invested(),
            long_only(),
            position_limit(rules["position_limit"]),
            factor_limit("equity looked through", through, lower=rules["equity_floor"]),
        ],
    )
    traced = frontier(a, mandate)
    best = traced.maximum_sharpe()
    if best.risk > rules["annual_volatility_cap"]:
        best = traced.target_risk(rules["annual_volatility_cap"])
    return House(best, a, mandate)


def outcomes(made: Universe, chosen: Mapping[str, Array]) -> pd.DataFrame:
    """What portfolios by name truly are: return, volatility, Sharpe ratio over bills, equity looked
    through; annual.

    Examples
    --------
    By the truth, and not by what a survey believes or months showed; equity by what is inside:

    >>> truth = Assumptions(["a", "b"], [0.09, 0.03], [[0.04, 0.0], [0.0, 0.01]], 0.02)
    >>> inside = {"us_equity": [0.5, 0.1], "bonds": [0.2, 0.9], "eu_equity": [0.3, 0.0]}
    >>> made = Universe(None, truth, None, pd.DataFrame(inside, ["a", "b"]), ("a",))
    >>> chosen = {"report": np.array([0.6, 0.4]), "house": np.array([0.0, 1.0])}
    >>> found = outcomes(made, chosen)
    >>> list(found), list(found.index)
    (['return', 'volatility', 'Sharpe', 'equity', 'effective positions'], ['report', 'house'])
    >>> found.loc["report"].round(6).tolist()  # 0.016 ** 0.5, 0.046 / 0.016 ** 0.5, 1 / 0.52
    [0.066, 0.126491, 0.363662, 0.52, 1.923077]
    >>> found.loc["house"].round(6).tolist()
    [0.03, 0.1, 0.1, 0.1, 1.0]
    """
    through = equity_within(made).to_numpy(float)
    rows = {
        name: {
            "return": made.truth.mean_of(w),
            "volatility": made.truth.risk_of(w),
            "Sharpe": made.truth.sharpe_of(w),
            "equity": float(through @ w),
            "effective positions": effective_positions(w),
        }
        for name, w in chosen.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def repeated(report: Mapping[str, Any], seeds: Sequence[int], *, policy: Policy) -> pd.DataFrame:
    """Both methods on many universes, a row each.

    What the report's method promises is its months' mean over their volatility, both of the weights
    it chose.

    Parameters
    ----------
    report : mapping
        As `figures` reads it.
    seeds : sequence of int
        One a universe.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    DataFrame
        Annual Sharpe ratios over bills, promised and true, equity, points.
    """
    rows = []
    for seed in seeds:
        made = universe(np.random.default_rng(seed), report, policy=policy)
        grid = printed_method(made, report)
        house = house_method(made, report, estimator=policy["covariance_estimator"])
        months = made.returns.to_numpy() @ grid.chosen.w
        rf = made.truth.rf
        equal = np.full(len(made.truth), 1.0)
        true = outcomes(
            made, {"report": grid.chosen.w, "house": house.chosen.w, "equal": equal / equal.sum()}
        )
        rows.append(
            {
                "report promised": (12 * months.mean() - rf) / (math.sqrt(12) * months.std(ddof=1)),
                "report printed": math.sqrt(12) * grid.chosen.sharpe,
                "without a grid": math.sqrt(12) * grid.exact.sharpe,
                "house promised": house.chosen.sharpe,
                **{f"{name} true": true.loc[name, "Sharpe"] for name in true.index},
                "report equity": true.loc["report", "equity"],
                "house equity": true.loc["house", "equity"],
                "points": len(grid.points),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(seeds, name="seed"))
