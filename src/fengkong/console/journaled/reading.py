"""Entries of the journal in the clear, read when somebody asks for one.

What comes from here is personal data: screens mask it, and showing it is recorded. No key of a
subject is kept between two calls, so a person who was erased is forgotten here at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from django.conf import settings

from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled.place import journal_place
from fengkong.core.errors import RiskError
from fengkong.events.event import Event
from fengkong.journal.entries import Leaf, event_hash
from fengkong.journal.history import History, Sealed
from fengkong.journal.opening import open_history

_TURN: Final = threading.Lock()
_OPENED: Final[dict[str, History]] = {}


class UnknownEntryError(RiskError):
    """The journal has no such entry."""

    code = "console.unknown_entry"
    hint = "Check the number or the event's id."


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearEntry:
    """An entry in the clear. All but the leaf is None where its subject was erased.

    `received` are the event's bytes as they came, `event` what was understood; `decision` and
    `shadow` are decisions as `decisions.decision.Decision` has them in JSON, `missing` says what a
    degraded decision did without. `leaf_bytes` is what the ledger proves.
    """

    leaf: Leaf
    leaf_bytes: bytes
    received: bytes | None = None
    event: Event | None = None
    decision: dict[str, Any] | None = None
    shadow: dict[str, Any] | None = None
    missing: str | None = None

    @property
    def erased(self) -> bool:
        """Whether its content can no longer be read by anyone."""
        return self.event is None


def clear_entry(sequence: int) -> ClearEntry:
    """The entry at a place; raises `UnknownEntryError`, and what an unreadable journal raises."""
    with opened_history() as history:
        entry = history.reading.entry(sequence)
        if entry is None:
            raise UnknownEntryError(f"there is no entry {sequence:,}")
        leaf = history.leaf(entry)
        subject = None if leaf.subject is None else bytes.fromhex(leaf.subject)
        if subject is None:
            return ClearEntry(leaf=leaf, leaf_bytes=entry.leaf)
        history.vault.forget(subject)
        try:
            sealed = history.open(entry).sealed
        finally:
            history.vault.forget(subject)
        return ClearEntry(leaf=leaf, leaf_bytes=entry.leaf, **_content(sealed))


def clear_event(event_id: str) -> ClearEntry:
    """The entry of an event; raises as `clear_entry`."""
    with opened_history() as history:
        found = history.by_event_id(event_id, event_hash=event_hash(event_id))
    if found is None:
        raise UnknownEntryError("no event of this id was recorded")
    return clear_entry(found.sequence)


def policy_text(sequence: int) -> str | None:
    """The text of the policy that the activation at a place put in its part."""
    with opened_history() as history:
        entry = history.reading.entry(sequence)
        if entry is None or history.leaf(entry).kind != "policy":
            raise UnknownEntryError(f"there is no activation {sequence:,}")
        return history.activation(entry).text


@contextmanager
def opened_history() -> Iterator[History]:
    """The journal beside the console, opened once a process and again after a failure."""
    console: ConsoleSettings = settings.CONSOLE
    name = str(console.directory)
    with _TURN:
        history = _OPENED.get(name)
        if history is None:
            place = journal_place(console.directory)
            history = _OPENED[name] = open_history(place, environment=os.environ)
    try:
        yield history
    except UnknownEntryError:
        raise
    except RiskError:
        with _TURN:
            _OPENED.pop(name, None)
        history.reading.close()
        raise


def _content(sealed: Sealed | None) -> dict[str, Any]:
    if sealed is None:
        return {}
    return {
        "received": sealed.event,
        "event": sealed.understood,
        "decision": _json(sealed.decision),
        "shadow": _json(sealed.shadow),
        "missing": sealed.missing,
    }


def _json(text: bytes | None) -> dict[str, Any] | None:
    return None if text is None else msgspec.json.decode(text)
