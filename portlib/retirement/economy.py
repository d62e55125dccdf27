"""What if inflation, yields and equity move together, and bonds earn what yields make them earn?

A small economy of three shocks, correlated as stated: inflation surprises, real yields, equity.

    nominal yield   y_t = r_t + m + (pi_t - m) k_n + p      k_n: `inflation.remaining`, p: premium
    real yield      r_t = a + b (r_{t-1} - a) + shock
    a bond's year   c + (c - y) A(y),  A(y) = (1 - (1 + y/2)^(-2(n-1))) / y,  c last year's yield

A rise of yields costs a bond its price and pays it more afterwards, so that a year like 2022 can
happen and long horizons are not as wild as independent years would be. Inflation-protected bonds
are repriced at the real yield alone; bills earn the real yield less the bond's premium over them,
and what inflation is expected to be. Equity is lognormal around a real mean.

Left out: a curve with more than one point, defaults, equity returns that depend on yields or
valuations, and the drift of real yields over generations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.ranges import door
from portlib.records import Array
from portlib.retirement.inflation import Inflation, remaining
from portlib.retirement.scenarios import Scenarios

#: The assets that an economy yields, in order.
ASSETS = ("equity", "bonds", "tips", "bills")


@dataclass(frozen=True, eq=False)
class Economy:
    """The stated numbers of the three processes; annual decimals.

    Attributes
    ----------
    inflation : Inflation
    real_mean, real_persistence, real_shock, real_last : float
        Of the real yield: level, ``b``, standard deviation of a year's shock, and last year's.
    premium : float
        What a nominal bond yields beyond the real yield and expected inflation.
    term : float
        What bills yield less than the real yield.
    maturity : int
        Years, of nominal and inflation-protected bonds alike.
    equity_mean, equity_volatility : float
        Real, arithmetic.
    correlation : array (3, 3)
        Of the shocks of inflation, real yield and equity, in that order.
    source : str

    Examples
    --------
    Without shocks every yield follows by hand. Real yields start at 1% and close half of their
    distance from 3% each year: 2%, then 2.5%. Inflation stays at 2%, so that bonds yield 2.5% more,
    bills 1% less than the real yield and inflation:

    >>> world = Economy(
    ...     inflation=Inflation(0.02, 0.5, 0.0),
    ...     real_mean=0.03,
    ...     real_persistence=0.5,
    ...     real_shock=0.0,
    ...     real_last=0.01,
    ...     premium=0.005,
    ...     term=0.01,
    ...     maturity=10,
    ...     equity_mean=0.06,
    ...     equity_volatility=0.2,
    ...     correlation=[[1.0, 0.3, 0.0], [0.3, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ... )
    >>> drawn = world.draw(2, 2, np.random.default_rng(1))
    >>> rise = float(np.expm1(0.02))
    >>> equity, bonds, tips, bills = drawn.values[0].T
    >>> by_hand = repriced(np.array([0.035, 0.045]), np.array([0.045, 0.05]), 10)
    >>> bool(np.allclose(bonds, (1 + by_hand) / (1 + rise) - 1))
    True
    >>> bool(np.allclose(tips, repriced(np.array([0.01, 0.02]), np.array([0.02, 0.025]), 10)))
    True
    >>> bool(np.allclose(bills, (1 + np.array([0.01, 0.02]) - 0.01 + 0.02) / (1 + rise) - 1))
    True
    >>> drawn.assets, bool(np.allclose(drawn.inflation, rise))
    (('equity', 'bonds', 'tips', 'bills'), True)

    It goes on in ``economy.md``.
    """

    inflation: Inflation
    real_mean: float
    real_persistence: float
    real_shock: float
    real_last: float
    premium: float
    term: float
    maturity: int
    equity_mean: float
    equity_volatility: float
    correlation: Array
    source: str = "not stated"

    def __post_init__(self) -> None:
        c = np.asarray(self.correlation, float)
        bad = (
            c.shape != (3, 3)
            or np.abs(c - c.T).max() > 1e-12
            or np.abs(np.diag(c) - 1).max() > 1e-9
        )
        if bad or np.linalg.eigvalsh(c)[0] < -1e-12:
            raise ValueError(
                "correlation must be of inflation, real yield and equity: 3 x 3, symmetric, "
                "ones on the diagonal, positive semidefinite"
            )
        if not (0 <= self.real_persistence < 1 and self.maturity > 1):
            raise ValueError(
                f"real yields of persistence {self.real_persistence} and maturity "
                f"{self.maturity}: from 0 to below 1, and more than a year"
            )

    def nominal_yield(self, real: Array, inflation: Array) -> Array:
        """Yield of nominal bonds, for real yields and the year's logarithmic inflation."""
        gap = (inflation - self.inflation.mean) * remaining(
            self.inflation.persistence, self.maturity
        )
        return real + self.inflation.mean + gap + self.premium

    def draw(self, paths: int, years: int, rng: np.random.Generator) -> Scenarios:
        """Scenarios of `ASSETS`, real, with their inflation.

        Parameters
        ----------
        paths, years : int
        rng : Generator

        Returns
        -------
        Scenarios
            (paths, years, assets), annual decimals.
        """
        root = np.linalg.cholesky(np.asarray(self.correlation, float) + 1e-12 * np.eye(3))
        shocks = rng.standard_normal((paths, years, 3)) @ root.T
        change = self.inflation.path(shocks[..., 0])
        logs = np.log1p(change)
        real = np.empty((paths, years))
        gap = np.full(paths, self.real_last - self.real_mean)
        for t in range(years):
            gap = self.real_persistence * gap + self.real_shock * shocks[:, t, 1]
            real[:, t] = self.real_mean + gap
        nominal = self.nominal_yield(real, logs)
        first = self.inflation.mean if self.inflation.last is None else self.inflation.last
        opening = np.full((paths, 1), first)
        before_pi = np.concatenate([opening, logs[:, :-1]], axis=1)
        before_real = np.concatenate([np.full((paths, 1), self.real_last), real[:, :-1]], axis=1)
        before = self.nominal_yield(before_real, before_pi)
        bonds = (1 + repriced(before, nominal, self.maturity)) / (1 + change) - 1
        tips = repriced(before_real, real, self.maturity)
        ahead = self.inflation.mean + self.inflation.persistence * (before_pi - self.inflation.mean)
        bills = (1 + before_real - self.term + ahead) / (1 + change) - 1
        spread = np.sqrt(np.log1p((self.equity_volatility / (1 + self.equity_mean)) ** 2))
        drift = np.log1p(self.equity_mean) - spread**2 / 2
        equity = np.expm1(drift + spread * shocks[..., 2])
        values = np.stack([equity, bonds, tips, bills], axis=2)
        return Scenarios(
            values, ASSETS, f"economy of yields and inflation: {self.source}", (), change
        )


@door()
def repriced(bought: Array, sold: Array, maturity: float) -> Array:
    """A year's return of a par bond bought at a yield and sold, a year shorter, at another.

    Parameters
    ----------
    bought, sold : array
        Yields, annual decimals.
    maturity : float
        Years, when bought.

    Returns
    -------
    array
        Decimal, of the common shape.

    Examples
    --------
    >>> float(repriced(np.array(0.05), np.array(0.05), 10))
    0.05

    Bought at 5% and sold at 4%, nine years before its end: the coupons and the price of 18
    half-years of 2.5 and 100 at 2% each:

    >>> price = sum(0.025 / 1.02**k for k in range(1, 19)) + 1 / 1.02**18
    >>> bool(abs(repriced(np.array(0.05), np.array(0.04), 10) - (0.05 + price - 1)) < 1e-12)
    True
    >>> round(float(repriced(np.array(0.05), np.array(0.0), 10)), 9)  # nine coupons of 5% are left
    0.5
    """
    tau = maturity - 1
    divisor = np.where(np.abs(sold) < 1e-9, 1.0, sold)
    annuity = (1 - (1 + divisor / 2) ** (-2 * tau)) / divisor
    return bought + (bought - sold) * np.where(np.abs(sold) < 1e-9, tau, annuity)


@door()
def fit(yields: pd.Series, prices: pd.Series, equity: pd.Series, maturity: int = 10) -> Economy:
    """An economy from year-end yields, a price index and real equity returns.

    The real yield is the nominal one less expected inflation by the fitted process, without a
    premium (none can be told apart from it); its autoregression is fitted by least squares with
    Kendall's correction; correlations are of the three series of residuals. Annual figures: the
    last yield of each year, December prices, calendar-year equity.

    Parameters
    ----------
    yields : Series by date
        Of nominal bonds, annual decimals.
    prices : Series by month
        An index.
    equity : Series by year
        Real returns, decimals.
    maturity : int
        Of the bonds, years.

    Returns
    -------
    Economy

    Raises
    ------
    ValueError
        For fewer than 20 common years, and for years that are missing between them.

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> shocks = rng.normal(0.0, 0.02, (2, 40))
    >>> memory = 0.7 ** np.arange(16)
    >>> rises, moves = (np.convolve(shock, memory, mode="valid") for shock in shocks)
    >>> ends = pd.date_range("1999-12-31", periods=26, freq="YE")
    >>> prices = pd.Series(np.exp(np.concatenate([[0.0], np.cumsum(0.03 + rises)])), ends)
    >>> yields = pd.Series(0.05 + moves / 4, ends[1:])
    >>> equity = pd.Series(rng.normal(0.06, 0.2, 25), ends[1:].year)
    >>> found = fit(yields, prices, equity, maturity=10)
    >>> pi = found.inflation
    >>> gap = (0.03 + rises - pi.mean) * remaining(pi.persistence, 10)
    >>> real = yields.to_numpy() - pi.mean - gap
    >>> x, y = real[:-1] - real[:-1].mean(), real[1:] - real[1:].mean()
    >>> phi = float((x * y).sum() / (x * x).sum())
    >>> phi += (1 + 3 * phi) / 24
    >>> left = (real[1:] - real.mean()) - phi * (real[:-1] - real.mean())
    >>> shock = float(((left - left.mean()) ** 2).sum() / 22) ** 0.5
    >>> named = "real_mean", "real_persistence", "real_shock", "real_last"
    >>> by_hand = [real.mean(), min(phi, 0.98), shock, real[-1]]
    >>> bool(np.allclose([getattr(found, name) for name in named], by_hand))
    True
    >>> earned = [found.equity_mean, found.equity_volatility]
    >>> bool(np.allclose(earned, [equity.mean(), equity.std(ddof=1)]))
    True
    >>> surprise = rises[1:] + 0.03 - pi.mean - pi.persistence * (rises[:-1] + 0.03 - pi.mean)
    >>> both = float(np.corrcoef(surprise, left)[0, 1])
    >>> bool(abs(found.correlation[0, 1] - both) < 1e-9), found.source
    (True, 'fitted to 2000 to 2024')
    >>> found.premium, found.term, found.maturity  # what history does not tell is left at nothing
    (0.0, 0.0, 10)
    >>> summers = yields.set_axis(yields.index - pd.Timedelta(days=150)) / 2
    >>> again = fit(pd.concat([yields, summers]), prices, equity)  # a year's last, in any order
    >>> [getattr(again, name) for name in named] == [getattr(found, name) for name in named]
    True
    >>> fit(yields, prices, equity.iloc[6:])
    Traceback (most recent call last):
    ...
    ValueError: 19 common years of yields, prices and equity; bring 20
    """
    from portlib.retirement import inflation as process

    change = process.annual_changes(prices)
    by_day = yields.sort_index()
    last = by_day.groupby(pd.DatetimeIndex(by_day.index).year).last()
    common = change.index.intersection(last.index).intersection(equity.index)
    if len(common) < 20:
        raise ValueError(f"{len(common)} common years of yields, prices and equity; bring 20")
    if lacking := sorted(set(range(common.min(), common.max() + 1)) - set(common)):
        raise ValueError(
            f"yields, prices and equity have no common {', '.join(map(str, lacking))}: what a year "
            f"leaves to the next is fitted to years that follow one another"
        )
    common = common.sort_values()
    known = process.fit(prices, int(common[0]))
    change = change.loc[common]
    last = last.loc[common]
    gap = (change - known.mean) * remaining(known.persistence, maturity)
    real = (last - known.mean - gap).to_numpy()
    x = real[:-1]
    y = real[1:]
    phi = float(np.cov(x, y, ddof=1)[0, 1] / np.var(x, ddof=1))
    phi = min(phi + (1 + 3 * phi) / len(y), 0.98)
    real_surprise = (y - real.mean()) - phi * (x - real.mean())
    pi = change.to_numpy()
    surprise = (pi[1:] - known.mean) - known.persistence * (pi[:-1] - known.mean)
    earned = equity.loc[common].to_numpy(float)
    residuals = np.column_stack([surprise, real_surprise, np.log1p(earned[1:])])
    correlation = np.corrcoef(residuals, rowvar=False)
    return Economy(
        inflation=known,
        real_mean=float(real.mean()),
        real_persistence=phi,
        real_shock=float(real_surprise.std(ddof=2)),
        real_last=float(real[-1]),
        premium=0.0,
        term=0.0,
        maturity=maturity,
        equity_mean=float(earned.mean()),
        equity_volatility=float(earned.std(ddof=1)),
        correlation=correlation,
        source=f"fitted to {common[0]} to {common[-1]}",
    )
