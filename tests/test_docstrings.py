"""What a public function takes is said where its help is read, in sections that tools can read."""

import inspect
import pkgutil
from importlib import import_module

import portlib


def public():
    """Every public function of portlib that stands in its module."""
    for found in pkgutil.walk_packages(portlib.__path__, "portlib."):
        if found.name.endswith("__main__"):
            continue
        for name, one in vars(import_module(found.name)).items():
            own = getattr(one, "__module__", "") == found.name
            if own and inspect.isfunction(one) and not name.startswith("_"):
                yield f"{found.name}.{name}", one


def test_a_function_of_three_parameters_or_more_describes_them():
    lacking = [
        name
        for name, one in public()
        if len(inspect.signature(one).parameters) >= 3
        and "Parameters\n" not in (inspect.getdoc(one) or "")
    ]
    assert not lacking
