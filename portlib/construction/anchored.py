"""How far may published forecasts move a portfolio away from what all investors hold?

Start from the returns at which the market portfolio ``w`` would be the best to hold, and let the
forecasts ``q`` move them as far as they are sure::

    pi = rf + A sigma w,    A = w'(q - rf) / w'sigma w
    mu = pi + G (q - pi),   G = tau sigma V' (tau V sigma V' + omega)^-1

``A`` takes the level of returns from the forecasts (the market portfolio earns what they say), so
that only their differences compete with the market's. ``omega`` is the *measured* error of
forecasts: what the record of past ones shows, or where there is no record the spread of providers,
whichever is larger. ``V`` picks the classes on which somebody publishes: a class without a forecast
gets none, and is expected to earn what its risk earns in the market portfolio.

Around the market portfolio stands a band for every class, and a limit on the tracking error
against the market portfolio *with the same equity share*, ``w(s) = s e + (1 - s) b``: how much
equity is held is the posture's decision, how it is spread is this module's.

Sources: Sharpe (1974), Black and Litterman (1992), Theil (1963); the error in place of a stated
confidence is ours. Left out: whether the market portfolio is efficient; currency; views about
anything but the means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from portlib.construction.black_litterman import Posterior, equilibrium, posterior
from portlib.construction.mandate import Limit
from portlib.construction.views import View, ViewError
from portlib.ranges import RETURN, SHARE, among, door, number, numbers
from portlib.records import Array, Assumptions

# ---- the reference ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Reference:
    """A portfolio of classes that can be had at any equity share.

    Parameters
    ----------
    weights : by class; not negative, summing to one, with some equity and something else.
    equity : the classes that count as equity.

    Raises ViewError for weights that are none.

    Examples
    --------
    60% equity, three quarters of it at home; at another share each half keeps its parts.

    >>> ours = Reference({"home": 0.45, "world": 0.15, "bonds": 0.4}, ("world", "home"))
    >>> round(ours.equity_share, 9), ours.at(0.8).round(9).to_dict()
    (0.6, {'home': 0.6, 'world': 0.2, 'bonds': 0.2})
    >>> {name: round(w, 9) for name, w in ours.among(["bonds", "home"]).weights.items()}
    {'home': 0.6, 'bonds': 0.4}

    A fund of half home shares and half bonds is set against the reference at 50%; gold, which is no
    equity, against its bonds.

    >>> held = {"home": [0.5, 0.0], "bonds": [0.5, 0.0], "gold": [0.0, 1.0]}
    >>> funds = pd.DataFrame(held, ["F", "G"])
    >>> ours.of_things(funds).round(9).to_dict("index")["F"]
    {'home': 0.375, 'bonds': 0.5, 'gold': 0.0, 'world': 0.125}
    >>> ours.of_things(funds).loc["G", "bonds"].item()
    1.0
    >>> ours.at(1.2)
    Traceback (most recent call last):
    ...
    ValueError: an equity share lies between 0 and 1, not 1.2
    >>> ours.among(["bonds"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: nothing of the reference's equity is among bonds: ...
    >>> Reference({"home": 60, "bonds": 40}, ("home",))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...ViewError: the reference's weights must be positive and sum to one ...
    >>> Reference({"home": 1.0}, ("home",))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: the reference holds 100% equity: ...

    It goes on in ``anchored.md``.
    """

    weights: Mapping[str, float]
    equity: tuple[str, ...]

    def __post_init__(self) -> None:
        held = {str(name): float(w) for name, w in self.weights.items() if w != 0}
        object.__setattr__(self, "weights", held)
        values = np.array(list(held.values()))
        if not (np.isfinite(values).all() and (values > 0).all() and abs(values.sum() - 1) < 1e-6):
            raise ViewError(
                f"the reference's weights must be positive and sum to one (0.40 for 40%), not "
                f"{held}"
            )
        share = sum(w for name, w in held.items() if name in self.equity)
        if not 0 < share < 1:
            raise ViewError(
                f"the reference holds {share:.0%} equity: it needs some, and something else, to be "
                "had at every equity share"
            )

    @property
    def equity_share(self) -> float:
        """What part of it is equity."""
        return sum(w for name, w in self.weights.items() if name in self.equity)

    def at(self, equity_share: float) -> pd.Series:
        """The reference with this equity share, 0 to 1: weights by class, summing to one."""
        if not 0 <= equity_share <= 1:
            raise ValueError(f"an equity share lies between 0 and 1, not {equity_share}")
        return pd.Series(self._at(equity_share), name="reference")

    def _at(self, equity_share: float) -> dict[str, float]:
        scale = {
            True: equity_share / self.equity_share,
            False: (1 - equity_share) / (1 - self.equity_share),
        }
        return {name: w * scale[name in self.equity] for name, w in self.weights.items()}

    def among(self, classes: Collection[str]) -> Reference:
        """The same of these classes alone, equity and the rest each scaled up to their old
        shares."""
        held = {name: w for name, w in self.weights.items() if name in classes}
        share = sum(w for name, w in held.items() if name in self.equity)
        if not 0 < share < sum(held.values()):
            raise ViewError(
                f"nothing of the reference's {'rest' if share else 'equity'} is among "
                f"{', '.join(classes)}: a menu without it has no portfolio at this reference"
            )
        rest = sum(held.values()) - share
        scale = {True: self.equity_share / share, False: (1 - self.equity_share) / rest}
        return Reference(
            {name: w * scale[name in self.equity] for name, w in held.items()}, self.equity
        )

    def of_things(self, exposures: pd.DataFrame) -> pd.DataFrame:
        """For things (funds, or the classes themselves) with exposures to classes (things,
        classes), the reference at each one's own equity share: a row a thing. It is linear in the
        weights: weights times these rows are the reference at the whole portfolio's equity share.
        """
        names, rows = self.rows(exposures)
        return pd.DataFrame(rows, index=exposures.index, columns=names)

    def rows(self, exposures: pd.DataFrame) -> tuple[list[str], Array]:
        """The classes of `of_things`, and its rows as an array (things, classes)."""
        return self._rows(exposures.columns.tolist(), exposures.to_numpy(float))

    def _rows(self, classes: Sequence[str], exposures: Array) -> tuple[list[str], Array]:
        share = _among(list(self.equity), classes, exposures).sum(axis=1)
        names = list(dict.fromkeys([*map(str, classes), *self.weights]))
        ends = [self._at(equity) for equity in (1.0, 0.0)]
        all_equity, none = (np.array([end.get(name, 0.0) for name in names]) for end in ends)
        return names, np.outer(share, all_equity) + np.outer(1 - share, none)


@dataclass(frozen=True)
class Bands:
    """How far a class may stand from its weight in the reference: ``share`` of that weight and
    ``points`` more on either side; for the classes in ``wider``, the points given there.

    A class of the reference can so never vanish, and one outside it never lead.

    Attributes
    ----------
    share : float
        Of the class's weight in the reference, decimal.
    points : float
        Of the whole portfolio, decimal.
    wider : mapping
        Points by class, instead of `points`.

    Examples
    --------
    Half of a class's weight and two points on either side, five for bonds. At 50% equity the
    reference holds 0.375, 0.125 and 0.5 of bonds; of a portfolio of 0.18, 0.32, 0.4 and 0.1 of gold

    >>> ours = Reference({"home": 0.45, "world": 0.15, "bonds": 0.4}, ("world", "home"))
    >>> names = ["home", "world", "bonds", "gold"]
    >>> each = pd.DataFrame(np.eye(4), names, names)
    >>> found = Bands(0.5, 0.02, {"bonds": 0.05}).limits(ours, each, "4.1")
    >>> a = Assumptions(names, [0.05] * 4, np.eye(4))
    >>> w = dict(zip(names, [0.18, 0.32, 0.4, 0.1]))
    >>> {limit.name: round(limit.excess(w, a), 6) for limit in found if limit.excess(w, a) > -0.1}
    {'least home': -0.0125, 'most world': 0.1125, 'most gold': 0.08}
    >>> # 0.375 / 2 - 0.02 - 0.18; 0.32 - 1.5 * 0.125 - 0.02; 0.10 - 0 - 0.02
    >>> {limit.name: round(limit.excess(w, a), 6) for limit in found if "bonds" in limit.name}
    {'least bonds': -0.2}
    >>> # 0.5 / 2 - 0.05 - 0.4; and half as much again as the reference no portfolio can hold
    >>> [limit.name for limit in found if "gold" in limit.name], found[0].clause
    (['most gold'], '4.1')
    >>> Bands(50, 0.02, {})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: the share of a band is 50: ...

    It goes on in ``anchored.md``.
    """

    share: float
    points: float
    wider: Mapping[str, float]

    def __post_init__(self) -> None:
        number("the share of a band", self.share, **SHARE)
        number("the points of a band", self.points, **SHARE)
        numbers("the points of a wider band", list(self.wider.values()), **SHARE)

    def limits(self, reference: Reference, exposures: pd.DataFrame, clause: str) -> list[Limit]:
        """Two limits a class, for a mandate of things with these exposures (things, classes)."""
        things = [str(name) for name in exposures.index]
        return self.limits_of(
            reference, things, exposures.columns.tolist(), exposures.to_numpy(float), clause
        )

    def limits_of(
        self,
        reference: Reference,
        things: Sequence[str],
        classes: Sequence[str],
        exposures: Array,
        clause: str,
    ) -> list[Limit]:
        """`limits`, of plain names and exposures (things, classes)."""
        names, around = reference._rows(classes, exposures)
        held = _among(names, classes, exposures)
        lows = (held - (1 - self.share) * around).T.tolist()
        highs = (held - (1 + self.share) * around).T.tolist()
        unit = "exposure"
        found: list[Limit] = []
        for name, least, most in zip(names, lows, highs, strict=True):
            points = self.wider.get(name, self.points)
            if name in reference.weights:
                low = dict(zip(things, least, strict=True))
                found.append(Limit(f"least {name}", low, lower=-points, unit=unit, clause=clause))
            if max(most) > 0:
                high = dict(zip(things, most, strict=True))
                found.append(Limit(f"most {name}", high, upper=points, unit=unit, clause=clause))
        return found


def _among(names: Sequence[str], known: Sequence[str], values: Array) -> Array:
    """Columns by name, zero where there is none, (rows, names)."""
    where = {name: column for column, name in enumerate(known)}
    made = np.zeros((len(values), len(names)))
    for column, name in enumerate(names):
        if name in where:
            made[:, column] = values[:, where[name]]
    return made


def tracking_error(
    weights: pd.Series, exposures: pd.DataFrame, reference: Reference, classes: Assumptions
) -> float:
    """Annual tracking error against the reference with the same equity share, looking through.

    Own risks of funds are left out: they are not a departure from the reference.

    Parameters
    ----------
    weights : Series
        By thing (fund or class).
    exposures : DataFrame (things, classes)
        What each holds.
    reference : Reference
        What is departed from.
    classes : Assumptions
        Whose covariance measures the departure.

    Returns
    -------
    float
        Annual decimal.

    Examples
    --------
    At 50% equity the reference is 0.375, 0.125, 0.5: 0.175 less at home and more abroad.

    >>> ours = Reference({"home": 0.45, "world": 0.15, "bonds": 0.4}, ("world", "home"))
    >>> names = ["bonds", "world", "home"]
    >>> sigma = [[0.01, 0.0, 0.0], [0.0, 0.09, 0.03], [0.0, 0.03, 0.04]]
    >>> classes = Assumptions(names, [0.03, 0.08, 0.07], sigma)
    >>> funds = pd.DataFrame(np.eye(3), names, names)
    >>> w = pd.Series({"home": 0.2, "world": 0.3, "bonds": 0.5})
    >>> round(tracking_error(w, funds, ours, classes) ** 2 / 0.175**2, 9)  # 0.04 + 0.09 - 0.06
    0.07
    >>> tracking_error(w, funds[:2], ours, classes)
    Traceback (most recent call last):
    ...
    ValueError: weights and exposures are of different things: home
    >>> tracking_error(w, funds, ours, classes.select(["bonds", "home"]))
    Traceback (most recent call last):
    ...
    ValueError: the assumptions lack world

    It goes on in ``anchored.md``.
    """
    if absent := sorted(set(weights.index) ^ set(exposures.index)):
        raise ValueError(f"weights and exposures are of different things: {', '.join(absent)}")
    away = exposures.sub(reference.of_things(exposures), fill_value=0.0)
    if lost := [name for name in away.columns if name not in classes.labels and away[name].any()]:
        raise ValueError(f"the assumptions lack {', '.join(lost)}")
    away = away.reindex(columns=list(classes.labels), fill_value=0.0)
    numbers("a weight", weights, least=-1.5, most=1.5)
    d = weights.reindex(exposures.index).to_numpy(float) @ away.to_numpy(float)
    square = float(d @ classes.sigma @ d)
    return max(square, 0.0) ** 0.5


# ---- the means --------------------------------------------------------------------------------


def implied_price_of_risk(classes: Assumptions, reference: Mapping[str, float]) -> float:
    """The risk aversion at which the reference earns what the assumptions expect of it.

    Parameters
    ----------
    classes : Assumptions
        Annual decimals.
    reference : mapping
        Weights by class.

    Returns
    -------
    float
        ``A = w'(mu - rf) / w'sigma w``.

    Raises
    ------
    ValueError
        Where they expect no more than cash: nothing can then be inferred. For weights of classes
        that they lack, and weights that sum to more than one.

    Examples
    --------
    60/40 is expected to earn ``0.6 * 0.05 + 0.4 * 0.02 = 0.038`` over cash, with a variance of
    ``0.36 * 0.04 + 2 * 0.24 * 0.005 + 0.16 * 0.01 = 0.0184``.

    >>> sigma = [[0.01, 0.005], [0.005, 0.04]]
    >>> a = Assumptions(("bonds", "stocks"), [0.04, 0.07], sigma, rf=0.02)
    >>> bool(np.isclose(implied_price_of_risk(a, {"stocks": 0.6, "bonds": 0.4}), 0.038 / 0.0184))
    True
    >>> implied_price_of_risk(a, {"stocks": 60, "bonds": 40})
    Traceback (most recent call last):
    ...
    ValueError: the reference's weights sum to 100, more than one
    >>> implied_price_of_risk(a, {"stocks": 0.6, "gold": 0.4})
    Traceback (most recent call last):
    ...
    ValueError: the reference holds gold, which the assumptions do not cover
    >>> implied_price_of_risk(Assumptions(("a",), [0.02], [[0.04]], rf=0.02), {"a": 1.0})
    Traceback (most recent call last):
    ...
    ValueError: the reference is expected to earn 0.0000 over cash: no price of risk fits that

    It goes on in ``anchored.md``.
    """
    if unknown := sorted(set(reference) - set(classes.labels)):
        raise ValueError(
            f"the reference holds {', '.join(unknown)}, which the assumptions do not cover"
        )
    held = numbers("the reference's weight", list(reference.values()))
    if held.sum() > 1 + 1e-6:
        raise ValueError(f"the reference's weights sum to {held.sum():.6g}, more than one")
    w = np.array([reference.get(name, 0.0) for name in classes.labels])
    excess = float(w @ (classes.mu - classes.rf))
    variance = float(w @ classes.sigma @ w)
    if not excess > 0 or not variance > 0:
        raise ValueError(
            f"the reference is expected to earn {excess:.4f} over cash: no price of risk fits that"
        )
    return excess / variance


def forecast_errors(
    classes: Assumptions,
    record: Mapping[str, float],
    *,
    equity: Collection[str],
    spread: pd.Series | None = None,
) -> pd.Series:
    """Standard deviation of a forecast's error by class, annual decimals.

    Parameters
    ----------
    record : measured errors, by kind: ``equity`` (of US large companies), ``bonds`` (of core
        bonds), ``cash``. Other classes of a kind take the same error per unit of volatility.
    spread : standard deviation of the providers by class; used where it is larger, since
        forecasters who differ by more than the record's error cannot all be that sure.

    Examples
    --------
    The record's error of 3 points on large companies is 4.5 on a class of half as much volatility
    again; providers who differ by more than the record overrule it.

    >>> names = ["cash", "us_long_bonds", "em_equity", "us_large_equity", "us_core_bonds"]
    >>> sd = np.array([0.01, 0.10, 0.30, 0.20, 0.05])
    >>> a = Assumptions(names, [0.03] * 5, np.diag(sd**2))
    >>> record = {"equity": 0.03, "bonds": 0.01, "cash": 0.004}
    >>> equity = ["us_large_equity", "em_equity"]
    >>> forecast_errors(a, record, equity=equity).round(9).tolist()
    [0.004, 0.02, 0.045, 0.03, 0.01]
    >>> apart = pd.Series({"us_core_bonds": 0.005, "us_long_bonds": 0.025, "cash": np.nan})
    >>> forecast_errors(a, record, equity=equity, spread=apart).round(9).tolist()
    [0.004, 0.025, 0.045, 0.03, 0.01]
    >>> forecast_errors(a, {"equity": 0.03, "cash": 0.004}, equity=equity)
    Traceback (most recent call last):
    ...
    ValueError: no measured error of bonds

    It goes on in ``anchored.md``.
    """
    if lacking := {"equity", "bonds", "cash"} - set(record):
        raise ValueError(f"no measured error of {', '.join(sorted(lacking))}")
    numbers("a measured error", list(record.values()), **RETURN)
    volatility = pd.Series(classes.volatility, index=list(classes.labels))
    base = {"equity": "us_large_equity", "bonds": "us_core_bonds"}
    found = {}
    for name in classes.labels:
        kind = "cash" if name == "cash" else "equity" if name in equity else "bonds"
        at = base.get(kind, "")  # cash, which may have no risk, stands for itself
        scale = float(volatility[name] / volatility[at]) if at in volatility.index else 1.0
        found[name] = record[kind] * scale
    errors = pd.Series(found, name="error")
    if spread is None:
        return errors
    return errors.combine(spread.reindex(errors.index), np.fmax)


@dataclass(frozen=True, eq=False)
class Anchored:
    """Assumptions whose means start from the reference's and are moved by forecasts.

    Attributes
    ----------
    assumptions : to be optimised
    posterior : the weighing behind them
    risk_aversion : the price of risk taken from the forecasts
    table : by class, annual decimals: ``implied``, ``forecast`` (NaN: nobody publishes one),
        ``error``, ``expected``
    """

    assumptions: Assumptions
    posterior: Posterior
    risk_aversion: float
    table: pd.DataFrame


@door()
def anchored(
    classes: Assumptions,
    *,
    reference: Mapping[str, float],
    errors: pd.Series,
    tau: float,
    shared: float,
    author: str,
    as_of: str,
    without: Sequence[str] = (),
) -> Anchored:
    """Expected returns that start from the reference's and follow forecasts as far as these are
    sure.

    Parameters
    ----------
    classes : forecasts, risks and the riskless rate.
    reference : weights by class.
    errors : standard deviation of each forecast's error, annual decimals (`forecast_errors`).
    tau : variance of the implied means as a share of the variance of returns; 1 / years.
    shared : how far errors go together, as for `posterior`.
    author, as_of : who stands for the forecasts, and on which day.
    without : classes on which nobody publishes; their means in `classes` are not looked at.

    Raises ViewError for a class without an error, and as `posterior` does.

    Examples
    --------
    Of a market of 60/40 that is expected to earn 3.8% over cash the price of risk is 0.038/0.0184;
    from the means that it implies the forecasts move them, here by Bayes' rule with inverses.

    >>> sigma = np.array([[0.01, 0.005, 0.002], [0.005, 0.04, 0.01], [0.002, 0.01, 0.09]])
    >>> a = Assumptions(("bonds", "stocks", "gold"), [0.04, 0.07, 0.5], sigma, rf=0.02)
    >>> settings = {"reference": {"stocks": 0.6, "bonds": 0.4}, "without": ["gold"], "tau": 0.05}
    >>> settings |= {"errors": pd.Series({"stocks": 0.03, "bonds": 0.01}), "shared": 0.0}
    >>> found = anchored(a, author="analyst", as_of="2026-11-21", **settings)
    >>> implied = 0.02 + 0.038 / 0.0184 * sigma @ [0.4, 0.6, 0.0]
    >>> P, omega = np.eye(3)[:2], np.diag([0.01**2, 0.03**2])
    >>> prior = np.linalg.inv(0.05 * sigma)
    >>> right = prior @ implied + P.T @ np.linalg.inv(omega) @ [0.04, 0.07]
    >>> mean = np.linalg.solve(prior + P.T @ np.linalg.inv(omega) @ P, right)
    >>> np.allclose(found.table["expected"], mean), np.allclose(found.table["implied"], implied)
    (True, True)
    >>> found.table["forecast"].tolist(), found.table["error"].tolist()
    ([0.04, 0.07, nan], [0.01, 0.03, nan])
    >>> np.allclose(found.assumptions.mu, mean), np.allclose(found.assumptions.sigma, sigma)
    (True, True)
    >>> round(found.risk_aversion * 0.0184, 9)
    0.038
    >>> anchored(a, author="analyst", as_of="2026-11-21", **settings | {"without": []})
    Traceback (most recent call last):
    ...
    portlib.construction.views.ViewError: no error of the forecast is given for gold

    It goes on in ``anchored.md``.
    """
    among("asset", without, classes.labels, error=ViewError)
    told = [name for name in classes.labels if name not in without]
    if lost := [name for name in told if not float(errors.get(name, np.nan)) > 0]:
        raise ViewError(f"no error of the forecast is given for {', '.join(lost)}")
    told_of = classes if not without else classes.select(told)
    aversion = implied_price_of_risk(told_of, {k: w for k, w in reference.items() if k in told})
    prior = equilibrium(classes, reference, aversion)
    views = [
        View(name, {name: 1.0}, q, author, as_of, classes.source, float(errors[name]) ** 2)
        for name, q, variance in zip(
            classes.labels, classes.mu.tolist(), np.diag(classes.sigma).tolist(), strict=True
        )
        if name in told and variance > 0
    ]
    weighed = posterior(prior, views, tau, shared=shared)
    made = weighed.assumptions("prior").replace(
        source=f"{classes.source}; anchored on the reference portfolio"
    )
    table = pd.DataFrame(
        {
            "implied": prior.mu,
            "forecast": np.where([name in told for name in classes.labels], classes.mu, np.nan),
            "error": errors.reindex(list(classes.labels)).to_numpy(float),
            "expected": weighed.mu,
        },
        index=list(classes.labels),
    )
    return Anchored(made, weighed, aversion, table)


# ---- what the settings are, estimated ---------------------------------------------------------


@dataclass(frozen=True)
class Calibration:
    """Settings of the anchor as data give them, each with its standard error (annual decimals).

    ``tau`` has none: it states how long a history the anchor is taken to be worth.
    """

    risk_aversion: float
    risk_aversion_error: float
    tau: float
    views: Mapping[str, float]


@door()
def calibrate(
    classes: Assumptions,
    reference: Mapping[str, float],
    *,
    years: float,
    errors: pd.Series,
    correlation: Array | None = None,
) -> Calibration:
    """Tau, risk aversion and the spread of views, estimated.

    ``tau = 1 / years``; ``A`` from what the forecasts expect of the reference, its error from
    theirs (``w'omega w``, delta method); the views' spread by class.

    Parameters
    ----------
    classes : Assumptions
        Forecasts and risks, annual decimals.
    reference : mapping
        Weights by class.
    years : float
        How long a history the anchor is taken to be worth, above 0.
    errors : Series
        Standard deviation of each forecast's error by class, annual decimals.
    correlation : array (n, n), optional
        Of the errors; that of the classes' returns where not given.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        For years that are not positive, for a class that the reference holds and that has no
        error, and as `implied_price_of_risk`.

    Examples
    --------
    The forecasts' errors of 3 and 1 points, correlated as returns are, 0.25, make one of
    ``sqrt(0.018**2 + 0.004**2 + 2 * 0.25 * 0.018 * 0.004)`` on what 60/40 earns.

    >>> a = Assumptions(("bonds", "stocks"), [0.04, 0.07], [[0.01, 0.005], [0.005, 0.04]], rf=0.02)
    >>> errors = pd.Series({"stocks": 0.03, "bonds": 0.01})
    >>> found = calibrate(a, {"stocks": 0.6, "bonds": 0.4}, years=40, errors=errors)
    >>> bool(np.isclose(found.risk_aversion_error * 0.0184, 0.000376**0.5)), found.tau, found.views
    (True, 0.025, {'stocks': 0.03, 'bonds': 0.01})
    >>> bool(np.isclose(found.risk_aversion, 0.038 / 0.0184))
    True
    >>> mix = {"stocks": 0.6, "bonds": 0.4}
    >>> apart = calibrate(a, mix, years=40, errors=errors, correlation=np.eye(2))
    >>> bool(np.isclose(apart.risk_aversion_error * 0.0184, 0.00034**0.5))
    True
    >>> cash = Assumptions(("cash", "stocks"), [0.02, 0.07], np.diag([0.0, 0.04]), rf=0.02)
    >>> unsure = pd.Series({"stocks": 0.03, "cash": 0.0})
    >>> found = calibrate(cash, {"stocks": 0.8, "cash": 0.2}, years=40, errors=unsure)
    >>> round(found.risk_aversion_error, 9)  # 0.8 * 0.03 / (0.64 * 0.04)
    0.9375
    >>> wrong = pd.Series({"stocks": 0.03, "cash": 0.01})  # also of what has no risk, by itself
    >>> found = calibrate(cash, {"stocks": 0.8, "cash": 0.2}, years=40, errors=wrong)
    >>> bool(np.isclose(found.risk_aversion_error * 0.0256, (0.024**2 + 0.002**2) ** 0.5))
    True
    >>> calibrate(a, {"stocks": 1.0}, years=0, errors=errors)
    Traceback (most recent call last):
    ...
    ValueError: years of history must be positive, not 0

    It goes on in ``anchored.md``.
    """
    if not years > 0:
        raise ValueError(f"years of history must be positive, not {years}")
    w = np.array([reference.get(name, 0.0) for name in classes.labels])
    rho = correlation
    if rho is None:
        volatility = np.where(classes.volatility > 0, classes.volatility, np.inf)
        rho = classes.sigma / np.outer(volatility, volatility)
        np.fill_diagonal(rho, 1.0)
    sd = errors.reindex(list(classes.labels)).where(w != 0, 0.0)
    if lost := [str(name) for name in sd.index[~(sd >= 0)]]:
        raise ValueError(f"no error of the forecast is given for {', '.join(lost)}")
    omega = rho * np.outer(sd, sd)
    return Calibration(
        risk_aversion=implied_price_of_risk(classes, reference),
        risk_aversion_error=float(np.sqrt(w @ omega @ w) / (w @ classes.sigma @ w)),
        tau=1 / years,
        views={str(name): float(x) for name, x in errors.items()},
    )
