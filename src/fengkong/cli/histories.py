"""The history a command works on: files, their mapping, and where bad rows go."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Event files in the order in which they happened."""

    paths: list[Path]
    mapping: str | None
    skip_bad: Path | None

    @contextmanager
    def opened(self, description: str) -> Iterator[Callable[[], Iterator[EventColumns]]]:
        """A way to read the history (once or again) under a progress bar."""
        for path in self.paths:
            if not path.is_file():
                raise MissingFileError(f"there is no file {path}")
        mapping = find_mapping(self.mapping)
        with ExitStack() as stack:
            skip = stack.enter_context(SkipBad(self.skip_bad)) if self.skip_bad else None
            told = stack.enter_context(progress(description))

            def read() -> Iterator[EventColumns]:
                return read_columns(self.paths, mapping=mapping, skip_bad=skip, progress=told)

            yield read
        if skip is not None and skip.rows:
            ERRORS.print(text("skipped.rows", count=skip.rows, path=self.skip_bad))
