"""How time and memory of the windows grow with the number of events."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure
from benchmarks.settings import Settings

STEPS: Final = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ROUNDS_MAX: Final = 3
_SPARSE_EVENTS: Final = 1_000_000
_NOTES: Final = (
    "All events stay live: the longest window is 37 days, the largest stream covers ten. Keys grow "
    "with the stream (4 customers and 8 terminals for 1,000 events). Included is what the "
    "allocator keeps of the last batch, some 15 MB.",
    "A live event stands in two rings, customer and terminal. `per live event` is the largest step "
    "divided by its events. `per key` is measured where every event has a customer and a terminal "
    "of its own, so it includes the room that is kept for a key's first events.",
)


def measure(settings: Settings) -> Comparison:
    """Seconds and bytes for each step; each step in a process of its own."""
    comparison = Comparison(
        name="growth",
        title="Growth from 0.1 to 10 million live events, twelve window features",
        data="simulated card stream, one thread, batches of 65,536",
        notes=_NOTES,
    )
    rounds = min(settings.rounds, ROUNDS_MAX)
    for events in STEPS:
        if events > settings.growth_events_max:
            break
        settings.tell(f"growth: {events:,} events")
        dense = [_ask(events=events, way="stream") for _ in range(rounds)]
        comparison.figures += _step(events, dense)
    settings.tell("growth: memory per key")
    sparse = [_ask(events=_SPARSE_EVENTS, way="sparse") for _ in range(rounds)]
    comparison.figures += [
        _each("memory per live event", dense, counted="events"),
        _each("memory per key", sparse, counted="keys"),
    ]
    return comparison


def _ask(*, events: int, way: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.workers.growth_fengkong"]
    finished = subprocess.run(
        [*command, json.dumps({"events": events, "way": way})],
        cwd=ROOT,
        env=environment(threads=1),
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def _step(events: int, found: list[dict[str, Any]]) -> list[Figure]:
    keys = f"{found[0]['keys']:,} keys"
    seconds = tuple(each["seconds"] for each in found)
    resident = tuple(each["resident_bytes"] / 1e6 for each in found)
    return [
        Figure(name=f"{events:,} events", unit="s", samples=seconds, threads=1, note=keys),
        Figure(name=f"{events:,} events", unit="MB", samples=resident, threads=1, note=keys),
    ]


def _each(name: str, found: list[dict[str, Any]], *, counted: str) -> Figure:
    samples = tuple(each["resident_bytes"] / each[counted] for each in found)
    return Figure(name=name, unit="bytes", samples=samples, threads=1)
