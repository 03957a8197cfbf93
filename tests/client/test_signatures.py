"""Signatures of RFC 9421: what is covered cannot be changed."""

import base64
import re
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from fengkong.client.signatures import (
    InvalidSignatureError,
    Message,
    content_digest,
    is_digest_of,
    parse_signature,
    sign,
    signature_base,
    signing_key,
)

KEY = signing_key("s" * 43)
BODY = b'{"id": "e-1"}'
MESSAGE = Message(
    method="POST",
    authority="127.0.0.1:8700",
    path="/v1/decisions",
    query="?",
    headers={"content-digest": content_digest(BODY), "content-type": "application/json"},
)


def signed(message: Message = MESSAGE) -> dict[str, str]:
    return sign(message, key=KEY, key_id="0123456789abcdef", nonce="n-1", created=1_793_534_400)


def check(headers: dict[str, str], message: Message = MESSAGE) -> Any:
    signature = parse_signature(
        signature_input=headers["Signature-Input"], signature=headers["Signature"]
    )
    signature.verify(message, key=KEY.public_key())
    return signature


def test_the_example_of_the_rfc() -> None:
    """RFC 9421, appendix B.2.6: Ed25519 with the key of B.1.4."""
    seed = base64.b64decode("n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    components = ("date", "@method", "@path", "@authority", "content-type", "content-length")
    parameters = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    message = Message(
        method="POST",
        authority="example.com",
        path="/foo",
        query="?param=Value&Pet=dog",
        headers={
            "date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "content-type": "application/json",
            "content-length": "18",
        },
    )
    base = signature_base(message, components=components, parameters=parameters)
    expected = (
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    )
    assert base64.b64encode(key.sign(base)).decode() == expected


def test_the_example_digest_of_the_rfc() -> None:
    """RFC 9530, appendix A: the digest of an empty body is that of SHA-256."""
    assert content_digest(b"") == "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"


def test_what_was_signed_is_known_again() -> None:
    signature = check(signed())
    assert signature.key_id == "0123456789abcdef"
    assert (signature.nonce, signature.created) == ("n-1", 1_793_534_400)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"authority": "evil"},
        {"path": "/v1/events"},
        {"path": "/v1/decisions/"},
        {"query": "?a=1"},
        {"headers": {"content-digest": content_digest(BODY + b" ")}},
        {"headers": {}},
    ],
)
def test_nothing_covered_can_be_changed(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidSignatureError):
        check(signed(), replace(MESSAGE, **change))


def test_the_order_of_a_query_is_covered() -> None:
    headers = signed(replace(MESSAGE, query="?a=1&b=2"))
    with pytest.raises(InvalidSignatureError):
        check(headers, replace(MESSAGE, query="?b=2&a=1"))


def test_another_key_is_not_this_one() -> None:
    other: Ed25519PublicKey = signing_key("t" * 43).public_key()
    signature = check(signed())
    with pytest.raises(InvalidSignatureError):
        signature.verify(MESSAGE, key=other)


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ('alg="ed25519"', 'alg="none"'),
        ('alg="ed25519"', 'alg="hmac-sha256"'),
        ('"@method" ', ""),
        ('"@query" ', ""),
        (' "content-digest"', ""),
        ('"@path"', '"@path" "@path"'),
        ('"@path"', '"@path";req'),
        (r";created=\d+", ""),
        (r";created=\d+", ";created=-1"),
        (r";created=\d+", ';created="x"'),
        (";keyid=", ";keyname="),
        (';nonce="n-1"', ""),
        (';nonce="n-1"', ';nonce="n-1";nonce="n-2"'),
        (';nonce="n-1"', ";nonce=1"),
        ("^fengkong=", "other="),
        ("$", ', b=("@method");created=1'),
        (r"\)", ' "@status")'),
        (r"\)", ' "x-absent")'),
    ],
)
def test_what_is_said_of_the_signature_is_held_to_its_form(pattern: str, replacement: str) -> None:
    headers = signed()
    changed = re.sub(pattern, replacement, headers["Signature-Input"])
    assert changed != headers["Signature-Input"]
    with pytest.raises(InvalidSignatureError):
        check(headers | {"Signature-Input": changed})


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_headers_are_anything_but_refused(first: str, second: str) -> None:
    with pytest.raises(InvalidSignatureError):
        parse_signature(signature_input=first, signature=second)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_digest_is_of_one_body(first: bytes, second: bytes) -> None:
    assert is_digest_of(content_digest(first), second) is (first == second)
