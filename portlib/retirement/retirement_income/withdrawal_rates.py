"""What share of savings could be spent each year, in history and in drawn lives?

For a run of real growth factors ``G_1 ... G_n`` the most that could be withdrawn each year, the
same purchasing power, with nothing left at the end, is

    w = 1 / sum_{t=0}^{n-1} 1 / (G_1 ... G_t)        withdrawn at the start of each period

(at its end: the sum from 1 to n). History's smallest is Bengen's SAFEMAX (1994); the share of runs
whose ``w`` is not below a rate is the Trinity study's success (Cooley, Hubbard and Walz 1998).

Left out: taxes, fees unless they are in the returns, and that runs overlap, so that there are far
fewer independent ones than rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from portlib.estimation.months import monthly as checked
from portlib.ranges import COUNT, LEVEL, SHARE, door
from portlib.records import Array
from portlib.retirement.cases import Lives


@door()
def sustainable_rates(growth: Array, periods_a_year: int = 1, *, at_end: bool = False) -> Array:
    """The most that each run could have paid a year, as a share of its start.

    Parameters
    ----------
    growth : array (runs, periods)
        Real growth factors, such as 1.02.
    periods_a_year : int
        12 for months.
    at_end : bool
        Whether withdrawals come at the end of each period, not at its start.

    Returns
    -------
    array (runs,)
        Decimals a year.

    Examples
    --------
    Factors of 1.25, 0.8 and 1.6: a dollar at the start of each year costs 1, 0.8 and 1 dollars
    today, at its end 0.8, 1 and 0.625:

    >>> growth = np.array([[1.25, 0.8, 1.6], [1.0, 1.0, 1.0]])
    >>> sustainable_rates(growth).round(6).tolist()  # 1 / 2.8, and a third
    [0.357143, 0.333333]
    >>> sustainable_rates(growth, at_end=True).round(6).tolist()  # 1 / 2.425
    [0.412371, 0.333333]
    >>> sustainable_rates(growth[:1], 12).round(6).tolist()  # twelve of them a year
    [4.285714]
    """
    level = np.cumprod(np.asarray(growth, float), axis=1)
    if not at_end:
        level = np.concatenate([np.ones((len(level), 1)), level[:, :-1]], axis=1)
    with np.errstate(divide="ignore"):
        cost = (1 / level).sum(axis=1)
    return np.asarray(periods_a_year / cost)


@door(equity=SHARE, years=COUNT)
def runs(monthly: pd.DataFrame, equity: float, years: int) -> pd.DataFrame:
    """Every run of years that starts in a January, by first year.

    Parameters
    ----------
    monthly : DataFrame by date
        Nominal returns ``equity`` and ``bonds``, and ``inflation``, monthly decimals.
    equity : float
        Share; the mix is rebalanced every month.
    years : int

    Returns
    -------
    DataFrame (runs, 12 years)
        Monthly real growth factors.

    Raises
    ------
    ValueError
        For a history that is too short, that lacks a column or a month, or is in percent.

    Examples
    --------
    From November 2019 on; equity earns as many thousandths as the month has, bonds 1%, prices rise
    by half a percent. A quarter of equity in January and in March:

    >>> dates = pd.date_range("2019-11-30", "2021-12-31", freq="ME")
    >>> rates = {"equity": dates.month / 1000, "bonds": 0.01, "inflation": 0.005}
    >>> months = pd.DataFrame(rates, dates)
    >>> table = runs(months, 0.25, 1)
    >>> table.index.tolist(), table.shape
    ([2020, 2021], (2, 12))
    >>> bool(np.allclose(table.loc[2021, [0, 2]], [1.00775 / 1.005, 1.00825 / 1.005]))
    True
    >>> runs(months.assign(note=99.0), 0.25, 1).equals(table)  # what else stands there is let be
    True
    >>> runs(months, 0.25, 2).shape
    (1, 24)
    >>> runs(months, 0.25, 3)
    Traceback (most recent call last):
    ...
    ValueError: the history holds no 3 years that start in a January
    >>> runs(months.drop(columns="inflation"), 0.25, 1)
    Traceback (most recent call last):
    ...
    ValueError: the history has no inflation
    >>> runs(months[["equity"]], 0.25, 1)
    Traceback (most recent call last):
    ...
    ValueError: the history has no bonds, inflation
    >>> def refused(column, rate):
    ...     try:
    ...         first = {column: [rate, *months[column].iloc[1:]]}
    ...         return runs(months.assign(**first), 0.25, 1).shape
    ...     except ValueError as error:
    ...         return str(error)[:11]
    >>> [refused(name, -1.5) for name in months], refused("equity", -1.0)
    (['the history', 'the history', 'the history'], (2, 12))
    """
    columns = ["equity", "bonds", "inflation"]
    if lacking := [name for name in columns if name not in monthly]:
        raise ValueError(f"the history has no {', '.join(lacking)}")
    checked(monthly[columns], "the history", least=-1.0)
    mixed = 1 + equity * monthly["equity"] + (1 - equity) * monthly["bonds"]
    real = mixed / (1 + monthly["inflation"])
    index = pd.DatetimeIndex(real.index)
    firsts = [k for k in np.flatnonzero(index.month == 1) if k + 12 * years <= len(real)]
    if not firsts:
        raise ValueError(f"the history holds no {years} years that start in a January")
    values = real.to_numpy(float)
    table = np.stack([values[k : k + 12 * years] for k in firsts])
    return pd.DataFrame(table, index=index.year.to_numpy()[firsts])


def yearly(growth: pd.DataFrame) -> pd.DataFrame:
    """Runs of months as runs of years.

    Examples
    --------
    >>> months = pd.DataFrame([[1.01] * 12 + [1.02] * 12, [1.02] * 24], index=[1950, 1951])
    >>> table = yearly(months)
    >>> table.round(6).loc[1950].tolist(), table.index.tolist()  # 1.01 ** 12 and 1.02 ** 12
    ([1.126825, 1.268242], [1950, 1951])
    """
    values = growth.to_numpy().reshape(len(growth), -1, 12).prod(axis=2)
    return pd.DataFrame(values, index=growth.index)


@door(rates=LEVEL, mixes=SHARE, years=COUNT)
def failures(
    monthly: pd.DataFrame,
    rates: Sequence[float],
    mixes: Sequence[float],
    years: int,
    last_start: int | None = None,
) -> pd.DataFrame:
    """How many starts of history would have failed?

    Monthly withdrawals at the start of each month, as the Trinity study's.

    Parameters
    ----------
    monthly : DataFrame
        As in `runs`.
    rates, mixes : sequences of float
        Yearly withdrawals as shares of the start, and equity shares.
    years : int
    last_start : int, optional
        The last first year that counts.

    Returns
    -------
    DataFrame (mixes, rates)
        Counts of starts.

    Examples
    --------
    Four years in which bonds earn nothing, and equity loses a tenth every month. The three runs of
    two years of bonds pay half of the start a year, and of equity less than 0.4:

    >>> dates = pd.date_range("2020-01-31", periods=48, freq="ME")
    >>> months = pd.DataFrame({"equity": -0.1, "bonds": 0.0, "inflation": 0.0}, dates)
    >>> failures(months, [0.4, 0.5, 0.52], [0.0, 1.0], 2).to_numpy().tolist()
    [[0, 0, 3], [3, 3, 3]]
    >>> failures(months, [0.4, 0.6], [0.0], 2, last_start=2020).to_numpy().tolist()
    [[0, 1]]
    >>> failures(months, [0.6, 0.4], [0.0], 2, last_start=0).to_dict()  # in the order asked for
    {0.6: {0.0: 0}, 0.4: {0.0: 0}}

    Equity that loses a tenth a month pays for a first year, at the starts of months, twelve times
    ``1 / (1 + 0.9^-1 + ... + 0.9^-11)``:

    >>> rate = 12 / sum(0.9**-t for t in range(12))
    >>> failures(months, [rate * 0.999, rate * 1.001], [1.0], 1, 2020).to_numpy().tolist()
    [[0, 1]]
    >>> level = months.assign(equity=0.0)
    >>> [int(failures(level, [1 / n], [0.5], n, 2020).iloc[0, 0]) for n in (2, 3)]  # all is paid
    [0, 0]
    """
    found = {}
    for equity in mixes:
        table = runs(monthly, equity, years)
        if last_start is not None:
            table = table[table.index <= last_start]
        best = sustainable_rates(table.to_numpy(), 12)
        found[equity] = [int((best < rate - 1e-12).sum()) for rate in rates]
    return pd.DataFrame.from_dict(found, orient="index", columns=list(rates))


@door(rates=LEVEL, mixes=SHARE)
def chances(
    lives: Lives, ages: Sequence[int], rates: Sequence[float], mixes: Sequence[float], start: int
) -> dict[float, pd.DataFrame]:
    """Chance that a fixed real withdrawal lasts until an age.

    Of those of `start` and over, whoever lives. Found from each life's most sustainable rate: one
    pass a mix and age, no search.

    Parameters
    ----------
    lives : Lives
        Returns over ``equity`` and ``bonds``.
    ages : sequence of int
    rates, mixes : sequences of float
        As in `failures`.
    start : int
        Age at the first withdrawal.

    Returns
    -------
    dict
        By mix, a DataFrame (rates, ages).

    Raises
    ------
    ValueError
        For an age that the returns do not reach, or that is not after the start.

    Examples
    --------
    In two lives equity gains 25% or loses 20% a year, bonds gain 10%. Equity alone pays for three
    years 1 / 2.44 or 1 / 3.8125 a year, for two 1 / 1.8 or 1 / 2.25, bonds 1 / 2.735 and 1 / 1.909:

    >>> returns = np.zeros((3, 2, 2))
    >>> returns[:, 0], returns[:, 1] = [0.25, -0.2], 0.1
    >>> lives = Lives(returns, last=np.array([[2, 0]]))
    >>> found = chances(lives, [68, 67], [0.25, 0.3, 0.42], [1.0, 0.0], 65)
    >>> {mix: table.to_numpy().T.tolist() for mix, table in found.items()}  # by age 68 and 67
    {1.0: [[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]], 0.0: [[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]}

    Half of each grows by 1.175 or 0.95: 1 / 2.575 or 1 / 3.161:

    >>> chances(lives, [68], [0.31, 0.32, 0.38, 0.39], [0.5], 65)[0.5][68].tolist()
    [1.0, 0.5, 0.5, 0.0]
    >>> half = chances(lives, [72, 71], [0.5, 0.31], [0.5], 70)[0.5]  # for one year, and for two
    >>> half[71].to_dict(), half.index.tolist(), half.columns.tolist()
    ({0.5: 1.0, 0.31: 1.0}, [0.5, 0.31], [72, 71])
    >>> still = Lives(np.zeros((2, 2, 2)), last=np.array([[1, 1]]))
    >>> chances(still, [67], [0.5], [0.5], 65)[0.5][67].tolist()  # all that there is
    [1.0]
    >>> chances(still, [66, 68, 65, 67], [0.5], [0.5], 65)
    Traceback (most recent call last):
    ...
    ValueError: from 65 on 2 years of returns reach the ages from 66 to 67, not 68, 65
    """
    years = len(lives.returns)
    if beyond := [age for age in ages if not start < age <= start + years]:
        raise ValueError(
            f"from {start} on {years} years of returns reach the ages from {start + 1} to "
            f"{start + years}, not {', '.join(map(str, beyond))}"
        )
    found = {}
    for equity in mixes:
        growth = 1 + lives.returns[:, 1] + equity * (lives.returns[:, 0] - lives.returns[:, 1])
        columns = {}
        for age in ages:
            best = sustainable_rates(growth[: age - start].T)
            columns[age] = [float((best >= rate).mean()) for rate in rates]
        found[equity] = pd.DataFrame(columns, index=list(rates))
    return found


@door(rates=LEVEL, mixes=SHARE)
def lifetime_chances(lives: Lives, rates: Sequence[float], mixes: Sequence[float]) -> pd.DataFrame:
    """Chance that a fixed real withdrawal lasts until death; of a couple, until the second's.

    Parameters
    ----------
    lives : Lives
        Returns over ``equity`` and ``bonds``; the deaths are theirs.
    rates, mixes : sequences of float
        As in `failures`.

    Returns
    -------
    DataFrame (rates, mixes)

    Examples
    --------
    The lives of `chances`: the first spends three times, 1 / 2.44, the second dies after one year
    and could have spent everything:

    >>> returns = np.zeros((3, 2, 2))
    >>> returns[:, 0], returns[:, 1] = [0.25, -0.2], 0.1
    >>> lives = Lives(returns, last=np.array([[2, 0]]))
    >>> lifetime_chances(lives, [0.33, 0.4, 0.42], [1.0, 0.0]).to_numpy().T.tolist()
    [[1.0, 1.0, 0.5], [1.0, 0.5, 0.5]]
    >>> lifetime_chances(lives, [0.38, 0.39], [0.5])[0.5].tolist()  # 1 / 2.575 in the first
    [1.0, 0.5]
    >>> last, spouse = np.array([[1, 3]]), np.array([[0, 0]])
    >>> couple = Lives(np.zeros((2, 2, 2)), last, last_spouse=spouse)  # one outlives returns
    >>> lifetime_chances(couple, [0.6, 0.5], [0.5])[0.5].to_dict()
    {0.6: 0.0, 0.5: 1.0}
    >>> last, spouse = np.array([[0, 1]]), np.array([[2, 0]])
    >>> second = Lives(np.zeros((3, 2, 2)), last, last_spouse=spouse)  # three years, two
    >>> lifetime_chances(second, [0.5, 0.34, 0.33], [0.5])[0.5].to_dict()
    {0.5: 0.5, 0.34: 0.5, 0.33: 1.0}
    """
    found = {}
    ends = lives.ends.max(axis=0) + 1
    for equity in mixes:
        growth = 1 + lives.returns[:, 1] + equity * (lives.returns[:, 0] - lives.returns[:, 1])
        level = np.vstack([np.ones(lives.count), np.cumprod(growth, axis=0)])[:-1]
        spent = np.cumsum(1 / np.maximum(level, 1e-12), axis=0)
        best = 1 / spent[np.minimum(ends, len(spent)) - 1, np.arange(lives.count)]
        found[equity] = [float((best >= rate).mean()) for rate in rates]
    return pd.DataFrame(found, index=list(rates))


@door(equity=SHARE)
def sequence_split(lives: Lives, equity: float, years: int, first: int = 10) -> Mapping[str, float]:
    """Whose luck matters more, the first years' or the later ones'?

    Parameters
    ----------
    lives : Lives
        Returns over ``equity`` and ``bonds``.
    equity : float
        Share.
    years : int
        Of fixed withdrawals.
    first : int
        How many of them are the first.

    Returns
    -------
    mapping
        ``first`` and ``rest``: share of the variance of log sustainable rates explained by the
        average log growth of those years (each alone, R squared).

    Raises
    ------
    ValueError
        Unless some years are first, more are in all, and there are as many of returns.

    Examples
    --------
    Of two withdrawals at the start of years only the first year's growth matters: 1 / (1 + 1 / G).
    The second year, which is high in one of the first year's two high lives alone, explains a
    third:

    >>> returns = np.zeros((2, 2, 4))
    >>> returns[0, 0], returns[1, 0] = [0.5, 0.5, -0.4, -0.4], [0.2, -0.2, -0.2, -0.2]
    >>> returns[:, 1] = 0.1
    >>> lives = Lives(returns, last=np.full((1, 4), 1))
    >>> {name: round(share, 6) for name, share in sequence_split(lives, 0.5, 2, 1).items()}
    {'first': 1.0, 'rest': 0.333333}

    Of twelve years ten are the first where nothing else is said, and years beyond do not count:

    >>> drawn = np.random.default_rng(1).normal(0.04, 0.1, (14, 2, 9))
    >>> lives = Lives(drawn, last=np.full((1, 9), 13))
    >>> shares = sequence_split(lives, 0.5, 12)
    >>> growth = 1 + drawn[:12].mean(axis=1)
    >>> rates = [-np.log(sum(1 / np.prod(life[:t]) for t in range(12))) for life in growth.T]
    >>> for name, years in (("first", growth[:10]), ("rest", growth[10:])):
    ...     mean = np.log(years).mean(axis=0)
    ...     assert np.isclose(shares[name], np.corrcoef(rates, mean)[0, 1] ** 2), name
    >>> for years, first in ((15, 10), (10, 10), (5, 0)):  # of fourteen
    ...     try:
    ...         sequence_split(lives, 0.5, years, first)
    ...     except ValueError as error:
    ...         print(str(error)[:43])
    10 first of 15 years, out of 14 of returns:
    10 first of 10 years, out of 14 of returns:
    0 first of 5 years, out of 14 of returns: g
    """
    if not 0 < first < years <= len(lives.returns):
        raise ValueError(
            f"{first} first of {years} years, out of {len(lives.returns)} of returns: give some "
            f"that are first, and more in all, as far as there are returns"
        )
    growth = 1 + lives.returns[:, 1] + equity * (lives.returns[:, 0] - lives.returns[:, 1])
    logs = np.log(np.maximum(growth[:years], 1e-9))
    rate = np.log(sustainable_rates(growth[:years].T))
    early = logs[:first].mean(axis=0)
    late = logs[first:].mean(axis=0)
    return {
        "first": float(np.corrcoef(rate, early)[0, 1] ** 2),
        "rest": float(np.corrcoef(rate, late)[0, 1] ** 2),
    }
