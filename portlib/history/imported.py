"""The history that publishers' own files carry to last month, once somebody has imported them.

French's library continues and replaces the equity of the long record, Moody's yields its bonds;
yields, bills, prices and the TSP's share prices continue the open record. A series is replaced as a
whole by what was imported: two vintages are never spliced.

Left out: files that are kept and that no series is made from (annual tables, Shiller's averages):
`vintages.open_kept` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from portlib.data import DataError
from portlib.history import vintages
from portlib.history.committed import by_month, open_record
from portlib.history.packaged import GROUPS, long_record
from portlib.history.publishers import PublishedFile
from portlib.history.record import History, MonthlySeries, Provenance
from portlib.history.series import (
    FUNDS,
    averaged_yield,
    bill_series,
    core_inflation,
    corporate_series,
    equity_series,
    fund_series,
    gold_series,
    month_ends,
    price_returns,
    price_series,
    treasury_series,
)

_MATURITIES = (1, 2, 3, 5, 7, 10, 20, 30)
#: French's columns, by file: what he calls them and what we do.
_SIZES = {"small": ("SMALL", "ME1"), "mid": ("ME3", "ME3"), "large": ("BIG", "ME5")}
_CORNERS = {"growth": ("LoBM", "BM1"), "blend": ("BM3", "BM3"), "value": ("HiBM", "BM5")}
_PAST = {
    "losers": ("LoPRIOR", "PRIOR1"),
    "mid_momentum": ("PRIOR3", "PRIOR3"),
    "winners": ("HiPRIOR", "PRIOR5"),
}
_MARKETS = {
    "Developed_ex_US": "developed_ex_us",
    "Developed": "developed",
    "Emerging": "emerging",
    "Europe": "europe",
    "Japan": "japan",
    "Asia_Pacific_ex_Japan": "asia_pacific_ex_japan",
    "North_America": "north_america",
}
_INDUSTRIES = [
    "NoDur",
    "Durbl",
    "Manuf",
    "Enrgy",
    "Chems",
    "BusEq",
    "Telcm",
    "Utils",
    "Shops",
    "Hlth",
    "Money",
    "Other",
]


def long_record_with(folder: Path, corporate_bond_maturity_years: float = 20) -> History:
    """The long record, with every series replaced that an imported file carries.

    Further series appear: ``profitability`` and ``investment`` (the five-factor file), and total
    returns of foreign markets in dollars (``developed_ex_us``, ``emerging`` and others).

    Parameters
    ----------
    folder : Path
        Where `vintages.keep` put the files.

    Raises
    ------
    DataError
        For a kept file that has changed, or that lacks what its kind should hold.

    Examples
    --------
    French's market comes in excess of bills, in percent; the newer of two files of one market
    decides:

    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> folder = Path(place.name) / "kept"
    >>> def bring(name, text):
    ...     _ = (Path(place.name) / name).write_text(text)
    ...     return vintages.keep(Path(place.name) / name, folder, obtained="2026-03-01")[0].kind
    >>> head = "made using the 202602 CRSP database\\n\\n"
    >>> months = ["202601,1.00,0.50,-0.20,0.30", "202602,-0.50,0.10,0.40,0.35"]
    >>> bring("a.csv", head + "\\n".join([",Mkt-RF,SMB,HML,RF", *months]))
    'F-F_Research_Data_Factors'
    >>> months = ["202601,1.00,0.50,-0.20,0.7,-0.9,0.30", "202602,1,1,1,0.6,0.2,0.35"]
    >>> bring("b.csv", head + "\\n".join([",Mkt-RF,SMB,HML,RMW,CMA,RF", *months]))
    'F-F_Research_Data_5_Factors_2x3'
    >>> bring("AAA.csv", "observation_date,AAA\\n2026-01-01,5.4\\n2026-02-01,5.4\\n")
    'AAA'
    >>> bring("CPILFESL.csv", "observation_date,CPILFESL\\n2026-01-01,320\\n2026-02-01,321.6\\n")
    'CPILFESL'
    >>> record = long_record_with(folder)
    >>> for name in ("us_market", "bills", "hml", "profitability", "investment"):
    ...     print(name, record[name].values.round(9).tolist(), record[name].basis[:10])
    us_market [0.013, -0.0015] value weig
    bills [0.003, 0.0035] value weig
    hml [-0.002, 0.004] long-short
    profitability [0.007, 0.006] long-short
    investment [-0.009, 0.002] long-short
    >>> [record[name].values.round(9).tolist() for name in ("aaa_corporate", "core_inflation")]
    [[0.0045], [0.005]]
    >>> record["small_value"].values.size  # as packaged
    819
    >>> five = long_record_with(folder, 5)  # of what is packaged and of what was imported
    >>> {five[f"{grade}_corporate"].basis[:19] for grade in ("aaa", "baa")}
    {'repriced at 5 years'}
    >>> place.cleanup()

    It goes on in ``imported.md``.
    """
    return long_record(corporate_bond_maturity_years).replaced_by(
        _long(folder, vintages.fingerprint(folder), corporate_bond_maturity_years)
    )


def open_record_with(folder: Path) -> History:
    """The open record, with every series replaced that an imported file carries.

    Month-end yields (DGS10 and the like) decide where monthly averages were imported too.

    Parameters
    ----------
    folder : Path
        Where `vintages.keep` put the files.

    Raises
    ------
    DataError
        For a kept file that has changed, or that lacks what its kind should hold.

    Examples
    --------
    The imported series is whole; no month of ours is left before it. Of yields those of month ends
    decide where averages were imported too:

    >>> import tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> def bring(name, rows):
    ...     file = Path(place.name) / f"{name}.csv"
    ...     _ = file.write_text("\\n".join([f"observation_date,{name}", *rows]))
    ...     return vintages.keep(file, Path(place.name) / "kept", obtained="2026-03-01")
    >>> _ = bring("CPIAUCNS", ["2026-01-01,325", "2026-02-01,326.3"])
    >>> _ = bring("GS10", ["2026-01-01,4.2", "2026-02-01,4.4"])
    >>> _ = bring("GS5", ["2026-01-01,3.6", "2026-02-01,3.6"])
    >>> _ = bring("DGS10", ["2026-01-29,4.0", "2026-01-30,4.1", "2026-02-27,4.3"])
    >>> _ = bring("TB3MS", ["2026-01-01,3.6", "2026-02-01,3.5"])
    >>> record = open_record_with(Path(place.name) / "kept")
    >>> record["inflation"].values.round(9).tolist()  # 326.3 / 325
    [0.004]
    >>> record["yield_10y"].values.round(9).tolist(), record["yield_10y"].basis
    ([0.041, 0.043], 'constant maturity, month ends')
    >>> record["yield_10y_average"].values.round(9).tolist()
    [0.042, 0.044]
    >>> record["treasury_5y"].values.round(9).tolist(), record["treasury_5y"].basis[-23:]
    ([0.003], 'averages over the month')
    >>> earned = (1 - 0.036 * 91 / 360) ** (-365 / 1092) - 1
    >>> record["bills"].values.round(9).item() == round(earned, 9)
    True
    >>> record["tsp_c"].values.size == open_record()["tsp_c"].values.size
    True
    >>> record["bills"].provenance.source[:6], record["bills"].provenance.vintage
    ('TB3MS.', '2026-02-28')
    >>> _ = bring("TB3MS", ["2026-01-01,3.6", "2026-02-01,3.6", "2026-04-01,3.6", "2026-05-01,3.6"])
    >>> later = open_record_with(Path(place.name) / "kept")["bills"]  # March was left out
    >>> f"{later.last:%Y-%m}", [f"{month:%Y-%m}" for month in later.missing]
    ('2026-05', ['2026-04'])
    >>> place.cleanup()

    It goes on in ``imported.md``.
    """
    return open_record().replaced_by(_open(folder, vintages.fingerprint(folder)))


@cache
def _long(folder: Path, kept: str, maturity_years: float) -> tuple[MonthlySeries, ...]:
    held: dict[str, MonthlySeries] = {}
    for file, origin in _files(folder):
        grade = {"AAA": "aaa", "BAA": "baa"}.get(file.kind)
        if file.publisher.startswith("Kenneth R. French"):
            made = list(_french(file, origin))
        elif grade:
            made = corporate_series(_column(file) / 100, grade, maturity_years, origin)
        elif file.kind == "CPILFESL":
            made = [core_inflation(_column(file), origin)]
        else:
            continue
        for one in made:
            # a region's three- and five-factor files carry the same market: the newer decides
            if one.name not in held or held[one.name].last <= one.last:
                held[one.name] = one
    return tuple(held.values())


@cache
def _open(folder: Path, kept: str) -> tuple[MonthlySeries, ...]:
    held: dict[str, MonthlySeries] = {}
    files = {file.kind: (file, origin) for file, origin in _files(folder)}

    def hold(*series: MonthlySeries) -> None:
        held.update({one.name: one for one in series})

    for years in _MATURITIES:
        if f"GS{years}" in files:
            file, origin = files[f"GS{years}"]
            average = _column(file) / 100
            hold(*treasury_series(average, years, at="averages over the month", origin=origin))
            if years == 10:
                hold(averaged_yield(average, years, origin))
        if f"DGS{years}" in files:
            file, origin = files[f"DGS{years}"]
            ends = month_ends(file.tables[0].values.iloc[:, 0]) / 100
            hold(*treasury_series(ends, years, at="month ends", origin=origin))
    if "TB3MS" in files:
        file, origin = files["TB3MS"]
        hold(bill_series(_column(file) / 100, origin))
    if "CPIAUCNS" in files:
        file, origin = files["CPIAUCNS"]
        hold(*price_series(_column(file), origin))
    if "CMO-Historical-Data-Monthly" in files:
        file, origin = files["CMO-Historical-Data-Monthly"]
        hold(*gold_series(file.tables[0].values["Gold, $/troy oz"], origin))
    if "fund-price-history" in files:
        file, origin = files["fund-price-history"]
        hold(*fund_series(_fund_returns(file), origin))
    return tuple(held.values())


def _files(folder: Path) -> Iterator[tuple[PublishedFile, Provenance]]:
    for kind, vintage in vintages.kept(folder).items():
        source = f"{vintage.file}, SHA-256 {vintage.sha256[:12]}"
        origin = Provenance(source, vintage.publisher, vintage.licence, "high", vintage.vintage)
        yield vintages.open_kept(folder, kind), origin


def _column(file: PublishedFile) -> pd.Series:
    """The one column of a monthly file; months that it leaves out are nan."""
    values = file.tables[0].values.iloc[:, 0]
    return values.reindex(pd.date_range(values.index[0], values.index[-1], freq="ME", name="month"))


def _fund_returns(file: PublishedFile) -> pd.DataFrame:
    """Returns from the share prices, after the published ones of the time before there were any."""
    prices = file.tables[0].values.rename(columns={name[-1].upper(): name for name in FUNDS})
    returns = price_returns(prices[list(FUNDS)])
    published = by_month("tsp_returns").loc[: returns.index[0], list(FUNDS)].iloc[:-1]
    return pd.concat([published, returns])


def _french(file: PublishedFile, origin: Provenance) -> Iterator[MonthlySeries]:
    table = file.tables[0].values / 100
    for name, columns in _columns(file.kind).items():
        if lacking := [column for column in columns if column not in table]:
            raise DataError(f"{file.kind}: no column {lacking[0]!r} in its first table")
        # the market comes in excess of bills
        returns = table[list(columns)].sum(axis=1, skipna=False)
        difference = name in (*GROUPS["factors"], "profitability", "investment")
        yield equity_series(name, returns, origin, difference=difference)


def _columns(kind: str) -> dict[str, tuple[str, ...]]:
    """Our names for a file's columns; two columns are added up."""
    market = ("Mkt-RF", "RF")
    if kind == "F-F_Research_Data_Factors":
        return {"us_market": market, "bills": ("RF",), "smb": ("SMB",), "hml": ("HML",)}
    if kind == "F-F_Research_Data_5_Factors_2x3":
        return {"profitability": ("RMW",), "investment": ("CMA",)}
    if kind == "F-F_Momentum_Factor":
        return {"momentum": ("Mom",)}
    if kind == "12_Industry_Portfolios":
        return {
            name: (theirs,) for name, theirs in zip(GROUPS["industries"], _INDUSTRIES, strict=True)
        }
    if kind == "25_Portfolios_5x5":
        return _grid(_CORNERS)
    if kind == "25_Portfolios_ME_Prior_12_2":
        return _grid(_PAST)
    region, _, what = (
        kind.rpartition("_3_Factors") if "_3_" in kind else kind.rpartition("_5_Factors")
    )
    return {_MARKETS[region]: market} if region in _MARKETS and not what else {}


def _grid(second: dict[str, tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """First, third and fifth of five by five; the corners have names, ``SMALL LoBM``."""
    names: dict[str, tuple[str, ...]] = {}
    for size, (corner, number) in _SIZES.items():
        for kind, (extreme, ordinary) in second.items():
            cornered = size != "mid" and extreme != ordinary
            names[f"{size}_{kind}"] = (
                f"{corner} {extreme}" if cornered else f"{number} {ordinary}",
            )
    return names
