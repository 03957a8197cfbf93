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
from fengkong.features.state import FeatureLimitError, ValueRangeError
from fengkong.journal.entries import UNREADABLE, Entry
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.history import EVENT_KINDS, History
from fengkong.service.states.lanes import Lane, Passed

TOGETHER_MIN: Final = 4096
"""Events that are counted together: the fewer, the more each of them costs."""


class _Leaf(msgspec.Struct, frozen=True, gc=False):
    """What a fold asks of a leaf."""

    degraded: bool
    kind: str
    subject: str | None


class _Read(NamedTuple):
    """The part of an entry's event that counts."""

    sequence: int
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
        self._waiting: list[_Read] = []
        self._open: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(sealed)

    def over(self, entries: Sequence[Entry]) -> None:
        """Let entries go by; degraded ones were not counted, and are not now.

        What they hold may be in the state only after `finish`: it is counted by the thousand.
        """
        waiting = self._waiting
        for read in self._reads(entries):
            if read.event.type == LIST_CHANGED:
                self.finish()
                self._one_by_one([read])
            else:
                waiting.append(read)
        if len(waiting) >= TOGETHER_MIN:
            self.finish()

    def finish(self) -> None:
        """Have everything that went by in the lane's state."""
        if self._waiting:
            self._count(self._waiting)
            self._waiting.clear()

    def _reads(self, entries: Sequence[Entry]) -> Iterator[_Read]:
        """Those entries whose events the policy counts, unless their subject was erased."""
        sealed = [
            (entry.payload, subject, entry.sequence)
            for entry in entries
            if (subject := _subject(entry)) is not None
        ]
        decode, counted = self._open.decode, self._counted
        plain = self._history.vault.open_many(sealed)
        for (_, _, sequence), opened in zip(sealed, plain, strict=True):
            if opened is not None:
                event = decode(opened).understood
                if event.type in counted:
                    yield _Read(sequence, event)

    def _count(self, stretch: Sequence[_Read]) -> None:
        """Count events without list changes, in columns."""
        numbers = self._numbers
        events = [event for _, event in stretch]
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
        except (FeatureLimitError, ValueRangeError):
            # All at once ask for more room than one by one; and what the policy cannot count was
            # not counted beside the live policy either.
            self._one_by_one(stretch)

    def _one_by_one(self, reads: Sequence[_Read]) -> None:
        """Count events one after the other, each read once more: there may be lists among them."""
        passed: list[Passed] = []
        for sequence, _ in reads:
            entry = self._history.reading.entry(sequence)
            assert entry is not None, "it was read a moment ago, and entries stay"
            sealed = self._history.open(entry).sealed
            if sealed is not None:
                passed.append(Passed(sealed.understood, degraded=False))
        self.lane.fold(passed)


def _subject(entry: Entry) -> str | None:
    """The subject of an entry with an event that was counted; None for any other entry."""
    try:
        leaf = _leaf(entry.leaf)
    except UNREADABLE as error:
        raise DamagedJournalError(
            f"entry {entry.sequence:,} has an unreadable leaf: {error}"
        ) from None
    return None if leaf.degraded or leaf.kind not in EVENT_KINDS else leaf.subject
