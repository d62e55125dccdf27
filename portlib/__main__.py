"""The shell's door: ``python -m portlib optimize|glidepath --plan FOLDER``.

Prints the answer of `portlib.service` as JSON on standard output. Errors go to standard error, with exit
status 1; nothing is written to files.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, answer, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m portlib", description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("optimize", "the best portfolio of the plan's funds"),
                       ("glidepath", "the glidepath for the plan's people")):
        command = commands.add_parser(name, help=what, description=f"Print {what}, as JSON.")
        command.add_argument("--plan", required=True, metavar="FOLDER",
                             help="a plan's folder, or a file with the plan as JSON, or - for standard input")
        command.add_argument("--assumptions", type=Path, help="JSON: labels, mu, sigma, rf, source of asset classes")
        if name == "optimize":
            command.add_argument("--posture", help="conservative, moderate, growth or aggressive")
            command.add_argument("--risk-aversion", type=float)
            command.add_argument("--most-funds", type=int, help="0: no limit; default: the plan's rule")
            command.add_argument("--whole-percent", action=argparse.BooleanOptionalAction, default=None)
        else:
            command.add_argument("--seed", type=int, default=2026)
    given = vars(parser.parse_args(arguments))

    from portlib import service

    try:
        plan = _plan(given.pop("plan"))
        path = given.pop("assumptions")
        assumptions = json.loads(path.read_text(encoding="utf-8")) if path else None
        if given.pop("command") == "optimize":
            mandate = {name: value for name, value in given.items() if value is not None}
            answer = service.optimize(plan, assumptions, mandate)
        else:
            answer = service.glidepath(plan, assumptions, **given)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2, allow_nan=False))
    return 0


def _plan(where: str) -> dict[str, Any]:
    from portlib import plan

    if where == "-":
        content: dict[str, Any] = json.load(sys.stdin)
        return content
    if Path(where).is_file():
        content = json.loads(Path(where).read_text(encoding="utf-8"))
        return content
    return plan.read(where).to_json()


if __name__ == "__main__":
    sys.exit(main())
