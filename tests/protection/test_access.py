"""API keys: shown once, kept as hashes, ended at once, and no clock gives one more time."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.instants import DAY_US, HOUR_US, SECOND_US
from fengkong.protection.access import Access
from fengkong.protection.api_keys import SCOPES, KeyTerms, issue, signing_key
from fengkong.protection.errors import (
    AccessUnavailableError,
    ForeignAccessFileError,
    InvalidTermsError,
    UnknownKeyError,
    UnsafeFileError,
)

NOW = 1_800_000_000_000_000
TERMS = KeyTerms(name="checkout", scopes=frozenset({"decide", "read"}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.db"


@pytest.fixture
def access(path: Path) -> Iterator[Access]:
    access = Access(path)
    yield access
    access.close()


@pytest.fixture
def other(path: Path, access: Access) -> Iterator[Access]:
    """The same file as another process has it open."""
    other = Access(path)
    yield other
    other.close()


def seen(access: Access, text: str, now: int) -> str | None:
    """The id of the key that is let in."""
    key = access.authenticate(text, now)
    return None if key is None else key.id


def test_a_key_is_let_in_with_its_whole_text(access: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    key = access.authenticate(issued.text, NOW + SECOND_US)
    assert key is not None
    assert replace(key, last_used_at=None) == issued.key
    assert issued.text.startswith(f"fk_{key.id}_")
    assert len(issued.text) == 63
    assert access.signer(key.id, NOW + SECOND_US) == key


def test_whatever_is_not_the_text_looks_the_same(access: Access) -> None:
    text = access.create(TERMS, now=NOW).text
    other = access.create(TERMS, now=NOW).text
    wrongs = [
        "",
        "fk_",
        text[:-1],
        text + "x",
        " " + text,
        text.upper(),
        text[:19] + "-" + text[20:],
        "FK_" + text[3:],
        text[:20] + other[20:],
        other[:20] + text[20:],
        "fk_" + "0" * 16 + text[19:],
        "\ud800" * 63,
        "密" * 63,
        "x" * 1_000_000,
    ]
    assert [access.authenticate(wrong, NOW + SECOND_US) for wrong in wrongs] == [None] * len(wrongs)


def test_every_changed_character_is_refused(access: Access) -> None:
    text = access.create(TERMS, now=NOW).text
    for place in range(len(text)):
        changed = text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]
        assert access.authenticate(changed, NOW + SECOND_US) is None


@given(text=st.text(max_size=80))
def test_no_text_is_an_error(text: str) -> None:
    access = Access.__new__(Access)
    issued = issue(TERMS, now=0)
    access._keys, access._nobody, access._used = {}, issue(TERMS, now=0).key, {}
    access._polled_at, access._latest = NOW, NOW
    assert access.authenticate(text, NOW) is None
    assert access.authenticate(issued.text, NOW) is None


def test_nothing_kept_is_the_secret_or_a_part_of_it(path: Path, access: Access) -> None:
    text = access.create(TERMS, now=NOW).text
    access.flush()
    access.close()
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    secret = text[20:]
    assert secret.encode() not in kept
    assert hashlib.sha256(secret.encode()).digest() in kept
    assert signing_key(secret).private_bytes_raw() not in kept
    assert secret not in repr(issue(TERMS, now=NOW))


def test_the_holder_signs_and_the_kept_key_checks(access: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    signature = signing_key(issued.text[20:]).sign(b"request")
    key = access.signer(issued.key.id, NOW + SECOND_US)
    assert key is not None
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, b"request")


def test_another_process_sees_a_new_and_a_revoked_key_within_a_second(
    access: Access, other: Access
) -> None:
    other.authenticate("", NOW)
    issued = access.create(TERMS, now=NOW)
    assert seen(other, issued.text, NOW + SECOND_US) == issued.key.id
    access.revoke(issued.key.id, now=NOW + SECOND_US)
    assert seen(other, issued.text, NOW + 2 * SECOND_US) is None
    assert other.signer(issued.key.id, NOW + 2 * SECOND_US) is None
    assert seen(access, issued.text, NOW + 2 * SECOND_US) is None


def test_a_revocation_is_seen_though_the_clock_stands_or_goes_back(
    access: Access, other: Access
) -> None:
    issued = access.create(TERMS, now=NOW)
    assert seen(other, issued.text, NOW) == issued.key.id
    access.revoke(issued.key.id, now=NOW)
    assert seen(other, issued.text, NOW - 3650 * DAY_US) is None


def test_a_real_process_revokes(path: Path, access: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    assert seen(access, issued.text, NOW) == issued.key.id
    code = (
        "import sys; from pathlib import Path; from fengkong.protection.access import Access\n"
        "access = Access(Path(sys.argv[1])); access.revoke(sys.argv[2], now=1); access.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(path), issued.key.id], check=True)
    assert seen(access, issued.text, NOW + SECOND_US) is None


def test_revoking_twice_keeps_the_first_instant(access: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    access.revoke(issued.key.id, now=NOW + 1)
    access.revoke(issued.key.id, now=NOW + 2)
    assert [key.revoked_at for key in access.list()] == [NOW + 1]
    with pytest.raises(UnknownKeyError):
        access.revoke("0" * 16, now=NOW)


@pytest.mark.parametrize(("after", "valid"), [(-1, True), (0, False), (1, False)])
def test_a_key_ends_at_its_expiry(access: Access, after: int, valid: bool) -> None:
    issued = access.create(replace(TERMS, expires_at=NOW + HOUR_US), now=NOW)
    assert (seen(access, issued.text, NOW + HOUR_US + after) is not None) is valid


@pytest.mark.parametrize("step", [HOUR_US, DAY_US, 3650 * DAY_US])
def test_a_clock_that_goes_back_extends_no_expiry(path: Path, access: Access, step: int) -> None:
    issued = access.create(replace(TERMS, expires_at=NOW + HOUR_US), now=NOW)
    assert seen(access, issued.text, NOW) == issued.key.id
    assert seen(access, issued.text, NOW + HOUR_US) is None
    assert seen(access, issued.text, NOW + HOUR_US - step) is None
    access.flush()
    again = Access(path)
    try:
        assert seen(again, issued.text, NOW + HOUR_US - step) is None
    finally:
        again.close()


def test_an_operator_puts_a_clock_right(access: Access, other: Access) -> None:
    issued = access.create(replace(TERMS, expires_at=NOW + DAY_US), now=NOW)
    assert seen(access, issued.text, NOW + 3650 * DAY_US) is None
    access.flush()
    with pytest.raises(InvalidTermsError, match="latest time"):
        access.create(replace(TERMS, expires_at=NOW + DAY_US), now=NOW)
    other.accept_clock(now=NOW)
    assert seen(access, issued.text, NOW + SECOND_US) == issued.key.id
    access.flush()
    assert seen(other, issued.text, NOW + 2 * SECOND_US) == issued.key.id


def test_a_late_flush_does_not_undo_the_operator(access: Access, other: Access) -> None:
    issued = access.create(replace(TERMS, expires_at=NOW + DAY_US), now=NOW)
    assert seen(access, issued.text, NOW + 3650 * DAY_US) is None
    other.accept_clock(now=NOW)
    access.flush()  # it has not seen the acceptance yet
    assert seen(other, issued.text, NOW + SECOND_US) == issued.key.id


def test_last_use_is_kept(access: Access, other: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    assert access.list()[0].last_used_at is None
    seen(access, issued.text, NOW + SECOND_US)
    access.authenticate(issued.text[:-1] + "!", NOW + 9 * SECOND_US)
    assert access.list()[0].last_used_at == NOW + SECOND_US
    access.flush()
    assert other.list()[0].last_used_at == NOW + SECOND_US
    access.note_use(issued.key.id, NOW + 5 * SECOND_US)
    access.flush()
    assert other.list()[0].last_used_at == NOW + 5 * SECOND_US


def test_keys_are_listed_oldest_first(access: Access) -> None:
    ids = [access.create(TERMS, now=NOW + number).key.id for number in (2, 1, 3)]
    assert [key.id for key in access.list()] == [ids[1], ids[0], ids[2]]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 129},
        {"name": "a\nb"},
        {"scopes": frozenset()},
        {"scopes": frozenset({"decide", "fly"})},
        {"rate_per_second": 0.0},
        {"rate_per_second": -1.0},
        {"rate_per_second": float("nan")},
        {"rate_per_second": float("inf")},
        {"burst": 0},
        {"burst": 10**7},
        {"expires_at": NOW},
        {"expires_at": 0},
    ],
)
def test_terms_without_sense_make_no_key(access: Access, change: dict[str, object]) -> None:
    with pytest.raises(InvalidTermsError):
        access.create(replace(TERMS, **change), now=NOW)
    assert access.list() == []


def test_terms_at_their_limits_do(access: Access) -> None:
    terms = KeyTerms(
        name="密" * 128,
        scopes=frozenset(SCOPES),
        expires_at=NOW + 1,
        rate_per_second=0.01,
        burst=1,
        require_signature=True,
    )
    key = access.create(terms, now=NOW).key
    assert access.list() == [key]


def test_the_file_is_its_owners_alone(path: Path, access: Access) -> None:
    access.create(TERMS, now=NOW)
    assert {oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()} == {"0o600"}
    path.chmod(0o644)
    with pytest.raises(UnsafeFileError, match="chmod 600"):
        Access(path)


def test_a_foreign_file_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_bytes(b"not a database" * 100)
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE secrets (a)")
    connection.close()
    for file in (text, foreign):
        file.chmod(0o600)
        before = file.read_bytes()
        with pytest.raises(ForeignAccessFileError):
            Access(file)
        assert file.read_bytes() == before


def test_a_place_that_is_no_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AccessUnavailableError):
        Access(tmp_path / "absent" / "access.db")


def test_a_file_held_by_another_is_an_error_not_a_wait_for_ever(path: Path, access: Access) -> None:
    access._writer.set_busy_timeout(10)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccessUnavailableError):
        access.create(TERMS, now=NOW)
    holder.execute("ROLLBACK")
    holder.close()
    assert access.create(TERMS, now=NOW).key.id


def test_a_flush_that_failed_is_made_good_by_the_next(path: Path, access: Access) -> None:
    issued = access.create(TERMS, now=NOW)
    seen(access, issued.text, NOW + SECOND_US)
    access._writer.set_busy_timeout(10)
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(AccessUnavailableError):
        access.flush()
    holder.execute("ROLLBACK")
    holder.close()
    access.flush()
    again = Access(path)
    assert [key.last_used_at for key in again.list()] == [NOW + SECOND_US]
    again.close()
