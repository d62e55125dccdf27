"""What does every option cost, whom does it pay, how does that compare, and what does it come to
over a career?

An expense ratio is what a participant pays; a 12b-1 fee and revenue sharing are what the fund
passes on *out of it*. Annual decimals, and US dollars a year on the plan's balances. Growth is real
and geometric.

What it leaves out: trading costs inside funds, fees billed to single participants, and whether a
premium is worth it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from portlib import data
from portlib.plan import Plan
from portlib.ranges import FEE, door, number
from portlib.retirement.plan_menu.menu import equity_share

#: Groups of ``data/fund_fees.csv`` by what a fund is.
GROUPS = {"equity": "plan_equity_funds", "hybrid": "plan_hybrid_funds", "bond": "plan_bond_funds"}


def ledger(plan: Plan) -> pd.DataFrame:
    """Who is paid how much a year, by fund, in US dollars: balances, what participants pay, and
    where it goes.

    ``passed_on`` is the larger of 12b-1 fee and revenue share, since the one may be paid out of the
    other; ``kept`` is the rest. Sorted by what participants pay.

    Examples
    --------
    Two funds of a SYNTHETIC plan. Of $300,000 and $100,000 a quarter and nine tenths lie in the
    first:

    >>> from types import SimpleNamespace
    >>> people = pd.DataFrame({"balance": [300_000.0, 100_000.0]}, ["p", "q"])
    >>> holdings = pd.DataFrame({"first": [0.25, 0.9], "second": [0.75, 0.1]}, ["p", "q"])
    >>> funds = pd.DataFrame(
    ...     {"expense_ratio": [0.002, 0.01], "fee_12b1": [0.0005, 0.0025],
    ...      "revenue_share": [0.001, 0.0015]}, ["first", "second"],
    ... )
    >>> table = ledger(SimpleNamespace(participants=people, holdings=holdings, funds=funds))
    >>> # 165,000 and 235,000 are held: 0.2% and 1% of them are paid, 0.1% and 0.25% passed on
    >>> table[["held", "paid", "passed_on", "of_it_12b1", "kept"]].round(6).loc["second"].tolist()
    [235000.0, 2350.0, 587.5, 587.5, 1762.5]
    >>> table.iloc[1].round(6).tolist()
    [165000.0, 0.002, 330.0, 165.0, 82.5, 165.0]
    >>> dear = funds.assign(expense_ratio=[0.01, 0.002])  # 1,650 and 470 are paid
    >>> list(ledger(SimpleNamespace(participants=people, holdings=holdings, funds=dear)).index)
    ['first', 'second']
    """
    held = plan.holdings.mul(plan.participants["balance"], axis=0).sum()
    paid = held * plan.funds["expense_ratio"]
    passed = held * plan.funds[["fee_12b1", "revenue_share"]].max(axis=1)
    table = pd.DataFrame(
        {
            "held": held,
            "expense_ratio": plan.funds["expense_ratio"],
            "paid": paid,
            "passed_on": passed,
            "of_it_12b1": held * plan.funds["fee_12b1"],
            "kept": paid - passed,
        }
    )
    return table.sort_values("paid", ascending=False, kind="stable")


def restrictions(plan: Plan) -> pd.Series:
    """What stands in the way of buying or selling each option, in words; empty where nothing
    does.

    Examples
    --------
    >>> from portlib import data, plan as plans
    >>> said = restrictions(plans.read(data.ROOT / "plan"))
    >>> said["STABLE"], said["GOVMM"]
    ('no direct transfer to GOVMM: 90 days elsewhere first', 'no direct transfer from STABLE')
    >>> said["COSTK"], said["EMACT"]
    ('frozen: no purchases', 'no repurchase within 60 days of a sale')
    >>> said["HYACT"], said["LCIDX"], len(said)
    ('no sale within 30 days of a purchase', '', 19)

    It goes on in ``fund_costs.md``.
    """
    said: dict[str, list[str]] = {fund: [] for fund in plan.funds.index}
    stock = plan.rules["employer_stock"]
    wash = plan.rules["stable_value"]
    trading = plan.rules["trading"]
    if stock and stock["frozen"]:
        said[stock["fund"]].append("frozen: no purchases")
    if wash:
        said[wash["fund"]].append(
            f"no direct transfer to {', '.join(wash['competing']) or 'a competing fund'}: "
            f"{wash['equity_wash_days']} days elsewhere first"
        )
        for fund in wash["competing"]:
            said[fund].append(f"no direct transfer from {wash['fund']}")
    for fund, days in trading["round_trip_days"].items():
        said[fund].append(f"no repurchase within {days} days of a sale")
    for fund, days in trading["minimum_holding_days"].items():
        said[fund].append(f"no sale within {days} days of a purchase")
    return pd.Series({fund: "; ".join(words) for fund, words in said.items()}, name="restrictions")


def comparative_chart(plan: Plan) -> pd.DataFrame:
    """The chart of options as far as a lineup can give it: expenses in percent and per 1,000
    dollars, restrictions.

    Returns over 1, 5 and 10 years and their benchmarks are the record keeper's to supply: the
    columns say so.

    Examples
    --------
    The dearest option comes first; 0.95% are $9.50 of every $1,000:

    >>> from portlib import data, plan as plans
    >>> chart = comparative_chart(plans.read(data.ROOT / "plan"))
    >>> chart.index[0], float(chart["expense_ratio"].iloc[0]), float(chart["per_1000"].iloc[0])
    ('EMACT', 0.0095, 9.5)
    >>> chart.loc["COSTK", "restrictions"], chart.index[-1]
    ('frozen: no purchases', 'LCIDX')
    >>> chart.loc["LCIDX", ["option", "category"]].tolist()
    ['Large Cap Index (S&P 500 type)', 'Large Blend']
    >>> from dataclasses import replace
    >>> ours = plans.read(data.ROOT / "plan")
    >>> cheap = replace(ours, funds=ours.funds.assign(expense_ratio=0.000325))
    >>> comparative_chart(cheap)["per_1000"].round(9).unique().tolist()  # not to a cent
    [0.325]
    """
    return pd.DataFrame(
        {
            "option": plan.funds["label"],
            "category": plan.funds["category"],
            "expense_ratio": plan.funds["expense_ratio"],
            "per_1000": 1000 * plan.funds["expense_ratio"],
            "restrictions": restrictions(plan),
            "returns and benchmark": "not supplied",
        }
    ).sort_values("expense_ratio", ascending=False, kind="stable")


def compared(plan: Plan) -> pd.DataFrame:
    """How do the options' expenses compare with published averages of what plan participants pay?

    A fund's group follows from its equity share, looking through (policy ``fee_group_equity``); a
    target-date series is a hybrid. The average is the latest of its group in
    ``data/fund_fees.csv``, with its year and our confidence in it. Stable value, money market (all
    cash), single stocks and annuities have none: NaN. ``premium`` is in decimals per year,
    ``dollars`` a year on the plan's balances. Sorted by premium.

    Examples
    --------
    Each fund's group follows from what it holds, and the average is the latest of its group:

    >>> from portlib import data, plan as plans
    >>> ours = plans.read(data.ROOT / "plan")
    >>> table = compared(ours)
    >>> table["group"][["EMACT", "REITIX", "BNDIDX", "HYACT", "TDIDX"]].tolist()
    ['equity', 'equity', 'bond', 'bond', 'hybrid']
    >>> sorted(table.index[table["group"].isna()])
    ['COSTK', 'GOVMM', 'STABLE']
    >>> fees = data.table("fund_fees").query("group == 'plan_bond_funds'")
    >>> last = fees.loc[fees["year"].idxmax()]
    >>> bool(table["average"]["HYACT"] == last["expense_ratio"])
    True
    >>> bool(table["year"]["HYACT"] == last["year"])
    True
    >>> premium = 0.006 - float(last["expense_ratio"])
    >>> held = float(ours.holdings["HYACT"] @ ours.participants["balance"])
    >>> bool(np.isclose(table["premium"]["HYACT"], premium))
    True
    >>> bool(np.isclose(table["dollars"]["HYACT"], premium * held))
    True
    >>> bool(table["premium"].dropna().is_monotonic_decreasing)
    True
    >>> bool(np.isnan(table["average"]["COSTK"]))
    True

    It goes on in ``fund_costs.md``.
    """
    fees = data.table("fund_fees")
    limits = plan.policy["fee_group_equity"]
    share = equity_share(plan)
    cash = plan.exposures.get("cash", pd.Series(0.0, plan.exposures.index))
    rows = {}
    for fund, kind in zip(map(str, plan.funds.index), plan.funds["kind"], strict=True):
        if kind in ("stable_value", "employer_stock", "annuity") or cash.get(fund, 0.0) == 1.0:
            group = None
        elif kind == "target_date" or limits["bond"] < share[fund] < limits["equity"]:
            group = "hybrid"
        else:
            group = "equity" if share[fund] >= limits["equity"] else "bond"
        known = fees[fees["group"] == GROUPS[group]].sort_values("year") if group else fees.iloc[:0]
        latest = known.iloc[-1] if len(known) else None
        rows[fund] = {
            "group": group,
            "average": np.nan if latest is None else float(latest["expense_ratio"]),
            "year": None if latest is None else int(latest["year"]),
            "confidence": None if latest is None else latest["confidence"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.insert(1, "expense_ratio", plan.funds["expense_ratio"])
    table["premium"] = table["expense_ratio"] - table["average"]
    table["dollars"] = table["premium"] * ledger(plan)["held"][table.index]
    return table.sort_values("premium", ascending=False, kind="stable")


def default_findings(plan: Plan) -> list[str]:
    """What in the plan's rules speaks against its default: too few transfers, a lock, employer
    stock; none is good.

    29 CFR 2550.404c-5(c)(5) and (e)(1), as far as a plan's rules can show it.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kinds = pd.Series({"TD": "target_date", "OWN": "employer_stock"})
    >>> def found(default, transfers, **held):
    ...     trading = {"transfers_per_quarter": transfers, "minimum_holding_days": held}
    ...     rules = {"default": default, "trading": trading}
    ...     return default_findings(SimpleNamespace(rules=rules, funds={"kind": kinds}))
    >>> found("TD", 1, OWN=30), found("TD", None), found(None, 4)
    ([], [], ['the plan names no default'])
    >>> found("TD", 0)
    ['defaulted money cannot be moved every quarter']
    >>> found("TD", 4, TD=1)
    ['defaulted money is held for a minimum time']
    >>> found("OWN", 4)
    ['the default is employer stock']
    """
    default = plan.rules["default"]
    trading = plan.rules["trading"]
    found = []
    if default is None:
        return ["the plan names no default"]
    allowed = trading["transfers_per_quarter"]
    if allowed is not None and allowed < 1:
        found.append("defaulted money cannot be moved every quarter")
    if trading["minimum_holding_days"].get(default, 0) > 0:
        found.append("defaulted money is held for a minimum time")
    if plan.funds["kind"][default] == "employer_stock":
        found.append("the default is employer stock")
    return found


@door()
def fee_drag(
    fees: Mapping[str, float],
    *,
    contribution: float,
    growth: float,
    years: int,
    retired: int,
    recordkeeping: float = 0.0,
) -> pd.DataFrame:
    """What do yearly costs take from a career, in dollars and in years of retirement?

    A level real contribution is paid at the end of each year and grows at
    ``(1 + growth)(1 - fee) - 1``. The yardstick costs nothing: what it saves is spent in equal
    yearly sums, the first a year after the last contribution, at the same growth. Constant growth:
    no risk, no taxes.

    Parameters
    ----------
    fees : mapping
        Annual decimals by name.
    contribution : float
        A year, real US dollars.
    growth : float
        Real, before fees, annual decimal.
    years, retired : int
        Of contributions, and of the yardstick's spending.
    recordkeeping : float
        Dollars that are taken from each contribution.

    Returns
    -------
    DataFrame by name, the yardstick first
        Balance at retirement, dollars and share lost against the yardstick, years of the same
        spending and ``years_lost``.

    Raises
    ------
    ValueError
        For a fee outside 0 to below 0.1, a growth of -1 or less, no years, and a contribution that
        record keeping uses up.

    Examples
    --------
    Three yearly contributions of 1,000 at 10% are worth 1,000 (1.21 + 1.1 + 1); with 20 for record
    keeping and a fee of a tenth, 980 (0.99^2 + 0.99 + 1). The yardstick is spent in two years,
    3,310 / (1/1.1 + 1/1.21) each:

    >>> how = {"contribution": 1_000.0, "growth": 0.1, "years": 3, "retired": 2}
    >>> table = fee_drag({"fund": 0.05}, **how, recordkeeping=20.0)
    >>> free, dear = 1_000 * (1.1**2 + 1.1 + 1), 980 * (1.045**2 + 1.045 + 1)  # 1.1 * 0.95
    >>> bool(np.allclose(table["balance"], [free, dear]))
    True
    >>> bool(np.isclose(table["lost"]["fund"], free - dear))
    True
    >>> bool(np.isclose(table["share_lost"]["fund"], 1 - dear / free)), list(table.index)
    (True, ['no cost', 'fund'])

    It goes on in ``fund_costs.md``.
    """
    if not (growth > -1 and years > 0 and retired > 0 and contribution > recordkeeping >= 0):
        raise ValueError(
            "give a growth above -1, years above zero, and a contribution above the "
            "record-keeping fee"
        )
    free = contribution * _annuity(growth, years) * (1 + growth) ** years
    spending = free / _annuity(growth, retired)
    rows = {}
    for name, fee in {"no cost": 0.0, **fees}.items():
        number(f"the fee of {name}", fee, **FEE)
        g = (1 + growth) * (1 - fee) - 1
        paid_in = contribution - (recordkeeping if name != "no cost" else 0.0)
        balance = paid_in * _annuity(g, years) * (1 + g) ** years
        share = (
            balance * g / spending
        )  # of the balance's income that is spent; above one it lasts for ever
        lasts = (
            balance / spending
            if g == 0
            else -np.log1p(-share) / np.log1p(g)
            if share < 1
            else np.inf
        )
        rows[name] = (fee, balance, free - balance, 1 - balance / free, lasts, retired - lasts)
    columns = ["fee", "balance", "lost", "share_lost", "lasts", "years_lost"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _annuity(rate: float, years: float) -> float:
    """The value of one dollar at the end of each year."""
    return years if rate == 0 else -np.expm1(-years * np.log1p(rate)) / rate
