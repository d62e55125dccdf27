"""Which alarms would have rung at an L Fund's target mix since 2005, and was there anything to see?

The monitoring chapter's rules (`portlib.stewardship.monitoring`) on the five funds' real months.
What is promised is what could be known when the watch began: means of the anchored method as of
then, covariance of the months before. Nothing is learnt later: a promise that moves with the market
is never broken.

A *spell* is a run of months in which a rule stands at a severity or worse. Left out: the rules that
need an order book (settlement, slippage), and a promise renewed by the committee.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from portlib.policy import Policy
from portlib.ranges import among
from portlib.records import Assumptions
from portlib.stewardship.monitoring import Watched, limits
from portlib.stewardship.monitoring.alarms import INFERRED, ROUNDING, SEVERITIES
from portlib.stewardship.real_plan.published import FUNDS


def watched(
    target: pd.Series, benchmark: pd.Series, classes: Assumptions, *, policy: Policy
) -> Watched:
    """The promise of a mix of the five funds against another, under the policy's values.

    The funds are their own classes here: what they cost is inside their months, and they have no
    risk beyond them.

    Parameters
    ----------
    target, benchmark : Series
        Weights by fund.
    classes : Assumptions
        Of the funds.
    policy : Policy

    Returns
    -------
    Watched

    Examples
    --------
    >>> told = Assumptions(
    ...     list(FUNDS), [0.02, 0.03, 0.07, 0.08, 0.06], np.diag([1, 2, 4, 5, 3]) / 100
    ... )
    >>> target = pd.Series({"i": 0.1, "c": 0.4, "g": 0.2, "s": 0.05, "f": 0.25})
    >>> decided = {"index_fund_cost": 0.001, "monitoring_window_months": 3}
    >>> decided |= {"monitoring_rebalance_months": 1, "tail_level": 0.95}
    >>> decided |= {"fat_tail_degrees_of_freedom": 5}
    >>> other = pd.Series({"f": 0.25, "i": 0.1, "g": 0.3, "s": 0.05, "c": 0.3})
    >>> promise = watched(target, other, told, policy=decided)
    >>> promise.target.tolist(), promise.benchmark.tolist()
    ([0.2, 0.25, 0.4, 0.05, 0.1], [0.3, 0.25, 0.3, 0.05, 0.1])
    >>> round(promise.tracking_error**2, 9)  # 0.01 * (0.01 + 0.04)
    0.0005
    >>> round(promise.mean, 9)  # 0.004 + 0.0075 + 0.028 + 0.004 + 0.006
    0.0495
    """
    for weights in (target, benchmark):
        among("fund", weights.index, FUNDS)
        among("weight of", FUNDS, weights.index)
    none = np.zeros(len(FUNDS))
    return Watched.under(
        policy,
        target=target.reindex(list(FUNDS)).to_numpy(float),
        exposures=np.eye(len(FUNDS)),
        own_risk=none,
        expense=none,
        benchmark=benchmark.reindex(list(FUNDS)).to_numpy(float),
        classes=classes,
    )


def measured(promise: Watched, months: pd.DataFrame) -> pd.DataFrame:
    """Each inferring measure by month end, from the five funds' months; whole windows only.

    Examples
    --------
    Only the rules that infer, and only months that end a whole window:

    >>> told = Assumptions(
    ...     list(FUNDS), [0.02, 0.03, 0.07, 0.08, 0.06], np.diag([1, 2, 4, 5, 3]) / 100
    ... )
    >>> target = pd.Series({"i": 0.1, "c": 0.4, "g": 0.2, "s": 0.05, "f": 0.25})
    >>> other = pd.Series({"g": 0.3, "f": 0.25, "c": 0.3, "s": 0.05, "i": 0.1})
    >>> decided = {"index_fund_cost": 0.0, "monitoring_window_months": 3}
    >>> decided |= {"monitoring_rebalance_months": 1, "tail_level": 0.95}
    >>> decided |= {"fat_tail_degrees_of_freedom": 5}
    >>> promise = watched(target, other, told, policy=decided)
    >>> ends = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> months = pd.DataFrame(
    ...     {"c": [0.05, -0.2, 0.01, 0.03], "g": [0.001, 0.002, 0.0, 0.003]}, ends
    ... )
    >>> months = months.assign(s=0.01, i=-0.02, f=[0.0, 0.01, -0.01, 0.0], x=9.0)
    >>> found = measured(promise, months)
    >>> list(found) == list(INFERRED), [f"{day:%m}" for day in found.index]
    (True, ['03', '04'])
    >>> r = months[list(FUNDS)].to_numpy() @ promise.target
    >>> bool(
    ...     np.isclose(found["volatility"].iloc[1], np.std(r[1:], ddof=1) * 12**0.5 / promise.risk)
    ... )
    True
    """
    among("fund", FUNDS, months.columns)
    r = months[list(FUNDS)].to_numpy(float)
    found = {name: values for name, values in promise.measures(r, r).items() if name in INFERRED}
    return pd.DataFrame(found, months.index).dropna()


def beyond(seen: pd.DataFrame, severity: str, *, policy: Policy) -> pd.DataFrame:
    """In which months each rule stands at `severity` or worse: beyond the policy's limit, not at
    it.

    Parameters
    ----------
    seen : DataFrame (months, rules)
        Measures in each rule's unit.
    severity : str
        ``info``, ``watch`` or ``act``.
    policy : Policy
        With the rules' limits.

    Returns
    -------
    DataFrame of bool (months, rules)

    Raises
    ------
    ValueError
        For a severity that is none.

    Examples
    --------
    At a limit is not beyond it.

    >>> rises = {"info": 0.01, "watch": 0.02, "act": 0.05}
    >>> decided = {
    ...     "alert_limits": {"drift": rises, "cost": {name: 10 * x for name, x in rises.items()}}
    ... }
    >>> seen = pd.DataFrame({"cost": [0.2, 0.21, 0.6], "drift": [0.05, 0.02 + 1e-14, 0.06]})
    >>> beyond(seen, "watch", policy=decided).to_numpy().tolist()
    [[False, True], [True, False], [True, True]]
    >>> beyond(seen, "act", policy=decided).to_numpy().tolist()
    [[False, False], [False, False], [True, True]]
    >>> beyond(seen, "alarm", policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: no severity 'alarm'; use one of info, watch, act
    """
    if severity not in SEVERITIES:
        raise ValueError(f"no severity {severity!r}; use one of {', '.join(SEVERITIES)}")
    least = {rule: limits(str(rule), policy=policy)[severity] + ROUNDING for rule in seen}
    return seen > pd.Series(least, dtype=float)


class Spell(NamedTuple):
    """A run of months in which a rule stands at a severity or worse."""

    rule: str
    first: pd.Timestamp
    last: pd.Timestamp
    months: int
    worst: float


def spells(seen: pd.DataFrame, severity: str, *, policy: Policy) -> list[Spell]:
    """All spells at a severity or worse, in the order of their first month.

    Parameters
    ----------
    seen, severity, policy
        As for `beyond`.

    Returns
    -------
    list of Spell

    Examples
    --------
    >>> rises = {"info": 0.01, "watch": 0.02, "act": 0.05}
    >>> decided = {"alert_limits": {"drift": rises, "cost": rises}}
    >>> ends = pd.date_range("2026-01-31", periods=5, freq="ME")
    >>> seen = pd.DataFrame({"drift": [0.01, 0.03, 0.06, 0.02, 0.03]}, ends)
    >>> seen["cost"] = [0.04, 0.03, 0.0, 0.0, 0.0]
    >>> for one in spells(seen, "watch", policy=decided):
    ...     print(one.rule, f"{one.first:%m}", f"{one.last:%m}", one.months, one.worst)
    cost 01 02 2 0.04
    drift 02 03 2 0.06
    drift 05 05 1 0.03
    >>> spells(seen, "act", policy=decided)[0].months, rate(seen, "watch", policy=decided)
    (1, 0.8)

    Those of one month come by their names, whatever the order of the rules:

    >>> mixed = pd.DataFrame({"cost": [0.0, 0.0, 0.03], "size": 0.03, "drift": 0.03}, ends[:3])
    >>> many = {"alert_limits": dict.fromkeys(mixed, rises)}
    >>> [one.rule for one in spells(mixed, "watch", policy=many)]
    ['drift', 'size', 'cost']
    """
    found = []
    for rule, rung in beyond(seen, severity, policy=policy).items():
        run = (rung != rung.shift()).cumsum()
        for _, part in seen[rule][rung].groupby(run[rung]):
            found.append(
                Spell(str(rule), part.index[0], part.index[-1], len(part), float(part.max()))
            )
    return sorted(found, key=lambda one: (one.first, one.rule))


def rate(seen: pd.DataFrame, severity: str, *, policy: Policy) -> float:
    """The share of months in which some rule stands at a severity or worse, decimal.

    Parameters
    ----------
    seen, severity, policy
        As for `beyond`.

    Examples
    --------
    >>> rises = {"info": 0.01, "watch": 0.02, "act": 0.05, "unit": "weight"}
    >>> seen = pd.DataFrame({"drift": [0.0, 0.03, 0.06, 0.01]})
    >>> rate(seen, "watch", policy={"alert_limits": {"drift": rises}})
    0.5
    """
    return float(beyond(seen, severity, policy=policy).any(axis=1).mean())


def ahead_of_losses(
    found: list[Spell], returns: pd.Series, episodes: Mapping[str, tuple[str, str]]
) -> pd.DataFrame:
    """Was any alarm in time? By episode (first month, last month): the loss from its start to its
    lowest month end, the first alarm that began in it, and how much of the loss had then come.

    The alarm of a month is read at its end. NaT and nan where nothing began to ring in it.

    Parameters
    ----------
    found : list of Spell
    returns : Series
        Monthly decimals.
    episodes : mapping
        First and last month by name.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        For an episode of which no month is known.

    Examples
    --------
    The account stands at 0.9, 0.72, 0.792, 0.6732 and then higher: 32.68% are lost at the worst. An
    alarm of the second month came when 28% were gone.

    >>> ends = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> returns = pd.Series([-0.10, -0.20, 0.10, -0.15, 0.30, 0.02], ends)
    >>> rang = [Spell("a", ends[2], ends[3], 2, 1.0), Spell("b", ends[1], ends[1], 1, 1.0)]
    >>> told = {"fall": ("2026-01", "2026-05"), "calm": ("2026-05", "2026-06")}
    >>> found = ahead_of_losses(rang, returns, told)
    >>> found.loc["fall", ["loss", "already lost"]].astype(float).round(6).tolist()  # 0.28 / 0.3268
    [-0.3268, 0.856793]
    >>> [f"{found.loc['fall', name]:%m}" for name in ("lowest", "first alarm")]
    ['04', '02']
    >>> round(float(found.loc["calm", "loss"]), 9), found.loc["calm", "first alarm"]
    (0.3, NaT)
    >>> late = ahead_of_losses([Spell("a", ends[4], ends[4], 1, 1.0)], returns, told)
    >>> late["already lost"].round(
    ...     6
    ... ).tolist()  # all was lost in the first; in the second nothing was
    [1.0, nan]

    One that rings when an episode is over is of the next:

    >>> over = ahead_of_losses([Spell("a", ends[5], ends[5], 1, 1.0)], returns, told)
    >>> over["first alarm"].notna().to_dict()
    {'fall': False, 'calm': True}

    An alarm of an episode's first month counts; one that began before the episode does not, however
    long it rings:

    >>> rang = [Spell("a", ends[3], ends[5], 3, 1.0), Spell("b", ends[0], ends[0], 1, 1.0)]
    >>> found = ahead_of_losses(rang, returns, told)
    >>> f"{found.loc['fall', 'first alarm']:%m}", found.loc["calm", "first alarm"]
    ('01', NaT)
    >>> round(float(found.loc["fall", "already lost"]), 6)  # 0.1 / 0.3268
    0.305998
    >>> ahead_of_losses(rang, returns, told | {"early": ("2008-09", "2009-02")})
    Traceback (most recent call last):
    ...
    ValueError: early: no return is known from 2008-09 to 2009-02
    """
    rows = {}
    for name, (first, last) in episodes.items():
        path = (1 + returns.loc[first:last]).cumprod() - 1
        if path.empty:
            raise ValueError(f"{name}: no return is known from {first} to {last}")
        rung = [one.first for one in found if path.index[0] <= one.first <= path.index[-1]]
        start = min(rung, default=pd.NaT)
        low = float(path.min())
        gone = float(path.loc[:start].min()) / low if rung and low < 0 else np.nan
        rows[name] = (low, path.idxmin(), start, gone)
    columns = ["loss", "lowest", "first alarm", "already lost"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
