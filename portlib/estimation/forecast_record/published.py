"""Who expected what, of which class, over how long, and on which day could one have known it?

A forecast is a row: source, edition, the day from which it was known, horizon, asset class, the
expected return, whether that is a geometric or an arithmetic mean, nominal or real, and where it is
known the quartiles of those who were asked. It counts from the first whole month after the day on
which it was known; the date that a publisher prints on it plays no part.

Left out: forecasts of volatility, which the editions of `editions` carry, and survivors. A
publisher that stopped is not in any record that can be found today.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from portlib import data

#: What the expected figure is a mean of; some questionnaires do not say.
KINDS = ("geometric", "arithmetic", "unspecified")
BASES = ("nominal", "real")
COLUMNS = (
    "source",
    "edition",
    "known_on",
    "horizon_years",
    "asset_class",
    "expected",
    "kind",
    "basis",
    "low",
    "high",
)
#: An expected return beyond this is percent filed as a decimal.
PLAUSIBLE = 0.3


class ForecastError(ValueError):
    """A forecast or an outcome that cannot be used; names it and says what to do."""


class LookAhead(ForecastError):
    """Something that was not known yet on the day on which it would have been used."""


def first_month(known_on: str | pd.Timestamp) -> pd.Period:
    """The first whole month after the day on which something was known.

    Examples
    --------
    >>> first_month("2016-07-31"), first_month("1992-02-15")
    (Period('2016-08', 'M'), Period('1992-03', 'M'))
    """
    return pd.Timestamp(known_on).to_period("M") + 1


@dataclass(frozen=True, eq=False)
class Forecasts:
    """Published forecasts, one a row, validated once.

    Parameters
    ----------
    table : DataFrame
        The columns of `COLUMNS`: ``known_on`` a date; ``horizon_years`` above zero; ``expected``,
        ``low`` and ``high`` (lower and upper quartile of those asked, or missing) annual decimals;
        ``kind`` and ``basis`` out of `KINDS` and `BASES`.

    Raises
    ------
    ForecastError
        Naming the row, for a column that is missing, a figure or date that cannot be, quartiles
        the wrong way round, or a forecast that is given twice.

    Examples
    --------
    >>> row = {
    ...     "source": "A",
    ...     "edition": "2020",
    ...     "known_on": "2020-03-15",
    ...     "horizon_years": 10,
    ...     "asset_class": "shares",
    ...     "expected": 0.06,
    ...     "kind": "geometric",
    ...     "basis": "nominal",
    ...     "low": 0.05,
    ...     "high": 0.07,
    ... }
    >>> later = row | {"edition": "2021", "known_on": "2021-03-15", "low": None, "high": None}
    >>> bonds = row | {"asset_class": "bonds", "expected": 0.3, "low": 0.3, "high": 0.3}
    >>> said = Forecasts(pd.DataFrame([row, later, bonds]))
    >>> len(said), len(said.known_by("2021-03-14")), len(said.known_by("2021-03-15"))
    (3, 2, 3)
    >>> len(said.of("shares")), said.of("bonds").table["expected"].tolist()
    (2, [0.3])
    >>> said.of("gold", "bonds")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.forecast_record.published.ForecastError: no forecast of gold; there are ...

    It goes on in ``published.md``.
    """

    table: pd.DataFrame

    def __post_init__(self) -> None:
        if absent := [name for name in COLUMNS if name not in self.table]:
            raise ForecastError(f"forecasts: no column {', '.join(absent)}")
        rows = self.table[list(COLUMNS)].reset_index(drop=True).copy()
        rows["known_on"] = pd.to_datetime(rows["known_on"])
        for name in ("horizon_years", "expected", "low", "high"):
            rows[name] = rows[name].astype(float)
        figures = rows[["expected", "low", "high"]]
        faults = {
            "the day on which it was known is missing": rows["known_on"].isna(),
            "its horizon is not above zero": ~(rows["horizon_years"] > 0),
            "the expected return is missing": rows["expected"].isna(),
            "it is no annual decimal": (figures.abs() > PLAUSIBLE).any(axis=1),
            f"its kind is not one of {', '.join(KINDS)}": ~rows["kind"].isin(KINDS),
            f"its basis is not one of {', '.join(BASES)}": ~rows["basis"].isin(BASES),
            "its quartiles are the wrong way round": rows["low"] > rows["high"],
            "it is given twice": rows.duplicated(
                ["source", "edition", "horizon_years", "asset_class", "kind", "basis"]
            ),
        }
        for what, bad in faults.items():
            if bad.any():
                row = rows.iloc[int(bad.to_numpy().argmax())]
                raise ForecastError(
                    f"{row['source']}, {row['edition']}, {row['asset_class']}: {what}"
                )
        object.__setattr__(self, "table", rows)

    def __len__(self) -> int:
        return len(self.table)

    def known_by(self, day: str | pd.Timestamp) -> Forecasts:
        """Those that could have been read on `day` or before."""
        return Forecasts(self.table[self.table["known_on"] <= pd.Timestamp(day)])

    def of(self, *classes: str) -> Forecasts:
        """Those of some asset classes; `ForecastError` where there is none of one."""
        if unknown := sorted(set(classes) - set(self.table["asset_class"])):
            known = ", ".join(sorted(set(self.table["asset_class"])))
            raise ForecastError(f"no forecast of {', '.join(unknown)}; there are {known}")
        return Forecasts(self.table[self.table["asset_class"].isin(classes)])


def professional_forecasters() -> Forecasts:
    """Median ten-year forecasts of the Survey of Professional Forecasters, 1992 to 2024.

    Of ``us_large_equity`` (STOCK10), ``us_treasury_10y`` (BOND10), ``cash`` (BILL10) and
    ``inflation`` (CPI10), each first quarter, with the forecasters' quartiles to 2022. The survey
    does not say which mean it asks for. Until 2013 BOND10 asked for a bond's return, from 2014Q1 on
    for the average ten-year rate; BILL10 is a return or a rate. Published by the Federal Reserve
    Bank of Philadelphia. Raises `DataError` when the file is not what ``sources.yml`` says.

    Examples
    --------
    In the first quarter of 1992, published in the middle of February, the median forecast for
    shares was 10%, half of the forecasters between 8% and 11.1%:

    >>> said = professional_forecasters()
    >>> stocks = said.of("us_large_equity")
    >>> len(stocks), len(stocks.known_by("2016-12-31")), sorted(set(said.table["kind"]))
    (33, 25, ['unspecified'])
    >>> first = stocks.known_by("1992-02-15").table
    >>> first[["edition", "horizon_years", "basis", "expected", "low", "high"]].to_numpy().tolist()
    [['1992Q1', 10.0, 'nominal', 0.1, 0.08, 0.111]]
    """
    rows = data.table("spf_ten_year").rename(
        columns={"median": "expected", "lower_quartile": "low", "upper_quartile": "high"}
    )
    return Forecasts(
        rows.assign(
            source="Survey of Professional Forecasters",
            horizon_years=10,
            kind="unspecified",
            basis="nominal",
        )
    )


def horizon_survey() -> Forecasts:
    """Ten-year geometric means of Horizon Actuarial Services' surveys of advisers, 2015 to 2026.

    Of five classes in which the Thrift Savings Plan has a fund. A year is known from the day on
    which its report was out, where that day is not known from 31 August (see ``sources.yml``), not
    from the first of January to which the report refers.

    Examples
    --------
    The survey of 2016 printed 6.64% for large US companies, and was out by the end of July:

    >>> said = horizon_survey()
    >>> early = said.of("us_large_equity").known_by("2016-07-31").table
    >>> early[["edition", "expected", "kind", "basis"]].to_numpy().tolist()[-1]
    ['2016', 0.0664, 'geometric', 'nominal']
    >>> early["edition"].tolist(), set(said.table["horizon_years"])
    (['2015', '2016'], {10.0})
    """
    rows = data.table("horizon_ten_year").rename(columns={"geometric": "expected"})
    return Forecasts(
        rows.assign(
            source="Horizon survey of advisers",
            horizon_years=10,
            kind="geometric",
            basis="nominal",
            low=float("nan"),
            high=float("nan"),
        )
    )
