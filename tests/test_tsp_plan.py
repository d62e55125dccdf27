"""The folder of the Thrift Savings Plan: what was published is in it, and what is invented says so.

Only here is the committed record of prices, weights and published returns held against itself.
"""

import json

import numpy as np
import pandas as pd
import pytest

from portlib import data, history, plan, plan_check
from portlib.estimation.capital_market_assumptions import survey_assumptions
from portlib.plan_format import LEGAL_REGIMES
from tools import tsp_plan

FUNDS = list("gfcsi")


@pytest.fixture(scope="module")
def ours():
    return plan.read(tsp_plan.FOLDER)


def test_the_generated_files_are_those_that_the_published_figures_make():
    for name, text in tsp_plan.files().items():
        assert (tsp_plan.FOLDER / name).read_text(encoding="utf-8") == text, name


def test_the_folder_is_accepted_and_says_under_which_law_it_is(ours):
    report = plan_check.check(tsp_plan.FOLDER)
    assert not report.refused
    assert any("Title I does not cover" in str(note) for note in report.noted)
    assert ours.legal_regime == "GOVERNMENTAL" and "8477" in ours.rules["clauses"]["legal_regime"]
    again = plan.from_json(json.loads(json.dumps(ours.to_json(), allow_nan=False)))
    assert again.legal_regime == "GOVERNMENTAL" and again.fingerprint == ours.fingerprint


def test_a_plan_that_says_nothing_of_its_law_is_under_erisa_and_an_unknown_law_is_refused():
    example = plan.read(data.ROOT / "plan")
    assert example.legal_regime == "ERISA" and next(iter(LEGAL_REGIMES)) == "ERISA"
    sent = example.to_json()
    with pytest.raises(data.DataError, match="legal_regime"):
        plan.from_json({**sent, "rules": {**sent["rules"], "legal_regime": "CHURCH"}})


def test_the_invented_people_are_drawn_to_the_published_figures(ours):
    told = tsp_plan.published()
    people, held = ours.participants, ours.holdings
    assert "SYNTHETIC" in ours.origin
    mean = told["totals"]["assets"] / told["totals"]["participants"]
    assert people["balance"].mean() == pytest.approx(mean, rel=1e-4)
    wanted = pd.Series(told["assets_by_fund"]["shares"])
    assert (ours.shares - wanted / wanted.sum()).abs().max() < 0.005
    assert (held["L"] == 1).mean() >= told["lifecycle"]["all_in"]
    assert (held["L"] == 1).mean() < told["lifecycle"]["all_in"] + 0.05
    defers = people["deferral_rate"] > 0
    chance = np.sqrt(0.25 / len(people))
    assert abs(defers.mean() - told["deferral"]["participation"]) < 2 * chance
    full = (people["deferral_rate"] >= told["deferral"]["whole_match_from"]).mean()
    assert abs(full - told["deferral"]["full_match"]) < 2 * chance
    assert people["deferral_rate"][defers].mean() == pytest.approx(
        told["deferral"]["mean"], abs=0.005
    )
    assert not people[["retirement_age", "outside_assets", "other_income"]].notna().any(axis=None)


def test_balances_years_and_roth_of_the_invented_are_those_published(ours):
    """Second method: from the published table alone, without what drew the people."""
    told = tsp_plan.published()
    people, bands = ours.participants, pd.DataFrame(told["bands"])
    accounts = bands["accounts"].to_numpy(float) / bands["accounts"].sum()
    inside = (bands["below"] - bands["from"]) / np.log(bands["below"] / bands["from"])
    mean = told["totals"]["assets"] / told["totals"]["participants"]
    carried = mean / float(accounts @ inside)  # from the day of the bands to the plan's day
    edges = carried * np.append(bands["from"], bands["below"].iloc[-1])
    drawn = np.histogram(people["balance"], edges)[0] / len(people)
    chance = np.sqrt(accounts * (1 - accounts) / len(people))
    assert (np.abs(drawn - accounts) < 2 * chance).all()
    service = ours.as_of.year - people["hire_year"]
    years = float(accounts @ bands["years"])
    assert abs(service.mean() - years) < 2 * service.std() / np.sqrt(len(people))
    share = told["roth"]["share_with_balance"]
    assert abs((people["roth_share"] > 0).mean() - share) < 2 * np.sqrt(0.25 / len(people))


def test_ages_and_groups_are_the_published_ones(ours):
    told = tsp_plan.published()
    pay, groups = told["pay"], pd.Series(told["participants"]["groups"], dtype=float)
    assert tsp_plan.ENTRY["FERS"][0] == pytest.approx(pay["average_age"] - pay["average_tenure"])
    counts = pd.Series(tsp_plan._apportioned(groups, tsp_plan.PEOPLE), groups.index)
    assert (counts / tsp_plan.PEOPLE - groups / groups.sum()).abs().max() <= 1 / tsp_plan.PEOPLE
    age = ours.as_of.year - ours.participants["birth_year"]
    entry = sum(tsp_plan.ENTRY[name][0] * count for name, count in counts.items())
    service = ours.as_of.year - ours.participants["hire_year"]
    expected = entry / tsp_plan.PEOPLE + service.mean()
    assert abs(age.mean() - expected) < 2 * age.std() / np.sqrt(len(age))


def test_the_g_fund_is_assumed_to_pay_what_the_law_says(ours):
    record = history.open_record()
    yields = pd.concat([record[f"yield_{n}y"].values for n in (5, 7, 10, 20, 30)], axis=1)
    year = yields.mean(axis=1).loc["2024-12":"2025-11"]  # a month's rate is set at the end before
    own = ours.inputs.assumptions.record
    assert own.rf == pytest.approx(tsp_plan.statutory_rate(), abs=5e-5)
    assert own.rf == pytest.approx(float(year.mean()), abs=0.0025)
    survey = survey_assumptions(10, tuple(own.labels))
    others = np.array(own.labels) != "cash"
    assert np.array_equal(own.mu[others], survey.mu[others]) and own.rf > survey.rf
    assert own.sigma == pytest.approx(survey.sigma)
    g, bills = (record[name].values.loc["1988":].std() for name in ("tsp_g", "bills"))
    assert 0.5 < g / bills < 1.5  # risk of bills


def test_vintages_are_the_target_weights_in_force_on_the_plans_day(ours):
    table = data.table("tsp_lifecycle_weights")
    quarter = table[table["effective"] == "2026-07-01"].set_index("fund")
    assert ours.vintages.loc[4.0, "cash"] == pytest.approx(quarter.loc["l_2030", "g"], abs=1e-6)
    assert ours.vintages.loc[0.0, "us_core_bonds"] == pytest.approx(
        quarter.loc["l_income", "f"], abs=1e-6
    )
    assert (ours.vintages["equity"].diff().dropna() < 1e-3).all()


# ---- the record against itself -------------------------------------------------------------------


@pytest.fixture(scope="module")
def prices():
    table = data.table("tsp_share_prices")
    return table.set_axis(pd.DatetimeIndex(table.index))


def test_published_months_are_those_of_the_prices_to_rounding(prices):
    ends = prices.groupby(prices.index + pd.offsets.MonthEnd(0)).last()
    ends = ends.reindex(pd.date_range("2003-05-31", "2026-09-30", freq="ME"))
    months = ends.pct_change(fill_method=None)
    core = data.table("tsp_returns")
    core.index = pd.DatetimeIndex(core.index)
    for fund in FUNDS:
        apart = (months[fund] - core[f"tsp_{fund}"]).abs().dropna()
        assert apart.max() < 1e-8, fund
    told = data.table("tsp_lifecycle_returns")
    told.index = pd.DatetimeIndex(told.index)
    for fund in told:
        if fund in months:
            # to its last whole month
            last = prices[fund].last_valid_index() - pd.offsets.MonthBegin(1)
            apart = (months[fund] - told[fund]).abs().dropna().loc["2005-09":last]
            assert apart.max() <= 0.0001, fund


def test_target_weights_are_whole_move_slowly_and_lie_on_the_long_run_path():
    table = data.table("tsp_lifecycle_weights")
    assert table[FUNDS].sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-3)
    for fund, rows in table.groupby("fund"):
        quarters = pd.PeriodIndex(rows["effective"], freq="Q")
        assert list(quarters) == list(pd.period_range(quarters[0], quarters[-1], freq="Q")), fund
        assert rows[FUNDS].diff().abs().max().max() < 0.10, fund
    path = data.table("tsp_glidepath")
    equity = path[["c", "s", "i"]].sum(axis=1)
    young = table[(table["fund"] == "l_2065") & (table["effective"] == "2026-07-01")]
    assert young[["c", "s", "i"]].sum(axis=1).item() == pytest.approx(equity.loc[39], abs=1e-3)
    assert equity[equity.index >= 28].to_numpy() == pytest.approx(0.99, abs=1e-4)
    assert equity.loc[5] == pytest.approx(0.60, abs=1e-3)
    assert equity.loc[0] == pytest.approx(0.30, abs=1e-3)


def test_expense_ratios_of_the_menu_are_those_last_read(ours):
    told = data.table("tsp_expense_ratios")
    last = told[told["year"] == 2025].set_index("fund")["total"]
    for fund in "GFCSI":
        assert ours.funds.loc[fund, "expense_ratio"] == last[fund.lower()]
    weights = ours.vintages.copy()
    international = weights["intl_dev_equity"] + weights["em_equity"]
    by_fund = weights[["cash", "us_core_bonds", "us_large_equity", "us_small_equity"]].assign(
        i=international
    )
    of = by_fund.to_numpy() @ last[FUNDS].to_numpy(float)
    assert of.min() <= ours.funds.loc["L", "expense_ratio"] <= of.max()


def test_a_class_that_the_plan_calls_what_the_survey_does_is_counted_once(ours):
    """The G Fund is the plan's cash under the survey's own name."""
    assert ours.policy.called("cash") == ("cash",)
