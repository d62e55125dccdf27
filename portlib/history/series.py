"""How do publishers' figures become series? The same way whether committed, packaged or imported.

Yields become returns at a stated maturity, share prices become monthly returns, French's market in
excess of bills becomes a total return; everything becomes decimals by month end, and what is
missing stays missing.

Left out: where the figures come from (`committed`, `packaged`, `imported`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.history.record import MonthlySeries, Provenance
from portlib.history.treasuries import bill_returns, bond_returns
from portlib.ranges import among

FUNDS = {
    "tsp_g": "special-issue Treasury securities (TSP G fund)",
    "tsp_f": "US bonds (TSP F fund, aggregate index)",
    "tsp_c": "US large companies (TSP C fund, S&P 500)",
    "tsp_s": "US small and mid companies (TSP S fund, completion index)",
    "tsp_i": "developed markets (TSP I fund, international index)",
}
_FUND_BASIS = "net of the fund's costs; from rounded monthly returns to 2003-05, share prices after"
#: Days by which the last trading day of a month may precede its last day.
_LAST_DAYS = 4


def fund_series(returns: pd.DataFrame, origin: Provenance) -> list[MonthlySeries]:
    """The TSP's funds; columns as in `FUNDS`.

    Examples
    --------
    Each is taken by its name, in whatever order the columns stand:

    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=2, freq="ME")
    >>> table = pd.DataFrame({name: at / 100 for at, name in enumerate(FUNDS)}, ends)
    >>> made = fund_series(table[sorted(FUNDS)], origin)
    >>> for one in made:
    ...     print(one.name, one.values.tolist()[-1], one.label, sep=" | ")
    tsp_g | 0.0 | special-issue Treasury securities (TSP G fund)
    tsp_f | 0.01 | US bonds (TSP F fund, aggregate index)
    tsp_c | 0.02 | US large companies (TSP C fund, S&P 500)
    tsp_s | 0.03 | US small and mid companies (TSP S fund, completion index)
    tsp_i | 0.04 | developed markets (TSP I fund, international index)
    >>> {one.quantity for one in made}, made[0].provenance is origin
    ({'return'}, True)
    """
    among("column", FUNDS, returns.columns, error=DataError)
    return [
        MonthlySeries(name, label, returns[name], "return", _FUND_BASIS, origin)
        for name, label in FUNDS.items()
    ]


def treasury_series(
    yields: pd.Series, maturity_years: int, *, at: str, origin: Provenance
) -> list[MonthlySeries]:
    """The return repriced from a yield, and the yield.

    Parameters
    ----------
    yields : Series by month end
        Annual decimals.
    maturity_years : int
    at : str
        Of which day the yields are, in words.
    origin : Provenance

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> yields = pd.Series([None, 0.06, 0.06, 0.05], ends)
    >>> earned, told = treasury_series(yields, 10, at="month ends", origin=origin)
    >>> earned.name, earned.quantity, told.name, told.quantity
    ('treasury_10y', 'return', 'yield_10y', 'yield')
    >>> f"{told.first:%Y-%m}", f"{earned.first:%Y-%m}", earned.values.iloc[0].round(9).item()
    ('2026-02', '2026-03', 0.005)
    >>> earned.basis
    'repriced at constant maturity from yields of month ends'

    Of another maturity, from averages; a month without a yield stays one:

    >>> six = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> yields = pd.Series([None, 0.06, 0.05, None, 0.04, 0.04], six)
    >>> earned, told = treasury_series(yields, 2, at="averages", origin=origin)
    >>> gain = 0.06 / 12 + 0.01 * (1 - 1.025 ** (-2 * 23 / 12)) / 0.05
    >>> earned.values.dropna().round(9).tolist() == [round(gain, 9), round(0.04 / 12, 9)]
    True
    >>> told.values.tolist(), told.basis, earned.name
    ([0.06, 0.05, nan, 0.04, 0.04], 'constant maturity, averages', 'treasury_2y')
    """
    known = yields.loc[yields.first_valid_index() :]
    label = f"{maturity_years}-year Treasury bonds"
    return [
        MonthlySeries(
            f"treasury_{maturity_years}y",
            label,
            bond_returns(known, maturity_years),
            "return",
            f"repriced at constant maturity from yields of {at}",
            origin,
        ),
        MonthlySeries(
            f"yield_{maturity_years}y",
            f"yield of {label}",
            known,
            "yield",
            f"constant maturity, {at}",
            origin,
        ),
    ]


def averaged_yield(yields: pd.Series, maturity_years: int, origin: Provenance) -> MonthlySeries:
    """The month's average of a yield of which month ends are at hand as well, for comparison.

    Parameters
    ----------
    yields : Series
        Annual decimals by month.
    maturity_years : int
    origin : Provenance

    Returns
    -------
    MonthlySeries

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=2, freq="ME")
    >>> told = averaged_yield(pd.Series([0.04, 0.05], ends), 7, origin)
    >>> told.name, told.quantity, told.values.tolist(), told.label
    ('yield_7y_average', 'yield', [0.04, 0.05], 'yield of 7-year Treasury bonds')
    >>> told.basis
    'constant maturity, averages over the month'
    """
    return MonthlySeries(
        f"yield_{maturity_years}y_average",
        f"yield of {maturity_years}-year Treasury bonds",
        yields,
        "yield",
        "constant maturity, averages over the month",
        origin,
    )


def bill_series(discount: pd.Series, origin: Provenance) -> MonthlySeries:
    """Cash in three-month bills, from averages of the rate of discount.

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> cash = bill_series(pd.Series([None, 0.03, 0.09], ends), origin)
    >>> cash.values.round(9).tolist() == [round((1 - 0.03 * 91 / 360) ** (-365 / 1092) - 1, 9)]
    True
    >>> five = pd.date_range("2026-01-31", periods=5, freq="ME")
    >>> bill_series(pd.Series([0.03, None, 0.03, 0.03, 0.03], five), origin).values.isna().tolist()
    [False, True, False, False]
    """
    return MonthlySeries(
        "bills",
        "three-month Treasury bills",
        bill_returns(discount.loc[discount.first_valid_index() :]),
        "return",
        "bought at last month's average rate of discount, accrued",
        origin,
    )


def price_series(cpi_u: pd.Series, origin: Provenance) -> list[MonthlySeries]:
    """Consumer prices, not seasonally adjusted, and their monthly change.

    Examples
    --------
    The change of a month that follows one without a figure is not known:

    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> prices = pd.Series([320.0, 328.0, 336.2, None, 340.0, 341.7], ends)
    >>> level, change = price_series(prices, origin)
    >>> change.values.round(9).tolist()
    [0.025, 0.025, nan, nan, 0.005]
    >>> level.quantity, change.quantity, f"{change.first:%Y-%m}"
    ('level', 'change', '2026-02')
    >>> level.basis, change.basis
    ('not seasonally adjusted, never revised', 'monthly change, not seasonally adjusted')
    """
    return [
        MonthlySeries(
            "cpi_u",
            "US consumer prices, all urban consumers, 1982-84 = 100",
            cpi_u,
            "level",
            "not seasonally adjusted, never revised",
            origin,
        ),
        MonthlySeries(
            "inflation",
            "US inflation, all urban consumers",
            cpi_u.pct_change(fill_method=None),
            "change",
            "monthly change, not seasonally adjusted",
            origin,
        ),
    ]


def gold_series(price: pd.Series, origin: Provenance) -> list[MonthlySeries]:
    """Gold, from averages of its price over the month: smoother than traded prices are.

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> price, gold = gold_series(pd.Series([2000.0, 2100.0, 2058.0], ends), origin)
    >>> gold.values.round(9).tolist(), gold.quantity, price.quantity
    ([0.05, -0.02], 'return', 'level')
    >>> five = pd.date_range("2026-01-31", periods=5, freq="ME")
    >>> _, gold = gold_series(pd.Series([2000.0, 2100, None, 2000, 2100], five), origin)
    >>> gold.values.round(9).tolist()
    [0.05, nan, nan, 0.05]
    >>> gold.basis
    "change of the month's average price; fixed by law to 1968; no storage, no costs"
    """
    averaged = "US dollars a troy ounce, averages over the month"
    return [
        MonthlySeries("gold_price", "price of gold", price, "level", averaged, origin),
        MonthlySeries(
            "gold",
            "gold",
            price.pct_change(fill_method=None),
            "return",
            "change of the month's average price; fixed by law to 1968; no storage, no costs",
            origin,
        ),
    ]


def core_inflation(core: pd.Series, origin: Provenance) -> MonthlySeries:
    """The monthly change of prices without food and energy, seasonally adjusted.

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> core = core_inflation(pd.Series([300.0, 303.0, 301.485], ends), origin)
    >>> core.values.round(9).tolist(), core.basis, core.label
    ([0.01, -0.005], 'without food and energy, seasonally adjusted', 'US core inflation')
    >>> five = pd.date_range("2026-01-31", periods=5, freq="ME")
    >>> gone = core_inflation(pd.Series([300.0, 303, None, 300, 303], five), origin)
    >>> gone.values.round(9).tolist()
    [0.01, nan, nan, 0.01]
    """
    return MonthlySeries(
        "core_inflation",
        "US core inflation",
        core.pct_change(fill_method=None).iloc[1:],
        "change",
        "without food and energy, seasonally adjusted",
        origin,
    )


def corporate_series(
    yields: pd.Series, grade: str, maturity_years: float, origin: Provenance
) -> list[MonthlySeries]:
    """Moody's seasoned yield, and the return repriced from it.

    Parameters
    ----------
    yields : Series by month end
        Annual decimals.
    grade : str
        ``aaa`` or ``baa``.
    maturity_years : float
        At which the yields are repriced.
    origin : Provenance

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> bonds, told = corporate_series(pd.Series([0.06, 0.06, 0.07], ends), "baa", 20, origin)
    >>> bonds.values.round(9).iloc[0].item(), bool(bonds.values.iloc[1] < -0.09)  # ten years of 1%
    (0.005, True)
    >>> bonds.name, told.name, told.label, bonds.quantity
    ('baa_corporate', 'baa_yield', 'Baa corporate yield', 'return')

    A month that nobody published is no return, nor is the one after it:

    >>> six = pd.date_range("2026-01-31", periods=6, freq="ME")
    >>> yields = pd.Series([None, 0.048, 0.048, None, 0.06, 0.05], six)
    >>> bonds, told = corporate_series(yields, "aaa", 5, origin)
    >>> gain = 0.06 / 12 + 0.01 * (1 - 1.025 ** (-2 * 59 / 12)) / 0.05
    >>> (bonds.values.iloc[:3] * 1000).tolist(), bool(abs(bonds.values.iloc[3] - gain) < 1e-12)
    ([4.0, nan, nan], True)
    >>> told.values.tolist(), told.label, bonds.label
    ([0.048, 0.048, nan, 0.06, 0.05], 'Aaa corporate yield', 'Aaa corporate bonds')
    >>> for one in corporate_series(yields.iloc[1:3], "baa", 7.5, origin):
    ...     print(one.basis)
    repriced at 7.5 years from averages over the month, without defaults
    seasoned bonds, averages over the month
    """
    yields = yields.loc[yields.first_valid_index() :]
    returns = bond_returns(yields, maturity_years)
    words = f"{grade.capitalize()} corporate"
    averaged = "averages over the month"
    basis = f"repriced at {maturity_years:g} years from {averaged}, without defaults"
    return [
        MonthlySeries(f"{grade}_corporate", f"{words} bonds", returns, "return", basis, origin),
        MonthlySeries(
            f"{grade}_yield",
            f"{words} yield",
            yields,
            "yield",
            f"seasoned bonds, {averaged}",
            origin,
        ),
    ]


def equity_series(
    name: str, returns: pd.Series, origin: Provenance, *, difference: bool = False
) -> MonthlySeries:
    """A portfolio of French's, or a factor: the difference of two.

    Parameters
    ----------
    name : str
    returns : Series
        Monthly decimals.
    origin : Provenance
    difference : bool
        Whether it is one portfolio less another.

    Returns
    -------
    MonthlySeries

    Examples
    --------
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=2, freq="ME")
    >>> [
    ...     equity_series("small_value", pd.Series(0.01, ends), origin, difference=difference).basis
    ...     for difference in (False, True)
    ... ]
    ['value weighted, before costs', 'long-short difference, before costs']
    >>> equity_series("small_value_high", pd.Series(0.01, ends), origin).label
    'small value high'
    """
    basis = "long-short difference, before costs" if difference else "value weighted, before costs"
    return MonthlySeries(name, name.replace("_", " "), returns, "return", basis, origin)


def month_ends(daily: pd.Series) -> pd.Series:
    """The last known value of each month; a last month that is not over yet is left out.

    Examples
    --------
    The last day's figure that is known counts for its month; a last month is over when its last
    figure is of the last four days:

    >>> days = ["2026-01-29", "2026-01-30", "2026-03-02", "2026-03-27", "2026-03-31"]
    >>> days = pd.to_datetime(days)
    >>> ends = month_ends(pd.Series([4.2, 4.1, 4.3, 4.512345, None], days))
    >>> ends.index.astype(str).tolist(), ends.tolist()
    (['2026-01-31', '2026-02-28', '2026-03-31'], [4.1, nan, 4.512345])
    >>> ends = month_ends(pd.Series([4.0, 4.1, 4.3, None, None], days))
    >>> ends.index.astype(str).tolist(), ends.tolist()
    (['2026-01-31'], [4.1])
    >>> early = pd.to_datetime(["2026-02-27", "2026-03-26"])  # five days before the end
    >>> month_ends(pd.Series([4.1, 4.4], early)).tolist()
    [4.1]
    >>> month_ends(pd.Series([4.3, None], days[2:4], name="DGS10"))
    Traceback (most recent call last):
    ...
    portlib.data.DataError: DGS10: no month is over among its days, to 2026-03-02
    """
    known = daily.dropna()
    month = pd.DatetimeIndex(known.index) + pd.offsets.MonthEnd(0)
    last = known.groupby(month).last()
    newest = pd.Timestamp(known.index[-1])
    if (month[-1] - newest).days > _LAST_DAYS:
        last = last.iloc[:-1]
    if last.empty:
        raise DataError(f"{daily.name}: no month is over among its days, to {newest:%Y-%m-%d}")
    index = pd.date_range(last.index[0], last.index[-1], freq="ME", name="month")
    return last.reindex(index)


def price_returns(prices: pd.DataFrame) -> pd.DataFrame:
    """Monthly returns of daily share prices that hold all income, as the TSP's do.

    Parameters
    ----------
    prices : DataFrame (days, funds)
        Dollars; a last month that is not over yet is left out.

    Returns
    -------
    DataFrame (months, funds)
        Decimals by month end, from the second month on.

    Examples
    --------
    >>> days = ["2026-01-30", "2026-02-13", "2026-02-27", "2026-03-31", "2026-04-10"]
    >>> prices = pd.DataFrame({"fund": [100.0, 90.0, 102.0, 96.9, 110.0]}, pd.to_datetime(days))
    >>> earned = price_returns(prices)["fund"]
    >>> earned.index.astype(str).tolist(), earned.round(9).tolist()  # 102 / 100, 96.9 / 102
    (['2026-02-28', '2026-03-31'], [0.02, -0.05])
    >>> days = pd.to_datetime(["2026-01-30", "2026-02-27", "2026-04-30", "2026-05-29"])
    >>> earned = price_returns(pd.DataFrame({"fund": [100.0, 102, 100, 102]}, days))["fund"]
    >>> earned.round(9).tolist()
    [0.02, nan, nan, 0.02]
    >>> price_returns(pd.DataFrame({"fund": [0.0, 102, 100, 102]}, days))["fund"].tolist()[0]
    nan
    """
    ends = pd.DataFrame({name: month_ends(prices[name]) for name in prices.columns})
    return ends.pct_change(fill_method=None).iloc[1:].replace([np.inf, -np.inf], np.nan)
