"""What has to be on paper, and signed by people, before a model is used or a decision stands?

A computer model for advice needs a certificate by an expert who did not build it, before it is
first used and a new one before a changed model is used, where the change could matter (29 CFR
2550.408g-1(b)(4)(ii)-(iv), text read 2026-11-29). Code can check that its five fields are filled,
that the certifier's key signed these very fields, and that the model is still the one that the
certificate names by its hash. A decision needs a record of its making (ERISA 404(a)(1)(B)).

Left out: all that matters most. Whether the expert is an expert, is independent, and is right;
whether a field that is filled says anything. Those are for people, and the forms ask for them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from portlib.ranges import among
from portlib.stewardship.audit_log import AuditError, Event, canonical
from portlib.stewardship.governance.approvals import GovernanceError, same
from portlib.stewardship.governance.model_registry import Pins
from portlib.stewardship.governance.office import Office
from portlib.stewardship.governance.signatures import Altered, Signed, WrongKey

#: What the certificate of a computer model must state (29 CFR 2550.408g-1(b)(4)(iv)).
FIELDS = (
    "methods",
    "how they show compliance",
    "limits on the expert",
    "qualifications",
    "conclusion",
)
#: What a decision leaves on record, in this book's reading of ERISA 404(a)(1)(B).
DECISION = ("question", "investigated", "by", "alternatives", "chosen", "why")
#: What says that nothing was said, in lower case and without anything but letters and digits.
_BLANK = (
    *("", "tbd", "tba", "tbc", "todo", "na", "nil", "none", "null", "nan", "no", "yes", "pending"),
    *("tobecompleted", "tobefilledin", "tobedetermined", "notapplicable", "unknown", "true"),
    *("false", "seeabove", "asabove", "loremipsum"),
)


class IncompleteRecord(GovernanceError):
    """A certificate or a decision that lacks what it must say; names the fields."""


class NotCertified(GovernanceError):
    """No certificate is in force: there is none, or the model is no longer the one that it
    names."""


def missing(fields: Mapping[str, Any], required: Sequence[str]) -> list[str]:
    """Which required fields are absent, blank, or still say that somebody is to fill them in.

    What cannot be seen or read (marks, spaces of any kind, one letter again and again) says
    nothing, and neither does an empty list or mapping.

    Examples
    --------
    >>> missing({"methods": "N. A.", "conclusion": "meets it"}, ["methods", "conclusion"])
    ['methods']

    >>> said = {"a": "N/A", "b": ["", "tbd"], "c": {"x": "none"}, "d": "xxx", "e": "--", "f": None}
    >>> missing(said | {"g": "777", "h": 3, "i": ["none", "read"], "j": "no"}, list("abcdefghijk"))
    ['a', 'b', 'c', 'd', 'e', 'f', 'j', 'k']

    It goes on in ``certificates.md``.
    """
    return [name for name in required if _blank(fields.get(name))]


def _blank(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_blank(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return all(_blank(item) for item in value)
    said = "" if value is None else same(value)
    return said in _BLANK or (len(set(said)) == 1 and not said.isdigit())


def draft(made_by: Pins) -> dict[str, Any]:
    """What code can say in a certificate: which model it is about. The five fields are the
    expert's, and empty.

    Examples
    --------
    >>> made = Pins("c0" * 32, "d1" * 32, "e2" * 32, "f3" * 32)
    >>> told = draft(made)
    >>> told["code"] == "c0" * 32, told["model"] == made.model, "plan" in told
    (True, True, False)
    >>> missing(told, FIELDS) == list(FIELDS), missing(told, ["code", "data", "policy", "model"])
    (True, [])
    """
    return {
        **dict.fromkeys(FIELDS, ""),
        "model": made_by.model,
        **{name: pin for name, pin in asdict(made_by).items() if name != "plan"},
    }


def certificate_content(fields: Mapping[str, Any]) -> dict[str, bytes]:
    """A certificate as fields to sign: the digest of all it says, and the model that it names.

    Examples
    --------
    >>> said = certificate_content({"model": "0f" * 32, "conclusion": "meets it"})
    >>> said["model"] == b"\\x0f" * 32
    True
    >>> text = '{"conclusion":"meets it","model":"' + "0f" * 32 + '"}'
    >>> said["content"] == hashlib.sha256(text.encode()).digest()
    True
    """
    among("field of a certificate", ["model"], fields, error=IncompleteRecord)
    try:
        text = canonical(dict(fields))
    except AuditError as error:
        raise IncompleteRecord(f"certificate: {error}") from error
    return {
        "content": hashlib.sha256(text.encode()).digest(),
        "model": bytes.fromhex(str(fields["model"])),
    }


def certify(
    office: Office,
    fields: Mapping[str, Any],
    signed: Signed,
    made_by: Pins,
    at: datetime,
    *,
    certifiers: Sequence[str],
    developers: Sequence[str],
) -> Event:
    """File a signed certificate, or refuse it.

    Parameters
    ----------
    office : Office
        Whose log it is filed in.
    fields : mapping
        The five of `FIELDS`, and what `draft` filled in.
    signed : Signed
        The certifier's signature over `certificate_content`.
    made_by : Pins
        Of the model in use.
    at : datetime
        Now, with its zone.
    certifiers, developers : sequence of str
        Roles that may certify, and roles that built or own models; none may be both.

    Returns
    -------
    Event

    Raises
    ------
    IncompleteRecord
        Naming the fields that say nothing.
    NotCertified
        When the certificate names another model than `made_by`.
    WrongKey, Altered, ...
        When the signature is not that of a certifier's key, or not over these fields; a developer's
        is refused.

    Examples
    --------
    The certifier signs the very fields that are filed; the certificate is then in force until its
    last moment.

    >>> import numpy as np
    >>> from dataclasses import replace
    >>> from datetime import timedelta
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> from portlib.stewardship.governance.signatures import address, demonstration_keys, sign
    >>> roles = ("certifier", "developer", "chair")
    >>> keys = demonstration_keys(roles, np.random.default_rng(1))
    >>> roster = {role: address(key) for role, key in keys.items()}
    >>> at, plan = datetime(2026, 11, 29, 12, tzinfo=UTC), "ab" * 32
    >>> office = Office(AuditLog(), plan, roster, ("chair",), 1, timedelta(0), ())
    >>> made = Pins("c0" * 32, "d1" * 32, "e2" * 32, "f3" * 32)
    >>> fields = draft(made) | {name: f"what the expert found of {name}" for name in FIELDS}
    >>> def signed(fields, role="certifier", days=365, nonce=1, kind="Certificate"):
    ...     content = certificate_content(fields)
    ...     span = {"plan": plan, "at": at, "days": days}
    ...     return sign(kind, content, keys[role], role=role, nonce=nonce, **span)

    It goes on in ``certificates.md``.
    """
    with office.refusing(
        "models", "CertificateRefused", at, "portlib", {"claimed by": signed.role}
    ):
        if lost := missing(fields, FIELDS):
            raise IncompleteRecord(
                f"certificate: {', '.join(lost)}: the certifier must state each, in writing"
            )
        if fields.get("model") != made_by.model:
            raise NotCertified(
                "the certificate names another model than the one in use; certify this one"
            )
        if any(office.one_person(signed.role, developer) for developer in developers):
            raise WrongKey(
                f"certificate: {signed.role} built or owns models; the certifier must be "
                f"independent"
            )
        heard = office.heard(signed, certifiers, at)
        if signed.kind != "Certificate" or any(
            signed.message[name] != value for name, value in certificate_content(fields).items()
        ):
            raise Altered("certificate: it does not say what was signed")
        event = office.log.append(
            "models",
            "ModelCertified",
            at=at,
            actor=signed.role,
            body={"fields": dict(fields), **heard},
        )
    return event


def in_force(office: Office, made_by: Pins, at: datetime) -> Event:
    """The certificate of this very model.

    Raises `NotCertified`, after an event, where there is none, where code, data or policy are
    others than those that the last certificate names, and where its days are over. A changed plan
    does not void it: the model is certified, not its inputs.

    Parameters
    ----------
    office : Office
    made_by : Pins
        Of the model.
    at : datetime
        Now, with its zone.

    Returns
    -------
    Event
    """
    with office.refusing("models", "CertificateVoid", at, "portlib", {"model": made_by.model}):
        filed = office.log.events("models", "ModelCertified")
        if not filed:
            raise NotCertified(
                "no certificate is filed: the model may not be used for advice before there is one"
            )
        named = filed[-1].body["fields"]
        if named["model"] != made_by.model:
            changed = [
                name
                for name in ("code", "data", "policy")
                if named.get(name) != asdict(made_by)[name]
            ]
            raise NotCertified(
                f"the certificate of event {filed[-1].number} is void: {' and '.join(changed)} "
                f"changed "
                "since; have the change judged, and the model certified again if it could matter"
            )
        last = filed[-1].body["signed"]["message"]["validUntil"]
        if at.timestamp() > last:
            raise NotCertified(
                f"the certificate of event {filed[-1].number} was held until "
                f"{datetime.fromtimestamp(last, UTC):%Y-%m-%d}, and it is "
                f"{at.astimezone(UTC):%Y-%m-%d}: have the "
                "model certified again"
            )
    return filed[-1]


def decide(
    office: Office, fields: Mapping[str, Any], at: datetime, actor: str, *, rests_on: Sequence[int]
) -> Event:
    """Write down a decision with the numbers of the events that it rests on, each of which must
    stand before it.

    Parameters
    ----------
    office : Office
        Whose log it is written in.
    fields : mapping
        Those of `DECISION`.
    at : datetime
        Now, with its zone.
    actor : str
        Which role.
    rests_on : sequence of int
        Numbers of events.

    Returns
    -------
    Event

    Raises
    ------
    IncompleteRecord
        Naming what is missing of `DECISION`.
    GovernanceError
        For an event that is not there.

    Examples
    --------
    >>> from portlib.stewardship.audit_log import AuditLog
    >>> from datetime import timedelta
    >>> office = Office(AuditLog(), "plan", {"chair": "0x1"}, ("chair",), 1, timedelta(0), ())
    >>> at = datetime(2026, 11, 29, tzinfo=UTC)
    >>> office.adopt({"cap": 0.4}, at, "chair")
    >>> told = {name: f"what was said of {name}" for name in DECISION}
    >>> decided = decide(office, told, at, "chair", rests_on=[1])
    >>> decided.name, decided.actor, decided.body["rests on"], decided.body["why"]
    ('DecisionRecorded', 'chair', [1], 'what was said of why')
    >>> decide(office, told | {"alternatives": []}, at, "chair", rests_on=[1])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.certificates.IncompleteRecord: decision: alternatives: ...
    >>> decide(office, told, at, "chair", rests_on=[])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: decision: it names no event ...
    >>> decide(office, told, at, "chair", rests_on=[9, 2, 1, 7])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.approvals.GovernanceError: decision: no event 7, 9; log ...
    """
    if lost := missing(fields, DECISION):
        raise IncompleteRecord(
            f"decision: {', '.join(lost)}: say it now; a record made later is worth little"
        )
    there = {event.number for event in office.log.events()}
    if not rests_on or (unknown := sorted(set(rests_on) - there)):
        what = (
            f"no event {', '.join(map(str, unknown))}"
            if rests_on
            else "it names no event that it rests on"
        )
        raise GovernanceError(f"decision: {what}; log what was investigated first")
    body = {**fields, "rests on": list(rests_on)}
    return office.log.append("decisions", "DecisionRecorded", at=at, actor=actor, body=body)
