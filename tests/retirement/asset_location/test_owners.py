"""Participants as households, in both plans; what no household is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from portlib import plan
from portlib.retirement import taxes
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


@pytest.mark.parametrize(
    ("status", "age", "pay", "deducted", "on_top"),
    [
        ("single", 64, 78_000.0, 16_100, 0.0),
        ("single", 66, 78_000.0, 16_100 + 2_050 + 6_000, 0.0),
        ("single", 66, 90_000.0, 16_100 + 2_050 + 5_640, 0.06),  # 6 cents of each above 75,000
        ("married_joint", 66, 160_000.0, 32_200 + 2 * 1_650 + 12_000, 0.0),
    ],
)
def test_who_works_on_after_65_deducts_for_age_in_the_rate_of_today(
    status, age, pay, deducted, on_top
):
    plain = replace(BASE, status=status, pay=pay, deferral_rate=0.1, roth_share=0.0, state_rate=0.0)
    one = replace(plain, age=age, birth_year=2026 - age, retirement_age=69, year=2026)
    ends = {"single": 50_400, "married_joint": 100_800}[status]  # of the 12% bracket, in 2026
    bracket = 0.12 if 0.9 * pay - deducted < ends else 0.22
    assert rates(one).ordinary == pytest.approx(bracket * (1 + on_top))


def test_what_no_household_is_is_refused_by_name():
    with pytest.raises(ValueError, match="cannot be followed to 50"):
        replace(BASE, last_age=50)
    with pytest.raises(ValueError, match="balances are dollars"):
        replace(BASE, balances={"taxable": 1.0})
    with pytest.raises(ValueError, match="shares from 0 to 1"):
        replace(BASE, roth_share=2.0)


@pytest.mark.parametrize("retired", [False, True], ids=["at work", "retired"])
@pytest.mark.parametrize("roth_share", [0.0, 0.4])
def test_what_is_drawn_taxed_and_spent_is_a_loop_over_the_years(retired, roth_share):
    """Balances year by year, and each rate as a difference of two returns (`income_tax`)."""
    one = replace(BASE, roth_share=roth_share, other_income=20_000.0)
    one = replace(one, age=66, birth_year=1960) if retired else one
    one = replace(one, retirement_age=66 if retired else one.retirement_age)
    put_in = taxes.contribution(one.pay, one.deferral_rate, one.match, year=one.year, age=one.age)
    before = put_in.before_tax(roth_share)
    deferred = one.balances["deferred"]
    for _ in range(one.working_years):
        deferred = deferred * 1.04 + before + put_in.employer
    drawn = one.withdrawal_rate * deferred
    law = {"year": one.year, "status": one.status, "state_rate": one.state_rate}
    ends = max(one.retirement_age, one.age)
    later = {
        **law,
        "over_65": one.over_65(ends),
        "in_force": one.year + ends - one.age,
        "ordinary": 20_000.0,
        "benefits": one.benefits,
    }
    now = later if retired else {**law, "ordinary": one.pay - before}

    def owed(household, **more):
        return float(taxes.income_tax(**{**household, **more}).total)

    found = rates(one, real_return=0.04)
    assert found.ordinary == pytest.approx((owed(now, interest=100.0) - owed(now)) / 100)
    assert found.gains == pytest.approx((owed(now, qualified=100.0) - owed(now)) / 100)
    taken = owed(later, ordinary=20_000.0 + drawn)
    assert found.withdrawal == pytest.approx((taken - owed(later)) / drawn)
    last = owed(later, ordinary=20_000.0 + drawn, qualified=100.0)
    assert found.exit_gains == pytest.approx((last - taken) / 100)

    wealth = one.balances["taxable"] * (1 - found.exit_gains * (1 - one.basis))
    wealth += one.balances["deferred"] * (1 - found.withdrawal)
    wealth += one.balances["roth"] + one.balances["hsa"]
    roth = put_in.employee - before
    for _ in range(one.working_years):
        wealth = wealth * 1.04 + roth + (before + put_in.employer) * (1 - found.withdrawal)
    expected = one.benefits + 20_000.0 + one.withdrawal_rate * wealth
    assert spending(one, found, real_return=0.04) == pytest.approx(expected)
    assert one.horizon == (ends + one.last_age) / 2 - one.age


def test_a_participants_row_is_the_household_fact_by_fact():
    ours = plan.read()
    offers = {**ours.rules["contributions"], "roth": True}
    for name in candidates(ours)[::40]:
        row = ours.participants.loc[name]
        one = owner(replace(ours, rules={**ours.rules, "contributions": offers}), name)
        assert (one.birth_year, one.age) == (row["birth_year"], ours.age[name])
        assert (one.pay, one.deferral_rate) == (row["pay"], row["deferral_rate"])
        assert one.roth_share == row["roth_share"] and one.status == row["filing_status"]
        assert one.balances["roth"] == pytest.approx(row["balance"] * row["roth_share"])
        without = {**offers, "roth": False}
        other = owner(replace(ours, rules={**ours.rules, "contributions": without}), name)
        assert other.roth_share == other.balances["roth"] == 0
