"""Limits beyond policy as a file states them: kind, arguments and clause, each fault named."""

import re

import pytest

from portlib.inputs import classes, mandate
from portlib.tables import Findings

CLAUSE = {"clause": "investment policy statement, section 4"}
GOOD = {
    "position_limit": {"upper": 0.25},
    "position_floor": {"funds": ["A"], "lower": 0.02},
    "exclusion": {"funds": ["B"]},
    "group_limit": {"funds": ["A", "B"], "lower": 0.1, "upper": 0.5},
    "class_limit": {"classes": ["us_reits"], "upper": 0.1},
    "role_limit": {"role": "equity", "upper": 0.7},
    "score_floor": {"scores": {"A": 50, "B": 70}, "floor": 55},
    "expense_limit": {"upper": 0.002},
    "volatility_limit": {"limit": 0.12},
    "tracking_error": {"benchmark": {"A": 0.6, "B": 0.4}, "limit": 0.03},
    "turnover": {"limit": 0.2},
    "liquidity_limit": {"daily_volume": {"A": 1e6}, "portfolio_value": 1e7, "share": 0.5},
}


def made(*entries):
    found = Findings()
    content = {"constraints": list(entries)}
    return mandate.make(content, ["A", "B"], classes.survey_classes(), found), found


def test_every_kind_is_stated_with_its_arguments():
    assert set(GOOD) == set(mandate.KINDS)
    stated, found = made(
        *({"name": f"my {kind}", "kind": kind, **CLAUSE, **GOOD[kind]} for kind in GOOD)
    )
    assert not len(found), [*map(str, found)]
    assert {one.kind: dict(one.arguments) for one in stated} == GOOD
    soft, _ = made({"name": "x", "kind": "turnover", **CLAUSE, "limit": 0.2, "penalty": 0.01})
    assert soft[0].penalty == 0.01


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"kind": "position_limit", "upper": 25}, "upper 25 is not a number .*Write 0.25"),
        ({"kind": "position_limits", "upper": 0.2}, "did you mean 'position_limit'"),
        ({"kind": "position_limit"}, "a position_limit needs upper"),
        ({"kind": "group_limit", "funds": ["A"]}, "needs lower or upper"),
        ({"kind": "group_limit", "funds": ["Z"], "upper": 0.2}, "funds: 'Z' is not known"),
        ({"kind": "group_limit", "funds": "A", "upper": 0.2}, r"funds is a list like \[A, B\]"),
        ({"kind": "group_limit", "funds": ["A"], "lower": 0.5, "upper": 0.2}, "lower 0.5 is above"),
        ({"kind": "role_limit", "role": "stocks", "upper": 0.2}, "did you mean 'equity'"),
        ({"kind": "turnover", "limit": True}, "limit True is not a number"),
        ({"kind": "turnover", "limit": 0.1, "upper": 0.2}, "a turnover has no 'upper'"),
        (
            {"kind": "tracking_error", "benchmark": {"A": 0.5}, "limit": 0.1},
            "benchmark sums to 0.5",
        ),
        ({"kind": "turnover", "limit": 0.1, "clause": ""}, "clause is missing"),
    ],
)
def test_each_fault_is_named(entry, message):
    stated, found = made({"name": "mine", **CLAUSE, **entry})
    assert stated == ()
    assert any(re.search(message, str(finding)) for finding in found.refused), [*map(str, found)]


@pytest.mark.parametrize("content", [{}, {"constraints": {}}, {"constraints": []}, {"limits": []}])
def test_a_file_without_a_list_is_refused(content):
    found = Findings()
    assert mandate.make(content, [], classes.survey_classes(), found) == ()
    assert found.refused


@pytest.mark.parametrize(
    "odd", [{"kind": ["exclusion"], "funds": ["A"]}, {"kind": "role_limit", "role": {}, "upper": 1}]
)
def test_words_that_are_lists_are_refused_like_any_other_word(odd):
    found = Findings()
    entry = {"name": "odd", "clause": "IPS", **odd}
    assert mandate.make({"constraints": [entry]}, ["A"], classes.survey_classes(), found) == ()
    assert "is none of" in str(found.refused[0])
