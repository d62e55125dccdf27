"""The outlook of a participant and of a whole plan, by other ways to the same numbers."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from portlib import plan
from portlib.data import DataError
from portlib.retirement import cases as rows
from portlib.retirement import glidepaths as gp
from portlib.retirement import outlook as ol
from portlib.retirement.cases import balanced
from portlib.retirement.simulation import simulate

THE_PLAN = plan.read()
WHO = [str(name) for name in THE_PLAN.participants.index[:40]]


def test_spending_that_lasts_is_the_spending_that_is_met_with_that_chance() -> None:
    """Found life by life; then asked of the simulator, as a goal in dollars."""
    for who, claim in (("P0001", None), ("P0002", 67.0)):
        found = ol.outlook(THE_PLAN, who, lives=3_000, claiming_age=claim)
        for chance, dollars in found.lasting.items():
            asked = ol.outlook(THE_PLAN, who, lives=3_000, claiming_age=claim, spending=dollars)
            assert asked.chance == pytest.approx(chance, abs=0.006)


def test_outlooks_of_many_are_those_of_one_at_a_time() -> None:
    classes = ol.classes(THE_PLAN)
    returns = ol.returns_of(THE_PLAN, classes, 0.024, 400, 101, 7)
    mix = gp.adopted(THE_PLAN)
    everybody = ol.people(THE_PLAN)
    chosen = [everybody.names.index(who) for who in WHO]
    fields = ("age", "retirement_age", "pay", "balance", "deferral_rate", "other_income")
    some = ol.People(WHO, *(np.asarray(getattr(everybody, f))[chosen] for f in fields))
    rng = np.random.default_rng(3)
    many = ol.outlooks(some, THE_PLAN, mix, returns, rng, threads=1)
    assert list(many.index) == WHO
    chance = np.random.default_rng(3).random(400)
    for who in WHO[:12]:
        one = ol.household(THE_PLAN, who)
        lives = rows.draw(one, returns, np.random.default_rng(0))
        lives = replace(lives, last=rows.Mortality().last_years(one.age, "both", chance)[None])
        out = simulate(rows.of_households([one], mix, lives), lives)
        assert many.loc[who, "chance"] == pytest.approx(out.chance()["mid"].iloc[0], abs=1e-12)
        reached = out.balance[0][out.reached[0]]
        assert many.loc[who, "balance"] == pytest.approx(np.quantile(reached, 0.5), rel=1e-9)
        secure = many.loc[who, "benefit"] + one.other_income
        spread = many.loc[who, ["income", "low_income"]] - secure
        lean = np.quantile(reached, 0.1) / np.quantile(reached, 0.5)
        assert spread["low_income"] == pytest.approx(lean * spread["income"], rel=1e-9)
        benefit, _ = ol.hh.benefits(one)
        assert many.loc[who, "benefit"] == benefit[0]


def test_threads_and_order_do_not_matter() -> None:
    returns = ol.returns_of(THE_PLAN, ol.classes(THE_PLAN), 0.024, 50, 101, 7)
    everybody, mix = ol.people(THE_PLAN), gp.adopted(THE_PLAN)
    two = ol.outlooks(everybody, THE_PLAN, mix, returns, np.random.default_rng(1))
    one = ol.outlooks(everybody, THE_PLAN, mix, returns, np.random.default_rng(1), threads=1)
    assert two.equals(one)
    assert list(two.index) == everybody.names


def test_more_saving_later_retirement_and_less_wanted_each_help() -> None:
    base = ol.outlook(THE_PLAN, "P0002", lives=1_500)
    for better in ({"deferral_rate": 0.2}, {"retirement_age": 66}, {"spending": 0.8 * base.wanted}):
        other = ol.outlook(THE_PLAN, "P0002", lives=1_500, **better)
        assert other.chance > base.chance + 0.05
        assert other.shortfall < base.shortfall


def test_inflation_that_persists_hurts_a_fixed_pension() -> None:
    calm = ol.outlook(THE_PLAN, "P0001", lives=1_500, pension=20_000, inflation=0.0)
    risen = ol.outlook(THE_PLAN, "P0001", lives=1_500, pension=20_000, inflation=0.06)
    assert risen.lasting[0.9] < calm.lasting[0.9] - 2_000


def test_who_is_not_there_is_named_and_who_does_not_choose_holds_the_adopted_path() -> None:
    with pytest.raises(DataError, match="no participant 'NOBODY'"):
        ol.outlook(THE_PLAN, "NOBODY")
    silent = ol.outlook(THE_PLAN, "P0001", lives=200)
    chosen = ol.outlook(THE_PLAN, "P0001", lives=200, mix=gp.adopted(THE_PLAN))
    assert silent.lasting == chosen.lasting
    with pytest.raises(ValueError, match="balance of A"):
        ol.People(["A"], *(np.array([x]) for x in (40.0, 65.0, 1.0, -1.0, 0.1, 0.0)))
    assert balanced(0.6).name == "60% equity"


def test_a_couples_lasting_spending_is_met_with_that_chance_and_survivors_want_less() -> None:
    one = {"spouse": ol.hh.Spouse(40), "pension": 6_000.0}
    found = ol.outlook(THE_PLAN, "P0001", lives=3_000, **one)
    for chance, dollars in found.lasting.items():
        asked = ol.outlook(THE_PLAN, "P0001", lives=3_000, spending=dollars, **one)
        assert asked.chance == pytest.approx(chance, abs=0.006)
    alone = ol.outlook(THE_PLAN, "P0001", lives=500, pension=6_000.0)
    assert found.benefit > alone.benefit


def test_risky_pay_keeps_the_middle_and_widens_the_ends() -> None:
    plain = ol.outlook(THE_PLAN, "P0002", lives=3_000)
    risky = ol.outlook(THE_PLAN, "P0002", lives=3_000, pay="risky")
    spread = [x.balance[0.9] / x.balance[0.1] for x in (plain, risky)]
    assert spread[1] > spread[0]
    assert plain.chance != risky.chance
    assert risky.lasting[0.9] < plain.lasting[0.9]


@pytest.mark.parametrize(
    ("entry", "value", "found"),
    [
        ("lifecycle_pay_growth", 0.017, lambda p: ol.household(p, "P0001").pay_growth),
        ("lifecycle_annuity_rate", 0.013, lambda p: ol.household(p, "P0001").annuity_rate),
        ("spending_replacement", 0.63, lambda p: ol.household(p, "P0001").replacement_rate),
        ("mortality_improvement", 0.0031, lambda p: ol.mortality(p).improvement),
        ("mortality_relative", 0.77, lambda p: ol.mortality(p).relative),
        (
            "pay_risk",
            {"permanent": 0.02, "transitory": 0.05, "unemployment": 0.04, "share_lost": 0.2},
            lambda p: vars(ol.pay_risk(p)),
        ),
        (
            "success_levels",
            [0.6, 0.8],
            lambda p: list(ol.outlook(p, "P0001", lives=100).lasting),
        ),
    ],
)
def test_each_of_the_policys_numbers_is_the_one_that_is_used(entry, value, found) -> None:
    changed = replace(THE_PLAN, policy=THE_PLAN.policy.replace(**{entry: value}))
    assert found(changed) == value
    assert found(THE_PLAN) != value


def test_prices_start_with_the_policys_year_and_returns_bear_its_correlations() -> None:
    policy = THE_PLAN.policy
    later = replace(THE_PLAN, policy=policy.replace(inflation_first_year=1983))
    assert (
        ol.price_process(later, 0.024).persistence < ol.price_process(THE_PLAN, 0.024).persistence
    )
    assert ol.price_process(later, 0.024).mean == pytest.approx(np.log(1.024))
    classes = ol.classes(THE_PLAN)
    at = classes.labels.index("us_core_bonds")
    stated = policy["inflation_correlations"]
    signs = []
    for way in (1, -1):
        known = {name: way * value for name, value in stated.items()}
        tied = replace(THE_PLAN, policy=policy.replace(inflation_correlations=known))
        drawn = ol.returns_of(tied, classes, 0.024, 4_000, 1, 5)
        nominal = (1 + drawn.values[:, 0, at]) * (1 + drawn.inflation[:, 0])
        signs.append(np.corrcoef(np.log(nominal), drawn.inflation[:, 0])[0, 1])
    wanted = stated["us_core_bonds"]
    assert abs(wanted) > 0.2
    assert signs == pytest.approx([wanted, -wanted], abs=0.05)


def test_income_is_benefits_other_income_and_an_even_share_of_savings() -> None:
    plain = ol.outlook(THE_PLAN, "P0001", lives=400)
    more = ol.outlook(THE_PLAN, "P0001", lives=400, other_income=7_000.0)
    for q, income in plain.income.items():
        assert more.income[q] == pytest.approx(income + 7_000)
    one = plain.household
    factor = rows.annuity_factors(
        one.age, "both", one.annuity_rate, ol.mortality(THE_PLAN), one.horizon
    )[one.working]
    assert plain.income[0.9] == pytest.approx(plain.benefit + plain.balance[0.9] / factor)


def test_limits_of_many_people_follow_their_ages() -> None:
    """Who defers a third of 200,000 dollars meets another limit at 49, 50, 60 and 64."""
    returns = ol.returns_of(THE_PLAN, ol.classes(THE_PLAN), 0.024, 5, 90, 7)
    still = replace(returns, values=0 * returns.values)
    who = ol.People(
        ["A", "B"],
        *(
            np.array(x, float)
            for x in ([45, 58], [55, 66], [2e5, 2e5], [0, 0], [0.35, 0.35], [0, 0])
        ),
    )
    found = ol.outlooks(who, THE_PLAN, gp.adopted(THE_PLAN), still, np.random.default_rng(1))
    match = THE_PLAN.rules["contributions"]["match"]
    for name, ages in (("A", range(45, 55)), ("B", range(58, 66))):
        one = ol.hh.Household(
            age=ages[0],
            retirement_age=ages[-1] + 1,
            pay=2e5,
            deferral_rate=0.35,
            match=match,
            pay_growth=THE_PLAN.policy["lifecycle_pay_growth"],
        )
        put = ol.hh.contributions(one)[: len(ages)].sum()
        fee = THE_PLAN.rules["recordkeeping_fee"] * (len(ages) - 1)
        held = gp.adopted(THE_PLAN).fee
        assert found.loc[name, "balance"] == pytest.approx(put - fee, rel=len(ages) * held + 1e-9)
        flat = sum(ol.taxes.limits(2026, ages[0]).employee for _ in ages)
        assert sum(ol.taxes.limits(2026, age).employee for age in ages) > 1.04 * flat


def test_what_a_plan_and_a_path_charge_lowers_what_lasts_by_as_much() -> None:
    """Where nothing is earned: savings over the years, less record keeping; and a fee of the mix,
    as an account that shrinks by it."""
    one = ol.Household(age=65, retirement_age=65, balance=100_000, sex=None, last_age=85)
    flat = ol.Scenarios(np.zeros((1, 20, 2)), ("equity", "bonds"), "nothing is earned")
    lives = rows.draw(one, flat)
    for fee in (0.0, 58.0):
        case = rows.of_households([replace(one, fee_dollars=fee)], balanced(0.5))
        found = ol.lasting(case, lives)[0, 0]
        assert found == pytest.approx(5_000 - fee)
        for part, met in ((0.9999, True), (1.0001, False)):
            wants = replace(one, fee_dollars=fee, spending=part * found)
            out = simulate(rows.of_households([wants], balanced(0.5)), lives)
            assert out.success[0, 0] == met
    dear = rows.of_households([one], balanced(0.5, fee=0.01))
    expected = 100_000 / sum(0.99**-t for t in range(20))
    assert ol.lasting(dear, lives)[0, 0] == pytest.approx(expected)


def test_many_people_pay_the_fees_of_the_plan_and_of_the_path() -> None:
    returns = ol.returns_of(THE_PLAN, ol.classes(THE_PLAN), 0.024, 60, 101, 7)
    everybody = ol.people(THE_PLAN)
    path = gp.adopted(THE_PLAN)

    def found(plan, fee: float) -> np.ndarray:
        rng = np.random.default_rng(3)
        return ol.outlooks(everybody, plan, path.charged(fee), returns, rng)["balance"].to_numpy()

    base = found(THE_PLAN, 0.0)
    years = np.maximum(np.asarray(everybody.retirement_age) - np.asarray(everybody.age), 0)
    some = base > 0
    ratio = found(THE_PLAN, 0.01)[some] / base[some]
    assert (ratio <= 1 + 1e-12).all()
    assert (ratio[years[some] > 5] < 0.99).all()
    dearer = replace(THE_PLAN, rules={**THE_PLAN.rules, "recordkeeping_fee": 500.0})
    assert (found(dearer, 0.0)[some] < base[some]).all()


def test_who_has_reached_retirement_works_one_more_year() -> None:
    people = THE_PLAN.participants.copy()
    who = str(people.index[0])
    for ahead, working in ((-3, 1), (0, 1), (1, 1), (2, 2)):
        people.loc[who, "retirement_age"] = THE_PLAN.age[who] + ahead
        one = ol.household(replace(THE_PLAN, participants=people), who)
        assert one.working == working


def test_what_lasts_is_shown_in_dollars_and_as_a_share_of_the_last_pay() -> None:
    found = ol.outlook(THE_PLAN, "P0001", lives=200)
    table = found.table()
    for chance, dollars in found.lasting.items():
        row = table.loc[chance]
        assert row["dollars a year"] == dollars
        assert row["share of final pay"] == pytest.approx(dollars / found.household.final_pay)


def some_of(count: int) -> ol.People:
    everybody = ol.people(THE_PLAN)
    fields = ("age", "retirement_age", "pay", "balance", "deferral_rate", "other_income")
    return ol.People(
        everybody.names[:count], *(np.asarray(getattr(everybody, f))[:count] for f in fields)
    )


def test_returns_as_long_as_the_youngest_s_life_are_long_enough() -> None:
    who, classes, mix = some_of(3), ol.classes(THE_PLAN), gp.adopted(THE_PLAN)
    years = int(rows.Mortality().last_age - min(who.age))
    for length in (years, years - 1):
        returns = ol.returns_of(THE_PLAN, classes, 0.024, 20, length, 7)
        ask = (who, THE_PLAN, mix, returns, np.random.default_rng(1))
        if length == years:
            assert len(ol.outlooks(*ask, threads=1)) == 3
        else:
            with pytest.raises(ValueError, match=f"returns of {length} years do not cover {years}"):
                ol.outlooks(*ask, threads=1)


@pytest.mark.parametrize("size", [1, 3, 10, 1_000])
def test_people_are_parted_once_each_and_in_parts_no_larger_than_asked(size) -> None:
    who = some_of(120)
    parts = ol._alike(who, size)
    assert sorted(np.concatenate(parts).tolist()) == list(range(120))
    assert max(map(len, parts)) <= size
    ages = np.column_stack([who.age, who.retirement_age])
    for part in parts:
        mixed = len(np.unique(ages[part], axis=0)) > 1
        assert not mixed or len(part) <= size // 3
    for one, following in pairwise(parts):
        apart = len(np.unique(ages[[one[-1], following[0]]], axis=0)) > 1
        assert not apart or len(one) + len(following) > size // 3, "small ones are joined"


@pytest.mark.parametrize(("age", "stops"), [(30, 45), (50, 55), (61, 64), (21, 40), (16, 30)])
def test_benefits_of_many_count_every_year_of_a_short_career(age, stops) -> None:
    """Fewer than thirty-five years, so that the first and the last of them weigh; whoever works
    before the usual start has those years too."""
    who = ol.People(["x"], *(np.array([v]) for v in (age, stops, 60_000.0, 0.0, 0.05, 0.0)))
    yearly, start = ol._benefits_of(who, THE_PLAN)
    one = ol.Household(
        age=age,
        retirement_age=stops,
        pay=60_000.0,
        pay_growth=float(THE_PLAN.policy["lifecycle_pay_growth"]),
        year=THE_PLAN.as_of.year,
    )
    by_one, _ = ol.hh.benefits(one)
    assert yearly[0] == pytest.approx(by_one[0])
    assert start[0] == max(62 - age, 0) if stops <= 62 else stops - age
