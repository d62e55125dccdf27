"""Tail risk against definitions, closed forms, brute force, the full linear programme, other
solvers and simulation."""

import math
from statistics import NormalDist

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.optimize import linprog

from portlib.construction import tail_risk as tr
from portlib.construction.engines import NotSolved
from portlib.construction.mandate import (
    Bounds,
    Infeasible,
    Limit,
    Mandate,
    TrackingError,
    Turnover,
    factor_limit,
    fully_invested,
    group_limit,
    long_only,
    position_limit,
)
from portlib.construction.mean_variance import maximum_utility, minimum_risk
from portlib.records import Assumptions
from tests.markets import SEEDS

LEVELS = st.sampled_from([0.0, 0.123, 0.5, 0.9, 0.95, 0.99])
few = settings(max_examples=40, deadline=None)


def market(seed: int, n: int = 6, months: int = 111) -> tuple[Assumptions, np.ndarray]:
    """Assumptions whose covariance is not that of the scenarios, so that no answer rests on where
    the search starts."""
    rng = np.random.default_rng(seed)
    x = rng.standard_t(4, (months, n)) @ rng.normal(size=(n, n)) * 0.02 + 0.005
    other = rng.normal(size=(3 * n + 5, n)) * 0.1
    sigma = np.atleast_2d(np.cov(other.T))
    return Assumptions(
        [f"asset {i}" for i in range(n)],
        np.clip(12 * x.mean(axis=0), -0.9, 0.9),
        sigma,
        0.01,
        "a test",
    ), x


def mandates(a: Assumptions, rng: np.random.Generator) -> list[Mandate]:
    """Long only; bounds on both sides with a group; caps with a factor; a borrower with a range of
    investment."""
    n, half = len(a), a.labels[: max(1, len(a) // 2)]
    exposures = dict(zip(a.labels, rng.normal(size=n), strict=True))
    return [
        Mandate(a.labels, rules)
        for rules in (
            [fully_invested(), long_only()],
            [
                fully_invested(),
                Bounds("box", -0.3, max(0.7, 1.5 / n)),
                group_limit("group", half, lower=-0.5, upper=2),
            ],
            [
                fully_invested(),
                long_only(),
                position_limit(max(0.4, 1.2 / n)),
                factor_limit("f", exposures, upper=1.5),
            ],
            [Bounds("box", -1, 1), Limit("invested", None, 0.2, 1.5)],
        )
    ]


def whole_programme(
    x: np.ndarray, level: float, mandate: Mandate, mu: np.ndarray | None = None, r: float = 0.0
) -> float:
    """The least CVaR by the programme as published, every scenario a row: w, the VaR, and the
    excess of each loss."""
    count, n = x.shape
    p, zeros = mandate.program, np.zeros((len(mandate.program.rows), count + 1))
    rows = np.hstack([p.rows, zeros])
    keep = np.isfinite(p.rows_upper), np.isfinite(p.rows_lower)
    matrix = [np.hstack([-x, -np.ones((count, 1)), -np.eye(count)]), rows[keep[0]], -rows[keep[1]]]
    limits = [np.zeros(count), p.rows_upper[keep[0]], -p.rows_lower[keep[1]]]
    if mu is not None:
        matrix, limits = (
            [*matrix, -np.append(mu, np.zeros(count + 1))[None]],
            [*limits, np.array([-r])],
        )
    cost = np.concatenate([np.zeros(n), [1.0], np.full(count, 1 / ((1 - level) * count))])
    bounds = [*zip(p.lower, p.upper, strict=True), (None, None), *[(0, None)] * count]
    found = linprog(cost, np.vstack(matrix), np.concatenate(limits), bounds=bounds, method="highs")
    assert found.status == 0
    return float(found.fun)


def cvar(x: np.ndarray, w: np.ndarray, level: float) -> float:
    return float(tr.historical(x @ w, level).cvar)


# ---- measures ------------------------------------------------------------------------------------


@few
@given(seed=SEEDS, count=st.integers(1, 60), level=LEVELS, ties=st.booleans())
def test_history_is_both_the_definition_and_the_minimum(
    seed: int, count: int, level: float, ties: bool
) -> None:
    losses = np.random.default_rng(seed).normal(size=count)
    losses = losses.round(1) if ties else losses
    var, least = tr.historical(-losses, level)
    mass = (1 - level) * count
    assert least == pytest.approx(
        min(a + np.maximum(losses - a, 0).sum() / mass for a in losses), abs=1e-12
    )
    if level > 0:
        assert var == min(a for a in losses if np.mean(losses <= a) >= level - 1e-12)


def test_a_tail_of_part_of_a_scenario() -> None:
    """Of 111 months 5.55 are the worst twentieth: five whole ones and 0.55 of the sixth."""
    losses = np.arange(1.0, 112.0)
    assert tr.historical(-losses, 0.95).var == 106
    assert tr.historical(-losses, 0.95).cvar == pytest.approx(
        (111 + 110 + 109 + 108 + 107 + 0.55 * 106) / 5.55
    )
    assert tr.historical(-losses[:100], 0.95) == pytest.approx(
        (95, 98)
    )  # 0.05 x 100 is 5, and a bit


@few
@given(seed=SEEDS, level=st.floats(0.01, 0.99))
def test_axioms(seed: int, level: float) -> None:
    """Coherence, by Artzner, Delbaen, Eber and Heath (1999): what VaR lacks is the last line."""
    x, y = np.random.default_rng(seed).normal(size=(2, 50))
    (var, worst), more = tr.historical(x, level), tr.historical(y, level).cvar
    assert worst >= var
    assert tr.historical(3 * x, level).cvar == pytest.approx(3 * worst)
    assert tr.historical(x + 0.5, level).cvar == pytest.approx(worst - 0.5)
    assert tr.historical(np.minimum(x, y), level).cvar >= max(worst, more) - 1e-12
    assert tr.historical(x + y, level).cvar <= worst + more + 1e-12


def test_var_is_not_subadditive() -> None:
    first, second = np.zeros(100), np.zeros(100)
    first[:4], second[4:8] = -1.0, -1.0
    assert tr.historical(first, 0.95).var == tr.historical(second, 0.95).var == 0
    assert tr.historical((first + second) / 2, 0.95).var == 0.5


def test_many_rows_at_once() -> None:
    x = np.random.default_rng(5).normal(size=(3, 4, 37))
    together = tr.historical(x, 0.9)
    for i, j in np.ndindex(3, 4):
        assert tr.historical(x[i, j], 0.9) == pytest.approx(
            (together.var[i, j], together.cvar[i, j])
        )


@pytest.mark.parametrize("level", [1.0, -0.1, 95, float("nan")])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match=r"level from 0 to below 1 .* not 3 and"):
        tr.historical([0.1, 0.2, 0.3], level)


def test_returns_that_are_none() -> None:
    with pytest.raises(ValueError, match="needs scenarios"):
        tr.historical([], 0.95)
    with pytest.raises(ValueError, match="1 returns are not finite numbers"):
        tr.historical([0.1, np.nan], 0.95)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_normal_by_integration(level: float) -> None:
    law = stats.norm(0.01, 0.04)
    cut = law.ppf(1 - level)
    beyond = integrate.quad(lambda r: -r * law.pdf(r), -1, cut)[0] / (1 - level)
    assert tr.normal(0.01, 0.04, level) == pytest.approx((-cut, beyond), abs=1e-10)


@few
@given(
    hundredths=st.tuples(st.integers(-100, 100), st.integers(0, 600)),
    level=st.sampled_from([0.9, 0.95, 0.99]),
)
def test_cornish_fisher_by_integration_where_it_is_valid(
    hundredths: tuple[int, int], level: float
) -> None:
    s, k = hundredths[0] / 100, hundredths[1] / 100
    bent = np.poly1d([k / 24 - s**2 / 18, s / 6, 1 - k / 8 + 5 * s**2 / 36, -s / 6])
    cut, last = (NormalDist().inv_cdf((1 - level) * x) for x in (1, 0.01))
    inside = bent.deriv()(np.linspace(last, cut, 2001)).min()
    luck = np.linspace(-9, 9, 40_001)
    within = np.where(bent(luck) < bent(cut), stats.norm.pdf(luck), 0.0).sum() * (luck[1] - luck[0])
    off = abs(within / (1 - level) - 1)
    if inside < -1e-9 or off > 0.025:
        with pytest.raises(ValueError, match="Cornish-Fisher is not valid for skewness"):
            tr.cornish_fisher(0.01, 0.04, s, k, level)
        return
    if inside < 1e-3 or off > 0.005:  # too near the edge for a grid to tell
        return
    found = tr.cornish_fisher(0.01, 0.04, s, k, level)
    beyond = integrate.quad(lambda z: -bent(z) * stats.norm.pdf(z), -12, cut, epsabs=1e-12)[0]
    expected = (-0.01 - 0.04 * bent(cut), -0.01 + 0.04 * beyond / (1 - level))
    assert found == pytest.approx(expected)


def test_cornish_fisher_serves_normal_samples() -> None:
    """Of normal histories of 293 months six in ten have negative excess kurtosis; nearly all of
    them can be used."""
    rng, usable, negative = np.random.default_rng(7), 0, 0
    for x in rng.standard_normal((400, 293)):
        s, k = stats.skew(x), stats.kurtosis(x)
        negative += k < 0
        try:
            tr.cornish_fisher(0.0, 1.0, s, k, 0.95)
            usable += 1
        except ValueError:
            pass
    assert negative > 200 and usable >= 396


def test_cornish_fisher_ends_where_it_turns() -> None:
    """Without skewness and kurtosis it is the normal law; thin tails turn it within the tail
    used."""

    def valid(s: float, k: float, level: float = 0.95) -> bool:
        try:
            tr.cornish_fisher(0, 1, s, k, level)
        except ValueError:
            return False
        return True

    assert tr.cornish_fisher(0.01, 0.04, 0, 0, 0.95) == pytest.approx(tr.normal(0.01, 0.04, 0.95))
    assert valid(0, 0) and valid(0, 8) and valid(0, -0.7) and not valid(0, -1.0)
    # the slope (1 - k/8) + k/8 z^2 is zero at one hundredth of the tail: k = 8 / (1 - z^2)
    for level in (0.9, 0.95, 0.99):
        edge = 8 / (1 - NormalDist().inv_cdf((1 - level) / 100) ** 2)
        assert valid(0, edge + 0.001, level) and not valid(0, edge - 0.001, level)


@few
@given(
    mean=st.floats(-0.02, 0.02),
    sd=st.floats(0.001, 0.1),
    periods=st.floats(0.1, 60),
    level=st.floats(0.5, 0.999),
)
def test_horizons_of_a_normal_law(mean: float, sd: float, periods: float, level: float) -> None:
    one, many = (
        tr.normal(mean, sd, level),
        tr.normal(periods * mean, math.sqrt(periods) * sd, level),
    )
    assert tr.at_horizon(one.var, mean, periods) == pytest.approx(many.var, abs=1e-12)
    assert tr.at_horizon(one.cvar, mean, periods) == pytest.approx(many.cvar, abs=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_standard_error_is_the_spread_of_estimates(level: float) -> None:
    samples = np.random.default_rng(3).standard_t(6, size=(1500, 800))
    spread = tr.historical(samples, level).cvar.std(ddof=1)
    stated = np.median([tr.standard_error(x, level) for x in samples[:400]])
    assert stated == pytest.approx(spread, rel=0.1)


def test_standard_error_needs_a_tail() -> None:
    with pytest.raises(ValueError, match="1 loss reaches the VaR"):
        tr.standard_error(np.arange(10.0), 0.95)


@few
@given(seed=SEEDS, compounded=st.booleans())
def test_drawdowns_by_brute_force(seed: int, compounded: bool) -> None:
    r = np.random.default_rng(seed).normal(0.005, 0.05, 40)
    value = np.append(1.0, np.cumprod(1 + r) if compounded else 1 + np.cumsum(r))
    slow = [
        max((peak - value[t]) / (peak if compounded else 1) for peak in value[: t + 1])
        for t in range(1, 41)
    ]
    ours = tr.drawdowns(r, compounded=compounded)
    assert ours == pytest.approx(slow, abs=1e-12)
    assert tr.conditional_drawdown(r, 0.0, compounded=compounded) == pytest.approx(np.mean(slow))
    assert tr.conditional_drawdown(r, 0.99, compounded=compounded) == pytest.approx(max(slow))


@few
@given(seed=SEEDS, level=st.floats(0, 0.99), share=st.floats(0, 1))
def test_uncompounded_drawdown_is_convex_in_the_weights(
    seed: int, level: float, share: float
) -> None:
    x, y = np.random.default_rng(seed).normal(0.005, 0.05, (2, 60))
    mix = tr.conditional_drawdown(share * x + (1 - share) * y, level, compounded=False)
    parts = [tr.conditional_drawdown(z, level, compounded=False) for z in (x, y)]
    assert mix <= share * parts[0] + (1 - share) * parts[1] + 1e-12


# ---- the portfolio of least CVaR -----------------------------------------------------------------


@few
@given(
    seed=SEEDS,
    n=st.integers(2, 10),
    months=st.integers(2, 250),
    ties=st.booleans(),
    level=LEVELS,
    goal=st.sampled_from([None, 0.3, 1.0]),
)
def test_least_cvar_is_that_of_the_whole_programme(
    seed: int, n: int, months: int, ties: bool, level: float, goal: float | None
) -> None:
    a, x = market(seed, n, months)
    x = x.round(2) if ties else x
    rng = np.random.default_rng(seed)
    mandate = mandates(a, rng)[int(rng.integers(4))]
    r = None
    if goal is not None:
        low, high = (
            minimum_risk(a, mandate).mean,
            maximum_utility(a, mandate, risk_aversion=0.0).mean,
        )
        r = low + goal * (high - low) - 1e-12
    ours = tr.minimum_cvar(a, mandate, x, level=level, r=r)
    least = whole_programme(x, level, mandate, None if r is None else a.mu, r or 0.0)
    assert cvar(x, ours.w, level) == pytest.approx(least, abs=1e-9)
    assert max(mandate.violations(ours.w, a).values()) <= 1e-9
    assert r is None or ours.mean >= r - 1e-9


def test_least_cvar_where_scenarios_are_many() -> None:
    a, x = market(11, 30, 2500)
    mandate = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.1)])
    ours = tr.minimum_cvar(a, mandate, x, level=0.95)
    assert cvar(x, ours.w, 0.95) == pytest.approx(whole_programme(x, 0.95, mandate), abs=1e-10)
    assert cvar(x, ours.w, 0.95) < cvar(x, minimum_risk(a, mandate).w, 0.95)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("rules", [("far",), ("trade",), ("far", "trade")])
def test_distances_by_another_solver(rules: tuple[str, ...], seed: int) -> None:
    a, x = market(seed, 7, 150)
    equal = dict.fromkeys(a.labels, 1 / 7)
    known = {"far": TrackingError("far", equal, 0.02), "trade": Turnover("trade", equal, 0.15)}
    mandate = Mandate(a.labels, [fully_invested(), long_only(), *(known[name] for name in rules)])
    ours = tr.minimum_cvar(a, mandate, x, level=0.9)
    w, var = cp.Variable(7), cp.Variable()
    root = np.linalg.cholesky(a.sigma).T
    away = {"far": cp.norm(root @ (w - 1 / 7)) <= 0.02, "trade": cp.norm1(w - 1 / 7) / 2 <= 0.15}
    problem = cp.Problem(
        cp.Minimize(var + cp.sum(cp.pos(-x @ w - var)) / 15),
        [cp.sum(w) == 1, w >= 0, *(away[name] for name in rules)],
    )
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    assert cvar(x, ours.w, 0.9) == pytest.approx(problem.value, abs=2e-8)
    assert max(ours.residuals.values()) <= 1e-8
    for name in rules:
        assert ours.shadow_prices[name] == pytest.approx(float(away[name].dual_value), abs=1e-5)


def test_shadow_prices_predict_what_relaxing_a_limit_saves() -> None:
    a, x = market(4, 8, 400)
    mandate = Mandate(
        a.labels,
        [
            fully_invested(),
            Bounds("floor", lower=0.03),
            position_limit(0.3),
            group_limit("group", a.labels[:3], lower=0.25, upper=0.3),
            Turnover("trade", dict.fromkeys(a.labels, 1 / 8), 0.3),
        ],
    )
    at = tr.minimum_cvar(a, mandate, x, level=0.9)
    assert sum(price > 1e-6 for price in at.shadow_prices.values()) >= 4
    for name in ("floor", "position limit", "group", "trade"):
        saved = [
            cvar(x, at.w, 0.9)
            - cvar(x, tr.minimum_cvar(a, mandate.relaxed({name: by}), x, level=0.9).w, 0.9)
            for by in (1e-5, -1e-5)
        ]
        assert saved[0] / 1e-5 - 1e-6 <= at.shadow_prices[name] <= -saved[1] / 1e-5 + 1e-6


@few
@given(seed=SEEDS, scale=st.floats(0.01, 100))
def test_order_and_scale_do_not_matter(seed: int, scale: float) -> None:
    a, x = market(seed, 5, 60)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(60), rng.permutation(5)
    first = cvar(x, tr.minimum_cvar(a, None, x, level=0.9).w, 0.9)
    other = x[rows][:, columns] * scale
    moved = tr.minimum_cvar(a.select([a.labels[i] for i in columns]), None, other, level=0.9)
    assert cvar(other, moved.w, 0.9) == pytest.approx(scale * first, rel=1e-8, abs=1e-10)


def test_normal_scenarios_lead_to_the_least_variance() -> None:
    """All reasonable measures agree on a normal law (Rockafellar and Uryasev 2000): here made exact
    by whitening."""
    rng, a = np.random.default_rng(6), market(6, 4)[0]
    z = rng.normal(size=(20_000, 4))
    z = np.vstack([z, -z])
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / len(z))).T
    x = z @ np.linalg.cholesky(a.sigma).T
    assert np.abs(tr.minimum_cvar(a, None, x, level=0.9).w - minimum_risk(a).w).max() < 0.02


def test_the_frontier_is_convex_and_its_prices_are_its_slopes() -> None:
    a, x = market(8, 9, 300)
    line = tr.cvar_frontier(a, None, x, level=0.95, points=15)
    means = np.array([p.mean for p in line])
    worst = np.array([cvar(x, p.w, 0.95) for p in line])
    slopes = np.diff(worst) / np.diff(means)
    prices = np.array([p.shadow_prices["target return"] for p in line[1:]])
    assert len(line) == 15 and line[0].objective == "least CVaR at 0.95"
    assert means[-1] == pytest.approx(a.mu.max())
    assert (np.diff(slopes) >= -1e-9).all()
    assert (prices >= slopes - 1e-8).all() and (prices[:-1] <= slopes[1:] + 1e-8).all()


def test_small_and_odd_universes() -> None:
    one, x = market(1, 1)
    assert tr.minimum_cvar(one, None, x, level=0.95).w == pytest.approx([1.0])
    a, x = market(2, 6, 3)  # fewer scenarios than assets
    assert cvar(x, tr.minimum_cvar(a, None, x, level=0.5).w, 0.5) == pytest.approx(
        whole_programme(x, 0.5, Mandate(a.labels, [fully_invested(), long_only()])), abs=1e-10
    )
    twice = Assumptions(
        ["a", "b", "cash"],
        [0.05, 0.05, 0.01],
        np.diag([0.04, 0.04, 0.0]) + np.pad(np.array([[0, 0.04], [0.04, 0]]), (0, 1)),
        0.01,
        "two alike and one without risk",
    )
    y = np.random.default_rng(0).normal(0.004, 0.05, (80, 1)) * [1, 1, 0] + [0, 0, 0.001]
    found = tr.minimum_cvar(twice, None, y, level=0.95, r=0.03)
    assert found["a"] + found["b"] == pytest.approx(0.5)


def test_scenarios_must_fit() -> None:
    a, x = market(3, 3, 20)
    for wrong in (x[:, :2], x[0], np.where(x == x[4, 1], np.nan, x)):
        with pytest.raises(ValueError, match=r"scenarios must be of shape \(T, 3\) and finite"):
            tr.minimum_cvar(a, None, wrong, level=0.95)
    with pytest.raises(ValueError, match="these columns, in this order: asset 0, asset 1, asset 2"):
        tr.minimum_cvar(a, None, pd.DataFrame(x, columns=[*a.labels[1:], a.labels[0]]), level=0.95)
    with pytest.raises(ValueError, match="level from 0 to below 1"):
        tr.minimum_cvar(a, None, x, level=1.0)
    with pytest.raises(ValueError, match="needs scenarios"):
        tr.minimum_cvar(a, None, x[:0], level=0.9)


def test_refusals_name_the_rule() -> None:
    a, x = market(3, 4, 50)
    with pytest.raises(Infeasible, match="target return"):
        tr.minimum_cvar(a, None, x, level=0.95, r=9.0)
    soft = Mandate(a.labels, [fully_invested(), long_only(), position_limit(0.3).soft(0.01)])
    with pytest.raises(NotSolved, match="'position limit' is soft"):
        tr.minimum_cvar(a, soft, x, level=0.95)
    with pytest.raises(
        NotSolved, match="positions finite"
    ):  # three scenarios, free short sales: money for nothing
        tr.minimum_cvar(a, Mandate(a.labels, [fully_invested()]), x[:3], level=0.95)


def test_an_answer_that_is_not_proven_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    a, x = market(3, 4, 50)
    least = tr.historical
    monkeypatch.setattr(
        tr, "historical", lambda returns, level: tr.Tail(0.0, least(returns, level).cvar + 1e-6)
    )
    with pytest.raises(NotSolved, match="above its proven bound"):
        tr.minimum_cvar(a, None, x, level=0.95)


# ---- backtests -----------------------------------------------------------------------------------


@few
@given(n=st.integers(2, 300), share=st.floats(0, 1), level=st.sampled_from([0.9, 0.95, 0.99]))
def test_kupiec_by_the_binomial_law(n: int, share: float, level: float) -> None:
    k = round(share * n)
    hits = np.arange(n) < k
    expected = 2 * (stats.binom.logpmf(k, n, k / n) - stats.binom.logpmf(k, n, 1 - level))
    found = tr.kupiec(hits, level)
    assert found.statistic == pytest.approx(expected, abs=1e-7)
    assert found.p_value == pytest.approx(stats.chi2.sf(expected, 1), abs=1e-7)


def test_kupiec_rejects_one_correct_forecast_in_twenty() -> None:
    n = 696
    chances = stats.binom.pmf(np.arange(n + 1), n, 0.05)
    rejected = [tr.kupiec(np.arange(n) < k, 0.95).p_value <= 0.05 for k in range(n + 1)]
    assert 0.03 < chances[rejected].sum() < 0.07


@few
@given(seed=SEEDS, again=st.floats(0.05, 0.9))
def test_christoffersen_is_the_g_test_of_the_table_of_transitions(seed: int, again: float) -> None:
    rng, hits = np.random.default_rng(seed), [False]
    for _ in range(200):
        hits.append(bool(rng.random() < (again if hits[-1] else 0.1)))
    x = np.array(hits)
    table = [[np.sum((x[:-1] == i) & (x[1:] == j)) for j in (False, True)] for i in (False, True)]
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert tr.christoffersen(x) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)


def test_breaches_that_never_or_always_come() -> None:
    assert tr.kupiec(np.zeros(100, bool), 0.95).statistic == pytest.approx(-200 * math.log(0.95))
    assert tr.kupiec(np.ones(10, bool), 0.95).statistic == pytest.approx(-20 * math.log(0.05))
    assert tr.christoffersen(np.zeros(100, bool)) == (0.0, 1.0)
    assert tr.christoffersen(np.arange(100) < 10).p_value < 1e-6


def test_acerbi_szekely_by_hand() -> None:
    returns, var, worst = (
        [-0.02, -0.12, 0.05, -0.08],
        [0.05, 0.05, 0.05, 0.06],
        [0.08, 0.10, 0.08, 0.08],
    )
    size, overall = tr.acerbi_szekely(returns, var, worst, 0.75)
    assert size == pytest.approx(1 - (1.2 + 1.0) / 2)
    assert overall == pytest.approx(1 - (1.2 + 1.0) / (4 * 0.25))
    assert np.isnan(tr.acerbi_szekely([0.1, 0.2], 0.05, 0.08, 0.95)[0])
    with pytest.raises(ValueError, match=r"must be positive, as losses are; the least is -0\.01"):
        tr.acerbi_szekely(returns, var, [0.1, 0.1, -0.01, 0.1], 0.95)


@pytest.mark.parametrize(("scale", "low", "high"), [(1.0, 0.01, 0.10), (1.3, 0.6, 1.0)])
def test_acerbi_szekely_rejects_what_is_wrong_and_little_else(
    scale: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(9)
    var, worst = tr.normal(0.0, 1.0, 0.95)
    null = tr.acerbi_szekely(rng.normal(size=(2000, 250)), var, worst, 0.95)
    seen = tr.acerbi_szekely(scale * rng.normal(size=(300, 250)), var, worst, 0.95)
    for statistic, under in zip(seen, null, strict=True):
        p = np.array([tr.simulated_p_value(z, under) for z in statistic])
        if statistic is seen[1] or scale == 1.0:
            assert low <= np.mean(p <= 0.05) <= high


def test_p_values_count_the_observation_and_skip_what_has_no_value() -> None:
    assert tr.simulated_p_value(0.0, np.array([-1.0, 0.0, 1.0, np.nan])) == 3 / 4
    assert tr.simulated_p_value(-9.0, np.array([-1.0, 0.0, 1.0])) == 1 / 4


def test_walking_forward_never_looks_ahead() -> None:
    x = np.arange(100.0)[:, None] * [1.0, 10.0]
    past, came = tr.walk_forward(x, 36)
    assert past.shape == (5, 36, 2) and came.shape == (5, 12, 2)
    assert (past[:, -1] < came[:, 0]).all()
    assert came[:, :, 0].ravel().tolist() == list(range(36, 96))
    changed = x.copy()
    changed[60:] = -1
    assert np.array_equal(tr.walk_forward(changed, 36)[0][:3], past[:3])
    with pytest.raises(ValueError, match="20 months do not hold a window of 12 and 12 after it"):
        tr.walk_forward(x[:20], 12)
