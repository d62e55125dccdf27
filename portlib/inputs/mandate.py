"""Which limits has this plan beyond the committee's policy, and which clause asks for each?

``mandate.yml`` states each by its kind and arguments; `portlib.construction` makes rules of them.
Left out: limits that depend on the market or on time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portlib.inputs.classes import ROLES, Classes
from portlib.tables import Findings
from portlib.tables.columns import near_word

FILE = "mandate.yml"
#: By kind: what it says, the arguments it must have, and those it may have.
KINDS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "position_limit": ("no fund, or none of `funds`, above `upper`", ("upper",), ("funds",)),
    "position_floor": ("each of `funds` at least `lower`", ("funds", "lower"), ()),
    "exclusion": ("none of `funds` is held", ("funds",), ()),
    "group_limit": ("`funds` together within limits", ("funds",), ("lower", "upper")),
    "class_limit": (
        "`classes` together, looking through the funds, within limits",
        ("classes",),
        ("lower", "upper"),
    ),
    "role_limit": (
        "classes of one `role`, looking through the funds, within limits",
        ("role",),
        ("lower", "upper"),
    ),
    "score_floor": (
        "the weighted score of `scores` by fund at least `floor`, in the scores' own unit",
        ("scores", "floor"),
        (),
    ),
    "expense_limit": ("the weighted expense ratio at most `upper`", ("upper",), ()),
    "volatility_limit": ("volatility at most `limit`, annual decimal", ("limit",), ()),
    "tracking_error": (
        "volatility against `benchmark` (weights by fund) at most `limit`",
        ("benchmark", "limit"),
        (),
    ),
    "turnover": ("one-way turnover from what is held at most `limit`", ("limit",), ()),
    "liquidity_limit": (
        "no fund above `share` of its `daily_volume` (US dollars by fund) times the days that "
        "`share` allows, of `portfolio_value`",
        ("daily_volume", "portfolio_value", "share"),
        (),
    ),
}
_BY_FUND = ("scores", "benchmark", "daily_volume")
_COMMON = ("name", "kind", "clause", "penalty")
#: Range of each number; 40 for 40% falls outside.
_RANGES = {
    "upper": (0.0, 1.0),
    "lower": (0.0, 1.0),
    "floor": (-1e9, 1e9),
    "limit": (0.0, 1.0),
    "share": (0.0, 100.0),
    "portfolio_value": (1.0, 1e13),
    "penalty": (1e-9, 10.0),
}


@dataclass(frozen=True)
class Stated:
    """One limit as stated: ``arguments`` are those of its kind; ``penalty`` makes it soft."""

    name: str
    kind: str
    clause: str
    arguments: Mapping[str, Any]
    penalty: float | None = None

    def named(self) -> set[str]:
        """The funds that it names."""
        listed = [self.arguments.get(key, ()) for key in ("funds", *_BY_FUND)]
        return {str(fund) for funds in listed for fund in funds}


def make(
    content: Mapping[str, Any] | None, funds: Sequence[str], classes: Classes, found: Findings
) -> tuple[Stated, ...]:
    """The limits of the file, in its order; those that are wrong are refused by name.

    Parameters
    ----------
    content : what ``mandate.yml`` says; None where there is none.
    funds : codes of the lineup; none where it could not be read.
    classes : those that a limit may name.
    found : takes everything that is wrong.

    Returns
    -------
    tuple of Stated

    Examples
    --------
    >>> from portlib.inputs.classes import survey_classes
    >>> def read(*limits, funds=("A", "B")):
    ...     found = Findings()
    ...     stated = make({"constraints": list(limits)}, funds, survey_classes(), found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return stated
    >>> none = {"name": "no stock", "kind": "exclusion", "funds": ["A"], "clause": "IPS 4.1"}
    >>> cap = {"name": "cap", "kind": "position_limit", "upper": 40, "clause": "IPS 4.2"}
    >>> [limit.name for limit in read(none, cap)]
    mandate.yml: cap: upper 40 is not a number from 0 to 1; in percent? Write 0.4
    ['no stock']
    >>> (soft,) = read(cap | {"upper": 0.4, "penalty": 0.01})
    >>> soft.kind, soft.clause, dict(soft.arguments), soft.penalty, read(none)[0].penalty
    ('position_limit', 'IPS 4.2', {'upper': 0.4}, 0.01, None)
    >>> group = none | {"name": "group", "kind": "group_limit", "funds": ["A", "B"]}
    >>> index = group | {"kind": "tracking_error", "limit": 0.02, "benchmark": {"A": 0.6, "B": 0.4}}
    >>> del index["funds"]
    >>> both = read(group | {"upper": 1.0, "lower": 1.0}, index | {"name": "index"})
    >>> [sorted(one.named()) for one in both]
    [['A', 'B'], ['A', 'B']]

    It goes on in ``mandate.md``.
    """
    if content is None:
        return ()
    for key in content:
        if key != "constraints":
            found.refuse(FILE, f"{key!r} is no entry; write `constraints:` and a list under it")
    listed = content.get("constraints")
    if not isinstance(listed, list) or not listed:
        found.refuse(FILE, "constraints is a list of limits, each with name, kind and clause")
        return ()
    made: list[Stated] = []
    for number, entry in enumerate(listed, 1):
        before = len(found.refused)
        if not isinstance(entry, Mapping):
            found.refuse(FILE, f"limit {number}: write name, kind, clause and its arguments")
            continue
        where = str(entry.get("name") or f"limit {number}")
        for key in ("name", "clause"):
            if not isinstance(entry.get(key), str) or not str(entry[key]).strip():
                found.refuse(FILE, f"{where}: {key} is missing")
        if any(stated.name == entry.get("name") for stated in made):
            found.refuse(FILE, f"{where}: the name is given twice")
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            hint = near_word(str(kind), list(KINDS))
            found.refuse(FILE, f"{where}: kind {kind!r} is none of {', '.join(KINDS)}{hint}")
            continue
        arguments = {key: value for key, value in entry.items() if key not in _COMMON}
        _check(where, str(kind), arguments, funds, classes, found)
        penalty = entry.get("penalty")
        if penalty is not None:
            _number(where, "penalty", penalty, found)
        if len(found.refused) == before:
            made.append(Stated(where, str(kind), str(entry["clause"]), arguments, _plain(penalty)))
    return tuple(made)


def _plain(penalty: Any) -> float | None:
    return None if penalty is None else float(penalty)


def _check(
    where: str,
    kind: str,
    arguments: Mapping[str, Any],
    funds: Sequence[str],
    classes: Classes,
    found: Findings,
) -> None:
    _, must, may = KINDS[kind]
    for key in must:
        if key not in arguments:
            found.refuse(FILE, f"{where}: a {kind} needs {key}")
    for key, value in arguments.items():
        if key not in must + may:
            hint = near_word(str(key), list(must + may))
            found.refuse(FILE, f"{where}: a {kind} has no {key!r}{hint}")
        elif key in _RANGES:
            _number(where, key, value, found)
        elif key in ("funds", "classes"):
            _names(where, key, value, funds if key == "funds" else classes.names, found)
        elif key == "role" and value not in tuple(ROLES):
            hint = near_word(str(value), ROLES)
            found.refuse(FILE, f"{where}: role {value!r} is none of {', '.join(ROLES)}{hint}")
        elif key in _BY_FUND:
            _by_fund(where, key, value, funds, found)
    if {"lower", "upper"} == set(may) and not {"lower", "upper"} & set(arguments):
        found.refuse(FILE, f"{where}: a {kind} needs lower or upper")
    low = arguments.get("lower")
    high = arguments.get("upper")
    if _is_number(low) and _is_number(high) and float(low or 0) > float(high or 0):
        found.refuse(FILE, f"{where}: lower {low:g} is above upper {high:g}")


def _number(where: str, key: str, value: Any, found: Findings) -> None:
    low, high = _RANGES[key]
    if not _is_number(value) or not low <= value <= high:
        percent = high <= 1 and _is_number(value) and low <= value / 100 <= high
        hint = f"; in percent? Write {value / 100:g}" if percent else ""
        found.refuse(
            FILE, f"{where}: {key} {value!r} is not a number from {low:g} to {high:g}{hint}"
        )


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))
    )


def _names(where: str, key: str, value: Any, known: Sequence[str], found: Findings) -> None:
    if not isinstance(value, list) or not value:
        found.refuse(FILE, f"{where}: {key} is a list like [A, B]")
        return
    for name in value if known else ():
        if name not in known:
            hint = near_word(str(name), list(known))
            found.refuse(FILE, f"{where}: {key}: {name!r} is not known{hint}")


def _by_fund(where: str, key: str, value: Any, funds: Sequence[str], found: Findings) -> None:
    if not isinstance(value, Mapping) or not value:
        found.refuse(FILE, f"{where}: {key} has a number by fund, like {{A: 1, B: 2}}")
        return
    _names(where, key, list(value), funds, found)
    for fund, number in value.items():
        if not _is_number(number):
            found.refuse(FILE, f"{where}: {key}: {fund}: {number!r} is not a number")
    numbers = [number for number in value.values() if _is_number(number)]
    if key == "benchmark" and abs(sum(numbers) - 1) > 1e-6:
        found.refuse(FILE, f"{where}: benchmark sums to {sum(numbers):.9g}, not to one")
