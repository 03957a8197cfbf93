"""Entries made many at a time are entries made one by one, to the byte, whatever the tiles."""

import hmac
from os import urandom
from pathlib import Path

import pytest

from fengkong.journal.appending import Appender, Draft
from fengkong.journal.entries import event_hash, event_hashes
from fengkong.journal.sqlite_store import SqliteStore
from fengkong.protection.keyed_digest import KeyedDigest


def drafts(count: int, *, start: int) -> list[Draft]:
    return [
        Draft(
            "decision" if number % 3 else "event",
            f'事件-"{number}',
            event_hash(f'事件-"{number}'),
            b"payload %d" % number,
            b"r" * 16,
            b"s" * 16,
            "ab" * 32 if number % 3 else None,
            "allow" if number % 3 else None,
            late=number % 5 == 0,
            shadow="deny" if number % 7 == 0 else None,
        )
        for number in range(start, start + count)
    ]


@pytest.mark.parametrize("hash_name", ["sha256", "sm3"])
@pytest.mark.parametrize("before", [0, 1, 200])
@pytest.mark.parametrize("count", [1, 255, 256, 700])
def test_many_are_the_same_as_one_by_one(
    tmp_path: Path, before: int, count: int, hash_name: str
) -> None:
    store = SqliteStore.open(tmp_path / "journal.db", hash_name=hash_name)
    one_by_one, together = Appender(store), Appender(store)
    store.close()
    for appender in (one_by_one, together):
        for draft in drafts(before, start=0):
            _add(appender, draft)
    made = drafts(count, start=before)
    for draft in made:
        _add(one_by_one, draft)
    together.add_many(iter(made), recorded_at=7)
    assert together.next_sequence == one_by_one.next_sequence
    assert together.root() == one_by_one.root()
    found, expected = together.take_batch(), one_by_one.take_batch()
    assert list(found.entries) == list(expected.entries)
    assert list(found.tiles) == list(expected.tiles)


def _add(appender: Appender, draft: Draft) -> None:
    appender.add(
        kind=draft.kind,
        recorded_at=7,
        payload=draft.payload,
        event_id=draft.event_id,
        policy=draft.policy,
        outcome=draft.outcome,
        subject=draft.subject,
        received=draft.received,
        late=draft.late,
        shadow=draft.shadow,
    )


def test_hashes_of_many_ids_are_those_of_each() -> None:
    ids = [f"id-{number}-客户" for number in range(100)]
    for count in (0, 1, 7, 8, 100):
        assert event_hashes(ids[:count]) == [event_hash(one) for one in ids[:count]]


@pytest.mark.parametrize("length", [0, 1, 32, 64])
def test_a_keyed_digest_is_hmac(length: int) -> None:
    key = urandom(length)
    digest = KeyedDigest(key)
    for message in (b"", b"abc", urandom(1000)):
        assert digest.of(message) == hmac.digest(key, message, "sha256")
