"""Which real returns, and which prices, may the years of a working life and a retirement bring?

Sources that do not share their faults: runs of real months drawn from US history, returns and
inflation together (dependence kept, one lucky country); history as it happened (few independent
runs); lognormal years with the moments of the capital market assumptions, with inflation as a
process and its correlations stated (no fat tails); and an economy in which bond returns follow from
yields (`economy`). Returns are real: divided by the change of prices, so that what is fixed in
dollars bears inflation. The prices are kept beside them, for pensions and annuities.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.estimation.draws import block_bootstrap
from portlib.estimation.months import monthly as checked
from portlib.history import History, long_record, open_record
from portlib.ranges import RATE, among, door, number, numbers
from portlib.records import Array, Assumptions, symmetric_root
from portlib.retirement.inflation import Inflation

#: Years that typically move by more are percentages: no class has them.
TYPICAL = 0.6
CHUNK = 500  # paths at a time: bounds the memory
#: Classes whose payments follow prices, as the survey and `economy` call them.
INDEXED = ("us_tips", "tips")


@dataclass(frozen=True, eq=False)
class Scenarios:
    """Real returns, a step a year: ``values`` (paths, years, assets), decimals.

    ``inflation`` (paths, years) is of the same years, or None where the source has none: then
    nothing that is fixed in dollars can be simulated. ``paths`` may carry the paths' names.

    Examples
    --------
    A sleeve earns the mean of what it holds by weight, the assets told by their names:

    >>> years = np.array([[[0.10, 0.02], [-0.20, 0.03]]])
    >>> rising = np.array([[0.03, 0.04]])
    >>> world = Scenarios(years, ("equity", "bonds"), "SYNTHETIC", inflation=rising)
    >>> mix = pd.DataFrame({"bonds": [0.7, 0.1], "equity": [0.3, 0.9]}, index=["calm", "bold"])
    >>> sleeves = world.of(mix)
    >>> sleeves.values.round(6).tolist(), sleeves.assets  # 0.3 * 0.10 + 0.7 * 0.02, and so on
    ([[[0.044, 0.092], [-0.039, -0.177]]], ('calm', 'bold'))
    >>> sleeves.inflation is world.inflation
    True
    >>> Scenarios(years * [1, 100], ("equity", "bonds"), "SYNTHETIC")  # bonds alone, 2% and 3%
    Traceback (most recent call last):
    ...
    ValueError: real returns: the typical year moves by 250%; in percent? Write 0.05 for 5%
    >>> Scenarios(years, ("equity",), "SYNTHETIC")
    Traceback (most recent call last):
    ...
    ValueError: returns (1, 2, 2) are not (paths, years, 1 assets)
    >>> Scenarios(years, ("equity", "bonds"), "SYNTHETIC", inflation=np.zeros(2))
    Traceback (most recent call last):
    ...
    ValueError: inflation (2,) is not of (1, 2) years
    """

    values: Array
    assets: tuple[str, ...]
    source: str
    paths: tuple[str, ...] = ()
    inflation: Array | None = None

    def __post_init__(self) -> None:
        values = np.asarray(self.values, float)
        if values.ndim != 3 or values.shape[2] != len(self.assets):
            raise ValueError(
                f"returns {values.shape} are not (paths, years, {len(self.assets)} assets)"
            )
        _sensible("real returns", values)
        if self.inflation is not None:
            change = np.asarray(self.inflation, float)
            if change.shape != values.shape[:2]:
                raise ValueError(f"inflation {change.shape} is not of {values.shape[:2]} years")
            _sensible("inflation", change)

    def of(self, mix: pd.DataFrame) -> Scenarios:
        """The same years for `mix` (sleeves, assets): each sleeve rebalanced once a year."""
        among("asset in the mix", self.assets, mix.columns)
        weights = mix[list(self.assets)].to_numpy(float)
        labels = tuple(str(name) for name in mix.index)
        return Scenarios(self.values @ weights.T, labels, self.source, self.paths, self.inflation)


def _sensible(what: str, yearly: Array) -> None:
    """ValueError for years that are missing, below -1 or in percent; each asset by itself."""
    numbers(what, yearly, least=-1.0)
    if not yearly.size:
        return
    if (typical := float(np.median(np.abs(yearly), axis=(0, 1)).max())) > TYPICAL:
        raise ValueError(
            f"{what}: the typical year moves by {typical:.0%}; in percent? Write 0.05 for 5%"
        )


@door()
def joint_history(
    bond_years: int = 10, *, recent: History | None = None, early: History | None = None
) -> pd.DataFrame:
    """US monthly ``equity``, ``bonds``, ``bills`` (nominal returns) and ``inflation``, one table.

    Equity is the US market to the long record's last month (2017-03 as packaged) and the TSP's C
    fund (the S&P 500) after it; bonds are Treasuries of `bond_years`, repriced from yields (10: of
    month ends, from 1962; 5: of averages, from 1953); inflation is of the CPI-U. Prices of October
    2025 were never collected: the change over two months is spread evenly over them.

    Parameters
    ----------
    bond_years : int
        5 or 10.
    recent, early : History, optional
        The open and the long record, as a chapter reads them (`portlib.history.read`); the
        committed and the packaged one when not given.

    Examples
    --------
    Equity is one record up to its last month and another after it, and prices of a month that is
    missing lie on a straight line of logarithms:

    >>> known, early = open_record(), long_record()
    >>> table = joint_history()
    >>> market, fund = early["us_market"].values, known["tsp_c"].values
    >>> last = market.index[-1]
    >>> later = fund.index[fund.index > last][0]
    >>> bool(table.loc[last, "equity"] == market[last])
    True
    >>> bool(table.loc[later, "equity"] == fund[later])
    True
    >>> bool(table.loc[last, "bonds"] == known["treasury_10y"].values[last])
    True
    >>> prices = known["cpi_u"].values
    >>> both = prices["2025-11-30"] / prices["2025-09-30"]
    >>> bool(np.allclose(table.loc[["2025-10-31", "2025-11-30"], "inflation"], both**0.5 - 1))
    True
    >>> bool(joint_history(5).loc[last, "bonds"] == known["treasury_5y"].values[last])
    True
    """
    known = recent or open_record()
    market = (early or long_record())["us_market"].values
    late = known["tsp_c"].values
    equity = pd.concat([market, late[late.index > market.index[-1]]])
    prices = np.exp(np.log(known["cpi_u"].values).interpolate(limit_area="inside"))
    columns = {
        "equity": equity,
        "bonds": known[f"treasury_{bond_years}y"].values,
        "bills": known["bills"].values,
        "inflation": prices.pct_change(),
    }
    return pd.DataFrame(columns).dropna()


def annual(monthly: pd.DataFrame) -> pd.DataFrame:
    """Whole calendar years of monthly returns and changes, compounded, by year.

    ValueError for months that are missing, out of order, or in percent.

    Examples
    --------
    >>> months = pd.date_range("2019-12-31", periods=25, freq="ME")
    >>> table = pd.DataFrame({"bills": [0.5] + [0.01] * 12 + [0.02] * 12}, months)
    >>> annual(table)["bills"].round(6).to_dict()  # 1.01 ** 12 and 1.02 ** 12
    {2020: 0.126825, 2021: 0.268242}
    """
    checked(monthly, "the history", least=-1.0)
    index = pd.DatetimeIndex(monthly.index)
    years = (1 + monthly).groupby(index.year)
    return years.prod()[years.size() == 12] - 1


@door()
def bootstrapped(
    paths: int,
    years: int,
    rng: np.random.Generator,
    monthly: pd.DataFrame | None = None,
    block: float = 12,
) -> Scenarios:
    """Years made of runs of months (`block_bootstrap`).

    Parameters
    ----------
    paths, years : int
    rng : Generator
    monthly : DataFrame (months, assets), optional
        Monthly decimals; `joint_history` when not given. With a column ``inflation`` the others are
        nominal: they are drawn together with it, made real by it, and the inflation is kept.
        Without it they are real.
    block : float
        Mean length of a run, months (policy ``bootstrap_block_months``).

    Returns
    -------
    Scenarios
        Real annual returns (paths, years, assets).

    Examples
    --------
    Where prices rise as fast as a bill pays, nothing is earned, whichever months are drawn:

    >>> months = pd.date_range("2000-01-31", periods=24, freq="ME")
    >>> table = pd.DataFrame({"bills": 0.01, "inflation": 0.01}, index=months)
    >>> drawn = bootstrapped(2, 3, np.random.default_rng(1), table)
    >>> drawn.values.shape, bool(abs(drawn.values).max() < 1e-12)
    ((2, 3, 1), True)

    Runs of one month are drawn with replacement: every year is made of twelve of what was there,
    here made real by prices that rose with it:

    >>> table = pd.DataFrame({"bills": [0.05, -0.02] * 12, "inflation": [0.02, 0.01] * 12}, months)
    >>> drawn = bootstrapped(600, 2, np.random.default_rng(1), table, block=1)
    >>> nominal = (1 + drawn.values[..., 0]) * (1 + drawn.inflation)
    >>> k = np.log(nominal / 0.98**12) / np.log(1.05 / 0.98)  # months of the first kind
    >>> bool(abs(k - k.round()).max() < 1e-9), bool(abs(k.mean() - 6) < 0.2)
    (True, True)
    >>> bool(np.allclose(1 + drawn.inflation, 1.02**k * 1.01 ** (12 - k)))
    True
    >>> drawn.assets, drawn.source
    (('bills',), 'bootstrap of months 2000-01 to 2001-12, mean block 1 months')
    >>> bootstrapped(2, 1, np.random.default_rng(1), table[["bills"]]).inflation is None
    True
    """
    months = joint_history() if monthly is None else monthly
    drawn = np.empty((paths, years, months.shape[1]))
    for first in range(0, paths, CHUNK):
        part = slice(first, min(first + CHUNK, paths))
        runs = block_bootstrap(months, block, part.stop - first, 12 * years, rng)
        runs = runs.reshape(part.stop - first, years, 12, -1)
        drawn[part] = np.prod(1 + runs, axis=2) - 1
    span = f"{months.index[0]:%Y-%m} to {months.index[-1]:%Y-%m}"
    source = f"bootstrap of months {span}, mean block {block:g} months"
    return _real(drawn, tuple(months.columns), source)


@door()
def cohorts(years: int, monthly: pd.DataFrame | None = None) -> Scenarios:
    """What history really did: every run of years that starts in a January, named by its first
    year.

    Overlapping, so far fewer independent runs than rows.

    Parameters
    ----------
    years : int
    monthly : DataFrame (months, assets), optional
        As in `bootstrapped`.

    Returns
    -------
    Scenarios
        A path a starting year.

    Raises
    ------
    ValueError
        When history is shorter than `years`.

    Examples
    --------
    Two runs of two years that begin in a January; a year of 1% a month, with prices of half a
    percent:

    >>> months = pd.date_range("2019-11-30", "2022-12-31", freq="ME")
    >>> earned = np.where(months.year == 2021, 0.02, 0.01)
    >>> table = pd.DataFrame({"bills": earned, "inflation": 0.005}, months)
    >>> runs = cohorts(2, table)
    >>> runs.paths, runs.values.shape
    (('2020', '2021'), (2, 2, 1))
    >>> low, high = 1.01**12 / 1.005**12 - 1, 1.02**12 / 1.005**12 - 1
    >>> bool(np.allclose(runs.values[..., 0], [[low, high], [high, low]]))
    True
    >>> bool(np.allclose(runs.inflation, 1.005**12 - 1)), runs.source
    (True, 'consecutive years of 2020 to 2022')
    >>> cohorts(4, table)
    Traceback (most recent call last):
    ...
    ValueError: history holds 3 whole calendar years, not 4
    """
    months = joint_history() if monthly is None else checked(monthly, "the history", least=-1.0)
    first = int(np.argmax(pd.DatetimeIndex(months.index).month == 1))
    whole = (len(months) - first) // 12
    if years > whole:
        raise ValueError(f"history holds {whole} whole calendar years, not {years}")
    run = months.to_numpy(float)[first : first + 12 * whole].reshape(whole, 12, -1)
    by_year = np.prod(1 + run, axis=1) - 1
    values = np.stack([by_year[k : k + years] for k in range(whole - years + 1)])
    names = tuple(str(months.index[first].year + k) for k in range(len(values)))
    source = f"consecutive years of {names[0]} to {int(names[-1]) + years - 1}"
    return _real(values, tuple(months.columns), source, names)


def _real(
    values: Array, columns: tuple[str, ...], source: str, names: tuple[str, ...] = ()
) -> Scenarios:
    """Nominal returns made real by the column ``inflation``; returns without one are real
    already."""
    if "inflation" not in columns:
        return Scenarios(values, columns, source, names)
    at = columns.index("inflation")
    assets = tuple(c for c in columns if c != "inflation")
    rest = np.delete(values, at, axis=2)
    change = values[..., at]
    return Scenarios((1 + rest) / (1 + change[..., None]) - 1, assets, source, names, change)


@door()
def lognormal(
    assumptions: Assumptions,
    inflation: float | Inflation,
    paths: int,
    years: int,
    rng: np.random.Generator,
    *,
    with_surprises: Mapping[str, float] | None = None,
    indexed: Collection[str] = INDEXED,
) -> Scenarios:
    """Independent years, jointly lognormal, with exactly the means and covariance assumed, made
    real.

    ``ln(1 + r)`` has covariance ``ln(1 + sigma_ij / ((1 + mu_i)(1 + mu_j)))``. With inflation as a
    number every year is divided by it. As a process, expected inflation is paid for (yields and
    earnings carry it, Fisher 1930) and the *surprise* is borne: a real return is the nominal one
    over ``1 + mean + surprise``.

    Parameters
    ----------
    assumptions : Assumptions
        Nominal, arithmetic, annual decimals.
    inflation : float or Inflation
        A constant, annual decimal, or the process.
    paths, years : int
    rng : Generator
    with_surprises : mapping, optional
        Correlations of classes' returns with the surprise, 0 where a class is not named: negative
        for what is fixed in dollars, whose prices fall besides.
    indexed : collection of str
        Classes whose payments follow prices, so that they bear no surprise; names that the
        assumptions do not hold are passed over.

    Returns
    -------
    Scenarios
        Real annual returns (paths, years, classes), with their inflation.

    Raises
    ------
    ValueError
        When no lognormal law has these moments, or no joint law these correlations, and for
        correlations of unknown classes.

    Examples
    --------
    Over many years the means and the spreads are those assumed, after inflation of a quarter; the
    two classes move together:

    >>> sigma = np.array([[0.04, 0.006], [0.006, 0.0025]])
    >>> ours = Assumptions(["equity", "bonds"], [0.08, 0.03], sigma, rf=0.02)
    >>> found = lognormal(ours, 0.25, 200, 500, np.random.default_rng(1))
    >>> nominal = (1 + found.values.reshape(-1, 2)) * 1.25 - 1
    >>> bool(np.allclose(nominal.mean(axis=0), ours.mu, atol=0.002))
    True
    >>> bool(np.allclose(np.cov(nominal.T), sigma, rtol=0.03))
    True
    >>> bool((found.inflation == 0.25).all())
    True

    It goes on in ``scenarios.md``.
    """
    if not isinstance(inflation, Inflation):
        number("inflation", inflation, **RATE)
    growth = 1 + assumptions.mu
    log_cov = np.log1p(assumptions.sigma / np.outer(growth, growth))
    values = np.linalg.eigvalsh(log_cov)
    if values[0] < -1e-6 * values[-1]:
        raise ValueError(
            f"no lognormal law has this covariance (smallest eigenvalue {values[0]:.2g} of its "
            f"logarithm)"
        )
    root = symmetric_root(log_cov)
    drift = np.log(growth) - np.diag(log_cov) / 2
    normal = rng.standard_normal((paths, years, len(growth)))
    nominal = np.exp(drift + normal @ root)
    if not isinstance(inflation, Inflation):
        source = f"lognormal years, {assumptions.source}, inflation {inflation:.2%}"
        change = np.full((paths, years), float(inflation))
        return Scenarios(nominal / (1 + inflation) - 1, assumptions.labels, source, (), change)
    stated = dict(with_surprises or {})
    if unknown := sorted(set(stated) - set(assumptions.labels)):
        raise ValueError(f"correlations with inflation for unknown classes: {', '.join(unknown)}")
    wanted = np.array([stated.get(label, 0.0) for label in assumptions.labels])
    spread = np.sqrt(np.diag(log_cov))
    loading = np.linalg.lstsq(root / np.maximum(spread, 1e-12)[:, None], wanted, rcond=None)[0]
    if loading @ loading > 1:
        raise ValueError("no joint law has these correlations of returns with inflation surprises")
    own = np.sqrt(1 - loading @ loading)
    surprise = normal @ loading + own * rng.standard_normal((paths, years))
    change = inflation.path(surprise)
    level = np.expm1(inflation.mean)
    borne = 1 + level + inflation.shock * surprise
    values = nominal / borne[..., None] - 1
    for at, label in enumerate(assumptions.labels):
        if label in indexed:
            values[..., at] = nominal[..., at] / (1 + level) - 1
    source = (
        f"lognormal years, {assumptions.source}, inflation {level:.2%} with persistence "
        f"{inflation.persistence:.2f} and surprises of {inflation.shock:.2%}"
    )
    return Scenarios(values, assumptions.labels, source, (), change)
