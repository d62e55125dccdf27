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
        """From the eigenvalues, so that a singular covariance has one.

        Examples
        --------
        Also of a covariance that has no inverse: two assets that move as one, 0.2 and -0.1 of them.

        >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.06], [0.06, 0.09]])
        >>> round(float(np.linalg.norm(Risk.of(a).root @ [0.2, -0.1])), 9)  # 0.2 * 0.2 - 0.1 * 0.3
        0.01
        """
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

    Examples
    --------
    >>> vector({"c": 0.3, "a": 0.1}, ["a", "b", "c"], -9.0).tolist()
    [0.1, -9.0, 0.3]
    >>> vector(None, ["a", "b"], 0.0).tolist(), vector(0.4, ["a", "b"], 0.0).tolist()
    ([1.0, 1.0], [0.4, 0.4])

    It goes on in ``rules.md``.
    """
    if values is None:
        return np.ones(len(labels))
    if isinstance(values, (dict, Mapping)):
        if list(values) == list(labels):
            return np.array(list(values.values()), dtype=float)
        return np.array([values.get(a, unnamed) for a in labels], dtype=float)
    return np.full(len(labels), float(values))


@dataclass(frozen=True, kw_only=True)
class Rule(ABC):
    """What every rule has: the unit of its limit, a penalty if it is soft, the clause it comes
    from.

    `PER_ASSET` names the fields that are mappings by asset; `LINEAR` says whether rows and bounds
    are the whole rule, and `USES_RISK` whether its measure depends on the covariance.

    Examples
    --------
    A rule keeps plain numbers of its own; a copy of it may be soft, or under a clause.

    >>> cap = Limit("cap", pd.Series({"a": 1, "b": 2}), upper=1)
    >>> cap.coefficients, cap.upper, str(Bounds("long", lower=-0.0).lower)
    ({'a': 1.0, 'b': 2.0}, 1.0, '0.0')
    >>> soft = cap.soft(0.01).under("4.2")
    >>> soft.penalty, soft.clause, soft.upper, cap.penalty, cap.clause
    (0.01, '4.2', 1.0, None, '')
    >>> Limit("cap", None, upper="much")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'cap': upper is 'much'; give a number, or a number by asset
    >>> Limit("cap", pd.Series([1.0, 2.0], ["a", "a"]), upper=1)
    Traceback (most recent call last):
    ...
    portlib.construction.mandate.rules.MandateError: 'cap': coefficients names 'a' twice

    Over fewer assets, the others being zero, it says less, or nothing.

    >>> cap.among(["b", "c"]).coefficients, cap.among(["c"])
    ({'b': 2.0}, None)
    >>> Bounds("single", 0.0, 0.4).among(["c"]).upper
    0.4
    >>> Bounds("some", upper={"a": 0.4, "b": 0.3}).among(["b"]).upper
    {'b': 0.3}
    >>> Turnover("slow", {"a": 0.7, "b": 0.3}, 0.2).among(["b"]).current
    {'b': 0.3}

    It goes on in ``rules.md``.
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
        own = vars(self)
        for key, value in own.items():
            if type(value) is float:
                own[key] = value + 0.0
                continue
            if key in TEXTS or (value is None and key in OPTIONAL):
                continue
            if isinstance(value, pd.Series):
                if not value.index.is_unique:
                    twice = value.index[value.index.duplicated()][0]
                    raise MandateError(f"{self.name!r}: {key} names {twice!r} twice")
                value = value.to_dict()
            if isinstance(value, (dict, Mapping)):
                own[key] = {
                    a: v + 0.0 if type(v) is float else self._number(key, v)
                    for a, v in value.items()
                }
            else:
                own[key] = self._number(key, value)

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

        Examples
        --------
        The most of the first of two assets that each kind allows: of a whole, of a whole of two,
        and where limits may move outward by 0.05.

        >>> import cvxpy as cp
        >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.01], [0.01, 0.01]])
        >>> def most(rule, whole=1.0, slack=None):
        ...     w = cp.Variable(2)
        ...     parts = rule.stated(w, whole, slack, Risk.of(a), a.labels) + [cp.sum(w) == whole]
        ...     problem = cp.Problem(cp.Maximize(w[0]), parts)
        ...     return f"{problem.solve(solver=cp.CLARABEL):.4f}"
        >>> half = {"a": 0.5, "b": 0.5}
        >>> for rule in (
        ...     Limit("limit", {"a": 1.0, "b": 0.5}, upper=0.7),  # x + (1 - x) / 2
        ...     Limit("floor", {"b": 0.5}, lower=0.15),
        ...     Bounds("bounds", {"b": 0.2}, {"a": 0.9}),
        ...     Bounds("equal", {"a": 0.3}, {"a": 0.3}),
        ...     Turnover("slow", half, 0.1),
        ...     TrackingError("near", half, 0.1 * 0.03**0.5),  # x sqrt(0.03)
        ... ):
        ...     print(rule.name, most(rule), most(rule, whole=2.0), most(rule, slack=0.05))
        limit 0.4000 0.8000 0.5000
        floor 0.7000 1.4000 0.8000
        bounds 0.8000 1.6000 0.8500
        equal 0.3000 0.6000 0.3500
        slow 0.6000 1.2000 0.6500
        near 0.6000 1.2000 0.8887
        >>> f"{0.6 + 0.05 / 0.03**0.5:.4f}"
        '0.8887'
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
    means one for all.

    Examples
    --------
    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.04, 0.01, 0.0225]))
    >>> stocks = Limit("stocks", {"b": 0.5, "a": 1.0}, 0.3, 0.6)
    >>> mixes = [(0.7, 0.2, 0.1), (0.1, 0.1, 0.8), (0.5, 0.0, 0.5)]  # hold 0.8, 0.15 and 0.5
    >>> [round(stocks.excess(dict(zip("abc", w)), a), 9) for w in mixes]
    [0.2, 0.15, -0.1]
    >>> [round(Limit("all", None, 1.0, 1.0).excess({"a": 0.9, "b": 0.3}, a), 9)]
    [0.2]
    >>> wider = stocks.relaxed(0.1)
    >>> round(wider.lower, 9), round(wider.upper, 9)
    (0.2, 0.7)
    >>> [row] = stocks.rows(("c", "a", "b"))
    >>> row.coefficients.tolist(), row.lower, row.upper
    ([0.0, 1.0, 0.5], 0.3, 0.6)
    >>> score = Limit("score", {"a": 2.0, "b": -3.0}, lower=1.0, unit="score")
    >>> score.scale(a), score.lines("ab"), Limit("all", None, 1.0, 1.0).scale(a)
    (3.0, {'score of a, b': (1.0, inf)}, 1.0)
    >>> stocks.lines("abc"), Limit("all", None, 1.0, 1.0).lines("abc")
    ({'b, a': (0.3, 0.6)}, {'all assets': (1.0, 1.0)})
    >>> score.among(["c"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'score': nothing of what is left counts towards it

    It goes on in ``rules.md``.
    """

    PER_ASSET = ("coefficients",)
    coefficients: Mapping[str, float] | None
    lower: float = -np.inf
    upper: float = np.inf

    def among(self, kept: Collection[str]) -> Limit | None:
        """As every rule; MandateError for a floor above zero, or a ceiling below it, towards which
        nothing is left to count."""
        fewer = super().among(kept)
        if fewer is None and self.lower > 0:
            raise MandateError(f"{self.name!r}: nothing of what is left counts towards it")
        if fewer is None and self.upper < 0:
            raise MandateError(f"{self.name!r}: nothing of what is left can be below zero")
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
    names.

    Examples
    --------
    >>> a = Assumptions(("a", "b"), [0.05] * 2, np.diag([0.04, 0.01]))
    >>> rule = Bounds("bounds", lower={"b": 0.2}, upper=0.7)
    >>> [round(rule.excess({"a": x, "b": 1 - x}, a), 9) for x in (0.9, 0.25, 0.6)]
    [0.2, 0.05, -0.1]
    >>> # 0.9 - 0.7; 0.75 - 0.7; 0.6 - 0.7
    >>> round(Bounds("low", lower=0.3).excess({"a": 0.9, "b": 0.1}, a), 9)
    0.2
    >>> wider = rule.relaxed(0.05)
    >>> wider.lower, wider.upper
    ({'b': 0.15000000000000002}, 0.75)
    >>> [side.tolist() for side in rule.bounds(("b", "c"))]
    [[0.2, -inf], [0.7, 0.7]]
    >>> rule.lines(("a", "b")), Bounds("cap", upper=0.4).lines(("a", "b"))
    ({'a': (-inf, 0.7), 'b': (0.2, 0.7)}, {'each asset': (-inf, 0.4)})
    >>> Bounds("one", upper={"b": 0.4}).lines(("a", "b"))
    {'b': (-inf, 0.4)}

    It goes on in ``rules.md``.
    """

    PER_ASSET = ("lower", "upper")
    SILENT = (np.inf, -np.inf)
    lower: Values = -np.inf
    upper: Values = np.inf

    def check(self) -> None:
        sides = [side for side in (self.lower, self.upper) if not isinstance(side, float)]
        named = {a for side in sides for a in side}
        lows = _for_each(named, self.lower)
        highs = _for_each(named, self.upper)
        first: dict[tuple[float, float], str] = {}  # by pair of limits, the asset that is named
        for asset in sorted(named):
            first.setdefault((lows.get(asset, -np.inf), highs.get(asset, np.inf)), asset)
        pairs = [(asset, *limits) for limits, asset in first.items()]
        pairs = pairs or [("", _at(self.lower, "", -np.inf), _at(self.upper, "", np.inf))]
        for asset, *limits in pairs:
            for key, limit in zip(self.PER_ASSET, limits, strict=True):
                if asset and math.isnan(limit):
                    raise MandateError(
                        f"{self.name!r}: {key} of {asset!r} is {limit}; give a finite number"
                    )
        if not any(math.isfinite(limit) for _, *limits in pairs for limit in limits):
            raise MandateError(f"{self.name!r} needs a lower or an upper limit")
        for asset, low, high in pairs:
            _ordered(self.name, asset, low, high, may_be_absent=True)
            _no_percent(self.name, "a limit on a weight", [low, high])

    def among(self, kept: Collection[str]) -> Bounds | None:
        """As every rule; MandateError for a floor above zero, or a ceiling below it, of an asset
        that is named and left out."""
        for side, sign in ((self.lower, 1.0), (self.upper, -1.0)):
            for asset, limit in side.items() if isinstance(side, Mapping) else ():
                if asset not in kept and sign * limit > 0:
                    raise MandateError(f"{self.name!r}: {asset} is left out, and may not be zero")
        return super().among(kept)

    def excess(self, weight: Mapping[str, float], assumptions: Assumptions) -> float:
        low, high = _for_each(weight, self.lower), _for_each(weight, self.upper)
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
    """Volatility of ``w - benchmark`` (annual decimal) is at most `limit`.

    Examples
    --------
    0.1 more of the one and less of the other, of variances 0.04 and 0.01 and covariance 0.01, are
    ``0.1 sqrt(0.04 + 0.01 - 0.02)`` away.

    >>> a = Assumptions(("a", "b"), [0.05, 0.05], [[0.04, 0.01], [0.01, 0.01]])
    >>> near = TrackingError("near", {"a": 1.0}, 0.01)
    >>> bool(np.isclose(near.excess({"a": 0.9, "b": 0.1}, a), 0.1 * 0.03**0.5 - 0.01))
    True
    >>> near.relaxed(0.005).limit, near.scale(a), near.lines(("a", "b"))
    (0.015, 0.2, {'distance from the benchmark': (-inf, 0.01)})
    >>> near.volatility_cap, TrackingError("risk", {"a": 0.0}, 0.1).volatility_cap
    (None, 0.1)

    The plane of a cut touches the distance where it was made, and rises as it does.

    >>> w, step = np.array([0.6, 0.5]), np.array([0.0, 1e-6])
    >>> far = lambda w: near.excess({"a": w[0], "b": w[1]}, a)
    >>> cut = near.cut(w, a, 1e-9)
    >>> bool(np.isclose(cut.gradient @ w - cut.limit, far(w)))
    True
    >>> bool(np.isclose(cut.gradient[1], (far(w + step) - far(w)) / 1e-6, rtol=1e-4))
    True
    >>> near.cut(np.array([0.95, 0.05]), a, 1e-9) is None
    True

    It goes on in ``rules.md``.
    """

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
    """One-way turnover from the current holdings, ``sum |w - current| / 2``, is at most `limit`.

    Examples
    --------
    From 70/30 to 45/20/35 half of 0.25 + 0.10 + 0.35 is traded.

    >>> a = Assumptions(("a", "b", "c"), [0.05] * 3, np.diag([0.04, 0.01, 0.0225]))
    >>> slow = Turnover("slow", {"b": 0.3, "a": 0.7}, 0.2)
    >>> round(slow.excess({"a": 0.45, "b": 0.2, "c": 0.35}, a), 9)
    0.15
    >>> slow.relaxed(0.05).limit, slow.lines("abc"), slow.scale(a)
    (0.25, {'distance from the current': (-inf, 0.2)}, 1.0)
    >>> w = np.array([0.45, 0.2, 0.35])
    >>> cut = slow.cut(w, a, 1e-9)
    >>> cut.gradient.tolist(), round(float(cut.gradient @ w - cut.limit), 9)
    ([-0.5, -0.5, 0.5], 0.15)
    >>> slow.cut(np.array([0.5, 0.3, 0.2]), a, 1e-9) is None  # exactly at its limit
    True

    It goes on in ``rules.md``.
    """

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
    """Weights sum to one.

    Examples
    --------
    >>> fully_invested().lower, fully_invested().upper, fully_invested().coefficients
    (1.0, 1.0, None)
    """
    return Limit("fully invested", None, 1.0, 1.0)


def long_only() -> Bounds:
    """No weight below zero.

    Examples
    --------
    >>> long_only().lower, long_only().upper
    (0.0, inf)
    """
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

    Examples
    --------
    >>> position_limit(0.4).upper, position_limit(0.4).lower, position_limit(0.4, name="cap").name
    (0.4, -inf, 'cap')
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

    >>> both = group_limit("core", ["b", "c"], lower=0.2, upper=0.6)
    >>> both.coefficients, both.lower, both.upper
    ({'b': 1.0, 'c': 1.0}, 0.2, 0.6)

    It goes on in ``rules.md``.
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

    Examples
    --------
    >>> beta = factor_limit("beta", pd.Series({"a": 1.2, "b": 0.3}), lower=0.4, upper=0.9)
    >>> beta.coefficients, beta.lower, beta.upper, beta.unit
    ({'a': 1.2, 'b': 0.3}, 0.4, 0.9, 'exposure')
    >>> factor_limit("beta", [1.2, 0.3], upper=0.9)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'beta': exposures are [1.2, 0.3]; give numbers by asset
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

    Examples
    --------
    >>> floor = score_floor("esg", {"a": 7.0, "b": 4.0}, 5.0)
    >>> floor.coefficients, floor.lower, floor.upper, floor.unit
    ({'a': 7.0, 'b': 4.0}, 5.0, inf, 'score')
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

    Examples
    --------
    >>> a = Assumptions(("a", "b"), [0.05, 0.05], np.diag([0.04, 0.01]))
    >>> rule = volatility_limit(a.labels, 0.1)
    >>> bool(np.isclose(rule.excess({"a": 0.6, "b": 0.4}, a), 0.016**0.5 - 0.1))
    True
    >>> rule.limit, rule.volatility_cap
    (0.1, 0.1)

    It goes on in ``rules.md``.
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

    Examples
    --------
    A twentieth of a day's 2 million is a tenth of a million; 5% of 50 million are more than all.

    >>> volumes = {"a": 2e6, "b": 5e7, "c": 0.0}
    >>> liquidity_limit(volumes, portfolio_value=1e6, share=0.05).upper
    {'a': 0.1, 'b': 1.0, 'c': 0.0}
    >>> liquidity_limit({"a": -1.0}, portfolio_value=1e6, share=0.05)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'liquidity': upper of 'a' is ... at a volume of -1.0; ...
    >>> liquidity_limit(volumes, portfolio_value=0.0, share=0.05)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'liquidity': portfolio value must be positive, got 0.0
    >>> liquidity_limit(volumes, portfolio_value=1e6, share=-0.05)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: 'liquidity': the share must be zero or more, got -0.05

    It goes on in ``rules.md``.
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
    """At most `cap` in the employer's stock.

    Examples
    --------
    >>> employer_stock_cap("own", 0.1).upper
    {'own': 0.1}

    It goes on in ``rules.md``.
    """
    return Bounds("employer stock cap", upper={asset: cap})


def stated_in(content: Mapping[str, Any]) -> Rule:
    """A rule from its ``kind`` and fields, as `Mandate.to_json` writes it; MandateError for a kind
    or a field that there is not.

    Examples
    --------
    >>> stated_in({"kind": "Bounds", "name": "cap", "upper": 0.4}) == Bounds("cap", upper=0.4)
    True

    >>> stated_in({"kind": "Limit", "name": "all", "lower": 1.0}).coefficients is None
    True
    >>> stated_in({"kind": "Cap", "name": "cap"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...MandateError: no kind of rule 'Cap'; there are Limit, Bounds, TrackingError, ...

    It goes on in ``rules.md``.
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
    """Raise `MandateError` unless the rule makes sense over the assets known.

    Examples
    --------
    Each refusal says what to do; what lies at a limit of sense still makes sense.

    >>> def told(rule):
    ...     try:
    ...         check(rule, {"a", "b"})
    ...     except MandateError as error:
    ...         print(error)
    >>> told(Limit("debt", None, 2.0, 2.0))  # up to twice the money, and 1.5 times in one asset
    >>> told(Bounds("cap", upper=1.5))
    >>> told(Limit("debt", None, 60, 60))
    'debt': a limit on weights of 60 is 6000%; in percent? Write 0.6 for 60%
    >>> told(Bounds("cap", upper={"a": 0.4, "b": 40}))
    'cap': a limit on a weight of 40 is 4000%; in percent? Write 0.4 for 40%
    >>> told(Limit("score", {"a": 70, "b": 40}, lower=50))  # a score has its own unit
    >>> told(Limit("none", {"a": 1}))
    'none' needs a lower or an upper limit
    >>> told(Bounds("none", lower={"a": -np.inf}))
    'none' needs a lower or an upper limit
    >>> told(Limit("same", {"a": 1}, 0.4, 0.4))
    >>> told(Limit("crossed", {"a": 1}, 0.5, 0.4))
    'crossed': lower limit 0.5 is above upper limit 0.4, or no number

    It goes on in ``rules.md``.
    """
    if rule.penalty is not None and not 0 < rule.penalty < np.inf:
        raise MandateError(
            f"{rule.name!r}: a soft constraint needs a finite penalty above zero, got "
            f"{rule.penalty}"
        )
    for key in rule.PER_ASSET:
        values = getattr(rule, key)
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


def _for_each(assets: Iterable[str], limits: Values) -> Mapping[str, float]:
    """One number meant for every asset as a number by asset."""
    return dict.fromkeys(assets, limits) if isinstance(limits, float) else limits


def _moved(values: Values, by: float) -> Values:
    return {a: v + by for a, v in values.items()} if isinstance(values, Mapping) else values + by
