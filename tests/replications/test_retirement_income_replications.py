"""Published benefits: the Social Security Administration's own careers, to the dollar."""

import json
import math

import pytest

from portlib import data
from portlib.retirement import household as hh
from portlib.stewardship.model_validation.replications import CASES

CASE = json.loads((CASES / "ssa_benefit_examples.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("one", CASE["careers"], ids=lambda one: one["name"])
def test_a_career_of_the_agency_from_earnings_to_the_payment(one) -> None:
    earnings = {int(year): dollars for year, dollars in one["earnings"].items()}
    assert hh.average_indexed_earnings(earnings, one["born"]) == one["average"]
    since = one["born"] + 62
    primary = hh.primary_insurance_amount(one["average"], since)
    assert hh.increased(primary, since, one["retires"]) == pytest.approx(one["primary"], abs=1e-9)
    claimed = hh.full_retirement_months(one["born"]) - one["months_early"]
    factor = hh.claiming_factor(one["born"], claimed)
    assert hh.paid_monthly(one["primary"], factor) == one["paid"]


@pytest.mark.parametrize("one", CASE["from_average"], ids=lambda one: one["name"])
def test_a_full_benefit_of_the_agency_after_its_increases(one) -> None:
    since = one["born"] + 62
    primary = hh.primary_insurance_amount(one["average"], since)
    assert hh.increased(primary, since, one["retires"]) == pytest.approx(one["primary"], abs=1e-9)


def test_bend_points_are_the_formula_on_average_wages() -> None:
    rule = data.document("retirement_limits")["social_security"]
    formula = rule["bend_point_formula"]
    wages = rule["average_wage_index"]
    for year, points in rule["bend_points_monthly"].items():
        ratio = wages[year - formula["wage_index_lag_years"]] / formula["base_wage_index"]
        assert list(points) == [math.floor(base * ratio + 0.5) for base in formula["base_points"]]
    assert min(rule["bend_points_monthly"]) == 1979


def test_years_that_are_not_known_are_named() -> None:
    with pytest.raises(ValueError, match="no average wage of 1950"):
        hh.average_indexed_earnings({1950: 1_000.0}, 1960)
    with pytest.raises(ValueError, match="no increase of benefits for 1983"):
        hh.increased(1_000.0, 1982, 2012)
