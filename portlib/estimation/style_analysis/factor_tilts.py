"""Which factors moved a fund, by how much, and how sure is that?

``r - r_f = alpha + sum_k beta_k f_k + e``, by least squares (Fama and French 1993; Carhart 1997):
the market in excess of bills, small less large companies, cheap less dear, past winners less
losers, and where five factors were imported profitable less unprofitable companies and cautious
less expansive ones (Fama and French 2015). A tilt may be negative, and tilts do not sum to one:
they say what moved a fund, a style (`style_analysis`) what could have been held instead.

Standard errors are those of Newey and West (1987), with ``floor(4 (T / 100)^(2/9))`` lags and the
factor ``T / (T - k - 1)``. Left out: what the factors' portfolios cost to hold, bonds and other
markets (their tilts would be read as the market's), and tilts that move within the months.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.estimation.months import consecutive
from portlib.estimation.style_analysis.styles import unusable
from portlib.history import History
from portlib.ranges import door

#: What readers call the factors, by the record's series; the market is in excess of bills.
FACTORS = {
    "us_market": "market",
    "smb": "size",
    "hml": "value",
    "momentum": "momentum",
    "profitability": "profitability",
    "investment": "investment",
}


@dataclass(frozen=True, eq=False)
class Tilts:
    """How the factors moved each fund.

    Attributes
    ----------
    betas, standard_errors : DataFrame (funds, factors)
        Return of the fund per return of the factor.
    fit : DataFrame by fund
        ``alpha`` (annual, arithmetic, in excess of what the tilts earned) and ``alpha_error``;
        ``r_squared``; ``specific_risk`` (annual); ``months``, ``first``, ``last``.
    failed : mapping
        The funds left out, and why.
    """

    betas: pd.DataFrame
    standard_errors: pd.DataFrame
    fit: pd.DataFrame
    failed: Mapping[str, str]


def of_record(record: History) -> tuple[pd.DataFrame, pd.Series]:
    """The factors that a record holds, and bills, over the months in which all are known.

    Parameters
    ----------
    record : History
        The long record (`portlib.history.read`): four factors as packaged, six with the five-factor
        file imported.

    Returns
    -------
    DataFrame (months, factors), Series (months)
        Monthly decimals.
    """
    names = [name for name in FACTORS if name in record.names]
    months = record.months(*names, "bills")
    bills = months.pop("bills")
    months["us_market"] = months["us_market"] - bills
    return months.rename(columns=FACTORS), bills


@door()
def tilts(
    funds: pd.DataFrame, factors: pd.DataFrame, bills: pd.Series, *, minimum_months: int
) -> Tilts:
    """Which factors moved each fund?

    Parameters
    ----------
    funds : DataFrame (months, funds)
        Monthly decimals; missing before a fund's first month and after its last.
    factors : DataFrame (months, factors)
        Returns of portfolios that cost nothing (`of_record`), over the same months.
    bills : Series (months)
        What is riskless.
    minimum_months : int
        Fewest months accepted, and never fewer than factors plus three.

    Returns
    -------
    Tilts
        Funds with gaps, too few months or one constant return are in its ``failed``.

    Raises
    ------
    ValueError
        For months that differ or are missing, and for factors of which others make one.

    Examples
    --------
    A fund that is nine tenths of the market, its rest in bills, tilts so and has no alpha:

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.0, 0.04, (24, 2))
    >>> factors = pd.DataFrame(drawn, months, ["market", "value"])
    >>> bills = pd.Series(0.002, months)
    >>> fund = (0.9 * factors["market"] + bills).to_frame("fund")
    >>> found = tilts(fund, factors, bills, minimum_months=12)
    >>> found.betas.loc["fund"].round(9).abs().to_dict(), abs(round(found.fit["alpha"].item(), 9))
    ({'market': 0.9, 'value': 0.0}, 0.0)
    """
    from statsmodels.api import OLS, add_constant  # slow to import

    if not (funds.index.equals(factors.index) and funds.index.equals(bills.index)):
        raise ValueError("funds, factors and bills must cover the same months: join them by month")
    consecutive(factors.index, "factors")
    known = factors.assign(bills=bills).to_numpy(float)
    if not np.isfinite(known).all():
        raise ValueError("factors and bills need a finite return in every month: end before a gap")
    around = factors.to_numpy(float) - factors.to_numpy(float).mean(axis=0)
    if np.linalg.matrix_rank(around) < factors.shape[1]:
        raise ValueError("one of the factors is made of the others: leave one out")
    failed, spans = unusable(funds, max(minimum_months, factors.shape[1] + 3))
    betas, errors, rows = {}, {}, {}
    for fund, (first, end) in zip(funds.columns, spans, strict=True):
        if not end:
            continue
        y = (funds[fund] - bills).iloc[first:end]
        x = add_constant(factors.iloc[first:end], has_constant="add")
        count = len(y)
        lags = int(4 * (count / 100) ** (2 / 9))
        fitted = OLS(y.to_numpy(float), x.to_numpy(float)).fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}
        )
        betas[fund], errors[fund] = fitted.params[1:], fitted.bse[1:]
        rows[fund] = {
            "alpha": 12 * fitted.params[0],
            "alpha_error": 12 * fitted.bse[0],
            "r_squared": fitted.rsquared,
            "specific_risk": np.sqrt(12 * fitted.ssr / (count - x.shape[1])),
            "months": count,
            "first": y.index[0],
            "last": y.index[-1],
        }
    columns = ["alpha", "alpha_error", "r_squared", "specific_risk", "months", "first", "last"]
    return Tilts(
        pd.DataFrame.from_dict(betas, orient="index", columns=list(factors)),
        pd.DataFrame.from_dict(errors, orient="index", columns=list(factors)),
        pd.DataFrame.from_dict(rows, orient="index", columns=columns),
        failed,
    )
