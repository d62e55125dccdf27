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
    >>> parts = equity_building_blocks(0.02, 0.015, 0.025)
    >>> float(parts["total"].round(6))
    0.060375
    >>> bool(abs(parts.drop("total").sum() - parts["total"]) < 1e-15)
    True
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
    annual decimals."""
    number("cash", cash, above=-1, below=1)
    number("premium", premium, above=-1, below=1)
    return pd.Series({"cash": cash, "premium": premium, "total": cash + premium})
