"""What must a plan's folder look like: its columns and rules, and what they owe each other?

`portlib.plan` reads; this module refuses, and says everything that is wrong in one go. A refusal
names the file and the line (``lineup.csv: line 4``), or, for a plan sent as JSON, the path
(``participants[3].holdings``). The columns are `LINEUP`, `PEOPLE` and `VINTAGES`, the rules
``data/plan_schema.yml``; ``data/README.md`` describes the format in words.

Left out: whether the figures are true; files that a plan may bring beside these.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib import data, schema, tables
from portlib.data import DataError
from portlib.kept import Kept, marked
from portlib.records import Array
from portlib.tables import Column, Findings
from portlib.tables.columns import near_word

Made = TypeVar("Made")
KINDS = {
    "core": "an ordinary fund",
    "stable_value": "a stable value fund",
    "target_date": "the target-date series, one line for all its vintages",
    "risk_based": "a fund of funds with a constant mix",
    "employer_stock": "shares of the employer",
    "annuity": "a contract of an insurer",
}
MANAGEMENT = {
    "index": "follows an index",
    "active": "does not",
    "single_stock": "one company",
    "insured": "an insurer's contract",
}
VEHICLES = {
    "mutual_fund": "a registered fund",
    "collective_trust": "a bank's collective investment trust",
    "separate_account": "the plan's own account at a manager",
    "etf": "an exchange-traded fund",
    "insurance_contract": "an insurer's account or contract",
    "unitised_stock": "units of employer stock and some cash",
}
#: Which law a plan is under: the plans that Title I of ERISA covers, or a government's.
LEGAL_REGIMES = {
    "ERISA": "a private employer's plan, under Title I of ERISA",
    "GOVERNMENTAL": "a government's plan, which Title I does not cover (29 USC 1003(b)(1))",
}
STATUSES = ("single", "married_joint", "married_separate", "head_of_household")
#: So many statements the questionnaire has, each answered from 1 to 5.
QUESTIONS = 7
#: How a fund's code is written.
_CODE = re.compile(r"[^\s;,]+")
#: Sums of weights may miss one by so much; published equity shares are whole percents.
TOLERANCE, ROUNDED = 1e-6, 0.01

_ORIGIN = Column("where the figures come from, the same in every file; SYNTHETIC if invented")


def _number(
    meaning: str,
    low: float,
    high: float,
    unit: str = "",
    *,
    filled: bool = True,
    required: bool = True,
) -> Column:
    return Column(
        meaning, "number", low=low, high=high, unit=unit, filled=filled, required=required
    )


def _fee(meaning: str) -> Column:
    return _number(meaning, 0.0, 0.02, "decimal per year")


LINEUP = {
    "origin": _ORIGIN,
    "fund": Column("the fund's code: letters and digits, without spaces"),
    "label": Column("its name, as people know it"),
    "kind": Column("what it is", "word", KINDS),
    "category": Column("its published category, for comparing costs", filled=False),
    "management": Column("how it is managed", "word", MANAGEMENT),
    "vehicle": Column("what is held of it", "word", VEHICLES, filled=False),
    "affiliated": Column(
        "whether its manager is a party to the plan", "word", {"yes": "", "no": ""}
    ),
    "expense_ratio": _fee("what it costs a year"),
    "fee_12b1": _fee("what it pays out of that for distribution"),
    "revenue_share": _fee("what it pays out of that to the record keeper"),
    "plan_share": _number("its part of the plan's assets", 0.0, 1.0, "weight", filled=False),
    "specific_risk": _number("annual volatility beyond its classes", 0.0, 1.5, "decimal per year"),
}
PEOPLE = {
    "origin": _ORIGIN,
    "participant": Column("a code, no name"),
    "birth_year": _number("year of birth", 1900, 2100, "calendar year"),
    "hire_year": _number("year of hire", 1900, 2100, "calendar year"),
    "pay": _number("pay a year", 0.0, 1e9, "US dollars"),
    "deferral_rate": _number("part of pay deferred", 0.0, 1.0, "weight"),
    "roth_share": _number("part of that which is Roth", 0.0, 1.0, "weight"),
    "balance": _number("the account", 0.0, 1e9, "US dollars"),
    "filing_status": Column("for taxes", "word", dict.fromkeys(STATUSES, "")),
    "retirement_age": _number("when they mean to retire", 40, 100, "years", filled=False),
    "outside_assets": _number("savings elsewhere", 0.0, 1e9, "US dollars", filled=False),
    "other_income": _number("other income a year", 0.0, 1e9, "US dollars", filled=False),
    "spouse_birth_year": _number(
        "a spouse's year of birth: makes outlooks those of a couple",
        *(1900, 2100),
        "calendar year",
        filled=False,
        required=False,
    ),
    "spouse_pay": _number(
        "the spouse's pay a year", *(0.0, 1e9), "US dollars", filled=False, required=False
    ),
    "answers": Column("to the questionnaire, like 3 4 2 5 1 4 3", filled=False),
    "holdings": Column("percent of the balance by fund, like FUND 60; OTHER 40"),
}
VINTAGES = {
    "origin": _ORIGIN,
    "years_to_retirement": _number("years until the vintage's year", -60, 80, "years"),
    "equity": _number("its share of equity, as published", 0.0, 1.0, "weight"),
}
_CLASS = Column(
    "part of the fund in this asset class",
    "number",
    low=0.0,
    high=1.0,
    unit="weight",
    required=False,
    filled=False,
)


@dataclass(frozen=True)
class Table:
    """A table of a plan, typed: plain columns, and where each row stands (the line of the file, or
    the place in the JSON list).

    ``suffix`` is ``.csv`` for a file and empty for JSON; ``mark`` names the rows it was read from.
    """

    name: str
    suffix: str
    columns: Mapping[str, list[Any]]
    places: Sequence[int]
    found: Findings
    mark: Hashable = None

    def refuse(self, bad: Any, column: str, problem: str) -> None:
        """Add a finding for each row that is bad, by file and line or by path."""
        if not (any(bad) if isinstance(bad, list) else bad.any()):
            return
        rows = np.flatnonzero(bad).tolist()
        name = f"{self.name}{self.suffix}"
        _refuse(name, column, self.columns[column], self.places, rows, problem, self.found)

    def numbers(self, *names: str) -> Array:
        """Columns of numbers, (rows, names); what is empty is nan."""
        held = [self.columns[name] for name in names]
        return np.array(held, dtype=float).reshape(len(names), len(self.places)).T

    def only(self, rows: Collection[int]) -> Table:
        """The rows at these positions."""
        kept = {name: [cells[at] for at in rows] for name, cells in self.columns.items()}
        return Table(self.name, self.suffix, kept, [self.places[at] for at in rows], self.found)

    def say(self, problem: str) -> None:
        """Add a finding about the table as a whole."""
        self.found.refuse(f"{self.name}{self.suffix}", problem)

    def made_whole(self, weights: Array, what: str) -> tuple[Array, NDArray[np.bool_]]:
        """Weights (rows, entries) of which each row sums to one, and which rows do not.

        A record keeper's rounded figures seldom sum to one. What half a unit of the last digit
        explains, of each entry that is not zero, is shared out in proportion and noted once;
        where no figure is finer than a whole percent, nothing is explained.

        Examples
        --------
        Of thirds in whole percents nobody knows what is meant:

        >>> table = Table("lineup", ".csv", {}, [], Findings())
        >>> parts = np.array([[0.333, 0.333, 0.333], [0.33, 0.33, 0.33], [0.25, 0.25, 0.5]])
        >>> whole, off = table.made_whole(parts, "weights")
        >>> whole.sum(axis=1).round(9).tolist(), off.tolist()
        ([1.0, 0.99, 1.0], [False, True, False])
        >>> print(*table.found)
        lineup.csv: weights of 1 row miss the whole by their rounding: scaled to it
        """
        total = weights.sum(axis=1)
        off = ~(np.abs(total - 1) <= TOLERANCE)
        rounded = np.array([row for row in np.flatnonzero(off) if _by_rounding(weights[row])], int)
        if rounded.size:
            rows = f"{rounded.size} row" + "s" * (rounded.size > 1)
            self.found.note(
                f"{self.name}{self.suffix}",
                f"{what} of {rows} miss the whole by their rounding: scaled to it",
            )
            weights = weights.copy()
            weights[rounded] /= total[rounded, None]
            off[rounded] = False
        return weights, off


@dataclass(frozen=True, eq=False)
class Lineup:
    """The menu as plain values, in its order: what is asked of many plans needs no frames.

    Attributes
    ----------
    columns : mapping
        By column of `LINEUP` but ``origin``, a value a fund; None or nan where there is none.
    classes : tuple of str
    weights : array (funds, classes)
        What each fund holds; nan for a series, whose classes are those of its dates.
    """

    columns: Mapping[str, Sequence[Any]]
    classes: tuple[str, ...]
    weights: Array

    @classmethod
    def of(cls, funds: pd.DataFrame, exposures: pd.DataFrame) -> Lineup:
        """The menu of a `Plan`'s frames."""
        columns = {"fund": funds.index.tolist()}
        columns |= {str(name): cells.tolist() for name, cells in funds.items()}
        rows = dict(zip(exposures.index.tolist(), exposures.to_numpy(float), strict=True))
        nothing = np.full(len(exposures.columns), np.nan)
        weights = [rows.get(fund, nothing) for fund in columns["fund"]]
        classes = tuple(map(str, exposures.columns.tolist()))
        return cls(columns, classes, np.array(weights).reshape(-1, len(classes)))

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Funds and exposures of a `Plan`."""
        held = {
            name: np.array(cells, float)
            if LINEUP[name].kind == "number"
            else pd.Index(cells, dtype=object)
            for name, cells in self.columns.items()
            if name != "fund"
        }
        held["affiliated"] = np.array(self.columns["affiliated"], bool)
        index = pd.Index(self.columns["fund"], dtype=object, name="fund")
        known = ~self._unseen
        weights = pd.DataFrame(self.weights[known], index[known], list(self.classes))
        return pd.DataFrame(held, index=index), weights

    def to_json(self) -> list[dict[str, Any]]:
        """A row a fund, as a plan's JSON has them."""
        names = [*self.columns, *self.classes]
        plain = [
            [None if cell != cell else cell for cell in cells] for cells in self.columns.values()
        ]
        weights = self.weights.astype(object)
        weights[self._unseen] = None
        rows = zip(zip(*plain, strict=True), weights.tolist(), strict=True)
        return [dict(zip(names, (*row, *held), strict=True)) for row, held in rows]

    @cached_property
    def written(self) -> str:
        """`to_json` as text; a row that many menus share is written once."""
        rows = [_WRITTEN.get(marked(row), partial(_text, row)) for row in self.to_json()]
        return f"[{', '.join(rows)}]"

    @property
    def _unseen(self) -> NDArray[np.bool_]:
        """Funds of which no weights are known."""
        return np.asarray(np.isnan(self.weights).any(axis=1))


@dataclass(frozen=True, eq=False)
class Vintages:
    """The dates of the target-date series as plain values, the farthest from retirement first.

    Attributes
    ----------
    years : tuple of float
        To retirement.
    classes : tuple of str
    weights : array (dates, classes)
    equity : array (dates,)
        As published.
    """

    years: tuple[float, ...]
    classes: tuple[str, ...]
    weights: Array
    equity: Array

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Vintages:
        """The dates of a `Plan`'s frame."""
        values = frame.to_numpy(float)
        names = frame.columns.tolist()
        classes = [at for at, name in enumerate(names) if name != "equity"]
        return cls(
            tuple(frame.index.to_numpy(float).tolist()),
            tuple(str(names[at]) for at in classes),
            values[:, classes],
            values[:, names.index("equity")],
        )

    def frame(self) -> pd.DataFrame:
        """The ``vintages`` of a `Plan`."""
        index = pd.Index(self.years, dtype=float, name="years_to_retirement")
        return pd.DataFrame(
            np.column_stack([self.weights, self.equity]), index, [*self.classes, "equity"]
        )

    def to_json(self) -> list[dict[str, float]]:
        """A row a date, as a plan's JSON has them."""
        names = ["years_to_retirement", *self.classes, "equity"]
        rows = zip(self.years, self.weights.tolist(), self.equity.tolist(), strict=True)
        return [
            dict(zip(names, (years, *held, equity), strict=True)) for years, held, equity in rows
        ]

    @cached_property
    def written(self) -> str:
        """`to_json` as text."""
        return _text(self.to_json())

    @cached_property
    def alike(self) -> tuple[float, ...]:
        """For each date, the years of the farthest one that holds the same mix."""
        mixes = [tuple(mix) for mix in self.weights.tolist()]
        first = dict(zip(mixes[::-1], self.years[::-1], strict=True))
        return tuple(first[mix] for mix in mixes)


def _text(content: Any) -> str:
    """Strict JSON that reads the same for equal content."""
    return json.dumps(content, sort_keys=True, allow_nan=False)


class Parts(NamedTuple):
    """What a plan's tables hold: its menu, the dates of its series, its people, and the shares of
    their balances in each fund (participants, funds). Plans share them: who hands the frame on,
    hands on a copy."""

    lineup: Lineup
    dates: Vintages | None
    people: pd.DataFrame
    held: Array


#: What was made of rows that were sent before, as far as nothing was said of them; of the lines
#: of a file too.
_COLUMNS: Kept[Mapping[str, list[Any]] | None] = Kept(64)
_LINES: Kept[tuple[Mapping[str, list[Any]], list[int]]] = Kept(64)
_MADE: Kept[Any] = Kept(256)
#: The same of single rows of a lineup, which menus of one record keeper have in common.
_FUNDS: Kept[Mapping[str, Any]] = Kept(4096)
#: Rows of lineups as text.
_WRITTEN: Kept[str] = Kept(4096)
#: By entry of the rules, what breaks the schema.
_BREAKS: Kept[list[str]] = Kept(4096)


# ---- reading -------------------------------------------------------------------------------------


def rules(content: Any, name: str) -> dict[str, Any]:
    """The rules, with dates as dates.

    Parameters
    ----------
    content : what ``rules.yml`` says.
    name : the file, for messages.

    Raises
    ------
    DataError
        Naming each entry that is wrong.

    Examples
    --------
    >>> import yaml
    >>> from portlib import plan_template
    >>> content = yaml.safe_load(plan_template.required()["rules.yml"])
    >>> rules(content, "rules.yml")["as_of"]
    datetime.date(2026, 6, 30)

    Who is to be kept from trading hears of it before:

    >>> span = {"first": "2026-12-07", "last": "2026-12-18", "reason": "a new record keeper"}
    >>> for notice in ("2026-11-02", "2026-12-07", "2026-12-08"):
    ...     content["blackouts"] = [{**span, "notice": notice}]
    ...     try:
    ...         print(len(rules(content, "rules.yml")["blackouts"]))
    ...     except DataError as error:
    ...         print(error)
    1
    1
    rules.yml: blackouts: 2026-12-08, 2026-12-07, 2026-12-18 are out of order

    It goes on in ``plan_format.md``.
    """
    found = Findings()
    plain = schema.plain(content)
    for problem in _breaks(plain):
        found.refuse(name, problem)
    found.settle()
    made = {"legal_regime": "ERISA", **plain}
    made["as_of"] = _day(plain["as_of"], "as_of", name, found)
    made["blackouts"] = [
        {
            key: value if key == "reason" else _day(value, f"blackouts[{at}].{key}", name, found)
            for key, value in span.items()
        }
        for at, span in enumerate(plain["blackouts"])
    ]
    found.settle()
    for span in made["blackouts"]:
        if not span["notice"] <= span["first"] <= span["last"]:
            days = ", ".join(str(span[key]) for key in ("notice", "first", "last"))
            found.refuse(name, f"blackouts: {days} are out of order")
    below, paid = 0.0, 0.0
    for at, step in enumerate(made["contributions"]["match"]):
        if step["up_to"] <= below:
            found.refuse(name, f"contributions.match[{at}].up_to: must rise from step to step")
        paid += step["rate"] * (step["up_to"] - below)
        below = step["up_to"]
    if paid > 1:
        found.refuse(name, f"contributions.match: adds {paid:.0%} of pay; rates are decimals")
    found.settle()
    return made


def from_file(
    path: Path, columns: Mapping[str, Column], classes: Sequence[str], found: Findings
) -> Table:
    """A table of a plan's folder.

    Parameters
    ----------
    path : the file.
    columns : `LINEUP`, `PEOPLE` or `VINTAGES`.
    classes : names that may be columns beside them.
    found : takes what its cells break.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     path = Path(place, "target_date_vintages.csv")
    ...     _ = path.write_text("origin,years_to_retirement,equity,gold\\nhere,10,0.5,\\n")
    ...     table = from_file(path, VINTAGES, ["gold", "cash"], Findings())
    >>> list(table.columns), list(table.places)
    (['origin', 'years_to_retirement', 'equity'], [2])

    It goes on in ``plan_format.md``.
    """
    fixed = columns is PEOPLE
    text = tables.open_text(path)
    if fixed and _head_alone(text.content, columns):  # nobody
        return Table(path.stem, path.suffix, {key: [] for key in columns}, [], found)
    asked = dict(columns) if fixed else {**columns, **dict.fromkeys(classes, _CLASS)}
    mark = marked(text.content)
    own = Findings()
    made, lines = _LINES.get(
        None if mark is None else (mark, path.name, tuple(asked)),
        lambda: _lines(path, text, asked, columns, own),
        keep=lambda _: not own.items,
    )
    found.items += own.items
    return Table(path.stem, path.suffix, made, lines, found, mark)


def _head_alone(content: str, columns: Mapping[str, Column]) -> bool:
    """Whether a file says the names of its columns and nothing else."""
    named = {name.strip().strip('"').lower() for name in re.split("[,;\t]", content.strip())}
    return "participant" in named and named <= columns.keys()


def _lines(
    path: Path,
    text: tables.Text,
    asked: Mapping[str, Column],
    columns: Mapping[str, Column],
    found: Findings,
) -> tuple[Mapping[str, list[Any]], list[int]]:
    """The cells of a file by column, those of `asked` that it has, and the line of each row."""
    frame = tables.rows(text, asked, found)
    frame = pd.DataFrame(columns=list(columns)) if frame is None else frame
    absent = [name for name in frame if name not in columns and frame[name].isna().all()]
    cells = {str(key): frame[key].tolist() for key in frame if key not in absent}
    lines = frame.index.tolist()
    return _worded(Table(path.stem, path.suffix, cells, lines, found), columns).columns, lines


def from_rows(
    rows: Any,
    name: str,
    columns: Mapping[str, Column],
    classes: Sequence[str],
    found: Findings,
) -> Table | None:
    """A table of a plan in JSON; ``origin`` is said once, in the rules.

    Parameters
    ----------
    rows : a list of mappings.
    name : of the list, for messages: ``participants``.
    columns, classes : as in `from_file`.
    found : takes what its rows break.

    Returns
    -------
    Table or None
        None where a row is no mapping.

    Raises
    ------
    DataError
        Where there is no list.
    """
    if not isinstance(rows, list):
        raise DataError(f"{name}: {schema.short(rows)} is not a list")
    own = Findings()
    mark: Hashable
    if columns is LINEUP:
        each = tuple(map(marked, rows))
        mark = None if None in each else each
        made = _funds(rows, each, name, classes, own)
    else:
        mark = marked(rows)
        made = _COLUMNS.get(
            None if mark is None else (mark, name, tuple(classes)),
            lambda: _columns(rows, name, columns, classes, own),
            keep=lambda _: not own.items,
        )
    found.items += own.items
    return None if made is None else Table(name, "", made, range(len(rows)), found, mark)


def _funds(
    rows: list[Any],
    marks: Sequence[bytes | None],
    name: str,
    classes: Sequence[str],
    found: Findings,
) -> Mapping[str, list[Any]] | None:
    """The columns of a lineup. A row says the same in every menu whose rows have the same entries,
    so that where each of them was read before, they are put together again."""
    alike = all(isinstance(row, dict) for row in rows) and len(set(map(tuple, rows))) == 1
    among = marked(list(classes))
    known = [_FUNDS.find((mark, among)) for mark in marks] if alike else []
    read = [row for row in known if row is not None]
    if read and len(read) == len(rows):
        cells = zip(*(row.values() for row in read), strict=True)
        return dict(zip(read[0], map(list, cells), strict=True))
    made = _columns(rows, name, LINEUP, classes, found)
    if alike and made is not None and not found.items:
        for mark, *own in zip(marks, *made.values(), strict=True):
            row = dict(zip(made, own, strict=True))
            _FUNDS.get((mark, among), partial(dict, row))
    return made


def _columns(
    rows: list[Any],
    name: str,
    columns: Mapping[str, Column],
    classes: Sequence[str],
    found: Findings,
) -> Mapping[str, list[Any]] | None:
    asked = {key: column for key, column in columns.items() if key != "origin"}
    known = set(asked) if columns is PEOPLE else {*asked, *classes}
    if wrong := [at for at, row in enumerate(rows) if not isinstance(row, Mapping)]:
        for at in wrong[:100]:
            found.refuse(f"{name}[{at}]", f"{schema.short(rows[at])} is not a mapping")
        return None
    for at, row in enumerate(rows):
        if row.keys() <= known:
            continue
        if strange := [key for key in row if key not in known]:
            hint = near_word(str(strange[0]), sorted(known))
            found.refuse(f"{name}[{at}]", f"{schema.short(strange[0])}: no such entry{hint}")
    given = dict.fromkeys(key for row in dict.fromkeys(map(tuple, rows)) for key in row)
    held = [key for key in given if key in known and key not in asked]
    made = {}
    for key in [*asked, *held]:
        made[key] = _cells([row.get(key) for row in rows], asked.get(key, _CLASS), key, name, found)
    return _worded(Table(name, "", made, range(len(rows)), found), asked).columns


def parts(
    rules: Mapping[str, Any],
    equity: Collection[str],
    lineup: Table,
    people: Table,
    vintages: Table | None,
) -> Parts:
    """What a `Plan` is made of, from its tables.

    Parameters
    ----------
    rules : from `rules`.
    equity : the classes that count as equity.
    lineup, people, vintages : from `from_file` or `from_rows`; no vintages where no target-date
        series is offered.

    Raises
    ------
    DataError
        Saying everything which breaks a rule of the format.

    Examples
    --------
    >>> found = Findings()
    >>> kinds = {"lineup": LINEUP, "participants": PEOPLE}
    >>> tables = [from_rows([], name, columns, [], found) for name, columns in kinds.items()]
    >>> nothing = {"default": None, "employer_stock": None, "stable_value": None}
    >>> nothing["trading"] = {"round_trip_days": {}, "minimum_holding_days": {}}
    >>> len(parts({**nothing, "as_of": date(2026, 6, 30)}, [], *tables, None).people)
    0

    It goes on in ``plan_format.md``.
    """
    found = lineup.found
    found.settle()
    suffix = ".yml" if lineup.suffix else ""
    classes = [name for name in lineup.columns if name not in LINEUP]
    _origin(rules, [lineup, people, *([] if vintages is None else [vintages])])
    menu = _once(lineup, tuple(classes), lambda: _menu(lineup, classes))
    kinds = dict(zip(lineup.columns["fund"], lineup.columns["kind"], strict=True))
    _named_funds(rules, kinds, f"rules{suffix}", found)
    if ("target_date" in kinds.values()) != (vintages is not None):
        found.refuse(
            f"target_date_vintages{lineup.suffix}",
            "is needed when, and only when, a target_date fund is offered",
        )
    dates = None
    if vintages is not None:
        given = tuple(classes), tuple(equity)
        dates = _once(vintages, given, lambda: _paths(vintages, classes, equity))
    codes, year = lineup.columns["fund"], rules["as_of"].year
    participants = _once(people, (year,), lambda: _people(people, year))
    held = _once(people, tuple(codes), lambda: _holdings(people, people.columns["holdings"], codes))
    found.settle()
    _same_story(lineup, people, held)
    found.settle()
    return Parts(menu, dates, participants, held)


def by_name(rules: Mapping[str, Any], lineup: Table, found: Findings) -> None:
    """Funds that refused rules name and the lineup does not have, as far as they can be read.

    Parameters
    ----------
    rules : ``rules.yml`` as it stands.
    lineup : from `from_file`.
    found : takes what is wrong.

    Examples
    --------
    >>> found = Findings()
    >>> menu = Table("lineup", ".csv", {"fund": ["A", "B"]}, [2, 3], found)
    >>> rules = {"default": "C", "trading": {"round_trip_days": {"A": 30, "D": 60}}}
    >>> rules["trading"]["minimum_holding_days"] = ["E", "B", 5]
    >>> by_name(rules, menu, found)
    >>> by_name({"default": "A", "trading": "no"}, menu, found)
    >>> by_name({"default": "C"}, Table("lineup", ".csv", {}, [], found), found)
    >>> print(*found, sep="\\n")
    rules.yml: default: 'C' is no fund of the lineup
    rules.yml: trading.round_trip_days: 'D' is no fund of the lineup
    rules.yml: trading.minimum_holding_days: 'E' is no fund of the lineup
    """
    if "fund" not in lineup.columns:
        return
    funds = {str(fund) for fund in lineup.columns["fund"]}
    trading = rules.get("trading")
    named: dict[str, Any] = {"default": [rules.get("default")]}
    for rule in ("round_trip_days", "minimum_holding_days"):
        named[f"trading.{rule}"] = trading.get(rule) if isinstance(trading, Mapping) else None
    for rule, given in named.items():
        for fund in given if isinstance(given, list | Mapping) else []:
            if isinstance(fund, str) and fund not in funds:
                problem = f"{rule}: {schema.short(fund)} is no fund of the lineup"
                found.refuse("rules.yml", problem)


def by_row(
    rules: Mapping[str, Any] | None, lineup: Table | None, people: Table | None, paths: Table | None
) -> None:
    """What rows break by themselves, though something else was refused already: so that all of it
    is said in one go. Rows of which something was said are passed over.

    Parameters
    ----------
    rules, lineup, people, paths : as for `parts`; None for what could not be read at all.

    Examples
    --------
    >>> rows = [{"years_to_retirement": years, "gold": 0.9, "equity": 0.0} for years in (5, 5, 99)]
    >>> dates = from_rows(rows, "dates", VINTAGES, ["gold"], Findings())
    >>> by_row(None, None, None, dates)
    >>> [str(one) for one in dates.found]  # doctest: +NORMALIZE_WHITESPACE
    ['dates[2].years_to_retirement: 99 is not between -60 and 80',
     'dates[1].years_to_retirement: 5 is given twice',
     'dates[0].years_to_retirement: 5 has weights that do not sum to one',
     'dates[1].years_to_retirement: 5 has weights that do not sum to one']

    It goes on in ``plan_format.md``.
    """
    if lineup is not None and _has(lineup, LINEUP):
        rest = _unnamed(lineup)
        _fund_rows(lineup.only(rest), [name for name in lineup.columns if name not in LINEUP])
        if people is not None and _has(people, PEOPLE):
            funds = list(dict.fromkeys(map(str, lineup.columns["fund"])))
            rest = _unnamed(people)
            judged = set(rest) if rules is not None else set()
            if rules is not None:
                sound = people.only(rest)
                _people(sound, rules["as_of"].year)
                _holdings(sound, sound.columns["holdings"], funds)
            # holdings can be judged also beside another cell that was refused
            held = people.columns["holdings"]
            given = [at for at, one in enumerate(held) if isinstance(one, (str, Mapping))]
            also = people.only([at for at in given if at not in judged] if rest else [])
            _holdings(also, also.columns["holdings"], funds)
    if paths is not None:
        named = [name for name in paths.columns if name not in VINTAGES]
        _vintage_rows(paths.only(_unnamed(paths)), named)


def _has(table: Table, columns: Mapping[str, Column]) -> bool:
    """Whether a table has the columns of its kind; in JSON the rules alone say ``origin``."""
    return {*columns} - {"origin"} <= {*table.columns}


def _unnamed(table: Table) -> list[int]:
    """The rows of a table of which nothing was said yet; none where its columns are not sound."""
    file = f"{table.name}{table.suffix}"
    if any(one.file == file and "column" in one.problem.split()[:3] for one in table.found.refused):
        return []
    lines = {one.line for one in table.found.refused if one.file == file}
    places = {one.file.split(".")[0] for one in table.found.refused}
    return [
        at
        for at, place in enumerate(table.places)
        if place not in lines and f"{table.name}[{place}]" not in places
    ]


# ---- one table each ------------------------------------------------------------------------------


def _once(table: Table, given: tuple[Hashable, ...], make: Callable[[], Made]) -> Made:
    """What is made of a table and what else is given; of rows sent before, what was made then."""
    name = None if table.mark is None else (table.mark, table.name, *given)
    said = len(table.found.items)  # what is said of rows is said each time that they are sent
    made: Made = _MADE.get(name, make, keep=lambda _: len(table.found.items) == said)
    return made


def _by_rounding(weights: Array) -> bool:
    """Whether the digits of weights explain what they lack of one, or have beyond it."""
    given = weights[weights != 0]
    if not np.isfinite(given).all() or not given.size:
        return False
    digits = max(-int(Decimal(f"{x:.12g}").normalize().as_tuple().exponent) for x in given)
    return digits > 2 and abs(1 - given.sum()) <= given.size * 0.5 * 10.0**-digits + 1e-12


def _again(cells: Sequence[Any]) -> list[bool]:
    """Which cells say what one before them said."""
    first: dict[Any, int] = {}
    return [first.setdefault(cell, at) != at for at, cell in enumerate(cells)]


def _column(table: Table, name: str, columns: Mapping[str, Column]) -> Any:
    """A column for a frame: numbers as floats, all else as it is."""
    if columns[name].kind == "number":
        return table.numbers(name)[:, 0]
    return pd.Index(table.columns[name], dtype=object)


def _fund_rows(table: Table, classes: list[str]) -> tuple[Any, Array]:
    """What each line of the lineup breaks by itself; which are a series, and weights by class."""
    codes, kinds = table.columns["fund"], table.columns["kind"]
    table.refuse(_again(codes), "fund", "is given twice")
    coded = [_CODE.fullmatch(str(code)) is None for code in codes]
    table.refuse(coded, "fund", "is no code: write letters and digits, without spaces")
    paid = table.numbers("fee_12b1", "revenue_share").max(axis=1)
    table.refuse(
        paid > table.numbers("expense_ratio")[:, 0],
        "expense_ratio",
        "is less than what the fund pays out of it",
    )
    series = np.array([kind == "target_date" for kind in kinds], bool)
    weights = table.numbers(*classes)
    weights[np.isnan(weights)] = 0.0
    table.refuse(
        series & (weights.sum(axis=1) != 0),
        "fund",
        "is a series: its classes belong in target_date_vintages",
    )
    weights[~series], off = table.made_whole(weights[~series], "classes")
    of_fund = np.zeros(len(series), bool)
    of_fund[~series] = off
    table.refuse(of_fund, "fund", "holds classes that do not sum to one")
    for kind in ("target_date", "employer_stock", "stable_value"):
        first = kinds.index(kind) if kind in kinds else len(kinds)
        also = [one == kind and at > first for at, one in enumerate(kinds)]
        table.refuse(also, "kind", "is given twice")
    return series, weights


def _vintage_rows(table: Table, held: list[str]) -> Array:
    """What each line of the vintages breaks by itself; their weights by class."""
    table.refuse(
        _again(table.columns["years_to_retirement"]), "years_to_retirement", "is given twice"
    )
    weights, off = table.made_whole(np.nan_to_num(table.numbers(*held), nan=0.0), "weights")
    table.refuse(off, "years_to_retirement", "has weights that do not sum to one")
    return weights


def _menu(table: Table, classes: list[str]) -> Lineup:
    series, weights = _fund_rows(table, classes)
    share = table.numbers("plan_share")[:, 0]
    told = ~np.isnan(share)
    if told.any():
        [share[told]], [off] = table.made_whole(share[None, told], "plan_share")
        if off:
            table.say(
                f"column 'plan_share' sums to {share[told].sum():.6g}, not to one: write a digit "
                "more of each, or leave it empty"
            )
    held = {name: table.columns[name] for name in LINEUP if name != "origin"}
    figures = [name for name in held if LINEUP[name].kind == "number"]
    held |= dict(zip(figures, table.numbers(*figures).T.tolist(), strict=True))
    held["plan_share"] = share.tolist()
    held["affiliated"] = [cell in ("yes", True) for cell in held["affiliated"]]
    weights[series] = np.nan
    weights.setflags(write=False)
    return Lineup(held, tuple(classes), weights)


def _people(table: Table, year: int) -> pd.DataFrame:
    codes = table.columns["participant"]
    table.refuse(_again(codes), "participant", "is given twice")
    born, hired = table.numbers("birth_year", "hire_year").T
    for column, years in (("birth_year", born), ("hire_year", hired)):
        table.refuse(years % 1 != 0, column, "is no whole year")
    age = year - born
    table.refuse(~((age >= 14) & (age <= 110)), "birth_year", f"makes nobody's age in {year}")
    late = ~((hired >= born + 14) & (hired <= year))
    table.refuse(late, "hire_year", "is before the age of 14 or after as_of")
    spouse, their_pay = table.numbers("spouse_birth_year", "spouse_pay").T
    there = ~np.isnan(spouse)
    table.refuse(spouse % 1 > 0, "spouse_birth_year", "is no whole year")
    apart = there & ~((year - spouse >= 16) & (year - spouse <= 110))
    table.refuse(apart, "spouse_birth_year", f"makes no spouse's age in {year}")
    married = [str(status).startswith("married") for status in table.columns["filing_status"]]
    unmarried = there & ~np.array(married, bool)
    table.refuse(unmarried, "filing_status", "is of somebody unmarried, who has a spouse")
    alone = ~np.isnan(their_pay) & ~there
    table.refuse(alone, "spouse_pay", "is of a spouse whose spouse_birth_year is not given")
    answers = [_answers(said) for said in table.columns["answers"]]
    table.refuse(
        [said == () for said in answers], "answers", f"is not {QUESTIONS} numbers from 1 to 5"
    )
    absent = {n for n, c in PEOPLE.items() if not c.required and np.isnan(table.numbers(n)).all()}
    told = [n for n in PEOPLE if n not in absent | {"origin", "participant", "holdings"}]
    kept = {name: _column(table, name, PEOPLE) for name in told}
    kept["answers"] = pd.Index(answers, dtype=object, tupleize_cols=False)
    index = pd.Index(codes, dtype=object, name="participant")
    # of these rows alone: what was refused elsewhere makes no other frame of them
    if (np.array([born, hired]) % 1 == 0).all():
        kept |= {name: kept[name].astype(int) for name in ("birth_year", "hire_year")}
    return pd.DataFrame(kept, index)


def _answers(said: Any) -> tuple[int, ...] | None:
    """Answers as whole numbers; None where none were given, empty where they cannot be meant."""
    if said is None or (isinstance(said, float) and np.isnan(said)):
        return None
    given: Sequence[Any] = said
    if isinstance(said, str):
        given = [int(part) if part.isdigit() else part for part in said.split()]
    fits = len(given) == QUESTIONS and all(type(x) is int and 1 <= x <= 5 for x in given)
    return tuple(given) if fits else ()


def _holdings(table: Table, held: list[Any], funds: list[str]) -> Array:
    """Shares of the balance, (participants, funds)."""
    column = {fund: at for at, fund in enumerate(funds)}
    shares = np.zeros((len(held), len(funds)))
    problems: dict[str, list[int]] = {}
    for row, owns in enumerate(held):
        seen = set()
        try:
            pairs = owns.items() if isinstance(owns, Mapping) else _written(owns)
        except ValueError:
            problems.setdefault("is not written like 'FUND 60; OTHER 40', in percent", []).append(
                row
            )
            continue
        for fund, share in pairs:
            if fund not in column:
                problems.setdefault(f"holds {fund}, no fund of the lineup", []).append(row)
            elif fund in seen:
                problems.setdefault(f"names {fund} twice", []).append(row)
            elif not (type(share) is float or schema.is_number(share)) or not 0 <= share < np.inf:
                problems.setdefault(f"holds no share of {fund} that is zero or more", []).append(
                    row
                )
            else:
                shares[row, column[fund]] = share
                seen.add(fund)
    for problem, rows in problems.items():
        table.refuse(np.isin(np.arange(len(held)), rows), "holdings", problem)
    spoken = np.unique([row for rows in problems.values() for row in rows]).astype(int)
    silent = np.setdiff1d(np.arange(len(held)), spoken)
    off = np.zeros(len(held), bool)
    shares[silent], off[silent] = table.made_whole(shares[silent], "holdings")
    table.refuse(off, "holdings", "does not sum to 100" if table.suffix else "does not sum to 1")
    return shares


def _written(text: str) -> list[tuple[str, float]]:
    pairs = [part.split() for part in text.split(";")]
    return [(fund, float(percent) / 100) for fund, percent in pairs]


def _paths(table: Table, classes: list[str], equity: Collection[str]) -> Vintages:
    held = [name for name in table.columns if name not in VINTAGES]
    if strange := sorted(set(held) - set(classes)):
        table.say(f"holds {', '.join(strange)}, which the lineup's columns lack; add them there")
    weights = _vintage_rows(table, held)
    counted = weights[:, [name in equity for name in held]].sum(axis=1)
    years, stated = table.numbers("years_to_retirement", "equity").T
    table.refuse(
        np.abs(stated - counted) > ROUNDED + TOLERANCE,
        "equity",
        "is not what its classes that count as equity (policy: equity_classes) add to",
    )
    made = np.zeros((len(years), len(classes)))
    for name, column in zip(held, weights.T, strict=True):
        if name in classes:
            made[:, classes.index(name)] = column
    order = np.argsort(-years, kind="stable")
    return Vintages(tuple(years[order].tolist()), tuple(classes), made[order], stated[order])


# ---- what tables and rules owe each other --------------------------------------------------------


def _named_funds(
    rules: Mapping[str, Any], kinds: Mapping[str, str], name: str, found: Findings
) -> None:
    """Rules name funds of the lineup, given by kind, and a kind that needs a rule has one."""
    trading = rules["trading"]
    named = {
        "default": [] if rules["default"] is None else [rules["default"]],
        "stable_value.competing": (rules["stable_value"] or {}).get("competing", []),
        "trading.round_trip_days": trading["round_trip_days"],
        "trading.minimum_holding_days": trading["minimum_holding_days"],
    }
    for rule, given in named.items():
        for fund in given:
            if fund not in kinds:
                found.refuse(name, f"{rule}: {schema.short(fund)} is no fund of the lineup")
    for kind in ("employer_stock", "stable_value"):
        of_kind = [fund for fund, one in kinds.items() if one == kind]
        if of_kind != ([rules[kind]["fund"]] if rules[kind] else []):
            meant = ", ".join(map(str, of_kind)) or "null"
            found.refuse(name, f"{kind} must name the lineup's fund of that kind: {meant}")
    if kinds.get(rules["default"]) == "employer_stock":
        found.refuse(
            name, "default: employer stock cannot be the default (29 CFR 2550.404c-5(e)(1))"
        )


def _same_story(lineup: Table, people: Table, shares: Array) -> None:
    """The lineup's shares of the plan are what participants hold."""
    balance = people.numbers("balance")[:, 0]
    share = lineup.numbers("plan_share")[:, 0]
    if not balance.sum() > 0 or np.isnan(share).all():
        return
    held = balance @ shares / balance.sum()
    apart = np.abs(held - np.nan_to_num(share))
    funds = lineup.columns["fund"]
    told = ["empty" if np.isnan(x) else f"{x:.3f}" for x in share]
    wrong = [int(at) for at in np.argsort(-apart, kind="stable") if apart[at] > 0.02]
    if wrong:
        first, *others = wrong
        said = "".join(f"; of {funds[at]} {told[at]}, held {held[at]:.3f}" for at in others)
        lineup.say(
            f"plan_share of {funds[first]} is {told[first]}, but participants hold "
            f"{held[first]:.3f} of all balances in it{said}; one of the two files is wrong"
        )


def _origin(rules: Mapping[str, Any], given: Sequence[Table]) -> None:
    for table in given:
        if "origin" in table.columns:
            differs = [origin != rules["origin"] for origin in table.columns["origin"]]
            table.refuse(differs, "origin", f"differs from {rules['origin']!r} in rules.yml")


# ---- cells ---------------------------------------------------------------------------------------


@cache
def _schema(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = data.mapping(root / "plan_schema.yml", aliases=True)["rules"]
    return read


def _breaks(rules: Any) -> list[str]:
    """What breaks the schema, entry by entry: an entry that many plans share is looked at once."""
    whole = _schema(data.ROOT)
    if not isinstance(rules, Mapping):
        return schema.problems(rules, whole)
    known = whole["properties"]
    frame = {**whole, "properties": {key: {} for key in known}}
    whole_keys = set(whole["required"]) <= rules.keys() <= known.keys()
    found = [] if whole_keys else schema.problems(rules, frame)
    root = str(data.ROOT)
    for name, value in rules.items():
        if name in known:
            look = partial(schema.problems, value, known[name], name)
            found += _BREAKS.get((root, name, marked(value)), look)
    return found


def _day(text: str, at: str, name: str, found: Findings) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        found.refuse(name, f"{at}: {text!r} is no day of the calendar")
        return date.min


def _cells(cells: list[Any], column: Column, key: str, name: str, found: Findings) -> list[Any]:
    """A column of JSON values, typed; what is of another type or out of range is refused."""
    places = range(len(cells))
    low, high = column.low, column.high
    if column.kind == "number" and all(type(c) is float and low <= c <= high for c in cells):
        return cells

    def refuse(rows: list[int], problem: str) -> None:
        _refuse(name, key, cells, places, rows, problem, found)

    present = [cell is not None and cell == cell for cell in cells]
    if column.required and column.filled and not all(present):
        refuse([at for at in places if not present[at]], "is missing")
    if column.kind == "number":
        numbers = [float(c) if type(c) is float or schema.is_number(c) else math.nan for c in cells]
        finite = [math.isfinite(x) for x in numbers]
        if finite != present:
            refuse([at for at in places if present[at] and not finite[at]], "is not a number")
        if outside := [at for at, x in enumerate(numbers) if finite[at] and not low <= x <= high]:
            hint = "; decimals: 0.05 for 5%" if high <= 1 and low >= 0 else ""
            refuse(outside, f"is not between {low:g} and {high:g}{hint}")
        return numbers
    wanted, kind = _KINDS_OF_CELLS.get(key, (str, "text"))
    fits = [isinstance(cell, wanted) for cell in cells]
    if fits != present:
        refuse([at for at in places if present[at] and not fits[at]], f"is not {kind}")
    if column.kind == "word" and wanted is str:
        known = column.words or {}
        if strange := [at for at in places if fits[at] and cells[at] not in known]:
            refuse(strange, f"is none of {', '.join(known)}")
    return [cell if fit else None for cell, fit in zip(cells, fits, strict=True)]


#: Columns whose cells are no text in JSON.
_KINDS_OF_CELLS: dict[str, tuple[type, str]] = {
    "answers": (list, "a list"),
    "holdings": (dict, "a mapping of shares by fund"),
    "affiliated": (bool, "true or false"),
}


def _worded(table: Table, columns: Mapping[str, Column]) -> Table:
    """The table itself; texts that say nothing, or that no page could show, are refused."""
    for name, column in columns.items():
        if column.kind == "text" and name not in ("answers", "holdings") and name in table.columns:
            cells = [cell if isinstance(cell, str) else None for cell in table.columns[name]]
            odd = [
                cell is not None and (len(cell) > 200 or not cell.isprintable()) for cell in cells
            ]
            table.refuse(odd, name, "is longer than 200 letters, or has some that do not print")
            marked = [cell is not None and ("<" in cell or ">" in cell) for cell in cells]
            table.refuse(marked, name, "has < or >, which pages read as marks")
            if column.filled:
                blank = [cell is not None and not re.search(r"\w", cell) for cell in cells]
                table.refuse(blank, name, "says nothing")
    return table


def _refuse(
    name: str,
    column: str,
    cells: Sequence[Any],
    places: Sequence[int],
    rows: Sequence[int],
    problem: str,
    found: Findings,
) -> None:
    """A finding a row; by line where `name` is a file, else by path."""
    for at in rows[:100]:
        value, place = cells[at], places[at]
        number = isinstance(value, (float, np.floating)) and np.isfinite(value)
        shown = f"{value:g}" if number else schema.short(value)
        if "." in name:
            found.refuse(name, f"{column} {shown} {problem}", int(place))
        else:
            found.refuse(f"{name}[{place}].{column}", f"{shown} {problem}")
