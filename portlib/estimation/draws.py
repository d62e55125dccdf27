"""Returns drawn anew: blocks of history, or a multivariate t with given means and covariance.

Left out: regimes, and any dependence longer than a block.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.estimation.months import monthly
from portlib.ranges import COUNT, door, number, numbers
from portlib.records import Array, Assumptions, symmetric_root


@door(paths=COUNT, months=COUNT)
def block_bootstrap(
    returns: pd.DataFrame, block_months: float, paths: int, months: int, rng: np.random.Generator
) -> Array:
    """What futures does history suggest: paths made of random runs of its months, all assets
    together?

    Runs have geometric lengths and wrap around the end of the history, so that every month is
    equally likely. Source: Politis and Romano (1994), the stationary bootstrap.

    Parameters
    ----------
    returns : DataFrame (T, assets)
        The history, monthly decimals.
    block_months : float
        Mean length of a run, in months.
    paths, months : int
        How many histories are drawn, and how long each is.
    rng : Generator
        The source of all randomness.

    Returns
    -------
    array (paths, months, assets)
        Monthly decimals.

    Raises
    ------
    ValueError
        When a block is shorter than a month or longer than the history.

    Examples
    --------
    Every month drawn is a month of history, whole; a run goes on with the next month, and after the
    last with the first:

    >>> months = pd.period_range("2020-01", periods=5, freq="M")
    >>> history = pd.DataFrame({"a": [0.01, -0.02, 0.03, 0.05, -0.04], "b": 0.001}, months)
    >>> history["b"] = history["a"] / 2 + 0.01
    >>> drawn = block_bootstrap(history, 4, paths=3000, months=6, rng=np.random.default_rng(1))
    >>> drawn.shape, bool(np.allclose(drawn[:, :, 1], drawn[:, :, 0] / 2 + 0.01))
    ((3000, 6, 2), True)
    >>> place = {value: at for at, value in enumerate(history["a"])}
    >>> at = np.vectorize(place.get)(drawn[:, :, 0])

    It goes on in ``draws.md``.
    """
    monthly(returns, "the history", least=-1.0)
    if not 1 <= block_months <= len(returns):
        raise ValueError(
            f"block_months must be between 1 and the {len(returns)} months of history, not "
            f"{block_months}"
        )
    step = np.arange(months)
    restart = rng.random((paths, months)) < 1 / block_months
    restart[:, 0] = True
    start = rng.integers(len(returns), size=(paths, months))
    last = np.maximum.accumulate(np.where(restart, step, 0), axis=1)
    at = (np.take_along_axis(start, last, axis=1) + step - last) % len(returns)
    return np.asarray(returns.to_numpy(float)[at], float)


@door(n=COUNT)
def student_t_scenarios(
    assumptions: Assumptions, dof: float, n: int, rng: np.random.Generator
) -> Array:
    """What years do the assumptions suggest when bad years are worse and more joint than a normal
    law says?

    ``mu + sqrt((dof - 2) / chi2) L z``, ``L L' = sigma``: multivariate Student t with exactly the
    mean and covariance assumed.

    Parameters
    ----------
    assumptions : Assumptions
        Annual means and covariance of the assets.
    dof : float
        Degrees of freedom; the fewer, the worse are bad years.
    n : int
        Years drawn.
    rng : Generator
        The source of all randomness.

    Returns
    -------
    array (n, assets)
        Annual decimals.

    Raises
    ------
    ValueError
        Unless ``dof > 2``, below which there is no covariance.

    Examples
    --------
    The means and the covariance are those assumed:

    >>> sigma = [[0.04, 0.006, 0.0], [0.006, 0.01, 0.001], [0.0, 0.001, 0.0025]]
    >>> told = Assumptions(["a", "b", "c"], [0.07, 0.04, 0.02], sigma)
    >>> drawn = student_t_scenarios(told, dof=9, n=40_000, rng=np.random.default_rng(1))
    >>> drawn.shape, bool((moments_test(drawn, told.mu, told.sigma)["p-value"] > 0.05).all())
    ((40000, 3), True)

    Of a Student t of nine degrees, stretched by ``sqrt(7 / 9)`` to the volatility assumed, one year
    in a hundred is worse than 2.8214 (printed tables); a normal law says 2.3263. Nine degrees have
    the kurtosis ``3 + 6 / 5``, and bad years are joint: squares of assets that are not related are.

    >>> z = (drawn - told.mu) / told.volatility
    >>> bool(abs((z < -2.8214 * (7 / 9) ** 0.5).mean() - 0.01) < 0.0005)
    True
    >>> bool(abs((z**4).mean() - (3 + 6 / 5)) < 0.3)
    True
    >>> bool(abs((z[:, 0] ** 2 * z[:, 2] ** 2).mean() - (9 - 2) / (9 - 4)) < 0.1)
    True
    >>> student_t_scenarios(told, dof=2, n=10, rng=np.random.default_rng(1))
    Traceback (most recent call last):
    ...
    ValueError: a Student t has a covariance only above 2 degrees of freedom, not at 2
    >>> singular = Assumptions(["a", "b"], [0.07, 0.07], [[0.04, 0.04], [0.04, 0.04]])
    >>> a, b = student_t_scenarios(singular, dof=2.5, n=9, rng=np.random.default_rng(1)).T
    >>> np.allclose(a, b), student_t_scenarios(singular, 5, 1, np.random.default_rng(1)).shape
    (True, (1, 2))
    """
    number("the number of years", n, least=1)
    if not 2 < dof < np.inf:
        raise ValueError(
            f"a Student t has a covariance only above 2 degrees of freedom, not at {dof}"
        )
    root = symmetric_root(assumptions.sigma)
    shock = np.sqrt((dof - 2) / rng.chisquare(dof, size=(n, 1)))
    return np.asarray(
        assumptions.mu + shock * (rng.standard_normal((n, len(assumptions))) @ root), float
    )


def moments_test(scenarios: Array, mu: ArrayLike, sigma: ArrayLike) -> pd.DataFrame:
    """Do scenarios have the means and the covariance that they claim?

    The z of an entry is its error over its standard error (ddof 1) across paths.

    Parameters
    ----------
    scenarios : array (n, k) or (paths, months, k)
        Independent draws; or independent paths, with any dependence within one.
    mu : array (k,)
        The means claimed, in the scenarios' unit.
    sigma : array (k, k)
        The covariance claimed.

    Returns
    -------
    DataFrame
        Rows ``means`` and ``covariances``: number of entries, largest ``|z|``, and its p-value
        after Bonferroni's correction.

    Raises
    ------
    ValueError
        When the three are not of the same variables, and for a single draw or path.

    Examples
    --------
    Four draws of two variables, said to have means of zero. Those of the first are 2 points on
    average with deviations of 1, -2, 3 and -2; a standard error is ``sqrt(18 / 3 / 4)``.

    >>> x = np.array([[0.03, 0.01], [0.0, -0.02], [0.05, 0.03], [0.0, -0.03]])
    >>> table = moments_test(x, [0.0, 0.0], [[0.0009, 0.0005], [0.0005, 0.0007]])
    >>> z = 2 / (18 / 3 / 4) ** 0.5
    >>> table["entries"].tolist(), bool(np.isclose(table.loc["means", "largest z"], z))
    ([2, 3], True)
    >>> import math
    >>> # two tests, of two sides each
    >>> bool(np.isclose(table.loc["means", "p-value"], 2 * math.erfc(z / 2**0.5)))
    True

    It goes on in ``draws.md``.
    """
    x = numbers("a scenario", scenarios)
    means = numbers("mu", mu)
    covariance = numbers("sigma", sigma)
    k = x.shape[-1] if x.ndim in (2, 3) and x.size else 0
    if not k or means.shape != (k,) or covariance.shape != (k, k):
        raise ValueError(
            f"scenarios {x.shape}, mu {means.shape} and sigma {covariance.shape} must be of the "
            f"same variables"
        )
    if len(x) < 2:
        raise ValueError("one draw or path has no standard error: give two or more")
    deviation = (x[:, None, :] if x.ndim == 2 else x) - means
    square = np.einsum("pmi,pmj->pij", deviation, deviation) / deviation.shape[1] - covariance
    upper = np.triu_indices(deviation.shape[2])
    rows = {}
    for name, sample in {
        "means": deviation.mean(axis=1),
        "covariances": square[:, upper[0], upper[1]],
    }.items():
        error = np.abs(sample.mean(axis=0))
        spread = sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
        exact = error <= 1e-14
        z = np.where(exact, 0.0, error / np.where(exact, 1.0, np.maximum(spread, 1e-300)))
        rows[name] = (
            z.size,
            float(z.max()),
            float(np.minimum(1.0, 2 * z.size * NormalDist().cdf(-z.max()))),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["entries", "largest z", "p-value"])
