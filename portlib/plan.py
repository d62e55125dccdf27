"""Whose portfolios are these: the plan's menu, its rules and its people?

A plan is a folder of four files: ``rules.yml``, ``lineup.csv`` (a row a fund: costs, and what it
holds by class), ``participants.csv`` and, where a target-date series is offered,
``target_date_vintages.csv``. A ``policy.yml`` beside them overrides entries of the committee's
policy, and `portlib.inputs` lists what else a plan may bring. `plan_format` checks everything,
once; the rest of portlib assumes it. `Plan.to_json` and `from_json` carry the same content, under
the same checks, for services.

Left out: vesting, loans, beneficiaries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from portlib import data, plan_format, schema, surroundings
from portlib import policy as decisions
from portlib.data import DataError
from portlib.inputs import Classes, Inputs, Sources, record
from portlib.policy import HouseClass, Policy
from portlib.records import Array
from portlib.tables import Findings

SCHEMA = "prudent-by-construction/plan/2"


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan that passed every check of the format.

    Attributes
    ----------
    rules : mapping
        The content of ``rules.yml``; ``data/README.md`` says what each entry means.
    funds : DataFrame by fund
        label, kind, category, management, vehicle, affiliated (bool); expense_ratio, fee_12b1,
        revenue_share (decimals per year), plan_share (weight in the plan's assets), specific_risk
        (annual volatility beyond classes).
    exposures : DataFrame, funds x classes
        What each fund holds; rows sum to one. A target-date series has no row: see ``vintages``.
    vintages : DataFrame by years_to_retirement, or None
        Class weights of the target-date series; ``equity`` is their equity share.
    participants : DataFrame by participant
        Columns of ``participants.csv``; NaN (``answers``: None) means not supplied.
    holdings : DataFrame, participants x funds
        Shares of the balance; rows sum to one.
    policy : Policy
        What the committee decided, with the plan's own entries before ours: who has a plan uses it.
    inputs : Inputs
        What the plan brings of its own beyond the files that every plan has, as far as it does.
    """

    rules: Mapping[str, Any]
    funds: pd.DataFrame
    exposures: pd.DataFrame
    vintages: pd.DataFrame | None
    participants: pd.DataFrame
    holdings: pd.DataFrame
    policy: Policy
    inputs: Inputs = field(default_factory=Inputs)

    @cached_property
    def lineup(self) -> plan_format.Lineup:
        """`funds` and `exposures` as plain values, which many plans are read by."""
        return plan_format.Lineup.of(self.funds, self.exposures)

    @cached_property
    def dates(self) -> plan_format.Vintages | None:
        """`vintages` as plain values."""
        return None if self.vintages is None else plan_format.Vintages.of(self.vintages)

    @property
    def name(self) -> str:
        """What the plan is called."""
        return str(self.rules["name"])

    @property
    def origin(self) -> str:
        """Where its figures come from; SYNTHETIC for an invented plan."""
        return str(self.rules["origin"])

    @property
    def as_of(self) -> date:
        """The day for which its figures hold."""
        return cast(date, self.rules["as_of"])

    @property
    def legal_regime(self) -> str:
        """Which law it is under, of `plan_format.LEGAL_REGIMES`."""
        return str(self.rules["legal_regime"])

    @property
    def age(self) -> pd.Series:
        """Ages that participants reach in the year of `as_of`, whole years."""
        return (self.as_of.year - self.participants["birth_year"]).rename("age")

    @property
    def assets(self) -> float:
        """The sum of balances, US dollars."""
        return float(self.participants["balance"].sum())

    @property
    def equity_classes(self) -> tuple[str, ...]:
        """Classes that count as equity: by policy, and of the plan's own by their role."""
        return tuple(self.policy["equity_classes"])

    @property
    def held_classes(self) -> tuple[str, ...]:
        """Classes that some fund, or some date of the series, holds."""
        tables = [self.exposures] + ([] if self.vintages is None else [self.vintages])
        some = (str(c) for table in tables for c in table if c != "equity" and (table[c] > 0).any())
        return tuple(dict.fromkeys(some))

    @cached_property
    def shares(self) -> pd.Series:
        """What part of all balances each fund holds; sums to one."""
        dollars = self.holdings.mul(self.participants["balance"], axis=0).sum()
        return (dollars / self.assets).rename("share")

    @cached_property
    def class_shares(self) -> pd.Series:
        """What part of all balances is in each class, through funds with known exposures; a series
        adds nothing.
        """
        return self.exposures.mul(self.shares[self.exposures.index], axis=0).sum().rename("share")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the plan's content, however its files are laid out: of `to_json` with sorted
        keys, of which the parts that many plans share are written once."""
        told = {
            "inputs": _written(self.inputs.to_json()),
            "lineup": self.lineup.written,
            "participants": _written(self._people()),
            "policy": self.policy.written,
            "rules": _written(schema.plain(self.rules)),
            "schema": _written(SCHEMA),
            "target_date_vintages": "null" if self.dates is None else self.dates.written,
        }
        content = ", ".join(f'"{name}": {text}' for name, text in told.items())
        return hashlib.sha256(f"{{{content}}}".encode()).hexdigest()

    def offering(self, funds: Sequence[str]) -> Plan:
        """The same plan with a part of its menu, as if nobody held or had been promised the rest.

        Raises `DataError` where no fund is kept, for one that is named twice or is not on the menu,
        and when the default is not among those kept.
        """
        if not len(funds):
            raise DataError("no fund is kept: name some of the menu")
        if twice := [fund for at, fund in enumerate(funds) if fund in funds[:at]]:
            raise DataError(f"named twice: {', '.join(map(str, twice))}")
        rules = {**self.rules, "trading": dict(self.rules["trading"])}
        if unknown := [fund for fund in funds if fund not in self.funds.index]:
            raise DataError(
                f"not on the menu: {', '.join(unknown)}; it offers {', '.join(self.funds.index)}"
            )
        if rules["default"] not in (None, *funds):
            raise DataError(f"the default {rules['default']} must stay on the menu")
        for which in ("employer_stock", "stable_value"):
            if rules[which] and rules[which]["fund"] not in funds:
                rules[which] = None
        if rules["stable_value"]:
            wash = rules["stable_value"]
            rules["stable_value"] = {
                **wash,
                "competing": [fund for fund in wash["competing"] if fund in funds],
            }
        for which in ("round_trip_days", "minimum_holding_days"):
            rules["trading"][which] = {
                f: d for f, d in rules["trading"][which].items() if f in funds
            }
        kept = self.funds.loc[list(funds)].assign(plan_share=np.nan)
        held = self.holdings.reindex(columns=list(funds))
        held = held.div(held.sum(axis=1), axis=0)
        some = held.notna().all(axis=1)
        series = (kept["kind"] == "target_date").any()
        exposures = self.exposures.loc[[fund for fund in funds if fund in self.exposures.index]]
        return replace(
            self,
            rules=rules,
            funds=kept,
            exposures=exposures,
            vintages=self.vintages if series else None,
            participants=self.participants[some],
            holdings=held[some],
            inputs=self.inputs.offering(list(funds)),
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as a dict that strict JSON can hold; `from_json` takes it back."""
        return {
            "schema": SCHEMA,
            "rules": schema.plain(self.rules),
            "policy": self.policy.to_json(),
            "lineup": self.lineup.to_json(),
            "target_date_vintages": None if self.dates is None else self.dates.to_json(),
            "participants": self._people(),
            "inputs": self.inputs.to_json(),
        }

    def _people(self) -> list[dict[str, Any]]:
        """A row a participant, with what is held."""
        if self.participants.empty:
            return []
        funds = list(map(str, self.holdings))
        held = [
            {"holdings": {fund: x for fund, x in zip(funds, row, strict=True) if x}}
            for row in np.round(self.holdings.to_numpy(float), 12).tolist()
        ]
        people = _records(self.participants, "participant")
        return [row | own for row, own in zip(people, held, strict=True)]


class _Read(Plan):
    """A plan whose frames are made once somebody asks for them.

    Thousands of plans are answered without: frames take longer than what is done with them.
    """

    @classmethod
    def of(cls, rules: Any, parts: plan_format.Parts, policy: Policy, inputs: Inputs) -> _Read:
        made = object.__new__(cls)
        vars(made).update(parts._asdict())
        vars(made).update(rules=rules, policy=policy, inputs=inputs)
        return made

    def _people(self) -> list[dict[str, Any]]:
        read = vars(self).get("people")
        return [] if read is not None and read.empty else super()._people()

    def __getattr__(self, name: str) -> Any:
        known = vars(self)
        if name in ("funds", "exposures"):
            known["funds"], known["exposures"] = known["lineup"].frames()
        elif name == "vintages":
            dates = known["dates"]
            known["vintages"] = None if dates is None else dates.frame()
        elif name == "participants":
            known["participants"] = known["people"].copy(deep=False)
        elif name == "holdings":
            funds = known["lineup"].columns["fund"]
            known["holdings"] = pd.DataFrame(known["held"], known["people"].index, funds)
        else:
            raise AttributeError(f"a plan has no {name!r}")
        return known[name]


def folder() -> Path:
    """The folder of the plan that a chapter is about: the run's choice, else ``data/plan``."""
    return surroundings.folder("plan") or data.ROOT / "plan"


def read(path: str | Path | None = None) -> Plan:
    """Read a plan's folder, with its policy.

    Parameters
    ----------
    path : path, optional
        By default `folder`, which is what every chapter reads.

    Returns
    -------
    Plan

    Raises
    ------
    DataError
        Naming every file, line and reason that it found to be wrong.

    Examples
    --------
    A new plan is accepted as it stands, and travels as JSON unchanged:

    >>> from tempfile import TemporaryDirectory
    >>> from portlib import plan_template
    >>> with TemporaryDirectory() as place:
    ...     _ = plan_template.write(Path(place) / "mine")
    ...     mine = read(Path(place) / "mine")
    >>> from_json(mine.to_json()).fingerprint == mine.fingerprint
    True

    A class of the plan's own may be named by the policy in its folder, and by no other:

    >>> import yaml
    >>> entry = dict(mine.policy.entries["class_series"])
    >>> entry |= {"value": {**entry["value"], "land": {"tsp_f": 1.0}}, "date": "2026-06-30"}
    >>> with TemporaryDirectory() as place:
    ...     here = Path(place, "mine")
    ...     _ = plan_template.write(here)
    ...     _ = (here / "policy.yml").write_text(yaml.safe_dump({"class_series": entry}))
    ...     try:
    ...         read(here)
    ...     except DataError as error:
    ...         refused = str(error)
    ...     _ = (here / "classes.yml").write_text("land: {label: Land, role: real}")
    ...     ours = read(here)
    >>> ours.policy["class_series"]["land"], refused  # doctest: +ELLIPSIS
    ({'tsp_f': 1.0}, "mine/policy.yml: class_series: 'land' is not one of us_large_equity, ...")

    It goes on in ``plan.md``.
    """
    found = Findings()
    made = examine(path, found)
    found.settle()
    assert made is not None  # nothing was refused
    return made


def examine(path: str | Path | None, found: Findings) -> Plan | None:
    """A plan's folder, and everything in it that is to be mended or known.

    Parameters
    ----------
    path : path, optional
        By default `folder`.
    found : Findings
        Takes all that was found.

    Returns
    -------
    Plan or None
        None where something was refused.

    Raises
    ------
    DataError
        Where there is no such folder.
    """
    place = folder() if path is None else Path(path)
    if not place.is_dir():
        raise DataError(
            f"{place}: no such folder; a plan is a folder with rules.yml, lineup.csv and "
            "participants.csv"
        )
    core = Findings()
    sources = record.gather(place, found)
    known = record.classes_of(sources, found)
    rules = _tried(
        core, "rules.yml", lambda: plan_format.rules(data.mapping(place / "rules.yml"), "rules.yml")
    )
    policy = _tried(
        core,
        f"{place.resolve().name}/policy.yml",
        lambda: decisions.read(place, classes=known.own),
    )
    files = {"lineup": plan_format.LINEUP, "participants": plan_format.PEOPLE}
    if (place / "target_date_vintages.csv").exists():
        files["target_date_vintages"] = plan_format.VINTAGES
    tables = {
        name: _tried(
            core,
            f"{name}.csv",
            partial(plan_format.from_file, place / f"{name}.csv", columns, known.names, core),
        )
        for name, columns in files.items()
    }
    if rules is None and tables["lineup"] is not None:
        plan_format.by_name(_mapping(place / "rules.yml"), tables["lineup"], core)
    return _plan(rules, policy, tables, sources, known, core, found)


def from_json(content: Mapping[str, Any]) -> Plan:
    """The plan that `Plan.to_json` wrote, or that a service sends.

    Parameters
    ----------
    content : mapping
        ``schema``, ``rules``, ``lineup`` and ``participants``; ``policy``,
        ``target_date_vintages`` and ``inputs`` where there are any.

    Returns
    -------
    Plan

    Raises
    ------
    DataError
        Naming by its path (``participants[3].holdings``) all that is wrong.

    Examples
    --------
    Ages are those of the day that the rules bear, though the same people were read before; who was
    hired after that day is refused:

    >>> from portlib import data
    >>> sent = read(data.ROOT / "plan").to_json()
    >>> later = {**sent, "rules": {**sent["rules"], "as_of": "2028-06-30"}}
    >>> first, again = from_json(sent), from_json(later)
    >>> set(again.age - first.age), int(first.age["P0002"])  # born in 1980
    ({2}, 46)
    >>> from_json({**sent, "rules": {**sent["rules"], "as_of": "2025-06-30"}})
    ... # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib...FindingsError: participants[...].hire_year: 2026 is ... after as_of
    ...
    >>> def refused(table, **changes):
    ...     rows = [{**sent[table][0], **changes}, *sent[table][1:]]
    ...     try:
    ...         return from_json({**sent, table: rows}) is None
    ...     except DataError as error:
    ...         return str(error)
    >>> refused("lineup", label="x" * 200)
    False
    >>> print(refused("lineup", label="x" * 201))  # doctest: +ELLIPSIS
    lineup[0].label: ... is longer than 200 letters, or has some that do not print
    >>> for label in ("a bell " + chr(7), "<b>", "..."):
    ...     print(refused("lineup", label=label).partition("' ")[2])
    is longer than 200 letters, or has some that do not print
    has < or >, which pages read as marks
    says nothing
    """
    if not isinstance(content, Mapping):
        raise DataError(
            f"plan: a plan is a mapping like that of Plan.to_json, not {schema.short(content)}"
        )
    if content.get("schema") != SCHEMA:
        said = schema.short(content.get("schema"))
        raise DataError(f"schema: {said} is unknown; this version reads {SCHEMA!r}")
    asked = (
        "schema",
        "rules",
        "policy",
        "lineup",
        "target_date_vintages",
        "participants",
        "inputs",
    )
    for name in content:
        if name not in asked:
            strange = schema.short(name)
            raise DataError(f"plan: {strange} is no part of a plan; it has {', '.join(asked)}")
    if lost := [name for name in ("rules", "lineup", "participants") if name not in content]:
        raise DataError(f"plan: {', '.join(lost)} missing; it has {', '.join(asked)}")
    found = Findings()
    core = Findings()
    sources = record.from_json(content.get("inputs", {}))
    known = record.classes_of(sources, found)
    rules = _tried(core, "rules", lambda: plan_format.rules(content["rules"], "rules"))
    policy = _tried(
        core,
        "policy",
        lambda: decisions.from_json(content.get("policy", {}), classes=known.own),
    )
    lists = {"lineup": plan_format.LINEUP, "participants": plan_format.PEOPLE}
    if content.get("target_date_vintages") is not None:
        lists["target_date_vintages"] = plan_format.VINTAGES
    for name in ("lineup", "target_date_vintages"):
        if content.get(name) == []:
            core.refuse(name, "has no rows")
    tables = {
        name: _tried(
            core,
            name,
            partial(plan_format.from_rows, content[name], name, columns, known.names, core),
        )
        for name, columns in lists.items()
    }
    made = _plan(rules, policy, tables, sources, known, core, found)
    found.settle()
    assert made is not None  # nothing was refused
    return made


def _plan(
    rules: Any,
    policy: Any,
    tables: Mapping[str, Any],
    sources: Sources,
    known: Classes,
    core: Findings,
    found: Findings,
) -> Plan | None:
    """The plan that the parts read make; None where something was refused.

    ``core`` holds what was found in the files that every plan has: what those owe each other is
    asked only where each is sound, what a row breaks by itself in any case. What the plan brings is
    read in any case.
    """
    parts = None
    lineup = tables["lineup"]
    if not core.refused:
        policy = policy.of_house(_house(known, None))
        others = tables["participants"], tables.get("target_date_vintages")
        try:
            parts = plan_format.parts(rules, policy["equity_classes"], lineup, *others)
        except DataError as error:
            if not core.refused:  # else it repeats what was found
                core.take(error, "")
    else:
        others = tables["participants"], tables.get("target_date_vintages")
        plan_format.by_row(rules, lineup, *others)
    labels = {} if lineup is None or "fund" not in lineup.columns else _labels(lineup.columns)
    brought = record.make(sources, known, labels, found)
    if rules is not None:
        record.check_day(brought, rules["as_of"], found)
    if parts is not None:
        held = dict.fromkeys(_held(parts.lineup.classes, parts.lineup.weights))
        if parts.dates is not None:
            held |= dict.fromkeys(_held(parts.dates.classes, parts.dates.weights))
        record.check_whole(brought, list(held), found)
        policy = policy.of_house(_house(known, held))
    found.items = [*core, *found]
    if found.refused or parts is None:
        return None
    return _Read.of(rules, parts, policy, brought)


def _house(known: Classes, held: Collection[str] | None) -> list[HouseClass]:
    """The plan's own classes for its policy; where nothing is known yet of what it holds, none
    replaces any."""
    return [
        HouseClass(
            one.name,
            one.role,
            one.survey,
            replaces=held is not None and one.name in held and one.survey not in held,
            inflation_linked=one.inflation_linked,
        )
        for one in known
        if one.own
    ]


def _held(classes: Sequence[str], weights: Array) -> list[str]:
    """Classes with a weight above zero."""
    some: list[bool] = np.asarray((weights > 0).any(axis=0)).tolist()
    return [name for name, held in zip(classes, some, strict=True) if held]


def _written(content: Any) -> str:
    """Strict JSON that reads the same for equal content."""
    return json.dumps(content, sort_keys=True, allow_nan=False)


def _labels(lineup: Mapping[str, list[Any]]) -> dict[str, str]:
    """Labels of the lineup's funds by code, as far as they can be read."""
    funds = [str(fund) for fund in lineup["fund"]]
    return dict(zip(funds, map(str, lineup.get("label", funds)), strict=True))


def _mapping(path: Path) -> Mapping[str, Any]:
    """What a YAML file says; nothing where it cannot be read, which is said elsewhere."""
    try:
        return data.mapping(path)
    except DataError:
        return {}


def _tried(found: Findings, name: str, read: Callable[[], Any]) -> Any:
    """What a reader reads; None, with the reason among what was found, where it refuses."""
    try:
        return read()
    except DataError as error:
        found.take(error, name)
    except RecursionError:
        found.take(DataError(f"{name}: is nested too deep"), name)
    return None


def _records(frame: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """Rows as dicts of plain values, the index first, as `key`; what is missing is None."""
    names = [key, *map(str, frame)]
    if frame.empty:
        return []
    values = frame.to_numpy()
    rows = values.tolist()
    if values.dtype == float and not np.isnan(values).any():
        plain = zip(map(_cell, frame.index.tolist()), rows, strict=True)
        return [dict(zip(names, (at, *row), strict=True)) for at, row in plain]
    return [
        {name: _cell(cell) for name, cell in zip(names, (at, *row), strict=True)}
        for at, row in zip(frame.index.tolist(), rows, strict=True)
    ]


def _cell(cell: Any) -> Any:
    if cell is None or cell != cell:
        return None
    return cell if isinstance(cell, (str, float)) else schema.plain(cell)
