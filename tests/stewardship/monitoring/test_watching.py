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
