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
from portlib.estimation.months import monthly, named, same
from portlib.ranges import COUNT, POSITIVE, RETURN, Limits, among, door, numbers

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
    Hull's example: a share of 42, struck at 40, half a year, 20% volatility, 10% interest: 0.81 for
    the put and 4.76 for the call, which is worth the put and the share less the strike discounted.

    >>> put = 42 * put_price(40 / 42, 0.5, 0.2, 0.1)
    >>> round(put, 2), round(put + 42 - 40 * math.exp(-0.1 * 0.5), 2)
    (0.81, 4.76)

    To more places: what the put pays on average over the lognormal law, discounted.

    >>> luck = [NormalDist().inv_cdf((i + 0.5) / 5000) for i in range(5000)]
    >>> ends = [42 * math.exp((0.1 - 0.2**2 / 2) * 0.5 + 0.2 * 0.5**0.5 * z) for z in luck]
    >>> paid = sum(max(40 - end, 0) for end in ends) / 5000 * math.exp(-0.1 * 0.5)
    >>> abs(put - paid) < 1e-4
    True
    >>> for terms in ((0.0, 0.5, 0.2), (0.9, 0.0, 0.2), (0.9, 0.5, 0.0)):
    ...     try:
    ...         put_price(*terms, 0.1)
    ...     except ValueError as said:
    ...         print(str(said).partition(":")[0])
    strike is 0
    years is 0
    volatility is 0

    It goes on in ``tail_hedge.md``.
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

    Examples
    --------
    Two puts of two months, each priced by the two months before. Bought after returns of 2% and
    -2%, whose deviation is ``sqrt(2 * 0.02**2)``, the first pays the 3% by which 0.77 misses 0.80.

    >>> months = pd.date_range("2020-01-31", periods=6, freq="ME")
    >>> equity = pd.Series([0.02, -0.02, -0.3, 0.1, 0.2, 0.1], months)
    >>> bills = pd.Series([0.005, 0.001, 0.002, 0.003, 0.004, 0.006], months)
    >>> table = rolled(equity, bills, strike=0.8, markup=1.5, months=2, window=2)
    >>> [f"{day:%Y-%m}" for day in table.index], table["equity"].round(9).tolist()
    (['2020-04', '2020-06'], [-0.23, 0.32])
    >>> table["bills"].round(9).tolist(), table["paid"].round(9).tolist()  # 1.002 * 1.003 - 1
    ([0.005006, 0.010024], [0.03, 0.0])
    >>> (table["volatility"] ** 2 / 12 / 1.5**2).round(9).tolist()  # (0.02 + 0.02)**2 / 2, ...
    [0.0008, 0.08]
    >>> premium = [
    ...     put_price(0.8, 2 / 12, 1.5 * (12 * 0.0008) ** 0.5, 12 * math.log(1.001)),
    ...     put_price(0.8, 2 / 12, 1.5 * (12 * 0.08) ** 0.5, 12 * math.log(1.003)),
    ... ]
    >>> np.allclose(table["premium"], premium)
    True
    >>> np.allclose(table["hedged"], [0.80 / (1 + premium[0]) - 1, 1.32 / (1 + premium[1]) - 1])
    True
    >>> rolled(equity.head(3), bills.head(3), strike=0.8, markup=1.5, months=2, window=2)
    Traceback (most recent call last):
    ...
    ValueError: 3 months do not hold 2 before the first put and 2 of it

    It goes on in ``tail_hedge.md``.
    """
    _aligned(equity, bills)
    starts = range(window, len(equity) - months + 1, months)
    if not starts:
        raise ValueError(
            f"{len(equity)} months do not hold {window} before the first put and {months} of it"
        )
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
        Where fewer than ``window`` months come before, or the record does not hold the window.

    Examples
    --------
    The hedge of March to May: a put for two months, and one for the month that is left.

    >>> months = pd.date_range("2020-01-31", periods=6, freq="ME")
    >>> equity = pd.Series([0.02, -0.02, -0.3, 0.1, -0.4, 0.1], months)
    >>> bills = pd.Series([0.005, 0.001, 0.002, 0.003, 0.004, 0.006], months)
    >>> how = {"strike": 0.8, "markup": 1.5, "months": 2, "window": 2}
    >>> found = through(equity, bills, "2020-03", "2020-05", **how)
    >>> found[["equity", "paid"]].round(9).tolist()  # 0.77 * 0.6 - 1; 0.03 + 0.2
    [-0.538, 0.23]
    >>> one = put_price(0.8, 2 / 12, 1.5 * (12 * 0.0008) ** 0.5, 12 * math.log(1.001))
    >>> other = put_price(0.8, 1 / 12, 1.5 * (12 * 0.08) ** 0.5, 12 * math.log(1.003))
    >>> np.allclose(found[["premium", "hedged"]], [one + other, 0.64 / (1 + one) / (1 + other) - 1])
    True
    >>> through(equity, bills, "2020-02", "2020-05", **how)
    Traceback (most recent call last):
    ...
    ValueError: 2020-02: 2 months must come before, 1 do
    >>> for first, last in (("2020-03", "2020-07"), ("2019-12", "2020-04"), ("2021-03", "2021-05")):
    ...     try:
    ...         through(equity, bills, first, last, **how)
    ...     except ValueError as said:
    ...         print(said)
    2020-03 to 2020-07 is not within the record, 2020-01 to 2020-06
    2019-12 to 2020-04 is not within the record, 2020-01 to 2020-06
    2021-03 to 2021-05 is not within the record, 2020-01 to 2020-06
    >>> through(equity, bills[:-1], "2020-03", "2020-05", **how)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: equity and bills are not of the same months: 2020-06 is in one ...

    It goes on in ``tail_hedge.md``.
    """
    _aligned(equity, bills)
    inside = np.flatnonzero(equity.index.isin(equity.loc[first:last].index))
    if not len(inside) or len(inside) != (pd.Period(last, "M") - pd.Period(first, "M")).n + 1:
        raise ValueError(
            f"{first} to {last} is not within the record, {named(equity.index[0])} to "
            f"{named(equity.index[-1])}"
        )
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
    """The largest loss of a period, as a positive number.

    Examples
    --------
    >>> worst_period([0.1, -0.3, 0.2]), worst_period([0.1, 0.05]), worst_period([])
    (0.3, -0.05, -inf)
    >>> worst_period([0.1, -1.01])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a return is -1.01: ...
    """
    return -float(numbers("a return", np.asarray(returns), least=-1).min(initial=np.inf))


def worst_drawdown(returns: ArrayLike) -> float:
    """The deepest fall below an earlier high at ends of periods, as a positive number.

    Examples
    --------
    >>> round(worst_drawdown([0.1, -0.2, -0.1, 0.3]), 9)  # 1 - 0.8 * 0.9
    0.28
    """
    return float(drawdowns(np.asarray(returns)).max())


def less_equity_for(
    table: pd.DataFrame, measure: Callable[[ArrayLike], float] = worst_drawdown
) -> float:
    """The equity share, the rest in bills, whose ``measure`` is no worse than the hedge's.

    ``table`` is `rolled`'s. One where unhedged equity is no worse; ValueError where bills are.

    Examples
    --------
    The hedge lost 20% at worst, equity 40% while bills earned 10%: ``-0.4 w + 0.1 (1 - w) = -0.2``.

    >>> table = pd.DataFrame({"equity": [0.3, -0.4], "bills": 0.1, "hedged": [0.25, -0.2]})
    >>> round(less_equity_for(table, worst_period), 9)
    0.6

    By the deepest fall below a high, for which the 30% that came before do not count, the same
    here; a hedge that lost as much as equity needs no less of it.

    >>> round(less_equity_for(table), 9), less_equity_for(table.assign(hedged=[0.2, -0.4]))
    (0.6, 1.0)
    >>> less_equity_for(table.assign(hedged=[0.2, -0.5]))
    1.0
    >>> less_equity_for(table.assign(bills=-0.3))  # 1 - 0.7**2  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: bills alone fare worse than the hedge, 51.0% against 20.0%: there is no share of ...

    It goes on in ``tail_hedge.md``.
    """
    from scipy.optimize import brentq

    among("column", ["equity", "bills", "hedged"], table.columns)

    def gap(share: float) -> float:
        mixed = share * table["equity"] + (1 - share) * table["bills"]
        return measure(mixed) - measure(table["hedged"])

    if gap(1.0) <= 0:
        return 1.0
    if gap(0.0) > 0:
        raise ValueError(
            f"bills alone fare worse than the hedge, {measure(table['bills']):.1%} against "
            f"{measure(table['hedged']):.1%}: there is no share of equity to tell"
        )
    return float(brentq(gap, 0.0, 1.0, xtol=1e-10))
