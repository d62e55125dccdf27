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


def test_a_fund_that_earns_more_than_its_mix_every_day_still_shows_its_mix(indices):
    mix = indices @ np.array([0.2, 0.3, 0.5]) + 0.01
    assert rp.seen(mix.to_numpy(), indices.to_numpy()) == pytest.approx([0.2, 0.3, 0.5])


def test_the_truth_of_a_quarter_is_that_of_its_last_day_by_name(indices):
    truth = pd.DataFrame(0.0, indices.index, ["c", "b", "a"])
    truth["a"] = np.linspace(0, 1, len(indices))
    truth["c"] = 1 - truth["a"]
    found = rp.marked(indices["a"], indices, truth, 63)
    for day, row in found.truth.iterrows():
        assert row.to_dict() == truth.loc[day].to_dict()
        window = truth.loc[:day].tail(63)
        assert found.over_window.loc[day].to_dict() == pytest.approx(window.mean().to_dict())
        assert (day + pd.offsets.BDay(1)).quarter != day.quarter


def test_a_window_that_is_just_full_counts_and_a_quarter_that_goes_on_does_not(indices):
    ends = rp.marked(indices["a"], indices, indices, 10).fitted.index
    first = indices.index.get_loc(ends[0]) + 1
    assert rp.marked(indices["a"], indices, indices, first).fitted.index[0] == ends[0]
    assert rp.marked(indices["a"], indices, indices, first + 1).fitted.index[0] == ends[1]
    part = indices.loc[:"2021-12-20"]
    assert rp.marked(part["a"], part, part, 10).fitted.index[-1] == pd.Timestamp("2021-09-30")
    # the last day of trading may stand a weekend and a holiday before the quarter's
    part = indices.loc[:"2021-12-27"]
    assert rp.marked(part["a"], part, part, 10).fitted.index[-1] == pd.Timestamp("2021-12-27")
