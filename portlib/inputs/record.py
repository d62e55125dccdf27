"""Which inputs are a plan's own? One record of all optional files of its folder.

`gather` takes the files of a folder as text (which travels in a plan's JSON), `make` reads them and
says of each what was understood. Everything that is wrong is found in one go. Left out: the four
files that every plan has (`portlib.plan`), policy, views.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from portlib import data, tables
from portlib.data import DataError
from portlib.inputs import accounts, assumptions, classes, holdings, mandate, nport, valuations
from portlib.inputs.accounts import AccountHoldings, Trades
from portlib.inputs.assumptions import OwnAssumptions
from portlib.inputs.classes import Classes, survey_classes
from portlib.inputs.holdings import FundHoldings
from portlib.inputs.mandate import Stated
from portlib.inputs.valuations import Valuations
from portlib.policy import LIKE
from portlib.tables import Column, Findings, ReturnTable, Text
from portlib.tables.columns import Options, near_word

READING = "reading.yml"
HISTORY, YEARS = "history.csv", "annual_returns.csv"
RETURNS, PRICES, DISTRIBUTIONS = "fund_returns.csv", "fund_prices.csv", "distributions.csv"
#: Each optional file, and what it brings.
FILES: dict[str, str] = {
    classes.FILE: "own classes: role, the survey's name, the history that stands in",
    assumptions.FILE: "expected returns and volatilities",
    assumptions.CORRELATIONS: "correlations of the same classes",
    HISTORY: "monthly returns of classes",
    YEARS: "calendar-year returns of classes or indices, where months are not at hand",
    RETURNS: "monthly returns of the funds",
    PRICES: "prices of the funds, instead of returns",
    DISTRIBUTIONS: "what the funds paid out, beside prices",
    valuations.FILE: "dated yields, growth and valuation by class",
    holdings.FILE: "what the funds hold",
    holdings.MASTER: "which class each security is",
    accounts.FILE: "dated balances by fund",
    accounts.TRADES: "trades with their days and prices",
    mandate.FILE: "limits beyond policy",
    READING: "how a file is to be read, where it could be read in two ways",
}
#: The class by which the beta of equity is measured, whatever a house calls its own.
YARDSTICK = "us_large_equity"
#: Files that may be Parquet instead.
PARQUET = (HISTORY, RETURNS, PRICES)
#: What ``reading.yml`` may say of a file.
OPTIONS: dict[str, tuple[str, ...]] = {
    "unit": ("decimal", "percent"),
    "dates": ("month-day-year", "day-month-year", "year-month-day"),
    "decimal": ("point", "comma"),
    "compound": ("true", "false"),
    "keep_gaps": ("true", "false"),
}
DISTRIBUTION_COLUMNS = {
    "fund": Column("the fund, by its code in `lineup.csv`"),
    "date": Column("the day from which the price is without it", "date"),
    "amount": Column("paid a share", "number", low=0, high=1e6, unit="US dollars"),
}


@dataclass(frozen=True, eq=False)
class Sources:
    """The optional files as given: tables as text, YAML as mappings, the folder of filings."""

    texts: Mapping[str, Text] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    filings: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """Files by name; `from_json` takes them back."""
        return {name: text.content for name, text in self.texts.items()} | dict(self.mappings)

    def __bool__(self) -> bool:
        return bool(self.texts or self.mappings or self.filings)


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a plan brings of its own; None, or empty, where it brings nothing.

    Attributes
    ----------
    classes : Classes
        All classes that the plan may name.
    assumptions : OwnAssumptions or None
    history : ReturnTable or None
        Columns are classes or series of our history.
    years : ReturnTable or None
        Calendar-year returns; columns are classes or any indices.
    funds : ReturnTable or None
        Columns are the lineup's codes.
    valuations, holdings, accounts, trades : records or None
    mandate : tuple of Stated
    as_read : mapping
        By file, what was understood.
    sources : Sources
    """

    classes: Classes = field(default_factory=survey_classes)
    assumptions: OwnAssumptions | None = None
    history: ReturnTable | None = None
    years: ReturnTable | None = None
    funds: ReturnTable | None = None
    valuations: Valuations | None = None
    holdings: FundHoldings | None = None
    accounts: AccountHoldings | None = None
    trades: Trades | None = None
    mandate: tuple[Stated, ...] = ()
    as_read: Mapping[str, str] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)

    def to_json(self) -> dict[str, Any]:
        """The files that they were read from, by name; filings as ``fund_holdings.csv``, of which
        ``reading.yml`` then says nothing, for it is written anew."""
        content = self.sources.to_json()
        if self.sources.filings is not None and self.holdings is not None:
            content[holdings.FILE] = self.holdings.to_csv()
            options = {n: o for n, o in content.pop(READING, {}).items() if n != holdings.FILE}
            if options:
                content[READING] = options
        return content

    def offering(self, funds: Sequence[str]) -> Inputs:
        """What is left when a plan offers these funds only; what is of the others goes."""
        texts = dict(self.sources.texts)
        mappings = dict(self.sources.mappings)
        made: dict[str, Any] = {}
        if self.funds is not None:
            kept = self.funds.values[[fund for fund in self.funds.values if fund in funds]]
            for name in (RETURNS, PRICES, DISTRIBUTIONS):
                texts.pop(name, None)
            made["funds"] = None
            if kept.shape[1]:
                made["funds"] = replace(self.funds, values=kept)
                texts[RETURNS] = Text(RETURNS, kept.to_csv())
        if self.holdings is not None:
            table = self.holdings.table
            own = replace(self.holdings, table=table[table["fund"].isin(funds)])
            texts.pop(holdings.FILE, None)
            made["holdings"] = own if len(own.table) else None
            if len(own.table):
                texts[holdings.FILE] = Text(holdings.FILE, own.to_csv())
        for name, file in (("accounts", accounts.FILE), ("trades", accounts.TRADES)):
            if (record := getattr(self, name)) is not None:
                rows = record.table[record.table["fund"].isin(funds)]
                texts.pop(file, None)
                made[name] = replace(record, table=rows) if len(rows) else None
                if len(rows):
                    texts[file] = Text(file, rows.to_csv(index=name == "trades"))
        if self.mandate:
            limits = tuple(limit for limit in self.mandate if limit.named() <= set(funds))
            names = [limit.name for limit in limits]
            listed = self.sources.mappings[mandate.FILE]["constraints"]
            mappings.pop(mandate.FILE)
            if limits:
                stated = [entry for entry in listed if entry["name"] in names]
                mappings[mandate.FILE] = {"constraints": stated}
            made["mandate"] = limits
        options = mappings.get(READING, {})
        if same := {n: o for n, o in options.items() if texts.get(n) is self.sources.texts.get(n)}:
            mappings[READING] = same
        else:
            mappings.pop(READING, None)
        filings = None if "holdings" in made else self.sources.filings
        return replace(self, **made, sources=Sources(texts, mappings, filings))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all files given."""
        written = json.dumps(self.to_json(), sort_keys=True, default=str)
        return hashlib.sha256(written.encode()).hexdigest()


def gather(folder: str | Path, found: Findings) -> Sources:
    """The optional files of a plan's folder as text; findings for those that cannot be opened.

    Parameters
    ----------
    folder : the plan's.
    found : takes what cannot be opened.
    """
    folder = Path(folder)
    texts: dict[str, Text] = {}
    mappings: dict[str, Mapping[str, Any]] = {}
    for name in FILES:
        path = folder / name
        other = path.with_suffix(".parquet")
        if name in PARQUET and other.exists():
            if path.exists():
                found.refuse(name, f"stands beside {other.name}; keep one")
                continue
            path = other
        if not path.exists():
            continue
        try:
            if name.endswith(".yml"):
                mappings[name] = data.mapping(path)
            else:
                texts[name] = tables.open_text(path)
        except DataError as error:
            found.take(error, path.name)
    filings = folder / nport.FOLDER
    return Sources(texts, mappings, filings if filings.is_dir() else None)


def from_json(content: Any) -> Sources:
    """The optional files that a plan's JSON carries.

    Parameters
    ----------
    content : a mapping from names of `FILES` to text, or to mappings where the file is YAML.

    Raises
    ------
    DataError
        For a name that is none of `FILES`, or content of the wrong kind.

    Examples
    --------
    >>> content = {"history.csv": "month,cash\\n2026-01,0.3%\\n", "reading.yml": {}}
    >>> sources = from_json(content)
    >>> sources.to_json() == content, bool(sources), bool(from_json({}))
    (True, True, False)
    >>> from_json({"histories.csv": ""})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: inputs: 'histories.csv' is no file of the format; did you mean ...
    >>> from_json({"history.csv": {}})
    Traceback (most recent call last):
    ...
    portlib.data.DataError: inputs: history.csv: should be the file's text
    >>> from_json({"reading.yml": "unit: percent"})
    Traceback (most recent call last):
    ...
    portlib.data.DataError: inputs: reading.yml: should be a mapping
    >>> from_json(["history.csv"])
    Traceback (most recent call last):
    ...
    portlib.data.DataError: inputs: list is no mapping of files
    """
    if not isinstance(content, Mapping):
        raise DataError(f"inputs: {type(content).__name__} is no mapping of files")
    texts: dict[str, Text] = {}
    mappings: dict[str, Mapping[str, Any]] = {}
    for name, held in content.items():
        if name not in FILES:
            hint = near_word(str(name), list(FILES))
            raise DataError(f"inputs: {str(name)[:80]!r} is no file of the format{hint}")
        if str(name).endswith(".yml"):
            if not isinstance(held, Mapping):
                raise DataError(f"inputs: {name}: should be a mapping")
            mappings[str(name)] = held
        elif isinstance(held, str):
            texts[str(name)] = Text(str(name), held)
        else:
            raise DataError(f"inputs: {name}: should be the file's text")
    return Sources(texts, mappings)


def classes_of(sources: Sources, found: Findings) -> Classes:
    """The classes that a plan may name, from its ``classes.yml`` and the survey."""
    return classes.make(sources.mappings.get(classes.FILE), found)


def make(sources: Sources, known: Classes, labels: Mapping[str, str], found: Findings) -> Inputs:
    """The inputs that the files hold.

    Parameters
    ----------
    sources : from `gather` or `from_json`.
    known : from `classes_of`.
    labels : the lineup's funds, label by code.
    found : takes everything that is wrong, and what was understood.

    Examples
    --------
    Returns of classes under their labels, of funds by theirs, and how one of the files is to be
    read:

    >>> labels = {"A": "Stock fund", "B": "Bond fund"}
    >>> def read(content, labels=labels):
    ...     found = Findings()
    ...     sources = from_json(content)
    ...     made = make(sources, classes_of(sources, found), labels, found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return made
    >>> history = "month,US large companies,cash\\n2026-01,1.5,0.3\\n2026-02,-0.5,0.2\\n"
    >>> funds = "month,stock fund,B\\n2026-01,1%,0.5%\\n2026-02,2%,0.4%\\n"
    >>> content = {"history.csv": history, "fund_returns.csv": funds}
    >>> made = read(content | {"reading.yml": {"history.csv": {"unit": "percent"}}})
    >>> made.history.values.round(9).to_dict("list")
    {'us_large_equity': [0.015, -0.005], 'cash': [0.003, 0.002]}
    >>> made.funds.values["A"].tolist(), sorted(made.as_read)
    ([0.01, 0.02], ['fund_returns.csv', 'history.csv'])

    It goes on in ``record.md``.
    """
    options = _options(sources, found)
    texts = sources.texts
    funds = list(labels)
    filings = None
    if sources.filings is not None:
        filings = nport.read_folder(sources.filings, funds, found)
    history = _series(texts.get(HISTORY), HISTORY, options, found)
    if history is not None:
        history = _class_columns(history, known, found)
    years = _series(texts.get(YEARS), YEARS, options, found, read=tables.years)
    own = _funds(texts, labels, options, found)
    made = Inputs(
        known,
        assumptions.make(
            texts.get(assumptions.FILE), texts.get(assumptions.CORRELATIONS), known, found, options
        ),
        history,
        years,
        own,
        valuations.make(texts.get(valuations.FILE), known, found, options),
        holdings.make(
            texts.get(holdings.FILE),
            texts.get(holdings.MASTER),
            filings,
            funds,
            known,
            found,
            options,
        ),
        accounts.make_holdings(texts.get(accounts.FILE), funds, found, options),
        accounts.make_trades(texts.get(accounts.TRADES), funds, found, options),
        mandate.make(sources.mappings.get(mandate.FILE), funds, known, found),
        {},
        sources,
    )
    object.__setattr__(made, "as_read", _as_read(made))
    return made


def _options(sources: Sources, found: Findings) -> dict[str, dict[str, Any]]:
    """What ``reading.yml`` says, by file."""
    made: dict[str, dict[str, Any]] = {}
    for name, given in sources.mappings.get(READING, {}).items():
        if name not in FILES or str(name).endswith(".yml"):
            hint = near_word(str(name), [file for file in FILES if not file.endswith(".yml")])
            found.refuse(READING, f"{name!r} is no table of the format{hint}")
            continue
        if not isinstance(given, Mapping):
            found.refuse(READING, f"{name}: write unit, dates or decimal under it")
            continue
        for option, value in given.items():
            said = str(value).lower()
            if option not in OPTIONS:
                hint = near_word(str(option), list(OPTIONS))
                found.refuse(READING, f"{name}: {option!r} is no option of reading{hint}")
            elif said not in OPTIONS[option]:
                allowed = ", ".join(OPTIONS[option])
                found.refuse(READING, f"{name}: {option}: {value!r} is none of {allowed}")
            else:
                flag = {"true": True, "false": False}
                made.setdefault(str(name), {})[str(option)] = flag.get(said, said)
    return made


def _series(
    text: Text | None,
    file: str,
    options: Options,
    found: Findings,
    *,
    read: Callable[..., ReturnTable] = tables.returns,
) -> ReturnTable | None:
    if text is None:
        return None
    try:
        return read(text, **options.get(file, {}))
    except DataError as error:
        found.take(error, text.name)
        return None


def _class_columns(history: ReturnTable, known: Classes, found: Findings) -> ReturnTable:
    """Labels of classes, the survey's own and ours, as their names, where the column is not a
    class's name already; a column that names neither class nor series is noted."""
    surveyed = data.table("horizon_2025_assets")["label"].str.lower()
    by_label = {label: str(name) for name, label in surveyed.items()}
    by_label |= {one.label.lower(): one.name for one in known}
    names = [
        name if name in known else by_label.get(name.lower(), name)
        for name in map(str, history.values)
    ]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        found.refuse(history.file, f"two columns are the class {twice!r}")
        return history
    for name in names:
        if name not in known:
            hint = near_word(name, list(known.names))
            found.note(
                history.file,
                f"column {name!r} is no class of the plan{hint}; it is used only as a series "
                "that classes.yml or the policy's class_series name",
            )
    return ReturnTable(
        history.values.set_axis(names, axis=1), history.file, history.period, history.notes
    )


def _funds(
    texts: Mapping[str, Text],
    labels: Mapping[str, str],
    options: Options,
    found: Findings,
) -> ReturnTable | None:
    """The funds' returns, from returns or from prices and distributions."""
    if RETURNS in texts and PRICES in texts:
        found.refuse(
            PRICES, f"stands beside {RETURNS}; keep one, or it would be unsaid which counts"
        )
        return None
    if DISTRIBUTIONS in texts and PRICES not in texts:
        found.refuse(DISTRIBUTIONS, f"needs {PRICES} beside it")
    if RETURNS in texts:
        read = _series(texts[RETURNS], RETURNS, options, found)
    elif PRICES in texts:
        read = _from_prices(texts, options, found)
    else:
        return None
    if read is None:
        return None
    called: dict[str, list[str]] = {}
    for code, label in labels.items():
        called.setdefault(label.strip().lower(), []).append(code)
    names = []
    for column in map(str, read.values):
        meant = [column] if column in labels else called.get(column.strip().lower(), [column])
        code = meant[0]
        if len(meant) > 1:
            codes = ", ".join(meant)
            found.refuse(read.file, f"column {column!r} is the label of {codes}: write the code")
        elif labels and code not in labels:
            hint = near_word(column, list(labels))
            found.refuse(read.file, f"column {column!r} is no fund of the lineup{hint}")
        names.append(code)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        found.refuse(read.file, f"two columns are the fund {twice!r}")
        return None
    return ReturnTable(read.values.set_axis(names, axis=1), read.file, read.period, read.notes)


def _from_prices(
    texts: Mapping[str, Text], options: Options, found: Findings
) -> ReturnTable | None:
    given = {k: v for k, v in options.get(PRICES, {}).items() if k in ("dates", "decimal")}
    paid: pd.DataFrame | None = None
    if DISTRIBUTIONS in texts:
        paid = tables.rows(
            texts[DISTRIBUTIONS],
            DISTRIBUTION_COLUMNS,
            found,
            options=options.get(DISTRIBUTIONS),
        )
        if paid is None:
            return None
        # What is empty was refused by its line; the rest is asked all the same.
        paid = paid.dropna(subset=list(DISTRIBUTION_COLUMNS))
    try:
        return tables.total_returns(tables.prices(texts[PRICES], **given), paid)
    except DataError as error:
        found.take(error, texts[PRICES].name)
        return None


def _as_read(made: Inputs) -> dict[str, str]:
    """By file, what was understood."""
    said: dict[str, str] = {}
    if made.classes.own:
        said[classes.FILE] = (
            f"as read: {_many(len(made.classes.own), 'class', 'classes')}: "
            f"{', '.join(made.classes.own)}"
        )
    if (own := made.assumptions) is not None:
        kinds = own.table["return_kind"].value_counts()
        counts = " and ".join(_many(count, f"{kind} mean") for kind, count in kinds.items())
        said[assumptions.FILE] = f"as read: {counts}; risk-free rate from {own.cash}"
        said[assumptions.CORRELATIONS] = (
            f"as read: {_many(len(own.correlations), 'class', 'classes')}"
        )
    for table in (made.history, made.years, made.funds):
        if table is not None:
            said[table.file] = table.as_read
    if made.valuations is not None:
        days = pd.DatetimeIndex(made.valuations.table["date"])
        count = _many(len(made.valuations.table), "figure")
        said[valuations.FILE] = f"as read: {count}, {days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"
    if made.holdings is not None:
        said[holdings.FILE] = (
            f"as read: {_many(len(made.holdings.table), 'holding')} of "
            f"{_many(len(made.holdings.funds), 'fund')}; "
            f"{_many(len(made.holdings.master), 'security', 'securities')}"
        )
    if made.accounts is not None:
        days = pd.DatetimeIndex(made.accounts.balances.index)
        said[accounts.FILE] = (
            f"as read: {_many(len(days), 'day')}, {days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"
        )
    if made.trades is not None:
        said[accounts.TRADES] = f"as read: {_many(len(made.trades.table), 'trade')}"
    if made.mandate:
        said[mandate.FILE] = f"as read: {_many(len(made.mandate), 'limit')}"
    return said


def _many(count: int, one: str, more: str = "") -> str:
    """So many of a thing, in words."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def check_day(made: Inputs, as_of: date, found: Findings) -> None:
    """Do what the plan brings and the day for which it holds fit together?

    Parameters
    ----------
    made : the inputs.
    as_of : the plan's day.
    found : takes what no chapter could use, and months that are used though they are later.

    Examples
    --------
    The plan holds on a day in the middle of February: that month's returns may be known, those of
    March are used and told, and holdings of March alone could not be used:

    >>> ends = pd.date_range("2026-01-31", periods=3, freq="ME")
    >>> def told(months, day):
    ...     found = Findings()
    ...     values = pd.DataFrame({"A": 0.01}, ends[:months])
    ...     master = pd.DataFrame()
    ...     table = pd.DataFrame({"date": [pd.Timestamp(day)]})
    ...     history = ReturnTable(values, "history.csv", "month", ())
    ...     made = Inputs(history=history, holdings=FundHoldings(table, master))
    ...     check_day(made, date(2026, 2, 15), found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    >>> told(2, "2026-02-15")
    >>> told(3, "2026-01-31")  # doctest: +ELLIPSIS
    noted: history.csv: goes to 2026-03, later than as_of 2026-02-15 in rules.yml; the ...
    >>> told(2, "2026-02-16")  # doctest: +ELLIPSIS
    fund_holdings.csv: its first holdings are of 2026-02-16, later than as_of 2026-02-15 in ...

    It goes on in ``record.md``.
    """
    if made.holdings is not None and (made.holdings.table["date"] > pd.Timestamp(as_of)).all():
        first = made.holdings.table["date"].min()
        found.refuse(
            holdings.FILE,
            f"its first holdings are of {first:%Y-%m-%d}, later than as_of {as_of} in rules.yml: "
            "set as_of to the day for which the plan holds, or bring earlier ones",
        )
    for table in (made.history, made.funds):
        if table is not None and table.values.index[-1] > pd.Timestamp(as_of) + pd.offsets.MonthEnd(
            0
        ):
            found.note(
                table.file,
                f"goes to {table.values.index[-1]:%Y-%m}, later than as_of {as_of} in rules.yml; "
                "the later months are used too",
            )


def check_whole(made: Inputs, held: Sequence[str], found: Findings) -> None:
    """Do own assumptions cover every class that the plan's funds hold, and what is decided of own
    classes that the survey does not have?

    Parameters
    ----------
    made : the inputs.
    held : names of the classes that funds and vintages hold.
    found : takes what is lacking, and what is to be known.

    Examples
    --------
    >>> def told(held, **given):
    ...     found = Findings()
    ...     check_whole(Inputs(**given), held, found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    >>> told(["cash", "us_reits"])
    >>> art = {"art": {"label": "Paintings", "role": "real"}}
    >>> known = classes.make(art, Findings())
    >>> told(["cash", "art"], classes=known)  # doctest: +ELLIPSIS
    noted: classes.yml: what policy decides of each class (stress tests, taxes, inflation) is, ...
    classes.yml: art: the survey has no such class; give assumptions.csv and correlations.csv, ...
    >>> table = pd.DataFrame({"arithmetic": [0.02]}, ["cash"])
    >>> own = OwnAssumptions(table, pd.DataFrame(), "cash")
    >>> told(["cash", "us_tips"], assumptions=own)  # doctest: +ELLIPSIS
    assumptions.csv: lacks us_large_equity, by which the limit on equity beta is measured: add ...
    assumptions.csv: lacks us_tips, which the plan's funds hold

    It goes on in ``record.md``.
    """
    alone = [one for one in made.classes if one.own and one.survey is None and one.name in held]
    if alone and not found.refused:
        alike = ", ".join(f"{one.name} that of {LIKE[one.role]}" for one in alone)
        found.note(
            classes.FILE,
            f"what policy decides of each class (stress tests, taxes, inflation) is, for {alike}, "
            "and the reference portfolio holds none of it: `survey` names a class that it is "
            "called there, policy.yml decides otherwise; `inflation_linked` alone decides whether "
            "it bears surprises of prices",
        )
    if made.assumptions is None:
        if unknown := [
            name for name in held if made.classes[name].survey is None and name != "us_reits"
        ]:
            found.refuse(
                classes.FILE,
                f"{', '.join(unknown)}: the survey has no such class; give {assumptions.FILE} and "
                f"{assumptions.CORRELATIONS}, or a `survey` class that stands in",
            )
        return
    if YARDSTICK not in made.assumptions.table.index:
        found.refuse(
            assumptions.FILE,
            f"lacks {YARDSTICK}, by which the limit on equity beta is measured: add it, also where "
            "no fund holds it",
        )
    if lost := [name for name in held if name not in made.assumptions.table.index]:
        found.refuse(assumptions.FILE, f"lacks {', '.join(lost)}, which the plan's funds hold")
