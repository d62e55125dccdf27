"""What must a plan's folder look like: its columns and rules, and what they owe each other?

`portlib.plan` reads; this module refuses, and says everything that is wrong in one go. A refusal
names the file and the line (``lineup.csv: line 4``), or, for a plan sent as JSON, the path
(``participants[3].holdings``). The columns are `LINEUP`, `PEOPLE` and `VINTAGES`, the rules
``data/plan_schema.yml``; ``data/README.md`` describes the format in words.

Left out: whether the figures are true; files that a plan may bring beside these.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from portlib import data, schema, tables
from portlib.data import DataError
from portlib.records import Array
from portlib.tables import Column, Findings
from portlib.tables.columns import near_word

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
    """A table of a plan, typed; its index holds lines of the file or places in the JSON list.

    ``suffix`` is ``.csv`` for a file and empty for JSON.
    """

    name: str
    suffix: str
    frame: pd.DataFrame
    found: Findings

    def refuse(self, bad: Any, column: str, problem: str) -> None:
        """Add a finding for each row that is bad, by file and line or by path."""
        _refuse(self.name, self.suffix, self.frame[column], bad, problem, self.found)

    def say(self, problem: str) -> None:
        """Add a finding about the table as a whole."""
        self.found.refuse(f"{self.name}{self.suffix}", problem)


Parts = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None, pd.DataFrame, pd.DataFrame]


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
    """
    found = Findings()
    plain = schema.plain(content)
    for problem in schema.problems(plain, _schema(data.ROOT)):
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
    """
    fixed = columns is PEOPLE
    text = tables.open_text(path)
    if fixed and len(text.content.split()) == 1:  # names of columns alone: nobody
        return Table(path.stem, path.suffix, pd.DataFrame(columns=list(columns)), found)
    asked = dict(columns) if fixed else {**columns, **dict.fromkeys(classes, _CLASS)}
    frame = tables.rows(text, asked, found)
    frame = pd.DataFrame(columns=list(columns)) if frame is None else frame
    absent = [name for name in frame if name not in columns and frame[name].isna().all()]
    table = Table(path.stem, path.suffix, frame.drop(columns=absent), found)
    return _worded(table, columns)


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
    asked = {key: column for key, column in columns.items() if key != "origin"}
    known = set(asked) if columns is PEOPLE else {*asked, *classes}
    if not isinstance(rows, list):
        raise DataError(f"{name}: {schema.short(rows)} is not a list")
    if wrong := [at for at, row in enumerate(rows) if not isinstance(row, Mapping)]:
        for at in wrong[:100]:
            found.refuse(f"{name}[{at}]", f"{schema.short(rows[at])} is not a mapping")
        return None
    for at, row in enumerate(rows):
        if strange := [key for key in row if key not in known]:
            hint = near_word(str(strange[0]), sorted(known))
            found.refuse(f"{name}[{at}]", f"{schema.short(strange[0])}: no such entry{hint}")
    held = dict.fromkeys(key for row in rows for key in row if key in known and key not in asked)
    made = {}
    for key in [*asked, *held]:
        made[key] = _cells([row.get(key) for row in rows], asked.get(key, _CLASS), key, name, found)
    return _worded(Table(name, "", pd.DataFrame(made, pd.RangeIndex(len(rows))), found), asked)


def parts(
    rules: Mapping[str, Any],
    equity: Collection[str],
    lineup: Table,
    people: Table,
    vintages: Table | None,
) -> Parts:
    """Funds, exposures, vintages, participants and holdings of a `Plan`, from its tables.

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
    """
    found = lineup.found
    found.settle()
    suffix = ".yml" if lineup.suffix else ""
    classes = [str(name) for name in lineup.frame if name not in LINEUP]
    _origin(rules, [lineup, people, *([] if vintages is None else [vintages])])
    funds, exposures = _funds(lineup, classes)
    _named_funds(rules, funds, f"rules{suffix}", found)
    if (funds["kind"] == "target_date").any() != (vintages is not None):
        found.refuse(
            f"target_date_vintages{lineup.suffix}",
            "is needed when, and only when, a target_date fund is offered",
        )
    paths = None if vintages is None else _paths(vintages, classes, equity)
    participants, holdings = _people(people, rules, list(funds.index))
    found.settle()
    _same_story(lineup, funds, participants, holdings)
    found.settle()
    return funds, exposures, paths, participants, holdings


def by_name(rules: Mapping[str, Any], lineup: Table, found: Findings) -> None:
    """Funds that refused rules name and the lineup does not have, as far as they can be read.

    Parameters
    ----------
    rules : ``rules.yml`` as it stands.
    lineup : from `from_file`.
    found : takes what is wrong.
    """
    if "fund" not in lineup.frame:
        return
    funds = set(lineup.frame["fund"].astype(str))
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
    """
    if lineup is not None and {*LINEUP} <= {*lineup.frame}:
        rest = _unnamed(lineup)
        _fund_rows(rest, [str(name) for name in rest.frame if name not in LINEUP])
        if people is not None and {*PEOPLE} <= {*people.frame}:
            funds = list(dict.fromkeys(lineup.frame["fund"].astype(str)))
            rest = _unnamed(people)
            if rules is not None:
                _people(rest, rules, funds)
            # holdings can be judged also beside another cell that was refused
            told = people.frame if len(rest.frame) else rest.frame
            told = told.drop(rest.frame.index if rules is not None else [])
            given = [isinstance(one, (str, Mapping)) for one in told["holdings"]]
            held = told[np.array(given, bool)]
            also = Table(people.name, people.suffix, held, people.found)
            _holdings(also, held["holdings"].tolist(), funds)
    if paths is not None:
        rest = _unnamed(paths)
        _vintage_rows(rest, [str(name) for name in rest.frame if name not in VINTAGES])


def _unnamed(table: Table) -> Table:
    """The rows of a table of which nothing was said yet; none where its columns are not sound."""
    file = f"{table.name}{table.suffix}"
    if any(one.file == file and "column" in one.problem.split()[:3] for one in table.found.refused):
        return Table(table.name, table.suffix, table.frame.iloc[:0], table.found)
    told = {one.line for one in table.found.refused if one.file == file}
    places = {one.file for one in table.found.refused}
    named = [
        line in told or any(place.startswith(f"{table.name}[{line}]") for place in places)
        for line in table.frame.index
    ]
    return Table(table.name, table.suffix, table.frame[~np.array(named, bool)], table.found)


# ---- one table each ------------------------------------------------------------------------------


def _fund_rows(table: Table, classes: list[str]) -> None:
    """What each line of the lineup breaks by itself."""
    frame = table.frame
    table.refuse(frame["fund"].duplicated(), "fund", "is given twice")
    table.refuse(
        ~frame["fund"].astype(str).str.fullmatch(r"[^\s;,]+"),
        "fund",
        "is no code: write letters and digits, without spaces",
    )
    paid = frame[["fee_12b1", "revenue_share"]].astype(float).max(axis=1)
    table.refuse(
        paid > frame["expense_ratio"].astype(float),
        "expense_ratio",
        "is less than what the fund pays out of it",
    )
    series = frame["kind"] == "target_date"
    total = frame[classes].astype(float).fillna(0.0).sum(axis=1)
    table.refuse(
        series & (total != 0), "fund", "is a series: its classes belong in target_date_vintages"
    )
    table.refuse(
        ~series & ~((total - 1).abs() <= TOLERANCE), "fund", "holds classes that do not sum to one"
    )
    for kind in ("target_date", "employer_stock", "stable_value"):
        of_kind = frame["kind"] == kind
        table.refuse(of_kind & (of_kind.cumsum() > 1), "kind", "is given twice")


def _vintage_rows(table: Table, held: list[str]) -> None:
    """What each line of the vintages breaks by itself."""
    years = table.frame["years_to_retirement"].astype(float)
    table.refuse(years.duplicated(), "years_to_retirement", "is given twice")
    weights = table.frame[held].astype(float).fillna(0.0)
    off = ~((weights.sum(axis=1) - 1).abs() <= TOLERANCE)
    table.refuse(off, "years_to_retirement", "has weights that do not sum to one")


def _funds(table: Table, classes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = table.frame
    _fund_rows(table, classes)
    series = frame["kind"] == "target_date"
    weights = frame[classes].astype(float).fillna(0.0)
    share = frame["plan_share"].astype(float)
    if share.notna().any() and not abs(share.sum() - 1) <= TOLERANCE:
        table.say(f"column 'plan_share' sums to {share.sum():.6g}, not to one")
    numbers = [name for name, column in LINEUP.items() if column.kind == "number"]
    funds = frame.set_index("fund")[[name for name in LINEUP if name not in ("origin", "fund")]]
    funds = funds.astype(dict.fromkeys(numbers, float))
    funds["affiliated"] = funds["affiliated"].isin(["yes", True])
    return funds, weights[~series].set_index(frame["fund"][~series])


def _people(
    table: Table, rules: Mapping[str, Any], funds: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    numbers = [name for name, column in PEOPLE.items() if column.kind == "number"]
    frame = table.frame.astype(dict.fromkeys(numbers, float))
    table.refuse(frame["participant"].duplicated(), "participant", "is given twice")
    for column in ("birth_year", "hire_year"):
        table.refuse(frame[column] % 1 != 0, column, "is no whole year")
    year = rules["as_of"].year
    age = year - frame["birth_year"]
    table.refuse(~age.between(14, 110), "birth_year", f"makes nobody's age in {year}")
    hired = frame["hire_year"].between(frame["birth_year"] + 14, year)
    table.refuse(~hired, "hire_year", "is before the age of 14 or after as_of")
    spouse = frame["spouse_birth_year"]
    table.refuse(spouse % 1 > 0, "spouse_birth_year", "is no whole year")
    apart = spouse.notna() & ~(year - spouse).between(16, 110)
    table.refuse(apart, "spouse_birth_year", f"makes no spouse's age in {year}")
    unmarried = spouse.notna() & ~frame["filing_status"].str.startswith("married", na=False)
    table.refuse(unmarried, "filing_status", "is of somebody unmarried, who has a spouse")
    alone = frame["spouse_pay"].notna() & spouse.isna()
    table.refuse(alone, "spouse_pay", "is of a spouse whose spouse_birth_year is not given")
    answers = [_answers(said) for said in frame["answers"]]
    table.refuse(
        [said == () for said in answers], "answers", f"is not {QUESTIONS} numbers from 1 to 5"
    )
    holdings = _holdings(table, frame["holdings"].tolist(), funds)
    kept = frame.assign(answers=pd.Series(answers, frame.index, dtype=object))
    kept = kept.set_index("participant")
    absent = {n for n, c in PEOPLE.items() if not c.required and kept[n].isna().all()}
    kept = kept[[n for n in PEOPLE if n not in absent | {"origin", "participant", "holdings"}]]
    if table.found.refused:
        return kept, pd.DataFrame()
    return kept.astype({"birth_year": int, "hire_year": int}), pd.DataFrame(
        holdings, kept.index, funds
    )


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
    off = ~(np.abs(shares.sum(axis=1) - 1) <= TOLERANCE)
    off[spoken] = False
    table.refuse(off, "holdings", "does not sum to 100" if table.suffix else "does not sum to 1")
    return shares


def _written(text: str) -> list[tuple[str, float]]:
    pairs = [part.split() for part in text.split(";")]
    return [(fund, float(percent) / 100) for fund, percent in pairs]


def _paths(table: Table, classes: list[str], equity: Collection[str]) -> pd.DataFrame:
    frame = table.frame
    held = [str(name) for name in frame if name not in VINTAGES]
    if strange := sorted(set(held) - set(classes)):
        table.say(f"holds {', '.join(strange)}, which the lineup's columns lack; add them there")
    _vintage_rows(table, held)
    years = frame["years_to_retirement"].astype(float)
    weights = frame[held].astype(float).fillna(0.0)
    counted = weights[[name for name in held if name in equity]].sum(axis=1)
    apart = (frame["equity"].astype(float) - counted).abs() > ROUNDED + TOLERANCE
    table.refuse(
        apart,
        "equity",
        "is not what its classes that count as equity (policy: equity_classes) add to",
    )
    made = weights.reindex(columns=classes, fill_value=0.0).assign(
        equity=frame["equity"].astype(float)
    )
    return made.set_index(pd.Index(years, name="years_to_retirement")).sort_index(ascending=False)


# ---- what tables and rules owe each other --------------------------------------------------------


def _named_funds(rules: Mapping[str, Any], funds: pd.DataFrame, name: str, found: Findings) -> None:
    """Rules name funds of the lineup, and a kind of fund that needs a rule has one."""
    trading = rules["trading"]
    named = {
        "default": [] if rules["default"] is None else [rules["default"]],
        "stable_value.competing": (rules["stable_value"] or {}).get("competing", []),
        "trading.round_trip_days": trading["round_trip_days"],
        "trading.minimum_holding_days": trading["minimum_holding_days"],
    }
    for rule, given in named.items():
        for fund in given:
            if fund not in funds.index:
                found.refuse(name, f"{rule}: {schema.short(fund)} is no fund of the lineup")
    for kind in ("employer_stock", "stable_value"):
        of_kind = list(funds.index[funds["kind"] == kind])
        if of_kind != ([rules[kind]["fund"]] if rules[kind] else []):
            meant = ", ".join(map(str, of_kind)) or "null"
            found.refuse(name, f"{kind} must name the lineup's fund of that kind: {meant}")
    if rules["default"] in funds.index and funds["kind"].eq("employer_stock").get(
        rules["default"], False
    ):
        found.refuse(
            name, "default: employer stock cannot be the default (29 CFR 2550.404c-5(e)(1))"
        )


def _same_story(
    lineup: Table, funds: pd.DataFrame, participants: pd.DataFrame, holdings: pd.DataFrame
) -> None:
    """The lineup's shares of the plan are what participants hold."""
    share = funds["plan_share"]
    total = participants["balance"].sum()
    if not share.notna().any() or not total > 0:
        return
    held = holdings.mul(participants["balance"], axis=0).sum() / total
    apart = (held - share.fillna(0)).abs()
    if apart.max() > 0.02:
        fund = str(apart.idxmax())
        lineup.say(
            f"plan_share of {fund} is {share[fund]:.3f}, but participants hold {held[fund]:.3f} of "
            "all balances in it; one of the two files is wrong"
        )


def _origin(rules: Mapping[str, Any], given: Sequence[Table]) -> None:
    for table in given:
        if "origin" in table.frame:
            differs = table.frame["origin"] != rules["origin"]
            table.refuse(differs, "origin", f"differs from {rules['origin']!r} in rules.yml")


# ---- cells ---------------------------------------------------------------------------------------


@cache
def _schema(root: Path) -> dict[str, Any]:
    read: dict[str, Any] = data.mapping(root / "plan_schema.yml", aliases=True)["rules"]
    return read


def _day(text: str, at: str, name: str, found: Findings) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        found.refuse(name, f"{at}: {text!r} is no day of the calendar")
        return date.min


def _cells(cells: list[Any], column: Column, key: str, name: str, found: Findings) -> pd.Series:
    """A column of JSON values, typed; what is of another type or out of range is refused."""
    series = pd.Series(cells, dtype=object, name=key)
    present = np.array([cell is not None and cell == cell for cell in cells], bool)
    if column.required and column.filled:
        _refuse(name, "", series, ~present, "is missing", found)
    if column.kind == "number":
        fits = np.array([type(c) is float or schema.is_number(c) for c in cells], bool) & present
        numbers = np.full(len(cells), np.nan)
        numbers[fits] = np.fromiter((c for c, fit in zip(cells, fits, strict=True) if fit), float)
        fits &= np.isfinite(numbers)
        _refuse(name, "", series, present & ~fits, "is not a number", found)
        outside = fits & ~((numbers >= column.low) & (numbers <= column.high))
        percent = column.high <= 1 and column.low >= 0
        hint = "; decimals: 0.05 for 5%" if percent else ""
        problem = f"is not between {column.low:g} and {column.high:g}{hint}"
        _refuse(name, "", series, outside, problem, found)
        return pd.Series(numbers, name=key)
    wanted: tuple[type, ...] = {"answers": (list,), "holdings": (dict,), "affiliated": (bool,)}.get(
        key, (str,)
    )
    fits = np.array([isinstance(cell, wanted) for cell in cells], bool)
    kinds = {
        list: "a list",
        dict: "a mapping of shares by fund",
        bool: "true or false",
        str: "text",
    }
    _refuse(name, "", series, present & ~fits, f"is not {kinds[wanted[0]]}", found)
    if column.kind == "word" and wanted == (str,):
        known = column.words or {}
        strange = np.array(
            [ok and cell not in known for cell, ok in zip(cells, fits, strict=True)], bool
        )
        _refuse(name, "", series, strange, f"is none of {', '.join(known)}", found)
    return series.where(present & fits, None)


def _worded(table: Table, columns: Mapping[str, Column]) -> Table:
    """The table itself; texts that say nothing, or that no page could show, are refused."""
    for name, column in columns.items():
        if column.kind == "text" and name not in ("answers", "holdings") and name in table.frame:
            cells = [cell if isinstance(cell, str) else None for cell in table.frame[name]]
            odd = [
                cell is not None and (len(cell) > 200 or not cell.isprintable()) for cell in cells
            ]
            table.refuse(odd, name, "is longer than 200 letters, or has some that do not print")
            marked = [cell is not None and bool({"<", ">"} & set(cell)) for cell in cells]
            table.refuse(marked, name, "has < or >, which pages read as marks")
            if column.filled:
                blank = [cell is not None and not re.search(r"\w", cell) for cell in cells]
                table.refuse(blank, name, "says nothing")
    return table


def _refuse(
    name: str, suffix: str, column: pd.Series, bad: Any, problem: str, found: Findings
) -> None:
    for at in np.flatnonzero(np.asarray(bad, bool))[:100]:
        value = column.iloc[int(at)]
        place = column.index[int(at)]
        number = isinstance(value, (float, np.floating)) and np.isfinite(value)
        shown = f"{value:g}" if number else schema.short(value)
        if suffix:
            found.refuse(f"{name}{suffix}", f"{column.name} {shown} {problem}", int(place))
        else:
            found.refuse(f"{name}[{place}].{column.name}", f"{shown} {problem}")
