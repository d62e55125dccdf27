"""What does each fund of the menu hold, by whose evidence, and how sure is that?

Three kinds of evidence: what the plan states (``lineup.csv``); what the fund's own returns behaved
like (`portlib.estimation.style_analysis`, on its own months); what its holdings were on a day.
Where returns and holdings both speak, their blend ``h x holdings + (1 - h) x returns`` counts, with
the policy's ``style_holdings_weight`` h; where one speaks, that one; else the statement. A fund
that is stated to hold a class without any monthly series is not judged by returns, which could not
see it; nor is one whose own months stand for a class, nor one whose style explains less of its
variance than the policy's ``style_r_squared_floor``.

Errors: of returns, style's standard errors; of holdings, a uniform law over the bounds that what is
not mapped leaves, ``(upper - lower) / sqrt(12)``; of a blend, as of independent parts. Left out:
errors of what the plan states (none is known), and what a fund did since its last holdings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from portlib import history
from portlib import plan as plans
from portlib.class_returns import ClassReturns, class_returns
from portlib.estimation import style_analysis
from portlib.inputs import HeldExposures
from portlib.plan import Plan

STATED, BY_RETURNS, BY_HOLDINGS, BOTH = (
    "stated",
    "returns",
    "holdings",
    "returns and holdings",
)
#: Shares of a fund below this are nothing.
NOTHING = 1e-9
#: Months no further apart than this are the same series.
SAME = 1e-6
#: A fund of which less is mapped is not judged by its holdings.
LEAST_MAPPED = 0.5


@dataclass(frozen=True, eq=False)
class Exposures:
    """What the funds hold, by class, and by which evidence.

    Attributes
    ----------
    weights, errors : DataFrame, funds x classes
        Rows of weights sum to one; errors are nan where only the plan's statement speaks.
    about : DataFrame by fund
        evidence; months and r_squared of its style, day and unmapped share of its holdings (nan
        where not used); specific_risk (annual, the style's where returns speak, else as stated);
        apart: half the sum of absolute differences from what the plan states.
    left : mapping
        By fund, why returns or holdings that were brought do not speak.
    """

    weights: pd.DataFrame
    errors: pd.DataFrame
    about: pd.DataFrame
    left: Mapping[str, str]


def exposures(plan: Plan, returns: ClassReturns) -> Exposures:
    """What the menu's funds hold by the best evidence that the plan brings.

    Parameters
    ----------
    plan : with its funds' returns and holdings, if any (`Plan.inputs`).
    returns : of its classes, from `portlib.class_returns.class_returns`.

    Raises
    ------
    ValueError
        As `style_analysis.style` does, for classes whose months replicate each other.

    Examples
    --------
    SYNTHETIC months in which shares move by 4% and bonds by 1%, and funds that hold them in what
    proportion the returns say, with a life of their own of half a percent. Holdings are brought by
    three funds, and count for a quarter where returns speak too:

    >>> from datetime import date
    >>> from types import SimpleNamespace
    >>> months = pd.date_range("2024-07-31", periods=24, freq="ME")
    >>> first, second = np.tile([1, 1, -1, -1], 6), np.tile([1, -1, 1, -1], 6)
    >>> own = 0.005 * first * second  # neither moves with it
    >>> table = {"shares": 0.01 + 0.04 * first, "bonds": 0.004 + 0.01 * second, "cash": 0.001}
    >>> came = pd.DataFrame(table, months)
    >>> known = ClassReturns(came, dict.fromkeys(came, "own"), ("land",))
    >>> mixed, low = came @ [0.5, 0.3, 0.2] + own, came @ [0.1, 0.0, 0.9] + own
    >>> brought = {"both": mixed, "land": mixed, "styled": mixed, "poor": low, "series": mixed}
    >>> brought["copy"] = came["bonds"]
    >>> names = ["held", "styled", "both", "hidden", "said", "poor", "copy", "land"]
    >>> stated = pd.DataFrame({"shares": 1.0, "bonds": 0.0, "cash": 0.0, "land": 0.0}, names)
    >>> stated.loc["land", ["shares", "land"]] = 0.9, 0.1
    >>> mapped = pd.DataFrame({"gold": [0.2, 0.5, 0.1], "shares": [0.6, 0.0, 0.39]})
    >>> mapped.index = ["both", "held", "hidden"]
    >>> day, rest = pd.Timestamp("2026-05-31"), 1 - mapped.sum(axis=1)
    >>> held = HeldExposures(mapped, rest, pd.Series(day, mapped.index), pd.DataFrame())
    >>> ours = SimpleNamespace(
    ...     exposures=stated, funds=pd.DataFrame({"specific_risk": 0.03}, names),
    ...     as_of=date(2026, 6, 30),
    ...     policy={
    ...         "style_holdings_weight": 0.25, "style_r_squared_floor": 0.7,
    ...         "minimum_history_months": 24,
    ...     },
    ...     inputs=SimpleNamespace(
    ...         funds=SimpleNamespace(values=pd.DataFrame(brought)),
    ...         holdings=SimpleNamespace(exposures={date(2026, 6, 30): held}.__getitem__),
    ...     ),
    ... )
    >>> found = exposures(ours, known)

    It goes on in ``exposures.md``.
    """
    stated = plan.exposures.astype(float)
    left: dict[str, str] = {}
    style = _by_returns(plan, returns, stated, left)
    held = _by_holdings(plan, stated, left)
    h = float(plan.policy["style_holdings_weight"])
    classes = list(stated.columns)
    if held is not None:
        classes = list(dict.fromkeys([*classes, *map(str, held.mapped.columns)]))
    weights = stated.reindex(columns=classes, fill_value=0.0)
    errors = pd.DataFrame(np.nan, weights.index, classes)
    about = pd.DataFrame(
        {
            "evidence": STATED,
            "months": np.nan,
            "r_squared": np.nan,
            "day": pd.NaT,
            "unmapped": np.nan,
            "specific_risk": plan.funds["specific_risk"].reindex(weights.index).astype(float),
        },
        index=weights.index,
    )
    for fund in weights.index:
        seen = style is not None and fund in style.exposures.index
        known = held is not None and fund in held.mapped.index
        if style is not None and seen:
            by_style = style.exposures.loc[fund].reindex(classes, fill_value=0.0)
            its_error = style.standard_errors.loc[fund].reindex(classes, fill_value=0.0)
            weights.loc[fund], errors.loc[fund] = by_style, its_error
            fit = style.fit.loc[fund]
            about.loc[fund, ["months", "r_squared"]] = fit["months"], fit["r_squared"]
            about.loc[fund, ["evidence", "specific_risk"]] = BY_RETURNS, fit["specific_risk"]
        if held is not None and known:
            point = held.point.loc[fund].reindex(classes, fill_value=0.0)
            spread = (held.upper - held.lower).loc[fund].reindex(classes, fill_value=0.0)
            its_error = spread / np.sqrt(12)
            if seen:
                point = h * point + (1 - h) * weights.loc[fund]
                its_error = np.sqrt((h * its_error) ** 2 + ((1 - h) * errors.loc[fund]) ** 2)
            weights.loc[fund], errors.loc[fund] = point, its_error
            about.loc[fund, "evidence"] = BOTH if seen else BY_HOLDINGS
            about.loc[fund, "day"] = held.dates[fund]
            about.loc[fund, "unmapped"] = held.unmapped[fund]
    before = stated.reindex(columns=classes, fill_value=0.0)
    about["apart"] = (weights - before).abs().sum(axis=1) / 2
    return Exposures(weights, errors, about, left)


def read_plan(path: str | Path | None = None) -> Plan:
    """The plan that a chapter is about, its funds seen through by the best evidence it brings.

    Examples
    --------
    >>> read_plan().exposures.equals(plans.read().exposures)  # the example plan brings none
    True
    """
    return by_evidence(plans.read(path), history.read("open"))


def by_evidence(plan: Plan, record: history.History) -> Plan:
    """`seen_through` with the months that stand for the plan's classes in a record; a plan that
    brings neither returns nor holdings of its funds is itself."""
    if plan.inputs.funds is None and plan.inputs.holdings is None:
        return plan
    return seen_through(plan, class_returns(plan, record))


def shown(plan: Plan, found: Exposures) -> pd.DataFrame:
    """In words, by fund that brought evidence: which, and each class with two standard errors."""
    told = found.about[found.about["evidence"] != STATED]
    share, error = found.weights.loc[told.index], 2 * found.errors.loc[told.index]
    parts = share.map("{:.0%} ± ".format) + error.map("{:.0%}".format)
    parts = parts.where((share >= 0.005) | (error >= 0.005), "")
    parts = parts.loc[:, (parts != "").any()]
    words = parts.assign(
        evidence=told["evidence"], apart=told["apart"].astype(float).map("{:.0%}".format)
    )
    labels = plan.funds.loc[told.index, "label"].to_list()
    return words.set_axis(labels, axis="index")[["evidence", *parts.columns, "apart"]]


def seen_through(plan: Plan, returns: ClassReturns) -> Plan:
    """The plan, its funds' exposures and specific risks by the best evidence that it brings.

    Examples
    --------
    Holdings say 60% large companies and 20% abroad of a fund that is stated at 97 and 3; of the
    rest nobody knows, so each share may lie 20% higher, and two standard errors are 2 * 20 / sqrt
    12. Every other fund, the series and all own risks are as they were:

    >>> from portlib import data
    >>> from portlib.inputs import FundHoldings
    >>> ours = plans.read(data.ROOT / "plan")
    >>> day = pd.Timestamp("2026-05-31")
    >>> rows = [("LGACT", day, (("ticker", name),), w) for name, w in [("A", 0.6), ("B", 0.2)]]
    >>> table = pd.DataFrame(rows, columns=["fund", "date", "ids", "weight"])
    >>> master = pd.DataFrame({"id_kind": "ticker", "id": ["A", "B"], "valid_from": pd.NaT})
    >>> master = master.assign(valid_to=pd.NaT)
    >>> master["class"] = ["us_large_equity", "intl_dev_equity"]
    >>> inputs = replace(ours.inputs, holdings=FundHoldings(table, master))
    >>> brought = replace(ours, inputs=inputs)
    >>> seen = seen_through(brought, ClassReturns(pd.DataFrame(), {}, ()))
    >>> mix = seen.exposures.loc["LGACT"]
    >>> mix[mix > 0].round(9).to_dict()
    {'us_large_equity': 0.75, 'intl_dev_equity': 0.25}
    >>> seen.exposures.drop("LGACT").equals(ours.exposures.drop("LGACT"))
    True
    >>> seen.funds.equals(ours.funds), by_evidence(ours, None) is ours
    (True, True)
    >>> record = history.read("open")
    >>> by_evidence(brought, record).exposures.equals(seen.exposures)
    True
    >>> words = shown(brought, exposures(brought, ClassReturns(pd.DataFrame(), {}, ())))
    >>> words.index.tolist(), words.iloc[0].tolist()
    (['Large Growth Active'], ['holdings', '75% ± 12%', '25% ± 12%', '22%'])
    """
    found = exposures(plan, returns)
    risks = plan.funds["specific_risk"].copy()
    risks.loc[found.about.index] = found.about["specific_risk"]
    return replace(
        plan, exposures=found.weights, funds=plan.funds.assign(specific_risk=risks.astype(float))
    )


def _by_returns(
    plan: Plan, returns: ClassReturns, stated: pd.DataFrame, left: dict[str, str]
) -> style_analysis.Style | None:
    """Style of the funds that bring returns and hold only classes with a series."""
    own = plan.inputs.funds
    if own is None:
        return None
    classes = [name for name in returns.distinct if name in stated]
    beyond = stated.drop(columns=classes)
    judged = []
    for fund in map(str, own.values):
        if fund not in stated.index:
            left[fund] = "is a series; its vintages hold the classes"
            continue
        if lost := list(map(str, beyond.columns[beyond.loc[fund].to_numpy(float) > NOTHING])):
            left[fund] = f"holds {', '.join(lost)}, of which no months are known"
        else:
            judged.append(fund)
    if len(classes) < 2:
        left.update(
            dict.fromkeys(judged, "has no two classes with months of their own to be told by")
        )
        return None
    if not judged:
        return None
    index = returns.common(classes)
    months = index.index.intersection(own.values.index)
    least = int(plan.policy["minimum_history_months"])
    if len(months) < least:
        left.update(
            dict.fromkeys(
                judged, f"has {len(months)} months in common with the classes, not {least}"
            )
        )
        return None
    for fund in list(judged):
        apart = index.loc[months].sub(own.values.loc[months, fund], axis=0).abs().max()
        if (apart < SAME).any():
            left[fund] = f"its own months stand for {apart.idxmin()}, and would explain themselves"
            judged.remove(fund)
    if not judged:
        return None
    style = style_analysis.style(
        own.values.loc[months, judged], index.loc[months], minimum_months=least
    )
    left.update(style.failed)
    floor = float(plan.policy["style_r_squared_floor"])
    told = style.fit["r_squared"] >= floor
    for name, explained in style.fit.loc[~told, "r_squared"].items():
        left[str(name)] = (
            f"its style explains {explained:.0%} of its variance, below the policy's {floor:.0%}"
        )
    if not told.any():
        return None
    return replace(
        style,
        exposures=style.exposures[told],
        standard_errors=style.standard_errors[told],
        fit=style.fit[told],
    )


def _by_holdings(plan: Plan, stated: pd.DataFrame, left: dict[str, str]) -> HeldExposures | None:
    """Holdings of the funds of which enough is mapped."""
    own = plan.inputs.holdings
    if own is None:
        return None
    held = own.exposures(plan.as_of)
    short = held.mapped.sum(axis=1) < LEAST_MAPPED
    for fund in held.mapped.index[short]:
        left[str(fund)] = f"its holdings are mapped to {held.mapped.loc[fund].sum():.0%} only"
    kept = [fund for fund in held.mapped.index[~short] if fund in stated.index]
    if not kept:
        return None
    return HeldExposures(held.mapped.loc[kept], held.unmapped[kept], held.dates[kept], held.unknown)
