"""`fengkong simulate`: a simulated platform's events as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from fengkong.cli.language import text
from fengkong.cli.screen import OUTPUT, progress, show_json, show_table
from fengkong.simulation.platform import Simulation
from fengkong.simulation.writer import write


def run(
    directory: Path,
    *,
    scenarios: list[str],
    seed: int,
    days: int,
    customers: int,
    as_json: bool,
) -> None:
    """Write a simulation into a new directory and print its summary."""
    simulation = Simulation(scenarios=scenarios, seed=seed, days=days, customers=customers)
    expected = max(1.0, 5.0 * customers * days)
    written = 0
    with progress(text("simulate.progress")) as told:

        def more(count: int) -> None:
            nonlocal written
            written += count
            told(written, min(0.99, written / expected))

        summary = write(simulation=simulation, directory=directory, progress=more)
    if as_json:
        show_json(summary)
        return
    show_table(
        text("simulate.title", directory=directory),
        [text("column.event"), text("column.count")],
        sorted(cast("dict[str, int]", summary["events_by_type"]).items()),
    )
    _show_scenarios(summary)
    OUTPUT.print(text("simulate.next", directory=directory))


def _show_scenarios(summary: dict[str, Any]) -> None:
    scenarios = cast("dict[str, Any]", summary["scenarios"])
    rows = [[name, entry["events"], entry["frauds"]] for name, entry in scenarios.items()]
    if rows:
        columns = [text("column.scenario"), text("column.events"), text("column.frauds")]
        show_table(text("simulate.scenarios"), columns, rows)
