"""The quarterly review: what rings, since when, and how much of it is chance."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from portlib import plan
from portlib.documents import quarterly_review
from portlib.documents.document import Table, Text
from portlib.documents.typesetting import pdf
from portlib.stewardship import monitoring
from tests.documents.unrun import DAY, MADE_FROM


@pytest.fixture(scope="module")
def seen(ours: plan.Plan) -> quarterly_review.Quarter:
    return quarterly_review.quarter(ours)


@pytest.fixture(scope="module")
def text(ours: plan.Plan, words: Callable[[bytes], str]) -> str:
    return words(pdf(quarterly_review.review(ours, made=DAY, made_from=MADE_FROM)))


def test_every_rule_stands_with_its_value_limits_and_chance(
    seen: quarterly_review.Quarter, text: str
) -> None:
    for rule, series in seen.watch.measured.items():
        assert rule.capitalize() in text
        limits = monitoring.limits(rule, policy=seen.plan.policy)
        value = float(series.iloc[-1])
        share = "share" in seen.plan.policy["alert_limits"][rule]["unit"] or rule.startswith("dist")
        shown = [f"{x:.1%}" if share else f"{x:.2f}" for x in (value, *limits.values())]
        assert f"{shown[0]} {shown[2]} {shown[3]}" in text, rule
    for chance in seen.by_chance.loc[list(monitoring.INFERRED), "watch"]:
        assert f"{chance:.1%}" in text


def test_the_watch_list_is_what_asks_for_a_review_and_says_since_when(
    seen: quarterly_review.Quarter, text: str
) -> None:
    asked = seen.reviews()["review"]
    listed = {str(option) for option, why in asked.items() if why}
    assert set(seen.since) == listed
    for option in listed:
        assert seen.since[option] in text


def test_a_spell_began_where_the_quarter_before_was_quiet(seen: quarterly_review.Quarter) -> None:
    months = seen.watch.net.index
    for option, since in list(seen.since.items())[:3]:
        if "before" in since:
            continue
        ends = [end for end in months if f"{end:%B %Y}" == since]
        before = months[months.get_loc(ends[0]) - quarterly_review.QUARTER]
        assert seen.reviews(ends[0])["review"][option]
        assert not seen.reviews(before)["review"][option]


def test_draws_judge_no_fund_of_a_plan_that_exists(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    real = replace(ours, rules={**ours.rules, "origin": "somebody's statements"})
    said = words(pdf(quarterly_review.review(real, made=DAY, made_from=MADE_FROM)))
    assert f"None of {len(quarterly_review.quarter(ours).watch.options)} can be judged" in said
    assert "behind its benchmark" not in said
    assert "Nobody is judged by them" in said


def test_months_that_are_made_up_are_called_so(text: str) -> None:
    assert "SYNTHETIC" in text
    assert "stand-in" in text


def test_what_a_model_earned_is_net_of_its_funds_expenses(
    seen: quarterly_review.Quarter, text: str
) -> None:
    """The lead and its error over the record, from wealth month by month and not from a mean."""
    told = seen.watch.returns
    apart = [
        float(ours) - float(theirs) for ours, theirs in zip(told.net, told.benchmark, strict=True)
    ]
    lead = 12 * sum(apart) / len(apart)
    before = 12 * float((told.gross - told.benchmark).mean())
    assert f"{lead:+.2%}" != f"{before:+.2%}"
    error = 12**0.5 * statistics.stdev(apart) / (len(apart) / 12) ** 0.5
    assert f"earned {lead:+.2%} a year against its benchmark, give or take {error:.2%}" in text


def test_only_what_the_plan_itself_decided_within_the_quarter_is_what_was_decided(
    ours: plan.Plan,
) -> None:
    names = list(ours.policy.entries)[:4]
    month = pd.Timestamp(ours.as_of) - pd.DateOffset(months=quarterly_review.QUARTER)
    days = [month, month - pd.Timedelta(days=1), pd.Timestamp(ours.as_of), month]
    entries = dict(ours.policy.entries)
    for name, day in zip(names, days, strict=True):
        entries[name] = {**entries[name], "date": f"{day:%Y-%m-%d}", "reason": f"why {name}"}
    own = set(names[:3])  # the fourth is as new, and not the plan's

    class Told:
        policy = type("Policy", (), {"entries": entries, "own": own})
        as_of = ours.as_of
        inputs = ours.inputs

    class Seen:
        plan = Told

    tables = [b for b in quarterly_review._decided(Seen) if isinstance(b, Table)]
    assert [row[3] for row in tables[0].rows] == [f"why {names[0]}", f"why {names[2]}"]
    assert [row[0] for row in tables[0].rows] == [f"{month:%Y-%m-%d}", f"{ours.as_of}"]
    Told.policy.own = {names[1]}
    assert not [b for b in quarterly_review._decided(Seen) if isinstance(b, Table)]


def test_a_number_that_is_none_is_left_empty_and_none_has_a_sign_of_nothing() -> None:
    assert [quarterly_review._signed(x) for x in (0.0123, -0.0045, -0.000001, float("nan"))] == [
        "+1.23%",
        "-0.45%",
        "+0.00%",
        "",
    ]
    assert quarterly_review._signed(0.0123, plain=True) == "1.23%"
    assert [quarterly_review._ratio(x) for x in (0.456, -0.001, float("inf"))] == [
        "0.46",
        "0.00",
        "",
    ]
    number = quarterly_review._number
    assert (number(0.0456, "weight"), number(0.0456, "a share of all")) == ("4.6%", "4.6%")
    assert number(0.0456, "errors") == "0.05"


def test_whose_months_an_option_s_are_is_judged_by_the_first_of_the_record(
    seen: quarterly_review.Quarter,
) -> None:
    first, second, third, *_ = map(str, seen.watch.options.index)
    record = seen.watch.record
    own = {first: record[0], second: record[1]}
    some = replace(seen, watch=replace(seen.watch, own_since=own), judged=(first,))
    told = [quarterly_review._months_of(some, option) for option in (first, second, third)]
    assert told == ["own", f"own from {record[1]:%Y-%m}", "stand-in"]
    count = len(seen.watch.options)
    (note,) = quarterly_review._stand_ins(some)
    assert f"brings months of 2 of its {count} funds" in note.text
    assert note.text.endswith("Nobody is judged by them.")
    assert f"the other {count - 1} over the whole record" in quarterly_review._asked(some)
    assert "of the 1 funds that can be judged" in quarterly_review._asked(some)
    nobody = replace(some, judged=())
    assert f"None of {count} can be judged" in quarterly_review._asked(nobody)
    all_own = dict.fromkeys(map(str, seen.watch.options.index), record[0])
    whole = replace(seen, watch=replace(seen.watch, own_since=all_own))
    assert quarterly_review._stand_ins(whole) == []


def test_whose_months_the_portfolio_s_are_is_said_of_the_funds_that_it_holds(
    seen: quarterly_review.Quarter,
) -> None:
    watch = seen.watch
    held = [fund for fund, x in zip(watch.held, watch.watched.target, strict=True) if x > 0]
    assert len(held) < len(watch.held)
    first, later = watch.record[0], watch.record[1]
    for own, words in (
        (dict.fromkeys(held, first), "The months are those of the funds themselves."),
        ({**dict.fromkeys(held, first), held[0]: later}, "The record is SYNTHETIC"),
        (dict.fromkeys(held[1:], first), "The record is SYNTHETIC"),
    ):
        some = replace(seen, watch=replace(watch, own_since=own))
        told = [b.text for b in quarterly_review._portfolio(some) if isinstance(b, Text)]
        assert told[0].startswith(words)
