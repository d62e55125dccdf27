"""Where does every input come from, and may it be used?

The reader of files (`portlib.plan` reads the plan's). A fact is a file in ``data/`` with an entry
in ``sources.yml``: title, publisher, date, URL, how sure we are, the unit of each column, SHA-256.
A file that disagrees is not read.

Left out: whether a number was copied correctly (tests check identities between numbers for that),
defaults in the corporate bonds, equity outside the United States. Files are read once a process;
restart it after edits.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from portlib.ranges import among

_HERE = Path(__file__).resolve().parent
#: The facts: inside the package where it is installed, in the checkout's folder where it is not.
#:
#: :meta hide-value:
ROOT = _HERE / "_data" if (_HERE / "_data").is_dir() else _HERE.parent / "data"

# The plausible range of each unit: a percentage filed as a decimal falls outside. None: text.
UNITS: dict[str, tuple[float, float] | None] = {
    "name": None,
    "text": None,
    "date": None,
    "confidence": None,
    "calendar year": (1900, 2100),
    "years": (-60, 130),
    "months": (1, 1200),
    "persons": (0, 100_000),
    "US dollars": (0, 1e7),
    "decimal per year": (-0.8, 1.0),
    "decimal over the window": (-1.0, 5.0),
    "correlation": (-1, 1),
    "decimal per month": (-0.6, 1.0),
    "index": (0, 1e5),
    "billions of US dollars": (0, 1e5),
    "weight": (0, 1),
    "probability": (0, 1),
    "tax rate": (0, 0.5),
    "fee, decimal per year": (0, 0.02),
}
CONFIDENCE = ("high", "medium", "low", "unverified")
_FIELDS = ("title", "publisher", "date", "url", "confidence", "checked", "note", "file", "sha256")


class DataError(ValueError):
    """An input that must not be used; names file, column, date or line, and what to do."""


def table(name: str) -> pd.DataFrame:
    """A table of ``data/``, a copy; indexed by its key where that is one column.

    Parameters
    ----------
    name : str
        The file's, without suffix.

    Raises
    ------
    DataError
        When checksum, columns, units or keys are not those of ``sources.yml``.

    Examples
    --------
    Whoever changes a table changes a copy:

    >>> mine = table("horizon_2025_assets")
    >>> mine["volatility"] = 0.0
    >>> bool(table("horizon_2025_assets").loc["us_large_equity", "volatility"] > 0)
    True
    """
    return _table(ROOT, name).copy()


def document(name: str) -> Mapping[str, Any]:
    """A YAML document of ``data/``: mappings and tuples that nobody can change.

    Parameters
    ----------
    name : str
        The file's, without suffix.

    Raises
    ------
    DataError
        When checksum or keys are not those of ``sources.yml``.

    Examples
    --------
    >>> limits = document("retirement_limits")
    >>> limits["social_security"]["wage_base"][2026]
    184500
    >>> limits["social_security"]["wage_base"][2026] = 0
    Traceback (most recent call last):
    TypeError: 'mappingproxy' object does not support item assignment
    """
    return _document(ROOT, name)


def sources() -> pd.DataFrame:
    """One row a source, with the entries of ``sources.yml`` and the units of its columns.

    Examples
    --------
    >>> told = sources()
    >>> told.loc["horizon_2025_assets", "unit"], told.index.name
    ('decimal per year', 'source')
    """
    rows = {
        name: {
            "unit": "; ".join(
                dict.fromkeys(u for u in entry.get("columns", {}).values() if UNITS[u])
            ),
            **entry,
        }
        for name, entry in _sources(ROOT).items()
    }
    order = [
        "title",
        "publisher",
        "date",
        "unit",
        "url",
        "sha256",
        "confidence",
        "checked",
        "file",
        "note",
    ]
    return pd.DataFrame.from_dict(rows, orient="index")[order].rename_axis("source")


def fingerprint(plan: Path | None = None) -> str:
    """Which inputs made this page? SHA-256 over sources (so over the packages' checksums), policy,
    data files, imported history, and what is read of the plan's folder, filings too.

    Examples
    --------
    >>> fingerprint() == fingerprint(ROOT / "plan"), len(fingerprint())
    (True, 64)

    It goes on in ``data.md``.
    """
    digest = hashlib.sha256()
    own = plan or ROOT / "plan"
    for root, prefix, files in ((ROOT, "", _files(ROOT)), (own, "plan/", _of_plan(own))):
        for path in files:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{prefix}{path.relative_to(root).as_posix()} {content}\n".encode())
    from portlib.history import folder, vintages

    if imported := folder():
        digest.update(f"history {vintages.fingerprint(imported)}\n".encode())
    return digest.hexdigest()


def source(name: str) -> dict[str, Any]:
    """One entry of ``sources.yml``, a copy.

    Raises
    ------
    DataError
        For a name that has none, with those that are spelt like it.

    Examples
    --------
    >>> mine = source("horizon_2025_assets")
    >>> mine["title"] = "changed"
    >>> source("horizon_2025_assets")["title"] == "changed"
    False
    >>> source("horizon_2025_asset")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: sources.yml: no entry 'horizon_2025_asset'; did you mean ...
    """
    if name not in (entries := _sources(ROOT)):
        raise DataError(
            f"sources.yml: no entry {name!r}; did you mean {near(name, list(entries))}?"
        )
    return copy.deepcopy(entries[name])


def history(*, corporate_bond_maturity_years: float = 20) -> pd.DataFrame:
    """The returns of the long record as one table, decimals by month end: 1949-01 to 2017-03, or
    what was imported.

    Examples
    --------
    >>> months = history()
    >>> f"{months.index[0]:%Y-%m} to {months.index[-1]:%Y-%m}, {len(months)} months"
    '1949-01 to 2017-03, 819 months'

    It goes on in ``data.md``.
    """
    from portlib.history import GROUPS, read

    names = [name for group in GROUPS.values() for name in group]
    record = read("long", corporate_bond_maturity_years=corporate_bond_maturity_years)
    # imported files begin in 1926, when some portfolios held no firm at all in some months
    first = max(pd.Timestamp("1949-01-31"), *(record[name].first for name in names))
    return record.months(*names, first=f"{first:%Y-%m}")


def near(name: str, known: Iterable[str]) -> str:
    """The known names that are spelt like ``name``, or all of them.

    Examples
    --------
    >>> near("us_marke", ["us_market", "bills"]), near("zzz", ["us_market", "bills"])
    ('us_market', 'bills, us_market')
    >>> near("zzz", "fedcba"), near("us_mark", [f"us_mark{n}" for n in range(6)]).count(",")
    ('a, b, c, d, e, f', 3)
    >>> near("TDIDY", ["tax", "TSMIDX", "TDIDX", "cash"])  # capitals are near to capitals
    'TDIDX, TSMIDX'
    """
    names = list(known)
    return ", ".join(difflib.get_close_matches(name, names, n=4, cutoff=0.4) or sorted(names))


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("[!.]*") if path.suffix in {".csv", ".yml"})


def _of_plan(root: Path) -> list[Path]:
    """What is read of a plan's folder: its tables, also as Parquet, its rules, and filings."""
    from portlib.inputs.nport import FOLDER

    filings = (path for path in (root / FOLDER).rglob("*") if path.suffix.lower() == ".xml")
    return sorted([*_files(root), *root.glob("[!.]*.parquet"), *filings])


#: No file of rules or decisions is longer, in bytes, or deeper nested.
_LONGEST, _DEEPEST = 2_000_000, 40


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path.name}: is no regular file")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error}") from error


def mapping(path: Path, *, aliases: bool = False) -> dict[str, Any]:
    """A YAML file's top level, as `strict_yaml` reads it; `DataError` where it is no mapping.

    Examples
    --------
    A file that is empty, or an empty list, does not say that there is nothing:

    >>> import tempfile
    >>> for text in ("house_cap: 0.4", "{}", "", "[]", "no mapping"):
    ...     with tempfile.TemporaryDirectory() as name:
    ...         path = Path(name, "rules.yml")
    ...         _ = path.write_text(text)
    ...         try:
    ...             print(mapping(path))
    ...         except DataError as error:
    ...             print(error)
    {'house_cap': 0.4}
    {}
    rules.yml: expected a mapping of names at top level
    rules.yml: expected a mapping of names at top level
    rules.yml: expected a mapping of names at top level
    """
    content = strict_yaml(path, aliases=aliases)
    if not isinstance(content, dict):
        raise DataError(f"{path.name}: expected a mapping of names at top level")
    return content


def strict_yaml(path: Path, *, aliases: bool = False) -> Any:
    """What a YAML file says.

    Parameters
    ----------
    path : Path
    aliases : bool
        Whether ``*names`` are read; they can make a small file explode.

    Raises
    ------
    DataError
        Where YAML would guess or explode: for keys given twice, aliases that are not allowed, deep
        nests, and files that are too long or no YAML.

    Examples
    --------
    >>> strict_yaml(Path("none.yml"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    portlib.data.DataError: none.yml: cannot be read: ...

    It goes on in ``data.md``.
    """
    import yaml

    text = _bytes(path)
    if len(text) > _LONGEST:
        raise DataError(
            f"{path.name}: is longer than {_LONGEST:,} bytes; no rules or decisions are"
        )
    try:
        _plain_yaml(path.name, text, aliases=aliases)
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path.name}: is not YAML: {error}") from error


def _plain_yaml(name: str, text: bytes, *, aliases: bool) -> None:
    """Raise `DataError` for keys given twice, nests beyond any use, and aliases not allowed."""
    import yaml

    open_: list[tuple[set[str] | None, int]] = []  # keys seen (None in a list), nodes met
    for event in yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) and not aliases:
            raise DataError(
                f"{name}: line {line}: write the value out; aliases (*{event.anchor}) are not read"
            )
        if isinstance(event, yaml.NodeEvent) and open_:
            keys, met = open_[-1]
            if keys is not None and met % 2 == 0 and isinstance(event, yaml.ScalarEvent):
                if event.value in keys:
                    raise DataError(
                        f"{name}: line {line}: {event.value!r} is given twice; keep one of the two"
                    )
                keys.add(event.value)
            open_[-1] = keys, met + 1
        if isinstance(event, yaml.CollectionStartEvent):
            open_.append((set() if isinstance(event, yaml.MappingStartEvent) else None, 0))
            if len(open_) > _DEEPEST:
                raise DataError(f"{name}: line {line}: is nested deeper than {_DEEPEST} times")
        elif isinstance(event, yaml.CollectionEndEvent):
            open_.pop()


@cache
def _sources(root: Path) -> dict[str, dict[str, Any]]:
    entries = mapping(root / "sources.yml")
    for name, entry in entries.items():
        if absent := [field for field in _FIELDS if field not in entry]:
            raise DataError(
                f"sources.yml: {name} lacks {', '.join(absent)}; write null where unknown"
            )
        if strange := {entry["confidence"]} - {*CONFIDENCE} | {
            *entry.get("columns", {}).values()
        } - {*UNITS}:
            unknown = ", ".join(sorted(map(repr, strange)))
            raise DataError(
                f"sources.yml: {name}: {unknown}: no confidence or unit that portlib.data knows"
            )
    listed = {"sources.yml", "policy.yml", "model_inventory.yml"}
    listed |= {"policy_schema.yml", "plan_schema.yml"}
    listed |= {entry["file"] for entry in entries.values()}
    for path in _files(root):
        if path.relative_to(root).as_posix() not in listed:
            raise DataError(
                f"{path.name}: no source is recorded for it; add it to sources.yml or remove it"
            )
    return entries


def _verified(root: Path, name: str, suffix: str) -> tuple[Path, dict[str, Any]]:
    entries = {
        key: entry for key, entry in _sources(root).items() if entry["file"].endswith(suffix)
    }
    if name not in entries:
        raise DataError(
            f"sources.yml: no {suffix} file {name!r}; did you mean {near(name, list(entries))}?"
        )
    path = root / entries[name]["file"]
    checksum(path, entries[name]["sha256"])
    return path, entries[name]


def checksum(path: Path, expected: str) -> None:
    """`DataError` unless the file has that SHA-256."""
    found = hashlib.sha256(_bytes(path)).hexdigest()
    if found != expected:
        raise DataError(
            f"{path.name}: SHA-256 is {found}, not {expected} as in sources.yml; restore it "
            "or, if the change is intended, record the new checksum with its source and date"
        )


def checked(
    frame: pd.DataFrame, units: Mapping[str, str], key: Sequence[str], name: str
) -> pd.DataFrame:
    """The table itself, if values are of their columns' `UNITS` (or empty) and the key identifies
    rows.

    Parameters
    ----------
    frame : DataFrame
    units : mapping
        The unit of each column to be checked.
    key : sequence of str
        Columns that together identify a row.
    name : str
        The file, for messages.

    Raises
    ------
    DataError
        Naming column and line.

    Examples
    --------
    >>> frame = pd.DataFrame({"fund": ["A", "B"], "fee": [0.01, None]})
    >>> checked(frame, {"fee": "fee, decimal per year"}, ["fund"], "mine.csv") is frame
    True

    It goes on in ``data.md``.
    """
    among("column", [*units, *key], frame.columns, error=DataError)
    among("unit", units.values(), UNITS, error=DataError)
    for column, unit in units.items():
        values = frame[column].to_numpy()
        bounds = UNITS[unit]
        bad = ~np.isin(values, CONFIDENCE) & (unit == "confidence")
        if bounds:
            number = np.asarray(pd.to_numeric(values, errors="coerce"), float)
            bad = ~((number >= bounds[0]) & (number <= bounds[1])) & ~pd.isna(values)
        if bad.any():
            first = int(bad.argmax())
            where = f"{name}: column {column!r}, line {first + 2}"
            value = values.tolist()[first]
            raise DataError(f"{where}: {value!r} is no {unit!r} in {bounds or CONFIDENCE}")
    if (doubtful := frame.duplicated(list(key)) | frame[list(key)].isna().any(axis=1)).any():
        raise DataError(
            f"{name}: line {int(doubtful.argmax()) + 2}: {list(key)} does not identify one row"
        )
    return frame


@cache
def _table(root: Path, name: str) -> pd.DataFrame:
    path, entry = _verified(root, name, ".csv")
    units = entry["columns"]
    key = entry["key"]
    frame = pd.read_csv(
        path, dtype={column: str for column, unit in units.items() if UNITS[unit] is None}
    )
    if list(frame.columns) != list(units):
        differing = sorted(set(frame.columns) ^ set(units)) or "their order"
        raise DataError(f"{path.name}: columns differ from sources.yml: {differing}")
    frame = checked(frame, units, key, path.name)
    return frame.set_index(key[0]) if len(key) == 1 else frame


@cache
def _document(root: Path, name: str) -> Mapping[str, Any]:
    path, entry = _verified(root, name, ".yml")
    content = mapping(path)
    if differing := sorted(set(content) ^ set(entry["keys"])):
        raise DataError(f"{path.name}: keys differ from sources.yml: {differing}")
    fixed: Mapping[str, Any] = _fixed(content)
    return fixed


def _fixed(value: Any) -> Any:
    """What a YAML file says, as values that everybody may share."""
    if isinstance(value, dict):
        return MappingProxyType({key: _fixed(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return tuple(_fixed(inner) for inner in value)
    return value
