"""What would the adopted models have earned, asked on each day with what was known, after costs?

The models of a plan are made by a method: an engine, the policy's bands around its reference, its
limits, its risk aversion for a posture. The method is handed the editions of a record in turn
(`portlib.estimation.forecast_record`), each with the forecasts, risks and measured errors of its
day, and is held between them. Beside it, at the same months and the same cost of trading, stand
rules that need no method. With ``r`` a month's return and ``A`` the posture's risk aversion, a
record is worth::

    U = 12 mean(r) - A/2 12 var(r) = 12 mean(u),    u = r - A/2 (r - mean(r))^2

so that the difference of two records is a mean of months, with an error and a power
(`forecast_record.compare`).

A portfolio that breaks the policy's limit on tracking error is refused, as the models are; then
the reference with the same equity share is held, and it is counted.

Left out: funds (a record of classes has none), so expenses beyond what the series are net of, the
limit on single funds, and whole percents.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction import optimize
from portlib.construction.anchored import (
    Bands,
    Reference,
    anchored,
    forecast_errors,
    tracking_error,
)
from portlib.estimation.forecast_record import (
    Edition,
    ForecastError,
    Replay,
    compare,
    horizon_editions,
    professional_forecasters,
    replay,
    sample_editions,
    scored,
)
from portlib.estimation.forecast_record import forecast_errors as measured
from portlib.estimation.forecast_record.outcomes import monthly
from portlib.history import History
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among, door
from portlib.records import Array, Assumptions
from portlib.retirement.plan_menu import class_mandate, date_for, equity_share, series_of
from portlib.retirement.plan_menu.expectations import ANCHORED

#: What the method itself, and the reference at its equity share, are called in a record.
ADOPTED, REFERENCE = "the adopted method", "reference, same equity"


@dataclass(frozen=True, eq=False)
class Record:
    """The adopted method and its rivals over the same months, after costs.

    Attributes
    ----------
    replays : what each held and earned, by name; the first is `ADOPTED`.
    risk_aversion : of the posture.
    refused : editions at which the method's portfolio broke the limit on tracking error.
    equity : classes that count as equity.

    Examples
    --------
    Three SYNTHETIC months of a method and of a rule that holds cash, for a risk aversion of 4. The
    method earns 2%, 1% and -3% and the rule nothing, so the months are worth ``r - 2 r^2``, at a
    mean of nothing:

    >>> months = pd.period_range("2020-01", periods=3, freq="M")
    >>> def held(earned, stocks, traded):
    ...     weights = pd.DataFrame({"cash": 1 - np.array(stocks), "stocks": stocks})
    ...     return Replay(weights, pd.Series(earned, months), pd.Series(traded))
    >>> ours = held([0.02, 0.01, -0.03], [0.4, 0.7], [1.0, 0.3])
    >>> found = Record(
    ...     {ADOPTED: ours, "cash": held([0.0] * 3, [0.0], [1.0]), "the same": ours},
    ...     risk_aversion=4.0, refused=0, equity=("stocks",),
    ... )
    >>> table = found.table()
    >>> # -2 * (0.0004 + 0.0001 + 0.0009) / 3 a month; a volatility of sqrt(0.0014 / 2 * 12)
    >>> table.loc[ADOPTED, ["equity", "worth", "volatility", "turnover"]].round(6).tolist()
    [0.55, -0.0112, 0.091652, 1.2]
    >>> bool(np.isclose(table.loc[ADOPTED, "earned"], (1.02 * 1.01 * 0.97) ** 4 - 1))
    True
    >>> table.loc["cash"].tolist(), found.span
    ([0.0, 0.0, 0.0, 0.0, 0.0], '2020-01 to 2020-03, 0 years')
    >>> months = pd.period_range("2020-01", periods=14, freq="M")
    >>> year = held(np.linspace(0.01, 0.02, 14), [0.4], [1.0])
    >>> less = held(np.linspace(0.0, 0.02, 14), [0.4], [1.0])
    >>> longer = Record({ADOPTED: year, "less": less, "the same": year}, 4.0, 0, ())
    >>> longer.span, list(longer.differences().index)
    ('2020-01 to 2021-02, 1 year', ['less'])
    """

    replays: Mapping[str, Replay]
    risk_aversion: float
    refused: int
    equity: tuple[str, ...]

    @property
    def span(self) -> str:
        """First and last month, and how many years."""
        months = self.replays[ADOPTED].returns.index
        years = round(len(months) / 12)
        return f"{months[0]} to {months[-1]}, {years} year{'s' * (years != 1)}"

    def table(self) -> pd.DataFrame:
        """One row a rule: equity held on average, compound return and volatility a year, worth to
        the posture, turnover a year (annual decimals)."""
        rows = {}
        for name, run in self.replays.items():
            held = run.weights.loc[:, [label in self.equity for label in run.weights]]
            years = len(run.returns) / 12
            rows[name] = {
                "equity": float(held.sum(axis=1).mean()),
                "earned": run.growth,
                "volatility": run.volatility,
                "worth": 12 * float(self._worth(run).mean()),
                "turnover": float(run.turnover.iloc[1:].sum()) / years,
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def differences(self) -> pd.DataFrame:
        """Worth of the adopted method less that of each rival, a row a rival, as `compare` tests
        it; rivals that held the same every month are left out: there is nothing to test."""
        ours = self._worth(self.replays[ADOPTED])
        theirs = {n: self._worth(r) for n, r in self.replays.items() if n != ADOPTED}
        found = {n: compare(ours, x) for n, x in theirs.items() if not np.allclose(ours, x)}
        return pd.DataFrame(found).T

    def _worth(self, run: Replay) -> pd.Series:
        away = run.returns - run.returns.mean()
        return run.returns - self.risk_aversion / 2 * away**2


def record(
    editions: Sequence[Edition],
    returns: pd.DataFrame,
    policy: Policy,
    posture: str,
    *,
    reference: Callable[[Edition], Reference],
    rivals: Mapping[str, Callable[[Edition], float]],
) -> Record:
    """The method of a policy over a record, beside rivals that hold the reference at some equity
    share, and equal weights.

    Parameters
    ----------
    editions, returns : as for `portlib.estimation.forecast_record.replay`.
    policy, posture : the method, and for whom.
    reference : the market portfolio as it was known with an edition, over its classes.
    rivals : by name, the equity share that a rule holds at an edition.

    Returns
    -------
    Record

    Raises
    ------
    ValueError
        As the engine and `replay` do.

    Examples
    --------
    A year of SYNTHETIC returns after two from which the edition knows its averages; rivals hold the
    equity that their rules say:

    >>> from portlib import data, plan as plans
    >>> policy = plans.read(data.ROOT / "plan").policy
    >>> mean, risk = [0.006, 0.003, 0.001], [0.04, 0.01, 0.001]
    >>> drawn = np.random.default_rng(1).normal(mean, risk, (48, 3))
    >>> months = pd.period_range("2000-01", periods=48, freq="M")
    >>> returns = pd.DataFrame(drawn, months, ["us_large_equity", "us_core_bonds", "cash"])
    >>> market = Reference({"us_large_equity": 0.6, "us_core_bonds": 0.4}, ("us_large_equity",))
    >>> editions = past_editions(returns, first="2002-01", years=2)
    >>> def asked(posture, policy=policy):
    ...     return record(
    ...         editions, returns, policy, posture, reference=lambda edition: market,
    ...         rivals={"three tenths": lambda edition: 0.3},
    ...     )
    >>> found = asked("moderate")
    >>> found.span, found.refused, found.risk_aversion == policy["model_risk_aversion"]["moderate"]
    ('2002-01 to 2003-12, 2 years', 0, True)
    >>> list(found.replays)
    ['the adopted method', 'reference, same equity', 'three tenths', 'equal weights']
    >>> table = found.table()
    >>> table["equity"].round(3)[["three tenths", "equal weights"]].tolist()
    [0.3, 0.333]
    >>> bool(np.isclose(table.loc[ADOPTED, "equity"], table.loc[REFERENCE, "equity"]))
    True

    It goes on in ``record.md``.
    """
    among("posture", [posture], policy["model_risk_aversion"])
    refused: list[str] = []
    chosen: dict[str, Array] = {}
    for edition in editions:
        chosen[edition.name] = _adopted(edition, policy, posture, reference(edition), refused)
    equity = reference(editions[0]).equity

    def share(edition: Edition) -> float:
        is_equity = [label in equity for label in edition.assumptions.labels]
        return float(chosen[edition.name] @ is_equity)

    def spread(equity_share: Callable[[Edition], float]) -> Callable[[Edition], Array]:
        def method(edition: Edition) -> Array:
            held = reference(edition).at(equity_share(edition))
            return held.reindex(list(edition.assumptions.labels), fill_value=0.0).to_numpy(float)

        return method

    def even(edition: Edition) -> Array:
        n = len(edition.assumptions)
        return np.full(n, 1 / n)

    methods: dict[str, Callable[[Edition], Array]] = {
        ADOPTED: lambda edition: chosen[edition.name],
        REFERENCE: spread(share),
        **{name: spread(held) for name, held in rivals.items()},
        "equal weights": even,
    }
    cost = 2 * policy["backtest_trading_cost"]  # a dollar moved is sold and bought
    runs = {name: replay(editions, method, returns, cost=cost) for name, method in methods.items()}
    return Record(runs, policy["model_risk_aversion"][posture], len(refused), equity)


def _adopted(
    edition: Edition, policy: Policy, posture: str, around: Reference, refused: list[str]
) -> Array:
    """What the policy's engine holds from an edition on, within the bands and the limits."""
    told = edition.assumptions
    past = edition.errors
    errors = forecast_errors(
        told,
        {"equity": past["us_large_equity"], "bonds": past["us_core_bonds"], "cash": past["cash"]},
        equity=around.equity,
    )
    aversion = policy["model_risk_aversion"][posture]
    engine = policy["optimizer"]
    settings: dict[str, Any] = {}
    if engine == ANCHORED:
        told = anchored(
            told,
            reference=around.weights,
            errors=errors,
            tau=policy["black_litterman_tau"],
            shared=policy["shared_view_error"],
            author="forecasters",
            as_of=f"{edition.known_on:%Y-%m-%d}",
        ).assumptions
    if engine == "RESAMPLED":
        settings = {
            "years": 1 / policy["black_litterman_tau"],
            "resamples": policy["weight_interval"]["draws"],
            "seed": policy["scenario_seed"],
        }
    if engine == "ROBUST":
        rho = told.sigma / np.outer(told.volatility, told.volatility)
        settings = {
            "errors": rho * np.outer(errors, errors),
            "kappa": policy["robust_standard_errors"],
        }
    unit = pd.DataFrame(np.eye(len(told)), list(told.labels), list(told.labels))
    decided = policy["reference_bands"]
    wider = {name: points for name, points in decided.items() if name not in ("share", "points")}
    bands = Bands(decided["share"], decided["points"], wider)
    mandate = class_mandate(posture, told, policy=policy).also(
        *bands.limits(around, unit, "policy: reference_bands")
    )
    solver = "MARKOWITZ" if engine == ANCHORED else engine
    w = optimize(told, mandate, optimizer=solver, risk_aversion=aversion, **settings).weights
    if tracking_error(w, unit, around, told) <= policy["tracking_error_limit"]:
        return w.to_numpy(float)
    refused.append(edition.name)
    share = float(w[[label in around.equity for label in told.labels]].sum())
    return around.at(share).reindex(list(told.labels), fill_value=0.0).to_numpy(float)


@door()
def past_editions(
    returns: pd.DataFrame, *, first: str, years: float, months: int = 12
) -> list[Edition]:
    """Editions for a time of which no forecast is kept: what an average of the past would have
    said.

    Means and covariance (ddof 1, annual) of all months before, and the standard errors of those
    means as the errors of the forecasts.

    Parameters
    ----------
    returns : DataFrame (months, classes)
        Decimals; ``cash`` is the riskless rate.
    first : str
        The month of the first edition.
    years : float
        How many there are before it, at least.
    months : int
        From edition to edition.

    Returns
    -------
    list of Edition

    Raises
    ------
    ValueError
        Where there are fewer months than `years` before `first`.

    Examples
    --------
    An edition knows the months before it and no other; its errors are those of a mean of so many
    years:

    >>> months = pd.period_range("2000-01", periods=25, freq="M")
    >>> stocks = [0.02] * 6 + [0.04] * 6 + [-0.02] * 13
    >>> table = pd.DataFrame({"stocks": stocks, "cash": 0.001}, index=months)
    >>> first, second, third = past_editions(table, first="2001-01", years=1, months=6)
    >>> first.assumptions.mu.round(9).tolist(), round(first.assumptions.rf, 9)
    ([0.36, 0.012], 0.012)
    >>> # twelve months at 1% from their mean: 12 * 12 * 0.0001 / 11, over one year
    >>> round(float(first.assumptions.sigma[0, 0]), 9), round(float(first.errors["stocks"] ** 2), 9)
    (0.001309091, 0.001309091)
    >>> first.name, f"{first.known_on:%Y-%m-%d}", len(first.past), second.name, len(second.past)
    ('2001-01', '2000-12-31', 12, '2001-07', 18)
    >>> round(float(second.errors["stocks"] ** 2 / second.assumptions.sigma[0, 0]), 9)  # 1.5 years
    0.666666667
    >>> past_editions(table, first="2001-01", years=1.5)
    Traceback (most recent call last):
    ...
    ValueError: 2001-01: 12 months before it, fewer than 18
    """
    labels = list(map(str, returns))
    among("column", ["cash"], labels)
    found = []
    starts = returns.index[returns.index >= pd.Period(first, "M")][::months]
    for start in starts:
        past = returns[returns.index < start]
        if len(past) < 12 * years:
            raise ValueError(f"{start}: {len(past)} months before it, fewer than {12 * years:.0f}")
        mu = 12 * past.mean().to_numpy(float)
        sigma = 12 * past.cov().to_numpy(float)
        made = Assumptions(
            labels, mu, sigma, rf=float(mu[labels.index("cash")]), source=f"months before {start}"
        )
        errors = pd.Series(np.sqrt(np.diag(sigma) / (len(past) / 12)), labels)
        day = (start - 1).to_timestamp(how="end").normalize()
        found.append(Edition(str(start), day, made, past, errors))
    return found


# ---- the records that there are ------------------------------------------------------------------

#: Series of the open record that stand for classes, from when all five funds exist.
FUNDS = {
    "tsp_g": "cash",
    "tsp_f": "us_core_bonds",
    "tsp_c": "us_large_equity",
    "tsp_s": "us_small_equity",
    "tsp_i": "intl_dev_equity",
}
#: What part of US equity is its large companies, by value: the fund of the others follows the rest
#: of the market, about a fifth of it.
LARGE = 0.8
#: Years over which a forecast of ten years is in doubt where none has run its course yet.
HORIZON = 10


def over_history(
    plan: Plan, posture: str, history: History, long: pd.DataFrame
) -> dict[str, Record]:
    """The plan's method over every record that there is, by what informed it.

    ``survey``: five classes of the Thrift Savings Plan, the advisers' survey edition by edition
    from 2016. ``forecasters``: three classes of it, the professional forecasters' ten-year numbers
    from 1992. ``averages``: four US classes from 1959, averages of the months before, since no
    forecasts of then are kept.

    Parameters
    ----------
    history : the open record (`portlib.history.open_record`).
    long : monthly returns by month of ``us_market``, ``small_blend``, ``aaa_corporate``, ``bills``.

    Examples
    --------
    The long record, cut off after three of its editions, begins with 1959:

    >>> from portlib import plan as plans
    >>> from portlib.history import open_record
    >>> from unittest import mock
    >>> ours, old = plans.read(data.ROOT / "plan"), data.history().loc[:"1961-12"]
    >>> ours = replace(ours, policy=ours.policy.replace(turnover_limit=0.19))
    >>> with mock.patch(f"{over_history.__module__}.record", wraps=record) as handed:
    ...     records = over_history(ours, "growth", open_record(), old)
    >>> records["averages"].span, {name: run.risk_aversion for name, run in records.items()} == {
    ...     name: ours.policy["model_risk_aversion"]["growth"]
    ...     for name in ("survey", "forecasters", "averages")
    ... }
    ('1959-01 to 1961-12, 3 years', True)

    It goes on in ``record.md``.
    """
    funds = monthly(
        pd.concat([history[name].values for name in FUNDS], axis=1).rename(columns=FUNDS)
    )
    came = pd.DataFrame(
        {
            "us_large_equity": history["tsp_c"].values,
            "us_treasury_10y": history["tsp_f"].values,
            "cash": history["bills"].values,
        }
    ).sort_index()
    told = professional_forecasters()
    track = scored(told.of(*came), came.loc[came.first_valid_index() :])
    names = {"us_treasury_10y": "us_core_bonds"}
    three = funds[["cash", "us_core_bonds", "us_large_equity"]]
    three = three.loc[three.dropna().index[0] :]
    asked = told.of(*came).table.replace({"asset_class": names})
    forecast = replace(told, table=asked)
    columns = ["bills", "aaa_corporate", "us_market", "small_blend"]
    among("column", columns, long.columns)
    averages = monthly(long[columns])
    averages.columns = ["cash", "us_core_bonds", "us_large_equity", "us_small_equity"]
    found = {
        "survey": (horizon_editions(funds, track=track), funds),
        "forecasters": (_with_errors(sample_editions(forecast, three), track), three),
        "averages": (past_editions(averages, first="1959-01", years=HORIZON), averages),
    }
    whole = Reference(plan.policy["reference_portfolio"], plan.equity_classes)
    return {
        name: record(
            [replace(edition, errors=edition.errors.rename(names)) for edition in editions],
            returns,
            plan.policy,
            posture,
            reference=lambda edition: _market(whole, edition),
            rivals=_rivals(plan, whole, returns),
        )
        for name, (editions, returns) in found.items()
    }


def _rivals(
    plan: Plan, whole: Reference, returns: pd.DataFrame
) -> dict[str, Callable[[Edition], float]]:
    """Equity shares of rules that need no method; the default is that of somebody who retires when
    the record ends.

    Examples
    --------
    Of a record from 2010 on, fifteen years before its end the example plan's series holds 76%, ten
    before it 69%:

    >>> from types import SimpleNamespace
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> half = Reference({"us_large_equity": 0.45, "cash": 0.55}, ("us_large_equity",))
    >>> months = [SimpleNamespace(in_force=pd.Period(m, "M")) for m in ("2011-01", "2016-01")]
    >>> returns = pd.DataFrame(index=pd.period_range("2010-01", "2026-01", freq="M"))
    >>> rules = _rivals(ours, half, returns)
    >>> {name: [round(held(month), 9) for month in months] for name, held in rules.items()}
    {'the market portfolio': [0.45, 0.45], '60/40': [0.6, 0.6], "the plan's default": [0.76, 0.69]}
    >>> none = replace(ours, rules={**ours.rules, "default": None})
    >>> list(_rivals(none, half, returns))
    ['the market portfolio', '60/40']
    """
    end = returns.index[-1]
    rules: dict[str, Callable[[Edition], float]] = {
        "the market portfolio": lambda _: whole.equity_share,
        "60/40": lambda _: 0.6,
    }
    if plan.rules["default"] is not None:
        rules["the plan's default"] = lambda edition: default_equity(
            plan, (end - edition.in_force).n / 12
        )
    return rules


@door()
def default_equity(plan: Plan, years: float) -> float:
    """The equity share of the plan's default for somebody so many years from retirement.

    Examples
    --------
    Fifteen years from retirement the example plan's series holds 76% equity, five after it 38%:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> round(default_equity(ours, 15.0), 9), round(default_equity(ours, -9.0), 9)
    (0.76, 0.38)
    >>> bonds = replace(ours, rules={**ours.rules, "default": "BNDIDX"})
    >>> default_equity(bonds, 15.0)
    0.0
    """
    named = plan.rules["default"]
    fund = date_for(plan, years) if named == series_of(plan) else str(named)
    return float(equity_share(plan)[fund])


def _with_errors(editions: Sequence[Edition], track: pd.DataFrame) -> list[Edition]:
    """Editions with the errors known on their day; where no forecast had run its course, the luck
    of ten years.

    Examples
    --------
    A window ends with 2001; before its last day a risk of 16% a year is luck of 16 / sqrt 10:

    >>> told = Assumptions(["shares", "cash"], [0.06, 0.03], np.diag([0.0256, 0.0001]))
    >>> past = pd.DataFrame(columns=["shares", "cash"], index=pd.PeriodIndex([], freq="M"))
    >>> days = pd.to_datetime(["2001-12-30", "2001-12-31"])
    >>> unknown = pd.Series(dtype=float)
    >>> editions = [Edition(f"{day:%d}", day, told, past, unknown) for day in days]
    >>> track = pd.DataFrame({"asset_class": ["shares"], "error": [-0.04]})
    >>> track["last"] = pd.PeriodIndex(["2001-12"], freq="M")
    >>> before, on = _with_errors(editions, track)
    >>> before.errors.round(6).to_dict(), on.errors.to_dict(), before.name
    ({'shares': 0.050596, 'cash': 0.003162}, {'shares': 0.04}, '30')
    """
    found = []
    for edition in editions:
        luck = edition.assumptions.volatility / HORIZON**0.5
        errors = pd.Series(luck, list(edition.assumptions.labels))
        with contextlib.suppress(ForecastError):
            errors = measured(track, known_by=edition.known_on)
        found.append(replace(edition, errors=errors))
    return found


def _market(whole: Reference, edition: Edition) -> Reference:
    """The reference over an edition's classes, its equity by region as last known on the day.

    Examples
    --------
    Of 60% equity 43.34% were in the United States from July 2011 on and 58.61% from July 2021, of
    which four fifths are large companies:

    >>> from types import SimpleNamespace
    >>> names = ("us_large_equity", "us_small_equity", "intl_dev_equity")
    >>> whole = Reference({"us_large_equity": 0.4, "intl_dev_equity": 0.2, "cash": 0.4}, names)
    >>> told = SimpleNamespace(labels=("cash", "us_core_bonds", *names))
    >>> def held(day):
    ...     edition = SimpleNamespace(assumptions=told, known_on=pd.Timestamp(day))
    ...     return [round(w, 6) for w in _market(whole, edition).weights.values()]
    >>> # 0.6 * 0.8 * 0.4334, 0.6 * 0.2 * 0.4334 and 0.6 * 0.5666
    >>> held("2021-07-30")
    [0.4, 0.208032, 0.052008, 0.33996]
    >>> held("2021-07-31")[1:]  # 0.6 * 0.8 * 0.5861, 0.6 * 0.2 * 0.5861 and 0.6 * 0.4139
    [0.281328, 0.070332, 0.24834]
    >>> home = SimpleNamespace(assumptions=SimpleNamespace(labels=("us_large_equity", "cash")))
    >>> {name: round(w, 9) for name, w in sorted(_market(whole, home).weights.items())}
    {'cash': 0.4, 'us_large_equity': 0.6}
    """
    labels = edition.assumptions.labels
    if "intl_dev_equity" not in labels:
        return whole.among(labels)
    shares = data.table("world_equity_us_share")["us_share"]
    us = float(shares[pd.to_datetime(shares.index) <= edition.known_on].iloc[-1])
    equity = whole.equity_share
    held = {
        "us_core_bonds": 1 - equity,
        "us_large_equity": LARGE * us * equity,
        "us_small_equity": (1 - LARGE) * us * equity,
        "intl_dev_equity": (1 - us) * equity,
    }
    return Reference(held, whole.equity)
