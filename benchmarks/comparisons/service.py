"""The decision service over real HTTP, real durability, the load generator on the same cores."""

from __future__ import annotations

import os
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks.long_journal import coming_back
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.service_load import drive, request
from benchmarks.service_parts import PARTS, parts_us
from benchmarks.serving_process import Serving, missing_postgres, postgres, serving
from benchmarks.settings import Settings

DAYS: Final = 4
CUSTOMERS: Final = 3000
WARM: Final = 3000
ALONE: Final = 2000
LINES: Final = 1000
SINGLY_ON_POSTGRES: Final = 9000
MILLION: Final = 1_000_000
_RATE, _P99_MS, _ALONE_MS, _BATCH_RATE, _RECOVERY_S = 8000.0, 10.0, 1.0, 40_000.0, 20.0
_ON_POSTGRES: Final = "PostgreSQL: "
_REST: Final = "the rest: HTTP, key, queue, hand-over"
_MILLION: Final = "recovery of a million entries"
_NOTES: Final = (
    "Payments policy on simulated payments of some 750 bytes; every answer is durable "
    "(SQLite, synchronous=FULL) before it is sent; the ledger is appended in the same commit.",
    "The parts are processor time a decision, for groups of 16 as 32 connections make them; "
    "`the rest` is what the whole process took beyond them, its start left out.",
    "Recovery is a start without any snapshot: every entry is verified and folded. Of a million "
    "it is told from the journal of the round, unless --recovery-entries makes a larger one.",
)

Note = Callable[[str, str, float], None]


def measure(settings: Settings) -> Comparison:
    """Each round a new journal in each store: one connection, 32, batches; and the parts."""
    bodies = traffic()
    found: dict[tuple[str, str], list[float]] = {}

    def note(name: str, unit: str, value: float) -> None:
        found.setdefault((name, unit), []).append(value)

    for number in range(settings.rounds):
        settings.tell(f"service: round {number + 1} of {settings.rounds}")
        data = settings.folder / f"service-{number}"
        note("fdatasync of 8 KiB", "ms", _sync_ms(settings.folder))
        cpu_us = _round(data, bodies, note=note)
        took = parts_us(settings.folder / f"parts-{number}", bodies[: len(bodies) // 2])
        for part in PARTS:
            note(part, "us", took[part])
        if cpu_us is not None:
            note(_REST, "us", cpu_us - sum(took.values()))
            note("processor time of the service, in all", "us", cpu_us)
        seconds, entries = _recovery(data)
        if not settings.recovery_entries:
            note(_MILLION, "s", seconds / entries * MILLION)
        shutil.rmtree(data)
    absent = missing_postgres()
    if not absent:
        _rounds_on_postgres(settings, bodies, note=note)
    figures = [Figure(name=n, unit=u, samples=tuple(v)) for (n, u), v in found.items()]
    if settings.recovery_entries:
        data = settings.folder / "long-journal"
        figures += coming_back(data, entries=settings.recovery_entries, tell=settings.tell)
        shutil.rmtree(data)
        figures.append(_of_a_million(figures[-1], entries=settings.recovery_entries))
    return Comparison(
        name="service",
        title="The decision service",
        data=f"{len(bodies):,} simulated payments",
        figures=figures,
        goals=_goals({figure.name: figure.median for figure in figures}),
        absent={"PostgreSQL": absent} if absent else {},
        notes=_NOTES,
    )


def _of_a_million(start: Figure, *, entries: int) -> Figure:
    """What the start with a long journal says of one of a million entries."""
    seconds = tuple(sample / entries * MILLION for sample in start.samples)
    return Figure(name=_MILLION, unit="s", samples=seconds, note=f"from {entries:,}")


def _goals(medians: dict[str, float]) -> list[Goal]:
    def goal(name: str, limit: float, unit: str, *, at_most: bool) -> Goal:
        return Goal(name=name, limit=limit, value=medians[name], unit=unit, at_most=at_most)

    return [
        goal("32 connections", _RATE, "decisions/s", at_most=False),
        goal("32 connections, p99", _P99_MS, "ms", at_most=True),
        goal("1 connection, p50", _ALONE_MS, "ms", at_most=True),
        goal("batches of 1,000", _BATCH_RATE, "decisions/s", at_most=False),
        goal(_MILLION, _RECOVERY_S, "s", at_most=True),
    ]


def traffic() -> list[bytes]:
    """Payments of the days before today as they are sent."""
    from fengkong.core.instants import DAY_US, HOUR_US
    from fengkong.events.encoding import encode
    from fengkong.simulation.platform import Simulation

    today = time.time_ns() // 1000 // DAY_US * DAY_US
    start = today - (DAYS + 1) * DAY_US - 8 * HOUR_US
    simulation = Simulation(scenarios=["all"], seed=1, days=DAYS, customers=CUSTOMERS, start=start)
    events = (one.event for one in simulation.events())
    return [encode(event) for event in events if event.type == "payment.initiated"]


def _round(data: Path, bodies: Sequence[bytes], *, note: Note) -> float | None:
    """All on one journal; returns the service's processor time a decision at 32 connections."""
    with serving(data) as service:
        single = _singly(bodies, service)
        half = len(single) // 2
        drive(single[:WARM], port=service.port, connections=32)
        before = service.cpu_s()
        _thirty_two(single[WARM:half], service, note=note)
        after = service.cpu_s()
        _alone(single[half : half + ALONE], service, note=note)
        _batches(bodies[half + ALONE :], service, note=note)
    if before is None or after is None:
        return None
    return (after - before) / (half - WARM) * 1e6


def _rounds_on_postgres(settings: Settings, bodies: Sequence[bytes], *, note: Note) -> None:
    def noted(name: str, unit: str, value: float) -> None:
        note(_ON_POSTGRES + name, unit, value)

    with postgres() as new_database:
        for number in range(settings.rounds):
            settings.tell(f"service on PostgreSQL: round {number + 1} of {settings.rounds}")
            data = settings.folder / f"postgres-{number}"
            with serving(data, store=new_database()) as service:
                single = _singly(bodies[: SINGLY_ON_POSTGRES + ALONE], service)
                drive(single[:WARM], port=service.port, connections=32)
                _thirty_two(single[WARM:SINGLY_ON_POSTGRES], service, note=noted)
                _alone(single[SINGLY_ON_POSTGRES:], service, note=noted)
                _batches(bodies[SINGLY_ON_POSTGRES + ALONE :], service, note=noted)
            shutil.rmtree(data)


def _singly(bodies: Sequence[bytes], service: Serving) -> list[bytes]:
    return [request("/v1/decisions", body, key=service.key) for body in bodies]


def _thirty_two(requests: Sequence[bytes], service: Serving, *, note: Note) -> None:
    load = drive(requests, port=service.port, connections=32)
    assert set(load.statuses) == {200}, load.statuses
    note("32 connections", "decisions/s", len(load.latencies) / load.seconds)
    note("32 connections, p99", "ms", load.quantile(0.99) * 1e3)


def _alone(requests: Sequence[bytes], service: Serving, *, note: Note) -> None:
    load = drive(requests, port=service.port, connections=1)
    assert set(load.statuses) == {200}, load.statuses
    note("1 connection, p50", "ms", load.quantile(0.5) * 1e3)


def _batches(lines: Sequence[bytes], service: Serving, *, note: Note) -> None:
    together = drive(_batch_requests(lines, service), port=service.port, connections=2)
    assert set(together.statuses) == {200}, together.statuses
    note("batches of 1,000", "decisions/s", len(lines) / together.seconds)


def _batch_requests(lines: Sequence[bytes], service: Serving) -> list[bytes]:
    return [
        request(
            "/v1/decisions/batch",
            b"\n".join(lines[at : at + LINES]),
            key=service.key,
            media="application/x-ndjson",
        )
        for at in range(0, len(lines), LINES)
    ]


def _recovery(data: Path) -> tuple[float, int]:
    """Seconds of a start on a journal without a snapshot, and its entries."""
    from fengkong.service.serving import prepare
    from fengkong.service.settings import load_settings

    shutil.rmtree(data / "snapshots")
    start = time.perf_counter()
    prepared = prepare(load_settings(data), environment=os.environ, first_policy=None)
    seconds = time.perf_counter() - start
    try:
        return seconds, prepared.appender.size
    finally:
        prepared.written.store.close()


def _sync_ms(folder: Path) -> float:
    """What the disk itself takes to make 8 KiB durable."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"x" * 8192)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - start)
    return statistics.median(took) * 1e3
