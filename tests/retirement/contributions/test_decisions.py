"""Ranking decisions: by paired differences of another kind, and that nothing is worth nothing."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from portlib.retirement import cases as rows
from portlib.retirement.cases import balanced
from portlib.retirement.contributions.decisions import Decision, rank
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate

PERSON = Household(
    age=45,
    retirement_age=65,
    pay=80_000,
    balance=60_000,
    deferral_rate=0.06,
    replacement_rate=0.6,
    social_security=28_000.0,
    claiming_age=65,
)
MIX = balanced(0.6)
BASE = Decision(PERSON, MIX)


@pytest.fixture(scope="module")
def lives() -> rows.Lives:
    rng = np.random.default_rng(1)
    values = np.expm1(rng.normal([0.05, 0.015], [0.16, 0.06], (3_000, PERSON.horizon, 2)))
    returns = Scenarios(values, ("equity", "bonds"), "made up", (), np.zeros(values.shape[:2]))
    return rows.draw(PERSON, returns, np.random.default_rng(2))


def test_changes_and_intervals_agree_with_paired_differences(lives) -> None:
    more = replace(PERSON, deferral_rate=0.10)
    table = rank(BASE, {"more": Decision(more, MIX)}, lives, np.random.default_rng(3))
    goal = replace(PERSON, replacement_rate=None, spending=PERSON.target)
    case = rows.of_households([goal, replace(goal, deferral_rate=0.10)], MIX, lives, names="ab")
    found = simulate(case, lives).difference("b", "a").loc["success"]
    row = table.loc["more"]
    assert row["chance"] == pytest.approx(found["mid"])
    assert row["chance low"] == pytest.approx(found["low"], abs=0.004)
    assert row["chance high"] == pytest.approx(found["high"], abs=0.004)
    assert row["dollars low"] < row["dollars"] < row["dollars high"]


def test_no_change_is_worth_nothing_and_worse_is_less(lives) -> None:
    table = rank(
        BASE,
        {"same": BASE, "dearer": Decision(PERSON, balanced(0.6, fee=0.01))},
        lives,
        np.random.default_rng(3),
        draws=50,
    )
    assert table.loc["same"].abs().max() == 0
    assert table.loc["dearer", "dollars high"] < 0
    assert list(table.index) == ["same", "dearer"]


def test_a_base_without_a_goal_is_refused(lives) -> None:
    free = Decision(replace(PERSON, replacement_rate=None), MIX)
    with pytest.raises(ValueError, match="states no spending"):
        rank(free, {}, lives, np.random.default_rng(3))


def test_every_decision_is_priced_by_the_mortality_given(lives) -> None:
    frail = Mortality(relative=2.0)
    few = lives.part(slice(20))
    with mock.patch.object(rows, "of_households", wraps=rows.of_households) as made:
        rank(BASE, {"same": BASE}, few, np.random.default_rng(3), draws=2, mortality=frail)
    assert [call.kwargs["mortality"] for call in made.call_args_list] == [frail, frail]
