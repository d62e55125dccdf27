"""What would a method have earned that was given each edition on its day, and can it be told apart?

A method is a function from an `Edition` to weights. It is asked once an edition; the weights are
bought at the start of the first whole month after that day, drift with the returns until the next
edition is in force, and are reset then. Rival rules are asked at the same times, so that nothing
but the weights differs.

The difference of two methods is the mean of their monthly differences times twelve, with the
standard error of Newey and West. `detectable` is the true difference that a two-sided test at 5%
would find in four records of five, ``(1.96 + 0.84) x standard error``: less than that the record
cannot see.

Left out: taxes, and prices that move with the trade.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from portlib.estimation.forecast_record.editions import Edition
from portlib.estimation.forecast_record.outcomes import monthly
from portlib.estimation.forecast_record.published import ForecastError, LookAhead
from portlib.estimation.inference import NOTHING
from portlib.ranges import door
from portlib.records import Array

#: From an edition to weights (n,), in the order of its assumptions' labels.
Method = Callable[[Edition], Array]
#: Weights may miss a sum of one by this much.
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Replay:
    """What a method held and earned: weights by month of change, monthly returns, turnover a
    change.

    ``turnover`` is one-way (half of what was bought and sold), of which the first is the purchase.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=3, freq="M")
    >>> weights = pd.DataFrame({"a": [1.0]}, months[:1])
    >>> held = Replay(weights, pd.Series([0.1, -0.1, 0.06], months), pd.Series([0.5], months[:1]))
    >>> round(held.growth, 9), round((1.1 * 0.9 * 1.06) ** (12 / 3) - 1, 9)
    (0.21273033, 0.21273033)
    >>> # deviations from 0.02: 0.08, -0.12 and 0.04; divisor 2
    >>> round(held.volatility, 9), round((12 * (0.08**2 + 0.12**2 + 0.04**2) / 2) ** 0.5, 9)
    (0.366606056, 0.366606056)
    """

    weights: pd.DataFrame
    returns: pd.Series
    turnover: pd.Series

    @property
    def growth(self) -> float:
        """Compound return, a year."""
        return float(np.expm1(12 * np.log1p(self.returns).mean()))

    @property
    def volatility(self) -> float:
        """Standard deviation of monthly returns (ddof 1) times the root of twelve."""
        return float(self.returns.std(ddof=1) * np.sqrt(12))


@door()
def replay(
    editions: Sequence[Edition], method: Method, returns: pd.DataFrame, *, cost: float = 0.0
) -> Replay:
    """Ask a method at each edition and hold what it says until the next.

    Parameters
    ----------
    editions : sequence of Edition
        In order of their days.
    method : function from Edition to weights (n,)
        In the order of the edition's labels; they must sum to one.
    returns : DataFrame
        Monthly decimals by month, a column a class, in the same order.
    cost : float
        Of one dollar bought and one sold, decimal; charged when weights change, not on the
        purchase.

    Raises
    ------
    LookAhead
        When an edition was given months that it could not know, or editions are out of order.
    ForecastError
        For weights that do not sum to one or are not numbers, or returns that are missing.

    Examples
    --------
    Two editions, in force from February and from April. Between them nothing is traded: 60 cents
    and 40 cents become 79.2 and 36, so that in April 43.75 cents of a dollar change hands, at 1%.

    >>> from portlib.records import Assumptions
    >>> months = pd.period_range("2020-01", periods=5, freq="M")
    >>> a, b = [0.0, 0.1, 0.2, -0.1, 0.05], [0.0, -0.1, 0.0, 0.2, 0.1]
    >>> returns = pd.DataFrame({"a": a, "b": b}, months)
    >>> told = Assumptions(["a", "b"], [0.05, 0.05], [[0.04, 0.0], [0.0, 0.04]])
    >>> none = pd.Series(dtype=float)
    >>> days = {"first": "2020-01-31", "second": "2020-03-10"}
    >>> editions = [
    ...     Edition(name, pd.Timestamp(day), told, returns.head(1), none)
    ...     for name, day in days.items()
    ... ]
    >>> said = {"first": [0.6, 0.4], "second": [0.25, 0.75]}
    >>> held = replay(editions, lambda edition: np.array(said[edition.name]), returns, cost=0.01)
    >>> wealth = (1 + held.returns).cumprod().round(9)
    >>> wealth.iloc[:2].tolist()  # 0.66 + 0.36, and 0.792 + 0.36
    [1.02, 1.152]
    >>> held.turnover.round(9).tolist()  # the purchase, and 0.792 / 1.152 - 0.25
    [0.5, 0.4375]
    >>> april = 1.152 * (0.25 * 0.9 + 0.75 * 1.2) * (1 - 0.01 * 0.4375)
    >>> may = april * (0.2 * 1.05 + 0.8 * 1.1)  # 0.225 and 0.9 are one and four fifths
    >>> wealth.iloc[2:].tolist() == [round(april, 9), round(may, 9)]
    True
    >>> held.weights.loc["2020-04"].tolist(), str(held.returns.index[0]), str(held.weights.index[0])
    ([0.25, 0.75], '2020-02', '2020-02')
    >>> free = replay(editions, lambda edition: np.array(said[edition.name]), returns)
    >>> round(float((1 + free.returns).prod()), 9), round(1.152 * 1.125 * 1.09, 9)
    (1.41264, 1.41264)

    It goes on in ``backtest.md``.
    """
    months = monthly(returns)
    starts = [edition.in_force for edition in editions]
    if not editions or sorted(set(starts)) != starts:
        raise LookAhead("editions must be in the order in which they came to be known, one a month")
    weights: list[Array] = []
    turnover: list[float] = []
    earned: list[float] = []
    held = np.zeros(len(editions[0].assumptions))
    for edition, end in zip(editions, [*starts[1:], months.index[-1] + 1], strict=True):
        labels = edition.assumptions.labels
        if tuple(months.columns) != labels:
            raise ForecastError(f"edition {edition.name}: returns are not of {', '.join(labels)}")
        target = np.asarray(method(edition), float)
        if target.shape != held.shape or not abs(target.sum() - 1) <= TOLERANCE:
            raise ForecastError(f"edition {edition.name}: weights {target} do not sum to one")
        moved = float(np.abs(target - held).sum()) / 2
        charge = cost * moved if turnover else 0.0
        weights.append(target)
        turnover.append(moved)
        held = target
        span = months.loc[edition.in_force : end - 1]
        if len(span) != max((end - edition.in_force).n, 1) or span.isna().any(axis=None):
            raise ForecastError(f"edition {edition.name}: returns are missing while it is in force")
        grown = held * np.cumprod(1 + span.to_numpy(float), axis=0)
        worth = grown.sum(axis=1)
        growth = worth / np.concatenate([[1.0], worth[:-1]])
        growth[0] *= 1 - charge
        earned += (growth - 1).tolist()
        held = grown[-1] / worth[-1]
    index = pd.PeriodIndex(starts, freq="M")
    since = months.loc[starts[0] :].index
    held_at = pd.DataFrame(weights, index=index, columns=list(months.columns))
    return Replay(held_at, pd.Series(earned, index=since), pd.Series(turnover, index=index))


@door()
def compare(one: pd.Series, other: pd.Series, lags: int = 12) -> pd.Series:
    """By how much did one method earn more than another, how sure is that, and what could be seen?

    Parameters
    ----------
    one, other : Series
        Monthly returns over the same months.
    lags : int
        Months over which differences may be related (Newey and West 1987, Bartlett weights).

    Returns
    -------
    Series
        ``difference`` (a year, arithmetic), ``standard error``, ``z``, ``p-value`` (two-sided,
        normal), ``detectable`` (found in four records of five) and ``years needed`` to find the
        difference that was measured so often.

    Raises
    ------
    ForecastError
        When the two are not of the same months, a month has no return, or there are no more months
        than lags and one.

    Examples
    --------
    Six times the differences 2, -1, 3 and 0 points: a mean of 1, and deviations of 1, -2, 2 and -1
    whose squares average 2.5. Unrelated, they leave a standard error of ``sqrt(2.5 / 24)`` points.

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> other = pd.Series(0.005 * np.sin(np.arange(24.0)), months)
    >>> one = other + np.tile([0.02, -0.01, 0.03, 0.0], 6)
    >>> found = compare(one, other, lags=0)
    >>> error = 12 * 0.01 * (2.5 / 24) ** 0.5
    >>> found[["difference", "standard error", "z"]].round(9).tolist()
    [0.12, 0.038729833, 3.098386677]
    >>> round(error, 9), round(0.12 / error, 9)
    (0.038729833, 3.098386677)
    >>> import math
    >>> math.isclose(found["p-value"], math.erfc(0.12 / error / math.sqrt(2)))
    True
    >>> round(float(found["detectable"] / error), 2)  # 1.96 + 0.84
    2.8

    It goes on in ``backtest.md``.
    """
    if not one.index.equals(other.index):
        raise ForecastError("the two records are not of the same months")
    from statsmodels.regression.linear_model import OLS

    gap = (one - other).to_numpy(float)
    if not np.isfinite(gap).all():
        raise ForecastError("a month of the two records has no return")
    if len(gap) < 2 or not 0 <= lags < len(gap):
        raise ForecastError(f"{len(gap)} months do not hold a comparison over {lags} lags")
    fit = OLS(gap, np.ones((len(gap), 1))).fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    difference = 12 * float(fit.params[0])
    error = 12 * float(fit.bse[0])
    if abs(difference) <= NOTHING:
        z = 0.0
    else:
        z = difference / error if error > NOTHING else math.copysign(math.inf, difference)
    normal = NormalDist()
    seen = normal.inv_cdf(0.975) + normal.inv_cdf(0.8)
    return pd.Series(
        {
            "difference": difference,
            "standard error": error,
            "z": z,
            "p-value": 2 * (1 - normal.cdf(abs(z))),
            "detectable": seen * error,
            "years needed": len(gap) / 12 * (seen / abs(z)) ** 2 if z else math.inf,
        }
    )
