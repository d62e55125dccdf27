"""Nothing later than the day, and the portfolio inside its bands."""

import numpy as np
import pandas as pd
import pytest

from portlib import data, history, policy
from portlib.estimation import forecast_record as record
from portlib.estimation.forecast_record import LookAhead
from portlib.stewardship import real_plan as rp

OURS = policy.read(data.ROOT / "plan")


@pytest.fixture(scope="module")
def world():
    rec = history.open_record()
    series = {"us_large_equity": "tsp_c", "us_treasury_10y": "tsp_f", "cash": "bills"}
    came = pd.DataFrame({name: rec[of].values for name, of in series.items()}).sort_index()
    forecasts = record.professional_forecasters()
    return rp.read(), forecasts, record.scored(forecasts, came)


def built(world, day, months=None):
    told, forecasts, track = world
    mix = told.target("l_2040").loc[:day].iloc[-1]
    at = told.months if months is None else months
    return rp.build(day, mix / mix.sum(), at, forecasts, track, policy=OURS)


def test_what_comes_later_changes_nothing(world):
    whole = built(world, "2015-03-31")
    months = world[0].months.copy()
    months.loc["2015-04":] = 9.9
    again = built(world, "2015-03-31", months)
    assert np.array_equal(whole.weights, again.weights)
    assert whole.edition == "2015Q1" and whole.first == pd.Period("2015-04", "M")


def test_a_month_that_has_not_ended_is_not_known(world):
    months = world[0].months.copy()
    months.loc["2005-08-31"] = 9.9
    assert np.array_equal(
        built(world, "2005-08-01").weights, built(world, "2005-08-01", months).weights
    )


def test_the_portfolio_is_inside_its_bands_and_no_riskier(world):
    b = built(world, "2010-03-31")
    assert b.weights.sum() == pytest.approx(1) and b.weights.min() > -1e-9
    risk = [
        b.assumptions.risk_of(w.reindex(list(rp.FUNDS)).to_numpy())
        for w in (b.weights, b.reference)
    ]
    assert risk[0] <= risk[1] + 1e-6
    assert b.expected >= b.assumptions.mu @ b.reference.reindex(list(rp.FUNDS)).to_numpy() - 1e-9


def test_too_early_a_day_is_refused(world):
    told, forecasts, track = world
    with pytest.raises(LookAhead, match="1991-06-30: 0 forecasts"):
        rp.build("1991-06-30", pd.Series(0.2, rp.FUNDS), told.months, forecasts, track, policy=OURS)


def test_what_came_is_compounded_by_month_and_a_span_not_over_is_refused(world):
    b = built(world, "2015-03-31")
    all_in_c = pd.Series({"c": 1.0}).reindex(list(rp.FUNDS), fill_value=0.0)
    ten = world[0].months.loc["2015-04":"2025-03", "c"]
    assert rp.came(b, all_in_c, world[0].months, years=10) == pytest.approx(
        float((1 + ten).prod()) ** 0.1 - 1
    )
    with pytest.raises(ValueError, match="months have passed since 2015-04, not 20"):
        rp.came(b, all_in_c, world[0].months, years=20)
