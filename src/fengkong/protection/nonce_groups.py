"""Nonces of requests that arrive together become durable together: one commit for all of them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple

from fengkong.core.errors import RiskError
from fengkong.protection.nonces import Nonces, Use

GROUP_MAX: Final = 512


class _Waiting(NamedTuple):
    """One request that waits for its nonce."""

    use: Use
    now: int
    answer: asyncio.Future[bool]


class NonceGroups:
    """Spends nonces for the requests of one event loop, whose thread never waits for the disk.

    While one group is committed the next one gathers.
    """

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces
        self._waiting: list[_Waiting] = []
        self._turn: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nonces")

    async def spend(self, *, key_id: str, nonce: str, created: int, now: int) -> bool:
        """Use a nonce, durably, before this returns; False where it was used or is out of time.

        `created` in seconds, `now` in microseconds, both since 1970. Raises
        AccessUnavailableError; then the request may not act.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(Use(key_id, nonce, created), now, answer))
        if self._turn is None:
            self._turn = asyncio.create_task(self._spend_groups())
        return await answer

    def close(self) -> None:
        """End the thread and give the file back; no request may wait any more."""
        self._thread.shutdown()
        self._nonces.close()

    async def _spend_groups(self) -> None:
        try:
            while self._waiting:
                group = self._waiting[:GROUP_MAX]
                del self._waiting[:GROUP_MAX]
                await self._spend_group(group)
        finally:
            self._turn = None
            # Nobody is left unless a group failed in a way nobody foresaw.
            for waiting in self._waiting:
                waiting.answer.cancel()
            self._waiting.clear()

    async def _spend_group(self, group: list[_Waiting]) -> None:
        uses = [waiting.use for waiting in group]
        now = group[-1].now
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(
                self._thread, lambda: self._nonces.check_and_remember(uses, now=now)
            )
        except RiskError as error:
            for waiting in group:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
        else:
            for waiting, fresh in zip(group, answers, strict=True):
                if not waiting.answer.done():
                    waiting.answer.set_result(fresh)
        finally:
            # The same here: nobody waits for ever.
            for waiting in group:
                waiting.answer.cancel()
