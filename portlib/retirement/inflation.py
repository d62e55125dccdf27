"""How do prices move, and what is a dollar worth that was promised years ago?

Inflation is a process with a memory, not a number. In logarithms of a year's change of prices,

    pi_t = m + phi (pi_{t-1} - m) + u_t,        u_t normal with standard deviation s

fitted to consumer prices. Its persistence ``phi`` is what hurts: a surprise is followed by more of
the same, so that prices after ``n`` years spread far wider than ``n`` independent years would. What
was promised in dollars (a bond's coupons, a pension without adjustment) loses by it; what follows
prices (Social Security, inflation-protected bonds) does not.

Left out: more than one lag, changes of regime (the fitted ``phi`` is higher on samples with the
1970s than without, and the chapter shows both), and the household's own basket.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from portlib.ranges import door
from portlib.records import Array


@dataclass(frozen=True)
class Inflation:
    """Annual inflation as an autoregression of order one, in logarithms.

    Parameters
    ----------
    mean : long-run level, a year.
    persistence : ``phi``, from 0 to below 1.
    shock : standard deviation of a year's surprise.
    last : the year before the first one that is drawn; the mean where it is not given.
    source : where the numbers come from.

    Raises
    ------
    ValueError
        For values out of range, or in percent.

    Examples
    --------
    >>> process = Inflation(0.025, 0.75, 0.017)
    >>> round(process.spread, 4)   # s / sqrt(1 - phi^2)
    0.0257

    From 6% in the last year, around 2%, with three quarters of the distance left each year: 5% and
    4.25% without surprises, as logarithms; a surprise of two standard deviations of 1% comes on
    top:

    >>> process = Inflation(0.02, 0.75, 0.01, last=0.06)
    >>> np.log1p(process.path(np.array([[0.0, 0.0], [2.0, 0.0]]))).round(6).tolist()
    [[0.05, 0.0425], [0.07, 0.0575]]
    >>> round(process.expected(2), 6)  # the mean of 5% and 4.25%
    0.04625
    >>> moved = process.anchored(0.03, "a survey's")
    >>> round(moved.expected(2), 6), moved.persistence, moved.shock, moved.source
    (0.03, 0.75, 0.01, "not stated; level: a survey's")
    >>> np.log1p(moved.path(np.zeros(2))).round(6).tolist()  # it starts from its level
    [0.03, 0.03]
    >>> drawn = process.surprises(90, 70, np.random.default_rng(1))
    >>> drawn.shape, bool(abs(drawn.mean()) < 0.05), bool(abs(drawn.std() - 1) < 0.05)
    ((90, 70), True, True)
    >>> Inflation(2.5, 0.6, 0.017)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: inflation of mean 2.5, persistence 0.6 and shock 0.017: annual decimals, ...
    >>> def refused(mean=0.02, persistence=0.5, shock=0.01):
    ...     try:
    ...         return Inflation(mean, persistence, shock).mean != mean
    ...     except ValueError:
    ...         return True
    >>> [refused(mean) for mean in (-0.21, -0.2, 0.2, 0.21)]
    [True, False, False, True]
    >>> [refused(persistence=phi) for phi in (-0.1, 0.0, 0.99, 1.0)]
    [True, False, False, True]
    >>> [refused(shock=shock) for shock in (-0.01, 0.0, 0.2, 0.21)]
    [True, False, False, True]
    """

    mean: float
    persistence: float
    shock: float
    last: float | None = None
    source: str = "not stated"

    def __post_init__(self) -> None:
        if not (0 <= self.persistence < 1 and 0 <= self.shock <= 0.2 and abs(self.mean) <= 0.2):
            raise ValueError(
                f"inflation of mean {self.mean}, persistence {self.persistence} and shock "
                f"{self.shock}: annual decimals, persistence from 0 to below 1"
            )

    @property
    def spread(self) -> float:
        """Standard deviation of a year's inflation, once the start is forgotten."""
        return self.shock / math.sqrt(1 - self.persistence**2)

    def expected(self, years: int) -> float:
        """Average logarithmic inflation expected over the next `years`, given the last year's."""
        start = self.mean if self.last is None else self.last
        return self.mean + (start - self.mean) * remaining(self.persistence, years)

    def anchored(self, mean: float, source: str) -> Inflation:
        """The same dynamics around another long-run level, such as a survey's; it starts there."""
        return replace(self, mean=mean, last=None, source=f"{self.source}; level: {source}")

    def surprises(self, paths: int, years: int, rng: np.random.Generator) -> Array:
        """Standard normal surprises, for `path`.

        Parameters
        ----------
        paths, years : int
        rng : Generator

        Returns
        -------
        array (paths, years)
        """
        return rng.standard_normal((paths, years))

    def path(self, surprises: Array) -> Array:
        """Annual inflation, decimals not logarithms, for standard normal `surprises` (...,
        years)."""
        start = self.mean if self.last is None else self.last
        gap = np.full(surprises.shape[:-1], start - self.mean)
        rates = np.empty(surprises.shape)
        for t in range(surprises.shape[-1]):
            gap = self.persistence * gap + self.shock * surprises[..., t]
            rates[..., t] = self.mean + gap
        return np.expm1(rates)


@door()
def remaining(persistence: float, years: int) -> float:
    """What part of today's distance from the mean is left, on average, over the next `years`.

    ``phi (1 - phi^n) / (n (1 - phi))``: the weight of today's inflation in an `years`-year yield.

    Examples
    --------
    >>> round(remaining(0.75, 2), 6), round((0.75 + 0.75**2) / 2, 6)
    (0.65625, 0.65625)
    """
    phi = persistence
    return phi * (1 - phi**years) / (years * (1 - phi))


def annual_changes(prices: pd.Series) -> pd.Series:
    """Logarithmic changes of a monthly price index from December to December, by year.

    Raises
    ------
    ValueError
        For a year between others without its December, since a change over two years is none of
        one.

    Examples
    --------
    From December to December, whatever lies between:

    >>> months = pd.date_range("2019-12-31", "2021-12-31", freq="ME")
    >>> index = pd.Series(np.linspace(50, 400, 25), months)
    >>> index[["2019-12-31", "2020-12-31", "2021-12-31"]] = [100.0, 110.0, 99.0]
    >>> np.exp(annual_changes(index)).round(6).to_dict()
    {2020: 1.1, 2021: 0.9}
    >>> annual_changes(index[:"2021-11-30"]).index.tolist()  # a year without its December is none
    [2020]
    >>> annual_changes(index.drop(pd.Timestamp("2020-12-31")))
    Traceback (most recent call last):
    ...
    ValueError: prices of one December of each year, oldest first, are needed; see 2020
    """
    index = pd.DatetimeIndex(prices.index)
    december = prices[index.month == 12].astype(float).dropna()
    by_year = december.set_axis(pd.DatetimeIndex(december.index).year)
    years = by_year.index.tolist()
    for expected, year in enumerate(years, years[0] if years else 0):
        if year != expected:
            raise ValueError(
                f"prices of one December of each year, oldest first, are needed; see {expected}"
            )
    logs = pd.Series(np.log(by_year.to_numpy()), index=by_year.index, name="inflation")
    return logs.diff().dropna()


@door()
def fit(prices: pd.Series, first_year: int | None = None) -> Inflation:
    """The autoregression of annual inflation, by least squares.

    The estimate of persistence from ``n`` years is biased down by about ``(1 + 3 phi) / n``
    (Kendall 1954) and is corrected for it; the shock keeps the measured spread, with ddof of two.

    Parameters
    ----------
    prices : Series by date
        A monthly index of consumer prices.
    first_year : int, optional
        The first that counts; all when not given.

    Returns
    -------
    Inflation
        That starts from the last year's.

    Raises
    ------
    ValueError
        For fewer than 20 whole years.

    Examples
    --------
    The level is the mean, the persistence that of neighbours with Kendall's correction, and the
    shock what the spread leaves, worked out from sums:

    >>> shocks = np.random.default_rng(2).normal(0.0, 0.02, 40)
    >>> years = np.convolve(shocks, 0.7 ** np.arange(16), mode="valid") + 0.03  # with a memory
    >>> months = pd.date_range("1999-12-31", periods=26, freq="YE")
    >>> prices = pd.Series(np.exp(np.concatenate([[0.0], np.cumsum(years)])), months)
    >>> found = fit(prices)
    >>> x, y = years[:-1] - years[:-1].mean(), years[1:] - years[1:].mean()
    >>> phi = float((x * y).sum() / (x * x).sum())
    >>> phi += (1 + 3 * phi) / 24
    >>> spread = float(((years - years.mean()) ** 2).sum() / 24) ** 0.5
    >>> by_hand = [years.mean(), max(phi, 0), spread * (1 - phi**2) ** 0.5, years[-1]]
    >>> bool(np.allclose([found.mean, found.persistence, found.shock, found.last], by_hand))
    True
    >>> found.source, fit(prices, 2003).source
    ('consumer prices, 2000 to 2024', 'consumer prices, 2003 to 2024')
    >>> fit(prices, 2006)
    Traceback (most recent call last):
    ...
    ValueError: 19 whole years of prices do not tell persistence; bring 20
    """
    change = annual_changes(prices)
    if first_year is not None:
        change = change[change.index >= first_year]
    if len(change) < 20:
        raise ValueError(f"{len(change)} whole years of prices do not tell persistence; bring 20")
    x = change.to_numpy()[:-1]
    y = change.to_numpy()[1:]
    phi = float(np.cov(x, y, ddof=1)[0, 1] / np.var(x, ddof=1))
    phi = min(phi + (1 + 3 * phi) / len(y), 0.99)
    spread = float(change.std(ddof=1))
    source = f"consumer prices, {change.index[0]} to {change.index[-1]}"
    shock = spread * math.sqrt(1 - phi**2)
    return Inflation(float(change.mean()), phi, shock, float(change.iloc[-1]), source)
