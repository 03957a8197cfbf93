"""The history a command works on: files, their mapping, and where bad rows go."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, progress
from fengkong.cli.sources import MissingFileError, find_mapping
from fengkong.events.columns import EventColumns
from fengkong.events.readers import read_columns
from fengkong.events.skipping import SkipBad
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.service.states.archived import ArchivedEvents, is_archive


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Event files in the order in which they happened, or the archive of a journal.

    `data` is the data directory with the keys of an archive; None: the one it lies in.
    """

    paths: list[Path]
    mapping: str | None
    skip_bad: Path | None
    data: Path | None = None

    @contextmanager
    def opened(self, description: str) -> Iterator[Callable[[], Iterator[EventColumns]]]:
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
    def _archive(self, description: str) -> Iterator[Callable[[], Iterator[EventColumns]]]:
        """The same for the files of an archive, opened with the keys of its journal."""
        settings = load_settings(self.data or self.paths[0].absolute().parent.parent)
        opened = open_for_reading(settings, environment=os.environ)
        events = ArchivedEvents(opened.history, self.paths)
        try:
            with progress(description) as told:
                yield lambda: events.columns(progress=told)
        finally:
            opened.close()
        if events.erased:
            ERRORS.print(text("archive.erased", count=f"{events.erased:,}"), markup=False)
