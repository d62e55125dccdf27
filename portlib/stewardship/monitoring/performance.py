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
from portlib.ranges import FEE, NOT_NEGATIVE, door, numbers
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

    Three unequal months compound, and a table has its months in its rows:

    >>> math.isclose(annual_return([0.05, -0.02, 0.03]), (1.05 * 0.98 * 1.03) ** 4 - 1)
    True
    >>> months = pd.date_range("2026-01-31", periods=2, freq="ME")
    >>> table = pd.DataFrame({"a": [0.01, 0.02], "b": [-0.01, 0.03], "c": [0.0, -1.0]}, months)
    >>> annual_return(table).round(6).tolist()  # (1.01 * 1.02) ** 6 - 1, (0.99 * 1.03) ** 6 - 1, -1
    [0.195444, 0.124177, -1.0]
    >>> annual_return([0.01, -1.001])
    Traceback (most recent call last):
    ...
    ValueError: returns: number 2 is -1.001: missing, or more is lost than all
    >>> annual_return([])
    Traceback (most recent call last):
    ...
    ValueError: returns: no months
    """
    r = _numbers(returns)
    return np.asarray(np.prod(1 + r, axis=-1) ** (12 / r.shape[-1]) - 1)


def volatility(returns: ArrayLike) -> Array:
    """Standard deviation a year over the last axis of monthly returns, ddof 1: ex-post where they
    are past.

    Examples
    --------
    Squares about the mean of 0.01 are 0.0001, 0.0004 and 0.0001, of which two count.

    >>> x = [0.02, -0.01, 0.02]
    >>> math.isclose(volatility(x), math.sqrt(12 * 0.0006 / 2))
    True
    >>> volatility([x, [2 * r for r in x]]).round(6).tolist()
    [0.06, 0.12]
    >>> float(volatility([0.01, 0.03]).round(6))  # sqrt(12 * 0.0002)
    0.04899
    >>> volatility([0.01])
    Traceback (most recent call last):
    ...
    ValueError: a volatility needs two months at least
    """
    r = _numbers(returns)
    if r.shape[-1] < 2:
        raise ValueError("a volatility needs two months at least")
    return np.asarray(math.sqrt(12) * np.std(r, axis=-1, ddof=1))


def tracking_error(returns: ArrayLike, benchmark: ArrayLike) -> Array:
    """Volatility a year of monthly returns less their benchmark's, over the same months.

    Examples
    --------
    >>> float(tracking_error([0.05, -0.01, 0.04], [0.03, 0.0, 0.02]).round(6))  # of 2%, -1%, 2%
    0.06
    >>> tracking_error([0.05, -0.01, 0.04], [0.03, 0.0])
    Traceback (most recent call last):
    ...
    ValueError: 3 months of returns, 2 of the benchmark
    >>> months = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> one, other = (pd.Series([0.01, 0.02], m) for m in (months[:2], months[1:]))
    >>> tracking_error(one, other)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: returns and benchmark are not of the same months: 2026-01 is in one of them ...
    """
    r, b = _both(returns, benchmark)
    if r.shape[-1] < 2:
        raise ValueError("a tracking error needs two months at least")
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

    Examples
    --------
    By class 56% and 44% are held against 40% and 60%:

    >>> risk = predicted_tracking_error(
    ...     np.array([0.5, 0.3, 0.2]),
    ...     np.array([[1.0, 0.0], [0.2, 0.8], [0.0, 1.0]]),
    ...     np.array([0.4, 0.6]),
    ...     np.array([[0.04, 0.003], [0.003, 0.0025]]),
    ...     np.array([0.03, 0.01, 0.02]),
    ... )
    >>> by_class = 0.16**2 * (0.04 + 0.0025 - 2 * 0.003)
    >>> math.isclose(risk**2, by_class + 0.015**2 + 0.003**2 + 0.004**2)
    True
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

    Examples
    --------
    >>> math.isclose(eta(12, []), math.sqrt(12)), eta(1, [0.5])
    (True, 1.0)
    >>> math.isclose(eta(12, [0.2, 0.1]), 12 / math.sqrt(12 + 2 * (11 * 0.2 + 10 * 0.1)))
    True
    >>> math.isclose(eta(2, [0.25, 0.9]), 2 / math.sqrt(2 + 2 * 0.25))  # the second lag is beyond
    True
    >>> eta(2, [-1.0])
    Traceback (most recent call last):
    ...
    ValueError: these autocorrelations leave 2 periods a variance of 0; use fewer lags
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


@door(lags=NOT_NEGATIVE)
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

    Examples
    --------
    Four months with a mean of 1%; squares about it are 4, 1, 4, 1, so that the ratio is sqrt(0.3).

    >>> x = [0.03, 0.02, -0.01, 0.0]
    >>> found = sharpe(x)
    >>> math.isclose(found.month, math.sqrt(0.3)), math.isclose(found.year, math.sqrt(0.3 * 12))
    (True, True)
    >>> math.isclose(found.error_if_normal, math.sqrt((1 + 0.3 / 2) / 4))
    True

    With deviations of 2, 1, -2, -1 in percent, psi is sqrt(0.3) times 1.4, 0.85, -2.6, -1.15, and a
    constant; their mean is -0.375.

    >>> psi = [1.775, 1.225, -2.225, -0.775]
    >>> variance = 0.3 * sum(x * x for x in psi) / 4
    >>> math.isclose(found.error, math.sqrt(variance / 4))
    True
    >>> math.isclose(found.error_year, found.error * math.sqrt(12))
    True

    It goes on in ``performance.md``.
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

    Examples
    --------
    A mean of 0.5% a month, and squares of 0.0001 and 0.0004 below the target, over all four months:

    >>> math.isclose(sortino([0.02, -0.01, 0.03, -0.02]), 0.06 / math.sqrt(12 * 0.0005 / 4))
    True
    >>> sortino([0.02, 0.0, 0.01])
    Traceback (most recent call last):
    ...
    ValueError: no month is below the target: the ratio has no denominator
    """
    x = _numbers(excess, "excess returns", least=-math.inf)
    below = np.minimum(x, 0.0)
    if not below.any():
        raise ValueError("no month is below the target: the ratio has no denominator")
    return float(12 * x.mean() / (math.sqrt(12) * math.sqrt(float(below @ below) / len(x))))


def beta(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """By how much do returns (T,) move when the benchmark's move by one? Covariance over
    variance.

    Examples
    --------
    About their means the returns are -1, -3, 4 and the benchmark's 0, -3, 3 percent: 21 / 18.

    >>> round(beta([0.01, -0.01, 0.06], [0.01, -0.02, 0.04]), 9)
    1.166666667
    >>> round(beta([0.01, -0.02, 0.04], [0.01, -0.01, 0.06]), 9)  # 21 / 26
    0.807692308
    >>> beta([0.01, -0.02], [0.003, 0.003])
    Traceback (most recent call last):
    ...
    ValueError: nothing moves with a benchmark that never moves
    """
    r, b = _both(returns, benchmark)
    if not np.ptp(b) > STILL:
        raise ValueError("nothing moves with a benchmark that never moves")
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
    by month end. ValueError for months that are missing, misdated or not oldest first.

    Examples
    --------
    Month ends are at 1.10, 0.88, 0.924, 0.8316, 1.16424 and 1.0478: the deepest fall is 1 - 0.8316
    / 1.10 and is made good in the fifth month.

    >>> months = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> found = worst_fall(pd.Series([0.10, -0.20, 0.05, -0.10, 0.40, -0.10], months))
    >>> round(found.depth, 6), [f"{when:%Y-%m-%d}" for when in found[1:]]
    (0.244, ['2026-01-31', '2026-04-30', '2026-05-31'])

    Of falls from the start the peak is the month end before; this one is not made good. Where
    nothing falls, there is no depth, and nothing to make good.

    >>> found = worst_fall(pd.Series([-0.10, 0.05, -0.02], months[:3]))
    >>> round(found.depth, 6), f"{found.peak:%Y-%m-%d}", f"{found.trough:%m}", found.recovered
    (0.1, '2025-12-31', '01', None)
    >>> f"{worst_fall(pd.Series([-0.1, 0.2], months[1:3])).peak:%Y-%m-%d}"  # not of 28 February
    '2026-01-31'
    >>> worst_fall(pd.Series([0.1, 0.2], months[:2])).depth
    0.0
    >>> worst_fall(pd.Series([0.1, 0.2], months[:2] - pd.Timedelta(days=1)))
    Traceback (most recent call last):
    ...
    ValueError: returns: 2026-01-30 is not the last day of its month; give each month by that date
    >>> worst_fall(pd.Series([0.1, -1.2], months[:2], name="ours"))
    Traceback (most recent call last):
    ...
    ValueError: ours: 2026-02: -1.2 is no return; in percent? Write 0.012 for 1.2%
    """
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

    Examples
    --------
    >>> months = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> gross = pd.Series([0.02, -0.01, 0.03, 0.01], months)
    >>> ours = Record(gross, gross - 0.001, gross - 0.002, "actual")
    >>> table = ours.shown(2)  # of March and April
    >>> table.index.tolist(), table.columns.tolist()
    (['gross', 'net', 'benchmark'], ['return a year', 'volatility'])
    >>> math.isclose(table.loc["net", "return a year"], (1.029 * 1.009) ** 6 - 1)
    True
    >>> table["volatility"].round(6).tolist()  # sqrt(12 * 2 * 0.01**2) each
    [0.04899, 0.04899, 0.04899]
    >>> math.isclose(ours.shown(4).loc["benchmark", "volatility"], math.sqrt(12 * 0.000875 / 3))
    True
    >>> ours.shown(5)
    Traceback (most recent call last):
    ...
    ValueError: the record has 4 months, not 5

    It goes on in ``performance.md``.
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
        if not 0 < months <= len(self.net):
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

    Examples
    --------
    >>> months = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> nan = math.nan
    >>> table = pd.DataFrame(
    ...     {"old": [0.01, 0.02, 0.03, 0.04], "young": [nan, nan, 0.05, 0.06]}, months
    ... )
    >>> {name: life.tolist() for name, life in lives(table).items()}
    {'old': [0.01, 0.02, 0.03, 0.04], 'young': [0.05, 0.06]}
    >>> lives(table.iloc[[2, 3]].assign(gone=[0.01, nan]))
    Traceback (most recent call last):
    ...
    ValueError: gone: 2026-04: nan is no return
    >>> lives(table.iloc[:2])
    Traceback (most recent call last):
    ...
    ValueError: young: no month has a return; leave the option out, and say so
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

    Examples
    --------
    From December 2024 to January 2026: what counts is 2025, and for longer periods what there is up
    to its end. An option that began in July shows six months, and its benchmark the same.

    >>> months = pd.date_range("2024-12-31", periods=14, freq="ME")
    >>> old = pd.Series([0.5, *[0.01] * 12, 0.7], months)
    >>> net = pd.DataFrame(
    ...     {"old": old, "young": old.where(months >= "2025-07-01", math.nan) + 0.01}
    ... )
    >>> other = pd.DataFrame({"young": 2 * old, "old": 3 * old}, months)
    >>> chart = comparative_chart(net, other, pd.Series({"young": 0.0045, "old": 0.002}))
    >>> chart[["1 y", "5 y", "10 y"]].round(6).to_numpy().tolist()
    [[0.126825, 0.623354, 0.623354], [0.268242, 0.268242, 0.268242]]
    >>> round(1.01**12 - 1, 6), round((1.5 * 1.01**12) ** (12 / 13) - 1, 6), round(1.02**12 - 1, 6)
    (0.126825, 0.623354, 0.268242)
    >>> chart[["1 y benchmark", "10 y benchmark"]].round(6).to_numpy().tolist()
    [[0.425761, 2.232408], [0.268242, 0.268242]]
    >>> round(1.03**12 - 1, 6), round((2.5 * 1.03**12) ** (12 / 13) - 1, 6)
    (0.425761, 2.232408)
    >>> chart["expense ratio"].tolist(), chart["a year per $1,000"].tolist()
    ([0.002, 0.0045], [2.0, 4.5])

    It goes on in ``performance.md``.
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
    complete one.

    Examples
    --------
    >>> names = [f"{years} y{of}" for years in (1, 5, 10) for of in ("", " benchmark")]
    >>> table = {name: [0.05, 0.04] for name in names}
    >>> table |= {"expense ratio": [0.002, 0.0045], "a year per $1,000": [2.0, 4.5]}
    >>> chart = pd.DataFrame(table, ["A", "B"])
    >>> chart_faults(chart, ["A", "B"])
    []
    >>> chart_faults(chart, ["A", "C"])
    ['option C is missing']
    >>> chart.loc["B", "5 y"] = math.nan
    >>> chart_faults(chart.drop(columns="10 y"), ["A", "B"])
    ["column '10 y' is missing", "B: no '5 y'"]
    >>> chart_faults(chart.assign(**{"5 y": 0.03, "a year per $1,000": [2.01, 4.504]}), ["B"])
    ['A: dollars and percent disagree']
    >>> chart_faults(chart.assign(**{"5 y": 0.03, "a year per $1,000": [1.99, 4.5]}), ["B"])
    ['A: dollars and percent disagree']
    """
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

    Examples
    --------
    Two years of months; each option's difference from its benchmark alternates, which gives its
    mean and standard deviation by hand.

    >>> months = pd.date_range("2024-01-31", periods=24, freq="ME")
    >>> bills = pd.Series(0.002, months)
    >>> mix = pd.Series([0.03, -0.01, 0.02, -0.02] * 6, months)
    >>> differences = {
    ...     "good": [0.003, -0.001],
    ...     "behind": [0.001375, -0.004375],  # by 2.5 errors
    ...     "dear": [-0.006, 0.005],
    ...     "unpriced": [0.003, -0.001],
    ...     "late": [0.003, -0.001],
    ...     "new": [0.003, -0.001],
    ... }
    >>> net = pd.DataFrame({name: mix + two * 12 for name, two in differences.items()})
    >>> net.loc[:"2024-12-31", "late"] = math.nan  # twelve months are left
    >>> net.loc[:"2025-01-31", "new"] = math.nan  # eleven
    >>> other = pd.DataFrame(dict.fromkeys(reversed(differences), mix))
    >>> expense = pd.Series(0.004, list(differences)).drop("unpriced")
    >>> found = reviews(net, other, bills, expense, index_fund_cost=0.001)

    It goes on in ``performance.md``.
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
