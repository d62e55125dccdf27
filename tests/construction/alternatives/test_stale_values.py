"""Appraised beside true values: who gains is who loses."""

import numpy as np
import pytest

from portlib.construction.alternatives import stale_values as stale
from portlib.construction.alternatives.smoothing import geltner


def test_what_leavers_gain_those_who_stay_lose():
    f, a, v = 0.2, 1.0, 0.7
    lost = stale.loss_of_those_who_stay(f, a, v) * (1 - f) * v
    assert lost == pytest.approx(f * (a - v))
    assert stale.loss_of_those_who_stay(0.2, 0.7, 0.7) == pytest.approx(0)
    assert stale.loss_of_those_who_stay(0.2, 0.6, 0.7) < 0


def test_appraised_values_are_what_smoothed_log_returns_add_up_to():
    r = np.random.default_rng(3).normal(0.0, 0.1, 50)
    v = np.exp(np.r_[0.0, np.cumsum(r)])
    seen = geltner(0.7).report(r)
    np.testing.assert_allclose(np.diff(np.log(stale.appraised(v, 0.7))), seen, atol=1e-12)


def test_the_gap_and_the_mover_s_gain_agree_with_a_long_draw():
    rng = np.random.default_rng(5)
    v = np.exp(np.cumsum(rng.normal(0, 0.08, 100_000)))
    gap = np.log(v / stale.appraised(v, 0.78))[200:]
    assert gap.std() == pytest.approx(stale.gap_volatility(0.78, 0.08), rel=0.03)
    assert np.maximum(gap, 0).mean() == pytest.approx(
        stale.gain_of_a_transfer(0.78, 0.08), rel=0.04
    )
    signal = 0.6 * gap / gap.std() + 0.8 * rng.normal(size=len(gap))
    assert np.where(signal > 0, gap, 0).mean() == pytest.approx(
        stale.gain_of_a_transfer(0.78, 0.08, 0.6), rel=0.05
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stale.gap_volatility(1.0, 0.1), "must lie"),
        (lambda: stale.gain_of_a_transfer(0.5, 0.1, 2.0), "between 0 and 1"),
        (lambda: stale.appraised([1.0, -1.0], 0.5), "above 0"),
        (lambda: stale.loss_of_those_who_stay(1.0, 1.0, 1.0), "share that leaves"),
        (lambda: stale.loss_of_those_who_stay(0.9, 1.0, 0.5), "cannot be paid"),
    ],
)
def test_what_makes_no_sense_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
