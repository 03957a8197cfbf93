"""Coming back: the newest valid snapshot, and the journal's tail folded in behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.service.states.folding import Folding
from fengkong.service.states.history import Activation, History
from fengkong.service.states.lanes import Lane
from fengkong.service.states.snapshots import SnapshotFolder

LIVE: Final = "live"
SHADOW: Final = "shadow"
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Activated:
    """A policy activation with its place in the journal."""

    sequence: int
    activation: Activation


def activations(history: History, *, upto: int) -> list[Activated]:
    """Every policy activation up to a position, in order."""
    found: list[Activated] = []
    after = 0
    while after < upto:
        leaves = history.reading.leaves(after=after, limit=min(_LEAVES, upto - after))
        if not leaves:
            break
        after = leaves[-1][0]
        for sequence, leaf in leaves:
            if _POLICY_KIND in leaf:
                entry = history.reading.entry(sequence)
                assert entry is not None, "its leaf was just read"
                found.append(Activated(sequence, history.activation(entry)))
    return found


_LEAVES: Final = 65_536
_POLICY_KIND: Final = b'"kind":"policy"'


def in_force(
    history: Sequence[Activated], *, at: int
) -> tuple[Activation | None, Activation | None]:
    """The live and the shadow policy for the entry `at`: what was activated before it."""
    live: Activation | None = None
    shadow: Activation | None = None
    for activated in history:
        if activated.sequence >= at:
            break
        if activated.activation.role == LIVE:
            live = activated.activation
        else:
            shadow = activated.activation if activated.activation.text is not None else None
    return live, shadow


def restored(
    text: str,
    *,
    history: History,
    snapshots: SnapshotFolder,
    upto: int,
    progress: Callable[[int], None] | None = None,
) -> Lane:
    """The lane of a policy at a position: the newest usable snapshot and the tail behind it.

    A damaged snapshot is refused with a warning and the one before it is used; without any the
    whole journal is folded.
    """
    lane = Lane.begin(text)
    position = snapshots.load_into(lane, history=history, upto=upto)
    _LOG.info("policy %s: snapshot at %d, journal at %d", lane.policy.name, position, upto)
    fold(lane, history=history, after=position, upto=upto, progress=progress)
    return lane


def fold(
    lane: Lane,
    *,
    history: History,
    after: int,
    upto: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Fold the entries (after, upto] into a lane."""
    folding = Folding(lane, history=history)
    for entries in history.chunks(after=after, upto=upto):
        folding.over(entries)
        if progress is not None:
            progress(entries[-1].sequence)
