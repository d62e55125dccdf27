"""What does the run tell a chapter: which plan it is about, and which history it runs on?

The one place where portlib looks at the environment, for the book's build sets variables of its
kernels, and so does whoever performs a claim again. Chapters ask `portlib.plan.read` and
`portlib.history.read`; what they read is a value, and everything else is handed it. Left out:
everything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

#: What the book's build names to its kernels.
NAMED = ("PRUDENT_PLAN", "PRUDENT_HISTORY")


def folder(what: Literal["plan", "history"]) -> Path | None:
    """The folder that ``PRUDENT_PLAN`` or ``PRUDENT_HISTORY`` names, or None.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, PRUDENT_PLAN="mine"):
    ...     folder("plan") == Path("mine")
    True
    """
    named = os.environ.get(f"PRUDENT_{what.upper()}")
    return Path(named) if named else None


@contextmanager
def none() -> Iterator[None]:
    """For a while, neither plan nor history is named: the example's plan on the packaged history.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, PRUDENT_PLAN="mine"), none():
    ...     folder("plan")

    Both are put aside, nothing else is, and both are back after it, whatever went wrong in it:

    >>> both = {"PRUDENT_PLAN": "mine", "PRUDENT_HISTORY": "ours", "PRUDENT_OTHER": "kept"}
    >>> with patch.dict(os.environ, both):
    ...     with none():
    ...         print(folder("plan"), folder("history"), os.environ["PRUDENT_OTHER"])
    ...     try:
    ...         with none():
    ...             raise ValueError
    ...     except ValueError:
    ...         print(folder("plan"), folder("history"))
    None None kept
    mine ours
    """
    named = {name: os.environ.pop(name) for name in list(os.environ) if name in NAMED}
    try:
        yield
    finally:
        os.environ.update(named)


def of_a_kernel(root: Path) -> dict[str, str]:
    """This process's variables for a kernel that runs a checkout's chapter: that checkout's
    library, one thread, its own plan and the packaged history.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> here = {"PRUDENT_PLAN": "mine", "PYTEST_VERSION": "9", "PYTHONPATH": "old", "HOME": "home"}
    >>> here |= {"OMP_NUM_THREADS": "8", "IPYTHONDIR": "old"}
    >>> with patch.dict(os.environ, here, clear=True):
    ...     told = of_a_kernel(Path("other"))
    >>> {name: value for name, value in told.items() if value != "1"}
    {'PYTHONPATH': 'other', 'HOME': 'home', 'IPYTHONDIR': 'other/.ipython', 'PYTHONHASHSEED': '0'}
    >>> sorted(name for name, value in told.items() if value == "1")
    ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PYDEVD_DISABLE_FILE_VALIDATION', 'PYTHONUTF8']
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PRUDENT_", "PYTEST_"))
    }
    own = {"PYTHONPATH": str(root), "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    own |= {"IPYTHONDIR": str(root / ".ipython"), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return {**kept, **own, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
