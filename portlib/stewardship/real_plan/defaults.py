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
    """
    codes = [fund.upper() for fund in FUNDS]
    if lost := [code for code in codes if code not in plan.exposures.index]:
        raise ValueError(f"{plan.name} does not offer {', '.join(lost)}")
    holds = plan.exposures.loc[codes]
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
    date. ValueError where fewer than three funds are known.

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
    """
    now = pd.Timestamp(day)
    rows = {}
    for fund in dict.fromkeys(told.targets.index.get_level_values("fund")):
        target = told.target(fund)
        held = target[target.index <= now]
        if held.empty or held.index[-1] < now - pd.DateOffset(months=4):
            continue
        year = str(fund).removeprefix("l_")
        away = 0.0 if year == "income" else float(year) - now.year - (now.month - 7) / 12
        rows[away] = held.iloc[-1]
    if len(rows) < 3:
        raise ValueError(f"{len(rows)} L Funds are known on {day}: too few for a path")
    table = pd.DataFrame(rows).T
    return of_funds(table, plan, f"L Funds of {now:%Y}", f"FRTIB, weights in force on {day}")
