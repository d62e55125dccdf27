"""What did a Treasury bond or bill earn, when only its yield was published?

A par bond is bought each month at last month's yield ``c`` and repriced at this month's ``y``:
``r = c/12 + (c - y) A(y)``, ``A(y) = (1 - (1 + y/2)^(-2 tau)) / y``, ``tau`` the maturity less a
month. A bill is bought at last month's rate of discount ``d`` and accrues:
``r = (1 - 91 d / 360)^(-365 / (12 * 91)) - 1``.

Yields of month ends give a month's return. Averages over the month give a smoother one: first
differences of averages of a random walk are autocorrelated by a quarter and have two thirds of its
variance (Working, 1960), and their correlation with month-end stock returns is too near to zero.

Left out: the roll down the curve within the month (the bond is repriced at the yield of its first
maturity), defaults, calls, costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.data import DataError


def constant_maturity_returns(yields: pd.DataFrame, maturity_years: float) -> pd.DataFrame:
    """What did a par bond earn, bought each month at last month's yield, sold at this month's?

    An unchanged yield earns ``c/12`` exactly; coupons are semiannual.

    Parameters
    ----------
    yields : DataFrame (months, bonds)
        Annual decimals compounded semiannually, months in sequence.
    maturity_years : float
        At purchase; more than a month.

    Returns
    -------
    DataFrame
        Monthly decimals, one row less.

    Raises
    ------
    DataError
        For a yield that is missing, above 0.5 (percent?) or at most -1, and for a maturity at
        purchase of a month or less.

    Examples
    --------
    A bond of ten years has 119 months to run when it is sold. What it is worth at 5%, its coupons
    of 6% and its face discounted, is the gain:

    >>> months = pd.date_range("2000-01-31", periods=4, freq="ME")
    >>> yields = pd.DataFrame({"ten_years": [0.06, 0.06, 0.05, 0.0]}, index=months)
    >>> earned = constant_maturity_returns(yields, 10)["ten_years"]
    >>> def price(coupon, at, years):
    ...     discount = (1 + at / 2) ** (-2 * years)
    ...     return coupon * (1 - discount) / at + discount
    >>> by_hand = [0.06 / 12, 0.06 / 12 + price(0.06, 0.05, 10 - 1 / 12) - 1]
    >>> earned.head(2).round(9).tolist() == [round(one, 9) for one in by_hand]
    True
    >>> # at nothing there is nothing to discount
    >>> round(float(earned.iloc[2]), 9) == round(0.05 / 12 + 0.05 * 119 / 12, 9)
    True
    >>> [f"{month:%Y-%m}" for month in earned.index]
    ['2000-02', '2000-03', '2000-04']
    >>> constant_maturity_returns(yields.replace(0.06, 0.5), 10).shape
    (3, 1)
    >>> constant_maturity_returns(yields.replace(0.05, 0.51), 10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: yields: column 'ten_years', 2000-03-31 00:00:00: not an annual ...
    >>> constant_maturity_returns(yields.replace(0.05, -1.0), 10)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: yields: column 'ten_years', 2000-03-31 00:00:00: not an annual ...
    >>> constant_maturity_returns(yields, 1 / 12)
    Traceback (most recent call last):
    ...
    portlib.data.DataError: maturity_years must exceed one month, not 0.08333333333333333

    It goes on in ``treasuries.md``.
    """
    if not maturity_years > 1 / 12:
        raise DataError(f"maturity_years must exceed one month, not {maturity_years}")
    bad = ~((yields > -1) & (yields <= 0.5))
    if bad.any(axis=None):
        column = bad.columns[bad.any()][0]
        month = bad[column].idxmax()
        raise DataError(f"yields: column {column!r}, {month!s}: not an annual decimal yield")
    tau = maturity_years - 1 / 12
    c = yields.to_numpy(float)[:-1]
    y = yields.to_numpy(float)[1:]
    divisor = np.where(y == 0, 1.0, y)
    annuity = np.where(y == 0, tau, (1 - (1 + divisor / 2) ** (-2 * tau)) / divisor)
    earned = c / 12 + (c - y) * annuity
    return pd.DataFrame(earned, index=yields.index[1:], columns=yields.columns)


def bond_returns(yields: pd.Series, maturity_years: float) -> pd.Series:
    """`constant_maturity_returns` of one series that may have gaps, which stay gaps.

    Parameters
    ----------
    yields : Series by month
        Annual decimals.
    maturity_years : float

    Returns
    -------
    Series
        Monthly decimals, one row less.

    Examples
    --------
    A month without a yield has no return, nor has the month after it:

    >>> months = pd.date_range("2000-01-31", periods=5, freq="ME")
    >>> yields = pd.Series([0.06, 0.048, None, 0.03, 0.036], months)
    >>> bond_returns(yields, 10).notna().tolist()
    [True, False, False, True]
    >>> whole = constant_maturity_returns(yields.dropna().to_frame("bond"), 10)["bond"]
    >>> bool(bond_returns(yields, 10).iloc[-1] == whole.iloc[-1])
    True

    It goes on in ``treasuries.md``.
    """
    filled = yields.ffill()
    returns = constant_maturity_returns(filled.to_frame("bond"), maturity_years)["bond"]
    known = yields.notna() & yields.notna().shift(1, fill_value=False)
    return returns.where(known.reindex(returns.index))


def bill_returns(discount: pd.Series, *, days: int = 91) -> pd.Series:
    """What did cash earn in three-month bills, bought at last month's rate of discount?

    Parameters
    ----------
    discount : Series
        Annual decimals on the bank-discount basis (360 days), by month.
    days : int
        To maturity.

    Returns
    -------
    Series
        Monthly decimals, one row less.

    Examples
    --------
    Bought at 8% discount, a bill of 91 days costs ``1 - 0.08 * 91 / 360`` of what it pays, and
    grows to it at one rate over 91 of a year's 365 days. The rate of the month before decides:

    >>> discount = pd.Series([0.08, 0.04, 0.02], pd.date_range("2000-01-31", periods=3, freq="ME"))
    >>> earned = bill_returns(discount)
    >>> (0.97977778 * (1 + earned.iloc[0]) ** (12 * 91 / 365)).round(8).item()
    1.0
    >>> [f"{month:%Y-%m}" for month in earned.index], round(1 - 0.08 * 91 / 360, 8)
    (['2000-02', '2000-03'], 0.97977778)
    >>> half = bill_returns(discount, days=182)
    >>> ((1 - 0.04 * 182 / 360) * (1 + half.iloc[1]) ** (12 * 182 / 365)).round(9).item()
    1.0

    It goes on in ``treasuries.md``.
    """
    price = 1 - discount * days / 360
    earned = price ** (-365 / (12 * days)) - 1
    return earned.shift(1).iloc[1:]
