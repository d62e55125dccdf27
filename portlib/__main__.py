"""The shell's door: new, check, optimize, report, forecast, import, refresh, adopt, run, review.

``prudent``, or ``python -m portlib``. Prints the answer of `portlib.service` as JSON on standard
output. Errors go to standard error, with exit status 1, under ``--json`` as data; nothing is
written to files, except the folder of ``new``, the documents of ``report`` and ``dossier``, what
``import`` and ``refresh`` keep, the answers of ``many`` and ``advise``, and the audit log that
``forecast seal`` is given. A shell completes commands with argcomplete, where it is installed.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portlib.plan import Plan

#: What an optional library belongs to.
EXTRAS = {
    "fastapi": "http",
    "uvicorn": "http",
    "distributed": "cluster",
    "typst": "documents",
    "docx": "documents",
    "nbclient": "reperform",
    "nbformat": "reperform",
    "packaging": "reperform",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, answer, and return the exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line's own, when not given.

    Returns
    -------
    int
        0, or 1 for what is refused; ``run``, ``review`` and ``verify`` say more by it.

    Examples
    --------
    >>> import contextlib
    >>> with contextlib.redirect_stderr(sys.stdout):
    ...     main(["optimize", "--plan", "plan.json", "--pin", "BND"])
    prudent: --pin BND: write FUND=WEIGHT, as in BND=0.2
    1

    It goes on in ``__main__.md``.
    """
    parser = _parser()
    if find_spec("argcomplete"):
        import argcomplete

        argcomplete.autocomplete(parser)
    given = vars(parser.parse_args(arguments))
    as_data = given.pop("json")
    try:
        run: Callable[[dict[str, Any]], int] = given.pop("run")
        return run(given)
    except (ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EPIPE):
            # Standard output cannot be written; Python would try again when it ends, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if as_data:
            from portlib.service import refusal

            print(json.dumps(refusal(error)), file=sys.stderr)
        else:
            print(f"prudent: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        extra = EXTRAS.get(error.name or "")
        if extra is None:
            raise
        print(f"prudent: {error.name} is missing: pip install 'portlib[{extra}]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    first = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="prudent", description=first)
    parser.add_argument("--json", action="store_true", help="refusals, too, as JSON")
    commands = parser.add_subparsers(dest="command", required=True)
    best = _command(commands, "optimize", "the best portfolio of the plan's funds", _optimize)
    best.add_argument("--posture", help="conservative, moderate, growth or aggressive")
    best.add_argument("--risk-aversion", type=float, help="A in mean less A/2 variance")
    best.add_argument("--most-funds", type=int, help="0: no limit; default: the plan's rule")
    best.add_argument("--whole-percent", action=argparse.BooleanOptionalAction, default=None)
    best.add_argument("--optimizer", help="an engine, instead of the policy's: ERC, ROBUST, ...")
    _more_rules(best)
    path = _command(commands, "glidepath", "the glidepath for the plan's people", _glidepath)
    path.add_argument("--seed", type=int, default=2026)
    what = "what each fund holds, by the evidence that the plan brings"
    seen = commands.add_parser("exposures", help=what, description=f"Print {what}, as JSON.")
    _asks_for_plan(seen)
    seen.set_defaults(run=_exposures)
    what = "the best change that is allowed in one account on a day"
    change = commands.add_parser("rebalance", help=what, description=f"Print {what}, as JSON.")
    _asks_for_plan(change)
    change.add_argument("--participant", required=True, help="as the plan names them")
    change.add_argument("--posture", help="default: the policy's")
    change.add_argument("--trades", type=Path, help="JSON: a list of on, fund, change (of weight)")
    change.add_argument("--on", help="the day; default: the plan's as_of")
    _more_rules(change)
    change.set_defaults(run=_rebalance)
    _many_commands(commands)
    _outlook_commands(commands)
    _folder_commands(commands)
    _document_commands(commands)
    _history_commands(commands)
    _forecast_commands(commands)
    _quarter_commands(commands)
    what = "check an archive of the book, and perform a claim of it again"
    again = commands.add_parser(
        "reperform", help=what, description=f"{what.capitalize()}; this runs the archive's code."
    )
    again.add_argument("archive", type=Path, metavar="ARCHIVE", help="what make archive wrote")
    again.add_argument("--claim", metavar="ID", help="as the register names it: MV-15")
    again.add_argument(
        "--roster", type=Path, help="JSON, by role an address, or dated keys: whose seal counts"
    )
    again.set_defaults(run=_reperform)
    what = "the JSON Schema of a kind of document, or a folder of all"
    described = commands.add_parser("schema", help=what, description=f"Print {what}.")
    described.add_argument(
        "name", nargs="?", help="plan, policy, portfolio, ...; none: their names"
    )
    described.add_argument("--out", type=Path, metavar="FOLDER", help="write all of them there")
    described.set_defaults(run=_schema)
    return parser


def _more_rules(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rules", type=Path, help="JSON: a list of further rules, by kind")
    command.add_argument(
        "--pin", action="append", metavar="FUND=WEIGHT", help="hold a fund at a weight: BND=0.2"
    )


def _many_commands(commands: Any) -> None:
    what = "answer a file of plans, a line each, into a file that is gone on with"
    many = commands.add_parser("many", help=what, description=f"{what[0].upper()}{what[1:]}.")
    many.add_argument("plans", type=Path, metavar="PLANS", help="JSON lines, a plan each")
    many.add_argument("--out", type=Path, required=True, help="JSON lines, an answer each")
    many.add_argument("--assumptions", type=Path, help="as for optimize")
    many.add_argument("--posture", help="as for optimize")
    many.add_argument("--workers", type=int, help="processes; default: one a core")
    many.add_argument("--seconds", type=float, default=15.0, help="most time for a plan")
    many.add_argument("--megabytes", type=float, help="most memory for a plan")
    many.add_argument("--cluster", metavar="ADDRESS", help="a Dask scheduler, tcp://host:8786")
    many.set_defaults(run=_many)
    what = "write the outlook of each person of a file into a file"
    told = commands.add_parser("advise", help=what, description=f"{what[0].upper()}{what[1:]}.")
    _asks_for_plan(told)
    told.add_argument("people", type=Path, metavar="PEOPLE", help="JSON lines, or .parquet")
    told.add_argument("--out", type=Path, required=True, help="JSON lines, or .parquet")
    told.add_argument("--lives", type=int, default=500)
    told.add_argument("--seed", type=int, default=2026)
    told.set_defaults(run=_advise)
    what = "answer /optimize and /glidepath over HTTP (extra: http)"
    door = commands.add_parser("serve", help=what, description=f"{what[0].upper()}{what[1:]}.")
    door.add_argument("--host", default="127.0.0.1", help="default: this machine alone")
    door.add_argument("--port", type=int, default=8765)
    door.add_argument("--megabytes", type=float, default=8.0, help="most for one request")
    door.add_argument("--seconds", type=float, default=30.0, help="most time for one request")
    door.add_argument("--at-once", type=int, help="requests in work; default: two a core")
    door.set_defaults(run=_serve)


def _outlook_commands(commands: Any) -> None:
    for name, what, run in (
        ("outlook", "what a participant can expect to live on", _outlook),
        ("solve", "what a participant would have to defer, work or spend", _solve),
    ):
        command = commands.add_parser(name, help=what, description=f"Print {what}, as JSON.")
        _asks_for_plan(command)
        command.add_argument("--participant", required=True, help="as the plan names them")
        if name == "solve":
            levers = ("deferral_rate", "retirement_age", "spending")
            command.add_argument("--lever", required=True, choices=levers)
            command.add_argument("--success", type=float, help="a chance; default: the policy's")
        command.add_argument("--deferral-rate", type=float, help="instead of today's")
        command.add_argument("--retirement-age", type=int, help="instead of the plan's")
        command.add_argument("--claiming-age", type=float, help="62 to 70, 66.5: and six months")
        command.add_argument("--spending", type=float, help="dollars a year; default: the policy's")
        command.add_argument("--spouse-age", type=int, help="of a couple, instead of the plan's")
        command.add_argument("--spouse-pay", type=float, help="a year; default: none")
        command.add_argument("--alone", action="store_true", help="without the plan's spouse")
        risky = "strays from its plan by the policy's pay_risk; default: as planned"
        command.add_argument("--pay", default="planned", help=f"planned or risky: {risky}")
        command.add_argument("--lives", type=int, default=4_000)
        command.add_argument("--seed", type=int, default=2026)
        command.set_defaults(run=run)


def _command(
    commands: Any, name: str, what: str, run: Callable[[dict[str, Any]], int]
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=what, description=f"Print {what}, as JSON."
    )
    _asks_for_plan(command)
    command.add_argument(
        "--assumptions", type=Path, help="JSON: labels, mu, sigma, rf, source of asset classes"
    )
    command.set_defaults(run=run)
    return command


def _asks_for_plan(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--plan",
        required=True,
        metavar="FOLDER",
        help="a plan's folder, or a file with the plan as JSON, or - for standard input",
    )


def _folder_commands(commands: Any) -> None:
    for name, what, run in (
        ("new", "make a folder with a small plan, every column explained", _new),
        ("check", "read a plan's folder whole, and say all that is to be mended", _check),
    ):
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        command.add_argument("folder", type=Path, metavar="FOLDER")
        command.set_defaults(run=run)


def _document_commands(commands: Any) -> None:
    what = "write documents that a committee files, as PDF"
    report = commands.add_parser("report", help=what, description=f"{what[0].upper()}{what[1:]}.")
    report.add_argument(
        "kinds",
        nargs="*",
        metavar="KIND",
        help="brief, policy, allocation, review, validation, audit or forms; default: all",
    )
    report.add_argument(
        "--plan", type=Path, metavar="FOLDER", help="a plan's folder; with --universe: whose policy"
    )
    report.add_argument(
        "--book", type=Path, metavar="SITE", help="the site that its book published"
    )
    report.add_argument(
        "--universe",
        type=Path,
        metavar="FOLDER",
        help="allocation of your own: returns.csv, and as you have them approved.txt, groups.csv, "
        "mandate.yml, expected.csv, current.csv",
    )
    report.add_argument(
        "--risk-aversion", type=float, help="with --universe: A in mean less A/2 variance"
    )
    report.set_defaults(run=_report)
    what = "write the dossier of one option, as PDF"
    one = commands.add_parser("dossier", help=what, description=f"{what[0].upper()}{what[1:]}.")
    one.add_argument("fund", metavar="FUND", help="its code in lineup.csv")
    one.add_argument("--plan", type=Path, required=True, metavar="FOLDER", help="a plan's folder")
    one.set_defaults(run=_dossier)
    for command in (report, one):
        command.add_argument(
            "--out", type=Path, default=Path("documents"), help="default: documents, here"
        )


def _forecast_commands(commands: Any) -> None:
    what = "write forecasts down before the outcome, and score them after"
    steps = commands.add_parser("forecast", help=what, description=f"{what[0].upper()}{what[1:]}.")
    chosen = steps.add_subparsers(dest="step", required=True)
    what = "sign this edition's assumptions and portfolios into the log"
    seal = chosen.add_parser("seal", help=what, description=what)
    what = "set what came beside what was sealed"
    score = chosen.add_parser("score", help=what, description=what)
    for step in (seal, score):
        _asks_for_plan(step)
        step.add_argument("--log", required=True, type=Path, help="the audit log (SQLite)")
    seal.add_argument("--role", required=True, help="who answers for the forecast")
    seal.add_argument(
        "--key", required=True, type=Path, help="file with that role's key, 64 hex digits"
    )
    seal.set_defaults(run=_seal)
    score.add_argument(
        "--roster", required=True, type=Path, help="JSON: address of the key by role"
    )
    score.add_argument(
        "--returns", required=True, type=Path, help="monthly returns by class or fund"
    )
    score.set_defaults(run=_score)


def _quarter_commands(commands: Any) -> None:
    kinds = (
        ("adopt", "write policy, model, mandates and opening holdings into a new log", _adopt),
        ("register", "write down that plan, policy, code and data have changed", _register),
        ("run", "one quarter, from signed letters to settled holdings", _run),
        ("review", "what is due today; writes nothing", _review),
        ("verify", "check a log from its first line to its last", _verify),
    )
    for name, what, run in kinds:
        command = commands.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
        _asks_for_plan(command)
        command.add_argument("--log", required=True, type=Path, help="log and holdings (SQLite)")
        command.add_argument(
            "--roster", required=True, type=Path, help="JSON: by role an address, or dated keys"
        )
        if name != "verify":
            command.add_argument("--role", required=True, help="who runs this")
            command.add_argument(
                "--key", required=True, type=Path, help="file with that role's key, 64 hex digits"
            )
            command.add_argument("--at", help="now, ISO 8601 with its zone; default: the clock")
        if name == "adopt":
            command.add_argument(
                "--holdings", required=True, type=Path, help="CSV: fund, shares (USD: dollars)"
            )
        if name in ("run", "review"):
            command.add_argument(
                "--prices", required=True, type=Path, help="CSV: fund, dollars a share"
            )
            command.add_argument("--posture", help="whose account; default: the policy's")
        if name == "run":
            command.add_argument("--inbox", type=Path, help="folder of signed letters (JSON)")
            command.add_argument(
                "--fills", type=Path, help="JSON: by leg, cents executed or why it was not"
            )
            command.add_argument(
                "--events", type=Path, help="file that gets this run's events as JSON lines"
            )
        if name == "verify":
            command.add_argument("--head", type=Path, help="JSON: number and digest kept elsewhere")
            command.add_argument(
                "--reperform", action="store_true", help="make each release again as well"
            )
        command.set_defaults(run=run)


def _history_commands(commands: Any) -> None:
    what = "files of publishers of market history, as they were downloaded"
    bring = commands.add_parser("import", help=f"keep {what}", description=f"Read and keep {what}.")
    bring.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="French, FRED, H.15, BLS, TSP and others",
    )
    bring.add_argument(
        "--series", help="which series of FRED's it is, where the header does not say: GS10"
    )
    bring.set_defaults(run=_import)
    what = "the history up to date from its publishers' addresses (needs a network)"
    fetch = commands.add_parser("refresh", help=f"bring {what}", description=f"Bring {what}.")
    fetch.set_defaults(run=_refresh)
    for command in (bring, fetch):
        command.add_argument(
            "--folder",
            type=Path,
            default=Path("data/fetched"),
            help="where files are kept (default: data/fetched)",
        )


# ---- what the commands do ------------------------------------------------------------------------


def _optimize(given: dict[str, Any]) -> int:
    from portlib import service

    names = ("posture", "risk_aversion", "most_funds", "whole_percent", "optimizer")
    mandate = {name: given[name] for name in names if given[name] is not None} | _further(given)
    assumptions = _assumptions(given["assumptions"])
    return _say(service.optimize(_plan(given["plan"]), assumptions, mandate))


def _further(given: dict[str, Any]) -> dict[str, Any]:
    """Rules and pins of the command line, as a mandate has them."""
    made: dict[str, Any] = {}
    if given["rules"] is not None:
        made["rules"] = _json(given["rules"].read_bytes(), given["rules"].name)
    for pin in given["pin"] or ():
        fund, _, weight = pin.rpartition("=")
        pins = made.setdefault("pins", {})
        if fund in pins:
            raise ValueError(
                f"--pin {pin}: {fund} is held at a weight already; give one of the two"
            )
        try:
            pins[fund] = float(weight)
        except ValueError:
            raise ValueError(f"--pin {pin}: write FUND=WEIGHT, as in BND=0.2") from None
    return made


def _exposures(given: dict[str, Any]) -> int:
    from portlib import service

    return _say(service.exposures(_plan(given["plan"])))


def _rebalance(given: dict[str, Any]) -> int:
    from portlib import service

    trades = given["trades"]
    before = () if trades is None else _json(trades.read_bytes(), trades.name)
    posture = {} if given["posture"] is None else {"posture": given["posture"]}
    mandate = posture | _further(given)
    who = given["participant"]
    return _say(service.rebalance(_plan(given["plan"]), who, mandate, before, given["on"]))


def _many(given: dict[str, Any]) -> int:
    from portlib import service_many

    mandate = None if given["posture"] is None else {"posture": given["posture"]}
    settings = {name: given[name] for name in ("workers", "seconds", "megabytes")}
    asked = (given["plans"], given["out"], _assumptions(given["assumptions"]), mandate)
    ours = [name for name in ("workers", "megabytes") if given[name] is not None]
    if given["cluster"] is not None and ours:
        raise ValueError(f"--{ours[0]} is the cluster's to say; leave it out with --cluster")
    if given["cluster"] is None:
        return _say({"answered": service_many.optimize_lines(*asked, **settings)})
    from distributed import Client

    with Client(given["cluster"]) as client:
        settings = {"executor": client.get_executor(), "seconds": given["seconds"]}
        return _say({"answered": service_many.optimize_lines(*asked, **settings)})


def _advise(given: dict[str, Any]) -> int:
    from portlib import service_many

    settings = {name: given[name] for name in ("lives", "seed")}
    plan = _plan(given["plan"])
    count = service_many.advise_lines(plan, given["people"], given["out"], **settings)
    return _say({"advised": count})


def _serve(given: dict[str, Any]) -> int:
    from portlib import service_http

    names = ("megabytes", "seconds", "at_once")
    limits = service_http.Limits(**{name: given[name] for name in names})
    service_http.serve(given["host"], given["port"], limits)
    return 0


def _glidepath(given: dict[str, Any]) -> int:
    from portlib import service

    assumptions = _assumptions(given["assumptions"])
    return _say(service.glidepath(_plan(given["plan"]), assumptions, seed=given["seed"]))


def _outlook(given: dict[str, Any]) -> int:
    from portlib import service

    settings = {name: given[name] for name in ("pay", "lives", "seed")}
    who = given["participant"]
    return _say(service.outlook(_plan(given["plan"]), who, _changes(given), **settings))


def _solve(given: dict[str, Any]) -> int:
    from portlib import service

    settings = {name: given[name] for name in ("pay", "lives", "seed")}
    asked = (given["participant"], given["lever"], given["success"], _changes(given))
    return _say(service.solve_for(_plan(given["plan"]), *asked, **settings))


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    names = ("deferral_rate", "retirement_age", "claiming_age", "spending")
    changes = {name: given[name] for name in names if given[name] is not None}
    spouse = {"age": given["spouse_age"], "pay": given["spouse_pay"]}
    spouse = {name: value for name, value in spouse.items() if value is not None}
    if spouse or given["alone"]:
        changes["spouse"] = None if given["alone"] else spouse
    return changes


def _new(given: dict[str, Any]) -> int:
    from portlib import plan_template

    folder = given["folder"]
    files = plan_template.write(folder)
    explained = f"{len(files)} files; README.md there explains them"
    print(f"{folder}: {explained}. Next: prudent check {folder}", flush=True)
    return 0


def _check(given: dict[str, Any]) -> int:
    from portlib import plan_check

    if given["folder"].is_file():
        from portlib import service

        folder = given["folder"]
        told = service.check(_json(folder.read_bytes(), folder.name))
        return _say(told) or int(not told["accepted"])
    report = plan_check.check(given["folder"])
    print(report, flush=True)
    if report.plan is not None and report.plan.inputs.mandate:
        print("\nWhat mandate.yml leaves, by posture", flush=True)
        for posture, said in _left(report.plan).items():
            print(f"  {posture}: {said}", flush=True)
    return 1 if report.refused else 0


def _left(ours: Plan) -> dict[str, str]:
    """By posture, whether any portfolio of the plan's funds obeys its limits, and if none, why."""
    from portlib import history
    from portlib.construction.mandate import Infeasible, MandateError
    from portlib.construction.mean_variance import maximum_utility
    from portlib.retirement import plan_menu

    seen = plan_menu.by_evidence(ours, history.open_record())
    funds = plan_menu.menu_assumptions(seen)
    said = {}
    for posture, aversion in ours.policy["model_risk_aversion"].items():
        try:
            rules = plan_menu.menu_mandate(seen, posture)
            maximum_utility(funds, rules, risk_aversion=float(aversion))
            said[posture] = "portfolios obey it"
        except (Infeasible, MandateError) as error:
            said[posture] = str(error)
    return said


def _report(given: dict[str, Any]) -> int:
    from portlib import plan
    from portlib.documents import run, shelf

    today, folder = date.today(), given["plan"]
    if (own := given["universe"]) is not None:
        if given["kinds"] not in ([], ["allocation"]):
            raise ValueError("--universe makes an allocation report alone")
        if given["book"] is not None:
            raise ValueError("--universe is of no plan's book; leave --book out")
        decided, aversion = plan.read(folder).policy, given["risk_aversion"]
        return _filed([shelf.of_universe(own, decided, made=today, risk_aversion=aversion)], given)
    if folder is None:
        raise ValueError("report needs --plan FOLDER, or --universe FOLDER for an allocation")
    if given["risk_aversion"] is not None:
        raise ValueError("--risk-aversion is of --universe; a plan's models have its policy's")
    ours = plan.read(folder)
    book = None if given["book"] is None else run.read(given["book"], folder)
    kinds = given["kinds"] or shelf.possible(book)
    told = shelf.made_from(ours, folder) if book is None else book.made_from
    return _filed(shelf.make(kinds, ours, book, made=today, made_from=told), given)


def _dossier(given: dict[str, Any]) -> int:
    from portlib.documents import dossier, shelf
    from portlib.retirement import plan_menu

    ours = plan_menu.read_plan(given["plan"])
    told = shelf.made_from(ours, given["plan"])
    return _filed([dossier.dossier(ours, given["fund"], made=date.today(), made_from=told)], given)


def _filed(documents: Any, given: dict[str, Any]) -> int:
    """Writes documents, and says where each is."""
    from portlib.documents import shelf

    for file in shelf.write(documents, given["out"]):
        print(file, flush=True)
    return 0


def _seal(given: dict[str, Any]) -> int:
    from portlib import service
    from portlib.stewardship.audit_log import AuditLog

    key = _key(given["key"])
    plan = _plan(given["plan"])
    log = AuditLog(given["log"])
    return _say(service.seal_forecast(plan, log, key, role=given["role"], at=datetime.now(UTC)))


def _score(given: dict[str, Any]) -> int:
    from portlib import service, tables
    from portlib.stewardship.audit_log import AuditLog

    if not given["log"].is_file():
        raise FileNotFoundError(f"{given['log']}: no such log; seal a forecast first")
    roster = _json(given["roster"].read_bytes(), given["roster"].name)
    returns = tables.returns(given["returns"], minimum_months=1).values
    log = AuditLog(given["log"])
    return _say(service.score_forecasts(_plan(given["plan"]), log, roster, returns))


def _schema(given: dict[str, Any]) -> int:
    from portlib import schemas

    if given["out"] is not None:
        files = schemas.write(given["out"])
        print(f"{given['out']}: {', '.join(files)}", flush=True)
        return 0
    return _say(schemas.of(given["name"]) if given["name"] else list(schemas.names()))


def _adopt(given: dict[str, Any]) -> int:
    from portlib.stewardship import one_quarter
    from portlib.stewardship.one_quarter.quarter import deposit_opening

    if given["log"].exists():
        raise FileExistsError(f"{given['log']}: a log is there; adopt into a new one")
    held = _by_fund(given["holdings"], "shares")
    try:
        desk = _desk(given)
    except (OSError, ValueError):
        given["log"].unlink(missing_ok=True)  # nothing is written yet, and one may ask again
        raise
    at = _now(given)
    sealed = one_quarter.adopt(desk, at)
    deposit_opening(desk, held, at)
    return _say({"sealed": sealed.number, "head": desk.log.verify()._asdict()})


def _register(given: dict[str, Any]) -> int:
    from portlib.stewardship import one_quarter

    desk = _desk(given, there=True)
    at = _now(given)
    one_quarter.register(desk, at)
    sealed = one_quarter.seal(desk, at)
    return _say({"sealed": sealed.number, "head": desk.log.verify()._asdict()})


def _run(given: dict[str, Any]) -> int:
    from portlib.stewardship import one_quarter
    from portlib.stewardship.one_quarter import inbox
    from portlib.stewardship.one_quarter.quarter import lines

    desk = _desk(given, there=True)
    before = len(desk.log.links)
    letters, unread = inbox.read(given["inbox"]) if given["inbox"] else ([], {})
    fills = _json(given["fills"].read_bytes(), given["fills"].name) if given["fills"] else {}
    outcome = one_quarter.run(
        desk,
        letters,
        _prices(given),
        _now(given),
        posture=given["posture"],
        fills=one_quarter.fills_from_json(fills),
    )
    if given["events"]:
        with open(given["events"], "a", encoding="utf-8") as file:
            file.writelines(lines(desk.log, after=before))
    answer = outcome.to_json()
    _say({**answer, "letters": {**answer["letters"], **unread}})
    return outcome.code


def _review(given: dict[str, Any]) -> int:
    from portlib import service_office
    from portlib.stewardship.settlement.ledger import Ledger

    told = service_office.review(
        _plan(given["plan"]),
        Ledger(_there(given["log"])),
        _json(given["roster"].read_bytes(), given["roster"].name),
        _by_fund(given["prices"], "dollars a share"),
        role=given["role"],
        key=_key(given["key"]),
        at=_now(given),
        posture=given["posture"],
    )
    _say(told["due"])
    return int(told["status"])


def _verify(given: dict[str, Any]) -> int:
    from portlib import plan
    from portlib.stewardship import one_quarter
    from portlib.stewardship.governance import signatures
    from portlib.stewardship.settlement.ledger import Ledger, LedgerError

    ours = plan.from_json(_plan(given["plan"]))
    roster = signatures.roster_from_json(_json(given["roster"].read_bytes(), given["roster"].name))
    kept = _head(given["head"])
    place = _there(given["log"])
    try:
        ledger = Ledger(place)
        counted = one_quarter.walk(ledger, ours, roster, head=kept)
        different = one_quarter.reperform_all(ledger.log, ours) if given["reperform"] else {}
    except (ValueError, LedgerError) as error:
        _say({"holds": False, "why": f"{type(error).__name__}: {error}"})
        return one_quarter.BROKEN
    end = "held against the head given" if kept else "no head was given: a cut end would not show"
    told = {"holds": not any(different.values()), "events": counted, "differing": different}
    _say({**told, "head": ledger.log.verify()._asdict(), "end": end})
    return one_quarter.BROKEN if any(different.values()) else one_quarter.NOTHING_DUE


def _reperform(given: dict[str, Any]) -> int:
    from portlib import reperform

    named = given["roster"]
    roster = _json(named.read_bytes(), named.name) if named else None
    told = reperform.report(given["archive"], given["claim"], roster)
    _say(told)
    return 0 if told["holds"] else 1


def _desk(given: dict[str, Any], *, there: bool = False) -> Any:
    from portlib import plan
    from portlib.stewardship import one_quarter
    from portlib.stewardship.governance import signatures
    from portlib.stewardship.settlement.ledger import Ledger

    log = _there(given["log"]) if there else given["log"]
    roster = signatures.roster_from_json(_json(given["roster"].read_bytes(), given["roster"].name))
    return one_quarter.Desk(
        plan.from_json(_plan(given["plan"])),
        Ledger(log),
        signatures.in_force(roster, _now(given)),
        given["role"],
        _key(given["key"]),
    )


def _head(path: Path | None) -> Any:
    """A head that somebody kept; ValueError for what is none."""
    from portlib.schema import problem
    from portlib.stewardship.audit_log import Head

    if path is None:
        return None
    told = _json(path.read_bytes(), path.name)
    digest = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "64 hex digits"}
    parts = {"number": {"type": "integer", "minimum": 0}, "digest": digest}
    asked = {"type": "object", "properties": parts, "required": list(parts)}
    if refused := problem(told, asked, path.name):
        raise ValueError(refused)
    return Head(told["number"], told["digest"])


def _there(log: Path) -> Path:
    if not log.is_file():
        raise FileNotFoundError(f"{log}: no such log; prudent adopt makes one")
    return log


def _key(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8").strip().removeprefix("0x")
    if len(text) != 64 or set(text.lower()) - set("0123456789abcdef"):
        raise ValueError(f"{path.name}: a key is 64 hex digits")
    return bytes.fromhex(text)


def _now(given: dict[str, Any]) -> datetime:
    if given["at"] is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(given["at"])
    except ValueError:
        raise ValueError(f"--at {given['at']}: no time like 2026-11-29T09:00+00:00") from None
    if at.tzinfo is None:
        raise ValueError(f"--at {given['at']}: give its zone, as in 2026-11-29T09:00+00:00")
    return at


def _prices(given: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.Series(_by_fund(given["prices"], "dollars a share"), dtype=float)


def _by_fund(path: Path, what: str) -> dict[str, float]:
    """A table of two columns, fund and a number above zero; ValueError by file and line."""
    import csv

    found: dict[str, float] = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.reader(file), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or (line == 1 and cells[0].lower() == "fund"):
                continue
            try:
                fund, value = cells[0], float(cells[1])
                fits = len(cells) == 2 and 0 < value < 1e12
            except (IndexError, ValueError):
                fits = False
            if not fits or not cells[0]:
                raise ValueError(f"{path.name}:{line}: {','.join(row)!r} is no fund, {what}")
            if fund in found:
                raise ValueError(f"{path.name}:{line}: {fund} is given twice")
            found[fund] = value
    if not found:
        raise ValueError(f"{path.name}: holds no line of fund, {what}")
    return found


def _say(answer: Any) -> int:
    print(json.dumps(answer, indent=2, allow_nan=False), flush=True)
    return 0


def _import(given: dict[str, Any]) -> int:
    from portlib.history import refresh

    folder = given["folder"]
    today = date.today().isoformat()
    return _kept(
        [
            refresh.bring(path, folder, today=today, series=given["series"])
            for path in given["files"]
        ],
        folder,
    )


def _refresh(given: dict[str, Any]) -> int:
    from portlib.history import refresh

    folder = given["folder"]
    today = date.today().isoformat()
    return _kept(refresh.refresh(folder, refresh.addresses(), today=today), folder)


def _kept(outcomes: Sequence[Any], folder: Path) -> int:
    """One line a file or address; status 1 when any was refused."""
    from portlib.history import vintages

    refused = 0
    for outcome in outcomes:
        kept = outcome.kept
        said = "; ".join(outcome.remarks)
        if kept is None:
            refused += 1
            print(f"refused: {said}", file=sys.stderr)
            continue
        what = f"{kept.kind}, vintage {kept.vintage}, {kept.first} to {kept.last}"
        print(what + (f": {said}" if said else ""), flush=True)
    if len(outcomes) > refused:
        print(
            f"kept in {folder}, SHA-256 {vintages.fingerprint(folder)[:16]}; "
            f"make chapter NAME=shrinkage HISTORY={folder} runs on it",
            flush=True,
        )
    return 1 if refused else 0


# ---- what comes in -------------------------------------------------------------------------------


def _plan(where: str) -> Any:
    from portlib import plan

    if where == "-":
        return _json(sys.stdin.buffer.read(), "standard input")
    if Path(where).is_file():
        return _json(Path(where).read_bytes(), Path(where).name)
    return plan.read(where).to_json()


def _assumptions(path: Path | None) -> Any:
    return None if path is None else _json(path.read_bytes(), path.name)


def _json(text: bytes, name: str) -> Any:
    from portlib.schema import strict_json

    return strict_json(text, name)


if __name__ == "__main__":
    sys.exit(main())
