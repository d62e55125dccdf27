"""What stands in a publisher's file, before anything is computed from it?

A file holds one or more tables: by month, by day or by year, with the publisher's own column names,
missing values as nan, and the vintage, because publishers restate the past.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from portlib.data import DataError

Frequency = Literal["month", "day", "year"]
_LARGEST = 200_000_000


@dataclass(frozen=True, eq=False)
class PublishedTable:
    """One table of a publisher's file.

    Attributes
    ----------
    title : str
        As printed over it, or what it is.
    frequency : {'month', 'day', 'year'}
    values : DataFrame
        Indexed by month end, day or year; the publisher's columns and units (``unit``).
    unit : str
        ``percent``, ``index``, ``dollars``, ``decimal`` or ``as published``.
    """

    title: str
    frequency: Frequency
    values: pd.DataFrame
    unit: str


@dataclass(frozen=True, eq=False)
class PublishedFile:
    """A publisher's file as read.

    Attributes
    ----------
    publisher, licence : str
        Who, and on which terms; ``vintage`` is what sorts later versions of a file after earlier
        ones: a database's month, a date, or the last month or day where the file names none.
    kind : str
        Which file of the publisher: ``F-F_Research_Data_Factors``, ``GS10``, ``fund prices``.
    tables : tuple of PublishedTable
    notes : tuple of str
        What the reader understood or left out, for whoever imports the file.

    Examples
    --------
    >>> par = PublishedTable("fitted par yields", "day", pd.DataFrame({"10": [4.1]}), "percent")
    >>> year = PublishedTable("fitted par yields", "year", pd.DataFrame({"10": [4.2]}), "percent")
    >>> file = PublishedFile("a board", "open", "curve", "2026-03", (par, year))
    >>> file.table("Par", "year") is year, file.table("", "day") is par
    (True, True)
    >>> file.table("par", "month")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: curve: no table 'par' by month; it has 'fitted par yields' by day, ...
    """

    publisher: str
    licence: str
    kind: str
    vintage: str
    tables: tuple[PublishedTable, ...]
    notes: tuple[str, ...] = ()

    def table(self, title: str, frequency: Frequency) -> PublishedTable:
        """The table of that frequency whose title contains ``title``, in any case; `DataError`."""
        for one in self.tables:
            if one.frequency == frequency and title.lower() in one.title.lower():
                return one
        known = ", ".join(f"{one.title!r} by {one.frequency}" for one in self.tables)
        raise DataError(f"{self.kind}: no table {title!r} by {frequency}; it has {known}")


def content_of(path: Path) -> bytes:
    """A file's bytes, or those of the one file inside a zip; `DataError` for anything else.

    Examples
    --------
    >>> import tempfile
    >>> from unittest.mock import patch
    >>> def told(*members, largest=_LARGEST, name="a.zip"):
    ...     with tempfile.TemporaryDirectory() as place:
    ...         file = Path(place) / name
    ...         with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
    ...             for member, text in members:
    ...                 archive.writestr(member, text)
    ...         with patch(f"{content_of.__module__}._LARGEST", largest):
    ...             try:
    ...                 return content_of(file)
    ...             except DataError as error:
    ...                 print(error)
    >>> told(("data/", ""), ("data/a.csv", "x")), told(("a.csv", "x"), name="a.XLSX")[:2]
    (b'x', b'PK')
    >>> told(("a.csv", "x"), ("b.csv", "y")), told(("a.csv", "x" * 9999), largest=9998)
    a.zip: a publisher's zip holds one file, not 2
    a.zip: more than 9,998 bytes when unpacked
    (None, None)

    A file under a password, which one bit says at its beginning and in the list, is refused:

    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "locked.zip"
    ...     with zipfile.ZipFile(file, "w") as archive:
    ...         archive.writestr("a.csv", "x")
    ...     raw = bytearray(file.read_bytes())
    ...     raw[6] |= 1
    ...     raw[raw.index(b"PK\\x01\\x02") + 8] |= 1
    ...     _ = file.write_bytes(raw)
    ...     content_of(file)
    Traceback (most recent call last):
    ...
    portlib.data.DataError: locked.zip: is under a password; bring what is in it
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}") from error
    if not raw.startswith(b"PK\x03\x04") or path.suffix.lower() == ".xlsx":
        return raw
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) != 1:
                raise DataError(
                    f"{path.name}: a publisher's zip holds one file, not {len(members)}"
                )
            if members[0].flag_bits & 1:
                raise DataError(f"{path.name}: is under a password; bring what is in it")
            if members[0].file_size > _LARGEST:
                raise DataError(f"{path.name}: more than {_LARGEST:,} bytes when unpacked")
            return archive.read(members[0])
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise DataError(f"{path.name}: a damaged zip: {error}") from error


def text_of(raw: bytes, name: str) -> str:
    """Text of ASCII, UTF-8 or UTF-16 with a byte order mark; `DataError` where it is none.

    Examples
    --------
    >>> text_of("ä,b".encode("utf-16"), "a.csv"), text_of(b"\\xef\\xbb\\xbfa,b", "a.csv")
    ('ä,b', 'a,b')
    >>> text_of(b"\\xff,b", "a.csv")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: a.csv: is not text: invalid start byte at byte 0
    """
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: is not text: {error.reason} at byte {error.start}") from error


def rows_of(text: str) -> list[list[str]]:
    """Rows of comma-separated fields, every field stripped; a blank line is an empty row."""
    rows = csv.reader(io.StringIO(text, newline=""))
    return [[field.strip() for field in row] for row in rows]


def month_end(keys: Iterable[str], pattern: str, name: str) -> pd.DatetimeIndex:
    """Month ends of keys such as ``192607`` (pattern ``%Y%m``); `DataError` naming the key.

    Parameters
    ----------
    keys : iterable of str
    pattern : str
        As for `datetime.strptime`.
    name : str
        Of the file, for messages.

    Returns
    -------
    DatetimeIndex

    Examples
    --------
    >>> month_end(["202602", "202412"], "%Y%m", "a.csv").strftime("%Y-%m-%d").tolist()
    ['2026-02-28', '2024-12-31']
    >>> month_end(["202602", "202613"], "%Y%m", "a.csv")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: a.csv: '202613' is no month
    """
    listed = list(keys)
    dates = pd.to_datetime(pd.Series(listed, dtype=str), format=pattern, errors="coerce")
    if dates.isna().any():
        raise DataError(f"{name}: {listed[int(dates.isna().argmax())]!r} is no month")
    return pd.DatetimeIndex(dates + pd.offsets.MonthEnd(0), name="month")


def numbers(
    cells: list[list[str]], columns: list[str], missing: tuple[str, ...], name: str
) -> pd.DataFrame:
    """Cells as floats, the publisher's marks for missing as nan; `DataError` naming the cell.

    Parameters
    ----------
    cells : list of rows of text
    columns : list of str
    missing : tuple of str
        The publisher's marks.
    name : str
        Of the file, for messages.

    Returns
    -------
    DataFrame

    Examples
    --------
    >>> numbers([["1.5", "."], ["-2", "3"]], ["a", "b"], (".",), "a.csv").to_numpy().tolist()
    [[1.5, nan], [-2.0, 3.0]]
    >>> numbers([["1.5", "."], ["-2", "inf"], ["nan", "1"]], ["a", "b"], (".",), "a.csv")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: a.csv: column 'b': 'inf' is no number
    """
    text = pd.DataFrame(cells, columns=columns, dtype=str)
    absent = text.isin(missing)
    values = text.mask(absent).apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = ~absent & ~np.isfinite(values)
    if wrong.any(axis=None):
        row, column = np.argwhere(wrong.to_numpy())[0]
        raise DataError(
            f"{name}: column {columns[column]!r}: {text.iat[row, column]!r} is no number"
        )
    return values


def in_sequence(index: pd.DatetimeIndex, name: str) -> None:
    """`DataError` unless the dates rise strictly; names the first that does not.

    Examples
    --------
    >>> in_sequence(pd.DatetimeIndex(["2026-01-30", "2026-02-02"]), "a.csv")
    >>> in_sequence(pd.DatetimeIndex(["2026-01-30", "2026-02-05", "2026-02-02"]), "a.csv")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: a.csv: 2026-02-02 comes after a later date
    """
    if not index.is_monotonic_increasing or not index.is_unique:
        step = np.diff(index.asi8)
        raise DataError(
            f"{name}: {index[int(np.argmax(step <= 0)) + 1]:%Y-%m-%d} comes after a later date"
        )


def stem(path: Path) -> str:
    """A file's name without its endings and without what browsers add to a second download.

    Examples
    --------
    >>> stem(Path("GS10 (2).CSV")), stem(Path("a.b.zip")), stem(Path("prices"))
    ('GS10', 'a.b', 'prices')
    >>> stem(Path("ie_data(12).xls")), stem(Path("b.xlsx")), stem(Path("c.txt"))
    ('ie_data', 'b', 'c')
    """
    name = re.sub(r"\.(csv|zip|xlsx?|txt)$", "", path.name, flags=re.IGNORECASE)
    return re.sub(r"\s*\(\d+\)$", "", name)
