"""The history a command works on: files, their mapping, and where bad rows go; or a journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, progress
from fengkong.cli.sources import MissingFileError, find_mapping
from fengkong.core.errors import RiskError
from fengkong.events.columns import EventColumns
from fengkong.events.readers import read_columns
from fengkong.events.skipping import SkipBad
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.service.states.archived import ArchivedEvents, is_archive
from fengkong.service.states.recorded import RecordedEvents

Read = Callable[[], Iterator[EventColumns]]
"""Reads a history from its beginning; each call reads it once."""


class OneHistoryError(RiskError):
    """A history comes from event files or from a journal: neither was given, or parts of both."""

    code = "cli.one_history"
    hint = "Give --events (with --mapping, --skip-bad), or --journal alone (with --store)."


class Source(Protocol):
    """Where a history comes from."""

    @property
    def positions(self) -> tuple[int, int] | None:
        """The first and last entry of a journal that was opened; None for files."""
        ...

    def opened(self, description: str) -> AbstractContextManager[Read]:
        """A way to read the history (once or again) under a progress bar."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Event files in the order in which they happened, or the archive of a journal.

    `data` is the data directory with the keys of an archive; None: the one it lies in.
    """

    paths: list[Path]
    mapping: str | None
    skip_bad: Path | None
    data: Path | None = None

    @property
    def positions(self) -> None:
        """Files are no entries of a journal."""
        return

    @contextmanager
    def opened(self, description: str) -> Iterator[Read]:
        """A way to read the history (once or again) under a progress bar."""
        for path in self.paths:
            if not path.is_file():
                raise MissingFileError(f"there is no file {path}")
        if any(path.suffix == ".parquet" for path in self.paths) and is_archive(self.paths):
            with self._archive(description) as archived:
                yield archived
            return
        mapping = find_mapping(self.mapping)
        with ExitStack() as stack:
            skip = stack.enter_context(SkipBad(self.skip_bad)) if self.skip_bad else None
            told = stack.enter_context(progress(description))

            def read() -> Iterator[EventColumns]:
                return read_columns(self.paths, mapping=mapping, skip_bad=skip, progress=told)

            yield read
        if skip is not None and skip.rows:
            ERRORS.print(text("skipped.rows", count=skip.rows, path=self.skip_bad))

    @contextmanager
    def _archive(self, description: str) -> Iterator[Read]:
        """The same for the files of an archive, opened with the keys of its journal."""
        settings = load_settings(self.data or self.paths[0].absolute().parent.parent)
        opened = open_for_reading(settings, environment=os.environ)
        events = ArchivedEvents(opened.history, self.paths)
        try:
            with progress(description) as told:
                yield lambda: events.columns(progress=told)
        finally:
            opened.close()
        _tell_erased(events.erased)


@dataclass(slots=True, kw_only=True)
class JournalHistory:
    """All events of a service's journal up to its head when it is opened, archived days too.

    `data` is the data directory of the service, which may be serving; `store` says another store
    than its settings do. `positions` is known once the journal was opened.
    """

    data: Path
    store: str | None = None
    positions: tuple[int, int] | None = None

    @contextmanager
    def opened(self, description: str) -> Iterator[Read]:
        """A way to read the events (once or again), opened with the keys of the journal."""
        settings = load_settings(self.data, given={"store": self.store})
        opened = open_for_reading(settings, environment=os.environ)
        try:
            events = RecordedEvents(opened.history, upto=opened.reading.head().sequence)
            self.positions = (1, events.upto) if events.upto else None
            with progress(description) as told:
                yield lambda: events.columns(progress=told)
        finally:
            opened.close()
        _tell_erased(events.erased)


def _tell_erased(count: int) -> None:
    if count:
        ERRORS.print(text("archive.erased", count=f"{count:,}"), markup=False)


def history_of(
    events: list[Path] | None,
    *,
    mapping: str | None,
    skip_bad: Path | None,
    journal: Path | None,
    store: str | None,
) -> Source:
    """The history of event files or of a journal; raises `OneHistoryError` for anything else."""
    if journal is not None:
        if events or mapping or skip_bad:
            raise OneHistoryError("--journal stands beside --events, --mapping or --skip-bad")
        return JournalHistory(data=journal, store=store)
    if not events or store is not None:
        message = "--store is given without --journal" if events else "no history was given"
        raise OneHistoryError(message)
    return History(paths=events, mapping=mapping, skip_bad=skip_bad)
