"""What kind of file is this, and which cells does it hold?

Encodings are told by their marks, separators by what stands between the cells of the same number in
every line. Left out: files of fixed width, several tables in one file, workbooks (save the sheet as
CSV: a workbook's formats, hidden rows and formulas have more than one meaning).
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from portlib.data import DataError

#: Larger files are refused before they are read; a century of a thousand series is a tenth of it.
MOST_BYTES = 200_000_000
#: In the order in which they are tried: a decimal comma must not be taken for a separator.
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}
_FIRST_BYTES = {
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls); save the sheet as CSV",
    b"%PDF": "a PDF; export the table as CSV",
    b"\x1f\x8b": "compressed (gzip); unpack it first",
    b"{\\rtf": "a text document (RTF); export the table as CSV",
    b"SQLite format 3": "a database (SQLite); export the table as CSV",
}
_FIRST_WORDS = {
    "<!doctype html": "a web page; export the table as CSV",
    "<html": "a web page; export the table as CSV",
    "<table": "a web page; export the table as CSV",
    "<?xml": "XML (Excel 2003 saves so); save the sheet as CSV",
    "{": "JSON; write it as CSV",
    "[{": "JSON; write it as CSV",
}


@dataclass(frozen=True)
class Text:
    """The text of a file, under the name by which messages call it, and how it was decoded."""

    name: str
    content: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lines:
    """A table as cells: ``cells[i]`` are the stripped cells of line ``numbers[i]`` of the file."""

    name: str
    cells: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    separator: str
    notes: tuple[str, ...]


def open_text(path: str | Path, name: str | None = None) -> Text:
    """Read a file as text; Parquet becomes CSV.

    Parameters
    ----------
    path : a file.
    name : how messages call it, by default the file's name.

    Raises
    ------
    DataError
        For what is neither, and what is not there or too large, by name.

    Examples
    --------
    >>> import tempfile
    >>> def told(raw, name="mine.csv", called=None):
    ...     with tempfile.TemporaryDirectory() as folder:
    ...         path = Path(folder) / name
    ...         _ = path.write_bytes(raw)
    ...         try:
    ...             return open_text(path, called)
    ...         except DataError as error:
    ...             print(str(error)[:52])
    >>> told(b"a,b\\n1,2\\n")
    Text(name='mine.csv', content='a,b\\n1,2\\n', notes=())
    >>> told(b"a,b", called="history.csv").name
    'history.csv'
    >>> bytes_of = io.BytesIO()
    >>> pd.DataFrame({"A": [0.5]}, pd.Index(["2015-01"], name="month")).to_parquet(bytes_of)
    >>> for name in ("mine.parquet", "mine.csv"):  # told by its ending, or by its first bytes
    ...     print(told(bytes_of.getvalue(), name))
    Text(name='mine.parquet', content='month,A\\n2015-01,0.5\\n', notes=('Parquet',))
    Text(name='mine.csv', content='month,A\\n2015-01,0.5\\n', notes=('Parquet',))
    >>> told(b"a,b", "mine.PQ", "mine")
    mine: cannot be read: no whole Parquet file (Could n
    >>> open_text("nothing.csv")
    Traceback (most recent call last):
    ...
    portlib.data.DataError: nothing.csv: cannot be read: no such file
    >>> open_text(Path(__file__).parent)
    Traceback (most recent call last):
    ...
    portlib.data.DataError: tables: cannot be read: it is no regular file

    It goes on in ``text.md``.
    """
    path = Path(path)
    called = name or path.name
    if not path.exists():
        raise DataError(f"{called}: cannot be read: no such file")
    if not path.is_file():
        raise DataError(f"{called}: cannot be read: it is no regular file")
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{called}: larger than {MOST_BYTES // 1_000_000} MB; give it in parts")
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"{called}: cannot be read: {error.strerror}") from error
    if raw[:4] == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}:
        return Text(called, _parquet(path, called), ("Parquet",))
    return decode(raw, called)


def decode(raw: bytes, name: str) -> Text:
    """The text that bytes hold: UTF-8, UTF-16 with or without its mark, or Windows-1252.

    Parameters
    ----------
    raw : of a file.
    name : how messages call it.

    Raises
    ------
    DataError
        For bytes that are no text, saying what they are and what to save instead.

    Examples
    --------
    >>> decode("Fonds,Käufe".encode("cp1252"), "mine.csv").content
    'Fonds,Käufe'
    >>> text = decode("a,b".encode("utf-16-le"), "mine.csv")  # without its mark
    >>> text.content, text.notes, decode(b"\\xef\\xbb\\xbfa,b", "mine.csv")
    ('a,b', ('UTF-16',), Text(name='mine.csv', content='a,b', notes=()))
    >>> [decode("a,b".encode(code), "mine.csv").content for code in ("utf-16", "utf-16-be")]
    ['a,b', 'a,b']
    >>> def refused(raw):
    ...     try:
    ...         decode(raw, "mine.csv")
    ...     except DataError as error:
    ...         print(error)
    >>> refused(b"PK\\x03\\x04 xl/workbook.xml")
    mine.csv: cannot be read: it is an Excel workbook; save the sheet as CSV
    >>> refused(b"PK\\x03\\x04 history.csv")
    mine.csv: cannot be read: it is a zip archive; unpack it
    >>> refused(b"%PDF-1.7")
    mine.csv: cannot be read: it is a PDF; export the table as CSV
    >>> refused(b"  <HTML>")
    mine.csv: cannot be read: it is a web page; export the table as CSV
    >>> refused(b" \\n ")
    mine.csv: cannot be read: it is empty
    >>> refused(b"a,b\\x00\\n1,2 and much more that is text")
    mine.csv: cannot be read: it is no text (it holds NUL characters)

    It goes on in ``text.md``.
    """
    if raw[:2] == b"PK":
        workbook = b"xl/" in raw or b"[Content_Types].xml" in raw
        what = (
            "an Excel workbook; save the sheet as CSV" if workbook else "a zip archive; unpack it"
        )
        raise DataError(f"{name}: cannot be read: it is {what}")
    for mark, what in _FIRST_BYTES.items():
        if raw.startswith(mark):
            raise DataError(f"{name}: cannot be read: it is {what}")
    encoding, note = _encoding(raw)
    try:
        content = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: cannot be read: it is no text ({error.reason})") from error
    if "\x00" in content:
        raise DataError(f"{name}: cannot be read: it is no text (it holds NUL characters)")
    start = content.lstrip()[:20].lower()
    for word, what in _FIRST_WORDS.items():
        if start.startswith(word):
            raise DataError(f"{name}: cannot be read: it is {what}")
    if not content.strip():
        raise DataError(f"{name}: cannot be read: it is empty")
    return Text(name, content, (note,) if note else ())


def split(text: Text) -> Lines:
    """The cells of a text whose cells are separated by tabs, semicolons, bars or commas.

    Examples
    --------
    The separator is what stands between the cells of most lines; a decimal comma is none:

    >>> text = "A title\\ndate;stocks\\n\\n2015-01-31;0,0119\\n2015-02-28; 0,02\\n"
    >>> lines = split(Text("mine.csv", text))
    >>> lines.cells[1:], lines.numbers
    ((('date', 'stocks'), ('2015-01-31', '0,0119'), ('2015-02-28', '0,02')), (1, 2, 4, 5))
    >>> lines.separator, lines.notes
    (';', ('separated by semicolons',))
    >>> split(Text("mine.csv", 'fund,name\\nA,"Stocks, large"\\n')).cells[1]
    ('A', 'Stocks, large')
    >>> split(Text("mine.csv", "sep=;\\na,b;c\\n1,2;3\\n")).cells[1]
    ('1,2', '3')
    >>> split(Text("mine.csv", "a\\tb,c\\n1\\t2,3\\n")).cells[1]
    ('1', '2,3')
    >>> split(Text("mine.csv", "who,held\\nP1,A 60; B 40\\nP2,A 50; C 50\\n")).cells[2]
    ('P2', 'A 50; C 50')
    >>> split(Text("mine.csv", "a\\nb\\nc,d\\n"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.data.DataError: mine.csv: cannot be read: no row has two cells separated by commas, ...

    It goes on in ``text.md``.
    """
    content = text.content
    notes = list(text.notes)
    asked = None
    if content[:4].lower() == "sep=" and content[4:5] in SEPARATORS:
        asked, content = content[4], "\n" + content.partition("\n")[2]
    read = {
        mark: _parse(content, mark)
        for mark in ([asked] if asked else SEPARATORS)
        if mark is not None and mark in content
    }
    begins: dict[str, int] = {}
    for mark, (cells, _) in read.items():
        lengths = [len(row) for row in cells]
        width, often = max(Counter(lengths).items(), key=lambda item: (item[1], item[0]))
        # Title lines and footnotes are narrower; a separator that half the lines lack is none.
        if width > 1 and often >= 0.5 * len(cells):
            begins[mark] = lengths.index(width)
    if begins:
        # What stands within cells, as in holdings, does not separate the names of the columns.
        mark = min(begins, key=lambda one: begins[one])
        cells, numbers = read[mark]
        if mark != ",":
            notes.append(f"separated by {SEPARATORS[mark]}")
        return Lines(text.name, tuple(cells), tuple(numbers), mark, tuple(notes))
    raise DataError(
        f"{text.name}: cannot be read: no row has two cells separated by commas, semicolons, tabs "
        "or bars; save the table as CSV"
    )


def of_frame(frame: pd.DataFrame) -> str:
    """A table with a meaningful index as CSV text, the index first if it has a name or dates.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1]}, pd.PeriodIndex(["2015-01"], freq="M"))
    >>> of_frame(frame), of_frame(frame.reset_index(drop=True))
    ('index,a\\n2015-01,1\\n', 'a\\n1\\n')
    >>> of_frame(pd.DataFrame({"a": [1]}, pd.Index(["x"], name="fund")))
    'fund,a\\nx,1\\n'
    >>> of_frame(pd.DataFrame({"a": [1]}, pd.DatetimeIndex(["2015-01-31"])))
    'index,a\\n2015-01-31,1\\n'
    """
    dated = isinstance(frame.index, (pd.DatetimeIndex, pd.PeriodIndex))
    frame = frame.reset_index() if dated or frame.index.name else frame
    return frame.to_csv(index=False)


def options_of(name: str, given: Mapping[str, object], known: Mapping[str, object]) -> None:
    """Raise `DataError` for an option of reading that does not exist.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    given : mapping
        Options asked for.
    known : mapping
        Those that there are.

    Examples
    --------
    >>> options_of("mine.csv", {"dates": "year-month-day"}, {"dates": 1, "unit": 2})
    >>> options_of("mine.csv", {"date": "year-month-day"}, {"dates": 1, "unit": 2})
    Traceback (most recent call last):
    ...
    portlib.data.DataError: mine.csv: 'date' is no option of reading; use dates, unit
    >>> options_of("mine.csv", {"unit": "percent", "units": 1}, {"dates": 1, "unit": 2})
    Traceback (most recent call last):
    ...
    portlib.data.DataError: mine.csv: 'units' is no option of reading; use dates, unit
    """
    for option in given:
        if option not in known:
            raise DataError(f"{name}: {option!r} is no option of reading; use {', '.join(known)}")


def _parse(content: str, mark: str) -> tuple[list[tuple[str, ...]], list[int]]:
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=mark)
    cells: list[tuple[str, ...]] = []
    numbers: list[int] = []
    start = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                cells.append(tuple(cell.replace("\xa0", " ").strip() for cell in row))
                numbers.append(start)
            start = reader.line_num + 1
    except csv.Error:
        return [()], [1]
    return cells, numbers


def _encoding(raw: bytes) -> tuple[str, str]:
    for mark, encoding, note in (
        (b"\xef\xbb\xbf", "utf-8-sig", ""),
        (b"\xff\xfe\x00\x00", "utf-32", "UTF-32"),
        (b"\x00\x00\xfe\xff", "utf-32", "UTF-32"),
        (b"\xff\xfe", "utf-16", "UTF-16"),
        (b"\xfe\xff", "utf-16", "UTF-16"),
    ):
        if raw.startswith(mark):
            return encoding, note
    # Figures in UTF-16 have a NUL in every second byte; no other text has any.
    head = raw[:2000]
    odd = head[1::2].count(0)
    even = head[0::2].count(0)
    if len(head) > 3 and max(odd, even) > 0.8 * len(head) / 2 and min(odd, even) == 0:
        return ("utf-16-le" if odd else "utf-16-be"), "UTF-16"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252", "Windows-1252"
    return "utf-8", ""


def _parquet(path: Path, name: str) -> str:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"{name}: cannot be read: no whole Parquet file ({error})") from error
    if isinstance(frame.columns, pd.MultiIndex) or frame.empty:
        raise DataError(f"{name}: cannot be read: no rows, or columns of several levels")
    return of_frame(frame)
