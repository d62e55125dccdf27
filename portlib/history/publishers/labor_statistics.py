"""The Bureau of Labor Statistics' flat file of consumer prices (``cu.data.1.AllItems``).

Tab-separated rows of series, year, period and value; ``M13`` is a year's average, ``-`` a month
that was not collected (October 2025).

Left out: every series but the two of all items for all urban consumers in the US.
"""

from __future__ import annotations

from pathlib import Path

from portlib.data import DataError
from portlib.history.publishers.federal_reserve import BUREAU, OPEN
from portlib.history.publishers.published import (
    PublishedFile,
    PublishedTable,
    in_sequence,
    month_end,
    numbers,
)

#: The Bureau's ids, and the names that FRED gives them.
SERIES = {"CUUR0000SA0": "CPIAUCNS", "CUSR0000SA0": "CPIAUCSL"}


def recognises(text: str) -> bool:
    """Whether the text is one of the Bureau's flat files."""
    return text[:200].split("\t")[0].strip() == "series_id"


def read(text: str, path: Path) -> PublishedFile:
    """All items, not adjusted where the file has it, else adjusted.

    Raises
    ------
    DataError
        For neither, a row that is cut off, no month that was collected, months that do not rise and
        cells that are no number.

    Examples
    --------
    A year's average (M13) is no month, and a month that was not collected stays missing:

    >>> def told(*lines):
    ...     text = "\\n".join(["series_id\\tyear\\tperiod\\tvalue", *lines])
    ...     try:
    ...         return read(text.replace(" ", "\\t"), Path("cu.data.1.AllItems"))
    ...     except DataError as error:
    ...         print(error)
    >>> months = ["2025 M09 324.8", "2025 M10 -", "2025 M11 324.1", "2025 M13 322.1"]
    >>> other = ["CUSR0000SA0 2025 M09 325.0", "CUUR0000SA0R 2025 M09 30.1"]
    >>> short = "CUUR0000SA0R 2025"  # of a series that is not asked for
    >>> file = told(*other, *(f"CUUR0000SA0 {month}" for month in months))
    >>> file.kind, file.tables[0].values["CPIAUCNS"].tolist(), file.tables[0].unit
    ('CPIAUCNS', [324.8, nan, 324.1], 'index')
    >>> file.publisher, file.licence, file.tables[0].frequency
    ('Bureau of Labor Statistics', 'public domain (US government work)', 'month')
    >>> file.notes, file.vintage
    (('not collected, and kept missing: 1',), '2025-11-30')
    >>> file = told(*(f"CUUR0000SA0 {month}" for month in months[:2]))  # as of October: September
    >>> file.vintage, f"{file.tables[0].values.index[-1]:%Y-%m-%d}"
    ('2025-09-30', '2025-10-31')
    >>> months = ["2025 S01 321.0", "2025 M11 324.1", "2025 M12 324.5"]  # half a year is no month
    >>> told(short, *(f"CUUR0000SA0 {one}" for one in months)).tables[0].values.iloc[:, 0].tolist()
    [324.1, 324.5]
    >>> told(other[0]).kind, told(other[0]).notes
    ('CPIAUCSL', ())
    >>> told(other[1])
    cu.data.1.AllItems: neither CUUR0000SA0 nor CUSR0000SA0 (all items) is in it
    >>> told("CUUR0000SA0 2025 M10 -"), told("CUUR0000SA0 2025 M13 322.1")
    cu.data.1.AllItems: no month of CUUR0000SA0 was collected
    cu.data.1.AllItems: no month of CUUR0000SA0 was collected
    (None, None)
    >>> told("CUUR0000SA0 2025 M09 324.8", "CUUR0000SA0 2025 M11")
    cu.data.1.AllItems: line 3 has 3 fields, not 4 or more
    """
    rows = [[field.strip() for field in line.split("\t")] for line in text.splitlines()[1:]]
    held = {row[0] for row in rows}
    wanted = next((series for series in SERIES if series in held), None)
    if wanted is None:
        raise DataError(f"{path.name}: neither {' nor '.join(SERIES)} (all items) is in it")
    for line, row in enumerate(rows, 2):
        if row[0] == wanted and len(row) < 4:
            raise DataError(f"{path.name}: line {line} has {len(row)} fields, not 4 or more")
    months = [row for row in rows if row[0] == wanted and row[2][:1] == "M" and row[2] != "M13"]
    index = month_end([f"{row[1]}-{row[2][1:]}" for row in months], "%Y-%m", path.name)
    in_sequence(index, path.name)
    name = SERIES[wanted]
    values = numbers([[row[3]] for row in months], [name], ("-",), path.name).set_axis(index)
    if values[name].isna().all():
        raise DataError(f"{path.name}: no month of {wanted} was collected")
    table = PublishedTable(name, "month", values, "index")
    vintage = f"{values.dropna().index[-1]:%Y-%m-%d}"
    blank = int(values[name].isna().sum())
    notes = (f"not collected, and kept missing: {blank}",) if blank else ()
    return PublishedFile(BUREAU, OPEN, name, vintage, (table,), notes)
