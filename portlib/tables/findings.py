"""What is wrong with these files, all of it, in one go?

A reader adds what it finds to `Findings` and goes on as far as it can; whoever asked either raises
everything at once, or shows it. Left out: what could be found only after something else is mended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from portlib.data import DataError

#: So many findings are spelt out in an error; `Findings` itself keeps them all.
SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """One thing to mend (``refused``) or to know: the file, its line if any, and what."""

    file: str
    line: int | None
    problem: str
    refused: bool = True

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}: line {self.line}"
        return f"{where}: {self.problem}"


class FindingsError(DataError):
    """Files that must not be used; ``findings`` holds every reason."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [str(finding) for finding in self.findings[:SHOWN]]
        if (more := len(self.findings) - SHOWN) > 0:
            lines.append(f"and {more} more")
        super().__init__("\n".join(lines))


@dataclass
class Findings:
    """A list of `Finding` that readers add to.

    Examples
    --------
    >>> found = Findings()
    >>> found.refuse("lineup.csv", "kind 'cor' is none of core", line=4)
    >>> found.note("lineup.csv", "was read by semicolons")
    >>> fees = pd.Series([0.5, "x", 0.25], [2, 3, 4], name="fee")
    >>> found.refuse_rows("lineup.csv", fees, [True, True, False], "is odd")
    >>> print(*found, sep="\\n")
    lineup.csv: line 4: kind 'cor' is none of core
    lineup.csv: was read by semicolons
    lineup.csv: line 2: fee 0.5 is odd
    lineup.csv: line 3: fee 'x' is odd
    >>> len(found), len(found.refused)
    (4, 3)
    >>> found.take(DataError("rules.yml: is empty"), "rules.yml")
    >>> found.take(FindingsError(found.refused[:1]), "other.csv")
    >>> [str(one) for one in found.refused[3:]]
    ['rules.yml: is empty', "lineup.csv: line 4: kind 'cor' is none of core"]
    >>> found.settle()
    Traceback (most recent call last):
    ...
    portlib.tables.findings.FindingsError: lineup.csv: line 4: kind 'cor' is none of core
    lineup.csv: line 2: fee 0.5 is odd
    lineup.csv: line 3: fee 'x' is odd
    rules.yml: is empty
    lineup.csv: line 4: kind 'cor' is none of core
    >>> calm = Findings()
    >>> calm.note("a.csv", "is long")
    >>> calm.settle()
    >>> many = FindingsError([Finding("a.csv", line, "is odd") for line in range(22)])
    >>> str(many).splitlines()[-2:], len(many.findings)
    (['a.csv: line 19: is odd', 'and 2 more'], 22)
    >>> str(FindingsError([Finding("a.csv", line, "is odd") for line in range(20)])).count("\\n")
    19

    It goes on in ``findings.md``.
    """

    items: list[Finding] = field(default_factory=list)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def refused(self) -> list[Finding]:
        """Those that forbid the use of a file."""
        return [finding for finding in self.items if finding.refused]

    def refuse(self, file: str, problem: str, line: int | None = None) -> None:
        """Add a reason not to use a file."""
        self.items.append(Finding(file, line, problem))

    def note(self, file: str, problem: str, line: int | None = None) -> None:
        """Add something to know about a file that is used."""
        self.items.append(Finding(file, line, problem, refused=False))

    def refuse_rows(self, file: str, column: pd.Series, bad: object, problem: str) -> None:
        """Add a reason for every row that is ``bad``; the column's index holds the file's lines."""
        for at in np.flatnonzero(np.asarray(bad, bool)):
            value = column.iloc[int(at)]
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            shown = f"{value:g}" if number else repr(value)
            self.refuse(file, f"{column.name} {shown} {problem}", int(column.index[int(at)]))

    def take(self, error: DataError, file: str) -> None:
        """Add what an error says."""
        if isinstance(error, FindingsError):
            self.items += error.findings
        else:
            self.refuse(file, str(error).removeprefix(f"{file}: "))

    def settle(self) -> None:
        """Raise `FindingsError` if anything was refused."""
        if refused := self.refused:
            raise FindingsError(refused)
