"""The keys of subjects as a store keeps them: one for each person, wrapped by a master key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

SUBJECT_BYTES: Final = 16
KEY_ID_BYTES: Final = 8


class SubjectKey(msgspec.Struct, frozen=True, kw_only=True):
    """One subject's key. A destroyed key leaves its row as a tombstone without `wrapped`.

    `subject` is a blind index of 16 bytes, `key_id` 8 random bytes, instants are microseconds.
    """

    subject: bytes
    key_id: bytes
    master_id: str
    wrapped: bytes | None
    created_at: int
    destroyed_at: int | None = None


class KeyStore(Protocol):
    """Where the wrapped keys live: beside the journal, in the same commits as its entries."""

    def subject_key(self, subject: bytes) -> SubjectKey | None:
        """The key or the tombstone of a subject; None for one never seen."""
        ...

    def subject_keys(self, *, not_under: str, limit: int) -> Sequence[SubjectKey]:
        """At most `limit` living keys that are wrapped by another master than `not_under`."""
        ...

    def rewrap(self, keys: Sequence[SubjectKey]) -> None:
        """Replace master id and wrapped bytes of these keys in one durable transaction.

        Only a living row of the same subject and key id changes: a key that was destroyed
        meanwhile stays destroyed.
        """
        ...

    def destroy(self, subject: bytes, *, at: int) -> bool:
        """Overwrite a subject's wrapped key, durably, and leave the tombstone.

        False where there is no living key. Nothing of the wrapped bytes may remain in the store.
        """
        ...

    def secret(self, name: str) -> bytes | None:
        """A named secret of the journal in its wrapped form."""
        ...

    def put_secret(self, name: str, value: bytes) -> None:
        """Write or replace a named secret, durably."""
        ...
