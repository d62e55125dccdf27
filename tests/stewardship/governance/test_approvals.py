"""Whose word counts: once, under one spelling, and not for what one proposed oneself."""

import math

import pytest

from portlib.stewardship.audit_log import (
    AuditLog,
)
from portlib.stewardship.governance import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    Office,
    OwnProposal,
)
from portlib.stewardship.governance.signatures import (
    SignatureError,
    WrongKey,
)
from tests.offices import (
    DAY,
    HOUR,
    NOON,
    PLAN,
    ROLES,
    ROSTER,
    approval,
    changed,
    digest_of,
    office,
    signed_view,
)


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


def test_a_proposer_under_another_spelling_is_the_same_person() -> None:
    keeper = office(needed=1)
    keeper.adopt({"cap": 1.0}, NOON, "chair")
    number = keeper.propose("cap", 2.0, "because", NOON, "Chair\u00a0 ").number
    with pytest.raises(OwnProposal, match="proposed"):
        keeper.approve(approval(digest_of(keeper, number), "chair"), NOON)


@pytest.mark.parametrize("needed", [1.5, True, "2", math.nan])
def test_approvals_are_asked_in_whole_numbers(needed: object) -> None:
    with pytest.raises(GovernanceError, match="cannot be asked"):
        office(needed=needed)
