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
    >>> months = pd.date_range("2000-01-31", periods=3, freq="ME")
    >>> yields = pd.DataFrame({"ten_years": [0.06, 0.06, 0.05]}, index=months)
    >>> constant_maturity_returns(yields, 10).round(3)["ten_years"].tolist()
    [0.005, 0.082]
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
    """
    price = 1 - discount * days / 360
    earned = price ** (-365 / (12 * days)) - 1
    return earned.shift(1).iloc[1:]
