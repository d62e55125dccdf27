"""Every engine of the policy makes a portfolio of the plan's funds, and dates are held whole."""

from dataclasses import replace

import numpy as np
import pytest

from portlib import plan, policy
from portlib.construction import OPTIMIZERS
from portlib.retirement import plan_menu
from portlib.retirement.plan_menu import engine
from tests.retirement.plan_menu.cases import EXAMPLE


def made(
    optimizer: str, posture: str = "growth", of: plan.Plan = EXAMPLE, **changes: object
) -> tuple[plan.Plan, engine.Found]:
    decided = policy.read().replace(
        optimizer=optimizer, weight_interval={"draws": 20, "level": 0.8}, **changes
    )
    ours = replace(of, policy=decided)
    classes = plan_menu.class_assumptions(ours)
    found = engine.best(
        ours,
        plan_menu.menu_assumptions(ours, classes),
        plan_menu.menu_mandate(ours, posture, classes),
        risk_aversion=decided["model_risk_aversion"][posture],
        classes=classes,
    )
    return ours, found


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_engine_works_on_the_plans_funds(optimizer: str) -> None:
    _, found = made(optimizer)
    w = found.allocation.w
    assert w.sum() == pytest.approx(1, abs=1e-7)
    assert max(found.allocation.residuals.values()) <= 1e-6
    assert w.min() >= -1e-9


@pytest.mark.parametrize("optimizer", ["ERC", "RESAMPLED", "ROBUST"])
def test_another_order_of_the_lineup_changes_no_weight(optimizer: str) -> None:
    """Draws belong to funds, not to places."""
    funds = EXAMPLE.funds.sample(frac=1, random_state=7)
    kept = [fund for fund in funds.index if fund in EXAMPLE.exposures.index]
    turned = replace(EXAMPLE, funds=funds, exposures=EXAMPLE.exposures.loc[kept])
    one, two = (made(optimizer, of=p)[1].allocation.weights for p in (EXAMPLE, turned))
    assert list(one.index) != list(two.index)
    assert two[one.index].to_numpy() == pytest.approx(one.to_numpy(), abs=1e-7)


def test_the_engines_differ() -> None:
    found = [made(name)[1].allocation.weights for name in OPTIMIZERS]
    assert all(np.abs(a - b).max() > 0.005 for i, a in enumerate(found) for b in found[:i])


@pytest.mark.parametrize("posture", ["conservative", "moderate", "growth", "aggressive"])
def test_a_date_of_the_series_is_held_alone_or_not_at_all(posture: str) -> None:
    ours, found = made("BLACK_LITTERMAN", posture)
    held = found.allocation.weights[list(plan_menu.dates(ours).unique())]
    assert held.max() <= 1e-9 or held.max() >= 1 - 1e-9


def test_a_better_date_is_taken_whole() -> None:
    """With every other fund made dear, one date of the series wins, and it is the best of them."""
    dear = EXAMPLE.funds.copy()
    dear.loc[dear["kind"] != "target_date", "expense_ratio"] = 0.019
    ours = replace(EXAMPLE, funds=dear)
    classes = plan_menu.class_assumptions(ours)
    funds = plan_menu.menu_assumptions(ours, classes)
    mandate = plan_menu.menu_mandate(ours, "growth", classes)
    aversion = ours.policy["model_risk_aversion"]["growth"]
    found = engine.best(ours, funds, mandate, risk_aversion=aversion, classes=classes)
    dates = list(plan_menu.dates(ours).unique())
    worth = {}
    for name in dates:
        one = np.array([float(label == name) for label in funds.labels])
        if max(mandate.violations(one, funds).values()) <= mandate.tolerance:
            worth[name] = funds.mean_of(one) - aversion / 2 * funds.risk_of(one) ** 2
    best = max(worth, key=lambda name: worth[name])
    assert found.allocation.weights[best] == pytest.approx(1)
    assert "one date of the series" in found.allocation.objective


@pytest.mark.parametrize("posture", policy.POSTURES)
def test_a_fund_passed_over_by_its_rows_is_one_that_the_rules_forbid(posture: str) -> None:
    rules, funds = plan_menu.menu_mandate(EXAMPLE, posture), plan_menu.menu_assumptions(EXAMPLE)
    wholes = np.eye(len(funds))
    passed = [at for at in range(len(funds)) if engine._plainly_forbidden(rules, at)]
    assert passed
    assert not any(rules.allows(wholes[at], funds) for at in passed)
