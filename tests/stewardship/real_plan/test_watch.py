"""Spells of alarms, and how much of a loss had come before the first."""

import numpy as np
import pandas as pd
import pytest

from portlib import data, policy
from portlib.records import Assumptions
from portlib.stewardship import real_plan as rp
from portlib.stewardship.monitoring.alarms import INFERRED, SEVERITIES
from portlib.stewardship.real_plan.watch import Spell

OURS = policy.read(data.ROOT / "plan")
MONTHS = pd.date_range("2020-01-31", periods=12, freq="ME")


def test_spells_are_runs_beyond_the_limit():
    limit = OURS["alert_limits"]["drawdown"]["watch"]
    values = np.full(12, limit - 0.1)
    values[[2, 3, 4, 8]] = limit + np.array([0.1, 0.5, 0.2, 0.3])
    seen = pd.DataFrame({"drawdown": values}, MONTHS)
    found = rp.spells(seen, "watch", policy=OURS)
    assert [(s.first, s.last, s.months) for s in found] == [
        (MONTHS[2], MONTHS[4], 3),
        (MONTHS[8], MONTHS[8], 1),
    ]
    assert found[0].worst == pytest.approx(limit + 0.5)
    assert rp.rate(seen, "watch", policy=OURS) == pytest.approx(4 / 12)
    with pytest.raises(ValueError, match="no severity 'alarm'"):
        rp.spells(seen, "alarm", policy=OURS)


def test_how_much_was_lost_before_the_first_alarm():
    returns = pd.Series([-0.1, -0.1, 0.0, 0.1, *[0.0] * 8], MONTHS)
    seen = pd.DataFrame({"drawdown": [0.0, 9.0, 9.0, *[0.0] * 9]}, MONTHS)
    told = rp.ahead_of_losses(
        rp.spells(seen, "watch", policy=OURS), returns, {"bad": ("2020-01", "2020-06")}
    )
    assert told.loc["bad", "loss"] == pytest.approx(-0.19)
    assert told.loc["bad", "already lost"] == pytest.approx(1.0)
    quiet = rp.ahead_of_losses([], returns, {"bad": ("2020-01", "2020-06")})
    assert pd.isna(quiet.loc["bad", "first alarm"]) and np.isnan(quiet.loc["bad", "already lost"])


def test_a_promise_that_is_kept_is_quiet():
    names = list(rp.FUNDS)
    sigma = np.diag([0.01, 0.04, 0.15, 0.18, 0.17]) ** 2
    classes = Assumptions(names, np.full(5, 0.05), sigma, 0.0, "made up")
    promise = rp.watched(
        pd.Series(0.2, names), pd.Series([0.4, 0, 0.6, 0, 0], names), classes, policy=OURS
    )
    rng = np.random.default_rng(2)
    days = pd.date_range("2000-01-31", periods=240, freq="ME")
    months = pd.DataFrame(rng.multivariate_normal(classes.mu / 12, sigma / 12, 240), days, names)
    seen = rp.measured(promise, months)
    assert len(seen) == 240 - promise.window_months + 1
    wilder = rp.measured(promise, months.iloc[:, :] * 2.5)
    assert rp.rate(seen, "act", policy=OURS) < 0.2 < rp.rate(wilder, "act", policy=OURS)


def promised():
    """A mix against another, of classes with means, and the two mixes."""
    names = list(rp.FUNDS)
    classes = Assumptions(
        names, np.linspace(0.03, 0.08, 5), np.diag(np.linspace(0.01, 0.2, 5) ** 2)
    )
    target = pd.Series([0.1, 0.2, 0.4, 0.1, 0.2], names)
    benchmark = pd.Series([0.4, 0.0, 0.6, 0.0, 0.0], names)
    return (
        rp.watched(target[::-1], benchmark[::-1], classes, policy=OURS),
        target,
        benchmark,
        classes,
    )


def test_the_promise_is_of_the_target_and_the_benchmark_as_they_were_given():
    promise, target, benchmark, classes = promised()
    assert promise.target.tolist() == target.tolist()
    assert promise.benchmark.tolist() == benchmark.tolist()
    assert promise.mean == pytest.approx(target @ classes.mu)
    assert promise.risk == pytest.approx(np.sqrt(target @ classes.sigma @ target))
    active = target - benchmark
    assert promise.tracking_error == pytest.approx(np.sqrt(active @ classes.sigma @ active))
    cost = OURS["index_fund_cost"]
    assert promise.active == pytest.approx(active @ classes.mu + cost)


def test_only_rules_that_infer_from_returns_are_measured():
    promise = promised()[0]
    days = pd.date_range("2000-01-31", periods=promise.window_months, freq="ME")
    months = pd.DataFrame(0.001, days, list(rp.FUNDS))
    months.iloc[::2] += 0.002
    assert set(rp.measured(promise, months)) == set(INFERRED)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_rule_stands_beyond_its_own_limit_of_that_severity_and_not_at_it(severity):
    rules = ["drawdown", "volatility"]
    at = {rule: OURS["alert_limits"][rule][severity] for rule in rules}
    off = pd.DataFrame(
        {rule: at[rule] + np.array([-1e-9, 0.0, 1e-9]) for rule in rules}, MONTHS[:3]
    )
    assert [s.first for s in rp.spells(off, severity, policy=OURS)] == [MONTHS[2]] * 2
    assert rp.rate(off, severity, policy=OURS) == pytest.approx(1 / 3)


def test_any_rule_beyond_counts_for_the_rate_and_spells_come_by_month():
    act = {rule: OURS["alert_limits"][rule]["act"] + 1 for rule in ("drawdown", "volatility")}
    seen = pd.DataFrame(0.0, MONTHS, list(act))
    seen.loc[MONTHS[5], "drawdown"] = act["drawdown"]
    seen.loc[MONTHS[2], "volatility"] = act["volatility"]
    assert [s.rule for s in rp.spells(seen, "act", policy=OURS)] == ["volatility", "drawdown"]
    assert rp.rate(seen, "act", policy=OURS) == pytest.approx(2 / 12)


def test_an_episode_hears_its_own_alarms_only_and_the_first_of_them():
    returns = pd.Series([-0.1, -0.1, 0.2, -0.05, *[0.0] * 7, -0.5], MONTHS)
    at = [Spell("drawdown", MONTHS[i], MONTHS[i], 1, 9.0) for i in (0, 2, 3, 9)]
    told = rp.ahead_of_losses(at, returns, {"later": ("2020-02", "2020-06")}).loc["later"]
    # the loss of January and of December are no part of it; the alarm of January came before it
    assert told["loss"] == pytest.approx(-0.1) and told["lowest"] == MONTHS[1]
    assert told["first alarm"] == MONTHS[2]
    assert told["already lost"] == pytest.approx(1.0)  # the low had come, though some was regained
