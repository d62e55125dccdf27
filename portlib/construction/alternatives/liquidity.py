"""How much may be locked up when people may leave?

A fund holds a share ``w`` that cannot be sold. Over a bad year the rest earns ``l`` and the locked
part ``p`` (as carried), and ``o`` of the money at the start leaves, net of what comes in. All of
it is paid from the liquid part, so that the locked share becomes

    w' = w (1 + p) / (w (1 + p) + (1 - w)(1 + l) - o)

Solved for ``w``: the largest share that stays within ``c`` is

    w = c ((1 + l) - o) / ((1 - c)(1 + p) + c (1 + l))

Left out: calls of capital committed earlier, which come in such years and make it worse; secondary
sales at a discount, which make it better; how people's leaving depends on what they see.
Source: the arithmetic of the "denominator effect"; Ang, Papanikolaou and Westerfield (2014) for
what not trading costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.estimation.months import monthly
from portlib.ranges import RETURN, SHARE, door


@door(share=SHARE, liquid=RETURN, locked=RETURN, outflow={"above": -1.0, "below": 1.0})
def locked_after(share: float, *, liquid: float, locked: float, outflow: float) -> float:
    """The locked share after a year with these returns and this net outflow.

    Parameters
    ----------
    share : float
        That is locked at the start, decimal.
    liquid, locked : float
        Returns of the two parts, the locked one's as carried; annual decimals.
    outflow : float
        Share of the money at the start that leaves, net of what comes in.

    Returns
    -------
    float
        Decimal.

    Raises
    ------
    ValueError
        When the liquid part cannot pay the outflow.

    Examples
    --------
    >>> round(locked_after(0.2, liquid=-0.3, locked=-0.1, outflow=0.06), 6)  # 0.18 / (0.18 + 0.50)
    0.264706

    The liquid part can be paid out to the last cent, and no further.

    >>> locked_after(0.25, liquid=-0.5, locked=-0.1, outflow=0.375)
    1.0
    >>> locked_after(0.25, liquid=-0.5, locked=-0.1, outflow=0.376)
    Traceback (most recent call last):
    ...
    ValueError: the liquid part is worth 37.5% of the start and cannot pay an outflow of 37.6%

    It goes on in ``liquidity.md``.
    """
    held = share * (1 + locked)
    rest = (1 - share) * (1 + liquid) - outflow
    if rest < 0:
        raise ValueError(
            f"the liquid part is worth {(1 - share) * (1 + liquid):.1%} of the start and cannot "
            f"pay an outflow of {outflow:.1%}"
        )
    return held / (held + rest)


@door(ceiling=SHARE, liquid=RETURN, locked=RETURN, outflow={"above": -1.0, "below": 1.0})
def most_that_can_be_locked(
    ceiling: float, *, liquid: float, locked: float, outflow: float
) -> float:
    """The largest share that a year like this leaves at or below ``ceiling``; nothing below zero.

    Parameters
    ----------
    ceiling : float
        The largest share allowed, decimal.
    liquid, locked : float
        Returns of the year, decimals.
    outflow : float
        What leaves, as a share of the whole.

    Returns
    -------
    float
        Decimal.

    Examples
    --------
    A year in which listed assets lose 40%, appraisals say 10%, and a fifth of the money leaves.

    >>> w = most_that_can_be_locked(0.15, liquid=-0.4, locked=-0.1, outflow=0.2)
    >>> round(w, 6)  # 0.15 * 0.4 / (0.85 * 0.9 + 0.15 * 0.6)
    0.070175
    >>> round(locked_after(w, liquid=-0.4, locked=-0.1, outflow=0.2), 12)
    0.15
    >>> most_that_can_be_locked(0.15, liquid=-0.4, locked=-0.1, outflow=0.7)
    0.0
    >>> most_that_can_be_locked(1.0, liquid=-0.4, locked=-0.1, outflow=0.2)
    Traceback (most recent call last):
    ...
    ValueError: a ceiling lies between 0 and 1, not 1.0

    It goes on in ``liquidity.md``.
    """
    if not 0 < ceiling < 1:
        raise ValueError(f"a ceiling lies between 0 and 1, not {ceiling}")
    money = 1 + liquid - outflow
    return max(ceiling * money / ((1 - ceiling) * (1 + locked) + ceiling * (1 + liquid)), 0.0)


def net_flows(assets: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Net flow of each fund a month, share of its money a month before.

    Parameters
    ----------
    assets : money by month end (rows) and fund; months that are missing give no flow.
    returns : monthly returns of the same funds, decimals, by month end.

    Examples
    --------
    Money grew from 100 to 115.50 in a month of 5%: 10.50 came in. February is missing, so March has
    no flow.

    >>> days = pd.to_datetime(["2020-12-31", "2021-01-31", "2021-03-31", "2021-04-30"])
    >>> held = pd.DataFrame({"a": [100, 115.5, 120, 132], "b": [200, 200, 150, 130]}, days)
    >>> came = pd.DataFrame({"b": [0.3, 0.1, 0.2, -0.2], "a": [0.2, 0.05, 0.04, 0.0]}, days)
    >>> net_flows(held, came).round(6).to_dict("list")  # b: (200 - 220) / 200; (130 - 120) / 150
    {'a': [0.105, 0.1], 'b': [-0.1, 0.066667]}
    >>> net_flows(held.assign(a=[100, None, 120, 132]), came).round(6).to_dict("list")
    {'a': [nan, 0.1], 'b': [-0.1, 0.066667]}
    >>> net_flows(held, came[["b"]])
    Traceback (most recent call last):
    ...
    ValueError: no returns of a
    >>> net_flows(held, came[[]])
    Traceback (most recent call last):
    ...
    ValueError: no returns of a, b
    >>> list(net_flows(held[["a"]], came))  # whose money is not known has no flow
    ['a']

    It goes on in ``liquidity.md``.
    """
    _earned(assets, returns)
    days = pd.DatetimeIndex(assets.index)
    follows = np.diff(days.year * 12 + days.month, prepend=0) == 1
    before = assets.shift(1).where(np.broadcast_to(follows[:, None], assets.shape))
    grown = before * (1 + returns.reindex(assets.index)[list(assets.columns)])
    return ((assets - grown) / before).dropna(how="all")


def net_flow_between(assets: pd.DataFrame, returns: pd.DataFrame) -> pd.Series:
    """Net flow from the first month to the last, as if it had come at the end: share of what the
    first month's money would have become. Needs no month between.

    Examples
    --------
    >>> days = pd.to_datetime(["2020-11-30", "2020-12-31", "2021-01-31"])
    >>> came = pd.DataFrame({"a": [0.5, 0.1, -0.2]}, days)  # the first month's was earned before
    >>> held = pd.DataFrame({"a": [100.0, 99.0]}, days[[0, 2]])
    >>> net_flow_between(held, came).round(6).to_dict()  # 99 / (100 * 1.1 * 0.8) - 1
    {'a': 0.125}
    >>> more = pd.concat([came, pd.DataFrame({"a": [0.9]}, pd.to_datetime(["2021-02-28"]))])
    >>> net_flow_between(held, more).round(6).to_dict()  # what came after the last month is not its
    {'a': 0.125}
    >>> early = pd.DataFrame({"a": [0.7]}, pd.to_datetime(["2020-10-31"]))
    >>> between = pd.DataFrame({"a": [100.0, 500.0, 99.0]}, days)
    >>> net_flow_between(between, pd.concat([early, more])).round(6).to_dict()
    {'a': 0.125}

    A return that is missing is not one of nothing.

    >>> both = held.assign(b=10.0)
    >>> for short in (came, came.assign(b=[0.1, 0.1, None]), came.assign(b=0.1).iloc[[0, 2]]):
    ...     try:
    ...         net_flow_between(both, short)
    ...     except ValueError as said:
    ...         print(said)
    no returns of b
    returns: column 'b', 2021-01: nan is no return
    returns of 1 months, where 2 lie between the two
    """
    first = assets.index[0]
    last = assets.index[-1]
    _earned(assets, returns)
    between = returns.loc[returns.index > first].loc[:last, list(assets.columns)]
    span = (last.year - first.year) * 12 + last.month - first.month
    if len(monthly(between, "returns")) != span:
        raise ValueError(f"returns of {len(between)} months, where {span} lie between the two")
    return assets.iloc[-1] / (assets.iloc[0] * (1 + between).prod()) - 1


def _earned(assets: pd.DataFrame, returns: pd.DataFrame) -> None:
    if lost := sorted(set(assets.columns) - set(returns.columns)):
        raise ValueError(f"no returns of {', '.join(lost)}")
