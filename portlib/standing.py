"""Which inputs are a plan's own, which stand in for what it did not bring, and which are invented?

`table` answers for a whole plan (the first page of its edition shows it), `box` for the inputs of
one chapter, in the same form everywhere: one line, and the table behind it; `by_chapter` for all
chapters at once. The last row of a box is the months that the book itself brings, and whether an
import replaces them (`MONTHS`). Left out: whether an input is right.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from portlib import history
from portlib.data import DataError
from portlib.inputs import accounts, assumptions, holdings, mandate, record, valuations
from portlib.plan import Plan
from portlib.plan_format import LEGAL_REGIMES
from portlib.ranges import among
from portlib.tables.columns import near_word

#: Engines that maximise utility, and so can do so among few funds and in whole percents.
MAXIMISES = ("MARKOWITZ", "BLACK_LITTERMAN")

OWN, PART, STANDS_IN, SYNTHETIC, NONE = (
    "own",
    "own in part",
    "stands in",
    "SYNTHETIC",
    "none",
)
#: How the book's own months stand.
SHIPPED, IMPORTED, IMPORTED_PART = "the book's", "imported", "imported in part"
_MONTHS = "the book's months"
#: Fewer people than this make a habit of few.
FEW = 30

#: In the line that a page shows, in this order.
SAID = {
    OWN: "The plan's own",
    PART: "Own in part",
    STANDS_IN: "Standing in",
    SYNTHETIC: "SYNTHETIC",
    IMPORTED: "Imported",
    IMPORTED_PART: "Imported in part",
}


@dataclass(frozen=True)
class Standing:
    """One input: its ``status``, ``what`` is used, and the ``files`` that would bring it."""

    name: str
    status: str
    what: str
    files: tuple[str, ...]


def _people(plan: Plan) -> tuple[str, str]:
    origin = plan.origin.strip().upper()
    status = SYNTHETIC if origin == SYNTHETIC else PART if SYNTHETIC in origin else OWN
    count = f"{len(plan.funds)} options, {len(plan.participants):,} people, {plan.as_of}"
    return status, f"{count}; origin: {plan.origin}"


def _policy(plan: Plan) -> tuple[str, str]:
    own = len(plan.policy.own)
    all_ = len(plan.policy.entries)
    if not own:
        return STANDS_IN, f"the book's illustrative decisions, {all_} of them"
    status = OWN if own == all_ else PART
    return status, f"{own} of {all_} decisions; the others are the book's illustration"


def _assumptions(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.assumptions
    if own is None:
        return STANDS_IN, "a survey of advisers' capital market assumptions"
    return OWN, f"{own.source}; the survey is the second opinion"


def _valuations(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.valuations
    if own is None:
        return STANDS_IN, "the chapter's dated constants"
    last = pd.DatetimeIndex(own.table["date"]).max()
    classes = own.table["class"].nunique()
    return OWN, f"{len(own.table)} figures of {classes} classes, the last of {last:%Y-%m-%d}"


def _history(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.history
    held = [str(name) for name in plan.exposures if (plan.exposures[name] > 0).any()]
    held += [name for name in plan.held_classes if name not in held]  # by a date of the series
    if own is None:
        return STANDS_IN, "the book's records of US and public series; each page says its span"
    covered = [name for name in held if name in own.values]
    first, last = (f"{pd.Timestamp(day):%Y-%m}" for day in own.values.index[[0, -1]])
    status = OWN if len(covered) == len(held) else PART
    what = f"{len(covered)} of {len(held)} classes held, {first} to {last}"
    rest = "; series of the book's records stand in for the others"
    return status, what + (rest if status == PART else "")


def _years(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.years
    if own is None:
        return STANDS_IN, "a published table of four indices"
    first, last = (pd.Timestamp(day).year for day in own.values.index[[0, -1]])
    return OWN, f"{own.values.shape[1]} series, {first} to {last}"


def _fund_returns(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.funds
    if own is None:
        return SYNTHETIC, "months drawn from each fund's classes and own risk"
    covered = [fund for fund in plan.funds.index if fund in own.values]
    first, last = (f"{pd.Timestamp(day):%Y-%m}" for day in own.values.index[[0, -1]])
    status = OWN if len(covered) == len(plan.funds) else PART
    count = f"{len(covered)} of {len(plan.funds)} options"
    what = f"{count}, {first} to {last}, each from its own first"
    return status, what + ("; the others' months are SYNTHETIC" if status == PART else "")


def _fund_holdings(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.holdings
    if own is None:
        return STANDS_IN, "the classes that lineup.csv states"
    seen = own.exposures(plan.as_of)
    status = OWN if len(seen.mapped) == len(plan.funds) else PART
    worst = seen.unmapped.max()
    return status, (
        f"{len(seen.mapped)} of {len(plan.funds)} options, {seen.dates.min():%Y-%m-%d} to "
        f"{seen.dates.max():%Y-%m-%d}; up to {worst:.0%} of a fund not mapped"
    )


def _balances(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.accounts
    if own is None:
        status, _ = _people(plan)
        return (STANDS_IN if status == OWN else SYNTHETIC), (
            f"one day, {plan.as_of}, of participants.csv; drift is simulated"
        )
    days = pd.DatetimeIndex(own.balances.index)
    return OWN, f"{len(days)} days, {days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"


def _trades(plan: Plan) -> tuple[str, str]:
    own = plan.inputs.trades
    if own is None:
        return SYNTHETIC, "trades made up to show the measures"
    days = pd.DatetimeIndex(own.table["settled"])
    return OWN, f"{len(own.table)} trades, settled to {days.max():%Y-%m-%d}"


def _limits(plan: Plan) -> tuple[str, str]:
    if not plan.inputs.mandate:
        return NONE, "policy's limits alone"
    names = [limit.name for limit in plan.inputs.mandate]
    return OWN, ", ".join(names)


#: By name: what readers are told, how it stands, and the files that would bring it.
INPUTS: dict[str, tuple[str, Callable[[Plan], tuple[str, str]], tuple[str, ...]]] = {
    "people": ("menu and people", _people, ("rules.yml", "lineup.csv")),
    "policy": ("what the committee decided", _policy, ("policy.yml",)),
    "assumptions": (
        "assumptions of classes",
        _assumptions,
        (assumptions.FILE, assumptions.CORRELATIONS),
    ),
    "valuations": ("yields and valuations", _valuations, (valuations.FILE,)),
    "history": ("monthly returns of classes", _history, (record.HISTORY,)),
    "years": ("calendar-year returns", _years, (record.YEARS,)),
    "fund_returns": ("monthly returns of funds", _fund_returns, (record.RETURNS, record.PRICES)),
    "fund_holdings": ("what funds hold", _fund_holdings, (holdings.FILE, holdings.MASTER)),
    "balances": ("balances by fund and day", _balances, (accounts.FILE,)),
    "trades": ("trades and their prices", _trades, (accounts.TRADES,)),
    "limits": ("limits beyond policy", _limits, (mandate.FILE,)),
}
#: What enters wherever the plan's funds are looked through, and where they are optimised.
_SEEN = ("history", "fund_returns", "fund_holdings")
_MENU = ("people", "assumptions", *_SEEN, "limits")
#: What of a plan's folder enters each chapter; the others of its figures are the book's own record
#: and survey.
CHAPTERS: dict[str, tuple[str, ...]] = {
    "capital_market_assumptions": ("assumptions", "valuations", "policy"),
    "shrinkage": ("history", "assumptions", "policy"),
    "forecast_record": ("policy",),
    "style_analysis": ("fund_returns", "history", "assumptions", "policy"),
    "mean_variance": ("assumptions", "years", "policy"),
    "black_litterman": (*_MENU, "policy"),
    "views": ("policy",),
    "mandate": ("people", *_SEEN, "policy"),
    "robustness": ("assumptions", "policy"),
    "risk_parity": ("assumptions", "policy"),
    "tail_risk": ("assumptions", "policy"),
    "alternatives": ("people", "policy"),
    "plan_menu": (*_MENU, "policy"),
    "model_portfolios": (*_MENU, "policy"),
    "asset_location": ("people", "assumptions", *_SEEN, "policy"),
    "glidepaths": (*_MENU, "policy"),
    "contributions": (*_MENU, "policy"),
    "retirement_income": (*_MENU, "policy"),
    "rebalancing": (*_MENU, "policy"),
    "settlement": (*_MENU, "policy"),
    "stress_testing": (*_MENU, "policy"),
    "monitoring": (*_MENU, "balances", "trades", "policy"),
    "real_plan": ("people", "policy"),
    "effective_challenge": ("policy",),
    "one_quarter": (*_MENU, "policy"),
    "audit_log": (*_MENU, "policy"),
    "governance": (*_MENU, "policy"),
    "model_validation": (*_MENU, "policy"),
}

LONG, OPEN, COMMITTED = "long", "open", "committed"
_OUTLOOK = (
    "an outlook's inflation is fitted to committed prices, so that the same request has the same "
    "answer on any machine"
)
#: The book's own months in each chapter. `LONG` and `OPEN` are records that an import replaces
#: (`portlib.history.read`); what is `COMMITTED` no import reaches, and it says why.
MONTHS: dict[str, tuple[tuple[str, ...], str]] = {
    "capital_market_assumptions": ((LONG, OPEN), "means, risks and yields of the past"),
    "shrinkage": ((LONG, OPEN), "covariances that real months gave"),
    "forecast_record": ((LONG, OPEN), "what came after each forecast"),
    "style_analysis": ((LONG, OPEN), "indices, factors, and months of the plan's classes"),
    "mean_variance": ((LONG, OPEN), "walks through real months"),
    "black_litterman": ((LONG, OPEN), "the price of risk, and what came after each edition"),
    "views": ((LONG, OPEN), "a signal's months, and a history that a view is held against"),
    "mandate": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "robustness": ((LONG, OPEN), "walks through real months"),
    "risk_parity": ((LONG, OPEN), "walks through real months"),
    "tail_risk": ((LONG, OPEN), "losses of real months"),
    "alternatives": ((LONG, OPEN), "gold, listed real estate and what stale prices hide"),
    "plan_menu": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "model_portfolios": ((LONG, OPEN), "the record of the adopted method"),
    "asset_location": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "glidepaths": (
        (LONG, OPEN, COMMITTED),
        f"runs of real months beside the assumptions; {_OUTLOOK}",
    ),
    "contributions": (
        (LONG, OPEN, COMMITTED),
        f"runs of real months beside the assumptions; {_OUTLOOK}",
    ),
    "retirement_income": (
        (LONG, OPEN, COMMITTED),
        f"what could have been withdrawn; {_OUTLOOK}",
    ),
    "rebalancing": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "settlement": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "stress_testing": (
        (LONG, OPEN),
        "what goes with a shock; the windows are published years, which no import changes",
    ),
    "monitoring": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "real_plan": (
        (LONG, COMMITTED),
        "the funds' months stand in plans/tsp as published, and what was known on a day must not "
        "move with an import; the open portfolios of companies do",
    ),
    "effective_challenge": ((), "its data are SYNTHETIC, so that the truth is known"),
    "one_quarter": (
        (OPEN, COMMITTED),
        "the learner sees an import; what a log seals is made again from the committed record, "
        "on any machine",
    ),
    "audit_log": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "governance": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
    "model_validation": ((OPEN,), "months of the plan's classes, where its funds bring returns"),
}
_RECORDS = {
    LONG: "US equity, factors and corporate bonds from 1949 (or as imported)",
    OPEN: "the Thrift Savings Plan's funds, Treasuries, bills, prices and gold",
    COMMITTED: "the same as committed, whatever was imported",
}


def months_of(chapter: str) -> Standing:
    """The book's own months in a chapter: imported, or as it ships, and what they are asked.

    Examples
    --------
    >>> months_of("effective_challenge").status
    'none'

    What no import reaches stays the book's own; where it reaches some of a chapter's months and
    not others, they are imported in part:

    >>> from unittest.mock import patch
    >>> for folder in (None, "kept"):
    ...     with patch.object(history, "folder", return_value=folder):
    ...         for chapter in ("monitoring", "real_plan", "effective_challenge"):
    ...             one = months_of(chapter)
    ...             print(one.name, one.status, one.files, sep=" | ")
    the book's months | the book's | ('prudent import',)
    the book's months | the book's | ('prudent import',)
    the book's months | none | ()
    the book's months | imported | ()
    the book's months | imported in part | ()
    the book's months | none | ()
    >>> asked = "months of the plan's classes, where its funds bring returns"
    >>> months_of("mandate").what == f"{asked}: {_RECORDS[OPEN]}"
    True
    >>> months_of("views").what.split(": ", 1)[1] == f"{_RECORDS[LONG]}; {_RECORDS[OPEN]}"
    True
    >>> months_of("effective_challenge").what
    'its data are SYNTHETIC, so that the truth is known'
    >>> with patch.dict(MONTHS, alone=((COMMITTED,), "x")):
    ...     with patch.object(history, "folder", return_value="kept"):
    ...         (months_of("alone").status, months_of("alone").files)
    ("the book's", ())
    """
    among("chapter", [chapter], MONTHS, error=DataError)
    records, asked = MONTHS[chapter]
    if not records:
        return Standing(_MONTHS, NONE, asked, ())
    what = f"{asked}: {'; '.join(_RECORDS[one] for one in records)}"
    reached = [one for one in records if one != COMMITTED]
    if reached and history.folder() is not None:
        return Standing(_MONTHS, IMPORTED if reached == list(records) else IMPORTED_PART, what, ())
    return Standing(_MONTHS, SHIPPED, what, ("prudent import",) if reached else ())


def by_chapter() -> pd.DataFrame:
    """Which inputs each chapter uses: of the plan's folder, and of the book's months.

    Examples
    --------
    >>> shown = by_chapter()
    >>> for name in ("style_analysis", "effective_challenge"):
    ...     print(*shown.loc[name], sep=" | ")
    ... # doctest: +NORMALIZE_WHITESPACE
    monthly returns of funds, monthly returns of classes, assumptions of classes,
    what the committee decided | long, open | indices, factors, and months of the plan's classes
    what the committee decided | none | its data are SYNTHETIC, so that the truth is known
    >>> list(shown.index) == list(CHAPTERS) == list(MONTHS), list(shown.columns)
    (True, ["of the plan's folder", "the book's months", 'what they are asked'])
    >>> shown.index.name
    'chapter'
    """
    rows = {
        chapter: {
            "of the plan's folder": ", ".join(INPUTS[name][0] for name in used),
            _MONTHS: ", ".join(MONTHS[chapter][0]) or "none",
            "what they are asked": MONTHS[chapter][1],
        }
        for chapter, used in CHAPTERS.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("chapter")


def waiting() -> tuple[str, ...]:
    """Inputs that are read, checked and carried, and that no chapter shows yet.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> alone = {"one": ("people", "policy"), "two": tuple(INPUTS)[3:]}
    >>> with patch.dict(CHAPTERS, alone, clear=True):
    ...     waiting()
    ('assumptions',)
    >>> waiting()
    ()
    """
    used = {name for names in CHAPTERS.values() for name in names}
    return tuple(name for name in INPUTS if name not in used)


def of(plan: Plan, names: Sequence[str] = ()) -> list[Standing]:
    """How the inputs stand.

    Parameters
    ----------
    plan : whose inputs.
    names : which of `INPUTS`; all by default.

    Raises
    ------
    DataError
        For a name that is none.
    """
    for name in names:
        if name not in INPUTS:
            raise DataError(f"no input {name!r}{near_word(name, list(INPUTS))}")
    made = []
    for name in names or INPUTS:
        label, judge, files = INPUTS[name]
        status, what = judge(plan)
        made.append(Standing(label, status, what, files))
    return made


def _framed(standings: Sequence[Standing]) -> pd.DataFrame:
    rows = {
        one.name: {
            "status": one.status,
            "what is used": one.what,
            "brought by": "" if one.status == OWN else ", ".join(one.files),
        }
        for one in standings
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("input")


def table(plan: Plan, names: Sequence[str] = ()) -> pd.DataFrame:
    """One row an input: status, what is used, and the files that would bring the plan's own.

    Examples
    --------
    >>> from portlib import plan
    >>> table(plan.read(), ["assumptions"])["status"].item()
    'stands in'
    """
    return _framed(of(plan, names))


def people_missing(plan: Plan) -> list[str]:
    """What a reader must know of a plan whose people are few, or of whom nobody has answered.

    Examples
    --------
    >>> from portlib import plan
    >>> people_missing(plan.read())
    []
    """
    said = []
    if len(plan.participants) < FEW:
        said.append(
            f"{len(plan.participants)} people: what is computed from all of them (models by "
            "answers, the glidepath) rests on few"
        )
    if len(plan.participants) and not plan.participants["answers"].notna().any():
        said.append("nobody answered the questionnaire; no posture is a wish")
    return said


def missing(plan: Plan, name: str) -> str:
    """What a page says where the plan did not bring an input; empty where it did, even in part."""
    (one,) = of(plan, [name])
    if one.status in (OWN, PART):
        return ""
    files = " and ".join(f"`{file}`" for file in one.files)
    return (
        f"This plan did not bring its own {one.name}: what stands in is used above, and is its "
        f"answer too. {files} in its folder would be used here (`prudent new` shows how)."
    )


def law(plan: Plan) -> str:
    """What a page that names ERISA says where ERISA does not cover the plan; empty where it does.

    Examples
    --------
    >>> from portlib import plan
    >>> law(plan.read())
    ''
    """
    if plan.legal_regime == "ERISA":
        return ""
    clause = plan.rules["clauses"].get("legal_regime")
    return (
        f"{plan.name} is {LEGAL_REGIMES[plan.legal_regime]}: ERISA and the regulations under it "
        "that are named here do not bind it, and are shown as good practice."
        + (f" What binds it: {clause}." if clause else "")
    )


@dataclass(frozen=True, eq=False)
class Box:
    """A line that says what goes in, and the table behind it; a notebook shows it folded."""

    line: str
    table: pd.DataFrame

    def __repr__(self) -> str:
        return f"{self.line}\n{self.table.to_string()}"

    def _repr_html_(self) -> str:
        from portlib import figures  # draws, and so is heavy

        table = figures.table(self.table.rename_axis(None)).to_html()
        head = html.escape(self.line)
        return f'<details class="standing"><summary>{head}</summary>{table}</details>'


def box(plan: Plan, chapter: str) -> Box:
    """A chapter's inputs and how they stand, to be shown.

    Parameters
    ----------
    plan : whose inputs.
    chapter : one of `CHAPTERS`.

    Raises
    ------
    DataError
        For no chapter.
    """
    if chapter not in CHAPTERS:
        raise DataError(f"no chapter {chapter!r}{near_word(chapter, list(CHAPTERS))}")
    return _boxed(plan, [*of(plan, CHAPTERS[chapter]), months_of(chapter)])


def whole(plan: Plan) -> Box:
    """The same for all inputs of a plan: what the first page of its edition says."""
    return _boxed(plan, of(plan))


def _boxed(plan: Plan, standings: Sequence[Standing]) -> Box:
    shown = _framed(standings)
    said = [f"What goes in ({plan.name})."]
    for status, words in SAID.items():
        some = [str(name) for name in shown.index[shown["status"] == status]]
        if some or status == OWN:
            said.append(f"{words}: {', '.join(some) or 'nothing'}.")
    if INPUTS["people"][0] in shown.index:
        said += [f"{few[0].upper()}{few[1:]}." for few in people_missing(plan)]
    return Box(" ".join([*said, law(plan)]).strip(), shown)


def keeps_models(plan: Plan) -> bool:
    """Whether the policy's engine keeps to what the plan asks of models, few funds and whole
    percents; true where it asks for neither.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from portlib import plan as plans
    >>> ours = plans.read()  # eight funds, whole percents
    >>> averaged = replace(ours, policy=ours.policy.replace(optimizer="RESAMPLED"))
    >>> keeps_models(ours), keeps_models(averaged)
    (True, False)
    >>> free = {**ours.rules, "models": {"most_funds": 0, "whole_percent": False}}
    >>> keeps_models(replace(averaged, rules=free))
    True
    """
    asked = plan.rules["models"]
    limited = bool(asked["most_funds"] or asked["whole_percent"])
    return plan.policy["optimizer"] in MAXIMISES or not limited
