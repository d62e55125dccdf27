"""What is watched of a plan: which portfolio, against what promise, over which months?

The portfolio is the model of the policy's default posture, or of the most cautious posture that
has a model. Its months are put together: real series of classes where there are any, the plan's own
months of options where it brought them, and draws for what is left, which are SYNTHETIC. The
chapter and the quarterly review both begin here, so that one says what the other says. No month
after the plan's own figures is looked at.

Left out: what participants did, and real accounts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from portlib import history
from portlib.class_returns import class_returns
from portlib.plan import Plan
from portlib.records import Array, Assumptions
from portlib.retirement import model_portfolios, plan_menu
from portlib.stewardship.monitoring import performance
from portlib.stewardship.monitoring.measures import (
    History,
    Watched,
    class_history,
    followed,
    options,
    same_equity,
    with_own,
)


class Returns(NamedTuple):
    """Monthly returns of a portfolio over its record, and the weights of its months (months, n)."""

    gross: pd.Series
    net: pd.Series
    benchmark: pd.Series
    starts: Array
    ends: Array


#: Standard error, a year, below which an option is compared with itself: its class's months are
#: its own.
SAME = 0.5e-4


@dataclass(frozen=True, eq=False)
class Watch:
    """The portfolio that is watched, every option, and their months.

    Parameters
    ----------
    plan : Plan
    posture : whose model is watched
    risk_aversion : of that model
    watched : the promise; its funds are `held`, in their order
    held : codes of the funds
    exposure : of the portfolio, by class
    history : returns of classes over all months that there are
    bills : of the same months
    options : what each option holds, its own risk and expense ratio
    net : returns of options over `months`, net of expenses
    own_since : by option, the first month of the plan's own

    Examples
    --------
    Two funds of three options, over five months of which the last three are the record; the
    portfolio goes back to its target every month.

    >>> from types import SimpleNamespace
    >>> ends = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> classes = pd.DataFrame(
    ...     {
    ...         "shares": [0.9, 0.02, -0.03, 0.04, -0.01, 0.05],
    ...         "bonds": [0.9, 0.01, 0.002, -0.004, 0.006, 0.0],
    ...     },
    ...     ends,
    ... )
    >>> net = pd.DataFrame(
    ...     {
    ...         "B": [0.008, 0.001, -0.005, 0.007, 0.002],
    ...         "X": 0.5,
    ...         "A": [0.018, -0.031, 0.042, -0.012, 0.049],
    ...     },
    ...     ends[1:],
    ... )

    It goes on in ``watching.md``.
    """

    plan: Plan
    posture: str
    risk_aversion: float
    watched: Watched
    held: tuple[str, ...]
    exposure: pd.Series
    history: History
    bills: pd.Series
    options: pd.DataFrame
    net: pd.DataFrame
    own_since: Mapping[str, pd.Timestamp]

    @property
    def classes(self) -> Assumptions:
        """The assumptions of the promise."""
        return self.watched.classes

    @property
    def months(self) -> pd.DataFrame:
        """Returns of classes: so many that the first window ends where the record begins."""
        return self.history.returns.loc[self.net.index]

    @property
    def record(self) -> pd.Index:
        """The months of the record: the last ones."""
        return self.net.index[-self.plan.policy["monitoring_record_months"] :]

    @property
    def judged(self) -> list[str]:
        """Options whose own months reach over the whole record; every option where the whole plan
        is invented, as its months are."""
        if self.plan.origin.strip().upper() == "SYNTHETIC":
            return [str(option) for option in self.options.index]
        first = self.record[0]
        return [
            str(o) for o in self.options.index if o in self.own_since and self.own_since[o] <= first
        ]

    @cached_property
    def measured(self) -> dict[str, pd.Series]:
        """Each measure by month of the record."""
        at = self.watched.measures(self.months.to_numpy(), self.net[list(self.held)].to_numpy())
        return {rule: pd.Series(x, self.net.index).loc[self.record] for rule, x in at.items()}

    @cached_property
    def returns(self) -> Returns:
        """Gross, net and benchmark of the portfolio over the record."""
        at = len(self.net) - len(self.record)
        net, starts, ends = followed(
            self.net[list(self.held)].to_numpy(),
            self.watched.target,
            self.watched.rebalance_months,
        )
        paid = starts @ self.watched.expense / 12
        cost = self.watched.index_fund_cost / 12
        against = self.months.to_numpy() @ self.watched.benchmark - cost
        gross, after, other = (pd.Series(x[at:], self.record) for x in (net + paid, net, against))
        return Returns(gross, after, other, starts[at:], ends[at:])

    @cached_property
    def own_mixes(self) -> pd.DataFrame:
        """For each option the mix of classes that it holds, at the cost of index funds."""
        held = self.options[list(self.classes.labels)].to_numpy(float)
        mix = self.months.to_numpy() @ held.T - self.watched.index_fund_cost / 12
        return pd.DataFrame(mix, self.net.index, self.options.index)

    def reviews(self, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Every option beside its own mix of classes, over the record that ends in a month, as
        `performance.reviews` judges it; over the last record where no month is given."""
        months = self.net.loc[:until].index[-len(self.record) :]
        return performance.reviews(
            self.net.loc[months],
            self.own_mixes.loc[months],
            self.bills.loc[months],
            self.options["expense_ratio"],
            index_fund_cost=self.watched.index_fund_cost,
        )


def watch(plan: Plan, rng: np.random.Generator) -> Watch:
    """What is watched of a plan.

    Parameters
    ----------
    plan : Plan
    rng : numpy.random.Generator
        Where months come from that nobody has: of classes without a series first, then what each
        option has beyond its classes.

    Returns
    -------
    Watch

    Raises
    ------
    ValueError
        Where no model can be made of its menu.

    Examples
    --------
    The record is as long as the policy asks, and the portfolio its default posture's:

    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> seen = watch(ours, np.random.default_rng(2026))
    >>> len(seen.record) == ours.policy["monitoring_record_months"]
    True
    >>> seen.posture == ours.policy["default_posture"]
    True

    No month after the plan's figures is looked at, and so many before that the first window ends
    where the record begins:

    >>> len(seen.net) - len(seen.record) == ours.policy["monitoring_window_months"] - 1
    True
    >>> pd.Timestamp(ours.as_of) - pd.Timedelta(days=31) < seen.net.index[-1] <= pd.Timestamp(
    ...     ours.as_of
    ... )
    True

    It goes on in ``watching.md``.
    """
    policy = plan.policy
    suite = model_portfolios.suite(plan)
    if not suite.models:
        raise ValueError(f"{plan.name}: there is no model to watch: {dict(suite.missing)}")
    posture = policy["default_posture"]
    posture = posture if posture in suite.postures else suite.postures[0]
    target = pd.Series(suite[posture].weights)
    classes = plan_menu.class_assumptions(plan)
    known, bills = _known(plan, classes)
    found = class_history(classes, known, rng)
    offered, labels = options(plan, classes), list(classes.labels)
    count = policy["monitoring_record_months"] + policy["monitoring_window_months"] - 1
    months = found.returns.loc[: pd.Timestamp(plan.as_of)].iloc[-count:]
    beyond = rng.standard_normal((len(months), len(offered))) / math.sqrt(12)
    through = months.to_numpy() @ offered[labels].to_numpy(float).T
    gross = through + beyond * offered["own_risk"].to_numpy()
    made_up = gross - offered["expense_ratio"].to_numpy() / 12
    brought = None if plan.inputs.funds is None else plan.inputs.funds.values
    net, own_since = with_own(pd.DataFrame(made_up, months.index, offered.index), brought)
    held = offered.loc[list(target.index)]
    exposure = pd.Series(target.to_numpy() @ held[labels].to_numpy(float), labels)
    watched = Watched.under(
        policy,
        target=target.to_numpy(),
        exposures=held[labels].to_numpy(float),
        own_risk=held["own_risk"].to_numpy(),
        expense=held["expense_ratio"].to_numpy(),
        benchmark=same_equity(exposure, policy=policy).to_numpy(),
        classes=classes,
    )
    return Watch(
        plan,
        posture,
        suite[posture].risk_aversion,
        watched,
        tuple(map(str, target.index)),
        exposure,
        found,
        bills.reindex(found.returns.index),
        offered,
        net,
        own_since,
    )


def _known(plan: Plan, classes: Assumptions) -> tuple[pd.DataFrame, pd.Series]:
    """Real months of classes, and of cash over the same months: the plan's class of cash, else
    Treasury bills."""
    record = history.read("open")
    known = class_returns(plan, record, list(classes.labels)).common()
    cash = next((name for name in known if plan.inputs.classes.role(str(name)) == "cash"), None)
    bills = (record["bills"].values if cash is None else known[cash]).dropna()
    return known.loc[known.index.intersection(bills.index)], bills


__all__ = ["Returns", "Watch", "watch"]
