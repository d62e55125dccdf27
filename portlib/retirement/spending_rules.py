"""How much is taken from savings this year?

A rule looks at a `Year` of retirement and says what to withdraw at its start, in real dollars. All
rules have that one interface, so that they can be compared on the same lives and markets:

    target       what is wanted, less what comes in anyway (Social Security, pensions, annuities)
    fixed real   a share of the savings at retirement, then the same purchasing power (Bengen 1994)
    percentage   a share of what is left guardrails   fixed real, cut or raised when it strays from
    its first share (Guyton, Klinger 2006) bounded      a share of what is left, within limits on a
    year's change (Vanguard's dynamic rule) annuity      what is left over the price of a dollar for
    life at a stated real rate distribution what is left over the Uniform Lifetime Table's period,
    as required distributions are

Left out: rules that look at valuations, at markets' outlook or at taxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from portlib.records import Array


@dataclass(frozen=True, eq=False)
class Year:
    """What a rule may know at the start of a year of retirement; arrays broadcast (rows, lives).

    Attributes
    ----------
    since : years since retirement, (rows, 1).
    age : of the (first) person, (rows, 1).
    wealth : savings now.
    initial : savings at retirement.
    previous : last year's withdrawal.
    need : what is wanted from savings, zero where no spending was stated.
    gain : last year's real return of the savings; zero in the first year.
    inflation : last year's, decimal; zero in the first year that is simulated, which for who is
        retired already is not the first of retirement.
    factor : price of a real dollar a year for life, (rows, 1).
    period : the Uniform Lifetime Table's at this age, extended below 72 by the difference of a
        year, (rows, 1).

    Examples
    --------
    A second year: 100,000 at retirement, 5,000 were taken and 90,000 are left; prices rose by a
    quarter. What is wanted, and what each rule says:

    >>> def year(**changes: float) -> Year:
    ...     facts = {"since": 1, "age": 66, "wealth": 90_000, "initial": 100_000, "previous": 5_000}
    ...     facts |= {"need": 6_000, "gain": -0.1, "inflation": 0.25, "factor": 18, "period": 25}
    ...     facts |= changes
    ...     return Year(**{name: np.full((1, 1), float(x)) for name, x in facts.items()})
    >>> def asks(rule: SpendingRule, **changes: float) -> float:
    ...     return round(float(rule.withdrawal(year(**changes))[0, 0]), 6)
    >>> asks(Target()), asks(FixedReal(0.04)), asks(FixedPercentage(0.04))
    (6000.0, 4000.0, 3600.0)
    >>> asks(AnnuityFactor()), asks(Distribution())  # 90,000 over 18 and over 25
    (5000.0, 3600.0)

    It goes on in ``spending_rules.md``.
    """

    since: Array
    age: Array
    wealth: Array
    initial: Array
    previous: Array
    need: Array
    gain: Array
    inflation: Array
    factor: Array
    period: Array


class SpendingRule(Protocol):
    """A way to draw on savings.

    Examples
    --------
    After a loss of a fifth the one rule pays what it did, and the other bears the loss at once:

    >>> at = np.ones((1, 1))
    >>> year = Year(
    ...     since=at, age=66 * at, wealth=80_000 * at, initial=100_000 * at, previous=5_000 * at,
    ...     need=6_000 * at, gain=-0.2 * at, inflation=0 * at, factor=20 * at, period=25 * at,
    ... )
    >>> [round(float(r.withdrawal(year)[0, 0])) for r in (FixedReal(0.05), FixedPercentage(0.05))]
    [5000, 4000]
    """

    @property
    def name(self) -> str:
        """How tables and figures call it."""
        ...

    def withdrawal(self, year: Year) -> Array:
        """What to take at the start of the year, real dollars; never asked to look at what is
        left."""
        ...


@dataclass(frozen=True)
class Target:
    """What is wanted, less other income: the goal that success is measured by."""

    name: str = "what is wanted"

    def withdrawal(self, year: Year) -> Array:
        return year.need


@dataclass(frozen=True)
class FixedReal:
    """`rate` of the savings at retirement, with the same purchasing power ever after."""

    rate: float
    name: str = "fixed real"

    def withdrawal(self, year: Year) -> Array:
        return self.rate * year.initial


@dataclass(frozen=True)
class FixedPercentage:
    """`rate` of what is left each year: never runs out, and may dwindle."""

    rate: float
    name: str = "fixed percentage"

    def withdrawal(self, year: Year) -> Array:
        return self.rate * year.wealth


@dataclass(frozen=True)
class Guardrails:
    """Fixed real spending, steered back when it strays from its first share of savings.

    No raise for inflation after a losing year in which the share is above its first; a cut of
    `step` when the share exceeds the first by `band`, a raise of `step` when it is lower by as much
    (Guyton and Klinger 2006: withdrawal, preservation and prosperity rules; theirs stops the
    cuts fifteen years before the end, which nobody knows, so that it is left out).
    """

    rate: float
    band: float = 0.2
    step: float = 0.1
    name: str = "guardrails"

    def withdrawal(self, year: Year) -> Array:
        first = self.rate * year.initial
        share = year.previous / np.maximum(year.wealth, 1e-9)
        no_raise = (year.gain < 0) & (share > self.rate)
        steady = year.previous / np.where(no_raise, 1 + np.maximum(year.inflation, 0), 1.0)
        share = steady / np.maximum(year.wealth, 1e-9)
        steady = np.where(share > self.rate * (1 + self.band), steady * (1 - self.step), steady)
        steady = np.where(share < self.rate * (1 - self.band), steady * (1 + self.step), steady)
        return np.where(year.since > 0, steady, first)


@dataclass(frozen=True)
class Bounded:
    """`rate` of what is left, but a year changes by no more than `fall` and `rise`, in real
    terms."""

    rate: float
    fall: float = 0.025
    rise: float = 0.05
    name: str = "bounded percentage"

    def withdrawal(self, year: Year) -> Array:
        wanted = self.rate * year.wealth
        low = (1 - self.fall) * year.previous
        high = (1 + self.rise) * year.previous
        return np.where(year.since > 0, np.clip(wanted, low, high), wanted)


@dataclass(frozen=True)
class AnnuityFactor:
    """What is left over the price of a dollar for life: the actuarial rule, re-priced each year."""

    name: str = "annuity factor"

    def withdrawal(self, year: Year) -> Array:
        return year.wealth / year.factor


@dataclass(frozen=True)
class Distribution:
    """What is left over the Uniform Lifetime Table's period: required distributions as a rule."""

    name: str = "required distributions"

    def withdrawal(self, year: Year) -> Array:
        return year.wealth / year.period
