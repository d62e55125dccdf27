"""Outcomes: intervals, certainty equivalents and what was lived through."""

from functools import partial

import numpy as np
import pytest
from scipy import optimize, stats

from portlib import policy
from portlib.estimation.inference import wilson
from portlib.retirement import scenarios as sc
from portlib.retirement.glidepaths import constant, lifecycle
from portlib.retirement.glidepaths.outcomes import Outcomes
from portlib.retirement.household import Household

OURS = policy.read()
simulate = partial(
    lifecycle.simulate,
    risk_aversion=OURS["lifecycle_risk_aversion"],
    floor=OURS["spending_floor"],
)
BOTH = ("equity", "bonds")


def draws(paths: int = 300, years: int = 100, seed: int = 1) -> sc.Scenarios:
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((paths, years, 2))
    return sc.Scenarios(np.expm1([0.045, 0.015] + [0.17, 0.06] * z), BOTH, "lognormal")


def certain(**changes: object) -> Household:
    base = dict(
        age=30, retirement_age=65, pay=60_000.0, deferral_rate=0.1, social_security=False, sex=None
    )
    return Household(**{**base, "last_age": 95, **changes})


def test_certainty_equivalents_against_the_definition() -> None:
    person = Household(
        age=64,
        retirement_age=65,
        balance=5e5,
        social_security=20_000.0,
        claiming_age=65,
        sex=None,
        last_age=67,
    )
    returns = draws(200, 5)
    for gamma in (1.0, 3.0, 8.0):
        out = simulate(constant(1.0), person, returns, risk_aversion=gamma)
        u = (
            (lambda c: np.log(c))
            if gamma == 1
            else (lambda c, g=gamma: c ** (1 - g) / (1 - g) * 1e4 ** (g - 1))
        )
        first = 5e5 * (1 + returns.values[:, 0, 0])
        spends = first / (1 + 1 / 1.02)
        second = (first - spends) * (1 + returns.values[:, 1, 0])
        mean = np.mean([u(spends + 20_000), u(second + 20_000)])
        level = optimize.brentq(lambda c, u=u, m=mean: u(c) - m, 1e4, 1e7)
        assert out.certainty_equivalent()[0] == pytest.approx(level, rel=1e-8)


def test_wilson_against_statsmodels_and_its_coverage() -> None:
    from statsmodels.stats.proportion import proportion_confint

    for k, n in ((0, 20), (3, 20), (950, 1000), (1000, 1000)):
        assert wilson(k, n) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
    for p in (0.5, 0.9, 0.98):
        k = np.arange(401)
        inside = [low <= p <= high for low, high in (wilson(int(x), 400) for x in k)]
        assert 0.93 <= stats.binom.pmf(k, 400, p)[inside].sum() <= 0.97


def test_differences_against_bootstrapped_paths() -> None:
    out = simulate(
        [constant(0.3), constant(0.7)], certain(spending=40_000.0), draws(800), risk_aversion=4.0
    )
    found = out.difference("constant 70%", "constant 30%")
    rng = np.random.default_rng(5)
    picks = [rng.integers(800, size=800) for _ in range(600)]
    boot = [
        np.diff(out.unit * (-3 * out.utility[:, p].mean(axis=1) / out.years) ** (-1 / 3))[0]
        for p in picks
    ]
    chance = [np.diff(out.success[:, p].mean(axis=1))[0] for p in picks]
    for name, sample in (("certainty_equivalent", boot), ("success", chance)):
        half = found.at[name, "high"] - found.at[name, "mid"]
        assert half == pytest.approx(1.96 * np.std(sample, ddof=1), rel=0.12)
    assert out.difference("constant 70%", "constant 70%").abs().max().max() <= 1e-9


def test_no_spending_goal_no_success_rate() -> None:
    out = simulate([constant(0.3), constant(0.7)], certain(), draws())
    assert isinstance(out, Outcomes) and out.success_interval().isna().all(axis=None)
    table = out.table()
    assert table["success"].isna().all() and table["certainty equivalent"].notna().all()
    assert (out.worst()["the worst"] <= out.worst()["mean of the worst"]).all()
