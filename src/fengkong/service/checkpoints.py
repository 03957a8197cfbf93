"""Signed checkpoints of the ledger: often enough, only of what is durable, in a second place too.

A checkpoint promises that so many entries exist. It is signed after their commit, kept in the
journal with the next one, and written to places outside the data directory, so that a database
that was rolled back or replaced does not pass for the truth.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from fengkong.core.errors import RiskError
from fengkong.core.instants import SECOND_US
from fengkong.journal.appending import Appender
from fengkong.journal.port import Store, StoredCheckpoint
from fengkong.journal.second_place import SecondPlace
from fengkong.ledger.notes import Signer, checkpoint_of
from fengkong.service.metrics import Metrics
from fengkong.service.witnesses.asking import Cosigning

ENTRIES_BETWEEN: Final = 1000
SECONDS_BETWEEN: Final = 10
_LOG: Final = logging.getLogger(__name__)


class Due(NamedTuple):
    """The tree that a checkpoint is to promise, once its entries are durable."""

    size: int
    root: bytes


class Checkpoints:
    """Signs checkpoints and brings them where they belong."""

    def __init__(
        self,
        *,
        signer: Signer,
        origin: str,
        hash_name: str,
        stored: StoredCheckpoint | None,
        places: Sequence[SecondPlace],
        metrics: Metrics,
        cosigning: Cosigning | None = None,
        entries_between: int = ENTRIES_BETWEEN,
        seconds_between: int = SECONDS_BETWEEN,
    ) -> None:
        self._signer = signer
        self._origin = origin
        self._hash_name = hash_name
        self._places = places
        self._metrics = metrics
        self._cosigning = cosigning
        self._entries_between = entries_between
        self._between_us = seconds_between * SECOND_US
        self._planned_size = 0 if stored is None else stored.size
        self._planned_at = 0
        self._fresh: StoredCheckpoint | None = None
        self._latest = stored
        # What the journal has may not have reached the second places before it was stopped.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._sending: asyncio.Future[None] | None = None

    def due(self, appender: Appender, *, now: int) -> Due | None:
        """The tree to sign when the batch just taken is durable; None while it is too early."""
        size = appender.size
        many = size - self._planned_size >= self._entries_between
        # A clock that was stepped back must not silence the checkpoints.
        long = size > self._planned_size and not (
            self._planned_at <= now < self._planned_at + self._between_us
        )
        if not (many or long):
            return None
        self._planned_size, self._planned_at = size, now
        return Due(size, appender.root())

    def sign(self, due: Due) -> None:
        """Sign a tree whose entries are durable, and send the note on its way."""
        checkpoint = checkpoint_of(
            origin=self._origin, size=due.size, root=due.root, hash_name=self._hash_name
        )
        note = self._signer.sign_checkpoint(checkpoint)
        self._fresh = self._latest = StoredCheckpoint(due.size, note)
        self._metrics.checkpoint_sequence.set(due.size)
        self._send()
        if self._cosigning is not None:
            self._cosigning.offer(self._latest)

    def newest(self) -> tuple[bytes, int]:
        """The last note and the size it promises, cosigned if it is; (b"", 0) before the first."""
        if self._latest is None:
            return b"", 0
        cosigned = None if self._cosigning is None else self._cosigning.newest()
        same = cosigned is not None and cosigned.size == self._latest.size
        newest = cosigned if cosigned is not None and same else self._latest
        return newest.note, newest.size

    def sign_if_due(self, appender: Appender, *, now: int) -> None:
        """Sign in a quiet moment; everything of the appender must be durable."""
        due = self.due(appender, now=now)
        if due is not None:
            self.sign(due)

    def sign_last(self, appender: Appender) -> None:
        """Sign whatever no checkpoint promises yet; everything must be durable."""
        if appender.size > self._planned_size:
            self._planned_size = appender.size
            self.sign(Due(appender.size, appender.root()))

    def take(self) -> StoredCheckpoint | None:
        """The newest note that the journal does not hold yet, to be committed with a batch."""
        fresh, self._fresh = self._fresh, None
        return fresh

    async def finish(self, store: Store) -> None:
        """Keep the last note in the journal and in the second places."""
        fresh = self.take()
        if fresh is not None:
            store.put_checkpoint(fresh)
        while self._sending is not None:
            # To await a future that has ended gives no other turn: what ends `_sending` never came.
            await asyncio.wait([self._sending])
        if self._cosigning is not None:
            await self._cosigning.finish()
        self._thread.shutdown(wait=True)

    def _send(self) -> None:
        """Write the newest note to the second places, one at a time."""
        if self._sending is None and self._places and self._latest is not None:
            loop = asyncio.get_running_loop()
            latest = self._latest
            self._sending = loop.run_in_executor(self._thread, self._put, latest)
            self._sending.add_done_callback(lambda _: self._sent(latest))

    def _sent(self, sent: StoredCheckpoint) -> None:
        self._sending = None
        if self._latest is not None and self._latest.size > sent.size:
            self._send()

    def _put(self, checkpoint: StoredCheckpoint) -> None:
        failed = False
        for place in self._places:
            try:
                place.put(checkpoint.note)
            except RiskError as error:
                failed = True
                _LOG.error(
                    "the checkpoint of %d did not reach %s: %s", checkpoint.size, place, error
                )
        self._metrics.second_place_unavailable.set(int(failed))
