"""Events of an archive in the clear: what a replay over its files reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fengkong.events.columns import EventColumns
from fengkong.journal.archive import entries_in, first_in, origin_in
from fengkong.journal.entries import Entry
from fengkong.journal.errors import DamagedJournalError, ForeignJournalError
from fengkong.journal.history import History
from fengkong.service.states.recorded import BATCH, OpenedEvents, opened_events


@dataclass(slots=True)
class ArchivedEvents:
    """The events of archive files, in the order of their entries; `erased` counts those left out.

    Each leaf must be the one that the journal proves, and each payload opens only in its place.
    """

    history: History
    paths: Sequence[Path]
    erased: int = 0

    def columns(
        self, *, progress: Callable[[int, float], None] | None = None
    ) -> Iterator[EventColumns]:
        """Batches of events; `rows` are the sequences of their entries. May be read again."""
        self.erased = 0
        read = 0
        for done, entries in enumerate(self._files()):
            for at in range(0, len(entries), BATCH):
                found = self._opened(entries[at : at + BATCH])
                self.erased += found.erased
                read += len(found.events)
                if found.events:
                    yield EventColumns.from_events(found.events, rows=found.rows)
            if progress is not None:
                progress(read, (done + 1) / len(self.paths))

    def _files(self) -> Iterator[list[Entry]]:
        """The entries of each file, the files in the order of their entries."""
        for path in sorted(self.paths, key=self._first):
            yield entries_in(path)

    def _first(self, path: Path) -> int:
        origin = origin_in(path)
        if origin is None or origin.identity != self.history.reading.identity.hex():
            raise ForeignJournalError("it is not of this journal's archive", source=str(path))
        return first_in(path)

    def _opened(self, entries: Sequence[Entry]) -> OpenedEvents:
        proven = self.history.reading.leaves(after=entries[0].sequence - 1, limit=len(entries))
        if proven != [(entry.sequence, entry.leaf) for entry in entries]:
            message = f"entries {entries[0].sequence:,} to {entries[-1].sequence:,} of the archive"
            raise DamagedJournalError(f"{message} are not those of the journal")
        return opened_events(self.history, entries)


def is_archive(paths: Sequence[Path]) -> bool:
    """Whether these files are of a journal's archive."""
    return bool(paths) and all(
        path.suffix == ".parquet" and origin_in(path) is not None for path in paths
    )
