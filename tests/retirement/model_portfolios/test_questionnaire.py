"""The questionnaire: reliability by second methods, coverage, contradictions, bad answers."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import policy
from portlib.retirement.model_portfolios import questionnaire as qu

OURS = policy.read()
few = settings(max_examples=20)
SEEDS = st.integers(0, 2**32 - 1)
ANSWERS = st.tuples(*[st.integers(1, 5)] * 7)


def people(seed, n=200, spread=0.8, error=0.8):
    rng = np.random.default_rng(seed)
    felt = rng.normal(3, spread, (n, 1)) + error * rng.standard_normal((n, 7))
    said = np.clip(np.rint(felt), 1, 5).astype(int)
    return np.where(qu.orientations(OURS) > 0, said, 6 - said)


@few
@given(seed=SEEDS)
def test_alpha_by_covariances_and_by_analysis_of_variance(seed):
    x = qu.oriented(people(seed, 60), qu.orientations(OURS))
    n, k = x.shape
    c = np.cov(x.T)
    by_covariance = k / (k - 1) * (c.sum() - np.trace(c)) / c.sum()
    persons, items = x.mean(axis=1) - x.mean(), x.mean(axis=0) - x.mean()
    rest = ((x - x.mean() - persons[:, None] - items) ** 2).sum() / ((n - 1) * (k - 1))
    by_anova = 1 - rest / (k * (persons**2).sum() / (n - 1))  # Hoyt (1941)
    assert qu.cronbach_alpha(x) == pytest.approx(by_covariance) == pytest.approx(by_anova)


def test_alpha_of_hoyts_table_from_a_regression_package():
    """The residual and between-person mean squares of statsmodels' two-way table give the same
    alpha.
    """
    x = qu.oriented(people(3, 12), qu.orientations(OURS))
    n, k = x.shape
    frame = pd.DataFrame(
        {"x": x.ravel(), "p": np.repeat(np.arange(n), k), "i": np.tile(np.arange(k), n)}
    )
    table = sm.stats.anova_lm(sm.OLS.from_formula("x ~ C(p) + C(i)", frame).fit())
    assert qu.cronbach_alpha(x) == pytest.approx(
        1 - table.loc["Residual", "mean_sq"] / table.loc["C(p)", "mean_sq"]
    )


def test_feldts_interval_covers_as_often_as_it_says():
    level, rng, true, inside = 0.8, np.random.default_rng(5), 7 * 0.64 / (7 * 0.64 + 0.64), 0
    for _ in range(400):
        x = rng.normal(0, 0.8, (50, 1)) + 0.8 * rng.standard_normal((50, 7))
        low, high = qu.feldt_interval(qu.cronbach_alpha(x), 50, 7, level)
        inside += low <= true <= high
    assert abs(inside / 400 - level) < 3 * math.sqrt(level * (1 - level) / 400)


def test_the_instrument_finds_the_error_it_was_given():
    """Rounding adds a twelfth to the variance of an answer's error; few of these answers touch an
    end of the scale.
    """
    said = [tuple(row) for row in people(11, 4000, 0.4, 0.6)]
    found = qu.calibrate(said, np.random.default_rng(0), policy=OURS)
    assert found.error == pytest.approx(math.sqrt(0.36 + 1 / 12), rel=0.04)
    assert found.standard_error == pytest.approx(found.error / math.sqrt(7))
    assert found.spread == pytest.approx(0.4, rel=0.05)


def test_an_interval_covers_the_true_score_as_often_as_it_says():
    found = qu.calibrate(
        [tuple(row) for row in people(11, 4000, 0.4, 0.6)], np.random.default_rng(0), policy=OURS
    )
    said, true = qu.simulate_careful(found, 3000, np.random.default_rng(1))
    scores = [qu.score(a, found) for a in said]
    inside = np.mean([s.low <= t <= s.high for s, t in zip(scores, true, strict=True)])
    assert inside == pytest.approx(found.level, abs=0.03)


@few
@given(answers=ANSWERS)
def test_turning_every_statement_round_mirrors_the_score(answers, desk):
    even = replace(desk.instrument, items=np.zeros(7))
    turned = qu.score([6 - a for a in answers], even)
    assert qu.score(answers, even).value == pytest.approx(6 - turned.value)


@few
@given(answers=ANSWERS, item=st.integers(0, 6))
def test_a_bolder_answer_never_makes_a_more_cautious_posture(answers, item, desk):
    o = desk.instrument.orientation
    bolder = list(answers)
    bolder[item] = int(np.clip(bolder[item] + o[item], 1, 5))
    order = list(desk.instrument.floors)
    before, after = (qu.score(a, desk.instrument).posture for a in (answers, bolder))
    assert order.index(after) >= order.index(before)


def test_a_posture_is_read_at_the_lower_end(desk):
    floors = desk.instrument.floors
    for answers in ([3] * 7, [5, 5, 1, 5, 5, 1, 5], [1, 1, 5, 1, 1, 5, 1], [4, 4, 2, 4, 4, 2, 4]):
        s = qu.score(answers, desk.instrument)
        assert (
            s.posture
            == [name for name, low in floors.items() if low <= s.low or name == next(iter(floors))][
                -1
            ]
        )
        assert list(s.bands) == list(floors)[list(floors).index(s.posture) :][: len(s.bands)]


def test_too_few_answers_use_the_norm():
    found = qu.calibrate(
        [None] * 50 + [(3, 3, 3, 3, 3, 3, 3)], np.random.default_rng(0), policy=OURS
    )
    norm = OURS["questionnaire_norm"]
    assert (found.people, found.mean, found.spread, found.error) == (
        0,
        norm["mean"],
        norm["spread"],
        norm["error"],
    )


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([1, 2, 3], "7 statements; 3 answers"),
        ([1, 2, 3, 4, 5, 6, 1], "answer 6 of person 1 is 6"),
        ([1, 2, 3, 4, 5, 2.5, 1], "2.5"),
        ([1, 2, 3, 4, math.nan, 2, 1], "answer 5"),
    ],
)
def test_answers_that_are_none_are_refused(answers, words):
    with pytest.raises(ValueError, match=words):
        qu.oriented(answers, qu.orientations(OURS))


def test_reliability_needs_variation():
    with pytest.raises(ValueError, match="vary"):
        qu.cronbach_alpha(np.full((5, 7), 3.0))


def test_two_statements_are_enough_and_one_is_not():
    x = np.array([[1.0, 2.0], [3.0, 3.0], [4.0, 5.0]])
    c = np.cov(x.T)
    assert qu.cronbach_alpha(x) == pytest.approx(2 * (c.sum() - np.trace(c)) / c.sum())
    with pytest.raises(ValueError, match="two items"):
        qu.cronbach_alpha(x[:, :1])
    with pytest.raises(ValueError, match="two people"):
        qu.cronbach_alpha(x[:1])


@pytest.mark.parametrize(("people", "k", "level"), [(5, 3, 0.8), (12, 7, 0.9), (300, 4, 0.5)])
def test_feldts_interval_is_his_formula(people, k, level):
    """Few people, so that the degrees of freedom show; from the tails of F, and at its own ends."""
    from scipy.stats import f

    low, high = qu.feldt_interval(0.7, people, k, level)
    law = f(people - 1, (people - 1) * (k - 1))
    assert law.cdf((1 - low) / 0.3) == pytest.approx((1 + level) / 2)
    assert law.cdf((1 - high) / 0.3) == pytest.approx((1 - level) / 2)
    assert low < 0.7 < high


def test_distances_by_hand():
    """Scatter and gap of one person, by loops over the statements."""
    measured = qu.calibrate([], np.random.default_rng(1), policy=OURS)
    answers = (5, 4, 1, 3, 5, 2, 4)
    turned = [
        a if o > 0 else 6 - a for a, o in zip(answers, measured.orientation.tolist(), strict=True)
    ]
    mean = sum(turned) / 7
    plain = [t for t, o in zip(turned, measured.orientation.tolist(), strict=True) if o > 0]
    other = [t for t, o in zip(turned, measured.orientation.tolist(), strict=True) if o < 0]
    gap = abs(sum(plain) / len(plain) - sum(other) / len(other))
    scatter = sum((t - mean) ** 2 for t in turned) / measured.error**2
    found = qu.distances([answers], measured)
    assert [float(found[0][0]), float(found[1][0])] == pytest.approx([scatter, gap])
    assert gap > 0
    straight = replace(measured, orientation=np.ones(7))
    assert qu.distances([answers], straight)[1].tolist() == [0.0]


@pytest.mark.parametrize("name", ["gap", "scatter"])
def test_each_limit_is_held_against_its_own_distance_and_met_at_its_value(name):
    """A hair below what was found is a fault, named; the value itself is none. The other limit, far
    away, plays no part."""
    measured = qu.calibrate([], np.random.default_rng(1), policy=OURS)
    answers = (5, 4, 1, 3, 5, 2, 4)
    found = dict(
        zip(
            ("scatter", "gap"), map(float, np.ravel(qu.distances([answers], measured))), strict=True
        )
    )
    free = replace(measured, scatter_limit=math.inf, gap_limit=math.inf)
    for limit, fine in ((found[name], True), (found[name] * (1 - 1e-9), False)):
        held = replace(free, **{f"{name}_limit": limit})
        assert qu.consistent([answers], held).tolist() == [fine]
        told = qu.score(answers, held)
        assert told.usable is fine
        word = {"gap": "disagree", "scatter": "scatter more"}[name]
        assert [word in fault for fault in told.faults] == ([] if fine else [True])


def test_a_norm_is_worth_what_its_numbers_say_and_rings_as_often_as_policy_lets():
    """Without answers: reliability from spread and error, the level for intervals, the share of
    false alarms for limits; each from its own entry."""
    norm = {**OURS["questionnaire_norm"], "spread": 0.9, "error": 0.6, "mean": 2.7}
    by_share = {}
    for share in (0.02, 0.2):
        policy_of = OURS.replace(
            questionnaire_norm=norm, questionnaire_false_alarms=share, questionnaire_level=0.9
        )
        one = qu.calibrate([], np.random.default_rng(1), policy=policy_of)
        assert one.alpha == pytest.approx(0.81 / (0.81 + 0.36 / 7))
        assert (one.mean, one.spread, one.error, one.level) == (2.7, 0.9, 0.6, 0.9)
        assert one.standard_error == pytest.approx(0.6 / math.sqrt(7))
        said, _ = qu.simulate_careful(one, 20_000, np.random.default_rng(2))
        scatter, gap = qu.distances(said, one)
        for far, limit in ((scatter, one.scatter_limit), (gap, one.gap_limit)):
            assert (far > limit).mean() <= share / 2 + 4 * math.sqrt(share / 2 / 20_000)
        by_share[share] = (one.scatter_limit, one.gap_limit)
    assert all(a > b for a, b in zip(by_share[0.02], by_share[0.2], strict=True))
