"""Replications of portfolios: the published arithmetic, and how far rounding reaches."""

import numpy as np
import pytest

from portlib.stewardship import model_validation as validation
from portlib.stewardship.model_validation.portfolio_replications import (
    published_arithmetic,
)


def test_the_published_formula_is_off_by_the_square_of_the_means() -> None:
    """To first order in the variance the two formulas agree; they part in the next."""
    g, n = 0.06, 30
    small, large = (float(published_arithmetic(g, s, n)) - g for s in (0.01, 0.1))
    assert small == pytest.approx(0.5 * (1 - 1 / n) * 0.01**2 / (1 + g), rel=1e-3)
    assert large != pytest.approx(100 * small, rel=1e-3)


def test_reach_grows_with_draws_and_is_zero_without() -> None:
    few, more = (
        validation.reach(["weights"], n, np.random.default_rng(1))["weights"] for n in (5, 50)
    )
    assert 0 < few <= more
    assert validation.reach(["weights"], 0, np.random.default_rng(1))["weights"] == 0
