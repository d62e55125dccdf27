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
    """
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
    """Each inferring measure by month end, from the five funds' months; whole windows only."""
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
    """
    rows = {}
    for name, (first, last) in episodes.items():
        path = (1 + returns.loc[first:last]).cumprod() - 1
        rung = [one.first for one in found if path.index[0] <= one.first <= path.index[-1]]
        start = min(rung, default=pd.NaT)
        low = float(path.min())
        gone = float(path.loc[:start].min()) / low if rung and low < 0 else np.nan
        rows[name] = (low, path.idxmin(), start, gone)
    columns = ["loss", "lowest", "first alarm", "already lost"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
