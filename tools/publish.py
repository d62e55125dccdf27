"""Put a finished site in its place, so that at every moment the old one or the new one is there,
whole.

The new site is first brought beside the old one, on its file system; only then do the two change
places: in one step where the system can exchange two names (Linux), else by two renames, which a
failure takes back. What a kill left behind in between, `recover` puts back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path

_CURRENT_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


def publish(site: Path, target: Path) -> None:
    """Make `site` the site at `target`; `site` is gone afterwards.

    Raises OSError, with the old site in place, where it cannot be done.
    """
    arriving, before = _beside(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    recover(target)
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        _move(site, arriving)
        if not target.exists():
            arriving.rename(target)
        elif not _exchange(arriving, target):  # exchanged, the old site is the one to be removed
            _swap(arriving, target, before)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    shutil.rmtree(before, ignore_errors=True)


def recover(target: Path) -> None:
    """Put a site back that a killed run had set aside."""
    before = _beside(target)[1]
    if before.exists() and not target.exists():
        before.rename(target)
    shutil.rmtree(before, ignore_errors=True)


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}-arriving"), target.with_name(f".{target.name}-before")


def _move(site: Path, arriving: Path) -> None:
    """Rename, or copy where the two are on different file systems."""
    try:
        site.rename(arriving)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copytree(site, arriving)
        shutil.rmtree(site)


def _swap(arriving: Path, target: Path, before: Path) -> None:
    target.rename(before)
    try:
        arriving.rename(target)
    except BaseException:
        before.rename(target)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Whether the system could let two names change places, in one step."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    done: int = rename(
        _CURRENT_FOLDER, os.fsencode(one), _CURRENT_FOLDER, os.fsencode(other), _EXCHANGE
    )
    return done == 0
