"""Capacity: what somebody will live on, and what a bad market takes of it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.retirement.household import social_security
from portlib.retirement.model_portfolios import advice, capacity
from portlib.retirement.model_portfolios.capacity import Person
from portlib.retirement.model_portfolios.comparison import household_of
from tests.retirement.model_portfolios.cases import WHO

few = settings(max_examples=20)


def test_resources_are_sums_of_discounted_years(desk):
    r, means = desk.decided["capacity_real_rate"], capacity.resources(WHO, desk)
    assert means["savings"] == pytest.approx(sum(8_000 / (1 + r) ** t for t in range(1, 16)))
    assert means["need"] == pytest.approx(sum(40_000 / (1 + r) ** t for t in range(16, 39)))
    more = capacity.resources(replace(WHO, other_income=10_000), desk)
    assert more["income"] - means["income"] == pytest.approx(
        sum(10_000 / (1 + r) ** t for t in range(16, 39))
    )


@pytest.mark.parametrize("age", [65, 67, 70, 80])
def test_who_has_retired_has_the_benefits_of_the_age_at_which_they_did(age, desk):
    """As the simulated household of the same person, who claims on retiring, and not today."""
    one = replace(WHO, age=age, retirement_age=65, other_income=0.0)
    paid = social_security(household_of(one, desk))[: round(one.life_expectancy - age)]
    r = desk.decided["capacity_real_rate"]
    worth = sum(dollars / (1 + r) ** (t + 1) for t, dollars in enumerate(paid))
    assert capacity.resources(one, desk)["income"] == pytest.approx(worth)


@few
@given(wealth=st.floats(0, 5e6), more=st.floats(0, 2e6), spending=st.floats(1e4, 2e5))
def test_more_other_income_never_lowers_the_ceiling_of_loss(wealth, more, spending, desk):
    poor = replace(WHO, balance=wealth, spending=spending)
    rich = replace(poor, other_income=more / 20)
    ranks = [desk.order.index(advice.ceilings(p, desk, None)["loss"]) for p in (poor, rich)]
    assert ranks[0] <= ranks[1]


def test_a_loss_is_the_fall_of_what_is_held(desk):
    fall, means = desk.decided["capacity_fall"], capacity.resources(WHO, desk)
    share, covered = capacity.loss_share(WHO, 0.6, desk)
    whole = means["wealth"] + means["savings"] + means["income"]
    lost = 300_000 * (0.6 * fall["equity"] + 0.4 * fall["other"])
    assert share == pytest.approx(lost / whole)
    assert covered == (whole - lost >= means["need"])


def test_lives_are_centred_and_their_means_scatter_as_providers_do(desk):
    blocks = desk.decided["advice_lives"]["blocks"]
    drawn = desk.lives("proposing").returns.values
    by_block = drawn.reshape(blocks, -1, *drawn.shape[1:]).mean(axis=(1, 2))
    paired = by_block[: blocks // 2] + by_block[blocks // 2 :]
    apart = by_block[: blocks // 2] - by_block[blocks // 2 :]
    assert (apart.std(axis=0) > 2 * paired.std(axis=0)).mean() > 0.8
    spread = np.sqrt(np.diag(desk.doubt))
    assert (apart / 2).std(axis=0, ddof=1) == pytest.approx(spread, rel=0.6, abs=5e-4)


def test_the_three_sets_of_lives_are_drawn_apart_and_doubt_alike(desk):
    """No two share a market; the errors of the means are as large as stated in each."""
    sets = [desk.lives(which) for which in ("proposing", "confirming", "judging")]
    assert len({lives.seed for lives in sets}) == 3
    assert len({float(lives.returns.values[0, 0, 0]) for lives in sets}) == 3
    assert [lives.blocks for lives in sets] == [20, 80, 80]
    for count in (12, 40):
        drawn = capacity._errors(desk.doubt, count, np.random.default_rng(count))
        assert drawn.T @ drawn / count == pytest.approx(desk.doubt, abs=1e-12)
    few = capacity._errors(desk.doubt, 3, np.random.default_rng(1))
    assert few.shape == (3, len(desk.doubt)) and np.isfinite(few).all()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"age": 7}, "age is 7"),
        ({"pay": -1}, "pay is -1"),
        ({"saving": 10}, "saving is 10"),
        ({"equity_cap": 60}, "equity_cap"),
        ({"balance": math.inf}, "balance"),
        ({"age": 60, "life_expectancy": 50}, "not after age"),
        ({"holdings": {"X": 0.5}}, "sum to one"),
    ],
)
def test_impossible_people_are_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        Person(**wrong)


LIMITS = {
    "age": (14, 119),
    "retirement_age": (40, 119),
    "life_expectancy": (15, 120),
    "saving": (0, 1),
    "equity_cap": (0, 1),
    **dict.fromkeys(("pay", "balance", "outside_assets", "other_income", "spending"), (0, None)),
}


@pytest.mark.parametrize("name", LIMITS)
def test_every_number_of_a_person_has_its_range_and_the_ends_belong_to_it(name):
    low, high = LIMITS[name]
    assert getattr(Person(**{name: low}), name) == low
    for wrong in (low - 1e-6, math.inf, math.nan):
        with pytest.raises(ValueError, match=name):
            Person(**{name: wrong})
    if high is not None:
        assert getattr(Person(**{name: high}), name) == high
        with pytest.raises(ValueError, match=name):
            Person(**{name: high + 1e-6})


def test_holdings_are_shares_and_life_lasts_beyond_today():
    for wrong in ({"X": 1.5, "Y": -0.5}, {}, {"X": 0.5, "Y": 0.5 + 2e-6}):
        with pytest.raises(ValueError, match="sum to one"):
            Person(holdings=wrong)
    assert Person(holdings={"X": 1.0, "Y": 0.0}).holdings == {"X": 1.0, "Y": 0.0}
    with pytest.raises(ValueError, match="not after age"):
        Person(age=60, life_expectancy=60)


def test_life_is_the_mean_of_the_two_expectancies_added_to_the_age(desk):
    table = capacity.data.table("life_table_2023")
    for age in (0, 40, 67, 119):
        each = [age + table.loc[age, f"{sex}_life_expectancy"] for sex in ("male", "female")]
        assert each[0] != each[1] or age == 119
        assert desk.life.loc[age] == pytest.approx(sum(each) / 2)


def test_a_participant_s_row_is_the_person(desk, the_plan):
    for name in the_plan.participants.index[::40]:
        row, who = the_plan.participants.loc[name], capacity.person(the_plan, name)
        assert who.age == the_plan.as_of.year - row["birth_year"]
        for field in ("pay", "balance", "retirement_age", "outside_assets", "other_income"):
            told = getattr(who, field)
            assert told is None if math.isnan(row[field]) else told == row[field]
        held = the_plan.holdings.loc[name]
        assert who.holdings == held[held > 0].to_dict()
        assert who.answers == row["answers"]
    # what is saved of pay: the deferral within the limits, and the match that it earns
    name = the_plan.participants.query("pay < 100_000 and 0 < deferral_rate < 0.1").index[0]
    row = the_plan.participants.loc[name]
    saved = capacity.taxes.contribution(
        row["pay"],
        row["deferral_rate"],
        the_plan.rules["contributions"]["match"],
        year=the_plan.as_of.year,
        age=the_plan.as_of.year - row["birth_year"],
    ).total
    who = capacity.person(the_plan, name)
    assert who.saving * row["pay"] == pytest.approx(saved)
    assert row["deferral_rate"] - 1e-9 <= who.saving <= 2 * row["deferral_rate"] + 0.1
    unpaid = replace(the_plan, participants=the_plan.participants.assign(pay=math.nan))
    assert capacity.person(unpaid, name).saving == 0.0


DEFAULTS = {
    "pay": 0.0,
    "saving": 0.0,
    "outside_assets": 0.0,
    "other_income": 0.0,
    "spending": None,
    "excluded": (),
    "equity_cap": 1.0,
    "answers": None,
    "balance": None,
    "holdings": None,
}


def test_who_says_nothing_is_given_the_stated_defaults_each_in_words(desk):
    who, said = capacity.settled(Person(), desk)
    normal = float(desk.plan.rules["normal_retirement_age"])
    assert (who.age, who.retirement_age) == (normal, normal)
    assert who.life_expectancy == pytest.approx(float(desk.life.loc[int(normal)]))
    assert {name: getattr(who, name) for name in DEFAULTS} == DEFAULTS
    assert set(said) == {*DEFAULTS, "age", "retirement_age", "life_expectancy"}
    paid, _ = capacity.settled(Person(pay=50_000), desk)
    assert paid.spending == pytest.approx(50_000 * desk.decided["essential_spending"])
    old, _ = capacity.settled(Person(age=80), desk)
    assert old.retirement_age == 80 and old.life_expectancy == pytest.approx(desk.life.loc[80])
    early, _ = capacity.settled(Person(age=30, retirement_age=55), desk)
    assert early.life_expectancy == pytest.approx(desk.life.loc[55])
    assert capacity.settled(Person(retirement_age=60), desk)[0].age == 60


@pytest.mark.parametrize("age", [14, 39, 67, 100, 101, 119])
def test_an_age_alone_settles_a_person_at_any_age_that_is_taken(desk, age):
    """Past a hundred too: who is older than any plan's age of retirement retires today."""
    who, _ = capacity.settled(Person(age=age, pay=50_000, balance=10_000), desk)
    assert who.retirement_age == max(age, desk.plan.rules["normal_retirement_age"])
    assert age < who.life_expectancy <= 120
    means = capacity.resources(who, desk)
    assert means["need"] > 0 and all(map(math.isfinite, means.values()))
    assert 0 <= capacity.loss_share(who, 1.0, desk)[0] < 1


def test_what_was_said_is_kept_and_no_default_is_told_beside_it(desk):
    """Zeros too: no income, no assets, nothing saved are answers."""
    said = replace(WHO, saving=0.0, pay=0.0, spending=0.0, equity_cap=0.0, excluded=("X",))
    said = replace(said, holdings={"X": 1.0})
    who, told = capacity.settled(said, desk)
    assert who == said and told == {}


def test_what_just_covers_the_need_covers_it(desk):
    fall = desk.decided["capacity_fall"]
    means = {"wealth": 128.0, "savings": 64.0, "income": 32.0, "need": 0.0}
    left = 224.0 - 128.0 * fall["equity"]
    for need, covered in ((left, True), (np.nextafter(left, 1e9), False)):
        assert capacity.loss_share(WHO, 1.0, desk, {**means, "need": need})[1] == covered
    untold = replace(WHO, spending=None)
    assert not capacity.loss_share(untold, 0.0, desk, means)[1]
    nothing = dict.fromkeys(means, 0.0)
    assert capacity.loss_share(WHO, 1.0, desk, nothing) == (0.0, True)
