"""Capacity: what somebody will live on, and what a bad market takes of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.retirement.model_portfolios import advice, capacity
from portlib.retirement.model_portfolios.capacity import Person
from tests.retirement.model_portfolios.cases import WHO

few = settings(max_examples=20, deadline=None)


def test_resources_are_sums_of_discounted_years(desk):
    r, means = desk.decided["capacity_real_rate"], capacity.resources(WHO, desk)
    assert means["savings"] == pytest.approx(sum(8_000 / (1 + r) ** t for t in range(1, 16)))
    assert means["need"] == pytest.approx(sum(40_000 / (1 + r) ** t for t in range(16, 39)))
    more = capacity.resources(replace(WHO, other_income=10_000), desk)
    assert more["income"] - means["income"] == pytest.approx(
        sum(10_000 / (1 + r) ** t for t in range(16, 39))
    )


@few
@given(wealth=st.floats(0, 5e6), more=st.floats(0, 2e6), spending=st.floats(1e4, 2e5))
def test_more_other_income_never_lowers_the_ceiling_of_loss(wealth, more, spending, desk):
    poor = replace(WHO, balance=wealth, spending=spending)
    rich = replace(poor, other_income=more / 20)
    ranks = [desk.order.index(advice.ceilings(p, desk, None)["loss"]) for p in (poor, rich)]
    assert ranks[0] <= ranks[1]


def test_a_loss_is_the_fall_of_what_is_held(desk):
    fall, means = desk.decided["capacity_fall"], capacity.resources(WHO, desk)
    share, covered = capacity.loss_share(WHO, 0.6, desk)
    whole = means["wealth"] + means["savings"] + means["income"]
    lost = 300_000 * (0.6 * fall["equity"] + 0.4 * fall["other"])
    assert share == pytest.approx(lost / whole)
    assert covered == (whole - lost >= means["need"])


def test_lives_are_centred_and_their_means_scatter_as_providers_do(desk):
    blocks = desk.decided["advice_lives"]["blocks"]
    drawn = desk.lives("proposing").returns.values
    by_block = drawn.reshape(blocks, -1, *drawn.shape[1:]).mean(axis=(1, 2))
    paired = by_block[: blocks // 2] + by_block[blocks // 2 :]
    apart = by_block[: blocks // 2] - by_block[blocks // 2 :]
    assert (apart.std(axis=0) > 2 * paired.std(axis=0)).mean() > 0.8
    spread = np.sqrt(np.diag(desk.doubt))
    assert (apart / 2).std(axis=0, ddof=1) == pytest.approx(spread, rel=0.6, abs=5e-4)


def test_the_three_sets_of_lives_are_drawn_apart_and_doubt_alike(desk):
    """No two share a market; the errors of the means are as large as stated in each."""
    sets = [desk.lives(which) for which in ("proposing", "confirming", "judging")]
    assert len({lives.seed for lives in sets}) == 3
    assert len({float(lives.returns.values[0, 0, 0]) for lives in sets}) == 3
    assert [lives.blocks for lives in sets] == [20, 80, 80]
    for count in (12, 40):
        drawn = capacity._errors(desk.doubt, count, np.random.default_rng(count))
        assert drawn.T @ drawn / count == pytest.approx(desk.doubt, abs=1e-12)
    few = capacity._errors(desk.doubt, 3, np.random.default_rng(1))
    assert few.shape == (3, len(desk.doubt)) and np.isfinite(few).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"age": 7}, "age is 7"),
        ({"pay": -1}, "pay is -1"),
        ({"saving": 10}, "saving is 10"),
        ({"equity_cap": 60}, "equity_cap"),
        ({"balance": math.inf}, "balance"),
        ({"age": 60, "life_expectancy": 50}, "not after age"),
        ({"holdings": {"X": 0.5}}, "sum to one"),
    ],
)
def test_impossible_people_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Person(**wrong)
