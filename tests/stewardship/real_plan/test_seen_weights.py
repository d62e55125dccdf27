"""Style analysis marked against a known truth."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship import real_plan as rp


@pytest.fixture
def indices():
    rng = np.random.default_rng(5)
    days = pd.bdate_range("2020-01-01", "2021-12-31")
    return pd.DataFrame(rng.normal(0, 0.01, (len(days), 3)), days, list("abc"))


def test_a_constant_mix_is_found_exactly(indices):
    w = np.array([0.6, 0.4, 0.0])
    truth = pd.DataFrame(np.tile(w, (len(indices), 1)), indices.index, indices.columns)
    found = rp.marked(indices @ w, indices, truth, 63)
    assert found.error.max() < 1e-10 and found.error_but_for_lag.max() < 1e-10
    assert list(found.fitted.index.month)[-1] == 12  # the last quarter ends with the data


def test_a_mix_that_moved_is_seen_late_by_its_window(indices):
    later = (np.arange(len(indices)) >= 300)[:, None]
    truth = pd.DataFrame(
        np.where(later, [0.2, 0.8, 0.0], [0.8, 0.2, 0.0]), indices.index, indices.columns
    )
    found = rp.marked((truth * indices).sum(axis=1), indices, truth, 252)
    worst = found.error.idxmax()
    assert found.error[worst] > 0.2
    assert found.error_but_for_lag[worst] < found.error[worst] / 3


def test_no_full_window_is_refused(indices):
    with pytest.raises(ValueError, match="hold no window of 600 that ends a quarter"):
        rp.marked(indices["a"], indices, indices, 600)


def test_distance_is_what_must_be_traded():
    one = pd.DataFrame({"a": [0.6], "b": [0.4]})
    other = pd.DataFrame({"a": [0.5], "b": [0.5]})
    assert rp.distance(one, other).item() == pytest.approx(0.1)
