"""Nothing later than the day, and the portfolio inside its bands."""

import numpy as np
import pandas as pd
import pytest

from portlib import data, history, policy
from portlib.estimation import forecast_record as record
from portlib.estimation.forecast_record import LookAhead
from portlib.records import Assumptions
from portlib.stewardship import real_plan as rp
from portlib.stewardship.real_plan import as_of

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


def test_errors_of_forecasts_that_were_not_over_are_not_known(world):
    told, forecasts, track = world
    later = track.copy()
    open_then = np.array([last.end_time > pd.Timestamp("2015-04-01") for last in later["last"]])
    assert open_then.any() and not open_then.all()
    later.loc[open_then, "error"] = 9.9
    mix = told.target("l_2040").loc[:"2015-03-31"].iloc[-1]
    again = rp.build("2015-03-31", mix / mix.sum(), told.months, forecasts, later, policy=OURS)
    assert again.errors.equals(built(world, "2015-03-31").errors)


def test_what_is_known_is_put_together_by_hand(world):
    b = built(world, "2015-03-31")
    told, _, track = world
    past = told.months[list(rp.FUNDS)].dropna().loc[:"2015-03-31"]
    assert past.index[-1] == pd.Timestamp("2015-03-31")  # a month that ended that day is known
    assert b.assumptions.sigma == pytest.approx(12 * past.cov().to_numpy())
    assert b.assumptions.rf == b.forecast["g"]
    missed = record.forecast_errors(track, known_by=pd.Timestamp("2015-03-31"))
    risk = past.std(ddof=1)
    expected = {
        "g": missed["cash"],
        "f": missed["us_treasury_10y"],
        **{x: missed["us_large_equity"] * risk[x] / risk["c"] for x in "csi"},
    }
    assert b.errors.to_dict() == pytest.approx(expected)


def test_the_policys_values_stand_where_they_are_meant(world, monkeypatch):
    seen = {}
    honest = as_of.anchored.anchored

    def spy(classes, **given):
        seen.update(given)
        return honest(classes, **given)

    monkeypatch.setattr(as_of.anchored, "anchored", spy)
    built(world, "2015-03-31")
    assert seen["tau"] == OURS["black_litterman_tau"] != OURS["shared_view_error"]
    assert seen["shared"] == OURS["shared_view_error"]
    assert set(seen["without"]) == {"s", "i"}  # nobody forecast them


@pytest.mark.parametrize(
    ("best", "bands", "most"),
    [
        # a third of the equity there is, and all of it equity
        ("c", {"share": 0.25, "points": 0.04, "cash": 0.1}, 1.25 / 3 + 0.04),
        # three quarters of what is not equity, and none of it equity
        ("g", {"share": 0.25, "points": 0.30, "cash": 0.01}, 1.25 * 0.75 + 0.01),
    ],
)
def test_a_band_is_a_share_of_the_weight_and_points_and_its_own_for_cash(best, bands, most):
    """One fund is sure to earn most; only bonds have a risk worth the name."""
    names = list(rp.FUNDS)
    mu = [0.30 if name == best else 0.04 for name in names]
    told = Assumptions(names, mu, np.diag([1e-8, 0.04, 1e-8, 1e-8, 1e-8]), 0.0, "invented")
    held = pd.Series([0.3, 0.1, 0.2, 0.2, 0.2], names)
    assert as_of.best(told, held, bands)[best] == pytest.approx(most, abs=1e-6)


def test_what_came_begins_after_the_day_and_ends_after_its_years(world):
    b = built(world, "2015-03-31")
    months = world[0].months.copy()
    mix = pd.Series(0.2, list(rp.FUNDS))
    whole = rp.came(b, mix, months, years=5)
    months.loc[:"2015-03"] = 9.9
    months.loc["2020-04":] = 9.9
    assert rp.came(b, mix, months, years=5) == whole


def test_three_years_of_months_are_enough_and_a_month_less_is_not(world):
    months = world[0].months
    at = months.index.get_loc(pd.Timestamp("2015-03-31"))
    with pytest.raises(LookAhead, match="35 months were known"):
        built(world, "2015-03-31", months.iloc[at - 34 :])
    assert built(world, "2015-03-31", months.iloc[at - 35 :]).known_on
