"""The secrets of a whole journal: for blind indexes, for digests, for sealed files.

All come from one root of 32 random bytes, which the store keeps wrapped by a master key as
``length of the master's id 1 | id | wrapped root``.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import urandom
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fengkong.protection.errors import TamperedKeyError
from fengkong.protection.subject_keys import KeyStore
from fengkong.protection.wrapping import MasterKeys, unwrap, wrap

STORED_AS: Final = "journal root"
_ROOT_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class JournalSecrets:
    """Keys that no subject owns; they stay the same through every rotation of masters."""

    index: bytes
    received: bytes
    files: bytes


def load_secrets(store: KeyStore, *, masters: MasterKeys, journal_id: bytes) -> JournalSecrets:
    """The secrets of a journal, made and stored where it has none yet."""
    stored = store.secret(STORED_AS)
    if stored is None:
        root = urandom(_ROOT_BYTES)
        store.put_secret(STORED_AS, _wrapped(root, masters=masters, journal_id=journal_id))
    else:
        root = _root(stored, masters=masters, journal_id=journal_id)
    return JournalSecrets(
        index=derived(root, purpose=b"fengkong blind index"),
        received=derived(root, purpose=b"fengkong received digest"),
        files=derived(root, purpose=b"fengkong sealed files"),
    )


def rewrap_secrets(store: KeyStore, *, masters: MasterKeys, journal_id: bytes) -> bool:
    """Put the root under the current master; False where it already was, or does not exist."""
    stored = store.secret(STORED_AS)
    if stored is None or _master_id(stored) == masters.current().id:
        return False
    root = _root(stored, masters=masters, journal_id=journal_id)
    store.put_secret(STORED_AS, _wrapped(root, masters=masters, journal_id=journal_id))
    return True


def secrets_master(store: KeyStore) -> str | None:
    """The id of the master that wraps the root; None where there is no root."""
    stored = store.secret(STORED_AS)
    return None if stored is None else _master_id(stored)


def derived(secret: bytes, *, purpose: bytes) -> bytes:
    """32 bytes for one purpose alone (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret)


def _wrapped(root: bytes, *, masters: MasterKeys, journal_id: bytes) -> bytes:
    master = masters.current()
    name = master.id.encode()
    wrapped = wrap(root, master=master, purpose=_purpose(journal_id))
    return bytes((len(name),)) + name + wrapped


def _root(stored: bytes, *, masters: MasterKeys, journal_id: bytes) -> bytes:
    master = masters.by_id(_master_id(stored))
    return unwrap(stored[1 + stored[0] :], master=master, purpose=_purpose(journal_id))


def _master_id(stored: bytes) -> str:
    try:
        return stored[1 : 1 + stored[0]].decode()
    except (IndexError, UnicodeDecodeError):
        raise TamperedKeyError("the journal's root secret has a form nobody wrote") from None


def _purpose(journal_id: bytes) -> bytes:
    return b"journal root\0" + journal_id
