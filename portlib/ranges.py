"""Is a number what its name says: finite, within its range, a decimal and not a percentage? And is
a name one of those that there are?

Every public function that takes a plain number asks this once, at its `door`, so that not a
number, a word, a sign turned round and 5 for 5% are refused by name instead of giving a plausible
answer; one that takes the name of a thing asks `among`. Left out: whether a number within its range
is right.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from typing import Any, ParamSpec, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from portlib.records import Array

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class Limits(TypedDict, total=False):
    """What a number may be; ``above`` and ``below`` are not allowed themselves."""

    least: float
    above: float
    most: float
    below: float


#: What words for numbers mean, as limits of `number`. A volatility or a return a year beyond these
#: is a percentage or a slip: no asset class that the book knows comes near.
SHARE: Limits = {"least": 0.0, "most": 1.0}
LEVEL: Limits = {"above": 0.0, "below": 1.0}
VOLATILITY: Limits = {"least": 0.0, "most": 3.0}
RETURN: Limits = {"above": -1.0, "most": 2.0}
#: A rate of interest, growth or inflation that years are counted with, and a fee a year.
RATE: Limits = {"above": -0.5, "below": 0.5}
FEE: Limits = {"least": 0.0, "below": 0.1}
NOT_NEGATIVE: Limits = {"least": 0.0}
POSITIVE: Limits = {"above": 0.0}
COUNT: Limits = {"least": 1}


def door(
    *, error: type[ValueError] = ValueError, **limits: Limits
) -> Callable[[Callable[Asked, Answer]], Callable[Asked, Answer]]:
    """Ask `number` of each parameter that is annotated ``float`` or ``int``, before anything is
    computed; of an ``int`` also that it is whole, of arrays only where limits are given. What is
    annotated as a random generator must be one.

    Parameters
    ----------
    error : type
        What a refusal raises.
    limits : by parameter, as `number` takes them. An infinite value passes where it is the default.

    Examples
    --------
    >>> @door(level=LEVEL)
    ... def tail(level: float, months: int = 12) -> float:
    ...     return (1 - level) * months
    >>> round(tail(0.95), 9)
    0.6
    >>> tail(0.95, 1.5)
    Traceback (most recent call last):
    ...
    ValueError: months is 1.5: give a whole number

    It goes on in ``ranges.md``.
    """

    def guarded(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
        parameters = inspect.signature(function).parameters
        unknown = set(limits) - set(parameters)
        assert not unknown, f"{function.__qualname__} has no {', '.join(sorted(unknown))}"
        asked = [
            (at, name, str(parameter.annotation), parameter.default, limits.get(name, {}))
            for at, (name, parameter) in enumerate(parameters.items())
            if str(parameter.annotation) in (*_PLAIN, _CHANCE) or name in limits
        ]

        @wraps(function)
        def checked(*given: Asked.args, **named: Asked.kwargs) -> Answer:
            for at, name, kind, default, bounds in asked:
                if at < len(given):
                    _ask(name.replace("_", " "), given[at], kind, default, bounds, error)
                elif name in named:
                    _ask(name.replace("_", " "), named[name], kind, default, bounds, error)
            return function(*given, **named)

        return checked

    return guarded


_PLAIN = ("float", "int", "float | None", "int | None")
_CHANCE = "np.random.Generator"


def _ask(
    name: str,
    value: Any,
    kind: str,
    default: Any,
    limits: Limits,
    error: type[ValueError],
) -> None:
    if value is None and "None" in kind:
        return
    if kind == _CHANCE:
        if not isinstance(value, np.random.Generator):
            raise error(f"{name} is {value!r}: give a generator, np.random.default_rng(a seed)")
        return
    if kind not in _PLAIN:
        numbers(name, value, error=error, **limits)
        return
    if isinstance(value, float) and np.isinf(value) and value == default:
        return
    x = number(name, value, error=error, **limits)
    if kind.startswith("int") and x != round(x):
        raise error(f"{name} is {value!r}: give a whole number")


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

    Parameters
    ----------
    name : str
        What a message calls it.
    value : float
    least, above, most, below : float
        Limits; ``above`` and ``below`` are not allowed themselves.
    error : type
        What is raised, naming the number, its value and what is allowed.

    Examples
    --------
    >>> number("level", 0.95, above=0, below=1)
    0.95
    >>> number("level", 95, above=0, below=1)
    Traceback (most recent call last):
    ...
    ValueError: level is 95: give a number above 0 and below 1; in percent? Write 0.95 for 95%

    It goes on in ``ranges.md``.
    """
    if type(value) in (float, int) and least <= value <= most and above < value < below:
        return float(value)
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
    """The values as an array, if all are finite and within limits.

    Parameters
    ----------
    name : str
        What a message calls them.
    values : array
    least, above, most, below : float
        Limits; ``above`` and ``below`` are not allowed themselves.
    error : type
        What is raised.

    Returns
    -------
    array
        Of floats, in the shape given.

    Raises
    ------
    error
        Naming the first value that is wrong, and what is allowed.
    """
    try:
        as_given = np.asarray(values)
        if as_given.dtype.kind in "USbc" or _has_words(as_given):
            raise TypeError
        x = as_given.astype(float)
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
    percent = within and abs(wrong) > 0 and min(most, below) <= 3
    hint = f"; in percent? Write {meant:g} for {wrong:g}%" if percent else ""
    finite = "" if asked else "finite "
    raise error(f"{name} is {wrong:g}: give a {finite}number {' and '.join(asked)}".rstrip() + hint)


def among(
    what: str,
    asked: Iterable[Any],
    known: Collection[Any],
    *,
    error: type[ValueError] = ValueError,
) -> None:
    """Refuse names that are not among those that there are.

    Parameters
    ----------
    what : str
        What a message calls the thing: a posture, a fund.
    asked : names, in a list also where there is one
    known : names
        All that there are: a mapping or an index by name will do. Of more than a dozen a message
        lists those spelt alike, else the first.
    error : type
        What is raised, naming what was asked for and what there is.

    Examples
    --------
    >>> among("posture", ["bold"], {"careful": 2.0, "bold": 5.0})
    >>> among("posture", ["bold", "brave"], {"careful": 2.0, "bold": 5.0})
    Traceback (most recent call last):
    ...
    ValueError: no posture 'brave'; there are careful, bold
    >>> among("fund", ["LCIDY"], ["LCIDX", *"abcdefghijkl"])
    Traceback (most recent call last):
    ...
    ValueError: no fund 'LCIDY'; did you mean LCIDX?

    It goes on in ``ranges.md``.
    """
    strange = [name for name in asked if name not in known]
    if not strange:
        return
    names = list(map(str, known))
    said = f"no {what} {', '.join(f'{name!r:.80}' for name in strange)}"
    first = str(strange[0])[:80]
    near = difflib.get_close_matches(first, names, n=4) if len(names) > _LISTED else []
    if near:
        raise error(f"{said}; did you mean {', '.join(near)}?")
    rest = ["..."] if len(names) > _LISTED else []
    raise error(f"{said}; there are {', '.join([*names[:_LISTED], *rest]) or 'none'}")


#: As many names as a message lists.
_LISTED = 12


def _has_words(values: np.ndarray[Any, Any]) -> bool:
    """Whether any value is text, a truth value or nothing, which a cast would take for a number."""
    return values.dtype == object and any(
        value is None or isinstance(value, (str, bool)) for value in values.ravel()
    )
