"""The one writer: what arrived together is decided together and made durable by one commit.

While one group of entries is being committed in a thread, the next is decided on the loop; more
than that never runs ahead of the disk. Nobody is answered before the commit of his entry returned.
A commit that fails is tried again with the very same entries until it succeeds: those who waited
are told 503 at once, and find their answer when they ask again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fengkong.core.errors import RiskError
from fengkong.journal.errors import StoreUnavailableError
from fengkong.journal.port import Batch, Store
from fengkong.service import problems
from fengkong.service.answers import Answer
from fengkong.service.checkpoints import Checkpoints, Due
from fengkong.service.clock import Clock
from fengkong.service.deciding import Decider
from fengkong.service.items import Collected, Item, Recorded, reply_to
from fengkong.service.metrics import Metrics
from fengkong.service.refusals import NotDurableError, NotReadyError, OverloadedError

GROUP_MAX: Final = 256
"""Events of one commit."""
GROUP_MIN: Final = 16
GROUP_S: Final = 0.01
"""How long a group may be expected to take: meanwhile nobody is refused or let in."""
WAIT_MAX_S: Final = 0.02
"""How long those before an event may be expected to take; beyond, it is refused at once."""
QUEUE_MIN: Final = 64
"""So many may always wait, however slow the last group was."""
LINES_MAX: Final = 65_536
"""Lines of batch requests that may wait."""
RETRY_S: Final = 0.25
STOP_S: Final = 10.0
LINES_TOGETHER: Final = 1024
"""Lines of batch requests in a group of their own."""
SLICE: Final = 64
"""Lines in a group with single events, which should not wait behind a long batch."""
_LOG: Final = logging.getLogger(__name__)

Job = Callable[[], Sequence[Recorded]]
"""Something the writer does between groups, when everything before it is durable."""


class _Group:
    """Entries that become durable together, and who waits for them."""

    __slots__ = ("batch", "done", "due", "failures", "recorded", "singles", "started")

    def __init__(
        self, batch: Batch, *, recorded: Sequence[Recorded], singles: int, due: Due | None
    ) -> None:
        self.batch = batch
        self.done: asyncio.Future[None] | None = None
        self.recorded = recorded
        self.singles = singles
        self.due = due
        self.failures = 0
        self.started = 0.0


class Writer:
    """Owns the state, the order and the journal; lives on one event loop."""

    def __init__(
        self,
        *,
        store: Store,
        decider: Decider,
        checkpoints: Checkpoints,
        metrics: Metrics,
        clock: Clock,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.store = store
        self.decider = decider
        self.checkpoints = checkpoints
        self.metrics = metrics
        self.clock = clock
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._singles: deque[Item] = deque()
        self._singles_taken = 0
        self._lines: deque[Item] = deque()
        self._jobs: deque[tuple[Job, asyncio.Future[None]]] = deque()
        self._decided: deque[_Group] = deque()
        self._committing: _Group | None = None
        self._woken = False
        self._stopping = False
        self._failed = False
        self._blind = False
        self._seconds_each = 0.0005
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()

    # -- what may be asked ---------------------------------------------------------------------

    @property
    def available(self) -> bool:
        """Whether the journal can be read and written and the writer still takes events."""
        return not (self._stopping or self._failed or self._unavailable)

    @property
    def _unavailable(self) -> bool:
        """Whether the last commit, or the last look into the journal, failed."""
        holding = self._committing is not None and self._committing.failures > 0
        return holding or self._blind

    @property
    def settled(self) -> bool:
        """Whether everything that was decided is durable, so that the states may be kept."""
        return not (self._failed or self._decided or self._committing)

    @property
    def overloaded(self) -> bool:
        """Whether one more event would have to wait too long."""
        waiting = len(self._singles) + sum(group.singles for group in self._decided)
        if self._committing is not None:
            waiting += self._committing.singles
        return waiting >= QUEUE_MIN and waiting * self._seconds_each > WAIT_MAX_S

    def submit(self, body: bytes, *, decided: bool) -> asyncio.Future[Answer]:
        """The answer to one event; refusals come at once."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self.take(body, decided=decided, reply=reply_to(future))
        return future

    def take(self, body: bytes, *, decided: bool, reply: Callable[[Answer], None]) -> None:
        """Have one event answered; a refusal comes before this returns."""
        refusal = self._refusal()
        if refusal is not None:
            reply(refusal)
            return
        self._singles.append(Item(body, decided=decided, reply=reply))
        self._wake()

    def submit_many(
        self, bodies: Sequence[bytes], *, decided: bool
    ) -> asyncio.Future[list[Answer]]:
        """The answers to many events, in their order."""
        future: asyncio.Future[list[Answer]] = self._loop.create_future()
        refusal = self._refusal()
        if refusal is None and len(self._lines) + len(bodies) > LINES_MAX:
            refusal = problems.of_error(OverloadedError(f"more than {LINES_MAX:,} lines wait"))
        if refusal is not None or not bodies:
            future.set_result([refusal] * len(bodies) if refusal is not None else [])
            return future
        collected = Collected(future, [None] * len(bodies))
        self._lines.extend(
            Item(body, decided=decided, reply=collected.reply_to(index))
            for index, body in enumerate(bodies)
        )
        self._wake()
        return future

    def between_groups(self, job: Job) -> asyncio.Future[None]:
        """Run something when everything recorded before is durable; done when its entries are."""
        future: asyncio.Future[None] = self._loop.create_future()
        if self._stopping or self._failed:
            future.set_exception(NotReadyError("the service is stopping"))
            return future
        self._jobs.append((job, future))
        self._wake()
        return future

    async def sign_quietly(self) -> None:
        """Sign a checkpoint between two groups if it is time for one."""
        with contextlib.suppress(RiskError):
            await self.between_groups(self._signed)

    def _signed(self) -> Sequence[Recorded]:
        self.checkpoints.sign_if_due(self.decider.appender, now=self.clock())
        return []

    async def stop(self) -> None:
        """Answer what was accepted, sign a last checkpoint, and take nothing more."""
        self._stopping = True
        try:
            async with asyncio.timeout(STOP_S):
                await self._idle.wait()
                if self._failed:
                    # The tree may hold what never becomes durable; and the journal may be in the
                    # middle of a commit, so the last note stays in the second places alone.
                    self.checkpoints.take()
                else:
                    self.checkpoints.sign_last(self.decider.appender)
                await self.checkpoints.finish(self.store)
        except TimeoutError:
            _LOG.error("stopped before everything was durable; nothing unacknowledged is kept")
        self._refuse_queued(problems.of_error(NotReadyError("the service is stopping")))
        self._refuse_jobs(NotReadyError("the service is stopping"))
        self._thread.shutdown(wait=True)

    def _refusal(self) -> Answer | None:
        if self._stopping or self._failed:
            return problems.of_error(NotReadyError("the service is stopping"))
        if self._unavailable:
            return _not_durable()
        if self.overloaded:
            self.metrics.refused.labels(OverloadedError.code).inc()
            return problems.of_error(OverloadedError("too many events wait"))
        return None

    # -- groups --------------------------------------------------------------------------------

    def _wake(self) -> None:
        if not (self._woken or self._failed):
            self._woken = True
            self._idle.clear()
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Decide the next group, unless one waits for the disk already, or more should come."""
        self._woken = False
        if self._decided or self._failed or self._few_wait():
            return
        done = False
        items: Sequence[Item] = ()
        try:
            if self._jobs:
                if self._committing is None:
                    self._run_job()
            elif self._singles or self._lines:
                items = self._next_items()
                self._decide(items)
            done = True
        finally:
            if not done:  # something may be counted that is not recorded
                self._fail(sys.exception() or RuntimeError("the writer broke off"), items=items)
        self._commit_next()
        self._rest()

    def _few_wait(self) -> bool:
        """Whether so few wait that they had better be decided with those who come meanwhile.

        Before the commit that is under way has returned they would not be durable anyway, and
        what a group costs beside its events is for many then.
        """
        group = self._committing
        if group is None or self._jobs:
            return False
        return 2 * (len(self._singles) + len(self._lines)) < len(group.recorded)

    def _rest(self) -> None:
        """Come again if there is more to do, else say that there is nothing."""
        if self._jobs or self._singles or self._lines:
            if not self._decided and (self._committing is None or not self._jobs):
                self._wake()
        elif self._committing is None and not self._decided:
            self._idle.set()

    def _next_items(self) -> list[Item]:
        singles, lines = self._singles, self._lines
        most = min(GROUP_MAX, max(GROUP_MIN, int(GROUP_S / self._seconds_each)))
        items = [singles.popleft() for _ in range(min(len(singles), most))]
        self._singles_taken = len(items)
        room = min(len(lines), SLICE if items else LINES_TOGETHER)
        items += [lines.popleft() for _ in range(room)]
        self.metrics.queue_length.set(len(singles) + len(lines))
        return items

    def _decide(self, items: Sequence[Item]) -> None:
        started = time.perf_counter()
        try:
            recorded = self.decider.take(items, now=self.clock())
        except NotDurableError as error:
            self._unread(items, error)
            return
        self._queue(recorded)
        if self.decider.unread is not None:
            self._unread((), self.decider.unread)
        seconds = time.perf_counter() - started
        self.metrics.decide_seconds.observe(seconds)
        self.metrics.batch_size.observe(len(items))
        self._seconds_each += 0.1 * (seconds / len(items) - self._seconds_each)

    def _queue(self, recorded: Sequence[Recorded]) -> None:
        decider = self.decider
        keys = decider.vault.drain_new_keys(at=self.clock())
        batch = decider.appender.take_batch(keys=keys, checkpoint=self.checkpoints.take())
        if batch.entries or batch.keys or batch.checkpoint is not None:
            due = self.checkpoints.due(decider.appender, now=self.clock())
            # Who was answered at once waits no more, though a checkpoint be committed after him.
            singles = min(self._singles_taken, len(recorded))
            group = _Group(batch, recorded=recorded, singles=singles, due=due)
            self._decided.append(group)
        self._singles_taken = 0

    def _run_job(self) -> None:
        job, future = self._jobs[0]
        # whoever wanted it may be gone: the service's own clock at its end, say
        if not future.cancelled():
            self._do_job(job, future)
        self._jobs.popleft()  # not before: whoever waits for one that breaks off is told

    def _do_job(self, job: Job, future: asyncio.Future[None]) -> None:
        try:
            recorded = job()
        except RiskError as error:
            future.set_exception(error)
            return
        self._queue(recorded)
        if self._decided:
            self._decided[-1].done = future
        else:
            future.set_result(None)

    # -- commits -------------------------------------------------------------------------------

    def _commit_next(self) -> None:
        if self._committing is None and self._decided:
            self._committing = self._decided.popleft()
            self._commit()

    def _commit(self) -> None:
        group = self._committing
        assert group is not None, "called with a group in hand"
        group.started = time.perf_counter()
        try:
            self.store.stage(group.batch)
        except RiskError as error:
            self._held(error)
            return
        task = self._loop.run_in_executor(self._thread, self.store.commit)
        task.add_done_callback(self._committed)

    def _committed(self, task: asyncio.Future[None]) -> None:
        error = task.exception()
        if isinstance(error, RiskError):
            self._held(error)
            return
        if error is not None:
            self._fail(error)
            return
        group, self._committing = self._committing, None
        assert group is not None, "a commit ended, so a group was committing"
        self._commit_next()  # the disk first: answering takes as long as a commit
        self._settle(group)
        if not self._decided:
            self._wake()

    def _settle(self, group: _Group) -> None:
        """The group is durable: answer."""
        for one in group.recorded:
            one.send()
        self.decider.settle(group.recorded)
        if group.done is not None and not group.done.done():
            group.done.set_result(None)
        self.decider.vault.settle(group.batch.keys)
        if group.failures:
            _LOG.warning("the journal can be written again; nothing was lost")
            self.metrics.store_unavailable.set(int(self._unavailable))
        metrics = self.metrics
        metrics.commit_seconds.observe(time.perf_counter() - group.started)
        if group.batch.entries:
            metrics.head_sequence.set(group.batch.entries[-1].sequence)
        outcomes = Counter(one.outcome for one in group.recorded)
        for outcome, count in outcomes.items():
            if outcome is not None:
                metrics.decisions.labels(outcome).inc(count)
        if group.due is not None:
            self.checkpoints.sign(group.due)

    def _held(self, error: RiskError) -> None:
        """The group could not be made durable: tell who waits, keep it, and try it again."""
        group = self._committing
        assert group is not None, "a commit failed, so a group was committing"
        if not isinstance(error, StoreUnavailableError):
            self._fail(error)
            return
        if not group.failures:
            _LOG.error("the journal cannot be written: %s", error)
            self.metrics.store_unavailable.set(1)
        group.failures += 1
        self.metrics.commit_failures.labels(error.code).inc()
        self._refuse_waiting(_not_durable())
        self._loop.call_later(RETRY_S, self._again)

    def _again(self) -> None:
        if self._committing is not None and not self._failed:
            self._commit()

    def _unread(self, items: Sequence[Item], error: RiskError) -> None:
        """The journal could not be asked who was there before: refuse, and look again soon."""
        _LOG.error("the journal cannot be read: %s", error.__cause__ or error)
        self._blind = True
        self.metrics.store_unavailable.set(1)
        self._refuse(items, _not_durable())
        self._refuse_queued(_not_durable())
        self._loop.call_later(RETRY_S, self._look)

    def _look(self) -> None:
        """See whether the journal can be read again."""
        try:
            self.decider.reading.head()
        except StoreUnavailableError:
            self._loop.call_later(RETRY_S, self._look)
            return
        _LOG.warning("the journal can be read again; nothing was lost")
        self._blind = False
        self.metrics.store_unavailable.set(int(self._unavailable))

    def _refuse_waiting(self, refusal: Answer) -> None:
        """Tell everyone who waits for the answer to an event that is not durable."""
        for group in self._undurable():
            for one in group.recorded:
                one.refuse(refusal)
        self._refuse_queued(refusal)

    def _undurable(self) -> list[_Group]:
        return [*([] if self._committing is None else [self._committing]), *self._decided]

    def _refuse_jobs(self, refusal: RiskError) -> None:
        """Tell those who wait for something between groups that it will not be."""
        waiting = [future for _, future in self._jobs]
        waiting += [group.done for group in self._undurable() if group.done is not None]
        self._jobs.clear()
        for future in waiting:
            if not future.done():
                future.set_exception(refusal)

    def _refuse_queued(self, refusal: Answer) -> None:
        for queue in (self._singles, self._lines):
            self._refuse(queue, refusal)
            queue.clear()

    @staticmethod
    def _refuse(items: Iterable[Item], refusal: Answer) -> None:
        for item in items:
            item.reply(refusal)

    def _fail(self, error: BaseException, *, items: Sequence[Item] = ()) -> None:
        """Something that must not happen happened: stop, so that a restart reads the truth.

        `items` were being decided; those of them that have their answer already keep it.
        """
        self._failed = True
        _LOG.critical("the writer stops: %r", error, exc_info=error)
        failed = NotReadyError("the service failed and stops")
        refusal = problems.of_error(failed)
        self._refuse(items, refusal)
        self._refuse_waiting(refusal)
        self._refuse_jobs(failed)
        self._idle.set()
        self._on_failure(error)


def _not_durable() -> Answer:
    return problems.of_error(NotDurableError("the journal cannot be written just now"))
