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
        Real dollars.
    """
    table = by_month(primary, birth_year)
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
        Where waiting does not raise the benefit.
    """
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
    """Survival by year from 62."""
    return mortality.survival(62, sex)
