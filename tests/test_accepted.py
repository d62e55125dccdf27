"""What the JSON door answers moves only where somebody accepts it; so do documents, whose texts are
held in `documents/test_every_document.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from portlib import plan, service
from portlib.construction import ENGINES
from tests import accepted

PLANS = {
    "example": accepted.ROOT / "data" / "plan",
    "awkward": accepted.ROOT / "tests" / "plans" / "awkward",
    "tsp": accepted.ROOT / "plans" / "tsp",
}
Json = dict[str, Any]
FEW = {"lives": 200, "seed": 7}


def answer(verb: Callable[..., Json], *asked: Any, **more: Any) -> Json:
    """What a verb says, its refusal included."""
    try:
        return verb(*asked, **more)
    except ValueError as refused:
        return service.refusal(refused)


def answers(whose: str) -> str:
    """Of every verb, some questions: each posture and engine, the first, a middle and the last of
    the people, each lever."""
    ours = plan.read(PLANS[whose])
    sent = ours.to_json()
    nobody = {**sent, "participants": []}
    said = {"exposures": answer(service.exposures, nobody), "check": answer(service.check, sent)}
    for posture in ours.policy["risk_aversion_bands"]:
        said[f"optimize {posture}"] = answer(service.optimize, nobody, None, {"posture": posture})
    for engine in ENGINES:
        asked = {"optimizer": engine, "posture": "moderate"}
        said[f"optimize {engine}"] = answer(service.optimize, nobody, None, asked)
    said["glidepath"] = answer(service.glidepath, sent)
    people = [row["participant"] for row in sent["participants"]] or ["nobody"]
    for who in {people[0], people[len(people) // 2], people[-1]}:
        said[f"outlook {who}"] = answer(service.outlook, sent, who, **FEW)
        said[f"rebalance {who}"] = answer(service.rebalance, sent, who)
        for lever in ("deferral_rate", "retirement_age", "spending"):
            found = answer(service.solve_for, sent, who, lever, **FEW)
            said[f"{lever} {who}"] = found
    return "".join(accepted.text(name, said[name]) for name in sorted(said))


@pytest.mark.parametrize("whose", PLANS)
def test_an_answer_is_what_it_was_when_it_was_accepted(whose: str) -> None:
    moved = accepted.moved(f"answers_for_the_{whose}_plan", answers(whose))
    assert not moved, moved


def test_an_older_processor_answers_the_same() -> None:
    """The kernels of 2004 instead of today's, as far as OpenBLAS and this machine have them."""
    code = "from tests.test_accepted import answers; print(answers('example'), end='')"
    older = os.environ | {"OPENBLAS_CORETYPE": "Prescott", "PYTHONPATH": str(accepted.ROOT)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    told = subprocess.run(command, env=older, capture_output=True, text=True, check=True).stdout
    moved = accepted.moved("answers_for_the_example_plan", told)
    assert not moved, moved


def test_rounding_moves_nothing_and_all_else_does() -> None:
    was = "rows: Bonds | 9.4% | $1,200"
    assert accepted.alike(was, "rows: Bonds | 9.5% | $1,201")
    others = ("9.6% | $1,200", "9.40% | $1,200", "9.4 | $1,200", "-9.4% | $1,200", "9.4% | $1,200.")
    assert not any(accepted.alike(was, f"rows: Bonds | {other}") for other in others)
    assert not accepted.alike(was, "rows: bonds | 9.4% | $1,200")
