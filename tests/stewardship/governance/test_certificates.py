"""Certificates and decisions: what must be on paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations, product

import pytest

from portlib.stewardship.governance import (
    GovernanceError,
    Office,
    certificates,
    model_registry,
    signatures,
)
from portlib.stewardship.governance.signatures import (
    Altered,
    WrongKey,
)
from tests.offices import KEYS, NOON, PINS, PLAN, ROSTER, office

FIELDS = {name: f"said about {name}" for name in certificates.FIELDS}


def filed(
    keeper: Office,
    fields: dict,
    *,
    role: str = "expert",
    nonce: int = 1,
    kind: str = "Certificate",
    signed_fields: dict | None = None,
    made_by: model_registry.Pins = PINS,
    developers: tuple[str, ...] = ("developer",),
) -> None:
    content = certificates.certificate_content(fields if signed_fields is None else signed_fields)
    signed = signatures.sign(
        kind, content, KEYS[role], role=role, nonce=nonce, plan=PLAN, at=NOON, days=30
    )
    certificates.certify(
        keeper,
        fields,
        signed,
        made_by,
        NOON,
        certifiers=("expert", "developer"),
        developers=developers,
    )


def test_a_certificate_is_refused_unless_all_five_fields_say_something() -> None:
    empty = certificates.draft(PINS)
    assert certificates.missing(empty, certificates.FIELDS) == list(certificates.FIELDS)
    for present in product((True, False), repeat=5):
        fields = {
            **empty,
            **{n: t for (n, t), there in zip(FIELDS.items(), present, strict=True) if there},
        }
        keeper = office()
        if all(present):
            filed(keeper, fields)
            assert certificates.in_force(keeper, PINS, NOON).body["fields"]["model"] == PINS.model
        else:
            absent = [n for n, there in zip(FIELDS, present, strict=True) if not there]
            with pytest.raises(certificates.IncompleteRecord, match=", ".join(absent)):
                filed(keeper, fields)
            assert [e.name for e in keeper.log.events()] == ["CertificateRefused"]
    for blank in (None, "  ", "TBD", "[To be completed]", "___", [], [""]):
        assert certificates.missing({"conclusion": blank}, ["conclusion"]) == ["conclusion"]


def test_a_certificate_by_a_developer_or_over_other_words_is_refused() -> None:
    keeper, fields = office(), {**certificates.draft(PINS), **FIELDS}
    with pytest.raises(WrongKey, match="independent"):
        filed(keeper, fields, role="developer")
    with pytest.raises(WrongKey, match="may not sign"):
        filed(keeper, fields, role="chair")
    with pytest.raises(Altered, match="not say what was signed"):
        filed(keeper, {**fields, "conclusion": "another"}, signed_fields=fields)
    with pytest.raises(certificates.NotCertified, match="another model"):
        filed(keeper, fields, made_by=replace(PINS, code="f" * 64))
    filed(keeper, fields)


def test_a_changed_model_voids_its_certificate_and_a_changed_plan_does_not() -> None:
    keeper = office()
    with pytest.raises(certificates.NotCertified, match="no certificate"):
        certificates.in_force(keeper, PINS, NOON)
    filed(keeper, {**certificates.draft(PINS), **FIELDS})
    certificates.in_force(keeper, replace(PINS, plan="f" * 64), NOON)
    for name in ("code", "data", "policy"):
        with pytest.raises(certificates.NotCertified, match=f"void: {name} changed"):
            certificates.in_force(keeper, replace(PINS, **{name: "f" * 64}), NOON)


def test_a_decision_says_everything_and_rests_on_events_before_it() -> None:
    keeper, fields = office(), {n: f"said about {n}" for n in certificates.DECISION}
    with pytest.raises(GovernanceError, match="names no event"):
        certificates.decide(keeper, fields, NOON, "chair", rests_on=[])
    with pytest.raises(GovernanceError, match="no event 1"):
        certificates.decide(keeper, fields, NOON, "chair", rests_on=[1])
    keeper.adopt({"cap": 1}, NOON, "chair")
    for name in certificates.DECISION:
        with pytest.raises(certificates.IncompleteRecord, match=f"decision: {name}:"):
            certificates.decide(keeper, {**fields, name: ""}, NOON, "chair", rests_on=[1])
    assert certificates.decide(keeper, fields, NOON, "chair", rests_on=[1]).body["rests on"] == [1]


@pytest.mark.parametrize(
    "said",
    ["N.A.", "n/a", "???", {}, [], "\u200b", "\u00a0\u00a0", "TBD.", "xxx", {"a": ""}, None, "—"],
)
def test_what_says_nothing_is_not_filled_in(said) -> None:
    assert certificates.missing({"methods": said, "why": "a reason"}, ["methods", "why"]) == [
        "methods"
    ]


def test_a_certificate_is_in_force_no_longer_than_it_was_signed_for() -> None:
    keeper = office()
    filed(keeper, {**certificates.draft(PINS), **FIELDS})
    until = keeper.log.events("models")[-1].body["signed"]["message"]["validUntil"]
    last = datetime.fromtimestamp(until, UTC)
    assert certificates.in_force(keeper, PINS, last)
    with pytest.raises(certificates.NotCertified, match="held until"):
        certificates.in_force(keeper, PINS, last + timedelta(seconds=1))


def test_a_certifier_with_a_developers_key_is_not_independent_whatever_the_case() -> None:
    keeper = office()
    shared = {**ROSTER, "developer": ROSTER["expert"].lower()}
    with pytest.raises(WrongKey, match="independent"):
        filed(replace(keeper, roster=shared), {**certificates.draft(PINS), **FIELDS})


def test_the_newest_certificate_counts_and_an_older_model_is_void() -> None:
    keeper, newer = office(), replace(PINS, code="f" * 64)
    filed(keeper, {**certificates.draft(PINS), **FIELDS})
    second = {**certificates.draft(newer), **FIELDS}
    filed(keeper, second, nonce=2, made_by=newer)
    first, last = keeper.log.events("models", "ModelCertified")
    assert certificates.in_force(keeper, newer, NOON) == last
    with pytest.raises(certificates.NotCertified, match=f"event {last.number} is void: code"):
        certificates.in_force(keeper, PINS, NOON)
    filed(keeper, {**certificates.draft(PINS), **FIELDS}, nonce=3)
    assert certificates.in_force(keeper, PINS, NOON).number > last.number > first.number


def test_every_field_of_a_certificate_is_signed() -> None:
    fields = {**certificates.draft(PINS), **FIELDS}
    assert set(fields) == {*FIELDS, "model", "code", "data", "policy"}
    said = certificates.certificate_content(fields)
    for name in fields:
        other = certificates.certificate_content({**fields, name: "ab" * 32})
        assert other != said
        assert (other["model"] != said["model"]) is (name == "model")
        keeper = office()
        with pytest.raises((Altered, certificates.NotCertified)):
            filed(keeper, {**fields, name: "ab" * 32}, signed_fields=fields)


def test_what_was_filed_and_what_was_decided_stands_in_the_log_word_for_word() -> None:
    keeper, fields = office(), {**certificates.draft(PINS), **FIELDS}
    filed(keeper, fields)
    body = keeper.log.events("models", "ModelCertified")[0].body
    assert body["fields"] == fields and (body["role"], body["nonce"]) == ("expert", 1)
    decision = {n: f"said about {n}" for n in certificates.DECISION}
    event = certificates.decide(keeper, decision, NOON, "chair", rests_on=[1])
    assert event.body == {**decision, "rests on": [1]} and event.actor == "chair"


@pytest.mark.parametrize("said", certificates._BLANK)
def test_each_way_to_say_nothing_is_known(said: str) -> None:
    assert certificates.missing({"why": said.upper()}, ["why"]) == ["why"]
    assert certificates.missing({"why": f"{said} but the index fund is cheaper"}, ["why"]) == []


@pytest.mark.parametrize("others", [(), ("chair",), ("chair", "administrator")])
def test_one_developer_among_many_is_no_independent_expert(others: tuple[str, ...]) -> None:
    fields = {**certificates.draft(PINS), **FIELDS}
    for team in permutations(("developer", *others)):
        with pytest.raises(WrongKey, match="independent"):
            filed(office(), fields, role="developer", developers=team)
        filed(office(), fields, developers=team)
