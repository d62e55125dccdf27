"""Which asset classes does a plan speak of, and what is each: by role, in the survey, in history?

The survey's classes are always known. ``classes.yml`` adds a house's own, or says of a house's name
which survey class it is. Left out: classes inside classes (sectors, maturities).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from portlib import data
from portlib.tables import Findings
from portlib.tables.columns import near_word

FILE = "classes.yml"
Role = Literal["equity", "fixed_income", "real", "cash"]
ROLES: dict[str, str] = {
    "equity": "shares, and what carries their risk",
    "fixed_income": "bonds and loans",
    "real": "real estate, commodities, infrastructure",
    "cash": "bills and money market; its expected return is the risk-free rate",
}
#: The survey's classes, and listed real estate, which is ours: what readers are told that each is,
#: in tables, figures, documents and services alike, and what it is.
_KNOWN: dict[str, tuple[str, Role]] = {
    "us_large_equity": ("US large companies", "equity"),
    "us_small_equity": ("US smaller companies", "equity"),
    "intl_dev_equity": ("other developed markets", "equity"),
    "em_equity": ("emerging markets", "equity"),
    "private_equity": ("private equity", "equity"),
    "hedge_funds": ("hedge funds", "equity"),
    "us_core_bonds": ("core bonds", "fixed_income"),
    "us_long_bonds": ("long bonds", "fixed_income"),
    "us_high_yield": ("high-yield bonds", "fixed_income"),
    "us_tips": ("inflation-protected bonds", "fixed_income"),
    "intl_dev_bonds": ("bonds of other developed markets", "fixed_income"),
    "em_bonds": ("bonds of emerging markets", "fixed_income"),
    "private_debt": ("private debt", "fixed_income"),
    "real_estate": ("private real estate", "real"),
    "us_reits": ("listed real estate", "real"),
    "commodities": ("commodities", "real"),
    "infrastructure": ("infrastructure", "real"),
    "cash": ("cash", "cash"),
}
#: What readers are told that the classes are which are known without any file of a plan's.
NAMES: dict[str, str] = {code: name for code, (name, _) in _KNOWN.items()}
#: What an entry of the file holds: whether it must, and what it means.
ENTRIES: dict[str, tuple[bool, str]] = {
    "label": (True, "what readers are told"),
    "role": (True, "one of " + "; ".join(f"`{name}` ({what})" for name, what in ROLES.items())),
    "survey": (
        False,
        "the survey's class that it is called there, for the second opinion; null: none",
    ),
    "history": (
        False,
        "the monthly series that stands in where the plan has none of its own, or a mix of several "
        "({us_market: 0.6, bills: 0.4}); null: none",
    ),
    "inflation_linked": (
        False,
        "`true` where what it pays follows consumer prices, so that none of their surprises is "
        "borne; left out: as the survey's class that it is called (`us_tips` is)",
    ),
}
#: The survey's class whose payments follow prices.
INDEXED = "us_tips"


@dataclass(frozen=True)
class AssetClass:
    """One class: ``survey`` is its class there, ``history`` the series that stand in, by weight;
    ``inflation_linked`` where what it pays follows consumer prices."""

    name: str
    label: str
    role: Role
    survey: str | None
    history: Mapping[str, float] = field(default_factory=dict)
    own: bool = False
    inflation_linked: bool = False


@dataclass(frozen=True, eq=False)
class Classes:
    """All classes that may be used, by name: the survey's, ours, and the plan's own.

    Examples
    --------
    >>> known = survey_classes()
    >>> known.role("us_tips"), known.of_role("cash"), known.inflation_linked, known.own
    ('fixed_income', ('cash',), ('us_tips',), ())
    >>> known["us_reits"].survey is None, known["cash"].survey, "cash" in known, "gold" in known
    (True, 'cash', True, False)
    >>> known["us_tipps"]
    Traceback (most recent call last):
    ...
    portlib.data.DataError: no class 'us_tipps'; did you mean 'us_tips'?
    >>> len(known.names) == len(list(known)) == len(NAMES)
    True
    """

    by_name: Mapping[str, AssetClass]

    def __iter__(self) -> Iterator[AssetClass]:
        return iter(self.by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> AssetClass:
        if name not in self.by_name:
            raise data.DataError(f"no class {name!r}{near_word(name, list(self.by_name))}")
        return self.by_name[name]

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self.by_name)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the plan's own."""
        return tuple(one.name for one in self if one.own)

    @property
    def inflation_linked(self) -> tuple[str, ...]:
        """Names of those whose payments follow consumer prices."""
        return tuple(one.name for one in self if one.inflation_linked)

    def role(self, name: str) -> Role:
        """What a class is."""
        return self[name].role

    def of_role(self, role: Role) -> tuple[str, ...]:
        """Names of all classes of a role."""
        return tuple(one.name for one in self if one.role == role)


@cache
def survey_classes(root: Path | None = None) -> Classes:
    """The classes that are known without any file of a plan's."""
    surveyed = data.table("horizon_2025_assets").index
    return Classes(
        {
            name: AssetClass(
                name,
                label,
                role,
                name if name in surveyed else None,
                inflation_linked=name == INDEXED,
            )
            for name, (label, role) in _KNOWN.items()
        }
    )


def make(content: Mapping[str, Any] | None, found: Findings) -> Classes:
    """The survey's classes with those of a ``classes.yml`` before them.

    Parameters
    ----------
    content : what the file says, by class; None without it.
    found : takes everything that is wrong; a class that is refused is known all the same.

    Examples
    --------
    A house calls cash stable value, has inflation-protected bonds of its own, and a class that the
    survey does not have:

    >>> found = Findings()
    >>> stable = {"label": "Stable value", "role": "cash", "survey": "cash", "history": "bills"}
    >>> linked = {"label": "Linked bonds", "role": "fixed_income", "survey": "us_tips"}
    >>> mix = {"us_market": 0.6, "bills": 0.4}
    >>> art = {"label": "Paintings", "role": "real", "history": mix, "inflation_linked": True}
    >>> known = make({"stable": stable, "linked": linked, "art": art}, found)
    >>> len(found), known.own, known.of_role("cash"), known.inflation_linked
    (0, ('stable', 'linked', 'art'), ('cash', 'stable'), ('us_tips', 'linked', 'art'))
    >>> known["stable"].history, known["art"].history == mix
    ({'bills': 1.0}, True)
    >>> known["art"].survey, known["stable"].survey
    (None, 'cash')
    >>> make({"us_tips": {"label": "TIPS", "role": "fixed_income"}}, found)["us_tips"].survey
    'us_tips'
    >>> make(None, found).own
    ()

    It goes on in ``classes.md``.
    """
    known = survey_classes()
    made: dict[str, AssetClass] = dict(known.by_name)
    for name, entry in (content or {}).items():
        if not isinstance(name, str) or not name.isidentifier():
            found.refuse(FILE, f"{name!r}: a class is named like us_large_equity")
            continue
        if not isinstance(entry, Mapping):
            found.refuse(FILE, f"{name}: write {', '.join(ENTRIES)} under it")
            entry = {"label": name, "role": "equity"}
        for key in entry:
            if key not in ENTRIES:
                hint = near_word(str(key), list(ENTRIES))
                found.refuse(FILE, f"{name}: {key!r} is no entry of a class{hint}")
        label = entry.get("label")
        role = entry.get("role")
        if not isinstance(label, str) or not label.strip():
            found.refuse(FILE, f"{name}: label {label!r} is no name for readers")
        if role not in tuple(ROLES):
            hint = near_word(str(role), ROLES)
            found.refuse(FILE, f"{name}: role {role!r} is none of {', '.join(ROLES)}{hint}")
            role = "equity"
        survey = entry.get("survey", name if name in known else None)
        if survey is not None and survey not in known.names:
            hint = near_word(str(survey), list(known.names))
            found.refuse(FILE, f"{name}: survey {survey!r} is no class of the survey{hint}")
            survey = None
        history = _mix(name, entry.get("history"), found)
        linked = entry.get("inflation_linked", INDEXED in (name, survey))
        if not isinstance(linked, bool):
            found.refuse(FILE, f"{name}: inflation_linked is true or false, not {linked!r}")
            linked = False
        # A class that is refused is known all the same, so that nothing else is refused for it.
        twins = [
            one.name for one in made.values() if one.own and _spelt(one.label) == _spelt(label)
        ]
        if twins and isinstance(label, str):
            found.refuse(
                FILE, f"{name}: label {label!r} is that of {twins[0]} too; keep them apart"
            )
        made[name] = AssetClass(
            name, str(label), cast(Role, role), survey, history, own=True, inflation_linked=linked
        )
    return Classes(made)


def _spelt(label: object) -> str:
    return str(label).strip().lower()


def _mix(name: str, given: Any, found: Findings) -> dict[str, float]:
    """Series and their weights, which sum to one."""
    if given is None:
        return {}
    mix = {given: 1.0} if isinstance(given, str) else given
    numbers = isinstance(mix, Mapping) and all(
        isinstance(w, (int, float)) and not isinstance(w, bool) for w in mix.values()
    )
    if not numbers or not abs(sum(mix.values()) - 1) <= 1e-6:
        found.refuse(
            FILE,
            f"{name}: history {given!r} is no series, and no weights of series that sum to one",
        )
        return {}
    return {str(series): float(weight) for series, weight in mix.items()}
