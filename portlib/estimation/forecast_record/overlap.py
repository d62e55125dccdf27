"""How much do overlapping windows know?

Twenty-five ten-year windows that begin a year apart share nine tenths of their months with the
next: they hold two or three independent decades, and their errors move together. A correlation of
25 such pairs is therefore judged against histories that never heard of the forecasts: months drawn
anew in blocks, the same windows cut from them, the same forecasts set beside them. How often such a
history shows as much is the p-value; how often one in which the forecasts were right by a known
amount would show more than chance is the power.

Left out: dependence longer than a block, so that slow swings of valuation are cut.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.ranges import among, door
from portlib.records import Array


def independent_windows(first: pd.Series, last: pd.Series) -> float:
    """How many windows without a common month would fit into the span: span over length.

    Parameters
    ----------
    first, last : Series of monthly Period
        The first and the last month of each window.

    Examples
    --------
    Ten-year windows that begin in 25 successive Januaries span 34 years; the longest window counts:

    >>> first = pd.PeriodIndex([f"{year}-01" for year in range(1990, 2015)], freq="M")
    >>> independent_windows(pd.Series(first), pd.Series(first + 119))
    3.4
    >>> unsorted = pd.Series(first[[5, 0, 2]])
    >>> independent_windows(unsorted, unsorted + [23, 11, 47])  # 1990 to 1996, over four years
    1.75
    """
    lengths = [(b - a).n + 1 for a, b in zip(first, last, strict=True)]
    return ((max(last) - min(first)).n + 1) / max(lengths)


def decade_phases(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Scored forecasts of one class in groups whose windows share no month, by their first year.

    Each group takes the earliest window not taken yet and then, again and again, the first that
    begins after the last one ended. Groups share months with each other; within a group no two do.

    Examples
    --------
    Windows of two years. That of 2002 begins in the month after that of 2000 ended; that of
    December 2001 shares one month with it:

    >>> first = pd.PeriodIndex(["2003-12", "2000-01", "2004-01", "2002-01", "2001-12"], freq="M")
    >>> table = pd.DataFrame({"first": first, "last": first + 23}, list("abcde"))
    >>> {name: list(group.index) for name, group in decade_phases(table).items()}
    {'2000-01': ['b', 'd', 'c'], '2001-12': ['e', 'a']}
    """
    among("column", ["first", "last"], table.columns)
    ordered = table.sort_values("first").reset_index()
    left = list(range(len(ordered)))
    groups: dict[str, pd.DataFrame] = {}
    while left:
        taken = [left[0]]
        for at in left[1:]:
            if ordered["first"].iloc[at] > ordered["last"].iloc[taken[-1]]:
                taken.append(at)
        group = ordered.iloc[taken].set_index("index")
        groups[str(group["first"].iloc[0])] = group
        left = [at for at in left if at not in taken]
    return groups


@door()
def related_by_chance(
    table: pd.DataFrame,
    returns: Array,
    *,
    slope: float = 0.0,
) -> Array:
    """Correlations of the same forecasts with histories that know nothing of them, or know `slope`.

    Parameters
    ----------
    table : DataFrame
        Scored forecasts of one class, of one horizon.
    returns : array (paths, months)
        Monthly decimals drawn anew, `portlib.estimation.draws.block_bootstrap`, at least as many
        months as the windows span.
    slope : float
        How many points more came for each point more that was forecast; 0: none.

    Returns
    -------
    array (paths,)
        One correlation of forecast with outcome a drawn history.

    Raises
    ------
    ValueError
        When the drawn histories are shorter than the span of the windows.

    Examples
    --------
    Two drawn histories of 30 months, three windows that begin in months 0, 6 and 15, one of which
    is longer than the others:

    >>> first = pd.PeriodIndex(["2000-07", "2000-01", "2001-04"], freq="M")
    >>> said = [0.05, 0.08, 0.06]
    >>> table = pd.DataFrame({"first": first, "last": first + [11, 17, 11], "expected": said})
    >>> drawn = np.sin(np.arange(60.0) ** 2).reshape(2, 30) / 50
    >>> windows = [(6, 12), (0, 18), (15, 12)]
    >>> for slope in (0.0, 2.0):
    ...     for history, found in zip(drawn, related_by_chance(table, drawn, slope=slope)):
    ...         came = [np.prod(1 + history[a : a + n]) ** (12 / n) - 1 for a, n in windows]
    ...         told = [x + slope * (f - sum(said) / 3) for x, f in zip(came, said)]
    ...         print(bool(np.isclose(found, np.corrcoef(said, told)[0, 1])))
    True
    True
    True
    True
    >>> bool((related_by_chance(table, drawn) == related_by_chance(table, drawn, slope=0.0)).all())
    True
    >>> related_by_chance(table, drawn[:, :27]).shape
    (2,)
    >>> related_by_chance(table, drawn[:, :26])
    Traceback (most recent call last):
    ...
    ValueError: drawn histories of 26 months; the windows span 27
    """
    among("column", ["first", "last", "expected"], table.columns)
    origin = min(table["first"])
    start = np.array([(first - origin).n for first in table["first"]])
    length = np.array(
        [(last - first).n + 1 for first, last in zip(table["first"], table["last"], strict=True)]
    )
    needed = int((start + length).max())
    if returns.shape[1] < needed:
        raise ValueError(f"drawn histories of {returns.shape[1]} months; the windows span {needed}")
    growth = np.concatenate([np.zeros((len(returns), 1)), np.log1p(returns).cumsum(axis=1)], axis=1)
    outcome = np.expm1((growth[:, start + length] - growth[:, start]) * 12 / length)
    forecast = table["expected"].to_numpy(float)
    outcome = outcome + slope * (forecast - forecast.mean())
    x = forecast - forecast.mean()
    y = outcome - outcome.mean(axis=1, keepdims=True)
    return np.asarray(y @ x / np.sqrt((x @ x) * np.einsum("pk,pk->p", y, y)))
