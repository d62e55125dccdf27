"""A policy changes exactly when enough roles approved and the time is over."""

from datetime import timedelta
from itertools import permutations, product

import pytest

from portlib import policy
from portlib.stewardship.audit_log import (
    ClockMovedBack,
)
from portlib.stewardship.governance import (
    AlreadyDone,
    GovernanceError,
    NotApproved,
    Timelocked,
    UnapprovedPolicy,
    model_registry,
)
from portlib.stewardship.governance.signatures import (
    OutOfOrder,
)
from tests.offices import DAY, HOUR, NOON, ROLES, approval, changed, digest_of, office

POLICY = policy.read()


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


def test_a_value_that_the_policy_could_not_hold_is_not_proposed() -> None:
    keeper = office()
    keeper.adopt({"cap": 1.0, "max_single_fund": 0.4}, NOON, "chair")
    for entry, value in (("cap", -5), ("cap", "much"), ("max_single_fund", 40)):
        with pytest.raises(GovernanceError, match=entry):
            keeper.propose(entry, value, "because", NOON, "developer")


def test_the_last_change_of_an_entry_is_in_force_and_the_others_stay() -> None:
    keeper, at = office(needed=1), NOON
    for nonce, value in enumerate((2.0, 3.0, 2.5), start=1):
        number = changed(keeper, value=value, at=at)
        keeper.approve(approval(digest_of(keeper, number), "chair", nonce=nonce, at=at), at)
        at += 3 * DAY
        event = keeper.enact(number, at)
        assert event.body == {"of": number, "entry": "cap", "value": value}
        assert keeper.policy_in_force() == {"cap": value, "floor": 0.0}
    proposals = keeper.log.events("policy", "PolicyChangeProposed")
    assert [e.body["from"] for e in proposals] == [1.0, 2.0, 3.0]
    assert {e.body["reason"] for e in proposals} == {"because"}


def test_a_refusal_keeps_what_was_asked() -> None:
    keeper = office()
    keeper.adopt({"cap": 1.0}, NOON, "chair")
    with pytest.raises(GovernanceError):
        keeper.propose("ceiling", 2.0, "because", NOON, "developer")
    (refused,) = keeper.log.events("policy", "PolicyChangeRefused")
    assert refused.actor == "developer"
    assert {k: refused.body[k] for k in ("entry", "value", "reason")} == {
        "entry": "ceiling",
        "value": 2.0,
        "reason": "because",
    }
    assert refused.body["why"] == "GovernanceError"
