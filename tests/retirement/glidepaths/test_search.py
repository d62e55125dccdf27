"""People and the search, against every path of its grid."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan, policy
from portlib.construction.mandate import MandateError
from portlib.inputs import Stated
from portlib.retirement import cases, outlook, plan_menu
from portlib.retirement import glidepaths as gp
from portlib.retirement.glidepaths.search import Taste, spent_for_life
from portlib.retirement.household import Household
from portlib.retirement.lifetimes import Mortality
from portlib.retirement.scenarios import Scenarios
from portlib.retirement.simulation import simulate
from portlib.retirement.spending_rules import AnnuityFactor

OURS = policy.read()
EXAMPLE = plan.read(data.ROOT / "plan")
AWKWARD = plan.read(data.ROOT.parent / "tests" / "plans" / "awkward")
BOTH = [EXAMPLE, AWKWARD]


@pytest.mark.parametrize("the_plan", BOTH, ids=lambda p: p.name)
def test_everybody_becomes_a_household(the_plan: plan.Plan) -> None:
    for who in the_plan.participants.index:
        person = outlook.household(the_plan, str(who), spending=None)
        assert person.retirement_age > person.age == the_plan.age[who]
        assert person.target is None and person.other_income >= 0


def test_the_sample_keeps_ages_and_has_everybody_when_there_is_room() -> None:
    assert sorted(gp.sample(AWKWARD, 10_000)) == sorted(AWKWARD.participants.index)
    chosen = gp.sample(EXAMPLE, 40)
    assert len(set(chosen)) == 40
    quartiles = [0.25, 0.5, 0.75]
    assert (
        EXAMPLE.age[chosen].quantile(quartiles) - EXAMPLE.age.quantile(quartiles)
    ).abs().max() <= 1


def test_sleeves_leave_out_what_the_menu_lacks_and_refuse_a_menu_without_bonds() -> None:
    mix, _ = gp.sleeves(AWKWARD)
    assert mix.sum(axis=1).to_numpy() == pytest.approx(1.0)
    wanted = OURS["glidepath_sleeves"]["equity"]
    kept = [c for c in wanted if c in mix and mix.at["equity", c] > 0]
    assert 0 < len(kept) < len(wanted)
    assert mix.loc["equity", kept].to_numpy() == pytest.approx(
        pd.Series(wanted)[kept] / pd.Series(wanted)[kept].sum()
    )
    only = AWKWARD.offering([AWKWARD.rules["default"], "GROWTH"])
    bare = type(only)(
        **{**only.__dict__, "exposures": only.exposures.loc[["GROWTH"]], "funds": only.funds}
    )
    with pytest.raises(ValueError, match="bonds sleeve"):
        gp.sleeves(bare)


@pytest.mark.parametrize("the_plan", BOTH, ids=lambda p: p.name)
def test_the_search_finds_what_enumeration_finds(the_plan: plan.Plan) -> None:
    """Every path of a coarse grid, same scenarios and people: none beats the search by a dollar in
    ten thousand.
    """
    found = gp.custom(the_plan, paths=60, households=6, seed=4)
    people = [outlook.household(the_plan, who, spending=None) for who in found.participants]
    mix, cost = gp.sleeves(the_plan)
    classes, level = outlook.classes(the_plan), outlook.expected_inflation(the_plan)
    years = max(h.horizon for h in people)
    returns = outlook.returns_of(the_plan, classes, level, 60, years, 4).of(mix)
    by = gp.taste(the_plan)
    bounds = OURS["glidepath_equity_range"]
    shares = np.linspace(bounds["lowest"], bounds["highest"], 6)
    grid = [
        gp.shaped(s, b, e, a, fee=float(cost.mean()))
        for s in shares
        for e in shares
        if e <= s - bounds["least_fall"] + 1e-9
        for b in (5, 20, 40)
        for a in (0, 15, 30)
    ]
    assert (
        found.value
        >= (1 - 1e-4) * gp.compare(grid, people, returns, by)["certainty equivalent"].max()
    )
    again = gp.compare([found.path], people, returns, by)["certainty equivalent"]
    assert float(again.iloc[0]) == pytest.approx(found.value, rel=1e-12)


def test_the_custom_path_never_rises_stays_in_range_and_is_the_same_again() -> None:
    one, two = (gp.custom(AWKWARD, paths=40, households=5) for _ in range(2))
    assert one.parameters == two.parameters and one.value == two.value
    bounds, equity = (
        OURS["glidepath_equity_range"],
        one.path.equity_at(np.arange(50, -40, -1)),
    )
    assert (np.diff(equity) <= 1e-12).all() and bounds[
        "lowest"
    ] <= equity.min() <= equity.max() <= bounds["highest"]
    assert (one.table().drop(columns="equity").sum(axis=1) - 1).abs().max() <= 1e-9


def test_more_risk_aversion_no_more_equity_and_better_assumptions_more() -> None:
    calm, bold = (gp.custom(EXAMPLE, paths=60, households=6, risk_aversion=a) for a in (30.0, 2.0))
    years = np.arange(40, -25, -5)
    assert calm.path.equity_at(years).mean() < bold.path.equity_at(years).mean()
    bounds = OURS["glidepath_equity_range"]  # the bold would leave the range if they could
    assert bold.path.equity_at(99) == pytest.approx(bounds["highest"])
    assert bold.parameters["start"] - bold.parameters["landing"] >= bounds["least_fall"] - 1e-9
    classes = outlook.classes(EXAMPLE)
    assert tuple(classes.labels) == tuple(EXAMPLE.exposures.columns)
    whole = plan_menu.class_assumptions(EXAMPLE)
    assert classes.mu[classes.labels.index("us_reits")] == whole.mu[whole.labels.index("us_reits")]


def test_weighing_lifetimes_is_the_average_over_lifetimes_drawn() -> None:
    """Every length of life on every path, drawn 200 times, comes to the weighed certainty
    equivalent within its own scatter, and weighing scatters less."""
    person = Household(age=60, retirement_age=65, pay=60_000, balance=4e5, deferral_rate=0.08)
    rng = np.random.default_rng(6)
    values = np.expm1(rng.normal([0.04, 0.01], [0.15, 0.06], (300, person.horizon, 2)))
    returns = Scenarios(values, ("equity", "bonds"), "made up")
    table = Mortality()
    by = Taste(3.0, 5_000.0, table)
    weighed = spent_for_life([gp.constant(0.5)], person, returns, by)
    many = replace(returns, values=np.tile(values, (200, 1, 1)))
    lives = cases.draw(person, many, rng, mortality=table)
    rows = cases.of_households(
        [person], [gp.constant(0.5)], lives, mortality=table, risk_aversion=3.0
    )
    drawn = simulate(rows, lives, AnnuityFactor(), risk_aversion=3.0, floor=5_000.0)
    ce = drawn.certainty_equivalent()[0]
    error = drawn.influence()[0].std(ddof=1) / np.sqrt(lives.count)
    assert weighed.certainty_equivalent()[0] == pytest.approx(ce, abs=3 * error)
    assert weighed.influence()[0].std() < drawn.influence()[0].std()


def test_paths_over_other_assets_than_the_returns_are_refused() -> None:
    returns = Scenarios(np.zeros((2, 100, 2)), ("a", "b"), "made up")
    with pytest.raises(ValueError, match="other assets"):
        spent_for_life(
            [gp.constant(0.5)],
            Household(age=60, retirement_age=65),
            returns,
            Taste(3.0, 1.0, Mortality()),
        )


def _with_limit(kind: str, **arguments: object) -> plan.Plan:
    limit = Stated("cap", kind, "IPS 4", arguments)
    return replace(EXAMPLE, inputs=replace(EXAMPLE.inputs, mandate=(limit,)))


def test_limits_of_the_mandate_on_classes_and_roles_hold_at_every_date() -> None:
    free = gp.custom(EXAMPLE, paths=10, households=2)
    assert free.path.equity_at(free.path.years).max() > 0.6
    capped = gp.custom(_with_limit("role_limit", role="equity", upper=0.55), paths=10, households=2)
    assert capped.path.equity_at(capped.path.years).max() <= 0.55 + 1e-9
    # A fifth of bonds is inflation-protected, so a tenth of it leaves equity a half.
    tips = gp.custom(
        _with_limit("class_limit", classes=["us_tips"], lower=0.1), paths=10, households=2
    )
    held = tips.classes.at(tips.classes.years)[:, list(tips.classes.assets).index("us_tips")]
    assert held.min() >= 0.1 - 1e-9
    assert tips.path.equity_at(tips.path.years).max() == pytest.approx(0.5)


def test_limits_that_leave_no_falling_path_are_named() -> None:
    with pytest.raises(MandateError, match="'cap' leaves no glidepath that falls by 20% of equity"):
        gp.custom(_with_limit("role_limit", role="equity", upper=0.3), paths=10, households=2)
    with pytest.raises(MandateError, match="'cap' leaves no glidepath"):
        gp.custom(
            _with_limit("class_limit", classes=["private_equity"], lower=0.1),
            paths=10,
            households=2,
        )


def test_the_range_of_a_gain_is_that_of_the_difference_on_the_same_lives() -> None:
    """A path against itself is in no doubt; a dearer one in less than two that hold other things;
    and the range is that of the logarithms' differences, counted by hand."""
    ours = plan.read()
    mix, _ = gp.sleeves(ours)
    one = outlook.household(ours, str(ours.participants.index[0]), spending=None)
    classes, level = outlook.classes(ours), outlook.expected_inflation(ours)
    returns = outlook.returns_of(ours, classes, level, 80, one.horizon, 4).of(mix)
    by = gp.taste(ours)
    base = gp.shaped(0.9, 25, 0.3, 10)
    paths = [base, base.charged(0.002), gp.shaped(0.4, 25, 0.2, 10)]
    table = gp.compare(paths, [one], returns, by, level=0.8)
    assert table.iloc[0][["gain", "low", "high"]].tolist() == pytest.approx([0, 0, 0], abs=1e-12)
    out = gp.spent_for_life(paths, one, returns, by)
    ce = out.certainty_equivalent()
    moved = out.influence() / ce[:, None]
    for k in range(3):
        error = (moved[k] - moved[0]).std(ddof=1) / 80**0.5
        gain = np.log(ce[k] / ce[0])
        ends = np.expm1([gain, gain - 1.2815516 * error, gain + 1.2815516 * error])
        found = table.iloc[k][["gain", "low", "high"]].tolist()
        assert found == pytest.approx(ends.tolist(), abs=1e-8)
    wide = table["high"] - table["low"]
    assert wide.iloc[1] < wide.iloc[2] / 2
