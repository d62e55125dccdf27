"""Measure portlib side by side with its peers and write what was seen: `python benchmarks/run.py`.

Writes `benchmarks/results.json` and `results.md`, and `book/known_differences.csv`, which the page
of that name shows; with `--only NAME` it measures the cases whose generator's name contains NAME
(`estimation.style_of_many`), shows them and writes nothing. A case is a `Case` (see `measure.py`);
a module of cases lists its generators in `CASES`, and `main` lists the modules.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import math
import os
import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "cvxcla",
    "piqp",
    "cvxpy",
    "PyPortfolioOpt",
    "skfolio",
    "Riskfolio-Lib",
    "fortitudo.tech",
    "scikit-learn",
)
PEERS = ("PyPortfolioOpt", "skfolio", "Riskfolio-Lib", "fortitudo.tech", "scikit-learn")
COLUMNS = {
    "contestant": "",
    "median_ms": "median, ms",
    "ratio": "times portlib",
    "points": "points",
    "objective_gap": "objective gap",
    "weight_gap": "weight gap",
    "violation": "rule broken by",
    "gap_as_is": "gap as it comes",
    "gap": "gap, their convention",
    "remark": "remark",
}


def machine() -> dict[str, Any]:
    """What the times depend on."""
    import numpy

    cpu = next(
        (
            line.split(":")[1].strip()
            for line in _lines("/proc/cpuinfo")
            if line.startswith("model name")
        ),
        "",
    )
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {
        "processor": cpu or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "blas": f"{blas['name']} {blas['version']}",
        "load at start": round(os.getloadavg()[0], 1),
        "versions": {name: version(name) for name in LIBRARIES},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _cell(value: Any, column: str) -> str:
    if value is None or value == "":
        return ""
    if column in ("median_ms", "ratio"):
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return f"{value:.0e}" if isinstance(value, float) else str(value)


def markdown(results: dict[str, Any]) -> str:
    """The results as a page: one table a case, fastest first."""
    about = results["machine"]
    lines = [
        "# Benchmarks: results",
        "",
        f"Measured {results['date']} by `make bench` on {about['processor']}, {about['cores']} "
        f"cores, single-threaded, "
        f"Python {about['python']}, {about['blas']}; load average {about['load at start']} at "
        f"the start, "
        f"{about['load at end']} at the end, {results['seconds']:.0f} seconds in all. Data "
        f"SYNTHETIC "
        "(`synthetic.py`). Libraries: "
        + ", ".join(f"{k} {v}" for k, v in about["versions"].items())
        + ".",
        "",
        "Processor time, medians of interleaved turns; absolute times move with the machine, so "
        "read the ratios. "
        "*Objective gap*: relative excess over portlib's variance (shortfall of Sharpe ratio), "
        "worst point; below zero "
        "where rules are broken by more than portlib breaks them. *Weight gap*: largest "
        "difference of a weight. For "
        "portlib's frontier *points* are its corners (120 points are read off as well), and "
        "piqp judges the gap; for "
        "portlib alone cvxpy judges a sample. *Gap* of a covariance: largest difference, "
        "relative to the largest "
        "entry, as it comes and with ours restated by the library's divisor or formula.",
    ]
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in results["rows"]:
        groups.setdefault((row["case"], row["size"]), []).append(row)
    lines += [
        "",
        "## Against the fastest of the peers",
        "",
        "| work | size | fastest peer | times portlib |",
        "|---|---|---|---:|",
    ]
    for (case, size), rows in groups.items():
        peers = [
            row for row in rows if row["ratio"] is not None and row["contestant"].startswith(PEERS)
        ]
        if not peers:
            continue
        best = min(peers, key=lambda row: row["ratio"])
        lines.append(
            f"| {case} | {size} | {best['contestant']} | {_cell(best['ratio'], 'ratio')} |"
        )
    for (case, size), rows in groups.items():
        shown = [c for c in COLUMNS if any(row.get(c) not in (None, "") for row in rows)]
        lines += [
            "",
            f"## {case}: {size}",
            "",
            "| " + " | ".join(COLUMNS[c] for c in shown) + " |",
            "|---" + "|---:" * (len(shown) - 1) + "|",
        ]
        for row in sorted(rows, key=lambda row: row["median_ms"] or math.inf):
            lines.append(
                "| " + " | ".join(_cell(row.get(c), c).replace("|", "/") for c in shown) + " |"
            )
    heads = (
        "size",
        "corners, theirs",
        "corners, ours",
        "points for 120 asked",
        "wrong points of judged",
        "their worst excess variance",
        "our gap to piqp",
        "remark",
    )
    lines += [
        "",
        "## PyPortfolioOpt's critical line, bounds only",
        "",
        "| " + " | ".join(heads) + " |",
        "|---" * len(heads) + "|",
    ]
    for t in results["critical line"]:
        wrong = f"{t['wrong']} of {t['judged']}" if "judged" in t else ""
        cells = [
            t["size"],
            t.get("corners"),
            t["corners_ours"],
            t.get("points"),
            wrong,
            t.get("worst_gap_by_piqp"),
            t["our_gap"],
            t.get("refused"),
        ]
        lines.append("| " + " | ".join(_cell(cell, "") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run every case, show progress, write the files; or run some, and only show them."""
    parser = argparse.ArgumentParser(description="Measure portlib side by side with its peers.")
    parser.add_argument(
        "--only", metavar="NAME", default="", help="only cases whose generator's name contains NAME"
    )
    only = parser.parse_args().only
    # Before numpy is imported, here and in what it starts: one thread, wherever threads could
    # begin.
    for library in ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "VECLIB_MAXIMUM"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    sys.path.insert(0, str(ROOT))
    os.environ["PYTHONPATH"] = str(ROOT)
    import construction
    import differences
    import estimation
    import lives
    import risk
    from imports import import_times
    from measure import race
    from scale import scale

    start, about, rows = time.perf_counter(), machine(), []
    known = {
        f"{module.__name__}.{cases.__name__}": cases
        for module in (estimation, construction, risk, lives)
        for cases in module.CASES
    }
    chosen = [cases for name, cases in known.items() if only in name]
    if not chosen:
        parser.error(f"no case named {only!r}; there are {', '.join(known)}")
    for cases in chosen:
        for case in cases():
            print(f"== {case.name}: {case.size}", flush=True)
            rows += (found := race(case))
            for row in found:
                ms = (
                    "-"
                    if row["median_ms"] is None
                    else f"{row['median_ms']:.3g} ms, x{row['ratio']:.3g}"
                )
                gaps = [
                    f"{COLUMNS[c]} {row[c]:.0e}"
                    for c in COLUMNS
                    if only and "gap" in c and c in row
                ]
                print(
                    f"   {row['contestant']:<34} {ms:<22} {'; '.join([*gaps, row['remark']])}",
                    flush=True,
                )
    if only:
        print("nothing is written: that takes a run without --only")
        return
    print("== critical line, 12 trials", flush=True)
    trials = construction.critical_line_trials()
    print("== imports", flush=True)
    found = import_times()
    for row in found:
        print(f"   {row['contestant']:<34} {row['median_ms']:<22.0f} {row['remark']}", flush=True)
    print("== scale", flush=True)
    found += scale()
    print("== differences", flush=True)
    table, day = differences.differences(rows, trials), datetime.date.today().isoformat()
    differences.write(table, ROOT / "book" / "known_differences.csv", day)
    about["load at end"] = round(os.getloadavg()[0], 1)
    results = {
        "date": day,
        "seconds": round(time.perf_counter() - start, 1),
        "machine": about,
        "rows": rows + found,
        "critical line": trials,
        "differences": [dataclasses.asdict(d) for d in table],
    }
    text = json.dumps(_plain(results), indent=1, allow_nan=False)
    (HERE / "results.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(markdown(results), encoding="utf-8")
    print(f"benchmarks/results.md has the tables ({results['seconds']:.0f} s)")


def _plain(value: Any) -> Any:
    """Strict JSON: floats of six digits, no nan."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.6g}")
    return value


if __name__ == "__main__":
    main()
