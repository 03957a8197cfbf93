"""The decision service alone, and while ten people use the console over the same journal."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.comparisons.console import SCREEN_MS_MAX, free_port, quantile
from benchmarks.comparisons.service import traffic
from benchmarks.console_screens import Served, served
from benchmarks.contestants import environment
from benchmarks.payments import ROOT
from benchmarks.report import Comparison, Figure, Goal
from benchmarks.service_load import drive, request
from benchmarks.serving_process import Serving, serving
from benchmarks.settings import Settings

PEOPLE: Final = 10
WARM: Final = 2_000
EVENTS: Final = 12_000
"""Decisions of one measurement, a few seconds of them."""
KEPT: Final = 0.8
"""The share of the decisions a second that is to be left while people look."""
_NOTES: Final = (
    "32 connections send as fast as they are answered; service, worker, console, the ten people "
    "and the load generator share the machine's cores, so part of what is lost is what the people "
    "themselves take.",
    "Each person looks at another screen every two seconds, and three keep the live stream open.",
)


def measure(settings: Settings) -> Comparison:
    """Decisions a second and p99 alone, then with ten people, on one journal that grows."""
    data = settings.folder / "desk"
    names = [f"person{number}" for number in range(PEOPLE)]
    samples: dict[tuple[str, str], list[float]] = {}
    with serving(data) as service:
        _make(data, names)
        requests = [request("/v1/decisions", body, key=service.key) for body in traffic()]
        drive([requests.pop() for _ in range(WARM)], port=service.port, connections=32)
        each = min(EVENTS, len(requests) // (2 * settings.rounds))
        with _desk(data, service) as console:
            for number in range(settings.rounds):
                settings.tell(f"desk: alone, round {number + 1} of {settings.rounds}")
                _decide(requests, service, "alone", samples, count=each)
            with _people(console, names) as waited:
                for number in range(settings.rounds):
                    settings.tell(f"desk: ten people, round {number + 1} of {settings.rounds}")
                    _decide(requests, service, "with ten people", samples, count=each)
            samples["a screen meanwhile", "ms"] = [1000 * one for one in waited]
    shutil.rmtree(data)
    return _compared(samples, each=each)


def _compared(samples: dict[tuple[str, str], list[float]], *, each: int) -> Comparison:
    figures = [Figure(name=n, unit=u, samples=tuple(v)) for (n, u), v in samples.items()]
    medians = {figure.name: figure.median for figure in figures}
    kept = medians["with ten people"] / medians["alone"]
    waited = 1000 * quantile([one / 1000 for one in samples["a screen meanwhile", "ms"]], 0.95)
    return Comparison(
        name="desk", title="Ten people at the console beside the decision service",
        data=f"{each:,} simulated payments a round", figures=figures, notes=_NOTES,
        goals=[
            Goal(name="decisions a second that are left", limit=KEPT, value=kept, unit="share"),
            Goal(name="p95 of a screen meanwhile", limit=SCREEN_MS_MAX, value=waited, unit="ms",
                 at_most=True),
        ],
    )  # fmt: skip


def _decide(
    requests: list[bytes], service: Serving, name: str, samples: dict[tuple[str, str], list[float]],
    *, count: int,
) -> None:  # fmt: skip
    load = drive([requests.pop() for _ in range(count)], port=service.port, connections=32)
    assert set(load.statuses) == {200}, load.statuses
    samples.setdefault((name, "decisions/s"), []).append(len(load.latencies) / load.seconds)
    samples.setdefault((f"{name}, p99", "ms"), []).append(load.quantile(0.99) * 1e3)


def _make(data: Path, names: list[str]) -> None:
    """Operators who see all of the desk."""
    wanted = [f"{name}:senior_analyst,executive" for name in names]
    command = [sys.executable, "-W", "ignore", "-m", "tests.browser.made_operators", str(data)]
    subprocess.run([*command, *wanted], cwd=ROOT, env=environment(threads=1), check=True)


@contextmanager
def _desk(data: Path, service: Serving) -> Iterator[Served]:
    """Worker and console beside the service."""
    address = f"http://127.0.0.1:{service.port}"
    command = [sys.executable, "-W", "ignore", "-m", "fengkong.cli", "worker", "--data", str(data)]
    worker = subprocess.Popen(
        [*command, "--service", address],
        cwd=ROOT, env=environment(threads=1), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with served(data, port=free_port(), more=["--service", address]) as console:
            yield console
    finally:
        worker.terminate()
        worker.wait(timeout=60)


@contextmanager
def _people(console: Served, names: list[str]) -> Iterator[list[float]]:
    """People who look until the end of the block; then it has what they waited, in seconds."""
    people = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.console_users", str(console.port), *names],
        cwd=ROOT, env=environment(threads=1), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert people.stdin is not None, "opened as a pipe"
    assert people.stdout is not None, "opened as a pipe"
    waited: list[float] = []
    try:
        assert people.stdout.readline() == "ready\n", "they are signed in"
        yield waited
        people.stdin.close()
        waited += json.loads(people.stdout.read())
    finally:
        people.stdin.close()
        people.stdout.close()
        people.wait(timeout=60)
