"""Coming back: the newest valid snapshot, and the journal's tail folded in behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.journal.entries import Entry
from fengkong.journal.errors import DamagedJournalError
from fengkong.journal.history import Activation, History
from fengkong.journal.parts import changed
from fengkong.service.states.folding import Folding
from fengkong.service.states.lanes import Lane
from fengkong.service.states.snapshots import SnapshotFolder

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Activated:
    """A policy activation with its place in the journal."""

    sequence: int
    activation: Activation


def activations(history: History, *, upto: int) -> list[Activated]:
    """Every policy activation up to a position, in order."""
    found: list[Activated] = []
    for sequence in history.reading.without_event(upto=upto):
        entry = history.reading.entry(sequence)
        if entry is None:
            raise DamagedJournalError(f"entry {sequence:,} is missing")
        if history.leaf(entry).kind == "policy":
            found.append(Activated(sequence, history.activation(entry)))
    return found


def in_force(
    history: Sequence[Activated], *, at: int
) -> tuple[Activation | None, Activation | None]:
    """The live policy for the entry `at` and the one beside it: what was activated before it."""
    live: Activation | None = None
    rival: Activation | None = None
    for activated in history:
        if activated.sequence >= at:
            break
        live, rival = changed(activated.activation, live=live, rival=rival)
    return live, rival


class ComingBack:
    """A lane on its way to a position: from its newest usable snapshot, the tail folded in.

    A damaged snapshot is refused with a warning and the one before it is used; without any the
    whole journal is folded. Who goes over the entries anyway lets them pass by here, so that they
    are read once. `position` is the entry that the lane has reached.
    """

    def __init__(
        self, text: str, *, history: History, snapshots: SnapshotFolder, upto: int
    ) -> None:
        self.lane = Lane.begin(text)
        self._history = history
        self._folding = Folding(self.lane, history=history)
        self._upto = upto
        self.position = snapshots.load_into(self.lane, history=history, upto=upto)
        name = self.lane.policy.name
        _LOG.info("policy %s: snapshot at %d, journal at %d", name, self.position, upto)

    def over(self, entries: Sequence[Entry]) -> None:
        """Fold in those of some entries in order that come next."""
        start = self.position + 1 - entries[0].sequence
        if 0 <= start < len(entries):
            self._folding.over(entries[start:])
            self.position = entries[-1].sequence

    def arrived(self, *, progress: Callable[[int], None] | None = None) -> Lane:
        """The lane at its position, with whatever has not passed by folded in."""
        for entries in self._history.chunks(after=self.position, upto=self._upto):
            self.over(entries)
            if progress is not None:
                progress(entries[-1].sequence)
        self._folding.finish()
        return self.lane


def restored(text: str, *, history: History, snapshots: SnapshotFolder, upto: int) -> Lane:
    """The lane of a policy at a position."""
    return ComingBack(text, history=history, snapshots=snapshots, upto=upto).arrived()


def fold(lane: Lane, *, history: History, after: int, upto: int) -> None:
    """Fold the entries (after, upto] into a lane."""
    folding = Folding(lane, history=history)
    for entries in history.chunks(after=after, upto=upto):
        folding.over(entries)
    folding.finish()
