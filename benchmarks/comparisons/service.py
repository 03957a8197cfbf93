"""The decision service over real HTTP, real durability, the load generator on the same cores."""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.contestants import environment
from benchmarks.long_journal import coming_back
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.service_load import drive, request
from benchmarks.settings import Settings

DAYS: Final = 4
CUSTOMERS: Final = 3000
WARM: Final = 3000
ALONE: Final = 2000
LINES: Final = 1000
_RATE, _P99_MS, _ALONE_MS, _BATCH_RATE = 8000.0, 10.0, 1.0, 40_000.0
_NOTES: Final = (
    "Payments policy on simulated payments of some 650 bytes; every answer is durable "
    "(SQLite, synchronous=FULL) before it is sent; the ledger is appended in the same commit.",
    "`decode`, `decide` and `encode` are measured in this process, one event at a time; the rest "
    "of a request is HTTP, the key, sealing, hashing, the look-up of the id and the insert.",
    "Recovery folds the whole journal without a snapshot.",
)


def measure(settings: Settings) -> Comparison:
    """Each round a new journal: one connection, 32, batches; then what the parts cost."""
    events, bodies = _traffic()
    found: dict[tuple[str, str], list[float]] = {}

    def note(name: str, unit: str, value: float) -> None:
        found.setdefault((name, unit), []).append(value)

    for number in range(settings.rounds):
        settings.tell(f"service: round {number + 1} of {settings.rounds}")
        data = settings.folder / f"service-{number}"
        _round(data, bodies, note=note)
        note("recovery of a journal entry", "us", _recovery_us(data))
        for name, value in _parts_us(events, bodies).items():
            note(name, "us", value)
        note("fdatasync of 8 KiB", "ms", _sync_ms(settings.folder))
        shutil.rmtree(data)
    figures = [Figure(name=n, unit=u, samples=tuple(v)) for (n, u), v in found.items()]
    if settings.recovery_entries:
        data = settings.folder / "long-journal"
        figures += coming_back(data, entries=settings.recovery_entries, tell=settings.tell)
        shutil.rmtree(data)
    return Comparison(
        name="service",
        title="The decision service",
        data=f"{len(bodies):,} simulated payments",
        figures=figures,
        goals=_goals({figure.name: figure.median for figure in figures}),
        notes=_NOTES,
    )


def _goals(medians: dict[str, float]) -> list[Goal]:
    def goal(name: str, limit: float, unit: str, *, at_most: bool) -> Goal:
        return Goal(name=name, limit=limit, value=medians[name], unit=unit, at_most=at_most)

    return [
        goal("32 connections", _RATE, "decisions/s", at_most=False),
        goal("32 connections, p99", _P99_MS, "ms", at_most=True),
        goal("1 connection, p50", _ALONE_MS, "ms", at_most=True),
        goal("batches of 1,000", _BATCH_RATE, "decisions/s", at_most=False),
    ]


def _traffic() -> tuple[list[Any], list[bytes]]:
    """Payments of the days before today, as events and as they are sent."""
    from fengkong.core.instants import DAY_US, HOUR_US
    from fengkong.events.encoding import encode
    from fengkong.simulation.platform import Simulation

    today = time.time_ns() // 1000 // DAY_US * DAY_US
    start = today - (DAYS + 1) * DAY_US - 8 * HOUR_US
    simulation = Simulation(scenarios=["all"], seed=1, days=DAYS, customers=CUSTOMERS, start=start)
    chosen = [one.event for one in simulation.events() if one.event.type == "payment.initiated"]
    return chosen, [encode(event) for event in chosen]


def _round(data: Path, bodies: Sequence[bytes], *, note: Any) -> None:
    with _served(data) as (port, key):
        single = [request("/v1/decisions", body, key=key) for body in bodies]
        half = len(single) // 2
        drive(single[:WARM], port=port, connections=32)
        load = drive(single[WARM:half], port=port, connections=32)
        assert set(load.statuses) == {200}, load.statuses
        note("32 connections", "decisions/s", len(load.latencies) / load.seconds)
        note("32 connections, p99", "ms", load.quantile(0.99) * 1e3)
        alone = drive(single[half : half + ALONE], port=port, connections=1)
        note("1 connection, p50", "ms", alone.quantile(0.5) * 1e3)
        lines = bodies[half + ALONE :]
        batches = [
            request(
                "/v1/decisions/batch",
                b"\n".join(lines[at : at + LINES]),
                key=key,
                media="application/x-ndjson",
            )
            for at in range(0, len(lines), LINES)
        ]
        together = drive(batches, port=port, connections=2)
        note("batches of 1,000", "decisions/s", len(lines) / together.seconds)


@contextmanager
def _served(data: Path) -> Iterator[tuple[int, str]]:
    """A service of its own process on a free port, and a key for it."""
    from fengkong.protection.access import Access
    from fengkong.protection.api_keys import KeyTerms

    data.mkdir(mode=0o700)
    access = Access(data / "access.db")
    terms = KeyTerms(
        name="bench", scopes=frozenset({"decide"}), rate_per_second=1e6, burst=1_000_000
    )
    key = access.create(terms, now=time.time_ns() // 1000).text
    access.close()
    command = [sys.executable, "-c", "from fengkong.cli.main import main; main()", "serve"]
    process = subprocess.Popen(
        [*command, "--data", str(data), "--policy", "payments", "--port", "0"],
        cwd=ROOT,
        env={**environment(threads=1), "FENGKONG_LANGUAGE": "en"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "listens on" in line:
                yield int(line.rsplit(":", maxsplit=1)[1]), key
                break
        else:
            raise RuntimeError("the service did not start")
    finally:
        process.terminate()
        process.stderr.read()
        process.stderr.close()
        process.wait(timeout=60)


def _recovery_us(data: Path) -> float:
    """Folding a whole journal, for each of its entries."""
    from fengkong.service.opening import open_for_reading
    from fengkong.service.settings import load_settings
    from fengkong.service.states.lanes import Lane
    from fengkong.service.states.recovery import activations, fold, in_force

    opened = open_for_reading(load_settings(data), environment=os.environ)
    try:
        head = opened.reading.head().sequence
        live, _ = in_force(activations(opened.history, upto=head), at=head + 1)
        text = None if live is None else live.text
        assert text is not None, "a policy decided"
        lane = Lane.begin(text)
        start = time.perf_counter()
        fold(lane, history=opened.history, after=0, upto=head)
        return (time.perf_counter() - start) / head * 1e6
    finally:
        opened.close()


def _parts_us(events: Sequence[Any], bodies: Sequence[bytes]) -> dict[str, float]:
    """What the pure parts of one decision cost."""
    from fengkong.cli.sources import read_policy
    from fengkong.decisions.engine import Engine
    from fengkong.events.catalogue import shipped_catalogue
    from fengkong.events.decoding import Decoder

    decode = Decoder(shipped_catalogue()).decode
    engine = Engine(read_policy("payments"))
    state = engine.new_state()
    times = [time.perf_counter()]
    for body in bodies:
        decode(body)
    times.append(time.perf_counter())
    decisions = [engine.decide(event, state) for event in events]
    times.append(time.perf_counter())
    for decision in decisions:
        if decision is not None:
            decision.to_json()
    times.append(time.perf_counter())
    each = [(after - before) / len(bodies) * 1e6 for before, after in itertools.pairwise(times)]
    return dict(zip(("decode", "decide", "encode"), each, strict=True))


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
