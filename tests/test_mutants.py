"""`make faults MODULE=...`: what a mutant is, where it is planted, and what is said to survive."""

import ast
import signal
import subprocess
import sys

from portlib import compounding
from tools import mutants

SOURCE = '''
"""A module."""
RATE: float = 0.5

def cost(balance: float, months: int = 12, *, plan) -> float:
    """A year's fee."""
    if balance < 0:
        raise ValueError(f"balance {balance - 1} is below 0")
    if plan is RATE:
        found.refuse("a plan is no rate")
    if months > 1 and balance > 10 or plan is None:
        plan = read(["fee", "load"], year=1)
    paid = [balance * RATE] * months
    paid[-1] += plan["fee"] + plan["load"]
    paid = [max(paid[0], RATE)]
    return max(
        # of all
        *paid,
    ) if months else charge(balance, plan.rate)
'''


def changes(source):
    return {(m.function, m.kind, m.change) for m in mutants.mutants(source)}


def test_each_kind_of_change_is_made_where_it_may_be():
    found = changes(SOURCE)
    for kind, change in {
        "constant": "0  ->  1",
        "comparison": "balance < 0  ->  balance >= 0",
        "dropped check": "balance < 0  ->  False",
        "operator": "balance * RATE  ->  balance / RATE",
        "first for last": "paid[-1]  ->  paid[0]",
        "another's name": "plan[\"fee\"]  ->  plan['load']",
        "dropped": 'paid[-1] += plan["fee"] + plan["load"]  ->  pass',
        "swapped": "charge(balance, plan.rate)  ->  charge(plan.rate, balance)",
        "exchanged": "[\"fee\", \"load\"]  ->  ['load', 'fee']",
        "not given": "read([\"fee\", \"load\"], year=1)  ->  read(['fee', 'load'])",
        "limit": "max(paid[0], RATE)  ->  paid[0]",
        "twin": "found.refuse  ->  found.note",
        "left out": "months > 1 and balance > 10  ->  balance > 10",
    }.items():
        assert ("cost", kind, change) in found
    assert ("cost", "left out", '["fee", "load"]  ->  [\'fee\']') in found
    assert ("=RATE", "constant", "0.5  ->  0.75") in found
    said = " ".join(change for _, _, change in found)
    assert "balance - 1" not in said and "12" not in said  # messages and defaults stay


def test_a_mutant_is_python_of_as_many_lines_with_one_thing_changed():
    for mutant in mutants.mutants(SOURCE):
        assert mutant.text.count("\n") == SOURCE.count("\n")
        assert ast.dump(ast.parse(mutant.text)) != ast.dump(ast.parse(SOURCE))


def test_a_mutant_is_planted_in_a_fork_alone_behind_decorators_and_other_names():
    file = mutants.ROOT / "portlib" / "compounding.py"
    source = file.read_text(encoding="utf-8")
    name = next(m for m in mutants.mutants(source) if m.kind == "operator").function
    function = getattr(compounding, name)
    inner = getattr(function, "__wrapped__", function)
    module, before = mutants.loaded(file), inner.__code__

    def planted():
        mutants.plant(next(m for m in mutants.mutants(source) if m.function == name), module)
        return {"other": inner.__code__ is not before}

    assert mutants.forked(planted, 60) == {"other": True}
    assert inner.__code__ is before


def test_what_dies_or_never_ends_in_a_fork_has_failed():
    for work in (lambda: sys.exit(3), lambda: signal.pause()):
        assert mutants.forked(work, 1)["failed"].startswith("no answer")


def test_what_a_test_does_not_ask_survives(tmp_path):
    """The median over an infinite horizon says nothing of the share of a finite one."""
    test = tmp_path / "test_median.py"
    test.write_text(
        "from portlib.compounding import arithmetic_to_geometric\n"
        "def test_median():\n"
        "    got = arithmetic_to_geometric(0.21, 0.121)\n"
        "    assert abs(got - (1.21 / 1.01**0.5 - 1)) < 1e-12\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "tools.mutants", "portlib/compounding.py", "--sample", "9"]
    done = subprocess.run(
        [*command, "--only", "arithmetic_to", "--tests", str(test)],
        cwd=mutants.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    planted, _, survived = done.stdout.partition(" survived\n")
    assert 0 < len(survived.splitlines()) < 9 == planted.count("arithmetic_to_geometric: ")
    for line in survived.splitlines():
        assert "horizon_years" in line or "_checked" in line  # the test has one, and asks no other
