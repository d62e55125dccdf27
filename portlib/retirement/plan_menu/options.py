"""What may a participant choose, and what does each choice hold on the day?

A computer model takes every designated option into account, and gives none undue weight. It need
make no recommendation about an annuity, which is then described in general terms, or about an
option that the participant asks to exclude: nothing else may be left out, not employer stock and
not funds that allocate by age or risk (29 CFR 2550.408g-1(b)(4)(i)(G), original read 2026-11-28).

A target-date series is one line of a lineup and as many options as it has dates. Each date holds
one mix on the day, and `each_vintage` makes it a fund like the others: its mix, its fee, its own
risk. What it *will* hold is the series' path (`portlib.retirement.glidepaths.from_plan`).

Left out: brokerage windows, which are no designated option.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from portlib.plan import Plan
from portlib.ranges import door

#: The one kind of option about which no recommendation need be made, and what is said of it.
DESCRIBED = {
    "annuity": "A contract with an insurer that pays an income, usually for life, in exchange for "
    "a sum. It rests on the insurer's ability to pay, and getting out of it may be costly or "
    "impossible.",
}
#: How each kind of option enters the calculation.
HOW = {
    "target_date": "each date by the mix that it holds on the day, its own risk and expenses",
    "employer_stock": "by its class, the volatility that the plan states for it and expenses",
    "annuity": "annuity option; a promise of income, not a holding with return and risk",
}


def coverage(plan: Plan) -> pd.DataFrame:
    """Every designated option, considered or described instead: label, kind, considered, how it is
    counted or why it is not, and the general description where it is not.
    """
    kind = plan.funds["kind"]
    return pd.DataFrame(
        {
            "label": plan.funds["label"],
            "kind": kind,
            "considered": ~kind.isin(list(DESCRIBED)),
            "reason": kind.map(HOW).fillna("by its exposures, own risk and expenses"),
            "description": kind.map(DESCRIBED).fillna(""),
        }
    )


@lru_cache(maxsize=16)
def series_of(plan: Plan) -> str | None:
    """The plan's target-date series, by its name in the lineup, or None."""
    found = plan.funds.index[plan.funds["kind"] == "target_date"]
    return str(found[0]) if len(found) and plan.vintages is not None else None


def dates(plan: Plan) -> pd.Series:
    """The option that each row of ``Plan.vintages`` is, by years to retirement; empty without a
    series.

    Dates that hold the same mix are one option under the name of the farthest, since nothing but
    the name tells them apart.
    """
    return _dates(plan).copy()


@lru_cache(maxsize=16)
def _dates(plan: Plan) -> pd.Series:
    fund = series_of(plan)
    if fund is None or plan.vintages is None:
        return pd.Series(dtype=object)
    mixes = plan.vintages.drop(columns="equity")
    first = {
        tuple(mix): years for years, mix in zip(mixes.index[::-1], mixes.values[::-1], strict=True)
    }
    names = [f"{fund}, {first[tuple(mix)]:g} years to go" for mix in mixes.values]
    return pd.Series(names, index=mixes.index.astype(float))


@door()
def date_for(plan: Plan, years_to_retirement: float) -> str:
    """The date of the series nearest to somebody's own retirement; KeyError without a series."""
    known = _dates(plan)
    if known.empty:
        raise KeyError(f"{plan.name} offers no target-date series")
    return str(known.iloc[abs(known.index.to_numpy(float) - years_to_retirement).argmin()])


@lru_cache(maxsize=16)
def each_vintage(plan: Plan) -> Plan:
    """The plan with each date of its target-date series as a fund of its own.

    What participants hold in the series lies in the date nearest to their own retirement. Trading
    rules of the series hold for each date. A plan without a series, or already so opened, is
    returned as it is.

    Examples
    --------
    >>> from portlib import data, plan
    >>> ours = plan.read(data.ROOT / "plan")
    >>> opened = each_vintage(ours)
    >>> series_of(opened) is None and bool(opened.exposures.sum(axis=1).round(9).eq(1).all())
    True
    """
    fund = series_of(plan)
    named = dates(plan)
    if fund is None or plan.vintages is None:
        return plan
    options = named.drop_duplicates()
    row = plan.funds.loc[fund]
    rows = pd.DataFrame(dict.fromkeys(options, row)).T.astype(plan.funds.dtypes)
    rows["label"] = [f"{row['label']}, {name.rsplit(', ', 1)[1]}" for name in options]
    rows["plan_share"] = float("nan")
    held = plan.vintages.drop(columns="equity").loc[options.index]
    held.index = pd.Index(list(options))
    exposures = pd.concat(
        [plan.exposures, held.reindex(columns=plan.exposures.columns).fillna(0.0)]
    )
    retires = plan.participants["retirement_age"].fillna(plan.rules["normal_retirement_age"])
    years_to_go = (retires - plan.age).reindex(plan.holdings.index)
    apart = np.abs(named.index.to_numpy(float)[None, :] - years_to_go.to_numpy(float)[:, None])
    own = named.to_numpy()[apart.argmin(axis=1)]
    in_series = plan.holdings[fund].to_numpy(float)
    split = {name: np.where(own == name, in_series, 0.0) for name in options}
    trading = plan.rules["trading"]
    spread = {
        rule: {
            f: days
            for one, days in trading[rule].items()
            for f in (options if one == fund else [one])
        }
        for rule in ("round_trip_days", "minimum_holding_days")
    }
    wash = plan.rules["stable_value"]
    if wash:
        competing = [f for one in wash["competing"] for f in (options if one == fund else [one])]
        wash = {**wash, "competing": competing}
    return replace(
        plan,
        rules={**plan.rules, "trading": {**trading, **spread}, "stable_value": wash},
        funds=pd.concat([plan.funds.drop(index=fund), rows]),
        exposures=exposures,
        vintages=None,
        holdings=pd.concat(
            [plan.holdings.drop(columns=fund), pd.DataFrame(split, index=plan.holdings.index)],
            axis=1,
        ),
    )
