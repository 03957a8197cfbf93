"""The newest days of the journal in memory, kept current: what the preview process answers from.

Everything is opened from the journal when the process starts and is never written anywhere. When
another policy becomes live, or a person is erased, the days are built anew beside those that
answer meanwhile; an erased person is gone with the old ones.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fengkong.core.instants import DAY_US
from fengkong.evaluation.held_history import JUDGED_DAYS, HeldHistory
from fengkong.evaluation.preview import Panel, panel_of
from fengkong.events.columns import EventColumns
from fengkong.features.state import FeatureLimitError, ValueRangeError
from fengkong.journal.entries import Entry
from fengkong.journal.history import History
from fengkong.journal.parts import LIVE
from fengkong.rules.errors import InvalidListError
from fengkong.service.opening import OpenJournal
from fengkong.service.states.recovery import activations, restored

READ_AT_ONCE: Final = 16_384
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Days:
    """A held history with the place in the journal up to which it goes."""

    held: HeldHistory
    text: str
    position: int
    left_out: int = 0


class HeldDays:
    """The days that answer, and how they follow the journal."""

    def __init__(self, opened: OpenJournal, *, days: int = JUDGED_DAYS) -> None:
        self._opened = opened
        self._days_kept = days
        self._turn = threading.RLock()
        self._days: Days | None = None
        self._panel: Panel | None = None
        self.building = False

    @contextmanager
    def asked(self) -> Iterator[tuple[Days | None, Panel | None]]:
        """The days and their panel while somebody asks; nothing is added meanwhile."""
        with self._turn:
            days = self._days
            if days is not None and (
                self._panel is None or self._panel.version != days.held.version
            ):
                self._panel = panel_of(days.held)
            yield days, self._panel

    def follow(self) -> bool:
        """Take in what is new; False where nothing was. Builds the days where it must."""
        head = self._opened.reading.head().sequence
        days = self._days
        if days is None:
            return self._build(head)
        if days.position >= head:
            return False
        upto = min(head, days.position + READ_AT_ONCE)
        parts = self._history.chunks(after=days.position, upto=upto)
        entries = [entry for part in parts for entry in part]
        if self._is_turned(entries):
            return self._build(head)
        with self._turn:
            _add(days, entries, history=self._history)
        return True

    @property
    def _history(self) -> History:
        return self._opened.history

    def _is_turned(self, entries: list[Entry]) -> bool:
        """Whether another policy became live, or somebody was erased."""
        return self._forget_erased(entries) or any(
            self._history.leaf(entry).kind == "policy"
            and self._history.activation(entry).role == LIVE
            for entry in entries
        )

    def _forget_erased(self, entries: list[Entry]) -> bool:
        """Forget the keys of those who were erased; whether there were any."""
        leaves = map(self._history.leaf, entries)
        erased = [leaf.subject for leaf in leaves if leaf.kind == "erasure"]
        for subject in erased:
            if subject is not None:
                self._opened.vault.forget(bytes.fromhex(subject))
        return bool(erased)

    def _build(self, head: int) -> bool:
        """Hold the newest days under the policy that is live now."""
        live = [
            one.activation.text
            for one in activations(self._history, upto=head)
            if one.activation.role == LIVE and one.activation.text
        ]
        if not live:
            return False
        self.building = True
        try:
            days = self._built(live[-1], head)
        finally:
            self.building = False
        with self._turn:
            self._days, self._panel = days, None
        _LOG.info("preview holds %d events under %s", len(days.held), days.held.policy.name)
        return True

    def _built(self, text: str, head: int) -> Days:
        """The state before the days as the service would have it, then the days themselves."""
        if self._days is not None:  # keys that were used for them must not outlive an erasure
            for entries in self._history.chunks(after=self._days.position, upto=head):
                self._forget_erased(entries)
        start = self._before_the_days(head)
        lane = restored(text, history=self._history, snapshots=self._opened.snapshots, upto=start)
        held = HeldHistory.begin(lane.engine, state=lane.state, days=self._days_kept)
        days = Days(held=held, text=text, position=start)
        for entries in self._history.chunks(after=start, upto=head, limit=READ_AT_ONCE):
            _add(days, entries, history=self._history)
        return days

    def _before_the_days(self, head: int) -> int:
        """The entry before the first of the days, found by halving."""
        if not head:
            return 0
        until = self._recorded_at(head) - self._days_kept * DAY_US
        low, high = 0, head
        while low < high:
            middle = (low + high + 1) // 2
            if self._recorded_at(middle) < until:
                low = middle
            else:
                high = middle - 1
        return low

    def _recorded_at(self, sequence: int) -> int:
        entry = self._opened.reading.entry(sequence)
        assert entry is not None, "every entry up to the head is there"
        return self._history.leaf(entry).at


def _add(days: Days, entries: list[Entry], *, history: History) -> None:
    """Let entries go by; degraded events were not counted then and are not now."""
    events = []
    for entry in entries:
        opened = history.open(entry)
        if opened.sealed is not None and opened.sealed.missing is None:
            events.append(opened.sealed.understood)
    if events:
        try:
            days.held.add(EventColumns.from_events(events))
        except (FeatureLimitError, ValueRangeError, InvalidListError) as error:
            days.left_out += len(events)
            _LOG.warning("%d events are not held: %s", len(events), error)
    days.position = entries[-1].sequence
