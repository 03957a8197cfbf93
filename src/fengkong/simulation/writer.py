"""A simulation as files: the events, the truth about each, and a summary."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import polars as pl

from fengkong.core.errors import RiskError
from fengkong.core.instants import format_instant
from fengkong.events.encoding import encode
from fengkong.simulation.agenda import SimulatedEvent
from fengkong.simulation.platform import Simulation

EVENTS_FILE: Final = "events.jsonl"
TRUTH_FILE: Final = "truth.parquet"
SUMMARY_FILE: Final = "summary.json"
TRUTH_SCHEMA: Final = pl.Schema(
    {
        "event_id": pl.String,
        "type": pl.String,
        "occurred_at": pl.Int64,
        "customer": pl.String,
        "scenario": pl.String,
        "is_fraud": pl.Boolean,
    }
)
_PROGRESS_EVERY: Final = 5_000
_JSON: Final = msgspec.json.Encoder()


class DirectoryNotEmptyError(RiskError):
    """A simulation would be written over files that are there already."""

    code = "simulation.directory_not_empty"
    hint = "Name a new directory, or empty this one yourself."


class CannotWriteError(RiskError):
    """The directory of a simulation cannot be written."""

    code = "simulation.cannot_write"
    hint = "Check the path, its permissions and the free space."


@dataclass(slots=True)
class Tally:
    """What was written so far: events by type and by scenario, and how many are fraud."""

    events: int = 0
    frauds: int = 0
    types: Counter[str] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)
    scenario_frauds: Counter[str] = field(default_factory=Counter)

    def add(self, item: SimulatedEvent) -> None:
        """Count one event."""
        self.events += 1
        self.types[item.event.type] += 1
        if item.scenario is not None:
            self.scenarios[item.scenario] += 1
        if item.is_fraud:
            self.frauds += 1
            self.scenario_frauds[item.scenario or ""] += 1


def write(
    *, simulation: Simulation, directory: Path, progress: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Write `events.jsonl`, `truth.parquet` and `summary.json`; returns the summary.

    The directory appears whole or not at all; one that holds anything already is refused.
    `progress` is told now and then how many events were written since it was last told.
    """
    try:
        _check_free(directory)
        partial = directory.with_name(f".{directory.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        try:
            summary = _write_files(simulation, folder=partial, progress=progress)
            if directory.exists():
                directory.rmdir()
            partial.rename(directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise CannotWriteError(f"{directory}: {error.strerror or error}") from error
    return summary


def _check_free(directory: Path) -> None:
    if directory.is_dir():
        if any(directory.iterdir()):
            raise DirectoryNotEmptyError(f"{directory} is not empty")
    elif directory.exists():
        raise DirectoryNotEmptyError(f"{directory} is a file")


def _write_files(
    simulation: Simulation, *, folder: Path, progress: Callable[[int], None] | None
) -> dict[str, Any]:
    rows = folder / "truth.jsonl"
    with (folder / EVENTS_FILE).open("wb") as events, rows.open("wb") as truth:
        tally = _write_rows(simulation, events=events, truth=truth, progress=progress)
    # By way of lines, so that the truth of a long run never has to fit in memory.
    pl.scan_ndjson(rows, schema=TRUTH_SCHEMA).sink_parquet(folder / TRUTH_FILE)
    rows.unlink()
    summary = summarise(simulation, tally=tally)
    text = json.dumps(summary, ensure_ascii=False, indent=2)
    (folder / SUMMARY_FILE).write_text(text + "\n", encoding="utf-8")
    return summary


def _write_rows(
    simulation: Simulation,
    *,
    events: BinaryIO,
    truth: BinaryIO,
    progress: Callable[[int], None] | None,
) -> Tally:
    tally = Tally()
    for item in simulation.events():
        events.write(encode(item.event) + b"\n")
        truth.write(_JSON.encode(_truth_row(item)) + b"\n")
        tally.add(item)
        if progress is not None and tally.events % _PROGRESS_EVERY == 0:
            progress(_PROGRESS_EVERY)
    if progress is not None:
        progress(tally.events % _PROGRESS_EVERY)
    return tally


def _truth_row(item: SimulatedEvent) -> dict[str, Any]:
    return {
        "event_id": item.event.id,
        "type": item.event.type,
        "occurred_at": item.event.occurred_at,
        "customer": item.event.values.get("customer"),
        "scenario": item.scenario,
        "is_fraud": item.is_fraud,
    }


def summarise(simulation: Simulation, *, tally: Tally) -> dict[str, Any]:
    """What was simulated, from which arguments, and what came out."""
    return {
        "seed": simulation.seed,
        "days": simulation.days,
        "customers": simulation.customers,
        "start": format_instant(simulation.start),
        "parameters": simulation.parameters,
        "events": tally.events,
        "frauds": tally.frauds,
        "fraud_share": round(tally.frauds / tally.events, 6) if tally.events else 0.0,
        "events_by_type": dict(sorted(tally.types.items())),
        "scenarios": {
            scenario.name: {
                "title": {"zh": scenario.title.zh, "en": scenario.title.en},
                "techniques": [technique.id for technique in scenario.techniques],
                "events": tally.scenarios[scenario.name],
                "frauds": tally.scenario_frauds[scenario.name],
            }
            for scenario in simulation.scenarios
        },
    }
