"""Rows and columns of a simulation: contributions by the law, lives by the table, pay by its
path."""

from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement import cases as rows
from portlib.retirement import household as hh
from portlib.retirement import taxes
from portlib.retirement.cases import balanced
from portlib.retirement.household import Household, Spouse
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.pay_risk import PayRisk
from portlib.retirement.scenarios import Scenarios

MATCH = [{"rate": 1.0, "up_to": 0.03}, {"rate": 0.5, "up_to": 0.05}]
PERSON = Household(
    age=40, retirement_age=65, pay=90_000, deferral_rate=0.08, match=MATCH, pay_growth=0.01
)


def calm(paths: int, years: int) -> Scenarios:
    change = np.full((paths, years), 0.02)
    return Scenarios(np.zeros((paths, years, 2)), ("equity", "bonds"), "calm", (), change)


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.045, 0.3, 1.0])
@pytest.mark.parametrize("pay", [0.0, 20_000, 90_000, 250_000, 480_000])
def test_contributions_are_those_of_the_law_one_at_a_time(rate, pay) -> None:
    h = replace(PERSON, deferral_rate=rate, pay=pay)
    case = rows.of_households([h], balanced(0.5))
    for t in (0, 9, 15, 20, 23):
        employee, employer = case.saving.paid(t, slice(0, 1))
        one = taxes.contribution(pay * 1.01**t, rate, MATCH, year=2026, age=40 + t)
        assert employee[0, 0] == pytest.approx(one.employee)
        assert employer[0, 0] == pytest.approx(one.employer)


def test_risky_pay_moves_contributions_benefits_and_what_is_wanted() -> None:
    h = replace(PERSON, replacement_rate=0.7)
    lives = rows.draw(h, calm(50, h.horizon), np.random.default_rng(1), pay_risk=PayRisk())
    case = rows.of_households([h], balanced(0.5), lives)
    assert case.benefit.shape == case.target.shape == (1, 50)
    k = 7
    path = np.concatenate([1.01 ** np.arange(-18.0, 0), 1.01 ** np.arange(25) * lives.pay[:25, k]])
    primary = hh.primary_insurance_amount(float(hh.average_earnings(90_000 * path, 184_500)), 2026)
    factor = hh.claiming_factor(1986, 65 * 12)
    assert case.benefit[0, k] == 12 * hh.paid_monthly(primary, factor)
    assert case.target[0, k] == pytest.approx(0.7 * h.final_pay * lives.permanent[24, k])


def test_lives_of_couples_differ_and_care_is_drawn_with_its_chance() -> None:
    h = replace(PERSON, spouse=Spouse(38, sex="female"), sex="male")
    care = rows.Care(0.15, 50_000, 3)
    lives = rows.draw(h, calm(20_000, h.horizon), np.random.default_rng(1), care=care)
    assert lives.care.mean() == pytest.approx(0.15, abs=0.01)
    assert abs(np.corrcoef(lives.last[0], lives.last_spouse[0])[0, 1]) < 0.03
    table = Mortality()
    assert (lives.last[0] >= 45).mean() == pytest.approx(table.survival(40, "male")[45], abs=0.015)
    assert (lives.last_spouse[0] >= 45).mean() == pytest.approx(
        table.survival(38, "female")[45], abs=0.015
    )


def test_annuity_factors_are_discounted_survival() -> None:
    alive = Mortality().survival(65, "female")
    by_hand = (alive[:-1] * 1.02 ** -np.arange(len(alive) - 1.0)).sum()
    found = rows.annuity_factors(65, "female", 0.02, Mortality(), 55)
    assert found[0] == pytest.approx(by_hand, rel=1e-12)
    assert (np.diff(found[:50]) < 0).all()


def test_periods_go_on_below_seventy_two_a_year_at_a_time() -> None:
    assert rows.distribution_periods(np.array([70, 71, 72, 73, 90])) == pytest.approx(
        [29.4, 28.4, 27.4, 26.5, 12.2]
    )


def test_prices_compound_from_one() -> None:
    level = rows.prices(np.array([[0.02, 0.03], [0.0, -0.01]]))
    assert level == pytest.approx(np.array([[1, 1], [1.02, 1.0], [1.02 * 1.03, 0.99]]))


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ValueError, match="2 mixes"):
        rows.of_households([PERSON], [balanced(0.5)] * 2)
    other = rows.ConstantMix(np.array([0.5, 0.5]), assets=("gold", "bonds"))
    with pytest.raises(ValueError, match="unlike assets"):
        rows.of_households([PERSON] * 2, [balanced(0.5), other])
    with pytest.raises(ValueError, match="all couples or all single"):
        rows.of_households([PERSON, replace(PERSON, spouse=Spouse(40))], balanced(0.5))
    with pytest.raises(ValueError, match="give an rng"):
        rows.draw(PERSON, calm(2, PERSON.horizon))
    with pytest.raises(ValueError, match="do not cover"):
        rows.draw(PERSON, calm(2, 10), np.random.default_rng(1))
