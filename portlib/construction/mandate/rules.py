"""The rules a mandate is made of: what each one says, how far weights break it, how it is given or taken slack.

Three forms cover every rule the plan has::

    limit       lower <= a'w <= upper             (budget, groups, factors, scores)
    bounds      lower_i <= w_i <= upper_i         (long only, position limits, liquidity, employer stock)
    distance    risk(w - b) <= limit, or  sum |w - w0| / 2 <= limit      (tracking error, turnover)

A rule is hard, or soft with a penalty: the annual return given up per unit by which it is exceeded. Its name
travels into errors, shadow prices, tables and the evidence, and so does the clause that asks for it.

`excess` is written from these definitions alone: it judges the arrays that `mandate` hands to solvers, too.
What it leaves out: whether a rule is wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from portlib.records import Assumptions

Values = float | Mapping[str, float]


class MandateError(ValueError):
    """A rule or mandate is ill formed; the message names the rule and what to do."""


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What every rule has: the unit of its limit, a penalty if it is soft, the clause it comes from."""

    PER_ASSET: ClassVar[tuple[str, ...]]
    unit: str = "weight"
    penalty: float | None = None
    clause: str = ""

    def __post_init__(self) -> None:
        """Own copies in plain floats, so that neither the caller's mapping nor ``-0.0`` or an int can differ later."""
        for key, value in list(vars(self).items()):
            if isinstance(value, Mapping):
                object.__setattr__(self, key, {a: float(v) + 0.0 for a, v in value.items()})
            elif value is not None and not isinstance(value, str):
                object.__setattr__(self, key, float(value) + 0.0)

    def soft(self, penalty: float) -> Self:
        """The rule, broken at the price of `penalty` of annual return per unit of its limit."""
        return replace(self, penalty=penalty)

    def under(self, clause: str) -> Self:
        """The rule, with the clause of the plan's documents that asks for it."""
        return replace(self, clause=clause)


@dataclass(frozen=True)
class Limit(_Rule):
    """``lower <= a'w <= upper``; an asset that `coefficients` does not name counts zero, ``None`` means one for all."""

    PER_ASSET = ("coefficients",)
    name: str
    coefficients: Mapping[str, float] | None
    lower: float = -np.inf
    upper: float = np.inf

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        """How far the weights go beyond the nearer limit; below zero inside."""
        named = dict.fromkeys(weight, 1.0) if self.coefficients is None else self.coefficients
        held = sum(k * weight[a] for a, k in named.items())
        return max(self.lower - held, held - self.upper)

    def relaxed(self, by: float) -> Limit:
        """Both limits moved outward."""
        return replace(self, lower=self.lower - by, upper=self.upper + by)


@dataclass(frozen=True)
class Bounds(_Rule):
    """``lower_i <= w_i <= upper_i``: one number for every asset, or a mapping for the assets it names."""

    PER_ASSET = ("lower", "upper")
    name: str
    lower: Values = -np.inf
    upper: Values = np.inf

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        """How far the worst weight goes beyond its limit; below zero inside."""
        low = self.lower if isinstance(self.lower, Mapping) else dict.fromkeys(weight, self.lower)
        high = self.upper if isinstance(self.upper, Mapping) else dict.fromkeys(weight, self.upper)
        return max([low[a] - weight[a] for a in low] + [weight[a] - high[a] for a in high])

    def relaxed(self, by: float) -> Bounds:
        """Every asset's limits moved outward."""
        return replace(self, lower=_moved(self.lower, -by), upper=_moved(self.upper, by))


@dataclass(frozen=True)
class TrackingError(_Rule):
    """Volatility of ``w - benchmark`` (annual decimal) is at most `limit`."""

    PER_ASSET = ("benchmark",)
    name: str
    benchmark: Mapping[str, float]
    limit: float
    unit: str = field(default="annual volatility", kw_only=True)

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        """How far the tracking error exceeds the limit; below zero inside."""
        active = np.array([weight[a] - self.benchmark.get(a, 0.0) for a in assumptions.labels])
        return assumptions.risk_of(active) - self.limit

    def relaxed(self, by: float) -> TrackingError:
        """The limit moved outward."""
        return replace(self, limit=self.limit + by)


@dataclass(frozen=True)
class Turnover(_Rule):
    """One-way turnover from the current holdings, ``sum |w - current| / 2``, is at most `limit`."""

    PER_ASSET = ("current",)
    name: str
    current: Mapping[str, float]
    limit: float

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        """How far the turnover exceeds the limit; below zero inside."""
        return sum(abs(weight[a] - self.current.get(a, 0.0)) for a in weight) / 2 - self.limit

    def relaxed(self, by: float) -> Turnover:
        """The limit moved outward."""
        return replace(self, limit=self.limit + by)


Constraint = Limit | Bounds | TrackingError | Turnover


def fully_invested() -> Limit:
    """Weights sum to one."""
    return Limit("fully invested", None, 1.0, 1.0)


def long_only() -> Bounds:
    """No weight below zero."""
    return Bounds("long only", lower=0.0)


def position_limit(upper: float, *, name: str = "position limit") -> Bounds:
    """No asset above `upper`."""
    return Bounds(name, upper=upper)


def group_limit(name: str, members: Iterable[str], *, lower: float = -np.inf, upper: float = np.inf) -> Limit:
    """The members' weights together lie between `lower` and `upper`."""
    return Limit(name, dict.fromkeys(members, 1.0), lower, upper)


def factor_limit(name: str, exposures: Mapping[str, float], *, lower: float = -np.inf, upper: float = np.inf) -> Limit:
    """The portfolio's exposure (weighted sum of the assets' exposures) lies between `lower` and `upper`."""
    return Limit(name, exposures, lower, upper, unit="exposure")


def score_floor(name: str, scores: Mapping[str, float], floor: float) -> Limit:
    """The weighted score (an ESG score, say) is at least `floor`, in the scores' own unit; weights sum to one."""
    return Limit(name, scores, lower=floor, unit="score")


def liquidity_limit(
    daily_volume: Mapping[str, float], *, portfolio_value: float, share: float, name: str = "liquidity"
) -> Bounds:
    """No position above `share` of an asset's average daily volume (same currency as `portfolio_value`).

    Where a position may be sold over several days, `share` is the daily share times the days.
    """
    if not portfolio_value > 0:
        raise MandateError(f"{name!r}: portfolio value must be positive, got {portfolio_value}")
    return Bounds(name, upper={a: share * volume / portfolio_value for a, volume in daily_volume.items()})


def employer_stock_cap(asset: str, cap: float) -> Bounds:
    """At most `cap` in the employer's stock."""
    return Bounds("employer stock cap", upper={asset: cap})


def check(c: Constraint, labels: Iterable[str]) -> None:
    """Raise `MandateError` unless the rule makes sense over these assets."""
    known = set(labels)
    if c.penalty is not None and not 0 < c.penalty < np.inf:
        raise MandateError(f"{c.name!r}: a soft constraint needs a finite penalty above zero, got {c.penalty}")
    for key, values in vars(c).items():
        if isinstance(values, Mapping):
            unknown = [a for a in values if a not in known]
            if unknown or not values:
                what = ", ".join(map(repr, unknown)) or "no asset"
                raise MandateError(f"{c.name!r} names {what}; its assets must be among the mandate's")
            wrong = [a for a, v in values.items() if np.isnan(v) or (np.isinf(v) and not isinstance(c, Bounds))]
            if wrong:
                raise MandateError(f"{c.name!r}: {key} of {wrong[0]!r} is {values[wrong[0]]}; give a finite number")
    if isinstance(c, (TrackingError, Turnover)):
        if not 0 <= c.limit < np.inf:
            raise MandateError(f"{c.name!r}: the limit must be finite and zero or more, got {c.limit}")
        return
    assets = [""] if isinstance(c, Limit) else sorted({a for v in (c.lower, c.upper) for a in _named(v)})
    pairs = [(a, _at(c.lower, a, -np.inf), _at(c.upper, a, np.inf)) for a in assets]
    if not any(np.isfinite(limit) for _, *limits in pairs for limit in limits):
        raise MandateError(f"{c.name!r} needs a lower or an upper limit")
    for asset, low, high in pairs:
        if not low <= high or low == np.inf or high == -np.inf:
            where = f" of {asset!r}" if asset else ""
            raise MandateError(f"{c.name!r}: lower limit {low:g} is above upper limit {high:g}{where}, or no number")


def _named(values: Values) -> Iterable[str]:
    return values if isinstance(values, Mapping) else [""]


def _at(values: Values, asset: str, absent: float) -> float:
    return values.get(asset, absent) if isinstance(values, Mapping) else values


def _moved(values: Values, by: float) -> Values:
    return {a: v + by for a, v in values.items()} if isinstance(values, Mapping) else values + by
