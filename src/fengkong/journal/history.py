"""The journal read back: leaves, and events opened from their sealed payloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

import msgspec

from fengkong.events.catalogue import Kind, shipped_catalogue
from fengkong.events.event import Event
from fengkong.journal.entries import UNREADABLE, Entry, Leaf, decode_leaf
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.port import Reading
from fengkong.protection.errors import ErasedSubjectError
from fengkong.protection.vault import Vault

CHUNK: Final = 256
"""Entries that are read at a time: a megabyte, so that they are used while still at hand."""
EVENT_KINDS: Final = frozenset({"decision", "event"})
"""Entries of these kinds seal an event."""


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What an entry of a decision or event seals: the event as it came, and what was decided.

    `understood` is the event as it was decoded then: whatever decoder comes later, states are
    folded from the same. `shadow` is the other policy's decision where its outcome differs: that
    of the shadow or canary, or that of the live policy where the canary answered; `missing` says
    what a degraded decision did without.
    """

    event: bytes
    understood: Event
    decision: bytes | None = None
    shadow: bytes | None = None
    missing: str | None = None


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry of kind policy holds, readable by all: which policy has which part from now.

    `role` is live, shadow or canary; a shadow or canary without a policy ends. One of both runs at
    a time: either takes the place of the other, and a change of the live policy ends a canary.
    `cause` is started, published, promoted, rolled_back or ended. `share` (above 0, at most a half)
    and `by`, the entity whose values are dealt out, None for the subjects, are those of a canary.
    """

    role: str
    cause: str
    hash: str | None = None
    name: str | None = None
    version: int | None = None
    text: str | None = None
    share: float | None = None
    by: str | None = None


class Opened(NamedTuple):
    """An entry in the clear; `sealed` is None where its subject was erased or it holds no event."""

    leaf: Leaf
    sealed: Sealed | None


encode_sealed: Final = msgspec.msgpack.Encoder().encode
encode_activation: Final = encode_sealed
decode_sealed: Final = msgspec.msgpack.Decoder(Sealed).decode
decode_activation: Final = msgspec.msgpack.Decoder(Activation).decode


class History:
    """Reads entries of one journal and opens them."""

    def __init__(self, reading: Reading, *, vault: Vault) -> None:
        self.reading = reading
        self.vault = vault
        fields = shipped_catalogue().fields.values()
        self._places = frozenset(field.name for field in fields if field.kind is Kind.PLACE)

    def chunks(self, *, after: int, upto: int, limit: int = CHUNK) -> Iterator[list[Entry]]:
        """Entries in order from the one behind `after`, in lists of at most `limit`."""
        while after < upto:
            entries = self.reading.read(after=after, limit=min(limit, upto - after))
            if not entries:
                message = f"the journal ends at {after:,}, and {upto:,} entries were promised"
                raise DamagedJournalError(message)
            yield entries
            after = entries[-1].sequence

    def open(self, entry: Entry) -> Opened:
        """An entry in the clear; raises `TamperedEnvelopeError` if it is not what was sealed."""
        leaf = self.leaf(entry)
        if leaf.kind not in EVENT_KINDS or leaf.subject is None:
            return Opened(leaf, None)
        try:
            plain = self.vault.open(
                entry.payload, subject=bytes.fromhex(leaf.subject), sequence=entry.sequence
            )
        except ErasedSubjectError:
            return Opened(leaf, None)
        sealed = decode_sealed(plain)
        values = sealed.understood.values
        for name in self._places & values.keys():
            values[name] = tuple(cast("list[float]", values[name]))
        return Opened(leaf, sealed)

    def leaf(self, entry: Entry) -> Leaf:
        """The leaf of an entry."""
        try:
            return decode_leaf(entry.leaf)
        except UNREADABLE as error:
            message = f"entry {entry.sequence:,} has an unreadable leaf: {error}"
            raise DamagedJournalError(message) from None

    def activation(self, entry: Entry) -> Activation:
        """What an entry of kind policy says."""
        plain = self.vault.open_plain(entry.payload)
        try:
            return decode_activation(plain)
        except msgspec.DecodeError as error:
            message = f"entry {entry.sequence:,} has an unreadable policy: {error}"
            raise DamagedJournalError(message) from None

    def by_event_id(self, event_id: str, *, event_hash: int) -> Entry | None:
        """The entry of an event, None where it was never recorded."""
        for found in self.reading.find([event_hash]):
            if decode_leaf(found.leaf).event == event_id:
                return self.reading.entry(found.sequence)
        return None
