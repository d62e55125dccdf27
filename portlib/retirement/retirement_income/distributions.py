"""What must leave the plan, also with a much younger spouse?

The required minimum distribution of a year is the balance of the end of the year before over a
period: the Uniform Lifetime Table's, or, where the spouse is the sole beneficiary and more than ten
years younger, the longer one of the Joint and Last Survivor Table (26 CFR 1.401(a)(9)-5(c),
1.401(a)(9)-9(c) and (d)). It is a tax rule, not a plan for spending: nobody must spend it.

Left out: inherited accounts, several plans, the first year's deadline of 1 April, and work beyond
the starting age, which often defers the plan's distributions.
"""

from __future__ import annotations

import numpy as np

from portlib import data
from portlib.ranges import NOT_NEGATIVE, door
from portlib.records import Array
from portlib.retirement import taxes


@door()
def period(age: int, spouse_age: int | None = None, *, sole_beneficiary: bool = True) -> float:
    """The distribution period, at the ages reached in the year.

    Parameters
    ----------
    age, spouse_age : int
        Whole years.
    sole_beneficiary : bool
        Whether the spouse is; otherwise the spouse's age does not count.

    Returns
    -------
    float
        Years.

    Raises
    ------
    ValueError
        For a younger spouse of an age for which the table is not held here.

    Examples
    --------
    >>> period(75), period(75, 64)  # 25.3: the example of Publication 590-B
    (24.6, 25.3)
    >>> period(75, 65), period(75, 64, sole_beneficiary=False)  # ten years younger is not more
    (24.6, 24.6)
    >>> period(75, 75), period(75, 90)  # nor is as old, or older
    (24.6, 24.6)
    >>> try:
    ...     period(75, 30)
    ... except ValueError as error:
    ...     said, covers = str(error).split(": ")
    >>> said, covers[15:60]
    ('no joint period is held for ages 75 and 30', 'covers owners of 73 to 90 and spouses from 40')
    """
    uniform = float(taxes.distribution_period(age))
    if spouse_age is None or not sole_beneficiary or age - spouse_age <= 10:
        return uniform
    table = data.table("joint_life_table")
    found = table[(table["owner_age"] == age) & (table["spouse_age"] == spouse_age)]
    if found.empty:
        raise ValueError(
            f"no joint period is held for ages {age} and {spouse_age}: the table here covers "
            f"owners "
            f"of {table['owner_age'].min()} to {table['owner_age'].max()} and spouses from "
            f"{table['spouse_age'].min()}; see Publication 590-B, Table II"
        )
    return float(found["distribution_period"].iloc[0])


@door(balance=NOT_NEGATIVE)
def required(balance: float, age: int, birth_year: int, spouse_age: int | None = None) -> float:
    """The least that must leave in the year in which the owner reaches an age.

    Parameters
    ----------
    balance : float
        At the end of the year before, US dollars.
    age, birth_year : int
    spouse_age : int, optional
        Of a spouse who is the sole beneficiary.

    Returns
    -------
    float
        US dollars; zero before the start age.

    Examples
    --------
    >>> required(253_000, 75, 1951, 64), required(246_000, 75, 1951)  # 25.3 and 24.6 years
    (10000.0, 10000.0)
    >>> required(246_000, 74, 1960), required(246_000, 75, 1960)  # born in 1960, from 75 on
    (0.0, 10000.0)
    """
    if age < taxes.rmd_start_age(birth_year):
        return 0.0
    return balance / period(age, spouse_age)


@door(balance=NOT_NEGATIVE, growth={"above": 0.5, "below": 2.0})
def path(balance: float, age: int, birth_year: int, growth: float, years: int) -> Array:
    """Required distributions by year when nothing else is taken.

    Parameters
    ----------
    balance : float
        At the end of the year before, US dollars.
    age, birth_year : int
        Reached in the first year.
    growth : float
        A year's factor, such as 1.04.
    years : int

    Returns
    -------
    array (years,)
        US dollars.

    Examples
    --------
    Nothing at 72; at 73 250,000 have become 265,000, over 26.5 years; at 74 what is left, over
    25.5:

    >>> path(250_000, 72, 1951, 1.06, 3).round(2).tolist()  # 255,000 * 1.06 / 25.5
    [0.0, 10000.0, 10600.0]
    """
    taken = np.zeros(years)
    for t in range(years):
        taken[t] = required(balance, age + t, birth_year)
        balance = (balance - taken[t]) * growth
    return taken
