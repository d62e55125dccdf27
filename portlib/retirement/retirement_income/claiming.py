"""When should Social Security be claimed, month by month?

A month of waiting before full retirement age raises the benefit by 5/9 or 5/12 of one percent of
the full one, a month after it by 2/3 (`portlib.retirement.household`); what is paid is rounded down
to the dollar. Waiting is buying indexed income for life. What it is worth depends on how long the
person, and the survivor, will live, and on the real rate that the money would earn otherwise:

    worth of claiming at m = sum_t v^t S(t) b(m) 1{t >= m}

Left out: taxes on benefits, the earnings test (who works on and earns above it loses benefits for
the time being), and the law's funding, which today covers about three quarters from the 2030s on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from portlib.ranges import NOT_NEGATIVE, RATE, SHARE, door, numbers
from portlib.records import Array
from portlib.retirement import household as hh
from portlib.retirement.lifetimes import Mortality, Sex


@door(primary=NOT_NEGATIVE)
def by_month(primary: float, birth_year: int) -> pd.DataFrame:
    """Every month from 62 to 70 at which benefits may be claimed.

    Parameters
    ----------
    primary : float
        The primary insurance amount, dollars a month.
    birth_year : int

    Returns
    -------
    DataFrame by age in months
        ``years``, ``months``, ``share`` of the full benefit, ``dollars a month``.

    Examples
    --------
    >>> by_month(2_000.0, 1964)["dollars a month"].iloc[[0, -1]].tolist()
    [1400, 2480]

    Eleven months before full retirement age, at 66 and a month, 11 * 5/9 of one percent are lost,
    and 1,877.78 are paid as 1,877:

    >>> table = by_month(2_000.0, 1964)
    >>> len(table), table.loc[793, ["years", "months", "dollars a month"]].astype(int).tolist()
    (97, [66, 1, 1877])
    >>> round(float(table.loc[793, "share"]), 6), float(table.loc[804, "share"])
    (0.938889, 1.0)

    Born in 1950, full age is 66: a fifth and 12 * 5/12 of one percent are lost, or 32% gained:

    >>> by_month(1_000.0, 1950)["dollars a month"].iloc[[0, -1]].tolist()
    [750, 1320]
    """
    months = np.arange(62 * 12, 70 * 12 + 1)
    share = [hh.claiming_factor(birth_year, int(m)) for m in months]
    columns = {
        "years": months // 12,
        "months": months % 12,
        "share": share,
        "dollars a month": [hh.paid_monthly(primary, factor) for factor in share],
    }
    return pd.DataFrame(columns, index=months)


@door(primary=NOT_NEGATIVE, real_rate=RATE, alive=SHARE)
def worth(
    primary: float, birth_year: int, alive: Array, real_rate: float, start: int = 62
) -> pd.Series:
    """Expected present value of claiming at each month.

    Parameters
    ----------
    primary, birth_year
        As in `by_month`.
    alive : array (years + 1,)
        Survival by year from `start`; within a year it falls in a straight line.
    real_rate : float
        Annual decimal.
    start : int
        Age of valuation, whole years.

    Returns
    -------
    Series by age in months
        Real dollars; months before `start` are past, and left out.

    Raises
    ------
    ValueError
        For a start that is not from 62 to 69, and for survival that ends before 71.

    Examples
    --------
    Who lives through nine years from 62 and dies evenly in the tenth lives 114.5 months; without
    interest that is what the benefit of 62 is paid for, and from 70 on 18.5 months are left:

    >>> alive = np.array([1.0] * 10 + [0.0])
    >>> worth(2_000.0, 1964, alive, 0.0)[[744, 840]].tolist()  # 114.5 * 1,400 and 18.5 * 2,480
    [160300.0, 45880.0]
    >>> worth(2_000.0, 1964, np.ones(10), 0.0)[[744, 840]].tolist()  # nine years are known, to 71
    [151200.0, 29760.0]

    With interest each month is discounted from 62, of which a tenth of a year is a tenth's power:

    >>> plainly = sum(
    ...     2_480 * (1 - max(m - 108, 0) / 12) / 1.21 ** (m / 12) for m in range(96, 120)
    ... )
    >>> bool(abs(worth(2_000.0, 1964, alive, 0.21)[840] - plainly) < 1e-6)
    True

    Who is 66 already claims then at the earliest; of five certain years one is left at 70:

    >>> later = worth(1_000.0, 1950, np.ones(6), 0.0, start=66)
    >>> int(later.index[0]), later[[792, 840]].tolist()  # 60 * 1,000 and 12 * 1,320
    (792, [60000.0, 15840.0])
    >>> for years, start in ((9, 62), (60, 70), (60, 61)):  # what is paid at 70 must be known
    ...     try:
    ...         worth(1_000.0, 1950, np.ones(years), 0.0, start=start)
    ...     except ValueError as error:
    ...         print(str(error)[:42])
    survival by year from 62 on is known to 70
    survival by year from 70 on is known to 12
    survival by year from 61 on is known to 12
    """
    if not 62 <= start < 70 or start + len(alive) - 1 <= 70:
        raise ValueError(
            f"survival by year from {start} on is known to {start + len(alive) - 1}: begin from 62 "
            f"to 69, and bring it beyond 70"
        )
    table = by_month(primary, birth_year).loc[12 * start :]
    t = np.arange(12 * (len(alive) - 1))
    living = np.interp(t / 12, np.arange(len(alive)), alive)
    value = living * (1 + real_rate) ** (-t / 12)
    left = value[::-1].cumsum()[::-1]
    paid = table["dollars a month"].to_numpy(float)
    return pd.Series(paid * left[table.index.to_numpy() - 12 * start], index=table.index)


@door()
def break_even(early: int, late: int, primary: float, birth_year: int) -> float:
    """The age at which claiming late has paid as much as claiming early.

    Parameters
    ----------
    early, late : int
        Ages of claiming, months.
    primary, birth_year
        As in `by_month`.

    Returns
    -------
    float
        Years.

    Raises
    ------
    ValueError
        Where waiting does not raise the benefit, and for ages that are no months from 62 to 70.

    Examples
    --------
    Claiming at 70, not at 62, forgoes 96 * 1,400 dollars and gains 1,080 a month: 124.4 months:

    >>> round(break_even(62 * 12, 70 * 12, 2_000.0, 1964), 4)  # 70 + 134,400 / 1,080 / 12
    80.3704
    >>> round(break_even(62 * 12, 66 * 12, 1_000.0, 1950), 9)  # 66 + 48 * 750 / 250 / 12
    78.0
    >>> break_even(62 * 12, 62 * 12, 1_000.0, 1950)
    Traceback (most recent call last):
    ...
    ValueError: waiting must raise the benefit: give the earlier month first
    >>> break_even(62, 70, 2_000.0, 1964)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: an age of claiming in months is 62: ...
    >>> break_even(70 * 12, 62 * 12, 2_000.0, 1964)
    Traceback (most recent call last):
    ...
    ValueError: waiting must raise the benefit: give the earlier month first
    """
    numbers("an age of claiming in months", [early, late], least=62 * 12, most=70 * 12)
    table = by_month(primary, birth_year)["dollars a month"]
    gain = float(table[late] - table[early])
    if gain <= 0:
        raise ValueError("waiting must raise the benefit: give the earlier month first")
    missed = float(table[early]) * (late - early)
    return (late + missed / gain) / 12


@door(primaries=NOT_NEGATIVE, real_rate=RATE)
def couple_worth(
    primaries: Sequence[float],
    births: Sequence[int],
    claims: Sequence[int],
    survivals: Sequence[Array],
    real_rate: float,
) -> float:
    """Expected present value of a couple's benefits: both while both live, then the larger.

    Ages alike at the start. A survivor who claims before full retirement age, and limits on widows
    of early claimers, are left out.

    Parameters
    ----------
    primaries : sequence of two
        Primary insurance amounts, dollars a month.
    births, claims : sequences of two
        Birth years, and ages of claiming in months.
    survivals : sequence of two arrays
        By year from 62.
    real_rate : float
        Annual decimal.

    Returns
    -------
    float
        Real dollars at 62.

    Examples
    --------
    The first is paid 1,400 from 62 on, the second 1,000 from 67; each month the one lives with 0.5
    and the other with 0.8. In 0.4 of months both live, in 0.1 and 0.4 one of them:

    >>> chances = [np.full(8, 0.5), np.full(9, 0.8)]
    >>> claims = [62 * 12, 67 * 12]
    >>> early = 0.4 * 1_400 + (0.1 + 0.4) * 1_400  # both alive, or one: the larger is paid
    >>> late = 0.4 * 2_400 + (0.1 + 0.4) * 1_400
    >>> found = couple_worth([2_000.0, 1_000.0], [1964, 1964], claims, chances, 0.0)
    >>> round(found - (60 * early + 24 * late), 6)
    0.0
    >>> year = [np.full(2, 0.5), np.full(2, 0.8)]
    >>> found = couple_worth([2_000.0, 1_000.0], [1964, 1964], claims, year, 0.21)
    >>> round(found - sum(early / 1.21 ** (m / 12) for m in range(12)), 6)
    0.0
    >>> couple_worth([2_000.0, 1_000.0], [1964, 1964], [62, 67], chances, 0.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: an age of claiming in months ...

    Years of birth are each one's own, the second may have more, and the shorter survival ends it:

    >>> six = [np.full(9, 0.5), np.full(7, 0.8)]
    >>> round(couple_worth([1_000.0, 2_000.0], [1950, 1964], claims, six, 0.0), 6)
    65700.0
    >>> 60 * 0.9 * 750 + 12 * (0.4 * 2_750 + 0.1 * 750 + 0.4 * 2_000 + 0.1 * 1_250)
    65700.0
    >>> wrong = [np.full(9, 0.5), np.full(7, 80.0)]
    >>> couple_worth([1.0, 2.0], [1950, 1964], claims, wrong, 0.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: a chance of living ...
    """
    for alive in survivals:
        numbers("a chance of living", alive, **SHARE)
    numbers("an age of claiming in months", claims, least=62 * 12, most=70 * 12)
    paid = []
    living = []
    n = 12 * (min(len(s) for s in survivals) - 1)
    t = np.arange(n)
    for primary, born, claim, alive in zip(primaries, births, claims, survivals, strict=True):
        amount = hh.paid_monthly(primary, hh.claiming_factor(born, claim))
        paid.append(np.where(t >= claim - 12 * 62, amount, 0.0))
        living.append(np.interp(t / 12, np.arange(len(alive)), alive))
    (a, b), (p, q) = paid, living
    expected = p * q * (a + b) + (p + q - 2 * p * q) * np.maximum(a, b)
    return float((expected * (1 + real_rate) ** (-t / 12)).sum())


def survivals(mortality: Mortality, sex: Sex) -> Array:
    """Survival by year from 62.

    Examples
    --------
    >>> len(survivals(Mortality(), "male")), float(survivals(Mortality(), "male")[0])  # 62 to 120
    (59, 1.0)
    >>> from portlib import data
    >>> dies = float(data.table("life_table_2023").loc[62, "female_death_probability"])
    >>> healthy = survivals(Mortality(improvement=0.0, relative=0.5), "female")
    >>> bool(abs(healthy[1] - (1 - 0.5 * dies)) < 1e-12)
    True
    """
    return mortality.survival(62, sex)
