"""Who said this, and is it word for word what they said?

A statement is typed data in the sense of EIP-712: named fields of named types, under a domain that
names this methodology and the plan. What is signed is

    digest        = keccak256(0x1901, domainSeparator, hashStruct(statement))
    hashStruct(s) = keccak256(typeHash, encodeData(s))

with ECDSA on secp256k1, so that whoever has the statement and the signature can recover the
signer's address. The standard and the words come from blockchains; there is none here, and none is
implied: the domain names no chain and no contract, an address is only a short name for a public
key, and the statements live in the audit log.

Left out: how keys are kept. Who holds a role's key is that role. Keys made by `demonstration_keys`
protect nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from portlib.construction.views import View
from portlib.kept import Kept, marked
from portlib.stewardship.audit_log import Head

Fields = Sequence[Mapping[str, str]]


def _fields(text: str) -> list[dict[str, str]]:
    return [dict(zip(("type", "name"), field.split(), strict=True)) for field in text.split(", ")]


_ENVELOPE = ", string role, uint256 nonce, uint256 validFrom, uint256 validUntil"
#: What can be signed, and its fields; each ends with who signs, a number used once, and from when
#: to when it holds.
KINDS: Mapping[str, Fields] = {
    "InvestorView": _fields(
        "string name, Holding[] portfolio, string q, string variance, string confidence, "
        "string author, string asOf, string reason, uint256 version" + _ENVELOPE
    ),
    "Approval": _fields("string subject, bytes32 content, string reason" + _ENVELOPE),
    "Certificate": _fields("bytes32 content, bytes32 model" + _ENVELOPE),
    "LogHead": _fields("uint256 number, bytes32 digest" + _ENVELOPE),
}
_DOMAIN = _fields("string name, string version, bytes32 salt")
_HOLDING = _fields("string asset, string weight")


class SignatureError(ValueError):
    """A statement that must not be used; the subclass says why, the message which statement and
    field."""


class WrongKey(SignatureError):
    """Signed, but not with the key of the role that it names, or by a role that may not sign."""


class Altered(SignatureError):
    """Not what was signed: the signature does not give the signer that it came with."""


class Expired(SignatureError):
    """Shown after the last moment at which it holds."""


class NotYetValid(SignatureError):
    """Shown before the first moment at which it holds: it is early, or the clock moved back."""


class Replayed(SignatureError):
    """Its number was used before."""


class OutOfOrder(SignatureError):
    """It came after a later one of the same signer, or does not follow what was last accepted."""


@dataclass(frozen=True)
class Signed:
    """A statement with its signature: kind, fields, address of the signer (0x...), signature
    (0x..., 65 bytes).

    Examples
    --------
    >>> said = Signed(
    ...     "LogHead", {"number": 7, "digest": b"2", "role": "chair", "nonce": 3}, "0x1", "0x2"
    ... )
    >>> said.role, said.nonce, said.to_json()["message"]["digest"]
    ('chair', 3, '32')
    >>> other = said.altered(number=8)
    >>> other.message["number"], other.message["nonce"], other.signature, said.message["number"]
    (8, 3, '0x2', 7)
    """

    kind: str
    message: Mapping[str, Any]
    signer: str
    signature: str

    @property
    def role(self) -> str:
        """Who says that they say this."""
        return str(self.message["role"])

    @property
    def nonce(self) -> int:
        """The signer's own count of statements."""
        return int(self.message["nonce"])

    def to_json(self) -> dict[str, Any]:
        """As strict JSON can hold it, bytes in hex; `from_json` takes it back."""
        message = {
            name: value.hex() if isinstance(value, bytes) else value
            for name, value in self.message.items()
        }
        return {
            "kind": self.kind,
            "message": message,
            "signer": self.signer,
            "signature": self.signature,
        }

    def altered(self, **fields: Any) -> Signed:
        """The same with some fields changed, for tests: the signature stays."""
        return replace(self, message={**self.message, **fields})


def from_json(content: Mapping[str, Any]) -> Signed:
    """The statement that `Signed.to_json` wrote; `SignatureError` naming the part that is none.

    Examples
    --------
    >>> message = {"number": 7, "digest": "0f" * 32, "role": "chair", "nonce": 1}
    >>> message |= {"validFrom": 0, "validUntil": 9}
    >>> told = {"kind": "LogHead", "message": message, "signer": "0x1", "signature": "0x2"}
    >>> said = from_json(told)
    >>> said.message["digest"] == b"\\x0f" * 32, said.message["number"], said.to_json() == told
    (True, 7, True)
    >>> from_json([told])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: a statement is a mapping of ...
    >>> from_json(told | {"signer": 1})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: a statement's signer is 1; it ...
    >>> from_json(told | {"kind": "Letter"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: no statement of kind ...
    >>> from_json(told | {"message": {"digest": "xy"}})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: LogHead: a field of 32 bytes ...
    """
    if not isinstance(content, Mapping):
        raise SignatureError("a statement is a mapping of kind, message, signer and signature")
    for name, form in (("kind", str), ("message", Mapping), ("signer", str), ("signature", str)):
        if not isinstance(content.get(name), form):
            raise SignatureError(f"a statement's {name} is {content.get(name)!r}; it is not one")
    kind = content["kind"]
    if kind not in KINDS:
        raise SignatureError(f"no statement of kind {kind!r}; use one of {', '.join(KINDS)}")
    raw = {field["name"] for field in KINDS[kind] if field["type"] == "bytes32"}
    try:
        message = {
            name: bytes.fromhex(value) if name in raw else value
            for name, value in content["message"].items()
        }
    except (ValueError, TypeError) as error:
        raise SignatureError(f"{kind}: a field of 32 bytes is not in hex ({error})") from error
    _its_fields(kind, message)
    return Signed(kind, message, content["signer"], content["signature"])


# ---- typed data ----------------------------------------------------------------------------------


def typed_data(kind: str, message: Mapping[str, Any], plan: str) -> dict[str, Any]:
    """The full EIP-712 message: types, domain and `message`.

    Parameters
    ----------
    kind : str
        Of the statement.
    message : mapping
        Its fields.
    plan : str
        Fingerprint of the plan, 64 hex digits; the domain's salt.

    Returns
    -------
    dict

    Raises
    ------
    SignatureError
        For an unknown kind, and for fields that are missing or too many.

    Examples
    --------
    >>> message = {"number": 7, "digest": bytes(32), "role": "chair", "nonce": 1}
    >>> message |= {"validFrom": 0, "validUntil": 2**256 - 1}
    >>> full = typed_data("LogHead", message, "ab" * 32)
    >>> full["primaryType"], list(full["types"]), full["message"] == message
    ('LogHead', ['EIP712Domain', 'LogHead'], True)
    >>> full["domain"] == {"name": "Prudent by Construction", "version": "1", "salt": b"\\xab" * 32}
    True
    >>> typed_data("LogHead", message | {"nonce": 2**256}, "ab" * 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: LogHead: field nonce is ...
    >>> typed_data("LogHead", message | {"number": -1}, "ab" * 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: LogHead: field number is -1: ...
    >>> typed_data("LogHead", message | {"number": True}, "ab" * 32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: LogHead: field number is ...

    It goes on in ``signatures.md``.
    """
    if kind not in KINDS:
        raise SignatureError(f"no statement of kind {kind!r}; use one of {', '.join(KINDS)}")
    _its_fields(kind, message)
    types = {"EIP712Domain": list(_DOMAIN), kind: list(KINDS[kind])}
    if kind == "InvestorView":
        types["Holding"] = list(_HOLDING)
    domain = {"name": "Prudent by Construction", "version": "1", "salt": bytes.fromhex(plan)}
    return {"types": types, "primaryType": kind, "domain": domain, "message": dict(message)}


def _its_fields(kind: str, message: Mapping[str, Any]) -> None:
    """Refuse a message whose fields are not those of its kind."""
    names = {field["name"] for field in KINDS[kind]}
    if wrong := sorted(names ^ set(message), key=str):
        raise SignatureError(f"{kind}: fields missing or unknown: {', '.join(map(str, wrong))}")
    for field in KINDS[kind]:
        if not _is(message[field["name"]], field["type"]):
            said = message[field["name"]]
            raise SignatureError(f"{kind}: field {field['name']} is {said!r}: no {field['type']}")


def _is(value: Any, kind: str) -> bool:
    """Whether a field's value is of its type, before any library is asked to encode it."""
    if kind == "string":  # of which half a sign, as JSON can write it, is none
        return isinstance(value, str) and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if kind == "bytes32":
        return isinstance(value, bytes) and len(value) == 32
    if kind == "Holding[]":
        legs = isinstance(value, (list, tuple))
        return legs and all(
            isinstance(leg, Mapping)
            and set(leg) == {"asset", "weight"}
            and all(_is(text, "string") for text in leg.values())
            for leg in value
        )
    return type(value) is int and 0 <= value < 2**256


def digest(full: Mapping[str, Any]) -> bytes:
    """The 32 bytes that are signed, computed from the standard's text alone: a second method for
    the library's.

    Knows strings, whole numbers, bytes32, addresses, structures and lists. Source: EIP-712
    (Bloemen, Logvinov and Evans, 2017), "Definition of hashStruct" and "Specification".

    Examples
    --------
    The example of the standard, whose digest it prints:

    >>> types = {
    ...     "EIP712Domain": [
    ...         {"name": "name", "type": "string"},
    ...         {"name": "version", "type": "string"},
    ...         {"name": "chainId", "type": "uint256"},
    ...         {"name": "verifyingContract", "type": "address"},
    ...     ],
    ...     "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
    ...     "Mail": [
    ...         {"name": "from", "type": "Person"},
    ...         {"name": "to", "type": "Person"},
    ...         {"name": "contents", "type": "string"},
    ...     ],
    ... }
    >>> domain = {"name": "Ether Mail", "version": "1", "chainId": 1}
    >>> domain |= {"verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"}
    >>> cow = {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"}
    >>> bob = {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"}
    >>> mail = {"from": cow, "to": bob, "contents": "Hello, Bob!"}
    >>> full = {"types": types, "primaryType": "Mail", "domain": domain, "message": mail}
    >>> digest(full).hex()
    'be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2'

    It goes on in ``signatures.md``.
    """
    from eth_utils import keccak

    types = full["types"]
    domain = _struct_hash("EIP712Domain", full["domain"], types)
    return bytes(
        keccak(b"\x19\x01" + domain + _struct_hash(full["primaryType"], full["message"], types))
    )


def encode_type(name: str, types: Mapping[str, Fields]) -> str:
    """A structure's type as text, then the structures that it refers to, sorted by name.

    Examples
    --------
    >>> types = {
    ...     "Order": [{"type": "Leg[]", "name": "legs"}, {"type": "Asset", "name": "last"}],
    ...     "Leg": [{"type": "Asset", "name": "of"}, {"type": "uint256", "name": "units"}],
    ...     "Asset": [{"type": "string", "name": "name"}],
    ... }
    >>> encode_type("Order", types)
    'Order(Leg[] legs,Asset last)Asset(string name)Leg(Asset of,uint256 units)'
    >>> encode_type("Asset", types)
    'Asset(string name)'
    >>> encode_type("Node", {"Node": [{"type": "Node[]", "name": "next"}]})  # of itself once
    'Node(Node[] next)'
    """
    found: set[str] = set()

    def reach(what: str) -> None:
        for field in types[what]:
            inner = field["type"].removesuffix("[]")
            if inner in types and inner not in found | {name}:
                found.add(inner)
                reach(inner)

    reach(name)
    return "".join(
        f"{n}({','.join(f['type'] + ' ' + f['name'] for f in types[n])})"
        for n in (name, *sorted(found))
    )


def _struct_hash(name: str, value: Mapping[str, Any], types: Mapping[str, Fields]) -> bytes:
    from eth_utils import keccak

    parts = [keccak(text=encode_type(name, types))]
    parts += [_encode(field["type"], value[field["name"]], types) for field in types[name]]
    return bytes(keccak(b"".join(parts)))


def _encode(kind: str, value: Any, types: Mapping[str, Fields]) -> bytes:
    from eth_utils import keccak

    if kind.endswith("[]"):
        return bytes(keccak(b"".join(_encode(kind[:-2], item, types) for item in value)))
    if kind in types:
        return _struct_hash(kind, value, types)
    if kind == "string":
        return bytes(keccak(text=value))
    if kind == "bytes32":
        return bytes(value)
    if kind == "address":
        return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")
    return int(value).to_bytes(32, "big", signed=kind.startswith("int"))


# ---- signing and verifying -----------------------------------------------------------------------


def sign(
    kind: str,
    content: Mapping[str, Any],
    key: bytes,
    *,
    role: str,
    nonce: int,
    plan: str,
    at: datetime,
    days: float,
) -> Signed:
    """A statement, signed; the same key and statement always give the same signature (RFC 6979).

    Parameters
    ----------
    kind : str
        Of the statement.
    content : mapping
        Its fields, but those that follow.
    key : bytes
        The role's own.
    role : str
        Who says it.
    nonce : int
        The signer's own count of statements.
    plan : str
        Fingerprint of the plan that it is about.
    at : datetime
        From when it holds, with its zone.
    days : float
        For how long.

    Returns
    -------
    Signed

    Raises
    ------
    SignatureError
        As `typed_data`.

    Examples
    --------
    >>> (key,) = demonstration_keys(["chair"], np.random.default_rng(1)).values()
    >>> at, plan = datetime(2026, 11, 29, tzinfo=UTC), "ab" * 32
    >>> said = head_content(Head(7, "0f" * 32))
    >>> span = {"role": "chair", "plan": plan, "at": at, "days": 1}
    >>> one, again, other = (sign("LogHead", said, key, nonce=n, **span) for n in (1, 1, 2))
    >>> one == again, one.signature == other.signature, one.signer == address(key)
    (True, False, True)

    It goes on in ``signatures.md``.
    """
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_keys import keys

    begin = _stamp(at)
    end = _stamp(at.astimezone(UTC) + timedelta(days=days))  # in which a day is 24 hours
    span = {"validFrom": begin, "validUntil": end}
    message = {**content, "role": role, "nonce": nonce, **span}
    own = keys.PrivateKey(key)  # works its public half out, which is slow: once
    signed = Account.sign_message(
        encode_typed_data(full_message=typed_data(kind, message, plan)), own
    )
    signer = own.public_key.to_checksum_address()
    return Signed(kind, message, signer, "0x" + bytes(signed.signature).hex())


#: Whose key made a signature over these very fields, which takes milliseconds to work out.
_RECOVERED: Kept[str] = Kept(4096)


def recover(signed: Signed, plan: str) -> str:
    """The address whose key made the signature over these very fields; `Altered` where none can
    have."""
    if not isinstance(signed.signature, str) or not re.fullmatch(
        "0x[0-9a-f]{130}", signed.signature
    ):
        raise Altered(f"{signed.kind}: the signature is not 65 bytes in hex")
    name = marked([signed.kind, dict(signed.message), signed.signature, plan])
    return _RECOVERED.get(name, lambda: _recovered(signed, plan))


def _recovered(signed: Signed, plan: str) -> str:
    from eth_account import Account
    from eth_account.messages import encode_typed_data
    from eth_keys.exceptions import BadSignature, ValidationError

    message = encode_typed_data(full_message=typed_data(signed.kind, signed.message, plan))
    try:
        return str(Account.recover_message(message, signature=signed.signature))
    except (BadSignature, ValidationError, ValueError) as error:
        raise Altered(f"{signed.kind}: no key can have made this signature ({error})") from error


#: The last second that a date can name.
_LATEST = 253_402_300_799


def verify(signed: Signed, roster: Mapping[str, str], *, plan: str, at: datetime) -> None:
    """Refuse a statement that was altered, is not by its role's key, or does not hold at `at`.

    Parameters
    ----------
    signed : Signed
        The statement.
    roster : mapping
        The address of each role that may sign this kind of statement.
    plan : str
        Fingerprint of the plan that it is about; a statement about another plan counts as altered.
    at : datetime
        Now, by the clock of whoever asks, with its zone.

    Raises
    ------
    Altered, WrongKey, NotYetValid, Expired
        See `Replayed` and `OutOfOrder` for what needs a memory.

    Examples
    --------
    A statement holds from the moment at which it was signed to the last one of its days, both
    included.

    >>> keys = demonstration_keys(("chair", "counsel"), np.random.default_rng(1))
    >>> roster = {role: address(key) for role, key in keys.items()}
    >>> at, plan = datetime(2026, 11, 29, 12, tzinfo=UTC), "ab" * 32
    >>> said = {"subject": "event 3", "content": bytes(32), "reason": "read it"}
    >>> signed = sign(
    ...     "Approval", said, keys["chair"], role="chair", nonce=4, plan=plan, at=at, days=1.5
    ... )
    >>> until = datetime(2026, 12, 1, tzinfo=UTC)
    >>> verify(signed, roster, plan=plan, at=at)
    >>> verify(signed, roster, plan=plan, at=until)
    >>> signed.message["validUntil"] - signed.message["validFrom"] == 1.5 * 86_400
    True
    >>> verify(signed, roster, plan=plan, at=at - timedelta(seconds=1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.NotYetValid: Approval 4 of chair: holds from ...
    >>> verify(signed, roster, plan=plan, at=until + timedelta(seconds=1))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.Expired: Approval 4 of chair: held until ...

    It goes on in ``signatures.md``.
    """
    what = f"{signed.kind} {signed.nonce} of {signed.role}"
    if at.tzinfo is None:
        raise SignatureError("a time needs its zone")
    if recover(signed, plan).lower() != str(signed.signer).lower():
        raise Altered(f"{what}: it is not what {signed.signer[:10]} signed for this plan")
    if signed.role not in roster:
        raise WrongKey(f"{what}: {signed.role} may not sign it; {', '.join(roster)} may")
    if roster[signed.role].lower() != signed.signer.lower():
        raise WrongKey(f"{what}: signed by {signed.signer[:10]}, not with the key of {signed.role}")
    first, last = (
        datetime.fromtimestamp(min(signed.message[end], _LATEST), UTC)
        for end in ("validFrom", "validUntil")
    )
    now = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"  # by the same clock
    if at < first:
        raise NotYetValid(f"{what}: holds from {first:%Y-%m-%d %H:%M}, and it is {now}")
    if at > last:
        raise Expired(f"{what}: held until {last:%Y-%m-%d %H:%M}, and it is {now}")


def in_turn(signed: Signed, used: Sequence[int]) -> None:
    """Refuse a number that its signer used before (`Replayed`) or that comes after a later one
    (`OutOfOrder`).

    Examples
    --------
    >>> said = Signed("LogHead", {"role": "chair", "nonce": 5}, "0x1", "0x2")
    >>> in_turn(said, []), in_turn(said, [4, 2])
    (None, None)
    >>> in_turn(said, [5])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.Replayed: LogHead 5 of chair: that number was ...
    >>> in_turn(said, [2, 7, 4])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.OutOfOrder: LogHead 5 of chair: comes after ...
    """
    what = f"{signed.kind} {signed.nonce} of {signed.role}"
    if signed.nonce in used:
        raise Replayed(f"{what}: that number was used before; a statement counts once")
    if used and signed.nonce < max(used):
        raise OutOfOrder(
            f"{what}: comes after number {max(used)}; sign it again with a later number"
        )


def twin(signed: Signed) -> Signed:
    """The second valid signature that anyone can make of a first, without the key: (r, n - s) for
    (r, s).

    Hence replays are known by the signer's number, never by the signature's bytes.

    Examples
    --------
    >>> (key,) = demonstration_keys(["chair"], np.random.default_rng(1)).values()
    >>> at, plan = datetime(2026, 11, 29, tzinfo=UTC), "ab" * 32
    >>> said = head_content(Head(7, "0f" * 32))
    >>> first = sign("LogHead", said, key, role="chair", nonce=1, plan=plan, at=at, days=1)
    >>> second = twin(first)
    >>> second.signature[:66] == first.signature[:66], second.signature == first.signature
    (True, False)
    >>> recover(second, plan) == recover(first, plan) == address(key), twin(second) == first
    (True, True)
    """
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    raw = bytes.fromhex(signed.signature[2:])
    s = (order - int.from_bytes(raw[32:64], "big")).to_bytes(32, "big")
    return replace(signed, signature="0x" + (raw[:32] + s + bytes([55 - raw[64]])).hex())


@dataclass(frozen=True)
class Key:
    """A key of a role: its address, and the first and the last moment at which it counts.

    A key is replaced by giving the old one a last moment and the new one a first; it is revoked by
    a last moment alone. What it signed while it counted stays signed.

    Examples
    --------
    >>> day = datetime(2026, 11, 29, tzinfo=UTC)
    >>> one = Key("0x1", day, day + timedelta(days=2))
    >>> [one.counts(day + timedelta(days=d)) for d in (-1, 0, 1, 2, 3)]
    [False, True, True, True, False]
    >>> Key("0x1").counts(day), Key("0x1", last=day).counts(day), Key("0x1", first=day).counts(day)
    (True, True, True)
    """

    address: str
    first: datetime | None = None
    last: datetime | None = None

    def counts(self, at: datetime) -> bool:
        """Whether it counts at a moment."""
        return (self.first is None or self.first <= at) and (self.last is None or at <= self.last)


def in_force(
    roster: Mapping[str, str] | Mapping[str, Sequence[Key]], at: datetime
) -> dict[str, str]:
    """The address of each role's key at a moment; a role whose keys are all over has none.

    Raises `SignatureError` where two keys of a role count at once: nobody could say which was meant
    to be gone.

    Examples
    --------
    >>> in_force({"operations": "0xAb"}, datetime(2026, 11, 29, tzinfo=UTC))
    {'operations': '0xAb'}

    Of a role whose key was replaced the one that counts; of one whose key is over, none:

    >>> day = datetime(2026, 11, 29, tzinfo=UTC)
    >>> old, new = Key("0xA", last=day), Key("0xB", first=day + timedelta(days=1))
    >>> [in_force({"chair": [old, new], "gone": [old]}, day + timedelta(days=d)) for d in (0, 2)]
    [{'chair': '0xA', 'gone': '0xA'}, {'chair': '0xB'}]
    >>> in_force({"chair": [old, Key("0xC")]}, day)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: chair: two keys count on ...
    """
    found = {}
    for role, keys in roster.items():
        counting = [keys] if isinstance(keys, str) else [k.address for k in keys if k.counts(at)]
        if len(counting) > 1:
            raise SignatureError(f"{role}: two keys count on {at:%Y-%m-%d}; end one of them")
        found.update({role: counting[0]} if counting else {})
    return found


def keys_due(
    roster: Mapping[str, Sequence[Key]], at: datetime, *, longest: timedelta, notice: timedelta
) -> dict[str, str]:
    """Which roles' keys are to be replaced, and why: none counts or two do, no last moment, too
    long, or soon over.

    Parameters
    ----------
    longest : how long a key may count, from its first moment to its last.
    notice : how long before its last moment people are told.

    Examples
    --------
    A key may count for a year, and people are told 30 days before its end.

    >>> day = datetime(2026, 11, 29, tzinfo=UTC)
    >>> def key(first, last):
    ...     return Key("0xA", day + timedelta(days=first), day + timedelta(days=last))
    >>> roster = {
    ...     "fine": [key(-335, 30)],
    ...     "soon": [key(-300, 29)],
    ...     "followed": [key(-300, 29), key(30, 300)],
    ...     "not followed": [key(-300, 29), key(-600, -301)],
    ...     "starts today": [key(0, 28)],
    ...     "no first": [key(-300, 27), Key("0xB", last=day - timedelta(days=400))],
    ...     "long": [key(-300, 66)],
    ...     "endless": [Key("0xA", first=day)],
    ...     "from ever": [Key("0xA", last=day)],
    ...     "over": [key(-300, -1)],
    ...     "two": [key(-300, 30), key(-1, 300)],
    ... }
    >>> for role, why in keys_due(
    ...     roster, day, longest=timedelta(365), notice=timedelta(30)
    ... ).items():
    ...     print(f"{role}: {why}")
    soon: its key counts until 2026-12-28, and no other follows
    not followed: its key counts until 2026-12-28, and no other follows
    starts today: its key counts until 2026-12-27, and no other follows
    no first: its key counts until 2026-12-26, and no other follows
    long: its key counts for more than 365 days
    endless: its key has no first or no last moment
    from ever: its key has no first or no last moment
    over: no key counts
    two: two keys count at once; end one of them
    """
    found = {}
    for role, keys in roster.items():
        counting = [key for key in keys if key.counts(at)]
        if not counting:
            found[role] = "no key counts"
            continue
        if len(counting) > 1:
            found[role] = "two keys count at once; end one of them"
            continue
        (key,) = counting
        if key.first is None or key.last is None:
            found[role] = "its key has no first or no last moment"
        elif key.last - key.first > longest:
            found[role] = f"its key counts for more than {longest.days} days"
        elif key.last - at < notice and not any(k.first and k.first > at for k in keys):
            found[role] = f"its key counts until {key.last:%Y-%m-%d}, and no other follows"
    return found


def roster_from_json(content: Any) -> dict[str, list[Key]]:
    """The keys by role of a roster file: an address, or a list of ``address``, ``from``, ``until``.

    `SignatureError` naming the role whose entry is none.

    Examples
    --------
    >>> one, other = "0x" + "aB" * 20, "0x" + "12" * 20
    >>> told = {"chair": one, "counsel": [{"address": other, "from": "2026-01-01", "until": None}]}
    >>> found = roster_from_json(
    ...     told | {"ops": [{"address": one, "until": "2026-06-30T12:00+02:00"}]}
    ... )
    >>> (
    ...     found["chair"] == [Key(one)],
    ...     found["counsel"] == [Key(other, datetime(2026, 1, 1, tzinfo=UTC))],
    ... )
    (True, True)
    >>> found["ops"][0].last == datetime(2026, 6, 30, 10, tzinfo=UTC), found["ops"][0].first
    (True, None)
    >>> roster_from_json({})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: a roster is a mapping from ...
    >>> roster_from_json({"chair": one[:-1]})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: roster: chair: '0x...' is no ...
    """
    if not isinstance(content, Mapping) or not content:
        raise SignatureError("a roster is a mapping from role to address, or to a list of keys")
    found = {}
    for role, told in content.items():
        listed = [{"address": told}] if isinstance(told, str) else told
        try:
            found[str(role)] = [
                Key(_address(key["address"]), _moment(key.get("from")), _moment(key.get("until")))
                for key in listed
            ]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SignatureError(
                f"roster: {role}: {told!r} is no address, nor a list of address, from and until "
                f"({error})"
            ) from error
    return found


def _address(text: Any) -> str:
    if not re.fullmatch("0x[0-9a-fA-F]{40}", str(text)):
        raise ValueError(f"{text!r}: an address is 0x and 40 hex digits")
    return str(text)


def _moment(text: Any) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def address(key: bytes) -> str:
    """The short name of a key's public half: the last 20 bytes of its keccak256.

    Examples
    --------
    The key of the standard's example, and that of the number one:

    >>> from eth_utils import keccak
    >>> address(keccak(text="cow")), address(bytes(31) + b"\\x01")
    ('0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826', '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf')
    """
    from eth_account import Account

    return str(Account.from_key(key).address)


def demonstration_keys(roles: Sequence[str], rng: np.random.Generator) -> dict[str, bytes]:
    """One key a role, from a generator: for demonstration, since whoever knows the seed knows the
    keys."""
    return {role: rng.bytes(32) for role in roles}


def _stamp(at: datetime) -> int:
    if at.tzinfo is None:
        raise SignatureError("a time needs its zone")
    return int(at.timestamp())


def head_content(head: Head) -> dict[str, Any]:
    """The head of a log as fields to sign: whoever keeps the statement can tell later whether the
    log was cut.

    Examples
    --------
    >>> said = head_content(Head(7, "0f" * 32))
    >>> said == {"number": 7, "digest": b"\\x0f" * 32}
    True
    >>> head_of(Signed("LogHead", said, "0x1", "0x2")) == Head(7, "0f" * 32)
    True
    """
    return {"number": head.number, "digest": bytes.fromhex(head.digest)}


def head_of(signed: Signed) -> Head:
    """The head that was signed; verify the statement first."""
    return Head(int(signed.message["number"]), signed.message["digest"].hex())


# ---- views ---------------------------------------------------------------------------------------


def view_content(view: View) -> dict[str, Any]:
    """A view as fields to sign: every number as the shortest text that reads back as the same
    number."""
    return {
        "name": view.name,
        "portfolio": [{"asset": a, "weight": repr(float(w))} for a, w in view.portfolio.items()],
        "q": repr(float(view.q)),
        "variance": "" if view.variance is None else repr(float(view.variance)),
        "confidence": "" if view.confidence is None else repr(float(view.confidence)),
        "author": view.author,
        "asOf": view.as_of,
        "reason": view.reason,
        "version": view.version,
    }


def view_of(signed: Signed) -> View:
    """The view that was signed; `SignatureError` where its fields are not those that `view_content`
    writes.

    Examples
    --------
    A view, signed and read back, is the same; numbers that were written otherwise than
    `view_content` writes them are refused, since their digest is another.

    >>> view = View(
    ...     "US", {"US": 1.25, "EU": -0.25}, 0.01, "research", "2026-11-29", "so", 0.0004, version=3
    ... )
    >>> told = view_content(view)
    >>> told["q"], told["variance"], told["confidence"], told["version"]
    ('0.01', '0.0004', '', 3)
    >>> [tuple(leg.values()) for leg in told["portfolio"]]
    [('EU', '-0.25'), ('US', '1.25')]
    >>> view_of(Signed("InvestorView", told, "0x1", "0x2")) == view
    True
    >>> sure = View("US", {"US": 1.0}, 0.01, "research", "2026-11-29", "so", confidence=0.5)
    >>> view_of(Signed("InvestorView", view_content(sure), "0x1", "0x2")) == sure
    True
    >>> view_of(Signed("InvestorView", told | {"q": "0.010"}, "0x1", "0x2"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: view 'US': not in canonical ...
    >>> view_of(Signed("LogHead", told, "0x1", "0x2"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    portlib.stewardship.governance.signatures.SignatureError: a statement of kind LogHead ...
    """
    m = signed.message
    if signed.kind != "InvestorView":
        raise SignatureError(f"a statement of kind {signed.kind} holds no view")
    try:
        unsure = {name: float(m[name]) if m[name] else None for name in ("variance", "confidence")}
        held = {leg["asset"]: float(leg["weight"]) for leg in m["portfolio"]}
        q = float(m["q"])
    except ValueError as error:
        raise SignatureError(f"view {m['name']!r}: {error}; use view_content") from error
    view = View(
        m["name"],
        held,
        q,
        m["author"],
        m["asOf"],
        m["reason"],
        **unsure,
        version=m["version"],
    )
    if wrong := [name for name, value in view_content(view).items() if m[name] != value]:
        raise SignatureError(
            f"view {view.name!r}: not in canonical form: {', '.join(wrong)}; use view_content"
        )
    return view
