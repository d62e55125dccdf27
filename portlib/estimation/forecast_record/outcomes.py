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
from portlib.estimation.forecast_record.published import ForecastError, Forecasts, first_month
from portlib.ranges import door
from portlib.records import Array


def monthly(returns: pd.DataFrame) -> pd.DataFrame:
    """Returns by month.

    Raises
    ------
    ForecastError
        For an index that is not months in a row.
    """
    index = returns.index
    months = index if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index).to_period("M")
    if not (np.diff(months.astype("int64")) == 1).all():
        raise ForecastError("returns: months are not in sequence; sort them and close the gaps")
    return returns.set_axis(months)


@door()
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
        For a month that is missing inside the window.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=12, freq="M")
    >>> returns = pd.Series(0.01, months)
    >>> round(realised(returns, months[0], 1), 6) == round(1.01**12 - 1, 6)
    True
    >>> realised(returns, months[1], 1) is None
    True
    """
    last = first + round(12 * years) - 1
    if first < returns.index[0] or last > returns.index[-1]:
        return None
    window = returns.loc[first:last]
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
    """
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
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(by)


def root_mean_square(errors: Array) -> float:
    """Root of the mean squared error, bias included: what a user of the forecast was exposed to."""
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
    """
    ended = table
    if known_by is not None:
        ended = table[[last.end_time <= _end(known_by) for last in table["last"]]]
    if ended.empty:
        raise ForecastError(f"no forecast had run its course by {known_by}: there is no record yet")
    errors = ended.groupby("asset_class")["error"]
    return errors.agg(lambda e: root_mean_square(e.to_numpy(float))).rename("error")


def _end(day: str | pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp(day).normalize() + pd.Timedelta(days=1) - pd.Timedelta(1, "ns")
