"""The worker process as the service sees it: asked by number, started when first needed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from fengkong.core.errors import Fault, FaultsError
from fengkong.service.refusals import AssistantError

STOP_S: Final = 5.0
LINE_MAX: Final = 64 * 1024 * 1024
_LOG: Final = logging.getLogger(__name__)


class _Answer(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    value: msgspec.Raw = msgspec.Raw(b"null")
    code: str | None = None
    message: str = ""
    faults: tuple[dict[str, Any], ...] = ()


class TaskFailedError(FaultsError):
    """What was asked cannot be done; the faults say why."""

    code = "service.task_failed"
    hint = "Correct the faults listed and send it again."

    def __init__(self, faults: Sequence[Fault], *, cause: str) -> None:
        super().__init__(faults)
        self.cause = cause


class Assistant:
    """A second process that does what takes long; it dies with the service, and may be killed."""

    def __init__(self, directory: Path, *, store: str) -> None:
        self._command = (sys.executable, "-m", "fengkong.worker", str(directory), store)
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[_Answer]] = {}
        self._number = 0
        self._starting = asyncio.Lock()

    async def ask(self, do: str, *, texts: Sequence[str] = (), sequence: int = 0) -> msgspec.Raw:
        """The value of a task as JSON; raises `TaskFailedError` or `AssistantError`."""
        process = await self._started()
        self._number += 1
        number = self._number
        future: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        task = {"number": number, "do": do, "texts": list(texts), "sequence": sequence}
        assert process.stdin is not None, "it was started with a pipe"
        try:
            process.stdin.write(msgspec.json.encode(task) + b"\n")
            await process.stdin.drain()
        except (ConnectionError, BrokenPipeError):
            self._waiting.pop(number, None)
            raise AssistantError("the worker process has just ended") from None
        answer = await future
        if answer.code is not None:
            faults = [Fault(**fault) for fault in answer.faults]
            raise TaskFailedError(faults, cause=answer.code)
        return answer.value

    async def stop(self) -> None:
        """End the process; it has nothing that cannot be made again."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None, "it was started with a pipe"
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if self._reader is not None:
            await self._reader

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LINE_MAX,
                )
                self._reader = asyncio.create_task(self._read(self._process))
            return self._process

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out answers until the process ends; whoever still waits then learns of it."""
        assert process.stdout is not None, "it was started with a pipe"
        decoder = msgspec.json.Decoder(_Answer)
        try:
            async for line in process.stdout:
                answer = decoder.decode(line)
                future = self._waiting.pop(answer.number, None)
                if future is not None and not future.done():
                    future.set_result(answer)
        finally:
            await process.wait()
            waiting, self._waiting = self._waiting, {}
            for future in waiting.values():
                if not future.done():
                    future.set_exception(AssistantError("the worker process has ended"))
            if process.returncode:
                _LOG.error("the worker process ended with %s", process.returncode)
