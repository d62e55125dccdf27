"""When is a portfolio beyond what anybody should sign: how risky, how good, how much traded?

Each measure has a limit of the policy; at the limit it passes, beyond it by more than rounding it
does not, and what is no finite number is beyond any limit.

Left out: whether a limit is wise, and losses that a volatility does not tell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from portlib.construction.mandate import Infeasible
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among
from portlib.retirement import model_portfolios, plan_menu
from portlib.retirement.plan_menu import engine
from portlib.stewardship.governance.approvals import GovernanceError

#: A measure that passes its limit by less than this passes it by rounding.
ROUNDING = 1e-12


def menu_portfolios(plan: Plan) -> dict[str, Any]:
    """The best portfolio of the plan's menu in each posture that has one: weights by fund, mean and
    risk (annual).

    Examples
    --------
    What is expected of each portfolio is what its own weights are expected to earn and to risk:

    >>> from portlib import plan as plans
    >>> ours = plans.read()
    >>> found = menu_portfolios(ours)
    >>> list(found) == list(model_portfolios.postures(ours.policy)), sorted(found["moderate"])
    (True, ['mean', 'risk', 'weights'])
    >>> funds = plan_menu.menu_assumptions(ours, plan_menu.class_assumptions(ours))
    >>> for told in found.values():
    ...     w = [told["weights"].get(fund, 0.0) for fund in funds.labels]
    ...     wrong = [funds.mean_of(w) - told["mean"], funds.risk_of(w) - told["risk"], sum(w) - 1]
    ...     print(max(map(abs, wrong)) < 1e-6)
    True
    True
    True
    True
    >>> found["conservative"]["risk"] < found["moderate"]["risk"] < found["aggressive"]["risk"]
    True
    """
    classes = plan_menu.class_assumptions(plan)
    funds = plan_menu.menu_assumptions(plan, classes)
    found = {}
    for posture in model_portfolios.postures(plan.policy):
        rules = plan_menu.menu_mandate(plan, posture, classes)
        try:
            best = engine.best(
                plan,
                funds,
                rules,
                risk_aversion=plan.policy["model_risk_aversion"][posture],
                classes=classes,
            ).allocation
        except Infeasible:
            continue
        found[posture] = {"weights": best.weights.to_dict(), "mean": best.mean, "risk": best.risk}
    return found


def risk_measures(
    portfolios: Mapping[str, Any], rf: float, held: Mapping[str, Any] | None = None
) -> dict[str, float]:
    """Each portfolio's volatility, the highest Sharpe ratio, and the largest turnover.

    A Sharpe ratio too good to be true is the commonest sign of a wrong input.

    Parameters
    ----------
    portfolios : mapping
        By name: ``weights`` by fund, ``mean`` and ``risk``, annual decimals, as from
        `menu_portfolios`.
    rf : float
        Riskless rate, annual decimal.
    held : mapping, optional
        The same portfolios as they are held; without them turnover is zero.

    Returns
    -------
    dict
        Measures by name.

    Examples
    --------
    Sharpe ratios are (0.07 - 0.02) / 0.15 and (0.05 - 0.02) / 0.06. Of the first portfolio 10%
    moves from A, 20% into C and 10% out of D, which it no longer has: half of the sum is turnover.
    The other was not held before.

    >>> made = {
    ...     "growth": {"weights": {"A": 0.5, "B": 0.3, "C": 0.2}, "mean": 0.07, "risk": 0.15},
    ...     "careful": {"weights": {"B": 0.8, "A": 0.2}, "mean": 0.05, "risk": 0.06},
    ... }
    >>> held = {"growth": {"weights": {"D": 0.1, "B": 0.3, "A": 0.6}}}
    >>> {name: round(x, 9) for name, x in risk_measures(made, 0.02, held).items()}
    {'growth volatility': 0.15, 'careful volatility': 0.06, 'Sharpe ratio': 0.5, 'turnover': 0.2}
    >>> risk_measures(made, 0.02)["turnover"], risk_measures({}, 0.02)
    (0.0, {'Sharpe ratio': nan, 'turnover': 0.0})

    What is no number stays none, whichever portfolio it is of, and a return without risk is beyond
    any limit:

    >>> strange = made | {"bold": {"weights": {"A": math.nan}, "mean": math.nan, "risk": 0.2}}
    >>> told = risk_measures(strange, 0.02, held | {"bold": {"weights": {"A": 1.0}}})
    >>> told["Sharpe ratio"], told["turnover"], told["bold volatility"]
    (nan, nan, 0.2)
    >>> still = {"cash": {"weights": {"C": 1.0}, "mean": 0.02, "risk": 0.0}}
    >>> risk_measures(made | still, 0.02)["Sharpe ratio"]
    inf
    """
    volatility = {f"{name} volatility": float(p["risk"]) for name, p in portfolios.items()}
    sharpe = [(p["mean"] - rf) / p["risk"] if p["risk"] else math.inf for p in portfolios.values()]
    moved = [
        math.fsum(  # exact in any order
            abs(p["weights"].get(f, 0.0) - held[name]["weights"].get(f, 0.0))
            for f in {*p["weights"], *held[name]["weights"]}
        )
        / 2
        for name, p in portfolios.items()
        if held and name in held
    ]
    return {
        **volatility,
        "Sharpe ratio": float(np.max(sharpe, initial=-math.inf)) if sharpe else math.nan,
        "turnover": float(np.max(moved, initial=0.0)),
    }


def risk_limits(
    portfolios: Mapping[str, Any], *, policy: Policy | Mapping[str, Any]
) -> dict[str, float]:
    """The policy's limits for those measures; of a policy, or of its values as a log holds them.

    Examples
    --------
    >>> decided = {"volatility": {"growth": 0.2, "careful": 0.08, "bold": 0.3}, "sharpe": 0.9}
    >>> decided = {"circuit_breakers": decided | {"turnover": 0.6}}
    >>> risk_limits({"careful": {}, "growth": {}}, policy=decided)
    {'careful volatility': 0.08, 'growth volatility': 0.2, 'Sharpe ratio': 0.9, 'turnover': 0.6}
    """
    limits = policy["circuit_breakers"]
    among("volatility limit of", portfolios, limits["volatility"])
    volatility = {f"{name} volatility": limits["volatility"][name] for name in portfolios}
    return {**volatility, "Sharpe ratio": limits["sharpe"], "turnover": limits["turnover"]}


def breaches(
    measured: Mapping[str, float], limits: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    """Measures beyond their limits. A value that is not a finite number is beyond any limit.

    Parameters
    ----------
    measured, limits : mapping
        By name, in the same units.

    Returns
    -------
    dict
        Name to (value, limit).

    Raises
    ------
    GovernanceError
        Where there is no limit at all, a limit is no finite number, or has no measure: a limit that
        nothing is held against does not protect.

    Examples
    --------
    At the limit a measure passes.

    >>> breaches({"risk": 0.2, "turnover": 0.51}, {"risk": 0.2, "turnover": 0.5})
    {'turnover': (0.51, 0.5)}

    Rounding is no breach; what is no number is one, at any limit. What is measured without a limit
    passes.

    >>> measured = {"a": 0.2 + 1e-13, "b": math.nan, "c": -math.inf, "d": 0.3, "e": 0.21, "f": -1.0}
    >>> list(breaches(measured, {name: 0.2 for name in "abcef"}))
    ['b', 'c', 'e']
    >>> breaches({"a": 0.1}, {})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: no limits are given: nothing ...
    >>> for limit in (True, "0.2", math.nan):
    ...     try:
    ...         breaches({"a": 0.1}, {"a": limit})
    ...     except GovernanceError as error:
    ...         print(error)
    a: its limit is True; give a number
    a: its limit is '0.2'; give a number
    a: its limit is nan; give a number
    >>> breaches({"a": 0.1}, {"c": 0.2, "a": 0.2, "b": 0.2})
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: not measured, though limited: b, c
    """
    if not limits:
        raise GovernanceError("no limits are given: nothing is released unguarded")
    for name, limit in limits.items():
        if (
            isinstance(limit, bool)
            or not isinstance(limit, (int, float))
            or not math.isfinite(limit)
        ):
            raise GovernanceError(f"{name}: its limit is {limit!r}; give a number")
    if lost := sorted(set(limits) - set(measured)):
        raise GovernanceError(f"not measured, though limited: {', '.join(lost)}")
    return {
        name: (float(measured[name]), float(limit))
        for name, limit in limits.items()
        if not (math.isfinite(measured[name]) and measured[name] <= limit + ROUNDING)
    }
