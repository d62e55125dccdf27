"""Attribution: effects add up, in one period and over many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.stewardship.monitoring import attribution

SEEDS = st.integers(0, 2**32 - 1)

few = settings(max_examples=30)


@few
@given(SEEDS, st.integers(1, 40))
def test_linked_effects_add_up(seed: int, periods: int) -> None:
    rng = np.random.default_rng(seed)
    wp, wb = rng.dirichlet(np.ones(5), (2, periods))
    rp, rb = rng.normal(0.01, 0.08, (2, periods, 5))
    effects = np.stack(attribution.brinson_fachler(wp, wb, rp, rb))
    p, b = (wp * rp).sum(axis=1), (wb * rb).sum(axis=1)
    assert effects.sum(axis=(0, 2)) == pytest.approx(p - b, abs=1e-14)
    whole = np.prod(1 + p) - np.prod(1 + b)
    for link in (attribution.carino, attribution.menchero):
        assert float((link(p, b)[:, None] * effects).sum()) == pytest.approx(whole, abs=1e-11)


def test_one_period_needs_no_linking_and_equal_returns_are_no_trap() -> None:
    p, b = np.array([0.05]), np.array([0.02])
    for link in (attribution.carino, attribution.menchero):
        assert link(p, b) == pytest.approx([1.0])
    r = np.array([0.05, -0.02, 0.01])
    # an active return of next to nothing in one period is worth what all other periods make of it
    assert attribution.carino(r, r) == pytest.approx(np.prod(1 + r) / (1 + r), rel=1e-14)
    assert attribution.carino(r, r + 1e-7) == pytest.approx(np.prod(1 + r) / (1 + r), rel=1e-6)
    assert attribution.menchero(r, r) == pytest.approx(
        np.full(3, np.prod(1 + r) ** (2 / 3)), rel=1e-14
    )


def test_attribution_refuses_what_cannot_add_up() -> None:
    half = np.array([0.5, 0.5])
    with pytest.raises(ValueError, match="weights of the benchmark miss one"):
        attribution.brinson_fachler(half, half * 1.1, half, half)
    with pytest.raises(ValueError, match="nothing to link"):
        attribution.carino(np.array([-1.0]), np.array([0.0]))


def test_looking_through_loses_no_return() -> None:
    rng = np.random.default_rng(3)
    w, b = rng.dirichlet(np.ones(4), 12), rng.dirichlet(np.ones(3), 4) * [1, 1, 0]
    b /= b.sum(axis=1, keepdims=True)
    classes, added = rng.normal(0, 0.03, (12, 3)), rng.normal(0, 0.01, (12, 4))
    held, returns = attribution.by_class(w, b, classes, added)
    funds = classes @ b.T + added
    assert (held * returns).sum(axis=1) == pytest.approx((w * funds).sum(axis=1), abs=1e-15)
    assert returns[:, 2] == pytest.approx(classes[:, 2])  # not held: its own return


def test_effects_of_each_class_by_hand() -> None:
    """Sums alone cannot tell the two classic ways apart: a class is weighed against the whole."""
    wp, wb = np.array([0.6, 0.3, 0.1]), np.array([0.5, 0.3, 0.2])
    rp, rb = np.array([0.10, 0.02, 0.01]), np.array([0.08, 0.03, 0.00])
    whole = 0.5 * 0.08 + 0.3 * 0.03
    found = attribution.brinson_fachler(wp, wb, rp, rb)
    assert found.allocation == pytest.approx([0.1 * (0.08 - whole), 0.0, -0.1 * (0.0 - whole)])
    assert found.selection == pytest.approx([0.5 * 0.02, 0.3 * -0.01, 0.2 * 0.01])
    assert found.interaction == pytest.approx([0.1 * 0.02, 0.0, -0.1 * 0.01])
