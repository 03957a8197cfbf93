"""A start: every entry verified, and what no snapshot holds folded into the policies' states.

Nothing is served before both are done. A short journal is read once for both. Of a long one the
verification is a process of its own beside the fold; unless both come through and agree on what
they have read, both are done again in this process alone, which says what is wrong.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.journal.appending import Appender
from fengkong.journal.entries import Entry
from fengkong.journal.history import Activation
from fengkong.journal.second_place import SecondPlace
from fengkong.journal.verification import verify_journal
from fengkong.ledger.notes import VerifierKey
from fengkong.service.opening import OpenJournal
from fengkong.service.refusals import NoPolicyError
from fengkong.service.settings import Settings
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import Activated, ComingBack, activations, in_force
from fengkong.service.states.rival import Rival
from fengkong.service.verifying import Agreement, LeavesDigest, Task, Verifying

BESIDE_MIN: Final = 65_536
"""From so many entries to verify and to fold a second process is worth its own start."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What a start is given; `progress` is told the stage, entries done and entries in all."""

    settings: Settings
    opened: OpenJournal
    verifier: VerifierKey
    places: Sequence[SecondPlace]
    environment: Mapping[str, str]
    first_policy: str | None
    progress: Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Back:
    """Every policy that was activated, and the states of those in force."""

    activations: list[Activated]
    live: Lane
    rival: Rival | None


def come_back(start: Start) -> Back:
    """Verify the journal and bring the lanes in force to its head.

    Raises what is wrong with the journal, before anything that follows from it.
    """
    head = start.opened.reading.head().sequence
    after = _verified_before(start, head=head)
    coming = _begun(start, head=head)
    agreed = False
    if coming is not None and _is_long(after, coming.position, head=head):
        agreed = _folded_beside(start, coming, after=after, head=head)
        if not agreed:
            _LOG.error("the process that verifies has not found all well: it is looked for here")
            coming = _begun(start, head=head)
    if not agreed:
        _verify(start, after=after, each_chunk=None if coming is None else coming.over)
    coming = coming or _coming(start, head=head)
    return coming.back(progress=lambda done: start.progress("recover", done, head))


def _verify(
    start: Start, *, after: int, each_chunk: Callable[[Sequence[Entry]], None] | None = None
) -> None:
    """Verify in this process; raises what is wrong."""
    reading = start.opened.reading
    head = reading.head().sequence
    verify_journal(
        reading,
        verifier=start.verifier,
        places=start.places,
        after=after,
        each_subject=start.opened.vault.check_key,
        each_chunk=each_chunk,
        progress=lambda done: start.progress("verify", done, head),
    )


@dataclass(frozen=True, slots=True)
class _Coming:
    """The lanes in force at the head, on their way there."""

    activations: list[Activated]
    live: ComingBack
    rival: tuple[ComingBack, Activation] | None

    @property
    def position(self) -> int:
        """The entry from which one of them is behind."""
        return min(lane.position for lane in self._lanes)

    @property
    def _lanes(self) -> list[ComingBack]:
        return [self.live] if self.rival is None else [self.live, self.rival[0]]

    def over(self, entries: Sequence[Entry]) -> None:
        for lane in self._lanes:
            lane.over(entries)

    def back(self, *, progress: Callable[[int], None]) -> Back:
        live = self.live.arrived(progress=progress)
        if self.rival is None:
            return Back(self.activations, live, None)
        beside, activation = self.rival
        rival = Rival.of(beside.arrived(progress=progress), activation)
        return Back(self.activations, live, rival)


def _begun(start: Start, *, head: int) -> _Coming | None:
    """The lanes before anything was verified, so that the entries are read once for both.

    None where something is wrong with them: what that is, the verification says better.
    """
    try:
        return _coming(start, head=head)
    except RiskError:
        return None


def _coming(start: Start, *, head: int) -> _Coming:
    opened = start.opened
    history = activations(opened.history, upto=head)
    live, rival = in_force(history, at=head + 1)
    text = start.first_policy if live is None else live.text
    if text is None:
        raise NoPolicyError("there is no policy to decide with")

    def lane(policy: str) -> ComingBack:
        return ComingBack(policy, history=opened.history, snapshots=opened.snapshots, upto=head)

    beside = None if rival is None or rival.text is None else (lane(rival.text), rival)
    return _Coming(history, lane(text), beside)


def _verified_before(start: Start, *, head: int) -> int:
    """The entry behind which everything is verified: all, or what no snapshot vouches for."""
    if start.settings.verify == "all":
        return 0
    files = start.opened.snapshots.files()
    return max((file.sequence for file in files if file.sequence <= head), default=0)


def _is_long(after: int, position: int, *, head: int) -> bool:
    """Whether a second process is worth its start, and there is a second processor for it."""
    return head - max(after, position) >= BESIDE_MIN and _processors() > 1


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # where a process may not be bound to some of them


def _folded_beside(start: Start, coming: _Coming, *, after: int, head: int) -> bool:
    """Fold while another process verifies; whether it found all well, and both read the same."""
    folded_after = max(after, coming.position)
    task = Task(
        settings=start.settings,
        verifier=str(start.verifier),
        after=after,
        folded_after=folded_after,
    )
    try:
        with Verifying(
            task,
            environment=start.environment,
            progress=lambda done: start.progress("verify", done, head),
        ) as beside:
            leaves = LeavesDigest(after=folded_after)
            for entries in start.opened.history.chunks(after=folded_after, upto=head):
                if beside.in_vain:
                    return False
                coming.over(entries)
                leaves.over(entries)
            root = Appender(start.opened.reading).root()
            return beside.found() == Agreement(size=head, root=root, leaves=leaves.digest())
    except Exception:
        # Nobody has verified the entries yet, so it may be they that are wrong: that is said first.
        _verify(start, after=after)
        raise
