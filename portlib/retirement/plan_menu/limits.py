"""Which limits of the plan's own documents hold on the funds that are optimised over?

``mandate.yml`` states them; `portlib.construction.mandate.stated` makes rules of them. A limit that
names a target-date series is one on each of its dates, and a floor under it one under all of them
together. Left out: limits of policy and of ``rules.yml`` (`portlib.retirement.plan_menu.menu`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from portlib.construction.mandate import MandateError
from portlib.construction.mandate.rules import Rule
from portlib.construction.mandate.stated import Menu, stated_rules
from portlib.inputs import Stated
from portlib.plan import Plan
from portlib.ranges import among


def limits(plan: Plan, labels: Sequence[str]) -> list[Rule]:
    """The plan's stated limits as rules over the funds named, in the order of the file.

    What is held now is the plan's balances in these funds.

    Parameters
    ----------
    plan : Plan
    labels : sequence of str
        Funds, or dates of a series.

    Returns
    -------
    list of Rule

    Raises
    ------
    MandateError
        For a limit that names none of them.

    Examples
    --------
    A cap on one fund is a rule about that fund alone; without stated limits there is none:

    >>> from portlib import data, plan as plans
    >>> from portlib.retirement.plan_menu.options import dates, each_vintage
    >>> ours = plans.read(data.ROOT / "plan")
    >>> first, second = list(ours.funds.index[:2])
    >>> def stated(kind, opened=False, **arguments):
    ...     one = Stated("ours", kind, "section 4", arguments)
    ...     plan = replace(ours, inputs=replace(ours.inputs, mandate=(one,)))
    ...     return each_vintage(plan) if opened else plan
    >>> cap = stated("position_limit", funds=[first], upper=0.2)
    >>> [rule.upper == {first: 0.2} for rule in limits(cap, [first, second])], limits(ours, [first])
    ([True], [])

    A limit on a series is one on each of its dates, a floor under it one under their sum:

    >>> named = list(dict.fromkeys(dates(ours)))
    >>> funds = [*named, second, first]
    >>> both = stated("position_limit", True, funds=["TDIDX", first], upper=0.3)
    >>> [rule] = limits(both, funds)
    >>> rule.upper == dict.fromkeys([*named, first], 0.3)
    True
    >>> [floor] = limits(stated("position_floor", True, funds=["TDIDX"], lower=0.1), funds)
    >>> floor.lower, set(floor.coefficients) == set(named), set(floor.coefficients.values())
    (0.1, True, {1.0})
    >>> mixed = stated("position_floor", True, funds=["TDIDX", first], lower=0.1)
    >>> limits(mixed, funds)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.construction.mandate.rules.MandateError: 'ours': a floor under TDIDX, a series, ...
    """
    if not plan.inputs.mandate:
        return []
    funds = list(labels)
    among("fund", funds, plan.exposures.index)
    held = plan.shares.reindex(funds, fill_value=0.0) if plan.assets > 0 else None
    total = 0.0 if held is None else float(held.sum())
    ratios = plan.funds["expense_ratio"].astype(float)
    menu = Menu(
        funds,
        plan.exposures.loc[funds].astype(float),
        {one.name: one.role for one in plan.inputs.classes},
        {fund: float(ratios[fund]) for fund in funds},
        None if held is None or not total else {f: float(held[f]) / total for f in funds},
    )
    return stated_rules([_by_date(one, funds) for one in plan.inputs.mandate], menu)


def _by_date(stated: Stated, labels: Sequence[str]) -> Stated:
    """The limit with the dates of a series in place of its name, as far as they are labels."""

    def options(fund: str) -> list[str]:
        own = [label for label in labels if label.startswith(f"{fund}, ")]
        return own if own and fund not in labels else [fund]

    series = [fund for fund in sorted(stated.named()) if options(fund) != [fund]]
    if not series:
        return stated
    if "benchmark" in stated.arguments:
        raise MandateError(
            f"{stated.name!r}: its benchmark holds {series[0]}, a series; name one of its dates, "
            f"like {options(series[0])[0]!r}"
        )
    given: dict[str, Any] = {}
    for key, value in stated.arguments.items():
        given[key] = value
        if key == "funds":
            given[key] = [one for fund in value for one in options(str(fund))]
        elif isinstance(value, Mapping):
            given[key] = {one: x for fund, x in value.items() for one in options(str(fund))}
    if stated.kind != "position_floor":
        return replace(stated, arguments=given)
    if len(stated.arguments["funds"]) > 1:
        raise MandateError(
            f"{stated.name!r}: a floor under {series[0]}, a series, stands alone; state the others "
            "in a limit of their own"
        )
    return replace(stated, kind="group_limit", arguments=given)
