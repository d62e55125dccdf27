"""How should assets be said to move together, when months are few and assets many?

A sample covariance ``S`` of ``p`` assets estimates p(p+1)/2 numbers from T months. Its large
eigenvalues come out too large and its small ones too small, and an optimiser seeks out the small.
Linear shrinkage draws it to a target that needs few numbers, ``sigma = (1 - delta) S + delta F``;
nonlinear shrinkage corrects each eigenvalue by itself.

Estimators take (T, p) returns, subtract their mean, and give a `CovarianceEstimate` *per period of
the returns* that states its divisor; `annual` multiplies by twelve. Left out: forecasts of changing
risk, and expected returns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd

from portlib.estimation.months import holes, is_monthly, monthly
from portlib.ranges import among, door, number
from portlib.records import ROUNDING, Array

Target = Literal["identity", "constant correlation", "single index", "diagonal"]
TARGETS: tuple[Target, ...] = get_args(Target)


#: How far weights that are decided may miss a sum of one.
WHOLE = 1e-6


class CovarianceError(ValueError):
    """Returns or correlations from which no covariance can be made; names the column, month or
    eigenvalue."""


@dataclass(frozen=True, eq=False)
class CovarianceEstimate:
    """A covariance ``sigma`` (p, p) per period, decimals squared, and how it was made.

    `intensity` says how far towards `target` (0 to 1), where a method has such a number. A factor
    model's `parts` are exposures (p, k), factor_covariance (k, k) and specific variances (p,).

    Examples
    --------
    >>> estimate = CovarianceEstimate(np.array([[0.0003, 0.0001], [0.0001, 0.0003]]), "A", 60)
    >>> estimate.annual().round(6).to_numpy().tolist(), list(estimate.annual())
    ([[0.0036, 0.0012], [0.0012, 0.0036]], ['0', '1'])
    >>> round(estimate.condition_number, 9)  # eigenvalues 0.0003 + 0.0001 and 0.0003 - 0.0001
    2.0
    >>> replace(estimate, sigma=np.ones((2, 2))).condition_number
    inf
    >>> weekly = replace(estimate, monthly=False, labels=("shares", "bonds"))
    >>> round(float(weekly.annual(52).loc["shares", "bonds"]), 9)
    0.0052
    >>> weekly.annual()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: these returns are not monthly: say how many ...
    """

    sigma: Array
    method: str
    months: int
    divisor: str = "T - 1"
    intensity: float | None = None
    target: str | None = None
    parts: Mapping[str, Array] | None = None
    labels: tuple[str, ...] = ()
    monthly: bool = True

    def annual(self, periods: int | None = None) -> pd.DataFrame:
        """The covariance of a year: `periods` times ``sigma``, right where returns are independent
        over time.

        Twelve where not given. CovarianceError where the returns carried dates and were not
        monthly.
        """
        if periods is None:
            if not self.monthly:
                raise CovarianceError(
                    "these returns are not monthly: say how many periods make a year, 52 for weeks"
                )
            periods = 12
        names = list(self.labels) or list(map(str, range(len(self.sigma))))
        return pd.DataFrame(periods * self.sigma, index=names, columns=names)

    @property
    def condition_number(self) -> float:
        """Largest over smallest eigenvalue: how far an optimiser can magnify an error; infinite
        where singular.

        Examples
        --------
        Of uncorrelated assets the eigenvalues are the variances; of correlation a half they are a
        half and three halves of one:

        >>> def told(sigma):
        ...     return CovarianceEstimate(np.array(sigma), "by hand", 60).condition_number
        >>> told(np.diag([0.04, 0.01, 0.09])), round(told([[0.04, 0.02], [0.02, 0.04]]), 9)
        (9.0, 3.0)
        >>> told(np.diag([0.04, 4e-15])) == 0.04 / 4e-15, told(np.diag([0.04, 1e-16]))
        (True, inf)
        >>> told([[0.04, 0.04], [0.04, 0.04]]), told([[0.04, 0.05], [0.05, 0.04]])
        (inf, inf)
        """
        values = np.linalg.eigvalsh(self.sigma)
        return float(values[-1] / values[0]) if values[0] > 1e-14 * values[-1] else float("inf")


@door(error=CovarianceError)
def covariance(
    returns: pd.DataFrame,
    method: str,
    *,
    factors: pd.DataFrame | None = None,
    half_life: float | None = None,
) -> CovarianceEstimate:
    """Estimate a covariance by the method named.

    Parameters
    ----------
    returns : DataFrame (T, p)
        Decimals, one column an asset.
    method : str
        A key of `METHODS`.
    factors : DataFrame (T, k), optional
        Returns of the same months; ``factor_model`` alone needs them.
    half_life : float, optional
        In periods; ``exponentially_weighted`` alone needs it.

    Returns
    -------
    CovarianceEstimate
        Per period of the returns.

    Raises
    ------
    CovarianceError
        For an unknown method, a missing or needless argument, a column that is given twice or
        constant, a missing value (naming its column and month), or too few periods.

    Examples
    --------
    >>> months = pd.period_range("2020-01", periods=5, freq="M")
    >>> bonds = [0.01, 0.0, 0.01, -0.01, 0.0]
    >>> returns = pd.DataFrame({"shares": [0.02, -0.03, 0.05, 0.0, 0.01], "bonds": bonds}, months)
    >>> plain = covariance(returns, "sample")
    >>> # deviations of 1, -4, 4, -1, 0 and 0.8, -0.2, 0.8, -1.2, -0.2 points; divisor 4
    >>> (1e4 * plain.sigma).round(9).tolist(), [[34 / 4, 6 / 4], [6 / 4, 2.8 / 4]]
    ([[8.5, 1.5], [1.5, 0.7]], [[8.5, 1.5], [1.5, 0.7]])
    >>> plain.labels, plain.months, plain.divisor, plain.monthly
    (('shares', 'bonds'), 5, 'T - 1', True)

    Shrinkage towards the average variance leaves the sum of the variances what it was:

    >>> shrunk = covariance(returns, "ledoit_wolf_identity")
    >>> bool(np.isclose(np.trace(shrunk.sigma), np.trace(plain.sigma)))
    True

    It goes on in ``shrinkage.md``.
    """
    among("estimator", [method], METHODS, error=CovarianceError)
    needs = {"factor_model": "factors", "exponentially_weighted": "half_life"}.get(method)
    for name, value in {"factors": factors, "half_life": half_life}.items():
        if (value is None) == (name == needs):
            raise CovarianceError(f"{method} {'needs' if name == needs else 'does not use'} {name}")
    if isinstance(factors, pd.DataFrame) and not factors.index.equals(returns.index):
        raise CovarianceError("factors and returns must have the same months in the same order")
    second = [half_life] if factors is None else [_checked(factors, "factors")]
    estimate = METHODS[method](_checked(returns, "returns"), *(second if needs else ()))
    labels = tuple(map(str, returns.columns))
    return replace(estimate, labels=labels, monthly=is_monthly(returns.index))


def _checked(returns: pd.DataFrame, what: str) -> Array:
    if not isinstance(returns, pd.DataFrame):
        raise CovarianceError(f"{what}: {returns!r:.60} is no table of returns")
    names = returns.columns
    try:
        x = np.ascontiguousarray(returns, dtype=float)
    except (TypeError, ValueError):
        text = [name for name in names if not pd.api.types.is_numeric_dtype(returns[name])]
        raise CovarianceError(
            f"{what}: column {text[0] if text else names[0]!r} is text; give decimals, 0.012 "
            f"for 1.2%"
        ) from None
    if x.shape[1] == 0 or len(x) < 3:
        raise CovarianceError(
            f"{what}: a covariance needs an asset and at least 3 periods, got shape {x.shape}"
        )
    if not names.is_unique:
        raise CovarianceError(f"{what}: column {names[names.duplicated()][0]!r} is given twice")
    if not np.isfinite(x).all():
        t, i = np.argwhere(~np.isfinite(x))[0]
        raise CovarianceError(
            f"{what}: column {names[i]!r}, {returns.index[t]}: {x[t, i]} is no return; estimate "
            f"all "
            "assets from the months that they share"
        )
    if not returns.index.is_unique or not (
        returns.index.is_monotonic_increasing or isinstance(returns.index, pd.RangeIndex)
    ):
        raise CovarianceError(f"{what}: put the oldest period first, and each period once")
    if dates := holes(returns.index):
        raise CovarianceError(f"{what}: no return for {dates}; estimate from months without gaps")
    constant = (x == x[0]).all(axis=0)
    if constant.any():
        raise CovarianceError(
            f"{what}: column {names[constant][0]!r} never changes; leave it out, and give it zero "
            "volatility in assemble"
        )
    return x


def correlation(sigma: Array) -> Array:
    """Correlations (p, p) of a covariance whose variances are all positive.

    Examples
    --------
    >>> # 0.006 / (0.2 * 0.1)
    >>> correlation(np.array([[0.04, 0.006], [0.006, 0.01]])).round(12).tolist()
    [[1.0, 0.3], [0.3, 1.0]]
    """
    rho = sigma / np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
    np.fill_diagonal(rho, 1.0)
    return rho


def _moments(x: Array) -> tuple[Array, Array, int]:
    """Demeaned returns, their covariance with divisor n, and n = T - 1."""
    y = x - x.mean(axis=0)
    n = len(x) - 1
    return y, y.T @ y / n, n


def sample(x: Array) -> CovarianceEstimate:
    """The sample covariance, divisor T - 1; singular when there are not more periods than
    assets.

    Examples
    --------
    >>> x = np.array([[0.02, 0.01], [-0.03, 0.0], [0.07, -0.04]])  # means of 2 and -1 points
    >>> (1e4 * sample(x).sigma).round(9).tolist()  # 0, -5, 5 and 2, 1, -3: divisor 2
    [[25.0, -10.0], [-10.0, 7.0]]
    >>> sample(x).months
    3
    """
    return CovarianceEstimate(_moments(x)[1], "sample", len(x))


def ledoit_wolf(x: Array, target: Target) -> CovarianceEstimate:
    """Linear shrinkage to a target, by the intensity that least squares would choose in large
    samples.

    ``delta = (pi - rho) / (gamma n)`` within 0 and 1, ``n = T - 1``: pi is the noise of S, rho what
    the target's noise shares with it, gamma the squared distance between them. Sums over pairs of
    assets are taken as sums over periods, ``sum_ij sum_t y_ti^2 y_tj^2 = sum_t (sum_i y_ti^2)^2``,
    so that S is the only matrix product. Targets: the average variance times the ``identity``; the
    ``diagonal`` of S; the average, ``constant correlation``; ``single index``, betas to the
    equal-weighted assets. Source: Ledoit and Wolf (2004a) identity; (2004b) constant correlation;
    (2003) single index; divisor, and rho of the diagonal, as in the authors' published code.

    Examples
    --------
    Each target is a function of S alone. What its entries' noise shares with that of S follows from
    what a month, added to S, does to both (the paper takes the average correlation for known):

    >>> def constant(s):
    ...     return with_variances(average * np.sqrt(np.outer(np.diag(s), np.diag(s))), s)
    >>> def single(s):
    ...     return with_variances(np.outer(s.mean(axis=1), s.mean(axis=1)) / s.mean(), s)
    >>> def with_variances(f, s):
    ...     return f - np.diag(np.diag(f)) + np.diag(np.diag(s))
    >>> targets = {
    ...     "identity": lambda s: np.diag(s).mean() * np.eye(len(s)),
    ...     "diagonal": lambda s: np.diag(np.diag(s)),
    ...     "constant correlation": constant,
    ...     "single index": single,
    ... }
    >>> x = np.random.default_rng(7).normal(0.01, [0.05, 0.03, 0.04, 0.02], (30, 4))
    >>> x[:, 1:] += x[:, :1] * [0.2, 0.5, 0.1]
    >>> y, n = x - x.mean(axis=0), 29
    >>> s = y.T @ y / n
    >>> average = (np.corrcoef(x, rowvar=False).sum() - 4) / 12
    >>> months = [np.outer(month, month) for month in y]
    >>> pi = sum(month**2 for month in months).sum() / n - (s**2).sum()

    It goes on in ``shrinkage.md``.
    """
    y, s, n = _moments(x)
    var = np.diag(s).copy()
    square = y * y
    size = square.sum(axis=1)
    norm = float(np.vdot(s, s))
    pi = float(size @ size) / n - norm
    own = float(np.vdot(square, square)) / n - float(var @ var)
    if target == "identity":
        f = np.diag(np.full(len(var), var.mean()))
        rho = 0.0
    elif target == "diagonal":
        f = np.diag(var)
        rho = own
    elif target == "constant correlation":
        sd = np.sqrt(var)
        pairs = max(len(var) * (len(var) - 1), 1)
        average = float((1 / sd) @ s @ (1 / sd) - len(var)) / pairs
        f = average * np.outer(sd, sd)
        np.fill_diagonal(f, var)
        rho = own + average * (
            float(((square * y) @ (1 / sd)) @ (y @ sd)) / n - float(sd @ s @ sd) - own
        )
    elif target == "single index":
        index = y.mean(axis=1)
        c = y.T @ index / n
        v = float(index @ index) / n
        f = np.outer(c, c) / v
        np.fill_diagonal(f, var)
        fit = y @ c
        csc = float(c @ s @ c)
        cubes = (square * y).T @ index / n
        fours = square.T @ (index * index) / n
        once = float((size * index) @ fit) / n - csc - float(c @ (cubes - var * c))
        twice = (
            float((index * fit) @ (index * fit)) / n - v * csc - float((c * c) @ (fours - v * var))
        )
        rho = own + 2 * once / v - twice / v**2
    else:
        raise CovarianceError(f"no target {target!r}; there are {', '.join(TARGETS)}")
    f -= s
    gamma = float(np.vdot(f, f))
    delta = min(max((pi - rho) / (gamma * n), 0.0), 1.0) if gamma > ROUNDING**2 * norm else 0.0
    f *= delta
    f += s
    return CovarianceEstimate(f, f"Ledoit-Wolf, {target}", len(x), intensity=delta, target=target)


def oas(x: Array) -> CovarianceEstimate:
    """Oracle-approximating shrinkage to the average variance times the identity, divisor T.

    ``delta = ((1 - 2/p) tr S^2 + tr^2 S) / ((T + 1 - 2/p) (tr S^2 - tr^2 S / p))``, at most 1; the
    paper assumes normal returns of known mean, we subtract the sample's. scikit-learn leaves out
    both terms in 2/p. Source: Chen, Wiesel, Eldar and Hero (2010), equation 23.

    Examples
    --------
    Three assets that move by 1, 2 and 3 points, apart from each other, around means of their own:
    ``tr S`` is 14, its square 196 and ``tr S^2`` 98, so that ``delta`` is ``(98 / 3 + 196) / ((9 -
    2 / 3) (98 - 196 / 3)) = 0.84``, and 14 / 3 is the average variance.

    >>> sign = np.array([-1, 1])
    >>> apart = np.array([np.repeat(sign, 4), np.tile(np.repeat(sign, 2), 2), np.tile(sign, 4)]).T
    >>> told = oas([0.01, 0.0, 0.005] + apart * [0.01, 0.02, 0.03])
    >>> round(told.intensity, 9), told.divisor, told.months
    (0.84, 'T', 8)
    >>> (1e4 * np.diag(told.sigma)).round(9).tolist()
    [4.08, 4.56, 5.36]
    >>> [round(0.16 * square + 0.84 * 14 / 3, 9) for square in (1, 4, 9)]
    [4.08, 4.56, 5.36]
    >>> bool(np.abs(told.sigma - np.diag(np.diag(told.sigma))).max() < 1e-15)
    True
    >>> oas(apart[:, [0, 1]] * 0.02).intensity, oas(apart[:3] * [0.01, 0.02, 0.03]).intensity
    (1.0, 1.0)
    """
    y, (periods, p) = x - x.mean(axis=0), x.shape
    s = y.T @ y / periods
    trace = float(np.trace(s))
    norm = float(np.vdot(s, s))
    spread = norm - trace**2 / p
    ratio = (
        ((1 - 2 / p) * norm + trace**2) / ((periods + 1 - 2 / p) * spread)
        if spread > ROUNDING * norm
        else 1.0
    )
    delta = min(ratio, 1.0)
    sigma = (1 - delta) * s + np.diag(np.full(p, delta * trace / p))
    return CovarianceEstimate(
        sigma, "oracle-approximating", periods, "T", intensity=delta, target="identity"
    )


def quadratic_inverse(x: Array) -> CovarianceEstimate:
    """Nonlinear shrinkage: each inverse eigenvalue is corrected by where the others lie; also for p
    > T - 1.

    With ``c = p/n``, n = T - 1, and bandwidth ``h = min(c^2, 1/c^2)^0.35 / p^0.35``, the smoothed
    Stein shrinker theta of the inverse eigenvalues l gives ``1/delta_i = l_i ((1-c)^2 + 2c(1-c)
    theta_i + c^2 |theta_i|^2)``, the modulus with theta's conjugate; rescaled to keep the trace.
    For p > n the null space gets one value of its own. The eigenvectors stay the sample's. Source:
    Ledoit and Wolf (2022), section 4.

    Examples
    --------
    The two means are real and imaginary parts of one complex number, and a plain loop gives the
    eigenvalues, for more periods than assets and for fewer:

    >>> def by_hand(s, n):
    ...     lam, p = np.linalg.eigvalsh(s), len(s)
    ...     c, known = p / n, 1 / lam[max(p - n, 0) :]
    ...     h = min(c**2, 1 / c**2) ** 0.35 / p**0.35
    ...     new = [1 / ((c - 1) * known.mean())] * (p - n)  # of the null space, if there is one
    ...     for at in known:
    ...         theta = sum(one / (one - at - 1j * h * one) for one in known) / len(known)
    ...         square = abs((1 - c) + c * theta) ** 2 if c <= 1 else abs(theta) ** 2
    ...         new.append(1 / (at * square))
    ...     return np.array(new) * np.trace(s) / sum(new)
    >>> x = np.random.default_rng(3).normal(0.01, [0.05, 0.03, 0.04, 0.02, 0.06], (12, 5))
    >>> for months in (12, 4):
    ...     s = np.cov(x[:months], rowvar=False)
    ...     told = quadratic_inverse(x[:months])
    ...     values = np.linalg.eigvalsh(told.sigma)
    ...     print(np.allclose(values, np.sort(by_hand(s, months - 1))), told.months)
    True 12
    True 4
    >>> s = np.cov(x, rowvar=False)
    >>> sigma = quadratic_inverse(x).sigma
    >>> np.allclose(s @ sigma, sigma @ s)  # the eigenvectors stay the sample's
    True
    >>> quadratic_inverse(np.column_stack([x[:, :2], x[:, 0] + x[:, 1]]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: an asset is a copy or a combination of others; ...
    """
    s, n = _moments(x)[1:]
    p, (values, vectors) = len(s), np.linalg.eigh(s)
    c = p / n
    rank = min(p, n)
    if values[-rank] <= ROUNDING * values[-1]:
        raise CovarianceError(
            "an asset is a copy or a combination of others; quadratic_inverse needs it left out"
        )
    values[:-rank] = 0.0
    h = min(c, 1 / c) ** 0.7 / p**0.35
    inverse = 1 / values[-rank:]
    gap = inverse[:, None] - inverse
    wide = h * inverse[:, None]
    kernel = inverse[:, None] / (gap**2 + wide**2)
    stein = (kernel * gap).mean(axis=0)
    modulus = (kernel * gap).mean(axis=0) ** 2 + (kernel * wide).mean(axis=0) ** 2
    if p <= n:
        shrunk = 1 / (inverse * ((1 - c) ** 2 + 2 * c * (1 - c) * stein + c**2 * modulus))
    else:
        shrunk = np.concatenate(
            [np.full(p - n, 1 / ((c - 1) * inverse.mean())), 1 / (inverse * modulus)]
        )
    shrunk *= values.sum() / shrunk.sum()
    sigma = (vectors * shrunk) @ vectors.T
    return CovarianceEstimate((sigma + sigma.T) / 2, "quadratic-inverse", len(x))


def random_matrix_denoising(x: Array) -> CovarianceEstimate:
    """Clip what noise alone would produce: correlation eigenvalues below the Marchenko-Pastur edge
    become one value.

    The edge is ``v (1 + sqrt(p/n))^2`` with n = T - 1 and ``v = 1 - largest/p``, the variance that
    the first eigenvector (the market) leaves: Laloux, Cizeau, Bouchaud and Potters (1999). The
    clipped keep their sum, the diagonal is scaled back to one, and the sample's volatilities
    (divisor T - 1) are put back.

    Examples
    --------
    Four assets with one market: the three other eigenvalues are below the edge and become their
    average, and a common row length is put right; volatilities stay the sample's.

    >>> drawn = np.random.default_rng(5).normal(size=(60, 5))
    >>> x = (drawn[:, :1] + drawn[:, 1:]) * [0.05, 0.03, 0.04, 0.02] + 0.01
    >>> told = random_matrix_denoising(x)
    >>> np.allclose(np.sqrt(np.diag(told.sigma)), x.std(axis=0, ddof=1)), told.months
    (True, 60)
    >>> rho = np.corrcoef(x, rowvar=False)
    >>> values, vectors = np.linalg.eigh(rho)
    >>> edge = (1 - values[3] / 4) * (1 + (4 / 59) ** 0.5) ** 2
    >>> bool(values[2] < edge < values[3])
    True
    >>> market = np.outer(vectors[:, 3], vectors[:, 3])
    >>> clipped = values[3] * market + values[:3].mean() * (np.eye(4) - market)
    >>> np.allclose(correlation(told.sigma), correlation(clipped))
    True

    Two pairs, apart from each other, and ten years of them: the second largest stands above the
    edge and stays, so that only what is within each pair is averaged.

    >>> drawn = np.random.default_rng(5).normal(size=(120, 6))
    >>> pairs = drawn[:, :4] + 2 * drawn[:, [4, 4, 5, 5]]
    >>> values, vectors = np.linalg.eigh(np.corrcoef(pairs, rowvar=False))
    >>> edge = (1 - values[3] / 4) * (1 + (4 / 119) ** 0.5) ** 2
    >>> bool(values[1] < edge < values[2])
    True
    >>> mean = values[:2].mean()
    >>> clipped = (vectors * [mean, mean, values[2], values[3]]) @ vectors.T
    >>> np.allclose(correlation(random_matrix_denoising(pairs).sigma), correlation(clipped))
    True

    It goes on in ``shrinkage.md``.
    """
    s, n = _moments(x)[1:]
    p, (values, vectors) = len(s), np.linalg.eigh(correlation(s))
    noise = values < (1 - values[-1] / p) * (1 + np.sqrt(p / n)) ** 2
    noise[-1] = False
    values[noise] = values[noise].sum() / max(int(noise.sum()), 1)
    rho = correlation((vectors * values) @ vectors.T)
    sigma = (rho + rho.T) / 2 * np.sqrt(np.outer(np.diag(s), np.diag(s)))
    return CovarianceEstimate(sigma, "random-matrix denoising", len(x))


@door(error=CovarianceError)
def exponentially_weighted(x: Array, half_life: float) -> CovarianceEstimate:
    """Recent months count more: weights halve with age; the weighted mean is subtracted.

    The divisor ``1 - sum w^2`` leaves no bias when returns are independent and alike; the history
    is worth ``1 / sum w^2`` periods, however long it is. Source: Litterman and Winkelmann (1998),
    demeaned.

    Parameters
    ----------
    x : array (T, p)
        Returns, decimals, the oldest first.
    half_life : float
        Periods after which a weight is half.

    Raises
    ------
    CovarianceError
        For a half-life below a tenth of a period.

    Examples
    --------
    With a half-life of one month, three months weigh 1, 2 and 4 sevenths. The mean of 7, 0 and -3.5
    points is -1, the squares of 8, 1 and -2.5 average 13, and ``1 - (1 + 4 + 16) / 49 = 4 / 7``:

    >>> x = np.array([[0.07, 0.07], [0.0, 0.035], [-0.035, 0.0]])
    >>> told = exponentially_weighted(x, half_life=1)
    >>> (1e4 * told.sigma).round(9).tolist()  # of the second: 5, 1.5 and -2, as the first goes
    [[22.75, 15.75], [15.75, 11.375]]
    >>> 13 * 7 / 4, (8 * 5 + 2 * 1 * 1.5 + 4 * 2.5 * 2) / 4, (25 + 2 * 2.25 + 4 * 4) / 4
    (22.75, 15.75, 11.375)
    >>> told.method, told.months
    ('exponentially weighted, half-life 1', 3)
    >>> np.allclose(exponentially_weighted(x, half_life=1e9).sigma, sample(x).sigma)
    True
    >>> exponentially_weighted(x, half_life=0.1).months
    3
    >>> exponentially_weighted(x, half_life=0.09)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: half_life is 0.09: ...
    """
    number("half_life", half_life, least=0.1, error=CovarianceError)
    w = 0.5 ** (np.arange(len(x))[::-1] / half_life)
    w /= w.sum()
    y = np.sqrt(w)[:, None] * (x - w @ x)
    name = f"exponentially weighted, half-life {half_life:g}"
    return CovarianceEstimate(y.T @ y / (1 - w @ w), name, len(x), "1 - sum of squared weights")


def factor_model(x: Array, factors: Array) -> CovarianceEstimate:
    """Returns move by common factors and otherwise alone: ``B F B' + D``.

    B from least squares with intercepts, F with divisor T - 1, and D diagonal, from residuals with
    divisor T - k - 1. Source: Sharpe (1963), with several factors.

    Parameters
    ----------
    x : array (T, p)
        Returns, decimals.
    factors : array (T, k)
        Returns of the same periods.

    Raises
    ------
    CovarianceError
        For collinear factors or T <= k + 1.

    Examples
    --------
    >>> drawn = np.random.default_rng(2).normal(0.01, 0.03, (9, 5))
    >>> factors = drawn[:, :2] * [1.0, 2.0]
    >>> x = factors @ [[0.5, 1.2, -0.3], [0.1, 0.4, 0.8]] + 0.5 * drawn[:, 2:]
    >>> told = factor_model(x, factors)
    >>> line = np.column_stack([np.ones(9), factors])  # with an intercept
    >>> fitted, squares = np.linalg.lstsq(line, x)[:2]
    >>> np.allclose(told.parts["exposures"], fitted[1:].T)
    True
    >>> np.allclose(told.parts["specific"], squares / (9 - 3))
    True
    >>> common = np.cov((factors @ fitted[1:]).T)  # what the factors move, divisor 8
    >>> np.allclose(told.sigma, common + np.diag(squares / 6)), told.months, told.method
    (True, 9, 'factor model, 2 factors')
    >>> np.allclose(told.parts["factor_covariance"], np.cov(factors.T))
    True
    >>> factor_model(x[:4], factors[:4]).months
    4
    >>> factor_model(x[:3], factors[:3])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: 2 factors over 3 periods: too few periods, or ...
    >>> factor_model(x, factors[:, [0, 0]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: 2 factors over 9 periods: too few periods, or ...
    """
    (periods, k), y, g = factors.shape, x - x.mean(axis=0), factors - factors.mean(axis=0)
    if periods <= k + 1 or np.linalg.matrix_rank(g) < k:
        raise CovarianceError(
            f"{k} factors over {periods} periods: too few periods, or collinear; drop a factor"
        )
    b = np.linalg.solve(g.T @ g, g.T @ y).T
    f = g.T @ g / (periods - 1)
    residual = y - g @ b.T
    specific = (residual * residual).sum(axis=0) / (periods - k - 1)
    sigma = b @ f @ b.T + np.diag(specific)
    parts = {"exposures": b, "factor_covariance": f, "specific": specific}
    divisor = "T - 1 (factors), T - k - 1 (specific)"
    return CovarianceEstimate(
        (sigma + sigma.T) / 2, f"factor model, {k} factors", periods, divisor, parts=parts
    )


METHODS: dict[str, Callable[..., CovarianceEstimate]] = {
    "sample": sample,
    **{
        f"ledoit_wolf_{target.replace(' ', '_')}": partial(ledoit_wolf, target=target)
        for target in TARGETS
    },
    "oas": oas,
    "quadratic_inverse": quadratic_inverse,
    "random_matrix_denoising": random_matrix_denoising,
    "exponentially_weighted": exponentially_weighted,
    "factor_model": factor_model,
}


@door(error=CovarianceError)
def nearest_correlation(a: Array, floor: float = 0.0, tolerance: float = 1e-11) -> Array:
    """The correlation matrix nearest to the symmetric `a` (sum of squares) with no eigenvalue below
    `floor`.

    Alternating projections with Dykstra's correction; a mix with the identity, of the size of
    rounding, then lifts the last eigenvalue to the floor. Source: Higham (2002), algorithm 3.3.

    Parameters
    ----------
    a : array (n, n)
        Symmetric, finite.
    floor : float
        From 0 to below 1.
    tolerance : float
        The projections end when no step moves a part in 1 / `tolerance`.

    Returns
    -------
    array (n, n)

    Raises
    ------
    CovarianceError
        When `a` is not symmetric and finite, or `floor` not from 0 to below 1, or where the
        projections do not settle.

    Examples
    --------
    Higham (2002) prints the correlations nearest to two matrices:

    >>> a = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    >>> nearest_correlation(a).round(4).tolist()
    [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    >>> a = 2 * np.eye(4) - np.eye(4, k=1) - np.eye(4, k=-1)
    >>> near = nearest_correlation(a)
    >>> near[np.triu_indices(4, 1)].round(4).tolist()
    [-0.8084, 0.1916, 0.1068, -0.6562, 0.1916, -0.8084]

    It goes on in ``shrinkage.md``.
    """
    if not np.isfinite(a).all() or np.abs(a - a.T).max() > ROUNDING:
        raise CovarianceError("correlations must be symmetric and finite; take (a + a.T) / 2")
    if not 0 <= floor < 1:
        raise CovarianceError(
            f"the floor must be at least 0 and below 1, the average eigenvalue, not {floor}"
        )
    y = a.copy()
    correction = np.zeros_like(a)
    for _ in range(20_000):
        before = y
        target = y - correction
        values, vectors = np.linalg.eigh(target)
        x = (vectors * np.maximum(values, floor)) @ vectors.T
        correction = x - target
        y = x.copy()
        np.fill_diagonal(y, 1.0)
        if max(np.linalg.norm(y - before), np.linalg.norm(y - x)) <= tolerance * np.linalg.norm(y):
            lowest = float(np.linalg.eigvalsh(y)[0])
            lift = max(floor - lowest, 0.0) / (1 - lowest)
            return np.asarray((1 - lift) * y + lift * np.eye(len(y)))
    raise CovarianceError(
        "the projections did not settle in 20000 rounds; raise the floor a little above zero"
    )


def assemble(volatility: pd.Series, rho: pd.DataFrame) -> pd.DataFrame:
    """A covariance from volatilities and correlations of different sources.

    Parameters
    ----------
    volatility : Series (n,)
        Decimals, by label.
    rho : DataFrame (n, n)
        Correlations of the same labels in the same order.

    Returns
    -------
    DataFrame (n, n)
        In the volatilities' unit squared.

    Raises
    ------
    CovarianceError
        For labels that differ, a negative volatility, or correlations that no returns can have.

    Examples
    --------
    >>> names = ["shares", "bonds"]
    >>> risk = pd.Series([0.2, 0.05], names)
    >>> rho = pd.DataFrame([[1.0, 0.3], [0.3, 1.0]], names, names)
    >>> assemble(risk, rho).round(9).to_numpy().tolist()  # 0.3 * 0.2 * 0.05
    [[0.04, 0.003], [0.003, 0.0025]]
    >>> float(assemble(risk * [0, 1], rho).loc["shares", "shares"])  # what never moves
    0.0
    >>> def refused(risk=risk, rho=rho):
    ...     try:
    ...         assemble(risk, rho)
    ...     except CovarianceError as error:
    ...         print(error)
    >>> refused(risk.replace(0.05, 5.0))
    the volatility of 'bonds' is 5, which is 500%; in percent? Write 0.05
    >>> refused(risk.replace(0.05, -0.05))
    the volatility of 'bonds' is negative or missing
    >>> refused(risk.replace(0.05, np.nan))
    the volatility of 'bonds' is negative or missing
    >>> refused(risk.iloc[::-1])
    volatilities and correlations must have the same labels in one order: ['bonds', 'shares']
    >>> refused(rho=rho.loc[["bonds", "shares"]])  # rows as well as columns
    volatilities and correlations must have the same labels in one order: ['shares', 'bonds']
    >>> refused(rho=rho[["bonds", "shares"]])
    volatilities and correlations must have the same labels in one order: ['shares', 'bonds']
    >>> refused(rho=rho * np.array([[1, 1], [0.9, 1]]))
    correlations must be symmetric with ones on the diagonal
    >>> refused(rho=rho * np.diag([1, 0.9]))
    correlations must be symmetric with ones on the diagonal
    >>> refused(rho=rho.where(rho == 1))  # of which one is missing
    correlations must be symmetric with ones on the diagonal
    >>> refused(rho=4 * rho - 3 * np.eye(2))
    smallest eigenvalue -0.2: no returns correlate so; see nearest_correlation

    It goes on in ``shrinkage.md``.
    """
    names = list(volatility.index)
    r = rho.to_numpy(dtype=float)
    for name, value in volatility.items():
        if value >= 5:
            raise CovarianceError(
                f"the volatility of {name!r} is {value:g}, which is {value:.0%}; in percent? "
                f"Write {value / 100:g}"
            )
    if list(rho.index) != names or list(rho.columns) != names:
        raise CovarianceError(
            f"volatilities and correlations must have the same labels in one order: {names}"
        )
    if not (volatility >= 0).all():
        raise CovarianceError(
            f"the volatility of {volatility.index[~(volatility >= 0)][0]!r} is negative or missing"
        )
    if not max(np.abs(r - r.T).max(), np.abs(np.diag(r) - 1).max()) <= ROUNDING:
        raise CovarianceError("correlations must be symmetric with ones on the diagonal")
    lowest = float(np.linalg.eigvalsh(r)[0])
    if lowest < -ROUNDING:
        raise CovarianceError(
            f"smallest eigenvalue {lowest:.3g}: no returns correlate so; see nearest_correlation"
        )
    return rho * np.outer(volatility, volatility)


@door(error=CovarianceError)
def blend(
    calm: pd.DataFrame, crisis: pd.DataFrame, share: float, floor: float = 1e-6
) -> pd.DataFrame:
    """Correlations ``(1 - share) calm + share crisis`` for stress tests, with no eigenvalue below
    `floor`.

    A mix of correlation matrices is one, so only a lowest eigenvalue under the floor is repaired.

    Parameters
    ----------
    calm, crisis : DataFrame (n, n)
        Correlations of the same labels.
    share : float
        Of the crisis, 0 to 1.
    floor : float
        The least eigenvalue.

    Returns
    -------
    DataFrame (n, n)

    Raises
    ------
    CovarianceError
        For a share outside 0 to 1, and as for `assemble`.

    Examples
    --------
    >>> names = ["shares", "bonds"]
    >>> calm = pd.DataFrame([[1.0, 0.2], [0.2, 1.0]], names, names)
    >>> crisis = pd.DataFrame([[1.0, 0.8], [0.8, 1.0]], names, names)
    >>> round(float(blend(calm, crisis, 0.25).loc["shares", "bonds"]), 9)  # 0.75 * 0.2 + 0.25 * 0.8
    0.35
    >>> [round(float(blend(calm, crisis, share).iloc[0, 1]), 9) for share in (0, 1)]
    [0.2, 0.8]
    >>> blend(calm, crisis, 1, floor=0.3).round(6).to_numpy().tolist()  # 1 - 0.7
    [[1.0, 0.7], [0.7, 1.0]]
    >>> one = pd.DataFrame(np.ones((2, 2)), names, names)  # lifted to the floor of a millionth
    >>> float(1 - blend(one, one, 0.5).loc["shares", "bonds"]) < 2e-6, list(blend(one, one, 0.5))
    (True, ['shares', 'bonds'])
    >>> blend(calm, crisis, 1.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: the share of crisis must lie between 0 and 1, ...
    >>> blend(calm, crisis, -0.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: the share of crisis must lie between 0 and 1, ...

    It goes on in ``shrinkage.md``.
    """
    if not 0 <= share <= 1:
        raise CovarianceError(f"the share of crisis must lie between 0 and 1, not {share}")
    ones = pd.Series(1.0, index=calm.index)
    mixed = (1 - share) * assemble(ones, calm) + share * assemble(ones, crisis)
    if np.linalg.eigvalsh(mixed)[0] >= floor:
        return mixed
    return pd.DataFrame(nearest_correlation(mixed.to_numpy(), floor), mixed.index, mixed.columns)


@door(error=CovarianceError)
def drawdown_months(market: pd.Series, depth: float) -> pd.Series:
    """Which months, in hindsight, lay between a peak of wealth and its trough?

    Parameters
    ----------
    market : Series by month
        Returns, monthly decimals.
    depth : float
        How far below the peak a trough must lie to count, decimal.

    Returns
    -------
    Series by month
        Of truth values.

    Examples
    --------
    A fall by ``1 - 0.9 * 0.8 = 28%`` from the start, regained in April; then one of 10% that lasts,
    and deepens to 19% before it ends:

    >>> months = pd.period_range("2020-01", periods=9, freq="M")
    >>> market = pd.Series([-0.1, 0.05, -0.2, 0.5, -0.1, 0.05, -0.15, 0.1, 0.3], months)
    >>> wealth = (1 + market).cumprod().round(4).tolist()
    >>> wealth  # 0.9 * 1.05 * 0.8 = 0.756
    [0.9, 0.945, 0.756, 1.134, 1.0206, 1.0716, 0.9109, 1.002, 1.3026]
    >>> [str(month) for month in months[drawdown_months(market, 0.24)]]  # 1 - 0.756 is more
    ['2020-01', '2020-02', '2020-03']
    >>> [str(month) for month in months[drawdown_months(market, 0.19)]]  # 1 - 0.9109 / 1.134
    ['2020-01', '2020-02', '2020-03', '2020-05', '2020-06', '2020-07']
    >>> bool(drawdown_months(market, 0.25).any())
    False
    >>> half = pd.Series([0.1, -0.5, 0.6, -0.25], months[:4])  # exactly as deep
    >>> drawdown_months(half, 0.5).tolist(), drawdown_months(market, 0.99).index.equals(months)
    ([False, True, False, False], True)
    >>> drawdown_months(market, 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: depth is 1: ...
    >>> drawdown_months(market, 0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: depth is 0: ...
    >>> drawdown_months(market - 1, 0.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.estimation.shrinkage.CovarianceError: the market: 2020-01: -1.1 is no return; in ...
    """
    monthly(market, "the market", least=-1.0, error=CovarianceError)
    number("depth", depth, above=0, below=1, error=CovarianceError)
    wealth = (1 + market).cumprod()
    fall = wealth / wealth.cummax().clip(lower=1.0) - 1
    episode = fall.groupby((fall == 0).cumsum())
    return (
        (episode.transform("min") <= -depth)
        & (fall < 0)
        & (fall.index <= episode.transform("idxmin"))
    )


@door(error=CovarianceError)
def backtest(
    returns: pd.DataFrame,
    decide: Callable[[Array], Array],
    *,
    window: int,
    every: int = 3,
    seen: Array | None = None,
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """What would a rule have earned that saw, at each decision, the last `window` months and
    nothing else?

    No costs.

    Parameters
    ----------
    returns : DataFrame (T, p)
        Monthly decimals, consecutive.
    decide : function from the past (window, p) to weights (p,)
        Held for `every` months while they drift.
    window, every : int
        Months.
    seen : array (T, q), optional
        What `decide` sees instead of returns.

    Returns
    -------
    DataFrame, Series, Series
        Weights by month of decision, monthly returns, and one-way turnover at each later decision.

    Raises
    ------
    CovarianceError
        For too short a history, another length of `seen`, and weights that do not sum to one.

    Examples
    --------
    A rule that puts 60% into what did better in the two months it sees, and holds it for two. It
    sees January and February first: ``a`` did better. 60 and 40 cents become 72.6 and 32.4 by
    April, and then ``b`` did worse still; one cent and more is sold to go back to 60.

    >>> months = pd.period_range("2020-01", periods=7, freq="M")
    >>> a = [0.05, 0.0, 0.1, 0.1, 0.2, -0.1, 0.3]
    >>> b = [0.0, 0.01, -0.1, -0.1, 0.0, 0.5, 0.3]
    >>> returns = pd.DataFrame({"a": a, "b": b}, months)
    >>> def better(past):
    ...     first, second = past.sum(axis=0)
    ...     return np.array([0.6, 0.4] if first > second else [0.4, 0.6])
    >>> weights, earned, traded = backtest(returns, better, window=2, every=2)
    >>> weights.index.astype(str).tolist(), weights["a"].tolist()
    (['2020-02', '2020-04'], [0.6, 0.6])
    >>> wealth = (1 + earned).cumprod().round(9)
    >>> wealth.iloc[:2].tolist()  # 0.66 + 0.36, then 0.726 + 0.324
    [1.02, 1.05]
    >>> round(float(wealth.iloc[3]), 9) == round(1.05 * (0.6 * 1.2 * 0.9 + 0.4 * 1.5), 9)
    True
    >>> traded.round(9).to_dict() == {months[3]: round(0.726 / 1.05 - 0.6, 9)}
    True
    >>> earned.index.astype(str).tolist()  # July would need two months after June
    ['2020-03', '2020-04', '2020-05', '2020-06']

    It goes on in ``shrinkage.md``.
    """
    monthly(returns, "returns", error=CovarianceError)
    if seen is not None and len(seen) != len(returns):
        raise CovarianceError(f"seen has {len(seen)} months and the returns {len(returns)}")
    number("window", window, least=1, error=CovarianceError)
    number("every", every, least=1, error=CovarianceError)
    x = returns.to_numpy(float)
    first = np.arange(window, len(x) - every + 1, every)
    known = x if seen is None else seen
    if not len(first):
        raise CovarianceError(
            f"{len(x)} months are too few for a window of {window} and {every} months after it"
        )
    w = np.array([decide(known[t - window : t]) for t in first])
    if w.shape != (len(first), x.shape[1]) or not (np.abs(w.sum(axis=1) - 1) <= WHOLE).all():
        raise CovarianceError(f"what is decided must be {x.shape[1]} weights that sum to one")
    growth = np.cumprod(1 + x[window : first[-1] + every].reshape(len(first), every, -1), axis=1)
    wealth = np.concatenate([np.ones((len(w), 1)), np.einsum("tmi,ti->tm", growth, w)], axis=1)
    earned = (wealth[:, 1:] / wealth[:, :-1] - 1).ravel()
    drifted = w * growth[:, -1] / wealth[:, -1:]
    traded = np.abs(w[1:] - drifted[:-1]).sum(axis=1) / 2
    decided = returns.index[first - 1]
    return (
        pd.DataFrame(w, decided, returns.columns),
        pd.Series(earned, returns.index[window:][: len(earned)]),
        pd.Series(traded, decided[1:]),
    )
