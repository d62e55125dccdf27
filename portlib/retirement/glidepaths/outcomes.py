"""How well did people live: what simulated lives came to, in chances, depths and certain
equivalents.

Every chance carries Wilson's interval. Left out: what a person values besides spending.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from portlib.estimation.inference import wilson
from portlib.records import Array


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of each glidepath, path by path; arrays are (glidepaths, paths), money in real
    dollars.

    Attributes
    ----------
    success : spending wanted was met every year of life; all True where no spending was stated.
    unmet : share of the spending wanted over life that was not met.
    balance : at retirement. bequest : left at death. forced : required distributions beyond what
        was spent, over life.
    utility : sum over retired years, each with its chance of being alive, of CRRA utility of
        spending over `unit`.
    years : expected years of retirement. risk_aversion, unit : of the utility; spending below
    `unit` counts as `unit`.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    success: NDArray[np.bool_]
    unmet: Array
    balance: Array
    bequest: Array
    forced: Array
    utility: Array
    years: float
    risk_aversion: float
    unit: float
    stated: bool
    source: str

    def success_interval(self, level: float = 0.95) -> pd.DataFrame:
        """Chance that spending is met for life, by glidepath, with Wilson's interval: columns mid,
        low, high.
        """
        rows = [wilson(int(row.sum()), row.size, level) for row in self.success]
        table = pd.DataFrame(rows, index=list(self.names), columns=["low", "high"])
        table.insert(0, "mid", self.success.mean(axis=1))
        return table if self.stated else table * np.nan

    def certainty_equivalent(self, by_path: bool = False) -> Array:
        """The constant spending, dollars a year, worth as much as what came: by glidepath, or by
        glidepath and path.
        """
        mean = (self.utility if by_path else self.utility.mean(axis=1)) / self.years
        a = 1 - self.risk_aversion
        return np.asarray(self.unit * (np.exp(mean) if a == 0 else (a * mean) ** (1 / a)))

    def influence(self) -> Array:
        """By how much each path moves the logarithm of its glidepath's certainty equivalent:
        (glidepaths, paths).
        """
        slope = (self.certainty_equivalent() / self.unit) ** (self.risk_aversion - 1) / self.years
        return slope[:, None] * self.utility

    def difference(self, better: str, worse: str, level: float = 0.95) -> pd.DataFrame:
        """How much better, with an interval, on the same paths: rows success and
        certainty_equivalent; mid, low, high.

        Normal intervals of paired differences (ddof 1); of the certainty equivalent by the delta
        method.
        """
        i, j = (self.names.index(name) for name in (better, worse))
        z = NormalDist().inv_cdf(0.5 + level / 2)
        n = self.success.shape[1]
        ce = self.certainty_equivalent()
        moved_by = ce[:, None] * self.influence()
        moved = {
            "success": self.success[i] * (1.0 if self.stated else np.nan) - self.success[j],
            "certainty_equivalent": moved_by[i] - moved_by[j],
        }
        rows = {}
        for name, d in moved.items():
            mid = float(d.mean()) if name == "success" else float(ce[i] - ce[j])
            half = z * float(d.std(ddof=1)) / math.sqrt(n)
            rows[name] = (mid, mid - half, mid + half)
        return pd.DataFrame.from_dict(rows, orient="index", columns=["mid", "low", "high"])

    def worst(self, share: float = 0.05) -> pd.DataFrame:
        """The certainty equivalent of single paths: mean of the worst `share`, the very worst, and
        which it is.
        """
        ce = self.certainty_equivalent(by_path=True)
        count = max(round(share * ce.shape[1]), 1)
        rows = {
            "mean of the worst": np.sort(ce, axis=1)[:, :count].mean(axis=1),
            "the worst": ce.min(axis=1),
            "which": [self.paths[k] if self.paths else str(k) for k in ce.argmin(axis=1)],
        }
        return pd.DataFrame(rows, index=list(self.names))

    def table(self) -> pd.DataFrame:
        """One row a glidepath: success with interval, share unmet, certainty equivalent, balances
        and bequest.
        """
        chance = self.success_interval()
        columns = {
            "success": chance["mid"],
            "low": chance["low"],
            "high": chance["high"],
            "unmet": self.unmet.mean(axis=1) if self.stated else np.nan,
            "certainty equivalent": self.certainty_equivalent(),
            "balance at retirement": np.median(self.balance, axis=1),
            "low balance": np.quantile(self.balance, 0.05, axis=1),
            "bequest": np.median(self.bequest, axis=1),
        }
        return pd.DataFrame(columns, index=list(self.names))
