"""Scoring rules against their definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from portlib.estimation.forecast_record import scores


@pytest.mark.parametrize(("x", "m", "s"), [(0.02, 0.07, 0.05), (0.15, 0.06, 0.01), (0.0, 0.0, 2.0)])
def test_crps_is_the_integral_that_defines_it(x, m, s):
    below = integrate.quad(lambda y: stats.norm.cdf(y, m, s) ** 2, m - 12 * s, x)[0]
    above = integrate.quad(
        lambda y: (1 - stats.norm.cdf(y, m, s)) ** 2, x, max(x, m + 12 * s), points=[m]
    )[0]
    assert scores.crps(x, m, s) == pytest.approx(below + above, abs=1e-8)


def test_log_score_is_the_log_density():
    x = np.array([0.02, 0.15])
    assert scores.log_score(x, 0.06, 0.05) == pytest.approx(stats.norm.logpdf(x, 0.06, 0.05))


@pytest.mark.parametrize("rule", [lambda *a: -scores.crps(*a), scores.log_score])
def test_both_are_proper_nobody_gains_by_saying_other_than_they_believe(rule):
    x = np.random.default_rng(1).normal(0.06, 0.05, 200_000)
    honest = rule(x, 0.06, 0.05).mean()
    for m, s in ((0.05, 0.05), (0.06, 0.02), (0.06, 0.09)):
        assert honest > rule(x, m, s).mean()


def test_coverage_counts_each_outcome_once_and_leaves_out_what_has_no_interval():
    x = pd.Series([0.0, 0.5, 1.0, 2.0, 3.0])
    low, high = pd.Series([0.5, 0.5, 0.5, 0.5, np.nan]), pd.Series([1.0, 1.0, 1.0, 1.0, 1.0])
    assert scores.coverage(x, low, high).to_dict() == {"below": 1, "inside": 2, "above": 1}
