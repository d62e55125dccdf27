"""Which record does a chapter run on?

On what is committed and packaged, unless the run was given a folder of imported files: then every
series that they carry stands in place of ours, to its own last month.

Left out: everything else; a calculation is handed a history as a value.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from portlib import surroundings
from portlib.data import DataError
from portlib.history.committed import open_record
from portlib.history.imported import long_record_with, open_record_with
from portlib.history.packaged import long_record
from portlib.history.record import History
from portlib.history.vintages import kept


def folder() -> Path | None:
    """The folder of imported files that ``PRUDENT_HISTORY`` names, or None.

    Raises
    ------
    DataError
        For a folder in which nothing is kept.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from unittest.mock import patch
    >>> with TemporaryDirectory() as place:
    ...     for named in (None, Path(place)):
    ...         with patch.object(surroundings, "folder", return_value=named):
    ...             try:
    ...                 print(folder())
    ...             except DataError as error:
    ...                 print(str(error).removeprefix(place))
    None
    : no imported history there; see prudent import
    """
    named = surroundings.folder("history")
    if named is not None and not kept(named):
        raise DataError(f"{named}: no imported history there; see prudent import")
    return named


def read(which: Literal["open", "long"], *, corporate_bond_maturity_years: float = 20) -> History:
    """The record for a chapter.

    Parameters
    ----------
    which : {'open', 'long'}
        Investable classes and yields to last month (`open_record`), or US equity by size, style and
        industry from 1949 (`long_record`), which an import continues.
    corporate_bond_maturity_years : float
        Of the long record's bonds.

    Returns
    -------
    History

    Raises
    ------
    DataError
        As `folder` does, and for files that are not what was kept.

    Examples
    --------
    An import adds and replaces series; it takes none away:

    >>> set(open_record().names) <= set(read("open").names)
    True

    Each record is asked for its own, of the folder that is named, at the years that are asked for:

    >>> from unittest.mock import patch
    >>> here, told = f"{read.__module__}.", lambda *given: given
    >>> with (
    ...     patch.object(surroundings, "folder", return_value=Path("mine")) as asked,
    ...     patch(f"{here}kept", return_value={"GS10": 1}),
    ...     patch(f"{here}open_record_with", told),
    ...     patch(f"{here}long_record_with", told),
    ... ):
    ...     read("open") == (Path("mine"),), read("long", corporate_bond_maturity_years=5)[1]
    ...     read("long")[1], asked.call_args.args
    (True, 5)
    (20, ('history',))
    >>> with patch.object(surroundings, "folder", return_value=None):
    ...     record = read("long", corporate_bond_maturity_years=5)
    ...     record["baa_corporate"].basis[:19], "tsp_c" in record, "tsp_c" in read("open")
    ('repriced at 5 years', False, True)
    """
    imports = folder()
    if which == "open":
        return open_record_with(imports) if imports else open_record()
    if imports:
        return long_record_with(imports, corporate_bond_maturity_years)
    return long_record(corporate_bond_maturity_years)
