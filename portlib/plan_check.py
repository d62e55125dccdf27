"""Is this folder a plan, what is to be mended in it, and what will each chapter be able to do?

Everything is found in one go: what refuses the folder, what is worth knowing though it does not,
how each file was read, and which inputs of each chapter are the plan's own. Left out: whether the
figures are true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from portlib import history, plan_format, plan_template, standing
from portlib import plan as plans
from portlib.inputs import nport, record
from portlib.plan import Plan
from portlib.tables import Finding, Findings
from portlib.tables.columns import near_word

#: Files that every plan has or that others read.
_KNOWN = ("rules.yml", "lineup.csv", "participants.csv", "target_date_vintages.csv", "policy.yml")
_FOLDERS = (nport.FOLDER, "views", plan_template.EXAMPLES)
#: Older than this on the plan's day, an input is said to be old; days.
OLD = {"assumptions": 400, "valuations": 120, "holdings": 190, "balances": 100}
#: A fund that loses more than this in a month may have split its shares.
FALL = -0.4
_OPTION = re.compile(r"say (?:unit|dates|decimal|compound): ")


@dataclass(frozen=True, eq=False)
class Report:
    """What was found in a plan's folder; ``plan`` is None where something is to be mended."""

    folder: Path
    plan: Plan | None
    findings: tuple[Finding, ...]
    as_read: dict[str, str]
    brought: frozenset[str]

    @property
    def refused(self) -> tuple[Finding, ...]:
        """What is to be mended."""
        return tuple(finding for finding in self.findings if finding.refused)

    @property
    def noted(self) -> tuple[Finding, ...]:
        """What is worth knowing."""
        return tuple(finding for finding in self.findings if not finding.refused)

    def inputs(self) -> pd.DataFrame:
        """How each input stands (`portlib.standing.table`); by its files while it is refused."""
        if self.plan is not None:
            return standing.table(self.plan)
        rows = {}
        for label, _, files in standing.INPUTS.values():
            there = [name for name in files if name in self.brought]
            status = "brought, see above" if there else "not brought"
            rows[label] = {"status": status, "what is used": "", "brought by": ", ".join(files)}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("input")

    def chapters(self) -> dict[str, str]:
        """By chapter, which of its inputs are the plan's own, and which are not."""
        status = self.inputs()["status"]
        said = {}
        for chapter, names in standing.CHAPTERS.items():
            labels = [standing.INPUTS[name][0] for name in names]
            kinds = dict.fromkeys(status[label] for label in labels)
            said[chapter] = "; ".join(
                f"{kind}: {', '.join(label for label in labels if status[label] == kind)}"
                for kind in kinds
            )
        return said

    def __str__(self) -> str:
        lines = [f"{self.folder}: {'accepted' if self.plan is not None else 'not accepted yet'}"]
        for title, findings in (("To mend", self.refused), ("To know", self.noted)):
            if findings:
                lines += ["", f"{title} ({len(findings)})", *(f"  {one}" for one in findings)]
        if any(_OPTION.search(one.problem) for one in self.refused):
            lines += [
                "",
                f"An option (unit, dates, decimal, compound) is said in {record.READING}, by file: "
                f"`{record.HISTORY}: {{unit: percent}}`",
            ]
        if self.as_read:
            lines += ["", "How the files were read"]
            lines += [f"  {name}: {said}" for name, said in self.as_read.items()]
        waiting = [standing.INPUTS[name][0] for name in standing.waiting()]
        lines += ["", "What goes in"]
        for label, row in self.inputs().iterrows():
            used = f": {row['what is used']}" if row["what is used"] else ""
            bring = f" (brought by {row['brought by']})" if row["brought by"] else ""
            yet = " (no chapter shows it yet)" if label in waiting else ""
            lines.append(f"  {label}: {row['status']}{used}{bring}{yet}")
        lines += ["", "What each chapter has"]
        lines += [f"  {chapter}: {said}" for chapter, said in self.chapters().items()]
        return "\n".join(lines)


def check(folder: str | Path) -> Report:
    """Read a plan's folder whole, and report everything at once.

    Raises
    ------
    DataError
        Where there is no such folder.

    Examples
    --------
    >>> from portlib import data
    >>> check(data.ROOT / "plan").refused
    ()
    """
    folder = Path(folder)
    found = Findings()
    plan = plans.examine(folder, found)
    _strangers(folder, found)
    brought = frozenset(path.name for path in folder.iterdir())
    if plan is not None:
        _worth_knowing(plan, found)
        as_read = dict(plan.inputs.as_read)
        return Report(folder, None if found.refused else plan, tuple(found), as_read, brought)
    return Report(folder, None, tuple(found), {}, brought)


def _strangers(folder: Path, found: Findings) -> None:
    """Files that nothing reads, with the name that may have been meant."""
    tables = [Path(name).with_suffix(".parquet").name for name in record.PARQUET]
    known = [*_KNOWN, *record.FILES, *tables]
    as_text = {Path(name).stem: name for name in [*tables, *_KNOWN, *record.FILES]}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.suffix.lower() == ".md":
            continue
        if path.is_dir() and path.name in _FOLDERS:
            continue
        if path.name not in known:
            text = as_text.get(path.stem)
            hint = f"; give it as {text}" if text else near_word(path.name, known)
            found.note(path.name, f"is not read: it is no file of the format{hint}")


def _worth_knowing(plan: Plan, found: Findings) -> None:
    own = plan.inputs
    policy = plan.policy
    if plan.legal_regime != "ERISA":
        found.note(
            "rules.yml",
            f"legal_regime: {plan_format.LEGAL_REGIMES[plan.legal_regime]}; its book shows what "
            "does not bind it as good practice",
        )
    if not standing.keeps_models(plan):
        found.note(
            "rules.yml",
            f"models: weights of {policy['optimizer']} (policy: optimizer) are taken as they come, "
            "in any number of funds and no whole percents; decide for "
            f"{' or '.join(standing.MAXIMISES)}, or write {{most_funds: 0, whole_percent: false}}",
        )
    for few in standing.people_missing(plan):
        found.note("participants.csv", few)
    if own.assumptions is not None:
        last = pd.DatetimeIndex(own.assumptions.table["date"]).max().date()
        _aged("assumptions.csv", last, plan.as_of, OLD["assumptions"], found)
    if own.valuations is not None:
        table = own.valuations.table
        known = table[table["date"] <= pd.Timestamp(plan.as_of)]
        if late := len(table) - len(known):
            counted = "1 figure is" if late == 1 else f"{late} figures are"
            found.note("valuations.csv", f"{counted} later than {plan.as_of}: not used")
        newest = known.groupby(["class", "measure"])["date"].max()  # what came before is not asked
        if len(newest):
            _aged("valuations.csv", newest.min().date(), plan.as_of, OLD["valuations"], found)
    if own.history is not None:
        lost = [name for name in plan.held_classes if name not in own.history.values]
        if lost:
            found.note(own.history.file, f"has no {', '.join(lost)}: our series stand in")
    _strange_series(plan, found)
    if own.funds is not None:
        months = own.funds.values
        for fund in months:
            if (least := float(months[fund].min())) < FALL:
                found.note(
                    own.funds.file,
                    f"{fund} lost {-least:.0%} in {months[fund].idxmin():%Y-%m}: a fact, or a "
                    "split of its shares?",
                )
        _young(plan, int(policy["minimum_history_months"]), found)
    if own.holdings is not None:
        _unmapped(plan, found)
    if own.accounts is not None:
        last = pd.Timestamp(own.accounts.weights.index[-1]).date()
        _aged("account_holdings.csv", last, plan.as_of, OLD["balances"], found)
        held_then = own.accounts.weights.iloc[-1].reindex(plan.shares.index, fill_value=0.0)
        apart = (held_then - plan.shares).abs()
        if len(plan.participants) and apart.max() > 0.02:
            fund = str(apart.idxmax())
            found.note(
                "account_holdings.csv",
                f"on {last} {held_then[fund]:.1%} were in {fund}, in participants.csv "
                f"{plan.shares[fund]:.1%}",
            )


def _strange_series(plan: Plan, found: Findings) -> None:
    """Series that a class's ``history`` names and that no record holds."""
    own = plan.inputs
    named = {series: one.name for one in own.classes if one.own for series in one.history}
    brought = () if own.history is None else tuple(map(str, own.history.values))
    # A class with months of its own needs no series to stand in.
    named = {series: name for series, name in named.items() if name not in brought}
    if not named:
        return
    known = [*brought, *history.read("open").names, *history.read("long").names]
    for series, name in named.items():
        if series not in known:
            hint = near_word(series, known)
            found.refuse("classes.yml", f"{name}: history {series!r} is no series{hint}")


def _aged(file: str, day: date, as_of: date, most: int, found: Findings) -> None:
    if as_of - day > timedelta(days=most):
        found.note(file, f"is of {day}, {(as_of - day).days} days before {as_of}")


def _young(plan: Plan, least: int, found: Findings) -> None:
    funds = plan.inputs.funds
    assert funds is not None
    for fund, months in funds.spans["periods"].items():
        if months < least:
            found.note(
                funds.file,
                f"{fund} has {months} month{'s' * (months != 1)}; style analysis asks for {least} "
                "(policy: minimum_history_months)",
            )
    if absent := [str(fund) for fund in plan.funds.index if fund not in funds.values]:
        found.note(funds.file, f"has no {', '.join(absent)}: their months are SYNTHETIC")


def _unmapped(plan: Plan, found: Findings) -> None:
    own = plan.inputs.holdings
    assert own is not None
    seen = own.exposures(plan.as_of)
    for fund, rest in seen.unmapped.items():
        if rest < -0.01:
            found.note(
                "fund_holdings.csv",
                f"{fund}: its classes sum to {1 - rest:.1%}: borrowed money, or counted twice?",
            )
        elif rest > 0.01:
            unknown = seen.unknown[seen.unknown["fund"] == fund].head(3)
            which = ", ".join(f"{row.id} {row.weight:.1%}" for row in unknown.itertuples())
            found.note(
                "fund_holdings.csv",
                f"{fund}: {rest:.1%} has no class; its exposures are bounded by that"
                + (f" (largest: {which})" if which else ""),
            )
    oldest = pd.DatetimeIndex(seen.dates).min().date()
    _aged("fund_holdings.csv", oldest, plan.as_of, OLD["holdings"], found)
