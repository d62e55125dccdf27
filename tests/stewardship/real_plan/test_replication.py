"""Rebalanced on the day or a day late, and the day on which one gives way to the other."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship import real_plan as rp


@pytest.fixture
def market():
    rng = np.random.default_rng(7)
    index = pd.bdate_range("2020-01-01", periods=400)
    days = pd.DataFrame(rng.normal(0, 0.02, (400, 3)), index, list("abc"))
    targets = pd.DataFrame(np.tile([0.5, 0.3, 0.2], (400, 1)), index, list("abc"))
    return days, targets


def test_by_hand_two_days():
    index = pd.bdate_range("2020-03-12", periods=2)
    days = pd.DataFrame({"a": [-0.5, 0.4], "b": [0.0, 0.0]}, index)
    targets = pd.DataFrame({"a": [0.5, 0.5], "b": [0.5, 0.5]}, index)
    assert rp.on_the_day(days, targets).to_list() == pytest.approx([-0.25, 0.2])
    # 25 of 75 are left in a: a third of it earns 40%
    assert rp.a_day_late(days, targets).to_list() == pytest.approx([-0.25, 0.4 / 3])


def test_a_fund_that_never_moves_off_target_is_the_same_either_way(market):
    days, targets = market
    same = days.assign(b=days["a"], c=days["a"])
    pd.testing.assert_series_equal(rp.a_day_late(same, targets), rp.on_the_day(same, targets))
    with pytest.raises(ValueError, match="the market never moved"):
        rp.lateness(rp.on_the_day(same * 0, targets), same * 0, targets)


@pytest.mark.parametrize("part", [0.0, 0.4, 1.0])
def test_a_known_lateness_is_found(market, part):
    days, targets = market
    on, late = rp.on_the_day(days, targets), rp.a_day_late(days, targets)
    noise = np.random.default_rng(3).normal(0, 1e-6, len(on))
    found = rp.lateness(on + part * (late - on) + noise, days, targets)
    assert found.value == pytest.approx(part, abs=5 * found.error + 1e-4)


def test_a_known_day_is_found_and_one_account_throughout_is_refused(market):
    days, targets = market
    on, late = rp.on_the_day(days, targets), rp.a_day_late(days, targets)
    mixed = on.where(on.index < on.index[250], late)
    found = rp.switched(mixed, on, late)
    assert found.day == on.index[250] and found.before > 1e6 and found.after > 1e6
    with pytest.raises(ValueError, match="one account throughout"):
        rp.switched(late, on, late)
