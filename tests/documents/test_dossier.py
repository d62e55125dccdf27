"""The dossier of an option: factors in order, costs by hand, comparators that are similar."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portlib import plan
from portlib.data import DataError
from portlib.documents import dossier
from portlib.documents.document import Table
from portlib.documents.typesetting import pdf
from tests.documents.unrun import DAY, MADE_FROM


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
