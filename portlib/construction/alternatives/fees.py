"""What is left of a gross return after every layer of fees?

A layer takes a yearly fee on assets and, at the end of the holding, a share of the profit. With
wealth ``W`` of one invested for ``T`` years, gross growth ``g``, fee ``m`` and carry ``c``:

    before carry   W = ((1 + g)(1 - m))^T
    carry          min(c (W - 1), k (W - H))   where W > H = (1 + h)^T, else nothing

``h`` is the preferred return; ``k`` the manager's share of what exceeds it until the carry on the
whole profit is caught up (1: all of it; ``k = c``: only ever a share of the excess). A fund of
funds takes its own fee and carry of what the funds beneath it leave.

Source: the terms as Metrick and Yasuda (2010) describe them. Left out: fees on commitments not yet
invested and monitoring fees, which add cost; clawback, offsets and rebates, which lower it; the
luck that makes an option of the carry (`net` of an uncertain return costs more than of its mean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from portlib.ranges import RETURN, door, numbers
from portlib.records import Array


@dataclass(frozen=True)
class Layer:
    """One manager's terms, annual decimals: 0.02 and 0.20 for "two and twenty".

    Raises ValueError for terms outside their range, such as percent given for decimals.

    Examples
    --------
    Two and twenty above a hurdle of 8%, over two years. Whole carry; then only what exceeds the
    hurdle, ``1.08**2 = 1.1664``, for it is less than a fifth of the profit; then none. A manager
    who never catches up takes a fifth of the excess.

    >>> buyout = Layer("buyout", 0.02, carry=0.2, preferred=0.08)
    >>> [buyout.after(growth, 2).round(6).tolist() for growth in (1.5, 1.25, 1.1)]
    [1.35248, 1.1664, 1.05644]
    >>> # 1.5 * 0.98**2 = 1.4406, less 0.2 * 0.4406; 1.25 * 0.98**2 = 1.2005; 1.1 * 0.98**2
    >>> slow = Layer("slow", 0.02, carry=0.2, preferred=0.08, catch_up=0.2)
    >>> slow.after(1.5, 2).round(6).tolist()  # 1.4406 - 0.2 * (1.4406 - 1.1664)
    1.38576
    >>> Layer("two and twenty", 2, carry=20)
    Traceback (most recent call last):
    ...
    ValueError: two and twenty: fee 2, carry 20, preferred return 0.0 must be decimals (0.02 for 2%)
    >>> Layer("odd", 0.02, carry=0.2, catch_up=0.1)
    Traceback (most recent call last):
    ...
    ValueError: odd: catch-up lies between the carry and one
    >>> for terms in ({"preferred": 0.5}, {"preferred": -0.01}, {"fee": 0.2}, {"carry": 1.0}):
    ...     try:
    ...         Layer("in percent", **{"fee": 0.02, **terms})
    ...     except ValueError as said:
    ...         print(said)
    in percent: fee 0.02, carry 0.0, preferred return 0.5 must be decimals (0.02 for 2%)
    in percent: fee 0.02, carry 0.0, preferred return -0.01 must be decimals (0.02 for 2%)
    in percent: fee 0.2, carry 0.0, preferred return 0.0 must be decimals (0.02 for 2%)
    in percent: fee 0.02, carry 1.0, preferred return 0.0 must be decimals (0.02 for 2%)
    >>> Layer("free", 0.0, carry=0.2, catch_up=0.2).after(1.5, 3).item()  # 1.5 - 0.2 * 0.5
    1.4
    >>> Layer("eager", 0.0, catch_up=1.5)
    Traceback (most recent call last):
    ...
    ValueError: eager: catch-up lies between the carry and one
    """

    name: str
    fee: float
    carry: float = 0.0
    preferred: float = 0.0
    catch_up: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.fee < 0.2 and 0 <= self.carry < 1 and 0 <= self.preferred < 0.5):
            raise ValueError(
                f"{self.name}: fee {self.fee}, carry {self.carry}, preferred return "
                f"{self.preferred} must be decimals (0.02 for 2%)"
            )
        if not self.carry <= self.catch_up <= 1:
            raise ValueError(f"{self.name}: catch-up lies between the carry and one")

    def after(self, growth: ArrayLike, years: float) -> Array:
        """Wealth after this layer, from wealth before it (``growth``: of one, over ``years``)."""
        w = np.asarray(growth, float) * (1 - self.fee) ** years
        excess = np.maximum(w - (1 + self.preferred) ** years, 0)
        profit = np.maximum(w - 1, 0)
        return np.asarray(w - np.minimum(self.carry * profit, self.catch_up * excess))


@door()
def net(gross: ArrayLike, layers: Sequence[Layer], years: float) -> Array:
    """Net yearly growth from gross yearly growth, through the layers in order (fund first).

    Parameters
    ----------
    gross : float or array
        Annual decimal.
    layers : sequence of Layer
        The fund's first.
    years : float
        Of holding.

    Returns
    -------
    array
        Annual decimal.

    Examples
    --------
    Fees on assets come off each year's growth, whatever the years. A carry comes off at the end, so
    over more years it takes less of each.

    >>> fund, above = Layer("fund", 0.02), Layer("fund of funds", 0.01)
    >>> net(0.10, [fund, above], 7).round(9).tolist()  # 1.1 * 0.98 * 0.99 - 1
    0.06722
    >>> buyout = Layer("buyout", 0.02, carry=0.2)
    >>> # two years: 1.21 * 0.98**2 = 1.162084, less a fifth of 0.162084, is 1.1296672; its root
    >>> net([0.10, -0.5], [buyout], 2).round(6).tolist()  # and 0.5 * 0.98 - 1, without a profit
    [0.062858, -0.51]
    >>> # the order counts where a carry has a hurdle: 1.5 * 0.98 - 1.08 exceeds it, and half goes
    >>> steep = Layer("steep", 0.0, carry=0.5, preferred=0.08, catch_up=0.5)
    >>> [round(float(net(0.5, layers, 1)), 9) for layers in ([fund, steep], [steep, fund])]
    [0.275, 0.2642]
    >>> net(0.10, [buyout], 0)
    Traceback (most recent call last):
    ...
    ValueError: a holding lasts some years, not 0
    >>> for growth in (10, -1.0):
    ...     try:
    ...         net(growth, [fund], 7)
    ...     except ValueError as said:
    ...         print(str(said).partition(":")[0])
    gross growth is 10
    gross growth is -1

    It goes on in ``fees.md``.
    """
    if not years > 0:
        raise ValueError(f"a holding lasts some years, not {years}")
    w = (1 + numbers("gross growth", gross, above=-1, most=2)) ** years
    for layer in layers:
        w = layer.after(w, years)
    return np.asarray(np.maximum(w, 0) ** (1 / years) - 1)


@door(wanted=RETURN)
def gross_needed(wanted: float, layers: Sequence[Layer], years: float) -> float:
    """The gross yearly growth that leaves ``wanted`` after the layers.

    Parameters
    ----------
    wanted : float
        Net, annual decimal.
    layers, years
        As for `net`.

    Returns
    -------
    float
        Annual decimal.

    Examples
    --------
    >>> fund, above = Layer("fund", 0.02), Layer("fund of funds", 0.01)
    >>> round(gross_needed(0.05, [fund, above], 7), 9) == round(1.05 / 0.98 / 0.99 - 1, 9)
    True
    >>> abs(gross_needed(0.05, [], 7) - 0.05) < 1e-12  # nothing is taken
    True
    >>> buyout = Layer("buyout", 0.02, carry=0.2)
    >>> round(gross_needed(0.062858, [buyout], 2), 5)  # of two years, as `net` has it
    0.1
    >>> round(gross_needed(0.3, [Layer("half", 0.0, carry=0.5)], 1), 9)  # half of 60%
    0.6

    It goes on in ``fees.md``.
    """
    from scipy.optimize import brentq

    def gap(gross: float) -> float:
        return float(net(gross, layers, years)) - wanted

    return float(brentq(gap, wanted - 1e-9, wanted + 1.0, xtol=1e-12))


@door(gross=RETURN)
def by_layer(gross: float, layers: Sequence[Layer], years: float) -> dict[str, float]:
    """What each layer takes of a year's growth; they sum to gross less net.

    Parameters
    ----------
    gross, layers, years
        As for `net`.

    Returns
    -------
    dict
        Annual decimals by the layer's name.

    Examples
    --------
    >>> taken = by_layer(0.10, [Layer("fund", 0.02), Layer("fund of funds", 0.01)], 7)
    >>> {name: round(cost, 9) for name, cost in taken.items()}  # 1.1 * 0.02; 1.1 * 0.98 * 0.01
    {'fund': 0.022, 'fund of funds': 0.01078}

    The second takes its carry of what the first has left, over two years: 1.21 and 0.21 of profit,
    of which 0.168 and 0.126 stay.

    >>> taken = by_layer(0.10, [Layer("a", 0.0, carry=0.2), Layer("b", 0.0, carry=0.25)], 2)
    >>> np.allclose(list(taken.values()), [1.1 - 1.168**0.5, 1.168**0.5 - 1.126**0.5])
    True
    >>> by_layer(0.10, [Layer("b", 0.0), Layer("a", 0.02), Layer("a", 0.01)], 7)
    Traceback (most recent call last):
    ...
    ValueError: two layers are named 'a'; give each its own name

    It goes on in ``fees.md``.
    """
    names = [layer.name for layer in layers]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two layers are named {twice[0]!r}; give each its own name")
    left = [gross, *(float(net(gross, layers[: k + 1], years)) for k in range(len(layers)))]
    return {layer.name: left[k] - left[k + 1] for k, layer in enumerate(layers)}
