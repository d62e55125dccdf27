"""The table of what the shell, the JSON door and HTTP can do says what they can do."""

import argparse
import importlib
import re
from pathlib import Path

import pytest

from portlib import __main__ as shell

PAGE = (Path(__file__).parents[1] / "book" / "service.md").read_text(encoding="utf-8")
ROWS = [
    [re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")]
    for line in PAGE.split("\n\n")[2].splitlines()[2:]
]


def commands():
    parser = shell._parser()
    (found,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return found.choices


def test_every_command_is_in_the_table_and_no_other():
    told = [name for row in ROWS for name in row[1]]
    assert sorted(told) == sorted(commands())


def test_every_function_of_the_json_door_is_in_the_table_and_there():
    told = [name for row in ROWS for name in row[2]]
    for name in told:
        module, function = name.split(".")
        assert callable(getattr(importlib.import_module(f"portlib.{module}"), function)), name
    assert {"service.optimize", "service.rebalance", "service.exposures", "service.check"} <= {
        *told
    }


def test_every_address_is_in_the_table_and_no_other():
    service_http = pytest.importorskip("portlib.service_http")
    assert {name for row in ROWS for name in row[3]} == {f"/{name}" for name in service_http.ASKS}


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as ended:
        shell.main([name, "--help"])
    assert ended.value.code == 0 and name in capsys.readouterr().out
