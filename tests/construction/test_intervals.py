"""Intervals of weights: a case with a closed form, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from portlib.construction.intervals import intervals, redrawn
from portlib.records import Assumptions

TWO = Assumptions(("a", "b"), np.array([0.06, 0.03]), np.diag([0.04, 0.01]), source="made up")


def unconstrained(a: Assumptions) -> pd.Series:
    """Weights linear in the means: their interval has a closed form."""
    return pd.Series(np.linalg.solve(3.0 * a.sigma, a.mu), list(a.labels))


def test_a_linear_portfolio_has_the_normal_interval() -> None:
    errors = np.diag([0.01**2, 0.02**2])
    cloud = redrawn(unconstrained, TWO, errors, draws=20_000, rng=np.random.default_rng(3))
    found = intervals(unconstrained(TWO), cloud, level=0.8)
    sd = np.array([0.01 / (3 * 0.04), 0.02 / (3 * 0.01)])
    reach = norm.ppf(0.9) * sd
    assert (found["high"] - found["weight"]).to_numpy() == pytest.approx(reach, rel=0.03)
    assert (found["weight"] - found["low"]).to_numpy() == pytest.approx(reach, rel=0.03)


def test_without_errors_there_is_no_width() -> None:
    cloud = redrawn(unconstrained, TWO, np.zeros((2, 2)), draws=5, rng=np.random.default_rng(0))
    found = intervals(unconstrained(TWO), cloud, level=0.5)
    assert found["low"].to_numpy() == pytest.approx(found["high"].to_numpy())


def test_bad_input_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="2 assets"):
        redrawn(unconstrained, TWO, np.eye(3), draws=5, rng=rng)
    with pytest.raises(ValueError, match="at least 2 draws"):
        redrawn(unconstrained, TWO, np.eye(2), draws=1, rng=rng)
    cloud = redrawn(unconstrained, TWO, np.zeros((2, 2)), draws=3, rng=rng)
    with pytest.raises(ValueError, match="for 80%"):
        intervals(unconstrained(TWO), cloud, level=80)
    with pytest.raises(ValueError, match="different things: c"):
        intervals(pd.Series({"a": 0.5, "b": 0.2, "c": 0.3}), cloud, level=0.8)
