"""A journal of many entries, made by the parts of the service, and what coming back costs."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Figure

CUSTOMERS: Final = 3000
PAYMENTS_A_DAY: Final = 7_000
"""What so many simulated customers pay in a day, at least."""
GROUP: Final = 1000
_SECONDS: Final = "s"


def coming_back(data: Path, *, entries: int, tell: Any) -> list[Figure]:
    """Make a journal of so many payments; seconds to verify it, to fold it, to start with it."""
    from fengkong.journal.verification import verify_journal
    from fengkong.service.opening import ledger_signer, open_for_reading
    from fengkong.service.serving import prepare
    from fengkong.service.settings import COLLECTOR, load_settings
    from fengkong.service.states.lanes import Lane
    from fengkong.service.states.recovery import activations, fold, in_force

    fill(data, entries=entries, tell=tell)
    gc.collect()
    gc.set_threshold(*COLLECTOR)
    settings = load_settings(data)
    figures: list[Figure] = []

    def note(name: str, started: tuple[float, float]) -> None:
        wall, cpu = (now - then for now, then in zip(_clocks(), started, strict=True))
        said = f"{entries:,} entries, {cpu:.1f} s of CPU"
        figures.append(Figure(name=name, unit=_SECONDS, samples=(wall,), note=said))

    opened = open_for_reading(settings, environment=os.environ)
    try:
        started = _clocks()
        verify_journal(
            opened.reading,
            verifier=ledger_signer(settings).verifier,
            each_subject=opened.vault.check_key,
        )
        note("verification of a long journal", started)
        head = opened.reading.head().sequence
        started = _clocks()
        live, _ = in_force(activations(opened.history, upto=head), at=head + 1)
        assert live is not None, "a policy decided"
        assert live.text is not None, "a live policy has its text"
        fold(Lane.begin(live.text), history=opened.history, after=0, upto=head)
        note("recovery of a long journal", started)
    finally:
        opened.close()
    started = _clocks()
    prepare(settings, environment=os.environ, first_policy=None).written.store.close()
    note("start with a long journal: all verified, all folded", started)
    return figures


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def fill(data: Path, *, entries: int, tell: Any) -> None:
    """Decide, seal and commit so many payments in groups, as batches are."""
    from fengkong.cli.sources import locate
    from fengkong.service.clock import wall_clock
    from fengkong.service.items import Item
    from fengkong.service.serving import prepare
    from fengkong.service.settings import load_settings

    policy = locate("payments", kind="policy").read_text(encoding="utf-8")
    ready = prepare(load_settings(data), environment=os.environ, first_policy=policy)
    decider, store = ready.decider, ready.written.store
    bodies = islice(_payments(days=entries // PAYMENTS_A_DAY + 2), entries)
    while group := [
        Item(body, decided=True, reply=lambda _: None) for body in islice(bodies, GROUP)
    ]:
        now = wall_clock()
        recorded = decider.take(group, now=now)
        keys = decider.vault.drain_new_keys(at=now)
        store.stage(decider.appender.take_batch(keys=keys))
        store.commit()
        decider.settle(recorded)
        decider.vault.settle(keys)
        if decider.appender.size % (100 * GROUP) < GROUP:
            tell(f"service: {decider.appender.size:,} entries of a long journal")
    assert decider.appender.size > entries, "the simulation has enough payments"
    store.close()


def _payments(*, days: int) -> Iterator[bytes]:
    from fengkong.core.instants import DAY_US, HOUR_US
    from fengkong.events.encoding import encode
    from fengkong.simulation.platform import Simulation

    today = time.time_ns() // 1000 // DAY_US * DAY_US
    start = today - (days + 1) * DAY_US - 8 * HOUR_US
    simulation = Simulation(scenarios=["all"], seed=1, days=days, customers=CUSTOMERS, start=start)
    for one in simulation.events():
        if one.event.type == "payment.initiated":
            yield encode(one.event)
