"""Do risks and correlations stay what they are: from decade to decade, and when it goes badly?

What selecting the worst months, or short windows, does by itself is taken off before anything is
called a change.

Left out: why they change, and what they will be.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.estimation.months import monthly
from portlib.ranges import LEVEL, among, door, number


@door(worst=LEVEL)
def crisis_correlations(returns: pd.DataFrame, trigger: str, worst: float = 0.1) -> pd.DataFrame:
    """Do correlations with ``trigger`` change in its worst months, beyond what selecting those
    months does?

    Selecting extreme months changes the variance of the trigger, and that alone changes a
    correlation. ``expected`` is the correlation in the selected months if the line through all
    months, and the scatter around it, held in them:
    ``rho / sqrt(rho^2 + (1 - rho^2) var(x) / var(x selected))``. Only
    ``excess = worst months - expected`` is news. Source: Boyer, Gibson and Loretan (1999),
    theorem 1.

    Parameters
    ----------
    returns : DataFrame (months, assets)
        Monthly decimals, consecutive.
    trigger : str
        The column whose worst months are looked at.
    worst : float
        Their share of all months.

    Returns
    -------
    DataFrame
        One row for each other column: correlations in ``all months`` and ``worst months``,
        ``expected``, ``excess`` and the ``months`` selected.

    Raises
    ------
    ValueError
        For an unknown column, or fewer than 20 selected months.

    Examples
    --------
    Half of 39 months, up to and with the one in the middle, are 20: as few as a correlation may
    have.

    >>> months = pd.period_range("2000-01", periods=39, freq="M")
    >>> x = np.sin(np.arange(39.0)) / 20
    >>> noise = np.cos(3.0 * np.arange(39) ** 2) / 30
    >>> history = pd.DataFrame({"shares": 0.8 * x + noise, "market": x, "double": 2 * x}, months)
    >>> table = crisis_correlations(history, "market", worst=0.5)
    >>> list(table.index), table["months"].tolist()
    (['shares', 'double'], [20, 20])

    It goes on in ``stability.md``.
    """
    monthly(returns, "returns")
    among("column", [trigger], returns.columns)
    number("worst", worst, above=0, below=1)
    x = returns[trigger]
    bad = returns[x <= x.quantile(worst)]
    if len(bad) < 20:
        raise ValueError(
            f"{worst:.0%} of {len(returns)} months are {len(bad)}: a correlation needs at least 20"
        )
    rho = returns.corr()[trigger].drop(trigger)
    seen = bad.corr()[trigger].drop(trigger)
    expected: pd.Series = rho / np.sqrt(rho**2 + (1 - rho**2) * x.var() / bad[trigger].var())
    return pd.DataFrame(
        {
            "all months": rho,
            "worst months": seen,
            "expected": expected,
            "excess": seen - expected,
            "months": len(bad),
        }
    )


@door()
def window_spread(returns: pd.DataFrame, window: int) -> pd.DataFrame:
    """How far do volatilities and correlations move from one window of months to the next, and is
    it more than noise?

    Windows do not overlap and are counted back from the last month. ``excess`` is the variance of
    the measure over the windows by what sampling alone gives it: ``log volatility`` has
    ``(kurtosis - 1) / (4 T)`` in T months, and Fisher's z of a correlation ``1 / (T - 3)``. One is
    noise.

    Parameters
    ----------
    returns : DataFrame (months, assets)
        Consecutive months.
    window : int
        Months of a window; three windows are needed.

    Returns
    -------
    DataFrame
        One row an asset or pair: kind (volatility or correlation), lowest, highest, excess.
        Volatilities are annual.

    Raises
    ------
    ValueError
        For months that are missing, or too few.

    Examples
    --------
    Three windows of twelve months, in which a fund moves by 1, 2 and 4 points up and down; two
    months before them belong to no window. A window's standard deviation is ``move * sqrt(12 /
    11)``, and a year's ``sqrt(12)`` times that:

    >>> months = pd.period_range("2020-01", periods=38, freq="M")
    >>> move = np.repeat([0.02, 0.02, 0.01, 0.04], [2, 12, 12, 12])
    >>> fund = move * np.tile([1.0, -1.0], 19)
    >>> other = fund / 2 + 0.01 * np.sin(np.arange(38.0) ** 2)
    >>> table = window_spread(pd.DataFrame({"fund": fund, "other": other}, months), window=12)
    >>> list(table.index), table["kind"].tolist()
    (['fund', 'other', 'fund with other'], ['volatility', 'volatility', 'correlation'])
    >>> year = 12 / np.sqrt(11)
    >>> ends = table[["lowest", "highest"]]
    >>> np.allclose(ends.loc["fund"], [0.01 * year, 0.04 * year])
    True

    It goes on in ``stability.md``.
    """
    monthly(returns, "returns", least=-1.0)
    count = len(returns) // number("window", window, least=12)
    if count < 3:
        raise ValueError(f"{len(returns)} months are not three windows of {window}")
    recent = returns.tail(int(count) * window)
    parts = [recent.iloc[k * window : (k + 1) * window] for k in range(int(count))]
    names = list(map(str, returns.columns))
    first, second = np.triu_indices(len(names), 1)
    volatility = np.sqrt(12) * np.array([part.std().to_numpy() for part in parts])
    rho = np.array([part.corr().to_numpy()[first, second] for part in parts])
    noise = (returns.kurt().to_numpy(dtype=float) + 2) / (4 * window)
    moved = {
        "volatility": (names, volatility, np.log(volatility).var(axis=0, ddof=1) / noise),
        "correlation": (
            [f"{names[i]} with {names[j]}" for i, j in zip(first, second, strict=True)],
            rho,
            np.arctanh(rho).var(axis=0, ddof=1) * (window - 3),
        ),
    }
    tables = [
        pd.DataFrame(
            {"kind": kind, "lowest": x.min(axis=0), "highest": x.max(axis=0), "excess": excess},
            index,
        )
        for kind, (index, x, excess) in moved.items()
    ]
    return pd.concat(tables)
