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
    >>> sustainable_rates(np.ones((1, 30))).round(4).tolist()
    [0.0333]
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
    """Runs of months as runs of years."""
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
    """
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
    """Chance that a fixed real withdrawal lasts until death.

    Parameters
    ----------
    lives : Lives
        Returns over ``equity`` and ``bonds``; the deaths are theirs.
    rates, mixes : sequences of float
        As in `failures`.

    Returns
    -------
    DataFrame (rates, mixes)
    """
    found = {}
    ends = lives.last[0] + 1
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
    """
    growth = 1 + lives.returns[:, 1] + equity * (lives.returns[:, 0] - lives.returns[:, 1])
    logs = np.log(np.maximum(growth[:years], 1e-9))
    rate = np.log(sustainable_rates(growth[:years].T))
    early = logs[:first].mean(axis=0)
    late = logs[first:].mean(axis=0)
    return {
        "first": float(np.corrcoef(rate, early)[0, 1] ** 2),
        "rest": float(np.corrcoef(rate, late)[0, 1] ** 2),
    }
