"""What does a standing insurance against falls cost, and what does it pay?

At each start of a holding period a put on the whole equity is bought, struck at ``k`` of its value
and priced by Black and Scholes at an implied volatility that the user states:

    p = k e^(-rT) N(-d2) - N(-d1),  d1 = (ln(1/k) + (r + s^2/2) T) / (s sqrt(T)),  d2 = d1 - s
    sqrt(T)

The premium is paid out of the equity: ``1/(1 + p)`` of the money buys equity and puts on all of it,
so that a period grows by ``max(1 + R, k) / (1 + p)``. The rival holds less equity and the rest in
bills.

Source: Black and Scholes (1973); Israelov (2019) for the comparison with less equity. Left out: the
smile beyond the one volatility stated, dividends apart from total return, trading costs, and gains
in value before the end of the period, which a holder who sells in a panic could take.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.construction.tail_risk import drawdowns
from portlib.estimation.months import monthly, same
from portlib.ranges import COUNT, POSITIVE, RETURN, Limits, door, numbers

_N = NormalDist().cdf

#: A strike as a share of the price; further out no put protects.
STRIKE: Limits = {"above": 0.0, "most": 2.0}


@door(strike=STRIKE, years=POSITIVE, volatility={"above": 0.0, "most": 3.0}, rate=RETURN)
def put_price(strike: float, years: float, volatility: float, rate: float) -> float:
    """Price of a European put.

    Parameters
    ----------
    strike : float
        Share of the value insured.
    years : float
        To expiry.
    volatility : float
        Implied, annual decimal.
    rate : float
        Continuously compounded, annual decimal.

    Returns
    -------
    float
        Share of the value insured.

    Examples
    --------
    >>> round(put_price(1.0, 1.0, 0.2, 0.05), 4)
    0.0557
    """
    if not (strike > 0 and years > 0 and volatility > 0):
        raise ValueError(
            f"strike {strike}, years {years}, volatility {volatility}: positive needed"
        )
    s = volatility * math.sqrt(years)
    d1 = (-math.log(strike) + rate * years) / s + s / 2
    return strike * math.exp(-rate * years) * _N(s - d1) - _N(-d1)


@door(
    strike={"above": 0.0, "most": 2.0},
    markup={"least": 0.0, "most": 10.0},
    months=COUNT,
    window=COUNT,
)
def rolled(
    equity: pd.Series,
    bills: pd.Series,
    *,
    strike: float,
    markup: float,
    months: int = 12,
    window: int = 36,
) -> pd.DataFrame:
    """The hedge bought anew every ``months``, on real returns.

    Parameters
    ----------
    equity, bills : monthly total returns, decimals, same months without a gap.
    strike : share of the value at which the put begins to pay, 0.8 for a fall of a fifth.
    markup : implied volatility over the realised one of the last ``window`` months (known then).
    months : of a holding period.

    Returns
    -------
    DataFrame, a row a period by its last month: ``equity``, ``bills`` (returns), ``volatility``
    (implied, annual), ``premium`` and ``paid`` (shares of the value insured), ``hedged`` (return).
    """
    _aligned(equity, bills)
    starts = range(window, len(equity) - months + 1, months)
    rows = {
        equity.index[at + months - 1]: _period(equity, bills, at, months, strike, markup, window)
        for at in starts
    }
    return pd.DataFrame.from_dict(rows, orient="index")


@door()
def through(
    equity: pd.Series,
    bills: pd.Series,
    first: str,
    last: str,
    *,
    strike: float,
    markup: float,
    months: int = 12,
    window: int = 36,
) -> pd.Series:
    """The same from one month to another, well timed: the first put is bought on the day before,
    the last one ends with the window.

    Parameters
    ----------
    equity, bills, strike, markup, months, window
        As for `rolled`.
    first, last : str
        Months, as 2007-11.

    Returns
    -------
    Series
        ``equity`` and ``hedged`` returns over the window, ``premium`` and ``paid`` summed over the
        puts.

    Raises
    ------
    ValueError
        Where fewer than ``window`` months come before.
    """
    _aligned(equity, bills)
    inside = np.flatnonzero(equity.index.isin(equity.loc[first:last].index))
    at = int(inside[0])
    end = int(inside[-1]) + 1
    if at < window:
        raise ValueError(f"{first}: {window} months must come before, {at} do")
    parts = []
    while at < end:
        step = min(months, end - at)
        parts.append(_period(equity, bills, at, step, strike, markup, window))
        at += step
    table = pd.DataFrame(parts)
    grown = (1 + table[["equity", "hedged"]]).prod() - 1
    return pd.concat([grown, table[["premium", "paid"]].sum()])


def _aligned(equity: pd.Series, bills: pd.Series) -> None:
    monthly(equity, "equity", least=-1.0)
    monthly(bills, "bills", least=-1.0)
    same(equity, bills, "equity and bills")


def _period(
    equity: pd.Series,
    bills: pd.Series,
    at: int,
    months: int,
    strike: float,
    markup: float,
    window: int,
) -> dict[str, float]:
    """One put, bought before month number ``at``; its volatility and rate are those known then."""
    past = equity.iloc[at - window : at]
    ahead = slice(at, at + months)
    volatility = markup * float(past.std(ddof=1)) * math.sqrt(12)
    rate = math.log1p(float(bills.iloc[at - 1])) * 12
    premium = put_price(strike, months / 12, volatility, rate)
    grown = float(np.prod(1 + equity.iloc[ahead]))
    return {
        "equity": grown - 1,
        "bills": float(np.prod(1 + bills.iloc[ahead])) - 1,
        "volatility": volatility,
        "premium": premium,
        "paid": max(strike - grown, 0.0),
        "hedged": max(grown, strike) / (1 + premium) - 1,
    }


def worst_period(returns: ArrayLike) -> float:
    """The largest loss of a period, as a positive number."""
    return -float(numbers("a return", np.asarray(returns), least=-1).min(initial=np.inf))


def worst_drawdown(returns: ArrayLike) -> float:
    """The deepest fall below an earlier high at ends of periods, as a positive number."""
    return float(drawdowns(np.asarray(returns)).max())


def less_equity_for(
    table: pd.DataFrame, measure: Callable[[ArrayLike], float] = worst_drawdown
) -> float:
    """The equity share, the rest in bills, whose ``measure`` is no worse than the hedge's.

    ``table`` is `rolled`'s. One where unhedged equity is no worse.
    """
    from scipy.optimize import brentq

    def gap(share: float) -> float:
        mixed = share * table["equity"] + (1 - share) * table["bills"]
        return measure(mixed) - measure(table["hedged"])

    return 1.0 if gap(1.0) <= 0 else float(brentq(gap, 0.0, 1.0, xtol=1e-10))
