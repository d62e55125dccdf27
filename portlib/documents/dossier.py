"""What does the file on one option hold: what it adds, against what, at what cost, and what is not
known?

In the order of the factors of the proposed 29 CFR 2550.404a-6: performance (g), fees (h),
liquidity (i), valuation (j), benchmark (k), complexity (l). Comparators are options of the same
menu, the nearest by what they hold, and the option's own mix of classes at the cost of index funds:
what anybody could have bought instead. The determinations are the committee's, and are left to it.

Left out: options that the plan does not offer; a prospectus, a manager and a contract, which people
read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from portlib import data, plan_format
from portlib.construction.mandate import Bounds, Infeasible, Mandate
from portlib.data import DataError
from portlib.documents.document import (
    Block,
    Document,
    Finding,
    Form,
    Heading,
    Items,
    Signatures,
    Table,
    Text,
    said,
)
from portlib.documents.words import (
    dollars,
    governed_by,
    of_category,
    of_class,
    percent,
    transfers,
    with_labels,
    yearly_cost,
)
from portlib.plan import Plan
from portlib.records import Assumptions
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement.plan_menu import engine, fund_costs

#: Comparators of the menu that are shown, and the least that they hold in common with the option.
NEAREST, SIMILAR = 4, 0.5
#: Errors by which a gain must be seen to be told from none in four cases of five: 1.96 + 0.84.
SEEN = 2.8
#: Basis points a year below which an option adds nothing.
NOTHING = 0.05
#: Years to retirement at which paths are compared.
AGES = (25, 10, 0, -10)
VALUED = {
    "mutual_fund": "at its net asset value each trading day, by the fund, under the Investment "
    "Company Act",
    "collective_trust": "at its net asset value, by the bank that is its trustee; how often, and "
    "by which policy, its declaration of trust says",
    "separate_account": "by the custodian; by which policy, the agreement says",
    "etf": "at its net asset value each trading day; it trades at prices that may differ",
    "insurance_contract": "by the insurer, at contract value; market value differs, and matters "
    "when the contract ends",
    "unitised_stock": "at the closing price of the stock and some cash, by the record keeper",
}


def dossier(plan: Plan, fund: str, *, made: date, made_from: Mapping[str, str]) -> Document:
    """The dossier of an option of the plan's menu.

    Parameters
    ----------
    plan : Plan
    fund : str
        The option's code.
    made : date
        The day for which it is made.
    made_from : mapping
        What it is made from, by name: package, data, policy.

    Returns
    -------
    Document

    Raises
    ------
    DataError
        For an option that is not on the menu, with the nearest name.

    Examples
    --------
    >>> from portlib import plan as plans
    >>> example = plans.read()
    >>> dossier(example, "EMERG", made=date(2026, 11, 29), made_from={})
    Traceback (most recent call last):
    portlib.data.DataError: Example 401(k) plan offers no 'EMERG'; did you mean EMACT?

    It goes on in ``dossier.md``.
    """
    if fund not in plan.funds.index:
        near = data.near(fund, list(map(str, plan.funds.index)))
        raise DataError(f"{plan.name} offers no {fund!r}; did you mean {near}?")
    option = plan.funds.loc[fund].to_dict()
    body: list[Block] = [*_what(plan, fund), *_status(plan)]
    if option["kind"] == "annuity":
        body += [Text(str(plan_menu.coverage(plan).loc[fund, "description"]))]
    else:
        body += [*_performance(plan, fund), *_fees(plan, fund)]
    body += [
        *_liquidity(plan, fund),
        *_valuation(plan, fund),
        *([] if option["kind"] == "annuity" else _benchmark(plan, fund)),
        *_complexity(plan, fund),
        *_unknown(plan, fund),
        *_determinations(plan),
    ]
    held = fund_costs.ledger(plan).loc[fund].to_dict()
    return Document(
        f"dossier_{fund}".lower(),
        "Dossier of an option",
        str(option["label"]),
        plan.name,
        plan.origin,
        made,
        made_from,
        (
            ("Category", of_category(plan, fund)),
            ("Held", dollars(held["held"])),
            ("Participants in it", f"{int((plan.holdings[fund] > 0).sum()):,}"),
            ("Expenses a year", f"{yearly_cost(option['expense_ratio'])}, {dollars(held['paid'])}"),
        ),
        body,
        numbered=True,
    )


def _what(plan: Plan, fund: str) -> list[Block]:
    option = plan.funds.loc[fund].to_dict()
    rows = [
        ["Kind", str(option["kind"]).replace("_", " ")],
        ["Management", str(option["management"]).replace("_", " ")],
        ["Vehicle", _vehicle(plan, fund).replace("_", " ") or "not stated"],
        ["Affiliated with a provider of the plan", "yes" if option["affiliated"] else "no"],
        ["Share of the plan's assets", percent(plan.shares[fund])],
        ["The default", "yes" if plan.rules["default"] == fund else "no"],
    ]
    return [
        Heading("The option"),
        Table(["What", "Of this option"], rows, align=["left", "left"], widths=[1, 1.4]),
    ]


def _vehicle(plan: Plan, fund: str) -> str:
    """What is held of an option; nothing where the list of options leaves it out."""
    vehicle = str(plan.funds.loc[fund, "vehicle"])
    return vehicle if vehicle in plan_format.VEHICLES else ""


def _status(plan: Plan) -> list[Block]:
    known = data.document("regulatory_status")["changes"]["designated_investment_alternatives"]
    return [
        Finding(
            "Where the factors come from",
            f"{said(known['now'])} Checked {known['checked']}; read: {said(known['read'])}. "
            + (
                "The duty of prudence under ERISA 404(a)(1)(B) holds whatever becomes of it."
                if plan.legal_regime == "ERISA"
                else f"It would not bind this plan ({said(governed_by(plan))}); its factors are "
                "followed as good practice."
            ),
            "note",
        )
    ]


# ---- performance, fees ---------------------------------------------------------------------------


def _menu(plan: Plan) -> tuple[Plan, Assumptions, Assumptions, pd.DataFrame]:
    """The opened menu, its classes and options in assumptions, and what each option holds."""
    classes = plan_menu.class_assumptions(plan)
    funds = plan_menu.menu_assumptions(plan, classes)
    opened = plan_menu.each_vintage(plan)
    held = opened.exposures.loc[list(funds.labels)]
    return opened, classes, funds, held.reindex(columns=list(classes.labels), fill_value=0.0)


def _of(plan: Plan, fund: str) -> str:
    """The option to look at: of a series, the date nearest to retirement."""
    return plan_menu.date_for(plan, 0.0) if plan_menu.series_of(plan) == fund else fund


def _comparators(plan: Plan, fund: str) -> pd.DataFrame:
    """Options of the menu by how near they are: what they hold in common, and how they move with
    it."""
    opened, _, funds, held = _menu(plan)
    one = _of(plan, fund)
    series = plan_menu.series_of(plan) == fund
    mine = held.loc[one].to_numpy(float)
    at = funds.labels.index(one)
    sd = funds.volatility
    expense = opened.funds["expense_ratio"].astype(float)
    rows = {}
    for n, other in enumerate(funds.labels):
        if other == one or (series and other.startswith(f"{fund},")):
            continue
        if opened.funds.loc[other, "kind"] == "employer_stock":  # one company is like no fund
            continue
        apart = float(np.abs(held.loc[other].to_numpy(float) - mine).sum()) / 2
        together = sd[n] * sd[at]
        rows[other] = {
            "label": str(opened.funds.loc[other, "label"]),
            "common": 1 - apart,
            "correlation": float(funds.sigma[n, at] / together) if together > 0 else 0.0,
            "expense": float(expense[other]),
        }
    columns = ["label", "common", "correlation", "expense"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table = table[table["common"] >= SIMILAR]
    return table.sort_values(["common", "correlation"], ascending=False).iloc[:NEAREST]


def _performance(plan: Plan, fund: str) -> list[Block]:
    _, classes, funds, held = _menu(plan)
    one = _of(plan, fund)
    near = _comparators(plan, fund)
    aversion = plan.policy["model_risk_aversion"][plan.policy["default_posture"]]
    mix = held.loc[one].to_numpy(float)
    label = str(plan.funds.loc[fund, "label"])

    def row(name: str, mean: float, risk: float, *near_by: str) -> list[str]:
        sharpe = f"{(mean - funds.rf) / risk:z.2f}" if risk > 0 else ""
        worth = percent(mean - aversion / 2 * risk**2, 2)
        return [name, *near_by, percent(mean, 2), percent(risk, 1), sharpe, worth]

    def of(option: str) -> tuple[float, float]:
        at = funds.labels.index(option)
        return float(funds.mu[at]), float(funds.volatility[at])

    rows = [row(label, *of(one), "", "")]
    index_risk = math.sqrt(max(float(mix @ classes.sigma @ mix), 0.0))
    index_mean = float(mix @ classes.mu) - plan.policy["index_fund_cost"]
    rows.append(row("Its own classes, at index cost", index_mean, index_risk, "100%", ""))
    for option, other in near.iterrows():
        near_by = (percent(other["common"], 0), f"{other['correlation']:.2f}")
        rows.append(row(str(other["label"]), *of(str(option)), *near_by))
    worth = _worth(plan, fund)
    made: list[Block] = [
        Heading("Performance, (g)"),
        Text(
            f"Expected over {plan.policy['cma_horizon_years']:g} years, net of expenses, by what "
            "each option holds; no skill is assumed of anybody. The comparators are the "
            f"funds of this menu that hold at least {percent(SIMILAR, 0)} of the same (at most "
            f"{NEAREST} are shown), and the option's own classes bought from index funds. *In "
            "common* is the part of the money that lies in the same classes."
        ),
        Table(
            [
                "Option",
                "In common",
                "Moves with it",
                "Expected",
                "Volatility",
                "Sharpe",
                f"Worth at A = {aversion:g}",
            ],
            rows,
            widths=[2.4, 0.8, 0.8, 0.8, 0.8, 0.6, 0.9],
            strong=(0,),
            small=True,
        ),
    ]
    if plan.funds.loc[fund, "kind"] == "employer_stock":
        made.append(
            Finding(
                "One company is like no fund",
                "The comparators hold the stock's class and not its risk: what they have in common "
                "with it is the market, and nothing of the company.",
                "warning",
            )
        )
    if not len(near):
        made.append(
            Finding(
                "No similar option",
                "No fund of this menu holds half of the same. The similar alternatives that (g) "
                "and (h) ask for have to come from a search of the market.",
                "warning",
            )
        )
    made += _paths(plan, fund)
    if worth is not None:
        posture, bp = worth
        if not np.isfinite(bp):
            words = f"without it, no portfolio of the {posture} posture would obey the mandate."
        elif bp < NOTHING:
            words = "nothing. The best portfolio of no posture would lose by its absence."
            if plan_menu.series_of(plan) == fund:
                words += (
                    " A date of the series is a whole portfolio, for whoever does not choose one: "
                    "what it is worth to them is what its path is worth."
                )
        else:
            words = (
                f"without it, the best portfolio of the {posture} posture would be worth "
                f"{bp:.1f} basis points a year less."
            )
        made.append(Text(f"**What it adds to the menu:** {words}"))
    made += _record(plan, fund)
    return made


def _paths(plan: Plan, fund: str) -> list[Block]:
    """For a target-date series, its path beside published ones."""
    own = glidepaths.from_plan(plan)
    if plan_menu.series_of(plan) != fund or own is None:
        return []
    ours = {str(plan.funds.loc[fund, "label"]): own}
    rows = [
        [name, *(percent(float(path.equity_at(years)), 0) for years in AGES)]
        for name, path in {**ours, **glidepaths.published()}.items()
    ]
    when = ["25 years before", "10 before", "At retirement", "10 after"]
    return [
        Table(
            ["Equity of the series, and of published ones", *when],
            rows,
            caption="In brackets how sure we are of a published path.",
            widths=[2.6, 1.1, 0.8, 1, 0.7],
            strong=(0,),
            small=True,
        )
    ]


def _worth(plan: Plan, fund: str) -> tuple[str, float] | None:
    """The posture in which an option, of a series every date, is worth most to the menu, and how
    much, in basis points; no number where without it no portfolio would obey a posture's rules. As
    in a model, a date is held alone or not at all."""
    _, classes, funds, _ = _menu(plan)
    maximising = replace(plan, policy=plan.policy.replace(optimizer="MARKOWITZ"))

    def best_of(mandate: Mandate, aversion: float) -> float:
        found = engine.best(
            maximising,
            funds,
            mandate,
            risk_aversion=aversion,
            classes=classes,
            most_funds=0,
            whole_percent=False,
        )
        return plan_menu.utility(found.allocation, aversion)

    series = plan_menu.series_of(plan) == fund
    options = [o for o in funds.labels if o == fund or (series and o.startswith(f"{fund},"))]
    best: tuple[str, float] | None = None
    for posture, aversion in plan.policy["model_risk_aversion"].items():
        try:
            mandate = plan_menu.menu_mandate(plan, posture, classes)
            whole = best_of(mandate, aversion)
        except ValueError:  # no portfolio of the menu obeys this posture's rules at all
            continue
        without = mandate.also(Bounds("not offered", upper=dict.fromkeys(options, 0.0)))
        try:
            less = best_of(without, aversion)
        except Infeasible:
            return posture, math.nan
        bp = 1e4 * (whole - less)
        if best is None or bp > best[1]:
            best = (posture, bp)
    return best


def _record(plan: Plan, fund: str) -> list[Block]:
    own = plan.inputs.funds
    if own is None or fund not in own.values:
        return [
            Finding(
                "Not known",
                "The plan brings no returns of this option, so nothing here says what it has "
                "earned. The record keeper's chart of 1, 5 and 10 years belongs in this file.",
                "warning",
            )
        ]
    months = own.values[fund].dropna()
    span = f"Its own record, {months.index[0]:%B %Y} to {months.index[-1]:%B %Y}: "
    whole = float(np.prod(1 + months.to_numpy(float)))
    if len(months) < 12:
        earned = f"{percent(whole - 1, 2)} in all, and too short for figures of a year."
        return [Text(span + earned)]
    return [
        Text(
            f"{span}{percent(whole ** (12 / len(months)) - 1, 2)} a year compounded, at a "
            f"volatility of {percent(np.std(months.to_numpy(float), ddof=1) * math.sqrt(12), 1)}."
        )
    ]


def _fees(plan: Plan, fund: str) -> list[Block]:
    option = plan.funds.loc[fund].to_dict()
    stock = option["kind"] == "employer_stock"
    vehicle = _vehicle(plan, fund)
    ledger = fund_costs.ledger(plan).loc[fund].to_dict()
    against = fund_costs.compared(plan).loc[fund].to_dict()
    near = _comparators(plan, fund)
    expense = float(option["expense_ratio"])
    rows = [
        ["Expense ratio", yearly_cost(expense), f"{dollars(ledger['paid'])} a year"],
        [
            "12b-1 fee, out of it",
            yearly_cost(option["fee_12b1"]),
            f"{dollars(ledger['of_it_12b1'])} a year",
        ],
        [
            "Revenue sharing, out of it",
            yearly_cost(option["revenue_share"]),
            f"{dollars(float(option['revenue_share']) * float(ledger['held']))} a year",
        ],
    ]
    if np.isfinite(against["average"]):
        rows.append(
            [
                f"Published average of plan {against['group']} funds, {against['year']:.0f}",
                percent(against["average"], 2),
                f"{dollars(abs(against['dollars']))} a year "
                + ("more than it" if against["dollars"] > 0 else "less than it"),
            ]
        )
    cost = plan.policy["index_fund_cost"]
    rows.append(
        [
            "Index funds of the same classes",
            yearly_cost(cost),
            f"{dollars(cost * ledger['held'])} a year",
        ]
    )
    items = []
    premium = expense - cost
    risk = float(option["specific_risk"])
    if premium > 0 and risk > 0:
        years = (SEEN * risk / premium) ** 2
        items.append(
            f"To pay for itself it must earn {yearly_cost(premium)} a year more than its classes. "
            f"At a tracking error of {percent(risk, 1)} a record would take {_years(years)} to "
            "show that in four cases of five."
        )
    cheaper = near[near["expense"] < expense - 1e-9]
    if stock:
        items.append(
            "What it costs is the keeping of units; a fund that costs less is no cheaper way to "
            "the same, for it holds other companies."
        )
    elif len(cheaper):
        first = cheaper.iloc[0]
        saved = (expense - float(first["expense"])) * float(ledger["held"])
        items.append(
            f"Of the comparators {len(cheaper)} {'costs' if len(cheaper) == 1 else 'cost'} less; "
            f"the nearest, {said(first['label'])}, would save {dollars(saved)} a year on today's "
            f"balances and has {percent(first['common'], 0)} in common with it."
        )
    elif len(near):
        items.append("No comparator of the menu costs less.")
    pays = max(float(option["fee_12b1"]), float(option["revenue_share"]))
    if pays > 0:
        items.append(
            f"Share class: the option passes on {yearly_cost(pays)} a year to others. A class of "
            "the same fund without it is looked for, in writing, at the plan's own size (h)(2)."
        )
    elif vehicle == "separate_account":
        items.append(
            "Share class: an account of the plan's own has none; its fee is what was agreed."
        )
    elif not stock:
        items.append(
            "Share class: nothing is passed on to others. That no cheaper class of the same fund "
            "is open to the plan is to be confirmed in writing (h)(2)."
        )
    if vehicle == "mutual_fund":
        items.append(
            "Vehicle: a registered fund. The same strategy as a collective trust or a separate "
            f"account is asked for where the plan's {dollars(ledger['held'])} reach the minimum."
        )
    elif not stock:
        what = plan_format.VEHICLES.get(vehicle, "not stated in the list of options")
        items.append(
            f"Vehicle: {what}. Whether the same strategy costs less in another is to be confirmed "
            "in writing."
        )
    return [
        Heading("Fees, (h)"),
        Table(
            ["What is paid", "A year", "In dollars"],
            rows,
            align=["left", "right", "left"],
            widths=[2, 0.7, 1.3],
        ),
        Items(items),
    ]


def _years(years: float) -> str:
    """How long a record takes, in whole years."""
    whole = round(years)
    if not whole:
        return "less than half a year"
    return "1 year" if whole == 1 else f"{whole:,} years"


# ---- liquidity, valuation, benchmark, complexity -------------------------------------------------


def _liquidity(plan: Plan, fund: str) -> list[Block]:
    restricted = with_labels(str(fund_costs.restrictions(plan)[fund]), plan)
    held = plan.holdings[fund] * plan.participants["balance"]
    quarter = plan.rules["trading"]["transfers_per_quarter"]
    often = "" if quarter is None else f"; at most {transfers(quarter)} a quarter, of any options"
    items = [
        f"For participants: {said(restricted)}{often}."
        if restricted
        else f"For participants: no rule of the plan is about it alone{often}.",
        f"For the plan: {dollars(float(held.sum()))} would leave if it were removed, "
        f"{percent(plan.shares[fund])} of the plan's assets; the largest account in it holds "
        f"{dollars(float(held.max()))}.",
    ]
    stock = plan.rules["employer_stock"]
    if stock and stock["fund"] == fund:
        share = plan.policy["liquidity_share_of_adv"]
        days = float(held.sum()) / (share * stock["daily_volume"])
        items.append(
            f"At {percent(share, 0)} of its daily volume of {dollars(stock['daily_volume'])}, what "
            f"participants hold takes {days:,.1f} trading days to sell."
        )
    else:
        items.append(
            "Capacity: the fund's total assets, its largest holders and the size at which its "
            "manager would close it are not in the plan's data; they are asked of the manager."
        )
    return [Heading("Liquidity and capacity, (i)"), Items(items)]


def _valuation(plan: Plan, fund: str) -> list[Block]:
    vehicle = _vehicle(plan, fund)
    held = (
        f"Held as {plan_format.VEHICLES[vehicle]}; valued {VALUED[vehicle]}."
        if vehicle
        else "What is held of it, and how that is valued, the list of options does not state."
    )
    return [
        Heading("Valuation, (j)"),
        Text(f"{held} That the process is free of conflict is for the committee to establish."),
    ]


def _benchmark(plan: Plan, fund: str) -> list[Block]:
    _, classes, funds, held = _menu(plan)
    one = _of(plan, fund)
    row = held.loc[one].to_numpy(float)
    mix = dict(zip(map(str, held), row, strict=True))
    largest = sorted((name for name in mix if mix[name] > 0), key=lambda name: -mix[name])
    own = float(funds.volatility[funds.labels.index(one)]) ** 2
    common = float(held.loc[one].to_numpy() @ classes.sigma @ held.loc[one].to_numpy())
    explained = common / own if own > 0 else 1.0
    whose = "at retirement" if plan_menu.series_of(plan) == fund else "today"
    stock = plan.funds.loc[fund, "kind"] == "employer_stock"
    like = (
        "a benchmark of the market that it is part of, and of a risk that is not its own"
        if stock
        else "similar in mandate, strategy, objective and risk by construction"
    )
    return [
        Heading("A meaningful benchmark, (k)"),
        Text(
            f"The option's own classes in its own proportions, {whose}, fixed beforehand: {like}. "
            f"By the plan's data the classes explain {percent(explained, 0)} of its variance; the "
            "rest is its own risk."
        ),
        Table(
            ["Class", "Weight"],
            [[of_class(plan, name), percent(mix[name])] for name in largest],
        ),
    ]


def _complexity(plan: Plan, fund: str) -> list[Block]:
    option = plan.funds.loc[fund].to_dict()
    known = plan_menu.coverage(plan).loc[fund]
    counted = "counted" if known["considered"] else "not counted:"
    hard = {
        "stable_value": "what the wrap contract pays, and when it does not",
        "employer_stock": "what a single company's shares do to people who also work for it",
        "annuity": "what the insurer promises, and what it costs to leave",
        "target_date": "what the series holds at each age, and how its path is decided",
    }.get(
        str(option["kind"]), "what it holds, and what its manager may do that its name does not say"
    )
    return [
        Heading("Complexity, (l)"),
        Text(
            f"In this methodology the option is {counted} {said(known['reason'])}. What the "
            f"committee must comprehend, or seek help with: {hard}."
        ),
    ]


def _unknown(plan: Plan, fund: str) -> list[Block]:
    items = []
    stock = plan.funds.loc[fund, "kind"] == "employer_stock"
    if plan.inputs.funds is None or fund not in plan.inputs.funds.values:
        items.append("What the option has earned: the plan brings no returns of it.")
    filed = plan.inputs.holdings
    if not stock and (filed is None or fund not in filed.exposures(plan.as_of).mapped.index):
        items.append(
            "What it holds security by security: its classes are as the list of options states."
        )
    if stock:
        items += [
            "What the company is worth: its price is taken as it is, and nothing here judges it.",
            "What participants own of the company elsewhere, their pay and pension included.",
        ]
    else:
        items += [
            "Whether its manager adds anything: no alpha is assumed, and none is shown.",
            "Trading costs inside it, securities lending, and what changes when its manager does.",
            "Similar options that the plan does not offer: a search of the market is the "
            "adviser's.",
        ]
    if plan.funds.loc[fund, "affiliated"]:
        items.insert(
            0,
            "Why an option affiliated with a provider was chosen: nothing in this calculation "
            "knows of the affiliation, and the committee's reason belongs in this file.",
        )
    return [Heading("What is not known"), Items(items)]


def _determinations(plan: Plan) -> list[Block]:
    fields = [
        ("The participants it is for, and what it adds to the menu as a whole (d)", ""),
        ("Why the alternatives are similar, and why their number is reasonable (g), (h)", ""),
        ("Performance: determination and reason (g)", ""),
        ("Fees: determination and reason; share class and vehicle asked for on (h)", ""),
        ("Liquidity: determination and reason (i)", ""),
        ("Valuation: determination and reason (j)", ""),
        ("Benchmark: determination and reason (k)", ""),
        ("Complexity: comprehended, or whose help was sought (l)", ""),
        ("Conclusion: kept, watched, added or removed; review next due", ""),
    ]
    return [
        Heading("Determinations of the committee"),
        Form(fields),
        Signatures([plan.policy["approval_roles"][0].capitalize()]),
    ]
