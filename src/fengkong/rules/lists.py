"""Lists of entities and values: who is on them, since when, until when, why, and by whom.

A list changes only by events. Membership is asked for an instant, so a replay of old events sees
the list as it was: an entry holds from its start, or from the change that made it if that is
later, until its expiry or its removal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from fengkong.core.bilingual import Bilingual
from fengkong.core.identifiers import check_identifier
from fengkong.core.instants import DAY_US, INSTANT_MAX
from fengkong.rules.errors import InvalidListError, listed, nearest

ENTRIES_PER_VALUE_MAX: Final = 16
ENTRIES_MAX: Final = 10_000_000
HISTORY_KEPT_US: Final = 30 * DAY_US
"""How long an entry that has ended is kept, for events that arrive late."""
TEXT_LENGTH_MAX: Final = 500


class Colour(StrEnum):
    """What being on a list means."""

    BLACK = "black"
    WHITE = "white"
    GREY = "grey"
    NONE = "none"
    """A named list without a judgement."""


@dataclass(frozen=True, slots=True)
class ListDeclaration:
    """A list as a policy declares it; `of` is the field or entity whose values it holds."""

    name: str
    of: str
    title: Bilingual
    colour: Colour = Colour.NONE


def parse_list(name: str, data: object) -> ListDeclaration:
    """A declaration from ``{of: device, title: {zh, en}, colour: black}``."""
    if not isinstance(data, Mapping) or not isinstance(data.get("of"), str):
        raise InvalidListError(f"{name}: expected {{of: FIELD}}", path=f"$.lists.{name}")
    unknown = sorted(str(key) for key in data if key not in ("of", "title", "colour"))
    if unknown:
        message = f"{name}: unknown key {unknown[0][:40]!r}; expected of, title, colour"
        raise InvalidListError(message, path=f"$.lists.{name}")
    title = data.get("title") or {}
    if not isinstance(title, Mapping):
        raise InvalidListError(f"{name}: expected title: {{zh, en}}", path=f"$.lists.{name}")
    try:
        colour = Colour(str(data.get("colour", Colour.NONE)))
    except ValueError:
        message = f"{name}: colour must be one of {', '.join(Colour)}"
        raise InvalidListError(message, path=f"$.lists.{name}") from None
    texts = Bilingual(zh=str(title.get("zh", name)), en=str(title.get("en", name)))
    return ListDeclaration(name=name, of=data["of"], title=texts, colour=colour)


class ListAction(StrEnum):
    """What a change does to a list."""

    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class ListChange:
    """One change of one list; instants in microseconds, `expires` None for never."""

    list: str
    action: ListAction
    value: str
    reason: str
    author: str
    occurred_at: int
    starts: int | None = None
    expires: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, object], *, occurred_at: int) -> ListChange:
        """The change that a list.changed event with these field values makes."""

        def text(name: str) -> str:
            value = values.get(name)
            if not isinstance(value, str) or not 0 < len(value) <= TEXT_LENGTH_MAX:
                raise InvalidListError(f"a list change needs {name}", path=f"$.{name}")
            return value

        def instant(name: str) -> int | None:
            value = values.get(name)
            if value is not None and not isinstance(value, int):
                raise InvalidListError(f"{name} is not an instant", path=f"$.{name}")
            return value

        try:
            action = ListAction(text("operation"))
        except ValueError:
            message = f"operation must be one of {', '.join(ListAction)}"
            raise InvalidListError(message, path="$.operation") from None
        return cls(
            list=text("list"),
            action=action,
            value=text("value"),
            reason=text("reason"),
            author=text("author"),
            occurred_at=occurred_at,
            starts=instant("starts_at"),
            expires=instant("expires_at"),
        )


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A value on a list during [starts, ends)."""

    reason: str
    author: str
    starts: int
    ends: int

    def holds(self, instant: int) -> bool:
        """Whether the entry counts at an instant."""
        return self.starts <= instant < self.ends


class ListState:
    """The entries of all lists of a policy."""

    __slots__ = ("_entries", "_size", "version")

    def __init__(self, names: Iterable[str]) -> None:
        self._entries: dict[str, dict[str, tuple[ListEntry, ...]]] = {
            name: {} for name in sorted(set(names))
        }
        self._size = 0
        self.version = 0
        """Goes up with every change, so that a reader can tell whether something changed."""

    @property
    def names(self) -> tuple[str, ...]:
        """The lists there are."""
        return tuple(self._entries)

    def apply(self, change: ListChange) -> None:
        """Add or remove a value; an unknown list or an impossible period is an error."""
        entries = self._entries.get(change.list)
        if entries is None:
            suggestion = nearest(change.list, self._entries)
            raise InvalidListError(
                f"unknown list {change.list[:80]!r}{suggestion}; there is {listed(self._entries)}"
            )
        check_identifier(change.value)
        horizon = change.occurred_at - HISTORY_KEPT_US
        before = entries.get(change.value, ())
        kept = [entry for entry in before if entry.ends > horizon]
        if change.action is ListAction.ADD:
            kept.append(self._entry(change))
        else:
            kept = [_ended(entry, at=change.occurred_at) for entry in kept]
            kept = [entry for entry in kept if entry.starts < entry.ends]
        kept = kept[-ENTRIES_PER_VALUE_MAX:]
        self._size += len(kept) - len(before)
        if self._size > ENTRIES_MAX:
            raise InvalidListError(f"more than {ENTRIES_MAX} entries on all lists")
        if kept:
            entries[change.value] = tuple(kept)
        else:
            entries.pop(change.value, None)
        self.version += 1

    @staticmethod
    def _entry(change: ListChange) -> ListEntry:
        """The entry of an addition, which cannot reach back before the change itself."""
        starts = max(change.occurred_at, change.starts or change.occurred_at)
        ends = INSTANT_MAX if change.expires is None else change.expires
        if ends <= starts:
            raise InvalidListError(f"an entry of {change.list} that expires before it starts")
        return ListEntry(change.reason, change.author, starts, ends)

    def holds(self, name: str, value: str, *, at: int) -> bool:
        """Whether a value is on a list at an instant."""
        # A loop rather than any(): this is asked several times per decision.
        for entry in self._entries[name].get(value, ()):  # noqa: SIM110
            if entry.starts <= at < entry.ends:
                return True
        return False

    def entry(self, name: str, value: str, *, at: int) -> ListEntry | None:
        """The newest entry that puts a value on a list at an instant."""
        entries = self._entries[name].get(value, ())
        return next((entry for entry in reversed(entries) if entry.holds(at)), None)

    def values(self, name: str) -> Mapping[str, tuple[ListEntry, ...]]:
        """All values that are or were on a list, with their entries; not to be changed."""
        return self._entries[name]

    def save(self) -> dict[str, Any]:
        """Plain data, the same for the same state whatever the order of its changes."""
        lists = {
            name: {value: [asdict(entry) for entry in entries[value]] for value in sorted(entries)}
            for name, entries in self._entries.items()
        }
        return {"version": self.version, "lists": lists}

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> ListState:
        """The state that `save` gave."""
        state = cls(data["lists"])
        for name, entries in data["lists"].items():
            for value, periods in entries.items():
                state._entries[name][value] = tuple(ListEntry(**period) for period in periods)
                state._size += len(periods)
        state.version = data["version"]
        return state


def _ended(entry: ListEntry, *, at: int) -> ListEntry:
    """The entry, ended no later than an instant."""
    return entry if entry.ends <= at else replace(entry, ends=at)
