"""Going on from an older backup on purpose: what is given up is written into the ledger itself.

A second place that promises more than the journal holds stops a start. Whoever has lost the newer
entries for good says so with this: an entry of kind `security` names the promises that are given
up, note by note, and a new checkpoint takes their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from fengkong.journal.appending import Appender
from fengkong.journal.port import StoredCheckpoint
from fengkong.journal.second_place import SecondPlace, second_place
from fengkong.journal.stored_tree import stored_tiles
from fengkong.journal.verification import verify_journal
from fengkong.ledger.export_layout import origin_of
from fengkong.ledger.hashes import hash_named
from fengkong.ledger.notes import Checkpoint, Signer, VerifierKey, checkpoint_of, open_checkpoint
from fengkong.ledger.proofs import root_at
from fengkong.service.backups.errors import NothingToAcceptError
from fengkong.service.opening import OwnedJournal, ledger_signer, open_for_writing
from fengkong.service.settings import Settings

KIND = "rollback_accepted"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The entry that says so, and up to which entry there were promises that are given up."""

    sequence: int
    promised: int


def accept_rollback(settings: Settings, *, environment: Mapping[str, str], now: int) -> Accepted:
    """Give up what second places promise beyond this journal; no service may be running.

    Raises NothingToAcceptError where they promise nothing more, what verifying the journal raises,
    and ForeignCheckpointError or the like for a checkpoint that is not this ledger's own.
    """
    places = [second_place(text) for text in settings.places]
    signer = ledger_signer(settings)
    written = open_for_writing(settings, environment=environment, now=now)
    try:
        vault = written.opened.vault
        verify_journal(written.store, verifier=signer.verifier, each_subject=vault.check_key)
        notes = _given_up(written, places, verifier=signer.verifier)
        if not notes:
            raise NothingToAcceptError("the second places promise nothing beyond the journal")
        recorded = _record(written, notes, signer=signer, now=now)
    finally:
        written.store.close()
    for place in places:
        place.put(recorded.note)
    return Accepted(recorded.size, max(checkpoint.size for checkpoint, _ in notes))


def _given_up(
    written: OwnedJournal, places: Sequence[SecondPlace], *, verifier: VerifierKey
) -> list[tuple[Checkpoint, bytes]]:
    """The checkpoints of second places that this journal does not keep."""
    store = written.store
    head = store.head().sequence
    hashing = hash_named(store.hash_name)
    found: list[tuple[Checkpoint, bytes]] = []
    for place in places:
        note = place.newest()
        if note is None:
            continue
        checkpoint = open_checkpoint(
            note, keys=[verifier], origin=origin_of(store.identity)
        ).checkpoint
        tiles = stored_tiles(store, size=min(checkpoint.size, head))
        if checkpoint.size > head or checkpoint.root != root_at(
            size=checkpoint.size, reader=tiles, hashing=hashing
        ):
            found.append((checkpoint, note))
    return found


def _record(
    written: OwnedJournal,
    notes: Sequence[tuple[Checkpoint, bytes]],
    *,
    signer: Signer,
    now: int,
) -> StoredCheckpoint:
    """The entry and the checkpoint behind it, in one commit."""
    store = written.store
    appender = Appender(store)
    said = {
        "kind": KIND,
        "entries": appender.size,
        "root": appender.root().hex(),
        "given_up": [note.decode() for _, note in notes],
    }
    payload = written.opened.vault.seal_plain(msgspec.msgpack.encode(said))
    appender.add(kind="security", recorded_at=now, payload=payload)
    checkpoint = checkpoint_of(
        origin=origin_of(store.identity),
        size=appender.size,
        root=appender.root(),
        hash_name=store.hash_name,
    )
    signed = StoredCheckpoint(appender.size, signer.sign_checkpoint(checkpoint))
    store.stage(appender.take_batch(checkpoint=signed))
    store.commit()
    return signed
