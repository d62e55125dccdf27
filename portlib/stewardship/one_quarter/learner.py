"""How does a machine's forecast enter, and what has it been worth?

As anybody's does: as a view, signed by the desk that answers for it. What a machine adds is that
its record can be made. At every month's end it is taught on what was known then and asked for the
next year, and what it said is set beside what came and beside the plainest rival, the mean so far:

    R2 = 1 - sum (came - said)^2 / sum (came - mean so far)^2

Its view is as unsure as its record: the variance is the mean square of its past errors, not what it
claims for itself. The view's reason carries a hash of method, data and coefficients.

The learner is ridge regression (Hoerl and Kennard 1970) on standardised predictors, of which the
intercept is not shrunk; the least that deserves the name. Left out: everything that learners of
more parameters do better or worse; whoever brings one brings its record the same way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction.views import View
from portlib.estimation import months as calendar
from portlib.estimation.inference import Estimate, hac_mean
from portlib.history import History
from portlib.records import Array
from portlib.stewardship.audit_log import canonical

#: Months that a forecast is for.
YEAR = 12
METHOD = "ridge on standardised predictors, penalty per month of teaching; 1"


def known(history: History, ahead: str, behind: str) -> tuple[pd.DataFrame, pd.Series]:
    """What a learner may know at each month's end, and what came in the year after.

    Parameters
    ----------
    history : History
        Yields and returns by month.
    ahead, behind : str
        The two series whose difference is foretold.

    Returns
    -------
    predictors : DataFrame
        The ten-year yield, its distance from the one-year yield, and what `ahead` earned over
        `behind` in the year before (annual decimals).
    outcome : Series
        What it earned over it in the year after; missing in the last year.

    Examples
    --------
    Fourteen months of two series, as a history of three years would give them: what is known at a
    month's end is the year that ends with it, what came the year after.

    >>> from types import SimpleNamespace
    >>> ends = pd.date_range("2023-01-31", periods=26, freq="ME")
    >>> t = np.arange(26)
    >>> table = pd.DataFrame({"shares": 0.001 * t, "bonds": 0.002}, ends)
    >>> table = table.assign(yield_10y=0.04 + 0.0001 * t, yield_1y=0.03)
    >>> told = SimpleNamespace(months=lambda *names: table[list(names)])
    >>> predictors, outcome = known(told, "shares", "bonds")
    >>> (
    ...     [f"{month:%Y-%m}" for month in (predictors.index[0], predictors.index[-1])],
    ...     list(predictors),
    ... )
    (['2023-12', '2025-02'], ['yield', 'slope', 'last year'])
    >>> round(float(predictors["slope"].iloc[3]), 9), round(float(predictors["yield"].iloc[3]), 9)
    (0.0114, 0.0414)
    >>> def ahead(first):
    ...     return np.prod([1 + 0.001 * k for k in range(first, first + 12)]) - 1.002**12
    >>> (
    ...     bool(np.isclose(predictors["last year"].iloc[2], ahead(2))),
    ...     bool(np.isclose(outcome.iloc[2], ahead(14))),
    ... )
    (True, True)
    >>> int(outcome.isna().sum()), outcome.name
    (12, 'next year')
    """
    table = history.months(ahead, behind, "yield_10y", "yield_1y")
    calendar.monthly(table, "history", error=ValueError)
    grown = (1 + table[[ahead, behind]]).rolling(YEAR).apply(np.prod, raw=True) - 1
    past = grown[ahead] - grown[behind]
    predictors = pd.DataFrame(
        {
            "yield": table["yield_10y"],
            "slope": table["yield_10y"] - table["yield_1y"],
            "last year": past,
        }
    ).dropna()
    return predictors, past.shift(-YEAR).reindex(predictors.index).rename("next year")


def taught(predictors: Array, outcomes: Array, penalty: float) -> Array:
    """Intercept and coefficients on the predictors as they are.

    With standardised predictors Z (ddof 0) and T months: ``b = (Z'Z + penalty T I)^-1 Z'y``.

    Parameters
    ----------
    predictors : array (T, k)
    outcomes : array (T,)
    penalty : float
        Zero or more.

    Returns
    -------
    array (1 + k,)

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [2.0]])
    >>> taught(x, np.array([1.0, 3.0, 5.0]), 0.0).round(12)
    array([1., 2.])

    Two predictors of unlike scales, with a penalty: the normal equations solved by hand for
    standardised columns, which here are uncorrelated, so that each slope shrinks to 1 / 1.25 of its
    own.

    >>> x = np.array([[1.0, 10.0], [3.0, 10.0], [1.0, 50.0], [3.0, 50.0]])
    >>> y = np.array([0.01, 0.05, 0.03, 0.11])
    >>> b = taught(x, y, 0.25)
    >>> slopes = [0.03 / 1.25, 0.001 / 1.25]  # (0.16 - 0.04) / 4 of 1, and (0.14 - 0.06) / 4 of 20
    >>> (
    ...     bool(np.allclose(b[1:], slopes)),
    ...     bool(np.isclose(b[0], 0.05 - 2 * slopes[0] - 30 * slopes[1])),
    ... )
    (True, True)
    >>> taught(x * [1, 0], y, 0.25)
    Traceback (most recent call last):
    ...
    ValueError: a predictor never changes: leave it out
    """
    mean = predictors.mean(axis=0)
    spread = predictors.std(axis=0)
    if (spread == 0).any():
        raise ValueError("a predictor never changes: leave it out")
    z = (predictors - mean) / spread
    t, k = z.shape
    slopes = np.linalg.solve(z.T @ z + penalty * t * np.eye(k), z.T @ (outcomes - outcomes.mean()))
    slopes = slopes / spread
    return np.concatenate([[outcomes.mean() - mean @ slopes], slopes])


@dataclass(frozen=True, eq=False)
class Record:
    """What a learner said month by month, beside its rival and what came; and what it says now.

    ``table`` has ``said``, ``mean so far`` and ``came`` by month of saying, annual decimals.

    Examples
    --------
    Errors of 1%, -2% and 2% against 3%, -1% and 4% of the rival, twelve times over.

    >>> ends = pd.date_range("2026-01-31", periods=36, freq="ME")
    >>> came = pd.Series([0.05, -0.02, 0.08] * 12, ends)
    >>> table = pd.DataFrame({"said": came - [0.01, -0.02, 0.02] * 12})
    >>> table["mean so far"] = came - [0.03, -0.01, 0.04] * 12
    >>> told = Record(table.assign(came=came), 0.021, np.zeros(2), 1.0, "abcdef" * 10)
    >>> round(told.r2, 9), round(told.variance, 9), told.years  # 1 - 9 / 26, 0.0009 / 3
    (0.653846154, 0.0003, 3.0)
    >>> round(told.lead.value, 9)  # (8 - 3 + 12) / 3 in squares of a percent
    0.000566667
    >>> view = told.view("bonds ahead", "bonds", "shares", author="desk", as_of="2026-03-31")
    >>> view.portfolio, view.q, round(view.variance, 9), view.author
    ({'bonds': 1.0, 'shares': -1.0}, 0.021, 0.0003, 'desk')
    >>> view.reason.split("; ")[2:]
    ['sha256 abcdefabcdefabcd', 'out-of-sample R2 0.654 over 3 years']
    """

    table: pd.DataFrame
    now: float
    coefficients: Array
    penalty: float
    fingerprint: str

    @property
    def r2(self) -> float:
        """Out of sample, against the mean so far; below zero is worse than it."""
        error, naive = self._errors()
        return float(1 - (error @ error) / (naive @ naive))

    @property
    def variance(self) -> float:
        """Mean square of its errors, annual decimals squared."""
        error, _ = self._errors()
        return float(error @ error) / len(error)

    @property
    def lead(self) -> Estimate:
        """Mean square error of the rival less its own; the standard error allows for outcomes that
        share months (Newey and West, a year of lags)."""
        error, naive = self._errors()
        return hac_mean(naive**2 - error**2, lags=YEAR)

    @property
    def years(self) -> float:
        """How many outcomes that share no month the record has."""
        return len(self.table) / YEAR

    def _errors(self) -> tuple[Array, Array]:
        came = self.table["came"].to_numpy(float)
        return (
            came - self.table["said"].to_numpy(float),
            came - self.table["mean so far"].to_numpy(float),
        )

    def view(self, name: str, ahead: str, behind: str, *, author: str, as_of: str) -> View:
        """What it says now as a view on one class over another, as unsure as its record."""
        return View(
            name,
            {ahead: 1.0, behind: -1.0},
            self.now,
            author,
            as_of,
            f"machine, {METHOD}; sha256 {self.fingerprint[:16]}; out-of-sample R2 {self.r2:.3f} "
            f"over {self.years:.0f} years",
            variance=self.variance,
        )


def record(
    predictors: pd.DataFrame, outcomes: pd.Series, *, penalty: float, first: int = 120
) -> Record:
    """Teach and ask at every month's end, from `first` months of known outcomes on.

    At month t outcomes are known up to t - 12: a year that is not over teaches nothing.

    Parameters
    ----------
    predictors, outcomes : as `known` gives them, by the same months.
    penalty : zero or more; per month of teaching.

    Raises
    ------
    ValueError
        For months that differ, a negative penalty, or too short a history.

    Examples
    --------
    After six months of known outcomes; what is said of month t was taught on months whose year was
    over.

    >>> ends = pd.date_range("2020-01-31", periods=40, freq="ME")
    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame(rng.standard_normal((40, 2)), ends, ["a", "b"])
    >>> y = 0.02 + x @ [0.03, -0.01] + 0.01 * rng.standard_normal(40)
    >>> y.iloc[28:] = np.nan  # the year after is not over
    >>> found = record(x, y, penalty=0.5, first=6)
    >>> f"{found.table.index[0]:%Y-%m}", len(found.table)  # the eighteenth month, to the last known
    ('2021-06', 11)
    >>> b = taught(x.to_numpy()[:9], y.to_numpy()[:9], 0.5)
    >>> row = found.table.iloc[3]
    >>> (
    ...     bool(np.isclose(row["said"], b[0] + x.iloc[20] @ b[1:])),
    ...     bool(np.isclose(row["mean so far"], y[:9].mean())),
    ... )
    (True, True)
    >>> bool(np.isclose(row["came"], y.iloc[20]))
    True
    >>> b = taught(x.to_numpy()[:28], y.to_numpy()[:28], 0.5)

    It goes on in ``learner.md``.
    """
    if not predictors.index.equals(outcomes.index):
        raise ValueError("predictors and outcomes are of other months; give both of the same")
    if not 0 <= penalty < np.inf:
        raise ValueError(f"the penalty is {penalty}; give zero or more")
    x = predictors.to_numpy(float)
    y = outcomes.to_numpy(float)
    starts = range(first + YEAR - 1, len(x))
    rows = []
    for t in starts:
        past = slice(0, t - YEAR + 1)
        b = taught(x[past], y[past], penalty)
        rows.append((b[0] + x[t] @ b[1:], y[past].mean(), y[t]))
    if len(rows) <= YEAR:
        raise ValueError(f"{len(x)} months are too few: {first + 2 * YEAR} must be there")
    index = predictors.index[first + YEAR - 1 :]
    table = pd.DataFrame(rows, index, ["said", "mean so far", "came"])
    content = {
        "method": METHOD,
        "penalty": penalty,
        "predictors": list(predictors.columns),
        "coefficients": [float(c) for c in b],
        "taught": [f"{predictors.index[0]:%Y-%m}", f"{predictors.index[past.stop - 1]:%Y-%m}"],
        "data": hashlib.sha256(x[past].tobytes() + y[past].tobytes()).hexdigest(),
    }
    fingerprint = hashlib.sha256(canonical(content).encode()).hexdigest()
    return Record(table.dropna(), float(table["said"].iloc[-1]), b, penalty, fingerprint)
