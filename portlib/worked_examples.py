"""Do the worked examples in the documentation come out as written?

Each public function of the method shows in its documentation what it gives for numbers that a
reader can work out: by hand, by a closed form, from a printed table. What would be long there goes
on in a text beside the module, ``simulation.md`` beside ``simulation.py``, under a heading that
names the function. A chapter performs those of its modules and claims that they come out, so that
they hold where the chapter is read, and not only where the tests run.

Left out: whether an example's route is another than the code's. Whoever reads it sees that.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from portlib import surroundings


class NoExamples(ValueError):
    """A module was named that shows no example, or a text goes on with one that is not there."""


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
    history, whichever plan and history the chapter is about. What does not come out is printed; a
    figure that they leave open is closed, so that no page shows it.

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
    >>> perform("portlib.compounding", "keyword")
    Traceback (most recent call last):
    ...
    portlib.worked_examples.NoExamples: keyword shows no worked example

    It goes on in ``worked_examples.md``.
    """
    import matplotlib.pyplot as plt

    shown: list[str] = []
    lines, wrong = 0, []
    drawn = set(plt.get_fignums())
    with surroundings.none():
        for name in names:
            found = [one for named in _inside(name) for one in of(*named)]
            if not found:
                raise NoExamples(f"{name} shows no worked example")
            for one in found:
                result = doctest.DocTestRunner(_Checker(), verbose=False).run(one)
                shown.append(one.name)
                lines += result.attempted
                if result.failed:
                    wrong.append(one.name)
    for number in set(plt.get_fignums()) - drawn:
        plt.close(number)
    return Performed(tuple(shown), lines, tuple(wrong))


def of(named: Any, name: str) -> list[doctest.DocTest]:
    """The examples of a module, or of one function: those of its documentation, and of each what
    goes on in the text beside the module.

    Raises
    ------
    NoExamples
        When the text goes on with what has no example in its documentation.

    Examples
    --------
    >>> import portlib.compounding
    >>> [one.name.split(".")[-1] for one in of(portlib.compounding, "portlib.compounding")]
    ['arithmetic_to_geometric', 'geometric_to_arithmetic']
    """
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [one for one in finder.find(named, name) if one.examples]
    if isinstance(named, ModuleType):
        own = {one.name: one for one in found}
        for function, text in going_on(Path(str(named.__file__))).items():
            if f"{name}.{function}" not in own:
                raise NoExamples(f"{name}.{function} goes on, and shows no example to begin with")
            own[f"{name}.{function}"].examples += doctest.DocTestParser().get_examples(text)
    return found


def going_on(module: Path) -> dict[str, str]:
    """By function, what goes on in the text beside a module's file; its code stands in fences.

    Raises
    ------
    NoExamples
        When an example stands under no function's heading, or a heading is there twice: it would
        not be run, and nobody would know.

    Examples
    --------
    >>> import tempfile
    >>> def said(text):
    ...     with tempfile.TemporaryDirectory() as name:
    ...         beside = Path(name) / "rate.md"
    ...         _ = beside.write_text(text, encoding="utf-8")
    ...         return going_on(beside.with_suffix(".py"))
    >>> two = said("# Rates\\n## `real`\\nSix:\\n```pycon\\n>>> 6\\n6\\n```\\n## `nominal`\\n")
    >>> list(two), two["real"].split()
    (['real', 'nominal'], ['Six:', '>>>', '6', '6'])
    >>> said("# Rates\\n\\n>>> 1\\n1\\n")
    Traceback (most recent call last):
    ...
    portlib.worked_examples.NoExamples: rate.md: under no function is what nobody runs
    >>> said("# Rates\\n\\n## `real`\\n\\n## `real`\\n")
    Traceback (most recent call last):
    ...
    portlib.worked_examples.NoExamples: rate.md: under real is what nobody runs
    >>> said("# Rates\\n\\n## Real\\n\\n>>> 1\\n1\\n")
    Traceback (most recent call last):
    ...
    portlib.worked_examples.NoExamples: rate.md: under no function is what nobody runs
    >>> said("# Rates\\n\\n## Rates are annual\\n"), going_on(Path("nowhere.py"))
    ({}, {})
    """
    path = module.with_suffix(".md")
    if not path.is_file():
        return {}
    text = re.sub(r"(?m)^```.*$", "", path.read_text(encoding="utf-8"))
    title, *parts = re.split(r"(?m)^## (?:`(.+)`)?.*$", text)
    found: dict[str, str] = {}
    for function, shown in [(None, title), *zip(parts[::2], parts[1::2], strict=True)]:
        if function in found or (function is None and ">>>" in shown):
            raise NoExamples(f"{path.name}: under {function or 'no function'} is what nobody runs")
        if function:
            found[function] = shown
    return found


class _Checker(doctest.OutputChecker):
    """A difference of nothing is 0.0 or -0.0, as a machine rounds; either is as written."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(_unsigned(want), _unsigned(got), optionflags)


def _unsigned(text: str) -> str:
    return re.sub(r"(?<![\w.])-(0\.0?)(?![\w.%])", r"\1", text)


def _inside(name: str) -> Iterator[tuple[Any, str]]:
    """What is named; of a module also those in its folder."""
    named = pkgutil.resolve_name(name)
    yield named, name
    for inner in pkgutil.walk_packages(getattr(named, "__path__", ()), f"{name}."):
        yield importlib.import_module(inner.name), inner.name
