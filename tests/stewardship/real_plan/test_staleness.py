"""A price of yesterday shows up in the next day's return."""

import numpy as np
import pandas as pd
import pytest

from portlib.stewardship import real_plan as rp


def drawn(late, days=4_000):
    rng = np.random.default_rng(11)
    index = pd.bdate_range("2000-01-03", periods=days)
    market = pd.Series(rng.normal(0, 0.01, days), index)
    own = pd.Series(rng.normal(0, 0.005, days), index)
    return own + (1 - late) * market + late * market.shift(1).fillna(0.0), market


@pytest.mark.parametrize("late", [0.0, 0.3, 1.0])
def test_the_part_that_comes_late_is_found(late):
    fund, market = drawn(late)
    assert rp.part_late(fund, market) == pytest.approx(late, abs=0.05)


def test_coefficients_are_those_of_statsmodels():
    from statsmodels.api import OLS, add_constant

    fund, market = drawn(0.3, 500)
    both = pd.DataFrame({"c": market, "late": market.shift(1), "own": fund.shift(1)})
    both = both.dropna()
    other = OLS(fund[both.index], add_constant(both)).fit(cov_type="HC1")
    ours = rp.next_day(fund, market)
    assert ours["coefficient"].to_list() == pytest.approx(other.params.to_list()[1:], rel=1e-8)
    assert ours["error"].to_list() == pytest.approx(other.bse.to_list()[1:], rel=1e-6)


def test_few_days_are_refused():
    fund, market = drawn(0.3, 40)
    with pytest.raises(ValueError, match="39 days are too few"):
        rp.next_day(fund, market)


def test_sixty_days_are_enough():
    fund, market = drawn(0.3, 61)
    assert len(rp.next_day(fund, market)) == 3
    with pytest.raises(ValueError, match="59 days are too few"):
        rp.next_day(*drawn(0.3, 60))
