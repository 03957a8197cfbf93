"""The console with a million decisions: every screen as every role."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from typing import Any, Final

from benchmarks.console_store import DECISIONS
from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.settings import Settings

SCREEN_MS_MAX: Final = 300.0
PAGE_KB_MAX: Final = 500.0
SLOWEST_SHOWN: Final = 12
_SEED: Final = (
    "import sys; from pathlib import Path; data = Path(sys.argv[1]);"
    "from fengkong.console.project.setup import bring_schema_up_to_date, start_django;"
    "start_django(data); bring_schema_up_to_date();"
    "from benchmarks.console_store import fill; fill(data)"
)


def measure(settings: Settings) -> Comparison:
    """p95 of every screen with a million decisions in the store, and the largest page."""
    data = settings.folder / "console"
    data.mkdir(mode=0o700)
    settings.tell(f"console: filling the store with {DECISIONS:,} decisions")
    _run("-c", _SEED, str(data))
    settings.tell("console: visiting every address as every role")
    said = json.loads(_run("-m", "benchmarks.console_screens", str(data), str(settings.rounds)))
    return compared(said)


def compared(said: dict[str, Any]) -> Comparison:
    """What the visits show."""
    walls: dict[str, list[float]] = defaultdict(list)
    cpus: dict[str, list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for visit in said["visits"]:
        walls[visit["address"]] += visit["wall"]
        cpus[visit["address"]] += visit["cpu"]
        sizes[visit["address"]] = max(visit["bytes"], sizes.get(visit["address"], 0))
    slowest = sorted(walls, key=lambda address: -quantile(walls[address], 0.95))
    figures = [
        Figure(
            name=address,
            unit="ms",
            samples=tuple(1000 * one for one in walls[address]),
            note=f"{1000 * quantile(cpus[address], 0.5):.0f} ms of CPU; {sizes[address]:,} bytes",
        )
        for address in slowest[:SLOWEST_SHOWN]
    ]
    every = [one for found in walls.values() for one in found]
    goals = [
        Goal(name="p95 of the slowest screen", limit=SCREEN_MS_MAX, unit="ms", at_most=True,
             value=1000 * quantile(walls[slowest[0]], 0.95)),
        Goal(name="p95 of all screens", limit=SCREEN_MS_MAX, unit="ms", at_most=True,
             value=1000 * quantile(every, 0.95)),
        Goal(name="largest page without its assets", limit=PAGE_KB_MAX, unit="KB", at_most=True,
             value=max(sizes.values()) / 1000),
    ]  # fmt: skip
    notes = [f"{len(walls)} addresses, {len(said['visits'])} of them and a role"]
    if said["unfilled"]:
        notes.append(f"not visited, as nothing of theirs is there: {', '.join(said['unfilled'])}")
    return Comparison(
        name="console", title=f"The console with {DECISIONS:,} decisions",
        data="made decisions of thirty days, 50,000 subjects", figures=figures, goals=goals,
        notes=notes,
    )  # fmt: skip


def quantile(samples: list[float], share: float) -> float:
    """The value that this share of the samples stays at or under."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=ROOT, env=environment(threads=1), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout
