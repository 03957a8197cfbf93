"""Nonces of signed requests, made durable together: one commit for all that wait."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from fengkong.core.errors import RiskError
from fengkong.protection.nonces import Nonces, Use


class NonceSpending:
    """Implements `port.Nonces` over the file of nonces; lives on one event loop."""

    def __init__(self, nonces: Nonces) -> None:
        self._nonces = nonces
        self._waiting: list[tuple[Use, int, asyncio.Future[bool]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nonces")
        self._running = False

    async def spend(self, *, key_id: str, nonce: str, created: int, now: int) -> bool:
        """Use a nonce, durably, before this returns; False where it was used or is out of time."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((Use(key_id, nonce, created), now, future))
        if not self._running:
            self._run()
        return await future

    def close(self) -> None:
        """Give the file back."""
        self._thread.shutdown(wait=True)
        self._nonces.close()

    def _run(self) -> None:
        self._running = True
        waiting, self._waiting = self._waiting, []
        uses = [use for use, _, _ in waiting]
        now = max(at for _, at, _ in waiting)
        loop = asyncio.get_running_loop()
        task = loop.run_in_executor(
            self._thread, lambda: self._nonces.check_and_remember(uses, now=now)
        )
        task.add_done_callback(lambda done: self._settle(done, [f for _, _, f in waiting]))

    def _settle(
        self, task: asyncio.Future[list[bool]], futures: list[asyncio.Future[bool]]
    ) -> None:
        error = task.exception()
        answers = [False] * len(futures) if error is not None else task.result()
        for future, answer in zip(futures, answers, strict=True):
            if future.done():
                continue
            if isinstance(error, RiskError):
                future.set_exception(error)
            else:
                future.set_result(answer)
        self._running = False
        if self._waiting:
            self._run()
