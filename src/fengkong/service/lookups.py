"""Which entries hold a value: found by its blind index, never by the value itself.

The index is filled when it is asked, from where it ended last: nobody pays for it with every event.
It is written beside the writer, in small transactions. What is under a subject that was erased is
not shown, and its places in the index are removed when they are met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, cast

import msgspec

from fengkong.core.instants import format_instant
from fengkong.events.catalogue import Kind, shipped_catalogue
from fengkong.events.event import Event
from fengkong.journal.entries import Leaf
from fengkong.journal.history import History
from fengkong.journal.port import Store
from fengkong.protection.subject_keys import KeyStore
from fengkong.protection.vault import Vault
from fengkong.service.opening import OwnedJournal
from fengkong.service.refusals import InvalidSubjectError

ENTITIES: Final = frozenset(
    name for name, field in shipped_catalogue().fields.items() if field.kind is Kind.ENTITY
)
"""The fields whose values can be looked up."""
STEP: Final = 64
"""Entries of one transaction: some hundred places in the index, which the writer waits for."""
PAUSE_S: Final = 0.005
FOUND_MAX: Final = 1000
"""Entries that one answer lists, the newest."""


class FoundEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that holds the value."""

    sequence: int
    event_id: str | None
    kind: str
    recorded_at: str
    outcome: str | None


class FoundEntries(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entries that hold a value, of those up to `indexed`; the journal has `entries`.

    `complete`: everything was looked through and everything found is listed.
    """

    found: list[FoundEntry]
    indexed: int
    entries: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an entity, such as phone and 13800138000."""

    entity: str
    text: str


def checked_value(written: str) -> Value:
    """The value that is written as ``entity:value``; raises InvalidSubjectError."""
    entity, _, text = written.partition(":")
    if entity not in ENTITIES or not text:
        raise InvalidSubjectError(f"a value is written as one of {', '.join(sorted(ENTITIES))}:...")
    return Value(entity, text)


def tokens_of(event: Event, *, vault: Vault) -> list[bytes]:
    """The blind indexes of every entity of an event."""
    return [
        vault.token(entity=name, value=value)
        for name, value in event.values.items()
        if name in ENTITIES and isinstance(value, str)
    ]


def fill_index(
    store: Store,
    history: History,
    *,
    upto: int,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Index the entries up to `upto` that are not yet; the last that is."""
    done = store.lookups_upto()
    while done < upto:
        entries = store.read(after=done, limit=min(STEP, upto - done))
        tokens: list[tuple[bytes, int]] = []
        for entry in entries:
            sealed = history.open(entry).sealed
            if sealed is not None:
                found = tokens_of(sealed.understood, vault=history.vault)
                tokens += [(token, entry.sequence) for token in found]
        done = entries[-1].sequence
        store.index_lookups(tokens, upto=done)
        if progress is not None:
            progress(done)
        time.sleep(PAUSE_S)
    return done


def look_up(
    kept: OwnedJournal,
    value: Value,
    *,
    index_at_most: int,
    progress: Callable[[int], None] | None = None,
) -> FoundEntries:
    """The entries that hold a value, once up to so many entries more are indexed."""
    store, history = kept.store, kept.opened.history
    upto = min(store.head().sequence, store.lookups_upto() + index_at_most)
    fill_index(store, history, upto=upto, progress=progress)
    listed, erased = _listed(history, value)
    if erased:
        store.forget_lookups(_token(history, value), erased)
    return listed


def look_up_as_it_is(history: History, value: Value) -> FoundEntries:
    """The same by the index as it stands, nothing written."""
    return _listed(history, value)[0]


def _token(history: History, value: Value) -> bytes:
    return history.vault.token(entity=value.entity, value=value.text)


def _listed(history: History, value: Value) -> tuple[FoundEntries, list[int]]:
    """What the index finds, and the entries in it whose subjects were erased."""
    reading = history.reading
    indexed, head = reading.lookups_upto(), reading.head().sequence
    sequences = reading.find_token(_token(history, value), limit=FOUND_MAX + 1)
    found, erased = _living(history, sequences[:FOUND_MAX])
    complete = indexed >= head and len(sequences) <= FOUND_MAX
    return FoundEntries(found=found, indexed=indexed, entries=head, complete=complete), erased


def _living(history: History, sequences: Sequence[int]) -> tuple[list[FoundEntry], list[int]]:
    """What is still readable of these entries, and those whose subjects were erased."""
    keys = cast("KeyStore", history.reading)
    found: list[FoundEntry] = []
    erased: list[int] = []
    for sequence in sequences:
        entry = history.reading.entry(sequence)
        assert entry is not None, "the index names entries only"
        leaf = history.leaf(entry)
        key = None if leaf.subject is None else keys.subject_key(bytes.fromhex(leaf.subject))
        if key is None or key.wrapped is None:
            erased.append(sequence)
        else:
            found.append(_found(leaf))
    return found, erased


def _found(leaf: Leaf) -> FoundEntry:
    return FoundEntry(
        sequence=leaf.sequence,
        event_id=leaf.event,
        kind=leaf.kind,
        recorded_at=format_instant(leaf.at),
        outcome=leaf.outcome,
    )
