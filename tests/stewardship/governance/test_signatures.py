"""Signatures: two ways to the digest, and each refusal has its name."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from portlib.stewardship.audit_log import (
    ClockMovedBack,
)
from portlib.stewardship.governance import (
    signatures,
)
from portlib.stewardship.governance.signatures import (
    Altered,
    Expired,
    NotYetValid,
    OutOfOrder,
    Replayed,
    SignatureError,
    WrongKey,
)
from tests.offices import DAY, HOUR, KEYS, NOON, PLAN, ROSTER, VIEW, filled, office, signed_view

RETURNS = st.floats(-1, 1, exclude_min=True, exclude_max=True)


@given(st.text(max_size=9), RETURNS, st.integers(1, 99), st.integers(0, 2**64))
@settings(max_examples=25)
def test_two_ways_to_the_digest(reason: str, q: float, version: int, nonce: int) -> None:
    view = replace(VIEW, reason=reason, q=q, version=version)
    signed = signed_view(view, nonce=nonce)
    full = signatures.typed_data(signed.kind, signed.message, PLAN)
    message = encode_typed_data(full_message=full)
    assert signatures.digest(full) == keccak(
        b"\x19" + message.version + message.header + message.body
    )
    assert signatures.view_of(signed) == view
    again = signatures.from_json(json.loads(json.dumps(signed.to_json())))
    signatures.verify(again, ROSTER, plan=PLAN, at=NOON)


def test_a_changed_field_is_altered_whichever_it_is() -> None:
    signed = signed_view()
    for name, value in signed.message.items():
        other = (
            value + 1
            if isinstance(value, int)
            else [*value, value[0]]
            if isinstance(value, list)
            else value + " "
        )
        with pytest.raises(Altered):
            signatures.verify(signed.altered(**{name: other}), ROSTER, plan=PLAN, at=NOON)


@pytest.mark.parametrize(
    ("error", "make", "changes"),
    [
        (WrongKey, lambda: signed_view(key="chair"), {}),
        (WrongKey, lambda: signed_view(), {"roster": {"chair": ROSTER["chair"]}}),
        (Altered, lambda: replace(signed_view(), signer=ROSTER["chair"]), {}),
        (Altered, lambda: signed_view(), {"plan": "cd" * 32}),
        (Altered, lambda: replace(signed_view(), signature="0x" + "00" * 64 + "1b"), {}),
        (Altered, lambda: replace(signed_view(), signature="0x" + "ff" * 65), {}),
        (Altered, lambda: replace(signed_view(), signature="0x12"), {}),
        (Expired, lambda: signed_view(), {"at": NOON + 30 * DAY + HOUR}),
        (NotYetValid, lambda: signed_view(), {"at": NOON - HOUR}),
    ],
)
def test_each_refusal_has_its_name(error: type, make, changes: dict) -> None:
    signatures.verify(signed_view(), ROSTER, plan=PLAN, at=NOON + 30 * DAY)
    with pytest.raises(error):
        signatures.verify(make(), **{"roster": ROSTER, "plan": PLAN, "at": NOON, **changes})


def test_a_replay_a_twin_and_an_old_number_are_refused_once_accepted() -> None:
    keeper, signed = office(), signed_view(nonce=5)
    assert keeper.accept_view(signed, NOON) == VIEW
    twin = signatures.twin(signed)
    assert twin.signature != signed.signature
    signatures.verify(twin, ROSTER, plan=PLAN, at=NOON)  # valid, and made without the key
    for again in (signed, twin):
        with pytest.raises(Replayed):
            keeper.accept_view(again, NOON + HOUR)
    with pytest.raises(OutOfOrder, match="after number 5"):
        keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=4), NOON + HOUR)
    with pytest.raises(OutOfOrder, match="version 1 after 1"):
        keeper.accept_view(signed_view(nonce=6), NOON + HOUR)
    keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=6), NOON + HOUR)
    assert [e.name for e in keeper.log.events("views")] == [
        "ViewAccepted",
        *["ViewRefused"] * 4,
        "ViewAccepted",
    ]
    assert [e.body["why"] for e in keeper.log.events("views", "ViewRefused")] == [
        "Replayed",
        "Replayed",
        "OutOfOrder",
        "OutOfOrder",
    ]


def test_a_view_by_another_author_or_in_other_words_is_refused() -> None:
    with pytest.raises(WrongKey, match="is by research"):
        office(view_authors=("research", "chair")).accept_view(signed_view(role="chair"), NOON)
    content = {**signatures.view_content(VIEW), "q": "0.010"}
    signed = signatures.sign(
        "InvestorView",
        content,
        KEYS["research"],
        role="research",
        nonce=1,
        plan=PLAN,
        at=NOON,
        days=1,
    )
    with pytest.raises(SignatureError, match="canonical form: q"):
        office().accept_view(signed, NOON)


def test_a_clock_that_moved_back_accepts_nothing_and_writes_nothing() -> None:
    keeper = office()
    keeper.accept_view(signed_view(nonce=1), NOON + DAY)
    before = keeper.log.links
    with pytest.raises(ClockMovedBack):
        keeper.accept_view(signed_view(replace(VIEW, version=2), nonce=2), NOON)
    with pytest.raises(ClockMovedBack):
        keeper.accept_view(signed_view(nonce=1), NOON)
    assert keeper.log.links == before


def test_unknown_kinds_and_fields_are_refused() -> None:
    with pytest.raises(SignatureError, match="no statement of kind"):
        signatures.typed_data("Order", {}, PLAN)
    with pytest.raises(SignatureError, match="number"):
        signatures.typed_data("LogHead", {"digest": b""}, PLAN)
    with pytest.raises(SignatureError, match="zone"):
        signed_view(at=datetime(2026, 1, 1))
    head = filled().verify()
    sealed = signatures.sign(
        "LogHead",
        signatures.head_content(head),
        KEYS["compliance"],
        role="compliance",
        nonce=1,
        plan=PLAN,
        at=NOON,
        days=9,
    )
    assert signatures.head_of(signatures.from_json(sealed.to_json())) == head
    with pytest.raises(SignatureError, match="no view"):
        signatures.view_of(sealed)
    content = sealed.to_json()
    with pytest.raises(SignatureError, match="hex"):
        signatures.from_json({**content, "message": {**content["message"], "digest": "zz"}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("nonce", 1.5), ("nonce", True), ("name", 5), ("portfolio", "x"), ("validUntil", -1)],
)
def test_a_field_of_another_type_is_named_before_it_is_encoded(field: str, value: object) -> None:
    signed = signed_view().altered(**{field: value})
    with pytest.raises(signatures.SignatureError, match=field):
        office().accept_view(signed, NOON)


@pytest.mark.parametrize("part", ["kind", "message", "signer", "signature"])
@pytest.mark.parametrize("value", [None, 5])
def test_json_that_is_no_statement_is_refused_by_its_part(part: str, value: object) -> None:
    content = {**signed_view().to_json(), part: value}
    with pytest.raises(signatures.SignatureError, match=part):
        signatures.from_json(content)


def test_a_signature_that_is_none_is_refused() -> None:
    with pytest.raises(Altered, match="signature"):
        office().accept_view(replace(signed_view(), signature=None), NOON)


def test_keys_that_are_to_be_replaced_are_told_with_the_reason() -> None:
    from portlib.stewardship.governance.signatures import Key, keys_due

    at = datetime(2026, 11, 29, tzinfo=UTC)
    day = timedelta(days=1)
    a, b = "0x" + "1" * 40, "0x" + "2" * 40
    roster = {
        "fine": [Key(a, at - 100 * day, at + 100 * day)],
        "endless": [Key(a)],
        "long": [Key(a, at - 400 * day, at + 100 * day)],
        "ending": [Key(a, at - 300 * day, at + 3 * day)],
        "replaced": [Key(a, at - 300 * day, at + 3 * day), Key(b, at + 4 * day, at + 300 * day)],
        "over": [Key(a, at - 300 * day, at - day)],
    }
    found = keys_due(roster, at, longest=366 * day, notice=7 * day)
    assert set(found) == {"endless", "long", "ending", "over"}
    assert "no other follows" in found["ending"]
    assert "366" in found["long"]
    assert found["over"] == "no key counts"


@pytest.mark.parametrize(
    "content",
    [[], {}, {"a": "0x12"}, {"a": [{"from": "2026-01-01"}]}, {"a": 3}, {"a": [{"address": "x"}]}],
)
def test_a_roster_that_is_none_is_refused_by_role(content) -> None:
    from portlib.stewardship.governance.signatures import roster_from_json

    with pytest.raises(SignatureError, match="roster"):
        roster_from_json(content)


def test_a_statement_holds_from_its_first_second_to_its_last() -> None:
    signed = signed_view(at=NOON)
    last = NOON + timedelta(days=30)
    for at, error in (
        (NOON - timedelta(seconds=1), NotYetValid),
        (NOON, None),
        (last, None),
        (last + timedelta(seconds=1), Expired),
    ):
        if error is None:
            signatures.verify(signed, ROSTER, plan=PLAN, at=at)
        else:
            with pytest.raises(error):
                signatures.verify(signed, ROSTER, plan=PLAN, at=at)


def test_a_key_counts_from_its_first_moment_to_its_last_and_two_never_at_once() -> None:
    first, last = NOON, NOON + timedelta(days=9)
    key = signatures.Key("0xA", first, last)
    second = timedelta(seconds=1)
    moments = (first - second, first, last, last + second)
    assert [key.counts(at) for at in moments] == [False, True, True, False]
    follows = signatures.Key("0xB", last + second)
    roster = {"chair": [key, follows]}
    assert signatures.in_force(roster, last) == {"chair": "0xA"}
    assert signatures.in_force(roster, last + second) == {"chair": "0xB"}
    assert signatures.in_force(roster, first - second) == {}
    with pytest.raises(SignatureError, match="two keys count"):
        signatures.in_force({"chair": [key, replace(follows, first=last)]}, last)


def test_a_key_may_count_as_long_as_is_allowed_and_is_told_in_time() -> None:
    def due(days: int, at_day: int) -> str:
        key = signatures.Key("0xA", NOON, NOON + timedelta(days=days))
        limits = {"longest": timedelta(days=90), "notice": timedelta(days=14)}
        at = NOON + timedelta(days=at_day)
        return signatures.keys_due({"chair": [key]}, at, **limits).get("chair", "")

    assert due(90, 1) == "" and "more than 90 days" in due(91, 1)
    assert due(90, 76) == "" and "no other follows" in due(90, 77)
