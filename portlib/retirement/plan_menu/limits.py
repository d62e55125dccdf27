"""Which limits of the plan's own documents hold on the funds that are optimised over?

``mandate.yml`` states them; `portlib.construction.mandate.stated` makes rules of them. Left out:
limits of policy and of ``rules.yml`` (`portlib.retirement.plan_menu.menu`).
"""

from __future__ import annotations

from collections.abc import Sequence

from portlib.construction.mandate import Rule
from portlib.construction.mandate.stated import Menu, stated_rules
from portlib.plan import Plan


def limits(plan: Plan, labels: Sequence[str]) -> list[Rule]:
    """The plan's stated limits as rules over the funds named, in the order of the file.

    What is held now is the plan's balances in these funds. Raises `MandateError` for a limit that
    names none of them.
    """
    if not plan.inputs.mandate:
        return []
    funds = list(labels)
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
    return stated_rules(plan.inputs.mandate, menu)
