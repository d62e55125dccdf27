"""What if pay does not follow its plan?

Around its planned path log pay has a part that stays and a part that passes, and now and then a
spell without work takes a share of the year (Carroll and Samwick 1997; Cocco, Gomes and Maenhout
2005 for the two variances):

    log(pay / plan) = p_t + e_t - (a normal law's correction),      p_t = p_{t-1} + n_t

Corrections keep the *mean* of pay at its plan, so that risk, not a lower mean, is what is measured.

Left out: pay that moves with markets (the chapter on glidepaths has that), raises that come from
changing jobs, and leaving work for good, by illness or by choice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portlib.records import Array


@dataclass(frozen=True)
class PayRisk:
    """How pay strays.

    Parameters
    ----------
    permanent, transitory : variances of the yearly shocks to log pay that stay, and that pass.
    unemployment : chance of a spell without work in a year.
    share_lost : share of that year's pay that a spell takes.

    Examples
    --------
    >>> PayRisk(0.0106, 0.0738).draw(2, 3, np.random.default_rng(0)).pay.shape
    (2, 3)
    """

    permanent: float = 0.0106
    transitory: float = 0.0738
    unemployment: float = 0.0
    share_lost: float = 0.0

    def __post_init__(self) -> None:
        given = (self.permanent, self.transitory, self.unemployment, self.share_lost)
        if not (all(0 <= x <= 1 for x in given)):
            raise ValueError(f"variances, chance and share must lie between 0 and 1: {given}")

    def draw(self, lives: int, years: int, rng: np.random.Generator) -> PayPaths:
        """Pay relative to its plan.

        Parameters
        ----------
        lives, years : int
        rng : Generator

        Returns
        -------
        PayPaths
            Arrays (lives, years), whose means are 1.
        """
        steps = np.sqrt(self.permanent) * rng.standard_normal((lives, years))
        passing = np.sqrt(self.transitory) * rng.standard_normal((lives, years))
        permanent = np.exp(np.cumsum(steps - self.permanent / 2, axis=1))
        worked = 1 - self.share_lost * (rng.random((lives, years)) < self.unemployment)
        worked /= 1 - self.share_lost * self.unemployment
        return PayPaths(permanent, permanent * np.exp(passing - self.transitory / 2) * worked)


@dataclass(frozen=True, eq=False)
class PayPaths:
    """Pay relative to its plan, (lives, years): what stays alone, and all that is earned."""

    permanent: Array
    pay: Array
