"""Where did the difference from the benchmark come from?

Of one period, with weights and returns by class and B the benchmark's return (Brinson and Fachler
1985)::

    allocation (wp - wb)(rb - B)      selection wb (rp - rb)      interaction (wp - wb)(rp - rb)

which sum to the period's active return. Over several periods active returns do not add up to the
difference of the compounded returns; each period's effects are multiplied by a coefficient c_t that
makes them do so::

    Carino 1999     c_t = k_t / K,  k = (ln(1 + Rp) - ln(1 + Rb)) / (Rp - Rb),
                    K the same of the whole
    Menchero 2000   c_t = A + a_t,  A even over time, a_t the least squares that closes the rest

Funds hold several classes: a class's return in the portfolio is the class's own plus what its funds
added. Left out: trades within a period.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib.ranges import numbers
from portlib.records import Array


class Effects(NamedTuple):
    """By class, of each period: arrays (..., k)."""

    allocation: Array
    selection: Array
    interaction: Array


def brinson_fachler(wp: ArrayLike, wb: ArrayLike, rp: ArrayLike, rb: ArrayLike) -> Effects:
    """Effects by class; they sum to the active return.

    Parameters
    ----------
    wp, wb : array (..., k)
        Weights of portfolio and benchmark by class, each summing to one. Series are taken by their
        labels.
    rp, rb : array (..., k)
        Their returns by class, decimals of one period.

    Returns
    -------
    Effects

    Raises
    ------
    ValueError
        Where weights do not sum to one, returns cannot be meant, or Series are of other classes.

    References
    ----------
    Brinson and Fachler (1985); Bacon (2008), chapter 5.

    Examples
    --------
    Of three classes; the benchmark earns 0.032 + 0.0105 + 0.0025 = 0.045.

    >>> found = brinson_fachler(
    ...     [0.5, 0.3, 0.2], [0.4, 0.35, 0.25], [0.10, 0.02, -0.01], [0.08, 0.03, 0.01]
    ... )
    >>> found.allocation.round(6).tolist()  # 0.1 * 0.035, -0.05 * -0.015, -0.05 * -0.035
    [0.0035, 0.00075, 0.00175]
    >>> found.selection.round(6).tolist()  # 0.4 * 0.02, 0.35 * -0.01, 0.25 * -0.02
    [0.008, -0.0035, -0.005]
    >>> found.interaction.round(6).tolist()  # 0.1 * 0.02, -0.05 * -0.01, -0.05 * -0.02
    [0.002, 0.0005, 0.001]
    >>> round(float(sum(part.sum() for part in found)), 9)  # 0.054 - 0.045
    0.009

    It goes on in ``attribution.md``.
    """
    p, b, r, s = (numbers("a figure by class", x) for x in _by_label((wp, wb, rp, rb)))
    for returns in (r, s):
        numbers("a return of a period", returns, least=-1.0, most=2.0)
    if len({x.shape[-1:] for x in (p, b, r, s)}) > 1:
        raise ValueError("weights and returns are of different numbers of classes")
    for name, w in (("portfolio", p), ("benchmark", b)):
        if (away := np.abs(w.sum(axis=-1) - 1).max()) > 1e-9:
            raise ValueError(
                f"the weights of the {name} miss one by {away:.3g}: put what is left over into cash"
            )
    whole = (b * s).sum(axis=-1, keepdims=True)
    return Effects((p - b) * (s - whole), b * (r - s), (p - b) * (r - s))


def _by_label(given: Sequence[ArrayLike]) -> list[ArrayLike]:
    """Series in the order of the first of them; arrays as they come."""
    first = next((x for x in given if isinstance(x, pd.Series)), None)
    if first is None:
        return list(given)
    for x in given:
        if not isinstance(x, pd.Series) or set(x.index) != set(first.index) or len(x) != len(first):
            raise ValueError(
                "weights and returns are not of the same classes: give all by class, or none"
            )
    return [x.loc[first.index] for x in given if isinstance(x, pd.Series)]


def carino(portfolio: Array, benchmark: Array) -> Array:
    """Coefficients by which effects of periods are multiplied to add up to the compounded active
    return.

    Parameters
    ----------
    portfolio, benchmark : array (T,)
        Returns, decimals.

    Returns
    -------
    array (T,)

    Raises
    ------
    ValueError
        For a return of -1 or less.

    References
    ----------
    Carino (1999).

    Examples
    --------
    Each coefficient from its logarithms; together they close what compounding leaves.

    >>> import math
    >>> ours, theirs = np.array([0.10, -0.05, 0.03]), np.array([0.06, 0.01, 0.02])
    >>> p, b = 1.10 * 0.95 * 1.03, 1.06 * 1.01 * 1.02
    >>> whole = (math.log(p) - math.log(b)) / (p - b)
    >>> first, second, third = carino(ours, theirs)
    >>> math.isclose(first, math.log(1.10 / 1.06) / 0.04 / whole)
    True
    >>> math.isclose(second, math.log(0.95 / 1.01) / -0.06 / whole)
    True
    >>> math.isclose(0.04 * first - 0.06 * second + 0.01 * third, p - b)
    True

    Where a period's returns are equal, its limit, 1 / (1 + r), stands in its place:

    >>> even = carino(np.array([0.25, 0.10]), np.array([0.25, 0.06]))
    >>> math.isclose(even[0] / even[1], (1 / 1.25) / (math.log(1.10 / 1.06) / 0.04))
    True
    >>> carino(np.array([0.1, -1.0]), theirs[:2])
    Traceback (most recent call last):
    ...
    ValueError: a return of -1 or less leaves nothing to link
    """
    both = np.column_stack([portfolio, benchmark])
    if not (both > -1).all():
        raise ValueError("a return of -1 or less leaves nothing to link")
    whole = np.prod(1 + both, axis=0) - 1
    return np.asarray(_log_ratio(both[:, 0], both[:, 1]) / _log_ratio(whole[0], whole[1]))


def _log_ratio(p: ArrayLike, b: ArrayLike) -> Array:
    """``(ln(1 + p) - ln(1 + b)) / (p - b)``, exact also where both are nearly equal."""
    low = 1 + np.asarray(b, float)
    x = (np.asarray(p, float) - np.asarray(b, float)) / low
    small = np.abs(x) < 1e-8
    safe = np.where(small, 1.0, x)
    return np.asarray(np.where(small, 1 - x / 2, np.log1p(safe) / safe) / low)


def menchero(portfolio: Array, benchmark: Array) -> Array:
    """Coefficients (T,) as `carino`'s, spread as evenly over periods as adding up allows. Source:
    Menchero (2000).

    Examples
    --------
    The even part is what one more active return a period would bring to the whole, and what is left
    is spread in proportion to active returns, which is the least that closes it:

    >>> import math
    >>> ours, theirs = np.array([0.10, -0.05, 0.03]), np.array([0.06, 0.01, 0.02])
    >>> p, b = 1.10 * 0.95 * 1.03, 1.06 * 1.01 * 1.02
    >>> even = (p - b) / 3 / (p ** (1 / 3) - b ** (1 / 3))
    >>> rest = p - b - even * (0.04 - 0.06 + 0.01)
    >>> squares = 0.04**2 + 0.06**2 + 0.01**2
    >>> expected = [even + rest / squares * active for active in (0.04, -0.06, 0.01)]
    >>> bool(np.allclose(menchero(ours, theirs), expected, rtol=1e-12))
    True
    >>> math.isclose(menchero(ours, theirs) @ (ours - theirs), p - b)
    True

    Orders changed, both end at the same wealth: nothing is to be added up, but the even part is the
    limit, wealth ** (2 / 3); and with no active return at all it is all that there is.

    >>> turned = ours[[1, 2, 0]]
    >>> linked = menchero(turned, ours)
    >>> (
    ...     math.isclose(linked.mean(), p ** (2 / 3)),
    ...     math.isclose(linked @ (turned - ours), 0, abs_tol=1e-12),
    ... )
    (True, True)
    >>> bool(np.allclose(menchero(ours, ours), p ** (2 / 3), rtol=1e-12))
    True
    """
    active = portfolio - benchmark
    n = len(portfolio)
    p = np.prod(1 + portfolio)
    b = np.prod(1 + benchmark)
    roots = p ** (1 / n) - b ** (1 / n)
    even = (p - b) / n / roots if abs(roots) > 1e-9 else b ** ((n - 1) / n)
    squares = float(active @ active)
    rest = float(p - b - even * active.sum())
    return np.asarray(even + (rest / squares * active if squares > 0 else np.zeros(n)))


def by_class(weights: Array, exposures: Array, classes: Array, added: Array) -> tuple[Array, Array]:
    """A portfolio's weights and returns by class, looking through its funds.

    Parameters
    ----------
    weights : array (T, n)
        Of funds.
    exposures : array (n, k)
        What each holds by class.
    classes : array (T, k)
        Returns of classes, decimals.
    added : array (T, n)
        What each fund added to its classes, which is spread over them as its money is.

    Returns
    -------
    weights, returns : array (T, k)
        A class that is not held has the class's own return.

    Examples
    --------
    The first fund holds shares, the second a quarter of them, the third cash; nobody holds gold.
    The second added 2% to its classes, the first 1%.

    >>> held, earned = by_class(
    ...     np.array([[0.5, 0.4, 0.1]]),
    ...     np.array([[1.0, 0.0, 0.0, 0.0], [0.25, 0.75, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]),
    ...     np.array([[0.06, 0.03, 0.01, 0.2]]),
    ...     np.array([[0.01, 0.02, -0.001]]),
    ... )
    >>> held.round(6).tolist()  # 0.5 + 0.1, 0.3, 0.1
    [[0.6, 0.3, 0.1, 0.0]]
    >>> # 0.06 + (0.5 * 0.01 + 0.1 * 0.02) / 0.6, 0.03 + 0.02, 0.01 - 0.001
    >>> earned.round(6).tolist()
    [[0.071667, 0.05, 0.009, 0.2]]
    >>> rest = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 2.0]])  # of the first class nothing is left
    >>> some = np.array([[0.1, 0.2, 0.3]])
    >>> by_class(some, rest, np.array([[0.06, 0.03]]), 0.01 * some)[1][0, 0].round(6).item()
    0.06
    >>> round(float((held * earned).sum()), 6)  # 0.5 * 0.07 + 0.4 * 0.0575 + 0.1 * 0.009
    0.0589

    What a fund adds is all of it in its classes, also in one that it owes:

    >>> owing, own = np.array([[1.5, -0.5], [0.0, 1.0]]), np.array([[0.06, 0.03]])
    >>> held, earned = by_class(np.array([[0.9, 0.1]]), owing, own, np.array([[0.01, 0.0]]))
    >>> held.round(9).tolist(), round(float((held * (earned - own)).sum()), 9)  # 0.9 * 0.01
    ([[1.35, -0.35]], 0.009)
    """
    held = weights @ exposures
    extra = (weights * added) @ exposures
    return held, classes + np.divide(
        extra, held, out=np.zeros_like(held), where=np.abs(held) > 1e-12
    )
