"""One run at a time in one place, and no child that outlives the run that started it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Seconds that a child has to end by itself before it is killed.
GRACE = 5.0


class Busy(Exception):
    """Another run is at work in the same place."""


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold a folder against other runs; raises `Busy`, with the other's process, where one holds
    it.

    The lock is the system's own: it is free again however the run that held it ended.
    """
    lock = place.with_name(f"{place.name}.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            other = file.read().strip() or "unknown"
            raise Busy(
                f"another run (process {other}) is at work in {place}; let it end, or end it, "
                f"and try again"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A child and all that it starts, in a group of their own that ends when the run is stopped."""
    with subprocess.Popen(command, start_new_session=True, text=True, **options) as process:
        try:
            yield process
            process.wait()
        except BaseException:
            end(process)
            raise


def end(process: subprocess.Popen[str]) -> None:
    """Ask a child's group to end, and kill what has not after `GRACE` seconds."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return


@contextmanager
def stoppable() -> Iterator[None]:
    """Being told to end (SIGTERM) stops a run as Ctrl-C does, so that its children are ended
    too."""

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
