"""What does the benefit statement say an account is worth in income for life?

ERISA section 105(a)(2)(D) and 29 CFR 2520.105-3 ask, once a year, for the balance as equal monthly
payments: for one life, and for two with all of it to the survivor. The regulation fixes what is
assumed: payments begin on the last day of the period; age 67, or the real age if older; a spouse
of the same age; the yield of the ten-year Treasury on the first business day of the period's last
month; the mortality table of section 417(e)(3)(B) of the Code; fixed in dollars.

Left out: that table, which changes by the year (Notice 2025-40 for 2026) and is not held here. The
caller brings it, or takes the Social Security table and says so: `statutory` tells which it was.
It is made of pensioners, who outlive the population; `insured` gives lives that are longer still,
so that the two say how far the stand-in can be off.
"""

from __future__ import annotations

from dataclasses import dataclass

from portlib.ranges import NOT_NEGATIVE, RATE, door
from portlib.records import Array
from portlib.retirement import taxes
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.retirement_income.annuities import joint, price

#: The age that the regulation assumes of everybody younger (29 CFR 2520.105-3(c)(1)(ii)).
ASSUMED_AGE = 67


@dataclass(frozen=True)
class Illustration:
    """Monthly payments by the regulation's assumptions, US dollars."""

    balance: float
    age: int
    rate: float
    single: float
    joint: float
    statutory: bool


@door(balance=NOT_NEGATIVE, treasury_yield=RATE)
def illustrate(
    balance: float, age: int, treasury_yield: float, survival: Array | None = None
) -> Illustration:
    """The two monthly payments that a balance is worth by the regulation.

    Parameters
    ----------
    balance : float
        US dollars.
    age : int
        Whole years; 67 is taken where it is less.
    treasury_yield : float
        Of the ten-year Treasury, annual decimal.
    survival : array, optional
        By year from the assumed age, of the statutory unisex table; the Social Security table's,
        men and women alike in number, when not given.

    Returns
    -------
    Illustration
        US dollars a month.

    Raises
    ------
    ValueError
        For a yield in percent.

    Examples
    --------
    All of it to the survivor costs something, and nobody is taken to be younger than 67:

    >>> import numpy as np
    >>> found = illustrate(100_000.0, 60, 0.045)
    >>> found.joint < found.single, found.age, found.statutory
    (True, 67, False)
    >>> usual = Mortality().survival(67, "both")
    >>> bool(found.single == 100_000 / price(usual, 0.045) / 12), found.balance
    (True, 100000.0)

    On a survival of 1, 0.8, 0.5 and 0.2 at 25% a dollar a year for life costs 1.604067 (see
    `annuities.price`), for two lives, of which one survives with 1, 0.96, 0.75 and 0.36, 1.973987:

    >>> alive = np.array([1.0, 0.8, 0.5, 0.2])
    >>> found = illustrate(120_000.0, 70, 0.25, alive)
    >>> round(found.single, 1), round(found.joint, 1)  # 10,000 a month over the price
    (6234.2, 5065.9)
    >>> found.age, found.statutory
    (70, True)
    >>> illustrate(120_000.0, 70, 0.45)
    Traceback (most recent call last):
    ...
    ValueError: yield 0.45: an annual decimal, such as 0.045
    >>> for rate in (-0.05, -0.04, 0.29, 0.3):
    ...     try:
    ...         print(illustrate(120_000.0, 70, rate, alive).rate)
    ...     except ValueError:
    ...         print("refused")
    refused
    -0.04
    0.29
    refused
    """
    if not -0.05 < treasury_yield < 0.3:
        raise ValueError(f"yield {treasury_yield}: an annual decimal, such as 0.045")
    at = max(age, ASSUMED_AGE)
    alive = Mortality().survival(at, "both") if survival is None else survival
    single = balance / price(alive, treasury_yield) / 12
    both = balance / price(joint(alive, alive), treasury_yield) / 12
    return Illustration(balance, at, treasury_yield, single, both, survival is not None)


def insured() -> Mortality:
    """Lives as long as the Uniform Lifetime Table's, as mortality relative to the population.

    That table is the joint expectancy of an owner and somebody ten years younger, on the mortality
    of buyers of individual annuities (26 CFR 1.401(a)(9)-9(c) and (e)). The relative mortality is
    found at which the expectancy is the table's first period, that of 72; `together` compares the
    others.

    Returns
    -------
    Mortality
        Of the Social Security table, without improvement.

    Examples
    --------
    >>> round(together(72, insured()), 6)  # the table's period at 72
    27.4
    """
    from scipy.optimize import brentq

    def excess(relative: float) -> float:
        return together(72, Mortality(relative=relative)) - float(taxes.distribution_period(72))

    return Mortality(relative=float(brentq(excess, 0.3, 1.5)))


@door()
def together(age: int, mortality: Mortality) -> float:
    """Years until the last of two dies, of `age` and ten years younger.

    Deaths fall in the middle of years.

    Parameters
    ----------
    age : int
    mortality : Mortality

    Returns
    -------
    float
        Years.

    Examples
    --------
    One life is left unless both have ended: in each later year, with half a year for the last:

    >>> law = Mortality(relative=0.8)
    >>> older, younger = law.survival(90, "both"), law.survival(80, "both")
    >>> years = [1 - (1 - p) * (1 - q) for p, q in zip(older, younger[: len(older)], strict=True)]
    >>> alone = younger[len(older) :]  # when the older would be above 120
    >>> round(together(90, law) - float(sum(years) - 1 + sum(alone) + 0.5), 9)
    0.0
    """
    first, second = (mortality.survival(one, "both") for one in (age, age - 10))
    return float(joint(first, second)[1:].sum()) + 0.5
