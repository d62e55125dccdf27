"""Participants as households, in both plans; what no household is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portlib import plan
from portlib.retirement.asset_location.owners import candidates, owner, plan_target, rates, spending
from tests.retirement.asset_location.households import BASE

PLANS = [None, Path(__file__).parents[2] / "plans" / "awkward"]


@pytest.mark.parametrize("folder", PLANS)
def test_every_case_of_a_plan_is_a_household(folder):
    the_plan = plan.read(folder)
    target = plan_target(the_plan)
    assert target.sum() == pytest.approx(1)
    assert set(target.index) <= set(the_plan.exposures.columns)
    names = candidates(the_plan)
    stake = the_plan.participants.loc[names, ["balance", "outside_assets"]].min(axis=1)
    assert stake.is_monotonic_increasing
    assert (stake > 0).all()
    for name in names[-5:]:
        one, row = owner(the_plan, name), the_plan.participants.loc[name]
        assert sum(one.balances[b] for b in ("deferred", "roth")) == pytest.approx(row["balance"])
        assert ("other_income" in one.assumed) == bool(np.isnan(row["other_income"]))
        assert one.frozen_stock <= row["balance"]
        found = rates(one)
        assert max(vars(found).values()) < 0.6
        assert spending(one, found, real_return=0.03) > one.benefits


def test_a_plan_whose_people_told_nothing_still_has_cases():
    the_plan = plan.read(PLANS[1])
    silent = replace(the_plan, participants=the_plan.participants.assign(outside_assets=np.nan))
    names = candidates(silent)
    assert silent.participants["balance"][names].is_monotonic_increasing
    assert "outside_assets" in owner(silent, names[-1]).assumed
    retired = replace(the_plan, participants=the_plan.participants.assign(retirement_age=20.0))
    with pytest.raises(ValueError, match="no participant is still at work"):
        candidates(retired)


def test_rates_rise_with_income_and_retirement_is_taxed_on_what_is_drawn():
    low, high = rates(BASE), rates(replace(BASE, pay=400_000.0))
    assert high.ordinary > low.ordinary
    assert rates(replace(BASE, other_income=150_000.0)).withdrawal > low.withdrawal
    assert rates(replace(BASE, retirement_age=50)).ordinary < low.ordinary


def test_what_no_household_is_is_refused_by_name():
    with pytest.raises(ValueError, match="cannot be followed to 50"):
        replace(BASE, last_age=50)
    with pytest.raises(ValueError, match="balances are dollars"):
        replace(BASE, balances={"taxable": 1.0})
    with pytest.raises(ValueError, match="shares from 0 to 1"):
        replace(BASE, roth_share=2.0)
