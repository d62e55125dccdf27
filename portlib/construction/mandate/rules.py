"""The rules a mandate is made of: what each kind says, in the committee's words and in the
solver's.

Three forms cover every rule the plan has::

    limit       lower <= a'w <= upper             (budget, groups, factors, scores)
    bounds      lower_i <= w_i <= upper_i         (long only, position limits, liquidity,
                                                   employer stock)
    distance    risk(w - b) <= limit, or  sum |w - w0| / 2 <= limit      (tracking error, turnover)

A kind states itself: how far weights exceed it, its rows or bounds, its form in cvxpy, a cut, its
scale, its lines of a table. A new kind of rule is one more class. A rule is hard, or soft with a
penalty: the annual return given up per unit by which it is exceeded. Its name travels into errors,
shadow prices, tables and the evidence, and so does the clause that asks for it.

`excess` is written from these definitions alone: it judges the arrays and forms that are handed to
solvers, too. What it leaves out: whether a rule is wise.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from operator import mul
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd

from portlib.ranges import number
from portlib.records import Array, Assumptions

if TYPE_CHECKING:
    import cvxpy as cp

Values = float | Mapping[str, float]

#: A weight, a turnover or a volatility above this is taken for a percentage, and so is a sum of
#: weights above `TOTAL`.
SINGLE = 1.5
TOTAL = 2.0
#: Largest coefficient of a limit outside these is in a unit that no tolerance fits.
COEFFICIENTS = (1e-5, 1e6)


#: The fields of a rule that are text, and those that may be nothing.
TEXTS, OPTIONAL = ("name", "unit", "clause"), ("penalty", "coefficients")


class MandateError(ValueError):
    """A rule or mandate is ill formed; the message names the rule and what to do."""


class Row(NamedTuple):
    """``lower <= coefficients @ w <= upper``; coefficients (n,) over a mandate's labels."""

    coefficients: Array
    lower: float
    upper: float


class Cut(NamedTuple):
    """``gradient @ w <= limit`` for every w that obeys a distance (Kelley 1960)."""

    gradient: Array
    limit: float


class Risk(NamedTuple):
    """A root (n, n) of the covariance: ``norm(root @ w)`` is the volatility."""

    root: Array

    @classmethod
    def of(cls, assumptions: Assumptions) -> Risk:
        """From the eigenvalues, so that a singular covariance has one."""
        values, vectors = np.linalg.eigh(assumptions.sigma)
        return cls(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)


def vector(values: Values | None, labels: Sequence[str], unnamed: float) -> Array:
    """A number, a mapping or ``None`` (ones) as an array (n,) over the labels.

    Parameters
    ----------
    values : float, mapping by label, or None
    labels : sequence of str
        Of n assets.
    unnamed : float
        What a label takes that a mapping leaves out.

    Returns
    -------
    array (n,)
    """
    if isinstance(values, (dict, Mapping)):
        return np.array([values.get(a, unnamed) for a in labels], dtype=float)
    return np.full(len(labels), 1.0 if values is None else float(values))


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """What every rule has: the unit of its limit, a penalty if it is soft, the clause it comes
    from.

    `PER_ASSET` names the fields that are mappings by asset; `LINEAR` says whether rows and bounds
    are the whole rule, and `USES_RISK` whether its measure depends on the covariance.
    """

    PER_ASSET: ClassVar[tuple[str, ...]]
    SILENT: ClassVar[tuple[float, ...]] = (0.0,)
    LINEAR: ClassVar[bool] = True
    USES_RISK: ClassVar[bool] = False
    name: str = field(kw_only=False)
    unit: str = "weight"
    penalty: float | None = None
    clause: str = ""

    def __post_init__(self) -> None:
        """Own copies in plain floats, so that neither the caller's mapping nor ``-0.0`` or an int
        can differ later."""
        for key, value in list(vars(self).items()):
            if key in TEXTS or (value is None and key in OPTIONAL):
                continue
            if isinstance(value, pd.Series):
                if not value.index.is_unique:
                    twice = value.index[value.index.duplicated()][0]
                    raise MandateError(f"{self.name!r}: {key} names {twice!r} twice")
                value = value.to_dict()
            if isinstance(value, (dict, Mapping)):
                told = {
                    a: v + 0.0 if type(v) is float else self._number(key, v)
                    for a, v in value.items()
                }
                object.__setattr__(self, key, told)
            else:
                object.__setattr__(self, key, self._number(key, value))

    def _number(self, key: str, value: Any) -> float:
        if type(value) is float:
            return value + 0.0
        try:
            if isinstance(value, (str, bool)):
                raise TypeError
            return float(value) + 0.0
        except (TypeError, ValueError):
            raise MandateError(
                f"{self.name!r}: {key} is {value!r}; give a number, or a number by asset"
            ) from None

    def soft(self, penalty: float) -> Self:
        """The rule, broken at the price of `penalty` of annual return per unit of its limit."""
        return replace(self, penalty=penalty)

    def under(self, clause: str) -> Self:
        """The rule, with the clause of the plan's documents that asks for it."""
        made = object.__new__(type(self))
        vars(made).update(vars(self), clause=clause)
        return made

    @property
    def volatility_cap(self) -> float | None:
        """The limit, where the rule is one on the portfolio's own volatility and nothing else."""
        return None

    @abstractmethod
    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        """How far weights go beyond the limit, in the rule's unit; below zero inside."""

    @abstractmethod
    def relaxed(self, by: float) -> Self:
        """Every limit moved outward."""

    def among(self, kept: Collection[str]) -> Self | None:
        """The rule over these assets, all others held at zero; None where it says nothing of
        them."""
        changes: dict[str, Any] = {
            key: {asset: x for asset, x in values.items() if asset in kept}
            for key in self.PER_ASSET
            if isinstance(values := getattr(self, key), Mapping)
        }
        spoken = [changes.get(key, getattr(self, key)) for key in self.PER_ASSET]
        silent = [values == {} or values in self.SILENT for values in spoken]
        return None if changes and all(silent) else replace(self, **changes)

    @abstractmethod
    def stated(
        self, w: Any, whole: Any, slack: Any, risk: Risk, labels: Sequence[str]
    ) -> list[cp.Constraint]:
        """The rule in cvxpy, for the weights ``w / whole``.

        Parameters
        ----------
        w : cvxpy expression (n,)
        whole : cvxpy expression or float
            What weights are divided by.
        slack : cvxpy variable or None
            By which the limits are moved outward.
        risk : Risk
            Of the assets.
        labels : sequence of str
            The assets, in order.

        Returns
        -------
        list of cvxpy.Constraint
        """

    @abstractmethod
    def lines(self, labels: Sequence[str]) -> Mapping[str, tuple[float, float]]:
        """What is limited, in words, with its lower and upper limit."""

    @abstractmethod
    def check(self) -> None:
        """Raise `MandateError` unless the limits make sense."""

    def rows(self, labels: Sequence[str]) -> list[Row]:
        """The rule as rows, where it has that form."""
        return []

    def bounds(self, labels: Sequence[str]) -> tuple[Array, Array] | None:
        """The rule as limits on single weights, where it has that form."""
        return None

    def cut(self, w: Array, assumptions: Assumptions, slight: float) -> Cut | None:
        """A plane between weights that exceed a distance by more than `slight` and all that obey
        it."""
        return None

    def scale(self, assumptions: Assumptions) -> float:
        """How much of the rule's unit goes with one unit of weight."""
        return 1.0


@dataclass(frozen=True)
class Limit(Rule):
    """``lower <= a'w <= upper``; an asset that `coefficients` does not name counts zero, ``None``
    means one for all."""

    PER_ASSET = ("coefficients",)
    coefficients: Mapping[str, float] | None
    lower: float = -np.inf
    upper: float = np.inf

    def among(self, kept: Collection[str]) -> Limit | None:
        """As every rule; MandateError for a floor towards which nothing is left to count."""
        fewer = super().among(kept)
        if fewer is None and self.lower > 0:
            raise MandateError(f"{self.name!r}: nothing of what is left counts towards it")
        return fewer

    def check(self) -> None:
        _finite(self, ("coefficients",))
        _ordered(self.name, "", self.lower, self.upper)
        size = self._size()
        low, high = COEFFICIENTS
        if not low <= size <= high:
            raise MandateError(
                f"{self.name!r}: its largest coefficient is {size:g}; state it in a unit in "
                f"which that lies between "
                f"{low:g} and {high:g}"
            )
        if all(x == 1 for x in (self.coefficients or {}).values()):
            _no_percent(self.name, "a limit on weights", [self.lower, self.upper], most=TOTAL)

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        named = dict.fromkeys(weight, 1.0) if self.coefficients is None else self.coefficients
        held = sum(map(mul, named.values(), map(weight.__getitem__, named)))
        return max(self.lower - held, held - self.upper)

    def relaxed(self, by: float) -> Limit:
        return replace(self, lower=self.lower - by, upper=self.upper + by)

    def rows(self, labels: Sequence[str]) -> list[Row]:
        return [Row(vector(self.coefficients, labels, 0.0), self.lower, self.upper)]

    def stated(
        self, w: Any, whole: Any, slack: Any, risk: Risk, labels: Sequence[str]
    ) -> list[cp.Constraint]:
        held = vector(self.coefficients, labels, 0.0).reshape(1, -1) @ w
        return _between(held, np.array([self.lower]), np.array([self.upper]), whole, slack)

    def lines(self, labels: Sequence[str]) -> Mapping[str, tuple[float, float]]:
        what = "all assets" if self.coefficients is None else ", ".join(self.coefficients)
        what = what if self.unit == "weight" else f"{self.unit} of {what}"
        return {what: (self.lower, self.upper)}

    def scale(self, assumptions: Assumptions) -> float:
        return self._size()

    def _size(self) -> float:
        if self.coefficients is None:
            return 1.0
        return max(map(abs, self.coefficients.values()), default=0.0) or 1.0


@dataclass(frozen=True)
class Bounds(Rule):
    """``lower_i <= w_i <= upper_i``: one number for every asset, or a mapping for the assets it
    names."""

    PER_ASSET = ("lower", "upper")
    SILENT = (np.inf, -np.inf)
    lower: Values = -np.inf
    upper: Values = np.inf

    def check(self) -> None:
        named = {a for side in (self.lower, self.upper) if isinstance(side, Mapping) for a in side}
        lows = self.lower if isinstance(self.lower, Mapping) else dict.fromkeys(named, self.lower)
        highs = self.upper if isinstance(self.upper, Mapping) else dict.fromkeys(named, self.upper)
        sides = [(a, lows.get(a, -np.inf), highs.get(a, np.inf)) for a in sorted(named)]
        sides = sides or [("", _at(self.lower, "", -np.inf), _at(self.upper, "", np.inf))]
        for asset, *limits in sides:
            for key, limit in zip(self.PER_ASSET, limits, strict=True):
                if asset and math.isnan(limit):
                    raise MandateError(
                        f"{self.name!r}: {key} of {asset!r} is {limit}; give a finite number"
                    )
        if not any(math.isfinite(limit) for _, *limits in sides for limit in limits):
            raise MandateError(f"{self.name!r} needs a lower or an upper limit")
        for asset, low, high in sides:
            _ordered(self.name, asset, low, high, may_be_absent=True)
            _no_percent(self.name, "a limit on a weight", [low, high])

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        low = self.lower if isinstance(self.lower, Mapping) else dict.fromkeys(weight, self.lower)
        high = self.upper if isinstance(self.upper, Mapping) else dict.fromkeys(weight, self.upper)
        return max([low[a] - weight[a] for a in low] + [weight[a] - high[a] for a in high])

    def relaxed(self, by: float) -> Bounds:
        return replace(self, lower=_moved(self.lower, -by), upper=_moved(self.upper, by))

    def bounds(self, labels: Sequence[str]) -> tuple[Array, Array]:
        return vector(self.lower, labels, -np.inf), vector(self.upper, labels, np.inf)

    def stated(
        self, w: Any, whole: Any, slack: Any, risk: Risk, labels: Sequence[str]
    ) -> list[cp.Constraint]:
        return _between(w, *self.bounds(labels), whole, slack)

    def lines(self, labels: Sequence[str]) -> Mapping[str, tuple[float, float]]:
        low, high = self.bounds(labels)
        sides = zip(labels, low.tolist(), high.tolist(), strict=True)
        limits = {a: (x, y) for a, x, y in sides if np.isfinite([x, y]).any()}
        if len(limits) == len(labels) > 1 == len(set(limits.values())):
            limits = {"each asset": limits[labels[0]]}
        return limits


class Distance(Rule):
    """A convex distance from another portfolio is at most `limit`."""

    LINEAR = False
    limit: float

    @property
    def origin(self) -> Mapping[str, float]:
        """The portfolio that it is the distance from."""
        named: Mapping[str, float] = getattr(self, self.PER_ASSET[0])
        return named

    def check(self) -> None:
        _finite(self, self.PER_ASSET)
        if not 0 <= self.limit < np.inf:
            raise MandateError(
                f"{self.name!r}: the limit must be finite and zero or more, got {self.limit}"
            )
        _no_percent(self.name, f"a limit in {self.unit}", [self.limit])
        held = sum(map(abs, self.origin.values()))
        if held >= 10:
            raise MandateError(
                f"{self.name!r}: the weights of its {self.PER_ASSET[0]} sum to {held:g}; in "
                f"percent? Write 0.6 for 60%"
            )

    def lines(self, labels: Sequence[str]) -> Mapping[str, tuple[float, float]]:
        return {f"distance from the {self.PER_ASSET[0]}": (-np.inf, self.limit)}

    def _away(self, weight: Mapping[str, float], labels: Sequence[str]) -> Array:
        return np.array([weight[a] - self.origin.get(a, 0.0) for a in labels])


@dataclass(frozen=True)
class TrackingError(Distance):
    """Volatility of ``w - benchmark`` (annual decimal) is at most `limit`."""

    PER_ASSET = ("benchmark",)
    USES_RISK = True
    benchmark: Mapping[str, float]
    limit: float
    unit: str = field(default="annual volatility", kw_only=True)

    @property
    def volatility_cap(self) -> float | None:
        return None if any(self.benchmark.values()) else self.limit

    def relaxed(self, by: float) -> TrackingError:
        return replace(self, limit=self.limit + by)

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        return assumptions.risk_of(self._away(weight, assumptions.labels)) - self.limit

    def stated(
        self, w: Any, whole: Any, slack: Any, risk: Risk, labels: Sequence[str]
    ) -> list[cp.Constraint]:
        import cvxpy as cp

        away = w - vector(self.benchmark, labels, 0.0) * whole
        return [cp.norm(risk.root @ away) <= self.limit * whole + _none(slack)]

    def cut(self, w: Array, assumptions: Assumptions, slight: float) -> Cut | None:
        away = w - vector(self.benchmark, assumptions.labels, 0.0)
        distance = assumptions.risk_of(away)
        if distance <= self.limit + slight:
            return None
        gradient = assumptions.sigma @ away / distance
        return Cut(gradient, float(self.limit - distance + gradient @ w))

    def scale(self, assumptions: Assumptions) -> float:
        return float(assumptions.volatility.max()) or 1.0


@dataclass(frozen=True)
class Turnover(Distance):
    """One-way turnover from the current holdings, ``sum |w - current| / 2``, is at most `limit`."""

    PER_ASSET = ("current",)
    current: Mapping[str, float]
    limit: float

    def relaxed(self, by: float) -> Turnover:
        return replace(self, limit=self.limit + by)

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        return sum(abs(weight[a] - self.current.get(a, 0.0)) for a in weight) / 2 - self.limit

    def stated(
        self, w: Any, whole: Any, slack: Any, risk: Risk, labels: Sequence[str]
    ) -> list[cp.Constraint]:
        import cvxpy as cp

        away = w - vector(self.current, labels, 0.0) * whole
        return [cp.norm1(away) / 2 <= self.limit * whole + _none(slack)]

    def cut(self, w: Array, assumptions: Assumptions, slight: float) -> Cut | None:
        away = w - vector(self.current, assumptions.labels, 0.0)
        distance = float(np.abs(away).sum()) / 2
        if distance <= self.limit + slight:
            return None
        gradient = np.sign(away) / 2
        return Cut(gradient, float(self.limit - distance + gradient @ w))


# ---- the rules of a plan, by name ----------------------------------------------------------------


def fully_invested() -> Limit:
    """Weights sum to one."""
    return Limit("fully invested", None, 1.0, 1.0)


def long_only() -> Bounds:
    """No weight below zero."""
    return Bounds("long only", lower=0.0)


def position_limit(upper: float, *, name: str = "position limit") -> Bounds:
    """No asset above `upper`.

    Parameters
    ----------
    upper : float
        Decimal of the portfolio.
    name : str
        By which errors, shadow prices and tables call it.

    Returns
    -------
    Bounds

    Raises
    ------
    MandateError
        Once it is in a mandate, for 40 where 0.40 is meant.
    """
    return Bounds(name, upper=upper)


def group_limit(
    name: str, members: Iterable[str], *, lower: float = -np.inf, upper: float = np.inf
) -> Limit:
    """The members' weights together lie between `lower` and `upper`.

    Parameters
    ----------
    name : str
        By which errors, shadow prices and tables call it.
    members : iterable of str
        Labels of assets.
    lower, upper : float
        Decimals of the portfolio.

    Returns
    -------
    Limit

    Examples
    --------
    How far weights exceed a rule is in the rule's own unit, and below zero inside it.

    >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.0], [0.0, 0.04]])
    >>> rule = group_limit("stocks", ["a"], upper=0.6)
    >>> [round(rule.excess({"a": x, "b": 1 - x}, a), 9) for x in (0.7, 0.5)]
    [0.1, -0.1]
    """
    return Limit(name, dict.fromkeys(members, 1.0), lower, upper)


def factor_limit(
    name: str, exposures: Mapping[str, float], *, lower: float = -np.inf, upper: float = np.inf
) -> Limit:
    """The portfolio's exposure (weighted sum of the assets' exposures) lies between `lower` and
    `upper`.

    Parameters
    ----------
    name : str
        By which errors, shadow prices and tables call it.
    exposures : mapping
        By asset, in the factor's unit; an asset that is not named has none.
    lower, upper : float
        In the same unit.

    Returns
    -------
    Limit
    """
    return Limit(name, _named(name, exposures, "exposures"), lower, upper, unit="exposure")


def score_floor(name: str, scores: Mapping[str, float], floor: float) -> Limit:
    """The weighted score (an ESG score, say) is at least `floor`; weights sum to one.

    Parameters
    ----------
    name : str
        By which errors, shadow prices and tables call it.
    scores : mapping
        By asset.
    floor : float
        In the scores' own unit.

    Returns
    -------
    Limit
    """
    return Limit(name, _named(name, scores, "scores"), lower=floor, unit="score")


def volatility_limit(
    labels: Iterable[str], limit: float, *, name: str = "volatility limit"
) -> TrackingError:
    """The portfolio's volatility is at most `limit`: its distance from holding nothing.

    Parameters
    ----------
    labels : iterable of str
        The assets.
    limit : float
        Annual decimal.
    name : str
        By which errors, shadow prices and tables call it.

    Returns
    -------
    TrackingError
    """
    return TrackingError(name, dict.fromkeys(labels, 0.0), limit)


def liquidity_limit(
    daily_volume: Mapping[str, float],
    *,
    portfolio_value: float,
    share: float,
    name: str = "liquidity",
) -> Bounds:
    """No position above `share` of an asset's average daily volume.

    An asset that can be sold whole within that has no limit.

    Parameters
    ----------
    daily_volume : mapping
        By asset, in the currency of `portfolio_value`.
    portfolio_value : float
        What is invested in all.
    share : float
        Of a day's volume, decimal; where a position may be sold over several days, the daily share
        times the days.
    name : str
        By which errors, shadow prices and tables call it.

    Returns
    -------
    Bounds
    """
    for what, value in (("portfolio value", portfolio_value), ("share", share)):
        number(f"{name!r}: the {what}", value, error=MandateError)
    if not 0 < portfolio_value < np.inf:
        raise MandateError(f"{name!r}: portfolio value must be positive, got {portfolio_value}")
    if not 0 <= share < np.inf:
        raise MandateError(f"{name!r}: the share must be zero or more, got {share}")
    volumes = _named(name, daily_volume, "daily volumes")
    top = {a: share * volume / portfolio_value for a, volume in volumes.items()}
    for asset, cap in top.items():
        if not 0 <= cap < np.inf:
            raise MandateError(
                f"{name!r}: upper of {asset!r} is {cap} at a volume of {daily_volume[asset]}; "
                "give a volume of zero or more"
            )
    return Bounds(name, upper={a: min(cap, 1.0) for a, cap in top.items()})


def employer_stock_cap(asset: str, cap: float) -> Bounds:
    """At most `cap` in the employer's stock."""
    return Bounds("employer stock cap", upper={asset: cap})


def stated_in(content: Mapping[str, Any]) -> Rule:
    """A rule from its ``kind`` and fields, as `Mandate.to_json` writes it; MandateError for a kind
    or a field that there is not.

    Examples
    --------
    >>> stated_in({"kind": "Bounds", "name": "cap", "upper": 0.4}) == Bounds("cap", upper=0.4)
    True
    """
    kinds = {kind.__name__: kind for kind in (Limit, Bounds, TrackingError, Turnover)}
    told = {key: value for key, value in content.items() if key != "kind"}
    kind = kinds.get(content.get("kind", ""))
    if kind is None:
        raise MandateError(f"no kind of rule {content.get('kind')!r}; there are {', '.join(kinds)}")
    if kind is Limit:
        told.setdefault("coefficients", None)
    try:
        return kind(**told)
    except TypeError as error:
        raise MandateError(f"{content.get('name')!r}: {str(error).split('() ')[-1]}") from None


# ---- what is checked -----------------------------------------------------------------------------


def check(rule: Rule, known: Set[str]) -> None:
    """Raise `MandateError` unless the rule makes sense over the assets known."""
    if rule.penalty is not None and not 0 < rule.penalty < np.inf:
        raise MandateError(
            f"{rule.name!r}: a soft constraint needs a finite penalty above zero, got "
            f"{rule.penalty}"
        )
    for values in vars(rule).values():
        if isinstance(values, dict) and not (values and values.keys() <= known):
            what = ", ".join(repr(a) for a in values if a not in known) or "no asset"
            raise MandateError(
                f"{rule.name!r} names {what}; its assets must be among the mandate's"
            )
    rule.check()


def _named(name: str, values: Mapping[str, float], what: str) -> dict[str, float]:
    """Numbers by asset, of a mapping or a Series; MandateError for anything without labels."""
    if not isinstance(values, (Mapping, pd.Series)):
        raise MandateError(f"{name!r}: {what} are {values!r:.60}; give numbers by asset")
    return dict(values)


def _finite(rule: Rule, keys: Sequence[str]) -> None:
    for key in keys:
        values = getattr(rule, key) or {}
        if all(map(math.isfinite, values.values())):
            continue
        for asset, value in values.items():
            if not math.isfinite(value):
                raise MandateError(
                    f"{rule.name!r}: {key} of {asset!r} is {value}; give a finite number"
                )


def _ordered(
    name: str, asset: str, low: float, high: float, *, may_be_absent: bool = False
) -> None:
    absent = math.isinf(low) and math.isinf(high)
    if absent and not may_be_absent:
        raise MandateError(f"{name!r} needs a lower or an upper limit")
    if not low <= high or low == np.inf or high == -np.inf:
        where = f" of {asset!r}" if asset else ""
        raise MandateError(
            f"{name!r}: lower limit {low:g} is above upper limit {high:g}{where}, or no number"
        )


def _no_percent(name: str, what: str, limits: Iterable[float], most: float = SINGLE) -> None:
    for limit in limits:
        if most < abs(limit) < math.inf:
            raise MandateError(
                f"{name!r}: {what} of {limit:g} is {limit:.0%}; in percent? Write "
                f"{limit / 100:g} for {limit:g}%"
            )


def _between(held: Any, low: Array, high: Array, whole: Any, slack: Any) -> list[cp.Constraint]:
    """``low <= held / whole <= high``; limits that are one are an equality while nothing may give
    way."""
    equal = (low == high) & (slack is None)
    same = np.flatnonzero(equal)
    below = np.flatnonzero(np.isfinite(low) & ~equal)
    above = np.flatnonzero(np.isfinite(high) & ~equal)
    parts = [held[same] == low[same] * whole] if same.size else []
    parts += [held[below] >= low[below] * whole - _none(slack)] if below.size else []
    parts += [held[above] <= high[above] * whole + _none(slack)] if above.size else []
    return parts


def _none(slack: Any) -> Any:
    return 0.0 if slack is None else slack


def _at(values: Values, asset: str, absent: float) -> float:
    return values.get(asset, absent) if isinstance(values, Mapping) else values


def _moved(values: Values, by: float) -> Values:
    return {a: v + by for a, v in values.items()} if isinstance(values, Mapping) else values + by
