"""Whose file is this?

The content tells, not the name: people rename files, re-save them in spreadsheets, cut preambles
off.
"""

from __future__ import annotations

from pathlib import Path

from portlib.data import DataError
from portlib.history.publishers import (
    federal_reserve,
    french,
    labor_statistics,
    thrift_savings,
    workbooks,
)
from portlib.history.publishers.published import PublishedFile, content_of, text_of

_WORKBOOK = (b"\xd0\xcf\x11\xe0", b"PK\x03\x04")


def read(path: str | Path, *, series: str | None = None) -> PublishedFile:
    """A publisher's file, whole, as published.

    Parameters
    ----------
    path : path
        CSV or text, alone in a zip or not; or an Excel workbook.
    series : str, optional
        Which series of FRED's a two-column file holds whose header does not say.

    Raises
    ------
    DataError
        For a file of no publisher that the book reads, and where its reader finds anything wrong.

    Examples
    --------
    >>> import tempfile
    >>> def told(text, name="renamed.txt"):
    ...     with tempfile.TemporaryDirectory() as place:
    ...         file = Path(place) / name
    ...         _ = file.write_text(text)
    ...         try:
    ...             return read(file).kind
    ...         except DataError as error:
    ...             print(error)
    >>> told("observation_date,GS10\\n2026-01-01,4.1\\n")
    'GS10'
    >>> told("Date,G Fund,F Fund,C Fund,S Fund,I Fund\\n2026-01-30,1,2,3,4,5\\n")
    'fund-price-history'
    >>> told("series_id\\tyear\\tperiod\\tvalue\\nCUUR0000SA0\\t2025\\tM09\\t324.8\\n")
    'CPIAUCNS'
    >>> told(",Mkt-RF,SMB,HML,RF\\n202601,1,2,3,4\\n", "a.csv")
    'a'
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "yields.csv"
    ...     _ = file.write_text("date,value\\n2026-01-01,4.1\\n")
    ...     read(file, series="GS5").kind
    'GS5'
    >>> told("PK\\x03\\x04", "a.xlsx")  # doctest: +ELLIPSIS
    a.xlsx: cannot be read as a workbook: ...
    >>> told("\\n <html>")
    renamed.txt: is a web page, not data; was the download an error page?
    >>> told(" \\n")
    renamed.txt: is empty
    >>> told("<html>")
    renamed.txt: is a web page, not data; was the download an error page?
    >>> told("fund,fee\\nA,0.1\\n")
    renamed.txt: a file of no publisher that the book reads
    """
    path = Path(path)
    raw = content_of(path)
    if not raw.strip():
        raise DataError(f"{path.name}: is empty")
    if raw.startswith(_WORKBOOK):
        return workbooks.read(raw, path)
    text = text_of(raw, path.name)
    if text.lstrip()[:1] == "<":
        raise DataError(f"{path.name}: is a web page, not data; was the download an error page?")
    # the Plan's prices before FRED's series: both may begin with 'date'
    if thrift_savings.recognises(text):
        return thrift_savings.read(text, path)
    if labor_statistics.recognises(text):
        return labor_statistics.read(text, path)
    if federal_reserve.recognises(text):
        return federal_reserve.read(text, path, series)
    if french.recognises(text):
        return french.read(text, path)
    raise DataError(f"{path.name}: a file of no publisher that the book reads")
