"""How long do people live, alone and as couples, and how much longer than the table says?

The Social Security period table gives the chance ``q_x`` of dying within a year at age ``x`` as it
was in one year. Two things make it short for a plan: mortality goes on falling, and people who work
for an employer with a plan outlive the population. Both enter as numbers that are stated,

    q_{x,t} = r q_x (1 - g)^t        r: mortality relative to the table, g: improvement a year

The Gompertz law, with modal age ``m`` and dispersion ``b``, is the smooth form that closed formulas
need: ``S(t | x) = exp(e^{(x - m)/b} (1 - e^{t/b}))``.

Left out: dependence between the lives of a couple, improvement that differs by age, and health.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from portlib import data
from portlib.ranges import door
from portlib.records import Array

Sex = Literal["both", "female", "male"]
Years = NDArray[np.int64]


@dataclass(frozen=True)
class Mortality:
    """A life table, and how a plan's people differ from it.

    Parameters
    ----------
    improvement : yearly fall of every chance of dying, decimal.
    relative : mortality relative to the table's, from 0.3 to 3; 1 is the population.
    last_age : nobody lives beyond the year in which this age would be reached.

    Examples
    --------
    >>> float(Mortality().survival(65, "female")[0])
    1.0

    The chance of dying at 90 is the table's; twice it where mortality is twice the population's,
    and a little less of it for each year ahead where it falls by 4% a year:

    >>> dies = data.table("life_table_2023")["male_death_probability"]
    >>> one_on, two_on = Mortality(0.04, 2.0).survival(90, "male")[1:3]
    >>> bool(abs(one_on - (1 - 2 * dies[90])) < 1e-12)
    True
    >>> bool(abs(two_on / one_on - (1 - 2 * dies[91] * 0.96)) < 1e-12)
    True

    It goes on in ``lifetimes.md``.
    """

    improvement: float = 0.0
    relative: float = 1.0
    last_age: int = 120

    def __post_init__(self) -> None:
        if not (0 <= self.improvement < 0.05 and 0.3 <= self.relative <= 3):
            raise ValueError(
                f"improvement {self.improvement} (a year, decimal) and mortality relative to the "
                f"table {self.relative} (1: the same) are out of range"
            )

    def survival(self, age: int, sex: Sex = "both") -> Array:
        """Chance of being alive at the start of each year from `age` on.

        Parameters
        ----------
        age : int
            Whole years, 0 to 119.
        sex : str
            ``female``, ``male``, or ``both``: men and women, equally many today.

        Returns
        -------
        array (last_age - age + 1,)
            From 1 down.

        Raises
        ------
        ValueError
            For an age off the table, or another sex.
        """
        if not 0 <= age < self.last_age <= 120:
            raise ValueError(f"the life table goes from age 0 to 119; {age} is not before its end")
        if sex not in get_args(Sex):
            raise ValueError(f"sex is {sex!r}: give one of {', '.join(get_args(Sex))}")
        columns = {"both": [0, 1], "male": [0], "female": [1]}[sex]
        dies = _dying(data.ROOT)[age : self.last_age, columns]
        ahead = np.arange(len(dies))[:, None]
        dies = np.minimum(self.relative * dies * (1 - self.improvement) ** ahead, 1.0)
        alive = np.vstack([np.ones(len(columns)), np.cumprod(1 - dies, axis=0)]).mean(axis=1)
        alive[-1] = 0.0
        return alive

    def expectation(self, age: int, sex: Sex = "both") -> float:
        """Years that someone of `age` may expect, deaths falling in the middle of years."""
        return float(self.survival(age, sex)[1:].sum()) + 0.5

    def last_years(self, age: int, sex: Sex, chance: Array) -> Years:
        """The last year, counted from 0, in which each life begins alive.

        Parameters
        ----------
        age, sex
            As in `survival`.
        chance : array, any shape
            Uniform, in (0, 1).

        Returns
        -------
        array of int
            Of the shape of `chance`.
        """
        return last_year(self.survival(age, sex), chance)


def last_year(alive: Array, chance: Array) -> Years:
    """Lifetimes by inversion: the last year of a survival curve `alive` that each life begins.

    `alive` starts at 1 and ends at 0; `chance` is uniform, of any shape.

    Examples
    --------
    Nine tenths live through the first year and half through the second; at nine tenths itself a
    life has ended:

    >>> last_year(np.array([1.0, 0.9, 0.5, 0.0]), np.array([[0.95, 0.9], [0.6, 0.1]])).tolist()
    [[0, 0], [1, 2]]
    """
    return np.asarray(np.searchsorted(-alive, -np.asarray(chance), side="left") - 1, np.int64)


@lru_cache(maxsize=4)
def _dying(root: Path) -> Array:
    """Chances of dying within a year from age 0 on, men and women (ages, 2); not to be changed."""
    table = data.table("life_table_2023")
    chances = table.loc[0:, ["male_death_probability", "female_death_probability"]].to_numpy(float)
    chances.flags.writeable = False
    return chances


@door()
def gompertz(ages_ahead: Array, age: float, mode: float, dispersion: float) -> Array:
    """Chance of living some years more under the Gompertz law.

    Parameters
    ----------
    ages_ahead : array, any shape
        Years from now.
    age : float
        Now, years.
    mode, dispersion : float
        Modal age at death and spread, years.

    Returns
    -------
    array
        Of the shape of `ages_ahead`.

    Examples
    --------
    The chance of dying in a short time is ``exp((age - mode) / dispersion) / dispersion`` a year;
    23 years before the mode that is 0.0100, and living n years and m years is living n + m:

    >>> short = 1 - float(gompertz(np.array(1e-6), 65.0, 88.0, 10.0))
    >>> round(short / 1e-6, 5), round(float(np.exp(-2.3)) / 10, 5)
    (0.01003, 0.01003)
    >>> ahead = gompertz(np.array([10.0, 25.0]), 65.0, 88.0, 10.0)
    >>> rest = gompertz(np.array(15.0), 75.0, 88.0, 10.0)
    >>> bool(abs(ahead[1] - ahead[0] * rest) < 1e-12)
    True
    """
    hazard = np.exp((age - mode) / dispersion)
    return np.asarray(np.exp(hazard * (1 - np.exp(np.asarray(ages_ahead) / dispersion))))
