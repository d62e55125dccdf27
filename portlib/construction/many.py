"""What are the weights of thousands of small problems, in one call?

Redrawn inputs, people, months: a covariance of ten assets is solved in microseconds, and then what
surrounds it takes the time. Here all covariances ``(k, n, n)`` go through each step together:

    least risk:   sets of held assets are exchanged until ``sigma w = y`` on those held and
                  ``sigma w >= y`` on the others (the Karush-Kuhn-Tucker conditions)
    budgets:      one asset of every problem at a time, exactly: the positive root of
                  ``v^2 + c v - b = 0``, c from the others (Griveau-Billion and others 2013)

Who is not settled so is solved alone, by `engines` and by `risk_parity`. Fully invested and long
only. Left out: other rules, whose frontiers `resampling` traces together; records, which a caller
makes of the few that matter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portlib.construction import engines, risk_parity
from portlib.construction.mandate import Mandate, fully_invested, long_only
from portlib.ranges import numbers
from portlib.records import ROUNDING, Array, Assumptions

#: Rounds of exchange, and sweeps over the assets, before who is left is solved alone.
ROUNDS = 25
SWEEPS = 60
#: Problems that go through the steps together: as many as fit into a processor's cache.
TOGETHER = 500


def minimum_risk(sigma: ArrayLike) -> Array:
    """Weights of least risk of k covariances, fully invested and long only.

    Parameters
    ----------
    sigma : array (k, n, n)
        Covariances.

    Returns
    -------
    array (k, n)

    Raises
    ------
    ValueError
        For another shape, values that are no numbers, an asset without risk, and matrices that are
        not symmetric.
    NotSolved
        As `engines.solve`, for a problem that had to be solved alone.

    Examples
    --------
    Uncorrelated, weights are inverse to variances; alike in all but one, they need not be held.

    >>> minimum_risk([np.diag([0.01, 0.04]), [[0.01, 0.03], [0.03, 0.16]]]).round(9).tolist()
    [[0.8, 0.2], [1.0, 0.0]]

    Two that hedge each other wholly leave no risk, 0.6 of volatility 20% against 0.4 of 30%; of
    three that are held all marginal risks are one, and whoever is not held has a larger.

    >>> minimum_risk([[[0.04, -0.06], [-0.06, 0.09]]]).round(6).tolist()
    [[0.6, 0.4]]
    >>> sigma = np.array([[0.04, 0.01, 0.05], [0.01, 0.02, 0.016], [0.05, 0.016, 0.09]])
    >>> w = minimum_risk([sigma, sigma[::-1, ::-1]])
    >>> w[0].round(9).tolist(), w[1].round(9).tolist()  # (0.02 - 0.01) to (0.04 - 0.01)
    ([0.25, 0.75, 0.0], [0.0, 0.75, 0.25])
    >>> (sigma @ w[0]).round(9).tolist()
    [0.0175, 0.0175, 0.0245]
    >>> minimum_risk(np.zeros((0, 3, 3))).shape
    (0, 3)
    >>> minimum_risk(sigma)
    Traceback (most recent call last):
    ...
    ValueError: covariances have shape (k, n, n), not (3, 3)
    >>> minimum_risk([np.diag([0.04, 0.01]), np.diag([0.04, 0.0])])
    Traceback (most recent call last):
    ...
    ValueError: covariance 1: asset 1 has no risk
    >>> minimum_risk([[[0.04, 0.01], [0.02, 0.01]]])
    Traceback (most recent call last):
    ...
    ValueError: covariance 0 is not symmetric

    It goes on in ``many.md``.
    """
    x = _checked(sigma)
    parts = [_least(x[i : i + TOGETHER]) for i in range(0, len(x), TOGETHER)]
    return np.concatenate([np.zeros((0, x.shape[1])), *parts])


def risk_budgets(sigma: ArrayLike, budgets: ArrayLike | None = None) -> Array:
    """Weights of k covariances whose contributions to risk are the budgets; by default, equal ones.

    Parameters
    ----------
    sigma : array (k, n, n)
        Covariances.
    budgets : array (n,), optional
        Above zero; their sum does not matter.

    Returns
    -------
    array (k, n)

    Raises
    ------
    ValueError
        As `minimum_risk`, and for budgets of another shape or not above zero.
    NotSolved
        Naming the problem for which none was found: where a long-only portfolio has no risk there
        is none.

    Examples
    --------
    Uncorrelated, weights are inverse to volatilities.

    >>> risk_budgets([np.diag([0.01, 0.04])]).round(6).tolist()
    [[0.666667, 0.333333]]

    Correlated, contributions are the budgets by their definition.

    >>> first = np.array([[0.01, 0.01, -0.004], [0.01, 0.04, 0.006], [-0.004, 0.006, 0.09]])
    >>> second = np.array([[0.09, 0.01, 0.02], [0.01, 0.04, -0.01], [0.02, -0.01, 0.02]])
    >>> w = risk_budgets([first, second], [5, 2, 3])
    >>> for sigma, x in zip((first, second), w):
    ...     print((x * (sigma @ x) / (x @ sigma @ x)).round(9).tolist(), x.sum().round(9))
    [0.5, 0.2, 0.3] 1.0
    [0.5, 0.2, 0.3] 1.0
    >>> even = risk_budgets([second])[0]
    >>> (3 * even * (second @ even) / (even @ second @ even)).round(9).tolist()
    [1.0, 1.0, 1.0]
    >>> risk_budgets([first], [0.5, 0.5])
    Traceback (most recent call last):
    ...
    ValueError: budgets of shape (2,) do not fit 3 assets
    >>> risk_budgets([np.diag([0.04, 0.01]), [[0.04, -0.06], [-0.06, 0.09]]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.engines.NotSolved: covariance 1: no weights carry these budgets; ...

    It goes on in ``many.md``.
    """
    x = _checked(sigma)
    n = x.shape[1]
    b = numbers("the budgets", np.ones(n) if budgets is None else budgets, above=0)
    if b.shape != (n,):
        raise ValueError(f"budgets of shape {b.shape} do not fit {n} assets")
    b = b / b.sum()
    parts = [_budgeted(x[i : i + TOGETHER], b, i) for i in range(0, len(x), TOGETHER)]
    return np.concatenate([np.zeros((0, n)), *parts])


def _checked(sigma: ArrayLike) -> Array:
    x = numbers("the covariances", sigma)
    if x.ndim != 3 or x.shape[1] != x.shape[2] or x.shape[1] == 0:
        raise ValueError(f"covariances have shape (k, n, n), not {x.shape}")
    variances = np.diagonal(x, axis1=1, axis2=2)
    if not (variances > 0).all():
        k, i = np.argwhere(~(variances > 0))[0]
        raise ValueError(f"covariance {k}: asset {i} has no risk")
    apart = np.abs(x - x.transpose(0, 2, 1)).max(axis=(1, 2))
    odd = (apart > ROUNDING * variances.max(axis=1)).nonzero()[0]
    if odd.size:
        raise ValueError(f"covariance {odd[0]} is not symmetric")
    return x


def _least(sigma: Array) -> Array:
    k, n = sigma.shape[:2]
    tie = engines.TIE * np.diagonal(sigma, axis1=1, axis2=2).max(axis=1)[:, None]
    held = np.ones((k, n), dtype=bool)
    w = np.zeros((k, n))
    todo = np.arange(k)
    for _ in range(ROUNDS):
        on = held[todo]
        x, pull = _conditions(sigma[todo], on)
        y = (pull * x).sum(axis=1, keepdims=True)
        wrong = np.where(on, x < -engines.TIE, pull - y < -tie[todo])
        w[todo] = np.maximum(x, 0.0)
        unsettled = wrong.any(axis=1) | ~np.isfinite(x).all(axis=1)
        held[todo] ^= wrong
        todo = todo[unsettled]
        if not todo.size:
            return w
    for i in todo:
        w[i] = _alone(sigma[i])
    return w


def _conditions(sigma: Array, held: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Weights under which all held assets have one marginal risk, and the marginal risks; what
    cannot be solved is not a number."""
    inside = held[:, :, None] & held[:, None, :]
    try:
        x = np.linalg.solve(np.where(inside, sigma, np.eye(held.shape[1])), held[..., None] * 1.0)
        x = x[..., 0] / x.sum(axis=1)
    except np.linalg.LinAlgError:  # one is singular: all of these are solved alone
        x = np.full(held.shape, np.nan)
    return x, (sigma @ x[..., None])[..., 0]


def _alone(sigma: Array) -> Array:
    labels = [f"asset {i}" for i in range(len(sigma))]
    a = Assumptions(labels, np.zeros(len(sigma)), sigma, 0.0, "one of many")
    return engines.solve(a, Mandate(labels, [fully_invested(), long_only()]), 0.0)[0]


def _budgeted(sigma: Array, b: Array, first: int) -> Array:
    k, n = sigma.shape[:2]
    inverse = 1 / np.sqrt(np.diagonal(sigma, axis1=1, axis2=2).T)  # (n, k): problems come last
    rho = np.ascontiguousarray(sigma.transpose(1, 2, 0)) * inverse[:, None] * inverse[None]
    v = b[:, None] / np.maximum(rho.sum(axis=1), 1.0)
    q = np.einsum("ijk,jk->ik", rho, v)
    unit = 1 / np.sqrt(np.maximum((v * q).sum(axis=0), ROUNDING))
    v *= unit
    q *= unit
    gap = np.full(k, np.inf)
    for sweep in range(SWEEPS):
        for i in range(n):
            c = q[i] - v[i]
            new = (np.sqrt(c * c + 4 * b[i]) - c) / 2
            q += rho[i] * (new - v[i])
            v[i] = new
        if sweep % 2:
            gap = np.abs(v * q / b[:, None] - 1).max(axis=0)
            if (gap <= risk_parity.EXACT).all():
                break
    w = v * inverse
    w = (w / w.sum(axis=0)).T
    for left in (gap > risk_parity.EXACT).nonzero()[0].tolist():
        path = risk_parity.descend(sigma[left], b)
        if not path.gaps[-1] <= risk_parity.EXACT:
            raise engines.NotSolved(
                f"covariance {first + left}: no weights carry these budgets; a long-only portfolio "
                "without risk, or nearly so, has none"
            )
        w[left] = path.w
    return np.asarray(w)
