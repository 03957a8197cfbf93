"""Signatures as the Standard Webhooks specification has them."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.webhooks.signing import (
    InvalidSignatureError,
    new_secret,
    signature_headers,
    verify,
)

# The example of the specification's reference libraries (their test for `sign`).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers_of(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    return signature_headers(
        message_id=MESSAGE, timestamp=TIMESTAMP, body=body, secrets_valid=secrets
    )


def test_known_answer() -> None:
    assert headers_of(SECRET) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


def test_a_secret_is_32_random_bytes() -> None:
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    for secret in made:
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret[6:], validate=True)) == 32


@given(body=st.binary(max_size=200), key=st.binary(min_size=24, max_size=64))
def test_signatures_are_those_of_a_naive_implementation(body: bytes, key: bytes) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    text = MESSAGE.encode() + b"." + str(TIMESTAMP).encode() + b"." + body
    naive = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    headers = headers_of(secret, body=body)
    assert headers["webhook-signature"] == f"v1,{naive}"
    verify(headers, body=body, secret=secret, now=TIMESTAMP + 300)


def test_both_secrets_of_a_rotation_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = headers_of(new, old)
    for secret in (old, new):
        verify(headers, body=BODY, secret=secret, now=TIMESTAMP)


@pytest.mark.parametrize(
    ("change", "now"),
    [
        ({}, TIMESTAMP + 301),
        ({}, TIMESTAMP - 301),
        ({"webhook-id": "msg_other"}, TIMESTAMP),
        ({"webhook-timestamp": str(TIMESTAMP + 1)}, TIMESTAMP),
        ({"webhook-timestamp": "soon"}, TIMESTAMP),
        ({"webhook-signature": "v1,AAAA"}, TIMESTAMP),
        ({"webhook-signature": "v2," + SIGNATURE[3:]}, TIMESTAMP),
        ({"webhook-signature": ""}, TIMESTAMP),
        ({"webhook-signature": "v1,\xe4"}, TIMESTAMP),
    ],
)
def test_what_is_not_signed_is_refused(change: dict[str, str], now: int) -> None:
    with pytest.raises(InvalidSignatureError):
        verify(headers_of(SECRET) | change, body=BODY, secret=SECRET, now=now)


@pytest.mark.parametrize(
    "secret", ["whsec_AAAA", "whsec_%", new_secret()], ids=["short", "odd", "another"]
)
def test_another_secret_is_refused(secret: str) -> None:
    with pytest.raises(InvalidSignatureError):
        verify(headers_of(SECRET), body=BODY, secret=secret, now=TIMESTAMP)


def test_a_message_without_headers_is_refused() -> None:
    with pytest.raises(InvalidSignatureError, match="missing"):
        verify({}, body=BODY, secret=SECRET, now=TIMESTAMP)
