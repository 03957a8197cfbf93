"""Forgetting a person: the key is destroyed, the proofs stay.

The states keep what they counted, so a snapshot behind the erasure is written first; snapshots from
before it are removed. An erasure that was interrupted is finished at the next start. It does not go
on beside a backup, an archive or a rotation: each of these may hold what it is to destroy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

import msgspec

from fengkong.core.errors import RiskError
from fengkong.journal.history import History
from fengkong.journal.port import Store
from fengkong.protection.subjects import NOBODY, SUBJECT_ENTITIES, subject_text
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.assistant import Assistant
from fengkong.service.clock import Clock
from fengkong.service.deciding import Decider
from fengkong.service.items import Recorded
from fengkong.service.policies import Policies
from fengkong.service.refusals import InvalidSubjectError, UnknownSubjectError
from fengkong.service.writer import Writer

_KIND: Final = b'"kind":"erasure"'
_LEAVES: Final = 65_536


class Erasures:
    """Erases subjects of one journal; one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        decider: Decider,
        writer: Writer,
        policies: Policies,
        assistant: Assistant,
        clock: Clock,
        upkeep: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._store = store
        self._decider = decider
        self._writer = writer
        self._policies = policies
        self._assistant = assistant
        self._clock = clock
        self._upkeep = upkeep
        self._turn = asyncio.Lock()

    async def erase(self, subject: str) -> Answer:
        """Destroy the key of a subject such as ``customer:C1``; done when this answers 200."""
        try:
            index = self._decider.vault.subject(checked_subject(subject))
            async with self._turn:
                return await self._erase(index)
        except RiskError as error:
            return problems.of_error(error)

    async def finish(self, history: History) -> None:
        """Finish the erasures that were recorded but not done."""
        async with self._turn:
            for index in pending(history, store=self._store):
                await self._destroy(index)

    async def _erase(self, index: bytes) -> Answer:
        key = self._store.subject_key(index)
        if key is None:
            raise UnknownSubjectError("nothing was recorded of this subject")
        if key.wrapped is None:
            return _erased(index)
        # A backup reads one moment of the database, in which the key is still there: until it has
        # ended nothing could remove the key for good, so whoever asks is told to come again.
        with self._upkeep():
            await self._writer.between_groups(lambda: self._recorded(index))
            await self._destroy(index)
        return _erased(index)

    def _recorded(self, index: bytes) -> Sequence[Recorded]:
        vault = self._decider.vault
        self._decider.appender.add(
            kind="erasure",
            recorded_at=self._clock(),
            subject=index,
            payload=vault.seal_plain(msgspec.msgpack.encode({"subject": index})),
        )
        return []

    async def _destroy(self, index: bytes) -> None:
        """Keep what the states know, then destroy the key, then what could bring the rest back."""
        head = self._store.head().sequence
        await self._assistant.ask("snapshot", texts=self._policies.texts, sequence=head)
        await self._writer.between_groups(lambda: self._destroyed(index))
        await self._assistant.ask("forget", sequence=head)
        await self._assistant.stop()  # it may hold the key in its memory

    def _destroyed(self, index: bytes) -> Sequence[Recorded]:
        self._decider.vault.erase(index, at=self._clock())
        return []


def _erased(index: bytes) -> Answer:
    return Answer(200, msgspec.json.encode({"subject": index.hex(), "erased": True}))


def checked_subject(text: str) -> str:
    """A subject in its one spelling; raises `InvalidSubjectError`."""
    entity, _, value = text.partition(":")
    if text == NOBODY or entity not in SUBJECT_ENTITIES or not value:
        raise InvalidSubjectError(
            f"a subject is written as one of {', '.join(SUBJECT_ENTITIES)}:ID"
        )
    return subject_text(value, entity=entity)


def pending(history: History, *, store: Store) -> list[bytes]:
    """Subjects whose erasure is recorded and whose key is still there."""
    found: list[bytes] = []
    after, head = 0, history.reading.head().sequence
    while after < head:
        leaves = history.reading.leaves(after=after, limit=_LEAVES)
        after = leaves[-1][0]
        for sequence, leaf in leaves:
            if _KIND not in leaf:
                continue
            entry = history.reading.entry(sequence)
            assert entry is not None, "its leaf was just read"
            subject = history.leaf(entry).subject
            assert subject is not None, "an erasure names its subject"
            key = store.subject_key(bytes.fromhex(subject))
            if key is not None and key.wrapped is not None:
                found.append(key.subject)
    return found
