"""What the service costs: plans one by one and in one call, people from a file to a file, requests
over HTTP on the loopback. Processor time, since machines are shared; wall-clock time beside it.

The plans are those of ``scale.py`` and the people the example plan's, under other names: SYNTHETIC.
``python benchmarks/service.py [plans|people|http] [count]``.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scale import smaller_plans

from portlib import plan, service, service_many

LOOSE = {"posture": "growth", "most_funds": 0, "whole_percent": False}


def used() -> float:
    """Processor seconds of this process and of those that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def peak() -> float:
    """Most memory that any of the processes took, MB."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(one.ru_maxrss for one in both) / 1024


def one_plan(turns: int = 100) -> None:
    """From JSON text to JSON text, a plan that was asked after before."""
    for name, sent in (("the example plan", plan.read().to_json()),):
        for what, content in (
            (name, sent),
            (f"{name}, nobody in it", {**sent, "participants": []}),
        ):
            text = json.dumps(content)
            service.optimize(json.loads(text), None, LOOSE)
            start = time.process_time()
            for _ in range(turns):
                json.dumps(service.optimize(json.loads(text), None, LOOSE))
            spent = 1000 * (time.process_time() - start) / turns
            print(f"warm, {what}, {len(text) / 1000:.0f} kB: {spent:.1f} ms", flush=True)


def plans(count: int = 10_000) -> None:
    """Different menus in one call."""
    asked = smaller_plans(count)
    start, before = time.perf_counter(), used()
    told = service.optimize_many(asked, None, LOOSE, seconds=120)
    wall, spent = time.perf_counter() - start, used() - before
    kinds: dict[str, int] = {}
    for one in told:
        kind = one.get("error", {}).get("type", "served")
        kinds[kind] = kinds.get(kind, 0) + 1
    print(
        f"{count} plans: {wall:.0f} s, {count / wall:.0f} a second; processor {spent:.0f} s, "
        f"{1000 * spent / count:.1f} ms a plan; {kinds}; peak {peak():.0f} MB",
        flush=True,
    )


def people(count: int = 100_000) -> None:
    """From JSON lines to JSON lines."""
    ours = plan.read().to_json()
    rows = ours["participants"]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "people.jsonl", Path(folder) / "told.jsonl"
        with open(source, "w", encoding="utf-8") as file:
            for at in range(count):
                file.write(json.dumps({**rows[at % len(rows)], "participant": f"Q{at}"}) + "\n")
        start, before = time.perf_counter(), used()
        done = service_many.advise_lines(ours, source, target)
        wall, spent = time.perf_counter() - start, used() - before
        print(
            f"{done} people, 500 lives: {wall:.0f} s; processor {spent:.0f} s, "
            f"{1000 * spent / done:.2f} ms a person; {target.stat().st_size / done:.0f} bytes a "
            f"person; peak {peak():.0f} MB",
            flush=True,
        )


def http(count: int = 400, callers: int = 4) -> None:
    """Requests over the loopback, from a few callers at once."""
    door = subprocess.Popen([sys.executable, "-m", "portlib", "serve", "--port", "8766"])
    body = json.dumps({"plan": {**plan.read().to_json(), "participants": []}, "mandate": LOOSE})
    request = urllib.request.Request(
        "http://127.0.0.1:8766/optimize", body.encode(), {"Content-Type": "application/json"}
    )

    def ask(_: int) -> float:
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:
            answer.read()
        return time.perf_counter() - start

    try:
        for _ in range(120):
            try:
                ask(0)
                break
            except OSError:
                time.sleep(0.5)
        start = time.perf_counter()
        with ThreadPoolExecutor(callers) as threads:
            took = sorted(threads.map(ask, range(count)))
        wall = time.perf_counter() - start
        print(
            f"HTTP: {count} requests from {callers} callers: {count / wall:.0f} a second; median "
            f"{1000 * took[count // 2]:.0f} ms, 99th percentile "
            f"{1000 * took[int(0.99 * count)]:.0f} ms",
            flush=True,
        )
    finally:
        door.terminate()
        door.wait()


if __name__ == "__main__":
    which = sys.argv[1:2] or ["all"]
    sizes = [int(size) for size in sys.argv[2:3]]
    if which[0] in ("all", "plans"):
        one_plan()
        plans(*sizes)
    if which[0] in ("all", "people"):
        people(*sizes)
    if which[0] in ("all", "http"):
        http(*sizes)
