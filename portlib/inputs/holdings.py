"""What do the plan's funds hold, security by security, and how much of it is known?

``fund_holdings.csv`` holds weights by fund, day and security; ``securities.csv`` says of each
security which class it is, and from when to when. A fund's exposures are weights times classes.
What no row of the master names is never dropped: it is reported, and bounds every exposure, since
it may be all of one class or none. Left out: derivatives' exposure beyond their value, look-through
of funds held by funds (name their class in the master).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from portlib.data import DataError
from portlib.inputs.accounts import unknown_funds
from portlib.inputs.classes import Classes
from portlib.tables import Column, Findings, Text, rows
from portlib.tables.columns import Options, near_word

FILE, MASTER = "fund_holdings.csv", "securities.csv"
IDS = {
    "cusip": "nine characters",
    "isin": "twelve characters",
    "sedol": "seven characters",
    "ticker": "as traded in the United States",
    "figi": "twelve characters",
    "lei": "of the issuer, twenty characters",
    "name": "the security's name, letter by letter",
    "internal": "a house's own",
    "nport_category": "asset category and country of an N-PORT filing, like EC/US; where no other "
    "row names the security",
}
COLUMNS = {
    "fund": Column("the fund, by its code in `lineup.csv`"),
    "date": Column("the day it was held", "date"),
    "id_kind": Column("what kind of identifier", "word", IDS),
    "id": Column("the security"),
    "weight": Column(
        "share of the fund's net assets", "number", low=-5, high=5, unit="decimal, or with %"
    ),
}
MASTER_COLUMNS = {
    "id_kind": Column("what kind of identifier", "word", IDS),
    "id": Column("the security"),
    "name": Column("what it is called", required=False, filled=False),
    "class": Column("the class that it is, by name"),
    "country": Column("of its issuer, two letters", required=False, filled=False),
    "valid_from": Column("from when; empty: always", "date", required=False, filled=False),
    "valid_to": Column("to when; empty: still", "date", required=False, filled=False),
}
#: Weights that sum to less than this are no whole portfolio, to more than that a leveraged one.
LEAST_SUM, MOST_SUM = 0.5, 1.05
_ALWAYS = pd.Timestamp("1800-01-01")
_STILL = pd.Timestamp("2200-01-01")
Id = tuple[str, str]


@dataclass(frozen=True, eq=False)
class HeldExposures:
    """Exposures on one day, funds x classes, as far as they are known.

    Attributes
    ----------
    mapped : DataFrame, funds x classes
        Weights whose class is known.
    unmapped : Series by fund
        The rest: securities that no row names, and weights that were not listed.
    dates : Series by fund
        The day of the holdings used.
    unknown : DataFrame
        The securities that no row names: fund, id_kind, id, weight, the largest first.

    Examples
    --------
    Of a fund 60% is known to be shares and 30% bonds; the rest may be all of one or none:

    >>> mapped = pd.DataFrame({"shares": [0.6, 1.1], "bonds": [0.3, 0.0]}, ["mix", "bold"])
    >>> unmapped, days = pd.Series([0.1, -0.1], ["mix", "bold"]), pd.Series(dtype=object)
    >>> held = HeldExposures(mapped, unmapped, days, pd.DataFrame())
    >>> held.point.round(6).to_numpy().tolist(), held.lower.equals(mapped)
    ([[0.666667, 0.333333], [1.0, 0.0]], True)
    >>> held.upper.round(9).to_numpy().tolist()  # a leveraged fund has nothing unknown
    [[0.7, 0.4], [1.1, 0.0]]
    >>> held.total(["bonds", "shares", "gold"]).loc["mix"].round(9).to_dict()
    {'lower': 0.9, 'point': 1.0, 'upper': 1.0}
    >>> held.total(["bonds"]).loc["mix"].round(6).to_dict()
    {'lower': 0.3, 'point': 0.333333, 'upper': 0.4}
    >>> held.total(["gold"]).loc["mix"].to_dict()  # known, and none of it gold
    {'lower': 0.0, 'point': 0.0, 'upper': 0.1}
    """

    mapped: pd.DataFrame
    unmapped: pd.Series
    dates: pd.Series
    unknown: pd.DataFrame

    @property
    def point(self) -> pd.DataFrame:
        """The mix of what is known, in sum one: as if the rest were like it."""
        return self.mapped.div(self.mapped.sum(axis=1), axis=0)

    @property
    def lower(self) -> pd.DataFrame:
        """The least that each exposure can be: the rest is none of that class."""
        return self.mapped

    @property
    def upper(self) -> pd.DataFrame:
        """The most that each exposure can be: the rest is all of that class."""
        return self.mapped.add(self.unmapped.clip(lower=0.0), axis=0)

    def total(self, classes: Sequence[str]) -> pd.DataFrame:
        """Bounds of several classes together (equity, say): columns lower, point, upper; no point
        where nothing is known."""
        own = [name for name in classes if name in self.mapped]
        low = self.mapped[own].sum(axis=1)
        known = self.mapped.sum(axis=1) != 0
        return pd.DataFrame(
            {
                "lower": low,
                "point": self.point[own].sum(axis=1).where(known),
                "upper": low + self.unmapped.clip(lower=0.0),
            }
        )


@dataclass(frozen=True, eq=False)
class FundHoldings:
    """Holdings (fund, date, ids as tuples of (kind, id), weight) and the master of securities.

    Examples
    --------
    ``A`` filed in March and in June, ``B`` in March alone: each is taken by its own last day. What
    was a share to the last day of March is a bond from that of June on; nobody knows ``XYZ``.

    >>> march, june = pd.to_datetime(["2026-03-31", "2026-06-30"])
    >>> one, odd = (("ticker", "ONE"),), (("ticker", "XYZ"),)
    >>> two = (("cusip", "?"), ("ticker", "TWO"))
    >>> rows = [("A", march, one, 1.0), ("A", june, one, 0.5), ("A", june, odd, 0.3)]
    >>> rows += [("A", june, two, 0.15), ("B", march, one, 0.6), ("B", march, two, 0.4)]
    >>> table = pd.DataFrame(rows, columns=["fund", "date", "ids", "weight"])
    >>> master = pd.DataFrame(
    ...     {
    ...         "id_kind": "ticker",
    ...         "id": ["ONE", "ONE", "TWO"],
    ...         "class": ["shares", "bonds", "cash"],
    ...         "valid_from": pd.to_datetime([None, "2026-06-30", None]),
    ...         "valid_to": pd.to_datetime(["2026-03-31", None, None]),
    ...     }
    ... )
    >>> holdings = FundHoldings(table, master)
    >>> held = holdings.exposures(date(2026, 6, 30))
    >>> held.mapped.loc["A"].to_dict(), held.mapped.loc["B"].to_dict()
    ({'bonds': 0.5, 'cash': 0.15, 'shares': 0.0}, {'bonds': 0.0, 'cash': 0.4, 'shares': 0.6})

    It goes on in ``holdings.md``.
    """

    table: pd.DataFrame
    master: pd.DataFrame

    @property
    def funds(self) -> tuple[str, ...]:
        """Funds with holdings."""
        return tuple(dict.fromkeys(map(str, self.table["fund"])))

    def exposures(self, as_of: date) -> HeldExposures:
        """What each fund held on its last day up to ``as_of``, by the master valid on that day.

        Raises
        ------
        DataError
            Where no fund has holdings by then.
        """
        day = pd.Timestamp(as_of)
        known = self.table[self.table["date"] <= day]
        if known.empty:
            raise DataError(f"{FILE}: no holdings on or before {as_of}")
        last = known.groupby("fund", sort=False)["date"].max()
        used = known[known["date"] == known["fund"].map(last)]
        lookups = {when: self._by_id(when) for when in set(last)}
        classes = [
            next((lookups[when][one] for one in ids if one in lookups[when]), None)
            for when, ids in zip(used["date"], used["ids"], strict=True)
        ]
        used = used.copy()
        used["class"] = classes
        named = used[used["class"].notna()]
        mapped = named.pivot_table(index="fund", columns="class", values="weight", aggfunc="sum")
        mapped = mapped.reindex(last.index).fillna(0.0).rename_axis(columns=None)
        unmapped = (1 - mapped.sum(axis=1)).where(lambda rest: rest.abs() > 1e-9, 0.0)
        unknown = used[used["class"].isna()]
        listed = pd.DataFrame(
            {
                "fund": unknown["fund"],
                "id_kind": [ids[0][0] for ids in unknown["ids"]],
                "id": [ids[0][1] for ids in unknown["ids"]],
                "weight": unknown["weight"],
            }
        ).sort_values("weight", ascending=False, key=abs)
        return HeldExposures(mapped, unmapped.rename("unmapped"), last.rename("date"), listed)

    def to_csv(self) -> str:
        """The holdings as ``fund_holdings.csv`` has them, each by the identifier that names it on
        its day."""
        lookups = {day: self._by_id(day) for day in set(self.table["date"])}
        first = [
            next((one for one in ids if one in lookups[day]), ids[0])
            for day, ids in zip(self.table["date"], self.table["ids"], strict=True)
        ]
        table = pd.DataFrame(
            {
                "fund": self.table["fund"],
                "date": pd.DatetimeIndex(self.table["date"]).strftime("%Y-%m-%d"),
                "id_kind": [kind for kind, _ in first],
                "id": [id for _, id in first],
                "weight": self.table["weight"],
            }
        )
        together = table.groupby(["fund", "date", "id_kind", "id"], sort=False).sum()
        return together.reset_index().to_csv(index=False)

    def _by_id(self, day: pd.Timestamp) -> dict[Id, str]:
        """The master on a day: class by (kind, id)."""
        start = self.master["valid_from"].fillna(_ALWAYS)
        end = self.master["valid_to"].fillna(_STILL)
        valid = self.master[(start <= day) & (day <= end)]
        keys = zip(valid["id_kind"], valid["id"], strict=True)
        return {(kind, str(id)): str(c) for (kind, id), c in zip(keys, valid["class"], strict=True)}


def make(
    holdings: Text | None,
    master: Text | None,
    filings: pd.DataFrame | None,
    funds: Sequence[str],
    classes: Classes,
    found: Findings,
    options: Options,
) -> FundHoldings | None:
    """The record of the two files and of filings; None without them, or where something is wrong.

    Parameters
    ----------
    holdings : ``fund_holdings.csv``.
    master : ``securities.csv``.
    filings : as `portlib.inputs.nport.read_folder` gives them.
    funds : codes of the lineup; none where it could not be read.
    classes : those that the master may name.
    found : takes everything that is wrong.
    options : how files are to be read, by file.

    Examples
    --------
    >>> from portlib.inputs.classes import survey_classes
    >>> master = ["id_kind,id,class,valid_from,valid_to", "ticker,ONE,us_large_equity,,2026-05-31"]
    >>> master += ["ticker,ONE,us_core_bonds,2026-06-01,", "cusip,037833100,us_large_equity,,"]
    >>> def read(*lines, master=master, filings=None):
    ...     found = Findings()
    ...     head = "fund,date,id_kind,id,weight"
    ...     text = Text(FILE, "\\n".join([head, *lines])) if lines else None
    ...     listed = None if master is None else Text(MASTER, "\\n".join(master))
    ...     made = make(text, listed, filings, ["A"], survey_classes(), found, {})
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     return None if made is None else made.table["weight"].tolist()
    >>> read("A,2026-06-30,ticker,one,0.6", "A,2026-06-30,cusip,037833100,40%")
    [0.6, 0.4]
    >>> read("A,2026-06-30,ticker,ONE,0.5"), read("A,2026-06-30,ticker,ONE,1.05")
    ([0.5], [1.05])
    >>> read("A,2026-06-30,ticker,ONE,0.49")
    fund_holdings.csv: A, 2026-06-30: weights sum to 0.49, not to one
    >>> read("A,2026-06-30,ticker,ONE,1.06")
    fund_holdings.csv: A, 2026-06-30: weights sum to 1.06, not to one

    It goes on in ``holdings.md``.
    """
    if holdings is None and filings is None:
        if master is not None:
            found.note(MASTER, f"is not used: there is no {FILE} and no filing in nport/")
        return None
    before = len(found.refused)
    if master is None:
        found.note(
            FILE, f"is not used: it needs {MASTER} beside it, which says what securities are"
        )
        return None
    listed = rows(master, MASTER_COLUMNS, found, options=options.get(MASTER))
    if listed is not None:
        listed["id"] = _capitals(listed)
        _check_master(listed, classes, found)
    table = None
    if holdings is not None:
        table = rows(holdings, COLUMNS, found, options=options.get(FILE))
        if table is not None:
            table["id"] = _capitals(table)
            unknown_funds(table, funds, FILE, found)
            _check_ids(table, FILE, found)
            twice = table.duplicated(["fund", "date", "id_kind", "id"])
            found.refuse_rows(FILE, table["id"], twice, "is given twice for its fund and day")
            pairs = zip(table["id_kind"], table["id"], strict=True)
            table["ids"] = pd.Series([((k, i),) for k, i in pairs], table.index, dtype=object)
            table = table[["fund", "date", "ids", "weight"]]
    if len(found.refused) > before or listed is None:
        return None
    parts = [part for part in (table, filings) if part is not None]
    if len(parts) == 2:
        days = [set(zip(part["fund"], part["date"], strict=True)) for part in parts]
        for fund, day in sorted(days[0] & days[1]):
            found.refuse(
                FILE, f"{fund}, {day:%Y-%m-%d}: is in a filing of nport/ too; keep one of the two"
            )
        if len(found.refused) > before:
            return None
    together = pd.concat(parts, ignore_index=True)
    sums = together.groupby(["fund", "date"], sort=False)["weight"].sum()
    for fund, day, total in sums.reset_index().itertuples(index=False, name=None):
        if not LEAST_SUM <= total <= MOST_SUM:
            percent = "; in percent? Write 0.05 or 5%" if 50 <= total <= 105 else ""
            found.refuse(
                FILE, f"{fund}, {day:%Y-%m-%d}: weights sum to {total:.4g}, not to one{percent}"
            )
    return FundHoldings(together, listed) if len(found.refused) == before else None


def _check_master(table: pd.DataFrame, classes: Classes, found: Findings) -> None:
    for line, name in zip(table.index, table["class"], strict=True):
        if name is not None and name not in classes:
            hint = near_word(str(name), list(classes.names)) or "; name it in classes.yml"
            found.refuse(MASTER, f"class {name!r} is not known{hint}", int(line))
    _check_ids(table, MASTER, found)
    start = table["valid_from"].fillna(_ALWAYS)
    end = table["valid_to"].fillna(_STILL)
    found.refuse_rows(MASTER, table["id"], start > end, "is valid to a day before it is valid from")
    for _, own in table.assign(_from=start, _to=end).groupby(["id_kind", "id"]):
        own = own.sort_values("_from")
        overlap = own["_from"].to_numpy()[1:] <= own["_to"].to_numpy()[:-1]
        for at in map(int, np.flatnonzero(overlap)):
            line = int(own.index[at + 1])
            found.refuse(MASTER, f"id {own['id'].iloc[0]!r} has two rows for one day", line)


def _capitals(table: pd.DataFrame) -> pd.Series:
    """Identifiers in capitals, but for those that are names."""
    own = table["id_kind"].isin(["name", "internal", "nport_category"])
    return table["id"].where(own, table["id"].str.upper())


def _check_ids(table: pd.DataFrame, file: str, found: Findings) -> None:
    for line, kind, id in zip(table.index, table["id_kind"], table["id"], strict=True):
        if kind == "cusip" and id and not valid_cusip(str(id)):
            padded = str(id).zfill(9)
            lost = f"; leading zeros lost by a spreadsheet? {padded}" if valid_cusip(padded) else ""
            found.refuse(file, f"id {id!r} is no CUSIP: its check digit does not agree{lost}", line)
        if kind == "isin" and id and not valid_isin(str(id)):
            found.refuse(file, f"id {id!r} is no ISIN: its check digit does not agree", line)


def valid_cusip(id: str) -> bool:
    """Does the ninth character agree with the other eight (ANSI X9.6)?

    Examples
    --------
    Apple's; every second character counts twice, digits of products are added: ``0 + (6) + 7 + (1 +
    6) + 3 + (6) + 1 + (0) = 30``, which lacks nothing to thirty. Letters go on from 10:

    >>> valid_cusip("037833100"), valid_cusip("037833101"), valid_cusip("38259P508")
    (True, False, True)
    >>> valid_cusip("37833100"), valid_cusip("03783310A"), valid_cusip("17275R102")
    (False, False, True)
    >>> valid_cusip("0000000*1")  # the star is 36, twice 72, and 7 + 2 lacks one to ten
    True
    """
    if not re.fullmatch(r"[0-9A-Z*@#]{8}[0-9]", id):
        return False
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#"
    total = 0
    for place, letter in enumerate(id[:8]):
        value = alphabet.index(letter) * (1 + place % 2)
        total += value // 10 + value % 10
    return (10 - total % 10) % 10 == int(id[8])


def valid_isin(id: str) -> bool:
    """Does the last digit agree with the rest (ISO 6166, Luhn's rule)?

    Examples
    --------
    >>> valid_isin("US0378331005"), valid_isin("US0378331006"), valid_isin("GB0002634946")
    (True, False, True)
    >>> valid_isin("us0378331005"), valid_isin("US037833100"), valid_isin("DE0007164600")
    (False, False, True)
    """
    if not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{9}[0-9]", id):
        return False
    digits = "".join(str(int(letter, 36)) for letter in id)
    total = sum(
        sum(divmod(int(digit) * (1 + place % 2), 10))
        for place, digit in enumerate(reversed(digits))
    )
    return total % 10 == 0
