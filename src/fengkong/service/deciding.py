"""From waiting bytes to entries: decode, tell repeated ones, decide, seal, number.

Everything here runs on the event loop's thread, between two commits, on whatever arrived together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from fengkong.core.errors import RiskError
from fengkong.core.instants import MINUTE_US, format_instant
from fengkong.decisions.policy import LIST_CHANGED
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.event import Event
from fengkong.journal.appending import Appender
from fengkong.journal.entries import Leaf, decode_leaf, event_hash
from fengkong.journal.errors import StoreUnavailableError
from fengkong.journal.port import Reading
from fengkong.protection.errors import ErasedSubjectError
from fengkong.protection.forbidden import forbidden_in
from fengkong.protection.subjects import subject_of
from fengkong.protection.vault import Vault
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.items import Item, Recorded
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import (
    ErasedError,
    FutureEventError,
    IdempotencyConflictError,
    NotDecidedError,
    NotDurableError,
)
from fengkong.service.replies import decision_body, event_body
from fengkong.service.states.history import History, Sealed, encode_sealed
from fengkong.service.states.lanes import Judged, Lane

TOGETHER_MIN: Final = 96
"""From so many new events on they are judged in columns; below, one by one costs less."""
FUTURE_MAX: Final = 5 * MINUTE_US
"""How far ahead of our clock an event may be: clocks differ, but nothing happens tomorrow."""


class _Read(NamedTuple):
    """An item whose bytes are an event."""

    item: Item
    event: Event
    hash: int


class _Verdict(NamedTuple):
    """What the live policy said, and the shadow's outcome and decision where they differ."""

    judged: Judged
    shadow: tuple[str, bytes] | None


class Decider:
    """Decides what waits, and knows what is not yet durable."""

    def __init__(
        self,
        *,
        reading: Reading,
        appender: Appender,
        vault: Vault,
        metrics: Metrics,
        live: Lane,
        shadow: Lane | None = None,
    ) -> None:
        self.reading = reading
        self.history = History(reading, vault=vault)
        self.appender = appender
        self.vault = vault
        self.metrics = metrics
        self.live = live
        self.shadow = shadow
        self.unsettled: dict[str, Recorded] = {}
        """Recorded but not yet durable, by event id: the journal does not find them yet."""
        self._decoder = Decoder(shipped_catalogue())

    def take(self, items: Sequence[Item], *, now: int) -> list[Recorded]:
        """Record the items in order; those that are refused or repeated are answered at once.

        Raises NotDurableError, with nothing counted, while the journal cannot be read.
        """
        reads = self._decode(items, now=now)
        try:
            known = self._known(reads)
        except StoreUnavailableError as error:
            raise NotDurableError("the journal cannot be read just now") from error
        stamp = format_instant(now)
        recorded: list[Recorded] = []
        for run in _runs(reads):
            fresh = [read for read in run if self._is_fresh(read, known)]
            judge = self._judged_together if len(fresh) >= TOGETHER_MIN else self._judged_singly
            recorded += [
                self._record(read, one, now=now, stamp=stamp) for read, one in judge(fresh)
            ]
        return recorded

    def _is_fresh(self, read: _Read, known: Mapping[str, tuple[int, Leaf]]) -> bool:
        """Whether an event is new and acceptable; any other is answered."""
        item, event, _ = read
        waiting = self.unsettled.get(event.id)
        try:
            if waiting is not None:
                self._join(waiting, item, event)
            elif event.id in known:
                item.reply(self.again(item, event, *known[event.id]))
            else:
                self._check(item, event)
                return True
        except RiskError as error:
            self._refuse(item, error)
        return False

    def _judged_singly(self, reads: Sequence[_Read]) -> Iterator[tuple[_Read, _Verdict]]:
        for read in reads:
            try:
                judged = self.live.judge(read.event)
            except RiskError as error:
                self._refuse(read.item, error)
                continue
            shadow = None if self.shadow is None else self._shadow(read.event, judged)
            yield read, _Verdict(judged, shadow)

    def _judged_together(self, reads: Sequence[_Read]) -> Iterator[tuple[_Read, _Verdict]]:
        """As singly, in columns: the same decisions, each cheaper."""
        together = None
        if self.shadow is None:
            together = self.live.judge_together([read.event for read in reads])
        if together is None:
            yield from self._judged_singly(reads)
        else:
            for read, judged in zip(reads, together, strict=True):
                yield read, _Verdict(judged, None)

    def settle(self, recorded: Sequence[Recorded]) -> None:
        """What was recorded is durable: the journal finds it from now on."""
        for one in recorded:
            del self.unsettled[one.event.id]

    # -- reading -----------------------------------------------------------------------------

    def _decode(self, items: Sequence[Item], *, now: int) -> list[_Read]:
        reads: list[_Read] = []
        decode = self._decoder.decode
        latest = now + FUTURE_MAX
        for item in items:
            try:
                event = decode(item.body)
                if event.occurred_at > latest:
                    raise FutureEventError(
                        f"it happens at {format_instant(event.occurred_at)}, and now is "
                        f"{format_instant(now)}"
                    )
            except RiskError as error:
                self._refuse(item, forbidden_in(error) or error)
            else:
                reads.append(_Read(item, event, event_hash(event.id)))
        return reads

    def _known(self, reads: Sequence[_Read]) -> dict[str, tuple[int, Leaf]]:
        """Sequence and leaf of those events that the journal already holds."""
        if not reads:
            return {}
        ids = {read.event.id for read in reads}
        known: dict[str, tuple[int, Leaf]] = {}
        for found in self.reading.find([read.hash for read in reads]):
            leaf = decode_leaf(found.leaf)
            if leaf.event in ids:
                known[leaf.event] = (found.sequence, leaf)
        return known

    def _refuse(self, item: Item, error: RiskError) -> None:
        self.metrics.refused.labels(error.code).inc()
        item.reply(problems.of_error(error))

    # -- repeated events ---------------------------------------------------------------------

    def _join(self, waiting: Recorded, item: Item, event: Event) -> None:
        """Answer a repeated event together with the first, once that is durable."""
        self._check_same(item, event, known=waiting.event, decided=waiting.decided)
        self.metrics.repeated.inc()
        waiting.replies.append(item.reply)

    def again(self, item: Item, event: Event, sequence: int, leaf: Leaf) -> Answer:
        """The recorded answer to an event that came before; raises where it was another."""
        entry = self.reading.entry(sequence)
        assert entry is not None, "the journal just found it"
        sealed = self.history.open(entry).sealed
        if sealed is None:
            raise ErasedError(f"{event.id} was erased")
        self._check_same(item, event, known=sealed.understood, decided=leaf.kind == "decision")
        self.metrics.repeated.inc()
        return recorded_answer(leaf, sealed)

    def _check_same(self, item: Item, event: Event, *, known: Event, decided: bool) -> None:
        """Refuse another event under a known id; spaces and the order of keys do not matter."""
        if event != known:
            raise IdempotencyConflictError(f"another event was recorded as {event.id}")
        if decided is not item.decided:
            way = "decided" if decided else "only recorded, without a decision"
            raise IdempotencyConflictError(f"the event {event.id} was {way}")

    # -- new events --------------------------------------------------------------------------

    def _record(self, read: _Read, verdict: _Verdict, *, now: int, stamp: str) -> Recorded:
        """Give a new event its place. Nothing may fail here: what is counted must be recorded."""
        item, event, _ = read
        judged, shadow = verdict
        decision = judged.decision if item.decided else None
        text = None if decision is None else decision.to_json()
        subject = self.vault.subject(subject_of(event))
        sequence = self.appender.next_sequence
        sealed = Sealed(
            event=item.body,
            understood=event,
            decision=text,
            shadow=None if shadow is None else shadow[1],
            missing=judged.missing,
        )
        self.appender.add(
            kind="decision" if item.decided else "event",
            event_id=event.id,
            recorded_at=now,
            policy=None if decision is None else decision.policy_hash,
            outcome=None if decision is None else decision.outcome,
            subject=subject,
            received=self.vault.received(item.body),
            payload=self.vault.seal(encode_sealed(sealed), subject=subject, sequence=sequence),
            degraded=judged.missing is not None,
            late=decision is not None and decision.late,
            shadow=None if shadow is None else shadow[0],
            event_hash_known=read.hash,
        )
        body = (
            event_body(sequence, stamp, event.id, missing=judged.missing)
            if text is None
            else decision_body(sequence, stamp, text, missing=judged.missing)
        )
        recorded = self.unsettled[event.id] = Recorded(
            event,
            decided=item.decided,
            answer=Answer(200, body),
            outcome=None if decision is None else decision.outcome,
            reply=item.reply,
        )
        return recorded

    def _ensure_key(self, event: Event) -> None:
        """Refuse an event of someone who was erased: it could not be sealed."""
        try:
            self.vault.ensure_key(self.vault.subject(subject_of(event)))
        except ErasedSubjectError:
            raise ErasedError(f"the subject of {event.id} was erased") from None

    def _check(self, item: Item, event: Event) -> None:
        """Refuse what could not be decided, or counted, by the policies in force."""
        if item.decided and not self.live.decides(event):
            policy = self.live.policy
            raise NotDecidedError(
                f"{policy.name} decides {', '.join(policy.events)}, not {event.type}",
                path="$.type",
            )
        self._ensure_key(event)
        try:
            self.live.check(event)
        except RiskError:
            if self.shadow is None:
                raise
            self.shadow.check(event)

    def _shadow(self, event: Event, judged: Judged) -> tuple[str, bytes] | None:
        """The shadow policy's outcome and decision where its outcome differs."""
        assert self.shadow is not None, "asked only beside a shadow"
        try:
            other = self.shadow.judge(event).decision
        except RiskError:
            # The live policy could count it; the shadow's trouble is seen in its metric.
            self.metrics.shadow_failures.inc()
            return None
        mine = judged.decision
        if other is None or mine is None or other.outcome == mine.outcome:
            return None
        self.metrics.shadow_differences.labels(mine.outcome, other.outcome).inc()
        return other.outcome, other.to_json()


def recorded_answer(leaf: Leaf, sealed: Sealed) -> Answer:
    """The very bytes that were answered when the entry was made."""
    stamp = format_instant(leaf.at)
    if sealed.decision is None:
        assert leaf.event is not None, "an event's entry names it"
        return Answer(200, event_body(leaf.sequence, stamp, leaf.event, missing=sealed.missing))
    return Answer(200, decision_body(leaf.sequence, stamp, sealed.decision, missing=sealed.missing))


def _runs(reads: Sequence[_Read]) -> Iterator[list[_Read]]:
    """Stretches in order, each with every id once; a list change stands alone."""
    run: list[_Read] = []
    ids: set[str] = set()
    for read in reads:
        alone = read.event.type == LIST_CHANGED
        if run and (alone or read.event.id in ids):
            yield run
            run, ids = [], set()
        run.append(read)
        ids.add(read.event.id)
        if alone:
            yield run
            run, ids = [], set()
    if run:
        yield run
