"""What is measured each month: histories of classes and options, and what a portfolio did against
its promise.

`Watched` holds the promise (means, volatilities, tracking error), and by which of the policy's
values it is measured, and measures a record of months against it. No fund's own history is open:
`class_history` puts real series in place of classes, or months drawn to fit them; those are
SYNTHETIC. Left out: trades by participants, intra-month lows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from portlib.construction.tail_risk import drawdowns, normal
from portlib.estimation.months import monthly
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import door
from portlib.records import Array, Assumptions, symmetric_root
from portlib.retirement.plan_menu.options import date_named
from portlib.stewardship.monitoring.performance import predicted_tracking_error

#: Annual volatility at or below which there is none: what rounding leaves of zero.
NOTHING = 1e-9


class History(NamedTuple):
    """Monthly returns of classes; those in `real` are real series in their place, the others
    SYNTHETIC."""

    returns: pd.DataFrame
    real: tuple[str, ...]


def class_history(classes: Assumptions, known: pd.DataFrame, rng: np.random.Generator) -> History:
    """Months for every class: those `known`, and drawn ones where nothing is.

    A class without a series gets, each month, a draw of the normal law of `classes` given that
    month's real returns, these in units of their own whole history: its mean, volatility and
    correlations are the assumptions', its months follow the market's.

    Parameters
    ----------
    classes : the assumptions, whose labels say what is wanted.
    known : monthly returns by class, month ends, as `portlib.class_returns` finds them; a class
        that `classes` lacks is left out.
    rng : where the drawn months come from.

    Raises
    ------
    ValueError
        Naming class and month for a month that is missing, repeated or misdated, and where no
        class has a series.

    Examples
    --------
    With three months of shares, gold, which is taken to move exactly with them, follows them: its
    mean a month and its own volatility times how far shares are from their mean, in units of their
    standard deviation.

    >>> both = Assumptions(["gold", "shares"], [0.06, 0.07], [[0.09, 0.06], [0.06, 0.04]])
    >>> months = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> known = pd.DataFrame({"land": 0.5, "shares": [0.05, -0.03, 0.01]}, months)
    >>> found = class_history(both, known, np.random.default_rng(1))
    >>> found.real, list(found.returns)
    (('shares',), ['gold', 'shares'])
    >>> found.returns["shares"].tolist()
    [0.05, -0.03, 0.01]
    >>> found.returns["gold"].round(6).tolist()  # 0.06 / 12 + 0.3 / sqrt(12) * [1, -1, 0]
    [0.091603, -0.081603, 0.005]

    It goes on in ``measures.md``.
    """
    source = known[[label for label in classes.labels if label in known]]
    if source.empty:
        raise ValueError(
            "no class has a real series: bring one, or name one in policy class_series"
        )
    monthly(source, "classes", least=-1.0, month_ends=True)
    at = [classes.labels.index(str(name)) for name in source]
    rest = [i for i in range(len(classes)) if i not in at]
    if not rest:
        return History(source[list(classes.labels)], tuple(map(str, source)))
    sd = np.where(classes.volatility > 0, classes.volatility, 1.0)
    rho = classes.sigma / np.outer(sd, sd)
    slope = rho[np.ix_(rest, at)] @ np.linalg.pinv(rho[np.ix_(at, at)])
    left = rho[np.ix_(rest, rest)] - slope @ rho[np.ix_(at, rest)]
    spread = source.std(ddof=1)
    # what did not move, or only once, says nothing of the others
    z = ((source - source.mean()) / spread.where(spread > NOTHING, np.inf)).to_numpy(float)
    drawn = z @ slope.T + rng.standard_normal((len(z), len(rest))) @ symmetric_root(left)
    months = np.empty((len(z), len(classes)))
    months[:, at] = source.to_numpy(float)
    months[:, rest] = classes.mu[rest] / 12 + classes.volatility[rest] / math.sqrt(12) * drawn
    table = pd.DataFrame(months, source.index, list(classes.labels))
    return History(table, tuple(map(str, source)))


def options(plan: Plan, classes: Assumptions) -> pd.DataFrame:
    """Every designated option with known exposures: a fund a row, and a row for each vintage of a
    target-date series.

    Columns are the classes, then ``own_risk`` (annual volatility beyond them), ``expense_ratio``
    and ``fund``.

    Examples
    --------
    Three funds, of which one is a series of two dates and one the employer's stock, whose
    volatility the plan's rules say:

    >>> from types import SimpleNamespace
    >>> table = {"kind": ["core", "target_date", "employer_stock"]}
    >>> table |= {"specific_risk": [0.03, 0.002, 0.1], "expense_ratio": [0.005, 0.0007, 0.0004]}
    >>> plan = SimpleNamespace(
    ...     funds=pd.DataFrame(table, ["ACT", "TD", "OWN"]),
    ...     rules={"employer_stock": {"fund": "OWN", "own_volatility": 0.3}},
    ...     exposures=pd.DataFrame({"shares": [0.9, 1.0]}, ["ACT", "OWN"]),
    ...     vintages=pd.DataFrame({"shares": [0.8, 0.4], "bonds": [0.2, 0.6]}, [20, 0]),
    ... )
    >>> both = Assumptions(["bonds", "shares"], [0.03, 0.07], [[0.0025, 0.0], [0.0, 0.04]])
    >>> found = options(plan, both)
    >>> found["fund"].to_dict()
    {'ACT': 'ACT', 'OWN': 'OWN', 'TD, 20 years to go': 'TD', 'TD, 0 years to go': 'TD'}
    >>> found["own_risk"].tolist(), found["expense_ratio"].tolist()
    ([0.03, 0.3, 0.002, 0.002], [0.005, 0.0004, 0.0007, 0.0007])
    >>> found[["bonds", "shares"]].to_numpy().tolist()
    [[0.0, 0.9], [0.0, 1.0], [0.2, 0.8], [0.6, 0.4]]
    >>> plain = SimpleNamespace(
    ...     **vars(plan) | {"rules": {"employer_stock": None}, "vintages": None}
    ... )
    >>> options(plain, both)["own_risk"].to_dict()
    {'ACT': 0.03, 'OWN': 0.1}
    """
    funds = plan.funds
    stock = plan.rules["employer_stock"]
    labels = list(classes.labels)
    rows = plan.exposures.reindex(columns=labels, fill_value=0.0).astype(float)
    of = pd.Series(rows.index, rows.index)
    if plan.vintages is not None:
        series = str(funds.index[funds["kind"] == "target_date"][0])
        vintages = plan.vintages.reindex(columns=labels, fill_value=0.0).astype(float)
        years = plan.vintages.index.to_numpy(float)
        vintages.index = pd.Index([date_named(series, year) for year in years])
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


def with_own(
    made: pd.DataFrame, own: pd.DataFrame | None
) -> tuple[pd.DataFrame, dict[str, pd.Timestamp]]:
    """Monthly returns of options, with the plan's own months in place of those made up for it.

    Parameters
    ----------
    made : returns net of expenses, (months, options).
    own : the plan's own, (months, funds), nan where a fund has none; None where it brought none.

    Returns
    -------
    The table with each option's own months, and by option the first of them.

    Examples
    --------
    The plan has months of two of three options, from the second and from the third; what it has of
    other months or funds is not asked for.

    >>> months = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> made = pd.DataFrame({"A": [0.01, 0.02, 0.03], "B": [0.04, 0.05, 0.06], "C": 0.07}, months)
    >>> own = pd.DataFrame({"C": [np.nan, np.nan, 0.3], "X": 0.9, "A": [np.nan, 0.1, 0.2]}, months)
    >>> own.loc[pd.Timestamp("2026-04-30")] = 0.8
    >>> table, first = with_own(made, own)
    >>> table.to_numpy().tolist()
    [[0.01, 0.04, 0.07], [0.1, 0.05, 0.07], [0.2, 0.06, 0.3]]
    >>> {name: f"{when:%Y-%m}" for name, when in first.items()}
    {'A': '2026-02', 'C': '2026-03'}
    >>> made["A"].tolist()  # what was given is left as it was
    [0.01, 0.02, 0.03]
    >>> with_own(made, None)[1], with_own(made, own[["C"]].iloc[:2])[1]
    ({}, {})
    """
    table = made.copy()
    first: dict[str, pd.Timestamp] = {}
    if own is None:
        return table, first
    for name in [name for name in table if name in own]:
        brought = own[name].reindex(table.index).dropna()
        if len(brought):
            table.loc[brought.index, name] = brought
            first[str(name)] = brought.index[0]
    return table, first


def same_equity(exposure: pd.Series, *, policy: Policy) -> pd.Series:
    """The naive benchmark: the policy's ``reference_portfolio`` with as much equity as a portfolio.

    Parameters
    ----------
    exposure : Series
        The portfolio's weight by class.
    policy : Policy
        The committee's decisions.

    Returns
    -------
    Series
        Weights by class.

    Raises
    ------
    ValueError
        Where the reference has no equity, or nothing else.

    Examples
    --------
    The reference holds 40% equity and 50% else among the plan's classes. With 75% equity, the first
    are multiplied by 0.75 / 0.4 and the others by 0.25 / 0.5.

    >>> decided = {
    ...     "reference_portfolio": {
    ...         "large": 0.3,
    ...         "small": 0.1,
    ...         "bonds": 0.45,
    ...         "cash": 0.05,
    ...         "gold": 0.1,
    ...     },
    ...     "equity_classes": ["small", "large"],
    ... }
    >>> held = pd.Series({"bonds": 0.2, "large": 0.3, "cash": 0.05, "small": 0.45})
    >>> same_equity(held, policy=decided).round(6).to_dict()
    {'bonds': 0.225, 'large': 0.5625, 'cash': 0.025, 'small': 0.1875}
    >>> same_equity(pd.Series({"bonds": 0.5, "cash": 0.5}), policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: reference_portfolio must hold equity and something else among the plan's classes
    >>> same_equity(pd.Series({"large": 0.7, "small": 0.3}), policy=decided)
    Traceback (most recent call last):
    ...
    ValueError: reference_portfolio must hold equity and something else among the plan's classes
    """
    decided = pd.Series(policy["reference_portfolio"], dtype=float)
    reference = decided.reindex(exposure.index, fill_value=0.0)
    is_equity = exposure.index.isin(policy["equity_classes"])
    share = float(exposure[is_equity].sum())
    part = float(reference[is_equity].sum())
    if not 0 < part < reference.sum():
        raise ValueError(
            "reference_portfolio must hold equity and something else among the plan's classes"
        )
    scale = np.where(is_equity, share / part, (1 - share) / (reference.sum() - part))
    return (reference * scale).rename("benchmark")


@door()
def followed(funds: Array, target: Array, every: int) -> tuple[Array, Array, Array]:
    """A portfolio that is put back to its target after every so many months.

    Parameters
    ----------
    funds : array (..., T, n)
        Monthly returns, decimals.
    target : array (n,)
        Weights with which it starts.
    every : int
        Months from one trade to the next.

    Returns
    -------
    returns : array (..., T)
    starts, ends : array (..., T, n)
        Weights at the start of each month and at its end, before anything is put back.

    Examples
    --------
    Put back every month, two months of 10% on one half earn 5% each; left alone, the second earns
    more.

    >>> funds = np.array([[0.1, 0.0], [0.1, 0.0]])
    >>> [followed(funds, np.array([0.5, 0.5]), every)[0].round(4).tolist() for every in (1, 2)]
    [[0.05, 0.05], [0.05, 0.0524]]

    Three unequal funds, put back after every second month: the third begins at the target again.

    >>> months = np.array([[0.10, -0.05, 0.02], [-0.04, 0.01, 0.03], [0.06, -0.02, 0.01]])
    >>> returns, starts, ends = followed(months, np.array([0.5, 0.3, 0.2]), 2)
    >>> # 0.05 - 0.015 + 0.004; (0.55 * 0.96 + 0.285 * 1.01 + 0.204 * 1.03) / 1.039 - 1;
    >>> # 0.03 - 0.006 + 0.002
    >>> returns.round(6).tolist()
    [0.039, -0.012541, 0.026]
    >>> (1.039 * starts).round(6).tolist()
    [[0.5195, 0.3117, 0.2078], [0.55, 0.285, 0.204], [0.5195, 0.3117, 0.2078]]
    >>> (1.039 * ends[0]).round(6).tolist(), ends.sum(axis=-1).round(9).tolist()
    ([0.55, 0.285, 0.204], [1.0, 1.0, 1.0])
    >>> many = followed(np.stack([0 * months, months]), np.array([0.5, 0.3, 0.2]), 2)
    >>> [x.shape for x in many], many[0][1].round(6).tolist()
    ([(2, 3), (2, 3, 3), (2, 3, 3)], [0.039, -0.012541, 0.026])
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
    """What was approved, and by which values it is measured.

    Parameters
    ----------
    target : weights of funds (n,)
    exposures : what each fund holds by class (n, k)
    own_risk, expense : of funds (n,), annual: volatility beyond the classes, and costs
    benchmark : its weights by class (k,)
    classes : Assumptions of the classes
    index_fund_cost : annual costs of the benchmark
    window_months : over which rolling measures run
    rebalance_months : after how many months weights return to the target
    tail_level : of the VaR whose breaches are counted
    degrees_of_freedom : of Student's t, from which `simulated` draws

    Examples
    --------
    Half in shares at 0.6% a year, 30% in a mix, 20% in bonds: by class 56% and 44%, against 40% and
    60%.

    >>> approved = {
    ...     "target": np.array([0.5, 0.3, 0.2]),
    ...     "exposures": np.array([[1.0, 0.0], [0.2, 0.8], [0.0, 1.0]]),
    ...     "own_risk": np.array([0.03, 0.01, 0.02]),
    ...     "expense": np.array([0.006, 0.002, 0.001]),
    ...     "benchmark": np.array([0.4, 0.6]),
    ...     "classes": Assumptions(
    ...         ["shares", "bonds"], [0.07, 0.04], [[0.04, 0.003], [0.003, 0.0025]]
    ...     ),
    ... }
    >>> decided = {"index_fund_cost": 0.0015, "monitoring_window_months": 3}
    >>> decided |= {"monitoring_rebalance_months": 2, "tail_level": 0.95}
    >>> decided |= {"fat_tail_degrees_of_freedom": 5}
    >>> ours = Watched.under(decided, **approved)
    >>> ours.degrees_of_freedom, ours.index_fund_cost
    (5, 0.0015)
    >>> own = 0.015**2 + 0.003**2 + 0.004**2  # weights times own risks
    >>> math.isclose(ours.tracking_error**2, 0.16**2 * (0.04 + 0.0025 - 2 * 0.003) + own)
    True
    >>> by_class = 0.56**2 * 0.04 + 0.44**2 * 0.0025 + 2 * 0.56 * 0.44 * 0.003
    >>> math.isclose(ours.risk**2, by_class + own)
    True
    >>> round(ours.mean, 9)  # 0.56 * 0.07 + 0.44 * 0.04 - (0.003 + 0.0006 + 0.0002)
    0.053
    >>> round(ours.active, 9)  # 0.053 - (0.4 * 0.07 + 0.6 * 0.04) + 0.0015
    0.0025
    >>> math.isclose(ours.month_var, 1.644853627 * ours.risk / math.sqrt(12) - 0.053 / 12)
    True
    >>> ours.net(np.array([0.03, -0.01]), np.array([0.004, 0.0, 0.002])).round(6).tolist()
    [0.0335, -0.002167, -0.008083]

    It goes on in ``measures.md``.
    """

    target: Array
    exposures: Array
    own_risk: Array
    expense: Array
    benchmark: Array
    classes: Assumptions
    index_fund_cost: float
    window_months: int
    rebalance_months: int
    tail_level: float
    degrees_of_freedom: float

    @classmethod
    def under(cls, policy: Policy, **approved: Any) -> Watched:
        """The first six as given, the others as the policy decides."""
        return cls(
            **approved,
            index_fund_cost=policy["index_fund_cost"],
            window_months=policy["monitoring_window_months"],
            rebalance_months=policy["monitoring_rebalance_months"],
            tail_level=policy["tail_level"],
            degrees_of_freedom=policy["fat_tail_degrees_of_freedom"],
        )

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
        return self.mean - float(self.benchmark @ self.classes.mu) + self.index_fund_cost

    def net(self, classes: Array, own: Array) -> Array:
        """Funds' monthly returns after costs (..., T, n), from those of classes and what is each
        fund's own."""
        return np.asarray(classes @ self.exposures.T + own - self.expense / 12)

    @property
    def month_var(self) -> float:
        """The value at risk of a month, of the normal law: what ``breaches`` counts against."""
        return float(normal(self.mean / 12, self.risk / math.sqrt(12), self.tail_level).var)

    def measures(self, classes: Array, funds: Array) -> dict[str, Array]:
        """Each measure by month (..., T), from monthly returns of classes and of funds.

        Those over the window are nan until there are so many months.

        Parameters
        ----------
        classes : (..., T, k)
        funds : net, (..., T, n)

        Raises
        ------
        ValueError
            Naming the month, counted from 1, in which a return is missing or no number: a measure
            that skips it would be of another span than it says. Where a predicted volatility or
            tracking error is zero, in units of which nothing can be measured.
        """
        for what, unit in (("volatility", self.risk), ("tracking error", self.tracking_error)):
            if unit <= NOTHING:
                raise ValueError(
                    f"the predicted {what} is zero, and measures are multiples of it: watch what "
                    "has risk, against a benchmark other than itself"
                )
        for name, returns in (("classes", classes), ("funds", funds)):
            if not np.isfinite(returns).all():
                month = int(np.argwhere(~np.isfinite(returns))[0][-2]) + 1
                raise ValueError(f"returns of {name}: month {month} is missing or no number")
        months = self.window_months
        r, _, ends = followed(funds, self.target, self.rebalance_months)
        active = r - (classes @ self.benchmark - self.index_fund_cost / 12)
        error = self.tracking_error / math.sqrt(months / 12)
        fallen = (-r > self.month_var).astype(float)
        return {
            "distance from target": np.abs(ends - self.target).max(axis=-1),
            "volatility": math.sqrt(12) * _rolling(r, months, "std") / self.risk,
            "tracking error": math.sqrt(12) * _rolling(active, months, "std") / self.tracking_error,
            "shortfall": (self.active - 12 * _rolling(active, months, "mean")) / error,
            "breaches": _rolling(fallen, months, "mean") * months,
            "drawdown": drawdowns(r) / self.risk,
        }


def _rolling(x: Array, months: int, what: str) -> Array:
    """Mean or standard deviation (ddof 1) of the last `months`, nan before there are so many.

    Examples
    --------
    >>> _rolling(np.array([1.0, 2.0, 6.0]), 2, "mean").tolist()
    [nan, 1.5, 4.0]
    >>> _rolling(np.array([1.0, 2.0, 6.0]), 3, "mean").tolist()
    [nan, nan, 3.0]
    >>> _rolling(np.array([[1.0, 5.0], [0.0, 3.0]]), 2, "std")[:, 1].round(6).tolist()  # of 8, 4.5
    [2.828427, 2.12132]
    >>> _rolling(np.array([1.0, 2.0]), 3, "std").tolist()
    [nan, nan]
    """
    out = np.full(x.shape, np.nan)
    if x.shape[-1] >= months:
        window = sliding_window_view(x, months, axis=-1)
        out[..., months - 1 :] = (
            window.std(axis=-1, ddof=1) if what == "std" else window.mean(axis=-1)
        )
    return out
