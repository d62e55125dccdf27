"""Stress tests: portfolios, windows, the committee's rule and what it changes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from portlib import data, plan
from portlib import policy as decisions
from portlib.construction.mandate import Infeasible
from portlib.history import long_record
from portlib.retirement import glidepaths, plan_menu
from portlib.retirement.plan_menu import engine
from portlib.stewardship import stress_testing as sx
from portlib.stewardship.stress_testing import shocks
from portlib.stewardship.stress_testing.stress import as_held, menu_rules, stress_rules

POLICY = decisions.read()

AWKWARD = data.ROOT.parent / "tests" / "plans" / "awkward"


# ---- portfolios ----------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [data.ROOT / "plan", AWKWARD])
def test_the_plan_as_held_is_the_sum_of_its_people(folder):
    a_plan = plan.read(folder)
    each, whole = sx.people(a_plan), as_held(a_plan)
    dollars = a_plan.participants["balance"]
    lost = (sx.through_windows(each, policy=POLICY).mul(dollars, axis=0)).sum() / a_plan.assets
    assert lost.to_numpy() == pytest.approx(
        sx.through_windows(whole, policy=POLICY).loc[sx.HELD].to_numpy()
    )
    assert each.mix.sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_fund_of_one_class_returns_what_its_class_does_less_expenses(the_plan):
    pure = the_plan.exposures.index[(the_plan.exposures.max(axis=1) == 1)]
    alone = sx.of_funds(the_plan, pd.DataFrame(np.eye(len(pure)), list(pure), list(pure)))
    windows = sx.window_returns(list(the_plan.exposures.columns), policy=POLICY)
    years = data.table("stress_windows")["months"] / 12
    for fund in pure:
        expected = (
            windows[the_plan.exposures.loc[fund].idxmax()]
            - the_plan.funds.loc[fund, "expense_ratio"] * years
        )
        assert sx.through_windows(alone, policy=POLICY).loc[fund].to_numpy() == pytest.approx(
            expected.to_numpy()
        )


def test_who_holds_only_the_series_holds_the_vintage_of_their_retirement(the_plan):
    series = the_plan.funds.index[the_plan.funds["kind"] == "target_date"][0]
    who = the_plan.participants.index[0]
    holdings = the_plan.holdings.copy()
    holdings.loc[who] = [float(fund == series) for fund in holdings]
    people = the_plan.participants.copy()
    years = int(the_plan.vintages.index[3])
    people.loc[who, "retirement_age"] = the_plan.age[who] + years
    held = sx.people(replace(the_plan, holdings=holdings, participants=people))
    expected = the_plan.vintages.loc[years].drop("equity")
    assert held.mix.loc[who, list(expected.index)].to_numpy() == pytest.approx(expected.to_numpy())
    assert held.cost[who] == pytest.approx(the_plan.funds.loc[series, "expense_ratio"])


def test_employer_stock_has_the_risk_of_its_company(the_plan):
    stock = the_plan.rules["employer_stock"]
    one = sx.of_funds(the_plan, pd.DataFrame([[0.4, 0.6]], ["x"], [stock["fund"], "GOVMM"]))
    assert one.own["x"] == pytest.approx(0.4 * stock["own_volatility"])


def test_weights_that_do_not_sum_to_one_are_refused():
    for bad in (0.9, np.nan):
        with pytest.raises(ValueError, match="class weights of x do not sum to one"):
            sx.mixes(pd.DataFrame([[0.2, bad]], ["x"], ["cash", "us_core_bonds"]))


# ---- windows -------------------------------------------------------------------------------------


def test_every_class_of_the_survey_has_a_return_in_every_window():
    every = [*data.table("horizon_2025_correlations").index, "us_reits"]
    table = sx.window_returns(every, policy=POLICY)
    assert table.shape == (16, len(every))
    assert table.notna().all(axis=None)
    assert (table > -1).all(axis=None)


def test_stand_ins_are_used_only_where_there_is_nothing_better():
    names, source = (
        ["intl_dev_equity", "us_small_equity", "us_core_bonds"],
        data.table("stress_windows"),
    )
    used, returns = sx.proxies(names, policy=POLICY), sx.window_returns(names, policy=POLICY)
    absent = source["intl_dev_equity"].isna()
    assert ((used["intl_dev_equity"] == "") == ~absent).all()
    assert returns["intl_dev_equity"][absent].to_numpy() == pytest.approx(
        source["us_market"][absent].to_numpy()
    )
    assert (used["us_small_equity"] == "").all()
    mix = POLICY["stress_proxies"]["us_core_bonds"]["windows"][0]
    grown = np.prod([(1 + source[column]) ** share for column, share in mix.items()], axis=0)
    assert returns["us_core_bonds"].to_numpy() == pytest.approx(grown - 1)


def test_a_class_without_figures_for_a_window_is_refused():
    proxies = POLICY["stress_proxies"]
    proxies["em_equity"]["windows"] = proxies["em_equity"]["windows"][:1]
    with pytest.raises(ValueError, match="no stand-in of em_equity has returns for oil_shock_bear"):
        sx.window_returns(["em_equity"], policy=POLICY.replace(stress_proxies=proxies))


def test_windows_of_us_shares_and_cash_are_those_of_the_monthly_history():
    history, table = long_record().months(), data.table("stress_windows")
    checked = 0
    for _, row in table.iterrows():
        months = history.loc[str(row["start"]) : str(row["end"])]
        if len(months) == row["months"]:
            checked += 1
            for ours, theirs, apart in (
                ("us_market", "us_market", 2e-3),
                ("bills", "cash", 2e-4),
            ):  # vintages
                assert (1 + months[ours]).prod() - 1 == pytest.approx(row[theirs], abs=apart)
    assert checked == 12


def test_real_returns_take_consumer_prices_off(tested):
    nominal = sx.through_windows(tested, policy=POLICY)
    prices = data.table("stress_windows")["consumer_prices"]
    back = (1 + sx.real(nominal)) * (1 + prices) - 1
    assert back.to_numpy() == pytest.approx(nominal.to_numpy())


# ---- the rule and what it changes ----------------------------------------------------------------


def test_judgement_agrees_with_each_test_made_by_itself(tested, classes):
    table = sx.judged(tested, classes, policy=POLICY)
    past, future = (
        sx.through_windows(tested, policy=POLICY),
        sx.through_shocks(tested, classes, policy=POLICY),
    )
    assert list(table.index) == [name for name in tested.mix.index if name != sx.HELD]
    for name, row in table.iterrows():
        assert row["window return"] == past.loc[name, row["window"]] == past.loc[name].min()
        assert row["shock return"] == future.loc[name].min()
        detail = sx.reversed_loss(tested, classes, name, row["limit"], policy=POLICY)
        assert (row["years, normal"], row["years"]) == pytest.approx(detail.years)
        expected = [
            k
            for k, bad in {
                "windows": past.loc[name].min() < -row["limit"],
                "shocks": future.loc[name].min() < -row["limit"],
                "reverse": row["years"] < POLICY["stress_return_period"],
            }.items()
            if bad
        ]
        assert row["failed"] == ", ".join(expected)


def test_shocks_of_a_portfolio_are_those_of_its_classes(tested, classes):
    table = sx.through_shocks(tested, classes, policy=POLICY)
    expected = shocks.propagate(classes, POLICY["stress_shocks"]["equity crash"], policy=POLICY)
    name = tested.mix.index[0]
    by_hand = sum(tested.mix.loc[name, c] * expected[c] for c in tested.mix) - tested.cost[name]
    assert table.loc[name, "equity crash"] == pytest.approx(by_hand)
    assert table.shape == (len(tested.mix), 2 * len(POLICY["stress_shocks"]))


def test_one_company_passes_windows_and_fails_the_reverse_test(classes):
    mix = pd.DataFrame([[0.4, 0.6]], ["x"], ["us_large_equity", "cash"])
    company = sx.judged(sx.mixes(mix, 0.4 * 0.4, 0.0, 0.20), classes, policy=POLICY)
    index = sx.judged(sx.mixes(mix, 0.0, 0.0, 0.20), classes, policy=POLICY)
    assert company.loc["x", "failed"] == "reverse"
    assert index.loc["x", "failed"] == ""


def limited(a_plan, posture, limit):
    """The plan under another limit for one posture; the milder ones move with it."""
    limits = POLICY["stress_loss_limit"]
    names = list(limits)
    below = {n: min(limits[n], limit) for n in names[: names.index(posture)]}
    above = {n: max(limits[n], limit) for n in names[names.index(posture) :]}
    changed = {**below, **above, posture: limit}
    return replace(a_plan, policy=a_plan.policy.replace(stress_loss_limit=changed))


def test_a_mended_model_passes_obeys_the_mandate_and_is_the_best_that_does(the_plan, made, classes):
    worst = (
        -sx.through_windows(sx.of_funds(the_plan, made.weights().T), policy=POLICY)
        .loc["growth"]
        .min()
    )
    strict = limited(the_plan, "growth", worst - 0.005)
    weights, how = sx.mended(strict, "growth", classes)
    assert weights is not None, how
    one = sx.of_funds(the_plan, weights.to_frame("growth").T, worst - 0.005)
    assert sx.judged(one, classes, policy=POLICY).loc["growth", "failed"] == ""
    funds = plan_menu.menu_assumptions(the_plan, classes)
    rules = menu_rules(the_plan, "growth", classes)
    assert max(rules.violations(weights.to_numpy(), funds).values()) < 1e-7
    aversion = made["growth"].risk_aversion
    worth = (
        funds.mean_of(weights.to_numpy()) - aversion / 2 * funds.risk_of(weights.to_numpy()) ** 2
    )
    assert worth <= made["growth"].utility + 1e-9  # one more rule cannot help
    whole = rules.also(*stress_rules(the_plan, funds.labels, worst - 0.005, classes))
    ceiling = engine.best(
        the_plan,
        funds,
        whole,
        risk_aversion=aversion,
        classes=classes,
        most_funds=0,
        whole_percent=False,
    ).allocation
    assert worth <= ceiling.mean - aversion / 2 * ceiling.risk**2 + 1e-9


def test_a_menu_that_cannot_pass_says_which_rules_conflict(the_plan, classes):
    weights, why = sx.mended(limited(the_plan, "aggressive", 0.10), "aggressive", classes)
    assert weights is None
    assert "no portfolio obeys" in why
    assert "window" in why


def test_a_reverse_test_that_no_aversion_passes_is_said():
    small = plan.read(AWKWARD)
    small = replace(small, policy=small.policy.replace(stress_return_period=10_000))
    weights, why = sx.mended(small, "growth", plan_menu.class_assumptions(small))
    assert weights is None
    assert why == "no risk aversion makes a loss of the limit rare enough"


@pytest.mark.parametrize("bold", [False, True])
def test_the_equity_that_passes_is_the_largest_and_never_rises(the_plan, classes, custom, bold):
    years = [30.0, 15.0, 5.0, 0.0, -5.0]
    path = glidepaths.constant(0.985) if bold else custom[0]
    table = sx.equity_that_passes(the_plan, years, path, classes)
    assert (table["that passes"] < table["equity"] - 1e-9).any() or not bold
    assert (table["that passes"] <= table["equity"] + 1e-12).all()
    assert (np.diff(table["that passes"]) <= 1e-12).all()
    sleeves, _ = glidepaths.sleeves(the_plan)
    ceiling = 1.0
    for y in years:
        share = table.loc[y, "that passes"]
        both = [
            e * sleeves.loc["equity"] + (1 - e) * sleeves.loc["bonds"]
            for e in (share, share + 0.01)
        ]
        mix = pd.DataFrame(both).set_axis(["it", "more"])
        found = sx.judged(
            sx.mixes(mix, 0.0, path.fee, sx.path_limit(y, policy=POLICY)),
            classes,
            policy=POLICY,
        )["failed"]
        assert found["it"] == ""
        if share < min(table.loc[y, "equity"], ceiling) - 1e-9:
            assert found["more"] != ""
        ceiling = share


def test_the_limit_of_a_path_lies_between_its_points():
    points = POLICY["stress_path_limit"]
    assert sx.path_limit(-20, policy=POLICY) == points[min(points)]
    assert sx.path_limit(60, policy=POLICY) == points[max(points)]
    assert (
        min(points.values())
        < sx.path_limit((min(points) + max(points)) / 2, policy=POLICY)
        < max(points.values())
    )


def test_losses_by_age_are_medians_of_people(the_plan):
    each = sx.people(the_plan)
    table = sx.losses_by_age(the_plan, each, {"all": (0, 130), "nobody": (131, 140)})
    assert list(table.index) == ["all"]
    worst = -sx.through_windows(each, policy=POLICY).min(axis=1)
    assert table.loc["all", "loss"] == pytest.approx(
        (worst * the_plan.participants["balance"]).median()
    )
    assert table.loc["all", "most"] == pytest.approx(worst.max())
    assert table.loc["all", "people"] == len(the_plan.participants)
    saved = the_plan.participants["pay"] * the_plan.participants["deferral_rate"]
    lost = worst * the_plan.participants["balance"]
    years = [x / y if y > 0 else np.inf for x, y in zip(lost, saved, strict=True)]
    assert table.loc["all", "years"] == pytest.approx(np.median(years))


def test_an_infeasible_mandate_is_told_not_raised(monkeypatch, the_plan, classes):
    def refuse(*_, **__):
        raise Infeasible(["a rule", "another"], {"a rule": 0.1})

    monkeypatch.setattr(sx.stress.engine, "best", refuse)
    assert "a rule" in sx.mended(the_plan, "growth", classes)[1]


def test_years_that_are_no_number_and_classes_that_are_not_assumed_are_refused(classes):
    with pytest.raises(ValueError, match="years is nan"):
        sx.path_limit(float("nan"), policy=POLICY)
    mix = pd.DataFrame([[0.5, 0.5]], ["x"], ["us_large_equity", "gold"])
    with pytest.raises(ValueError, match="the assumptions lack gold"):
        sx.reversed_loss(sx.mixes(mix, 0.0, 0.0, 0.2), classes, "x", 0.2, policy=POLICY)


def test_every_shock_is_seen_calm_and_with_the_policys_share_of_a_crisis(tested, classes):
    share = POLICY["crisis_correlation_blend"]
    table = sx.through_shocks(tested, classes, policy=POLICY)
    for name, shock in POLICY["stress_shocks"].items():
        for column, blend in ((name, 0.0), (f"{name}, crisis", share)):
            each = shocks.propagate(classes, shock, blend, policy=POLICY)
            mine = tested.mix @ each[list(tested.mix)] - tested.cost
            assert table[column].to_numpy() == pytest.approx(mine.to_numpy())
        apart = (table[name] - table[f"{name}, crisis"]).abs().max()
        assert apart > 1e-3  # the two are not one column twice


def test_headroom_and_each_limit_at_just_under_and_just_over(classes):
    mix = pd.DataFrame([[0.4, 0.6]], ["x"], ["us_large_equity", "cash"])

    def one(limit, policy=POLICY):
        return sx.judged(sx.mixes(mix, 0.0, 0.0, limit), classes, policy=policy).loc["x"]

    first = one(0.30)
    for what, column in (("windows", "window return"), ("shocks", "shock return")):
        lost = -first[column]
        assert what not in one(lost)["failed"] and what not in one(lost + 1e-6)["failed"]
        assert what in one(lost - 1e-6)["failed"]
    worst = max(-first["window return"], -first["shock return"])
    assert first["headroom"] == pytest.approx(0.30 - worst)
    for years, fails in ((first["years"] * (1 + 1e-9), True), (first["years"], False)):
        told = one(0.30, POLICY.replace(stress_return_period=years))["failed"]
        assert ("reverse" in told) is fails


def brought(window, fall, *, months=None):
    """A plan's own months of US shares, that lose so much a month in one window of the table."""
    row = data.table("stress_windows").loc[window]
    spanned = pd.period_range(str(row["start"]), str(row["end"]), freq="M")
    index = spanned.to_timestamp(how="end").normalize()[:months]
    return pd.DataFrame({"us_large_equity": fall}, index)


def test_a_window_that_the_plans_own_months_cover_whole_is_theirs(classes):
    window = "covid_2020"  # the only one of its months
    own, whole = brought(window, -0.5), sx.window_returns(["us_large_equity"], policy=POLICY)
    found = sx.window_returns(["us_large_equity"], policy=POLICY, months=own)["us_large_equity"]
    assert found[window] == pytest.approx(0.5 ** len(own) - 1)
    others = whole.index != window
    assert found[others].equals(whole.loc[others, "us_large_equity"])
    said = sx.proxies(["us_large_equity"], policy=POLICY, months=own)["us_large_equity"]
    assert said[window] == ""
    part = brought(window, -0.5, months=len(own) - 1)
    again = sx.window_returns(["us_large_equity"], policy=POLICY, months=part)
    assert again.equals(whole)
    mix = sx.mixes(pd.DataFrame([[1.0]], ["x"], ["us_large_equity"]), 0.0, 0.0, 0.3)
    judgement = sx.judged(mix, classes, policy=POLICY, months=own).loc["x"]
    assert judgement["window"] == window
    assert judgement["window return"] == pytest.approx(0.5 ** len(own) - 1)


def test_whatever_asks_for_windows_asks_for_the_plans_own_months(the_plan, classes, monkeypatch):
    """Each door that has the plan: what it finds changes when the plan brings worse months."""
    window = "covid_2020"
    funds = plan_menu.menu_assumptions(the_plan, classes).labels
    people = sx.people(the_plan)

    def doors():
        rules = stress_rules(the_plan, funds, 0.3, classes)
        ages = sx.losses_by_age(the_plan, people, {"all": (0, 130)})
        return {r.name: r.coefficients for r in rules}[f"window {window}"], ages.loc["all", "most"]

    before = doors()
    monkeypatch.setattr(sx.stress, "own_months", lambda plan: brought(window, -0.5))
    after = doors()
    holds = plan_menu.each_vintage(the_plan).exposures["us_large_equity"]
    pure = [fund for fund in funds if holds[fund] == 1.0]
    assert pure and all(after[0][fund] < -0.5 < before[0][fund] for fund in pure)
    assert after[1] > before[1]


def test_the_risk_and_the_cost_of_what_is_held_are_of_its_funds(the_plan):
    own = the_plan.funds["specific_risk"].astype(float).copy()
    stock = the_plan.rules["employer_stock"]
    own[stock["fund"]] = stock["own_volatility"]
    whole = as_held(the_plan)
    assert whole.own[sx.HELD] == pytest.approx(np.sqrt((the_plan.shares**2 * own**2).sum()))
    assert whole.cost[sx.HELD] == pytest.approx(the_plan.shares @ the_plan.funds["expense_ratio"])
    each = sx.people(the_plan)
    for who in the_plan.participants.index[:5]:
        held = the_plan.holdings.loc[who]
        assert each.own[who] == pytest.approx(np.sqrt(((held * own[held.index]) ** 2).sum()))
        assert each.cost[who] == pytest.approx(held @ the_plan.funds["expense_ratio"][held.index])


def test_each_portfolio_has_the_limit_that_the_policy_gives_its_kind(the_plan, made, tested):
    for posture in made.weights():
        assert tested.limit[posture] == POLICY["stress_loss_limit"][posture]
    assert np.isnan(tested.limit[sx.HELD])
    series = tested.only("series")
    own = the_plan.funds["specific_risk"][the_plan.funds["kind"] == "target_date"].item()
    assert (series.own == own).all() and len(series.mix) == len(the_plan.vintages)
    path = glidepaths.from_plan(the_plan)
    assert series.cost.to_numpy() == pytest.approx(path.fee)
    limits = [sx.path_limit(years, policy=POLICY) for years in path.years]
    assert series.limit.tolist() == limits


@pytest.mark.parametrize("years", [-3.0, 0.0, 12.5])
def test_a_limit_between_two_points_is_on_their_line(years):
    points = {float(k): float(v) for k, v in POLICY["stress_path_limit"].items()}
    below = max((k for k in points if k <= years), default=min(points))
    above = min((k for k in points if k >= years), default=max(points))
    part = (years - below) / (above - below) if above > below else 0.0
    part = min(max(part, 0.0), 1.0)
    line = points[below] + part * (points[above] - points[below])
    assert sx.path_limit(years, policy=POLICY) == pytest.approx(line)


def test_an_age_at_either_end_of_a_band_is_in_it(the_plan):
    each = sx.people(the_plan)
    ages = the_plan.age
    low, high = int(ages.min()), int(ages.max())
    table = sx.losses_by_age(the_plan, each, {"ends": (low, high), "first": (low, low)})
    assert table.loc["ends", "people"] == len(ages)
    assert table.loc["first", "people"] == (ages == low).sum()
