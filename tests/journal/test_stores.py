"""What a store promises, asked of SQLite and of PostgreSQL alike."""

import threading
from collections.abc import Callable

import pytest

from fengkong.core.errors import RiskError
from fengkong.journal.appending import Appender
from fengkong.journal.entries import Entry, decode_leaf, event_hash
from fengkong.journal.errors import (
    ConflictingEntryError,
    ForeignJournalError,
    JournalInUseError,
)
from fengkong.journal.port import Batch, Found, Head, Store, StoredCheckpoint
from fengkong.ledger.tree import Tile
from fengkong.protection.subject_keys import SubjectKey

Add = Callable[..., list[str]]


def keep(store: Store, batch: Batch) -> Batch:
    store.stage(batch)
    store.commit()
    return batch


def key(number: int, *, master: str = "m1") -> SubjectKey:
    return SubjectKey(
        subject=bytes([number]) * 16,
        key_id=bytes([number]) * 8,
        master_id=master,
        wrapped=bytes([200, number]) * 30,
        created_at=number,
    )


def test_a_new_journal_is_empty_and_has_an_identity(store: Store) -> None:
    assert len(store.identity) == 16
    assert store.hash_name == "sha256"
    assert store.head() == Head(0, b"")
    assert store.head_seal() is None
    assert store.read(after=0, limit=10) == []
    assert store.entry(1) is None
    assert store.tile(level=0, index=0) is None
    assert store.checkpoint() is None
    assert store.find([]) == []
    assert store.find([0, 5]) == []
    assert store.secret("vault") is None
    assert store.lookups_upto() == 0
    store.check_structure()


def test_identity_and_hash_stay(place, add: Add) -> None:
    first = place.open(hash_name="sm3")
    identity = first.identity
    add(appender := Appender(first), 3)
    keep(first, appender.take_batch())
    root = appender.root()
    first.close()
    again = place.open(hash_name="sm3")
    assert (again.identity, again.hash_name) == (identity, "sm3")
    assert Appender(again).root() == root
    again.close()
    with pytest.raises(ForeignJournalError):
        place.open(hash_name="sha256")


def test_what_is_committed_is_read_back(store: Store, add: Add) -> None:
    appender = Appender(store)
    ids = add(appender, 5)
    entries = list(keep(store, appender.take_batch()).entries)
    assert store.head() == Head(5, entries[-1].leaf)
    assert store.read(after=0, limit=10) == entries
    assert store.read(after=2, limit=2) == entries[2:4]
    assert store.leaves(after=3, limit=9) == [(e.sequence, e.leaf) for e in entries[3:]]
    assert store.entry(4) == entries[3]
    assert all(isinstance(entry, Entry) for entry in store.read(after=0, limit=10))
    wanted = [event_hash(ids[3]), 12345, event_hash(ids[0]), event_hash(ids[0])]
    assert store.find(wanted) == [
        Found(entries[0].event_hash, 1, entries[0].leaf),
        Found(entries[3].event_hash, 4, entries[3].leaf),
    ]
    store.check_structure()


def test_what_is_only_staged_is_not_there(place, add: Add) -> None:
    store = place.open()
    appender = Appender(store)
    add(appender, 2)
    batch = appender.take_batch()
    store.stage(batch)
    assert store.head() == Head(0, b"")
    assert store.find([entry.event_hash for entry in batch.entries]) == []
    store.abort()
    store.abort()
    assert store.head() == Head(0, b"")
    store.stage(batch)
    store.close()
    again = place.open()
    assert again.head() == Head(0, b"")
    again.close()


def test_reads_go_on_while_a_batch_is_staged_and_committed(store: Store, add: Add) -> None:
    appender = Appender(store)
    add(appender, 1)
    keep(store, appender.take_batch())
    add(appender, 40)
    store.stage(appender.take_batch())
    thread = threading.Thread(target=store.commit)
    thread.start()
    seen = {store.head().sequence for _ in range(20)}
    thread.join()
    assert seen <= {1, 41}
    assert store.head().sequence == 41


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_tiles_ride_in_the_batch_and_an_appender_goes_on_from_them(
    store: Store, add: Add, count: int
) -> None:
    appender = Appender(store)
    add(appender, count)
    batch = keep(store, appender.take_batch())
    assert [(tile.level, tile.index) for tile in batch.tiles] == [
        (0, index) for index in range(count // 256)
    ]
    for tile in batch.tiles:
        assert store.tile(level=tile.level, index=tile.index) == tile.hashes
    again = Appender(store)
    assert (again.size, again.root()) == (appender.size, appender.root())
    add(appender, 3)
    add(again, 3)
    assert again.take_batch().entries == appender.take_batch().entries
    assert again.root() == appender.root()


def test_every_entry_names_the_hash_of_the_one_before(store: Store, add: Add) -> None:
    appender = Appender(store)
    add(appender, 4)
    leaves = [decode_leaf(entry.leaf) for entry in appender.take_batch().entries]
    assert [leaf.sequence for leaf in leaves] == [1, 2, 3, 4]
    assert leaves[0].previous == "0" * 64
    assert len({leaf.previous for leaf in leaves}) == 4


@pytest.mark.parametrize(("first", "count"), [(1, 5), (1, 400), (3, 5), (4, 300)])
def test_a_batch_that_is_durable_already_may_come_again(
    store: Store, add: Add, first: int, count: int
) -> None:
    appender = Appender(store)
    add(appender, count)
    batch = appender.take_batch()
    earlier = batch.entries[: first - 1]
    keep(store, Batch(entries=earlier))
    for _ in range(2):
        keep(store, batch)
    # A longer batch that begins with what is durable adds only the rest.
    add(appender, 2)
    more = [*batch.entries[2:], *appender.take_batch().entries]
    keep(store, Batch(entries=more))
    assert store.head().sequence == count + 2
    assert [entry.sequence for entry in store.read(after=0, limit=1000)] == [*range(1, count + 3)]


def test_another_leaf_in_the_place_of_a_durable_one_is_refused(store: Store, add: Add) -> None:
    appender = Appender(store)
    add(appender, 3)
    entries = list(keep(store, appender.take_batch()).entries)
    other = entries[1]._replace(leaf=entries[1].leaf.replace(b"allow", b"block"))
    for wrong in ([entries[0], other], [other], [entries[2]._replace(sequence=5)]):
        with pytest.raises(ConflictingEntryError):
            keep(store, Batch(entries=wrong))
    assert store.read(after=0, limit=10) == entries
    add(appender, 1)
    keep(store, appender.take_batch())
    assert store.head().sequence == 4


def test_entries_without_an_event_are_never_found(store: Store) -> None:
    appender = Appender(store)
    appender.add(kind="policy", recorded_at=1, payload=b"{}")
    keep(store, appender.take_batch())
    assert store.find([0]) == []


def test_checkpoints_ride_in_a_batch_or_alone(store: Store, add: Add) -> None:
    appender = Appender(store)
    add(appender, 1)
    keep(store, appender.take_batch(checkpoint=StoredCheckpoint(1, b"one")))
    store.put_checkpoint(StoredCheckpoint(3, b"three"))
    store.put_checkpoint(StoredCheckpoint(2, b"two"))
    store.put_checkpoint(StoredCheckpoint(2, b"another two"))
    keep(store, Batch(checkpoint=StoredCheckpoint(4, b"four")))
    assert store.checkpoint() == StoredCheckpoint(4, b"four")
    assert store.checkpoints(limit=3) == [
        StoredCheckpoint(4, b"four"),
        StoredCheckpoint(3, b"three"),
        StoredCheckpoint(2, b"two"),
    ]


def test_tiles_of_high_levels_have_places_of_their_own(store: Store) -> None:
    tiles = [
        Tile(level, index, bytes([level, index]) * 4096) for level in (0, 1, 7) for index in (0, 9)
    ]
    keep(store, Batch(tiles=tiles))
    for tile in tiles:
        assert store.tile(level=tile.level, index=tile.index) == tile.hashes


def test_subject_keys_live_are_rewrapped_and_destroyed(store: Store) -> None:
    keys = [key(1), key(2), key(3, master="m2")]
    keep(store, Batch(keys=keys))
    keep(store, Batch(keys=keys))
    assert store.subject_key(keys[0].subject) == keys[0]
    assert store.subject_key(b"?" * 16) is None
    assert {k.subject for k in store.subject_keys(not_under="m2", limit=9)} == {
        keys[0].subject,
        keys[1].subject,
    }
    assert len(store.subject_keys(not_under="m9", limit=2)) == 2
    assert store.destroy(keys[0].subject, at=77)
    assert not store.destroy(keys[0].subject, at=78)
    assert not store.destroy(b"?" * 16, at=78)
    tomb = store.subject_key(keys[0].subject)
    assert tomb is not None
    assert (tomb.wrapped, tomb.destroyed_at, tomb.created_at) == (None, 77, 1)
    anew = [SubjectKey(**{**_fields(k), "master_id": "m3", "wrapped": b"new"}) for k in keys[:2]]
    stranger = SubjectKey(**{**_fields(keys[2]), "key_id": b"else" * 2, "wrapped": b"bad"})
    store.rewrap([*anew, stranger])
    assert store.subject_key(keys[0].subject) == tomb
    assert store.subject_key(keys[1].subject) == anew[1]
    assert store.subject_key(keys[2].subject) == keys[2]


def _fields(of: SubjectKey) -> dict[str, object]:
    return {name: getattr(of, name) for name in of.__struct_fields__}


def test_a_second_key_for_one_subject_is_refused_with_all_its_batch(store: Store, add: Add) -> None:
    keep(store, Batch(keys=[key(1)]))
    other = SubjectKey(**{**_fields(key(1)), "key_id": b"otherkey"})
    add(appender := Appender(store), 1)
    with pytest.raises(ConflictingEntryError):
        keep(store, appender.take_batch(keys=[key(2), other]))
    assert store.head() == Head(0, b"")
    assert store.subject_key(key(2).subject) is None


def test_secrets_are_put_and_replaced(store: Store) -> None:
    store.put_secret("vault", b"\x00one")
    store.put_secret("vault", b"\xfftwo")
    assert store.secret("vault") == b"\xfftwo"


def test_lookups_are_indexed_lazily_and_again(store: Store) -> None:
    token, other = b"t" * 16, b"o" * 16
    store.index_lookups([(token, 1), (other, 2), (token, 3)], upto=3)
    store.index_lookups([(token, 3), (token, 4)], upto=5)
    assert store.lookups_upto() == 5
    assert store.find_token(token, limit=2) == [4, 3]
    assert store.find_token(b"?" * 16, limit=2) == []


def test_one_writer_many_readers(place, add: Add) -> None:
    store = place.open()
    with pytest.raises(JournalInUseError):
        place.open()
    reader = place.read()
    add(appender := Appender(store), 2)
    keep(store, appender.take_batch())
    assert reader.head().sequence == 2
    assert reader.identity == store.identity
    store.close()
    assert len(reader.read(after=0, limit=9)) == 2
    reader.close()
    again = place.open()
    again.close()


def test_a_journal_that_is_not_there_cannot_be_read(place) -> None:
    with pytest.raises(RiskError) as caught:
        place.read()
    assert caught.value.code == "journal.missing"
