"""The desk: what may be asked of a running service, whoever asks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Sequence
from typing import Final

import msgspec

from fengkong.core.errors import RiskError
from fengkong.core.identifiers import check_identifier
from fengkong.journal.entries import event_hash
from fengkong.journal.history import History
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.assistant import Assistant
from fengkong.service.clock import Clock
from fengkong.service.deciding import Decider, recorded_answer
from fengkong.service.erasing import Erasures
from fengkong.service.items import Recorded
from fengkong.service.ledger_pages import JournalLedger
from fengkong.service.lookups import checked_value
from fengkong.service.policies import Policies
from fengkong.service.refusals import ErasedError, NotReadyError, UnknownDecisionError
from fengkong.service.writer import Writer

SECURITY_NOTES_MAX: Final = 100
"""Security events that may wait to be recorded; an attacker must not fill the journal."""
_LOG: Final = logging.getLogger(__name__)


class JournalDesk:
    """Implements `port.Desk` over the writer and the journal."""

    def __init__(
        self,
        *,
        writer: Writer,
        decider: Decider,
        history: History,
        policies: Policies,
        erasures: Erasures,
        assistant: Assistant,
        ledger: JournalLedger,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._decider = decider
        self._history = history
        self._policies = policies
        self._assistant = assistant
        self._clock = clock
        self._notes = 0
        self.ledger = ledger
        self.submit = writer.submit
        self.take = writer.take
        self.submit_many = writer.submit_many
        self.publish = policies.publish
        self.shadow = policies.shadow
        self.canary = policies.canary
        self.promote = policies.promote
        self.rollback = policies.rollback
        self.erase = erasures.erase

    @property
    def overloaded(self) -> bool:
        """Whether the next event would be refused."""
        return self._writer.overloaded

    async def policies(self) -> Answer:
        """The policies that were in force, the live one and the one beside it."""
        return self._policies.listed()

    async def find(self, event_id: str) -> Answer:
        """What was answered to the event of this id."""
        try:
            return self._found(event_id)
        except RiskError as error:
            return problems.of_error(error)

    async def explain(self, event_id: str) -> Answer:
        """The decision derived again from the journal, beside what was recorded."""
        try:
            check_identifier(event_id)
            entry = self._history.by_event_id(event_id, event_hash=event_hash(event_id))
            if entry is None:
                raise UnknownDecisionError(f"no event {event_id} was recorded")
            value = await self._assistant.ask("explain", sequence=entry.sequence)
        except RiskError as error:
            return problems.of_error(error)
        return Answer(200, bytes(value))

    async def look_up(self, value: str) -> Answer:
        """The entries that hold a value, found by its blind index."""
        try:
            checked_value(value)
            return Answer(200, bytes(await self._assistant.ask("find", texts=[value])))
        except RiskError as error:
            return problems.of_error(error)

    def ready(self) -> Answer:
        """200 while requests are taken, else 503."""
        if self._writer.available:
            return Answer(200, b'{"status":"ready"}')
        return problems.of_error(NotReadyError("events are not taken just now"))

    def health(self) -> Answer:
        """200 while the process is alive."""
        return Answer(200, b'{"status":"alive"}')

    def note_security(self, kind: str, key_id: str) -> None:
        """Have a security event recorded; beyond a hundred that wait, it is only counted."""
        self._decider.metrics.security.labels(kind).inc()
        if self._notes >= SECURITY_NOTES_MAX:
            return
        self._notes += 1
        task: Awaitable[None] = self._writer.between_groups(
            lambda: self._recorded_note(kind, key_id)
        )
        asyncio.ensure_future(self._noted(task))  # noqa: RUF006 - it ends by itself

    async def _noted(self, task: Awaitable[None]) -> None:
        with contextlib.suppress(RiskError):
            await task
        self._notes -= 1

    def _recorded_note(self, kind: str, key_id: str) -> Sequence[Recorded]:
        self._decider.appender.add(
            kind="security",
            recorded_at=self._clock(),
            payload=self._decider.vault.seal_plain(
                msgspec.msgpack.encode({"kind": kind, "key": key_id})
            ),
        )
        return []

    def _found(self, event_id: str) -> Answer:
        check_identifier(event_id)
        entry = self._history.by_event_id(event_id, event_hash=event_hash(event_id))
        if entry is None:
            raise UnknownDecisionError(f"no event {event_id} was recorded")
        leaf, sealed = self._history.open(entry)
        if sealed is None:
            raise ErasedError(f"{event_id} was erased")
        return recorded_answer(leaf, sealed)
