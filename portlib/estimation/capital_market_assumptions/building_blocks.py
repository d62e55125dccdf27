"""What does a class pay for: income, growth, inflation, a change of price, less what is lost?

Shares: ``1 + r = D/P + (1 + g)(1 + i)(1 + c)``. Bonds: the yield less the expected credit loss.
What has no yield: cash and a premium.

Left out: where the parts come from. They are the reader's own figures.
"""

from __future__ import annotations

import pandas as pd

from portlib.ranges import RETURN, door, number


@door(inflation=RETURN)
def equity_building_blocks(
    dividend_yield: float, real_growth: float, inflation: float, valuation_change: float = 0.0
) -> pd.Series:
    """What does an equity market pay for: yield, growth, inflation, and a change of what a dollar
    of dividends costs?

    ``1 + r = D/P + (1 + g)(1 + i)(1 + c)``: an identity for one year, and for the compound return
    of many when ``c = 0``. Source: Grinold and Kroner (2002), in exact form.

    Parameters
    ----------
    dividend_yield : float
        Next year's dividends over today's price, annual decimal, as all that follow.
    real_growth : float
        Of dividends per share.
    inflation : float
    valuation_change : float
        Of the price-dividend ratio.

    Returns
    -------
    Series
        The parts and their ``total``; ``interaction`` is what adding instead of multiplying leaves
        out.

    Raises
    ------
    ValueError
        For a part that is not between -1 and 1.

    Examples
    --------
    Two percent of dividends, growth of 1.5% in prices that rise by 2.5%, and dividends that cost a
    tenth more at the end: ``0.02 + 1.015 * 1.025 * 1.1 - 1``.

    >>> parts = equity_building_blocks(0.02, 0.015, 0.025, 0.1)
    >>> parts[["dividend yield", "real growth", "inflation", "valuation change"]].tolist()
    [0.02, 0.015, 0.025, 0.1]
    >>> parts[["interaction", "total"]].round(7).tolist()  # the four alone add up to 0.16
    [0.0044125, 0.1644125]
    >>> float(equity_building_blocks(0.02, 0.015, 0.025)["total"].round(6))  # the price holds
    0.060375
    >>> equity_building_blocks(1.0, 0.015, 0.025)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: dividend yield is 1: give a number above -1 and below 1; in percent? Write 0.01 ...
    >>> equity_building_blocks(0.02, -1.0, 0.025)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: real growth is -1: give a number above -1 and below 1; ...
    """
    parts = {
        "dividend yield": dividend_yield,
        "real growth": real_growth,
        "inflation": inflation,
        "valuation change": valuation_change,
    }
    for name, value in parts.items():
        number(name, value, above=-1, below=1)
    total = dividend_yield + (1 + real_growth) * (1 + inflation) * (1 + valuation_change) - 1
    return pd.Series(parts | {"interaction": total - sum(parts.values()), "total": total})


@door()
def bond_building_blocks(
    yield_to_maturity: float, default_rate: float = 0.0, recovery: float = 0.4
) -> pd.Series:
    """What does a bond portfolio pay: its yield less the expected credit loss
    ``default_rate * (1 - recovery)``?

    Yields are held unchanged.

    Parameters
    ----------
    yield_to_maturity, default_rate : float
        Annual decimals.
    recovery : float
        Share of what defaulted that is paid after all.

    Returns
    -------
    Series
        ``yield``, ``expected credit loss`` (negative) and ``total``.

    Raises
    ------
    ValueError
        When a rate or share is outside 0 to 1.

    Examples
    --------
    Two bonds in a hundred fail and repay a quarter: ``0.02 * 0.75`` is lost. Where nothing is said
    of recovery, 40% comes back; where nothing is said of defaults, there are none.

    >>> bond_building_blocks(0.06, 0.02, 0.25).round(6).to_dict()
    {'yield': 0.06, 'expected credit loss': -0.015, 'total': 0.045}
    >>> [round(float(bond_building_blocks(0.06, *said)["total"]), 6) for said in ((0.02,), ())]
    [0.048, 0.06]
    >>> [float(bond_building_blocks(0.06, *said)["total"]) for said in ((1, 0), (0, 1))]
    [-0.94, 0.06]
    >>> bond_building_blocks(0.06, 1.2)
    Traceback (most recent call last):
    ...
    ValueError: default_rate 1.2 and recovery 0.4 must be between 0 and 1
    >>> bond_building_blocks(0.06, 0.02, 40)
    Traceback (most recent call last):
    ...
    ValueError: default_rate 0.02 and recovery 40 must be between 0 and 1
    >>> for said in ((-0.1, 0.4), (0.02, 1.5), (0.02, -0.1)):
    ...     try:
    ...         bond_building_blocks(0.06, *said)
    ...     except ValueError as refused:
    ...         print(refused)
    default_rate -0.1 and recovery 0.4 must be between 0 and 1
    default_rate 0.02 and recovery 1.5 must be between 0 and 1
    default_rate 0.02 and recovery -0.1 must be between 0 and 1
    >>> bond_building_blocks(1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: yield_to_maturity is 1: give a number above -1 and below 1; in percent? Write ...
    """
    number("yield_to_maturity", yield_to_maturity, above=-1, below=1)
    if not (0 <= default_rate <= 1 and 0 <= recovery <= 1):
        raise ValueError(
            f"default_rate {default_rate} and recovery {recovery} must be between 0 and 1"
        )
    loss = -default_rate * (1 - recovery)
    return pd.Series(
        {
            "yield": yield_to_maturity,
            "expected credit loss": loss,
            "total": yield_to_maturity + loss,
        }
    )


@door()
def cash_plus_premium(cash: float, premium: float) -> pd.Series:
    """An objective or a class without a yield, stated over cash: the parts and their ``total``,
    annual decimals.

    Examples
    --------
    >>> cash_plus_premium(0.03, 0.045).round(6).to_dict()
    {'cash': 0.03, 'premium': 0.045, 'total': 0.075}
    >>> cash_plus_premium(3, 0.045)
    Traceback (most recent call last):
    ...
    ValueError: cash is 3: give a number above -1 and below 1; in percent? Write 0.03 for 3%
    >>> cash_plus_premium(0.03, -1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: premium is -1: give a number above -1 and below 1; ...
    """
    number("cash", cash, above=-1, below=1)
    number("premium", premium, above=-1, below=1)
    return pd.Series({"cash": cash, "premium": premium, "total": cash + premium})
