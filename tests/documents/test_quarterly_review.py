"""The quarterly review: what rings, since when, and how much of it is chance."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest

from portlib import plan
from portlib.documents import quarterly_review
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
