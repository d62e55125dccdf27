"""Alerts: rule, value, limit and since when; how often they ring in vain and when something is
wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import policy
from portlib.records import Assumptions
from portlib.stewardship import monitoring
from portlib.stewardship.monitoring import Watched, alarms

POLICY = policy.read()

COST = POLICY["index_fund_cost"]

SEEDS = st.integers(0, 2**32 - 1)

few = settings(max_examples=30)


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


def series(values: list[float] | np.ndarray, first: str = "2001-01") -> pd.Series:
    months = (
        pd.period_range(first, periods=len(values), freq="M").to_timestamp(how="end").normalize()
    )
    return pd.Series(values, months, dtype=float)


def test_alerts_say_rule_value_limit_and_since_when() -> None:
    bound = monitoring.limits("volatility", policy=POLICY)
    high, low = bound["act"] + 0.1, bound["info"] - 0.1
    spell = series([high, low, bound["watch"] + 0.01, high, high])
    (alert,) = monitoring.alerts({"volatility": spell}, policy=POLICY)
    assert (alert.severity, alert.rule, alert.limit) == ("act", "volatility", bound["act"])
    assert alert.value == pytest.approx(high)
    assert f"{alert.since:%Y-%m}" == "2001-04"
    assert str(alert) == (
        f"act: volatility is {high:.3g}, limit {bound['act']:g} (multiple of predicted), since "
        "2001-04"
    )
    (milder,) = monitoring.alerts({"volatility": spell.iloc[:3]}, policy=POLICY)
    assert (milder.severity, f"{milder.since:%Y-%m}") == ("watch", "2001-03")
    assert monitoring.alerts({"volatility": series([low])}, policy=POLICY) == []
    both = monitoring.alerts(
        {"drawdown": series([1.5]), "volatility": series([9.0])}, policy=POLICY
    )
    assert [alert.severity for alert in both] == ["act", "info"]
    with pytest.raises(ValueError, match="silence is not safety"):
        monitoring.alerts({"volatility": series([high, np.nan])}, policy=POLICY)
    with pytest.raises(ValueError, match="has no rule 'mood'"):
        monitoring.alerts({"mood": series([1.0])}, policy=POLICY)


@few
@given(SEEDS)
def test_since_is_the_first_month_of_the_spell(seed: int) -> None:
    x = series(np.random.default_rng(seed).uniform(0.9, 1.9, 20))
    for alert in monitoring.alerts({"volatility": x}, policy=POLICY):
        t = len(x) - 1
        while t > 0 and x.iloc[t - 1] > alert.limit:
            t -= 1
        assert alert.since == x.index[t]


def test_limits_must_rise() -> None:
    rules = POLICY["alert_limits"]
    rules["volatility"] = {"info": 1.2, "watch": 1.2, "act": 1.6, "unit": "multiple"}
    with pytest.raises(ValueError, match=r"alert_limits: .* under volatility, info lies below"):
        monitoring.limits("volatility", policy=POLICY.replace(alert_limits=rules))


def test_alarms_ring_more_when_something_is_wrong() -> None:
    w = watched()

    def rates(**wrong: float) -> pd.DataFrame:
        drawn = monitoring.simulated(w, 150, 60, np.random.default_rng(1), **wrong)
        return monitoring.alarm_rates(w, *drawn, policy=POLICY)

    sound = rates()
    assert (sound["info"] >= sound["watch"]).all() and (sound["watch"] >= sound["act"]).all()
    assert (sound.loc["any rule"] >= sound.drop("any rule").max()).all()
    assert sound.loc["any rule", "act"] <= POLICY["alert_false_alarms"]["act"]
    assert rates(wilder=1.5).loc["volatility", "watch"] > 0.4 > 4 * sound.loc["volatility", "watch"]
    assert rates(lost=0.03).loc["shortfall", "watch"] > 3 * sound.loc["shortfall", "watch"]
    assert rates(own=4.0).loc["tracking error", "watch"] > 2 * sound.loc["tracking error", "watch"]


def test_dashboard_has_a_panel_a_measure() -> None:
    figure = monitoring.dashboard(
        {
            "volatility": series([1.0, 2.0]),
            "slippage": series([0.0, 0.0001]),
            "drawdown": series([0.1, 0.2]),
        },
        policy=POLICY,
    )
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == [
        "volatility: 2 – act\nmultiple of predicted",
        "slippage: 0.0% – quiet\nshare of the value traded",
        "drawdown: 0.2 – quiet\npredicted annual volatilities",
    ]


@pytest.mark.parametrize("rule", list(POLICY["alert_limits"]))
def test_a_measure_rings_beyond_its_limit_and_not_at_it(rule: str) -> None:
    bound = monitoring.limits(rule, policy=POLICY)
    for level, severity in enumerate(("info", "watch", "act"), start=1):
        at = bound[severity]
        assert at == POLICY["alert_limits"][rule][severity]
        told = alarms.severity(rule, [at - 1e-9, at, at + 1e-9], policy=POLICY)
        assert told.tolist() == [level - 1, level - 1, level]
        (one,) = monitoring.alerts({rule: series([at + 1e-9])}, policy=POLICY)
        assert (one.severity, one.limit) == (severity, at)
        assert one.unit == POLICY["alert_limits"][rule]["unit"]


def test_what_is_simulated_moves_by_what_is_asked_and_by_nothing_else() -> None:
    w = watched()

    def drawn(**wrong: float) -> tuple[np.ndarray, np.ndarray]:
        return monitoring.simulated(w, 2, 24, np.random.default_rng(3), **wrong)

    classes, funds = drawn()
    same, poorer = drawn(lost=0.12)
    assert np.array_equal(same, classes) and funds - poorer == pytest.approx(0.01)
    month = w.classes.mu / 12
    wild = drawn(wilder=2.0)[0]
    assert wild - month == pytest.approx(2 * (classes - month))
    still, apart = drawn(own=0.0)
    assert apart == pytest.approx(still @ w.exposures.T - w.expense / 12)
    assert drawn(own=3.0)[1] - apart == pytest.approx(3 * (funds - apart))


def test_rates_are_shares_of_the_months_that_can_be_measured() -> None:
    w = watched()
    classes, funds = monitoring.simulated(w, 3, 50, np.random.default_rng(5), wilder=1.6)
    table = monitoring.alarm_rates(w, classes, funds, policy=POLICY)
    measured = w.measures(classes, funds)
    whole = ~np.isnan(measured["volatility"])
    rung = {}
    for rule in table.index.drop("any rule"):
        for severity in table:
            limit = POLICY["alert_limits"][rule][severity]
            rung[rule, severity] = (measured[rule] > limit + 1e-12)[whole]
            assert table.loc[rule, severity] == pytest.approx(rung[rule, severity].mean())
    for severity in table:
        some = np.any([hit for (_, at), hit in rung.items() if at == severity], axis=0)
        assert table.loc["any rule", severity] == pytest.approx(some.mean())
