"""Judged on the same lives: planted differences are found, none is found where there is none."""

from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement import outlook
from portlib.retirement.glidepaths import Taste, spent_for_life
from portlib.retirement.model_portfolios import capacity, comparison, ways
from tests.retirement.model_portfolios.cases import WHO


@pytest.fixture(scope="module")
def judged(desk):
    usual = ways.ways(desk, "moderate")[ways.DEFAULT]
    paths = {ways.DEFAULT: usual, "same": usual, "dear": usual.charged(usual.fee + 0.01)}
    return comparison.judge(WHO, desk, paths, "moderate")


def test_the_same_is_equal_and_the_dearer_is_worse_beyond_any_doubt(judged):
    assert judged.gain("same") == pytest.approx((0.0, 0.0), abs=1e-12)
    assert judged.verdict("same") == "equal"
    assert judged.verdict("dear") == "worse" and judged.verdict(ways.DEFAULT, "dear") == "better"
    gain, doubt = judged.gain("dear")
    assert judged.gain(ways.DEFAULT, "dear") == pytest.approx((-gain, doubt))
    assert (judged.shortfall[2] >= judged.shortfall[0]) and (judged.goal[2] <= judged.goal[0])


def test_only_people_of_one_age_are_judged_together_and_a_goal_not_asked_about_is_unknown(desk):
    path = {ways.DEFAULT: ways.ways(desk, "moderate")[ways.DEFAULT]}
    one, other = (comparison.Choice(replace(WHO, age=age), path) for age in (50, 51))
    lives = desk.lives("proposing")
    with pytest.raises(ValueError, match="aged 50 and 51 do not meet the same lives"):
        comparison.judge_together([one, other], desk, "moderate", lives)
    (found,) = comparison.judge_together([one], desk, "moderate", lives, goals=False)
    assert np.isnan(found.goal).all() and np.isnan(found.shortfall).all()
    assert found.worth == comparison.judge(one.who, desk, path, "moderate").worth


def test_a_difference_within_doubt_is_equal(judged):
    gain, doubt = judged.gain("dear")
    unsure = replace(judged, k=1.001 * abs(gain) / doubt)
    assert unsure.verdict("dear") == "equal"
    assert replace(judged, k=0.999 * abs(gain) / doubt).verdict("dear") == "worse"


def test_worth_is_the_simulators_certainty_equivalent(judged, desk):
    home = replace(comparison.household_of(WHO, desk), spending=None)
    policy = desk.plan.policy
    by = Taste(
        policy["lifecycle_risk_aversion"], policy["spending_floor"], outlook.mortality(desk.plan)
    )
    out = spent_for_life(
        [ways.ways(desk, "moderate")[ways.DEFAULT]], home, desk.lives("proposing").returns, by
    )
    assert judged.worth[0] == pytest.approx(out.certainty_equivalent()[0], rel=1e-12)


def test_doubt_is_the_scatter_of_worlds_not_of_lives(desk):
    """Where providers agree nothing but sampling is left, and more equity is worth what it is."""
    ours = ways.ways(desk, "aggressive")
    pair = {name: ours[name] for name in (ways.DEFAULT, ways.SERIES)}
    doubted = comparison.judge(WHO, desk, pair, "aggressive").gain(ways.SERIES)[1]
    agreed = replace(desk)
    agreed.__dict__["doubt"] = np.zeros_like(desk.doubt)
    sampled = comparison.judge(WHO, agreed, pair, "aggressive").gain(ways.SERIES)[1]
    assert sampled < doubted


def test_asked_twice_is_better_only_where_both_say_so(judged):
    """Each of the nine pairs of verdicts, and the second is asked only where it matters."""
    dear = judged.gain("dear")
    sure, unsure = (replace(judged, k=f * abs(dear[0]) / dear[1]) for f in (0.999, 1.001))
    turned = replace(sure, worth=1 / sure.worth, gains=-sure.gains)  # better where it was worse
    said = {"worse": sure, "equal": unsure, "better": turned}
    for first, one in said.items():
        for second, two in said.items():
            asked = comparison.Asked({"proposing": one, "confirming": two}.get)
            assert asked.verdict("dear") == (first if first == second else "equal")
            assert asked.ever_worse("dear") == ("worse" in (first, second))
    alone = comparison.Asked({"proposing": unsure}.__getitem__)
    assert alone.verdict("dear") == "equal"
    with pytest.raises(KeyError, match="judging"):
        assert alone.after


def test_what_is_worth_nothing_passes_both_askings_no_more_often_than_promised(desk):
    """Cantelli's bound against skewed gains of mean zero, drawn a hundred thousand times; two
    blocks of a pair say the same, which is the worst that a pair can do."""
    loose = replace(desk)
    loose.__dict__["decided"] = {
        **desk.decided,
        "no_trade_standard_errors": 0.5,
        "advice_lives": {"blocks": 6, "each": 20, "again": 12},
    }
    rng, passed = np.random.default_rng(3), np.ones(100_000, bool)
    for blocks in (6, 12):
        gains = np.repeat(1.0 - rng.exponential(size=(len(passed), blocks // 2)), 2, axis=1)
        passed &= gains.mean(axis=1) > 0.5  # half of the scatter, which is 1
    promised = comparison.chance_of_nothing(loose)
    assert promised == pytest.approx(1 / 1.75 / 2.5)
    assert 0 < passed.mean() <= promised
    assert comparison.chance_of_nothing(loose, 2) == pytest.approx(1 / 2.5)  # 2 / 1.75 is no chance


def test_blocks_are_drawn_again_in_their_pairs():
    for blocks in (2, 5, 8):
        drawn = comparison.redraws(blocks, 50, np.random.default_rng(4))
        half, apart = blocks // 2, (blocks + 1) // 2
        assert drawn.shape == (50, 2 * half) and drawn.max() < blocks
        assert (drawn[:, half:] == drawn[:, :half] + apart).all()


def test_what_other_blocks_would_have_said_is_that_of_the_blocks_put_together(judged):
    """Each block once: nothing changes. One block alone: that block's gain, and lives of it."""
    count = judged.gains.shape[1]
    every = np.arange(count)[None]
    same = judged.redrawn(every, "dear").iloc[0]
    mid = judged.gain("dear")[0]
    said = {"better": 1, "equal": 0, "worse": -1}[judged.verdict("dear")]
    assert same["gain"] == pytest.approx(mid) and same["verdict"] == said
    i, j = (judged.names.index(name) for name in ("dear", ways.DEFAULT))
    for what in ("goal", "shortfall"):
        values = getattr(judged, what)
        assert same[what] == pytest.approx(values[i] - values[j])
    apart = judged.gains[i] - judged.gains[j]
    twice = judged.redrawn(np.full((1, count), 3), "dear").iloc[0]
    assert twice["gain"] == pytest.approx(mid + apart[3] - apart.mean())
    of = judged.block == 3
    assert twice["goal"] == pytest.approx(
        (judged.goal_by_life[i] - judged.goal_by_life[j])[of].mean()
    )
    assert (judged.redrawn(every, ways.DEFAULT) == 0).all(axis=None)


def test_a_bolder_posture_is_judged_at_less_aversion(desk):
    each = [comparison.aversion_of(desk, name) for name in desk.order]
    assert each == sorted(each, reverse=True)
    usual = comparison.aversion_of(desk, desk.decided["default_posture"])
    assert usual == desk.plan.policy["lifecycle_risk_aversion"]


def test_a_person_is_a_household_with_a_goal(desk):
    home = comparison.household_of(capacity.settled(WHO, desk)[0], desk)
    assert (home.age, home.retirement_age, home.balance) == (50, 65, 300_000)
    assert home.target == 40_000


def test_a_person_is_a_household_fact_by_fact(desk):
    """All that is held, what is charged, and the policy's numbers; and how lives are weighed."""
    who = replace(WHO, outside_assets=70_000, other_income=9_000)
    home = comparison.household_of(capacity.settled(who, desk)[0], desk)
    policy, rules = desk.plan.policy, desk.plan.rules
    assert home.balance == 370_000 and home.other_income == 9_000
    assert (home.pay, home.deferral_rate, home.spending) == (80_000, 0.1, 40_000)
    assert home.fee_dollars == rules["recordkeeping_fee"] > 0
    assert home.annuity_rate == policy["lifecycle_annuity_rate"]
    assert home.year == desk.plan.as_of.year
    path = {ways.DEFAULT: ways.ways(desk, "moderate")[ways.DEFAULT]}
    one = comparison.Choice(capacity.settled(who, desk)[0], path)
    faced = comparison.facing([one], desk, desk.lives("proposing").returns, 4.0, seed=1)
    free, aimed = faced.worth(), faced.goal()
    assert free.unit == aimed.unit == policy["spending_floor"]
    assert free.risk_aversion == 4.0 and free.names == aimed.names == (ways.DEFAULT,)
    models = policy["model_risk_aversion"]
    assert comparison.aversion_of(desk, "growth") == pytest.approx(
        policy["lifecycle_risk_aversion"] * models["growth"] / models[policy["default_posture"]]
    )
