"""After-tax accumulation as the CFA curriculum works it out, and taxes as the Internal Revenue
Service prints them."""

import json

import pytest

from portlib.retirement import taxes
from portlib.retirement.asset_location import Rates, deferred_growth, taxable_growth
from portlib.stewardship.model_validation.replications import CASES


def case(name: str) -> dict:
    return json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))


CFA, IRS = case("cfa_after_tax_accumulation"), case("irs_worked_taxes")
SCHEDULES = [
    (status, *row) for status, rows in IRS["tax_at_foot_of_bracket"].items() for row in rows
]


def flat(rate: float) -> Rates:
    return Rates(rate, rate, rate, rate)


def test_deferred_gain():
    c = CFA["deferred_gain"]
    found = c["value"] * taxable_growth(c["return"], c["years"], flat(c["gains_rate"]))
    assert found == pytest.approx(c["after_tax"], abs=c["tolerance"])


def test_second_deferred_gain():
    c = CFA["deferred_gain_second"]
    assert c["before_tax"] - c["value"] == pytest.approx(c["gain"], abs=c["tolerance"])
    found = c["value"] * taxable_growth(c["before_tax"] / c["value"] - 1, 1, flat(c["gains_rate"]))
    assert found == pytest.approx(c["after_tax"], abs=c["tolerance"])


def test_tax_deferred_account():
    c = CFA["tax_deferred"]
    found = c["value"] * deferred_growth(c["return"], c["years"], flat(c["rate"]))
    assert found == pytest.approx(c["after_tax"], abs=c["tolerance"])


@pytest.mark.parametrize(("status", "income", "tax"), SCHEDULES)
def test_tax_at_the_foot_of_each_bracket(status, income, tax):
    assert float(taxes.ordinary_tax(income, year=IRS["year"], status=status)) == pytest.approx(
        tax, abs=0.005
    )


@pytest.mark.parametrize("example", IRS["taxable_benefits"])
def test_taxable_benefits(example):
    found = taxes.taxable_benefits(
        example["benefits"], example["other_income"], status=example["status"]
    )
    assert float(found) == pytest.approx(example["taxable"], abs=0.5)
