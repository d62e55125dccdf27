"""Measures: an account followed, the promise against simulated months, histories of classes and
options."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from portlib import history, plan, policy
from portlib.class_returns import class_returns
from portlib.records import Assumptions
from portlib.retirement import plan_menu
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import Watched, performance

POLICY = policy.read()


def watched(n: int = 4, *, own: float = 0.02) -> Watched:
    """Funds that are mixtures of three classes."""
    sigma = np.array([[0.03, 0.01, 0.001], [0.01, 0.02, 0.002], [0.001, 0.002, 0.004]])
    classes = Assumptions(["stocks", "small", "bonds"], [0.07, 0.08, 0.04], sigma, 0.03, "a test")
    rng = np.random.default_rng(7)
    return Watched.under(
        POLICY,
        target=rng.dirichlet(np.ones(n)),
        exposures=rng.dirichlet(np.ones(3), n),
        own_risk=np.full(n, own),
        expense=np.full(n, 0.004),
        benchmark=np.array([0.4, 0.1, 0.5]),
        classes=classes,
    )


def test_followed_is_an_account_of_shares() -> None:
    rng = np.random.default_rng(9)
    r, target = rng.normal(0.01, 0.05, (24, 3)), np.array([0.5, 0.3, 0.2])
    returns, starts, ends = monitoring.followed(r, target, 6)
    money, value = 100 * target, [100.0]
    for t in range(24):
        assert starts[t] == pytest.approx(money / money.sum())
        money = money * (1 + r[t])
        value.append(money.sum())
        assert ends[t] == pytest.approx(money / money.sum())
        if (t + 1) % 6 == 0:
            money = money.sum() * target
    assert np.prod(1 + returns) == pytest.approx(value[-1] / 100)
    paths = np.stack([r, r[::-1]])
    assert monitoring.followed(paths, target, 6)[0][0] == pytest.approx(returns)


def test_predicted_risk_is_that_of_simulated_months() -> None:
    w = watched()
    classes, funds = monitoring.simulated(w, 1, 200_000, np.random.default_rng(6))
    r = (funds @ w.target)[0]
    b = (classes @ w.benchmark)[0]
    assert performance.volatility(r) == pytest.approx(w.risk, rel=0.02)
    assert performance.tracking_error(r, b) == pytest.approx(w.tracking_error, rel=0.02)
    assert 12 * r.mean() == pytest.approx(w.mean, abs=0.003)
    assert 12 * (r - b).mean() + POLICY["index_fund_cost"] == pytest.approx(w.active, abs=0.002)


def test_measures_by_hand() -> None:
    w = watched()
    classes, funds = monitoring.simulated(w, 1, 40, np.random.default_rng(6))
    found = w.measures(classes[0], funds[0])
    months, every = (
        POLICY["monitoring_window_months"],
        POLICY["monitoring_rebalance_months"],
    )
    r = pd.Series(monitoring.followed(funds[0], w.target, every)[0])
    active = r - (classes[0] @ w.benchmark - POLICY["index_fund_cost"] / 12)
    assert np.isnan(found["volatility"][: months - 1]).all()
    assert found["volatility"] == pytest.approx(
        r.rolling(months).std() * math.sqrt(12) / w.risk, nan_ok=True
    )
    assert found["tracking error"] == pytest.approx(
        active.rolling(months).std() * math.sqrt(12) / w.tracking_error, nan_ok=True
    )
    short = (
        (w.active - 12 * active.rolling(months).mean()) / w.tracking_error * math.sqrt(months / 12)
    )
    assert found["shortfall"] == pytest.approx(short, nan_ok=True)
    level = -(w.mean / 12 - 1.6448536 * w.risk / math.sqrt(12))
    assert POLICY["tail_level"] == 0.95
    assert found["breaches"] == pytest.approx((-r > level).rolling(months).sum(), nan_ok=True)
    value = (1 + r).cumprod()
    assert found["drawdown"] == pytest.approx((1 - value / value.cummax().clip(lower=1)) / w.risk)


def test_shortfall_of_normal_months_rings_as_the_normal_law_says() -> None:
    w, rng = watched(), np.random.default_rng(12)
    classes, funds = monitoring.simulated(w, 4000, POLICY["monitoring_window_months"], rng)
    last = w.measures(classes, funds)["shortfall"][:, -1]
    assert last.mean() == pytest.approx(
        0, abs=0.06
    )  # fat tails and quarterly drift, so not exactly
    assert last.std() == pytest.approx(1, abs=0.05)


def test_class_history_is_real_where_it_can_be_and_like_the_assumptions_elsewhere() -> None:
    the_plan = plan.read()
    classes = plan_menu.class_assumptions(the_plan)
    found = class_returns(the_plan, history.open_record(), list(classes.labels))
    known = found.common()
    made = monitoring.class_history(classes, known, np.random.default_rng(2))
    assert made.real == tuple(label for label in classes.labels if label in known)
    for label in made.real:
        assert made.returns[label].equals(known[label])
    assert made.returns.index.equals(known.index)
    drawn = [label for label in classes.labels if label not in made.real]
    sigma = pd.DataFrame(classes.sigma, classes.labels, classes.labels)
    for label in drawn:
        at = classes.labels.index(label)
        months = made.returns[label]
        assert 12 * months.mean() == pytest.approx(
            classes.mu[at], abs=3 * classes.volatility[at] / math.sqrt(len(known) / 12)
        )
    # among drawn classes volatility is that assumed, as far as the real ones' correlations allow
    for a in drawn:
        assert math.sqrt(12) * made.returns[a].std() == pytest.approx(
            math.sqrt(sigma.loc[a, a]), rel=0.25
        )
    again = monitoring.class_history(classes, known, np.random.default_rng(2))
    assert again.returns.equals(made.returns)
    with pytest.raises(ValueError, match="no class has a real series"):
        monitoring.class_history(classes.select(drawn[:1]), known, np.random.default_rng(2))
    hole = known.drop(pd.Timestamp("2020-05-31"))
    with pytest.raises(ValueError, match="classes: no return for 2020-05"):
        monitoring.class_history(classes, hole, np.random.default_rng(2))


@pytest.mark.parametrize("folder", [None, "tests/plans/awkward"])
def test_options_of_a_plan(folder: str | None) -> None:
    the_plan = plan.read(folder and Path(__file__).parents[3] / folder)
    classes = plan_menu.class_assumptions(the_plan)
    table = monitoring.options(the_plan, classes)
    assert table[list(classes.labels)].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(table["fund"]) == set(the_plan.funds.index)
    assert table.index.is_unique
    assert not table.isna().any(axis=None)


def test_same_equity_keeps_equity_and_proportions() -> None:
    labels = ["us_large_equity", "us_small_equity", "us_core_bonds", "cash"]
    found = monitoring.same_equity(pd.Series([0.1, 0.2, 0.3, 0.4], labels), policy=POLICY)
    reference = POLICY["reference_portfolio"]
    assert found[labels[:2]].sum() == pytest.approx(0.3)
    assert found.sum() == pytest.approx(1.0)
    assert found["us_large_equity"] / found["us_small_equity"] == pytest.approx(
        reference["us_large_equity"] / reference["us_small_equity"]
    )
    with pytest.raises(ValueError, match="must hold equity and something else"):
        monitoring.same_equity(pd.Series([0.5, 0.5], labels[:2]), policy=POLICY)


def test_what_is_promised_by_hand() -> None:
    w = watched()
    sigma, mu = w.classes.sigma, w.classes.mu
    held = w.exposures.T @ w.target
    own = ((w.target * w.own_risk) ** 2).sum()
    assert w.risk == pytest.approx(math.sqrt(held @ sigma @ held + own), rel=1e-12)
    off = held - w.benchmark
    assert w.tracking_error == pytest.approx(math.sqrt(off @ sigma @ off + own), rel=1e-12)
    assert w.mean == pytest.approx(held @ mu - w.target @ w.expense, rel=1e-12)
    benchmark = w.benchmark @ mu - POLICY["index_fund_cost"]
    assert w.active == pytest.approx(w.mean - benchmark, rel=1e-12)
    assert w.net(mu / 12, np.zeros(4)) == pytest.approx((w.exposures @ mu - w.expense) / 12)


def test_each_of_the_policys_values_stands_where_it_is_meant() -> None:
    """Values of one kind could take each other's place and nothing would fail: so by name."""
    ours = {
        "index_fund_cost": "index_fund_cost",
        "window_months": "monitoring_window_months",
        "rebalance_months": "monitoring_rebalance_months",
        "tail_level": "tail_level",
        "degrees_of_freedom": "fat_tail_degrees_of_freedom",
    }
    w = watched()
    assert {name: getattr(w, name) for name in ours} == {n: POLICY[e] for n, e in ours.items()}
    assert len({POLICY[entry] for entry in ours.values()}) == len(ours)


@pytest.mark.parametrize("folder", [None, "tests/plans/awkward"])
def test_an_option_has_the_risk_and_the_cost_of_its_fund(folder: str | None) -> None:
    the_plan = plan.read(folder and Path(__file__).parents[3] / folder)
    table = monitoring.options(the_plan, plan_menu.class_assumptions(the_plan))
    stock = the_plan.rules["employer_stock"] or {"fund": None}
    for _, row in table.iterrows():
        fund = the_plan.funds.loc[row["fund"]]
        company = row["fund"] == stock["fund"]
        assert row["own_risk"] == (stock["own_volatility"] if company else fund["specific_risk"])
        assert row["expense_ratio"] == fund["expense_ratio"]
    if the_plan.vintages is not None:
        years = [name for name in table.index if name not in the_plan.funds.index]
        assert len(years) == len(the_plan.vintages)
        rows = table.loc[years, list(the_plan.vintages.columns.intersection(table.columns))]
        shared = the_plan.vintages[list(rows.columns)]
        assert rows.to_numpy() == pytest.approx(shared.to_numpy(float))


def test_own_months_take_the_place_of_made_up_ones_of_the_same_month_only() -> None:
    months = pd.date_range("2020-01-31", periods=4, freq="ME")
    made = pd.DataFrame(0.0, months, ["A", "B"])
    own = pd.DataFrame({"A": [0.5, np.nan, 0.1, 0.2]}, months - pd.offsets.MonthEnd(1))
    table, first = monitoring.with_own(made, own.assign(C=1.0))
    assert table["A"].tolist() == [0.0, 0.1, 0.2, 0.0] and not table["B"].any()
    assert first == {"A": months[1]}
