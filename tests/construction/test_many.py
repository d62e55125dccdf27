"""Many small problems at once: each is what it is alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.construction import engines, many, risk_parity
from portlib.construction import mean_variance as mv
from portlib.records import Assumptions


def covariances(seed: int, k: int, n: int, months: int) -> np.ndarray:
    """Samples with a common factor: many assets are not held by least risk."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(k, months, n)) * rng.uniform(0.05, 0.3, (k, 1, n))
    common = rng.normal(size=(k, months, 1)) * rng.uniform(0.0, 0.2, (k, 1, n))
    x = own + common
    x -= x.mean(axis=1, keepdims=True)
    return np.einsum("kti,ktj->kij", x, x) / (months - 1)


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 9))
def test_conditions_hold_for_every_problem(seed: int, n: int) -> None:
    sigma = covariances(seed, 12, n, n + 5)
    w = many.minimum_risk(sigma)
    pull = np.einsum("kij,kj->ki", sigma, w)
    least = (pull * w).sum(axis=1, keepdims=True)
    assert w.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    assert (w >= 0).all()
    assert (pull - least).min() > -1e-10 * sigma.max()
    assert np.abs((pull - least) * (w > 0)).max() < 1e-10 * sigma.max()
    shares = many.risk_budgets(sigma)
    part = shares * np.einsum("kij,kj->ki", sigma, shares)
    assert part / part.sum(axis=1, keepdims=True) == pytest.approx(1 / n, rel=1e-9)


def test_each_is_what_it_is_alone() -> None:
    sigma = covariances(7, 40, 6, 30)
    b = np.arange(1.0, 7.0)
    least, spread = many.minimum_risk(sigma), many.risk_budgets(sigma, b)
    labels = [f"a{i}" for i in range(6)]
    for one, w, v in zip(sigma, least, spread, strict=True):
        a = Assumptions(labels, np.zeros(6), one, 0.0, "one of many")
        assert w == pytest.approx(mv.minimum_risk(a).w, abs=1e-10)
        budgets = dict(zip(labels, b / b.sum(), strict=True))
        assert v == pytest.approx(risk_parity.risk_budgets(a, budgets=budgets).w, abs=1e-9)


def test_order_and_scale_do_not_matter_and_more_than_one_chunk_is_joined() -> None:
    sigma = covariances(3, many.TOGETHER + 7, 3, 20)
    w = many.minimum_risk(sigma)
    assert w.shape == (many.TOGETHER + 7, 3)
    assert many.minimum_risk(1e-4 * sigma[::-1])[::-1] == pytest.approx(w, abs=1e-10)
    again = many.risk_budgets(sigma[[many.TOGETHER + 3]])
    assert many.risk_budgets(sigma)[[many.TOGETHER + 3]] == pytest.approx(again, abs=1e-9)
    assert many.minimum_risk(sigma[:0]).shape == (0, 3)


def test_what_is_singular_is_solved_alone() -> None:
    """Two assets that are one: the risk is the least, however it is divided between them."""
    twin = np.array([[0.04, 0.04, 0.0], [0.04, 0.04, 0.0], [0.0, 0.0, 0.09]])
    fine = np.diag([0.01, 0.02, 0.03])
    w = many.minimum_risk([twin, fine])
    assert w[0, :2].sum() == pytest.approx(0.09 / 0.13, abs=1e-8)
    assert w[1] == pytest.approx(mv.closed_form_minimum_variance(fine), abs=1e-12)


def test_slow_budgets_are_finished_alone() -> None:
    """Correlations near one and budgets far apart: sweeps alone would take hundreds."""
    n = 4
    rho = np.full((n, n), 0.999) + 0.001 * np.eye(n)
    b = np.array([1e-4, 1e-3, 0.1, 1.0])
    w = many.risk_budgets([rho], b)[0]
    assert risk_parity.contributions(rho, w) == pytest.approx(b / b.sum(), rel=1e-8)


def test_where_no_budgets_can_be_met_the_problem_is_named() -> None:
    hedged = np.array([[0.04, -0.04], [-0.04, 0.04]])
    with pytest.raises(engines.NotSolved, match="covariance 1: no weights carry these budgets"):
        many.risk_budgets([np.eye(2), hedged])


@pytest.mark.parametrize(
    ("sigma", "said"),
    [
        (np.eye(2), r"shape \(k, n, n\), not \(2, 2\)"),
        (np.ones((2, 3, 2)), r"not \(2, 3, 2\)"),
        ([np.diag([1.0, 0.0])], "covariance 0: asset 1 has no risk"),
        ([np.eye(2), [[1.0, 0.5], [0.2, 1.0]]], "covariance 1 is not symmetric"),
        ([np.full((2, 2), np.nan)], "the covariances"),
    ],
)
def test_what_cannot_be_meant_is_refused(sigma: np.ndarray, said: str) -> None:
    for solve in (many.minimum_risk, many.risk_budgets):
        with pytest.raises(ValueError, match=said):
            solve(sigma)


def test_budgets_must_fit_and_be_above_zero() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\) do not fit 2"):
        many.risk_budgets([np.eye(2)], np.ones(3))
    with pytest.raises(ValueError, match="the budgets"):
        many.risk_budgets([np.eye(2)], [1.0, 0.0])
