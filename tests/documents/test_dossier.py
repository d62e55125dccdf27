"""The dossier of an option: factors in order, costs by hand, comparators that are similar."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from portlib import plan
from portlib.construction.mandate import Bounds
from portlib.construction.mean_variance import maximum_utility
from portlib.data import DataError
from portlib.documents import dossier
from portlib.documents.document import Block, Finding, Items, Table, Text
from portlib.documents.typesetting import pdf
from portlib.documents.words import dollars, yearly_cost
from portlib.retirement import plan_menu
from tests.documents.unrun import DAY, MADE_FROM, PLANS


def made(ours: plan.Plan, fund: str) -> dossier.Document:
    return dossier.dossier(ours, fund, made=DAY, made_from=MADE_FROM)


def test_every_option_has_one_and_it_names_every_factor(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    for fund in (ours.funds.index[0], *ours.funds.index[ours.funds["kind"] != "core"]):
        text = words(pdf(made(ours, str(fund))))
        for factor in ("(g)", "(h)", "(i)", "(j)", "(k)", "(l)", "404a-6", "What is not known"):
            assert factor in text, (fund, factor)
        assert str(ours.funds.loc[fund, "label"]) in text


def test_its_costs_are_the_balances_times_the_expense_ratio(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    fund = str(ours.funds.index[0])
    held = sum(
        row["balance"] * ours.holdings.loc[who, fund] for who, row in ours.participants.iterrows()
    )
    paid = held * float(ours.funds.loc[fund, "expense_ratio"])
    text = words(pdf(made(ours, fund)))
    assert f"${paid:,.0f} a year" in text
    assert f"{int((ours.holdings[fund] > 0).sum()):,}" in text


def test_comparators_hold_half_of_the_same_at_least(ours: plan.Plan) -> None:
    for fund in map(str, ours.funds.index):
        if ours.funds.loc[fund, "kind"] == "annuity":
            continue
        near = dossier._comparators(ours, fund)
        assert (near["common"] >= dossier.SIMILAR).all()
        assert fund not in near.index


def test_its_benchmark_is_its_own_mix(ours: plan.Plan) -> None:
    fund = str(ours.exposures.index[0])
    tables = [b for b in made(ours, fund).body if isinstance(b, Table) and b.head[0] == "Class"]
    (mix,) = tables
    assert sum(float(row[1].rstrip("%")) for row in mix.rows) == pytest.approx(100, abs=0.3)
    assert len(mix.rows) == int((ours.exposures.loc[fund] > 0).sum())


def test_a_single_company_is_told_of_no_cheaper_fund_and_no_like_risk(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    (stock,) = ours.funds.index[ours.funds["kind"] == "employer_stock"]
    text = words(pdf(made(ours, str(stock))))
    for nonsense in ("Of the comparators", "cheaper class", "risk by construction", "security by"):
        assert nonsense not in text


def test_a_plan_that_brings_no_people_has_dossiers_too(
    ours: plan.Plan, words: Callable[[bytes], str]
) -> None:
    nobody = plan.from_json({**ours.to_json(), "participants": []})
    text = words(pdf(made(nobody, str(ours.funds.index[0]))))
    assert "not known" in text
    assert "nan" not in text.split()
    assert "nan%" not in text


def test_an_option_that_is_not_offered_is_refused_with_the_nearest(ours: plan.Plan) -> None:
    fund = str(ours.funds.index[0])
    with pytest.raises(DataError, match=f"did you mean {fund}"):
        made(ours, fund[:-1])


def items(blocks: list[Block]) -> str:
    """All that lists say, in one line."""
    return " ".join(line for block in blocks if isinstance(block, Items) for line in block.items)


def held_in(ours: plan.Plan, fund: str) -> list[float]:
    balances = ours.participants["balance"].tolist()
    return [b * x for b, x in zip(balances, ours.holdings[fund].tolist(), strict=True)]


def test_each_fee_is_counted_in_dollars_of_what_is_held_in_it(ours: plan.Plan) -> None:
    for fund, option in ours.funds.iloc[2::3].iterrows():
        if option["kind"] == "annuity":
            continue
        held = sum(held_in(ours, str(fund)))
        (table,) = [b for b in dossier._fees(ours, str(fund)) if isinstance(b, Table)]
        rows = {row[0]: row for row in table.rows}
        for name, ratio in (
            ("Expense ratio", option["expense_ratio"]),
            ("12b-1 fee, out of it", option["fee_12b1"]),
            ("Revenue sharing, out of it", option["revenue_share"]),
            ("Index funds of the same classes", ours.policy["index_fund_cost"]),
        ):
            assert rows[name][1:] == [yearly_cost(ratio), f"{dollars(ratio * held)} a year"]


def test_years_to_see_a_fee_earned_are_of_the_fee_beyond_an_index_fund_s(ours: plan.Plan) -> None:
    cost = ours.policy["index_fund_cost"]
    for fund, option in ours.funds[ours.funds["kind"] == "core"].iloc[2::3].iterrows():
        told = items(dossier._fees(ours, str(fund)))
        premium, risk = option["expense_ratio"] - cost, option["specific_risk"]
        assert ("To pay for itself" in told) == (premium > 0 and risk > 0), fund
        if premium > 0 and risk > 0:
            # premium / (risk / sqrt(years)) = 1.96 + 0.84
            years = (2.8 * risk / premium) ** 2
            assert f"record would take {years:,.0f} years" in told
        passed = max(option["fee_12b1"], option["revenue_share"])
        assert ("passes on" in told) == (passed > 0)
        assert passed == 0 or f"passes on {yearly_cost(passed)} a year" in told


def test_comparators_are_nearest_first_and_what_the_cheaper_saves_is_of_the_nearest_of_these(
    ours: plan.Plan,
) -> None:
    _, classes, funds, held = dossier._menu(ours)
    stocks = ours.funds.index[ours.funds["kind"] == "employer_stock"]
    core = [str(fund) for fund in ours.funds.index[ours.funds["kind"] == "core"]]
    seen = 0
    for fund in core if len(core) < 7 else core[2::3]:
        near = dossier._comparators(ours, fund)
        common = {
            other: sum(min(held.loc[fund, c], held.loc[other, c]) for c in classes.labels)
            for other in funds.labels
            if other not in (fund, *stocks)
        }
        expected = sorted((x for x in common.values() if x >= 0.5 - 1e-12), reverse=True)[:4]
        assert near["common"].tolist() == pytest.approx(expected)
        for other, row in near.iterrows():
            i, j = funds.labels.index(fund), funds.labels.index(str(other))
            sigma = funds.sigma
            moves = sigma[i, j] / (sigma[i, i] * sigma[j, j]) ** 0.5
            assert row["correlation"] == pytest.approx(moves, abs=1e-9)
        mine = ours.funds.loc[fund, "expense_ratio"]
        cheaper = near[near["expense"] < mine - 1e-9]
        told = items(dossier._fees(ours, fund))
        assert ("would save" in told) == bool(len(cheaper))
        if len(cheaper):
            saved = (mine - cheaper["expense"].iloc[0]) * sum(held_in(ours, fund))
            assert f"would save {dollars(saved)} a year" in told
            assert f"Of the comparators {len(cheaper)} cost" in told
            seen += 1
    assert seen


def test_what_would_leave_and_the_largest_account_are_told_in_dollars(ours: plan.Plan) -> None:
    for fund in map(str, ours.funds.index):
        told = items(dossier._liquidity(ours, fund))
        held = held_in(ours, fund)
        assert f"For the plan: {dollars(sum(held))} would leave" in told
        assert f"the largest account in it holds {dollars(max(held))}" in told
        stock = ours.rules["employer_stock"]
        assert ("trading days to sell" in told) == (stock is not None and stock["fund"] == fund)
        if stock and stock["fund"] == fund:
            days = sum(held) / (ours.policy["liquidity_share_of_adv"] * stock["daily_volume"])
            assert f"takes {days:,.1f} trading days" in told


def test_what_classes_explain_is_the_variance_without_the_option_s_own(ours: plan.Plan) -> None:
    for fund in map(str, ours.exposures.index):
        if ours.funds.loc[fund, "kind"] in ("annuity", "stable_value"):
            continue
        _, classes, _, held = dossier._menu(ours)
        mix = [held.loc[fund, name] for name in classes.labels]
        common = sum(
            x * y * classes.sigma[i, j] for i, x in enumerate(mix) for j, y in enumerate(mix)
        )
        own = float(ours.funds.loc[fund, "specific_risk"]) ** 2
        (told,) = [b.text for b in dossier._benchmark(ours, fund) if isinstance(b, Text)]
        assert f"explain {common / (common + own):.0%} of its variance" in told, fund


def test_a_record_of_its_own_is_compounded_over_its_own_months() -> None:
    content = {**plan.read(PLANS["example"]).to_json(), "participants": []}
    earned = [0.02, -0.01, 0.03, 0.0, -0.02, 0.01, 0.02, 0.01, -0.03, 0.02, 0.01, 0.02, 0.01, -0.01]
    rows = [f"{2025 + at // 12}-{at % 12 + 1:02d},{x}" for at, x in enumerate(earned)]
    content["inputs"] = {"fund_returns.csv": "\n".join(["month,LGACT", *rows]) + "\n"}
    brings = plan.from_json(content)
    (told,) = [b.text for b in dossier._record(brings, "LGACT") if isinstance(b, Text)]
    grown = math.prod(1 + x for x in earned) ** (12 / 14) - 1
    assert f"January 2025 to February 2026: {grown:.2%} a year compounded" in told
    assert f"a volatility of {statistics.stdev(earned) * 12**0.5:.1%}." in told
    (unknown,) = dossier._record(brings, "LVACT")
    assert isinstance(unknown, Finding) and unknown.label == "Not known"


def example_menu(*funds: str) -> plan.Plan:
    """The example plan with some of its options, and no rule about another."""
    ours = plan.read(PLANS["example"])
    none = {"default": None, "employer_stock": None, "stable_value": None}
    return replace(ours, rules={**ours.rules, **none}).offering(funds)


def test_an_option_whose_vehicle_is_not_stated_has_a_dossier_that_says_so() -> None:
    content = {**plan.read(PLANS["example"]).to_json(), "participants": []}
    content["lineup"] = [
        {**row, "vehicle": None if row["fund"] == "LGACT" else row["vehicle"]}
        for row in content["lineup"]
    ]
    body = made(plan.from_json(content), "LGACT").body
    (table,) = [b for b in body if isinstance(b, Table) and b.head[0] == "What"]
    assert ["Vehicle", "not stated"] in table.rows
    assert "Vehicle: not stated in the list of options." in items(list(body))
    told = " ".join(b.text for b in body if isinstance(b, Text))
    assert "how that is valued, the list of options does not state" in told


def test_an_option_without_which_nobody_obeys_is_said_to_be_one_though_others_only_lose() -> None:
    few = example_menu("LCIDX", "SMIDIX", "INTIDX", "EMACT", "BNDIDX", "GOVMM")
    worth = dossier._worth(few, "GOVMM")
    assert worth is not None and worth[0] == "conservative" and math.isnan(worth[1])
    assert dossier._worth(example_menu("BNDIDX", "GOVMM"), "GOVMM") is None


def test_a_series_is_worth_what_the_menu_loses_without_all_of_its_dates() -> None:
    ours = plan.read(PLANS["example"])
    plain = replace(ours, rules={**ours.rules, "default": None})
    without = plain.offering([f for f in ours.funds.index if f != "TDIDX"])
    classes = plan_menu.class_assumptions(ours)

    def best(menu: plan.Plan, posture: str) -> float:
        """Of the best mix without dates, and of each date alone that the rules allow."""
        a = menu.policy["model_risk_aversion"][posture]
        rules = plan_menu.menu_mandate(menu, posture, classes)
        funds = plan_menu.menu_assumptions(menu, classes)
        series = [fund for fund in funds.labels if fund.startswith("TDIDX")]
        none = [Bounds("no dates", upper=dict.fromkeys(series, 0.0))] * bool(series)
        found = [maximum_utility(funds, rules.also(*none), risk_aversion=a).w]
        found += [w for w in np.eye(len(funds)) if rules.allows(w, funds)]
        return float(max(funds.mu @ w - a / 2 * w @ funds.sigma @ w for w in found))

    lost = {p: 1e4 * (best(plain, p) - best(without, p)) for p in ("conservative", "growth")}
    worth = dossier._worth(plain, "TDIDX")
    assert worth is not None and worth[1] >= max(lost.values()) - 1e-4
    assert worth[0] not in lost or worth[1] == pytest.approx(lost[worth[0]], abs=1e-4)
