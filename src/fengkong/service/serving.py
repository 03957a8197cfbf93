"""A service from start to stop: what is checked, in which order, and what is given back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from fengkong import __version__
from fengkong.core.errors import RiskError
from fengkong.journal.appending import Appender
from fengkong.journal.parts import LIVE
from fengkong.journal.port import Store
from fengkong.journal.second_place import SecondPlace, second_place
from fengkong.ledger.export_layout import origin_of
from fengkong.ledger.notes import Signer
from fengkong.service.assistant import Assistant
from fengkong.service.checkpoints import Checkpoints
from fengkong.service.clock import wall_clock
from fengkong.service.coming_back import Start, come_back
from fengkong.service.deciding import Decider
from fengkong.service.desk import JournalDesk
from fengkong.service.erasing import Erasures
from fengkong.service.ledger_pages import JournalLedger
from fengkong.service.metrics import Metrics
from fengkong.service.opening import (
    OwnedJournal,
    make_ledger_signer,
    open_for_writing,
    upkeep_turn,
)
from fengkong.service.policies import Policies, activation_of
from fengkong.service.settings import Settings
from fengkong.service.starts import Starts
from fengkong.service.witnesses.asking import Cosigning, Witness
from fengkong.service.writer import Writer

TICK_S: Final = 1.0
_LOG: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Prepared:
    """A journal that was checked and folded into states: everything but the event loop."""

    settings: Settings
    written: OwnedJournal
    appender: Appender
    decider: Decider
    signer: Signer
    places: tuple[SecondPlace, ...]
    witnesses: tuple[Witness, ...]
    metrics: Metrics


def prepare(
    settings: Settings,
    *,
    environment: Mapping[str, str],
    first_policy: str | None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Prepared:
    """Open and check the journal, bring the policies' states to its head.

    `first_policy` is the YAML text of the policy of a new journal; `progress` is told the stage,
    entries done and entries in all. Nothing is served when any of this fails.
    """
    written = open_for_writing(settings, environment=environment, now=wall_clock())
    try:
        return _prepared(
            settings,
            written,
            environment=environment,
            first_policy=first_policy,
            progress=progress or _unheard,
        )
    except BaseException:
        written.store.close()
        raise


def _unheard(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def _prepared(
    settings: Settings,
    written: OwnedJournal,
    *,
    environment: Mapping[str, str],
    first_policy: str | None,
    progress: Callable[[str, int, int], None],
) -> Prepared:
    store, opened = written.store, written.opened
    signer = make_ledger_signer(settings, origin=origin_of(store.identity))
    places = tuple(second_place(text) for text in settings.places)
    witnesses = tuple(Witness.parse(text) for text in settings.witnesses)
    back = come_back(
        Start(
            settings=settings,
            opened=opened,
            verifier=signer.verifier,
            places=places,
            environment=environment,
            first_policy=first_policy,
            progress=progress,
        )
    )
    metrics = Metrics()
    appender = Appender(store)
    decider = Decider(
        reading=store,
        appender=appender,
        vault=opened.vault,
        metrics=metrics,
        live=back.live,
        rival=back.rival,
        activations=back.activations,
    )
    if not decider.activations:
        _activate_first(decider, store)
    metrics.head_sequence.set(store.head().sequence)
    return Prepared(settings, written, appender, decider, signer, places, witnesses, metrics)


def _activate_first(decider: Decider, store: Store) -> None:
    """Record the activation of a new journal's first policy."""
    first = activation_of(decider.live, role=LIVE, cause="started")
    decider.activate(first, now=wall_clock())
    store.stage(decider.appender.take_batch())
    store.commit()


def _checkpoints(prepared: Prepared) -> Checkpoints:
    """What signs, with the witnesses that cosign."""
    store = prepared.written.store
    return Checkpoints(
        signer=prepared.signer,
        origin=origin_of(store.identity),
        hash_name=store.hash_name,
        stored=store.checkpoint(),
        places=prepared.places,
        metrics=prepared.metrics,
        cosigning=Cosigning(
            prepared.witnesses,
            reading=store,
            file=prepared.settings.cosigned,
            verifier=prepared.signer.verifier,
            metrics=prepared.metrics,
        ),
    )


class Service:
    """A prepared journal with its writer, policies and desk on one event loop."""

    def __init__(self, prepared: Prepared, *, on_failure: Callable[[BaseException], None]) -> None:
        self.prepared = prepared
        settings, store = prepared.settings, prepared.written.store
        opened, decider, metrics = prepared.written.opened, prepared.decider, prepared.metrics
        self.checkpoints = _checkpoints(prepared)
        self.writer = Writer(
            store=store,
            decider=decider,
            checkpoints=self.checkpoints,
            metrics=metrics,
            clock=wall_clock,
            on_failure=on_failure,
        )
        self.assistant = Assistant(settings.directory, store=settings.store)
        self._starts = Starts(settings.directory)
        self.policies = Policies(
            decider=decider,
            writer=self.writer,
            history=opened.history,
            snapshots=opened.snapshots,
            assistant=self.assistant,
            metrics=metrics,
            clock=wall_clock,
        )
        self.erasures = Erasures(
            store=store,
            decider=decider,
            writer=self.writer,
            policies=self.policies,
            assistant=self.assistant,
            clock=wall_clock,
            upkeep=partial(upkeep_turn, settings),
        )
        self.desk = JournalDesk(
            writer=self.writer,
            decider=decider,
            history=opened.history,
            policies=self.policies,
            erasures=self.erasures,
            assistant=self.assistant,
            ledger=JournalLedger(store, newest=self.checkpoints.newest),
            clock=wall_clock,
        )
        files = opened.snapshots.files()
        self._snapshot_at = files[0].sequence if files else 0
        self._ticking: asyncio.Task[None] | None = None
        self._snapshotting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Finish what was interrupted, and begin to take events."""
        self._ticking = asyncio.create_task(self._tick())
        self._starts.begin()
        self._say_how_it_began()
        self.prepared.metrics.ready.set(1)
        await self.erasures.finish(self.prepared.written.opened.history)

    async def stop(self) -> None:
        """Answer what was accepted, keep the state, give everything back."""
        self.prepared.metrics.ready.set(0)
        for task in (self._ticking, self._snapshotting):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self.writer.stop()
        await self.assistant.stop()
        if self.writer.settled:
            self._keep_states()
            self._starts.end()
        self.prepared.written.store.close()

    def _say_how_it_began(self) -> None:
        metrics = self.prepared.metrics
        metrics.started_seconds.set(wall_clock() / 1e6)
        metrics.unclean_starts.set(self._starts.unclean)
        metrics.version.labels(__version__).set(1)

    def _keep_states(self) -> None:
        """Snapshots at the very end, so that the next start has nothing to fold."""
        head = self.prepared.written.store.head()
        decider, snapshots = self.prepared.decider, self.prepared.written.opened.snapshots
        if head.sequence > self._snapshot_at:
            for lane in decider.lanes:
                snapshots.write(lane, sequence=head.sequence, leaf=head.leaf)

    async def _tick(self) -> None:
        """Sign in quiet times, and have snapshots written when enough was recorded."""
        while True:
            await asyncio.sleep(TICK_S)
            await self.writer.sign_quietly()
            head = self.prepared.appender.size
            due = head - self._snapshot_at >= self.prepared.settings.snapshot_every
            if due and (self._snapshotting is None or self._snapshotting.done()):
                self._snapshotting = asyncio.create_task(self._snapshot())

    async def _snapshot(self) -> None:
        head = self.prepared.written.store.head().sequence
        with self.prepared.metrics.snapshot_seconds.time():
            try:
                await self.assistant.ask("snapshot", texts=self.policies.texts, sequence=head)
            except (RiskError, OSError) as error:  # it costs time at a start, nothing else
                _LOG.error("no snapshot at %d: %s", head, error)
                return
        self._snapshot_at = head
        self.prepared.metrics.snapshot_sequence.set(head)
