"""What a public function takes is said where its help is read, in sections that tools can read."""

import doctest
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path

import portlib


def public():
    """Every public function of portlib that stands in its module."""
    for found in pkgutil.walk_packages(portlib.__path__, "portlib."):
        if found.name.endswith("__main__"):  # the shell's door: tests go through the shell
            continue
        for name, one in vars(import_module(found.name)).items():
            own = getattr(one, "__module__", "") == found.name
            if own and inspect.isfunction(one) and not name.startswith("_"):
                yield f"{found.name}.{name}", one


def test_every_module_with_a_public_function_shows_an_example_of_it():
    finder = doctest.DocTestFinder(exclude_empty=True)
    named = {name.rsplit(".", 1)[0] for name, _ in public()}
    lacking = {
        name for name in named if not any(one.examples for one in finder.find(import_module(name)))
    }
    assert not lacking


def test_what_a_documentation_shows_fits_a_screen():
    """What is longer goes on in the text beside the module."""
    finder, long = doctest.DocTestFinder(exclude_empty=True), []
    for found in pkgutil.walk_packages(portlib.__path__, "portlib."):
        for one in finder.find(import_module(found.name), found.name):
            shown = (one.docstring or "").partition(">>>")[2].splitlines()
            long += [one.name] if len(shown) > 40 else []
    assert not long


def test_a_function_of_three_parameters_or_more_describes_them():
    lacking = [
        name
        for name, one in public()
        if len(inspect.signature(one).parameters) >= 3
        and "Parameters\n" not in (inspect.getdoc(one) or "")
    ]
    assert not lacking


def test_the_reference_shows_no_folder_of_the_machine_that_made_it():
    """A documented constant that is a path differs from checkout to checkout, so its value is
    hidden."""
    found = []
    for module in pkgutil.walk_packages(portlib.__path__, "portlib."):
        if module.name.endswith("__main__"):
            continue
        one = import_module(module.name)
        source = inspect.getsource(one)
        for said, name in re.findall(r"((?:^#:.*\n)+)^([A-Z_]+)\b", source, re.MULTILINE):
            if isinstance(vars(one)[name], Path):
                found.append(f"{module.name}.{name}")
                assert ":meta hide-value:" in said, found[-1]
    assert "portlib.data.ROOT" in found
