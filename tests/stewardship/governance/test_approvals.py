"""Whose word counts: once, under one spelling, and not for what one proposed oneself."""

import math
from dataclasses import replace

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
    signatures,
)
from portlib.stewardship.governance.signatures import (
    OutOfOrder,
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
    VIEW,
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


def test_an_accepted_view_is_logged_with_its_version_and_its_words() -> None:
    keeper = office()
    view = keeper.accept_view(signed_view(), NOON)
    body = keeper.log.events("views", "ViewAccepted")[0].body
    assert (body["view"], body["version"]) == (view.name, view.version)
    assert body["fingerprint"] == view.fingerprint
    assert (body["role"], body["nonce"]) == ("research", 1)
    assert signatures.from_json(body["signed"]) == signed_view()


def test_the_highest_version_accepted_is_the_one_to_pass() -> None:
    keeper = office()
    for nonce, version in enumerate((1, 3), start=1):
        keeper.accept_view(signed_view(replace(VIEW, version=version), nonce=nonce), NOON)
    for nonce, version in ((3, 2), (4, 3)):
        with pytest.raises(OutOfOrder, match=f"version {version} after 3"):
            keeper.accept_view(signed_view(replace(VIEW, version=version), nonce=nonce), NOON)
    other = replace(VIEW, name="another", version=1)
    assert keeper.accept_view(signed_view(other, nonce=5), NOON).version == 1


def test_a_refusal_keeps_who_claimed_it() -> None:
    keeper = office()
    with pytest.raises(WrongKey):
        keeper.accept_view(signed_view(role="chair"), NOON)
    (refused,) = keeper.log.events("views", "ViewRefused")
    assert refused.body["claimed by"] == "chair" and refused.body["why"] == "WrongKey"
    assert "may not sign" in refused.body["message"]
