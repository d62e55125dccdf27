"""Is a number what its name says: finite, within its range, a decimal and not a percentage?

Every public function that takes a plain number asks this once, at its door, so that not a number,
a sign turned round and 5 for 5% are refused by name instead of giving a plausible answer.
Left out: whether a number within its range is right.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from portlib.records import Array


def number(
    name: str,
    value: Any,
    *,
    least: float = -np.inf,
    above: float = -np.inf,
    most: float = np.inf,
    below: float = np.inf,
    error: type[ValueError] = ValueError,
) -> float:
    """The value as a float, if it is one number, finite and within limits.

    Raises `error`, which names the number, its value and what is allowed.

    >>> number("level", 0.95, above=0, below=1)
    0.95
    >>> number("level", 95, above=0, below=1)
    Traceback (most recent call last):
    ...
    ValueError: level is 95: give a number above 0 and below 1; in percent? Write 0.95 for 95%
    """
    if np.ndim(value):
        raise error(f"{name} is {value!r}: give one number")
    limits = {"least": least, "above": above, "most": most, "below": below}
    return float(numbers(name, [value], error=error, **limits)[0])


def numbers(
    name: str,
    values: ArrayLike,
    *,
    least: float = -np.inf,
    above: float = -np.inf,
    most: float = np.inf,
    below: float = np.inf,
    error: type[ValueError] = ValueError,
) -> Array:
    """The values as an array, if all are finite and within limits; else `error` names the first."""
    try:
        x = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        shown = values[0] if isinstance(values, list) and len(values) == 1 else values
        raise error(f"{name} is {shown!r}: give a number") from None
    flat = np.atleast_1d(x).ravel()
    fits = np.isfinite(flat) & (flat >= least) & (flat > above) & (flat <= most) & (flat < below)
    if fits.all():
        return x
    wrong = float(flat[~fits][0])
    asked = [
        f"{words} {limit:g}"
        for words, limit in (
            ("of at least", least),
            ("above", above),
            ("at most", most),
            ("below", below),
        )
        if np.isfinite(limit)
    ]
    meant = wrong / 100
    within = least <= meant <= most and above < meant < below
    percent = within and abs(wrong) > 0 and min(most, below) <= 2
    hint = f"; in percent? Write {meant:g} for {wrong:g}%" if percent else ""
    finite = "" if asked else "finite "
    raise error(f"{name} is {wrong:g}: give a {finite}number {' and '.join(asked)}".rstrip() + hint)
