"""What came of each forecast, and how far was it off?

    error = outcome - forecast

over the forecast's own horizon, from the first whole month after it was known. A geometric forecast
is compared with what the months compounded to, a year; an arithmetic one with the average of the
horizon's twelve-month returns; one that does not say which with the former. A window that is not
over yet has no outcome and is not scored.

Left out: real forecasts, which need prices; taxes and, unless the returns are net of them, costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from portlib.estimation.forecast_record.overlap import independent_windows
from portlib.estimation.forecast_record.published import (
    KINDS,
    ForecastError,
    Forecasts,
    first_month,
)
from portlib.ranges import POSITIVE, among, door
from portlib.records import Array

#: What `summary` tells of a group.
SUMMARY = [
    "forecasts",
    "decades",
    "bias",
    "error",
    "spread of errors",
    "spread of forecasts",
    "spread of outcomes",
    "correlation",
]


def monthly(returns: pd.DataFrame) -> pd.DataFrame:
    """Returns by month.

    Raises
    ------
    ForecastError
        For an index that is not months in a row.

    Examples
    --------
    >>> days = pd.to_datetime(["2019-12-31", "2020-01-31", "2020-02-29"])
    >>> monthly(pd.DataFrame({"cash": [0.001, 0.002, 0.003]}, days)).index.astype(str).tolist()
    ['2019-12', '2020-01', '2020-02']
    >>> for wrong in ([0, 2], [1, 0], [0, 0, 1]):  # a gap, backwards, one twice
    ...     try:
    ...         monthly(pd.DataFrame({"cash": 0.001}, days[wrong]))
    ...     except ForecastError as error:
    ...         print(error)
    returns: months are not in sequence; sort them and close the gaps
    returns: months are not in sequence; sort them and close the gaps
    returns: months are not in sequence; sort them and close the gaps
    """
    index = returns.index
    dated = index if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index)
    months = dated.asfreq("M") if isinstance(dated, pd.PeriodIndex) else dated.to_period("M")
    if not (np.diff(months.astype("int64")) == 1).all():
        raise ForecastError("returns: months are not in sequence; sort them and close the gaps")
    return returns.set_axis(months)


@door(years=POSITIVE)
def realised(
    returns: pd.Series, first: pd.Period, years: float, kind: str = "geometric"
) -> float | None:
    """What a class earned a year from month `first` on over `years`; None while that is not over.

    Parameters
    ----------
    returns : Series
        Monthly decimals by month (`Period`).
    first : Period
        The first month of the window.
    years : float
        Its length.
    kind : str
        Geometric (and unspecified): the compound return. Arithmetic: the average of the window's
        twelve-month returns.

    Returns
    -------
    float or None
        Annual decimal.

    Raises
    ------
    ForecastError
        For a month that is missing inside the window, a kind that there is not, a window of less
        than a month, and an arithmetic mean of other than whole years.

    Examples
    --------
    Two years in which nothing moved but in May of the first, by half, and in September of the
    second, by a fifth: ``1.5 * 1.2 = 1.8`` compounds to ``sqrt(1.8) - 1`` a year; the years' own
    returns average 35%.

    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> returns = pd.Series(0.0, months, name="shares")
    >>> returns["2020-05"], returns["2021-09"] = 0.5, 0.2
    >>> round(realised(returns, months[0], 2), 9), round(1.8**0.5 - 1, 9)
    (0.341640786, 0.341640786)
    >>> round(realised(returns, months[0], 2, "arithmetic"), 9)
    0.35
    >>> round(realised(returns, months[18], 0.5), 9)  # half a year of 20%, twice
    0.44
    >>> realised(returns, months[1], 2) is None, realised(returns, months[0] - 1, 1) is None
    (True, True)
    >>> realised(returns, months[5], 1.25)  # June to August
    0.0
    >>> seven = realised(returns, months[14], 0.58)  # to September: 6.96 months are seven
    >>> round(seven, 9) == round(1.2 ** (1 / 0.58) - 1, 9)
    True
    >>> round(realised(returns, months[0], 2, "unspecified"), 9)
    0.341640786
    >>> for years, kind in ((1.25, "arithmetic"), (2, "median"), (0, "geometric")):
    ...     try:
    ...         realised(returns, months[0], years, kind)
    ...     except ValueError as said:
    ...         print(said)
    an average of twelve-month returns needs whole years, not 1.25
    no kind 'median'; there are geometric, arithmetic, unspecified
    years is 0: give a number above 0
    >>> realised(returns.replace(0.2, np.nan), months[12], 1)
    Traceback (most recent call last):
    ...
    portlib.estimation.forecast_record.published.ForecastError: shares: no return for 2021-09

    It goes on in ``outcomes.md``.
    """
    among("kind", [kind], KINDS, error=ForecastError)
    if kind == "arithmetic" and round(12 * years) % 12:
        raise ForecastError(f"an average of twelve-month returns needs whole years, not {years:g}")
    count = round(12 * years)
    if not count:
        raise ForecastError(f"a window of {years:g} years holds no month")
    last = first + count - 1
    if first < returns.index[0] or last > returns.index[-1]:
        return None
    window = returns.reindex(pd.period_range(first, last, freq="M"))
    if window.isna().any():
        raise ForecastError(f"{returns.name}: no return for {window.index[window.isna()][0]}")
    growth = np.log1p(window.to_numpy(float))
    if kind == "arithmetic":
        return float(np.expm1(growth.reshape(-1, 12).sum(axis=1)).mean())
    return float(np.expm1(growth.sum() / years))


@door()
def scored(
    forecasts: Forecasts, returns: pd.DataFrame, *, years: float | None = None
) -> pd.DataFrame:
    """Each forecast whose window is over, with what came of it.

    Parameters
    ----------
    forecasts : Forecasts
        Nominal ones; those of classes that `returns` lacks are left out.
    returns : DataFrame
        Monthly decimals by month, one column an asset class.
    years : float, optional
        Score over so many years instead of each forecast's horizon: what a ten-year forecast was
        worth to somebody who looked after five.

    Returns
    -------
    DataFrame
        `forecasts`' columns with ``first`` and ``last`` (months), ``outcome`` and ``error``.

    Raises
    ------
    ForecastError
        For real forecasts, and as `realised` does.

    Examples
    --------
    Forecasts for a year, known at the end of 2019 and in the middle of December 2020, of shares
    that rose by half in May 2020 and by a fifth in December 2021; nobody has returns of gold:

    >>> said = {
    ...     "known_on": ["2019-12-31", "2020-12-15", "2019-12-31"],
    ...     "asset_class": ["shares", "shares", "gold"],
    ...     "expected": [0.06, 0.05, 0.02],
    ... }
    >>> more = {"source": "A", "horizon_years": 1, "kind": "geometric", "low": None, "high": None}
    >>> table = pd.DataFrame(said).assign(edition=["2020", "2021", "2020"], **more)
    >>> forecasts = Forecasts(table.assign(basis="nominal"))
    >>> months = pd.period_range("2020-01", periods=24, freq="M")
    >>> returns = pd.DataFrame({"shares": 0.0}, months)
    >>> returns.loc["2020-05"], returns.loc["2021-12"] = 0.5, 0.2
    >>> found = scored(forecasts, returns)
    >>> found[["edition", "outcome", "error"]].round(9).to_numpy().tolist()
    [['2020', 0.5, 0.44], ['2021', 0.2, 0.15]]
    >>> found[["first", "last"]].astype(str).to_numpy().tolist()
    [['2020-01', '2020-12'], ['2021-01', '2021-12']]

    It goes on in ``outcomes.md``.
    """
    months = monthly(returns)
    rows = forecasts.table[forecasts.table["asset_class"].isin(months.columns)]
    if (rows["basis"] == "real").any():
        raise ForecastError("real forecasts need real returns: deflate the returns and say nominal")
    windows: list[tuple[pd.Period, pd.Period]] = []
    outcomes: list[float] = []
    for row in rows.to_dict("records"):
        first = first_month(row["known_on"])
        horizon = float(row["horizon_years"] if years is None else years)
        series = months[row["asset_class"]]
        known = series.loc[series.first_valid_index() :]
        outcome = realised(known, first, horizon, row["kind"])
        windows.append((first, first + round(12 * horizon) - 1))
        outcomes.append(np.nan if outcome is None else outcome)
    found = rows.assign(
        first=pd.PeriodIndex([first for first, _ in windows], freq="M"),
        last=pd.PeriodIndex([last for _, last in windows], freq="M"),
        outcome=outcomes,
    )
    found = found[found["outcome"].notna()].reset_index(drop=True)
    return found.assign(error=found["outcome"] - found["expected"])


def summary(table: pd.DataFrame, by: str = "asset_class") -> pd.DataFrame:
    """Errors of scored forecasts, one row a group, annual decimals.

    Parameters
    ----------
    table : DataFrame
        As `scored` gives it.
    by : str
        The column that groups it.

    Returns
    -------
    DataFrame
        ``forecasts``, independent ``decades`` (the span over the horizon), ``bias`` (mean outcome
        less forecast), ``error`` (root mean square, bias included), ``spread of errors`` (standard
        deviation, ddof 1), ``spread of forecasts``, ``spread of outcomes`` and the ``correlation``
        of the two.

    Examples
    --------
    Three windows of two years that begin a year apart span four years, two windows' length. Errors
    of 2, -1 and 4 points average ``5/3`` and have the root mean square ``sqrt(21 / 3)``:

    >>> from statistics import correlation, stdev
    >>> first = pd.PeriodIndex(["2000-01", "2001-01", "2002-01", "2000-01", "2001-01"], freq="M")
    >>> table = pd.DataFrame(
    ...     {
    ...         "asset_class": ["shares"] * 3 + ["bonds"] * 2,
    ...         "first": first,
    ...         "last": first + 23,
    ...         "expected": [0.05, 0.06, 0.08, 0.03, 0.02],
    ...         "outcome": [0.07, 0.05, 0.12, 0.06, 0.03],
    ...     }
    ... )
    >>> table["error"] = table["outcome"] - table["expected"]
    >>> found = summary(table)
    >>> found.loc["shares", ["forecasts", "decades", "bias", "error"]].round(6).tolist()
    [3.0, 2.0, 0.016667, 0.026458]
    >>> spreads = found.filter(like="spread of").loc["shares"]  # of errors, forecasts, outcomes
    >>> x, y = [0.05, 0.06, 0.08], [0.07, 0.05, 0.12]
    >>> np.allclose(spreads, [stdev([0.02, -0.01, 0.04]), stdev(x), stdev(y)])
    True
    >>> bool(np.isclose(found.loc["shares", "correlation"], correlation(x, y)))
    True
    >>> list(found.index), bool(np.isnan(found.loc["bonds", "correlation"]))  # two are no relation
    (['shares', 'bonds'], True)
    >>> by_first = summary(table, by="first")
    >>> by_first["forecasts"].tolist(), by_first.index.name
    ([2, 2, 1], 'first')

    It goes on in ``outcomes.md``.
    """
    among("column", [by, "first", "last", "error", "expected", "outcome"], table.columns)
    rows = {}
    for name, part in table.groupby(by, sort=False):
        enough = len(part) > 2
        rows[name] = {
            "forecasts": len(part),
            "decades": independent_windows(part["first"], part["last"]),
            "bias": part["error"].mean(),
            "error": root_mean_square(part["error"].to_numpy(float)),
            "spread of errors": part["error"].std(ddof=1),
            "spread of forecasts": part["expected"].std(ddof=1),
            "spread of outcomes": part["outcome"].std(ddof=1),
            "correlation": part["expected"].corr(part["outcome"]) if enough else np.nan,
        }
    return pd.DataFrame(list(rows.values()), index=list(rows), columns=SUMMARY).rename_axis(by)


def root_mean_square(errors: Array) -> float:
    """Root of the mean squared error, bias included: what a user of the forecast was exposed to.

    Examples
    --------
    >>> round(root_mean_square(np.array([0.03, -0.01, 0.02])), 9), round((14 / 3) ** 0.5 / 100, 9)
    (0.021602469, 0.021602469)
    """
    return float(np.sqrt(np.mean(np.square(errors))))


def forecast_errors(
    table: pd.DataFrame, *, known_by: str | pd.Timestamp | None = None
) -> pd.Series:
    """Root mean squared error by class: how sure a forecast was, on the evidence of those before
    it.

    Parameters
    ----------
    table : DataFrame
        As `scored` gives it.
    known_by : date, optional
        Only windows that had ended by that day count.

    Returns
    -------
    Series
        Annual decimals by class; classes without an ended window are absent.

    Raises
    ------
    ForecastError
        Where there is none at all.

    Examples
    --------
    A window that ends with December 2001 has ended on the evening of the last day:

    >>> last = pd.PeriodIndex(["2001-12", "2002-12", "2001-06"], freq="M")
    >>> classes = ["shares", "shares", "bonds"]
    >>> table = pd.DataFrame({"asset_class": classes, "last": last, "error": [0.03, -0.01, -0.02]})
    >>> forecast_errors(table, known_by="2001-12-31").to_dict()
    {'bonds': 0.02, 'shares': 0.03}
    >>> forecast_errors(table, known_by="2001-12-30").to_dict()
    {'bonds': 0.02}
    >>> round(float(forecast_errors(table)["shares"]), 9), round((10 / 2) ** 0.5 / 100, 9)
    (0.02236068, 0.02236068)
    >>> forecast_errors(table, known_by="2001-06-29")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.forecast_record.published.ForecastError: no forecast had run its course ...

    It goes on in ``outcomes.md``.
    """
    among("column", ["asset_class", "error"], table.columns, error=ForecastError)
    ended = table
    if known_by is not None:
        among("column", ["last"], table.columns, error=ForecastError)
        ended = table[[last.end_time <= _end(known_by) for last in table["last"]]]
    if ended.empty:
        raise ForecastError(f"no forecast had run its course by {known_by}: there is no record yet")
    errors = ended.groupby("asset_class")["error"]
    return errors.agg(lambda e: root_mean_square(e.to_numpy(float))).rename("error")


def _end(day: str | pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp(day).normalize() + pd.Timedelta(days=1) - pd.Timedelta(1, "ns")
