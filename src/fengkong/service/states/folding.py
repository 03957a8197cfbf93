"""Entries of the journal folded into a lane's state: only what the policy counts is read of them.

An entry is opened, and of the event in it the fields that the policy looks at go straight into
columns. List changes, and whatever the columns cannot hold, go by one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from fengkong.decisions.policy import LIST_CHANGED
from fengkong.events.columns import EventColumns, missing_value
from fengkong.features.state import FeatureLimitError
from fengkong.journal.entries import UNREADABLE, Entry
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.history import EVENT_KINDS, History
from fengkong.service.states.lanes import Lane, Passed


class _Leaf(msgspec.Struct, frozen=True, gc=False):
    """What a fold asks of a leaf."""

    degraded: bool
    kind: str
    subject: str | None


class _Read(NamedTuple):
    """An entry and the part of its event that counts."""

    entry: Entry
    event: Any


_leaf: Final = msgspec.json.Decoder(_Leaf).decode


class Folding:
    """Folds entries of one journal into one lane, in their order."""

    def __init__(self, lane: Lane, *, history: History) -> None:
        self.lane = lane
        self._history = history
        catalogue = lane.policy.catalogue
        self._names = sorted(lane.fields & catalogue.fields.keys())
        self._numbers = {name: number for number, name in enumerate(catalogue.type_names)}
        self._counted = lane.policy.counted_types
        values = [(name, Any, missing_value(catalogue.fields[name].kind)) for name in self._names]
        held = msgspec.defstruct("_Values", values, frozen=True, gc=False)
        event = msgspec.defstruct(
            "_Event",
            [("type", str), ("occurred_at", int), ("currency", str | None, None), ("values", held)],
            frozen=True,
            kw_only=True,
        )
        sealed = msgspec.defstruct(
            "_Sealed", [("event", msgspec.Raw), ("understood", event)], array_like=True
        )
        self._open: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(sealed)

    def over(self, entries: Sequence[Entry]) -> None:
        """Let entries go by; degraded ones were not counted, and are not now."""
        stretch: list[_Read] = []
        for read in self._reads(entries):
            if read.event.type == LIST_CHANGED:
                self._count(stretch)
                stretch = []
                self._one_by_one([read])
            else:
                stretch.append(read)
        self._count(stretch)

    def _reads(self, entries: Sequence[Entry]) -> Iterator[_Read]:
        """Those entries whose events the policy counts, unless their subject was erased."""
        sealed = [(entry, subject) for entry in entries if (subject := _subject(entry)) is not None]
        plain = self._history.vault.open_many(
            (entry.payload, subject, entry.sequence) for entry, subject in sealed
        )
        decode, counted = self._open.decode, self._counted
        for (entry, _), opened in zip(sealed, plain, strict=True):
            if opened is not None:
                event = decode(opened).understood
                if event.type in counted:
                    yield _Read(entry, event)

    def _count(self, stretch: Sequence[_Read]) -> None:
        """Count events without list changes, in columns."""
        if not stretch:
            return
        numbers = self._numbers
        events = [read.event for read in stretch]
        values = [event.values for event in events]
        columns = EventColumns.of_lists(
            types=[numbers[event.type] for event in events],
            occurred_at=[event.occurred_at for event in events],
            currencies=[event.currency for event in events],
            values=dict(
                zip(
                    self._names,
                    zip(*map(msgspec.structs.astuple, values), strict=True),
                    strict=True,
                )
            ),
            catalogue=self.lane.policy.catalogue,
        )
        try:
            self.lane.engine.count_columns(columns, self.lane.state)
        except FeatureLimitError:  # all at once ask for more room than one by one
            self._one_by_one(stretch)

    def _one_by_one(self, reads: Sequence[_Read]) -> None:
        opened = [self._history.open(read.entry) for read in reads]
        self.lane.fold(
            [Passed(one.sealed.understood, degraded=False) for one in opened if one.sealed]
        )


def _subject(entry: Entry) -> str | None:
    """The subject of an entry with an event that was counted; None for any other entry."""
    try:
        leaf = _leaf(entry.leaf)
    except UNREADABLE as error:
        raise DamagedJournalError(
            f"entry {entry.sequence:,} has an unreadable leaf: {error}"
        ) from None
    return None if leaf.degraded or leaf.kind not in EVENT_KINDS else leaf.subject
