"""The ciphers against Wycheproof: what is valid opens, what is not is refused."""

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fengkong.protection.aead import ALGORITHMS, Sm4Gcm

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "vectors" / "wycheproof" / "testvectors_v1"
raw = bytes.fromhex

Case = dict[str, Any]


def cases(name: str) -> Iterator[tuple[Case, Case]]:
    path = FOLDER / f"{name}_test.json"
    if not path.exists():
        pytest.skip("the Wycheproof vectors are not beside this checkout")
    for group in json.loads(path.read_text(encoding="utf-8"))["testGroups"]:
        for case in group["tests"]:
            yield group, case


def aead_agrees(cipher: Callable[[bytes], Any], case: Case) -> bool:
    """Both directions give what the case says."""
    sealed = raw(case["ct"] + case["tag"])
    opener = cipher(raw(case["key"]))
    opened = opener.decrypt(raw(case["iv"]), sealed, raw(case["aad"]))
    again = opener.encrypt(raw(case["iv"]), raw(case["msg"]), raw(case["aad"]))
    return bool(opened == raw(case["msg"]) and again == sealed)


@pytest.mark.parametrize(("name", "cipher"), [("aes_gcm", AESGCM), ("sm4_gcm", Sm4Gcm)])
def test_ciphers(name: str, cipher: Callable[[bytes], Any]) -> None:
    checked = 0
    for _, case in cases(name):
        if case["result"] == "valid" and len(raw(case["iv"])) == 12:
            assert aead_agrees(cipher, case), case["tcId"]
            checked += 1
        elif case["result"] == "invalid":
            with pytest.raises((InvalidTag, ValueError)):
                assert aead_agrees(cipher, case), case["tcId"]
            checked += 1
    assert checked >= 50


def test_hmac_sha256() -> None:
    checked = 0
    for group, case in cases("hmac_sha256"):
        tag = hmac.digest(raw(case["key"]), raw(case["msg"]), "sha256")[: group["tagSize"] // 8]
        assert hmac.compare_digest(tag, raw(case["tag"])) is (case["result"] == "valid")
        checked += 1
    assert checked >= 100


def test_hkdf_sha256() -> None:
    checked = 0
    for _, case in cases("hkdf_sha256"):
        if case["result"] == "valid":
            derivation = HKDF(
                algorithm=SHA256(),
                length=case["size"],
                salt=raw(case["salt"]) or None,
                info=raw(case["info"]),
            )
            assert derivation.derive(raw(case["ikm"])) == raw(case["okm"]), case["tcId"]
            checked += 1
    assert checked >= 50


def test_ed25519() -> None:
    checked = 0
    for group, case in cases("ed25519"):
        key = Ed25519PublicKey.from_public_bytes(raw(group["publicKey"]["pk"]))
        if case["result"] == "valid":
            key.verify(raw(case["sig"]), raw(case["msg"]))
        else:
            with pytest.raises(InvalidSignature):
                key.verify(raw(case["sig"]), raw(case["msg"]))
        checked += 1
    assert checked >= 100


def test_algorithms_have_the_numbers_that_envelopes_hold() -> None:
    """These stand in stored envelopes: they never change."""
    numbers = {name: (one.number, one.key_bytes) for name, one in ALGORITHMS.items()}
    assert numbers == {"aes-256-gcm": (1, 32), "sm4-gcm": (2, 16)}
