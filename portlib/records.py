"""What passes between the layers: assumptions in, allocations out.

Every record is frozen and checks itself once, when it is made; whatever receives one assumes it is
valid. All figures are annual decimals: 0.05 is five percent a year. Means are arithmetic unless a
name says geometric.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: The schema of an `Allocation` in JSON.
ALLOCATION = "prudent-by-construction/allocation/1"
#: Relative size below which asymmetry or a negative eigenvalue is rounding, not an error.
ROUNDING = 1e-10


class AssumptionsError(ValueError):
    """An input to the optimiser is wrong; the message names the entry and the remedy."""


#: An expected return or a risk-free rate from here on, a year, is taken for a percentage.
PERCENT = 2.0


def symmetric_root(covariance: ArrayLike) -> Array:
    """The symmetric matrix whose square a covariance is: of it normal draws are made.

    It is unique, so that who draws again on another machine draws the same. Eigenvectors are not:
    their signs, and of equal eigenvalues their directions, are the library's choice, and differ
    between processors.

    Parameters
    ----------
    covariance : array (n, n)
        Symmetric, without negative eigenvalues but for rounding; singular ones too.

    Returns
    -------
    array (n, n)

    Examples
    --------
    >>> symmetric_root([[0.05, 0.04], [0.04, 0.05]]).round(9).tolist()  # 0.3 and 0.1 at 45 degrees
    [[0.2, 0.1], [0.1, 0.2]]
    >>> symmetric_root([[0.04, 0.04], [0.04, 0.04]]).round(9).tolist()  # two that move as one
    [[0.141421356, 0.141421356], [0.141421356, 0.141421356]]
    """
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _frozen(values: ArrayLike, what: str) -> Array:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise AssumptionsError(
            f"{what} must be numbers, {'a value an asset' if what == 'mu' else 'in equal rows'}, "
            f"not {str(values)[:80]}"
        ) from None
    array.setflags(write=False)
    finite = np.isfinite(array)
    if not finite.all():
        bad = np.argwhere(~finite)
        raise AssumptionsError(
            f"{what} has {len(bad)} value(s) that are not finite, first at {bad[0].tolist()}"
        )
    return array


@dataclass(frozen=True, eq=False)
class Assumptions:
    """What an estimator tells an optimiser about the assets.

    Parameters
    ----------
    labels : sequence of str, length n
        Asset names, unique.
    mu : array (n,) or Series
        Expected arithmetic returns, annual decimals. A Series must carry the same labels in the
        same order.
    sigma : array (n, n) or DataFrame
        Covariance of annual returns, annual decimals squared. Must be symmetric and positive
        semidefinite; a riskless asset (a zero row) is allowed.
    rf : float
        Risk-free rate, annual decimal.
    source : str
        Where the numbers came from, in words a reviewer can follow.

    Raises
    ------
    AssumptionsError
        Naming the entry, label or eigenvalue that is wrong, and what to do.

    Examples
    --------
    Weights that carry labels are taken by them, in whatever order:

    >>> sigma = [[0.04, 0.0], [0.0, 0.0025]]
    >>> told = Assumptions(["shares", "bonds"], [0.07, 0.03], sigma, rf=0.02)
    >>> told.mean_of(pd.Series({"bonds": 0.75, "shares": 0.25}))
    0.04
    >>> round(told.risk_of(np.array([0.0, 1.0])), 12)
    0.05

    It goes on in ``records.md``.
    """

    labels: tuple[str, ...]
    mu: Array
    sigma: Array
    rf: float
    source: str

    def __init__(
        self,
        labels: Sequence[str],
        mu: ArrayLike,
        sigma: ArrayLike,
        rf: float = 0.0,
        source: str = "not stated",
    ) -> None:
        if isinstance(labels, str):
            raise AssumptionsError(f"labels is the one word {labels!r}: give a list of names")
        names = tuple(labels)
        if not names:
            raise AssumptionsError("the universe is empty: give at least one asset")
        twice = (
            sorted({name for name in names if names.count(name) > 1})
            if len(set(names)) < len(names)
            else []
        )
        if twice:
            raise AssumptionsError(
                f"labels must be unique; given twice: {', '.join(map(str, twice))}"
            )
        if isinstance(mu, Mapping):
            mu = pd.Series(mu)
        _same_labels("mu", mu.index if isinstance(mu, pd.Series) else None, names)
        if isinstance(sigma, pd.DataFrame):
            _same_labels("sigma rows", sigma.index, names)
            _same_labels("sigma columns", sigma.columns, names)
        means = _frozen(mu, "mu")
        covariance = _frozen(sigma, "sigma")
        n = len(names)
        if means.shape != (n,):
            raise AssumptionsError(
                f"mu must have shape ({n},) to match the labels, got {means.shape}"
            )
        if covariance.shape != (n, n):
            raise AssumptionsError(
                f"sigma must have shape ({n}, {n}) to match the labels, got {covariance.shape}"
            )
        if isinstance(rf, str) or rf is None or not np.isfinite(rf):
            raise AssumptionsError(f"rf must be finite, got {rf!r}: give a number")
        told = [*(f"the expected return of {name!r}" for name in names), "rf"]
        for what, value in zip(told, [*means.tolist(), float(rf)], strict=True):
            if abs(value) >= PERCENT:
                raise AssumptionsError(
                    f"{what} is {value:g}, which is {value:.0%} a year; in percent? "
                    f"Write {value / 100:g} for {value:g}%, and variances in decimals squared"
                )
        _check_covariance(covariance, names)
        checked = {
            "labels": names,
            "mu": means,
            "sigma": covariance,
            "rf": float(rf),
            "source": source,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def volatility(self) -> Array:
        """Standard deviations, annual decimals, shape (n,)."""
        return np.sqrt(np.diag(self.sigma))

    def mean_of(self, w: Array | pd.Series) -> float:
        """Expected return of a portfolio ``w`` of shape (n,): ``mu'w``. A Series is taken by its
        labels."""
        return float(self.mu @ self._aligned(w))

    def risk_of(self, w: Array | pd.Series) -> float:
        """Volatility of a portfolio ``w`` of shape (n,): ``sqrt(w' sigma w)``. A Series is taken by
        its labels."""
        x = self._aligned(w)
        return math.sqrt(max(float(x @ self.sigma @ x), 0.0))

    def aligned(self, values: ArrayLike | Mapping[str, float], what: str) -> Array:
        """One finite number an asset, (n,), in the order of the labels: what carries labels is
        taken by them, what does not by its place. AssumptionsError, naming `what`, for others."""
        if isinstance(values, (pd.Series, Mapping)):
            values = self._aligned(pd.Series(values))
        x = _frozen(values, what)
        if x.shape != (len(self),):
            raise AssumptionsError(
                f"{what} must be {len(self)} numbers, one an asset, not of shape {x.shape}"
            )
        return x

    def _aligned(self, w: Array | pd.Series) -> Array:
        if isinstance(w, Mapping):
            w = pd.Series(w, dtype=float)
        if not isinstance(w, pd.Series):
            return w
        if not w.index.is_unique or set(w.index) != set(self.labels):
            strange = sorted(map(str, set(w.index) ^ set(self.labels)))
            raise AssumptionsError(
                f"weights must name each asset once, and nothing else: see "
                f"{', '.join(strange) or 'names given twice'}"
            )
        return w.loc[list(self.labels)].to_numpy(dtype=float)

    def sharpe_of(self, w: Array | pd.Series) -> float:
        """Sharpe ratio ``(mu'w - rf) / volatility``; nan for a riskless portfolio."""
        risk = self.risk_of(w)
        return (self.mean_of(w) - self.rf) / risk if risk > 0 else float("nan")

    def utility_of(self, w: Array | pd.Series, risk_aversion: float) -> float:
        """What a portfolio is worth after its risk: ``mu'w - A/2 w' sigma w``, annual decimal."""
        return self.mean_of(w) - risk_aversion / 2 * self.risk_of(w) ** 2

    def select(self, labels: Sequence[str]) -> Assumptions:
        """The same assumptions for a subset of the assets, in the order given."""
        unknown = [label for label in labels if label not in self.labels]
        if unknown:
            raise AssumptionsError(
                f"not among the assets: {', '.join(unknown)}; known: {', '.join(self.labels)}"
            )
        at = [self.labels.index(label) for label in labels]
        return Assumptions(labels, self.mu[at], self.sigma[np.ix_(at, at)], self.rf, self.source)

    def replace(
        self,
        *,
        mu: ArrayLike | None = None,
        sigma: ArrayLike | None = None,
        rf: float | None = None,
        source: str,
    ) -> Assumptions:
        """A copy with some inputs changed; ``source`` must say why."""
        return Assumptions(
            self.labels,
            self.mu if mu is None else mu,
            self.sigma if sigma is None else sigma,
            self.rf if rf is None else rf,
            source,
        )

    def to_json(self) -> dict[str, Any]:
        """The record as strict JSON can hold it (schema ``assumptions``); `from_json` takes it
        back."""
        return {
            "labels": list(self.labels),
            "mu": self.mu.tolist(),
            "sigma": self.sigma.tolist(),
            "rf": self.rf,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Assumptions:
        """The record that `to_json` wrote; AssumptionsError for what it cannot be.

        Examples
        --------
        >>> told = Assumptions(["a"], [0.05], [[0.04]], 0.02, "a view")
        >>> Assumptions.from_json(told.to_json()).to_json() == told.to_json()
        True
        """
        parts = ("labels", "mu", "sigma", "rf", "source")
        if lost := [name for name in parts if name not in content]:
            raise AssumptionsError(
                f"{', '.join(lost)} missing; assumptions have {', '.join(parts)}"
            )
        return cls(*(content[name] for name in parts))

    def table(self) -> pd.DataFrame:
        """Expected return and volatility by asset, annual decimals."""
        return pd.DataFrame(
            {"expected return": self.mu, "volatility": self.volatility}, index=list(self.labels)
        )


def _same_labels(what: str, given: pd.Index | None, names: tuple[str, ...]) -> None:
    if given is not None and tuple(given) != names:
        pairs = enumerate(zip(given, names, strict=False))
        first = next((i for i, (a, b) in pairs if a != b), min(len(given), len(names)))
        got = given[first] if first < len(given) else "nothing"
        want = names[first] if first < len(names) else "nothing"
        raise AssumptionsError(
            f"{what}: label {first} is {got!r} where the labels say {want!r}; "
            "put them in one order before building Assumptions"
        )


def _check_covariance(sigma: Array, names: tuple[str, ...]) -> None:
    scale = float(np.max(np.abs(sigma)))
    gap = np.abs(sigma - sigma.T)
    if gap.max() > ROUNDING * max(scale, 1e-300):
        i, j = divmod(int(gap.argmax()), len(names))
        raise AssumptionsError(
            f"sigma is not symmetric: [{names[i]}, {names[j]}] is {sigma[i, j]:.6g} but "
            f"[{names[j]}, {names[i]}] is {sigma[j, i]:.6g}; use (sigma + sigma.T) / 2 if that "
            f"is rounding"
        )
    # A Cholesky factorisation of sigma, nudged by rounding, is the cheapest proof; eigenvalues only
    # name the fault.
    nudged = sigma.copy()
    nudged.flat[:: len(names) + 1] += ROUNDING * max(scale, 1e-300)
    try:
        np.linalg.cholesky(nudged)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(sigma)
        heaviest = names[int(np.abs(vectors[:, 0]).argmax())]
        raise AssumptionsError(
            f"sigma is not positive semidefinite: smallest eigenvalue {values[0]:.3g}, weighing "
            f"most on {heaviest}; "
            "estimate it from one common sample, or repair it with the nearest correlation matrix "
            "(statsmodels.stats.correlation_tools.cov_nearest)"
        ) from None


Status = Literal["optimal", "closed form", "read off the exact frontier", "rule"]


@dataclass(frozen=True, eq=False)
class Allocation:
    """Weights and how they were reached; every engine returns this record.

    Parameters
    ----------
    labels, w
        Asset names and weights (decimals; they sum to one where the mandate says so), shape (n,).
    objective : str
        What was optimised, in words: ``"minimum risk"``, ``"maximum utility (A = 4)"``, ...
    mean, risk, sharpe : float
        Expected return and volatility (annual decimals) and Sharpe ratio under the assumptions
        used.
    status : str
        How the weights are known: a solver's proof of optimality, a closed form, the exact
        frontier, or a rule.
    engine : str
        The solver or method and its version.
    seconds : float
        Time spent, wall clock.
    residuals : mapping
        Largest violation of each constraint by name (zero or rounding: weights are checked
        independently of the solver before anyone sees them), in the constraint's own unit.
    shadow_prices : mapping
        By constraint name: how much the objective would improve per unit that the limit is relaxed.
        The unit is that of the objective (annual decimals for risk, return and utility) per unit of
        the limit.
    mandate : str
        Fingerprint of the mandate obeyed, or ``""`` for none.

    Examples
    --------
    A ratio that does not exist is null in JSON, and comes back as it was:

    >>> w = np.array([0.25, 0.75])
    >>> made = Allocation(
    ...     ("b", "a"), w, "cash", 0.03, 0.0, float("nan"), "rule", "ours 1", 0.5, {"cap": 0.0}
    ... )
    >>> content = made.to_json()
    >>> content["sharpe"] is None, content["weights"], made.weights.to_dict()
    (True, {'b': 0.25, 'a': 0.75}, {'b': 0.25, 'a': 0.75})
    >>> again = Allocation.from_json(content)
    >>> again.sharpe, again.labels, again.w.tolist(), again.to_json() == content
    (nan, ('b', 'a'), [0.25, 0.75], True)

    It goes on in ``records.md``.
    """

    labels: tuple[str, ...]
    w: Array
    objective: str
    mean: float
    risk: float
    sharpe: float
    status: Status
    engine: str
    seconds: float
    residuals: Mapping[str, float] = field(default_factory=dict)
    shadow_prices: Mapping[str, float] = field(default_factory=dict)
    mandate: str = ""

    def to_json(self) -> dict[str, Any]:
        """The record as strict JSON can hold it (schema ``allocation``): weights by asset, a Sharpe
        ratio that does not exist as null; `from_json` takes it back."""
        return {
            "schema": ALLOCATION,
            "weights": dict(zip(self.labels, self.w.tolist(), strict=True)),
            "objective": self.objective,
            "mean": self.mean,
            "risk": self.risk,
            "sharpe": self.sharpe if math.isfinite(self.sharpe) else None,
            "status": self.status,
            "engine": self.engine,
            "seconds": self.seconds,
            "residuals": dict(self.residuals),
            "shadow_prices": dict(self.shadow_prices),
            "mandate": self.mandate,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Allocation:
        """The record that `to_json` wrote; ValueError for another schema."""
        if content.get("schema") != ALLOCATION:
            raise ValueError(
                f"schema is {content.get('schema')!r}; this version reads {ALLOCATION}"
            )
        parts = ("weights", "objective", "mean", "risk", "sharpe", "status", "engine", "seconds")
        if lost := [name for name in parts if name not in content]:
            raise ValueError(f"{', '.join(lost)} missing; an allocation has {', '.join(parts)}")
        told = {name: x for name, x in content.items() if name not in ("schema", "weights")}
        told["sharpe"] = float("nan") if told["sharpe"] is None else told["sharpe"]
        w = _frozen(list(content["weights"].values()), "weights")
        return cls(labels=tuple(content["weights"]), w=w, **told)

    @property
    def weights(self) -> pd.Series:
        """Weights by asset."""
        return pd.Series(self.w, index=list(self.labels), name=self.objective)

    def __getitem__(self, label: str) -> float:
        if label not in self.labels:
            raise ValueError(f"{label!r} is not among the assets: {', '.join(self.labels)}")
        return float(self.w[self.labels.index(label)])
