"""From waiting bytes to entries: decode, tell repeated ones, decide, seal, number.

Everything here runs on the event loop's thread, between two commits, on whatever arrived together.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.core.instants import MINUTE_US, format_instant
from fengkong.decisions.policy import LIST_CHANGED
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.event import Event
from fengkong.events.lines import LinesDecoder
from fengkong.journal.appending import Appender
from fengkong.journal.entries import Leaf, decode_leaf, event_hashes
from fengkong.journal.errors import StoreUnavailableError
from fengkong.journal.history import Activation, History, Sealed, encode_activation
from fengkong.journal.known_ids import KnownIds
from fengkong.journal.port import Reading
from fengkong.protection.errors import ErasedSubjectError
from fengkong.protection.forbidden import forbidden_in
from fengkong.protection.vault import Vault
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.items import Item, Recorded
from fengkong.service.metrics import Metrics
from fengkong.service.recording import Read, Recording, Verdict
from fengkong.service.refusals import (
    ErasedError,
    FutureEventError,
    IdempotencyConflictError,
    NotDecidedError,
    NotDurableError,
)
from fengkong.service.replies import decision_body, event_body
from fengkong.service.states.lanes import Lane
from fengkong.service.states.recovery import Activated
from fengkong.service.states.rival import Rival
from fengkong.service.verdicts import Verdicts

TOGETHER_MIN: Final = 8
"""From so many new events on they are judged together; below, one by one costs less."""
FUTURE_MAX: Final = 5 * MINUTE_US
"""How far ahead of our clock an event may be: clocks differ, but nothing happens tomorrow."""
_LOG: Final = logging.getLogger(__name__)


class Decider:
    """Decides what waits, and knows what is not yet durable and which policies were in force."""

    def __init__(
        self,
        *,
        reading: Reading,
        appender: Appender,
        vault: Vault,
        metrics: Metrics,
        live: Lane,
        rival: Rival | None = None,
        activations: Sequence[Activated] = (),
    ) -> None:
        self.reading = reading
        self.history = History(reading, vault=vault)
        self.appender = appender
        self.vault = vault
        self.metrics = metrics
        self.live = live
        self.rival = rival
        self.activations = [*activations]
        """Every policy activation of the journal, in order."""
        self.unsettled: dict[str, Recorded] = {}
        """Recorded but not yet durable, by event id: the journal does not find them yet."""
        self.unread: StoreUnavailableError | None = None
        """Why some of those taken last were refused: the journal could not be read for them."""
        self._lines = LinesDecoder(Decoder(shipped_catalogue()))
        self._ids = KnownIds.of(reading)
        self._recording = Recording(appender=appender, vault=vault)
        self._verdicts = Verdicts(vault, metrics)

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lane of the live policy, and that of the one beside it."""
        return (self.live,) if self.rival is None else (self.live, self.rival.lane)

    def take(self, items: Sequence[Item], *, now: int) -> list[Recorded]:
        """Record the items in order; those that are refused or repeated are answered at once.

        Raises NotDurableError, with nothing counted, while the journal cannot be read.
        """
        self.unread = None
        reads = self._decode(items, now=now)
        try:
            known = self._known(reads)
        except StoreUnavailableError as error:
            raise NotDurableError("the journal cannot be read just now") from error
        stamp = format_instant(now)
        recorded: list[Recorded] = []
        for run in _runs(reads):
            fresh = self._fresh(run, known)
            together = self._recorded_together(fresh, now=now, stamp=stamp)
            if together is None:
                judged = self._judged_singly(fresh)
                together = [
                    self._recording.one(read, one, now=now, stamp=stamp) for read, one in judged
                ]
            for one in together:
                self.unsettled[one.event.id] = one
            recorded += together
            self._end_without_room(now=now)
        self._ids.add([read.hash for read in reads])
        return recorded

    def _fresh(self, run: Sequence[Read], known: Mapping[str, tuple[int, Leaf]]) -> Sequence[Read]:
        """Those events of a run that are new and acceptable; the others are answered."""
        if len(run) >= TOGETHER_MIN and not known and self._all_fresh(run):
            return run
        return [read for read in run if self._is_fresh(read, known)]

    def _all_fresh(self, run: Sequence[Read]) -> bool:
        """Whether all of them surely are, as is usual, asked of all at once."""
        if not self.unsettled.keys().isdisjoint([read.event.id for read in run]):
            return False
        decided = self.live.policy.events
        for kind, asked in {(read.event.type, read.item.decided) for read in run}:
            if kind == LIST_CHANGED or (asked and kind not in decided):
                return False
        subject_of = self.vault.subject_of
        try:
            for subject in dict.fromkeys([subject_of(read.event) for read in run]):
                self.vault.ensure_key(subject)
        except RiskError:
            return False  # someone was erased, or the journal cannot be read: asked one by one
        return True

    def _is_fresh(self, read: Read, known: Mapping[str, tuple[int, Leaf]]) -> bool:
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
        except StoreUnavailableError as error:
            self.unread = error
            self._refuse(item, NotDurableError("the journal cannot be read just now"))
        except RiskError as error:
            self._refuse(item, error)
        return False

    def _judged_singly(self, reads: Sequence[Read]) -> Iterator[tuple[Read, Verdict]]:
        for read in reads:
            try:
                verdict = self._verdicts.one(read, live=self.live, rival=self.rival)
            except RiskError as error:
                self._refuse(read.item, error)
                continue
            yield read, verdict

    def _recorded_together(
        self, reads: Sequence[Read], *, now: int, stamp: str
    ) -> list[Recorded] | None:
        """Several new events decided together: the same entries, each for less.

        None, with nothing counted, where they are few or must be looked at one by one.
        """
        if len(reads) < TOGETHER_MIN:
            return None
        verdicts = self._verdicts.together(reads, live=self.live, rival=self.rival)
        if verdicts is None:
            return None
        return self._recording.many(reads, verdicts, now=now, stamp=stamp)

    def _end_without_room(self, *, now: int) -> None:
        """End the policy beside the live one where it cannot follow any more."""
        rival = self.rival
        if rival is None or not rival.out_of_room:
            return
        _LOG.error("%s policy %s ends: it has no room", rival.role, rival.lane.policy.name)
        self.rival = None
        self.activate(Activation(role=rival.role, cause="no_room"), now=now)

    def activate(self, activation: Activation, *, now: int) -> None:
        """Append the entry of an activation."""
        entry = self.appender.add(
            kind="policy",
            recorded_at=now,
            policy=activation.hash,
            payload=self.vault.seal_plain(encode_activation(activation)),
        )
        self.activations.append(Activated(entry.sequence, activation))

    def settle(self, recorded: Sequence[Recorded]) -> None:
        """What was recorded is durable: the journal finds it from now on."""
        for one in recorded:
            del self.unsettled[one.event.id]

    # -- reading -----------------------------------------------------------------------------

    def _decode(self, items: Sequence[Item], *, now: int) -> list[Read]:
        good: list[tuple[Item, Event]] = []
        latest = now + FUTURE_MAX
        decoded = self._lines.decode([item.body for item in items])
        for item, event in zip(items, decoded, strict=True):
            if isinstance(event, RiskError):
                self._refuse(item, forbidden_in(event) or event)
            elif event.occurred_at > latest:
                self._refuse(item, _from_the_future(event, now=now))
            else:
                good.append((item, event))
        hashes = event_hashes([event.id for _, event in good])
        return [Read(*one, hashed) for one, hashed in zip(good, hashes, strict=True)]

    def _known(self, reads: Sequence[Read]) -> dict[str, tuple[int, Leaf]]:
        """Sequence and leaf of those events that the journal already holds."""
        asked = self._ids.among([read.hash for read in reads])
        if not asked:
            return {}
        ids = {read.event.id for read in reads}
        known: dict[str, tuple[int, Leaf]] = {}
        for found in self.reading.find(asked):
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

    def _ensure_key(self, event: Event) -> None:
        """Refuse an event of someone who was erased: it could not be sealed."""
        try:
            self.vault.ensure_key(self.vault.subject_of(event))
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
            if self.rival is None:
                raise
            self.rival.lane.check(event)


def recorded_answer(leaf: Leaf, sealed: Sealed) -> Answer:
    """The very bytes that were answered when the entry was made."""
    stamp = format_instant(leaf.at)
    if sealed.decision is None:
        assert leaf.event is not None, "an event's entry names it"
        return Answer(200, event_body(leaf.sequence, stamp, leaf.event, missing=sealed.missing))
    return Answer(200, decision_body(leaf.sequence, stamp, sealed.decision, missing=sealed.missing))


def _from_the_future(event: Event, *, now: int) -> FutureEventError:
    return FutureEventError(
        f"it happens at {format_instant(event.occurred_at)}, and now is {format_instant(now)}"
    )


def _runs(reads: Sequence[Read]) -> Iterator[Sequence[Read]]:
    """Stretches in order, each with every id once; a list change stands alone."""
    if len({read.event.id for read in reads}) == len(reads) and all(
        read.event.type != LIST_CHANGED for read in reads
    ):
        yield reads
        return
    run: list[Read] = []
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
