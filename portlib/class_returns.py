"""Which monthly returns stand for each asset class of a plan, and whose are they?

A class has the plan's own months where it brought some; else those of the series that its
``classes.yml`` or the policy's ``class_series`` name, mixed month by month; else none, and it is
said by name. One source makes a whole series: none is spliced onto another. Left out: classes
without any series; they are never invented here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from portlib.data import DataError
from portlib.history import History
from portlib.plan import Plan

OWN = "own"


@dataclass(frozen=True, eq=False)
class ClassReturns:
    """Monthly returns by class, and where each came from.

    Attributes
    ----------
    values : DataFrame, (months, classes)
        Decimals by month end; nan outside a class's span.
    origin : mapping
        By class: ``own``, or the series that stand in (``tsp_c``; ``0.6 tsp_c + 0.4 bills``).
    absent : tuple of str
        Classes asked for that have no series.

    Examples
    --------
    Two classes for which one series stands are one witness:

    >>> months = pd.date_range("2026-01-31", periods=2, freq="ME")
    >>> values = pd.DataFrame({"us_tips": 0.01, "us_core_bonds": 0.01, "farmland": 0.02}, months)
    >>> origin = {"us_tips": "tsp_f", "us_core_bonds": "tsp_f", "farmland": OWN}
    >>> ClassReturns(values, origin, ()).distinct
    ('us_tips', 'farmland')

    It goes on in ``class_returns.md``.
    """

    values: pd.DataFrame
    origin: Mapping[str, str]
    absent: tuple[str, ...]

    @property
    def distinct(self) -> tuple[str, ...]:
        """Classes with months of their own: of those that one series stands for, the first."""
        first: dict[str, str] = {}
        for name in map(str, self.values):
            origin = self.origin[name]
            first.setdefault(name if origin == OWN else f"series {origin}", name)
        return tuple(first.values())

    def common(self, classes: Sequence[str] | None = None) -> pd.DataFrame:
        """The months in which all of the classes are known; DataError where there are none."""
        wanted = list(map(str, self.values)) if classes is None else list(classes)
        if lost := [name for name in wanted if name not in self.values]:
            raise DataError(f"no monthly returns of {', '.join(lost)}")
        frame = self.values[wanted].dropna()
        if frame.empty:
            raise DataError(f"no month in common of {', '.join(wanted)}")
        return frame

    @property
    def about(self) -> pd.DataFrame:
        """One row a class: origin, first and last month, months."""
        known = {name: self.values[name].dropna() for name in map(str, self.values)}
        rows = {
            name: {
                "origin": self.origin[name],
                "first": f"{column.index[0]:%Y-%m}",
                "last": f"{column.index[-1]:%Y-%m}",
                "months": len(column),
            }
            for name, column in known.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")


def class_returns(
    plan: Plan, history: History, classes: Sequence[str] | None = None
) -> ClassReturns:
    """Monthly returns of a plan's classes.

    Parameters
    ----------
    plan : whose own history, classes and policy decide.
    history : the record in which the series that stand in are looked up.
    classes : by default those that its funds and vintages hold.

    Raises
    ------
    DataError
        For a series that the record does not hold, and where no class has any.

    Returns
    -------
    ClassReturns

    Examples
    --------
    Of a new plan's classes all but one have a series; a mix is taken month by month:

    >>> from portlib.history.record import MonthlySeries, Provenance
    >>> origin = Provenance("SYNTHETIC", "nobody", "none", "low", "2026-04")
    >>> ends = pd.date_range("2026-01-31", periods=4, freq="ME")
    >>> def series(name, *values):
    ...     values = pd.Series(values, ends[: len(values)])
    ...     return MonthlySeries(name, name, values, "return", "made up", origin)
    >>> record = History(
    ...     [
    ...         series("tsp_c", 0.01, 0.02, -0.03, 0.04),
    ...         series("tsp_s", 0.02, 0.03, -0.05, 0.06),
    ...         series("tsp_i", 0.03, -0.01, 0.02, 0.01),
    ...         series("tsp_f", None, 0.004, -0.002, 0.006),
    ...         series("bills", 0.001, 0.002, 0.003),
    ...     ]
    ... )
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from portlib import plan, plan_template
    >>> def planned(**files):
    ...     with TemporaryDirectory() as place:
    ...         folder = Path(place) / "mine"
    ...         _ = plan_template.write(folder)
    ...         for name, content in files.items():
    ...             _ = (folder / name.replace("_", ".")).write_text(content)
    ...         return plan.read(folder)
    >>> mine = planned()
    >>> found = class_returns(mine, record)
    >>> found.origin["us_small_equity"], found.origin["cash"], found.absent
    ('tsp_s', 'bills', ('us_tips',))

    It goes on in ``class_returns.md``.
    """
    wanted = list(plan.held_classes if classes is None else classes)
    own = plan.inputs.history
    columns: dict[str, pd.Series] = {}
    origin: dict[str, str] = {}
    for name in wanted:
        if own is not None and name in own.values:
            columns[name], origin[name] = own.values[name].dropna(), OWN
        elif mix := _mix(plan, name):
            columns[name], origin[name] = _mixed(plan, history, mix), _words(mix)
    if not columns:
        raise DataError(f"no monthly returns of {', '.join(wanted)}: bring history.csv")
    frame = pd.DataFrame(columns).sort_index()
    absent = tuple(name for name in wanted if name not in columns)
    return ClassReturns(frame.rename_axis("month"), origin, absent)


def _mix(plan: Plan, name: str) -> Mapping[str, float]:
    """The series that stand for a class, by weight; empty where none do."""
    known = plan.inputs.classes
    decided = plan.policy["class_series"]
    if name in known and known[name].history:
        return known[name].history
    if name in decided:
        return dict(decided[name])
    same = known[name].survey if name in known and known[name].own else None
    return dict(decided.get(same, {})) if same else {}


def _mixed(plan: Plan, history: History, mix: Mapping[str, float]) -> pd.Series:
    own = plan.inputs.history
    series = {
        name: own.values[name] if own is not None and name in own.values else history[name].values
        for name in mix
    }
    together = pd.DataFrame(series).dropna()
    return together @ pd.Series(mix)


def _words(mix: Mapping[str, float]) -> str:
    if len(mix) == 1:
        return next(iter(mix))
    return " + ".join(f"{weight:g} {name}" for name, weight in mix.items())
