"""The office: approvals, policy and halts, exactly when enough roles approved and the time is
over."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib import plan, policy
from portlib.construction.mandate import Infeasible
from portlib.stewardship import governance
from portlib.stewardship.audit_log import (
    AuditLog,
    ClockMovedBack,
)
from portlib.stewardship.governance import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    Office,
    OptimizationHalted,
    OwnProposal,
    Timelocked,
    UnapprovedPolicy,
    model_registry,
    signatures,
)
from portlib.stewardship.governance.signatures import (
    OutOfOrder,
    SignatureError,
    Signed,
    WrongKey,
)
from tests.offices import DAY, HOUR, KEYS, NOON, PLAN, ROLES, ROSTER, made, office, signed_view

POLICY = policy.read()


def approval(digest: str, role: str, *, nonce: int = 1, at: datetime = NOON) -> Signed:
    content = {"subject": "a change", "content": bytes.fromhex(digest), "reason": "read and agreed"}
    return signatures.sign(
        "Approval", content, KEYS[role], role=role, nonce=nonce, plan=PLAN, at=at, days=30
    )


# ---- the office ----------------------------------------------------------------------------------


def changed(
    keeper: Office, *, proposer: str = "developer", at: datetime = NOON, value: float = 2.0
) -> int:
    if not keeper.log.events("policy", "PolicyAdopted"):
        keeper.adopt({"cap": 1.0, "floor": 0.0}, at, "chair")
    return keeper.propose("cap", value, "because", at, proposer).number


def digest_of(keeper: Office, number: int) -> str:
    return keeper.log.links[number - 1].digest


def test_a_change_is_enacted_exactly_when_enough_roles_approved_and_the_time_is_over() -> None:
    for order, needed in product(list(permutations(ROLES[:3]))[::4], (1, 2, 3)):
        for given_, wait in product(
            range(4), (timedelta(0), 48 * HOUR - timedelta(seconds=1), 48 * HOUR)
        ):
            keeper = office(needed=needed)
            number, at = changed(keeper), NOON
            for role in order[:given_]:
                at += HOUR
                keeper.approve(approval(digest_of(keeper, number), role, at=at), at)
            quorum = NOON + needed * HOUR
            now = max(at, quorum + wait)
            may = given_ >= needed and now >= quorum + 48 * HOUR
            if may:
                keeper.enact(number, now)
            else:
                with pytest.raises(NotApproved if given_ < needed else Timelocked):
                    keeper.enact(number, now)
            assert keeper.policy_in_force()["cap"] == (2.0 if may else 1.0)


def test_one_role_counts_once_and_not_for_its_own_proposal() -> None:
    keeper = office()
    number = changed(keeper, proposer="chair")
    named = digest_of(keeper, number)
    with pytest.raises(OwnProposal):
        keeper.approve(approval(named, "chair"), NOON)
    keeper.approve(approval(named, "administrator"), NOON)
    with pytest.raises(AlreadyDone, match="counts once"):
        keeper.approve(approval(named, "administrator", nonce=2), NOON)
    with pytest.raises(WrongKey):
        keeper.approve(approval(named, "research"), NOON)
    with pytest.raises(GovernanceError, match="no proposal"):
        keeper.approve(approval("00" * 32, "compliance"), NOON)
    with pytest.raises(SignatureError, match="approves nothing"):
        keeper.approve(signed_view(), NOON)
    with pytest.raises(NotApproved, match="administrator; 2 of 3"):
        keeper.enact(number, NOON + 9 * DAY)


def test_a_change_overtaken_by_another_is_refused_and_none_counts_twice() -> None:
    keeper = office(needed=1)
    first, second = changed(keeper), changed(keeper, value=3.0)
    for nonce, number in enumerate((first, second), start=1):
        keeper.approve(approval(digest_of(keeper, number), "chair", nonce=nonce), NOON)
    keeper.enact(second, NOON + 3 * DAY)
    with pytest.raises(OutOfOrder, match="changed after"):
        keeper.enact(first, NOON + 3 * DAY)
    with pytest.raises(AlreadyDone):
        keeper.enact(second, NOON + 3 * DAY)
    assert keeper.policy_in_force() == {"cap": 3.0, "floor": 0.0}
    with pytest.raises(ClockMovedBack):
        keeper.enact(first, NOON)


@pytest.mark.parametrize(
    ("entry", "value", "reason", "says"),
    [
        ("ceiling", 1.0, "x", "no such entry"),
        ("cap", 1.0, "x", "has that value"),
        ("cap", 2.0, " ", "no reason"),
    ],
)
def test_a_proposal_must_change_something_and_say_why(
    entry: str, value: float, reason: str, says: str
) -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="no policy was adopted"):
        keeper.propose(entry, value, reason, NOON, "chair")
    keeper.adopt({"cap": 1.0}, NOON, "chair")
    with pytest.raises(GovernanceError, match=says):
        keeper.propose(entry, value, reason, NOON, "chair")
    with pytest.raises(AlreadyDone):
        keeper.adopt({}, NOON, "chair")
    with pytest.raises(GovernanceError, match="proposes no change"):
        keeper.enact(1, NOON)


def test_policy_that_no_event_changed_is_named() -> None:
    keeper, values = office(), model_registry.policy_values(POLICY)
    keeper.adopt(values, NOON, "chair")
    keeper.check_policy(model_registry.policy_values(POLICY))
    name = sorted(values)[3]
    for wrong in (
        {**values, name: "other"},
        {k: v for k, v in values.items() if k != name},
        {**values, "new": 1},
    ):
        with pytest.raises(UnapprovedPolicy, match=f": {name};|: new;"):
            keeper.check_policy(wrong)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"needed": 4}, "4 approvals of 3"),
        ({"needed": 0}, "0 approvals"),
        ({"timelock": -HOUR}, "past"),
        ({"signers": ("chair", "nobody")}, "no address for nobody"),
        ({"signers": ("chair", "chair"), "needed": 2}, "2 approvals of 1"),
    ],
)
def test_an_office_that_could_not_work_is_refused(changes: dict, says: str) -> None:
    with pytest.raises(GovernanceError, match=says):
        office(**changes)
    with pytest.raises(GovernanceError, match="share a key"):
        Office(AuditLog(), PLAN, {**ROSTER, "chair": ROSTER["compliance"]}, ROLES[:3], 2, HOUR, ())


def attempt(keeper: Office, risk: float, at: datetime = NOON) -> model_registry.Result:
    return keeper.optimize(
        lambda: made(risk) if math.isfinite(risk) else replace(made(0.0), values={"risk": risk}),
        lambda values: values,
        {"risk": 0.1},
        at,
    )


@given(st.floats(allow_nan=True, allow_infinity=True))
@settings(max_examples=60, deadline=None)
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


def test_measures_and_limits_by_hand() -> None:
    portfolios = {"growth": {"weights": {"a": 0.6, "b": 0.4}, "mean": 0.07, "risk": 0.1}}
    held = {"growth": {"weights": {"a": 0.5, "c": 0.5}, "mean": 0.05, "risk": 0.1}}
    measured = governance.risk_measures(portfolios, 0.03, held)
    assert measured == pytest.approx(
        {"growth volatility": 0.1, "Sharpe ratio": 0.4, "turnover": 0.5}
    )
    assert math.isnan(governance.risk_measures({}, 0.03)["Sharpe ratio"])
    limits = governance.risk_limits(portfolios, policy=POLICY)
    assert set(limits) == set(measured)
    assert set(governance.breaches(measured, {"turnover": 0.49, "Sharpe ratio": 0.41})) == {
        "turnover"
    }


# ---- plan ----------------------------------------------------------------------------------------


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


def test_two_runs_give_one_digest_and_measures_of_the_plan_are_within_reason() -> None:
    ours = plan.read()
    first, second = (governance.menu_portfolios(ours) for _ in range(2))
    assert model_registry.result_digest(first, 9) == model_registry.result_digest(second, 9)
    for posture, portfolio in first.items():
        assert sum(portfolio["weights"].values()) == pytest.approx(1, abs=1e-9), posture


# ---- at the edges --------------------------------------------------------------------------------


def test_a_proposer_under_another_spelling_is_the_same_person() -> None:
    keeper = office(needed=1)
    keeper.adopt({"cap": 1.0}, NOON, "chair")
    number = keeper.propose("cap", 2.0, "because", NOON, "Chair\u00a0 ").number
    with pytest.raises(OwnProposal, match="proposed"):
        keeper.approve(approval(digest_of(keeper, number), "chair"), NOON)


def test_a_value_that_the_policy_could_not_hold_is_not_proposed() -> None:
    keeper = office()
    keeper.adopt({"cap": 1.0, "max_single_fund": 0.4}, NOON, "chair")
    for entry, value in (("cap", -5), ("cap", "much"), ("max_single_fund", 40)):
        with pytest.raises(GovernanceError, match=entry):
            keeper.propose(entry, value, "because", NOON, "developer")


@pytest.mark.parametrize("needed", [1.5, True, "2", math.nan])
def test_approvals_are_asked_in_whole_numbers(needed: object) -> None:
    with pytest.raises(GovernanceError, match="cannot be asked"):
        office(needed=needed)


@pytest.mark.parametrize("limits", [{}, {"vol": math.nan}, {"vol": math.inf}, {"vol": None}])
def test_nothing_is_released_without_a_limit(limits: dict) -> None:
    keeper = office()
    with pytest.raises(GovernanceError, match="limit"):
        keeper.optimize(lambda: made(0.1), lambda _: {"vol": 0.05}, limits, NOON)
    assert not keeper.log.events("optimisation", "PortfolioOptimized")
