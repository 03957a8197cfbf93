"""The twelve window features of the handbook, from raw columns, beside four peers."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.agreement import compare
from benchmarks.contestants import Contestant, Process, running, split_absent, take_turns
from benchmarks.handbook import NAMES, TOLERANCE
from benchmarks.report import Agreement, Comparison, Figure, Goal
from benchmarks.settings import Settings

THREADS: Final = (1, 2)
RIVER_EVENTS: Final = 100_000
RATIOS: Final = {"polars": 2.0, "DuckDB": 4.0, "pandas": 10.0, "river": 200.0}
"""How many times faster than each peer we mean to be, on equal threads."""
_NOTES: Final = (
    "Every contestant starts from the same raw columns in memory and ends with the twelve values "
    "in event order. Hashing the keys (SipHash-128) is part of our time.",
    "On two threads our features are split by entity, a state and a thread each. pandas and river "
    "compute on one thread however many there are; their one-thread time stands in both.",
)


def contestants(settings: Settings) -> list[Contestant]:
    """Who takes part."""
    path = {"path": str(settings.payments.path)}
    slice_ = {**path, "events": min(RIVER_EVENTS, settings.payments.events)}
    several = [
        Contestant(name=name, worker=worker, needs=needs, threads=threads, facts=path)
        for name, worker, needs in (
            ("Fengkong", "windows_fengkong", "fengkong"),
            ("polars", "windows_polars", "polars"),
            ("DuckDB", "windows_duckdb", "duckdb"),
        )
        for threads in THREADS
    ]
    pandas = Contestant(name="pandas", worker="windows_pandas", needs="pandas", facts=path)
    river = Contestant(
        name="river", worker="windows_river", needs="river", facts=slice_, rounds_max=2
    )
    return [*several, pandas, river]


def measure(settings: Settings) -> Comparison:
    """Agreement, then seconds, then the ratios."""
    present, absent = split_absent(contestants(settings))
    comparison = Comparison(
        name="features",
        title="Twelve window features over card payments",
        data=f"{settings.payments.events:,} payments: {settings.payments.source}",
        absent=absent,
        notes=_NOTES,
    )
    with running(present) as processes:
        comparison.agreements = _agreements(processes, settings)
        if not comparison.agrees:
            return comparison
        measured = take_turns(processes, rounds=settings.rounds, tell=settings.tell)
    for process in processes:
        comparison.figures.append(_figure(process, measured, settings))
    comparison.goals = _goals(comparison.figures)
    return comparison


def _agreements(processes: Sequence[Process], settings: Settings) -> list[Agreement]:
    """Everybody against us on one thread; river on its part of the payments."""
    found, ours = [], None
    for process in processes:
        settings.tell(f"results of {process.contestant.label}")
        answer = process.answer(settings.folder / "answer.npy")
        if ours is None:
            ours = answer
            continue
        events = process.contestant.facts.get("events", len(ours))
        label = process.contestant.label
        found.append(
            compare(ours[:events], answer, contestant=label, names=NAMES, tolerance=TOLERANCE)
        )
    return found


def _figure(
    process: Process, measured: Mapping[str, Sequence[Mapping[str, Any]]], settings: Settings
) -> Figure:
    contestant = process.contestant
    events = contestant.facts.get("events", settings.payments.events)
    scale = settings.payments.events / events
    notes = []
    if "formulation" in process.about:
        notes.append(process.about["formulation"])
    if scale > 1:
        notes.append(f"measured on the first {events:,}, extrapolated")
    rounds = measured[contestant.label]
    processor = statistics.median(round_["processor_seconds"] * scale for round_ in rounds)
    notes.append(f"processor time {processor:.3g} s")
    return Figure(
        name=contestant.name,
        unit="s",
        samples=tuple(round_["seconds"] * scale for round_ in rounds),
        threads=contestant.threads,
        note="; ".join(notes),
    )


def _goals(figures: Sequence[Figure]) -> list[Goal]:
    medians = {(figure.name, figure.threads): figure.median for figure in figures}
    goals = []
    for peer, ratio in RATIOS.items():
        for threads in THREADS:
            theirs = medians.get((peer, threads), medians.get((peer, 1)))
            if theirs is None:
                continue
            label = f"times faster than {peer}, {threads} thread{'s' if threads > 1 else ''}"
            value = theirs / medians["Fengkong", threads]
            goals.append(Goal(name=label, limit=ratio, value=value, unit="x"))
    return goals
