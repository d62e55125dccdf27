"""What did a fund report to hold, in its monthly filing on the SEC's Form N-PORT?

Reads ``primary_doc.xml`` as EDGAR publishes it (namespace ``http://www.sec.gov/edgar/nport``): for
each ``invstOrSec`` its identifiers, ``pctVal`` (percent of net assets) and categories, as of
``repPdDate``. A filing says what kind of asset a security is and of which country, not which asset
class: ``securities.csv`` does, by identifier or by category. Left out: derivatives' notional
amounts, classes of shares, the fund's own risk figures.

Source: SEC, Form N-PORT (17 CFR 274.150) and EDGAR Form N-PORT XML Technical Specification.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from portlib.data import DataError
from portlib.inputs.holdings import Id, valid_cusip, valid_isin
from portlib.tables import Findings
from portlib.tables.columns import near_word

NAMESPACE = "{http://www.sec.gov/edgar/nport}"
#: The folder of a plan that holds filings: FUND.xml, or FUND/*.xml for several reports.
FOLDER = "nport"
_MOST_BYTES = 200_000_000


def read(path: str | Path, fund: str) -> pd.DataFrame:
    """One filing's holdings.

    Parameters
    ----------
    path : the filing, ``primary_doc.xml`` under any name.
    fund : the lineup's code for who filed it.

    Returns
    -------
    DataFrame
        fund, date, ids (tried in order), weight (decimal), name.

    Raises
    ------
    DataError
        For a file that is no such filing, or that lacks the day or a value.

    Examples
    --------
    >>> import tempfile
    >>> name = '<edgarSubmission xmlns="http://www.sec.gov/edgar/nport"><formData>'
    >>> def filing(holdings, day="<genInfo><repPdDate>2026-03-31</repPdDate></genInfo>", name=name):
    ...     listed = "".join(f"<invstOrSec>{one}</invstOrSec>" for one in holdings)
    ...     text = f"{name}{day}<invstOrSecs>{listed}</invstOrSecs></formData></edgarSubmission>"
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         path = Path(folder) / "filing.xml"
    ...         _ = path.write_text(text)
    ...         try:
    ...             return read(path, "BONDS")
    ...         except DataError as error:
    ...             print(error)
    >>> apple = "<name>Apple Inc.</name><lei>HWUPKR0MPOU8FGXBT394</lei><cusip>037833100</cusip>"
    >>> apple += '<identifiers><isin value="us0378331005"/><ticker value="AAPL"/></identifiers>'
    >>> apple += "<pctVal>12.5</pctVal><assetCat>EC</assetCat><invCountry>US</invCountry>"
    >>> short = "<title>A short</title><name>x</name><cusip>000000000</cusip><pctVal>-2</pctVal>"
    >>> table = filing([apple, short, "<pctVal>1</pctVal>"])
    >>> table["weight"].tolist(), table["name"].tolist(), str(table["date"][0].date())
    ([0.125, -0.02, 0.01], ['Apple Inc.', 'A short', ''], '2026-03-31')

    It goes on in ``nport.md``.
    """
    path = Path(path)
    name = f"{FOLDER}/{path.name}"
    if not path.is_file() or path.stat().st_size > _MOST_BYTES:
        raise DataError(f"{name}: cannot be read: no regular file, or too large")
    raw = path.read_bytes()
    if b"<!DOCTYPE" in raw[:2000] or b"<!ENTITY" in raw[:2000]:
        raise DataError(f"{name}: declares entities, which no filing does")
    try:
        root = ET.fromstring(raw)
    except ET.ParseError as error:
        raise DataError(f"{name}: is not XML: {error}") from error
    form = root.find(f"{NAMESPACE}formData")
    if root.tag != f"{NAMESPACE}edgarSubmission" or form is None:
        raise DataError(f"{name}: is no N-PORT filing: it begins with {root.tag.split('}')[-1]!r}")
    day = form.findtext(f"{NAMESPACE}genInfo/{NAMESPACE}repPdDate")
    try:
        when = pd.Timestamp(day or "")
    except ValueError as error:
        raise DataError(f"{name}: repPdDate {day!r} is no day") from error
    if pd.isna(when):
        raise DataError(f"{name}: has no repPdDate")
    listed = form.findall(f"{NAMESPACE}invstOrSecs/{NAMESPACE}invstOrSec")
    if not listed:
        raise DataError(f"{name}: lists no holdings")
    rows = []
    for number, one in enumerate(listed, 1):
        given = one.findtext(f"{NAMESPACE}pctVal")
        try:
            weight = float(given or "") / 100
        except ValueError:
            weight = math.nan
        if not math.isfinite(weight):
            raise DataError(f"{name}: holding {number}: pctVal {given!r} is no number")
        called = (
            one.findtext(f"{NAMESPACE}title") or one.findtext(f"{NAMESPACE}name") or ""
        ).strip()
        rows.append((fund, when, _ids(one, called), weight, called))
    return pd.DataFrame(rows, columns=["fund", "date", "ids", "weight", "name"])


def read_folder(folder: str | Path, funds: Sequence[str], found: Findings) -> pd.DataFrame | None:
    """All filings of a folder, named ``FUND.xml`` or ``FUND/anything.xml``; None where none are.

    Parameters
    ----------
    folder : the folder `FOLDER` of a plan's.
    funds : codes of the lineup; a filing of another fund is refused.
    found : takes everything that is wrong.

    Returns
    -------
    DataFrame or None
        As `read` gives it, one filing after the other.

    Examples
    --------
    A filing is the fund's by whose name it goes, or by the folder that it lies in.

    >>> import tempfile
    >>> start = '<edgarSubmission xmlns="http://www.sec.gov/edgar/nport"><formData><genInfo>'
    >>> start += "<repPdDate>{}</repPdDate></genInfo><invstOrSecs><invstOrSec><name>x</name>"
    >>> text = start + "<pctVal>9</pctVal></invstOrSec></invstOrSecs></formData></edgarSubmission>"
    >>> def told(files, funds=("BONDS", "STOCKS"), below="nport"):
    ...     found = Findings()
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         for name, day in files.items():
    ...             path = Path(folder, "nport", name)
    ...             path.parent.mkdir(parents=True, exist_ok=True)
    ...             _ = path.write_text(text.format(day))
    ...         table = read_folder(f"{folder}/{below}", funds, found)
    ...     for one in found:
    ...         print(one if one.refused else f"noted: {one}")
    ...     if table is not None:
    ...         return table[["fund", "date"]].astype(str).to_numpy().tolist()
    >>> days = {"STOCKS/winter.XML": "2025-12-31", "BONDS.xml": "2026-03-31"}
    >>> told(days | {"STOCKS/a.xml": "2026-01-31"})
    [['BONDS', '2026-03-31'], ['STOCKS', '2026-01-31'], ['STOCKS', '2025-12-31']]

    It goes on in ``nport.md``.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return None
    parts = []
    filed: dict[tuple[str, pd.Timestamp], str] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        below = path.relative_to(folder)
        if path.suffix.lower() != ".xml":
            if not path.name.startswith("."):
                found.note(f"{FOLDER}/{below}", "is not read: filings end in .xml")
            continue
        fund = below.parts[0] if len(below.parts) > 1 else path.stem
        if funds and fund not in funds:
            hint = near_word(fund, list(funds))
            found.refuse(f"{FOLDER}/{below}", f"{fund!r} is no fund of the lineup{hint}")
            continue
        try:
            held = read(path, fund)
            first = filed.setdefault((fund, held["date"].iloc[0]), below.as_posix())
            if first != below.as_posix():
                raise DataError(f"is of one fund and day with {first}; keep one of the two")
            parts.append(held)
        except DataError as error:
            said = str(error).removeprefix(f"{FOLDER}/{path.name}: ")
            found.refuse(f"{FOLDER}/{below.as_posix()}", said)
    return pd.concat(parts, ignore_index=True) if parts else None


def _ids(one: ET.Element, called: str) -> tuple[Id, ...]:
    """What may name the security in a master, the surest first; its category last."""
    ids: list[Id] = []
    cusip = (one.findtext(f"{NAMESPACE}cusip") or "").strip().upper()
    identifiers = one.find(f"{NAMESPACE}identifiers")
    isin = ticker = None
    if identifiers is not None:
        for child in identifiers:
            if child.tag == f"{NAMESPACE}isin":
                isin = (child.get("value") or "").strip().upper()
            elif child.tag == f"{NAMESPACE}ticker":
                ticker = (child.get("value") or "").strip().upper()
    if valid_cusip(cusip) and cusip != "000000000":
        ids.append(("cusip", cusip))
    if isin and valid_isin(isin):
        ids.append(("isin", isin))
    if ticker:
        ids.append(("ticker", ticker))
    lei = (one.findtext(f"{NAMESPACE}lei") or "").strip().upper()
    if len(lei) == 20 and lei.isalnum():
        ids.append(("lei", lei))
    if called:
        ids.append(("name", called))
    asset = (one.findtext(f"{NAMESPACE}assetCat") or "").strip()
    country = (one.findtext(f"{NAMESPACE}invCountry") or "").strip()
    if asset:
        ids += [("nport_category", f"{asset}/{country}"), ("nport_category", asset)]
    return tuple(ids) or (("name", "a holding without a name"),)
