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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from portlib.plan import Plan
from portlib.plan_format import Vintages
from portlib.ranges import door
from portlib.records import Array

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

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> told = coverage(ours)
    >>> bool(told["considered"].all()), told["reason"]["COSTK"][:12], told["reason"]["LCIDX"]
    (True, 'by its class', 'by its exposures, own risk and expenses')
    >>> promised = replace(ours, funds=ours.funds.assign(kind="annuity"))
    >>> bool(coverage(promised)["considered"].any()), coverage(promised)["description"].iloc[0][:11]
    (False, 'A contract ')
    >>> one = ours.funds["kind"].where(ours.funds.index != "LCIDX", "annuity")
    >>> beside = coverage(replace(ours, funds=ours.funds.assign(kind=one)))["considered"]
    >>> beside.index[~beside].tolist(), len(beside) == len(ours.funds)
    (['LCIDX'], True)
    """
    kind = plan.funds["kind"]
    return pd.DataFrame(
        {
            "label": plan.funds["label"],
            "kind": kind,
            "considered": ~kind.isin(list(DESCRIBED)),
            "reason": kind.map(counted),
            "description": kind.map(DESCRIBED).fillna(""),
        }
    )


def counted(kind: str) -> str:
    """How an option of this kind enters the calculation, or why it does not."""
    return HOW.get(kind, "by its exposures, own risk and expenses")


@lru_cache(maxsize=16)
def series_of(plan: Plan) -> str | None:
    """The plan's target-date series, by its name in the lineup, or None."""
    if plan.dates is None:
        return None
    told = plan.lineup.columns
    kinds = zip(told["fund"], told["kind"], strict=True)
    return next((str(fund) for fund, kind in kinds if kind == "target_date"), None)


def dates(plan: Plan) -> pd.Series:
    """The option that each row of ``Plan.vintages`` is, by years to retirement; empty without a
    series.

    Dates that hold the same mix are one option under the name of the farthest, since nothing but
    the name tells them apart.

    Examples
    --------
    The example plan's dates of 40, 35 and 30 years hold the same mix, and are one option:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> dates(ours).loc[[40.0, 30.0]].tolist()
    ['TDIDX, 40 years to go', 'TDIDX, 40 years to go']
    >>> dates(ours).loc[[25.0, -5.0]].tolist()
    ['TDIDX, 25 years to go', 'TDIDX, retired 5 years']
    >>> len(dates(replace(ours, vintages=None))), series_of(ours)
    (0, 'TDIDX')
    """
    named = _named(plan)
    if plan.dates is None or not named:
        return pd.Series(dtype=object)
    return pd.Series(named, pd.Index(plan.dates.years, name="years_to_retirement"))


def _named(plan: Plan) -> Sequence[str]:
    """The option that each row of ``Plan.vintages`` is; none without a series."""
    fund = series_of(plan)
    return () if fund is None or plan.dates is None else _names(fund, plan.dates)


@lru_cache(maxsize=16)
def _names(series: str, dates: Vintages) -> Sequence[str]:
    return tuple(date_named(series, years) for years in dates.alike)


@door()
def date_named(series: str, years: float) -> str:
    """What a date of a series is called, by the years from now to retirement.

    Examples
    --------
    >>> date_named("TDF", 20), date_named("TDF", 0), date_named("TDF", -5)
    ('TDF, 20 years to go', 'TDF, 0 years to go', 'TDF, retired 5 years')
    """
    return f"{series}, {from_now(years)}"


@door()
def from_now(years: float) -> str:
    """How far off retirement is, in words.

    Examples
    --------
    >>> from_now(2.5), from_now(1), from_now(0), from_now(-1), from_now(-5)
    ('2.5 years to go', '1 year to go', '0 years to go', 'retired 1 year', 'retired 5 years')
    """
    span = f"{abs(years):g} {'year' if abs(years) == 1 else 'years'}"
    return f"{span} to go" if years >= 0 else f"retired {span}"


@dataclass(frozen=True, eq=False)
class Considered:
    """The options in the calculation, each date of a series by itself, as plain arrays.

    Attributes
    ----------
    labels, kinds : tuple of str, length n
    classes : tuple of str, length k
    exposures : array (n, k)
    own_risk, costs : array (n,)
        Annual decimals; the employer stock's own risk is the one that the plan's rules give.
    dates : tuple of str
        Those of the labels that are dates of the series.
    """

    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    classes: tuple[str, ...]
    exposures: Array
    own_risk: Array
    costs: Array
    dates: tuple[str, ...]


@lru_cache(maxsize=16)
def considered(plan: Plan) -> Considered:
    """What `each_vintage` opens and `coverage` considers, without frames.

    Examples
    --------
    What `each_vintage` opens, in the same order; the employer's stock has the volatility that the
    plan's rules state for it:

    >>> from portlib import data, plan
    >>> ours = plan.read(data.ROOT / "plan")
    >>> found, opened = considered(ours), each_vintage(ours)
    >>> shown = opened.exposures.loc[list(found.labels)]
    >>> bool((shown.to_numpy() == found.exposures).all()), list(shown) == list(found.classes)
    (True, True)
    >>> found.dates == tuple(dict.fromkeys(dates(ours))), found.kinds[-8:] == ("target_date",) * 8
    (True, True)
    >>> at = found.labels.index("COSTK")
    >>> stock = {**ours.rules["employer_stock"], "own_volatility": 0.41}
    >>> other = considered(replace(ours, rules={**ours.rules, "employer_stock": stock}))
    >>> float(other.own_risk[at]), float(other.costs[at])
    (0.41, 0.0005)
    >>> bool((opened.funds.loc[list(found.labels), "expense_ratio"] == found.costs).all())
    True
    >>> promised = replace(ours, funds=ours.funds.assign(kind="annuity"), vintages=None)
    >>> considered(promised).labels
    ()
    """
    series = series_of(plan)
    menu = plan.lineup
    told = menu.columns
    kinds = dict(zip(map(str, told["fund"]), told["kind"], strict=True))
    figures = zip(told["specific_risk"], told["expense_ratio"], strict=True)
    own = dict(zip(kinds, map(list, figures), strict=True))
    if stock := plan.rules["employer_stock"]:
        own[stock["fund"]] = [stock["own_volatility"], own[stock["fund"]][1]]
    classes = menu.classes
    rows = dict(zip(kinds, menu.weights, strict=True))
    kept = [fund for fund, kind in kinds.items() if kind not in DESCRIBED and fund != series]
    opened: dict[str, Array] = {}
    if series is not None and plan.dates is not None:
        where = {name: column for column, name in enumerate(plan.dates.classes)}
        held = np.zeros((len(plan.dates.years), len(classes)))
        for column, one in enumerate(classes):
            if one in where:
                held[:, column] = plan.dates.weights[:, where[one]]
        for name, mix in zip(_named(plan), held, strict=True):
            opened.setdefault(name, mix)
    figure = [*(own[fund] for fund in kept), *(own[str(series)] for _ in opened)]
    risks, costs = np.array(figure, dtype=float).reshape(-1, 2).T
    return Considered(
        (*kept, *opened),
        (*(kinds[fund] for fund in kept), *("target_date" for _ in opened)),
        classes,
        np.array([*(rows[fund] for fund in kept), *opened.values()]).reshape(-1, len(classes)),
        risks,
        costs,
        tuple(opened),
    )


@door()
def date_for(plan: Plan, years_to_retirement: float) -> str:
    """The date of the series nearest to somebody's own retirement; ValueError without a series.

    Examples
    --------
    The nearest date; of two as near, the farther:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> date_for(ours, 17.4), date_for(ours, 17.5), date_for(ours, 17.6)
    ('TDIDX, 15 years to go', 'TDIDX, 20 years to go', 'TDIDX, 20 years to go')
    >>> date_for(ours, 70.0), date_for(ours, -30.0)
    ('TDIDX, 40 years to go', 'TDIDX, retired 5 years')
    >>> date_for(replace(ours, vintages=None), 20.0)
    Traceback (most recent call last):
    ...
    ValueError: Example 401(k) plan offers no target-date series
    """
    known = _named(plan)
    if plan.dates is None or not known:
        raise ValueError(f"{plan.name} offers no target-date series")
    years = np.array(plan.dates.years)
    return known[int(abs(years - years_to_retirement).argmin())]


@lru_cache(maxsize=16)
def each_vintage(plan: Plan) -> Plan:
    """The plan with each date of its target-date series as a fund of its own.

    What participants hold in the series lies in the date nearest to their own retirement. Trading
    rules of the series hold for each date. A plan without a series, or already so opened, is
    returned as it is.

    Examples
    --------
    What somebody of 34 holds in the series, 31 years before the plan's normal age, lies in the date
    of 30 years, which is that of 40; somebody who named another age has another date. Whole,
    nothing is lost:

    >>> from portlib import data, plan
    >>> ours = plan.read(data.ROOT / "plan")
    >>> opened = each_vintage(ours)
    >>> series_of(opened) is None and bool(opened.exposures.sum(axis=1).round(9).eq(1).all())
    True
    >>> opened is each_vintage(opened), "TDIDX" in opened.funds.index, len(opened.funds)
    (True, False, 26)
    >>> named = list(dict.fromkeys(dates(ours)))
    >>> float(ours.holdings["TDIDX"]["P0001"]), float(opened.holdings[named[0]]["P0001"])
    (0.04, 0.04)
    >>> bool(np.allclose(opened.holdings[named].sum(axis=1), ours.holdings["TDIDX"]))
    True
    >>> bool(np.allclose(opened.holdings.sum(axis=1), 1))
    True
    >>> years = (ours.participants["retirement_age"].fillna(65) - ours.age).astype(float)
    >>> old = years[(years < -4) & (ours.holdings["TDIDX"] > 0)].index
    >>> bool((opened.holdings.loc[old, "TDIDX, retired 5 years"] > 0).all()), len(old) > 0
    (True, True)
    >>> opened.exposures.loc["TDIDX, 25 years to go", ["us_core_bonds", "em_equity"]].tolist()
    [0.11, 0.089]
    >>> opened.funds["kind"].iloc[-1], float(opened.funds["expense_ratio"].iloc[-1])
    ('target_date', 0.0007)
    >>> opened.funds["label"].iloc[-1]
    'Index Target-Date series (5-year vintages), retired 5 years'

    It goes on in ``options.md``.
    """
    fund = series_of(plan)
    named = dates(plan)
    if fund is None or plan.dates is None:
        return plan
    options = list(dict.fromkeys(named))
    at = [named.tolist().index(name) for name in options]
    others = [name != fund for name in plan.funds.index]
    row = plan.funds.loc[fund]
    rows = {name: [value] * len(options) for name, value in row.items()}
    rows["label"] = [f"{row['label']}, {name.rsplit(', ', 1)[1]}" for name in options]
    rows["plan_share"] = [float("nan")] * len(options)
    opened = {}
    for name, cells in plan.funds.items():
        kept = cells.to_numpy()[others].tolist() + rows[str(name)]
        opened[name] = pd.Index(kept, dtype=object) if cells.dtype == object else np.array(kept)
    index = pd.Index([*plan.funds.index[others], *options])
    classes = list(plan.exposures)
    where = {name: column for column, name in enumerate(plan.dates.classes)}
    held = np.zeros((len(options), len(classes)))
    for column, name in enumerate(classes):
        if name in where:
            held[:, column] = plan.dates.weights[at, where[name]]
    exposures = pd.DataFrame(
        np.vstack([plan.exposures.to_numpy(float), held]),
        pd.Index([*plan.exposures.index, *options]),
        classes,
    )
    holdings = plan.holdings.to_numpy(float)
    split = np.zeros((len(holdings), len(options)))
    if len(holdings):
        retires = plan.participants["retirement_age"].fillna(plan.rules["normal_retirement_age"])
        years_to_go = (retires - plan.age).reindex(plan.holdings.index).to_numpy(float)
        apart = np.abs(named.index.to_numpy(float)[None, :] - years_to_go[:, None])
        own = named.to_numpy()[apart.argmin(axis=1)]
        in_series = plan.holdings[fund].to_numpy(float)
        split = np.where(own[:, None] == np.array(options, object), in_series[:, None], 0.0)
    columns = [str(name) for name in plan.holdings if name != fund]
    kept_holdings = holdings[:, [name != fund for name in plan.holdings]]
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
        funds=pd.DataFrame(opened, index),
        exposures=exposures,
        vintages=None,
        holdings=pd.DataFrame(
            np.hstack([kept_holdings, split]), plan.holdings.index, [*columns, *options]
        ),
    )
