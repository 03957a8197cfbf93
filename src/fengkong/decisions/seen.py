"""What a policy saw of one event, how it judged it, and how the value of a name is read there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from fengkong.decisions.layout import Layout
from fengkong.rules.expressions import Expression
from fengkong.rules.lists import ListState

Value = float | bool | str | None


class Source(Enum):
    """Where the value of a name is found."""

    ROW = auto()
    """A cell of the frame or a window feature."""
    RESULT = auto()
    """A result of the program."""
    TEXT = auto()
    """The characters of a field."""
    WORD = auto()
    """A window feature that is the cell of a word."""
    EVALUATED = auto()
    """A computed text: the program only knows its hash."""


class Reader(NamedTuple):
    """How one name is read; `position` is that of its cell in `Seen.cells`, if it has one."""

    name: str
    source: Source
    position: int
    boolean: bool = False
    expression: Expression | None = None


class Seen(NamedTuple):
    """What a policy saw of one event.

    `cells` are those of the frame, then the window features, then what the program computed from
    them (conditions of rules may be left out); `texts` are the fields that are texts.
    """

    cells: Sequence[float]
    texts: Mapping[str, Any]
    words: Mapping[float, str]
    lists: ListState
    occurred_at: int


class Verdict(NamedTuple):
    """How one event was judged: rule r hit is the mark r, unknown is -1 - r."""

    points: float
    rank: int
    marks: Sequence[int]
    late: bool


class Readers(Protocol):
    """Reads by name what a policy saw."""

    layout: Layout

    def reader(self, name: str) -> Reader:
        """How a name is read."""
        ...

    def readers(self, names: Iterable[str]) -> tuple[Reader, ...]:
        """How some names are read."""
        ...

    def values(self, seen: Seen, readers: Iterable[Reader] | None = None) -> dict[str, Value]:
        """The values of names as events hold them; without readers all."""
        ...
