"""What could an optimiser have been given when an edition came out?

Weights are made at the end of the month in which an edition could first be read, and held from the
next month on. So an edition is the survey's assumptions, the returns of the months up to and with
that one, which has ended when the weights begin, and how far earlier forecasts had missed whose
time was over on the edition's own day. Nothing else is in it: whatever chooses weights from an
edition cannot look ahead, because there is nothing ahead in it.

A geometric mean becomes an arithmetic one by the volatility of the same classes. Volatilities were
not found for every year, correlations not for the last; the last ones known before stand in,
never a later one and no interpolation.

Forecasters who publish means alone are given the covariance of those same months.

Left out: editions of the advisers' survey before 2016, whose volatilities were not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib import data
from portlib.compounding import geometric_to_arithmetic
from portlib.estimation.forecast_record.outcomes import forecast_errors, monthly
from portlib.estimation.forecast_record.published import (
    ForecastError,
    Forecasts,
    LookAhead,
    first_month,
    horizon_survey,
)
from portlib.records import Array, Assumptions

#: The classes of the survey in which the Thrift Savings Plan has a fund.
CLASSES = (
    "cash",
    "us_core_bonds",
    "us_large_equity",
    "us_small_equity",
    "intl_dev_equity",
)


@dataclass(frozen=True, eq=False)
class Edition:
    """Everything that was known when weights made from it begin, and nothing more.

    Parameters
    ----------
    name : str
        The edition, as its publisher calls it.
    known_on : Timestamp
        The day from which it could be read; weights made from it count from the next whole month.
    assumptions : Assumptions
        Arithmetic means and covariance of the classes, annual decimals.
    past : DataFrame
        Monthly returns of the same classes, in their order, by month; missing before a class began.
    errors : Series
        Root mean squared error, by class, of earlier forecasts whose time was over; may be empty.

    Raises
    ------
    LookAhead
        When `past` holds a month that has not ended when the edition comes into force.
    ForecastError
        When `past` has other classes than the assumptions.

    Examples
    --------
    Weights made in mid-February count from March; no edition may hold March's return:

    >>> past = pd.DataFrame({"cash": [0.001]}, pd.PeriodIndex(["2020-03"], freq="M"))
    >>> told = Assumptions(["cash"], [0.02], [[0.0]])
    >>> late = pd.Timestamp("2020-02-15")
    >>> Edition("2020", late, told, past.head(0), pd.Series(dtype=float)).in_force
    Period('2020-03', 'M')
    >>> ends = pd.period_range("2020-02", periods=2, freq="M")
    >>> both = pd.DataFrame({"cash": [0.002, 0.001]}, ends)
    >>> Edition("2020", late, told, both, pd.Series(dtype=float))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    portlib.estimation.forecast_record.published.LookAhead: edition 2020, known on 2020-02-15, ...

    It goes on in ``editions.md``.
    """

    name: str
    known_on: pd.Timestamp
    assumptions: Assumptions
    past: pd.DataFrame
    errors: pd.Series

    def __post_init__(self) -> None:
        if tuple(self.past.columns) != self.assumptions.labels:
            raise ForecastError(
                f"edition {self.name}: returns of {', '.join(self.past.columns)} beside "
                f"assumptions of {', '.join(self.assumptions.labels)}; give both in one order"
            )
        if len(self.past) and self.past.index.max() >= self.in_force:
            raise LookAhead(
                f"edition {self.name}, known on {self.known_on:%Y-%m-%d}, holds the return of "
                f"{self.past.index.max()}, which has not ended when its weights begin"
            )

    @property
    def in_force(self) -> pd.Period:
        """The first month in which weights made from it can be held."""
        return first_month(self.known_on)


def horizon_editions(
    returns: pd.DataFrame, *, track: pd.DataFrame | None = None, first: str = "2016"
) -> list[Edition]:
    """The survey's editions in order, each with what was known when it came into force.

    Parameters
    ----------
    returns : DataFrame
        Monthly decimals by month, one column for each of `CLASSES`; each edition is given the
        months before it is in force.
    track : DataFrame, optional
        Scored forecasts (`outcomes.scored`), of which each edition is given the errors known then.
    first : str
        The earliest edition wanted.

    Raises
    ------
    ForecastError
        For a class that `returns` lacks, or an edition before the first known volatilities.

    Examples
    --------
    The survey of 2018 printed 6.07% (geometric) for large US companies, 2.48% for cash and a
    correlation of 0.89 of large with small companies. Its risks were not found; those of 2017,
    16.58% and 20.22%, stand in. It was out by the end of August:

    >>> months = pd.period_range("2015-01", "2020-12", freq="M")
    >>> returns = pd.DataFrame(0.001, months, CLASSES[::-1])
    >>> editions = horizon_editions(returns, first="2018")
    >>> edition = editions[0]
    >>> edition.name, str(edition.in_force), str(edition.past.index[-1]), len(editions)
    ('2018', '2018-09', '2018-08', 9)
    >>> edition.assumptions.labels == CLASSES == tuple(edition.past)
    True
    >>> mu, sigma = edition.assumptions.mu, edition.assumptions.sigma
    >>> round(float(sigma[2, 3] / (0.89 * 0.1658 * 0.2022)), 9)
    1.0
    >>> round(float((1 + mu[2]) / (1 + sigma[2, 2] / (1 + mu[2]) ** 2) ** 0.5 - 1), 9)  # its median
    0.0607
    >>> round(edition.assumptions.rf, 4), round(0.0248 + 0.0297**2 / 2, 4), len(edition.errors)
    (0.0252, 0.0252, 0)
    >>> editions[-1].assumptions.source
    'Horizon survey 2026, ten years; correlations of 2025'

    It goes on in ``editions.md``.
    """
    if absent := [name for name in CLASSES if name not in returns]:
        raise ForecastError(f"returns: no column {', '.join(absent)}")
    months = monthly(returns[list(CLASSES)])
    means = horizon_survey().table.pivot(index="edition", columns="asset_class", values="expected")
    rows = data.table("horizon_ten_year")
    days = pd.to_datetime(rows.groupby("edition")["known_on"].first())
    risks = rows.pivot(index="edition", columns="asset_class", values="volatility").dropna()
    found = []
    for name in means.index[means.index >= first]:
        if not (risks.index <= name).any():
            raise ForecastError(f"edition {name}: no volatilities are known from then or before")
        risk = risks.loc[risks.index[risks.index <= name][-1], list(CLASSES)].to_numpy(float)
        year, correlation = _correlation(name)
        mu = geometric_to_arithmetic(means.loc[name, list(CLASSES)].to_numpy(float), risk)
        source = f"Horizon survey {name}, ten years; correlations of {year}"
        assumptions = Assumptions(
            CLASSES, mu, correlation * np.outer(risk, risk), rf=float(mu[0]), source=source
        )
        day = days[name]
        errors = pd.Series(dtype=float)
        if track is not None:
            errors = forecast_errors(track, known_by=day)
        past = months[months.index < first_month(day)]
        found.append(Edition(str(name), day, assumptions, past, errors))
    return found


def sample_editions(
    forecasts: Forecasts, returns: pd.DataFrame, *, track: pd.DataFrame | None = None
) -> list[Edition]:
    """Editions of forecasters who publish means alone: risks are those of the months before.

    Parameters
    ----------
    forecasts : Forecasts
        Of one source and horizon; an edition counts when it has every class of `returns`.
    returns : DataFrame
        Monthly decimals by month, one column a class. The covariance of an edition is twelve times
        that (ddof 1) of the months before it is in force in which all classes were known.
    track : DataFrame, optional
        As in `horizon_editions`. The risk-free rate of each edition is its mean of ``cash``, or
        zero where that is not among the classes.

    Raises
    ------
    ForecastError
        For an edition before which fewer than 24 months are known, and for real forecasts.

    Examples
    --------
    A forecaster publishes geometric means of two classes in the middle of January 2022, and a year
    later of one: that edition does not count. The months before February are 25, of which shares
    knew 24:

    >>> months = pd.period_range("2020-01", periods=26, freq="M")
    >>> shares = pd.Series([np.nan, *[0.03, -0.02] * 12, 0.5], months)
    >>> bills = pd.Series([0.001, 0.003] * 13, months)
    >>> returns = pd.DataFrame({"shares": shares, "cash": bills})
    >>> said = {
    ...     "edition": ["2022", "2022", "2023"],
    ...     "known_on": ["2022-01-10", "2022-01-15", "2023-01-15"],
    ...     "asset_class": ["cash", "shares", "shares"],
    ...     "expected": [0.02, 0.06, 0.05],
    ... }
    >>> more = {"source": "A", "horizon_years": 10, "basis": "nominal", "low": None, "high": None}
    >>> table = pd.DataFrame(said).assign(**more)
    >>> geometric = Forecasts(table.assign(kind="geometric"))
    >>> (edition,) = sample_editions(geometric, returns)
    >>> edition.name, str(edition.known_on.date()), len(edition.past), edition.assumptions.source
    ('2022', '2022-01-15', 25, 'A 2022; covariance of 24 months to 2022-01')
    >>> told = edition.assumptions
    >>> # every month 2.5 points from the mean, divisor 23; cash 0.1 points up when shares are up
    >>> np.allclose(told.sigma[0] * 23 / 24 / 12, [0.025**2, 0.025 * 0.001])
    True
    >>> shares = told.mu[0]
    >>> round(float((1 + shares) / (1 + told.sigma[0, 0] / (1 + shares) ** 2) ** 0.5 - 1), 9)
    0.06
    >>> bool(told.rf == told.mu[1])
    True
    >>> (plain,) = sample_editions(Forecasts(table.assign(kind="arithmetic")), returns)
    >>> plain.assumptions.mu.tolist(), plain.assumptions.rf, len(plain.errors)
    ([0.06, 0.02], 0.02, 0)

    It goes on in ``editions.md``.
    """
    months = monthly(returns)
    labels = tuple(months.columns)
    told = forecasts.of(*labels).table
    if (told["basis"] == "real").any():
        raise ForecastError("real forecasts need real returns: deflate the returns and say nominal")
    found = []
    for name, rows in told.groupby("edition"):
        mean = rows.set_index("asset_class")["expected"].reindex(list(labels))
        if mean.isna().any():
            continue
        day = rows["known_on"].max()
        past = months[months.index < first_month(day)]
        known = past.dropna()
        if len(known) < 24:
            raise ForecastError(f"edition {name}: only {len(known)} months of returns before it")
        sigma = 12 * known.cov().to_numpy(float)
        mu = geometric_to_arithmetic(mean.to_numpy(float), np.sqrt(np.diag(sigma)))
        if (rows["kind"] == "arithmetic").all():
            mu = mean.to_numpy(float)
        rf = float(mu[labels.index("cash")]) if "cash" in labels else 0.0
        source = (
            f"{rows['source'].iloc[0]} {name}; covariance of {len(known)} months to {day:%Y-%m}"
        )
        errors = pd.Series(dtype=float)
        if track is not None:
            errors = forecast_errors(track, known_by=day)
        assumptions = Assumptions(labels, mu, sigma, rf=rf, source=source)
        found.append(Edition(str(name), day, assumptions, past, errors))
    return sorted(found, key=lambda edition: edition.known_on)


def _correlation(edition: str) -> tuple[str, Array]:
    """The last correlations known with an edition, and of which year they are."""
    rows = data.table("horizon_correlations_by_edition")
    year = max(rows.loc[rows["edition"] <= edition, "edition"])
    matrix = pd.DataFrame(np.eye(len(CLASSES)), CLASSES, CLASSES)
    for row in rows[rows["edition"] == year].itertuples():
        matrix.loc[row.row_class, row.column_class] = row.correlation
        matrix.loc[row.column_class, row.row_class] = row.correlation
    return str(year), matrix.to_numpy()
