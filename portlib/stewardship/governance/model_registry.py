"""Which code, data, policy and plan made this number, and would they make it again?

A result is *pinned*: it carries the SHA-256 of the sources of portlib, of the data files, of the
policy in force and of the plan. A registry accepts a result only if all four are those that were
registered, and names what differs. Results are compared by the digest of their values rounded to
stated digits: two runs on one machine must agree exactly.

Across machines no digest can promise that. Two correct computations may differ in the last bits,
and a value that lies within their difference ``e`` of a rounding boundary rounds apart: for values
spread over many steps of ``10**-d``, each does with probability about ``e / 10**-d``. So across
machines `disagreements` compares the values themselves.

The inventory lists every model with what it is for, what it leaves out, its owner's role and how
much rides on it. Left out: vetting of the libraries beneath; the lock file pins their versions and
hashes.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

import portlib
from portlib import data
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.schema import plain
from portlib.stewardship.audit_log import AuditLog, canonical

LAYERS = ("estimation", "construction", "retirement", "stewardship")


class RegistryError(ValueError):
    """A result or a model that the registry refuses; names it and what differs."""


class PinMismatch(RegistryError):
    """A result made by other code, data, policy or plan than those registered; names which."""


class ResultMismatch(RegistryError):
    """A result whose values are not those that its digest stands for."""


class InventoryError(RegistryError):
    """A model without an entry, or an entry without a model or with a grade that does not exist."""


# ---- what made it --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pins:
    """SHA-256 of what makes a result: sources of portlib, data files, policy in force, plan.

    Examples
    --------
    >>> one = Pins("c", "d", "e", "f")
    >>> each = [Pins("x", "d", "e", "f"), Pins("c", "x", "e", "f"), Pins("c", "d", "x", "f")]
    >>> plan = Pins("c", "d", "e", "x")  # each alone makes another model; the plan does not
    >>> len({pins.model for pins in [one, *each]}), plan.model == one.model
    (4, True)
    >>> len({pins.fingerprint for pins in [one, *each, plan]})
    5
    >>> one.model == hashlib.sha256(b'{"code":"c","data":"d","policy":"e"}').hexdigest()
    True
    >>> told = b'{"code":"c","data":"d","plan":"f","policy":"e"}'
    >>> one.fingerprint == hashlib.sha256(told).hexdigest()
    True
    >>> one.differing(Pins("c", "x", "e", "y")), one.differing(Pins("c", "d", "e", "f"))
    (('data', 'plan'), ())
    """

    code: str
    data: str
    policy: str
    plan: str

    @property
    def model(self) -> str:
        """One SHA-256 for code, data and policy: the model, whichever plan it serves. A certificate
        names it."""
        return _sha(canonical({"code": self.code, "data": self.data, "policy": self.policy}))

    @property
    def fingerprint(self) -> str:
        """One SHA-256 for all four."""
        return _sha(canonical(asdict(self)))

    def differing(self, other: Pins) -> tuple[str, ...]:
        """Which of the four are not the same."""
        return tuple(name for name, value in asdict(self).items() if value != getattr(other, name))


def pins(plan: Plan, *, code: Path | None = None) -> Pins:
    """What would make a result now, for `plan`; `code` is another folder of sources than the one in
    use.

    Examples
    --------
    >>> import tempfile
    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(policy=SimpleNamespace(fingerprint="e"), fingerprint="f")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.py").write_text("x = 1")
    ...     made = pins(plan, code=Path(folder))
    ...     made.code == code_fingerprint(Path(folder)), made.policy, made.plan
    (True, 'e', 'f')
    >>> made.data == _sha(canonical(dict(data.sources()["sha256"])))
    True
    >>> pins(plan).code == code_fingerprint(), pins(plan).code == made.code
    (True, False)
    """
    files = data.sources()["sha256"].to_dict()
    return Pins(
        code_fingerprint(code), _sha(canonical(files)), plan.policy.fingerprint, plan.fingerprint
    )


def code_fingerprint(folder: Path | None = None) -> str:
    """SHA-256 over the sources of a package, by name, with line ends as one character on every
    system.

    Examples
    --------
    >>> import tempfile
    >>> def sha(text):
    ...     return hashlib.sha256(text.encode()).hexdigest()
    >>> folder = tempfile.TemporaryDirectory()
    >>> root = Path(folder.name)
    >>> code_fingerprint(root)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.RegistryError: ...: no sources there
    >>> for name, text in {
    ...     "b.py": "y = 2\\r\\n",
    ...     "a/__init__.py": "x = 1",
    ...     ".hidden/a.py": "",
    ...     "d.txt": "",
    ... }.items():
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     _ = (root / name).write_bytes(text.encode())
    >>> inside = f'{{"a/__init__.py":"{sha("x = 1")}","b.py":"{sha(chr(121) + " = 2" + chr(10))}"}}'
    >>> code_fingerprint(root) == sha(inside)
    True
    >>> folder.cleanup()
    """
    root = Path(str(portlib.__file__)).parent if folder is None else folder
    files = {
        path.relative_to(root).as_posix(): _sha(path.read_text(encoding="utf-8"))
        for path in _sources(root)
    }
    if not files:
        raise RegistryError(f"{root}: no sources there")
    return _sha(canonical(files))


def _sources(folder: Path) -> list[Path]:
    """The modules of a folder in order, without an editor's hidden copies
    (``.ipynb_checkpoints``)."""
    found = sorted(folder.rglob("*.py"))
    return [path for path in found if "/." not in f"/{path.relative_to(folder).as_posix()}"]


def policy_values(policy: Policy) -> dict[str, Any]:
    """Every value of a policy, by name, as plain data: what is adopted and compared.

    Examples
    --------
    >>> from portlib import policy
    >>> ours = policy.read().replace(max_single_fund=0.35)
    >>> told = policy_values(ours)
    >>> told["max_single_fund"], set(told) == set(ours.entries)
    (0.35, True)
    """
    return {name: plain(policy[name]) for name in policy.entries}


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ---- results -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What a model made: its name, the values (plain data), what made them, and the values'
    digest."""

    model: str
    values: Mapping[str, Any]
    pins: Pins
    digest: str


def result(model: str, values: Mapping[str, Any], made_by: Pins, digits: int) -> Result:
    """A pinned result.

    Parameters
    ----------
    model : str
        Its name.
    values : mapping
        Plain data.
    made_by : Pins
        Code, data, policy and plan.
    digits : int
        Decimals of the values' digest, from 1 to 15.

    Returns
    -------
    Result

    Raises
    ------
    RegistryError
        As `result_digest`.

    Examples
    --------
    >>> made = Pins("c", "d", "e", "f")
    >>> one = result("toy", {"w": [0.123456, 0.876544]}, made, 3)
    >>> one.model, one.values, one.pins == made
    ('toy', {'w': [0.123456, 0.876544]}, True)
    >>> one.digest == hashlib.sha256(b'{"w":[0.123,0.877]}').hexdigest()
    True
    """
    return Result(model, dict(values), made_by, result_digest(values, digits))


def result_digest(values: Any, digits: int) -> str:
    """SHA-256 of plain data, every number rounded to `digits` decimals; minus zero is zero.

    Raises
    ------
    RegistryError
        For digits that are no whole number from 1 to 15: at none, all weights are one.

    Examples
    --------
    Results that agree at the digits are one result.

    >>> ours, theirs = {"w": [0.25, 0.75]}, {"w": [0.2500001, 0.7499999]}
    >>> [result_digest(ours, digits) == result_digest(theirs, digits) for digits in (6, 7)]
    [True, False]

    Minus zero is zero, a tuple is a list, whole numbers and text stay as they are:

    >>> said = {"b": (-0.0, 2, "x"), "a": {3: -0.00004}}
    >>> result_digest(said, 4) == hashlib.sha256(b'{"a":{"3":0.0},"b":[0.0,2,"x"]}').hexdigest()
    True
    >>> for digits in (0, 16, True, 2.0):
    ...     try:
    ...         result_digest(said, digits)
    ...     except RegistryError as error:
    ...         print(error)
    digits are 0; give a whole number from 1 to 15
    digits are 16; give a whole number from 1 to 15
    digits are True; give a whole number from 1 to 15
    digits are 2.0; give a whole number from 1 to 15
    >>> len(result_digest(said, 1)), len(result_digest(said, 15))
    (64, 64)
    """
    if type(digits) is not int or not 1 <= digits <= 15:
        raise RegistryError(f"digits are {digits!r}; give a whole number from 1 to 15")
    return _sha(canonical(_rounded(values, digits)))


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _rounded(v, digits) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v, digits) for v in value]
    return round(value, digits) + 0.0 if isinstance(value, float) else value


def disagreements(ours: Any, theirs: Any, tolerance: float) -> list[str]:
    """Where two results differ: in structure, in text, or in a number by more than `tolerance`.

    Parameters
    ----------
    ours, theirs : plain data
        Mappings, lists, numbers and text.
    tolerance : float
        Absolute, from 0 to below 1.

    Returns
    -------
    list of str
        By path; empty where they agree.

    Raises
    ------
    RegistryError
        For a tolerance that is no number from 0 to below 1.

    Examples
    --------
    >>> ours = {"w": [0.25, 0.5], "name": "a", "n": 3, "ok": True, "old": 1}
    >>> theirs = {"w": (0.375, 0.25), "name": "b", "n": 3.0, "ok": 1, "new": 2}
    >>> disagreements(ours, theirs, 0.125)
    ['/new is only in one', '/old is only in one', '/w/1: 0.5 and 0.25', "/name: 'a' and 'b'"]
    >>> disagreements(ours, theirs, 0.1)[2:]
    ['/w/0: 0.25 and 0.375', '/w/1: 0.5 and 0.25', "/name: 'a' and 'b'"]
    >>> disagreements({"x": 1000.0}, {"x": 1000.1}, 0.0)
    ['/x: 1000.0 and 1000.1']
    >>> disagreements({"x": 1.0, "y": None, "z": True}, {"x": "1", "y": 0.0, "z": 0.999}, 0.5)
    ["/x: 1.0 and '1'", '/y: None and 0.0', '/z: True and 0.999']
    >>> disagreements({"v": [], "m": {}, "n": [0]}, {"m": [], "n": []}, 0.5)  # empty is not absent
    ['/n is only in one', '/n/0 is only in one', '/v is only in one', '/m: {} and []']
    >>> disagreements({"v": [], "m": {}}, {"v": (), "m": {}}, 0.5)
    []
    >>> disagreements(ours, ours, 1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.RegistryError: tolerance is 1; give a ...
    >>> disagreements(ours, ours, -0.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.RegistryError: tolerance is -0.1; give a ...
    """
    if not 0 <= tolerance < 1:
        raise RegistryError(f"tolerance is {tolerance}; give a decimal from 0 to below 1")
    a, b = (dict(_leaves(values, "")) for values in (ours, theirs))
    lost = [f"{path} is only in one" for path in sorted(set(a) ^ set(b))]
    return lost + [
        f"{path}: {a[path]!r} and {b[path]!r}"
        for path in a
        if path in b and not _same(a[path], b[path], tolerance)
    ]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{path}/{name}")
    elif isinstance(value, (list, tuple)) and value:
        for i, item in enumerate(value):
            yield from _leaves(item, f"{path}/{i}")
    else:  # what holds nothing is there all the same
        yield path, [] if value == () else value


def _same(a: Any, b: Any, tolerance: float) -> bool:
    numbers = all(isinstance(x, (int, float)) and not isinstance(x, bool) for x in (a, b))
    return math.isclose(a, b, rel_tol=0, abs_tol=tolerance) if numbers else bool(a == b)


# ---- the registry --------------------------------------------------------------------------------


def register(
    log: AuditLog,
    model: str,
    made_by: Pins,
    *,
    at: datetime,
    actor: str,
    digits: int,
    approval: int | None = None,
) -> None:
    """Write down that `model` is what these pins say, from now on, and at how many digits results
    are compared.

    Parameters
    ----------
    log : AuditLog
    model : str
        Its name.
    made_by : Pins
        Code, data, policy and plan.
    at : datetime
        Now, with its zone.
    actor : str
        Who writes.
    digits : int
        Decimals at which results are compared, from 1 to 15.
    approval : int, optional
        Number of the event that allowed it.

    Examples
    --------
    >>> from datetime import UTC
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> old, new = Pins("c", "d", "e", "f"), Pins("c2", "d", "e", "f")
    >>> register(log, "toy", old, at=at, actor="research", digits=3)
    >>> register(log, "other", old, at=at, actor="research", digits=8)
    >>> register(log, "toy", new, at=at, actor="chair", digits=4, approval=2)
    >>> registered(log, "toy") == new, registered(log, "other") == old
    (True, True)
    >>> last = log.events()[-1]
    >>> last.actor, last.body["model"], last.body["digits"], last.body["approval"]
    ('chair', 'toy', 4, 2)
    >>> register(log, "toy", new, at=at, actor="chair", digits=0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.RegistryError: digits are 0; give a whole ...
    >>> registered(log, "none")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.RegistryError: no model 'none' is ...
    """
    result_digest(0.0, digits)  # refuses digits that are none
    log.append(
        "models",
        "ModelRegistered",
        at=at,
        actor=actor,
        body={
            "model": model,
            "pins": asdict(made_by),
            "digits": digits,
            "approval": approval,
        },
    )


def registered(log: AuditLog, model: str) -> Pins:
    """The pins last registered under the name; RegistryError if none are."""
    return Pins(**_registration(log, model)["pins"])


def _registration(log: AuditLog, model: str) -> Mapping[str, Any]:
    for event in reversed(log.events("models", "ModelRegistered")):
        if event.body["model"] == model:
            return event.body
    raise RegistryError(
        f"no model {model!r} is registered; register it before its results are used"
    )


def accept(log: AuditLog, made: Result, *, at: datetime, actor: str) -> None:
    """Accept a result, or refuse it by name; either is an event.

    Parameters
    ----------
    log : AuditLog
    made : Result
    at : datetime
        Now, with its zone.
    actor : str
        Who accepts.

    Raises
    ------
    PinMismatch
        Naming which of code, data, policy and plan are not the registered ones.
    ResultMismatch
        When the values are not those of the digest, at the digits that were registered.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from datetime import UTC
    >>> log, at = AuditLog(), datetime(2026, 11, 29, tzinfo=UTC)
    >>> made = Pins("c", "d", "e", "f")
    >>> register(log, "toy", made, at=at, actor="research", digits=3)
    >>> one = result("toy", {"w": 0.1234}, made, 3)
    >>> accept(log, one, at=at, actor="chair")
    >>> accept(
    ...     log, replace(one, values={"w": 0.1232}), at=at, actor="chair"
    ... )  # the same at 3 digits
    >>> accept(log, replace(one, values={"w": 0.1236}), at=at, actor="chair")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.ResultMismatch: toy: its values do not ...
    >>> accept(
    ...     log, replace(one, pins=Pins("c", "d2", "e", "f2")), at=at, actor="chair"
    ... )  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.PinMismatch: toy: made by other data and ...
    >>> accept(
    ...     log, result("toy", {"w": 0.1234}, made, 4), at=at, actor="chair"
    ... )  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.model_registry.ResultMismatch: toy: its values do not ...
    >>> [(e.name, e.actor, e.body.get("differing")) for e in log.events()[1:5]]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('ResultAccepted', 'chair', None), ('ResultAccepted', 'chair', None),
     ('ResultRefused', 'chair', []), ('ResultRefused', 'chair', ['data', 'plan'])]
    >>> kept = log.events()[1].body
    >>> kept["model"], kept["digest"] == one.digest, kept["pins"] == made.fingerprint
    ('toy', True, True)
    """
    digits = _registration(log, made.model)["digits"]
    different = made.pins.differing(registered(log, made.model))
    body = {"model": made.model, "digest": made.digest, "pins": made.pins.fingerprint}
    if different or result_digest(made.values, digits) != made.digest:
        log.append(
            "models",
            "ResultRefused",
            at=at,
            actor=actor,
            body={**body, "differing": list(different)},
        )
        if different:
            raise PinMismatch(
                f"{made.model}: made by other {' and '.join(different)} than registered; make "
                f"it again, "
                "or register the change once it is approved"
            )
        raise ResultMismatch(
            f"{made.model}: its values do not give digest {made.digest[:12]}; they were changed "
            f"since"
        )
    log.append("models", "ResultAccepted", at=at, actor=actor, body=body)


# ---- the inventory -------------------------------------------------------------------------------


def models(root: Path | None = None) -> tuple[str, ...]:
    """Every module of the four layers as ``layer.name`` or ``layer.chapter.name``, in order.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in (
    ...         "stewardship/a/z.py",
    ...         "stewardship/a/__init__.py",
    ...         "estimation/b.py",
    ...         "c.py",
    ...     ):
    ...         Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
    ...         Path(folder, name).touch()
    ...     models(Path(folder))
    ('estimation.b', 'stewardship.a.z')
    >>> "stewardship.governance.model_registry" in models(), "policy" in models()
    (True, False)
    """
    folder = Path(str(portlib.__file__)).parent if root is None else root
    paths = (path for layer in LAYERS for path in _sources(folder / layer))
    return tuple(
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in paths
        if path.stem != "__init__"
    )


#: What a module may be that estimates nothing, and so is no model by SR 26-2.
NO_MODELS = {
    "record": "keeps what happened",
    "control": "lets through or stops",
    "rule": "states what law, policy or documents say",
}
#: The tier of what is no model.
NO_TIER = "no model"


def graded() -> dict[str, dict[str, str]]:
    """Exposure and use of each model, by name, as ``data/model_inventory.yml`` grades them.

    Examples
    --------
    >>> graded()["stewardship.audit_log"], set(graded()) == set(models())
    ({'kind': 'record'}, True)
    """
    listed: dict[str, dict[str, str]] = data.mapping(data.ROOT / "model_inventory.yml")["models"]
    return listed


def inventory(
    graded: Mapping[str, Mapping[str, str]],
    owners: Mapping[str, str],
    tiers: Mapping[str, Any],
    names: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    """One row a model: purpose, limits, owner, exposure, use and tier.

    Purpose is the question with which the module opens, limits the sentences from "Left out" on:
    they are read from the sources, so that they cannot drift. Owners and tiers are policy.

    Parameters
    ----------
    graded : mapping
        By model, ``exposure`` and ``use``, each a grade of `tiers`; for what is no model, ``kind``,
        one of `NO_MODELS`.
    owners : mapping
        Role by layer.
    tiers : mapping
        ``exposure`` and ``use`` give points by grade; ``tier`` the least product of both by tier,
        most first.
    names : tuple of str, optional
        The models that there are; `models` unless given.

    Returns
    -------
    DataFrame

    Raises
    ------
    InventoryError
        Naming models without entry, entries without model, and unknown grades.

    Examples
    --------
    Points are exposure times use: 6 for one, 3 for the other, at the least that the tiers ask.

    >>> names = ("estimation.draws", "estimation.months", "stewardship.audit_log")
    >>> tiers = {"exposure": {"large": 3, "small": 1}, "use": {"decides": 2, "informs": 1}}
    >>> tiers["tier"] = {"high": 6, "medium": 3, "low": 1}
    >>> owners = {"estimation": "research", "stewardship": "compliance"}
    >>> grades = {
    ...     "stewardship.audit_log": {"kind": "record"},
    ...     "estimation.months": {"exposure": "large", "use": "informs"},
    ...     "estimation.draws": {"exposure": "large", "use": "decides"},
    ... }
    >>> found = inventory(grades, owners, tiers, names)
    >>> found[["owner", "kind", "use", "tier"]].to_numpy().tolist()
    ... # doctest: +NORMALIZE_WHITESPACE
    [['research', 'model', 'decides', 'high'], ['research', 'model', 'informs', 'medium'],
     ['compliance', 'record', 'keeps what happened', 'no model']]
    >>> found.index.tolist() == list(names), found.loc["stewardship.audit_log", "exposure"]
    (True, '')
    >>> found.loc["estimation.months", "limits"]
    'whether the returns are right, and days within a month.'
    >>> found.loc["stewardship.audit_log", "purpose"]
    'What happened, in which order, and has anyone changed the record since?'

    It goes on in ``model_registry.md``.
    """
    there = models() if names is None else names
    if lost := sorted(set(there) - set(graded)):
        raise InventoryError(
            f"not in the inventory: {', '.join(lost)}; grade them in data/model_inventory.yml"
        )
    if gone := sorted(set(graded) - set(there)):
        raise InventoryError(
            f"in the inventory but no model of portlib: {', '.join(gone)}; remove them"
        )
    rows = {}
    for name in there:
        entry = graded[name]
        kind = entry.get("kind", "model")
        if kind != "model" and (kind not in NO_MODELS or len(entry) > 1):
            raise InventoryError(
                f"{name}: {dict(entry)} is no kind alone of {', '.join(NO_MODELS)}, and no grades"
            )
        owner = owners.get(name.split(".")[0])
        if not owner:
            raise InventoryError(f"{name}: no owner for its layer")
        if kind != "model":
            purpose, limits = described(name)
            told = {"purpose": purpose, "limits": limits, "owner": owner, "kind": kind}
            rows[name] = {**told, "exposure": "", "use": NO_MODELS[kind], "tier": NO_TIER}
            continue
        for what in ("exposure", "use"):
            if entry.get(what) not in tiers[what]:
                raise InventoryError(
                    f"{name}: {what} {entry.get(what)!r} is none of {', '.join(tiers[what])}"
                )
        points = tiers["exposure"][entry["exposure"]] * tiers["use"][entry["use"]]
        tier = next((tier for tier, least in tiers["tier"].items() if points >= least), None)
        if tier is None:
            raise InventoryError(f"{name}: no tier for {points} points")
        purpose, limits = described(name)
        rows[name] = {
            "purpose": purpose,
            "limits": limits,
            "owner": owner,
            "kind": kind,
            **entry,
            "tier": tier,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def carried(inventory: pd.DataFrame, root: Path | None = None) -> pd.Series:
    """How many models of the highest tier stand on each model, directly or through others?

    Aggregate risk (SR 26-2, section III) is what one error reaches: a model of no great materiality
    by itself may carry many that decide.

    Parameters
    ----------
    inventory : from `inventory`.
    root : the package's folder; portlib's own unless given.

    Returns
    -------
    Series by model
        Most first; what is no model is left out.

    Examples
    --------
    In a package of four, the highest model stands on a second, which stands on a third; a fourth is
    read through a chapter's face.

    >>> import tempfile
    >>> sources = {
    ...     "retirement.top": "from portlib.construction import middle",
    ...     "construction.middle": "from portlib.estimation.below import x",
    ...     "estimation.below": "from portlib.stewardship.monitoring import alerts",
    ...     "stewardship.monitoring.alarms": "import math",
    ...     "retirement.also": "from portlib.retirement.top import y",
    ...     "estimation.rule": "from portlib.retirement.top import y",
    ... }
    >>> tiers = {"retirement.top": "high", "retirement.also": "high", "estimation.rule": "no model"}
    >>> listed = pd.DataFrame({"tier": [tiers.get(name, "low") for name in sources]}, list(sources))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, text in sources.items():
    ...         path = Path(folder, name.replace(".", "/") + ".py")
    ...         path.parent.mkdir(parents=True, exist_ok=True)
    ...         _ = path.write_text(text)
    ...     found = carried(listed, Path(folder))
    ...     lower = carried(listed.replace("high", "medium"), Path(folder))
    >>> for name, count in found.items():
    ...     print(count, name)
    2 construction.middle
    2 estimation.below
    2 stewardship.monitoring.alarms
    1 retirement.top
    0 retirement.also
    >>> lower.equals(found), found.name
    (True, 'carries')

    It goes on in ``model_registry.md``.
    """
    folder = Path(str(portlib.__file__)).parent if root is None else root
    names = set(inventory.index)
    uses = {name: _imported(folder / f"{name.replace('.', '/')}.py", names) for name in names}
    reached = {name: set(direct) for name, direct in uses.items()}
    for _ in names:
        grown = {n: known.union(*(reached[m] for m in known)) for n, known in reached.items()}
        if grown == reached:
            break
        reached = grown
    top = inventory.index[inventory["tier"] == _highest(inventory)]
    counts = {
        name: sum(name in reached[other] for other in top if other != name)
        for name in inventory.index[inventory["tier"] != NO_TIER]
    }
    return pd.Series(counts, name="carries").sort_values(ascending=False, kind="stable")


def _highest(inventory: pd.DataFrame) -> str:
    """The highest tier in which a model is.

    Examples
    --------
    >>> [
    ...     _highest(pd.DataFrame({"tier": tiers}))
    ...     for tiers in (["low", "high", "medium"], ["low", "medium", NO_TIER], [NO_TIER, "low"])
    ... ]
    ['high', 'medium', 'low']
    """
    return str(next(t for t in ("high", "medium", "low") if t in set(inventory["tier"])))


def _imported(path: Path, names: set[str]) -> set[str]:
    """The modules of the inventory that a source imports, inside its functions too; a chapter's
    face stands for the modules from which the names come that are taken out of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    faces: dict[str, ModuleType] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(_own(alias.name) for alias in node.names)
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("portlib."):
            continue
        module = _own(str(node.module))
        for alias in node.names:
            if f"{module}.{alias.name}" in names:
                found.add(f"{module}.{alias.name}")
            elif module in names:
                found.add(module)
            else:
                thing = getattr(importlib.import_module(f"portlib.{module}"), alias.name, None)
                found.add(_home(thing))
                if isinstance(thing, ModuleType):
                    faces[alias.asname or alias.name] = thing
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(_home(getattr(faces.get(node.value.id), node.attr, None)))
    return found & names


def _home(thing: Any) -> str:
    """The module that a thing comes from, as the inventory names it; a module is its own."""
    if isinstance(thing, ModuleType):
        return _own(thing.__name__)
    return _own(str(getattr(thing, "__module__", "")))


def _own(module: str) -> str:
    return module.removeprefix("portlib.")


def described(name: str) -> tuple[str, str]:
    """A module's purpose, the first sentence of its docstring, and its limits, what it says it
    leaves out.

    Examples
    --------
    >>> described("estimation.draws")[1]
    'regimes, and any dependence longer than a block.'
    >>> described("stewardship.governance.certificates")[0][-46:]
    ', before a model is used or a decision stands?'
    >>> import sys
    >>> for said in (None, "no stop", "Ends here! Left out: a and b."):
    ...     sys.modules["portlib.said"] = ModuleType("said", said)
    ...     try:
    ...         print(described("said"))
    ...     except InventoryError as error:
    ...         print(error)
    said: its docstring does not open with what it is for
    said: its docstring does not open with what it is for
    ('Ends here!', 'a and b.')
    >>> del sys.modules["portlib.said"]
    """
    text = " ".join((importlib.import_module(f"portlib.{name}").__doc__ or "").split())
    purpose = re.match(r".+?[.?!](?=\s|$)", text)
    limits = re.search(r"(?:What it leaves out|Left out|Leaves out)\s*:?\s*(.+)", text)
    if not purpose:
        raise InventoryError(f"{name}: its docstring does not open with what it is for")
    return purpose[0], limits[1] if limits else ""
