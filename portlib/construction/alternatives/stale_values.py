"""Who pays when people come and go at an appraised value?

An appraisal that moves ``1 - phi`` of the way leaves a gap ``x = ln(true / appraised)``:

    x(t) = phi (x(t-1) + r(t)),   so that in the long run   sd(x) = phi sigma / sqrt(1 - phi^2)

Whoever leaves at the appraised value ``A`` while the truth is ``V`` takes ``A - V`` a unit from
those who stay; if a share ``f`` of the units leaves, each that stays loses
``f (A - V) / ((1 - f) V)`` of its worth. Somebody who sees a listed signal whose correlation with
the gap is ``rho`` and moves between the fund and cash by it gains, each time, up to

    E max(rho x, 0) = rho sd(x) / sqrt(2 pi)

Sources: Chalmers, Edelen and Kadlec (2001), Zitzewitz (2003) for mutual funds; the closed forms
follow from Geltner's appraiser. Left out: gates, queues and fees on redemption, which share the
loss otherwise; fair-value adjustments, which remove it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from portlib.construction.alternatives.smoothing import possible_inertia
from portlib.ranges import POSITIVE, VOLATILITY, door, numbers
from portlib.records import Array


@door(volatility=VOLATILITY)
def gap_volatility(phi: float, volatility: float) -> float:
    """Standard deviation of the log gap; ``volatility`` of true returns over one appraisal period.

    Examples
    --------
    >>> round(gap_volatility(0.6, 0.1), 12)  # 0.6 * 0.1 / 0.8
    0.075
    >>> gap_volatility(0.0, 0.1)
    0.0
    >>> gap_volatility(1.0, 0.1)
    Traceback (most recent call last):
    ...
    ValueError: inertia 1.0 must lie in [0, 1), volatility 0.1 not below 0

    It goes on in ``stale_values.md``.
    """
    if not 0 <= phi < 1 or volatility < 0:
        raise ValueError(f"inertia {phi} must lie in [0, 1), volatility {volatility} not below 0")
    return phi * volatility / math.sqrt(1 - phi**2)


@door(volatility=VOLATILITY)
def gain_of_a_transfer(phi: float, volatility: float, signal: float = 1.0) -> float:
    """What one well-timed transfer is expected to take.

    Parameters
    ----------
    phi : float
        How much of the gap an appraisal leaves, from 0 to below 1.
    volatility : float
        Of true returns over one appraisal period, decimal.
    signal : float
        How well the mover sees the gap, 0 to 1.

    Returns
    -------
    float
        Share of the amount moved.

    Examples
    --------
    The mean of a normal variable's positive part is its deviation over ``sqrt(2 pi) = 2.506628``.

    >>> round(gain_of_a_transfer(0.6, 0.1), 6)  # 0.075 / 2.506628
    0.029921
    >>> round(gain_of_a_transfer(0.6, 0.1, 0.4), 6)
    0.011968
    >>> gain_of_a_transfer(0.6, 0.1, 1.5)
    Traceback (most recent call last):
    ...
    ValueError: a signal's correlation lies between 0 and 1, not 1.5

    It goes on in ``stale_values.md``.
    """
    if not 0 <= signal <= 1:
        raise ValueError(f"a signal's correlation lies between 0 and 1, not {signal}")
    return signal * gap_volatility(phi, volatility) / math.sqrt(2 * math.pi)


@door()
def appraised(true: Sequence[float] | Array, phi: float) -> Array:
    """Appraised values beside true values (both start together), in logs as in `gap_volatility`.

    Examples
    --------
    An appraiser who moves a quarter of the way in logs: ``2**(1/4 * 5 + 3/4 * 1)``, then
    ``2**(1/4 * 10 + 3/4 * 2)``.

    >>> appraised([2, 32, 1024], 0.75).round(9).tolist()
    [2.0, 4.0, 16.0]
    >>> appraised([], 0.75)
    Traceback (most recent call last):
    ...
    ValueError: there are no true values
    >>> appraised([0.5, 0.0], 0.75)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a true value is 0: ...
    >>> appraised([0.5, 0.5], 0.75).tolist()
    [0.5, 0.5]
    >>> for phi in (1.0, -0.5):
    ...     try:
    ...         appraised([2, 32], phi)
    ...     except ValueError as said:
    ...         print(said)
    the appraiser's inertia lies between 0 and 1, not 1.0
    the appraiser's inertia lies between 0 and 1, not -0.5
    """
    possible_inertia(phi)
    v = numbers("a true value", true, above=0)
    if not v.size:
        raise ValueError("there are no true values")
    log = np.log(v)
    out = np.empty_like(log)
    out[0] = log[0]
    for t in range(1, len(log)):
        out[t] = (1 - phi) * log[t] + phi * out[t - 1]
    return np.exp(out)


@door(appraised_value=POSITIVE, true_value=POSITIVE)
def loss_of_those_who_stay(leaving: float, appraised_value: float, true_value: float) -> float:
    """Share of their true worth that those who stay lose when others are paid the appraised value.

    Parameters
    ----------
    leaving : float
        Share of the units that leave.
    appraised_value, true_value : float
        Of a unit.

    Returns
    -------
    float
        Negative where leavers are paid too little.

    Raises
    ------
    ValueError
        Where the money does not suffice to pay them.

    Examples
    --------
    A fifth of the units leave at 105 or at 95, where 100 would be right; 80 units stay.

    >>> round(loss_of_those_who_stay(0.2, 105, 100), 9)  # 0.2 * 5 / 80
    0.0125
    >>> round(loss_of_those_who_stay(0.2, 95, 100), 9)
    -0.0125
    >>> loss_of_those_who_stay(0.5, 200, 100)  # nothing is left
    1.0
    >>> loss_of_those_who_stay(0.5, 201, 100)
    Traceback (most recent call last):
    ...
    ValueError: 50% of the units cannot be paid 201 each
    >>> loss_of_those_who_stay(1.0, 90, 100)
    Traceback (most recent call last):
    ...
    ValueError: the share that leaves lies in [0, 1), not 1.0

    It goes on in ``stale_values.md``.
    """
    if not 0 <= leaving < 1:
        raise ValueError(f"the share that leaves lies in [0, 1), not {leaving}")
    left = true_value - leaving * appraised_value
    if left < 0:
        raise ValueError(f"{leaving:.0%} of the units cannot be paid {appraised_value} each")
    return 1 - left / ((1 - leaving) * true_value)
