"""Pay that strays: its moments, and that risk alone is added."""

import numpy as np
import pytest

from portlib.retirement.pay_risk import PayRisk


def test_shocks_have_the_variances_stated_and_leave_the_mean() -> None:
    risk = PayRisk(0.0106, 0.0738, 0.083, 0.3)
    drawn = risk.draw(40_000, 30, np.random.default_rng(1))
    assert drawn.pay.mean(axis=0) == pytest.approx(np.ones(30), abs=0.02)
    steps = np.diff(np.log(drawn.permanent), axis=1)
    assert steps.var() == pytest.approx(0.0106, rel=0.01)
    passing = np.log(PayRisk(0.0106, 0.0738).draw(40_000, 5, np.random.default_rng(2)).pay)
    # a first year's log pay has both variances; the next ones add a permanent shock each
    assert passing.var(axis=0) == pytest.approx(0.0738 + 0.0106 * np.arange(1, 6), rel=0.03)


def test_spells_take_their_share_as_often_as_stated() -> None:
    drawn = PayRisk(0.0, 0.0, 0.083, 0.3).draw(50_000, 2, np.random.default_rng(3)).pay
    low = drawn < 0.9
    assert low.mean() == pytest.approx(0.083, abs=0.003)
    assert drawn[low][0] / drawn[~low][0] == pytest.approx(0.7)


def test_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        PayRisk(unemployment=8.3)
