"""The office halts and goes on exactly when it should, and leaves an event of it."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import policy
from portlib.construction.mandate import Infeasible
from portlib.stewardship.audit_log import (
    AuditLog,
)
from portlib.stewardship.governance import (
    GovernanceError,
    NotApproved,
    Office,
    OptimizationHalted,
    model_registry,
    signatures,
)
from tests.offices import (
    NOON,
    PLAN,
    ROLES,
    ROSTER,
    approval,
    changed,
    digest_of,
    made,
    office,
)

POLICY = policy.read()


def attempt(keeper: Office, risk: float, at: datetime = NOON) -> model_registry.Result:
    return keeper.optimize(
        lambda: made(risk) if math.isfinite(risk) else replace(made(0.0), values={"risk": risk}),
        lambda values: values,
        {"risk": 0.1},
        at,
    )


@given(st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=60)
def test_an_optimisation_halts_exactly_when_its_risk_is_not_within_the_limit(risk: float) -> None:
    keeper = office()
    if risk <= 0.1 and math.isfinite(risk):
        assert attempt(keeper, risk).values["risk"] == risk
        assert [e.name for e in keeper.log.events()] == [
            "PortfolioOptimized"
        ] and keeper.halt is None
        return
    with pytest.raises(OptimizationHalted, match=r"limit 0\.1"):
        attempt(keeper, risk)
    names = [e.name for e in keeper.log.events()]
    assert (
        names == ["ConstraintBreached", "Halted", "OptimisationRefused"] and keeper.halt is not None
    )


def test_a_halt_stays_until_that_halt_is_approved() -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="nothing is halted"):
        keeper.resume(NOON, "chair")
    for turn in (1, 2):
        with pytest.raises(OptimizationHalted):
            attempt(keeper, 0.2)
        with pytest.raises(OptimizationHalted, match="halted since"):
            attempt(keeper, 0.05)
        assert keeper.halt
        named = keeper.halt.link.digest
        for role in ROLES[:2]:
            with pytest.raises(NotApproved):
                keeper.resume(NOON, "chair")
            keeper.approve(approval(named, role, nonce=turn), NOON)
        keeper.resume(NOON, "chair")
        attempt(keeper, 0.05)
    assert len(keeper.log.events("risk", "Resumed")) == 2


def test_a_new_process_with_the_log_alone_knows_the_same(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    keeper = office(AuditLog(path))
    number = changed(keeper)
    keeper.approve(approval(digest_of(keeper, number), "chair"), NOON)
    with pytest.raises(OptimizationHalted):
        attempt(keeper, 0.2)
    again = office(AuditLog(path))
    assert again.halt == keeper.halt and again.approvals(number) == keeper.approvals(number)
    assert again.used("chair") == [1] and again.policy_in_force() == keeper.policy_in_force()
    kept = signatures.from_json(again.approvals(number)[0].body["signed"])
    signatures.verify(kept, ROSTER, plan=PLAN, at=again.approvals(number)[0].at)


def test_a_fault_of_the_program_leaves_no_event_and_a_mandate_without_portfolio_leaves_one() -> (
    None
):
    def broken() -> model_registry.Result:
        raise ZeroDivisionError

    def impossible() -> model_registry.Result:
        raise Infeasible(["cap", "floor"], {})

    keeper = office()
    with pytest.raises(ZeroDivisionError):
        keeper.optimize(broken, dict, {}, NOON)
    assert keeper.log.events() == ()
    with pytest.raises(Infeasible):
        keeper.optimize(impossible, dict, {}, NOON)
    assert [e.name for e in keeper.log.events()] == ["OptimisationRefused"]
    with pytest.raises(GovernanceError, match="not measured, though limited: risk"):
        keeper.optimize(lambda: made(0.0), lambda _: {}, {"risk": 0.1}, NOON)


def test_the_office_of_the_policy_can_be_set_up() -> None:
    roles = [*POLICY["approval_roles"], *POLICY["view_authors"]]
    keys = signatures.demonstration_keys(roles, np.random.default_rng(1))
    keeper = Office.of_policy(
        AuditLog(),
        PLAN,
        {role: signatures.address(key) for role, key in keys.items()},
        policy=POLICY,
    )
    assert keeper.needed <= len(keeper.signers) and keeper.timelock >= timedelta(0)
    owners, certifiers = (
        set(POLICY["model_owners"].values()),
        set(POLICY["certifier_roles"]),
    )
    assert not owners & certifiers and not owners & set(keeper.signers)


@pytest.mark.parametrize("limits", [{}, {"vol": math.nan}, {"vol": math.inf}, {"vol": None}])
def test_nothing_is_released_without_a_limit(limits: dict) -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="limit"):
        keeper.optimize(lambda: made(0.1), lambda _: {"vol": 0.05}, limits, NOON)
    assert not keeper.log.events("optimisation", "PortfolioOptimized")


def test_an_office_has_each_of_the_policys_values_in_its_place() -> None:
    roles = [*POLICY["approval_roles"], *POLICY["view_authors"]]
    roster = {role: f"0x{number:040x}" for number, role in enumerate(roles, start=1)}
    keeper = Office.of_policy(AuditLog(), PLAN, roster, policy=POLICY)
    assert keeper.signers == tuple(POLICY["approval_roles"])
    assert keeper.needed == POLICY["approvals_needed"]
    assert keeper.timelock == timedelta(hours=POLICY["policy_timelock_hours"])
    assert keeper.view_authors == tuple(POLICY["view_authors"])


def test_a_breach_a_halt_and_a_release_say_what_they_are_about() -> None:
    keeper = office()
    attempt(keeper, 0.05)
    released = keeper.log.events("optimisation", "PortfolioOptimized")[0].body
    assert released == {
        "model": "menu",
        "digest": made(0.05).digest,
        "pins": vars(made(0.05).pins),
        "values": {"risk": 0.05},
    }
    with pytest.raises(OptimizationHalted):
        attempt(keeper, 0.2)
    breach = keeper.log.events("risk", "ConstraintBreached")[0].body
    assert breach == {"measure": "risk", "value": 0.2, "limit": 0.1}
    halt = keeper.halt
    assert halt is not None and halt.body["model"] == "menu" and "0.2" in halt.body["why"]
    refused = keeper.log.events("optimisation", "OptimisationRefused")[0].body
    assert refused["why"] == "OptimizationHalted" and "limit 0.1" in refused["message"]
