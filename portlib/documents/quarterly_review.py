"""What must the committee look at this quarter, since when, and how much of it is chance?

The watched portfolio's rules with value, limit, status and the share of months in which each rings
although nothing is wrong; every fund by row, judged beside the mix of classes that it holds; the
watch list with reasons and since when; what was decided since the last review; minutes to sign.

The portfolio, the funds and their months are those of the chapter on monitoring (`watching`), so
that one says what the other says. An option is a line of the lineup, and each date of a series is a
fund. A fund is judged by months of its own alone: draws say nothing about one that exists. Left
out: what participants did, and what was said at the last meeting, which its minutes hold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from portlib.documents.document import (
    Block,
    Break,
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
from portlib.documents.words import (
    as_funds,
    codes,
    facts,
    of_class,
    of_entry,
    percent,
    value,
    yearly_cost,
)
from portlib.plan import Plan
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import alarms, performance, watching
from portlib.stewardship.monitoring.watching import Watch

#: Simulated paths and months from which false alarms are counted; as in the chapter.
PATHS, MONTHS, SEED = 500, 60, 1
#: Quarters that a review looks back for the beginning of a spell.
QUARTERS = 12
QUARTER = 3


@dataclass(frozen=True, eq=False)
class Quarter:
    """What a review shows of what is watched.

    Attributes
    ----------
    watch : the portfolio, every option, and their months
    judged : options whose own months reach over the whole record; every option where the whole plan
        is invented, as its months are
    """

    watch: Watch
    judged: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        return self.watch.plan

    @cached_property
    def alerts(self) -> list[alarms.Alert]:
        return monitoring.alerts(self.watch.measured, policy=self.plan.policy)

    @cached_property
    def by_chance(self) -> pd.DataFrame:
        """In what share of months each rule rings although the assumptions hold."""
        rng = np.random.default_rng(SEED)
        paths = monitoring.simulated(self.watch.watched, PATHS, MONTHS, rng)
        return monitoring.alarm_rates(self.watch.watched, *paths, policy=self.plan.policy)

    def reviews(self, until: pd.Timestamp | None = None) -> pd.DataFrame:
        """Options that are judged, over the record that ends in a month."""
        return self.watch.reviews(until).loc[list(self.judged)]

    @cached_property
    def since(self) -> dict[str, str]:
        """For each option that asks for a review, the quarter's end since when, or before."""
        months, record = self.watch.net.index, self.watch.record
        past = months[: -QUARTERS * QUARTER - 1 : -QUARTER]
        ends = [end for end in past if len(months[months <= end]) >= len(record)]
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


def quarter(plan: Plan) -> Quarter:
    """What a review shows, in the chapter's order of draws.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Quarter

    Raises
    ------
    ValueError
        Where no model can be made of its menu.

    Examples
    --------
    Of a plan that is invented every option is judged, as all its months are drawn:

    >>> from dataclasses import replace
    >>> from portlib import plan as plans
    >>> asked = {"default": None, "employer_stock": None, "stable_value": None}
    >>> six = ["LCIDX", "SMIDIX", "INTIDX", "EMACT", "BNDIDX", "GOVMM"]
    >>> ours = plans.read()
    >>> ours = replace(ours, rules={**ours.rules, **asked}).offering(six)
    >>> seen = quarter(replace(ours, rules={**ours.rules, "origin": " Synthetic "}))
    >>> seen.judged == tuple(six), len(seen.watch.own_since)
    (True, 0)
    """
    seen = watching.watch(plan, np.random.default_rng(plan.policy["scenario_seed"]))
    return Quarter(seen, tuple(seen.judged))


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

    Examples
    --------
    Of seven options of the example plan, whose series has dates of 20 and 10 years and of today, as
    a plan that is invented in part, under a policy that looks at two years:

    >>> from dataclasses import replace
    >>> from portlib import plan as plans
    >>> codes_ = ["LCIDX", "LGACT", "INTIDX", "CORPLS", "BNDIDX", "GOVMM", "TDIDX"]
    >>> content = plans.read().to_json()
    >>> content["lineup"] = [
    ...     {**row, "plan_share": None} for row in content["lineup"] if row["fund"] in codes_
    ... ]
    >>> content["target_date_vintages"] = content["target_date_vintages"][4::2]
    >>> trading = {"transfers_per_quarter": 4, "round_trip_days": {}, "minimum_holding_days": {}}
    >>> content["rules"] |= {"origin": "SYNTHETIC in part", "trading": trading}
    >>> content["rules"] |= {"employer_stock": None, "stable_value": None}
    >>> content["participants"] = []
    >>> few = plans.from_json(content)

    It goes on in ``quarterly_review.md``.
    """
    seen = quarter(plan)
    last = pd.Timestamp(seen.watch.months.index[-1])
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
        facts(plan),
        body,
        numbered=True,
    )


def _first(seen: Quarter) -> list[Block]:
    chance = seen.by_chance.loc["any rule"]
    told = seen.watch.returns
    years = len(told.net) / 12
    lead = 12 * float((told.net - told.benchmark).mean())
    error = float(performance.tracking_error(told.net, told.benchmark)) / math.sqrt(years)
    rings = [alert for alert in seen.alerts if alert.severity != "info"]
    first = (
        "Nothing is beyond a limit for *watch*."
        if not rings
        else f"**{len(rings)} of {len(seen.watch.measured)} rules "
        f"{'is' if len(rings) == 1 else 'are'} beyond a limit for watch or act.**"
    )
    return [
        Heading("What to look at"),
        Text(
            f"{first} {_asked(seen)} With nothing wrong, some rule says *watch* in "
            f"{percent(chance['watch'], 0)} of months and *act* in {percent(chance['act'])}, so a "
            "single ring is an item of the agenda and no proof."
        ),
        Finding(
            "Least comfortable",
            f"Over {len(told.net)} months the {seen.watch.posture} model earned {lead:+.2%} a year "
            f"against its benchmark, give or take {error:.2%}: "
            + (
                "twice that would be needed to tell it from none."
                if abs(lead) < 2 * error
                else "more than two errors, which is to be explained."
            ),
            "warning",
        ),
        *_stand_ins(seen),
        *_two_dates(seen),
    ]


def _two_dates(seen: Quarter) -> list[Block]:
    """Where the months end before the plan's own figures do: which is of which day."""
    plan, last = seen.plan, pd.Timestamp(seen.watch.months.index[-1])
    if last.to_period("M") == pd.Timestamp(plan.as_of).to_period("M"):
        return []
    return [
        Finding(
            "Two dates",
            f"Months end with {last:%B %Y}, for want of later ones. Lineup, rules and balances are "
            f"of {facts(plan)[3][1]}.",
            "warning",
        )
    ]


def _asked(seen: Quarter) -> str:
    """How many funds ask for a review, of how many that can be judged."""
    count, judged = len(seen.watch.options), len(seen.judged)
    asked = int((seen.reviews()["review"] != "").sum()) if judged else 0
    how_many = "None" if not asked else f"{asked}"
    ask = "asks" if asked == 1 else "ask"
    alike = int((seen.reviews()["error"] < watching.SAME).sum()) if judged else 0
    whom = "is compared with itself" if alike == 1 else "are compared with themselves"
    but = f" {alike} of the {judged} {whom}, which shows costs alone." if alike else ""
    counted = f"{as_funds(seen.plan)} ".lstrip()
    if judged == count:
        return f"{counted}{how_many} of {count} funds {ask} for a review.{but}"
    if not judged:
        return f"{counted}None of {count} can be judged: the plan brings no months of theirs."
    return (
        f"{counted}{how_many} of the {judged} funds that can be judged {ask} for a review.{but} "
        f"The plan brings no months of the other {count - judged} over the whole record."
    )


def _stand_ins(seen: Quarter) -> list[Block]:
    """Which months are not those of the funds themselves."""
    count, own = len(seen.watch.options), len(seen.watch.own_since)
    if own == count:
        return []
    whose = (
        f"The plan brings no months of its {count} funds: theirs"
        if not own
        else f"The plan brings months of {own} of its {count} funds. The others'"
    )
    words = (
        f"{whose} are stand-ins, the months of their classes, less expenses, with draws in place "
        "of what a manager adds or loses (SYNTHETIC)."
    )
    real = seen.watch.history.real
    drawn_ = [of_class(seen.plan, str(c)) for c in seen.watch.classes.labels if c not in real]
    if drawn_:
        words += f" No series stands for {', '.join(drawn_)}: drawn as well."
    if len(seen.judged) < count:
        words += " Nobody is judged by them."
    return [Finding("Stand-in months", said(words), "note")]


def _number(x: float, unit: str) -> str:
    return percent(x) if "weight" in unit or "share" in unit else f"{x:.2f}"


def _rules(seen: Quarter) -> list[Block]:
    policy = seen.plan.policy
    since = {alert.rule: alert for alert in seen.alerts}
    rows = []
    for rule, series in seen.watch.measured.items():
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
    axes = monitoring.dashboard(seen.watch.measured, policy=policy)
    return [
        Heading("The rules"),
        Text(
            f"Of the {seen.watch.posture} model, over windows of "
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


def _portfolio(seen: Quarter) -> list[Block]:
    gross, net, bench = seen.watch.returns[:3]
    first = seen.watch.record[0]
    weights = zip(seen.watch.held, seen.watch.watched.target, strict=True)
    actual = all(
        fund in seen.watch.own_since and seen.watch.own_since[fund] <= first
        for fund, weight in weights
        if weight > 0
    )
    record = performance.Record(gross, net, bench, "actual" if actual else "SYNTHETIC")
    rows = []
    for months in (seen.plan.policy["monitoring_window_months"], len(seen.watch.record)):
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
    ratio = performance.sharpe(
        (net - seen.watch.bills.loc[seen.watch.record]).to_numpy(), lags=block
    )
    fall = performance.worst_fall(net)
    whose = (
        "The months are those of the funds themselves."
        if record.origin == "actual"
        else "The record is SYNTHETIC: of some funds that are held the months are stand-ins."
    )
    return [
        Heading("The portfolio that is watched"),
        Table(["Record", "Return a year", "Volatility"], rows, widths=[2, 1, 1]),
        Text(
            f"{whose} Sharpe ratio {ratio.year:.2f}, standard error {ratio.error_year:.2f}. "
            f"Deepest fall {percent(fall.depth)}, from {fall.peak:%B %Y} to {fall.trough:%B %Y}. "
            "The benchmark "
            "is the reference portfolio at the same equity share, at the cost of index funds. "
            "Gross and net are before and after the expenses of the funds. Weights in this review "
            "are held or decided, not estimated; the ranges of a model's stand in the chapter on "
            "model portfolios."
        ),
    ]


def _label(seen: Quarter, option: str) -> str:
    fund = str(seen.watch.options.loc[option, "fund"])
    label = str(seen.plan.funds.loc[fund, "label"])
    if option == fund:
        return label
    return f"{label.split(' (')[0]}, {option.rsplit(', ', 1)[-1]}"


def _months_of(seen: Quarter, option: str) -> str:
    """Whose months an option's are."""
    first = seen.watch.own_since.get(option)
    if first is None:
        return "stand-in"
    return "own" if first <= seen.watch.record[0] else f"own from {first:%Y-%m}"


def _options(seen: Quarter) -> list[Block]:
    expense = seen.watch.options["expense_ratio"]
    rows = []
    alike: list[str] = []  # options whose months are those of their class
    if seen.judged:
        found = seen.reviews().sort_values("ahead", na_position="first")
        alike = [
            _label(seen, str(option)) for option in found.index[found["error"] < watching.SAME]
        ]
        for option, row in found.iterrows():
            rows.append(
                [
                    _label(seen, str(option)),
                    yearly_cost(expense[str(option)]),
                    _signed(row["ahead"]),
                    _signed(row["error"], plain=True),
                    _ratio(row["Sharpe"]),
                    _ratio(row["of benchmark"]),
                    _months_of(seen, str(option)),
                    str(row["review"]) or "none",
                ]
            )
    for option in [str(o) for o in seen.watch.options.index if str(o) not in seen.judged]:
        cost = yearly_cost(expense[option])
        months = _months_of(seen, option)
        rows.append([_label(seen, option), cost, "", "", "", "", months, "not judged"])
    return [
        Heading("Every fund"),
        Text(
            f"Beside the mix of classes that each holds, over {len(seen.watch.record)} months, "
            "net. A fund asks for a review where it is two errors behind, costs more with "
            "nothing to show for it, or cannot be judged. One without months of its own "
            "over the whole record is not judged: bring them."
        ),
        Table(
            [
                "Fund",
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
            widths=[2.5, 0.7, 0.75, 0.6, 0.6, 0.7, 0.75, 1.2],
            small=True,
        ),
        *_alike(seen, alike),
    ]


def _alike(seen: Quarter, options: list[str]) -> list[Block]:
    """Options that are compared with their own months, because they are those of their class."""
    if not options:
        return []
    cost = percent(seen.plan.policy["index_fund_cost"], 2)
    words = (
        f"{', '.join(options)}: the months are those of the class itself. What it is ahead or "
        f"behind is a difference of costs, for which the mix is charged {cost} a year, and shows "
        "neither skill nor the want of it."
    )
    return [Finding("Compared with itself", said(words), "warning")]


def _ratio(x: float) -> str:
    return f"{x:z.2f}" if np.isfinite(x) else ""


def _signed(x: float, *, plain: bool = False) -> str:
    if not np.isfinite(x):
        return ""
    return f"{x:.2%}" if plain else f"{x:+z.2%}"


def _watch_list(seen: Quarter) -> list[Block]:
    made: list[Block] = [Heading("Watch list")]
    if not seen.judged:
        return [*made, Text("No fund can be judged, so none is on the list.")]
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
    if not rows:
        return [*made, Text("No fund asks for a review.")]
    return [
        *made,
        Text(
            "Since when: the end of the first quarter of the spell, each judged on the record that "
            "ended then."
        ),
        Table(
            ["Fund", "Reason", "Since", "What the committee does"],
            rows,
            align=["left"] * 4,
            widths=[1.7, 1.4, 1.4, 1.5],
        ),
    ]


def _decided(seen: Quarter) -> list[Block]:
    plan = seen.plan
    month = pd.Timestamp(plan.as_of) - pd.DateOffset(months=QUARTER)
    names = codes(plan)
    rows = [
        [
            str(entry["date"]),
            of_entry(name),
            value(entry["value"], str(entry["unit"]), names),
            str(entry["reason"]),
        ]
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
                widths=[0.75, 0.9, 2.0, 2.0],
                small=True,
            )
        )
    else:
        made.append(
            Text(
                f"No entry of the plan's own policy bears a date since {month:%B} {month.day}, "
                f"{month.year}. Decisions "
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
        Break(),
        Heading("Minutes"),
        Text(
            "Written at the time. That a decision serves participants' benefits and no other aim, "
            "and is in accordance with the plan's documents, is part of its reason."
        ),
        Form(fields),
        Signatures([role[0].upper() + role[1:] for role in plan.policy["approval_roles"]]),
    ]
