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
    >>> found = brinson_fachler([0.6, 0.4], [0.5, 0.5], [0.10, 0.02], [0.08, 0.02])
    >>> [round(float(part.sum()), 6) for part in found]
    [0.006, 0.01, 0.002]
    >>> round(0.6 * 0.10 + 0.4 * 0.02 - (0.5 * 0.08 + 0.5 * 0.02), 6)
    0.018
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
    Menchero (2000)."""
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
    """
    held = weights @ exposures
    extra = (weights * added) @ exposures
    return held, classes + np.divide(extra, held, out=np.zeros_like(held), where=held > 1e-12)
