"""What has the committee decided, and was it meant?

``data/policy.yml`` holds every decision with its value, unit, reason, approver (a role) and date;
a plan's folder may hold a ``policy.yml`` of its own, whose entries stand before ours. Together they
are a `Policy`: a value, frozen, which a `portlib.plan.Plan` holds and which travels in its JSON.
``data/policy_schema.yml`` says of each entry what it may be, and `RELATIONS` what entries owe each
other, so that 40 for 40%, a misspelt class or a floor above its ceiling is refused by file, entry
and value before anything is computed from it.

The convention, everywhere in portlib:

- what has a plan uses ``plan.policy``;
- estimation and construction take plain numbers as required keywords; only what turns a policy into
  them (``mandate.of_policy``, ``black_litterman.of_policy``) sees one;
- what else needs a decision takes ``policy`` as a keyword;
- a record keeps what it was made under: the values it used, or `Policy.fingerprint`.

There is no policy in force that a function could look up. Two plans with two policies are two
values, in one process, in any order.

Left out: who may change a policy, and how (`portlib.stewardship.governance`); whether a decision is
wise.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache, cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

from portlib import data
from portlib.data import DataError
from portlib.kept import Kept, marked
from portlib.ranges import among
from portlib.schema import is_number, number_in, plain, problem, short, words

FIELDS = ("value", "unit", "reason", "approver", "date")
POSTURES = ("conservative", "moderate", "growth", "aggressive")
#: The rules of which `alert_limits` states a limit for each severity.
ALERTS = (
    "distance from target",
    "volatility",
    "tracking error",
    "shortfall",
    "breaches",
    "drawdown",
    "settlement days",
    "slippage",
    "optimiser",
)

Entry = Mapping[str, Any]
#: Policies that plans have sent.
_SENT: Kept[Policy] = Kept(256)

#: By role of a house's own class, the class whose decisions it shares where it is called nothing in
#: the survey.
LIKE = {
    "equity": "us_large_equity",
    "fixed_income": "us_core_bonds",
    "real": "us_reits",
    "cash": "cash",
}
#: Entries that say something of each class; a class that they do not name is asked after.
ABOUT_CLASSES = ("stress_proxies", "tax_character", "inflation_correlations", "reference_bands")


@dataclass(frozen=True)
class HouseClass:
    """A plan's own class, as policy's decisions meet it.

    Attributes
    ----------
    role : equity, fixed_income, real or cash.
    survey : the survey's class that it is called there, or None.
    replaces : whether the plan holds it under its own name only, so that the weights which policy
        gives the survey's class are its.
    inflation_linked : whether what it pays follows prices, so that it has no correlation with their
        surprises unless policy states one.
    """

    name: str
    role: str
    survey: str | None = None
    replaces: bool = False
    inflation_linked: bool = False


@dataclass(frozen=True, eq=False)
class Policy:
    """All decisions that a calculation is made under. Made by `read`, `from_json` and `replace`,
    which check them.

    Two policies are equal when all their values are; reasons, approvers and dates do not enter.

    Attributes
    ----------
    entries : mapping of every name to its value, unit, reason, approver and date
    own : names of the entries that are the plan's own, not those of ``data/policy.yml``
    classes : names of asset classes beyond the survey's, which the plan's entries may use
    house : what those classes are, for decisions that name classes (`of_house`)

    Examples
    --------
    >>> ours = read()
    >>> ours["max_single_fund"]
    0.4
    >>> ours.replace(max_single_fund=0.25)["max_single_fund"]
    0.25

    It goes on in ``policy.md``.
    """

    entries: Mapping[str, Entry]
    own: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    house: tuple[HouseClass, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """The value decided; DataError, with the nearest name, for an entry that does not exist."""
        if name not in self.entries:
            raise DataError(
                f"policy has no entry {name!r}; did you mean {data.near(name, self.entries)}?"
            )
        return _copied(self.entries[name]["value"])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all values; who decided them, when and why does not enter."""
        values = {name: _canonical(entry["value"]) for name, entry in self.entries.items()}
        written = json.dumps(values, sort_keys=True, allow_nan=False)
        return hashlib.sha256(written.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def table(self) -> pd.DataFrame:
        """One row an entry: value, unit, reason, approver, date."""
        frame = pd.DataFrame.from_dict(dict(self.entries), orient="index")
        return frame[list(FIELDS)].rename_axis("name")

    def replace(self, **values: Any) -> Policy:
        """The same policy with other values, to see what would follow; they say: no decision.

        Raises `DataError` for a value that the schema refuses.
        """
        own = {name: self.entries[name] for name in self.own}
        for name, value in values.items():
            known = self.entries.get(name, {})
            unsaid = {"reason": "A value that was tried; no decision.", "approver": "nobody"}
            own[name] = {
                "unit": "",
                "date": date.min,
                **known,
                **unsaid,
                "value": copy.deepcopy(value),
            }
        return _over(own, "policy", self.classes).of_house(self.house)

    def called(self, name: str) -> tuple[str, ...]:
        """A class of the survey's and the house's own that are called so there: a limit on one is
        a limit on all."""
        own = (one.name for one in self.house if one.survey == name)
        return tuple(dict.fromkeys((name, *own)))  # a plan may call it what the survey does

    def of_house(self, house: Sequence[HouseClass]) -> Policy:
        """The policy with a plan's own classes in the decisions that name classes.

        Those of the role equity count as equity. Weights of a survey class that a plan holds under
        its own name only go to that name, in equal parts where it has several. What is decided of
        each class (`ABOUT_CLASSES`) holds for an own class as for the one that it is called in the
        survey, else for that of its role (`LIKE`); what follows prices has no correlation with
        their surprises, nor what is called a class that policy names none for. What the plan's
        entries say themselves stays.
        """
        if not house:
            return self
        values = {name: self[name] for name in self.entries}
        equity = [one.name for one in house if one.role == "equity"]
        values["equity_classes"] = list(dict.fromkeys([*values["equity_classes"], *equity]))
        stead: dict[str, list[str]] = {}
        for one in house:
            if one.replaces and one.survey not in (None, one.name):
                stead.setdefault(str(one.survey), []).append(one.name)
        values["reference_portfolio"] = _handed_on(values["reference_portfolio"], stead)
        values["glidepath_sleeves"] = {
            sleeve: _handed_on(weights, stead)
            for sleeve, weights in values["glidepath_sleeves"].items()
        }
        for entry in ABOUT_CLASSES:
            for one in house:
                unnamed = one.inflation_linked or one.survey not in (None, *values[entry])
                if unnamed and entry == "inflation_correlations":
                    continue
                alike = one.survey if one.survey in values[entry] else LIKE[one.role]
                if one.name not in values[entry] and alike in values[entry]:
                    values[entry][one.name] = copy.deepcopy(values[entry][alike])
        entries = {name: {**entry, "value": values[name]} for name, entry in self.entries.items()}
        return replace(self, entries=entries, house=tuple(house))

    def to_json(self) -> dict[str, Any]:
        """The plan's own entries as strict JSON can hold them; `from_json` takes them back."""
        return {name: plain(self.entries[name]) for name in self.own}

    @cached_property
    def written(self) -> str:
        """`to_json` as text."""
        return json.dumps(self.to_json(), sort_keys=True, allow_nan=False)


def read(path: str | Path | None = None, *, classes: Sequence[str] = ()) -> Policy:
    """The policy of ``data/policy.yml``, with the entries of a plan's own before it.

    Parameters
    ----------
    path : a plan's folder (which need not have a ``policy.yml``), or such a file; None for ours.
    classes : names of asset classes of the plan's own, which its entries may use.

    Raises
    ------
    DataError
        Naming the file, the entry, its value and what is allowed, for whatever the schema refuses.
    """
    if path is None:
        return _ours(data.ROOT)
    file = Path(path) / "policy.yml" if Path(path).is_dir() else Path(path)
    if file != Path(path) and not file.exists():
        return _ours(data.ROOT)
    source = f"{file.resolve().parent.name}/{file.name}"
    return _over(data.mapping(file), source, tuple(classes))


def from_json(
    own: Mapping[str, Any], *, classes: Sequence[str] = (), source: str = "policy"
) -> Policy:
    """The policy of a plan that states entries of its own.

    Parameters
    ----------
    own : mapping
        As `Policy.to_json` writes them.
    classes : as in `read`.
    source : what messages call them.

    Raises
    ------
    DataError
        As `read` does.
    """
    if not isinstance(own, Mapping):
        raise DataError(f"{source}: {short(own)} should be a mapping of entries of policy.yml")
    name = (data.ROOT, marked(own), tuple(classes))
    return _SENT.get(name, lambda: _over(own, source, tuple(classes)))


def allowed(name: str) -> str:
    """What an entry may be, in words: ``a number above 0 and at most 1``."""
    schema = _schema(data.ROOT)
    among("policy entry", [name], schema, error=DataError)
    return words(schema[name])


def _handed_on(
    weights: Mapping[str, float], stead: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Weights by class, those of a class that is held by other names given to these."""
    made: dict[str, float] = {}
    for name, weight in weights.items():
        heirs = stead.get(name, [name])
        for heir in heirs:
            made[heir] = made.get(heir, 0.0) + weight / len(heirs)
    return made


# ---- what entries owe each other -----------------------------------------------------------------


def _rising(values: Mapping[str, float]) -> bool:
    row = [values[posture] for posture in POSTURES]
    return all(a <= b for a, b in pairwise(row))


def _whole(weights: Mapping[str, float]) -> bool:
    return abs(math.fsum(weights.values()) - 1) <= 1e-6


def _surveyed() -> int:
    """How many classes there are without any of a plan's own."""
    kinds = data.mapping(data.ROOT / "policy_schema.yml", aliases=True)["kinds"]
    return len(kinds["asset_class"]["enum"])


def _pairwise(low: Mapping[str, float], high: Mapping[str, float]) -> bool:
    return all(low[posture] < high[posture] for posture in POSTURES)


def _severities_rise(rule: str, alerts: Mapping[str, Mapping[str, Any]]) -> bool:
    row = [alerts[rule][severity] for severity in ("info", "watch", "act")]
    return all(a < b for a, b in pairwise(row))


#: Entries, what must hold of their values, and how a refusal says so.
RELATIONS: tuple[tuple[tuple[str, ...], Callable[..., bool], str], ...] = (
    (("equity_floor", "equity_ceiling"), _pairwise, "each posture's floor lies below its ceiling"),
    (("equity_floor",), _rising, "no posture's floor lies below that of a more cautious one"),
    (("equity_ceiling",), _rising, "no posture's ceiling lies below that of a more cautious one"),
    (
        ("risk_aversion_bands",),
        lambda bands: (
            all(low < high for low, high in bands.values())
            and all(bands[a][0] == bands[b][1] for a, b in pairwise(POSTURES))
        ),
        "each band is [lower, upper], and begins where the next bolder one ends",
    ),
    (
        ("model_risk_aversion", "risk_aversion_bands"),
        lambda aversion, bands: all(low <= aversion[p] <= high for p, (low, high) in bands.items()),
        "each posture's risk aversion lies within its band",
    ),
    (("posture_scores",), _rising, "scores rise from conservative to aggressive"),
    (("posture_tilt",), _rising, "tilts rise from conservative to aggressive"),
    (("stress_loss_limit",), _rising, "limits rise from conservative to aggressive"),
    (
        ("circuit_breakers",),
        lambda breakers: _rising(breakers["volatility"]),
        "volatilities rise from conservative to aggressive",
    ),
    (
        ("optimizer", "black_litterman_tau"),
        lambda optimizer, tau: optimizer != "RESAMPLED" or round(12 / tau) > _surveyed(),
        "under RESAMPLED, one over tau is years of more months than the survey has classes",
    ),
    (("reference_portfolio",), _whole, "weights sum to one"),
    (
        ("glidepath_sleeves",),
        lambda sleeves: all(map(_whole, sleeves.values())),
        "the weights of each sleeve sum to one",
    ),
    (
        ("class_series",),
        lambda mixes: all(map(_whole, mixes.values())),
        "the weights of each class sum to one",
    ),
    (
        ("stress_proxies",),
        lambda mixes: all(_whole(w) for m in mixes.values() for w in (*m["windows"], m["history"])),
        "the weights of each mix sum to one",
    ),
    (
        ("stress_path_limit",),
        lambda limits: all(isinstance(y, (int, float)) and 0 <= y <= 80 for y in limits),
        "years to retirement are numbers from 0 to 80",
    ),
    (
        ("glidepath_equity_range",),
        lambda r: r["lowest"] < r["highest"] and r["least_fall"] <= r["highest"] - r["lowest"],
        "the lowest lies below the highest, and the least fall is no more than lies between them",
    ),
    (
        ("fee_group_equity",),
        lambda share: share["bond"] < share["equity"],
        "bond lies below equity",
    ),
    (
        ("fee_illustration",),
        lambda ages: ages["first_age"] < ages["last_age"],
        "the first age lies below the last",
    ),
    *(
        (
            ("alert_limits",),
            partial(_severities_rise, rule),
            f"under {rule}, info lies below watch and watch below act",
        )
        for rule in ALERTS
    ),
    (
        ("alert_false_alarms",),
        lambda share: share["act"] <= share["watch"],
        "act rings by chance no more often than watch",
    ),
    (
        ("approvals_needed", "approval_roles"),
        lambda needed, roles: needed <= len(roles),
        "no more approvals are needed than there are roles",
    ),
    (
        ("model_tiers",),
        lambda tiers: tiers["tier"]["low"] <= tiers["tier"]["medium"] <= tiers["tier"]["high"],
        "low, medium and high rise in this order",
    ),
    (
        ("monitoring_window_months", "monitoring_record_months"),
        lambda window, record: window <= record,
        "the window is no longer than the record",
    ),
)


# ---- checks --------------------------------------------------------------------------------------


@cache
def _ours(root: Path) -> Policy:
    entries = data.mapping(root / "policy.yml")
    schema = _schema(root)
    if strange := sorted(set(entries) ^ set(schema)):
        raise DataError(
            f"policy.yml: {strange[0]}: is in one of policy.yml and policy_schema.yml only"
        )
    checked = {n: _entry("policy.yml", n, entry, schema[n]) for n, entry in entries.items()}
    return _related(Policy(checked), "policy.yml")


def _over(own: Mapping[str, Any], source: str, classes: tuple[str, ...]) -> Policy:
    ours = _ours(data.ROOT)
    schema = _schema(data.ROOT, classes)
    checked = {}
    for name, entry in own.items():
        if name not in ours.entries:
            near = data.near(str(name), ours.entries)
            raise DataError(
                f"{source}: {short(name)}: no such entry to override; did you mean {near}?"
            )
        checked[name] = _entry(source, name, entry, schema[name], ours.entries[name]["unit"])
    return _related(Policy({**ours.entries, **checked}, tuple(checked), classes), source)


def _related(policy: Policy, source: str) -> Policy:
    """The policy itself, if its entries keep `RELATIONS`; those among ours alone were checked when
    ours was read.
    """
    for names, holds, text in RELATIONS:
        concerned = [name for name in names if not policy.own or name in policy.own]
        if concerned and not holds(*(policy.entries[name]["value"] for name in names)):
            values = "; ".join(
                f"{name} is {short(policy.entries[name]['value'])}" for name in names
            )
            raise DataError(f"{source}: {concerned[0]}: it must be that {text}, but {values}")
    return policy


def _entry(source: str, name: str, entry: Any, schema: Any, our_unit: str | None = None) -> Entry:
    where = f"{source}: {name}"
    if not isinstance(entry, Mapping) or set(entry) != set(FIELDS):
        raise DataError(
            f"{where}: an entry has {', '.join(FIELDS)}, and only these; {short(entry)}"
        )
    for field in ("unit", "reason", "approver"):
        if not isinstance(entry[field], str) or not re.search(r"\w", entry[field]):
            raise DataError(f"{where}: {field} is {short(entry[field])}; say in words what it is")
    if our_unit is not None and _PERCENT.search(entry["unit"]) and not _PERCENT.search(our_unit):
        raise DataError(
            f"{where}: its unit is {our_unit!r}, not {entry['unit']!r}; write 0.40 for 40%"
        )
    day = entry["date"]
    try:
        day = date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise DataError(
            f"{where}: date is {short(entry['date'])}; write the day decided like 2026-06-30"
        )
    value = _keyed(entry["value"])
    if refused := problem(value, schema, name):
        raise DataError(f"{source}: {refused}")
    return {**{field: entry[field] for field in FIELDS}, "value": value, "date": day}


@cache
def _schema(root: Path, classes: tuple[str, ...] = ()) -> dict[str, Any]:
    read = data.mapping(root / "policy_schema.yml", aliases=True)
    # Every entry that names classes refers to this one list.
    read["kinds"]["asset_class"]["enum"].extend(classes)
    entries: dict[str, Any] = read["entries"]
    return entries


# ---- forms ---------------------------------------------------------------------------------------

_PERCENT = re.compile(r"percent\b|%", re.IGNORECASE)


def _copied(value: Any) -> Any:
    """A value of mappings, lists and what nobody can change, for a caller to keep."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _keyed(value: Any) -> Any:
    """A copy of a value in which keys that are numbers are numbers, as YAML has them and JSON has
    not.
    """
    if isinstance(value, Mapping):
        read = {k: number_in(k) if isinstance(k, str) else k for k in value}
        return {k if read[k] is None else read[k]: _keyed(v) for k, v in value.items()}
    return [_keyed(v) for v in value] if isinstance(value, (list, tuple)) else value


def _canonical(value: Any) -> Any:
    """What two ways of writing a value have in common: 1 is 1.0, as a key too, and the order of
    keys says nothing.
    """
    if isinstance(value, Mapping):
        return {
            str(int(k) if is_number(k) and k == int(k) else k): _canonical(v)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    return float(value) if is_number(value) else value
