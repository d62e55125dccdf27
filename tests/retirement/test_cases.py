"""Rows and columns of a simulation: contributions by the law, lives by the table, pay by its
path."""

from dataclasses import replace

import numpy as np
import pytest

from portlib.retirement import cases as rows
from portlib.retirement import household as hh
from portlib.retirement import taxes
from portlib.retirement.cases import balanced
from portlib.retirement.glidepaths import shaped
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


def test_each_year_of_a_row_is_its_distance_from_retirement_and_its_own_fee() -> None:
    late = replace(PERSON, retirement_age=70)
    path, calm_one = shaped(0.9, 20, 0.3, 10, fee=0.004), balanced(0.4, fee=0.001)
    case = rows.of_households([PERSON, late, PERSON], [path, path, calm_one])
    for t in (0, 10, 25, 30, 45):
        assert case.mix[0, t, 0] == pytest.approx(path.equity_at(25.0 - t))
        assert case.mix[1, t, 0] == pytest.approx(path.equity_at(30.0 - t))
        assert case.mix[2, t] == pytest.approx([0.4, 0.6])
    assert case.fee.tolist() == [0.004, 0.004, 0.001]
    assert case.retires.tolist() == [25, 30, 25]


def test_a_match_is_read_in_the_order_of_its_tiers_whatever_the_file_says() -> None:
    ways = [replace(PERSON, match=match) for match in (MATCH, MATCH[::-1], MATCH[:1], ())]
    case = rows.of_households(ways, balanced(0.5))
    _, employer = case.saving.paid(0, slice(0, 4))
    pay = 90_000
    assert employer[:, 0] == pytest.approx([0.04 * pay, 0.04 * pay, 0.03 * pay, 0.0])


def test_lives_end_within_the_horizon_and_pay_is_not_what_stays_of_it() -> None:
    pair = replace(PERSON, age=60, sex="male", last_age=80, spouse=Spouse(35, sex="female"))
    rng = np.random.default_rng(1)
    lives = rows.draw(pair, calm(4_000, pair.horizon), rng, pay_risk=PayRisk())
    for last in (lives.last, lives.last_spouse):
        assert last.min() >= 0 and last.max() == pair.horizon - 1
    stays = np.diff(np.log(lives.permanent), axis=0)
    strays = np.log(lives.pay) - np.log(lives.permanent)
    assert stays.var() == pytest.approx(PayRisk().permanent, rel=0.05)
    assert strays.var() == pytest.approx(PayRisk().transitory, rel=0.05)
    certain = rows.draw(replace(pair, sex=None), calm(3, pair.horizon))
    assert (certain.last == pair.horizon - 1).all()
    assert (certain.last_spouse == certain.last).all()


def test_weighed_lives_carry_the_chance_of_each_year() -> None:
    rng = np.random.default_rng(1)
    one = replace(PERSON, sex="female")
    lives = rows.draw(one, calm(3, one.horizon), rng, lifetimes="weighed")
    expected = Mortality().survival(40, "female")[: one.horizon]
    assert lives.alive[0] == pytest.approx(expected)
    sure = replace(one, sex=None)
    assert (rows.draw(sure, calm(3, one.horizon), rng, lifetimes="weighed").alive == 1).all()
    dies = tuple(np.full(one.horizon, 0.02))
    own = rows.draw(replace(one, mortality=dies), calm(3, one.horizon), rng, lifetimes="weighed")
    assert own.alive[0] == pytest.approx(0.98 ** np.arange(one.horizon))


def test_a_certain_life_is_priced_as_an_annuity_certain_and_a_stated_one_too() -> None:
    sure = replace(PERSON, sex=None, annuity_rate=0.03)
    stated = replace(PERSON, mortality=tuple(np.full(PERSON.horizon, 0.02)), annuity_rate=0.03)
    for one in (sure, stated):
        factor = rows.of_households([one], balanced(0.5)).factor[0]
        for t in (0, 25, one.horizon - 1):
            left = one.horizon - t
            assert factor[t] == pytest.approx(sum(1.03**-k for k in range(left)))
    free = rows.of_households([replace(sure, annuity_rate=0.0)], balanced(0.5)).factor[0]
    assert free == pytest.approx(PERSON.horizon - np.arange(PERSON.horizon))
