"""Events of a journal in the clear: what a training or a score over the journal itself reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.journal.entries import Entry
from fengkong.journal.history import History

BATCH: Final = 8192


class OpenedEvents(NamedTuple):
    """The events of some entries, the sequence of each, and how many were erased."""

    events: list[Event]
    rows: list[int]
    erased: int


def opened_events(history: History, entries: Sequence[Entry]) -> OpenedEvents:
    """The events that entries seal, as they were understood when they were recorded.

    Raises `TamperedEnvelopeError` where one is not what was sealed in its place.
    """
    events: list[Event] = []
    rows: list[int] = []
    erased = 0
    for entry in entries:
        leaf, sealed = history.open(entry)
        if sealed is not None:
            events.append(sealed.understood)
            rows.append(entry.sequence)
        elif leaf.event is not None:
            erased += 1
    return OpenedEvents(events, rows, erased)


@dataclass(slots=True)
class RecordedEvents:
    """The events of a journal up to an entry, in the order of their entries, archived days too.

    Labels are among them, at the instants at which they came. `erased` counts the events that
    were left out since their subjects were erased.
    """

    history: History
    upto: int
    erased: int = 0

    def columns(
        self, *, progress: Callable[[int, float], None] | None = None
    ) -> Iterator[EventColumns]:
        """Batches of events; `rows` are the sequences of their entries. May be read again."""
        self.erased = 0
        read = 0
        for entries in self.history.chunks(after=0, upto=self.upto, limit=BATCH):
            found = opened_events(self.history, entries)
            self.erased += found.erased
            read += len(found.events)
            if found.events:
                yield EventColumns.from_events(found.events, rows=found.rows)
            if progress is not None:
                progress(read, entries[-1].sequence / self.upto)
