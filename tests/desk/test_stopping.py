"""However it ends, it ends: nobody waits for ever, and nothing is promised that is not kept."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from desk_of_tests import payment, prepared, send

from fengkong.journal.port import Batch
from fengkong.journal.sqlite_store import WAIT_S
from fengkong.service.clock import wall_clock
from fengkong.service.refusals import NotReadyError
from fengkong.service.serving import Service


def serve_to_a_failure(path: Path, work: Callable[[Service], Awaitable[None]]) -> None:
    """Run something that makes the writer fail, and stop as the process would."""
    ready = prepared(path)
    failures: list[BaseException] = []

    async def run() -> None:
        service = Service(ready, on_failure=failures.append)
        await service.start()
        try:
            await work(service)
        finally:
            await service.stop()

    asyncio.run(run())
    assert [str(failure) for failure in failures] == ["broken"]


def test_who_waits_for_a_turn_is_told_when_the_writer_fails(tmp_path: Path) -> None:
    def broken() -> NoReturn:
        raise RuntimeError("broken")

    async def work(service: Service) -> None:
        jobs = [service.writer.between_groups(job) for job in (list, broken, list)]
        async with asyncio.timeout(20):
            told = await asyncio.gather(*jobs, return_exceptions=True)
        assert [type(one) for one in told] == [type(None), NotReadyError, NotReadyError]
        with pytest.raises(NotReadyError):
            await service.writer.between_groups(list)

    serve_to_a_failure(tmp_path, work)


def test_no_checkpoint_promises_what_a_failed_writer_did_not_keep(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await send(service, payment(1))
        decider = service.prepared.decider

        def broken() -> NoReturn:
            payload = decider.vault.seal_plain(b"")
            decider.appender.add(kind="security", recorded_at=wall_clock(), payload=payload)
            raise RuntimeError("broken")

        with pytest.raises(NotReadyError):
            await asyncio.wait_for(service.writer.between_groups(broken), 20)

    serve_to_a_failure(tmp_path, work)
    store = prepared(tmp_path, policy=None).written.store
    try:
        checkpoint = store.checkpoint()
        assert checkpoint is None or checkpoint.size <= store.head().sequence == 2
    finally:
        store.close()


def test_a_failed_writer_leaves_a_journal_alone_that_may_be_committing(tmp_path: Path) -> None:
    async def work(service: Service) -> None:
        await send(service, payment(1))
        store = service.prepared.written.store
        service.checkpoints.sign_last(service.prepared.appender)

        def broken() -> NoReturn:
            store.stage(Batch())  # has the journal's turn, and nobody will end it
            raise RuntimeError("broken")

        with pytest.raises(NotReadyError):
            await asyncio.wait_for(service.writer.between_groups(broken), 20)
        began.append(time.monotonic())

    began: list[float] = []
    serve_to_a_failure(tmp_path, work)
    assert time.monotonic() - began[0] < WAIT_S, "it waited for a turn that never came"
    store = prepared(tmp_path, policy=None).written.store
    try:
        assert store.head().sequence == 2
    finally:
        store.close()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="the alarm of POSIX is needed")
def test_it_stops_while_a_note_has_just_reached_the_second_places(tmp_path: Path) -> None:
    def alarm(*_: Any) -> NoReturn:
        pytest.fail("it turns round for ever")

    async def run() -> None:
        service = Service(ready, on_failure=lambda _: None)
        service.checkpoints.sign_last(ready.appender)
        time.sleep(0.3)  # noqa: ASYNC251 - the note is there before the loop hears of it
        await asyncio.sleep(0)
        await service.checkpoints.finish(ready.written.store)
        await service.stop()

    ready = prepared(tmp_path)
    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 10)
    try:
        asyncio.run(run())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
