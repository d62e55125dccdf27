"""The L Funds' paths over classes."""

import pandas as pd
import pytest

from portlib import data, plan
from portlib.stewardship import real_plan as rp
from portlib.stewardship.real_plan import defaults


@pytest.fixture(scope="module")
def tsp():
    return plan.read(data.ROOT.parent / "plans" / "tsp")


def test_the_long_run_path_is_what_was_published(tsp):
    path = rp.long_run(rp.read(), tsp)
    assert path.equity_at([40, 28, 5, 0]) == pytest.approx([0.99, 0.99, 0.60, 0.30], abs=2e-3)
    assert path.weights.sum(axis=1) == pytest.approx(1)
    fees = tsp.funds.loc[list("GFCSI"), "expense_ratio"]
    assert fees.min() < path.fee < fees.max()


def test_the_cross_section_of_a_day_has_each_fund_at_its_years(tsp):
    told = rp.read()
    path = defaults.as_of(told, tsp, "2018-10-01")
    held = told.target("l_2040").loc["2018-10-01"]
    away = 2040 - 2018 - 3 / 12
    assert path.equity_at(away) == pytest.approx(held[list(rp.EQUITY)].sum() / held.sum())
    assert path.equity_at(0) == pytest.approx(0.2, abs=0.005)
    with pytest.raises(ValueError, match="0 L Funds are known on 2004-01-01"):
        defaults.as_of(told, tsp, "2004-01-01")


def test_a_plan_without_the_five_funds_is_refused(tsp):
    with pytest.raises(ValueError, match="does not offer G, F, C, S, I"):
        rp.long_run(rp.read(), plan.read(data.ROOT / "plan"))


def test_a_path_costs_what_its_mix_costs_on_average_over_the_years(tsp):
    told = rp.read()
    path = rp.long_run(told, tsp)
    mix = told.path[list(rp.FUNDS)].div(told.path[list(rp.FUNDS)].sum(axis=1), axis=0)
    cost = tsp.funds.loc[list("GFCSI"), "expense_ratio"].set_axis(list(rp.FUNDS))
    assert path.fee == pytest.approx(float((mix @ cost).mean()))


def test_weights_that_are_rounded_are_brought_to_one(tsp):
    told = rp.read()
    rough = told.path * 100
    path = defaults.of_funds(rough, tsp, "x", "y")
    assert path.weights.sum(axis=1) == pytest.approx(1)


def test_a_target_counts_from_its_first_day_and_a_stale_one_is_left_out(tsp):
    told = rp.read()
    day = told.target("l_2040").index[-1]
    held = told.target("l_2040").loc[day]
    path = defaults.as_of(told, tsp, f"{day:%Y-%m-%d}")
    away = 2040 - day.year - (day.month - 7) / 12
    assert path.equity_at(away) == pytest.approx(held[list(rp.EQUITY)].sum() / held.sum())
    # five months after the last published target nothing is in force
    with pytest.raises(ValueError, match="0 L Funds are known"):
        defaults.as_of(told, tsp, f"{day + pd.DateOffset(months=5):%Y-%m-%d}")
