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
    >>> float(net(0.10, [Layer("index", 0.0)], 10).round(12))
    0.1
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
    """
    left = [gross, *(float(net(gross, layers[: k + 1], years)) for k in range(len(layers)))]
    return {layer.name: left[k] - left[k + 1] for k, layer in enumerate(layers)}
