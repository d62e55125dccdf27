"""The L Funds' paths as glidepaths: the long-run one, and the one before the decision of 2018.

Both are over asset classes, as the simulator of outcomes has them: G is cash, F US bonds, C large
and S other US companies, I companies abroad, split as the plan's own lineup splits it. The path
before is the cross-section of all L Funds in one quarter: each fund's weights at its years to the
middle of its year.

Left out: the years in which existing funds wait for the new path, and costs of moving.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.plan import Plan
from portlib.ranges import among
from portlib.retirement.glidepaths import Glidepath
from portlib.stewardship.real_plan.published import FUNDS, Published


def of_funds(weights: pd.DataFrame, plan: Plan, name: str, source: str) -> Glidepath:
    """Weights of the five funds by years to the target date, as a path over the plan's classes.

    What each fund holds, and the cost of a path, are the plan's; ValueError where the plan does
    not offer the five funds.

    Parameters
    ----------
    weights : DataFrame (years, funds)
        Each row summing to one.
    plan : Plan
    name, source : str
        Of the path.

    Returns
    -------
    Glidepath

    Examples
    --------
    Five funds that hold three classes: the path's mix by class, furthest first; its cost is the
    mean of what its points cost.

    >>> from types import SimpleNamespace
    >>> codes = ["S", "I", "C", "F", "G"]
    >>> plan = SimpleNamespace(
    ...     name="ours",
    ...     exposures=pd.DataFrame(
    ...         {
    ...             "cash": [0, 0, 0, 0, 1],
    ...             "bonds": [0, 0, 0, 1, 0],
    ...             "shares": [1, 0.9, 1, 0, 0],
    ...             "small": [0, 0.1, 0, 0, 0],
    ...         },
    ...         codes,
    ...     ),
    ...     funds=pd.DataFrame({"expense_ratio": [0.005, 0.004, 0.003, 0.002, 0.001]}, codes),
    ...     equity_classes=("shares", "small"),
    ... )
    >>> weights = pd.DataFrame(
    ...     [[0.5, 0.2, 0.1, 0.1, 0.1], [0.1, 0.1, 0.4, 0.2, 0.2]], [0.0, 30.0], list("gfcsi")
    ... )

    It goes on in ``defaults.md``.
    """
    codes = [fund.upper() for fund in FUNDS]
    if lost := [code for code in codes if code not in plan.exposures.index]:
        raise ValueError(f"{plan.name} does not offer {', '.join(lost)}")
    holds = plan.exposures.loc[codes]
    among("column", FUNDS, weights.columns)
    ordered = weights.sort_index(ascending=False)[list(FUNDS)]
    mix = ordered.to_numpy(float) / ordered.to_numpy(float).sum(axis=1, keepdims=True)
    cost = plan.funds.loc[codes, "expense_ratio"].to_numpy(float)
    return Glidepath(
        name,
        ordered.index.to_numpy(float),
        mix @ holds.to_numpy(float),
        [str(label) for label in holds.columns],
        [str(label) for label in holds.columns if label in plan.equity_classes],
        fee=float(np.mean(mix @ cost)),
        source=source,
    )


def long_run(told: Published, plan: Plan) -> Glidepath:
    """The path that every L Fund meets in the end: that of L 2065.

    Examples
    --------
    It is made of the five funds, which another plan does not offer:

    >>> from portlib import plan as plans
    >>> from portlib.stewardship.real_plan.published import read
    >>> long_run(read(), plans.read())
    Traceback (most recent call last):
    ValueError: Example 401(k) plan does not offer G, F, C, S, I
    """
    return of_funds(told.path, plan, "L Funds, long-run path", "FRTIB, table of June 2021")


def as_of(told: Published, plan: Plan, day: str) -> Glidepath:
    """All L Funds in force on a day, by years to the middle of each fund's year; L Income at its
    date, unless a fund is in the very month of its own. ValueError where fewer than three are
    known.

    Parameters
    ----------
    told : Published
        Target weights by fund and quarter.
    plan : Plan
    day : str
        As 2026-01-31.

    Returns
    -------
    Glidepath

    Examples
    --------
    Funds whose last table is more than four months old are no longer in force; in February a fund
    is five months nearer than the middle of its year.

    >>> from types import SimpleNamespace
    >>> codes = ["G", "F", "C", "S", "I"]
    >>> plan = SimpleNamespace(
    ...     name="ours",
    ...     exposures=pd.DataFrame(np.eye(5), codes, codes),
    ...     funds=pd.DataFrame({"expense_ratio": 0.001}, codes),
    ...     equity_classes=("C", "S", "I"),
    ... )
    >>> rows = {
    ...     ("l_2040", "2025-10-01"): [0.2, 0.1, 0.4, 0.1, 0.2],
    ...     ("l_2040", "2026-01-01"): [0.25, 0.1, 0.35, 0.1, 0.2],
    ...     ("l_2040", "2026-04-01"): [0.9, 0.1, 0.0, 0.0, 0.0],
    ...     ("l_2060", "2025-10-02"): [0.1, 0.1, 0.4, 0.2, 0.2],
    ...     ("l_income", "2026-01-01"): [0.7, 0.1, 0.1, 0.05, 0.05],
    ...     ("l_2020", "2025-09-30"): [0.8, 0.1, 0.1, 0.0, 0.0],
    ... }
    >>> index = pd.MultiIndex.from_tuples(
    ...     [(fund, pd.Timestamp(day)) for fund, day in rows], names=["fund", "effective"]
    ... )

    It goes on in ``defaults.md``.
    """
    now = pd.Timestamp(day)
    rows: dict[float, pd.Series] = {}
    income: dict[float, pd.Series] = {}
    for fund in dict.fromkeys(told.targets.index.get_level_values("fund")):
        target = told.target(fund)
        held = target[target.index <= now]
        if held.empty or held.index[-1] < now - pd.DateOffset(months=4):
            continue
        year = str(fund).removeprefix("l_")
        if year == "income":
            income[0.0] = held.iloc[-1]
        else:
            rows[float(year) - now.year - (now.month - 7) / 12] = held.iloc[-1]
    rows = income | rows
    if len(rows) < 3:
        raise ValueError(f"{len(rows)} L Funds are known on {day}: too few for a path")
    table = pd.DataFrame(rows).T
    return of_funds(table, plan, f"L Funds of {now:%Y}", f"FRTIB, weights in force on {day}")
