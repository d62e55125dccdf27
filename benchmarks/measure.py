"""Time contestants side by side and compare their answers.

Every contestant is called once first (imports, caches); then they take turns, in one process,
single-threaded, with the garbage collector off. A turn repeats quick calls until 10 ms have passed
and keeps the mean of a call; the figure reported is the median of the turns. Time is the processor
time of this one process, which on an idle machine is the time on the clock and on a busy one stays
comparable; the ratios are the result.
"""

from __future__ import annotations

import gc
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from peers import REFUSALS

OURS = "portlib"
TURNS = 9
TURN_SECONDS = 0.01
#: A contestant slower than the first figure takes three turns; slower than the second, its first
#: call stands alone.
LONG_SECONDS, CAP_SECONDS = 0.4, 2.0


@dataclass(frozen=True)
class Case:
    """One piece of work, at one size, and who does it.

    Parameters
    ----------
    name, size : str
        What is asked; how large.
    contestants : mapping of name to callable
        ``OURS`` among them; each returns its answer, or None for a floor that has none.
    accuracy : callable
        ``accuracy(answer, ours) -> {column: number}``: gaps of an answer.
    absent : mapping of name to str
        Who is not measured, and why.
    """

    name: str
    size: str
    contestants: Mapping[str, Callable[[], Any]]
    accuracy: Callable[[Any, Any], dict[str, float]]
    absent: Mapping[str, str] = field(default_factory=dict)


def _turn(call: Callable[[], Any]) -> float:
    calls, start = 0, time.process_time()
    while (passed := time.process_time() - start) < TURN_SECONDS or calls == 0:
        call()
        calls += 1
    return passed / calls


def _line(message: object) -> str:
    """The first line of a library's message that says something."""
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return lines[0][:140] if lines else ""


def race(case: Case) -> list[dict[str, Any]]:
    """One row a contestant: median milliseconds, ratio to ours, gaps of the answer, remarks."""
    answers: dict[str, Any] = {}
    remarks: dict[str, str] = dict(case.absent)
    first: dict[str, float] = {}
    for name, call in case.contestants.items():
        with warnings.catch_warnings(record=True) as heard:
            start = time.process_time()
            try:
                answers[name] = call()
            except REFUSALS as refusal:
                remarks[name] = f"refused: {type(refusal).__name__}: {_line(refusal)}"
            else:
                first[name] = time.process_time() - start
        if heard:
            remarks[name] = "; ".join(["warns", *dict.fromkeys(_line(w.message) for w in heard)])
    allowed = {
        name: 0 if t > CAP_SECONDS else 3 if t > LONG_SECONDS else TURNS
        for name, t in first.items()
    }
    times: dict[str, list[float]] = {name: [] for name in first}
    gc.collect()
    gc.disable()
    with warnings.catch_warnings(record=True):  # heard above, once
        for turn in range(TURNS):
            for name in first:
                if turn < allowed[name]:
                    times[name].append(_turn(case.contestants[name]))
    gc.enable()
    median = {name: statistics.median(times[name] or [first[name]]) for name in first}
    for name in first:
        if not times[name]:
            once = f"its first call took more than {CAP_SECONDS} s and was not repeated"
            remarks[name] = "; ".join(filter(None, [remarks.get(name, ""), once]))
    return [
        {
            "case": case.name,
            "size": case.size,
            "contestant": name,
            "median_ms": 1000 * median[name] if name in median else None,
            "turns": len(times.get(name, [])),
            "ratio": median[name] / median[OURS] if name in median else None,
            **(
                case.accuracy(answers[name], answers[OURS]) if answers.get(name) is not None else {}
            ),
            "remark": remarks.get(name, ""),
        }
        for name in [*case.contestants, *case.absent]
    ]
