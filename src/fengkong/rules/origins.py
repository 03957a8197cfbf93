"""Where a piece of text stands in its file, so that an error can point at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The file, path, line and column (both from 1) at which a text starts."""

    source: str | None = None
    path: str = "$"
    line: int = 1
    column: int = 1

    def at(self, *, line: int, column: int) -> Place:
        """A place inside the text: `line` from 1 and `column` from 0, counted in the text."""
        first = self.column if line == 1 else 1
        return Place(self.source, self.path, self.line + line - 1, first + column)

    def inside(self, step: str) -> Origin:
        """The same place with a longer path, for a part whose own line is not known."""
        return Origin(self.source, f"{self.path}{step}", self.line, self.column)

    @property
    def place(self) -> Place:
        """The start of the text."""
        return Place(self.source, self.path, self.line, self.column)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a file."""

    source: str | None
    path: str
    line: int
    column: int


NOWHERE = Origin()
