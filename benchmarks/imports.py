"""What an import costs: processor time of a new interpreter, interleaved, median; the interpreter
itself taken off."""

from __future__ import annotations

import json
import os
import pkgutil
import resource
import statistics
import subprocess
import sys
from typing import Any

import portlib

FLOOR = "numpy and pandas"
OURS = "portlib"
#: What `import portlib`, with every module of it but `figures`, may cost above numpy and pandas.
BUDGET_MS = 50.0
TURNS, PEER_TURNS = 7, 3


def import_times() -> list[dict[str, Any]]:
    """One row a library: milliseconds to import it, and the ratio to portlib's; figures draws with
    matplotlib."""
    modules = [m.name for m in pkgutil.walk_packages(portlib.__path__, "portlib.")]
    ours = ", ".join(["portlib", *(name for name in modules if name != "portlib.figures")])
    statements = {
        "": "pass",
        FLOOR: "import numpy, pandas",
        OURS: f"import {ours}",
        "portlib.figures": "import portlib.figures",
        "PyPortfolioOpt": "import pypfopt",
        "skfolio": "import skfolio.optimization",
        "Riskfolio-Lib": "import riskfolio",
        "fortitudo.tech": "import fortitudo.tech",
        "scikit-learn": "import sklearn.covariance",
    }
    # As an installed library is imported: from bytecode, whatever the shell says about writing it.
    environment = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    times: dict[str, list[float]] = {name: [] for name in statements}
    for turn in range(TURNS + 1):
        for name, statement in statements.items():
            if turn > PEER_TURNS and name not in ("", FLOOR, OURS):
                continue
            start = _children()
            subprocess.run(
                [sys.executable, "-c", statement], check=True, capture_output=True, env=environment
            )
            if turn:  # the first turn writes bytecode
                times[name].append(_children() - start)
    nothing = statistics.median(times[""])
    median = {
        name: 1000 * (statistics.median(seconds) - nothing)
        for name, seconds in times.items()
        if name
    }
    extra = f"{median[OURS] - median[FLOOR]:+.0f} ms over {FLOOR}; budget +{BUDGET_MS:.0f} ms"
    remarks = {
        OURS: (
            f"every module but figures: {extra}; beyond them it loads "
            f"{', '.join(_loaded(ours)) or 'nothing'}"
        )
    }
    return [
        {
            "case": "import",
            "size": "new interpreter",
            "contestant": name,
            "median_ms": ms,
            "turns": len(times[name]),
            "ratio": ms / median[OURS],
            "remark": remarks.get(name, ""),
        }
        for name, ms in median.items()
    ]


def _children() -> float:
    """Processor seconds of the interpreters that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _loaded(modules: str) -> list[str]:
    """Packages that these modules load and numpy and pandas do not."""
    known = "set(n.split('.')[0] for n in sys.modules)"
    code = (
        f"import json, sys, numpy, pandas; a = {known}; import {modules}; "
        f"print(json.dumps(sorted({known} - a)))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return [
        n
        for n in json.loads(run.stdout)
        if n not in sys.stdlib_module_names and n != "portlib" and n[0] != "_"
    ]
