"""What does income for life cost, and what is its rival without an insurer?

An immediate annuity turns a premium into ``payout`` dollars a year for life; a deferred one (a
qualifying longevity annuity, QLAC) starts years later and costs a fraction. Prices here are
assumptions with a date, not offers. From one price follows the rate that the insurer pays on stated
mortality, its *implied rate*, and at that rate other contracts can be priced alike:

    1 / payout = sum_t v^t S(t),        v = 1 / (1 + rate)

The rival is a ladder of inflation-protected Treasury bonds: certain, indexed, and at an end in the
year in which it ends. Left out: insurers' default, commissions beyond the price, guarantees.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portlib.ranges import RATE, SHARE, door
from portlib.records import Array
from portlib.retirement.lifetimes import Mortality, Sex


@door(rate=RATE, growth=RATE)
def price(
    alive: Array, rate: float, *, delay: int = 0, growth: float = 0.0, monthly: bool = True
) -> float:
    """Value of a dollar a year for life.

    Payments monthly in advance are worth 11/24 of a year's dollar less at the first than yearly
    ones (Woolhouse).

    Parameters
    ----------
    alive : array (years,)
        Survival by year, from 1.
    rate, growth : float
        Of discount and of the payments, from now on; annual decimals.
    delay : int
        Years until the first payment.
    monthly : bool

    Returns
    -------
    float
        Dollars.

    Raises
    ------
    ValueError
        For a delay beyond the years of survival.

    Examples
    --------
    Survival of 1, 0.8, 0.5 and 0.2 at 25%: the discounts are 0.8, 0.64 and 0.512. Paid monthly,
    11/24 of the first year's value is missing:

    >>> alive = np.array([1.0, 0.8, 0.5, 0.2])
    >>> round(price(alive, 0.25, monthly=False), 6)  # 1 + 0.64 + 0.32 + 0.1024
    2.0624
    >>> round(price(alive, 0.25), 6)  # 2.0624 - 11 / 24
    1.604067
    >>> round(price(alive, 0.25, delay=1), 6)  # 0.64 + 0.32 + 0.1024 - 0.64 * 11 / 24
    0.769067
    >>> round(price(alive, 0.25, growth=0.25, monthly=False), 6)  # growth undoes the discount
    2.5
    >>> price(alive, 0.25, delay=4)
    Traceback (most recent call last):
    ...
    ValueError: the first payment after 4 years: survival is known for 4, the first of them today's
    """
    if not 0 <= delay < len(alive):
        raise ValueError(
            f"the first payment after {delay} years: survival is known for {len(alive)}, the first "
            f"of them today's"
        )
    t = np.arange(len(alive))
    value = ((1 + growth) / (1 + rate)) ** t * alive
    paid = float(value[delay:].sum())
    return paid - float(value[delay]) * 11 / 24 if monthly else paid


@door(survivor=SHARE)
def joint(first: Array, second: Array, survivor: float = 1.0) -> Array:
    """Expected payment by year of a joint annuity: one while both live.

    Parameters
    ----------
    first, second : array (years,)
        Survival by year, from 1; the shorter is zero after its end.
    survivor : float
        Share that is paid after the first death.

    Returns
    -------
    array (years,)

    Examples
    --------
    While both live one is paid, to a survivor three fifths; the second table is shorter. In the
    second year both live with 0.4 and one of them with 0.5:

    >>> joint(np.array([1.0, 0.8, 0.5]), np.array([1.0, 0.5]), 0.6).round(9).tolist()
    [1.0, 0.7, 0.3]
    >>> joint(np.array([1.0, 0.5]), np.array([1.0, 0.8, 0.5]), 0.6).round(9).tolist()  # as well
    [1.0, 0.7, 0.3]
    >>> joint(np.array([1.0, 0.8]), np.array([1.0, 0.5])).round(9).tolist()  # 1 - 0.2 * 0.5
    [1.0, 0.9]
    """
    n = max(len(first), len(second))
    one, two = (np.pad(x, (0, n - len(x))) for x in (first, second))
    both = one * two
    return both + survivor * (one + two - 2 * both)


@door(payout=SHARE)
def implied_rate(payout: float, alive: Array, *, delay: int = 0) -> float:
    """The rate at which a nominal payout costs one dollar: what the insurer pays.

    Parameters
    ----------
    payout : float
        Dollars a year for each dollar of premium.
    alive, delay
        As in `price`.

    Returns
    -------
    float
        Annual decimal.

    Raises
    ------
    ValueError
        For a payout that no rate between -5% and 30% explains.

    Examples
    --------
    >>> alive = np.array([1.0, 0.8, 0.5, 0.2])
    >>> round(implied_rate(1 / 1.604067, alive), 5)  # priced so in `price`
    0.25

    At no interest the payments after the first are worth 1.5 - 0.8 * 11 / 24 = 17 / 15:

    >>> abs(round(implied_rate(15 / 17, alive, delay=1), 9))
    0.0
    >>> for rate in (-0.06, -0.045, 0.29, 0.31):
    ...     try:
    ...         print(round(implied_rate(payout(alive, rate), alive), 9))
    ...     except ValueError:
    ...         print("no rate")
    no rate
    -0.045
    0.29
    no rate
    >>> implied_rate(0.99, np.array([1.0, 0.1]))  # 65 cents at -5%
    Traceback (most recent call last):
    ...
    ValueError: no rate between -5% and 30% explains a payout of 0.99 a dollar
    >>> implied_rate(0.9, np.ones(60))  # 3.87 dollars at 30%, where 1.11 are asked
    Traceback (most recent call last):
    ...
    ValueError: no rate between -5% and 30% explains a payout of 0.9 a dollar
    >>> implied_rate(0.05, np.ones(3))  # 2.54 dollars without interest, where 20 are asked
    Traceback (most recent call last):
    ...
    ValueError: no rate between -5% and 30% explains a payout of 0.05 a dollar
    """
    from scipy.optimize import brentq

    def excess(rate: float) -> float:
        return price(alive, rate, delay=delay) - 1 / payout

    if excess(-0.05) < 0 or excess(0.30) > 0:
        raise ValueError(f"no rate between -5% and 30% explains a payout of {payout} a dollar")
    return float(brentq(excess, -0.05, 0.30))


@door(rate=RATE, growth=RATE)
def payout(alive: Array, rate: float, *, delay: int = 0, growth: float = 0.0) -> float:
    """Dollars a year for each dollar of premium, the inverse of `price`.

    Parameters
    ----------
    alive, rate, delay, growth
        As in `price`; payments are monthly.

    Returns
    -------
    float

    Examples
    --------
    >>> alive = np.array([1.0, 0.8, 0.5, 0.2])
    >>> round(payout(alive, 0.25), 5), round(payout(alive, 0.25, delay=1), 5)  # as in `price`
    (0.62342, 1.30028)
    >>> round(payout(alive, 0.25, growth=0.25), 6)  # 1 / (2.5 - 11 / 24)
    0.489796
    """
    return 1 / price(alive, rate, delay=delay, growth=growth)


@dataclass(frozen=True)
class Quote:
    """A stated price of income for life, and what follows from it on stated mortality.

    ``payout`` is dollars a year for each dollar, fixed in dollars, from `age` on.

    Examples
    --------
    At its own rate a quote is worth its premium. A contract that starts 20 years later and payments
    for 20 years cost together what the quote does, save Woolhouse's 11/24 of the first payment of
    each:

    >>> quote = Quote(0.07, 65, "female", Mortality())
    >>> round(quote.worth(quote.rate()), 9), round(quote.deferred(0), 9)
    (1.0, 0.07)
    >>> alive = Mortality().survival(65, "female")
    >>> value = [chance / (1 + quote.rate()) ** t for t, chance in enumerate(alive)]
    >>> later = 1 / quote.deferred(20) + value[20] * 11 / 24
    >>> round(float(sum(value[:20]) + later - 11 / 24), 6)  # 1 / 0.07
    14.285714

    A man of 72 on another table has his own rate, contracts and worth:

    >>> law = Mortality(0.004, 1.3)
    >>> quote, alive = Quote(0.09, 72, "male", law), law.survival(72, "male")
    >>> value = [chance / (1 + quote.rate()) ** t for t, chance in enumerate(alive)]
    >>> round(0.09 * float(sum(value) - 11 / 24), 9)
    1.0
    >>> round(quote.deferred(8) * float(sum(value[8:]) - value[8] * 11 / 24), 9)
    1.0
    >>> cheap = [chance / 1.01**t for t, chance in enumerate(alive)]
    >>> bool(np.isclose(quote.worth(0.01), 0.09 * (sum(cheap) - 11 / 24)))
    True
    """

    payout: float
    age: int
    sex: Sex
    mortality: Mortality

    def rate(self) -> float:
        """The implied rate."""
        return implied_rate(self.payout, self.mortality.survival(self.age, self.sex))

    def deferred(self, delay: int) -> float:
        """The payout of a contract that starts `delay` years later, at the implied rate."""
        alive = self.mortality.survival(self.age, self.sex)
        return payout(alive, self.rate(), delay=delay)

    def worth(self, yields: float) -> float:
        """Money's worth: the value of a premium dollar's payments at market `yields`."""
        return self.payout * price(self.mortality.survival(self.age, self.sex), yields)


@door(real_yield=RATE)
def ladder(years: int, real_yield: float) -> float:
    """Real dollars a year, for `years` and not one more, that a dollar of TIPS buys at one yield.

    The first rung is paid at once.

    Examples
    --------
    The rungs cost 1, 0.8 and 0.64 of a dollar at a yield of 25%; 30 at 2% are an annuity due of
    22.844:

    >>> round(ladder(3, 0.25), 6)  # 1 / 2.44
    0.409836
    >>> round(ladder(30, 0.02), 4)  # 0.02 / 1.02 / (1 - 1.02 ** -30)
    0.0438
    >>> ladder(1, 0.02)  # paid at once
    1.0
    >>> ladder(0, 0.02)
    Traceback (most recent call last):
    ...
    ValueError: a ladder has at least one rung, not 0
    """
    if years < 1:
        raise ValueError(f"a ladder has at least one rung, not {years}")
    discount = (1 + real_yield) ** -np.arange(years)
    return float(1 / discount.sum())
