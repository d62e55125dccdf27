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

from portlib.ranges import door
from portlib.records import Array


def independent_windows(first: pd.Series, last: pd.Series) -> float:
    """How many windows without a common month would fit into the span: span over length.

    Parameters
    ----------
    first, last : Series of monthly Period
        The first and the last month of each window.

    Examples
    --------
    Ten-year windows that begin in 25 successive Januaries:

    >>> first = pd.PeriodIndex([f"{year}-01" for year in range(1990, 2015)], freq="M")
    >>> independent_windows(pd.Series(first), pd.Series(first + 119))
    3.4
    """
    lengths = [(b - a).n + 1 for a, b in zip(first, last, strict=True)]
    return ((max(last) - min(first)).n + 1) / max(lengths)


def decade_phases(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Scored forecasts of one class in groups whose windows share no month, by their first year.

    Each group takes the earliest window not taken yet and then, again and again, the first that
    begins after the last one ended. Groups share months with each other; within a group no two do.
    """
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
    """
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
