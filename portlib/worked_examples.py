"""Do the worked examples in the documentation come out as written?

Each public function of the method shows in its documentation what it gives for numbers that a
reader can work out: by hand, by a closed form, from a printed table. A chapter performs those of
its modules and claims that they come out, so that they hold where the chapter is read, and not only
where the tests run.

Left out: whether an example's route is another than the code's. Whoever reads it sees that.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portlib import surroundings


class NoExamples(ValueError):
    """A module was named that shows no example."""


@dataclass(frozen=True)
class Performed:
    """What was tried.

    Parameters
    ----------
    shown : tuple of str
        What shows examples: functions, classes and modules, by their full names.
    lines : int
        The lines that were run.
    wrong : tuple of str
        Those of `shown` of which a line did not come out.
    """

    shown: tuple[str, ...]
    lines: int
    wrong: tuple[str, ...]


def perform(*names: str) -> Performed:
    """Run the examples of modules, and of those inside them, on the example plan and the packaged
    history, whichever plan and history the chapter is about. What does not come out is printed.

    Parameters
    ----------
    *names : str
        Full names of modules, or of single functions: ``"portlib.construction.tail_risk"``.

    Raises
    ------
    NoExamples
        When what is named, with all inside it, shows none: it would pass by being empty.

    Examples
    --------
    >>> performed = perform("portlib.compounding")
    >>> performed.wrong, performed.shown[0]
    ((), 'portlib.compounding.arithmetic_to_geometric')
    """
    shown: list[str] = []
    lines, wrong = 0, []
    finder = doctest.DocTestFinder(exclude_empty=True)
    with surroundings.none():
        for name in names:
            every = [one for named in _inside(name) for one in finder.find(*named)]
            found = [one for one in every if one.examples]
            if not found:
                raise NoExamples(f"{name} shows no worked example")
            for one in found:
                result = doctest.DocTestRunner(verbose=False).run(one)
                shown.append(one.name)
                lines += result.attempted
                if result.failed:
                    wrong.append(one.name)
    return Performed(tuple(shown), lines, tuple(wrong))


def _inside(name: str) -> Iterator[tuple[Any, str]]:
    """What is named; of a module also those in its folder."""
    named = pkgutil.resolve_name(name)
    yield named, name
    for inner in pkgutil.walk_packages(getattr(named, "__path__", ()), f"{name}."):
        yield importlib.import_module(inner.name), inner.name
