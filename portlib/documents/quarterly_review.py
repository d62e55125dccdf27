"""What must the committee look at this quarter, since when, and how much of it is chance?

The watched portfolio's rules with value, limit, status and the share of months in which each rings
although nothing is wrong; every option by row, judged beside the mix of classes that it holds; the
watch list with reasons and since when; what was decided since the last review; minutes to sign.

`Watch` makes the months that the chapter on monitoring shows, in its order of draws, so that one
says what the other says. Left out: what participants did, and what was said at the last meeting,
which its minutes hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from portlib import history
from portlib.class_returns import class_returns
from portlib.documents.document import (
    Block,
    Document,
    Finding,
    Form,
    Heading,
    Signatures,
    Table,
    Text,
    said,
)
from portlib.documents.drawings import drawn
from portlib.documents.words import facts, of_class, of_entry, percent, value
from portlib.plan import Plan
from portlib.records import Array, Assumptions
from portlib.retirement import model_portfolios, plan_menu
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import alarms, performance

#: Simulated paths and months from which false alarms are counted; as in the chapter.
PATHS, MONTHS, SEED = 500, 60, 1
#: Quarters that a review looks back for the beginning of a spell.
QUARTERS = 12
QUARTER = 3


@dataclass(frozen=True, eq=False)
class Watch:
    """The portfolio that is watched, every option, and their months.

    Attributes
    ----------
    posture : whose model is watched: the policy's default one, or the most cautious there is
    watched : the promise
    months : returns of classes (months, classes); ``real`` are those with a series
    options : what each option holds, its own risk and expense ratio
    net : monthly returns of options, net; ``own`` are those that the plan brought
    """

    plan: Plan
    posture: str
    watched: monitoring.Watched
    classes: Assumptions
    months: pd.DataFrame
    real: tuple[str, ...]
    options: pd.DataFrame
    net: pd.DataFrame
    own: tuple[str, ...]
    bills: pd.Series
    held: tuple[str, ...]

    @cached_property
    def record(self) -> pd.Index:
        """The months of the record: the last ones."""
        return self.months.index[-self.plan.policy["monitoring_record_months"] :]

    @cached_property
    def measured(self) -> dict[str, pd.Series]:
        """Each measure by month of the record."""
        at = self.watched.measures(self.months.to_numpy(), self.net[list(self.held)].to_numpy())
        return {rule: pd.Series(x, self.months.index).loc[self.record] for rule, x in at.items()}

    @cached_property
    def alerts(self) -> list[alarms.Alert]:
        return monitoring.alerts(self.measured, policy=self.plan.policy)

    @cached_property
    def by_chance(self) -> pd.DataFrame:
        """In what share of months each rule rings although the assumptions hold."""
        rng = np.random.default_rng(SEED)
        paths = monitoring.simulated(self.watched, PATHS, MONTHS, rng)
        return monitoring.alarm_rates(self.watched, *paths, policy=self.plan.policy)

    @cached_property
    def returns(self) -> tuple[Array, Array, Array]:
        """Gross, net and benchmark of the portfolio over the record."""
        every = self.plan.policy["monitoring_rebalance_months"]
        net, starts, _ = monitoring.followed(
            self.net[list(self.held)].to_numpy(), self.watched.target, every
        )
        cost = self.plan.policy["index_fund_cost"] / 12
        bench = self.months.to_numpy() @ self.watched.benchmark - cost
        count = len(self.record)
        paid = starts[-count:] @ self.watched.expense / 12
        return net[-count:] + paid, net[-count:], bench[-count:]

    def reviews(self, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Every option beside its own mix of classes, over the record that ends in a month."""
        count = len(self.record)
        months = self.months.loc[:until].iloc[-count:]
        labels = list(self.classes.labels)
        mix = months.to_numpy() @ self.options[labels].to_numpy(float).T
        cost = self.plan.policy["index_fund_cost"]
        own_mix = pd.DataFrame(mix - cost / 12, months.index, self.options.index)
        return performance.reviews(
            self.net.loc[months.index],
            own_mix,
            self.bills.loc[months.index],
            self.options["expense_ratio"],
            index_fund_cost=cost,
        )

    @cached_property
    def since(self) -> dict[str, str]:
        """For each option that asks for a review, the quarter's end since when, or before."""
        past = self.months.index[: -QUARTERS * QUARTER - 1 : -QUARTER]
        ends = [end for end in past if len(self.months.loc[:end]) >= len(self.record)]
        asked = self.reviews()["review"]
        left = {str(option) for option, why in asked.items() if why}
        found: dict[str, str] = {}
        last = ends[0]
        for end in ends[1:]:
            why = self.reviews(end)["review"]
            for option in [o for o in left if not why.get(o, "")]:
                found[option] = f"{last:%B %Y}"
                left.discard(option)
            last = end
        return found | dict.fromkeys(left, f"{last:%B %Y} or before")


def watch(plan: Plan) -> Watch:
    """What is watched of a plan, with its own months of options where it brings them.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Watch

    Raises
    ------
    ValueError
        Where no model can be made of its menu.
    """
    policy = plan.policy
    record = history.read("open")
    classes = plan_menu.class_assumptions(plan)
    suite = model_portfolios.suite(plan)
    if not suite.models:
        raise ValueError(f"{plan.name}: there is no model to watch: {dict(suite.missing)}")
    posture = policy["default_posture"]
    posture = posture if posture in suite.postures else suite.postures[0]
    target = pd.Series(suite[posture].weights)
    rng = np.random.default_rng(policy["scenario_seed"])
    known = class_returns(plan, record, list(classes.labels)).common()
    found = monitoring.class_history(classes, known, rng)
    options, labels = monitoring.options(plan, classes), list(classes.labels)
    count = policy["monitoring_record_months"] + policy["monitoring_window_months"] - 1
    months = found.returns.iloc[-count:]
    noise = rng.standard_normal((len(months), len(options))) / math.sqrt(12)
    through = months.to_numpy() @ options[labels].to_numpy(float).T
    gross = through + noise * options["own_risk"].to_numpy()
    net = pd.DataFrame(
        gross - options["expense_ratio"].to_numpy() / 12, months.index, options.index
    )
    own = _own(plan, months.index)
    for name in own:
        net[name] = own[name]
    held = options.loc[list(target.index)]
    exposure = pd.Series(target.to_numpy() @ held[labels].to_numpy(float), labels)
    watched = monitoring.Watched.under(
        policy,
        target=target.to_numpy(),
        exposures=held[labels].to_numpy(float),
        own_risk=held["own_risk"].to_numpy(),
        expense=held["expense_ratio"].to_numpy(),
        benchmark=monitoring.same_equity(exposure, policy=policy).to_numpy(),
        classes=classes,
    )
    bills = record["bills"].values.reindex(found.returns.index)
    names = tuple(map(str, target.index))
    brought = tuple(map(str, own))
    return Watch(
        plan, posture, watched, classes, months, found.real, options, net, brought, bills, names
    )


def _own(plan: Plan, months: pd.Index) -> pd.DataFrame:
    """Returns of options that the plan brought for every month that is looked at."""
    brought = plan.inputs.funds
    if brought is None:
        return pd.DataFrame(index=months)
    table = brought.values.reindex(months)
    return table.loc[:, table.notna().all()]


# ---- the document --------------------------------------------------------------------------------


def review(plan: Plan, *, made: date, made_from: Mapping[str, str]) -> Document:
    """The review of the last quarter that the months reach.

    Parameters
    ----------
    plan : Plan
    made : date
        The day for which it is made.
    made_from : mapping
        What it is made from, by name: package, data, policy.

    Returns
    -------
    Document
    """
    seen = watch(plan)
    last = pd.Timestamp(seen.months.index[-1])
    quarter = f"{last.year}, quarter {(last.month - 1) // 3 + 1}"
    body: list[Block] = [
        *_first(seen),
        *_rules(seen),
        *_portfolio(seen),
        *_options(seen),
        *_watch_list(seen),
        *_decided(seen),
        *_minutes(plan),
    ]
    return Document(
        "quarterly_review",
        "Quarterly review",
        f"The quarter to {last:%B %Y}",
        plan.name,
        plan.origin,
        made,
        made_from,
        (*facts(plan)[:3], ("Quarter", quarter)),
        body,
        numbered=True,
    )


def _first(seen: Watch) -> list[Block]:
    reviews = seen.reviews()
    asked = int((reviews["review"] != "").sum())
    chance = seen.by_chance.loc["any rule"]
    _, net, bench = seen.returns
    years = len(net) / 12
    lead = 12 * float((net - bench).mean())
    error = float(performance.tracking_error(net, bench)) / math.sqrt(years)
    rings = [alert for alert in seen.alerts if alert.severity != "info"]
    first = (
        "Nothing is beyond a limit for *watch*."
        if not rings
        else f"**{len(rings)} of {len(seen.measured)} rules are beyond a limit for watch or act.**"
    )
    made: list[Block] = [
        Heading("What to look at"),
        Text(
            f"{first} {asked} of {len(reviews)} options ask for a review. With nothing wrong, some "
            f"rule says *watch* in {percent(chance['watch'], 0)} of months and *act* in "
            f"{percent(chance['act'])}, so a single ring is an item of the agenda and no proof."
        ),
        Finding(
            "Least comfortable",
            f"Over {len(net)} months the {seen.posture} model earned {lead:+.2%} a year against "
            f"its benchmark, give or take {error:.2%}: "
            + (
                "the record cannot tell it from none."
                if abs(lead) < 2 * error
                else "more than two errors, which is to be explained."
            ),
            "warning",
        ),
    ]
    invented = [of_class(seen.plan, str(c)) for c in seen.classes.labels if c not in seen.real]
    if len(seen.own) < len(seen.options):
        words = (
            f"Of {len(seen.options)} options the plan brought months of {len(seen.own)}. The "
            "others' months are stand-ins: their classes' months, less expenses, with draws in "
            "place of what a manager adds or loses (SYNTHETIC)."
        )
        if invented:
            words += f" No series stands for {', '.join(invented)}: drawn as well."
        made.append(Finding("Stand-in months", said(words), "note"))
    return made


def _number(x: float, unit: str) -> str:
    return percent(x) if "weight" in unit or "share" in unit else f"{x:.2f}"


def _rules(seen: Watch) -> list[Block]:
    policy = seen.plan.policy
    since = {alert.rule: alert for alert in seen.alerts}
    rows = []
    for rule, series in seen.measured.items():
        unit = str(policy["alert_limits"][rule]["unit"])
        limits = monitoring.limits(rule, policy=policy)
        alert = since.get(rule)
        chance = seen.by_chance.loc[rule] if rule in seen.by_chance.index else None
        rows.append(
            [
                f"{rule[0].upper()}{rule[1:]}, {unit}",
                _number(float(series.iloc[-1]), unit),
                _number(limits["watch"], unit),
                _number(limits["act"], unit),
                "quiet" if alert is None else alert.severity,
                "" if alert is None else f"{alert.since:%Y-%m}",
                "a fact" if chance is None else percent(chance["watch"]),
                "" if chance is None else percent(chance["act"]),
            ]
        )
    axes = monitoring.dashboard(seen.measured, policy=policy)
    return [
        Heading("The rules"),
        Text(
            f"Of the {seen.posture} model, over windows of "
            f"{policy['monitoring_window_months']:g} months. *By chance* is the share of months in "
            f"which the rule rings so, or worse, on {PATHS} paths on which the assumptions hold."
        ),
        Table(
            [
                "Rule, unit",
                "Value",
                "Watch",
                "Act",
                "Status",
                "Since",
                "Watch by chance",
                "Act by chance",
            ],
            rows,
            align=["left", "right", "right", "right", "left", "left", "right", "right"],
            widths=[2.3, 0.65, 0.65, 0.65, 0.7, 0.75, 0.9, 0.8],
            small=True,
        ),
        drawn(
            "monitoring_dashboard",
            axes,
            "Each measure over the record; dashed the limit for watch, solid for act.",
            "Small panels, one a measure: its course over the record, with a dashed line at the "
            "limit for watch and a solid one at the limit for act.",
            highest=4.6,
        ),
    ]


def _portfolio(seen: Watch) -> list[Block]:
    gross, net, bench = (pd.Series(x, seen.record) for x in seen.returns)
    whole = set(seen.held) <= set(seen.own)
    record = performance.Record(gross, net, bench, "actual" if whole else "SYNTHETIC")
    rows = []
    for months in (seen.plan.policy["monitoring_window_months"], len(seen.record)):
        shown = record.shown(months).to_dict("index")
        for name, figures in shown.items():
            head = str(name).capitalize()
            rows.append(
                [
                    f"{head}, {months} months",
                    percent(figures["return a year"], 2),
                    percent(figures["volatility"], 2),
                ]
            )
    block = seen.plan.policy["bootstrap_block_months"]
    ratio = performance.sharpe((net - seen.bills.loc[seen.record]).to_numpy(), lags=block)
    fall = performance.worst_fall(net)
    return [
        Heading("The portfolio that is watched"),
        Table(["", "Return a year", "Volatility"], rows, widths=[2, 1, 1]),
        Text(
            f"Sharpe ratio {ratio.year:.2f}, standard error {ratio.error_year:.2f}. Deepest fall "
            f"{percent(fall.depth)}, from {fall.peak:%B %Y} to {fall.trough:%B %Y}. The benchmark "
            "is the reference portfolio at the same equity share, at the cost of index funds. "
            "Gross and net are before and after the expenses of the funds."
        ),
    ]


def _label(seen: Watch, option: str) -> str:
    fund = str(seen.options.loc[option, "fund"])
    label = str(seen.plan.funds.loc[fund, "label"])
    if option == fund:
        return label
    years = option.rsplit(", ", 1)[-1].removesuffix(" to go")
    when = f"{years.removeprefix('-')} {'past' if years.startswith('-') else 'to go'}"
    return f"{label.split(' (')[0]}, {when}"


def _options(seen: Watch) -> list[Block]:
    found = seen.reviews().sort_values("ahead", na_position="first")
    expense = seen.options["expense_ratio"]
    rows = []
    for option, row in found.iterrows():
        own = "own" if option in seen.own else "stand-in"
        rows.append(
            [
                _label(seen, str(option)),
                percent(expense[str(option)], 2),
                _signed(row["ahead"]),
                _signed(row["error"], plain=True),
                "" if not np.isfinite(row["Sharpe"]) else f"{row['Sharpe']:.2f}",
                "" if not np.isfinite(row["of benchmark"]) else f"{row['of benchmark']:.2f}",
                own,
                str(row["review"]) or "none",
            ]
        )
    return [
        Heading("Every option"),
        Text(
            f"Beside the mix of classes that each holds, over {len(seen.record)} months, net. An "
            "option asks for a review where it is two errors behind, costs more with nothing to "
            "show for it, or cannot be judged."
        ),
        Table(
            [
                "Option",
                "Expenses",
                "Ahead a year",
                "Error",
                "Sharpe",
                "Of its mix",
                "Months",
                "Review",
            ],
            rows,
            align=["left", "right", "right", "right", "right", "right", "left", "left"],
            widths=[2.3, 0.7, 0.75, 0.6, 0.6, 0.7, 0.7, 1.3],
            small=True,
        ),
    ]


def _signed(x: float, *, plain: bool = False) -> str:
    if not np.isfinite(x):
        return ""
    return f"{x:.2%}" if plain else f"{x:+.2%}"


def _watch_list(seen: Watch) -> list[Block]:
    found = seen.reviews()
    asked = found[found["review"] != ""]
    rows = [
        [
            _label(seen, str(option)),
            str(row["review"]),
            seen.since[str(option)],
            "",
        ]
        for option, row in asked.sort_values("ahead", na_position="first").iterrows()
    ]
    made: list[Block] = [Heading("Watch list")]
    if not rows:
        return [*made, Text("No option asks for a review.")]
    return [
        *made,
        Text(
            "Since when: the end of the first quarter of the spell, each judged on the record that "
            "ended then."
        ),
        Table(
            ["Option", "Reason", "Since", "What the committee does"],
            rows,
            align=["left"] * 4,
            widths=[1.7, 1.4, 1.4, 1.5],
        ),
    ]


def _decided(seen: Watch) -> list[Block]:
    plan = seen.plan
    month = pd.Timestamp(plan.as_of) - pd.DateOffset(months=QUARTER)
    rows = [
        [str(entry["date"]), of_entry(name), value(entry["value"])[:80], str(entry["reason"])]
        for name, entry in plan.policy.entries.items()
        if name in plan.policy.own and pd.Timestamp(str(entry["date"])) >= month
    ]
    made: list[Block] = [Heading("What was decided last time")]
    if rows:
        made.append(
            Table(
                ["Date", "Entry of the policy", "Value", "Reason"],
                rows,
                align=["left"] * 4,
                widths=[0.8, 1.1, 1.1, 2.2],
                small=True,
            )
        )
    else:
        made.append(
            Text(
                f"No entry of the plan's own policy bears a date since {month:%B %Y}. Decisions "
                "that changed no entry are in the minutes of the last meeting."
            )
        )
    made.append(
        Form(
            [
                ("Decisions of the last meeting, and whether each was carried out", ""),
                ("Items carried over, and until when", ""),
            ]
        )
    )
    return made


def _minutes(plan: Plan) -> list[Block]:
    fields = [
        ("Date, who was present and who advised; interests in the matter", ""),
        ("What was investigated: this review, other documents", ""),
        ("For each item of the watch list: kept, watched or removed, and why", ""),
        ("Alternatives considered, with similar risk", ""),
        ("Policy entries changed: name, from, to, reason", ""),
        ("Dissent, and reasons", ""),
    ]
    return [
        Heading("Minutes"),
        Text(
            "Written at the time. That a decision serves participants' benefits and no other aim, "
            "and is in accordance with the plan's documents, is part of its reason."
        ),
        Form(fields),
        Signatures([role[0].upper() + role[1:] for role in plan.policy["approval_roles"]]),
    ]
