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

    Examples
    --------
    The market comes as the whole return, and is given in excess of bills; factors are so already:

    >>> from portlib.history.record import MonthlySeries, Provenance
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> said = {"bills": 0.002, "hml": 0.03, "us_market": [0.01, -0.02, 0.05], "gold": 0.1}
    >>> record = History(
    ...     MonthlySeries(name, name, pd.Series(values, ends[:3]), "return", "made up", origin)
    ...     for name, values in said.items()
    ... )
    >>> factors, bills = of_record(record)
    >>> list(factors), factors["market"].round(9).tolist(), bills.tolist()
    (['market', 'value'], [0.008, -0.022, 0.048], [0.002, 0.002, 0.002])
    >>> factors["value"].tolist()
    [0.03, 0.03, 0.03]

    It goes on in ``factor_tilts.md``.
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
    Least squares with an intercept, and errors from the products of residual and factor, of which
    those up to two months apart count (``4 (24/100)^(2/9) = 2.9``), by two thirds and a third:

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> drawn = np.random.default_rng(0).normal(0.004, [0.04, 0.02, 0.01], (24, 3))
    >>> factors = pd.DataFrame(drawn[:, :2], months, ["market", "value"])
    >>> bills = pd.Series(0.002 + np.arange(24) / 1e5, months)
    >>> fund = 0.9 * factors["market"] - 0.2 * factors["value"] + bills + drawn[:, 2]
    >>> found = tilts(fund.to_frame("fund"), factors, bills, minimum_months=24)
    >>> x = np.column_stack([np.ones(24), drawn[:, :2]])
    >>> y = (fund - bills).to_numpy()
    >>> b, (squares,) = np.linalg.lstsq(x, y)[:2]
    >>> np.allclose(found.betas.loc["fund"], b[1:])
    True
    >>> u = x * (y - x @ b)[:, None]
    >>> middle = u.T @ u
    >>> for lag, weight in ((1, 2 / 3), (2, 1 / 3)):
    ...     middle += weight * (u[lag:].T @ u[:-lag] + u[:-lag].T @ u[lag:])
    >>> bread = np.linalg.inv(x.T @ x)
    >>> error = np.sqrt(np.diag(bread @ middle @ bread) * 24 / (24 - 3))
    >>> np.allclose(found.standard_errors.loc["fund"], error[1:])
    True
    >>> fit = found.fit.loc["fund", ["alpha", "alpha_error", "r_squared", "specific_risk"]]
    >>> by_hand = [12 * b[0], 12 * error[0], 1 - squares / 24 / y.var(), (12 * squares / 21) ** 0.5]
    >>> np.allclose(fit.astype(float), by_hand)
    True

    It goes on in ``factor_tilts.md``.
    """
    from statsmodels.regression.linear_model import OLS  # slow to import
    from statsmodels.tools import add_constant

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
