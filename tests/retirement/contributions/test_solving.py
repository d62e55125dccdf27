"""The inverse question: by substitution, the textbook and every age tried."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import plan
from portlib.retirement import cases as rows
from portlib.retirement.cases import balanced
from portlib.retirement.contributions.solving import solve, solve_for
from portlib.retirement.household import Household
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate

PERSON = Household(
    age=40,
    retirement_age=65,
    pay=80_000,
    balance=60_000,
    deferral_rate=0.06,
    replacement_rate=0.7,
    social_security=28_000.0,
    claiming_age=65,
)
MIX = balanced(0.6)


def lives_of(paths: int, h: Household = PERSON, seed: int = 1) -> rows.Lives:
    rng = np.random.default_rng(seed)
    values = np.expm1(rng.normal([0.05, 0.015], [0.16, 0.06], (paths, h.horizon, 2)))
    change = np.full((paths, h.horizon), 0.02)
    returns = Scenarios(values, ("equity", "bonds"), "made up", (), change)
    return rows.draw(h, returns, np.random.default_rng(seed + 1))


def chance(h: Household, lives: rows.Lives) -> float:
    return float(simulate(rows.of_households([h], MIX, lives), lives).chance()["mid"].iloc[0])


def test_the_answer_put_in_gives_the_chance_asked_and_a_little_less_does_not() -> None:
    lives = lives_of(2_000)
    for success in (0.5, 0.75):
        found = solve("deferral_rate", PERSON, MIX, lives, success)
        assert found.reached
        assert chance(replace(PERSON, deferral_rate=found.value), lives) >= success
        less = replace(PERSON, deferral_rate=found.value - 0.003)
        assert chance(less, lives) < success
        assert found.low < found.value < found.high


def test_a_steady_world_asks_for_the_textbook_saving() -> None:
    certain = replace(
        PERSON, sex=None, last_age=95, balance=0.0, social_security=False, replacement_rate=0.2
    )
    steady = np.full((1, certain.horizon, 2), 0.03)
    lives = rows.draw(certain, Scenarios(steady, ("equity", "bonds"), "3% for ever"))
    need = 0.2 * 80_000 * (1 - 1.03**-30) / 0.03 * 1.03
    rate = need / (80_000 * (1.03**25 - 1) / 0.03 * 1.03**0.5)
    found = solve("deferral_rate", certain, MIX, lives, 0.5)
    assert found.value == pytest.approx(rate, abs=0.0005)


def test_nobody_is_asked_to_work_beyond_the_last_year() -> None:
    one = replace(PERSON, last_age=70, balance=0.0, replacement_rate=None, spending=5e6)
    found = solve("retirement_age", one, MIX, lives_of(20, one), 0.999)
    assert (found.value, found.reached, found.note) == (69.0, False, "not reached by 69")


def test_the_age_is_the_first_of_all_that_reaches_it() -> None:
    lives = lives_of(1_500)
    found = solve("retirement_age", PERSON, MIX, lives, 0.8)
    tried = [chance(replace(PERSON, retirement_age=age), lives) for age in range(60, 76)]
    first = next(60 + k for k, c in enumerate(tried) if c >= 0.8)
    assert found.value == first
    assert found.chance == pytest.approx(tried[first - 60])


def test_spending_that_lasts_is_met_with_its_chance() -> None:
    lives = lives_of(2_000)
    found = solve("spending", PERSON, MIX, lives, 0.85)
    as_goal = replace(PERSON, replacement_rate=None, spending=found.value)
    assert chance(as_goal, lives) == pytest.approx(0.85, abs=0.002)


def test_what_a_lever_cannot_reach_is_said() -> None:
    poor = replace(PERSON, age=60, balance=0.0)
    found = solve("deferral_rate", poor, MIX, lives_of(500, poor), 0.9)
    assert not found.reached
    assert "law's limit, 35,750" in found.note
    late = solve(
        "retirement_age", replace(poor, replacement_rate=1.5), MIX, lives_of(500, poor), 0.9
    )
    assert not late.reached
    assert late.note == "not reached by 75"


def test_intervals_hold_the_answer_of_many_more_lives() -> None:
    truth = solve("spending", PERSON, MIX, lives_of(40_000, seed=50), 0.85).value
    inside = 0
    for seed in range(60):
        found = solve("spending", PERSON, MIX, lives_of(400, seed=100 + seed), 0.85)
        inside += found.low <= truth <= found.high
    assert 51 <= inside <= 60


def test_a_participant_is_asked_by_name() -> None:
    the_plan = plan.read()
    found = solve_for("spending", the_plan, "P0001", lives=500)
    assert list(found) == the_plan.policy["success_levels"]
    dollars = [one.value for one in found.values()]
    assert dollars == sorted(dollars, reverse=True)
    one = solve_for("deferral_rate", the_plan, "P0001", success=0.5, lives=500)
    assert list(one) == [0.5]


def test_questions_that_make_no_sense_are_refused() -> None:
    lives = lives_of(50)
    with pytest.raises(ValueError, match="no lever"):
        solve("luck", PERSON, MIX, lives, 0.8)
    with pytest.raises(ValueError, match="percent"):
        solve("spending", PERSON, MIX, lives, 85)
    with pytest.raises(ValueError, match="states no spending"):
        solve("deferral_rate", replace(PERSON, replacement_rate=None), MIX, lives, 0.8)


def test_intervals_are_those_of_the_chance_that_many_lives_can_tell() -> None:
    """Each end is the answer at the chance less or more 1.96 of its standard error."""
    n, success = 400, 0.7
    lives = lives_of(n)
    half = 1.96 * (success * (1 - success) / n) ** 0.5
    for lever in ("retirement_age", "spending", "deferral_rate"):
        found = solve(lever, PERSON, MIX, lives, success)
        down, up = (solve(lever, PERSON, MIX, lives, success + s * half) for s in (-1, 1))
        low, high = sorted((down.value, up.value))
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.0005)
        assert found.low < found.high


def test_the_most_that_may_be_deferred_is_the_laws_and_no_more_than_pay() -> None:
    lives = lives_of(100)
    for pay in (9_000.0, 80_000.0, 400_000.0):
        rich = replace(PERSON, pay=pay, replacement_rate=None, spending=5e6)
        found = solve("deferral_rate", rich, MIX, lives, 0.5)
        assert not found.reached and found.value == pytest.approx(min(24_500 / pay, 1.0))
    idle = replace(PERSON, pay=0.0, replacement_rate=None, spending=5e6, match=())
    assert solve("deferral_rate", idle, MIX, lives, 0.5).value == 0.0
    nothing = replace(PERSON, replacement_rate=None, spending=1.0)
    assert solve("deferral_rate", nothing, MIX, lives, 0.5).value == 0.0
    assert solve("retirement_age", nothing, MIX, lives, 0.5).value == PERSON.age + 1
