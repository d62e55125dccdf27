"""Each kind of rule against its definition; a new kind; numbers that cannot be meant."""

import itertools
import re
from dataclasses import dataclass, replace

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.construction import mandate as module
from portlib.construction import mean_variance, risk_parity, tail_risk
from portlib.construction.mandate import (
    Bounds,
    Limit,
    Mandate,
    MandateError,
    TrackingError,
    Turnover,
    employer_stock_cap,
    factor_limit,
    fully_invested,
    group_limit,
    liquidity_limit,
    long_only,
    position_limit,
    score_floor,
)
from portlib.construction.mandate.infeasibility import diagnose, lone_cures
from tests.construction.mandate.test_mandate import (
    ASSUMPTIONS,
    LABELS,
    SIXTY_FORTY,
    W,
    impossible,
    plan,
)

# ---- weights against the rules: each violation by hand, and by the solver's arrays ---------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Limit("budget", None, 0.9, 0.95), 0.05),
        (long_only(), 0.05),
        (position_limit(0.4), 0.1),
        (group_limit("equity", ["stocks", "small"], upper=0.65), 0.15),
        (group_limit("safe", ["bonds", "cash"], lower=0.4), 0.2),
        (factor_limit("size", {"small": 1.5, "stocks": -0.2}, upper=0.25), 0.1),
        (score_floor("score", {"stocks": 6, "small": 4, "bonds": 8, "cash": 5}, 6.0), 0.05),
        (liquidity_limit({"small": 5e6}, portfolio_value=1e7, share=0.4), 0.1),
        (employer_stock_cap("small", 0.1), 0.2),
        (Turnover("turnover", SIXTY_FORTY, 0.1), (0.1 + 0.3 + 0.15 + 0.05) / 2 - 0.1),
        (fully_invested(), 0.0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_violation_is_what_the_rule_says(rule, expected):
    assert Mandate(LABELS, [rule]).violations(W, ASSUMPTIONS)[rule.name] == pytest.approx(
        expected, abs=1e-12
    )


def test_tracking_error_is_measured_by_its_definition():
    active = W - [0.6, 0, 0.4, 0]
    by_sum = sum(
        active[i] * active[j] * ASSUMPTIONS.sigma[i, j]
        for i, j in itertools.product(range(4), repeat=2)
    )
    rule = TrackingError("tracking error", SIXTY_FORTY, 0.01)
    assert Mandate(LABELS, [rule]).violations(W, ASSUMPTIONS)["tracking error"] == pytest.approx(
        by_sum**0.5 - 0.01
    )


@settings(max_examples=40)
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_the_solvers_arrays_say_what_the_definitions_say(weights):
    w = np.array(weights)
    mandate = impossible().also(score_floor("score", {"stocks": 6, "bonds": 8}, 6.0))
    p = mandate.program
    worst = dict.fromkeys((c.name for c in mandate.constraints), 0.0)
    for i, value in enumerate(p.rows @ w):
        worst[p.row_names[i]] = max(
            worst[p.row_names[i]], p.rows_lower[i] - value, value - p.rows_upper[i]
        )
    assert worst["fully invested"] == pytest.approx(abs(w.sum() - 1), abs=1e-12)
    violations = mandate.violations(w, ASSUMPTIONS)
    for name in ("fully invested", "equity floor", "bond floor", "score"):
        assert violations[name] == pytest.approx(worst[name], abs=1e-12)
    by_weight = np.maximum(p.lower - w, w - p.upper).max()
    by_rule = max(
        violations[name] for name in ("long only", "position limit", "employer stock cap")
    )
    assert max(by_weight, 0) == pytest.approx(by_rule, abs=1e-12)


def test_the_tightest_bound_is_named():
    p = impossible().program
    assert p.upper_names == (
        "position limit",
        "employer stock cap",
        "position limit",
        "position limit",
    )
    assert p.lower_names == ("long only",) * 4
    assert Mandate(LABELS, [employer_stock_cap("small", 0.1)]).program.upper_names == (
        "",
        "employer stock cap",
        "",
        "",
    )


def test_soft_rules_and_distances_stay_out_of_the_program_but_are_measured():
    mandate = plan(position_limit(0.4).soft(0.02), Turnover("turnover", SIXTY_FORTY, 0.1))
    assert not mandate.is_linear
    assert plan(position_limit(0.4)).is_linear
    assert np.isinf(mandate.program.upper).all()
    assert mandate.violations(W, ASSUMPTIONS)["position limit"] == pytest.approx(0.1)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_not_called_obedient(bad):
    with pytest.raises(MandateError, match=r"weight of 'small' is (nan|-?inf)"):
        plan().violations(np.array([0.5, bad, 0.5, 0.0]), ASSUMPTIONS)


def test_weights_and_assumptions_must_be_over_the_same_assets():
    with pytest.raises(MandateError, match="same assets"):
        plan().violations(np.ones(3) / 3, ASSUMPTIONS)
    with pytest.raises(MandateError, match="same assets"):
        plan().violations(np.ones(4) / 4, ASSUMPTIONS.select(LABELS[::-1]))


# ---- a new kind of rule is one class -------------------------------------------------------------


@dataclass(frozen=True)
class Short(module.rules.Rule):
    """No more than `limit` sold short in all."""

    PER_ASSET = ()
    LINEAR = False
    limit: float

    def check(self):
        if not 0 <= self.limit < 1:
            raise MandateError(f"{self.name!r}: no share")

    def excess(self, weight, assumptions):
        return sum(max(-x, 0.0) for x in weight.values()) - self.limit

    def relaxed(self, by):
        return replace(self, limit=self.limit + by)

    def stated(self, w, whole, slack, risk, labels):
        return [cp.sum(cp.neg(w)) <= self.limit * whole + (0.0 if slack is None else slack)]

    def lines(self, labels):
        return {"short positions": (-np.inf, self.limit)}

    def cut(self, w, assumptions, slight):
        short = w < 0
        if -w[short].sum() <= self.limit + slight:
            return None
        return module.rules.Cut(np.where(short, -1.0, 0.0), self.limit)


def test_a_new_kind_of_rule_is_one_class_and_every_engine_knows_it():
    rule = Short("short sales", 0.2)
    mandate = Mandate(LABELS, [fully_invested(), Bounds("box", -0.5, 1.0), rule])
    best = mean_variance.maximum_utility(ASSUMPTIONS, mandate, risk_aversion=2.0)
    assert -best.w[best.w < 0].sum() == pytest.approx(0.2, abs=1e-6)
    assert best.shadow_prices["short sales"] > 0
    impossible = mandate.also(Bounds("sold", upper=dict.fromkeys(LABELS[:2], -0.15)))
    assert diagnose(impossible, ASSUMPTIONS).conflict == ("short sales", "sold")
    assert lone_cures(impossible, ASSUMPTIONS) == pytest.approx(
        {"short sales": 0.1, "sold": 0.05}, abs=1e-6
    )
    assert "short positions" in set(mandate.table()["limits"])
    years = np.random.default_rng(1).multivariate_normal(ASSUMPTIONS.mu, ASSUMPTIONS.sigma, 400)
    safest = tail_risk.minimum_cvar(ASSUMPTIONS, mandate, years, level=0.95)
    assert safest.residuals["short sales"] <= 1e-9
    budgets = risk_parity.risk_budgets(ASSUMPTIONS, mandate)
    assert budgets.w.min() > 0


# ---- numbers that cannot be meant ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (position_limit(40), "'position limit': a limit on a weight of 40 is 4000%; in percent"),
        (position_limit(5), "Write 0.05 for 5%"),
        (employer_stock_cap("small", 10), "Write 0.1 for 10%"),
        (group_limit("equity", ["stocks", "small"], upper=60), "Write 0.6 for 60%"),
        (Bounds("floor", lower={"bonds": 20}), "Write 0.2 for 20%"),
        (TrackingError("te", SIXTY_FORTY, 3), "annual volatility of 3 is 300%; in percent"),
        (
            TrackingError("te", {"stocks": 60, "bonds": 40}, 0.03),
            "benchmark sum to 100; in percent",
        ),
        (module.volatility_limit(LABELS, 12), "Write 0.12 for 12%"),
        (Turnover("turnover", SIXTY_FORTY, 25), "Write 0.25 for 25%"),
        (Turnover("turnover", {"stocks": 60, "bonds": 40}, 0.25), "current sum to 100; in percent"),
        (factor_limit("tiny", {"stocks": 1e-12}, upper=1e-13), "largest coefficient is 1e-12"),
        (Limit("nothing", {"stocks": np.inf}, upper=1.0), "coefficients of 'stocks' is inf"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_percent_and_units_that_no_tolerance_fits_are_refused(rule, message):
    with pytest.raises(MandateError, match=re.escape(message)):
        plan(rule)


def test_a_series_is_a_mapping_and_a_word_is_no_number():
    series = pd.Series({"stocks": 0.3, "small": 0.1})
    assert (
        plan(Bounds("caps", upper=series)).fingerprint
        == plan(Bounds("caps", upper=series.to_dict())).fingerprint
    )
    with pytest.raises(MandateError, match="'caps': upper names 'stocks' twice"):
        Bounds("caps", upper=pd.Series([0.1, 0.2], index=["stocks", "stocks"]))
    with pytest.raises(MandateError, match="'caps': upper is 'forty'; give a number"):
        Bounds("caps", upper={"stocks": "forty"})


@pytest.mark.parametrize("volume", [np.nan, -1.0, np.inf])
def test_a_volume_that_is_none_has_no_liquidity_limit(volume):
    with pytest.raises(MandateError, match="'liquidity': upper of 'small'"):
        liquidity_limit({"small": volume}, portfolio_value=1e6, share=0.2)


@pytest.mark.parametrize("tolerance", [-1e-9, np.nan, np.inf, 0.01])
def test_a_tolerance_is_small_and_a_number(tolerance):
    with pytest.raises(MandateError, match="tolerance is"):
        Mandate(LABELS, [fully_invested()], tolerance=tolerance)


def test_a_small_exposure_binds_as_a_large_one_does():
    """The same limit in two units gives the same weights: no tolerance may swallow the smaller
    numbers."""
    size = {"stocks": 1.0, "small": 1.4, "bonds": 0.1}
    found = [
        mean_variance.maximum_utility(
            ASSUMPTIONS,
            plan(factor_limit("size", {a: k * x for a, x in size.items()}, upper=0.5 * k)),
            risk_aversion=3.0,
        )
        for k in (1.0, 1e-4, 1e4)
    ]
    for other in found[1:]:
        assert other.w == pytest.approx(found[0].w, abs=1e-7)
    assert sum(size[a] * found[0][a] for a in size) == pytest.approx(0.5, abs=1e-9)
