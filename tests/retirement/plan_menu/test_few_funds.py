"""The search for few funds in whole percents, against every subset and every portfolio."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, milp

from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Mandate,
    Turnover,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mandate.infeasibility import possible, refuted
from portlib.construction.mandate.mandate import Program
from portlib.construction.mean_variance import (
    maximum_utility,
)
from portlib.records import Assumptions
from portlib.retirement import plan_menu as menu
from portlib.retirement.plan_menu import few_funds
from tests.retirement.plan_menu.cases import EXAMPLE, random_assumptions


def brute(a, mandate, aversion, k):
    best = -np.inf
    for funds in combinations(a.labels, k):
        sub = mandate.also(
            group_limit("others", [f for f in a.labels if f not in funds], upper=0.0)
        )
        try:
            best = max(
                best, menu.utility(maximum_utility(a, sub, risk_aversion=aversion), aversion)
            )
        except Infeasible:
            continue
    return best


@pytest.mark.parametrize("seed", range(3))
def test_at_most_k_funds_against_every_subset(seed):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 7)
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(0.5),
            group_limit("g", a.labels[:3], upper=0.6),
        ],
    )
    for k in (2, 3, 4):
        found = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k)
        assert found.utility == pytest.approx(brute(a, mandate, 4, k), abs=2e-9)
        assert (found.allocation.w > 1e-9).sum() <= k
        assert found.gap <= few_funds.WORTH


@pytest.mark.parametrize("seed", range(4))
def test_whole_percents_against_every_portfolio_of_whole_percents(seed):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 4)
    floor = 0.237
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            long_only(),
            position_limit(0.553),
            group_limit("g", a.labels[:2], lower=floor),
        ],
    )
    threes = np.array(list(product(range(56), repeat=3)))
    grid = np.column_stack([threes, 100 - threes.sum(axis=1)])
    grid = grid[(grid[:, 3] >= 0) & (grid[:, 3] <= 55)] / 100
    grid = grid[grid[:, :2].sum(axis=1) >= floor - 1e-12]
    for k, aversion in ((4, 3.0), (3, 8.0), (2, 3.0)):
        some = grid[(grid > 0).sum(axis=1) <= k]
        value = some @ a.mu - aversion / 2 * np.einsum("pi,ij,pj->p", some, a.sigma, some)
        found = few_funds.best_few(
            a, mandate, risk_aversion=aversion, most_funds=k, whole_percent=True
        )
        assert found.utility == pytest.approx(value.max(), abs=2e-9)
        assert np.allclose(100 * found.allocation.w, np.round(100 * found.allocation.w), atol=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.integers(2, 8))
def test_fewer_funds_and_whole_percents_never_gain(seed, k):
    rng = np.random.default_rng(seed)
    a = random_assumptions(rng, 10)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6)])
    free = menu.utility(maximum_utility(a, mandate, risk_aversion=4), 4)
    few = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k)
    whole = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=k, whole_percent=True)
    assert free + 1e-9 >= few.utility >= whole.utility - 1e-9
    order = rng.permutation(10)
    shuffled = a.select([a.labels[i] for i in order])
    again = few_funds.best_few(
        shuffled,
        Mandate(shuffled.labels, mandate.constraints),
        risk_aversion=4,
        most_funds=k,
        whole_percent=True,
    )
    assert again.allocation.weights[list(a.labels)].equals(
        whole.allocation.weights.rename(again.allocation.objective)
    )


def test_twins_are_interchangeable():
    a = Assumptions(["x", "y", "z"], [0.06, 0.06, 0.03], np.diag([0.04, 0.04, 0.001]))
    found = few_funds.best_few(
        a, Mandate(a.labels, [fully_invested(), long_only()]), risk_aversion=3, most_funds=2
    )
    assert found.allocation["z"] > 0
    assert min(found.allocation["x"], found.allocation["y"]) == 0


def test_few_funds_refuse_what_they_cannot_answer():
    a = random_assumptions(np.random.default_rng(0), 5)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.4)])
    with pytest.raises(NotSolved, match="no portfolio of at most 2 funds"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=2)
    with pytest.raises(NotSolved, match="raise most_solved"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=3, most_solved=0)
    with pytest.raises(ValueError, match="risk aversion"):
        few_funds.best_few(a, mandate, risk_aversion=0, most_funds=3)
    with pytest.raises(ValueError, match="one fund or more"):
        few_funds.best_few(a, mandate, risk_aversion=3, most_funds=0)
    with pytest.raises(ValueError, match="drop distances"):
        few_funds.best_few(
            a, mandate.also(Turnover("t", {"f0": 1.0}, 1.0)), risk_aversion=3, most_funds=3
        )
    with pytest.raises(ValueError, match="add long_only"):
        few_funds.best_few(
            a,
            mandate.without("long only").also(group_limit("x", ["f0"], lower=-1)),
            risk_aversion=3,
        )
    with pytest.raises(Infeasible, match="position limit"):
        few_funds.best_few(
            a, mandate.relaxed({"position limit": -0.3}), risk_aversion=3, most_funds=3
        )


def test_a_search_that_is_cut_short_says_what_is_not_proved():
    a, mandate = menu.menu_assumptions(EXAMPLE), menu.menu_mandate(EXAMPLE, "aggressive")
    whole = few_funds.best_few(a, mandate, risk_aversion=1.5, most_funds=5, whole_percent=True)
    short = few_funds.best_few(
        a, mandate, risk_aversion=1.5, most_funds=5, whole_percent=True, most_solved=40
    )
    assert whole.gap <= few_funds.WORTH
    assert short.utility <= whole.utility <= short.bound


FIXED = {
    "a fund held at a quarter": [group_limit("fixed", ["f1"], lower=0.25, upper=0.25)],
    "two funds at least a tenth": [group_limit(f"least {f}", [f], lower=0.1) for f in ("f0", "f3")],
    "a pair of exactly two fifths": [group_limit("pair", ["f0", "f2"], lower=0.4, upper=0.4)],
    "a fund left out": [group_limit("none", ["f0"], upper=0.0)],
    "one no more than another": [factor_limit("before", {"f0": 1.0, "f1": -1.0}, upper=0.0)],
    "one a tenth above another": [factor_limit("behind", {"f0": 1.0, "f1": -1.0}, lower=0.1)],
}


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_rules_no_portfolio_of_whole_percents_is_better(name, seed):
    """Rules that fix, bind from below, or set one fund against another, against every portfolio
    that obeys them."""
    a = random_assumptions(np.random.default_rng(seed), 4)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.61), *FIXED[name]])
    threes = np.array(list(product(range(62), repeat=3)))
    grid = np.column_stack([threes, 100 - threes.sum(axis=1)])
    grid = grid[(grid[:, 3] >= 0) & (grid[:, 3] <= 61)] / 100
    rows, p = grid @ mandate.program.rows.T, mandate.program
    obeys = ((rows >= p.rows_lower - 1e-9) & (rows <= p.rows_upper + 1e-9)).all(axis=1)
    obeys &= ((grid >= p.lower - 1e-9) & (grid <= p.upper + 1e-9)).all(axis=1)
    grid = grid[obeys]
    for k in (2, 3, 4):
        some = grid[(grid > 0).sum(axis=1) <= k]
        asked = {"risk_aversion": 3.0, "most_funds": k, "whole_percent": True}
        if not len(some):
            with pytest.raises(NotSolved, match="in whole percents"):
                few_funds.best_few(a, mandate, **asked)
            continue
        value = some @ a.mu - 3.0 / 2 * np.einsum("pi,ij,pj->p", some, a.sigma, some)
        found = few_funds.best_few(a, mandate, **asked)
        assert found.utility == pytest.approx(value.max(), abs=few_funds.WORTH)
        w = found.allocation.w
        assert ((100 * grid).round() == (100 * w).round()).all(axis=1).any(), "obeys every rule"
        assert found.bound >= value.max() - 1e-12
        assert found.utility == pytest.approx(a.mean_of(w) - 1.5 * a.risk_of(w) ** 2, abs=1e-12)


def test_the_search_cuts_off_what_cannot_be_better():
    """A bound that bounds nothing gives the same answer, late: fewer problems than there are
    subsets to try."""
    for seed in range(3):
        a = random_assumptions(np.random.default_rng(seed), 12)
        mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.6)])
        found = few_funds.best_few(a, mandate, risk_aversion=4, most_funds=4)
        assert found.gap <= few_funds.WORTH
        assert found.solved < 495 / 2  # twelve over four


def test_a_fund_whose_bounds_meet_is_held_at_them():
    """Its weight enters the risk of the others and what is left for them."""
    a = random_assumptions(np.random.default_rng(4), 4)
    bounds = {"lower": {a.labels[1]: 0.25}, "upper": {a.labels[1]: 0.25}}
    mandate = Mandate(a.labels, [fully_invested(), long_only(), Bounds("fixed", **bounds)])
    threes = np.array(list(product(range(76), repeat=2)))
    rest = 75 - threes.sum(axis=1)
    grid = np.column_stack([threes[:, 0], np.full(len(threes), 25), threes[:, 1], rest])
    grid = grid[rest >= 0] / 100
    value = grid @ a.mu - 1.5 * np.einsum("pi,ij,pj->p", grid, a.sigma, grid)
    found = few_funds.best_few(a, mandate, risk_aversion=3.0, whole_percent=True)
    assert found.allocation[a.labels[1]] == pytest.approx(0.25)
    assert found.utility == pytest.approx(value.max(), abs=few_funds.WORTH)


def test_counting_funds_makes_the_first_bound_tighter():
    """Of twelve equal funds that know nothing of each other four may be held, of which each is at
    most two fifths: the relaxation already knows that few are few."""
    labels = [f"f{i}" for i in range(12)]
    a = Assumptions(labels, np.linspace(0.05, 0.06, 12), 0.04 * np.eye(12))
    upper = Bounds("steps", upper=dict(zip(labels, np.linspace(0.1, 0.4, 12), strict=True)))
    mandate = Mandate(labels, [fully_invested(), long_only(), upper])
    search = few_funds._Search(a, mandate, 4.0, 4, False)
    free = few_funds._Search(a, mandate, 4.0, 12, False)
    assert search.root.value < free.root.value - few_funds.WORTH
    assert (search.root.w / search.root.upper).sum() <= 4 + 1e-6


def test_the_nearest_whole_percents_are_tried_and_obey_everything():
    """Largest remainders, summing to one; nothing is made of what breaks a bound or a rule."""
    a = random_assumptions(np.random.default_rng(5), 4)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.5)])
    search = few_funds._Search(a, mandate, 4.0, 4, True)
    told = search.valued(np.zeros(4), np.full(4, 0.5), frozenset(), np.zeros(4))
    near = replace(told, w=np.array([0.2549, 0.3032, 0.3385, 0.1034]))
    made = search.rounded(near)
    assert made.w.tolist() == [0.26, 0.3, 0.34, 0.1]
    assert made.value == pytest.approx(a.mean_of(made.w) - 2 * a.risk_of(made.w) ** 2)
    assert search.rounded(replace(near, upper=np.array([0.255, 0.5, 0.5, 0.5]))) is None
    assert search.rounded(replace(near, lower=np.array([0.0, 0.301, 0.0, 0.0]))) is None
    assert few_funds._Search(a, mandate, 4.0, 3, True).rounded(near) is None
    assert search.rounded(replace(near, w=np.array([0.6, 0.2, 0.1, 0.1]))) is None


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6))
def test_multipliers_prove_only_what_linear_programming_finds(seed):
    rng = np.random.default_rng(seed)
    n, m = 4, 3
    rows = rng.normal(size=(m, n))
    middle = rows @ rng.uniform(0, 1, n) + rng.normal(scale=0.7, size=m)
    wide = rng.uniform(0, 0.5, m)
    least = np.where(rng.random(m) < 0.3, -np.inf, middle - wide)
    most = np.where(rng.random(m) < 0.3, np.inf, middle + wide)
    low, high = np.zeros(n), np.full(n, 1.0)
    limits = LinearConstraint(rows, least, most)
    empty = milp(np.zeros(n), bounds=Box(low, high), constraints=limits).status == 2
    names = ("",) * n
    p = Program(low, high, rows, least, most, ("",) * m, names, names)
    assert possible(p) != empty
    tried = rng.normal(size=(200, m))
    proved = [refuted(p, y) for y in tried]
    assert empty or not any(proved)


def test_a_row_that_asks_too_much_is_refuted_by_itself():
    low, high, whole = np.zeros(2), np.full(2, 0.4), np.ones(1)
    p = Program(low, high, np.ones((1, 2)), whole, whole, ("",), ("", ""), ("", ""))
    assert refuted(p, np.array([3.0]))
    assert not refuted(p, np.array([-3.0]))
    assert not refuted(replace(p, rows_lower=whole - 0.3), np.array([3.0]))
