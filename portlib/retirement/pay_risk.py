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

    Over 40,000 lives the mean stays at the plan; logarithms spread by what stays, three times in
    the third year, and by what passes, once:

    >>> drawn = PayRisk(0.04, 0.09).draw(40_000, 3, np.random.default_rng(1))
    >>> bool(abs(drawn.pay.mean(axis=0) - 1).max() < 0.01)
    True
    >>> stays, passes = np.log(drawn.permanent), np.log(drawn.pay / drawn.permanent)
    >>> stays.var(axis=0).round(2).tolist(), passes.var(axis=0).round(2).tolist()
    ([0.04, 0.08, 0.12], [0.09, 0.09, 0.09])

    Spells take two fifths of a year in a quarter of years, and the others earn more for it: 0.6 /
    0.9 or 1 / 0.9:

    >>> spells = PayRisk(0.0, 0.0, 0.25, 0.4).draw(4_000, 2, np.random.default_rng(1))
    >>> sorted(set(spells.pay.ravel().round(6).tolist())), spells.permanent.max().tolist()
    ([0.666667, 1.111111], 1.0)
    >>> bool(abs((spells.pay < 1).mean() - 0.25) < 0.02), bool(abs(spells.pay.mean() - 1) < 0.01)
    (True, True)
    >>> PayRisk(permanent=4)
    Traceback (most recent call last):
    ...
    ValueError: variances, chance and share must lie between 0 and 1: (4, 0.0738, 0.0, 0.0)
    >>> PayRisk(unemployment=1.0, share_lost=1.0)
    Traceback (most recent call last):
    ...
    ValueError: who is without work and pay in every year has no pay to stray
    """

    permanent: float = 0.0106
    transitory: float = 0.0738
    unemployment: float = 0.0
    share_lost: float = 0.0

    def __post_init__(self) -> None:
        given = (self.permanent, self.transitory, self.unemployment, self.share_lost)
        if not (all(0 <= x <= 1 for x in given)):
            raise ValueError(f"variances, chance and share must lie between 0 and 1: {given}")
        if self.unemployment * self.share_lost == 1:
            raise ValueError("who is without work and pay in every year has no pay to stray")

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
