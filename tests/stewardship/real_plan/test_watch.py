"""Spells of alarms, and how much of a loss had come before the first."""

import numpy as np
import pandas as pd
import pytest

from portlib import data, policy
from portlib.records import Assumptions
from portlib.stewardship import real_plan as rp

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
