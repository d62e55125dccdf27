"""Do risks and correlations stay what they are: from decade to decade, and when it goes badly?

What selecting the worst months, or short windows, does by itself is taken off before anything is
called a change.

Left out: why they change, and what they will be.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.estimation.months import monthly
from portlib.ranges import LEVEL, door, number


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

    Where all months lie on one line, the worst lie on it too; elsewhere the line through all months
    and the scatter around it say what to expect of the worst:

    >>> table.loc["double", ["all months", "excess"]].abs().round(9).tolist()
    [1.0, 0.0]
    >>> y = history["shares"].to_numpy()
    >>> slope = np.cov(x, y)[0, 1] / np.var(x, ddof=1)
    >>> scatter = np.var(y - slope * x, ddof=1)
    >>> bad = x <= np.median(x)
    >>> line = slope * np.std(x[bad], ddof=1)
    >>> expected = line / np.sqrt(line**2 + scatter)
    >>> seen = np.corrcoef(x[bad], y[bad])[0, 1]
    >>> by_hand = [np.corrcoef(x, y)[0, 1], seen, expected, seen - expected, 20]
    >>> np.allclose(table.loc["shares"], by_hand)
    True

    By default the worst tenth:

    >>> crisis_correlations(history, "market")
    Traceback (most recent call last):
    ...
    ValueError: 10% of 39 months are 4: a correlation needs at least 20
    >>> crisis_correlations(history.head(38), "market", worst=0.5)
    Traceback (most recent call last):
    ...
    ValueError: 50% of 38 months are 19: a correlation needs at least 20
    >>> crisis_correlations(history, "gold")
    Traceback (most recent call last):
    ...
    ValueError: no column 'gold'; there are shares, market, double
    >>> crisis_correlations(history, "market", worst=1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: worst is 1: ...
    """
    monthly(returns, "returns")
    if trigger not in returns:
        known = ", ".join(map(str, returns.columns))
        raise ValueError(f"no column {trigger!r}; there are {known}")
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
    >>> move = np.repeat([0.02, 0.01, 0.02, 0.04], [2, 12, 12, 12])
    >>> fund = move * np.tile([1.0, -1.0], 19)
    >>> other = fund / 2 + 0.01 * np.sin(np.arange(38.0) ** 2)
    >>> table = window_spread(pd.DataFrame({"fund": fund, "other": other}, months), window=12)
    >>> list(table.index), table["kind"].tolist()
    (['fund', 'other', 'fund with other'], ['volatility', 'volatility', 'correlation'])
    >>> year = 12 / np.sqrt(11)
    >>> ends = table[["lowest", "highest"]]
    >>> np.allclose(ends.loc["fund"], [0.01 * year, 0.04 * year])
    True

    The logarithms of 1, 2 and 4 have the variance ``log(2)^2``. Sampling alone gives them
    ``(kurtosis - 1) / 48``, the kurtosis being that of all months as it is commonly estimated:

    >>> z = (fund - fund.mean()) / fund.std(ddof=1)
    >>> kurtosis = 38 * 39 / (37 * 36 * 35) * (z**4).sum() - 3 * 37**2 / (36 * 35) + 3
    >>> bool(np.isclose(table.loc["fund", "excess"], np.log(2) ** 2 / ((kurtosis - 1) / 48)))
    True
    >>> rho = [np.corrcoef(fund[at : at + 12], other[at : at + 12])[0, 1] for at in (2, 14, 26)]
    >>> np.allclose(ends.loc["fund with other"], [min(rho), max(rho)])
    True
    >>> fisher = [np.log((1 + r) / (1 - r)) / 2 for r in rho]
    >>> bool(np.isclose(table.loc["fund with other", "excess"], 9 * np.var(fisher, ddof=1)))
    True
    >>> window_spread(pd.DataFrame({"fund": fund}, months), window=13)
    Traceback (most recent call last):
    ...
    ValueError: 38 months are not three windows of 13
    >>> window_spread(pd.DataFrame({"fund": fund}, months), window=11)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: window is 11: ...
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
