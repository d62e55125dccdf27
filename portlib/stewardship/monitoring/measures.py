"""What is measured each month: histories of classes and options, and what a portfolio did against
its promise.

`Watched` holds the promise (means, volatilities, tracking error) and measures a record of months
against it. No fund's own history is open: `class_history` puts real series in place of classes, or
months drawn to fit them; those are SYNTHETIC. Left out: trades by participants, intra-month lows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from portlib import data
from portlib.construction.tail_risk import drawdowns, normal
from portlib.plan import Plan
from portlib.records import Array, Assumptions
from portlib.stewardship.monitoring.performance import predicted_tracking_error

if TYPE_CHECKING:
    pass


class History(NamedTuple):
    """Monthly returns of classes; those in `real` are real series in their place, the others
    SYNTHETIC."""

    returns: pd.DataFrame
    real: tuple[str, ...]


def class_history(classes: Assumptions, rng: np.random.Generator) -> History:
    """Months for every class: real series where the policy's ``monitoring_stand_ins`` names some,
    else drawn.

    A class without a series gets, each month, a draw of the normal law of `classes` given that
    month's real returns, these in units of their own whole history: its mean, volatility and
    correlations are the assumptions', its months follow the market's. Rows are those of
    ``data.history``. ValueError where no class has a series.
    """
    source = data.history()
    stand_ins = data.policy("monitoring_stand_ins")
    real = [label for label in classes.labels if label in stand_ins]
    if not real:
        raise ValueError("no class has a real series: name one in policy monitoring_stand_ins")
    mixes = {
        name: sum(
            (w * source[series] for series, w in stand_ins[name].items()), 0 * source["bills"]
        )
        for name in real
    }
    known = pd.DataFrame(mixes)
    at = [classes.labels.index(name) for name in real]
    rest = [i for i in range(len(classes)) if i not in at]
    sd = np.where(classes.volatility > 0, classes.volatility, 1.0)
    rho = classes.sigma / np.outer(sd, sd)
    slope = rho[np.ix_(rest, at)] @ np.linalg.pinv(rho[np.ix_(at, at)])
    left = rho[np.ix_(rest, rest)] - slope @ rho[np.ix_(at, rest)]
    z = ((known - known.mean()) / known.std(ddof=1)).to_numpy(float)
    drawn = z @ slope.T + rng.multivariate_normal(
        np.zeros(len(rest)), left, size=len(z), method="eigh"
    )
    months = np.empty((len(z), len(classes)))
    months[:, at] = known.to_numpy(float)
    months[:, rest] = classes.mu[rest] / 12 + classes.volatility[rest] / math.sqrt(12) * drawn
    return History(pd.DataFrame(months, source.index, list(classes.labels)), tuple(real))


def options(plan: Plan, classes: Assumptions) -> pd.DataFrame:
    """Every designated option with known exposures: a fund a row, and a row for each vintage of a
    target-date series.

    Columns are the classes, then ``own_risk`` (annual volatility beyond them), ``expense_ratio``
    and ``fund``.
    """
    funds = plan.funds
    stock = plan.rules["employer_stock"]
    labels = list(classes.labels)
    rows = plan.exposures.reindex(columns=labels, fill_value=0.0).astype(float)
    of = pd.Series(rows.index, rows.index)
    if plan.vintages is not None:
        series = str(funds.index[funds["kind"] == "target_date"][0])
        vintages = plan.vintages.reindex(columns=labels, fill_value=0.0).astype(float)
        vintages.index = pd.Index(
            [f"{series}, {years:g} years to go" for years in plan.vintages.index]
        )
        rows = pd.concat([rows, vintages])
        of = pd.concat([of, pd.Series(series, vintages.index)])
    own = funds["specific_risk"].astype(float)
    if stock:
        own = own.where(own.index != stock["fund"], stock["own_volatility"])
    return rows.assign(
        own_risk=own[of].to_numpy(),
        expense_ratio=funds["expense_ratio"].astype(float)[of].to_numpy(),
        fund=of.to_numpy(),
    )


def same_equity(exposure: pd.Series) -> pd.Series:
    """The naive benchmark: the policy's ``reference_portfolio`` with as much equity as a portfolio,
    by class.

    `exposure` is the portfolio's weight by class. ValueError where the reference has no equity, or
    nothing else.
    """
    reference = pd.Series(data.policy("reference_portfolio"), dtype=float).reindex(
        exposure.index, fill_value=0.0
    )
    is_equity = exposure.index.isin(data.policy("equity_classes"))
    share = float(exposure[is_equity].sum())
    part = float(reference[is_equity].sum())
    if not 0 < part < reference.sum():
        raise ValueError(
            "reference_portfolio must hold equity and something else among the plan's classes"
        )
    scale = np.where(is_equity, share / part, (1 - share) / (reference.sum() - part))
    return (reference * scale).rename("benchmark")


def followed(funds: Array, target: Array, every: int) -> tuple[Array, Array, Array]:
    """A portfolio that starts at `target` (n,) and is put back to it after every `every` months.

    From monthly returns of funds (..., T, n): its returns (..., T), its weights at the start of
    each month and at the end, before anything is put back (..., T, n).
    """
    w = np.broadcast_to(target, funds[..., 0, :].shape)
    returns = []
    starts = []
    ends = []
    for t in range(funds.shape[-2]):
        grown = w * (1 + funds[..., t, :])
        value = grown.sum(axis=-1, keepdims=True)
        starts.append(w)
        returns.append(value[..., 0] - 1)
        ends.append(grown / value)
        w = np.broadcast_to(target, w.shape) if (t + 1) % every == 0 else ends[-1]
    return np.stack(returns, -1), np.stack(starts, -2), np.stack(ends, -2)


@dataclass(frozen=True, eq=False)
class Watched:
    """What was approved: target weights of funds, their exposures (n, k), own risks and expenses
    (annual, n), the benchmark's weights by class (k,) and the assumptions of classes. Costs of the
    benchmark are ``index_fund_cost``."""

    target: Array
    exposures: Array
    own_risk: Array
    expense: Array
    benchmark: Array
    classes: Assumptions

    @property
    def risk(self) -> float:
        """Predicted volatility, annual."""
        return predicted_tracking_error(
            self.target, self.exposures, 0 * self.benchmark, self.classes.sigma, self.own_risk
        )

    @property
    def tracking_error(self) -> float:
        """Predicted, annual, at target weights."""
        return predicted_tracking_error(
            self.target, self.exposures, self.benchmark, self.classes.sigma, self.own_risk
        )

    @property
    def mean(self) -> float:
        """Expected return after costs, arithmetic, annual."""
        return float(self.target @ (self.exposures @ self.classes.mu - self.expense))

    @property
    def active(self) -> float:
        """Expected return over the benchmark, both after costs."""
        return (
            self.mean
            - float(self.benchmark @ self.classes.mu)
            + float(data.policy("index_fund_cost"))
        )

    def net(self, classes: Array, own: Array) -> Array:
        """Funds' monthly returns after costs (..., T, n), from those of classes and what is each
        fund's own."""
        return np.asarray(classes @ self.exposures.T + own - self.expense / 12)

    def measures(self, classes: Array, funds: Array) -> dict[str, Array]:
        """Each measure by month (..., T) from monthly returns of classes (..., T, k) and funds, net
        (..., T, n).

        Those over the policy's ``monitoring_window_months`` are nan until there are so many months.
        """
        months = data.policy("monitoring_window_months")
        every = data.policy("monitoring_rebalance_months")
        r, _, ends = followed(funds, self.target, every)
        active = r - (classes @ self.benchmark - data.policy("index_fund_cost") / 12)
        var = normal(self.mean / 12, self.risk / math.sqrt(12), data.policy("tail_level")).var
        error = self.tracking_error / math.sqrt(months / 12)
        return {
            "distance from target": np.abs(ends - self.target).max(axis=-1),
            "volatility": math.sqrt(12) * _rolling(r, months, "std") / self.risk,
            "tracking error": math.sqrt(12) * _rolling(active, months, "std") / self.tracking_error,
            "shortfall": (self.active - 12 * _rolling(active, months, "mean")) / error,
            "breaches": _rolling((-r > var).astype(float), months, "mean") * months,
            "drawdown": drawdowns(r) / self.risk,
        }


def _rolling(x: Array, months: int, what: str) -> Array:
    """Mean or standard deviation (ddof 1) of the last `months`, nan before there are so many."""
    out = np.full(x.shape, np.nan)
    if x.shape[-1] >= months:
        window = sliding_window_view(x, months, axis=-1)
        out[..., months - 1 :] = (
            window.std(axis=-1, ddof=1) if what == "std" else window.mean(axis=-1)
        )
    return out
