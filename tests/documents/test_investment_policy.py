"""The policy statement: every figure an entry of the policy or of the plan's rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from portlib import plan
from portlib.documents import investment_policy
from portlib.documents.typesetting import pdf
from tests.documents.unrun import DAY, MADE_FROM, PLANS, as_shown, numbers

#: Numbers of the form itself: the law's paragraph, the hash's name, half of a product, sections.
FORM = {"404", "256", "1", "2", *map(str, range(1, 13))}


def made(ours: plan.Plan) -> bytes:
    return pdf(investment_policy.statement(ours, made=DAY, made_from=MADE_FROM))


@pytest.fixture(scope="module")
def text(ours: plan.Plan, words: Callable[[bytes], str]) -> str:
    """What the plan's own statement says."""
    return words(made(ours))


def test_every_number_is_the_plans_own(ours: plan.Plan, text: str) -> None:
    entries = {name: dict(entry) for name, entry in ours.policy.entries.items()}
    told = [ours.to_json(), entries, str(ours.policy.fingerprint[:10])]
    pages = as_shown(len(ours.funds)) | {f"{ours.assets / 1e6:,.1f}"}
    counted = as_shown(
        [
            len(ours.participants),
            *(len(v["value"]) for v in entries.values() if hasattr(v["value"], "__len__")),
        ]
    )
    dates = numbers(f"{DAY:%B %d, %Y} {ours.as_of:%B %d, %Y} {ours.as_of}")
    codes = numbers(" ".join(str(value) for value in MADE_FROM.values()))
    known = as_shown(told) | pages | counted | dates | codes | FORM
    shown = numbers(text.replace("1e-07", ""))
    assert shown - known == set()


def test_a_value_that_is_changed_changes_its_clause(
    ours: plan.Plan, text: str, words: Callable[[bytes], str]
) -> None:
    one, two = [n for n in range(60, 99) if f"{n}%" not in text][:2]
    changed = ours.policy.replace(max_single_fund=one / 100, turnover_limit=two / 100)
    after = words(made(replace(ours, policy=changed)))
    assert f"{one}%" in after
    assert f"{two}%" in after


def test_the_change_log_holds_the_plans_own_entries_with_reason_and_day(
    ours: plan.Plan, text: str
) -> None:
    for name in ours.policy.own:
        entry = ours.policy.entries[name]
        assert " ".join(str(entry["reason"]).split())[:40] in text
        assert str(entry["date"]) in text
    assert ("no policy of its own" in text) == (not ours.policy.own)


def test_a_plan_without_a_default_and_without_people_has_a_statement(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    bare = replace(ours, rules={**ours.rules, "default": None}, vintages=None)
    assert "names no default option" in words(made(bare))


def test_a_plan_of_another_law_names_it_and_not_erisa(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    clauses = {**ours.rules["clauses"], "legal_regime": "5 USC 8477(b)"}
    rules = {**ours.rules, "legal_regime": "GOVERNMENTAL", "clauses": clauses}
    other = words(made(replace(ours, rules=rules)))
    assert "5 USC 8477(b)" in other
    assert "ERISA" not in other


def test_a_hostile_name_is_shown_and_does_nothing(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    name = "#panic() *A* $x$ @b <c> [d]"
    other = replace(ours, rules={**ours.rules, "name": name})
    assert name in words(made(other))


def test_nothing_of_another_plan_is_in_it(whose: str, ours: plan.Plan, text: str) -> None:
    other = plan.read(next(folder for name, folder in PLANS.items() if name != whose))
    shared = set(ours.funds["label"])
    assert not [label for label in other.funds["label"] if label not in shared and label in text]
    assert other.name not in text


def test_a_limit_is_shown_with_every_digit_that_was_decided(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    decided = {"max_single_fund": 0.375, "turnover_limit": 0.245, "tracking_error_limit": 0.0275}
    after = words(made(replace(ours, policy=ours.policy.replace(**decided))))
    for shown in ("37.5% max single fund", "24.5% turnover limit", "2.75% tracking error limit"):
        assert shown in after
