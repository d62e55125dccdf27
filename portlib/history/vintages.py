"""Which publishers' files are at hand, of which vintage, and are they what was kept?

A folder holds files and one lock, ``lock.yml``: by kind of file its vintage, span, hash and where
it came from. A newer vintage replaces the whole of an older one, because publishers restate the
past; an older one is refused. Files are written beside the old ones under a name of their own, and
the lock is replaced in one step, so that whatever is interrupted leaves the old data in place.

Left out: downloading (`refresh`); what the figures mean (`imported`).
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from portlib import data
from portlib.data import DataError
from portlib.history.publishers import PublishedFile, read
from portlib.ranges import among

LOCK = "lock.yml"


@dataclass(frozen=True)
class Vintage:
    """One file of a publisher, as kept.

    ``first`` and ``last`` are the span of its first table, ``obtained`` the day on which it was
    imported or downloaded, ``url`` whence (None: brought by hand).
    """

    kind: str
    file: str
    publisher: str
    licence: str
    vintage: str
    first: str
    last: str
    sha256: str
    obtained: str
    url: str | None = None


def kept(folder: Path) -> dict[str, Vintage]:
    """What a folder's lock says is there, by kind; nothing where there is no lock.

    Raises
    ------
    DataError
        For a lock that is none.
    """
    path = folder / LOCK
    if not path.is_file():
        return {}
    try:
        return {kind: Vintage(kind, **entry) for kind, entry in data.mapping(path).items()}
    except TypeError as error:
        raise DataError(f"{path}: is no lock of this version; import the files again") from error


def open_kept(folder: Path, kind: str) -> PublishedFile:
    """A kept file, read again; `DataError` when it is not the one that was kept."""
    vintages = kept(folder)
    among("kept file", [kind], vintages, error=DataError)
    vintage = vintages[kind]
    data.checksum(folder / vintage.file, vintage.sha256)
    return read(folder / vintage.file, series=kind)


def keep(
    path: Path, folder: Path, *, obtained: str, url: str | None = None, series: str | None = None
) -> tuple[Vintage, tuple[str, ...]]:
    """Read a file, and keep it in place of the vintage before.

    Parameters
    ----------
    path : Path
        The file, wherever it is; it is copied.
    folder : Path
        Made where it is not there yet.
    obtained : str
        The day, ISO.
    url, series : str, optional
        Whence; and which series a file holds whose header names none.

    Returns
    -------
    Vintage, and what there is to say: the reader's notes, and how much of the past was restated.

    Raises
    ------
    DataError
        For a file that cannot be read, or that is older or shorter than the one kept. Nothing has
        changed then.

    Examples
    --------
    >>> place = tempfile.TemporaryDirectory()
    >>> folder = Path(place.name) / "kept"
    >>> def bring(rows, name="GS10"):
    ...     file = Path(place.name) / f"{name}.csv"
    ...     _ = file.write_text("\\n".join([f"observation_date,{name}", *rows]))
    ...     try:
    ...         return keep(file, folder, obtained="2026-03-01")
    ...     except DataError as error:
    ...         print(error)
    >>> first, remarks = bring(["2026-01-01,4.1", "2026-02-01,4.0"])
    >>> first.kind, first.first, first.last, first.vintage, first.obtained, remarks
    ('GS10', '2026-01-31', '2026-02-28', '2026-02-28', '2026-03-01', ())
    >>> open_kept(folder, "GS10").tables[0].values["GS10"].tolist()
    [4.1, 4.0]
    >>> bring(["2026-01-01,4.1", "2026-02-01,4.0"])[1]
    ('is the file that was kept already',)
    >>> place.cleanup()

    It goes on in ``vintages.md``.
    """
    published = read(path, series=series)
    values = published.tables[0].values
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    name = f"{published.kind}.{published.vintage}.{digest[:12]}{path.suffix.lower()}"
    new = Vintage(
        published.kind,
        name,
        published.publisher,
        published.licence,
        published.vintage,
        _date(values.index[0]),
        _date(values.index[-1]),
        digest,
        obtained,
        url,
    )
    lock = kept(folder)
    before = lock.get(new.kind)
    remarks = list(published.notes)
    there = before is not None and _there(folder, before)
    if before and before.sha256 == digest:
        if there:
            return before, (*remarks, "is the file that was kept already")
        _write(folder / before.file, raw)
        return before, (*remarks, "was kept already, and lost or changed since: written again")
    if before:
        _not_older(new, before, path.name)
        remarks.append(
            _restated(open_kept(folder, new.kind), published, before.vintage)
            if there
            else f"replaces vintage {before.vintage}, which was lost or changed since it was kept"
        )
    remarks += _uneven(new, lock)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / name, raw)
    _write_lock(folder, {**lock, new.kind: new})
    if before and before.file != name:
        (folder / before.file).unlink(missing_ok=True)
    return new, tuple(remarks)


def fingerprint(folder: Path) -> str:
    """SHA-256 over everything that is kept, for the evidence to name.

    Examples
    --------
    Of nothing it is that of an empty text:

    >>> fingerprint(Path("no such folder")) == hashlib.sha256(b"").hexdigest()
    True

    It goes on in ``vintages.md``.
    """
    parts = [f"{one.kind} {one.vintage} {one.sha256}" for one in kept(folder).values()]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def _there(folder: Path, vintage: Vintage) -> bool:
    """Whether a file is in its place, as it was kept."""
    file = folder / vintage.file
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == vintage.sha256


def _not_older(new: Vintage, before: Vintage, name: str) -> None:
    if new.vintage < before.vintage or new.last < before.last:
        raise DataError(
            f"{name}: vintage {new.vintage} to {new.last} is older than what is kept, "
            f"{before.vintage} to {before.last}; remove {before.file} from the lock to go back"
        )
    if new.first > before.first:
        raise DataError(
            f"{name}: starts in {new.first}, what is kept in {before.first}; "
            "download the whole history, not a chosen period"
        )


def _uneven(new: Vintage, lock: Mapping[str, Vintage]) -> list[str]:
    """A word where one database made the files, and of different months: each restates the past."""
    if not re.fullmatch(r"\d{6}", new.vintage):
        return []
    others = {
        one.vintage
        for one in lock.values()
        if one.publisher == new.publisher and one.kind != new.kind
    }
    uneven = sorted(others - {new.vintage})
    return [f"other files of this publisher are of {', '.join(uneven)}"] if uneven else []


def _restated(old: PublishedFile, new: PublishedFile, vintage: str) -> str:
    """How many months of the past the new vintage changed, and by how much, in its own unit; a
    figure that was withdrawn, or given where there was none, is a change of no size."""
    before = old.tables[0].values
    after = new.tables[0].values
    columns = before.columns.intersection(after.columns)
    months = before.index.intersection(after.index)
    was, now = before.loc[months, columns], after.loc[months, columns]
    changed = (now - was).abs().fillna(0.0)
    touched = int(((changed > 1e-9) | (was.isna() != now.isna())).any(axis=1).sum())
    largest = float(changed.to_numpy().max(initial=0.0))
    return (
        f"restates {touched} of {len(months)} rows since vintage {vintage}, "
        f"by up to {largest:.2f} {new.tables[0].unit}; the whole history was replaced"
    )


def _date(key: object) -> str:
    return f"{key:%Y-%m-%d}" if isinstance(key, pd.Timestamp) else str(key)


def _write_lock(folder: Path, lock: Mapping[str, Vintage]) -> None:
    import yaml

    entries = {kind: asdict(lock[kind]) for kind in sorted(lock)}
    for entry in entries.values():
        del entry["kind"]
    _write(folder / LOCK, yaml.safe_dump(entries, sort_keys=False, width=100).encode())


def _write(path: Path, raw: bytes) -> None:
    """All of it or nothing: beside its place first, on the disk, then in its place."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
