"""What would this book's method have assumed and built on a day of the past, and what came?

On a day only what could be read then counts: the last median of the Survey of Professional
Forecasters (stocks, bonds, bills), the covariance of the five funds' months that had ended, the
errors of earlier forecasts whose ten years were over, and the weights at which the L Fund itself
stood. From that the anchored means (`portlib.construction.anchored`)::

    pi = rf + A sigma w,    mu = pi moved by the forecasts as far as they were sure

and the portfolio that expects most at the L Fund's own volatility, within the policy's bands around
it. Other US companies and companies abroad had no forecast: they are expected to earn what their
risk earns in the L Fund.

Left out: the limit on tracking error (the bands are narrower), costs of trading, the survey of
advisers, which is known from 2015 on only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction import anchored, mean_variance
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.estimation import forecast_record
from portlib.estimation.forecast_record import Forecasts, LookAhead
from portlib.estimation.forecast_record.published import first_month
from portlib.policy import Policy
from portlib.ranges import among
from portlib.records import Assumptions
from portlib.stewardship.real_plan.published import EQUITY, FUNDS

#: The survey's class whose forecast is that of each fund.
FORECAST = {"g": "cash", "f": "us_treasury_10y", "c": "us_large_equity"}
#: Where the policy's bands are wider: it calls the class cash.
CASH = "g"


@dataclass(frozen=True, eq=False)
class Built:
    """What was known on a day, and what was made of it.

    Attributes
    ----------
    known_on, first : the day, and the first month in which the weights can be held
    edition : the survey's
    assumptions : anchored, by fund, annual
    forecast : the survey's means by fund (geometric as asked); only the funds it speaks of
    errors : of forecasts, by fund, as the record stood
    reference, weights : by fund
    """

    known_on: pd.Timestamp
    first: pd.Period
    edition: str
    assumptions: Assumptions
    forecast: pd.Series
    errors: pd.Series
    reference: pd.Series
    weights: pd.Series

    @property
    def expected(self) -> float:
        """Arithmetic mean of the portfolio, annual."""
        return float(self.assumptions.mu @ self.weights.to_numpy(float))


def build(
    day: str | pd.Timestamp,
    reference: pd.Series,
    months: pd.DataFrame,
    forecasts: Forecasts,
    track: pd.DataFrame,
    *,
    policy: Policy,
) -> Built:
    """The method on a day.

    Parameters
    ----------
    day : on which everything must have been known.
    reference : weights by fund that the L Fund had on that day.
    months : returns of the funds by month end; later ones are left out here.
    forecasts : with editions by the day on which they were out.
    track : scored forecasts (`forecast_record.scored`), of which those over by the day count.
    policy : tau, how far errors go together, and the bands.

    Raises
    ------
    LookAhead
        For a day before the first forecast, or with fewer than 36 months of the funds before it.

    Examples
    --------
    On 30 June 2010 the edition of May counts, not those of February or August; the months that had
    ended, not the wild one of July; and the errors of forecasts that were over.

    >>> rng = np.random.default_rng(1)
    >>> ends = pd.date_range("2007-03-31", periods=41, freq="ME")  # to July 2010
    >>> months = pd.DataFrame(
    ...     0.02 * rng.standard_normal((41, 5)) * [0.1, 0.5, 2, 2.4, 2.2], ends, FUNDS
    ... )
    >>> months.iloc[-1] = 0.4
    >>> said = {"us_large_equity": 0.07, "us_treasury_10y": 0.045, "cash": 0.025}

    It goes on in ``as_of.md``.
    """
    now = pd.Timestamp(day)
    out = forecasts.known_by(now).table
    among("fund", FUNDS, months.columns)
    past = months[list(FUNDS)].dropna()
    past = past[past.index <= now]
    if out.empty or len(past) < 36:
        raise LookAhead(f"{now:%Y-%m-%d}: {len(out)} forecasts and {len(past)} months were known")
    last = out[out["edition"] == out["edition"].max()].set_index("asset_class")["expected"]
    said = pd.Series({fund: float(last[name]) for fund, name in FORECAST.items()})
    missed = forecast_record.forecast_errors(track, known_by=now)
    record = {
        "equity": float(missed["us_large_equity"]),
        "bonds": float(missed["us_treasury_10y"]),
        "cash": float(missed["cash"]),
    }
    sigma = 12 * past.cov().to_numpy(float)
    volatility = pd.Series(np.sqrt(np.diag(sigma)), list(FUNDS))
    rest = [fund for fund in FUNDS if fund not in FORECAST]
    means = said.reindex(list(FUNDS)).fillna(0.0)
    classes = Assumptions(
        list(FUNDS),
        means.to_numpy(float),
        sigma,
        float(said[CASH]),
        f"Survey of Professional Forecasters {out['edition'].max()}; covariance of {len(past)} "
        "months",
    )
    errors = pd.Series(
        {
            fund: record["cash"]
            if fund == CASH
            else record["bonds"]
            if fund not in EQUITY
            else record["equity"] * volatility[fund] / volatility["c"]
            for fund in FUNDS
        }
    )
    made = anchored.anchored(
        classes,
        reference=_by_fund(reference),
        errors=errors,
        tau=policy["black_litterman_tau"],
        shared=policy["shared_view_error"],
        author="Survey of Professional Forecasters",
        as_of=f"{now:%Y-%m-%d}",
        without=rest,
    )
    weights = best(made.assumptions, reference, policy["reference_bands"])
    edition = str(out["edition"].max())
    return Built(now, first_month(now), edition, made.assumptions, said, errors, reference, weights)


def best(assumptions: Assumptions, reference: pd.Series, bands: Mapping[str, float]) -> pd.Series:
    """Most expected at the reference's own volatility, inside the bands around it.

    Parameters
    ----------
    assumptions : Assumptions
    reference : Series
        Weights by class.
    bands : mapping
        Policy's ``reference_bands``.

    Returns
    -------
    Series
        Weights by class.

    Examples
    --------
    More is expected than of the reference, at no more risk:

    >>> told = Assumptions(
    ...     list(FUNDS),
    ...     [0.03, 0.04, 0.07, 0.08, 0.07],
    ...     np.diag([0.0001, 0.003, 0.025, 0.035, 0.03]),
    ...     0.03,
    ...     "invented",
    ... )
    >>> held = pd.Series([0.3, 0.1, 0.35, 0.1, 0.15], list(FUNDS))
    >>> found = best(told, held, {"share": 0.25, "points": 0.05, "cash": 0.1})
    >>> told.mean_of(found) > told.mean_of(held), told.risk_of(found) <= told.risk_of(held) + 1e-9
    (True, True)

    The risk is the reference's own and the whole is invested. Here S and F stand at the upper ends
    of their bands, a quarter and five points above their parts of equity and of the rest:

    >>> round(told.risk_of(found) - told.risk_of(held), 7), round(float(found.sum()), 9)
    (0.0, 1.0)
    >>> equity = found[["c", "s", "i"]].sum()
    >>> most = {"s": 1.25 * equity * 0.1 / 0.6 + 0.05, "f": 1.25 * (1 - equity) * 0.1 / 0.4 + 0.05}
    >>> bool(np.allclose(found[["s", "f"]], list(most.values()), atol=1e-6))
    True
    >>> narrow = best(told, held[::-1], {"share": 0.001, "points": 0.001, "cash": 0.001})
    >>> bool((narrow - held).abs().max() < 0.01)
    True
    >>> bands = {"share": 0.0, "points": 0.05}  # G has a band of its own
    >>> wide, tight = (best(told, held, {**bands, "cash": most}) for most in (0.2, 0.001))
    >>> bool(abs(wide - held)["g"] > 2 * abs(tight - held)["g"])
    True
    """
    among("fund", reference.index, FUNDS)
    among("weight of", FUNDS, reference.index)
    around = anchored.Reference(_by_fund(reference), EQUITY)
    held = anchored.Bands(bands["share"], bands["points"], {CASH: bands["cash"]})
    whole = pd.DataFrame(np.eye(len(FUNDS)), list(FUNDS), list(FUNDS))
    rules = [fully_invested(), long_only(), *held.limits(around, whole, "policy: reference_bands")]
    mandate = Mandate(list(FUNDS), rules)
    risk = assumptions.risk_of(reference.reindex(list(FUNDS)).to_numpy(float))
    found = mean_variance.frontier(assumptions, mandate).target_risk(risk)
    return pd.Series(found.w, list(FUNDS))


def _by_fund(weights: pd.Series) -> dict[str, float]:
    return {str(fund): float(weight) for fund, weight in weights.items()}


def came(
    built: Built, weights: pd.Series, months: pd.DataFrame, *, years: int | None = None
) -> float:
    """Geometric return a year of weights put back every month, from the month after the day.

    Over `years`, or to the last month. ValueError where the months do not reach so far.

    Parameters
    ----------
    built : Built
        What was known on the day.
    weights : Series
    months : DataFrame (months, classes)
        Monthly decimals.
    years : int, optional

    Returns
    -------
    float
        Annual decimal.

    Examples
    --------
    Weights of 0.1 to 0.4 by hand, put back every month; January, in which the day was, does not
    count.

    >>> from types import SimpleNamespace
    >>> built = SimpleNamespace(first=pd.Period("2026-02"))
    >>> ends = pd.date_range("2026-01-31", periods=16, freq="ME")
    >>> months = pd.DataFrame(
    ...     {fund: 0.001 * (n + np.arange(16)) for n, fund in enumerate(FUNDS)}, ends
    ... )
    >>> weights = pd.Series({"s": 0.1, "g": 0.4, "c": 0.3, "i": 0.05, "f": 0.15})
    >>> off = 0.001 * (0.15 + 2 * 0.3 + 3 * 0.1 + 4 * 0.05)
    >>> year = np.prod([1 + 0.001 * t + off for t in range(1, 13)]) - 1
    >>> bool(np.isclose(came(built, weights, months, years=1), year, rtol=1e-12))
    True
    >>> whole = np.prod([1 + 0.001 * t + off for t in range(1, 16)]) ** (12 / 15) - 1
    >>> bool(np.isclose(came(built, weights, months), whole, rtol=1e-12))
    True
    >>> came(built, weights, months.iloc[:13], years=1) == came(built, weights, months, years=1)
    True
    >>> came(built, weights, months, years=2)
    Traceback (most recent call last):
    ...
    ValueError: 15 months have passed since 2026-02, not 2
    >>> came(built, weights, months.iloc[:1])
    Traceback (most recent call last):
    ...
    ValueError: no month has passed since 2026-02
    """
    among("fund", weights.index, FUNDS)
    among("weight of", FUNDS, weights.index)
    among("fund", FUNDS, months.columns)
    after = months[list(FUNDS)][months.index >= built.first.start_time]
    if years is not None:
        if len(after) < 12 * years:
            raise ValueError(f"{len(after)} months have passed since {built.first}, not {years}")
        after = after.iloc[: 12 * years]
    if after.empty:
        raise ValueError(f"no month has passed since {built.first}")
    earned = after.to_numpy(float) @ weights.reindex(list(FUNDS)).to_numpy(float)
    return float(np.expm1(np.log1p(earned).mean() * 12))
