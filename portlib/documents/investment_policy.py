"""What has the committee bound itself to, clause by clause?

The investment policy statement of a plan: purpose, roles, objective, options, default, postures
and limits, methods, trading, monitoring, what is stressed, how a clause is changed, and the log of
what was changed. Every figure is an entry of the plan's policy or of its rules, and each clause
names the entry that it reads.

Left out: clauses that no data of the plan back. What the committee must write itself is left as a
line to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portlib import standing
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
    WAYS,
    codes,
    facts,
    governed_by,
    of_category,
    of_class,
    of_entry,
    value,
    yearly_cost,
)
from portlib.plan import Plan
from portlib.policy import POSTURES, Policy

#: Characters of a value that an annex shows in its row; what is longer is a table of its own file.
LONGEST = 1_000
#: The role that approves what names no other, in the policy that the method comes with.
USUAL = "investment committee"


def statement(plan: Plan, *, made: date, made_from: Mapping[str, str]) -> Document:
    """The investment policy statement of a plan.

    Parameters
    ----------
    plan : Plan
        Whose policy it states.
    made : date
        The day for which it is made.
    made_from : mapping
        What it is made from, by name: package, data, policy.

    Returns
    -------
    Document

    Examples
    --------
    It rests on the plan alone, and on no claim of the book.

    >>> from portlib import plan as plans
    >>> made = statement(plans.read(), made=date(2026, 11, 29), made_from={})
    >>> made.kind, made.claims
    ('Investment policy statement', [])

    A small plan whose every decision differs from the others, each typed here:

    >>> from dataclasses import replace
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from portlib import plan_template
    >>> with TemporaryDirectory() as place:
    ...     _ = plan_template.write(Path(place, "small"))
    ...     small = plans.read(Path(place, "small"))
    >>> def deciding(plan, own=(), **values):
    ...     entries = dict(plan.policy.entries)
    ...     for name, value in values.items():
    ...         entries[name] = {**entries[name], "value": value}
    ...     return replace(plan, policy=replace(plan.policy, entries=entries, own=own))
    >>> def stated(plan):
    ...     return statement(plan, made=date(2027, 3, 4), made_from={"data": "0a"})
    >>> def under(plan, section):
    ...     body = list(stated(plan).body)
    ...     at = [n for n, block in enumerate(body) if isinstance(block, Heading)]
    ...     (first,) = [n for n in at if body[n].text == section]
    ...     return body[first + 1 : min((n for n in at if n > first), default=None)]
    >>> made = stated(small)
    >>> made.name, made.title, made.plan, made.origin, made.facts == facts(small)
    ('investment_policy_statement', 'Small 401(k) plan', 'Small 401(k) plan', 'SYNTHETIC', True)
    >>> made.made, made.made_from, made.numbered
    (datetime.date(2027, 3, 4), {'data': '0a'}, True)
    """
    body: list[Block] = [
        *_purpose(plan),
        *_roles(plan),
        *_objective(plan),
        *_options(plan),
        *_default(plan),
        *_postures(plan),
        *_methods(plan),
        *_trading(plan),
        *_monitoring(plan),
        *_losses(plan),
        *_changes(plan),
        *_signing(plan),
        *_annex(plan),
    ]
    return Document(
        "investment_policy_statement",
        "Investment policy statement",
        plan.name,
        plan.name,
        plan.origin,
        made,
        made_from,
        facts(plan),
        body,
        numbered=True,
    )


def _purpose(plan: Plan) -> list[Block]:
    made: list[Block] = [
        Heading("Purpose and standard"),
        Text(
            f"This statement binds those who choose, monitor and change the investments of "
            f"{said(plan.name)}. They act solely in the interest of participants and "
            "beneficiaries, for the exclusive purpose of providing benefits and paying reasonable "
            "expenses of administering the plan, with the care, skill, prudence and diligence of a "
            "prudent person familiar with such matters, diversifying, and in accordance with the "
            "plan's documents where these accord with the law "
            f"({said(governed_by(plan))}). Where this statement and the plan "
            "document differ, the plan document prevails, so far as it accords with the law."
        ),
    ]
    if not plan.policy.own:
        made.append(
            Finding(
                "Not yet this plan's own",
                "No entry of the policy is this plan's: every figure below is the illustration "
                "that the method comes with. A committee that adopts this statement sets its own, "
                "records why, and dates them.",
                "warning",
            )
        )
    return made


def _roles(plan: Plan) -> list[Block]:
    policy = plan.policy
    rows = [
        ["Approvals", f"{policy['approvals_needed']} of: " + ", ".join(policy["approval_roles"])],
        ["Views on returns, signed", ", ".join(policy["view_authors"])],
        ["Certificate of the computer model", ", ".join(policy["certifier_roles"])],
    ]
    owners: dict[str, list[str]] = {}
    for layer, owner in policy["model_owners"].items():
        owners.setdefault(owner, []).append(layer)
    rows += [[f"Models of {' and '.join(layers)}", owner] for owner, layers in owners.items()]
    return [
        Heading("Roles"),
        Text(
            f"Each duty below belongs to a role, not to a person. Nobody approves or certifies "
            f"what is their own. A change takes effect {policy['policy_timelock_hours']:g} hours "
            f"after the last approval that it needs; a signed view or approval holds for "
            f"{policy['view_validity_days']:g} days; records are kept for "
            f"{policy['record_retention_years']:g} years from the last event that they hold."
        ),
        Table(["Duty", "Role"], rows, align=["left", "left"], widths=[1, 1.4]),
        Form([(f"Holder of the role: {said(role)}", "") for role in policy["approval_roles"]]),
    ]


def _objective(plan: Plan) -> list[Block]:
    policy = plan.policy
    reference = sorted(policy["reference_portfolio"].items(), key=lambda held: -held[1])
    return [
        Heading("Objective and reference"),
        Text(
            f"The plan aims at {_exact(policy['objective_over_cash'])} a year over cash, over "
            f"{policy['cma_horizon_years']:g} years, before anything is optimised. Whether that "
            "can be reached is a result, and is reported; it is never made true by assuming more."
        ),
        Text(
            "Portfolios are judged against the reference below at their own share of equity. A "
            f"class may stand away from its weight there by "
            f"{_exact(policy['reference_bands']['share'])} of it and "
            f"{policy['reference_bands']['points'] * 100:g} points, cash by up to "
            f"{_exact(policy['reference_bands']['cash'])}; the tracking error against it may "
            f"be {_exact(policy['tracking_error_limit'])} a year at most."
        ),
        Table(
            ["Class", "Weight in the reference"],
            [[of_class(plan, name), _exact(weight)] for name, weight in reference],
            caption=_from("reference_portfolio"),
        ),
    ]


def _options(plan: Plan) -> list[Block]:
    rows = [
        [
            str(row["label"]),
            of_category(plan, str(fund)),
            f"{row['management']}, {row['vehicle']}".replace("_", " "),
            yearly_cost(row["expense_ratio"]),
        ]
        for fund, row in plan.funds.iterrows()
    ]
    return [
        Heading("Options"),
        Text(
            "Participants choose among the options below. An option is kept while its role, cost "
            "and conduct are those for which it was chosen. An option's affiliation, 12b-1 fees "
            "and revenue sharing enter no calculation of this methodology."
        ),
        Table(
            ["Option", "Category", "How it is run", "Expenses a year"],
            rows,
            align=["left", "left", "left", "right"],
            widths=[1.7, 1.3, 1.3, 0.6],
            small=True,
        ),
    ]


def _default(plan: Plan) -> list[Block]:
    policy = plan.policy
    path = policy["adopted_glidepath"]
    default = plan.rules["default"]
    made: list[Block] = [Heading("The default")]
    if default:
        made.append(
            Text(
                f"Contributions of a participant who makes no choice go to "
                f"**{said(plan.funds.loc[default, 'label'])}**. Silence is not a wish: nobody is "
                "moved out of the default without having asked."
            )
        )
    else:
        made.append(
            Text(
                "The plan names no default option. Where one is needed, the path below is held "
                "until the committee has chosen one."
            )
        )
    if plan.vintages is not None:
        rows = [
            [_years(years), _exact(share)]
            for years, share in zip(
                plan.vintages.index.to_numpy(float), plan.vintages["equity"], strict=True
            )
        ]
        made.append(
            Table(
                ["Participant", "Equity in the series"],
                rows,
                caption="The path of the series, from the plan's list of its dates",
            )
        )
    made.append(
        Text(
            f"The path held where the plan has none of its own: {_exact(path['start'])} equity "
            f"until {path['falls_from']:g} years before retirement, falling evenly to "
            f"{_exact(path['landing'])} {path['falls_until']:g} years after it "
            f"({_entry('adopted_glidepath')})."
        )
    )
    return made


def _postures(plan: Plan) -> list[Block]:
    policy = plan.policy
    rows = [
        [
            posture,
            f"{policy['risk_aversion_bands'][posture][0]:g} to "
            f"{policy['risk_aversion_bands'][posture][1]:g}",
            f"{policy['model_risk_aversion'][posture]:g}",
            _exact(policy["equity_floor"][posture]),
            _exact(policy["equity_ceiling"][posture]),
            _exact(policy["circuit_breakers"]["volatility"][posture]),
        ]
        for posture in POSTURES
    ]
    asked = plan.rules["models"]
    dated = plan.vintages is not None
    limits = [
        ["In a single fund" + ", a date of the series excepted" * dated, "max_single_fund"],
        ["In small US companies", "small_equity_cap"],
        ["In high yield bonds", "high_yield_cap"],
        *([["In employer stock", "employer_stock_cap"]] if plan.rules["employer_stock"] else []),
        ["Turnover of a review", "turnover_limit"],
        ["Tracking error against the reference, a year", "tracking_error_limit"],
    ]
    few = f"at most {asked['most_funds']} funds" if asked["most_funds"] else "any number of funds"
    whole = "whole percents" if asked["whole_percent"] else "weights of any size"
    models = f"A model portfolio has {few}, in {whole}."
    if not standing.keeps_models(plan):
        models = (
            f"The plan asks of a model portfolio {few}, in {whole}; the way of choosing that is "
            f"decided takes weights as they come and does not keep to that ({_entry('optimizer')})."
        )
    made: list[Block] = [
        Heading("Risk postures and limits"),
        Text(
            "A posture is how much loss somebody is prepared to bear. Each has a band of risk "
            "aversion A in expected return less A/2 times variance, and limits on equity, looking "
            f"through funds. {models} The default posture is {policy['default_posture']}."
        ),
        Table(
            [
                "Posture",
                "Band of A",
                "A of the model",
                "Least equity",
                "Most equity",
                "Halted above volatility of",
            ],
            rows,
            widths=[1.2, 1, 1, 1, 1, 1.3],
        ),
        Table(
            ["No portfolio holds more than", "Limit", "Entry of the policy"],
            [[what, _exact(policy[name]), of_entry(name)] for what, name in limits],
            align=["left", "right", "left"],
            widths=[2, 0.6, 1.2],
        ),
    ]
    if plan.inputs.mandate:
        names = [limit.name for limit in plan.inputs.mandate]
        made.append(Text("Limits of this plan beyond these: " + said(", ".join(names)) + "."))
    made.append(
        Text(
            "Rules that no portfolio can obey together go back to whoever approved them, with "
            "the names of the rules in conflict. Nobody relaxes a rule in code."
        )
    )
    return made


def _methods(plan: Plan) -> list[Block]:
    policy = plan.policy
    believed = policy["optimizer"] != "BLACK_LITTERMAN"
    published = (
        "Each expected return" if believed else "No expected return is used as published. Each"
    )
    error = ", ".join(f"{kind} {_exact(x)}" for kind, x in policy["forecast_error"].items())
    return [
        Heading("How portfolios are chosen"),
        Items(
            [
                f"Portfolios are chosen by {WAYS.get(policy['optimizer'], policy['optimizer'])} "
                f"({_entry('optimizer')}).",
                f"{published} carries the error that forecasts "
                f"of its kind have shown, a year: {error} ({_entry('forecast_error')}).",
                f"Covariances are estimated from {policy['estimation_window_months']:g} months by "
                f"the method *{policy['covariance_estimator'].replace('_', ' ')}* "
                f"({_entry('covariance_estimator')}).",
                "A weight is shown with the interval that holds it in "
                f"{_exact(policy['weight_interval']['level'])} of "
                f"{policy['weight_interval']['draws']:g} redrawn surveys "
                f"({_entry('weight_interval')}).",
                "Means measured on past returns are never optimised.",
            ]
        ),
    ]


def _asked_when(policy: Policy) -> tuple[str, str]:
    """When the policy's trigger asks for a trade, and the entry that says how far."""
    name = policy["rebalance_trigger"]
    drift, spike = policy["rebalance_drift"], policy["rebalance_risk_spike"]
    return {
        "calendar": (
            f"when {policy['rebalance_calendar_months']:g} months have passed since the last trade",
            "rebalance_calendar_months",
        ),
        "drift": (
            f"when a weight has drifted from its target: {_exact(drift['absolute'])} of the "
            f"account, or {_exact(drift['relative'])} of the target itself where that is less",
            "rebalance_drift",
        ),
        "risk_spike": (
            f"when their volatility over {spike['window_months']:g} months exceeds "
            f"{spike['multiple']:g} times that of the months before",
            "rebalance_risk_spike",
        ),
        "signal": (
            f"when the trend of shares over bills, of {policy['rebalance_signal_months']:g} "
            "months, changes sides",
            "rebalance_signal_months",
        ),
    }[name]


def _trading(plan: Plan) -> list[Block]:
    policy, rules = plan.policy, plan.rules
    label = plan.funds["label"]
    when, entry = _asked_when(policy)
    items = [
        f"Accounts go back to their target {when} ({_entry('rebalance_trigger')}, "
        f"{_entry(entry)}). New money is used first.",
        f"A model is changed only for a gain of more than "
        f"{policy['no_trade_standard_errors']:g} standard errors "
        f"({_entry('no_trade_standard_errors')}).",
    ]
    trading = rules["trading"]
    if trading["transfers_per_quarter"] is not None:
        items.append(
            f"At most {trading['transfers_per_quarter']} transfers a quarter "
            f"({_clause(plan, 'trading')})."
        )
    for which, words in (
        ("round_trip_days", "Nobody buys back within {days} days of selling: {funds}"),
        ("minimum_holding_days", "Held for {days} days at least: {funds}"),
    ):
        by_days: dict[int, list[str]] = {}
        for fund, days in trading[which].items():
            by_days.setdefault(days, []).append(said(label[fund]))
        items += [
            words.format(days=days, funds=", ".join(funds)) + f" ({_clause(plan, 'trading')})."
            for days, funds in sorted(by_days.items())
        ]
    if stock := rules["employer_stock"]:
        closed = "No new money goes to" if stock["frozen"] else "Employer stock is offered:"
        items.append(f"{closed} {said(label[stock['fund']])} ({_clause(plan, 'employer_stock')}).")
    if stable := rules["stable_value"]:
        rivals = ", ".join(said(label[fund]) for fund in stable["competing"])
        wash = f"{stable['equity_wash_days']} days in another fund"
        items.append(
            f"Money leaves {said(label[stable['fund']])} for a competing fund ({rivals}) only "
            f"after {wash} ({_clause(plan, 'stable_value')})."
            if rivals
            else f"{said(label[stable['fund']])} has no competing fund on the menu "
            f"({_clause(plan, 'stable_value')})."
        )
    items += [
        f"No trading from {stop['first']} to {stop['last']}: {said(stop['reason'])}; notice given "
        f"{stop['notice']} ({_clause(plan, 'blackouts')})."
        for stop in rules["blackouts"]
    ]
    return [Heading("Trading and rebalancing"), Items(items)]


def _monitoring(plan: Plan) -> list[Block]:
    policy = plan.policy
    alarms = policy["alert_false_alarms"]
    rows = [
        [
            rule[0].upper() + rule[1:],
            *(_limit(limit[level], limit["unit"]) for level in ("info", "watch", "act")),
            str(limit["unit"]),
        ]
        for rule, limit in policy["alert_limits"].items()
    ]
    return [
        Heading("Monitoring"),
        Text(
            "What passes *info* is noted, what passes *watch* is explained at the next meeting, "
            "what passes *act* does not wait for it. Rules that judge by returns ring by chance, "
            f"too: with nothing wrong, any of them may say *watch* in "
            f"{_exact(alarms['watch'])} of months and *act* in {_exact(alarms['act'])}, "
            "and the quarterly review states how often each does. No manager is hired or dismissed "
            "on three years of returns alone."
        ),
        Table(
            ["Rule", "Info", "Watch", "Act", "Unit"],
            rows,
            caption=_from("alert_limits"),
            align=["left", "right", "right", "right", "left"],
            widths=[1.2, 0.6, 0.6, 0.6, 1.6],
        ),
        Text(
            "Each meeting has the review on its agenda, and one meeting a year options, "
            "providers, this statement and the models. How often the committee meets is no entry "
            "of the policy: its charter is to say it. Minutes are written at the time."
        ),
    ]


def _losses(plan: Plan) -> list[Block]:
    policy = plan.policy
    limit = policy["stress_path_limit"]
    points = sorted((float(years), share) for years, share in limit.items())
    words = ", ".join(f"{_exact(share)} {_years(years, 'it')}" for years, share in points)
    shocks = "; ".join(policy["stress_shocks"])
    return [
        Heading("Losses that are accepted"),
        Text(
            "Every model and the default pass through past windows and given shocks "
            f"({said(shocks)}). What loses more than the limit in any of them is changed, or the "
            "limit is, on record."
        ),
        Table(
            ["Posture", "Largest loss over one window or shock"],
            [[p, _exact(policy["stress_loss_limit"][p])] for p in POSTURES],
            caption=_from("stress_loss_limit"),
        ),
        Text(f"For the default: {words}, on a line in between ({_entry('stress_path_limit')})."),
    ]


def _changes(plan: Plan) -> list[Block]:
    policy, names = plan.policy, codes(plan)
    rows = [
        [
            str(policy.entries[name]["date"]),
            of_entry(name),
            value(policy.entries[name]["value"], str(policy.entries[name]["unit"]), names),
            str(policy.entries[name]["reason"]),
            str(policy.entries[name]["approver"]),
        ]
        for name in sorted(policy.own, key=lambda name: str(policy.entries[name]["date"]))
    ]
    made: list[Block] = [
        Heading("Changes of this statement"),
        Text(
            "A clause is changed by changing its entry of the policy, with the reason, the role "
            "that approved it and the date. The log below lists the entries that are this plan's "
            "own; all others are as the method was published."
        ),
    ]
    if rows:
        made.append(
            Table(
                ["Date", "Entry", "Value", "Reason", "Approved by"],
                rows,
                align=["left"] * 5,
                widths=[0.75, 0.9, 2.1, 2.0, 0.85],
                small=True,
            )
        )
    else:
        made.append(Text("Nothing has been changed: the plan brings no policy of its own."))
    return made


def _signing(plan: Plan) -> list[Block]:
    return [
        Heading("Adoption"),
        Signatures(
            [_capital(role) for role in plan.policy["approval_roles"]],
            f"Adopted under policy {plan.policy.fingerprint[:10]}, SHA-256 of all values.",
        ),
    ]


def _annex(plan: Plan) -> list[Block]:
    rows, names = [], codes(plan)
    for name, entry in plan.policy.entries.items():
        day = str(entry["date"])
        other = "" if entry["approver"] == USUAL else f"{entry['approver']}, "
        own = " *" if name in plan.policy.own else ""
        rows.append(
            [
                of_entry(name),
                _whole(entry["value"], names),
                str(entry["unit"]),
                other + day + own,
            ]
        )
    return [
        Heading("Annex: every entry of the policy"),
        Text(
            "In the order of the file, shares and returns as decimals. Approved by the "
            f"{USUAL} where no other role is named; the plan's own entries bear a star.",
            small=True,
        ),
        Table(
            ["Entry", "Value", "Unit", "Approved"],
            rows,
            align=["left"] * 4,
            widths=[1.05, 1.95, 1.55, 0.7],
            small=True,
        ),
    ]


# ---- words ---------------------------------------------------------------------------------------


def _whole(entry: Any, names: Mapping[str, str]) -> str:
    """A value as an annex shows it; of what is longer, how much there is and where."""
    words = value(entry, "", names)
    return words if len(words) <= LONGEST else f"{len(entry)} entries, in policy.yml"


def _exact(share: float) -> str:
    """As percent, with every digit that was decided: a limit that is rounded is another limit."""
    return value(share, "share")


def _entry(name: str) -> str:
    return f"policy: {of_entry(name)}"


def _from(name: str) -> str:
    return f"Policy: {of_entry(name)}"


def _clause(plan: Plan, rule: str) -> str:
    return said(
        plan.rules["clauses"].get(
            rule, f"as the plan's rules on {of_entry(rule)} say; their clause is to be named"
        )
    )


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _limit(limit: float, unit: str) -> str:
    """A limit in its own unit: shares and weights as percent."""
    return _exact(limit) if "weight" in unit or "share" in unit else f"{limit:g}"


def _years(years: float, retirement: str = "retirement") -> str:
    span = f"{abs(years):g} {'year' if abs(years) == 1 else 'years'}"
    if years > 0:
        return f"{span} before {retirement}"
    return "at retirement" if years == 0 else f"{span} after it"
