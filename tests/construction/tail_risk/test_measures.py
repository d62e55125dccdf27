"""Measures of tails against their definitions, integrals and brute force."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from portlib.construction import tail_risk as tr
from tests.markets import SEEDS

LEVELS = st.sampled_from([0.0, 0.123, 0.5, 0.9, 0.95, 0.99])
few = settings(max_examples=40)


def cvar(x: np.ndarray, w: np.ndarray, level: float) -> float:
    return float(tr.historical(x @ w, level).cvar)


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
    with pytest.raises(ValueError, match=r"level from 0 to below 1 .* not 3 and|level is nan"):
        tr.historical([0.1, 0.2, 0.3], level)


def test_returns_that_are_none() -> None:
    with pytest.raises(ValueError, match="no months"):
        tr.historical([], 0.95)
    with pytest.raises(ValueError, match="returns is nan"):
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
