"""How do limits that a plan's documents state become rules over its funds?

``mandate.yml`` states each limit by kind, arguments and clause (`portlib.inputs.mandate`); each
kind is one builder here. Limits on classes look through the funds: ``lower <= (B c)'w <= upper``
with exposures ``B`` (funds x classes) and ``c`` one for the classes named. Left out: limits beyond
one date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from portlib.construction.mandate.rules import (
    Bounds,
    Limit,
    MandateError,
    Rule,
    TrackingError,
    Turnover,
    group_limit,
    liquidity_limit,
    position_limit,
    score_floor,
    volatility_limit,
)
from portlib.inputs import Stated


@dataclass(frozen=True, eq=False)
class Menu:
    """What rules need to know of the assets: funds, or classes as funds of themselves.

    Attributes
    ----------
    labels : the assets optimised over.
    exposures : DataFrame, assets x classes.
    roles : role by class.
    expenses : annual decimals by asset.
    current : weights held now; None where nothing is.
    """

    labels: Sequence[str]
    exposures: pd.DataFrame
    roles: Mapping[str, str]
    expenses: Mapping[str, float]
    current: Mapping[str, float] | None = None


def stated_rules(stated: Sequence[Stated], menu: Menu) -> list[Rule]:
    """The rules that limits state, in their order, each under its clause.

    Parameters
    ----------
    stated : sequence of Stated
        As `portlib.inputs.mandate` reads them.
    menu : Menu
        The assets that they limit.

    Returns
    -------
    list of Rule

    Raises
    ------
    MandateError
        For a kind that needs what the menu lacks, or names none of its assets.

    Examples
    --------
    Rules look through the funds: G holds 60% of stocks, so that it counts for 0.6 of a cap on them;
    a role counts all classes that play it.

    >>> exposures = pd.DataFrame({"stocks": [1.0, 0.6], "bonds": [0.0, 0.4]}, index=["F", "G"])
    >>> roles = {"stocks": "equity", "bonds": "fixed_income"}
    >>> menu = Menu(("G", "F"), exposures, roles, {"F": 0.001, "G": 0.004}, {"F": 0.7, "G": 0.3})
    >>> def rule(kind, **arguments):
    ...     [made] = stated_rules([Stated(kind, kind, "4.2", arguments)], menu)
    ...     return made
    >>> cap = rule("class_limit", classes=["stocks", "gold"], upper=0.7, lower=0.2)
    >>> cap.coefficients, cap.lower, cap.upper, cap.clause
    ({'G': 0.6, 'F': 1.0}, 0.2, 0.7, '4.2')
    >>> floor = rule("role_limit", role="fixed_income", lower=0.1)
    >>> floor.coefficients, floor.lower, floor.upper
    ({'G': 0.4, 'F': 0.0}, 0.1, inf)

    It goes on in ``stated.md``.
    """
    made = []
    for limit in stated:
        if limit.kind not in _BUILDERS:
            known = ", ".join(_BUILDERS)
            raise MandateError(f"{limit.name!r}: no rule is made of {limit.kind!r}; of {known}")
        rule = _BUILDERS[limit.kind](limit.name, limit.arguments, menu).under(limit.clause)
        made.append(rule if limit.penalty is None else rule.soft(limit.penalty))
    return made


def _among(name: str, funds: Sequence[str], menu: Menu) -> list[str]:
    """The funds named that are among the assets; a limit that names none of them is refused."""
    named = [fund for fund in funds if fund in menu.labels]
    if not named:
        raise MandateError(
            f"{name!r} names {', '.join(map(str, funds))}, none of which is optimised over"
        )
    return named


def _whole(name: str, by_fund: Mapping[str, float], menu: Menu, what: str) -> dict[str, float]:
    """A figure for every asset; refused where one lacks it."""
    if lost := [label for label in menu.labels if label not in by_fund]:
        raise MandateError(f"{name!r} needs {what} of {', '.join(lost)}")
    return {label: float(by_fund[label]) for label in menu.labels}


def _through(name: str, classes: Sequence[str], menu: Menu, given: Mapping[str, Any]) -> Limit:
    """Limits on what the assets hold of some classes together."""
    held = [one for one in classes if one in menu.exposures]
    weights = menu.exposures.loc[list(menu.labels), held].sum(axis=1)
    coefficients = {label: float(weights[label]) for label in menu.labels}
    return Limit(name, coefficients, given.get("lower", -np.inf), given.get("upper", np.inf))


def _position_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Bounds:
    if "funds" not in given:
        return position_limit(given["upper"], name=name)
    return Bounds(name, upper=dict.fromkeys(_among(name, given["funds"], menu), given["upper"]))


def _position_floor(name: str, given: Mapping[str, Any], menu: Menu) -> Bounds:
    if lost := [fund for fund in given["funds"] if fund not in menu.labels]:
        raise MandateError(f"{name!r} asks for {', '.join(lost)}, not among what is optimised over")
    return Bounds(name, lower=dict.fromkeys(given["funds"], given["lower"]))


def _exclusion(name: str, given: Mapping[str, Any], menu: Menu) -> Bounds:
    return Bounds(name, upper=dict.fromkeys(_among(name, given["funds"], menu), 0.0))


def _group_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Limit:
    limits = {key: given[key] for key in ("lower", "upper") if key in given}
    return group_limit(name, _among(name, given["funds"], menu), **limits)


def _class_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Limit:
    return _through(name, given["classes"], menu, given)


def _role_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Limit:
    held = [str(one) for one in menu.exposures if menu.roles.get(str(one)) == given["role"]]
    return _through(name, held, menu, given)


def _score_floor(name: str, given: Mapping[str, Any], menu: Menu) -> Limit:
    return score_floor(name, _whole(name, given["scores"], menu, "the score"), given["floor"])


def _expense_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Limit:
    ratios = _whole(name, menu.expenses, menu, "the expense ratio")
    return Limit(name, ratios, upper=given["upper"], unit="expense, decimal per year")


def _volatility_limit(name: str, given: Mapping[str, Any], menu: Menu) -> TrackingError:
    return volatility_limit(menu.labels, given["limit"], name=name)


def _tracking_error(name: str, given: Mapping[str, Any], menu: Menu) -> TrackingError:
    if lost := [fund for fund in given["benchmark"] if fund not in menu.labels]:
        raise MandateError(f"{name!r}: its benchmark holds {', '.join(lost)}, not optimised over")
    return TrackingError(name, given["benchmark"], given["limit"])


def _turnover(name: str, given: Mapping[str, Any], menu: Menu) -> Turnover:
    if menu.current is None:
        raise MandateError(f"{name!r} limits turnover, and nothing is held now")
    return Turnover(name, dict(menu.current), given["limit"])


def _liquidity_limit(name: str, given: Mapping[str, Any], menu: Menu) -> Bounds:
    volumes = given["daily_volume"]
    named = {fund: volumes[fund] for fund in _among(name, list(volumes), menu)}
    return liquidity_limit(
        named, portfolio_value=given["portfolio_value"], share=given["share"], name=name
    )


_BUILDERS: dict[str, Callable[[str, Mapping[str, Any], Menu], Rule]] = {
    "position_limit": _position_limit,
    "position_floor": _position_floor,
    "exclusion": _exclusion,
    "group_limit": _group_limit,
    "class_limit": _class_limit,
    "role_limit": _role_limit,
    "score_floor": _score_floor,
    "expense_limit": _expense_limit,
    "volatility_limit": _volatility_limit,
    "tracking_error": _tracking_error,
    "turnover": _turnover,
    "liquidity_limit": _liquidity_limit,
}
