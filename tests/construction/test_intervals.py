"""Intervals of weights: a case with a closed form, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from portlib.construction.intervals import in_words, intervals, outwards, redrawn
from portlib.records import Assumptions

TWO = Assumptions(("a", "b"), np.array([0.06, 0.03]), np.diag([0.04, 0.01]), source="made up")
NAMES = pd.Index(TWO.labels)


def unconstrained(a: Assumptions) -> pd.Series:
    """Weights linear in the means: their interval has a closed form."""
    return pd.Series(np.linalg.solve(3.0 * a.sigma, a.mu), NAMES)


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


def test_the_ends_leave_out_as_much_on_either_side_and_are_told_outwards() -> None:
    """Of 101 draws in steps the middle 80% lies between the 11th and the 91st."""
    cloud = pd.DataFrame({"a": np.linspace(0.0, 0.5, 101)[::-1], "b": np.linspace(0.5, 1.0, 101)})
    found = intervals(pd.Series({"b": 0.8, "a": 0.2}), cloud, level=0.8)
    assert found.loc["a"].tolist() == pytest.approx([0.05, 0.2, 0.45])
    assert found.loc["b"].tolist() == pytest.approx([0.55, 0.8, 0.95])
    for low, high, told in ((0.201, 0.349, (20, 35)), (0.2, 0.35, (20, 35)), (0, 1, (0, 100))):
        assert outwards(low, high) == told
        # what a solver leaves of a whole percent is no percent more
        assert outwards(low + 9e-6, high - 9e-6)[0] == told[0]
        assert outwards(max(low - 9e-6, 0), min(high + 9e-6, 1)) == told
    assert in_words(0.201, 0.25, 0.349) == "25% (20 to 35%)"
    assert in_words(0.25, 0.25, 0.25) == "25%"
    with pytest.raises(ValueError, match="by name, as a Series"):
        intervals(np.array([0.2, 0.8]), cloud, level=0.8)
    with pytest.raises(ValueError, match="a weight"):
        intervals(pd.Series({"a": 20.0, "b": 0.8}), cloud, level=0.8)
