"""How did it do against its benchmark, how sure is that, and may it be shown?

Of T monthly returns r and those of bills or a benchmark b, annual decimals (Lo 2002; Brinson and
others' conventions)::

    tracking error = sqrt(12) sd(r - b), ddof 1; predicted: sqrt(x'sigma x + w'D w)
    Sharpe ratio   = SR eta(12),  SR = mean(e) / sd(e),  e = r - bills
                     eta(12) = sqrt(12) if months are independent
    its error      = sqrt(V / T), V = 1 + SR^2 / 2 for normal independent months,
                     else from the months themselves
    Sortino ratio  = 12 mean(e) / (sqrt(12) sqrt(sum min(e, 0)^2 / T)),
                     T counts all months, not the bad ones alone

A `Record` keeps gross and net together over one period and does not let simulated months be joined
to actual ones. Left out: flows. Time-weighted returns are what a manager did, not what a
participant had.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.construction.tail_risk import drawdowns
from portlib.estimation.months import array, monthly, named, same
from portlib.ranges import FEE, door, numbers
from portlib.records import Array

Origin = Literal["actual", "real stand-ins", "SYNTHETIC"]
#: The periods of the comparative chart, calendar years (29 CFR 2550.404a-5(d)(1)(ii)).
PERIODS = (1, 5, 10)
#: Monthly returns that differ by less than this differ by rounding: those of a fund of bills, less
#: bills.
STILL = 1e-9
#: Fewer months than a year say nothing about an option.
YOUNG = 12


# ---- the door ------------------------------------------------------------------------------------


def _numbers(returns: ArrayLike, what: str = "returns", *, least: float = -1.0) -> Array:
    """Returns as an array: whole months where they carry dates, else finite, none below `least`."""
    if isinstance(returns, (pd.Series, pd.DataFrame)):
        return array(returns, what, least=least)
    r = np.asarray(returns, float)
    if not r.size:
        raise ValueError(f"{what}: no months")
    sound = np.isfinite(r) & (r >= least)
    if not sound.all():
        at = np.argwhere(~sound)[0]
        raise ValueError(
            f"{what}: number {int(at[-1]) + 1} is {r[tuple(at)]}: missing, or more is lost than all"
        )
    return r


def _both(returns: ArrayLike, benchmark: ArrayLike) -> tuple[Array, Array]:
    """Two sets of returns over the same months; ValueError naming what is in one of them only."""
    same(returns, benchmark, "returns and benchmark")
    r = _numbers(returns)
    b = _numbers(benchmark, "benchmark")
    if r.shape[-1] != b.shape[-1]:
        raise ValueError(f"{r.shape[-1]} months of returns, {b.shape[-1]} of the benchmark")
    return r, b


# ---- measures ------------------------------------------------------------------------------------


def annual_return(returns: ArrayLike) -> Array:
    """Geometric return a year over the last axis of monthly returns.

    ValueError for a month that is missing, or loses more than all; so in all that follow.

    Examples
    --------
    >>> float(annual_return([0.01] * 12).round(4))
    0.1268
    """
    r = _numbers(returns)
    return np.asarray(np.prod(1 + r, axis=-1) ** (12 / r.shape[-1]) - 1)


def volatility(returns: ArrayLike) -> Array:
    """Standard deviation a year over the last axis of monthly returns, ddof 1: ex-post where they
    are past."""
    r = _numbers(returns)
    if r.shape[-1] < 2:
        raise ValueError("a volatility needs two months at least")
    return np.asarray(math.sqrt(12) * np.std(r, axis=-1, ddof=1))


def tracking_error(returns: ArrayLike, benchmark: ArrayLike) -> Array:
    """Volatility a year of monthly returns less their benchmark's, over the same months."""
    r, b = _both(returns, benchmark)
    return np.asarray(math.sqrt(12) * np.std(r - b, axis=-1, ddof=1))


def predicted_tracking_error(
    w: Array, exposures: Array, benchmark: Array, sigma: Array, own_risk: Array
) -> float:
    """What tracking error do holdings imply, before any return is seen?

    The funds' own risks are taken to be independent.

    Parameters
    ----------
    w : array (n,)
        Weights of funds.
    exposures : array (n, k)
        What each holds by class.
    benchmark : array (k,)
        The benchmark's weights.
    sigma : array (k, k)
        Covariance of classes, annual decimals squared.
    own_risk : array (n,)
        Funds' volatility beyond the classes, annual decimals.

    Returns
    -------
    float
        Annual decimal.
    """
    x = exposures.T @ w - benchmark
    return math.sqrt(float(x @ sigma @ x + (w * own_risk) @ (w * own_risk)))


@door()
def eta(q: int, rho: ArrayLike) -> float:
    """By what is a Sharpe ratio of one period multiplied for that of q?
    ``q / sqrt(q + 2 sum_k (q - k) rho_k)``.

    Parameters
    ----------
    q : int
        Periods.
    rho : array
        Autocorrelations from lag 1; those not given count zero.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        Where the sum of q periods would have no variance.

    References
    ----------
    Lo (2002), equation 20.
    """
    k = np.asarray(rho, float)[: q - 1]
    variance = q + 2 * float((q - np.arange(1, len(k) + 1)) @ k)
    if not variance > 0:
        raise ValueError(
            f"these autocorrelations leave {q} periods a variance of {variance:.3g}; use fewer lags"
        )
    return q / math.sqrt(variance)


class Sharpe(NamedTuple):
    """A Sharpe ratio of months, its standard error if they are normal and independent, and
    otherwise; the factor to a year."""

    month: float
    error_if_normal: float
    error: float
    factor: float

    @property
    def year(self) -> float:
        """The ratio of a year."""
        return self.month * self.factor

    @property
    def error_year(self) -> float:
        """Its standard error, taking the factor to be known."""
        return self.error * self.factor


@door()
def sharpe(excess: ArrayLike, lags: int = 0) -> Sharpe:
    """Mean over standard deviation (ddof 1) of monthly returns over bills, and how sure it is.

    The error comes from ``z - SR (z^2 - 1) / 2`` of each month, z its standardised return, with as
    many autocovariances as `lags`, weighted as Newey and West do; so does the factor to a year.

    Parameters
    ----------
    excess : array (T,)
        Monthly, decimals.
    lags : int
        0 for independent months.

    Returns
    -------
    Sharpe

    Raises
    ------
    ValueError
        For fewer months than lags + 2, or returns that never differ.

    References
    ----------
    Lo (2002), equations 9 and 13; Mertens (2002).
    """
    x = _numbers(excess, "excess returns", least=-math.inf)
    if not np.ptp(x) > STILL:
        raise ValueError("returns that never differ have no Sharpe ratio")
    if len(x) < lags + 2:
        raise ValueError(
            f"a Sharpe ratio with {lags} lags needs more than {lags + 1} months, not {len(x)}"
        )
    z = (x - x.mean()) / x.std(ddof=1)
    ratio = float(x.mean() / x.std(ddof=1))
    psi = z - ratio / 2 * (z * z - 1)
    kept = np.array(
        [
            _autocovariance(psi, k) * (2.0 if k else 1.0) * (1 - k / (lags + 1))
            for k in range(lags + 1)
        ]
    )
    rho = [_autocovariance(z, k) / _autocovariance(z, 0) for k in range(1, lags + 1)]
    return Sharpe(
        ratio, math.sqrt((1 + ratio**2 / 2) / len(x)), math.sqrt(kept.sum() / len(x)), eta(12, rho)
    )


def _autocovariance(x: Array, k: int) -> float:
    y = x - x.mean()
    return float(y[k:] @ y[: len(y) - k]) / len(y)


def sortino(excess: ArrayLike) -> float:
    """Annual mean of monthly returns over a target, per downside deviation: squares below it over
    *all* months.

    ValueError where no month is below the target. Source: Sortino and Price (1994).
    """
    x = _numbers(excess, "excess returns", least=-math.inf)
    below = np.minimum(x, 0.0)
    if not below.any():
        raise ValueError("no month is below the target: the ratio has no denominator")
    return float(12 * x.mean() / (math.sqrt(12) * math.sqrt(float(below @ below) / len(x))))


def beta(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """By how much do returns (T,) move when the benchmark's move by one? Covariance over
    variance."""
    r, b = _both(returns, benchmark)
    return float(np.cov(r, b)[0, 1] / np.var(b, ddof=1))


class Fall(NamedTuple):
    """The deepest fall between month ends: a share of the peak, when it was, the trough, and when
    it was made good."""

    depth: float
    peak: pd.Timestamp
    trough: pd.Timestamp
    recovered: pd.Timestamp | None


def worst_fall(returns: pd.Series) -> Fall:
    """From the highest month end, the one before the first return included, to the lowest after it;
    by month end. ValueError for months that are missing, misdated or not oldest first."""
    monthly(returns, str(returns.name or "returns"), least=-1.0, month_ends=True)
    when = pd.DatetimeIndex(returns.index)
    ends = when.insert(0, when[0] - pd.offsets.MonthEnd(1))
    below = np.concatenate([[0.0], drawdowns(returns.to_numpy(float))])
    at = int(below.argmax())
    peak = int(np.flatnonzero(below[: at + 1] == 0.0)[-1])
    whole = np.flatnonzero(below[at:] == 0.0)
    back = ends[at + int(whole[0])] if whole.size else None
    return Fall(float(below[at]), ends[peak], ends[at], back)


@dataclass(frozen=True, eq=False)
class Record:
    """Monthly gross and net returns of one portfolio and its benchmark, over the same months, and
    what they are.

    ValueError unless the three cover the same months, and net is nowhere above gross.
    """

    gross: pd.Series
    net: pd.Series
    benchmark: pd.Series
    origin: Origin

    def __post_init__(self) -> None:
        if not (
            self.gross.index.equals(self.net.index)
            and self.gross.index.equals(self.benchmark.index)
        ):
            raise ValueError(
                "gross, net and benchmark must cover the same months: nothing else may be shown "
                "together"
            )
        for name in ("gross", "net", "benchmark"):
            monthly(getattr(self, name), name, least=-1.0, month_ends=True)
        if (self.net > self.gross + 1e-12).any():
            raise ValueError("net returns above gross: fees were added instead of taken off")

    def joined(self, later: Record) -> Record:
        """This record and what followed; ValueError where one is actual and the other is not, or
        months are missing."""
        if self.origin != later.origin:
            raise ValueError(
                f"{later.origin} months may not be joined to {self.origin} ones: show them "
                f"apart, each "
                "under its name"
            )
        if self.net.index[-1] + pd.offsets.MonthEnd(1) != later.net.index[0]:
            raise ValueError(
                f"the later record must begin the month after {self.net.index[-1]:%Y-%m}"
            )
        return Record(
            pd.concat([self.gross, later.gross]),
            pd.concat([self.net, later.net]),
            pd.concat([self.benchmark, later.benchmark]),
            self.origin,
        )

    def shown(self, months: int) -> pd.DataFrame:
        """Gross, net and benchmark of the last `months`: return a year (geometric) and volatility
        (ddof 1)."""
        parts = {"gross": self.gross, "net": self.net, "benchmark": self.benchmark}
        if months > len(self.net):
            raise ValueError(f"the record has {len(self.net)} months, not {months}")
        last = {name: part.to_numpy(float)[-months:] for name, part in parts.items()}
        return pd.DataFrame(
            {
                "return a year": {name: float(annual_return(r)) for name, r in last.items()},
                "volatility": {name: float(volatility(r)) for name, r in last.items()},
            }
        )


# ---- options on the menu -------------------------------------------------------------------------


def lives(returns: pd.DataFrame) -> dict[str, pd.Series]:
    """Each option's own months, by name: from its first to the table's last.

    An option may be younger than the table. ValueError, naming option and month, for one that is
    missing in between, and for an option without any.
    """
    found = {}
    for name, column in returns.items():
        first = column.first_valid_index()
        if first is None:
            raise ValueError(f"{name}: no month has a return; leave the option out, and say so")
        found[str(name)] = column.loc[first:]
        monthly(found[str(name)], str(name), least=-1.0, month_ends=True)
    return found


def _matched(net: pd.DataFrame, benchmark: pd.DataFrame) -> pd.DataFrame:
    """The benchmarks in the order of the options, over the same months; ValueError naming what
    is in one table only, or twice in one."""
    for table in (net, benchmark):
        if not table.columns.is_unique:
            raise ValueError(f"{table.columns[table.columns.duplicated()][0]} is there twice")
    if apart := sorted(set(map(str, net)) ^ set(map(str, benchmark))):
        raise ValueError(f"every option needs a benchmark: {', '.join(apart)} is in one table only")
    if not net.index.equals(benchmark.index):
        apart = [named(x) for x in net.index.symmetric_difference(benchmark.index)]
        what = f"{apart[0]} is in one table only" if apart else "they are sorted differently"
        raise ValueError(f"options and benchmarks must cover the same months: {what}")
    return benchmark[list(net)]


def comparative_chart(
    net: pd.DataFrame, benchmark: pd.DataFrame, expense: pd.Series
) -> pd.DataFrame:
    """One row an option: net returns over `PERIODS` of calendar years with the benchmark's, and
    expenses.

    Periods end with the last complete calendar year; an option that is younger than a period
    (nothing before its first month) shows its life, and its benchmark the same months.

    Parameters
    ----------
    net, benchmark : DataFrame (months, options)
        Monthly decimals by month end.
    expense : Series
        Expense ratios by option, annual decimals.

    Returns
    -------
    DataFrame
        Expenses as a share and in US dollars a year per 1,000.

    Raises
    ------
    ValueError
        Naming options and months in which the tables differ, or which are missing; and where no
        calendar year is complete.
    """
    against = _matched(net, benchmark)
    mine = lives(net)
    numbers("an expense ratio", expense.dropna(), **FEE)
    months = pd.DatetimeIndex(net.index)
    ends = np.flatnonzero(months.month == 12)
    if not ends.size or ends[-1] < 11:
        raise ValueError("no calendar year is complete: the chart begins with the first")
    last = months[ends[-1]]
    rows: dict[str, dict[str, float]] = {}
    for option, life in mine.items():
        told = life.loc[:last]
        rows[option] = {}
        for years in PERIODS:
            part = told.tail(12 * years)
            beside = against[option].loc[part.index]
            known = len(part) > 0
            rows[option][f"{years} y"] = float(annual_return(part)) if known else math.nan
            rows[option][f"{years} y benchmark"] = (
                float(annual_return(beside)) if known else math.nan
            )
    chart = pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")
    chart["expense ratio"] = expense.reindex(net.columns)
    return chart.assign(**{"a year per $1,000": 1000 * chart["expense ratio"]})


def chart_faults(chart: pd.DataFrame, options: list[str]) -> list[str]:
    """What the comparative chart lacks: options, columns or figures, each by name; empty for a
    complete one."""
    columns = [f"{years} y{name}" for years in PERIODS for name in ("", " benchmark")]
    columns += ["expense ratio", "a year per $1,000"]
    found = [f"option {name} is missing" for name in options if name not in chart.index]
    found += [f"column {name!r} is missing" for name in columns if name not in chart]
    empty = chart.reindex(columns=columns).isna()
    found += [
        f"{row}: no {name!r}"
        for name in columns
        if name in chart
        for row in chart.index[empty[name]]
    ]
    if not found:
        off = (chart["a year per $1,000"] - 1000 * chart["expense ratio"]).abs() > 0.005
        found = [f"{row}: dollars and percent disagree" for row in chart.index[off]]
    return found


@door(index_fund_cost=FEE)
def reviews(
    net: pd.DataFrame,
    benchmark: pd.DataFrame,
    bills: pd.Series,
    expense: pd.Series,
    *,
    index_fund_cost: float,
) -> pd.DataFrame:
    """One row an option: risk-adjusted performance after costs, beside a benchmark fixed in
    advance.

    ``ahead`` is the net return over the benchmark, arithmetic, a year, and ``error`` its standard
    error; Sharpe ratios are of a year, independent months (none for bills, whose excess return is
    all rounding); ``premium`` is the expense ratio less `index_fund_cost`; ``months`` says on how
    many it was judged. An option behind by two errors or more, or dearer with nothing to show for
    it (premium, and not ahead), asks for a review. So does one that cannot be judged, or not on all
    months: nothing passes unseen.

    Parameters
    ----------
    net, benchmark : returns by option, (months, options); an option may begin later than the table.
    bills : returns of the same months.
    expense : expense ratios by option, annual decimals.
    index_fund_cost : what an index fund of the same classes would cost, annual decimal.

    Raises
    ------
    ValueError
        Naming options and months in which the tables differ, or which are missing.
    """
    against = _matched(net, benchmark)
    if lost := [named(x) for x in net.index.difference(bills.index)]:
        raise ValueError(f"bills lack {lost[0]}")
    numbers("a month's return of bills", bills.loc[net.index], least=-0.01, below=0.05)
    numbers("an expense ratio", expense.dropna(), **FEE)
    rows: dict[str, dict[str, Any]] = {}
    for option, r in lives(net).items():
        b = against[option].loc[r.index]
        rf = bills.loc[r.index]
        rows[option] = {"months": len(r), **_compared(r, b, rf)}
        premium = float(expense.get(option, math.nan)) - index_fund_cost
        rows[option]["premium"] = premium
        rows[option]["review"] = _asked(rows[option], whole=len(r) == len(net))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("option")


def _compared(r: pd.Series, b: pd.Series, rf: pd.Series) -> dict[str, float]:
    if len(r) < YOUNG:
        return dict.fromkeys(("ahead", "error", "Sharpe", "of benchmark"), math.nan)
    ratios = [
        math.sqrt(12) * sharpe(x - rf).month if np.ptp(x - rf) > STILL else math.nan for x in (r, b)
    ]
    ahead = 12 * float((r - b).mean())
    error = float(tracking_error(r, b)) / math.sqrt(len(r) / 12)
    return {"ahead": ahead, "error": error, "Sharpe": ratios[0], "of benchmark": ratios[1]}


def _asked(row: Mapping[str, Any], *, whole: bool) -> str:
    """Why an option asks for a review; empty only for one that was judged on every month."""
    if row["months"] < YOUNG:
        return f"cannot be judged: {row['months']} months"
    if row["ahead"] < 0 and row["ahead"] <= -2 * row["error"]:
        return "behind its benchmark"
    if not math.isfinite(row["premium"]):
        return "cannot be judged: no expense ratio"
    if row["premium"] > 0 and row["ahead"] <= 0:
        return "premium without result"
    return "" if whole else f"judged on its own {row['months']} months"
