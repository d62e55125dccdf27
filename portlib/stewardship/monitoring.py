"""Is the portfolio still what the committee approved, and when must somebody look?

Each month gives a few measures. A measure beyond a limit of the policy is an alert: its rule, value, limit, and since
when. Three severities: ``info`` is noted, ``watch`` is explained at the next meeting, ``act`` does not wait for it.

Some measures are facts (distance from target, settlement). Others infer from returns whether the assumptions hold, and
ring by chance too. They are put in units of what the assumptions expect, so that one limit serves every portfolio::

    volatility, tracking error    realised / predicted, over the rolling window (ddof 1)
    shortfall                     (expected - realised active return) / (predicted tracking error / sqrt(years))
    breaches                      months of the window that lost more than the VaR
    drawdown                      fall from the highest month end / predicted annual volatility

`alarm_rates` says how often each rings when the assumptions hold, and when they do not. No fund's own history is open:
`class_history` puts real series in place of classes, or months drawn to fit them; those are SYNTHETIC.
Left out: trades by participants, intra-month lows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from portlib import data
from portlib.construction.tail_risk import drawdowns, normal
from portlib.estimation.capital_market_assumptions import student_t_scenarios
from portlib.plan import Plan
from portlib.records import Array, Assumptions
from portlib.stewardship.performance import predicted_tracking_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEVERITIES = ("info", "watch", "act")
#: Measures that infer from returns; the others are facts.
INFERRED = ("volatility", "tracking error", "shortfall", "breaches", "drawdown")


# ---- what there is to look at -------------------------------------------------------------------------------------


class History(NamedTuple):
    """Monthly returns of classes; those in `real` are real series in their place, the others SYNTHETIC."""

    returns: pd.DataFrame
    real: tuple[str, ...]


def class_history(classes: Assumptions, rng: np.random.Generator) -> History:
    """Months for every class: real series where the policy's ``monitoring_stand_ins`` names some, else drawn.

    A class without a series gets, each month, a draw of the normal law of `classes` given that month's real returns,
    these in units of their own whole history: its mean, volatility and correlations are the assumptions', its months
    follow the market's. Rows are those of ``data.history``. ValueError where no class has a series.
    """
    source, stand_ins = data.history(), data.policy("monitoring_stand_ins")
    real = [label for label in classes.labels if label in stand_ins]
    if not real:
        raise ValueError("no class has a real series: name one in policy monitoring_stand_ins")
    mixes = {name: sum((w * source[series] for series, w in stand_ins[name].items()), 0 * source["bills"])
             for name in real}
    known = pd.DataFrame(mixes)
    at = [classes.labels.index(name) for name in real]
    rest = [i for i in range(len(classes)) if i not in at]
    sd = np.where(classes.volatility > 0, classes.volatility, 1.0)
    rho = classes.sigma / np.outer(sd, sd)
    slope = rho[np.ix_(rest, at)] @ np.linalg.pinv(rho[np.ix_(at, at)])
    left = rho[np.ix_(rest, rest)] - slope @ rho[np.ix_(at, rest)]
    z = ((known - known.mean()) / known.std(ddof=1)).to_numpy(float)
    drawn = z @ slope.T + rng.multivariate_normal(np.zeros(len(rest)), left, size=len(z), method="eigh")
    months = np.empty((len(z), len(classes)))
    months[:, at] = known.to_numpy(float)
    months[:, rest] = classes.mu[rest] / 12 + classes.volatility[rest] / math.sqrt(12) * drawn
    return History(pd.DataFrame(months, source.index, list(classes.labels)), tuple(real))


def options(plan: Plan, classes: Assumptions) -> pd.DataFrame:
    """Every designated option with known exposures: a fund a row, and a row for each vintage of a target-date series.

    Columns are the classes, then ``own_risk`` (annual volatility beyond them), ``expense_ratio`` and ``fund``.
    """
    funds, stock, labels = plan.funds, plan.rules["employer_stock"], list(classes.labels)
    rows = plan.exposures.reindex(columns=labels, fill_value=0.0).astype(float)
    of = pd.Series(rows.index, rows.index)
    if plan.vintages is not None:
        series = str(funds.index[funds["kind"] == "target_date"][0])
        vintages = plan.vintages.reindex(columns=labels, fill_value=0.0).astype(float)
        vintages.index = pd.Index([f"{series}, {years:g} years to go" for years in plan.vintages.index])
        rows, of = pd.concat([rows, vintages]), pd.concat([of, pd.Series(series, vintages.index)])
    own = funds["specific_risk"].astype(float)
    if stock:
        own = own.where(own.index != stock["fund"], stock["own_volatility"])
    return rows.assign(own_risk=own[of].to_numpy(), expense_ratio=funds["expense_ratio"].astype(float)[of].to_numpy(),
                       fund=of.to_numpy())


def same_equity(exposure: pd.Series) -> pd.Series:
    """The naive benchmark: the policy's ``reference_portfolio`` with as much equity as a portfolio, by class.

    `exposure` is the portfolio's weight by class. ValueError where the reference has no equity, or nothing else.
    """
    reference = pd.Series(data.policy("reference_portfolio"), dtype=float).reindex(exposure.index, fill_value=0.0)
    is_equity = exposure.index.isin(data.policy("equity_classes"))
    share, part = float(exposure[is_equity].sum()), float(reference[is_equity].sum())
    if not 0 < part < reference.sum():
        raise ValueError("reference_portfolio must hold equity and something else among the plan's classes")
    scale = np.where(is_equity, share / part, (1 - share) / (reference.sum() - part))
    return (reference * scale).rename("benchmark")


def followed(funds: Array, target: Array, every: int) -> tuple[Array, Array, Array]:
    """A portfolio that starts at `target` (n,) and is put back to it after every `every` months.

    From monthly returns of funds (..., T, n): its returns (..., T), its weights at the start of each month and at the
    end, before anything is put back (..., T, n).
    """
    w = np.broadcast_to(target, funds[..., 0, :].shape)
    returns, starts, ends = [], [], []
    for t in range(funds.shape[-2]):
        grown = w * (1 + funds[..., t, :])
        value = grown.sum(axis=-1, keepdims=True)
        starts.append(w)
        returns.append(value[..., 0] - 1)
        ends.append(grown / value)
        w = np.broadcast_to(target, w.shape) if (t + 1) % every == 0 else ends[-1]
    return np.stack(returns, -1), np.stack(starts, -2), np.stack(ends, -2)


# ---- measures -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Watched:
    """What was approved: target weights of funds, their exposures (n, k), own risks and expenses (annual, n), the
    benchmark's weights by class (k,) and the assumptions of classes. Costs of the benchmark are ``index_fund_cost``."""

    target: Array
    exposures: Array
    own_risk: Array
    expense: Array
    benchmark: Array
    classes: Assumptions

    @property
    def risk(self) -> float:
        """Predicted volatility, annual."""
        return predicted_tracking_error(self.target, self.exposures, 0 * self.benchmark, self.classes.sigma,
                                        self.own_risk)

    @property
    def tracking_error(self) -> float:
        """Predicted, annual, at target weights."""
        return predicted_tracking_error(self.target, self.exposures, self.benchmark, self.classes.sigma, self.own_risk)

    @property
    def mean(self) -> float:
        """Expected return after costs, arithmetic, annual."""
        return float(self.target @ (self.exposures @ self.classes.mu - self.expense))

    @property
    def active(self) -> float:
        """Expected return over the benchmark, both after costs."""
        return self.mean - float(self.benchmark @ self.classes.mu) + float(data.policy("index_fund_cost"))

    def net(self, classes: Array, own: Array) -> Array:
        """Funds' monthly returns after costs (..., T, n), from those of classes and what is each fund's own."""
        return np.asarray(classes @ self.exposures.T + own - self.expense / 12)

    def measures(self, classes: Array, funds: Array) -> dict[str, Array]:
        """Each measure by month (..., T) from monthly returns of classes (..., T, k) and funds, net (..., T, n).

        Those over the policy's ``monitoring_window_months`` are nan until there are so many months.
        """
        months, every = data.policy("monitoring_window_months"), data.policy("monitoring_rebalance_months")
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
        out[..., months - 1:] = window.std(axis=-1, ddof=1) if what == "std" else window.mean(axis=-1)
    return out


# ---- alerts -------------------------------------------------------------------------------------------------------


class Alert(NamedTuple):
    """One measure beyond a limit: the highest it is beyond, and the first month of this spell beyond that limit."""

    severity: str
    rule: str
    value: float
    limit: float
    unit: str
    since: pd.Timestamp

    def __str__(self) -> str:
        return (f"{self.severity}: {self.rule} is {self.value:.3g}, limit {self.limit:g} ({self.unit}), "
                f"since {self.since:%Y-%m}")


def limits(rule: str) -> dict[str, float]:
    """The policy's limits of a rule by severity; ValueError for a rule without any, or limits that do not rise."""
    entries = data.policy("alert_limits")
    if rule not in entries:
        raise ValueError(f"policy alert_limits has no rule {rule!r}; it has {', '.join(entries)}")
    found = {severity: float(entries[rule][severity]) for severity in SEVERITIES}
    if not found["info"] < found["watch"] < found["act"]:
        raise ValueError(f"the limits of {rule!r} must rise from info to act, not be {list(found.values())}")
    return found


def severity(rule: str, value: ArrayLike) -> Array:
    """How many limits a value is beyond: 0 (none) to 3 (act). What is not known, nan, is beyond none."""
    x = np.asarray(value, float)
    return np.asarray(sum((x > limit).astype(int) for limit in limits(rule).values()))


def alerts(measured: Mapping[str, pd.Series]) -> list[Alert]:
    """What rings at the last date of each measure, worst first; ValueError where the last value is missing."""
    found = []
    for rule, series in measured.items():
        if not math.isfinite(value := float(series.iloc[-1])):
            raise ValueError(f"{rule}: nothing was measured at {series.index[-1]:%Y-%m}; silence is not safety")
        level = int(severity(rule, value))
        if level:
            name = SEVERITIES[level - 1]
            within = np.flatnonzero(severity(rule, series) < level)
            first = int(within[-1]) + 1 if within.size else 0
            unit = str(data.policy("alert_limits")[rule]["unit"])
            found.append(Alert(name, rule, value, limits(rule)[name], unit, pd.Timestamp(series.index[first])))
    return sorted(found, key=lambda a: (-SEVERITIES.index(a.severity), a.rule))


def simulated(watched: Watched, paths: int, months: int, rng: np.random.Generator, *, lost: float = 0.0,
              wilder: float = 1.0, own: float = 1.0) -> tuple[Array, Array]:
    """Months that the assumptions suggest, Student t as the policy's ``fat_tail_degrees_of_freedom`` says.

    `lost` is what every fund earns less a year, `wilder` multiplies the volatility of classes, `own` that of the funds
    beyond them. Returns of classes (paths, months, k) and of funds after costs (paths, months, n).
    """
    a, n = watched.classes, len(watched.target)
    month = a.replace(mu=a.mu / 12, sigma=a.sigma / 12, source="a month of the assumptions")
    drawn = student_t_scenarios(month, data.policy("fat_tail_degrees_of_freedom"), paths * months, rng)
    classes = (month.mu + wilder * (drawn - month.mu)).reshape(paths, months, len(a))
    noise = own * rng.standard_normal((paths, months, n)) * watched.own_risk / math.sqrt(12)
    return classes, watched.net(classes, noise) - lost / 12


def alarm_rates(watched: Watched, classes: Array, funds: Array) -> pd.DataFrame:
    """In what share of months does each inferring rule ring, and any of them, at each severity or worse?

    On paths as `simulated` makes them, months with a full window only. Rows are rules, columns severities.
    """
    measured = watched.measures(classes, funds)
    full = ~np.isnan(measured["volatility"])
    level = {rule: severity(rule, measured[rule])[full] for rule in INFERRED}
    level["any rule"] = np.max(list(level.values()), axis=0)
    rates = {rule: [float((x > i).mean()) for i in range(3)] for rule, x in level.items()}
    return pd.DataFrame.from_dict(rates, orient="index", columns=list(SEVERITIES))


def dashboard(measured: Mapping[str, pd.Series]) -> Figure:
    """One small panel a measure: its course, the limits for watch and act, and what it says at its last date."""
    from portlib import figures

    rows = math.ceil(len(measured) / 2)
    fig, whole = figures.axes(width=5.0, height=1.55 * rows)
    whole.remove()
    panels = fig.subplots(rows, 2, squeeze=False).ravel()
    for ax, (rule, series) in zip(panels, measured.items(), strict=False):
        level = int(severity(rule, float(series.iloc[-1])))
        percent = "weight" in (unit := str(data.policy("alert_limits")[rule]["unit"])) or "share" in unit
        last = f"{series.iloc[-1]:.1%}" if percent else f"{series.iloc[-1]:.2g}"
        bound = limits(rule)
        ax.plot(series.index, series, color=figures.COLORS[0], linewidth=1.3)
        ax.axhline(bound["watch"], color=figures.COLORS[4], linestyle="--", linewidth=1.2)
        ax.axhline(bound["act"], color=figures.COLORS[1], linewidth=1.4)
        ax.plot(series.index[-1], series.iloc[-1], marker="osD^"[level], color=figures.COLORS[(0, 5, 4, 1)[level]],
                clip_on=False)
        ax.set_title(f"{rule}: {last} – {('quiet', *SEVERITIES)[level]}\n{unit}", fontsize=9, loc="left")
        ax.set_ylim(min(0.0, float(series.min())), 1.05 * max(bound["act"], float(series.max())))
        ax.tick_params(labelsize=8)
        dates = [pd.Timestamp(series.index[i]) for i in sorted({0, len(series) // 2, len(series) - 1})]
        ax.set_xticks(dates, [f"{date:%Y-%m}" for date in dates])
        if percent:
            ax.yaxis.set_major_formatter(figures.PercentFormatter(1.0, decimals=1))
    for ax in panels[len(measured):]:
        ax.remove()
    return fig


# ---- trades -------------------------------------------------------------------------------------------------------


def made_up_trades(funds: Sequence[str], months: pd.DatetimeIndex, rng: np.random.Generator) -> pd.DataFrame:
    """SYNTHETIC trade records, three a month: the form that a ledger's events are put in, one row an instruction.

    ``side`` is 1 for a purchase, -1 for a sale; prices in US dollars; ``locked``, ``pending`` and ``final`` are the
    days of EscrowLocked, PendingFinality, SettlementFinalized. Prices move by about ten basis points while one waits.
    """
    n = 3 * len(months)
    days = np.repeat(months.to_numpy().astype("datetime64[M]"), 3).astype("datetime64[D]")
    first = np.busday_offset(days, rng.integers(0, 20, n), roll="forward")
    waits = rng.choice([0, 1, 1, 1, 2], (3, n)) * np.array([[0], [1], [1]])
    locked, pending, final = (np.busday_offset(first, w) for w in np.cumsum(waits, axis=0))
    price = 20 * np.exp(rng.normal(0, 0.3, n))
    return pd.DataFrame({
        "instructed": first, "fund": rng.choice(list(funds), n), "side": rng.choice([-1, 1], n),
        "units": rng.integers(100, 5000, n).astype(float), "decided_price": price,
        "executed_price": price * (1 + rng.normal(0, 0.001, n)), "locked": locked, "pending": pending, "final": final,
    })


def trade_quality(trades: pd.DataFrame) -> pd.DataFrame:
    """By month of instruction: business days until final (95th percentile, the higher) and slippage, what was paid
    above the prices decided on, a share of the value traded. ValueError for a trade whose events are out of order."""
    order = trades[["instructed", "locked", "pending", "final"]].to_numpy("datetime64[D]")
    if (wrong := (order[:, 1:] < order[:, :-1]).any(axis=1) | np.isnat(order).any(axis=1)).any():
        row = trades.iloc[int(wrong.argmax())]
        raise ValueError(f"the trade of {row['fund']} instructed {row['instructed']:%Y-%m-%d} has events out of order "
                         "or missing: settle the record before it is measured")
    value = trades["units"] * trades["decided_price"]
    paid = trades["side"] * trades["units"] * (trades["executed_price"] - trades["decided_price"])
    month = pd.DatetimeIndex(trades["instructed"]) + pd.offsets.MonthEnd(0)
    waited = pd.Series(np.busday_count(order[:, 0], order[:, 3]), month)
    sums = pd.DataFrame({"paid": paid.to_numpy(), "value": value.to_numpy()}, index=month).groupby(level=0).sum()
    days = waited.groupby(level=0).quantile(0.95, interpolation="higher")
    return pd.DataFrame({"settlement days": days.astype(float), "slippage": sums["paid"] / sums["value"]})
