"""Whatever is done to the ledger behind its back is found, and named by its entry."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from fengkong.console.audit.findings import finding_words, warning_words
from fengkong.console.audit.guarded_tables import entries_are_guarded
from fengkong.console.audit.models import AuditCheckpoint, AuditEntry, AuditTile, Verification
from fengkong.console.audit.recording import FIRST_PREVIOUS, canonical, leaf_hash, record
from fengkong.console.audit.signing import FILE_NAME
from fengkong.console.audit.tree import send_to_places, sign_checkpoint
from fengkong.console.audit.verification import begin, step, verify_all

pytestmark = pytest.mark.django_db

SIGNED, ENTRIES = 280, 290
"""A whole tile and more is signed; some entries are not yet."""


_GROWN: list[AuditEntry] = []


@pytest.fixture
def ledger(grow: Callable[[int], None]) -> None:
    """Recorded once, and put in again by each test, which signs it with a key of its own."""
    add(1, SIGNED, grow)
    signed = sign_checkpoint()
    send_to_places(bytes(signed.note))
    add(SIGNED + 1, ENTRIES, grow)


def add(first: int, last: int, grow: Callable[[int], None]) -> None:
    if len(_GROWN) < last:
        grow(last - first + 1)
        _GROWN.extend(AuditEntry.objects.filter(sequence__gte=first).order_by("sequence"))
    else:
        AuditEntry.objects.bulk_create(_GROWN[first - 1 : last])


def content(number: int) -> dict:
    return json.loads(bytes(AuditEntry.objects.get(pk=number).leaf))


def put(number: int, facts: dict) -> str:
    """Store other facts under a number, with the hash that fits; the hash."""
    leaf = canonical(facts)
    names = ("actor", "action", "target", "target_kind")
    columns = {name: facts[name] for name in names}
    AuditEntry.objects.update_or_create(
        sequence=number,
        defaults={"leaf": leaf, "leaf_hash": leaf_hash(leaf), **columns},
        create_defaults={
            "leaf": leaf,
            "leaf_hash": leaf_hash(leaf),
            **columns,
            "recorded_at": facts["at"],
        },
    )
    return leaf_hash(leaf).hex()


def move(number: int, to: int) -> None:
    AuditEntry.objects.filter(pk=number).update(sequence=to)


def swap(first: int, second: int) -> None:
    move(first, -1)
    move(second, first)
    move(-1, second)


def shift_up(first: int) -> None:
    for number in range(ENTRIES, first - 1, -1):
        move(number, number + 1)


def remove(number: int, *, close_gap: bool = False) -> None:
    AuditEntry.objects.filter(pk=number).delete()
    for later in range(number + 1, ENTRIES + 1) if close_gap else ():
        move(later, later - 1)


def another_actor(number: int) -> None:
    AuditEntry.objects.filter(pk=number).update(actor="bob")


def another_leaf(number: int) -> None:
    AuditEntry.objects.filter(pk=number).update(leaf=canonical({**content(number), "actor": "bob"}))


def another_content(number: int) -> None:
    """Leaf, hash and columns all fit each other."""
    put(number, {**content(number), "actor": "bob"})


def another_previous(number: int) -> None:
    put(number, {**content(number), "previous": "ab" * 32})


def another_detail(number: int) -> None:
    put(number, {**content(number), "detail": {"after": {"limit": 9_999}}})


def insert(number: int) -> None:
    """A forged entry that follows the one before it as it should."""
    forged = {**content(number), "actor": "bob"}
    shift_up(number)
    put(number, forged)


def insert_odd(number: int) -> None:
    forged = {**content(number), "sequence": 7_777}
    shift_up(number)
    put(number, forged)


def insert_before_all() -> None:
    put(0, {**content(1), "sequence": 0})


def move_back(number: int, by: int) -> None:
    """An entry is put behind those that came after it."""
    move(number, -1)
    for later in range(number + 1, number + by + 1):
        move(later, later - 1)
    move(-1, number + by)


def rewrite_from(number: int) -> None:
    """Another content, and every hash after it made to fit."""
    facts = {**content(number), "actor": "bob"}
    for place in range(number, ENTRIES + 1):
        previous = put(place, facts)
        if place < ENTRIES:
            facts = {**content(place + 1), "previous": previous}


def rewrite_with_tiles(number: int) -> None:
    rewrite_from(number)
    tile = AuditTile.objects.get(level=0, number=0)
    hashes = AuditEntry.objects.filter(sequence__lte=256).order_by("sequence")
    tile.hashes = b"".join(bytes(entry.leaf_hash) for entry in hashes)
    tile.save()


def another_tile() -> None:
    tile = AuditTile.objects.get(level=0, number=0)
    tile.hashes = bytes(tile.hashes[:320]) + b"\1" * 32 + bytes(tile.hashes[352:])
    tile.save()


def another_note() -> None:
    stored = AuditCheckpoint.objects.get()
    stored.note = bytes(stored.note).replace(b"280\n", b"279\n")
    stored.save()


def rename(number: int) -> None:
    put(number, {**content(number), "sequence": number + 1_000})


TABLE = [
    ("an actor shown otherwise", lambda: another_actor(17), "altered", 17),
    ("a leaf", lambda: another_leaf(17), "altered", 17),
    ("leaf, hash and columns", lambda: another_content(17), "altered", 17),
    ("the first entry, all fitting", lambda: another_content(1), "altered", 1),
    ("the one before the last", lambda: another_content(ENTRIES - 1), "altered", ENTRIES - 1),
    ("the hash of the one before", lambda: another_previous(17), "altered", 17),
    ("the first names another", lambda: another_previous(1), "altered", 1),
    ("a detail", lambda: another_detail(17), "altered", 17),
    ("another number in the leaf", lambda: rename(17), "altered", 17),
    ("an entry removed", lambda: remove(17), "missing", 17),
    ("the first removed", lambda: remove(1), "missing", 1),
    ("removed, the gap closed", lambda: remove(17, close_gap=True), "missing", 17),
    ("the end cut off", lambda: [remove(n) for n in range(270, ENTRIES + 1)], "missing", 270),
    ("one put in between", lambda: insert(17), "inserted", 17),
    ("an odd one put in between", lambda: insert_odd(17), "inserted", 17),
    ("one before the first", insert_before_all, "inserted", 0),
    ("two neighbours swapped", lambda: swap(17, 18), "reordered", 17),
    ("two far ones swapped", lambda: swap(17, 117), "reordered", 17),
    ("one moved back", lambda: move_back(17, 3), "reordered", 17),
    ("the last two swapped", lambda: swap(ENTRIES - 1, ENTRIES), "reordered", ENTRIES - 1),
    ("rewritten from one on", lambda: rewrite_from(17), "altered", 17),
    ("rewritten behind the tile", lambda: rewrite_from(270), "rewritten", 1),
    ("rewritten with the tile", lambda: rewrite_with_tiles(17), "rewritten", 1),
    ("a stored hash", another_tile, "tile", 11),
    ("a signed note", another_note, "signature", SIGNED),
]


@pytest.mark.parametrize(("how", "alter", "kind", "entry"), TABLE, ids=[row[0] for row in TABLE])
def test_every_alteration_is_named(
    ledger: None, unguarded: None, how: str, alter: Callable[[], object], kind: str, entry: int
) -> None:
    alter()
    found = verify_all("cara")
    assert (found.state, found.finding, found.entry) == ("broken", kind, entry)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said = " ".join(str(words) for words in finding_words(found))
            assert f"{entry:,}" in said
            assert "%(" not in said
            assert (said.isascii()) is (language == "en")


def test_what_was_not_touched_is_intact(ledger: None) -> None:
    found = verify_all("cara")
    assert (found.state, found.done, found.signed_size) == ("intact", ENTRIES + 1 - 1, SIGNED)
    assert found.facts["guarded"]
    (warning,) = warning_words(found)
    assert "10" in str(warning)
    last = AuditEntry.objects.first()
    assert (last.action, last.detail["result"]) == ("finish_verification", "intact")


@pytest.mark.parametrize("entries", [23, 255, 256, 257, 1_000])
def test_steps_of_any_size_see_the_same(ledger: None, unguarded: None, entries: int) -> None:
    rewrite_from(200)
    running = begin("cara")
    steps = 0
    while running.state == "running":
        running = step(running, entries=entries)
        steps += 1
    assert (running.finding, running.entry) == ("altered", 200)
    assert steps >= 256 // entries


def test_progress_is_kept(ledger: None) -> None:
    running = step(begin("cara"), entries=145)
    assert (running.state, running.done, running.percent) == ("running", 145, 50)
    assert step(running, entries=145).state == "intact"
    assert step(running, entries=145).state == "intact"  # again is harmless
    assert AuditEntry.objects.filter(action="finish_verification").count() == 1


def test_an_older_database_is_noticed(ledger: None, unguarded: None) -> None:
    """The whole database is put back to what it was before the last checkpoint."""
    AuditCheckpoint.objects.all().delete()
    AuditTile.objects.all().delete()
    AuditEntry.objects.filter(sequence__gt=100).delete()
    found = verify_all("cara")
    assert (found.finding, found.entry) == ("missing", 102)  # the verification's own entry is 101
    assert found.facts["promised"] == SIGNED


def test_another_ledger_is_noticed(ledger: None, unguarded: None, data: Path) -> None:
    """Database and key are both made anew, in step with each other."""
    (data / "keys" / FILE_NAME).unlink()
    AuditCheckpoint.objects.all().delete()
    found = verify_all("cara")
    assert (found.finding, found.facts["why"]) == ("second_place", "signature")


def test_a_second_place_that_is_away_is_said(ledger: None, data: Path) -> None:
    second = data.parent / "second" / "console"
    for file in second.iterdir():
        file.unlink()
    second.rmdir()
    found = verify_all("cara")
    assert found.state == "intact"
    assert any(str(second) in str(words) for words in warning_words(found))


def test_an_empty_ledger_is_intact() -> None:
    found = verify_all("cara")
    assert (found.state, found.upto) == ("intact", 0)
    assert warning_words(found)


CHANGES = [
    "UPDATE audit_auditentry SET actor = 'bob' WHERE sequence = 3",
    "DELETE FROM audit_auditentry WHERE sequence = 3",
    "DELETE FROM audit_auditentry",
    "UPDATE audit_auditcheckpoint SET signed_at = CURRENT_TIMESTAMP",
    "DELETE FROM audit_auditcheckpoint",
    "UPDATE audit_audittile SET level = 9",
    "DELETE FROM audit_audittile",
]
REPLACING = [
    "INSERT OR REPLACE INTO audit_auditentry SELECT * FROM audit_auditentry WHERE sequence = 3",
    "INSERT INTO audit_auditentry SELECT 9000, recorded_at, actor, action, target_kind, target, "
    "leaf, leaf_hash, payload FROM audit_auditentry WHERE sequence = 3",
    "REPLACE INTO audit_auditcheckpoint SELECT * FROM audit_auditcheckpoint",
    "REPLACE INTO audit_audittile SELECT * FROM audit_audittile",
]


@pytest.mark.parametrize("statement", [*CHANGES, *REPLACING, "TRUNCATE audit_auditentry"])
def test_the_database_refuses(ledger: None, statement: str) -> None:
    lite = connection.vendor == "sqlite"
    if (statement in REPLACING and not lite) or (statement.startswith("TRUNCATE") and lite):
        pytest.skip("a statement of the other database")
    with (
        pytest.raises(DatabaseError, match="only ever added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditEntry.objects.count() == ENTRIES
    assert entries_are_guarded()


def test_missing_guards_are_said(ledger: None, unguarded: None) -> None:
    found = verify_all("cara")
    assert found.state == "intact"
    with translation.override("en"):
        assert any("guard" in str(words) for words in warning_words(found))


def test_a_long_detail_is_beside_its_leaf() -> None:
    text = "限额" * 40_000
    with transaction.atomic():
        made = record("ann", "try_it", target_kind="t", target="1", detail={"after": text})
    stored = AuditEntry.objects.get(pk=made.pk)
    assert len(bytes(stored.leaf)) < 1_000
    assert stored.detail == {"after": text}
    assert json.loads(bytes(stored.leaf))["previous"] == FIRST_PREVIOUS
    assert verify_all("cara").state == "intact"


def test_a_long_detail_that_was_altered_is_found(unguarded: None) -> None:
    with transaction.atomic():
        record("ann", "try_it", target_kind="t", target="1", detail={"after": "x" * 20_000})
    AuditEntry.objects.update(payload=canonical({"after": "y" * 20_000}))
    found = verify_all("cara")
    assert (found.finding, found.entry, found.facts["part"]) == ("altered", 1, "detail")


def test_verifications_stay(ledger: None) -> None:
    verify_all("cara")
    assert Verification.objects.get().started_by == "cara"
