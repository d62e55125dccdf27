"""What was made of the same values before?

A service is sent the same rules, policies and tables again and again. `marked` names values by what
they say, and `Kept` holds what was made of a name: a calculation that is asked again is answered
from there, and nothing that differs in any digit is. What is kept is a value that nobody changes;
of frames, callers get copies.

Left out: what is on disk; a name says nothing about files.
"""

from __future__ import annotations

import hashlib
import marshal
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")
#: Values of more bytes are not kept: they would be larger than what is saved.
MOST_BYTES = 300_000


def marked(value: Any) -> bytes | None:
    """A name that no other value of lists, mappings, texts and numbers has.

    1, 1.0 and true have different names, and so have mappings in different orders. None for a value
    that holds anything else, or is large. An array has the name of its bytes, whatever its shape
    and type: whoever takes one must refuse it, or name these as well.

    Examples
    --------
    >>> marked({"a": 1}) == marked({"a": 1}), marked({"a": 1}) == marked({"a": 1.0})
    (True, False)
    >>> marked({"a": object()}) is None
    True
    >>> marked({"a": 1, "b": 2}) == marked({"b": 2, "a": 1}), marked([1, True]) == marked([True, 1])
    (False, False)
    >>> import numpy as np
    >>> marked(np.zeros((2, 1))) == marked(np.zeros(2)) == marked(bytes(16)) != marked([0.0, 0.0])
    True
    >>> marked(["x" * (MOST_BYTES - 20)]) is None, marked(["x" * MOST_BYTES]) is None
    (False, True)
    """
    try:
        written = marshal.dumps(value, 2)
    except ValueError:
        return None
    return hashlib.sha256(written).digest() if len(written) <= MOST_BYTES else None


class Kept(Generic[Made]):
    """What was made, by name; the ones asked for longest ago leave first. Safe among threads.

    Examples
    --------
    >>> squares: Kept[int] = Kept(2)
    >>> [squares.get(x, lambda x=x: x * x) for x in (2, 3, 2)], len(squares)
    ([4, 9, 4], 2)
    >>> squares.find(3), squares.find(5)
    (9, None)

    The one asked for longest ago leaves, here 2; what is kept is not made again, and what has no
    name, or is not to be kept, always is:

    >>> squares.get(5, lambda: 25), squares.find(2), squares.get(3, lambda: 0), len(squares)
    (25, None, 9, 2)
    >>> [squares.get(name, lambda: at) for name in (None, ("a", None)) for at in (1, 2)]
    [1, 2, 1, 2]
    >>> [squares.get(9, lambda: at, keep=lambda made: made > 4) for at in (3, 81, 5)]
    [3, 81, 81]
    >>> squares.get(3, lambda: 0), squares.find(5)  # 9 took the place of 5
    (9, None)
    >>> squares.clear(), len(squares), squares.find(3)
    (None, 0, None)
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[Hashable, Made] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(
        self,
        name: Hashable,
        make: Callable[[], Made],
        *,
        keep: Callable[[Made], bool] = lambda made: True,
    ) -> Made:
        """What was made under a name before, else what `make` makes, kept if `keep` says so.

        A name of None, or one that holds None, is never kept.
        """
        if name is None or (isinstance(name, tuple) and None in name):
            return make()
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
                return self._held[name]
        made = make()
        if keep(made):
            with self._lock:
                self._held[name] = made
                while len(self._held) > self._most:
                    self._held.popitem(last=False)
        return made

    def find(self, name: Hashable) -> Made | None:
        """What was made under a name before; None where nothing was, or is no longer kept."""
        with self._lock:
            if name not in self._held:
                return None
            self._held.move_to_end(name)
            return self._held[name]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
