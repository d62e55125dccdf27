"""What is to be allocated, from a plan's menu or from a folder of anybody's own?

A `Universe` is assets with what is expected of them, the mandate, what each asset is, months of
returns where there are any, and the portfolio chosen. `of_plan` takes a plan's model; `of_folder`
reads ``returns.csv`` (monthly, a column an asset) and, where they are there, ``approved.txt`` (a
name a line), ``groups.csv`` (asset, then a column a way of grouping: class, sector),
``mandate.yml`` (as a plan's), ``expected.csv`` (asset, expected_return) and ``current.csv`` (asset,
weight).

Means measured on past months are never optimised. A folder without expected returns gets those that
equal shares of everything approved imply, ``mu = rf + A sigma w``: whatever moves the portfolio
away from equal shares is then the mandate, and the report says so.

Left out: taxes, trading costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from portlib import data, history, tables
from portlib.class_returns import class_returns
from portlib.construction.mandate import Infeasible, Mandate, fully_invested, long_only
from portlib.construction.mandate.stated import Menu, stated_rules
from portlib.construction.mean_variance import maximum_utility
from portlib.data import DataError
from portlib.documents.words import (
    WAYS,
    as_funds,
    class_names,
    funds_of,
    of_category,
    of_class,
    with_classes,
)
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.estimation.shrinkage import CovarianceError, covariance
from portlib.inputs import mandate as limits
from portlib.inputs.classes import AssetClass, Classes
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.records import Allocation, Array, Assumptions
from portlib.retirement import model_portfolios, plan_menu
from portlib.retirement.plan_menu import weight_ranges
from portlib.retirement.plan_menu.engine import MAXIMISES
from portlib.stewardship import monitoring
from portlib.tables import Column, Findings, open_text

#: How far weights that are held may be from 100% together, and the correlation of copies.
WHOLE, ALIKE = 1e-3, 1 - 1e-9
#: Groups of a folder that has no ``groups.csv``.
UNGROUPED = "not grouped"


@dataclass(frozen=True, eq=False)
class Universe:
    """Assets, their mandate and the portfolio chosen among them.

    Attributes
    ----------
    name, origin : of the plan or the folder
    source : how expected returns and covariances were made, a sentence each
    assumptions, mandate, risk_aversion : what was optimised, annual decimals
    weights : the portfolio, by asset of `assumptions`
    best : the optimum without limits on the number of holdings, with its shadow prices
    labels : what readers are told an asset is
    names : what readers are told that codes in the names of rules are
    groups : by way of grouping, shares of each asset (assets x groups)
    months : monthly returns by asset, or None; ``months_are`` says what they are
    rivals : other portfolios of the same assets, by name
    errors : covariance of the errors of the means (n, n), or None where nobody knows them
    cloud : the portfolio made again under redrawn means (draws x assets), or None likewise
    kind : what an asset is called, in one word
    chosen_by : the way by which the portfolio was chosen, where that is not the utility
    """

    name: str
    origin: str
    source: tuple[str, ...]
    assumptions: Assumptions
    mandate: Mandate
    risk_aversion: float
    weights: pd.Series
    best: Allocation
    labels: Mapping[str, str]
    names: Mapping[str, str]
    groups: Mapping[str, pd.DataFrame]
    months: pd.DataFrame | None
    months_are: str
    rivals: Mapping[str, pd.Series]
    policy: Policy
    errors: Array | None = None
    cloud: pd.DataFrame | None = None
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())
    kind: str = "asset"
    chosen_by: str = ""


# ---- a plan's model ------------------------------------------------------------------------------


def of_plan(plan: Plan, posture: str) -> Universe:
    """The plan's model of a posture, among the options that it considers.

    Parameters
    ----------
    plan : Plan
    posture : str
        A name in the policy.

    Returns
    -------
    Universe

    Raises
    ------
    SuiteError
        With the reason, for a posture without a model.

    Examples
    --------
    Of three people and seven options of the example plan, whose series has five dates, two of
    which hold the same, under a policy that looks at 23 months:

    >>> from dataclasses import replace
    >>> from portlib import plan as plans
    >>> codes_ = ["LCIDX", "LGACT", "INTIDX", "CORPLS", "BNDIDX", "GOVMM", "TDIDX"]
    >>> content = plans.read().to_json()
    >>> content["lineup"] = [
    ...     {**row, "plan_share": None} for row in content["lineup"] if row["fund"] in codes_
    ... ]
    >>> dates = {40.0, 35.0, 10.0, 0.0, -5.0}
    >>> content["target_date_vintages"] = [
    ...     row for row in content["target_date_vintages"] if row["years_to_retirement"] in dates
    ... ]
    >>> trading = {"transfers_per_quarter": 4, "round_trip_days": {}, "minimum_holding_days": {}}
    >>> content["rules"] |= {"trading": trading, "employer_stock": None, "stable_value": None}
    >>> people = content["participants"][:3]
    >>> born = {1962: {"LCIDX": 0.5, "TDIDX": 0.5}, 1980: {"TDIDX": 1.0}, 1975: {"GOVMM": 1.0}}
    >>> content["participants"] = [
    ...     {**who, "birth_year": year, "retirement_age": None, "balance": 1e5 * n, "holdings": has}
    ...     for n, (who, (year, has)) in enumerate(zip(people, born.items(), strict=True), 1)
    ... ]
    >>> content["rules"] |= {"as_of": "2026-03-31"}
    >>> two_years = {"monitoring_record_months": 23, "monitoring_window_months": 12}

    It goes on in ``universe.md``.
    """
    suite = model_portfolios.suite(plan)
    model = suite[posture]
    classes = plan_menu.class_assumptions(plan)
    funds = plan_menu.menu_assumptions(plan, classes)
    mandate = plan_menu.menu_mandate(plan, posture, classes)
    names = list(funds.labels)
    opened = plan_menu.each_vintage(plan)
    exposures = opened.exposures.loc[names].reindex(columns=list(classes.labels), fill_value=0.0)
    b = exposures.to_numpy(float)
    shown = exposures.loc[:, (exposures > 0).any()]
    weights = pd.Series(model.weights).reindex(names, fill_value=0.0)
    categories = [of_category(opened, name) for name in names]
    kinds = pd.get_dummies(pd.Series(categories, names)).astype(float)
    months, are = _months_of(plan, opened, names)
    return Universe(
        plan.name,
        plan.origin,
        (
            "Expected returns and covariances of classes: "
            f"{with_classes(classes.source, plan).rstrip('.')}.",
            "Of funds: through what they hold, net of expenses, with their own risk beyond it.",
        ),
        funds,
        mandate,
        model.risk_aversion,
        weights,
        maximum_utility(funds, mandate, risk_aversion=model.risk_aversion),
        dict(zip(map(str, opened.funds.index), opened.funds["label"].astype(str), strict=True)),
        class_names(plan),
        {
            "Class": shown.rename(columns=lambda name: of_class(plan, name)),
            "Category": kinds,
        },
        months,
        are,
        _rivals_of(plan, funds, model.equity),
        plan.policy,
        b @ plan_menu.mean_errors(plan, classes) @ b.T,
        weight_ranges.clouds(plan, [posture], classes)[posture],
        (
            ("Posture", posture),
            ("Equity", f"{model.equity:.0%}"),
            ("Expenses a year", f"{model.cost:.2%}"),
            ("From reference", f"{model.departure:.1%} a year"),
        ),
        (
            f"The model was made so: {model.made}.",
            *_of_dates(plan, len(names)),
        ),
        "fund",
        ""
        if plan.policy["optimizer"] in MAXIMISES
        else WAYS.get(plan.policy["optimizer"], plan.policy["optimizer"]),
    )


def _of_dates(plan: Plan, considered: int) -> list[str]:
    """What the number of funds to choose from counts, of a plan with a series."""
    if plan.vintages is None:
        return []
    alike = funds_of(plan) - considered
    less = f" Dates that hold the same mix today are taken as one, which leaves {considered}."
    return [as_funds(plan) + less * (alike > 0)]


def _months_of(plan: Plan, opened: Plan, names: list[str]) -> tuple[pd.DataFrame, str]:
    """Monthly returns of funds: their own where the plan brings them for all months, else those
    of what they hold, net of expenses."""
    classes = plan_menu.class_assumptions(plan)
    known = class_returns(plan, history.read("open"), list(classes.labels)).common()
    rng = np.random.default_rng(plan.policy["scenario_seed"])
    found = monitoring.class_history(classes, known, rng)
    until = found.returns.loc[: pd.Timestamp(plan.as_of)]  # no month after the plan's figures
    record = until.iloc[-plan.policy["monitoring_record_months"] :]
    held = opened.exposures.loc[names].reindex(columns=list(record), fill_value=0.0)
    through = record.to_numpy() @ held.to_numpy(float).T
    expense = opened.funds.loc[names, "expense_ratio"].to_numpy(float)
    months = pd.DataFrame(through - expense / 12, record.index, names)
    brought = plan.inputs.funds
    own = []
    if brought is not None:
        table = brought.values.reindex(record.index)
        own = [name for name in names if name in table and table[name].notna().all()]
        months[own] = table[own]
    rest = [name for name in names if name not in own]
    words = f"Months are the plan's own for {len(own)} of {len(names)} funds." if own else ""
    if rest:
        words += (
            " Months are those of the classes that each fund holds today, less its expenses: "
            if not own
            else " The others' are those of the classes that they hold today, less expenses: "
        ) + "hypothetical, and without what a manager adds or loses."
    holding = held.loc[rest]
    drawn = [name for name in record if name not in found.real and (holding[name] > 0).any()]
    if drawn:
        listed = ", ".join(of_class(plan, str(name)) for name in drawn)
        words += f" SYNTHETIC, for want of a series: the months of {listed}."
    return months, words.strip()


def _rivals_of(plan: Plan, funds: Assumptions, equity: float) -> dict[str, pd.Series]:
    names = list(funds.labels)
    made = {"Equal shares of all funds": pd.Series(1 / len(names), names)}
    held = plan_menu.each_vintage(plan).shares.reindex(names, fill_value=0.0)
    if held.sum() > 0:
        made["What participants hold today"] = held / held.sum()
    dated = plan_menu.dates(plan)
    if len(dated):
        share = plan_menu.equity_share(plan)[list(dated.unique())]
        nearest = str((share - equity).abs().idxmin())
        years = float(dated.index[dated == nearest][0])
        when = f"{years:g} years before" if years > 0 else "at" if years == 0 else "after"
        made[f"The series, {when} retirement"] = pd.Series(
            {name: float(name == nearest) for name in names}
        )
    return made


# ---- anybody's own -------------------------------------------------------------------------------


def of_folder(folder: Path, policy: Policy, *, risk_aversion: float | None = None) -> Universe:
    """The best portfolio of what a folder's lists approve, under its own mandate.

    Covariances are the policy's estimator on its window.

    Parameters
    ----------
    folder : Path
        With ``returns.csv`` and what else it has.
    policy : Policy
        The committee's decisions.
    risk_aversion : float, optional
        A; that of the policy's default posture where not given.

    Returns
    -------
    Universe

    Raises
    ------
    DataError
        Naming file, line and what to do.
    Infeasible
        With the rules in conflict, where no portfolio obeys.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> decided = plans.read().policy
    >>> of_folder(Path("no such folder"), decided)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: no such folder: needs returns.csv, ...

    It goes on in ``universe.md``.
    """
    if not (folder / "returns.csv").is_file():
        raise DataError(
            f"{folder}: needs returns.csv, a month a row, an asset a column; and as far as you "
            "have them approved.txt, groups.csv, mandate.yml, expected.csv and current.csv"
        )
    found = Findings()
    read = tables.returns(folder / "returns.csv", minimum_months=policy["minimum_history_months"])
    names = _approved(folder, list(map(str, read.values)), found)
    groups = _groups(folder, names, found)
    window = read.values[names].iloc[-policy["estimation_window_months"] :]
    if short := [name for name in names if window[name].isna().any()]:
        found.refuse(
            "returns.csv",
            f"{', '.join(short)}: not every one of the last {len(window)} months, from which "
            "covariances are estimated; leave them out of approved.txt",
        )
    given = _numbers(folder / "expected.csv", "expected_return", names, found, (-0.5, 0.5))
    current = _numbers(folder / "current.csv", "weight", names, found, (0.0, 1.0))
    if current is not None and abs(float(current.sum()) - 1) > WHOLE:
        found.refuse("current.csv", f"weights add up to {current.sum():.1%}, not to 100%")
    rules = _rules(folder, names, groups, current, found)
    usual = policy["model_risk_aversion"][policy["default_posture"]]
    aversion = usual if risk_aversion is None else risk_aversion
    sigma = _covariance(window, policy["covariance_estimator"])
    rf = survey_assumptions(policy["cma_horizon_years"]).rf
    equal = np.full(len(names), 1 / len(names))
    implied = rf + aversion * sigma @ equal
    mu = implied if given is None else given.to_numpy()
    how = (
        "Nobody brought expected returns: they are those that equal shares of everything approved "
        "imply at the same risk aversion. What moves the portfolio away from equal shares is the "
        "mandate."
        if given is None
        else "Expected returns: expected.csv, as brought; nothing here tests them."
    )
    estimator = policy["covariance_estimator"].replace("_", " ")
    span = f"{window.index[0]:%Y-%m} to {window.index[-1]:%Y-%m}"
    what = f"Covariances: {estimator}, {len(window)} months, {span}."
    assumptions = Assumptions(names, mu, sigma, rf, source=f"{how} {what}")
    mandate = Mandate(names, rules)
    best = maximum_utility(assumptions, mandate, risk_aversion=aversion)
    rivals = {"Equal shares": pd.Series(equal, names)}
    if current is not None:
        rivals["What is held now"] = current
    return Universe(
        folder.resolve().name,
        "brought by the reader",
        (how, what, f"Cash: {rf:.1%} a year, of the survey."),
        assumptions,
        mandate,
        aversion,
        best.weights.clip(lower=0.0),
        best,
        dict(zip(names, names, strict=True)),
        {},
        groups,
        read.values[names].dropna(),
        f"Months are those of returns.csv ({read.as_read}).",
        rivals,
        policy,
        facts=(
            ("Approved", f"{len(names)} of {read.values.shape[1]}"),
            ("Risk aversion", f"{aversion:g}"),
            ("Months", f"{len(window)} for risk"),
            ("Expected returns", "implied" if given is None else "brought"),
        ),
    )


def _approved(folder: Path, names: list[str], found: Findings) -> list[str]:
    """The names of approved.txt, in the order of the returns; all where there is no such file."""
    path = folder / "approved.txt"
    if not path.is_file():
        if len(names) < 2:
            found.refuse("returns.csv", f"has {names[0]} alone: among one asset nobody chooses")
            found.settle()
        return names
    listed = [line.strip() for line in open_text(path).content.splitlines()]
    for number, name in enumerate(listed, start=1):
        if name and name not in names:
            near = data.near(name, names)
            found.refuse(path.name, f"{name!r} has no returns; did you mean {near}?", number)
    kept = [name for name in names if name in listed]
    if len(kept) < 2:
        found.refuse(path.name, "approves fewer than two assets that have returns")
        found.settle()
    return kept


def _groups(folder: Path, names: list[str], found: Findings) -> dict[str, pd.DataFrame]:
    """By way of grouping, which group each asset is of, as shares of one."""
    path = folder / "groups.csv"
    if not path.is_file():
        return {"Group": pd.DataFrame({UNGROUPED: 1.0}, index=names)}
    asked = {"asset": Column("the asset, as returns.csv calls it")}
    table = tables.rows(open_text(path), asked, found, others=True)
    if table is None or table.shape[1] < 2:
        found.refuse(path.name, "needs a column asset and at least one of groups, such as class")
        found.settle()
    assert table is not None
    known = _once(table, path.name, found)
    if lost := [name for name in names if name not in known.index]:
        found.refuse(path.name, f"says nothing of {', '.join(lost)}")
        found.settle()
    known = known.loc[names]
    ways = {}
    for column in known:
        told = known[column].fillna("").replace("", UNGROUPED)
        way = str(column).capitalize()
        if way in ways:
            found.refuse(path.name, f"two columns are called {way!r}; call them apart")
        ways[way] = pd.get_dummies(told).astype(float)
    return ways


def _once(table: pd.DataFrame, file: str, found: Findings) -> pd.DataFrame:
    """The table by asset; what names one twice is refused."""
    counted = table["asset"].value_counts()
    if twice := [str(name) for name in counted.index[counted > 1]]:
        found.refuse(file, f"names {', '.join(twice)} more than once")
        found.settle()
    return table.set_index("asset")


def _covariance(window: pd.DataFrame, estimator: str) -> Array:
    """Covariances a year; `DataError`, naming assets that move alike, where there are none."""
    try:
        return covariance(window, estimator).annual().to_numpy()
    except CovarianceError as error:
        alike = window.corr().to_numpy() > ALIKE
        pairs = [
            f"{window.columns[i]} and {window.columns[j]}"
            for i, j in zip(*np.nonzero(np.triu(alike, 1)), strict=True)
        ]
        why = f"{'; '.join(pairs)} move alike: approve one of them" if pairs else str(error)
        raise DataError(f"returns.csv: {why}") from None


def _rules(
    folder: Path,
    names: list[str],
    groups: Mapping[str, pd.DataFrame],
    current: pd.Series | None,
    found: Findings,
) -> list[Any]:
    """Fully invested, no short sales, and what mandate.yml asks for, made once nothing is refused;
    limits of turnover are from the weights that are held."""
    rules: list[Any] = [
        fully_invested().under("paid in full"),
        long_only().under("no short sales"),
    ]
    path = folder / "mandate.yml"
    if not path.is_file():
        found.settle()
        return rules
    named = [str(name) for way in groups.values() for name in way]
    made = {name: AssetClass(name, name, "equity", None) for name in named}
    stated = limits.make(data.mapping(path), names, Classes(made), found)
    for limit in stated:
        for group in limit.arguments.get("classes", ()):
            ways = {way: tuple(shares[group]) for way, shares in groups.items() if group in shares}
            if len(set(ways.values())) > 1:
                problem = f"{limit.name}: {group!r} is one thing by {' and another by '.join(ways)}"
                found.refuse(path.name, f"{problem}; call them apart in groups.csv")
    found.settle()
    exposures = pd.concat(list(groups.values()), axis=1)
    exposures = exposures.loc[:, ~exposures.columns.duplicated()]
    held = None if current is None else {str(name): float(x) for name, x in current.items()}
    menu = Menu(names, exposures, {}, {}, held)
    return [*rules, *stated_rules(stated, menu)]


def _numbers(
    path: Path, column: str, names: list[str], found: Findings, within: tuple[float, float]
) -> pd.Series | None:
    """A number an asset, for every asset approved; None where there is no such file."""
    if not path.is_file():
        return None
    low, high = within
    asked = {
        "asset": Column("the asset, as returns.csv calls it"),
        column: Column("annual decimal" if low < 0 else "share", "number", low=low, high=high),
    }
    table = tables.rows(open_text(path), asked, found)
    if table is None:
        return None
    known = _once(table, path.name, found)[column]
    if lost := [name for name in names if name not in known.index]:
        found.refuse(path.name, f"says nothing of {', '.join(lost)}")
        return None
    return known.loc[names].astype(float)


__all__ = ["Infeasible", "Universe", "of_folder", "of_plan"]
