"""Typed data of EIP-712: the standard's own example, and the same with lists, bit for bit."""

import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from portlib.stewardship.governance import signatures
from portlib.stewardship.model_validation.replications import CASES

CASE = json.loads((CASES / "eip712_typed_data.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("which", ["one", "lists"])
def test_digest_computed_from_the_text_of_the_standard(which: str) -> None:
    full = CASE[which]["full"]
    assert signatures.encode_type("Mail", full["types"]) == CASE[which]["encoded_type"]
    assert signatures.digest(full).hex() == CASE[which]["digest"]


@pytest.mark.parametrize("which", ["one", "lists"])
def test_digest_of_the_library_that_signs(which: str) -> None:
    message = encode_typed_data(full_message=CASE[which]["full"])
    assert (
        keccak(b"\x19" + message.version + message.header + message.body).hex()
        == CASE[which]["digest"]
    )


def test_signature_and_address_of_the_example() -> None:
    key = keccak(text=CASE["one"]["key_is_keccak256_of"])
    signed = Account.sign_message(encode_typed_data(full_message=CASE["one"]["full"]), key)
    assert signatures.address(key) == CASE["one"]["address"]
    assert bytes(signed.signature).hex() == CASE["one"]["signature"]
