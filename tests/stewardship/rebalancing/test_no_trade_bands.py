"""No-trade bands: formula, programme and simulation agree."""

import numpy as np
import pytest

from portlib.stewardship.rebalancing import no_trade_bands as bands

CASE = {"weight": 0.6, "cost": 0.002, "risk_aversion": 4.0}


def test_the_formula_is_where_its_cost_is_least():
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda b: bands.band_cost(b, **CASE, variance=0.03), bounds=(1e-3, 0.2), method="bounded"
    )
    assert bands.cube_root_band(**CASE) == pytest.approx(found.x, rel=1e-3)


def test_eight_times_the_cost_is_twice_the_band_and_variance_drops_out():
    assert bands.cube_root_band(0.6, 0.016, 4.0) == pytest.approx(2 * bands.cube_root_band(**CASE))


@pytest.mark.parametrize("weight", [0.3, 0.6])
def test_the_programme_closes_in_on_the_formula_from_below(weight):
    case = {**CASE, "weight": weight}
    monthly, weekly, daily = (
        bands.optimal_band(**case, variance=0.03, reviews=n).width for n in (12, 52, 252)
    )
    formula = bands.cube_root_band(**case)
    assert monthly < weekly < daily < 1.02 * formula and daily > 0.9 * formula


def test_the_programme_costs_what_simulation_costs_and_neighbours_cost_more():
    best = bands.optimal_band(**CASE, variance=0.0225, reviews=12)

    def cost(stretch, **more):
        return bands.simulate(
            best.width * stretch,
            **CASE,
            variance=0.0225,
            reviews=12,
            years=40,
            rng=np.random.default_rng(1),
            **more,
        )

    assert cost(1.0) == pytest.approx(best.cost, rel=0.02)
    assert cost(1.0) < min(cost(0.7), cost(1.4)) and cost(1.0) < min(
        cost(k, back_to=0.0) for k in (1, 1.5, 2)
    )


@pytest.mark.parametrize(
    "bad", [{"weight": 0}, {"weight": 1}, {"cost": 0}, {"risk_aversion": 0}, {"variance": 0}]
)
def test_no_band_from_nonsense(bad):
    with pytest.raises(ValueError, match="no band"):
        bands.optimal_band(**{**CASE, "variance": 0.03, **bad}, reviews=12)


def test_a_grid_too_coarse_is_refused():
    with pytest.raises(ValueError, match="too coarse"):
        bands.optimal_band(**CASE, variance=0.0225, reviews=2000)
