"""The shell's door: ``new``, ``check``, ``optimize``, ``glidepath``, ``forecast``, ``import``, ``refresh``.

Prints the answer of `portlib.service` as JSON on standard output. Errors go to standard error, with exit
status 1; nothing is written to files, except the folder of ``new``, what ``import`` and ``refresh`` keep, and the audit
log that ``forecast seal`` is given.
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
    _folder_commands(commands)
    _history_commands(commands)
    _forecast_commands(commands)
    given = vars(parser.parse_args(arguments))
    if given["command"] in ("import", "refresh"):
        return _bring_history(**given)
    if given["command"] in ("new", "check"):
        return _folder(**given)

    from portlib import service

    try:
        plan = _plan(given.pop("plan"))
        if given["command"] == "forecast":
            print(json.dumps(_forecast(plan, given), indent=2, allow_nan=False))
            return 0
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


def _folder_commands(commands: Any) -> None:
    for name, what in (("new", "make a folder with a small plan, every column explained"),
                       ("check", "read a plan's folder whole, and say all that is to be mended")):
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        command.add_argument("folder", type=Path, metavar="FOLDER")


def _folder(command: str, folder: Path) -> int:
    """What was written, or the report; status 1 when there is anything to mend."""
    from portlib import plan_check, plan_template

    try:
        if command == "new":
            files = plan_template.write(folder)
            print(f"{folder}: {len(files)} files; README.md there explains them. Next: prudent check {folder}")
            return 0
        report = plan_check.check(folder)
        print(report, flush=True)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 1 if report.refused else 0


def _history_commands(commands: Any) -> None:
    what = "files of publishers of market history, as they were downloaded"
    bring = commands.add_parser("import", help=f"keep {what}", description=f"Read and keep {what}.")
    bring.add_argument("files", nargs="+", type=Path, metavar="FILE", help="French, FRED, H.15, BLS, TSP and others")
    bring.add_argument("--series", help="which series of FRED's it is, where the header does not say: GS10")
    what = "the history up to date from its publishers' addresses (needs a network)"
    commands.add_parser("refresh", help=f"bring {what}", description=f"Bring {what}.")
    for command in ("import", "refresh"):
        commands.choices[command].add_argument("--folder", type=Path, default=Path("data/fetched"),
                                               help="where files are kept (default: data/fetched)")


def _bring_history(command: str, folder: Path, files: Sequence[Path] = (), series: str | None = None) -> int:
    """One line a file or address; status 1 when any was refused."""
    from datetime import date

    from portlib.history import refresh, vintages

    today, refused = date.today().isoformat(), 0
    if command == "refresh":
        outcomes = refresh.refresh(folder, refresh.addresses(), today=today)
    else:
        outcomes = tuple(refresh.bring(path, folder, today=today, series=series) for path in files)
    for outcome in outcomes:
        kept, said = outcome.kept, "; ".join(outcome.remarks)
        if kept is None:
            refused += 1
            print(f"refused: {said}", file=sys.stderr)
            continue
        print(f"{kept.kind}, vintage {kept.vintage}, {kept.first} to {kept.last}" + (f": {said}" if said else ""))
    if len(outcomes) > refused:
        print(f"kept in {folder}, SHA-256 {vintages.fingerprint(folder)[:16]}; "
              f"make chapter NAME=shrinkage HISTORY={folder} runs on it")
    return 1 if refused else 0


def _forecast_commands(commands: Any) -> None:
    forecast = commands.add_parser("forecast", help="write forecasts down before the outcome, and score them after")
    steps = forecast.add_subparsers(dest="step", required=True)
    for name, what in (
        ("seal", "sign this edition's assumptions and portfolios into the log"),
        ("score", "set what came beside what was sealed"),
    ):
        step = steps.add_parser(name, help=what, description=what)
        step.add_argument("--plan", required=True, metavar="FOLDER", help="a plan's folder, its JSON, or -")
        step.add_argument("--log", required=True, type=Path, help="the audit log (SQLite)")
        if name == "seal":
            step.add_argument("--role", required=True, help="who answers for the forecast")
            step.add_argument("--key", required=True, type=Path, help="file with that role's key, 64 hex digits")
        else:
            step.add_argument("--roster", required=True, type=Path, help="JSON: address of the key by role")
            step.add_argument("--returns", required=True, type=Path, help="monthly returns by class or fund")


def _forecast(plan: dict[str, Any], given: dict[str, Any]) -> Any:
    from datetime import UTC, datetime

    from portlib import service, tables
    from portlib.stewardship.audit_log import AuditLog

    if given["step"] == "seal":
        key = bytes.fromhex(given["key"].read_text(encoding="utf-8").strip())
        return service.seal_forecast(
            plan, AuditLog(given["log"]), key, role=given["role"], at=datetime.now(UTC)
        )
    if not given["log"].is_file():
        raise FileNotFoundError(f"{given['log']}: no such log; seal a forecast first")
    roster = json.loads(given["roster"].read_text(encoding="utf-8"))
    returns = tables.returns(given["returns"], minimum_months=1).values
    return service.score_forecasts(plan, AuditLog(given["log"]), roster, returns)


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
