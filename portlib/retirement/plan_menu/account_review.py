"""What may one participant change in the account today, and what is the best change?

The plan's documents add rules that depend on the day and on what was traded before: blackouts, a
number of transfers a quarter, frozen employer stock, round trips, minimum holdings, and the equity
wash of stable value. All but one are bounds on weights. The wash is a choice, not to sell stable
value *or* not to buy what competes with it, so it makes two mandates, and the better of their two
optima is the optimum.

`broken_rules` reads the same rules a second time, from the plan and two sets of weights, without
any mandate. What it leaves out: prices between reviews (weights are those of the day), loans and
withdrawals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

import pandas as pd

from portlib.construction.mandate import Bounds, Infeasible, Mandate
from portlib.construction.mean_variance import maximum_utility
from portlib.plan import Plan
from portlib.ranges import among, door, number
from portlib.records import Allocation, Assumptions
from portlib.retirement.plan_menu.menu import FROZEN, clause, utility
from portlib.retirement.plan_menu.options import dates, each_vintage, series_of

#: A change of weight below this is rounding.
SLIGHT = 1e-7


class Trade(NamedTuple):
    """A change that a participant made: the day, the fund, and the weight bought (above zero) or
    sold (below).
    """

    on: date
    fund: str
    change: float


def _by_date(plan: Plan, funds: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Each fund, and the options that it is: of the series, every date."""
    series, options = series_of(plan), list(dates(plan).unique())
    return [(fund, options if fund == series else [fund]) for fund in funds]


def _standstill(plan: Plan, trades: Iterable[Trade], on: date) -> tuple[str, str] | None:
    """The rule that allows no change at all on a day, and its clause."""
    if any(span["first"] <= on <= span["last"] for span in plan.rules["blackouts"]):
        return "blackout", clause(plan, "blackouts")
    quarter = {
        t.on for t in trades if (t.on.year, (t.on.month - 1) // 3) == (on.year, (on.month - 1) // 3)
    }
    allowed = plan.rules["trading"]["transfers_per_quarter"]
    if allowed is not None and len(quarter - {on}) >= allowed:
        return "transfers per quarter", clause(plan, "trading")
    return None


def review_mandates(
    plan: Plan,
    mandate: Mandate,
    holdings: Mapping[str, float] | pd.Series,
    trades: Iterable[Trade],
    on: date,
) -> list[Mandate]:
    """Under which mandates may one participant's account be changed on a day; obeying any one of
    them suffices.

    A blackout, or as many days with transfers in the calendar quarter as allowed, permits no
    change. Frozen employer stock is not bought. A fund sold within its round-trip days is not
    bought again; one bought within its minimum holding is not sold (on the last day counted, it may
    be). Stable value is not sold *while* a competing fund is bought, which makes two mandates; sold
    within the wash, no competing fund is bought. Money is fungible: the wash is read as binding the
    account, which is stricter than following each dollar.

    Parameters
    ----------
    plan : Plan
    mandate : Mandate
        Of the portfolio, apart from the day.
    holdings : mapping
        Weights of `mandate`'s funds that sum to one: what is in options left out of the calculation
        stays there.
    trades : iterable of Trade
        What was traded before; a trade in the series counts for each of its dates.
    on : date

    Returns
    -------
    list of Mandate

    Raises
    ------
    ValueError
        For holdings below zero, or that do not sum to one.

    Examples
    --------
    Who holds stable value may sell it or buy what competes with it, so there are two mandates; to
    change nothing breaks no rule:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> labels = ["STABLE", "HYACT", "GOVMM", "COSTK", "INTIDX"]
    >>> rules = Mandate(labels, [Bounds("long only", lower=0.0)])
    >>> held = dict(zip(labels, [0.35, 0.25, 0.2, 0.05, 0.15]))
    >>> today = date(2026, 6, 30)
    >>> def bounds(trades=()):
    ...     def end(rule):
    ...         return rule.lower if rule.upper == float("inf") else rule.upper
    ...     found = review_mandates(ours, rules, held, trades, today)
    ...     return [{rule.name: end(rule) for rule in one.constraints[1:]} for one in found]
    >>> for mandate in bounds():
    ...     print(mandate.pop("frozen employer stock"), mandate)
    {'COSTK': 0.05} {'equity wash: stable value not sold': {'STABLE': 0.35}}
    {'COSTK': 0.05} {'equity wash: no competing fund bought': {'GOVMM': 0.2}}

    It goes on in ``account_review.md``.
    """
    held = {fund: float(holdings.get(fund, 0.0)) for fund in mandate.labels}
    for fund, w in held.items():
        number(f"the share held in {fund}", w, least=0)
    if abs(sum(held.values()) - 1) > 1e-6:
        raise ValueError(
            f"holdings of the funds considered sum to {sum(held.values()):.6g}, not to one: "
            f"leave out "
            "what is in other options, and scale the rest"
        )
    trades = [t for t in trades if t.on <= on]
    if still := _standstill(plan, trades, on):
        return [Mandate(mandate.labels, [Bounds(still[0], lower=held, upper=held).under(still[1])])]
    opened = each_vintage(plan).rules
    trading, stock, wash = (opened[name] for name in ("trading", "employer_stock", "stable_value"))
    options = dict(_by_date(plan, {t.fund for t in trades}))

    def lately(fund: str, days: int, side: int) -> bool:
        return any(
            fund in options[t.fund] and t.change * side > 0 and 0 <= (on - t.on).days < days
            for t in trades
        )

    rules = [c for c in mandate.constraints if c.name != FROZEN]
    if stock and stock["frozen"] and stock["fund"] in held:
        rules.append(
            Bounds(FROZEN, upper={stock["fund"]: held[stock["fund"]]}).under(
                clause(plan, "employer_stock")
            )
        )
    again = {
        f: held[f]
        for f, days in trading["round_trip_days"].items()
        if f in held and lately(f, days, -1)
    }
    early = {
        f: held[f]
        for f, days in trading["minimum_holding_days"].items()
        if f in held and lately(f, days, 1)
    }
    if again:
        rules.append(Bounds("round trip", upper=again).under(clause(plan, "trading")))
    if early:
        rules.append(Bounds("minimum holding", lower=early).under(clause(plan, "trading")))
    competing = {f: held[f] for f in wash["competing"] if f in held} if wash else {}
    if not competing:
        return [Mandate(mandate.labels, rules)]
    source = clause(plan, "stable_value")
    fund = wash["fund"]
    unbought = Bounds("equity wash: no competing fund bought", upper=competing).under(source)
    if lately(fund, wash["equity_wash_days"], -1):
        return [Mandate(mandate.labels, [*rules, unbought])]
    if fund not in held:
        return [Mandate(mandate.labels, rules)]
    unsold = Bounds("equity wash: stable value not sold", lower={fund: held[fund]}).under(source)
    return [Mandate(mandate.labels, [*rules, either]) for either in (unsold, unbought)]


@door()
def best_of(
    assumptions: Assumptions, mandates: Iterable[Mandate], *, risk_aversion: float
) -> Allocation:
    """The portfolio of greatest utility that obeys at least one of the mandates.

    Parameters
    ----------
    assumptions : Assumptions
    mandates : iterable of Mandate
    risk_aversion : float

    Returns
    -------
    Allocation

    Raises
    ------
    Infeasible
        Of the first mandate, if no portfolio obeys any.

    Examples
    --------
    Of two rules of which one must be obeyed, that is chosen which costs less; at risk aversion 2
    and a variance of 0.04, without limits 75% would be held of what earns 6% over what is safe:

    >>> from portlib.construction.mandate import fully_invested, long_only
    >>> told = Assumptions(["safe", "stocks"], [0.0, 0.06], [[0.0, 0.0], [0.0, 0.04]])
    >>> def rules(most, safest=1.0):
    ...     top = Bounds("most", upper={"stocks": most, "safe": safest})
    ...     return Mandate(told.labels, [fully_invested(), long_only(), top])
    >>> def held(*mosts):
    ...     return best_of(told, [rules(most) for most in mosts], risk_aversion=2.0).weights
    >>> [round(float(held(*mosts)["stocks"]), 6) for mosts in ((0.2, 0.5), (0.5, 0.2), (1.0, 0.2))]
    [0.5, 0.5, 0.75]
    >>> nothing = rules(0.3, 0.3)
    >>> float(best_of(told, [nothing, rules(0.5)], risk_aversion=2.0)["stocks"])
    0.5
    >>> try:
    ...     best_of(told, [nothing, nothing], risk_aversion=2.0)
    ... except Infeasible:
    ...     print("no portfolio obeys any")
    no portfolio obeys any
    """
    found = []
    refused = []
    for mandate in mandates:
        try:
            found.append(maximum_utility(assumptions, mandate, risk_aversion=risk_aversion))
        except Infeasible as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return max(found, key=lambda x: utility(x, risk_aversion))


def holdings_considered(plan: Plan, mandate: Mandate, participant: str) -> pd.Series:
    """A participant's weights among the funds considered.

    Parameters
    ----------
    plan : Plan
    mandate : Mandate
        Over the funds considered.
    participant : str

    Returns
    -------
    Series by fund
        Scaled to one.

    Raises
    ------
    ValueError
        Where nothing is held in them.

    Examples
    --------
    This participant holds a tenth of what is asked about in one fund and the rest in another:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> rules = Mandate(["LGACT", "LCIDX"], [])
    >>> ours.holdings.loc["P0001", ["LCIDX", "LGACT"]].tolist()
    [0.34, 0.05]
    >>> holdings_considered(ours, rules, "P0001").round(6).to_dict()  # 5 and 34 of 39
    {'LGACT': 0.128205, 'LCIDX': 0.871795}
    >>> holdings_considered(ours, Mandate(["HYACT"], []), "P0001")
    Traceback (most recent call last):
    ...
    ValueError: P0001 holds only options that are left out of the calculation: nothing to review
    """
    among("participant", [participant], plan.holdings.index)
    held = each_vintage(plan).holdings[list(mandate.labels)].T[participant]
    if not held.sum() > 0:
        raise ValueError(
            f"{participant} holds only options that are left out of the calculation: nothing to "
            f"review"
        )
    return held / held.sum()


def broken_rules(
    plan: Plan, before: pd.Series, after: pd.Series, trades: Iterable[Trade], on: date
) -> list[str]:
    """Which of the plan's trading rules does a change break on a day?

    Parameters
    ----------
    plan : Plan
    before, after : Series by fund
        Weights; a fund that one of them lacks has none there.
    trades : iterable of Trade
        What was traded before; a trade in the series counts for each of its dates.
    on : date

    Returns
    -------
    list of str
        Empty where none is broken.

    Examples
    --------
    Every rule of the example plan, each broken alone, and the day on which it is broken no more:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> held = pd.Series({"STABLE": 0.3, "HYACT": 0.25, "GOVMM": 0.2, "COSTK": 0.1, "LCIDX": 0.15})
    >>> def broken(sold, bought, *trades, on=date(2026, 6, 30)):
    ...     after = held.copy()
    ...     after[sold], after[bought] = after[sold] - 0.05, after[bought] + 0.05
    ...     return broken_rules(ours, held, after, trades, on)
    >>> broken("LCIDX", "HYACT"), broken_rules(ours, held, held, [], date(2027, 1, 4))
    ([], [])
    >>> [broken("LCIDX", "HYACT", on=date(2027, 1, day)) for day in (3, 4, 15, 16)]
    [[], ['blackout'], ['blackout'], []]

    >>> sold = Trade(date(2026, 6, 1), "HYACT", -0.1)  # 29 days before
    >>> [broken(*pair, sold) for pair in (("LCIDX", "HYACT"), ("HYACT", "LCIDX"))]
    [[], []]
    >>> bought = sold._replace(change=0.1)
    >>> broken("HYACT", "LCIDX", bought)
    ['minimum holding']
    >>> broken("HYACT", "LCIDX", bought, on=date(2026, 7, 1)), broken("LCIDX", "HYACT", bought)
    ([], [])

    It goes on in ``account_review.md``.
    """
    change = after.sub(before, fill_value=0.0)
    trades = [
        t._replace(fund=one)
        for t in trades
        for _, options in _by_date(plan, [t.fund])
        for one in options
    ]
    broken = []
    bought, sold = (
        {one for _, options in _by_date(plan, some) for one in options}
        for some in (change.index[change > SLIGHT], change.index[change < -SLIGHT])
    )
    ago = [(t, (on - t.on).days) for t in trades if t.on <= on]
    recently_sold, recently_bought = (
        {(t.fund, d) for t, d in ago if t.change * side > 0} for side in (-1, 1)
    )
    rules = each_vintage(plan).rules
    trading = rules["trading"]
    stock = rules["employer_stock"]
    wash = rules["stable_value"]
    if bought or sold:
        if any(b["first"] <= on and on <= b["last"] for b in rules["blackouts"]):
            broken.append("blackout")
        start = date(on.year, 3 * ((on.month - 1) // 3) + 1, 1)
        days = {t.on for t, _ in ago if start <= t.on < on}
        if (
            trading["transfers_per_quarter"] is not None
            and len(days | {on}) > trading["transfers_per_quarter"]
        ):
            broken.append("transfers per quarter")
    if stock and stock["frozen"] and stock["fund"] in bought:
        broken.append("frozen employer stock")
    if any(f in bought and d < trading["round_trip_days"].get(f, 0) for f, d in recently_sold):
        broken.append("round trip")
    if any(f in sold and d < trading["minimum_holding_days"].get(f, 0) for f, d in recently_bought):
        broken.append("minimum holding")
    if wash and bought & set(wash["competing"]):
        washing = any(f == wash["fund"] and d < wash["equity_wash_days"] for f, d in recently_sold)
        if wash["fund"] in sold or washing:
            broken.append("equity wash")
    return broken
