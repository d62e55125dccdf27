"""What is watched: the portfolio by hand, and a plan's own months where it brings any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import plan
from portlib.stewardship.monitoring import watching

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ours() -> plan.Plan:
    return plan.read()


@pytest.fixture(scope="module")
def seen(ours: plan.Plan) -> watching.Watch:
    return watching.watch(ours, np.random.default_rng(7))


def test_the_portfolio_is_that_of_the_plans_model(seen: watching.Watch) -> None:
    w = seen.watched.target.copy()
    by_hand = []
    for t, month in enumerate(seen.net[list(seen.held)].to_numpy()):
        grown = w * (1 + month)
        by_hand.append(grown.sum() - 1)
        every = seen.plan.policy["monitoring_rebalance_months"]
        w = seen.watched.target if (t + 1) % every == 0 else grown / grown.sum()
    told = seen.returns
    assert np.allclose(told.net, by_hand[-len(told.net) :], atol=1e-12)
    assert len(told.benchmark) == len(told.net) == len(seen.record)
    assert (told.gross >= told.net).all()


def test_the_first_window_ends_where_the_record_begins(seen: watching.Watch) -> None:
    window = seen.plan.policy["monitoring_window_months"]
    whole = seen.watched.measures(seen.months.to_numpy(), seen.net[list(seen.held)].to_numpy())
    assert np.isnan(whole["volatility"][: window - 1]).all()
    assert not any(series.isna().any() for series in seen.measured.values())


def test_an_option_without_own_risk_earns_its_mix_less_its_expenses(seen: watching.Watch) -> None:
    cost = seen.watched.index_fund_cost / 12
    still = seen.options.index[seen.options["own_risk"] == 0]
    paid = seen.options.loc[still, "expense_ratio"] / 12
    gap = seen.net[still] - (seen.own_mixes[still] + cost - paid)
    assert np.abs(gap.to_numpy()).max(initial=0.0) < 1e-12


def test_months_that_a_plan_brings_take_the_place_of_draws() -> None:
    tsp = plan.read(ROOT / "plans" / "tsp")
    seen = watching.watch(tsp, np.random.default_rng(7))
    assert tsp.inputs.funds is not None
    assert seen.own_since
    for option, first in seen.own_since.items():
        own = tsp.inputs.funds.values[option].reindex(seen.net.index).loc[first:]
        pd.testing.assert_series_equal(seen.net[option].loc[first:], own, check_names=False)


def test_a_plan_without_a_model_is_refused_by_name(
    ours: plan.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = replace(watching.model_portfolios.suite(ours), models=())
    monkeypatch.setattr(watching.model_portfolios, "suite", lambda plan: nothing)
    with pytest.raises(ValueError, match=ours.name.replace("(", "\\(").replace(")", "\\)")):
        watching.watch(ours, np.random.default_rng(7))


def test_gross_net_and_benchmark_differ_by_their_costs_alone(seen: watching.Watch) -> None:
    told, every = seen.returns, seen.plan.policy["monitoring_rebalance_months"]
    funds = seen.options.loc[list(seen.held), "fund"]
    fees = seen.plan.funds.loc[funds, "expense_ratio"].to_numpy(float)
    assert (told.gross - told.net).to_numpy() == pytest.approx(told.starts @ fees / 12, abs=1e-15)
    at = len(seen.net) - len(seen.record)
    for t, start in enumerate(told.starts):
        if (at + t) % every == 0:
            assert start == pytest.approx(seen.watched.target)
    naive = watching.same_equity(seen.exposure, policy=seen.plan.policy)
    cost = seen.plan.policy["index_fund_cost"]
    expected = seen.months.loc[seen.record] @ naive - cost / 12
    assert told.benchmark.to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-15)


def test_the_promise_is_of_the_default_postures_model(seen: watching.Watch) -> None:
    suite = watching.model_portfolios.suite(seen.plan)
    model = suite[seen.plan.policy["default_posture"]]
    assert dict(zip(seen.held, seen.watched.target, strict=True)) == pytest.approx(model.weights)
    assert (seen.posture, seen.risk_aversion) == (model.posture, model.risk_aversion)
    w, rows = seen.watched, seen.options.loc[list(seen.held)]
    assert w.expense.tolist() == rows["expense_ratio"].tolist()
    assert w.own_risk.tolist() == rows["own_risk"].tolist()
    assert w.exposures.tolist() == rows[list(w.classes.labels)].to_numpy(float).tolist()
    assert seen.exposure.to_numpy() == pytest.approx(w.target @ w.exposures)


def test_reviews_are_of_a_record_that_ends_where_it_is_asked(seen: watching.Watch) -> None:
    end = seen.net.index[-4]
    found = seen.reviews(end)
    months = seen.net.loc[:end].index[-len(seen.record) :]
    assert (found["months"] == len(months)).all()
    name = found.index[0]
    mix = seen.months @ seen.options.loc[name, list(seen.classes.labels)].astype(float)
    less = seen.net.loc[months, name] - (mix.loc[months] - seen.watched.index_fund_cost / 12)
    assert found.loc[name, "ahead"] == pytest.approx(12 * less.mean())
    fee = seen.plan.funds.loc[seen.options.loc[name, "fund"], "expense_ratio"]
    assert found.loc[name, "premium"] == pytest.approx(fee - seen.plan.policy["index_fund_cost"])
    assert seen.reviews().equals(seen.reviews(seen.net.index[-1]))


def test_no_month_after_the_plans_own_figures_is_watched(seen: watching.Watch) -> None:
    early = plan.read(ROOT / "tests" / "plans" / "awkward")
    watched = watching.watch(early, np.random.default_rng(7))
    assert watched.history.returns.index[-1] > pd.Timestamp(early.as_of)  # there are later months
    for one in (watched, seen):
        assert one.record[-1] <= pd.Timestamp(one.plan.as_of)
    assert watched.record[-1].to_period("M") == pd.Timestamp(early.as_of).to_period("M")
