"""How long a person waits for the command, and for the first decision of a new process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.settings import Settings

HELP_GOAL: Final = 1.0
FIRST_DECISION_GOAL: Final = 3.0
# numba imports scipy where it is installed, for a second. The product does not bring it.
_WITHOUT_SCIPY: Final = (
    "import runpy, sys; sys.modules['scipy'] = None; "
    "runpy.run_module('benchmarks.workers.first_decision', run_name='__main__')"
)
_NOTES: Final = (
    "Wall time of whole processes, interpreter included, after one run that fills the cache of "
    "compiled code. `bare Python` is an interpreter that does nothing.",
    "scipy, which river brings and the product does not need, is hidden from the first decision: "
    "numba would import it.",
)


def measure(settings: Settings) -> Comparison:
    """Seconds of each process, in turns."""
    command = Path(sys.executable).with_name("fengkong")
    absent = {} if command.exists() else {"fengkong --help": f"{command.name} is not installed"}
    processes = {
        "fengkong --help": [str(command), "--help"],
        "first decision": [sys.executable, "-c", _WITHOUT_SCIPY],
        "bare Python": [sys.executable, "-c", ""],
    }
    processes = {name: line for name, line in processes.items() if name not in absent}
    samples: dict[str, list[float]] = {name: [] for name in processes}
    for line in processes.values():
        _seconds(line)
    for number in range(settings.rounds):
        for name, line in processes.items():
            settings.tell(f"round {number + 1} of {settings.rounds}: {name}")
            samples[name].append(_seconds(line))
    figures = [Figure(name=name, unit="s", samples=tuple(took)) for name, took in samples.items()]
    return Comparison(
        name="start",
        title="Cold start",
        data="processes of this machine",
        figures=figures,
        goals=_goals(figures),
        absent=absent,
        notes=_NOTES,
    )


def _seconds(line: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(
        line, cwd=ROOT, env=environment(threads=1), check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def _goals(figures: Sequence[Figure]) -> list[Goal]:
    limits = {"fengkong --help": HELP_GOAL, "first decision": FIRST_DECISION_GOAL}
    return [
        Goal(
            name=figure.name, limit=limits[figure.name], value=figure.median, unit="s", at_most=True
        )
        for figure in figures
        if figure.name in limits
    ]
