"""Paths, people and the reasons: closed forms, brute force, the search against every path of its
grid.
"""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy import optimize

from portlib import data, plan, policy
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.retirement import glidepaths as gp
from portlib.retirement.glidepaths import human_capital as hc
from portlib.retirement.scenarios import lognormal

OURS = policy.read()
TASTE = {
    "risk_aversion": OURS["lifecycle_risk_aversion"],
    "floor": OURS["spending_floor"],
}
EXAMPLE = plan.read(data.ROOT / "plan")
AWKWARD = plan.read(data.ROOT.parent / "tests" / "plans" / "awkward")
BOTH = [EXAMPLE, AWKWARD]


# ---- human capital -------------------------------------------------------------------------------


def model(**changes: object) -> hc.LifecycleModel:
    base = dict(
        first_age=60,
        last_working_age=64,
        last_age=79,
        survival=np.full(20, 0.98),
        log_income=np.full(5, 3.0),
        replacement=0.6,
        var_transitory=0.05,
        var_permanent=0.01,
        permanent=True,
        discount=0.96,
        risk_aversion=6.0,
        rf=0.02,
        premium=0.04,
        volatility=0.157,
    )
    return hc.LifecycleModel(**{**base, **changes})


def test_present_value_is_an_annuity_and_ends_with_the_last_payment() -> None:
    worth = hc.present_value(np.full(30, 100.0), 0.03)
    assert worth[0] == pytest.approx(100 * (1 - 1.03**-30) / 0.03 * 1.03)
    assert worth[-1] == pytest.approx(100.0)
    alive = 0.9 ** np.arange(30)
    assert hc.present_value(np.full(30, 100.0), 0.0, alive)[5] == pytest.approx(
        100 * (1 - 0.9**25) / 0.1
    )


@given(st.floats(0.05, 0.9), st.floats(0, 20))
@examples(max_examples=30, deadline=None)
def test_all_wealth_holds_mertons_share_when_no_bound_is_met(m: float, ratio: float) -> None:
    share = float(hc.share_with_human_capital(m, 1.0, ratio, beta=0.2))
    if 0 < share < 1:
        assert share + 0.2 * ratio == pytest.approx(m * (1 + ratio), rel=1e-9)
    assert float(hc.share_with_human_capital(m, 1.0, 0.0)) == pytest.approx(m)


def test_without_pay_the_share_is_samuelsons_at_every_age_and_wealth() -> None:
    """Closed form on the same three returns: one share, and consumption a fixed part of wealth at
    each age.
    """
    m = model(replacement=0.0, log_income=np.full(5, -60.0), permanent=False)
    equity, p = m.returns()
    excess = equity - 1 - m.rf
    share = optimize.brentq(
        lambda a: float(p @ (excess * (1.02 + a * excess) ** -m.risk_aversion)), 0, 1
    )
    growth = float(p @ (1.02 + share * excess) ** (1 - m.risk_aversion))
    policy, part = hc.solve(m), 1.0
    for age in range(79, 59, -1):
        part = 1 / (1 + (0.96 * 0.98 * growth) ** (1 / m.risk_aversion) / part)
        cash = np.array([1.0, 8.0, 30.0])
        assert policy.consumption(age, cash) == pytest.approx(part * cash, rel=1e-6)
        assert policy.share(age, cash) == pytest.approx(share, abs=1e-5)
    assert share == pytest.approx(hc.merton_share(0.04, 0.157, 6.0), abs=0.03)


@pytest.mark.parametrize("permanent", [True, False])
def test_the_policy_against_brute_force_over_two_periods(permanent: bool) -> None:
    m = model(
        first_age=63,
        last_working_age=64,
        last_age=64,
        survival=np.array([0.97, 0.9]),
        log_income=np.array([3.0, 3.1]),
        permanent=permanent,
    )
    policy, cash = hc.solve(m, points=400), 2.5 if permanent else 60.0
    equity, growth, income, p = m.next_year(64)

    def last(x: float) -> tuple[float, float, float]:
        def worth(z: np.ndarray) -> float:
            later = (x - z[0]) * (1.02 + z[1] * (equity - 1.02)) / growth + income
            return float(-(z[0] ** -5) / 5 + 0.96 * 0.9 * (p @ (-((growth * later) ** -5) / 5)))

        grid = itertools.product(np.linspace(0.3, 0.999, 60) * x, np.linspace(0, 1, 41))
        start = max(grid, key=lambda z: worth(np.array(z)))
        best = optimize.minimize(
            lambda z: -worth(z),
            start,
            bounds=[(1e-3 * x, x), (0, 1)],
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-16, "maxiter": 2000},
        )
        return float(best.x[0]), float(best.x[1]), -float(best.fun)

    consumption, share, _ = last(cash)
    assert float(policy.consumption(64, cash)) == pytest.approx(consumption, rel=2e-3)
    assert float(policy.share(64, cash)) == pytest.approx(share, abs=0.01)


def test_euler_residuals_are_small_off_the_grid_and_shrink_with_it() -> None:
    m, cash = model(), np.geomspace(0.8, 20, 57)
    worst = [
        max(np.abs(hc.solve(m, points=n).euler_residuals(age, cash)).max() for age in range(60, 79))
        for n in (60, 250)
    ]
    assert worst[1] < 2e-3 and worst[1] < worst[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"survival": np.ones(3)}, "survival needs"),
        ({"volatility": 0.0}, "positive"),
        ({"survival": np.zeros(20)}, "chances"),
        ({"volatility": 0.9}, "below -100%"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        model(**changes)


# ---- paths ---------------------------------------------------------------------------------------


def test_a_path_is_straight_between_points_and_flat_beyond() -> None:
    path = gp.shaped(0.9, 20, 0.4, 10)
    assert path.equity_at([50, 20, 5, -10, -40]) == pytest.approx([0.9, 0.9, 0.65, 0.4, 0.4])
    assert gp.frozen_at_retirement(path).equity_at([10, 0, -10]) == pytest.approx(
        [path.equity_at(10), path.equity_at(0), path.equity_at(0)]
    )
    assert gp.age_rule(65).equity_at([40, 0, -40]) == pytest.approx([0.75, 0.35, 0.0])


def test_paths_over_classes_keep_their_equity_and_sum_to_one() -> None:
    mix, cost = gp.sleeves(EXAMPLE)
    path = gp.shaped(0.9, 20, 0.4, 10).of_classes(mix)
    years = np.arange(40, -30, -3)
    assert path.equity_at(years) == pytest.approx(gp.shaped(0.9, 20, 0.4, 10).equity_at(years))
    assert path.at(years).sum(axis=1) == pytest.approx(1.0)
    assert cost.between(
        EXAMPLE.funds["expense_ratio"].min(), EXAMPLE.funds["expense_ratio"].max()
    ).all()


def test_the_plans_series_is_read_as_it_is() -> None:
    path = gp.from_plan(EXAMPLE)
    assert path is not None and EXAMPLE.vintages is not None
    years = EXAMPLE.vintages.index.to_numpy(float)
    assert path.equity_at(years) == pytest.approx(EXAMPLE.vintages["equity"].to_numpy(float))
    assert gp.from_plan(AWKWARD) is None


def test_published_paths_cross_retirement_and_say_how_sure_they_are() -> None:
    paths = gp.published()
    assert len(paths) >= 3
    for name, path in paths.items():
        assert path.years[0] >= 20 and path.years[-1] <= 0 and path.source and path.name == name
    assert any("unverified" in name for name in paths) and not all(
        "unverified" in name for name in paths
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: gp.Glidepath("a", [1, 2], [0.5, 0.5]), "must fall"),
        (lambda: gp.constant(60.0), "percent"),
        (lambda: gp.Glidepath("a", [2, 1], [0.5]), "do not go"),
        (lambda: gp.shaped(0.3, 10, 0.6, 5), "must not rise"),
        (lambda: gp.shaped(0.6, -5, 0.3, 5), "some years"),
        (lambda: gp.constant(0.5, fee=0.5), "fee"),
        (lambda: gp.Glidepath("a", [0], [[0.5, 0.5]], ["x", "y"], ["z"]), "not among"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused(call: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


# ---- people and the custom path ------------------------------------------------------------------


@pytest.mark.parametrize("the_plan", BOTH, ids=lambda p: p.name)
def test_everybody_becomes_a_household(the_plan: plan.Plan) -> None:
    for who in the_plan.participants.index:
        person = gp.household(the_plan, str(who))
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
    people = [gp.household(the_plan, who) for who in found.participants]
    mix, cost = gp.sleeves(the_plan)
    two = gp.over_sleeves(gp.class_assumptions(the_plan), mix)
    returns = lognormal(
        two,
        gp.expected_inflation(the_plan),
        60,
        max(h.horizon for h in people),
        np.random.default_rng(4),
    )
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
        >= (1 - 1e-4) * gp.compare(grid, people, returns, **TASTE)["certainty equivalent"].max()
    )
    again = gp.compare([found.path], people, returns, **TASTE)["certainty equivalent"]
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
    calm, bold = (gp.custom(EXAMPLE, paths=60, households=6, risk_aversion=a) for a in (12.0, 2.0))
    years = np.arange(40, -25, -5)
    assert calm.path.equity_at(years).mean() < bold.path.equity_at(years).mean()
    bounds = OURS["glidepath_equity_range"]  # the bold would leave the range if they could
    assert bold.path.equity_at(99) == pytest.approx(bounds["highest"])
    assert bold.parameters["start"] - bold.parameters["landing"] >= bounds["least_fall"] - 1e-9
    classes = gp.class_assumptions(EXAMPLE)
    assert tuple(classes.labels) == tuple(EXAMPLE.exposures.columns)
    survey = survey_assumptions(10, classes=["real_estate"])
    assert classes.mu[classes.labels.index("us_reits")] == survey.mu[0]
