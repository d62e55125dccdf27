"""What mix at each age: glidepaths as values, published, ruled and shaped.

A glidepath is a mix of sleeves by years to retirement, read between its knots by straight lines.
Peers are published paths, the plan's own series, a constant mix and age in bonds. Left out: what a
person holds elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from portlib import data
from portlib.plan import Plan
from portlib.ranges import among, door
from portlib.records import Array


@dataclass(frozen=True, eq=False)
class Glidepath:
    """What mix is held at which distance from retirement.

    Parameters
    ----------
    name : str
    years : array (m,)
        Years to retirement, falling; negative after it. Between points the mix is interpolated,
        beyond them it stays.
    weights : array (m, k)
        Rows sum to one. Given as (m,), equity shares: the assets are then ``equity`` and ``bonds``.
    assets : labels of the k assets
    equity : which of the assets count as equity
    fee : expense ratio, decimal a year
    source : where the path comes from

    Raises
    ------
    ValueError
        For years that do not fall, weights outside 0 to 1 or rows that do not sum to one.

    Examples
    --------
    80% of equity from 20 years before retirement, 50% at it and 30% ten years after; between the
    points a straight line, beyond them the last one:

    >>> path = Glidepath("ours", [20, 0, -10], [0.8, 0.5, 0.3], fee=0.002)
    >>> path.at([30, 5, -4]).round(9).tolist()  # 0.5 + 0.3 * 5 / 20, and 0.5 - 0.2 * 4 / 10
    [[0.8, 0.2], [0.575, 0.425], [0.42, 0.58]]
    >>> path.equity_at(-25).round(9).tolist(), path.charged(0.01).fee, path.charged(0.01).name
    (0.3, 0.01, 'ours')

    It goes on in ``paths.md``.
    """

    name: str
    years: Array
    weights: Array
    assets: tuple[str, ...]
    equity: tuple[str, ...]
    fee: float
    source: str

    def __init__(
        self,
        name: str,
        years: ArrayLike,
        weights: ArrayLike,
        assets: Sequence[str] = ("equity", "bonds"),
        equity: Sequence[str] = ("equity",),
        *,
        fee: float = 0.0,
        source: str = "not stated",
    ) -> None:
        at = np.atleast_1d(np.asarray(years, float))
        w = np.asarray(weights, float)
        w = np.column_stack([w, 1 - w]) if w.ndim == 1 else w
        if w.shape != (len(at), len(assets)):
            raise ValueError(
                f"{name}: {len(at)} points of {len(assets)} assets do not go with weights {w.shape}"
            )
        if not (np.isfinite(at).all() and (np.diff(at) < 0).all()):
            raise ValueError(
                f"{name}: years to retirement are numbers that must fall from point to point"
            )
        if not (np.all((w >= 0) & (w <= 1)) and np.abs(w.sum(axis=1) - 1).max() <= 1e-6):
            raise ValueError(
                f"{name}: each row of weights must lie between 0 and 1 and sum to 1; in percent?"
            )
        if unknown := sorted(set(equity) - set(assets)):
            raise ValueError(f"{name}: equity {', '.join(unknown)} is not among the assets")
        if not 0 <= fee < 0.1:
            raise ValueError(f"{name}: fee {fee} must be an annual decimal below 0.1")
        given = {
            "name": name,
            "years": at,
            "weights": w,
            "assets": tuple(assets),
            "equity": tuple(equity),
            "fee": fee,
        }
        for key, value in {**given, "source": source}.items():
            object.__setattr__(self, key, value)

    def at(self, years_to_retirement: ArrayLike) -> Array:
        """The mix (..., k) held `years_to_retirement` before retirement."""
        x = -np.asarray(years_to_retirement, float)
        return np.stack([np.interp(x, -self.years, column) for column in self.weights.T], axis=-1)

    def equity_at(self, years_to_retirement: ArrayLike) -> Array:
        """The equity share held `years_to_retirement` before retirement."""
        return self.at(years_to_retirement)[
            ..., [self.assets.index(label) for label in self.equity]
        ].sum(axis=-1)

    def charged(self, fee: float) -> Glidepath:
        """The same path at another expense ratio."""
        return Glidepath(
            self.name,
            self.years,
            self.weights,
            self.assets,
            self.equity,
            fee=fee,
            source=self.source,
        )

    def of_classes(self, sleeves: pd.DataFrame) -> Glidepath:
        """The same path with each asset replaced by what it consists of: `sleeves`, assets x
        classes, rows sum to one.

        Equity are then the classes that the equity assets hold.
        """
        among("sleeve", self.assets, sleeves.index)
        parts = sleeves.loc[list(self.assets)]
        held = parts.loc[list(self.equity)].sum() > 0
        return Glidepath(
            self.name,
            self.years,
            self.weights @ parts.to_numpy(float),
            list(parts.columns),
            list(parts.columns[held]),
            fee=self.fee,
            source=self.source,
        )


@door()
def constant(equity: float, **details: Any) -> Glidepath:
    """The same equity share at every age.

    Examples
    --------
    >>> same = constant(0.6, fee=0.001)
    >>> same.at([40, -40]).tolist(), same.name, same.fee, same.source
    ([[0.6, 0.4], [0.6, 0.4]], 'constant 60%', 0.001, 'rule')
    """
    return Glidepath(f"constant {equity:.0%}", [0.0], [equity], **{"source": "rule", **details})


@door()
def age_rule(retirement_age: int, base: int = 100, **details: Any) -> Glidepath:
    """Equity of `base` less age, in percent: 100-minus-age; a rule about age, so it needs the
    retirement age.

    Parameters
    ----------
    retirement_age : int
    base : int
    details
        As for `Glidepath`.

    Returns
    -------
    Glidepath

    Examples
    --------
    Retiring at 67: 40 years before it, at 27, 73% of equity, at 87 13%, and from 100 on none:

    >>> path = age_rule(67)
    >>> path.equity_at([40, -20, -45]).round(9).tolist(), path.name
    ([0.73, 0.13, 0.0], '100 minus age')
    >>> age_rule(67, 120).equity_at([40, 50]).round(9).tolist()  # at 17 103, and so all
    [0.93, 1.0]
    """
    ages = np.arange(15, 121)
    shares = np.clip((base - ages) / 100, 0.0, 1.0)
    return Glidepath(
        f"{base} minus age", retirement_age - ages, shares, **{"source": "rule", **details}
    )


def published() -> dict[str, Glidepath]:
    """Published designs with at least three points, from 20 years before to retirement or later;
    fees not included. Two designs of one provider are told apart by what is in brackets in the
    data.

    The source says how many points are unverified. All points, also of other designs, with their
    confidence: ``data.table("published_glidepaths")``.

    Examples
    --------
    A design of one point, one that ends six years before retirement and one that begins 19 years
    before it are left out. Of two Vanguard designs the one whose points are all unverified says so:

    >>> paths = published()
    >>> for path in paths.values():
    ...     print(f"{path.name}: {path.years[0]:g} to {path.years[-1]:g}")
    Vanguard Target Retirement, older published sub-asset design: 25 to -5
    Vanguard Target Retirement, headline anchors (unverified): 40 to -7
    T. Rowe Price Retirement (unverified): 40 to -30
    Fidelity Freedom Index: 21 to -4
    >>> older = paths["Vanguard Target Retirement, older published sub-asset design"]
    >>> older.equity_at([25.0, 22.5]).tolist(), older.source  # as printed
    ([0.9, 0.87], 'index, through (older published sub-asset design); 0 of 8 points unverified')
    >>> paths["T. Rowe Price Retirement (unverified)"].source.rpartition("; ")[2]
    '9 of 11 points unverified'
    """
    told = []
    for (provider, design), rows in data.table("published_glidepaths").groupby(
        ["provider", "design"], sort=False
    ):
        years = rows["years_to_retirement"]
        if len(rows) >= 3 and years.max() >= 20 and years.min() <= 0:
            told.append((str(provider), str(design), rows))
    drawn = Counter(provider for provider, _, _ in told)
    paths = {}
    for provider, design, found in told:
        rows = found.sort_values("years_to_retirement", ascending=False)
        doubtful = int((rows["confidence"] == "unverified").sum())
        which = re.sub(r".*\((.*)\)", r", \1", design) if drawn[provider] > 1 else ""
        name = f"{provider}{which}{' (unverified)' if doubtful > len(rows) / 2 else ''}"
        paths[name] = Glidepath(
            name,
            rows["years_to_retirement"].to_numpy(float),
            rows["equity"].to_numpy(float),
            source=f"{design}; {doubtful} of {len(rows)} points unverified",
        )
    return paths


def from_plan(plan: Plan) -> Glidepath | None:
    """The plan's target-date series over its classes, net of nothing, with its expense ratio; None
    without a series.

    Examples
    --------
    The example plan's series holds 50% of equity at retirement, of which 51 parts in a hundred are
    large US companies:

    >>> from portlib import data, plan
    >>> path = from_plan(plan.read(data.ROOT / "plan"))
    >>> held = dict(zip(path.assets, path.at(0.0).round(9).tolist(), strict=True))
    >>> held["us_large_equity"], held["us_core_bonds"], held["us_tips"]
    (0.255, 0.41, 0.09)
    >>> path.equity_at([5.0, 2.5]).round(9).tolist(), path.fee
    ([0.6, 0.55], 0.0007)
    """
    if plan.vintages is None:
        return None
    weights = plan.vintages.drop(columns="equity")
    series = plan.funds[plan.funds["kind"] == "target_date"].iloc[0]
    return Glidepath(
        str(series["label"]),
        weights.index.to_numpy(float),
        weights.to_numpy(float),
        list(weights.columns),
        [c for c in weights.columns if c in plan.equity_classes],
        fee=float(series["expense_ratio"]),
        source=f"{plan.name} ({plan.origin})",
    )


def adopted(plan: Plan) -> Glidepath:
    """The path that the plan's default follows, over its classes: its target-date series, or what
    its default fund holds at every age; where the plan names no default, or one whose mix is not
    known, the policy's ``adopted_glidepath`` in its ``glidepath_sleeves``.

    One path, for every chapter: what a search finds is a yardstick (`search.custom`).

    Examples
    --------
    The example plan's default is its series; where it names another fund, that fund at every age;
    where it names none and has no series, the policy's path:

    >>> from dataclasses import replace
    >>> from portlib import data, plan
    >>> ours = plan.read(data.ROOT / "plan")
    >>> adopted(ours).equity_at([0.0, 5.0]).round(9).tolist()
    [0.5, 0.6]
    >>> other = replace(ours, rules={**ours.rules, "default": "TSMIDX"})
    >>> held = adopted(other)
    >>> held.at([40, -40])[:, :2].tolist(), held.fee, held.equity_at(3).tolist()
    ([[0.86, 0.14], [0.86, 0.14]], 0.0003, 1.0)
    >>> unnamed = replace(ours, rules={**ours.rules, "default": None})
    >>> adopted(unnamed).name == adopted(ours).name
    True
    >>> bare = replace(unnamed, vintages=None)
    >>> path = adopted(bare)
    >>> shape = ours.policy["adopted_glidepath"]
    >>> path.equity_at([shape["falls_from"], -shape["falls_until"]]).round(9).tolist() == [
    ...     shape["start"],
    ...     shape["landing"],
    ... ]
    True
    >>> core = float(path.at(40)[path.assets.index("us_core_bonds")]) / (1 - shape["start"])
    >>> round(core, 9) == ours.policy["glidepath_sleeves"]["bonds"]["us_core_bonds"]
    True
    """
    default = plan.rules["default"]
    kind = None if default is None else plan.funds["kind"].get(default)
    series = from_plan(plan)
    if series is not None and kind in (None, "target_date"):
        return series
    if default is not None and default in plan.exposures.index:
        held = plan.exposures.loc[default]
        row = plan.funds.loc[default]
        return Glidepath(
            str(row["label"]),
            [0.0],
            [held.to_numpy(float)],
            [str(c) for c in held.index],
            [str(c) for c in held.index if c in plan.equity_classes],
            fee=float(row["expense_ratio"]),
            source=f"{plan.name} ({plan.origin})",
        )
    shape = plan.policy["adopted_glidepath"]
    mix = pd.DataFrame(plan.policy["glidepath_sleeves"]).T.reindex(
        columns=list(plan.exposures.columns)
    )
    mix = mix.fillna(0.0).div(mix.fillna(0.0).sum(axis=1), axis=0)
    return shaped(**shape, source="policy: adopted_glidepath").of_classes(mix)


@door()
def shaped(
    start: float, falls_from: float, landing: float, falls_until: float, **details: Any
) -> Glidepath:
    """Equity that stays, falls straight, and stays again.

    Parameters
    ----------
    start, landing : float
        Equity shares before and after the fall.
    falls_from : float
        Years before retirement at which it begins to fall.
    falls_until : float
        Years after retirement at which it lands.
    details : keywords
        Of `Glidepath`, such as ``fee`` and ``source``.

    Returns
    -------
    Glidepath
        Over equity and bonds.

    Raises
    ------
    ValueError
        When equity would rise, or fall in no time.

    Examples
    --------
    >>> path = shaped(0.9, 25, 0.3, 10)
    >>> path.equity_at([40, 25, 7.5, -10, -20]).round(9).tolist(), path.name
    ([0.9, 0.9, 0.6, 0.3, 0.3], '90% to 30%, 25 before to 10 after')
    >>> shaped(0.3, 25, 0.9, 10)
    Traceback (most recent call last):
    ...
    ValueError: equity must not rise with age: it starts at 30% and would land at 90%
    >>> shaped(0.9, -5, 0.3, 5)
    Traceback (most recent call last):
    ...
    ValueError: the path must fall over some years, not from -5 to -5
    """
    if landing > start + 1e-12:
        raise ValueError(
            f"equity must not rise with age: it starts at {start:.0%} and would land at "
            f"{landing:.0%}"
        )
    if not falls_from > -falls_until:
        raise ValueError(
            f"the path must fall over some years, not from {falls_from} to {-falls_until}"
        )
    name = f"{start:.0%} to {landing:.0%}, {falls_from:g} before to {falls_until:g} after"
    return Glidepath(name, [falls_from, -falls_until], [start, landing], **details)
