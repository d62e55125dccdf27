"""Ways of investing: the posture tilts the default's path, and the default posture is the
default."""

import itertools

import numpy as np
import pytest

from portlib import data, plan
from portlib.retirement import model_portfolios as mp
from portlib.retirement import plan_menu
from portlib.retirement.model_portfolios import capacity, ways

AWKWARD = plan.read(data.ROOT.parent / "tests" / "plans" / "awkward")


def test_the_default_is_the_series_at_ones_own_date(desk, the_plan):
    for years in (33.0, 12.0, -3.0):
        (option,) = ways.default_weights(desk, years)
        assert option == plan_menu.date_for(the_plan, years)
    path = ways.ways(desk, "moderate")[ways.DEFAULT]
    at = the_plan.vintages.index.to_numpy(float)
    assert path.equity_at(at) == pytest.approx(the_plan.vintages["equity"].to_numpy(float))
    assert path.fee == pytest.approx(float(the_plan.funds.at["TDIDX", "expense_ratio"]))


def test_a_posture_tilts_the_equity_of_the_age_and_replaces_nothing(desk):
    tilt = desk.decided["posture_tilt"]
    for years in (35.0, 20.0, 5.0, -5.0):
        usual = ways.target_equity(desk, years, desk.decided["default_posture"], 1.0)
        for posture in desk.order:
            wanted = ways.target_equity(desk, years, posture, 1.0)
            assert wanted == pytest.approx(np.clip(usual + tilt[posture], 0, 1))
        assert ways.target_equity(desk, years, "aggressive", 0.3) <= 0.3
    young, old = (ways.target_equity(desk, y, "aggressive", 1.0) for y in (30.0, -10.0))
    assert young > old


def test_the_series_at_another_date_is_the_nearest_that_exists(desk, the_plan):
    shares = the_plan.vintages["equity"]
    for equity in (0.2, 0.55, 0.7, 1.0):
        (option,) = ways.series_weights(desk, 20.0, equity)
        found = float(desk.held[option] @ desk.is_equity)
        assert abs(found - equity) == pytest.approx((shares - equity).abs().min())


def test_models_are_mixed_to_the_share_between_two_neighbours(desk):
    made = desk.suite.models
    least, most = made[0].equity, made[-1].equity
    for equity in np.linspace(least, most, 7):
        w = ways.model_weights(desk, float(equity))
        assert sum(w.values()) == pytest.approx(1)
        assert ways.mixture(desk, w, 0) @ desk.is_equity == pytest.approx(equity)
    bold = {f: x for f, x in made[-1].weights.items() if x > 0}
    assert ways.model_weights(desk, 1.0) == pytest.approx(bold)


def test_the_naive_rule_is_equal_shares(desk):
    w = ways.naive_weights(desk)
    assert set(w.values()) == {1 / len(w)} and "TDIDX" not in w and "COSTK" not in w


def test_a_plan_without_a_series_has_its_default_fund_or_a_model():
    own = capacity.adviser(AWKWARD, mp.suite(AWKWARD), np.random.default_rng(1))
    assert ways.default_weights(own, 20.0) == {"BALANC": 1.0}
    assert ways.SERIES not in ways.ways(own, "conservative")


def test_of_two_dates_as_near_the_nearest_to_ones_own_is_chosen(desk, the_plan):
    """By asking date by date, midway between each two steps of the series and beyond its ends."""
    options = plan_menu.dates(the_plan)
    shares = {y: float(desk.held[str(o)] @ desk.is_equity) for y, o in options.items()}
    steps = sorted(set(np.round(list(shares.values()), 9)))
    midway = [(low + high) / 2 for low, high in itertools.pairwise(steps)]
    assert len(midway) > 5
    for equity in (*midway, *steps, 0.0, 1.0):
        near = min(abs(x - equity) for x in shares.values())
        alike = [y for y, x in shares.items() if abs(x - equity) <= near + 1e-9]
        for years in (45.0, 31.0, 22.0, 12.0, 1.0, -20.0):
            best = min(alike, key=lambda y: abs(y - years))
            assert ways.series_weights(desk, years, equity) == {str(options[best]): 1.0}
