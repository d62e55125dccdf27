"""How do figures of a plan read on paper: dollars, percent, days, names of classes?"""

from __future__ import annotations

import re
from typing import Any

from portlib import plan_format
from portlib.plan import Plan

#: What is written for what is no number.
UNKNOWN = "not known"


def dollars(amount: Any) -> str:
    """US dollars with three or four figures that matter: ``$24.5 million``, ``$58``.

    Examples
    --------
    >>> dollars(24_512_000), dollars(58.4), dollars(float("nan"))
    ('$24.5 million', '$58', 'not known')
    """
    if amount != amount:
        return UNKNOWN
    if abs(amount) >= 1e9:
        return f"${amount / 1e9:,.2f} billion"
    if abs(amount) >= 1e6:
        return f"${amount / 1e6:,.1f} million"
    return f"${amount:,.0f}"


def percent(share: Any, digits: int = 1) -> str:
    """A decimal as percent; what rounds to nothing is written without a sign."""
    if share != share:
        return UNKNOWN
    return f"{share:z.{digits}%}"


def of_class(plan: Plan, name: str) -> str:
    """What readers are told a class is."""
    known = plan.inputs.classes
    return known[name].label if name in known else name.replace("_", " ")


def facts(plan: Plan) -> list[tuple[str, str]]:
    """What the head of every document says of the plan."""
    default = plan.rules["default"]
    offered = len(plan.funds)
    return [
        ("Assets", dollars(plan.assets)),
        ("Participants", f"{len(plan.participants):,}"),
        ("Options", f"{offered}" + (", one the default" if default else ", no default")),
        ("Figures of", f"{plan.as_of:%B} {plan.as_of.day}, {plan.as_of.year}"),
    ]


def value(entry: Any) -> str:
    """A value of the policy in one line: numbers as they stand, mappings as name and number."""
    if isinstance(entry, bool):
        return "yes" if entry else "no"
    if isinstance(entry, float | int):
        return f"{entry:g}" if abs(entry) < 1e5 else f"{entry:,.0f}"
    if isinstance(entry, dict):
        return "; ".join(f"{_name(key)} {value(one)}" for key, one in entry.items())
    if isinstance(entry, list | tuple):
        return ", ".join(value(one) for one in entry)
    return _name(entry)


def _name(key: Any) -> str:
    return str(key).replace("_", " ")


def of_entry(name: str) -> str:
    """An entry of the policy in words."""
    return name.replace("_", " ")


def with_labels(text: str, plan: Plan) -> str:
    """A text with funds called as readers know them, where it has their codes."""
    labels = {str(fund): str(label) for fund, label in plan.funds["label"].items()}
    codes = "|".join(sorted(map(re.escape, labels), key=len, reverse=True))
    return re.sub(rf"(?<!\w)({codes})(?!\w)", lambda match: labels[match[1]], text)


def governed_by(plan: Plan) -> str:
    """The law that binds a plan's fiduciaries, as its rules name it."""
    if plan.legal_regime == "ERISA":
        return "ERISA 404(a)(1)"
    named = plan.rules["clauses"].get("legal_regime")
    return str(
        named or f"{plan_format.LEGAL_REGIMES[plan.legal_regime]}; its own law is to be named"
    )
