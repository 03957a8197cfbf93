"""A new master key under a running service: every key is wrapped anew, no payload is touched.

Rotation goes in small transactions and keeps no state of its own: what is not yet under the current
master is what remains. It may be killed anywhere and started again. The old master stays until an
hour after it was replaced, because a service may hold a key it wrapped a moment before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import msgspec

from fengkong.core.instants import HOUR_US
from fengkong.protection.journal_secrets import rewrap_secrets, secrets_master
from fengkong.protection.masters import FileMasters
from fengkong.protection.subject_keys import KeyStore, SubjectKey
from fengkong.protection.vault import key_purpose
from fengkong.protection.wrapping import MasterKeys, unwrap, wrap

BATCH_KEYS: Final = 500
RETIRED_AFTER_US: Final = HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What a rotation did: the master that is now current, and how many keys it wrapped."""

    master_id: str
    rewrapped: int


def is_finished(store: KeyStore, *, masters: MasterKeys) -> bool:
    """Whether everything is under the current master."""
    current = masters.current().id
    return (
        secrets_master(store) in {None, current}
        and len(store.subject_keys(not_under=current, limit=1)) == 0
    )


def rotate(
    store: KeyStore,
    *,
    masters: MasterKeys,
    journal_id: bytes,
    progress: Callable[[int], None] = lambda rewrapped: None,
) -> Rotation:
    """Put everything under the current master; `progress` is told the count after each commit.

    Add the new master first (`FileMasters.add`), unless `is_finished` says that one still waits.
    """
    masters.reload()
    rewrapped = 0
    # The current master is asked for in every step: two rotations at once then have one aim.
    while keys := store.subject_keys(not_under=masters.current().id, limit=BATCH_KEYS):
        store.rewrap([_rewrapped(key, masters=masters, journal_id=journal_id) for key in keys])
        rewrapped += len(keys)
        progress(rewrapped)
    rewrap_secrets(store, masters=masters, journal_id=journal_id)
    return Rotation(master_id=masters.current().id, rewrapped=rewrapped)


def retire(store: KeyStore, *, masters: FileMasters, now: int) -> list[str]:
    """Remove the master keys that nothing needs any more, and return their ids.

    That is none while a rotation is unfinished, and none within an hour of being replaced. Backups
    from before the rotation need the masters of their time: an erased subject is erased from those
    too once they are removed, and so is everybody else.
    """
    if not is_finished(store, masters=masters):
        return []
    ages = masters.ages()
    ids = list(ages)
    retired = [older for older, newer in pairwise(ids) if ages[newer] + RETIRED_AFTER_US <= now]
    if retired:
        masters.remove(retired)
    return retired


def _rewrapped(key: SubjectKey, *, masters: MasterKeys, journal_id: bytes) -> SubjectKey:
    assert key.wrapped is not None, "a store lists living keys only"
    purpose = key_purpose(journal_id, key)
    secret = unwrap(key.wrapped, master=masters.by_id(key.master_id), purpose=purpose)
    master = masters.current()
    wrapped = wrap(secret, master=master, purpose=purpose)
    return msgspec.structs.replace(key, master_id=master.id, wrapped=wrapped)
