"""Which portfolios can be built from the plan's own funds, under the plan's own rules, and what
does the menu cost?

Funds are bundles of asset classes: with exposures ``B``, class means ``mu`` and covariance ``F``,
own risks ``D`` and expenses ``e``, a fund's expected return is ``B mu - e`` and the funds'
covariance ``B F B' + D``. The committee's policy is read *through* the funds (a limit on equity is
a limit on what they hold), and the plan's documents add rules of their own. Affiliation, 12b-1 fees
and revenue sharing are not arguments of anything here.

What it leaves out: fund histories (none are open), alpha, taxes. At most k funds and whole percents
are in `few_funds`, what one participant may change on one day in `account_review`, who is paid what
in `fund_costs`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from portlib import data
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    TrackingError,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    liquidity_limit,
    long_only,
)
from portlib.construction.mean_variance import frontier, maximum_utility
from portlib.estimation.style_analysis.styles import through_exposures
from portlib.plan import Plan
from portlib.policy import Policy
from portlib.ranges import among, door, numbers
from portlib.records import Allocation, Array, Assumptions
from portlib.retirement.plan_menu.expectations import bands, class_assumptions
from portlib.retirement.plan_menu.limits import limits
from portlib.retirement.plan_menu.options import considered, each_vintage

FROZEN = "frozen employer stock"
LARGE = "us_large_equity"
PAYMENTS = "12b-1 fees and revenue sharing"


# ---- the menu in assumptions ---------------------------------------------------------------------


def menu_assumptions(plan: Plan, assumptions: Assumptions | None = None) -> Assumptions:
    """What an optimiser is told about the funds considered, net of expenses.

    The employer stock fund has the return of its class and, beyond it, the volatility that the
    plan's rules give.

    Parameters
    ----------
    plan : Plan
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Assumptions
        Of funds, annual decimals (`through_exposures`).

    Raises
    ------
    ValueError
        Where no fund is left to consider, and for a class that the assumptions lack.

    Examples
    --------
    A fund of 86% large and 14% small companies, less 0.03% a year, with a risk of its own of 0.2%:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels, n = list(ours.exposures), len(list(ours.exposures))
    >>> mu = np.linspace(0.08, 0.03, n)
    >>> sigma = np.diag(np.linspace(0.04, 0.0001, n)) + 0.005
    >>> classes = Assumptions(labels, mu, sigma, rf=0.03, source="typed")
    >>> found = menu_assumptions(ours, classes)
    >>> large, small = labels.index("us_large_equity"), labels.index("us_small_equity")
    >>> at = found.labels.index("TSMIDX")
    >>> bool(np.isclose(found.mu[at], 0.86 * mu[large] + 0.14 * mu[small] - 0.0003))
    True
    >>> inside = 0.86**2 * sigma[large, large] + 0.14**2 * sigma[small, small]
    >>> inside += 2 * 0.86 * 0.14 * 0.005
    >>> bool(np.isclose(found.sigma[at, at], inside + 0.002**2))
    True
    >>> menu_assumptions(ours, classes.select(labels[1:]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: funds hold us_large_equity, which the assumptions lack; add the class or ...
    """
    classes = class_assumptions(plan) if assumptions is None else assumptions
    menu = considered(plan)
    if not menu.labels:
        raise ValueError(f"{plan.name}: every option is an annuity; there is no menu to build from")
    labels, b = _matrix(plan, classes)
    return through_exposures(labels, np.asfortranarray(b), classes, menu.own_risk, menu.costs)


def equity_share(plan: Plan) -> pd.Series:
    """What part of each fund is equity by the policy's ``equity_classes``, looking through; each
    date of a series by itself.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> share = equity_share(plans.read(data.ROOT / "plan"))
    >>> found = share[["TSMIDX", "REITIX", "HYACT", "TDIDX, 10 years to go"]].round(9).tolist()
    >>> found  # real estate is equity, high yield is not
    [1.0, 1.0, 0.0, 0.69]
    """
    return (
        each_vintage(plan)
        .exposures.reindex(columns=plan.policy["equity_classes"], fill_value=0.0)
        .sum(axis=1)
        .rename("equity")
    )


@lru_cache(maxsize=16)
def _matrix(plan: Plan, classes: Assumptions) -> tuple[tuple[str, ...], Array]:
    """The funds considered, and their exposures in the assumptions' classes, (funds, classes)."""
    menu = considered(plan)
    matrix = np.zeros((len(menu.labels), len(classes)))
    for name, column in zip(menu.classes, menu.exposures.T, strict=True):
        if name in classes.labels:
            matrix[:, classes.labels.index(name)] = column
        elif column.any():
            raise ValueError(
                f"funds hold {name}, which the assumptions lack; add the class or leave the "
                f"funds out"
            )
    matrix.setflags(write=False)
    return menu.labels, matrix


# ---- the menu's rules ----------------------------------------------------------------------------


def _through(
    labels: Sequence[str], b: Array, posture: str, classes: Assumptions, policy: Policy
) -> list[Limit]:
    """The committee's limits on what is held, for things (funds, or classes themselves) with
    exposures `b`.
    """
    floors = policy["equity_floor"]
    ceilings = policy["equity_ceiling"]
    among("posture", [posture], floors)
    if LARGE not in classes.labels:
        raise ValueError(
            f"the assumptions lack {LARGE}, by which the limit on equity beta is measured; add it"
        )
    large = classes.labels.index(LARGE)
    counts = policy["equity_classes"]

    def held(*names: str) -> dict[str, float]:
        counted = b @ np.array([float(name in names) for name in classes.labels])
        return dict(zip(labels, counted.tolist(), strict=True))

    beta = (b @ classes.sigma[large] / classes.sigma[large, large]).tolist()
    rules = [
        factor_limit(
            "equity band", held(*counts), lower=floors[posture], upper=ceilings[posture]
        ).under("policy: equity_floor, equity_ceiling"),
        factor_limit(
            "equity beta", dict(zip(labels, beta, strict=True)), upper=ceilings[posture]
        ).under("policy: equity_ceiling"),
    ]
    for name, what, entry in (
        ("small company cap", policy.called("us_small_equity"), "small_equity_cap"),
        ("high yield cap", policy.called("us_high_yield"), "high_yield_cap"),
    ):
        if any((held_now := held(*what)).values()):
            rules.append(
                factor_limit(name, held_now, upper=policy[entry]).under(f"policy: {entry}")
            )
    return rules


def class_mandate(
    posture: str,
    classes: Assumptions,
    names: Sequence[str] | None = None,
    *,
    policy: Policy,
) -> Mandate:
    """The policy's limits on what is held, over the asset classes themselves.

    Parameters
    ----------
    posture : str
    classes : Assumptions
    names : sequence of str, optional
        The classes that may be held; all when not given.
    policy : Policy

    Returns
    -------
    Mandate
        Over `names`; fully invested and long only besides.

    Examples
    --------
    In the moderate posture of the example policy equity lies between its floor and its ceiling, the
    limits included, and so does what moves with large companies below the ceiling:

    >>> from portlib import data, plan as plans
    >>> policy = plans.read(data.ROOT / "plan").policy
    >>> labels = ["cash", "us_large_equity", "us_small_equity", "us_high_yield"]
    >>> sigma = np.array([
    ...     [0.0001, 0.0, 0.0, 0.0], [0.0, 0.02, 0.03, 0.01], [0.0, 0.03, 0.05, 0.01],
    ...     [0.0, 0.01, 0.01, 0.02],
    ... ])
    >>> classes = Assumptions(labels, [0.03, 0.06, 0.07, 0.05], sigma, rf=0.03, source="typed")
    >>> low, high = policy["equity_floor"]["moderate"], policy["equity_ceiling"]["moderate"]
    >>> rules = class_mandate("moderate", classes, policy=policy)
    >>> band = {rule.name: rule for rule in rules.constraints}
    >>> band["equity band"].lower == low, band["equity band"].upper == high
    (True, True)
    >>> band["equity band"].coefficients
    {'cash': 0.0, 'us_large_equity': 1.0, 'us_small_equity': 1.0, 'us_high_yield': 0.0}
    >>> [round(beta, 9) for beta in band["equity beta"].coefficients.values()]  # over 0.02
    [0.0, 1.0, 1.5, 0.5]
    >>> band["equity beta"].upper == high, band["equity beta"].lower
    (True, -inf)
    >>> band["small company cap"].upper == policy["small_equity_cap"]
    True
    >>> band["high yield cap"].upper == policy["high_yield_cap"]
    True
    >>> narrow = class_mandate("moderate", classes, ["us_large_equity", "cash"], policy=policy)
    >>> narrow.labels, [rule.name for rule in narrow.constraints][2:]
    (('us_large_equity', 'cash'), ['equity band', 'equity beta'])
    >>> class_mandate("reckless", classes, policy=policy)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no posture 'reckless'; there are ...
    """
    names = classes.labels if names is None else names
    unit = np.array([[float(name == other) for other in classes.labels] for name in names])
    return Mandate(
        names, [fully_invested(), long_only(), *_through(names, unit, posture, classes, policy)]
    )


def clause(plan: Plan, rule: str) -> str:
    """Where in the plan's documents a rule stands, or at least where in its folder.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> plan = SimpleNamespace(rules={"clauses": {"models": "section 5"}})
    >>> clause(plan, "models"), clause(plan, "blackouts")
    ('section 5', 'rules.yml: blackouts')
    """
    return str(plan.rules["clauses"].get(rule, f"rules.yml: {rule}"))


def menu_mandate(plan: Plan, posture: str, assumptions: Assumptions | None = None) -> Mandate:
    """Which portfolios of the funds considered the policy and the plan's documents allow in one
    posture.

    A date of a target-date series is a whole portfolio by itself, so the limit on single funds
    spares it.

    Parameters
    ----------
    plan : Plan
    posture : str
        One of the policy's.
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Mandate
        Over the funds of `menu_assumptions`.

    Raises
    ------
    ValueError
        For an unknown posture.

    Examples
    --------
    The rules are about the very funds that something is expected of; no single fund is more than
    the policy allows, but a date of the series may be held whole; frozen employer stock is not
    bought:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels, n = list(ours.exposures), len(list(ours.exposures))
    >>> classes = Assumptions(labels, np.full(n, 0.05), 0.04 * np.eye(n), rf=0.03, source="typed")
    >>> mandate = menu_mandate(ours, "moderate", classes)
    >>> mandate.labels == menu_assumptions(ours, classes).labels
    True
    >>> rules = {rule.name: rule for rule in mandate.constraints}
    >>> single = rules["single fund"].upper
    >>> single["LCIDX"] == ours.policy["max_single_fund"], "TDIDX, 10 years to go" in single
    (True, False)
    >>> rules[FROZEN].upper, rules[FROZEN].clause
    ({'COSTK': 0.0}, 'plan document, section 7.4 (SYNTHETIC)')
    >>> thawed = {**ours.rules["employer_stock"], "frozen": False}
    >>> def ruled(stock):
    ...     other = replace(ours, rules={**ours.rules, "employer_stock": stock})
    ...     return menu_mandate(other, "moderate", classes)
    >>> free, none = ruled(thawed), ruled(None)
    >>> {rule.name for rule in mandate.constraints} - {rule.name for rule in free.constraints}
    {'frozen employer stock'}
    >>> len(free.constraints) - len(none.constraints)  # its cap, and how much of it can be sold
    2
    """
    classes = class_assumptions(plan) if assumptions is None else assumptions
    labels, b = _matrix(plan, classes)
    kinds = considered(plan).kinds
    single = [fund for fund, kind in zip(labels, kinds, strict=True) if kind != "target_date"]
    most = Bounds("single fund", upper=dict.fromkeys(single, plan.policy["max_single_fund"]))
    rules: list[Limit | Bounds] = [
        fully_invested().under("plan: accounts hold funds, paid in full"),
        long_only().under("plan: accounts cannot borrow or sell short"),
        *_through(labels, b, posture, classes, plan.policy),
        *([most.under("policy: max_single_fund")] if single else []),  # else a series is all
        *bands(plan, labels, classes.labels, b),
    ]
    stock = plan.rules["employer_stock"]
    if stock:
        cap = plan.policy["employer_stock_cap"]
        rules.append(employer_stock_cap(stock["fund"], cap).under("policy: employer_stock_cap"))
        if plan.assets > 0:
            share = plan.policy["liquidity_share_of_adv"] * plan.policy["liquidity_days"]
            volume = {stock["fund"]: stock["daily_volume"]}
            rules.append(
                liquidity_limit(volume, portfolio_value=plan.assets, share=share).under(
                    "policy: liquidity_share_of_adv, liquidity_days"
                )
            )
        if stock["frozen"]:
            rules.append(
                Bounds(FROZEN, upper={stock["fund"]: 0.0}).under(clause(plan, "employer_stock"))
            )
    stated = limits(each_vintage(plan), labels) if plan.inputs.mandate else []
    return Mandate(labels, [*rules, *stated])


# ---- what the menu costs -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Approximation:
    """The menu's portfolio nearest to a target in asset classes, its tracking error (annual) and
    its own class mix.
    """

    allocation: Allocation
    tracking_error: float
    classes: pd.Series


def approximate(
    plan: Plan,
    target: Mapping[str, float],
    mandate: Mandate | None = None,
    assumptions: Assumptions | None = None,
) -> Approximation:
    """Which menu weights track a target mix of asset classes most closely?

    Minimises ``(B'w - t)'F(B'w - t) + w'Dw``: a utility with ``B F t`` in place of means and an
    aversion of one. Fees have no say.

    Parameters
    ----------
    plan : Plan
    target : mapping
        Weights by class that sum to one.
    mandate : Mandate, optional
        Over the funds; fully invested and long only when not given.
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Approximation
        Tracking error a year, decimal.

    Raises
    ------
    ValueError
        For a class that the assumptions lack, or weights that do not sum to one.
    Infeasible
        Where no portfolio obeys the mandate.

    Examples
    --------
    What the menu has can be had exactly, but for the funds' own risks. Where it lacks a class, the
    nearest is the one that a search of every mix of its two funds finds:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> menu = replace(ours, rules={**ours.rules, "default": None}).offering(["LCIDX", "BNDIDX"])
    >>> labels = ["us_core_bonds", "us_large_equity", "cash"]
    >>> risks = np.diag([0.0025, 0.0256, 0.0001])
    >>> classes = Assumptions(labels, [0.04, 0.06, 0.03], risks, rf=0.03, source="typed")
    >>> near = approximate(menu, {"us_large_equity": 0.6, "us_core_bonds": 0.4}, None, classes)
    >>> near.allocation.weights.round(3).to_dict()
    {'LCIDX': 0.6, 'BNDIDX': 0.4}
    >>> bool(np.isclose(near.tracking_error, 0.002 * np.hypot(0.6, 0.4), rtol=0.01))
    True
    >>> far = approximate(menu, {"us_core_bonds": 0.9, "cash": 0.1}, None, classes)
    >>> s = np.linspace(0, 1, 100_001)
    >>> square = 0.0256 * s**2 + 0.0025 * (0.1 - s) ** 2 + 0.0001 * 0.01
    >>> square += 0.002**2 * (s**2 + (1 - s) ** 2)
    >>> bool(np.isclose(far.tracking_error, np.sqrt(square.min())))
    True
    >>> bool(np.isclose(far.allocation.weights["LCIDX"], s[square.argmin()], atol=1e-4))
    True
    >>> far.classes.round(2).to_dict()
    {'us_core_bonds': 0.99, 'us_large_equity': 0.01, 'cash': 0.0}
    >>> approximate(menu, {"us_large_equity": 0.6, "gold": 0.4}, None, classes)
    Traceback (most recent call last):
    ...
    ValueError: the target must sum to one over known classes; unknown: gold
    >>> approximate(menu, {"us_large_equity": 1.0, "cash": np.nan}, None, classes)
    Traceback (most recent call last):
    ...
    ValueError: a weight of the target is nan: give a finite number
    """
    classes = class_assumptions(plan) if assumptions is None else assumptions
    numbers("a weight of the target", list(target.values()))
    if (unknown := [name for name in target if name not in classes.labels]) or abs(
        sum(target.values()) - 1
    ) > 1e-6:
        raise ValueError(
            f"the target must sum to one over known classes; unknown: "
            f"{', '.join(unknown) or 'none'}"
        )
    menu = menu_assumptions(plan, classes)
    b = _matrix(plan, classes)[1]
    t = np.array([target.get(name, 0.0) for name in classes.labels])
    toward = menu.replace(
        mu=b @ classes.sigma @ t, source="covariance with the target, in place of means"
    )
    found = maximum_utility(toward, mandate, risk_aversion=1.0)
    square = found.w @ menu.sigma @ found.w - 2 * found.w @ toward.mu + t @ classes.sigma @ t
    kept = replace(
        found,
        mean=menu.mean_of(found.w),
        sharpe=menu.sharpe_of(found.w),
        objective="nearest to the target",
        shadow_prices={},
    )
    return Approximation(
        kept, float(np.sqrt(max(square, 0.0))), pd.Series(found.w @ b, list(classes.labels))
    )


def cost_of_menu(
    plan: Plan, posture: str, chosen: Allocation, assumptions: Assumptions | None = None
) -> pd.Series:
    """Where expected return is lost between the policy's asset classes and a portfolio of the menu,
    at equal risk.

    Each step has less choice than the one before, so none can be negative: every class of
    ``menu_classes``, free of charge, under the committee's limits on classes; only the classes that
    the menu reaches; the funds, before expenses; after them; under the whole mandate; the chosen
    portfolio itself. All are the highest return at its risk.

    Parameters
    ----------
    plan : Plan
    posture : str
    chosen : Allocation
        Over the funds considered.
    assumptions : Assumptions, optional
        Of asset classes; the plan's method's when not given.

    Returns
    -------
    Series (5,)
        By step, annual decimals, which sum to the whole cost.

    Examples
    --------
    The steps sum to what lies between the best of all classes and the portfolio, at its risk.

    >>> from portlib import data, plan as plans
    >>> from portlib.construction.mean_variance import maximum_utility
    >>> ours = plans.read(data.ROOT / "plan")
    >>> classes = class_assumptions(ours)
    >>> mandate = menu_mandate(ours, "moderate", classes)
    >>> held = maximum_utility(menu_assumptions(ours, classes), mandate, risk_aversion=5.5)
    >>> steps = cost_of_menu(ours, "moderate", held, classes)
    >>> rules = class_mandate("moderate", classes, classes.labels, policy=ours.policy)
    >>> most = frontier(classes, rules).target_risk(held.risk).mean
    >>> bool(np.isclose(steps.sum(), most - held.mean)), bool((steps >= -1e-9).all())
    (True, True)

    A percent more a year from every class moves no step, for all money is in some class.

    >>> more = classes.replace(mu=classes.mu + 0.01, source="a percent more")
    >>> moved = cost_of_menu(ours, "moderate", replace(held, mean=held.mean + 0.01), more)
    >>> bool(np.allclose(moved, steps, atol=1e-9))
    True

    Free funds lose nothing by expenses.

    >>> free = replace(ours, funds=ours.funds.assign(expense_ratio=0.0))
    >>> cheap = maximum_utility(menu_assumptions(free, classes), mandate, risk_aversion=5.5)
    >>> bool(abs(cost_of_menu(free, "moderate", cheap, classes)["expenses"]) < 1e-12)
    True
    """
    classes = class_assumptions(plan) if assumptions is None else assumptions
    menu = menu_assumptions(plan, classes)
    mandate = menu_mandate(plan, posture, classes)
    free = plan.funds.copy()
    free["expense_ratio"] = 0.0
    b = _matrix(plan, classes)[1]
    reached = [name for name, held in zip(classes.labels, b.T, strict=True) if held.any()]

    def best(a: Assumptions, rules: Mandate) -> float:
        try:
            return frontier(a, rules).target_risk(chosen.risk).mean
        except (
            NotSolved
        ):  # funds without own risks can make sigma singular, and the line lose its way
            at_risk = rules.also(TrackingError("risk", dict.fromkeys(a.labels, 0.0), chosen.risk))
            return maximum_utility(a, at_risk, risk_aversion=0.0).mean

    def alone(names: Sequence[str]) -> float:
        return best(
            classes.select(names), class_mandate(posture, classes, names, policy=plan.policy)
        )

    loose = Mandate(
        menu.labels,
        [fully_invested(), long_only(), *_through(menu.labels, b, posture, classes, plan.policy)],
    )
    gross = menu_assumptions(replace(plan, funds=free), classes)
    levels = [
        alone(classes.labels),
        alone(reached),
        best(gross, loose),
        best(menu, loose),
        best(menu, mandate),
        chosen.mean,
    ]
    return pd.Series(
        -np.diff(levels),
        [
            "classes that the menu lacks",
            "bundles, and funds' own risks",
            "expenses",
            "limits per fund, bands",
            "dates held whole, few funds, percents",
        ],
        name=posture,
    )


def spanning(assumptions: Assumptions) -> pd.DataFrame:
    """Does each fund widen the frontier of the others, short sales allowed?

    In the population, fund i is ``alpha + beta'others + error``. The frontier is unchanged when,
    and only when, alpha is zero and the betas sum to one (Huberman and Kandel 1987; Kan and Zhou
    2012 say which failure is which).

    Parameters
    ----------
    assumptions : Assumptions
        Of the funds.

    Returns
    -------
    DataFrame by fund
        ``alpha`` (annual), ``beta_sum``, ``unexplained`` (annual volatility).

    Examples
    --------
    A fund that is half of each of two others widens nothing. A third of independent risk is all
    alpha but for what the others' prices explain:

    >>> sigma = [[0.04, 0.0, 0.02], [0.0, 0.01, 0.005], [0.02, 0.005, 0.0125]]
    >>> names = ["stocks", "bonds", "half of each"]
    >>> found = spanning(Assumptions(names, [0.06, 0.02, 0.04], sigma))
    >>> found.loc["half of each"].abs().round(6).to_dict()
    {'alpha': 0.0, 'beta_sum': 1.0, 'unexplained': 0.0}
    >>> # on stocks alone: 0.06 of 0.04 is a beta of 1.5; 0.1 - 1.5 * 0.06, and 0.1 - 1.5 * 0.06
    >>> two = Assumptions(["stocks", "leveraged"], [0.06, 0.10], [[0.04, 0.06], [0.06, 0.1]])
    >>> spanning(two).loc["leveraged"].round(6).tolist()
    [0.01, 1.5, 0.1]
    """
    rows = {}
    for i, fund in enumerate(assumptions.labels):
        others = np.delete(np.arange(len(assumptions)), i)
        inner = assumptions.sigma[np.ix_(others, others)]
        cross = assumptions.sigma[others, i]
        beta = np.linalg.lstsq(inner, cross, rcond=None)[0]
        left = assumptions.sigma[i, i] - 2 * beta @ cross + beta @ inner @ beta
        rows[fund] = (
            assumptions.mu[i] - beta @ assumptions.mu[others],
            beta.sum(),
            np.sqrt(max(left, 0.0)),
        )
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["alpha", "beta_sum", "unexplained"]
    )


@door()
def worth_of_funds(
    assumptions: Assumptions, mandate: Mandate, *, risk_aversion: float
) -> pd.Series:
    """What would be lost without each fund?

    Parameters
    ----------
    assumptions : Assumptions
        Of the funds.
    mandate : Mandate
    risk_aversion : float

    Returns
    -------
    Series by fund
        Certainty equivalent lost, annual decimal, if it were not offered; NaN where no portfolio
        would remain.

    Examples
    --------
    Without limits a certainty equivalent is half of ``mean^2 / (A variance)`` a fund; long only and
    with something safe, each fund is worth just that, and what is not held nothing:

    >>> funds = Assumptions(
    ...     ["safe", "stocks", "gold", "worse"], [0.0, 0.04, 0.03, -0.01],
    ...     np.diag([0.0, 0.04, 0.09, 0.04]), rf=0.0,
    ... )
    >>> rules = Mandate(funds.labels, [fully_invested(), long_only()])
    >>> found = worth_of_funds(funds, rules, risk_aversion=4.0)
    >>> found.drop("safe").round(9).to_dict()  # 0.0016 / 0.32, 0.0009 / 0.72
    {'stocks': 0.005, 'gold': 0.00125, 'worse': 0.0}
    >>> most = Bounds("most", upper=dict.fromkeys(["gold", "stocks", "worse"], 0.3))
    >>> alone = Mandate(funds.labels, [fully_invested(), long_only(), most])
    >>> bool(np.isnan(worth_of_funds(funds, alone, risk_aversion=4.0)["safe"]))
    True
    """
    whole = maximum_utility(assumptions, mandate, risk_aversion=risk_aversion)
    worth = dict.fromkeys(assumptions.labels, 0.0)
    for fund in (fund for fund, held in zip(assumptions.labels, whole.w, strict=True) if held > 0):
        try:
            without = mandate.also(Bounds("not offered", upper={fund: 0.0}))
            less = maximum_utility(assumptions, without, risk_aversion=risk_aversion)
            worth[fund] = utility(whole, risk_aversion) - utility(less, risk_aversion)
        except Infeasible:
            worth[fund] = np.nan
    return pd.Series(worth, name="worth")


@door()
def utility(allocation: Allocation, risk_aversion: float) -> float:
    """The certainty equivalent ``mean - (A/2) risk^2`` of an allocation, annual decimal.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> round(utility(SimpleNamespace(mean=0.05, risk=0.1), 4.0), 9)  # 0.05 - 2 * 0.01
    0.03
    """
    return allocation.mean - risk_aversion / 2 * allocation.risk**2


def with_index_fund(plan: Plan, asset_class: str) -> Plan:
    """The plan, offering one more fund: an index of one class at the policy's ``index_fund_cost``.

    Parameters
    ----------
    plan : Plan
    asset_class : str
        Of the plan, its reference, the menu of the policy or the survey.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        For an unknown class.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> more = with_index_fund(ours, "us_tips")
    >>> list(more.funds.index[-2:]), list(more.exposures) == list(ours.exposures)
    (['COSTK', 'index of us_tips'], True)
    >>> held = more.exposures.loc["index of us_tips"]
    >>> float(held["us_tips"]), float(held.sum())
    (1.0, 1.0)
    >>> bool(more.funds["expense_ratio"].iloc[-1] == ours.policy["index_fund_cost"])
    True
    >>> float(more.holdings["index of us_tips"].max())
    0.0
    >>> with_index_fund(ours, "tulips")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: no class 'tulips'; there are ...
    """
    surveyed = data.table("horizon_2025_correlations").index
    known = {
        *plan.exposures.columns,
        *plan.policy["reference_portfolio"],
        *plan.policy["menu_classes"],
        *surveyed,
    }
    if asset_class not in known:
        raise ValueError(f"no class {asset_class!r}; there are {', '.join(sorted(known))}")
    name = f"index of {asset_class}"
    row = {
        "label": name,
        "kind": "core",
        "category": "",
        "management": "index",
        "vehicle": "",
        "affiliated": False,
        "expense_ratio": plan.policy["index_fund_cost"],
        "fee_12b1": 0.0,
        "revenue_share": 0.0,
        "plan_share": 0.0,
        "specific_risk": 0.0,
    }
    funds = pd.concat([plan.funds, pd.DataFrame([row], [name])])
    held = plan.exposures.reindex(
        columns=list(dict.fromkeys([*plan.exposures.columns, asset_class])), fill_value=0.0
    )
    held.loc[name] = [float(column == asset_class) for column in held.columns]
    return replace(plan, funds=funds, exposures=held, holdings=plan.holdings.assign(**{name: 0.0}))


# ---- conflicts of interest -----------------------------------------------------------------------


@door()
def conflicts(
    plan: Plan, choose: Callable[[Plan], pd.Series], rng: np.random.Generator, draws: int = 5
) -> pd.Series:
    """How far do weights move when only something moves that must not matter?

    Each draw gives every fund a random affiliation, then a random 12b-1 fee and revenue share
    within its unchanged expense ratio, then another place in the lineup.

    Parameters
    ----------
    plan : Plan
    choose : callable
        Makes weights by fund from a plan.
    rng : Generator
    draws : int

    Returns
    -------
    Series (3,)
        The largest change of any weight, by what was changed; zero (or rounding, for the order) for
        whoever may advise.

    Examples
    --------
    Whoever looks only at expenses passes; whoever looks at what is passed on, at affiliation or at
    places in the lineup is found out:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> def moved(choose):
    ...     return (conflicts(ours, choose, np.random.default_rng(1), 2) > 1e-12).tolist()
    >>> def cheap(plan):
    ...     return 1 / (1 + plan.funds["expense_ratio"])
    >>> moved(cheap), moved(lambda plan: plan.funds["revenue_share"])
    ([False, False, False], [False, True, False])
    >>> moved(lambda plan: plan.funds["affiliated"].astype(float))
    [True, False, False]
    >>> moved(lambda plan: pd.Series(range(len(plan.funds)), plan.funds.index, float))
    [False, False, True]
    """
    before = choose(plan)
    worst = {"affiliation": 0.0, PAYMENTS: 0.0, "order of the lineup": 0.0}
    n = len(plan.funds)
    for _ in range(draws):
        paid = rng.random((2, n)) * plan.funds["expense_ratio"].to_numpy()
        order = rng.permutation(n)
        shuffled = plan.funds.iloc[order]
        kept = [fund for fund in shuffled.index if fund in plan.exposures.index]
        moved = {
            "affiliation": replace(plan, funds=plan.funds.assign(affiliated=rng.random(n) < 0.5)),
            PAYMENTS: replace(
                plan, funds=plan.funds.assign(fee_12b1=paid[0], revenue_share=paid[1])
            ),
            "order of the lineup": replace(
                plan,
                funds=shuffled,
                exposures=plan.exposures.loc[kept],
                holdings=plan.holdings[shuffled.index],
            ),
        }
        for what, other in moved.items():
            worst[what] = max(
                worst[what], float((choose(other).reindex(before.index) - before).abs().max())
            )
    return pd.Series(worst)


def class_mix(plan: Plan, weights: pd.Series) -> pd.Series:
    """What a portfolio of funds holds by asset class, as weights.

    Examples
    --------
    Half in a fund of 86% large and 14% small companies, half in bonds:

    >>> from portlib import data, plan as plans
    >>> mix = class_mix(plans.read(data.ROOT / "plan"), pd.Series({"BNDIDX": 0.5, "TSMIDX": 0.5}))
    >>> mix[mix > 0].round(9).to_dict()
    {'us_large_equity': 0.43, 'us_small_equity': 0.07, 'us_core_bonds': 0.5}
    """
    plan = each_vintage(plan)
    among("fund", weights.index, plan.exposures.index)
    held: Array = plan.exposures.loc[list(weights.index)].to_numpy(float)
    mix: Array = weights.to_numpy(float) @ held
    return pd.Series(mix, list(plan.exposures.columns), name="weight")
