"""The quarterly review: what rings, since when, and how much of it is chance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from portlib import plan
from portlib.documents import quarterly_review
from portlib.documents.typesetting import pdf
from portlib.stewardship import monitoring
from tests.documents.unrun import DAY, MADE_FROM


@pytest.fixture(scope="module")
def seen(ours: plan.Plan) -> quarterly_review.Watch:
    return quarterly_review.watch(ours)


@pytest.fixture(scope="module")
def text(ours: plan.Plan, words: Callable[[bytes], str]) -> str:
    return words(pdf(quarterly_review.review(ours, made=DAY, made_from=MADE_FROM)))


def test_every_rule_stands_with_its_value_limits_and_chance(
    seen: quarterly_review.Watch, text: str
) -> None:
    for rule, series in seen.measured.items():
        assert rule.capitalize() in text
        limits = monitoring.limits(rule, policy=seen.plan.policy)
        value = float(series.iloc[-1])
        share = "share" in seen.plan.policy["alert_limits"][rule]["unit"] or rule.startswith("dist")
        shown = [f"{x:.1%}" if share else f"{x:.2f}" for x in (value, *limits.values())]
        assert f"{shown[0]} {shown[2]} {shown[3]}" in text, rule
    for chance in seen.by_chance.loc[list(monitoring.INFERRED), "watch"]:
        assert f"{chance:.1%}" in text


def test_the_portfolio_is_that_of_the_plans_model(seen: quarterly_review.Watch) -> None:
    _, net, bench = seen.returns
    w = seen.watched.target.copy()
    by_hand = []
    for t, month in enumerate(seen.net[list(seen.held)].to_numpy()):
        grown = w * (1 + month)
        by_hand.append(grown.sum() - 1)
        every = seen.plan.policy["monitoring_rebalance_months"]
        w = seen.watched.target if (t + 1) % every == 0 else grown / grown.sum()
    assert np.allclose(net, by_hand[-len(net) :], atol=1e-12)
    assert len(bench) == len(net) == len(seen.record)


def test_the_watch_list_is_what_asks_for_a_review_and_says_since_when(
    seen: quarterly_review.Watch, text: str
) -> None:
    asked = seen.reviews()["review"]
    listed = {str(option) for option, why in asked.items() if why}
    assert set(seen.since) == listed
    for option in listed:
        assert seen.since[option] in text


def test_a_spell_began_where_the_quarter_before_was_quiet(seen: quarterly_review.Watch) -> None:
    for option, since in list(seen.since.items())[:3]:
        if "before" in since:
            continue
        ends = [end for end in seen.months.index if f"{end:%B %Y}" == since]
        at = seen.months.index.get_loc(ends[0])
        before = seen.months.index[at - quarterly_review.QUARTER]
        assert seen.reviews(ends[0])["review"][option]
        assert not seen.reviews(before)["review"][option]


def test_months_that_are_made_up_are_called_so(text: str) -> None:
    assert "SYNTHETIC" in text
    assert "stand-in" in text
