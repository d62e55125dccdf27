"""What would style analysis have said an L Fund holds, and how wrong would it have been?

Where a fund's holdings are not published, its returns are fitted by those of indices
(`portlib.estimation.style_analysis`). Here the truth is published every quarter, so the method can
be marked: weights fitted over a window that ends with a quarter, against the target weights in
force on its last day, and against the mean of those in force in the window. The first holds what
the window is late by, the second does not.

``distance`` of two mixes is half the sum of absolute differences, weight. Left out: funds whose
indices are not the five; standard errors (the truth is at hand).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from portlib.estimation.months import same
from portlib.estimation.style_analysis import simplex_least_squares
from portlib.ranges import COUNT, door, numbers
from portlib.records import Array


def seen(fund: Array, indices: Array) -> Array:
    """Weights (n,), none negative, summing to one, whose mix varied most like a fund (T,).

    ``min Var(r - F b)`` over indices (T, n), by the exact method of
    `style_analysis.simplex_least_squares`.

    Examples
    --------
    A mix plus a constant is seen exactly; a fund that is short of one index gets none of it.

    >>> rng = np.random.default_rng(1)
    >>> indices = 0.01 + 0.02 * rng.standard_normal((60, 3)) * [1, 2, 0.5]
    >>> seen(indices @ [0.5, 0.3, 0.2] + 0.004, indices).round(6).tolist()
    [0.5, 0.3, 0.2]
    >>> found = seen(indices @ [0.9, 0.4, -0.3], indices)
    >>> best = min(
    ...     np.linspace(0, 1, 1001), key=lambda w: np.var(indices @ [0.9 - w, 0.4 - 1 + w, -0.3])
    ... )
    >>> bool(abs(found[0] - best) < 1e-3), round(float(found[2]), 9)
    (True, 0.0)
    >>> seen(indices[1:, 0], indices)
    Traceback (most recent call last):
    ...
    ValueError: 59 returns of the fund do not go with 60
    """
    indices = numbers("the indices' returns", indices)
    fund = numbers("the fund's returns", fund)
    if indices.shape[:1] != fund.shape:
        raise ValueError(f"{len(fund)} returns of the fund do not go with {len(indices)}")
    x = indices - indices.mean(axis=0)
    y = fund - fund.mean()
    weights, _ = simplex_least_squares(x.T @ x, (x.T @ y)[:, None])
    return np.asarray(weights[0], float)


class Marked(NamedTuple):
    """Fitted weights by the last day of their window, the truth then, and the truth's mean over
    the window; all (quarters, funds).

    Examples
    --------
    >>> day = pd.to_datetime(["2026-03-31"])
    >>> fitted, truth, mean = (
    ...     pd.DataFrame({"C": [c], "F": [1 - c]}, day) for c in (0.6, 0.45, 0.5)
    ... )
    >>> marked_so = Marked(fitted, truth, mean)
    >>> marked_so.error.round(9).tolist(), marked_so.error_but_for_lag.round(9).tolist()
    ([0.15], [0.1])
    """

    fitted: pd.DataFrame
    truth: pd.DataFrame
    over_window: pd.DataFrame

    @property
    def error(self) -> pd.Series:
        """Distance from the truth of the day."""
        return distance(self.fitted, self.truth)

    @property
    def error_but_for_lag(self) -> pd.Series:
        """Distance from the mean truth of the window."""
        return distance(self.fitted, self.over_window)


def distance(one: pd.DataFrame, other: pd.DataFrame) -> pd.Series:
    """Half the sum of absolute differences, by row.

    Examples
    --------
    A tenth that stands elsewhere is a distance of a tenth:

    >>> one = pd.DataFrame({"C": [0.6], "F": [0.4]})
    >>> other = pd.DataFrame({"C": [0.5], "F": [0.5]})
    >>> distance(one, other).round(9).tolist()
    [0.1]

    >>> three = pd.DataFrame({"C": [0.6, 0.2], "F": [0.3, 0.2], "G": [0.1, 0.6]})
    >>> other = pd.DataFrame({"G": [0.3, 0.5], "C": [0.5, 0.2], "F": [0.2, 0.3]})
    >>> distance(three, other).round(9).tolist()  # (0.1 + 0.1 + 0.2) / 2, (0 + 0.1 + 0.1) / 2
    [0.2, 0.1]

    A class that stands in one of them only is no difference of nothing:

    >>> distance(three, other[["C", "F"]])
    Traceback (most recent call last):
    ...
    ValueError: the two mixes are not of the same classes: G
    >>> distance(three[["C", "F"]], other)
    Traceback (most recent call last):
    ...
    ValueError: the two mixes are not of the same classes: G
    >>> distance(three, other.iloc[:1])
    Traceback (most recent call last):
    ...
    ValueError: the two mixes do not have the same rows; join them by their labels first
    """
    if apart := sorted(set(map(str, one)) ^ set(map(str, other))):
        raise ValueError(f"the two mixes are not of the same classes: {', '.join(apart)}")
    same(one, other, "the two mixes")
    return (one - other).abs().sum(axis=1) / 2


@door(window=COUNT)
def marked(fund: pd.Series, indices: pd.DataFrame, truth: pd.DataFrame, window: int) -> Marked:
    """Fits over the `window` days or months that end with each quarter, against the truth.

    Quarters before the first full window are left out.

    Parameters
    ----------
    fund : Series
        Returns by day or month, decimals.
    indices : DataFrame
        Returns of the classes, by the same days or months.
    truth : DataFrame
        Target weights by class, by the same days or months.
    window : int
        Days or months.

    Returns
    -------
    Marked

    Raises
    ------
    ValueError
        Where no window is full, or the tables are of other days or classes.

    Examples
    --------
    Six months of a mix that changes in March; windows of three months end with each quarter, and
    May ends none.

    >>> ends = pd.date_range("2025-12-31", periods=9, freq="ME")  # to August 2026
    >>> rng = np.random.default_rng(1)
    >>> indices = pd.DataFrame(0.03 * rng.standard_normal((9, 2)), ends, ["C", "F"])
    >>> truth = pd.DataFrame({"F": [0.7] * 3 + [0.4] * 3 + [0.1] * 3}, ends)
    >>> truth["C"] = 1 - truth["F"]
    >>> fund = (truth * indices).sum(axis=1)
    >>> found = marked(fund, indices, truth, 3)
    >>> [f"{day:%Y-%m}" for day in found.fitted.index], list(found.fitted)
    (['2026-03', '2026-06'], ['C', 'F'])
    >>> found.truth["F"].round(9).tolist(), found.over_window["F"].round(9).tolist()
    ([0.4, 0.1], [0.6, 0.3])
    >>> bool(np.allclose(found.fitted.iloc[1], seen(fund.to_numpy()[4:7], indices.to_numpy()[4:7])))
    True
    >>> marked(fund, indices, truth, 8)
    Traceback (most recent call last):
    ...
    ValueError: 9 observations hold no window of 8 that ends a quarter
    >>> len(marked(fund.iloc[:7], indices.iloc[:7], truth.iloc[:7], 7).fitted)  # June is whole
    1
    >>> friday = indices.index[:7].union(pd.to_datetime(["2026-06-26"]))[:-1]
    >>> days = [one.iloc[:7].set_axis(friday) for one in (fund, indices, truth)]
    >>> f"{marked(*days, 7).fitted.index[0]:%m-%d}"
    '06-26'
    >>> marked(fund.iloc[1:], indices, truth, 3)
    Traceback (most recent call last):
    ...
    ValueError: fund, indices and truth are not of the same days; join them by day first
    >>> marked(fund, indices, truth.assign(G=0.0), 3)
    Traceback (most recent call last):
    ...
    ValueError: indices and truth are not of the same classes
    """
    if not (fund.index.equals(indices.index) and fund.index.equals(truth.index)):
        raise ValueError("fund, indices and truth are not of the same days; join them by day first")
    if set(indices.columns) != set(truth.columns):
        raise ValueError("indices and truth are not of the same classes")
    truth = truth[list(indices.columns)]
    quarter = pd.PeriodIndex(fund.index, freq="Q")
    ends = np.flatnonzero(quarter[:-1] != quarter[1:]) + 1
    if quarter[-1].end_time.normalize() - fund.index[-1] <= pd.Timedelta(days=4):
        ends = np.append(ends, len(fund))
    ends = ends[ends >= window]
    if not ends.size:
        raise ValueError(f"{len(fund)} observations hold no window of {window} that ends a quarter")
    y = fund.to_numpy(float)
    x = indices.to_numpy(float)
    t = truth.to_numpy(float)
    days = fund.index[ends - 1]
    columns = list(indices.columns)
    return Marked(
        pd.DataFrame([seen(y[e - window : e], x[e - window : e]) for e in ends], days, columns),
        pd.DataFrame(t[ends - 1], days, columns),
        pd.DataFrame([t[e - window : e].mean(axis=0) for e in ends], days, columns),
    )
